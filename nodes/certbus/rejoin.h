/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rejoin.h - `certbus enrol --rejoin`: files for those that are enrolled already
 */
#ifndef CERTBUS_REJOIN_H
#define CERTBUS_REJOIN_H

#include "nodes/certbus/command.h"

/* Writes NAME.credential of each party right below this one, or of the one that is named, into
 * the folder --out or the current one. Signs nothing. An exit code. */
int rejoin_write (struct call *call);

#endif
