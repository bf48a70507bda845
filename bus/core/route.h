/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route.h - the predicate: which messages cross which link
 *
 * Down a link if a term of the audience touches the child's subtree and the
 * origin is outside it; up if a term reaches outside one's own subtree and the
 * origin is inside it. Nothing else decides, at either end, ever.
 */
#ifndef CERTBUS_ROUTE_H
#define CERTBUS_ROUTE_H

#include "bus/core/envelope.h"
#include "bus/core/credential.h"

/* The child as its credential describes it. */
struct route_child {
    struct span name;
    const struct labels *sectors;   /* that it has */
    const struct labels *may_grant; /* sectors that it may grant */
};

bool route_down (const struct term *audience, size_t count, struct span origin,
                 const struct route_child *child);
bool route_up (const struct term *audience, size_t count, struct span origin, struct span self);
/* Whether the message is for this party; transit is not delivery. */
bool route_here (const struct term *audience, size_t count, struct span self,
                 const struct labels *sectors);

#endif
