/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/fold.h"

#include "broker/casework/casework.h"
#include "broker/numbers.h"
#include "broker/refusals.h"
#include "broker/tables.h"
#include "broker/take.h"
#include "bus/core/attachment.h"
#include "bus/core/credential.h"
#include "bus/core/schema.h"
#include "bus/core/statement.h"
#include "bus/core/trust.h"

#include <string.h>

bool fold_reads (struct span kind, unsigned mode)
{
    return trust_kind (kind) || span_is (kind, "receipt") || span_is (kind, "contact") ||
           casework_reads (kind, mode);
}

/* The first of a piece counts: of two that differ, who puts the file together sees it. */
static void fold_part (struct store *store, const struct envelope *e, const struct item *item)
{
    struct part part;
    struct key key;
    if (!part_read (&part, e->body))
        return;
    key_begin (&key, TABLE_PARTS);
    key_id (&key, &e->thread);
    key_hash (&key, &part.hash);
    key_u32 (&key, (uint32_t) part.index);
    if (table_get_u64 (store->journal, &key, 0) == 0)
        store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) item->position));
}

/* What the directory is rebuilt from, in the order in which it was taken: what a credential is
 * judged by may change with the next message. Returns its place. */
static uint64_t fold_believed (struct store *store, struct span value)
{
    struct key count, key;
    key_station (&count, "trust");
    uint64_t place = table_get_u64 (store->journal, &count, 0) + 1;
    key_begin (&key, TABLE_TRUST);
    key_u64 (&key, place);
    if (store_ok (store, journal_put (store->journal, key_span (&key), value)))
        store_ok (store, table_put_u64 (store->journal, &count, place));
    return place;
}

void fold_credential (struct store *store, struct span statement)
{
    struct statement st;
    struct key key;
    if (!statement_parse (&st, statement))
        return;
    key_begin (&key, TABLE_CREDENTIALS);
    key_hash (&key, &st.hash);
    if (table_get_u64 (store->journal, &key, 0) == 0)
        store_ok (store, table_put_u64 (store->journal, &key, fold_believed (store, statement)));
}

void fold_vouched (struct store *store, struct span statement)
{
    struct statement st;
    struct key key, place;
    struct span before;
    if (!statement_parse (&st, statement))
        return;
    key_begin (&key, TABLE_CREDENTIALS);
    key_hash (&key, &st.hash);
    key_begin (&place, TABLE_TRUST);
    key_u64 (&place, table_get_u64 (store->journal, &key, 0));
    if (journal_get (store->journal, key_span (&place), &before) == JOURNAL_OK &&
        span_equal (before, statement))
        return;
    store_ok (store, table_put_u64 (store->journal, &key, fold_believed (store, statement)));
}

/* The time is of this broker: what an issuer dates back is an alarm all the same. */
static void fold_again (struct store *store, struct span statement, int64_t now)
{
    struct credential c;
    struct key key;
    if (!credential_parse (&c, statement) || !credential_again (&c))
        return;
    key_begin (&key, TABLE_AGAIN);
    key_text (&key, c.name);
    store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) now));
}

static void fold_enrolment (struct store *store, struct span body, int64_t now)
{
    struct pack_in in = pack_open (body_field (body, "credential"));
    struct span statement = pack_bin (&in, 1, STATEMENT_MAX);
    if (!pack_done (&in))
        return;
    fold_credential (store, statement);
    fold_again (store, statement, now);
}

static void fold_kind (struct store *store, const struct envelope *e, const struct item *item,
                       int64_t now)
{
    struct key key;
    /* Of a drill only the receipts count. */
    if (e->mode != CB_MODE_LIVE && !span_is (e->kind, "receipt"))
        return;
    if (span_is (e->kind, "enrolment")) {
        fold_enrolment (store, e->body, now);
    } else if (span_is (e->kind, "head")) {
        key_station (&key, "head");
        store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) item->position));
    } else if (trust_kind (e->kind)) {
        uint8_t position[8];
        write_u64 (position, (uint64_t) item->position);
        fold_believed (store, span_bytes (position, sizeof position));
    } else if (span_is (e->kind, "contact")) {
        key_begin (&key, TABLE_CONTACTS);
        key_text (&key, e->id.origin);
        store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) item->position));
    } else if (span_is (e->kind, "receipt") && e->thread.origin.size > 0) {
        key_begin (&key, TABLE_DELIVERED);
        key_id (&key, &e->thread);
        key_text (&key, e->id.origin);
        int64_t stored = body_int (e->body, "stored", e->issued);
        store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) stored));
    }
}

/* Whether the message at a position is one that this one may not put aside: the word of a party
 * above, or a live one in a drill. */
static bool stands_against (struct store *store, const struct envelope *e, int64_t position,
                            bool replaces)
{
    struct record record;
    struct envelope held;
    if (position == 0 || journal_at (store->journal, position, &record) != JOURNAL_OK ||
        record.envelope.size == 0 || envelope_parse (&held, record.envelope) != CB_OK)
        return false;
    return replaces ? !span_equal (held.id.origin, e->id.origin) &&
                          party_within (e->id.origin, held.id.origin)
                    : held.mode == CB_MODE_LIVE;
}

/* The last one counts, whatever the order in which they came here: what a party above has
 * replaced or withdrawn, its origin does not bring back. */
static void fold_replaced (struct store *store, const struct envelope *e, const struct item *item)
{
    struct key key;
    int64_t target = e->mode == CB_MODE_LIVE ? 0 : take_find (store->journal, &e->replaces, false);
    if (e->mode != CB_MODE_LIVE && (target == 0 || stands_against (store, e, target, false)))
        return;
    key_begin (&key, TABLE_REPLACED);
    key_id (&key, &e->replaces);
    if (!stands_against (store, e, (int64_t) table_get_u64 (store->journal, &key, 0), true))
        store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) item->position));
}

void fold (struct store *store, const struct intake_batch *batch, const struct item *item,
           const struct envelope *e)
{
    struct key key;
    fold_kind (store, e, item, batch->now);
    bool piece = span_is (e->kind, "part");
    if (piece)
        fold_part (store, e, item);
    /* Receipts and pieces are counted above, and what an advisory was answered stands in its ledger;
     * listing them as answers would bury the answers. */
    if (e->thread.origin.size > 0 && !piece && !span_is (e->kind, "receipt") &&
        !span_is (e->kind, "compliance")) {
        key_begin (&key, TABLE_ANSWERS);
        key_id (&key, &e->thread);
        key_u64 (&key, (uint64_t) item->position);
        store_ok (store, journal_put (store->journal, key_span (&key), span_of ("")));
    }
    if (span_is (e->kind, "rejection"))
        refusals_fold (store, e, item->position);
    if (e->replaces.origin.size > 0)
        fold_replaced (store, e, item);
    numbers_fold (store, e, item->position);
    casework_fold (store, batch, item, e);
}
