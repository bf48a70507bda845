/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.h - the local edge: questions of nodes over ipc (docs/local.md)
 */
#ifndef CERTBUS_LOCAL_H
#define CERTBUS_LOCAL_H

#include "broker/originate.h"
#include "broker/station.h"

#define LOCAL_FRAME_MAX ((size_t) 1024 * 1024)

struct local;

/* Binds HOME/run/read/bus and HOME/run/act/bus; the current folder is HOME. */
struct local *local_open (struct station *station, char *why, size_t why_size);
void local_close (struct local **self, struct station *station);
/* Answers who asked for a message to be published, after the commit. */
void local_originated (struct station *station, const struct asker *asker,
                       const struct originated *told);
/* Something was committed: who waits for it is served at the end of the turn. */
void local_wake (struct station *station);
void local_serve (struct station *station);
/* Once a second: waits that ran out, readers that went away. */
void local_tick (struct station *station, int64_t now);

#endif
