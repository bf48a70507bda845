/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/tables.h"

#include <assert.h>
#include <string.h>

#define CURSOR_SIZE (4 + 8 + 8 + HASH_SIZE)

/* Two tables with one byte would be one table: this does not compile then. */
const char *table_name (enum table table)
{
#define TABLE_X(NAME, byte, text)                                                                  \
    case TABLE_##NAME: return #NAME;
    switch (table) {
        TABLES (TABLE_X)
    }
#undef TABLE_X
    return "?";
}

uint32_t read_u32 (const uint8_t *bytes)
{
    return (uint32_t) bytes[0] << 24 | (uint32_t) bytes[1] << 16 | (uint32_t) bytes[2] << 8 |
           bytes[3];
}

uint64_t read_u64 (const uint8_t *bytes)
{
    return (uint64_t) read_u32 (bytes) << 32 | read_u32 (bytes + 4);
}

void write_u32 (uint8_t *bytes, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        bytes[i] = (uint8_t) value;
}

void write_u64 (uint8_t *bytes, uint64_t value)
{
    write_u32 (bytes, (uint32_t) (value >> 32));
    write_u32 (bytes + 4, (uint32_t) value);
}

static uint8_t *key_room (struct key *key, size_t size)
{
    assert (size <= KEY_MAX - key->size);
    uint8_t *at = key->bytes + key->size;
    key->size += size;
    return at;
}

void key_begin (struct key *key, enum table table)
{
    key->size = 0;
    *key_room (key, 1) = (uint8_t) table;
}

void key_station (struct key *key, const char *name)
{
    key_begin (key, TABLE_STATION);
    key_text (key, span_of (name));
}

void key_text (struct key *key, struct span text)
{
    if (text.size > 0)
        memcpy (key_room (key, text.size), text.data, text.size);
    *key_room (key, 1) = 0;
}

void key_u8 (struct key *key, unsigned value)
{
    *key_room (key, 1) = (uint8_t) value;
}

void key_u32 (struct key *key, uint32_t value)
{
    write_u32 (key_room (key, 4), value);
}

void key_u64 (struct key *key, uint64_t value)
{
    write_u64 (key_room (key, 8), value);
}

void key_id (struct key *key, const struct msg_id *id)
{
    key_text (key, id->origin);
    key_u32 (key, id->epoch.counter);
    key_u64 (key, id->epoch.nonce);
    key_u64 (key, (uint64_t) id->seq);
}

bool key_id_read (struct msg_id *out, struct span key)
{
    const size_t numbers = 4 + 8 + 8;
    const uint8_t *end = key.size > 0 ? memchr (key.data, 0, key.size) : NULL;
    size_t size = end != NULL ? (size_t) (end - key.data) : 0;
    if (size == 0 || key.size != size + 1 + numbers)
        return false;
    out->origin = span_bytes (key.data, size);
    out->epoch.counter = read_u32 (end + 1);
    out->epoch.nonce = read_u64 (end + 5);
    out->seq = (int64_t) read_u64 (end + 13);
    return true;
}

void key_hash (struct key *key, const struct hash *hash)
{
    memcpy (key_room (key, HASH_SIZE), hash->bytes, HASH_SIZE);
}

void key_bytes (struct key *key, struct span bytes)
{
    memcpy (key_room (key, bytes.size), bytes.data, bytes.size);
}

struct span key_span (const struct key *key)
{
    return span_bytes (key->bytes, key->size);
}

uint64_t tail_u64 (struct span bytes)
{
    return bytes.size < 8 ? 0 : read_u64 (bytes.data + bytes.size - 8);
}

enum journal_result table_put_u64 (struct journal *journal, const struct key *key, uint64_t value)
{
    uint8_t bytes[8];
    write_u64 (bytes, value);
    return journal_put (journal, key_span (key), span_bytes (bytes, sizeof bytes));
}

uint64_t table_get_u64 (struct journal *journal, const struct key *key, uint64_t otherwise)
{
    struct span value;
    if (journal_get (journal, key_span (key), &value) != JOURNAL_OK || value.size != 8)
        return otherwise;
    return read_u64 (value.data);
}

static bool table_at (enum journal_result result, struct key *at, const struct span *key)
{
    if (result != JOURNAL_OK)
        return false;
    assert (key->size <= KEY_MAX);
    memcpy (at->bytes, key->data, key->size);
    at->size = key->size;
    return true;
}

bool table_next (struct journal *journal, const struct key *prefix, struct key *after,
                 struct span *key, struct span *value)
{
    enum journal_result result =
        journal_scan (journal, key_span (prefix), key_span (after), key, value);
    return table_at (result, after, key);
}

bool table_before (struct journal *journal, const struct key *prefix, struct key *before,
                   struct span *key, struct span *value)
{
    enum journal_result result =
        journal_scan_back (journal, key_span (prefix), key_span (before), key, value);
    return table_at (result, before, key);
}

static void cursor_key (struct key *key, struct span peer, unsigned lane)
{
    key_begin (key, TABLE_CURSORS);
    key_text (key, peer);
    key_u8 (key, lane);
}

enum journal_result cursor_put (struct journal *journal, struct span peer, unsigned lane,
                                const struct cursor *cursor)
{
    struct key key;
    cursor_key (&key, peer, lane);
    uint8_t bytes[CURSOR_SIZE];
    write_u32 (bytes, cursor->epoch.counter);
    write_u64 (bytes + 4, cursor->epoch.nonce);
    write_u64 (bytes + 12, (uint64_t) cursor->position);
    memcpy (bytes + 20, cursor->chain.bytes, HASH_SIZE);
    return journal_put (journal, key_span (&key), span_bytes (bytes, sizeof bytes));
}

enum journal_result cursor_get (struct journal *journal, struct span peer, unsigned lane,
                                struct cursor *cursor)
{
    struct key key;
    struct span value;
    cursor_key (&key, peer, lane);
    memset (cursor, 0, sizeof *cursor);
    enum journal_result result = journal_get (journal, key_span (&key), &value);
    if (result != JOURNAL_OK || value.size != CURSOR_SIZE)
        return result;
    cursor->epoch.counter = read_u32 (value.data);
    cursor->epoch.nonce = read_u64 (value.data + 4);
    cursor->position = (int64_t) read_u64 (value.data + 12);
    memcpy (cursor->chain.bytes, value.data + 20, HASH_SIZE);
    return JOURNAL_OK;
}
