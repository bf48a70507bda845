/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/wire.h"

#include "bus/edge/conf.h"
#include "bus/edge/zap.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* CURVE's MESSAGE command around a frame: 33 bytes, and some to spare. */
#define CURVE_SLACK 64
/* What a completed message may hold before its connection is cut. */
#define PARTS_MAX 64
/* Unread answers a node: what was published is told in a line, what was read has a megabyte. */
#define UNREAD_SMALL 1024
#define UNREAD_LARGE 64
/* Bytes of a generated routing id: a zero, then a counter. */
#define ROUTE_GENERATED 5
/* Not in a stable libzmq's header; libzmq refuses it where it does not know it. */
#define OPTION_ZAP_ENFORCE_DOMAIN 93
#define LOCAL                     "ipc://"

struct option {
    int name, value;
};

static const struct option every_socket[] = {
    { ZMQ_LINGER, 0 },           /* the journal has what was not sent */
    { ZMQ_HANDSHAKE_IVL, 4000 }, /* a connection that never says who it is */
    { ZMQ_SNDHWM, 16 },          /* frames a peer; credit decides before they do */
    { ZMQ_RCVHWM, 16 },
};

/* The buffers bound what lies in the kernel ahead of a flash message; 128 KiB still lets
 * loopback carry more than the journal takes. */
static const struct option
    tcp_socket[] = {
        { ZMQ_SNDBUF, 128 * 1024 },
        { ZMQ_RCVBUF, 128 * 1024 },
        { ZMQ_IPV6, 1 },
        { ZMQ_TCP_KEEPALIVE, 1 },
        { ZMQ_TCP_KEEPALIVE_IDLE, 30 },
        { ZMQ_TCP_KEEPALIVE_INTVL, 10 },
        { ZMQ_TCP_KEEPALIVE_CNT, 3 },
        { ZMQ_TCP_MAXRT, 60000 }, /* data that nobody acknowledges: the kernel would wait 15 minutes */
    };

static const struct option tcp_server[] = {
    { ZMQ_ROUTER_MANDATORY, 1 }, /* no route and a full pipe are errors, not silence */
    { ZMQ_ROUTER_HANDOVER, 0 },  /* nobody takes over the route of another */
    { ZMQ_BACKLOG, 1024 },       /* all children come back at once */
    { ZMQ_CURVE_SERVER, 1 },
};

static const struct option tcp_client[] = {
    { ZMQ_RECONNECT_IVL, 1000 },
    { ZMQ_RECONNECT_IVL_MAX, 60000 },
    { ZMQ_CONNECT_TIMEOUT, 10000 },
};

static const struct option local_server[] = {
    { ZMQ_ROUTER_MANDATORY, 1 },
    { ZMQ_ROUTER_HANDOVER, 0 },
    { ZMQ_BACKLOG, 128 },
};

#define SET(raw, table) set_all ((raw), (table), sizeof (table) / sizeof *(table))

static bool set_all (void *raw, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (zmq_setsockopt (raw, options[i].name, &options[i].value, sizeof options[i].value) != 0)
            return false;
    return true;
}

static bool set_limit (void *raw, size_t bytes)
{
    int64_t limit = (int64_t) bytes;
    return zmq_setsockopt (raw, ZMQ_MAXMSGSIZE, &limit, sizeof limit) == 0;
}

static bool set_keys (void *raw, const uint8_t secret[KEY_SIZE], const uint8_t public[KEY_SIZE])
{
    return zmq_setsockopt (raw, ZMQ_CURVE_SECRETKEY, secret, KEY_SIZE) == 0 &&
           zmq_setsockopt (raw, ZMQ_CURVE_PUBLICKEY, public, KEY_SIZE) == 0;
}

/* Without a domain libzmq does not ask the ZAP handler about NULL at all. */
static bool set_domain (void *raw, const char *domain)
{
    int one = 1;
    (void) zmq_setsockopt (raw, OPTION_ZAP_ENFORCE_DOMAIN, &one, sizeof one);
    return zmq_setsockopt (raw, ZMQ_ZAP_DOMAIN, domain, strlen (domain)) == 0;
}

