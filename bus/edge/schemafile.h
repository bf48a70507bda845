/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schemafile.h - schemas/KIND.cfg -> struct schemas
 *
 * One libconfig file a version of a kind: KIND.cfg holds the newest, KIND.N.cfg
 * an older version N. The settings are those of struct schema and struct field
 * (bus/core/schema.h) under the same names; a field is a list when it has
 * `list_max`, and its limits are `min` and `max`. Anything else is refused.
 */
#ifndef CERTBUS_SCHEMAFILE_H
#define CERTBUS_SCHEMAFILE_H

#include "bus/core/proof.h"
#include "bus/core/schema.h"

/* Deepest nesting of lists and records in a body; the profile allows 8. */
#define SCHEMA_PACK_DEPTH 6

/* Reads all *.cfg of a folder. Returns owned; NULL on failure, with the reason in
 * `why`: `schemas/note.cfg:14: fields[1].type: "txt" is no type; expected ...`. */
struct schemas *schemas_load (const char *folder, char *why, size_t why_size);
/* The same from the folder to use: `told` (the setting in certbus.conf) unless "", else
 * $CERTBUS_SCHEMAS, else the one that was installed or built with this program. */
struct schemas *schemas_open (const char *told, char *why, size_t why_size);
/* NULL is fine; nulls the caller's pointer. */
void schemas_free (struct schemas **self);

/* The hash of everything that decides what a schema accepts: all but `meaning`, whose
 * wording may be improved. tests/vectors pins it, since a released version never
 * changes. docs/protocol.md has the form that is hashed. */
struct hash schema_hash (const struct schema *schema);

#endif
