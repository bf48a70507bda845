/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/clocks.h"

#include "bus/core/case_own.h"

#include <string.h>

/* --- Names --------------------------------------------------------------------------------- */

static const char *const names[CLOCK_NAMES_END] = {
#define CLOCK_X(NAME, name, owed) name,
    CLOCK_NAMES (CLOCK_X)
#undef CLOCK_X
};

const char *clock_name (enum clock_name clock)
{
    return clock < CLOCK_NAMES_END ? names[clock] : "?";
}

enum clock_name clock_number (struct span name)
{
    unsigned clock = 0;
    while (clock < CLOCK_NAMES_END && !span_is (name, names[clock]))
        clock++;
    return (enum clock_name) clock;
}

const char *clock_step_name (unsigned step)
{
    static const char *const steps[CLOCK_STEPS] = { "remind", "breach", "climb" };
    return step < CLOCK_STEPS ? steps[step] : "";
}

/* --- Limits -------------------------------------------------------------------------------- */

static int64_t limit (const struct case_state *state, const struct clock_view *view,
                      const char *clock)
{
    return policy_clock (view->policy, clock, view->role, severity_effective (state->severity));
}

static int64_t remind (const struct clock_view *view, int64_t started, int64_t due)
{
    int64_t percent = policy_setting (view->policy, POLICY_REMIND_PERCENT);
    return percent > 0 && percent < 100
               ? started + (due - started) / 100 * percent + (due - started) % 100 * percent / 100
               : 0;
}

/* No clock runs on: it is over, or another case has what is to be done. */
static bool is_over (const struct case_state *state)
{
    return !state->known || state->mode == CB_MODE_TEST || state->stage == CASE_IS_CLOSED ||
           state->duplicate_of.origin.size > 0;
}

/* --- At the lead --------------------------------------------------------------------------- */

/* Whether the lead has it since this came. Steps that are void arrive, too: a date that somebody
 * else has put on one starts nothing. */
static bool began (const struct case_state *state, const struct clock_arrival *a)
{
    if (a->issued != state->lead_since || !case_takes_part (state, a->by))
        return false;
    return a->what == CASE_REPORT || a->what == CASE_TRANSFER ||
           (a->what == CASE_REOPEN && state->reopened == a->issued);
}

/* When the lead got it, by our clock: what came late is not held against who could not know. Of
 * one moment the last kind counts, and of that the first. */
static int64_t since_lead (const struct case_state *state, const struct clock_view *view)
{
    const struct clock_arrival *first = NULL;
    for (size_t i = 0; i < view->count; i++) {
        const struct clock_arrival *a = &view->arrivals[i];
        if (began (state, a) && (first == NULL || a->what != first->what))
            first = a;
    }
    return first != NULL ? first->taken : state->lead_since;
}

static bool runs_on (const struct clock_run *run, const struct clock_run *now, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (now[i].clock == run->clock && now[i].started == run->started)
            return true;
    return false;
}

static size_t add (struct clock_run *out, size_t count, struct clock_run run)
{
    if (count < CLOCK_RUNS && !runs_on (&run, out, count))
        out[count++] = run;
    return count;
}

static size_t lead_runs (struct clock_run *out, const struct case_state *state,
                         const struct clock_view *view)
{
    size_t count = 0;
    int64_t since = since_lead (state, view), acknowledge = limit (state, view, "acknowledge"),
            climb = limit (state, view, "climb"), update = limit (state, view, "update"),
            closing = limit (state, view, "close");
    struct clock_run run = { .place = CLOCK_LEAD, .party = view->self };
    if (state->acknowledged == 0 && acknowledge > 0) {
        run.clock = CLOCK_ACKNOWLEDGE;
        run.started = since;
        run.due = since + acknowledge;
        run.climb = climb > 0 ? since + climb : 0;
        run.remind = remind (view, run.started, run.due);
        count = add (out, count, run);
    }
    if (state->acknowledged > 0 && state->recovered == 0 && update > 0) {
        run.clock = CLOCK_UPDATE;
        run.started = state->lead_news;
        run.due = state->lead_news + update;
        if (state->next_update > run.started && state->next_update < run.due)
            run.due = state->next_update;
        run.climb = run.due + update;
        run.remind = remind (view, run.started, run.due);
        count = add (out, count, run);
    }
    if (state->recovered > 0 && closing > 0) {
        run.clock = CLOCK_CLOSE;
        run.started = state->recovered > since ? state->recovered : since;
        run.due = run.started + closing;
        run.climb = run.due + closing;
        run.remind = remind (view, run.started, run.due);
        count = add (out, count, run);
    }
    return count;
}

/* --- Above it ------------------------------------------------------------------------------ */

/* Whether the lead, or who may do it for the lead, has done since what it owed. */
static bool answered (const struct case_state *state, enum clock_name clock, int64_t since)
{
    if (is_over (state))
        return true;
    switch (clock) {
    case CLOCK_ACKNOWLEDGE: return state->acknowledged > 0 || state->lead_since > since;
    case CLOCK_UPDATE: return state->lead_news > since || state->recovered > 0;
    case CLOCK_CLOSE: return state->recovered == 0;
    case CLOCK_STORED: return state->lead_news > 0;
    default: return false;
    }
}

/* A person at a CERT above the lead, here or elsewhere, has taken it on since it came. */
static bool taken_on (const struct case_state *state, const struct clock_view *view,
                      const struct clock_arrival *escalation)
{
    for (size_t i = 0; i < view->count; i++) {
        const struct clock_arrival *a = &view->arrivals[i];
        if (a->what == CASE_ACKNOWLEDGE && a > escalation && party_above (a->by, state->lead))
            return true;
    }
    return false;
}

