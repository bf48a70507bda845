/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/client.h"

#include "bus/edge/home.h"
#include "bus/edge/log.h"
#include "bus/edge/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define STARTING_MS 2000
#define STIRRING_MS 300 /* before it has its home */
#define AGAIN_MS    20

struct client {
    char home[PATH_MAX], folder[PATH_MAX]; /* folder: the door's */
    /* The socket's path may be longer than an address has room for, so the folder is held open
     * and the socket is reached through its descriptor. */
    int folder_fd;
    bool absent; /* nobody answers at the socket, or there is none */
    char path[64];
    zsock_t *sock; /* NULL: has to be made again */
    void *events;  /* monitor of it: says when the broker leaves */
    int also;      /* a descriptor of the caller; -1: none */
    uint64_t tag;
    struct wire_frame frame; /* the last answer */
    char *why;
    size_t why_size;
};

static bool refuse (struct client *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

static bool refuse (struct client *self, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (self->why, self->why_size, format, args);
    va_end (args);
    return false;
}

static bool not_running (struct client *self)
{
    self->absent = true;
    return refuse (self, "no broker is running in %s; start it with: %s", self->home,
                   home_start (self->home).text);
}

/* Names the group that the door is for, as far as one may see it. */
static bool not_allowed (struct client *self)
{
    struct stat st;
    if (stat (self->folder, &st) != 0)
        return refuse (self, "no permission to enter %s; ask its owner", self->home);
    char text[1024], number[32];
    struct group group, *found = NULL;
    const char *name = number;
    snprintf (number, sizeof number, "%u", (unsigned) st.st_gid);
    if (getgrgid_r (st.st_gid, &group, text, sizeof text, &found) == 0 && found)
        name = group.gr_name;
    return refuse (self,
                   "no permission for %s: it is for the group %s; ask to be put into that group",
                   self->folder, name);
}

static bool check_home (struct client *self)
{
    char path[PATH_MAX];
    struct stat st;
    if (stat (self->home, &st) != 0) {
        if (errno == EACCES)
            return not_allowed (self);
        if (errno != ENOENT)
            return refuse (self, "%s: %s", self->home, strerror (errno));
        return refuse (self, "%s: no such folder; make a home there with: certbus -C %s init NAME",
                       self->home, self->home);
    }
    int n = snprintf (path, sizeof path, "%s/keys", self->home);
    if (n < 0 || (size_t) n >= sizeof path)
        return refuse (self, "%.80s...: %s", self->home, strerror (ENAMETOOLONG));
    if (stat (path, &st) == 0)
        return true;
    if (errno == EACCES)
        return not_allowed (self);
    return refuse (self, "%s is no certbus home; make one with: certbus -C %s init NAME",
                   self->home, self->home);
}

static bool open_folder (struct client *self)
{
    if (self->folder_fd >= 0)
        close (self->folder_fd);
    self->folder_fd = open (self->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (self->folder_fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return not_running (self);
        if (errno == EACCES)
            return not_allowed (self);
        return refuse (self, "%s: %s", self->folder, strerror (errno));
    }
    snprintf (self->path, sizeof self->path, "/proc/self/fd/%d/bus", self->folder_fd);
    return true;
}

/* Whether somebody answers: libzmq would try for ever without a word. */
static bool knock (struct client *self)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    snprintf (to.sun_path, sizeof to.sun_path, "%s", self->path);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return refuse (self, "%s/bus: %s", self->folder, strerror (errno));
    int error = connect (fd, (const struct sockaddr *) &to, sizeof to) == 0 ? 0 : errno;
    close (fd);
    switch (error) {
    case 0:
    case EAGAIN: return true; /* its queue is full, so there it is */
    case ENOENT:
    case ECONNREFUSED: return not_running (self);
    case EACCES:
    case EPERM: return not_allowed (self);
    default: return refuse (self, "%s/bus: %s", self->folder, strerror (error));
    }
}

static void hang_up (struct client *self)
{
    if (self->events) {
        zmq_socket_monitor (zsock_resolve (self->sock), NULL, 0);
        zmq_close (self->events);
    }
    self->events = NULL;
    zsock_destroy (&self->sock);
}

/* The monitor sits in its own pair of sockets, whose name no other client of this process has. */
static bool watch (struct client *self)
{
    static atomic_uint made;
    char name[64];
    int zero = 0;
    snprintf (name, sizeof name, "inproc://certbus.client.%u", made++);
    self->events = zmq_socket (zsys_init (), ZMQ_PAIR);
    return self->events && zmq_setsockopt (self->events, ZMQ_LINGER, &zero, sizeof zero) == 0 &&
           zmq_socket_monitor (zsock_resolve (self->sock), name,
                               ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED) == 0 &&
           zmq_connect (self->events, name) == 0;
}

/* Whether a broker has locked the home. To try the lock would be to hold it for a moment, in
 * which a broker that starts just then would find it taken. */
static bool is_locked (const struct client *self)
{
    char path[PATH_MAX + 8], line[256];
    struct stat st;
    snprintf (path, sizeof path, "%s/lock", self->home);
    FILE *file = stat (path, &st) == 0 ? fopen ("/proc/locks", "re") : NULL;
    bool found = false;
    while (file && !found && fgets (line, sizeof line, file)) {
        uintmax_t inode;
        const char *lock = strstr (line, "FLOCK");
        found = lock && sscanf (lock, "FLOCK %*s %*s %*s %*x:%*x:%ju", &inode) == 1 &&
                inode == (uintmax_t) st.st_ino;
    }
    if (file)
        fclose (file);
    return found;
}

static bool has_joined (const struct client *self)
{
    char path[PATH_MAX + 8];
    snprintf (path, sizeof path, "%s/bundle", self->home);
    return access (path, F_OK) == 0;
}

/* A broker that was started just now has its home before it has its sockets. */
static bool reach (struct client *self)
{
    int64_t begun = clock_steady ();
    for (;;) {
        self->absent = false;
        if (check_home (self) && open_folder (self) && knock (self))
            return true;
        int64_t waited = clock_steady () - begun;
        bool hope =
            is_locked (self) ? waited < STARTING_MS : waited < STIRRING_MS && has_joined (self);
        if (!self->absent || !hope)
            return false;
        nanosleep (&(struct timespec){ .tv_nsec = AGAIN_MS * 1000000L }, NULL);
    }
}

static bool dial (struct client *self)
{
    if (!reach (self))
        return false;
    self->sock = wire_local_client (self->path);
    if (self->sock && watch (self))
        return true;
    refuse (self, "%s/bus: %s", self->folder, zmq_strerror (errno));
    hang_up (self);
    return false;
}

static bool name_folders (struct client *self, const char *home, enum client_door door)
{
    int n = snprintf (self->home, sizeof self->home, "%s", home);
    int m = snprintf (self->folder, sizeof self->folder, "%s/run/%s", home,
                      door == CLIENT_ACT ? "act" : "read");
    return (n >= 0 && m >= 0 && (size_t) m < sizeof self->folder) ||
           refuse (self, "%.80s...: %s", home, strerror (ENAMETOOLONG));
}

/* `absent` is what was found when it is not there. */
static bool look (const char *home, bool *absent)
{
    char why[256];
    struct client self = { .folder_fd = -1, .why = why, .why_size = sizeof why };
    bool there = name_folders (&self, home, CLIENT_READ) && check_home (&self) &&
                 open_folder (&self) && knock (&self);
    if (self.folder_fd >= 0)
        close (self.folder_fd);
    *absent = self.absent;
    return there;
}

bool client_there (const char *home)
{
    bool absent;
    return look (home, &absent);
}

bool client_absent (const char *home)
{
    bool absent;
    return !look (home, &absent) && absent;
}

struct client *client_open (const char *home, enum client_door door, char *why, size_t why_size)
{
    struct client *self = calloc (1, sizeof *self);
    if (!self)
        abort ();
    self->folder_fd = self->also = -1;
    self->why = why;
    self->why_size = why_size;
    zsys_handler_set (NULL); /* czmq's would swallow SIGTERM */
    zmq_msg_init (&self->frame.msg);
    if (!name_folders (self, home, door) || !dial (self))
        client_close (&self);
    return self;
}

void client_close (struct client **self)
{
    if (!*self)
        return;
    wire_free (&(*self)->frame);
    hang_up (*self);
    if ((*self)->folder_fd >= 0)
        close ((*self)->folder_fd);
    free (*self);
    *self = NULL;
}

/* Whether what was received is the answer to the question with the current tag. */
static bool is_answer (struct client *self, struct span *answer)
{
    struct pack_in in = pack_open (self->frame.bytes);
    pack_array (&in, 2, 2);
    uint64_t tag = pack_uint (&in, 0, UINT64_MAX);
    bool map = pack_peek (&in) == PACK_MAP;
    *answer = pack_nested (&in, 1);
    return pack_done (&in) && map && tag == self->tag;
}

/* Everything that has come in, until the answer; what is late or no answer is dropped. */
static bool take_answer (struct client *self, struct span *answer)
{
    for (;;) {
        wire_free (&self->frame);
        switch (wire_recv_dealer (self->sock, &self->frame)) {
        case WIRE_OK:
            if (is_answer (self, answer))
                return true;
            break;
        case WIRE_HOSTILE: break;
        default: return false;
        }
    }
}

static bool left (struct client *self)
{
    hang_up (self);
    return refuse (self,
                   "the broker in %s left before it answered; whether it did what was asked "
                   "is not known",
                   self->home);
}

static bool wait_for (struct client *self, int timeout, struct span *answer)
{
    int64_t deadline = clock_steady () + timeout;
    for (;;) {
        if (take_answer (self, answer))
            return true;
        int64_t rest = deadline - clock_steady ();
        if (timeout >= 0 && rest <= 0)
            return refuse (self, "the broker in %s did not answer within %d ms", self->home,
                           timeout);
        zmq_pollitem_t items[] = { { zsock_resolve (self->sock), 0, ZMQ_POLLIN, 0 },
                                   { self->events, 0, ZMQ_POLLIN, 0 },
                                   { NULL, self->also, ZMQ_POLLIN, 0 } };
        int polled = zmq_poll (items, self->also < 0 ? 2 : 3, timeout < 0 ? -1 : (long) rest);
        if (polled < 0 || (items[2].revents && !items[0].revents && !items[1].revents))
            return refuse (self, "the wait for the broker was interrupted");
        /* What it said before it left counts. */
        if (items[1].revents)
            return take_answer (self, answer) || left (self);
    }
}

void client_also (struct client *self, int descriptor)
{
    self->also = descriptor;
}

/* Whether the broker left since the last question. */
static bool has_left (struct client *self)
{
    zmq_pollitem_t item = { self->events, 0, ZMQ_POLLIN, 0 };
    return zmq_poll (&item, 1, 0) > 0;
}

bool client_ask (struct client *self, struct span question, int timeout, struct span *answer,
                 char *why, size_t why_size)
{
    self->why = why;
    self->why_size = why_size;
    *answer = span_bytes (NULL, 0);
    if (self->sock && has_left (self))
        hang_up (self);
    if (!self->sock && !dial (self))
        return false;
    struct pack_out out;
    pack_init (&out);
    pack_put_array (&out, 2);
    pack_put_uint (&out, ++self->tag);
    pack_put_raw (&out, question);
    bool fits = pack_result (&out).size <= WIRE_LOCAL_MAX;
    enum wire_result sent = fits ? wire_send_dealer (self->sock, pack_result (&out)) : WIRE_OK;
    size_t size = pack_result (&out).size;
    pack_free (&out);
    if (!fits)
        return refuse (self, "a question of %zu bytes; at most %zu are taken", size,
                       WIRE_LOCAL_MAX);
    if (sent != WIRE_OK) {
        hang_up (self);
        return refuse (self, "the broker in %s takes no more questions", self->home);
    }
    return wait_for (self, timeout, answer);
}
