/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/casework/breaches.h"
#include "broker/casework/clocks.h"
#include "broker/casework/silence.h"
#include "bus/core/schema.h"
#include "bus/core/when.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_USUAL 100
#define ROWS_MAX   1000
#define ROWS_BYTES ((size_t) 768 * 1024)
/* Rows that one answer looks at; what is rare may take several. */
#define ROWS_LOOKED 4000
#define PAST_MAX    64

struct clocks_job {
    struct job job;
    struct asker asker;
    char origin[PARTY_MAX + 1];
    struct msg_id id; /* of one case; origin empty: all */
    unsigned class;   /* 0: all */
    bool breaches;    /* the register, and not what runs */
    char party[PARTY_MAX + 1];
    int64_t since;
    size_t limit;
    struct key after;
    /* out */
    size_t count, past;
    bool more;
    struct pack_out rows, past_rows;
};

/* --- What a row is about ------------------------------------------------------------------- */

/* Those without a name are timers of the broker alone: nobody owes anything by them. */
static const char *const classes[SUBJECT_CLASSES] = {
    [SUBJECT_CASE] = "case",       [SUBJECT_ADVISORY] = "advisory", [SUBJECT_BULLETIN] = "bulletin",
    [SUBJECT_SILENCE] = "silence", [SUBJECT_RETURN] = "return",     [SUBJECT_EXERCISE] = "exercise",
};

static bool is_for_people (const struct subject *subject)
{
    return subject->class < SUBJECT_CLASSES && classes[subject->class] != NULL;
}

/* Keys of a map in ascending order, those that are there. */
struct about {
    struct subject subject;
    struct timer timer;
    struct msg_id id; /* origin empty: it is about no message */
    uint8_t *bytes;   /* owned: what the rest borrows from */
    struct span title, lead, party;
    char words[PARTY_MAX + 100];  /* a title where nobody has given one */
    const char *severity, *stage; /* NULL: it has none */
    unsigned mode;
};

static void about_case (struct store *store, struct about *a)
{
    struct case_state state;
    a->bytes = threads_case (store->journal, &a->id, &state);
    if (a->bytes == NULL)
        return;
    a->title = state.title;
    a->lead = state.lead;
    a->severity = severity_name (state.severity);
    a->stage = case_stage_name (state.stage);
    a->mode = state.mode;
    bool stored = strcmp (a->timer.clock, clock_name (CLOCK_STORED)) == 0;
    a->party = stored ? state.lead : span_of (store->self);
}

static void about_message (struct store *store, struct about *a)
{
    struct record record;
    struct envelope e;
    int64_t position = take_find (store->journal, &a->id, false);
    a->bytes = position > 0 ? store_message (store, position, &record, &e) : NULL;
    if (a->bytes == NULL)
        return;
    a->title = body_text (e.body, "title");
    a->mode = e.mode;
    if (a->subject.class == SUBJECT_BULLETIN) {
        snprintf (a->words, sizeof a->words, "the draft of the bulletin (" SPAN_FMT ") waits",
                  SPAN_ARG (body_text (e.body, "edition")));
        a->title = span_of (a->words);
        a->party = span_of (store->self);
    }
}

/* What no message tells of. */
static void about_none (struct store *store, struct about *a)
{
    struct span key = key_span (&a->subject.key);
    char period[PERIOD_TEXT] = "", heard[WHEN_TEXT];
    a->party = span_of (store->self);
    if (a->subject.class == SUBJECT_SILENCE) {
        a->party = span_bytes (key.data, key.size > 0 ? key.size - 1 : 0);
        when_text (a->timer.started, heard);
        snprintf (a->words, sizeof a->words, SPAN_FMT " was last heard %s", SPAN_ARG (a->party),
                  heard);
    } else if (a->subject.class == SUBJECT_RETURN) {
        returns_period (store, a->timer.started, period);
        snprintf (a->words, sizeof a->words, "reports or nil-returns of %s", period);
    } else if (a->subject.class == SUBJECT_BULLETIN) {
        snprintf (a->words, sizeof a->words, "the next bulletin is drafted");
    }
    a->title = span_of (a->words);
}

static void about_of (struct store *store, struct about *a)
{
    struct span key = key_span (&a->subject.key);
    if (key_id_read (&a->id, key) && a->subject.class == SUBJECT_CASE)
        about_case (store, a);
    else if (a->id.origin.size > 0)
        about_message (store, a);
    else
        about_none (store, a);
}

