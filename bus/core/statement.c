/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/statement.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE_FIELDS 3

static bool purpose_known (uint64_t purpose)
{
    switch (purpose) {
#define CB_X(NAME, number, ...) case number:
        CB_PURPOSES (CB_X)
#undef CB_X
        return true;
    default: return false;
    }
}

static int order (enum cb_purpose a, const uint8_t *signer_a, enum cb_purpose b,
                  const uint8_t *signer_b)
{
    return a != b ? (a > b) - (a < b) : memcmp (signer_a, signer_b, HASH_SIZE);
}

bool statement_parse (struct statement *s, struct span bytes)
{
    s->bytes = bytes;
    s->count = 0;
    if (bytes.size > STATEMENT_MAX)
        return false;
    struct pack_in in = pack_open (bytes);
    pack_array (&in, 2, 2);
    s->body = pack_bin (&in, 1, STATEMENT_MAX);
    size_t count = pack_array (&in, 1, STATEMENT_SIGS);
    for (size_t i = 0; i < count; i++) {
        pack_array (&in, SIGNATURE_FIELDS, SIGNATURE_FIELDS);
        uint64_t purpose = pack_uint (&in, 0, UINT32_MAX);
        const uint8_t *signer = pack_fixed (&in, HASH_SIZE);
        s->sigs[i].sig = pack_fixed (&in, SIG_SIZE);
        if (in.bad || !purpose_known (purpose))
            return false;
        s->sigs[i].purpose = (enum cb_purpose) purpose;
        memcpy (s->sigs[i].signer.bytes, signer, HASH_SIZE);
        if (i && order (s->sigs[i - 1].purpose, s->sigs[i - 1].signer.bytes, s->sigs[i].purpose,
                        signer) >= 0)
            return false;
    }
    if (!pack_done (&in) || !pack_canonical (s->body))
        return false;
    s->count = count;
    s->hash = hash_leaf (s->body);
    return true;
}

bool statement_signed (const struct statement *s, enum cb_purpose purpose,
                       const struct hash *signer, const uint8_t key[KEY_SIZE])
{
    for (size_t i = 0; i < s->count; i++)
        if (s->sigs[i].purpose == purpose && hash_equal (&s->sigs[i].signer, signer))
            return proof_verify (purpose, signer, 1, &s->hash, key, s->sigs[i].sig);
    return false;
}

struct statement_sig statement_sign (struct span body, enum cb_purpose purpose,
                                     const struct hash *signer, const uint8_t secret[SECRET_SIZE])
{
    struct statement_sig made = { .purpose = purpose, .signer = *signer };
    struct hash root = hash_leaf (body);
    proof_sign (purpose, signer, 1, &root, secret, made.sig);
    return made;
}

static int by_purpose_and_signer (const void *a, const void *b)
{
    const struct statement_sig *left = a, *right = b;
    return order (left->purpose, left->signer.bytes, right->purpose, right->signer.bytes);
}

void statement_pack (struct pack_out *out, struct span body, struct statement_sig *sigs,
                     size_t count)
{
    assert (count >= 1 && count <= STATEMENT_SIGS);
    qsort (sigs, count, sizeof sigs[0], by_purpose_and_signer);
    pack_put_array (out, 2);
    pack_put_bin (out, body);
    pack_put_array (out, count);
    for (size_t i = 0; i < count; i++) {
        pack_put_array (out, SIGNATURE_FIELDS);
        pack_put_uint (out, sigs[i].purpose);
        pack_put_bin (out, span_bytes (sigs[i].signer.bytes, HASH_SIZE));
        pack_put_bin (out, span_bytes (sigs[i].sig, SIG_SIZE));
    }
}

bool statement_add (struct pack_out *out, const struct statement *s,
                    const struct statement_sig *sig)
{
    struct statement_sig sigs[STATEMENT_SIGS];
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->sigs[i].purpose == sig->purpose && hash_equal (&s->sigs[i].signer, &sig->signer))
            continue;
        sigs[count].purpose = s->sigs[i].purpose;
        sigs[count].signer = s->sigs[i].signer;
        memcpy (sigs[count++].sig, s->sigs[i].sig, SIG_SIZE);
    }
    if (count == STATEMENT_SIGS)
        return false;
    sigs[count++] = *sig;
    statement_pack (out, s->body, sigs, count);
    return true;
}
