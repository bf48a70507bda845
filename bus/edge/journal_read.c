/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/journal_sql.h"

#include <stdlib.h>
#include <string.h>

#define LANES_ALL  ((1U << CB_LANE_END) - 1)
#define COPY_KEEP  ((size_t) 16 * 1024)
#define PREFIX_MAX 4096

struct journal_reader {
    struct journal *journal;             /* NULL: closed before its reader */
    struct journal_reader *next, **link; /* in the journal's list */
    unsigned lanes;                      /* one bit each */
    int64_t sought, after;               /* where it was put, where it is */
    struct copy copy;
};

/* --- What was read ------------------------------------------------------------------------- */

static uint8_t *copy_room (struct copy *copy, size_t size)
{
    /* Thousands of readers must not each keep the memory of their largest record. */
    bool shrink = copy->room > COPY_KEEP && size <= COPY_KEEP;
    if (copy->data && size <= copy->room && !shrink)
        return copy->data;
    size_t room = 512;
    while (room < size)
        room *= 2;
    free (copy->data);
    copy->data = malloc (room);
    if (!copy->data)
        abort ();
    copy->room = room;
    return copy->data;
}

static struct span column_bytes (sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob (statement, column);
    int size = sqlite3_column_bytes (statement, column);
    return data && size > 0 ? span_bytes (data, (size_t) size) : span_bytes ("", 0);
}

bool journal_column_hash (sqlite3_stmt *statement, int column, struct hash *hash)
{
    struct span bytes = column_bytes (statement, column);
    if (bytes.size != HASH_SIZE)
        return false;
    memcpy (hash->bytes, bytes.data, HASH_SIZE);
    return true;
}

/* Copies two spans behind each other and makes them point there. */
static void keep (struct copy *copy, struct span *a, struct span *b)
{
    uint8_t *room = copy_room (copy, a->size + b->size);
    memcpy (room, a->data, a->size);
    memcpy (room + a->size, b->data, b->size);
    a->data = room;
    b->data = room + a->size;
}

static enum journal_result take_record (struct journal *self, unsigned lane, sqlite3_stmt *row,
                                        struct copy *copy, struct record *record)
{
    int64_t position = sqlite3_column_int64 (row, COLUMN_POSITION);
    int64_t reason = sqlite3_column_int64 (row, COLUMN_REASON);
    int64_t policy = sqlite3_column_int64 (row, COLUMN_POLICY);
    if (reason < 0 || reason > UINT8_MAX || policy < 0 || policy > UINT32_MAX)
        return journal_damaged (self, "a record has a number out of range", position);
    if (!journal_column_hash (row, COLUMN_LEAF, &record->leaf) ||
        !journal_column_hash (row, COLUMN_CHAIN, &record->chain))
        return journal_damaged (self, "a record has no hash", position);
    record->position = position;
    record->lane = lane;
    record->reason = (unsigned) reason;
    record->policy = (uint32_t) policy;
    record->taken = sqlite3_column_int64 (row, COLUMN_TAKEN);
    record->from = column_bytes (row, COLUMN_VIA);
    record->envelope = column_bytes (row, COLUMN_ENVELOPE);
    keep (copy, &record->from, &record->envelope);
    return JOURNAL_OK;
}

/* --- Readers ------------------------------------------------------------------------------- */

void journal_scan_drop (struct lane *lane)
{
    if (lane->holder && lane->position != POSITION_NONE)
        sqlite3_reset (lane->scan);
    lane->holder = NULL;
}

void journal_scans_drop (struct journal *self)
{
    for (unsigned lane = 0; lane < CB_LANE_END; lane++)
        journal_scan_drop (&self->lanes[lane]);
}

void journal_readers_back (struct journal *self)
{
    int64_t head = self->now.head;
    for (struct journal_reader *reader = self->readers; reader; reader = reader->next)
        if (reader->after > head)
            reader->after = reader->sought > head ? reader->sought : head;
}

