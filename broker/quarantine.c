/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/quarantine.h"

#include "bus/core/schema.h"

#include <sodium.h>
#include <string.h>

#define COUNT_SIZE (3 * 8 + HASH_SIZE)
/* Of a row in TABLE_LEFT, before why. */
#define LEFT_SIZE (1 + 8 + 4 + 8)

/* --- Counters ------------------------------------------------------------------------------ */

static void count_key (struct key *key, struct span from)
{
    key_begin (key, TABLE_QUARANTINED);
    key_text (key, from);
}

bool quarantine_count_read (struct span value, struct quarantine_count *out)
{
    memset (out, 0, sizeof *out);
    if (value.size != COUNT_SIZE)
        return false;
    out->kept = read_u64 (value.data);
    out->bytes = read_u64 (value.data + 8);
    out->dropped = read_u64 (value.data + 16);
    memcpy (out->hash.bytes, value.data + 24, HASH_SIZE);
    return true;
}

void quarantine_count_get (struct journal *journal, struct span from, struct quarantine_count *out)
{
    struct key key;
    struct span value = { NULL, 0 };
    count_key (&key, from);
    if (journal_get (journal, key_span (&key), &value) != JOURNAL_OK)
        value.size = 0;
    quarantine_count_read (value, out);
}

static enum journal_result count_write (struct journal *journal, struct span from,
                                        const struct quarantine_count *count)
{
    struct key key;
    uint8_t bytes[COUNT_SIZE];
    count_key (&key, from);
    write_u64 (bytes, count->kept);
    write_u64 (bytes + 8, count->bytes);
    write_u64 (bytes + 16, count->dropped);
    memcpy (bytes + 24, count->hash.bytes, HASH_SIZE);
    return journal_put (journal, key_span (&key), span_bytes (bytes, COUNT_SIZE));
}

static bool count_put (struct store *store, struct span from, const struct quarantine_count *count)
{
    return store_ok (store, count_write (store->journal, from, count));
}

/* --- Rows ---------------------------------------------------------------------------------- */

static void position_key (struct key *key, enum table table, int64_t position)
{
    key_begin (key, table);
    key_u64 (key, (uint64_t) position);
}

static void by_key (struct key *key, struct span from, int64_t position)
{
    key_begin (key, TABLE_KEPT_BY);
    key_text (key, from);
    key_u64 (key, (uint64_t) position);
}

static bool row_read (struct span value, struct quarantined *out)
{
    *out = (struct quarantined){ 0 };
    if (value.size < 1)
        return false;
    out->told = value.data[0];
    out->detail = span_bytes (value.data + 1, value.size - 1);
    return true;
}

bool quarantine_find (struct journal *journal, int64_t position, struct quarantined *out)
{
    struct key key;
    struct span value;
    position_key (&key, TABLE_KEPT, position);
    return journal_get (journal, key_span (&key), &value) == JOURNAL_OK && row_read (value, out);
}

bool quarantine_owed (struct journal *journal, int64_t position)
{
    struct key key;
    struct span value;
    position_key (&key, TABLE_DEBTS, position);
    return journal_get (journal, key_span (&key), &value) == JOURNAL_OK;
}

static enum journal_result row_put (struct journal *journal, int64_t position, unsigned told,
                                    struct span detail)
{
    uint8_t value[1 + SCHEMA_WHERE];
    struct key key;
    size_t size = detail.size < SCHEMA_WHERE ? detail.size : SCHEMA_WHERE;
    value[0] = (uint8_t) told;
    if (size > 0)
        memcpy (value + 1, detail.data, size);
    position_key (&key, TABLE_KEPT, position);
    return journal_put (journal, key_span (&key), span_bytes (value, 1 + size));
}

void quarantine_told (struct store *store, int64_t position)
{
    struct quarantined row;
    char detail[SCHEMA_WHERE];
    if (!quarantine_find (store->journal, position, &row))
        return; /* it has left */
    span_text (row.detail, detail, sizeof detail);
    store_ok (store,
              row_put (store->journal, position, row.told | TOLD_NEIGHBOUR, span_of (detail)));
}

/* --- In and out ---------------------------------------------------------------------------- */

static bool fits (const struct store *store, const struct quarantine_count *count, size_t size)
{
    return count->kept < (uint64_t) store->quarantine_messages &&
           count->bytes + size <= (uint64_t) store->quarantine_bytes;
}

/* The oldest of a neighbour goes if it is old enough. */
static bool discard_oldest (struct store *store, struct span from, int64_t now)
{
    struct key prefix;
    struct span key, value;
    struct record record;
    key_begin (&prefix, TABLE_KEPT_BY);
    key_text (&prefix, from);
    if (journal_scan (store->journal, key_span (&prefix), span_bytes (NULL, 0), &key, &value) !=
        JOURNAL_OK)
        return false;
    int64_t position = (int64_t) tail_u64 (key);
    struct left left = { .how = LEFT_AGED, .when = now };
    return store_ok (store, journal_at (store->journal, position, &record)) &&
           now - record.taken > store->quarantine_age && quarantine_leave (store, position, &left);
}

static bool make_room (struct store *store, const struct record *record)
{
    struct quarantine_count count;
    size_t size = record->envelope.size;
    quarantine_count_get (store->journal, record->from, &count);
    for (int i = 0; i < QUARANTINE_A_MESSAGE && !fits (store, &count, size); i++) {
        if (!discard_oldest (store, record->from, record->taken))
            return false;
        quarantine_count_get (store->journal, record->from, &count);
    }
    return fits (store, &count, size);
}

