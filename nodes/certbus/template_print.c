/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/core/when.h"
#include "bus/edge/json.h"
#include "nodes/certbus/template_own.h"

#define WRAP        78
#define STEP        2
#define BASE64_LINE 64
#define LONG_TEXT   500 /* a field that may hold more is a section: its text begins below */

struct printing {
    FILE *file;
    const struct day *day;
    struct open_records open;
};

static void put_record (struct printing *p, const struct field *record, const json_t *object,
                        int indent);

/* --- Comments ---------------------------------------------------------------------------- */

static void put_comment (struct printing *p, int indent, const char *text)
{
    int column = fprintf (p->file, "#%*s", indent, "");
    for (bool first = true; *text; first = false) {
        int word = (int) strcspn (text, " ");
        if (!first && column + 1 + word > WRAP)
            column = fprintf (p->file, "\n#%*s", indent + STEP, "") - 1;
        column += fprintf (p->file, " %.*s", word, text);
        text += word + (int) strspn (text + word, " ");
    }
    fputs ("\n", p->file);
}

static void add_form (FILE *file, const struct field *field)
{
    switch (field->type) {
    case FIELD_INT:
        fprintf (file, " (a number, %" PRId64 " to %" PRId64 ")", field->min, field->max);
        break;
    case FIELD_TENTHS:
        fprintf (file, " (%.1f to %.1f)", (double) field->min / 10, (double) field->max / 10);
        break;
    case FIELD_BOOL: fputs (" (yes or no)", file); break;
    case FIELD_TIME: fputs (" (2026-12-01 18:00, tomorrow 18:00, friday, in 3 days)", file); break;
    case FIELD_CHOICE:
        for (size_t i = 0; i < field->choice_count; i++)
            fprintf (file, "%s%s",
                     i             ? ", "
                     : field->list ? " (some of: "
                                   : " (one of: ",
                     field->choices[i]);
        fputs (")", file);
        break;
    case FIELD_PARTY: fputs (" (a party: pk.sindh)", file); break;
    case FIELD_ID: fputs (" (an id in full: pk/1.0123456789abcdef-3)", file); break;
    case FIELD_BYTES: fputs (" (base64)", file); break;
    default: break;
    }
}

static void explain (struct printing *p, const struct field *field, bool outermost, int indent)
{
    char label[LABEL_MAX], *text = NULL;
    size_t size;
    bool dashes = field->list && (field->type == FIELD_TEXT || field->type == FIELD_RECORD);
    label_of (field, outermost, label);
    FILE *file = open_memstream (&text, &size);
    if (!file)
        abort ();
    /* The broker gives the next number to a document that has none. */
    bool given = outermost && strcmp (field->name, "number") == 0;
    fprintf (file, "%s: %s%s", label, field->meaning,
             given             ? "; empty: the next one of this party"
             : field->required ? "; NEEDED"
                               : "");
    add_form (file, field);
    fputs (dashes ? "; each after \"- \"" : "", file);
    if (fclose (file) != 0)
        abort ();
    put_comment (p, indent, text);
    free (text);
    for (unsigned order = 0; order < field->field_count; order++)
        for (size_t i = 0; i < field->field_count; i++)
            if (field->fields[i].order == order)
                explain (p, &field->fields[i], false, indent + STEP);
}

/* --- Values ------------------------------------------------------------------------------ */

/* A line, so that it is read as this line and nothing else; a value that must stand on one line
 * is one, whatever is in it. `edge`: the first or the
 * last one, where blanks would be lost. */
static void put_line (struct printing *p, struct span line, int indent, bool edge)
{
    size_t blank = 0;
    while (blank < line.size && isspace (line.data[blank]))
        blank++;
    bool empty = blank == line.size;
    struct span shown = span_bytes (line.data + blank, line.size - blank);
    bool escaped = (empty && (edge || line.size)) || (!empty && line.data[0] == '\\') ||
                   (!empty && (shown.data[0] == '#' || shown.data[0] == '\\')) ||
                   line_is_heading (&p->open, line);
    if (empty && !escaped) {
        fputs ("\n", p->file);
        return;
    }
    fprintf (p->file, "%*s", indent, "");
    if (memchr (line.data, '\r', line.size) || memchr (line.data, '\n', line.size)) {
        json_t *value = json_stringn ((const char *) line.data, line.size);
        char *text = json_dumps (value, JSON_ENCODE_ANY);
        fprintf (p->file, "\\%s\n", text);
        free (text);
        json_decref (value);
    } else {
        fprintf (p->file, "%s" SPAN_FMT "\n", escaped ? "\\" : "", SPAN_ARG (line));
    }
}

