/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/carrier.h"

#include "broker/casework/threads.h"
#include "broker/fold.h"
#include "broker/participants.h"
#include "bus/core/carried.h"

#include <stdlib.h>
#include <string.h>

int64_t carrier_find (struct journal *journal, const struct msg_id *id, bool any_nonce)
{
    return take_find_in (journal, TABLE_CARRIED, id, any_nonce);
}

static bool unpack (struct held *held)
{
    struct envelope outer = held->e;
    if (envelope_parse (&held->e, carried_original (&outer)) != CB_OK)
        return false;
    held->carried = true;
    held->carrier = outer.id;
    held->record.envelope = held->e.bytes;
    held->record.leaf = held->e.leaf;
    return true;
}

bool held_at (struct store *store, int64_t position, bool carried, struct held *out)
{
    memset (out, 0, sizeof *out);
    out->bytes = position > 0 ? store_message (store, position, &out->record, &out->e) : NULL;
    if (out->bytes != NULL && (!carried || unpack (out)))
        return true;
    held_free (out);
    return false;
}

bool held_read (struct store *store, const struct msg_id *id, struct held *out)
{
    int64_t position = take_find (store->journal, id, false);
    return position > 0 ? held_at (store, position, false, out)
                        : held_at (store, carrier_find (store->journal, id, false), true, out);
}

void held_free (struct held *held)
{
    free (held->bytes);
    held->bytes = NULL;
}

bool held_here (struct journal *journal, const struct msg_id *id)
{
    return take_find (journal, id, false) > 0 || carrier_find (journal, id, false) > 0;
}

bool carrier_differs (struct store *store, const struct envelope *carrier)
{
    struct envelope e;
    struct held held;
    if (envelope_parse (&e, carried_original (carrier)) != CB_OK ||
        !held_read (store, &e.id, &held))
        return false;
    bool differs = !hash_equal (&held.record.leaf, &e.leaf);
    held_free (&held);
    return differs;
}

/* The chain is believed already, by what judged the message; it goes to the disk with it. */
static void note_carried (struct store *store, const struct item *item,
                          const struct envelope *outer)
{
    struct envelope e;
    struct span credentials[CARRIED_CREDENTIALS], bytes = carried_original (outer);
    struct key key;
    if (bytes.size == 0 || envelope_parse (&e, bytes) != CB_OK)
        return;
    size_t count = carried_credentials (outer, credentials);
    for (size_t i = 0; i < count; i++)
        fold_credential (store, credentials[i]);
    key_begin (&key, TABLE_CARRIED);
    key_id (&key, &e.id);
    threads_add_report (store, &e);
    if (table_get_u64 (store->journal, &key, 0) == 0)
        store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) item->position));
}

static void fold_carrier (struct store *store, const struct intake_batch *batch,
                          const struct item *item, const struct envelope *e)
{
    (void) batch;
    note_carried (store, item, e);
    participants_fold (store, item, e);
}

const struct casework_part carrier_part = {
    .name = "carried",
    .fold = fold_carrier,
    .tables = (const char[]){ TABLE_CARRIED, TABLE_LEADS, '\0' },
};
