/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/wire.h"

#include "bus/edge/zap.h"
#include "tests/unit/support_wire.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct link {
    struct zap *zap;
    zsock_t *server, *client;
    struct link_keys keys, child, rival;
    char endpoint[64];
};

static int open_link (void **state)
{
    static struct link link;
    char why[128];
    memset (&link, 0, sizeof link);
    link_keys_make (&link.keys);
    link_keys_make (&link.child);
    link_keys_make (&link.rival);
    link.zap = zap_start ();
    struct hash keys[] = { link.child.key, link.rival.key };
    zap_admit (link.zap, keys, 2);
    link.server = wire_server (link.keys.secret, link.keys.public);
    assert_int_equal (wire_bind (link.server, "tcp://127.0.0.1:*", link.endpoint,
                                 sizeof link.endpoint, why, sizeof why),
                      0);
    link.client =
        wire_client (link.endpoint, link.keys.public, link.child.secret, link.child.public);
    assert_non_null (link.client);
    *state = &link;
    return 0;
}

static int close_link (void **state)
{
    struct link *link = *state;
    zsock_destroy (&link->client);
    zsock_destroy (&link->server);
    zap_stop (&link->zap);
    return 0;
}

static void *rival_of (struct link *link, const char *routing_id)
{
    return raw_dealer (link->endpoint, link->keys.public, &link->rival, routing_id);
}

static void say (zsock_t *client, const char *text)
{
    assert_int_equal (wire_send_dealer (client, span_of (text)), WIRE_OK);
}

static void hear (zsock_t *server, const char *text)
{
    struct wire_frame frame;
    assert_int_equal (next_router (server, &frame), WIRE_OK);
    assert_true (span_is (frame.bytes, text));
    wire_free (&frame);
}

static void a_frame_names_the_key_and_address_of_its_connection (void **state)
{
    struct link *link = *state;
    struct wire_frame frame;
    say (link->client, "hello");
    assert_int_equal (next_router (link->server, &frame), WIRE_OK);
    assert_true (span_is (frame.bytes, "hello"));
    assert_string_equal (frame.user, link->child.hex);
    assert_string_equal (frame.address, "127.0.0.1");
    assert_int_equal (frame.route.size, 5);
    wire_free (&frame);
    wire_free (&frame);
    assert_int_equal (wire_recv_router (link->server, &frame), WIRE_EMPTY);
    wire_free (&frame);
}

static void an_answer_goes_back_by_the_route_and_to_nobody_else (void **state)
{
    struct link *link = *state;
    struct wire_frame frame, other;
    void *rival = rival_of (link, NULL);
    raw_send_parts (rival, 1);
    assert_int_equal (next_router (link->server, &other), WIRE_OK);
    say (link->client, "question");
    assert_int_equal (next_router (link->server, &frame), WIRE_OK);
    assert_false (wire_route_equal (&frame.route, &other.route));
    assert_int_equal (wire_send_router (link->server, &frame.route, span_of ("answer")), WIRE_OK);
    wire_free (&frame);
    wire_free (&other);
    assert_int_equal (next_dealer (link->client, &frame), WIRE_OK);
    assert_true (span_is (frame.bytes, "answer"));
    assert_string_equal (frame.user, "");
    wire_free (&frame);
    assert_int_equal (wire_recv_dealer (link->client, &frame), WIRE_EMPTY);
    assert_false (readable (rival, 0));
    zmq_close (rival);
}

static void an_empty_frame_is_a_frame (void **state)
{
    struct link *link = *state;
    struct wire_frame frame;
    say (link->client, "");
    assert_int_equal (next_router (link->server, &frame), WIRE_OK);
    assert_int_equal (frame.bytes.size, 0);
    wire_free (&frame);
}

static void the_largest_frame_passes_and_a_larger_one_never_arrives (void **state)
{
    struct link *link = *state;
    struct wire_frame frame;
    uint8_t *bytes = calloc (1, LINK_FRAME_MAX + 100);
    assert_int_equal (wire_send_dealer (link->client, span_bytes (bytes, LINK_FRAME_MAX)), WIRE_OK);
    assert_int_equal (next_router (link->server, &frame), WIRE_OK);
    assert_int_equal (frame.bytes.size, LINK_FRAME_MAX);
    wire_free (&frame);
    assert_int_equal (wire_send_dealer (link->client, span_bytes (bytes, LINK_FRAME_MAX + 100)),
                      WIRE_OK);
    assert_int_equal (none_router (link->server, &frame), WIRE_EMPTY);
    free (bytes);
    /* The connection was cut for it, and is made again. */
    say (link->client, "after");
    hear (link->server, "after");
}

static void a_message_of_two_parts_is_hostile_and_names_its_sender (void **state)
{
    struct link *link = *state;
    struct wire_frame frame;
    void *rival = rival_of (link, NULL);
    raw_send_parts (rival, 2);
    assert_int_equal (next_router (link->server, &frame), WIRE_HOSTILE);
    assert_string_equal (frame.user, link->rival.hex);
    assert_int_equal (frame.route.size, 5);
    assert_int_equal (frame.bytes.size, 0);
    assert_int_equal (wire_send_router (link->server, &frame.route, span_of ("no")), WIRE_OK);
    /* What follows it is read from its beginning. */
    raw_send_parts (rival, 1);
    hear (link->server, "part");
    zmq_close (rival);
}

