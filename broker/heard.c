/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/heard.h"

#include "broker/casework/silence.h"
#include "broker/peer.h"
#include "bus/core/schema.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_MS INT64_C (1000)
#define EVERY_MS  INT64_C (180000)
/* Children come back within a minute or two of a start. */
#define GRACE_MS INT64_C (120000)

int64_t heard_last (const struct peer *peer)
{
    return peer->heard_utc > peer->heard_before ? peer->heard_utc : peer->heard_before;
}

static int64_t limit_of (const struct station *station, const struct peer *peer)
{
    return silence_limit (directory_policy_now (station->directory), peer->entry->credential.role);
}

int64_t heard_silent_since (const struct station *station, const struct peer *peer)
{
    int64_t last = heard_last (peer);
    bool silent =
        peer->state != LINK_OPEN && last > 0 && clock_utc () - last > limit_of (station, peer);
    return silent ? last : 0;
}

/* --- Writing ------------------------------------------------------------------------------- */

struct heard_of {
    char name[PARTY_MAX + 1], role[SECTOR_MAX + 1];
    int64_t at; /* out: when it was last heard */
    int64_t enrolled;
    bool gone;
};

struct heard_job {
    struct job job;
    int64_t now;
    bool all; /* there are no others: who is known besides is a child no more */
    size_t count;
    struct heard_of of[];
};

static int by_name (const void *a, const void *b)
{
    return strcmp (((const struct heard_of *) a)->name, ((const struct heard_of *) b)->name);
}

static void forget_others (struct heard_job *job, struct store *store)
{
    struct key after = { .size = 0 };
    struct heard heard;
    struct heard_of one;
    if (job->count > 0)
        qsort (job->of, job->count, sizeof job->of[0], by_name);
    while (heard_next (store->journal, &after, &heard)) {
        span_text (heard.party, one.name, sizeof one.name);
        if (job->count == 0 || !bsearch (&one, job->of, job->count, sizeof one, by_name))
            heard_forget (store, span_of (one.name));
    }
}

static void heard_run (struct job *base, struct store *store)
{
    struct heard_job *job = (struct heard_job *) base;
    for (size_t i = 0; i < job->count; i++) {
        struct heard_of *one = &job->of[i];
        struct heard heard = { span_of (one->name), span_of (one->role), one->at, one->enrolled };
        if (one->gone)
            heard_forget (store, heard.party);
        else
            one->at = heard_put (store, &heard, job->now);
    }
    if (job->all)
        forget_others (job, store);
    if (returns_next (store, job->now) > 0)
        casework_touch (store, &(struct subject){ .class = SUBJECT_RETURN });
    casework_settle (store);
}

static struct peer *child_named (const struct station *station, const char *name)
{
    const struct entry *entry = directory_by_name (station->directory, span_of (name));
    return entry != NULL ? peer_of_child (station, &entry->credential) : NULL;
}

static void heard_done (struct job *base, struct station *station)
{
    struct heard_job *job = (struct heard_job *) base;
    for (size_t i = 0; i < job->count && !job->job.full; i++) {
        struct peer *peer = child_named (station, job->of[i].name);
        if (peer != NULL && job->of[i].at > peer->heard_before)
            peer->heard_before = job->of[i].at;
    }
    free (job);
}

static struct heard_job *job_for (size_t count)
{
    struct heard_job *job =
        job_new (sizeof *job + count * sizeof job->of[0], heard_run, heard_done);
    job->job.writes = true;
    job->now = clock_utc ();
    return job;
}

static void note (struct heard_job *job, struct peer *peer)
{
    snprintf (job->of[job->count].name, sizeof job->of[0].name, "%s", peer->name);
    span_text (peer->entry->credential.role, job->of[job->count].role, sizeof job->of[0].role);
    const struct entry *first =
        directory_generation (peer->station->directory, span_of (peer->name), 1);
    job->of[job->count].enrolled = (first != NULL ? first : peer->entry)->credential.issued;
    job->of[job->count++].at = peer->heard_utc;
    peer->heard_saved = peer->heard_utc > 0 ? peer->heard_utc : 1;
}

/* A quarter of the shortest limit of those who are there. */
static int64_t every (const struct station *station)
{
    int64_t least = EVERY_MS;
    for (struct peer *peer = station->children; peer != NULL; peer = peer->hh.next) {
        int64_t quarter = limit_of (station, peer) / 4;
        least = quarter < least ? quarter : least;
    }
    return least < SECOND_MS ? SECOND_MS : least;
}

/* New is who is not in the table yet, or is heard for the first time in this run. */
static bool is_new (const struct peer *peer)
{
    return peer->heard_saved == 0 || (peer->heard_saved == 1 && peer->heard_utc > 0);
}

void heard_tick (struct station *station)
{
    int64_t now = clock_steady ();
    size_t new = 0, heard = 0;
    if (station->admit_wanted)
        return; /* who the children are is worked out first */
    for (struct peer *peer = station->children; peer != NULL; peer = peer->hh.next) {
        new += is_new (peer);
        heard += peer->heard_utc > peer->heard_saved;
    }
    bool first = station->heard_at == 0; /* the month is looked at, too */
    bool due = heard > 0 && now - station->heard_at >= every (station);
    if (new == 0 && !due && !first)
        return;
    struct heard_job *job = job_for (heard + new);
    job->all = first;
    for (struct peer *peer = station->children; peer != NULL; peer = peer->hh.next)
        if (is_new (peer) || (due && peer->heard_utc > peer->heard_saved))
            note (job, peer);
    if (due || first)
        station->heard_at = now;
    store_submit (station->store, &job->job);
}

void heard_gone (struct station *station, const char *party)
{
    struct heard_job *job = job_for (1);
    snprintf (job->of[0].name, sizeof job->of[0].name, "%s", party);
    job->of[0].gone = true;
    job->count = 1;
    store_submit (station->store, &job->job);
}

/* --- Before an alarm ----------------------------------------------------------------------- */

static bool just_started (const struct station *station, int64_t limit)
{
    int64_t grace = limit < GRACE_MS ? limit : GRACE_MS;
    return clock_utc () - station->started < grace;
}

bool heard_is_silent (struct station *station, struct deed *deed)
{
    char name[PARTY_MAX + 1];
    span_text (body_text (deed->draft.body, "party"), name, sizeof name);
    struct peer *peer = child_named (station, name);
    if (peer == NULL) {
        heard_gone (station, name);
        return false;
    }
    if (just_started (station, limit_of (station, peer)))
        return false;
    if (peer->state != LINK_OPEN && heard_silent_since (station, peer) > 0)
        return true;
    struct heard_job *job = job_for (1);
    note (job, peer);
    store_submit (station->store, &job->job);
    return false;
}

struct month_job {
    struct job job;
    int64_t start;
};

static void month_run (struct job *base, struct store *store)
{
    returns_done (store, ((struct month_job *) base)->start);
    casework_settle (store);
}

static void month_done (struct job *base, struct station *station)
{
    (void) station;
    free (base);
}

bool heard_any_missing (struct station *station, struct deed *deed)
{
    if (body_int (deed->draft.body, "count", 0) > 0)
        return true;
    struct month_job *job = job_new (sizeof *job, month_run, month_done);
    job->job.writes = true;
    job->start = body_int (deed->draft.body, "started", 0);
    store_submit (station->store, &job->job);
    return false;
}
