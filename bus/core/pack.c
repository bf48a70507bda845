/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/pack.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 64

static const uint8_t NOTHING[1];

struct span span_of (const char *text)
{
    return text ? span_bytes (text, strlen (text)) : span_bytes (NULL, 0);
}

struct span span_bytes (const void *data, size_t size)
{
    return (struct span){ .data = size ? data : NOTHING, .size = size };
}

bool span_equal (struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp (a.data, b.data, a.size) == 0);
}

bool span_is (struct span a, const char *text)
{
    return span_equal (a, span_of (text));
}

int span_compare (struct span a, struct span b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp (a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

void span_text (struct span s, char *out, size_t size)
{
    if (size == 0)
        return;
    size_t room = s.size < size ? s.size : size - 1;
    /* Not in the middle of a sequence of UTF-8. */
    while (room < s.size && room > 0 && (s.data[room] & 0xc0) == 0x80)
        room--;
    if (room)
        memcpy (out, s.data, room);
    out[room] = 0;
}

/* The length of the UTF-8 sequence at `p`, 0 if it is none. The second byte's
 * range is what keeps out overlong forms, surrogates and anything over U+10FFFF. */
static size_t utf8_sequence (const uint8_t *p, size_t left)
{
    uint8_t lead = p[0], low = 0x80, high = 0xbf;
    size_t size = 0;
    if (lead >= 0x01 && lead <= 0x7f)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        size = 2;
    else if (lead >= 0xe0 && lead <= 0xef)
        size = 3;
    else if (lead >= 0xf0 && lead <= 0xf4)
        size = 4;
    if (size == 0 || size > left)
        return 0;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

bool span_utf8 (struct span s)
{
    const uint64_t ones = UINT64_C (0x0101010101010101), tops = ones << 7;
    size_t at = 0;
    while (at < s.size) {
        uint64_t eight;
        while (s.size - at >= sizeof eight) {
            memcpy (&eight, s.data + at, sizeof eight);
            /* Eight ASCII bytes, none of them zero. */
            if ((eight & tops) || ((eight - ones) & tops))
                break;
            at += sizeof eight;
        }
        if (at == s.size)
            break;
        size_t step = utf8_sequence (s.data + at, s.size - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

/* The forms from 0xc0 to 0xdf: what they hold, how many bytes of length or value
 * follow, and the least of them for which the form is the shortest. In the signed
 * forms that is the magnitude, since only negative numbers take them. PACK_END: not
 * in the profile. */
struct form {
    enum pack_type type;
    uint8_t width;
    bool negative;
    uint64_t least;
};

/* clang-format off */
static const struct form forms[32] = {
    [0x00] = { PACK_NIL,   0, false, 0 },
    [0x02] = { PACK_BOOL,  0, false, 0 },
    [0x03] = { PACK_BOOL,  0, false, 0 },
    [0x04] = { PACK_BIN,   1, false, 0 },
    [0x05] = { PACK_BIN,   2, false, 256 },
    [0x06] = { PACK_BIN,   4, false, 65536 },
    [0x0c] = { PACK_INT,   1, false, 128 },
    [0x0d] = { PACK_INT,   2, false, 256 },
    [0x0e] = { PACK_INT,   4, false, 65536 },
    [0x0f] = { PACK_INT,   8, false, UINT64_C (1) << 32 },
    [0x10] = { PACK_INT,   1, true,  33 },
    [0x11] = { PACK_INT,   2, true,  129 },
    [0x12] = { PACK_INT,   4, true,  32769 },
    [0x13] = { PACK_INT,   8, true,  (UINT64_C (1) << 31) + 1 },
    [0x19] = { PACK_STR,   1, false, 32 },
    [0x1a] = { PACK_STR,   2, false, 256 },
    [0x1b] = { PACK_STR,   4, false, 65536 },
    [0x1c] = { PACK_ARRAY, 2, false, 16 },
    [0x1d] = { PACK_ARRAY, 4, false, 65536 },
    [0x1e] = { PACK_MAP,   2, false, 16 },
    [0x1f] = { PACK_MAP,   4, false, 65536 },
};
/* clang-format on */

/* A value without what follows its length. `value` is the length, the bool, or
 * the number, of which `negative` says that it is the two's complement of one. */
struct head {
    enum pack_type type;
    bool negative;
    uint64_t value;
};

static void fail (struct pack_in *in)
{
    in->bad = true;
}

static size_t left (const struct pack_in *in)
{
    return (size_t) (in->end - in->at);
}

static enum pack_type type_of (uint8_t first)
{
    if (first < 0x80 || first >= 0xe0)
        return PACK_INT;
    if (first < 0x90)
        return PACK_MAP;
    if (first < 0xa0)
        return PACK_ARRAY;
    if (first < 0xc0)
        return PACK_STR;
    return forms[first - 0xc0].type;
}

/* Reads a head of 0xc0 to 0xdf whose first byte has been taken. */
static bool long_head (struct pack_in *in, uint8_t first, struct head *head)
{
    const struct form *form = &forms[first - 0xc0];
    if (form->type == PACK_END || left (in) < form->width)
        return false;
    uint64_t value = 0;
    for (uint8_t i = 0; i < form->width; i++)
        value = value << 8 | *in->at++;
    if (form->type == PACK_BOOL)
        value = first & 1;

    uint64_t magnitude = value;
    if (form->negative) {
        unsigned bits = form->width * 8u;
        if (!(value >> (bits - 1)))
            return false;
        if (bits < 64)
            value |= UINT64_MAX << bits;
        magnitude = 0 - value;
    }
    head->negative = form->negative;
    head->value = value;
    return magnitude >= form->least;
}

/* Takes one head. False, and bad, at the end, for a forbidden type, for a form
 * that is not the shortest and for more content than there are bytes left. */
static bool take (struct pack_in *in, struct head *head)
{
    if (in->bad || in->at == in->end) {
        fail (in);
        return false;
    }
    uint8_t first = *in->at++;
    head->type = type_of (first);
    head->negative = false;
    if (first < 0x80)
        head->value = first;
    else if (first < 0xa0)
        head->value = first & 0x0f;
    else if (first < 0xc0)
        head->value = first & 0x1f;
    else if (first >= 0xe0) {
        head->negative = true;
        head->value = UINT64_MAX << 8 | first;
    } else if (!long_head (in, first, head)) {
        fail (in);
        return false;
    }

    uint64_t most = UINT64_MAX;
    if (head->type == PACK_STR || head->type == PACK_BIN || head->type == PACK_ARRAY)
        most = left (in);
    else if (head->type == PACK_MAP)
        most = left (in) / 2;
    if (head->value > most) {
        fail (in);
        return false;
    }
    return true;
}

static bool take_type (struct pack_in *in, enum pack_type type, struct head *head)
{
    if (!take (in, head))
        return false;
    if (head->type == type)
        return true;
    fail (in);
    return false;
}

/* The content of a string or a bin whose head has been taken. */
static struct span content (struct pack_in *in, const struct head *head)
{
    struct span s = { .data = in->at, .size = (size_t) head->value };
    in->at += s.size;
    if (head->type == PACK_STR && !span_utf8 (s)) {
        fail (in);
        return span_bytes (NULL, 0);
    }
    return s;
}

static struct span sized (struct pack_in *in, enum pack_type type, size_t min, size_t max)
{
    struct head head;
    if (!take_type (in, type, &head))
        return span_bytes (NULL, 0);
    if (head.value < min || head.value > max) {
        fail (in);
        return span_bytes (NULL, 0);
    }
    return content (in, &head);
}

static size_t counted (struct pack_in *in, enum pack_type type, size_t min, size_t max)
{
    struct head head;
    if (!take_type (in, type, &head))
        return 0;
    if (head.value < min || head.value > max) {
        fail (in);
        return 0;
    }
    return (size_t) head.value;
}

struct pack_in pack_open (struct span bytes)
{
    const uint8_t *data = bytes.size ? bytes.data : NOTHING;
    return (struct pack_in){ .at = data, .end = data + bytes.size, .bad = false };
}

enum pack_type pack_peek (const struct pack_in *in)
{
    return in->bad || in->at == in->end ? PACK_END : type_of (*in->at);
}

uint64_t pack_uint (struct pack_in *in, uint64_t min, uint64_t max)
{
    struct head head;
    if (!take_type (in, PACK_INT, &head))
        return 0;
    if (head.negative || head.value < min || head.value > max) {
        fail (in);
        return 0;
    }
    return head.value;
}

int64_t pack_int (struct pack_in *in, int64_t min, int64_t max)
{
    struct head head;
    if (!take_type (in, PACK_INT, &head))
        return 0;
    bool fits = head.negative || head.value <= INT64_MAX;
    int64_t value = fits ? (int64_t) head.value : 0;
    if (!fits || value < min || value > max) {
        fail (in);
        return 0;
    }
    return value;
}

bool pack_bool (struct pack_in *in)
{
    struct head head;
    return take_type (in, PACK_BOOL, &head) && head.value;
}

struct span pack_str (struct pack_in *in, size_t min, size_t max)
{
    return sized (in, PACK_STR, min, max);
}

struct span pack_bin (struct pack_in *in, size_t min, size_t max)
{
    return sized (in, PACK_BIN, min, max);
}

const uint8_t *pack_fixed (struct pack_in *in, size_t size)
{
    struct span s = sized (in, PACK_BIN, size, size);
    return in->bad ? NULL : s.data;
}

size_t pack_array (struct pack_in *in, size_t min, size_t max)
{
    return counted (in, PACK_ARRAY, min, max);
}

size_t pack_map (struct pack_in *in, size_t max)
{
    return counted (in, PACK_MAP, 0, max);
}

bool pack_nil (struct pack_in *in)
{
    if (pack_peek (in) != PACK_NIL)
        return false;
    in->at++;
    return true;
}

struct span pack_key (struct pack_in *in, struct span *last)
{
    struct span key = pack_str (in, 1, KEY_MAX);
    if (in->bad)
        return key;
    if (last->size && span_compare (*last, key) >= 0) {
        fail (in);
        return span_bytes (NULL, 0);
    }
    *last = key;
    return key;
}

/* An open array or map: how many elements or pairs are still to come. */
struct open {
    bool map;
    size_t todo;
    struct span last;
};

struct span pack_any (struct pack_in *in)
{
    return pack_nested (in, 0);
}

struct span pack_nested (struct pack_in *in, size_t outer)
{
    const uint8_t *start = in->at;
    struct open stack[PACK_DEPTH];
    size_t depth = 0;
    do {
        if (depth) {
            struct open *top = &stack[depth - 1];
            top->todo--;
            if (top->map)
                pack_key (in, &top->last);
        }
        struct head head;
        if (!take (in, &head))
            break;
        if (head.type == PACK_STR || head.type == PACK_BIN)
            content (in, &head);
        else if (head.type == PACK_ARRAY || head.type == PACK_MAP) {
            if (depth + outer >= PACK_DEPTH) {
                fail (in);
                break;
            }
            stack[depth++] = (struct open){ .map = head.type == PACK_MAP,
                                            .todo = (size_t) head.value,
                                            .last = { .data = NOTHING, .size = 0 } };
        }
        while (depth && stack[depth - 1].todo == 0)
            depth--;
    } while (depth && !in->bad);
    return in->bad ? span_bytes (NULL, 0) : span_bytes (start, (size_t) (in->at - start));
}

bool pack_done (const struct pack_in *in)
{
    return !in->bad && in->at == in->end;
}

bool pack_canonical (struct span bytes)
{
    struct pack_in in = pack_open (bytes);
    pack_any (&in);
    return pack_done (&in);
}

/* Out of memory, the only way in which packing fails. */
static void must (int result)
{
    if (result != 0)
        abort ();
}

void pack_init (struct pack_out *out)
{
    msgpack_sbuffer_init (&out->buf);
    msgpack_packer_init (&out->pk, &out->buf, msgpack_sbuffer_write);
}

void pack_free (struct pack_out *out)
{
    msgpack_sbuffer_destroy (&out->buf);
    pack_init (out);
}

void pack_reset (struct pack_out *out)
{
    msgpack_sbuffer_clear (&out->buf);
}

struct span pack_result (const struct pack_out *out)
{
    return span_bytes (out->buf.data, out->buf.size);
}

void pack_put_array (struct pack_out *out, size_t count)
{
    assert (count <= UINT32_MAX);
    must (msgpack_pack_array (&out->pk, count));
}

void pack_put_map (struct pack_out *out, size_t count)
{
    assert (count <= UINT32_MAX);
    must (msgpack_pack_map (&out->pk, count));
}

void pack_put_uint (struct pack_out *out, uint64_t value)
{
    must (msgpack_pack_uint64 (&out->pk, value));
}

void pack_put_int (struct pack_out *out, int64_t value)
{
    must (msgpack_pack_int64 (&out->pk, value));
}

void pack_put_bool (struct pack_out *out, bool value)
{
    must (value ? msgpack_pack_true (&out->pk) : msgpack_pack_false (&out->pk));
}

void pack_put_nil (struct pack_out *out)
{
    must (msgpack_pack_nil (&out->pk));
}

void pack_put_str (struct pack_out *out, struct span text)
{
    assert (text.size <= UINT32_MAX);
    must (msgpack_pack_str (&out->pk, text.size));
    pack_put_raw (out, text);
}

void pack_put_text (struct pack_out *out, const char *text)
{
    pack_put_str (out, span_of (text));
}

void pack_put_bin (struct pack_out *out, struct span bytes)
{
    assert (bytes.size <= UINT32_MAX);
    must (msgpack_pack_bin (&out->pk, bytes.size));
    pack_put_raw (out, bytes);
}

void pack_put_raw (struct pack_out *out, struct span canonical)
{
    if (canonical.size)
        must (msgpack_sbuffer_write (&out->buf, (const char *) canonical.data, canonical.size));
}