/* libzmq resolves names in the thread that does the I/O, and a name server that is gone holds
 * it up for seconds. Where there are two such threads, parents are looked for in the second. */
static bool set_thread (void *raw, bool resolves)
{
    uint64_t mask = resolves ? 2 : 1;
    if (zmq_ctx_get (zsys_init (), ZMQ_IO_THREADS) < 2)
        return true;
    return zmq_setsockopt (raw, ZMQ_AFFINITY, &mask, sizeof mask) == 0;
}

/* IPv4 seen through an IPv6 socket: the part that people know, or NULL. */
static const char *without_mapping (const char *address)
{
    static const char prefix[] = "::ffff:";
    size_t size = sizeof prefix - 1;
    return strncmp (address, prefix, size) == 0 && strchr (address + size, '.') ? address + size
                                                                                : NULL;
}

/* Undoes a socket that was not finished; errno stays. */
static zsock_t *give_up (zsock_t *sock)
{
    int saved = errno;
    zsock_destroy (&sock);
    errno = saved;
    return NULL;
}

zsock_t *wire_server (const uint8_t link_secret[KEY_SIZE], const uint8_t link_public[KEY_SIZE])
{
    zsock_t *sock = zsock_new (ZMQ_ROUTER);
    if (!sock)
        return NULL;
    void *raw = zsock_resolve (sock);
    if (!SET (raw, every_socket) || !SET (raw, tcp_socket) || !SET (raw, tcp_server) ||
        !set_limit (raw, LINK_FRAME_MAX + CURVE_SLACK) || !set_domain (raw, ZAP_LINKS) ||
        !set_keys (raw, link_secret, link_public) || !set_thread (raw, false))
        return give_up (sock);
    return sock;
}

zsock_t *wire_client (const char *endpoint, const uint8_t server_key[KEY_SIZE],
                      const uint8_t link_secret[KEY_SIZE], const uint8_t link_public[KEY_SIZE])
{
    if (!conf_endpoint (endpoint, false, false)) {
        errno = EINVAL;
        return NULL;
    }
    zsock_t *sock = zsock_new (ZMQ_DEALER);
    if (!sock)
        return NULL;
    void *raw = zsock_resolve (sock);
    if (!SET (raw, every_socket) || !SET (raw, tcp_socket) || !SET (raw, tcp_client) ||
        !set_limit (raw, LINK_FRAME_MAX + CURVE_SLACK) ||
        !set_keys (raw, link_secret, link_public) || !set_thread (raw, true) ||
        zmq_setsockopt (raw, ZMQ_CURVE_SERVERKEY, server_key, KEY_SIZE) != 0 ||
        zmq_connect (raw, endpoint) != 0)
        return give_up (sock);
    return sock;
}

static int say (char *why, size_t why_size, const char *what, const char *reason)
{
    snprintf (why, why_size, "%s: %s", what, reason);
    return -1;
}

static const char *bind_reason (int error)
{
    switch (error) {
    case EADDRINUSE: return "address already in use";
    case EACCES: return "no permission to listen there; ports below 1024 need a privilege";
    case EADDRNOTAVAIL:
    case ENODEV: return "no such address on this machine; use one of its IP addresses, or *";
    default: return zmq_strerror (error);
    }
}

/* Whether `path` is free, after a socket that its process left behind is removed: libzmq would
 * take it away from a process that still answers there. */
static int clear_path (const char *path, char *why, size_t why_size)
{
    struct stat st;
    if (lstat (path, &st) != 0)
        return errno == ENOENT ? 0 : say (why, why_size, path, strerror (errno));
    if (!S_ISSOCK (st.st_mode))
        return say (why, why_size, path, "in the way, and no socket; move it elsewhere");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    snprintf (to.sun_path, sizeof to.sun_path, "%s", path);
    int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return say (why, why_size, path, strerror (errno));
    int error = connect (fd, (const struct sockaddr *) &to, sizeof to) == 0 ? 0 : errno;
    close (fd);
    if (error != ECONNREFUSED)
        return say (why, why_size, path, "another process answers there; is a broker running?");
    if (unlink (path) != 0)
        return say (why, why_size, path, strerror (errno));
    return 0;
}

