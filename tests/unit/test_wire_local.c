/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/wire.h"

#include "bus/edge/zap.h"
#include "tests/unit/support_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct local {
    struct zap *zap;
    zsock_t *server;
    char why[256];
};

static int open_local (void **state)
{
    static struct local local;
    memset (&local, 0, sizeof local);
    scratch_enter ();
    local.zap = zap_start ();
    local.server = wire_local_server ("bus", local.why, sizeof local.why);
    assert_non_null (local.server);
    *state = &local;
    return 0;
}

static int close_local (void **state)
{
    struct local *local = *state;
    zsock_destroy (&local->server);
    zap_stop (&local->zap);
    scratch_leave ();
    return 0;
}

static void a_local_peer_is_known_by_what_the_kernel_says (void **state)
{
    struct local *local = *state;
    struct wire_frame frame;
    uint32_t uid, gid, pid;
    zsock_t *client = wire_local_client ("bus");
    assert_int_equal (wire_send_dealer (client, span_of ("question")), WIRE_OK);
    assert_int_equal (next_router (local->server, &frame), WIRE_OK);
    assert_string_equal (frame.user, "");
    assert_true (wire_peer_uid (frame.address, &uid, &gid, &pid));
    assert_int_equal (uid, getuid ());
    assert_int_equal (gid, getgid ());
    assert_int_equal (pid, getpid ());
    assert_int_equal (wire_send_router (local->server, &frame.route, span_of ("answer")), WIRE_OK);
    wire_free (&frame);
    assert_int_equal (next_dealer (client, &frame), WIRE_OK);
    assert_true (span_is (frame.bytes, "answer"));
    wire_free (&frame);
    zsock_destroy (&client);
}

