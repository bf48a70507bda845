/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/client.h"

#include "bus/edge/log.h"
#include "bus/edge/zap.h"
#include "tests/unit/support_wire.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A broker's end in a thread. Each question's "op" says what it does with it. */
struct broker {
    struct zap *zap;
    zsock_t *server;
    zactor_t *actor;
};

static char why[512];

static void answer (zsock_t *server, const struct wire_route *route, uint64_t tag, const char *text)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_array (&out, 2);
    pack_put_uint (&out, tag);
    pack_put_map (&out, 1);
    pack_put_text (&out, "ok");
    pack_put_text (&out, text);
    wire_send_router (server, route, pack_result (&out));
    pack_free (&out);
}

/* False: the broker is to leave. */
static bool serve (zsock_t *server, const struct wire_frame *frame)
{
    struct pack_in in = pack_open (frame->bytes);
    struct span last = { .data = NULL, .size = 0 };
    pack_array (&in, 2, 2);
    uint64_t tag = pack_uint (&in, 0, UINT64_MAX);
    pack_map (&in, 8);
    pack_key (&in, &last);
    struct span op = pack_str (&in, 0, 100);
    if (in.bad || span_is (op, "leave"))
        return false;
    if (span_is (op, "silence"))
        return true;
    if (span_is (op, "noise")) {
        static const char *const noise[] = {
            "", "\x92\x01", "\x01", "\x92\x01\x80\x80", "\x93\x01\x80\x80", "\x92\x01\x01"
        };
        for (size_t i = 0; i < sizeof noise / sizeof *noise; i++)
            wire_send_router (server, &frame->route, span_of (noise[i]));
        answer (server, &frame->route, tag - 1, "an old one");
        answer (server, &frame->route, tag + 1, "one too early");
        zmq_send (zsock_resolve (server), frame->route.bytes, frame->route.size, ZMQ_SNDMORE);
        zmq_send (zsock_resolve (server), "two", 3, ZMQ_SNDMORE);
        zmq_send (zsock_resolve (server), "parts", 5, 0);
    }
    answer (server, &frame->route, tag, "yes");
    return true;
}

static void run (zsock_t *pipe, void *args)
{
    zsock_t *server = args;
    zsock_signal (pipe, 0);
    zmq_pollitem_t items[] = { { zsock_resolve (pipe), 0, ZMQ_POLLIN, 0 },
                               { zsock_resolve (server), 0, ZMQ_POLLIN, 0 } };
    bool stay = true;
    while (stay && zmq_poll (items, 2, -1) > 0 && !items[0].revents) {
        struct wire_frame frame;
        while (stay && wire_recv_router (server, &frame) == WIRE_OK) {
            stay = serve (server, &frame);
            wire_free (&frame);
        }
    }
    zsock_destroy (&server);
}

static void make_home (const char *home)
{
    char path[4096];
    static const char *const folders[] = { "", "/run", "/run/read", "/run/act" };
    for (size_t i = 0; i < 4; i++) {
        snprintf (path, sizeof path, "%s%s", home, folders[i]);
        mkdir (path, 0755);
    }
    snprintf (path, sizeof path, "%s/keys", home);
    fclose (fopen (path, "w"));
}

/* As a broker does it: from inside of its home, so that the path is short. */
static void broker_start (struct broker *broker, const char *home, const char *door)
{
    int here = open (".", O_RDONLY | O_DIRECTORY);
    assert_int_equal (chdir (home), 0);
    broker->server = wire_local_server (door, why, sizeof why);
    if (!broker->server)
        fail_msg ("%s", why);
    assert_int_equal (fchdir (here), 0);
    close (here);
    broker->actor = zactor_new (run, broker->server);
}

static bool anybody_at (const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    snprintf (to.sun_path, sizeof to.sun_path, "%s", path);
    int fd = socket (AF_UNIX, SOCK_STREAM, 0);
    bool answers = connect (fd, (const struct sockaddr *) &to, sizeof to) == 0;
    close (fd);
    return answers;
}

/* libzmq closes in the background. */
static void broker_stop (struct broker *broker, const char *path)
{
    zactor_destroy (&broker->actor);
    for (size_t i = 0; i < 500 && anybody_at (path); i++)
        poll (NULL, 0, 10);
    assert_false (anybody_at (path));
}

static int enter (void **state)
{
    static struct broker broker;
    memset (&broker, 0, sizeof broker);
    *why = 0;
    scratch_enter ();
    make_home ("home");
    broker.zap = zap_start ();
    *state = &broker;
    return 0;
}

static int leave (void **state)
{
    struct broker *broker = *state;
    zactor_destroy (&broker->actor);
    zap_stop (&broker->zap);
    scratch_leave ();
    return 0;
}

