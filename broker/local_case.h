/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_case.h - a case as the local edge tells it
 */
#ifndef CERTBUS_LOCAL_CASE_H
#define CERTBUS_LOCAL_CASE_H

#include "broker/casework/threads.h"
#include "broker/local_find.h"
#include "broker/local_own.h"

/* Which case is meant: by what people type, or by a reference. */
struct case_named {
    struct find find; /* begun; not used where `id` is given */
    struct msg_id id; /* origin empty: not given */
    char origin[PARTY_MAX + 1];
    bool refused; /* out: `answer` is a refusal */
};
/* In the loop: from `id` of the question. False: it was refused. */
bool case_named (struct case_named *out, const struct question *q);
/* In the journal's thread. False: try again later, to let others at the journal. True: `out` says
 * which case, or a refusal (not-found, ambiguous, not-a-case) was packed. */
bool case_find (struct case_named *named, struct store *store, struct pack_out *answer);

/* The map of a case without what belongs to one alone (heads, participants, questions). */
void put_case (struct pack_out *out, const struct case_state *state);

#endif
