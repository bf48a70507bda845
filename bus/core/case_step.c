/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/case_own.h"

#include <string.h>

/* Version 1 of `update` said where the case stands in place of what is done. */
#define UPDATE_OF_STATES 1

unsigned severity_number (struct span text)
{
    if (span_is (text, "undetermined"))
        return SEVERITY_UNDETERMINED;
    bool number =
        text.size == 2 && text.data[0] == 'S' && text.data[1] >= '1' && text.data[1] <= '5';
    return number ? (unsigned) (text.data[1] - '0') : 0;
}

const char *severity_name (unsigned severity)
{
    static const char *const names[] = { "", "S1", "S2", "S3", "S4", "S5", "undetermined" };
    return severity <= SEVERITY_UNDETERMINED ? names[severity] : "";
}

unsigned severity_effective (unsigned severity)
{
    return severity >= 1 && severity < SEVERITY_UNDETERMINED ? severity : 2;
}

/* --- Values of a body, none where they are not what a row can hold -------------------------- */

static struct span read_text (struct span body, const char *name, size_t max)
{
    struct span text = body_text (body, name);
    return text.size <= max ? text : span_bytes (NULL, 0);
}

static struct span read_party (struct span body, const char *name)
{
    struct span party = body_text (body, name);
    return party_valid (party) ? party : span_bytes (NULL, 0);
}

static int64_t read_time (struct span body, const char *name)
{
    int64_t time = body_int (body, name, 0);
    return time >= 0 && time <= TIME_MAX ? time : 0;
}

static void read_ref (struct span body, const char *name, struct msg_id *id)
{
    struct pack_in in = pack_open (body_field (body, name));
    if (!msg_id_read (&in, id))
        *id = (struct msg_id){ .origin = span_bytes (NULL, 0) };
}

/* --- What each kind says -------------------------------------------------------------------- */

/* Whom a report asks to lead: whom it names, if that is addressed and not itself, since nobody
 * would wait for what it does; else the nearest CERT above
 * its origin that is; else the first one that is; else nobody else knows of it. */
static struct span report_lead (const struct step *step, struct span named)
{
    struct span lead = span_bytes (NULL, 0);
    for (size_t i = 0; i < step->party_count; i++) {
        struct span party = step->parties[i];
        if (span_equal (party, named) && !span_equal (party, step->id.origin))
            return party;
        bool above = party_above (party, step->id.origin);
        if (above && (!party_above (lead, step->id.origin) || party_above (lead, party)))
            lead = party;
        else if (lead.size == 0 && !span_equal (party, step->id.origin))
            lead = party;
    }
    return lead.size > 0 ? lead : step->id.origin;
}

static void read_report (struct step *out, const struct envelope *e)
{
    out->what = CASE_REPORT;
    out->thread = e->id;
    out->reported = e->issued;
    for (size_t i = 0; i < e->audience_count; i++)
        if (e->audience[i].type == TERM_PARTY)
            out->parties[out->party_count++] = e->audience[i].name;
    out->lead = report_lead (out, read_party (e->body, "lead"));
    out->climb = e->climb;
    out->title = read_text (e->body, "title", CASE_TITLE);
    out->aware = read_time (e->body, "times.aware");
    out->detect = read_time (e->body, "times.detect");
}

/* The one other party that it is addressed to; empty: several, or a subtree or sector. */
static struct span addressee (const struct envelope *e)
{
    struct span to = span_bytes (NULL, 0);
    for (size_t i = 0; i < e->audience_count; i++) {
        if (span_equal (e->audience[i].name, e->id.origin))
            continue;
        if (e->audience[i].type != TERM_PARTY || to.size > 0)
            return span_bytes (NULL, 0);
        to = e->audience[i].name;
    }
    return to;
}

static void read_escalation (struct step *out, const struct envelope *e)
{
    out->what = CASE_ESCALATE;
    out->stub = body_field (e->body, "original").size == 0;
    out->lead = read_party (e->body, "lead");
    out->to = addressee (e);
    out->clock = read_text (e->body, "clock", CASE_TEXT);
    out->due = read_time (e->body, "due");
    out->reported = read_time (e->body, "reported");
}

static enum case_step step_number (struct span name)
{
    for (unsigned i = CASE_UPDATE; i < CASE_ESCALATE; i++)
        if (span_is (name, case_step_name (i)))
            return (enum case_step) i;
    return CASE_UPDATE;
}

static enum case_step step_of_state (struct span state)
{
    static const struct {
        enum case_stage stage;
        enum case_step step;
    } steps[] = {
        { CASE_IS_ACKNOWLEDGED, CASE_ACKNOWLEDGE },
        { CASE_IS_TRIAGED, CASE_TRIAGE },
        { CASE_IS_IN_PROGRESS, CASE_ASSIGN },
        { CASE_IS_TRANSFERRED, CASE_TRANSFER },
        { CASE_IS_CONTAINED, CASE_CONTAIN },
        { CASE_IS_RECOVERED, CASE_RECOVER },
        { CASE_IS_CLOSED, CASE_CLOSE },
        { CASE_IS_REOPENED, CASE_REOPEN },
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (span_is (state, case_stage_name (steps[i].stage)))
            return steps[i].step;
    return CASE_UPDATE;
}

static void read_update (struct step *out, const struct envelope *e)
{
    out->what = e->schema == UPDATE_OF_STATES ? step_of_state (body_text (e->body, "state"))
                                              : step_number (body_text (e->body, "step"));
    if (out->what == CASE_TRANSFER)
        out->lead = read_party (e->body, "lead");
    if (out->what == CASE_ASK)
        out->to = addressee (e);
    out->assignee = read_text (e->body, "assignee", CASE_TEXT);
    out->next_update = read_time (e->body, "next_update");
    read_ref (e->body, "duplicate_of", &out->duplicate_of);
    read_ref (e->body, "question", &out->question);
    read_ref (e->body, "accepts", &out->accepts);
}

bool step_of (struct step *out, const struct envelope *e)
{
    bool report = span_is (e->kind, "incident"), note = span_is (e->kind, "note");
    bool escalation = span_is (e->kind, "escalation"), update = span_is (e->kind, "update");
    memset (out, 0, sizeof *out);
    if (!report && (e->thread.origin.size == 0 || (!note && !escalation && !update)))
        return false;
    out->leaf = e->leaf;
    out->id = e->id;
    out->thread = e->thread;
    out->issued = e->issued;
    out->officer = e->officer;
    out->mode = e->mode;
    out->tlp = e->tlp;
    out->exercise = e->exercise;
    out->after = e->after;
    out->after_count = e->after_count;
    out->severity = severity_number (body_text (e->body, "severity"));
    out->type = read_text (e->body, "type", CASE_TEXT);
    out->disposition = read_text (e->body, "disposition", CASE_TEXT);
    out->contained = read_time (e->body, "times.contained");
    out->recovered = read_time (e->body, "times.recovered");
    out->what = CASE_NOTE;
    if (report)
        read_report (out, e);
    else if (escalation)
        read_escalation (out, e);
    else if (update)
        read_update (out, e);
    return true;
}
