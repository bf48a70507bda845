/* SPDX-License-Identifier: Apache-2.0 */
/* Appending, transactions, epochs and tables. */
#include "tests/unit/support_journal.h"

#include <stdlib.h>
#include <string.h>

static const struct hash zero;

static struct journal *opened (void **state)
{
    return ((struct desk *) *state)->journal;
}

static void a_new_journal_is_empty_and_in_its_first_epoch (void **state)
{
    struct journal *journal = opened (state);
    struct epoch_end epochs[LINK_EPOCHS];
    assert_int_equal (journal_head (journal), 0);
    assert_hash_equal (journal_chain (journal), zero);
    assert_int_equal (journal_epoch (journal).counter, 1);
    assert_int_equal (journal_epochs (journal, epochs), 1);
    assert_int_equal (epochs[0].end, 0);
    assert_string_equal (journal_error (journal), "");
}

static void a_record_is_read_back_as_it_was_appended (void **state)
{
    struct journal *journal = opened (state);
    struct record in = record_of (CB_LANE_BULK, "text"), out;
    in.reason = CB_NOT_MEANT;
    in.policy = UINT32_MAX;
    in.taken = INT64_C (253402300799999);
    begin_batch (journal);
    assert_int_equal (journal_append (journal, &in), JOURNAL_OK);
    commit_batch (journal);
    assert_int_equal (in.position, 1);

    struct journal_reader *reader = journal_reader_new (journal, CB_LANE_BULK, 0);
    assert_int_equal (journal_next (reader, &out), JOURNAL_OK);
    assert_int_equal (out.position, 1);
    assert_int_equal (out.lane, CB_LANE_BULK);
    assert_int_equal (out.reason, CB_NOT_MEANT);
    assert_true (out.policy == UINT32_MAX && out.taken == in.taken);
    assert_true (span_is (out.from, "pk.sindh") && span_is (out.envelope, "text"));
    assert_hash_equal (out.leaf, in.leaf);
    assert_hash_equal (out.chain, in.chain);
    journal_reader_free (&reader);
    assert_null (reader);
}

static void a_record_of_this_party_with_a_pruned_envelope_has_neither (void **state)
{
    struct journal *journal = opened (state);
    struct record in = { .lane = CB_LANE_FLASH }, out;
    begin_batch (journal);
    assert_int_equal (journal_append (journal, &in), JOURNAL_OK);
    commit_batch (journal);
    assert_int_equal (journal_at (journal, 1, &out), JOURNAL_OK);
    assert_true (out.from.size == 0 && out.envelope.size == 0);
}

static void an_envelope_taken_out_of_quarantine_leaves_its_row_and_the_chain (void **state)
{
    struct desk *desk = *state;
    struct journal *journal = desk->journal;
    struct record before, after;
    int64_t next = 0;
    six_records (journal); /* the third one is in quarantine */
    assert_int_equal (journal_at (journal, 3, &before), JOURNAL_OK);
    struct hash leaf = before.leaf, chain = before.chain;
    assert_int_equal (journal_refused (journal, &next), JOURNAL_OK);
    assert_int_equal (next, 3);
    assert_int_equal (journal_refused (journal, &next), JOURNAL_END);

    begin_batch (journal);
    assert_int_equal (journal_blank (journal, 2), JOURNAL_END); /* not in quarantine */
    assert_int_equal (journal_blank (journal, 7), JOURNAL_END);
    assert_int_equal (journal_blank (journal, 3), JOURNAL_OK);
    journal_rollback (journal);
    assert_int_equal (journal_at (journal, 3, &after), JOURNAL_OK);
    assert_true (span_is (after.envelope, "three"));

    begin_batch (journal);
    assert_int_equal (journal_blank (journal, 3), JOURNAL_OK);
    commit_batch (journal);
    desk_reopen (desk);
    assert_int_equal (journal_at (desk->journal, 3, &after), JOURNAL_OK);
    assert_int_equal (after.envelope.size, 0);
    assert_hash_equal (after.leaf, leaf);
    assert_hash_equal (after.chain, chain);
    expect_sound (desk->journal);
    next = 0;
    assert_int_equal (journal_refused (desk->journal, &next), JOURNAL_END);
}

