/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/pump.h"

#include "broker/fault.h"
#include "broker/link_view.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

/* One read brings at most this much; a frame is at most a third of it. */
#define READ_BYTES (3 * LINK_FRAME)
#define READ_ROWS  1024
#define READ_PEERS 64
/* So many at a time: after a restart a thousand children stand at a thousand places. */
#define READS_MAX 64
/* Credentials of one frame: with the largest envelope it is still below LINK_FRAME_MAX. */
#define PROOF_BYTES ((size_t) 96 * 1024)
/* An idle neighbour hears that nothing was for it after so many positions. */
#define QUIET_SPAN 4096

struct row {
    int64_t position;
    struct hash chain;
    size_t at, size; /* in the bytes of the job */
};

/* Somebody reading one lane from one position. */
struct read_job {
    struct job job;
    unsigned lane;
    int64_t after;
    size_t peer_count;
    struct {
        bool up;
        char user[2 * KEY_SIZE + 1];
        uint8_t session[SESSION_SIZE];
    } peers[READ_PEERS];
    /* out */
    size_t row_count, size, room;
    uint8_t *bytes;
    struct row rows[READ_ROWS];
};

static void read_run (struct job *base, struct store *store)
{
    struct read_job *job = (struct read_job *) base;
    struct journal_reader *reader = store->readers[job->lane];
    struct record record;
    journal_reader_seek (reader, job->after);
    while (job->row_count < READ_ROWS && job->size < READ_BYTES) {
        enum journal_result result = journal_next (reader, &record);
        if (result == JOURNAL_END)
            break;
        if (!store_ok (store, result))
            break;
        struct row *row = &job->rows[job->row_count++];
        row->position = record.position;
        row->chain = record.chain;
        row->at = job->size;
        row->size = record.envelope.size;
        if (job->size + row->size > job->room) {
            job->room = job->size + row->size + READ_BYTES;
            job->bytes = realloc (job->bytes, job->room);
            if (job->bytes == NULL)
                abort ();
        }
        if (row->size > 0)
            memcpy (job->bytes + row->at, record.envelope.data, row->size);
        job->size += row->size;
    }
}

/* Everything that one reading brought, decoded once for all who read it. */
struct reading {
    unsigned lane;
    size_t count;
    const struct row *rows;
    struct envelope *envelopes; /* bytes.size 0: pruned or not readable */
};

static bool crosses (const struct peer *self, unsigned lane, const struct envelope *e)
{
    if (e->bytes.size == 0)
        return false;
    if (lane == CB_LANE_RECOVERY)
        return span_is (e->id.origin, self->name);
    return link_crosses (self->up, self->entry, e, self->station);
}

/* Sends what was gathered, as the statement about (told, last]. False: not now. */
static bool flush (struct peer *self, unsigned lane, struct data_builder *builder, int64_t last,
                   const struct hash *chain)
{
    struct lane_out *out = &self->out[lane];
    struct data_frame header = { .session = self->session,
                                 .epoch = self->station->epoch,
                                 .lane = lane,
                                 .prev = out->sent,
                                 .last = last,
                                 .chain = chain };
    struct pack_out frame;
    /* Until an ACK or the next tick: reading it again at once would find the same. */
    self->stalled[lane] = true;
    if (!lane_out_may (self->out, lane, &self->drain, data_size (builder))) {
        peer_credentials_went (self, false);
        return false;
    }
    pack_init (&frame);
    data_finish (builder, &frame, &header);
    struct span bytes = pack_result (&frame);
    enum wire_result result = peer_send_bytes (self, bytes);
    if (result == WIRE_OK) {
        FAULT_HERE (AFTER_SEND);
        self->stalled[lane] = false;
        lane_out_sent (out, last, bytes.size, clock_steady ());
        self->astray[lane] = false;
        self->scanned[lane] = last;
        self->scanned_chain[lane] = *chain;
    }
    peer_credentials_went (self, result == WIRE_OK);
    pack_free (&frame);
    data_begin (builder);
    return result == WIRE_OK;
}

/* The receiver has its own chain: it came with the bundle, or it issued it. */
static bool of_its_own_chain (const struct peer *self, const struct entry *entry)
{
    return party_within (span_of (self->name), entry->credential.name);
}

struct proving {
    struct peer *peer;
    struct data_builder *builder;
    bool cut;
};

static bool add_credential (const struct entry *entry, void *arg)
{
    struct proving *proving = arg;
    struct data_builder *builder = proving->builder;
    const struct credential *c = &entry->credential;
    if (of_its_own_chain (proving->peer, entry) && c->generation == 1)
        return true;
    if (peer_sent_credential (proving->peer, &c->st.hash))
        return true;
    proving->cut = builder->credential_count == LINK_CREDENTIALS ||
                   data_size (builder) + c->st.bytes.size > PROOF_BYTES;
    if (proving->cut)
        return false;
    peer_mark_credential (proving->peer, &c->st.hash);
    data_credential (builder, c->st.bytes);
    return true;
}

