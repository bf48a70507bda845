/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/ago.h"

#include <inttypes.h>
#include <stdio.h>

#include "nodes/certbus/record.h"
#include "nodes/certbus/screen.h"

struct ago lasting_of (int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *one, *many;
    } units[] = {
        { 86400000, "day", "days" },
        { 3600000, "h", "h" },
        { 60000, "min", "min" },
        { 1000, "s", "s" },
    };
    struct ago ago = { "0 s" };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        int64_t count = ms / units[i].ms;
        /* 25 h and 90 min say more than 1 day and 1 h. */
        if (count < (i + 1 < sizeof units / sizeof units[0] ? 2 : 1))
            continue;
        snprintf (ago.text, sizeof ago.text, "%" PRId64 " %s", count,
                  count == 1 ? units[i].one : units[i].many);
        break;
    }
    return ago;
}

struct ago ago_of (int64_t ms, int64_t now)
{
    struct ago ago = { "never" };
    int64_t past = now - ms;
    if (ms <= 0)
        return ago;
    if (past > -1000 && past < 1000)
        snprintf (ago.text, sizeof ago.text, "now");
    else if (past > 0)
        snprintf (ago.text, sizeof ago.text, "%.36s ago", lasting_of (past).text);
    else
        snprintf (ago.text, sizeof ago.text, "in %.36s", lasting_of (-past).text);
    return ago;
}

struct ago moment_of (int64_t ms, int64_t now)
{
    struct ago ago;
    if (screen_width () > 0)
        return ago_of (ms, now);
    snprintf (ago.text, sizeof ago.text, "%s", when_of (ms).text);
    return ago;
}

struct ago since_of (int64_t ms, int64_t now, bool terminal)
{
    struct ago ago;
    if (terminal && ms > 0)
        snprintf (ago.text, sizeof ago.text, "for %.36s",
                  lasting_of (now > ms ? now - ms : 0).text);
    else
        snprintf (ago.text, sizeof ago.text, "since %.36s", when_of (ms).text);
    return ago;
}

struct ago since_moment (int64_t ms, int64_t now)
{
    return since_of (ms, now, screen_width () > 0);
}
