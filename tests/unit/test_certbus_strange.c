/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/strange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nodes/certbus/screen.h"

static void an_id_is_known_by_its_form (void **state)
{
    (void) state;
    assert_true (looks_like_id ("pk.sindh/1-3"));
    assert_true (looks_like_id ("kpt/17-345"));
    assert_true (looks_like_id ("17-3"));
    static const char *const none[] = { "",         "pk",      "pk/",    "pk/1",
                                        "pk/1-",    "/1-3",    "PK/1-3", "pk/1-3x",
                                        "pk/1-3-4", "pk//1-3", "pk/x-3", "1-3/pk" };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false (looks_like_id (none[i]));
}

static void a_number_is_letters_a_year_and_digits (void **state)
{
    (void) state;
    assert_true (looks_like_number ("NCERT-2026-013"));
    assert_true (looks_like_number ("ncert-pk-2026-1"));
    static const char *const none[] = { "NCERT",   "NCERT-2026", "NCERT-2026-",  "2026-11-22",
                                        "-2026-1", "NCERT-26-1", "NCERT-2026-1a" };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false (looks_like_number (none[i]));
}

static void a_text_is_looked_through_for_what_may_be_messages (void **state)
{
    (void) state;
    struct mentions found;
    mentions_find (span_of ("See pk.sindh/1-3, (pk.sindh/1-3) and NCERT-2026-013; the code is "
                            "k7qm-2f9x-41ap-c3de. Not 192.168.0.1/24-7 nor 2026-11-22."),
                   &found);
    assert_int_equal (found.count, 3);
    assert_string_equal (found.at[0], "pk.sindh/1-3");
    assert_string_equal (found.at[1], "NCERT-2026-013");
    assert_string_equal (found.at[2], "k7qm-2f9x-41ap-c3de");
}

static void no_more_is_kept_than_there_is_room_for (void **state)
{
    (void) state;
    char text[1024] = "", word[16];
    struct mentions found;
    for (int i = 0; i < 30; i++) {
        snprintf (word, sizeof word, "pk/1-%d ", i);
        strncat (text, word, sizeof text - strlen (text) - 1);
    }
    mentions_find (span_of (text), &found);
    assert_int_equal (found.count, MENTIONS_MAX);
    memset (text, 'A', sizeof text - 1);
    mentions_find (span_of (text), &found);
    assert_int_equal (found.count, 0);
}

static const char *name_of (const char *bytes, size_t size)
{
    bool text;
    return strange_name (span_bytes (bytes, size), &text);
}

static void a_file_is_known_by_its_first_bytes (void **state)
{
    (void) state;
    bool text;
    assert_string_equal (name_of ("%PDF-1.4\0", 9), "a PDF");
    assert_string_equal (name_of ("PK\x03\x04..", 6),
                         "a document or archive (ZIP, as .docx and .xlsx are)");
    assert_string_equal (name_of ("", 0), "empty");
    assert_string_equal (name_of ("Received: from", 14), "a mail");
    assert_string_equal (name_of ("{ \"a\": 1 }", 10), "JSON, which carries no signature");
    assert_string_equal (strange_name (span_of ("hello"), &text), "text");
    assert_true (text);
    strange_name (span_bytes ("a\0b", 3), &text);
    assert_false (text);
}

static void columns_are_counted_and_not_bytes (void **state)
{
    (void) state;
    assert_int_equal (cells ("abc"), 3);
    assert_int_equal (cells ("e\xcc\x81"), 1);
    assert_int_equal (cells ("\xe8\xad\xa6\xe5\x91\x8a"), 4);
    assert_int_equal (cells ("\xd8\xa7\xd8\xb1\xd8\xaf\xd9\x88\xe2\x80\x8c"), 4);
}

static void progress_is_said_after_two_seconds_and_then_five_times_a_second (void **state)
{
    (void) state;
    assert_false (progress_due (1000, 0, 2999));
    assert_true (progress_due (1000, 0, 3000));
    assert_false (progress_due (1000, 3000, 3199));
    assert_true (progress_due (1000, 3000, 3200));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_id_is_known_by_its_form),
        cmocka_unit_test (a_number_is_letters_a_year_and_digits),
        cmocka_unit_test (a_text_is_looked_through_for_what_may_be_messages),
        cmocka_unit_test (no_more_is_kept_than_there_is_room_for),
        cmocka_unit_test (a_file_is_known_by_its_first_bytes),
        cmocka_unit_test (columns_are_counted_and_not_bytes),
        cmocka_unit_test (progress_is_said_after_two_seconds_and_then_five_times_a_second),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
