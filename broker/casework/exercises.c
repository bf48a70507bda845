/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/exercises.h"

#include "broker/casework/exercises_own.h"

#include "bus/core/case.h"

#include <stdlib.h>
#include <string.h>

/* Injects that wait for their time; the others follow when these were sent. */
#define NEXT_MAX 56

void exercise_key (struct key *key, enum exercise_row row, const struct msg_id *id)
{
    key_begin (key, TABLE_EXERCISES);
    key_u8 (key, row);
    if (id != NULL)
        key_id (key, id);
}

/* The end of a key behind an exercise: issued, leaf. */
static void key_when (struct key *key, const struct envelope *e)
{
    key_u64 (key, (uint64_t) e->issued);
    key_hash (key, &e->leaf);
}

static void put_id (struct store *store, const struct key *key, const struct msg_id *id)
{
    struct pack_out out;
    pack_init (&out);
    msg_id_pack (&out, id);
    store_ok (store, journal_put (store->journal, key_span (key), pack_result (&out)));
    pack_free (&out);
}

static void touch (struct store *store, const struct msg_id *id)
{
    struct subject subject;
    subject_id (&subject, SUBJECT_EXERCISE, id);
    casework_touch (store, &subject);
}

/* --- What is known of one ------------------------------------------------------------------ */

bool exercise_hold (struct store *store, const struct msg_id *id, struct exercise_held *out)
{
    struct key key;
    struct span value;
    *out = (struct exercise_held){ .row = NULL };
    exercise_key (&key, EXERCISE_ROW_STATE, id);
    if (journal_get (store->journal, key_span (&key), &value) != JOURNAL_OK)
        return false;
    out->row = malloc (value.size > 0 ? value.size : 1);
    if (out->row == NULL)
        abort ();
    if (value.size > 0)
        memcpy (out->row, value.data, value.size);
    if (exercise_read (&out->state, span_bytes (out->row, value.size)))
        return true;
    exercise_release (out);
    return false;
}

void exercise_release (struct exercise_held *held)
{
    free (held->row);
    *held = (struct exercise_held){ .row = NULL };
}

bool exercise_sent (struct store *store, const struct msg_id *exercise, struct span name,
                    struct msg_id *message, int64_t *issued, char origin[PARTY_MAX + 1])
{
    struct key prefix, after = { .size = 0 };
    struct span key, value;
    exercise_key (&prefix, EXERCISE_ROW_SENT, exercise);
    key_text (&prefix, name);
    if (!table_next (store->journal, &prefix, &after, &key, &value))
        return false;
    struct pack_in in = pack_open (value);
    if (!msg_id_read (&in, message))
        return false;
    span_text (message->origin, origin, PARTY_MAX + 1);
    message->origin = span_of (origin);
    *issued = (int64_t) read_u64 (after.bytes + prefix.size);
    return true;
}

/* --- What a message says ------------------------------------------------------------------- */

static bool reads (struct span kind)
{
    static const char *const kinds[] = { "exercise", "incident", "advisory", "escalation" };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (span_is (kind, kinds[i]))
            return true;
    return false;
}

static bool plays (struct span kind)
{
    return reads (kind) || span_is (kind, "note");
}

/* Of the announcer, or of a CERT above it. */
static bool may_run (const struct envelope *e)
{
    return party_within (e->thread.origin, e->id.origin);
}

static void fold_run (struct store *store, const struct envelope *e)
{
    enum exercise_what what = exercise_what (body_text (e->body, "step"));
    struct key key;
    if (what == EXERCISE_ANNOUNCE) {
        touch (store, &e->id);
        return;
    }
    if (e->thread.origin.size == 0 || !may_run (e))
        return;
    if (what == EXERCISE_SCORE) {
        exercise_key (&key, EXERCISE_ROW_SCORED, &e->thread);
        key_text (&key, e->audience_count > 0 ? e->audience[0].name : e->id.origin);
        put_id (store, &key, &e->id);
    } else {
        struct pack_in emergency = pack_open (body_field (e->body, "emergency"));
        exercise_key (&key, EXERCISE_ROW_STEP, &e->thread);
        key_when (&key, e);
        struct pack_out out;
        pack_init (&out);
        pack_put_array (&out, 3);
        pack_put_uint (&out, what);
        msg_id_pack (&out, &e->id);
        pack_put_bool (&out, pack_bool (&emergency));
        store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&out)));
        pack_free (&out);
    }
    touch (store, &e->thread);
}

