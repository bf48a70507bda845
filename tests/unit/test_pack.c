/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/pack.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BYTES(...)                                                                                 \
    span_bytes ((const uint8_t[]){ __VA_ARGS__ }, sizeof ((uint8_t[]){ __VA_ARGS__ }))
#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static bool canonical_text (const char *bytes, size_t size)
{
    uint8_t value[64] = { (uint8_t) (0xa0 + size) };
    memcpy (value + 1, bytes, size);
    return pack_canonical (span_bytes (value, size + 1));
}

#define TEXT(literal) canonical_text (literal, sizeof literal - 1)

static void an_integer_in_a_longer_form_is_refused (void **state)
{
    (void) state;
    assert_false (pack_canonical (BYTES (0xcc, 0x7f)));
    assert_true (pack_canonical (BYTES (0xcc, 0x80)));
    assert_false (pack_canonical (BYTES (0xcd, 0x00, 0xff)));
    assert_true (pack_canonical (BYTES (0xcd, 0x01, 0x00)));
    assert_false (pack_canonical (BYTES (0xce, 0, 0, 0xff, 0xff)));
    assert_true (pack_canonical (BYTES (0xce, 0, 1, 0, 0)));
    assert_false (pack_canonical (BYTES (0xcf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)));
    assert_true (pack_canonical (BYTES (0xcf, 0, 0, 0, 1, 0, 0, 0, 0)));
    assert_false (pack_canonical (BYTES (0xd0, 0xe0)));
    assert_true (pack_canonical (BYTES (0xd0, 0xdf)));
    assert_false (pack_canonical (BYTES (0xd1, 0xff, 0x80)));
    assert_true (pack_canonical (BYTES (0xd1, 0xff, 0x7f)));
    assert_false (pack_canonical (BYTES (0xd2, 0xff, 0xff, 0x80, 0x00)));
    assert_true (pack_canonical (BYTES (0xd2, 0xff, 0xff, 0x7f, 0xff)));
    assert_false (pack_canonical (BYTES (0xd3, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0)));
    assert_true (pack_canonical (BYTES (0xd3, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff)));
}

static void a_number_that_is_not_negative_takes_no_signed_form (void **state)
{
    (void) state;
    assert_false (pack_canonical (BYTES (0xd0, 0x00)));
    assert_false (pack_canonical (BYTES (0xd0, 0x7f)));
    assert_false (pack_canonical (BYTES (0xd1, 0x7f, 0xff)));
    assert_false (pack_canonical (BYTES (0xd2, 0x7f, 0xff, 0xff, 0xff)));
    assert_false (pack_canonical (BYTES (0xd3, 0x7f, 0, 0, 0, 0, 0, 0, 0)));
}

static void every_integer_that_is_packed_reads_back (void **state)
{
    (void) state;
    static const int64_t values[] = { 0,
                                      1,
                                      127,
                                      128,
                                      255,
                                      256,
                                      65535,
                                      65536,
                                      UINT32_MAX,
                                      INT64_MAX,
                                      -1,
                                      -32,
                                      -33,
                                      -128,
                                      -129,
                                      -32768,
                                      -32769,
                                      INT32_MIN,
                                      (int64_t) INT32_MIN - 1,
                                      INT64_MIN,
                                      (int64_t) UINT32_MAX + 1 };
    struct pack_out out;
    pack_init (&out);
    for (size_t i = 0; i < COUNT (values); i++) {
        pack_reset (&out);
        pack_put_int (&out, values[i]);
        struct pack_in in = pack_open (pack_result (&out));
        assert_int_equal (pack_int (&in, INT64_MIN, INT64_MAX), values[i]);
        assert_true (pack_done (&in));
    }
    pack_reset (&out);
    pack_put_uint (&out, UINT64_MAX);
    struct pack_in in = pack_open (pack_result (&out));
    assert_true (pack_uint (&in, 0, UINT64_MAX) == UINT64_MAX);
    assert_true (pack_done (&in));
    pack_free (&out);
}

