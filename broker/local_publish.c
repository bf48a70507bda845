/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_cover.h"
#include "broker/local_draft.h"
#include "broker/local_number.h"
#include "broker/local_own.h"
#include "broker/local_step.h"
#include "broker/local_thread.h"

#include "broker/casework/exercises.h"
#include "bus/core/schema.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

/* Who writes to a party below that nobody has enrolled wrote its name wrongly: this party
 * hears of each enrolment below it. Of others it does not, and a relay asks nobody. */
static bool check_audience (const struct question *q, const struct draft *draft)
{
    const struct directory *directory = q->station->directory;
    struct span self = station_name (q->station);
    for (size_t i = 0; i < draft->audience_count; i++) {
        struct term term;
        if (!term_parse (&term, draft->audience[i]) || term.type == TERM_SECTOR ||
            !party_above (self, term.name) || directory_by_name (directory, term.name) != NULL)
            continue;
        struct local_unknown unknown;
        local_unknown (&unknown, q->station, self, term.name,
                       "no such party is enrolled below this one");
        answer_reason (&q->asker, CB_AUDIENCE, unknown.detail);
        return false;
    }
    return true;
}

/* --- What only the journal knows ------------------------------------------------------------ */

/* A draft on its way through the journal's thread, before it is a message. */
struct publish_job {
    struct job job;
    struct question question; /* its map is an own copy */
    uint8_t *map;
    struct draft draft;   /* borrows from the copy */
    struct pack_out body; /* of the draft, when something was added to it */
    struct step_check step;
    struct term terms[AUDIENCE_MAX]; /* of exercise */
    struct exercise_ask exercise;
    const char *strays; /* static; NULL: it does not */
    struct thread_lookup thread;
    struct cover cover;
    struct number_ask number;
    char same[ID_TEXT];
};

/* Its case: whether it would count there. Fills in the heads that nobody named. */
static bool step_begin (struct publish_job *job)
{
    step_check_begin (&job->step, station_name (job->question.station), &job->draft, clock_utc ());
    return true;
}

static void step_run (struct publish_job *job, struct store *store)
{
    if (job->step.wanted)
        step_check_run (&job->step, store);
}

static bool step_fits (struct publish_job *job)
{
    if (job->step.reason != NULL) {
        answer_refuse (&job->question.asker, job->step.reason, job->step.detail);
        return false;
    }
    job->draft.after_count = job->step.after_count;
    memcpy (job->draft.after, job->step.after, sizeof job->draft.after);
    return true;
}

/* Its exercise: whether live and exercise meet. */
static bool exercise_begin (struct publish_job *job)
{
    const struct draft *draft = &job->draft;
    const struct station *station = job->question.station;
    for (size_t i = 0; i < draft->audience_count; i++)
        term_parse (&job->terms[i], draft->audience[i]);
    job->exercise = (struct exercise_ask){ .kind = draft->kind,
                                           .origin = station_name (station),
                                           .credential = &station->me->credential.st.hash,
                                           .mode = draft->mode,
                                           .precedence = draft->precedence,
                                           .exercise = draft->exercise,
                                           .thread = draft->thread,
                                           .replaces = draft->replaces,
                                           .audience_count = draft->audience_count,
                                           .audience = job->terms,
                                           .body = draft->body,
                                           .issued = clock_utc (),
                                           .own = true };
    return true;
}

static void exercise_run (struct publish_job *job, struct store *store)
{
    job->strays = exercise_look (store, &job->exercise);
}

static bool exercise_fits (struct publish_job *job)
{
    if (job->strays == NULL)
        return true;
    if (span_is (job->draft.kind, "exercise"))
        answer_refuse (&job->question.asker, "illegal-step", job->strays);
    else
        answer_reason (&job->question.asker, CB_EXERCISE, job->strays);
    return false;
}

/* Its thread: who takes part, and the report that a transfer takes along. */
static void thread_run (struct publish_job *job, struct store *store)
{
    thread_look_up (store, &job->draft, &job->thread);
}

static bool thread_fits (struct publish_job *job)
{
    char detail[THREAD_WHY];
    if (!thread_lead_fits (job->question.station, &job->draft, detail)) {
        answer_refuse (&job->question.asker, "illegal-step", detail);
        return false;
    }
    enum cb_reason reason =
        thread_apply (job->question.station, &job->thread, &job->draft, &job->body, detail);
    if (reason != CB_OK && job->thread.why[0] != '\0')
        answer_refuse (&job->question.asker, cb_reason_name (reason), detail);
    else if (reason != CB_OK)
        answer_reason (&job->question.asker, reason, detail);
    return reason == CB_OK;
}

/* What it replaces: whether all who have that get this. */
static void replaced_run (struct publish_job *job, struct store *store)
{
    cover_look (store, &job->draft.replaces, &job->cover);
}

static bool replaced_fits (struct publish_job *job)
{
    return cover_fits (&job->question, &job->cover, &job->draft);
}

