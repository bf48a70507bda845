/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_own.h - the table of settings, for those that read it and those that show it
 */
#ifndef CERTBUS_CONF_OWN_H
#define CERTBUS_CONF_OWN_H

#include <stddef.h>

#include "bus/edge/cfg.h"
#include "bus/edge/conf.h"

enum kind { TEXT, INT, LEVEL, TLP, ENDPOINT, ENDPOINTS, NUMBER, ZONE, OFFICERS, YESNO };

struct setting {
    const char *name;
    enum kind kind;
    const char *preset;
    int64_t min, max;
    const char *about;
    size_t at; /* where the value goes in struct conf */
};

extern const struct setting conf_settings[CONF_COUNT];

/* How many bytes the value takes in struct conf. */
size_t conf_size (const struct setting *s);

/* conf_officers.c: one setting of this kind, and what it says in a line. */
bool officers_take (struct cfg *cfg, struct conf_officers *officers, const config_setting_t *from);
void officers_value (const struct conf_officers *officers, char *out, size_t size);

#endif
