/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/exercises_own.h"

#include "broker/casework/alarms.h"
#include "bus/core/number.h"

#include <stdlib.h>
#include <string.h>

/* What an exercise and its plan hold while a message is made of them. */
struct script {
    struct exercise_held held;
    uint8_t *plan; /* owned; NULL: it is not here */
    struct envelope e;
};

static bool script_open (struct store *store, const struct subject *subject, struct script *out)
{
    struct msg_id id;
    struct record record;
    memset (out, 0, sizeof *out);
    if (!subject_msg_id (subject, &id) || !exercise_hold (store, &id, &out->held))
        return false;
    const struct msg_id *plan = &out->held.state.plan;
    if (plan->origin.size > 0)
        out->plan =
            store_message (store, take_find (store->journal, plan, false), &record, &out->e);
    return true;
}

static void script_close (struct script *script)
{
    exercise_release (&script->held);
    free (script->plan);
}

/* The names that a draft borrows, behind each other in a block of its own. */
static struct span keep (struct deed *out, size_t *used, struct span text)
{
    struct span kept = span_bytes (out->bytes + *used, text.size);
    memcpy (out->bytes + *used, text.data, text.size);
    *used += text.size;
    return kept;
}

#define NAMES_MAX ((AUDIENCE_MAX + 2) * TERM_MAX + OFFICER_MAX)

static void begin (struct deed *out, const char *kind)
{
    memset (out, 0, sizeof *out);
    out->bytes = malloc (NAMES_MAX);
    if (out->bytes == NULL)
        abort ();
    pack_init (&out->body);
    out->draft.kind = span_of (kind);
}

struct span term_text (const struct term *term, char text[TERM_MAX + 1])
{
    snprintf (text, TERM_MAX + 1, "%s" SPAN_FMT "%s", term->type == TERM_SECTOR ? "@" : "",
              SPAN_ARG (term->name), term->type == TERM_SUBTREE ? ".**" : "");
    return span_of (text);
}

/* A message that runs it; `told` empty: to all that it was announced to. */
static void run (struct deed *out, const struct exercise *exercise, struct span told)
{
    size_t used = 0;
    char text[TERM_MAX + 1];
    struct draft *draft = &out->draft;
    draft->precedence = CB_LANE_FLASH;
    draft->tlp = exercise->tlp;
    draft->mode = CB_MODE_LIVE;
    draft->thread = exercise->id;
    draft->thread.origin = keep (out, &used, exercise->id.origin);
    draft->audience_count = told.size > 0 ? 1 : exercise->audience_count;
    for (size_t i = 0; i < draft->audience_count; i++)
        draft->audience[i] =
            keep (out, &used, told.size > 0 ? told : term_text (&exercise->audience[i], text));
    draft->body = pack_result (&out->body);
}

/* --- Injects ------------------------------------------------------------------------------- */

static bool find_inject (const struct script *script, const char *name, struct span *inject)
{
    struct pack_in in = pack_open (body_field (script->e.body, "injects"));
    size_t count = pack_array (&in, 0, EXERCISE_INJECTS);
    for (size_t i = 0; i < count && !in.bad; i++) {
        *inject = pack_nested (&in, 1);
        if (span_is (body_text (*inject, "id"), name))
            return true;
    }
    return false;
}

/* Documents of an exercise have numbers of their own: which one, and which inject. */
static void put_inject (struct pack_out *out, const struct exercise *exercise, struct span inject)
{
    char number[NUMBER_MAX + 1], upper[NUMBER_MAX + 1];
    struct span body = body_bytes (inject, "body");
    if (body_field (body, "number").size == 0) {
        pack_put_raw (out, body);
        return;
    }
    number_upper (body_text (inject, "id"), upper);
    snprintf (number, sizeof number, NUMBER_EXERCISE "%u-%lld-%.40s",
              (unsigned) exercise->id.epoch.counter, (long long) exercise->id.seq, upper);
    number_body (out, body, span_of (number));
}

