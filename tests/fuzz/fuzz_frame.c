/* SPDX-License-Identifier: Apache-2.0 */
/* What is parsed packs to the same bytes again, whatever the verb. */
#include "bus/core/link.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void pack_again (const struct frame *f, struct pack_out *out)
{
    if (f->verb != CB_VERB_DATA) {
        frame_pack (out, f);
        return;
    }
    const struct data_frame *d = &f->as.data;
    struct data_builder builder = { .credential_count = 0 };
    data_begin (&builder);
    for (size_t i = 0; i < d->credential_count; i++)
        data_credential (&builder, d->credentials[i]);
    for (size_t i = 0; i < d->envelope_count; i++)
        data_envelope (&builder, d->envelopes[i]);
    data_finish (&builder, out, d);
    if (pack_result (out).size > data_size (&builder))
        abort ();
    data_free (&builder);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static struct frame f;
    struct span bytes = span_bytes (data, size);
    if (!frame_parse (&f, bytes))
        return 0;
    struct pack_out out;
    pack_init (&out);
    pack_again (&f, &out);
    if (!span_equal (pack_result (&out), bytes))
        abort ();
    pack_free (&out);
    return 0;
}
