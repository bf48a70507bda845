/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quarantine.h - what was refused here, until it is released or discarded
 *
 * Runs in the journal's thread. A refused message stays in the journal's quarantine with its
 * reason; the tables beside it say what is kept now, from whom, and who was told. Bounded per
 * neighbour: what is too old makes room, and what finds none is counted with its hash. The row of
 * what left stays (the chain covers it), without the envelope, and so does how it left.
 */
#ifndef CERTBUS_QUARANTINE_H
#define CERTBUS_QUARANTINE_H

#include "broker/store.h"
#include "broker/tables.h"

/* Of one neighbour. On disk: three numbers, big-endian, then the hash. */
struct quarantine_count {
    uint64_t kept, bytes; /* now */
    uint64_t dropped;     /* for want of room, in the life of the journal */
    struct hash hash;     /* over the hash before and the leaf hash of each that was dropped */
};

/* All zero when nothing was ever refused from it. */
void quarantine_count_get (struct journal *journal, struct span from, struct quarantine_count *out);
/* The value of a row of TABLE_QUARANTINED; false: not one. */
bool quarantine_count_read (struct span value, struct quarantine_count *out);

#define TOLD_NEIGHBOUR   1 /* a REJECT went out in the session that brought it */
#define TOLD_ORIGIN_OWED 2 /* its origin said it and is to be told, or was */
#define TOLD_UNKNOWN     4 /* refused by a version that did not note who was told */

/* A message that is in quarantine now. `detail` borrows until the next call on the journal. */
struct quarantined {
    unsigned told;
    struct span detail; /* which field, which term; may be empty */
};

bool quarantine_find (struct journal *journal, int64_t position, struct quarantined *out);
/* Whether its rejection is still to be made. */
bool quarantine_owed (struct journal *journal, int64_t position);

/* Keeps a refused message: fills record->position. False: there was no room, and it was counted;
 * or the transaction is lost. Discards at most QUARANTINE_A_MESSAGE that are too old. */
#define QUARANTINE_A_MESSAGE 8
bool quarantine_keep (struct store *store, struct record *record, unsigned told,
                      struct span detail);
/* The neighbour was told of it. */
void quarantine_told (struct store *store, int64_t position);

#define LEFT_WHY_MAX 256
/* X (how, number, what is said of it) */
#define LEFTS(X)                                                                                   \
    X (RELEASED, 1, "released")                                                                    \
    X (HELD, 2, "released: the same message was here")                                             \
    X (DISCARDED, 3, "discarded")                                                                  \
    X (AGED, 4, "discarded to make room: it was too old")
#define LEFT_X(NAME, number, text) LEFT_##NAME = number,
enum left_how { LEFTS (LEFT_X) LEFT_END };
#undef LEFT_X

struct left {
    enum left_how how;
    int64_t when;
    uint32_t uid;     /* of the person; 0 for AGED */
    int64_t position; /* where it is now; 0: nowhere */
    struct span why;  /* borrowed; may be empty */
};

/* Takes a message out: its envelope, its rows, what is still owed to its origin. False: it is
 * not there (any more). */
bool quarantine_leave (struct store *store, int64_t position, const struct left *left);
/* How it left; false: it did not. Borrows until the next call on the journal. */
bool quarantine_left (struct journal *journal, int64_t position, struct left *out);
const char *left_text (unsigned how);

/* For an upgrade, in its transaction: counts what is kept, and gives each its rows. */
enum journal_result quarantine_adopt (struct journal *journal);

#endif
