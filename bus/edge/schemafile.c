/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/schemafile.h"

#include "bus/core/envelope.h"
#include "bus/edge/cfg.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64
#define MEANING_MAX 500
#define CHOICES_MAX 128
#define FIELDS_MAX 128
#define LIST_LIMIT 4096
#define VERSION_LIMIT 65535
#define SCHEMAS_MAX 1024

static void *own (void *memory)
{
    if (!memory)
        abort ();
    return memory;
}

static char *copy (const char *text)
{
    return own (strdup (text));
}

static void field_free (struct field *field)
{
    for (size_t i = 0; i < field->choice_count; i++)
        free (field->choices[i]);
    for (size_t i = 0; i < field->field_count; i++)
        field_free (&field->fields[i]);
    free (field->choices);
    free (field->fields);
    free (field->name);
    free (field->meaning);
}

static void schema_free (struct schema *schema)
{
    field_free (&schema->body);
    free (schema->kind);
    free (schema->meaning);
    free (schema);
}

void schemas_free (struct schemas **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < (*self)->count; i++)
        schema_free ((*self)->at[i]);
    free ((*self)->at);
    free (*self);
    *self = NULL;
}

/* Names of fields go into paths, settings and programs: lower case, digits and _. */
static bool name_valid (const char *name)
{
    size_t size = strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return size >= 1 && size <= NAME_MAX_BYTES && !name[size] && *name >= 'a' && *name <= 'z';
}

static bool needed (struct cfg *cfg, const config_setting_t *group, const char *name,
                    const void *value)
{
    return value || cfg_refuse (cfg, group, "%s is missing", name);
}

static bool read_type (struct cfg *cfg, const config_setting_t *group, struct field *field)
{
    const char *text = NULL;
    if (!cfg_text (cfg, group, "type", NAME_MAX_BYTES, &text) ||
        !needed (cfg, group, "type", text))
        return false;
    char expected[160] = "";
    for (unsigned i = 0; field_type_name (i); i++) {
        if (strcmp (field_type_name (i), text) == 0) {
            field->type = (enum field_type) i;
            return true;
        }
        size_t used = strlen (expected);
        snprintf (expected + used, sizeof expected - used, "%s%s", i ? ", " : "",
                  field_type_name (i));
    }
    const config_setting_t *setting = NULL;
    for (int i = 0; i < config_setting_length (group); i++)
        if (strcmp (config_setting_name (config_setting_get_elem (group, (unsigned) i)), "type") ==
            0)
            setting = config_setting_get_elem (group, (unsigned) i);
    return cfg_refuse (cfg, setting, "\"%s\" is no type; expected %s", text, expected);
}

/* What min and max may be, by type; `must` when there is no sensible default for max. */
struct limits {
    int64_t least, most;
    bool must;
};

static const struct limits limits[] = {
    [FIELD_TEXT] = { 0, 64 * 1024, true },
    [FIELD_BYTES] = { 0, 192 * 1024, true },
    [FIELD_INT] = { -SEQ_MAX, SEQ_MAX, false },
    [FIELD_TENTHS] = { -1000000, 1000000, true },
    [FIELD_RECORD] = { 0, 0, false },
};

static bool read_limits (struct cfg *cfg, const config_setting_t *group, struct field *field)
{
    const struct limits *limit = &limits[field->type];
    bool some = limit->least != limit->most;
    bool has_max = config_setting_lookup_const (group, "max");
    if (!some && (has_max || config_setting_lookup_const (group, "min")))
        return cfg_refuse (cfg, group, "min and max mean nothing for a %s",
                           field_type_name (field->type));
    if (limit->must && !has_max)
        return cfg_refuse (cfg, group, "max is missing: a %s has a limit",
                           field_type_name (field->type));
    if (!some)
        return true;
    /* A text that is there says something, unless its schema lets it be empty. */
    field->min = field->type == FIELD_TEXT;
    field->max = limit->most;
    return cfg_int (cfg, group, "max", limit->least, limit->most, &field->max) &&
           cfg_int (cfg, group, "min", limit->least, field->max, &field->min);
}

static bool read_list (struct cfg *cfg, const config_setting_t *group, struct field *field)
{
    int64_t min = 0, max = 0;
    if (!cfg_int (cfg, group, "list_max", 1, LIST_LIMIT, &max) ||
        !cfg_int (cfg, group, "list_min", 0, max, &min))
        return false;
    field->list = max > 0;
    field->list_min = (size_t) min;
    field->list_max = (size_t) max;
    return true;
}

