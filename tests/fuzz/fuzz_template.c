/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses a kind of schemas/, the rest is what somebody left in an editor. None
 * may do harm. What is read is written, read and written again as the same text.
 */
#include "nodes/certbus/template.h"
#include "tests/fuzz/support.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static int64_t karachi (int64_t at)
{
    (void) at;
    return 5 * 3600;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    const struct day day = { .now = INT64_C (1795295610000), .zone = karachi };
    struct template_error error;
    char kind[KIND_MAX + 1];
    unsigned lines;
    if (size == 0)
        return 0;
    const struct schema *schema = fuzz_schemas ()->at[data[0] % fuzz_schemas ()->count];
    struct span text = span_bytes (data + 1, size - 1);
    template_kind (text, kind);
    template_says (text);
    template_line (schema, text, &day, "actions[1].due: x");
    free (template_complain (text, "no", &lines));
    json_t *document = template_parse (schema, text, &day, &error);
    must (document || *error.why, "refused without a reason");
    if (!document)
        return 0;
    char *first = template_print (schema, document, &day);
    json_t *again = template_parse (schema, span_of (first), &day, &error);
    must (again, error.why);
    char *second = template_print (schema, again, &day);
    must (strcmp (first, second) == 0, "another text the second time");
    free (first);
    free (second);
    json_decref (again);
    json_decref (document);
    return 0;
}
