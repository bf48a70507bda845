/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/bulletins.h"

#include "broker/casework/alarms.h"
#include "broker/station.h"
#include "bus/core/policy.h"

#include <stdlib.h>
#include <string.h>

#define CLOCK_DRAFT   "bulletin"
#define CLOCK_APPROVE "bulletin-approve"
#define APPROVE_MS    INT64_C (14400000)
#define MONDAY        1
#define NINE          540
#define STEP_BREACH   1

/* --- The schedule -------------------------------------------------------------------------- */

struct schedule {
    unsigned day, minute;
};

static struct schedule schedule_of (struct store *store)
{
    const struct policy *policy = casework_policy (store);
    int64_t day = policy_setting (policy, POLICY_BULLETIN_DAY);
    int64_t minute = policy_setting (policy, POLICY_BULLETIN_HOUR);
    return (struct schedule){ day >= 1 && day <= 7 ? (unsigned) day : MONDAY,
                              minute >= 0 && minute < 24 * 60 ? (unsigned) minute : NINE };
}

bool bulletin_last_period (struct store *store, int64_t now, struct bulletin_period *out)
{
    struct schedule s = schedule_of (store);
    if (store->zone == NULL)
        return false;
    out->until = zone_last_weekly (store->zone, s.day, s.minute, now);
    out->from = zone_last_weekly (store->zone, s.day, s.minute, out->until - 1);
    return true;
}

bool bulletin_this_period (struct store *store, int64_t now, struct bulletin_period *out)
{
    struct schedule s = schedule_of (store);
    if (store->zone == NULL)
        return false;
    out->from = zone_last_weekly (store->zone, s.day, s.minute, now);
    out->until = zone_next_weekly (store->zone, s.day, s.minute, now);
    return true;
}

/* The schedule begins with the first subscription that is in force, and goes on from the last
 * bulletin: what was before is nobody's. */
int64_t bulletin_due (struct store *store)
{
    struct key after = { .size = 0 };
    struct subscriber one;
    struct bulletin_state newest;
    struct schedule s = schedule_of (store);
    int64_t since = TIMER_NEVER;
    while (subscribers_next (store->journal, BULLETIN_OWN, &after, &one))
        if (!one.ended && one.message.issued < since)
            since = one.message.issued;
    if (since == TIMER_NEVER || store->zone == NULL)
        return TIMER_NEVER;
    if (bulletin_newest (store->journal, BULLETIN_OWN, "cabinet", INT64_MAX, &newest) &&
        newest.until > since)
        since = newest.until;
    return zone_next_weekly (store->zone, s.day, s.minute, since);
}

/* --- Messages that compete ----------------------------------------------------------------- */

/* <0, 0, >0: which is the later one. One that is not there is the earliest. */
static int later (const struct bulletin_message *a, const struct bulletin_message *b)
{
    if ((a->position == 0) != (b->position == 0))
        return a->position == 0 ? -1 : 1;
    if (a->issued != b->issued)
        return a->issued < b->issued ? -1 : 1;
    return memcmp (a->leaf.bytes, b->leaf.bytes, HASH_SIZE);
}

static void pack_message (struct pack_out *out, const struct bulletin_message *m)
{
    pack_put_int (out, m->issued);
    pack_put_bin (out, span_bytes (m->leaf.bytes, HASH_SIZE));
    pack_put_int (out, m->position);
}

static void read_message (struct pack_in *in, struct bulletin_message *m)
{
    m->issued = pack_int (in, 0, TIME_MAX);
    const uint8_t *leaf = pack_fixed (in, HASH_SIZE);
    if (leaf != NULL)
        memcpy (m->leaf.bytes, leaf, HASH_SIZE);
    m->position = pack_int (in, 0, INT64_MAX);
}

/* The text of a key that begins at `at`, and where the next part does. */
static bool key_part (struct span key, size_t *at, char *out, size_t size)
{
    const uint8_t *end = *at < key.size ? memchr (key.data + *at, 0, key.size - *at) : NULL;
    if (end == NULL)
        return false;
    span_text (span_bytes (key.data + *at, (size_t) (end - key.data) - *at), out, size);
    *at = (size_t) (end - key.data) + 1;
    return true;
}

/* --- Subscriptions ------------------------------------------------------------------------- */

static bool read_subscriber (struct subscriber *out, struct span key, struct span row)
{
    struct pack_in in = pack_open (row);
    size_t at = 2;
    memset (out, 0, sizeof *out);
    pack_array (&in, 4, 4);
    out->ended = pack_bool (&in);
    read_message (&in, &out->message);
    return pack_done (&in) && key_part (key, &at, out->edition, sizeof out->edition) &&
           key_part (key, &at, out->party, sizeof out->party);
}

