/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/exec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nodes/certbus/filter.h"

static void the_wait_doubles_from_a_second_to_five_minutes (void **state)
{
    (void) state;
    assert_int_equal (back_off (1, 0), 1000);
    assert_int_equal (back_off (2, 0), 2000);
    assert_int_equal (back_off (5, 0), 16000);
    assert_int_equal (back_off (9, 0), 256000);
    assert_int_equal (back_off (10, 0), 300000);
    assert_int_equal (back_off (1000000, 0), 300000);
}

static void chance_takes_a_quarter_at_most (void **state)
{
    (void) state;
    for (uint32_t chance = 0; chance < 5000; chance += 7) {
        int64_t wait = back_off (4, chance);
        assert_true (wait > 6000 && wait <= 8000);
    }
    assert_true (back_off (4, 999) < 6100);
}

/* A body with a title and a severity. */
static struct span make_body (struct pack_out *out, const char *severity, const char *title)
{
    pack_init (out);
    pack_put_map (out, 2);
    pack_put_text (out, "severity");
    pack_put_text (out, severity);
    pack_put_text (out, "title");
    pack_put_text (out, title);
    return pack_result (out);
}

static struct record make_record (struct span body)
{
    struct record record = { .whole = true, .taken = 1000 };
    record.e.kind = span_of ("advisory");
    record.e.id.origin = span_of ("pk.sindh");
    record.e.id.epoch.counter = 1;
    record.e.id.seq = 7;
    record.e.tlp = CB_TLP_GREEN;
    record.e.body = body;
    return record;
}

static const char *value_of_name (char **environment, const char *name)
{
    const char *found = NULL;
    size_t size = strlen (name);
    for (; *environment; environment++) {
        if (strncmp (*environment, name, size) != 0 || (*environment)[size] != '=')
            continue;
        assert_null (found);
        found = *environment + size + 1;
    }
    return found;
}

static void the_environment_has_each_word_once_and_on_one_line (void **state)
{
    (void) state;
    struct pack_out out;
    setenv ("CERTBUS_ID", "from outside", 1);
    setenv ("CERTBUS_HOME", "/somewhere", 1);
    struct record record = make_record (make_body (&out, "S1", "a\nb\033[2J \xe2\x80\xae'$(x)"));
    char **environment = environment_of (&record, 3);
    assert_string_equal (value_of_name (environment, "CERTBUS_ID"), "pk.sindh/1-7");
    assert_string_equal (value_of_name (environment, "CERTBUS_TITLE"),
                         "a<U+000A>b<U+001B>[2J <U+202E>'$(x)");
    assert_string_equal (value_of_name (environment, "CERTBUS_SEVERITY"), "S1");
    assert_string_equal (value_of_name (environment, "CERTBUS_TRY"), "3");
    assert_string_equal (value_of_name (environment, "CERTBUS_HOME"), "/somewhere");
    environment_free (environment);
    unsetenv ("CERTBUS_ID");
    unsetenv ("CERTBUS_HOME");
    pack_free (&out);
}

static bool wants (const struct filter *filter, const struct record *record)
{
    return filter_wants (filter, record);
}

static void a_filter_passes_what_has_all_that_it_names (void **state)
{
    (void) state;
    struct pack_out out;
    struct record record = make_record (make_body (&out, "S2", "t"));
    struct filter any = { 0 };
    assert_true (wants (&any, &record));
    struct filter one = { .severity_count = 1, .severities = { span_of ("S2") } };
    assert_true (wants (&one, &record));
    one.severities[0] = span_of ("S1");
    assert_false (wants (&one, &record));
    struct filter from = { .from = span_of ("pk") };
    assert_false (wants (&from, &record));
    from.subtree = true;
    assert_true (wants (&from, &record));
    struct filter kind = { .kind_count = 1, .kinds = { span_of ("note") } };
    assert_false (wants (&kind, &record));
    assert_true (wants (&(struct filter){ .since = 1000 }, &record));
    assert_false (wants (&(struct filter){ .since = 1001 }, &record));
    pack_free (&out);
}

static void what_brokers_tell_each_other_has_to_be_asked_for (void **state)
{
    (void) state;
    struct pack_out out;
    struct record record = make_record (make_body (&out, "S2", "t"));
    record.e.kind = span_of ("receipt");
    assert_false (wants (&(struct filter){ 0 }, &record));
    assert_true (wants (&(struct filter){ .all = true }, &record));
    assert_true (
        wants (&(struct filter){ .kind_count = 1, .kinds = { span_of ("receipt") } }, &record));
    pack_free (&out);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_wait_doubles_from_a_second_to_five_minutes),
        cmocka_unit_test (chance_takes_a_quarter_at_most),
        cmocka_unit_test (the_environment_has_each_word_once_and_on_one_line),
        cmocka_unit_test (a_filter_passes_what_has_all_that_it_names),
        cmocka_unit_test (what_brokers_tell_each_other_has_to_be_asked_for),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
