/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/officers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A. Amin (1) does everything, B. Baig (2) acknowledges and works on cases, C. Chaudhry is of a
 * user that is not there, D. Dar and D. Durrani share a user (4). */
static const struct conf_officers desk = {
    .count = 5,
    .at = { { .name = "A. Amin", .user = "amin", .may = "*", .known = true, .uid = 1 },
            { .name = "B. Baig", .user = "baig", .may = "case advisory", .known = true, .uid = 2 },
            { .name = "C. Chaudhry", .user = "gone", .may = "*" },
            { .name = "D. Dar", .user = "dd", .may = "update", .known = true, .uid = 4 },
            { .name = "D. Durrani", .user = "dd", .may = "close", .known = true, .uid = 4 } },
};

static char why[OFFICERS_WHY];

static bool allows (uint32_t uid, const char *what, bool step, const char *name)
{
    struct span officer = name ? span_of (name) : (struct span){ NULL, 0 };
    *why = 0;
    return officers_allow (&desk, uid, span_of (what), step, &officer, why);
}

static void says (const char *part)
{
    if (!strstr (why, part) || strchr (why, '\n'))
        fail_msg ("\"%s\" is not the line: %s", part, why);
}

static void without_officers_everything_is_as_it_was (void **state)
{
    (void) state;
    struct conf_officers nobody = { .count = 0 };
    struct span officer = { NULL, 0 };
    assert_true (officers_allow (&nobody, 7, span_of ("close"), true, &officer, why));
    assert_int_equal (officer.size, 0);
}

static void an_officer_acts_as_his_own_user_and_as_far_as_he_may (void **state)
{
    (void) state;
    assert_true (allows (1, "policy", false, "A. Amin"));
    assert_true (allows (2, "close", true, "B. Baig"));
    assert_true (allows (2, "advisory", false, "B. Baig"));
    assert_false (allows (2, "bulletin", false, "B. Baig"));
    says ("B. Baig may not: bulletin; who may: A. Amin (user amin)");
    assert_false (allows (4, "close", true, "D. Dar"));
    says ("D. Dar may not: close; who may: A. Amin (user amin), B. Baig (user baig)");
    assert_false (allows (2, "close", true, "A. Amin"));
    says ("A. Amin acts as user amin, and not as the user with uid 2; who may: ");
    assert_false (allows (0, "close", true, "C. Chaudhry"));
    says ("C. Chaudhry acts as user gone");
    assert_false (allows (1, "close", true, "A. Nobody"));
    says ("A. Nobody is no officer of this party; who may: A. Amin");
}

static void a_step_and_a_kind_of_one_name_are_told_apart_by_case (void **state)
{
    (void) state;
    assert_true (allows (4, "update", true, "D. Dar"));
    assert_false (allows (2, "update", false, "B. Baig"));
}

static void who_gives_no_name_is_the_only_officer_of_that_user (void **state)
{
    (void) state;
    struct span officer = { NULL, 0 };
    assert_true (officers_allow (&desk, 2, span_of ("close"), true, &officer, why));
    assert_true (span_is (officer, "B. Baig"));
    assert_false (allows (4, "close", true, NULL));
    says ("an officer has to answer for close: --by NAME; who may: ");
    assert_false (allows (0, "close", true, NULL));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (without_officers_everything_is_as_it_was),
        cmocka_unit_test (an_officer_acts_as_his_own_user_and_as_far_as_he_may),
        cmocka_unit_test (a_step_and_a_kind_of_one_name_are_told_apart_by_case),
        cmocka_unit_test (who_gives_no_name_is_the_only_officer_of_that_user),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
