/* SPDX-License-Identifier: Apache-2.0 */
/* The file: opened again, killed, copied, locked, of another format. */
#include "tests/unit/support_journal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- Opened again, killed ------------------------------------------------------------------- */

static void what_was_committed_is_there_when_it_is_opened_again (void **state)
{
    struct desk *desk = *state;
    store_record (desk->journal, CB_LANE_BULK, "bulk");
    store_record (desk->journal, JOURNAL_QUARANTINE, "refused");
    store_record (desk->journal, CB_LANE_FLASH, "flash");
    struct hash chain = journal_chain (desk->journal);
    begin_batch (desk->journal);
    add_record (desk->journal, CB_LANE_FLASH, "never committed");
    desk_reopen (desk);
    assert_int_equal (journal_head (desk->journal), 3);
    assert_hash_equal (journal_chain (desk->journal), chain);
    assert_int_equal (store_record (desk->journal, CB_LANE_ROUTINE, "next"), 4);
    expect_sound (desk->journal);
}

static void its_files_are_for_its_owner_only (void **state)
{
    struct desk *desk = *state;
    struct stat st;
    store_record (desk->journal, CB_LANE_BULK, "text");
    static const char *const names[] = { "journal.db", "journal.db-wal" };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal (stat (desk_file (desk, names[i]), &st), 0);
        assert_int_equal (st.st_mode & 07777, 0600);
    }
}

static void die_after_a_commit (struct journal *journal, int out)
{
    (void) out;
    store_record (journal, CB_LANE_ROUTINE, "committed");
    kill (getpid (), SIGKILL);
}

static void die_in_a_transaction (struct journal *journal, int out)
{
    (void) out;
    store_record (journal, CB_LANE_ROUTINE, "committed");
    begin_batch (journal);
    /* More than the cache holds, so that some of it is in the WAL already. */
    char *text = malloc (200001);
    memset (text, 'x', 200000);
    text[200000] = '\0';
    for (int i = 0; i < 120; i++)
        add_record (journal, CB_LANE_ROUTINE, text);
    kill (getpid (), SIGKILL);
}

static void a_process_killed_after_a_commit_finds_it (void **state)
{
    struct desk *desk = *state;
    assert_int_equal (end_of_process (start_process (desk, die_after_a_commit, -1)), SIGKILL);
    desk_reopen (desk);
    assert_int_equal (journal_head (desk->journal), 1);
    expect_sound (desk->journal);
}

static void die_before_the_first_append (struct journal *journal, int out)
{
    struct epoch epoch = journal_epoch (journal);
    if (write (out, &epoch, sizeof epoch) == sizeof epoch)
        kill (getpid (), SIGKILL);
}

static void a_process_killed_before_its_first_append_had_an_epoch (void **state)
{
    struct desk *desk = *state;
    struct epoch_end epochs[LINK_EPOCHS];
    struct epoch died;
    int ends[2];
    store_record (desk->journal, CB_LANE_FLASH, "one");
    assert_int_equal (pipe (ends), 0);
    pid_t child = start_process (desk, die_before_the_first_append, ends[1]);
    assert_int_equal (end_of_process (child), SIGKILL);
    assert_int_equal (read (ends[0], &died, sizeof died), sizeof died);
    close (ends[0]);
    close (ends[1]);
    desk_reopen (desk);
    assert_int_equal (store_record (desk->journal, CB_LANE_FLASH, "two"), 2);
    assert_int_equal (journal_epochs (desk->journal, epochs), 3);
    assert_true (epoch_equal (epochs[1].epoch, died) && epochs[1].end == 1);
    assert_true (epochs[2].epoch.counter == 3 && epochs[2].end == 2);
    expect_sound (desk->journal);
}

static void a_process_killed_in_a_transaction_finds_nothing_of_it (void **state)
{
    struct desk *desk = *state;
    assert_int_equal (end_of_process (start_process (desk, die_in_a_transaction, -1)), SIGKILL);
    desk_reopen (desk);
    assert_int_equal (journal_head (desk->journal), 1);
    assert_int_equal (store_record (desk->journal, CB_LANE_ROUTINE, "next"), 2);
    expect_sound (desk->journal);
}

