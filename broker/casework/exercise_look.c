/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/exercises.h"

#include "broker/casework/clocks.h"
#include "bus/core/clocks.h"
#include "bus/core/policy.h"

#include <stdlib.h>
#include <string.h>

void exercise_asked (struct exercise_ask *ask, const struct envelope *e, struct span self)
{
    *ask = (struct exercise_ask){ .kind = e->kind,
                                  .origin = e->id.origin,
                                  .credential = e->credential,
                                  .mode = e->mode,
                                  .precedence = e->precedence,
                                  .exercise = e->exercise,
                                  .thread = e->thread,
                                  .replaces = e->replaces,
                                  .audience_count = e->audience_count,
                                  .audience = e->audience,
                                  .body = e->body,
                                  .issued = e->issued,
                                  .own = span_equal (e->id.origin, self) };
}

/* Brokers answer whatever was said, and later than it. */
static bool answers (struct span kind)
{
    return span_is (kind, "receipt") || span_is (kind, "rejection");
}

/* Whether a message that is held is of another mode, or another exercise, than what refers to it. */
static bool differs (struct store *store, const struct exercise_ask *ask, const struct msg_id *id)
{
    struct record record;
    struct envelope held;
    int64_t position = id->origin.size > 0 ? take_find (store->journal, id, false) : 0;
    if (position == 0 || !store_ok (store, journal_at (store->journal, position, &record)) ||
        record.envelope.size == 0 || envelope_parse (&held, record.envelope) != CB_OK)
        return false;
    bool played = held.mode == CB_MODE_EXERCISE;
    return ask->mode == CB_MODE_EXERCISE ? !played || !msg_id_equal (&held.exercise, &ask->exercise)
                                         : played;
}

/* The sectors of the origin, as its credential here says; false: it is not known. */
static bool sectors_of (struct store *store, const struct hash *hash, struct credential *c)
{
    struct key key, place;
    struct span value;
    if (hash == NULL)
        return false;
    if (store->me != NULL && hash_equal (hash, &store->me->st.hash)) {
        *c = *store->me;
        return true;
    }
    key_begin (&key, TABLE_CREDENTIALS);
    key_hash (&key, hash);
    key_begin (&place, TABLE_TRUST);
    key_u64 (&place, table_get_u64 (store->journal, &key, 0));
    return journal_get (store->journal, key_span (&place), &value) == JOURNAL_OK &&
           credential_parse (c, value);
}

static const char *look_at_part (struct store *store, const struct exercise_ask *ask)
{
    struct exercise_held held;
    struct credential c;
    int64_t slack = policy_setting (casework_policy (store), POLICY_AHEAD);
    if (!exercise_hold (store, &ask->exercise, &held))
        return "no such exercise was announced here";
    struct exercise_guest guest = { .origin = ask->origin,
                                    .audience_count = ask->audience_count,
                                    .audience = ask->audience,
                                    .correspondent = ask->thread.origin,
                                    .issued = ask->issued,
                                    .slack = ask->own ? 0 : slack };
    if (sectors_of (store, ask->credential, &c))
        guest.sectors = &c.sectors;
    const char *why = exercise_rejects (&held.state, &guest);
    exercise_release (&held);
    return why;
}

/* A step by who runs it must overtake what is played. */
static const char *look_at_run (struct store *store, const struct exercise_ask *ask)
{
    enum exercise_what what = exercise_what (body_text (ask->body, "step"));
    struct exercise_held held;
    const char *why = NULL;
    if (ask->mode != CB_MODE_LIVE)
        return "what runs an exercise is live itself";
    if (ask->precedence != CB_LANE_FLASH)
        return "what runs an exercise is flash";
    if (!ask->own || what == EXERCISE_PLAN)
        return NULL;
    if (what == EXERCISE_ANNOUNCE) {
        int64_t from = body_int (ask->body, "from", 0), until = body_int (ask->body, "until", 0);
        return from == 0 || until == 0 ? "its period is missing: from, until"
               : until <= from         ? "its period ends before it begins"
               : until <= ask->issued  ? "its period is past"
                                       : NULL;
    }
    if (ask->thread.origin.size == 0)
        return "the exercise that it is about is missing";
    if (!exercise_hold (store, &ask->thread, &held))
        return "no such exercise was announced here";
    if (!party_within (held.state.id.origin, ask->origin))
        why = "only who announced it, or a CERT above, may do that";
    else
        why = exercise_refuses (&held.state, what, ask->issued);
    exercise_release (&held);
    return why;
}

const char *exercise_look (struct store *store, const struct exercise_ask *ask)
{
    if (ask->mode == CB_MODE_TEST || answers (ask->kind))
        return NULL;
    if (span_is (ask->kind, "exercise")) {
        const char *why = look_at_run (store, ask);
        if (why != NULL)
            return why;
    }
    if (differs (store, ask, &ask->thread) || differs (store, ask, &ask->replaces))
        return ask->mode == CB_MODE_LIVE ? "a live message does not refer to one of an exercise"
                                         : "it refers to a message that is not of this exercise";
    return ask->mode == CB_MODE_EXERCISE ? look_at_part (store, ask) : NULL;
}

/* --- Timers of what is played -------------------------------------------------------------- */

static bool climbs_out (const struct store *store, const struct exercise *exercise,
                        const struct subject *subject, const struct timer *timer)
{
    struct span self = span_of (store->self);
    struct term parent = { .type = TERM_PARTY, .name = party_parent (self) };
    struct exercise_guest guest = { .origin = exercise->id.origin,
                                    .audience_count = 1,
                                    .audience = &parent,
                                    .issued = exercise->started };
    return subject->class == SUBJECT_CASE && timer->step == CLOCK_CLIMB && parent.name.size > 0 &&
           exercise_rejects (exercise, &guest) != NULL;
}

size_t exercise_timers (struct store *store, const struct subject *subject, unsigned mode,
                        const struct msg_id *exercise, struct timer *timers, size_t count)
{
    struct exercise_held held;
    size_t left = 0;
    if (mode != CB_MODE_EXERCISE)
        return count;
    if (!exercise_hold (store, exercise, &held) || held.state.stands != EXERCISE_RUNNING)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        struct timer timer = timers[i];
        if (timer.at != TIMER_NEVER)
            timer.at = exercise_later (&held.state, timer.started, timer.at);
        timer.due = exercise_later (&held.state, timer.started, timer.due);
        bool over = timer.at != TIMER_NEVER && timer.at >= held.state.until;
        if (!over && !climbs_out (store, &held.state, subject, &timer))
            timers[left++] = timer;
    }
    exercise_release (&held);
    return left;
}