static bool ask (struct client *client, const char *op, int timeout)
{
    struct pack_out out;
    struct span got;
    pack_init (&out);
    pack_put_map (&out, 1);
    pack_put_text (&out, "op");
    pack_put_text (&out, op);
    bool good = client_ask (client, pack_result (&out), timeout, &got, why, sizeof why);
    pack_free (&out);
    if (good)
        assert_true (span_equal (got, span_of ("\x81\xa2ok\xa3yes")));
    else
        assert_int_equal (got.size, 0);
    return good;
}

static struct client *must_open (const char *home, enum client_door door)
{
    struct client *client = client_open (home, door, why, sizeof why);
    if (!client)
        fail_msg ("%s", why);
    return client;
}

static void must_ask (struct client *client, const char *op)
{
    if (!ask (client, op, 10000))
        fail_msg ("%s", why);
}

static void says (const char *text)
{
    if (!strstr (why, text))
        fail_msg ("says %s", why);
}

static void a_question_gets_its_answer (void **state)
{
    broker_start (*state, "home", "run/read/bus");
    struct client *client = must_open ("home", CLIENT_READ);
    must_ask (client, "status");
    must_ask (client, "status");
    assert_false (client_absent ("home"));
    client_close (&client);
    assert_null (client);
    client_close (&client);
}

static void each_door_is_another_socket (void **state)
{
    broker_start (*state, "home", "run/act/bus");
    struct client *client = must_open ("home", CLIENT_ACT);
    must_ask (client, "publish");
    client_close (&client);
    assert_null (client_open ("home", CLIENT_READ, why, sizeof why));
    says ("no broker is running in home; start it with: certbusd -C home");
}

static void answers_to_other_questions_and_noise_are_dropped (void **state)
{
    broker_start (*state, "home", "run/read/bus");
    struct client *client = must_open ("home", CLIENT_READ);
    must_ask (client, "noise");
    must_ask (client, "status");
    client_close (&client);
}

static void an_answer_that_is_late_is_not_taken_for_the_next (void **state)
{
    broker_start (*state, "home", "run/read/bus");
    struct client *client = must_open ("home", CLIENT_READ);
    assert_false (ask (client, "silence", 100));
    says ("the broker in home did not answer within 100 ms");
    must_ask (client, "noise"); /* begins with an answer to the tag before */
    client_close (&client);
}

static void a_broker_that_leaves_is_noticed_at_once (void **state)
{
    struct broker *broker = *state;
    broker_start (broker, "home", "run/read/bus");
    struct client *client = must_open ("home", CLIENT_READ);
    int64_t before = clock_steady ();
    assert_false (ask (client, "leave", -1));
    assert_true (clock_steady () - before < 5000);
    says ("left before it answered");
    broker_stop (broker, "home/run/read/bus");
    assert_false (ask (client, "status", -1));
    says ("no broker is running in home");
    /* And when it comes back, the same client finds it. */
    broker_start (broker, "home", "run/read/bus");
    must_ask (client, "status");
    client_close (&client);
}

static void a_broker_that_came_back_between_two_questions_is_found (void **state)
{
    struct broker *broker = *state;
    broker_start (broker, "home", "run/read/bus");
    struct client *client = must_open ("home", CLIENT_READ);
    must_ask (client, "status");
    broker_stop (broker, "home/run/read/bus");
    broker_start (broker, "home", "run/read/bus");
    must_ask (client, "status");
    client_close (&client);
}

static void a_home_may_have_a_long_path (void **state)
{
    char home[1024] = "";
    for (size_t i = 0; i < 5; i++) {
        memset (home + strlen (home), 'a' + (int) i, 60);
        mkdir (home, 0755);
        strcat (home, "/");
    }
    home[strlen (home) - 1] = 0;
    make_home (home);
    broker_start (*state, home, "run/read/bus");
    struct client *client = must_open (home, CLIENT_READ);
    must_ask (client, "status");
    client_close (&client);
}

static void two_clients_of_one_process_do_not_meet (void **state)
{
    broker_start (*state, "home", "run/read/bus");
    struct client *one = must_open ("home", CLIENT_READ), *two = must_open ("home", CLIENT_READ);
    must_ask (one, "status");
    must_ask (two, "noise");
    must_ask (one, "noise");
    client_close (&one);
    must_ask (two, "status");
    client_close (&two);
}

static void a_question_that_is_too_large_is_not_sent (void **state)
{
    broker_start (*state, "home", "run/read/bus");
    struct client *client = must_open ("home", CLIENT_READ);
    char *text = calloc (1, WIRE_LOCAL_MAX + 1);
    memset (text, 'x', WIRE_LOCAL_MAX);
    assert_false (ask (client, text, 1000));
    says ("at most 1048576 are taken");
    free (text);
    must_ask (client, "status");
    client_close (&client);
}

