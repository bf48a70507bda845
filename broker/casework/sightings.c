/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/sightings.h"

#include "bus/core/case.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A row's value: first, last, severity, then the name. A head's: episode, last, then the class. */
#define ROW_FIXED  17
#define HEAD_FIXED 16

/* How long a pattern has to be away for the next one to be another one, where the policy does not
 * say. */

/* --- The table ----------------------------------------------------------------------------- */

static void pattern_key (struct key *key, const struct hash *pattern, unsigned mode)
{
    key_begin (key, TABLE_INDICATORS);
    key_u8 (key, mode);
    key_hash (key, pattern);
}

static void row_read (struct sighted *out, struct span key, struct span value, size_t prefix)
{
    memset (out, 0, sizeof *out);
    if (key.size <= prefix + TAG_SIZE || value.size < ROW_FIXED)
        return;
    span_text (span_bytes (key.data + prefix, key.size - prefix - TAG_SIZE - 1), out->origin,
               sizeof out->origin);
    memcpy (out->tag, key.data + key.size - TAG_SIZE, TAG_SIZE);
    out->first = (int64_t) read_u64 (value.data);
    out->last = (int64_t) read_u64 (value.data + 8);
    out->severity = value.data[16];
    span_text (span_bytes (value.data + ROW_FIXED, value.size - ROW_FIXED), out->party,
               sizeof out->party);
}

struct sighted *sightings_of (struct store *store, const struct hash *pattern, unsigned mode,
                              size_t max, size_t *count, bool *more)
{
    struct key prefix, after = { .size = 0 };
    struct span key, value;
    struct sighted *rows = NULL;
    size_t room = 0;
    pattern_key (&prefix, pattern, mode);
    *count = 0;
    *more = false;
    while (table_next (store->journal, &prefix, &after, &key, &value)) {
        if (key.size == prefix.size)
            continue; /* the head */
        *more = *count == max;
        if (*more)
            break;
        if (*count == room) {
            room = room ? 2 * room : 16;
            rows = realloc (rows, room * sizeof *rows);
            if (rows == NULL)
                abort ();
        }
        row_read (&rows[(*count)++], key, value, prefix.size);
    }
    return rows;
}

bool sightings_head (struct store *store, const struct hash *pattern, unsigned mode,
                     struct pattern_head *out)
{
    struct key key;
    struct span value;
    memset (out, 0, sizeof *out);
    pattern_key (&key, pattern, mode);
    if (journal_get (store->journal, key_span (&key), &value) != JOURNAL_OK ||
        value.size < HEAD_FIXED)
        return false;
    out->episode = (int64_t) read_u64 (value.data);
    out->last = (int64_t) read_u64 (value.data + 8);
    span_text (span_bytes (value.data + HEAD_FIXED, value.size - HEAD_FIXED), out->class,
               sizeof out->class);
    return true;
}

/* The severity that is worse: 1 is the worst, and what is not determined counts as it is counted
 * elsewhere. */
static unsigned worse (unsigned a, unsigned b)
{
    return a == 0 || (b != 0 && severity_effective (b) < severity_effective (a)) ? b : a;
}

void sightings_add (struct store *store, const struct hash *pattern, unsigned mode,
                    const struct sighted *row)
{
    uint8_t bytes[ROW_FIXED + PARTY_MAX];
    struct sighted before = { .first = row->first };
    struct key key;
    struct span value;
    pattern_key (&key, pattern, mode);
    size_t prefix = key.size, name = strlen (row->party);
    key_text (&key, span_of (row->origin));
    key_bytes (&key, span_bytes (row->tag, TAG_SIZE));
    if (journal_get (store->journal, key_span (&key), &value) == JOURNAL_OK)
        row_read (&before, key_span (&key), value, prefix);
    write_u64 (bytes, (uint64_t) (before.first < row->first ? before.first : row->first));
    write_u64 (bytes + 8, (uint64_t) (before.last > row->last ? before.last : row->last));
    bytes[16] = (uint8_t) worse (before.severity, row->severity);
    memcpy (bytes + ROW_FIXED, row->party, name);
    store_ok (store,
              journal_put (store->journal, key_span (&key), span_bytes (bytes, ROW_FIXED + name)));
}

/* In the order in which they came: a pattern that was away for a whole window begins again. */
static void head_move (struct store *store, const struct hash *pattern, unsigned mode,
                       int64_t issued, struct span class)
{
    uint8_t bytes[HEAD_FIXED + sizeof ((struct pattern_head *) 0)->class];
    struct pattern_head head;
    struct key key;
    int64_t window = policy_setting (casework_policy (store), POLICY_CORRELATE_WINDOW);
    bool known = sightings_head (store, pattern, mode, &head);
    if (!known || issued - head.last > window)
        head.episode = issued;
    if (!known || issued > head.last)
        head.last = issued;
    if (class.size > 0)
        span_text (class, head.class, sizeof head.class);
    write_u64 (bytes, (uint64_t) head.episode);
    write_u64 (bytes + 8, (uint64_t) head.last);
    memcpy (bytes + HEAD_FIXED, head.class, strlen (head.class));
    pattern_key (&key, pattern, mode);
    store_ok (store, journal_put (store->journal, key_span (&key),
                                  span_bytes (bytes, HEAD_FIXED + strlen (head.class))));
}

