/* SPDX-License-Identifier: Apache-2.0 */
/*
 * take.h - a judged message enters the journal, once
 *
 * Runs in the journal's thread, inside the turn's transaction. A high-water
 * mark per (origin, epoch, lane) decides the common case; the index of ids is
 * consulted only at or below the highest mark of that origin and epoch. What
 * was refused is kept apart, bounded per neighbour, beyond that counted.
 */
#ifndef CERTBUS_TAKE_H
#define CERTBUS_TAKE_H

#include "broker/store.h"
#include "broker/tables.h"
#include "bus/core/intake.h"

struct marks;
struct marks *marks_new (void);
void marks_free (struct marks **self);
/* In the table FROZEN, for the position of a message: it was counted, but not kept. */
#define FROZE_NOT_KEPT UINT64_MAX

/* After a rollback: what was remembered may not be on disk. */
void marks_forget (struct marks *self);

enum taken {
    TAKEN_STORED,   /* new, and on disk after the commit */
    TAKEN_REPEAT,   /* the same message was here */
    TAKEN_REFUSED,  /* in quarantine with its reason, or counted there */
    TAKEN_NO_SPACE, /* nearly full: nothing was done */
    TAKEN_PUT_OFF   /* what it answers may be on its way back after a restore: nothing was done */
};

/* One message on its way in. Spans borrow from the frame that the job keeps. */
struct item {
    struct span envelope, kind;
    struct hash leaf;
    struct msg_id id;
    struct msg_id thread, replaces;
    unsigned lane, reason;
    unsigned tlp, mode;
    bool needs_thread;     /* only if the first message of its thread is held */
    bool carries;          /* another message is inside */
    uint32_t participants; /* terms of its audience that have to take part in its thread */
    bool here;             /* for this party */
    bool receipt;          /* and its origin wants to know */
    bool signed_well;      /* the origin's signature is good: it can be told of a refusal */
    int64_t again;       /* its place in quarantine, from where it is judged again; 0: it is new */
    bool urgent;         /* trust, receipts, rejections: taken even when space is short */
    char *detail;        /* of a refusal; owned; may be NULL */
    struct key *settles; /* the debt that this message pays; owned; may be NULL */

    enum taken outcome; /* out */
    int64_t position;
};

void item_clear (struct item *item);
/* Fills an item from a message and its verdict. */
void item_from (struct item *item, const struct envelope *e, const struct verdict *verdict);

/* What all messages of one job share. */
struct intake_batch {
    struct span from; /* the neighbour; empty: this party */
    uint32_t policy;
    int64_t now;
    bool patient; /* the neighbour may be asked to come again with an item */
};

/* What only the journal knows of a message that passed all else: OK, EQUIVOCATION, THREAD, CARRIED,
 * NO_GRANT or EXERCISE. `*position` is that of the message that has its number here; 0: none. */
enum cb_reason take_look (struct store *store, struct item *item, int64_t *position);
void take_item (struct store *store, const struct intake_batch *batch, struct item *item);
/* Writes the marks that changed: once, at the end of a job. */
void take_flush (struct store *store);

/* Where a message with this id stands; 0: nowhere here. With `any_nonce`, the
 * epoch's nonce of `id` is ignored and the newest match is returned. */
int64_t take_find (struct journal *journal, const struct msg_id *id, bool any_nonce);
/* The same in another table whose keys are ids and whose values positions. */
int64_t take_find_in (struct journal *journal, enum table table, const struct msg_id *id,
                      bool any_nonce);
/* The highest sequence taken of an origin in an epoch; 0: none. */
int64_t take_highest (struct journal *journal, struct span origin, struct epoch epoch);
/* The newest epoch in which messages of this origin are held; false: none. */
bool take_newest_epoch (struct journal *journal, struct span origin, struct epoch *epoch);

#endif
