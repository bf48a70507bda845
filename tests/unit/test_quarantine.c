/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a neighbour, and how it leaves. */
#include "broker/quarantine.h"
#include "broker/upgrade.h"

#include "tests/unit/support_journal.h"

#include <string.h>

#define DAY INT64_C (86400000)

static struct store store;

static int setup (void **state)
{
    if (desk_setup (state) != 0)
        return -1;
    store = (struct store){ .journal = ((struct desk *) *state)->journal,
                            .quarantine_messages = 3,
                            .quarantine_bytes = 100,
                            .quarantine_age = 30 * DAY };
    return 0;
}

/* Its position; 0: it was counted. */
static int64_t keep (const char *from, const char *text, int64_t taken, unsigned told)
{
    struct record record = record_of (JOURNAL_QUARANTINE, text);
    record.from = span_of (from);
    record.taken = taken;
    record.reason = CB_FROZEN;
    begin_batch (store.journal);
    bool kept = quarantine_keep (&store, &record, told, span_of ("why"));
    commit_batch (store.journal);
    return kept ? record.position : 0;
}

static bool leave (int64_t position, enum left_how how)
{
    struct left left = {
        .how = how, .when = 7, .uid = 1000, .position = 9, .why = span_of ("because")
    };
    begin_batch (store.journal);
    bool good = quarantine_leave (&store, position, &left);
    commit_batch (store.journal);
    return good;
}

static void counts (const char *from, uint64_t kept, uint64_t bytes, uint64_t dropped)
{
    struct quarantine_count count;
    quarantine_count_get (store.journal, span_of (from), &count);
    if (count.kept != kept || count.bytes != bytes || count.dropped != dropped)
        fail_msg ("%s: %llu kept, %llu bytes, %llu dropped", from, (unsigned long long) count.kept,
                  (unsigned long long) count.bytes, (unsigned long long) count.dropped);
}

static void the_bound_is_each_neighbours_own (void **state)
{
    (void) state;
    for (int i = 0; i < 3; i++)
        assert_true (keep ("pk.a", "ten bytes.", DAY, 0) > 0);
    assert_int_equal (keep ("pk.a", "ten bytes.", DAY, 0), 0);
    counts ("pk.a", 3, 30, 1);
    assert_true (keep ("pk.b", "x", DAY, 0) > 0);
    counts ("pk.b", 1, 1, 0);
    counts ("pk", 0, 0, 0);
}

static void bytes_are_bounded_as_messages_are (void **state)
{
    (void) state;
    char text[91];
    memset (text, 'x', 90);
    text[90] = 0;
    assert_true (keep ("pk.a", text, DAY, 0) > 0);
    assert_int_equal (keep ("pk.a", "eleven bytes", DAY, 0), 0);
    assert_true (keep ("pk.a", "ten bytes.", DAY, 0) > 0);
    counts ("pk.a", 2, 100, 1);
}

static void who_leaves_makes_room_and_the_chain_stays (void **state)
{
    (void) state;
    struct record record;
    struct left left;
    struct quarantined row;
    int64_t first = keep ("pk.a", "one", DAY, TOLD_ORIGIN_OWED);
    keep ("pk.a", "two", DAY, 0);
    keep ("pk.a", "three", DAY, 0);
    assert_true (quarantine_owed (store.journal, first));
    assert_true (leave (first, LEFT_DISCARDED));
    counts ("pk.a", 2, 8, 0);
    assert_false (quarantine_owed (store.journal, first));
    assert_false (quarantine_find (store.journal, first, &row));
    assert_false (leave (first, LEFT_DISCARDED)); /* once */
    counts ("pk.a", 2, 8, 0);
    assert_true (quarantine_left (store.journal, first, &left));
    assert_true (left.how == LEFT_DISCARDED && left.when == 7 && left.uid == 1000);
    assert_true (left.position == 9 && span_is (left.why, "because"));
    assert_int_equal (journal_at (store.journal, first, &record), JOURNAL_OK);
    assert_int_equal (record.envelope.size, 0);
    expect_sound (store.journal);
    assert_true (keep ("pk.a", "four", DAY, 0) > 0);
    counts ("pk.a", 3, 12, 0);
}

