/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/fault.h"
#include "broker/fold.h"
#include "broker/heirs.h"
#include "broker/originate.h"
#include "broker/peer.h"
#include "broker/quarantine.h"
#include "broker/tables.h"
#include "broker/take.h"
#include "bus/edge/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A frame of one lane on its way to the disk: its messages and the cursor that
 * covers them go into one transaction, and the ACK follows the commit. */
struct data_job {
    struct job job;
    struct wire_frame wire; /* the items borrow from it */
    char name[PARTY_MAX + 1], user[2 * KEY_SIZE + 1];
    bool up;
    uint8_t session[SESSION_SIZE];
    unsigned lane;
    size_t size;
    struct cursor before, cursor; /* where it continues, where it ends */
    bool move;                    /* false: the session ends with this frame and the cursor stays */
    bool recovered;
    struct intake_batch batch;
    size_t credential_count;
    struct span credentials[LINK_CREDENTIALS]; /* the directory's copies */
    bool not_taken;                            /* out */
    bool put_off;                              /* out: it comes again */
    size_t taken_count;                        /* out: of the items */
    size_t item_count;
    struct item items[];
};

/* Whether all that it continues is on disk: the frame before it may have found no space. */
static bool continues (struct store *store, const struct data_job *job)
{
    struct cursor at;
    store_ok (store, cursor_get (store->journal, span_of (job->name), job->lane, &at));
    return epoch_equal (at.epoch, job->before.epoch) && at.position == job->before.position;
}

static void data_run (struct job *base, struct store *store)
{
    struct data_job *job = (struct data_job *) base;
    uint64_t available, used;
    job->not_taken = !continues (store, job);
    if (job->not_taken)
        return;
    journal_space (store->journal, &available, &used);
    bool tight = available < store->reserve, out = available < store->reserve / 4;
    for (size_t i = 0; tight && i < job->item_count; i++)
        if (out || (!job->items[i].urgent && job->items[i].reason == CB_OK)) {
            job->not_taken = true; /* nothing of the frame: the cursor covers all of it */
            return;
        }
    for (size_t i = 0; i < job->credential_count; i++)
        fold_credential (store, job->credentials[i]);
    for (; job->taken_count < job->item_count && !job->put_off; job->taken_count++) {
        struct item *item = &job->items[job->taken_count];
        take_item (store, &job->batch, item);
        job->put_off = item->outcome == TAKEN_PUT_OFF;
    }
    take_flush (store);
    if (job->put_off)
        return; /* the cursor stays before it */
    if (job->move)
        store_ok (store, cursor_put (store->journal, span_of (job->name), job->lane, &job->cursor));
    if (job->recovered) {
        struct key key;
        key_begin (&key, TABLE_RECOVERY);
        key_text (&key, span_of (job->name));
        store_ok (store, journal_del (store->journal, key_span (&key)));
    }
}

/* Which of a frame's messages the neighbour was told of. */
struct told_job {
    struct job job;
    size_t count;
    int64_t positions[];
};

static void told_run (struct job *base, struct store *store)
{
    const struct told_job *job = (struct told_job *) base;
    for (size_t i = 0; i < job->count; i++)
        quarantine_told (store, job->positions[i]);
}

static void told_done (struct job *base, struct station *station)
{
    (void) station;
    free (base);
}

static void note_told (struct told_job **job, size_t most, const struct item *item)
{
    if (item->position == 0)
        return; /* only counted */
    if (*job == NULL) {
        *job = calloc (1, sizeof **job + most * sizeof (*job)->positions[0]);
        if (*job == NULL)
            abort ();
        (*job)->job.writes = true;
        (*job)->job.run = told_run;
        (*job)->job.done = told_done;
    }
    (*job)->positions[(*job)->count++] = item->position;
}

static bool tell_refusal (struct peer *peer, const struct item *item)
{
    struct frame frame = { .verb = CB_VERB_REJECT, .session = peer->session };
    frame.as.reject.session = peer->session;
    frame.as.reject.reason = item->reason;
    frame.as.reject.detail = span_of (item->detail != NULL ? item->detail : "");
    frame.as.reject.leaf = &item->leaf;
    bool told = peer_send (peer, &frame);
    char id[ID_TEXT] = "a message";
    if (item->id.origin.size > 0)
        msg_id_text (&item->id, id);
    if (peer_says (peer))
        log_warning ("%s: %s refused: %s%s%s", peer->name, id, cb_reason_text (item->reason),
                     item->detail != NULL ? ": " : "", item->detail != NULL ? item->detail : "");
    snprintf (peer->refused, sizeof peer->refused, "we refused %s: %s", id,
              cb_reason_text (item->reason));
    peer->refused_at = 0; /* the session goes on */
    return told;
}

