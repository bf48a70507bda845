/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/breaches.h"

#include "bus/core/schema.h"

#include <stdlib.h>
#include <string.h>

#define ROLE_TEXT 33 /* a label and a NUL */
/* Rows of one party in one case: all of a case are looked at when it is settled, and whoever
 * escalates says itself which runs there were. */
#define ROWS_MAX 64

/* --- Keys ---------------------------------------------------------------------------------- */

static void index_key (struct key *key, const struct breach *b)
{
    key_begin (key, TABLE_BREACHED);
    key_id (key, &b->id);
    key_text (key, span_of (clock_name (b->clock)));
    key_u64 (key, (uint64_t) b->started);
    key_text (key, b->party);
}

static void row_key (struct key *key, const struct breach *b)
{
    key_begin (key, TABLE_BREACHES);
    key_text (key, b->party);
    key_u64 (key, (uint64_t) b->due);
    key_id (key, &b->id);
    key_text (key, span_of (clock_name (b->clock)));
}

/* What of an index key stands behind the case. */
static bool index_read (struct breach *b, struct span rest, struct span value)
{
    const uint8_t *end = rest.size > 0 ? memchr (rest.data, 0, rest.size) : NULL;
    if (end == NULL || value.size != 8)
        return false;
    size_t name = (size_t) (end - rest.data);
    if (rest.size < name + 1 + 8 + 2)
        return false;
    b->clock = clock_number (span_bytes (rest.data, name));
    b->started = (int64_t) read_u64 (end + 1);
    b->party = span_bytes (end + 9, rest.size - name - 10);
    b->due = (int64_t) read_u64 (value.data);
    return b->clock < CLOCK_NAMES_END;
}

static bool index_next (struct store *store, const struct key *prefix, size_t id_size,
                        struct key *after, struct breach *out)
{
    struct span key, value;
    while (table_next (store->journal, prefix, after, &key, &value))
        if (index_read (out, span_bytes (after->bytes + id_size, after->size - id_size), value))
            return true;
    return false;
}

/* --- What is noted ------------------------------------------------------------------------- */

static bool has_room (struct store *store, const struct breach *b)
{
    struct key prefix, after = { .size = 0 };
    struct breach other = { .id = b->id };
    size_t count = 0;
    key_begin (&prefix, TABLE_BREACHED);
    key_id (&prefix, &b->id);
    while (count < ROWS_MAX && index_next (store, &prefix, prefix.size, &after, &other))
        count += span_equal (other.party, b->party);
    return count < ROWS_MAX;
}

static void note (struct store *store, const struct breach *b)
{
    struct key key;
    index_key (&key, b);
    if (table_get_u64 (store->journal, &key, 0) == 0 && has_room (store, b))
        store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) b->due));
}

/* Whoever escalates tells of its own clock. */
static bool escalated_here (const struct store *store, const struct envelope *e)
{
    return span_is (e->kind, "escalation") && !span_is (e->id.origin, store->self) &&
           e->audience_count == 1 && span_is (e->audience[0].name, store->self);
}

void breaches_fold (struct store *store, const struct envelope *e)
{
    bool own = span_is (e->id.origin, store->self), alarm = span_is (e->kind, "alarm");
    struct span what = body_text (e->body, "what");
    struct breach b = { .id = e->thread,
                        .party = alarm ? body_text (e->body, "party") : e->id.origin,
                        .started = body_int (e->body, "started", 0),
                        .due = body_int (e->body, "due", 0),
                        .clock = clock_number (body_text (e->body, "clock")) };
    bool breach = alarm ? own && body_int (e->body, "step", 0) == CLOCK_BREACH &&
                              (span_is (what, "breach") || span_is (what, "not-stored"))
                        : escalated_here (store, e);
    if (breach && e->mode == CB_MODE_LIVE && b.party.size > 0 && b.clock < CLOCK_OFFICER)
        note (store, &b);
}

/* --- What became of it --------------------------------------------------------------------- */

static void row_put (struct store *store, const struct breach *b)
{
    struct pack_out out;
    struct key key;
    struct span before;
    row_key (&key, b);
    pack_init (&out);
    pack_put_array (&out, 3);
    pack_put_uint (&out, b->severity);
    pack_put_int (&out, b->done);
    pack_put_int (&out, b->started);
    if (journal_get (store->journal, key_span (&key), &before) != JOURNAL_OK ||
        !span_equal (before, pack_result (&out)))
        store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&out)));
    pack_free (&out);
}

static void forget (struct store *store, const struct breach *b)
{
    struct key key;
    index_key (&key, b);
    store_ok (store, journal_del (store->journal, key_span (&key)));
    row_key (&key, b);
    store_ok (store, journal_del (store->journal, key_span (&key)));
}

/* By the role in its credential; the same one whose key signed the report. */
static void origin_role (struct store *store, const struct case_state *state, char role[ROLE_TEXT])
{
    struct record record;
    struct envelope e;
    struct credential c;
    struct key key;
    struct span value;
    snprintf (role, ROLE_TEXT, "*");
    if (span_is (state->id.origin, store->self) && store->me != NULL) {
        span_text (store->me->role, role, ROLE_TEXT);
        return;
    }
    int64_t position = take_find (store->journal, &state->id, false);
    uint8_t *bytes = position > 0 ? store_message (store, position, &record, &e) : NULL;
    if (bytes == NULL)
        return;
    key_begin (&key, TABLE_CREDENTIALS);
    key_hash (&key, e.credential);
    uint64_t place = table_get_u64 (store->journal, &key, 0);
    free (bytes);
    key_begin (&key, TABLE_TRUST);
    key_u64 (&key, place);
    if (journal_get (store->journal, key_span (&key), &value) == JOURNAL_OK &&
        credential_parse (&c, value))
        span_text (c.role, role, ROLE_TEXT);
}

