/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_case.h"

#include "broker/carrier.h"
#include "bus/core/schema.h"

#include <stdlib.h>
#include <string.h>

/* Steps that are told of, the newest ones, and the bytes of all of them. */
#define STEPS_TOLD  500
#define STEPS_BYTES ((size_t) 640 * 1024)
/* Cases in one answer, and those that are looked at for it. */
#define CASES_MAX    500
#define CASES_LOOKED 4096
#define CASES_BYTES  ((size_t) 768 * 1024)

/* --- Maps whose keys are not always all there ----------------------------------------------- */

struct pairs {
    struct pack_out out;
    size_t count;
};

static void pairs_end (struct pack_out *out, struct pairs *pairs)
{
    pack_put_map (out, pairs->count);
    pack_put_raw (out, pack_result (&pairs->out));
    pack_free (&pairs->out);
}

static struct pack_out *pair (struct pairs *pairs, const char *key)
{
    pairs->count++;
    pack_put_text (&pairs->out, key);
    return &pairs->out;
}

static void pair_text (struct pairs *pairs, const char *key, struct span text)
{
    if (text.size > 0)
        pack_put_str (pair (pairs, key), text);
}

static void pair_name (struct pairs *pairs, const char *key, const char *name)
{
    pair_text (pairs, key, span_of (name));
}

static void pair_time (struct pairs *pairs, const char *key, int64_t time)
{
    if (time > 0)
        pack_put_int (pair (pairs, key), time);
}

static void pair_id (struct pairs *pairs, const char *key, const struct msg_id *id)
{
    char text[ID_TEXT];
    if (id->origin.size == 0)
        return;
    msg_id_text (id, text);
    pair_name (pairs, key, text);
}

static void pair_ref (struct pairs *pairs, const char *key, const struct msg_id *id)
{
    if (id->origin.size > 0)
        put_ref (pair (pairs, key), id);
}

/* --- A case -------------------------------------------------------------------------------- */

/* What a step says in words. */
static struct span text_of (const struct held *held, enum case_step what)
{
    return body_text (held->e.body, what == CASE_REPORT ? "description" : "text");
}

static void put_question (struct pack_out *out, struct store *store,
                          const struct case_question *question)
{
    struct pairs pairs = { .count = 0 };
    struct held held;
    bool here = held_read (store, &question->id, &held);
    pack_init (&pairs.out);
    pair_time (&pairs, "asked", question->asked);
    pair_text (&pairs, "by", question->by);
    pair_id (&pairs, "id", &question->id);
    pair_text (&pairs, "of", question->of);
    pair_ref (&pairs, "ref", &question->id);
    if (here)
        pair_text (&pairs, "text", text_of (&held, CASE_ASK));
    pairs_end (out, &pairs);
    if (here)
        held_free (&held);
}

static void pair_questions (struct pairs *pairs, struct store *store,
                            const struct case_state *state)
{
    struct pack_out *out = pair (pairs, "questions");
    pack_put_array (out, state->question_count);
    for (size_t i = 0; i < state->question_count; i++)
        put_question (out, store, &state->questions[i]);
}

static void pair_heads (struct pairs *pairs, const struct case_state *state)
{
    struct pack_out *out = pair (pairs, "heads");
    pack_put_array (out, state->head_count);
    for (size_t i = 0; i < state->head_count; i++)
        pack_put_bin (out, span_bytes (state->heads[i].bytes, HASH_SIZE));
}

static void pair_parties (struct pairs *pairs, const struct case_state *state)
{
    struct pack_out *out = pair (pairs, "participants");
    pack_put_array (out, state->party_count);
    for (size_t i = 0; i < state->party_count; i++)
        pack_put_str (out, state->parties[i]);
}

