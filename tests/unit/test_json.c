/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/json.h"

#include "bus/edge/schemafile.h"
#include "tests/unit/support_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct schemas *samples, *ours;
static const struct schema *sample;
static struct pack_out out;
static char why[512];

static int setup (void **state)
{
    (void) state;
    samples = schemas_sample ();
    ours = schemas_ours ();
    sample = samples->at[0];
    pack_init (&out);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    pack_free (&out);
    schemas_free (&samples);
    schemas_free (&ours);
    return 0;
}

static json_t *parse (const char *text)
{
    json_t *value = json_read_document (span_of (text), "test", why, sizeof why);
    if (!value)
        fail_msg ("%s", why);
    return value;
}

static void refused (const char *text, const char *expected)
{
    json_t *value = parse (text);
    pack_reset (&out);
    pack_put_text (&out, "before");
    if (body_from_json (sample, value, &out, why, sizeof why))
        fail_msg ("taken, and should say: %s", expected);
    assert_string_equal (why, expected);
    assert_int_equal (pack_result (&out).size, 7);
    json_decref (value);
}

static struct span taken (const struct schema *schema, const char *text)
{
    json_t *value = parse (text);
    pack_reset (&out);
    if (!body_from_json (schema, value, &out, why, sizeof why))
        fail_msg ("%s", why);
    json_decref (value);
    return pack_result (&out);
}

static void shown_as (const struct schema *schema, struct span body, const char *expected)
{
    json_t *value = body_to_json (schema, body);
    assert_non_null (value);
    char *text = json_print (value, false);
    assert_string_equal (text, expected);
    free (text);
    json_decref (value);
}

#define ALL                                                                                        \
    "{\"at\":\"2026-05-09T05:00:00Z\",\"blob\":\"\",\"count\":-5,\"empty\":\"\",\"flag\":false,"   \
    "\"key\":\"AAECAw==\",\"level\":\"high\",\"parts\":[{\"name\":\"one\"},{\"due\":"              \
    "\"1970-01-01T00:00:00.001Z\",\"name\":\"two\",\"sub\":{\"x\":9007199254740991}}],"            \
    "\"ref\":\"pk.sindh/1.00000000000000ff-3\",\"score\":9.8,\"tags\":[\"a\",\"b\"],"              \
    "\"title\":\"\xd8\xa7\xd8\xb1\xd8\xaf\xd9\x88\",\"who\":\"pk.sindh\",\"whom\":\"pk.**\"}"

static void what_is_taken_comes_back_the_same (void **state)
{
    (void) state;
    struct span body = taken (sample, ALL);
    assert_int_equal (body_int (body, "at", 0), INT64_C (1778302800000));
    assert_int_equal (body_int (body, "score", 0), 98);
    assert_int_equal (body_bytes (body, "key").size, 4);
    shown_as (sample, body, ALL);
}

static void the_order_of_the_document_does_not_matter (void **state)
{
    (void) state;
    uint8_t copy[64];
    struct span body = taken (sample, "{\"title\": \"x\", \"flag\": true, \"count\": 1}");
    size_t size = body.size;
    memcpy (copy, body.data, size);
    assert_true (span_equal (taken (sample, "{\"count\":1,\"flag\":true,\"title\":\"x\"}"),
                             span_bytes (copy, size)));
    shown_as (sample, pack_result (&out), "{\"count\":1,\"flag\":true,\"title\":\"x\"}");
}

static void times_of_any_offset_become_one (void **state)
{
    (void) state;
    taken (sample, "{\"title\":\"x\",\"at\":\"2026-05-09T10:00:00.000+05:00\"}");
    shown_as (sample, pack_result (&out), "{\"at\":\"2026-05-09T05:00:00Z\",\"title\":\"x\"}");
    refused ("{\"title\":\"x\",\"at\":\"tomorrow\"}",
             "at: \"tomorrow\" is no time; expected one such as 2026-05-09T10:00:00+05:00");
    refused ("{\"title\":\"x\",\"at\":1778302800}",
             "at: a whole number; expected a time in quotes, such as "
             "\"2026-05-09T10:00:00+05:00\"");
}

