/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged records, failing writes, full disks. */
#include "tests/unit/support_journal.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

/* --- Damage --------------------------------------------------------------------------------- */

static void expect_bad (struct desk *desk, const char *sql, int64_t position)
{
    int64_t bad = 0;
    desk_tamper (desk, sql);
    desk_reopen (desk);
    assert_int_equal (journal_check (desk->journal, 0, &bad), JOURNAL_END);
    assert_int_equal (bad, position);
    assert_int_equal (journal_check (desk->journal, 6, &bad), JOURNAL_END);
    assert_int_equal (bad, position);
    assert_int_equal (journal_check (desk->journal, 2, &bad), JOURNAL_OK);
}

static void a_record_that_was_tampered_with_is_found (void **state)
{
    struct desk *desk = *state;
    for (unsigned i = 0; i < 10; i++)
        store_record (desk->journal, i % CB_LANE_END, "text");
    expect_bad (desk, "UPDATE log_flash SET reason = 20 WHERE position = 5", 5);
    expect_bad (desk,
                "UPDATE log_flash SET reason = 0 WHERE position = 5;"
                "UPDATE log_bulk SET leaf = randomblob (32) WHERE position = 7",
                7);
    expect_bad (desk, "UPDATE log_routine SET chain = randomblob (32) WHERE position = 6", 6);
    expect_bad (desk, "DELETE FROM log_flash WHERE position = 5", 5);
    expect_bad (desk,
                "INSERT INTO log_bulk SELECT 5, reason, policy, taken, via, leaf, chain,"
                " envelope FROM log_bulk WHERE position = 3",
                5);
}

/* The chain has the hash of a message, not the message. */
static void a_text_that_was_tampered_with_is_found_by_reading_it (void **state)
{
    struct desk *desk = *state;
    char why[256];
    int64_t bad;
    struct journal_part part = { .after = 2, .until = 9 };
    for (unsigned i = 0; i < 10; i++)
        store_record (desk->journal, i % CB_LANE_END, "text");
    assert_null (journal_open_look (desk->path, why, sizeof why));
    assert_non_null (strstr (why, "is in use"));
    assert_int_equal (journal_check_part (desk->journal, &part), JOURNAL_OK);
    assert_int_equal (part.blank, 0);
    desk_tamper (desk, "UPDATE log_bulk SET envelope = x'00' WHERE position = 7;"
                       "UPDATE log_routine SET envelope = x'' WHERE position = 6");
    struct journal *journal = journal_open_look (desk->path, why, sizeof why);
    assert_non_null (journal);
    assert_int_equal (journal_head (journal), 10);
    assert_int_equal (journal_check (journal, 0, &bad), JOURNAL_OK);
    assert_int_equal (journal_check_part (journal, &part), JOURNAL_END);
    assert_int_equal (part.bad, 7);
    assert_int_equal (part.blank, 1);
    part.after = 7;
    assert_int_equal (journal_check_part (journal, &part), JOURNAL_OK);
    assert_int_equal (journal_begin (journal), JOURNAL_BROKEN); /* it is only looked at */
    journal_close (&journal);
    assert_null (journal_open_look ("nowhere", why, sizeof why));
    desk_reopen (desk);
}

static void an_epoch_that_was_tampered_with_is_found (void **state)
{
    struct desk *desk = *state;
    for (int i = 0; i < 10; i++) {
        if (i == 5)
            desk_reopen (desk);
        store_record (desk->journal, CB_LANE_BULK, "text");
    }
    expect_bad (desk, "UPDATE epochs SET start = 6 WHERE ordinal = 2", 6);
    int64_t bad = 0;
    desk_tamper (desk, "UPDATE epochs SET counter = 3, start = 5 WHERE ordinal = 2");
    desk_reopen (desk);
    assert_int_equal (journal_check (desk->journal, 0, &bad), JOURNAL_END);
    assert_int_equal (bad, 6);
    assert_int_equal (journal_check (desk->journal, 2, &bad), JOURNAL_END);
    assert_int_equal (bad, 9);
    desk_tamper (desk, "DELETE FROM epochs WHERE ordinal < 3");
    desk_reopen (desk);
    assert_int_equal (journal_check (desk->journal, 0, &bad), JOURNAL_END);
    assert_int_equal (bad, 1);
    desk_tamper (desk, "DELETE FROM epochs");
    desk_refused (desk->path, "is damaged");
}

static void a_record_at_another_position_is_found (void **state)
{
    struct desk *desk = *state;
    int64_t bad = 0;
    for (unsigned i = 0; i < 10; i++)
        store_record (desk->journal, CB_LANE_BULK, "text");
    desk_tamper (desk, "UPDATE log_bulk SET position = 12 WHERE position = 10");
    desk_reopen (desk);
    assert_int_equal (journal_check (desk->journal, 0, &bad), JOURNAL_END);
    assert_int_equal (bad, 10);
    assert_int_equal (journal_check (desk->journal, 1, &bad), JOURNAL_END);
    assert_int_equal (bad, 11);
}

