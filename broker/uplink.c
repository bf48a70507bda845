/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/uplink.h"

#include "broker/peer.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"

#include <stdlib.h>

#define FRAMES_A_TURN 64

struct uplink {
    struct station *station;
    zsock_t *monitor;      /* PAIR: what happens to the connection */
    unsigned monitors;     /* made so far: their names are freed later than their sockets */
    uint8_t key[KEY_SIZE]; /* of the parent, that was tried last */
    bool lost;             /* a connection that worked was */
    bool refused;          /* the other side ended the handshake */
};

const char *uplink_endpoint (const struct station *station)
{
    if (station->endpoint_count == 0)
        return "";
    return station->endpoints[station->endpoint_now % station->endpoint_count];
}

static int on_frame (zloop_t *loop, zsock_t *sock, void *arg)
{
    (void) loop;
    struct station *station = arg;
    for (int i = 0; i < FRAMES_A_TURN && sock == station->parent->sock; i++) {
        struct wire_frame frame;
        enum wire_result result = wire_recv_dealer (sock, &frame);
        if (result == WIRE_OK)
            ingress_took (station->ingress, frame.fd, frame.bytes.size);
        if (result == WIRE_OK)
            peer_frame (station->parent, &frame);
        else if (result == WIRE_HOSTILE)
            peer_malformed (station->parent, "a message of several parts");
        else
            break;
    }
    station_turn (station);
    return 0;
}

static void on_connected (struct station *station)
{
    struct peer *parent = station->parent;
    if (parent->banned_until > clock_steady ())
        return;
    parent->retry_at = 0;
    if (parent->state == LINK_OPEN)
        peer_begin_again (parent, "the connection is a new one");
}

static void on_lost (struct station *station)
{
    struct peer *parent = station->parent;
    if (parent->state != LINK_OPEN)
        return;
    peer_enter (parent, link_step (parent->state, LINK_EVENT_CUT).next);
    parent->retry_at = 0;
    station->uplink->lost = true;
}

static int on_event (zloop_t *loop, zsock_t *sock, void *arg)
{
    (void) loop;
    struct station *station = arg;
    /* A timer of this turn may have made another one; the loop does not know yet. */
    if (sock != station->uplink->monitor)
        return 0;
    zmsg_t *msg = zmsg_recv_nowait (sock);
    if (msg == NULL)
        return 0;
    zframe_t *first = zmsg_first (msg);
    uint16_t event = 0;
    if (first != NULL && zframe_size (first) >= sizeof event)
        memcpy (&event, zframe_data (first), sizeof event);
    zmsg_destroy (&msg);
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        on_connected (station);
    else if (event == ZMQ_EVENT_DISCONNECTED)
        on_lost (station);
    else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        station->uplink->refused = true;
    station_turn (station);
    return 0;
}

static void disconnect (struct uplink *self)
{
    struct station *station = self->station;
    if (self->monitor != NULL)
        zloop_reader_end (station->loop, self->monitor);
    if (station->parent->sock != NULL) {
        zloop_reader_end (station->loop, station->parent->sock);
        zmq_socket_monitor (zsock_resolve (station->parent->sock), NULL, 0);
    }
    zsock_destroy (&self->monitor);
    zsock_destroy (&station->parent->sock);
}

/* The parent's key of the generation before, while that counts. NULL: none. Lost keys do not:
 * who has them would be taken for the parent. */
static const uint8_t *former_key (const struct station *station)
{
    const struct credential *now = &station->parent->entry->credential;
    const struct entry *before =
        now->previous != NULL ? directory_by_hash (station->directory, now->previous) : NULL;
    bool differs = before != NULL && !before->revoked &&
                   trust_succeeds (now, &before->credential) &&
                   memcmp (before->credential.link_key, now->link_key, KEY_SIZE) != 0;
    return differs ? before->credential.link_key : NULL;
}

bool uplink_refused (const struct station *station)
{
    return station->uplink->refused && former_key (station) != NULL;
}

/* The parent's key in force, or the one before it, by turns: it has not taken in its new
 * credential yet, or we heard of it late. True: the turns begin anew. */
static bool choose_key (struct uplink *self)
{
    struct station *station = self->station;
    const uint8_t *now = station->parent->entry->credential.link_key;
    const uint8_t *former = former_key (station);
    bool tried = memcmp (self->key, now, KEY_SIZE) == 0;
    memcpy (self->key, former != NULL && tried ? former : now, KEY_SIZE);
    self->refused = false;
    return former == NULL || !tried;
}

static void connect_now (struct uplink *self)
{
    struct station *station = self->station;
    struct peer *parent = station->parent;
    const char *endpoint = uplink_endpoint (station);
    if (endpoint[0] == '\0') {
        log_warning ("%s: no endpoint is known; set `parent` in certbus.conf", parent->name);
        return;
    }
    parent->sock =
        wire_client (endpoint, self->key, station->keys.link_secret, station->keys.link_public);
    if (parent->sock == NULL) {
        log_error ("%s: \"%s\" is no endpoint", parent->name, endpoint);
        return;
    }
    log_info ("%s: connecting to %s", parent->name, endpoint);
    char name[64];
    snprintf (name, sizeof name, "inproc://certbus.uplink.%u", self->monitors++);
    self->monitor = zsock_new (ZMQ_PAIR);
    if (self->monitor == NULL ||
        zmq_socket_monitor (zsock_resolve (parent->sock), name,
                            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                                ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) != 0 ||
        zsock_connect (self->monitor, "%s", name) != 0)
        log_error ("%s: the connection cannot be watched: %s", parent->name,
                   zmq_strerror (zmq_errno ()));
    zloop_reader (station->loop, parent->sock, on_frame, station);
    zloop_reader (station->loop, self->monitor, on_event, station);
}

struct uplink *uplink_open (struct station *station)
{
    struct uplink *self = calloc (1, sizeof *self);
    if (self == NULL)
        abort ();
    self->station = station;
    choose_key (self);
    connect_now (self);
    return self;
}

void uplink_close (struct uplink **self_p)
{
    if (*self_p == NULL)
        return;
    disconnect (*self_p);
    free (*self_p);
    *self_p = NULL;
}

void uplink_next (struct station *station)
{
    /* Also with one endpoint: libzmq never connects again after a refusal, as of one
     * who comes before it is admitted. */
    disconnect (station->uplink);
    if (choose_key (station->uplink) && station->endpoint_count > 0)
        station->endpoint_now = (station->endpoint_now + 1) % station->endpoint_count;
    connect_now (station->uplink);
}

void uplink_reset (struct station *station)
{
    disconnect (station->uplink);
    station->parent->greeting = false;
    peer_enter (station->parent, LINK_IDLE);
    station->endpoint_now = 0;
    connect_now (station->uplink);
}

void uplink_refresh (struct station *station)
{
    struct uplink *self = station->uplink;
    const uint8_t *now = station->parent->entry->credential.link_key;
    bool lost = self->lost;
    self->lost = false;
    if (lost && memcmp (self->key, now, KEY_SIZE) != 0)
        uplink_next (station);
}
