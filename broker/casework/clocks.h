/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clocks.h - the clocks of cases: which run here, and what comes of them
 *
 * bus/core/clocks.h decides; here are the tables. ARRIVED has when a step that starts or stops a
 * clock was taken in here, so that what came late is held against nobody; timers.h has what is
 * due. A clock that was breached and has nothing left to raise stays among those that run until
 * it is met. docs/casework/clocks.md.
 */
#ifndef CERTBUS_CASE_CLOCKS_H
#define CERTBUS_CASE_CLOCKS_H

#include "broker/casework/threads.h"
#include "broker/casework/timers.h"
#include "bus/core/clocks.h"

extern const struct casework_part clocks_part;

/* A case as its clocks see it. */
struct clock_case {
    struct case_state state;
    struct clock_view view;
    uint8_t *row;                   /* owned, as what follows */
    struct clock_arrival *arrivals; /* at most CASE_STEPS */
    struct pack_out bytes;
};
/* False: no such case, and nothing to clear. */
bool clock_case_read (struct store *store, const struct msg_id *id, struct clock_case *out);
void clock_case_clear (struct clock_case *self);

/* Of a class CASE: a reminder, an alarm or an escalation. A timer_fire. */
bool clocks_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                  int64_t now, struct deed *out);

#endif
