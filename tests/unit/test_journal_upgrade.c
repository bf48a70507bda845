/* SPDX-License-Identifier: Apache-2.0 */
/* A journal of an older format. */
#include "tests/unit/support_journal.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char told[4096];
static bool dies;

static void tell (const char *text)
{
    size_t used = strlen (told);
    snprintf (told + used, sizeof told - used, "%s\n", text);
}

static enum journal_result mark (struct journal *journal)
{
    enum journal_result result = journal_put (journal, span_of ("m"), span_of ("migrated"));
    if (dies)
        raise (SIGKILL);
    return result;
}

/* The last step of all finds what those before it have done. */
static enum journal_result last (struct journal *journal)
{
    struct span value;
    return journal_get (journal, span_of ("m"), &value);
}

static enum journal_result no_space (struct journal *journal)
{
    (void) mark (journal);
    journal_rollback (journal);
    return JOURNAL_FULL;
}

static const struct journal_upgrade upgrade = { { { mark }, { last } }, tell };

/* A closed journal of format 1 with a record in it. */
static void older (struct desk *desk)
{
    store_record (desk->journal, CB_LANE_ROUTINE, "kept");
    desk_tamper (desk, "PRAGMA user_version = 1");
    told[0] = '\0';
    dies = false;
}

static void raised (struct desk *desk)
{
    char why[512] = "";
    desk->journal = journal_open_upgrade (desk->path, &upgrade, why, sizeof why);
    if (!desk->journal)
        fail_msg ("%s", why);
    struct span value;
    assert_int_equal (journal_get (desk->journal, span_of ("m"), &value), JOURNAL_OK);
    assert_true (span_is (value, "migrated"));
    expect_sound (desk->journal);
}

static int64_t number (const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *row;
    assert_int_equal (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal (sqlite3_prepare_v2 (db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal (sqlite3_step (row), SQLITE_ROW);
    int64_t value = sqlite3_column_int64 (row, 0);
    sqlite3_finalize (row);
    assert_int_equal (sqlite3_close (db), SQLITE_OK);
    return value;
}

static bool there (struct desk *desk, const char *name)
{
    return access (desk_file (desk, name), F_OK) == 0;
}

static void an_older_journal_is_copied_before_it_is_migrated (void **state)
{
    struct desk *desk = *state;
    older (desk);
    raised (desk);
    assert_non_null (strstr (told, "its copy is"));
    assert_non_null (strstr (told, "was migrated from format 1 to 3"));
    char copy[512];
    snprintf (copy, sizeof copy, "%s", desk_file (desk, "journal.db.format-1"));
    assert_int_equal (number (copy, "PRAGMA user_version"), 1);
    assert_int_equal (number (copy, "SELECT count (*) FROM log_routine"), 1);
    assert_int_equal (number (copy, "SELECT count (*) FROM kv"), 0);
    assert_false (there (desk, "journal.db.format-1.part"));
    struct stat st;
    assert_int_equal (stat (copy, &st), 0);
    assert_int_equal (st.st_mode & 07777, 0600);
    /* From now on it opens like any other, with nothing to do. */
    told[0] = '\0';
    desk_reopen (desk);
    assert_int_equal (store_record (desk->journal, CB_LANE_ROUTINE, "later"), 2);
    desk_close (desk);
    raised (desk);
    assert_string_equal (told, "");
    assert_false (there (desk, "journal.db.format-1.2"));
}

static void without_somebody_who_knows_its_tables_it_stays_closed (void **state)
{
    struct desk *desk = *state;
    older (desk);
    desk_refused (desk->path, "has format 1, and this program's is 3");
    assert_int_equal (number (desk->path, "PRAGMA user_version"), 1);
    int64_t format;
    char why[512];
    assert_true (journal_peek (desk->path, &format, why, sizeof why));
    assert_int_equal (format, 1);
}

static void open_and_die (struct journal *journal, int out)
{
    /* That one is another, in the same folder. */
    (void) journal;
    (void) out;
    char why[512];
    dies = true;
    (void) journal_open_upgrade ("journal.db", &upgrade, why, sizeof why);
    _exit (1);
}

static void killed_in_the_middle_it_begins_again_with_the_same_copy (void **state)
{
    struct desk *desk = *state;
    char path[512], spare[512];
    older (desk);
    snprintf (path, sizeof path, "%s", desk->path);
    snprintf (spare, sizeof spare, "%s", desk_file (desk, "spare.db"));
    memcpy (desk->path, spare, sizeof spare);
    assert_int_equal (chdir (desk->folder), 0);
    pid_t child = start_process (desk, open_and_die, -1);
    assert_int_equal (end_of_process (child), SIGKILL);
    assert_int_equal (chdir ("/"), 0);
    memcpy (desk->path, path, sizeof path);
    assert_int_equal (number (desk->path, "PRAGMA user_version"), 1);
    assert_true (there (desk, "journal.db.format-1"));
    raised (desk);
    assert_false (there (desk, "journal.db.format-1.2"));
    assert_int_equal (number (desk_file (desk, "journal.db.format-1"), "PRAGMA user_version"), 1);
}

static void a_copy_of_something_else_is_not_written_over (void **state)
{
    struct desk *desk = *state;
    older (desk);
    copy_file (desk->path, desk_file (desk, "journal.db.format-1"));
    desk_tamper (desk, "PRAGMA user_version = 3");
    desk_reopen (desk); /* another run, and more in it */
    older (desk);
    struct stat before, after;
    assert_int_equal (stat (desk_file (desk, "journal.db.format-1"), &before), 0);
    raised (desk);
    assert_int_equal (stat (desk_file (desk, "journal.db.format-1"), &after), 0);
    assert_true (before.st_ino == after.st_ino && before.st_mtime == after.st_mtime);
    const char *second = desk_file (desk, "journal.db.format-1.2");
    assert_int_equal (number (second, "SELECT count (*) FROM log_routine"), 2);
}

static void a_step_that_fails_changes_nothing (void **state)
{
    struct desk *desk = *state;
    struct journal_upgrade full = { { { no_space }, { last } }, tell };
    char why[512] = "";
    older (desk);
    assert_null (journal_open_upgrade (desk->path, &full, why, sizeof why));
    assert_non_null (strstr (why, "the disk is full; nothing was changed"));
    assert_int_equal (number (desk->path, "PRAGMA user_version"), 1);
    assert_int_equal (number (desk->path, "SELECT count (*) FROM kv"), 0);
    raised (desk);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, desk_setup, desk_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (an_older_journal_is_copied_before_it_is_migrated),
        TEST (without_somebody_who_knows_its_tables_it_stays_closed),
        TEST (killed_in_the_middle_it_begins_again_with_the_same_copy),
        TEST (a_copy_of_something_else_is_not_written_over),
        TEST (a_step_that_fails_changes_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