/* With a store, what belongs to one case alone, too. */
static void put_state (struct pack_out *out, const struct case_state *state, struct store *store)
{
    struct pairs pairs = { .count = 0 };
    pack_init (&pairs.out);
    pair_time (&pairs, "acknowledged", state->acknowledged);
    pair_text (&pairs, "acknowledged_at", state->acknowledged_at);
    pair_text (&pairs, "acknowledged_by", state->acknowledged_by);
    pair_text (&pairs, "assignee", state->assignee);
    pair_time (&pairs, "aware", state->aware);
    pair_text (&pairs, "climb", state->climb);
    pair_time (&pairs, "closed", state->closed);
    pair_time (&pairs, "contained", state->contained);
    pair_time (&pairs, "detect", state->detect);
    pair_text (&pairs, "disposition", state->disposition);
    pair_id (&pairs, "duplicate_of", &state->duplicate_of);
    pair_text (&pairs, "escalated", state->escalated);
    pair_ref (&pairs, "exercise", &state->exercise);
    if (state->full)
        pack_put_bool (pair (&pairs, "full"), true);
    if (store != NULL)
        pair_heads (&pairs, state);
    pair_id (&pairs, "id", &state->id);
    pair_text (&pairs, "lead", state->lead);
    pair_time (&pairs, "lead_news", state->lead_news);
    pair_name (&pairs, "mode", cb_mode_name (state->mode));
    pair_time (&pairs, "news", state->news);
    pair_time (&pairs, "next_update", state->next_update);
    pair_text (&pairs, "origin", state->id.origin);
    if (store != NULL)
        pair_parties (&pairs, state);
    pair_id (&pairs, "proposed", &state->proposed);
    pack_put_uint (pair (&pairs, "question_count"), state->question_count);
    if (store != NULL)
        pair_questions (&pairs, store, state);
    pair_time (&pairs, "recovered", state->recovered);
    pair_ref (&pairs, "ref", &state->id);
    pair_time (&pairs, "reopened", state->reopened);
    pair_id (&pairs, "report", &state->report);
    pair_time (&pairs, "reported", state->reported);
    pair_name (&pairs, "severity", severity_name (state->severity));
    pair_name (&pairs, "stage", case_stage_name (state->stage));
    pack_put_uint (pair (&pairs, "steps"), state->steps);
    pack_put_bool (pair (&pairs, "stub"), state->stub);
    pair_text (&pairs, "title", state->title);
    pair_name (&pairs, "tlp", cb_tlp_name (state->tlp));
    pair_text (&pairs, "type", state->type);
    pack_put_uint (pair (&pairs, "voids"), state->voids);
    pairs_end (out, &pairs);
}

void put_case (struct pack_out *out, const struct case_state *state)
{
    put_state (out, state, NULL);
}

static void put_step (struct pack_out *out, struct store *store, const struct case_entry *entry)
{
    const struct step *step = &entry->step;
    struct pairs pairs = { .count = 0 };
    struct held held;
    bool here = held_read (store, &step->id, &held);
    pack_init (&pairs.out);
    pair_id (&pairs, "id", &step->id);
    pair_time (&pairs, "issued", step->issued);
    pair_text (&pairs, "officer", step->officer);
    pair_text (&pairs, "origin", step->id.origin);
    pack_put_int (pair (&pairs, "position"), here ? held.record.position : 0);
    pair_ref (&pairs, "ref", &step->id);
    pair_name (&pairs, "step", case_step_name (step->what));
    if (here) {
        pair_time (&pairs, "taken", held.record.taken);
        pair_text (&pairs, "text", text_of (&held, step->what));
    }
    if (entry->why != CASE_VOID_NONE)
        pair_name (&pairs, "void", case_void_text (entry->why));
    pairs_end (out, &pairs);
    if (here)
        held_free (&held);
}

/* The newest that fit, in their order. Returns whether some are left out. */
static bool put_steps (struct pack_out *out, struct store *store, const struct thread *thread)
{
    struct pack_out backwards;
    size_t ends[STEPS_TOLD + 1] = { 0 }, told = 0;
    pack_init (&backwards);
    while (told < STEPS_TOLD && told < thread->count && ends[told] < STEPS_BYTES) {
        put_step (&backwards, store, &thread->entries[thread->count - 1 - told]);
        ends[++told] = pack_result (&backwards).size;
    }
    pack_put_array (out, told);
    for (size_t i = told; i > 0; i--)
        pack_put_raw (
            out, span_bytes (pack_result (&backwards).data + ends[i - 1], ends[i] - ends[i - 1]));
    pack_free (&backwards);
    return told < thread->count;
}

static void put_may (struct pack_out *out, unsigned may)
{
    size_t count = 0;
    for (unsigned step = 0; step < CASE_STEP_END; step++)
        count += (may >> step) & 1;
    pack_put_array (out, count);
    for (unsigned step = 0; step < CASE_STEP_END; step++)
        if (((may >> step) & 1) != 0)
            pack_put_text (out, case_step_name (step));
}

