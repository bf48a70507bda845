/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/policyfile.h"

#include "bus/edge/cfg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_MS      INT64_C (1000)
#define MINUTE_MS      (60 * SECOND_MS)
#define HOUR_MS        (60 * MINUTE_MS)
#define DAY_MS         (24 * HOUR_MS)
#define LIMIT_MAX      (3650 * DAY_MS)
#define SEVERITIES     5
#define DURATION_MAX   32
#define DURATION_WORDS "expected a time such as \"15 min\", \"6 h\" or \"30 d\""

struct policyfile {
    struct cfg cfg;
    struct policy policy;
};

#define SETTING_X(NAME, name, otherwise, duration, least, most) { name, duration, least, most },
static const struct known_setting {
    const char *name;
    bool duration;
    int64_t least, most;
} known_settings[] = { POLICY_SETTINGS (SETTING_X) };
#undef SETTING_X
#define KNOWN_SETTINGS (sizeof known_settings / sizeof known_settings[0])

bool duration_parse (const char *text, int64_t *ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {
        { "ms", 1 }, { "s", SECOND_MS }, { "min", MINUTE_MS }, { "h", HOUR_MS }, { "d", DAY_MS }
    };
    int64_t value = 0;
    size_t digits = strspn (text, "0123456789");
    if (digits == 0 || digits > 12)
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (text[i] - '0');
    text += digits;
    text += *text == ' ';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp (text, units[i].name) == 0 && value <= TIME_MAX / units[i].ms) {
            *ms = value * units[i].ms;
            return true;
        }
    return false;
}

static bool refuse_missing (struct cfg *cfg, const config_setting_t *group, const char *name)
{
    return cfg_refuse (cfg, group, "%s is missing", name);
}

static bool need_text (struct cfg *cfg, const config_setting_t *group, const char *name, size_t max,
                       struct span *out)
{
    const char *text = NULL;
    if (!cfg_text (cfg, group, name, max, &text))
        return false;
    *out = span_of (text);
    return text || refuse_missing (cfg, group, name);
}

static bool need_label (struct cfg *cfg, const config_setting_t *group, const char *name, bool star,
                        struct span *out)
{
    if (!need_text (cfg, group, name, SECTOR_MAX, out))
        return false;
    return label_valid (*out) || (star && span_is (*out, "*")) ||
           cfg_refuse (cfg, config_setting_get_member (group, name),
                       "\"" SPAN_FMT "\": expected 1 to 32 of a-z 0-9 -%s", SPAN_ARG (*out),
                       star ? ", or *" : "");
}

static bool need_list (struct cfg *cfg, const config_setting_t *group, const char *name, size_t max,
                       const config_setting_t **out)
{
    if (!cfg_list (cfg, group, name, out))
        return false;
    if (!*out)
        return refuse_missing (cfg, group, name);
    int count = config_setting_length (*out);
    return (count >= 1 && (size_t) count <= max) ||
           cfg_refuse (cfg, *out, "%d elements; expected 1 to %zu", count, max);
}

static int by_bytes (const void *a, const void *b)
{
    return span_compare (*(const struct span *) a, *(const struct span *) b);
}

/* A list of labels in any order, which the canonical form has sorted. */
static bool read_labels (struct cfg *cfg, const config_setting_t *group, const char *name,
                         size_t max, bool star, struct labels *out)
{
    const config_setting_t *list;
    if (!need_list (cfg, group, name, max, &list))
        return false;
    out->count = (size_t) config_setting_length (list);
    for (size_t i = 0; i < out->count; i++) {
        const char *text = config_setting_get_string_elem (list, (int) i);
        out->at[i] = span_of (text);
        bool any = star && out->count == 1 && span_is (out->at[i], "*");
        if (!text || (!any && !label_valid (out->at[i])))
            return cfg_refuse (cfg, config_setting_get_elem (list, (unsigned) i),
                               "expected a text of 1 to 32 of a-z 0-9 -%s",
                               star ? ", or * alone" : "");
        for (size_t j = 0; j < i; j++)
            if (span_equal (out->at[i], out->at[j]))
                return cfg_refuse (cfg, config_setting_get_elem (list, (unsigned) i),
                                   "\"%s\" stands here twice", text);
    }
    qsort (out->at, out->count, sizeof out->at[0], by_bytes);
    return true;
}

static bool refuse_relation (struct cfg *cfg, const config_setting_t *setting, const char *text)
{
    char known[256] = "";
    for (unsigned i = 0; i < CB_REL_END; i++) {
        size_t used = strlen (known);
        snprintf (known + used, sizeof known - used, "%s%s", i ? ", " : "", cb_relation_name (i));
    }
    if (!text)
        return cfg_refuse (cfg, setting, "expected a text: %s", known);
    return cfg_refuse (cfg, setting, "\"%s\" is no relation; expected %s", text, known);
}

