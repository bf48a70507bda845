/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/case_own.h"

#include <string.h>

/* --- Names --------------------------------------------------------------------------------- */

#define CASE_X(NAME, number, name, ...) [number] = name,
static const char *const steps[CASE_STEP_END] = { CASE_STEPS_LIST (CASE_X) };
#undef CASE_X
#define CASE_X(NAME, number, text) [number] = text,
static const char *const stages[CASE_STAGE_END] = { CASE_STAGES (CASE_X) };
static const char *const voids[CASE_VOID_END] = { CASE_VOIDS (CASE_X) };
#undef CASE_X

const char *case_step_name (unsigned step)
{
    return step < CASE_STEP_END ? steps[step] : "?";
}

const char *case_stage_name (unsigned stage)
{
    return stage < CASE_STAGE_END ? stages[stage] : "?";
}

const char *case_void_text (unsigned reason)
{
    return reason < CASE_VOID_END ? voids[reason] : "?";
}

/* --- Who may what -------------------------------------------------------------------------- */

#define BIT(STEP) (1U << CASE_##STEP)

/* Whoever takes part, and while the case is closed. An escalation tells of a case and decides
 * nothing in it. */
#define OF_ANYBODY  (BIT (UPDATE) | BIT (ASK) | BIT (ANSWER) | BIT (NOTE) | BIT (ESCALATE))
#define OF_REPORTER (OF_ANYBODY | BIT (CONTAIN) | BIT (RECOVER) | BIT (CLOSE) | BIT (REOPEN))
#define OF_LEAD     (OF_REPORTER | BIT (ACKNOWLEDGE) | BIT (ASSIGN) | BIT (TRIAGE) | BIT (TRANSFER))
#define WHEN_CLOSED (BIT (UPDATE) | BIT (NOTE) | BIT (ANSWER) | BIT (REOPEN))

/* Whether it leads, or stands above who leads. */
static bool case_leads (const struct case_state *state, struct span party)
{
    return span_equal (state->lead, party) || party_above (party, state->lead);
}

/* Where a party stands, or would stand, in the sorted list. */
static size_t party_place (const struct case_state *state, struct span party, bool *there)
{
    size_t i = 0;
    *there = false;
    for (; i < state->party_count; i++) {
        int order = span_compare (state->parties[i], party);
        *there = order == 0;
        if (order >= 0)
            break;
    }
    return i;
}

bool case_names (const struct case_state *state, struct span party)
{
    bool there;
    party_place (state, party, &there);
    return there;
}

bool case_takes_part (const struct case_state *state, struct span party)
{
    return case_names (state, party) || party_above (party, state->lead);
}

static bool party_add (struct case_state *state, struct span party)
{
    bool there;
    size_t place = party_place (state, party, &there);
    if (party.size == 0 || there)
        return true;
    if (state->party_count == CASE_PARTIES)
        return false;
    memmove (&state->parties[place + 1], &state->parties[place],
             (state->party_count - place) * sizeof state->parties[0]);
    state->parties[place] = party;
    state->party_count++;
    return true;
}

static unsigned rights (const struct case_state *state, struct span party)
{
    if (case_leads (state, party))
        return OF_LEAD;
    if (span_equal (state->id.origin, party))
        return OF_REPORTER;
    return case_takes_part (state, party) ? OF_ANYBODY : 0;
}

unsigned case_may (const struct case_state *state, struct span party)
{
    unsigned may = state->known ? rights (state, party) : 0;
    if (state->stage == CASE_IS_CLOSED)
        may &= WHEN_CLOSED;
    else
        may &= ~BIT (REOPEN);
    return state->question_count > 0 ? may : may & ~BIT (ANSWER);
}

/* --- What a step of each kind asks for ----------------------------------------------------- */

/* Where a question stands; `question_count`: it is none that is open. */
static size_t question_place (const struct case_state *state, const struct msg_id *id)
{
    size_t i = 0;
    while (i < state->question_count && !msg_id_equal (&state->questions[i].id, id))
        i++;
    return i;
}