/* Waits for the end of a connection that was there. */
static bool is_cut (void *events)
{
    uint8_t head[6];
    char address[256];
    uint16_t event = 0;
    while (event != ZMQ_EVENT_DISCONNECTED) {
        if (!readable (events, 5000))
            return false;
        assert_int_equal (zmq_recv (events, head, sizeof head, 0), sizeof head);
        memcpy (&event, head, sizeof event);
        zmq_recv (events, address, sizeof address, 0);
    }
    return true;
}

static void *monitor (void *raw, const char *name)
{
    void *events = zmq_socket (zsys_init (), ZMQ_PAIR);
    assert_int_equal (zmq_socket_monitor (raw, name, ZMQ_EVENT_DISCONNECTED), 0);
    assert_int_equal (zmq_connect (events, name), 0);
    return events;
}

static void a_message_of_very_many_parts_cuts_its_own_connection_alone (void **state)
{
    struct link *link = *state;
    struct wire_frame frame;
    void *rival = rival_of (link, NULL);
    void *rivals_end = monitor (rival, "inproc://test.rival");
    void *childs_end = monitor (zsock_resolve (link->client), "inproc://test.child");
    say (link->client, "before");
    hear (link->server, "before");
    raw_send_parts (rival, 63);
    assert_int_equal (next_router (link->server, &frame), WIRE_HOSTILE);
    assert_false (readable (rivals_end, 200));
    raw_send_parts (rival, 5000);
    assert_int_equal (next_router (link->server, &frame), WIRE_HOSTILE);
    assert_string_equal (frame.user, link->rival.hex);
    assert_true (is_cut (rivals_end));
    assert_int_equal (wire_recv_router (link->server, &frame), WIRE_EMPTY);
    say (link->client, "after");
    hear (link->server, "after");
    assert_false (readable (childs_end, 0));
    zmq_close (rival);
    zmq_close (rivals_end);
    zmq_close (childs_end);
}

static void a_routing_id_of_the_peers_own_choice_is_hostile (void **state)
{
    struct link *link = *state;
    static const char *const chosen[] = { "x", "five!", "eightlet", "a rather long routing id" };
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++) {
        struct wire_frame frame;
        void *rival = rival_of (link, chosen[i]);
        raw_send_parts (rival, 1);
        assert_int_equal (next_router (link->server, &frame), WIRE_HOSTILE);
        assert_string_equal (frame.user, link->rival.hex);
        assert_int_equal (frame.bytes.size, 0);
        zmq_close (rival);
    }
}

static void a_route_that_is_gone_is_said_to_be_gone (void **state)
{
    struct link *link = *state;
    struct wire_route route = { .size = 5, .bytes = { 0, 1, 2, 3, 4 } };
    assert_int_equal (wire_send_router (link->server, &route, span_of ("x")), WIRE_GONE);
    say (link->client, "x");
    hear (link->server, "x");
}

static void a_peer_that_does_not_read_fills_its_own_pipe_alone (void **state)
{
    struct link *link = *state;
    struct wire_frame frame;
    static const uint8_t bytes[64 * 1024];
    zsock_t *lazy =
        wire_client (link->endpoint, link->keys.public, link->rival.secret, link->rival.public);
    say (lazy, "I listen");
    assert_int_equal (next_router (link->server, &frame), WIRE_OK);
    struct wire_route route = frame.route;
    wire_free (&frame);
    /* Full when nothing moves for a while: the I/O thread has handed on what it could. */
    size_t sent = 0, stuck = 0;
    while (stuck < 20 && sent < 1000) {
        if (wire_send_router (link->server, &route, span_bytes (bytes, sizeof bytes)) == WIRE_OK) {
            sent++;
            stuck = 0;
        } else {
            stuck++;
            poll (NULL, 0, 10);
        }
    }
    assert_in_range (sent, 16, 100);
    assert_int_equal (wire_send_router (link->server, &route, span_bytes (bytes, sizeof bytes)),
                      WIRE_EMPTY);
    say (link->client, "and the others");
    assert_int_equal (next_router (link->server, &frame), WIRE_OK);
    assert_int_equal (wire_send_router (link->server, &frame.route, span_of ("do")), WIRE_OK);
    wire_free (&frame);
    assert_int_equal (next_dealer (link->client, &frame), WIRE_OK);
    wire_free (&frame);
    for (size_t i = 0; i < sent; i++) {
        assert_int_equal (next_dealer (lazy, &frame), WIRE_OK);
        assert_int_equal (frame.bytes.size, sizeof bytes);
        wire_free (&frame);
    }
    zsock_destroy (&lazy);
}

