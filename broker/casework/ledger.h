/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.h - the advisory ledger: who was told, who answered, who did it
 *
 * Rows of the table LEDGER are folded from messages of kind `compliance`; what is due follows from
 * an advisory, the own row and the policy. All but ledger_look runs in the journal's thread.
 * docs/casework/ledger.md has the rules.
 */
#ifndef CERTBUS_CASEWORK_LEDGER_H
#define CERTBUS_CASEWORK_LEDGER_H

#include "broker/casework/timers.h"
#include "bus/core/ledger.h"

#define LEDGER_PAST 8 /* earlier revisions whose answers are looked at */

/* Steps of a clock, besides reminder (0) and breach (1). */
#define LEDGER_STEP_DAY   3 /* a day before actions are due */
#define LEDGER_STEP_BELOW 4 /* its breach, for whoever counts those who have not answered */

/* One revision that is held here. */
struct ledger_revision {
    uint8_t *bytes; /* owned; the rest borrows from it */
    int64_t position;
    struct envelope e;
    struct ledger_advisory advisory;
};

/* An advisory and the revisions before it, newest first. */
struct ledger_held {
    size_t count;
    struct ledger_revision *at[1 + LEDGER_PAST];
};

/* False: no advisory with this id is held here. ledger_release in any case. */
bool ledger_hold (struct store *store, const struct msg_id *id, struct ledger_held *held);
void ledger_release (struct ledger_held *held);

/* What one party said of it. Zero it before its first use; it may be used again. */
struct ledger_said {
    struct ledger_view view;
    size_t room; /* rows, of which the first is that of the newest revision */
    struct ledger_row *rows;
    uint8_t *bytes[1 + LEDGER_PAST];
};

void ledger_said (struct store *store, const struct ledger_held *held, struct span party,
                  struct ledger_said *said);
void ledger_said_free (struct ledger_said *said);

/* The next party that has answered any revision, in the order of names: start with "". */
bool ledger_next_party (struct store *store, const struct ledger_held *held,
                        char after[PARTY_MAX + 1]);

/* Whether an advisory was replaced or withdrawn, as far as is known here. */
bool ledger_replaced (struct store *store, const struct msg_id *id);

extern const struct casework_part ledger_part;
bool ledger_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                  int64_t now, struct deed *out);

/* --- In the loop: ledger_below.c ----------------------------------------------------------- */

/* Who is asked, of those known here. */
struct ledger_party {
    const struct entry *entry;
    bool
        before; /* the advisory was issued before it was enrolled: no clock runs, it is not counted */
};

/* Calls `visit` for each party in the audience of an advisory that counts here, in the order of
 * names; stops when it returns false. */
typedef bool (*ledger_visit) (const struct ledger_party *party, void *arg);
void ledger_each (const struct station *station, const struct envelope *e, ledger_visit visit,
                  void *arg);

/* The alarm of LEDGER_STEP_BELOW: `finish` counts who has not answered. */
bool ledger_below (struct store *store, const struct ledger_held *held,
                   const struct ledger_clock *clock, const struct timer *timer, struct deed *out);
/* Whether all had answered when that clock ran out: then there is nothing to raise. */
bool ledger_below_met (struct store *store, const struct subject *subject,
                       const struct timer *timer);

#endif
