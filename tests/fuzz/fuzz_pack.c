/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader accepts has one encoding: packed again value by value it is the same bytes. */
#include "bus/core/pack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void copy_value (struct pack_in *in, struct pack_out *out);

static void copy_int (struct pack_in *in, struct pack_out *out)
{
    struct pack_in again = *in;
    uint64_t value = pack_uint (in, 0, UINT64_MAX);
    if (!in->bad) {
        pack_put_uint (out, value);
        return;
    }
    *in = again;
    pack_put_int (out, pack_int (in, INT64_MIN, -1));
}

static void copy_map (struct pack_in *in, struct pack_out *out)
{
    struct span last = span_bytes (NULL, 0);
    size_t count = pack_map (in, SIZE_MAX);
    pack_put_map (out, count);
    for (size_t i = 0; i < count; i++) {
        pack_put_str (out, pack_key (in, &last));
        copy_value (in, out);
    }
}

static void copy_array (struct pack_in *in, struct pack_out *out)
{
    size_t count = pack_array (in, 0, SIZE_MAX);
    pack_put_array (out, count);
    for (size_t i = 0; i < count; i++)
        copy_value (in, out);
}

static void copy_value (struct pack_in *in, struct pack_out *out)
{
    switch (pack_peek (in)) {
    case PACK_NIL:
        pack_nil (in);
        pack_put_nil (out);
        break;
    case PACK_BOOL: pack_put_bool (out, pack_bool (in)); break;
    case PACK_INT: copy_int (in, out); break;
    case PACK_STR: pack_put_str (out, pack_str (in, 0, SIZE_MAX)); break;
    case PACK_BIN: pack_put_bin (out, pack_bin (in, 0, SIZE_MAX)); break;
    case PACK_ARRAY: copy_array (in, out); break;
    case PACK_MAP: copy_map (in, out); break;
    case PACK_END: abort ();
    }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct pack_in in = pack_open (span_bytes (data, size));
    struct span value = pack_any (&in);
    if (pack_canonical (span_bytes (data, size)) != pack_done (&in))
        abort ();
    if (in.bad)
        return 0;

    struct pack_out out;
    pack_init (&out);
    struct pack_in again = pack_open (value);
    copy_value (&again, &out);
    if (!pack_done (&again) || !span_equal (pack_result (&out), value))
        abort ();
    pack_free (&out);
    return 0;
}
