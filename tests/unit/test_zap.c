/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/zap.h"

#include "tests/unit/support_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PROOF_MS 5000

struct door {
    struct zap *zap;
    zsock_t *server;
    struct link_keys keys, child, stranger;
    char endpoint[64];
};

static void bind_anywhere (zsock_t *server, char endpoint[64])
{
    char why[128];
    assert_int_equal (wire_bind (server, "tcp://127.0.0.1:*", endpoint, 64, why, sizeof why), 0);
}

static int open_door (void **state)
{
    static struct door door;
    memset (&door, 0, sizeof door);
    link_keys_make (&door.keys);
    link_keys_make (&door.child);
    link_keys_make (&door.stranger);
    door.zap = zap_start ();
    assert_non_null (door.zap);
    door.server = wire_server (door.keys.secret, door.keys.public);
    assert_non_null (door.server);
    bind_anywhere (door.server, door.endpoint);
    *state = &door;
    return 0;
}

static int close_door (void **state)
{
    struct door *door = *state;
    zsock_destroy (&door->server);
    zap_stop (&door->zap);
    assert_null (door->zap);
    zap_stop (&door->zap);
    return 0;
}

/* What the server hears of a client with these keys that says something. */
static enum wire_result heard_from (struct door *door, const struct link_keys *keys, char *user)
{
    struct wire_frame frame;
    zsock_t *client = wire_client (door->endpoint, door->keys.public, keys->secret, keys->public);
    assert_non_null (client);
    assert_int_equal (wire_send_dealer (client, span_of ("hello")), WIRE_OK);
    enum wire_result result = keys == &door->stranger ? none_router (door->server, &frame)
                                                      : next_router (door->server, &frame);
    strcpy (user, frame.user);
    wire_free (&frame);
    zsock_destroy (&client);
    return result;
}

static void a_key_in_the_table_is_admitted_and_is_the_user_id (void **state)
{
    struct door *door = *state;
    char user[65];
    struct hash keys[] = { door->keys.key, door->child.key };
    zap_admit (door->zap, keys, 2);
    assert_int_equal (heard_from (door, &door->child, user), WIRE_OK);
    assert_string_equal (user, door->child.hex);
}

static void a_key_that_is_not_in_the_table_is_denied (void **state)
{
    struct door *door = *state;
    char user[65];
    zap_admit (door->zap, &door->child.key, 1);
    assert_int_equal (heard_from (door, &door->stranger, user), WIRE_EMPTY);
}

static void nobody_is_admitted_until_keys_are_given (void **state)
{
    struct door *door = *state;
    char user[65];
    assert_int_equal (heard_from (door, &door->stranger, user), WIRE_EMPTY);
}

static void a_table_replaces_the_one_before_as_a_whole (void **state)
{
    struct door *door = *state;
    char user[65];
    zap_admit (door->zap, &door->stranger.key, 1);
    zap_admit (door->zap, &door->child.key, 1);
    assert_int_equal (heard_from (door, &door->stranger, user), WIRE_EMPTY);
    assert_int_equal (heard_from (door, &door->child, user), WIRE_OK);
    zap_admit (door->zap, NULL, 0);
    assert_true (zap_proves_closed (door->endpoint, door->keys.public, PROOF_MS));
}

static void every_key_of_a_large_table_is_found (void **state)
{
    struct door *door = *state;
    char user[65];
    static struct hash keys[1000];
    for (size_t i = 0; i < 1000; i++) {
        struct link_keys other;
        link_keys_make (&other);
        keys[i] = other.key;
    }
    keys[617] = door->child.key;
    zap_admit (door->zap, keys, 1000);
    assert_int_equal (heard_from (door, &door->child, user), WIRE_OK);
    assert_int_equal (heard_from (door, &door->stranger, user), WIRE_EMPTY);
}

static void a_second_handler_does_not_start (void **state)
{
    (void) state;
    assert_null (zap_start ());
}

/* Requests as RFC 27 has them, and as it has not. */
struct request {
    const char *version, *id, *domain, *address, *mechanism;
    size_t extra;        /* parts after the mechanism */
    const void *content; /* of each of them */
    size_t size;
};

