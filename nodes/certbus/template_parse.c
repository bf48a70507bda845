/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bus/core/when.h"
#include "nodes/certbus/template_own.h"

#define PATH_MAX_BYTES 200
#define FRAMES         (2 * FIELD_DEPTH + 4)
#define UNKNOWN_INDENT (-1)

/* A record or a list that is being read. */
struct frame {
    const struct field *field; /* of the outermost: the body */
    json_t *into;              /* borrowed: an object, or the array of a list */
    bool list;
    int indent; /* of its headings, or of its dashes */
    int least;  /* what that may be */
    char path[PATH_MAX_BYTES];
};

/* A value whose lines are being gathered. */
struct value {
    const struct field *field; /* NULL: none */
    json_t *into;
    int strip;      /* blanks before each line that are not its own */
    unsigned line;  /* of its heading */
    unsigned lines; /* gathered */
    unsigned said;  /* of them up to the last one that counts */
    size_t kept;    /* bytes up to the end of that */
    bool escaped;   /* one of them: nothing is left out by mistake */
    FILE *file;
    char *text;
    size_t size;
    char path[PATH_MAX_BYTES];
};

struct parsing {
    const struct schema *schema;
    const struct day *day;
    struct template_error *error;
    json_t *settings, *body;
    unsigned line;
    size_t depth;
    struct frame frames[FRAMES];
    struct value value;
    const char *wanted; /* a complaint whose line is looked for; NULL: none */
    size_t wanted_size;
    unsigned wanted_line;
};

