/* SPDX-License-Identifier: Apache-2.0 */
/* A province's broker in a small hierarchy, and messages that it judges. */
#ifndef CERTBUS_SUPPORT_INTAKE_H
#define CERTBUS_SUPPORT_INTAKE_H

#include "bus/core/intake.h"
#include "tests/unit/support_trust.h"

/* pk, pk.sindh [energy], pk.sindh.kpt [energy], pk.punjab; a policy that allows everything. */
struct station {
    struct world *w;
    struct actor *pk, *sindh, *kpt, *punjab;
    struct directory *d;
    struct schemas *schemas;
    struct proof_cache *cache;
    struct intake at_sindh; /* from its child kpt, until a test says otherwise */
    struct envelope e;
    struct verdict v;
};

int station_set_up (void **state);
int station_tear_down (void **state);
/* Parses and judges: the whole verdict is in `v`. */
enum cb_reason station_judge (struct station *f, struct span bytes);
enum cb_reason station_verdict (struct station *f, struct actor *actor, struct draft *draft);
/* Of a note to one term. */
enum cb_reason station_send_to (struct station *f, struct actor *actor, const char *to);
/* From where the messages come. */
void station_from_parent (struct station *f);
void station_from_self (struct station *f);
/* Keeps what was packed and frees the buffer. */
struct span station_body (struct station *f, struct pack_out *out);
/* Drafts of messages that carry a statement, and of a revocation. */
struct draft station_carrying (struct station *f, struct actor *actor, const char *kind,
                               const char *field, struct span statement);
struct draft station_revoking (struct station *f, struct actor *by, const struct actor *whose,
                               int64_t last, bool disputed);
enum cb_reason station_apply (struct station *f, struct actor *actor, struct draft *draft);

#endif