static void put (void *sock, const void *data, size_t size, bool more)
{
    assert_int_equal (zmq_send (sock, data, size, more ? ZMQ_SNDMORE : 0), (int) size);
}

/* The status and user id with which the handler answers. */
static void ask (const struct request *r, char status[8], char user[80])
{
    void *sock = zmq_socket (zsys_init (), ZMQ_REQ);
    int zero = 0;
    zmq_setsockopt (sock, ZMQ_LINGER, &zero, sizeof zero);
    assert_int_equal (zmq_connect (sock, "inproc://zeromq.zap.01"), 0);
    put (sock, r->version, strlen (r->version), true);
    put (sock, r->id, strlen (r->id), true);
    put (sock, r->domain, strlen (r->domain), true);
    put (sock, r->address, strlen (r->address), true);
    put (sock, "", 0, true);
    put (sock, r->mechanism, strlen (r->mechanism), r->extra > 0);
    for (size_t i = 1; i <= r->extra; i++)
        put (sock, r->content, r->size, i < r->extra);
    char part[6][300] = { "" };
    assert_true (readable (sock, 5000));
    for (size_t i = 0; i < 6; i++) {
        int size = zmq_recv (sock, part[i], sizeof part[i] - 1, 0), more;
        size_t more_size = sizeof more;
        assert_in_range (size, 0, 299);
        zmq_getsockopt (sock, ZMQ_RCVMORE, &more, &more_size);
        assert_int_equal (more, i < 5);
    }
    zmq_close (sock);
    assert_string_equal (part[0], "1.0");
    if (strlen (r->id) <= 255)
        assert_string_equal (part[1], r->id);
    span_text (span_of (part[2]), status, 8);
    span_text (span_of (part[4]), user, 80);
}

