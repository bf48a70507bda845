/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/journal_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION 0x43427573 /* "CBus" */
#define TEXT_OF(x)  #x
#define TEXT(x)     TEXT_OF (x)

const char *const journal_lane_tables[CB_LANE_END] = {
    [CB_LANE_FLASH] = "log_flash",
    [CB_LANE_ROUTINE] = "log_routine",
    [CB_LANE_BULK] = "log_bulk",
    [JOURNAL_QUARANTINE] = "log_quarantine",
};

/* --- Saying what is wrong ------------------------------------------------------------------- */

bool journal_refuse (struct journal *self, const char *what)
{
    snprintf (self->error, sizeof self->error, "%s %s", self->path, what);
    return false;
}

bool journal_refuse_errno (struct journal *self, const char *what)
{
    snprintf (self->error, sizeof self->error, "%s: %s: %s", self->path, what, strerror (errno));
    return false;
}

bool journal_refuse_code (struct journal *self, int code, const char *doing)
{
    switch (code & 0xff) {
    case SQLITE_BUSY: return journal_refuse (self, "is in use by another certbusd; stop it first");
    case SQLITE_NOTADB:
        return journal_refuse (self, "is not a journal of certbus: it is no database");
    case SQLITE_FULL: return journal_refuse (self, "cannot be opened: the disk is full");
    case SQLITE_CORRUPT: return journal_refuse (self, "is damaged; restore the last copy of it");
    default: (void) journal_failed (self, code, doing); return false;
    }
}

