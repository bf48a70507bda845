/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/alarms.h"
#include "broker/casework/clocks.h"
#include "broker/casework/escalate.h"
#include "bus/core/schema.h"
#include "bus/core/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_TEXT 640
#define TEXT_TEXT  1600

/* What an alarm is made of. */
struct about {
    const struct clock_case *one;
    const struct clock_run *run;
    enum clock_step step;
    char id[ID_TEXT], due[WHEN_TEXT];
    char title[TITLE_TEXT], text[TEXT_TEXT], call[ALARM_CALL];
};

/* --- Whom to call -------------------------------------------------------------------------- */

/* The lead; of one that nothing is known of, the party above this one. */
static void whom_to_call (struct store *store, struct span lead, char call[ALARM_CALL])
{
    struct span parent = party_parent (span_of (store->self));
    call[0] = '\0';
    if (!alarm_call (store, lead, call) && parent.size > 0)
        alarm_call (store, parent, call);
}

/* --- What to say --------------------------------------------------------------------------- */

/* "the lead owes": in few words, for a title. */
static const char *owed (enum clock_name clock)
{
    return clock == CLOCK_UPDATE  ? "update"
           : clock == CLOCK_CLOSE ? "closing report"
                                  : "acknowledgement";
}

static void say_title (struct about *a)
{
    const struct case_state *state = &a->one->state;
    const char *severity = severity_name (state->severity), *what = owed (a->run->clock);
    char head[TITLE_TEXT / 2];
    bool above = a->run->place == CLOCK_ABOVE;
    snprintf (head, sizeof head, "%s %s: ", a->id, severity);
    if (a->run->clock == CLOCK_STORED)
        snprintf (a->title, sizeof a->title,
                  "%s" SPAN_FMT " has not stored the report by %s: ", head, SPAN_ARG (state->lead),
                  a->due);
    else if (above && a->step == CLOCK_REMIND)
        snprintf (a->title, sizeof a->title, "%sclimbed here, no %s by " SPAN_FMT ": ", head, what,
                  SPAN_ARG (state->lead));
    else if (a->step == CLOCK_REMIND)
        snprintf (a->title, sizeof a->title, "%s%s due by %s: ", head, what, a->due);
    else if (a->step == CLOCK_BREACH)
        snprintf (a->title, sizeof a->title, "%sno %s by %s: ", head,
                  above ? "acknowledgement" : what, a->due);
    else
        snprintf (a->title, sizeof a->title, "%sno %s by %s, and nobody is above: ", head,
                  above ? "acknowledgement" : what, a->due);
    size_t used = strlen (a->title);
    snprintf (a->title + used, sizeof a->title - used, SPAN_FMT,
              SPAN_ARG (state->title.size > 0 ? state->title : state->type));
}

static void say_text (struct about *a)
{
    const struct case_state *state = &a->one->state;
    const char *climbs = a->run->climb > 0 && a->step == CLOCK_BREACH
                             ? " It climbs by itself when nothing is done."
                             : "";
    if (a->run->clock == CLOCK_STORED)
        snprintf (a->text, sizeof a->text,
                  "The report waits here and leaves by itself when the link is back: certbus "
                  "status says where it stands. Tell " SPAN_FMT " by phone.",
                  SPAN_ARG (state->lead));
    else if (a->run->place == CLOCK_ABOVE)
        snprintf (a->text, sizeof a->text,
                  "Call " SPAN_FMT ", which leads the case; or take it on: certbus ack %s --by YOU "
                  "--next-update TIME.%s",
                  SPAN_ARG (state->lead), a->id, climbs);
    else if (a->run->clock == CLOCK_UPDATE)
        snprintf (a->text, sizeof a->text,
                  "certbus update %s \"what is new\" --next-update TIME.%s", a->id, climbs);
    else if (a->run->clock == CLOCK_CLOSE)
        snprintf (a->text, sizeof a->text,
                  "certbus close %s, or certbus update %s with the reason.%s", a->id, a->id,
                  climbs);
    else
        snprintf (a->text, sizeof a->text, "certbus ack %s --by YOU --next-update TIME.%s", a->id,
                  climbs);
}

static const char *what_of (const struct about *a)
{
    if (a->run->clock == CLOCK_STORED)
        return "not-stored";
    if (a->step == CLOCK_REMIND)
        return a->run->place == CLOCK_ABOVE ? "climbed" : "reminder";
    return a->step == CLOCK_BREACH ? "breach" : "climbed";
}

static void alarm_of (struct store *store, struct about *a, struct deed *out)
{
    const struct case_state *state = &a->one->state;
    msg_id_text (&state->id, a->id);
    when_text (a->run->due / 1000 * 1000, a->due); /* nobody reads thousandths at night */
    say_title (a);
    say_text (a);
    if (a->run->place != CLOCK_LEAD)
        whom_to_call (store, state->lead, a->call);
    struct alarm alarm = { .what = what_of (a),
                           .clock = clock_name (a->run->clock),
                           .step = a->step,
                           .started = a->run->started,
                           .due = a->run->due,
                           .severity = severity_name (state->severity),
                           .title = a->title,
                           .text = a->text,
                           .call = a->call,
                           .party = a->run->party,
                           .count = -1,
                           .thread = state->id,
                           .tlp = state->tlp,
                           .mode = state->mode,
                           .exercise = state->exercise };
    alarm_deed (out, span_of (store->self), &alarm);
}

bool clocks_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                  int64_t now, struct deed *out)
{
    struct clock_case one;
    struct clock_run runs[CLOCK_RUNS];
    struct msg_id id;
    bool made = false, climbs = timer->step == CLOCK_CLIMB;
    if (climbs && party_depth (span_of (store->self)) > 1)
        return escalation_deed (store, subject, timer, now, out);
    if (!subject_msg_id (subject, &id) || !clock_case_read (store, &id, &one))
        return false;
    size_t count = clocks_now (runs, &one.state, &one.view);
    for (size_t i = 0; i < count && !made; i++) {
        struct about about = { .one = &one,
                               .run = &runs[i],
                               .step = (enum clock_step) timer->step };
        /* The breach itself is told in a moment. */
        bool late = timer->step == CLOCK_REMIND && runs[i].place == CLOCK_LEAD && now >= timer->due;
        made = strcmp (clock_name (runs[i].clock), timer->clock) == 0 &&
               runs[i].started == timer->started && !late;
        if (made)
            alarm_of (store, &about, out);
    }
    clock_case_clear (&one);
    return made;
}