/* The folder decides who comes as far as the socket; the socket lets them in. */
static int bind_local (void *raw, const char *endpoint)
{
    mode_t mask = umask (0117);
    int result = zmq_bind (raw, endpoint), saved = errno;
    umask (mask);
    errno = saved;
    return result;
}

int wire_bind (zsock_t *sock, const char *endpoint, char *bound, size_t bound_size, char *why,
               size_t why_size)
{
    void *raw = zsock_resolve (sock);
    bool local = strncmp (endpoint, LOCAL, strlen (LOCAL)) == 0;
    *bound = 0;
    if (!conf_endpoint (endpoint, true, true)) {
        snprintf (why, why_size, "no endpoint; expected tcp://HOST:PORT");
        return -1;
    }
    if (local && clear_path (endpoint + strlen (LOCAL), why, why_size) != 0)
        return -1;
    if ((local ? bind_local (raw, endpoint) : zmq_bind (raw, endpoint)) != 0) {
        snprintf (why, why_size, "%s", bind_reason (errno));
        return -1;
    }
    char real[256];
    size_t size = sizeof real;
    if (zmq_getsockopt (raw, ZMQ_LAST_ENDPOINT, real, &size) != 0) {
        snprintf (why, why_size, "%s", zmq_strerror (errno));
        return -1;
    }
    /* tcp://[::ffff:192.0.2.1]:5678 */
    const char *end = local ? NULL : strchr (real, ']');
    const char *host = end ? without_mapping (real + strlen ("tcp://[")) : NULL;
    if (host)
        snprintf (bound, bound_size, "tcp://%.*s%s", (int) (end - host), host, end + 1);
    else
        snprintf (bound, bound_size, "%s", real);
    return 0;
}

static int local_endpoint (const char *path, char endpoint[128], char *why, size_t why_size)
{
    struct sockaddr_un to;
    if (strlen (path) >= sizeof to.sun_path) {
        snprintf (why, why_size, "%.40s...: %zu bytes; a path of a socket has at most %zu", path,
                  strlen (path), sizeof to.sun_path - 1);
        return -1;
    }
    snprintf (endpoint, 128, LOCAL "%s", path);
    if (*path == '@' || *path == '*' || !*path)
        return say (why, why_size, path, "no path of a socket");
    return 0;
}

/* Answers that a node has not read; later ones are lost to it. */
static zsock_t *local_server_of (const char *path, int unread, char *why, size_t why_size)
{
    char endpoint[128];
    if (local_endpoint (path, endpoint, why, why_size) != 0 ||
        clear_path (path, why, why_size) != 0)
        return NULL;
    zsock_t *sock = zsock_new (ZMQ_ROUTER);
    if (!sock) {
        say (why, why_size, path, zmq_strerror (errno));
        return NULL;
    }
    void *raw = zsock_resolve (sock);
    bool good = SET (raw, every_socket) && SET (raw, local_server) &&
                set_limit (raw, WIRE_LOCAL_MAX) && set_domain (raw, ZAP_LOCAL) &&
                zmq_setsockopt (raw, ZMQ_SNDHWM, &unread, sizeof unread) == 0 &&
                set_thread (raw, false) && bind_local (raw, endpoint) == 0;
    if (good)
        return sock;
    say (why, why_size, path, zmq_strerror (errno));
    return give_up (sock);
}

zsock_t *wire_local_server (const char *path, char *why, size_t why_size)
{
    return local_server_of (path, UNREAD_SMALL, why, why_size);
}

zsock_t *wire_local_reader (const char *path, char *why, size_t why_size)
{
    return local_server_of (path, UNREAD_LARGE, why, why_size);
}

