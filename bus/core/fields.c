/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/fields.h"

#define STATEMENT_VERSION 1
#define TYPE_MAX          32

void fields_open (struct pack_in *in, struct span body, size_t count, const char *type)
{
    *in = pack_open (body);
    pack_array (in, count, count);
    pack_uint (in, STATEMENT_VERSION, STATEMENT_VERSION);
    if (!span_is (pack_str (in, 1, TYPE_MAX), type))
        in->bad = true;
}

void fields_begin (struct pack_out *out, size_t count, const char *type)
{
    pack_put_array (out, count);
    pack_put_uint (out, STATEMENT_VERSION);
    pack_put_text (out, type);
}

int64_t fields_time (struct pack_in *in)
{
    return pack_int (in, 0, TIME_MAX);
}

struct span fields_label (struct pack_in *in)
{
    struct span label = pack_str (in, 1, SECTOR_MAX);
    if (!label_valid (label))
        in->bad = true;
    return label;
}

struct span fields_role (struct pack_in *in)
{
    struct span role = pack_str (in, 1, SECTOR_MAX);
    if (!label_valid (role) && !span_is (role, "*"))
        in->bad = true;
    return role;
}

struct span fields_party (struct pack_in *in)
{
    struct span name = pack_str (in, 1, PARTY_MAX);
    if (!party_valid (name))
        in->bad = true;
    return name;
}

struct span fields_party_or_nil (struct pack_in *in)
{
    return pack_nil (in) ? span_bytes (NULL, 0) : fields_party (in);
}

const struct hash *fields_hash (struct pack_in *in)
{
    return (const struct hash *) pack_fixed (in, HASH_SIZE);
}

const struct hash *fields_hash_or_nil (struct pack_in *in)
{
    return pack_nil (in) ? NULL : fields_hash (in);
}

void fields_labels (struct pack_in *in, struct labels *list, size_t min, size_t max, bool any)
{
    list->count = pack_array (in, min, max);
    for (size_t i = 0; i < list->count && !in->bad; i++) {
        list->at[i] = pack_str (in, 1, SECTOR_MAX);
        bool star = any && list->count == 1 && span_is (list->at[i], "*");
        if ((!star && !label_valid (list->at[i])) ||
            (i && span_compare (list->at[i - 1], list->at[i]) >= 0))
            in->bad = true;
    }
}

size_t fields_endpoints (struct pack_in *in, struct span at[ENDPOINTS_MAX])
{
    size_t count = pack_array (in, 0, ENDPOINTS_MAX);
    for (size_t i = 0; i < count; i++)
        at[i] = pack_str (in, 1, ENDPOINT_MAX);
    return count;
}

void fields_put_hash (struct pack_out *out, const struct hash *hash)
{
    if (hash)
        pack_put_bin (out, span_bytes (hash->bytes, HASH_SIZE));
    else
        pack_put_nil (out);
}

void fields_put_key (struct pack_out *out, const uint8_t key[KEY_SIZE])
{
    pack_put_bin (out, span_bytes (key, KEY_SIZE));
}

void fields_put_text (struct pack_out *out, struct span text)
{
    if (text.size)
        pack_put_str (out, text);
    else
        pack_put_nil (out);
}

void fields_put_list (struct pack_out *out, const struct span *at, size_t count)
{
    pack_put_array (out, count);
    for (size_t i = 0; i < count; i++)
        pack_put_str (out, at[i]);
}

void fields_put_labels (struct pack_out *out, const struct labels *list)
{
    fields_put_list (out, list->at, list->count);
}