/* Puts what the message is proved by into the frame; false: the rest has no room in it. */
static bool prove (struct peer *self, struct data_builder *builder, const struct envelope *e)
{
    struct station *station = self->station;
    /* Messages of one origin come in runs. */
    if (hash_equal (e->credential, &self->proved))
        return true;
    const struct entry *entry = directory_by_hash (station->directory, e->credential);
    struct proving proving = { .peer = self, .builder = builder };
    if (entry != NULL)
        directory_proof (station->directory, entry, add_credential, &proving);
    if (!proving.cut)
        self->proved = *e->credential;
    return !proving.cut;
}

static bool full (const struct data_builder *builder, const struct envelope *e)
{
    if (builder->envelope_count == 0)
        return false;
    return data_size (builder) + e->bytes.size > LINK_FRAME - 256 ||
           builder->envelope_count == LINK_RUN;
}

/* Adds a message with its proof, after a frame of what was gathered before it and further ones
 * of what else proves it, where that is needed. False: not now. */
static bool add (struct peer *self, unsigned lane, struct data_builder *builder,
                 const struct row *before, const struct envelope *e)
{
    if (full (builder, e) && !flush (self, lane, builder, before->position, &before->chain))
        return false;
    /* In the recovery lane it is the receiver's own; and a frame of nothing but credentials
     * would say that this was all. */
    while (!prove (self, builder, e) && lane != CB_LANE_RECOVERY) {
        int64_t last = builder->envelope_count > 0 ? before->position : self->scanned[lane];
        struct hash chain = builder->envelope_count > 0 ? before->chain : self->scanned_chain[lane];
        if (!flush (self, lane, builder, last, &chain))
            return false;
    }
    data_envelope (builder, e->bytes);
    return true;
}

/* Whether all that stands before a position in the lanes that overtake this one was sent. */
static bool preceded (const struct peer *self, unsigned lane, int64_t position)
{
    for (unsigned over = 0; over < lane && over < CB_PRECEDENCES; over++) {
        int64_t head = self->station->heads[over];
        if (self->scanned[over] < (head < position ? head : position))
            return false;
    }
    return true;
}

/* A part comes after its message, and what is played after what says that it is: in one of the
 * lanes that overtake them. Who got them first would refuse them. */
static bool follows (const struct envelope *e)
{
    return e->bytes.size > 0 && (span_is (e->kind, "part") || e->mode == CB_MODE_EXERCISE);
}

/* Sends what was gathered, and waits before what is to follow something that may not have been
 * sent. */
static bool too_early (struct peer *self, const struct reading *reading, size_t i,
                       struct data_builder *builder)
{
    const struct row *row = &reading->rows[i];
    unsigned lane = reading->lane;
    if (lane >= CB_PRECEDENCES || !follows (&reading->envelopes[i]) ||
        preceded (self, lane, row->position))
        return false;
    self->waits_at[lane] = row->position;
    if (builder->envelope_count > 0)
        flush (self, lane, builder, row[-1].position, &row[-1].chain);
    return true;
}

static void serve (struct peer *self, const struct reading *reading, struct data_builder *builder)
{
    unsigned lane = reading->lane;
    data_begin (builder);
    for (size_t i = 0; i < reading->count; i++) {
        const struct row *row = &reading->rows[i];
        if (lane == CB_LANE_RECOVERY && row->position > self->recover_until)
            break;
        if (too_early (self, reading, i, builder))
            return;
        if (crosses (self, lane, &reading->envelopes[i]) &&
            !add (self, lane, builder, i > 0 ? row - 1 : NULL, &reading->envelopes[i]))
            return;
        if (builder->envelope_count == 0) {
            self->scanned[lane] = row->position;
            self->scanned_chain[lane] = row->chain;
        } else if (i + 1 == reading->count ||
                   (lane == CB_LANE_RECOVERY && row[1].position > self->recover_until)) {
            flush (self, lane, builder, row->position, &row->chain);
            return;
        }
    }
    if (self->scanned[lane] - self->out[lane].sent > QUIET_SPAN)
        pump_move_cursor (self);
}

static void end_recovery (struct peer *self, struct data_builder *builder)
{
    struct lane_out *out = &self->out[CB_LANE_RECOVERY];
    data_begin (builder);
    if (out->sent < self->scanned[CB_LANE_RECOVERY] &&
        !flush (self, CB_LANE_RECOVERY, builder, self->scanned[CB_LANE_RECOVERY],
                &self->scanned_chain[CB_LANE_RECOVERY]))
        return;
    /* prev = last and nothing in it: that was all. */
    struct hash chain = self->scanned_chain[CB_LANE_RECOVERY];
    if (flush (self, CB_LANE_RECOVERY, builder, out->sent, &chain))
        self->recover_until = 0;
}

static struct data_builder *scratch (void)
{
    static struct data_builder builder; /* of the one loop */
    return &builder;
}

static struct peer *reader_of (struct station *station, const struct read_job *job, size_t i)
{
    struct peer *peer =
        job->peers[i].up ? station->parent : peer_by_user (station, job->peers[i].user);
    if (peer == NULL || memcmp (peer->session, job->peers[i].session, SESSION_SIZE) != 0)
        return NULL;
    return peer;
}

