/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the journal's thread: jobs in, one transaction a turn, jobs out
 *
 * The loop never waits for a disk. It submits jobs; the thread takes all that
 * wait, runs those that write inside one transaction, commits, then runs those
 * that only read (so a reader never sees what is not committed), and hands all
 * of them back. What must happen only after the commit happens in `done`.
 * When nothing waits it moves the index (index.h); the longer that is behind, the
 * more of the thread's time it gets, also under load. A broken disk ends the
 * process here.
 */
#ifndef CERTBUS_STORE_H
#define CERTBUS_STORE_H

#include "bus/edge/journal.h"

struct credential;
struct station;
struct store;
struct marks;

/* The first member of every kind of job. Whoever submits allocates; `done` frees. */
struct job {
    bool writes;
    bool full; /* out: the transaction was rolled back for lack of space */
    void (*run) (struct job *job, struct store *store);      /* in the journal's thread */
    void (*done) (struct job *job, struct station *station); /* in the loop */
    struct job *next;
};

/* What a running job may use; only the journal's thread touches it. */
struct store {
    struct journal *journal;
    struct marks *marks; /* high-water marks of origins, see take.h */
    struct journal_reader *readers[CB_LANE_END];
    char self[PARTY_MAX + 1];
    const struct credential *me;                   /* does not change */
    int64_t quarantine_messages, quarantine_bytes; /* kept of a neighbour */
    int64_t quarantine_age;                        /* ms: what is older makes room for what comes */
    int64_t enrolled;             /* ms UTC: what was issued before starts no clock of this party */
    int64_t restored_until;       /* steady ms: a neighbour has just seen what is not here */
    uint64_t reserve;             /* bytes of free space below which new messages are refused */
    struct casework *casework;    /* what is to be settled, see casework/casework.h */
    bool timers_moved;            /* in this turn, see casework/timers.h */
    _Atomic int64_t timers_first; /* ms UTC, when the first timer is due: for the loop */
    struct span first_policy; /* the statement of the bundle: in force until a newer one comes */
    _Atomic uint64_t timers_turns; /* how often timers were moved: for the loop */
    struct zone *zone;             /* of schedules, owned; NULL: none was set */
    struct store_thread *thread;
};

/* A kind of job that begins with `struct job`, all else zero: for store_submit. */
void *job_new (size_t size, void (*run) (struct job *job, struct store *store),
               void (*done) (struct job *job, struct station *station));

/* Takes the journal; borrows the credential of the party. NULL when the thread cannot be
 * started. */
struct store *store_start (struct journal *journal, const struct credential *me);
/* Runs what was submitted, then stops and closes the journal. Jobs that were not
 * handed back yet are handed back to `station`. */
void store_stop (struct store **self, struct station *station);
void store_submit (struct store *self, struct job *job);
/* Readable when jobs are done; then store_done runs their `done`. Returns how many. */
int store_fd (const struct store *self);
size_t store_done (struct store *self, struct station *station);

/* For `run`: anything but OK, END and FULL is a broken disk, which ends the
 * process here; FULL marks the transaction as lost. Returns whether it was OK. */
bool store_ok (struct store *self, enum journal_result result);
/* For `run`: copies the message at a position, since the next reading overwrites it; `record` (but
 * for its `from`) and `e` borrow from the copy. Returns owned: free. NULL: there is none, or its
 * text is not kept. */
uint8_t *store_message (struct store *self, int64_t position, struct record *record,
                        struct envelope *e);
/* Whether this turn's transaction is lost for lack of space. */
bool store_full (const struct store *self);

#endif
