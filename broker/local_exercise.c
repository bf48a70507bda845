/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/casework/exercises_own.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MAX 100

struct exercise_job {
    struct job job;
    struct asker asker;
    char origin[PARTY_MAX + 1], self[PARTY_MAX + 1];
    struct msg_id id; /* no origin: all of them */
    struct key after; /* of the list */
    size_t limit;
    int64_t now;
    bool found;
    struct pack_out out;
};

/* --- One of them --------------------------------------------------------------------------- */

static void put_audience (struct pack_out *out, const struct exercise *exercise)
{
    pack_put_text (out, "audience");
    pack_put_array (out, exercise->audience_count);
    for (size_t i = 0; i < exercise->audience_count; i++) {
        char text[TERM_MAX + 1];
        pack_put_str (out, term_text (&exercise->audience[i], text));
    }
}

/* The steps that this party may take now. */
static void put_may (struct pack_out *out, const struct exercise_job *job,
                     const struct exercise *exercise)
{
    static const enum exercise_what steps[] = { EXERCISE_START, EXERCISE_PAUSE, EXERCISE_RESUME,
                                                EXERCISE_STOP };
    bool may[sizeof steps / sizeof steps[0]];
    size_t count = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        may[i] = party_within (exercise->id.origin, span_of (job->self)) &&
                 exercise_refuses (exercise, steps[i], job->now) == NULL;
        count += may[i];
    }
    pack_put_text (out, "may");
    pack_put_array (out, count);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (may[i])
            pack_put_text (out, exercise_what_name (steps[i]));
}

static void put_exercise (struct pack_out *out, const struct exercise_job *job,
                          const struct exercise *exercise)
{
    char id[ID_TEXT];
    bool started = exercise->started > 0, ended = exercise->ended > 0;
    msg_id_text (&exercise->id, id);
    pack_put_map (out, 14 + started + ended);
    put_int (out, "announced", exercise->announced);
    put_audience (out, exercise);
    put_bool (out, "emergency", exercise->emergency);
    if (ended)
        put_int (out, "ended", exercise->ended);
    put_int (out, "from", exercise->from);
    put_text (out, "id", id);
    put_may (out, job, exercise);
    put_span (out, "origin", exercise->id.origin);
    put_bool (out, "own", span_is (exercise->id.origin, job->self));
    put_int (out, "ran", exercise_ran (exercise, job->now));
    pack_put_text (out, "ref");
    put_ref (out, &exercise->id);
    put_text (out, "stands", exercise_stands_name (exercise_at (exercise, job->now)));
    if (started)
        put_int (out, "started", exercise->started);
    put_span (out, "title", exercise->title);
    put_uint (out, "tlp", exercise->tlp);
    put_int (out, "until", exercise->until);
}

/* --- Its injects --------------------------------------------------------------------------- */

static void put_inject (struct pack_out *out, struct store *store, const struct exercise *exercise,
                        struct span inject)
{
    struct msg_id message;
    char origin[PARTY_MAX + 1];
    int64_t issued = 0;
    struct span name = body_text (inject, "id");
    bool sent = exercise_sent (store, &exercise->id, name, &message, &issued, origin);
    int64_t due = sent ? 0 : exercise_due (exercise, body_int (inject, "at", 0));
    pack_put_map (out, 5 + (due > 0) + 2 * sent);
    put_int (out, "at", body_int (inject, "at", 0));
    if (due > 0)
        put_int (out, "due", due);
    put_span (out, "id", name);
    put_span (out, "kind", body_text (inject, "kind"));
    if (sent) {
        char id[ID_TEXT];
        msg_id_text (&message, id);
        put_text (out, "message", id);
        put_int (out, "sent", issued);
    }
    put_span (out, "title", body_text (body_bytes (inject, "body"), "title"));
    pack_put_text (out, "to");
    pack_put_raw (out, body_field (inject, "to"));
}

static void put_injects (struct pack_out *out, struct store *store, const struct exercise *exercise,
                         struct span plan)
{
    struct pack_in in = pack_open (body_field (plan, "injects"));
    size_t count = pack_peek (&in) == PACK_ARRAY ? pack_array (&in, 0, EXERCISE_INJECTS) : 0;
    pack_put_text (out, "injects");
    pack_put_array (out, count);
    for (size_t i = 0; i < count; i++)
        put_inject (out, store, exercise, pack_nested (&in, 1));
}

/* --- Its score ----------------------------------------------------------------------------- */

static void put_marks (struct pack_out *out, struct store *store, const struct exercise_job *job,
                       const struct exercise *exercise, struct span plan)
{
    struct exercise_mark *marks = calloc (EXERCISE_MARKS, sizeof *marks);
    if (marks == NULL)
        abort ();
    size_t count = exercise_score (store, exercise, plan, job->now, marks);
    pack_put_text (out, "score");
    pack_put_array (out, count);
    for (size_t i = 0; i < count; i++)
        exercise_put_mark (out, &marks[i]);
    free (marks);
}

