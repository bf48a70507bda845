/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas for tests: from a text, and those of the project. */
#ifndef CERTBUS_SUPPORT_SCHEMA_H
#define CERTBUS_SUPPORT_SCHEMA_H

#include "bus/core/schema.h"

/* A folder of its own with one file in it, as schemas_load reads it; the path of the folder
 * is taken out of `why`. Returns owned; NULL and `why`. */
struct schemas *schemas_from (const char *file, const char *text, char *why, size_t why_size);

/* The project's own, or the test fails. Returns owned. */
struct schemas *schemas_ours (void);

/* A kind "sample" with a field of each type. Returns owned. */
struct schemas *schemas_sample (void);

#endif