zsock_t *wire_local_client (const char *path)
{
    char endpoint[128], why[8];
    if (local_endpoint (path, endpoint, why, sizeof why) != 0) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    zsock_t *sock = zsock_new (ZMQ_DEALER);
    if (!sock)
        return NULL;
    void *raw = zsock_resolve (sock);
    if (!SET (raw, every_socket) || !set_limit (raw, WIRE_LOCAL_MAX) || !set_thread (raw, false) ||
        zmq_connect (raw, endpoint) != 0)
        return give_up (sock);
    return sock;
}

/* Receiving. */

bool wire_route_equal (const struct wire_route *a, const struct wire_route *b)
{
    return a->size == b->size && memcmp (a->bytes, b->bytes, a->size) == 0;
}

static bool is_key (const char *text)
{
    return strlen (text) == 2 * KEY_SIZE && strspn (text, "0123456789abcdef") == 2 * KEY_SIZE;
}

static void read_properties (struct wire_frame *frame)
{
    const char *user = zmq_msg_gets (&frame->msg, "User-Id");
    const char *address = zmq_msg_gets (&frame->msg, "Peer-Address");
    if (user && is_key (user))
        memcpy (frame->user, user, 2 * KEY_SIZE + 1);
    if (address && without_mapping (address))
        address = without_mapping (address);
    if (address && strlen (address) < sizeof frame->address)
        memcpy (frame->address, address, strlen (address) + 1);
}

static bool receive (void *raw, zmq_msg_t *msg)
{
    int rc;
    do
        rc = zmq_msg_recv (msg, raw, ZMQ_DONTWAIT);
    while (rc < 0 && errno == EINTR);
    return rc >= 0;
}

/* The address of a connection, in the same words as a frame has it. */
static bool peer_address (int fd, char *text, size_t size)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    if (getpeername (fd, (struct sockaddr *) &peer, &length) != 0)
        return false;
    if (peer.ss_family != AF_UNIX) {
        if (getnameinfo ((const struct sockaddr *) &peer, length, text, (socklen_t) size, NULL, 0,
                         NI_NUMERICHOST) != 0)
            return false;
        const char *plain = without_mapping (text);
        if (plain)
            memmove (text, plain, strlen (plain) + 1);
        return true;
    }
    struct ucred who;
    length = sizeof who;
    if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0)
        return false;
    snprintf (text, size, "localhost:%u:%u:%d", (unsigned) who.uid, (unsigned) who.gid,
              (int) who.pid);
    return true;
}

/* A ROUTER cannot drop one peer, but its connection can be shut from below. The descriptor may
 * belong to somebody else by now, so it has to lead to the address that the message came from. */
static void shut_connection (const struct wire_frame *frame, zmq_msg_t *part)
{
    char address[NI_MAXHOST];
    int fd = zmq_msg_get (part, ZMQ_SRCFD);
    if (fd >= 0 && *frame->address && peer_address (fd, address, sizeof address) &&
        strcmp (address, frame->address) == 0)
        shutdown (fd, SHUT_RDWR);
}

/* Takes the rest of a message off the pipe: all of it has arrived already. */
static void drop_rest (void *raw, struct wire_frame *frame)
{
    bool more = true;
    for (size_t parts = 2; more; parts++) {
        zmq_msg_t part;
        zmq_msg_init (&part);
        more = receive (raw, &part) && zmq_msg_more (&part);
        if (parts == PARTS_MAX)
            shut_connection (frame, &part);
        zmq_msg_close (&part);
    }
}

static enum wire_result hostile (struct wire_frame *frame)
{
    wire_free (frame);
    return WIRE_HOSTILE;
}

