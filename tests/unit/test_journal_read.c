/* SPDX-License-Identifier: Apache-2.0 */
/* Readers, records by their positions, the chain. */
#include "tests/unit/support_journal.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ALL CB_LANE_RECOVERY

static const struct hash zero;

static struct journal *opened (void **state)
{
    return ((struct desk *) *state)->journal;
}

static void a_lane_is_read_in_order_without_the_others (void **state)
{
    six_records (opened (state));
    struct journal_reader *flash = journal_reader_new (opened (state), CB_LANE_FLASH, 0);
    struct journal_reader *routine = journal_reader_new (opened (state), CB_LANE_ROUTINE, 1);
    struct journal_reader *bulk = journal_reader_new (opened (state), CB_LANE_BULK, 0);
    expect_next (flash, 2, "two");
    expect_next (routine, 5, "five");
    expect_next (flash, 6, "six");
    expect_next (bulk, 4, "four");
    expect_end (flash);
    expect_end (routine);
    expect_end (bulk);
    journal_reader_free (&flash);
    journal_reader_free (&routine);
    journal_reader_free (&bulk);
}

static void all_lanes_are_read_in_journal_order_without_quarantine (void **state)
{
    six_records (opened (state));
    struct journal_reader *all = journal_reader_new (opened (state), ALL, 0);
    struct journal_reader *late = journal_reader_new (opened (state), ALL, 4);
    expect_next (all, 1, "one");
    expect_next (late, 5, "five");
    expect_next (all, 2, "two");
    expect_next (all, 4, "four");
    expect_next (late, 6, "six");
    expect_end (late);
    expect_next (all, 5, "five");
    expect_next (all, 6, "six");
    expect_end (all);
    expect_end (all);
    journal_reader_free (&all);
    journal_reader_free (&late);
}

static void readers_of_one_lane_do_not_disturb_each_other (void **state)
{
    struct journal *journal = opened (state);
    begin_batch (journal);
    for (int i = 1; i <= 50; i++)
        add_record (journal, CB_LANE_ROUTINE, "text");
    commit_batch (journal);
    struct journal_reader *readers[3];
    for (int r = 0; r < 3; r++)
        readers[r] = journal_reader_new (journal, r == 2 ? ALL : CB_LANE_ROUTINE, r);
    for (int i = 1; i <= 40; i++)
        for (int r = 0; r < 3; r++)
            expect_next (readers[r], i + r, "text");
    journal_reader_free (&readers[0]);
    expect_next (readers[1], 42, "text");
    expect_next (readers[2], 43, "text");
    journal_reader_free (&readers[1]);
    journal_reader_free (&readers[2]);
}

static void a_reader_at_the_end_sees_later_appends (void **state)
{
    struct journal *journal = opened (state);
    struct journal_reader *one = journal_reader_new (journal, CB_LANE_ROUTINE, 0);
    struct journal_reader *all = journal_reader_new (journal, ALL, 0);
    expect_end (one);
    expect_end (all);
    store_record (journal, CB_LANE_ROUTINE, "committed");
    expect_next (one, 1, "committed");
    expect_next (all, 1, "committed");
    expect_end (all);
    begin_batch (journal);
    expect_end (one);
    add_record (journal, CB_LANE_ROUTINE, "open");
    expect_next (one, 2, "open");
    expect_end (one);
    add_record (journal, CB_LANE_ROUTINE, "still open");
    commit_batch (journal);
    expect_next (one, 3, "still open");
    expect_next (all, 2, "open");
    journal_reader_free (&one);
    journal_reader_free (&all);
}