static void put_lines (struct printing *p, struct span text, int indent)
{
    for (bool first = true;; first = false) {
        const uint8_t *end = memchr (text.data, '\n', text.size);
        size_t size = end ? (size_t) (end - text.data) : text.size;
        put_line (p, span_bytes (text.data, size), indent, first || !end);
        if (!end)
            return;
        text = span_bytes (text.data + size + 1, text.size - size - 1);
    }
}

/* Whether a text can stand behind its heading. */
static bool fits (struct span text)
{
    return text.size && text.data[0] != '\\' && !isspace (text.data[0]) &&
           !isspace (text.data[text.size - 1]) && !memchr (text.data, '\n', text.size) &&
           !memchr (text.data, '\r', text.size) && !span_is (text, "[]") && !span_is (text, "{}");
}

static void put_base64 (struct printing *p, const char *text, int indent)
{
    if (strlen (text) <= BASE64_LINE) {
        fprintf (p->file, " %s\n", *text ? text : "\\");
        return;
    }
    fputs ("\n", p->file);
    for (size_t left = strlen (text), now; left; left -= now, text += now) {
        now = left < BASE64_LINE ? left : BASE64_LINE;
        fprintf (p->file, "%*s%.*s\n", indent, "", (int) now, text);
    }
}

/* A value after its heading or its dash; ends the line. */
static void put_one (struct printing *p, const struct field *field, const json_t *value, int indent)
{
    struct span text = span_bytes (json_string_value (value), json_string_length (value));
    char shown[DAY_TEXT];
    int64_t ms;
    if (json_is_boolean (value)) {
        fprintf (p->file, " %s\n", json_is_true (value) ? "yes" : "no");
    } else if (json_is_integer (value)) {
        fprintf (p->file, " %" PRId64 "\n", (int64_t) json_integer_value (value));
    } else if (json_is_real (value)) {
        fprintf (p->file, " %.1f\n", json_real_value (value));
    } else if (!text.data) {
        fputs ("\n", p->file);
    } else if (field->type == FIELD_TIME && when_parse (text, &ms)) {
        day_text (ms, p->day, shown);
        fprintf (p->file, " %s\n", shown);
    } else if (field->type == FIELD_BYTES) {
        put_base64 (p, (const char *) text.data, indent);
    } else if (fits (text) && !(field->max > LONG_TEXT && !field->list)) {
        fprintf (p->file, " " SPAN_FMT "\n", SPAN_ARG (text));
    } else if (field->type == FIELD_TEXT) {
        fputs ("\n", p->file);
        put_lines (p, text, indent);
    } else {
        fputs ("\n", p->file);
        put_line (p, text, indent, true);
    }
}

/* The elements of a row with commas between, on one line that begins no setting: a message that
 * this schema does not judge may have anything in their place. Returns owned. */
static char *row_text (const json_t *list)
{
    char *text = NULL;
    const json_t *value;
    size_t i, size;
    FILE *file = open_memstream (&text, &size);
    if (!file)
        abort ();
    json_array_foreach (list, i, value)
    {
        if (json_is_boolean (value))
            fputs (json_is_true (value) ? "yes" : "no", file);
        else if (json_is_integer (value))
            fprintf (file, "%" PRId64, (int64_t) json_integer_value (value));
        else if (json_is_real (value))
            fprintf (file, "%.1f", json_real_value (value));
        else
            fputs (json_is_string (value) ? json_string_value (value) : "", file);
        putc (',', file);
    }
    if (fclose (file) != 0)
        abort ();
    for (char *at = text; *at; at++)
        *at = iscntrl ((unsigned char) *at) ? ' ' : *at;
    return text;
}

static void put_row (struct printing *p, const json_t *list)
{
    char *text = row_text (list), *rest = text, *word;
    size_t count = 0;
    while ((word = row_next (&rest))) {
        /* What would be read as an escape, or as nothing. */
        bool escaped = count == 0 && (*word == '\\' || strcmp (word, "[]") == 0);
        fprintf (p->file, "%s %s%s", count++ ? "," : "", escaped ? "\\" : "", word);
    }
    fputs (count ? "\n" : " []\n", p->file);
    free (text);
}

static void put_list (struct printing *p, const struct field *field, const json_t *list, int indent)
{
    const json_t *value;
    size_t i;
    if (json_array_size (list) == 0) {
        fputs (" []\n", p->file);
        return;
    }
    if (stands_in_a_row (field)) {
        put_row (p, list);
        return;
    }
    fputs ("\n", p->file);
    json_array_foreach (list, i, value)
    {
        fprintf (p->file, "%*s-", indent, "");
        if (field->type != FIELD_RECORD)
            put_one (p, field, value, indent + STEP);
        else if (json_object_size (value) == 0)
            fputs (" {}\n", p->file);
        else
            put_record (p, field, value, -(indent + STEP));
    }
}

