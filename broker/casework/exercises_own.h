/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exercises_own.h - what the files of the exercises share
 */
#ifndef CERTBUS_EXERCISES_OWN_H
#define CERTBUS_EXERCISES_OWN_H

#include "broker/casework/exercises.h"

#define EXERCISE_INJECTS  200 /* of a plan, as its schema has it */
#define EXERCISE_EXPECTED 100
#define EXERCISE_WHO      64 /* of one expected response */

/* Who an inject is by, before its name. */
#define EXERCISE_BY "inject "

/* "pk.sindh.**", as it is written. */
struct span term_text (const struct term *term, char text[TERM_MAX + 1]);
/* One row of a score. */
void exercise_put_mark (struct pack_out *out, const struct exercise_mark *mark);
/* Whether an answer to an advisory says of each action it names that nothing is left to do. */
bool exercise_actions_done (struct span actions);

#endif
