/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/out.h"
#include "nodes/certbus/wrap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "nodes/certbus/body.h"

static void one_line (const char *text, const char *expected)
{
    assert_string_equal (line_of (span_of (text)).text, expected);
}

static void an_escape_sequence_is_shown_and_not_obeyed (void **state)
{
    (void) state;
    one_line ("a\033[2Jb", "a<U+001B>[2Jb");
    one_line ("\xc2\x9b\x32J", "<U+009B>2J");
    one_line ("\b\x7f", "<U+0008><U+007F>");
}

static void a_bidirectional_override_is_made_visible (void **state)
{
    (void) state;
    one_line ("\xe2\x80\xae"
              "abc",
              "<U+202E>abc");
    one_line ("\xe2\x81\xa6"
              "abc",
              "<U+2066>abc");
}

static void what_nobody_sees_is_made_visible (void **state)
{
    (void) state;
    one_line ("pk\xe2\x80\x8b.sindh", "pk<U+200B>.sindh");
    one_line ("\xef\xbb\xbfpk", "<U+FEFF>pk");
    one_line ("\xf3\xa0\x81\xa1", "<U+E0061>");
}

static void urdu_stays_as_it_is (void **state)
{
    (void) state;
    /* With a zero width non-joiner, which its spelling needs. */
    one_line ("\xd8\xa7\xd8\xb1\xd8\xaf\xd9\x88\xe2\x80\x8c",
              "\xd8\xa7\xd8\xb1\xd8\xaf\xd9\x88\xe2\x80\x8c");
}

static void what_is_not_utf8_is_shown_as_bytes (void **state)
{
    (void) state;
    one_line ("a\xff\xc3", "a<FF><C3>");
    one_line ("\xed\xa0\x80", "<ED><A0><80>");
}

static void a_line_stays_one_line (void **state)
{
    (void) state;
    one_line ("a\nTLP: CLEAR", "a<U+000A>TLP: CLEAR");
    one_line ("a\tb", "a b");
}

static void a_line_that_is_too_long_says_so (void **state)
{
    char text[4096];
    (void) state;
    memset (text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    struct line line = line_of (span_of (text));
    size_t size = strlen (line.text);
    assert_true (size < sizeof line.text);
    assert_string_equal (line.text + size - 3, "...");
}

/* What a function writes to standard output. */
static const char *printed (void (*print) (void))
{
    static char text[8192];
    FILE *file = tmpfile ();
    fflush (stdout);
    int saved = dup (STDOUT_FILENO);
    assert_true (file && saved >= 0 && dup2 (fileno (file), STDOUT_FILENO) >= 0);
    print ();
    fflush (stdout);
    dup2 (saved, STDOUT_FILENO);
    close (saved);
    rewind (file);
    text[fread (text, 1, sizeof text - 1, file)] = 0;
    fclose (file);
    return text;
}

static void print_block (void)
{
    say_block (span_of ("one\r\ntwo\nTLP         TLP:CLEAR\n\n"), 4);
}

static void no_line_of_a_text_can_pass_for_a_header (void **state)
{
    (void) state;
    assert_string_equal (printed (print_block), "    one\n    two\n    TLP         TLP:CLEAR\n");
}

static void print_dangerous_json (void)
{
    say_json (json_pack ("{s:s}", "text", "\xe2\x80\xae\xc2\x9b\033\xf3\xa0\x81\xa1 \xd8\xa7"),
              false);
}

static void json_escapes_what_a_terminal_might_obey (void **state)
{
    (void) state;
    const char *text = printed (print_dangerous_json);
    assert_string_equal (text, "{\"text\":\"\\u202e\\u009b\\u001B\\udb40\\udc61 \xd8\xa7\"}\n");
    json_t *back = json_loads (text, 0, NULL);
    assert_string_equal (json_string_value (json_object_get (back, "text")),
                         "\xe2\x80\xae\xc2\x9b\033\xf3\xa0\x81\xa1 \xd8\xa7");
    json_decref (back);
}

static void print_format (void)
{
    say ("%s|%d\n", "\033[31m", 5);
}

static void what_is_printed_is_made_harmless_once_more (void **state)
{
    (void) state;
    assert_string_equal (printed (print_format), "<U+001B>[31m|5\n");
}

static struct field vulnerability_fields[] = {
    { .name = (char[]){ "cve" }, .type = FIELD_TEXT, .max = 64 },
    { .name = (char[]){ "score" }, .type = FIELD_TENTHS, .max = 100 },
};

static struct field fields[] = {
    { .name = (char[]){ "acknowledge_by" }, .type = FIELD_TIME },
    { .name = (char[]){ "exploited" }, .type = FIELD_BOOL },
    { .name = (char[]){ "title" }, .type = FIELD_TEXT, .max = 300 },
    { .name = (char[]){ "vulnerabilities" },
      .type = FIELD_RECORD,
      .list = true,
      .field_count = 2,
      .fields = vulnerability_fields },
};

static const struct schema schema = {
    .body = { .type = FIELD_RECORD, .field_count = 4, .fields = fields }
};

static void print_body (void)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 4);
    pack_put_text (&out, "acknowledge_by");
    pack_put_uint (&out, 1764583200000);
    pack_put_text (&out, "exploited");
    pack_put_bool (&out, true);
    pack_put_text (&out, "title");
    pack_put_text (&out, "one\nline");
    pack_put_text (&out, "vulnerabilities");
    pack_put_array (&out, 1);
    pack_put_map (&out, 2);
    pack_put_text (&out, "cve");
    pack_put_text (&out, "CVE-2026-1");
    pack_put_text (&out, "score");
    pack_put_uint (&out, 98);
    body_print (&schema, pack_result (&out));
    pack_free (&out);
}

