/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/json.h"

#include "bus/core/when.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE64 sodium_base64_VARIANT_ORIGINAL
#define WORD   65 /* of what is compared for "did you mean" */

/* Where in the document we are, as a chain up to its top. */
struct place {
    const struct place *up;
    const char *name; /* NULL: element `index` of a list */
    size_t index;
};

struct reading {
    struct pack_out *out;
    char *why;
    size_t why_size;
};

static bool refuse (struct reading *r, const struct place *at, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

static size_t add_place (struct reading *r, const struct place *at)
{
    if (!at)
        return 0;
    size_t used = add_place (r, at->up), left = r->why_size - used;
    int n = at->name ? snprintf (r->why + used, left, "%s%s", used ? "." : "", at->name)
                     : snprintf (r->why + used, left, "[%zu]", at->index);
    return n < 0 ? used : (size_t) n < left ? used + (size_t) n : r->why_size - 1;
}

static bool refuse (struct reading *r, const struct place *at, const char *format, ...)
{
    size_t used = add_place (r, at);
    if (used)
        used += (size_t) snprintf (r->why + used, r->why_size - used, ": ");
    if (used < r->why_size) {
        va_list args;
        va_start (args, format);
        vsnprintf (r->why + used, r->why_size - used, format, args);
        va_end (args);
    }
    return false;
}

/* The text of a document for a message: no controls, cut at a character. */
#define SHOWN 41
static const char *show (const char *text, char out[SHOWN])
{
    span_text (span_of (text), out, SHOWN);
    for (size_t end = strlen (out); end && !span_utf8 (span_of (out));)
        out[--end] = 0;
    for (char *c = out; *c; c++) {
        if ((unsigned char) *c < 0x20 || *c == 0x7f)
            *c = '?';
        if ((unsigned char) *c == 0xc2 && (unsigned char) c[1] < 0xa0)
            c[0] = c[1] = '?';
    }
    return out;
}

static size_t least (size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits that make one word of the other; two neighbours that changed places are one. */
static size_t distance (const char *a, const char *b)
{
    size_t rows[3][WORD] = { { 0 } };
    size_t na = strlen (a), nb = strlen (b);
    if (na >= WORD || nb >= WORD)
        return SIZE_MAX;
    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            now[j] =
                least (least (now[j - 1], before[j]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least (now[j], earlier[j - 2] + 1);
        }
    }
    return rows[na % 3][nb];
}

/* Keeps the nearer of two candidates. */
static void consider (const char *typed, const char *candidate, const char **best, size_t *nearest)
{
    size_t far = distance (typed, candidate);
    if (far < *nearest && far <= 1 + strlen (typed) / 4) {
        *nearest = far;
        *best = candidate;
    }
}

static bool unknown_field (struct reading *r, const struct place *at, const struct field *record,
                           const char *key)
{
    char shown[SHOWN];
    const char *best = NULL;
    size_t nearest = SIZE_MAX;
    for (size_t i = 0; i < record->field_count; i++)
        consider (key, record->fields[i].name, &best, &nearest);
    show (key, shown);
    if (best)
        return refuse (r, at, "no such field: \"%s\"; did you mean \"%s\"?", shown, best);
    return refuse (r, at, "no such field: \"%s\"", shown);
}

/* A choice like "intrusions/burglary" is also found by its last part. */
static bool unknown_choice (struct reading *r, const struct place *at, const struct field *field,
                            const char *value)
{
    char shown[SHOWN], list[200] = "";
    const char *best = NULL;
    size_t nearest = SIZE_MAX;
    for (size_t i = 0; i < field->choice_count; i++) {
        const char *part = strrchr (field->choices[i], '/');
        consider (value, field->choices[i], &best, &nearest);
        if (part && strcmp (part + 1, value) == 0) {
            best = field->choices[i];
            nearest = 0;
        }
    }
    show (value, shown);
    if (best)
        return refuse (r, at, "\"%s\" is none of its choices; did you mean \"%s\"?", shown, best);
    for (size_t i = 0; i < field->choice_count; i++) {
        size_t used = strlen (list);
        snprintf (list + used, sizeof list - used, "%s%s", i ? ", " : "", field->choices[i]);
    }
    if (strlen (list) == sizeof list - 1)
        memcpy (list + sizeof list - 4, "...", 4);
    return refuse (r, at, "\"%s\" is none of its choices; expected %s", shown, list);
}

static const char *kind_of (const json_t *value)
{
    switch (json_typeof (value)) {
    case JSON_OBJECT: return "an object { ... }";
    case JSON_ARRAY: return "a list [ ... ]";
    case JSON_STRING: return "a text";
    case JSON_INTEGER: return "a whole number";
    case JSON_REAL: return "a number with a decimal point";
    case JSON_TRUE:
    case JSON_FALSE: return "true or false";
    default: return "null";
    }
}

static bool wrong (struct reading *r, const struct place *at, const json_t *value,
                   const char *expected)
{
    if (json_is_null (value))
        return refuse (r, at, "null; leave the field out instead");
    return refuse (r, at, "%s; expected %s", kind_of (value), expected);
}

bool json_id_parse (struct span text, struct msg_id *id)
{
    char copy[ID_JSON];
    if (text.size >= sizeof copy)
        return false;
    span_text (text, copy, sizeof copy);
    char *slash = strchr (copy, '/');
    if (!slash)
        return false;
    uint32_t counter;
    uint64_t nonce;
    int64_t seq;
    char again[ID_JSON];
    if (sscanf (slash, "/%10" SCNu32 ".%16" SCNx64 "-%16" SCNd64, &counter, &nonce, &seq) != 3)
        return false;
    *id = (struct msg_id){ .origin = span_bytes (text.data, (size_t) (slash - copy)),
                           .epoch = { .counter = counter, .nonce = nonce },
                           .seq = seq };
    if (!party_valid (id->origin) || seq < 1 || seq > SEQ_MAX)
        return false;
    /* One way to write it, so what scanf lets pass (signs, blanks, 0x) is none. */
    json_id_text (id, again);
    return span_is (text, again);
}

void json_id_text (const struct msg_id *id, char text[ID_JSON])
{
    snprintf (text, ID_JSON, SPAN_FMT "/%" PRIu32 ".%016" PRIx64 "-%" PRId64, SPAN_ARG (id->origin),
              id->epoch.counter, id->epoch.nonce, id->seq);
}

static bool read_bytes (struct reading *r, const struct place *at, const char *text, size_t size)
{
    size_t room = size / 4 * 3 + 3, length = 0;
    uint8_t *bytes = malloc (room);
    if (!bytes)
        abort ();
    const char *end = NULL;
    bool good = sodium_base642bin (bytes, room, text, size, "\r\n", &length, &end, BASE64) == 0 &&
                end == text + size;
    if (good)
        pack_put_bin (r->out, span_bytes (bytes, length));
    free (bytes);
    return good || refuse (r, at, "not base64");
}

static bool read_text (struct reading *r, const struct place *at, const struct field *field,
                       const json_t *value)
{
    static const char *const expected[] = {
        [FIELD_TIME] = "a time in quotes, such as \"2026-05-09T10:00:00+05:00\"",
        [FIELD_BYTES] = "base64 in quotes",
        [FIELD_ID] = "the id of a message in quotes",
        [FIELD_PARTY] = "a party's name in quotes",
        [FIELD_TERM] = "an audience term in quotes",
        [FIELD_RECORD] = NULL,
    };
    const char *text = json_string_value (value);
    char shown[SHOWN];
    int64_t ms;
    struct msg_id id;
    if (!text)
        return wrong (r, at, value,
                      expected[field->type] ? expected[field->type] : "a text in quotes");
    switch (field->type) {
    case FIELD_TIME:
        if (!when_parse (span_of (text), &ms))
            return refuse (r, at, "\"%s\" is no time; expected one such as %s", show (text, shown),
                           "2026-05-09T10:00:00+05:00");
        pack_put_int (r->out, ms);
        return true;
    case FIELD_ID:
        if (!json_id_parse (span_of (text), &id))
            return refuse (r, at, "\"%s\" is no id; expected one such as %s", show (text, shown),
                           "pk.sindh/1.0123456789abcdef-3");
        msg_id_pack (r->out, &id);
        return true;
    case FIELD_BYTES: return read_bytes (r, at, text, json_string_length (value));
    case FIELD_CHOICE:
        for (size_t i = 0; i < field->choice_count; i++)
            if (strcmp (field->choices[i], text) == 0) {
                pack_put_text (r->out, text);
                return true;
            }
        return unknown_choice (r, at, field, text);
    default: pack_put_text (r->out, text); return true;
    }
}

static bool read_tenths (struct reading *r, const struct place *at, const json_t *value)
{
    double number = json_number_value (value), tenths = number * 10;
    if (!json_is_number (value))
        return wrong (r, at, value, "a number such as 9.8");
    if (!(tenths > -1e9 && tenths < 1e9))
        return refuse (r, at, "%g is out of range", number);
    int64_t whole = (int64_t) (tenths + (tenths < 0 ? -0.5 : 0.5));
    double off = tenths - (double) whole;
    if (off > 1e-6 || off < -1e-6)
        return refuse (r, at, "%g has more than one decimal", number);
    pack_put_int (r->out, whole);
    return true;
}

static bool read_record (struct reading *r, const struct place *at, const struct field *record,
                         const json_t *object);

static bool read_one (struct reading *r, const struct place *at, const struct field *field,
                      const json_t *value)
{
    switch (field->type) {
    case FIELD_INT:
        if (!json_is_integer (value))
            return wrong (r, at, value, "a whole number");
        pack_put_int (r->out, json_integer_value (value));
        return true;
    case FIELD_BOOL:
        if (!json_is_boolean (value))
            return wrong (r, at, value, "true or false");
        pack_put_bool (r->out, json_is_true (value));
        return true;
    case FIELD_TENTHS: return read_tenths (r, at, value);
    case FIELD_RECORD: return read_record (r, at, field, value);
    default: return read_text (r, at, field, value);
    }
}

static bool read_field (struct reading *r, const struct place *at, const struct field *field,
                        const json_t *value)
{
    if (!field->list)
        return read_one (r, at, field, value);
    if (!json_is_array (value))
        return wrong (r, at, value, "a list [ ... ]");
    size_t count = json_array_size (value);
    pack_put_array (r->out, count);
    struct place element = { .up = at };
    for (; element.index < count; element.index++)
        if (!read_one (r, &element, field, json_array_get (value, element.index)))
            return false;
    return true;
}

static bool read_record (struct reading *r, const struct place *at, const struct field *record,
                         const json_t *object)
{
    if (!json_is_object (object))
        return wrong (r, at, object, "an object { ... }");
    size_t known = 0;
    for (size_t i = 0; i < record->field_count; i++)
        known += json_object_get (object, record->fields[i].name) != NULL;
    if (known != json_object_size (object)) {
        const char *key;
        json_t *value;
        json_object_foreach ((json_t *) (uintptr_t) object, key, value)
        {
            size_t i = 0;
            while (i < record->field_count && strcmp (record->fields[i].name, key) != 0)
                i++;
            if (i == record->field_count)
                return unknown_field (r, at, record, key);
        }
    }
    /* The fields are in the order of bytes, which is the map's. */
    pack_put_map (r->out, known);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        const json_t *value = json_object_get (object, field->name);
        if (!value)
            continue;
        pack_put_text (r->out, field->name);
        if (!read_field (r, &(struct place){ .up = at, .name = field->name }, field, value))
            return false;
    }
    return true;
}

bool body_from_json (const struct schema *schema, const json_t *object, struct pack_out *out,
                     char *why, size_t why_size)
{
    struct pack_out body;
    pack_init (&body);
    struct reading r = { .out = &body, .why = why, .why_size = why_size };
    bool good = read_record (&r, NULL, &schema->body, object);
    if (good) {
        char where[SCHEMA_WHERE];
        good = schema_check (schema, pack_result (&body), where);
        if (!good)
            snprintf (why, why_size, "%s", where);
    }
    if (good && pack_result (&body).size > BODY_MAX)
        good = refuse (&r, NULL, "%zu bytes in all; a message holds at most %zu",
                       pack_result (&body).size, BODY_MAX);
    if (good)
        pack_put_raw (out, pack_result (&body));
    pack_free (&body);
    return good;
}

static json_t *owned (json_t *value)
{
    if (!value)
        abort ();
    return value;
}

static void set (json_t *object, struct span key, json_t *value)
{
    char name[WORD];
    span_text (key, name, sizeof name);
    if (json_object_set_new (object, name, owned (value)) != 0)
        abort ();
}

static json_t *base64 (struct span bytes)
{
    size_t room = sodium_base64_encoded_len (bytes.size, BASE64);
    char *text = malloc (room);
    if (!text)
        abort ();
    sodium_bin2base64 (text, room, bytes.data, bytes.size, BASE64);
    json_t *value = owned (json_string (text));
    free (text);
    return value;
}

static json_t *show_int (struct pack_in *in)
{
    struct pack_in again = *in;
    int64_t value = pack_int (in, INT64_MIN, INT64_MAX);
    if (!in->bad)
        return json_integer (value);
    /* Too large for JSON's readers, and for int64: as text. */
    char text[24];
    *in = again;
    snprintf (text, sizeof text, "%" PRIu64, pack_uint (in, 0, UINT64_MAX));
    return json_string (text);
}

static json_t *show_value (struct pack_in *in, const struct field *field, bool element);

static json_t *show_map (struct pack_in *in, const struct field *record)
{
    json_t *object = owned (json_object ());
    struct span last = span_bytes (NULL, 0);
    for (size_t pairs = pack_map (in, SIZE_MAX); pairs && !in->bad; pairs--) {
        struct span key = pack_key (in, &last);
        const struct field *field = NULL;
        for (size_t i = 0; record && i < record->field_count; i++)
            if (span_is (key, record->fields[i].name))
                field = &record->fields[i];
        set (object, key, show_value (in, field, false));
    }
    return object;
}

/* How a type reads where it is not msgpack's own rendering; NULL: it has none, or the
 * value is not of that type. */
static json_t *show_typed (struct pack_in *in, const struct field *field)
{
    struct pack_in try = *in;
    char text[ID_JSON];
    struct msg_id id;
    json_t *value = NULL;
    if (field->type == FIELD_TIME) {
        int64_t ms = pack_int (&try, 0, TIME_MAX);
        when_text (ms, text);
        value = try.bad ? NULL : json_string (text);
    } else if (field->type == FIELD_TENTHS) {
        int64_t tenths = pack_int (&try, -1000000000, 1000000000);
        value = try.bad ? NULL : json_real ((double) tenths / 10);
    } else if (field->type == FIELD_ID && pack_peek (&try) == PACK_ARRAY &&
               msg_id_read (&try, &id)) {
        json_id_text (&id, text);
        value = json_string (text);
    }
    if (value)
        *in = try;
    return value;
}

/* Depth is bounded because the body has been found canonical. */
static json_t *show_value (struct pack_in *in, const struct field *field, bool element)
{
    if (field && (element || !field->list)) {
        json_t *typed = show_typed (in, field);
        if (typed)
            return typed;
    }
    struct span text;
    json_t *list;
    switch (pack_peek (in)) {
    case PACK_BOOL: return json_boolean (pack_bool (in));
    case PACK_INT: return show_int (in);
    case PACK_STR:
        text = pack_str (in, 0, SIZE_MAX);
        return json_stringn ((const char *) text.data, text.size);
    case PACK_BIN: return base64 (pack_bin (in, 0, SIZE_MAX));
    case PACK_ARRAY:
        list = owned (json_array ());
        for (size_t left = pack_array (in, 0, SIZE_MAX); left; left--)
            if (json_array_append_new (list, owned (show_value (in, field, true))) != 0)
                abort ();
        return list;
    case PACK_MAP: return show_map (in, field && field->type == FIELD_RECORD ? field : NULL);
    default: pack_nil (in); return json_null ();
    }
}

json_t *body_to_json (const struct schema *schema, struct span body)
{
    struct pack_in in = pack_open (body);
    if (!pack_canonical (body) || pack_peek (&in) != PACK_MAP)
        return NULL;
    return show_map (&in, schema ? &schema->body : NULL);
}
