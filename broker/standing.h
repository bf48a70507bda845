/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standing.h - whether a message still counts, or which one stands in its place
 */
#ifndef CERTBUS_STANDING_H
#define CERTBUS_STANDING_H

#include "broker/store.h"

struct standing {
    int64_t position; /* of the newest along the chain of replacements; 0: it stands itself */
    bool withdrawn;   /* that one says that it is */
    struct msg_id by; /* its id; the origin borrows from here */
    char origin[PARTY_MAX + 1];
};

/* Follows what replaced the message, and what replaced that, to the newest that is held here. */
void standing_find (struct journal *journal, const struct msg_id *id, struct standing *out);
/* As docs/local.md has it. */
void standing_pack (struct pack_out *out, const struct standing *standing);

#endif
