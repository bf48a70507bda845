/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of a case as commands, and the board that shows what waits. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus/core/schema.h"
#include "nodes/certbus/casework/layout.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"
#include "tests/unit/support_certbus.h"

#define NOW INT64_C (1800000000000)
#define MIN INT64_C (60000)

static int fresh (void **state)
{
    (void) state;
    broker_reset ();
    return 0;
}

static void says (const char *text, const char *part)
{
    if (!strstr (text, part))
        fail_msg ("\"%s\" is not in: %s", part, text);
}

static const char *home (void)
{
    static char folder[1024];
    char here[PATH_MAX], text[PATH_MAX + 32];
    assert_non_null (realpath ("schemas", here));
    snprintf (text, sizeof text, "schemas = \"%s\";\n", here);
    const char *conf = file_with ("certbus.conf", text);
    snprintf (folder, sizeof folder, "%.*s", (int) (strrchr (conf, '/') - conf), conf);
    return folder;
}

/* --- Maps ---------------------------------------------------------------------------------- */

static struct msg_id id_of (const char *origin, uint64_t seq)
{
    return (struct msg_id){ span_of (origin), { 1, 7 }, seq };
}

/* Ends a map that was begun with ask_new (NULL). Good until the next but seven. */
static struct span map_of (struct ask *ask)
{
    static struct pack_out kept[8];
    static size_t next;
    struct pack_out *out = &kept[next++ % 8];
    pack_free (out);
    pack_init (out);
    ask_pack (ask, out);
    ask_free (&ask);
    return pack_result (out);
}

static void answers (const char *op, struct ask *ask)
{
    ask_bool (ask, "ok", true);
    broker_answers (op, map_of (ask));
}

/* kpt reported, sindh leads, pk takes part; one question of sindh's is open. */
static struct span case_map (const char *mode, const char *question_of)
{
    struct msg_id report = id_of ("pk.sindh.kpt", 2), asked = id_of ("pk.sindh", 9);
    const struct span parties[] = { span_of ("pk"), span_of ("pk.sindh"),
                                    span_of ("pk.sindh.kpt") };
    struct ask *one = ask_new (NULL), *made = ask_new (NULL);
    struct pack_out list;
    ask_int (one, "asked", NOW - MIN);
    ask_text (one, "by", span_of ("pk.sindh"));
    ask_text (one, "id", span_of ("pk.sindh/1-9"));
    ask_ref (one, "ref", &asked);
    ask_text (one, "text", span_of ("Are the backups intact?"));
    if (question_of)
        ask_text (one, "of", span_of (question_of));
    pack_init (&list);
    pack_put_array (&list, 1);
    pack_put_raw (&list, map_of (one));
    ask_ref (made, "ref", &report);
    ask_text (made, "id", span_of ("pk.sindh.kpt/1-2"));
    ask_text (made, "lead", span_of ("pk.sindh"));
    ask_text (made, "tlp", span_of ("TLP:AMBER"));
    ask_text (made, "mode", span_of (mode));
    ask_texts (made, "participants", parties, 3);
    ask_raw (made, "questions", pack_result (&list));
    ask_texts (made, "heads", NULL, 0);
    pack_free (&list);
    return map_of (made);
}

static void broker_is (const char *self, const char *question_of)
{
    struct ask *status = ask_new (NULL), *told = ask_new (NULL), *sent = ask_new (NULL);
    ask_text (status, "party", span_of (self));
    answers ("status", status);
    ask_raw (told, "case", case_map ("live", question_of));
    answers ("case", told);
    ask_text (sent, "id", span_of ("pk.sindh/1-10"));
    ask_text (sent, "code", span_of ("0000-0000-0000-0000"));
    answers ("publish", sent);
}

static struct span body (void)
{
    return body_field (broker_was_asked ("publish"), "body");
}

static void audience_is (const char *first, const char *second)
{
    struct pack_in in = pack_open (body_field (broker_was_asked ("publish"), "audience"));
    assert_int_equal (pack_array (&in, 1, 4), second ? 2 : 1);
    assert_true (span_is (pack_str (&in, 1, 300), first));
    if (second)
        assert_true (span_is (pack_str (&in, 1, 300), second));
}

/* --- Steps --------------------------------------------------------------------------------- */