static void a_record_stays_until_its_readers_next_step (void **state)
{
    struct journal *journal = opened (state);
    six_records (journal);
    struct record kept, other, at;
    struct span value;
    struct journal_reader *reader = journal_reader_new (journal, ALL, 0);
    struct journal_reader *second = journal_reader_new (journal, ALL, 0);
    assert_int_equal (journal_next (reader, &kept), JOURNAL_OK);
    assert_int_equal (journal_at (journal, 6, &at), JOURNAL_OK);
    begin_batch (journal);
    for (int i = 0; i < 100; i++) {
        add_record (journal, CB_LANE_ROUTINE, "more");
        assert_int_equal (journal_next (second, &other), JOURNAL_OK);
    }
    assert_int_equal (journal_put (journal, span_of ("k"), kept.envelope), JOURNAL_OK);
    commit_batch (journal);
    assert_int_equal (journal_get (journal, span_of ("k"), &value), JOURNAL_OK);
    assert_true (span_is (kept.envelope, "one") && span_is (kept.from, "pk.sindh"));
    assert_true (span_is (at.envelope, "six") && span_is (value, "one"));
    journal_reader_free (&second);
    journal_reader_free (&reader);
}

static void a_reader_can_be_put_elsewhere (void **state)
{
    struct journal *journal = opened (state);
    six_records (journal);
    struct journal_reader *reader = journal_reader_new (journal, ALL, 0);
    expect_next (reader, 1, "one");
    journal_reader_seek (reader, 4);
    expect_next (reader, 5, "five");
    journal_reader_seek (reader, 0);
    expect_next (reader, 1, "one");
    journal_reader_seek (reader, INT64_MAX);
    expect_end (reader);
    journal_reader_seek (reader, -5);
    expect_next (reader, 1, "one");
    journal_reader_free (&reader);
}

static void a_reader_of_what_was_undone_goes_back_to_the_head (void **state)
{
    struct journal *journal = opened (state);
    store_record (journal, CB_LANE_ROUTINE, "kept");
    struct journal_reader *reader = journal_reader_new (journal, CB_LANE_ROUTINE, 0);
    struct journal_reader *ahead = journal_reader_new (journal, CB_LANE_ROUTINE, 3);
    begin_batch (journal);
    add_record (journal, CB_LANE_ROUTINE, "undone");
    add_record (journal, CB_LANE_ROUTINE, "undone");
    expect_next (reader, 1, "kept");
    expect_next (reader, 2, "undone");
    expect_next (reader, 3, "undone");
    journal_rollback (journal);
    expect_end (reader);
    store_record (journal, CB_LANE_ROUTINE, "new");
    expect_next (reader, 2, "new");
    expect_end (ahead);
    journal_reader_free (&reader);
    journal_reader_free (&ahead);
}

