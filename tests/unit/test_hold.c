/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the wall clock can be believed: with both clocks made up. */
#include "bus/core/hold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define MINUTE INT64_C (60000)
#define HOUR   INT64_C (3600000)
#define DAY    (24 * HOUR)
#define BEGAN  INT64_C (1790000000000)

/* A machine that was booted at BEGAN. */
static struct hold hold;
static int64_t wall, steady;

static int setup (void **state)
{
    (void) state;
    memset (&hold, 0, sizeof hold);
    wall = BEGAN;
    steady = 0;
    assert_int_equal (hold_start (&hold, "boot-1", wall, steady, BEGAN - DAY), HOLD_NOTHING);
    return 0;
}

static enum hold_event after (int64_t ms, int64_t jump)
{
    steady += ms;
    wall += ms + jump;
    return hold_tick (&hold, wall, steady);
}

static enum hold_event restart (const char *boot, int64_t newest)
{
    struct pack_out out;
    struct hold saved;
    pack_init (&out);
    hold_pack (&out, &hold);
    assert_true (hold_read (&saved, pack_result (&out)));
    assert_string_equal (saved.boot, hold.boot);
    assert_true (saved.known == hold.known && saved.held == hold.held);
    assert_int_equal (saved.trusted, hold.trusted);
    pack_free (&out);
    hold = saved;
    return hold_start (&hold, boot, wall, steady, newest);
}

static void what_elapses_is_no_jump_however_long_it_was (void **state)
{
    (void) state;
    assert_int_equal (after (1000, 0), HOLD_NOTHING);
    assert_int_equal (after (300 * DAY, 0), HOLD_NOTHING); /* a machine that slept */
    assert_int_equal (after (1000, MINUTE), HOLD_NOTHING); /* NTP sets it a little */
    assert_int_equal (after (1000, -MINUTE), HOLD_NOTHING);
    assert_false (hold.held);
}

static void a_jump_holds_forwards_and_backwards_until_it_is_confirmed (void **state)
{
    static const int64_t jumps[] = { MINUTE + 1, -MINUTE - 1, 400 * DAY, -400 * DAY };
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        setup (state);
        assert_int_equal (after (1000, jumps[i]), HOLD_BEGAN);
        assert_true (hold.held);
        assert_int_equal (hold.jumped, jumps[i]);
        assert_int_equal (hold.since, wall);
        assert_int_equal (after (DAY, 0), HOLD_NOTHING);
        assert_true (hold.held);
        hold_confirm (&hold, wall, steady);
        assert_false (hold.held);
        assert_int_equal (after (1000, 0), HOLD_NOTHING);
        assert_false (hold.held);
    }
}

static void a_clock_that_is_set_back_to_where_it_was_is_believed_again (void **state)
{
    (void) state;
    assert_int_equal (after (1000, 3 * HOUR), HOLD_BEGAN);
    assert_int_equal (after (HOUR, 2 * HOUR), HOLD_NOTHING);
    assert_int_equal (hold.jumped, 5 * HOUR);
    assert_int_equal (after (HOUR, -5 * HOUR + 1000), HOLD_ENDED);
    assert_false (hold.held);
    assert_int_equal (after (HOUR, 0), HOLD_NOTHING);
}

static void a_jump_over_a_restart_is_seen_in_the_same_run_of_the_machine (void **state)
{
    (void) state;
    steady += HOUR;
    wall += HOUR + 2 * HOUR;
    assert_int_equal (restart ("boot-1", BEGAN), HOLD_BEGAN);
    assert_int_equal (hold.jumped, 2 * HOUR);
    /* And a hold is kept over one. */
    assert_int_equal (restart ("boot-1", BEGAN), HOLD_NOTHING);
    assert_true (hold.held);
    wall -= 2 * HOUR;
    assert_int_equal (restart ("boot-1", BEGAN), HOLD_ENDED);
}

static void after_a_reboot_a_clock_behind_what_is_stored_is_doubted (void **state)
{
    (void) state;
    int64_t newest = wall;
    steady = 0;
    wall -= 10 * DAY;
    assert_int_equal (restart ("boot-2", newest), HOLD_BEGAN);
    assert_int_equal (hold.jumped, -10 * DAY);
    assert_int_equal (after (DAY, 0), HOLD_NOTHING);
    assert_true (hold.held);
    assert_int_equal (after (1000, 9 * DAY), HOLD_ENDED); /* NTP has found the time */
    assert_int_equal (after (1000, 0), HOLD_NOTHING);
}

static void after_a_reboot_a_clock_that_went_on_is_believed (void **state)
{
    (void) state;
    int64_t newest = wall;
    steady = 0;
    wall += 3 * DAY;
    assert_int_equal (restart ("boot-2", newest), HOLD_NOTHING);
    assert_int_equal (restart ("boot-2", newest), HOLD_NOTHING);
    assert_int_equal (after (1000, 2 * HOUR), HOLD_BEGAN);
}

static void a_hold_outlives_a_reboot_and_then_only_a_person_ends_it (void **state)
{
    (void) state;
    assert_int_equal (after (1000, DAY), HOLD_BEGAN);
    steady = 0;
    assert_int_equal (restart ("boot-2", wall), HOLD_NOTHING);
    assert_true (hold.held);
    assert_int_equal (after (1000, -DAY), HOLD_NOTHING);
    assert_true (hold.held);
    assert_int_equal (restart ("boot-2", wall), HOLD_NOTHING);
    assert_true (hold.held);
    hold_confirm (&hold, wall, steady);
    assert_int_equal (after (1000, 0), HOLD_NOTHING);
    assert_false (hold.held);
}

static void bytes_that_are_no_saved_clock_are_as_none (void **state)
{
    (void) state;
    assert_false (hold_read (&hold, span_of ("rubbish")));
    assert_false (hold.known || hold.held);
    assert_false (hold_read (&hold, span_bytes (NULL, 0)));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (what_elapses_is_no_jump_however_long_it_was, setup),
        cmocka_unit_test_setup (a_jump_holds_forwards_and_backwards_until_it_is_confirmed, setup),
        cmocka_unit_test_setup (a_clock_that_is_set_back_to_where_it_was_is_believed_again, setup),
        cmocka_unit_test_setup (a_jump_over_a_restart_is_seen_in_the_same_run_of_the_machine,
                                setup),
        cmocka_unit_test_setup (after_a_reboot_a_clock_behind_what_is_stored_is_doubted, setup),
        cmocka_unit_test_setup (after_a_reboot_a_clock_that_went_on_is_believed, setup),
        cmocka_unit_test_setup (a_hold_outlives_a_reboot_and_then_only_a_person_ends_it, setup),
        cmocka_unit_test_setup (bytes_that_are_no_saved_clock_are_as_none, setup),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
