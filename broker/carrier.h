/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carrier.h - reports that are held inside other messages
 *
 * A report that climbed, or that was handed over with a case, is stored once: in the message that
 * carried it here (bus/core/carried.h). The table CARRIED says where. Runs in the journal's
 * thread.
 */
#ifndef CERTBUS_CARRIER_H
#define CERTBUS_CARRIER_H

#include "broker/casework/casework.h"

/* Where the first message stands that carried the one of this id here; 0: none did. `any_nonce`
 * as for take_find. */
int64_t carrier_find (struct journal *journal, const struct msg_id *id, bool any_nonce);

/* A message of one's own record, or out of the one that carried it. */
struct held {
    uint8_t *bytes; /* owned; the rest borrows from them */
    struct record
        record; /* of the carrier, but for its `from`; `envelope` and `leaf` are of the message itself */
    struct envelope e;
    bool carried;
    struct msg_id carrier; /* when carried: what carried it */
};
/* Copies the message of this id, from wherever it is; false: it is not here. */
bool held_read (struct store *store, const struct msg_id *id, struct held *out);
/* The same of the message at a position: itself, or what it carries. */
bool held_at (struct store *store, int64_t position, bool carried, struct held *out);
void held_free (struct held *held);

/* Whether the message of this id is here, by itself or carried. */
bool held_here (struct journal *journal, const struct msg_id *id);
/* Whether what a message carries has the number of another message that is here. */
bool carrier_differs (struct store *store, const struct envelope *carrier);

/* Notes what is carried, the credentials that prove it, and who leads by a transfer. */
extern const struct casework_part carrier_part;

#endif
