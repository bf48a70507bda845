/* SPDX-License-Identifier: Apache-2.0 */
/* What is parsed can be drafted again to the same signed bytes, from its fields alone. */
#include "bus/core/envelope.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Terms as text: a term borrows the name, which lies in the text. */
static struct span term_text (const struct term *term)
{
    switch (term->type) {
    case TERM_SECTOR: return span_bytes (term->name.data - 1, term->name.size + 1);
    case TERM_SUBTREE: return span_bytes (term->name.data, term->name.size + 3);
    case TERM_PARTY: break;
    }
    return term->name;
}

static void draft_from (struct draft *d, const struct envelope *e)
{
    *d = (struct draft){ .kind = e->kind,
                         .credential = *e->credential,
                         .id = e->id,
                         .audience_count = e->audience_count,
                         .precedence = e->precedence,
                         .tlp = e->tlp,
                         .mode = e->mode,
                         .exercise = e->exercise,
                         .issued = e->issued,
                         .expires = e->expires,
                         .thread = e->thread,
                         .after_count = e->after_count,
                         .replaces = e->replaces,
                         .climb = e->climb,
                         .officer = e->officer,
                         .schema = e->schema,
                         .body = e->body };
    for (size_t i = 0; i < e->audience_count; i++)
        d->audience[i] = term_text (&e->audience[i]);
    for (size_t i = 0; i < e->after_count; i++)
        d->after[i] = e->after[i];
    memcpy (d->salt, e->salt, SALT_SIZE);
}

static void check (const struct envelope *e)
{
    struct draft draft;
    struct pack_out out;
    struct hash root;
    char id[ID_TEXT];
    pack_init (&out);
    draft_from (&draft, e);
    draft_pack (&draft, &out);
    /* An expiry in the first millisecond of 1970 reads as none. */
    if ((e->expires || e->issued) && !span_equal (pack_result (&out), e->signed_bytes))
        abort ();
    pack_free (&out);
    if (!merkle_climb (&e->leaf, e->tree_size, e->tree_index, e->path, e->path_count, &root))
        abort ();
    msg_id_text (&e->id, id);
}

/* Whole envelopes, and messages in an envelope of their own: the second way gets
 * past the outer layer at once. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const uint8_t sig[SIG_SIZE];
    struct envelope e;
    if (envelope_parse (&e, span_bytes (data, size)) == CB_OK)
        check (&e);

    struct pack_out out;
    pack_init (&out);
    envelope_pack (&out, span_bytes (data, size), 1, 0, NULL, 0, sig);
    if (envelope_parse (&e, pack_result (&out)) == CB_OK)
        check (&e);
    pack_free (&out);
    return 0;
}
