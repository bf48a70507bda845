/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/schema.h"

#include "bus/core/envelope.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *field_type_name (unsigned type)
{
    static const char *const names[] = {
        [FIELD_TEXT] = "text",     [FIELD_INT] = "int",       [FIELD_BOOL] = "bool",
        [FIELD_TIME] = "time",     [FIELD_TENTHS] = "tenths", [FIELD_BYTES] = "bytes",
        [FIELD_CHOICE] = "choice", [FIELD_PARTY] = "party",   [FIELD_TERM] = "term",
        [FIELD_ID] = "id",         [FIELD_RECORD] = "record",
    };
    return type < sizeof names / sizeof names[0] ? names[type] : NULL;
}

const struct schema *schemas_find (const struct schemas *all, struct span kind)
{
    const struct schema *found = NULL;
    for (size_t i = 0; i < all->count; i++)
        if (span_is (kind, all->at[i]->kind))
            found = all->at[i];
    return found;
}

const struct schema *schemas_find_version (const struct schemas *all, struct span kind,
                                           uint32_t version)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->at[i]->version == version && span_is (kind, all->at[i]->kind))
            return all->at[i];
    return NULL;
}

bool schema_numbered (const struct schema *schema)
{
    for (size_t i = 0; schema != NULL && i < schema->body.field_count; i++)
        if (strcmp (schema->body.fields[i].name, "number") == 0)
            return schema->body.fields[i].type == FIELD_TEXT && !schema->body.fields[i].list;
    return false;
}

/* Where in the body we are: a chain from the value up to the body. */
struct place {
    const struct place *up;
    const char *name; /* NULL: element `index` of a list */
    size_t index;
};

struct check {
    struct pack_in in;
    char *where;
};

static void append (char *where, const char *format, va_list args)
    __attribute__ ((format (printf, 2, 0)));
