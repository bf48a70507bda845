/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota.h - how many flash messages of an origin were issued in an hour
 *
 * Counts by the hour of `issued`, so that every hop counts the same. A message
 * that comes again (a link that resumes, a copy) is not counted again. Bounded:
 * what was not asked for the longest is forgotten first.
 */
#ifndef CERTBUS_QUOTA_H
#define CERTBUS_QUOTA_H

#include "bus/core/proof.h"

#define QUOTA_MAX   256  /* messages an hour that can be counted; larger limits count as this */
#define QUOTA_HOURS 4096 /* hours of origins that are remembered */

struct quota;

struct quota *quota_new (void);
void quota_free (struct quota **self);
/* Whether this message is within `limit` of its origin's hour. A limit below 1: always. */
bool quota_take (struct quota *self, struct span origin, int64_t issued, const struct hash *leaf,
                 int64_t limit);
/* What quota_take would say, without counting it. */
bool quota_has (struct quota *self, struct span origin, int64_t issued, const struct hash *leaf,
                int64_t limit);

#endif