static void take_pattern (struct store *store, const struct hash *pattern, struct span class,
                          const struct envelope *e, const struct sighted *row)
{
    sightings_add (store, pattern, e->mode, row);
    head_move (store, pattern, e->mode, e->issued, class);
    if (e->mode == CB_MODE_LIVE)
        pattern_touch (store, pattern);
}

static void sightings_fold (struct store *store, const struct envelope *e)
{
    struct sighted row = { .first = e->issued, .last = e->issued };
    struct span tag = body_bytes (e->body, "constituent"), class = body_text (e->body, "type");
    struct span party = body_text (e->body, "party");
    if (e->mode == CB_MODE_TEST || tag.size != TAG_SIZE)
        return;
    span_text (e->id.origin, row.origin, sizeof row.origin);
    memcpy (row.tag, tag.data, TAG_SIZE);
    row.severity = severity_number (body_text (e->body, "severity"));
    /* Nobody names one who is not its own constituent, and none that TLP keeps unnamed. */
    if (e->tlp <= CB_TLP_GREEN && party_within (party, e->id.origin))
        span_text (party, row.party, sizeof row.party);
    struct pack_in in = pack_open (body_field (e->body, "indicators"));
    for (size_t left = pack_array (&in, 0, SIZE_MAX); left && !in.bad; left--) {
        const uint8_t *bytes = pack_fixed (&in, HASH_SIZE);
        struct hash pattern;
        if (bytes == NULL)
            break;
        memcpy (pattern.bytes, bytes, HASH_SIZE);
        take_pattern (store, &pattern, span_of (""), e, &row);
    }
    if (class.size > 0) {
        struct hash pattern = class_hash (class);
        take_pattern (store, &pattern, class, e, &row);
    }
    if (span_is (e->id.origin, store->self))
        sight_told (store, e);
}

/* --- What a body has ----------------------------------------------------------------------- */

/* A class that says nothing is no pattern. */
static bool telling (struct span class)
{
    return class.size > 0 && class.size < sizeof ((struct pattern_head *) 0)->class &&
           !span_is (class, "other/other") && !span_is (class, "other/undetermined") &&
           !span_is (class, "test/test");
}

void patterns_each (const struct envelope *e, pattern_visit visit, void *arg)
{
    struct span class = body_text (e->body, "type");
    struct pack_in in = pack_open (body_field (e->body, "indicators"));
    for (size_t left = pack_array (&in, 0, SIZE_MAX); left && !in.bad; left--) {
        struct span one = pack_any (&in);
        struct indicator indicator;
        if (!indicator_of (&indicator, body_text (one, "type"), body_text (one, "value")))
            continue;
        struct hash pattern = indicator_hash (&indicator);
        visit (&pattern, span_of (""), &indicator, arg);
    }
    if (telling (class)) {
        struct hash pattern = class_hash (class);
        visit (&pattern, class, NULL, arg);
    }
}

/* --- Constituents -------------------------------------------------------------------------- */

bool sightings_key (struct store *store, uint8_t key[KEY_SIZE])
{
    struct key name;
    struct span value;
    key_station (&name, "constituents");
    if (journal_get (store->journal, key_span (&name), &value) != JOURNAL_OK ||
        value.size != KEY_SIZE)
        return false;
    memcpy (key, value.data, KEY_SIZE);
    return true;
}

void sightings_tag (const uint8_t key[KEY_SIZE], struct span party, uint8_t tag[TAG_SIZE])
{
    crypto_generichash (tag, TAG_SIZE, party.data, party.size, key, KEY_SIZE);
}

/* --- The part ------------------------------------------------------------------------------ */

static bool reads (struct span kind)
{
    return span_is (kind, "sighting") || span_is (kind, "incident");
}

static void fold (struct store *store, const struct intake_batch *batch, const struct item *item,
                  const struct envelope *e)
{
    (void) batch;
    if (span_is (e->kind, "sighting"))
        sightings_fold (store, e);
    else if (span_is (e->kind, "incident") || span_is (e->kind, "update"))
        sight_fold (store, item, e);
}

static bool of_a_case (const struct subject *subject)
{
    return subject->key.size > 0 && subject->key.bytes[0] == 1;
}

static void settle (struct store *store, const struct subject *subject)
{
    if (of_a_case (subject))
        sight_settle (store, subject);
    else
        pattern_settle (store, subject);
}

bool sightings_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                     int64_t now, struct deed *out)
{
    (void) now;
    return of_a_case (subject) ? sight_fire (store, subject, out)
                               : pattern_fire (store, subject, timer, out);
}

const struct casework_part sightings_part = { .name = "sightings",
                                              .reads = reads,
                                              .fold = fold,
                                              .class = SUBJECT_PATTERN,
                                              .settle = settle,
                                              .tables = (const char[]){ TABLE_INDICATORS, '\0' } };
