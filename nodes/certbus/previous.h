/* SPDX-License-Identifier: Apache-2.0 */
/*
 * previous.h - an earlier message, as the beginning of a new one
 */
#ifndef CERTBUS_PREVIOUS_H
#define CERTBUS_PREVIOUS_H

#include "nodes/certbus/fetch.h"

/* The settings and the body of a message, as a document. Returns owned. */
json_t *previous_document (struct call *call, const struct envelope *e);

/* Takes out what belongs to the earlier message alone: its number, its revision, that it was
 * withdrawn, and times that are past at `now` (ms UTC). */
void previous_forget (const struct schema *schema, json_t *document, int64_t now);

/* An own message that nothing has taken the place of: asks on a terminal whether to act on the
 * newest one instead. `verb` is what is done to it ("revised"). An exit code, after a
 * complaint. fetch_free in any case. */
int previous_own (struct call *call, const char *id, const char *verb, struct fetched *fetched);

/* Makes a document the next revision of the message that it was made from: replaces it, ahead
 * of other traffic, with the revision counted up. */
void previous_revise (const struct schema *schema, const struct envelope *e, json_t *document);

/* The field of a body; NULL: the schema does not have it with this type. */
const struct field *previous_field (const struct schema *schema, const char *name,
                                    enum field_type type);

#endif
