/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/trust.h"

#include "bus/core/when.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* docs/protocol.md, section 5.2: when a credential is good. */

static bool top_signed (const struct directory *directory, const struct credential *c,
                        enum cb_purpose purpose)
{
    const struct root_file *root = directory_root_file (directory);
    return root && root_signatures (root, &c->st, purpose) >= root->threshold;
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

/* By the issuer's parent, which for the top party are the root keys. */
static enum cb_reason authority_countersigned (const struct directory *directory,
                                               const struct credential *c)
{
    struct span authority = party_parent (party_parent (c->name));
    if (authority.size == 0)
        return top_signed (directory, c, CB_PURPOSE_COUNTERSIGN) ? CB_OK : CB_CHAIN_BROKEN;
    return countersigned (directory, c, authority);
}

enum cb_reason trust_issued (const struct directory *directory, const struct credential *c)
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
    /* Whoever stole the key could issue with any date: the party above the issuer has to say
     * that it was issued before. */
    return !issuer->revoked || authority_countersigned (directory, c) == CB_OK ? CB_OK : CB_REVOKED;
}

enum cb_reason trust_heir (const struct directory *directory, struct span self,
                           const struct credential *c)
{
    if (!span_equal (party_parent (c->name), self))
        return CB_OK;
    return authority_countersigned (directory, c);
}

bool trust_succeeds (const struct credential *next, const struct credential *before)
{
    return next->previous &&
           statement_signed (&next->st, CB_PURPOSE_SUCCESSION, next->previous, before->sign_key);
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
        if (trust_succeeds (c, before))
            return CB_OK;
    }
    enum cb_reason reason = authority_countersigned (directory, c);
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
    enum cb_reason reason = trust_issued (directory, c);
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

/* Adds words to a detail; what does not fit is cut. */
static void add (char detail[ENROL_DETAIL], const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static void add (char detail[ENROL_DETAIL], const char *format, ...)
{
    size_t used = strlen (detail);
    va_list args;
    va_start (args, format);
    vsnprintf (detail + used, ENROL_DETAIL - used, format, args);
    va_end (args);
}

/* What an issuer may choose from: the policy's list, narrowed by its own credential. */
struct choice {
    const struct labels *may;
    bool any;     /* there is no list */
    size_t count; /* of the policy's */
    struct span at[POLICY_SECTORS];
    struct span never; /* a label that is for nobody below */
};

static struct choice choice_of_roles (const struct directory *self, const struct grants *may)
{
    const struct policy *policy = directory_policy_now (self);
    struct choice choice = { .may = &may->roles,
                             .any = !policy || labels_have (&policy->roles, span_of ("*")) };
    const struct root_file *root = directory_root_file (self);
    const struct entry *top = root ? directory_by_name (self, root->top) : NULL;
    for (size_t i = 0; !choice.any && i < policy->roles.count; i++)
        choice.at[choice.count++] = policy->roles.at[i];
    if (top)
        choice.never = top->credential.role;
    return choice;
}

static struct choice choice_of_sectors (const struct directory *self, const struct grants *may)
{
    const struct policy *policy = directory_policy_now (self);
    struct choice choice = { .may = &may->sectors, .any = !policy };
    for (size_t i = 0; policy && i < policy->sector_count; i++)
        choice.at[choice.count++] = policy->sectors[i].sector;
    return choice;
}

static bool choice_knows (const struct choice *choice, struct span label)
{
    bool known = choice->any;
    for (size_t i = 0; i < choice->count && !known; i++)
        known = span_equal (choice->at[i], label);
    return known && !span_equal (label, choice->never);
}

/* The first of these that is no choice, "*" being one for who may choose all; or NULL. */
static const struct span *no_choice (const struct choice *choice, const struct span *labels,
                                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!labels_have (choice->may, labels[i]) ||
            (!span_is (labels[i], "*") && !choice_knows (choice, labels[i])))
            return &labels[i];
    return NULL;
}

static void add_choice (char detail[ENROL_DETAIL], const struct choice *choice)
{
    const struct span *from = choice->any ? choice->may->at : choice->at;
    size_t count = choice->any ? choice->may->count : choice->count, said = 0;
    for (size_t i = 0; i < count; i++) {
        if (no_choice (choice, &from[i], 1))
            continue;
        if (strlen (detail) > ENROL_DETAIL - 48) {
            add (detail, ", ...");
            return;
        }
        add (detail, "%s" SPAN_FMT, said++ ? ", " : "", SPAN_ARG (from[i]));
    }
    if (said == 0)
        add (detail, "none that the policy has");
}

