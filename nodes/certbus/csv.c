/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/csv.h"

#include <string.h>

#include "nodes/certbus/out.h"
#include "nodes/certbus/record.h"

void csv_cell (bool first, struct span text)
{
    struct line line = line_of (text);
    bool formula = line.text[0] != '\0' && strchr ("=+-@", line.text[0]) != NULL;
    printf ("%s\"%s", first ? "" : ",", formula ? "'" : "");
    for (const char *at = line.text; *at; at++)
        printf ("%s%c", *at == '"' ? "\"" : "", *at);
    putchar ('"');
}

void csv_time (bool first, int64_t ms)
{
    csv_cell (first, span_of (ms > 0 ? when_of (ms).text : ""));
}

void csv_end (void)
{
    fputs ("\r\n", stdout);
}
