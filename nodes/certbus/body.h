/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body.h - the body of a message, for reading
 */
#ifndef CERTBUS_BODY_H
#define CERTBUS_BODY_H

#include "bus/core/schema.h"

/* Prints a canonical map, indented so that no text in it can pass for a header. What a reader
 * wants first comes first. `schema` may be NULL: then values are shown as they are. */
void body_print (const struct schema *schema, struct span body);

#endif
