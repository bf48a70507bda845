/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/attachment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof (array) / sizeof (array)[0])

static const uint8_t bytes[PART_SIZE + 1];

static struct part part_of (int64_t size, int64_t index)
{
    return (struct part){ .size = size,
                          .count = part_count (size),
                          .index = index,
                          .content = span_bytes (bytes, (size_t) part_bytes (size, index)) };
}

static bool read_back (const struct part *part)
{
    struct pack_out out;
    struct part read;
    pack_init (&out);
    part_pack (&out, part);
    assert_true (pack_canonical (pack_result (&out)));
    bool good = part_read (&read, pack_result (&out));
    if (good)
        assert_int_equal (read.index, part->index);
    pack_free (&out);
    return good;
}

static void a_file_is_cut_into_pieces_that_cover_it (void **state)
{
    (void) state;
    static const struct {
        int64_t size, count;
    } files[] = {
        { 0, 0 },
        { 1, 1 },
        { PART_SIZE - 1, 1 },
        { PART_SIZE, 1 },
        { PART_SIZE + 1, 2 },
        { 2 * PART_SIZE, 2 },
        { ATTACHMENT_MAX, 5592406 },
    };
    for (size_t i = 0; i < COUNT (files); i++) {
        int64_t last = files[i].count - 1;
        assert_int_equal (part_count (files[i].size), files[i].count);
        if (files[i].size == 0)
            continue;
        assert_int_equal (last * PART_SIZE + part_bytes (files[i].size, last), files[i].size);
        struct part part = part_of (files[i].size, last);
        assert_true (read_back (&part));
    }
}

static void a_piece_that_does_not_fit_its_file_is_none (void **state)
{
    (void) state;
    struct part good = part_of (PART_SIZE + 1, 0), bad = good;
    assert_true (read_back (&good));
    bad.count = 3;
    assert_false (read_back (&bad));
    bad = good;
    bad.index = 2;
    assert_false (read_back (&bad));
    bad.index = -1;
    assert_false (read_back (&bad));
    bad.index = 1;
    assert_false (read_back (&bad));
    bad = good;
    bad.content.size = PART_SIZE + 1;
    assert_false (read_back (&bad));
    bad.content.size = PART_SIZE - 1;
    assert_false (read_back (&bad));
    bad = good;
    bad.size = ATTACHMENT_MAX + 1;
    assert_false (read_back (&bad));
    bad.size = INT64_MAX;
    assert_false (read_back (&bad));
    bad.size = 0;
    assert_false (read_back (&bad));
}

static void only_files_that_can_be_are_read_from_a_list (void **state)
{
    (void) state;
    struct attachment files[ATTACHMENTS_MAX];
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 1);
    pack_put_text (&out, "attachments");
    pack_put_array (&out, 3);
    for (int64_t i = 0; i < 3; i++) {
        pack_put_map (&out, 3);
        pack_put_text (&out, "hash");
        pack_put_bin (&out, span_bytes (bytes, i == 1 ? HASH_SIZE - 1 : HASH_SIZE));
        pack_put_text (&out, "name");
        pack_put_text (&out, "a");
        pack_put_text (&out, "size");
        pack_put_int (&out, i == 2 ? -1 : 7);
    }
    assert_int_equal (attachments_read (pack_result (&out), files), 1);
    assert_int_equal (files[0].size, 7);
    pack_reset (&out);
    pack_put_map (&out, 0);
    assert_int_equal (attachments_read (pack_result (&out), files), 0);
    pack_free (&out);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_file_is_cut_into_pieces_that_cover_it),
        cmocka_unit_test (a_piece_that_does_not_fit_its_file_is_none),
        cmocka_unit_test (only_files_that_can_be_are_read_from_a_list),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
