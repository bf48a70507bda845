/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/command.h"

#include <string.h>

#include "bus/edge/conf.h"
#include "bus/edge/schemafile.h"

static struct schemas *load (const struct call *call, char *why, size_t why_size)
{
    struct conf conf;
    if (conf_load (&conf, home_path (call, "certbus.conf").text, why) != 0)
        return NULL;
    bool inside = *conf.schemas && *conf.schemas != '/';
    return schemas_open (inside ? home_path (call, conf.schemas).text : conf.schemas, why,
                         why_size);
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
