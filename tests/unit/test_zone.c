/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/zone.h"

#include "bus/core/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAY_MS  INT64_C (86400000)
#define HOUR_MS INT64_C (3600000)
#define MONDAY  1
#define SUNDAY  7
#define NINE    540

static char why[ZONE_WHY];

static struct zone *must_open (const char *name)
{
    struct zone *zone = zone_open (name, why);
    if (zone == NULL)
        fail_msg ("%s", why);
    return zone;
}

static int64_t at (const char *text)
{
    int64_t ms;
    if (!when_parse (span_of (text), &ms))
        fail_msg ("%s", text);
    return ms;
}

static void assert_time (int64_t ms, const char *expected)
{
    char text[WHEN_TEXT];
    when_text (ms, text);
    assert_string_equal (text, expected);
}

static void an_unknown_zone_is_named (void **state)
{
    (void) state;
    static const char *const wrong[] = { "Asia/Karachy",
                                         "",
                                         "/etc/passwd",
                                         "../zoneinfo/UTC",
                                         "Asia/Karachi\n",
                                         ":UTC",
                                         "Asia/../../../../etc/passwd" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        *why = 0;
        assert_null (zone_open (wrong[i], why));
        assert_non_null (strstr (why, wrong[i]));
        assert_non_null (strstr (why, "Asia/Karachi"));
    }
    struct zone *none = NULL;
    zone_close (&none);
}

static void a_year_of_mondays_in_karachi_is_52_or_53_of_them_at_09_00 (void **state)
{
    (void) state;
    struct zone *zone = must_open ("Asia/Karachi");
    int64_t now = at ("2027-12-31T00:00:00+05:00"), end = at ("2028-12-31T23:59:59+05:00");
    int count = 0;
    for (int64_t next; (next = zone_next_weekly (zone, MONDAY, NINE, now)) < end; now = next) {
        char text[ZONE_TEXT];
        zone_text (zone, next, text);
        assert_memory_equal (text, "Mon ", 4);
        assert_non_null (strstr (text, " 09:00 PKT"));
        if (count++ > 0)
            assert_int_equal (next - now, 7 * DAY_MS);
        assert_int_equal (zone_last_weekly (zone, MONDAY, NINE, next), next);
        assert_int_equal (zone_last_weekly (zone, MONDAY, NINE, next - 1), next - 7 * DAY_MS);
        assert_int_equal (zone_next_weekly (zone, MONDAY, NINE, next - 1), next);
        /* After the leap day, too: 28 February 2028 is a Monday. */
        if (strcmp (text, "Mon 2028-03-06 09:00 PKT") == 0)
            assert_int_equal (next - at ("2028-02-28T04:00:00Z"), 7 * DAY_MS);
    }
    assert_int_equal (count, 52);
    zone_close (&zone);
}

static void monday_09_00_is_another_hour_of_utc_in_summer (void **state)
{
    (void) state;
    struct zone *zone = must_open ("Europe/London");
    /* The clocks change on 29 March and 25 October 2026, both Sundays. */
    assert_time (zone_next_weekly (zone, MONDAY, NINE, at ("2026-03-23T09:00:00Z")),
                 "2026-03-30T08:00:00Z");
    assert_time (zone_next_weekly (zone, MONDAY, NINE, at ("2026-10-19T08:00:00Z")),
                 "2026-10-26T09:00:00Z");
    assert_time (zone_last_weekly (zone, MONDAY, NINE, at ("2026-03-30T07:59:59Z")),
                 "2026-03-23T09:00:00Z");
    zone_close (&zone);
}

static void a_time_that_does_not_exist_is_counted_from_before_the_jump (void **state)
{
    (void) state;
    struct zone *zone = must_open ("Europe/London");
    int64_t next = zone_next_weekly (zone, SUNDAY, 90, at ("2026-03-24T00:00:00Z"));
    char text[ZONE_TEXT];
    zone_text (zone, next, text);
    assert_string_equal (text, "Sun 2026-03-29 02:30 BST");
    assert_time (next, "2026-03-29T01:30:00Z");
    assert_time (zone_next_weekly (zone, SUNDAY, 90, next), "2026-04-05T00:30:00Z");
    assert_int_equal (zone_last_weekly (zone, SUNDAY, 90, next), next);
    zone_close (&zone);
}

static void a_time_that_exists_twice_is_the_first_of_the_two (void **state)
{
    (void) state;
    struct zone *zone = must_open ("Europe/London");
    int64_t next = zone_next_weekly (zone, SUNDAY, 90, at ("2026-10-20T00:00:00Z"));
    assert_time (next, "2026-10-25T00:30:00Z");
    /* An hour later it is 01:30 again, and that is not another Sunday 01:30. */
    assert_time (zone_next_weekly (zone, SUNDAY, 90, next), "2026-11-01T01:30:00Z");
    assert_time (zone_next_weekly (zone, SUNDAY, 90, next + HOUR_MS), "2026-11-01T01:30:00Z");
    assert_int_equal (zone_last_weekly (zone, SUNDAY, 90, next + HOUR_MS), next);
    zone_close (&zone);
}

static void a_month_ends_where_the_next_begins (void **state)
{
    (void) state;
    struct zone *zone = must_open ("Asia/Karachi");
    char text[ZONE_TEXT];
    assert_time (zone_month_end (zone, at ("2028-02-10T00:00:00Z")), "2028-02-29T19:00:00Z");
    assert_time (zone_month_end (zone, at ("2027-02-10T00:00:00Z")), "2027-02-28T19:00:00Z");
    assert_time (zone_month_end (zone, at ("2026-12-31T18:59:59Z")), "2026-12-31T19:00:00Z");
    assert_time (zone_month_start (zone, at ("2026-12-31T19:00:00Z")), "2026-12-31T19:00:00Z");
    assert_time (zone_month_start (zone, at ("2026-12-31T18:59:59.999Z")), "2026-11-30T19:00:00Z");
    zone_month (zone, at ("2026-12-31T19:00:00Z"), text);
    assert_string_equal (text, "2027-01");
    zone_day (zone, at ("2028-02-28T19:00:00Z"), text);
    assert_string_equal (text, "2028-02-29");
    zone_close (&zone);
    zone = must_open ("Europe/London");
    assert_time (zone_month_end (zone, at ("2026-03-10T00:00:00Z")), "2026-03-31T23:00:00Z");
    assert_time (zone_month_start (zone, at ("2026-03-31T12:00:00Z")), "2026-03-01T00:00:00Z");
    zone_close (&zone);
}

static void the_environment_does_not_change_what_a_zone_is (void **state)
{
    (void) state;
    setenv ("TZ", "America/New_York", 1);
    struct zone *zone = must_open ("UTC");
    char text[ZONE_TEXT];
    zone_text (zone, 0, text);
    assert_string_equal (text, "Thu 1970-01-01 00:00 UTC");
    zone_text (zone, -1, text);
    assert_string_equal (text, "Wed 1969-12-31 23:59 UTC");
    zone_close (&zone);
    unsetenv ("TZ");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_unknown_zone_is_named),
        cmocka_unit_test (a_year_of_mondays_in_karachi_is_52_or_53_of_them_at_09_00),
        cmocka_unit_test (monday_09_00_is_another_hour_of_utc_in_summer),
        cmocka_unit_test (a_time_that_does_not_exist_is_counted_from_before_the_jump),
        cmocka_unit_test (a_time_that_exists_twice_is_the_first_of_the_two),
        cmocka_unit_test (a_month_ends_where_the_next_begins),
        cmocka_unit_test (the_environment_does_not_change_what_a_zone_is),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
