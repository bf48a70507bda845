/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bus/core/when.h"
#include "nodes/certbus/template_own.h"

static json_t *no (char why[TEMPLATE_WHY], const char *text, const char *what)
{
    snprintf (why, TEMPLATE_WHY, "'%.60s' is %s", text, what);
    return NULL;
}

static json_t *whole (const char *text, char why[TEMPLATE_WHY])
{
    char *end;
    errno = 0;
    long long number = strtoll (text, &end, 10);
    if (!*text || isspace ((unsigned char) *text) || *end || errno)
        return no (why, text, "no whole number");
    return json_integer (number);
}

static json_t *tenths (const char *text, char why[TEMPLATE_WHY])
{
    char *end;
    errno = 0;
    double number = strtod (text, &end);
    if (!*text || text[strspn (text, "+-.0123456789")] || *end || errno)
        return no (why, text, "no number such as 9.8");
    return json_real (number);
}

static json_t *yes_or_no (const char *text, char why[TEMPLATE_WHY])
{
    if (strcasecmp (text, "yes") == 0 || strcasecmp (text, "true") == 0)
        return json_true ();
    if (strcasecmp (text, "no") == 0 || strcasecmp (text, "false") == 0)
        return json_false ();
    return no (why, text, "neither yes nor no");
}

static json_t *moment (const struct field *field, const char *text, const struct day *day,
                       char why[TEMPLATE_WHY])
{
    char utc[WHEN_TEXT];
    int64_t ms;
    if (!day_parse (span_of (text), day, field->until ? DAY_END : DAY_START, &ms, why,
                    TEMPLATE_WHY))
        return NULL;
    when_text (ms, utc);
    return json_string (utc);
}

json_t *template_value (const struct field *field, const char *text, const struct day *day,
                        char why[TEMPLATE_WHY])
{
    switch (field->type) {
    case FIELD_INT: return whole (text, why);
    case FIELD_TENTHS: return tenths (text, why);
    case FIELD_BOOL: return yes_or_no (text, why);
    case FIELD_TIME: return moment (field, text, day, why);
    case FIELD_CHOICE:
        for (size_t i = 0; i < field->choice_count; i++)
            if (strcasecmp (text, field->choices[i]) == 0)
                return json_string (field->choices[i]);
        return json_string (text);
    default: return json_string (text);
    }
}

static bool has_comma (const struct field *field)
{
    for (size_t i = 0; i < field->choice_count; i++)
        if (strchr (field->choices[i], ','))
            return true;
    return false;
}

bool stands_in_a_row (const struct field *field)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_RECORD:
    case FIELD_TIME:
    case FIELD_BYTES: return false;
    default: return !has_comma (field);
    }
}

char *row_next (char **rest)
{
    char *word;
    while ((word = strsep (rest, ","))) {
        while (isspace ((unsigned char) *word))
            word++;
        for (size_t size = strlen (word); size && isspace ((unsigned char) word[size - 1]);)
            word[--size] = 0;
        if (*word)
            return word;
    }
    return NULL;
}

json_t *template_no_list (void)
{
    json_t *list = json_array ();
    json_array_append_new (list, json_null ());
    return list;
}

json_t *template_no_record (void)
{
    json_t *record = json_object ();
    json_object_set_new (record, "", json_null ());
    return record;
}

bool template_prune (json_t *value)
{
    const char *key;
    json_t *inner;
    void *next;
    if (json_object_get (value, "") || json_is_null (json_array_get (value, 0))) {
        json_object_clear (value);
        json_array_clear (value);
        return false;
    }
    json_object_foreach_safe (value, next, key, inner)
    {
        if (template_prune (inner))
            json_object_del (value, key);
    }
    for (size_t i = json_array_size (value); i-- > 0;)
        if (template_prune (json_array_get (value, i)))
            json_array_remove (value, i);
    return (json_is_object (value) && json_object_size (value) == 0) ||
           (json_is_array (value) && json_array_size (value) == 0);
}
