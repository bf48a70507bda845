/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/alarms.h"

#include "bus/core/schema.h"

#include <stdlib.h>
#include <string.h>

#define TITLE_BYTES 300
#define TEXT_BYTES  4000
#define CALL_BYTES  500
#define STEP_BREACH 1
#define STEP_CLIMB  2

/* --- Making one ---------------------------------------------------------------------------- */

/* Never inside a character. */
static struct span cut (const char *text, size_t most)
{
    struct span all = span_of (text);
    while (all.size > most || (all.size > 0 && !span_utf8 (all)))
        all.size--;
    return all;
}

static void put_time (struct pack_out *out, const char *key, int64_t time)
{
    pack_put_text (out, key);
    pack_put_int (out, time < 0 ? 0 : time > TIME_MAX ? TIME_MAX : time);
}

static void put_body (struct pack_out *out, struct span self, const struct alarm *a)
{
    struct span call = cut (a->call, CALL_BYTES), text = cut (a->text, TEXT_BYTES);
    pack_put_map (out,
                  8 + (call.size > 0) + (a->count >= 0) + (a->party.size > 0) + (text.size > 0));
    if (call.size > 0) {
        pack_put_text (out, "call");
        pack_put_str (out, call);
    }
    pack_put_text (out, "clock");
    pack_put_text (out, a->clock);
    if (a->count >= 0) {
        pack_put_text (out, "count");
        pack_put_int (out, a->count);
    }
    put_time (out, "due", a->due);
    pack_put_text (out, "level");
    pack_put_uint (out, party_depth (self));
    if (a->party.size > 0) {
        pack_put_text (out, "party");
        pack_put_str (out, a->party);
    }
    pack_put_text (out, "severity");
    pack_put_text (out, a->severity);
    put_time (out, "started", a->started);
    pack_put_text (out, "step");
    pack_put_uint (out, a->step);
    if (text.size > 0) {
        pack_put_text (out, "text");
        pack_put_str (out, text);
    }
    pack_put_text (out, "title");
    pack_put_str (out, cut (a->title, TITLE_BYTES));
    pack_put_text (out, "what");
    pack_put_text (out, a->what);
}

static bool urgent (const struct alarm *a)
{
    return (a->step >= STEP_BREACH || strcmp (a->what, "climbed") == 0) &&
           (strcmp (a->severity, "S1") == 0 || strcmp (a->severity, "S2") == 0 ||
            strcmp (a->severity, "undetermined") == 0);
}

/* Copies a name behind those that are there already. */
static struct span keep (uint8_t *bytes, size_t *used, struct span text)
{
    struct span kept = span_bytes (bytes + *used, text.size);
    if (text.size > 0)
        memcpy (bytes + *used, text.data, text.size);
    *used += text.size;
    return kept;
}

void alarm_deed (struct deed *out, struct span self, const struct alarm *a)
{
    size_t used = 0;
    memset (out, 0, sizeof *out);
    out->bytes = malloc (self.size + a->thread.origin.size + a->exercise.origin.size + 1);
    if (out->bytes == NULL)
        abort ();
    pack_init (&out->body);
    put_body (&out->body, self, a);
    struct draft *draft = &out->draft;
    draft->kind = span_of ("alarm");
    draft->precedence = urgent (a) ? CB_LANE_FLASH : CB_LANE_ROUTINE;
    draft->tlp = a->tlp > 0 ? a->tlp : CB_TLP_GREEN;
    draft->mode = a->mode;
    draft->audience_count = 1;
    draft->audience[0] = keep (out->bytes, &used, self);
    draft->thread = a->thread;
    draft->thread.origin = keep (out->bytes, &used, a->thread.origin);
    draft->exercise = a->exercise;
    draft->exercise.origin = keep (out->bytes, &used, a->exercise.origin);
    draft->body = pack_result (&out->body);
}

void deed_free (struct deed *deed)
{
    pack_free (&deed->body);
    free (deed->bytes);
    deed->bytes = NULL;
}

/* --- Whom to call --------------------------------------------------------------------------- */