/* A compliance says up to three things at once. */
static unsigned done_by (const struct envelope *e, unsigned done[3])
{
    unsigned count = 0;
    if (span_is (e->kind, "compliance")) {
        if (body_field (e->body, "acknowledged").size > 0)
            done[count++] = EXERCISE_CLOCK_ADVISORY_ACKNOWLEDGE;
        if (body_field (e->body, "applicable").size > 0)
            done[count++] = EXERCISE_CLOCK_ADVISORY_APPLICABLE;
        if (exercise_actions_done (body_field (e->body, "actions")))
            done[count++] = EXERCISE_CLOCK_ADVISORY_DONE;
        return count;
    }
#define DID_X(NAME, number, name, of_kind, thread)                                                 \
    if (span_is (e->kind, of_kind) &&                                                              \
        (!span_is (e->kind, "update") || span_is (body_text (e->body, "step"), name)))             \
        done[count++] = number;
    EXERCISE_CLOCKS (DID_X)
#undef DID_X
    return count;
}

static void fold_did (struct store *store, const struct envelope *e)
{
    unsigned done[3], count = done_by (e, done);
    struct key key;
    for (unsigned i = 0; i < count; i++) {
        exercise_key (&key, EXERCISE_ROW_DID, &e->exercise);
        key_text (&key, e->id.origin);
        key_u8 (&key, done[i]);
        key_when (&key, e);
        put_id (store, &key, &e->thread);
    }
}

/* What is played. */
static void fold_part (struct store *store, const struct envelope *e)
{
    static const char by[] = EXERCISE_BY;
    size_t size = sizeof by - 1;
    struct key key;
    bool report = span_is (e->kind, "incident");
    if (report || span_is (e->kind, "advisory")) {
        exercise_key (&key, EXERCISE_ROW_PLAYED, &e->exercise);
        key_u8 (&key, report ? SUBJECT_CASE : SUBJECT_ADVISORY);
        key_id (&key, &e->id);
        store_ok (store, journal_put (store->journal, key_span (&key), span_of ("")));
    }
    if (span_equal (e->id.origin, e->exercise.origin) && e->officer.size > size &&
        memcmp (e->officer.data, by, size) == 0) {
        exercise_key (&key, EXERCISE_ROW_SENT, &e->exercise);
        key_text (&key, span_bytes (e->officer.data + size, e->officer.size - size));
        key_when (&key, e);
        put_id (store, &key, &e->id);
        touch (store, &e->exercise);
    }
    fold_did (store, e);
}

/* What leaves nobody time for a play. A report that says nothing of its severity may be anything. */
static bool is_emergency (const struct envelope *e)
{
    struct span severity = body_text (e->body, "severity");
    if (span_is (e->kind, "incident") && severity.size == 0)
        return true;
    if (!span_is (e->kind, "incident") && !span_is (e->kind, "escalation") &&
        !span_is (e->kind, "update") && !span_is (e->kind, "advisory"))
        return false;
    return span_is (severity, "S1") || span_is (severity, "S2") ||
           (span_is (severity, "undetermined") && !span_is (e->kind, "update"));
}

static void fold_emergency (struct store *store, int64_t position)
{
    struct key key, prefix, after = { .size = 0 };
    struct span found, value;
    exercise_key (&key, EXERCISE_ROW_EMERGENCY, NULL);
    store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) position));
    exercise_key (&prefix, EXERCISE_ROW_OPEN, NULL);
    while (table_next (store->journal, &prefix, &after, &found, &value)) {
        struct subject subject = { .class = SUBJECT_EXERCISE };
        subject.key.size = found.size - prefix.size;
        memcpy (subject.key.bytes, found.data + prefix.size, subject.key.size);
        casework_touch (store, &subject);
    }
}

static void fold (struct store *store, const struct intake_batch *batch, const struct item *item,
                  const struct envelope *e)
{
    (void) batch;
    if (e->mode == CB_MODE_EXERCISE)
        fold_part (store, e);
    else if (e->mode == CB_MODE_LIVE && span_is (e->kind, "exercise"))
        fold_run (store, e);
    else if (e->mode == CB_MODE_LIVE && is_emergency (e))
        fold_emergency (store, item->position);
}

/* --- What follows from it ------------------------------------------------------------------ */

/* Reads the announcement; the copy is owned by the caller. NULL: it is not here, or is none. */
static uint8_t *announcement (struct store *store, const struct msg_id *id, struct exercise *out)
{
    struct record record;
    struct envelope e;
    uint8_t *copy = store_message (store, take_find (store->journal, id, false), &record, &e);
    *out = (struct exercise){ .stands = EXERCISE_UNKNOWN };
    if (copy == NULL)
        return NULL;
    struct pack_in plan = pack_open (body_field (e.body, "plan"));
    if (e.mode != CB_MODE_LIVE || !span_is (e.kind, "exercise") ||
        exercise_what (body_text (e.body, "step")) != EXERCISE_ANNOUNCE) {
        free (copy);
        return NULL;
    }
    out->id = e.id;
    if (pack_peek (&plan) != PACK_END)
        msg_id_read (&plan, &out->plan);
    out->title = body_text (e.body, "title");
    out->audience_count = e.audience_count;
    memcpy (out->audience, e.audience, e.audience_count * sizeof e.audience[0]);
    out->tlp = e.tlp;
    out->announced = e.issued;
    out->from = body_int (e.body, "from", e.issued);
    out->until = body_int (e.body, "until", e.issued);
    return copy;
}

