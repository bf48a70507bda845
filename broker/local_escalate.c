/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/escalate.h"
#include "broker/local_case.h"
#include "broker/local_step.h"
#include "broker/officers.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 1000 /* as in schemas/escalation.cfg */

/* An officer wants the CERT above to know of a case now. */
struct escalate_job {
    struct job job;
    struct question question;
    uint8_t *map; /* the question's own copy */
    struct case_named named;
    int64_t now;
    struct span officer;
    char officer_name[OFFICER_MAX + 1];
    bool again, made;
    struct step_check check;
    struct deed deed;
    struct pack_out out; /* a refusal */
};

static void escalate_run (struct job *base, struct store *store)
{
    struct escalate_job *job = (struct escalate_job *) base;
    job->again = !case_find (&job->named, store, &job->out);
    if (job->again || job->named.refused)
        return;
    struct escalation what = { .id = job->named.id,
                               .clock = span_of ("officer"),
                               .started = job->now,
                               .due = job->now,
                               .text = ask_text (&job->question, "text"),
                               .officer = job->officer };
    job->made = escalation_make (store, &what, &job->deed);
    if (!job->made)
        return;
    step_check_begin (&job->check, span_of (store->self), &job->deed.draft, job->now);
    step_check_run (&job->check, store);
}

/* Signs and stores it, or says why not. */
static void escalate (struct escalate_job *job)
{
    const struct question *q = &job->question;
    if (!job->made)
        answer_refuse (&q->asker, "illegal-step",
                       "a case of mode test is told to nobody; escalate a live one");
    else if (job->check.reason != NULL)
        answer_refuse (&q->asker, job->check.reason, job->check.detail);
    else if (job->deed.finish == NULL || job->deed.finish (q->station, &job->deed))
        local_originate (q, &job->deed.draft, NULL);
}

static void escalate_done (struct job *base, struct station *station)
{
    struct escalate_job *job = (struct escalate_job *) base;
    if (job->again && !station->stopping) {
        store_submit (station->store, base);
        return;
    }
    if (job->again || station->stopping)
        answer_refuse (&job->question.asker, "away", "the broker is leaving");
    else if (job->named.refused)
        answer_send (&job->question.asker, &job->out);
    else
        escalate (job);
    if (job->made)
        deed_free (&job->deed);
    pack_free (&job->out);
    free (job->map);
    free (job);
}

/* NULL, or what is wrong with the question. */
static const char *wrong (const struct question *q)
{
    struct span text = ask_text (q, "text");
    if (text.size > WORDS_MAX || !span_utf8 (text))
        return "text: at most 1000 bytes of UTF-8";
    return ask_text (q, "officer").size > OFFICER_MAX ? "officer: at most 64 bytes" : NULL;
}

void local_escalate (const struct question *q)
{
    char why[OFFICERS_WHY];
    struct span officer = ask_text (q, "officer"), self = station_name (q->station);
    const char *usage = wrong (q);
    if (usage != NULL) {
        answer_refuse (&q->asker, "usage", usage);
        return;
    }
    if (!officers_allow (&q->station->conf.officers, q->uid, span_of ("escalate"), true, &officer,
                         why)) {
        answer_refuse (&q->asker, "not-allowed", why);
        return;
    }
    if (party_parent (self).size == 0) {
        snprintf (why, sizeof why, SPAN_FMT " is the top party: there is no CERT above it",
                  SPAN_ARG (self));
        answer_refuse (&q->asker, "illegal-step", why);
        return;
    }
    struct escalate_job *job = job_new (sizeof *job, escalate_run, escalate_done);
    job->question = *q;
    job->map = malloc (q->map.size);
    if (job->map == NULL)
        abort ();
    memcpy (job->map, q->map.data, q->map.size);
    job->question.map = span_bytes (job->map, q->map.size);
    job->now = clock_utc ();
    span_text (officer, job->officer_name, sizeof job->officer_name);
    job->officer = span_of (job->officer_name);
    pack_init (&job->out);
    if (case_named (&job->named, &job->question)) {
        store_submit (q->station->store, &job->job);
        return;
    }
    pack_free (&job->out);
    free (job->map);
    free (job);
}
