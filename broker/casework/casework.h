/* SPDX-License-Identifier: Apache-2.0 */
/*
 * casework.h - cases, ledgers, clocks: projections of the journal
 *
 * Each part below keeps tables of its own. `fold` notes what a stored message says and touches
 * the subjects that it is about; `settle` works out, once at the end of a job and in its
 * transaction, what follows for the subjects that were touched, so that a batch of a thousand
 * steps of one case costs one fold of it. What is due later is a timer (timers.h), and what
 * comes of it is a message like any other, which is folded in turn. Tables are a function of
 * the log: casework_rebuild makes them anew, byte for byte.
 *
 * All of it runs in the journal's thread.
 */
#ifndef CERTBUS_CASEWORK_H
#define CERTBUS_CASEWORK_H

#include "broker/tables.h"
#include "broker/take.h"
#include "bus/core/schema.h"

/* What can be touched and have timers. X (NAME, number that is stored, what the subject is). */
#define SUBJECTS(X)                                                                                \
    X (CASE, 1, "id of the report")                                                                \
    X (ADVISORY, 2, "id of the advisory")                                                          \
    X (BULLETIN, 3, "id of the bulletin, or none: the schedule")                                   \
    X (SILENCE, 4, "a party: is it heard?")                                                        \
    X (RETURN, 5, "none: who has not said that there is nothing to report")                        \
    X (EXERCISE, 6, "id of the announcement")                                                      \
    X (PATTERN, 7, "what several constituents have seen")

#define SUBJECT_X(NAME, number, text) SUBJECT_##NAME = number,
enum subject_class { SUBJECTS (SUBJECT_X) };
#undef SUBJECT_X
#define SUBJECT_CLASSES 8 /* one more than the highest number */

/* A key within its class: key_id, key_text or what else the part has put there. */
struct subject {
    enum subject_class class;
    struct key key; /* without a table's byte */
};
void subject_id (struct subject *out, enum subject_class class, const struct msg_id *id);
/* The id that a subject stands for; its origin borrows from the key. False: it stands for none. */
bool subject_msg_id (const struct subject *subject, struct msg_id *id);
void subject_text (struct subject *out, enum subject_class class, struct span text);

/* One part of casework. Functions that it has no use for are NULL. */
struct casework_part {
    const char *name;
    /* Whether it folds messages of this kind that are in no thread; those in one are always
     * shown to it. */
    bool (*reads) (struct span kind);
    /* The same of messages of an exercise. */
    bool (*plays) (struct span kind);
    void (*fold) (struct store *store, const struct intake_batch *batch, const struct item *item,
                  const struct envelope *e);
    /* Works out a subject of `class` that was touched. What it writes is a function of the tables
     * and the policy in force, and of nothing else: how often it ran does not show. */
    enum subject_class class;
    void (*settle) (struct store *store, const struct subject *subject);
    /* After a rebuild: touches what follows from tables that it does not empty. May be NULL. */
    void (*begin) (struct store *store);
    const char *tables; /* the bytes of the tables that it fills alone, for a rebuild */
};

/* In casework.c: all of them, in the order in which they run; NULL ends the list. */
extern const struct casework_part *const casework_parts[];

bool casework_reads (struct span kind, unsigned mode);
void casework_fold (struct store *store, const struct intake_batch *batch, const struct item *item,
                    const struct envelope *e);
/* To be settled at the end of this job. May be called by a settle, too, for a class that comes
 * later or its own. */
void casework_touch (struct store *store, const struct subject *subject);
void casework_settle (struct store *store);
/* Adds to a table's number, once at the end of the settle for all that came together: what all
 * cases count into is read and written once a job. What falls to 0 has no row. */
void casework_count (struct store *store, const struct key *key, int by);
/* After a rollback. */
void casework_forget (struct store *store);
void casework_free (struct store *store);
/* Empties the tables of all parts and folds the whole log again, in the open transaction. */
void casework_rebuild (struct store *store);
/* Raised when the tables are to be worked out otherwise: the next start makes them anew. */
#define CASEWORK_RULES 1
/* The first time in a journal: casework begins behind its head, and what is there already starts no
 * clock of its own. `now` is ms UTC. Later ones, after CASEWORK_RULES was raised, move nothing. */
void casework_begin (struct store *store, int64_t now);
/* Where it began: all zero in a journal that had casework from its first message on. */
struct casework_start {
    int64_t position; /* of the last message before it */
    int64_t time;     /* ms UTC, when that was taken in */
};
struct casework_start casework_start (struct store *store);
/* Whether the tables are there as this program works them out. They are not in a journal of a
 * format before they came. */
bool casework_current (struct journal *journal);

/* Whether a policy has a grant for alarms or escalations of a role. One from before there was casework
 * has not, but for the top party's role: what is due waits for the next one. */
bool casework_granted (const struct policy *policy, struct span role);
/* The policy in force, as the journal has it; NULL: none yet. Good until the next fold. A new one
 * counts for a subject from its next step on. */
const struct policy *casework_policy (struct store *store);

#endif
