/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory.h - who is who here: root, policy, credentials, revocations, the newest head
 *
 * Kept in memory, rebuilt at start from the journal in the order in which things
 * were taken (what was issued before a revocation stands, what comes after it does
 * not). Changed only by statements that verify. Keeps its own copies of all bytes.
 * Knows no time and no disk.
 */
#ifndef CERTBUS_DIRECTORY_H
#define CERTBUS_DIRECTORY_H

#include "bus/core/policy.h"

struct directory;

/* What is known of one credential. Owned by the directory, stable until it is freed. */
struct entry {
    struct credential credential;
    const struct entry *issuer; /* NULL: root keys */
    bool revoked;
    struct epoch last_epoch; /* what revocation or rotation named as the last good message */
    int64_t last_seq;        /* 0: none named */
    bool disputed;
    const struct entry *successor; /* the next generation of the same party */
};

/* What the top party signs every hour (the body of a `head` message). */
struct head {
    int64_t time;
    uint32_t policy_version;
    uint32_t revocations; /* how many there are */
    struct hash revoked;  /* over the sorted hashes of revoked credentials */
};

struct directory *directory_new (void);
void directory_free (struct directory **self);

/* Pins the first root file, or takes the one that follows. OK, OTHER_ROOT, TRUST. */
enum cb_reason directory_root (struct directory *self, struct span statement);
/* Borrowed until the next directory_root. NULL: none. */
const struct root_file *directory_root_file (const struct directory *self);

/* Takes a policy that the root keys signed and that is newer. An older or equal
 * version is OK and changes nothing. */
enum cb_reason directory_policy (struct directory *self, struct span statement);
/* Borrowed until the next directory_policy. NULL: none. */
const struct policy *directory_policy_now (const struct directory *self);

/* Verifies a credential against its issuer, which must be known, and keeps it.
 * One that is known already is OK and changes nothing, but that the countersignature of
 * the authority is added, once: `st.bytes` are others then. `out` may be NULL.
 * UNKNOWN_CREDENTIAL: one that it is proved by is not here yet; CHAIN_BROKEN,
 * CHAIN_WIDENS, KEY_TAKEN; NAME_TAKEN: another one of this party has the same
 * generation; REVOKED: its issuer's was; TOO_MANY_CHILDREN: more than
 * its issuer may enrol, or 100000 are known, a quarter of them below one child of the top. */
enum cb_reason directory_add (struct directory *self, struct span statement,
                              const struct entry **out);
const struct entry *directory_by_hash (const struct directory *self, const struct hash *hash);
/* The current generation of a party; a revoked one counts until it is succeeded. */
const struct entry *directory_by_name (const struct directory *self, struct span name);
/* The credential of one generation of a party; NULL: not known. */
const struct entry *directory_generation (const struct directory *self, struct span name,
                                          uint32_t generation);
/* When a party was enrolled: from when the first of its credentials that are known counts, ms UTC.
 * INT64_MAX: it is not known. */
int64_t directory_enrolled (const struct directory *self, struct span name);
/* Whether the keys differ from each other and none, in whatever role, is in use by
 * another party (its own former name is none). */
bool directory_key_free (const struct directory *self, const struct credential *c);

/* Calls `visit` for the current generation of each party at or below `top`, in
 * the order of names; stops when it returns false. */
typedef bool (*directory_visit) (const struct entry *entry, void *arg);
void directory_each (const struct directory *self, struct span top, directory_visit visit,
                     void *arg);
size_t directory_children (const struct directory *self, struct span party);

/* Calls `visit` for every credential that a verifier of `entry` needs, in an order
 * in which each can be added: those of the chain, with what proves their later
 * generations; `entry` itself last but for what is not needed before it. Stops
 * when it returns false. */
void directory_proof (struct directory *self, const struct entry *entry, directory_visit visit,
                      void *arg);

/* Takes the body of a revocation from `by`, which must be the issuer's party or
 * an ancestor of it. For the top party `statement` is signed by root keys. OK,
 * TRUST. One of a credential that is not known yet is kept until it comes. Of
 * several the strictest counts, in whatever order they come. The caller empties
 * its proof cache. */
enum cb_reason directory_revoke (struct directory *self, const struct revocation *revocation,
                                 struct span by, struct span statement);
/* How many are revoked, and the hash that a head states over them. */
void directory_revoked (const struct directory *self, uint32_t *count, struct hash *hash);

/* Takes a head of the top party; an older one changes nothing. */
void directory_head (struct directory *self, const struct head *head);
const struct head *directory_head_now (const struct directory *self); /* NULL: none */

/* Freezes or releases an origin that equivocated. */
void directory_freeze (struct directory *self, struct span origin, bool frozen);
bool directory_frozen (const struct directory *self, struct span origin);

/* Whether an audience term can exist: its party below the root, its sector in the policy. */
bool directory_term (const struct directory *self, const struct term *term);

/* Checks an enrolment request against what `issuer` may grant, before it signs:
 * name, keys, roles, sectors, how many children, depth, dates. Roles and sectors are
 * those of the policy, and the top party's role is for nobody else; a verifier asks
 * for neither, as policies change. `draft` is the credential that it is about to sign.
 * `detail` says what was refused and what is possible; may be empty. */
#define ENROL_DETAIL 512
enum cb_reason directory_may_enrol (const struct directory *self, const struct entry *issuer,
                                    const struct credential *draft, char detail[ENROL_DETAIL]);

#endif
