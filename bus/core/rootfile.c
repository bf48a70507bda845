/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/fields.h"

#include <stdlib.h>
#include <string.h>

#define ROOT_FIELDS 9

static const struct hash ZERO;

static bool read_keys (struct pack_in *in, struct root_file *root)
{
    struct span keys = pack_bin (in, KEY_SIZE, (size_t) ROOT_KEYS_MAX * KEY_SIZE);
    if (in->bad || keys.size % KEY_SIZE)
        return false;
    root->count = keys.size / KEY_SIZE;
    for (size_t i = 0; i < root->count; i++) {
        root->keys[i] = keys.data + i * KEY_SIZE;
        if (i && memcmp (root->keys[i - 1], root->keys[i], KEY_SIZE) >= 0)
            return false;
    }
    return root->threshold <= root->count;
}

static bool read_body (struct root_file *root)
{
    struct pack_in in;
    fields_open (&in, root->st.body, ROOT_FIELDS, "root");
    root->version = (uint32_t) pack_uint (&in, 1, UINT32_MAX);
    const struct hash *previous = fields_hash_or_nil (&in);
    root->issued = fields_time (&in);
    /* Never 0, which is how `expires` says that there was a nil. */
    root->expires = pack_nil (&in) ? 0 : pack_int (&in, 1, TIME_MAX);
    root->top = fields_label (&in);
    root->threshold = (size_t) pack_uint (&in, 1, ROOT_KEYS_MAX);
    if (!read_keys (&in, root) || !pack_done (&in))
        return false;
    root->previous = previous ? *previous : ZERO;
    return (root->version > 1) == (previous != NULL);
}

enum cb_reason root_parse (struct root_file *root, struct span bytes)
{
    if (!statement_parse (&root->st, bytes) || !read_body (root))
        return CB_MALFORMED;
    return root_signatures (root, &root->st, CB_PURPOSE_ROOT) >= root->threshold ? CB_OK : CB_TRUST;
}

size_t root_signatures (const struct root_file *root, const struct statement *st,
                        enum cb_purpose purpose)
{
    size_t signatures = 0;
    for (size_t i = 0; i < root->count; i++) {
        struct hash signer;
        memcpy (signer.bytes, root->keys[i], KEY_SIZE);
        signatures += statement_signed (st, purpose, &signer, root->keys[i]);
    }
    return signatures;
}

bool root_follows (const struct root_file *root, const struct root_file *next)
{
    return next->version - 1 == root->version && hash_equal (&next->previous, &root->st.hash) &&
           span_equal (next->top, root->top) &&
           root_signatures (root, &next->st, CB_PURPOSE_ROOT) >= root->threshold;
}

static int by_key (const void *a, const void *b)
{
    return memcmp (a, b, KEY_SIZE);
}

void root_pack (struct pack_out *out, const struct root_spec *spec)
{
    uint8_t keys[ROOT_KEYS_MAX][KEY_SIZE];
    memcpy (keys, spec->keys, spec->count * KEY_SIZE);
    qsort (keys, spec->count, KEY_SIZE, by_key);

    fields_begin (out, ROOT_FIELDS, "root");
    pack_put_uint (out, spec->version);
    fields_put_hash (out, spec->version > 1 ? &spec->previous : NULL);
    pack_put_int (out, spec->issued);
    if (spec->expires)
        pack_put_int (out, spec->expires);
    else
        pack_put_nil (out);
    pack_put_str (out, spec->top);
    pack_put_uint (out, spec->threshold);
    pack_put_bin (out, span_bytes (keys, spec->count * KEY_SIZE));
}
