/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/schema.h"
#include "bus/core/trust.h"

#include <string.h>

#define NONCE_SIZE 8

void trust_body_statement (struct pack_out *out, const char *field, struct span statement)
{
    pack_put_map (out, 1);
    pack_put_text (out, field);
    pack_put_bin (out, statement);
}

static void put_last (struct pack_out *out, const struct revocation *r)
{
    uint8_t nonce[NONCE_SIZE];
    for (size_t i = 0; i < NONCE_SIZE; i++)
        nonce[i] = (uint8_t) (r->last_epoch.nonce >> (8 * (NONCE_SIZE - 1 - i)));
    pack_put_text (out, "last_epoch");
    pack_put_uint (out, r->last_epoch.counter);
    pack_put_text (out, "last_nonce");
    pack_put_bin (out, span_bytes (nonce, sizeof nonce));
    pack_put_text (out, "last_seq");
    pack_put_int (out, r->last_seq);
}

void trust_body_revocation (struct pack_out *out, const struct revocation *r, struct span statement)
{
    pack_put_map (out, 4 + (r->last_seq ? 3u : 0) + (statement.size ? 1u : 0));
    pack_put_text (out, "credential");
    pack_put_bin (out, span_bytes (r->credential->bytes, HASH_SIZE));
    pack_put_text (out, "disputed");
    pack_put_bool (out, r->disputed);
    if (r->last_seq)
        put_last (out, r);
    pack_put_text (out, "party");
    pack_put_str (out, r->party);
    if (statement.size) {
        pack_put_text (out, "statement");
        pack_put_bin (out, statement);
    }
    pack_put_text (out, "why");
    pack_put_str (out, r->why);
}

void trust_body_head (struct pack_out *out, const struct head *head)
{
    pack_put_map (out, 4);
    pack_put_text (out, "policy_version");
    pack_put_uint (out, head->policy_version);
    pack_put_text (out, "revocations");
    pack_put_uint (out, head->revocations);
    pack_put_text (out, "revoked");
    pack_put_bin (out, span_bytes (head->revoked.bytes, HASH_SIZE));
    pack_put_text (out, "time");
    pack_put_int (out, head->time);
}

/* The three fields of `last` come together or not at all. */
static bool read_last (struct revocation *r, struct span body)
{
    struct span counter = body_field (body, "last_epoch");
    struct span nonce = body_field (body, "last_nonce");
    struct span seq = body_field (body, "last_seq");
    r->last_epoch = (struct epoch){ .counter = 0 };
    r->last_seq = 0;
    if (counter.size == 0 && nonce.size == 0 && seq.size == 0)
        return true;
    struct pack_in in = pack_open (counter);
    r->last_epoch.counter = (uint32_t) pack_uint (&in, 1, UINT32_MAX);
    bool good = pack_done (&in);
    in = pack_open (seq);
    r->last_seq = pack_int (&in, 1, SEQ_MAX);
    good = good && pack_done (&in);
    in = pack_open (nonce);
    const uint8_t *bytes = pack_fixed (&in, NONCE_SIZE);
    for (size_t i = 0; bytes && i < NONCE_SIZE; i++)
        r->last_epoch.nonce = r->last_epoch.nonce << 8 | bytes[i];
    return good && pack_done (&in);
}

bool trust_read_revocation (struct revocation *r, struct span *statement, struct span body)
{
    struct span hash = body_bytes (body, "credential");
    struct pack_in disputed = pack_open (body_field (body, "disputed"));
    r->party = body_text (body, "party");
    r->credential = (const struct hash *) hash.data;
    r->why = body_text (body, "why");
    r->disputed = pack_bool (&disputed);
    *statement = body_bytes (body, "statement");
    return hash.size == HASH_SIZE && party_valid (r->party) && r->why.size > 0 &&
           pack_done (&disputed) && read_last (r, body);
}

bool trust_read_head (struct head *head, struct span body)
{
    struct span revoked = body_bytes (body, "revoked");
    head->time = body_int (body, "time", -1);
    int64_t policy = body_int (body, "policy_version", -1);
    int64_t revocations = body_int (body, "revocations", -1);
    if (head->time < 0 || head->time > TIME_MAX || policy < 0 || policy > UINT32_MAX ||
        revocations < 0 || revocations > UINT32_MAX || revoked.size != HASH_SIZE)
        return false;
    head->policy_version = (uint32_t) policy;
    head->revocations = (uint32_t) revocations;
    memcpy (head->revoked.bytes, revoked.data, HASH_SIZE);
    return true;
}

bool trust_kind (struct span kind)
{
    return span_is (kind, "policy") || span_is (kind, "root") || span_is (kind, "enrolment") ||
           span_is (kind, "revocation") || span_is (kind, "head");
}