static void add_phone (char call[ALARM_CALL], const char *when, struct span number)
{
    size_t used = strlen (call);
    if (number.size > 0)
        snprintf (call + used, ALARM_CALL - used, ", %s " SPAN_FMT, when, SPAN_ARG (number));
}

bool alarm_call (struct store *store, struct span party, char call[ALARM_CALL])
{
    struct record record;
    struct envelope e;
    struct key key;
    key_begin (&key, TABLE_CONTACTS);
    key_text (&key, party);
    int64_t position = (int64_t) table_get_u64 (store->journal, &key, 0);
    uint8_t *bytes = position > 0 ? store_message (store, position, &record, &e) : NULL;
    if (bytes == NULL)
        return false;
    struct span officer = body_text (e.body, "officer");
    snprintf (call, ALARM_CALL, SPAN_FMT "%s" SPAN_FMT, SPAN_ARG (party),
              officer.size > 0 ? " " : "", SPAN_ARG (officer));
    add_phone (call, "by day", body_text (e.body, "phone_day"));
    add_phone (call, "at night", body_text (e.body, "phone_night"));
    free (bytes);
    return true;
}

/* --- What was raised ----------------------------------------------------------------------- */

static const struct {
    const char *what;
    enum subject_class class;
    enum alarm_names names;
} alarms[] = {
#define ALARM_X(what, CLASS, NAMES) { what, SUBJECT_##CLASS, ALARM_##NAMES },
    ALARMS (ALARM_X)
#undef ALARM_X
};

static bool subject_of (struct subject *out, const struct envelope *e, size_t which)
{
    struct span text = body_text (e->body, alarms[which].names == ALARM_PARTY ? "party" : "clock");
    enum subject_class class = alarms[which].class;
    switch (alarms[which].names) {
    case ALARM_PARTY:
    case ALARM_CLOCK: subject_text (out, class, text); return text.size > 0;
    case ALARM_THREAD:
    case ALARM_WHOLE:
        memset (out, 0, sizeof *out);
        out->class = class;
        if (e->thread.origin.size > 0)
            subject_id (out, class, &e->thread);
        return e->thread.origin.size > 0 || alarms[which].names == ALARM_WHOLE;
    case ALARM_NOTHING: break;
    }
    return false;
}

static bool alarm_subject (struct subject *out, const struct envelope *e)
{
    struct span what = body_text (e->body, "what");
    for (size_t i = 0; i < sizeof alarms / sizeof alarms[0]; i++)
        if (span_is (what, alarms[i].what))
            return subject_of (out, e, i);
    return false;
}

bool raised_of (struct raised *out, const struct envelope *e, struct span self)
{
    bool alarm = span_is (e->kind, "alarm"), escalation = span_is (e->kind, "escalation");
    memset (out, 0, sizeof *out);
    if (!span_equal (e->id.origin, self) || e->mode == CB_MODE_TEST || (!alarm && !escalation))
        return false;
    if (escalation)
        subject_id (&out->subject, SUBJECT_CASE, &e->thread);
    else if (!alarm_subject (&out->subject, e))
        return false;
    span_text (body_text (e->body, "clock"), out->timer.clock, sizeof out->timer.clock);
    out->timer.started = body_int (e->body, "started", 0);
    out->timer.due = body_int (e->body, "due", 0);
    out->timer.step = escalation ? STEP_CLIMB : (unsigned) body_int (e->body, "step", 0);
    out->level = (unsigned) body_int (e->body, "level", 0);
    return true;
}

static bool timers_reads (struct span kind)
{
    return span_is (kind, "alarm");
}

static void timers_fold (struct store *store, const struct intake_batch *batch,
                         const struct item *item, const struct envelope *e)
{
    struct raised raised;
    (void) batch;
    if (!raised_of (&raised, e, span_of (store->self)))
        return;
    raised_put (store, &raised.subject, &raised.timer, raised.level, item->position);
    casework_touch (store, &raised.subject);
}

const struct casework_part timers_part = {
    .name = "timers",
    .reads = timers_reads,
    .fold = timers_fold,
    .tables = (const char[]){ TABLE_TIMERS, TABLE_SET, TABLE_CLOCKS, TABLE_RAISED, '\0' }
};
