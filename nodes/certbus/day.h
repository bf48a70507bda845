/* SPDX-License-Identifier: Apache-2.0 */
/*
 * day.h - times as a tired person types them, in the zone of the clock on the wall
 *
 *   2026-12-01          2026-12-01 18:00      2026-12-01 18:00 +05:00     1 dec 2026 18:00
 *   today 18:00         tomorrow 6pm          yesterday                   now
 *   friday 9:00         next friday           last friday                 18:00
 *   in 3 days           in 90 minutes         2 hours ago                 3d, 90m
 *   half an hour ago    yesterday evening     this morning                last night
 *
 * and RFC 3339. What has no offset is meant as the zone's clocks show it.
 */
#ifndef CERTBUS_DAY_H
#define CERTBUS_DAY_H

#include "bus/core/pack.h"

/* What a word is about. A due date looks ahead: "friday" is the next one, and a day without
 * an hour lasts until 23:59. Else it looks back: the last friday, and a day begins at 0:00. So it
 * is with an hour alone: 23:30 is to come, or was last night. */
enum day_edge { DAY_START, DAY_END };

/* Now (ms UTC), and how many seconds east of UTC the clocks stand at a moment (s UTC). */
struct day {
    int64_t now;
    int64_t (*zone) (int64_t utc);
};

/* The clock and the zone of this machine ($TZ counts). */
struct day day_here (void);

/* False and `why`, which shows what is possible, when it is no time, one that the clocks leave
 * out, or one outside the years 1970 to 9999. */
bool day_parse (struct span text, const struct day *day, enum day_edge edge, int64_t *ms, char *why,
                size_t why_size);

/* "2026-12-01 18:00 +05:00"; seconds and milliseconds only where there are any. day_parse reads
 * it as the same time wherever the clocks stand then. */
#define DAY_TEXT 40
void day_text (int64_t ms, const struct day *day, char text[DAY_TEXT]);

#endif
