/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/carried.h"

#include <stdio.h>
#include <string.h>

/* Kinds that may carry, and the field of theirs that does. */
static bool may_carry (const struct envelope *outer)
{
    return span_is (outer->kind, "escalation") ||
           (span_is (outer->kind, "update") &&
            span_is (body_text (outer->body, "step"), "transfer"));
}

static bool has_field (const struct envelope *outer)
{
    return span_is (outer->kind, "escalation") || span_is (outer->kind, "update");
}

struct span carried_original (const struct envelope *outer)
{
    return may_carry (outer) ? body_bytes (outer->body, "original") : span_bytes (NULL, 0);
}

size_t carried_credentials (const struct envelope *outer, struct span out[CARRIED_CREDENTIALS])
{
    size_t count = 0;
    if (carried_original (outer).size == 0)
        return 0;
    struct pack_in in = pack_open (body_field (outer->body, "credentials"));
    for (size_t left = pack_array (&in, 0, CARRIED_CREDENTIALS); left > 0 && !in.bad; left--)
        out[count++] = pack_bin (&in, 1, STATEMENT_MAX);
    return in.bad ? 0 : count;
}

/* A sector in its audience does not count: who is in it is not for its carrier to say. */
bool carried_holds (const struct envelope *original, struct span party)
{
    if (span_equal (party, original->id.origin))
        return true;
    for (size_t i = 0; i < original->audience_count; i++) {
        const struct term *term = &original->audience[i];
        if ((term->type == TERM_PARTY && span_equal (term->name, party)) ||
            (term->type == TERM_SUBTREE && party_within (party, term->name)))
            return true;
    }
    return false;
}

bool carried_may_go (const struct envelope *original, struct span party, struct span lead)
{
    struct span origin = original->id.origin;
    if (original->tlp <= CB_TLP_GREEN || carried_holds (original, party))
        return true;
    return original->climb.size > 0 && party_within (party, original->climb) &&
           (party_above (party, origin) || span_equal (party, lead));
}

/* --- The check ----------------------------------------------------------------------------- */

static enum cb_reason wrong (char detail[SCHEMA_WHERE], const char *what)
{
    snprintf (detail, SCHEMA_WHERE, "original: %s", what);
    return CB_CARRIED;
}

static enum cb_reason check_place (const struct envelope *outer, const struct envelope *e,
                                   char detail[SCHEMA_WHERE])
{
    if (!span_is (e->kind, "incident"))
        return wrong (detail, "no report of an incident");
    if (!msg_id_equal (&e->id, &outer->thread))
        return wrong (detail, "the report of another case");
    if (e->mode != outer->mode ||
        (e->mode == CB_MODE_EXERCISE && !msg_id_equal (&e->exercise, &outer->exercise)))
        return wrong (detail, "of another mode or exercise than the message that carries it");
    return CB_OK;
}

static enum cb_reason check_reach (const struct envelope *outer, const struct envelope *e,
                                   char detail[SCHEMA_WHERE])
{
    struct span lead =
        span_is (outer->kind, "update") ? body_text (outer->body, "lead") : span_bytes (NULL, 0);
    if (outer->tlp < e->tlp)
        return wrong (detail, "of a stronger TLP than the message that carries it");
    if (e->tlp > CB_TLP_GREEN && outer->climb.size > 0 &&
        (e->climb.size == 0 || !party_within (outer->climb, e->climb)))
        return wrong (detail, "may-climb-to of what carries it goes further than its own");
    for (size_t i = 0; i < outer->audience_count; i++) {
        const struct term *term = &outer->audience[i];
        if (e->tlp > CB_TLP_GREEN &&
            (term->type != TERM_PARTY || !carried_may_go (e, term->name, lead))) {
            snprintf (detail, SCHEMA_WHERE,
                      "original: " SPAN_FMT " has not agreed that it goes to %s" SPAN_FMT "%s",
                      SPAN_ARG (e->id.origin), term->type == TERM_SECTOR ? "@" : "",
                      SPAN_ARG (term->name), term->type == TERM_SUBTREE ? ".**" : "");
            return CB_CARRIED;
        }
    }
    return CB_OK;
}

/* A key that was replaced since proves what it signed before; one that was revoked does not. */
static bool revoked (const struct directory *directory, const struct envelope *e)
{
    const struct entry *origin = directory_by_hash (directory, e->credential);
    if (origin == NULL || !origin->revoked)
        return false;
    if (origin->successor && origin->last_seq && !origin->disputed)
        return false;
    return !origin->last_seq || e->id.seq > origin->last_seq ||
           !epoch_equal (e->id.epoch, origin->last_epoch);
}

/* What is stored with it is what the directory has taken in before. */
static bool credentials_good (const struct directory *directory, const struct envelope *outer)
{
    struct span credentials[CARRIED_CREDENTIALS];
    struct statement st;
    size_t count = carried_credentials (outer, credentials);
    for (size_t i = 0; i < count; i++)
        if (!statement_parse (&st, credentials[i]) || !directory_by_hash (directory, &st.hash))
            return false;
    return true;
}

/* The report is judged as its origin's own message that comes back: who had it before took it in,
 * and neither the link that it came by nor the hour is that of this carrier. */
static enum cb_reason check_message (const struct intake *intake, const struct envelope *outer,
                                     const struct envelope *e, struct verdict *verdict)
{
    struct intake inner = *intake;
    inner.self = inner.peer = e->id.origin;
    inner.side = SIDE_PARENT;
    inner.recovery = true;
    inner.draft = false;
    inner.quota = NULL;
    inner.now = outer->issued;
    intake_check (&inner, e, verdict);
    return verdict->reason;
}

enum cb_reason carried_check (const struct intake *intake, const struct envelope *outer,
                              size_t *worked, char detail[SCHEMA_WHERE])
{
    struct envelope e;
    struct verdict verdict;
    if (has_field (outer) && !may_carry (outer) && body_field (outer->body, "original").size > 0)
        return wrong (detail, "only a transfer has a report inside");
    struct span bytes = carried_original (outer);
    if (bytes.size == 0)
        return CB_OK;
    if (bytes.size > CARRIED_MAX || envelope_parse (&e, bytes) != CB_OK)
        return wrong (detail, "no message");
    enum cb_reason reason = check_place (outer, &e, detail);
    if (reason == CB_OK)
        reason = check_reach (outer, &e, detail);
    if (reason != CB_OK)
        return reason;
    reason = check_message (intake, outer, &e, &verdict);
    *worked += verdict.worked;
    if (reason != CB_OK) {
        snprintf (detail, SCHEMA_WHERE, "original: %s%s" SPAN_FMT, cb_reason_name (reason),
                  verdict.detail[0] != '\0' ? ": " : "", SPAN_ARG (span_of (verdict.detail)));
        return CB_CARRIED;
    }
    if (!credentials_good (intake->directory, outer))
        return wrong (detail, "a credential that came with it is not good");
    if (verdict.needs_thread || verdict.participants != 0)
        return wrong (detail, "addressed to somebody for what it answers alone");
    if (revoked (intake->directory, &e))
        return wrong (detail, "the credential of its origin has been revoked");
    return CB_OK;
}