static void a_record_without_a_hash_breaks_the_journal (void **state)
{
    struct desk *desk = *state;
    struct record record;
    struct hash chain;
    struct span value;
    int64_t bad;
    store_record (desk->journal, CB_LANE_FLASH, "one");
    store_record (desk->journal, CB_LANE_FLASH, "two");
    desk_tamper (desk, "UPDATE log_flash SET leaf = x'00' WHERE position = 1");
    desk_reopen (desk);
    assert_int_equal (journal_at (desk->journal, 2, &record), JOURNAL_OK);
    assert_int_equal (journal_at (desk->journal, 1, &record), JOURNAL_BROKEN);
    assert_non_null (strstr (journal_error (desk->journal), "is damaged"));
    assert_int_equal (journal_at (desk->journal, 2, &record), JOURNAL_BROKEN);
    assert_int_equal (journal_chain_at (desk->journal, 0, &chain), JOURNAL_BROKEN);
    assert_int_equal (journal_get (desk->journal, span_of ("k"), &value), JOURNAL_BROKEN);
    assert_int_equal (journal_check (desk->journal, 0, &bad), JOURNAL_BROKEN);
    assert_int_equal (journal_begin (desk->journal), JOURNAL_BROKEN);
}

static void a_journal_whose_end_is_missing_is_refused (void **state)
{
    struct desk *desk = *state;
    for (int i = 0; i < 3; i++)
        store_record (desk->journal, CB_LANE_FLASH, "text");
    desk_reopen (desk);
    desk_tamper (desk, "DELETE FROM log_flash WHERE position = 3");
    desk_refused (desk->path, "is damaged: records are missing at its end");
    desk_tamper (desk, "DROP TABLE log_flash");
    desk_refused (desk->path, "journal.db");
}

/* A limit on the size of files fails writes as no full disk does. */
static void fail_to_write (struct journal *journal, int out)
{
    struct rlimit limit;
    enum journal_result result = JOURNAL_OK;
    struct record record = record_of (CB_LANE_FLASH, "text"), found;
    (void) out;
    signal (SIGXFSZ, SIG_IGN);
    store_record (journal, CB_LANE_FLASH, "kept");
    getrlimit (RLIMIT_FSIZE, &limit);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 65536;
    setrlimit (RLIMIT_FSIZE, &limit);
    while (result == JOURNAL_OK) {
        begin_batch (journal);
        add_record (journal, CB_LANE_FLASH, "text");
        result = journal_commit (journal);
    }
    limit.rlim_cur = before;
    setrlimit (RLIMIT_FSIZE, &limit);
    bool sticky = result == JOURNAL_BROKEN && journal_begin (journal) == JOURNAL_BROKEN &&
                  journal_append (journal, &record) == JOURNAL_BROKEN &&
                  journal_at (journal, 1, &found) == JOURNAL_BROKEN &&
                  strstr (journal_error (journal), "disk I/O error") != NULL;
    journal_rollback (journal);
    journal_close (&journal);
    _exit (sticky ? 0 : 1);
}

static void a_failed_write_is_final_until_it_is_opened_again (void **state)
{
    struct desk *desk = *state;
    assert_int_equal (end_of_process (start_process (desk, fail_to_write, -1)), 0);
    desk_reopen (desk);
    assert_true (journal_head (desk->journal) > 1);
    store_record (desk->journal, CB_LANE_FLASH, "works");
    expect_sound (desk->journal);
}

/* --- A full disk ---------------------------------------------------------------------------- */

/* A file system of that size in the desk's folder, which this process alone sees. */
static void small_disk (struct desk *desk, const char *size)
{
    char options[64];
    desk_close (desk);
    snprintf (options, sizeof options, "mode=0700,size=%s", size);
    if (geteuid () != 0 || unshare (CLONE_NEWNS) != 0 ||
        mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount ("tmpfs", desk->folder, "tmpfs", 0, options) != 0) {
        print_message ("skipped: this user may not mount a small file system\n");
        skip ();
    }
    desk_reopen (desk);
}

static int small_disk_teardown (void **state)
{
    struct desk *desk = *state;
    journal_close (&desk->journal);
    umount2 (desk->folder, MNT_DETACH);
    return desk_teardown (state);
}

static void fill (const char *path)
{
    char bytes[4096] = { 0 };
    int fd = open (path, O_WRONLY | O_CREAT, 0600);
    assert_true (fd >= 0);
    while (write (fd, bytes, sizeof bytes) > 0)
        continue;
    close (fd);
}

