/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/clocks.h"

#include "broker/casework/breaches.h"
#include "broker/casework/exercises.h"
#include "bus/core/schema.h"

#include <stdlib.h>
#include <string.h>

/* --- When what came ------------------------------------------------------------------------ */

static bool arrives (const struct store *store, const struct step *step)
{
    struct span self = span_of (store->self), by = step->id.origin;
    switch (step->what) {
    case CASE_REPORT:
    case CASE_TRANSFER:
    case CASE_REOPEN:
    case CASE_ACKNOWLEDGE: return true;
    case CASE_ESCALATE: return span_equal (step->to, self) && !span_equal (by, self);
    default: return false;
    }
}

static void arrival_put (struct store *store, const struct step *step, const struct envelope *e,
                         const struct item *item, int64_t taken)
{
    struct pack_out out;
    struct key key;
    key_begin (&key, TABLE_ARRIVED);
    key_id (&key, &step->thread);
    key_u64 (&key, (uint64_t) item->position);
    pack_init (&out);
    pack_put_array (&out, 7);
    pack_put_uint (&out, step->what);
    pack_put_int (&out, step->issued);
    pack_put_int (&out, taken);
    pack_put_str (&out, step->id.origin);
    pack_put_uint (&out, clock_number (step->clock));
    pack_put_int (&out, step->what == CASE_ESCALATE ? body_int (e->body, "started", 0) : 0);
    pack_put_int (&out, step->due);
    store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&out)));
    pack_free (&out);
}

static bool arrival_read (struct pack_in *in, struct clock_arrival *out)
{
    pack_array (in, 7, 7);
    out->what = (enum case_step) pack_uint (in, 0, CASE_STEP_END - 1);
    out->issued = pack_int (in, 0, TIME_MAX);
    out->taken = pack_int (in, INT64_MIN, INT64_MAX);
    out->by = pack_str (in, 1, PARTY_MAX);
    out->clock = (enum clock_name) pack_uint (in, 0, CLOCK_NAMES_END);
    out->started = pack_int (in, INT64_MIN, INT64_MAX);
    out->due = pack_int (in, INT64_MIN, INT64_MAX);
    return !in->bad;
}

static bool reads (struct span kind)
{
    return span_is (kind, "incident");
}

static void touch (struct store *store, const struct msg_id *id)
{
    struct subject subject;
    struct key key;
    struct span row;
    key_begin (&key, TABLE_CASES);
    key_id (&key, id);
    if (journal_get (store->journal, key_span (&key), &row) != JOURNAL_OK)
        return;
    subject_id (&subject, SUBJECT_CASE, id);
    casework_touch (store, &subject);
}

/* Steps touch their case by themselves. */
static void fold (struct store *store, const struct intake_batch *batch, const struct item *item,
                  const struct envelope *e)
{
    struct step step;
    if (e->mode == CB_MODE_TEST)
        return;
    breaches_fold (store, e);
    if (span_is (e->kind, "receipt") && span_is (e->thread.origin, store->self))
        touch (store, &e->thread);
    else if (step_of (&step, e) && arrives (store, &step))
        arrival_put (store, &step, e, item, batch->now);
}

/* --- A case as its clocks see it ----------------------------------------------------------- */

static void read_arrivals (struct store *store, const struct msg_id *id, struct clock_case *out)
{
    struct key prefix, after = { .size = 0 };
    struct span key, value;
    size_t rows = 0;
    pack_init (&out->bytes);
    key_begin (&prefix, TABLE_ARRIVED);
    key_id (&prefix, id);
    for (; rows < CASE_STEPS && table_next (store->journal, &prefix, &after, &key, &value); rows++)
        pack_put_raw (&out->bytes, value);
    out->arrivals = calloc (rows + 1, sizeof *out->arrivals);
    if (out->arrivals == NULL)
        abort ();
    struct pack_in in = pack_open (pack_result (&out->bytes));
    while (out->view.count < rows && arrival_read (&in, &out->arrivals[out->view.count]))
        out->view.count++;
    out->view.arrivals = out->arrivals;
}

