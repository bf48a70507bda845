/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/cfg.h"

#include "bus/core/pack.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_path (char *out, size_t size, const config_setting_t *setting)
{
    if (!setting || config_setting_is_root (setting))
        return;
    const config_setting_t *parent = config_setting_parent (setting);
    add_path (out, size, parent);
    size_t used = strlen (out);
    if (config_setting_name (setting))
        snprintf (out + used, size - used, "%s%s", used ? "." : "", config_setting_name (setting));
    else
        snprintf (out + used, size - used, "[%d]", config_setting_index (setting));
}

bool cfg_refuse (struct cfg *cfg, const config_setting_t *setting, const char *format, ...)
{
    char path[256] = "";
    add_path (path, sizeof path, setting);
    unsigned line = setting ? config_setting_source_line (setting) : 0;
    size_t used = 0;
    int n = line ? snprintf (cfg->why, cfg->why_size, "%s:%u: %s%s", cfg->path, line, path,
                             *path ? ": " : "")
                 : snprintf (cfg->why, cfg->why_size, "%s: ", cfg->path);
    if (n > 0)
        used = (size_t) n < cfg->why_size ? (size_t) n : cfg->why_size;
    va_list args;
    va_start (args, format);
    vsnprintf (cfg->why + used, cfg->why_size - used, format, args);
    va_end (args);
    return false;
}

static bool at_line (struct cfg *cfg, size_t line, const char *what, const char *token, size_t size)
{
    snprintf (cfg->why, cfg->why_size, "%s:%zu: %.*s %s", cfg->path, line, (int) size, token, what);
    return false;
}

/* Whether a number of the text is one that libconfig would wrap without a word. */
static bool number_fits (struct cfg *cfg, size_t line, const char *token, size_t size)
{
    bool wide = token[size - 1] == 'L';
    bool hex = size > 2 && token[0] == '0' && (token[1] | 0x20) == 'x';
    for (size_t i = 0; i < size && !hex; i++)
        if (token[i] == '.' || token[i] == 'e' || token[i] == 'E')
            return true; /* a float */
    errno = 0;
    unsigned long long value = strtoull (token, NULL, hex ? 16 : 10);
    if (errno || value > INT64_MAX)
        return at_line (cfg, line, "does not fit 64 bits", token, size);
    if (!wide && value > INT32_MAX)
        return at_line (cfg, line, "does not fit 32 bits; write an L after it", token, size);
    return true;
}

/* The end of a string or comment that starts at `p`, or `p` when none does. */
static const char *skip (const char *p)
{
    if (*p == '"') {
        for (p++; *p && *p != '"'; p++)
            if (*p == '\\' && p[1])
                p++;
        return *p ? p + 1 : p;
    }
    if (*p == '#' || (*p == '/' && p[1] == '/'))
        return p + strcspn (p, "\n");
    if (*p == '/' && p[1] == '*') {
        const char *end = strstr (p + 2, "*/");
        return end ? end + 2 : p + strlen (p);
    }
    return p;
}

/* Looks over the words of the text, before libconfig makes something of them. */
static bool words_fit (struct cfg *cfg, const char *text)
{
    size_t line = 1;
    for (const char *p = text; *p;) {
        const char *end = skip (p);
        if (end == p && (isalnum ((unsigned char) *p) || *p == '@')) {
            end++;
            while (isalnum ((unsigned char) *end) || (*end && strchr ("_-.*", *end)))
                end++;
            if (*p == '@')
                return at_line (cfg, line, "is not allowed; all of it stands in one file", p,
                                (size_t) (end - p));
            if (isdigit ((unsigned char) *p) && !number_fits (cfg, line, p, (size_t) (end - p)))
                return false;
        } else if (end == p)
            end++;
        for (; p < end; p++)
            line += *p == '\n';
    }
    return true;
}