static void send_ack (struct peer *self, unsigned lane)
{
    struct lane_in *in = &self->in[lane];
    struct frame frame = { .verb = CB_VERB_ACK, .session = self->session };
    frame.as.ack.session = self->session;
    frame.as.ack.epoch = in->stored.epoch;
    frame.as.ack.lane = lane;
    frame.as.ack.position = in->stored.position;
    frame.as.ack.credit = lane == CB_LANE_FLASH ? PEER_CREDIT_FLASH : PEER_CREDIT;
    in->ack_owed = !peer_send (self, &frame);
}

void data_acknowledge_owed (struct peer *self)
{
    for (unsigned lane = 0; lane < CB_LANE_END; lane++)
        if (self->in[lane].ack_owed && self->state == LINK_OPEN)
            send_ack (self, lane);
}

static void acknowledge (struct peer *peer, const struct data_job *job)
{
    struct lane_in *lane = &peer->in[job->lane];
    lane->pending -= job->size < lane->pending ? job->size : lane->pending;
    lane->stored = job->cursor;
    send_ack (peer, job->lane);
}

static void data_done (struct job *base, struct station *station)
{
    struct data_job *job = (struct data_job *) base;
    struct peer *peer = job->up ? station->parent : peer_by_user (station, job->user);
    bool same = peer != NULL && peer->state == LINK_OPEN &&
                memcmp (peer->session, job->session, SESSION_SIZE) == 0;
    bool stored = !job->job.full && !job->not_taken;
    station->pending -= job->size;
    /* Before the refusals, which may fill the pipe. */
    if (same && stored && job->move && !job->put_off) {
        FAULT_HERE (BEFORE_ACK);
        acknowledge (peer, job);
        FAULT_HERE (AFTER_ACK);
    }
    struct told_job *told = NULL;
    for (size_t i = 0; i < job->item_count; i++) {
        struct item *item = &job->items[i];
        if (i >= job->taken_count || item->outcome == TAKEN_PUT_OFF) {
            item_clear (item);
            continue;
        }
        if (stored && item->outcome == TAKEN_STORED)
            station_stored (station, item);
        if (stored && item->outcome == TAKEN_REFUSED) {
            if (item->reason == CB_EQUIVOCATION)
                directory_freeze (station->directory, item->id.origin, true);
            if (same && tell_refusal (peer, item))
                note_told (&told, job->item_count, item);
        }
        if (stored)
            debts_pay (station, item);
        item_clear (item);
    }
    if (told != NULL && !station->stopping)
        store_submit (station->store, &told->job);
    else
        free (told);
    if (same && !stored)
        peer_end (peer, CB_DISK_FULL, "");
    else if (same && job->put_off)
        peer_put_off (peer);
    wire_free (&job->wire);
    free (job);
}

/* Takes the credentials of a frame into the directory; what is not on disk yet goes there
 * with the messages. The reason for the last one refused is kept: it is why a
 * message that needs it is refused. */
struct refused_credential {
    enum cb_reason reason;
    struct hash hash;
};

static void take_credentials (struct peer *self, const struct data_frame *data,
                              struct data_job *job, struct refused_credential *refused)
{
    for (size_t i = 0; i < data->credential_count; i++) {
        struct statement st = { .count = 0 };
        const struct entry *entry = NULL;
        if (statement_parse (&st, data->credentials[i]))
            entry = directory_by_hash (self->station->directory, &st.hash);
        enum cb_reason reason = CB_OK;
        if (entry == NULL || !span_equal (entry->credential.st.bytes, data->credentials[i])) {
            struct span before = entry != NULL ? entry->credential.st.bytes : span_of ("");
            self->station->worked += st.count;
            reason = directory_add (self->station->directory, data->credentials[i], &entry);
            if (before.size > 0 && entry->credential.st.bytes.data != before.data)
                heirs_vouched (self->station, entry);
        }
        if (reason == CB_OK) {
            job->credentials[job->credential_count++] = entry->credential.st.bytes;
            continue;
        }
        refused->reason = reason;
        refused->hash = st.hash;
        if (peer_says (self))
            log_warning ("%s: a credential was refused: %s", self->name, cb_reason_text (reason));
    }
}