static enum case_void judge_answer (const struct case_state *state, const struct step *step)
{
    size_t place = question_place (state, &step->question);
    const struct case_question *asked = &state->questions[place];
    if (place == state->question_count)
        return CASE_VOID_NO_QUESTION;
    bool may = asked->of.size == 0 || span_equal (asked->of, step->id.origin) ||
               span_equal (asked->by, step->id.origin);
    return may ? CASE_VOID_NONE : CASE_VOID_NOT_ASKED;
}

static enum case_void judge_transfer (const struct case_state *state, const struct step *step)
{
    bool there;
    if (step->lead.size == 0 || span_equal (step->lead, state->lead))
        return CASE_VOID_BAD_LEAD;
    party_place (state, step->lead, &there);
    return there || state->party_count < CASE_PARTIES ? CASE_VOID_NONE : CASE_VOID_FULL;
}

static enum case_void judge_close (const struct case_state *state, const struct step *step)
{
    if (step->accepts.origin.size == 0)
        return CASE_VOID_NONE;
    if (!case_leads (state, step->id.origin))
        return CASE_VOID_NOT_LEAD;
    return msg_id_equal (&state->proposed, &step->accepts) ? CASE_VOID_NONE : CASE_VOID_NO_REPORT;
}

static enum case_void judge_what (const struct case_state *state, const struct step *step)
{
    switch (step->what) {
    case CASE_ACKNOWLEDGE: return step->officer.size > 0 ? CASE_VOID_NONE : CASE_VOID_NO_OFFICER;
    case CASE_TRIAGE:
        return msg_id_equal (&step->duplicate_of, &state->id) ? CASE_VOID_ORDER : CASE_VOID_NONE;
    case CASE_TRANSFER: return judge_transfer (state, step);
    case CASE_ASK: return state->question_count < CASE_QUESTIONS ? CASE_VOID_NONE : CASE_VOID_FULL;
    case CASE_ANSWER: return judge_answer (state, step);
    case CASE_CLOSE: return judge_close (state, step);
    case CASE_REOPEN: return state->stage == CASE_IS_CLOSED ? CASE_VOID_NONE : CASE_VOID_NOT_CLOSED;
    default: return CASE_VOID_NONE;
    }
}

/* Without the report the word of a CERT above the reporter is better than that of any other, who
 * may have made up the case, its lead and its mode. */
static bool knows_better (const struct case_state *state, const struct step *step)
{
    struct span reporter = step->thread.origin;
    return state->known && state->stub && step->what == CASE_ESCALATE &&
           party_above (step->id.origin, reporter) && !span_equal (state->lead, reporter) &&
           !party_above (state->lead, reporter) && !span_equal (state->lead, step->lead);
}

enum case_void case_judge (const struct case_state *state, const struct step *step)
{
    unsigned bit = 1U << step->what, may = rights (state, step->id.origin);
    if (!state->known || step->what == CASE_REPORT)
        return CASE_VOID_ORDER;
    if (knows_better (state, step))
        return CASE_VOID_NONE;
    if (step->mode != state->mode || !msg_id_equal (&step->exercise, &state->exercise))
        return CASE_VOID_MODE;
    if (may == 0)
        return CASE_VOID_STRANGER;
    if ((may & bit) == 0)
        return CASE_VOID_NOT_LEAD;
    if (state->stage == CASE_IS_CLOSED && (WHEN_CLOSED & bit) == 0)
        return CASE_VOID_CLOSED;
    return judge_what (state, step);
}

/* --- What it does -------------------------------------------------------------------------- */

static void later (int64_t *time, int64_t than)
{
    if (than > *time)
        *time = than;
}

static void set_text (struct span *text, struct span to)
{
    if (to.size > 0)
        *text = to;
}

/* What is said to have happened after it was said has not: it would keep clocks from running. */
static void set_time (int64_t *time, int64_t to, const struct step *step)
{
    if (to > 0 && to <= step->issued)
        *time = to;
}

