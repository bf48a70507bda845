/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bus/core/when.h"
#include "bus/edge/json.h"
#include "bus/edge/schemafile.h"
#include "tests/unit/support_random.h"
#include "tests/unit/support_schema.h"

static struct schemas *ours, *samples;
static struct template_error error;
static char why[512];

static int64_t karachi (int64_t at)
{
    (void) at;
    return 5 * 3600;
}

static struct day day = { .now = INT64_C (1795295610000), .zone = karachi };

static int setup (void **state)
{
    (void) state;
    ours = schemas_ours ();
    samples = schemas_sample ();
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    schemas_free (&ours);
    schemas_free (&samples);
    return 0;
}

static const struct schema *kind (const char *name)
{
    return schemas_find (ours, span_of (name));
}

static json_t *parse (const struct schema *schema, const char *text)
{
    json_t *made = template_parse (schema, span_of (text), &day, &error);
    if (!made)
        fail_msg ("line %u: %s\n%s", error.line, error.why, text);
    return made;
}

/* The body, as it is signed. */
static struct pack_out packed (const struct schema *schema, const json_t *document)
{
    struct pack_out out;
    pack_init (&out);
    if (!body_from_json (schema, json_object_get (document, "body"), &out, why, sizeof why))
        fail_msg ("%s", why);
    return out;
}

/* Written, read, written again: the same text, and the same body. */
static void is_stable (const struct schema *schema, const json_t *document)
{
    char *first = template_print (schema, document, &day);
    json_t *read = parse (schema, first);
    char *second = template_print (schema, read, &day);
    assert_string_equal (first, second);
    struct pack_out before = packed (schema, document), after = packed (schema, read);
    if (!span_equal (pack_result (&before), pack_result (&after)))
        fail_msg ("another body: %s\n%s", first, json_print (read, true));
    pack_free (&before);
    pack_free (&after);
    json_decref (read);
    free (first);
    free (second);
}

static void what_is_written_is_read_as_the_same_message (void **state)
{
    (void) state;
    static const char *const files[] = { "config/samples/advisory.json",
                                         "config/samples/incident.json" };
    for (size_t i = 0; i < 2; i++) {
        json_t *document = json_load_document (files[i], why, sizeof why);
        assert_non_null (document);
        is_stable (kind (i ? "incident" : "advisory"), document);
        json_decref (document);
    }
}

static void whatever_a_schema_allows_can_be_written (void **state)
{
    (void) state;
    struct random random = { 1 };
    for (size_t round = 0; round < 3000; round++) {
        size_t which = random_below (&random, ours->count + 1);
        const struct schema *schema = which == ours->count ? samples->at[0] : ours->at[which];
        json_t *document = json_object (), *body = random_body (&random, schema);
        json_object_set_new (document, "body", body);
        is_stable (schema, document);
        json_decref (document);
    }
}

static const char *text_at (const json_t *document, const char *name)
{
    const char *text =
        json_string_value (json_object_get (json_object_get (document, "body"), name));
    return text ? text : "(not there)";
}

static void what_a_person_writes_is_understood (void **state)
{
    (void) state;
    json_t *made = parse (kind ("advisory"), "# a comment\n"
                                             "kind: advisory\n"
                                             "TLP: green\n"
                                             "to: pk.sindh.**, @energy\n"
                                             "Number:\n"
                                             "Title: Forged advisories\n"
                                             "SEVERITY: s2\n"
                                             "Exploited: Yes\n"
                                             "Acknowledge-by: tomorrow 18:00\n"
                                             "Summary:\n"
                                             "\n"
                                             "First line: not a heading.\n"
                                             "# left out\n"
                                             "\n"
                                             "  - a bullet\n"
                                             "\\# kept\n"
                                             "\\Title: in the text\n"
                                             "\xd8\xae\xd8\xb7\xd8\xb1\xdb\x81\n"
                                             "\n"
                                             "Products:\n"
                                             "- one, two\n"
                                             "- three\n"
                                             "    and more\n"
                                             "Actions:\n"
                                             "- id: A1\n"
                                             "due: 2026-12-01\n"
                                             "    text: Search the logs\n"
                                             "of the last 30 days.\n"
                                             "-\n"
                                             "- text: Tell all staff\n"
                                             "  id: A2\n"
                                             "Vulnerabilities:\n"
                                             "  - title: inside\n"
                                             "    score: 9.8\n"
                                             "References:\n"
                                             "  - title:\n"
                                             "    url:\n");
    json_t *body = json_object_get (made, "body");
    assert_string_equal (json_string_value (json_object_get (made, "tlp")), "green");
    assert_int_equal (json_array_size (json_object_get (made, "to")), 2);
    assert_null (json_object_get (body, "number"));
    assert_null (json_object_get (body, "references"));
    assert_string_equal (text_at (made, "title"), "Forged advisories");
    assert_string_equal (text_at (made, "severity"), "S2");
    assert_true (json_is_true (json_object_get (body, "exploited")));
    assert_string_equal (text_at (made, "acknowledge_by"), "2026-11-23T13:00:00Z");
    assert_string_equal (text_at (made, "summary"),
                         "First line: not a heading.\n\n  - a bullet\n# kept\n"
                         "Title: in the text\n\xd8\xae\xd8\xb7\xd8\xb1\xdb\x81");
    char *rest = json_print (json_object_get (body, "products"), false);
    assert_string_equal (rest, "[\"one, two\",\"three\\n  and more\"]");
    free (rest);
    rest = json_print (json_object_get (body, "actions"), false);
    assert_string_equal (
        rest, "[{\"due\":\"2026-12-01T18:59:00Z\",\"id\":\"A1\",\"text\":\"Search the "
              "logs\\nof the last 30 days.\"},{\"id\":\"A2\",\"text\":\"Tell all staff\"}]");
    free (rest);
    rest = json_print (json_object_get (body, "vulnerabilities"), false);
    assert_string_equal (rest, "[{\"score\":9.8,\"title\":\"inside\"}]");
    free (rest);
    json_decref (made);
}