static void the_largest_envelope_fits (void **state)
{
    struct journal *journal = opened (state);
    struct record in = record_of (CB_LANE_BULK, ""), out;
    uint8_t *bytes = malloc (ENVELOPE_MAX);
    memset (bytes, 0xa5, ENVELOPE_MAX);
    in.envelope = span_bytes (bytes, ENVELOPE_MAX);
    begin_batch (journal);
    assert_int_equal (journal_append (journal, &in), JOURNAL_OK);
    commit_batch (journal);
    store_record (journal, CB_LANE_BULK, "small");
    struct journal_reader *reader = journal_reader_new (journal, CB_LANE_BULK, 0);
    assert_int_equal (journal_next (reader, &out), JOURNAL_OK);
    assert_true (span_equal (out.envelope, in.envelope));
    expect_next (reader, 2, "small");
    journal_reader_free (&reader);
    free (bytes);
}

static void the_chain_covers_leaf_reason_lane_and_epoch (void **state)
{
    /* 0x01020303 */
    desk_tamper (*state, "UPDATE epochs SET counter = 16909059");
    desk_reopen (*state);
    struct journal *journal = opened (state);
    begin_batch (journal);
    struct hash before = zero;
    for (unsigned lane = 0; lane < CB_LANE_END; lane++) {
        struct record record = record_of (lane, "text");
        record.reason = 40 + lane;
        uint8_t bytes[70];
        memcpy (bytes, before.bytes, 32);
        memcpy (bytes + 32, record.leaf.bytes, 32);
        const uint8_t rest[6] = { (uint8_t) (40 + lane), (uint8_t) lane, 1, 2, 3, 4 };
        memcpy (bytes + 64, rest, 6);
        before = hash_bytes (span_bytes (bytes, sizeof bytes));
        assert_int_equal (journal_append (journal, &record), JOURNAL_OK);
        assert_hash_equal (record.chain, before);
    }
    commit_batch (journal);
    assert_hash_equal (journal_chain (journal), before);
}

static void a_rollback_restores_log_and_tables (void **state)
{
    struct journal *journal = opened (state);
    struct span value;
    struct record record;
    store_record (journal, CB_LANE_FLASH, "kept");
    struct hash chain = journal_chain (journal);
    begin_batch (journal);
    add_record (journal, CB_LANE_FLASH, "undone");
    assert_int_equal (journal_put (journal, span_of ("k"), span_of ("v")), JOURNAL_OK);
    journal_rollback (journal);
    journal_rollback (journal);
    assert_int_equal (journal_head (journal), 1);
    assert_hash_equal (journal_chain (journal), chain);
    assert_int_equal (journal_get (journal, span_of ("k"), &value), JOURNAL_END);
    assert_int_equal (journal_at (journal, 2, &record), JOURNAL_END);
    assert_int_equal (store_record (journal, CB_LANE_FLASH, "again"), 2);
    int64_t bad;
    assert_int_equal (journal_check (journal, 0, &bad), JOURNAL_OK);
}

static void each_run_has_an_epoch_and_ends_the_one_before_at_the_head (void **state)
{
    struct epoch first = journal_epoch (opened (state));
    struct epoch_end epochs[LINK_EPOCHS];
    six_records (opened (state));
    desk_reopen (*state);
    struct epoch second = journal_epoch (opened (state));
    desk_reopen (*state);
    struct epoch third = journal_epoch (opened (state));
    store_record (opened (state), CB_LANE_FLASH, "seven");
    assert_int_equal (journal_epochs (opened (state), epochs), 3);
    assert_true (epoch_equal (epochs[0].epoch, first) && epochs[0].end == 6);
    assert_true (epoch_equal (epochs[1].epoch, second) && epochs[1].end == 6);
    assert_true (epoch_equal (epochs[2].epoch, third) && epochs[2].end == 7);
    assert_true (first.counter == 1 && second.counter == 2 && third.counter == 3);
    assert_true (first.nonce != second.nonce && second.nonce != third.nonce);

    begin_batch (opened (state));
    add_record (opened (state), CB_LANE_FLASH, "never committed");
    desk_reopen (*state);
    assert_int_equal (journal_epochs (opened (state), epochs), 4);
    assert_true (epochs[2].end == 7 && epochs[3].end == 7 && epochs[3].epoch.counter == 4);
}

