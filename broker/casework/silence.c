/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/silence.h"

#include "broker/casework/alarms.h"
#include "broker/heard.h"
#include "bus/core/when.h"

#include <stdio.h>
#include <string.h>

#define CLOCK       "silence"
#define STEP_BREACH 1

int64_t silence_limit (const struct policy *policy, struct span role)
{
    int64_t limit = policy != NULL ? policy_clock (policy, CLOCK, role, 0) : 0;
    bool cert =
        span_is (role, "national") || span_is (role, "provincial") || span_is (role, "sectoral");
    return limit > 0 ? limit : cert ? SILENCE_CERT : SILENCE_BODY;
}

/* --- HEARD: when, when it was enrolled, then the role -------------------------------------- */

#define ROW_FIXED 16

static void heard_key (struct key *key, struct span party)
{
    key_begin (key, TABLE_HEARD);
    key_text (key, party);
}

static bool row_read (struct heard *out, struct span value)
{
    if (value.size < ROW_FIXED)
        return false;
    out->at = (int64_t) read_u64 (value.data);
    out->enrolled = (int64_t) read_u64 (value.data + 8);
    out->role = span_bytes (value.data + ROW_FIXED, value.size - ROW_FIXED);
    return true;
}

static void touch (struct store *store, struct span party)
{
    struct subject subject;
    subject_text (&subject, SUBJECT_SILENCE, party);
    casework_touch (store, &subject);
}

int64_t heard_put (struct store *store, const struct heard *heard, int64_t now)
{
    uint8_t row[ROW_FIXED + SECTOR_MAX];
    struct heard before = { .at = 0 };
    struct key key;
    struct span value;
    size_t size = heard->role.size < SECTOR_MAX ? heard->role.size : SECTOR_MAX;
    heard_key (&key, heard->party);
    bool known = journal_get (store->journal, key_span (&key), &value) == JOURNAL_OK &&
                 row_read (&before, value);
    int64_t at = heard->at > before.at ? heard->at : before.at > 0 ? before.at : now;
    write_u64 (row, (uint64_t) at);
    write_u64 (row + 8, (uint64_t) heard->enrolled);
    memcpy (row + ROW_FIXED, heard->role.data, size);
    if (!known || !span_equal (value, span_bytes (row, ROW_FIXED + size)))
        store_ok (store, journal_put (store->journal, key_span (&key),
                                      span_bytes (row, ROW_FIXED + size)));
    touch (store, heard->party);
    return at;
}

bool heard_next (struct journal *journal, struct key *after, struct heard *out)
{
    struct key prefix;
    struct span key, value;
    key_begin (&prefix, TABLE_HEARD);
    while (table_next (journal, &prefix, after, &key, &value))
        if (row_read (out, value)) {
            out->party = span_bytes (key.data + 1, key.size - 2);
            return true;
        }
    return false;
}

void heard_forget (struct store *store, struct span party)
{
    struct key key;
    heard_key (&key, party);
    store_ok (store, journal_del (store->journal, key_span (&key)));
    touch (store, party);
}

/* --- The clock ----------------------------------------------------------------------------- */

static void settle (struct store *store, const struct subject *subject)
{
    struct timer timer = { .clock = CLOCK, .step = STEP_BREACH };
    struct heard heard;
    struct key key;
    struct span value;
    key_begin (&key, TABLE_HEARD);
    key_bytes (&key, key_span (&subject->key));
    bool known = journal_get (store->journal, key_span (&key), &value) == JOURNAL_OK &&
                 row_read (&heard, value);
    if (known) {
        timer.started = heard.at;
        timer.due = timer.at = timer.started + silence_limit (casework_policy (store), heard.role);
        if (raised_get (store->journal, subject, &timer,
                        (unsigned) party_depth (span_of (store->self))) > 0)
            timer.at = TIMER_NEVER; /* it stands among the clocks until it speaks */
    }
    timers_set (store, subject, &timer, known);
}

/* Touches what follows from tables that a rebuild does not empty. */
static void silence_begin (struct store *store)
{
    struct key after = { .size = 0 };
    struct heard heard;
    struct subject returns = { .class = SUBJECT_RETURN };
    while (heard_next (store->journal, &after, &heard))
        touch (store, heard.party);
    casework_touch (store, &returns);
}

static bool reads (struct span kind)
{
    return span_is (kind, "policy");
}

/* No message is a step of a silence, so another limit counts at once. */
static void fold (struct store *store, const struct intake_batch *batch, const struct item *item,
                  const struct envelope *e)
{
    (void) batch;
    (void) item;
    if (reads (e->kind) && e->mode == CB_MODE_LIVE)
        silence_begin (store);
}

bool silence_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                   int64_t now, struct deed *out)
{
    char title[300], text[500], call[ALARM_CALL], heard[WHEN_TEXT];
    struct span party = span_bytes (subject->key.bytes, subject->key.size - 1);
    (void) now;
    if (!alarm_call (store, party, call))
        snprintf (call, sizeof call, SPAN_FMT ": it has told no contact here", SPAN_ARG (party));
    when_text (timer->started, heard);
    snprintf (title, sizeof title, SPAN_FMT " is silent: nothing of it was heard since %s",
              SPAN_ARG (party), heard);
    snprintf (text, sizeof text,
              "Its broker, its line or the body itself may be in trouble. Call, and ask it to look "
              "at its broker: certbus status says there what is the matter. Messages for it wait "
              "here.");
    struct alarm alarm = { .what = "silent",
                           .clock = CLOCK,
                           .step = timer->step,
                           .started = timer->started,
                           .due = timer->due,
                           .severity = "S3",
                           .title = title,
                           .text = text,
                           .call = call,
                           .party = party,
                           .count = -1,
                           .mode = CB_MODE_LIVE };
    alarm_deed (out, span_of (store->self), &alarm);
    out->finish = heard_is_silent;
    return true;
}

const struct casework_part silence_part = {
    .name = "silence",
    .reads = reads,
    .fold = fold,
    .class = SUBJECT_SILENCE,
    .settle = settle,
    .begin = silence_begin,
};
