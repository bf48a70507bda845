/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - bodies as people write them: JSON <-> canonical msgpack, by schema
 *
 * time is RFC 3339, tenths a decimal number, bytes are base64, an id is
 * "pk.sindh/1.0123456789abcdef-3" (origin, counter and nonce of the epoch, sequence).
 * What body_from_json takes, body_to_json gives back with the same bytes.
 */
#ifndef CERTBUS_JSON_H
#define CERTBUS_JSON_H

#include "bus/core/envelope.h"
#include "bus/core/schema.h"

#include <jansson.h>

#define JSON_DOCUMENT_MAX ((size_t) 4 * 1024 * 1024)
/* What a body may have of an envelope, so that the rest fits in any case. */
#define BODY_MAX (ENVELOPE_MAX - (size_t) 16 * 1024)

/* Reads one JSON object from a file, or from standard input for "-". Returns owned;
 * NULL and `why` when it is none: `advisory.json:7:12: ...` (line, column), or what
 * it seems to be instead. Duplicate keys, U+0000, invalid UTF-8 and more than
 * JSON_DOCUMENT_MAX are refused; a byte order mark is skipped. */
json_t *json_load_document (const char *path, char *why, size_t why_size);
/* The same for bytes in memory; `name` is for messages. */
json_t *json_read_document (struct span bytes, const char *name, char *why, size_t why_size);

/* Returns owned: keys sorted, reals as short as they were. Free with free (). */
char *json_print (const json_t *value, bool pretty);

/* Appends the canonical body. On false `out` is as it was and `why` says which field
 * and what is wrong with it. */
bool body_from_json (const struct schema *schema, const json_t *object, struct pack_out *out,
                     char *why, size_t why_size);

/* Returns owned; NULL when the body is no canonical map. Without a schema (an
 * unknown kind), and for values that are not what it says, a generic rendering. */
json_t *body_to_json (const struct schema *schema, struct span body);

/* An id in the form above. The text holds the origin, so that it borrows. */
#define ID_JSON (ID_TEXT + 20)
bool json_id_parse (struct span text, struct msg_id *id);
void json_id_text (const struct msg_id *id, char text[ID_JSON]);

#endif