static void an_integer_outside_its_limits_is_refused (void **state)
{
    (void) state;
    struct pack_in in = pack_open (BYTES (5));
    assert_int_equal (pack_uint (&in, 6, 9), 0);
    assert_true (in.bad);
    in = pack_open (BYTES (10));
    assert_int_equal (pack_uint (&in, 6, 9), 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0xff));
    assert_int_equal (pack_uint (&in, 0, UINT64_MAX), 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0xff));
    assert_int_equal (pack_int (&in, -1, -1), -1);
    assert_true (pack_done (&in));
    in = pack_open (BYTES (0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0));
    assert_int_equal (pack_int (&in, INT64_MIN, INT64_MAX), 0);
    assert_true (in.bad);
}

/* Gives `head`, then as many zero bytes (or "a"s) as content needs. */
static bool with_content (const uint8_t *head, size_t head_size, uint8_t fill, size_t content)
{
    uint8_t *bytes = malloc (head_size + content);
    assert_non_null (bytes);
    memcpy (bytes, head, head_size);
    memset (bytes + head_size, fill, content);
    bool ok = pack_canonical (span_bytes (bytes, head_size + content));
    free (bytes);
    return ok;
}

#define WITH(fill, content, ...)                                                                   \
    with_content ((const uint8_t[]){ __VA_ARGS__ }, sizeof ((uint8_t[]){ __VA_ARGS__ }), fill,     \
                  content)

static void a_header_longer_than_needed_is_refused (void **state)
{
    (void) state;
    assert_false (WITH ('a', 31, 0xd9, 31));
    assert_true (WITH ('a', 32, 0xd9, 32));
    assert_false (WITH ('a', 255, 0xda, 0, 255));
    assert_true (WITH ('a', 256, 0xda, 1, 0));
    assert_false (WITH ('a', 65535, 0xdb, 0, 0, 0xff, 0xff));
    assert_true (WITH ('a', 65536, 0xdb, 0, 1, 0, 0));
    assert_true (WITH (0, 0, 0xc4, 0));
    assert_false (WITH (0, 255, 0xc5, 0, 255));
    assert_true (WITH (0, 256, 0xc5, 1, 0));
    assert_false (WITH (0, 65535, 0xc6, 0, 0, 0xff, 0xff));
    assert_true (WITH (0, 65536, 0xc6, 0, 1, 0, 0));
    assert_false (WITH (0, 15, 0xdc, 0, 15));
    assert_true (WITH (0, 16, 0xdc, 0, 16));
    assert_false (WITH (0, 65535, 0xdd, 0, 0, 0xff, 0xff));
    assert_true (WITH (0, 65536, 0xdd, 0, 1, 0, 0));
    assert_false (pack_canonical (BYTES (0xde, 0, 1, 0xa1, 'a', 0)));
    assert_false (pack_canonical (BYTES (0xdf, 0, 0, 0, 1, 0xa1, 'a', 0)));
}

static void floats_and_extensions_and_the_unused_byte_are_refused (void **state)
{
    (void) state;
    static const uint8_t forbidden[] = { 0xc1, 0xc7, 0xc8, 0xc9, 0xca, 0xcb,
                                         0xd4, 0xd5, 0xd6, 0xd7, 0xd8 };
    for (size_t i = 0; i < COUNT (forbidden); i++) {
        uint8_t bytes[32] = { forbidden[i] };
        struct pack_in in = pack_open (span_bytes (bytes, sizeof bytes));
        assert_int_equal (pack_peek (&in), PACK_END);
        assert_int_equal (pack_any (&in).size, 0);
        assert_true (in.bad);
    }
}

