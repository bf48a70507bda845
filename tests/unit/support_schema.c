/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_schema.h"

#include "bus/edge/schemafile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct schemas *schemas_from (const char *file, const char *text, char *why, size_t why_size)
{
    char folder[256], path[512];
    const char *temp = getenv ("TMPDIR");
    snprintf (folder, sizeof folder, "%s/schemas-XXXXXX", temp && *temp ? temp : "/tmp");
    assert_non_null (mkdtemp (folder));
    snprintf (path, sizeof path, "%s/%s", folder, file);
    FILE *out = fopen (path, "w");
    assert_non_null (out);
    fputs (text, out);
    assert_int_equal (fclose (out), 0);

    why[0] = 0;
    struct schemas *all = schemas_load (folder, why, why_size);
    unlink (path);
    rmdir (folder);
    char *at = strstr (why, folder);
    if (at) {
        size_t size = strlen (folder) + 1;
        memmove (at, at + size, strlen (at + size) + 1);
    }
    return all;
}

static struct schemas *must (struct schemas *all, const char *why)
{
    if (!all)
        fail_msg ("%s", why);
    return all;
}

struct schemas *schemas_ours (void)
{
    char why[512] = "";
    return must (schemas_load ("schemas", why, sizeof why), why);
}

/* clang-format off */
#define HEAD                                                                                       \
    "kind = \"sample\"; version = 3; meaning = \"for tests\"; precedence = \"bulk\";\n"           \
    "thread = \"optional\"; receipt = true;\n"
#define F(name, rest) "{ name = \"" name "\"; meaning = \"for tests\"; type = " rest " }"

static const char sample[] = HEAD
    "fields = (\n"
    F ("title", "\"text\"; required = true; max = 20;") ",\n"
    F ("empty", "\"text\"; min = 0; max = 10;") ",\n"
    F ("count", "\"int\"; min = -5; max = 10;") ",\n"
    F ("flag", "\"bool\";") ",\n"
    F ("at", "\"time\";") ",\n"
    F ("score", "\"tenths\"; min = 0; max = 100;") ",\n"
    F ("key", "\"bytes\"; min = 4; max = 4;") ",\n"
    F ("blob", "\"bytes\"; max = 8;") ",\n"
    F ("level", "\"choice\"; choices = ( \"low\", \"high\", \"a/burglary\" );") ",\n"
    F ("who", "\"party\";") ",\n"
    F ("whom", "\"term\";") ",\n"
    F ("ref", "\"id\";") ",\n"
    F ("tags", "\"text\"; max = 5; list_min = 1; list_max = 3;") ",\n"
    F ("parts", "\"record\"; list_max = 2; fields = (\n"
        F ("name", "\"text\"; required = true; max = 9;") ",\n"
        F ("due", "\"time\";") ",\n"
        F ("sub", "\"record\"; fields = ( " F ("x", "\"int\"; required = true;") " );")
        " );")
    "\n);\n";
/* clang-format on */

struct schemas *schemas_sample (void)
{
    char why[512] = "";
    return must (schemas_from ("sample.cfg", sample, why, sizeof why), why);
}
