/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone.h - time zones: when it is Monday 09:00 somewhere, and where a month ends
 *
 * GLib reads the zones of the system (the Debian package tzdata). Only what it promises to be safe
 * in threads is used, and the environment variable TZ is neither read nor set. Times are ms UTC.
 * A local time that exists twice is the first of the two; one that the clocks jump over is counted
 * with the offset before the jump, as RFC 5545, section 3.3.5 has it: 01:30 becomes 02:30.
 */
#ifndef CERTBUS_ZONE_H
#define CERTBUS_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#define ZONE_NAME 64 /* with the NUL */
#define ZONE_WHY  160
#define ZONE_TEXT 64

struct zone;

/* "Asia/Karachi", "Europe/London", "UTC". Returns owned. NULL and `why`, which names it, when there
 * is no such zone here. */
struct zone *zone_open (const char *name, char why[ZONE_WHY]);
void zone_close (struct zone **self);
const char *zone_name (const struct zone *zone); /* as it was opened by; borrowed */

/* The first `weekday` (1 Monday to 7 Sunday) at `minute` of the day (0 to 1439) that is later than
 * `after`. */
int64_t zone_next_weekly (const struct zone *zone, unsigned weekday, unsigned minute,
                          int64_t after);
/* The last one that is not later than `until`. */
int64_t zone_last_weekly (const struct zone *zone, unsigned weekday, unsigned minute,
                          int64_t until);

/* The first moment of the month that `at` is in, and that of the next one. */
int64_t zone_month_start (const struct zone *zone, int64_t at);
int64_t zone_month_end (const struct zone *zone, int64_t at);

/* "Mon 2026-11-23 09:00 PKT"; the month: "2026-11"; the day: "2026-11-23". */
void zone_text (const struct zone *zone, int64_t at, char out[ZONE_TEXT]);
void zone_month (const struct zone *zone, int64_t at, char out[ZONE_TEXT]);
void zone_day (const struct zone *zone, int64_t at, char out[ZONE_TEXT]);

#endif