bool subscribers_next (struct journal *journal, unsigned whose, struct key *after,
                       struct subscriber *out)
{
    struct key prefix;
    struct span key, row;
    key_begin (&prefix, TABLE_SUBSCRIBERS);
    key_u8 (&prefix, whose);
    while (table_next (journal, &prefix, after, &key, &row))
        if (read_subscriber (out, key, row))
            return true;
    return false;
}

static void put_subscriber (struct store *store, unsigned whose, struct span party,
                            const struct envelope *e, int64_t position)
{
    struct key key;
    struct subscriber was = { .ended = false };
    struct bulletin_message now = { .issued = e->issued, .leaf = e->leaf, .position = position };
    struct span row;
    struct pack_out out;
    key_begin (&key, TABLE_SUBSCRIBERS);
    key_u8 (&key, whose);
    key_text (&key, body_text (e->body, "edition"));
    key_text (&key, party);
    if (journal_get (store->journal, key_span (&key), &row) == JOURNAL_OK &&
        read_subscriber (&was, key_span (&key), row) && later (&was.message, &now) >= 0)
        return;
    struct pack_in ended = pack_open (body_field (e->body, "ended"));
    pack_init (&out);
    pack_put_array (&out, 4);
    pack_put_bool (&out, pack_bool (&ended));
    pack_message (&out, &now);
    store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&out)));
    pack_free (&out);
}

void bulletins_touch (struct store *store)
{
    struct subject schedule = { .class = SUBJECT_BULLETIN };
    casework_touch (store, &schedule);
}

static void fold_subscription (struct store *store, const struct envelope *e, int64_t position)
{
    bool own = span_is (e->id.origin, store->self);
    for (size_t i = 0; i < e->audience_count; i++) {
        struct span to = e->audience[i].name;
        if (e->audience[i].type != TERM_PARTY)
            continue;
        if (span_is (to, store->self))
            put_subscriber (store, BULLETIN_OWN, e->id.origin, e, position);
        if (own)
            put_subscriber (store, BULLETIN_OTHERS, to, e, position);
    }
    bulletins_touch (store);
}

/* --- Bulletins ----------------------------------------------------------------------------- */

static bool read_bulletin (struct bulletin_state *out, struct span key, struct span row)
{
    struct pack_in in = pack_open (row);
    size_t at = 2;
    memset (out, 0, sizeof *out);
    pack_array (&in, 9, 9);
    read_message (&in, &out->first);
    read_message (&in, &out->draft);
    read_message (&in, &out->final);
    if (!pack_done (&in) || !key_part (key, &at, out->edition, sizeof out->edition) ||
        key.size < at + 8)
        return false;
    out->until = (int64_t) read_u64 (key.data + at);
    at += 8;
    return key_part (key, &at, out->origin, sizeof out->origin);
}

bool bulletin_newest (struct journal *journal, unsigned whose, const char *edition, int64_t until,
                      struct bulletin_state *out)
{
    struct key prefix, before;
    struct span key, row;
    key_begin (&prefix, TABLE_BULLETINS);
    key_u8 (&prefix, whose);
    key_text (&prefix, span_of (edition));
    before = prefix;
    key_u64 (&before, (uint64_t) until + 1);
    while (table_before (journal, &prefix, &before, &key, &row))
        if (read_bulletin (out, key, row))
            return true;
    return false;
}

static void touch_message (struct store *store, const struct bulletin_message *m)
{
    struct record record;
    struct envelope e;
    struct subject subject;
    uint8_t *bytes = m->position > 0 ? store_message (store, m->position, &record, &e) : NULL;
    if (bytes == NULL)
        return;
    subject_id (&subject, SUBJECT_BULLETIN, &e.id);
    casework_touch (store, &subject);
    free (bytes);
}

static void bulletin_key (struct key *key, const struct store *store, const struct envelope *e)
{
    key_begin (key, TABLE_BULLETINS);
    key_u8 (key, span_is (e->id.origin, store->self) ? BULLETIN_OWN : BULLETIN_OTHERS);
    key_text (key, body_text (e->body, "edition"));
    key_u64 (key, (uint64_t) body_int (e->body, "period.until", 0));
    key_text (key, e->id.origin);
}

