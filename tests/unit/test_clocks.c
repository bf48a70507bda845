/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks of cases, with a time that is made up. */
#include "tests/unit/support_clocks.h"

#include <string.h>

static struct night night;

static int setup (void **state)
{
    (void) state;
    night_open (&night, "2028-02-27T21:00:00Z");
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    night_rebuilt (&night);
    night_close (&night);
    return 0;
}

static const char climbing[] = "00:07:30 pk.sindh.khi reminder acknowledge\n"
                               "00:15:00 pk.sindh.khi breach acknowledge!\n"
                               "00:30:00 pk.sindh.khi escalation acknowledge!\n"
                               "00:30:00 pk.sindh climbed acknowledge!\n"
                               "00:45:00 pk.sindh breach acknowledge!\n"
                               "01:00:00 pk.sindh escalation acknowledge!\n"
                               "01:00:00 pk climbed acknowledge!\n"
                               "01:15:00 pk breach acknowledge!\n"
                               "01:30:00 pk climbed acknowledge!\n";

static void silence_climbs_level_by_level_up_to_the_root (void **state)
{
    (void) state;
    night.apart = true;
    struct msg_id id = night_report (&night, "S1", false);
    night_on (&night, 10 * DAY);
    night_expect (&night, climbing);
    /* What was breached runs until it is met. */
    night_clocks (&night, KHI, id, "acknowledge due 00:15:00 next none\n");
    night_clocks (&night, PK, id, "acknowledge due 01:15:00 next none\n");
    night_breaches (&night, KHI, "pk.sindh.khi acknowledge due 00:15:00 done no\n");
    night_breaches (&night, PK,
                    "pk acknowledge due 01:15:00 done no\n"
                    "pk.sindh acknowledge due 00:45:00 done no\n");
}

static void a_restart_between_any_two_steps_changes_nothing (void **state)
{
    (void) state;
    night.restarts = night.apart = true;
    night_report (&night, "S1", false);
    night_on (&night, 10 * DAY);
    night_expect (&night, climbing);
}

static void what_is_made_twice_counts_once (void **state)
{
    (void) state;
    night.twice = night.apart = true;
    struct msg_id id = night_report (&night, "S1", false);
    night_on (&night, 10 * DAY);
    night_expect (&night, climbing);
    night_clocks (&night, SINDH, id, "acknowledge due 00:45:00 next none\n");
}

static void an_acknowledgement_just_in_time_is_in_time (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    night_on (&night, 15 * MINUTE - 1);
    night_step (&night, KHI, id, "step=acknowledge");
    night_on (&night, HOUR);
    night_expect (&night, "00:07:30 pk.sindh.khi reminder acknowledge\n");
    night_breaches (&night, KHI, "");
    night_clocks (&night, KHI, id, "update due 04:14:59.999 next remind\n");
}

static void one_just_after_it_is_a_breach_that_was_met_after_all (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    night_on (&night, 15 * MINUTE);
    night.now++;
    night_step (&night, KHI, id, "step=acknowledge");
    night_on (&night, HOUR);
    night_expect (&night, "00:07:30 pk.sindh.khi reminder acknowledge\n"
                          "00:15:00 pk.sindh.khi breach acknowledge!\n");
    night_breaches (&night, KHI, "pk.sindh.khi acknowledge due 00:15:00 done 00:15:00.001\n");
}

static void whoever_is_above_ends_the_climbing_by_taking_it_on (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    night_on (&night, 40 * MINUTE);
    night_step (&night, SINDH, id, "step=acknowledge");
    night_on (&night, HOUR);
    night_expect (&night, "00:07:30 pk.sindh.khi reminder acknowledge\n"
                          "00:15:00 pk.sindh.khi breach acknowledge!\n"
                          "00:30:00 pk.sindh.khi escalation acknowledge!\n"
                          "00:30:00 pk.sindh climbed acknowledge!\n");
    night_clocks (&night, SINDH, id, "");
    night_clocks (&night, KHI, id, "update due 04:40:00 next remind\n");
    night_breaches (&night, SINDH, "pk.sindh.khi acknowledge due 00:15:00 done 00:40:00\n");
}

