/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/party.h"

#include <string.h>

#define LABEL_MAX 32

static bool label_byte (uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool party_valid (struct span name)
{
    if (name.size == 0 || name.size > PARTY_MAX)
        return false;
    size_t labels = 1, length = 0;
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '.') {
            if (length == 0 || ++labels > PARTY_LABELS)
                return false;
            length = 0;
        } else if (!label_byte (name.data[i]) || ++length > LABEL_MAX)
            return false;
    }
    return length > 0;
}

bool label_valid (struct span label)
{
    if (label.size == 0 || label.size > LABEL_MAX)
        return false;
    for (size_t i = 0; i < label.size; i++)
        if (!label_byte (label.data[i]))
            return false;
    return true;
}

size_t party_depth (struct span name)
{
    size_t depth = name.size > 0;
    for (size_t i = 0; i < name.size; i++)
        depth += name.data[i] == '.';
    return depth;
}

struct span party_parent (struct span name)
{
    for (size_t i = name.size; i > 0; i--)
        if (name.data[i - 1] == '.')
            return span_bytes (name.data, i - 1);
    return span_bytes (NULL, 0);
}

bool party_within (struct span name, struct span top)
{
    return top.size > 0 && (span_equal (name, top) || party_above (top, name));
}

bool party_above (struct span a, struct span b)
{
    return a.size > 0 && b.size > a.size && b.data[a.size] == '.' &&
           memcmp (a.data, b.data, a.size) == 0;
}

/* Whoever chose these names may have chosen them so that they cost much: only what lies at most
 * `limit` beside the diagonal of the table can be below it. */
size_t party_distance (struct span a, struct span b, size_t limit)
{
    size_t row[PARTY_MAX + 1];
    if (a.size > PARTY_MAX || b.size > PARTY_MAX || a.size > b.size + limit ||
        b.size > a.size + limit)
        return limit;
    for (size_t j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t from = i > limit ? i - limit : 1;
        size_t to = i < b.size && limit < b.size - i ? i + limit : b.size;
        size_t corner = row[from - 1], least = row[from - 1] = from > 1 || i > limit ? limit : i;
        for (size_t j = from; j <= to; j++) {
            size_t best = corner + (a.data[i - 1] != b.data[j - 1]);
            corner = row[j];
            if (best > corner + 1)
                best = corner + 1;
            if (best > row[j - 1] + 1)
                best = row[j - 1] + 1;
            row[j] = best;
            if (best < least)
                least = best;
        }
        if (least >= limit)
            return limit;
    }
    return row[b.size] < limit ? row[b.size] : limit;
}

bool term_parse (struct term *term, struct span text)
{
    if (text.size == 0 || text.size > TERM_MAX)
        return false;
    if (text.data[0] == '@') {
        term->type = TERM_SECTOR;
        term->name = span_bytes (text.data + 1, text.size - 1);
        return label_valid (term->name);
    }
    if (text.size > 3 && memcmp (text.data + text.size - 3, ".**", 3) == 0) {
        term->type = TERM_SUBTREE;
        term->name = span_bytes (text.data, text.size - 3);
    } else {
        term->type = TERM_PARTY;
        term->name = text;
    }
    return party_valid (term->name);
}
