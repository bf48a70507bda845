/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health.h - the first line about a station: healthy, or the worst thing and what to do
 */
#ifndef CERTBUS_HEALTH_H
#define CERTBUS_HEALTH_H

#include "nodes/certbus/command.h"

/* X (exit code of `status`, number, meaning) */
#define HEALTHS(X)                                                                                 \
    X (HEALTH_GOOD, 0, "healthy")                                                                  \
    X (HEALTH_TO_DO, 1, "something to do")                                                         \
    X (HEALTH_NOW, 2, "act now; also: no broker runs here")                                        \
    X (HEALTH_UNKNOWN, 3, "it cannot be told: no permission, no answer, no home")

#define HEALTH_X(name, number, meaning) name = number,
enum health { HEALTHS (HEALTH_X) };
#undef HEALTH_X

/* Asks for `status`; what comes back is a code of above, with a complaint when there is no
 * answer (in --json an object that says so). */
int health_ask (struct call *call, struct span *answer, bool *answered);
/* "pk.sindh is healthy", or "ACT NOW: ..." and what else there is, in lines of at most `width`;
 * `most` of them (0: all). Returns how many lines. */
size_t health_print (struct span answer, size_t most);

#endif