/* The leap day, the end of a month, and no summer time: always 24 hours. */
static void an_update_is_due_a_day_later_also_on_the_29th_of_february (void **state)
{
    (void) state;
    int64_t leap, march;
    struct msg_id id = night_report (&night, "S2", false);
    night_on (&night, 30 * MINUTE);
    night_step (&night, KHI, id, "step=acknowledge");
    assert_true (when_parse (span_of ("2028-02-28T21:29:59Z"), &leap));
    night_until (&night, leap);
    night_step (&night, KHI, id, "step=update");
    night_expect (&night, "00:30:00 pk.sindh.khi reminder acknowledge\n"
                          "12:30:00 pk.sindh.khi reminder update\n");
    assert_true (when_parse (span_of ("2028-02-29T21:29:59Z"), &leap));
    night_until (&night, leap);
    night_expect (&night, "1d 12:29:59 pk.sindh.khi reminder update\n"
                          "2d 00:29:59 pk.sindh.khi breach update!\n");
    assert_int_equal (night.now, leap);
    night_step (&night, KHI, id, "step=update");
    assert_true (when_parse (span_of ("2028-03-01T21:29:59Z"), &march));
    night_until (&night, march - 1);
    night_expect (&night, "2d 12:29:59 pk.sindh.khi reminder update\n");
    night_breaches (&night, KHI, "pk.sindh.khi update due 2d 00:29:59 done 2d 00:29:59\n");
}

static void an_update_clock_runs_for_a_year (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S3", false);
    night_step (&night, KHI, id, "step=acknowledge");
    for (int i = 0; i < 366; i++) {
        night_on (&night, DAY);
        if (i != 180 && i != 181 && i != 182)
            night_step (&night, KHI, id, "step=update");
    }
    /* Three days of silence in a year: one reminder, one breach. */
    night_expect (&night, "181d 12:00:00 pk.sindh.khi reminder update\n"
                          "183d 00:00:00 pk.sindh.khi breach update\n");
    night_breaches (&night, KHI, "pk.sindh.khi update due 183d 00:00:00 done 184d 00:00:00\n");
    night_clocks (&night, KHI, id, "update due 369d 00:00:00 next remind\n");
}

static void a_promise_that_is_earlier_counts_and_one_that_is_later_does_not (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    night_step (&night, KHI, id, "next_update=@3600000 step=acknowledge");
    night_clocks (&night, KHI, id, "update due 01:00:00 next remind\n");
    night_on (&night, 30 * MINUTE);
    night_step (&night, KHI, id, "next_update=@86400000 step=update");
    night_clocks (&night, KHI, id, "update due 04:30:00 next remind\n");
    night_on (&night, 9 * HOUR);
    night_expect (&night, "00:30:00 pk.sindh.khi reminder update\n"
                          "02:30:00 pk.sindh.khi reminder update\n"
                          "04:30:00 pk.sindh.khi breach update!\n"
                          "08:30:00 pk.sindh.khi escalation update!\n"
                          "08:30:00 pk.sindh climbed update!\n"
                          "08:45:00 pk.sindh breach update!\n"
                          "09:00:00 pk.sindh escalation update!\n"
                          "09:00:00 pk climbed update!\n"
                          "09:15:00 pk breach update!\n"
                          "09:30:00 pk climbed update!\n");
    night_step (&night, KHI, id, "step=update");
    night_clocks (&night, SINDH, id, "");
    night_clocks (&night, PK, id, "");
}

