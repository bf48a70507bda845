/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses what the word is about and the clock, the rest is a time as somebody
 * typed it. What is read lies in the years that the header names, and is read again from its
 * text as the same time.
 */
#include "nodes/certbus/day.h"
#include "tests/fuzz/support.h"

#include <string.h>

#define YEAR_10000 INT64_C (253402300800000)

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static int64_t karachi (int64_t at)
{
    (void) at;
    return 5 * 3600;
}

/* Clocks that are put forward and back twice a year, by an hour. */
static int64_t changing (int64_t at)
{
    return at / (182 * 86400) % 2 ? -3 * 3600 : -4 * 3600;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    char why[256] = "", text[DAY_TEXT];
    int64_t ms = -1, again = -1;
    if (size == 0)
        return 0;
    enum day_edge edge = data[0] & 1 ? DAY_END : DAY_START;
    struct day day = { .now = data[0] & 2 ? INT64_C (1795295610000) : INT64_C (1774746000000),
                       .zone = data[0] & 4 ? changing : karachi };
    if (!day_parse (span_bytes (data + 1, size - 1), &day, edge, &ms, why, sizeof why)) {
        must (*why, "refused without a reason");
        return 0;
    }
    must (ms >= 0 && ms < YEAR_10000, "a time outside the years");
    day_text (ms, &day, text);
    must (day_parse (span_of (text), &day, DAY_START, &again, why, sizeof why), text);
    must (again == ms, text);
    return 0;
}
