/* SPDX-License-Identifier: Apache-2.0 */
/*
 * participants.h - who takes part in a thread, as far as the relation `participant` goes
 *
 * A party takes part when the first message of the thread names it in its audience, or a transfer
 * that was addressed to it made it lead. Whoever relays a message to it looks at what is held
 * here: the first message (by itself or carried) and the table LEADS. Runs in the journal's
 * thread.
 */
#ifndef CERTBUS_PARTICIPANTS_H
#define CERTBUS_PARTICIPANTS_H

#include "broker/take.h"

/* Which terms, as bits 1 << index, take part in the thread. THREAD: its first message is not
 * here. */
enum cb_reason participants_of (struct store *store, const struct msg_id *thread,
                                const struct term *terms, size_t count, uint32_t *out);
/* OK, THREAD, or NO_GRANT: one that has to take part does not, and the item's detail says who. */
enum cb_reason participants_check (struct store *store, struct item *item,
                                   const struct envelope *e);
void participants_fold (struct store *store, const struct item *item, const struct envelope *e);

#endif