/* Whether all that was asked back has been sent. */
static bool recovered (const struct peer *peer, const struct read_job *job)
{
    size_t last = job->row_count;
    while (last > 0 && job->rows[last - 1].position > peer->recover_until)
        last--;
    bool all = job->row_count == 0 || job->rows[job->row_count - 1].position >= peer->recover_until;
    bool sent = last == 0 || peer->scanned[CB_LANE_RECOVERY] >= job->rows[last - 1].position;
    return peer->recover_until > 0 && all && sent;
}

static void read_done (struct job *base, struct station *station)
{
    struct read_job *job = (struct read_job *) base;
    struct reading reading = { .lane = job->lane, .count = job->row_count, .rows = job->rows };
    reading.envelopes = calloc (job->row_count > 0 ? job->row_count : 1, sizeof (struct envelope));
    if (reading.envelopes == NULL)
        abort ();
    for (size_t i = 0; i < job->row_count; i++) {
        struct span bytes = span_bytes (job->bytes + job->rows[i].at, job->rows[i].size);
        if (bytes.size == 0 || envelope_parse (&reading.envelopes[i], bytes) != CB_OK)
            reading.envelopes[i].bytes.size = 0;
    }
    for (size_t i = 0; i < job->peer_count; i++) {
        struct peer *peer = reader_of (station, job, i);
        if (peer == NULL || !peer->sending)
            continue;
        peer->reading[job->lane] = false;
        if (peer->scanned[job->lane] != job->after)
            continue;
        serve (peer, &reading, scratch ());
        if (job->lane == CB_LANE_RECOVERY && recovered (peer, job))
            end_recovery (peer, scratch ());
    }
    station->reads--;
    /* At start the head of a lane is only known to be at most that of the journal. */
    if (job->row_count == 0 && job->lane < CB_PRECEDENCES && station->heads[job->lane] > job->after)
        station->heads[job->lane] = job->after;
    free (reading.envelopes);
    free (job->bytes);
    free (job);
    station_wake (station);
}

static bool wants (const struct station *station, const struct peer *peer, unsigned lane)
{
    if (peer == NULL || peer->state != LINK_OPEN || !peer->sending || peer->reading[lane] ||
        peer->stalled[lane] ||
        (lane < CB_PRECEDENCES && !preceded (peer, lane, peer->waits_at[lane])))
        return false;
    int64_t end = lane == CB_LANE_RECOVERY ? peer->recover_until : station->heads[lane];
    if (lane == CB_LANE_RECOVERY ? peer->recover_until == 0 : peer->scanned[lane] >= end)
        return false;
    return lane_out_may (peer->out, lane, &peer->drain, LINK_FRAME);
}

static struct read_job *join (struct station *station, struct read_job *jobs, struct peer *peer,
                              unsigned lane)
{
    struct read_job *job = jobs;
    int64_t after = peer->scanned[lane];
    /* The list of this turn is short: links stand at a few positions. */
    while (job != NULL && (job->after != after || job->peer_count == READ_PEERS))
        job = (struct read_job *) job->job.next;
    if (job == NULL && station->reads == READS_MAX) {
        if (station->pump_next[0] == '\0' && !peer->up)
            memcpy (station->pump_next, peer->user, sizeof peer->user);
        return jobs;
    }
    if (job == NULL) {
        job = job_new (sizeof *job, read_run, read_done);
        station->reads++;
        job->lane = lane;
        job->after = after;
        job->job.next = (struct job *) jobs;
        jobs = job;
    }
    job->peers[job->peer_count].up = peer->up;
    memcpy (job->peers[job->peer_count].user, peer->user, sizeof peer->user);
    memcpy (job->peers[job->peer_count].session, peer->session, SESSION_SIZE);
    job->peer_count++;
    peer->reading[lane] = true;
    return jobs;
}

void pump_run (struct station *station)
{
    /* Who had to wait the last time comes first. */
    struct peer *first = peer_by_user (station, station->pump_next);
    if (first == NULL)
        first = station->children;
    station->pump_next[0] = '\0';
    for (unsigned lane = 0; lane < CB_LANE_END; lane++) {
        struct read_job *jobs = NULL;
        if (wants (station, station->parent, lane))
            jobs = join (station, jobs, station->parent, lane);
        for (struct peer *peer = first; peer != NULL;) {
            if (wants (station, peer, lane))
                jobs = join (station, jobs, peer, lane);
            peer = peer->hh.next != NULL ? peer->hh.next : station->children;
            if (peer == first)
                break;
        }
        for (struct read_job *job = jobs, *next; job != NULL; job = next) {
            next = (struct read_job *) job->job.next;
            store_submit (station->store, &job->job);
        }
    }
}

bool pump_move_cursor (struct peer *self)
{
    bool sent = false;
    for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++) {
        if (self->state != LINK_OPEN || !self->sending)
            return false; /* the first one found nobody there */
        bool moved = self->scanned[lane] > self->out[lane].sent || self->astray[lane];
        if (!moved || self->reading[lane])
            continue;
        data_begin (scratch ());
        sent =
            flush (self, lane, scratch (), self->scanned[lane], &self->scanned_chain[lane]) || sent;
    }
    return sent;
}
