/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/originate.h"
#include "broker/tables.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

/* A debt is noted in the transaction that stores or refuses a message, and struck
 * out in the one that stores the receipt or rejection. In between the process may
 * die: what is still noted at start is paid then. */

static void pay (struct station *station, int64_t position, const struct envelope *e,
                 enum cb_reason refused, const char *detail, int64_t taken)
{
    struct draft draft = { .precedence = refused ? CB_LANE_ROUTINE : CB_LANE_BULK,
                           .tlp = e->tlp > CB_TLP_AMBER ? CB_TLP_AMBER : e->tlp,
                           .mode = e->mode,
                           .exercise = e->exercise,
                           .audience_count = 1,
                           .thread = e->id };
    struct pack_out body;
    struct key debt;
    char why[SCHEMA_WHERE], id[ID_TEXT];
    draft.kind = span_of (refused ? "rejection" : "receipt");
    draft.audience[0] = e->id.origin;
    pack_init (&body);
    pack_put_map (&body, refused && detail[0] != '\0' ? 3 : 2);
    if (refused && detail[0] != '\0') {
        pack_put_text (&body, "detail");
        pack_put_text (&body, detail);
    }
    pack_put_text (&body, "leaf");
    pack_put_bin (&body, span_bytes (e->leaf.bytes, HASH_SIZE));
    if (refused) {
        pack_put_text (&body, "reason");
        pack_put_text (&body, cb_reason_name (refused));
    } else {
        pack_put_text (&body, "stored");
        pack_put_int (&body, taken);
    }
    draft.body = pack_result (&body);
    key_begin (&debt, TABLE_DEBTS);
    key_u64 (&debt, (uint64_t) position);
    enum cb_reason reason = originate (station, &draft, NULL, &debt, why);
    if (reason != CB_OK) {
        msg_id_text (&e->id, id);
        log_info ("no %s for %s: %s %s", refused ? "rejection" : "receipt", id,
                  cb_reason_text (reason), why);
    }
    pack_free (&body);
}

void debts_pay (struct station *station, const struct item *item)
{
    struct envelope e;
    bool receipt = item->outcome == TAKEN_STORED && item->receipt && item->here;
    bool rejection = item->outcome == TAKEN_REFUSED && item->signed_well && item->position > 0 &&
                     item->mode != CB_MODE_TEST;
    if ((!receipt && !rejection) || envelope_parse (&e, item->envelope) != CB_OK)
        return;
    pay (station, item->position, &e, rejection ? (enum cb_reason) item->reason : CB_OK,
         item->detail != NULL ? item->detail : "", clock_utc ());
}

#define DEBTS_A_JOB 256

struct debts_job {
    struct job job;
    struct key after;
    size_t count;
    int64_t until; /* later ones are paid as they arise */
    struct {
        int64_t position, taken;
        enum cb_reason reason;
        char detail[SCHEMA_WHERE];
        uint8_t *bytes;
        size_t size;
    } debts[DEBTS_A_JOB];
};

static void debts_run (struct job *base, struct store *store)
{
    struct debts_job *job = (struct debts_job *) base;
    struct key prefix;
    struct span key, value;
    struct record record;
    key_begin (&prefix, TABLE_DEBTS);
    while (job->count < DEBTS_A_JOB &&
           table_next (store->journal, &prefix, &job->after, &key, &value)) {
        int64_t position = (int64_t) tail_u64 (key);
        if (position > job->until)
            break;
        char detail[SCHEMA_WHERE];
        span_text (value, detail, sizeof detail);
        if (!store_ok (store, journal_at (store->journal, position, &record)) ||
            record.envelope.size == 0)
            continue;
        uint8_t *copy = malloc (record.envelope.size);
        if (copy == NULL)
            abort ();
        memcpy (copy, record.envelope.data, record.envelope.size);
        size_t at = job->count++;
        job->debts[at].bytes = copy;
        job->debts[at].size = record.envelope.size;
        job->debts[at].position = position;
        job->debts[at].taken = record.taken;
        job->debts[at].reason = (enum cb_reason) record.reason;
        memcpy (job->debts[at].detail, detail, sizeof detail);
    }
}

static void debts_start (struct station *station, const struct debts_job *before);

static void debts_done (struct job *base, struct station *station)
{
    struct debts_job *job = (struct debts_job *) base;
    for (size_t i = 0; i < job->count; i++) {
        struct envelope e;
        struct span bytes = span_bytes (job->debts[i].bytes, job->debts[i].size);
        if (envelope_parse (&e, bytes) == CB_OK)
            pay (station, job->debts[i].position, &e, job->debts[i].reason, job->debts[i].detail,
                 job->debts[i].taken);
        free (job->debts[i].bytes);
    }
    if (job->count == DEBTS_A_JOB && !station->stopping)
        debts_start (station, job);
    free (job);
}

static void debts_start (struct station *station, const struct debts_job *before)
{
    struct debts_job *job = job_new (sizeof *job, debts_run, debts_done);
    job->until = before != NULL ? before->until : station->head;
    if (before != NULL) {
        job->after = before->after;
    }
    store_submit (station->store, &job->job);
}

void debts_resume (struct station *station)
{
    debts_start (station, NULL);
}
