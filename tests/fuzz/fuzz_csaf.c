/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any JSON as a CSAF document, with the options that the first two bytes choose. What is
 * converted must be an advisory that the schema accepts.
 */
#include "bus/core/catalog.h"
#include "bus/edge/json.h"
#include "nodes/certbus/csaf.h"
#include "tests/fuzz/support.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const struct schema *advisory (void)
{
    return schemas_find (fuzz_schemas (), span_of ("advisory"));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    char why[512];
    unsigned tlp = 0;
    struct span text = span_bytes (data + 2, size - 2);
    struct csaf_options options = { .severity = data[0] & 1 ? "S3" : NULL,
                                    .original = data[0] & 2 ? text : span_of (""),
                                    .tlp = data[1] % CB_TLP_END };
    json_t *csaf = json_read_document (text, "input", why, sizeof why);
    json_t *made = csaf ? csaf_to_advisory (csaf, &options, &tlp, why, sizeof why) : NULL;
    if (made) {
        struct pack_out body;
        pack_init (&body);
        must (tlp > 0 && tlp < CB_TLP_END, "no TLP");
        must (body_from_json (advisory (), made, &body, why, sizeof why), why);
        pack_free (&body);
    }
    json_decref (made);
    json_decref (csaf);
    return 0;
}
