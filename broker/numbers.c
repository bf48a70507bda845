/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/numbers.h"

#include "broker/tables.h"
#include "bus/core/schema.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

/* Messages with one number that are looked at: revisions, and after a restore perhaps more. */
#define HOLDERS_MAX 64
#define TWICE       "number-twice" /* in TABLE_STATION */

static bool own (const struct store *store, const struct envelope *e)
{
    return span_is (e->id.origin, store->self);
}

/* --- Numbers ------------------------------------------------------------------------------- */

static void given_key (struct key *key, const char *number)
{
    key_begin (key, TABLE_GIVEN);
    key_text (key, span_of (number));
}

static void series_key (struct key *key, struct span before, struct span after)
{
    key_begin (key, TABLE_SERIES);
    key_text (key, before);
    key_text (key, after);
}

/* A number says nothing of its template: each of its readings is counted. */
static void count_series (struct store *store, const char *number)
{
    struct number_reading readings[NUMBER_READINGS];
    size_t count = number_readings (span_of (number), readings);
    for (size_t i = 0; i < count; i++) {
        struct key key;
        series_key (&key, readings[i].before, readings[i].after);
        if ((int64_t) table_get_u64 (store->journal, &key, 0) < readings[i].counter)
            store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) readings[i].counter));
    }
}

static size_t holders_of (struct store *store, const char *number, int64_t holders[HOLDERS_MAX])
{
    struct key prefix;
    struct span key, value;
    struct key after = { .size = 0 };
    size_t count = 0;
    given_key (&prefix, number);
    while (count < HOLDERS_MAX && table_next (store->journal, &prefix, &after, &key, &value))
        holders[count++] = (int64_t) tail_u64 (key);
    return count;
}

/* Whether one of the holders is replaced by `id`'s message or replaces it; else `*other` names
 * one of them. */
static bool related (struct store *store, const int64_t *holders, size_t count,
                     const struct msg_id *id, const struct msg_id *replaces, char other[ID_TEXT])
{
    bool found = count == 0;
    for (size_t i = 0; i < count && !found; i++) {
        struct record record;
        struct envelope e;
        uint8_t *copy = store_message (store, holders[i], &record, &e);
        if (copy == NULL)
            continue;
        found = msg_id_equal (&e.id, replaces) || (id != NULL && msg_id_equal (&e.replaces, id)) ||
                (id != NULL && msg_id_equal (&e.id, id));
        msg_id_text (&e.id, other);
        free (copy);
    }
    return found;
}

static void note_twice (struct store *store, const struct envelope *e, const char *number,
                        const char *other)
{
    struct key key;
    char id[ID_TEXT];
    msg_id_text (&e->id, id);
    log_error ("the number %s stands twice, in %s and in %s, as can be after a restore: revise one "
               "of them under a new number and tell its readers",
               number, other, id);
    key_station (&key, TWICE);
    store_ok (store, journal_put (store->journal, key_span (&key), span_of (number)));
}

/* Over when at most one of the messages that have it stands. */
static void settle_twice (struct store *store)
{
    char number[NUMBER_MAX + 1];
    int64_t holders[HOLDERS_MAX];
    size_t standing = 0;
    if (!numbers_twice (store, number))
        return;
    size_t count = holders_of (store, number, holders);
    for (size_t i = 0; i < count; i++) {
        struct record record;
        struct envelope e;
        struct key key;
        uint8_t *copy = store_message (store, holders[i], &record, &e);
        if (copy == NULL)
            continue;
        key_begin (&key, TABLE_REPLACED);
        key_id (&key, &e.id);
        standing += table_get_u64 (store->journal, &key, 0) == 0;
        free (copy);
    }
    struct key key;
    key_station (&key, TWICE);
    if (standing < 2)
        store_ok (store, journal_del (store->journal, key_span (&key)));
}

static void fold_number (struct store *store, const struct envelope *e, int64_t position)
{
    char number[NUMBER_MAX + 1], other[ID_TEXT] = "";
    int64_t holders[HOLDERS_MAX];
    struct key key;
    struct span text = body_text (e->body, "number");
    if (text.size == 0 || text.size > NUMBER_MAX || e->mode == CB_MODE_TEST)
        return;
    number_upper (text, number);
    if (e->mode == CB_MODE_EXERCISE &&
        strncmp (number, NUMBER_EXERCISE, strlen (NUMBER_EXERCISE)) != 0)
        return; /* of a play, and not one of those that are counted apart */
    size_t count = holders_of (store, number, holders);
    if (!related (store, holders, count, &e->id, &e->replaces, other))
        note_twice (store, e, number, other);
    given_key (&key, number);
    key_u64 (&key, (uint64_t) position);
    store_ok (store, journal_put (store->journal, key_span (&key), span_of ("")));
    count_series (store, number);
}

