/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/fields.h"

#include <sodium.h>
#include <string.h>

#define ENROLMENT_FIELDS  10
#define BUNDLE_FIELDS     6
#define REVOCATION_FIELDS 7
#define LAST_FIELDS       3

static bool proves_possession (const struct statement *st, const uint8_t key[KEY_SIZE])
{
    struct hash signer;
    memcpy (signer.bytes, key, KEY_SIZE);
    return statement_signed (st, CB_PURPOSE_ENROLMENT, &signer, key);
}

/* One key in two places would prove itself twice with one signature. */
static bool keys_differ (const struct enrolment *e)
{
    return memcmp (e->sign_key, e->seal_key, KEY_SIZE) != 0 &&
           memcmp (e->seal_key, e->link_key, KEY_SIZE) != 0 &&
           memcmp (e->link_key, e->sign_key, KEY_SIZE) != 0;
}

enum cb_reason enrolment_parse (struct enrolment *e, struct span bytes)
{
    if (!statement_parse (&e->st, bytes))
        return CB_MALFORMED;
    struct pack_in in;
    fields_open (&in, e->st.body, ENROLMENT_FIELDS, "enrolment");
    e->name = fields_party (&in);
    e->title = pack_str (&in, 1, TITLE_MAX);
    e->sign_key = pack_fixed (&in, KEY_SIZE);
    e->seal_key = pack_fixed (&in, KEY_SIZE);
    e->link_key = pack_fixed (&in, KEY_SIZE);
    e->previous = fields_hash_or_nil (&in);
    e->endpoint_count = fields_endpoints (&in, e->endpoints);
    e->made = fields_time (&in);
    if (!pack_done (&in) || !keys_differ (e))
        return CB_MALFORMED;
    if (!proves_possession (&e->st, e->sign_key) || !proves_possession (&e->st, e->seal_key) ||
        !proves_possession (&e->st, e->link_key) ||
        crypto_sign_ed25519_pk_to_curve25519 (e->seal_x25519, e->seal_key) != 0 ||
        crypto_sign_ed25519_pk_to_curve25519 (e->link_x25519, e->link_key) != 0)
        return CB_BAD_SIGNATURE;
    return CB_OK;
}

void enrolment_pack (struct pack_out *out, const struct enrolment *e)
{
    fields_begin (out, ENROLMENT_FIELDS, "enrolment");
    pack_put_str (out, e->name);
    pack_put_str (out, e->title);
    fields_put_key (out, e->sign_key);
    fields_put_key (out, e->seal_key);
    fields_put_key (out, e->link_key);
    fields_put_hash (out, e->previous);
    fields_put_list (out, e->endpoints, e->endpoint_count);
    pack_put_int (out, e->made);
}

bool bundle_parse (struct bundle *b, struct span bytes)
{
    struct pack_in in;
    fields_open (&in, bytes, BUNDLE_FIELDS, "bundle");
    b->root = pack_bin (&in, 1, STATEMENT_MAX);
    b->policy = pack_bin (&in, 1, STATEMENT_MAX);
    b->chain_count = pack_array (&in, 1, BUNDLE_CHAIN);
    for (size_t i = 0; i < b->chain_count; i++)
        b->chain[i] = pack_bin (&in, 1, STATEMENT_MAX);
    b->endpoint_count = fields_endpoints (&in, b->endpoints);
    return pack_done (&in);
}

void bundle_pack (struct pack_out *out, const struct bundle *b)
{
    fields_begin (out, BUNDLE_FIELDS, "bundle");
    pack_put_bin (out, b->root);
    pack_put_bin (out, b->policy);
    pack_put_array (out, b->chain_count);
    for (size_t i = 0; i < b->chain_count; i++)
        pack_put_bin (out, b->chain[i]);
    fields_put_list (out, b->endpoints, b->endpoint_count);
}

bool revocation_parse (struct revocation *r, struct span body)
{
    struct pack_in in;
    fields_open (&in, body, REVOCATION_FIELDS, "revocation");
    r->party = fields_party (&in);
    r->credential = fields_hash (&in);
    r->why = pack_str (&in, 1, REVOCATION_WHY_MAX);
    r->last_epoch = (struct epoch){ .counter = 0 };
    r->last_seq = 0;
    if (!pack_nil (&in)) {
        pack_array (&in, LAST_FIELDS, LAST_FIELDS);
        r->last_epoch.counter = (uint32_t) pack_uint (&in, 1, UINT32_MAX);
        r->last_epoch.nonce = pack_uint (&in, 0, UINT64_MAX);
        r->last_seq = pack_int (&in, 1, SEQ_MAX);
    }
    r->disputed = pack_bool (&in);
    return pack_done (&in);
}

void revocation_pack (struct pack_out *out, const struct revocation *r)
{
    fields_begin (out, REVOCATION_FIELDS, "revocation");
    pack_put_str (out, r->party);
    fields_put_hash (out, r->credential);
    pack_put_str (out, r->why);
    if (r->last_seq) {
        pack_put_array (out, LAST_FIELDS);
        pack_put_uint (out, r->last_epoch.counter);
        pack_put_uint (out, r->last_epoch.nonce);
        pack_put_int (out, r->last_seq);
    } else
        pack_put_nil (out);
    pack_put_bool (out, r->disputed);
}
