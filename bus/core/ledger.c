/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/ledger.h"

#include "bus/core/case.h"
#include "bus/core/schema.h"

#include <stdio.h>
#include <string.h>

const char *ledger_state_name (unsigned state)
{
    static const char *const names[] = {
#define LEDGER_X(NAME, number, name) [number] = name,
        LEDGER_STATES (LEDGER_X)
#undef LEDGER_X
    };
    return state < LEDGER_STATE_END ? names[state] : "?";
}

static enum ledger_state state_of (struct span name)
{
    unsigned state = LEDGER_DONE;
    while (state < LEDGER_STATE_END && !span_is (name, ledger_state_name (state)))
        state++;
    return state < LEDGER_STATE_END ? (enum ledger_state) state : LEDGER_OPEN;
}

/* --- Answers ------------------------------------------------------------------------------- */

static struct ledger_stamp stamp_of (const struct envelope *e)
{
    return (struct ledger_stamp){ .issued = e->issued, .seq = e->id.seq, .leaf = e->leaf };
}

/* Whether what `stamp` says takes the place of what was said before. */
static bool counts (const struct ledger_stamp *stamp, const struct ledger_stamp *before)
{
    if (stamp->issued != before->issued)
        return stamp->issued > before->issued;
    if (stamp->seq != before->seq)
        return stamp->seq > before->seq;
    return memcmp (stamp->leaf.bytes, before->leaf.bytes, HASH_SIZE) >= 0;
}

/* Its place among the actions, in the order of ids; NULL: the row is full of ids that sort before
 * it. Of too many those that sort first stay, in whatever order they came. */
static struct ledger_action *action_place (struct ledger_row *row, struct span id)
{
    size_t at = 0;
    while (at < row->count && span_compare (row->actions[at].id, id) < 0)
        at++;
    if (at < row->count && span_equal (row->actions[at].id, id))
        return &row->actions[at];
    if (at == LEDGER_ACTIONS)
        return NULL;
    if (row->count < LEDGER_ACTIONS)
        row->count++;
    memmove (&row->actions[at + 1], &row->actions[at],
             (row->count - at - 1) * sizeof row->actions[0]);
    memset (&row->actions[at], 0, sizeof row->actions[0]);
    row->actions[at].id = id;
    return &row->actions[at];
}

static void answer_action (struct ledger_row *row, struct span action,
                           const struct ledger_stamp *stamp)
{
    struct span id = body_text (action, "id");
    enum ledger_state state = state_of (body_text (action, "state"));
    if (id.size == 0 || id.size > LEDGER_ACTION_ID || state == LEDGER_OPEN)
        return;
    struct ledger_action *place = action_place (row, id);
    if (place == NULL || !counts (stamp, &place->stamp))
        return;
    *place = (struct ledger_action){ .id = id,
                                     .state = state,
                                     .when = body_int (action, "when", 0),
                                     .evidence = body_text (action, "evidence"),
                                     .evidence_hash = body_bytes (action, "evidence_hash"),
                                     .reason = body_text (action, "reason"),
                                     .approver = body_text (action, "approver"),
                                     .stamp = *stamp };
}

void ledger_answer (struct ledger_row *row, const struct envelope *e)
{
    struct ledger_stamp stamp = stamp_of (e);
    int64_t read = body_int (e->body, "read", 0);
    int64_t acknowledged = body_int (e->body, "acknowledged", 0);
    struct span text = body_text (e->body, "text");
    if (read > 0 && (row->read == 0 || read < row->read))
        row->read = read;
    if (acknowledged > 0 && e->officer.size > 0 && counts (&stamp, &row->acknowledged_stamp)) {
        row->acknowledged = acknowledged;
        row->by = e->officer;
        row->acknowledged_stamp = stamp;
    }
    struct pack_in in = pack_open (body_field (e->body, "applicable"));
    if (pack_peek (&in) == PACK_BOOL && counts (&stamp, &row->applicable_stamp)) {
        row->applicable = pack_bool (&in) ? 1 : 2;
        row->applicable_stamp = stamp;
    }
    if (text.size > 0 && counts (&stamp, &row->text_stamp)) {
        row->text = text;
        row->text_stamp = stamp;
    }
    in = pack_open (body_field (e->body, "actions"));
    if (pack_peek (&in) != PACK_ARRAY)
        return;
    for (size_t left = pack_array (&in, 0, LEDGER_ACTIONS); left > 0 && !in.bad; left--)
        answer_action (row, pack_any (&in), &stamp);
}

