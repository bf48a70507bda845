/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a case, one by one: docs/casework/threads.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bus/core/case.h"

#include <stdio.h>
#include <string.h>

#define T0   INT64_C (1700000000000)
#define MOST 32

static const char KPT[] = "pk.sindh.kpt", SINDH[] = "pk.sindh", PK[] = "pk",
                  TELECOM[] = "pk.telecom", PUNJAB[] = "pk.punjab";

/* A thread under test: each step names the one before it, unless it is told otherwise. */
struct play {
    size_t count;
    struct case_entry entries[MOST];
    struct hash leaves[MOST]; /* of the steps as they were made */
    struct case_state state;
};

/* The next step by a party; its leaf hash begins with its number, so ties go by age. */
static struct step *next (struct play *play, enum case_step what, const char *origin)
{
    struct step *step = &play->entries[play->count].step;
    memset (step, 0, sizeof *step);
    play->leaves[play->count].bytes[0] = (uint8_t) (play->count + 1);
    step->leaf = play->leaves[play->count];
    step->what = what;
    step->id = (struct msg_id){ span_of (origin), { 1, 7 }, (int64_t) play->count + 1 };
    step->thread = (struct msg_id){ span_of (KPT), { 1, 7 }, 1 };
    step->issued = T0 + (int64_t) play->count * 60000;
    step->officer = span_of ("ayesha");
    step->mode = CB_MODE_LIVE;
    step->tlp = CB_TLP_AMBER;
    if (play->count > 0) {
        step->after = &play->leaves[play->count - 1];
        step->after_count = 1;
    }
    play->count++;
    return step;
}

static struct step *report (struct play *play)
{
    memset (play, 0, sizeof *play);
    struct step *step = next (play, CASE_REPORT, KPT);
    step->severity = 2;
    step->title = span_of ("mail");
    step->lead = span_of (SINDH);
    step->parties[step->party_count++] = span_of (SINDH);
    step->parties[step->party_count++] = span_of (TELECOM);
    return step;
}

/* Folds a copy, since folding moves the entries; what became of the step made last. */
static enum case_void fold (struct play *play)
{
    struct case_entry entries[MOST];
    memcpy (entries, play->entries, sizeof entries);
    case_fold (&play->state, entries, play->count);
    for (size_t i = 0; i < play->count; i++)
        if (hash_equal (&entries[i].step.leaf, &play->leaves[play->count - 1]))
            return entries[i].why;
    fail ();
    return CASE_VOID_END;
}

static enum case_void take (struct play *play, enum case_step what, const char *origin)
{
    next (play, what, origin);
    return fold (play);
}

static enum case_void transfer (struct play *play, const char *origin, const char *to)
{
    next (play, CASE_TRANSFER, origin)->lead = span_of (to);
    return fold (play);
}

#define COUNTS(call)    assert_int_equal (call, CASE_VOID_NONE)
#define VOID(why, call) assert_int_equal (call, CASE_VOID_##why)
#define STAGE(s, p)     assert_int_equal ((p)->state.stage, CASE_IS_##s)
#define IS(span, text)  assert_true (span_is (span, text))

/* --- Who ----------------------------------------------------------------------------------- */

static void the_lead_and_who_is_above_it_decide_and_copies_do_not (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    static const enum case_step deciding[] = { CASE_ACKNOWLEDGE, CASE_ASSIGN, CASE_TRIAGE,
                                               CASE_CONTAIN, CASE_RECOVER };
    for (size_t i = 0; i < sizeof deciding / sizeof deciding[0]; i++) {
        VOID (NOT_LEAD, take (&p, deciding[i], TELECOM));
        VOID (STRANGER, take (&p, deciding[i], PUNJAB));
        COUNTS (take (&p, deciding[i], i % 2 == 0 ? SINDH : PK));
    }
    VOID (NOT_LEAD, transfer (&p, KPT, PK));
    COUNTS (take (&p, CASE_NOTE, TELECOM));
    COUNTS (take (&p, CASE_UPDATE, TELECOM));
    VOID (NOT_LEAD, take (&p, CASE_CLOSE, TELECOM));
    assert_int_equal (p.state.voids, 12);
}