static void a_closing_report_is_due_after_recovery_and_then_nothing_is (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    night_step (&night, KHI, id, "step=acknowledge");
    night_on (&night, HOUR);
    night_step (&night, KPT, id, "step=recover");
    night_clocks (&night, KHI, id, "close due 30d 01:00:00 next remind\n");
    night_on (&night, 31 * DAY);
    night_expect (&night, "15d 01:00:00 pk.sindh.khi reminder close\n"
                          "30d 01:00:00 pk.sindh.khi breach close!\n");
    night_step (&night, KHI, id, "step=close");
    night_clocks (&night, KHI, id, "");
    night_on (&night, 100 * DAY);
    night_expect (&night, "");
    night_breaches (&night, KHI, "pk.sindh.khi close due 30d 01:00:00 done 31d 01:00:00\n");
}

/* Its lead has acknowledged long ago; whoever is above need not write the report to be left alone. */
static void a_closing_report_that_climbed_is_taken_on_by_a_person_above (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    night_step (&night, KHI, id, "step=acknowledge");
    night_step (&night, KPT, id, "step=recover");
    night_on (&night, 61 * DAY);
    night_step (&night, SINDH, id, "step=acknowledge");
    night_clocks (&night, SINDH, id, "");
    night_clocks (&night, PK, id, "");
    night_expect (&night, "15d 00:00:00 pk.sindh.khi reminder close\n"
                          "30d 00:00:00 pk.sindh.khi breach close!\n"
                          "60d 00:00:00 pk.sindh.khi escalation close!\n"
                          "60d 00:00:00 pk.sindh climbed close!\n"
                          "60d 00:15:00 pk.sindh breach close!\n"
                          "60d 00:30:00 pk.sindh escalation close!\n"
                          "60d 00:30:00 pk climbed close!\n"
                          "60d 00:45:00 pk breach close!\n"
                          "60d 01:00:00 pk climbed close!\n");
    night_clocks (&night, KHI, id, "close due 30d 00:00:00 next none\n");
}

static struct clock_arrival told (int64_t started, int64_t taken)
{
    return (struct clock_arrival){ .what = CASE_ESCALATE,
                                   .by = span_of ("pk.sindh"),
                                   .clock = CLOCK_CLOSE,
                                   .issued = taken,
                                   .taken = taken,
                                   .started = started };
}

static void an_escalation_that_is_told_again_later_is_the_same_one (void **state)
{
    (void) state;
    struct policy policy = { .clock_count = 1,
                             .clocks = { { span_of ("acknowledge"), span_of ("*"), 1, HOUR } } };
    struct clock_arrival arrivals[] = { told (5, 1000), told (5, 2000), told (6, 3000) };
    struct clock_view view = { .policy = &policy,
                               .self = span_of ("pk"),
                               .role = span_of ("national"),
                               .count = 3,
                               .arrivals = arrivals };
    struct case_state one = {
        .known = true, .lead = span_of ("pk.sindh.khi"), .severity = 1, .recovered = 1
    };
    struct clock_run runs[CLOCK_RUNS];
    assert_int_equal (clocks_now (runs, &one, &view), 2);
    assert_int_equal (runs[0].started, 1000);
    assert_int_equal (runs[1].started, 3000);
}

/* Two hundred runs of one sender; the next one is heard all the same. */
static void who_escalates_without_end_leaves_room_for_others (void **state)
{
    (void) state;
    struct policy policy = { .clock_count = 1,
                             .clocks = { { span_of ("acknowledge"), span_of ("*"), 1, HOUR } } };
    struct clock_arrival arrivals[201];
    struct span parties[] = { span_of ("pk.telecom") };
    for (int i = 0; i < 200; i++)
        arrivals[i] = told (i + 5, 1000 + i);
    arrivals[200] = told (5, 3000);
    arrivals[200].by = parties[0];
    struct clock_view view = { .policy = &policy,
                               .self = span_of ("pk"),
                               .role = span_of ("national"),
                               .count = 201,
                               .arrivals = arrivals };
    struct case_state one = {
        .known = true, .lead = span_of ("pk.sindh.khi"), .severity = 1, .recovered = 1
    };
    struct clock_run runs[CLOCK_RUNS];
    /* Who takes no part is not heard at all. */
    assert_int_equal (clocks_now (runs, &one, &view), CLOCK_RUNS_BY);
    one.parties[one.party_count++] = parties[0];
    assert_int_equal (clocks_now (runs, &one, &view), CLOCK_RUNS_BY + 1);
    assert_int_equal (runs[CLOCK_RUNS_BY].started, 3000);
}

