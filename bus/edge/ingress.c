/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/ingress.h"

#include "bus/edge/log.h"

#include <dirent.h>
#include <linux/tcp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* CURVE's MESSAGE command around a frame, and ZMTP's head before it. */
#define CURVE_AROUND 33
#define HEAD_SHORT   2
#define HEAD_LONG    9
/* Greeting and handshake of an honest peer. */
#define HANDSHAKE 1024
/* Memory may grow by so much before the connections are looked at... */
#define GROWTH ((size_t) 8 * 1024 * 1024)
/* ...and no longer than so many ms pass. */
#define LOOK_MS 3000
#define ONE_MAX 256 /* worst ones that are remembered in one look */

struct ingress {
    uint64_t *taken; /* by descriptor */
    size_t room;
    size_t calm; /* resident bytes when they were last looked at */
    int64_t looked;
    bool trim; /* what was cut has been freed by now */
};

struct worst {
    int fd;
    uint64_t held;
};

struct ingress *ingress_new (void)
{
    struct ingress *self = calloc (1, sizeof *self);
    if (!self)
        abort ();
    return self;
}

void ingress_free (struct ingress **self)
{
    if (!*self)
        return;
    free ((*self)->taken);
    free (*self);
    *self = NULL;
}

static uint64_t *taken_by (struct ingress *self, int fd)
{
    size_t at = (size_t) fd;
    if (at >= self->room) {
        size_t room = 2 * at + 64;
        self->taken = realloc (self->taken, room * sizeof *self->taken);
        if (!self->taken)
            abort ();
        memset (self->taken + self->room, 0, (room - self->room) * sizeof *self->taken);
        self->room = room;
    }
    return &self->taken[at];
}

void ingress_took (struct ingress *self, int fd, size_t size)
{
    if (fd < 0)
        return;
    size += CURVE_AROUND;
    *taken_by (self, fd) += size + (size > UINT8_MAX ? HEAD_LONG : HEAD_SHORT);
}

static size_t resident (void)
{
    unsigned long pages = 0;
    FILE *file = fopen ("/proc/self/statm", "r");
    if (!file)
        return 0;
    if (fscanf (file, "%*s %lu", &pages) != 1)
        pages = 0;
    fclose (file);
    return pages * (size_t) sysconf (_SC_PAGESIZE);
}

/* What this connection sent and nobody got; 0 for what is no TCP connection. */
static uint64_t held_by (struct ingress *self, int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    memset (&info, 0, sizeof info);
    if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    uint64_t *taken = taken_by (self, fd), received = info.tcpi_bytes_received;
    /* The descriptor was another connection's before: forget what that one had. */
    if (received < *taken)
        *taken = received;
    uint64_t held = received - *taken;
    return held > HANDSHAKE ? held - HANDSHAKE : 0;
}

/* Keeps the worst ones, the worst first. */
static void remember (struct worst *list, size_t *count, int fd, uint64_t held)
{
    if (*count == ONE_MAX && list[ONE_MAX - 1].held >= held)
        return;
    size_t at = *count < ONE_MAX ? (*count)++ : ONE_MAX - 1;
    for (; at > 0 && list[at - 1].held < held; at--)
        list[at] = list[at - 1];
    list[at] = (struct worst){ fd, held };
}

static uint64_t look (struct ingress *self, struct worst *list, size_t *count)
{
    uint64_t all = 0;
    DIR *folder = opendir ("/proc/self/fd");
    if (!folder)
        return 0;
    for (struct dirent *entry = readdir (folder); entry; entry = readdir (folder)) {
        char *end;
        long fd = strtol (entry->d_name, &end, 10);
        uint64_t held = *end ? 0 : held_by (self, (int) fd);
        all += held;
        if (held)
            remember (list, count, (int) fd, held);
    }
    closedir (folder);
    return all;
}

size_t ingress_check (struct ingress *self)
{
    int64_t now = clock_steady ();
    if (self->trim)
        malloc_trim (0);
    self->trim = false;
    if (now - self->looked < LOOK_MS && resident () < self->calm + GROWTH)
        return 0;
    struct worst list[ONE_MAX];
    size_t count = 0, cut = 0;
    uint64_t all = look (self, list, &count);
    for (; cut < count && (list[cut].held > INGRESS_ONE || all > INGRESS_ALL); cut++) {
        all -= list[cut].held;
        shutdown (list[cut].fd, SHUT_RDWR);
    }
    if (cut)
        log_warning (
            "connections cut: %zu; each sent %llu bytes or more that never became a message", cut,
            (unsigned long long) list[cut - 1].held);
    self->trim = cut > 0;
    self->looked = now;
    self->calm = resident ();
    return cut;
}