static void the_reporter_contains_and_recovers_and_does_not_acknowledge (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    VOID (NOT_LEAD, take (&p, CASE_ACKNOWLEDGE, KPT));
    COUNTS (take (&p, CASE_CONTAIN, KPT));
    STAGE (CONTAINED, &p);
    assert_int_equal (p.state.contained, p.entries[2].step.issued);
    next (&p, CASE_RECOVER, KPT)->recovered = T0 + 5;
    COUNTS (fold (&p));
    STAGE (RECOVERED, &p);
    assert_int_equal (p.state.recovered, T0 + 5);
    COUNTS (take (&p, CASE_ACKNOWLEDGE, SINDH));
    STAGE (RECOVERED, &p);
}

static void the_first_acknowledgement_counts_and_is_by_a_person (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    next (&p, CASE_ACKNOWLEDGE, SINDH)->officer = span_of ("");
    VOID (NO_OFFICER, fold (&p));
    next (&p, CASE_ACKNOWLEDGE, SINDH)->next_update = T0 + 9;
    COUNTS (fold (&p));
    STAGE (ACKNOWLEDGED, &p);
    int64_t first = p.state.acknowledged;
    next (&p, CASE_ACKNOWLEDGE, PK)->next_update = T0 + 10;
    p.entries[3].step.officer = span_of ("bilal");
    COUNTS (fold (&p));
    assert_int_equal (p.state.acknowledged, first);
    IS (p.state.acknowledged_by, "ayesha");
    IS (p.state.acknowledged_at, SINDH);
    assert_int_equal (p.state.next_update, T0 + 10);
}

/* --- The lead ------------------------------------------------------------------------------ */

static void a_transfer_changes_the_lead_who_has_to_acknowledge_again (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    COUNTS (take (&p, CASE_ACKNOWLEDGE, SINDH));
    COUNTS (take (&p, CASE_CONTAIN, KPT));
    VOID (BAD_LEAD, transfer (&p, SINDH, SINDH));
    VOID (BAD_LEAD, transfer (&p, SINDH, ""));
    COUNTS (transfer (&p, SINDH, PUNJAB));
    STAGE (TRANSFERRED, &p);
    IS (p.state.lead, PUNJAB);
    assert_int_equal (p.state.acknowledged, 0);
    assert_int_equal (p.state.lead_since, p.entries[5].step.issued);
    VOID (NOT_LEAD, take (&p, CASE_ASSIGN, SINDH)); /* it takes part, and leads no more */
    COUNTS (take (&p, CASE_UPDATE, SINDH));
    COUNTS (take (&p, CASE_ACKNOWLEDGE, PUNJAB));
    STAGE (CONTAINED, &p); /* what it had reached */
}

static void of_two_transfers_at_once_one_counts_and_who_is_above_overrules (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    COUNTS (transfer (&p, SINDH, TELECOM));
    next (&p, CASE_TRANSFER, SINDH)->lead = span_of (PUNJAB);
    p.entries[2].step.after = &p.leaves[0]; /* it has not seen the other one */
    VOID (NOT_LEAD, fold (&p));
    IS (p.state.lead, TELECOM);
    next (&p, CASE_TRANSFER, PK)->lead = span_of (PUNJAB);
    p.entries[3].step.after = &p.leaves[0];
    COUNTS (fold (&p));
    IS (p.state.lead, PUNJAB);
    assert_int_equal (p.state.head_count, 3);
}

