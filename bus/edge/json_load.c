/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Files that people take for JSON, by their first bytes. */
static const struct {
    const char *magic;
    const char *what;
} looks[] = {
    { "%PDF", "a PDF; attach it to a message: --attach FILE" },
    { "PK\x03\x04", "a ZIP archive or an office document; attach it to a message: --attach FILE" },
    { "\xd0\xcf\x11\xe0", "an old office document; attach it to a message: --attach FILE" },
    { "\x1f\x8b", "a gzip archive; unpack it first" },
    { "BZh", "a bzip2 archive; unpack it first" },
    { "\xfd"
      "7zXZ",
      "an xz archive; unpack it first" },
    { "\x89PNG", "a picture; attach it to a message: --attach FILE" },
    { "\xff\xd8\xff", "a picture; attach it to a message: --attach FILE" },
    { "{\\rtf", "an RTF document" },
    { "\xff\xfe", "UTF-16; save it as UTF-8" },
    { "\xfe\xff", "UTF-16; save it as UTF-8" },
    { "<!DOCTYPE", "HTML" },
    { "<!doctype", "HTML" },
    { "<html", "HTML" },
    { "<", "XML or HTML" },
    { "-----BEGIN", "a key, a certificate or a signed text (PEM or PGP)" },
    { "From ", "a mail" },
    { "Received:", "a mail" },
    { "Return-Path:", "a mail" },
    { "---", "YAML" },
};

static const char *looks_like (struct span bytes)
{
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        size_t size = strlen (looks[i].magic);
        if (bytes.size >= size && memcmp (bytes.data, looks[i].magic, size) == 0)
            return looks[i].what;
    }
    return NULL;
}

static struct span without_blanks (struct span bytes)
{
    while (bytes.size && strchr (" \t\r\n", bytes.data[0]) && bytes.data[0])
        bytes = span_bytes (bytes.data + 1, bytes.size - 1);
    return bytes;
}

/* jansson quotes the document in its messages; C1 controls are U+0080 to U+009F. */
static void defang (char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char) *text, next = (unsigned char) text[1];
        if (c < 0x20 || c == 0x7f)
            *text = '?';
        else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
            text[0] = text[1] = '?';
    }
}

static json_t *not_text (struct span bytes, const char *name, char *why, size_t why_size)
{
    unsigned line = 1, column = 1;
    size_t at = 0;
    while (at < bytes.size) {
        size_t step = 1;
        while (step <= 4 && at + step <= bytes.size &&
               !span_utf8 (span_bytes (bytes.data + at, step)))
            step++;
        if (step > 4 || at + step > bytes.size)
            break;
        column = bytes.data[at] == '\n' ? 1 : column + 1;
        line += bytes.data[at] == '\n';
        at += step;
    }
    snprintf (why, why_size, "%s:%u:%u: %s", name, line, column,
              at < bytes.size && bytes.data[at] == 0 ? "a NUL byte: this is no text file"
                                                     : "not UTF-8; save the file as UTF-8");
    return NULL;
}

json_t *json_read_document (struct span bytes, const char *name, char *why, size_t why_size)
{
    if (bytes.size >= 3 && memcmp (bytes.data, "\xef\xbb\xbf", 3) == 0)
        bytes = span_bytes (bytes.data + 3, bytes.size - 3);
    struct span start = without_blanks (bytes);
    const char *what = looks_like (start);
    if (start.size == 0 || what) {
        snprintf (why, why_size, "%s: expected a JSON document; this %s%s", name,
                  what ? "looks like " : "is empty", what ? what : "");
        return NULL;
    }
    if (!span_utf8 (bytes))
        return not_text (bytes, name, why, why_size);

    json_error_t error;
    json_t *document =
        json_loadb ((const char *) bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &error);
    if (!document) {
        if (json_error_code (&error) == json_error_null_character)
            snprintf (error.text, sizeof error.text, "\\u0000 is not allowed");
        defang (error.text);
        snprintf (why, why_size, "%s:%d:%d: %s", name, error.line, error.column, error.text);
        return NULL;
    }
    if (!json_is_object (document)) {
        snprintf (why, why_size, "%s: a list [ ... ]; expected an object { ... }", name);
        json_decref (document);
        return NULL;
    }
    return document;
}

json_t *json_load_document (const char *path, char *why, size_t why_size)
{
    bool standard = strcmp (path, "-") == 0;
    const char *name = standard ? "standard input" : path;
    FILE *file = standard ? stdin : fopen (path, "re");
    if (!file) {
        snprintf (why, why_size, "%s: cannot be read: %s", name, strerror (errno));
        return NULL;
    }
    char *text = malloc (JSON_DOCUMENT_MAX + 1);
    if (!text)
        abort ();
    json_t *document = NULL;
    size_t size = fread (text, 1, JSON_DOCUMENT_MAX + 1, file);
    if (ferror (file))
        snprintf (why, why_size, "%s: cannot be read: %s", name, strerror (errno));
    else if (size > JSON_DOCUMENT_MAX)
        snprintf (why, why_size, "%s: larger than %zu MiB", name, JSON_DOCUMENT_MAX >> 20);
    else
        document = json_read_document (span_bytes (text, size), name, why, why_size);
    free (text);
    if (!standard)
        fclose (file);
    return document;
}

char *json_print (const json_t *value, bool pretty)
{
    size_t flags = JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION (15);
    char *text = json_dumps (value, flags | (pretty ? JSON_INDENT (2) : JSON_COMPACT));
    if (!text)
        abort ();
    return text;
}