static void blank_lines_after_a_value_are_none_of_it (void **state)
{
    (void) state;
    json_t *made = parse (kind ("advisory"), "Message expires: tomorrow 18:00\n\n  \n"
                                             "Severity:\n\nS2\n\nExploited: yes\n\n");
    assert_string_equal (json_string_value (json_object_get (made, "expires")),
                         "2026-11-23T13:00:00Z");
    assert_string_equal (text_at (made, "severity"), "S2");
    json_decref (made);
}

static void indent_decides_where_a_name_stands_inside_and_outside (void **state)
{
    (void) state;
    json_t *made = parse (kind ("incident"), "Impact:\n"
                                             "  data: copied, deleted\n"
                                             "  description: inside\n"
                                             "Description: outside\n"
                                             "Times:\n"
                                             "  aware: 2026-07-14 02:55\n");
    char *text = json_print (json_object_get (made, "body"), false);
    assert_string_equal (text, "{\"description\":\"outside\",\"impact\":{\"data\":[\"copied\","
                               "\"deleted\"],\"description\":\"inside\"},\"times\":{\"aware\":"
                               "\"2026-07-13T21:55:00Z\"}}");
    free (text);
    json_decref (made);
}

static void what_is_wrong_is_named_with_its_line (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        unsigned line;
        const char *why;
    } bad[] = {
        { "TLP: GREEN\nSeverity: S2\nTitel: x\n", 3, "there is no 'Titel'; did you mean 'title'?" },
        { "Severity: S2\nhello\n", 2, "'hello' stands below no heading that takes text" },
        { "Summary:\ntext\nActons:\n", 3, "'Actons' looks like the heading 'actions'" },
        { "Title: x\nSeverty: S2\n", 2, "'Severty' looks like the heading 'severity'" },
        { "Title: a\nTitle: b\n", 2, "'title' stands here a second time" },
        { "Exploited: perhaps\n", 1, "neither yes nor no" },
        { "Effective: soon\n", 1, "'soon' is no time" },
        { "Vulnerabilities:\n  - score: high\n", 2, "'high' is no number such as 9.8" },
        { "Attachments:\n  - size: 3 MB\n", 2, "'3 MB' is no whole number" },
        { "Products: a, b\n", 1, "several go below, each after \"- \"" },
        { "Actions: A1\n", 1, "has fields of its own, on the lines below" },
        { "Actions:\n  - Search the logs\n", 2, "begins with one of its headings" },
        { "Summary: x\n\\\"open\n", 2, "a JSON string is expected" },
        { "hello\n", 1, "stands below no heading" },
        { "Title: \xff\n", 0, "not UTF-8" },
        { "Severity:\nS2\nS3\n", 3, "stands below no heading" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *made = template_parse (kind ("advisory"), span_of (bad[i].text), &day, &error);
        if (made)
            fail_msg ("taken: %s", bad[i].text);
        if (error.line != bad[i].line || !strstr (error.why, bad[i].why))
            fail_msg ("%s: line %u: %s", bad[i].text, error.line, error.why);
    }
}

static void a_complaint_leads_to_its_line (void **state)
{
    (void) state;
    const char *text = "Title: x\nActions:\n  - id: A1\n    text: x\n  - id: A2\n    due: friday\n";
    const struct schema *schema = kind ("advisory");
    assert_int_equal (template_line (schema, span_of (text), &day, "actions[1].due: too late"), 6);
    assert_int_equal (template_line (schema, span_of (text), &day, "actions[1].text: missing"), 5);
    assert_int_equal (template_line (schema, span_of (text), &day, "actions: too many"), 2);
    assert_int_equal (template_line (schema, span_of (text), &day, "title: too long"), 1);
    assert_int_equal (template_line (schema, span_of (text), &day, "titles: x"), 0);
    assert_int_equal (template_line (schema, span_of (text), &day, "the disk is full"), 0);
}