static void a_step_goes_to_the_participants_with_the_case_as_its_thread (void **state)
{
    (void) state;
    broker_is ("pk.sindh", NULL);
    const struct ran *ran = certbus ("-C", home (), "triage", "kpt/1-2", "--severity", "S1", "--by",
                                     "S. Ahmed", "--yes", NULL);
    assert_int_equal (ran->code, 0);
    says (ran->out, "triage of pk.sindh.kpt/1-2");
    says (ran->out, "to pk.sindh.kpt, pk");
    struct span asked = broker_was_asked ("publish");
    struct pack_in in = pack_open (body_field (asked, "thread"));
    struct msg_id thread;
    assert_true (msg_id_read (&in, &thread) && span_is (thread.origin, "pk.sindh.kpt"));
    assert_true (span_is (body_text (asked, "kind"), "update"));
    assert_true (span_is (body_text (asked, "officer"), "S. Ahmed"));
    assert_int_equal (body_int (asked, "tlp", 0), CB_TLP_AMBER);
    assert_true (body_field (asked, "after").size > 0);
    assert_true (span_is (body_text (body (), "step"), "triage"));
    assert_true (span_is (body_text (body (), "severity"), "S1"));
    audience_is ("pk.sindh.kpt", "pk");
}

static void a_question_to_one_party_goes_to_it_alone_and_a_new_lead_hears_of_it (void **state)
{
    (void) state;
    broker_is ("pk.sindh", NULL);
    const struct ran *ran =
        certbus ("-C", home (), "ask", "kpt/1-2", "whose?", "--of", "pk", "--yes", NULL);
    assert_int_equal (ran->code, 0);
    audience_is ("pk", NULL);
    assert_true (span_is (body_text (body (), "text"), "whose?"));
    certbus ("-C", home (), "transfer", "kpt/1-2", "pk.telecom", "--why", "theirs", "--yes", NULL);
    struct pack_in in = pack_open (body_field (broker_was_asked ("publish"), "audience"));
    assert_int_equal (pack_array (&in, 1, 4), 3);
    assert_true (span_is (body_text (body (), "lead"), "pk.telecom"));
    assert_true (span_is (body_text (body (), "text"), "theirs"));
}

static void an_answer_is_to_the_only_question_that_this_party_was_asked (void **state)
{
    (void) state;
    broker_is ("pk.sindh.kpt", NULL);
    const struct ran *ran = certbus ("-C", home (), "answer", "kpt/1-2", "yes", "--yes", NULL);
    struct pack_in in = pack_open (body_field (body (), "question"));
    struct msg_id question;
    assert_int_equal (ran->code, 0);
    assert_true (msg_id_read (&in, &question) && question.seq == 9);
    broker_reset ();
    broker_is ("pk.sindh.kpt", "pk");
    ran = certbus ("-C", home (), "answer", "kpt/1-2", "yes", "--yes", NULL);
    assert_int_equal (ran->code, 1);
    says (ran->err, "no question to pk.sindh.kpt is open");
    assert_int_equal (broker_was_asked ("publish").size, 0);
}

static void what_is_wrong_with_a_step_is_one_line_and_nothing_is_sent (void **state)
{
    static const struct {
        const char *words[7], *said;
        int code;
    } cases[] = {
        { { "ack", "kpt/1-2", NULL }, "only a named person acknowledges", 2 },
        { { "update", "kpt/1-2", "--next-update", "yesterday", "-m", "x", NULL },
          "is past; say a time to come",
          2 },
        { { "contain", "kpt/1-2", "--at", "tomorrow", NULL }, "is still to come", 2 },
        { { "triage", "kpt/1-2", "--severity", "S9", NULL }, "did you mean \"S1\"?", 1 },
        { { "update", "kpt/1-2", NULL }, "what is new?", 2 },
        { { "update", "kpt/1-2", "news", NULL }, "'news' is one operand too many", 2 },
        { { "reopen", "kpt/1-2", "--why", "", NULL }, "nothing is said", 2 },
        { { "close", "kpt/1-2", "--accept", "--by", "A", NULL }, "no closing report waits", 1 },
    };
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const *w = cases[i].words;
        broker_reset ();
        broker_is ("pk.sindh", NULL);
        const struct ran *ran =
            certbus ("-C", home (), w[0], w[1], w[2], w[2] ? w[3] : NULL,
                     w[2] && w[3] ? w[4] : NULL, w[2] && w[3] && w[4] ? w[5] : NULL, NULL);
        assert_int_equal (ran->code, cases[i].code);
        says (ran->err, cases[i].said);
        assert_ptr_equal (strchr (ran->err, '\n'), ran->err + strlen (ran->err) - 1);
        assert_int_equal (broker_was_asked ("publish").size, 0);
    }
}

