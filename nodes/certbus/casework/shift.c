/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/shift.h"

#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/casework/told.h"
#include "nodes/certbus/out.h"

#define SHIFT_X(NAME, heading, key, next) { heading, key, next },
static const struct {
    const char *heading, *key, *next;
} lists[] = { SHIFT_LISTS (SHIFT_X) };
#undef SHIFT_X

const char *shift_heading (enum shift_list list)
{
    return lists[list].heading;
}

const char *shift_key (enum shift_list list)
{
    return lists[list].key;
}

const char *shift_next (enum shift_list list)
{
    return lists[list].next;
}

void shift_begin (struct shift *shift, const char *self, int64_t now)
{
    *shift = (struct shift){ .now = now };
    snprintf (shift->self, sizeof shift->self, "%s", self);
    for (size_t i = 0; i < SHIFT_END; i++)
        if (!(shift->lists[i].at = calloc (SHIFT_ROWS, sizeof (struct shift_row))))
            abort ();
}

void shift_free (struct shift *shift)
{
    for (size_t i = 0; i < SHIFT_END; i++) {
        free (shift->lists[i].at);
        shift->lists[i] = (struct shift_rows){ .count = 0 };
    }
}

/* --- Rows ---------------------------------------------------------------------------------- */

/* A fresh one; beyond the last it is counted and not kept. */
static struct shift_row *add (struct shift *shift, enum shift_list list)
{
    static struct shift_row beyond;
    struct shift_rows *rows = &shift->lists[list];
    struct shift_row *row = rows->count < SHIFT_ROWS ? &rows->at[rows->count] : &beyond;
    rows->count++;
    memset (row, 0, sizeof *row);
    return row;
}

static size_t kept (const struct shift_rows *rows)
{
    return rows->count < SHIFT_ROWS ? rows->count : SHIFT_ROWS;
}

static void copy (char *to, size_t size, struct span text)
{
    /* line_of leaves whole characters, and so does this. */
    struct line line = line_of (text);
    size_t length = strlen (line.text);
    if (length >= size)
        for (length = size - 1; length && ((unsigned char) line.text[length] & 0xc0) == 0x80;)
            length--;
    memcpy (to, line.text, length);
    to[length] = 0;
}

#define COPY(row, field, map, key) copy ((row)->field, sizeof (row)->field, body_text (map, key))

static void take_ref (struct shift_row *row, struct span map)
{
    struct msg_id id;
    struct pack_in in = pack_open (body_field (map, "ref"));
    if (!msg_id_read (&in, &id) || !id.origin.size)
        return;
    json_id_text (&id, row->ref);
    msg_id_text (&id, row->id);
}

static struct shift_row *find (struct shift_rows *rows, const char *ref)
{
    for (size_t i = 0; i < kept (rows) && *ref; i++)
        if (strcmp (rows->at[i].ref, ref) == 0)
            return &rows->at[i];
    return NULL;
}

static enum shift_list list_of_case (struct span map)
{
    return told_mode (map) == CB_MODE_EXERCISE ? SHIFT_DRILL : SHIFT_CASES;
}

static enum shift_list list_of_clock (const struct shift *shift, struct span map)
{
    struct span class = body_text (map, "class");
    int64_t due = body_int (map, "due", 0);
    bool over = due <= shift->now;
    if (span_is (class, "case"))
        return list_of_case (map);
    /* Of what is practised only the cases are shown. */
    if (told_mode (map) != CB_MODE_LIVE)
        return SHIFT_END;
    if (span_is (class, "advisory"))
        return over ? SHIFT_OVERDUE : SHIFT_END;
    if (span_is (class, "silence"))
        return over ? SHIFT_SILENT : SHIFT_END;
    return due - shift->now < SHIFT_SOON_MS ? SHIFT_OTHERS : SHIFT_END;
}

/* Clocks come in the order of time to breach: the first of a case is the one that counts. */
void shift_clock (struct shift *shift, struct span map)
{
    enum shift_list list = list_of_clock (shift, map);
    struct shift_row made = { .due = body_int (map, "due", 0),
                              .started = body_int (map, "started", 0) };
    take_ref (&made, map);
    if (list == SHIFT_END || (list != SHIFT_OTHERS && list != SHIFT_SILENT && *made.ref &&
                              find (&shift->lists[list], made.ref)))
        return;
    COPY (&made, clock, map, "clock");
    COPY (&made, class, map, "class");
    COPY (&made, severity, map, "severity");
    COPY (&made, stage, map, "stage");
    COPY (&made, title, map, "title");
    COPY (&made, party, map, "party");
    if (span_is (body_text (map, "class"), "case"))
        COPY (&made, party, map, "lead");
    *add (shift, list) = made;
}

/* What a case says of itself goes to its row, or makes one. */
void shift_case (struct shift *shift, struct span map)
{
    struct shift_row probe = { .due = 0 }, *row;
    enum shift_list list = list_of_case (map);
    take_ref (&probe, map);
    row = find (&shift->lists[list], probe.ref);
    if (!row) {
        row = add (shift, list);
        *row = probe;
    }
    row->told = true;
    shift->lists[list].told++;
    COPY (row, severity, map, "severity");
    COPY (row, stage, map, "stage");
    COPY (row, title, map, "title");
    COPY (row, party, map, "lead");
    COPY (row, person, map, "assignee");
    row->tlp = told_tlp (map);
    row->when = body_int (map, "reported", 0);
    row->questions = body_int (map, "question_count", 0);
}