static int plain_connection (const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    snprintf (to.sun_path, sizeof to.sun_path, "%s", path);
    int fd = socket (AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal (connect (fd, (const struct sockaddr *) &to, sizeof to), 0);
    return fd;
}

static size_t property (uint8_t *at, const char *name, const char *value)
{
    size_t name_size = strlen (name), value_size = strlen (value);
    at[0] = (uint8_t) name_size;
    memcpy (at + 1, name, name_size);
    memset (at + 1 + name_size, 0, 3);
    at[4 + name_size] = (uint8_t) value_size;
    memcpy (at + 5 + name_size, value, value_size);
    return 5 + name_size + value_size;
}

/* A peer that says "hi" and who it is. */
static int claim (const char *path, const char *user)
{
    uint8_t ready[512] = { 4, 0, 5, 'R', 'E', 'A', 'D', 'Y' };
    size_t size = 8;
    size += property (ready + size, "Socket-Type", "DEALER");
    size += property (ready + size, "User-Id", user);
    size += property (ready + size, "Peer-Address", "localhost:0:0:1");
    ready[1] = (uint8_t) (size - 2);
    int fd = plain_connection (path);
    bytes_greet (fd, "NULL");
    assert_int_equal (send (fd, ready, size, 0), size);
    bytes_hear (fd, 8); /* READY */
    assert_int_equal (send (fd, "\0\2hi", 4, 0), 4);
    return fd;
}

#define SOME_KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void what_a_local_peer_claims_to_be_is_ignored (void **state)
{
    struct local *local = *state;
    int fd = claim ("bus", SOME_KEY);
    struct wire_frame frame;
    char real[64];
    assert_int_equal (next_router (local->server, &frame), WIRE_OK);
    assert_true (span_is (frame.bytes, "hi"));
    assert_string_equal (frame.user, "");
    snprintf (real, sizeof real, "localhost:%u:%u:%d", getuid (), getgid (), (int) getpid ());
    assert_string_equal (frame.address, real);
    wire_free (&frame);
    close (fd);
}

static void a_user_id_that_is_no_key_is_none (void **state)
{
    (void) state;
    static const struct {
        const char *claimed, *user;
    } cases[] = {
        { SOME_KEY, SOME_KEY }, /* believed without a ZAP domain, which is why there is one */
        { "root", "" },
        { SOME_KEY "0", "" },
        { "0011223344556677889900AABBCCDDEEFF0112233445566778899AABBCCDDEEFF", "" },
    };
    zsock_t *open = zsock_new (ZMQ_ROUTER);
    assert_int_equal (zsock_bind (open, "ipc://open"), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_frame frame;
        int fd = claim ("open", cases[i].claimed);
        assert_int_equal (next_router (open, &frame), WIRE_OK);
        assert_string_equal (frame.user, cases[i].user);
        wire_free (&frame);
        close (fd);
    }
    zsock_destroy (&open);
}

static void a_socket_of_another_kind_may_be_bound_locally_too (void **state)
{
    struct local *local = *state;
    char bound[64];
    struct stat st;
    zsock_t *tap = zsock_new (ZMQ_PUB);
    assert_int_equal (
        wire_bind (tap, "ipc://tap", bound, sizeof bound, local->why, sizeof local->why), 0);
    assert_string_equal (bound, "ipc://tap");
    assert_int_equal (stat ("tap", &st), 0);
    assert_int_equal (st.st_mode & 07777, 0660);
    assert_int_equal (
        wire_bind (tap, "ipc://bus", bound, sizeof bound, local->why, sizeof local->why), -1);
    assert_non_null (strstr (local->why, "another process answers there"));
    zsock_destroy (&tap);
}

static void a_socket_is_for_its_owner_and_group_and_no_others (void **state)
{
    (void) state;
    struct stat st;
    mode_t mask = umask (0022);
    assert_int_equal (mask, 0022); /* as it was before the bind */
    assert_int_equal (stat ("bus", &st), 0);
    assert_int_equal (st.st_mode & 07777, 0660);
}

static void a_socket_that_answers_is_not_taken_away (void **state)
{
    struct local *local = *state;
    assert_null (wire_local_server ("bus", local->why, sizeof local->why));
    assert_non_null (strstr (local->why, "another process answers there"));
    struct wire_frame frame;
    zsock_t *client = wire_local_client ("bus");
    wire_send_dealer (client, span_of ("still there"));
    assert_int_equal (next_router (local->server, &frame), WIRE_OK);
    wire_free (&frame);
    zsock_destroy (&client);
}

static void a_socket_that_was_left_behind_is_replaced (void **state)
{
    struct local *local = *state;
    struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "left" };
    int fd = socket (AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal (bind (fd, (const struct sockaddr *) &at, sizeof at), 0);
    close (fd);
    zsock_t *server = wire_local_server ("left", local->why, sizeof local->why);
    assert_non_null (server);
    zsock_destroy (&server);
}

static void what_is_no_socket_is_left_alone (void **state)
{
    struct local *local = *state;
    FILE *file = fopen ("diary", "w");
    fclose (file);
    assert_null (wire_local_server ("diary", local->why, sizeof local->why));
    assert_non_null (strstr (local->why, "no socket"));
    assert_int_equal (access ("diary", F_OK), 0);
    assert_int_equal (symlink ("bus", "link"), 0);
    assert_null (wire_local_server ("link", local->why, sizeof local->why));
    assert_int_equal (access ("link", F_OK), 0);
}

static void a_path_that_no_address_has_room_for_is_refused_in_words (void **state)
{
    struct local *local = *state;
    char path[200];
    memset (path, 'x', sizeof path);
    path[107] = 0;
    zsock_t *server = wire_local_server (path, local->why, sizeof local->why);
    assert_non_null (server);
    zsock_destroy (&server);
    path[107] = 'x';
    path[108] = 0;
    assert_null (wire_local_server (path, local->why, sizeof local->why));
    assert_non_null (strstr (local->why, "108 bytes; a path of a socket has at most 107"));
    assert_null (wire_local_client (path));
    assert_null (wire_local_server ("@abstract", local->why, sizeof local->why));
    assert_null (wire_local_server ("", local->why, sizeof local->why));
    assert_null (wire_local_server ("nowhere/bus", local->why, sizeof local->why));
    assert_string_equal (local->why, "nowhere/bus: No such file or directory");
}

static void the_largest_question_passes_and_a_larger_one_never_arrives (void **state)
{
    struct local *local = *state;
    struct wire_frame frame;
    uint8_t *bytes = calloc (1, WIRE_LOCAL_MAX + 1);
    zsock_t *client = wire_local_client ("bus");
    assert_int_equal (wire_send_dealer (client, span_bytes (bytes, WIRE_LOCAL_MAX)), WIRE_OK);
    assert_int_equal (next_router (local->server, &frame), WIRE_OK);
    assert_int_equal (frame.bytes.size, WIRE_LOCAL_MAX);
    wire_free (&frame);
    assert_int_equal (wire_send_dealer (client, span_bytes (bytes, WIRE_LOCAL_MAX + 1)), WIRE_OK);
    assert_int_equal (none_router (local->server, &frame), WIRE_EMPTY);
    zsock_destroy (&client);
    free (bytes);
}

static void a_local_message_of_very_many_parts_cuts_its_own_connection (void **state)
{
    struct local *local = *state;
    struct wire_frame frame;
    void *raw = raw_dealer ("ipc://bus", NULL, NULL, NULL);
    void *events = zmq_socket (zsys_init (), ZMQ_PAIR);
    assert_int_equal (zmq_socket_monitor (raw, "inproc://test.local", ZMQ_EVENT_DISCONNECTED), 0);
    assert_int_equal (zmq_connect (events, "inproc://test.local"), 0);
    raw_send_parts (raw, 65);
    assert_int_equal (next_router (local->server, &frame), WIRE_HOSTILE);
    assert_true (readable (events, 5000));
    zmq_close (raw);
    zmq_close (events);
}

static void only_the_kernels_form_of_an_address_has_a_uid (void **state)
{
    (void) state;
    uint32_t uid, gid, pid;
    assert_true (wire_peer_uid ("localhost:1000:100:4294967295", &uid, &gid, &pid));
    assert_int_equal (uid, 1000);
    assert_int_equal (gid, 100);
    assert_int_equal (pid, UINT32_MAX);
    static const char *const wrong[] = { "",
                                         "localhost",
                                         "localhost:",
                                         "localhost:1:2",
                                         "localhost:1:2:",
                                         "localhost:1:2:3:",
                                         "localhost:1:2:3 ",
                                         "localhost:-1:2:3",
                                         "localhost:+1:2:3",
                                         "localhost:1::3",
                                         "localhost:4294967296:2:3",
                                         "localhost:00000000001:2:3",
                                         "127.0.0.1",
                                         "::1",
                                         "remotehost:1:2:3" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (wire_peer_uid (wrong[i], &uid, &gid, &pid))
            fail_msg ("%s", wrong[i]);
}

#define LOCAL_TEST(f) cmocka_unit_test_setup_teardown (f, open_local, close_local)

int main (void)
{
    const struct CMUnitTest tests[] = {
        LOCAL_TEST (a_local_peer_is_known_by_what_the_kernel_says),
        LOCAL_TEST (what_a_local_peer_claims_to_be_is_ignored),
        LOCAL_TEST (a_user_id_that_is_no_key_is_none),
        LOCAL_TEST (a_socket_of_another_kind_may_be_bound_locally_too),
        LOCAL_TEST (a_socket_is_for_its_owner_and_group_and_no_others),
        LOCAL_TEST (a_socket_that_answers_is_not_taken_away),
        LOCAL_TEST (a_socket_that_was_left_behind_is_replaced),
        LOCAL_TEST (what_is_no_socket_is_left_alone),
        LOCAL_TEST (a_path_that_no_address_has_room_for_is_refused_in_words),
        LOCAL_TEST (the_largest_question_passes_and_a_larger_one_never_arrives),
        LOCAL_TEST (a_local_message_of_very_many_parts_cuts_its_own_connection),
        cmocka_unit_test (only_the_kernels_form_of_an_address_has_a_uid),
    };
    zsys_handler_set (NULL);
    umask (0022);
    return ended (cmocka_run_group_tests (tests, NULL, NULL));
}