/* What a case has reached it does not lose, but by a transfer or a reopening; what comes after
 * those is for the lead to begin. */
static void reach (struct case_state *state, const struct step *step, enum case_stage stage)
{
    if (state->stage == CASE_IS_TRANSFERRED || state->stage == CASE_IS_REOPENED) {
        if (!case_leads (state, step->id.origin))
            return;
        state->stage = state->recovered > 0   ? CASE_IS_RECOVERED
                       : state->contained > 0 ? CASE_IS_CONTAINED
                                              : CASE_IS_REPORTED;
    }
    if (state->stage < stage)
        state->stage = stage;
}

/* The next lead, or the same one again: it has to acknowledge. */
static void led_anew (struct case_state *state, enum case_stage stage, int64_t since)
{
    state->stage = stage;
    state->lead_since = since;
    state->acknowledged = 0;
    state->acknowledged_by = state->acknowledged_at = state->assignee = span_bytes (NULL, 0);
    state->next_update = 0;
}

static void do_report (struct case_state *state, const struct step *step)
{
    state->known = true;
    state->id = step->id;
    state->leaf = step->leaf;
    state->title = step->title;
    state->type = step->type;
    state->disposition = step->disposition;
    state->lead = step->lead;
    state->climb = step->climb;
    state->severity = step->severity == 0 ? SEVERITY_UNDETERMINED : step->severity;
    state->tlp = step->tlp;
    state->mode = step->mode;
    state->exercise = step->exercise;
    state->stage = CASE_IS_REPORTED;
    state->aware = step->aware;
    state->detect = step->detect;
    set_time (&state->contained, step->contained, step);
    set_time (&state->recovered, step->recovered, step);
    state->reported = state->lead_since = step->issued;
    party_add (state, step->id.origin);
    party_add (state, step->lead);
    for (size_t i = 0; i < step->party_count; i++)
        party_add (state, step->parties[i]);
}

/* Without the report an escalation is all that is known: a stub. */
static void do_stub (struct case_state *state, const struct step *step)
{
    if (!state->known) {
        state->known = state->stub = true;
        state->id = step->thread;
        state->lead = step->lead;
        state->tlp = step->tlp;
        state->mode = step->mode;
        state->exercise = step->exercise;
        state->stage = CASE_IS_REPORTED;
        state->reported = state->lead_since = step->reported;
        party_add (state, step->thread.origin);
        party_add (state, step->lead);
        party_add (state, step->id.origin);
    }
    state->severity = step->severity == 0 ? SEVERITY_UNDETERMINED : step->severity;
    set_text (&state->type, step->type);
}

/* What was told before of a case that is no such case. */
static void forget (struct case_state *state)
{
    struct case_state blank = { .steps = state->steps,
                                .voids = state->voids,
                                .scattered = state->scattered,
                                .head_count = state->head_count };
    memcpy (blank.heads, state->heads, sizeof blank.heads);
    *state = blank;
}

static void do_escalate (struct case_state *state, const struct step *step)
{
    if (knows_better (state, step))
        forget (state);
    if (!state->known || state->stub)
        do_stub (state, step);
    party_add (state, step->to);
    size_t was = party_depth (state->escalated), is = party_depth (step->to);
    if (step->to.size > 0 && (state->escalated.size == 0 || is < was))
        state->escalated = step->to;
}

static void do_acknowledge (struct case_state *state, const struct step *step)
{
    if (state->acknowledged > 0)
        return;
    state->acknowledged = step->issued;
    state->acknowledged_by = step->officer;
    state->acknowledged_at = step->id.origin;
    reach (state, step, CASE_IS_ACKNOWLEDGED);
}

static void do_triage (struct case_state *state, const struct step *step)
{
    if (step->severity > 0)
        state->severity = step->severity;
    set_text (&state->type, step->type);
    if (step->duplicate_of.origin.size > 0) {
        state->duplicate_of = step->duplicate_of;
        state->disposition = span_of ("duplicate");
    } else if (step->disposition.size > 0 && !span_is (step->disposition, "duplicate")) {
        state->duplicate_of = (struct msg_id){ .seq = 0 };
    }
    set_text (&state->disposition, step->disposition);
    reach (state, step, CASE_IS_TRIAGED);
}

