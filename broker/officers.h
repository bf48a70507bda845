/* SPDX-License-Identifier: Apache-2.0 */
/*
 * officers.h - which person of this party may do what, by certbus.conf
 *
 * Checked at the local edge alone: what leaves is signed by the party, and others see the name.
 */
#ifndef CERTBUS_OFFICERS_H
#define CERTBUS_OFFICERS_H

#include "broker/local_own.h"

#define OFFICERS_WHY 4096 /* all of their names fit */

/* Whether a caller with this uid may do `what` under the name `officer`. `step`: it is a step of
 * a case. Without a name it is that of the only officer with this uid, which `officer` then is;
 * it borrows from `officers`. False: `why` says who may, in one line. Everything is allowed
 * while there are no officers. */
bool officers_allow (const struct conf_officers *officers, uint32_t uid, struct span what,
                     bool step, struct span *officer, char why[OFFICERS_WHY]);
/* The same for a draft that somebody asked for: refuses the question. */
bool officers_draft (const struct question *q, struct draft *draft);
/* Says in the log what of the setting can have no effect here. */
void officers_warn (const struct conf_officers *officers, const struct schemas *schemas);

#endif
