/* SPDX-License-Identifier: Apache-2.0 */
/* A journal of an older format: copied, then brought to this one. */
#include "bus/edge/journal_sql.h"
#include "bus/edge/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PATH_BYTES 4200
#define COPIES_MAX 100
#define TELL_MS    2000
#define MIB        (INT64_C (1024) * 1024)
/* Pages at a time: some 16 MiB. */
#define COPY_PAGES 2048
/* Beside the copy: the index that will be built is about an eighth of a journal. */
#define ROOM_PART  4
#define ROOM_LEAST (16 * MIB)

/* --- Is there room, is there a copy --------------------------------------------------------- */

static bool has_room (struct journal *self, int64_t format)
{
    uint64_t available, used;
    char what[256];
    journal_space (self, &available, &used);
    uint64_t need = used + used / ROOM_PART + (uint64_t) ROOM_LEAST;
    if (available >= need)
        return true;
    snprintf (what, sizeof what,
              "has format %lld and is to be copied before it is migrated: that needs %llu MiB "
              "beside it, and %llu are free; nothing was changed: free some space, then start "
              "again",
              (long long) format, (unsigned long long) (need / (uint64_t) MIB),
              (unsigned long long) (available / (uint64_t) MIB));
    return journal_refuse (self, what);
}

/* One number, or one hash as text, of a database. */
static bool same_answer (sqlite3 *a, sqlite3 *b, const char *sql)
{
    sqlite3 *both[2] = { a, b };
    sqlite3_stmt *rows[2] = { NULL, NULL };
    bool same = true;
    for (int i = 0; i < 2 && same; i++)
        same = sqlite3_prepare_v2 (both[i], sql, -1, &rows[i], NULL) == SQLITE_OK &&
               sqlite3_step (rows[i]) == SQLITE_ROW;
    if (same) {
        int size = sqlite3_column_bytes (rows[0], 0);
        same = size == sqlite3_column_bytes (rows[1], 0) &&
               memcmp (sqlite3_column_blob (rows[0], 0), sqlite3_column_blob (rows[1], 0),
                       (size_t) size) == 0;
    }
    sqlite3_finalize (rows[0]);
    sqlite3_finalize (rows[1]);
    return same;
}

