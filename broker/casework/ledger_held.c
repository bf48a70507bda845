/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/ledger.h"

#include <stdlib.h>
#include <string.h>

/* --- An advisory and those before it -------------------------------------------------------- */

static struct ledger_revision *revision_at (struct store *store, const struct msg_id *id)
{
    struct record record;
    int64_t position = take_find (store->journal, id, false);
    if (position == 0)
        return NULL;
    struct ledger_revision *made = calloc (1, sizeof *made);
    if (made == NULL)
        abort ();
    made->position = position;
    made->bytes = store_message (store, position, &record, &made->e);
    if (made->bytes != NULL && record.reason == CB_OK && made->e.mode != CB_MODE_TEST &&
        ledger_advisory (&made->advisory, &made->e))
        return made;
    free (made->bytes);
    free (made);
    return NULL;
}

bool ledger_hold (struct store *store, const struct msg_id *id, struct ledger_held *held)
{
    const struct msg_id *next = id;
    memset (held, 0, sizeof *held);
    while (held->count <= LEDGER_PAST && next->origin.size > 0) {
        struct ledger_revision *one = revision_at (store, next);
        if (one == NULL)
            break;
        held->at[held->count++] = one;
        next = &one->e.replaces;
        /* What a drill says of a live one is not said of it, nor the other way round. */
        if (one->e.mode != held->at[0]->e.mode) {
            held->count--;
            free (one->bytes);
            free (one);
            break;
        }
    }
    return held->count > 0;
}

void ledger_release (struct ledger_held *held)
{
    for (size_t i = 0; i < held->count; i++) {
        free (held->at[i]->bytes);
        free (held->at[i]);
    }
    held->count = 0;
}

bool ledger_replaced (struct store *store, const struct msg_id *id)
{
    struct key key;
    key_begin (&key, TABLE_REPLACED);
    key_id (&key, id);
    return table_get_u64 (store->journal, &key, 0) != 0;
}

/* --- What a party said ----------------------------------------------------------------------- */

static void read_row (struct store *store, const struct envelope *e, struct span party,
                      struct ledger_row *row, uint8_t **bytes)
{
    struct key key;
    struct span value;
    free (*bytes);
    *bytes = NULL;
    key_begin (&key, TABLE_LEDGER);
    key_id (&key, &e->id);
    key_u8 (&key, e->mode);
    key_text (&key, party);
    if (journal_get (store->journal, key_span (&key), &value) != JOURNAL_OK) {
        memset (row, 0, sizeof *row);
        return;
    }
    *bytes = malloc (value.size + 1);
    if (*bytes == NULL)
        abort ();
    memcpy (*bytes, value.data, value.size);
    ledger_read (row, span_bytes (*bytes, value.size));
}

void ledger_said (struct store *store, const struct ledger_held *held, struct span party,
                  struct ledger_said *said)
{
    if (said->room < held->count) {
        said->rows = realloc (said->rows, held->count * sizeof said->rows[0]);
        if (said->rows == NULL)
            abort ();
        said->room = held->count;
    }
    for (size_t i = 0; i < held->count; i++) {
        read_row (store, &held->at[i]->e, party, &said->rows[i], &said->bytes[i]);
        if (i == 0)
            ledger_view (&said->view, &held->at[0]->advisory, &said->rows[0]);
        else
            ledger_carry (&said->view, &held->at[0]->advisory, &held->at[i]->advisory,
                          &said->rows[i]);
    }
}

void ledger_said_free (struct ledger_said *said)
{
    for (size_t i = 0; i < said->room; i++)
        free (said->bytes[i]);
    free (said->rows);
    memset (said, 0, sizeof *said);
}
