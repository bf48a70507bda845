/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/casework/exercises.h"
#include "broker/local_cover.h"
#include "broker/local_step.h"
#include "broker/local_thread.h"
#include "broker/numbers.h"
#include "broker/officers.h"
#include "bus/core/schema.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

#define REACH_BYTES ((size_t) 448 * 1024) /* each of the two lists */

/* --- What is asked ------------------------------------------------------------------------- */

struct reach {
    const struct draft *draft;
    struct span self; /* is not told that it does not get what it sends */
    struct pack_out with, without;
    size_t with_count, without_count; /* in the lists */
    size_t with_all, without_all;
    struct term terms[AUDIENCE_MAX];
};

static bool reach_visit (const struct entry *entry, void *arg)
{
    struct reach *reach = arg;
    const struct credential *c = &entry->credential;
    bool reached = !entry->revoked &&
                   route_here (reach->terms, reach->draft->audience_count, c->name, &c->sectors);
    if (!reached && span_equal (c->name, reach->self))
        return true;
    size_t *count = reached ? &reach->with_count : &reach->without_count;
    struct pack_out *out = reached ? &reach->with : &reach->without;
    ++*(reached ? &reach->with_all : &reach->without_all);
    if (pack_result (out).size > REACH_BYTES)
        return true;
    ++*count;
    pack_put_map (out, reached ? 2 : 3);
    put_span (out, "party", c->name);
    put_span (out, "title", c->title);
    if (!reached)
        put_text (out, "why", entry->revoked ? "its credential is revoked" : "not in the audience");
    return true;
}

static void answer_reach (const struct question *q, const struct draft *draft, const char *number,
                          const char *same)
{
    struct reach reach = { .draft = draft, .self = station_name (q->station) };
    struct pack_out out;
    for (size_t i = 0; i < draft->audience_count; i++)
        term_parse (&reach.terms[i], draft->audience[i]);
    pack_init (&reach.with);
    pack_init (&reach.without);
    directory_each (q->station->directory, directory_root_file (q->station->directory)->top,
                    reach_visit, &reach);
    pack_init (&out);
    bool with_more = reach.with_all > reach.with_count;
    bool without_more = reach.without_all > reach.without_count;
    pack_put_map (&out, 3 + (number[0] != '\0') + with_more + (same[0] != '\0') + without_more);
    if (number[0] != '\0')
        put_text (&out, "number", number);
    put_bool (&out, "ok", true);
    pack_put_text (&out, "reach");
    pack_put_array (&out, reach.with_count);
    pack_put_raw (&out, pack_result (&reach.with));
    if (with_more)
        put_uint (&out, "reach_count", reach.with_all);
    if (same[0] != '\0')
        put_text (&out, "same", same);
    pack_put_text (&out, "without");
    pack_put_array (&out, reach.without_count);
    pack_put_raw (&out, pack_result (&reach.without));
    if (without_more)
        put_uint (&out, "without_count", reach.without_all);
    answer_send (&q->asker, &out);
    pack_free (&out);
    pack_free (&reach.with);
    pack_free (&reach.without);
}

/* The heads of a thread that whoever wrote it has seen. */
static bool ask_after (const struct question *q, struct draft *draft)
{
    struct pack_in in = pack_open (body_field (q->map, "after"));
    if (pack_peek (&in) == PACK_END)
        return true; /* not given */
    size_t count = pack_array (&in, 0, AFTER_MAX);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *hash = pack_fixed (&in, HASH_SIZE);
        for (size_t j = 0; j < i && hash != NULL; j++)
            in.bad |= memcmp (draft->after[j].bytes, hash, HASH_SIZE) == 0;
        if (hash != NULL)
            memcpy (draft->after[i].bytes, hash, HASH_SIZE);
    }
    draft->after_count = count;
    return pack_done (&in) && (count == 0 || draft->thread.origin.size > 0);
}

/* Who announced an exercise sees what is played in it, where the policy lets it be sent there:
 * that is what the score is made of. */
static void also_to_announcer (const struct question *q, struct draft *draft)
{
    const struct station *station = q->station;
    const struct policy *policy = directory_policy_now (station->directory);
    struct term terms[AUDIENCE_MAX], announcer = { TERM_PARTY, draft->exercise.origin };
    struct sender sender = { .name = station_name (station),
                             .role = station->me->credential.role,
                             .sectors = &station->me->credential.sectors };
    for (size_t i = 0; i < draft->audience_count; i++)
        term_parse (&terms[i], draft->audience[i]);
    if (draft->mode != CB_MODE_EXERCISE || announcer.name.size == 0 ||
        draft->audience_count == AUDIENCE_MAX || policy == NULL ||
        span_equal (announcer.name, sender.name) ||
        route_here (terms, draft->audience_count, announcer.name, NULL) ||
        policy_allows (policy, &sender, draft->kind, &announcer, 1, draft->thread.origin).reason !=
            CB_OK)
        return;
    draft->audience[draft->audience_count++] = announcer.name;
}

