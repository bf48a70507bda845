/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/day.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bus/core/when.h"

static char why[512];

static int64_t utc (const char *text)
{
    int64_t ms;
    assert_true (when_parse (span_of (text), &ms));
    return ms;
}

static int64_t karachi (int64_t at)
{
    (void) at;
    return 5 * 3600;
}

/* As in Berlin in 2026: an hour more from 29 March to 25 October, 01:00 UTC. */
static int64_t berlin (int64_t at)
{
    return at >= utc ("2026-03-29T01:00:00Z") / 1000 && at < utc ("2026-10-25T01:00:00Z") / 1000
               ? 7200
               : 3600;
}

static int64_t newfoundland (int64_t at)
{
    (void) at;
    return -12600;
}

static void reads (const char *text, enum day_edge edge, int64_t (*zone) (int64_t), const char *now,
                   const char *expected)
{
    char found[WHEN_TEXT];
    int64_t ms;
    struct day day = { .now = utc (now), .zone = zone };
    if (!day_parse (span_of (text), &day, edge, &ms, why, sizeof why))
        fail_msg ("%s: %s", text, why);
    when_text (ms, found);
    if (strcmp (found, expected) != 0)
        fail_msg ("%s: %s, not %s", text, found, expected);
}

/* It is Sunday, 22 November 2026, 02:13:30 in Karachi. */
#define NIGHT "2026-11-21T21:13:30Z"

static void ahead (const char *text, const char *expected)
{
    reads (text, DAY_END, karachi, NIGHT, expected);
}

static void back (const char *text, const char *expected)
{
    reads (text, DAY_START, karachi, NIGHT, expected);
}

static void what_a_person_types_is_read_as_the_clock_on_the_wall_shows_it (void **state)
{
    (void) state;
    ahead ("2026-12-01", "2026-12-01T18:59:00Z");
    ahead ("2026-12-01 18:00", "2026-12-01T13:00:00Z");
    ahead ("2026-12-01T18:00", "2026-12-01T13:00:00Z");
    ahead ("2026-12-01T18:00:00+05:00", "2026-12-01T13:00:00Z");
    ahead ("2026-12-01 18:00 +01:00", "2026-12-01T17:00:00Z");
    ahead ("2026-12-01 18:00:07.250 Z", "2026-12-01T18:00:07.250Z");
    ahead ("tomorrow 18:00", "2026-11-23T13:00:00Z");
    ahead ("18:00 tomorrow", "2026-11-23T13:00:00Z");
    ahead ("Tomorrow, at 6pm", "2026-11-23T13:00:00Z");
    ahead ("tomorrow 6:30 pm", "2026-11-23T13:30:00Z");
    ahead ("today 12am", "2026-11-21T19:00:00Z");
    ahead ("today", "2026-11-22T18:59:00Z");
    ahead ("18:00", "2026-11-22T13:00:00Z");
    ahead ("now", "2026-11-21T21:13:30Z");
    ahead ("in 3 days", "2026-11-24T21:13:00Z");
    ahead ("in 3 days 18:00", "2026-11-25T13:00:00Z");
    ahead ("in 90 minutes", "2026-11-21T22:43:00Z");
    ahead ("2 weeks", "2026-12-05T21:13:00Z");
    ahead ("3d", "2026-11-24T21:13:00Z");
    ahead ("friday", "2026-11-27T18:59:00Z");
    ahead ("friday 9:00", "2026-11-27T04:00:00Z");
    ahead ("sunday", "2026-11-29T18:59:00Z");
    ahead ("1 december", "2026-12-01T18:59:00Z");
    ahead ("dec 1 2027", "2027-12-01T18:59:00Z");
    ahead ("1 Nov", "2027-11-01T18:59:00Z");
}

static void what_is_past_is_looked_for_in_the_past (void **state)
{
    (void) state;
    back ("2026-11-20", "2026-11-19T19:00:00Z");
    back ("yesterday", "2026-11-20T19:00:00Z");
    back ("yesterday 23:30", "2026-11-21T18:30:00Z");
    back ("friday", "2026-11-19T19:00:00Z");
    back ("sunday", "2026-11-14T19:00:00Z");
    back ("next friday", "2026-11-26T19:00:00Z");
    back ("2 hours ago", "2026-11-21T19:13:00Z");
    back ("2h", "2026-11-21T19:13:00Z");
    back ("an hour ago", "2026-11-21T20:13:00Z");
    back ("since about half an hour", "2026-11-21T20:43:00Z");
    back ("three days ago", "2026-11-18T21:13:00Z");
    back ("yesterday evening", "2026-11-21T15:00:00Z");
    back ("last night", "2026-11-21T17:00:00Z");
    back ("this morning", "2026-11-22T03:00:00Z");
    /* At two in the morning that was before midnight. */
    back ("23:30", "2026-11-21T18:30:00Z");
    back ("noon", "2026-11-21T07:00:00Z");
    ahead ("02:00", "2026-11-22T21:00:00Z");
    back ("1 dec", "2025-11-30T19:00:00Z");
    ahead ("2 hours ago", "2026-11-21T19:13:00Z");
    ahead ("last friday", "2026-11-20T18:59:00Z");
}

