/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfg.h - libconfig files, read strictly
 *
 * libconfig 1.5 reads 5000000000 as 705032704 and takes any setting. Here a
 * number that does not fit is an error, so is a setting that nobody asks for,
 * and every error says `file:line: setting: what is wrong; what to do`.
 */
#ifndef CERTBUS_CFG_H
#define CERTBUS_CFG_H

#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CFG_SIZE_MAX ((size_t) 1024 * 1024)

struct cfg {
    config_t config;
    const char *path; /* borrowed */
    char *why;        /* the caller's, for the first error */
    size_t why_size;
};

/* Reads a file. `path` and `why` must outlive the struct. On false nothing has
 * to be closed. @include is refused: what a file says stands in it. */
bool cfg_open (struct cfg *cfg, const char *path, char *why, size_t why_size);
void cfg_close (struct cfg *cfg);
const config_setting_t *cfg_root (const struct cfg *cfg);

/* Writes `path:line: setting: ` and the message to `why`; false, always. */
bool cfg_refuse (struct cfg *cfg, const config_setting_t *setting, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* Whether the group has only settings of this list, which ends with NULL. */
bool cfg_known (struct cfg *cfg, const config_setting_t *group, const char *const names[]);

/* Each reads one setting of a group, if it is there: when it is not, `*out` stays
 * as it is. False when it is of another type or outside its limits. Text
 * borrows from the file. */
bool cfg_text (struct cfg *cfg, const config_setting_t *group, const char *name, size_t max,
               const char **out);
bool cfg_int (struct cfg *cfg, const config_setting_t *group, const char *name, int64_t min,
              int64_t max, int64_t *out);
bool cfg_bool (struct cfg *cfg, const config_setting_t *group, const char *name, bool *out);
/* A list ( ... ), array [ ... ] or group { ... }; `*out` NULL: not there. */
bool cfg_list (struct cfg *cfg, const config_setting_t *group, const char *name,
               const config_setting_t **out);

#endif
