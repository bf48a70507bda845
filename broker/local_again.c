/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/enrol.h"

#include "broker/heirs.h"
#include "broker/take.h"
#include "bus/core/schema.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

/* --- Withdrawing a credential -------------------------------------------------------------- */

/* Where the party stands is asked of the journal; then the revocation and what takes the place of
 * the credential are drafted in one turn, and so stored in one transaction. */
struct withdraw_job {
    struct job job;
    struct asker asker;
    struct hash credential;
    char party[PARTY_MAX + 1], why[REVOCATION_WHY_MAX + 1];
    bool disputed, name_last, revoked;
    struct pack_out successor, request;
    struct epoch epoch; /* out */
    int64_t seq;
};

static void withdraw_run (struct job *base, struct store *store)
{
    struct withdraw_job *job = (struct withdraw_job *) base;
    struct span party = span_of (job->party);
    if (job->name_last && take_newest_epoch (store->journal, party, &job->epoch))
        job->seq = take_highest (store->journal, party, job->epoch);
}

/* To everyone who may hold a chain through it; where the policy does not let this party speak to
 * everyone, to those above and below. */
static enum cb_reason publish_revocation (struct station *station, const struct revocation *r,
                                          const struct asker *asker, char detail[SCHEMA_WHERE])
{
    struct draft draft = { .kind = span_of ("revocation"),
                           .tlp = CB_TLP_GREEN,
                           .precedence = CB_LANE_FLASH,
                           .audience_count = 1 };
    struct span top = directory_root_file (station->directory)->top, self = station_name (station);
    struct pack_out body;
    char everyone[TERM_MAX + 1], below[TERM_MAX + 1];
    snprintf (everyone, sizeof everyone, SPAN_FMT ".**", SPAN_ARG (top));
    snprintf (below, sizeof below, SPAN_FMT ".**", SPAN_ARG (self));
    draft.audience[0] = span_of (everyone);
    pack_init (&body);
    trust_body_revocation (&body, r, (struct span){ NULL, 0 });
    draft.body = pack_result (&body);
    if (originate_check (station, &draft, detail) == CB_NO_GRANT) {
        draft.audience_count = 0;
        for (struct span name = self; name.size > 0; name = party_parent (name))
            draft.audience[draft.audience_count++] = name;
        draft.audience[draft.audience_count++] = span_of (below);
    }
    enum cb_reason reason = originate (station, &draft, asker, NULL, detail);
    pack_free (&body);
    return reason;
}

/* A renewal keeps the keys unless it is asked for others, so whoever found those of one
 * generation may have those of all before it. */
static enum cb_reason revoke_earlier (struct station *station, const struct revocation *revocation,
                                      char detail[SCHEMA_WHERE])
{
    const struct entry *now = directory_by_name (station->directory, revocation->party);
    enum cb_reason reason = CB_OK;
    uint32_t count = now != NULL ? now->credential.generation : 0;
    for (uint32_t generation = 1; generation < count && reason == CB_OK; generation++) {
        const struct entry *entry =
            directory_generation (station->directory, revocation->party, generation);
        if (entry == NULL || entry->revoked)
            continue;
        struct revocation earlier = *revocation;
        earlier.credential = &entry->credential.st.hash;
        reason = publish_revocation (station, &earlier, NULL, detail);
    }
    return reason;
}

static void withdraw_done (struct job *base, struct station *station)
{
    struct withdraw_job *job = (struct withdraw_job *) base;
    struct revocation revocation = { .party = span_of (job->party),
                                     .credential = &job->credential,
                                     .why = span_of (job->why),
                                     .disputed = job->disputed,
                                     .last_epoch = job->epoch,
                                     .last_seq = job->seq };
    struct span successor = pack_result (&job->successor);
    struct enrolment e;
    char detail[SCHEMA_WHERE] = "";
    enum cb_reason reason = CB_OK;
    if (successor.size > 0)
        reason = revoke_earlier (station, &revocation, detail);
    if (reason == CB_OK && !job->revoked)
        reason = publish_revocation (station, &revocation, successor.size > 0 ? NULL : &job->asker,
                                     detail);
    if (reason != CB_OK)
        answer_reason (&job->asker, reason, detail);
    else if (successor.size > 0 && enrolment_parse (&e, pack_result (&job->request)) == CB_OK)
        enrol_publish (station, &job->asker, successor, &e);
    pack_free (&job->successor);
    pack_free (&job->request);
    free (job);
}

void local_withdraw (const struct question *q, const struct withdrawal *withdrawal)
{
    const struct credential *c = &withdrawal->entry->credential;
    struct withdraw_job *job = job_new (sizeof *job, withdraw_run, withdraw_done);
    job->asker = q->asker;
    job->credential = c->st.hash;
    job->disputed = withdrawal->disputed;
    job->name_last = withdrawal->name_last;
    /* What was said of it before stays; a stricter word may follow, but not with a successor. */
    job->revoked = withdrawal->entry->revoked && withdrawal->successor.size > 0;
    span_text (c->name, job->party, sizeof job->party);
    span_text (withdrawal->why, job->why, sizeof job->why);
    pack_init (&job->successor);
    pack_init (&job->request);
    if (withdrawal->successor.size > 0) {
        pack_put_raw (&job->successor, withdrawal->successor);
        pack_put_raw (&job->request, withdrawal->request);
    }
    store_submit (q->station->store, &job->job);
}

