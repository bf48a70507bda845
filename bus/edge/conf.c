/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/conf_own.h"

#include "bus/core/number.h"
#include "bus/edge/cfg.h"
#include "bus/edge/keys.h"
#include "bus/edge/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Names are at most this long for "did you mean". */
#define NAME_MAX_BYTES 32

#define ROW(NAME, KIND, PRESET, MIN, MAX, ABOUT)                                                   \
    { #NAME, KIND, PRESET, MIN, MAX, ABOUT, offsetof (struct conf, NAME) },
const struct setting conf_settings[CONF_COUNT] = { CONF_SETTINGS (ROW) };
#undef ROW

static char *text_at (struct conf *conf, const struct setting *s)
{
    return (char *) conf + s->at;
}

size_t conf_size (const struct setting *s)
{
    switch (s->kind) {
    case INT: return sizeof (int64_t);
    case ENDPOINTS: return sizeof ((struct conf *) 0)->listen;
    case LEVEL: return sizeof ((struct conf *) 0)->log_level;
    case TLP: return sizeof ((struct conf *) 0)->tap_tlp;
    case ENDPOINT: return sizeof ((struct conf *) 0)->tap;
    case OFFICERS: return sizeof (struct conf_officers);
    default: return (size_t) s->max + 1;
    }
}

void conf_default (struct conf *conf)
{
    memset (conf, 0, sizeof *conf);
    for (size_t i = 0; i < CONF_COUNT; i++) {
        const struct setting *s = &conf_settings[i];
        if (s->kind == INT) {
            int64_t value = strtoll (s->preset, NULL, 10);
            memcpy (text_at (conf, s), &value, sizeof value);
        } else if (s->kind != ENDPOINTS && s->kind != OFFICERS)
            snprintf (text_at (conf, s), conf_size (s), "%s", s->preset);
    }
}

static bool tlp_known (const char *text)
{
#define X_TLP(NAME, number, label, about)                                                          \
    if (strcmp (text, label) == 0)                                                                 \
        return true;
    CB_TLPS (X_TLP)
#undef X_TLP
    return false;
}

static bool take_text (struct cfg *cfg, struct conf *conf, const struct setting *s,
                       const config_setting_t *from)
{
    const char *text = config_setting_get_string (from);
    if (!text)
        return cfg_refuse (cfg, from, "expected a text in quotes");
    size_t room = conf_size (s);
    if (strlen (text) >= room)
        return cfg_refuse (cfg, from, "%zu bytes; expected at most %zu", strlen (text), room - 1);
    if (s->kind == LEVEL && log_level_number (text) < 0)
        return cfg_refuse (
            cfg, from, "\"%s\" is no level; expected error, warning, notice, info or debug", text);
    if (s->kind == YESNO && strcmp (text, "yes") != 0 && strcmp (text, "no") != 0)
        return cfg_refuse (cfg, from, "\"%s\"; expected \"yes\" or \"no\"", text);
    if (s->kind == TLP && !tlp_known (text))
        return cfg_refuse (cfg, from,
                           "\"%s\" is no label; expected TLP:CLEAR, TLP:GREEN, "
                           "TLP:AMBER, TLP:AMBER+STRICT or TLP:RED",
                           text);
    /* The only endpoint of its own is the tap, which is local. */
    if (s->kind == ENDPOINT && *text &&
        (strncmp (text, "ipc://", 6) != 0 || !conf_endpoint (text, false, true)))
        return cfg_refuse (cfg, from,
                           "\"%s\" is no endpoint; expected ipc://PATH, the path at "
                           "most 107 bytes",
                           text);
    char zone_why[ZONE_WHY];
    struct zone *zone = s->kind == ZONE ? zone_open (text, zone_why) : NULL;
    if (s->kind == ZONE && zone == NULL)
        return cfg_refuse (cfg, from, "%s", zone_why);
    zone_close (&zone);
    struct number_series series;
    char why[NUMBER_WHY];
    if (s->kind == NUMBER && *text && !number_series (&series, text, 0, 0, why))
        return cfg_refuse (cfg, from, "\"%s\" makes no numbers: %s; expected as NCERT-%%Y-%%03n",
                           text, why);
    snprintf (text_at (conf, s), room, "%s", text);
    return true;
}

static bool take_endpoint (struct cfg *cfg, const config_setting_t *from, bool wild,
                           char out[ENDPOINT_MAX + 1])
{
    const char *text = config_setting_get_string (from);
    if (!text)
        return cfg_refuse (cfg, from, "expected a text in quotes, tcp://HOST:PORT");
    if (!conf_endpoint (text, wild, false))
        return cfg_refuse (cfg, from, "\"%.140s\" is no endpoint; expected tcp://HOST:PORT", text);
    snprintf (out, ENDPOINT_MAX + 1, "%s", text);
    return true;
}

/* One endpoint, or a list of them. */
static bool take_endpoints (struct cfg *cfg, struct conf *conf, const struct setting *s,
                            const config_setting_t *from)
{
    bool listens = s->at == offsetof (struct conf, listen);
    char (*out)[ENDPOINT_MAX + 1] = listens ? conf->listen : conf->parent;
    size_t *count = listens ? &conf->listen_count : &conf->parent_count;
    *count = 0;
    if (config_setting_type (from) == CONFIG_TYPE_STRING) {
        if (*config_setting_get_string (from) == 0)
            return true;
        *count = 1;
        return take_endpoint (cfg, from, listens, out[0]);
    }
    if (!config_setting_is_array (from) && !config_setting_is_list (from))
        return cfg_refuse (cfg, from,
                           "expected \"tcp://HOST:PORT\", or several as "
                           "[ \"...\", \"...\" ]");
    size_t given = (size_t) config_setting_length (from);
    if (given > (size_t) s->max)
        return cfg_refuse (cfg, from, "%zu endpoints; expected at most %" PRId64, given, s->max);
    for (size_t i = 0; i < given; i++)
        if (!take_endpoint (cfg, config_setting_get_elem (from, (unsigned) i), listens, out[i]))
            return false;
    *count = given;
    return true;
}

static bool take (struct cfg *cfg, struct conf *conf, const struct setting *s,
                  const config_setting_t *from)
{
    if (s->kind == ENDPOINTS)
        return take_endpoints (cfg, conf, s, from);
    if (s->kind == OFFICERS)
        return officers_take (cfg, &conf->officers, from);
    if (s->kind != INT)
        return take_text (cfg, conf, s, from);
    int64_t value = 0;
    if (!cfg_int (cfg, cfg_root (cfg), s->name, s->min, s->max, &value))
        return false;
    memcpy (text_at (conf, s), &value, sizeof value);
    return true;
}

static size_t least (size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The number of letters to insert, drop or change to make one name of the other. */
static size_t distance (const char *a, const char *b)
{
    size_t row[NAME_MAX_BYTES + 1], size = strlen (b);
    for (size_t j = 0; j <= size; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < size; j++) {
            size_t changed = corner + (a[i] != b[j]);
            corner = row[j + 1];
            row[j + 1] = least (changed, least (corner, row[j]) + 1);
        }
    }
    return row[size];
}

static bool refuse_unknown (struct cfg *cfg, const config_setting_t *from)
{
    const char *name = config_setting_name (from), *nearest = NULL;
    size_t best = 4;
    for (size_t i = 0; i < CONF_COUNT; i++) {
        size_t d = strlen (name) <= NAME_MAX_BYTES ? distance (name, conf_settings[i].name) : best;
        if (d < best) {
            best = d;
            nearest = conf_settings[i].name;
        }
    }
    if (nearest)
        return cfg_refuse (cfg, from, "no such setting; did you mean %s?", nearest);
    char known[CONF_WHY / 2] = "";
    for (size_t i = 0; i < CONF_COUNT; i++) {
        size_t used = strlen (known);
        snprintf (known + used, sizeof known - used, "%s%s", used ? ", " : "",
                  conf_settings[i].name);
    }
    return cfg_refuse (cfg, from, "no such setting; expected %s", known);
}

static bool load_one (struct cfg *cfg, struct conf *conf, const config_setting_t *from)
{
    size_t known = 0;
    while (known < CONF_COUNT &&
           strcmp (conf_settings[known].name, config_setting_name (from)) != 0)
        known++;
    if (known == CONF_COUNT)
        return refuse_unknown (cfg, from);
    conf->lines[known] = (unsigned) config_setting_source_line (from);
    return take (cfg, conf, &conf_settings[known], from);
}

/* Without `tell`, up to the first problem. */
static size_t load (const char *path, struct conf *conf, char why[CONF_WHY], conf_tell tell,
                    void *arg)
{
    struct cfg cfg;
    size_t problems = 0;
    conf_default (conf);
    if (access (path, F_OK) != 0 && errno == ENOENT)
        return 0;
    if (!cfg_open (&cfg, path, why, CONF_WHY)) {
        if (tell)
            tell (why, arg);
        return 1;
    }
    const config_setting_t *root = cfg_root (&cfg);
    for (int i = 0; i < config_setting_length (root) && (tell || problems == 0); i++) {
        if (load_one (&cfg, conf, config_setting_get_elem (root, (unsigned) i)))
            continue;
        problems++;
        if (tell)
            tell (why, arg);
    }
    cfg_close (&cfg);
    return problems;
}

int conf_load (struct conf *conf, const char *path, char why[CONF_WHY])
{
    return load (path, conf, why, NULL, NULL) == 0 ? 0 : -1;
}

size_t conf_check (const char *path, conf_tell tell, void *arg)
{
    struct conf conf;
    char why[CONF_WHY];
    return load (path, &conf, why, tell, arg);
}
