/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/home.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_home (const char *folder)
{
    char path[HOME_TEXT];
    struct stat st;
    int n = snprintf (path, sizeof path, "%s/keys", folder);
    return n > 0 && (size_t) n < sizeof path && stat (path, &st) == 0 && S_ISREG (st.st_mode);
}

const char *home_choose (const char *told)
{
    const char *named = getenv ("CERTBUS_HOME");
    if (told != NULL)
        return told;
    if (named != NULL && *named != '\0')
        return named;
    return is_home (".") ? "." : HOME_SYSTEM;
}

struct home_start home_start (const char *home)
{
    struct home_start start;
    size_t size = strlen (HOME_SYSTEM);
    bool ours = strncmp (home, HOME_SYSTEM, size) == 0;
    if (ours && home[size] == '\0')
        snprintf (start.text, sizeof start.text, "systemctl start certbusd");
    else if (ours && home[size] == '-')
        snprintf (start.text, sizeof start.text, "systemctl start certbusd@%s", home + size + 1);
    else
        snprintf (start.text, sizeof start.text, "certbusd -C %s", home);
    return start;
}

/* The name of its owner, or the number where nobody has it. */
struct owner {
    char text[64];
};

static struct owner owner_of (const struct stat *st)
{
    struct owner owner;
    char room[1024];
    struct passwd user, *found = NULL;
    if (getpwuid_r (st->st_uid, &user, room, sizeof room, &found) == 0 && found != NULL)
        snprintf (owner.text, sizeof owner.text, "%s", user.pw_name);
    else
        snprintf (owner.text, sizeof owner.text, "#%u", (unsigned) st->st_uid);
    return owner;
}

bool home_may_write (const char *home, char *why, size_t why_size)
{
    struct stat st;
    if (stat (home, &st) != 0 || eaccess (home, W_OK | X_OK) == 0)
        return true;
    struct owner owner = owner_of (&st);
    snprintf (why, why_size, "%s belongs to %s: type the same after `sudo`, or `sudo -u %s`", home,
              owner.text, owner.text);
    return false;
}

bool home_may_serve (const char *home, char *why, size_t why_size)
{
    struct stat st;
    if (stat (home, &st) != 0)
        return true;
    if (geteuid () == 0 && st.st_uid != 0) {
        struct owner owner = owner_of (&st);
        snprintf (why, why_size,
                  "%s belongs to %s, and its broker runs as that user, not as root; try "
                  "`sudo -u %s certbusd`, or systemctl",
                  home, owner.text, owner.text);
        return false;
    }
    return home_may_write (home, why, why_size);
}

static int path_of (const char *home, const char *name, char path[HOME_TEXT], char *why,
                    size_t why_size)
{
    int n = snprintf (path, HOME_TEXT, "%s%s%s", home, *name ? "/" : "", name);
    if (n > 0 && n < HOME_TEXT)
        return 0;
    snprintf (why, why_size, "%.80s...: %s", home, strerror (ENAMETOOLONG));
    return -1;
}

int home_folder (const char *home, const char *name, bool shared, char *why, size_t why_size)
{
    char path[HOME_TEXT];
    if (path_of (home, name, path, why, why_size) != 0)
        return -1;
    if (mkdir (path, shared ? 0750 : 0711) != 0) {
        if (errno == EEXIST)
            return 0;
        snprintf (why, why_size, "%s: %s%s", path, strerror (errno),
                  errno == ENOENT && shared ? "; systemd-tmpfiles --create makes it" : "");
        return -1;
    }
    /* mkdir takes no such bit. Where it may not be set, the folder is for its owner's group. */
    if (shared && chmod (path, 02750) != 0 && errno != EPERM) {
        snprintf (why, why_size, "%s: %s", path, strerror (errno));
        return -1;
    }
    return *name ? home_give (home, name, why, why_size) : 0;
}

/* Opens HOME/name without leaving the home by a link. -1: not there, or a link. */
static int open_within (int home, const char *name)
{
    int folder = fcntl (home, F_DUPFD_CLOEXEC, 0);
    for (const char *slash; folder >= 0 && (slash = strchr (name, '/')) != NULL; name = slash + 1) {
        char part[NAME_MAX + 1];
        snprintf (part, sizeof part, "%.*s", (int) (slash - name), name);
        int next = openat (folder, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int saved = errno;
        close (folder);
        folder = next;
        errno = saved == ENOTDIR ? ELOOP : saved;
    }
    if (folder < 0)
        return -1;
    int fd = openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int saved = errno;
    close (folder);
    errno = saved;
    return fd;
}

int home_give (const char *home, const char *name, char *why, size_t why_size)
{
    struct stat owner, st;
    if (geteuid () != 0)
        return 0;
    /* One look at the home: whoever owns what lies around it may put another one in its place. */
    int folder = open (home, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || fstat (folder, &owner) != 0 || owner.st_uid == 0) {
        if (folder >= 0)
            close (folder);
        return 0;
    }
    /* The folder is its owner's, who may have put a link in the place of what was made. */
    int fd = open_within (folder, name);
    bool made = fd >= 0 && fstat (fd, &st) == 0 && st.st_uid == 0 &&
                (S_ISDIR (st.st_mode) || (S_ISREG (st.st_mode) && st.st_nlink == 1));
    int result = 0;
    if (fd < 0 && errno != ELOOP)
        result = -1;
    else if (made)
        result = fchown (fd, owner.st_uid, owner.st_gid);
    if (result != 0)
        snprintf (why, why_size, "%s/%s: cannot be given to %s: %s", home, name,
                  owner_of (&owner).text, strerror (errno));
    if (fd >= 0)
        close (fd);
    close (folder);
    return result;
}

void home_conf (const char *home, char out[HOME_TEXT])
{
    char target[HOME_TEXT];
    snprintf (out, HOME_TEXT, "%s/certbus.conf", home);
    ssize_t size = readlink (out, target, sizeof target - 1);
    if (size <= 0)
        return;
    target[size] = '\0';
    if (*target == '/')
        snprintf (out, HOME_TEXT, "%s", target);
    else if ((size_t) snprintf (out, HOME_TEXT, "%s/%s", home, target) >= HOME_TEXT)
        snprintf (out, HOME_TEXT, "%s", target);
}
