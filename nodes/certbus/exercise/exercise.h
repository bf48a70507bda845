/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exercise.h - what the commands of exercises share
 */
#ifndef CERTBUS_NODE_EXERCISE_H
#define CERTBUS_NODE_EXERCISE_H

#include "nodes/certbus/command.h"

/* Asks the broker what it knows of one; `answer` is good until the next question. An exit code,
 * after a complaint. */
int exercise_ask (struct call *call, const char *id, struct span *answer);
/* The whole answer about one. Returns owned. */
json_t *exercise_answer_json (struct span answer);

#endif