static void tenths_have_one_decimal (void **state)
{
    (void) state;
    for (int i = 0; i <= 100; i++) {
        char text[64], expected[64];
        snprintf (text, sizeof text, "{\"title\":\"x\",\"score\":%d.%d}", i / 10, i % 10);
        snprintf (expected, sizeof expected, "{\"score\":%d.%d,\"title\":\"x\"}", i / 10, i % 10);
        assert_int_equal (body_int (taken (sample, text), "score", -1), i);
        shown_as (sample, pack_result (&out), expected);
    }
    assert_int_equal (body_int (taken (sample, "{\"title\":\"x\",\"score\":7}"), "score", 0), 70);
    refused ("{\"title\":\"x\",\"score\":9.85}", "score: 9.85 has more than one decimal");
    refused ("{\"title\":\"x\",\"score\":9.81}", "score: 9.81 has more than one decimal");
    refused ("{\"title\":\"x\",\"score\":10.1}", "score: 10.1; at most 10.0");
    refused ("{\"title\":\"x\",\"score\":1e300}", "score: 1e+300 is out of range");
    refused ("{\"title\":\"x\",\"score\":\"9.8\"}", "score: a text; expected a number such as 9.8");
}

static void an_unknown_field_is_refused_with_the_one_that_was_meant (void **state)
{
    (void) state;
    refused ("{\"tilte\":\"x\"}", "no such field: \"tilte\"; did you mean \"title\"?");
    refused ("{\"title\":\"x\",\"cuont\":1}", "no such field: \"cuont\"; did you mean \"count\"?");
    refused ("{\"title\":\"x\",\"ta\":1}", "no such field: \"ta\"; did you mean \"at\"?");
    refused ("{\"title\":\"x\",\"zzzzz\":1}", "no such field: \"zzzzz\"");
    refused ("{\"title\":\"x\",\"\\u001b[2J\":1}", "no such field: \"?[2J\"");
    refused ("{\"title\":\"x\",\"parts\":[{\"name\":\"a\"},{\"nane\":\"a\"}]}",
             "parts[1]: no such field: \"nane\"; did you mean \"name\"?");
}

static void an_unknown_choice_is_refused_with_the_one_that_was_meant (void **state)
{
    (void) state;
    refused ("{\"title\":\"x\",\"level\":\"hgih\"}",
             "level: \"hgih\" is none of its choices; did you mean \"high\"?");
    refused ("{\"title\":\"x\",\"level\":\"burglary\"}",
             "level: \"burglary\" is none of its choices; did you mean \"a/burglary\"?");
    refused ("{\"title\":\"x\",\"level\":\"extreme\"}",
             "level: \"extreme\" is none of its choices; expected low, high, a/burglary");
}

static void a_missing_field_and_a_limit_are_named (void **state)
{
    (void) state;
    refused ("{}", "title: missing, and required");
    refused ("{\"title\":\"123456789012345678901\"}", "title: 21 bytes; at most 20");
    refused ("{\"title\":\"x\",\"count\":11}", "count: 11; at most 10");
    refused ("{\"title\":\"x\",\"tags\":[]}", "tags: 0 elements; at least 1");
    refused ("{\"title\":\"x\",\"tags\":[\"a\",\"123456\"]}", "tags[1]: 6 bytes; at most 5");
    refused ("{\"title\":\"x\",\"key\":\"AAEC\"}", "key: 3 bytes; exactly 4 expected");
    refused ("{\"title\":\"x\",\"who\":\"PK\"}", "who: \"PK\" is no party's name");
}

