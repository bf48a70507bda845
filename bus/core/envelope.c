/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/envelope.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_FIELDS     21
#define PROOF_FIELDS       4
#define APPROVAL_FIELDS    3
#define REFERENCE_FIELDS   4
#define KIND_MAX           32
#define SCHEMA_VERSION_MAX 65535

bool epoch_equal (struct epoch a, struct epoch b)
{
    return a.counter == b.counter && a.nonce == b.nonce;
}

bool msg_id_equal (const struct msg_id *a, const struct msg_id *b)
{
    return a->seq == b->seq && epoch_equal (a->epoch, b->epoch) &&
           span_equal (a->origin, b->origin);
}

void msg_id_text (const struct msg_id *id, char text[ID_TEXT])
{
    snprintf (text, ID_TEXT, SPAN_FMT "/%" PRIu32 "-%" PRId64, SPAN_ARG (id->origin),
              id->epoch.counter, id->seq);
}

static struct epoch read_epoch (struct pack_in *in)
{
    struct epoch epoch;
    epoch.counter = (uint32_t) pack_uint (in, 1, UINT32_MAX);
    epoch.nonce = pack_uint (in, 0, UINT64_MAX);
    return epoch;
}

static struct span read_party (struct pack_in *in)
{
    struct span name = pack_str (in, 1, PARTY_MAX);
    if (!party_valid (name))
        in->bad = true;
    return name;
}

void msg_id_pack (struct pack_out *out, const struct msg_id *id)
{
    if (id->origin.size == 0) {
        pack_put_nil (out);
        return;
    }
    pack_put_array (out, REFERENCE_FIELDS);
    pack_put_str (out, id->origin);
    pack_put_uint (out, id->epoch.counter);
    pack_put_uint (out, id->epoch.nonce);
    pack_put_int (out, id->seq);
}

bool msg_id_read (struct pack_in *in, struct msg_id *id)
{
    *id = (struct msg_id){ .origin = span_bytes (NULL, 0) };
    if (pack_nil (in))
        return true;
    pack_array (in, REFERENCE_FIELDS, REFERENCE_FIELDS);
    id->origin = read_party (in);
    id->epoch = read_epoch (in);
    id->seq = pack_int (in, 1, SEQ_MAX);
    return !in->bad;
}

static void read_audience (struct pack_in *in, struct envelope *e)
{
    struct span last = span_bytes (NULL, 0);
    e->audience_count = pack_array (in, 1, AUDIENCE_MAX);
    for (size_t i = 0; i < e->audience_count && !in->bad; i++) {
        struct span text = pack_str (in, 1, TERM_MAX);
        if (!term_parse (&e->audience[i], text) || (i && span_compare (last, text) >= 0))
            in->bad = true;
        last = text;
    }
}

/* `after`: whole hashes in ascending order, so that a set has one encoding. */
static void read_after (struct pack_in *in, struct envelope *e)
{
    struct span heads = pack_bin (in, 0, (size_t) AFTER_MAX * HASH_SIZE);
    e->after = (const struct hash *) heads.data;
    e->after_count = heads.size / HASH_SIZE;
    if (heads.size % HASH_SIZE)
        in->bad = true;
    for (size_t i = 1; i < e->after_count; i++)
        if (memcmp (&e->after[i - 1], &e->after[i], HASH_SIZE) >= 0)
            in->bad = true;
}

static bool message_read (struct envelope *e)
{
    struct pack_in in = pack_open (e->signed_bytes);
    pack_array (&in, MESSAGE_FIELDS, MESSAGE_FIELDS);
    pack_uint (&in, ENVELOPE_VERSION, ENVELOPE_VERSION);
    e->kind = pack_str (&in, 1, KIND_MAX);
    e->id.origin = read_party (&in);
    e->credential = (const struct hash *) pack_fixed (&in, HASH_SIZE);
    pack_array (&in, 2, 2);
    e->id.epoch = read_epoch (&in);
    e->id.seq = pack_int (&in, 1, SEQ_MAX);
    read_audience (&in, e);
    e->precedence = (unsigned) pack_uint (&in, 0, CB_PRECEDENCES - 1);
    e->tlp = (unsigned) pack_uint (&in, CB_TLP_CLEAR, CB_TLP_END - 1);
    e->mode = (unsigned) pack_uint (&in, 0, CB_MODE_END - 1);
    msg_id_read (&in, &e->exercise);
    e->issued = pack_int (&in, 0, TIME_MAX);
    /* Never 0, which is how `expires` says that there was a nil. */
    e->expires = pack_nil (&in) ? 0 : pack_int (&in, e->issued ? e->issued : 1, TIME_MAX);
    msg_id_read (&in, &e->thread);
    read_after (&in, e);
    msg_id_read (&in, &e->replaces);
    e->climb = pack_nil (&in) ? span_bytes (NULL, 0) : read_party (&in);
    e->officer = pack_nil (&in) ? span_bytes (NULL, 0) : pack_str (&in, 1, OFFICER_MAX);
    e->schema = (uint32_t) pack_uint (&in, 1, SCHEMA_VERSION_MAX);
    e->salt = pack_fixed (&in, SALT_SIZE);
    bool map = pack_peek (&in) == PACK_MAP;
    e->body = pack_nested (&in, 1);
    return pack_done (&in) && map && label_valid (e->kind) &&
           (e->mode == CB_MODE_EXERCISE) == (e->exercise.origin.size > 0);
}