bool numbers_twice (struct store *store, char number[NUMBER_MAX + 1])
{
    struct key key;
    struct span value;
    key_station (&key, TWICE);
    if (journal_get (store->journal, key_span (&key), &value) != JOURNAL_OK || value.size == 0)
        return false;
    span_text (value, number, NUMBER_MAX + 1);
    return true;
}

/* --- The same document again --------------------------------------------------------------- */

/* What people write, brokers repeat: only that is told apart. */
static bool by_people (struct span kind)
{
    return !trust_kind (kind) && !span_is (kind, "receipt") && !span_is (kind, "rejection") &&
           !span_is (kind, "checkpoint") && !span_is (kind, "part");
}

static struct hash same_hash (struct span kind, unsigned mode, struct span body)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_array (&out, 3);
    pack_put_str (&out, kind);
    pack_put_uint (&out, mode);
    if (body_field (body, "number").size > 0)
        number_body (&out, body, span_bytes (NULL, 0));
    else
        pack_put_raw (&out, body);
    struct hash hash = hash_bytes (pack_result (&out));
    pack_free (&out);
    return hash;
}

static void same_key (struct key *key, const struct hash *hash)
{
    key_begin (key, TABLE_SAME);
    key_u64 (key, read_u64 (hash->bytes));
}

static void fold_same (struct store *store, const struct envelope *e, int64_t position)
{
    struct key key;
    if (!by_people (e->kind))
        return;
    struct hash hash = same_hash (e->kind, e->mode, e->body);
    same_key (&key, &hash);
    /* Only who counts an older journal may come late. */
    bool newest = position == journal_head (store->journal);
    if (newest || table_get_u64 (store->journal, &key, 0) < (uint64_t) position)
        store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) position));
}

bool numbers_same (struct store *store, struct span kind, unsigned mode, struct span body,
                   char id[ID_TEXT])
{
    struct key key;
    struct record record;
    struct envelope e;
    struct hash hash = same_hash (kind, mode, body);
    same_key (&key, &hash);
    int64_t position = (int64_t) table_get_u64 (store->journal, &key, 0);
    uint8_t *copy = store_message (store, position, &record, &e);
    if (copy == NULL)
        return false;
    struct hash held = same_hash (e.kind, e.mode, e.body);
    bool same = hash_equal (&held, &hash);
    if (same)
        msg_id_text (&e.id, id);
    free (copy);
    return same;
}

/* ------------------------------------------------------------------------------------------- */

void numbers_fold (struct store *store, const struct envelope *e, int64_t position)
{
    if (!own (store, e))
        return;
    fold_number (store, e, position);
    fold_same (store, e, position);
    if (e->replaces.origin.size > 0)
        settle_twice (store);
}

/* Whether a table has a number above 0. */
static bool any_above_zero (struct journal *journal, enum table table)
{
    struct key prefix;
    struct span key, value;
    struct key after = { .size = 0 };
    key_begin (&prefix, table);
    while (table_next (journal, &prefix, &after, &key, &value))
        if (tail_u64 (value) > 0)
            return true;
    return false;
}

bool numbers_known_outside (struct journal *journal)
{
    /* What was acknowledged is noted once a second, what was receipted at once. */
    return any_above_zero (journal, TABLE_ACKED) || any_above_zero (journal, TABLE_DELIVERED);
}

void numbers_look_up (struct store *store, struct number_lookup *lookup)
{
    char before[NUMBER_MAX + 1], after[NUMBER_MAX + 1];
    struct key key;
    number_upper (span_of (lookup->series.before), before);
    number_upper (span_of (lookup->series.after), after);
    series_key (&key, span_of (before), span_of (after));
    lookup->highest = (int64_t) table_get_u64 (store->journal, &key, 0);
    lookup->counted = numbers_counted (store);
    lookup->recovering = any_above_zero (store->journal, TABLE_RECOVERY);
    lookup->given[0] = '\0';
    if (lookup->number[0] == '\0')
        return;
    int64_t holders[HOLDERS_MAX];
    size_t count = holders_of (store, lookup->number, holders);
    if (related (store, holders, count, NULL, &lookup->replaces, lookup->given))
        lookup->given[0] = '\0';
    else if (lookup->given[0] == '\0')
        snprintf (lookup->given, sizeof lookup->given, "a message that is no longer kept");
}
