/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live.h - questions to the tree, answered now: what `tree --live`, `seen` and `contact --now` share
 */
#ifndef CERTBUS_LIVE_H
#define CERTBUS_LIVE_H

#include "nodes/certbus/talk.h"

#define WITHIN_OPTION                                                                              \
    {                                                                                              \
        "within", 0, false, "TIME", "wait so long for an answer: 100ms to 60s (5s)"                \
    }

/* Asks `question` of a term of the audience; takes `arguments`, which may be NULL. An exit code;
 * the complaint has been made. The answer is good until the next question at the acting door. */
int live_ask (struct call *call, const char *question, const char *term, struct ask **arguments,
              struct span *answer);
/* Says who did not answer in time, and that something was left out. */
void live_say_silent (struct span answer);

#endif
