/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heirs.h - the children of a party whose keys were lost, and bundles
 *
 * A credential of an issuer that is revoked is taken in by nobody who does not know it
 * yet, unless the party above the issuer countersigned it (docs/protocol.md, 5.2). It does so
 * for the children that it knows in the bundle that it makes for the issuer's new keys.
 */
#ifndef CERTBUS_BROKER_HEIRS_H
#define CERTBUS_BROKER_HEIRS_H

#include "broker/local_own.h"

/* Appends the bundle of a child of this party: its chain, this party's own, and its children
 * that lost their issuer, countersigned. */
void heirs_bundle (struct pack_out *out, struct station *station, const struct entry *entry);

/* A credential that was known is countersigned now: it is kept so, and goes to the neighbours
 * once more. */
void heirs_vouched (struct station *station, const struct entry *entry);

/* How many children of a child that bundle would countersign. */
size_t heirs_count (const struct station *station, const struct entry *entry);

/* Question `enrol` with `child`: the bundle of a party that is enrolled already, for one
 * that was away while the keys of this one changed. */
void heirs_child (const struct question *q, struct span name);

/* At start, when the bundle was taken in. False: somebody has put a child into it that the party
 * above did not countersign; `name` says which. */
bool heirs_good (const struct station *station, const struct bundle *bundle, struct span *name);
/* Own keys that were replaced without their word count no longer, before anybody is spoken to. */
void heirs_end_lost (const struct station *station);
/* Notes the children in the journal, so that they stay when the bundle is another one. */
void heirs_keep (struct station *station);

#endif
