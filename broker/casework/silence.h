/* SPDX-License-Identifier: Apache-2.0 */
/*
 * silence.h - who is heard, and who has said that there was nothing to report
 *
 * HEARD has for each party right below this one when it was last heard, and in which role. That a
 * link is alive is in no message, so the table is no projection of the log: the loop writes it, a
 * batch every few minutes, and a rebuild leaves it alone. Timers and alarms follow from it as they
 * follow from projections.
 *
 * RETURNS is a projection: who has reported in a month, or said that there was nothing to report.
 * A month ends where the clocks of this station's zone end it. docs/casework/silence.md.
 */
#ifndef CERTBUS_SILENCE_H
#define CERTBUS_SILENCE_H

#include "broker/casework/timers.h"
#include "bus/core/policy.h"

#define SILENCE_CERT INT64_C (3600000)  /* ms, where the policy does not say; of a CERT */
#define SILENCE_BODY INT64_C (86400000) /* of any other body */
#define RETURN_MS    INT64_C (432000000)
#define PERIOD_TEXT  8 /* "2026-11" and a NUL */

/* How long a body of a role may be silent. `policy` may be NULL. */
int64_t silence_limit (const struct policy *policy, struct span role);

/* A party right below this one. */
struct heard {
    struct span party, role;
    int64_t at; /* ms UTC, when it was last heard; 0: not in this run, and what is known stays */
    int64_t enrolled; /* ms UTC */
};
/* Notes it. One that is not known yet counts from `now` on. Returns when it was last heard. */
int64_t heard_put (struct store *store, const struct heard *heard, int64_t now);
/* Walks them in the order of names: start with an `after` of size 0. Borrows until the next call on
 * the journal. */
bool heard_next (struct journal *journal, struct key *after, struct heard *out);
/* It is no child any more. */
void heard_forget (struct store *store, struct span party);

/* The month that is asked for returns next, as its first moment; it is the one of `now` when none
 * was asked for yet. 0: no zone is set. */
int64_t returns_next (struct store *store, int64_t now);
/* Nobody is missing in the month that begins at `start`. */
void returns_done (struct store *store, int64_t start);
/* "2026-11" of a moment; false: no zone is set. */
bool returns_period (struct store *store, int64_t at, char period[PERIOD_TEXT]);
/* Whether a party has answered for a period: 1 it said that there was nothing, 2 it reported; 0:
 * neither. */
unsigned returns_get (struct journal *journal, const char *period, struct span party);
/* Whether a party has to answer for the month that ends at `end`: its role may report incidents,
 * and it was enrolled before that. */
bool returns_owes (struct store *store, const struct heard *heard, int64_t end);

bool silence_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                   int64_t now, struct deed *out);
bool returns_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                   int64_t now, struct deed *out);
extern const struct casework_part silence_part, returns_part;

#endif
