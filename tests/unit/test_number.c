/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof (array) / sizeof (array)[0])
#define PAKISTAN     (5 * 3600)
/* 2026-12-31T18:59:59.999Z, the last millisecond of the year in Karachi */
#define LAST_OF_2026 INT64_C (1798743599999)

static struct number_series series_of (const char *template, int64_t now, int64_t zone)
{
    struct number_series series;
    char why[NUMBER_WHY];
    if (!number_series (&series, template, now, zone, why))
        fail_msg ("%s: %s", template, why);
    return series;
}

static void assert_next (const char *template, int64_t counter, const char *expected)
{
    struct number_series series = series_of (template, LAST_OF_2026, PAKISTAN);
    char text[NUMBER_MAX + 1];
    number_text (&series, counter, text);
    assert_string_equal (text, expected);
    assert_int_equal (number_counter (&series, span_of (text)), counter);
}

static void a_template_makes_numbers_that_are_read_back (void **state)
{
    (void) state;
    assert_next ("NCERT-%Y-%03n", 13, "NCERT-2026-013");
    assert_next ("NCERT-%Y-%3n", 13, "NCERT-2026-013");
    assert_next ("NCERT-%Y-%03n", 1234, "NCERT-2026-1234");
    assert_next ("%n/%Y", 7, "7/2026");
    assert_next ("100%% sure %n", 1, "100% sure 1");
    assert_next ("%n", NUMBER_LAST, "999999999");
}

static void the_counter_begins_anew_with_the_year_of_the_zone (void **state)
{
    (void) state;
    struct number_series old = series_of ("N-%Y-%n", LAST_OF_2026, PAKISTAN);
    struct number_series new = series_of ("N-%Y-%n", LAST_OF_2026 + 1, PAKISTAN);
    assert_string_equal (old.before, "N-2026-");
    assert_string_equal (new.before, "N-2027-");
    assert_string_equal (series_of ("N-%Y-%n", LAST_OF_2026 + 1, 0).before, "N-2026-");
    assert_int_equal (number_counter (&old, span_of ("N-2026-40")), 40);
    assert_int_equal (number_counter (&new, span_of ("N-2026-40")), 0);
}

static void a_template_that_is_none_is_refused_with_what_is_wrong (void **state)
{
    (void) state;
    static const struct {
        const char *template, *why;
    } bad[] = {
        { "NCERT-%Y", "no counter" },
        { "", "no counter" },
        { "%n-%n", "twice" },
        { "N-%d-%n", "only Y" },
        { "N-%0n", "only Y" },
        { "N-%12n", "only Y" },
        { "N-%n-%", "only Y" },
        { "%Y%n", "right beside" },
        { "%n%Y", "right beside" },
        { "A1%n", "right beside" },
        { "N-\n%n", "printable" },
        { "N-\xd8\xa7-%n", "printable" },
        { "a-name-that-leaves-no-room-for-a-counter-in-sixty-four-bytes-%n", "longer than 64" },
    };
    for (size_t i = 0; i < COUNT (bad); i++) {
        struct number_series series;
        char why[NUMBER_WHY] = "";
        if (number_series (&series, bad[i].template, LAST_OF_2026, 0, why))
            fail_msg ("'%s' was taken", bad[i].template);
        if (strstr (why, bad[i].why) == NULL)
            fail_msg ("'%s': %s", bad[i].template, why);
    }
}

static void a_party_without_a_template_counts_under_its_name (void **state)
{
    (void) state;
    char template[NUMBER_TEMPLATE], name[PARTY_MAX + 1], why[NUMBER_WHY];
    struct number_series series;
    number_default (span_of ("pk.sindh"), template);
    assert_string_equal (template, "PK-SINDH-%Y-%03n");
    memset (name, 'a', sizeof name);
    number_default (span_bytes (name, PARTY_MAX), template);
    assert_int_equal (strlen (template), PARTY_MAX + strlen ("-%Y-%03n"));
    assert_false (number_series (&series, template, LAST_OF_2026, 0, why));
}

static void numbers_are_alike_in_any_case_and_with_zeros_or_without (void **state)
{
    (void) state;
    struct number_series series = series_of ("NCERT-%Y-%03n", LAST_OF_2026, PAKISTAN);
    char text[NUMBER_MAX + 1];
    assert_int_equal (number_counter (&series, span_of ("ncert-2026-013")), 13);
    assert_int_equal (number_counter (&series, span_of ("NCERT-2026-0000000000013")), 13);
    assert_int_equal (number_counter (&series, span_of ("NCERT-2026-13")), 13);
    assert_int_equal (number_counter (&series, span_of ("NCERT-2026-013b")), 0);
    assert_int_equal (number_counter (&series, span_of ("NCERT-2026-")), 0);
    assert_int_equal (number_counter (&series, span_of ("NCERT-2026-000")), 0);
    assert_int_equal (number_counter (&series, span_of ("NCERT-2026-1000000000")), 0);
    assert_int_equal (number_counter (&series, span_of ("NCERT-2026-99999999999999999999")), 0);
    number_upper (span_of ("ncert-2026-013b\xc3\xa9"), text);
    assert_string_equal (text, "NCERT-2026-013B\xc3\xa9");
}

static void a_number_is_put_into_a_body_where_its_name_sorts (void **state)
{
    (void) state;
    static const char *const around[] = { "", "a", "z", "az", "nz", "number", "anumberz" };
    for (size_t i = 0; i < COUNT (around); i++) {
        bool a = strchr (around[i], 'a'), z = strchr (around[i], 'z'), n = strchr (around[i], 'u');
        struct pack_out body, made, without;
        pack_init (&body);
        pack_init (&made);
        pack_init (&without);
        pack_put_map (&body, (size_t) a + z + n);
        if (a)
            pack_put_text (&body, "a"), pack_put_int (&body, 1);
        if (n)
            pack_put_text (&body, "number"), pack_put_text (&body, "old");
        if (z)
            pack_put_text (&body, "z"), pack_put_nil (&body);
        number_body (&made, pack_result (&body), span_of ("N-1"));
        assert_true (pack_canonical (pack_result (&made)));
        number_body (&without, pack_result (&made), span_bytes (NULL, 0));
        assert_true (pack_canonical (pack_result (&without)));
        struct pack_in in = pack_open (pack_result (&made));
        assert_int_equal (pack_map (&in, 9), (size_t) a + z + 1);
        if (!n)
            assert_true (span_equal (pack_result (&without), pack_result (&body)));
        pack_free (&body);
        pack_free (&made);
        pack_free (&without);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_template_makes_numbers_that_are_read_back),
        cmocka_unit_test (the_counter_begins_anew_with_the_year_of_the_zone),
        cmocka_unit_test (a_template_that_is_none_is_refused_with_what_is_wrong),
        cmocka_unit_test (a_party_without_a_template_counts_under_its_name),
        cmocka_unit_test (numbers_are_alike_in_any_case_and_with_zeros_or_without),
        cmocka_unit_test (a_number_is_put_into_a_body_where_its_name_sorts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
