/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/fault.h"

#ifdef CERTBUS_FAULTS
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void fault_here (enum fault fault)
{
#define FAULT_X(NAME, name, text) name,
    static const char *const names[] = { FAULTS (FAULT_X) };
#undef FAULT_X
    static atomic_int passed[FAULT_END];
    const char *wanted = getenv ("CERTBUS_FAULT");
    size_t size = strlen (names[fault]);
    if (wanted == NULL || strncmp (wanted, names[fault], size) != 0 || wanted[size] != ':')
        return;
    if (atomic_fetch_add (&passed[fault], 1) + 1 == atoi (wanted + size + 1))
        raise (SIGKILL);
}

int64_t fault_ahead (void)
{
    const char *ms = getenv ("CERTBUS_AHEAD");
    return ms != NULL ? atoll (ms) : 0;
}
#else
/* Nothing to die of. */
typedef int fault_none;
#endif
