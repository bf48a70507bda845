/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carry.h - in the loop: a draft that has a report inside gets what proves it
 */
#ifndef CERTBUS_CARRY_H
#define CERTBUS_CARRY_H

#include "broker/station.h"

/* Sets a field of a draft's body to a canonical value; empty: takes it out. `body` holds the
 * draft's body afterwards, and is emptied of what it held. */
void carry_set (struct draft *draft, struct pack_out *body, const char *name, struct span value);
/* Adds `credentials` to a draft whose body has an `original`, then judges the draft as every
 * receiver will: CARRIED or TOO_LARGE say that it cannot go so, and `detail` why. */
enum cb_reason carry_prove (struct station *station, struct draft *draft, struct pack_out *body,
                            char detail[SCHEMA_WHERE]);
/* Before a message of a neighbour is judged: takes the credentials that are inside it. */
void carry_learn (struct station *station, const struct envelope *e);

#endif
