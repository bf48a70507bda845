/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escalate.h - a case climbs: what this party's broker tells the CERT above
 *
 * docs/casework/climbing.md has the rules. The escalation is in the thread of the case and goes
 * to the parent alone. It has the signed report inside where the report's origin lets it go so
 * far; otherwise it is a stub: the id, the class, the severity and the clock.
 */
#ifndef CERTBUS_ESCALATE_H
#define CERTBUS_ESCALATE_H

#include "broker/casework/timers.h"

/* Which case, and why. Borrowed. */
struct escalation {
    struct msg_id id;
    struct span clock; /* that ran out; "officer": a person wants it */
    int64_t started, due;
    struct span text, officer; /* may be empty */
};

/* Makes the escalation of a case to the parent of this party. False, and `out` holds nothing:
 * there is no parent, no such case here, or it is a test. `out` is owned: deed_free. */
bool escalation_make (struct store *store, const struct escalation *what, struct deed *out);
/* The same for a timer of a case that is due: a timer_fire. */
bool escalation_deed (struct store *store, const struct subject *subject, const struct timer *timer,
                      int64_t now, struct deed *out);

#endif
