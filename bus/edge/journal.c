/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/journal_sql.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define VALUE_MAX ((size_t) 1024 * 1024)
/* About 4 MiB: what a commit that also checkpoints can write in some 20 ms. */
#define WAL_PAGES 500

/* --- Failures ------------------------------------------------------------------------------ */

const char *journal_error (const struct journal *self)
{
    return self->error;
}

static enum journal_result broken (struct journal *self)
{
    self->broken = true;
    /* After a failed write nothing may be moved any more: recovery starts from what is there. */
    sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return JOURNAL_BROKEN;
}

enum journal_result journal_run (struct journal *self, sqlite3_stmt *statement, const char *doing)
{
    int code = sqlite3_step (statement);
    sqlite3_reset (statement);
    return code == SQLITE_DONE ? JOURNAL_OK : journal_failed (self, code, doing);
}

static void state_back (struct journal *self, const struct state *state)
{
    self->now = *state;
    journal_readers_back (self);
}

/* Rolls back, whether SQLite has done so already or not. */
static enum journal_result abandon (struct journal *self)
{
    journal_scans_drop (self);
    self->phase = PHASE_IDLE;
    state_back (self, &self->committed);
    if (sqlite3_get_autocommit (self->db))
        return JOURNAL_OK;
    return journal_run (self, self->statements[STATEMENT_ROLLBACK], "rolling back");
}

enum journal_result journal_failed (struct journal *self, int code, const char *doing)
{
    snprintf (self->error, sizeof self->error, "%s: %s: %s (SQLite %d)", self->path, doing,
              sqlite3_errstr (code), code);
    if ((code & 0xff) == SQLITE_FULL && self->phase == PHASE_OPEN) {
        if (abandon (self) != JOURNAL_OK)
            return JOURNAL_BROKEN;
        self->phase = PHASE_FULL;
        return JOURNAL_FULL;
    }
    return broken (self);
}

enum journal_result journal_damaged (struct journal *self, const char *what, int64_t position)
{
    snprintf (self->error, sizeof self->error, "%s is damaged: %s (at %lld); restore a copy",
              self->path, what, (long long) position);
    return broken (self);
}

/* Whether there is a transaction that can be written to. */
static enum journal_result writable (const struct journal *self)
{
    if (self->broken)
        return JOURNAL_BROKEN;
    assert (self->phase != PHASE_IDLE);
    return self->phase == PHASE_FULL ? JOURNAL_FULL : JOURNAL_OK;
}

void journal_bind_int (sqlite3_stmt *statement, int index, int64_t value)
{
    int code = sqlite3_bind_int64 (statement, index, value);
    assert (code == SQLITE_OK);
}

void journal_bind_bytes (sqlite3_stmt *statement, int index, struct span value)
{
    /* A null pointer would be NULL and not an empty value. */
    const void *data = value.size > 0 ? (const void *) value.data : "";
    int code = sqlite3_bind_blob64 (statement, index, data, value.size, SQLITE_STATIC);
    assert (code == SQLITE_OK);
}

/* --- Transactions -------------------------------------------------------------------------- */

enum journal_result journal_begin (struct journal *self)
{
    if (self->broken)
        return JOURNAL_BROKEN;
    assert (self->phase != PHASE_OPEN);
    journal_scans_drop (self);
    self->phase = PHASE_IDLE;
    enum journal_result result =
        journal_run (self, self->statements[STATEMENT_BEGIN], "beginning a transaction");
    if (result == JOURNAL_OK)
        self->phase = PHASE_OPEN;
    return result;
}

static enum journal_result checkpoint (struct journal *self)
{
    if (self->wal_pages < WAL_PAGES)
        return JOURNAL_OK;
    int code = sqlite3_wal_checkpoint_v2 (self->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    /* Everything is safe in the WAL, so that a full disk only means to try again later. */
    if ((code & 0xff) == SQLITE_FULL)
        return JOURNAL_OK;
    if (code != SQLITE_OK)
        return journal_failed (self, code, "moving the WAL into the file");
    self->wal_pages = 0;
    return JOURNAL_OK;
}

enum journal_result journal_commit (struct journal *self)
{
    enum journal_result result = writable (self);
    if (result == JOURNAL_OK) {
        journal_scans_drop (self);
        result = journal_run (self, self->statements[STATEMENT_COMMIT], "committing");
    }
    self->phase = PHASE_IDLE;
    if (result != JOURNAL_OK)
        return result;
    self->committed = self->now;
    return checkpoint (self);
}

void journal_rollback (struct journal *self)
{
    if (!self->broken && self->phase == PHASE_OPEN)
        (void) abandon (self);
    self->phase = PHASE_IDLE;
}

/* --- The log ------------------------------------------------------------------------------- */

int64_t journal_head (const struct journal *self)
{
    return self->now.head;
}

struct hash journal_chain (const struct journal *self)
{
    return self->now.chain;
}

struct hash journal_link (const struct hash *before, const struct record *record,
                          uint32_t epoch_counter)
{
    uint8_t bytes[2 * HASH_SIZE + 6];
    uint8_t *at = bytes + 2 * HASH_SIZE;
    memcpy (bytes, before->bytes, HASH_SIZE);
    memcpy (bytes + HASH_SIZE, record->leaf.bytes, HASH_SIZE);
    *at++ = (uint8_t) record->reason;
    *at++ = (uint8_t) record->lane;
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t) (epoch_counter >> shift);
    return hash_bytes (span_bytes (bytes, sizeof bytes));
}