static void a_promise_stands_until_the_next_update_of_the_lead (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    next (&p, CASE_ACKNOWLEDGE, SINDH)->next_update = T0 + 1000;
    COUNTS (fold (&p));
    COUNTS (take (&p, CASE_ASSIGN, SINDH));
    COUNTS (take (&p, CASE_UPDATE, KPT));
    assert_int_equal (p.state.next_update, T0 + 1000);
    assert_int_equal (p.state.lead_news, p.entries[2].step.issued);
    assert_int_equal (p.state.news, p.entries[3].step.issued);
    COUNTS (take (&p, CASE_UPDATE, SINDH));
    assert_int_equal (p.state.next_update, 0);
}

/* --- Questions ----------------------------------------------------------------------------- */

static enum case_void answer (struct play *p, const char *origin, size_t question)
{
    next (p, CASE_ANSWER, origin)->question = p->entries[question].step.id;
    return fold (p);
}

static void an_answer_is_to_an_open_question_and_by_whom_it_asks (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    VOID (NO_QUESTION, answer (&p, KPT, 0));
    next (&p, CASE_ASK, SINDH)->to = span_of (KPT);
    COUNTS (fold (&p));
    VOID (NOT_ASKED, answer (&p, TELECOM, 2));
    COUNTS (answer (&p, KPT, 2));
    VOID (NO_QUESTION, answer (&p, KPT, 2));
    COUNTS (take (&p, CASE_ASK, TELECOM)); /* of anybody */
    COUNTS (take (&p, CASE_ASK, TELECOM));
    assert_int_equal (p.state.question_count, 2);
    COUNTS (answer (&p, SINDH, 6));
    assert_int_equal (p.state.question_count, 1);
    assert_int_equal (p.state.questions[0].id.seq, 8);
}

static void more_questions_than_are_kept_are_void (void **state)
{
    (void) state;
    struct case_state full;
    struct play p;
    report (&p);
    COUNTS (take (&p, CASE_ASK, SINDH));
    full = p.state;
    for (full.question_count = 1; full.question_count < CASE_QUESTIONS; full.question_count++)
        full.questions[full.question_count] = full.questions[0];
    assert_int_equal (case_judge (&full, &p.entries[1].step), CASE_VOID_FULL);
    for (; full.party_count < CASE_PARTIES; full.party_count++)
        full.parties[full.party_count] = span_of ("pk.telecom.z");
    next (&p, CASE_TRANSFER, SINDH)->lead = span_of (PUNJAB);
    assert_int_equal (case_judge (&full, &p.entries[2].step), CASE_VOID_FULL);
}

/* --- The end, and what comes after ---------------------------------------------------------- */

static void the_reporter_proposes_a_closing_report_and_the_lead_countersigns_it (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    next (&p, CASE_CLOSE, SINDH)->accepts = p.entries[0].step.id;
    VOID (NO_REPORT, fold (&p));
    COUNTS (take (&p, CASE_CLOSE, KPT));
    STAGE (REPORTED, &p);
    assert_int_equal (p.state.proposed.seq, 3);
    next (&p, CASE_CLOSE, KPT)->accepts = p.entries[2].step.id;
    VOID (NOT_LEAD, fold (&p));
    next (&p, CASE_CLOSE, SINDH)->accepts = p.entries[2].step.id;
    COUNTS (fold (&p));
    STAGE (CLOSED, &p);
    assert_int_equal (p.state.report.seq, 3);
    assert_int_equal (p.state.proposed.origin.size, 0);
    assert_int_equal (p.state.closed, p.entries[4].step.issued);
}

