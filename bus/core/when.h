/* SPDX-License-Identifier: Apache-2.0 */
/*
 * when.h - times as people and JSON write them: RFC 3339 <-> ms UTC
 */
#ifndef CERTBUS_WHEN_H
#define CERTBUS_WHEN_H

#include "bus/core/pack.h"

#define WHEN_TEXT 25 /* 2026-05-09T10:00:00.123Z and a NUL */

/* Any offset is taken ("2026-05-09T15:00:00+05:00"), one is required. What is
 * finer than a millisecond is cut. False when it is no time, or one outside
 * the years 1970 to 9999. */
bool when_parse (struct span text, int64_t *ms);

/* In UTC, with milliseconds only where there are any. Times outside 1970 to
 * 9999 are printed as the nearest one inside. */
void when_text (int64_t ms, char text[WHEN_TEXT]);

#endif
