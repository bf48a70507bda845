/* SPDX-License-Identifier: Apache-2.0 */
/* Cases as tables: live or rebuilt, in whatever order and by whomever they are held. */
#include "tests/unit/support_casework.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS "TCQ" /* what depends on the set of messages alone, and on no time of arrival */

static void expect_same (const struct pack_out *a, const struct pack_out *b)
{
    assert_true (pack_result (a).size > 0);
    assert_true (span_equal (pack_result (a), pack_result (b)));
}

static void take_in_batches (struct holder *holder, const struct history *history,
                             const size_t *order, struct random *random)
{
    for (size_t at = 0; at < history->count;) {
        size_t left = history->count - at, most = random_below (random, 3) == 0 ? 700 : 60;
        size_t some = 1 + random_below (random, left < most ? left : most);
        if (random_below (random, 10) == 0)
            holder_take (holder, history, order + at, some, true);
        holder_take (holder, history, order + at, some, false);
        if (random_below (random, 25) == 0)
            holder_restart (holder);
        at += some;
    }
}

static void a_rebuilt_projection_equals_the_live_one (void **state)
{
    (void) state;
    struct history history;
    struct holder holder;
    struct pack_out live, rebuilt;
    struct random random = { 3 };
    history_make (&history, 11, 10000, 80);
    size_t *order = calloc (history.count, sizeof *order);
    history_order (&history, &random, 2, order);
    holder_open (&holder, "pk.sindh");
    take_in_batches (&holder, &history, order, &random);
    holder_dump (&holder, casework_tables (), &live);
    holder_rebuild (&holder);
    holder_dump (&holder, casework_tables (), &rebuilt);
    expect_same (&live, &rebuilt);
    pack_free (&live);
    pack_free (&rebuilt);
    holder_close (&holder);
    history_free (&history);
    free (order);
}

static void whatever_order_they_came_in_each_holder_has_the_same_cases (void **state)
{
    (void) state;
    static const char *const who[] = { "pk", "pk.sindh", "pk.telecom" };
    const char *orders = getenv ("CERTBUS_ORDERS"), *size = getenv ("CERTBUS_MESSAGES");
    size_t times = orders != NULL ? (size_t) atoi (orders) : 100;
    size_t count = size != NULL ? (size_t) atoi (size) : 300;
    struct history history;
    struct random random = { 5 };
    struct pack_out first;
    history_make (&history, 12, count, count / 50);
    size_t *order = calloc (history.count, sizeof *order);
    for (size_t i = 0; i < times; i++) {
        struct holder holder;
        struct pack_out next;
        history_order (&history, &random, i, order);
        holder_open (&holder, who[i % 3]);
        take_in_batches (&holder, &history, order, &random);
        holder_dump (&holder, THREADS, i == 0 ? &first : &next);
        if (i > 0) {
            expect_same (&first, &next);
            pack_free (&next);
        }
        holder_close (&holder);
    }
    pack_free (&first);
    history_free (&history);
    free (order);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_rebuilt_projection_equals_the_live_one),
        cmocka_unit_test (whatever_order_they_came_in_each_holder_has_the_same_cases),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