/* What the announcer has sent of it: who did not plan it knows no more. */
static void put_told (struct pack_out *out, struct store *store, const struct exercise_job *job,
                      const struct exercise *exercise)
{
    struct key key;
    struct span value;
    struct record record;
    struct envelope e;
    struct msg_id id = { .seq = 0 };
    uint8_t *copy = NULL;
    exercise_key (&key, EXERCISE_ROW_SCORED, &exercise->id);
    key_text (&key, span_of (job->self));
    if (journal_get (store->journal, key_span (&key), &value) == JOURNAL_OK) {
        struct pack_in in = pack_open (value);
        if (msg_id_read (&in, &id))
            copy = store_message (store, take_find (store->journal, &id, false), &record, &e);
    }
    struct span rows = copy != NULL ? body_field (e.body, "rows") : (struct span){ NULL, 0 };
    pack_put_text (out, "score");
    if (rows.size > 0)
        pack_put_raw (out, rows);
    else
        pack_put_array (out, 0);
    free (copy);
}

/* Keys: exercise, injects, ok, planned, score. */
static void run_one (struct exercise_job *job, struct store *store)
{
    struct exercise_held held;
    struct record record;
    struct envelope e;
    uint8_t *plan = NULL;
    job->found = exercise_hold (store, &job->id, &held);
    if (!job->found)
        return;
    if (held.state.plan.origin.size > 0)
        plan =
            store_message (store, take_find (store->journal, &held.state.plan, false), &record, &e);
    pack_put_map (&job->out, 5);
    pack_put_text (&job->out, "exercise");
    put_exercise (&job->out, job, &held.state);
    put_injects (&job->out, store, &held.state,
                 plan != NULL ? e.body : (struct span){ .data = NULL, .size = 0 });
    put_bool (&job->out, "ok", true);
    put_bool (&job->out, "planned", plan != NULL);
    if (plan != NULL)
        put_marks (&job->out, store, job, &held.state, e.body);
    else
        put_told (&job->out, store, job, &held.state);
    free (plan);
    exercise_release (&held);
}

/* --- All of them --------------------------------------------------------------------------- */

static void run_all (struct exercise_job *job, struct store *store)
{
    struct key prefix, last;
    struct span key, value;
    struct pack_out list;
    size_t count = 0;
    bool more = false;
    exercise_key (&prefix, EXERCISE_ROW_STATE, NULL);
    last = job->after;
    pack_init (&list);
    while (table_next (store->journal, &prefix, &job->after, &key, &value)) {
        struct exercise exercise;
        if ((more = count == job->limit || pack_result (&list).size > LOCAL_FRAME_MAX / 2))
            break;
        last = job->after;
        if (!exercise_read (&exercise, value))
            continue;
        put_exercise (&list, job, &exercise);
        count++;
    }
    pack_put_map (&job->out, 4);
    pack_put_text (&job->out, "exercises");
    pack_put_array (&job->out, count);
    pack_put_raw (&job->out, pack_result (&list));
    put_bool (&job->out, "more", more);
    pack_put_text (&job->out, "next");
    pack_put_bin (&job->out, key_span (&last));
    put_bool (&job->out, "ok", true);
    pack_free (&list);
    job->found = true;
}

static void exercise_run (struct job *base, struct store *store)
{
    struct exercise_job *job = (struct exercise_job *) base;
    pack_init (&job->out);
    if (job->id.origin.size > 0)
        run_one (job, store);
    else
        run_all (job, store);
}

static void exercise_done (struct job *base, struct station *station)
{
    struct exercise_job *job = (struct exercise_job *) base;
    (void) station;
    if (job->found)
        answer_send (&job->asker, &job->out);
    else
        answer_refuse (&job->asker, "not-found", "no such exercise was announced here");
    pack_free (&job->out);
    free (job);
}

void local_exercise (const struct question *q)
{
    struct exercise_job *job = job_new (sizeof *job, exercise_run, exercise_done);
    struct span after = ask_bin (q, "after");
    job->asker = q->asker;
    job->now = clock_utc ();
    job->limit = (size_t) ask_int (q, "limit", PAGE_MAX);
    if (job->limit == 0 || job->limit > PAGE_MAX || after.size > KEY_MAX ||
        !ask_ref (q, "id", &job->id)) {
        answer_refuse (&q->asker, "usage", "id: a reference; limit: 1 to 100; after: as `next`");
        free (job);
        return;
    }
    span_text (station_name (q->station), job->self, sizeof job->self);
    span_text (job->id.origin, job->origin, sizeof job->origin);
    if (job->id.origin.size > 0)
        job->id.origin = span_of (job->origin);
    job->after.size = after.size;
    if (after.size > 0)
        memcpy (job->after.bytes, after.data, after.size);
    store_submit (q->station->store, &job->job);
}