static void a_body_is_printed_with_its_headline_first_and_by_its_types (void **state)
{
    (void) state;
    assert_string_equal (printed (print_body), "    title:\n"
                                               "        one\n"
                                               "        line\n"
                                               "    acknowledge by: 2025-12-01T10:00:00Z\n"
                                               "    exploited: yes\n"
                                               "    vulnerabilities:\n"
                                               "      -\n"
                                               "        cve: CVE-2026-1\n"
                                               "        score: 9.8\n");
}

/* Each piece by itself, as say is given them. Good until the next call. */
static const char *wrapped (int width, int indent, const char *const *pieces)
{
    static char text[1024];
    struct wrap wrap;
    FILE *file = fmemopen (text, sizeof text, "w");
    assert_non_null (file);
    wrap_begin (&wrap, file, width, indent);
    while (*pieces)
        wrap_put (&wrap, *pieces++);
    wrap_end (&wrap);
    assert_int_equal (fclose (file), 0);
    return text;
}
#define WRAPPED(width, indent, ...)                                                                \
    wrapped (width, indent, (const char *const[]){ __VA_ARGS__, NULL })

static void a_line_goes_on_below_where_the_terminal_ends (void **state)
{
    (void) state;
    assert_string_equal (WRAPPED (40, 13, "parent       pk  \033[1;32m", "OPEN", "\033[0m",
                                  " for 2 min, tcp://192.0.2.10:7801\nnext\n"),
                         "parent       pk  \033[1;32mOPEN\033[0m for 2 min,\n"
                         "             tcp://192.0.2.10:7801\nnext\n");
    /* Into the last column, and one more. */
    assert_string_equal (WRAPPED (20, 2, "12345678 0 234567890\n"), "12345678 0 234567890\n");
    assert_string_equal (WRAPPED (20, 2, "12345678 0 2345678901\n"), "12345678 0\n  2345678901\n");
    /* Two columns each; a mark on a letter takes none. */
    assert_string_equal (
        WRAPPED (20, 2, "abcdefghijklmn ", "\xe8\xad\xa6\xe5\x91\x8a ae\xcc\x81\n"),
        "abcdefghijklmn \xe8\xad\xa6\xe5\x91\x8a\n  ae\xcc\x81\n");
    /* What would be no better off below stays, and no word is parted. */
    assert_string_equal (WRAPPED (40, 13, "root         ", "0123456789012345678901234567890\n"),
                         "root         0123456789012345678901234567890\n");
    /* The indent leaves room on the smallest. */
    assert_string_equal (WRAPPED (20, 13, "journal      18 messages\n"),
                         "journal      18\n      messages\n");
    assert_string_equal (WRAPPED (0, 13, "a  b ", "c\n  d "), "a  b c\n  d ");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_escape_sequence_is_shown_and_not_obeyed),
        cmocka_unit_test (a_bidirectional_override_is_made_visible),
        cmocka_unit_test (what_nobody_sees_is_made_visible),
        cmocka_unit_test (urdu_stays_as_it_is),
        cmocka_unit_test (what_is_not_utf8_is_shown_as_bytes),
        cmocka_unit_test (a_line_stays_one_line),
        cmocka_unit_test (a_line_that_is_too_long_says_so),
        cmocka_unit_test (no_line_of_a_text_can_pass_for_a_header),
        cmocka_unit_test (json_escapes_what_a_terminal_might_obey),
        cmocka_unit_test (what_is_printed_is_made_harmless_once_more),
        cmocka_unit_test (a_body_is_printed_with_its_headline_first_and_by_its_types),
        cmocka_unit_test (a_line_goes_on_below_where_the_terminal_ends),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
