/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/attachment.h"

#include "bus/core/schema.h"

#include <string.h>

int64_t part_count (int64_t size)
{
    return (size + PART_SIZE - 1) / PART_SIZE;
}

int64_t part_bytes (int64_t size, int64_t index)
{
    int64_t left = size - index * PART_SIZE;
    return left < PART_SIZE ? left : PART_SIZE;
}

bool part_read (struct part *part, struct span body)
{
    struct span hash = body_bytes (body, "hash");
    *part = (struct part){ .size = body_int (body, "size", 0),
                           .count = body_int (body, "count", 0),
                           .index = body_int (body, "index", -1),
                           .content = body_bytes (body, "content") };
    if (hash.size != HASH_SIZE || part->size < 1 || part->size > ATTACHMENT_MAX)
        return false;
    memcpy (part->hash.bytes, hash.data, HASH_SIZE);
    return part->count == part_count (part->size) && part->index >= 0 &&
           part->index < part->count &&
           (int64_t) part->content.size == part_bytes (part->size, part->index);
}

void part_pack (struct pack_out *out, const struct part *part)
{
    pack_put_map (out, 5);
    pack_put_text (out, "content");
    pack_put_bin (out, part->content);
    pack_put_text (out, "count");
    pack_put_int (out, part->count);
    pack_put_text (out, "hash");
    pack_put_bin (out, span_bytes (part->hash.bytes, HASH_SIZE));
    pack_put_text (out, "index");
    pack_put_int (out, part->index);
    pack_put_text (out, "size");
    pack_put_int (out, part->size);
}

size_t attachments_read (struct span body, struct attachment out[ATTACHMENTS_MAX])
{
    struct pack_in in = pack_open (body_field (body, "attachments"));
    size_t given = pack_peek (&in) == PACK_ARRAY ? pack_array (&in, 0, ATTACHMENTS_MAX) : 0;
    size_t count = 0;
    for (; given > 0 && !in.bad; given--) {
        struct span one = pack_any (&in), hash = body_bytes (one, "hash");
        struct attachment *file = &out[count];
        file->name = body_text (one, "name");
        file->size = body_int (one, "size", -1);
        if (hash.size != HASH_SIZE || file->size < 0 || file->size > ATTACHMENT_MAX)
            continue;
        memcpy (file->hash.bytes, hash.data, HASH_SIZE);
        count++;
    }
    return count;
}
