/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_sql.h - what the files of the journal share; nobody else includes it
 *
 * A lane is a table of its own, so that each is appended to at its right edge.
 * Positions count over all of them.
 */
#ifndef CERTBUS_JOURNAL_SQL_H
#define CERTBUS_JOURNAL_SQL_H

#include <assert.h>
#include <sqlite3.h>

#include "bus/edge/journal.h"

#define JOURNAL_STATEMENTS(X)                                                                      \
    X (BEGIN, "BEGIN IMMEDIATE")                                                                   \
    X (COMMIT, "COMMIT")                                                                           \
    X (ROLLBACK, "ROLLBACK")                                                                       \
    X (PUT, "REPLACE INTO kv (k, v) VALUES (?1, ?2)")                                              \
    X (DEL, "DELETE FROM kv WHERE k = ?1")                                                         \
    X (GET, "SELECT k, v FROM kv WHERE k = ?1")                                                    \
    X (SCAN_FROM, "SELECT k, v FROM kv WHERE k >= ?1 ORDER BY k LIMIT 1")                          \
    X (SCAN_AFTER, "SELECT k, v FROM kv WHERE k > ?1 ORDER BY k LIMIT 1")                          \
    X (SCAN_BACK, "SELECT k, v FROM kv WHERE k < ?1 ORDER BY k DESC LIMIT 1")                      \
    X (BLANK, "UPDATE log_quarantine SET envelope = x'' WHERE position = ?1")                      \
    X (REFUSED, "SELECT position FROM log_quarantine WHERE position > ?1"                          \
                " AND length (envelope) > 0 ORDER BY position LIMIT 1")                            \
    X (EPOCH_NEW, "INSERT INTO epochs (counter, nonce, start) VALUES (?1, ?2, ?3)")                \
    /* From the one that the record at that position is in. */                                     \
    X (EPOCHS_FROM, "SELECT counter, start FROM epochs WHERE ordinal >= (SELECT ordinal FROM"      \
                    " epochs WHERE start < ?1 ORDER BY ordinal DESC LIMIT 1) ORDER BY ordinal")

#define X_STATEMENT(NAME, sql) STATEMENT_##NAME,
enum journal_statement { JOURNAL_STATEMENTS (X_STATEMENT) STATEMENT_END };
#undef X_STATEMENT

/* The columns of a lane, in the order in which every SELECT here has them. */
#define LANE_COLUMNS "position, reason, policy, taken, via, leaf, chain, envelope"
enum {
    COLUMN_POSITION,
    COLUMN_REASON,
    COLUMN_POLICY,
    COLUMN_TAKEN,
    COLUMN_VIA,
    COLUMN_LEAF,
    COLUMN_CHAIN,
    COLUMN_ENVELOPE
};

/* Positions that a lane's scan is at when it has no record, and that bounds all. */
#define POSITION_NONE INT64_MAX

/* One reader at a time steps the scan; another one that wants it seeks anew. */
struct lane {
    sqlite3_stmt *append, *at, *scan;
    const struct journal_reader *holder;
    int64_t position; /* of the row that the scan stands on */
};

/* What a rollback restores. */
struct state {
    int64_t head;
    struct hash chain;
};

enum phase {
    PHASE_IDLE,
    PHASE_OPEN,
    PHASE_FULL /* rolled back for want of space; the caller has yet to end it */
};

/* Memory that what was read is copied to, because SQLite's does not outlive a step. */
struct copy {
    uint8_t *data;
    size_t room;
};

struct journal {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *statements[STATEMENT_END];
    struct lane lanes[CB_LANE_END];
    struct journal_reader *readers;
    struct epoch_end epochs[LINK_EPOCHS]; /* of this run the last; its end is the head */
    size_t epoch_count;
    struct state now, committed;
    enum phase phase;
    bool broken;
    int wal_pages;
    struct copy found, one; /* for the tables, for journal_at */
    char error[512];
};

/* A table's name for each lane. */
extern const char *const journal_lane_tables[CB_LANE_END];

/* Keeps what SQLite said about `code`; JOURNAL_FULL after rolling back, or JOURNAL_BROKEN. */
enum journal_result journal_failed (struct journal *self, int code, const char *doing);
/* Says why it cannot be opened; false. */
bool journal_refuse (struct journal *self, const char *what);
bool journal_refuse_errno (struct journal *self, const char *what);
bool journal_refuse_code (struct journal *self, int code, const char *doing);
bool journal_sync_folder (struct journal *self);
/* Copies the file and brings it to this format. */
bool journal_raise (struct journal *self, int64_t format, const struct journal_upgrade *upgrade);
/* The journal holds what it cannot hold. */
enum journal_result journal_damaged (struct journal *self, const char *what, int64_t position);
/* Steps a statement that returns no rows, and resets it. */
enum journal_result journal_run (struct journal *self, sqlite3_stmt *statement, const char *doing);

void journal_bind_int (sqlite3_stmt *statement, int index, int64_t value);
void journal_bind_bytes (sqlite3_stmt *statement, int index, struct span value);
/* False when the column is not a hash. */
bool journal_column_hash (sqlite3_stmt *statement, int column, struct hash *hash);

/* No statement of a reader is left in the middle: needed before a transaction changes. */
void journal_scans_drop (struct journal *self);
void journal_scan_drop (struct lane *lane);
/* Readers that have read what was undone go back to the head. */
void journal_readers_back (struct journal *self);
/* The journal closes: what readers are left can only be freed. */
void journal_readers_leave (struct journal *self);

struct hash journal_link (const struct hash *before, const struct record *record,
                          uint32_t epoch_counter);

#endif