/* --- What waits ---------------------------------------------------------------------------- */

static void add_case (struct shift *shift, uint64_t seq, const char *title, const char *mode)
{
    struct msg_id id = id_of ("pk.sindh.kpt", seq);
    struct ask *map = ask_new (NULL);
    ask_ref (map, "ref", &id);
    ask_text (map, "title", span_of (title));
    ask_text (map, "lead", span_of ("pk.sindh"));
    ask_text (map, "severity", span_of ("S2"));
    ask_text (map, "stage", span_of ("reported"));
    ask_text (map, "mode", span_of (mode));
    ask_text (map, "tlp", span_of ("TLP:AMBER"));
    ask_int (map, "reported", NOW - (int64_t) seq * MIN);
    shift_case (shift, map_of (map));
}

static void add_clock (struct shift *shift, const char *class, uint64_t seq, int64_t due)
{
    struct msg_id id = id_of ("pk.sindh.kpt", seq);
    struct ask *map = ask_new (NULL);
    ask_text (map, "class", span_of (class));
    ask_text (map, "clock", span_of ("acknowledge"));
    ask_ref (map, "ref", &id);
    ask_int (map, "due", due);
    ask_int (map, "started", 1);
    ask_text (map, "mode", span_of ("live"));
    ask_text (map, "title", span_of ("clocked"));
    shift_clock (shift, map_of (map));
}

static void add_alarm (struct shift *shift, const char *what, uint64_t about)
{
    struct ask *map = ask_new (NULL);
    ask_text (map, "what", span_of (what));
    ask_text (map, "title", span_of ("wake up"));
    struct envelope e = { .id = id_of ("pk.sindh", about),
                          .thread = id_of ("pk.sindh.kpt", about),
                          .issued = NOW - MIN,
                          .tlp = CB_TLP_AMBER,
                          .body = map_of (map) };
    shift_alarm (shift, &e);
}

static struct page drawn (const struct shift *shift, size_t rows, int columns)
{
    static struct board *board;
    struct page page;
    struct layout layout = { .shift = shift,
                             .heading = "pk.sindh  The province  2027-01-15T08:00:00Z",
                             .health_count = 1,
                             .health = { "pk.sindh is healthy" },
                             .healthy = true,
                             .leaving = { "To leave: nothing", "Quarantine: empty" },
                             .relative = true };
    board_free (&board);
    layout.board = board = board_new (span_of ("pk.sindh"), NOW);
    page_init (&page, rows, columns);
    layout_board (&page, &layout);
    return page;
}

/* The line with this text; -1: none. */
static int line_with (const struct page *page, const char *text)
{
    for (size_t i = 0; i < page->count; i++)
        if (strstr (page->lines[i].text, text))
            return (int) i;
    return -1;
}

static void the_board_is_sorted_by_time_to_breach (void **state)
{
    (void) state;
    struct shift shift;
    shift_begin (&shift, "pk.sindh", NOW);
    add_clock (&shift, "case", 3, NOW - 3 * MIN);
    add_clock (&shift, "case", 2, NOW + 20 * MIN);
    add_clock (&shift, "case", 2, NOW + 90 * MIN);
    add_case (&shift, 1, "without a clock", "live");
    add_case (&shift, 2, "in time", "live");
    add_case (&shift, 3, "late", "live");
    add_case (&shift, 4, "practised", "exercise");
    shift_close (&shift, true);
    struct page page = drawn (&shift, 40, 100);
    int late = line_with (&page, "late"), soon = line_with (&page, "in time");
    assert_true (line_with (&page, "Open cases (3)") >= 0 && late >= 0);
    assert_true (late < soon && soon < line_with (&page, "without a clock"));
    says (page.lines[late].text, "OVERDUE 3 min");
    says (page.lines[soon].text, "in 20 min");
    assert_int_equal (page.lines[late].style, STYLE_BAD);
    assert_int_equal (page.lines[soon].style, STYLE_WARN);
    assert_true (line_with (&page, "EXERCISE: open cases (1)") >
                 line_with (&page, "without a clock"));
    says (page.lines[line_with (&page, "practised")].text, "EXERCISE S2");
    page_free (&page);
    shift_free (&shift);
}