static void what_is_closed_takes_news_and_answers_until_it_is_reopened (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    VOID (NOT_CLOSED, take (&p, CASE_REOPEN, SINDH));
    COUNTS (take (&p, CASE_RECOVER, SINDH));
    next (&p, CASE_CLOSE, SINDH)->disposition = span_of ("confirmed");
    COUNTS (fold (&p));
    for (unsigned step = CASE_ACKNOWLEDGE; step < CASE_NOTE; step++)
        if (step != CASE_REOPEN && step != CASE_ANSWER)
            VOID (CLOSED, take (&p, (enum case_step) step, SINDH));
    COUNTS (take (&p, CASE_UPDATE, KPT));
    COUNTS (take (&p, CASE_NOTE, TELECOM));
    unsigned may = case_may (&p.state, span_of (KPT));
    assert_int_equal (may, 1U << CASE_UPDATE | 1U << CASE_NOTE | 1U << CASE_REOPEN);
    COUNTS (take (&p, CASE_REOPEN, KPT));
    STAGE (REOPENED, &p);
    assert_true (p.state.closed == 0 && p.state.recovered == 0 && p.state.acknowledged == 0);
    assert_int_equal (p.state.lead_since, p.state.reopened);
    COUNTS (take (&p, CASE_CONTAIN, KPT));
    STAGE (REOPENED, &p); /* until the lead has taken it on */
    COUNTS (take (&p, CASE_ACKNOWLEDGE, SINDH));
    STAGE (CONTAINED, &p);
}

static void triage_changes_what_the_report_said (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    next (&p, CASE_UPDATE, KPT)->severity = 1;
    COUNTS (fold (&p));
    assert_int_equal (p.state.severity, 2);
    struct step *step = next (&p, CASE_TRIAGE, SINDH);
    step->severity = 4;
    step->type = span_of ("fraud/phishing");
    step->duplicate_of = (struct msg_id){ span_of (KPT), { 1, 7 }, 99 };
    COUNTS (fold (&p));
    STAGE (TRIAGED, &p);
    assert_int_equal (p.state.severity, 4);
    IS (p.state.disposition, "duplicate");
    next (&p, CASE_TRIAGE, SINDH)->duplicate_of = p.entries[0].step.id;
    VOID (ORDER, fold (&p));
    next (&p, CASE_TRIAGE, SINDH)->disposition = span_of ("confirmed");
    COUNTS (fold (&p));
    assert_int_equal (p.state.duplicate_of.origin.size, 0);
    IS (p.state.type, "fraud/phishing");
}

static void exercise_and_live_do_not_meet (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    struct step *step = next (&p, CASE_NOTE, SINDH);
    step->mode = CB_MODE_EXERCISE;
    step->exercise = (struct msg_id){ span_of (PK), { 1, 7 }, 5 };
    VOID (MODE, fold (&p));
    p.entries[0].step.mode = CB_MODE_EXERCISE;
    p.entries[0].step.exercise = (struct msg_id){ span_of (PK), { 1, 7 }, 6 };
    VOID (MODE, fold (&p)); /* of another exercise */
    p.entries[0].step.exercise.seq = 5;
    COUNTS (fold (&p));
}

/* --- Escalations --------------------------------------------------------------------------- */

static struct step *escalate (struct play *play, const char *origin, const char *to)
{
    struct step *step = next (play, CASE_ESCALATE, origin);
    step->to = span_of (to);
    step->lead = span_of (SINDH);
    step->severity = 1;
    step->reported = T0 - 7;
    step->stub = true;
    return step;
}

static void an_escalation_alone_makes_a_case_known_until_the_report_comes (void **state)
{
    (void) state;
    struct play p = { .count = 0 };
    next (&p, CASE_UPDATE, SINDH);
    VOID (ORDER, fold (&p));
    assert_false (p.state.known);
    escalate (&p, SINDH, PK);
    p.entries[1].step.after_count = 0;
    p.entries[1].step.leaf.bytes[0] = 0; /* before the other one, and not of its kind */
    p.entries[0].step.after = &p.entries[1].step.leaf;
    p.entries[0].step.after_count = 1;
    p.leaves[1] = p.entries[1].step.leaf;
    COUNTS (fold (&p));
    assert_true (p.state.known && p.state.stub);
    assert_int_equal (p.state.reported, T0 - 7);
    assert_int_equal (p.state.severity, 1);
    assert_true (msg_id_equal (&p.state.id, &p.entries[0].step.thread));
    assert_true (case_takes_part (&p.state, span_of (KPT)));
    IS (p.state.escalated, PK);
    assert_int_equal (p.state.voids, 0);
}

