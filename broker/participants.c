/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/participants.h"

#include "broker/carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void lead_key (struct key *key, const struct msg_id *thread, struct span party)
{
    key_begin (key, TABLE_LEADS);
    key_id (key, thread);
    key_text (key, party);
}

static bool leads (struct store *store, const struct msg_id *thread, struct span party)
{
    struct key key;
    lead_key (&key, thread, party);
    return table_get_u64 (store->journal, &key, 0) > 0;
}

static bool names (const struct term *terms, size_t count, struct span party)
{
    for (size_t i = 0; i < count; i++)
        if (terms[i].type == TERM_PARTY && span_equal (terms[i].name, party))
            return true;
    return false;
}

enum cb_reason participants_of (struct store *store, const struct msg_id *thread,
                                const struct term *terms, size_t count, uint32_t *out)
{
    struct held first;
    *out = 0;
    if (!held_read (store, thread, &first))
        return CB_THREAD;
    for (size_t i = 0; i < count; i++)
        if (terms[i].type == TERM_PARTY &&
            (names (first.e.audience, first.e.audience_count, terms[i].name) ||
             leads (store, thread, terms[i].name)))
            *out |= UINT32_C (1) << i;
    held_free (&first);
    return CB_OK;
}

enum cb_reason participants_check (struct store *store, struct item *item, const struct envelope *e)
{
    uint32_t those;
    enum cb_reason reason =
        participants_of (store, &e->thread, e->audience, e->audience_count, &those);
    if (reason != CB_OK)
        return reason;
    for (size_t i = 0; i < e->audience_count; i++) {
        if (!((item->participants & ~those) >> i & 1))
            continue;
        char detail[SCHEMA_WHERE];
        snprintf (detail, sizeof detail,
                  "audience[%zu]: " SPAN_FMT ": takes no part in this thread", i,
                  SPAN_ARG (e->audience[i].name));
        if (item->detail == NULL)
            item->detail = strdup (detail);
        return CB_NO_GRANT;
    }
    return CB_OK;
}

/* Who could not write to the new lead by another right has not made it one. */
void participants_fold (struct store *store, const struct item *item, const struct envelope *e)
{
    struct key key;
    struct span lead = body_text (e->body, "lead");
    if (!span_is (e->kind, "update") || e->thread.origin.size == 0 ||
        !span_is (body_text (e->body, "step"), "transfer") ||
        !names (e->audience, e->audience_count, lead) || leads (store, &e->thread, lead))
        return;
    lead_key (&key, &e->thread, lead);
    store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) item->position));
}
