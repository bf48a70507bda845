/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/silence.h"

#include "broker/casework/alarms.h"
#include "broker/heard.h"
#include "bus/edge/zone.h"

#include <stdio.h>
#include <string.h>

#define CLOCK       "nil-return"
#define STEP_BREACH 1
/* Months that a broker which was away catches up with, at a time. */
#define MONTHS_MAX 24
/* Named in the alarm. */
#define NAMES_MAX  8
#define NAMES_TEXT 1200

/* What a row says. */
enum answered { SAID_NOTHING = 1, REPORTED = 2 };

bool returns_period (struct store *store, int64_t at, char period[PERIOD_TEXT])
{
    char text[ZONE_TEXT];
    if (store->zone == NULL)
        return false;
    zone_month (store->zone, at, text);
    span_text (span_of (text), period, PERIOD_TEXT);
    return true;
}

static void row_key (struct key *key, const char *period, struct span party)
{
    key_begin (key, TABLE_RETURNS);
    key_text (key, span_of (period));
    key_text (key, party);
}

unsigned returns_get (struct journal *journal, const char *period, struct span party)
{
    struct key key;
    struct span value;
    row_key (&key, period, party);
    return journal_get (journal, key_span (&key), &value) == JOURNAL_OK && value.size == 1
               ? value.data[0]
               : 0;
}

/* --- The projection ------------------------------------------------------------------------ */

static bool reads (struct span kind)
{
    return span_is (kind, "nil-return") || span_is (kind, "incident");
}

static bool is_period (struct span text)
{
    static const char shape[] = "dddd-dd";
    if (text.size != PERIOD_TEXT - 1)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (shape[i] == 'd' ? text.data[i] < '0' || text.data[i] > '9' : text.data[i] != '-')
            return false;
    return true;
}

/* Nobody knows yet what a month will bring that has not begun. */
static bool is_to_come (struct store *store, const char *period, int64_t issued)
{
    char now[PERIOD_TEXT];
    return returns_period (store, issued, now) && strcmp (period, now) > 0;
}

/* Who reported has answered for that month, whatever it says besides. */
static void fold (struct store *store, const struct intake_batch *batch, const struct item *item,
                  const struct envelope *e)
{
    char period[PERIOD_TEXT];
    bool nothing = span_is (e->kind, "nil-return");
    struct span said = body_text (e->body, "period");
    struct key key;
    (void) batch;
    (void) item;
    if (e->mode != CB_MODE_LIVE || (!nothing && !span_is (e->kind, "incident")))
        return;
    if (nothing && !is_period (said))
        return;
    if (nothing)
        span_text (said, period, sizeof period);
    else if (!returns_period (store, e->issued, period))
        return;
    uint8_t row = nothing ? SAID_NOTHING : REPORTED;
    if (is_to_come (store, period, e->issued) ||
        returns_get (store->journal, period, e->id.origin) >= row)
        return;
    row_key (&key, period, e->id.origin);
    store_ok (store, journal_put (store->journal, key_span (&key), span_bytes (&row, 1)));
}

/* --- The clock ----------------------------------------------------------------------------- */

static void next_key (struct key *key)
{
    key_station (key, "returns");
}

int64_t returns_next (struct store *store, int64_t now)
{
    struct key key;
    if (store->zone == NULL)
        return 0;
    next_key (&key);
    int64_t next = (int64_t) table_get_u64 (store->journal, &key, 0);
    if (next > 0)
        return next;
    next = zone_month_start (store->zone, now);
    store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) next));
    return next;
}

void returns_done (struct store *store, int64_t start)
{
    struct subject subject = { .class = SUBJECT_RETURN };
    struct key key;
    next_key (&key);
    if (store->zone == NULL || (int64_t) table_get_u64 (store->journal, &key, 0) > start)
        return;
    int64_t next = zone_month_end (store->zone, start);
    store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) next));
    casework_touch (store, &subject);
}