/* Told first by a CERT that has nothing to do with it, or with a hash that sorts first. */
static void what_a_cert_elsewhere_told_of_a_case_gives_way_to_who_stands_above_its_reporter (
    void **state)
{
    (void) state;
    struct play p = { .count = 0 };
    struct step *lie = escalate (&p, PUNJAB, PK);
    lie->lead = span_of (PUNJAB);
    lie->severity = 5;
    lie->mode = CB_MODE_EXERCISE;
    COUNTS (fold (&p));
    IS (p.state.lead, PUNJAB);
    next (&p, CASE_CLOSE, PUNJAB)->mode = CB_MODE_EXERCISE;
    COUNTS (fold (&p));
    STAGE (CLOSED, &p);
    escalate (&p, SINDH, PK);
    p.entries[2].step.after_count = 0;
    COUNTS (fold (&p));
    IS (p.state.lead, SINDH);
    STAGE (REPORTED, &p);
    assert_int_equal (p.state.severity, 1);
    assert_int_equal (p.state.mode, CB_MODE_LIVE);
    assert_false (case_takes_part (&p.state, span_of (PUNJAB)));
    escalate (&p, PUNJAB, PK)->lead = span_of (PUNJAB);
    VOID (STRANGER, fold (&p));
    VOID (STRANGER, take (&p, CASE_CLOSE, PUNJAB));
    assert_int_equal (p.state.steps, 5);
}

static void what_is_said_to_have_happened_later_than_it_was_said_has_not (void **state)
{
    (void) state;
    struct play p;
    report (&p)->recovered = T0 + 1;
    COUNTS (take (&p, CASE_NOTE, KPT));
    assert_int_equal (p.state.recovered, 0);
    next (&p, CASE_RECOVER, SINDH)->recovered = TIME_MAX;
    COUNTS (fold (&p));
    assert_int_equal (p.state.recovered, p.entries[2].step.issued);
    next (&p, CASE_CONTAIN, SINDH)->contained = TIME_MAX;
    COUNTS (fold (&p));
    assert_int_equal (p.state.contained, p.entries[3].step.issued);
}

static void a_report_comes_before_all_else_and_an_escalation_then_tells_nothing_new (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    p.entries[0].step.leaf.bytes[0] = 0xf0;
    p.leaves[0] = p.entries[0].step.leaf;
    COUNTS (take (&p, CASE_ACKNOWLEDGE, SINDH));
    escalate (&p, SINDH, PK);
    COUNTS (fold (&p));
    assert_false (p.state.stub);
    assert_int_equal (p.state.severity, 2);
    IS (p.state.escalated, PK);
    assert_true (case_takes_part (&p.state, span_of (PK)));
    next (&p, CASE_REPORT, KPT)->leaf.bytes[0] = 0xf1;
    p.leaves[3].bytes[0] = 0xf1;
    VOID (ORDER, fold (&p)); /* of two of the same number the smaller hash counts */
}

/* --- The order ----------------------------------------------------------------------------- */

static void what_names_nothing_follows_what_its_sender_sent_before (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    next (&p, CASE_CLOSE, SINDH)->after_count = 0;
    next (&p, CASE_ACKNOWLEDGE, SINDH)->after_count = 0;
    p.entries[1].step.id.seq = 9; /* closed last, though its hash is the smaller one */
    fold (&p);
    STAGE (CLOSED, &p);
    assert_int_equal (p.state.voids, 0);
    assert_true (p.state.scattered);
}

static void expect_same_row (const struct case_state *a, const struct case_state *b)
{
    struct pack_out one, two;
    struct case_state again;
    pack_init (&one);
    pack_init (&two);
    case_pack (&one, a);
    case_pack (&two, b);
    assert_true (span_equal (pack_result (&one), pack_result (&two)));
    assert_true (case_read (&again, pack_result (&one)));
    pack_free (&one);
    pack_free (&two);
}

