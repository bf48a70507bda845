/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.h - an answer of the broker as JSON, under the same names
 *
 * Times become RFC 3339, references and epochs their text, bytes hex. `ok` is left out: the
 * exit code says it.
 */
#ifndef CERTBUS_VALUE_H
#define CERTBUS_VALUE_H

#include <jansson.h>

#include "bus/core/pack.h"

/* Returns owned. `answer` is a canonical map. */
json_t *value_json (struct span answer);
/* The same for one value of it. */
json_t *value_of (struct span value);

#endif
