/* SPDX-License-Identifier: Apache-2.0 */
/* One draft is written by one hand at a time, and nothing else is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "nodes/certbus/draft.h"
#include "tests/unit/support_certbus.h"

static void a_draft_has_one_writer_and_leaves_no_lock_behind (void **state)
{
    (void) state;
    struct draft_file one, other;
    char lock[4096];
    const char *path = file_without ("night");
    snprintf (lock, sizeof lock, "%s.lock", path);
    assert_int_equal (draft_open (&one, "pk", "advisory", path), EXIT_DONE);
    assert_int_not_equal (draft_open (&other, "pk", "advisory", path), EXIT_DONE);
    draft_close (&other);
    assert_int_equal (access (lock, F_OK), 0);
    draft_close (&one);
    assert_int_equal (access (lock, F_OK), -1);
}

static void what_somebody_keeps_under_the_name_of_a_lock_stays (void **state)
{
    (void) state;
    struct draft_file draft;
    char lock[4096], path[4096];
    snprintf (lock, sizeof lock, "%s", file_with ("yarn.lock", "mine\n"));
    snprintf (path, sizeof path, "%.*s", (int) (strlen (lock) - strlen (".lock")), lock);
    assert_int_equal (draft_open (&draft, "pk", "advisory", path), EXIT_DONE);
    draft_close (&draft);
    assert_int_equal (access (lock, F_OK), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_draft_has_one_writer_and_leaves_no_lock_behind),
        cmocka_unit_test (what_somebody_keeps_under_the_name_of_a_lock_stays),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
