/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of an advisory at one party: a function of the set of its answers. */
#include "bus/core/ledger.h"

#include "tests/unit/support_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define HOUR   INT64_C (3600000)
#define DAY    (24 * HOUR)
#define ISSUED INT64_C (1767225600000)

/* --- Answers in the making ----------------------------------------------------------------- */

struct made {
    struct envelope e;
    struct pack_out body;
};

/* No two messages have one leaf. */
static uint64_t leaves;

static struct hash hash_of (uint64_t number)
{
    struct hash hash;
    for (size_t i = 0; i < HASH_SIZE; i++)
        hash.bytes[i] = (uint8_t) (number * UINT64_C (0x9e3779b97f4a7c15) >> (i * 7 % 57));
    return hash;
}

static void answer_begin (struct made *made, int64_t issued, int64_t seq, size_t keys)
{
    memset (made, 0, sizeof *made);
    made->e.kind = span_of ("compliance");
    made->e.issued = issued;
    made->e.id.seq = seq;
    made->e.leaf = hash_of (++leaves);
    pack_init (&made->body);
    pack_put_map (&made->body, keys);
}

static void answer_end (struct made *made)
{
    made->e.body = pack_result (&made->body);
}

static void put_action (struct pack_out *out, const char *id, const char *state, const char *text)
{
    bool waived = strcmp (state, "waived") == 0;
    pack_put_map (out, 3 + waived);
    if (waived) {
        pack_put_text (out, "approver");
        pack_put_text (out, "Director");
    }
    if (!waived) {
        pack_put_text (out, "evidence");
        pack_put_text (out, text);
    }
    pack_put_text (out, "id");
    pack_put_text (out, id);
    if (waived) {
        pack_put_text (out, "reason");
        pack_put_text (out, text);
    }
    pack_put_text (out, "state");
    pack_put_text (out, state);
}

static void answer_of_action (struct made *made, int64_t issued, int64_t seq, const char *id,
                              const char *state)
{
    answer_begin (made, issued, seq, 1);
    pack_put_text (&made->body, "actions");
    pack_put_array (&made->body, 1);
    put_action (&made->body, id, state, "because");
    answer_end (made);
}

static void answer_acknowledged (struct made *made, int64_t issued, int64_t seq,
                                 const char *officer)
{
    answer_begin (made, issued, seq, 1);
    pack_put_text (&made->body, "acknowledged");
    pack_put_int (&made->body, issued);
    made->e.officer = span_of (officer);
    answer_end (made);
}

static void answer_applicable (struct made *made, int64_t issued, int64_t seq, bool applicable)
{
    answer_begin (made, issued, seq, 1);
    pack_put_text (&made->body, "applicable");
    pack_put_bool (&made->body, applicable);
    answer_end (made);
}

static void answer_read (struct made *made, int64_t issued, int64_t seq)
{
    answer_begin (made, issued, seq, 1);
    pack_put_text (&made->body, "read");
    pack_put_int (&made->body, issued);
    answer_end (made);
}

/* One of any sort, its texts those of a few that repeat. */
static void answer_random (struct made *made, struct random *random, int64_t seq, size_t ids)
{
    static const char *const states[] = { "done", "not-applicable", "waived", "planned" };
    static const char *const officers[] = { "Ayesha", "Bilal", "" };
    int64_t issued = ISSUED + (int64_t) random_below (random, 5); /* many of one millisecond */
    char id[LEDGER_ACTION_ID + 1];
    switch (random_below (random, 8)) {
    case 0: answer_read (made, issued, seq); return;
    case 1: answer_acknowledged (made, issued, seq, officers[random_below (random, 3)]); return;
    case 2: answer_applicable (made, issued, seq, random_below (random, 2) == 1); return;
    default: break;
    }
    snprintf (id, sizeof id, "A%zu", (size_t) random_below (random, ids));
    answer_of_action (made, issued, seq, id, states[random_below (random, 4)]);
}

/* Takes one answer into a row that is stored, as a broker does. */
static void take (struct pack_out *stored, const struct made *made)
{
    struct ledger_row row;
    struct pack_out out;
    ledger_read (&row, pack_result (stored));
    ledger_answer (&row, &made->e);
    pack_init (&out);
    ledger_pack (&out, &row);
    pack_free (stored);
    *stored = out;
}

