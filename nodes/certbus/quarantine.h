/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quarantine.h - which message in quarantine a person names
 */
#ifndef CERTBUS_QUARANTINE_COMMAND_H
#define CERTBUS_QUARANTINE_COMMAND_H

#include "nodes/certbus/command.h"

/* The position that an operand names: a number, or an id that only one of those kept claims. */
int quarantine_position (struct call *call, const char *text, int64_t *position);

#endif
