/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upgrade.h - what of the tables changes from one format of the journal to the next
 *
 * Each step runs in one transaction with the others (bus/edge/journal.h). What can be made again
 * from the log needs none: the index begins at the first record when it has no cursor.
 */
#ifndef CERTBUS_UPGRADE_H
#define CERTBUS_UPGRADE_H

#include "bus/edge/journal.h"

/* The numbers of TABLE_QUARANTINED were in the order of bytes of the machine, and what is kept
 * refused had no rows of its own. */
enum journal_result upgrade_from_1 (struct journal *journal);
/* Casework is new: what is kept of it, if anything is, is not to be believed. The start that opens
 * the journal works it out from the log (casework_current). */
enum journal_result upgrade_from_2 (struct journal *journal);

#endif
