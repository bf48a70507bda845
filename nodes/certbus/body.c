/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/body.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/record.h"

#define STEP        4
#define LINE_SHORT  100 /* longer text starts on a line of its own */
#define BYTES_SHOWN 32

static void print_value (const struct field *field, struct span value, int indent);
static void print_map (const struct field *record, struct span map, int indent);

static const struct field *field_named (const struct field *record, struct span name)
{
    for (size_t i = 0; record && i < record->field_count; i++)
        if (span_is (name, record->fields[i].name))
            return &record->fields[i];
    return NULL;
}

static void print_text (struct span text, int indent)
{
    if (text.size <= LINE_SHORT && !memchr (text.data, '\n', text.size)) {
        say (" %s\n", line_of (text).text);
    } else {
        say ("\n");
        say_block (text, indent + STEP);
    }
}

static void print_bytes (struct span bytes)
{
    say (" %zu bytes", bytes.size);
    for (size_t i = 0; bytes.size <= BYTES_SHOWN && i < bytes.size; i++)
        say ("%s%02x", i ? "" : ": ", bytes.data[i]);
    say ("\n");
}

static void print_int (const struct field *field, int64_t value)
{
    if (field && field->type == FIELD_TIME)
        say (" %s\n", when_of (value).text);
    else if (field && field->type == FIELD_TENTHS)
        say (" %s%lld.%lld\n", value < 0 ? "-" : "", llabs (value) / 10, llabs (value) % 10);
    else
        say (" %" PRId64 "\n", value);
}

static void print_array (const struct field *field, struct span value, int indent)
{
    struct msg_id id;
    struct pack_in in = pack_open (value), copy = in;
    if (msg_id_read (&copy, &id) && id.origin.size) {
        char text[ID_TEXT];
        msg_id_text (&id, text);
        say (" %s\n", text);
        return;
    }
    say ("\n");
    for (size_t left = pack_array (&in, 0, SIZE_MAX); left; left--) {
        struct span element = pack_any (&in);
        struct pack_in peek = pack_open (element);
        bool map = pack_peek (&peek) == PACK_MAP;
        say ("%*s-%s", indent + STEP - 2, "", map ? "\n" : "");
        if (map)
            print_map (field, element, indent + STEP);
        else
            print_value (field, element, indent);
    }
}

static void print_value (const struct field *field, struct span value, int indent)
{
    struct pack_in in = pack_open (value);
    switch (pack_peek (&in)) {
    case PACK_MAP:
        say ("\n");
        print_map (field, value, indent + STEP);
        break;
    case PACK_ARRAY: print_array (field, value, indent); break;
    case PACK_INT: print_int (field, pack_int (&in, INT64_MIN, INT64_MAX)); break;
    case PACK_BOOL: say (" %s\n", pack_bool (&in) ? "yes" : "no"); break;
    case PACK_STR: print_text (pack_str (&in, 0, SIZE_MAX), indent); break;
    case PACK_BIN: print_bytes (pack_bin (&in, 0, SIZE_MAX)); break;
    default: say (" -\n"); break;
    }
}

static void print_field (const struct field *record, struct span key, struct span value, int indent)
{
    char name[72];
    span_text (key, name, sizeof name);
    for (char *at = name; *at; at++)
        if (*at == '_')
            *at = ' ';
    say ("%*s%s:", indent, "", line_text (name).text);
    print_value (field_named (record, key), value, indent);
}

/* What a reader in a hurry needs, in this order; the rest follows in the order of bytes. */
static const char *const first[] = { "number",      "title", "severity", "summary",
                                     "description", "text",  "reason",   "detail" };

#define FIRST (sizeof first / sizeof first[0])

static bool comes_first (struct span key)
{
    for (size_t i = 0; i < FIRST; i++)
        if (span_is (key, first[i]))
            return true;
    return false;
}

static void print_map (const struct field *record, struct span map, int indent)
{
    for (size_t i = 0; i < FIRST; i++) {
        struct span value = body_field (map, first[i]);
        if (value.size)
            print_field (record, span_of (first[i]), value, indent);
    }
    struct pack_in in = pack_open (map);
    struct span last = { 0 };
    for (size_t left = pack_map (&in, SIZE_MAX); left && !in.bad; left--) {
        struct span key = pack_key (&in, &last), value = pack_any (&in);
        if (!comes_first (key))
            print_field (record, key, value, indent);
    }
}

void body_print (const struct schema *schema, struct span body)
{
    print_map (schema ? &schema->body : NULL, body, STEP);
}
