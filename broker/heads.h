/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heads.h - what a broker says by itself as time passes
 *
 * The top party signs a head at the policy's interval, and how far each neighbour
 * has got is noted on disk, so that `show` knows it after a restart.
 */
#ifndef CERTBUS_HEADS_H
#define CERTBUS_HEADS_H

#include "broker/station.h"

void heads_tick (struct station *station, int64_t now);
/* Notes the acknowledged positions of all neighbours that moved. */
void acked_save (struct station *station);

#endif