static void an_alarm_is_settled_when_its_clock_runs_no_more (void **state)
{
    (void) state;
    struct shift shift;
    shift_begin (&shift, "pk.sindh", NOW);
    add_clock (&shift, "case", 3, NOW - 3 * MIN);
    add_case (&shift, 3, "late", "live");
    add_alarm (&shift, "breach", 3);
    add_alarm (&shift, "breach", 5);
    add_alarm (&shift, "pattern", 6);
    shift_close (&shift, true);
    assert_int_equal (shift.lists[SHIFT_ALARMS].count, 2);
    assert_string_equal (shift.lists[SHIFT_ALARMS].at[0].what, "breach");
    assert_string_equal (shift.lists[SHIFT_ALARMS].at[1].what, "pattern");
    shift_free (&shift);
}

static void what_is_overdue_has_a_list_of_its_own_and_what_is_not_is_left_out (void **state)
{
    (void) state;
    struct shift shift;
    shift_begin (&shift, "pk.sindh", NOW);
    add_clock (&shift, "advisory", 7, NOW - MIN);
    add_clock (&shift, "advisory", 8, NOW + MIN);
    add_clock (&shift, "silence", 9, NOW + MIN);
    shift_close (&shift, true);
    assert_int_equal (shift.lists[SHIFT_OVERDUE].count, 1);
    assert_int_equal (shift.lists[SHIFT_SILENT].count, 0);
    shift_free (&shift);
}

static void on_any_screen_the_board_fits_and_the_most_urgent_is_there (void **state)
{
    (void) state;
    struct shift shift;
    shift_begin (&shift, "pk.sindh", NOW);
    for (uint64_t i = 1; i <= SHIFT_ROWS + 10; i++) {
        add_clock (&shift, "case", i, NOW + (int64_t) i * MIN);
        add_case (&shift, i,
                  "\xd9\x85\xd8\xb1\xda\xa9\xd8\xb2 a title that is long, long, long\033[2J",
                  "live");
        if (i < 30)
            add_alarm (&shift, "breach", i);
    }
    shift_close (&shift, true);
    assert_int_equal (shift.lists[SHIFT_CASES].count, SHIFT_ROWS + 10);
    for (size_t rows = LAYOUT_ROWS; rows < 80; rows += 3) {
        for (int columns = LAYOUT_COLUMNS; columns < 200; columns += 7) {
            struct page page = drawn (&shift, rows, columns);
            assert_true (page.count <= rows);
            for (size_t i = 0; i < page.count; i++) {
                assert_true (cells (page.lines[i].text) <= columns);
                assert_null (strchr (page.lines[i].text, '\033'));
            }
            if (rows > 20) {
                assert_true (line_with (&page, "pk.sindh.kpt/1-1") >= 0);
                assert_true (line_with (&page, "all: cer") >= 0);
                assert_true (line_with (&page, "Quarantine") >= 0);
            }
            page_free (&page);
        }
    }
    struct page file = drawn (&shift, 0, 0);
    assert_true (line_with (&file, "long, long, long<U+001B>[2J") >= 0);
    page_free (&file);
    shift_free (&shift);
}

#define TEST(name) cmocka_unit_test_setup (name, fresh)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_step_goes_to_the_participants_with_the_case_as_its_thread),
        TEST (a_question_to_one_party_goes_to_it_alone_and_a_new_lead_hears_of_it),
        TEST (an_answer_is_to_the_only_question_that_this_party_was_asked),
        TEST (what_is_wrong_with_a_step_is_one_line_and_nothing_is_sent),
        TEST (the_board_is_sorted_by_time_to_breach),
        TEST (an_alarm_is_settled_when_its_clock_runs_no_more),
        TEST (what_is_overdue_has_a_list_of_its_own_and_what_is_not_is_left_out),
        TEST (on_any_screen_the_board_fits_and_the_most_urgent_is_there),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