/* The names that a step borrows are those of the announcer or of a CERT above it: kept once. */
struct steps {
    size_t count;
    struct exercise_step at[EXERCISE_STEPS];
    char names[EXERCISE_STEPS][PARTY_MAX + 1];
};

static void read_steps (struct store *store, const struct msg_id *id, struct steps *steps)
{
    struct key prefix, after = { .size = 0 };
    struct span key, value;
    exercise_key (&prefix, EXERCISE_ROW_STEP, id);
    while (steps->count < EXERCISE_STEPS &&
           table_next (store->journal, &prefix, &after, &key, &value)) {
        struct exercise_step *step = &steps->at[steps->count];
        struct pack_in in = pack_open (value);
        pack_array (&in, 3, 3);
        step->what = (enum exercise_what) pack_uint (&in, 0, EXERCISE_WHAT_END);
        msg_id_read (&in, &step->id);
        step->emergency = pack_bool (&in);
        if (!pack_done (&in))
            continue;
        char *name = steps->names[steps->count++];
        span_text (step->id.origin, name, sizeof steps->names[0]);
        step->id.origin = span_of (name);
        step->issued = (int64_t) read_u64 (after.bytes + prefix.size);
        memcpy (step->leaf.bytes, after.bytes + prefix.size + 8, HASH_SIZE);
    }
}

/* What is due of what is played depends on how the exercise stands. */
static void touch_played (struct store *store, const struct msg_id *id)
{
    struct key prefix, after = { .size = 0 };
    struct span key, value;
    exercise_key (&prefix, EXERCISE_ROW_PLAYED, id);
    while (table_next (store->journal, &prefix, &after, &key, &value)) {
        struct subject subject = { .class = (enum subject_class) key.data[prefix.size] };
        subject.key.size = key.size - prefix.size - 1;
        memcpy (subject.key.bytes, key.data + prefix.size + 1, subject.key.size);
        casework_touch (store, &subject);
    }
}

static void add (struct timer *timers, size_t *count, int64_t at, const char *clock, unsigned step)
{
    struct timer *timer = &timers[*count];
    if (*count == TIMERS_MAX)
        return;
    ++*count;
    *timer = (struct timer){ .at = at, .step = step, .due = at };
    snprintf (timer->clock, sizeof timer->clock, "%s", clock);
}

struct next {
    int64_t at;
    struct span name;
};

static int by_time (const void *a, const void *b)
{
    const struct next *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return span_compare (x->name, y->name);
}

static void add_injects (struct store *store, const struct exercise *exercise,
                         struct timer timers[TIMERS_MAX], size_t *count)
{
    struct record record;
    struct envelope e;
    struct next next[EXERCISE_INJECTS];
    size_t nexts = 0;
    uint8_t *copy =
        store_message (store, take_find (store->journal, &exercise->plan, false), &record, &e);
    if (copy == NULL)
        return;
    struct pack_in in = pack_open (body_field (e.body, "injects"));
    size_t all = pack_array (&in, 0, EXERCISE_INJECTS);
    for (size_t i = 0; i < all && !in.bad; i++) {
        struct span inject = pack_nested (&in, 1);
        struct msg_id message;
        char origin[PARTY_MAX + 1];
        int64_t issued;
        struct span name = body_text (inject, "id");
        int64_t at = exercise_due (exercise, body_int (inject, "at", 0));
        if (at > 0 && !exercise_sent (store, &exercise->id, name, &message, &issued, origin))
            next[nexts++] = (struct next){ at, name };
    }
    qsort (next, nexts, sizeof next[0], by_time);
    for (size_t i = 0; i < nexts && i < NEXT_MAX; i++) {
        char name[EXERCISE_NAME + 1];
        span_text (next[i].name, name, sizeof name);
        add (timers, count, next[i].at, name, DUE_INJECT);
    }
    free (copy);
}

/* A live emergency that came since it runs. */
static bool emergency (struct store *store, const struct exercise *exercise)
{
    struct key key;
    exercise_key (&key, EXERCISE_ROW_EMERGENCY, NULL);
    return (int64_t) table_get_u64 (store->journal, &key, 0) >
           take_find (store->journal, &exercise->run, false);
}

