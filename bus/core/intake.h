/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake.h - the whole check that both ends of a link make of a message
 *
 * A pure function of what is known here. What only the journal knows (is it a
 * repeat, has its number been used, is its thread held) is decided when it is
 * stored; see broker/take.h.
 */
#ifndef CERTBUS_INTAKE_H
#define CERTBUS_INTAKE_H

#include "bus/core/directory.h"
#include "bus/core/quota.h"
#include "bus/core/route.h"
#include "bus/core/schema.h"

enum side { SIDE_SELF, SIDE_PARENT, SIDE_CHILD };

struct intake {
    const struct directory *directory;
    const struct schemas *schemas;
    struct proof_cache *cache;
    struct quota *quota; /* NULL: flash is not counted */
    bool look;           /* only asks: nothing is counted */
    struct span self;    /* this party */
    enum side side;      /* where the message comes from */
    struct span peer;    /* the neighbour; self for SIDE_SELF */
    bool recovery;       /* one's own messages on their way back */
    bool draft;          /* one's own, judged before it is signed: no signature is looked at */
    int64_t now;         /* ms UTC */
};

struct verdict {
    enum cb_reason reason;
    char detail[SCHEMA_WHERE]; /* which field, which term; may be empty */
    bool needs_thread;         /* allowed only if its thread's first message is held here */
    uint32_t participants;     /* and if these terms (bits 1 << index) take part in it */
    bool here;                 /* delivered here */
    bool receipt;              /* and a receipt is wanted */
    size_t worked;             /* signatures verified, for the budget */
};

/* Checks signature, chain, revocation, direction, that it is meant for this
 * side, grant, schema, TLP, dates, modes, references. */
void intake_check (const struct intake *intake, const struct envelope *e, struct verdict *out);

#endif