/* The one part of a message, after the route. */
static enum wire_result receive_frame (void *raw, struct wire_frame *frame)
{
    if (!receive (raw, &frame->msg))
        return WIRE_EMPTY;
    read_properties (frame);
    frame->fd = zmq_msg_get (&frame->msg, ZMQ_SRCFD);
    if (zmq_msg_more (&frame->msg)) {
        drop_rest (raw, frame);
        return hostile (frame);
    }
    frame->bytes = span_bytes (zmq_msg_data (&frame->msg), zmq_msg_size (&frame->msg));
    return WIRE_OK;
}

enum wire_result wire_recv_router (zsock_t *sock, struct wire_frame *frame)
{
    void *raw = zsock_resolve (sock);
    memset (frame, 0, sizeof *frame);
    zmq_msg_init (&frame->msg);
    zmq_msg_t route;
    zmq_msg_init (&route);
    if (!receive (raw, &route))
        return WIRE_EMPTY;
    const uint8_t *id = zmq_msg_data (&route);
    size_t size = zmq_msg_size (&route);
    bool more = zmq_msg_more (&route), generated = size == ROUTE_GENERATED && id[0] == 0;
    if (size <= WIRE_ROUTE) {
        frame->route.size = (uint8_t) size;
        memcpy (frame->route.bytes, id, size);
    }
    zmq_msg_close (&route);
    enum wire_result result = more ? receive_frame (raw, frame) : hostile (frame);
    return result == WIRE_OK && !generated ? hostile (frame) : result;
}

enum wire_result wire_recv_dealer (zsock_t *sock, struct wire_frame *frame)
{
    memset (frame, 0, sizeof *frame);
    zmq_msg_init (&frame->msg);
    enum wire_result result = receive_frame (zsock_resolve (sock), frame);
    frame->user[0] = 0; /* the server's key is the one that was connected to */
    return result;
}

void wire_free (struct wire_frame *frame)
{
    zmq_msg_close (&frame->msg);
    zmq_msg_init (&frame->msg);
    frame->bytes = span_bytes (NULL, 0);
}

/* Sending. */

static void fill (zmq_msg_t *msg, struct span bytes)
{
    if (zmq_msg_init_size (msg, bytes.size) != 0)
        abort (); /* out of memory */
    if (bytes.size)
        memcpy (zmq_msg_data (msg), bytes.data, bytes.size);
}

static enum wire_result send_part (void *raw, struct span bytes, int flags)
{
    zmq_msg_t msg;
    fill (&msg, bytes);
    int rc;
    do
        rc = zmq_msg_send (&msg, raw, ZMQ_DONTWAIT | flags);
    while (rc < 0 && errno == EINTR);
    if (rc >= 0)
        return WIRE_OK;
    int error = errno;
    zmq_msg_close (&msg);
    return error == EAGAIN ? WIRE_EMPTY : WIRE_GONE;
}

enum wire_result wire_send_router (zsock_t *sock, const struct wire_route *route, struct span bytes)
{
    void *raw = zsock_resolve (sock);
    enum wire_result result = send_part (raw, span_bytes (route->bytes, route->size), ZMQ_SNDMORE);
    return result == WIRE_OK ? send_part (raw, bytes, 0) : result;
}

enum wire_result wire_send_dealer (zsock_t *sock, struct span bytes)
{
    return send_part (zsock_resolve (sock), bytes, 0);
}

/* Who is at the other end of a local socket. */

static bool number (const char **at, char end, uint32_t *out)
{
    size_t digits = strspn (*at, "0123456789");
    if (digits == 0 || digits > 10 || (*at)[digits] != end)
        return false;
    unsigned long long value = strtoull (*at, NULL, 10);
    if (value > UINT32_MAX)
        return false;
    *out = (uint32_t) value;
    *at += digits + 1;
    return true;
}

bool wire_peer_uid (const char *address, uint32_t *uid, uint32_t *gid, uint32_t *pid)
{
    static const char prefix[] = "localhost:";
    if (strncmp (address, prefix, sizeof prefix - 1) != 0)
        return false;
    address += sizeof prefix - 1;
    return number (&address, ':', uid) && number (&address, ':', gid) && number (&address, 0, pid);
}
