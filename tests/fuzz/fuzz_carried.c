/* SPDX-License-Identifier: Apache-2.0 */
/* What is inside a message: whatever it is, nothing that no known key has signed is believed, and
 * nothing goes further than its own bytes let it. */
#include "bus/core/carried.h"
#include "tests/fuzz/support.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define THREAD                                                                                     \
    {                                                                                              \
        .origin = span_of ("pk.sindh.kpt"), .epoch = { 1, 7 }, .seq = 3                            \
    }

static void judge (const struct envelope *outer)
{
    static struct directory *directory;
    static struct proof_cache *cache;
    char detail[SCHEMA_WHERE] = "";
    size_t worked = 0;
    if (directory == NULL) {
        directory = directory_new ();
        cache = proof_cache_new ();
    }
    struct intake intake = { .directory = directory,
                             .schemas = fuzz_schemas (),
                             .cache = cache,
                             .self = span_of ("pk"),
                             .side = SIDE_CHILD,
                             .peer = span_of ("pk.sindh"),
                             .now = outer->issued };
    struct span credentials[CARRIED_CREDENTIALS], inside = carried_original (outer);
    must (carried_credentials (outer, credentials) <= CARRIED_CREDENTIALS, "too many credentials");
    enum cb_reason reason = carried_check (&intake, outer, &worked, detail);
    must (reason == CB_OK || reason == CB_CARRIED, "another reason");
    must (inside.size == 0 || reason == CB_CARRIED, "believed, and nobody is known");
    must (reason == CB_OK || detail[0] != '\0', "refused without a word");
}

/* An update in a case, by a party on the way up. */
static void as_body (struct span body)
{
    static const uint8_t sig[SIG_SIZE];
    struct pack_out message, bytes;
    struct envelope e;
    struct draft draft = { .kind = span_of ("update"),
                           .id = { span_of ("pk.sindh"), { 1, 9 }, 1 },
                           .audience_count = 1,
                           .audience = { span_of ("pk") },
                           .precedence = CB_LANE_ROUTINE,
                           .tlp = CB_TLP_AMBER,
                           .issued = INT64_C (1790000000000),
                           .thread = THREAD,
                           .schema = 2,
                           .body = body };
    pack_init (&message);
    pack_init (&bytes);
    draft_pack (&draft, &message);
    envelope_pack (&bytes, pack_result (&message), 1, 0, NULL, 0, sig);
    if (envelope_parse (&e, pack_result (&bytes)) == CB_OK)
        judge (&e);
    pack_free (&message);
    pack_free (&bytes);
}

static void as_original (struct span original)
{
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 3);
    pack_put_text (&body, "lead");
    pack_put_text (&body, "pk");
    pack_put_text (&body, "original");
    pack_put_bin (&body, original);
    pack_put_text (&body, "step");
    pack_put_text (&body, "transfer");
    as_body (pack_result (&body));
    pack_free (&body);
}

/* As the message that carries, as its body, and as what it carries. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct envelope e;
    struct span bytes = span_bytes (data, size);
    const struct span nobody = { NULL, 0 };
    if (envelope_parse (&e, bytes) == CB_OK) {
        judge (&e);
        must (carried_may_go (&e, e.id.origin, nobody), "kept from its own origin");
    }
    if (pack_canonical (bytes))
        as_body (bytes);
    as_original (bytes);
    return 0;
}