/* It has the date of the report, and is void. */
static void a_void_reopening_with_the_date_of_the_report_starts_no_clock_anew (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    int64_t reported = night.now;
    night_on (&night, 10 * MINUTE);
    int64_t now = night.now;
    for (enum desk_of by = SINDH; by <= KPT; by++) {
        night.now = reported;
        night_say (&night, &(struct said){ .by = by,
                                           .kind = "update",
                                           .thread = id,
                                           .body = "step=reopen",
                                           .not_at = (1U << DESKS) - 1 });
        night.now = now;
        night_bring (&night, night.history.count - 1, KHI);
    }
    night_clocks (&night, KHI, id, "acknowledge due 00:15:00 next breach\n");
    night_on (&night, 10 * MINUTE);
    night_expect (&night, "00:07:30 pk.sindh.khi reminder acknowledge\n"
                          "00:15:00 pk.sindh.khi breach acknowledge!\n");
}

static void a_reopened_case_is_acknowledged_anew (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    night_step (&night, KHI, id, "step=acknowledge");
    night_step (&night, KHI, id, "step=close");
    night_on (&night, HOUR);
    night_step (&night, KPT, id, "step=reopen");
    night_clocks (&night, KHI, id, "acknowledge due 01:15:00 next remind\n");
    night_on (&night, 20 * MINUTE);
    night_expect (&night, "01:07:30 pk.sindh.khi reminder acknowledge\n"
                          "01:15:00 pk.sindh.khi breach acknowledge!\n");
}

/* What came late is held against nobody: the new lead's clock begins when it hears of it. */
static void a_new_lead_has_its_own_clock_from_when_it_was_told (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    night_step (&night, KHI, id, "step=acknowledge");
    night_say (&night, &(struct said){ .by = KHI,
                                       .kind = "update",
                                       .thread = id,
                                       .body = "lead=pk.sindh step=transfer",
                                       .not_at = 1U << SINDH });
    size_t transfer = night.history.count - 1;
    night_clocks (&night, KHI, id, "");
    night_on (&night, HOUR);
    night_bring (&night, transfer, SINDH);
    night_clocks (&night, SINDH, id, "acknowledge due 01:15:00 next remind\n");
    night_on (&night, 20 * MINUTE);
    night_expect (&night, "01:07:30 pk.sindh reminder acknowledge\n"
                          "01:15:00 pk.sindh breach acknowledge!\n");
}

static void another_severity_moves_what_is_still_to_come (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S3", false);
    night_clocks (&night, KHI, id, "acknowledge due 04:00:00 next remind\n");
    night_on (&night, 10 * MINUTE);
    night_step (&night, KPT, id, "severity=S1 step=triage"); /* not the reporter's to decide */
    night_clocks (&night, KHI, id, "acknowledge due 04:00:00 next remind\n");
    night_step (&night, KHI, id, "severity=S1 step=triage");
    night_clocks (&night, KHI, id, "acknowledge due 00:15:00 next remind\n");
    night_on (&night, 10 * MINUTE);
    night_expect (&night, "00:10:00 pk.sindh.khi reminder acknowledge\n"
                          "00:15:00 pk.sindh.khi breach acknowledge!\n");
    night_step (&night, KHI, id, "severity=S3 step=triage");
    night_clocks (&night, KHI, id, "acknowledge due 04:00:00 next climb\n");
}

static void an_undetermined_severity_counts_as_severe (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "undetermined", false);
    night_clocks (&night, KHI, id, "acknowledge due 01:00:00 next remind\n");
}

