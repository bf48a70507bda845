/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/args.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEANT_MAX 32 /* longest word that is compared */
#define ROWS_MAX  64

static size_t least (size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance with neighbours swapped as one step, since that is how fingers slip. */
static size_t distance (const char *a, const char *b)
{
    size_t rows[3][MEANT_MAX + 1], a_size = strlen (a), b_size = strlen (b);
    if (a_size > MEANT_MAX || b_size > MEANT_MAX)
        return MEANT_MAX;
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t same = a[i - 1] == b[j - 1] ? 0 : 1;
            now[j] = least (last[j - 1] + same, least (last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least (now[j], before[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

const char *args_meant (const char *typed, const char *const *names)
{
    const char *found = NULL;
    size_t nearest = strlen (typed) < 4 ? 2 : 3;
    for (; *names; names++) {
        size_t steps = distance (typed, *names);
        if (steps < nearest && steps < strlen (*names)) {
            nearest = steps;
            found = *names;
        }
    }
    return found;
}

static const struct option_row *find_in (const struct option_row *table, const char *name,
                                         size_t size, char letter)
{
    for (; table && table->name; table++) {
        bool match = letter ? table->letter == letter
                            : strlen (table->name) == size && memcmp (table->name, name, size) == 0;
        if (match)
            return table;
    }
    return NULL;
}

static const struct option_row *find (const struct args *args, const char *name, size_t size,
                                      char letter)
{
    const struct option_row *row = find_in (args->own, name, size, letter);
    return row ? row : find_in (args->common, name, size, letter);
}

static void unknown (const struct args *args, const char *name, size_t size, char *why,
                     size_t why_size)
{
    const char *names[2 * ROWS_MAX + 1];
    size_t count = 0;
    char typed[MEANT_MAX + 1];
    snprintf (typed, sizeof typed, "%.*s", (int) least (size, MEANT_MAX), name);
    const struct option_row *tables[] = { args->own, args->common };
    for (size_t i = 0; i < 2; i++)
        for (const struct option_row *row = tables[i]; row && row->name; row++)
            if (count < 2 * ROWS_MAX)
                names[count++] = row->name;
    names[count] = NULL;
    const char *meant = args_meant (typed, names);
    if (meant)
        snprintf (why, why_size, "unknown option '--%s'; did you mean '--%s'?", typed, meant);
    else
        snprintf (why, why_size, "unknown option '--%s'", typed);
}

static bool take (struct args *args, const struct option_row *row, const char *value, char *why,
                  size_t why_size)
{
    for (size_t i = 0; i < args->arg_count && !row->many; i++) {
        if (args->given[i].row == row) {
            snprintf (why, why_size, "--%s is given twice", row->name);
            return false;
        }
    }
    args->given[args->arg_count++] = (struct arg){ row, value };
    return true;
}

/* One word that begins with a dash; `*next` is the word after it and set to NULL when used. */
static bool parse_option (struct args *args, const char *word, const char **next, char *why,
                          size_t why_size)
{
    bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1), *value = NULL;
    size_t size = is_long ? strcspn (name, "=") : 1;
    const struct option_row *row = find (args, name, size, is_long ? 0 : *name);
    if (!row && is_long) {
        unknown (args, name, size, why, why_size);
        return false;
    }
    if (!row) {
        snprintf (why, why_size, "unknown option '-%c'", *name);
        return false;
    }
    if (name[size])
        value = name + size + (is_long ? 1 : 0);
    if (!row->value && value) {
        snprintf (why, why_size, "--%s takes no value", row->name);
        return false;
    }
    if (row->value && !value) {
        value = *next;
        *next = NULL;
    }
    if (row->value && !value) {
        snprintf (why, why_size, "--%s needs a value: --%s %s", row->name, row->name, row->value);
        return false;
    }
    return take (args, row, value, why, why_size);
}

bool args_parse (struct args *args, const struct option_row *own, const struct option_row *common,
                 int argc, char **argv, char *why, size_t why_size)
{
    size_t count = argc > 0 ? (size_t) argc : 0;
    *args = (struct args){ .own = own, .common = common };
    args->given = calloc (count + 1, sizeof args->given[0]);
    args->operands = calloc (count + 1, sizeof args->operands[0]);
    if (!args->given || !args->operands)
        abort ();
    bool options = true;
    for (size_t i = 0; i < count; i++) {
        const char *word = argv[i];
        if (!options || word[0] != '-' || !word[1]) {
            args->operands[args->operand_count++] = word;
        } else if (strcmp (word, "--") == 0) {
            options = false;
        } else {
            const char *after = i + 1 < count ? argv[i + 1] : NULL, *next = after;
            if (!parse_option (args, word, &next, why, why_size))
                return false;
            if (after && !next)
                i++;
        }
    }
    return true;
}

void args_free (struct args *args)
{
    free (args->given);
    free (args->operands);
    *args = (struct args){ 0 };
}

size_t args_count (const struct args *args, const char *name)
{
    const struct option_row *row = find (args, name, strlen (name), 0);
    size_t count = 0;
    assert (row);
    for (size_t i = 0; i < args->arg_count; i++)
        if (args->given[i].row == row)
            count++;
    return count;
}

const char *args_nth (const struct args *args, const char *name, size_t index)
{
    const struct option_row *row = find (args, name, strlen (name), 0);
    assert (row);
    for (size_t i = 0; i < args->arg_count; i++)
        if (args->given[i].row == row && index-- == 0)
            return args->given[i].value;
    return NULL;
}

bool args_flag (const struct args *args, const char *name)
{
    return args_count (args, name) > 0;
}

const char *args_text (const struct args *args, const char *name)
{
    return args_nth (args, name, 0);
}

bool args_number (const struct args *args, const char *name, int64_t min, int64_t max, int64_t *out,
                  char *why, size_t why_size)
{
    const char *text = args_text (args, name);
    if (!text)
        return true;
    char *end;
    errno = 0;
    long long value = strtoll (text, &end, 10);
    bool digits = (*text >= '0' && *text <= '9') || *text == '-';
    if (!digits || *end || errno || value < min || value > max) {
        snprintf (why, why_size, "--%s: '%s' is not a whole number from %" PRId64 " to %" PRId64,
                  name, text, min, max);
        return false;
    }
    *out = value;
    return true;
}
