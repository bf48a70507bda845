/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timers.h - what is due when: one ordered table for all clocks
 *
 * A subject has a set of timers, which its part works out anew whenever it settles it. They
 * stand in the order of time, so that looking for what is due costs what is due, however many
 * wait. What is due is turned by its part into a message (a deed): an alarm, an escalation, a
 * bulletin's draft. That message, once stored, is folded and settles the subject, which takes
 * the timer away in the same transaction. A process that dies before that finds the timer again.
 * A deed that is made twice (after a restore) is told by (subject, clock, start, step, level).
 * docs/casework/clocks.md has the rules.
 */
#ifndef CERTBUS_TIMERS_H
#define CERTBUS_TIMERS_H

#include "broker/casework/casework.h"
#include "bus/core/envelope.h"

struct station;

#define TIMERS_MAX  64        /* of one subject */
#define TIMER_NEVER INT64_MAX /* raises nothing (any more), and is shown until its clock is met */

struct timer {
    int64_t at;      /* ms UTC, when it is due; or TIMER_NEVER */
    char clock[33];  /* its name in the policy, or the part's own */
    int64_t started; /* ms UTC: tells the runs of one clock apart */
    unsigned step;   /* 0 reminder, 1 breach, 2 climb; or the part's own */
    int64_t due;     /* ms UTC: what people are told; the breach, for all steps of a clock */
};

/* Replaces the timers of a subject; at most TIMERS_MAX, no two with the same clock, start and step.
 * Writes only what changed. */
void timers_set (struct store *store, const struct subject *subject, const struct timer *timers,
                 size_t count);
/* The timers of a subject, in the order of time. */
size_t timers_get (struct journal *journal, const struct subject *subject,
                   struct timer timers[TIMERS_MAX]);
/* Of timers in that order, the first of each clock: what its row says. Returns how many. */
size_t timers_clocks (const struct timer *timers, size_t count, struct timer clocks[TIMERS_MAX]);
/* Walks all timers that are still to come, of all classes, in the order of `at`: start with an
 * `after` of size 0. */
bool timers_next (struct journal *journal, struct key *after, struct subject *subject,
                  struct timer *timer);
/* The same for what people look at: one row a clock (the next timer of it), in the order of
 * `due`, until the clock is met. */
bool timers_next_clock (struct journal *journal, struct key *after, struct subject *subject,
                        struct timer *timer);
/* When the first one is due; TIMER_NEVER: there is none. */
int64_t timers_first (struct journal *journal);
/* For store.c, after a commit or rollback: tells the loop when something is due. */
void timers_tell (struct store *store);

/* Whether (subject, clock, started, step, level) was raised here, and noting it: by the fold of
 * the alarm or escalation. Returns the position, 0: no. */
int64_t raised_get (struct journal *journal, const struct subject *subject,
                    const struct timer *timer, unsigned level);
void raised_put (struct store *store, const struct subject *subject, const struct timer *timer,
                 unsigned level, int64_t position);

/* The messages that say that something was raised, folded for all classes: see alarms.h. */
extern const struct casework_part timers_part;

/* A message that a broker makes by itself, owned. */
struct deed {
    struct draft draft; /* spans borrow from `bytes`, or are static; its body is `body` */
    struct pack_out body;
    uint8_t *bytes; /* owned; may be NULL */
    /* In the loop, before it is signed: adds what only the loop knows (credentials, who is
     * enrolled). False: nothing is to be sent after all. May be NULL. */
    bool (*finish) (struct station *station, struct deed *deed);
};

void deed_free (struct deed *deed);

/* What a class does with a timer that is due: fills one deed; false: nothing now, ask again later
 * (a minute, then less and less often). Runs in the journal's thread, writes nothing. */
typedef bool (*timer_fire) (struct store *store, const struct subject *subject,
                            const struct timer *timer, int64_t now, struct deed *out);
/* In fires.c: by class; NULL: a class whose timers raise nothing. */
extern const timer_fire casework_fires[SUBJECT_CLASSES];

/* --- In the loop: due.c -------------------------------------------------------------------- */

struct timers;
struct timers *timers_new (void);
void timers_free (struct timers **self);
/* Looks once a tick for what is due and originates what comes of it. Nothing is raised while the
 * clock is held. `now` is ms UTC. */
void timers_tick (struct station *station, int64_t now);

/* The policy is from before there were alarms: what is due waits for the next one, however long. */
bool timers_wait (const struct station *station);

/* What is due and could not be made into a message, and why, for people. */
struct timers_trouble {
    size_t count;
    const char *kind; /* of the one that was refused last; static */
    const char *why;  /* borrowed from the station */
};
struct timers_trouble timers_trouble (const struct station *station);

/* A jump of the wall clock against the boot clock, or back behind what is stored, holds all
 * timers until somebody confirms the time. Kept over a restart. */
struct clock_hold {
    bool held;
    int64_t jumped; /* ms, forwards or backwards */
    int64_t since;  /* ms UTC, of the new clock */
};
struct clock_hold timers_hold (const struct station *station);
void timers_confirm (struct station *station);
/* In hold.c: at start, before the journal's thread has it; and once a tick. */
void hold_open (struct station *station, struct journal *journal);
void hold_look (struct station *station);

#endif