static bool refuse (struct check *check, const struct place *at, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

static void append (char *where, const char *format, va_list args)
{
    size_t used = strlen (where);
    vsnprintf (where + used, SCHEMA_WHERE - used, format, args);
}

static void add (char *where, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
static void add (char *where, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    append (where, format, args);
    va_end (args);
}

/* Recursion is as deep as the schema, which is ours, not as the body. */
static void add_place (char *where, const struct place *at)
{
    if (!at)
        return;
    add_place (where, at->up);
    if (at->name)
        add (where, "%s%s", *where ? "." : "", at->name);
    else
        add (where, "[%zu]", at->index);
}

/* Says what is wrong where; false, for the caller to return. */
static bool refuse (struct check *check, const struct place *at, const char *format, ...)
{
    check->where[0] = 0;
    add_place (check->where, at);
    if (check->where[0])
        add (check->where, ": ");
    va_list args;
    va_start (args, format);
    append (check->where, format, args);
    va_end (args);
    return false;
}

static bool broken (struct check *check, const struct place *at)
{
    return refuse (check, at, "not in the canonical form");
}

/* Bytes of a stranger for a message to people: printable ASCII and not too much. */
#define QUOTE 33
static const char *quote (struct span text, char out[QUOTE])
{
    span_text (text, out, QUOTE);
    for (char *c = out; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            *c = '?';
    return out;
}

/* Whether all controls in it are tab, line feed or carriage return: what else there
 * is (C0, DEL, C1) can move a terminal's cursor, and has no business in a text. */
static bool tame (struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool c1 = c == 0xc2 && i + 1 < text.size && text.data[i + 1] < 0xa0;
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f || c1)
            return false;
    }
    return true;
}

static bool check_size (struct check *check, const struct place *at, const struct field *field,
                        size_t size)
{
    if ((int64_t) size >= field->min && (int64_t) size <= field->max)
        return true;
    if (field->min == field->max)
        return refuse (check, at, "%zu bytes; exactly %" PRId64 " expected", size, field->min);
    if ((int64_t) size > field->max)
        return refuse (check, at, "%zu bytes; at most %" PRId64, size, field->max);
    if (size == 0)
        return refuse (check, at, "empty");
    return refuse (check, at, "%zu bytes; at least %" PRId64, size, field->min);
}

static bool check_string (struct check *check, const struct place *at, const struct field *field)
{
    char shown[QUOTE];
    struct term term;
    struct span text = pack_str (&check->in, 0, SIZE_MAX);
    if (check->in.bad)
        return broken (check, at);
    switch (field->type) {
    case FIELD_CHOICE:
        for (size_t i = 0; i < field->choice_count; i++)
            if (span_is (text, field->choices[i]))
                return true;
        return refuse (check, at, "\"%s\" is none of its choices", quote (text, shown));
    case FIELD_PARTY:
        return party_valid (text) ||
               refuse (check, at, "\"%s\" is no party's name", quote (text, shown));
    case FIELD_TERM:
        return term_parse (&term, text) ||
               refuse (check, at, "\"%s\" is no audience term", quote (text, shown));
    default:
        return check_size (check, at, field, text.size) &&
               (tame (text) || refuse (check, at, "holds a control character"));
    }
}

static bool check_number (struct check *check, const struct place *at, const struct field *field)
{
    int64_t value = pack_int (&check->in, INT64_MIN, INT64_MAX);
    if (check->in.bad)
        return refuse (check, at, "a number that is out of range or not in the shortest form");
    if (field->type == FIELD_TIME) {
        if (value < 0)
            return refuse (check, at, "earlier than the year 1970");
        return value <= TIME_MAX || refuse (check, at, "later than the year 9999");
    }
    if (value >= field->min && value <= field->max)
        return true;
    bool over = value > field->max;
    int64_t limit = over ? field->max : field->min;
    const char *most = over ? "at most" : "at least";
    if (field->type == FIELD_TENTHS)
        return refuse (check, at, "%.1f; %s %.1f", (double) value / 10, most, (double) limit / 10);
    return refuse (check, at, "%" PRId64 "; %s %" PRId64, value, most, limit);
}

static bool check_bytes (struct check *check, const struct place *at, const struct field *field)
{
    struct span bytes = pack_bin (&check->in, 0, SIZE_MAX);
    if (check->in.bad)
        return broken (check, at);
    return check_size (check, at, field, bytes.size);
}

static enum pack_type packed_as (enum field_type type)
{
    switch (type) {
    case FIELD_INT:
    case FIELD_TIME:
    case FIELD_TENTHS: return PACK_INT;
    case FIELD_BOOL: return PACK_BOOL;
    case FIELD_BYTES: return PACK_BIN;
    case FIELD_ID: return PACK_ARRAY;
    case FIELD_RECORD: return PACK_MAP;
    default: return PACK_STR;
    }
}

static bool expect (struct check *check, const struct place *at, enum pack_type type,
                    const char *expected)
{
    static const char *const names[] = {
        [PACK_END] = "nothing, or of no permitted type",
        [PACK_NIL] = "nil",
        [PACK_BOOL] = "a bool",
        [PACK_INT] = "an integer",
        [PACK_STR] = "a text",
        [PACK_BIN] = "bytes",
        [PACK_ARRAY] = "a list",
        [PACK_MAP] = "a record",
    };
    enum pack_type found = pack_peek (&check->in);
    return found == type || refuse (check, at, "%s; expected %s", names[found], expected);
}

static bool check_record (struct check *check, const struct place *at, const struct field *field);

static bool check_one (struct check *check, const struct place *at, const struct field *field)
{
    if (!expect (check, at, packed_as (field->type), field_type_name (field->type)))
        return false;
    struct msg_id id;
    switch (field->type) {
    case FIELD_INT:
    case FIELD_TIME:
    case FIELD_TENTHS: return check_number (check, at, field);
    case FIELD_BOOL: pack_bool (&check->in); return true;
    case FIELD_BYTES: return check_bytes (check, at, field);
    case FIELD_ID:
        return msg_id_read (&check->in, &id) || refuse (check, at, "no reference to a message");
    case FIELD_RECORD: return check_record (check, at, field);
    default: return check_string (check, at, field);
    }
}

static bool check_field (struct check *check, const struct place *at, const struct field *field)
{
    if (!field->list)
        return check_one (check, at, field);
    if (!expect (check, at, PACK_ARRAY, "a list"))
        return false;
    size_t count = pack_array (&check->in, 0, SIZE_MAX);
    if (check->in.bad)
        return broken (check, at);
    if (count > field->list_max)
        return refuse (check, at, "%zu elements; at most %zu", count, field->list_max);
    if (count < field->list_min)
        return refuse (check, at, "%zu elements; at least %zu", count, field->list_min);
    struct place element = { .up = at };
    for (; element.index < count; element.index++)
        if (!check_one (check, &element, field))
            return false;
    return true;
}

static bool missing (struct check *check, const struct place *at, const struct field *field)
{
    return refuse (check, &(struct place){ .up = at, .name = field->name },
                   "missing, and required");
}

/* Both sides are sorted: the map because the profile says so, the fields by us. */
static bool check_record (struct check *check, const struct place *at, const struct field *record)
{
    char shown[QUOTE];
    struct span last = span_bytes (NULL, 0);
    size_t pairs = pack_map (&check->in, SIZE_MAX);
    size_t next = 0;
    if (check->in.bad)
        return broken (check, at);
    for (; pairs; pairs--) {
        struct span key = pack_key (&check->in, &last);
        if (check->in.bad)
            return refuse (check, at, "its fields are not sorted, or one comes twice");
        int order = -1;
        for (; next < record->field_count; next++) {
            const struct field *field = &record->fields[next];
            order = span_compare (span_of (field->name), key);
            if (order >= 0)
                break;
            if (field->required)
                return missing (check, at, field);
        }
        if (order != 0)
            return refuse (check, at, "no such field: \"%s\"", quote (key, shown));
        const struct field *field = &record->fields[next++];
        if (!check_field (check, &(struct place){ .up = at, .name = field->name }, field))
            return false;
    }
    for (; next < record->field_count; next++)
        if (record->fields[next].required)
            return missing (check, at, &record->fields[next]);
    return true;
}

bool schema_check (const struct schema *schema, struct span body, char where[SCHEMA_WHERE])
{
    struct check check = { .in = pack_open (body), .where = where };
    where[0] = 0;
    if (!expect (&check, NULL, PACK_MAP, "a record") || !check_record (&check, NULL, &schema->body))
        return false;
    return pack_done (&check.in) || refuse (&check, NULL, "bytes after the end");
}

/* The value of one key of a map. */
static struct span lookup (struct span map, struct span name)
{
    struct pack_in in = pack_open (map);
    struct span last = span_bytes (NULL, 0);
    for (size_t pairs = pack_map (&in, SIZE_MAX); pairs && !in.bad; pairs--) {
        struct span key = pack_key (&in, &last);
        struct span value = pack_any (&in);
        if (span_equal (key, name))
            return value;
    }
    return span_bytes (NULL, 0);
}

struct span body_field (struct span body, const char *path)
{
    while (true) {
        const char *dot = strchr (path, '.');
        body = lookup (body, dot ? span_bytes (path, (size_t) (dot - path)) : span_of (path));
        if (!dot || body.size == 0)
            return body;
        path = dot + 1;
    }
}

struct span body_text (struct span body, const char *path)
{
    struct pack_in in = pack_open (body_field (body, path));
    return pack_str (&in, 0, SIZE_MAX);
}

struct span body_bytes (struct span body, const char *path)
{
    struct pack_in in = pack_open (body_field (body, path));
    return pack_bin (&in, 0, SIZE_MAX);
}

int64_t body_int (struct span body, const char *path, int64_t otherwise)
{
    struct pack_in in = pack_open (body_field (body, path));
    int64_t value = pack_int (&in, INT64_MIN, INT64_MAX);
    return pack_done (&in) ? value : otherwise;
}

static void put_field (struct pack_out *out, struct span name, struct span value, size_t *count)
{
    pack_put_str (out, name);
    pack_put_raw (out, value);
    ++*count;
}

void body_with (struct pack_out *out, struct span body, const char *name, struct span value)
{
    struct pack_in in = pack_open (body);
    struct span last = { NULL, 0 };
    struct pack_out fields;
    size_t pairs = pack_map (&in, SIZE_MAX), count = 0;
    bool put = value.size == 0;
    pack_init (&fields);
    while (pairs-- && !in.bad) {
        struct span key = pack_key (&in, &last), held = pack_any (&in);
        int order = span_compare (key, span_of (name));
        if (order >= 0 && !put) {
            put_field (&fields, span_of (name), value, &count);
            put = true;
        }
        if (order != 0)
            put_field (&fields, key, held, &count);
    }
    if (!put)
        put_field (&fields, span_of (name), value, &count);
    pack_put_map (out, count);
    pack_put_raw (out, pack_result (&fields));
    pack_free (&fields);
}
