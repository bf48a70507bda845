/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential.h - root files, credentials, enrolment requests, revocations
 *
 * The model is that of The Update Framework (TUF 1.0.33: offline roots with a
 * threshold, versions, freshness) laid over a tree of delegations that only
 * narrow. Decoded structures borrow from the bytes they were read from.
 */
#ifndef CERTBUS_CREDENTIAL_H
#define CERTBUS_CREDENTIAL_H

#include "bus/core/envelope.h"
#include "bus/core/statement.h"

#define ROOT_KEYS_MAX      16
#define ROLES_MAX          16
#define SECTORS_MAX        32
#define TITLE_MAX          128
#define ENDPOINTS_MAX      8
#define ENDPOINT_MAX       128
#define GENERATION_MAX     1000000
#define BUNDLE_CHAIN       2048
#define PROPOSAL_CHAIN     64 /* of a party alone, without children */
#define REVOCATION_WHY_MAX 256

/* A list of labels; "*" alone means any. */
struct labels {
    size_t count;
    struct span at[SECTORS_MAX];
};

bool labels_have (const struct labels *list, struct span label);
bool labels_within (const struct labels *inner, const struct labels *outer);

struct root_file {
    struct statement st;
    uint32_t version;
    struct hash previous; /* zero for version 1 */
    int64_t issued, expires;
    struct span top; /* the top party's name */
    size_t threshold, count;
    const uint8_t *keys[ROOT_KEYS_MAX];
};

/* Form, and that at least `threshold` of its own keys signed it. */
enum cb_reason root_parse (struct root_file *root, struct span bytes);
/* Whether `next` follows `root`: next version, right previous hash, same top,
 * signed by the old threshold too. */
bool root_follows (const struct root_file *root, const struct root_file *next);
/* How many different root keys signed `st` for `purpose`. */
size_t root_signatures (const struct root_file *root, const struct statement *st,
                        enum cb_purpose purpose);
/* Packs the body of a root file. */
struct root_spec {
    uint32_t version;
    struct hash previous;
    int64_t issued, expires;
    struct span top;
    size_t threshold, count;
    uint8_t keys[ROOT_KEYS_MAX][KEY_SIZE];
};
void root_pack (struct pack_out *out, const struct root_spec *spec);

/* What a holder may grant in turn. depth 0: nothing. */
struct grants {
    struct labels roles, sectors;
    uint32_t children, depth;
    int64_t latest;
};

struct credential {
    struct statement st; /* st.hash is what an envelope refers to */
    struct span name, title, role;
    struct labels sectors;
    const uint8_t *sign_key; /* Ed25519 */
    const uint8_t *seal_key; /* X25519 */
    const uint8_t *link_key; /* X25519, CurveZMQ */
    uint32_t generation;
    const struct hash *previous; /* credential of the generation before; NULL: the first */
    int64_t issued, not_before, not_after;
    struct grants may;
    const struct hash *issuer; /* credential of the issuer; NULL: the root keys */
    struct span formerly;      /* the name before a move; empty: none */
};

bool credential_parse (struct credential *c, struct span bytes);
/* For the issuer to fill and sign. Same fields, owned by the caller. */
void credential_pack (struct pack_out *out, const struct credential *c);
/* Whether `c` grants no more than `issuer` may grant, by name, role, sectors,
 * depth and dates. Signatures are the directory's business. */
bool credential_narrows (const struct credential *c, const struct credential *issuer);

/* Whether a good one had to be countersigned to follow the one before: its keys were lost, or the
 * party was moved. Without that signature the keys before did vouch for it. */
bool credential_again (const struct credential *c);

/* A request to be enrolled. The three keys are Ed25519 keys, each of which has
 * signed it; the X25519 forms of the last two go into the credential. */
struct enrolment {
    struct statement st;
    struct span name, title;
    const uint8_t *sign_key, *seal_key, *link_key;
    uint8_t seal_x25519[KEY_SIZE], link_x25519[KEY_SIZE];
    const struct hash *previous; /* credential that it succeeds; NULL: none */
    size_t endpoint_count;
    struct span endpoints[ENDPOINTS_MAX];
    int64_t made;
};

/* OK, MALFORMED, or BAD_SIGNATURE when one key's possession is not proved. */
enum cb_reason enrolment_parse (struct enrolment *e, struct span bytes);
void enrolment_pack (struct pack_out *out, const struct enrolment *e);

/* What `join` takes: everything that a new party needs to start, in one file. */
struct bundle {
    struct span root;   /* statement */
    struct span policy; /* statement */
    size_t chain_count; /* credentials, top party's first, the joiner's last */
    struct span chain[BUNDLE_CHAIN];
    size_t endpoint_count; /* of the parent */
    struct span endpoints[ENDPOINTS_MAX];
};

bool bundle_parse (struct bundle *b, struct span bytes);
void bundle_pack (struct pack_out *out, const struct bundle *b);

/* Body of a `revocation` message; for the top party's own credential the same
 * bytes as a statement that root keys signed. */
struct revocation {
    struct span party;
    const struct hash *credential;
    struct span why;
    /* The last message under it that still counts; seq 0: none was named, all
     * that was taken in before the revocation stands. */
    struct epoch last_epoch;
    int64_t last_seq;
    bool disputed; /* what was taken in after `last` is marked disputed */
};

/* The body of the statement. */
bool revocation_parse (struct revocation *r, struct span body);
void revocation_pack (struct pack_out *out, const struct revocation *r);

#endif
