/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/originate.h"

#include "broker/fault.h"
#include "broker/fold.h"
#include "broker/local.h"
#include "broker/tables.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 1024
/* What the proof of a batch adds to that of a message signed alone: whether a message is too
 * large does not depend on what is published beside it. */
#define PATH_ROOM ((size_t) PROOF_PATH * HASH_SIZE + 16)

/* A judged draft that waits for the end of the turn, to be signed with the others. */
struct drafted {
    struct pack_out bytes; /* signed bytes */
    struct hash leaf;
    struct verdict verdict;
    struct asker asker;
    struct key *settles;
};

struct origin {
    bool storing; /* a batch is on its way to the disk */
    size_t count;
    struct drafted drafts[BATCH_MAX];
};

struct origin *origin_new (void)
{
    struct origin *self = calloc (1, sizeof *self);
    if (self == NULL)
        abort ();
    return self;
}

void origin_free (struct origin **self_p)
{
    if (*self_p == NULL)
        return;
    for (size_t i = 0; i < (*self_p)->count; i++) {
        pack_free (&(*self_p)->drafts[i].bytes);
        free ((*self_p)->drafts[i].settles);
    }
    free (*self_p);
    *self_p = NULL;
}

/* What is signed, judged as if it came from a party that has signed it. */
static enum cb_reason judge (struct station *station, struct span signed_bytes, enum judging what,
                             struct verdict *verdict, struct hash *leaf)
{
    static const uint8_t no_signature[SIG_SIZE];
    struct pack_out out;
    struct envelope e;
    pack_init (&out);
    envelope_pack (&out, signed_bytes, 1, 0, NULL, 0, no_signature);
    memset (verdict, 0, sizeof *verdict);
    verdict->reason = envelope_parse (&e, pack_result (&out));
    if (pack_result (&out).size + PATH_ROOM > ENVELOPE_MAX)
        verdict->reason = CB_TOO_LARGE;
    if (verdict->reason == CB_OK) {
        *leaf = e.leaf;
        station_judge (station, &e, SIDE_SELF, station_name (station), what, verdict);
    }
    /* At once, so that of two that cannot both be (one name enrolled twice) the second is refused. */
    if (verdict->reason == CB_OK && what == JUDGE_DRAFT && trust_kind (e.kind)) {
        verdict->reason = directory_apply (station->directory, &e);
        station_admit (station);
    }
    pack_free (&out);
    return verdict->reason;
}

static void complete (struct station *station, struct draft *draft)
{
    const struct schema *schema = schemas_find (station->schemas, draft->kind);
    draft->credential = station->me->credential.st.hash;
    draft->id.origin = station_name (station);
    draft->id.epoch = station->epoch;
    draft->id.seq = station->seq + 1;
    draft->issued = clock_utc ();
    if (schema != NULL && draft->schema == 0)
        draft->schema = schema->version;
    randombytes_buf (draft->salt, sizeof draft->salt);
}

enum cb_reason originate_check (struct station *station, struct draft *draft,
                                char detail[SCHEMA_WHERE])
{
    struct verdict verdict;
    struct hash leaf;
    struct pack_out out;
    complete (station, draft);
    pack_init (&out);
    draft_pack (draft, &out);
    judge (station, pack_result (&out), JUDGE_REHEARSAL, &verdict, &leaf);
    snprintf (detail, SCHEMA_WHERE, "%s", verdict.detail);
    pack_free (&out);
    return verdict.reason;
}

enum cb_reason originate (struct station *station, struct draft *draft, const struct asker *asker,
                          const struct key *settles, char detail[SCHEMA_WHERE])
{
    struct origin *self = station->origin;
    if (self->count == BATCH_MAX)
        originate_flush (station);
    struct drafted *d = &self->drafts[self->count];
    memset (d, 0, sizeof *d);
    complete (station, draft);
    pack_init (&d->bytes);
    draft_pack (draft, &d->bytes);
    enum cb_reason reason =
        judge (station, pack_result (&d->bytes), JUDGE_DRAFT, &d->verdict, &d->leaf);
    if (reason != CB_OK) {
        snprintf (detail, SCHEMA_WHERE, "%s", d->verdict.detail);
        pack_free (&d->bytes);
        return reason;
    }
    if (asker != NULL)
        d->asker = *asker;
    if (settles != NULL) {
        d->settles = malloc (sizeof *settles);
        if (d->settles == NULL)
            abort ();
        *d->settles = *settles;
    }
    station->seq++;
    self->count++;
    return CB_OK;
}

struct origin_job {
    struct job job;
    struct intake_batch batch;
    struct pack_out bytes; /* all envelopes, one after the other */
    struct asker *askers;
    size_t count;
    struct item items[];
};

static void origin_run (struct job *base, struct store *store)
{
    struct origin_job *job = (struct origin_job *) base;
    uint64_t available, used;
    journal_space (store->journal, &available, &used);
    bool tight = available < store->reserve, out = available < store->reserve / 4;
    for (size_t i = 0; i < job->count; i++)
        if (out || (tight && !job->items[i].urgent))
            job->items[i].outcome = TAKEN_NO_SPACE;
        else
            take_item (store, &job->batch, &job->items[i]);
    take_flush (store);
}

