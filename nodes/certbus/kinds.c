/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/command.h"

#include <libgen.h>
#include <string.h>
#include <unistd.h>

#include "bus/edge/conf.h"
#include "bus/edge/schemafile.h"

#define LEVELS 5

/* The folder that was installed with this program, or that of the tree it was built in. */
static bool beside_program (char *folder, size_t size)
{
    static const char *const places[] = { "share/certbus/schemas", "schemas" };
    char program[PATH_TEXT];
    ssize_t got = readlink ("/proc/self/exe", program, sizeof program - 1);
    if (got <= 0)
        return false;
    program[got] = 0;
    for (unsigned level = 0; level < LEVELS && strcmp (dirname (program), "/") != 0; level++) {
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            int used = snprintf (folder, size, "%s/%s/advisory.cfg", program, places[i]);
            if (used > 0 && (size_t) used < size && access (folder, R_OK) == 0) {
                *strrchr (folder, '/') = 0;
                return true;
            }
        }
    }
    return false;
}

static struct schemas *load (const struct call *call, char *why, size_t why_size)
{
    char folder[PATH_TEXT];
    struct conf conf;
    conf_default (&conf);
    if (conf_load (&conf, home_path (call, "certbus.conf").text, why) != 0)
        return NULL;
    if (*conf.schemas)
        snprintf (folder, sizeof folder, "%s", conf.schemas);
    else if (!beside_program (folder, sizeof folder)) {
        snprintf (why, why_size,
                  "the schemas are not beside this program; name their folder in certbus.conf "
                  "(schemas = \"...\")");
        return NULL;
    }
    return schemas_load (folder, why, why_size);
}

const struct schemas *call_schemas (struct call *call)
{
    char why[CONF_WHY] = "";
    if (call->schemas || call->schemas_why)
        return call->schemas;
    call->schemas = load (call, why, sizeof why);
    if (!call->schemas)
        call->schemas_why = strdup (why);
    return call->schemas;
}

struct kind_names kind_names (const struct schemas *schemas, bool of_brokers_too)
{
    struct kind_names names = { .at = { NULL } };
    size_t count = 0;
    for (size_t i = 0; i < schemas->count && count < KIND_NAMES; i++) {
        const struct schema *schema = schemas->at[i];
        bool again = count && strcmp (names.at[count - 1], schema->kind) == 0;
        if (!again && (of_brokers_too || !schema->system))
            names.at[count++] = schema->kind;
    }
    return names;
}

void warn_kinds (struct call *call)
{
    size_t count = args_count (&call->args, "kind");
    const struct schemas *schemas = count ? call_schemas (call) : NULL;
    for (size_t i = 0; schemas && i < count; i++) {
        const char *kind = args_nth (&call->args, "kind", i);
        struct kind_names names = kind_names (schemas, true);
        const char *meant = args_meant (kind, names.at);
        if (!schemas_find (schemas, span_of (kind)))
            complain ("warning: --kind %s: no schema of that name here%s%s%s",
                      line_text (kind).text, meant ? "; did you mean " : "", meant ? meant : "",
                      meant ? "?" : "");
    }
}
