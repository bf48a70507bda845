/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/schemafile.h"

#include "bus/core/catalog.h"
#include "bus/core/envelope.h"
#include "tests/unit/support_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEAD                                                                                       \
    "kind = \"note\";\nversion = 1;\nmeaning = \"m\";\nprecedence = \"routine\";\n"                \
    "thread = \"none\";\n"
#define TEXT "{ name = \"text\"; type = \"text\"; max = 10; meaning = \"m\"; }"

static char why[512];

static void refused_as (const char *file, const char *text, const char *expected)
{
    struct schemas *all = schemas_from (file, text, why, sizeof why);
    if (all)
        fail_msg ("taken, and should say: %s", expected);
    assert_string_equal (why, expected);
}

static void refused (const char *text, const char *expected)
{
    refused_as ("note.cfg", text, expected);
}

/* A field with these settings besides name and meaning, on line 7. */
static void refused_field (const char *settings, const char *expected)
{
    char text[1024];
    snprintf (text, sizeof text, HEAD "fields = (\n{ name = \"f\"; meaning = \"m\";\n%s }\n);\n",
              settings);
    refused (text, expected);
}

static struct hash hash_of (const char *text)
{
    struct schemas *all = schemas_from ("note.cfg", text, why, sizeof why);
    if (!all)
        fail_msg ("%s", why);
    struct hash hash = schema_hash (all->at[0]);
    schemas_free (&all);
    assert_null (all);
    return hash;
}

static void a_schema_is_read_with_its_fields_sorted (void **state)
{
    (void) state;
    struct schemas *all = schemas_sample ();
    assert_int_equal (all->count, 1);
    const struct schema *s = all->at[0];
    assert_string_equal (s->kind, "sample");
    assert_int_equal (s->version, 3);
    assert_int_equal (s->precedence, CB_LANE_BULK);
    assert_int_equal (s->thread, THREAD_OPTIONAL);
    assert_true (s->receipt);
    assert_false (s->system);
    assert_int_equal (s->body.type, FIELD_RECORD);
    assert_int_equal (s->body.field_count, 14);
    for (size_t i = 1; i < s->body.field_count; i++)
        assert_true (strcmp (s->body.fields[i - 1].name, s->body.fields[i].name) < 0);

    const struct field *tags = &s->body.fields[10], *title = &s->body.fields[11];
    assert_string_equal (tags->name, "tags");
    assert_true (tags->list);
    assert_int_equal (tags->list_min, 1);
    assert_int_equal (tags->list_max, 3);
    assert_int_equal (tags->min, 1);
    assert_int_equal (tags->max, 5);
    assert_true (title->required);
    assert_false (title->list);
    schemas_free (&all);
    schemas_free (&all);
}

static void what_is_unknown_is_refused_by_line_and_name (void **state)
{
    (void) state;
    refused (HEAD "fields = ( " TEXT " );\nrecipt = true;\n",
             "note.cfg:7: recipt: no such setting; expected kind, version, meaning, precedence, "
             "receipt, system, thread, fields");
    refused_field ("type = \"text\"; max = 10; size = 3;",
                   "note.cfg:8: fields[0].size: no such setting; expected name, type, meaning, "
                   "required, min, max, list_min, list_max, choices, fields, until");
    refused_field ("type = \"txt\";",
                   "note.cfg:8: fields[0].type: \"txt\" is no type; expected text, int, bool, "
                   "time, tenths, bytes, choice, party, term, id, record");
}

static void what_is_missing_is_named (void **state)
{
    (void) state;
    refused ("version = 1;\n", "note.cfg: kind is missing");
    refused ("kind = \"note\";\nversion = 1;\n", "note.cfg: meaning is missing");
    refused ("kind = \"note\"; meaning = \"m\";", "note.cfg: version is missing");
    refused (HEAD, "note.cfg: fields is missing");
    refused (HEAD "fields = ( );", "note.cfg:6: fields: 0 fields; expected 1 to 128");
    refused (HEAD "fields = ( { name = \"f\"; type = \"bool\"; } );",
             "note.cfg:6: fields[0]: meaning is missing");
    refused_field ("", "note.cfg:7: fields[0]: type is missing");
    refused_field ("type = \"text\";", "note.cfg:7: fields[0]: max is missing: a text has a limit");
    refused_field ("type = \"record\";", "note.cfg:7: fields[0]: fields is missing");
    refused_field ("type = \"choice\";",
                   "note.cfg:7: fields[0]: choices belong to a choice, and a choice has them");
}