static void what_is_no_home_is_told_apart (void **state)
{
    (void) state;
    assert_null (client_open ("nowhere", CLIENT_READ, why, sizeof why));
    says ("nowhere: no such folder; make a home there with: certbus -C nowhere init NAME");
    assert_int_equal (mkdir ("plain", 0755), 0);
    assert_null (client_open ("plain", CLIENT_READ, why, sizeof why));
    says ("plain is no certbus home; make one with: certbus -C plain init NAME");
    fclose (fopen ("file", "w"));
    assert_null (client_open ("file", CLIENT_READ, why, sizeof why));
    char path[5000];
    memset (path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_null (client_open (path, CLIENT_READ, why, sizeof why));
}

static void a_home_without_its_broker_says_how_to_start_it (void **state)
{
    (void) state;
    assert_null (client_open ("home", CLIENT_READ, why, sizeof why));
    says ("no broker is running in home; start it with: certbusd -C home");
    assert_true (client_absent ("home"));
    assert_false (client_absent ("nowhere")); /* another complaint */
    /* One that was killed left its socket. */
    struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "home/run/read/bus" };
    int fd = socket (AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal (bind (fd, (const struct sockaddr *) &at, sizeof at), 0);
    close (fd);
    assert_null (client_open ("home", CLIENT_READ, why, sizeof why));
    says ("no broker is running in home");
    assert_int_equal (unlink ("home/run/read/bus"), 0);
    assert_int_equal (rmdir ("home/run/read"), 0);
    assert_null (client_open ("home", CLIENT_READ, why, sizeof why));
    says ("no broker is running in home");
}

static void a_door_that_is_for_others_names_their_group (void **state)
{
    (void) state;
    if (geteuid () != 0)
        skip (); /* only root can become somebody who has no permission */
    assert_int_equal (chmod ("home/run/act", 0750), 0);
    assert_int_equal (chown ("home/run/act", 0, 1), 0); /* daemon */
    assert_int_equal (chmod (".", 0755), 0);
    assert_int_equal (chdir ("home"), 0); /* the folders above may not be passable either */
    assert_int_equal (seteuid (65534), 0);
    struct client *client = client_open (".", CLIENT_ACT, why, sizeof why);
    assert_int_equal (seteuid (0), 0);
    assert_int_equal (chdir (".."), 0);
    assert_null (client);
    says ("no permission for ./run/act: it is for the group daemon; ask to be put into");
    assert_int_equal (chmod ("home/run", 0700), 0);
    assert_int_equal (chdir ("home"), 0);
    assert_int_equal (seteuid (65534), 0);
    client = client_open (".", CLIENT_ACT, why, sizeof why);
    assert_int_equal (seteuid (0), 0);
    assert_null (client);
    says ("no permission to enter .");
}

static void swallow (int signal)
{
    (void) signal;
}

/* czmq sets handlers of its own with the first socket, and they only note the signal. */
static void a_signal_ends_a_node_although_czmq_would_keep_it (void **state)
{
    struct sigaction now;
    broker_start (*state, "home", "run/read/bus");
    zsys_handler_set (NULL);
    zsys_handler_set (swallow);
    assert_int_equal (sigaction (SIGTERM, NULL, &now), 0);
    assert_true (now.sa_handler != SIG_DFL);
    struct client *client = must_open ("home", CLIENT_READ);
    assert_int_equal (sigaction (SIGTERM, NULL, &now), 0);
    assert_true (now.sa_handler == SIG_DFL);
    client_close (&client);
}

#define CLIENT_TEST(f) cmocka_unit_test_setup_teardown (f, enter, leave)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CLIENT_TEST (a_question_gets_its_answer),
        CLIENT_TEST (each_door_is_another_socket),
        CLIENT_TEST (answers_to_other_questions_and_noise_are_dropped),
        CLIENT_TEST (an_answer_that_is_late_is_not_taken_for_the_next),
        CLIENT_TEST (a_broker_that_leaves_is_noticed_at_once),
        CLIENT_TEST (a_broker_that_came_back_between_two_questions_is_found),
        CLIENT_TEST (a_home_may_have_a_long_path),
        CLIENT_TEST (two_clients_of_one_process_do_not_meet),
        CLIENT_TEST (a_question_that_is_too_large_is_not_sent),
        CLIENT_TEST (what_is_no_home_is_told_apart),
        CLIENT_TEST (a_home_without_its_broker_says_how_to_start_it),
        CLIENT_TEST (a_signal_ends_a_node_although_czmq_would_keep_it),
        CLIENT_TEST (a_door_that_is_for_others_names_their_group),
    };
    return ended (cmocka_run_group_tests (tests, NULL, NULL));
}
