/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/party.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define S span_of

static void a_name_is_one_to_eight_labels (void **state)
{
    (void) state;
    assert_true (party_valid (S ("pk")));
    assert_true (party_valid (S ("pk.sindh-2.kpt")));
    assert_true (party_valid (S ("a.b.c.d.e.f.g.h")));
    assert_false (party_valid (S ("a.b.c.d.e.f.g.h.i")));
    assert_false (party_valid (S ("")));
    assert_false (party_valid (S (".")));
    assert_false (party_valid (S ("pk.")));
    assert_false (party_valid (S (".pk")));
    assert_false (party_valid (S ("pk..kpt")));
}

static void a_label_has_1_to_32_lower_case_letters_digits_and_dashes (void **state)
{
    (void) state;
    assert_true (label_valid (S ("0123456789abcdef0123456789abcde-")));
    assert_false (label_valid (S ("0123456789abcdef0123456789abcdef0")));
    assert_true (party_valid (S ("pk.0123456789abcdef0123456789abcdef.x")));
    assert_false (party_valid (S ("pk.0123456789abcdef0123456789abcdef0.x")));
    static const char *const wrong[] = { "", "A", "a.b", "a_b", "a b", "*", "\xc3\xa9", "a\n" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false (label_valid (S (wrong[i])));
    assert_false (label_valid (span_bytes ("a\0b", 3)));
    assert_false (party_valid (S ("pk.Sindh")));
    assert_false (party_valid (span_bytes ("pk\0", 3)));
}

static void the_parent_is_the_name_without_its_last_label (void **state)
{
    (void) state;
    assert_true (span_is (party_parent (S ("pk.sindh.kpt")), "pk.sindh"));
    assert_int_equal (party_parent (S ("pk")).size, 0);
    assert_int_equal (party_depth (S ("pk.sindh.kpt")), 3);
    assert_int_equal (party_depth (S ("pk")), 1);
    assert_int_equal (party_depth (S ("")), 0);
}

static void a_common_beginning_is_not_ancestry (void **state)
{
    (void) state;
    assert_true (party_within (S ("pk.sindh"), S ("pk.sindh")));
    assert_true (party_within (S ("pk.sindh.kpt"), S ("pk.sindh")));
    assert_false (party_within (S ("pk.sindhi"), S ("pk.sindh")));
    assert_false (party_within (S ("pk"), S ("pk.sindh")));
    assert_false (party_within (S ("pk"), S ("")));
    assert_true (party_above (S ("pk"), S ("pk.sindh.kpt")));
    assert_false (party_above (S ("pk"), S ("pk")));
    assert_false (party_above (S ("pk.sindh"), S ("pk")));
    assert_false (party_above (S ("p"), S ("pk.sindh")));
    assert_false (party_above (S (""), S (".pk")));
}

static void the_distance_of_names_counts_letters_up_to_a_limit (void **state)
{
    (void) state;
    assert_int_equal (party_distance (S ("pk.sindh"), S ("pk.sindh"), 4), 0);
    assert_int_equal (party_distance (S ("pk.sindh"), S ("pk.sind"), 4), 1);
    assert_int_equal (party_distance (S ("pk.sind"), S ("pk.sindh"), 4), 1);
    assert_int_equal (party_distance (S ("pk.sindh.kpt"), S ("pk.sindh.ktp"), 4), 2);
    assert_int_equal (party_distance (S ("pk.xindhu"), S ("pk.sindh"), 4), 2);
    assert_int_equal (party_distance (S ("pk.punjab"), S ("pk.sindh"), 4), 4);
    assert_int_equal (party_distance (S ("pk.kp"), S ("pk.ab"), 2), 2);
    assert_int_equal (party_distance (S ("pk"), S ("pk.sindh.kpt"), 4), 4);
    assert_int_equal (party_distance (S (""), S ("pk"), 4), 2);
    char longest[PARTY_MAX + 1];
    memset (longest, 'a', sizeof longest);
    struct span all = span_bytes (longest, PARTY_MAX);
    assert_int_equal (party_distance (all, span_bytes (longest, PARTY_MAX - 1), 4), 1);
    assert_int_equal (party_distance (all, span_bytes (longest, sizeof longest), 4), 4);
}

/* The whole table, for names of at most 15 bytes. */
static size_t plain_distance (struct span a, struct span b, size_t limit)
{
    size_t table[16][16];
    for (size_t i = 0; i <= a.size; i++)
        for (size_t j = 0; j <= b.size; j++) {
            table[i][j] = i + j;
            if (i == 0 || j == 0)
                continue;
            size_t best = table[i - 1][j - 1] + (a.data[i - 1] != b.data[j - 1]);
            best = table[i - 1][j] + 1 < best ? table[i - 1][j] + 1 : best;
            table[i][j] = table[i][j - 1] + 1 < best ? table[i][j - 1] + 1 : best;
        }
    return table[a.size][b.size] < limit ? table[a.size][b.size] : limit;
}

static void a_distance_is_that_of_the_whole_table_at_any_limit (void **state)
{
    (void) state;
    uint32_t chance = 1;
    for (int n = 0; n < 20000; n++) {
        uint8_t a[15], b[15];
        for (size_t i = 0; i < sizeof a; i++) {
            chance = chance * 1664525 + 1013904223;
            a[i] = chance >> 30 & 1 ? 'x' : 'y';
            b[i] = chance >> 28 & 3 ? a[i] : 'z';
        }
        struct span left = span_bytes (a, chance >> 8 & 15 ? (chance >> 8 & 15) - 1 : 0);
        struct span right = span_bytes (b, chance >> 12 & 15 ? (chance >> 12 & 15) - 1 : 0);
        size_t limit = chance >> 16 & 15;
        assert_int_equal (party_distance (left, right, limit), plain_distance (left, right, limit));
    }
}

static void a_term_is_a_party_a_subtree_or_a_sector (void **state)
{
    (void) state;
    struct term term;
    assert_true (term_parse (&term, S ("pk.sindh")));
    assert_int_equal (term.type, TERM_PARTY);
    assert_true (span_is (term.name, "pk.sindh"));
    assert_true (term_parse (&term, S ("pk.sindh.**")));
    assert_int_equal (term.type, TERM_SUBTREE);
    assert_true (span_is (term.name, "pk.sindh"));
    assert_true (term_parse (&term, S ("@energy")));
    assert_int_equal (term.type, TERM_SECTOR);
    assert_true (span_is (term.name, "energy"));
    static const char *const wrong[] = { "",     "@",    "@a.b",   "**",          ".**",
                                         "pk.*", "pk**", "@pk.**", "pk.**.sindh", "pk.**.**" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false (term_parse (&term, S (wrong[i])));
}

static void the_longest_name_makes_the_longest_term (void **state)
{
    (void) state;
    char name[TERM_MAX + 2];
    memset (name, 'a', sizeof name);
    for (size_t i = 32; i < PARTY_MAX; i += 33)
        name[i] = '.';
    assert_true (party_valid (span_bytes (name, PARTY_MAX)));
    assert_false (party_valid (span_bytes (name, PARTY_MAX + 1)));
    memcpy (name + PARTY_MAX, ".**", 3);
    struct term term;
    assert_true (term_parse (&term, span_bytes (name, TERM_MAX)));
    assert_int_equal (term.name.size, PARTY_MAX);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_name_is_one_to_eight_labels),
        cmocka_unit_test (a_label_has_1_to_32_lower_case_letters_digits_and_dashes),
        cmocka_unit_test (the_parent_is_the_name_without_its_last_label),
        cmocka_unit_test (a_common_beginning_is_not_ancestry),
        cmocka_unit_test (the_distance_of_names_counts_letters_up_to_a_limit),
        cmocka_unit_test (a_distance_is_that_of_the_whole_table_at_any_limit),
        cmocka_unit_test (a_term_is_a_party_a_subtree_or_a_sector),
        cmocka_unit_test (the_longest_name_makes_the_longest_term),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