static bool read_draft (const struct question *q, struct draft *draft)
{
    memset (draft, 0, sizeof *draft);
    draft->kind = ask_text (q, "kind");
    draft->body = body_field (q->map, "body");
    size_t count = ask_texts (q, "audience", draft->audience, AUDIENCE_MAX);
    const struct schema *schema = schemas_find (q->station->schemas, draft->kind);
    int64_t precedence =
        ask_int (q, "precedence", schema != NULL ? schema->precedence : CB_LANE_ROUTINE);
    int64_t tlp = ask_int (q, "tlp", 0), mode = ask_int (q, "mode", CB_MODE_LIVE);
    draft->officer = ask_text (q, "officer");
    draft->climb = ask_text (q, "climb");
    draft->expires = ask_int (q, "expires", 0);
    const char *why = NULL;
    if (schema == NULL)
        why = "kind: no such kind in the schemas here";
    else if (schema->system)
        why = "kind: brokers make messages of this kind, people do not";
    else if (draft->body.size == 0 ||
             (pack_peek (&(struct pack_in){ draft->body.data, draft->body.data + draft->body.size,
                                            false }) != PACK_MAP))
        why = "body: must be a map";
    else if (count == 0 || count == (size_t) -1)
        why = "audience: 1 to 32 terms";
    else if (precedence < 0 || precedence >= CB_PRECEDENCES)
        why = "precedence: flash, routine or bulk";
    else if (tlp < CB_TLP_CLEAR || tlp >= CB_TLP_END)
        why = "tlp: a label is needed: TLP:CLEAR, GREEN, AMBER, AMBER+STRICT or RED";
    else if (mode < 0 || mode >= CB_MODE_END)
        why = "mode: live, exercise or test";
    else if (!ask_ref (q, "thread", &draft->thread) || !ask_ref (q, "replaces", &draft->replaces) ||
             !ask_ref (q, "exercise", &draft->exercise))
        why = "thread, replaces or exercise is no reference";
    else if (!ask_after (q, draft))
        why = "after: at most 8 different hashes of messages of a thread";
    else if (draft->officer.size > OFFICER_MAX || draft->expires < 0 || draft->expires > TIME_MAX)
        why = "officer or expires is out of its range";
    else if (draft->climb.size > 0 && !party_valid (draft->climb))
        why = "climb: no party's name";
    for (size_t i = 0; why == NULL && i < count; i++) {
        struct term term;
        if (!term_parse (&term, draft->audience[i]))
            why = "audience: a term is pk.sindh, pk.sindh.** or @energy";
        else if (i > 0 && span_equal (draft->audience[i - 1], draft->audience[i]))
            why = "audience: a term stands twice";
    }
    if (why != NULL) {
        answer_refuse (&q->asker, "usage", why);
        return false;
    }
    draft->audience_count = count;
    draft->precedence = (unsigned) precedence;
    draft->tlp = (unsigned) tlp;
    draft->mode = (unsigned) mode;
    also_to_announcer (q, draft);
    return officers_draft (q, draft);
}

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

/* --- Its number, its case ------------------------------------------------------------------- */

/* What only the journal knows of a message before it is one: whether its number is free, which
 * one is next, whether it was published before, whether its case lets it count. */
struct publish_job {
    struct job job;
    struct question question; /* its map is an own copy */
    uint8_t *map;
    bool dry_run, next; /* the next number is wanted */
    unsigned mode;
    struct draft draft; /* as it was asked */
    struct number_lookup lookup;
    struct step_check step;
    struct thread_lookup thread;
    struct cover cover;
    char same[ID_TEXT];
    bool look; /* whether it strays between live and exercise */
    struct exercise_ask ask;
    struct term terms[AUDIENCE_MAX];
    const char *strays; /* static; NULL: it does not */
};

static void publish_run (struct job *base, struct store *store)
{
    struct publish_job *job = (struct publish_job *) base;
    struct span map = job->question.map;
    numbers_look_up (store, &job->lookup);
    if (job->look)
        job->strays = exercise_look (store, &job->ask);
    if (job->step.wanted)
        step_check_run (&job->step, store);
    thread_look_up (store, &job->draft, &job->thread);
    cover_look (store, &job->draft.replaces, &job->cover);
    if (job->dry_run)
        numbers_same (store, body_text (map, "kind"), job->mode, body_field (map, "body"),
                      job->same);
}