static bool execute (struct journal *self, const char *sql, const char *doing)
{
    int code = sqlite3_exec (self->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || journal_refuse_code (self, code, doing);
}

/* The one row of a statement that has one; the caller finalizes it. */
static bool one_row (struct journal *self, const char *sql, sqlite3_stmt **row)
{
    int code = sqlite3_prepare_v2 (self->db, sql, -1, row, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step (*row);
    if (code == SQLITE_ROW)
        return true;
    sqlite3_finalize (*row);
    return code == SQLITE_DONE ? journal_refuse (self, "is damaged; restore the last copy of it")
                               : journal_refuse_code (self, code, "reading it");
}

static bool one_number (struct journal *self, const char *sql, int64_t *number)
{
    sqlite3_stmt *row;
    if (!one_row (self, sql, &row))
        return false;
    *number = sqlite3_column_int64 (row, 0);
    sqlite3_finalize (row);
    return true;
}

/* --- The file ------------------------------------------------------------------------------- */

static bool open_file (struct journal *self)
{
    struct stat st;
    int fd = open (self->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close (fd);
    else if (errno != EEXIST)
        return journal_refuse_errno (self, "cannot create the journal");
    else if (access (self->path, R_OK | W_OK) != 0 || stat (self->path, &st) != 0)
        return journal_refuse_errno (self, "cannot open the journal");
    else if (!S_ISREG (st.st_mode))
        return journal_refuse (self, "is not a file");

    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2 (self->path, &self->db, flags, NULL);
    if (!self->db)
        abort ();
    if (code != SQLITE_OK)
        return journal_refuse_code (self, code, "opening it");
    /* A file from elsewhere may be opened here: nothing in its schema is to run. */
    sqlite3_db_config (self->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config (self->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config (self->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config (self->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    return sqlite3_db_readonly (self->db, "main") == 0 ||
           journal_refuse (self, "cannot be written to");
}

static bool judge_format (struct journal *self, int64_t application, int64_t format)
{
    if (application != APPLICATION)
        return journal_refuse (self,
                               "is not a journal of certbus: it is another program's database");
    if (format >= 1 && format <= JOURNAL_FORMAT)
        return true;
    char what[192];
    if (format > JOURNAL_FORMAT)
        snprintf (what, sizeof what,
                  "cannot be opened: format %lld is newer than this program (%d): upgrade "
                  "certbus, or restore the copy made before the upgrade",
                  (long long) format, JOURNAL_FORMAT);
    else
        snprintf (what, sizeof what, "is damaged: there is no format %lld", (long long) format);
    return journal_refuse (self, what);
}

/* Before anything is changed: is it a journal, and of which format? 0: an empty file. */
static bool check_format (struct journal *self, int64_t *format)
{
    int64_t application, tables;
    if (!execute (self, "PRAGMA locking_mode = EXCLUSIVE", "locking it") ||
        !one_number (self, "PRAGMA application_id", &application) ||
        !one_number (self, "PRAGMA user_version", format) ||
        !one_number (self, "SELECT count (*) FROM sqlite_schema", &tables))
        return false;
    bool empty = application == 0 && *format == 0 && tables == 0;
    return empty || judge_format (self, application, *format);
}

/* Whether it can be brought to this one. */
static bool may_raise (struct journal *self, int64_t format, const struct journal_upgrade *upgrade)
{
    char what[160];
    if (format == 0 || format == JOURNAL_FORMAT || upgrade != NULL)
        return true;
    snprintf (what, sizeof what,
              "has format %lld, and this program's is %d: certbusd copies and migrates it when it "
              "starts",
              (long long) format, JOURNAL_FORMAT);
    return journal_refuse (self, what);
}

/* Checkpoints are made here and not by SQLite's default: this replaces it. */
static int on_commit (void *arg, sqlite3 *db, const char *name, int pages)
{
    struct journal *self = arg;
    (void) db;
    (void) name;
    self->wal_pages = pages;
    return SQLITE_OK;
}

static bool configure (struct journal *self)
{
    /* Messages of half a KiB: twice the usual page halves the writes and the waste. */
    if (!execute (self, "PRAGMA page_size = 8192", "setting the size of pages"))
        return false;
    sqlite3_stmt *row;
    if (!one_row (self, "PRAGMA journal_mode = WAL", &row))
        return false;
    const unsigned char *mode = sqlite3_column_text (row, 0);
    bool wal = mode && strcmp ((const char *) mode, "wal") == 0;
    /* The file is changed only after the row. */
    int code = sqlite3_step (row);
    sqlite3_finalize (row);
    if (code != SQLITE_DONE)
        return journal_refuse_code (self, code, "giving it a write-ahead log");
    if (!wal)
        return journal_refuse (self, "cannot be opened: its file system has no write-ahead log");
    sqlite3_wal_hook (self->db, on_commit, self);
    return execute (self,
                    "PRAGMA synchronous = FULL;"
                    "PRAGMA mmap_size = 0;"
                    "PRAGMA foreign_keys = OFF;"
                    "PRAGMA cell_size_check = ON;"
                    "PRAGMA cache_size = -16384;"
                    /* Else a statement could need a file on another, full disk. */
                    "PRAGMA temp_store = MEMORY;"
                    "PRAGMA journal_size_limit = 16777216;",
                    "setting it up");
}

static bool create (struct journal *self)
{
    if (!execute (self, "BEGIN IMMEDIATE", "creating it"))
        return false;
    for (unsigned lane = 0; lane < CB_LANE_END; lane++) {
        char sql[512];
        snprintf (sql, sizeof sql,
                  "CREATE TABLE %s (position INTEGER PRIMARY KEY, reason INTEGER NOT NULL,"
                  " policy INTEGER NOT NULL, taken INTEGER NOT NULL, via TEXT NOT NULL,"
                  " leaf BLOB NOT NULL, chain BLOB NOT NULL, envelope BLOB NOT NULL) STRICT",
                  journal_lane_tables[lane]);
        if (!execute (self, sql, "creating it"))
            return false;
    }
    return execute (self,
                    "CREATE TABLE kv (k BLOB PRIMARY KEY, v BLOB NOT NULL) STRICT, WITHOUT ROWID;"
                    "CREATE TABLE epochs (ordinal INTEGER PRIMARY KEY, counter INTEGER NOT NULL,"
                    " nonce INTEGER NOT NULL, start INTEGER NOT NULL) STRICT;"
                    "PRAGMA application_id = " TEXT (APPLICATION) ";"
                                                                  "PRAGMA user_version = " TEXT (
                                                                      JOURNAL_FORMAT) ";"
                                                                                      "COMMIT",
                    "creating it");
}

/* --- Statements ----------------------------------------------------------------------------- */

static bool prepare (struct journal *self, const char *sql, sqlite3_stmt **statement)
{
    int code = sqlite3_prepare_v3 (self->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    return code == SQLITE_OK || journal_refuse_code (self, code, "preparing to use it");
}

static bool prepare_all (struct journal *self)
{
#define X_STATEMENT(NAME, sql) [STATEMENT_##NAME] = sql,
    static const char *const texts[STATEMENT_END] = { JOURNAL_STATEMENTS (X_STATEMENT) };
#undef X_STATEMENT
    for (size_t i = 0; i < STATEMENT_END; i++)
        if (!prepare (self, texts[i], &self->statements[i]))
            return false;
    for (unsigned i = 0; i < CB_LANE_END; i++) {
        struct lane *lane = &self->lanes[i];
        const char *table = journal_lane_tables[i];
        char append[256], at[256], scan[256];
        snprintf (append, sizeof append,
                  "INSERT INTO %s (" LANE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                  table);
        snprintf (at, sizeof at, "SELECT " LANE_COLUMNS " FROM %s WHERE position = ?1", table);
        snprintf (scan, sizeof scan,
                  "SELECT " LANE_COLUMNS " FROM %s WHERE position > ?1 ORDER BY position", table);
        if (!prepare (self, append, &lane->append) || !prepare (self, at, &lane->at) ||
            !prepare (self, scan, &lane->scan))
            return false;
    }
    return true;
}

/* --- What it holds -------------------------------------------------------------------------- */

static bool load_head (struct journal *self)
{
    for (unsigned lane = 0; lane < CB_LANE_END; lane++) {
        char sql[256];
        snprintf (sql, sizeof sql, "SELECT " LANE_COLUMNS " FROM %s ORDER BY position DESC LIMIT 1",
                  journal_lane_tables[lane]);
        sqlite3_stmt *row;
        if (!prepare (self, sql, &row))
            return false;
        int code = sqlite3_step (row);
        int64_t position = code == SQLITE_ROW ? sqlite3_column_int64 (row, COLUMN_POSITION) : 0;
        bool hash = true;
        if (position > self->now.head) {
            self->now.head = position;
            hash = journal_column_hash (row, COLUMN_CHAIN, &self->now.chain);
        }
        sqlite3_finalize (row);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            return journal_refuse_code (self, code, "reading it");
        if (!hash)
            return journal_refuse (self, "is damaged: its last record has no hash");
    }
    return true;
}

/* The latest, with room for that of this run. */
static bool load_epochs (struct journal *self)
{
    sqlite3_stmt *row;
    if (!prepare (self, "SELECT counter, nonce, start FROM epochs ORDER BY ordinal DESC LIMIT ?1",
                  &row))
        return false;
    struct epoch_end latest[LINK_EPOCHS - 1];
    size_t count = 0;
    int64_t end = self->now.head;
    bool missing = false;
    int code;
    journal_bind_int (row, 1, LINK_EPOCHS - 1);
    while ((code = sqlite3_step (row)) == SQLITE_ROW) {
        struct epoch_end *epoch = &latest[count++];
        int64_t nonce = sqlite3_column_int64 (row, 1);
        epoch->epoch.counter = (uint32_t) sqlite3_column_int64 (row, 0);
        memcpy (&epoch->epoch.nonce, &nonce, sizeof nonce);
        epoch->end = end;
        /* One ends where the next begins. */
        end = sqlite3_column_int64 (row, 2);
        missing = missing || end > epoch->end;
    }
    sqlite3_finalize (row);
    if (code != SQLITE_DONE)
        return journal_refuse_code (self, code, "reading it");
    if (missing || (count == 0 && self->now.head > 0))
        return journal_refuse (self, "is damaged: records are missing at its end");
    for (size_t i = 0; i < count; i++)
        self->epochs[i] = latest[count - 1 - i];
    self->epoch_count = count;
    return true;
}

bool journal_sync_folder (struct journal *self)
{
    char *path = strdup (self->path);
    if (!path)
        abort ();
    int fd = open (dirname (path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync (fd) == 0;
    if (!synced)
        journal_refuse_errno (self, "cannot make its folder durable");
    if (fd >= 0)
        close (fd);
    free (path);
    return synced;
}

static enum journal_result begin_epoch (struct journal *self)
{
    uint32_t last = self->epoch_count > 0 ? journal_epoch (self).counter : 0;
    struct epoch epoch = { .counter = last < UINT32_MAX ? last + 1 : UINT32_MAX };
    randombytes_buf (&epoch.nonce, sizeof epoch.nonce);
    int64_t nonce;
    memcpy (&nonce, &epoch.nonce, sizeof nonce);
    sqlite3_stmt *insert = self->statements[STATEMENT_EPOCH_NEW];
    journal_bind_int (insert, 1, epoch.counter);
    journal_bind_int (insert, 2, nonce);
    journal_bind_int (insert, 3, self->now.head);

    enum journal_result result = journal_begin (self);
    if (result == JOURNAL_OK)
        result = journal_run (self, insert, "beginning an epoch");
    if (result == JOURNAL_OK)
        result = journal_commit (self);
    if (result == JOURNAL_OK)
        self->epochs[self->epoch_count++].epoch = epoch;
    return result;
}

static bool begin_run (struct journal *self)
{
    enum journal_result result = begin_epoch (self);
    if (result == JOURNAL_FULL)
        return journal_refuse (self, "cannot be opened: the disk is full");
    return result == JOURNAL_OK && journal_sync_folder (self);
}

/* --- Its header ----------------------------------------------------------------------------- */

#define HEADER_SIZE 100 /* of an SQLite database; its numbers are big endian */

static int64_t header_number (const uint8_t *at)
{
    return (int32_t) ((uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 |
                      at[3]);
}

static bool judge_header (struct journal *self, const uint8_t *header, ssize_t size,
                          int64_t *format)
{
    static const char magic[16] = "SQLite format 3";
    if (size == 0)
        return true;
    if (size < HEADER_SIZE || memcmp (header, magic, sizeof magic) != 0)
        return journal_refuse (self, "is not a journal of certbus: it is no database");
    int64_t tables = header_number (header + 40); /* changes of its schema */
    int64_t application = header_number (header + 68);
    *format = header_number (header + 60);
    /* So it is also while all that there is of a new one is in its write-ahead log. */
    if (application == 0 && *format == 0 && tables == 0)
        return true;
    return judge_format (self, application, *format);
}

static bool peek (struct journal *self, int64_t *format)
{
    uint8_t header[HEADER_SIZE];
    struct stat st;
    if (stat (self->path, &st) != 0)
        return errno == ENOENT || journal_refuse_errno (self, "cannot open the journal");
    if (!S_ISREG (st.st_mode))
        return journal_refuse (self, "is not a file");
    if (access (self->path, R_OK | W_OK) != 0)
        return journal_refuse_errno (self, "cannot open the journal");
    int fd = open (self->path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : pread (fd, header, sizeof header, 0);
    bool good = size < 0 ? journal_refuse_errno (self, "cannot read the journal")
                         : judge_header (self, header, size, format);
    if (fd >= 0)
        close (fd);
    return good;
}

bool journal_peek (const char *path, int64_t *format, char *why, size_t why_size)
{
    *format = 0;
    struct journal *self = calloc (1, sizeof *self);
    if (!self || !(self->path = strdup (path)))
        abort ();
    bool good = peek (self, format);
    if (!good)
        snprintf (why, why_size, "%s", self->error);
    free (self->path);
    free (self);
    return good;
}

/* --- Open and close ------------------------------------------------------------------------- */

struct journal *journal_open (const char *path, char *why, size_t why_size)
{
    return journal_open_upgrade (path, NULL, why, why_size);
}

/* What was refused or only looked at stays as it is. */
static void close_untouched (struct journal *self)
{
    if (self->db)
        sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    journal_close (&self);
}

struct journal *journal_open_upgrade (const char *path, const struct journal_upgrade *upgrade,
                                      char *why, size_t why_size)
{
    struct journal *self = calloc (1, sizeof *self);
    if (!self || !(self->path = strdup (path)) || sodium_init () < 0)
        abort ();
    int64_t format;
    bool opened = open_file (self) && check_format (self, &format) &&
                  may_raise (self, format, upgrade) && configure (self) &&
                  (format > 0 || create (self)) && prepare_all (self) && load_head (self) &&
                  load_epochs (self);
    self->committed = self->now;
    if (opened &&
        (format == 0 || format == JOURNAL_FORMAT || journal_raise (self, format, upgrade)) &&
        begin_run (self))
        return self;

    snprintf (why, why_size, "%s", self->error);
    close_untouched (self);
    return NULL;
}

struct journal *journal_open_look (const char *path, char *why, size_t why_size)
{
    struct journal *self = calloc (1, sizeof *self);
    if (!self || !(self->path = strdup (path)) || sodium_init () < 0)
        abort ();
    int64_t format = 0;
    bool there = access (path, F_OK) == 0 || journal_refuse_errno (self, "cannot open the journal");
    bool opened =
        there && open_file (self) && check_format (self, &format) &&
        (format > 0 || journal_refuse (self, "is empty")) &&
        execute (self, "PRAGMA query_only = ON; PRAGMA cell_size_check = ON", "reading it");
    if (opened)
        sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (opened && prepare_all (self) && load_head (self) && load_epochs (self)) {
        self->committed = self->now;
        return self;
    }
    snprintf (why, why_size, "%s", self->error);
    close_untouched (self);
    return NULL;
}

void journal_close (struct journal **self_p)
{
    struct journal *self = *self_p;
    if (!self)
        return;
    journal_readers_leave (self);
    for (size_t i = 0; i < STATEMENT_END; i++)
        sqlite3_finalize (self->statements[i]);
    for (unsigned i = 0; i < CB_LANE_END; i++) {
        sqlite3_finalize (self->lanes[i].append);
        sqlite3_finalize (self->lanes[i].at);
        sqlite3_finalize (self->lanes[i].scan);
    }
    /* Rolls back what is open. */
    int code = sqlite3_close (self->db);
    assert (code == SQLITE_OK);
    free (self->found.data);
    free (self->one.data);
    free (self->path);
    free (self);
    *self_p = NULL;
}
