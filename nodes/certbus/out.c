/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/out.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bus/core/when.h"
#include "bus/edge/json.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/wrap.h"

/* Whether a person should not be shown this code point as it is. */
static bool is_unsafe (uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } unsafe[] = {
        { 0x00, 0x1f },       /* C0 controls: escape sequences begin here */
        { 0x7f, 0x9f },       /* DEL and C1 controls */
        { 0xad, 0xad },       /* soft hyphen, seen by nobody */
        { 0x200b, 0x200b },   /* zero width space; ZWJ and ZWNJ are part of writing Urdu */
        { 0x2028, 0x202e },   /* line separators, embeddings, overrides */
        { 0x2060, 0x206f },   /* invisible operators, isolates */
        { 0xfeff, 0xfeff },   /* byte order mark */
        { 0xfff9, 0xfffb },   /* interlinear annotation */
        { 0xe0000, 0xe007f }, /* tags */
    };
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++)
        if (code >= unsafe[i].first && code <= unsafe[i].last)
            return true;
    return false;
}

/* The code point at the front; `*size` is its length. False: not UTF-8, one byte. */
static bool next_code (struct span text, uint32_t *code, size_t *size)
{
    uint8_t first = text.data[0];
    *size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first == 0 || *size > text.size || !span_utf8 (span_bytes (text.data, *size))) {
        *size = 1;
        *code = first;
        return false;
    }
    *code = *size == 1 ? first : first & (0xffu >> (*size + 1));
    for (size_t i = 1; i < *size; i++)
        *code = *code << 6 | (text.data[i] & 0x3f);
    return true;
}

#define PIECE_MAX 16
#define WRAP      80 /* a text of several lines is broken at the first blank after this */

/* One code point as it may be shown; returns how much of `text` it used. */
static size_t next_piece (struct span text, bool lines, char piece[PIECE_MAX])
{
    uint32_t code;
    size_t size;
    if (!next_code (text, &code, &size))
        snprintf (piece, PIECE_MAX, "<%02X>", (unsigned) code);
    else if (code == '\t')
        snprintf (piece, PIECE_MAX, " ");
    else if (lines && code == '\n')
        snprintf (piece, PIECE_MAX, "\n");
    else if (lines && code == '\r' && text.size > 1 && text.data[1] == '\n')
        piece[0] = 0;
    else if (is_unsafe (code))
        snprintf (piece, PIECE_MAX, "<U+%04X>", (unsigned) code);
    else
        snprintf (piece, PIECE_MAX, "%.*s", (int) size, (const char *) text.data);
    return size;
}

static struct span rest (struct span text, size_t from)
{
    return span_bytes (text.data + from, text.size - from);
}

struct line line_of (struct span text)
{
    struct line line = { "" };
    size_t used = 0;
    for (size_t at = 0; at < text.size;) {
        char piece[PIECE_MAX];
        at += next_piece (rest (text, at), false, piece);
        size_t size = strlen (piece);
        if (used + size + sizeof "..." > sizeof line.text) {
            snprintf (line.text + used, sizeof line.text - used, "...");
            return line;
        }
        snprintf (line.text + used, sizeof line.text - used, "%s", piece);
        used += size;
    }
    return line;
}

struct line line_text (const char *text)
{
    return line_of (span_of (text));
}

struct line line_flat (struct span text)
{
    char flat[LINE_MAX_BYTES];
    size_t used = 0;
    for (size_t at = 0; at < text.size && used < sizeof flat; at++) {
        bool blank = text.data[at] == '\n' || text.data[at] == ' ';
        if (!blank)
            flat[used++] = (char) text.data[at];
        else if (used && flat[used - 1] != ' ')
            flat[used++] = ' ';
    }
    return line_of (span_bytes (flat, used));
}

static struct wrap wrap;
static bool wrapping;

static void put_shown (FILE *file, const char *shown)
{
    if (wrapping && file == stdout)
        wrap_put (&wrap, shown);
    else
        fputs (shown, file);
}

void say_wrapped (int indent)
{
    wrapping = screen_width () > 0;
    if (wrapping)
        wrap_begin (&wrap, stdout, screen_width (), indent);
}

void say_unwrapped (void)
{
    if (wrapping)
        wrap_end (&wrap);
    wrapping = false;
}