static void another_policy_counts_from_the_next_step_on (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    night_policy (&night, 2, "acknowledge", 2 * HOUR);
    night_clocks (&night, KHI, id, "acknowledge due 00:15:00 next remind\n");
    struct msg_id next = night_report (&night, "S1", false);
    night_clocks (&night, KHI, next, "acknowledge due 02:00:00 next climb\n");
    night_step (&night, KPT, id, "step=update");
    night_clocks (&night, KHI, id, "acknowledge due 02:00:00 next climb\n");
}

static void a_limit_that_the_policy_does_not_have_is_no_clock (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S4", false);
    night_step (&night, KHI, id, "step=acknowledge");
    night_step (&night, KHI, id, "step=recover");
    night_clocks (&night, KHI, id, "");
}

static void the_origin_is_told_that_its_report_has_not_arrived_and_whom_to_call (void **state)
{
    (void) state;
    night_say (&night, &(struct said){ .by = KHI,
                                       .kind = "contact",
                                       .body = "officer=Duty phone_day=111 phone_night=222" });
    struct said report = { .by = KPT,
                           .kind = "incident",
                           .body = "severity=S1 title=Mail",
                           .not_at = 1U << KHI | 1U << SINDH | 1U << PK };
    struct msg_id id = night_say (&night, &report)->e.id;
    id.origin = span_of ("pk.sindh.khi.kpt");
    night_clocks (&night, KPT, id, "stored due 00:15:00 next breach\n");
    night_on (&night, HOUR);
    night_expect (&night, "00:15:00 pk.sindh.khi.kpt not-stored stored!\n");
    const struct message *alarm = &night.history.messages[night.history.count - 1];
    assert_true (
        span_is (body_text (alarm->e.body, "call"), "pk.sindh.khi Duty, by day 111, at night 222"));
    night_breaches (&night, KPT, "pk.sindh.khi stored due 00:15:00 done no\n");
    night_say (&night, &(struct said){ .by = KHI,
                                       .kind = "receipt",
                                       .thread = id,
                                       .body = "stored=@3500000",
                                       .not_at = 1U << KHI });
    night_clocks (&night, KPT, id, "");
    night_breaches (&night, KPT, "pk.sindh.khi stored due 00:15:00 done 00:58:20\n");
}

/* What is to be done is done in the other case. */
static void a_duplicate_has_no_clocks (void **state)
{
    (void) state;
    struct policy policy = { .clock_count = 1,
                             .clocks = { { span_of ("acknowledge"), span_of ("*"), 1, HOUR } } };
    struct clock_view view = { .policy = &policy, .self = span_of ("pk"), .role = span_of ("x") };
    struct case_state one = { .known = true, .lead = span_of ("pk"), .severity = 1 };
    struct clock_run runs[CLOCK_RUNS];
    assert_int_equal (clocks_now (runs, &one, &view), 1);
    one.duplicate_of.origin = span_of ("pk.sindh");
    assert_int_equal (clocks_now (runs, &one, &view), 0);
}

static void an_exercise_has_the_same_clocks_and_is_in_no_register (void **state)
{
    (void) state;
    struct said report = { .by = KPT,
                           .kind = "incident",
                           .body = "severity=S1 title=Played",
                           .mode = CB_MODE_EXERCISE,
                           .not_at = 0 };
    night_exercise (&night);
    night_say (&night, &report);
    night_on (&night, 31 * MINUTE);
    night_expect (&night, "00:07:30 pk.sindh.khi reminder acknowledge EXERCISE\n"
                          "00:15:00 pk.sindh.khi breach acknowledge EXERCISE!\n"
                          "00:15:00 pk.sindh.khi.kpt not-stored stored EXERCISE!\n"
                          "00:30:00 pk.sindh.khi escalation acknowledge EXERCISE!\n"
                          "00:30:00 pk.sindh climbed acknowledge EXERCISE!\n");
    for (enum desk_of at = PK; at < DESKS; at++)
        night_breaches (&night, at, "");
}