/* Size and index are taken as they are here: what is wrong with them is a bad
 * proof and not a malformed envelope. */
static void read_proof (struct pack_in *in, struct envelope *e, bool *fits)
{
    pack_array (in, PROOF_FIELDS, PROOF_FIELDS);
    uint64_t size = pack_uint (in, 0, UINT64_MAX);
    uint64_t index = pack_uint (in, 0, UINT64_MAX);
    struct span path = pack_bin (in, 0, (size_t) PROOF_PATH * HASH_SIZE);
    e->sig = pack_fixed (in, SIG_SIZE);
    e->path = path.data;
    e->path_count = path.size / HASH_SIZE;
    if (path.size % HASH_SIZE)
        in->bad = true;
    *fits = size <= PROOF_BATCH && index < size &&
            merkle_fits ((uint32_t) size, (uint32_t) index, e->path_count);
    e->tree_size = (uint32_t) size;
    e->tree_index = (uint32_t) index;
}

static void read_approvals (struct pack_in *in, struct envelope *e)
{
    e->approval_count = pack_array (in, 0, APPROVALS_MAX);
    for (size_t i = 0; i < e->approval_count; i++) {
        struct approval *a = &e->approvals[i];
        pack_array (in, APPROVAL_FIELDS, APPROVAL_FIELDS);
        a->officer = pack_str (in, 1, OFFICER_MAX);
        a->key = pack_fixed (in, KEY_SIZE);
        a->sig = pack_fixed (in, SIG_SIZE);
        if (i && span_compare (a[-1].officer, a->officer) >= 0)
            in->bad = true;
    }
}

enum cb_reason envelope_parse (struct envelope *e, struct span bytes)
{
    *e = (struct envelope){ .bytes = bytes };
    if (bytes.size > ENVELOPE_MAX)
        return CB_TOO_LARGE;
    bool fits = false;
    struct pack_in in = pack_open (bytes);
    pack_array (&in, 3, 3);
    e->signed_bytes = pack_bin (&in, 1, ENVELOPE_MAX);
    read_proof (&in, e, &fits);
    read_approvals (&in, e);
    if (!pack_done (&in) || !message_read (e))
        return CB_MALFORMED;
    if (!fits)
        return CB_BAD_PROOF;
    e->leaf = hash_leaf (e->signed_bytes);
    return CB_OK;
}

static int by_bytes (const void *a, const void *b)
{
    return span_compare (*(const struct span *) a, *(const struct span *) b);
}

static int by_hash (const void *a, const void *b)
{
    return memcmp (a, b, HASH_SIZE);
}

static void put_audience (struct pack_out *out, const struct draft *draft)
{
    struct span terms[AUDIENCE_MAX];
    memcpy (terms, draft->audience, draft->audience_count * sizeof terms[0]);
    qsort (terms, draft->audience_count, sizeof terms[0], by_bytes);
    pack_put_array (out, draft->audience_count);
    for (size_t i = 0; i < draft->audience_count; i++)
        pack_put_str (out, terms[i]);
}

static void put_after (struct pack_out *out, const struct draft *draft)
{
    struct hash heads[AFTER_MAX];
    memcpy (heads, draft->after, draft->after_count * sizeof heads[0]);
    qsort (heads, draft->after_count, sizeof heads[0], by_hash);
    pack_put_bin (out, span_bytes (heads, draft->after_count * sizeof heads[0]));
}

static void put_optional (struct pack_out *out, struct span text)
{
    if (text.size)
        pack_put_str (out, text);
    else
        pack_put_nil (out);
}

void draft_pack (const struct draft *draft, struct pack_out *out)
{
    pack_put_array (out, MESSAGE_FIELDS);
    pack_put_uint (out, ENVELOPE_VERSION);
    pack_put_str (out, draft->kind);
    pack_put_str (out, draft->id.origin);
    pack_put_bin (out, span_bytes (draft->credential.bytes, HASH_SIZE));
    pack_put_array (out, 2);
    pack_put_uint (out, draft->id.epoch.counter);
    pack_put_uint (out, draft->id.epoch.nonce);
    pack_put_int (out, draft->id.seq);
    put_audience (out, draft);
    pack_put_uint (out, draft->precedence);
    pack_put_uint (out, draft->tlp);
    pack_put_uint (out, draft->mode);
    msg_id_pack (out, &draft->exercise);
    pack_put_int (out, draft->issued);
    if (draft->expires)
        pack_put_int (out, draft->expires);
    else
        pack_put_nil (out);
    msg_id_pack (out, &draft->thread);
    put_after (out, draft);
    msg_id_pack (out, &draft->replaces);
    put_optional (out, draft->climb);
    put_optional (out, draft->officer);
    pack_put_uint (out, draft->schema);
    pack_put_bin (out, span_bytes (draft->salt, SALT_SIZE));
    pack_put_raw (out, draft->body);
}

void envelope_pack (struct pack_out *out, struct span signed_bytes, uint32_t tree_size,
                    uint32_t tree_index, const struct hash *path, size_t path_count,
                    const uint8_t sig[SIG_SIZE])
{
    pack_put_array (out, 3);
    pack_put_bin (out, signed_bytes);
    pack_put_array (out, PROOF_FIELDS);
    pack_put_uint (out, tree_size);
    pack_put_uint (out, tree_index);
    pack_put_bin (out, span_bytes (path, path_count * sizeof path[0]));
    pack_put_bin (out, span_bytes (sig, SIG_SIZE));
    pack_put_array (out, 0);
}
