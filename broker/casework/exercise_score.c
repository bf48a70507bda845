/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/exercises_own.h"

#include <string.h>

#define OUTCOME_X(NAME, number, name) [number] = (name),
static const char *const outcomes[] = { EXERCISE_OUTCOMES (OUTCOME_X) };
#undef OUTCOME_X

static const char *exercise_outcome_name (unsigned outcome)
{
    return outcome < OUTCOME_END ? outcomes[outcome] : "?";
}

bool exercise_actions_done (struct span actions)
{
    struct pack_in in = pack_open (actions);
    if (pack_peek (&in) != PACK_ARRAY)
        return false;
    size_t count = pack_array (&in, 0, 64), open = 0;
    for (size_t i = 0; i < count && !in.bad; i++) {
        struct span state = body_text (pack_nested (&in, 1), "state");
        open += span_is (state, "planned") || state.size == 0;
    }
    return count > 0 && open == 0 && !in.bad;
}

static const struct {
    const char *name;
    bool thread; /* only in that of the inject */
} clocks[] = {
#define CLOCK_X(NAME, number, name, kind, thread) [number] = { name, thread },
    EXERCISE_CLOCKS (CLOCK_X)
#undef CLOCK_X
};

static unsigned clock_of (struct span name)
{
    for (unsigned i = 1; i < EXERCISE_CLOCK_END; i++)
        if (span_is (name, clocks[i].name))
            return i;
    return 0;
}

/* When the party did it first, from then on; 0: it has not. */
static int64_t done_at (struct store *store, const struct exercise *exercise,
                        const struct exercise_mark *mark, const struct msg_id *inject)
{
    struct key prefix, after;
    struct span key, value;
    unsigned clock = clock_of (mark->clock);
    exercise_key (&prefix, EXERCISE_ROW_DID, &exercise->id);
    key_text (&prefix, mark->party);
    key_u8 (&prefix, clock);
    /* Just before the first moment that counts. */
    after = prefix;
    key_u64 (&after, (uint64_t) mark->from);
    while (table_next (store->journal, &prefix, &after, &key, &value)) {
        struct pack_in in = pack_open (value);
        struct msg_id thread = { .seq = 0 };
        int64_t issued = (int64_t) read_u64 (after.bytes + prefix.size);
        if (!clocks[clock].thread || inject->origin.size == 0 ||
            (msg_id_read (&in, &thread) && msg_id_equal (&thread, inject)))
            return issued;
    }
    return 0;
}

static void judge (struct store *store, const struct exercise *exercise, int64_t now,
                   const struct msg_id *inject, struct exercise_mark *mark)
{
    mark->outcome = OUTCOME_NOT_ASKED;
    if (mark->from == 0)
        return;
    int64_t since = exercise_ran (exercise, mark->from);
    mark->done = done_at (store, exercise, mark, inject);
    if (mark->done > 0) {
        mark->took = exercise_ran (exercise, mark->done) - since;
        mark->outcome = mark->took <= mark->limit ? OUTCOME_MET : OUTCOME_LATE;
        return;
    }
    bool open = exercise_at (exercise, now) != EXERCISE_ENDED &&
                exercise_ran (exercise, now) - since <= mark->limit;
    mark->outcome = open ? OUTCOME_OPEN : OUTCOME_MISSING;
}