static bool fire_inject (const struct script *script, const struct timer *timer, struct deed *out)
{
    const struct exercise *exercise = &script->held.state;
    struct span inject;
    size_t used = 0;
    if (exercise->stands != EXERCISE_RUNNING || script->plan == NULL ||
        !find_inject (script, timer->clock, &inject))
        return false;
    begin (out, span_is (body_text (inject, "kind"), "advisory") ? "advisory" : "note");
    put_inject (&out->body, exercise, inject);
    struct draft *draft = &out->draft;
    draft->precedence = CB_LANE_ROUTINE;
    draft->tlp = (unsigned) body_int (inject, "tlp", CB_TLP_AMBER);
    draft->mode = CB_MODE_EXERCISE;
    draft->exercise = exercise->id;
    draft->exercise.origin = keep (out, &used, exercise->id.origin);
    char by[OFFICER_MAX + 1];
    snprintf (by, sizeof by, EXERCISE_BY "%s", timer->clock);
    draft->officer = keep (out, &used, span_of (by));
    struct pack_in to = pack_open (body_field (inject, "to"));
    draft->audience_count = pack_array (&to, 0, AUDIENCE_MAX);
    for (size_t i = 0; i < draft->audience_count; i++)
        draft->audience[i] = keep (out, &used, pack_str (&to, 1, TERM_MAX));
    draft->body = pack_result (&out->body);
    return true;
}

/* --- A live emergency ---------------------------------------------------------------------- */

/* Of the live message no more than that there is one: not all who play may know of it. */
static bool fire_pause (const struct script *script, struct deed *out)
{
    begin (out, "exercise");
    pack_put_map (&out->body, 3);
    pack_put_text (&out->body, "emergency");
    pack_put_bool (&out->body, true);
    pack_put_text (&out->body, "step");
    pack_put_text (&out->body, "pause");
    pack_put_text (&out->body, "text");
    pack_put_text (&out->body, "Something live and urgent was reported: what is real goes first. "
                               "Nothing is played until this exercise is resumed.");
    run (out, &script->held.state, span_bytes (NULL, 0));
    return true;
}

static bool fire_alarm (struct store *store, const struct script *script, const struct timer *timer,
                        struct deed *out)
{
    const struct exercise *exercise = &script->held.state;
    char title[300 + 80], id[ID_TEXT] = "something", of[ID_TEXT], text[2 * ID_TEXT + 160];
    struct record record;
    struct envelope e;
    struct key key;
    exercise_key (&key, EXERCISE_ROW_EMERGENCY, NULL);
    int64_t position = (int64_t) table_get_u64 (store->journal, &key, 0);
    uint8_t *copy = store_message (store, position, &record, &e);
    if (copy != NULL)
        msg_id_text (&e.id, id);
    free (copy);
    msg_id_text (&exercise->id, of);
    snprintf (title, sizeof title, "EXERCISE paused: %s is live and urgent", id);
    snprintf (text, sizeof text,
              "See to %s first. When there is time again: certbus exercise resume %s; or stop.", id,
              of);
    struct alarm alarm = { .what = "exercise",
                           .clock = timer->clock,
                           .step = timer->step,
                           .started = timer->started,
                           .due = timer->due,
                           .severity = "S2",
                           .title = title,
                           .text = text,
                           .call = "",
                           .count = -1,
                           .thread = exercise->id,
                           .tlp = exercise->tlp,
                           .mode = CB_MODE_LIVE };
    alarm_deed (out, span_of (store->self), &alarm);
    return true;
}

/* --- The end ------------------------------------------------------------------------------- */

static bool fire_stop (const struct script *script, struct deed *out)
{
    begin (out, "exercise");
    pack_put_map (&out->body, 2);
    pack_put_text (&out->body, "step");
    pack_put_text (&out->body, "stop");
    pack_put_text (&out->body, "text");
    pack_put_text (&out->body, "Its period is over.");
    run (out, &script->held.state, span_bytes (NULL, 0));
    return true;
}

static bool fire_score (struct store *store, const struct script *script, const struct timer *timer,
                        struct deed *out)
{
    const struct exercise *exercise = &script->held.state;
    struct span told[EXERCISE_TOLD];
    size_t which = timer->step - DUE_SCORE;
    if (script->plan == NULL || which >= exercise_told (exercise, script->e.body, told))
        return false;
    struct exercise_mark *marks = calloc (EXERCISE_MARKS, sizeof *marks);
    if (marks == NULL)
        abort ();
    size_t count = exercise_score (store, exercise, script->e.body, exercise->ended, marks);
    begin (out, "exercise");
    exercise_put_score (&out->body, exercise, told[which], marks, count);
    free (marks);
    run (out, exercise, told[which]);
    return true;
}

bool exercise_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                    int64_t now, struct deed *out)
{
    struct script script;
    bool made = false;
    (void) now;
    if (!script_open (store, subject, &script))
        return false;
    switch (timer->step) {
    case DUE_INJECT: made = fire_inject (&script, timer, out); break;
    case DUE_PAUSE: made = fire_pause (&script, out); break;
    case DUE_ALARM: made = fire_alarm (store, &script, timer, out); break;
    case DUE_STOP: made = fire_stop (&script, out); break;
    default: made = fire_score (store, &script, timer, out); break;
    }
    script_close (&script);
    return made;
}
