/* SPDX-License-Identifier: Apache-2.0 */
/*
 * breaches.h - the register of what was not done in time, per party
 *
 * A row for each run of a clock that was breached: at the party whose clock it was, and at each
 * CERT to which it climbed. Live cases only. `done` is filled in when it was done after all.
 */
#ifndef CERTBUS_BREACHES_H
#define CERTBUS_BREACHES_H

#include "broker/casework/casework.h"
#include "broker/casework/threads.h"
#include "broker/take.h"
#include "bus/core/clocks.h"

/* In a fold: an own alarm that says so, or an escalation to this party. */
void breaches_fold (struct store *store, const struct envelope *e);
/* Brings the rows of a case in line with what became of it. */
void breaches_settle (struct store *store, const struct case_state *state,
                      const struct clock_view *view);

struct breach {
    struct span party;          /* whose clock it was */
    int64_t due, started, done; /* ms UTC; done 0: not yet */
    struct msg_id id;           /* the case */
    enum clock_name clock;
    unsigned severity; /* 1 to 6 */
};
/* Walks the register of a party (empty: of all), in the order of party and time: start with an
 * `after` of size 0. What is returned borrows from `after`. */
bool breaches_next (struct journal *journal, struct span party, struct key *after,
                    struct breach *out);

#endif