/* --- Enrolling again ----------------------------------------------------------------------- */

static bool gather (const struct entry *entry, void *arg)
{
    struct proposal *p = arg;
    struct span bytes = entry->credential.st.bytes;
    for (size_t i = 0; i < p->chain_count; i++)
        if (p->chain[i].data == bytes.data)
            return true;
    p->chain[p->chain_count++] = bytes;
    return p->chain_count < PROPOSAL_CHAIN;
}

/* Signed by this party and by nobody else yet. Nothing is stored: it may come to nothing. */
void enrol_again (const struct question *q, const struct enrolment *e, struct credential *c)
{
    struct station *station = q->station;
    const struct hash *me = &station->me->credential.st.hash;
    struct proposal p = { .root = directory_root_file (station->directory)->st.bytes,
                          .request = e->st.bytes };
    struct span authority = proposal_authority (e->name);
    struct pack_out body, statement, proposal;
    directory_proof (station->directory, station->me, gather, &p);
    if (p.chain_count < PROPOSAL_CHAIN)
        directory_proof (station->directory, directory_by_name (station->directory, e->name),
                         gather, &p);
    pack_init (&body);
    pack_init (&statement);
    pack_init (&proposal);
    credential_pack (&body, c);
    struct statement_sig sig =
        statement_sign (pack_result (&body), CB_PURPOSE_CREDENTIAL, me, station->keys.sign.secret);
    statement_pack (&statement, pack_result (&body), &sig, 1);
    p.credential = pack_result (&statement);
    proposal_pack (&proposal, &p);
    enrol_answer_now (
        q, &(struct enrolled){
               .e = e, .c = c, .proposal = pack_result (&proposal), .authority = &authority });
    pack_free (&proposal);
    pack_free (&statement);
    pack_free (&body);
}

void enrol_countersigned (const struct question *q, const struct enrolment *e,
                          struct span countersigned)
{
    struct station *station = q->station;
    struct proposal p;
    char detail[ENROL_DETAIL], why[80];
    enum cb_reason reason = proposal_parse (&p, countersigned);
    if (reason != CB_OK) {
        answer_reason (&q->asker, reason, "the countersigned file is none");
        return;
    }
    const struct entry *made = directory_by_hash (station->directory, &p.c.st.hash);
    if (made != NULL && made == directory_by_name (station->directory, e->name) &&
        hash_equal (&p.e.st.hash, &e->st.hash)) {
        enrol_repeat (q, made, e);
        return;
    }
    reason = proposal_may_complete (station->directory, station->me, e, &p, clock_utc (), detail);
    if (reason != CB_OK) {
        answer_reason (&q->asker, reason, detail);
        return;
    }
    if (ask_bool (q, "dry_run")) {
        const struct entry *before = directory_by_name (station->directory, e->name);
        enrol_answer_now (
            q, &(struct enrolled){ .e = e, .c = &p.c, .children = heirs_count (station, before) });
        return;
    }
    snprintf (why, sizeof why, "keys lost; enrolled again as generation %u",
              (unsigned) p.c.generation);
    local_withdraw (q,
                    &(struct withdrawal){ .entry = directory_by_name (station->directory, e->name),
                                          .why = span_of (why),
                                          .name_last = true,
                                          .successor = p.c.st.bytes,
                                          .request = e->st.bytes });
}

/* --- Countersigning ------------------------------------------------------------------------ */

/* What the file proves by itself is taken in: this broker may have been away. */
static void learn (struct station *station, const struct proposal *p)
{
    for (size_t i = 0; i < p->chain_count; i++)
        directory_add (station->directory, p->chain[i], NULL);
}

void local_countersign (const struct question *q)
{
    struct station *station = q->station;
    const struct hash *me = &station->me->credential.st.hash;
    struct proposal p;
    struct pack_out statement, proposal;
    char detail[ENROL_DETAIL];
    enum cb_reason reason = proposal_parse (&p, ask_bin (q, "proposal"));
    if (reason != CB_OK) {
        answer_reason (&q->asker, reason, "this is nothing to be countersigned");
        return;
    }
    learn (station, &p);
    reason = proposal_may_countersign (station->directory, station_name (station), &p, clock_utc (),
                                       detail);
    if (reason != CB_OK) {
        answer_reason (&q->asker, reason, detail);
        return;
    }
    if (ask_bool (q, "dry_run")) {
        enrol_answer_now (q, &(struct enrolled){ .e = &p.e, .c = &p.c });
        return;
    }
    pack_init (&statement);
    pack_init (&proposal);
    struct statement_sig sig =
        statement_sign (p.c.st.body, CB_PURPOSE_COUNTERSIGN, me, station->keys.sign.secret);
    if (statement_add (&statement, &p.c.st, &sig)) {
        log_notice (SPAN_FMT " generation %u, by " SPAN_FMT ", countersigned for uid %u",
                    SPAN_ARG (p.c.name), (unsigned) p.c.generation,
                    SPAN_ARG (party_parent (p.c.name)), (unsigned) q->uid);
        p.credential = pack_result (&statement);
        proposal_pack (&proposal, &p);
        enrol_answer_now (
            q, &(struct enrolled){ .e = &p.e, .c = &p.c, .proposal = pack_result (&proposal) });
    } else {
        answer_reason (&q->asker, CB_MALFORMED, "it has too many signatures");
    }
    pack_free (&proposal);
    pack_free (&statement);
}