static void a_wrong_type_is_named (void **state)
{
    (void) state;
    refused ("{\"title\":1}", "title: a whole number; expected a text in quotes");
    refused ("{\"title\":null}", "title: null; leave the field out instead");
    refused ("{\"title\":\"x\",\"flag\":\"yes\"}", "flag: a text; expected true or false");
    refused ("{\"title\":\"x\",\"count\":1.0}",
             "count: a number with a decimal point; expected a whole number");
    refused ("{\"title\":\"x\",\"tags\":\"a\"}", "tags: a text; expected a list [ ... ]");
    refused ("{\"title\":\"x\",\"parts\":[[]]}",
             "parts[0]: a list [ ... ]; expected an object { ... }");
    refused ("{\"title\":\"x\",\"key\":\"not base64!\"}", "key: not base64");
    refused ("{\"title\":\"x\",\"key\":\"AAECAw\"}", "key: not base64");
    refused ("{\"title\":\"x\",\"ref\":\"pk/1-3\"}",
             "ref: \"pk/1-3\" is no id; expected one such as pk.sindh/1.0123456789abcdef-3");
}

static void an_id_is_written_in_one_way (void **state)
{
    (void) state;
    struct msg_id id;
    char text[ID_JSON];
    assert_true (json_id_parse (span_of ("pk.sindh/12.0123456789abcdef-9007199254740991"), &id));
    assert_true (span_is (id.origin, "pk.sindh"));
    assert_int_equal (id.epoch.counter, 12);
    assert_int_equal (id.epoch.nonce, UINT64_C (0x0123456789abcdef));
    assert_int_equal (id.seq, SEQ_MAX);
    json_id_text (&id, text);
    assert_string_equal (text, "pk.sindh/12.0123456789abcdef-9007199254740991");
    static const char *const wrong[] = {
        "",
        "pk",
        "pk/1-3",
        "/1.0123456789abcdef-3",
        "PK/1.0123456789abcdef-3",
        "pk/01.0123456789abcdef-3",
        "pk/ 1.0123456789abcdef-3",
        "pk/1.0123456789ABCDEF-3",
        "pk/1.123456789abcdef-3",
        "pk/1.0123456789abcdef-0",
        "pk/1.0123456789abcdef--3",
        "pk/1.0123456789abcdef-03",
        "pk/1.0123456789abcdef-3x",
        "pk/4294967296.0123456789abcdef-3",
        "pk/1.0123456789abcdef-9007199254740992",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (json_id_parse (span_of (wrong[i]), &id))
            fail_msg ("taken: %s", wrong[i]);
}

static void a_body_of_an_unknown_kind_is_shown_as_it_is (void **state)
{
    (void) state;
    pack_reset (&out);
    pack_put_map (&out, 4);
    pack_put_text (&out, "a"), pack_put_array (&out, 2), pack_put_bool (&out, true);
    pack_put_nil (&out);
    pack_put_text (&out, "b"), pack_put_bin (&out, span_of ("\x01\x02"));
    pack_put_text (&out, "c"), pack_put_map (&out, 0);
    pack_put_text (&out, "d"), pack_put_uint (&out, UINT64_MAX);
    shown_as (NULL, pack_result (&out),
              "{\"a\":[true,null],\"b\":\"AQI=\",\"c\":{},\"d\":\"18446744073709551615\"}");
    /* Also with a schema, when it is not what that says. */
    pack_reset (&out);
    pack_put_map (&out, 3);
    pack_put_text (&out, "at"), pack_put_text (&out, "soon");
    pack_put_text (&out, "parts"), pack_put_int (&out, -1);
    pack_put_text (&out, "ref"), pack_put_nil (&out);
    shown_as (sample, pack_result (&out), "{\"at\":\"soon\",\"parts\":-1,\"ref\":null}");
}

static void what_is_no_canonical_map_is_not_shown (void **state)
{
    (void) state;
    assert_null (body_to_json (sample, span_of ("")));
    assert_null (body_to_json (sample, span_of ("\xc0")));
    assert_null (body_to_json (NULL, span_bytes ("\x81\xa1z\xc1", 4)));
    assert_null (body_to_json (NULL, span_bytes ("\x80\x80", 2)));
    shown_as (NULL, span_bytes ("\x80", 1), "{}");
}

static void not_read (struct span bytes, const char *expected)
{
    json_t *value = json_read_document (bytes, "a.json", why, sizeof why);
    if (value)
        fail_msg ("taken, and should say: %s", expected);
    assert_string_equal (why, expected);
}

static void broken_json_is_refused_by_line_and_column (void **state)
{
    (void) state;
    not_read (span_of ("{\n  \"a\": 1,\n  \"b\" 2\n}\n"), "a.json:3:7: ':' expected near '2'");
    not_read (span_of ("{\"a\": 1, \"a\": 2}"), "a.json:1:12: duplicate object key near '\"a\"'");
    not_read (span_of ("{\"a\": 1} x"), "a.json:1:10: end of file expected near 'x'");
    not_read (span_of ("{\"a\": 99999999999999999999}"),
              "a.json:1:26: too big integer near '99999999999999999999'");
    not_read (span_of ("{\"a\": \"\\u0000\"}"), "a.json:1:14: \\u0000 is not allowed");
    not_read (span_of ("{\"a\": \"\x1b[2J\"}"), "a.json:1:7: control character 0x1b near '\"'");
    not_read (span_of ("{\"\x7f\xc2\x9b\": 1, \"\x7f\xc2\x9b\": 2}"),
              "a.json:1:14: duplicate object key near '\"???\"'");
    not_read (span_of ("[1]"), "a.json: a list [ ... ]; expected an object { ... }");
    not_read (span_of ("{\n\"a\": \"\xff\"}"), "a.json:2:7: not UTF-8; save the file as UTF-8");
    not_read (span_bytes ("{\"\xd8\xa7\"\0}", 7), "a.json:1:5: a NUL byte: this is no text file");
    not_read (span_bytes ("{\xd8", 2), "a.json:1:2: not UTF-8; save the file as UTF-8");
}

static void a_file_of_another_kind_is_called_what_it_looks_like (void **state)
{
    (void) state;
    not_read (span_of (""), "a.json: expected a JSON document; this is empty");
    not_read (span_of (" \n\t"), "a.json: expected a JSON document; this is empty");
    not_read (span_of ("%PDF-1.7\n"),
              "a.json: expected a JSON document; this looks like a PDF; attach "
              "it to a message: --attach FILE");
    not_read (span_of ("PK\x03\x04...."), "a.json: expected a JSON document; this looks like a ZIP "
                                          "archive or an office document; attach it to a "
                                          "message: --attach FILE");
    not_read (span_of ("\n<?xml version=\"1.0\"?>"),
              "a.json: expected a JSON document; this looks like XML or HTML");
    not_read (span_bytes ("\xff\xfe{\0}\0", 6),
              "a.json: expected a JSON document; this looks like UTF-16; save it as UTF-8");
    json_decref (parse ("\xef\xbb\xbf{}"));
}

static void a_file_is_read_up_to_its_limit (void **state)
{
    (void) state;
    char path[256], expected[512];
    const char *temp = getenv ("TMPDIR");
    snprintf (path, sizeof path, "%s/json-XXXXXX", temp && *temp ? temp : "/tmp");
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    FILE *file = fdopen (fd, "w");
    assert_non_null (file);
    fprintf (file, "{}%*s", (int) JSON_DOCUMENT_MAX - 2, "");
    fflush (file);
    json_t *value = json_load_document (path, why, sizeof why);
    assert_non_null (value);
    json_decref (value);

    fputc (' ', file);
    fclose (file);
    assert_null (json_load_document (path, why, sizeof why));
    snprintf (expected, sizeof expected, "%s: larger than 4 MiB", path);
    assert_string_equal (why, expected);
    unlink (path);
    assert_null (json_load_document (path, why, sizeof why));
    snprintf (expected, sizeof expected, "%s: cannot be read: No such file or directory", path);
    assert_string_equal (why, expected);
    assert_null (json_load_document ("schemas", why, sizeof why));
    assert_string_equal (why, "schemas: cannot be read: Is a directory");
}

static void a_dash_is_standard_input (void **state)
{
    (void) state;
    int ends[2], saved = dup (0);
    assert_int_equal (pipe (ends), 0);
    assert_int_equal (write (ends[1], "{\n,}", 4), 4);
    close (ends[1]);
    dup2 (ends[0], 0);
    close (ends[0]);
    assert_null (json_load_document ("-", why, sizeof why));
    dup2 (saved, 0);
    close (saved);
    assert_string_equal (why, "standard input:2:1: string or '}' expected near ','");
}

static void a_body_that_no_envelope_could_hold_is_refused (void **state)
{
    (void) state;
    const struct schema *advisory = schemas_find (ours, span_of ("advisory"));
    json_t *value = parse ("{\"number\":\"N\",\"title\":\"t\",\"severity\":\"S1\","
                           "\"summary\":\"s\",\"notes\":[]}");
    json_t *notes = json_object_get (value, "notes");
    char text[8001];
    memset (text, 'x', 8000);
    text[8000] = 0;
    for (int i = 0; i < 30; i++)
        json_array_append_new (notes, json_pack ("{s:s, s:s}", "title", "t", "text", text));
    pack_reset (&out);
    assert_true (body_from_json (advisory, value, &out, why, sizeof why));
    json_array_append_new (notes, json_pack ("{s:s, s:s}", "title", "t", "text", text));
    assert_false (body_from_json (advisory, value, &out, why, sizeof why));
    assert_string_equal (why, "248576 bytes in all; a message holds at most 245760");
    json_decref (value);
}

static void the_samples_are_what_their_schemas_ask_for (void **state)
{
    (void) state;
    static const char *const names[] = { "advisory", "incident" };
    for (size_t i = 0; i < 2; i++) {
        char path[64];
        snprintf (path, sizeof path, "config/samples/%s.json", names[i]);
        json_t *document = json_load_document (path, why, sizeof why);
        if (!document)
            fail_msg ("%s", why);
        assert_string_equal (json_string_value (json_object_get (document, "kind")), names[i]);
        json_t *value = json_object_get (document, "body");
        const struct schema *schema = schemas_find (ours, span_of (names[i]));
        pack_reset (&out);
        if (!body_from_json (schema, value, &out, why, sizeof why))
            fail_msg ("%s: %s", path, why);
        json_t *back = body_to_json (schema, pack_result (&out));
        struct pack_out again;
        pack_init (&again);
        assert_true (body_from_json (schema, back, &again, why, sizeof why));
        assert_true (span_equal (pack_result (&again), pack_result (&out)));
        pack_free (&again);
        json_decref (back);
        json_decref (document);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_taken_comes_back_the_same),
        cmocka_unit_test (the_order_of_the_document_does_not_matter),
        cmocka_unit_test (times_of_any_offset_become_one),
        cmocka_unit_test (tenths_have_one_decimal),
        cmocka_unit_test (an_unknown_field_is_refused_with_the_one_that_was_meant),
        cmocka_unit_test (an_unknown_choice_is_refused_with_the_one_that_was_meant),
        cmocka_unit_test (a_missing_field_and_a_limit_are_named),
        cmocka_unit_test (a_wrong_type_is_named),
        cmocka_unit_test (an_id_is_written_in_one_way),
        cmocka_unit_test (a_body_of_an_unknown_kind_is_shown_as_it_is),
        cmocka_unit_test (what_is_no_canonical_map_is_not_shown),
        cmocka_unit_test (broken_json_is_refused_by_line_and_column),
        cmocka_unit_test (a_file_of_another_kind_is_called_what_it_looks_like),
        cmocka_unit_test (a_file_is_read_up_to_its_limit),
        cmocka_unit_test (a_dash_is_standard_input),
        cmocka_unit_test (a_body_that_no_envelope_could_hold_is_refused),
        cmocka_unit_test (the_samples_are_what_their_schemas_ask_for),
    };
    return cmocka_run_group_tests (tests, setup, teardown);
}
