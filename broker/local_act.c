/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "bus/core/schema.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

void local_originate (const struct question *q, struct draft *draft, struct pack_out *answer)
{
    char detail[SCHEMA_WHERE] = "";
    struct asker asker = q->asker;
    asker.answer = answer;
    enum cb_reason reason = originate (q->station, draft, &asker, NULL, detail);
    if (reason == CB_OK)
        return;
    answer_reason (&q->asker, reason, detail);
    if (answer != NULL) {
        pack_free (answer);
        free (answer);
    }
}

/* --- revoke, trust, freeze ----------------------------------------------------------------- */

void local_revoke (const struct question *q)
{
    struct station *station = q->station;
    struct span party = ask_text (q, "party"), why = ask_text (q, "why");
    const struct entry *entry = directory_by_name (station->directory, party);
    if (entry == NULL || !party_above (station_name (station), party)) {
        answer_refuse (&q->asker, "not-found", "no party of that name below this one");
        return;
    }
    if (why.size == 0 || why.size > REVOCATION_WHY_MAX) {
        answer_refuse (&q->asker, "usage", "why: 1 to 256 bytes");
        return;
    }
    struct withdrawal withdrawal = { .why = why, .disputed = ask_bool (q, "disputed") };
    int64_t generation = ask_int (q, "generation", 0);
    if (generation != 0) {
        entry = directory_generation (station->directory, party,
                                      generation > 0 && generation <= GENERATION_MAX
                                          ? (uint32_t) generation
                                          : GENERATION_MAX + 1);
        withdrawal.name_last = true; /* what is under way was rightly sent */
    }
    if (entry == NULL) {
        answer_refuse (&q->asker, "not-found", "it has no such generation");
        return;
    }
    withdrawal.entry = entry;
    local_withdraw (q, &withdrawal);
}

void local_trust (const struct question *q)
{
    struct station *station = q->station;
    struct span statement = ask_bin (q, "statement");
    struct root_file root;
    struct draft draft = { .tlp = CB_TLP_CLEAR, .precedence = CB_LANE_FLASH, .audience_count = 1 };
    struct pack_out body;
    char audience[TERM_MAX + 1];
    snprintf (audience, sizeof audience, "%.*s.**",
              SPAN_ARG (directory_root_file (station->directory)->top));
    draft.kind = span_of (root_parse (&root, statement) == CB_OK ? "root" : "policy");
    draft.audience[0] = span_of (audience);
    pack_init (&body);
    trust_body_statement (&body, "statement", statement);
    draft.body = pack_result (&body);
    local_originate (q, &draft, NULL);
    pack_free (&body);
}

struct freeze_job {
    struct job job;
    struct asker asker;
    char party[PARTY_MAX + 1];
    bool frozen;
};

static void freeze_run (struct job *base, struct store *store)
{
    struct freeze_job *job = (struct freeze_job *) base;
    struct key key;
    key_begin (&key, TABLE_FROZEN);
    key_text (&key, span_of (job->party));
    if (job->frozen)
        store_ok (store, table_put_u64 (store->journal, &key, 0));
    else
        store_ok (store, journal_del (store->journal, key_span (&key)));
}

static void freeze_done (struct job *base, struct station *station)
{
    struct freeze_job *job = (struct freeze_job *) base;
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 1);
    put_bool (&out, "ok", true);
    if (job->job.full) {
        answer_reason (&job->asker, CB_DISK_FULL, "");
    } else {
        directory_freeze (station->directory, span_of (job->party), job->frozen);
        answer_send (&job->asker, &out);
    }
    pack_free (&out);
    free (job);
}

void local_freeze (const struct question *q)
{
    struct span party = ask_text (q, "party");
    bool own = span_equal (party, station_name (q->station));
    if (!party_valid (party) || (own && ask_bool (q, "frozen"))) {
        answer_refuse (&q->asker, "usage", "party: the name of another party");
        return;
    }
    const struct directory *directory = q->station->directory;
    if (directory_by_name (directory, party) == NULL && !directory_frozen (directory, party) &&
        !ask_bool (q, "unknown")) {
        local_refuse_unknown (q, party);
        return;
    }
    struct freeze_job *job = job_new (sizeof *job, freeze_run, freeze_done);
    job->job.writes = true;
    job->asker = q->asker;
    job->frozen = ask_bool (q, "frozen");
    span_text (party, job->party, sizeof job->party);
    store_submit (q->station->store, &job->job);
}
