/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HOUR INT64_C (3600000)

static bool take (struct quota *quota, const char *origin, int64_t issued, int number,
                  int64_t limit)
{
    struct hash leaf = hash_bytes (span_bytes (&number, sizeof number));
    return quota_take (quota, span_of (origin), issued, &leaf, limit);
}

static void an_origin_has_so_many_an_hour (void **state)
{
    (void) state;
    struct quota *quota = quota_new ();
    assert_true (take (quota, "pk.sindh", 5 * HOUR, 1, 2));
    assert_true (take (quota, "pk.sindh", 6 * HOUR - 1, 2, 2));
    assert_false (take (quota, "pk.sindh", 5 * HOUR, 3, 2));
    assert_true (take (quota, "pk.sindh", 6 * HOUR, 3, 2));
    assert_true (take (quota, "pk.sindh", 5 * HOUR - 1, 4, 2));
    assert_true (take (quota, "pk.punjab", 5 * HOUR, 3, 2));
    quota_free (&quota);
    assert_null (quota);
}

static void a_message_that_comes_again_is_counted_once (void **state)
{
    (void) state;
    struct quota *quota = quota_new ();
    for (int i = 0; i < 5; i++)
        assert_true (take (quota, "pk", 0, 1, 2));
    assert_true (take (quota, "pk", 0, 2, 2));
    assert_false (take (quota, "pk", 0, 3, 2));
    assert_true (take (quota, "pk", 0, 2, 2));
    quota_free (&quota);
}

static void without_a_limit_nothing_is_refused (void **state)
{
    (void) state;
    struct quota *quota = quota_new ();
    for (int i = 0; i < 2 * QUOTA_MAX; i++)
        assert_true (take (quota, "pk", 0, i, 0));
    quota_free (&quota);
}

static void looking_counts_nothing (void **state)
{
    (void) state;
    struct quota *quota = quota_new ();
    struct hash one = { { 1 } }, two = { { 2 } };
    struct span pk = span_of ("pk");
    assert_true (quota_has (quota, pk, HOUR, &one, 1));
    assert_true (quota_has (quota, pk, HOUR, &two, 1));
    assert_true (quota_take (quota, pk, HOUR, &one, 1));
    assert_false (quota_has (quota, pk, HOUR, &two, 1));
    assert_true (quota_has (quota, pk, HOUR, &one, 1)); /* counted already */
    assert_true (quota_has (quota, pk, HOUR, &two, 0));
    assert_true (quota_has (quota, pk, 2 * HOUR, &two, 1));
    quota_free (&quota);
}

static void a_limit_that_cannot_be_counted_is_the_largest_that_can (void **state)
{
    (void) state;
    struct quota *quota = quota_new ();
    for (int i = 0; i < QUOTA_MAX; i++)
        assert_true (take (quota, "pk", 0, i, INT64_MAX));
    assert_false (take (quota, "pk", 0, QUOTA_MAX, INT64_MAX));
    quota_free (&quota);
}

static void what_was_not_asked_for_the_longest_is_forgotten_first (void **state)
{
    (void) state;
    struct quota *quota = quota_new ();
    assert_true (take (quota, "pk", 0, 1, 1));
    assert_true (take (quota, "pk", HOUR, 1, 1));
    for (int i = 2; i < QUOTA_HOURS; i++)
        assert_true (take (quota, "pk", i * HOUR, i, 1));
    assert_false (take (quota, "pk", 0, 2, 1)); /* and so it is younger than the next */
    assert_true (take (quota, "pk", QUOTA_HOURS * HOUR, 1, 1));
    assert_false (take (quota, "pk", 0, 2, 1));
    assert_true (take (quota, "pk", HOUR, 2, 1));
    quota_free (&quota);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_origin_has_so_many_an_hour),
        cmocka_unit_test (a_message_that_comes_again_is_counted_once),
        cmocka_unit_test (without_a_limit_nothing_is_refused),
        cmocka_unit_test (looking_counts_nothing),
        cmocka_unit_test (a_limit_that_cannot_be_counted_is_the_largest_that_can),
        cmocka_unit_test (what_was_not_asked_for_the_longest_is_forgotten_first),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