static bool read_relations (struct cfg *cfg, const config_setting_t *group, unsigned *out)
{
    const config_setting_t *list;
    if (!need_list (cfg, group, "to", CB_REL_END, &list))
        return false;
    *out = 0;
    for (int i = 0; i < config_setting_length (list); i++) {
        const config_setting_t *element = config_setting_get_elem (list, (unsigned) i);
        const char *text = config_setting_get_string (element);
        int relation = text ? cb_relation_number (text) : -1;
        if (relation < 0)
            return refuse_relation (cfg, element, text);
        if (*out & 1u << relation)
            return cfg_refuse (cfg, element, "\"%s\" stands here twice", text);
        *out |= 1u << relation;
    }
    return true;
}

/* The role of a grant or clock, which must be one of the policy's. */
static bool read_role (struct cfg *cfg, const config_setting_t *group, const struct policy *p,
                       struct span *out)
{
    if (!need_label (cfg, group, "role", true, out))
        return false;
    return span_is (*out, "*") || labels_have (&p->roles, *out) ||
           cfg_refuse (cfg, config_setting_get_member (group, "role"),
                       "\"" SPAN_FMT "\" is none of this policy's roles", SPAN_ARG (*out));
}

static bool read_grants (struct cfg *cfg, const config_setting_t *root, struct policy *p)
{
    static const char *const names[] = { "role", "kinds", "to", NULL };
    const config_setting_t *list;
    if (!need_list (cfg, root, "grants", GRANTS_MAX, &list))
        return false;
    p->grant_count = (size_t) config_setting_length (list);
    for (size_t i = 0; i < p->grant_count; i++) {
        const config_setting_t *group = config_setting_get_elem (list, (unsigned) i);
        struct policy_grant *grant = &p->grants[i];
        if (!cfg_known (cfg, group, names) || !read_role (cfg, group, p, &grant->role) ||
            !read_labels (cfg, group, "kinds", SECTORS_MAX, true, &grant->kinds) ||
            !read_relations (cfg, group, &grant->relations))
            return false;
    }
    return true;
}

static bool read_sector (struct cfg *cfg, const config_setting_t *group, struct policy *p)
{
    static const char *const names[] = { "name", "cert", NULL };
    struct span sector;
    const char *cert = NULL;
    if (!cfg_known (cfg, group, names) || !need_label (cfg, group, "name", false, &sector) ||
        !cfg_text (cfg, group, "cert", PARTY_MAX, &cert))
        return false;
    if (cert && !party_valid (span_of (cert)))
        return cfg_refuse (cfg, config_setting_get_member (group, "cert"),
                           "\"%s\" is no party's name", cert);
    size_t at = p->sector_count;
    for (; at > 0 && span_compare (p->sectors[at - 1].sector, sector) >= 0; at--) {
        if (span_equal (p->sectors[at - 1].sector, sector))
            return cfg_refuse (cfg, group, "\"" SPAN_FMT "\" stands here twice", SPAN_ARG (sector));
        p->sectors[at] = p->sectors[at - 1];
    }
    p->sectors[at].sector = sector;
    p->sectors[at].cert = span_of (cert);
    p->sector_count++;
    return true;
}

static bool read_sectors (struct cfg *cfg, const config_setting_t *root, struct policy *p)
{
    const config_setting_t *list;
    if (!cfg_list (cfg, root, "sectors", &list))
        return false;
    int count = list ? config_setting_length (list) : 0;
    if (count > POLICY_SECTORS)
        return cfg_refuse (cfg, list, "%d elements; expected at most %d", count, POLICY_SECTORS);
    for (int i = 0; i < count; i++)
        if (!read_sector (cfg, config_setting_get_elem (list, (unsigned) i), p))
            return false;
    return true;
}

static bool read_limit (struct cfg *cfg, const config_setting_t *setting, int64_t *out)
{
    const char *text = config_setting_get_string (setting);
    if (!text || !duration_parse (text, out))
        return cfg_refuse (cfg, setting, DURATION_WORDS);
    return (*out >= 1 && *out <= LIMIT_MAX) ||
           cfg_refuse (cfg, setting, "\"%s\"; expected more than nothing and at most 3650 d", text);
}

static bool add_clock (struct cfg *cfg, const config_setting_t *setting, struct policy *p,
                       struct policy_clock clock)
{
    if (!read_limit (cfg, setting, &clock.limit))
        return false;
    for (size_t i = 0; i < p->clock_count; i++)
        if (span_equal (p->clocks[i].clock, clock.clock) &&
            span_equal (p->clocks[i].role, clock.role) && p->clocks[i].severity == clock.severity)
            return cfg_refuse (cfg, setting, "this clock, role and severity stand here twice");
    if (p->clock_count == CLOCKS_MAX)
        return cfg_refuse (cfg, setting, "more than %d limits", CLOCKS_MAX);
    p->clocks[p->clock_count++] = clock;
    return true;
}

