/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/fault.h"
#include "broker/peer.h"
#include "broker/tables.h"
#include "broker/take.h"
#include "bus/edge/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* For so long after a loss was noticed, what is answered may be on its way back. */
#define RESTORED_MS 60000

/* When to ask again for room. */
#define CROWDED_MS 30000

enum greet_purpose { GREET_HELLO, GREET_ANSWER, GREET_RESUME };

/* What only the journal knows, asked for in one step. */
struct greet_job {
    struct job job;
    enum greet_purpose purpose;
    char name[PARTY_MAX + 1], user[2 * KEY_SIZE + 1];
    bool up;
    uint8_t session[SESSION_SIZE];

    bool has_theirs; /* what the other side said of our journal */
    struct cursor theirs[CB_LANE_END];
    struct epoch held_epoch;
    int64_t held_seq;
    uint64_t credit[CB_LANE_END];

    /* out */
    size_t epoch_count;
    struct epoch_end epochs[LINK_EPOCHS];
    struct cursor ours[CB_LANE_END]; /* into its journal */
    struct epoch peer_epoch;         /* highest id held of its own messages */
    int64_t peer_seq;
    int64_t resume[CB_LANE_END];
    struct hash resume_chain[CB_LANE_END];
    bool astray[CB_LANE_END]; /* its cursor is of a history that is not here */
    bool lost;                /* it has seen what is not here: this journal is an older copy */
    bool recovery_owed;
};

/* Whether the neighbour shows us something of ours that we do not have; also where to
 * resume for it. */
static bool shows_loss (struct store *store, struct greet_job *job)
{
    bool any = false;
    for (unsigned lane = 0; lane < CB_LANE_END; lane++) {
        const struct cursor *cursor = &job->theirs[lane];
        struct hash chain;
        bool lost, here = cursor->position > 0 &&
                          cursor->position <= journal_head (store->journal) &&
                          journal_chain_at (store->journal, cursor->position, &chain) == JOURNAL_OK;
        job->resume[lane] =
            link_resume (cursor, job->epochs, job->epoch_count, here ? &chain : NULL, &lost);
        store_ok (store,
                  journal_chain_at (store->journal, job->resume[lane], &job->resume_chain[lane]));
        job->astray[lane] = lost;
        /* Lane 3 moves only while its owner recovers: the others tell enough. */
        any = any || (lost && lane < CB_PRECEDENCES);
    }
    struct span self = span_of (store->self);
    return any || (job->held_seq > 0 &&
                   take_highest (store->journal, self, job->held_epoch) < job->held_seq);
}

/* Our own messages are wanted back from this neighbour: noted on disk until it has
 * given them, so that neither a crash nor a cut forgets it. */
static bool recovery_owed (struct store *store, struct greet_job *job)
{
    struct key key;
    struct span peer = span_of (job->name);
    key_begin (&key, TABLE_RECOVERY);
    key_text (&key, peer);
    /* Where lane 3 stood stays good: a copy that has the cursor has what it covers. */
    return table_get_u64 (store->journal, &key, 0) != 0 ||
           (job->lost && store_ok (store, table_put_u64 (store->journal, &key, 1)));
}

static void greet_run (struct job *base, struct store *store)
{
    struct greet_job *job = (struct greet_job *) base;
    struct span peer = span_of (job->name);
    job->epoch_count = journal_epochs (store->journal, job->epochs);
    for (unsigned lane = 0; lane < CB_LANE_END; lane++)
        cursor_get (store->journal, peer, lane, &job->ours[lane]);
    if (take_newest_epoch (store->journal, peer, &job->peer_epoch))
        job->peer_seq = take_highest (store->journal, peer, job->peer_epoch);
    job->lost = job->has_theirs && shows_loss (store, job);
    if (job->lost)
        store->restored_until = clock_steady () + RESTORED_MS;
    job->recovery_owed = recovery_owed (store, job);
}

static struct peer *job_peer (const struct greet_job *job, struct station *station)
{
    struct peer *peer = job->up ? station->parent : peer_by_user (station, job->user);
    if (peer == NULL || memcmp (peer->session, job->session, SESSION_SIZE) != 0)
        return NULL; /* it has begun another session since */
    bool wanted = job->purpose == GREET_RESUME ? peer->state == LINK_OPEN : peer->greeting;
    return wanted ? peer : NULL; /* or this one has ended */
}

static void send_greeting (struct peer *self, const struct greet_job *job, unsigned verb)
{
    struct station *station = self->station;
    struct frame frame = { .verb = verb, .session = self->session };
    struct greeting *mine = &frame.as.greeting;
    mine->verb = verb;
    mine->version_low = mine->version_high = LINK_VERSION;
    mine->party = station_name (station);
    mine->session = self->session;
    mine->epoch_count = job->epoch_count;
    memcpy (mine->epochs, job->epochs, sizeof mine->epochs);
    memcpy (mine->cursors, job->ours, sizeof mine->cursors);
    mine->held_epoch = job->peer_epoch;
    mine->held_seq = job->peer_seq;
    const struct policy *policy = directory_policy_now (station->directory);
    mine->policy_version = policy != NULL ? policy->version : 0;
    mine->time = clock_utc ();
    for (unsigned lane = 0; lane < CB_LANE_END; lane++)
        mine->credit[lane] = lane == CB_LANE_FLASH ? PEER_CREDIT_FLASH : PEER_CREDIT;
    mine->software = span_of ("certbus " CERTBUS_VERSION);
    for (unsigned lane = 0; lane < CB_LANE_END; lane++)
        self->in[lane] = (struct lane_in){ .at = job->ours[lane] };
    peer_send (self, &frame);
}