/* The head in a table, in the transaction of the records, and said only after the commit. */
static void commit_and_say_so (struct journal *journal, int out)
{
    for (;;) {
        begin_batch (journal);
        for (unsigned i = 0; i < 40; i++)
            add_record (journal, i % CB_LANE_END, "some text that is not so very short");
        int64_t head = journal_head (journal);
        struct span value = span_bytes (&head, sizeof head);
        if (journal_put (journal, span_of ("head"), value) != JOURNAL_OK)
            _exit (1);
        commit_batch (journal);
        if (write (out, &head, sizeof head) != sizeof head)
            _exit (2);
    }
}

static void a_process_killed_at_any_moment_finds_whole_transactions (void **state)
{
    struct desk *desk = *state;
    for (int round = 0; round < 8; round++) {
        int ends[2];
        int64_t said = 0, head;
        assert_int_equal (pipe (ends), 0);
        pid_t child = start_process (desk, commit_and_say_so, ends[1]);
        close (ends[1]);
        for (int i = 0; i < 20 + 37 * round; i++)
            assert_int_equal (read (ends[0], &said, sizeof said), sizeof said);
        kill (child, SIGKILL);
        while (read (ends[0], &head, sizeof head) == sizeof head)
            said = head;
        close (ends[0]);
        assert_int_equal (end_of_process (child), SIGKILL);

        desk_reopen (desk);
        struct span value;
        assert_int_equal (journal_get (desk->journal, span_of ("head"), &value), JOURNAL_OK);
        memcpy (&head, value.data, sizeof head);
        assert_int_equal (journal_head (desk->journal), head);
        assert_true (head >= said && head <= said + 40);
        expect_sound (desk->journal);
    }
}

/* --- Copies --------------------------------------------------------------------------------- */

static void a_copy_and_its_original_never_share_an_epoch (void **state)
{
    struct desk *desk = *state;
    struct epoch_end ours[LINK_EPOCHS], theirs[LINK_EPOCHS];
    char path[1024], why[512];
    store_record (desk->journal, CB_LANE_FLASH, "one");
    store_record (desk->journal, CB_LANE_FLASH, "two");
    struct epoch common = journal_epoch (desk->journal);
    desk_close (desk);
    snprintf (path, sizeof path, "%s", desk_file (desk, "copy.db"));
    copy_file (desk->path, path);
    desk_reopen (desk);
    struct journal *copy = journal_open (path, why, sizeof why);
    assert_non_null (copy);
    store_record (desk->journal, CB_LANE_FLASH, "three");
    store_record (copy, CB_LANE_FLASH, "another three");

    assert_int_equal (journal_epochs (desk->journal, ours), 2);
    assert_int_equal (journal_epochs (copy, theirs), 2);
    assert_true (epoch_equal (ours[0].epoch, common) && ours[0].end == 2);
    assert_true (epoch_equal (theirs[0].epoch, common) && theirs[0].end == 2);
    assert_false (epoch_equal (ours[1].epoch, theirs[1].epoch));
    expect_sound (copy);
    journal_close (&copy);
    expect_sound (desk->journal);
}

static void a_journal_put_back_to_an_older_state_is_in_an_epoch_that_never_was (void **state)
{
    struct desk *desk = *state;
    struct epoch_end epochs[LINK_EPOCHS];
    char backup[1024];
    store_record (desk->journal, CB_LANE_FLASH, "one");
    desk_close (desk);
    snprintf (backup, sizeof backup, "%s", desk_file (desk, "backup.db"));
    copy_file (desk->path, backup);
    desk_reopen (desk);
    struct epoch lost = journal_epoch (desk->journal);
    store_record (desk->journal, CB_LANE_FLASH, "lost");
    desk_close (desk);
    /* The same file with its old content, as after a rollback of the whole disk. */
    copy_file (backup, desk->path);
    desk_reopen (desk);
    assert_int_equal (journal_epochs (desk->journal, epochs), 2);
    assert_true (epochs[0].end == 1 && epochs[1].end == 1);
    assert_int_equal (epochs[1].epoch.counter, lost.counter);
    assert_true (epochs[1].epoch.nonce != lost.nonce);
}