static void fold_bulletin (struct store *store, const struct envelope *e, int64_t position)
{
    struct key key;
    struct bulletin_state state = { .until = 0 };
    struct bulletin_message now = { .issued = e->issued, .leaf = e->leaf, .position = position };
    struct span row;
    struct pack_out out;
    bool draft = span_is (body_text (e->body, "status"), "draft");
    if (draft && !span_is (e->id.origin, store->self))
        return;
    bulletin_key (&key, store, e);
    if (journal_get (store->journal, key_span (&key), &row) == JOURNAL_OK)
        read_bulletin (&state, key_span (&key), row);
    touch_message (store, &state.first);
    if (draft && (state.first.position == 0 || later (&state.first, &now) > 0))
        state.first = now;
    if (draft && later (&state.draft, &now) < 0)
        state.draft = now;
    if (!draft && later (&state.final, &now) < 0)
        state.final = now;
    pack_init (&out);
    pack_put_array (&out, 9);
    pack_message (&out, &state.first);
    pack_message (&out, &state.draft);
    pack_message (&out, &state.final);
    store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&out)));
    pack_free (&out);
    touch_message (store, &state.first);
    bulletins_touch (store);
}

/* --- What a bulletin tells of -------------------------------------------------------------- */

static void told_key (struct key *key, enum told what, int64_t time)
{
    key_begin (key, TABLE_TOLD);
    key_u8 (key, what);
    key_u64 (key, (uint64_t) time);
}

static void put_told (struct store *store, enum told what, int64_t time, int64_t position)
{
    struct key key;
    told_key (&key, what, time);
    key_u64 (&key, (uint64_t) position);
    store_ok (store, journal_put (store->journal, key_span (&key), span_of ("")));
}

static void fold_alarm (struct store *store, const struct envelope *e, int64_t position)
{
    static const struct {
        enum told told;
        const char *what;
    } rows[] = {
#define TOLD_X(NAME, number, what) { TOLD_##NAME, what },
        BULLETIN_TOLD (TOLD_X)
#undef TOLD_X
    };
    struct span what = body_text (e->body, "what");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (what.size > 0 && span_is (what, rows[i].what))
            put_told (store, rows[i].told, e->issued, position);
}

bool told_next (struct journal *journal, enum told what, const struct bulletin_period *period,
                struct key *after, int64_t *position)
{
    struct key prefix;
    struct span key, row;
    key_begin (&prefix, TABLE_TOLD);
    key_u8 (&prefix, what);
    if (after->size == 0)
        told_key (after, what, period->from);
    if (!table_next (journal, &prefix, after, &key, &row) || key.size != prefix.size + 16 ||
        (int64_t) read_u64 (key.data + prefix.size) >= period->until)
        return false;
    *position = (int64_t) tail_u64 (key);
    return true;
}

/* --- The part ------------------------------------------------------------------------------ */

static bool bulletins_reads (struct span kind)
{
    static const char *const kinds[] = { "subscription", "bulletin", "advisory",
                                         "alarm",        "exercise", "policy" };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (span_is (kind, kinds[i]))
            return true;
    return false;
}

static void bulletins_fold (struct store *store, const struct intake_batch *batch,
                            const struct item *item, const struct envelope *e)
{
    bool own = span_is (e->id.origin, store->self);
    (void) batch;
    if (e->mode != CB_MODE_LIVE)
        return;
    if (span_is (e->kind, "subscription"))
        fold_subscription (store, e, item->position);
    else if (span_is (e->kind, "bulletin"))
        fold_bulletin (store, e, item->position);
    else if (span_is (e->kind, "policy"))
        bulletins_touch (store);
    else if (span_is (e->kind, "advisory") && own && e->replaces.origin.size == 0)
        put_told (store, TOLD_ADVISORY, e->issued, item->position);
    else if (span_is (e->kind, "exercise") && span_is (body_text (e->body, "step"), "announce"))
        put_told (store, TOLD_EXERCISE, body_int (e->body, "from", e->issued), item->position);
    else if (span_is (e->kind, "alarm") && own)
        fold_alarm (store, e, item->position);
}

static void settle_schedule (struct store *store, const struct subject *subject)
{
    int64_t at = bulletin_due (store);
    struct timer timer = { .at = at, .clock = CLOCK_DRAFT, .started = at, .due = at };
    timers_set (store, subject, &timer, at != TIMER_NEVER);
}

static int64_t approve_limit (struct store *store)
{
    const struct policy *policy = casework_policy (store);
    int64_t limit = policy != NULL ? policy_clock (policy, CLOCK_APPROVE, store->me->role, 0) : 0;
    return limit > 0 ? limit : APPROVE_MS;
}

