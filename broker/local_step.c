/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_step.h"

#include "broker/casework/threads.h"
#include "bus/core/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void step_check_begin (struct step_check *out, struct span self, const struct draft *draft,
                       int64_t now)
{
    struct envelope e = { .kind = draft->kind,
                          .id = { .origin = self },
                          .audience_count = draft->audience_count,
                          .tlp = draft->tlp,
                          .mode = draft->mode,
                          .exercise = draft->exercise,
                          .issued = now,
                          .thread = draft->thread,
                          .after_count = draft->after_count,
                          .officer = draft->officer,
                          .body = draft->body };
    memset (out, 0, sizeof *out);
    for (size_t i = 0; i < draft->audience_count; i++)
        term_parse (&e.audience[i], draft->audience[i]);
    out->wanted =
        draft->thread.origin.size > 0 && step_of (&out->step, &e) && out->step.what != CASE_REPORT;
    out->thread = draft->thread;
    out->after_count = draft->after_count;
    memcpy (out->after, draft->after, sizeof out->after);
    out->step.after = out->after;
}

static void add (struct step_check *check, const char *text)
{
    size_t size = strlen (check->detail);
    snprintf (check->detail + size, sizeof check->detail - size, "%s", text);
}

static void add_time (struct step_check *check, int64_t time)
{
    char text[WHEN_TEXT];
    when_text (time, text);
    add (check, text);
}

static void add_party (struct step_check *check, struct span party)
{
    char text[PARTY_MAX + 1];
    span_text (party, text, sizeof text);
    add (check, text);
}

static void add_possible (struct step_check *check, unsigned may)
{
    const char *between = "; possible now: ";
    for (unsigned step = 0; step < CASE_STEP_END; step++) {
        if (((may >> step) & 1) == 0)
            continue;
        add (check, between);
        add (check, case_step_name (step));
        between = ", ";
    }
}

static void explain (struct step_check *check, const struct case_state *state, enum case_void why)
{
    check->reason = "illegal-step";
    add (check, case_void_text (why));
    if (why == CASE_VOID_CLOSED) {
        add (check, " on ");
        add_time (check, state->closed);
    } else if (why == CASE_VOID_NOT_LEAD) {
        add (check, "; the lead is ");
        add_party (check, state->lead);
    }
    add_possible (check, case_may (state, check->step.id.origin));
}

static void check_case (struct step_check *check, const struct case_state *state)
{
    enum case_void why = case_judge (state, &check->step);
    if (why != CASE_VOID_NONE) {
        explain (check, state, why);
        return;
    }
    if (check->step.next_update > 0 && check->step.next_update < check->step.issued) {
        check->reason = "usage";
        add (check, "next_update: ");
        add_time (check, check->step.next_update);
        add (check, " is past");
        return;
    }
    if (check->after_count > 0)
        return;
    check->after_count = state->head_count;
    memcpy (check->after, state->heads, sizeof check->after);
}

void step_check_run (struct step_check *check, struct store *store)
{
    struct case_state state;
    uint8_t *bytes = threads_case (store->journal, &check->thread, &state);
    if (bytes != NULL) {
        check_case (check, &state);
    } else if (check->step.what != CASE_UPDATE && check->step.what != CASE_NOTE) {
        /* News and words may be about anything. */
        char id[ID_TEXT];
        msg_id_text (&check->thread, id);
        check->reason = "illegal-step";
        add (check, "thread: ");
        add (check, id);
        add (check, " is no case that is known here");
    }
    free (bytes);
}