size_t exercise_score (struct store *store, const struct exercise *exercise, struct span plan,
                       int64_t now, struct exercise_mark marks[EXERCISE_MARKS])
{
    struct pack_in in = pack_open (body_field (plan, "expected"));
    size_t count = 0, all = 0;
    if (pack_peek (&in) == PACK_ARRAY)
        all = pack_array (&in, 0, EXERCISE_EXPECTED);
    for (size_t i = 0; i < all && !in.bad; i++) {
        struct span expected = pack_nested (&in, 1);
        struct span name = body_text (expected, "inject");
        struct exercise_mark mark = { .expected = body_text (expected, "id"),
                                      .clock = body_text (expected, "clock"),
                                      .limit = body_int (expected, "limit", 1),
                                      .from = exercise->started };
        struct msg_id inject = { .seq = 0 };
        char origin[PARTY_MAX + 1];
        if (name.size > 0 &&
            !exercise_sent (store, &exercise->id, name, &inject, &mark.from, origin))
            mark.from = 0;
        struct pack_in who = pack_open (body_field (expected, "who"));
        size_t parties = pack_array (&who, 0, EXERCISE_WHO);
        for (size_t j = 0; j < parties && count < EXERCISE_MARKS; j++) {
            mark.party = pack_str (&who, 1, PARTY_MAX);
            marks[count] = mark;
            judge (store, exercise, now, &inject, &marks[count]);
            count += !who.bad;
        }
    }
    return count;
}

/* --- Who is told --------------------------------------------------------------------------- */

static void tell (struct span told[EXERCISE_TOLD], size_t *count, struct span name)
{
    for (size_t i = 0; i < *count; i++)
        if (span_equal (told[i], name))
            return;
    if (*count < EXERCISE_TOLD)
        told[(*count)++] = name;
}

size_t exercise_told (const struct exercise *exercise, struct span plan,
                      struct span told[EXERCISE_TOLD])
{
    struct pack_in in = pack_open (body_field (plan, "expected"));
    size_t count = 0, all = 0;
    if (pack_peek (&in) != PACK_ARRAY || (all = pack_array (&in, 0, EXERCISE_EXPECTED)) == 0)
        return 0;
    tell (told, &count, exercise->id.origin);
    for (size_t i = 0; i < all && !in.bad; i++) {
        struct pack_in who = pack_open (body_field (pack_nested (&in, 1), "who"));
        size_t parties = pack_array (&who, 0, EXERCISE_WHO);
        for (size_t j = 0; j < parties && !who.bad; j++) {
            struct span above = party_parent (pack_str (&who, 1, PARTY_MAX));
            if (party_above (exercise->id.origin, above))
                tell (told, &count, above);
        }
    }
    return count;
}

/* Who is told sees itself and those right below; the announcer sees all. */
static bool shown (const struct exercise *exercise, struct span told,
                   const struct exercise_mark *mark)
{
    return span_equal (told, exercise->id.origin) || span_equal (told, mark->party) ||
           span_equal (told, party_parent (mark->party));
}

static void put_time (struct pack_out *out, const char *key, int64_t time)
{
    pack_put_text (out, key);
    pack_put_int (out, time);
}

void exercise_put_mark (struct pack_out *out, const struct exercise_mark *mark)
{
    bool done = mark->done > 0;
    pack_put_map (out, 5 + 2 * done + (mark->from > 0));
    pack_put_text (out, "clock");
    pack_put_str (out, mark->clock);
    if (done)
        put_time (out, "done", mark->done);
    pack_put_text (out, "expected");
    pack_put_str (out, mark->expected);
    if (mark->from > 0)
        put_time (out, "from", mark->from);
    put_time (out, "limit", mark->limit);
    pack_put_text (out, "outcome");
    pack_put_text (out, exercise_outcome_name (mark->outcome));
    pack_put_text (out, "party");
    pack_put_str (out, mark->party);
    if (done)
        put_time (out, "took", mark->took);
}

void exercise_put_score (struct pack_out *out, const struct exercise *exercise, struct span told,
                         const struct exercise_mark *marks, size_t count)
{
    size_t rows = 0;
    for (size_t i = 0; i < count; i++)
        rows += shown (exercise, told, &marks[i]);
    pack_put_map (out, 2 + (exercise->title.size > 0));
    pack_put_text (out, "rows");
    pack_put_array (out, rows);
    for (size_t i = 0; i < count; i++)
        if (shown (exercise, told, &marks[i]))
            exercise_put_mark (out, &marks[i]);
    pack_put_text (out, "step");
    pack_put_text (out, "score");
    if (exercise->title.size > 0) {
        pack_put_text (out, "title");
        pack_put_str (out, exercise->title);
    }
}
