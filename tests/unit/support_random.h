/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of a kind, made by a seed: for properties that must hold for all of them. */
#ifndef CERTBUS_SUPPORT_RANDOM_H
#define CERTBUS_SUPPORT_RANDOM_H

#include <jansson.h>

#include "bus/core/schema.h"

struct random {
    uint64_t state;
};

/* From 0 to below `limit`. */
size_t random_below (struct random *random, size_t limit);
/* A body that the schema accepts. Returns owned. */
json_t *random_body (struct random *random, const struct schema *schema);

#endif
