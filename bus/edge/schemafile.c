/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/schemafile.h"

#include "bus/core/envelope.h"
#include "bus/edge/cfg.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_MAX_BYTES 64
#define CHOICE_MAX     96
#define MEANING_MAX    500
#define CHOICES_MAX    128
#define FIELDS_MAX     128
#define LIST_LIMIT     4096
#define VERSION_LIMIT  65535
#define SCHEMAS_MAX    1024
#define LEVELS         5

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
    if (!cfg_text (cfg, group, "type", NAME_MAX_BYTES, &text) || !needed (cfg, group, "type", text))
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
    return cfg_refuse (cfg, config_setting_get_member (group, "type"),
                       "\"%s\" is no type; expected %s", text, expected);
}

/* What min and max may be, by type; neither where both are 0. `must`: max has no
 * sensible default. */
struct limits {
    int64_t least, most;
    bool must;
};

static const struct limits limits[] = {
    [FIELD_TEXT] = { 0, 64 * 1024, true },      [FIELD_BYTES] = { 0, 192 * 1024, true },
    [FIELD_INT] = { -SEQ_MAX, SEQ_MAX, false }, [FIELD_TENTHS] = { -1000000, 1000000, true },
    [FIELD_RECORD] = { 0, 0, false }, /* the last one: all types have a row */
};

static bool read_limits (struct cfg *cfg, const config_setting_t *group, struct field *field)
{
    const struct limits *limit = &limits[field->type];
    bool some = limit->least != limit->most;
    bool has_max = config_setting_get_member (group, "max");
    if (!some && (has_max || config_setting_get_member (group, "min")))
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
        if (!text || !*text || strlen (text) > CHOICE_MAX)
            return cfg_refuse (cfg, element, "expected a text of 1 to %d bytes", CHOICE_MAX);
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
    static const char *const known[] = { "name",    "type",   "meaning",  "required",
                                         "min",     "max",    "list_min", "list_max",
                                         "choices", "fields", "until",    NULL };
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
    if (!read_type (cfg, group, field) || !cfg_bool (cfg, group, "required", &field->required) ||
        !cfg_bool (cfg, group, "until", &field->until) || !read_limits (cfg, group, field) ||
        !read_list (cfg, group, field) || !read_choices (cfg, group, field))
        return false;
    if (field->until && field->type != FIELD_TIME)
        return cfg_refuse (cfg, group, "until belongs to a time");
    packed += field->list + (field->type == FIELD_RECORD || field->type == FIELD_ID);
    if (packed > SCHEMA_PACK_DEPTH)
        return cfg_refuse (cfg, group, "lists and records nest deeper than %d", SCHEMA_PACK_DEPTH);
    if (field->type == FIELD_RECORD)
        return read_fields (cfg, group, field, depth + 1, packed);
    return !config_setting_get_member (group, "fields") ||
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
        field->order = (unsigned) i;
        if (!read_field (cfg, element, field, depth, packed))
            return false;
        for (size_t k = 0; k + 1 < record->field_count; k++)
            if (strcmp (record->fields[k].name, field->name) == 0)
                return cfg_refuse (cfg, element, "\"%s\" comes twice", field->name);
    }
    qsort (record->fields, record->field_count, sizeof *record->fields, by_name);
    return true;
}

static bool read_precedence (struct cfg *cfg, const config_setting_t *root, struct schema *schema)
{
    const char *text = NULL;
    if (!cfg_text (cfg, root, "precedence", NAME_MAX_BYTES, &text) ||
        !needed (cfg, root, "precedence", text))
        return false;
    int lane = cb_lane_number (text);
    if (lane < 0 || lane >= CB_PRECEDENCES)
        return cfg_refuse (cfg, config_setting_get_member (root, "precedence"),
                           "\"%s\" is no precedence; expected flash, routine or bulk", text);
    schema->precedence = (unsigned) lane;
    return true;
}

static const char *const thread_uses[] = {
    [THREAD_NONE] = "none",
    [THREAD_OPTIONAL] = "optional",
    [THREAD_REQUIRED] = "required",
};

