/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_cover.h - what replaces a message goes to whoever has that one
 *
 * A revision or a withdrawal that somebody does not get leaves the old text standing with them.
 */
#ifndef CERTBUS_LOCAL_COVER_H
#define CERTBUS_LOCAL_COVER_H

#include "broker/local_own.h"

/* The audience of the message that is replaced. */
struct cover {
    size_t count; /* 0: none is replaced, or it is not here */
    char terms[AUDIENCE_MAX][TERM_MAX + 1];
};

/* In the journal's thread. */
void cover_look (struct store *store, const struct msg_id *replaces, struct cover *out);
/* In the loop: whether each party known here that is in that audience is in the draft's, too, or
 * the question says that it need not be (`narrow`). Refuses it otherwise. */
bool cover_fits (const struct question *q, const struct cover *cover, const struct draft *draft);

#endif
