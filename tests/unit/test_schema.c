/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/schema.h"

#include "bus/core/envelope.h"
#include "bus/edge/schemafile.h"
#include "tests/unit/support_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct schemas *all;
static const struct schema *sample;
static struct pack_out out;

static int setup (void **state)
{
    (void) state;
    all = schemas_sample ();
    sample = schemas_find (all, span_of ("sample"));
    pack_init (&out);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    pack_free (&out);
    schemas_free (&all);
    return 0;
}

/* Begins a body of `count` fields. */
static void body (size_t count)
{
    pack_reset (&out);
    pack_put_map (&out, count);
}

static void key (const char *name)
{
    pack_put_text (&out, name);
}

/* Ends it with the one required field, which sorts after most others. */
static void title (void)
{
    key ("title");
    pack_put_text (&out, "Title");
}

static void accepted (void)
{
    char where[SCHEMA_WHERE];
    if (!schema_check (sample, pack_result (&out), where))
        fail_msg ("%s", where);
    assert_string_equal (where, "");
}

static void refused (const char *why)
{
    char where[SCHEMA_WHERE];
    assert_false (schema_check (sample, pack_result (&out), where));
    assert_string_equal (where, why);
}

static void the_newest_version_of_a_kind_is_found (void **state)
{
    (void) state;
    assert_int_equal (sample->version, 3);
    assert_ptr_equal (schemas_find_version (all, span_of ("sample"), 3), sample);
    assert_null (schemas_find_version (all, span_of ("sample"), 2));
    assert_null (schemas_find (all, span_of ("sampl")));
    assert_null (schemas_find (all, span_of ("samples")));

    struct schema older = *sample;
    older.version = 2;
    struct schema *both[] = { &older, all->at[0] };
    struct schemas two = { .count = 2, .at = both };
    assert_ptr_equal (schemas_find (&two, span_of ("sample")), sample);
    assert_ptr_equal (schemas_find_version (&two, span_of ("sample"), 2), &older);
}

static void a_body_with_a_field_of_each_type_is_accepted (void **state)
{
    (void) state;
    struct msg_id id = { .origin = span_of ("pk.sindh"), .epoch = { 1, 77 }, .seq = 3 };
    body (14);
    key ("at"), pack_put_int (&out, TIME_MAX);
    key ("blob"), pack_put_bin (&out, span_of (""));
    key ("count"), pack_put_int (&out, -5);
    key ("empty"), pack_put_text (&out, "");
    key ("flag"), pack_put_bool (&out, true);
    key ("key"), pack_put_bin (&out, span_of ("1234"));
    key ("level"), pack_put_text (&out, "high");
    key ("parts"), pack_put_array (&out, 2);
    pack_put_map (&out, 1), key ("name"), pack_put_text (&out, "one");
    pack_put_map (&out, 3), key ("due"), pack_put_int (&out, 0), key ("name");
    pack_put_text (&out, "two"), key ("sub"), pack_put_map (&out, 1), key ("x");
    pack_put_int (&out, 1);
    key ("ref"), msg_id_pack (&out, &id);
    key ("score"), pack_put_int (&out, 98);
    key ("tags"), pack_put_array (&out, 1), pack_put_text (&out, "a\tb\r\n");
    title ();
    key ("who"), pack_put_text (&out, "pk.sindh");
    key ("whom"), pack_put_text (&out, "@energy");
    accepted ();
}

static void the_smallest_body_has_what_is_required (void **state)
{
    (void) state;
    body (1);
    title ();
    accepted ();
    body (0);
    refused ("title: missing, and required");
    body (1);
    key ("whom"), pack_put_text (&out, "pk");
    refused ("title: missing, and required");
}

static void an_unknown_field_is_refused_by_name (void **state)
{
    (void) state;
    body (2);
    title ();
    key ("titles"), pack_put_text (&out, "x");
    refused ("no such field: \"titles\"");
    body (2);
    key ("a"), pack_put_text (&out, "x");
    title ();
    refused ("no such field: \"a\"");
    body (2);
    title ();
    key ("zz\x1b[2J\xd8\xa7"), pack_put_text (&out, "x");
    refused ("no such field: \"zz?[2J??\"");
}

static void fields_out_of_order_or_twice_are_refused (void **state)
{
    (void) state;
    body (2);
    title ();
    key ("flag"), pack_put_bool (&out, true);
    refused ("its fields are not sorted, or one comes twice");
    body (2);
    title ();
    title ();
    refused ("its fields are not sorted, or one comes twice");
}

