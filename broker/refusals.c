/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/refusals.h"

#include "broker/tables.h"
#include "bus/core/schema.h"

#include <string.h>

/* Keys that are looked at: of one message, and of all. */
#define LOOKS_ONE 8
#define LOOKS_ALL 64

void refusals_fold (struct store *store, const struct envelope *e, int64_t position)
{
    struct key key;
    if (!span_is (e->thread.origin, store->self))
        return;
    key_begin (&key, TABLE_REJECTED);
    key_id (&key, &e->thread);
    key_text (&key, e->id.origin);
    store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) position));
}

static bool was_taken (struct store *store, const struct msg_id *id, struct span party)
{
    struct key key;
    key_begin (&key, TABLE_DELIVERED);
    key_id (&key, id);
    key_text (&key, party);
    return table_get_u64 (store->journal, &key, 0) != 0;
}

static bool was_replaced (struct store *store, const struct msg_id *id)
{
    struct key key;
    key_begin (&key, TABLE_REPLACED);
    key_id (&key, id);
    return table_get_u64 (store->journal, &key, 0) != 0;
}

/* Reads the rejection at a position; `id` gets what it refuses, borrowed. */
static bool read_one (struct store *store, int64_t position, struct refusal *out, struct msg_id *id)
{
    struct record record;
    struct envelope e;
    if (journal_at (store->journal, position, &record) != JOURNAL_OK || record.envelope.size == 0 ||
        envelope_parse (&e, record.envelope) != CB_OK)
        return false;
    *id = e.thread;
    out->by = e.id;
    out->taken = record.taken;
    span_text (e.id.origin, out->party, sizeof out->party);
    out->by.origin = span_of (out->party);
    span_text (body_text (e.body, "reason"), out->reason, sizeof out->reason);
    msg_id_text (id, out->id);
    return true;
}

bool refusals_find (struct store *store, const struct msg_id *id, struct refusal *out)
{
    struct key prefix;
    struct key after = { .size = 0 };
    struct span key, value;
    struct msg_id refused, own = *id;
    if (!span_is (id->origin, store->self))
        return false;
    own.origin = span_of (store->self); /* the reads reuse what the id may borrow from */
    key_begin (&prefix, TABLE_REJECTED);
    key_id (&prefix, &own);
    for (size_t i = 0; i < LOOKS_ONE && table_next (store->journal, &prefix, &after, &key, &value);
         i++)
        if (read_one (store, (int64_t) tail_u64 (value), out, &refused) &&
            !was_taken (store, &own, span_of (out->party)))
            return true;
    return false;
}

void refusals_pack (struct pack_out *out, const struct refusal *refusal)
{
    char id[ID_TEXT];
    msg_id_text (&refusal->by, id);
    pack_put_map (out, 4);
    pack_put_text (out, "by");
    msg_id_pack (out, &refusal->by);
    pack_put_text (out, "id");
    pack_put_text (out, id);
    pack_put_text (out, "party");
    pack_put_text (out, refusal->party);
    pack_put_text (out, "reason");
    pack_put_text (out, refusal->reason);
}

size_t refusals_since (struct store *store, int64_t since, struct refusal *newest)
{
    struct key prefix;
    struct key before = { .size = 0 };
    struct span key, value;
    char last[ID_TEXT] = "";
    size_t count = 0;
    key_begin (&prefix, TABLE_REJECTED);
    key_text (&prefix, span_of (store->self));
    for (size_t i = 0;
         i < LOOKS_ALL && table_before (store->journal, &prefix, &before, &key, &value); i++) {
        struct refusal one;
        struct msg_id id;
        if (!read_one (store, (int64_t) tail_u64 (value), &one, &id) || one.taken < since ||
            strcmp (one.id, last) == 0)
            continue;
        /* The reads that follow reuse the journal's buffer. */
        id.origin = span_of (store->self);
        if (was_replaced (store, &id) || was_taken (store, &id, span_of (one.party)))
            continue;
        memcpy (last, one.id, sizeof last);
        if (count++ == 0) {
            *newest = one;
            newest->by.origin = span_of (newest->party);
        }
    }
    return count;
}
