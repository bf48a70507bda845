/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust.h - messages that change the directory, and the judgement of what they hold
 *
 * Kinds policy, root, enrolment, revocation and head (docs/protocol.md, section
 * 11). Their bodies are read here without a schema, by the names of their fields.
 */
#ifndef CERTBUS_TRUST_H
#define CERTBUS_TRUST_H

#include "bus/core/directory.h"

/* Each judges without changing anything. A version that is not newer is OK. */
enum cb_reason trust_root (const struct directory *directory, struct span statement);
/* Parses into `policy`, which borrows from `statement`. */
enum cb_reason trust_policy (const struct directory *directory, struct policy *policy,
                             struct span statement);
enum cb_reason trust_credential (const struct directory *directory, const struct credential *c);
/* Of these the first alone: that its issuer, which still counts, signed it and may grant it. */
enum cb_reason trust_issued (const struct directory *directory, const struct credential *c);
/* Of a credential in a bundle: a child of `self`, which joins with it, has to be countersigned by
 * the party above `self`, whatever else is known here. Others are OK. */
enum cb_reason trust_heir (const struct directory *directory, struct span self,
                           const struct credential *c);
/* Whether the keys of `before`, which is its previous one, vouch for `next`. */
bool trust_succeeds (const struct credential *next, const struct credential *before);
enum cb_reason trust_revocation (const struct directory *directory,
                                 const struct revocation *revocation, struct span by,
                                 struct span statement);

/* Whether messages of this kind change the directory. */
bool trust_kind (struct span kind);

/* Whether a message of one of these kinds holds what it must, signed as it must be,
 * and comes from whom it must: OK or TRUST. Other kinds are OK. */
enum cb_reason trust_check (const struct directory *directory, const struct envelope *e);

/* Applies a message that was accepted. Idempotent; other kinds, exercises and tests
 * are OK and change nothing. After a revocation the caller empties its proof cache. */
enum cb_reason directory_apply (struct directory *self, const struct envelope *e);

/* Bodies. The fields of policy and root are `statement`, of enrolment `credential`. */
void trust_body_statement (struct pack_out *out, const char *field, struct span statement);
void trust_body_revocation (struct pack_out *out, const struct revocation *r,
                            struct span statement); /* empty: not the top party's */
void trust_body_head (struct pack_out *out, const struct head *head);
bool trust_read_revocation (struct revocation *r, struct span *statement, struct span body);
bool trust_read_head (struct head *head, struct span body);

#endif
