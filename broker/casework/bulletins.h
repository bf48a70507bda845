/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulletins.h - who subscribes, what is counted, and the draft at the end of each period
 *
 * Cases are counted as they are settled, in quarters of an hour of the time at which they were
 * reported: a case that changes is taken out of where it was counted and put where it belongs, so
 * that the counters are a function of the cases. A draft then reads counters, not cases.
 * docs/casework/bulletins.md has the rules.
 */
#ifndef CERTBUS_BULLETINS_H
#define CERTBUS_BULLETINS_H

#include "broker/casework/timers.h"
#include "bus/core/bulletin.h"
#include "bus/core/case.h"

/* In bulletin_counts.c: what is known of cases. */
extern const struct casework_part bulletin_counts_part;
/* In bulletins.c: subscriptions, bulletins, and the messages that a bulletin tells of. */
extern const struct casework_part bulletins_part;
/* What is due: a draft, or an alarm that one waits. */
bool bulletins_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                     int64_t now, struct deed *out);
/* At start: the schedule may have got another time zone. */
void bulletins_touch (struct store *store);

/* --- The schedule -------------------------------------------------------------------------- */

struct bulletin_period {
    int64_t from, until; /* ms UTC */
};

/* The last period that is over at `now`, and the one that runs. False: no time zone is set. */
bool bulletin_last_period (struct store *store, int64_t now, struct bulletin_period *out);
bool bulletin_this_period (struct store *store, int64_t now, struct bulletin_period *out);
/* When the next one is due; TIMER_NEVER: nobody subscribes. */
int64_t bulletin_due (struct store *store);

/* --- Tables -------------------------------------------------------------------------------- */

/* Whose: those who subscribe here, or what this party subscribes to; own bulletins, or others'. */
enum { BULLETIN_OWN = 0, BULLETIN_OTHERS = 1 };

/* One message of those that compete: the last by (issued, leaf) counts. */
struct bulletin_message {
    int64_t issued, position; /* position 0: there is none */
    struct hash leaf;
};

struct subscriber {
    char edition[16], party[PARTY_MAX + 1];
    bool ended;
    struct bulletin_message message;
};
/* Walks them: start with an `after` of size 0. */
bool subscribers_next (struct journal *journal, unsigned whose, struct key *after,
                       struct subscriber *out);

/* What became of a bulletin: its first and its newest draft, and what was published. */
struct bulletin_state {
    char edition[16], origin[PARTY_MAX + 1];
    int64_t until;
    struct bulletin_message first, draft, final;
};
/* The newest of an edition whose period ended at or before `until`; false: there is none. */
bool bulletin_newest (struct journal *journal, unsigned whose, const char *edition, int64_t until,
                      struct bulletin_state *out);

/* What a bulletin tells of. X (NAME, number that is stored, `what` of an alarm; "" none) */
#define BULLETIN_TOLD(X)                                                                           \
    X (ADVISORY, 1, "")                                                                            \
    X (EXERCISE, 2, "")                                                                            \
    X (PATTERN, 3, "pattern")                                                                      \
    X (SILENT, 4, "silent")

#define TOLD_X(NAME, number, what) TOLD_##NAME = number,
enum told { BULLETIN_TOLD (TOLD_X) };
#undef TOLD_X

/* The positions of those of a period, in the order of time: start with an `after` of size 0. */
bool told_next (struct journal *journal, enum told what, const struct bulletin_period *period,
                struct key *after, int64_t *position);

/* Open cases that are S1, S2 or undetermined: the gravest, then the oldest first. Returns what the
 * state borrows from, owned: free. NULL: no more. */
uint8_t *grave_next (struct journal *journal, struct key *after, struct case_state *out);

/* A table of its own: reports of somebody who pretends to be another. */
#define COUNTS_FAKES BULLETIN_BY_END

/* How many cases were reported in a period; the rows of a table are added to `out` with it as
 * `count`, or as `before`. */
int64_t counts_total (struct journal *journal, unsigned table,
                      const struct bulletin_period *period);
void counts_add (struct journal *journal, unsigned table, const struct bulletin_period *period,
                 bool before, struct bulletin_rows *out);

/* --- Drafting ------------------------------------------------------------------------------ */

#define BULLETIN_ASKED 64

/* An advisory whose answers are counted. Places are in the payload. */
struct bulletin_asked {
    int row;  /* of the bulletin's advisories; -1: none, it is older */
    bool due; /* it was to be done by the end of the period */
    size_t envelope_at, envelope_size, names_at, names_size;
};

/* A bulletin between the journal's thread and the loop, which alone knows who is enrolled: one
 * piece of memory, with the payload behind it. */
struct bulletin_work {
    struct bulletin b;
    size_t asked_count;
    struct bulletin_asked asked[BULLETIN_ASKED];
};

/* In the journal's thread. Returns owned: free. */
struct bulletin_work *bulletin_fill (struct store *store, const struct bulletin_period *period,
                                     int64_t now);
/* In the loop: who has complied, who is overdue, and the titles of parties. */
void bulletin_finish (const struct station *station, struct bulletin_work *work);

/* In bulletin_answers.c, for these two. */
struct bulletin_gathered {
    struct bulletin_work *work;
    struct pack_out payload; /* raw bytes */
    size_t left;
};
void bulletin_gather (struct store *store, const struct bulletin_period *period,
                      struct bulletin_gathered *out);
void bulletin_count_answers (const struct station *station, struct bulletin_work *work);
int64_t bulletin_breaches (struct journal *journal, const struct bulletin_period *period,
                           struct bulletin_parties *out);

#endif
