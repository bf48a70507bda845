/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold.h - projections: what a stored message changes in the tables
 *
 * Pure in (tables, message): the same journal gives the same tables. Runs in the
 * journal's thread, in the transaction that stores the message.
 */
#ifndef CERTBUS_FOLD_H
#define CERTBUS_FOLD_H

#include "broker/take.h"

/* Whether messages of this kind change a table by their kind (and mode) alone. Threads and
 * replacements are folded for every kind. */
bool fold_reads (struct span kind, unsigned mode);
/* Of a message that was just stored; `e` is what is in it. */
void fold (struct store *store, const struct intake_batch *batch, const struct item *item,
           const struct envelope *e);
/* Keeps a credential that is new here. */
void fold_credential (struct store *store, struct span statement);
/* Keeps one that the directory has with other signatures now, if it is not kept so. */
void fold_vouched (struct store *store, struct span statement);

#endif