static char *read_text (struct cfg *cfg)
{
    char *text = NULL;
    FILE *file = fopen (cfg->path, "re");
    if (!file) {
        cfg_refuse (cfg, NULL, "cannot be read: %s", strerror (errno));
        return NULL;
    }
    text = malloc (CFG_SIZE_MAX + 2);
    if (!text)
        abort ();
    size_t size = fread (text, 1, CFG_SIZE_MAX + 1, file);
    bool good = !ferror (file);
    if (!good)
        cfg_refuse (cfg, NULL, "cannot be read: %s", strerror (errno));
    else if (size > CFG_SIZE_MAX)
        good = cfg_refuse (cfg, NULL, "larger than %zu KiB", CFG_SIZE_MAX / 1024);
    else if (!span_utf8 (span_bytes (text, size)))
        good = cfg_refuse (cfg, NULL, "not a text file in UTF-8");
    fclose (file);
    if (good) {
        text[size] = 0;
        return text;
    }
    free (text);
    return NULL;
}

bool cfg_open (struct cfg *cfg, const char *path, char *why, size_t why_size)
{
    *cfg = (struct cfg){ .path = path, .why = why, .why_size = why_size };
    char *text = read_text (cfg);
    if (!text)
        return false;
    bool good = words_fit (cfg, text);
    if (good) {
        config_init (&cfg->config);
        if (config_read_string (&cfg->config, text) != CONFIG_TRUE) {
            snprintf (why, why_size, "%s:%d: %s", path, config_error_line (&cfg->config),
                      config_error_text (&cfg->config));
            config_destroy (&cfg->config);
            good = false;
        }
    }
    free (text);
    return good;
}

void cfg_close (struct cfg *cfg)
{
    config_destroy (&cfg->config);
}

const config_setting_t *cfg_root (const struct cfg *cfg)
{
    return config_root_setting (&cfg->config);
}

bool cfg_known (struct cfg *cfg, const config_setting_t *group, const char *const names[])
{
    if (!config_setting_is_group (group))
        return cfg_refuse (cfg, group, "expected a group { ... }");
    for (int i = 0; i < config_setting_length (group); i++) {
        const config_setting_t *setting = config_setting_get_elem (group, (unsigned) i);
        const char *const *name = names;
        while (*name && strcmp (*name, config_setting_name (setting)) != 0)
            name++;
        if (*name)
            continue;
        char known[256] = "";
        for (name = names; *name; name++) {
            size_t used = strlen (known);
            snprintf (known + used, sizeof known - used, "%s%s", used ? ", " : "", *name);
        }
        return cfg_refuse (cfg, setting, "no such setting; expected %s", known);
    }
    return true;
}

bool cfg_text (struct cfg *cfg, const config_setting_t *group, const char *name, size_t max,
               const char **out)
{
    const config_setting_t *setting = config_setting_get_member (group, name);
    if (!setting)
        return true;
    const char *text = config_setting_get_string (setting);
    if (!text)
        return cfg_refuse (cfg, setting, "expected a text in quotes");
    size_t size = strlen (text);
    if (size == 0 || size > max)
        return cfg_refuse (cfg, setting, "%zu bytes; expected 1 to %zu", size, max);
    *out = text;
    return true;
}

bool cfg_int (struct cfg *cfg, const config_setting_t *group, const char *name, int64_t min,
              int64_t max, int64_t *out)
{
    const config_setting_t *setting = config_setting_get_member (group, name);
    if (!setting)
        return true;
    int type = config_setting_type (setting);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
        return cfg_refuse (cfg, setting, "expected a whole number");
    int64_t value = type == CONFIG_TYPE_INT ? config_setting_get_int (setting)
                                            : config_setting_get_int64 (setting);
    if (value < min || value > max)
        return cfg_refuse (cfg, setting, "%" PRId64 "; expected %" PRId64 " to %" PRId64, value,
                           min, max);
    *out = value;
    return true;
}

bool cfg_bool (struct cfg *cfg, const config_setting_t *group, const char *name, bool *out)
{
    const config_setting_t *setting = config_setting_get_member (group, name);
    if (!setting)
        return true;
    if (config_setting_type (setting) != CONFIG_TYPE_BOOL)
        return cfg_refuse (cfg, setting, "expected true or false");
    *out = config_setting_get_bool (setting);
    return true;
}

bool cfg_list (struct cfg *cfg, const config_setting_t *group, const char *name,
               const config_setting_t **out)
{
    *out = config_setting_get_member (group, name);
    if (*out && !config_setting_is_aggregate (*out))
        return cfg_refuse (cfg, *out, "expected a list ( ... )");
    return true;
}
