/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/heads.h"

#include "broker/originate.h"
#include "broker/peer.h"
#include "broker/tables.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

static void say (struct station *station, const char *kind, const char *audience,
                 unsigned precedence, struct pack_out *body)
{
    struct draft draft = {
        .precedence = precedence, .tlp = CB_TLP_GREEN, .mode = CB_MODE_LIVE, .audience_count = 1
    };
    char why[SCHEMA_WHERE];
    draft.kind = span_of (kind);
    draft.audience[0] = span_of (audience);
    draft.body = pack_result (body);
    enum cb_reason reason = originate (station, &draft, NULL, NULL, why);
    if (reason != CB_OK)
        log_warning ("no %s: %s %s", kind, cb_reason_text (reason), why);
}

static void say_head (struct station *station)
{
    const struct policy *policy = directory_policy_now (station->directory);
    struct head head = { .time = clock_utc (), .policy_version = policy->version };
    struct pack_out body;
    char audience[TERM_MAX + 1];
    directory_revoked (station->directory, &head.revocations, &head.revoked);
    pack_init (&body);
    trust_body_head (&body, &head);
    snprintf (audience, sizeof audience, "%.*s.**", SPAN_ARG (station_name (station)));
    say (station, "head", audience, CB_LANE_FLASH, &body);
    pack_free (&body);
}

void heads_tick (struct station *station, int64_t now)
{
    const struct policy *policy = directory_policy_now (station->directory);
    if (policy == NULL || station->parent != NULL)
        return;
    const struct head *head = directory_head_now (station->directory);
    int64_t every = policy_setting (policy, POLICY_HEAD_EVERY);
    /* By the wall clock, so that a restart does not sign another one. */
    if (head != NULL && clock_utc () - head->time < every && head->time <= clock_utc ())
        return;
    if (station->sent_head > 0 && now - station->sent_head < every)
        return;
    station->sent_head = now;
    say_head (station);
}

struct acked_job {
    struct job job;
    size_t count;
    struct {
        char name[PARTY_MAX + 1];
        unsigned lane;
        int64_t position;
    } at[];
};

static void acked_run (struct job *base, struct store *store)
{
    struct acked_job *job = (struct acked_job *) base;
    for (size_t i = 0; i < job->count; i++) {
        struct key key;
        key_begin (&key, TABLE_ACKED);
        key_text (&key, span_of (job->at[i].name));
        key_u8 (&key, job->at[i].lane);
        store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) job->at[i].position));
    }
}

static void acked_done (struct job *base, struct station *station)
{
    (void) station;
    free (base);
}

static void note (struct acked_job *job, struct peer *peer)
{
    if (peer == NULL || !peer->acked_dirty)
        return;
    peer->acked_dirty = false;
    for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++) {
        memcpy (job->at[job->count].name, peer->name, sizeof peer->name);
        job->at[job->count].lane = lane;
        job->at[job->count++].position = peer->out[lane].acked;
    }
}

void acked_save (struct station *station)
{
    size_t peers = station->parent != NULL && station->parent->acked_dirty;
    for (struct peer *peer = station->children; peer != NULL; peer = peer->hh.next)
        peers += peer->acked_dirty;
    if (peers == 0)
        return;
    struct acked_job *job =
        job_new (sizeof *job + peers * CB_PRECEDENCES * sizeof job->at[0], acked_run, acked_done);
    job->job.writes = true;
    note (job, station->parent);
    for (struct peer *peer = station->children; peer != NULL; peer = peer->hh.next)
        note (job, peer);
    store_submit (station->store, &job->job);
}