static bool is_stored (const struct origin_job *job, size_t i)
{
    return !job->job.full && job->items[i].outcome == TAKEN_STORED;
}

/* Who made which message, before anybody is answered; in one piece, as a write a message costs
 * a tenth of what storing it does. */
static void log_stored (const struct origin_job *job)
{
    log_hold ();
    for (size_t i = 0; i < job->count; i++) {
        const struct asker *asker = &job->askers[i];
        char text[ID_TEXT];
        if (!asker->waiting || !is_stored (job, i))
            continue;
        msg_id_text (&job->items[i].id, text);
        log_notice ("%s by uid %u: %s is stored", asker->op, asker->uid, text);
    }
    log_flush ();
}

static void origin_done (struct job *base, struct station *station)
{
    struct origin_job *job = (struct origin_job *) base;
    station->origin->storing = false;
    log_stored (job);
    for (size_t i = 0; i < job->count; i++) {
        struct item *item = &job->items[i];
        bool stored = is_stored (job, i);
        bool no_space = job->job.full || item->outcome == TAKEN_NO_SPACE;
        if (stored)
            station_stored (station, item);
        struct originated told = { .reason = stored     ? CB_OK
                                             : no_space ? CB_DISK_FULL
                                                        : (enum cb_reason) item->reason,
                                   .detail = item->detail,
                                   .id = item->id,
                                   .leaf = item->leaf,
                                   .position = item->position };
        FAULT_HERE (BEFORE_ANSWER);
        if (job->askers[i].told != NULL)
            job->askers[i].told (station, job->askers[i].told_arg, &told);
        else
            local_originated (station, &job->askers[i], &told);
        item_clear (item);
    }
    pack_free (&job->bytes);
    free (job->askers);
    free (job);
}

/* The spans of the items are taken once all envelopes are packed: the buffer moves. */
static void pack_all (struct origin *self, struct station *station, struct origin_job *job)
{
    size_t count = self->count;
    struct hash *leaves = calloc (count, sizeof *leaves);
    struct hash (*paths)[PROOF_PATH] = calloc (count, sizeof *paths);
    size_t *lengths = calloc (count, sizeof *lengths), *at = calloc (count + 1, sizeof *at);
    if (leaves == NULL || paths == NULL || lengths == NULL || at == NULL)
        abort ();
    for (size_t i = 0; i < count; i++)
        leaves[i] = self->drafts[i].leaf;
    struct hash root = merkle_all (leaves, count, paths, lengths);
    uint8_t sig[SIG_SIZE];
    proof_sign (CB_PURPOSE_MESSAGE, &station->me->credential.st.hash, (uint32_t) count, &root,
                station->keys.sign.secret, sig);
    for (size_t i = 0; i < count; i++) {
        envelope_pack (&job->bytes, pack_result (&self->drafts[i].bytes), (uint32_t) count,
                       (uint32_t) i, paths[i], lengths[i], sig);
        at[i + 1] = pack_result (&job->bytes).size;
    }
    struct span all = pack_result (&job->bytes);
    for (size_t i = 0; i < count; i++) {
        struct drafted *d = &self->drafts[i];
        struct envelope e;
        enum cb_reason form = envelope_parse (&e, span_bytes (all.data + at[i], at[i + 1] - at[i]));
        assert (form == CB_OK); /* as it was when it was judged */
        (void) form;
        item_from (&job->items[i], &e, &d->verdict);
        job->items[i].needs_thread = false; /* what is refused here may be answered, too */
        job->items[i].receipt = false;      /* nobody receipts to itself */
        job->items[i].settles = d->settles;
        job->askers[i] = d->asker;
        pack_free (&d->bytes);
    }
    free (leaves);
    free (paths);
    free (lengths);
    free (at);
}

void originate_flush (struct station *station)
{
    struct origin *self = station->origin;
    /* While one batch is being stored the next one grows: load makes batches larger,
     * and a signature and a commit cheaper for each message. */
    if (self->count == 0 || (self->storing && self->count < BATCH_MAX && !station->stopping))
        return;
    self->storing = true;
    struct origin_job *job =
        job_new (sizeof *job + self->count * sizeof (struct item), origin_run, origin_done);
    const struct policy *policy = directory_policy_now (station->directory);
    job->job.writes = true;
    job->batch =
        (struct intake_batch){ { NULL, 0 }, policy ? policy->version : 0, clock_utc (), false };
    job->count = self->count;
    job->askers = calloc (self->count, sizeof *job->askers);
    if (job->askers == NULL)
        abort ();
    pack_init (&job->bytes);
    FAULT_HERE (BEFORE_SIGN);
    pack_all (self, station, job);
    self->count = 0;
    store_submit (station->store, &job->job);
}