static void a_number_that_libconfig_would_wrap_is_refused (void **state)
{
    (void) state;
    refused_field ("type = \"int\"; max = 5000000000;",
                   "note.cfg:8: 5000000000 does not fit 32 bits; write an L after it");
    refused_field ("type = \"int\"; max = 0x80000000;",
                   "note.cfg:8: 0x80000000 does not fit 32 bits; write an L after it");
    refused_field ("type = \"int\"; max = 99999999999999999999L;",
                   "note.cfg:8: 99999999999999999999L does not fit 64 bits");
    struct schemas *all = schemas_from (
        "note.cfg",
        HEAD "# 5000000000\n// 5000000000\n/* 5000000000 */\n"
             "fields = ( { name = \"f5000000000\"; meaning = \"\\\"5000000000\"; type = \"int\"; "
             "max = 5000000000L; } );",
        why, sizeof why);
    assert_string_equal (why, "");
    assert_int_equal (all->at[0]->body.fields[0].max, INT64_C (5000000000));
    schemas_free (&all);
}

static void limits_are_themselves_limited (void **state)
{
    (void) state;
    refused_field ("type = \"text\"; max = 65537;",
                   "note.cfg:8: fields[0].max: 65537; expected 0 to 65536");
    refused_field ("type = \"text\"; max = 5; min = 6;",
                   "note.cfg:8: fields[0].min: 6; expected 0 to 5");
    refused_field ("type = \"text\"; max = \"5\";",
                   "note.cfg:8: fields[0].max: expected a whole number");
    refused_field ("type = \"text\"; max = 5; list_max = 5000;",
                   "note.cfg:8: fields[0].list_max: 5000; expected 1 to 4096");
    refused_field ("type = \"text\"; max = 5; list_min = 1;",
                   "note.cfg:8: fields[0].list_min: 1; expected 0 to 0");
    refused_field ("type = \"time\"; max = 5;",
                   "note.cfg:7: fields[0]: min and max mean nothing for a time");
    refused_field ("type = \"bool\"; required = 1;",
                   "note.cfg:8: fields[0].required: expected true or false");
}

static void names_are_checked (void **state)
{
    (void) state;
    refused (HEAD "fields = ( " TEXT ", " TEXT " );",
             "note.cfg:6: fields[1]: \"text\" comes twice");
    refused (HEAD "fields = ( { name = \"Text\"; } );",
             "note.cfg:6: fields[0]: \"Text\" is no name; expected a-z, 0-9 and _");
    refused_field ("type = \"choice\"; choices = ( \"a\", \"a\" );",
                   "note.cfg:8: fields[0].choices[1]: \"a\" comes twice");
    refused_field ("type = \"choice\"; choices = ( 1 );",
                   "note.cfg:8: fields[0].choices[0]: expected a text of 1 to 96 bytes");
    refused_field ("type = \"bool\"; choices = ( \"a\" );",
                   "note.cfg:7: fields[0]: choices belong to a choice, and a choice has them");
    refused_field ("type = \"bool\"; fields = ( " TEXT " );",
                   "note.cfg:7: fields[0]: only a record has fields");
    refused_as ("nota.cfg", HEAD "fields = ( " TEXT " );",
                "nota.cfg: holds version 1 of \"note\", so it is named note.cfg or note.1.cfg");
}

static void records_nest_only_so_deep (void **state)
{
    (void) state;
    char text[2048] = HEAD "fields = ( ", deep[256];
    for (int i = 0; i < 3; i++)
        strcat (text, "{ name = \"f\"; type = \"record\"; list_max = 1; meaning = \"m\"; "
                      "fields = ( ");
    strcat (text, TEXT);
    for (int i = 0; i < 3; i++)
        strcat (text, " ); }");
    strcat (text, " );");
    snprintf (deep, sizeof deep,
              "note.cfg:6: fields[0].fields[0].fields[0]: lists and records nest deeper than %d",
              SCHEMA_PACK_DEPTH);
    refused (text, deep);
}

static void what_is_no_configuration_is_refused (void **state)
{
    (void) state;
    refused ("kind = ;\n", "note.cfg:1: syntax error");
    refused (HEAD "kind = \"again\";", "note.cfg:6: duplicate setting name");
    refused ("\n@include \"/etc/passwd\"\n",
             "note.cfg:2: @include is not allowed; all of it stands in one file");
    refused ("# \xff\n", "note.cfg: not a text file in UTF-8");
    refused ("/* never closed", "note.cfg: kind is missing");
    assert_null (schemas_load ("/nonexistent/schemas", why, sizeof why));
    assert_string_equal (why, "/nonexistent/schemas: cannot be read: No such file or directory");
    refused_as ("note.txt", "", " 0 schema files (*.cfg); expected 1 to 1024");
}