static bool taken_before (const struct clock_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        if (view->arrivals[i].what == CASE_REPORT)
            return view->arrivals[i].taken <= view->since;
    return false;
}

/* The clock of who reports is judged where it is reported; there is nothing to wait for. */
static bool late_report (struct store *store, const struct case_state *state,
                         const struct clock_view *view, struct breach *out)
{
    char role[ROLE_TEXT];
    bool mine = span_equal (state->lead, view->self) || span_equal (state->id.origin, view->self);
    if (!mine || state->stub || view->before || taken_before (view) ||
        state->mode != CB_MODE_LIVE || state->aware == 0)
        return false;
    origin_role (store, state, role);
    *out = (struct breach){ .party = state->id.origin,
                            .id = state->id,
                            .clock = CLOCK_REPORT,
                            .started = state->aware,
                            .due = clock_report_due (state, view->policy, span_of (role)) };
    return out->due > 0 && state->reported > out->due;
}

/* The steps of the case, read when there is something to look for in them. */
struct history {
    bool read, held;
    struct thread thread;
};

static int64_t done_at (struct store *store, struct history *history, const struct breach *b)
{
    struct key key;
    key_begin (&key, TABLE_DELIVERED);
    key_id (&key, &b->id);
    key_text (&key, b->party);
    int64_t delivered = (int64_t) table_get_u64 (store->journal, &key, 0);
    if (b->clock == CLOCK_STORED && delivered > 0)
        return delivered;
    if (!history->read)
        history->held = thread_read (store->journal, &b->id, &history->thread);
    history->read = true;
    return history->held
               ? clock_done (history->thread.entries, history->thread.count, b->clock, b->started)
               : 0;
}

/* One row at most: what was said of when the origin became aware may change. */
static void settle_report (struct store *store, const struct case_state *state,
                           const struct breach *report, const struct key *of_case)
{
    struct key prefix = *of_case, after = { .size = 0 };
    struct breach b = { .id = state->id };
    key_text (&prefix, span_of (clock_name (CLOCK_REPORT)));
    while (index_next (store, &prefix, of_case->size, &after, &b))
        if (report == NULL || b.started != report->started || b.due != report->due)
            forget (store, &b);
    if (report != NULL)
        note (store, report);
}

void breaches_settle (struct store *store, const struct case_state *state,
                      const struct clock_view *view)
{
    struct history history = { .read = false };
    struct breach report, b = { .id = state->id, .severity = state->severity };
    struct key prefix, after = { .size = 0 };
    key_begin (&prefix, TABLE_BREACHED);
    key_id (&prefix, &state->id);
    bool late = late_report (store, state, view, &report);
    if (!late && !index_next (store, &prefix, prefix.size, &after, &b))
        return;
    settle_report (store, state, late ? &report : NULL, &prefix);
    after.size = 0;
    while (index_next (store, &prefix, prefix.size, &after, &b)) {
        b.done = b.clock == CLOCK_REPORT ? state->reported : done_at (store, &history, &b);
        row_put (store, &b);
    }
    if (history.held)
        thread_clear (&history.thread);
}

/* --- For people ---------------------------------------------------------------------------- */

static bool row_read (struct breach *out, struct span key, struct span value)
{
    const size_t numbers = 4 + 8 + 8; /* of an id, after its origin */
    const uint8_t *at = key.data + 1, *end = key.data + key.size;
    const uint8_t *party = memchr (at, 0, (size_t) (end - at));
    const uint8_t *id = party != NULL && end - party > 9 ? party + 9 : end;
    const uint8_t *origin = memchr (id, 0, (size_t) (end - id));
    struct pack_in in = pack_open (value);
    pack_array (&in, 3, 3);
    out->severity = (unsigned) pack_uint (&in, 0, UINT8_MAX);
    out->done = pack_int (&in, 0, INT64_MAX);
    out->started = pack_int (&in, 0, INT64_MAX);
    if (!pack_done (&in) || origin == NULL || (size_t) (end - origin) < 1 + numbers + 2)
        return false;
    const uint8_t *clock = origin + 1 + numbers;
    out->party = span_bytes (at, (size_t) (party - at));
    out->due = (int64_t) read_u64 (party + 1);
    out->clock = clock_number (span_bytes (clock, (size_t) (end - clock) - 1));
    return out->clock < CLOCK_NAMES_END &&
           key_id_read (&out->id, span_bytes (id, (size_t) (clock - id)));
}

bool breaches_next (struct journal *journal, struct span party, struct key *after,
                    struct breach *out)
{
    struct key prefix;
    struct span key, value;
    key_begin (&prefix, TABLE_BREACHES);
    if (party.size > 0)
        key_text (&prefix, party);
    while (table_next (journal, &prefix, after, &key, &value))
        if (row_read (out, key_span (after), value))
            return true;
    return false;
}