void journal_readers_leave (struct journal *self)
{
    while (self->readers) {
        struct journal_reader *reader = self->readers;
        self->readers = reader->next;
        reader->journal = NULL;
    }
}

static void reader_drop (struct journal_reader *self)
{
    for (unsigned lane = 0; lane < CB_LANE_END; lane++)
        if (self->journal->lanes[lane].holder == self)
            journal_scan_drop (&self->journal->lanes[lane]);
}

struct journal_reader *journal_reader_new (struct journal *self, unsigned lane, int64_t after)
{
    assert (lane < CB_LANE_END);
    struct journal_reader *reader = calloc (1, sizeof *reader);
    if (!reader)
        abort ();
    reader->journal = self;
    reader->lanes = lane == CB_LANE_RECOVERY ? LANES_ALL & ~(1U << JOURNAL_QUARANTINE) : 1U << lane;
    reader->sought = reader->after = after;
    reader->next = self->readers;
    reader->link = &self->readers;
    if (reader->next)
        reader->next->link = &reader->next;
    self->readers = reader;
    return reader;
}

void journal_reader_free (struct journal_reader **self)
{
    struct journal_reader *reader = *self;
    if (!reader)
        return;
    if (reader->journal) {
        reader_drop (reader);
        *reader->link = reader->next;
        if (reader->next)
            reader->next->link = reader->link;
    }
    free (reader->copy.data);
    free (reader);
    *self = NULL;
}

void journal_reader_seek (struct journal_reader *self, int64_t after)
{
    reader_drop (self);
    self->sought = self->after = after;
}

/* Has the lane's scan stand on the first record after the reader's position. */
static enum journal_result advance (struct journal_reader *self, struct lane *lane)
{
    if (lane->holder != self) {
        journal_scan_drop (lane);
        journal_bind_int (lane->scan, 1, self->after);
        lane->holder = self;
    } else if (lane->position > self->after)
        return JOURNAL_OK;

    int code = sqlite3_step (lane->scan);
    if (code == SQLITE_ROW) {
        lane->position = sqlite3_column_int64 (lane->scan, COLUMN_POSITION);
        return JOURNAL_OK;
    }
    sqlite3_reset (lane->scan);
    lane->position = POSITION_NONE;
    return code == SQLITE_DONE ? JOURNAL_OK
                               : journal_failed (self->journal, code, "reading the log");
}

enum journal_result journal_next (struct journal_reader *self, struct record *record)
{
    struct journal *journal = self->journal;
    if (journal->broken)
        return JOURNAL_BROKEN;
    unsigned first = CB_LANE_END;
    int64_t position = POSITION_NONE;
    for (unsigned lane = 0; lane < CB_LANE_END; lane++) {
        if (!(self->lanes & 1U << lane))
            continue;
        enum journal_result result = advance (self, &journal->lanes[lane]);
        if (result != JOURNAL_OK)
            return result;
        if (journal->lanes[lane].position < position) {
            position = journal->lanes[lane].position;
            first = lane;
        }
    }
    if (first == CB_LANE_END)
        return JOURNAL_END;
    self->after = position;
    return take_record (journal, first, journal->lanes[first].scan, &self->copy, record);
}

/* --- By position --------------------------------------------------------------------------- */

/* Finds the record's row; the caller resets the statement. */
static enum journal_result find (struct journal *self, int64_t position, unsigned *lane,
                                 sqlite3_stmt **row)
{
    if (self->broken)
        return JOURNAL_BROKEN;
    if (position < 1 || position > self->now.head)
        return JOURNAL_END;
    for (*lane = 0; *lane < CB_LANE_END; ++*lane) {
        *row = self->lanes[*lane].at;
        journal_bind_int (*row, 1, position);
        int code = sqlite3_step (*row);
        if (code == SQLITE_ROW)
            return JOURNAL_OK;
        sqlite3_reset (*row);
        if (code != SQLITE_DONE)
            return journal_failed (self, code, "reading a record");
    }
    return JOURNAL_END;
}