/* The bulletin that a draft belongs to, as the subject names it. False: it is none. `id` of the
 * message borrows from `*bytes`, owned. */
static bool bulletin_of (struct store *store, const struct subject *subject,
                         struct bulletin_state *state, struct envelope *e, uint8_t **bytes)
{
    struct key key;
    struct record record;
    struct span row;
    key_begin (&key, TABLE_IDS);
    key_bytes (&key, key_span (&subject->key));
    int64_t position = (int64_t) table_get_u64 (store->journal, &key, 0);
    *bytes = position > 0 ? store_message (store, position, &record, e) : NULL;
    if (*bytes == NULL)
        return false;
    bulletin_key (&key, store, e);
    return journal_get (store->journal, key_span (&key), &row) == JOURNAL_OK &&
           read_bulletin (state, key_span (&key), row) && state->first.position == position;
}

/* A draft waits for an officer from its first version on, however often it is edited. */
static void settle_draft (struct store *store, const struct subject *subject)
{
    struct bulletin_state state;
    struct envelope e;
    uint8_t *bytes;
    struct timer timer = { .clock = CLOCK_APPROVE, .step = STEP_BREACH };
    bool waits = bulletin_of (store, subject, &state, &e, &bytes) && state.final.position == 0;
    timer.started = state.first.issued;
    timer.at = timer.due = waits ? timer.started + approve_limit (store) : 0;
    if (waits && raised_get (store->journal, subject, &timer,
                             (unsigned) party_depth (span_of (store->self))))
        timer.at = TIMER_NEVER;
    timers_set (store, subject, &timer, waits);
    free (bytes);
}

static void bulletins_settle (struct store *store, const struct subject *subject)
{
    if (subject->key.size == 0)
        settle_schedule (store, subject);
    else
        settle_draft (store, subject);
}

const struct casework_part bulletins_part = {
    .name = "bulletins",
    .reads = bulletins_reads,
    .fold = bulletins_fold,
    .class = SUBJECT_BULLETIN,
    .settle = bulletins_settle,
    .tables = (const char[]){ TABLE_SUBSCRIBERS, TABLE_BULLETINS, TABLE_TOLD, '\0' },
};

/* --- What is due --------------------------------------------------------------------------- */

static bool finish_draft (struct station *station, struct deed *deed)
{
    struct bulletin_work *work = (struct bulletin_work *) (void *) deed->bytes;
    bulletin_finish (station, work);
    bulletin_pack (&deed->body, &work->b);
    deed->draft.body = pack_result (&deed->body);
    return true;
}

/* What was missed while nobody was here is the last period alone. */
static bool fire_draft (struct store *store, int64_t now, struct deed *out)
{
    struct bulletin_period period;
    if (!bulletin_last_period (store, now, &period))
        return false;
    memset (out, 0, sizeof *out);
    pack_init (&out->body);
    out->bytes = (uint8_t *) bulletin_fill (store, &period, now);
    out->draft = (struct draft){ .kind = span_of ("bulletin"),
                                 .precedence = CB_LANE_ROUTINE,
                                 .tlp = CB_TLP_AMBER,
                                 .mode = CB_MODE_LIVE,
                                 .audience_count = 1 };
    out->draft.audience[0] = span_of (store->self);
    out->finish = finish_draft;
    return true;
}

static bool fire_approve (struct store *store, const struct subject *subject,
                          const struct timer *timer, struct deed *out)
{
    struct bulletin_state state;
    struct envelope e;
    uint8_t *bytes;
    bool waits = bulletin_of (store, subject, &state, &e, &bytes) && state.final.position == 0;
    struct alarm alarm = { .what = "bulletin",
                           .clock = timer->clock,
                           .step = timer->step,
                           .started = timer->started,
                           .due = timer->due,
                           .severity = "S3",
                           .title = "The bulletin waits for an officer, and is late",
                           .text = "Look at it: certbus bulletin. Give it a headline, a threat "
                                   "level and an outlook: certbus bulletin --edit. Send it: "
                                   "certbus bulletin --approve --by OFFICER.",
                           .call = "",
                           .count = -1,
                           .tlp = CB_TLP_AMBER };
    if (waits) {
        alarm.thread = e.id;
        alarm_deed (out, span_of (store->self), &alarm);
    }
    free (bytes);
    return waits;
}

bool bulletins_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                     int64_t now, struct deed *out)
{
    return subject->key.size == 0 ? fire_draft (store, now, out)
                                  : fire_approve (store, subject, timer, out);
}
