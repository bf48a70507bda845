/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusals.h - which of this party's messages were refused elsewhere
 *
 * Whoever refuses a message says so once, by a rejection in its thread (docs/protocol.md).
 * It counts until the same party says by a receipt that it has the message after all.
 */
#ifndef CERTBUS_REFUSALS_H
#define CERTBUS_REFUSALS_H

#include "broker/store.h"

struct refusal {
    struct msg_id by; /* the rejection; the origin, who refused, borrows from here */
    char party[PARTY_MAX + 1];
    int64_t taken;    /* ms UTC, when it was taken in here */
    char id[ID_TEXT]; /* the message that was refused */
    char reason[64 + 1];
};

/* Notes a rejection of an own message, in the open transaction. */
void refusals_fold (struct store *store, const struct envelope *e, int64_t position);

/* Who refused this message first and has not taken it since. False: nobody. */
bool refusals_find (struct store *store, const struct msg_id *id, struct refusal *out);
/* As docs/local.md has it. */
void refusals_pack (struct pack_out *out, const struct refusal *refusal);

/* How many messages of this party were refused since then, and nothing took their place; `newest`
 * is one of them, when there are any. Looks at a bounded number of them, the newest. */
size_t refusals_since (struct store *store, int64_t since, struct refusal *newest);

#endif