static void put_about (struct pack_out *out, const struct about *a)
{
    const struct timer *t = &a->timer;
    bool id = a->id.origin.size > 0, comes = t->at != TIMER_NEVER;
    char text[ID_TEXT];
    pack_put_map (out, 6 + comes + 2 * id + (a->lead.size > 0) + (a->party.size > 0) +
                           (a->severity != NULL) + (a->stage != NULL) + (a->title.size > 0));
    if (comes)
        put_int (out, "at", t->at);
    put_text (out, "class", classes[a->subject.class]);
    put_text (out, "clock", t->clock);
    put_int (out, "due", t->due);
    if (id) {
        msg_id_text (&a->id, text);
        put_text (out, "id", text);
    }
    if (a->lead.size > 0)
        put_span (out, "lead", a->lead);
    put_text (out, "mode", cb_mode_name (a->mode));
    if (a->party.size > 0)
        put_span (out, "party", a->party);
    if (id) {
        pack_put_text (out, "ref");
        put_ref (out, &a->id);
    }
    if (a->severity != NULL)
        put_text (out, "severity", a->severity);
    if (a->stage != NULL)
        put_text (out, "stage", a->stage);
    put_int (out, "started", t->started);
    put_text (out, "step", comes ? clock_step_name (t->step) : "");
    if (a->title.size > 0)
        put_span (out, "title", a->title);
}

static void put_clock (struct pack_out *out, struct store *store, const struct subject *subject,
                       const struct timer *timer)
{
    struct about about = { .subject = *subject, .timer = *timer };
    about_of (store, &about);
    put_about (out, &about);
    free (about.bytes);
}

size_t local_put_clocks (struct pack_out *out, struct store *store, const struct msg_id *id)
{
    struct timer timers[TIMERS_MAX], clocks[TIMERS_MAX];
    struct subject subject;
    subject_id (&subject, SUBJECT_CASE, id);
    size_t count = timers_clocks (timers, timers_get (store->journal, &subject, timers), clocks);
    pack_put_text (out, "clocks");
    pack_put_array (out, count);
    for (size_t i = 0; i < count; i++)
        put_clock (out, store, &subject, &clocks[i]);
    return count;
}

/* --- In the journal's thread --------------------------------------------------------------- */

static void one_case_run (struct clocks_job *job, struct store *store)
{
    struct clock_past past[PAST_MAX];
    struct clock_case one;
    struct thread thread;
    local_put_clocks (&job->rows, store, &job->id);
    if (!thread_read (store->journal, &job->id, &thread))
        return;
    if (clock_case_read (store, &job->id, &one)) {
        job->past = clocks_past (past, PAST_MAX, thread.entries, thread.count, &one.view);
        clock_case_clear (&one);
    }
    thread_clear (&thread);
    for (size_t i = 0; i < job->past; i++) {
        pack_put_map (&job->past_rows, 4 + (past[i].done > 0));
        put_text (&job->past_rows, "clock", clock_name (past[i].clock));
        if (past[i].done > 0)
            put_int (&job->past_rows, "done", past[i].done);
        put_int (&job->past_rows, "due", past[i].due);
        put_span (&job->past_rows, "party", span_of (store->self));
        put_int (&job->past_rows, "started", past[i].started);
    }
}

/* There is no room for more: they are for the next answer. */
static bool is_enough (struct clocks_job *job, size_t looked)
{
    job->more = job->count == job->limit || pack_result (&job->rows).size > ROWS_BYTES ||
                looked == ROWS_LOOKED;
    return job->more;
}

static void clocks_run (struct job *base, struct store *store)
{
    struct clocks_job *job = (struct clocks_job *) base;
    struct subject subject;
    struct timer timer;
    if (job->id.origin.size > 0) {
        one_case_run (job, store);
        return;
    }
    for (size_t looked = 0; !is_enough (job, looked); looked++) {
        struct key here = job->after;
        if (!timers_next_clock (store->journal, &here, &subject, &timer))
            return;
        job->after = here;
        if (!is_for_people (&subject) || (job->class != 0 && subject.class != job->class))
            continue;
        put_clock (&job->rows, store, &subject, &timer);
        job->count++;
    }
}

static void put_breach (struct pack_out *out, struct store *store, const struct breach *b)
{
    struct case_state state;
    char text[ID_TEXT];
    uint8_t *bytes = threads_case (store->journal, &b->id, &state);
    msg_id_text (&b->id, text);
    pack_put_map (out, 6 + (b->done > 0) + (bytes != NULL && state.title.size > 0));
    put_text (out, "clock", clock_name (b->clock));
    if (b->done > 0)
        put_int (out, "done", b->done);
    put_int (out, "due", b->due);
    put_text (out, "id", text);
    put_span (out, "party", b->party);
    pack_put_text (out, "ref");
    put_ref (out, &b->id);
    put_text (out, "severity", severity_name (b->severity));
    if (bytes != NULL && state.title.size > 0)
        put_span (out, "title", state.title);
    free (bytes);
}

