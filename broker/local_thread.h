/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_thread.h - what only the journal knows of a draft that belongs to a thread
 *
 * Looked up before the draft is judged, so that a rehearsal gives the answer that publishing
 * would give: who takes part in the thread, and, for a transfer, the report that goes along to a
 * lead that does not hold it (docs/casework/climbing.md).
 */
#ifndef CERTBUS_LOCAL_THREAD_H
#define CERTBUS_LOCAL_THREAD_H

#include "broker/station.h"
#include "bus/core/schema.h"

#define THREAD_WHY 320

struct thread_lookup {
    bool looked;           /* the draft belongs to a thread */
    enum cb_reason first;  /* OK, or THREAD: its first message is not here */
    uint32_t participants; /* terms of the draft's audience that take part in it */
    uint8_t *report;       /* what a transfer takes along; owned; NULL: nothing */
    size_t report_size;
    char why[THREAD_WHY]; /* a transfer cannot be made so; "": it can */
};

/* In the journal's thread. */
void thread_look_up (struct store *store, const struct draft *draft, struct thread_lookup *out);
/* In the loop: whether whom a transfer names can lead a case; if not, `detail` says why. True for
 * any other draft. */
bool thread_lead_fits (struct station *station, const struct draft *draft, char detail[THREAD_WHY]);
/* In the loop: puts the report into the draft's body, which `body` holds then. OK, or why the
 * draft is refused, with `detail`. */
enum cb_reason thread_apply (struct station *station, const struct thread_lookup *lookup,
                             struct draft *draft, struct pack_out *body, char detail[THREAD_WHY]);
void thread_lookup_free (struct thread_lookup *lookup);

#endif