static bool read_choices (struct cfg *cfg, const config_setting_t *group, struct field *field)
{
    const config_setting_t *list;
    if (!cfg_list (cfg, group, "choices", &list))
        return false;
    if (!list != (field->type != FIELD_CHOICE))
        return cfg_refuse (cfg, group, "choices belong to a choice, and a choice has them");
    if (!list)
        return true;
    int count = config_setting_length (list);
    if (count < 1 || count > CHOICES_MAX)
        return cfg_refuse (cfg, list, "%d choices; expected 1 to %d", count, CHOICES_MAX);
    field->choices = own (calloc ((size_t) count, sizeof *field->choices));
    for (int i = 0; i < count; i++) {
        const config_setting_t *element = config_setting_get_elem (list, (unsigned) i);
        const char *text = config_setting_get_string (element);
        if (!text || !*text || strlen (text) > NAME_MAX_BYTES)
            return cfg_refuse (cfg, element, "expected a text of 1 to %d bytes", NAME_MAX_BYTES);
        for (size_t k = 0; k < field->choice_count; k++)
            if (strcmp (field->choices[k], text) == 0)
                return cfg_refuse (cfg, element, "\"%s\" comes twice", text);
        field->choices[field->choice_count++] = copy (text);
    }
    return true;
}

static int by_name (const void *a, const void *b)
{
    const struct field *left = a, *right = b;
    return strcmp (left->name, right->name);
}

static bool read_fields (struct cfg *cfg, const config_setting_t *group, struct field *record,
                         size_t depth, size_t packed);

static bool read_field (struct cfg *cfg, const config_setting_t *group, struct field *field,
                        size_t depth, size_t packed)
{
    static const char *const known[] = { "name", "type",     "meaning",  "required", "min",
                                         "max",  "list_min", "list_max", "choices",  "fields",
                                         NULL };
    const char *name = NULL, *meaning = NULL;
    if (!cfg_known (cfg, group, known) || !cfg_text (cfg, group, "name", NAME_MAX_BYTES, &name) ||
        !needed (cfg, group, "name", name))
        return false;
    field->name = copy (name);
    if (!name_valid (name))
        return cfg_refuse (cfg, group, "\"%s\" is no name; expected a-z, 0-9 and _", name);
    if (!cfg_text (cfg, group, "meaning", MEANING_MAX, &meaning) ||
        !needed (cfg, group, "meaning", meaning))
        return false;
    field->meaning = copy (meaning);
    if (!read_type (cfg, group, field) ||
        !cfg_bool (cfg, group, "required", &field->required) ||
        !read_limits (cfg, group, field) || !read_list (cfg, group, field) ||
        !read_choices (cfg, group, field))
        return false;
    packed += field->list + (field->type == FIELD_RECORD || field->type == FIELD_ID);
    if (packed > SCHEMA_PACK_DEPTH)
        return cfg_refuse (cfg, group, "lists and records nest deeper than %d", SCHEMA_PACK_DEPTH);
    if (field->type == FIELD_RECORD)
        return read_fields (cfg, group, field, depth + 1, packed);
    return !config_setting_lookup_const (group, "fields") ||
           cfg_refuse (cfg, group, "only a record has fields");
}

static bool read_fields (struct cfg *cfg, const config_setting_t *group, struct field *record,
                         size_t depth, size_t packed)
{
    const config_setting_t *list;
    if (!cfg_list (cfg, group, "fields", &list) || !needed (cfg, group, "fields", list))
        return false;
    if (depth > FIELD_DEPTH)
        return cfg_refuse (cfg, list, "records nest deeper than %d", FIELD_DEPTH);
    int count = config_setting_length (list);
    if (count < 1 || count > FIELDS_MAX)
        return cfg_refuse (cfg, list, "%d fields; expected 1 to %d", count, FIELDS_MAX);
    record->fields = own (calloc ((size_t) count, sizeof *record->fields));
    for (int i = 0; i < count; i++) {
        const config_setting_t *element = config_setting_get_elem (list, (unsigned) i);
        struct field *field = &record->fields[record->field_count++];
        if (!read_field (cfg, element, field, depth, packed))
            return false;
        for (size_t k = 0; k + 1 < record->field_count; k++)
            if (strcmp (record->fields[k].name, field->name) == 0)
                return cfg_refuse (cfg, element, "\"%s\" comes twice", field->name);
    }
    qsort (record->fields, record->field_count, sizeof *record->fields, by_name);
    return true;
}
