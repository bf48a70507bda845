/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/upgrade.h"

#include "broker/quarantine.h"
#include "broker/tables.h"

#include <string.h>

/* Of a row in format 1: how many are kept, their bytes, how many were dropped; then a hash. */
#define NUMBERS_1 3

enum journal_result upgrade_from_1 (struct journal *journal)
{
    struct key prefix;
    struct span key, value;
    struct key after = { .size = 0 };
    enum journal_result result = JOURNAL_OK;
    key_begin (&prefix, TABLE_QUARANTINED);
    while (result == JOURNAL_OK && table_next (journal, &prefix, &after, &key, &value)) {
        uint8_t row[NUMBERS_1 * 8 + HASH_SIZE];
        uint64_t numbers[NUMBERS_1];
        if (value.size != sizeof row)
            continue;
        memcpy (row, value.data, sizeof row);
        memcpy (numbers, row, sizeof numbers);
        numbers[0] = numbers[1] = 0; /* counted anew below */
        for (size_t i = 0; i < NUMBERS_1; i++)
            write_u64 (row + 8 * i, numbers[i]);
        result = journal_put (journal, key_span (&after), span_bytes (row, sizeof row));
    }
    return result == JOURNAL_OK ? quarantine_adopt (journal) : result;
}

enum journal_result upgrade_from_2 (struct journal *journal)
{
    struct key key;
    key_station (&key, "casework");
    return journal_del (journal, key_span (&key));
}
