/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/core/when.h"

size_t random_below (struct random *random, size_t limit)
{
    random->state = random->state * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return (size_t) (random->state >> 33) % limit;
}

/* What makes trouble in a text of lines. */
static const char *const pieces[] = {
    "a",
    "word ",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "#",
    "# no comment",
    "\\",
    "\\\"",
    "\"",
    "- ",
    "-",
    "\n- ",
    "Title: ",
    "\nTitle:\n",
    "title:",
    "\nSummary: x",
    "\nActons:\n",
    "{}",
    "[]",
    "\nTo: pk.**",
    "\nname: x",
    "\n  name: y\n",
    "due:",
    ":",
    ",",
    "\xd8\xae\xd8\xb7\xd8\xb1\xdb\x81",
    "\xe2\x80\x8f",
    "\xf0\x9f\x94\x92",
    "\n#",
    "\n  #",
    "\n\\",
    "\r",
    "\n   \n",
    "Kind:",
    "x: y",
};

static json_t *text_of (struct random *random, int64_t min, int64_t max)
{
    char text[512] = "";
    size_t limit = max < 500 ? (size_t) max : 500;
    for (size_t i = random_below (random, 12); i > 0; i--) {
        const char *piece = pieces[random_below (random, sizeof pieces / sizeof pieces[0])];
        if (strlen (text) + strlen (piece) <= limit)
            strcat (text, piece);
    }
    while ((int64_t) strlen (text) < min)
        strcat (text, "x");
    return json_string (text);
}

static json_t *value_of (struct random *random, const struct field *field);

static json_t *record_of (struct random *random, const struct field *record)
{
    json_t *made = json_object ();
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        if (!field->required && random_below (random, 3))
            continue;
        if (!field->list) {
            json_object_set_new (made, field->name, value_of (random, field));
            continue;
        }
        json_t *list = json_array ();
        size_t most = field->list_max < 4 ? field->list_max : 4;
        size_t count = field->list_min + random_below (random, most - field->list_min + 1);
        while (count--)
            json_array_append_new (list, value_of (random, field));
        json_object_set_new (made, field->name, list);
    }
    return made;
}

static json_t *value_of (struct random *random, const struct field *field)
{
    static const char *const base64[] = { "", "AA==", "AAA=", "AAAA", "+/+/" };
    char text[1024];
    int64_t range = field->max - field->min;
    switch (field->type) {
    case FIELD_INT:
        return json_integer (field->min + (int64_t) random_below (random, (size_t) range + 1));
    case FIELD_TENTHS:
        return json_real (
            (double) (field->min + (int64_t) random_below (random, (size_t) range + 1)) / 10);
    case FIELD_BOOL: return json_boolean (random_below (random, 2));
    case FIELD_TIME:
        when_text ((int64_t) random_below (random, 1000000000) * 4000 +
                       (int64_t) random_below (random, 2) * 1250,
                   text);
        return json_string (text);
    case FIELD_CHOICE:
        return json_string (field->choices[random_below (random, field->choice_count)]);
    case FIELD_PARTY: return json_string (random_below (random, 2) ? "pk" : "pk.sindh.kpt");
    case FIELD_TERM: return json_string (random_below (random, 2) ? "pk.**" : "@energy");
    case FIELD_ID: return json_string ("pk.sindh/1.0123456789abcdef-3");
    case FIELD_RECORD: return record_of (random, field);
    case FIELD_BYTES:
        *text = 0;
        /* Three bytes each, then what is left of the least. */
        for (int64_t left = field->min / 3; left > 0; left--)
            strcat (text, "AbC/");
        strcat (text, base64[field->min % 3]);
        return json_string (text);
    default: return text_of (random, field->min, field->max);
    }
}

json_t *random_body (struct random *random, const struct schema *schema)
{
    return record_of (random, &schema->body);
}
