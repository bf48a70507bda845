/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/trust.h"

#include "bus/core/schema.h"

#include <stdlib.h>

enum cb_reason trust_root (const struct directory *directory, struct span statement)
{
    const struct root_file *now = directory_root_file (directory);
    struct root_file next;
    if (root_parse (&next, statement) != CB_OK)
        return CB_TRUST;
    if (!now)
        return CB_OK;
    if (!span_equal (next.top, now->top))
        return CB_OTHER_ROOT;
    if (next.version < now->version)
        return CB_OK;
    if (next.version == now->version)
        return hash_equal (&next.st.hash, &now->st.hash) ? CB_OK : CB_OTHER_ROOT;
    if (next.version - 1 == now->version && !hash_equal (&next.previous, &now->st.hash))
        return CB_OTHER_ROOT;
    return root_follows (now, &next) ? CB_OK : CB_TRUST;
}

static bool by_root (const struct root_file *root, const struct statement *st,
                     enum cb_purpose purpose)
{
    return root && root_signatures (root, st, purpose) >= root->threshold;
}

enum cb_reason trust_policy (const struct directory *directory, struct policy *policy,
                             struct span statement)
{
    const struct policy *now = directory_policy_now (directory);
    if (!policy_parse (policy, statement))
        return CB_TRUST;
    /* An older one may be signed by root keys that are no longer. */
    if (now && policy->version <= now->version)
        return CB_OK;
    return by_root (directory_root_file (directory), &policy->st, CB_PURPOSE_POLICY) ? CB_OK
                                                                                     : CB_TRUST;
}

static bool same_last (const struct revocation *a, const struct revocation *b)
{
    return a->last_seq == b->last_seq &&
           (a->last_seq == 0 || epoch_equal (a->last_epoch, b->last_epoch));
}

/* The top party's: its message says what the root keys signed, and nothing else. */
static bool root_revokes (const struct directory *directory, const struct revocation *r,
                          struct span statement)
{
    struct statement st;
    struct revocation inner;
    return statement_parse (&st, statement) && revocation_parse (&inner, st.body) &&
           span_equal (inner.party, r->party) && hash_equal (inner.credential, r->credential) &&
           span_equal (inner.why, r->why) && same_last (&inner, r) &&
           inner.disputed == r->disputed &&
           by_root (directory_root_file (directory), &st, CB_PURPOSE_REVOCATION);
}

enum cb_reason trust_revocation (const struct directory *directory, const struct revocation *r,
                                 struct span by, struct span statement)
{
    const struct root_file *root = directory_root_file (directory);
    const struct entry *entry = directory_by_hash (directory, r->credential);
    if (!root || !party_within (r->party, root->top))
        return CB_TRUST;
    if (entry && !span_equal (entry->credential.name, r->party))
        return CB_TRUST;
    if (span_equal (r->party, root->top))
        return span_equal (by, root->top) && root_revokes (directory, r, statement) ? CB_OK
                                                                                    : CB_TRUST;
    return party_above (by, r->party) ? CB_OK : CB_TRUST;
}

static enum cb_reason check_enrolment (const struct directory *directory, const struct envelope *e)
{
    struct credential c;
    if (!credential_parse (&c, body_bytes (e->body, "credential")) ||
        !span_equal (party_parent (c.name), e->id.origin))
        return CB_TRUST;
    return directory_by_hash (directory, &c.st.hash) ? CB_OK : trust_credential (directory, &c);
}

static enum cb_reason check_policy (const struct directory *directory, const struct envelope *e)
{
    struct policy *policy = malloc (sizeof *policy);
    if (!policy)
        abort ();
    enum cb_reason reason = trust_policy (directory, policy, body_bytes (e->body, "statement"));
    free (policy);
    return reason;
}

enum cb_reason trust_check (const struct directory *directory, const struct envelope *e)
{
    const struct root_file *root = directory_root_file (directory);
    bool top = root && span_equal (e->id.origin, root->top);
    enum cb_reason reason = CB_OK;
    if (span_is (e->kind, "policy"))
        reason = top ? check_policy (directory, e) : CB_TRUST;
    else if (span_is (e->kind, "root"))
        reason = top ? trust_root (directory, body_bytes (e->body, "statement")) : CB_TRUST;
    else if (span_is (e->kind, "enrolment"))
        reason = check_enrolment (directory, e);
    else if (span_is (e->kind, "revocation")) {
        struct revocation r;
        struct span statement;
        reason = trust_read_revocation (&r, &statement, e->body)
                     ? trust_revocation (directory, &r, e->id.origin, statement)
                     : CB_TRUST;
    } else if (span_is (e->kind, "head")) {
        /* One from the future would keep every later one out. */
        struct head head;
        bool good = top && trust_read_head (&head, e->body) && head.time <= e->issued;
        reason = good ? CB_OK : CB_TRUST;
    }
    return reason == CB_OK ? CB_OK : CB_TRUST;
}

enum cb_reason directory_apply (struct directory *self, const struct envelope *e)
{
    if (e->mode != CB_MODE_LIVE)
        return CB_OK;
    enum cb_reason reason = trust_check (self, e);
    if (reason != CB_OK)
        return reason;
    if (span_is (e->kind, "policy"))
        return directory_policy (self, body_bytes (e->body, "statement"));
    if (span_is (e->kind, "root"))
        return directory_root (self, body_bytes (e->body, "statement"));
    if (span_is (e->kind, "enrolment"))
        return directory_add (self, body_bytes (e->body, "credential"), NULL);
    if (span_is (e->kind, "revocation")) {
        struct revocation r;
        struct span statement;
        trust_read_revocation (&r, &statement, e->body);
        return directory_revoke (self, &r, e->id.origin, statement);
    }
    if (span_is (e->kind, "head")) {
        struct head head;
        trust_read_head (&head, e->body);
        directory_head (self, &head);
    }
    return CB_OK;
}
