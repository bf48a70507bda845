/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/intake.h"

#include "bus/core/attachment.h"
#include "bus/core/carried.h"
#include "bus/core/climb.h"

#include "bus/core/trust.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* docs/protocol.md, section 8, in its order. Each check returns OK or the verdict. */
struct check {
    const struct intake *intake;
    const struct envelope *e;
    const struct entry *origin, *self; /* credentials; self NULL: not known yet */
    const struct policy *policy;
    struct verdict *out;
};

static enum cb_reason say (struct check *check, enum cb_reason reason, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
static enum cb_reason say (struct check *check, enum cb_reason reason, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (check->out->detail, sizeof check->out->detail, format, args);
    va_end (args);
    return reason;
}

static enum cb_reason check_credential (struct check *check)
{
    const struct envelope *e = check->e;
    check->origin = directory_by_hash (check->intake->directory, e->credential);
    if (!check->origin) {
        char code[CODE_TEXT];
        hash_code (e->credential, code);
        return say (check, CB_UNKNOWN_CREDENTIAL, "credential %s", code);
    }
    struct span name = check->origin->credential.name;
    if (!span_equal (name, e->id.origin))
        return say (check, CB_WRONG_ORIGIN, "credential of " SPAN_FMT, SPAN_ARG (name));
    return CB_OK;
}

static enum cb_reason check_signatures (struct check *check)
{
    if (check->intake->draft)
        return CB_OK;
    const struct envelope *e = check->e;
    struct proof_cache *cache = check->intake->cache;
    size_t *worked = &check->out->worked;
    struct claim claim = { .purpose = CB_PURPOSE_MESSAGE,
                           .signer = e->credential,
                           .leaf = &e->leaf,
                           .key = check->origin->credential.sign_key,
                           .sig = e->sig,
                           .size = e->tree_size,
                           .index = e->tree_index,
                           .path = e->path,
                           .path_count = e->path_count };
    enum cb_reason reason = proof_member (cache, &claim, worked);
    if (reason != CB_OK)
        return reason;
    for (size_t i = 0; i < e->approval_count; i++) {
        const struct approval *approval = &e->approvals[i];
        struct hash signer;
        memcpy (signer.bytes, approval->key, KEY_SIZE);
        if (!proof_cached (cache, CB_PURPOSE_APPROVAL, &signer, 1, &e->leaf, approval->key,
                           approval->sig, worked))
            return say (check, CB_APPROVAL, "approvals[%zu]", i);
    }
    return CB_OK;
}

static enum cb_reason check_direction (struct check *check)
{
    const struct intake *intake = check->intake;
    struct span origin = check->e->id.origin;
    bool own = span_equal (origin, intake->self), good = false;
    if (intake->recovery)
        good = own && intake->side != SIDE_SELF;
    else
        switch (intake->side) {
        case SIDE_SELF: good = own; break;
        case SIDE_PARENT: good = !party_within (origin, intake->self); break;
        case SIDE_CHILD: good = party_within (origin, intake->peer); break;
        }
    if (!good)
        return say (check, CB_NOT_YOURS_TO_SEND, SPAN_FMT " from " SPAN_FMT, SPAN_ARG (origin),
                    SPAN_ARG (intake->peer));
    return CB_OK;
}

static enum cb_reason check_meant (struct check *check)
{
    const struct intake *intake = check->intake;
    const struct envelope *e = check->e;
    bool meant = true;
    if (intake->recovery)
        return CB_OK;
    if (intake->side == SIDE_CHILD)
        meant = route_up (e->audience, e->audience_count, e->id.origin, intake->peer);
    else if (intake->side == SIDE_PARENT) {
        const struct credential *c = check->self ? &check->self->credential : NULL;
        struct route_child self = { .name = intake->self,
                                    .sectors = c ? &c->sectors : NULL,
                                    .may_grant = c ? &c->may.sectors : NULL };
        meant = route_down (e->audience, e->audience_count, e->id.origin, &self);
    }
    return meant ? CB_OK : CB_NOT_MEANT;
}

static enum cb_reason check_standing (struct check *check)
{
    const struct envelope *e = check->e;
    const struct entry *origin = check->origin;
    if (e->mode == CB_MODE_TEST && check->intake->side != SIDE_SELF)
        return CB_TEST_LEFT;
    if (directory_frozen (check->intake->directory, e->id.origin))
        return CB_FROZEN;
    /* What comes back was taken in there before its keys were replaced. */
    if (check->intake->recovery || !origin->revoked ||
        (origin->last_seq && e->id.seq <= origin->last_seq &&
         epoch_equal (e->id.epoch, origin->last_epoch)))
        return CB_OK;
    /* A rotation names the last message of the old key, and disputes nothing. */
    bool rotated = origin->successor && origin->last_seq && !origin->disputed;
    return rotated ? CB_SUPERSEDED : CB_REVOKED;
}

static enum cb_reason check_times (struct check *check)
{
    const struct envelope *e = check->e;
    const struct intake *intake = check->intake;
    const struct credential *c = &check->origin->credential;
    if (e->issued < c->not_before || e->issued > c->not_after)
        return CB_CREDENTIAL_DATES;
    if (e->issued - intake->now > policy_setting (check->policy, POLICY_AHEAD))
        return CB_CLOCK_AHEAD;
    if (intake->side == SIDE_SELF && e->expires && e->expires < intake->now)
        return CB_EXPIRED;
    return CB_OK;
}

static enum cb_reason refuse_term (struct check *check, enum cb_reason reason, size_t index)
{
    const struct term *term = &check->e->audience[index];
    return say (check, reason, "audience[%zu]: %s" SPAN_FMT "%s", index,
                term->type == TERM_SECTOR ? "@" : "", SPAN_ARG (term->name),
                term->type == TERM_SUBTREE ? ".**" : "");
}

static enum cb_reason check_grant (struct check *check)
{
    const struct envelope *e = check->e;
    const struct directory *directory = check->intake->directory;
    if (!check->policy) {
        /* The first policy is what the others are judged by: its root keys speak for it. */
        const struct root_file *root = directory_root_file (directory);
        bool first = root && span_equal (e->id.origin, root->top) && span_is (e->kind, "policy");
        return first ? CB_OK : CB_NO_POLICY;
    }
    for (size_t i = 0; i < e->audience_count; i++)
        if (!directory_term (directory, &e->audience[i]))
            return refuse_term (check, CB_AUDIENCE, i);
    struct sender sender = { .name = e->id.origin,
                             .role = check->origin->credential.role,
                             .sectors = &check->origin->credential.sectors };
    struct policy_verdict verdict = policy_allows (check->policy, &sender, e->kind, e->audience,
                                                   e->audience_count, e->thread.origin);
    if (verdict.reason != CB_OK) {
        refuse_term (check, verdict.reason, verdict.refused);
        size_t used = strlen (check->out->detail);
        snprintf (check->out->detail + used, sizeof check->out->detail - used,
                  ": role " SPAN_FMT ", kind " SPAN_FMT, SPAN_ARG (sender.role),
                  SPAN_ARG (e->kind));
        return verdict.reason;
    }
    check->out->needs_thread = verdict.by_correspondence;
    check->out->participants = verdict.participants;
    return CB_OK;
}

static enum cb_reason check_handling (struct check *check)
{
    const struct envelope *e = check->e;
    struct span origin = e->id.origin;
    if (e->tlp >= CB_TLP_AMBER_STRICT)
        return CB_TLP_NEEDS_SEALING;
    if (e->climb.size && !party_within (origin, e->climb))
        return say (check, CB_CONSENT, SPAN_FMT, SPAN_ARG (e->climb));
    if (e->replaces.origin.size && !party_within (e->replaces.origin, origin))
        return say (check, CB_REPLACES, "of " SPAN_FMT, SPAN_ARG (e->replaces.origin));
    if (e->mode == CB_MODE_EXERCISE && !party_within (origin, e->exercise.origin))
        return say (check, CB_EXERCISE, "announced by " SPAN_FMT, SPAN_ARG (e->exercise.origin));
    return CB_OK;
}

/* A kind or version that is not known here is carried, not read. */
static enum cb_reason check_body (struct check *check)
{
    const struct envelope *e = check->e;
    const struct schema *schema =
        check->intake->schemas ? schemas_find_version (check->intake->schemas, e->kind, e->schema)
                               : NULL;
    if (schema) {
        bool thread = e->thread.origin.size > 0;
        if (!schema_check (schema, e->body, check->out->detail))
            return CB_SCHEMA;
        if (schema->thread == THREAD_REQUIRED && !thread)
            return say (check, CB_SCHEMA, "thread: missing, and required");
        if (schema->thread == THREAD_NONE && thread)
            return say (check, CB_SCHEMA, "thread: this kind belongs to none");
        check->out->receipt = schema->receipt;
    }
    return trust_check (check->intake->directory, e);
}

/* A piece of a file belongs to a message of the same origin, which may have said it to the same
 * recipients: that message has to be held, so that nobody stores files that nobody announced. */
static enum cb_reason check_part (struct check *check)
{
    const struct envelope *e = check->e;
    struct part part;
    if (!span_is (e->kind, "part"))
        return CB_OK;
    if (e->precedence != CB_LANE_BULK)
        return say (check, CB_ATTACHMENT, "not in the bulk lane");
    if (!span_equal (e->thread.origin, e->id.origin))
        return say (check, CB_ATTACHMENT, "of a message of another origin");
    if (!part_read (&part, e->body))
        return say (check, CB_ATTACHMENT, "index, count, size and content do not fit");
    int64_t most = policy_setting (check->policy, POLICY_ATTACHMENT_MB);
    if (part.size > most * 1024 * 1024)
        return say (check, CB_ATTACHMENT, "a file of %lld bytes; the policy lets one have %lld MiB",
                    (long long) part.size, (long long) most);
    check->out->needs_thread =
        check->out->needs_thread || !span_equal (e->id.origin, check->intake->self);
    return CB_OK;
}

static enum cb_reason check_carried (struct check *check)
{
    return carried_check (check->intake, check->e, &check->out->worked, check->out->detail);
}

static enum cb_reason check_quota (struct check *check)
{
    const struct envelope *e = check->e;
    const struct intake *intake = check->intake;
    if (!intake->quota || !check->policy || e->precedence != CB_LANE_FLASH || intake->recovery ||
        trust_kind (e->kind))
        return CB_OK;
    int64_t limit = policy_setting (check->policy, POLICY_FLASH_PER_HOUR);
    bool (*within) (struct quota *, struct span, int64_t, const struct hash *, int64_t) =
        intake->look ? quota_has : quota_take;
    return within (intake->quota, e->id.origin, e->issued, &e->leaf, limit) ? CB_OK : CB_QUOTA;
}

void intake_check (const struct intake *intake, const struct envelope *e, struct verdict *out)
{
    static enum cb_reason (*const checks[]) (struct check *) = {
        check_credential, check_signatures, check_direction, check_meant,
        check_standing,   check_times,      check_grant,     check_handling,
        check_body,       check_part,       check_carried,   check_quota,
    };
    struct check check = { .intake = intake,
                           .e = e,
                           .self = directory_by_name (intake->directory, intake->self),
                           .policy = directory_policy_now (intake->directory),
                           .out = out };
    *out = (struct verdict){ .reason = CB_OK };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && out->reason == CB_OK; i++)
        out->reason = checks[i](&check);

    bool accepted = out->reason == CB_OK;
    out->here = accepted && route_here (e->audience, e->audience_count, intake->self,
                                        check.self ? &check.self->credential.sectors : NULL);
    out->receipt = out->receipt && out->here && !span_equal (e->id.origin, intake->self);
    out->needs_thread = accepted && out->needs_thread;
    out->participants = accepted ? out->participants : 0;
}