static void the_hash_covers_all_that_decides_and_nothing_else (void **state)
{
    (void) state;
    struct hash plain = hash_of (HEAD "fields = ( " TEXT " );");
    struct hash same = hash_of ("# remark\n" HEAD "fields = ( { meaning = \"other words\"; "
                                "type = \"text\"; max = 10; name = \"text\"; } );");
    assert_true (hash_equal (&plain, &same));
    static const char *const others[] = {
        HEAD "fields = ( { name = \"text\"; type = \"text\"; max = 11; meaning = \"m\"; } );",
        HEAD "fields = ( { name = \"text\"; type = \"text\"; max = 10; min = 2; "
             "meaning = \"m\"; } );",
        HEAD "fields = ( { name = \"text\"; type = \"text\"; max = 10; required = true; "
             "meaning = \"m\"; } );",
        HEAD "fields = ( { name = \"text\"; type = \"text\"; max = 10; list_max = 1; "
             "meaning = \"m\"; } );",
        HEAD "fields = ( { name = \"text\"; type = \"bytes\"; max = 10; min = 1; "
             "meaning = \"m\"; } );",
        HEAD "fields = ( { name = \"texts\"; type = \"text\"; max = 10; meaning = \"m\"; } );",
        HEAD "receipt = true; fields = ( " TEXT " );",
        HEAD "system = true; fields = ( " TEXT " );",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct hash other = hash_of (others[i]);
        assert_false (hash_equal (&plain, &other));
    }
}

/* What the casework and the brokers rely on. */
static void the_kinds_of_the_project_are_there (void **state)
{
    (void) state;
    static const struct {
        const char *kind;
        unsigned precedence;
        bool receipt, system;
        enum thread_use thread;
    } kinds[] = {
        { "advisory", CB_LANE_ROUTINE, true, false, THREAD_OPTIONAL },
        { "checkpoint", CB_LANE_BULK, false, true, THREAD_NONE },
        { "contact", CB_LANE_ROUTINE, false, false, THREAD_NONE },
        { "enrolment", CB_LANE_FLASH, false, true, THREAD_NONE },
        { "head", CB_LANE_FLASH, false, true, THREAD_NONE },
        { "incident", CB_LANE_ROUTINE, true, false, THREAD_OPTIONAL },
        { "note", CB_LANE_ROUTINE, false, false, THREAD_OPTIONAL },
        { "policy", CB_LANE_FLASH, false, true, THREAD_NONE },
        { "receipt", CB_LANE_BULK, false, true, THREAD_REQUIRED },
        { "rejection", CB_LANE_ROUTINE, false, true, THREAD_REQUIRED },
        { "revocation", CB_LANE_FLASH, false, true, THREAD_NONE },
        { "root", CB_LANE_FLASH, false, true, THREAD_NONE },
        { "update", CB_LANE_ROUTINE, true, false, THREAD_REQUIRED },
    };
    struct schemas *all = schemas_ours ();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct schema *s = schemas_find (all, span_of (kinds[i].kind));
        if (!s)
            fail_msg ("no schema of %s", kinds[i].kind);
        assert_int_equal (s->precedence, kinds[i].precedence);
        assert_int_equal (s->receipt, kinds[i].receipt);
        assert_int_equal (s->system, kinds[i].system);
        assert_int_equal (s->thread, kinds[i].thread);
    }
    schemas_free (&all);
}

/* One line a schema: kind, version, hash. Before a release a line may be replaced; after
 * it a schema that has to change gets a next version and a line of its own. */
static void a_released_schema_never_changes (void **state)
{
    (void) state;
    char kind[KIND_MAX + 1], pinned[65];
    unsigned version;
    size_t lines = 0;
    struct schemas *all = schemas_ours ();
    FILE *file = fopen ("tests/vectors/schemas.txt", "r");
    assert_non_null (file);
    while (fscanf (file, "%32s %u %64s", kind, &version, pinned) == 3) {
        const struct schema *schema = schemas_find_version (all, span_of (kind), version);
        if (!schema)
            fail_msg ("version %u of %s is gone", version, kind);
        struct hash hash = schema_hash (schema);
        char hex[65];
        for (size_t i = 0; i < sizeof hash.bytes; i++)
            snprintf (hex + 2 * i, 3, "%02x", hash.bytes[i]);
        if (strcmp (hex, pinned) != 0)
            fail_msg ("changed: %s %u %s", kind, version, hex);
        lines++;
    }
    assert_true (feof (file));
    fclose (file);
    assert_int_equal (lines, all->count);
    schemas_free (&all);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_schema_is_read_with_its_fields_sorted),
        cmocka_unit_test (what_is_unknown_is_refused_by_line_and_name),
        cmocka_unit_test (what_is_missing_is_named),
        cmocka_unit_test (a_number_that_libconfig_would_wrap_is_refused),
        cmocka_unit_test (limits_are_themselves_limited),
        cmocka_unit_test (names_are_checked),
        cmocka_unit_test (records_nest_only_so_deep),
        cmocka_unit_test (what_is_no_configuration_is_refused),
        cmocka_unit_test (the_hash_covers_all_that_decides_and_nothing_else),
        cmocka_unit_test (the_kinds_of_the_project_are_there),
        cmocka_unit_test (a_released_schema_never_changes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