static void a_text_has_a_length_and_no_controls (void **state)
{
    (void) state;
    body (1);
    key ("title"), pack_put_text (&out, "");
    refused ("title: empty");
    body (1);
    key ("title"), pack_put_text (&out, "123456789012345678901");
    refused ("title: 21 bytes; at most 20");
    body (1);
    key ("title"), pack_put_text (&out, "12345678901234567890");
    accepted ();
    static const char *const wrong[] = { "a\x1b[31m", "a\x07", "a\x7f", "a\xc2\x9b" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        body (1);
        key ("title"), pack_put_text (&out, wrong[i]);
        refused ("title: holds a control character");
    }
    body (1);
    key ("title"), pack_put_text (&out, "\xd8\xa7\xd8\xb1\xd8\xaf\xd9\x88 \xc2\xa3");
    accepted ();
    body (1);
    key ("title"), pack_put_text (&out, "\xff");
    refused ("title: not in the canonical form");
}

static void a_number_is_within_its_limits (void **state)
{
    (void) state;
    body (2);
    key ("count"), pack_put_int (&out, 11);
    title ();
    refused ("count: 11; at most 10");
    body (2);
    key ("count"), pack_put_int (&out, -6);
    title ();
    refused ("count: -6; at least -5");
    body (2);
    key ("count"), pack_put_uint (&out, UINT64_MAX);
    title ();
    refused ("count: a number that is out of range or not in the shortest form");
    body (2);
    key ("score"), pack_put_int (&out, 105);
    title ();
    refused ("score: 10.5; at most 10.0");
    body (2);
    key ("at"), pack_put_int (&out, TIME_MAX + 1);
    title ();
    refused ("at: later than the year 9999");
    body (2);
    key ("at"), pack_put_int (&out, -1);
    title ();
    refused ("at: earlier than the year 1970");
}

static void bytes_have_a_length (void **state)
{
    (void) state;
    body (2);
    key ("key"), pack_put_bin (&out, span_of ("12345"));
    title ();
    refused ("key: 5 bytes; exactly 4 expected");
    body (2);
    key ("blob"), pack_put_bin (&out, span_of ("123456789"));
    title ();
    refused ("blob: 9 bytes; at most 8");
}

static void a_choice_a_party_and_a_term_are_what_they_say (void **state)
{
    (void) state;
    body (2);
    key ("level"), pack_put_text (&out, "hig\nh");
    title ();
    refused ("level: \"hig?h\" is none of its choices");
    body (2);
    title ();
    key ("who"), pack_put_text (&out, "pk.Sindh");
    refused ("who: \"pk.Sindh\" is no party's name");
    body (2);
    title ();
    key ("whom"), pack_put_text (&out, "pk.*");
    refused ("whom: \"pk.*\" is no audience term");
    body (2);
    key ("ref"), pack_put_array (&out, 0);
    title ();
    refused ("ref: no reference to a message");
}

static void a_list_has_a_number_of_elements (void **state)
{
    (void) state;
    body (2);
    key ("tags"), pack_put_array (&out, 0);
    title ();
    refused ("tags: 0 elements; at least 1");
    body (2);
    key ("tags"), pack_put_array (&out, 4);
    for (int i = 0; i < 4; i++)
        pack_put_text (&out, "x");
    title ();
    refused ("tags: 4 elements; at most 3");
    body (2);
    key ("tags"), pack_put_array (&out, 2), pack_put_text (&out, "x"), pack_put_int (&out, 1);
    title ();
    refused ("tags[1]: an integer; expected text");
}

static void what_is_wrong_in_a_record_is_named_with_its_place (void **state)
{
    (void) state;
    body (2);
    key ("parts"), pack_put_array (&out, 2);
    pack_put_map (&out, 1), key ("name"), pack_put_text (&out, "one");
    pack_put_map (&out, 2), key ("due"), pack_put_int (&out, TIME_MAX + 1), key ("name");
    pack_put_text (&out, "two");
    title ();
    refused ("parts[1].due: later than the year 9999");
    body (2);
    key ("parts"), pack_put_array (&out, 1);
    pack_put_map (&out, 2), key ("name"), pack_put_text (&out, "one"), key ("sub");
    pack_put_map (&out, 0);
    title ();
    refused ("parts[0].sub.x: missing, and required");
    body (2);
    key ("parts"), pack_put_array (&out, 1);
    pack_put_map (&out, 2), key ("name"), pack_put_text (&out, "one"), key ("nome");
    pack_put_nil (&out);
    title ();
    refused ("parts[0]: no such field: \"nome\"");
}

