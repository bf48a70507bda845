/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/heirs.h"

#include "broker/enrol.h"
#include "broker/fold.h"
#include "broker/peer.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"

#include <stdlib.h>

/* An answer has at most 1 MiB. */
#define CHAIN_BYTES ((size_t) 768 * 1024)
/* Of one child, those before the newest that are handed on. */
#define GENERATIONS 8

/* --- Keeping ------------------------------------------------------------------------------- */

struct keep_job {
    struct job job;
    size_t count;
    struct span statements[]; /* of the directory or the bundle */
};

static void keep_run (struct job *base, struct store *store)
{
    const struct keep_job *job = (const struct keep_job *) base;
    for (size_t i = 0; i < job->count; i++)
        fold_vouched (store, job->statements[i]);
}

static void keep_done (struct job *base, struct station *station)
{
    (void) station;
    free (base);
}

void heirs_vouched (struct station *station, const struct entry *entry)
{
    struct peer *peer, *next;
    struct keep_job *job = job_new (sizeof *job + sizeof job->statements[0], keep_run, keep_done);
    job->job.writes = true;
    job->count = 1;
    job->statements[0] = entry->credential.st.bytes;
    store_submit (station->store, &job->job);
    HASH_ITER (hh, station->children, peer, next)
    {
        peer_forget_credentials (peer);
    }
    if (station->parent != NULL)
        peer_forget_credentials (station->parent);
}

/* --- Making a bundle ----------------------------------------------------------------------- */

/* A credential with one more signature. */
struct vouched {
    struct vouched *next;
    struct pack_out statement;
};

struct gathering {
    struct station *station;
    const struct entry *of; /* goes last */
    struct bundle bundle;
    size_t bytes, left_out, heirs;
    struct vouched *vouched;
};

static void append (struct gathering *g, struct span statement)
{
    g->bundle.chain[g->bundle.chain_count++] = statement;
    g->bytes += statement.size;
}

static bool gather (const struct entry *entry, void *arg)
{
    struct gathering *g = arg;
    struct span bytes = entry->credential.st.bytes;
    for (size_t i = 0; i < g->bundle.chain_count; i++)
        if (g->bundle.chain[i].data == bytes.data)
            return true;
    if (entry != g->of)
        append (g, bytes);
    return g->bundle.chain_count < PROPOSAL_CHAIN;
}

static void vouch (struct gathering *g, const struct entry *heir)
{
    struct station *station = g->station;
    const struct statement *st = &heir->credential.st;
    struct vouched *made = malloc (sizeof *made);
    if (made == NULL)
        abort ();
    struct statement_sig sig =
        statement_sign (st->body, CB_PURPOSE_COUNTERSIGN, &station->me->credential.st.hash,
                        station->keys.sign.secret);
    pack_init (&made->statement);
    made->next = g->vouched;
    g->vouched = made;
    if (g->bundle.chain_count < BUNDLE_CHAIN - 1 && g->bytes < CHAIN_BYTES &&
        statement_add (&made->statement, st, &sig)) {
        const uint8_t *before = st->bytes.data;
        append (g, pack_result (&made->statement));
        directory_add (station->directory, pack_result (&made->statement), NULL);
        if (st->bytes.data != before)
            heirs_vouched (station, heir);
    } else {
        g->left_out++;
    }
}

/* A child that counts, and whose issuer does not any more. */
static bool is_heir (const struct entry *entry, const struct entry *of)
{
    return span_equal (party_parent (entry->credential.name), of->credential.name) &&
           !entry->revoked && entry->issuer != NULL && entry->issuer->revoked;
}

/* With the generations before it, which its older messages need. */
static bool add_heir (const struct entry *entry, void *arg)
{
    struct gathering *g = arg;
    const struct entry *all[GENERATIONS];
    size_t count = 0;
    if (!is_heir (entry, g->of))
        return true;
    g->heirs++;
    for (const struct entry *at = entry; at != NULL && count < GENERATIONS;) {
        const struct hash *previous = at->credential.previous;
        if (!at->revoked)
            all[count++] = at;
        at = previous != NULL ? directory_by_hash (g->station->directory, previous) : NULL;
    }
    while (count > 0)
        vouch (g, all[--count]);
    return true;
}