static void a_snapshot_of_a_journal_in_use_does_not_go_on_in_its_epoch (void **state)
{
    struct desk *desk = *state;
    struct epoch_end epochs[LINK_EPOCHS];
    char path[1024], wal[1024], why[512];
    snprintf (path, sizeof path, "%s", desk_file (desk, "copy.db"));
    snprintf (wal, sizeof wal, "%s", desk_file (desk, "copy.db-wal"));
    store_record (desk->journal, CB_LANE_FLASH, "one");
    copy_file (desk->path, path);
    copy_file (desk_file (desk, "journal.db-wal"), wal);
    store_record (desk->journal, CB_LANE_FLASH, "two");
    struct journal *copy = journal_open (path, why, sizeof why);
    assert_non_null (copy);
    store_record (copy, CB_LANE_FLASH, "another two");
    assert_int_equal (journal_epochs (copy, epochs), 2);
    assert_true (epoch_equal (epochs[0].epoch, journal_epoch (desk->journal)));
    assert_true (epochs[0].end == 1 && epochs[1].end == 2);
    expect_sound (copy);
    journal_close (&copy);
}

/* --- Refused -------------------------------------------------------------------------------- */

static void hold_until_told (struct journal *journal, int out)
{
    char byte = 0;
    (void) journal;
    if (write (out, "", 1) != 1 || read (out, &byte, 1) != 1)
        _exit (1);
    store_record (journal, CB_LANE_FLASH, "still the only one");
}

static void a_second_process_is_refused_by_name (void **state)
{
    struct desk *desk = *state;
    int ends[2];
    char byte;
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_t child = start_process (desk, hold_until_told, ends[1]);
    close (ends[1]);
    assert_int_equal (read (ends[0], &byte, 1), 1);
    desk_refused (desk->path, "journal.db is in use by another certbusd");
    assert_int_equal (write (ends[0], "", 1), 1);
    assert_int_equal (end_of_process (child), 0);
    close (ends[0]);
    desk_reopen (desk);
    assert_int_equal (journal_head (desk->journal), 1);
}

static void a_second_opening_in_one_process_is_refused_too (void **state)
{
    struct desk *desk = *state;
    desk_refused (desk->path, "journal.db is in use by another certbusd");
    store_record (desk->journal, CB_LANE_FLASH, "unharmed");
}

static void a_newer_format_is_refused_and_left_alone (void **state)
{
    struct desk *desk = *state;
    store_record (desk->journal, CB_LANE_FLASH, "text");
    desk_tamper (desk, "PRAGMA user_version = 4");
    desk_refused (desk->path, "format 4 is newer than this program (3): upgrade certbus, or "
                              "restore the copy made before the upgrade");
    desk_tamper (desk, "PRAGMA user_version = 0");
    desk_refused (desk->path, "is damaged: there is no format 0");
    desk_tamper (desk, "PRAGMA user_version = 3");
    desk_reopen (desk);
    assert_int_equal (journal_head (desk->journal), 1);
}

static void write_file (const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    assert_int_equal (fwrite (bytes, 1, size, file), size);
    fclose (file);
}

static void a_file_that_is_no_journal_is_refused_and_left_alone (void **state)
{
    struct desk *desk = *state;
    char text[9000];
    struct stat st;
    memset (text, 'x', sizeof text);
    desk_close (desk);
    static const size_t sizes[] = { 2, 100, sizeof text };
    for (size_t i = 0; i < 3; i++) {
        write_file (desk->path, text, sizes[i]);
        desk_refused (desk->path, "is not a journal of certbus: it is no database");
        assert_int_equal (stat (desk->path, &st), 0);
        assert_int_equal (st.st_size, sizes[i]);
    }
    assert_int_equal (unlink (desk->path), 0);
    desk_tamper (desk, "CREATE TABLE fruit (apple)");
    desk_refused (desk->path, "is not a journal of certbus: it is another program's database");
    assert_int_equal (unlink (desk->path), 0);
    assert_int_equal (mkdir (desk->path, 0700), 0);
    desk_refused (desk->path, "is not a file");
    desk_refused (desk_file (desk, "none/journal.db"), "No such file or directory");
}

static void an_empty_file_becomes_a_journal (void **state)
{
    struct desk *desk = *state;
    desk_close (desk);
    write_file (desk->path, "", 0);
    desk_reopen (desk);
    assert_int_equal (store_record (desk->journal, CB_LANE_FLASH, "text"), 1);
}