/* --- The row ------------------------------------------------------------------------------- */

static void stamp_pack (struct pack_out *out, const struct ledger_stamp *stamp)
{
    if (stamp->issued == 0 && stamp->seq == 0) {
        pack_put_nil (out);
        return;
    }
    pack_put_array (out, 3);
    pack_put_int (out, stamp->issued);
    pack_put_int (out, stamp->seq);
    pack_put_bin (out, span_bytes (stamp->leaf.bytes, HASH_SIZE));
}

static void stamp_read (struct pack_in *in, struct ledger_stamp *stamp)
{
    if (pack_nil (in))
        return;
    pack_array (in, 3, 3);
    stamp->issued = pack_int (in, 0, TIME_MAX);
    stamp->seq = pack_int (in, 0, SEQ_MAX);
    const uint8_t *leaf = pack_fixed (in, HASH_SIZE);
    if (leaf != NULL)
        memcpy (stamp->leaf.bytes, leaf, HASH_SIZE);
}

void ledger_pack (struct pack_out *out, const struct ledger_row *row)
{
    pack_put_array (out, 9);
    pack_put_int (out, row->read);
    pack_put_int (out, row->acknowledged);
    pack_put_str (out, row->by);
    stamp_pack (out, &row->acknowledged_stamp);
    pack_put_uint (out, row->applicable);
    stamp_pack (out, &row->applicable_stamp);
    pack_put_str (out, row->text);
    stamp_pack (out, &row->text_stamp);
    pack_put_array (out, row->count);
    for (size_t i = 0; i < row->count; i++) {
        const struct ledger_action *a = &row->actions[i];
        pack_put_array (out, 8);
        pack_put_str (out, a->id);
        pack_put_uint (out, a->state);
        pack_put_int (out, a->when);
        pack_put_str (out, a->evidence);
        pack_put_bin (out, a->evidence_hash);
        pack_put_str (out, a->reason);
        pack_put_str (out, a->approver);
        stamp_pack (out, &a->stamp);
    }
}

bool ledger_read (struct ledger_row *row, struct span bytes)
{
    struct pack_in in = pack_open (bytes);
    memset (row, 0, sizeof *row);
    pack_array (&in, 9, 9);
    row->read = pack_int (&in, 0, TIME_MAX);
    row->acknowledged = pack_int (&in, 0, TIME_MAX);
    row->by = pack_str (&in, 0, OFFICER_MAX);
    stamp_read (&in, &row->acknowledged_stamp);
    row->applicable = (unsigned) pack_uint (&in, 0, 2);
    stamp_read (&in, &row->applicable_stamp);
    row->text = pack_str (&in, 0, ENVELOPE_MAX);
    stamp_read (&in, &row->text_stamp);
    row->count = pack_array (&in, 0, LEDGER_ACTIONS);
    for (size_t i = 0; i < row->count && !in.bad; i++) {
        struct ledger_action *a = &row->actions[i];
        pack_array (&in, 8, 8);
        a->id = pack_str (&in, 1, LEDGER_ACTION_ID);
        a->state = (enum ledger_state) pack_uint (&in, LEDGER_DONE, LEDGER_STATE_END - 1);
        a->when = pack_int (&in, 0, TIME_MAX);
        a->evidence = pack_str (&in, 0, ENVELOPE_MAX);
        a->evidence_hash = pack_bin (&in, 0, HASH_SIZE);
        a->reason = pack_str (&in, 0, ENVELOPE_MAX);
        a->approver = pack_str (&in, 0, ENVELOPE_MAX);
        stamp_read (&in, &a->stamp);
    }
    if (pack_done (&in))
        return true;
    memset (row, 0, sizeof *row);
    return false;
}

