/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse (char *why, size_t why_size, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

static int refuse (char *why, size_t why_size, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (why, why_size, format, args);
    va_end (args);
    return -1;
}

/* Whether what was opened is a plain file that only its owner can reach. */
static int check_secret (int fd, const char *path, char *why, size_t why_size)
{
    struct stat st;
    if (fstat (fd, &st) != 0)
        return refuse (why, why_size, "%s: %s", path, strerror (errno));
    if (!S_ISREG (st.st_mode))
        return refuse (why, why_size, "%s: not a plain file", path);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return refuse (why, why_size,
                       "%s: others can reach this secret (mode %04o); if nobody has read it, run: "
                       "chmod 600 %s",
                       path, (unsigned) (st.st_mode & 07777), path);
    return 0;
}

static int read_all (int fd, const char *path, size_t max, struct span *out, char *why,
                     size_t why_size)
{
    /* Its size is not asked for: it may be a pipe, or grow. One more byte tells "too large". */
    size_t room = max < 4096 ? max + 1 : 4096, used = 0;
    uint8_t *data = malloc (room);
    if (!data)
        abort ();
    for (;;) {
        ssize_t n = read (fd, data + used, room - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            refuse (why, why_size, "%s: %s", path, strerror (errno));
            break;
        }
        used += (size_t) n;
        if (used > max) {
            refuse (why, why_size, "%s: larger than %zu bytes", path, max);
            break;
        }
        if (n == 0) {
            *out = (struct span){ .data = data, .size = used }; /* to be freed, even if empty */
            return 0;
        }
        if (used == room) {
            size_t more = room > max / 2 ? max + 1 : room * 2;
            uint8_t *larger = malloc (more);
            if (!larger)
                abort ();
            memcpy (larger, data, used);
            sodium_memzero (data, used); /* it may be a secret; realloc would leave it behind */
            free (data);
            data = larger;
            room = more;
        }
    }
    sodium_memzero (data, used);
    free (data);
    return -1;
}

static int open_and_read (const char *path, size_t max, bool secret, struct span *out, char *why,
                          size_t why_size)
{
    *out = (struct span){ .data = NULL, .size = 0 };
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | (secret ? O_NOFOLLOW | O_NONBLOCK : 0);
    int fd = open (path, flags);
    if (fd < 0) {
        if (secret && errno == ELOOP)
            return refuse (why, why_size, "%s: a symbolic link; a secret is not read through one",
                           path);
        return refuse (why, why_size, "%s: %s", path, strerror (errno));
    }
    int result = secret ? check_secret (fd, path, why, why_size) : 0;
    if (result == 0)
        result = read_all (fd, path, max, out, why, why_size);
    close (fd);
    return result;
}

int file_read (const char *path, size_t max, struct span *out, char *why, size_t why_size)
{
    return open_and_read (path, max, false, out, why, why_size);
}

int file_read_secret (const char *path, size_t max, struct span *out, char *why, size_t why_size)
{
    return open_and_read (path, max, true, out, why, why_size);
}

bool file_put (int fd, struct span bytes)
{
    while (bytes.size) {
        ssize_t n = write (fd, bytes.data, bytes.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes = span_bytes (bytes.data + n, bytes.size - (size_t) n);
    }
    return true;
}

static int sync_folder (const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr (path, '/');
    size_t size = slash ? (size_t) (slash - path) : 0;
    snprintf (folder, sizeof folder, "%.*s", (int) (size ? size : 1), !slash ? "." : path);
    int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fsync (fd);
    close (fd);
    return result;
}

int file_place (const char *made, const char *path, bool replace)
{
    if (replace)
        return rename (made, path);
    if (renameat2 (AT_FDCWD, made, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* A file system without that flag: a second name fails when it exists, too. */
    if (link (made, path) != 0)
        return -1;
    unlink (made);
    return 0;
}

int file_write (const char *path, struct span bytes, bool secret, bool replace, char *why,
                size_t why_size)
{
    char made[PATH_MAX];
    int n = snprintf (made, sizeof made, "%s.%08x", path, (unsigned) randombytes_random ());
    if (n < 0 || (size_t) n >= sizeof made)
        return refuse (why, why_size, "%.80s...: %s", path, strerror (ENAMETOOLONG));
    int fd =
        open (made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, secret ? 0600 : 0666);
    if (fd < 0)
        return refuse (why, why_size, "%s: cannot be written: %s", path, strerror (errno));
    bool good = file_put (fd, bytes) && fsync (fd) == 0;
    int saved = errno;
    if (close (fd) != 0 && good) {
        good = false;
        saved = errno;
    }
    if (good && file_place (made, path, replace) != 0) {
        good = false;
        saved = errno;
    }
    if (!good) {
        unlink (made);
        if (saved == EEXIST)
            return refuse (why, why_size, "%s: exists already; it is left as it is", path);
        return refuse (why, why_size, "%s: cannot be written: %s", path, strerror (saved));
    }
    if (sync_folder (path) != 0)
        return refuse (why, why_size, "%s: written, but its folder cannot be synchronised: %s",
                       path, strerror (errno));
    return 0;
}

int file_replace (const char *from, const char *path, char *why, size_t why_size)
{
    if (rename (from, path) != 0)
        return refuse (why, why_size, "%s: cannot take the place of %s: %s", from, path,
                       strerror (errno));
    if (sync_folder (path) != 0)
        return refuse (why, why_size, "%s: written, but its folder cannot be synchronised: %s",
                       path, strerror (errno));
    return 0;
}