static bool read_thread (struct cfg *cfg, const config_setting_t *root, struct schema *schema)
{
    const char *text = NULL;
    if (!cfg_text (cfg, root, "thread", NAME_MAX_BYTES, &text) ||
        !needed (cfg, root, "thread", text))
        return false;
    for (unsigned i = 0; i < sizeof thread_uses / sizeof thread_uses[0]; i++)
        if (strcmp (thread_uses[i], text) == 0) {
            schema->thread = (enum thread_use) i;
            return true;
        }
    return cfg_refuse (cfg, config_setting_get_member (root, "thread"),
                       "\"%s\"; expected none, optional or required", text);
}

static bool read_schema (struct cfg *cfg, struct schema *schema)
{
    static const char *const known[] = { "kind",   "version", "meaning", "precedence", "receipt",
                                         "system", "thread",  "fields",  NULL };
    const config_setting_t *root = cfg_root (cfg);
    const char *kind = NULL, *meaning = NULL;
    int64_t version = 0;
    if (!cfg_known (cfg, root, known) || !cfg_text (cfg, root, "kind", KIND_MAX, &kind) ||
        !needed (cfg, root, "kind", kind) ||
        !cfg_text (cfg, root, "meaning", MEANING_MAX, &meaning) ||
        !needed (cfg, root, "meaning", meaning) ||
        !cfg_int (cfg, root, "version", 1, VERSION_LIMIT, &version) ||
        !needed (cfg, root, "version", version ? kind : NULL))
        return false;
    schema->kind = copy (kind);
    schema->meaning = copy (meaning);
    schema->version = (uint32_t) version;
    schema->body.name = copy ("");
    schema->body.meaning = copy (meaning);
    schema->body.type = FIELD_RECORD;
    if (!label_valid (span_of (kind)))
        return cfg_refuse (cfg, root, "\"%s\" is no kind; expected a-z, 0-9 and -", kind);
    return read_precedence (cfg, root, schema) && read_thread (cfg, root, schema) &&
           cfg_bool (cfg, root, "receipt", &schema->receipt) &&
           cfg_bool (cfg, root, "system", &schema->system) &&
           read_fields (cfg, root, &schema->body, 1, 1);
}

/* A file is named after what is in it, so that nobody edits the wrong one. */
static bool named_well (struct cfg *cfg, const char *file, const struct schema *schema)
{
    char plain[KIND_MAX + 16], numbered[KIND_MAX + 16];
    snprintf (plain, sizeof plain, "%s.cfg", schema->kind);
    snprintf (numbered, sizeof numbered, "%s.%u.cfg", schema->kind, schema->version);
    return strcmp (file, plain) == 0 || strcmp (file, numbered) == 0 ||
           cfg_refuse (cfg, NULL, "holds version %u of \"%s\", so it is named %s or %s",
                       schema->version, schema->kind, plain, numbered);
}

static struct schema *load_one (const char *folder, const char *file, char *why, size_t why_size)
{
    char path[4096];
    struct cfg cfg;
    int n = snprintf (path, sizeof path, "%s/%s", folder, file);
    if (n < 0 || (size_t) n >= sizeof path) {
        snprintf (why, why_size, "%.100s...: the path is too long", folder);
        return NULL;
    }
    if (!cfg_open (&cfg, path, why, why_size))
        return NULL;
    struct schema *schema = own (calloc (1, sizeof *schema));
    if (!read_schema (&cfg, schema) || !named_well (&cfg, file, schema)) {
        schema_free (schema);
        schema = NULL;
    }
    cfg_close (&cfg);
    return schema;
}

static int by_kind (const void *a, const void *b)
{
    const struct schema *left = *(struct schema *const *) a, *right = *(struct schema *const *) b;
    int order = strcmp (left->kind, right->kind);
    return order ? order : (left->version > right->version) - (left->version < right->version);
}

static int is_schema (const struct dirent *entry)
{
    size_t size = strlen (entry->d_name);
    return entry->d_name[0] != '.' && size > 4 && strcmp (entry->d_name + size - 4, ".cfg") == 0;
}

static bool load_all (struct schemas *all, const char *folder, struct dirent **files, size_t count,
                      char *why, size_t why_size)
{
    for (size_t i = 0; i < count; i++) {
        struct schema *schema = load_one (folder, files[i]->d_name, why, why_size);
        if (!schema)
            return false;
        all->at[all->count++] = schema;
    }
    qsort (all->at, all->count, sizeof *all->at, by_kind);
    for (size_t i = 1; i < all->count; i++)
        if (by_kind (&all->at[i - 1], &all->at[i]) == 0) {
            snprintf (why, why_size, "%s: two files hold version %u of \"%s\"", folder,
                      all->at[i]->version, all->at[i]->kind);
            return false;
        }
    return true;
}

