/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_journal.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void desk_close (struct desk *desk)
{
    journal_close (&desk->journal);
    assert_null (desk->journal);
}

void desk_reopen (struct desk *desk)
{
    char why[512] = "";
    journal_close (&desk->journal);
    desk->journal = journal_open (desk->path, why, sizeof why);
    if (!desk->journal)
        fail_msg ("%s", why);
}

int desk_setup (void **state)
{
    const char *parent = getenv ("TMPDIR");
    struct desk *desk = calloc (1, sizeof *desk);
    assert_true (desk && sodium_init () >= 0);
    snprintf (desk->folder, sizeof desk->folder, "%s/certbus-XXXXXX", parent ? parent : P_tmpdir);
    assert_non_null (mkdtemp (desk->folder));
    snprintf (desk->path, sizeof desk->path, "%s/journal.db", desk->folder);
    desk_reopen (desk);
    *state = desk;
    return 0;
}

static int remove_one (const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;
    return remove (path);
}

int desk_teardown (void **state)
{
    struct desk *desk = *state;
    journal_close (&desk->journal);
    int result = nftw (desk->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free (desk);
    return result;
}

void desk_refused (const char *path, const char *says)
{
    char why[512] = "";
    struct journal *journal = journal_open (path, why, sizeof why);
    assert_null (journal);
    if (!strstr (why, says))
        fail_msg ("it says \"%s\" and not \"%s\"", why, says);
}

const char *desk_file (struct desk *desk, const char *name)
{
    static char path[1024];
    snprintf (path, sizeof path, "%s/%s", desk->folder, name);
    return path;
}

void copy_file (const char *from, const char *to)
{
    uint8_t bytes[4096];
    int in = open (from, O_RDONLY), out = open (to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true (in >= 0 && out >= 0);
    ssize_t size;
    while ((size = read (in, bytes, sizeof bytes)) > 0)
        assert_int_equal (write (out, bytes, (size_t) size), size);
    close (in);
    close (out);
}

void desk_tamper (struct desk *desk, const char *sql)
{
    sqlite3 *db;
    desk_close (desk);
    assert_int_equal (sqlite3_open (desk->path, &db), SQLITE_OK);
    assert_int_equal (sqlite3_exec (db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal (sqlite3_close (db), SQLITE_OK);
}

struct record record_of (unsigned lane, const char *text)
{
    struct span envelope = span_of (text);
    return (struct record){ .lane = lane,
                            .policy = 7,
                            .taken = INT64_C (1700000000000),
                            .from = span_of ("pk.sindh"),
                            .leaf = hash_leaf (envelope),
                            .envelope = envelope };
}

int64_t add_record (struct journal *journal, unsigned lane, const char *text)
{
    struct record record = record_of (lane, text);
    assert_int_equal (journal_append (journal, &record), JOURNAL_OK);
    assert_int_equal (record.position, journal_head (journal));
    assert_hash_equal (record.chain, journal_chain (journal));
    return record.position;
}

int64_t store_record (struct journal *journal, unsigned lane, const char *text)
{
    assert_int_equal (journal_begin (journal), JOURNAL_OK);
    int64_t position = add_record (journal, lane, text);
    assert_int_equal (journal_commit (journal), JOURNAL_OK);
    return position;
}

void expect_next (struct journal_reader *reader, int64_t position, const char *text)
{
    struct record record;
    assert_int_equal (journal_next (reader, &record), JOURNAL_OK);
    assert_int_equal (record.position, position);
    assert_true (span_is (record.envelope, text));
}

void expect_end (struct journal_reader *reader)
{
    struct record record;
    assert_int_equal (journal_next (reader, &record), JOURNAL_END);
}

void assert_hash_equal (struct hash a, struct hash b)
{
    assert_memory_equal (a.bytes, b.bytes, HASH_SIZE);
}

void begin_batch (struct journal *journal)
{
    assert_int_equal (journal_begin (journal), JOURNAL_OK);
}

void commit_batch (struct journal *journal)
{
    assert_int_equal (journal_commit (journal), JOURNAL_OK);
}

void expect_sound (struct journal *journal)
{
    int64_t bad;
    assert_int_equal (journal_check (journal, 0, &bad), JOURNAL_OK);
}

void six_records (struct journal *journal)
{
    static const unsigned lanes[] = { CB_LANE_ROUTINE, CB_LANE_FLASH,   JOURNAL_QUARANTINE,
                                      CB_LANE_BULK,    CB_LANE_ROUTINE, CB_LANE_FLASH };
    static const char *const texts[] = { "one", "two", "three", "four", "five", "six" };
    begin_batch (journal);
    for (size_t i = 0; i < 6; i++)
        add_record (journal, lanes[i], texts[i]);
    commit_batch (journal);
}

pid_t start_process (struct desk *desk, void (*run) (struct journal *journal, int out), int out)
{
    desk_close (desk);
    pid_t child = fork ();
    assert_true (child >= 0);
    if (child > 0)
        return child;
    /* So that none is left behind by a test that failed. */
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    char why[512];
    struct journal *journal = journal_open (desk->path, why, sizeof why);
    if (!journal)
        _exit (99);
    run (journal, out);
    journal_close (&journal);
    _exit (0);
}

int end_of_process (pid_t child)
{
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    return WIFSIGNALED (status) ? WTERMSIG (status) : -WEXITSTATUS (status);
}