static void a_complaint_takes_the_place_of_the_one_before (void **state)
{
    (void) state;
    unsigned lines;
    char *first = template_complain (span_of ("Title: x\n"), "line 1: no\ntwo", &lines);
    assert_int_equal (lines, 2);
    assert_string_equal (first, "#! line 1: no\n#! two\nTitle: x\n");
    char *second = template_complain (span_of (first), "yes", &lines);
    assert_string_equal (second, "#! yes\nTitle: x\n");
    char *third = template_complain (span_of (second), NULL, &lines);
    assert_int_equal (lines, 0);
    assert_string_equal (third, "Title: x\n");
    free (first);
    free (second);
    free (third);
}

static void a_template_of_each_kind_says_nothing_until_it_is_filled_in (void **state)
{
    (void) state;
    char name[KIND_MAX + 1];
    for (size_t i = 0; i < ours->count; i++) {
        json_t *document = json_object ();
        char *text = template_print (ours->at[i], document, &day);
        assert_true (template_kind (span_of (text), name));
        assert_string_equal (name, ours->at[i]->kind);
        assert_false (template_says (span_of (text)));
        json_t *made = parse (ours->at[i], text);
        assert_int_equal (json_object_size (json_object_get (made, "body")), 0);
        for (size_t k = 0; k < ours->at[i]->body.field_count; k++)
            assert_non_null (strstr (text, ours->at[i]->body.fields[k].meaning));
        json_decref (made);
        json_decref (document);
        free (text);
    }
    assert_true (template_says (span_of ("Kind: note\nText:\nhello\n")));
    assert_false (template_kind (span_of ("Title: x\n"), name));
}

static void an_element_of_a_row_begins_no_line_of_its_own (void **state)
{
    (void) state;
    json_t *document = json_pack ("{s:s, s:[s], s:{s:s}}", "kind", "note", "to",
                                  "pk.kp\nTlp: CLEAR\r\033[2J", "body", "text", "x");
    assert_non_null (document);
    char *text = template_print (kind ("note"), document, &day);
    assert_non_null (strstr (text, "To: pk.kp Tlp: CLEAR  [2J\n"));
    json_decref (document);
    free (text);
}

static void the_elements_of_a_row_are_the_same_when_they_are_read_again (void **state)
{
    (void) state;
    static const struct {
        const char *text, *row;
    } rows[] = {
        { "Kind: \f\f\f\f\nnote\nTo: \f\f\f\\\\\nText: x\n", "\nTo: \\\\\n" },
        { "To:\n\n  - idt;:\n  -  \n\n\n,t", "\nTo: idt;:, t\n" },
        { "To:\n- pk.a, pk.b\n- pk.c\n", "\nTo: pk.a, pk.b, pk.c\n" },
        { "To:\n  - []\n", "\nTo: \\[]\n" },
        { "To: \\[], \\\n", "\nTo: \\[], \\\n" },
        { "To: \001a, \001, b\v\f\n", "\nTo: a, b\n" },
        { "To: []\n", "\nTo: []\n" },
        { "To: \\\"pk\\nKind: x\"\n", "\nTo: pk Kind: x\n" },
        { "Message expires: \v2030-06-03 10:00\f\n", "\nMessage expires: 2030-06-03 10:00" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *made = parse (kind ("note"), rows[i].text);
        char *first = template_print (kind ("note"), made, &day);
        json_t *again = parse (kind ("note"), first);
        char *second = template_print (kind ("note"), again, &day);
        assert_string_equal (first, second);
        if (!strstr (first, rows[i].row))
            fail_msg ("%s is not in: %s", rows[i].row, first);
        json_decref (made);
        json_decref (again);
        free (first);
        free (second);
    }
}

static void a_value_of_one_line_stays_on_it_whatever_it_holds (void **state)
{
    (void) state;
    json_t *made = parse (kind ("advisory"), "Severity: \\\"S2\\nTLP: RED\"\n");
    char *text = template_print (kind ("advisory"), made, &day);
    assert_non_null (strstr (text, "\nSeverity:\n\\\"S2\\nTLP: RED\"\n"));
    json_t *again = parse (kind ("advisory"), text);
    assert_true (json_equal (json_object_get (made, "body"), json_object_get (again, "body")));
    json_decref (made);
    json_decref (again);
    free (text);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_written_is_read_as_the_same_message),
        cmocka_unit_test (whatever_a_schema_allows_can_be_written),
        cmocka_unit_test (what_a_person_writes_is_understood),
        cmocka_unit_test (blank_lines_after_a_value_are_none_of_it),
        cmocka_unit_test (indent_decides_where_a_name_stands_inside_and_outside),
        cmocka_unit_test (what_is_wrong_is_named_with_its_line),
        cmocka_unit_test (a_complaint_leads_to_its_line),
        cmocka_unit_test (a_complaint_takes_the_place_of_the_one_before),
        cmocka_unit_test (an_element_of_a_row_begins_no_line_of_its_own),
        cmocka_unit_test (the_elements_of_a_row_are_the_same_when_they_are_read_again),
        cmocka_unit_test (a_value_of_one_line_stays_on_it_whatever_it_holds),
        cmocka_unit_test (a_template_of_each_kind_says_nothing_until_it_is_filled_in),
    };
    return cmocka_run_group_tests (tests, setup, teardown);
}
