/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/proposal.h"

#include "bus/core/fields.h"
#include "bus/core/trust.h"
#include "bus/core/when.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PROPOSAL_FIELDS 6
#define AGE_MAX         (PROPOSAL_DAYS * INT64_C (86400000))
#define AHEAD_MAX       INT64_C (600000) /* as of a message */

static enum cb_reason say (char detail[ENROL_DETAIL], enum cb_reason reason, const char *format,
                           ...) __attribute__ ((format (printf, 3, 4)));
static enum cb_reason say (char detail[ENROL_DETAIL], enum cb_reason reason, const char *format,
                           ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (detail, ENROL_DETAIL, format, args);
    va_end (args);
    return reason;
}

bool proposal_is (struct span bytes)
{
    struct pack_in in;
    if (bytes.size > PROPOSAL_MAX)
        return false;
    fields_open (&in, bytes, PROPOSAL_FIELDS, "proposal");
    return !in.bad;
}

static bool agree (const struct proposal *p)
{
    const struct enrolment *e = &p->e;
    const struct credential *c = &p->c;
    return span_equal (e->name, c->name) && c->previous && c->generation > 1 &&
           (!e->previous || hash_equal (e->previous, c->previous)) &&
           memcmp (e->sign_key, c->sign_key, KEY_SIZE) == 0 &&
           memcmp (e->seal_x25519, c->seal_key, KEY_SIZE) == 0 &&
           memcmp (e->link_x25519, c->link_key, KEY_SIZE) == 0;
}

enum cb_reason proposal_parse (struct proposal *p, struct span bytes)
{
    struct pack_in in;
    if (bytes.size > PROPOSAL_MAX)
        return CB_MALFORMED;
    fields_open (&in, bytes, PROPOSAL_FIELDS, "proposal");
    p->root = pack_bin (&in, 1, STATEMENT_MAX);
    p->chain_count = pack_array (&in, 1, PROPOSAL_CHAIN);
    for (size_t i = 0; i < p->chain_count; i++)
        p->chain[i] = pack_bin (&in, 1, STATEMENT_MAX);
    p->request = pack_bin (&in, 1, STATEMENT_MAX);
    p->credential = pack_bin (&in, 1, STATEMENT_MAX);
    if (!pack_done (&in) || !credential_parse (&p->c, p->credential))
        return CB_MALFORMED;
    enum cb_reason reason = enrolment_parse (&p->e, p->request);
    if (reason != CB_OK)
        return reason;
    return agree (p) ? CB_OK : CB_MALFORMED;
}

void proposal_pack (struct pack_out *out, const struct proposal *p)
{
    fields_begin (out, PROPOSAL_FIELDS, "proposal");
    pack_put_bin (out, p->root);
    pack_put_array (out, p->chain_count);
    for (size_t i = 0; i < p->chain_count; i++)
        pack_put_bin (out, p->chain[i]);
    pack_put_bin (out, p->request);
    pack_put_bin (out, p->credential);
}

bool proposal_signed_for (const struct proposal *p, enum cb_purpose purpose)
{
    for (size_t i = 0; i < p->c.st.count; i++)
        if (p->c.st.sigs[i].purpose == purpose)
            return true;
    return false;
}

struct span proposal_authority (struct span party)
{
    return party_parent (party_parent (party));
}

/* That it is for what is in force now, and not from long ago. */
static enum cb_reason judge_time (const struct directory *directory, const struct proposal *p,
                                  int64_t now, char detail[ENROL_DETAIL])
{
    const struct credential *c = &p->c;
    const struct entry *current = directory_by_name (directory, c->name);
    char when[WHEN_TEXT];
    if (!current)
        return say (detail, CB_UNKNOWN_CREDENTIAL, SPAN_FMT " is not known here",
                    SPAN_ARG (c->name));
    if (current->credential.generation >= c->generation)
        return say (detail, CB_NAME_TAKEN,
                    SPAN_FMT " has generation %u already; this was made to follow generation %u",
                    SPAN_ARG (c->name), (unsigned) current->credential.generation,
                    (unsigned) c->generation - 1);
    if (current->credential.generation + 1 != c->generation ||
        !hash_equal (&current->credential.st.hash, c->previous))
        return say (detail, CB_CHAIN_BROKEN, "it does not follow generation %u, which is in force",
                    (unsigned) current->credential.generation);
    when_text (c->issued, when);
    if (now - c->issued > AGE_MAX)
        return say (detail, CB_EXPIRED, "made on %.10s, and good for %d days; make it again", when,
                    PROPOSAL_DAYS);
    if (c->issued - now > AHEAD_MAX)
        return say (detail, CB_CLOCK_AHEAD, "made at %s, which is in the future here", when);
    return CB_OK;
}

