/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/edge/keys.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/prompt.h"

/* Each folder of the path that is not there, for the owner alone. */
static bool make_folders (char *path)
{
    for (char *at = path + 1;; at++) {
        if (*at && *at != '/')
            continue;
        char end = *at;
        *at = 0;
        bool good = mkdir (path, 0700) == 0 || errno == EEXIST;
        *at = end;
        if (!good)
            return false;
        if (!end)
            return true;
    }
}

static bool folder_of_drafts (char *folder, size_t size)
{
    const char *state = getenv ("XDG_STATE_HOME"), *home = getenv ("HOME");
    const struct passwd *user = home && *home ? NULL : getpwuid (getuid ());
    if (user)
        home = user->pw_dir;
    /* A relative path is none (XDG base directories). */
    int used = state && *state == '/' ? snprintf (folder, size, "%s/certbus", state)
               : home && *home == '/' ? snprintf (folder, size, "%s/.local/state/certbus", home)
                                      : -1;
    return used > 0 && (size_t) used < size && make_folders (folder);
}

/* Whether what was locked is still what stands there: who had it may just have removed it. */
static bool still_there (int fd, const char *path)
{
    struct stat locked, now;
    return fstat (fd, &locked) == 0 && lstat (path, &now) == 0 && locked.st_dev == now.st_dev &&
           locked.st_ino == now.st_ino;
}

static int take_lock (struct draft_file *draft)
{
    char path[PATH_TEXT + 8];
    snprintf (path, sizeof path, "%s.lock", draft->path);
    for (;;) {
        draft->lock = open (path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (draft->lock < 0)
            return refused ("%s: cannot be written: %s", path, strerror (errno));
        if (flock (draft->lock, LOCK_EX | LOCK_NB) != 0) {
            close (draft->lock);
            draft->lock = -1; /* what another one holds is not taken away */
            return refused ("%s: another certbus has this draft open; finish it there, or write "
                            "another one: --draft FILE",
                            draft->path);
        }
        if (still_there (draft->lock, path))
            return EXIT_DONE;
        close (draft->lock);
    }
}

int draft_open (struct draft_file *draft, const char *party, const char *kind, const char *given)
{
    char folder[PATH_TEXT / 2];
    *draft = (struct draft_file){ .lock = -1 };
    if (given) {
        snprintf (draft->path, sizeof draft->path, "%s", given);
        return take_lock (draft);
    }
    if (!folder_of_drafts (folder, sizeof folder))
        return refused ("no place for a draft: %s: %s; set XDG_STATE_HOME to a folder that you may "
                        "write to, or say where: --draft FILE",
                        folder, strerror (errno));
    snprintf (draft->path, sizeof draft->path, "%s/%.255s.%.64s.draft", folder, party, kind);
    return take_lock (draft);
}

int64_t draft_time (const struct draft_file *draft)
{
    struct stat is;
    return stat (draft->path, &is) == 0 && is.st_size > 0
               ? (int64_t) is.st_mtim.tv_sec * 1000 + is.st_mtim.tv_nsec / 1000000
               : 0;
}

int draft_read (const struct draft_file *draft, struct span *text)
{
    char why[WHY_MAX];
    return file_read (draft->path, DRAFT_MAX, text, why, sizeof why) == 0 ? EXIT_DONE
                                                                          : refused ("%s", why);
}

int draft_write (const struct draft_file *draft, const char *text)
{
    char why[WHY_MAX];
    if (file_write (draft->path, span_of (text), true, true, why, sizeof why) == 0)
        return EXIT_DONE;
    return refused ("the draft cannot be kept: %s; say where it can: --draft FILE", why);
}

/* Under another name, which is said. */
static int set_aside (const struct draft_file *draft)
{
    char path[PATH_TEXT + 8];
    for (unsigned i = 1; i < 1000; i++) {
        snprintf (path, sizeof path, "%s.%u", draft->path, i);
        /* A link takes no other's place. */
        if (link (draft->path, path) == 0) {
            unlink (draft->path);
            say ("It was put aside; --draft %s goes on with it\n", path);
            return EXIT_DONE;
        }
        if (errno != EEXIST)
            break;
    }
    return refused ("%s: cannot be put aside: %s", draft->path, strerror (errno));
}

void draft_remove (const struct draft_file *draft)
{
    if (unlink (draft->path) != 0 && errno != ENOENT)
        complain ("%s: cannot be removed: %s; remove it by hand", draft->path, strerror (errno));
}

void draft_close (struct draft_file *draft)
{
    char path[PATH_TEXT + 8];
    struct stat is;
    if (draft->lock < 0)
        return;
    snprintf (path, sizeof path, "%s.lock", draft->path);
    /* Its own is empty; what somebody else keeps under such a name stays. */
    if (fstat (draft->lock, &is) == 0 && is.st_size == 0 && still_there (draft->lock, path))
        unlink (path);
    close (draft->lock);
    draft->lock = -1;
}

/* "02:13", and the day where it is not today's. */
static void time_of_day (int64_t ms, int64_t now, char text[DAY_TEXT])
{
    struct day day = day_here ();
    char today[DAY_TEXT];
    day_text (ms - ms % 60000, &day, text);
    day_text (now, &day, today);
    text[16] = 0;
    if (memcmp (text, today, 10) == 0)
        memmove (text, text + 11, 6);
}

int draft_offer (const struct draft_file *draft, int64_t now)
{
    char question[128], when[DAY_TEXT];
    time_of_day (draft_time (draft), now, when);
    snprintf (question, sizeof question, "A draft from %s is there: go on with it? [Y/n/discard]",
              when);
    for (;;) {
        char *answer = prompt_line (question);
        int choice = !answer                                                           ? 0
                     : !*answer || prompt_is_yes (answer)                              ? 'y'
                     : strcasecmp (answer, "n") == 0 || strcasecmp (answer, "no") == 0 ? 'n'
                     : strcasecmp (answer, "discard") == 0                             ? 'd'
                                                                                       : '?';
        free (answer);
        if (choice == 'n' && set_aside (draft) != EXIT_DONE)
            return 0;
        if (choice == 'd')
            draft_remove (draft);
        if (choice != '?')
            return choice;
        say ("Enter goes on with it, n puts it aside and starts anew, discard throws it away.\n");
    }
}