/* It came before: a broker that was restored tells it again. */
static bool repeats (const struct clock_view *view, size_t at)
{
    const struct clock_arrival *all = view->arrivals;
    for (size_t i = 0; i < at; i++)
        if (all[i].what == CASE_ESCALATE && all[i].clock == all[at].clock &&
            all[i].started == all[at].started && span_equal (all[i].by, all[at].by))
            return true;
    return false;
}

/* One sender leaves room for the others. */
static bool crowds (struct span by, const struct span *others, size_t count)
{
    size_t of_it = 0;
    for (size_t i = 0; i < count; i++)
        of_it += span_equal (others[i], by);
    return of_it == CLOCK_RUNS_BY;
}

/* What a CERT owes to whom a case climbed is an acknowledgement, whichever clock ran out below.
 * Who takes no part in a case raises nothing by it. */
static size_t above_runs (struct clock_run *out, const struct case_state *state,
                          const struct clock_view *view)
{
    size_t count = 0;
    struct span by[CLOCK_RUNS];
    int64_t acknowledge = limit (state, view, "acknowledge"), climb = limit (state, view, "climb");
    for (size_t i = 0; i < view->count && count < CLOCK_RUNS && acknowledge > 0; i++) {
        const struct clock_arrival *a = &view->arrivals[i];
        if (a->what != CASE_ESCALATE || !case_takes_part (state, a->by) ||
            crowds (a->by, by, count) || answered (state, a->clock, a->issued) ||
            taken_on (state, view, a) || repeats (view, i))
            continue;
        by[count] = a->by;
        count = add (out, count,
                     (struct clock_run){ .clock = a->clock,
                                         .place = CLOCK_ABOVE,
                                         .party = view->self,
                                         .started = a->taken,
                                         .remind = a->taken,
                                         .due = a->taken + acknowledge,
                                         .climb = climb > 0 ? a->taken + climb : 0 });
    }
    return count;
}

/* --- At the origin ------------------------------------------------------------------------- */

static size_t origin_runs (struct clock_run *out, const struct case_state *state,
                           const struct clock_view *view)
{
    int64_t acknowledge = limit (state, view, "acknowledge"), since = since_lead (state, view);
    if (view->stored || acknowledge <= 0 || state->lead_since != state->reported ||
        answered (state, CLOCK_STORED, 0))
        return 0;
    return add (out, 0,
                (struct clock_run){ .clock = CLOCK_STORED,
                                    .place = CLOCK_ORIGIN,
                                    .party = state->lead,
                                    .started = since,
                                    .due = since + acknowledge });
}

int64_t clock_report_due (const struct case_state *state, const struct policy *policy,
                          struct span role)
{
    int64_t most = policy == NULL ? 0
                                  : policy_clock (policy, "report", role,
                                                  severity_effective (state->severity));
    return most > 0 && state->aware > 0 ? state->aware + most : 0;
}

/* --- All of them --------------------------------------------------------------------------- */

/* What was there before there were clocks starts none. */
static size_t drop_older (struct clock_run *runs, size_t count, int64_t since)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (since == 0 || runs[i].started > since)
            runs[kept++] = runs[i];
    return kept;
}

size_t clocks_now (struct clock_run out[CLOCK_RUNS], const struct case_state *state,
                   const struct clock_view *view)
{
    if (is_over (state) || view->before || view->policy == NULL)
        return 0;
    size_t count = span_equal (state->lead, view->self)        ? lead_runs (out, state, view)
                   : span_equal (state->id.origin, view->self) ? origin_runs (out, state, view)
                                                               : above_runs (out, state, view);
    return drop_older (out, count, view->since);
}

int64_t clock_at (const struct clock_run *run, enum clock_step step)
{
    return step == CLOCK_REMIND   ? run->remind
           : step == CLOCK_BREACH ? run->due
           : step == CLOCK_CLIMB  ? run->climb
                                  : 0;
}

int64_t clock_done (const struct case_entry *entries, size_t count, enum clock_name clock,
                    int64_t since)
{
    struct case_state state;
    memset (&state, 0, sizeof state);
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &entries[i].step;
        if (step_apply (&state, step) == CASE_VOID_NONE && step->issued > since &&
            answered (&state, clock, since))
            return step->issued;
    }
    return 0;
}

/* --- What was ------------------------------------------------------------------------------ */

struct past {
    struct clock_past *out;
    size_t max, count;
};

static void keep (struct past *past, const struct clock_run *run, int64_t done)
{
    if (past->max == 0)
        return;
    if (past->count == past->max) {
        memmove (past->out, past->out + 1, (past->max - 1) * sizeof *past->out);
        past->count--;
    }
    past->out[past->count++] = (struct clock_past){ run->clock, run->started, run->due, done };
}

size_t clocks_past (struct clock_past *out, size_t max, const struct case_entry *entries,
                    size_t count, const struct clock_view *view)
{
    struct past past = { .out = out, .max = max };
    struct clock_run ran[CLOCK_RUNS], now[CLOCK_RUNS];
    struct case_state state;
    size_t had = 0;
    memset (&state, 0, sizeof state);
    for (size_t i = 0; i < count; i++) {
        if (step_apply (&state, &entries[i].step) != CASE_VOID_NONE)
            continue;
        bool lead = span_equal (state.lead, view->self);
        size_t have = lead ? clocks_now (now, &state, view) : 0;
        for (size_t j = 0; j < had; j++)
            if (!runs_on (&ran[j], now, have))
                keep (&past, &ran[j], entries[i].step.issued);
        memcpy (ran, now, have * sizeof now[0]);
        had = have;
    }
    for (size_t j = 0; j < had; j++)
        keep (&past, &ran[j], 0);
    return past.count;
}
