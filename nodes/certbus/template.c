/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "nodes/certbus/args.h"
#include "nodes/certbus/template_own.h"

#define COMPLAINT     "#! "
#define CONTENT       "content_"
#define NAMES_MAX     400
#define HEADING_LEAST 5

/* X (name, place among them, type, list, meaning): sorted by name, as fields are. */
#define SETTINGS(X)                                                                                \
    X (by, 4, FIELD_TEXT, false, "who answers for it")                                             \
    X (exercise, 7, FIELD_TEXT, false, "the announcement, where the mode is exercise")             \
    X (kind, 0, FIELD_TEXT, false, "what it is")                                                   \
    X (may_climb_to, 9, FIELD_TEXT, false, "the party up to which it may be passed on")            \
    X (message_expires, 10, FIELD_TIME, false, "when the message becomes history")                 \
    X (mode, 6, FIELD_TEXT, false, "live, exercise or test; live when it is empty")                \
    X (precedence, 3, FIELD_TEXT, false, "flash, routine or bulk; as the kind wants when empty")   \
    X (replaces, 8, FIELD_TEXT, false, "the message that this one takes the place of")             \
    X (thread, 5, FIELD_TEXT, false, "the first message of the thread that it belongs to")         \
    X (tlp, 1, FIELD_TEXT, false, "CLEAR, GREEN, AMBER, AMBER+STRICT or RED")                      \
    X (to, 2, FIELD_TERM, true, "for whom: pk.sindh, pk.sindh.** or @energy, with commas between")

#define NAME_X(setting, place, kind_of, is_list, about)                                            \
    static char setting##_name[] = #setting, setting##_meaning[] = about;
SETTINGS (NAME_X)
#define FIELD_X(setting, place, kind_of, is_list, about)                                           \
    { .name = setting##_name,                                                                      \
      .meaning = setting##_meaning,                                                                \
      .type = kind_of,                                                                             \
      .list = is_list,                                                                             \
      .list_max = 32,                                                                              \
      .until = true,                                                                               \
      .order = place },
static struct field setting_fields[] = { SETTINGS (FIELD_X) };

const struct field template_envelope = { .type = FIELD_RECORD,
                                         .field_count =
                                             sizeof setting_fields / sizeof setting_fields[0],
                                         .fields = setting_fields };

static const struct field *field_named (const struct field *record, const char *name)
{
    for (size_t i = 0; i < record->field_count; i++)
        if (strcmp (record->fields[i].name, name) == 0)
            return &record->fields[i];
    return NULL;
}

void label_of (const struct field *field, bool outermost, char label[LABEL_MAX])
{
    bool setting =
        field >= setting_fields && field < setting_fields + template_envelope.field_count;
    bool taken = outermost && !setting && field_named (&template_envelope, field->name);
    snprintf (label, LABEL_MAX, "%s%s", taken ? CONTENT : "", field->name);
    for (char *at = label; *at; at++)
        if (*at == '_')
            *at = ' ';
    if (outermost)
        *label = (char) toupper ((unsigned char) *label);
    if (setting && strcmp (label, "Tlp") == 0)
        snprintf (label, LABEL_MAX, "TLP");
}

const struct field *field_labelled (const struct field *record, const char *label)
{
    size_t size = strlen (CONTENT);
    const struct field *field = field_named (record, label);
    if (!field && strncmp (label, CONTENT, size) == 0 &&
        field_named (&template_envelope, label + size))
        field = field_named (record, label + size);
    return field;
}

size_t label_size (struct span line)
{
    size_t size = 0;
    if (!line.size || !isalpha (line.data[0]))
        return 0;
    while (size < line.size && size + 1 < LABEL_MAX &&
           (isalnum (line.data[size]) || strchr (" _-", line.data[size])) && line.data[size])
        size++;
    bool ends = size < line.size && line.data[size] == ':' &&
                (size + 1 == line.size || isspace (line.data[size + 1]));
    return ends ? size : 0;
}

void label_name (struct span label, char name[LABEL_MAX])
{
    while (label.size && isspace (label.data[label.size - 1]))
        label.size--;
    span_text (label, name, LABEL_MAX);
    for (char *at = name; *at; at++)
        *at = *at == ' ' || *at == '-' ? '_' : (char) tolower ((unsigned char) *at);
}

static bool stands_alone (struct span line, size_t label)
{
    for (size_t i = label + 1; i < line.size; i++)
        if (!isspace (line.data[i]))
            return false;
    return true;
}

