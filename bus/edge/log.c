/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024
/* As much as a pipe takes in one piece. */
#define HELD_MAX_BYTES 4096

static atomic_int most = LOG_NOTICE;
static atomic_bool plain;
static atomic_int terminal = -1; /* whether it is one; -1: not asked yet */

static _Thread_local struct {
    bool on;
    size_t size;
    char bytes[HELD_MAX_BYTES];
} held;

void log_set_level (enum log_level level)
{
    most = (int) level;
}

void log_plain (void)
{
    plain = true;
}

int log_level_number (const char *name)
{
    static const char *const names[] = { "error", "warning", "notice", "info", "debug" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp (name, names[i]) == 0)
            return LOG_ERROR + (int) i;
    return -1;
}

/* The length of the UTF-8 sequence at `p`, 0 when there is none or when it is a control. */
static size_t printable (const unsigned char *p)
{
    if (*p < 0x80)
        return *p >= 0x20 && *p != 0x7f;
    size_t size = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
    if (*p < 0xc2 || *p > 0xf4)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((p[i] & 0xc0) != 0x80) /* the final NUL too */
            return 0;
    bool overlong = (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xf0 && p[1] < 0x90);
    bool beyond = (*p == 0xed && p[1] > 0x9f) || (*p == 0xf4 && p[1] > 0x8f);
    bool control = *p == 0xc2 && p[1] < 0xa0;
    /* U+2028 to U+202E and U+2066 to U+2069: a line that ends, or is read from the other side. */
    control = control || (*p == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
                                         (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)));
    return overlong || beyond || control ? 0 : size;
}

static void neutralise (char *text)
{
    for (size_t i = 0; text[i];) {
        size_t size = printable ((const unsigned char *) text + i);
        if (!size)
            text[i] = '?';
        i += size ? size : 1;
    }
}

static bool to_terminal (void)
{
    if (terminal < 0)
        terminal = isatty (STDERR_FILENO);
    return terminal;
}

static void put (const char *bytes, size_t size)
{
    ssize_t written = write (STDERR_FILENO, bytes, size);
    (void) written; /* nowhere left to say so */
}

static void put_held (void)
{
    if (held.size > 0)
        put (held.bytes, held.size);
    held.size = 0;
}

void log_hold (void)
{
    held.on = true;
}

void log_flush (void)
{
    int saved = errno;
    put_held ();
    held.on = false;
    errno = saved;
}

void log_at (enum log_level level, const char *format, ...)
{
    if ((int) level > most)
        return;
    int saved = errno;
    char line[LINE_MAX_BYTES + 2] = "";
    size_t used = 0;
    if (!plain && !to_terminal ())
        used = (size_t) snprintf (line, sizeof line, "<%d>", (int) level);
    va_list args;
    va_start (args, format);
    int n = vsnprintf (line + used, LINE_MAX_BYTES - used, format, args);
    va_end (args);
    if (n < 0)
        line[used] = 0;
    neutralise (line + used);
    used = strlen (line);
    line[used++] = '\n';
    /* Whole lines, so that those of different threads do not mix. */
    if (used > sizeof held.bytes - held.size)
        put_held ();
    if (held.on) {
        memcpy (held.bytes + held.size, line, used);
        held.size += used;
    } else {
        put (line, used);
    }
    errno = saved;
}

void notify_send (const char *state)
{
    const char *path = getenv ("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (!path || !*path || strlen (path) >= sizeof to.sun_path)
        return;
    size_t size = strlen (path);
    memcpy (to.sun_path, path, size);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = 0;
    int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto (fd, state, strlen (state), MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *) &to,
            (socklen_t) (offsetof (struct sockaddr_un, sun_path) + size));
    close (fd);
}

int notify_watchdog (void)
{
    const char *interval = getenv ("WATCHDOG_USEC"), *pid = getenv ("WATCHDOG_PID");
    if (!interval || (pid && strtol (pid, NULL, 10) != (long) getpid ()))
        return 0;
    char *end;
    errno = 0;
    long long usec = strtoll (interval, &end, 10);
    if (errno || end == interval || *end || usec < 2000)
        return 0;
    long long ms = usec / 2000;
    return ms > INT_MAX ? INT_MAX : (int) ms;
}

static int64_t now (clockid_t clock)
{
    struct timespec t;
    if (clock_gettime (clock, &t) != 0)
        abort ();
    return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_utc (void)
{
    return now (CLOCK_REALTIME);
}

/* Counts through a suspend, so that waking up is no jump of the wall clock. */
int64_t clock_steady (void)
{
    return now (CLOCK_BOOTTIME);
}
