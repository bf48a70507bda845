/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carried.h - a signed report inside another message, and how far its origin lets it go
 *
 * An `escalation` and the step `transfer` of an `update` may have the report of their case inside:
 * `original`, byte for byte as its origin signed it, and `credentials`, the chain that proves it.
 * Whoever reads the outer message judges the inner one by the same rules as one that came over a
 * link. docs/protocol.md, section 8.1.
 */
#ifndef CERTBUS_CARRIED_H
#define CERTBUS_CARRIED_H

#include "bus/core/intake.h"

#define CARRIED_CREDENTIALS 16 /* of one message */
#define CARRIED_MAX         ((size_t) 192 * 1024)

/* The bytes of the message that is carried; empty: none. Borrows from the body. */
struct span carried_original (const struct envelope *outer);
/* The credentials that came with it; returns how many. Borrows from the body. */
size_t carried_credentials (const struct envelope *outer, struct span out[CARRIED_CREDENTIALS]);

/* Whether a party has a report anyway: it is its origin, or named in its audience. */
bool carried_holds (const struct envelope *original, struct span party);
/* Whether the origin of a report lets `party` have it: it is the origin, or named in the report's
 * audience; the report is TLP:GREEN or CLEAR; or may-climb-to names it or a party above it, and it
 * stands above the origin or is `lead`, the CERT that takes over (empty: nobody does). */
bool carried_may_go (const struct envelope *original, struct span party, struct span lead);

/* Checks what a message carries: OK (also when that is nothing), or CARRIED, and `detail` says
 * what is wrong. The credentials have to be in the directory already. `worked` counts the
 * signatures that were verified. */
enum cb_reason carried_check (const struct intake *intake, const struct envelope *outer,
                              size_t *worked, char detail[SCHEMA_WHERE]);

#endif