static void a_reader_left_in_the_middle_does_not_hold_up_checkpoints (void **state)
{
    struct desk *desk = *state;
    struct journal *journal = desk->journal;
    char text[4001], wal[600];
    struct stat st;
    memset (text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    store_record (journal, CB_LANE_ROUTINE, text);
    store_record (journal, CB_LANE_ROUTINE, text);
    struct journal_reader *reader = journal_reader_new (journal, CB_LANE_ROUTINE, 0);
    expect_next (reader, 1, text);
    for (int i = 0; i < 200; i++) {
        begin_batch (journal);
        for (int j = 0; j < 20; j++)
            add_record (journal, CB_LANE_ROUTINE, text);
        commit_batch (journal);
        expect_next (reader, i + 2, text);
    }
    snprintf (wal, sizeof wal, "%s-wal", desk->path);
    assert_int_equal (stat (wal, &st), 0);
    assert_in_range (st.st_size, 1, 1200 * 4200);
    journal_reader_free (&reader);
}

static void a_record_is_found_by_its_position_in_any_lane (void **state)
{
    struct journal *journal = opened (state);
    struct record record;
    struct hash chain;
    six_records (journal);
    assert_int_equal (journal_at (journal, 3, &record), JOURNAL_OK);
    assert_int_equal (record.lane, JOURNAL_QUARANTINE);
    assert_true (span_is (record.envelope, "three"));
    assert_int_equal (journal_at (journal, 4, &record), JOURNAL_OK);
    assert_int_equal (record.lane, CB_LANE_BULK);
    assert_int_equal (journal_chain_at (journal, 4, &chain), JOURNAL_OK);
    assert_hash_equal (chain, record.chain);
    assert_int_equal (journal_chain_at (journal, 0, &chain), JOURNAL_OK);
    assert_hash_equal (chain, zero);
    static const int64_t none[] = { -1, 7, INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal (journal_at (journal, none[i], &record), JOURNAL_END);
        assert_int_equal (journal_chain_at (journal, none[i], &chain), JOURNAL_END);
    }
    assert_int_equal (journal_at (journal, 0, &record), JOURNAL_END);
}

static void the_chain_fits_over_epochs_whole_and_at_its_end (void **state)
{
    struct journal *journal = opened (state);
    int64_t bad = 0;
    assert_int_equal (journal_check (journal, 0, &bad), JOURNAL_OK);
    six_records (journal);
    desk_reopen (*state);
    desk_reopen (*state);
    journal = opened (state);
    six_records (journal);
    for (int64_t count = 0; count < 14; count++)
        assert_int_equal (journal_check (journal, count, &bad), JOURNAL_OK);
}

static void put_text (struct journal *journal, const char *key)
{
    assert_int_equal (journal_put (journal, span_of (key), span_of (key)), JOURNAL_OK);
}

static void expect_before (struct journal *journal, const char *prefix, const char *before,
                           const char *found)
{
    struct span key, value;
    enum journal_result result =
        journal_scan_back (journal, span_of (prefix), span_of (before), &key, &value);
    assert_int_equal (result, found ? JOURNAL_OK : JOURNAL_END);
    if (found)
        assert_true (span_is (key, found) && span_is (value, found));
}

static void a_table_is_walked_downwards_within_its_prefix (void **state)
{
    struct journal *journal = opened (state);
    static const char *const keys[] = { "a1", "b1", "b2", "b3", "b\377", "b\377\3779", "c" };
    begin_batch (journal);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        put_text (journal, keys[i]);
    expect_before (journal, "b", "", "b\377\3779");
    expect_before (journal, "b", "b\377\377", "b\377");
    expect_before (journal, "b", "b\377", "b3");
    expect_before (journal, "b", "b3", "b2");
    expect_before (journal, "b", "b2x", "b2");
    expect_before (journal, "b", "b1", NULL);
    expect_before (journal, "b", "a", NULL);
    expect_before (journal, "b", "z", "b\377\3779");
    expect_before (journal, "b\377", "", "b\377\3779");
    expect_before (journal, "d", "", NULL);
    commit_batch (journal);
    expect_before (journal, "c", "", "c");
}

static void a_reader_may_be_freed_after_the_journal (void **state)
{
    struct desk *desk = *state;
    six_records (desk->journal);
    struct journal_reader *one = journal_reader_new (desk->journal, ALL, 0);
    struct journal_reader *two = journal_reader_new (desk->journal, ALL, 0);
    expect_next (one, 1, "one");
    desk_close (desk);
    journal_close (&desk->journal);
    journal_reader_free (&one);
    journal_reader_free (&two);
    journal_reader_free (&two);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, desk_setup, desk_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_lane_is_read_in_order_without_the_others),
        TEST (all_lanes_are_read_in_journal_order_without_quarantine),
        TEST (readers_of_one_lane_do_not_disturb_each_other),
        TEST (a_reader_at_the_end_sees_later_appends),
        TEST (a_record_stays_until_its_readers_next_step),
        TEST (a_reader_can_be_put_elsewhere),
        TEST (a_reader_of_what_was_undone_goes_back_to_the_head),
        TEST (a_reader_left_in_the_middle_does_not_hold_up_checkpoints),
        TEST (a_record_is_found_by_its_position_in_any_lane),
        TEST (the_chain_fits_over_epochs_whole_and_at_its_end),
        TEST (a_table_is_walked_downwards_within_its_prefix),
        TEST (a_reader_may_be_freed_after_the_journal),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
