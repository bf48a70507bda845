/* SPDX-License-Identifier: Apache-2.0 */
/*
 * climb.h - what the last checked message of a batch proves about the next one
 *
 * Messages of a batch come in runs, and their paths share most nodes. When one
 * has been checked up to a signed root, its own nodes and the siblings in its
 * path are known to be in that tree. The next one has to be hashed only up to
 * the first of them: about one node a message instead of log2 (batch). Nothing
 * is believed that was not checked: the batch is told by all that was signed,
 * the key and the signature, and the rest of the path must be the known one.
 */
#ifndef CERTBUS_CLIMB_H
#define CERTBUS_CLIMB_H

#include "bus/core/proof.h"

/* A place in a signed batch, as a message claims it. Borrowed. */
struct claim {
    enum cb_purpose purpose;
    const struct hash *signer, *leaf;
    const uint8_t *key, *sig;
    uint32_t size, index;
    const uint8_t *path;
    size_t path_count;
};

struct climbs;
struct climbs *climbs_new (void);
void climbs_free (struct climbs **self);
void climbs_clear (struct climbs *self);
/* Whether the claim follows from one that was checked before; then it is known, too. */
bool climbs_know (struct climbs *self, const struct claim *claim);
/* The claim was checked up to a root whose signature is good. */
void climbs_checked (struct climbs *self, const struct claim *claim);

#endif
