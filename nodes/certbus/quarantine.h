/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quarantine.h - what the commands of the quarantine share
 */
#ifndef CERTBUS_QUARANTINE_COMMAND_H
#define CERTBUS_QUARANTINE_COMMAND_H

#include "nodes/certbus/command.h"

/* A page of what is kept, oldest first, from `after` on. */
int quarantine_page (struct call *call, int64_t after, struct span *answer);
/* The position that an operand names: a number, or an id that only one of those kept claims. */
int quarantine_position (struct call *call, const char *text, int64_t *position);

#endif
