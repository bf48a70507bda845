/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof (array) / sizeof (array)[0])

static void a_time_is_read_with_any_offset (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        int64_t ms;
    } times[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01T05:00:00+05:00", 0 },
        { "2026-05-09T10:00:00+05:00", INT64_C (1778302800000) },
        { "2026-05-09T05:00:00Z", INT64_C (1778302800000) },
        { "2026-05-09t05:00:00z", INT64_C (1778302800000) },
        { "2026-05-09 01:30:00-03:30", INT64_C (1778302800000) },
        { "2026-05-09T05:00:00.1Z", INT64_C (1778302800100) },
        { "2026-05-09T05:00:00.1239Z", INT64_C (1778302800123) },
        { "2024-02-29T00:00:00Z", INT64_C (1709164800000) },
        { "2000-02-29T12:00:00Z", INT64_C (951825600000) },
        { "2016-12-31T23:59:60Z", INT64_C (1483228800000) },
        { "9999-12-31T23:59:59.999Z", INT64_C (253402300799999) },
    };
    for (size_t i = 0; i < COUNT (times); i++) {
        int64_t ms = -1;
        assert_true (when_parse (span_of (times[i].text), &ms));
        assert_int_equal (ms, times[i].ms);
    }
}

static void what_is_no_time_is_refused (void **state)
{
    (void) state;
    static const char *const wrong[] = {
        "",
        "tomorrow",
        "2026-05-09",
        "2026-05-09T10:00Z",
        "2026-05-09T10:00:00",
        "2026-05-09T10:00:00.Z",
        "2026-05-09T10:00:00+05",
        "2026-05-09T10:00:00+0500",
        "2026-05-09T10:00:00+24:00",
        "2026-05-09T10:00:00Z ",
        " 2026-05-09T10:00:00Z",
        "2026-5-9T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "2026-00-01T10:00:00Z",
        "2026-04-31T10:00:00Z",
        "2026-04-00T10:00:00Z",
        "2025-02-29T10:00:00Z",
        "2100-02-29T10:00:00Z",
        "2026-05-09T24:00:00Z",
        "2026-05-09T10:60:00Z",
        "2026-05-09T10:00:60Z",
        "2026-05-09T23:59:60+05:00",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "0000-01-01T00:00:00Z",
        "-026-05-09T10:00:00Z",
    };
    for (size_t i = 0; i < COUNT (wrong); i++) {
        int64_t ms = 7;
        if (when_parse (span_of (wrong[i]), &ms))
            fail_msg ("taken: %s", wrong[i]);
        assert_int_equal (ms, 7);
    }
}

static void what_is_written_reads_back_the_same (void **state)
{
    (void) state;
    char text[WHEN_TEXT];
    when_text (INT64_C (1778302800123), text);
    assert_string_equal (text, "2026-05-09T05:00:00.123Z");
    when_text (INT64_C (1778302800000), text);
    assert_string_equal (text, "2026-05-09T05:00:00Z");
    /* Steps of a day and some in which every month and leap year is met. */
    for (int64_t ms = 0; ms < INT64_C (253402300799999); ms += INT64_C (93600007)) {
        int64_t again = -1;
        when_text (ms, text);
        assert_true (when_parse (span_of (text), &again));
        assert_int_equal (again, ms);
    }
}

static void a_time_outside_the_years_is_written_as_the_nearest_inside (void **state)
{
    (void) state;
    char text[WHEN_TEXT];
    when_text (INT64_MIN, text);
    assert_string_equal (text, "1970-01-01T00:00:00Z");
    when_text (INT64_MAX, text);
    assert_string_equal (text, "9999-12-31T23:59:59.999Z");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_time_is_read_with_any_offset),
        cmocka_unit_test (what_is_no_time_is_refused),
        cmocka_unit_test (what_is_written_reads_back_the_same),
        cmocka_unit_test (a_time_outside_the_years_is_written_as_the_nearest_inside),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