enum journal_result journal_append (struct journal *self, struct record *record)
{
    enum journal_result result = writable (self);
    if (result != JOURNAL_OK)
        return result;
    assert (record->lane < CB_LANE_END && record->reason <= UINT8_MAX);
    assert (record->envelope.size <= ENVELOPE_MAX && record->from.size <= PARTY_MAX);

    struct lane *lane = &self->lanes[record->lane];
    int64_t position = self->now.head + 1;
    struct hash chain = journal_link (&self->now.chain, record, journal_epoch (self).counter);
    journal_scan_drop (lane);
    journal_bind_int (lane->append, COLUMN_POSITION + 1, position);
    journal_bind_int (lane->append, COLUMN_REASON + 1, record->reason);
    journal_bind_int (lane->append, COLUMN_POLICY + 1, record->policy);
    journal_bind_int (lane->append, COLUMN_TAKEN + 1, record->taken);
    const char *from = record->from.size > 0 ? (const char *) record->from.data : "";
    int code = sqlite3_bind_text (lane->append, COLUMN_VIA + 1, from, (int) record->from.size,
                                  SQLITE_STATIC);
    assert (code == SQLITE_OK);
    journal_bind_bytes (lane->append, COLUMN_LEAF + 1, span_bytes (&record->leaf, HASH_SIZE));
    journal_bind_bytes (lane->append, COLUMN_CHAIN + 1, span_bytes (&chain, HASH_SIZE));
    journal_bind_bytes (lane->append, COLUMN_ENVELOPE + 1, record->envelope);
    result = journal_run (self, lane->append, "appending");
    if (result != JOURNAL_OK)
        return result;

    self->now.head = record->position = position;
    self->now.chain = record->chain = chain;
    return JOURNAL_OK;
}

enum journal_result journal_blank (struct journal *self, int64_t position)
{
    enum journal_result result = writable (self);
    if (result != JOURNAL_OK)
        return result;
    sqlite3_stmt *blank = self->statements[STATEMENT_BLANK];
    journal_scan_drop (&self->lanes[JOURNAL_QUARANTINE]);
    journal_bind_int (blank, 1, position);
    result = journal_run (self, blank, "taking an envelope out of quarantine");
    return result == JOURNAL_OK && sqlite3_changes (self->db) == 0 ? JOURNAL_END : result;
}

/* --- Epochs -------------------------------------------------------------------------------- */

struct epoch journal_epoch (const struct journal *self)
{
    return self->epochs[self->epoch_count - 1].epoch;
}

size_t journal_epochs (const struct journal *self, struct epoch_end epochs[LINK_EPOCHS])
{
    memcpy (epochs, self->epochs, self->epoch_count * sizeof *epochs);
    epochs[self->epoch_count - 1].end = self->now.head;
    return self->epoch_count;
}

/* --- Writing to the tables ----------------------------------------------------------------- */

enum journal_result journal_put (struct journal *self, struct span key, struct span value)
{
    enum journal_result result = writable (self);
    if (result != JOURNAL_OK)
        return result;
    assert (key.size > 0 && value.size <= VALUE_MAX);
    sqlite3_stmt *put = self->statements[STATEMENT_PUT];
    journal_bind_bytes (put, 1, key);
    journal_bind_bytes (put, 2, value);
    return journal_run (self, put, "writing to a table");
}

enum journal_result journal_del (struct journal *self, struct span key)
{
    enum journal_result result = writable (self);
    if (result != JOURNAL_OK)
        return result;
    sqlite3_stmt *del = self->statements[STATEMENT_DEL];
    journal_bind_bytes (del, 1, key);
    return journal_run (self, del, "deleting from a table");
}

/* --- Space --------------------------------------------------------------------------------- */

void journal_space (const struct journal *self, uint64_t *available, uint64_t *used)
{
    struct statvfs fs;
    struct stat st;
    *available = statvfs (self->path, &fs) == 0 ? (uint64_t) fs.f_bavail * fs.f_frsize : 0;
    *used = stat (self->path, &st) == 0 ? (uint64_t) st.st_blocks * 512 : 0;
    const char *wal = sqlite3_filename_wal (sqlite3_db_filename (self->db, "main"));
    if (wal && stat (wal, &st) == 0)
        *used += (uint64_t) st.st_blocks * 512;
}
