/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certbus.conf that somebody wrote: it is taken, or refused with a reason, and conf_check says
 * as much. What is taken lies in its range and can be shown.
 */
#include "bus/edge/conf.h"
#include "tests/fuzz/support.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
const char *__lsan_default_suppressions (void);

/* libconfig forgets a text that nobody has ended; it is read once a start and a reload. */
const char *__lsan_default_suppressions (void)
{
    return "leak:libconfig";
}

static void tell (const char *why, void *arg)
{
    (void) arg;
    must (*why, "a problem without a word");
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct conf conf;
    char path[64], why[CONF_WHY] = "", value[CONF_VALUE];
    int fd = memfd_create ("certbus.conf", 0);
    must (fd >= 0 && write (fd, data, size) == (ssize_t) size, "no file");
    snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
    conf_default (&conf);
    int result = conf_load (&conf, path, why);
    must (result == 0 || *why, "refused without a reason");
    must ((conf_check (path, tell, NULL) == 0) == (result == 0), "the check says something else");
    for (unsigned i = 0; result == 0 && i < CONF_COUNT; i++)
        conf_value (&conf, (enum conf_setting) i, value);
    if (result == 0)
        must (conf.quarantine_days >= 1 && conf.children_max >= 1 && conf.reserve_mb >= 0,
              "out of its range");
    close (fd);
    return 0;
}