static void put_thread (struct pack_out *out, struct store *store, const struct thread *thread)
{
    pack_put_map (out, 6);
    pack_put_text (out, "case");
    put_state (out, &thread->state, store);
    local_put_clocks (out, store, &thread->state.id);
    pack_put_text (out, "may");
    put_may (out, case_may (&thread->state, span_of (store->self)));
    put_bool (out, "ok", true);
    pack_put_text (out, "steps");
    bool more = put_steps (out, store, thread);
    put_bool (out, "steps_more", more);
}

/* --- case ---------------------------------------------------------------------------------- */

struct case_job {
    struct job job;
    struct asker asker;
    struct case_named named;
    bool again;
    struct pack_out out;
};

static void case_run (struct job *base, struct store *store)
{
    struct case_job *job = (struct case_job *) base;
    struct thread thread;
    job->again = !case_find (&job->named, store, &job->out);
    if (job->again || job->named.refused)
        return;
    if (!thread_read (store->journal, &job->named.id, &thread))
        return;
    put_thread (&job->out, store, &thread);
    thread_clear (&thread);
}

static void case_done (struct job *base, struct station *station)
{
    struct case_job *job = (struct case_job *) base;
    if (job->again && !station->stopping) {
        store_submit (station->store, base);
        return;
    }
    if (job->again)
        answer_refuse (&job->asker, "away", "the broker is leaving");
    else if (pack_result (&job->out).size == 0)
        answer_refuse (&job->asker, "not-found", "no such case here");
    else
        answer_send (&job->asker, &job->out);
    pack_free (&job->out);
    free (job);
}

void local_case (const struct question *q)
{
    struct case_job *job = job_new (sizeof *job, case_run, case_done);
    job->asker = q->asker;
    pack_init (&job->out);
    if (case_named (&job->named, q)) {
        store_submit (q->station->store, &job->job);
        return;
    }
    pack_free (&job->out);
    free (job);
}

/* --- cases --------------------------------------------------------------------------------- */

struct cases_job {
    struct job job;
    struct asker asker;
    struct key after; /* of the table that is walked; size 0: from the first */
    size_t limit;
    bool closed, more;
    int64_t mode; /* -1: any */
    struct pack_out list;
    size_t count;
};

static void cases_run (struct job *base, struct store *store)
{
    struct cases_job *job = (struct cases_job *) base;
    struct case_state state;
    uint8_t *bytes;
    size_t looked = 0;
    job->more = true;
    while (job->count < job->limit && looked++ < CASES_LOOKED &&
           pack_result (&job->list).size < CASES_BYTES) {
        bytes = threads_next (store->journal, !job->closed, &job->after, &state);
        job->more = bytes != NULL;
        if (!job->more)
            return;
        if ((job->mode < 0 || state.mode == job->mode) &&
            case_names (&state, span_of (store->self))) {
            put_case (&job->list, &state);
            job->count++;
        }
        free (bytes);
    }
}

static void cases_done (struct job *base, struct station *station)
{
    struct cases_job *job = (struct cases_job *) base;
    struct span next = key_span (&job->after);
    struct pack_out out;
    (void) station;
    pack_init (&out);
    pack_put_map (&out, 4);
    pack_put_text (&out, "cases");
    pack_put_array (&out, job->count);
    pack_put_raw (&out, pack_result (&job->list));
    put_bool (&out, "more", job->more);
    pack_put_text (&out, "next");
    pack_put_bin (&out, next.size > 0 ? span_bytes (next.data + 1, next.size - 1) : next);
    put_bool (&out, "ok", true);
    answer_send (&job->asker, &out);
    pack_free (&out);
    pack_free (&job->list);
    free (job);
}

void local_cases (const struct question *q)
{
    struct span after = ask_bin (q, "after");
    int64_t limit = ask_int (q, "limit", CASES_MAX), mode = ask_int (q, "mode", -1);
    if (limit < 1 || limit > CASES_MAX || mode < -1 || mode >= CB_MODE_END ||
        after.size >= KEY_MAX) {
        answer_refuse (&q->asker, "usage", "limit, mode or after is out of its range");
        return;
    }
    struct cases_job *job = job_new (sizeof *job, cases_run, cases_done);
    job->asker = q->asker;
    job->limit = (size_t) limit;
    job->mode = mode;
    job->closed = ask_bool (q, "closed");
    pack_init (&job->list);
    if (after.size > 0) {
        key_begin (&job->after, job->closed ? TABLE_CASES : TABLE_OPEN);
        key_bytes (&job->after, after);
    }
    store_submit (q->station->store, &job->job);
}
