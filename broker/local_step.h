/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_step.h - whether a step of a case would count, asked before it is signed
 */
#ifndef CERTBUS_LOCAL_STEP_H
#define CERTBUS_LOCAL_STEP_H

#include "bus/core/case.h"

#define STEP_DETAIL 512

struct station;
struct store;

struct step_check {
    bool wanted;      /* the draft may be a step of a case */
    struct step step; /* as it would be; borrows from the draft */
    struct msg_id thread;
    size_t after_count; /* in: as the node gave it; out: and what is added to the draft */
    struct hash after[AFTER_MAX];
    const char *reason; /* out: NULL: it counts, or is in no case; static */
    char detail[STEP_DETAIL];
};

/* In the loop. The draft is one that was read from a question; `now` is ms UTC. */
void step_check_begin (struct step_check *out, struct span self, const struct draft *draft,
                       int64_t now);
/* In the journal's thread. */
void step_check_run (struct step_check *check, struct store *store);

#endif
