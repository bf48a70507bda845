/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/csaf_part.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK " [...]"

const json_t *csaf_at (const json_t *object, const char *path)
{
    char name[64];
    while (object) {
        size_t size = strcspn (path, ".");
        snprintf (name, sizeof name, "%.*s", (int) size, path);
        object = json_object_get (object, name);
        if (!path[size])
            break;
        path += size + 1;
    }
    return object;
}

const char *csaf_text (const json_t *object, const char *path)
{
    const char *text = json_string_value (csaf_at (object, path));
    return text && *text ? text : NULL;
}

void csaf_set (json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new (object, name, value) != 0)
        abort ();
}

void csaf_append (json_t *array, json_t *value)
{
    if (json_array_append_new (array, value) != 0)
        abort ();
}

void csaf_remark (struct csaf_part *part, const char *format, ...)
{
    char text[400];
    bool cut = false;
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    json_t *remark = csaf_clean (text, sizeof text, &cut);
    if (remark)
        csaf_append (part->remarks, remark);
}

/* What may stay as it is: a character, 0 for a control or for half a character, which
 * is what printing with a precision leaves behind. */
static size_t good_character (const char *text, size_t left)
{
    unsigned char c = (unsigned char) text[0];
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
        return 0;
    if (c == 0xc2 && left > 1 && (unsigned char) text[1] < 0xa0)
        return 0;
    for (size_t size = 1; size <= 4 && size <= left; size++)
        if (span_utf8 (span_bytes (text, size)))
            return size;
    return 0;
}

json_t *csaf_clean (const char *text, size_t max, bool *cut)
{
    size_t size = text ? strlen (text) : 0;
    if (size == 0)
        return NULL;
    char *copy = strdup (text);
    if (!copy)
        abort ();
    for (size_t i = 0; i < size;) {
        size_t step = good_character (copy + i, size - i);
        if (step == 0)
            copy[i] = ' ';
        i += step ? step : 1;
    }
    if (size > max) {
        size = max - strlen (MARK);
        while (size && ((unsigned char) copy[size] & 0xc0) == 0x80)
            size--;
        strcpy (copy + size, MARK);
        *cut = true;
    }
    json_t *value = json_string (copy);
    free (copy);
    if (!value)
        abort ();
    return value;
}

void csaf_put (struct csaf_part *part, json_t *object, const char *name, const char *text,
               size_t max, const char *what)
{
    bool cut = false;
    json_t *value = csaf_clean (text, max, &cut);
    if (value)
        csaf_set (object, name, value);
    if (cut)
        csaf_remark (part, "%s was shortened to %zu bytes.", what, max);
}

void csaf_note (struct csaf_part *part, const char *title, const char *text)
{
    bool cut = false;
    if (!text || !*text)
        return;
    size_t room = CSAF_NOTES_BYTES - part->notes_size;
    if (json_array_size (part->notes) >= CSAF_NOTES || room < 200) {
        part->notes_left++;
        return;
    }
    size_t max = room < CSAF_TEXT ? room : CSAF_TEXT;
    json_t *note = json_object ();
    csaf_set (note, "title", csaf_clean (title && *title ? title : "Note", CSAF_LINE, &cut));
    cut = false;
    csaf_set (note, "text", csaf_clean (text, max, &cut));
    part->notes_size += json_string_length (json_object_get (note, "text"));
    if (cut)
        csaf_remark (part, "The note \"%.100s\" was shortened.", title && *title ? title : "Note");
    csaf_append (part->notes, note);
}