static enum cb_reason judge_rights (const struct directory *self, const struct grants *may,
                                    const struct credential *draft, char detail[ENROL_DETAIL])
{
    struct choice roles = choice_of_roles (self, may), sectors = choice_of_sectors (self, may);
    const struct span *no = no_choice (&roles, &draft->role, 1);
    if (!no)
        no = no_choice (&roles, draft->may.roles.at, draft->may.roles.count);
    if (no) {
        add (detail, "\"%.*s\"; it may enrol: ", SPAN_ARG (*no));
        add_choice (detail, &roles);
        return CB_ROLE_NOT_GRANTED;
    }
    no = no_choice (&sectors, draft->sectors.at, draft->sectors.count);
    if (!no)
        no = no_choice (&sectors, draft->may.sectors.at, draft->may.sectors.count);
    if (no) {
        bool known = span_is (*no, "*") || choice_knows (&sectors, *no);
        add (detail, "\"%.*s\"%s; it may enrol into: ", SPAN_ARG (*no),
             known ? "" : ": no such sector in the policy");
        add_choice (detail, &sectors);
        return CB_SECTOR_NOT_GRANTED;
    }
    return CB_OK;
}

static enum cb_reason judge_depth (const struct entry *issuer, const struct credential *draft,
                                   char detail[ENROL_DETAIL])
{
    const struct credential *c = &issuer->credential;
    if (c->may.depth == 0)
        add (detail,
             SPAN_FMT "'s credential lets it enrol nobody; the party above grants that with "
                      "--may-enrol",
             SPAN_ARG (c->name));
    else if (draft->may.depth >= c->may.depth)
        add (detail, "depth %u; it may grant at most %u", (unsigned) draft->may.depth,
             (unsigned) c->may.depth - 1);
    else
        return CB_OK;
    return CB_TOO_DEEP;
}

static enum cb_reason judge_name (const struct entry *issuer, const struct entry *current,
                                  const struct credential *draft, char detail[ENROL_DETAIL])
{
    struct span name = draft->name, above = issuer->credential.name;
    char when[WHEN_TEXT];
    if (!party_valid (name) || !span_equal (party_parent (name), above)) {
        add (detail, SPAN_FMT " is not one label below " SPAN_FMT, SPAN_ARG (name),
             SPAN_ARG (above));
        return CB_NOT_A_CHILD;
    }
    if (current ? same_party_next (current, draft) : draft->generation == 1)
        return CB_OK;
    if (current) {
        when_text (current->credential.issued, when);
        add (detail,
             SPAN_FMT ", enrolled %.10s%s; a name stays with its party: choose another. If it is "
                      "the same party, and its keys are lost: --again makes generation %u",
             SPAN_ARG (name), when, current->revoked ? " and revoked since" : "",
             (unsigned) current->credential.generation + 1);
    }
    return CB_NAME_TAKEN;
}

enum cb_reason directory_may_enrol (const struct directory *self, const struct entry *issuer,
                                    const struct credential *draft, char detail[ENROL_DETAIL])
{
    const struct credential *by = &issuer->credential;
    const struct entry *current = directory_by_name (self, draft->name);
    detail[0] = '\0';
    if (issuer->revoked)
        return CB_REVOKED;
    enum cb_reason reason = judge_name (issuer, current, draft, detail);
    if (reason == CB_OK && !directory_key_free (self, draft))
        reason = CB_KEY_TAKEN;
    if (reason == CB_OK)
        reason = judge_depth (issuer, draft, detail);
    if (reason == CB_OK)
        reason = judge_rights (self, &by->may, draft, detail);
    if (reason != CB_OK)
        return reason;
    if (draft->may.children > by->may.children ||
        (!current && directory_children (self, by->name) >= by->may.children)) {
        add (detail, "its credential lets it enrol %u, and %zu are enrolled",
             (unsigned) by->may.children, directory_children (self, by->name));
        return CB_TOO_MANY_CHILDREN;
    }
    if (outside_dates (by, draft))
        return CB_CREDENTIAL_DATES;
    return credential_narrows (draft, by) ? CB_OK : CB_CHAIN_WIDENS;
}
