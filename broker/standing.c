/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/standing.h"

#include "broker/tables.h"
#include "bus/core/schema.h"

/* A chain has no circles but those that an origin makes: then one of them is the newest. */
#define CHAIN_MAX 256

static int64_t replaced_at (struct journal *journal, const struct msg_id *id)
{
    struct key key;
    key_begin (&key, TABLE_REPLACED);
    key_id (&key, id);
    return (int64_t) table_get_u64 (journal, &key, 0);
}

void standing_find (struct journal *journal, const struct msg_id *id, struct standing *out)
{
    struct record record;
    struct envelope e;
    out->position = 0;
    out->withdrawn = false;
    int64_t position = replaced_at (journal, id);
    for (int i = 0; i < CHAIN_MAX && position > out->position; i++) {
        if (journal_at (journal, position, &record) != JOURNAL_OK || record.envelope.size == 0 ||
            envelope_parse (&e, record.envelope) != CB_OK)
            return;
        out->position = position;
        out->withdrawn = span_is (body_text (e.body, "status"), "withdrawn");
        out->by = e.id;
        span_text (e.id.origin, out->origin, sizeof out->origin);
        out->by.origin = span_of (out->origin);
        position = replaced_at (journal, &out->by);
    }
}

void standing_pack (struct pack_out *out, const struct standing *standing)
{
    char id[ID_TEXT];
    msg_id_text (&standing->by, id);
    pack_put_map (out, 3);
    pack_put_text (out, "by");
    msg_id_pack (out, &standing->by);
    pack_put_text (out, "id");
    pack_put_text (out, id);
    pack_put_text (out, "state");
    pack_put_text (out, standing->withdrawn ? "withdrawn" : "replaced");
}