static void of_200_runs_the_latest_are_listed_and_the_chain_fits_over_all (void **state)
{
    struct epoch_end epochs[LINK_EPOCHS];
    int64_t ends[201] = { 0 }, bad;
    for (uint32_t run = 1; run <= 200; run++) {
        struct journal *journal = opened (state);
        uint32_t listed = run < LINK_EPOCHS ? run : LINK_EPOCHS;
        assert_int_equal (journal_epoch (journal).counter, run);
        assert_int_equal (journal_epochs (journal, epochs), listed);
        /* Some runs write nothing. */
        for (uint32_t i = 0; i < run % 3; i++)
            store_record (journal, CB_LANE_ROUTINE, "text");
        ends[run] = journal_head (journal);
        for (uint32_t i = 0; i < listed; i++) {
            uint32_t counter = run - listed + 1 + i;
            assert_int_equal (epochs[i].epoch.counter, counter);
            assert_int_equal (epochs[i].end, i + 1 < listed ? ends[counter] : ends[run - 1]);
        }
        if (run < 200)
            desk_reopen (*state);
    }
    for (int64_t count = 0; count <= ends[200]; count++)
        assert_int_equal (journal_check (opened (state), count, &bad), JOURNAL_OK);
}

static void a_run_above_the_highest_counter_has_another_nonce (void **state)
{
    struct epoch_end epochs[LINK_EPOCHS];
    desk_tamper (*state, "UPDATE epochs SET counter = 4294967294");
    for (int i = 0; i < 2; i++) {
        desk_reopen (*state);
        assert_true (journal_epoch (opened (state)).counter == UINT32_MAX);
        store_record (opened (state), CB_LANE_FLASH, "text");
    }
    assert_int_equal (journal_epochs (opened (state), epochs), 3);
    assert_true (epochs[1].epoch.counter == UINT32_MAX && epochs[1].end == 1);
    assert_false (epoch_equal (epochs[1].epoch, epochs[2].epoch));
    expect_sound (opened (state));
}

static void put (struct journal *journal, struct span key, struct span value)
{
    assert_int_equal (journal_put (journal, key, value), JOURNAL_OK);
}

static void a_value_is_put_replaced_and_deleted (void **state)
{
    struct journal *journal = opened (state);
    struct span value;
    begin_batch (journal);
    assert_int_equal (journal_get (journal, span_of ("k"), &value), JOURNAL_END);
    put (journal, span_of ("k"), span_of ("first"));
    assert_int_equal (journal_get (journal, span_of ("k"), &value), JOURNAL_OK);
    assert_true (span_is (value, "first"));
    put (journal, span_of ("k"), span_bytes (NULL, 0));
    commit_batch (journal);
    assert_int_equal (journal_get (journal, span_of ("k"), &value), JOURNAL_OK);
    assert_true (value.size == 0);
    begin_batch (journal);
    assert_int_equal (journal_del (journal, span_of ("k")), JOURNAL_OK);
    assert_int_equal (journal_del (journal, span_of ("k")), JOURNAL_OK);
    commit_batch (journal);
    assert_int_equal (journal_get (journal, span_of ("k"), &value), JOURNAL_END);
}

static void a_value_of_a_mebibyte_fits (void **state)
{
    struct journal *journal = opened (state);
    uint8_t *bytes = calloc (1, 1 << 20);
    struct span value;
    begin_batch (journal);
    put (journal, span_of ("k"), span_bytes (bytes, 1 << 20));
    commit_batch (journal);
    assert_int_equal (journal_get (journal, span_of ("k"), &value), JOURNAL_OK);
    assert_true (span_equal (value, span_bytes (bytes, 1 << 20)));
    free (bytes);
}