static void a_count_is_checked_against_the_bytes_left (void **state)
{
    (void) state;
    struct pack_in in = pack_open (BYTES (0xdd, 0xff, 0xff, 0xff, 0xff));
    assert_int_equal (pack_array (&in, 0, SIZE_MAX), 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0x93, 1, 2));
    assert_int_equal (pack_array (&in, 0, SIZE_MAX), 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0x82, 0xa1, 'a', 1));
    assert_int_equal (pack_map (&in, SIZE_MAX), 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0xc4, 3, 1, 2));
    assert_int_equal (pack_bin (&in, 0, SIZE_MAX).size, 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0xdb, 0xff, 0xff, 0xff, 0xff, 'a'));
    assert_int_equal (pack_str (&in, 0, SIZE_MAX).size, 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0xcd, 1));
    assert_int_equal (pack_uint (&in, 0, UINT64_MAX), 0);
    assert_true (in.bad);
}

static void text_is_utf8_without_surrogates_overlongs_and_nul (void **state)
{
    (void) state;
    assert_true (TEXT ("\xd8\xae\xd8\xb7\xd8\xb1\xdb\x81"));
    assert_true (TEXT ("abcdefghij\xf4\x8f\xbf\xbfklmnopqrst\xed\x9f\xbf"));
    assert_true (TEXT ("\x01\x7f\xc2\x80\xe0\xa0\x80\xee\x80\x80\xf0\x90\x80\x80"));
    assert_false (TEXT ("abc\0def"));
    assert_false (TEXT ("abcdefgh\0ijklmnop"));
    assert_false (TEXT ("\xc0\x80"));
    assert_false (TEXT ("\xc1\xbf"));
    assert_false (TEXT ("\xe0\x9f\xbf"));
    assert_false (TEXT ("\xed\xa0\x80"));
    assert_false (TEXT ("\xed\xbf\xbf"));
    assert_false (TEXT ("\xf0\x8f\xbf\xbf"));
    assert_false (TEXT ("\xf4\x90\x80\x80"));
    assert_false (TEXT ("\xf5\x80\x80\x80"));
    assert_false (TEXT ("\x80"));
    assert_false (TEXT ("abcdefgh\xc3"));
    assert_false (TEXT ("\xe2\x82"));
    assert_false (TEXT ("\xe2\x82"
                        "a"));
    assert_false (TEXT ("\xf0\x90\x80"
                        "a"));
    assert_false (TEXT ("\xff"));
}

static void keys_ascend_and_none_comes_twice (void **state)
{
    (void) state;
    assert_true (pack_canonical (BYTES (0x82, 0xa1, 'a', 1, 0xa2, 'a', 'a', 2)));
    assert_true (pack_canonical (BYTES (0x82, 0xa2, 'a', 'z', 1, 0xa1, 'b', 2)));
    assert_false (pack_canonical (BYTES (0x82, 0xa1, 'a', 1, 0xa1, 'a', 2)));
    assert_false (pack_canonical (BYTES (0x82, 0xa1, 'b', 1, 0xa1, 'a', 2)));
    assert_false (pack_canonical (BYTES (0x82, 0xa2, 'a', 'a', 1, 0xa1, 'a', 2)));
    assert_false (pack_canonical (BYTES (0x81, 0xa0, 1)));
    assert_false (pack_canonical (BYTES (0x81, 1, 1)));
    assert_false (pack_canonical (BYTES (0x81, 0xc4, 1, 'a', 1)));
}

static void a_key_has_at_most_64_bytes (void **state)
{
    (void) state;
    uint8_t bytes[3 + 65 + 1] = { 0x81, 0xd9, 64 };
    memset (bytes + 3, 'a', 66);
    bytes[3 + 64] = 1;
    assert_true (pack_canonical (span_bytes (bytes, 3 + 64 + 1)));
    bytes[2] = 65;
    bytes[3 + 64] = 'a';
    bytes[3 + 65] = 1;
    assert_false (pack_canonical (span_bytes (bytes, 3 + 65 + 1)));
}