static void shuffle (struct random *random, size_t *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = random_below (random, i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

static void forget (struct made *answers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pack_free (&answers[i].body);
}

static bool same_bytes (const struct pack_out *a, const struct pack_out *b)
{
    return span_equal (pack_result (a), pack_result (b));
}

/* --- Rows ---------------------------------------------------------------------------------- */

#define ANSWERS 200

static void orders_give_one_row (size_t ids)
{
    static struct made answers[ANSWERS];
    struct random random = { .state = ids };
    struct pack_out first;
    size_t order[ANSWERS];
    for (size_t i = 0; i < ANSWERS; i++) {
        answer_random (&answers[i], &random, (int64_t) (i % 20) + 1, ids);
        order[i] = i;
    }
    pack_init (&first);
    for (size_t i = 0; i < ANSWERS; i++)
        take (&first, &answers[i]);
    for (int round = 0; round < 100; round++) {
        struct pack_out again;
        pack_init (&again);
        shuffle (&random, order, ANSWERS);
        for (size_t i = 0; i < ANSWERS; i++) {
            take (&again, &answers[order[i]]);
            if (random_below (&random, 4) == 0)
                take (&again, &answers[order[random_below (&random, i + 1)]]); /* a repeat */
        }
        assert_true (same_bytes (&first, &again));
        pack_free (&again);
    }
    pack_free (&first);
    forget (answers, ANSWERS);
}

static void the_same_answers_in_any_order_give_the_same_row (void **state)
{
    (void) state;
    orders_give_one_row (5);
    orders_give_one_row (40);
}

static void of_too_many_actions_those_whose_ids_sort_first_stay (void **state)
{
    (void) state;
    struct ledger_row row = { .count = 0 };
    static struct made answers[100];
    orders_give_one_row (180);
    for (int i = 99; i >= 0; i--) {
        char id[LEDGER_ACTION_ID + 1];
        snprintf (id, sizeof id, "A%02d", i);
        answer_of_action (&answers[i], ISSUED, i + 1, id, "done");
        ledger_answer (&row, &answers[i].e);
    }
    assert_int_equal (row.count, LEDGER_ACTIONS);
    assert_true (span_is (row.actions[0].id, "A00"));
    assert_true (span_is (row.actions[LEDGER_ACTIONS - 1].id, "A63"));
    forget (answers, 100);
}

static void of_each_field_the_last_answer_counts (void **state)
{
    (void) state;
    struct made answers[6];
    struct ledger_row row = { .count = 0 };
    answer_acknowledged (&answers[0], ISSUED + 2, 1, "Ayesha");
    answer_acknowledged (&answers[1], ISSUED + 1, 9, "Bilal");
    answer_applicable (&answers[2], ISSUED, 2, false);
    answer_applicable (&answers[3], ISSUED, 3, true); /* one millisecond: its sequence */
    answer_of_action (&answers[4], ISSUED, 4, "A1", "done");
    answer_of_action (&answers[5], ISSUED, 5, "A1", "waived");
    for (size_t i = 0; i < 6; i++)
        ledger_answer (&row, &answers[i].e);
    assert_true (span_is (row.by, "Ayesha"));
    assert_int_equal (row.applicable, 1);
    assert_int_equal (row.count, 1);
    assert_int_equal (row.actions[0].state, LEDGER_WAIVED);
    assert_true (span_is (row.actions[0].approver, "Director"));
    assert_int_equal (row.actions[0].evidence.size, 0); /* as a whole */
    forget (answers, 6);
}

static void the_first_reading_counts_and_nobody_acknowledges_without_a_name (void **state)
{
    (void) state;
    struct made answers[3];
    struct ledger_row row = { .count = 0 };
    answer_read (&answers[0], ISSUED + 5, 1);
    answer_read (&answers[1], ISSUED + 3, 2);
    answer_acknowledged (&answers[2], ISSUED, 3, "");
    for (size_t i = 0; i < 3; i++)
        ledger_answer (&row, &answers[i].e);
    assert_int_equal (row.read, ISSUED + 3);
    assert_int_equal (row.acknowledged, 0);
    forget (answers, 3);
}

static void bytes_that_are_no_row_are_an_empty_one (void **state)
{
    (void) state;
    struct ledger_row row;
    assert_false (ledger_read (&row, span_of ("\x91\x01")));
    assert_int_equal (row.count, 0);
    assert_false (ledger_read (&row, span_of ("")));
}

/* --- What is asked ------------------------------------------------------------------------- */

static struct ledger_advisory advisory_of (size_t count, const char *const *ids,
                                           const char *const *texts, const int64_t *dues)
{
    struct ledger_advisory made = { .severity = 3, .started = ISSUED, .count = count };
    for (size_t i = 0; i < count; i++)
        made.asks[i] = (struct ledger_ask){ span_of (ids[i]), span_of (texts[i]), dues[i] };
    return made;
}

static void what_was_done_is_carried_to_the_same_words_only (void **state)
{
    (void) state;
    static const char *const ids[] = { "A1", "A2", "A3" };
    static const char *const before_texts[] = { "patch", "block", "report" };
    static const char *const texts[] = { "patch", "block both", "report" };
    static const int64_t dues[] = { 0, 0, 0 };
    struct ledger_advisory before = advisory_of (3, ids, before_texts, dues);
    struct ledger_advisory now = advisory_of (3, ids, texts, dues);
    struct ledger_row old = { .count = 0 }, row = { .count = 0 };
    struct made answers[5];
    struct ledger_view view;
    answer_of_action (&answers[0], ISSUED, 1, "A1", "done");
    answer_of_action (&answers[1], ISSUED, 2, "A2", "done");
    answer_of_action (&answers[2], ISSUED, 3, "A3", "done");
    answer_acknowledged (&answers[3], ISSUED, 4, "Ayesha");
    for (size_t i = 0; i < 4; i++)
        ledger_answer (&old, &answers[i].e);
    answer_of_action (&answers[4], ISSUED + 1, 5, "A3", "planned");
    ledger_answer (&row, &answers[4].e);
    ledger_view (&view, &now, &row);
    ledger_carry (&view, &now, &before, &old);
    assert_true (view.carried[0] && ledger_settled (&view, 0));
    assert_true (!view.carried[1] && view.at[1] == NULL);
    assert_true (!view.carried[2] && view.at[2]->state == LEDGER_PLANNED); /* said since */
    assert_int_equal (view.row->acknowledged, 0);                          /* asked anew */
    forget (answers, 5);
}

static void a_party_has_complied_when_nothing_is_left_to_be_said (void **state)
{
    (void) state;
    static const char *const ids[] = { "A1", "A2" }, *const texts[] = { "x", "y" };
    static const int64_t dues[] = { 0, 0 };
    struct ledger_advisory advisory = advisory_of (2, ids, texts, dues);
    struct ledger_row row = { .count = 0 };
    struct made answers[4];
    struct ledger_view view;
    answer_of_action (&answers[0], ISSUED, 1, "A1", "done");
    answer_of_action (&answers[1], ISSUED, 2, "A2", "waived");
    answer_acknowledged (&answers[2], ISSUED, 3, "Ayesha");
    answer_applicable (&answers[3], ISSUED, 4, false);
    for (size_t i = 0; i < 3; i++) {
        ledger_view (&view, &advisory, &row);
        assert_false (ledger_complied (&view, &advisory));
        ledger_answer (&row, &answers[i].e);
    }
    ledger_view (&view, &advisory, &row);
    assert_int_equal (ledger_applicable (&view), 1); /* who does it says that it applies */
    assert_true (ledger_complied (&view, &advisory));
    memset (&row, 0, sizeof row);
    ledger_answer (&row, &answers[2].e);
    ledger_answer (&row, &answers[3].e);
    ledger_view (&view, &advisory, &row);
    assert_true (ledger_complied (&view, &advisory)); /* not applicable: nothing to do */
    advisory.withdrawn = true;
    row.applicable = 0;
    assert_true (ledger_complied (&view, &advisory)); /* only to be acknowledged */
    forget (answers, 4);
}

/* --- Clocks -------------------------------------------------------------------------------- */

static const struct ledger_limits LIMITS = { 48 * HOUR, 3 * DAY, 30 * DAY };

static void actions_with_one_due_date_share_a_clock (void **state)
{
    (void) state;
    static const char *const ids[] = { "A1", "A2", "A3" }, *const texts[] = { "x", "y", "z" };
    static const int64_t none[] = { 0, 0, 0 }, some[] = { 0, ISSUED + DAY, 0 };
    struct ledger_advisory advisory = advisory_of (3, ids, texts, none);
    struct ledger_clock clocks[LEDGER_CLOCKS];
    assert_int_equal (ledger_clocks (&advisory, &LIMITS, clocks), 3);
    assert_string_equal (clocks[0].name, "advisory-acknowledge");
    assert_int_equal (clocks[0].due, ISSUED + 48 * HOUR);
    assert_int_equal (clocks[1].due, ISSUED + 3 * DAY);
    assert_string_equal (clocks[2].name, "advisory-done");
    assert_int_equal (clocks[2].due, ISSUED + 30 * DAY);
    assert_int_equal (clocks[2].actions, 7);
    advisory = advisory_of (3, ids, texts, some);
    advisory.acknowledge_by = ISSUED + HOUR;
    assert_int_equal (ledger_clocks (&advisory, &LIMITS, clocks), 4);
    assert_int_equal (clocks[0].due, ISSUED + HOUR);
    assert_string_equal (clocks[2].name, "advisory-done A1");
    assert_int_equal (clocks[2].actions, 5);
    assert_string_equal (clocks[3].name, "advisory-done A2");
    assert_int_equal (clocks[3].due, ISSUED + DAY);
    advisory.withdrawn = true;
    assert_int_equal (ledger_clocks (&advisory, &LIMITS, clocks), 1);
}

static void a_clock_without_a_limit_is_none (void **state)
{
    (void) state;
    static const char *const ids[] = { "A1" }, *const texts[] = { "x" };
    static const int64_t none[] = { 0 }, said[] = { ISSUED + DAY };
    struct ledger_advisory advisory = advisory_of (1, ids, texts, none);
    struct ledger_limits limits;
    struct ledger_clock clocks[LEDGER_CLOCKS];
    ledger_limits (&limits, NULL, span_of ("organisation"), 3);
    assert_int_equal (ledger_clocks (&advisory, &limits, clocks), 0);
    advisory = advisory_of (1, ids, texts, said);
    assert_int_equal (ledger_clocks (&advisory, &limits, clocks), 1);
    assert_string_equal (clocks[0].name, "advisory-done");
}

static void a_planned_action_leaves_its_clock_running (void **state)
{
    (void) state;
    static const char *const ids[] = { "A1", "A2" }, *const texts[] = { "x", "y" };
    static const int64_t none[] = { 0, 0 };
    struct ledger_advisory advisory = advisory_of (2, ids, texts, none);
    struct ledger_clock clocks[LEDGER_CLOCKS];
    struct ledger_row row = { .count = 0 };
    struct ledger_view view;
    struct made answers[3];
    uint64_t left;
    answer_of_action (&answers[0], ISSUED, 1, "A1", "done");
    answer_of_action (&answers[1], ISSUED, 2, "A2", "planned");
    answer_applicable (&answers[2], ISSUED, 3, false);
    ledger_answer (&row, &answers[0].e);
    ledger_answer (&row, &answers[1].e);
    assert_int_equal (ledger_clocks (&advisory, &LIMITS, clocks), 3);
    ledger_view (&view, &advisory, &row);
    assert_false (ledger_met (&clocks[0], &view, NULL));
    assert_true (ledger_met (&clocks[1], &view, NULL));
    assert_false (ledger_met (&clocks[2], &view, &left));
    assert_int_equal (left, 2);
    ledger_answer (&row, &answers[2].e);
    assert_true (ledger_met (&clocks[2], &view, &left));
    assert_int_equal (left, 0);
    forget (answers, 3);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_same_answers_in_any_order_give_the_same_row),
        cmocka_unit_test (of_too_many_actions_those_whose_ids_sort_first_stay),
        cmocka_unit_test (of_each_field_the_last_answer_counts),
        cmocka_unit_test (the_first_reading_counts_and_nobody_acknowledges_without_a_name),
        cmocka_unit_test (bytes_that_are_no_row_are_an_empty_one),
        cmocka_unit_test (what_was_done_is_carried_to_the_same_words_only),
        cmocka_unit_test (a_party_has_complied_when_nothing_is_left_to_be_said),
        cmocka_unit_test (actions_with_one_due_date_share_a_clock),
        cmocka_unit_test (a_clock_without_a_limit_is_none),
        cmocka_unit_test (a_planned_action_leaves_its_clock_running),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