/* `limits` has one for each severity, "-" for none; `limit` is for any. */
static bool read_clock (struct cfg *cfg, const config_setting_t *group, struct policy *p)
{
    static const char *const names[] = { "clock", "role", "limit", "limits", NULL };
    struct policy_clock clock = { .severity = 0 };
    const config_setting_t *one = NULL, *list = NULL;
    if (!cfg_known (cfg, group, names) || !need_label (cfg, group, "clock", false, &clock.clock) ||
        !read_role (cfg, group, p, &clock.role) || !cfg_list (cfg, group, "limits", &list))
        return false;
    one = config_setting_get_member (group, "limit");
    if ((one != NULL) == (list != NULL))
        return cfg_refuse (cfg, group, "expected either limit or limits");
    if (one)
        return add_clock (cfg, one, p, clock);
    if (config_setting_length (list) != SEVERITIES)
        return cfg_refuse (cfg, list, "expected %d times, of severity 1 to %d, \"-\" for none",
                           SEVERITIES, SEVERITIES);
    for (clock.severity = 1; clock.severity <= SEVERITIES; clock.severity++) {
        const config_setting_t *limit = config_setting_get_elem (list, clock.severity - 1);
        const char *text = config_setting_get_string (limit);
        if (text && strcmp (text, "-") == 0)
            continue;
        if (!add_clock (cfg, limit, p, clock))
            return false;
    }
    return true;
}

static bool read_clocks (struct cfg *cfg, const config_setting_t *root, struct policy *p)
{
    const config_setting_t *list;
    if (!cfg_list (cfg, root, "clocks", &list))
        return false;
    for (int i = 0; list && i < config_setting_length (list); i++)
        if (!read_clock (cfg, config_setting_get_elem (list, (unsigned) i), p))
            return false;
    return true;
}

static bool read_setting (struct cfg *cfg, const config_setting_t *group,
                          const struct known_setting *known, int64_t *out)
{
    if (!known->duration)
        return cfg_int (cfg, group, known->name, known->least, known->most, out);
    const config_setting_t *setting = config_setting_get_member (group, known->name);
    const char *text = NULL;
    if (!cfg_text (cfg, group, known->name, DURATION_MAX, &text))
        return false;
    if (!duration_parse (text, out))
        return cfg_refuse (cfg, setting, "\"%s\": " DURATION_WORDS, text);
    return (*out >= known->least && *out <= known->most) ||
           cfg_refuse (cfg, setting, "\"%s\"; expected %lld min to %lld min", text,
                       (long long) (known->least / MINUTE_MS),
                       (long long) (known->most / MINUTE_MS));
}

/* `known_settings` is in the order of bytes, which is the canonical form's. */
static bool read_settings (struct cfg *cfg, const config_setting_t *root, struct policy *p)
{
    const char *names[KNOWN_SETTINGS + 1] = { NULL };
    const config_setting_t *group = config_setting_get_member (root, "settings");
    if (!group)
        return true;
    for (size_t i = 0; i < KNOWN_SETTINGS; i++)
        names[i] = known_settings[i].name;
    if (!cfg_known (cfg, group, names))
        return false;
    for (size_t i = 0; i < KNOWN_SETTINGS; i++) {
        if (!config_setting_get_member (group, known_settings[i].name))
            continue;
        p->settings[p->setting_count].name = span_of (known_settings[i].name);
        if (!read_setting (cfg, group, &known_settings[i], &p->settings[p->setting_count].value))
            return false;
        p->setting_count++;
    }
    return true;
}

static bool read_policy (struct cfg *cfg, struct policy *p)
{
    static const char *const names[] = { "version", "title",  "roles",    "grants",
                                         "sectors", "clocks", "settings", NULL };
    const config_setting_t *root = cfg_root (cfg);
    int64_t version = 0;
    if (!cfg_known (cfg, root, names) || !cfg_int (cfg, root, "version", 1, UINT32_MAX, &version) ||
        !need_text (cfg, root, "title", TITLE_MAX, &p->title) ||
        !read_labels (cfg, root, "roles", ROLES_MAX, false, &p->roles))
        return false;
    if (version == 0)
        return refuse_missing (cfg, root, "version");
    p->version = (uint32_t) version;
    return read_grants (cfg, root, p) && read_sectors (cfg, root, p) &&
           read_clocks (cfg, root, p) && read_settings (cfg, root, p);
}

struct policyfile *policyfile_read (const char *path, char *why, size_t why_size)
{
    struct policyfile *self = calloc (1, sizeof *self);
    if (!self)
        abort ();
    if (!cfg_open (&self->cfg, path, why, why_size)) {
        free (self);
        return NULL;
    }
    if (!read_policy (&self->cfg, &self->policy))
        policyfile_free (&self);
    return self;
}

void policyfile_free (struct policyfile **self)
{
    if (!*self)
        return;
    cfg_close (&(*self)->cfg);
    free (*self);
    *self = NULL;
}

struct policy *policyfile_policy (struct policyfile *self)
{
    return &self->policy;
}