static void the_hour_stays_when_the_clocks_change (void **state)
{
    (void) state;
    const char *before = "2026-03-28T11:00:00Z"; /* noon on Saturday */
    reads ("in 1 day", DAY_END, berlin, before, "2026-03-29T10:00:00Z");
    reads ("tomorrow 12:00", DAY_END, berlin, before, "2026-03-29T10:00:00Z");
    reads ("in 24 hours", DAY_END, berlin, before, "2026-03-29T11:00:00Z");
    reads ("tomorrow", DAY_START, berlin, before, "2026-03-28T23:00:00Z");
    reads ("2026-03-29", DAY_END, berlin, before, "2026-03-29T21:59:00Z");
    /* Shown twice: the first one. */
    reads ("2026-10-25 02:30", DAY_END, berlin, before, "2026-10-25T00:30:00Z");
    reads ("2026-10-25 02:30 +01:00", DAY_END, berlin, before, "2026-10-25T01:30:00Z");
    reads ("2026-10-25 03:00", DAY_END, berlin, before, "2026-10-25T02:00:00Z");
}

static void refused (const char *text, int64_t (*zone) (int64_t), const char *expected)
{
    int64_t ms = 7;
    struct day day = { .now = utc (NIGHT), .zone = zone };
    *why = 0;
    if (day_parse (span_of (text), &day, DAY_END, &ms, why, sizeof why))
        fail_msg ("%s is taken", text);
    assert_int_equal (ms, 7);
    if (!strstr (why, expected) || !strstr (why, "in 3 days"))
        fail_msg ("%s: %s", text, why);
}

static void what_is_no_time_is_refused_with_what_is_possible (void **state)
{
    (void) state;
    static const char *const none[] = {
        "",
        "soon",
        "01/12/2026",
        "1.12.2026",
        "2026-13-01",
        "2026-02-30",
        "2026-12-01 25:00",
        "2026-12-01 18:60",
        "tomorrow yesterday",
        "18:00 19:00",
        "in",
        "in 3",
        "in 3 moons",
        "3",
        "13pm",
        "0 am",
        "-3 days",
        "now 18:00",
        "friday in 2 hours",
        "+05:00",
        "2026-12-01 +05:00 18:00",
        "in 99999999 days",
        "31 feb",
        "next",
        "tomorrow at",
        "\xd9\x81\xd8\xb1\xd8\xaf\xd8\xa7",
        "a b c d e f g h i j",
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        refused (none[i], karachi, "is no time");
    refused ("2026-03-29 02:30", berlin, "the clocks go forward");
    refused ("1960-01-01", karachi, "is no time");
    refused ("1970-01-01 00:00", karachi, "outside the years");
}

static void shows (int64_t (*zone) (int64_t), const char *when, const char *expected)
{
    char text[DAY_TEXT];
    struct day day = { .now = utc (NIGHT), .zone = zone };
    int64_t again;
    day_text (utc (when), &day, text);
    assert_string_equal (text, expected);
    /* Whoever reads it elsewhere reads the same. */
    day.zone = berlin;
    assert_true (day_parse (span_of (text), &day, DAY_END, &again, why, sizeof why));
    assert_int_equal (again, utc (when));
}

static void what_is_shown_is_read_back_as_the_same_time (void **state)
{
    (void) state;
    shows (karachi, "2026-12-01T13:00:00Z", "2026-12-01 18:00 +05:00");
    shows (karachi, "2026-12-01T13:00:07Z", "2026-12-01 18:00:07 +05:00");
    shows (karachi, "2026-12-01T13:00:00.250Z", "2026-12-01 18:00:00.250 +05:00");
    shows (newfoundland, "2026-12-01T13:00:00Z", "2026-12-01 09:30 -03:30");
    shows (berlin, "2026-10-25T00:30:00Z", "2026-10-25 02:30 +02:00");
    shows (berlin, "2026-10-25T01:30:00Z", "2026-10-25 02:30 +01:00");
    shows (newfoundland, "1970-01-01T00:00:00Z", "1970-01-01 00:00 +00:00");
    shows (karachi, "9999-12-31T23:59:59.999Z", "9999-12-31 23:59:59.999 +00:00");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_a_person_types_is_read_as_the_clock_on_the_wall_shows_it),
        cmocka_unit_test (what_is_past_is_looked_for_in_the_past),
        cmocka_unit_test (the_hour_stays_when_the_clocks_change),
        cmocka_unit_test (what_is_no_time_is_refused_with_what_is_possible),
        cmocka_unit_test (what_is_shown_is_read_back_as_the_same_time),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
