/* SPDX-License-Identifier: Apache-2.0 */
/* What the messages that run an exercise amount to. */
#include "bus/core/exercise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define FROM  INT64_C (1000000)
#define UNTIL INT64_C (2000000)

static struct exercise announced (void)
{
    struct exercise self = { .id = { span_of ("pk"), { 1, 7 }, 3 },
                             .plan = { span_of ("pk"), { 1, 7 }, 2 },
                             .title = span_of ("A drill"),
                             .audience_count = 2,
                             .tlp = CB_TLP_AMBER,
                             .announced = 900000,
                             .from = FROM,
                             .until = UNTIL };
    term_parse (&self.audience[0], span_of ("@energy"));
    term_parse (&self.audience[1], span_of ("pk.sindh.**"));
    return self;
}

static struct exercise_step step (enum exercise_what what, int64_t issued)
{
    struct exercise_step made = { .what = what,
                                  .id = { span_of ("pk"), { 1, 7 }, issued },
                                  .issued = issued };
    memset (made.leaf.bytes, (int) what + 1, HASH_SIZE);
    return made;
}

#define STEPS 6
static void usual (struct exercise_step steps[STEPS])
{
    steps[0] = step (EXERCISE_START, FROM + 10);
    steps[1] = step (EXERCISE_PAUSE, FROM + 110);
    steps[2] = step (EXERCISE_RESUME, FROM + 1110);
    steps[3] = step (EXERCISE_PAUSE, FROM + 1210);
    steps[4] = step (EXERCISE_RESUME, FROM + 1310);
    steps[5] = step (EXERCISE_STOP, FROM + 1410);
}

static void its_state_does_not_depend_on_the_order_in_which_its_messages_came (void **state)
{
    struct exercise_step steps[STEPS];
    struct exercise once = announced ();
    struct pack_out first, other;
    (void) state;
    usual (steps);
    exercise_fold (&once, steps, STEPS);
    pack_init (&first);
    exercise_pack (&first, &once);
    srand (4);
    for (int round = 0; round < 100; round++) {
        struct exercise again = announced ();
        usual (steps);
        for (size_t i = STEPS; i > 1; i--) {
            size_t at = (size_t) rand () % i;
            struct exercise_step kept = steps[i - 1];
            steps[i - 1] = steps[at];
            steps[at] = kept;
        }
        exercise_fold (&again, steps, STEPS);
        pack_init (&other);
        exercise_pack (&other, &again);
        assert_true (span_equal (pack_result (&first), pack_result (&other)));
        pack_free (&other);
    }
    assert_int_equal (once.stands, EXERCISE_ENDED);
    assert_int_equal (once.started, FROM + 10);
    assert_int_equal (once.ended, FROM + 1410);
    assert_int_equal (once.pause_count, 2);
    pack_free (&first);
}

static void pauses_do_not_count (void **state)
{
    struct exercise_step steps[STEPS];
    struct exercise self = announced ();
    (void) state;
    usual (steps);
    exercise_fold (&self, steps, 5);
    assert_int_equal (exercise_ran (&self, FROM), 0);
    assert_int_equal (exercise_ran (&self, FROM + 60), 50);
    assert_int_equal (exercise_ran (&self, FROM + 500), 100);
    assert_int_equal (exercise_ran (&self, FROM + 1160), 150);
    assert_int_equal (exercise_ran (&self, FROM + 1250), 200);
    assert_int_equal (exercise_ran (&self, FROM + 1320), 210);
    /* An inject at 250 ms was due 1100 ms later than it would have been. */
    assert_int_equal (exercise_due (&self, 250), FROM + 10 + 250 + 1100);
    /* So is what is due in it otherwise, by the pauses that lay between. */
    assert_int_equal (exercise_later (&self, FROM + 50, FROM + 100), FROM + 100);
    assert_int_equal (exercise_later (&self, FROM + 50, FROM + 150), FROM + 1150);
    assert_int_equal (exercise_later (&self, FROM + 610, FROM + 650), FROM + 1150);
    assert_int_equal (exercise_later (&self, FROM + 50, FROM + 250), FROM + 1350);
    assert_int_equal (exercise_later (&self, FROM + 1320, FROM + 1400), FROM + 1400);
    exercise_fold (&self, steps, 4);
    assert_int_equal (exercise_due (&self, 250), 0);
}

static void what_is_not_possible_changes_nothing (void **state)
{
    struct exercise_step steps[] = { step (EXERCISE_PAUSE, FROM + 1),
                                     step (EXERCISE_START, FROM - 1),
                                     step (EXERCISE_RESUME, FROM + 2),
                                     step (EXERCISE_SCORE, FROM) };
    struct exercise self = announced ();
    (void) state;
    exercise_fold (&self, steps, 4);
    assert_int_equal (self.stands, EXERCISE_ANNOUNCED);
    assert_string_equal (exercise_refuses (&self, EXERCISE_START, FROM - 1),
                         "its period has not begun");
    assert_null (exercise_refuses (&self, EXERCISE_START, FROM));
    assert_string_equal (exercise_refuses (&self, EXERCISE_START, UNTIL), "it has ended");
    assert_string_equal (exercise_refuses (&self, EXERCISE_RESUME, FROM), "it is not paused");
    assert_null (exercise_refuses (&self, EXERCISE_STOP, FROM));
    assert_non_null (exercise_refuses (&self, EXERCISE_SCORE, FROM));
    assert_non_null (exercise_refuses (&self, EXERCISE_ANNOUNCE, FROM));
}

