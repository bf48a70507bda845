/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses a kind of schemas/, the rest is a body: JSON when it begins with
 * a brace, else msgpack. No body may do harm, and what is accepted in one form must come
 * back from the other with the same bytes.
 */
#include "bus/edge/json.h"
#include "tests/fuzz/support.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* There and back: the same bytes. */
static void round (const struct schema *schema, struct span body)
{
    char why[512], where[SCHEMA_WHERE];
    must (schema_check (schema, body, where), where);
    json_t *shown = body_to_json (schema, body);
    must (shown, "an accepted body is not shown");
    char *text = json_print (shown, false);
    json_t *read = json_read_document (span_of (text), "shown", why, sizeof why);
    must (read, why);
    struct pack_out again;
    pack_init (&again);
    must (body_from_json (schema, read, &again, why, sizeof why), why);
    must (span_equal (pack_result (&again), body), "a body came back with other bytes");
    pack_free (&again);
    free (text);
    json_decref (read);
    json_decref (shown);
}

static void try_json (const struct schema *schema, struct span text)
{
    char why[512];
    json_t *value = json_read_document (text, "input", why, sizeof why);
    if (!value)
        return;
    struct pack_out body;
    pack_init (&body);
    if (body_from_json (schema, value, &body, why, sizeof why))
        round (schema, pack_result (&body));
    pack_free (&body);
    json_decref (value);
}

static void try_body (const struct schema *schema, struct span body)
{
    char where[SCHEMA_WHERE];
    body_field (body, "original.hash");
    body_text (body, "title");
    body_int (body, "times.aware", 0);
    /* A broker shows what it refused, and what it does not know, too. */
    json_decref (body_to_json (schema, body));
    json_decref (body_to_json (NULL, body));
    if (schema_check (schema, body, where))
        round (schema, body);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct schema *schema = fuzz_schemas ()->at[data[0] % fuzz_schemas ()->count];
    struct span rest = span_bytes (data + 1, size - 1);
    if (rest.size && rest.data[0] == '{')
        try_json (schema, rest);
    else
        try_body (schema, rest);
    return 0;
}