/* Whether this file is the copy that an interrupted start made: the same run, the same head. */
static bool same_history (struct journal *self, const char *path)
{
    sqlite3 *copy;
    bool same =
        sqlite3_open_v2 (path, &copy, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ==
            SQLITE_OK &&
        same_answer (self->db, copy, "SELECT user_version || '' FROM pragma_user_version") &&
        same_answer (self->db, copy,
                     "SELECT counter || ' ' || nonce || ' ' || start FROM epochs"
                     " ORDER BY ordinal DESC LIMIT 1");
    for (unsigned lane = 0; lane < CB_LANE_END && same; lane++) {
        char sql[192];
        snprintf (sql, sizeof sql,
                  "SELECT ifnull ((SELECT position || hex (chain) FROM %s"
                  " ORDER BY position DESC LIMIT 1), 'none')",
                  journal_lane_tables[lane]);
        same = same_answer (self->db, copy, sql);
    }
    sqlite3_close (copy);
    return same;
}

/* The first name that is free, or that of the same copy. */
static bool copy_name (struct journal *self, int64_t format, char path[PATH_BYTES], bool *made)
{
    for (int i = 1; i < COPIES_MAX; i++) {
        int size = snprintf (path, PATH_BYTES, "%s.format-%lld", self->path, (long long) format);
        if (i > 1)
            size += snprintf (path + size, PATH_BYTES - (size_t) size, ".%d", i);
        if (size >= PATH_BYTES - 8)
            break;
        if (access (path, F_OK) != 0 && errno == ENOENT) {
            *made = false;
            return true;
        }
        if (same_history (self, path)) {
            *made = true;
            return true;
        }
    }
    return journal_refuse (self, "cannot be copied: there is no name left for it beside it; move "
                                 "older copies (.format-*) away");
}

/* --- The copy ------------------------------------------------------------------------------- */

static void tell_copying (const struct journal_upgrade *upgrade, sqlite3_backup *backup)
{
    char text[96];
    int all = sqlite3_backup_pagecount (backup);
    int done = all - sqlite3_backup_remaining (backup);
    snprintf (text, sizeof text, "copying the journal: %d of %d pages", done, all);
    upgrade->tell (text);
}

/* All pages, into an open database. */
static int copy_pages (struct journal *self, sqlite3 *copy, const struct journal_upgrade *upgrade)
{
    int64_t told = clock_steady ();
    sqlite3_backup *backup = sqlite3_backup_init (copy, "main", self->db, "main");
    if (backup == NULL)
        return sqlite3_extended_errcode (copy);
    int code;
    while ((code = sqlite3_backup_step (backup, COPY_PAGES)) == SQLITE_OK) {
        if (clock_steady () - told < TELL_MS)
            continue;
        told = clock_steady ();
        tell_copying (upgrade, backup);
    }
    sqlite3_backup_finish (backup);
    /* Read by anybody, with no file beside it. */
    if (code == SQLITE_DONE)
        code = sqlite3_exec (copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    return code;
}

static bool sync_file (struct journal *self, const char *path)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync (fd) == 0;
    if (!synced)
        journal_refuse_errno (self, "cannot make its copy durable");
    if (fd >= 0)
        close (fd);
    return synced;
}

/* Under another name until it is whole and on disk. */
static bool make_copy (struct journal *self, const char *path,
                       const struct journal_upgrade *upgrade)
{
    char part[PATH_BYTES + 8];
    sqlite3 *copy = NULL;
    bool good = false;
    snprintf (part, sizeof part, "%s.part", path);
    unlink (part);
    int fd = open (part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return journal_refuse_errno (self, "cannot make its copy");
    close (fd);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2 (part, &copy, flags, NULL);
    if (code == SQLITE_OK)
        code = copy_pages (self, copy, upgrade);
    sqlite3_close (copy);
    if (code != SQLITE_OK)
        journal_refuse_code (self, code, "copying it");
    else if (sync_file (self, part)) {
        /* Unlike a renaming this never takes the name from another file. */
        good = link (part, path) == 0 || journal_refuse_errno (self, "cannot name its copy");
    }
    unlink (part);
    return good && journal_sync_folder (self);
}

/* --- The steps ------------------------------------------------------------------------------ */

static bool run_steps (struct journal *self, int64_t format, const struct journal_upgrade *upgrade)
{
    char sql[64];
    enum journal_result result = journal_begin (self);
    for (int64_t at = format; at < JOURNAL_FORMAT && result == JOURNAL_OK; at++)
        result = upgrade->steps[at - 1].run (self);
    if (result == JOURNAL_OK) {
        snprintf (sql, sizeof sql, "PRAGMA user_version = %d", JOURNAL_FORMAT);
        int code = sqlite3_exec (self->db, sql, NULL, NULL, NULL);
        result = code == SQLITE_OK ? JOURNAL_OK : journal_failed (self, code, "migrating it");
    }
    if (result == JOURNAL_OK)
        result = journal_commit (self);
    else
        journal_rollback (self);
    if (result == JOURNAL_FULL)
        return journal_refuse (self, "cannot be migrated: the disk is full; nothing was changed");
    if (result != JOURNAL_OK)
        return false;
    /* So that its header, too, says what it is. On a full disk the write-ahead log says it. */
    int code = sqlite3_wal_checkpoint_v2 (self->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return code == SQLITE_OK || (code & 0xff) == SQLITE_FULL ||
           journal_refuse_code (self, code, "migrating it");
}

bool journal_raise (struct journal *self, int64_t format, const struct journal_upgrade *upgrade)
{
    char path[PATH_BYTES], text[PATH_BYTES + 160];
    bool made = false;
    if (!copy_name (self, format, path, &made))
        return false;
    if (!made && (!has_room (self, format) || !make_copy (self, path, upgrade)))
        return false;
    snprintf (text, sizeof text, "%s has format %lld: its copy is %s", self->path,
              (long long) format, path);
    upgrade->tell (text);
    if (!run_steps (self, format, upgrade))
        return false;
    snprintf (text, sizeof text,
              "%s was migrated from format %lld to %d; to go back, stop, restore %s in its place "
              "and start the older certbusd",
              self->path, (long long) format, JOURNAL_FORMAT, path);
    upgrade->tell (text);
    return true;
}