/* Scans a prefix and compares the keys that are found. */
static void expect_keys (struct journal *journal, struct span prefix, const struct span *keys,
                         size_t count)
{
    uint8_t last[16];
    struct span after = { NULL, 0 }, key, value;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal (journal_scan (journal, prefix, after, &key, &value), JOURNAL_OK);
        assert_true (span_equal (key, keys[i]) && span_equal (value, keys[i]));
        memcpy (last, key.data, key.size);
        after = span_bytes (last, key.size);
    }
    assert_int_equal (journal_scan (journal, prefix, after, &key, &value), JOURNAL_END);
}

static void keys_compare_as_bytes_and_are_scanned_by_prefix (void **state)
{
    /* In order: t, t 00, t 7f, t 80, t ff, t ff 00, t ff ff, u, ff, ff ff */
    static const uint8_t t[] = { 't' }, t00[] = { 't', 0 }, t7f[] = { 't', 0x7f },
                         t80[] = { 't', 0x80 }, tff[] = { 't', 0xff }, tff00[] = { 't', 0xff, 0 },
                         tffff[] = { 't', 0xff, 0xff }, u[] = { 'u' }, ff[] = { 0xff },
                         ffff[] = { 0xff, 0xff };
    const struct span keys[] = {
        span_bytes (t, 1),   span_bytes (t00, 2),   span_bytes (t7f, 2),   span_bytes (t80, 2),
        span_bytes (tff, 2), span_bytes (tff00, 3), span_bytes (tffff, 3), span_bytes (u, 1),
        span_bytes (ff, 1),  span_bytes (ffff, 2),
    };
    struct journal *journal = opened (state);
    struct span key, value;
    begin_batch (journal);
    for (size_t i = 0; i < 10; i++)
        put (journal, keys[i * 7 % 10], keys[i * 7 % 10]);
    for (int i = 0; i < 2; i++) {
        expect_keys (journal, span_bytes (NULL, 0), keys, 10);
        expect_keys (journal, keys[0], keys, 7);
        expect_keys (journal, keys[4], keys + 4, 3);
        expect_keys (journal, keys[7], keys + 7, 1);
        expect_keys (journal, keys[8], keys + 8, 2);
        expect_keys (journal, span_of ("a"), NULL, 0);
        if (i == 0)
            commit_batch (journal);
    }
    assert_int_equal (journal_scan (journal, keys[4], keys[1], &key, &value), JOURNAL_OK);
    assert_true (span_equal (key, keys[4]));
    assert_int_equal (journal_scan (journal, keys[0], keys[7], &key, &value), JOURNAL_END);
}

static void what_is_occupied_grows_and_what_is_free_is_known (void **state)
{
    struct journal *journal = opened (state);
    uint64_t available, before, after;
    journal_space (journal, &available, &before);
    assert_true (available > 0 && before > 0);
    begin_batch (journal);
    for (int i = 0; i < 1000; i++)
        add_record (journal, CB_LANE_BULK,
                    "a record of some length, so that pages are filled by them");
    commit_batch (journal);
    journal_space (journal, &available, &after);
    assert_true (after > before);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, desk_setup, desk_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_new_journal_is_empty_and_in_its_first_epoch),
        TEST (a_record_is_read_back_as_it_was_appended),
        TEST (a_record_of_this_party_with_a_pruned_envelope_has_neither),
        TEST (an_envelope_taken_out_of_quarantine_leaves_its_row_and_the_chain),
        TEST (the_largest_envelope_fits),
        TEST (the_chain_covers_leaf_reason_lane_and_epoch),
        TEST (a_rollback_restores_log_and_tables),
        TEST (each_run_has_an_epoch_and_ends_the_one_before_at_the_head),
        TEST (of_200_runs_the_latest_are_listed_and_the_chain_fits_over_all),
        TEST (a_run_above_the_highest_counter_has_another_nonce),
        TEST (a_value_is_put_replaced_and_deleted),
        TEST (a_value_of_a_mebibyte_fits),
        TEST (keys_compare_as_bytes_and_are_scanned_by_prefix),
        TEST (what_is_occupied_grows_and_what_is_free_is_known),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
