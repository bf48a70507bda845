/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_draft.h - what somebody asks to be published, and whom it would reach
 */
#ifndef CERTBUS_LOCAL_DRAFT_H
#define CERTBUS_LOCAL_DRAFT_H

#include "broker/local_own.h"

/* In the loop: reads the draft of a question, which it borrows from, as docs/local.md has it
 * (`publish`). False: refused, and who asked was told. */
bool local_draft (const struct question *q, struct draft *draft);
/* Answers a rehearsal that went well: whom the draft reaches and whom not, with the number that it
 * would have and the message that it repeats; "": none. */
void local_reach (const struct question *q, const struct draft *draft, const char *number,
                  const char *same);

#endif