/* Its number: the next one, or a typed one that is free. */
static bool number_begin (struct publish_job *job)
{
    return number_ask_begin (&job->number, &job->question, &job->draft);
}

static void number_run (struct publish_job *job, struct store *store)
{
    number_ask_run (&job->number, store);
}

static bool number_fits (struct publish_job *job)
{
    if (!number_ask_fits (&job->number, &job->question))
        return false;
    if (job->number.next) {
        struct pack_out numbered;
        pack_init (&numbered);
        number_body (&numbered, job->draft.body, span_of (job->number.number));
        pack_free (&job->body);
        job->body = numbered;
        job->draft.body = pack_result (&job->body);
    }
    return true;
}

/* Its like: whether the same was published before, for a rehearsal. */
static void same_run (struct publish_job *job, struct store *store)
{
    if (ask_bool (&job->question, "dry_run"))
        numbers_same (store, job->draft.kind, job->draft.mode, job->draft.body, job->same);
}

/* Each is begun in the loop, looked up in the journal's thread, and judged in the loop, in this
 * order. The first that does not fit has answered who asked. NULL: nothing to do there. */
static const struct {
    bool (*begin) (struct publish_job *job);
    void (*run) (struct publish_job *job, struct store *store);
    bool (*fits) (struct publish_job *job);
} looks[] = {
    { step_begin, step_run, step_fits },             /* its case */
    { exercise_begin, exercise_run, exercise_fits }, /* its exercise */
    { NULL, thread_run, thread_fits },               /* its thread */
    { NULL, replaced_run, replaced_fits },           /* what it replaces */
    { number_begin, number_run, number_fits },       /* its number */
    { NULL, same_run, NULL },                        /* its like */
};
#define LOOKS (sizeof looks / sizeof looks[0])

/* Whether any of them may have something to say: else a draft does not wait for the journal. */
static bool needs_look (const struct question *q, const struct draft *draft)
{
    const struct schema *schema = schemas_find (q->station->schemas, draft->kind);
    return draft->mode == CB_MODE_EXERCISE || draft->thread.origin.size > 0 ||
           draft->replaces.origin.size > 0 || span_is (draft->kind, "exercise") ||
           ask_bool (q, "number") || ask_bool (q, "dry_run") ||
           (schema_numbered (schema) && body_text (draft->body, "number").size > 0);
}

/* --- The job ------------------------------------------------------------------------------- */

static void rehearse (struct publish_job *job)
{
    char detail[SCHEMA_WHERE] = "";
    const struct question *q = &job->question;
    enum cb_reason reason = originate_check (q->station, &job->draft, detail);
    if (reason == CB_OK)
        local_reach (q, &job->draft, job->number.number, job->same);
    else
        answer_reason (&q->asker, reason, detail);
}

static void publish (struct publish_job *job)
{
    struct question *q = &job->question;
    const char *number = job->number.number;
    int64_t before = q->station->seq;
    snprintf (q->asker.number, sizeof q->asker.number, "%s", number);
    local_originate (q, &job->draft, NULL);
    if (q->station->seq > before && number[0] != '\0' && job->draft.mode != CB_MODE_TEST)
        numbers_took (q->station, q->station->seq, number, &job->number.lookup.series);
}

static void publish_run (struct job *base, struct store *store)
{
    struct publish_job *job = (struct publish_job *) base;
    for (size_t i = 0; i < LOOKS; i++)
        looks[i].run (job, store);
}

static void publish_judge (struct publish_job *job)
{
    for (size_t i = 0; i < LOOKS; i++)
        if (looks[i].fits != NULL && !looks[i].fits (job))
            return;
    if (ask_bool (&job->question, "dry_run"))
        rehearse (job);
    else
        publish (job);
}

static void publish_free (struct publish_job *job)
{
    pack_free (&job->body);
    thread_lookup_free (&job->thread);
    free (job->map);
    free (job);
}

static void publish_done (struct job *base, struct station *station)
{
    struct publish_job *job = (struct publish_job *) base;
    if (station->stopping)
        answer_refuse (&job->question.asker, "away", "the broker is leaving");
    else
        publish_judge (job);
    publish_free (job);
}

static void publish_start (const struct question *q)
{
    struct publish_job *job = job_new (sizeof *job, publish_run, publish_done);
    job->map = malloc (q->map.size);
    if (job->map == NULL)
        abort ();
    memcpy (job->map, q->map.data, q->map.size);
    job->question = *q;
    job->question.map = span_bytes (job->map, q->map.size);
    pack_init (&job->body);
    bool good = local_draft (&job->question, &job->draft); /* again: it borrows from the copy */
    for (size_t i = 0; i < LOOKS && good; i++)
        good = looks[i].begin == NULL || looks[i].begin (job);
    if (good)
        store_submit (q->station->store, &job->job);
    else
        publish_free (job);
}

void local_publish (const struct question *q)
{
    struct draft draft;
    if (!local_draft (q, &draft) || !check_audience (q, &draft))
        return;
    if (needs_look (q, &draft))
        publish_start (q);
    else
        local_originate (q, &draft, NULL);
}