/* Whether a number can be given without anybody's knowing better. */
static bool sure (const struct publish_job *job)
{
    const struct station *station = job->question.station;
    const struct asker *asker = &job->question.asker;
    if (!job->lookup.counted)
        answer_refuse (asker, "number-unsure",
                       "the numbers that this journal holds are still being counted; try again");
    else if (job->lookup.recovering)
        answer_refuse (asker, "number-unsure",
                       "this broker was restored from an older copy and its own messages are not "
                       "all back yet: the next number may have been given. Wait for the links, or "
                       "type a number that you know to be free");
    else if (station->known_outside && !station->met)
        answer_refuse (asker, "number-unsure",
                       "no neighbour has been heard since this broker started; if its disk was "
                       "restored from an older copy, the next number may have been given. Wait for "
                       "a link, or type a number that you know to be free");
    else
        return true;
    return false;
}

static bool next_number (const struct publish_job *job, char number[NUMBER_MAX + 1])
{
    const struct number_series *series = &job->lookup.series;
    int64_t highest = numbers_highest (job->question.station->numbers, series);
    if (job->lookup.highest > highest)
        highest = job->lookup.highest;
    if (highest >= NUMBER_LAST) {
        answer_refuse (&job->question.asker, "usage", "number: this series has no further one");
        return false;
    }
    if (!sure (job))
        return false;
    number_text (series, highest + 1, number);
    return true;
}

/* Documents of exercises have numbers of their own, so that none is ever taken for a real one. */
static bool number_of_mode (const struct publish_job *job)
{
    static const char mark[] = NUMBER_EXERCISE;
    bool marked = strncmp (job->lookup.number, mark, sizeof mark - 1) == 0;
    if (job->mode == CB_MODE_TEST || marked == (job->mode == CB_MODE_EXERCISE))
        return true;
    answer_refuse (&job->question.asker, "usage",
                   marked ? "number: those that begin with " NUMBER_EXERCISE " are of exercises"
                          : "number: those of an exercise begin with " NUMBER_EXERCISE);
    return false;
}

/* A number that somebody typed. */
static bool number_free (const struct publish_job *job)
{
    char detail[NUMBER_MAX + ID_TEXT + 160];
    const char *number = job->lookup.number;
    if (!number_of_mode (job))
        return false;
    bool under_way = numbers_under_way (job->question.station->numbers, number);
    if (under_way)
        snprintf (detail, sizeof detail, "the number %s is being given at this moment", number);
    else if (job->lookup.given[0] != '\0')
        snprintf (detail, sizeof detail,
                  "the number %s was given before, to %s; what replaces that message carries the "
                  "same number, anything else another one",
                  number, job->lookup.given);
    else
        return true;
    answer_refuse (&job->question.asker, "number-given", detail);
    return false;
}

static void rehearse (const struct publish_job *job, struct draft *draft, const char *number)
{
    char detail[SCHEMA_WHERE] = "";
    enum cb_reason reason = originate_check (job->question.station, draft, detail);
    if (reason == CB_OK)
        answer_reach (&job->question, draft, number, job->same);
    else
        answer_reason (&job->question.asker, reason, detail);
}

static void publish_numbered (struct publish_job *job, struct draft *draft, const char *number)
{
    struct question *q = &job->question;
    int64_t before = q->station->seq;
    snprintf (q->asker.number, sizeof q->asker.number, "%s", number);
    local_originate (q, draft, NULL);
    if (q->station->seq > before && number[0] != '\0' && draft->mode != CB_MODE_TEST)
        numbers_took (q->station, q->station->seq, number, &job->lookup.series);
}

static bool strayed (const struct publish_job *job)
{
    if (job->strays == NULL)
        return false;
    if (span_is (job->ask.kind, "exercise"))
        answer_refuse (&job->question.asker, "illegal-step", job->strays);
    else
        answer_reason (&job->question.asker, CB_EXERCISE, job->strays);
    return true;
}

/* Whether what the journal knows of its thread lets it go, with what it takes along. */
static bool thread_fits (const struct publish_job *job, struct draft *draft, struct pack_out *body)
{
    char detail[THREAD_WHY];
    enum cb_reason reason = thread_apply (job->question.station, &job->thread, draft, body, detail);
    if (reason != CB_OK && job->thread.why[0] != '\0')
        answer_refuse (&job->question.asker, cb_reason_name (reason), detail);
    else if (reason != CB_OK)
        answer_reason (&job->question.asker, reason, detail);
    return reason == CB_OK;
}

