/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pump.h - somebody reading the journal from a cursor: DATA out
 *
 * Live delivery, catch-up, a new child's first load and recovery are this. One
 * read serves all links that stand at the same position of a lane; each link's
 * predicate picks what crosses it; credit says how far a link may go.
 */
#ifndef CERTBUS_PUMP_H
#define CERTBUS_PUMP_H

#include "broker/peer.h"

void pump_run (struct station *station);
/* Tells an idle neighbour how far nothing was for it. True if it sent something. */
bool pump_move_cursor (struct peer *peer);

#endif