static bool wrong (struct parsing *p, unsigned line, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
static bool wrong (struct parsing *p, unsigned line, const char *format, ...)
{
    va_list args;
    p->error->line = line;
    va_start (args, format);
    vsnprintf (p->error->why, sizeof p->error->why, format, args);
    va_end (args);
    return false;
}

static struct open_records open_now (const struct parsing *p)
{
    struct open_records open = { 2, { &template_envelope, &p->schema->body } };
    for (size_t i = 1; i < p->depth && open.count < OPEN_MAX; i++)
        if (!p->frames[i].list)
            open.at[open.count++] = p->frames[i].field;
    return open;
}

/* The line of the longest path that a complaint begins with. */
static void note_path (struct parsing *p, const char *path, unsigned line)
{
    size_t size = strlen (path);
    if (p->wanted && size > p->wanted_size && strncmp (p->wanted, path, size) == 0 &&
        strchr (".[: ", p->wanted[size])) {
        p->wanted_size = size;
        p->wanted_line = line;
    }
}

/* --- Values ------------------------------------------------------------------------------ */

/* One value, from its line. Returns owned. */
static json_t *convert (struct parsing *p, const struct value *value, const char *text)
{
    json_t *made = template_value (value->field, text, p->day, p->error->why);
    if (!made)
        p->error->line = value->line;
    return made;
}

static bool set_value (struct value *value, json_t *made)
{
    if (!made)
        return false;
    if (json_is_array (value->into))
        json_array_append_new (value->into, made);
    else
        json_object_set_new (value->into, value->field->name, made);
    return true;
}

/* "copied, deleted" for a list, behind its heading or behind a dash. */
static bool set_row (struct parsing *p, struct value *value, json_t *list)
{
    char *rest = value->text, *word;
    while ((word = row_next (&rest))) {
        json_t *made = convert (p, value, word);
        if (!made)
            return false;
        json_array_append_new (list, made);
    }
    return true;
}

static bool set_lines (struct parsing *p, struct value *value)
{
    const struct field *field = value->field;
    bool row = field->list && !json_is_array (value->into);
    if (field->type == FIELD_BYTES) {
        char *to = value->text;
        for (const char *from = value->text; *from; from++)
            if (!isspace ((unsigned char) *from))
                *to++ = *from;
        *to = 0;
    } else if (field->type != FIELD_TEXT && value->said > 1) {
        return wrong (p, value->line + 1, "'%.40s' takes one line", field->name);
    }
    if (row && !value->escaped && strcmp (value->text, "[]") == 0) {
        json_object_set_new (value->into, field->name, template_no_list ());
        return true;
    }
    if (!row && field->list && stands_in_a_row (field))
        return set_row (p, value, value->into);
    if (row && field->type == FIELD_TEXT) {
        if (strchr (value->text, ',') || value->said > 1)
            return wrong (p, value->line, "%.40s: several go below, each after \"- \"",
                          field->name);
        json_t *list = json_array ();
        json_object_set_new (value->into, field->name, list);
        value->into = list;
    } else if (row) {
        json_t *list = json_array ();
        json_object_set_new (value->into, field->name, list);
        return set_row (p, value, list);
    }
    return set_value (value, convert (p, value, value->text));
}

/* Takes what was gathered; nothing at all says nothing. */
static bool end_value (struct parsing *p)
{
    struct value *value = &p->value;
    bool good = true;
    if (!value->field)
        return true;
    if (fclose (value->file) != 0)
        abort ();
    if (value->lines && (value->kept || value->escaped)) {
        value->text[value->kept] = 0;
        good = set_lines (p, value);
    }
    free (value->text);
    *value = (struct value){ .field = NULL };
    return good;
}

static void begin_value (struct parsing *p, const struct field *field, json_t *into, int strip)
{
    struct value *value = &p->value;
    *value = (struct value){ .field = field, .into = into, .strip = strip, .line = p->line };
    value->file = open_memstream (&value->text, &value->size);
    if (!value->file)
        abort ();
}

/* Adds a line; blank ones count only when something follows. */
static void add_line (struct value *value, struct span line, bool counts)
{
    if (!value->lines && !counts)
        return;
    fprintf (value->file, "%s", value->lines++ ? "\n" : "");
    fwrite (line.data, 1, line.size, value->file);
    fflush (value->file);
    if (!counts)
        return;
    value->kept = value->size;
    value->said = value->lines;
}

static bool add_escaped (struct parsing *p, struct span line)
{
    struct value *value = &p->value;
    if (line.size < 2 || line.data[1] != '"') {
        add_line (value, span_bytes (line.data + 1, line.size - 1), true);
    } else {
        json_error_t ignored;
        json_t *text =
            json_loadb ((const char *) line.data + 1, line.size - 1, JSON_DECODE_ANY, &ignored);
        if (!json_is_string (text)) {
            json_decref (text);
            return wrong (p, p->line,
                          "after \\\" a JSON string is expected; for a line that "
                          "begins with \\ write \\\\");
        }
        add_line (value, span_bytes (json_string_value (text), json_string_length (text)), true);
        json_decref (text);
    }
    value->escaped = true;
    return true;
}

static int leading (struct span line, size_t *bytes)
{
    int column = 0;
    size_t at = 0;
    for (; at < line.size && (line.data[at] == ' ' || line.data[at] == '\t'); at++)
        column = line.data[at] == '\t' ? column / 8 * 8 + 8 : column + 1;
    *bytes = at;
    return column;
}

/* A line of text, from its first byte. */
static bool add_text (struct parsing *p, struct span line)
{
    struct value *value = &p->value;
    size_t strip = 0;
    while (strip < (size_t) value->strip && strip < line.size && line.data[strip] == ' ')
        strip++;
    line = span_bytes (line.data + strip, line.size - strip);
    if (line.size && line.data[0] == '\\')
        return add_escaped (p, line);
    bool blank = true;
    for (size_t i = 0; i < line.size; i++)
        blank = blank && isspace (line.data[i]);
    add_line (value, blank ? span_bytes (line.data, 0) : line, !blank);
    return true;
}

/* --- Structure --------------------------------------------------------------------------- */

/* What a schema may nest has room in any case. */
static struct frame *push (struct parsing *p, const struct field *field, json_t *into,
                           const char *path)
{
    assert (p->depth < FRAMES);
    struct frame *frame = &p->frames[p->depth++];
    *frame = (struct frame){
        .field = field, .into = into, .list = json_is_array (into), .indent = UNKNOWN_INDENT
    };
    snprintf (frame->path, sizeof frame->path, "%s", path);
    return frame;
}

/* The field of one frame; the outermost holds the settings, too. */
static const struct field *known_in (const struct parsing *p, size_t at, const char *name,
                                     bool *setting)
{
    const struct frame *frame = &p->frames[at];
    const struct field *field = at == 0 ? field_labelled (&template_envelope, name) : NULL;
    *setting = field != NULL;
    if (field)
        return field;
    return frame->list ? NULL : field_labelled (frame->field, name);
}

/* Which frame a heading stands in: by its indent; else where its name is known. */
static const struct field *find (const struct parsing *p, const char *name, int indent, size_t *at,
                                 bool *setting)
{
    size_t by_indent = 0;
    for (size_t i = 1; i < p->depth; i++) {
        const struct frame *frame = &p->frames[i];
        int least = frame->indent == UNKNOWN_INDENT ? frame->least : frame->indent;
        if (!frame->list && indent >= least)
            by_indent = i;
    }
    const struct field *field = known_in (p, by_indent, name, setting);
    *at = by_indent;
    for (size_t i = p->depth; !field && i-- > by_indent + 1;)
        field = known_in (p, *at = i, name, setting);
    for (size_t i = by_indent; !field && i-- > 0;)
        field = known_in (p, *at = i, name, setting);
    return field;
}

static bool said_twice (struct parsing *p, const struct field *field, const json_t *into)
{
    char label[LABEL_MAX];
    if (!json_object_get (into, field->name))
        return false;
    label_of (field, false, label);
    wrong (p, p->line, "'%s' stands here a second time", label);
    return true;
}

static bool begin_field (struct parsing *p, struct frame *frame, const struct field *field,
                         struct span rest, int indent)
{
    char path[PATH_MAX_BYTES];
    bool setting = field >= template_envelope.fields &&
                   field < template_envelope.fields + template_envelope.field_count;
    json_t *into = setting ? p->settings : frame->into;
    bool outermost = frame == &p->frames[0];
    int written =
        snprintf (path, sizeof path, "%s%s%s", frame->path, *frame->path ? "." : "", field->name);
    (void) written;
    note_path (p, path, p->line);
    if (said_twice (p, field, into))
        return false;
    rest = trimmed (rest);
    bool below = rest.size == 0;
    if (field->type == FIELD_RECORD && !below) {
        if (!span_is (rest, field->list ? "[]" : "{}"))
            return wrong (p, p->line, "'%.40s' has fields of its own, on the lines below",
                          field->name);
        json_object_set_new (into, field->name,
                             field->list ? template_no_list () : template_no_record ());
        return true;
    }
    if (below && (field->list || field->type == FIELD_RECORD)) {
        json_t *inside = field->list ? json_array () : json_object ();
        json_object_set_new (into, field->name, inside);
        push (p, field, inside, path)->least = indent + 1;
        return true;
    }
    begin_value (p, field, into, outermost ? 0 : indent + 2);
    return below || (rest.data[0] == '\\' ? add_escaped (p, rest) : add_text (p, rest));
}

static bool heading (struct parsing *p, struct span line, int indent, bool *was)
{
    char name[LABEL_MAX];
    size_t size = label_size (line), at;
    bool setting;
    *was = false;
    if (!size)
        return true;
    label_name (span_bytes (line.data, size), name);
    const struct field *field = find (p, name, indent, &at, &setting);
    if (!field)
        return true;
    *was = true;
    if (!end_value (p))
        return false;
    p->depth = at + 1;
    if (p->frames[at].indent == UNKNOWN_INDENT)
        p->frames[at].indent = indent;
    return begin_field (p, &p->frames[at], field,
                        span_bytes (line.data + size + 1, line.size - size - 1), indent);
}

/* "- ..." in a list that is open there. */
static bool dash (struct parsing *p, struct span line, int indent, bool *was)
{
    size_t at = 0, bytes;
    char path[PATH_MAX_BYTES];
    *was = false;
    if (!line.size || line.data[0] != '-' || (line.size > 1 && !isspace (line.data[1])))
        return true;
    for (size_t i = p->depth; i-- > 1 && !at;)
        if (p->frames[i].list &&
            (p->frames[i].indent == indent || p->frames[i].indent == UNKNOWN_INDENT))
            at = i;
    /* One that slipped belongs to the innermost list, where it can be no text. */
    for (size_t i = p->depth; i-- > 1 && !at && !p->value.field;)
        if (p->frames[i].list)
            at = i;
    if (!at)
        return true;
    *was = true;
    if (!end_value (p))
        return false;
    p->depth = at + 1;
    struct frame *list = &p->frames[at];
    list->indent = indent;
    line = span_bytes (line.data + 1, line.size - 1);
    int inside = indent + 1 + leading (line, &bytes);
    line = trimmed (line);
    snprintf (path, sizeof path, "%.180s[%zu]", list->path, json_array_size (list->into));
    note_path (p, path, p->line);
    if (list->field->type != FIELD_RECORD) {
        begin_value (p, list->field, list->into, indent + 2);
        return line.size == 0 ||
               (line.data[0] == '\\' ? add_escaped (p, line) : add_text (p, line));
    }
    bool nothing = span_is (line, "{}");
    json_t *object = nothing ? template_no_record () : json_object ();
    json_array_append_new (list->into, object);
    if (nothing)
        return true;
    push (p, list->field, object, path)->least = indent + 1;
    bool headed = line.size == 0;
    if (!headed && !heading (p, line, inside, &headed))
        return false;
    return headed || wrong (p, p->line, "'%.40s' begins with one of its headings, as in \"- %s:\"",
                            list->field->name, list->field->fields[0].name);
}

static bool no_place (struct parsing *p, struct span line)
{
    struct open_records open = open_now (p);
    const char *meant = label_meant (&open, line);
    size_t size = label_size (line);
    if (meant)
        return wrong (p, p->line, "there is no '%.*s'; did you mean '%s'?", (int) size,
                      (const char *) line.data, meant);
    return wrong (p, p->line, "'%.*s' stands below no heading that takes text",
                  (int) (line.size < 40 ? line.size : 40), (const char *) line.data);
}

static bool take_line (struct parsing *p, struct span whole)
{
    size_t bytes;
    bool was;
    if (whole.size && whole.data[whole.size - 1] == '\r')
        whole.size--;
    int indent = leading (whole, &bytes);
    struct span line = span_bytes (whole.data + bytes, whole.size - bytes);
    bool text = p->value.field && (p->value.field->type == FIELD_TEXT ||
                                   p->value.field->type == FIELD_BYTES || !p->value.lines);
    if (line.size && line.data[0] == '#')
        return true;
    if (trimmed (line).size == 0)
        return !p->value.field || add_text (p, line);
    if (line.data[0] != '\\') {
        if (!dash (p, line, indent, &was))
            return false;
        if (!was && !heading (p, line, indent, &was))
            return false;
        if (was)
            return true;
    }
    if (!text)
        return no_place (p, line);
    struct open_records open = open_now (p);
    if (line.data[0] != '\\' && line_is_heading (&open, line)) {
        const char *meant = label_meant (&open, line);
        return wrong (p, p->line,
                      "'%.*s' looks like the heading '%s'; if it is text, write a \\ before it",
                      (int) label_size (line), (const char *) line.data, meant ? meant : "");
    }
    return add_text (p, whole);
}

/* --- The whole --------------------------------------------------------------------------- */

static bool parse (struct parsing *p, struct span text)
{
    struct span line;
    if (text.size >= 3 && memcmp (text.data, "\xef\xbb\xbf", 3) == 0)
        text = span_bytes (text.data + 3, text.size - 3);
    if (!span_utf8 (text))
        return wrong (p, 0, "not UTF-8; save it as UTF-8");
    while (next_line (&text, &line)) {
        p->line++;
        if (!take_line (p, line))
            return false;
    }
    return end_value (p);
}

static struct parsing parsing_of (const struct schema *schema, const struct day *day,
                                  struct template_error *error)
{
    struct parsing p = { .schema = schema,
                         .day = day,
                         .error = error,
                         .settings = json_object (),
                         .body = json_object () };
    *error = (struct template_error){ 0 };
    push (&p, &schema->body, p.body, "")->indent = 0;
    return p;
}

static void parsing_end (struct parsing *p)
{
    if (p->value.field) {
        fclose (p->value.file);
        free (p->value.text);
    }
    json_decref (p->settings);
    json_decref (p->body);
}

json_t *template_parse (const struct schema *schema, struct span text, const struct day *day,
                        struct template_error *error)
{
    struct parsing p = parsing_of (schema, day, error);
    json_t *made = NULL;
    if (parse (&p, text)) {
        json_t *expires = json_object_get (p.settings, "message_expires");
        template_prune (p.body);
        template_prune (p.settings);
        if (expires) {
            json_object_set (p.settings, "expires", expires);
            json_object_del (p.settings, "message_expires");
        }
        made = json_incref (p.settings);
        json_object_set (made, "body", p.body);
    }
    parsing_end (&p);
    return made;
}

unsigned template_line (const struct schema *schema, struct span text, const struct day *day,
                        const char *complaint)
{
    struct template_error ignored;
    struct parsing p = parsing_of (schema, day, &ignored);
    p.wanted = complaint;
    parse (&p, text);
    unsigned line = p.wanted_line;
    parsing_end (&p);
    return line;
}
