/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support_due.h - one broker's journal whose time is made up: messages come, what is due is raised
 */
#ifndef CERTBUS_SUPPORT_DUE_H
#define CERTBUS_SUPPORT_DUE_H

#include "broker/casework/timers.h"
#include "tests/unit/support_casework.h"
#include "tests/unit/support_trust.h"

struct watch {
    struct world *world; /* for its policy: every role may send every kind */
    struct holder holder;
    struct history history;
    int64_t now, seq;
    struct msg_id exercise; /* that was announced and started */
};

void watch_open (struct watch *self, const char *party, int64_t now);
void watch_close (struct watch *self);
/* A message of a party with a body; comes now. Takes the body. Returns its id, which borrows. */
struct said_by {
    const char *kind, *origin, *to;
    unsigned tlp, mode;
    struct msg_id thread;
};
struct msg_id watch_take (struct watch *self, const struct said_by *said, struct pack_out *body);
/* Announces an exercise of ten days by pk, and starts it. */
void watch_exercise (struct watch *self);
/* Raises what is due by now, again and again; how many messages that were. */
size_t watch_due (struct watch *self);
/* The newest message. */
const struct envelope *watch_newest (const struct watch *self);
/* Rebuilds, and what is there is what was there. */
void watch_rebuilt (struct watch *self);

#endif
