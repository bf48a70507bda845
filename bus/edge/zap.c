/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/zap.h"

#include "bus/edge/log.h"
#include "bus/edge/wire.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
/* The parts of a request (RFC 27), the last two being CURVE's and PLAIN's credentials. */
enum { VERSION, REQUEST_ID, DOMAIN, ADDRESS, IDENTITY, MECHANISM, CREDENTIAL, PARTS = 8 };
#define PART_MAX     255
#define NULL_PARTS   CREDENTIAL
#define CURVE_PARTS  (CREDENTIAL + 1)
#define LOG_EVERY_MS 1000

struct zap {
    zactor_t *actor;
    bool bound;
    /* Held while a request is decided and answered, and while keys are replaced: so what
     * zap_admit took away admits nobody after it has returned. */
    pthread_mutex_t lock;
    struct hash *keys; /* sorted */
    size_t count;
    int64_t logged;
};

struct request {
    size_t count; /* may exceed PARTS: the rest was dropped */
    zmq_msg_t part[PARTS];
};

static struct span part_of (struct request *r, size_t i)
{
    return span_bytes (zmq_msg_data (&r->part[i]), zmq_msg_size (&r->part[i]));
}

static int by_bytes (const void *a, const void *b)
{
    return memcmp (a, b, HASH_SIZE);
}

static bool well_formed (struct request *r)
{
    if (r->count < NULL_PARTS || r->count > PARTS)
        return false;
    for (size_t i = 0; i < r->count; i++)
        if (zmq_msg_size (&r->part[i]) > PART_MAX)
            return false;
    return span_is (part_of (r, VERSION), "1.0");
}

/* Whether to let the peer in; `user` gets its key in hex, or nothing for a local one. */
static bool admitted (const struct zap *self, struct request *r, char user[2 * KEY_SIZE + 1])
{
    *user = 0;
    if (!well_formed (r))
        return false;
    struct span domain = part_of (r, DOMAIN), mechanism = part_of (r, MECHANISM);
    if (span_is (domain, ZAP_LOCAL)) {
        char address[PART_MAX + 1];
        uint32_t uid, gid, pid;
        span_text (part_of (r, ADDRESS), address, sizeof address);
        /* Only a local socket has an address with a uid: never TCP in this domain. */
        return r->count == NULL_PARTS && span_is (mechanism, "NULL") &&
               wire_peer_uid (address, &uid, &gid, &pid);
    }
    if (!span_is (domain, ZAP_LINKS) || !span_is (mechanism, "CURVE") || r->count != CURVE_PARTS)
        return false;
    struct span key = part_of (r, CREDENTIAL);
    if (key.size != KEY_SIZE || !self->count ||
        !bsearch (key.data, self->keys, self->count, sizeof *self->keys, by_bytes))
        return false;
    sodium_bin2hex (user, 2 * KEY_SIZE + 1, key.data, key.size);
    return true;
}

/* One line a second at most: whoever is not let in does not fill the disk. */
static void log_denied (struct zap *self, struct request *r)
{
    int64_t now = clock_steady ();
    if (self->logged && now - self->logged < LOG_EVERY_MS)
        return;
    self->logged = now;
    char key[2 * KEY_SIZE + 1] = "none";
    struct span address = span_of ("?");
    if (well_formed (r)) {
        address = part_of (r, ADDRESS);
        if (r->count == CURVE_PARTS && zmq_msg_size (&r->part[CREDENTIAL]) == KEY_SIZE)
            sodium_bin2hex (key, sizeof key, zmq_msg_data (&r->part[CREDENTIAL]), KEY_SIZE);
    }
    log_info ("a connection from " SPAN_FMT " was refused; link key: %s", SPAN_ARG (address), key);
}