static void a_request_is_admitted_only_in_its_exact_form (void **state)
{
    struct door *door = *state;
    uint8_t key[33] = { 0 };
    memcpy (key, door->child.public, KEY_SIZE);
    static char large[70000];
    memset (large, 'x', sizeof large - 1);
    zap_admit (door->zap, &door->child.key, 1);
    const struct {
        struct request request;
        bool admitted;
    } cases[] = {
        { { "1.0", "1", ZAP_LINKS, "192.0.2.1", "CURVE", 1, key, 32 }, true },
        { { "1.0", "", ZAP_LINKS, "192.0.2.1", "CURVE", 1, key, 32 }, true },
        { { "1.1", "1", ZAP_LINKS, "192.0.2.1", "CURVE", 1, key, 32 }, false },
        { { "", "1", ZAP_LINKS, "192.0.2.1", "CURVE", 1, key, 32 }, false },
        { { "1.0", "1", "", "192.0.2.1", "CURVE", 1, key, 32 }, false },
        { { "1.0", "1", "certbus.linksx", "192.0.2.1", "CURVE", 1, key, 32 }, false },
        { { "1.0", "1", ZAP_LINKS, "192.0.2.1", "CURVE", 1, key, 31 }, false },
        { { "1.0", "1", ZAP_LINKS, "192.0.2.1", "CURVE", 1, key, 33 }, false },
        { { "1.0", "1", ZAP_LINKS, "192.0.2.1", "CURVE", 1, large, sizeof large }, false },
        { { "1.0", "1", ZAP_LINKS, "192.0.2.1", "CURVE", 0, key, 32 }, false },
        { { "1.0", "1", ZAP_LINKS, "192.0.2.1", "CURVE", 2, key, 32 }, false },
        { { "1.0", "1", ZAP_LINKS, "192.0.2.1", "CURVE", 40, key, 32 }, false },
        { { "1.0", "1", ZAP_LINKS, "192.0.2.1", "NULL", 0, key, 32 }, false },
        { { "1.0", "1", ZAP_LINKS, "192.0.2.1", "PLAIN", 2, key, 32 }, false },
        { { "1.0", "1", ZAP_LINKS, large, "CURVE", 1, key, 32 }, false },
        { { "1.0", large, ZAP_LINKS, "192.0.2.1", "CURVE", 1, key, 32 }, false },
        { { "1.0", "1", ZAP_LOCAL, "localhost:1000:1000:77", "NULL", 0, key, 32 }, true },
        { { "1.0", "1", ZAP_LOCAL, "localhost:1000:1000:77", "NULL", 1, key, 32 }, false },
        { { "1.0", "1", ZAP_LOCAL, "localhost:1000:1000:77", "CURVE", 1, key, 32 }, false },
        { { "1.0", "1", ZAP_LOCAL, "127.0.0.1", "NULL", 0, key, 32 }, false },
        { { "1.0", "1", ZAP_LINKS, "localhost:0:0:1", "NULL", 0, key, 32 }, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char status[8], user[80];
        ask (&cases[i].request, status, user);
        if (strcmp (status, cases[i].admitted ? "200" : "400") != 0)
            fail_msg ("case %zu was answered with %s", i, status);
        bool link = cases[i].admitted && strcmp (cases[i].request.domain, ZAP_LINKS) == 0;
        assert_string_equal (user, link ? door->child.hex : "");
    }
}

static void a_closed_door_is_proved (void **state)
{
    struct door *door = *state;
    zap_admit (door->zap, &door->child.key, 1);
    for (size_t i = 0; i < 50; i++) /* as often as there are endpoints */
        assert_true (zap_proves_closed (door->endpoint, door->keys.public, PROOF_MS));
}

static void a_door_without_curve_is_no_closed_door (void **state)
{
    struct door *door = *state;
    char endpoint[64];
    zsock_t *open = zsock_new (ZMQ_ROUTER);
    bind_anywhere (open, endpoint);
    assert_false (zap_proves_closed (endpoint, door->keys.public, PROOF_MS));
    zsock_destroy (&open);
}

static void a_door_that_admits_any_key_is_no_closed_door (void **state)
{
    struct door *door = *state;
    char endpoint[64];
    zap_stop (&door->zap); /* and without a handler libzmq admits everybody */
    zsock_t *open = zsock_new (ZMQ_ROUTER);
    void *raw = zsock_resolve (open);
    int one = 1;
    assert_int_equal (zmq_setsockopt (raw, ZMQ_CURVE_SERVER, &one, sizeof one), 0);
    assert_int_equal (zmq_setsockopt (raw, ZMQ_CURVE_SECRETKEY, door->keys.secret, KEY_SIZE), 0);
    bind_anywhere (open, endpoint);
    assert_false (zap_proves_closed (endpoint, door->keys.public, PROOF_MS));
    zsock_destroy (&open);
}

static void without_a_handler_the_socket_of_certbus_admits_nobody (void **state)
{
    struct door *door = *state;
    char user[65];
    zap_stop (&door->zap);
    assert_int_equal (heard_from (door, &door->stranger, user), WIRE_EMPTY);
}

static void a_door_that_does_not_answer_proves_nothing (void **state)
{
    struct door *door = *state;
    zsock_destroy (&door->server);
    assert_false (zap_proves_closed (door->endpoint, door->keys.public, 300));
}

#define DOOR_TEST(f) cmocka_unit_test_setup_teardown (f, open_door, close_door)

int main (void)
{
    const struct CMUnitTest tests[] = {
        DOOR_TEST (a_key_in_the_table_is_admitted_and_is_the_user_id),
        DOOR_TEST (a_key_that_is_not_in_the_table_is_denied),
        DOOR_TEST (nobody_is_admitted_until_keys_are_given),
        DOOR_TEST (a_table_replaces_the_one_before_as_a_whole),
        DOOR_TEST (every_key_of_a_large_table_is_found),
        DOOR_TEST (a_second_handler_does_not_start),
        DOOR_TEST (a_request_is_admitted_only_in_its_exact_form),
        DOOR_TEST (a_closed_door_is_proved),
        DOOR_TEST (a_door_without_curve_is_no_closed_door),
        DOOR_TEST (a_door_that_admits_any_key_is_no_closed_door),
        DOOR_TEST (without_a_handler_the_socket_of_certbus_admits_nobody),
        DOOR_TEST (a_door_that_does_not_answer_proves_nothing),
    };
    zsys_handler_set (NULL);
    return ended (cmocka_run_group_tests (tests, NULL, NULL));
}