/* Writes text with line feeds; after each that is not the last goes an indent. */
static void put (FILE *file, struct span text, int indent)
{
    size_t column = 0;
    for (size_t at = 0; at < text.size;) {
        char piece[PIECE_MAX];
        at += next_piece (rest (text, at), true, piece);
        column++;
        if (indent && column > WRAP && strcmp (piece, " ") == 0)
            snprintf (piece, sizeof piece, "\n");
        put_shown (file, piece);
        if (*piece != '\n')
            continue;
        column = 0;
        if (indent && at < text.size)
            fprintf (file, "%*s", indent, "");
    }
}

static void put_formatted (FILE *file, const char *format, va_list args)
    __attribute__ ((format (printf, 2, 0)));
static void put_formatted (FILE *file, const char *format, va_list args)
{
    char *text;
    if (vasprintf (&text, format, args) < 0)
        abort ();
    put (file, span_of (text), 0);
    free (text);
}

void say (const char *format, ...)
{
    va_list args;
    va_start (args, format);
    put_formatted (stdout, format, args);
    va_end (args);
}

void say_block (struct span text, int indent)
{
    while (text.size && text.data[text.size - 1] == '\n')
        text.size--;
    printf ("%*s", indent, "");
    put (stdout, text, indent);
    putchar ('\n');
}

void complain (const char *format, ...)
{
    va_list args;
    va_start (args, format);
    fflush (stdout);
    fputs ("certbus: ", stderr);
    put_formatted (stderr, format, args);
    fputc ('\n', stderr);
    va_end (args);
}

const char *style_code (enum style which)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "\033[0m",  [STYLE_STRONG] = "\033[1m",  [STYLE_GOOD] = "\033[1;32m",
        [STYLE_BAD] = "\033[1;31m", [STYLE_WARN] = "\033[1;33m", [STYLE_GONE] = "\033[2;9m",
    };
    return screen_coloured () ? codes[which] : "";
}

void style (enum style which)
{
    put_shown (stdout, style_code (which));
}

/* Whatever is not ASCII stands inside a JSON string, where it may be escaped. */
static void put_json (FILE *file, struct span text)
{
    for (size_t at = 0; at < text.size;) {
        uint32_t code;
        size_t size;
        bool good = next_code (rest (text, at), &code, &size);
        if (!good || code < 0x20 || !is_unsafe (code))
            fwrite (text.data + at, 1, size, file);
        else if (code > 0xffff)
            fprintf (file, "\\u%04x\\u%04x", (unsigned) (0xd800 + ((code - 0x10000) >> 10)),
                     (unsigned) (0xdc00 + ((code - 0x10000) & 0x3ff)));
        else
            fprintf (file, "\\u%04x", (unsigned) code);
        at += size;
    }
}

static void write_json (FILE *file, const json_t *value, size_t layout)
{
    /* A score of 8.1 is 8.1, not 8.0999999999999996. */
    char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_REAL_PRECISION (15) | layout);
    if (!text)
        abort ();
    put_json (file, span_of (text));
    putc ('\n', file);
    free (text);
}

void say_json (json_t *value, bool pretty)
{
    write_json (stdout, value, pretty ? JSON_INDENT (2) : JSON_COMPACT);
    json_decref (value);
}

char *json_line (json_t *value)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream (&text, &size);
    if (!file)
        abort ();
    write_json (file, value, JSON_COMPACT);
    if (fclose (file) != 0)
        abort ();
    return text;
}

json_t *json_span (struct span text)
{
    json_t *made = text.size ? json_stringn ((const char *) text.data, text.size) : json_null ();
    /* What is not UTF-8 cannot stand in JSON, and does not come from a parsed message. */
    return made ? made : json_null ();
}

json_t *json_time (int64_t ms)
{
    char text[WHEN_TEXT];
    if (ms <= 0)
        return json_null ();
    when_text (ms, text);
    return json_string (text);
}

json_t *json_hex (struct span bytes)
{
    char *text = malloc (2 * bytes.size + 1);
    if (!text)
        abort ();
    text[0] = 0;
    for (size_t i = 0; i < bytes.size; i++)
        snprintf (text + 2 * i, 3, "%02x", bytes.data[i]);
    json_t *made = json_string (text);
    free (text);
    return made;
}

json_t *json_ref (const struct msg_id *id)
{
    if (!id->origin.size)
        return json_null ();
    char text[ID_JSON];
    json_id_text (id, text);
    return json_string (text);
}