static void put (void *sock, struct span bytes, bool more)
{
    /* To a peer in this process that waits for it; if it has left, nobody misses it. */
    zmq_send (sock, bytes.data, bytes.size, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
}

static void answer (struct zap *self, void *sock, struct request *r)
{
    char user[2 * KEY_SIZE + 1];
    struct span id = span_of ("");
    if (r->count > REQUEST_ID && zmq_msg_size (&r->part[REQUEST_ID]) <= PART_MAX)
        id = part_of (r, REQUEST_ID);
    pthread_mutex_lock (&self->lock);
    bool good = admitted (self, r, user);
    put (sock, span_of ("1.0"), true);
    put (sock, id, true);
    put (sock, span_of (good ? "200" : "400"), true);
    put (sock, span_of (good ? "OK" : "not admitted"), true);
    put (sock, span_of (user), true);
    put (sock, span_of (""), false);
    pthread_mutex_unlock (&self->lock);
    if (!good)
        log_denied (self, r);
}

static void serve (struct zap *self, void *sock)
{
    struct request r = { .count = 0 };
    bool more = true, got = true;
    while (more && got) {
        zmq_msg_t msg;
        zmq_msg_init (&msg);
        got = zmq_msg_recv (&msg, sock, ZMQ_DONTWAIT) >= 0;
        more = got && zmq_msg_more (&msg);
        if (got && r.count < PARTS) {
            zmq_msg_init (&r.part[r.count]);
            zmq_msg_move (&r.part[r.count], &msg);
        }
        r.count += got;
        zmq_msg_close (&msg);
    }
    if (r.count)
        answer (self, sock, &r);
    for (size_t i = 0; i < r.count && i < PARTS; i++)
        zmq_msg_close (&r.part[i]);
}

static void run (zsock_t *pipe, void *args)
{
    struct zap *self = args;
    zsock_t *handler = zsock_new (ZMQ_REP);
    self->bound = handler && zmq_bind (zsock_resolve (handler), ZAP_ENDPOINT) == 0;
    zsock_signal (pipe, 0);
    void *control = zsock_resolve (pipe), *requests = handler ? zsock_resolve (handler) : NULL;
    zmq_pollitem_t items[] = { { control, 0, ZMQ_POLLIN, 0 }, { requests, 0, ZMQ_POLLIN, 0 } };
    for (;;) {
        int n = zmq_poll (items, self->bound ? 2 : 1, -1);
        if (n < 0 && errno != EINTR)
            break;
        if (n <= 0)
            continue;
        if (items[0].revents) /* the only thing that is ever said here is $TERM */
            break;
        if (items[1].revents)
            serve (self, requests);
    }
    /* Now, and not when libzmq comes round to it: the next handler finds the place free. */
    if (self->bound)
        zmq_unbind (requests, ZAP_ENDPOINT);
    zsock_destroy (&handler);
}

struct zap *zap_start (void)
{
    struct zap *self = calloc (1, sizeof *self);
    if (!self)
        abort ();
    pthread_mutex_init (&self->lock, NULL);
    self->actor = zactor_new (run, self);
    if (!self->actor || !self->bound)
        zap_stop (&self);
    return self;
}

void zap_stop (struct zap **self)
{
    if (!*self)
        return;
    zactor_destroy (&(*self)->actor);
    pthread_mutex_destroy (&(*self)->lock);
    free ((*self)->keys);
    free (*self);
    *self = NULL;
}

void zap_admit (struct zap *self, const struct hash *keys, size_t count)
{
    struct hash *sorted = calloc (count ? count : 1, sizeof *sorted);
    if (!sorted)
        abort ();
    if (count) {
        memcpy (sorted, keys, count * sizeof *sorted);
        qsort (sorted, count, sizeof *sorted, by_bytes);
    }
    pthread_mutex_lock (&self->lock);
    struct hash *old = self->keys;
    self->keys = sorted;
    self->count = count;
    pthread_mutex_unlock (&self->lock);
    free (old);
}

/* The proof that the door is shut. */

/* A name of its own each time: libzmq frees that of a monitor some time after its end. */
static void *monitor (void *sock)
{
    static atomic_uint made;
    char name[64];
    int zero = 0;
    snprintf (name, sizeof name, "inproc://certbus.rogue.%u", made++);
    void *events = zmq_socket (zsys_init (), ZMQ_PAIR);
    if (!events || zmq_setsockopt (events, ZMQ_LINGER, &zero, sizeof zero) != 0 ||
        zmq_socket_monitor (sock, name, ZMQ_EVENT_ALL) != 0 || zmq_connect (events, name) != 0) {
        if (events)
            zmq_close (events);
        return NULL;
    }
    return events;
}

/* The next event of a monitor; 0: none in time. */
static unsigned next_event (void *events, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - clock_steady ();
        zmq_pollitem_t item = { events, 0, ZMQ_POLLIN, 0 };
        int n = left > 0 ? zmq_poll (&item, 1, (long) left) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        uint8_t head[6];
        char address[256];
        uint16_t event = 0;
        int size = zmq_recv (events, head, sizeof head, ZMQ_DONTWAIT);
        zmq_recv (events, address, sizeof address, ZMQ_DONTWAIT);
        if (size != (int) sizeof head)
            continue;
        memcpy (&event, head, sizeof event);
        if (event)
            return event;
    }
}

/* Only a connection that came about ends with one of these: one that never did,
 * or that hangs, proves nothing. */
static bool seen_refused (void *events, int64_t deadline)
{
    for (;;) {
        switch (next_event (events, deadline)) {
        case 0:
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return false;
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        case ZMQ_EVENT_DISCONNECTED: return true;
        default: break;
        }
    }
}

static bool set_rogue_keys (void *sock, const uint8_t server_key[KEY_SIZE])
{
    uint8_t public[KEY_SIZE], secret[KEY_SIZE];
    crypto_box_keypair (public, secret);
    return zmq_setsockopt (sock, ZMQ_CURVE_SERVERKEY, server_key, KEY_SIZE) == 0 &&
           zmq_setsockopt (sock, ZMQ_CURVE_PUBLICKEY, public, KEY_SIZE) == 0 &&
           zmq_setsockopt (sock, ZMQ_CURVE_SECRETKEY, secret, KEY_SIZE) == 0;
}

/* With a key that nobody knows, or without CURVE when `server_key` is NULL. */
static bool refuses (const char *endpoint, const uint8_t *server_key, int64_t deadline)
{
    int zero = 0, one = 1, never = -1;
    bool refused = false;
    void *events = NULL, *sock = zmq_socket (zsys_init (), ZMQ_DEALER);
    if (!sock)
        return false;
    if (zmq_setsockopt (sock, ZMQ_LINGER, &zero, sizeof zero) != 0 ||
        zmq_setsockopt (sock, ZMQ_IPV6, &one, sizeof one) != 0 ||
        zmq_setsockopt (sock, ZMQ_RECONNECT_IVL, &never, sizeof never) != 0)
        goto close_sock;
    if (server_key && !set_rogue_keys (sock, server_key))
        goto close_sock;
    events = monitor (sock);
    if (!events)
        goto close_sock;
    refused = zmq_connect (sock, endpoint) == 0 && seen_refused (events, deadline);
    zmq_socket_monitor (sock, NULL, 0);
    zmq_close (events);
close_sock:
    zmq_close (sock);
    return refused;
}

bool zap_proves_closed (const char *endpoint, const uint8_t server_key[KEY_SIZE], int timeout)
{
    if (sodium_init () < 0)
        abort ();
    int64_t deadline = clock_steady () + timeout;
    return refuses (endpoint, server_key, deadline) && refuses (endpoint, NULL, deadline);
}
