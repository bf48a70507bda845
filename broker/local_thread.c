/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_thread.h"

#include "broker/carrier.h"
#include "broker/casework/carry.h"
#include "broker/participants.h"
#include "bus/core/carried.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- In the journal's thread --------------------------------------------------------------- */

static void refuse (struct thread_lookup *out, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static void refuse (struct thread_lookup *out, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (out->why, sizeof out->why, format, args);
    va_end (args);
}

static bool addressed (const struct draft *draft, struct span party)
{
    for (size_t i = 0; i < draft->audience_count; i++)
        if (span_equal (draft->audience[i], party))
            return true;
    return false;
}

/* Whether the report can be inside a message to all of these. */
static bool may_take_along (const struct draft *draft, const struct envelope *report,
                            struct span lead, struct thread_lookup *out)
{
    struct span origin = report->id.origin;
    if (draft->tlp < report->tlp)
        refuse (out, "tlp: the report goes along, which is %s; use that",
                cb_tlp_name (report->tlp));
    else if (report->bytes.size > CARRIED_MAX)
        refuse (out,
                "lead: " SPAN_FMT " does not hold the report, which is too large to go along; "
                "ask " SPAN_FMT " to send it there",
                SPAN_ARG (lead), SPAN_ARG (origin));
    else if (!carried_may_go (report, lead, lead))
        refuse (out,
                "lead: " SPAN_FMT " has not agreed that its report goes to " SPAN_FMT
                " (may-climb-to: %s" SPAN_FMT "); ask it to send the report there",
                SPAN_ARG (origin), SPAN_ARG (lead), report->climb.size > 0 ? "" : "nobody",
                SPAN_ARG (report->climb));
    for (size_t i = 0; i < draft->audience_count && out->why[0] == '\0'; i++) {
        struct term term;
        if (report->tlp > CB_TLP_GREEN &&
            (!term_parse (&term, draft->audience[i]) || term.type != TERM_PARTY ||
             !carried_may_go (report, term.name, lead)))
            refuse (out,
                    "audience: the report goes along, and " SPAN_FMT
                    " has not agreed that it goes to " SPAN_FMT "; leave that out",
                    SPAN_ARG (origin), SPAN_ARG (draft->audience[i]));
    }
    return out->why[0] == '\0';
}

/* Whoever stands above the report's origin has the case, or is told by who has it. */
static void look_up_transfer (struct store *store, const struct draft *draft, struct span lead,
                              struct thread_lookup *out)
{
    struct held held;
    if (span_is (lead, store->self))
        return; /* it takes over itself */
    if (!addressed (draft, lead)) {
        refuse (out, "audience: " SPAN_FMT ", who is to lead, is not in it", SPAN_ARG (lead));
        return;
    }
    if (!held_read (store, &draft->thread, &held)) {
        if (!party_within (draft->thread.origin, lead))
            refuse (out,
                    "lead: the report of this case is not held here, so that " SPAN_FMT
                    " could not be given it; only a party above " SPAN_FMT " can take over",
                    SPAN_ARG (lead), SPAN_ARG (draft->thread.origin));
        return;
    }
    if (span_is (held.e.kind, "incident") && !carried_holds (&held.e, lead) &&
        may_take_along (draft, &held.e, lead, out)) {
        uint8_t *copy = malloc (held.e.bytes.size);
        if (copy == NULL)
            abort ();
        memcpy (copy, held.e.bytes.data, held.e.bytes.size);
        out->report = copy;
        out->report_size = held.e.bytes.size;
    }
    held_free (&held);
}

void thread_look_up (struct store *store, const struct draft *draft, struct thread_lookup *out)
{
    struct term terms[AUDIENCE_MAX];
    struct span lead = body_text (draft->body, "lead");
    memset (out, 0, sizeof *out);
    if (draft->thread.origin.size == 0)
        return;
    out->looked = true;
    for (size_t i = 0; i < draft->audience_count; i++)
        term_parse (&terms[i], draft->audience[i]);
    out->first =
        participants_of (store, &draft->thread, terms, draft->audience_count, &out->participants);
    if (span_is (draft->kind, "update") && span_is (body_text (draft->body, "step"), "transfer") &&
        party_valid (lead) && body_field (draft->body, "original").size == 0)
        look_up_transfer (store, draft, lead, out);
}

void thread_lookup_free (struct thread_lookup *lookup)
{
    free (lookup->report);
    lookup->report = NULL;
}

/* --- In the loop --------------------------------------------------------------------------- */

/* The same question that every receiver asks its own journal. */
static enum cb_reason check_participants (struct station *station,
                                          const struct thread_lookup *lookup,
                                          const struct draft *draft, char detail[THREAD_WHY])
{
    const struct policy *policy = directory_policy_now (station->directory);
    const struct credential *me = &station->me->credential;
    struct sender sender = { .name = me->name, .role = me->role, .sectors = &me->sectors };
    struct term terms[AUDIENCE_MAX];
    if (policy == NULL)
        return CB_OK;
    for (size_t i = 0; i < draft->audience_count; i++)
        term_parse (&terms[i], draft->audience[i]);
    struct policy_verdict verdict = policy_allows (policy, &sender, draft->kind, terms,
                                                   draft->audience_count, draft->thread.origin);
    uint32_t missing = verdict.participants & ~lookup->participants;
    if (verdict.reason != CB_OK || missing == 0)
        return CB_OK; /* what else is wrong is said by the judge */
    if (lookup->first != CB_OK)
        return lookup->first;
    size_t at = 0;
    while (!(missing >> at & 1))
        at++;
    snprintf (detail, THREAD_WHY,
              "audience[%zu]: " SPAN_FMT ": role " SPAN_FMT ", kind " SPAN_FMT
              "; it takes no part in this thread",
              at, SPAN_ARG (draft->audience[at]), SPAN_ARG (sender.role), SPAN_ARG (draft->kind));
    return CB_NO_GRANT;
}

/* A CERT has somebody to warn. Whom this broker does not know, it cannot say anything of. */
bool thread_lead_fits (struct station *station, const struct draft *draft, char detail[THREAD_WHY])
{
    struct span lead = body_text (draft->body, "lead");
    const struct policy *policy = directory_policy_now (station->directory);
    const struct entry *entry = directory_by_name (station->directory, lead);
    if (!span_is (draft->kind, "update") ||
        !span_is (body_text (draft->body, "step"), "transfer") || policy == NULL || entry == NULL)
        return true;
    const struct credential *c = &entry->credential;
    struct sender sender = { .name = c->name, .role = c->role, .sectors = &c->sectors };
    struct term below = { TERM_SUBTREE, c->name };
    snprintf (detail, THREAD_WHY,
              "lead: " SPAN_FMT " is " SPAN_FMT ": a case is led by a CERT, one that the policy "
              "lets send advisories to those below it",
              SPAN_ARG (c->name), SPAN_ARG (c->role));
    return policy_allows (policy, &sender, span_of ("advisory"), &below, 1,
                          (struct span){ .size = 0 })
               .reason == CB_OK;
}

enum cb_reason thread_apply (struct station *station, const struct thread_lookup *lookup,
                             struct draft *draft, struct pack_out *body, char detail[THREAD_WHY])
{
    char why[SCHEMA_WHERE];
    struct pack_out value;
    detail[0] = '\0';
    if (!lookup->looked)
        return CB_OK;
    enum cb_reason reason = check_participants (station, lookup, draft, detail);
    if (reason == CB_OK && lookup->why[0] != '\0') {
        snprintf (detail, THREAD_WHY, "%s", lookup->why);
        reason = CB_CARRIED;
    }
    if (reason != CB_OK || lookup->report == NULL)
        return reason;
    pack_init (&value);
    pack_put_bin (&value, span_bytes (lookup->report, lookup->report_size));
    carry_set (draft, body, "original", pack_result (&value));
    pack_free (&value);
    reason = carry_prove (station, draft, body, why);
    snprintf (detail, THREAD_WHY, "%s", why);
    return reason;
}