static bool is_stored (struct store *store, const struct case_state *state)
{
    struct key key;
    key_begin (&key, TABLE_DELIVERED);
    key_id (&key, &state->id);
    key_text (&key, state->lead);
    return table_get_u64 (store->journal, &key, 0) != 0;
}

/* Handed over at an enrolment, as what was said before it. A renewal is none. */
static bool is_before (const struct store *store, const struct clock_view *view)
{
    const struct credential *me = store->me;
    if (me == NULL || (me->previous != NULL && !credential_again (me)))
        return false;
    for (size_t i = 0; i < view->count; i++)
        if (view->arrivals[i].what == CASE_REPORT)
            return view->arrivals[i].issued < me->not_before &&
                   view->arrivals[i].taken >= me->not_before;
    return false;
}

bool clock_case_read (struct store *store, const struct msg_id *id, struct clock_case *out)
{
    memset (out, 0, sizeof *out);
    out->row = threads_case (store->journal, id, &out->state);
    if (out->row == NULL)
        return false;
    read_arrivals (store, id, out);
    out->view.self = span_of (store->self);
    out->view.role = store->me != NULL ? store->me->role : span_of ("*");
    out->view.policy = casework_policy (store);
    out->view.stored = is_stored (store, &out->state);
    out->view.since = casework_start (store).time;
    out->view.before = is_before (store, &out->view);
    return true;
}

void clock_case_clear (struct clock_case *self)
{
    free (self->row);
    free (self->arrivals);
    pack_free (&self->bytes);
}

/* --- What is due --------------------------------------------------------------------------- */

/* Whom a step of a clock is for: a climb is for the CERT above, where there is one. */
static unsigned level_of (const struct store *store, enum clock_step step)
{
    unsigned depth = (unsigned) party_depth (span_of (store->self));
    return step == CLOCK_CLIMB && depth > 1 ? depth - 1 : depth;
}

/* Who was told that it is late need not be reminded any more. */
static bool is_raised (struct store *store, const struct subject *subject, struct timer timer)
{
    for (unsigned step = timer.step; step <= CLOCK_BREACH || step == timer.step; step++) {
        timer.step = step;
        if (raised_get (store->journal, subject, &timer, level_of (store, step)) > 0)
            return true;
    }
    return false;
}

static size_t add_timers (struct store *store, const struct subject *subject,
                          const struct clock_run *run, struct timer *out)
{
    size_t count = 0;
    struct timer timer = { .started = run->started, .due = run->due };
    snprintf (timer.clock, sizeof timer.clock, "%s", clock_name (run->clock));
    for (unsigned step = 0; step < CLOCK_STEPS; step++) {
        timer.step = step;
        timer.at = clock_at (run, (enum clock_step) step);
        if (timer.at > 0 && !is_raised (store, subject, timer))
            out[count++] = timer;
    }
    if (count == 0) {
        timer.at = TIMER_NEVER;
        out[count++] = timer;
    }
    return count;
}

static void settle (struct store *store, const struct subject *subject)
{
    struct timer timers[TIMERS_MAX];
    struct clock_run runs[CLOCK_RUNS];
    struct clock_case one;
    struct msg_id id;
    size_t count = 0;
    if (!subject_msg_id (subject, &id))
        return;
    if (!clock_case_read (store, &id, &one)) {
        timers_set (store, subject, NULL, 0);
        return;
    }
    size_t running = clocks_now (runs, &one.state, &one.view);
    for (size_t i = 0; i < running; i++)
        count += add_timers (store, subject, &runs[i], timers + count);
    count = exercise_timers (store, subject, one.state.mode, &one.state.exercise, timers, count);
    timers_set (store, subject, timers, count);
    breaches_settle (store, &one.state, &one.view);
    clock_case_clear (&one);
}

const struct casework_part clocks_part = { .name = "clocks",
                                           .reads = reads,
                                           .fold = fold,
                                           .class = SUBJECT_CASE,
                                           .settle = settle,
                                           .tables = (const char[]){ TABLE_ARRIVED, TABLE_BREACHED,
                                                                     TABLE_BREACHES, '\0' } };
