/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ago.h - times as people want them at a glance: "3 min ago", "in 4 days"
 */
#ifndef CERTBUS_AGO_H
#define CERTBUS_AGO_H

#include <stdbool.h>
#include <stdint.h>

struct ago {
    char text[48];
};

/* "never" for 0; "now" within a second. */
struct ago ago_of (int64_t ms, int64_t now);
/* How long: "3 min", "4 days". */
struct ago lasting_of (int64_t ms);
/* On a terminal as ago_of, else as when_of, so that what was written to a file stays true. */
struct ago moment_of (int64_t ms, int64_t now);
/* What goes on: "for 2 min" on a terminal, else "since 2026-11-22T21:50:51Z". */
struct ago since_of (int64_t ms, int64_t now, bool terminal);
/* The same, for where standard output goes. */
struct ago since_moment (int64_t ms, int64_t now);

#endif
