/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/index.h"

#include "bus/core/case.h"
#include "bus/core/number.h"
#include "bus/core/route.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

/* Codes come in no order: so many at a time share a part of the tree, which stays in memory. */
#define BLOCK_BITS 13
/* Records, or keys that are deleted, in one transaction of index_catch_up. */
#define CATCH_UP 4096
#define TELL_MS  2000
/* Of the messages with one number: looked at from each end, and taken of one origin. */
#define NUMBER_LOOKS  64
#define NUMBER_ORIGIN 4
/* Of looking for a code, before others get at the journal. */
#define SEARCH_MS 3

/* --- What a record is ---------------------------------------------------------------------- */

unsigned index_severity_number (struct span name)
{
    unsigned number = severity_number (name);
    return number == 0                       ? INDEX_SEVERITY_OTHER
           : number == SEVERITY_UNDETERMINED ? INDEX_SEVERITY_OPEN
                                             : number;
}

unsigned index_severity (struct span body)
{
    struct span name = body_text (body, "severity");
    return name.size == 0 ? INDEX_SEVERITY_NONE : index_severity_number (name);
}

bool index_here (const struct envelope *e, const struct credential *me)
{
    return span_equal (e->id.origin, me->name) ||
           route_here (e->audience, e->audience_count, me->name, &me->sectors);
}

static struct index_parts parts_of (const struct record *record, const struct envelope *e,
                                    const struct credential *me)
{
    struct index_parts parts = { .class = INDEX_THROUGH };
    if (record->lane == JOURNAL_QUARANTINE)
        parts.class = INDEX_REFUSED;
    if (e == NULL)
        return parts;
    if (record->lane != JOURNAL_QUARANTINE && index_here (e, me))
        parts.class = INDEX_HERE;
    parts.origin = e->id.origin;
    parts.kind = e->kind;
    parts.severity = index_severity (e->body);
    return parts;
}

/* --- Keys ---------------------------------------------------------------------------------- */

static void parts_key (struct key *key, enum table table, const struct index_parts *parts)
{
    key_begin (key, table);
    if (table == TABLE_ORIGINS)
        key_text (key, parts->origin);
    key_u8 (key, parts->class);
    key_text (key, parts->kind);
    key_u8 (key, parts->severity);
}

static bool text_part (struct span *key, struct span *text)
{
    const uint8_t *end = key->size > 0 ? memchr (key->data, 0, key->size) : NULL;
    if (end == NULL)
        return false;
    *text = span_bytes (key->data, (size_t) (end - key->data));
    *key = span_bytes (end + 1, key->size - text->size - 1);
    return true;
}

static bool number_part (struct span *key, unsigned *number)
{
    if (key->size == 0)
        return false;
    *number = key->data[0];
    *key = span_bytes (key->data + 1, key->size - 1);
    return true;
}

/* Takes a stream's prefix apart. */
static bool parts_read (struct span key, struct index_parts *parts)
{
    unsigned table;
    memset (parts, 0, sizeof *parts);
    if (!number_part (&key, &table))
        return false;
    if (table == TABLE_ORIGINS && !text_part (&key, &parts->origin))
        return false;
    return number_part (&key, &parts->class) && text_part (&key, &parts->kind) &&
           number_part (&key, &parts->severity) && key.size == 0;
}

int64_t index_block (int64_t position)
{
    return position >> BLOCK_BITS;
}

static void code_key (struct key *key, int64_t block, const uint8_t *code, size_t size)
{
    key_begin (key, TABLE_CODES);
    key_u32 (key, (uint32_t) block);
    key_bytes (key, span_bytes (code, size));
}

bool index_number_key (struct key *key, struct span number, bool whole)
{
    char capitals[NUMBER_MAX + 1];
    if (number.size == 0 || number.size > NUMBER_MAX)
        return false; /* a longer one is found by its id */
    number_upper (number, capitals);
    key_begin (key, TABLE_NUMBERS);
    key_bytes (key, span_bytes (capitals, number.size + whole));
    return true;
}

/* --- Writing ------------------------------------------------------------------------------- */

static enum journal_result put_empty (struct journal *journal, struct key *key, int64_t position)
{
    key_u64 (key, (uint64_t) position);
    return journal_put (journal, key_span (key), span_of (""));
}

static enum journal_result put_number (struct journal *journal, const struct envelope *e,
                                       int64_t position)
{
    struct key key;
    if (!index_number_key (&key, body_text (e->body, "number"), true))
        return JOURNAL_OK;
    return put_empty (journal, &key, position);
}