/* Something to fill in, where nothing is said yet. */
static void put_skeleton (struct printing *p, const struct field *record, int indent)
{
    char label[LABEL_MAX];
    bool first = true;
    for (size_t i = 0; record->list && i < record->field_count; i++)
        if (record->fields[i].type == FIELD_BYTES && record->fields[i].required)
            return;
    for (unsigned order = 0; order < record->field_count; order++) {
        for (size_t i = 0; i < record->field_count; i++) {
            if (record->fields[i].order != order)
                continue;
            label_of (&record->fields[i], false, label);
            fprintf (p->file, "%*s%s%s:\n", indent, "",
                     !record->list ? ""
                     : first       ? "- "
                                   : "  ",
                     label);
            first = false;
        }
    }
}

static void put_field (struct printing *p, const struct field *field, const json_t *value,
                       int indent)
{
    int inside = indent + STEP;
    bool outermost = indent == 0;
    if (!value) {
        fputs ("\n", p->file);
        if (field->type == FIELD_RECORD && outermost)
            put_skeleton (p, field, inside);
        else if (field->max > LONG_TEXT && field->type == FIELD_TEXT && !field->list && outermost)
            fputs ("\n", p->file);
    } else if (json_is_array (value)) {
        put_list (p, field, value, inside);
    } else if (field->type != FIELD_RECORD) {
        put_one (p, field, value, outermost ? 0 : inside);
    } else if (json_object_size (value) == 0) {
        fputs (" {}\n", p->file);
    } else {
        fputs ("\n", p->file);
        put_record (p, field, value, inside);
    }
}

/* The fields of a record in the order of its schema. A negative indent: the first one stands
 * behind a dash already. The outermost records show what they have not, too. */
static void put_record (struct printing *p, const struct field *record, const json_t *object,
                        int indent)
{
    char label[LABEL_MAX];
    bool behind = indent < 0, outermost = indent == 0;
    indent = behind ? -indent : indent;
    if (!outermost)
        p->open.at[p->open.count++] = record;
    for (unsigned order = 0; order < record->field_count; order++) {
        for (size_t i = 0; i < record->field_count; i++) {
            const struct field *field = &record->fields[i];
            const json_t *value = json_object_get (object, field->name);
            if (field->order != order || (!value && !outermost))
                continue;
            label_of (field, outermost, label);
            if (outermost)
                explain (p, field, true, 0);
            fprintf (p->file, "%*s%s:", behind ? 1 : indent, "", label);
            put_field (p, field, value, indent);
            behind = false;
        }
    }
    if (!outermost)
        p->open.count--;
}

static void name_unknown (struct printing *p, const struct schema *schema, const json_t *body)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) (uintptr_t) body, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < schema->body.field_count; i++)
            known = known || strcmp (schema->body.fields[i].name, key) == 0;
        if (!known && !strchr (key, '\n'))
            fprintf (p->file, "# Left out, because the schema here does not have it: %s\n", key);
    }
}

/* The settings under the names that stand in a template. */
static json_t *settings_of (const json_t *document)
{
    json_t *made = json_object (), *expires = json_object_get (document, "expires");
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) (uintptr_t) document, key, value)
    {
        if (strcmp (key, "body") != 0 && strcmp (key, "expires") != 0)
            json_object_set (made, key, value);
    }
    if (expires)
        json_object_set (made, "message_expires", expires);
    return made;
}

static const char introduction[] =
    "Lines that begin with # are left out; what stays empty is not sent. Text goes behind a\n"
    "heading or, as much as you like, below it. A line of text that begins with # or reads\n"
    "like one of the headings gets a \\ in front.\n"
    "Nothing leaves before you have seen a summary and said yes to it. To leave it be, leave\n"
    "the file as it is, or empty it.\n";

char *template_print (const struct schema *schema, const json_t *document, const struct day *day)
{
    char *made = NULL, now[DAY_TEXT];
    size_t size;
    json_t *settings = settings_of (document);
    const json_t *body = json_object_get (document, "body");
    FILE *file = open_memstream (&made, &size);
    if (!file)
        abort ();
    struct printing p = { .file = file,
                          .day = day,
                          .open = { 2, { &template_envelope, &schema->body } } };
    day_text (day->now - day->now % 60000, day, now);
    if (!json_object_get (settings, "kind"))
        json_object_set_new (settings, "kind", json_string (schema->kind));
    fprintf (file, "# A message of kind %s. %s\n#\n", schema->kind, schema->meaning);
    for (const char *line = introduction; *line; line = strchr (line, '\n') + 1)
        fprintf (file, "# %.*s\n", (int) strcspn (line, "\n"), line);
    fprintf (file, "# It is %s; times without an offset are as the clock here shows.\n\n", now);
    put_record (&p, &template_envelope, settings, 0);
    fputs ("\n", file);
    put_record (&p, &schema->body, body, 0);
    name_unknown (&p, schema, body);
    if (fclose (file) != 0)
        abort ();
    json_decref (settings);
    return made;
}