static struct timer timer_of (struct store *store, int64_t start)
{
    const struct policy *policy = casework_policy (store);
    int64_t limit = policy != NULL ? policy_clock (policy, CLOCK, store->me->role, 0) : 0;
    struct timer timer = { .clock = CLOCK, .started = start, .step = STEP_BREACH };
    timer.at = timer.due = zone_month_end (store->zone, start) + (limit > 0 ? limit : RETURN_MS);
    return timer;
}

/* The first month that was not asked for, after those that were. */
static void settle (struct store *store, const struct subject *subject)
{
    unsigned level = (unsigned) party_depth (span_of (store->self));
    struct timer timer = { .clock = CLOCK };
    struct key key;
    next_key (&key);
    int64_t start = (int64_t) table_get_u64 (store->journal, &key, 0);
    bool any = start > 0 && store->zone != NULL;
    for (int i = 0; any && i < MONTHS_MAX; i++) {
        timer = timer_of (store, start);
        if (raised_get (store->journal, subject, &timer, level) == 0)
            break;
        start = zone_month_end (store->zone, start);
    }
    timers_set (store, subject, &timer, any);
}

bool returns_owes (struct store *store, const struct heard *heard, int64_t end)
{
    static const struct labels no_sectors;
    const struct policy *policy = casework_policy (store);
    struct sender sender = { heard->party, heard->role, &no_sectors };
    struct term parent = { TERM_PARTY, span_of (store->self) };
    return heard->enrolled < end && policy != NULL &&
           policy_allows (policy, &sender, span_of ("incident"), &parent, 1, span_of ("")).reason ==
               CB_OK;
}

/* How many are missing, and the names of the first ones. */
static size_t find_missing (struct store *store, int64_t start, const char *period,
                            char names[NAMES_TEXT])
{
    int64_t end = zone_month_end (store->zone, start);
    struct key after = { .size = 0 };
    struct heard heard;
    size_t count = 0, used = 0;
    names[0] = '\0';
    while (heard_next (store->journal, &after, &heard)) {
        char party[PARTY_MAX + 1];
        span_text (heard.party, party, sizeof party);
        heard.party = span_of (party);
        if (!returns_owes (store, &heard, end) ||
            returns_get (store->journal, period, heard.party) != 0)
            continue;
        if (count++ < NAMES_MAX && used < NAMES_TEXT)
            used += (size_t) snprintf (names + used, NAMES_TEXT - used, "%s%s",
                                       used > 0 ? ", " : "", party);
    }
    return count;
}

bool returns_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                   int64_t now, struct deed *out)
{
    char period[PERIOD_TEXT];
    (void) subject;
    (void) now;
    if (!returns_period (store, timer->started, period))
        return false;
    char names[NAMES_TEXT], title[300], text[NAMES_TEXT + 300];
    size_t count = find_missing (store, timer->started, period, names);
    snprintf (title, sizeof title, "%zu bodies have not said whether there was anything in %s",
              count, period);
    snprintf (text, sizeof text,
              "%s%s. Neither a report nor a nil-return of that month came. All of them: certbus "
              "nil-return --missing --period %s",
              names, count > NAMES_MAX ? " and others" : "", period);
    struct alarm alarm = { .what = "missing",
                           .clock = CLOCK,
                           .step = timer->step,
                           .started = timer->started,
                           .due = timer->due,
                           .severity = "S4",
                           .title = title,
                           .text = text,
                           .call = "",
                           .count = (int64_t) count,
                           .mode = CB_MODE_LIVE };
    alarm_deed (out, span_of (store->self), &alarm);
    out->finish = heard_any_missing;
    return true;
}

const struct casework_part returns_part = { .name = "returns",
                                            .reads = reads,
                                            .fold = fold,
                                            .class = SUBJECT_RETURN,
                                            .settle = settle,
                                            .tables = (const char[]){ TABLE_RETURNS, '\0' } };