static void drop (struct store *store, const struct record *record)
{
    struct quarantine_count count;
    crypto_generichash_state state;
    quarantine_count_get (store->journal, record->from, &count);
    crypto_generichash_init (&state, NULL, 0, HASH_SIZE);
    crypto_generichash_update (&state, count.hash.bytes, HASH_SIZE);
    crypto_generichash_update (&state, record->leaf.bytes, HASH_SIZE);
    crypto_generichash_final (&state, count.hash.bytes, HASH_SIZE);
    count.dropped++;
    count_put (store, record->from, &count);
}

bool quarantine_keep (struct store *store, struct record *record, unsigned told, struct span detail)
{
    struct quarantine_count count;
    struct key key;
    if (record->envelope.size > ENVELOPE_MAX || !make_room (store, record)) {
        drop (store, record);
        return false;
    }
    record->lane = JOURNAL_QUARANTINE;
    if (!store_ok (store, journal_append (store->journal, record)))
        return false;
    quarantine_count_get (store->journal, record->from, &count);
    count.kept++;
    count.bytes += record->envelope.size;
    by_key (&key, record->from, record->position);
    bool good = count_put (store, record->from, &count) &&
                store_ok (store, row_put (store->journal, record->position, told, detail)) &&
                store_ok (store, journal_put (store->journal, key_span (&key), span_of ("")));
    if (good && told & TOLD_ORIGIN_OWED) {
        position_key (&key, TABLE_DEBTS, record->position);
        good = store_ok (store, journal_put (store->journal, key_span (&key), detail));
    }
    return good;
}

static bool put_left (struct store *store, int64_t position, const struct left *left)
{
    uint8_t value[LEFT_SIZE + LEFT_WHY_MAX];
    struct key key;
    size_t size = left->why.size < LEFT_WHY_MAX ? left->why.size : LEFT_WHY_MAX;
    value[0] = (uint8_t) left->how;
    write_u64 (value + 1, (uint64_t) left->when);
    write_u32 (value + 9, left->uid);
    write_u64 (value + 13, (uint64_t) left->position);
    if (size > 0)
        memcpy (value + LEFT_SIZE, left->why.data, size);
    position_key (&key, TABLE_LEFT, position);
    return store_ok (
        store, journal_put (store->journal, key_span (&key), span_bytes (value, LEFT_SIZE + size)));
}

bool quarantine_leave (struct store *store, int64_t position, const struct left *left)
{
    struct record record;
    struct quarantined row;
    struct quarantine_count count;
    struct key key, by, debt;
    char from[PARTY_MAX + 1];
    if (!quarantine_find (store->journal, position, &row) ||
        !store_ok (store, journal_at (store->journal, position, &record)))
        return false;
    span_text (record.from, from, sizeof from);
    size_t size = record.envelope.size;
    if (!store_ok (store, journal_blank (store->journal, position)))
        return false;
    quarantine_count_get (store->journal, span_of (from), &count);
    count.kept -= count.kept > 0;
    count.bytes -= size < count.bytes ? size : count.bytes;
    position_key (&key, TABLE_KEPT, position);
    by_key (&by, span_of (from), position);
    /* A rejection that was not made yet would be false now, or could not be made. */
    position_key (&debt, TABLE_DEBTS, position);
    return count_put (store, span_of (from), &count) &&
           store_ok (store, journal_del (store->journal, key_span (&key))) &&
           store_ok (store, journal_del (store->journal, key_span (&by))) &&
           store_ok (store, journal_del (store->journal, key_span (&debt))) &&
           put_left (store, position, left);
}

bool quarantine_left (struct journal *journal, int64_t position, struct left *out)
{
    struct key key;
    struct span value;
    position_key (&key, TABLE_LEFT, position);
    if (journal_get (journal, key_span (&key), &value) != JOURNAL_OK || value.size < LEFT_SIZE)
        return false;
    out->how = value.data[0];
    out->when = (int64_t) read_u64 (value.data + 1);
    out->uid = read_u32 (value.data + 9);
    out->position = (int64_t) read_u64 (value.data + 13);
    out->why = span_bytes (value.data + LEFT_SIZE, value.size - LEFT_SIZE);
    return true;
}

const char *left_text (unsigned how)
{
#define LEFT_X(NAME, number, text) [LEFT_##NAME] = text,
    static const char *const texts[LEFT_END] = { LEFTS (LEFT_X) };
#undef LEFT_X
    return how < LEFT_END && texts[how] != NULL ? texts[how] : "?";
}

/* --- Journals of format 1 ------------------------------------------------------------------ */

static enum journal_result adopt_one (struct journal *journal, int64_t position)
{
    struct record record;
    struct key key;
    struct quarantine_count count;
    enum journal_result result = journal_at (journal, position, &record);
    if (result != JOURNAL_OK)
        return result;
    by_key (&key, record.from, position);
    unsigned told = TOLD_UNKNOWN | (quarantine_owed (journal, position) ? TOLD_ORIGIN_OWED : 0);
    quarantine_count_get (journal, record.from, &count);
    count.kept++;
    count.bytes += record.envelope.size;
    result = count_write (journal, record.from, &count);
    if (result == JOURNAL_OK)
        result = row_put (journal, position, told, span_of (""));
    if (result == JOURNAL_OK)
        result = journal_put (journal, key_span (&key), span_of (""));
    return result;
}

enum journal_result quarantine_adopt (struct journal *journal)
{
    int64_t position = 0;
    enum journal_result result;
    while ((result = journal_refused (journal, &position)) == JOURNAL_OK)
        if ((result = adopt_one (journal, position)) != JOURNAL_OK)
            return result;
    return result == JOURNAL_END ? JOURNAL_OK : result;
}