static void what_is_too_old_makes_room_and_what_is_not_does_not (void **state)
{
    (void) state;
    struct left left;
    int64_t old = keep ("pk.a", "one", DAY, 0), next = keep ("pk.a", "two", 2 * DAY, 0);
    keep ("pk.a", "three", 3 * DAY, 0);
    assert_int_equal (keep ("pk.a", "four", 31 * DAY, 0), 0); /* 30 days, and not more */
    counts ("pk.a", 3, 11, 1);
    assert_true (keep ("pk.a", "four", 31 * DAY + 1, 0) > 0);
    assert_true (quarantine_left (store.journal, old, &left));
    assert_int_equal (left.how, LEFT_AGED);
    assert_false (quarantine_left (store.journal, next, &left));
    counts ("pk.a", 3, 12, 1);
}

static void one_message_makes_a_bounded_number_leave (void **state)
{
    (void) state;
    store.quarantine_messages = 100;
    for (int i = 0; i < 20; i++)
        assert_true (keep ("pk.a", "x", DAY, 0) > 0);
    store.quarantine_messages = 5;
    assert_int_equal (keep ("pk.a", "x", 90 * DAY, 0), 0);
    counts ("pk.a", 20 - QUARANTINE_A_MESSAGE, 20 - QUARANTINE_A_MESSAGE, 1);
    assert_true (keep ("pk.a", "x", 90 * DAY, 0) > 0);
    counts ("pk.a", 5, 5, 1);
}

static void who_was_told_is_noted_beside_why (void **state)
{
    (void) state;
    struct quarantined row;
    int64_t at = keep ("pk.a", "one", DAY, TOLD_ORIGIN_OWED);
    assert_true (quarantine_find (store.journal, at, &row));
    assert_int_equal (row.told, TOLD_ORIGIN_OWED);
    begin_batch (store.journal);
    quarantine_told (&store, at);
    quarantine_told (&store, at + 1); /* none */
    commit_batch (store.journal);
    assert_true (quarantine_find (store.journal, at, &row));
    assert_int_equal (row.told, TOLD_ORIGIN_OWED | TOLD_NEIGHBOUR);
    assert_true (span_is (row.detail, "why"));
}

static void counters_are_stored_as_big_endian_numbers (void **state)
{
    (void) state;
    struct key key;
    struct span value;
    struct quarantine_count count;
    keep ("pk.a", "ten bytes.", DAY, 0);
    key_begin (&key, TABLE_QUARANTINED);
    key_text (&key, span_of ("pk.a"));
    assert_int_equal (journal_get (store.journal, key_span (&key), &value), JOURNAL_OK);
    assert_int_equal (value.size, 24 + HASH_SIZE);
    assert_int_equal (value.data[7], 1);
    assert_int_equal (value.data[15], 10);
    assert_int_equal (value.data[23], 0);
    assert_false (quarantine_count_read (span_bytes (value.data, 55), &count));
}

static void a_journal_of_format_1_gets_its_rows (void **state)
{
    (void) state;
    struct quarantined row;
    struct key key;
    uint8_t counts_of_before[24 + HASH_SIZE];
    uint64_t numbers[3] = { 1, 5, 4 }; /* in the order of bytes of the machine */
    six_records (store.journal);       /* the third one is in quarantine */
    memset (counts_of_before, 0, sizeof counts_of_before);
    memcpy (counts_of_before, numbers, sizeof numbers);
    key_begin (&key, TABLE_QUARANTINED);
    key_text (&key, span_of ("pk.sindh"));
    begin_batch (store.journal);
    assert_int_equal (journal_put (store.journal, key_span (&key),
                                   span_bytes (counts_of_before, sizeof counts_of_before)),
                      JOURNAL_OK);
    commit_batch (store.journal);
    assert_false (quarantine_find (store.journal, 3, &row));
    begin_batch (store.journal);
    assert_int_equal (upgrade_from_1 (store.journal), JOURNAL_OK);
    commit_batch (store.journal);
    assert_true (quarantine_find (store.journal, 3, &row));
    assert_int_equal (row.told, TOLD_UNKNOWN);
    counts ("pk.sindh", 1, 5, 4);
    assert_true (leave (3, LEFT_RELEASED));
    assert_false (quarantine_find (store.journal, 3, &row));
    counts ("pk.sindh", 0, 0, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, desk_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (the_bound_is_each_neighbours_own),
        TEST (bytes_are_bounded_as_messages_are),
        TEST (who_leaves_makes_room_and_the_chain_stays),
        TEST (what_is_too_old_makes_room_and_what_is_not_does_not),
        TEST (one_message_makes_a_bounded_number_leave),
        TEST (who_was_told_is_noted_beside_why),
        TEST (counters_are_stored_as_big_endian_numbers),
        TEST (a_journal_of_format_1_gets_its_rows),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
