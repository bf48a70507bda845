/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "bus/edge/schemafile.h"

void must (bool good, const char *what)
{
    if (!good) {
        fprintf (stderr, "%s\n", what);
        abort ();
    }
}

const struct schemas *fuzz_schemas (void)
{
    static struct schemas *all;
    char why[512];
    if (!all && !(all = schemas_load ("schemas", why, sizeof why)))
        must (false, why);
    return all;
}
