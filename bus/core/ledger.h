/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.h - what became of an advisory at one party
 *
 * A row is a function of the set of that party's answers (messages of kind `compliance`): of each
 * field the last one counts, in the order of (issued, sequence, leaf hash), in whatever order
 * they come here. Knows no clock, no position and no time of arrival. docs/casework/ledger.md has
 * the rules in words.
 */
#ifndef CERTBUS_LEDGER_H
#define CERTBUS_LEDGER_H

#include "bus/core/envelope.h"
#include "bus/core/policy.h"

#define LEDGER_ACTIONS   64
#define LEDGER_ACTION_ID 16 /* bytes of an action's id */

/* X (NAME, number that is stored, name in `compliance` and for people). */
#define LEDGER_STATES(X)                                                                           \
    X (OPEN, 0, "open")                                                                            \
    X (DONE, 1, "done")                                                                            \
    X (NOT_APPLICABLE, 2, "not-applicable")                                                        \
    X (WAIVED, 3, "waived")                                                                        \
    X (PLANNED, 4, "planned")

#define LEDGER_X(NAME, number, name) LEDGER_##NAME = number,
enum ledger_state { LEDGER_STATES (LEDGER_X) LEDGER_STATE_END };
#undef LEDGER_X

const char *ledger_state_name (unsigned state); /* "?" for none */

/* Which answer a field comes from. */
struct ledger_stamp {
    int64_t issued, seq;
    struct hash leaf;
};

struct ledger_action {
    struct span id;
    enum ledger_state state;
    int64_t when; /* ms UTC; 0: not said */
    struct span evidence, evidence_hash, reason, approver;
    struct ledger_stamp stamp;
};

/* Borrows from the answers, or from the row that it was read from. */
struct ledger_row {
    int64_t read;         /* ms UTC, the earliest; 0: not */
    int64_t acknowledged; /* 0: not */
    struct span by;       /* the officer who did */
    unsigned applicable;  /* 0: not said, 1: yes, 2: no */
    struct span text;
    struct ledger_stamp acknowledged_stamp, applicable_stamp, text_stamp;
    size_t count;
    struct ledger_action actions[LEDGER_ACTIONS]; /* in the order of ids */
};

/* Takes one answer in; one that was taken in before changes nothing. The body is checked by its
 * schema already. */
void ledger_answer (struct ledger_row *row, const struct envelope *e);
/* The row of the table. Canonical: one row has one encoding. */
void ledger_pack (struct pack_out *out, const struct ledger_row *row);
/* False, and an empty row: these bytes are none. */
bool ledger_read (struct ledger_row *row, struct span bytes);

/* --- What is asked ------------------------------------------------------------------------- */

struct ledger_ask {
    struct span id, text;
    int64_t due; /* ms UTC; 0: the policy's limit counts */
};

/* What of an advisory counts here. Borrows from its envelope. */
struct ledger_advisory {
    struct span number, title;
    unsigned severity; /* 1 to 5; 0: not said */
    bool withdrawn;    /* it takes the one that it replaces back */
    int64_t started;   /* ms UTC: issued, or effective when that is later */
    int64_t expires;   /* 0: never */
    int64_t acknowledge_by;
    size_t count;
    struct ledger_ask asks[LEDGER_ACTIONS];
};

/* False: it is no advisory. */
bool ledger_advisory (struct ledger_advisory *out, const struct envelope *e);

/* An advisory's answers of one party, put beside what is asked: borrows from the rows. */
struct ledger_view {
    const struct ledger_row *row;
    const struct ledger_action *at[LEDGER_ACTIONS]; /* by the advisory's actions; NULL: none */
    bool carried[LEDGER_ACTIONS];                   /* said of an earlier revision */
};

void ledger_view (struct ledger_view *out, const struct ledger_advisory *advisory,
                  const struct ledger_row *row);
/* What was said of an earlier revision, of the same action in the same words, counts where
 * nothing was said since. Newest revision first. */
void ledger_carry (struct ledger_view *view, const struct ledger_advisory *advisory,
                   const struct ledger_advisory *before, const struct ledger_row *row);

/* 0: not said, 1: yes, 2: no. Whoever says something of an action says yes. */
unsigned ledger_applicable (const struct ledger_view *view);
bool ledger_settled (const struct ledger_view *view, size_t action);
/* Nothing is left to be said. */
bool ledger_complied (const struct ledger_view *view, const struct ledger_advisory *advisory);

/* --- Clocks -------------------------------------------------------------------------------- */

#define LEDGER_CLOCKS     (LEDGER_ACTIONS + 2)
#define LEDGER_CLOCK_NAME 33

/* From the policy, in ms; 0: none. */
struct ledger_limits {
    int64_t acknowledge, applicable, done;
};

/* For a role and a severity; an empty role: the longest of any. `policy` may be NULL. */
void ledger_limits (struct ledger_limits *out, const struct policy *policy, struct span role,
                    unsigned severity);

struct ledger_clock {
    char name[LEDGER_CLOCK_NAME]; /* "advisory-done", or with several dates "advisory-done A2" */
    int64_t due;                  /* ms UTC */
    uint64_t actions;             /* of advisory-done: a bit for each that it is about */
};

/* The clocks of an advisory, whether met or not, for which there is a limit. */
size_t ledger_clocks (const struct ledger_advisory *advisory, const struct ledger_limits *limits,
                      struct ledger_clock out[LEDGER_CLOCKS]);
/* Whether this party has met a clock; `left`, when not NULL: the actions that are not settled. */
bool ledger_met (const struct ledger_clock *clock, const struct ledger_view *view, uint64_t *left);

#endif
