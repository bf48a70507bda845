/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/sightings.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A row's value: first, last, then the name. */
#define ROW_TIMES 16

static struct span rest_of (const uint8_t *at, const uint8_t *end)
{
    const uint8_t *stop = memchr (at, 0, (size_t) (end - at));
    return span_bytes (at, (size_t) ((stop != NULL ? stop : end) - at));
}

static void row_read (struct sighted *out, struct span key, struct span value, size_t prefix)
{
    memset (out, 0, sizeof *out);
    struct span origin = rest_of (key.data + prefix, key.data + key.size);
    span_text (origin, out->origin, sizeof out->origin);
    memcpy (out->tag, key.data + key.size - TAG_SIZE, TAG_SIZE);
    if (value.size < ROW_TIMES)
        return;
    out->first = (int64_t) read_u64 (value.data);
    out->last = (int64_t) read_u64 (value.data + 8);
    span_text (span_bytes (value.data + ROW_TIMES, value.size - ROW_TIMES), out->party,
               sizeof out->party);
}

static void pattern_key (struct key *key, const struct hash *pattern, unsigned mode)
{
    key_begin (key, TABLE_INDICATORS);
    key_u8 (key, mode);
    key_hash (key, pattern);
}

struct sighted *sightings_of (struct store *store, const struct hash *pattern, unsigned mode,
                              size_t *count, bool *more)
{
    struct key prefix, after = { .size = 0 };
    struct span key, value;
    struct sighted *rows = NULL;
    size_t room = 0;
    pattern_key (&prefix, pattern, mode);
    *count = 0;
    *more = false;
    while (table_next (store->journal, &prefix, &after, &key, &value)) {
        *more = *count == SIGHTED_MAX;
        if (*more)
            break;
        if (*count == room) {
            room = room ? 2 * room : 16;
            rows = realloc (rows, room * sizeof *rows);
            if (rows == NULL)
                abort ();
        }
        row_read (&rows[(*count)++], key, value, prefix.size);
    }
    return rows;
}

/* --- Constituents ---------------------------------------------------------------------------- */

bool sightings_key (struct store *store, uint8_t key[KEY_SIZE])
{
    struct key name;
    struct span value;
    key_station (&name, "constituents");
    if (journal_get (store->journal, key_span (&name), &value) != JOURNAL_OK ||
        value.size != KEY_SIZE)
        return false;
    memcpy (key, value.data, KEY_SIZE);
    return true;
}

void sightings_tag (const uint8_t key[KEY_SIZE], struct span party, uint8_t tag[TAG_SIZE])
{
    crypto_generichash (tag, TAG_SIZE, party.data, party.size, key, KEY_SIZE);
}
