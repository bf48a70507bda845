/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static bool down (const char *term, const char *origin, const char *child)
{
    struct labels sectors = { .count = 1, .at = { span_of ("energy") } };
    struct labels may_grant = { .count = 1, .at = { span_of ("health") } };
    struct route_child to = { .name = span_of (child),
                              .sectors = &sectors,
                              .may_grant = &may_grant };
    struct term audience[1];
    assert_true (term_parse (audience, span_of (term)));
    return route_down (audience, 1, span_of (origin), &to);
}

static bool up (const char *term, const char *origin, const char *self)
{
    struct term audience[1];
    assert_true (term_parse (audience, span_of (term)));
    return route_up (audience, 1, span_of (origin), span_of (self));
}

static bool here (const char *term, const char *self)
{
    struct labels sectors = { .count = 2, .at = { span_of ("energy"), span_of ("health") } };
    struct term audience[1];
    assert_true (term_parse (audience, span_of (term)));
    return route_here (audience, 1, span_of (self), &sectors);
}

static void a_party_in_the_childs_subtree_is_reached_downwards (void **state)
{
    (void) state;
    assert_true (down ("pk.sindh", "pk", "pk.sindh"));
    assert_true (down ("pk.sindh.kpt", "pk", "pk.sindh"));
    assert_false (down ("pk.punjab", "pk", "pk.sindh"));
    assert_false (down ("pk", "pk.punjab", "pk.sindh"));
    assert_false (down ("pk.sindh-x", "pk", "pk.sindh"));
}

static void a_subtree_is_reached_from_above_and_from_within (void **state)
{
    (void) state;
    assert_true (down ("pk.**", "pk", "pk.sindh"));
    assert_true (down ("pk.sindh.**", "pk", "pk.sindh"));
    assert_true (down ("pk.sindh.kpt.**", "pk", "pk.sindh"));
    assert_false (down ("pk.punjab.**", "pk", "pk.sindh"));
}

static void a_sector_is_reached_if_the_child_has_it_or_may_grant_it (void **state)
{
    (void) state;
    assert_true (down ("@energy", "pk", "pk.sindh"));
    assert_true (down ("@health", "pk", "pk.sindh"));
    assert_false (down ("@telecom", "pk", "pk.sindh"));
    struct labels any = { .count = 1, .at = { span_of ("*") } }, none = { .count = 0 };
    struct route_child child = { .name = span_of ("pk.sindh"),
                                 .sectors = &none,
                                 .may_grant = &any };
    struct term term;
    assert_true (term_parse (&term, span_of ("@telecom")));
    assert_true (route_down (&term, 1, span_of ("pk"), &child));
    child.may_grant = NULL;
    assert_false (route_down (&term, 1, span_of ("pk"), &child));
}

static void nothing_goes_back_down_to_where_it_came_from (void **state)
{
    (void) state;
    assert_false (down ("pk.**", "pk.sindh", "pk.sindh"));
    assert_false (down ("pk.sindh.**", "pk.sindh.kpt", "pk.sindh"));
    assert_false (down ("@energy", "pk.sindh.kpt", "pk.sindh"));
    assert_true (down ("pk.**", "pk.sindh-x", "pk.sindh"));
}

static void a_term_outside_ones_subtree_goes_up (void **state)
{
    (void) state;
    assert_true (up ("pk", "pk.sindh", "pk.sindh"));
    assert_true (up ("pk.punjab", "pk.sindh.kpt", "pk.sindh"));
    assert_true (up ("pk.**", "pk.sindh", "pk.sindh"));
    assert_true (up ("@energy", "pk.sindh", "pk.sindh"));
    assert_true (up ("@pk", "pk", "pk")); /* a sector, and no party of that name */
    assert_false (up ("pk.sindh", "pk.sindh.kpt", "pk.sindh"));
    assert_false (up ("pk.sindh.kpt", "pk.sindh", "pk.sindh"));
    assert_false (up ("pk.sindh.**", "pk.sindh", "pk.sindh"));
    assert_false (up ("pk.sindh.kpt.**", "pk.sindh", "pk.sindh"));
}

static void only_what_originates_in_ones_subtree_goes_up (void **state)
{
    (void) state;
    assert_false (up ("pk", "pk.punjab", "pk.sindh"));
    assert_false (up ("@energy", "pk", "pk.sindh"));
    assert_false (up ("pk.**", "pk.sindh-x", "pk.sindh"));
}

static void delivery_is_not_transit (void **state)
{
    (void) state;
    assert_true (here ("pk.sindh", "pk.sindh"));
    assert_true (here ("pk.**", "pk.sindh"));
    assert_true (here ("pk.sindh.**", "pk.sindh"));
    assert_true (here ("@energy", "pk.sindh"));
    assert_true (here ("@health", "pk.sindh"));
    assert_false (here ("pk.sindh.kpt", "pk.sindh"));
    assert_false (here ("pk.sindh.kpt.**", "pk.sindh"));
    assert_false (here ("pk", "pk.sindh"));
    assert_false (here ("@telecom", "pk.sindh"));
}

static void one_term_of_several_is_enough (void **state)
{
    (void) state;
    struct term audience[3];
    struct labels none = { .count = 0 };
    struct route_child child = { .name = span_of ("pk.sindh"), .sectors = &none };
    assert_true (term_parse (&audience[0], span_of ("@telecom")));
    assert_true (term_parse (&audience[1], span_of ("pk.punjab")));
    assert_true (term_parse (&audience[2], span_of ("pk.sindh")));
    assert_true (route_down (audience, 3, span_of ("pk"), &child));
    assert_false (route_down (audience, 2, span_of ("pk"), &child));
    assert_true (route_here (audience, 3, span_of ("pk.sindh"), &none));
    assert_false (route_here (audience, 2, span_of ("pk.sindh"), &none));
    assert_false (route_up (audience, 0, span_of ("pk.sindh"), span_of ("pk.sindh")));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_party_in_the_childs_subtree_is_reached_downwards),
        cmocka_unit_test (a_subtree_is_reached_from_above_and_from_within),
        cmocka_unit_test (a_sector_is_reached_if_the_child_has_it_or_may_grant_it),
        cmocka_unit_test (nothing_goes_back_down_to_where_it_came_from),
        cmocka_unit_test (a_term_outside_ones_subtree_goes_up),
        cmocka_unit_test (only_what_originates_in_ones_subtree_goes_up),
        cmocka_unit_test (delivery_is_not_transit),
        cmocka_unit_test (one_term_of_several_is_enough),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
