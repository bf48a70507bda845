/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hierarchy for tests: root keys, parties, and everything that is signed, each with
 * one call. Keys come from names, so two worlds made alike are alike byte for byte.
 * All spans live as long as the world.
 *
 *     struct world *w = world_new (1, 1);
 *     struct actor *pk = world_party (w, "pk", "national", NULL);
 *     struct actor *sindh = world_party (w, "pk.sindh", "provincial", "government");
 *     struct draft draft = world_draft (sindh, "note", "pk");
 *     struct span bytes = world_send (sindh, &draft);
 */
#ifndef CERTBUS_SUPPORT_TRUST_H
#define CERTBUS_SUPPORT_TRUST_H

#include "bus/core/directory.h"

#define WORLD_NOW INT64_C (1760000000000)
#define WORLD_DAY INT64_C (86400000)

struct actor {
    struct world *world;
    struct actor *parent; /* who enrolled it; NULL: the root keys */
    char name[PARTY_MAX + 1];
    uint8_t sign_key[KEY_SIZE], seal_key[KEY_SIZE], link_key[KEY_SIZE];
    uint8_t secret[SECRET_SIZE];  /* of sign_key */
    struct credential credential; /* as it was signed; borrows */
    struct epoch epoch;
    int64_t seq; /* of its last message */
};

struct world;

/* A root file, version 1, of the party "pk", with `threshold` of `keys` keys. */
struct world *world_new (size_t threshold, size_t keys);
void world_free (struct world **self);
/* Bytes that live as long as the world. */
struct span world_keep (struct world *w, struct span bytes);

struct span world_root (const struct world *w); /* the root file's statement */
/* Makes the next root file, signed by the old keys and by as many new ones, and goes on with these. */
struct span world_next_root (struct world *w, size_t threshold, size_t keys);
/* `body` as a statement that the first `signatures` root keys signed; 0: the threshold. */
struct span world_root_signs (struct world *w, struct span body, enum cb_purpose purpose,
                              size_t signatures);

/* Keys for a name, and a credential with broad rights to grant from the party above it,
 * which must exist. `sectors`: "energy,health", sorted; NULL: none. */
struct actor *world_party (struct world *w, const char *name, const char *role,
                           const char *sectors);
/* The same in two steps: what world_party would sign, to change; then issue it. */
struct actor *world_actor (struct world *w, const char *name);
struct credential world_credential (struct actor *actor, const char *role, const char *sectors);
struct span world_issue (struct actor *actor, const struct credential *c);
/* Other keys for the same name, from `seed`. */
void world_rekey (struct actor *actor, const char *seed);
/* Packs a credential and signs it by whom one says. */
struct world_sign {
    enum cb_purpose purpose;
    const struct actor *by; /* NULL: the root keys */
    const struct hash *as;  /* NULL: the hash of its current credential */
    const uint8_t *secret;  /* NULL: its own */
};
struct span world_sign_credential (struct world *w, const struct credential *c,
                                   const struct world_sign *signs, size_t count);

/* Puts root file and all credentials of the world into a directory; the test fails if not. */
struct directory *world_directory (struct world *w);

/* A policy with one grant: every role, every kind, to everyone; sectors energy and health. */
struct span world_policy (struct world *w, uint32_t version);
struct span world_policy_of (struct world *w, const struct policy *fields);

/* A live, routine, TLP:CLEAR message of kind `kind` with the body {"text": "..."}, to one term
 * (more can be added to `audience`), issued at WORLD_NOW. */
struct draft world_draft (struct actor *actor, const char *kind, const char *to);
/* Numbers, signs and packs: one message alone, or a batch under one signature. */
struct span world_send (struct actor *actor, struct draft *draft);
void world_send_batch (struct actor *actor, struct draft *drafts, size_t count, struct span *out);
/* The same envelope with the approval of an officer, whose key comes from the name. */
struct span world_approve (struct world *w, struct span envelope, const char *officer);

#endif