struct schemas *schemas_load (const char *folder, char *why, size_t why_size)
{
    struct dirent **files = NULL;
    int count = scandir (folder, &files, is_schema, alphasort);
    if (count < 0) {
        snprintf (why, why_size, "%s: cannot be read: %s", folder, strerror (errno));
        return NULL;
    }
    struct schemas *all = own (calloc (1, sizeof *all));
    all->at = own (calloc ((size_t) count + 1, sizeof (struct schema *)));
    bool good = count > 0 && count <= SCHEMAS_MAX;
    if (!good)
        snprintf (why, why_size, "%s: %d schema files (*.cfg); expected 1 to %d", folder, count,
                  SCHEMAS_MAX);
    good = good && load_all (all, folder, files, (size_t) count, why, why_size);
    for (int i = 0; i < count; i++)
        free (files[i]);
    free (files);
    if (!good)
        schemas_free (&all);
    return all;
}

static void hash_field (struct pack_out *out, const struct field *field)
{
    pack_put_array (out, 10);
    pack_put_text (out, field->name);
    pack_put_text (out, field_type_name (field->type));
    pack_put_bool (out, field->required);
    pack_put_bool (out, field->list);
    pack_put_uint (out, field->list_min);
    pack_put_uint (out, field->list_max);
    pack_put_int (out, field->min);
    pack_put_int (out, field->max);
    pack_put_array (out, field->choice_count);
    for (size_t i = 0; i < field->choice_count; i++)
        pack_put_text (out, field->choices[i]);
    pack_put_array (out, field->field_count);
    for (size_t i = 0; i < field->field_count; i++)
        hash_field (out, &field->fields[i]);
}

struct hash schema_hash (const struct schema *schema)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_array (&out, 7);
    pack_put_text (&out, schema->kind);
    pack_put_uint (&out, schema->version);
    pack_put_uint (&out, schema->precedence);
    pack_put_bool (&out, schema->receipt);
    pack_put_bool (&out, schema->system);
    pack_put_text (&out, thread_uses[schema->thread]);
    hash_field (&out, &schema->body);
    struct hash hash = hash_bytes (pack_result (&out));
    pack_free (&out);
    return hash;
}

/* The folder, or why there is none. Under share/ of the folder above the program when installed; at the top of the tree that it
 * was built in otherwise. */
static bool beside_program (char *folder, size_t size, char *why, size_t why_size)
{
    static const char *const places[] = { "share/certbus/schemas", "schemas" };
    char program[PATH_MAX];
    snprintf (why, why_size,
              "no schemas beside the program or under share/certbus; set `schemas` in "
              "certbus.conf or CERTBUS_SCHEMAS in the environment");
    ssize_t got = readlink ("/proc/self/exe", program, sizeof program - 1);
    if (got <= 0)
        return false;
    program[got] = 0;
    for (unsigned level = 0; level < LEVELS && strcmp (dirname (program), "/") != 0; level++) {
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            int used = snprintf (folder, size, "%s/%s/advisory.cfg", program, places[i]);
            if (used <= 0 || (size_t) used >= size)
                continue;
            if (access (folder, R_OK) == 0) {
                *strrchr (folder, '/') = 0;
                return true;
            }
            if (errno != ENOENT && errno != ENOTDIR)
                snprintf (why, why_size,
                          "the schemas cannot be read: %.300s: %s; let everybody read that folder "
                          "and its files, or set CERTBUS_SCHEMAS in the environment",
                          folder, strerror (errno));
        }
    }
    return false;
}

struct schemas *schemas_open (const char *told, char *why, size_t why_size)
{
    char folder[PATH_MAX + 32];
    const char *named = getenv ("CERTBUS_SCHEMAS");
    if (*told)
        return schemas_load (told, why, why_size);
    if (named && *named == '/')
        return schemas_load (named, why, why_size);
    if (named && *named)
        snprintf (why, why_size, "CERTBUS_SCHEMAS: %s is no absolute path", named);
    else if (beside_program (folder, sizeof folder, why, why_size))
        return schemas_load (folder, why, why_size);
    return NULL;
}