static enum journal_result put_record_keys (struct journal *journal, const struct credential *me,
                                            const struct record *record)
{
    struct envelope e;
    struct key key;
    bool whole = record->envelope.size > 0 && envelope_parse (&e, record->envelope) == CB_OK;
    struct index_parts parts = parts_of (record, whole ? &e : NULL, me);
    parts_key (&key, TABLE_LISTED, &parts);
    enum journal_result result = put_empty (journal, &key, record->position);
    code_key (&key, index_block (record->position), record->leaf.bytes, CODE_BYTES);
    if (result == JOURNAL_OK)
        result = put_empty (journal, &key, record->position);
    parts_key (&key, TABLE_ORIGINS, &parts);
    if (result == JOURNAL_OK && parts.origin.size > 0)
        result = put_empty (journal, &key, record->position);
    if (result != JOURNAL_OK || !whole)
        return result;
    if (parts.class != INDEX_REFUSED)
        return put_number (journal, &e, record->position);
    key_begin (&key, TABLE_REFUSED_IDS);
    key_id (&key, &e.id);
    return put_empty (journal, &key, record->position);
}

int64_t index_cursor (struct journal *journal)
{
    struct key key;
    key_station (&key, "indexed");
    int64_t at = (int64_t) table_get_u64 (journal, &key, 0);
    int64_t head = journal_head (journal);
    return at < 0 || at > head ? 0 : at;
}

static enum journal_result cursor_move (struct journal *journal, int64_t position)
{
    struct key key;
    key_station (&key, "indexed");
    return table_put_u64 (journal, &key, (uint64_t) position);
}

enum journal_result index_step (struct journal *journal, const struct credential *me, int64_t count)
{
    int64_t at = index_cursor (journal), head = journal_head (journal);
    int64_t end = head - at > count ? at + count : head;
    struct journal_reader *reader = journal_reader_new (journal, CB_LANE_RECOVERY, at);
    struct record next = { .position = 0 };
    enum journal_result result = JOURNAL_OK;
    while (at < end && result == JOURNAL_OK) {
        struct record refused;
        if (next.position <= at) {
            result = journal_next (reader, &next);
            if (result == JOURNAL_END)
                next.position = INT64_MAX;
            else if (result != JOURNAL_OK)
                break;
        }
        at++;
        /* The reader leaves out what is in quarantine. */
        if (next.position == at)
            result = put_record_keys (journal, me, &next);
        else if ((result = journal_at (journal, at, &refused)) == JOURNAL_OK)
            result = put_record_keys (journal, me, &refused);
        else if (result == JOURNAL_END)
            result = JOURNAL_OK; /* taken out by hand: there is nothing to find */
    }
    journal_reader_free (&reader);
    return result == JOURNAL_OK ? cursor_move (journal, at) : result;
}

/* --- At start ------------------------------------------------------------------------------ */

/* Class depends on the party's name and sectors, and on nothing else of it. */
static struct hash made_for (const struct credential *me)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_str (&out, me->name);
    for (size_t i = 0; i < me->sectors.count; i++)
        pack_put_str (&out, me->sectors.at[i]);
    struct hash hash = hash_bytes (pack_result (&out));
    pack_free (&out);
    return hash;
}

static enum journal_result delete_some (struct journal *journal, enum table table, bool *more)
{
    struct key prefix, found;
    struct span key, value;
    enum journal_result result = JOURNAL_OK;
    key_begin (&prefix, table);
    for (int i = 0; i < CATCH_UP && result == JOURNAL_OK; i++) {
        found.size = 0;
        *more = table_next (journal, &prefix, &found, &key, &value);
        if (!*more)
            break;
        result = journal_del (journal, key_span (&found));
    }
    return result;
}

/* One transaction of making room for a new one; the last of them says whom it is for. */
static enum journal_result begin_anew (struct journal *journal, const struct hash *whom, bool *more)
{
    struct key key;
    enum journal_result result = cursor_move (journal, 0);
    *more = false;
    if (result == JOURNAL_OK)
        result = delete_some (journal, TABLE_LISTED, more);
    if (result == JOURNAL_OK && !*more)
        result = delete_some (journal, TABLE_ORIGINS, more);
    key_station (&key, "indexed-for");
    if (result == JOURNAL_OK && !*more)
        result = journal_put (journal, key_span (&key), span_bytes (whom->bytes, HASH_SIZE));
    return result;
}

static bool is_for (struct journal *journal, const struct hash *whom)
{
    struct key key;
    struct span value;
    key_station (&key, "indexed-for");
    return journal_get (journal, key_span (&key), &value) == JOURNAL_OK &&
           span_equal (value, span_bytes (whom->bytes, HASH_SIZE));
}

static enum journal_result end_part (struct journal *journal, enum journal_result result)
{
    if (result == JOURNAL_OK)
        return journal_commit (journal);
    journal_rollback (journal);
    return result;
}

enum journal_result index_catch_up (struct journal *journal, const struct credential *me,
                                    void (*tell) (int64_t at, int64_t head))
{
    struct hash whom = made_for (me);
    int64_t head = journal_head (journal), told = clock_steady ();
    enum journal_result result = JOURNAL_OK;
    bool anew = !is_for (journal, &whom);
    while (result == JOURNAL_OK && (anew || index_cursor (journal) < head)) {
        result = journal_begin (journal);
        if (result == JOURNAL_OK && anew)
            result = begin_anew (journal, &whom, &anew);
        else if (result == JOURNAL_OK)
            result = index_step (journal, me, CATCH_UP);
        result = end_part (journal, result);
        if (result == JOURNAL_OK && clock_steady () - told >= TELL_MS) {
            told = clock_steady ();
            tell (index_cursor (journal), head);
        }
    }
    return result;
}

