/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/conf_own.h"

#include "bus/edge/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The table ----------------------------------------------------------------------------- */

static bool at_start (enum conf_setting which)
{
    return which == CONF_listen || which == CONF_tap || which == CONF_time_zone;
}

struct conf_about conf_about (enum conf_setting which)
{
    static const char *const kinds[] = {
        [TEXT] = "text",      [INT] = "number",        [LEVEL] = "level",
        [TLP] = "label",      [ENDPOINT] = "endpoint", [ENDPOINTS] = "endpoints",
        [NUMBER] = "pattern", [ZONE] = "time zone",    [OFFICERS] = "officers",
        [YESNO] = "yes or no"
    };
    const struct setting *s = &conf_settings[which];
    struct conf_about about = { .name = s->name,
                                .kind = kinds[s->kind],
                                .preset = s->preset,
                                .about = s->about,
                                .number = s->kind == INT,
                                .min = s->min,
                                .max = s->max,
                                .at_start = at_start (which) };
    if (s->kind == INT)
        snprintf (about.range, sizeof about.range, "%" PRId64 " to %" PRId64, s->min, s->max);
    else if (s->kind == TEXT || s->kind == NUMBER || s->kind == ZONE)
        snprintf (about.range, sizeof about.range, "at most %" PRId64 " bytes", s->max);
    else if (s->kind == ENDPOINTS || s->kind == OFFICERS)
        snprintf (about.range, sizeof about.range, "at most %" PRId64 " of them", s->max);
    return about;
}

/* --- What is in force ---------------------------------------------------------------------- */

static void endpoints_value (const struct conf *conf, enum conf_setting which, char *out,
                             size_t size)
{
    bool listens = which == CONF_listen;
    size_t count = listens ? conf->listen_count : conf->parent_count, used = 0;
    const char (*at)[ENDPOINT_MAX + 1] = listens ? conf->listen : conf->parent;
    out[0] = 0;
    for (size_t i = 0; i < count; i++)
        used += (size_t) snprintf (out + used, size - used, "%s%s", i ? ", " : "", at[i]);
}

void conf_value (const struct conf *conf, enum conf_setting which, char out[CONF_VALUE])
{
    const struct setting *s = &conf_settings[which];
    const char *at = (const char *) conf + s->at;
    int64_t number;
    if (s->kind == INT) {
        memcpy (&number, at, sizeof number);
        snprintf (out, CONF_VALUE, "%" PRId64, number);
    } else if (s->kind == ENDPOINTS)
        endpoints_value (conf, which, out, CONF_VALUE);
    else if (s->kind == OFFICERS)
        officers_value (&conf->officers, out, CONF_VALUE);
    else
        snprintf (out, CONF_VALUE, "%s", at);
}

bool conf_same (const struct conf *a, const struct conf *b, enum conf_setting which)
{
    char one[CONF_VALUE], other[CONF_VALUE];
    conf_value (a, which, one);
    conf_value (b, which, other);
    return strcmp (one, other) == 0;
}

void conf_copy (struct conf *to, const struct conf *from, enum conf_setting which)
{
    const struct setting *s = &conf_settings[which];
    if (which == CONF_listen)
        to->listen_count = from->listen_count;
    if (which == CONF_parent)
        to->parent_count = from->parent_count;
    memcpy ((char *) to + s->at, (const char *) from + s->at, conf_size (s));
    to->lines[which] = from->lines[which];
}

void conf_from (const struct conf *conf, enum conf_setting which, char out[CONF_FROM])
{
    const char *told = getenv ("CERTBUS_SCHEMAS");
    bool heard = which == CONF_schemas && !conf->schemas[0] && told && *told;
    if (conf->lines[which] && !heard)
        snprintf (out, CONF_FROM, "certbus.conf:%u", conf->lines[which]);
    else
        snprintf (out, CONF_FROM, "%s", heard ? "environment" : "default");
}

/* --- Writing ------------------------------------------------------------------------------- */

static void write_setting (FILE *out, const struct setting *s, const char *listen)
{
    fprintf (out, "\n# %s\n", s->about);
    if (s->kind == INT)
        fprintf (out, "# from %" PRId64 " to %" PRId64 "\n", s->min, s->max);
    if (s->kind == ENDPOINTS)
        fprintf (out, "# one, or up to %" PRId64 " as [ \"...\", \"...\" ]\n", s->max);
    if (s->kind == OFFICERS)
        fputs ("# as ( { name = \"S. Ahmed\"; user = \"sahmed\"; may = [ \"*\" ]; } )\n", out);
    if (s->at == offsetof (struct conf, listen) && listen && *listen)
        fprintf (out, "%s = \"%s\";\n", s->name, listen);
    else if (s->kind == INT)
        fprintf (out, "#%s = %s;\n", s->name, s->preset);
    else
        fprintf (out, "#%s = \"%s\";\n", s->name, s->preset);
}

int conf_write (const char *path, const char *listen, char why[CONF_WHY])
{
    if (listen && *listen && !conf_endpoint (listen, true, false)) {
        snprintf (why, CONF_WHY, "listen: \"%.140s\" is no endpoint; expected tcp://HOST:PORT",
                  listen);
        return -1;
    }
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    if (!out)
        abort ();
    fputs ("# The settings of this broker. Those with a # before them have the value that is\n"
           "# shown, until the # is taken away. Check what you changed: certbusd -C DIR --check\n",
           out);
    for (size_t i = 0; i < CONF_COUNT; i++)
        write_setting (out, &conf_settings[i], listen);
    if (fclose (out) != 0)
        abort (); /* out of memory */
    int result = file_write (path, span_bytes (text, size), false, false, why, CONF_WHY);
    free (text);
    return result;
}
