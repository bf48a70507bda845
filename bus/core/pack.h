/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.h - canonical msgpack, read with bounds first and written one way
 *
 * The canonical profile (docs/protocol.md, section 2): shortest integer forms,
 * valid UTF-8 without U+0000, map keys strings that are sorted and unique, no
 * floats, no extension types, depth at most 8, nothing after the end.
 *
 * The reader works in place over hostile bytes: it allocates nothing, never
 * believes a count larger than the bytes left, and its error is sticky, so
 * that a caller reads every field and tests once. msgpack-c does the writing.
 * It does not do the reading, because its unpacker allocates 2 GB for 5 bytes
 * and accepts what the profile refuses (msgpack-c 4.0.0).
 */
#ifndef CERTBUS_PACK_H
#define CERTBUS_PACK_H

#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that belong to somebody else. */
struct span {
    const uint8_t *data;
    size_t size;
};

#define SPAN_FMT    "%.*s"
#define SPAN_ARG(s) (int) (s).size, (const char *) (s).data

struct span span_of (const char *text);                 /* borrows a C string */
struct span span_bytes (const void *data, size_t size); /* borrows bytes */
bool span_equal (struct span a, struct span b);
bool span_is (struct span a, const char *text);
/* Order of bytes, shorter first on a common prefix: <0, 0, >0. */
int span_compare (struct span a, struct span b);
/* Copies into `out`, which has room for `size` with the NUL; cuts, never overruns. */
void span_text (struct span s, char *out, size_t size);
/* Whether the bytes are UTF-8 (RFC 3629) without U+0000. */
bool span_utf8 (struct span s);

#define PACK_DEPTH 8

struct pack_in {
    const uint8_t *at, *end;
    bool bad;
};

enum pack_type {
    PACK_END,
    PACK_NIL,
    PACK_BOOL,
    PACK_INT,
    PACK_STR,
    PACK_BIN,
    PACK_ARRAY,
    PACK_MAP
};

struct pack_in pack_open (struct span bytes);
/* What comes next; PACK_END at the end, after an error and for a forbidden type. */
enum pack_type pack_peek (const struct pack_in *in);
/* Each reads one value and makes the reader bad, returning zero or an empty
 * span, when it is of another type, not canonical, or outside the limits. */
uint64_t pack_uint (struct pack_in *in, uint64_t min, uint64_t max);
int64_t pack_int (struct pack_in *in, int64_t min, int64_t max);
bool pack_bool (struct pack_in *in);
struct span pack_str (struct pack_in *in, size_t min, size_t max);
struct span pack_bin (struct pack_in *in, size_t min, size_t max);
/* Exactly `size` bytes of bin; NULL when bad. */
const uint8_t *pack_fixed (struct pack_in *in, size_t size);
/* The number of elements or pairs. Never more than the bytes left. */
size_t pack_array (struct pack_in *in, size_t min, size_t max);
size_t pack_map (struct pack_in *in, size_t max);
/* Consumes a nil if there is one, and says so. */
bool pack_nil (struct pack_in *in);
/* One whole value of any type, checked to its depths; returns its bytes. */
struct span pack_any (struct pack_in *in);
/* The same, for a value that stands inside `outer` arrays or maps already. */
struct span pack_nested (struct pack_in *in, size_t outer);
/* The next key of a map: must sort after `last`, which is updated. Start with
 * an empty span. Keys are 1 to 64 bytes. */
struct span pack_key (struct pack_in *in, struct span *last);
/* Whether all went well and nothing is left. */
bool pack_done (const struct pack_in *in);
/* Whether `bytes` is one canonical value. */
bool pack_canonical (struct span bytes);

/* A growing buffer and msgpack-c's packer. Running out of memory ends the
 * process: recovery is from the journal. */
struct pack_out {
    msgpack_sbuffer buf;
    msgpack_packer pk;
};

void pack_init (struct pack_out *out);
void pack_free (struct pack_out *out);
void pack_reset (struct pack_out *out);
struct span pack_result (const struct pack_out *out); /* borrows, until the next write */
void pack_put_array (struct pack_out *out, size_t count);
void pack_put_map (struct pack_out *out, size_t count);
void pack_put_uint (struct pack_out *out, uint64_t value);
void pack_put_int (struct pack_out *out, int64_t value);
void pack_put_bool (struct pack_out *out, bool value);
void pack_put_nil (struct pack_out *out);
void pack_put_str (struct pack_out *out, struct span text);
void pack_put_text (struct pack_out *out, const char *text);
void pack_put_bin (struct pack_out *out, struct span bytes);
void pack_put_raw (struct pack_out *out, struct span canonical); /* already packed */

#endif
