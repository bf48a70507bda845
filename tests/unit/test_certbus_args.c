/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct option_row own[] = {
    { "kind", 'k', false, "KIND", "a kind" }, { "to", 't', true, "TERM", "for whom" },
    { "days", 0, false, "N", "how long" },    { "dry-run", 'n', false, NULL, "send nothing" },
    { NULL, 0, false, NULL, NULL },
};

static const struct option_row common[] = {
    { "json", 0, false, NULL, "JSON" },
    { NULL, 0, false, NULL, NULL },
};

#define WORDS_MAX 12

/* One line, cut at blanks. */
struct line_args {
    struct args args;
    char text[256], why[256];
    bool good;
};

static struct line_args *parse (const char *line)
{
    struct line_args *made = calloc (1, sizeof *made);
    char *words[WORDS_MAX];
    int count = 0;
    strncpy (made->text, line, sizeof made->text - 1);
    for (char *word = strtok (made->text, " "); word && count < WORDS_MAX;
         word = strtok (NULL, " "))
        words[count++] = word;
    made->good = args_parse (&made->args, own, common, count, words, made->why, sizeof made->why);
    return made;
}

static void end (struct line_args *line)
{
    args_free (&line->args);
    free (line);
}

static void refuses (const char *text, const char *why)
{
    struct line_args *line = parse (text);
    assert_false (line->good);
    assert_string_equal (line->why, why);
    end (line);
}

static void options_and_operands_may_be_mixed (void **state)
{
    (void) state;
    struct line_args *line = parse ("one --kind note --json two");
    assert_true (line->good);
    assert_int_equal (line->args.operand_count, 2);
    assert_string_equal (line->args.operands[1], "two");
    assert_string_equal (args_text (&line->args, "kind"), "note");
    assert_true (args_flag (&line->args, "json"));
    assert_false (args_flag (&line->args, "dry-run"));
    end (line);
}

static void a_value_may_stand_behind_a_blank_an_equals_sign_or_a_letter (void **state)
{
    static const char *const lines[] = { "--kind note", "--kind=note", "-k note", "-knote" };
    (void) state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct line_args *line = parse (lines[i]);
        assert_true (line->good);
        assert_string_equal (args_text (&line->args, "kind"), "note");
        assert_int_equal (line->args.operand_count, 0);
        end (line);
    }
}

static void what_may_be_repeated_keeps_its_order (void **state)
{
    (void) state;
    struct line_args *line = parse ("-t a --to b -tc");
    assert_true (line->good);
    assert_int_equal (args_count (&line->args, "to"), 3);
    assert_string_equal (args_nth (&line->args, "to", 0), "a");
    assert_string_equal (args_nth (&line->args, "to", 2), "c");
    assert_null (args_nth (&line->args, "to", 3));
    end (line);
}

static void after_two_dashes_everything_is_an_operand (void **state)
{
    (void) state;
    struct line_args *line = parse ("-- --kind -k");
    assert_true (line->good);
    assert_int_equal (line->args.operand_count, 2);
    assert_false (args_flag (&line->args, "kind"));
    end (line);
}

static void a_dash_alone_is_an_operand (void **state)
{
    (void) state;
    struct line_args *line = parse ("-");
    assert_true (line->good);
    assert_int_equal (line->args.operand_count, 1);
    end (line);
}

static void a_negative_number_can_be_a_value (void **state)
{
    (void) state;
    struct line_args *line = parse ("--kind -5");
    assert_true (line->good);
    assert_string_equal (args_text (&line->args, "kind"), "-5");
    end (line);
}

static void a_wrong_option_is_named_with_what_was_meant (void **state)
{
    (void) state;
    refuses ("--knid note", "unknown option '--knid'; did you mean '--kind'?");
    refuses ("--dryrun", "unknown option '--dryrun'; did you mean '--dry-run'?");
    refuses ("--jsno", "unknown option '--jsno'; did you mean '--json'?");
    refuses ("--frobnicate", "unknown option '--frobnicate'");
    refuses ("-x", "unknown option '-x'");
}

static void a_prefix_of_an_option_is_no_option (void **state)
{
    (void) state;
    refuses ("--dry", "unknown option '--dry'");
}

static void an_option_without_its_value_is_refused (void **state)
{
    (void) state;
    refuses ("--kind", "--kind needs a value: --kind KIND");
    refuses ("-k", "--kind needs a value: --kind KIND");
}

static void a_switch_with_a_value_is_refused (void **state)
{
    (void) state;
    refuses ("--dry-run=yes", "--dry-run takes no value");
    refuses ("-nyes", "--dry-run takes no value");
}

static void an_option_that_counts_once_is_refused_twice (void **state)
{
    (void) state;
    refuses ("--kind a --kind b", "--kind is given twice");
    refuses ("-n --dry-run", "--dry-run is given twice");
}

static void a_number_outside_its_limits_is_refused (void **state)
{
    static const char *const bad[] = { "0", "11", "ten", "5x", "99999999999999999999", "+5", "" };
    char why[256], text[64];
    int64_t days = 7;
    (void) state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf (text, sizeof text, "--days=%s", bad[i]);
        struct line_args *line = parse (text);
        assert_true (line->good);
        assert_false (args_number (&line->args, "days", 1, 10, &days, why, sizeof why));
        assert_non_null (strstr (why, "is not a whole number from 1 to 10"));
        assert_int_equal (days, 7);
        end (line);
    }
}

static void a_number_that_is_not_given_stays_as_it_was (void **state)
{
    char why[256];
    int64_t days = 7;
    (void) state;
    struct line_args *line = parse ("one");
    assert_true (args_number (&line->args, "days", 1, 10, &days, why, sizeof why));
    assert_int_equal (days, 7);
    end (line);
    line = parse ("--days 10");
    assert_true (args_number (&line->args, "days", 1, 10, &days, why, sizeof why));
    assert_int_equal (days, 10);
    end (line);
}

static void a_word_far_from_all_others_means_none (void **state)
{
    static const char *const names[] = { "publish", "list", "show", NULL };
    (void) state;
    assert_string_equal (args_meant ("publsh", names), "publish");
    assert_string_equal (args_meant ("pubilsh", names), "publish");
    assert_string_equal (args_meant ("lits", names), "list");
    assert_null (args_meant ("x", names));
    assert_null (args_meant ("repository", names));
    assert_null (args_meant ("averyveryveryverylongwordindeedthatfitsnowhere", names));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (options_and_operands_may_be_mixed),
        cmocka_unit_test (a_value_may_stand_behind_a_blank_an_equals_sign_or_a_letter),
        cmocka_unit_test (what_may_be_repeated_keeps_its_order),
        cmocka_unit_test (after_two_dashes_everything_is_an_operand),
        cmocka_unit_test (a_dash_alone_is_an_operand),
        cmocka_unit_test (a_negative_number_can_be_a_value),
        cmocka_unit_test (a_wrong_option_is_named_with_what_was_meant),
        cmocka_unit_test (a_prefix_of_an_option_is_no_option),
        cmocka_unit_test (an_option_without_its_value_is_refused),
        cmocka_unit_test (a_switch_with_a_value_is_refused),
        cmocka_unit_test (an_option_that_counts_once_is_refused_twice),
        cmocka_unit_test (a_number_outside_its_limits_is_refused),
        cmocka_unit_test (a_number_that_is_not_given_stays_as_it_was),
        cmocka_unit_test (a_word_far_from_all_others_means_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
