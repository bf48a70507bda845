/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads.h - cases: the steps of each thread, and what they amount to
 *
 * bus/core/case.h has the rules. Here are the tables: STEPS has all steps of all threads, also
 * before it is known that the thread is a case; CASES the state of those that are; OPEN those
 * that are not closed. All three are a function of the set of messages that are held, whatever
 * the order in which they came. docs/casework/threads.md.
 */
#ifndef CERTBUS_THREADS_H
#define CERTBUS_THREADS_H

#include "broker/casework/casework.h"
#include "bus/core/case.h"

extern const struct casework_part threads_part;

/* In a fold: a signed report that another message carries counts as if it were held. */
void threads_add_report (struct store *store, const struct envelope *original);

/* The state of a case as it was settled last. Returns what it borrows from, owned: free. NULL:
 * no such case. */
uint8_t *threads_case (struct journal *journal, const struct msg_id *id, struct case_state *out);
/* The same for a row of CASES or a key of OPEN that a walk has found. */
uint8_t *threads_case_at (struct journal *journal, struct span key, struct case_state *out);
/* Walks the cases, all or the open ones, in the order of their ids: start with an `after` of size
 * 0, which is moved along. Each is owned, as above. */
uint8_t *threads_next (struct journal *journal, bool open, struct key *after,
                       struct case_state *out);

/* A case with its steps in the order in which they were applied. */
struct thread {
    struct case_state state;
    size_t count;
    struct case_entry *entries;
    struct pack_out bytes; /* what all of it borrows from */
};
/* Reads at most CASE_STEPS steps; false: no such case, and nothing to clear. */
bool thread_read (struct journal *journal, const struct msg_id *id, struct thread *out);
void thread_clear (struct thread *self);

#endif