static void add_scores (struct store *store, const struct exercise *exercise,
                        struct timer timers[TIMERS_MAX], size_t *count)
{
    struct record record;
    struct envelope e;
    struct span told[EXERCISE_TOLD];
    uint8_t *copy =
        store_message (store, take_find (store->journal, &exercise->plan, false), &record, &e);
    if (copy == NULL)
        return;
    size_t all = exercise_told (exercise, e.body, told);
    for (size_t i = 0; i < all; i++) {
        struct key key;
        struct span value;
        exercise_key (&key, EXERCISE_ROW_SCORED, &exercise->id);
        key_text (&key, told[i]);
        if (journal_get (store->journal, key_span (&key), &value) != JOURNAL_OK)
            add (timers, count, exercise->ended, EXERCISE_TIMER_SCORE, DUE_SCORE + (unsigned) i);
    }
    free (copy);
}

static size_t due (struct store *store, const struct subject *subject,
                   const struct exercise *exercise, struct timer timers[TIMERS_MAX])
{
    size_t count = 0;
    const struct exercise_pause *pause = &exercise->pauses[EXERCISE_PAUSES - 1];
    if (exercise->pause_count > 0)
        pause = &exercise->pauses[exercise->pause_count - 1];
    switch (exercise->stands) {
    case EXERCISE_RUNNING:
        if (emergency (store, exercise))
            add (timers, &count, exercise->pause_count > 0 ? pause->to : exercise->started,
                 EXERCISE_TIMER_PAUSE, DUE_PAUSE);
        else
            add_injects (store, exercise, timers, &count);
        break;
    case EXERCISE_PAUSED: {
        struct timer *alarm = &timers[count];
        if (!exercise->emergency)
            break;
        add (timers, &count, pause->from, EXERCISE_TIMER_ALARM, DUE_ALARM);
        alarm->started = pause->from;
        if (raised_get (store->journal, subject, alarm, party_depth (exercise->id.origin)) > 0)
            count--;
        break;
    }
    case EXERCISE_ENDED:
        if (exercise->started > 0)
            add_scores (store, exercise, timers, &count);
        break;
    default: break;
    }
    for (size_t i = 0; i < count; i++)
        if (timers[i].step != DUE_ALARM)
            timers[i].started = exercise->started;
    if (exercise->stands != EXERCISE_ENDED)
        add (timers, &count, exercise->until, EXERCISE_TIMER_STOP, DUE_STOP);
    return count;
}

static void settle_own (struct store *store, const struct subject *subject,
                        const struct exercise *exercise)
{
    struct timer timers[TIMERS_MAX];
    struct key key;
    exercise_key (&key, EXERCISE_ROW_OPEN, &exercise->id);
    if (exercise->stands == EXERCISE_ENDED)
        store_ok (store, journal_del (store->journal, key_span (&key)));
    else
        store_ok (store, journal_put (store->journal, key_span (&key), span_of ("")));
    timers_set (store, subject, timers, due (store, subject, exercise, timers));
}

/* True: it stands otherwise than when it was settled last. */
static bool put_state (struct store *store, const struct exercise *exercise)
{
    struct exercise_held before;
    struct pack_out out;
    struct key key;
    bool had = exercise_hold (store, &exercise->id, &before);
    bool moved = !had || before.state.stands != exercise->stands ||
                 before.state.pause_count != exercise->pause_count;
    pack_init (&out);
    exercise_pack (&out, exercise);
    exercise_key (&key, EXERCISE_ROW_STATE, &exercise->id);
    store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&out)));
    pack_free (&out);
    exercise_release (&before);
    return moved;
}

static void settle (struct store *store, const struct subject *subject)
{
    struct msg_id id;
    struct exercise exercise;
    if (!subject_msg_id (subject, &id))
        return;
    uint8_t *copy = announcement (store, &id, &exercise);
    if (copy == NULL)
        return;
    struct steps *steps = calloc (1, sizeof *steps);
    if (steps == NULL)
        abort ();
    read_steps (store, &id, steps);
    exercise_fold (&exercise, steps->at, steps->count);
    if (put_state (store, &exercise))
        touch_played (store, &id);
    if (span_is (exercise.id.origin, store->self))
        settle_own (store, subject, &exercise);
    free (steps);
    free (copy);
}

const struct casework_part exercises_part = {
    .name = "exercises",
    .reads = reads,
    .plays = plays,
    .fold = fold,
    .class = SUBJECT_EXERCISE,
    .settle = settle,
    .tables = (const char[]){ TABLE_EXERCISES, '\0' },
};