static void nesting_ends_at_eight (void **state)
{
    (void) state;
    uint8_t bytes[PACK_DEPTH + 2];
    memset (bytes, 0x91, sizeof bytes);
    bytes[PACK_DEPTH] = 0xc0;
    assert_true (pack_canonical (span_bytes (bytes, PACK_DEPTH + 1)));
    bytes[PACK_DEPTH] = 0x90;
    assert_false (pack_canonical (span_bytes (bytes, PACK_DEPTH + 1)));
    bytes[PACK_DEPTH - 1] = 0x90;
    struct pack_in in = pack_open (span_bytes (bytes, PACK_DEPTH));
    pack_nested (&in, 1);
    assert_true (in.bad);
    in = pack_open (span_bytes (bytes + 1, PACK_DEPTH - 1));
    assert_int_equal (pack_nested (&in, 1).size, PACK_DEPTH - 1);
    assert_true (pack_done (&in));
}

static void nothing_follows_the_value (void **state)
{
    (void) state;
    assert_true (pack_canonical (BYTES (0xc0)));
    assert_false (pack_canonical (BYTES (0xc0, 0xc0)));
    assert_false (pack_canonical (span_bytes (NULL, 0)));
    struct pack_in in = pack_open (BYTES (0x92, 1, 0x90, 0xc3));
    assert_int_equal (pack_any (&in).size, 3);
    assert_false (pack_done (&in));
    assert_true (pack_bool (&in));
    assert_true (pack_done (&in));
}

static void every_cut_of_a_value_is_refused (void **state)
{
    (void) state;
    struct span whole = BYTES (0x83, 0xa1, 'a', 0x92, 0xcd, 1, 0, 0xd0, 0x80, 0xa1, 'b', 0xc4, 2, 8,
                               9, 0xa1, 'c', 0x81, 0xa1, 'd', 0xa3, 'x', 'y', 'z');
    assert_true (pack_canonical (whole));
    for (size_t size = 0; size < whole.size; size++)
        assert_false (pack_canonical (span_bytes (whole.data, size)));
}

static void an_error_sticks (void **state)
{
    (void) state;
    struct pack_in in = pack_open (BYTES (0xc3, 1, 2, 0xa1, 'a', 0xc4, 1, 7, 0x91, 1));
    assert_int_equal (pack_uint (&in, 0, 9), 0);
    assert_int_equal (pack_uint (&in, 0, 9), 0);
    assert_int_equal (pack_peek (&in), PACK_END);
    assert_int_equal (pack_str (&in, 0, 9).size, 0);
    assert_null (pack_fixed (&in, 1));
    assert_int_equal (pack_array (&in, 0, 9), 0);
    assert_false (pack_nil (&in));
    assert_false (pack_done (&in));
    in = pack_open (BYTES (1));
    in.bad = true;
    assert_int_equal (pack_uint (&in, 0, 9), 0);
}

static void a_reader_takes_each_type_as_itself_only (void **state)
{
    (void) state;
    struct pack_in in = pack_open (BYTES (0xa1, 'a'));
    assert_int_equal (pack_peek (&in), PACK_STR);
    assert_int_equal (pack_bin (&in, 0, 9).size, 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0xc4, 1, 'a'));
    assert_int_equal (pack_str (&in, 0, 9).size, 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0xc0, 0xc2));
    assert_false (pack_bool (&in));
    assert_true (in.bad);
    in = pack_open (BYTES (0xc0, 0xc2));
    assert_true (pack_nil (&in));
    assert_false (pack_nil (&in));
    assert_false (in.bad);
    assert_false (pack_bool (&in));
    assert_true (pack_done (&in));
    in = pack_open (BYTES (0x80));
    assert_int_equal (pack_array (&in, 0, 9), 0);
    assert_true (in.bad);
}

static void a_size_outside_its_limits_is_refused (void **state)
{
    (void) state;
    struct pack_in in = pack_open (BYTES (0xa2, 'a', 'b'));
    assert_int_equal (pack_str (&in, 3, 9).size, 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0xa2, 'a', 'b'));
    assert_int_equal (pack_str (&in, 0, 1).size, 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0xc4, 2, 1, 2));
    assert_null (pack_fixed (&in, 3));
    in = pack_open (BYTES (0xc4, 2, 1, 2));
    assert_memory_equal (pack_fixed (&in, 2), "\1\2", 2);
    in = pack_open (BYTES (0x92, 1, 2));
    assert_int_equal (pack_array (&in, 3, 9), 0);
    assert_true (in.bad);
    in = pack_open (BYTES (0x81, 0xa1, 'a', 2));
    assert_int_equal (pack_map (&in, 0), 0);
    assert_true (in.bad);
}

