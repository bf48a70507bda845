/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heard.h - in the loop: which children were heard, for casework/silence.h
 */
#ifndef CERTBUS_HEARD_H
#define CERTBUS_HEARD_H

#include "broker/casework/timers.h"
#include "broker/station.h"

/* Once a tick: writes who was heard, all in one batch, as often as the shortest limit needs and at
 * most every few minutes; at once who is new. */
void heard_tick (struct station *station);
/* A child was revoked. */
void heard_gone (struct station *station, const char *party);
/* Before an alarm is signed: whether it is so, by what the loop knows of the link. What was heard
 * is written then. While this broker has just started nobody is silent yet. */
bool heard_is_silent (struct station *station, struct deed *deed);
/* The same about a month: when nobody is missing, that is noted and none is sent. */
bool heard_any_missing (struct station *station, struct deed *deed);
/* When a child was last heard, in this run or before; 0: not known. And since when it is silent
 * for longer than the policy lets it be; 0: it is not. */
int64_t heard_last (const struct peer *peer);
int64_t heard_silent_since (const struct station *station, const struct peer *peer);

#endif