/* Empty sectors and grants are equal; only the last date may be another one. */
static bool same_rights (const struct credential *a, const struct credential *b)
{
    return span_equal (a->role, b->role) && span_equal (a->title, b->title) &&
           labels_within (&a->sectors, &b->sectors) && labels_within (&b->sectors, &a->sectors) &&
           a->may.depth == b->may.depth && a->may.children == b->may.children &&
           a->may.roles.count == b->may.roles.count &&
           labels_within (&a->may.roles, &b->may.roles) &&
           a->may.sectors.count == b->may.sectors.count &&
           labels_within (&a->may.sectors, &b->may.sectors);
}

enum cb_reason proposal_may_renew (const struct directory *directory, const struct entry *issuer,
                                   const struct proposal *p, int64_t now, char detail[ENROL_DETAIL])
{
    const struct credential *c = &p->c;
    detail[0] = '\0';
    enum cb_reason reason = judge_time (directory, p, now, detail);
    if (reason != CB_OK)
        return reason;
    const struct entry *current = directory_by_name (directory, c->name);
    if (current->revoked)
        return say (detail, CB_REVOKED,
                    "a revoked key vouches for nothing; the party is enrolled anew: certbus init, "
                    "then certbus enrol --again");
    if (!statement_signed (&c->st, CB_PURPOSE_SUCCESSION, c->previous,
                           current->credential.sign_key))
        return say (detail, CB_BAD_SIGNATURE, "the keys in force did not sign it");
    if (!c->issuer || !hash_equal (c->issuer, &issuer->credential.st.hash))
        return say (detail, CB_CHAIN_BROKEN,
                    "it names another credential of the issuer than the one in force; the party "
                    "runs certbus renew again, with its broker connected");
    if (!same_rights (c, &current->credential))
        return say (
            detail, CB_CHAIN_WIDENS,
            "a renewal keeps title, role, sectors and grants; others are given with certbus "
            "enrol --again");
    return directory_may_enrol (directory, issuer, c, detail);
}

enum cb_reason proposal_may_countersign (const struct directory *directory, struct span self,
                                         const struct proposal *p, int64_t now,
                                         char detail[ENROL_DETAIL])
{
    const struct credential *c = &p->c;
    struct span authority = proposal_authority (c->name), issuer = party_parent (c->name);
    detail[0] = '\0';
    if (issuer.size == 0 || !span_equal (authority, self)) {
        bool own = self.size > 0 && (span_equal (issuer, self) || span_equal (c->name, self));
        return say (detail, CB_TRUST, "%s" SPAN_FMT " countersign%s it%s",
                    authority.size ? "" : "the root keys", SPAN_ARG (authority),
                    authority.size ? "s" : "", own ? ": nobody countersigns its own" : "");
    }
    enum cb_reason reason = judge_time (directory, p, now, detail);
    if (reason == CB_OK)
        reason = trust_issued (directory, c);
    if (reason == CB_OK && !directory_key_free (directory, c))
        reason = CB_KEY_TAKEN;
    return reason;
}

enum cb_reason proposal_may_complete (const struct directory *directory, const struct entry *issuer,
                                      const struct enrolment *request, const struct proposal *p,
                                      int64_t now, char detail[ENROL_DETAIL])
{
    const struct credential *c = &p->c;
    char code[CODE_TEXT];
    detail[0] = '\0';
    hash_code (&p->e.st.hash, code);
    if (!hash_equal (&p->e.st.hash, &request->st.hash))
        return say (detail, CB_TRUST, "the countersignature is for another request, of code %s",
                    code);
    if (!c->issuer || !hash_equal (c->issuer, &issuer->credential.st.hash))
        return say (detail, CB_CHAIN_BROKEN,
                    "another credential than that of " SPAN_FMT
                    " in force is its issuer; make it again",
                    SPAN_ARG (issuer->credential.name));
    enum cb_reason reason = judge_time (directory, p, now, detail);
    if (reason != CB_OK)
        return reason;
    if (!proposal_signed_for (p, CB_PURPOSE_COUNTERSIGN))
        return say (detail, CB_TRUST, "nobody has countersigned it yet");
    reason = trust_credential (directory, c);
    if (reason == CB_CHAIN_BROKEN || reason == CB_UNKNOWN_CREDENTIAL) {
        struct span authority = proposal_authority (c->name);
        say (detail, reason, "the countersignature is not by %s" SPAN_FMT,
             authority.size ? "" : "enough of the root keys", SPAN_ARG (authority));
    }
    return reason;
}