const char *label_meant (const struct open_records *open, struct span line)
{
    const char *names[NAMES_MAX + 1];
    char name[LABEL_MAX];
    size_t count = 0, size = label_size (line);
    if (!size)
        return NULL;
    for (size_t i = 0; i < open->count; i++)
        for (size_t k = 0; k < open->at[i]->field_count && count < NAMES_MAX; k++)
            names[count++] = open->at[i]->fields[k].name;
    names[count] = NULL;
    label_name (span_bytes (line.data, size), name);
    return args_meant (name, names);
}

bool line_is_heading (const struct open_records *open, struct span line)
{
    char name[LABEL_MAX];
    while (line.size && isspace (line.data[0]))
        line = span_bytes (line.data + 1, line.size - 1);
    size_t size = label_size (line);
    if (!size)
        return false;
    label_name (span_bytes (line.data, size), name);
    for (size_t i = 0; i < open->count; i++)
        if (field_labelled (open->at[i], name))
            return true;
    /* A heading that was mistyped would vanish in the text before it. Short words are words. */
    return (stands_alone (line, size) || size >= HEADING_LEAST) && label_meant (open, line);
}

bool next_line (struct span *text, struct span *line)
{
    if (!text->size)
        return false;
    const uint8_t *end = memchr (text->data, '\n', text->size);
    size_t size = end ? (size_t) (end - text->data) : text->size;
    *line = span_bytes (text->data, size);
    *text = span_bytes (text->data + size + (end != NULL), text->size - size - (end != NULL));
    return true;
}

struct span trimmed (struct span line)
{
    while (line.size && isspace (line.data[0]))
        line = span_bytes (line.data + 1, line.size - 1);
    while (line.size && isspace (line.data[line.size - 1]))
        line.size--;
    return line;
}

bool template_kind (struct span text, char kind[KIND_MAX + 1])
{
    struct span line;
    char name[LABEL_MAX];
    while (next_line (&text, &line)) {
        size_t size = label_size (line);
        if (!size)
            continue;
        label_name (span_bytes (line.data, size), name);
        if (strcmp (name, kind_name) != 0)
            continue;
        line = trimmed (span_bytes (line.data + size + 1, line.size - size - 1));
        span_text (line, kind, KIND_MAX + 1);
        return line.size >= 1 && line.size <= KIND_MAX;
    }
    return false;
}

bool template_says (struct span text)
{
    struct span line;
    char name[LABEL_MAX];
    while (next_line (&text, &line)) {
        line = trimmed (line);
        if (!line.size || line.data[0] == '#')
            continue;
        if (line.data[0] == '-')
            line = trimmed (span_bytes (line.data + 1, line.size - 1));
        size_t size = label_size (line);
        label_name (span_bytes (line.data, size), name);
        /* Settings alone say nothing to anybody. */
        if (line.size &&
            !(size && (stands_alone (line, size) || field_named (&template_envelope, name))))
            return true;
    }
    return false;
}

/* The next line that is no comment. */
static bool next_said (struct span *text, struct span *line)
{
    while (next_line (text, line))
        if (!line->size || line->data[0] != '#')
            return true;
    return false;
}

bool template_same (struct span a, struct span b)
{
    struct span left, right;
    for (;;) {
        bool more = next_said (&a, &left);
        if (more != next_said (&b, &right))
            return false;
        if (!more)
            return true;
        if (!span_equal (left, right))
            return false;
    }
}

char *template_complain (struct span text, const char *complaint, unsigned *lines)
{
    char *made = NULL;
    size_t size;
    struct span line;
    FILE *file = open_memstream (&made, &size);
    if (!file)
        abort ();
    *lines = 0;
    struct span left = complaint ? span_of (complaint) : (struct span){ 0 };
    while (next_line (&left, &line)) {
        /* A comment keeps on one line what is long, and nothing in it is more than a comment. */
        fprintf (file, COMPLAINT SPAN_FMT "\n", SPAN_ARG (line));
        ++*lines;
    }
    while (next_line (&text, &line))
        if (line.size + 1 < strlen (COMPLAINT) ||
            memcmp (line.data, COMPLAINT, strlen (COMPLAINT) - 1) != 0)
            fprintf (file, SPAN_FMT "\n", SPAN_ARG (line));
    if (fclose (file) != 0)
        abort ();
    return made;
}
