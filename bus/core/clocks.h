/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clocks.h - which clocks of a case run here, since when, and by when
 *
 * Pure: a state, the policy, who we are, and when what starts a clock was taken in here. A clock's
 * run is told by its start. docs/casework/clocks.md has the rules in words.
 */
#ifndef CERTBUS_CLOCKS_H
#define CERTBUS_CLOCKS_H

#include "bus/core/case.h"
#include "bus/core/policy.h"

/* X (NAME, name in the policy and for people, what is owed) */
#define CLOCK_NAMES(X)                                                                             \
    X (ACKNOWLEDGE, "acknowledge", "an acknowledgement by a person")                               \
    X (UPDATE, "update", "an update")                                                              \
    X (CLOSE, "close", "the closing report")                                                       \
    X (STORED, "stored", "the receipt of the report")                                              \
    X (REPORT, "report", "the first report")                                                       \
    X (OFFICER, "officer", "an acknowledgement of what an officer escalated")

#define CLOCK_X(NAME, ...) CLOCK_##NAME,
enum clock_name { CLOCK_NAMES (CLOCK_X) CLOCK_NAMES_END };
#undef CLOCK_X

const char *clock_name (enum clock_name clock);
/* CLOCK_NAMES_END: no clock of a case. */
enum clock_name clock_number (struct span name);

/* Steps of a clock: numbers are stored. */
enum clock_step { CLOCK_REMIND, CLOCK_BREACH, CLOCK_CLIMB, CLOCK_STEPS };
const char *clock_step_name (unsigned step); /* "remind"; "" for none of them */

#define CLOCK_RUNS    16 /* of one case at a time */
#define CLOCK_RUNS_BY 4  /* of them, that one party below has escalated */

/* A step that may start or stop a clock here. */
struct clock_arrival {
    enum case_step what;   /* REPORT, TRANSFER, REOPEN, ACKNOWLEDGE; ESCALATE to this party */
    int64_t issued, taken; /* ms UTC; by its origin's clock, and by ours */
    struct span by;
    enum clock_name clock; /* of an escalation: which clock ran out */
    int64_t started, due;  /* of it, at its sender */
};

/* What is known here beside the state. All borrowed. */
struct clock_view {
    const struct policy *policy; /* NULL: no clock runs */
    struct span self, role;      /* this party */
    bool stored;                 /* the lead has said that it has the report */
    bool before;                 /* the report is from before this party was enrolled */
    int64_t since;               /* ms UTC: what started a clock by then starts none; 0: all do */
    size_t count;
    const struct clock_arrival *arrivals; /* in the order in which they were taken in */
};

/* Why it runs here. */
enum clock_place {
    CLOCK_LEAD,  /* this party leads */
    CLOCK_ABOVE, /* it climbed to this party */
    CLOCK_ORIGIN /* this party reported */
};

struct clock_run {
    enum clock_name clock;
    enum clock_place place;
    struct span party;     /* who owes it: this party, or the lead that has not stored */
    int64_t started, due;  /* ms UTC */
    int64_t remind, climb; /* ms UTC; 0: none */
};

/* Those that run now; how many. */
size_t clocks_now (struct clock_run out[CLOCK_RUNS], const struct case_state *state,
                   const struct clock_view *view);
/* When a step of a run is due; 0: it has none. */
int64_t clock_at (const struct clock_run *run, enum clock_step step);

/* By when the case had to be reported, by the clock `report` of its origin's role; 0: no limit, or
 * it was not said when the origin became aware. */
int64_t clock_report_due (const struct case_state *state, const struct policy *policy,
                          struct span role);

/* When what was owed was done after all: the first step issued after `since` with which it was; 0:
 * not yet. `entries` as case_fold has left them. */
int64_t clock_done (const struct case_entry *entries, size_t count, enum clock_name clock,
                    int64_t since);

/* One run, also of the past, of this party as the lead. */
struct clock_past {
    enum clock_name clock;
    int64_t started, due, done; /* done 0: it still runs */
};
/* The last `max` of them, oldest first; how many. */
size_t clocks_past (struct clock_past *out, size_t max, const struct case_entry *entries,
                    size_t count, const struct clock_view *view);

#endif