/* --- What is asked ------------------------------------------------------------------------- */

static bool asked_before (const struct ledger_advisory *advisory, struct span id)
{
    for (size_t i = 0; i < advisory->count; i++)
        if (span_equal (advisory->asks[i].id, id))
            return true;
    return false;
}

static int64_t sooner (int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

bool ledger_advisory (struct ledger_advisory *out, const struct envelope *e)
{
    memset (out, 0, sizeof *out);
    if (!span_is (e->kind, "advisory"))
        return false;
    int64_t effective = body_int (e->body, "effective", 0);
    out->number = body_text (e->body, "number");
    out->title = body_text (e->body, "title");
    unsigned severity = severity_number (body_text (e->body, "severity"));
    out->severity = severity < SEVERITY_UNDETERMINED ? severity : 0;
    out->withdrawn = span_is (body_text (e->body, "status"), "withdrawn");
    out->started = effective > e->issued ? effective : e->issued;
    out->expires = sooner (e->expires, body_int (e->body, "expires", 0));
    out->acknowledge_by = body_int (e->body, "acknowledge_by", 0);
    struct pack_in in = pack_open (body_field (e->body, "actions"));
    if (pack_peek (&in) != PACK_ARRAY)
        return true;
    for (size_t left = pack_array (&in, 0, LEDGER_ACTIONS); left > 0 && !in.bad; left--) {
        struct span action = pack_any (&in), id = body_text (action, "id");
        /* Of two with one id nobody could answer the second. */
        if (id.size > 0 && id.size <= LEDGER_ACTION_ID && !asked_before (out, id))
            out->asks[out->count++] = (struct ledger_ask){ .id = id,
                                                           .text = body_text (action, "text"),
                                                           .due = body_int (action, "due", 0) };
    }
    return true;
}

static const struct ledger_action *find_action (const struct ledger_row *row, struct span id)
{
    for (size_t i = 0; i < row->count; i++)
        if (span_equal (row->actions[i].id, id))
            return &row->actions[i];
    return NULL;
}

void ledger_view (struct ledger_view *out, const struct ledger_advisory *advisory,
                  const struct ledger_row *row)
{
    memset (out, 0, sizeof *out);
    out->row = row;
    for (size_t i = 0; i < advisory->count; i++)
        out->at[i] = find_action (row, advisory->asks[i].id);
}

void ledger_carry (struct ledger_view *view, const struct ledger_advisory *advisory,
                   const struct ledger_advisory *before, const struct ledger_row *row)
{
    for (size_t i = 0; i < advisory->count; i++) {
        const struct ledger_ask *ask = &advisory->asks[i];
        for (size_t j = 0; view->at[i] == NULL && j < before->count; j++)
            if (span_equal (before->asks[j].id, ask->id) &&
                span_equal (before->asks[j].text, ask->text))
                view->carried[i] = (view->at[i] = find_action (row, ask->id)) != NULL;
    }
}

unsigned ledger_applicable (const struct ledger_view *view)
{
    if (view->row->applicable != 0)
        return view->row->applicable;
    for (size_t i = 0; i < LEDGER_ACTIONS; i++)
        if (view->at[i] != NULL && !view->carried[i])
            return 1;
    return 0;
}

bool ledger_settled (const struct ledger_view *view, size_t action)
{
    return view->at[action] != NULL && view->at[action]->state != LEDGER_PLANNED;
}

bool ledger_complied (const struct ledger_view *view, const struct ledger_advisory *advisory)
{
    unsigned applicable = ledger_applicable (view);
    if (view->row->acknowledged == 0)
        return false;
    if (advisory->withdrawn || applicable == 2)
        return true;
    for (size_t i = 0; i < advisory->count; i++)
        if (!ledger_settled (view, i))
            return false;
    return applicable == 1;
}

/* --- Clocks -------------------------------------------------------------------------------- */

#define CLOCK_ACKNOWLEDGE "advisory-acknowledge"
#define CLOCK_APPLICABLE  "advisory-applicable"
#define CLOCK_DONE        "advisory-done"

static int64_t limit_of (const struct policy *policy, const char *clock, struct span role,
                         unsigned severity)
{
    int64_t longest = 0;
    if (role.size > 0)
        return policy_clock (policy, clock, role, severity);
    for (size_t i = 0; i < policy->clock_count; i++) {
        const struct policy_clock *row = &policy->clocks[i];
        if (span_is (row->clock, clock) && (row->severity == 0 || row->severity == severity) &&
            row->limit > longest)
            longest = row->limit;
    }
    return longest;
}

void ledger_limits (struct ledger_limits *out, const struct policy *policy, struct span role,
                    unsigned severity)
{
    memset (out, 0, sizeof *out);
    if (policy == NULL)
        return;
    out->acknowledge = limit_of (policy, CLOCK_ACKNOWLEDGE, role, severity);
    out->applicable = limit_of (policy, CLOCK_APPLICABLE, role, severity);
    out->done = limit_of (policy, CLOCK_DONE, role, severity);
}

static int64_t due_of (int64_t said, int64_t started, int64_t limit)
{
    if (said != 0)
        return said;
    return limit == 0 ? 0 : limit > TIME_MAX - started ? TIME_MAX : started + limit;
}

/* The clock of actions that are due at one time; its first one names it, should it need a name. */
static void add_done (struct ledger_clock *out, size_t *count, size_t first, int64_t due,
                      size_t action)
{
    size_t at = first;
    while (at < *count && out[at].due != due)
        at++;
    if (at == *count) {
        memset (&out[at], 0, sizeof out[at]);
        out[at].due = due;
        ++*count;
    }
    out[at].actions |= UINT64_C (1) << action;
}

static void name_done (struct ledger_clock *clock, const struct ledger_advisory *advisory,
                       bool alone)
{
    size_t i = 0;
    while ((clock->actions >> i & 1) == 0)
        i++;
    snprintf (clock->name, sizeof clock->name, CLOCK_DONE "%s%.*s", alone ? "" : " ",
              alone ? 0 : (int) advisory->asks[i].id.size,
              (const char *) advisory->asks[i].id.data);
}

static void add_named (struct ledger_clock *out, size_t *count, const char *name, int64_t due)
{
    if (due == 0)
        return;
    memset (&out[*count], 0, sizeof out[*count]);
    snprintf (out[*count].name, sizeof out[*count].name, "%s", name);
    out[(*count)++].due = due;
}

size_t ledger_clocks (const struct ledger_advisory *advisory, const struct ledger_limits *limits,
                      struct ledger_clock out[LEDGER_CLOCKS])
{
    size_t count = 0;
    add_named (out, &count, CLOCK_ACKNOWLEDGE,
               due_of (advisory->acknowledge_by, advisory->started, limits->acknowledge));
    if (advisory->withdrawn)
        return count;
    add_named (out, &count, CLOCK_APPLICABLE, due_of (0, advisory->started, limits->applicable));
    size_t first = count;
    for (size_t i = 0; i < advisory->count; i++) {
        int64_t due = due_of (advisory->asks[i].due, advisory->started, limits->done);
        if (due != 0)
            add_done (out, &count, first, due, i);
    }
    for (size_t i = first; i < count; i++)
        name_done (&out[i], advisory, count == first + 1);
    return count;
}

bool ledger_met (const struct ledger_clock *clock, const struct ledger_view *view, uint64_t *left)
{
    uint64_t open = 0;
    bool met;
    if (strcmp (clock->name, CLOCK_ACKNOWLEDGE) == 0) {
        met = view->row->acknowledged != 0;
    } else if (strcmp (clock->name, CLOCK_APPLICABLE) == 0) {
        met = ledger_applicable (view) != 0;
    } else {
        for (size_t i = 0; i < LEDGER_ACTIONS; i++)
            if ((clock->actions >> i & 1) != 0 && !ledger_settled (view, i))
                open |= UINT64_C (1) << i;
        if (ledger_applicable (view) == 2)
            open = 0;
        met = open == 0;
    }
    if (left != NULL)
        *left = open;
    return met;
}