static void a_step_follows_when_it_names_all_heads_and_nothing_is_scattered (void **state)
{
    (void) state;
    struct play p;
    struct case_state before;
    report (&p);
    COUNTS (take (&p, CASE_ACKNOWLEDGE, SINDH));
    next (&p, CASE_NOTE, KPT)->after = &p.leaves[0];
    fold (&p);
    assert_int_equal (p.state.head_count, 2);
    next (&p, CASE_UPDATE, SINDH);
    assert_false (case_follows (&p.state, &p.entries[3].step)); /* only one of two */
    p.entries[3].step.after = &p.leaves[1];
    p.entries[3].step.after_count = 2;
    assert_true (case_follows (&p.state, &p.entries[3].step));
    before = p.state;
    COUNTS (case_apply (&before, &p.entries[3].step));
    fold (&p);
    expect_same_row (&before, &p.state);
    p.entries[3].step.what = CASE_REPORT;
    assert_false (case_follows (&p.state, &p.entries[3].step));
    before.scattered = true;
    p.entries[3].step.what = CASE_NOTE;
    p.entries[3].step.after = before.heads;
    p.entries[3].step.after_count = 1;
    assert_false (case_follows (&before, &p.entries[3].step));
}

static void more_heads_than_can_be_named_are_told_of (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    for (size_t i = 0; i < AFTER_MAX + 2; i++)
        next (&p, CASE_NOTE, KPT)->after = &p.leaves[0];
    fold (&p);
    assert_int_equal (p.state.head_count, AFTER_MAX);
    assert_true (p.state.scattered);
    assert_true (hash_equal (&p.state.heads[0], &p.leaves[1]));
}

static void a_circle_of_a_liar_is_cut_at_the_smallest_hash (void **state)
{
    (void) state;
    struct play p;
    report (&p);
    next (&p, CASE_NOTE, KPT)->after = &p.leaves[2];
    next (&p, CASE_NOTE, KPT)->after = &p.leaves[1];
    COUNTS (fold (&p));
    assert_int_equal (p.state.steps, 3);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_lead_and_who_is_above_it_decide_and_copies_do_not),
        cmocka_unit_test (the_reporter_contains_and_recovers_and_does_not_acknowledge),
        cmocka_unit_test (the_first_acknowledgement_counts_and_is_by_a_person),
        cmocka_unit_test (a_transfer_changes_the_lead_who_has_to_acknowledge_again),
        cmocka_unit_test (of_two_transfers_at_once_one_counts_and_who_is_above_overrules),
        cmocka_unit_test (a_promise_stands_until_the_next_update_of_the_lead),
        cmocka_unit_test (an_answer_is_to_an_open_question_and_by_whom_it_asks),
        cmocka_unit_test (more_questions_than_are_kept_are_void),
        cmocka_unit_test (the_reporter_proposes_a_closing_report_and_the_lead_countersigns_it),
        cmocka_unit_test (what_is_closed_takes_news_and_answers_until_it_is_reopened),
        cmocka_unit_test (triage_changes_what_the_report_said),
        cmocka_unit_test (exercise_and_live_do_not_meet),
        cmocka_unit_test (an_escalation_alone_makes_a_case_known_until_the_report_comes),
        cmocka_unit_test (
            what_a_cert_elsewhere_told_of_a_case_gives_way_to_who_stands_above_its_reporter),
        cmocka_unit_test (what_is_said_to_have_happened_later_than_it_was_said_has_not),
        cmocka_unit_test (a_report_comes_before_all_else_and_an_escalation_then_tells_nothing_new),
        cmocka_unit_test (what_names_nothing_follows_what_its_sender_sent_before),
        cmocka_unit_test (a_step_follows_when_it_names_all_heads_and_nothing_is_scattered),
        cmocka_unit_test (more_heads_than_can_be_named_are_told_of),
        cmocka_unit_test (a_circle_of_a_liar_is_cut_at_the_smallest_hash),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
