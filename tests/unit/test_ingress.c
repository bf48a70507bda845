/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/ingress.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define PIECE ((size_t) 64 * 1024)

/* Two ends of a TCP connection. */
struct pair {
    int near, far;
};

static struct pair connected (void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
    socklen_t size = sizeof at;
    struct pair pair;
    int listener = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (bind (listener, (struct sockaddr *) &at, sizeof at), 0);
    assert_int_equal (listen (listener, 1), 0);
    assert_int_equal (getsockname (listener, (struct sockaddr *) &at, &size), 0);
    pair.far = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (connect (pair.far, (struct sockaddr *) &at, sizeof at), 0);
    pair.near = accept (listener, NULL, NULL);
    assert_true (pair.near >= 0);
    close (listener);
    return pair;
}

static void finish (struct pair *pair)
{
    close (pair->near);
    close (pair->far);
}

/* Sends and reads so many pieces; tells the watcher of each as a frame, or of none. */
static void carry (const struct pair *pair, struct ingress *watcher, size_t pieces)
{
    static uint8_t bytes[PIECE];
    for (size_t i = 0; i < pieces; i++) {
        assert_int_equal (send (pair->far, bytes, PIECE, MSG_NOSIGNAL), PIECE);
        assert_int_equal (recv (pair->near, bytes, PIECE, MSG_WAITALL), PIECE);
        if (watcher)
            ingress_took (watcher, pair->near, PIECE);
    }
}

static bool is_shut (const struct pair *pair)
{
    uint8_t byte;
    return recv (pair->far, &byte, 1, MSG_DONTWAIT) == 0;
}

static void what_arrives_and_is_handed_over_is_no_burden (void **state)
{
    (void) state;
    struct ingress *watcher = ingress_new ();
    struct pair honest = connected ();
    carry (&honest, watcher, 2 * INGRESS_ONE / PIECE);
    assert_int_equal (ingress_check (watcher), 0);
    assert_false (is_shut (&honest));
    finish (&honest);
    ingress_free (&watcher);
}

static void what_arrives_and_never_becomes_a_message_cuts_its_own_connection (void **state)
{
    (void) state;
    struct ingress *watcher = ingress_new ();
    struct pair honest = connected (), endless = connected ();
    carry (&honest, watcher, 2 * INGRESS_ONE / PIECE);
    carry (&endless, NULL, INGRESS_ONE / PIECE + 2);
    assert_int_equal (ingress_check (watcher), 1);
    assert_true (is_shut (&endless));
    assert_false (is_shut (&honest));
    finish (&endless);
    finish (&honest);
    ingress_free (&watcher);
}

static void a_little_that_is_under_way_is_let_be (void **state)
{
    (void) state;
    struct ingress *watcher = ingress_new ();
    struct pair slow = connected ();
    carry (&slow, NULL, INGRESS_ONE / PIECE / 2);
    assert_int_equal (ingress_check (watcher), 0);
    assert_false (is_shut (&slow));
    finish (&slow);
    ingress_free (&watcher);
}

static void a_descriptor_that_is_used_again_owes_its_predecessor_nothing (void **state)
{
    (void) state;
    struct ingress *watcher = ingress_new ();
    struct pair first = connected ();
    carry (&first, watcher, 4 * INGRESS_ONE / PIECE);
    finish (&first);
    struct pair second = connected ();
    assert_int_equal (second.near, first.near);
    carry (&second, NULL, 1);
    assert_int_equal (ingress_check (watcher), 0);
    /* Memory that grows makes it look again before its time. */
    size_t size = (size_t) 32 * 1024 * 1024;
    uint8_t *grown = malloc (size);
    assert_non_null (grown);
    for (size_t i = 0; i < size; i += 4096)
        grown[i] = 1;
    carry (&second, NULL, INGRESS_ONE / PIECE + 2);
    assert_int_equal (ingress_check (watcher), 1);
    free (grown);
    finish (&second);
    ingress_free (&watcher);
}

static void many_that_hold_a_little_are_too_many_together (void **state)
{
    (void) state;
    enum { COUNT = 40 };
    struct ingress *watcher = ingress_new ();
    struct pair pairs[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        pairs[i] = connected ();
        carry (&pairs[i], NULL, INGRESS_ONE / PIECE - 1);
    }
    size_t cut = ingress_check (watcher);
    assert_in_range (cut, COUNT - INGRESS_ALL / INGRESS_ONE - 1, COUNT / 2);
    for (size_t i = 0; i < COUNT; i++)
        finish (&pairs[i]);
    ingress_free (&watcher);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_arrives_and_is_handed_over_is_no_burden),
        cmocka_unit_test (what_arrives_and_never_becomes_a_message_cuts_its_own_connection),
        cmocka_unit_test (a_little_that_is_under_way_is_let_be),
        cmocka_unit_test (a_descriptor_that_is_used_again_owes_its_predecessor_nothing),
        cmocka_unit_test (many_that_hold_a_little_are_too_many_together),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