static void do_transfer (struct case_state *state, const struct step *step)
{
    party_add (state, step->lead);
    state->lead = step->lead;
    led_anew (state, CASE_IS_TRANSFERRED, step->issued);
}

static void do_ask (struct case_state *state, const struct step *step)
{
    state->questions[state->question_count++] = (struct case_question){
        .id = step->id, .by = step->id.origin, .of = step->to, .asked = step->issued
    };
}

static void do_answer (struct case_state *state, const struct step *step)
{
    size_t place = question_place (state, &step->question);
    state->question_count--;
    memmove (&state->questions[place], &state->questions[place + 1],
             (state->question_count - place) * sizeof state->questions[0]);
}

static void do_close (struct case_state *state, const struct step *step)
{
    set_text (&state->disposition, step->disposition);
    if (!case_leads (state, step->id.origin)) {
        state->proposed = step->id;
        return;
    }
    state->report = step->accepts.origin.size > 0 ? step->accepts : step->id;
    state->proposed = (struct msg_id){ .seq = 0 };
    state->stage = CASE_IS_CLOSED;
    state->closed = step->issued;
    state->next_update = 0;
    state->question_count = 0;
}

static void do_reopen (struct case_state *state, const struct step *step)
{
    led_anew (state, CASE_IS_REOPENED, step->issued);
    state->reopened = step->issued;
    state->contained = state->recovered = state->closed = 0;
    state->report = (struct msg_id){ .seq = 0 };
}

static void do_what (struct case_state *state, const struct step *step)
{
    switch (step->what) {
    case CASE_REPORT: do_report (state, step); break;
    case CASE_ACKNOWLEDGE: do_acknowledge (state, step); break;
    case CASE_ASSIGN:
        set_text (&state->assignee, step->assignee);
        reach (state, step, CASE_IS_IN_PROGRESS);
        break;
    case CASE_TRIAGE: do_triage (state, step); break;
    case CASE_TRANSFER: do_transfer (state, step); break;
    case CASE_ASK: do_ask (state, step); break;
    case CASE_ANSWER: do_answer (state, step); break;
    case CASE_CONTAIN:
        state->contained = step->issued;
        set_time (&state->contained, step->contained, step);
        reach (state, step, CASE_IS_CONTAINED);
        break;
    case CASE_RECOVER:
        set_time (&state->contained, step->contained, step);
        state->recovered = step->issued;
        set_time (&state->recovered, step->recovered, step);
        reach (state, step, CASE_IS_RECOVERED);
        break;
    case CASE_CLOSE: do_close (state, step); break;
    case CASE_REOPEN: do_reopen (state, step); break;
    case CASE_ESCALATE: do_escalate (state, step); break;
    default: break;
    }
}

enum case_void step_apply (struct case_state *state, const struct step *step)
{
    bool begins = !state->known && (step->what == CASE_REPORT || step->what == CASE_ESCALATE);
    enum case_void why = begins ? CASE_VOID_NONE : case_judge (state, step);
    state->steps++;
    if (why != CASE_VOID_NONE) {
        state->voids++;
        return why;
    }
    bool lead = !begins && case_leads (state, step->id.origin);
    do_what (state, step);
    lead = lead || (begins && case_leads (state, step->id.origin));
    later (&state->news, step->issued);
    /* A broker escalates by itself: it is no word of the lead, whose silence it tells of. */
    if (!lead || step->what == CASE_ESCALATE)
        return why;
    later (&state->lead_news, step->issued);
    /* What was promised has come, or is promised anew. */
    if (state->stage != CASE_IS_CLOSED && step->what != CASE_TRANSFER &&
        (step->what == CASE_UPDATE || step->next_update > 0))
        state->next_update = step->next_update;
    return why;
}