static void it_ends_with_its_period (void **state)
{
    struct exercise_step steps[] = { step (EXERCISE_START, FROM),
                                     step (EXERCISE_STOP, UNTIL + 500) };
    struct exercise self = announced ();
    (void) state;
    exercise_fold (&self, steps, 1);
    assert_int_equal (exercise_at (&self, UNTIL - 1), EXERCISE_RUNNING);
    assert_int_equal (exercise_at (&self, UNTIL), EXERCISE_ENDED);
    assert_int_equal (exercise_due (&self, UNTIL - FROM), 0);
    assert_int_equal (exercise_ran (&self, UNTIL + 500), UNTIL - FROM);
    exercise_fold (&self, steps, 2);
    assert_int_equal (self.stands, EXERCISE_ENDED);
    assert_int_equal (self.ended, UNTIL);
}

static void too_many_pauses_or_steps_end_it (void **state)
{
    static struct exercise_step steps[EXERCISE_STEPS];
    struct exercise self = announced ();
    size_t count = 0;
    (void) state;
    steps[count++] = step (EXERCISE_START, FROM);
    for (int i = 0; i <= EXERCISE_PAUSES; i++) {
        steps[count++] = step (EXERCISE_PAUSE, FROM + 1 + 2 * i);
        steps[count++] = step (EXERCISE_RESUME, FROM + 2 + 2 * i);
    }
    exercise_fold (&self, steps, count);
    assert_int_equal (self.stands, EXERCISE_ENDED);
    assert_int_equal (self.pause_count, EXERCISE_PAUSES);
    steps[0] = step (EXERCISE_START, FROM);
    for (int i = 1; i < EXERCISE_STEPS; i++)
        steps[i] = step (EXERCISE_START, FROM + i);
    self = announced ();
    exercise_fold (&self, steps, EXERCISE_STEPS);
    assert_int_equal (self.stands, EXERCISE_ENDED);
}

static const char *says (const struct exercise *self, const char *origin, const char *to,
                         int64_t issued)
{
    struct labels sectors = { .count = 1, .at = { span_of ("energy") } };
    struct term term;
    struct exercise_guest guest = { .origin = span_of (origin),
                                    .audience_count = 1,
                                    .audience = &term,
                                    .issued = issued,
                                    .slack = 10 };
    term_parse (&term, span_of (to));
    if (strcmp (origin, "pk.kel") == 0)
        guest.sectors = &sectors;
    return exercise_rejects (self, &guest);
}

static void only_those_it_was_announced_to_take_part (void **state)
{
    struct exercise_step steps[STEPS];
    struct exercise self = announced ();
    (void) state;
    usual (steps);
    exercise_fold (&self, steps, 2); /* also while it is paused: what was begun is ended */
    assert_null (says (&self, "pk", "pk.sindh.**", FROM + 20));
    assert_null (says (&self, "pk", "pk.kel", FROM + 20));
    assert_null (says (&self, "pk.sindh.kpt", "pk.sindh", FROM + 20));
    assert_null (says (&self, "pk.sindh.kpt", "pk", FROM + 20));
    assert_null (says (&self, "pk.kel", "pk", FROM + 20));
    assert_non_null (says (&self, "pk.punjab", "pk", FROM + 20));
    assert_non_null (says (&self, "pk.sindh.kpt", "pk.punjab", FROM + 20));
    assert_non_null (says (&self, "pk.sindh.kpt", "pk.**", FROM + 20));
    assert_non_null (says (&self, "pk", "@telecom", FROM + 20));
}

static void only_while_it_runs_by_clocks_that_differ_a_little (void **state)
{
    struct exercise_step steps[STEPS];
    struct exercise self = announced ();
    (void) state;
    usual (steps);
    exercise_fold (&self, steps, 0);
    assert_string_equal (says (&self, "pk", "pk.sindh", FROM + 20), "the exercise has not started");
    exercise_fold (&self, steps, STEPS);
    assert_null (says (&self, "pk", "pk.sindh", FROM + 1));
    assert_non_null (says (&self, "pk", "pk.sindh", FROM - 1));
    assert_null (says (&self, "pk", "pk.sindh", FROM + 1419));
    assert_string_equal (says (&self, "pk", "pk.sindh", FROM + 1420), "the exercise has ended");
}

static void a_row_is_read_as_it_was_written_and_nothing_else_is (void **state)
{
    struct exercise_step steps[STEPS];
    struct exercise self = announced (), back;
    struct pack_out out, again;
    (void) state;
    usual (steps);
    exercise_fold (&self, steps, 4);
    pack_init (&out);
    pack_init (&again);
    exercise_pack (&out, &self);
    struct span row = pack_result (&out);
    assert_true (exercise_read (&back, row));
    exercise_pack (&again, &back);
    assert_true (span_equal (row, pack_result (&again)));
    for (size_t size = 0; size < row.size; size++)
        assert_false (exercise_read (&back, span_bytes (row.data, size)));
    pack_free (&out);
    pack_free (&again);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (its_state_does_not_depend_on_the_order_in_which_its_messages_came),
        cmocka_unit_test (pauses_do_not_count),
        cmocka_unit_test (what_is_not_possible_changes_nothing),
        cmocka_unit_test (it_ends_with_its_period),
        cmocka_unit_test (too_many_pauses_or_steps_end_it),
        cmocka_unit_test (only_those_it_was_announced_to_take_part),
        cmocka_unit_test (only_while_it_runs_by_clocks_that_differ_a_little),
        cmocka_unit_test (a_row_is_read_as_it_was_written_and_nothing_else_is),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