void heirs_bundle (struct pack_out *out, struct station *station, const struct entry *entry)
{
    struct gathering *g = calloc (1, sizeof *g);
    if (g == NULL)
        abort ();
    g->station = station;
    g->of = entry;
    g->bundle.root = directory_root_file (station->directory)->st.bytes;
    g->bundle.policy = directory_policy_now (station->directory)->st.bytes;
    /* What proves the later generations too, or the joiner could not check them. */
    directory_proof (station->directory, station->me, gather, g);
    if (g->bundle.chain_count < PROPOSAL_CHAIN)
        directory_proof (station->directory, entry, gather, g);
    directory_each (station->directory, entry->credential.name, add_heir, g);
    append (g, entry->credential.st.bytes);
    g->bundle.endpoint_count = enrol_endpoints (station, g->bundle.endpoints);
    bundle_pack (out, &g->bundle);
    if (g->left_out > 0)
        log_warning (SPAN_FMT ": %zu credentials of its children have no room in its bundle; they "
                              "are enrolled again, one by one",
                     SPAN_ARG (entry->credential.name), g->left_out);
    while (g->vouched != NULL) {
        struct vouched *made = g->vouched;
        g->vouched = made->next;
        pack_free (&made->statement);
        free (made);
    }
    free (g);
}

struct counting {
    const struct entry *of;
    size_t heirs;
};

static bool count_heir (const struct entry *entry, void *arg)
{
    struct counting *counting = arg;
    /* Before the keys are replaced its issuer counts still. */
    counting->heirs += !entry->revoked && span_equal (party_parent (entry->credential.name),
                                                      counting->of->credential.name);
    return true;
}

size_t heirs_count (const struct station *station, const struct entry *entry)
{
    struct counting counting = { .of = entry };
    directory_each (station->directory, entry->credential.name, count_heir, &counting);
    return counting.heirs;
}

void heirs_child (const struct question *q, struct span name)
{
    struct station *station = q->station;
    const struct entry *entry = directory_by_name (station->directory, name);
    struct pack_out out, bundle;
    if (entry == NULL || !span_equal (party_parent (name), station_name (station))) {
        answer_refuse (&q->asker, "not-found", "no party of that name right below this one");
        return;
    }
    if (entry->revoked) {
        answer_reason (&q->asker, CB_REVOKED, "its credential; certbus enrol --again");
        return;
    }
    pack_init (&out);
    pack_init (&bundle);
    heirs_bundle (&bundle, station, entry);
    pack_put_map (&out, 5);
    pack_put_text (&out, "bundle");
    pack_put_bin (&out, pack_result (&bundle));
    put_uint (&out, "generation", entry->credential.generation);
    put_int (&out, "not_after", entry->credential.not_after);
    put_bool (&out, "ok", true);
    put_span (&out, "party", name);
    answer_send (&q->asker, &out);
    pack_free (&bundle);
    pack_free (&out);
}

/* --- Starting with one --------------------------------------------------------------------- */

bool heirs_good (const struct station *station, const struct bundle *bundle, struct span *name)
{
    for (size_t i = 0; i < bundle->chain_count; i++) {
        struct credential c;
        if (credential_parse (&c, bundle->chain[i]) &&
            trust_heir (station->directory, station_name (station), &c) != CB_OK) {
            *name = c.name;
            return false;
        }
    }
    return true;
}

void heirs_end_lost (const struct station *station)
{
    const struct directory *directory = station->directory;
    const struct credential *c = &station->me->credential;
    bool lost = false;
    while (c->previous != NULL) {
        const struct entry *before = directory_by_hash (directory, c->previous);
        if (before == NULL)
            return;
        lost = lost || !trust_succeeds (c, &before->credential);
        c = &before->credential;
        const struct revocation r = { .party = c->name,
                                      .credential = &c->st.hash,
                                      .why = span_of ("keys lost") };
        if (lost)
            directory_revoke (station->directory, &r, party_parent (c->name),
                              (struct span){ NULL, 0 });
    }
}

void heirs_keep (struct station *station)
{
    static struct bundle bundle; /* 32 KB, of the one loop */
    if (!bundle_parse (&bundle, station->bundle))
        return;
    struct keep_job *job =
        job_new (sizeof *job + bundle.chain_count * sizeof job->statements[0], keep_run, keep_done);
    job->job.writes = true;
    for (size_t i = 0; i < bundle.chain_count; i++) {
        struct credential c;
        if (credential_parse (&c, bundle.chain[i]) &&
            span_equal (party_parent (c.name), station_name (station)))
            job->statements[job->count++] = bundle.chain[i];
    }
    if (job->count > 0)
        store_submit (station->store, &job->job);
    else
        free (job);
}