static void what_is_packed_is_canonical (void **state)
{
    (void) state;
    static const size_t sizes[] = { 0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536 };
    static char text[65536];
    memset (text, 'x', sizeof text);
    struct pack_out out;
    pack_init (&out);
    for (size_t i = 0; i < COUNT (sizes); i++) {
        pack_reset (&out);
        pack_put_map (&out, 3);
        pack_put_text (&out, "a");
        pack_put_str (&out, span_bytes (text, sizes[i]));
        pack_put_text (&out, "b");
        pack_put_bin (&out, span_bytes (text, sizes[i]));
        pack_put_text (&out, "c");
        pack_put_array (&out, sizes[i]);
        for (size_t n = 0; n < sizes[i]; n++)
            pack_put_bool (&out, n & 1);
        assert_true (pack_canonical (pack_result (&out)));
    }
    pack_reset (&out);
    pack_put_raw (&out, BYTES (0xc0));
    assert_true (span_equal (pack_result (&out), BYTES (0xc0)));
    pack_free (&out);
}

static void spans_compare_as_bytes_and_the_shorter_first (void **state)
{
    (void) state;
    assert_true (span_compare (span_of ("a"), span_of ("b")) < 0);
    assert_true (span_compare (span_of ("\xc3"), span_of ("b")) > 0);
    assert_true (span_compare (span_of ("a"), span_of ("aa")) < 0);
    assert_true (span_compare (span_of ("aa"), span_of ("a")) > 0);
    assert_int_equal (span_compare (span_of (""), span_of (NULL)), 0);
    assert_true (span_is (span_of ("pk"), "pk"));
    assert_false (span_is (span_of ("pk"), "pkx"));
}

static void a_span_that_does_not_fit_is_cut (void **state)
{
    (void) state;
    char out[6] = "zzzzz";
    span_text (span_of ("abcdef"), out, 4);
    assert_string_equal (out, "abc");
    assert_int_equal (out[4], 'z');
    span_text (span_of ("abc"), out, 4);
    assert_string_equal (out, "abc");
    span_text (span_of (""), out, 1);
    assert_string_equal (out, "");
    span_text (span_of ("abc"), NULL, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_integer_in_a_longer_form_is_refused),
        cmocka_unit_test (a_number_that_is_not_negative_takes_no_signed_form),
        cmocka_unit_test (every_integer_that_is_packed_reads_back),
        cmocka_unit_test (an_integer_outside_its_limits_is_refused),
        cmocka_unit_test (a_header_longer_than_needed_is_refused),
        cmocka_unit_test (floats_and_extensions_and_the_unused_byte_are_refused),
        cmocka_unit_test (a_count_is_checked_against_the_bytes_left),
        cmocka_unit_test (text_is_utf8_without_surrogates_overlongs_and_nul),
        cmocka_unit_test (keys_ascend_and_none_comes_twice),
        cmocka_unit_test (a_key_has_at_most_64_bytes),
        cmocka_unit_test (nesting_ends_at_eight),
        cmocka_unit_test (nothing_follows_the_value),
        cmocka_unit_test (every_cut_of_a_value_is_refused),
        cmocka_unit_test (an_error_sticks),
        cmocka_unit_test (a_reader_takes_each_type_as_itself_only),
        cmocka_unit_test (a_size_outside_its_limits_is_refused),
        cmocka_unit_test (what_is_packed_is_canonical),
        cmocka_unit_test (spans_compare_as_bytes_and_the_shorter_first),
        cmocka_unit_test (a_span_that_does_not_fit_is_cut),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
