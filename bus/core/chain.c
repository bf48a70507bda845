/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/trust.h"

/* docs/protocol.md, section 5.2: when a credential is good. */

static bool top_signed (const struct directory *directory, const struct credential *c,
                        enum cb_purpose purpose)
{
    const struct root_file *root = directory_root_file (directory);
    return root && root_signatures (root, &c->st, purpose) >= root->threshold;
}

static enum cb_reason judge_issuer (const struct directory *directory, const struct credential *c)
{
    const struct root_file *root = directory_root_file (directory);
    if (!c->issuer) {
        bool top = root && span_equal (c->name, root->top);
        return top && top_signed (directory, c, CB_PURPOSE_CREDENTIAL) ? CB_OK : CB_CHAIN_BROKEN;
    }
    const struct entry *issuer = directory_by_hash (directory, c->issuer);
    if (!issuer)
        return CB_UNKNOWN_CREDENTIAL;
    if (!statement_signed (&c->st, CB_PURPOSE_CREDENTIAL, c->issuer, issuer->credential.sign_key))
        return CB_CHAIN_BROKEN;
    if (!credential_narrows (c, &issuer->credential))
        return CB_CHAIN_WIDENS;
    /* Whoever stole the key could issue with any date. */
    return issuer->revoked ? CB_REVOKED : CB_OK;
}

/* Whether a credential of `authority` that still counts has countersigned. */
static enum cb_reason countersigned (const struct directory *directory, const struct credential *c,
                                     struct span authority)
{
    enum cb_reason reason = CB_CHAIN_BROKEN;
    for (size_t i = 0; i < c->st.count; i++) {
        if (c->st.sigs[i].purpose != CB_PURPOSE_COUNTERSIGN)
            continue;
        const struct hash *signer = &c->st.sigs[i].signer;
        const struct entry *entry = directory_by_hash (directory, signer);
        if (!entry)
            reason = CB_UNKNOWN_CREDENTIAL;
        else if (span_equal (entry->credential.name, authority) && !entry->revoked &&
                 statement_signed (&c->st, CB_PURPOSE_COUNTERSIGN, signer,
                                   entry->credential.sign_key))
            return CB_OK;
    }
    return reason;
}

/* A re-enrolment: by the issuer's parent, which for the top party are the root keys. */
static enum cb_reason reenrolled (const struct directory *directory, const struct credential *c)
{
    struct span authority = party_parent (party_parent (c->name));
    if (authority.size == 0)
        return top_signed (directory, c, CB_PURPOSE_COUNTERSIGN) ? CB_OK : CB_CHAIN_BROKEN;
    return countersigned (directory, c, authority);
}

static enum cb_reason judge_succession (const struct directory *directory,
                                        const struct credential *c)
{
    if (!c->previous)
        return CB_OK;
    const struct entry *previous = directory_by_hash (directory, c->previous);
    if (previous) {
        const struct credential *before = &previous->credential;
        if ((!span_equal (before->name, c->name) && !span_equal (before->name, c->formerly)) ||
            before->generation + 1 != c->generation)
            return CB_CHAIN_BROKEN;
        if (statement_signed (&c->st, CB_PURPOSE_SUCCESSION, c->previous, before->sign_key))
            return CB_OK;
    }
    enum cb_reason reason = reenrolled (directory, c);
    return reason == CB_CHAIN_BROKEN && !previous ? CB_UNKNOWN_CREDENTIAL : reason;
}

static enum cb_reason judge_move (const struct directory *directory, const struct credential *c)
{
    if (c->formerly.size == 0)
        return CB_OK;
    struct span here = party_parent (c->name), there = party_parent (c->formerly);
    if (here.size == 0 || there.size == 0)
        return CB_CHAIN_BROKEN;
    /* A new name below the same parent has its signature already. */
    return span_equal (here, there) ? CB_OK : countersigned (directory, c, there);
}

enum cb_reason trust_credential (const struct directory *directory, const struct credential *c)
{
    enum cb_reason reason = judge_issuer (directory, c);
    if (reason == CB_OK)
        reason = judge_succession (directory, c);
    if (reason == CB_OK)
        reason = judge_move (directory, c);
    if (reason != CB_OK)
        return reason;
    if (directory_generation (directory, c->name, c->generation))
        return CB_NAME_TAKEN;
    return directory_key_free (directory, c) ? CB_OK : CB_KEY_TAKEN;
}

static bool same_party_next (const struct entry *current, const struct credential *draft)
{
    return draft->generation == current->credential.generation + 1 && draft->previous &&
           hash_equal (draft->previous, &current->credential.st.hash);
}

static bool outside_dates (const struct credential *issuer, const struct credential *draft)
{
    return draft->not_before > draft->not_after || draft->not_before < issuer->not_before ||
           draft->not_after > issuer->may.latest || draft->issued < issuer->not_before ||
           draft->issued > issuer->not_after ||
           (draft->may.depth && draft->may.latest > issuer->may.latest);
}

enum cb_reason directory_may_enrol (const struct directory *self, const struct entry *issuer,
                                    const struct credential *draft)
{
    const struct grants *may = &issuer->credential.may;
    const struct policy *policy = directory_policy_now (self);
    const struct entry *current = directory_by_name (self, draft->name);
    if (issuer->revoked)
        return CB_REVOKED;
    if (!party_valid (draft->name) ||
        !span_equal (party_parent (draft->name), issuer->credential.name))
        return CB_NOT_A_CHILD;
    if (current ? !same_party_next (current, draft) : draft->generation != 1)
        return CB_NAME_TAKEN;
    if (!directory_key_free (self, draft))
        return CB_KEY_TAKEN;
    if (may->depth == 0 || draft->may.depth >= may->depth)
        return CB_TOO_DEEP;
    if (!labels_have (&may->roles, draft->role) ||
        !labels_within (&draft->may.roles, &may->roles) ||
        (policy && !labels_have (&policy->roles, draft->role)))
        return CB_ROLE_NOT_GRANTED;
    if (!labels_within (&draft->sectors, &may->sectors) ||
        !labels_within (&draft->may.sectors, &may->sectors))
        return CB_SECTOR_NOT_GRANTED;
    if (draft->may.children > may->children ||
        (!current && directory_children (self, issuer->credential.name) >= may->children))
        return CB_TOO_MANY_CHILDREN;
    if (outside_dates (&issuer->credential, draft))
        return CB_CREDENTIAL_DATES;
    return credential_narrows (draft, &issuer->credential) ? CB_OK : CB_CHAIN_WIDENS;
}
