/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support.h - what fuzzers share: what has to hold, and the project's schemas
 */
#ifndef CERTBUS_FUZZ_SUPPORT_H
#define CERTBUS_FUZZ_SUPPORT_H

#include "bus/core/schema.h"

/* Ends the run with what does not hold. */
void must (bool good, const char *what);
/* Those of the folder `schemas`, loaded once; borrowed. */
const struct schemas *fuzz_schemas (void);

#endif