static void sending_to_a_parent_that_is_away_never_blocks (void **state)
{
    struct link *link = *state;
    zsock_destroy (&link->server);
    zsock_t *client =
        wire_client (link->endpoint, link->keys.public, link->child.secret, link->child.public);
    size_t sent = 0;
    while (sent < 1000 && wire_send_dealer (client, span_of ("x")) == WIRE_OK)
        sent++;
    assert_int_equal (sent, 16);
    assert_int_equal (wire_send_dealer (client, span_of ("x")), WIRE_EMPTY);
    zsock_destroy (&client);
}

static void binding_says_what_is_wrong (void **state)
{
    struct link *link = *state;
    char bound[64], why[256];
    const struct {
        const char *endpoint, *says;
    } cases[] = {
        { link->endpoint, "address already in use" },
        { "tcp://192.0.2.77:7801", "no such address on this machine" },
        { "tcp//127.0.0.1:7801", "no endpoint; expected tcp://HOST:PORT" },
        { "tcp://127.0.0.1:70000", "no endpoint" },
        { "inproc://x", "no endpoint" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zsock_t *server = wire_server (link->keys.secret, link->keys.public);
        assert_int_equal (
            wire_bind (server, cases[i].endpoint, bound, sizeof bound, why, sizeof why), -1);
        if (!strstr (why, cases[i].says))
            fail_msg ("%s", why);
        zsock_destroy (&server);
    }
}

static void one_server_listens_at_several_places (void **state)
{
    struct link *link = *state;
    char bound[64], why[256];
    assert_int_equal (
        wire_bind (link->server, "tcp://127.0.0.1:*", bound, sizeof bound, why, sizeof why), 0);
    assert_string_not_equal (bound, link->endpoint);
    zsock_t *client =
        wire_client (bound, link->keys.public, link->rival.secret, link->rival.public);
    say (client, "here");
    hear (link->server, "here");
    zsock_destroy (&client);
}

static void a_client_takes_only_an_endpoint_of_a_parent (void **state)
{
    struct link *link = *state;
    static const char *const wrong[] = { "",
                                         "tcp://",
                                         "tcp://*:7801",
                                         "tcp://127.0.0.1:*",
                                         "ipc://run/bus",
                                         "inproc://zeromq.zap.01",
                                         "tcp://127.0.0.1:1;127.0.0.1:2",
                                         "udp://127.0.0.1:1" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_null (
            wire_client (wrong[i], link->keys.public, link->child.secret, link->child.public));
}

/* What comes before anyone is known, from a peer that speaks the bytes itself. */

static int raw_connection (const struct link *link)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port =
                                  htons ((uint16_t) atoi (strrchr (link->endpoint, ':') + 1)),
                              .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (connect (fd, (const struct sockaddr *) &to, sizeof to), 0);
    return fd;
}

/* Whether the other side ends the connection within `ms`. */
static bool ends_within (int fd, int ms)
{
    char bytes[512];
    struct pollfd item = { .fd = fd, .events = POLLIN };
    while (poll (&item, 1, ms) > 0)
        if (recv (fd, bytes, sizeof bytes, 0) <= 0)
            return true;
    return false;
}

static void a_gigabyte_before_the_handshake_is_cut_off (void **state)
{
    int fd = raw_connection (*state);
    bytes_greet (fd, "CURVE");
    static const char header[9] = "\x06\0\0\0\0\x40\0\0";
    assert_int_equal (send (fd, header, sizeof header, 0), sizeof header);
    assert_true (ends_within (fd, 2000));
    close (fd);
}

static void a_connection_that_says_nothing_is_ended (void **state)
{
    int fd = raw_connection (*state);
    assert_true (ends_within (fd, 8000));
    close (fd);
}

#define LINK_TEST(f) cmocka_unit_test_setup_teardown (f, open_link, close_link)

int main (void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST (a_frame_names_the_key_and_address_of_its_connection),
        LINK_TEST (an_answer_goes_back_by_the_route_and_to_nobody_else),
        LINK_TEST (an_empty_frame_is_a_frame),
        LINK_TEST (the_largest_frame_passes_and_a_larger_one_never_arrives),
        LINK_TEST (a_message_of_two_parts_is_hostile_and_names_its_sender),
        LINK_TEST (a_message_of_very_many_parts_cuts_its_own_connection_alone),
        LINK_TEST (a_routing_id_of_the_peers_own_choice_is_hostile),
        LINK_TEST (a_route_that_is_gone_is_said_to_be_gone),
        LINK_TEST (a_peer_that_does_not_read_fills_its_own_pipe_alone),
        LINK_TEST (sending_to_a_parent_that_is_away_never_blocks),
        LINK_TEST (binding_says_what_is_wrong),
        LINK_TEST (one_server_listens_at_several_places),
        LINK_TEST (a_client_takes_only_an_endpoint_of_a_parent),
        LINK_TEST (a_gigabyte_before_the_handshake_is_cut_off),
        LINK_TEST (a_connection_that_says_nothing_is_ended),
    };
    zsys_handler_set (NULL);
    return ended (cmocka_run_group_tests (tests, NULL, NULL));
}
