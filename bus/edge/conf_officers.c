/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/conf_own.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define MAY_MAX 32 /* words */

/* A user of this machine, by name or by number. */
static void find_user (struct conf_officer *officer)
{
    char *end;
    unsigned long number = strtoul (officer->user, &end, 10);
    bool digits = officer->user[0] >= '0' && officer->user[0] <= '9' && *end == 0;
    const struct passwd *user = digits ? NULL : getpwnam (officer->user);
    officer->known = user != NULL || (digits && number < UINT32_MAX);
    officer->uid = user != NULL ? (uint32_t) user->pw_uid : digits ? (uint32_t) number : 0;
}

static bool take_may (struct cfg *cfg, struct conf_officer *officer, const config_setting_t *may)
{
    size_t used = 0;
    int count = config_setting_length (may);
    if (count < 1 || count > MAY_MAX)
        return cfg_refuse (cfg, may, "%d words; expected 1 to %d", count, MAY_MAX);
    for (int i = 0; i < count; i++) {
        const config_setting_t *one = config_setting_get_elem (may, (unsigned) i);
        const char *word = config_setting_get_string (one);
        if (word == NULL || (strcmp (word, "*") != 0 && !label_valid (span_of (word))))
            return cfg_refuse (cfg, one,
                               "expected a step (\"acknowledge\"), a kind (\"advisory\"), \"case\" "
                               "for all steps, or \"*\"");
        if (used + strlen (word) + 2 > sizeof officer->may)
            return cfg_refuse (cfg, one,
                               "too many words; \"case\" stands for all steps, \"*\" for "
                               "everything");
        used += (size_t) snprintf (officer->may + used, sizeof officer->may - used, "%s%s",
                                   i ? " " : "", word);
    }
    return true;
}

static bool take_one (struct cfg *cfg, struct conf_officers *officers, const config_setting_t *from)
{
    static const char *const names[] = { "name", "user", "may", NULL };
    struct conf_officer *officer = &officers->at[officers->count];
    const config_setting_t *may = NULL;
    const char *name = NULL, *user = NULL;
    memset (officer, 0, sizeof *officer);
    if (!cfg_known (cfg, from, names) || !cfg_text (cfg, from, "name", OFFICER_MAX, &name) ||
        !cfg_text (cfg, from, "user", OFFICER_USER_MAX, &user) ||
        !cfg_list (cfg, from, "may", &may))
        return false;
    if (name == NULL || user == NULL || may == NULL)
        return cfg_refuse (cfg, from,
                           "expected { name = \"S. Ahmed\"; user = \"sahmed\"; "
                           "may = [ \"acknowledge\", \"advisory\" ]; }");
    for (size_t i = 0; i < officers->count; i++)
        if (strcmp (officers->at[i].name, name) == 0)
            return cfg_refuse (cfg, from, "\"%s\" stands there twice", name);
    snprintf (officer->name, sizeof officer->name, "%s", name);
    snprintf (officer->user, sizeof officer->user, "%s", user);
    find_user (officer);
    if (!take_may (cfg, officer, may))
        return false;
    officers->count++;
    return true;
}

bool officers_take (struct cfg *cfg, struct conf_officers *officers, const config_setting_t *from)
{
    const char *none = config_setting_get_string (from);
    officers->count = 0;
    if (none != NULL && *none == 0)
        return true;
    if (!config_setting_is_list (from))
        return cfg_refuse (cfg, from,
                           "expected a list ( { name = \"S. Ahmed\"; "
                           "user = \"sahmed\"; may = [ \"*\" ]; } )");
    int count = config_setting_length (from);
    if (count > OFFICERS_MAX)
        return cfg_refuse (cfg, from, "%d officers; expected at most %d", count, OFFICERS_MAX);
    for (int i = 0; i < count; i++)
        if (!take_one (cfg, officers, config_setting_get_elem (from, (unsigned) i)))
            return false;
    return true;
}

void officers_value (const struct conf_officers *officers, char *out, size_t size)
{
    size_t used = 0;
    out[0] = 0;
    for (size_t i = 0; i < officers->count && used < size; i++) {
        const struct conf_officer *one = &officers->at[i];
        used += (size_t) snprintf (out + used, size - used, "%s%s (%s): %s", i ? "; " : "",
                                   one->name, one->user, one->may);
    }
}

bool conf_officer_may (const struct conf_officer *officer, struct span word)
{
    for (const char *at = officer->may; *at;) {
        size_t length = strcspn (at, " ");
        if (span_equal (span_bytes (at, length), word))
            return true;
        at += length + (at[length] != 0);
    }
    return false;
}