enum journal_result journal_at (struct journal *self, int64_t position, struct record *record)
{
    unsigned lane;
    sqlite3_stmt *row;
    enum journal_result result = find (self, position, &lane, &row);
    if (result != JOURNAL_OK)
        return result;
    result = take_record (self, lane, row, &self->one, record);
    sqlite3_reset (row);
    return result;
}

enum journal_result journal_refused (struct journal *self, int64_t *position)
{
    if (self->broken)
        return JOURNAL_BROKEN;
    sqlite3_stmt *next = self->statements[STATEMENT_REFUSED];
    journal_bind_int (next, 1, *position);
    int code = sqlite3_step (next);
    if (code == SQLITE_ROW)
        *position = sqlite3_column_int64 (next, 0);
    sqlite3_reset (next);
    if (code == SQLITE_ROW)
        return JOURNAL_OK;
    return code == SQLITE_DONE ? JOURNAL_END
                               : journal_failed (self, code, "reading the quarantine");
}

enum journal_result journal_chain_at (struct journal *self, int64_t position, struct hash *chain)
{
    if (position == 0 && !self->broken) {
        *chain = (struct hash){ { 0 } };
        return JOURNAL_OK;
    }
    unsigned lane;
    sqlite3_stmt *row;
    enum journal_result result = find (self, position, &lane, &row);
    if (result != JOURNAL_OK)
        return result;
    if (!journal_column_hash (row, COLUMN_CHAIN, chain))
        result = journal_damaged (self, "a record has no hash", position);
    sqlite3_reset (row);
    return result;
}

/* --- The chain ----------------------------------------------------------------------------- */

/* The epochs beside the records: there may be more of them than are kept in memory. */
struct epoch_walk {
    sqlite3_stmt *row;
    uint32_t counter, next; /* of the epoch that the position is in, of the one after */
    int64_t start;          /* of the one after */
};

static enum journal_result epoch_walk_to (struct journal *self, struct epoch_walk *walk,
                                          int64_t position)
{
    while (walk->start < position) {
        walk->counter = walk->next;
        walk->start = POSITION_NONE;
        int code = sqlite3_step (walk->row);
        if (code == SQLITE_ROW) {
            walk->next = (uint32_t) sqlite3_column_int64 (walk->row, 0);
            walk->start = sqlite3_column_int64 (walk->row, 1);
        } else if (code != SQLITE_DONE)
            return journal_failed (self, code, "reading the epochs");
    }
    return JOURNAL_OK;
}

/* Whether its envelope, as long as there is one, is what the chain has the hash of. */
static bool is_its_leaf (const struct record *record)
{
    struct envelope e;
    if (record->envelope.size == 0)
        return true;
    /* What was refused may be no message at all. */
    if (envelope_parse (&e, record->envelope) != CB_OK)
        e.leaf = hash_leaf (record->envelope);
    return hash_equal (&e.leaf, &record->leaf);
}

static enum journal_result check_from (struct journal_reader *reader, struct hash chain,
                                       struct journal_part *part, bool whole)
{
    struct journal *self = reader->journal;
    int64_t *bad = &part->bad;
    struct epoch_walk walk = { .row = self->statements[STATEMENT_EPOCHS_FROM] };
    enum journal_result result = JOURNAL_OK;
    journal_bind_int (walk.row, 1, reader->after + 1);
    for (*bad = part->after + 1; *bad <= part->until; ++*bad) {
        struct record record;
        result = journal_next (reader, &record);
        if (result == JOURNAL_OK)
            result = epoch_walk_to (self, &walk, *bad);
        if (result != JOURNAL_OK)
            break;
        chain = journal_link (&chain, &record, walk.counter);
        if (record.position != *bad || !hash_equal (&chain, &record.chain) ||
            (whole && !is_its_leaf (&record))) {
            result = JOURNAL_END;
            break;
        }
        part->blank += record.envelope.size == 0;
    }
    sqlite3_reset (walk.row);
    return result;
}