static void a_full_disk_loses_nothing_and_is_no_end (void **state)
{
    struct desk *desk = *state;
    small_disk (desk, "4m");
    struct journal *journal = desk->journal;
    struct span value;
    store_record (journal, CB_LANE_FLASH, "one");
    struct hash chain = journal_chain (journal);
    fill (desk_file (desk, "ballast"));

    begin_batch (journal);
    for (int i = 0; i < 2000; i++)
        add_record (journal, CB_LANE_FLASH,
                    "many of these do not fit into what is left of the WAL");
    assert_int_equal (journal_put (journal, span_of ("k"), span_of ("v")), JOURNAL_OK);
    assert_int_equal (journal_commit (journal), JOURNAL_FULL);
    assert_non_null (strstr (journal_error (journal), "full"));
    assert_int_equal (journal_head (journal), 1);
    assert_hash_equal (journal_chain (journal), chain);
    assert_int_equal (journal_get (journal, span_of ("k"), &value), JOURNAL_END);
    journal_rollback (journal);
    begin_batch (journal);
    assert_int_equal (journal_commit (journal), JOURNAL_OK);

    assert_int_equal (unlink (desk_file (desk, "ballast")), 0);
    assert_int_equal (store_record (journal, CB_LANE_FLASH, "two"), 2);
    desk_reopen (desk);
    assert_int_equal (journal_head (desk->journal), 2);
    expect_sound (desk->journal);
}

static void no_run_begins_on_a_full_disk (void **state)
{
    struct desk *desk = *state;
    small_disk (desk, "4m");
    store_record (desk->journal, CB_LANE_FLASH, "one");
    desk_close (desk);
    fill (desk_file (desk, "ballast"));
    desk_refused (desk->path, "journal.db cannot be opened: the disk is full");
    assert_int_equal (unlink (desk_file (desk, "ballast")), 0);
    desk_reopen (desk);
    assert_int_equal (journal_epoch (desk->journal).counter, 2);
    assert_int_equal (store_record (desk->journal, CB_LANE_FLASH, "two"), 2);
    expect_sound (desk->journal);
}

static void a_disk_that_is_full_before_the_commit_says_so_until_the_end (void **state)
{
    struct desk *desk = *state;
    small_disk (desk, "20m");
    struct journal *journal = desk->journal;
    struct journal_reader *reader = journal_reader_new (journal, CB_LANE_BULK, 0);
    enum journal_result result = JOURNAL_OK;
    static char text[200001];
    memset (text, 'x', sizeof text - 1);
    store_record (journal, CB_LANE_BULK, "one");
    for (int round = 0; round < 2; round++) {
        begin_batch (journal);
        struct record record = record_of (CB_LANE_BULK, text);
        for (int i = 0; i < 200 && result == JOURNAL_OK; i++)
            result = journal_append (journal, &record);
        assert_int_equal (result, JOURNAL_FULL);
        assert_int_equal (journal_head (journal), 1);
        assert_int_equal (journal_append (journal, &record), JOURNAL_FULL);
        assert_int_equal (journal_put (journal, span_of ("k"), span_of ("v")), JOURNAL_FULL);
        if (round == 0)
            assert_int_equal (journal_commit (journal), JOURNAL_FULL);
        else
            journal_rollback (journal);
        result = JOURNAL_OK;
    }
    store_record (journal, CB_LANE_BULK, "two");
    expect_next (reader, 1, "one");
    expect_next (reader, 2, "two");
    journal_reader_free (&reader);
    expect_sound (journal);
}

static void a_new_journal_on_a_full_disk_is_refused (void **state)
{
    struct desk *desk = *state;
    small_disk (desk, "1m");
    fill (desk_file (desk, "ballast"));
    desk_refused (desk_file (desk, "new.db"), "cannot be opened: the disk is full");
    assert_int_equal (unlink (desk_file (desk, "ballast")), 0);
    snprintf (desk->path, sizeof desk->path, "%s/new.db", desk->folder);
    desk_reopen (desk);
    store_record (desk->journal, CB_LANE_FLASH, "text");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, desk_setup, desk_teardown)
#define TEST_SMALL_DISK(name)                                                                      \
    cmocka_unit_test_setup_teardown (name, desk_setup, small_disk_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_record_that_was_tampered_with_is_found),
        TEST (a_text_that_was_tampered_with_is_found_by_reading_it),
        TEST (an_epoch_that_was_tampered_with_is_found),
        TEST (a_record_at_another_position_is_found),
        TEST (a_record_without_a_hash_breaks_the_journal),
        TEST (a_journal_whose_end_is_missing_is_refused),
        TEST (a_failed_write_is_final_until_it_is_opened_again),
        TEST_SMALL_DISK (a_full_disk_loses_nothing_and_is_no_end),
        TEST_SMALL_DISK (no_run_begins_on_a_full_disk),
        TEST_SMALL_DISK (a_disk_that_is_full_before_the_commit_says_so_until_the_end),
        TEST_SMALL_DISK (a_new_journal_on_a_full_disk_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