/* From here on we may send: the journal said where to resume. */
static void begin_sending (struct peer *self, const struct greet_job *job)
{
    for (unsigned lane = 0; lane < CB_LANE_END; lane++) {
        lane_out_reset (&self->out[lane], job->resume[lane], job->credit[lane]);
        self->scanned[lane] = job->resume[lane];
        self->scanned_chain[lane] = job->resume_chain[lane];
        self->astray[lane] = job->astray[lane];
        self->reading[lane] = self->stalled[lane] = false;
    }
    memset (self->waits_at, 0, sizeof self->waits_at);
    self->sending = true;
    self->acked_dirty = true; /* its greeting said what it has: an ACK may have been lost */
    self->recovery_owed = job->recovery_owed;
    self->recovering = clock_steady ();
    if (job->recovery_owed) {
        struct frame frame = { .verb = CB_VERB_RECOVER, .session = self->session };
        frame.as.recover.session = self->session;
        frame.as.recover.from = self->in[CB_LANE_RECOVERY].at;
        peer_send (self, &frame);
    }
    station_wake (self->station);
}

static void greet_done (struct job *base, struct station *station)
{
    struct greet_job *job = (struct greet_job *) base;
    struct peer *peer = job_peer (job, station);
    if (job->lost && !job->job.full && (peer == NULL || peer_says (peer)))
        log_warning ("%s holds what this journal does not: it was restored from an older copy; "
                     "our own messages are asked back",
                     job->name);
    if (peer == NULL || job->job.full) {
        if (peer != NULL) {
            peer->greeting = false;
            peer_end (peer, CB_DISK_FULL, "");
        }
        free (job);
        return;
    }
    peer->greeting = false;
    for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++)
        station->met = station->met || job->theirs[lane].position > 0;
    switch (job->purpose) {
    case GREET_HELLO:
        send_greeting (peer, job, CB_VERB_HELLO);
        FAULT_HERE (AFTER_HELLO);
        break;
    case GREET_ANSWER:
        send_greeting (peer, job, CB_VERB_WELCOME);
        FAULT_HERE (AFTER_WELCOME);
        peer_enter (peer, LINK_OPEN);
        begin_sending (peer, job);
        break;
    case GREET_RESUME: begin_sending (peer, job); break;
    }
    free (job);
}

static struct greet_job *greet_start (struct peer *self, enum greet_purpose purpose)
{
    struct greet_job *job = job_new (sizeof *job, greet_run, greet_done);
    job->job.writes = true; /* it may note that recovery is owed */
    job->purpose = purpose;
    job->up = self->up;
    snprintf (job->name, sizeof job->name, "%s", self->name);
    snprintf (job->user, sizeof job->user, "%s", self->user);
    memcpy (job->session, self->session, SESSION_SIZE);
    return job;
}

static void take_theirs (struct peer *self, struct greet_job *job, const struct greeting *theirs)
{
    job->has_theirs = true;
    memcpy (job->theirs, theirs->cursors, sizeof job->theirs);
    /* A RECOVER may follow before the journal has said where to resume. */
    memcpy (self->resume_from, theirs->cursors, sizeof self->resume_from);
    memcpy (job->credit, theirs->credit, sizeof job->credit);
    job->held_epoch = theirs->held_epoch;
    job->held_seq = theirs->held_seq;
    self->epoch_count = theirs->epoch_count;
    memcpy (self->epochs, theirs->epochs, sizeof self->epochs);
    self->skew = theirs->time - clock_utc ();
    span_text (theirs->software, self->software, sizeof self->software);
}

void greet_hello (struct peer *self)
{
    if (self->station->stopping)
        return;
    randombytes_buf (self->session, sizeof self->session);
    self->sending = false;
    self->greeting = true;
    self->said = clock_steady ();
    store_submit (self->station->store, &greet_start (self, GREET_HELLO)->job);
}

/* Whether as many children are served as the configuration has room for. */
static bool crowded (const struct station *station)
{
    int64_t open = 0;
    for (const struct peer *peer = station->children; peer != NULL; peer = peer->hh.next)
        open += peer->state == LINK_OPEN;
    return open >= station->conf.children_max;
}

void greet_answer (struct peer *self, struct wire_frame *wire, const struct greeting *theirs)
{
    memcpy (self->session, theirs->session, SESSION_SIZE);
    peer_enter (self, LINK_IDLE); /* the old session, if any, is over */
    self->greeting = false;
    if (!span_is (theirs->party, self->name))
        peer_end (self, CB_WRONG_ORIGIN, "the greeting names another party");
    else if (theirs->version_low > LINK_VERSION || theirs->version_high < LINK_VERSION)
        peer_end (self, CB_VERSION, "this side speaks version 1");
    else if (crowded (self->station)) {
        struct frame busy = { .verb = CB_VERB_BUSY, .session = self->session };
        busy.as.busy.session = self->session;
        busy.as.busy.wait = CROWDED_MS;
        snprintf (self->refused, sizeof self->refused, "children_max is reached");
        peer_send (self, &busy);
    } else {
        struct greet_job *job = greet_start (self, GREET_ANSWER);
        take_theirs (self, job, theirs);
        self->greeting = true;
        store_submit (self->station->store, &job->job);
    }
    wire_free (wire);
}

void greet_resume (struct peer *self, const struct greeting *theirs)
{
    struct greet_job *job = greet_start (self, GREET_RESUME);
    take_theirs (self, job, theirs);
    store_submit (self->station->store, &job->job);
}