static void breaches_run (struct job *base, struct store *store)
{
    struct clocks_job *job = (struct clocks_job *) base;
    struct breach breach;
    for (size_t looked = 0; !is_enough (job, looked); looked++) {
        struct key here = job->after;
        if (!breaches_next (store->journal, span_of (job->party), &here, &breach))
            return;
        if (breach.due >= job->since) {
            put_breach (&job->rows, store, &breach);
            job->count++;
        }
        job->after = here;
    }
}

/* --- In the loop --------------------------------------------------------------------------- */

static void put_hold (struct pack_out *out, const struct clock_hold *hold)
{
    pack_put_text (out, "hold");
    pack_put_map (out, 2);
    put_int (out, "jumped", hold->jumped);
    put_int (out, "since", hold->since);
}

static void clocks_done (struct job *base, struct station *station)
{
    struct clocks_job *job = (struct clocks_job *) base;
    struct clock_hold hold = timers_hold (station);
    bool one = job->id.origin.size > 0;
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 4 + (hold.held && !job->breaches) + one);
    if (job->breaches) {
        pack_put_text (&out, "breaches");
        pack_put_array (&out, job->count);
    } else if (!one) {
        pack_put_text (&out, "clocks");
        pack_put_array (&out, job->count);
    }
    pack_put_raw (&out, pack_result (&job->rows));
    if (hold.held && !job->breaches)
        put_hold (&out, &hold);
    put_bool (&out, "more", job->more);
    pack_put_text (&out, "next");
    pack_put_bin (&out, key_span (&job->after));
    put_bool (&out, "ok", true);
    if (one) {
        pack_put_text (&out, "past");
        pack_put_array (&out, job->past);
        pack_put_raw (&out, pack_result (&job->past_rows));
    }
    answer_send (&job->asker, &out);
    pack_free (&out);
    pack_free (&job->rows);
    pack_free (&job->past_rows);
    free (job);
}

static unsigned class_of (struct span name)
{
    unsigned class = SUBJECT_CLASSES;
    while (class > 0 && (classes[--class] == NULL || !span_is (name, classes[class])))
        continue;
    return class;
}

/* Where the next answer goes on, as the last one said. */
static bool read_after (const struct question *q, enum table table, struct key *after)
{
    struct span bytes = ask_bin (q, "after");
    if (bytes.size > KEY_MAX || (bytes.size > 0 && bytes.data[0] != (uint8_t) table))
        return false;
    after->size = bytes.size;
    if (bytes.size > 0)
        memcpy (after->bytes, bytes.data, bytes.size);
    return true;
}

static struct clocks_job *job_of (const struct question *q, enum table table,
                                  void (*run) (struct job *job, struct store *store))
{
    struct clocks_job *job = job_new (sizeof *job, run, clocks_done);
    int64_t limit = ask_int (q, "limit", ROWS_USUAL);
    job->asker = q->asker;
    job->breaches = table == TABLE_BREACHES;
    job->limit = limit < 1 ? 1 : limit > ROWS_MAX ? ROWS_MAX : (size_t) limit;
    pack_init (&job->rows);
    pack_init (&job->past_rows);
    if (read_after (q, table, &job->after))
        return job;
    answer_refuse (&q->asker, "usage", "after: pass on the next of the last answer");
    free (job);
    return NULL;
}

void local_clocks (const struct question *q)
{
    struct span class = ask_text (q, "class");
    struct msg_id id;
    if (!ask_ref (q, "id", &id) || (class.size > 0 && class_of (class) == 0)) {
        answer_refuse (&q->asker, "usage",
                       "clocks: id is a ref; class is case, advisory, bulletin, silence, return "
                       "or exercise");
        return;
    }
    struct clocks_job *job = job_of (q, TABLE_CLOCKS, clocks_run);
    if (job == NULL)
        return;
    job->class = class.size > 0 ? class_of (class) : 0;
    span_text (id.origin, job->origin, sizeof job->origin);
    job->id = id;
    job->id.origin = span_of (job->origin);
    store_submit (q->station->store, &job->job);
}

void local_breaches (const struct question *q)
{
    struct span party = ask_text (q, "party");
    if (party.size > 0 && !party_valid (party)) {
        answer_refuse (&q->asker, "usage", "breaches: party is a party's name");
        return;
    }
    struct clocks_job *job = job_of (q, TABLE_BREACHES, breaches_run);
    if (job == NULL)
        return;
    span_text (party, job->party, sizeof job->party);
    job->since = ask_int (q, "since", 0);
    store_submit (q->station->store, &job->job);
}

void local_confirm (const struct question *q)
{
    struct clock_hold hold = timers_hold (q->station);
    struct pack_out out;
    timers_confirm (q->station);
    pack_init (&out);
    pack_put_map (&out, 2);
    put_bool (&out, "held", hold.held);
    put_bool (&out, "ok", true);
    answer_send (&q->asker, &out);
    pack_free (&out);
}