/* Judges one envelope into an item. True: the session goes on. */
static bool judge (struct peer *self, const struct data_frame *data, struct span bytes,
                   const struct refused_credential *refused, struct item *item)
{
    struct envelope e;
    struct verdict verdict = { 0 };
    enum cb_reason form = envelope_parse (&e, bytes);
    if (form != CB_OK) {
        memset (item, 0, sizeof *item);
        item->envelope = bytes;
        item->leaf = hash_leaf (bytes);
        item->lane = CB_LANE_RECOVERY;
        item->reason = form;
        return false;
    }
    station_judge (self->station, &e, self->up ? SIDE_PARENT : SIDE_CHILD, span_of (self->name),
                   data->lane == CB_LANE_RECOVERY ? JUDGE_RECOVERY : JUDGE_DATA, &verdict);
    if (verdict.reason == CB_UNKNOWN_CREDENTIAL && refused->reason != CB_OK &&
        hash_equal (&refused->hash, e.credential))
        verdict.reason = refused->reason;
    if (verdict.reason == CB_OK && data->lane != CB_LANE_RECOVERY && e.precedence != data->lane) {
        verdict.reason = CB_MALFORMED;
        snprintf (verdict.detail, sizeof verdict.detail, "in another lane than its own");
    }
    station_learn (self->station, &e, &verdict);
    item_from (item, &e, &verdict);
    if (data->lane == CB_LANE_RECOVERY)
        item->participants = 0; /* it was asked when it was signed; what it rests on may follow */
    /* Checks up to the signature come first (protocol.md, section 8): whatever
     * failed after them was really said by the origin. */
    item->signed_well = verdict.reason == CB_OK ||
                        (verdict.reason >= CB_FROZEN && !cb_reason_ends_session (verdict.reason));
    if (span_is (e.kind, "rejection") || span_is (e.kind, "receipt"))
        item->signed_well = false; /* two brokers never argue about a refusal */
    return !cb_reason_ends_session (verdict.reason);
}

static bool may_take (struct peer *self, size_t size, const struct data_frame *data)
{
    struct lane_in *lane = &self->in[data->lane];
    uint64_t credit = data->lane == CB_LANE_FLASH ? PEER_CREDIT_FLASH : PEER_CREDIT;
    if (lane->pending > 0 && lane->pending + size > credit) {
        peer_end (self, CB_OVERRUN, cb_lane_name (data->lane));
        return false;
    }
    if (data->lane == CB_LANE_RECOVERY && !self->recovery_owed) {
        peer_end (self, CB_NOT_YOURS_TO_SEND, "nothing was asked back");
        return false;
    }
    if (!link_continues (&lane->at, !lane->begun, data, self->epochs, self->epoch_count)) {
        peer_begin_again (self, "DATA does not continue where we are");
        return false;
    }
    return true;
}

void data_take (struct peer *self, struct wire_frame *wire, const struct data_frame *data)
{
    if (!may_take (self, wire->bytes.size, data)) {
        wire_free (wire);
        return;
    }
    struct station *station = self->station;
    struct data_job *job =
        job_new (sizeof *job + data->envelope_count * sizeof (struct item), data_run, data_done);
    const struct policy *policy = directory_policy_now (station->directory);
    struct lane_in *lane = &self->in[data->lane];
    job->job.writes = true;
    job->up = self->up;
    job->lane = data->lane;
    job->size = wire->bytes.size;
    job->move = true;
    job->before = lane->at;
    job->cursor = (struct cursor){ data->epoch, data->last, *data->chain };
    snprintf (job->name, sizeof job->name, "%s", self->name);
    snprintf (job->user, sizeof job->user, "%s", self->user);
    job->batch = (struct intake_batch){ span_of (job->name), policy ? policy->version : 0,
                                        clock_utc (), self->put_off < PEER_PUT_OFFS };
    memcpy (job->session, self->session, SESSION_SIZE);

    struct refused_credential refused = { .reason = CB_OK };
    enum cb_reason ends = CB_OK;
    take_credentials (self, data, job, &refused);
    for (size_t i = 0; i < data->envelope_count && ends == CB_OK; i++) {
        struct item *item = &job->items[job->item_count++];
        if (!judge (self, data, data->envelopes[i], &refused, item))
            ends = (enum cb_reason) item->reason;
    }
    /* A frame of this size lives on the heap, so the spans stay where they point. */
    zmq_msg_init (&job->wire.msg);
    zmq_msg_move (&job->wire.msg, &wire->msg);
    zmq_msg_close (&wire->msg);
    if (data->lane == CB_LANE_RECOVERY)
        self->recovering = clock_steady ();
    lane->begun = true;
    lane->at = job->cursor;
    lane->pending += job->size;
    if (data->lane == CB_LANE_RECOVERY && data->prev == data->last && data->envelope_count == 0) {
        job->recovered = true;
        self->recovery_owed = false;
        if (peer_says (self))
            log_notice ("%s: gave back what it had of our own messages", self->name);
    }
    if (ends != CB_OK) {
        job->move = false;
        const char *detail = job->items[job->item_count - 1].detail;
        peer_end (self, ends, detail != NULL ? detail : "");
    }
    station->pending += job->size;
    store_submit (station->store, &job->job);
}