/* --- Reading ------------------------------------------------------------------------------- */

bool index_next_stream (struct journal *journal, const struct key *prefix, struct key *after,
                        struct index_stream *stream, struct index_parts *parts)
{
    struct span key, value;
    while (table_next (journal, prefix, after, &key, &value)) {
        bool good = after->size > 8 && after->size - 8 <= sizeof stream->prefix &&
                    parts_read (span_bytes (after->bytes, after->size - 8), parts);
        if (!good)
            continue;
        stream->size = after->size - 8;
        memcpy (stream->prefix, after->bytes, stream->size);
        good = parts_read (span_bytes (stream->prefix, stream->size), parts);
        /* On behind all of its positions. */
        memset (after->bytes + stream->size, 0xff, 8);
        return good;
    }
    return false;
}

static void stream_key (struct key *key, const struct index_stream *stream, int64_t position)
{
    key->size = 0;
    key_bytes (key, span_bytes (stream->prefix, stream->size));
    key_u64 (key, position > 0 ? (uint64_t) position : 0);
}

void index_stream_before (struct journal *journal, struct index_stream *stream, int64_t position)
{
    struct key at;
    struct span key, value;
    stream_key (&at, stream, position);
    struct span prefix = span_bytes (stream->prefix, stream->size);
    stream->at = 0;
    if (journal_scan_back (journal, prefix, key_span (&at), &key, &value) == JOURNAL_OK &&
        key.size == stream->size + 8)
        stream->at = (int64_t) tail_u64 (key);
}

void index_stream_after (struct journal *journal, struct index_stream *stream, int64_t position)
{
    struct key at;
    struct span key, value;
    stream_key (&at, stream, position);
    struct span prefix = span_bytes (stream->prefix, stream->size);
    stream->at = INT64_MAX;
    if (journal_scan (journal, prefix, key_span (&at), &key, &value) == JOURNAL_OK &&
        key.size == stream->size + 8)
        stream->at = (int64_t) tail_u64 (key);
}

bool index_code_begins (const uint8_t *bytes, const uint8_t code[CODE_BYTES], unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp (bytes, code, whole) != 0)
        return false;
    return rest == 0 || bytes[whole] >> (8 - rest) == code[whole] >> (8 - rest);
}

/* One block of it; false: enough was found. */
static bool find_in_block (struct journal *journal, const struct index_search *search)
{
    struct key prefix, after;
    struct span key, value;
    unsigned bits = search->bits;
    code_key (&prefix, search->block, search->code, bits / 8);
    after.size = 0;
    if (bits % 8 > 0) {
        /* From the first that the rest of the bits lets begin. */
        code_key (&after, search->block, search->code, bits / 8 + 1);
        after.bytes[after.size - 1] &= (uint8_t) (0xff << (8 - bits % 8));
    }
    while (table_next (journal, &prefix, &after, &key, &value)) {
        if (after.size != 5 + CODE_BYTES + 8 ||
            !index_code_begins (after.bytes + 5, search->code, bits))
            return true;
        if (!search->found ((int64_t) tail_u64 (key_span (&after)), search->arg))
            return false;
    }
    return true;
}

void index_find_code (struct journal *journal, struct index_search *search)
{
    int64_t until = clock_steady () + SEARCH_MS;
    while (search->block >= 0) {
        bool more = find_in_block (journal, search);
        search->block = more ? search->block - 1 : -1;
        if (clock_steady () >= until)
            return;
    }
}

bool index_number_room (struct journal *journal, const int64_t *found, size_t count,
                        int64_t position)
{
    struct record record;
    struct envelope e;
    char origin[PARTY_MAX + 1];
    size_t same = 0;
    if (journal_at (journal, position, &record) != JOURNAL_OK || record.envelope.size == 0 ||
        envelope_parse (&e, record.envelope) != CB_OK)
        return false;
    span_text (e.id.origin, origin, sizeof origin);
    for (size_t i = 0; i < count; i++) {
        if (found[i] == position)
            return false;
        if (journal_at (journal, found[i], &record) == JOURNAL_OK &&
            envelope_parse (&e, record.envelope) == CB_OK)
            same += span_is (e.id.origin, origin);
    }
    return same < NUMBER_ORIGIN;
}

size_t index_find_number (struct journal *journal, struct span number, int64_t *out, size_t most)
{
    struct key prefix, down, up;
    struct span key, value;
    size_t count = 0;
    if (!index_number_key (&prefix, number, true))
        return 0;
    down.size = up.size = 0;
    for (int i = 0; i < 2 * NUMBER_LOOKS && count < most; i++) {
        struct key *at = i % 2 == 0 ? &down : &up;
        bool more = at == &down ? table_before (journal, &prefix, at, &key, &value)
                                : table_next (journal, &prefix, at, &key, &value);
        if (!more)
            break;
        int64_t position = (int64_t) tail_u64 (key_span (at));
        if (index_number_room (journal, out, count, position))
            out[count++] = position;
    }
    return count;
}