static enum journal_result check_part (struct journal *self, struct journal_part *part, bool whole)
{
    struct journal_reader reader = { .journal = self, .lanes = LANES_ALL, .after = part->after };
    struct hash chain;
    part->bad = part->after;
    enum journal_result result = journal_chain_at (self, part->after, &chain);
    if (result != JOURNAL_OK)
        return result;
    result = check_from (&reader, chain, part, whole);
    reader_drop (&reader);
    free (reader.copy.data);
    return result;
}

enum journal_result journal_check_part (struct journal *self, struct journal_part *part)
{
    return check_part (self, part, true);
}

enum journal_result journal_check (struct journal *self, int64_t count, int64_t *bad)
{
    int64_t head = self->now.head;
    struct journal_part part = { .after = count > 0 && count < head ? head - count : 0,
                                 .until = head };
    enum journal_result result = check_part (self, &part, false);
    *bad = part.bad;
    return result;
}

/* --- Reading the tables -------------------------------------------------------------------- */

static bool begins_with (struct span key, struct span prefix)
{
    return key.size >= prefix.size && span_equal (span_bytes (key.data, prefix.size), prefix);
}

static enum journal_result take_pair (struct journal *self, sqlite3_stmt *select,
                                      struct span prefix, struct span *key, struct span *value)
{
    int code = sqlite3_step (select);
    enum journal_result result = JOURNAL_END;
    if (code == SQLITE_ROW) {
        *key = column_bytes (select, 0);
        if (begins_with (*key, prefix)) {
            *value = column_bytes (select, 1);
            keep (&self->found, key, value);
            result = JOURNAL_OK;
        }
    }
    sqlite3_reset (select);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return journal_failed (self, code, "reading a table");
    return result;
}

enum journal_result journal_get (struct journal *self, struct span key, struct span *value)
{
    if (self->broken)
        return JOURNAL_BROKEN;
    sqlite3_stmt *get = self->statements[STATEMENT_GET];
    struct span found;
    journal_bind_bytes (get, 1, key);
    return take_pair (self, get, span_bytes ("", 0), &found, value);
}

enum journal_result journal_scan (struct journal *self, struct span prefix, struct span after,
                                  struct span *key, struct span *value)
{
    if (self->broken)
        return JOURNAL_BROKEN;
    bool from = after.size == 0 || span_compare (after, prefix) < 0;
    sqlite3_stmt *scan = self->statements[from ? STATEMENT_SCAN_FROM : STATEMENT_SCAN_AFTER];
    journal_bind_bytes (scan, 1, from ? prefix : after);
    return take_pair (self, scan, prefix, key, value);
}

/* What is greater than all keys that begin with the prefix; false: nothing is. */
static bool past (struct span prefix, uint8_t *end, size_t *size)
{
    *size = prefix.size;
    memcpy (end, prefix.data, prefix.size);
    while (*size > 0 && end[*size - 1] == 0xff)
        --*size;
    if (*size > 0)
        end[*size - 1]++;
    return *size > 0;
}

enum journal_result journal_scan_back (struct journal *self, struct span prefix, struct span before,
                                       struct span *key, struct span *value)
{
    uint8_t end[PREFIX_MAX];
    size_t size;
    if (self->broken)
        return JOURNAL_BROKEN;
    assert (prefix.size > 0 && prefix.size <= PREFIX_MAX);
    /* A key begins with its table's byte, which is a letter. */
    bool bounded = past (prefix, end, &size);
    assert (bounded);
    struct span upper = span_bytes (end, size);
    if (before.size > 0 && span_compare (before, upper) < 0)
        upper = before;
    sqlite3_stmt *scan = self->statements[STATEMENT_SCAN_BACK];
    journal_bind_bytes (scan, 1, upper);
    return take_pair (self, scan, prefix, key, value);
}