static void a_journal_without_permission_is_refused (void **state)
{
    struct desk *desk = *state;
    desk_close (desk);
    assert_int_equal (chmod (desk->path, 0), 0);
    assert_int_equal (chmod (desk->folder, 0755), 0);
    pid_t child = fork ();
    if (child == 0) {
        char why[512] = "";
        if (geteuid () == 0 && setuid (65534) != 0)
            _exit (1);
        struct journal *journal = journal_open (desk->path, why, sizeof why);
        _exit (!journal && strstr (why, "Permission denied") ? 0 : 2);
    }
    assert_int_equal (end_of_process (child), 0);
}

static void expect_peek (struct desk *desk, const char *sql, const char *says)
{
    char why[512] = "";
    if (sql)
        desk_tamper (desk, sql);
    int64_t format;
    bool good = journal_peek (desk->path, &format, why, sizeof why);
    if (good != (says == NULL) || (says && !strstr (why, says)))
        fail_msg ("it says \"%s\" and not \"%s\"", why, says ? says : "");
    if (says)
        desk_refused (desk->path, says);
}

static void a_look_at_the_header_says_what_opening_would (void **state)
{
    struct desk *desk = *state;
    char text[200];
    memset (text, 'x', sizeof text);
    desk_close (desk);
    expect_peek (desk, NULL, NULL);
    expect_peek (desk, "PRAGMA user_version = 4", "format 4 is newer than this program (3)");
    expect_peek (desk, "PRAGMA user_version = 0", "is damaged: there is no format 0");
    expect_peek (desk, "PRAGMA application_id = 7", "it is another program's database");
    expect_peek (desk, "PRAGMA application_id = 0", "it is another program's database");
    for (size_t size = 2; size <= sizeof text; size += 98) {
        write_file (desk->path, text, size);
        expect_peek (desk, NULL, "it is no database");
    }
    write_file (desk->path, "", 0);
    expect_peek (desk, NULL, NULL);
    assert_int_equal (unlink (desk->path), 0);
    expect_peek (desk, NULL, NULL);
    assert_int_equal (access (desk->path, F_OK), -1);
    assert_int_equal (mkdir (desk->path, 0700), 0);
    expect_peek (desk, NULL, "is not a file");
}

static void a_journal_in_use_may_be_looked_at (void **state)
{
    struct desk *desk = *state;
    int ends[2];
    char byte;
    desk_close (desk);
    /* A new one: all that there is of it is still in its write-ahead log. */
    assert_int_equal (unlink (desk->path), 0);
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_t child = start_process (desk, hold_until_told, ends[1]);
    close (ends[1]);
    assert_int_equal (read (ends[0], &byte, 1), 1);
    expect_peek (desk, NULL, NULL);
    desk_refused (desk->path, "journal.db is in use by another certbusd");
    assert_int_equal (write (ends[0], "", 1), 1);
    assert_int_equal (end_of_process (child), 0);
    close (ends[0]);
    desk_reopen (desk);
    assert_int_equal (journal_head (desk->journal), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, desk_setup, desk_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (what_was_committed_is_there_when_it_is_opened_again),
        TEST (its_files_are_for_its_owner_only),
        TEST (a_process_killed_after_a_commit_finds_it),
        TEST (a_process_killed_before_its_first_append_had_an_epoch),
        TEST (a_process_killed_in_a_transaction_finds_nothing_of_it),
        TEST (a_process_killed_at_any_moment_finds_whole_transactions),
        TEST (a_copy_and_its_original_never_share_an_epoch),
        TEST (a_journal_put_back_to_an_older_state_is_in_an_epoch_that_never_was),
        TEST (a_snapshot_of_a_journal_in_use_does_not_go_on_in_its_epoch),
        TEST (a_second_process_is_refused_by_name),
        TEST (a_second_opening_in_one_process_is_refused_too),
        TEST (a_newer_format_is_refused_and_left_alone),
        TEST (a_file_that_is_no_journal_is_refused_and_left_alone),
        TEST (an_empty_file_becomes_a_journal),
        TEST (a_journal_without_permission_is_refused),
        TEST (a_look_at_the_header_says_what_opening_would),
        TEST (a_journal_in_use_may_be_looked_at),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