static void a_value_of_another_type_is_refused (void **state)
{
    (void) state;
    body (1);
    key ("title"), pack_put_nil (&out);
    refused ("title: nil; expected text");
    body (1);
    key ("title"), pack_put_bin (&out, span_of ("x"));
    refused ("title: bytes; expected text");
    body (2);
    key ("tags"), pack_put_text (&out, "x");
    title ();
    refused ("tags: a text; expected a list");
    body (2);
    key ("parts"), pack_put_map (&out, 0);
    title ();
    refused ("parts: a record; expected a list");
    pack_reset (&out);
    pack_put_array (&out, 0);
    refused ("a list; expected a record");
    pack_reset (&out);
    refused ("nothing, or of no permitted type; expected a record");
}

static void every_cut_of_a_good_body_is_refused (void **state)
{
    (void) state;
    body (3);
    key ("parts"), pack_put_array (&out, 1);
    pack_put_map (&out, 2), key ("due"), pack_put_int (&out, 1), key ("name");
    pack_put_text (&out, "one");
    key ("tags"), pack_put_array (&out, 1), pack_put_text (&out, "x");
    title ();
    accepted ();
    struct span whole = pack_result (&out);
    char where[SCHEMA_WHERE];
    for (size_t size = 0; size < whole.size; size++)
        assert_false (schema_check (sample, span_bytes (whole.data, size), where));
    pack_put_nil (&out);
    refused ("bytes after the end");
}

static void a_field_is_found_by_its_path (void **state)
{
    (void) state;
    pack_reset (&out);
    pack_put_map (&out, 3);
    key ("a"), pack_put_map (&out, 2);
    key ("b"), pack_put_int (&out, -7);
    key ("c"), pack_put_text (&out, "text");
    key ("d"), pack_put_bin (&out, span_of ("\x01\x02"));
    key ("e"), pack_put_uint (&out, UINT64_MAX);
    struct span b = pack_result (&out);
    assert_int_equal (body_int (b, "a.b", 5), -7);
    assert_true (span_is (body_text (b, "a.c"), "text"));
    assert_true (span_is (body_bytes (b, "d"), "\x01\x02"));
    assert_int_equal (body_field (b, "a.b").size, 1);
    assert_int_equal (body_int (b, "a.c", 5), 5);
    assert_int_equal (body_int (b, "e", 5), 5);
    assert_int_equal (body_int (b, "a.x", 5), 5);
    assert_int_equal (body_text (b, "a").size, 0);
    assert_int_equal (body_text (b, "d").size, 0);
    assert_int_equal (body_bytes (b, "a.c").size, 0);
    assert_int_equal (body_field (b, "a.b.c").size, 0);
    assert_int_equal (body_field (b, "").size, 0);
    assert_int_equal (body_field (b, "a.").size, 0);
    for (size_t size = 0; size < 4; size++)
        assert_int_equal (body_field (span_bytes (b.data, size), "a.b").size, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_newest_version_of_a_kind_is_found),
        cmocka_unit_test (a_body_with_a_field_of_each_type_is_accepted),
        cmocka_unit_test (the_smallest_body_has_what_is_required),
        cmocka_unit_test (an_unknown_field_is_refused_by_name),
        cmocka_unit_test (fields_out_of_order_or_twice_are_refused),
        cmocka_unit_test (a_text_has_a_length_and_no_controls),
        cmocka_unit_test (a_number_is_within_its_limits),
        cmocka_unit_test (bytes_have_a_length),
        cmocka_unit_test (a_choice_a_party_and_a_term_are_what_they_say),
        cmocka_unit_test (a_list_has_a_number_of_elements),
        cmocka_unit_test (what_is_wrong_in_a_record_is_named_with_its_place),
        cmocka_unit_test (a_value_of_another_type_is_refused),
        cmocka_unit_test (every_cut_of_a_good_body_is_refused),
        cmocka_unit_test (a_field_is_found_by_its_path),
    };
    return cmocka_run_group_tests (tests, setup, teardown);
}