static void publish_done (struct job *base, struct station *station)
{
    struct publish_job *job = (struct publish_job *) base;
    struct draft draft;
    struct pack_out body;
    char number[NUMBER_MAX + 1] = "";
    pack_init (&body);
    if (station->stopping) {
        answer_refuse (&job->question.asker, "away", "the broker is leaving");
        goto done;
    }
    if (job->step.reason != NULL) {
        answer_refuse (&job->question.asker, job->step.reason, job->step.detail);
        goto done;
    }
    if (!read_draft (&job->question, &draft) || strayed (job) ||
        !thread_fits (job, &draft, &body) || !cover_fits (&job->question, &job->cover, &draft) ||
        (job->next ? !next_number (job, number) : job->lookup.number[0] && !number_free (job)))
        goto done;
    draft.after_count = job->step.after_count;
    memcpy (draft.after, job->step.after, sizeof draft.after);
    if (job->next) {
        struct pack_out numbered;
        pack_init (&numbered);
        number_body (&numbered, draft.body, span_of (number));
        pack_free (&body);
        body = numbered;
        draft.body = pack_result (&body);
    } else {
        struct span typed = body_text (draft.body, "number");
        span_text (typed.size <= NUMBER_MAX ? typed : (struct span){ NULL, 0 }, number,
                   sizeof number);
    }
    if (job->dry_run)
        rehearse (job, &draft, number);
    else
        publish_numbered (job, &draft, number);
done:
    pack_free (&body);
    thread_lookup_free (&job->thread);
    free (job->map);
    free (job);
}

static struct publish_job *publish_start (const struct question *q)
{
    struct publish_job *job = job_new (sizeof *job, publish_run, publish_done);
    uint8_t *map = malloc (q->map.size);
    if (map == NULL)
        abort ();
    memcpy (map, q->map.data, q->map.size);
    job->question = *q;
    job->question.map = span_bytes (map, q->map.size);
    job->map = map;
    read_draft (&job->question, &job->draft); /* again: it borrows from the copy */
    step_check_begin (&job->step, station_name (q->station), &job->draft, clock_utc ());
    job->mode = job->draft.mode;
    job->dry_run = ask_bool (q, "dry_run");
    ask_ref (&job->question, "replaces", &job->lookup.replaces);
    return job;
}

/* Whether its mode, and what it refers to, have to be looked at before it is one. */
static bool may_stray (const struct draft *draft)
{
    return draft->mode == CB_MODE_EXERCISE || draft->thread.origin.size > 0 ||
           draft->replaces.origin.size > 0 || span_is (draft->kind, "exercise");
}

/* What the journal's thread is asked about it borrows from the job's copy of the question. */
static void ask_whether_it_strays (struct publish_job *job)
{
    struct draft draft;
    struct station *station = job->question.station;
    if (!read_draft (&job->question, &draft) || !may_stray (&draft))
        return;
    for (size_t i = 0; i < draft.audience_count; i++)
        term_parse (&job->terms[i], draft.audience[i]);
    job->look = true;
    job->ask = (struct exercise_ask){ .kind = draft.kind,
                                      .origin = station_name (station),
                                      .credential = &station->me->credential.st.hash,
                                      .mode = draft.mode,
                                      .precedence = draft.precedence,
                                      .exercise = draft.exercise,
                                      .thread = draft.thread,
                                      .replaces = draft.replaces,
                                      .audience_count = draft.audience_count,
                                      .audience = job->terms,
                                      .body = draft.body,
                                      .issued = clock_utc (),
                                      .own = true };
}

void local_publish (const struct question *q)
{
    struct draft draft;
    struct number_series series;
    char why[NUMBER_WHY];
    if (!read_draft (q, &draft) || !check_audience (q, &draft))
        return;
    bool next = ask_bool (q, "number"),
         kind = schema_numbered (schemas_find (q->station->schemas, draft.kind));
    struct span typed =
        kind ? body_text (draft.body, "number") : (struct span){ .data = NULL, .size = 0 };
    if (next && (!kind || body_field (draft.body, "number").size > 0)) {
        answer_refuse (&q->asker, "usage",
                       kind ? "number: the body has one; leave it out to be given the next one"
                            : "number: documents of this kind have none");
        return;
    }
    bool step = draft.thread.origin.size > 0 &&
                (span_is (draft.kind, "update") || span_is (draft.kind, "note"));
    if (!next && typed.size == 0 && !ask_bool (q, "dry_run") && !step && !may_stray (&draft)) {
        local_originate (q, &draft, NULL);
        return;
    }
    bool good = numbers_series (q->station, draft.mode, &series, why);
    if (next && !good) {
        char detail[NUMBER_WHY + 80];
        snprintf (detail, sizeof detail, "number: %s; set `number` in certbus.conf", why);
        answer_refuse (&q->asker, "usage", detail);
        return;
    }
    struct publish_job *job = publish_start (q);
    job->next = next;
    if (good)
        job->lookup.series = series;
    if (typed.size <= NUMBER_MAX && draft.mode != CB_MODE_TEST)
        number_upper (typed, job->lookup.number);
    ask_whether_it_strays (job);
    store_submit (q->station->store, &job->job);
}