void shift_question (struct shift *shift, const struct shift_row *of, struct span map)
{
    struct shift_row *row = add (shift, SHIFT_QUESTIONS);
    snprintf (row->id, sizeof row->id, "%s", of->id);
    snprintf (row->ref, sizeof row->ref, "%s", of->ref);
    COPY (row, party, map, "by");
    COPY (row, of, map, "of");
    COPY (row, title, map, "text");
    row->when = body_int (map, "asked", 0);
    row->tlp = of->tlp;
}

void shift_alarm (struct shift *shift, const struct envelope *e)
{
    struct shift_row *row;
    if (e->mode != CB_MODE_LIVE)
        return;
    row = add (shift, SHIFT_ALARMS);
    msg_id_text (&e->id, row->id);
    if (e->thread.origin.size)
        json_id_text (&e->thread, row->ref);
    COPY (row, what, e->body, "what");
    COPY (row, clock, e->body, "clock");
    COPY (row, severity, e->body, "severity");
    COPY (row, party, e->body, "party");
    COPY (row, title, e->body, "title");
    row->started = body_int (e->body, "started", 0);
    row->due = body_int (e->body, "due", 0);
    row->when = e->issued;
    row->tlp = e->tlp;
}

/* --- In their order ------------------------------------------------------------------------ */

/* By time to breach; what no clock runs for comes last, the older first. */
static int by_due (const void *a, const void *b)
{
    const struct shift_row *x = a, *y = b;
    int64_t one = x->due ? x->due : INT64_MAX, other = y->due ? y->due : INT64_MAX;
    if (one != other)
        return one < other ? -1 : 1;
    return x->when < y->when ? -1 : x->when > y->when;
}

/* Whether the clock that an alarm is about runs on. */
static bool runs_on (struct shift *shift, const struct shift_row *alarm)
{
    static const enum shift_list with_clocks[] = { SHIFT_CASES, SHIFT_OVERDUE, SHIFT_SILENT,
                                                   SHIFT_OTHERS };
    for (size_t i = 0; i < sizeof with_clocks / sizeof with_clocks[0]; i++) {
        struct shift_rows *rows = &shift->lists[with_clocks[i]];
        for (size_t at = 0; at < kept (rows); at++) {
            const struct shift_row *row = &rows->at[at];
            bool same = *alarm->ref ? strcmp (row->ref, alarm->ref) == 0
                                    : *alarm->party && strcmp (row->party, alarm->party) == 0;
            if (same && row->due)
                return true;
        }
    }
    return false;
}

/* What no clock tells of is settled by nobody, and stays for its day. */
static bool is_settled (struct shift *shift, const struct shift_row *alarm)
{
    static const char *const timed[] = { "reminder", "breach", "climbed", "not-stored",
                                         "advisory", "silent", NULL };
    for (size_t i = 0; timed[i]; i++)
        if (strcmp (alarm->what, timed[i]) == 0)
            return !runs_on (shift, alarm);
    return false;
}

/* One whose clock came before may have no row: then it was counted twice. */
static void count_cases (struct shift_rows *rows)
{
    size_t count = rows->told;
    for (size_t i = 0; i < kept (rows); i++)
        count += !rows->at[i].told;
    rows->count = count > kept (rows) ? count : kept (rows);
}

void shift_close (struct shift *shift, bool all)
{
    static const enum shift_list sorted[] = { SHIFT_CASES, SHIFT_DRILL, SHIFT_OVERDUE,
                                              SHIFT_SILENT };
    struct shift_rows *alarms = &shift->lists[SHIFT_ALARMS];
    size_t left = 0, count = kept (alarms);
    count_cases (&shift->lists[SHIFT_CASES]);
    count_cases (&shift->lists[SHIFT_DRILL]);
    for (size_t i = 0; all && i < count; i++)
        if (!is_settled (shift, &alarms->at[i]))
            alarms->at[left++] = alarms->at[i];
    if (all)
        alarms->count -= count - left;
    for (size_t i = 0; i < sizeof sorted / sizeof sorted[0]; i++) {
        struct shift_rows *rows = &shift->lists[sorted[i]];
        qsort (rows->at, kept (rows), sizeof rows->at[0], by_due);
    }
}

/* --- JSON ---------------------------------------------------------------------------------- */

static json_t *text_or_null (const char *text)
{
    return json_span (span_of (text));
}

json_t *shift_row_json (enum shift_list list, const struct shift_row *row)
{
    json_t *made =
        json_pack ("{s:o, s:o, s:o, s:o, s:o}", "id", text_or_null (row->id), "ref",
                   text_or_null (row->ref), "title", text_or_null (row->title), "severity",
                   text_or_null (row->severity), "party", text_or_null (row->party));
    if (list == SHIFT_ALARMS || list == SHIFT_QUESTIONS)
        json_object_set_new (made, "when", json_time (row->when));
    if (list == SHIFT_QUESTIONS)
        json_object_set_new (made, "of", text_or_null (row->of));
    if (list == SHIFT_ALARMS)
        json_object_set_new (made, "what", text_or_null (row->what));
    if (list == SHIFT_CASES || list == SHIFT_DRILL) {
        json_object_set_new (made, "stage", text_or_null (row->stage));
        json_object_set_new (made, "assignee", text_or_null (row->person));
        json_object_set_new (made, "questions", json_integer (row->questions));
    }
    if (list != SHIFT_QUESTIONS) {
        json_object_set_new (made, "clock", text_or_null (row->clock));
        json_object_set_new (made, "due", json_time (row->due));
    }
    return made;
}