static void what_was_said_before_an_enrolment_starts_no_clock (void **state)
{
    (void) state;
    struct said report = {
        .by = KPT, .kind = "incident", .body = "severity=S1 title=Old", .not_at = 1U << KHI
    };
    struct msg_id id = night_say (&night, &report)->e.id;
    id.origin = span_of ("pk.sindh.khi.kpt");
    night.now += DAY;
    night.desks[KHI].me.not_before = night.now;
    night_bring (&night, night.history.count - 1, KHI);
    night_clocks (&night, KHI, id, "");
    struct msg_id next = night_report (&night, "S1", false);
    night_clocks (&night, KHI, next, "acknowledge due 1d 00:15:00 next remind\n");
}

static void after_an_outage_the_reminder_that_came_too_late_is_left_out (void **state)
{
    (void) state;
    night_report (&night, "S1", false);
    night.now += 20 * MINUTE;
    night_on (&night, 0);
    night_expect (&night, "00:20:00 pk.sindh.khi breach acknowledge!\n");
}

static void a_report_that_was_late_is_in_the_register_at_once (void **state)
{
    (void) state;
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 3);
    pack_put_text (&body, "severity");
    pack_put_text (&body, "S1");
    pack_put_text (&body, "times");
    pack_put_map (&body, 1);
    pack_put_text (&body, "aware");
    pack_put_int (&body, night.began);
    pack_put_text (&body, "title");
    pack_put_text (&body, "Late");
    night.now += 2 * HOUR;
    struct draft draft = { .kind = span_of ("incident"),
                           .id = { span_of ("pk.sindh.khi.kpt"), { 1, 7 }, 500 },
                           .tlp = CB_TLP_AMBER,
                           .issued = night.now,
                           .audience_count = 1,
                           .audience = { span_of ("pk.sindh.khi") },
                           .body = pack_result (&body) };
    history_add (&night.history, &draft);
    for (enum desk_of at = PK; at < DESKS; at++)
        night_bring (&night, night.history.count - 1, at);
    pack_free (&body);
    night_breaches (&night, KHI, "pk.sindh.khi.kpt report due 01:00:00 done 02:00:00\n");
    night_breaches (&night, KPT, "pk.sindh.khi.kpt report due 01:00:00 done 02:00:00\n");
    night_breaches (&night, PK, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (silence_climbs_level_by_level_up_to_the_root),
        TEST (a_restart_between_any_two_steps_changes_nothing),
        TEST (what_is_made_twice_counts_once),
        TEST (an_acknowledgement_just_in_time_is_in_time),
        TEST (one_just_after_it_is_a_breach_that_was_met_after_all),
        TEST (whoever_is_above_ends_the_climbing_by_taking_it_on),
        TEST (an_update_is_due_a_day_later_also_on_the_29th_of_february),
        TEST (an_update_clock_runs_for_a_year),
        TEST (a_promise_that_is_earlier_counts_and_one_that_is_later_does_not),
        TEST (a_closing_report_is_due_after_recovery_and_then_nothing_is),
        TEST (a_closing_report_that_climbed_is_taken_on_by_a_person_above),
        TEST (an_escalation_that_is_told_again_later_is_the_same_one),
        TEST (who_escalates_without_end_leaves_room_for_others),
        TEST (a_void_reopening_with_the_date_of_the_report_starts_no_clock_anew),
        TEST (a_reopened_case_is_acknowledged_anew),
        TEST (a_new_lead_has_its_own_clock_from_when_it_was_told),
        TEST (another_severity_moves_what_is_still_to_come),
        TEST (an_undetermined_severity_counts_as_severe),
        TEST (another_policy_counts_from_the_next_step_on),
        TEST (a_limit_that_the_policy_does_not_have_is_no_clock),
        TEST (the_origin_is_told_that_its_report_has_not_arrived_and_whom_to_call),
        TEST (a_duplicate_has_no_clocks),
        TEST (an_exercise_has_the_same_clocks_and_is_in_no_register),
        TEST (what_was_said_before_an_enrolment_starts_no_clock),
        TEST (after_an_outage_the_reminder_that_came_too_late_is_left_out),
        TEST (a_report_that_was_late_is_in_the_register_at_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
