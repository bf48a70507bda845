/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/number.h"

#include "bus/core/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool refuse (char why[NUMBER_WHY], const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

static bool refuse (char why[NUMBER_WHY], const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (why, NUMBER_WHY, format, args);
    va_end (args);
    return false;
}

static bool digit (char c)
{
    return c >= '0' && c <= '9';
}

static char upper (char c)
{
    return c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
}

static int year_of (int64_t now, int64_t zone)
{
    struct tm tm;
    time_t seconds = (time_t) (now / 1000 + zone);
    return gmtime_r (&seconds, &tm) != NULL ? tm.tm_year + 1900 : 1970;
}

/* Reads what follows a percent sign when it is a counter: "n", "3n" or "03n". Returns its
 * length; 0: it is none. */
static size_t counter_at (const char *text, unsigned *width)
{
    size_t zero = text[0] == '0';
    *width = 1;
    if (text[0] == 'n')
        return 1;
    if (text[zero] < '1' || text[zero] > '0' + NUMBER_DIGITS || text[zero + 1] != 'n')
        return 0;
    *width = (unsigned) (text[zero] - '0');
    return zero + 2;
}

struct building {
    struct number_series *series;
    size_t used[2]; /* of before, of after */
    bool counted;
};

static bool put (struct building *building, const char *text, char why[NUMBER_WHY])
{
    size_t size = strlen (text), *used = &building->used[building->counted];
    char *side = building->counted ? building->series->after : building->series->before;
    if (building->used[0] + building->used[1] + size > NUMBER_MAX - NUMBER_DIGITS)
        return refuse (why, "its numbers could become longer than %d bytes", NUMBER_MAX);
    memcpy (side + *used, text, size + 1);
    *used += size;
    return true;
}

/* One percent sequence; moves `*at` past it. */
static bool put_special (struct building *building, const char **at, int year, char why[NUMBER_WHY])
{
    char text[16] = "%";
    unsigned width;
    size_t size = counter_at (*at + 1, &width);
    if (size > 0 && building->counted)
        return refuse (why, "%%n stands in it twice; the counter comes once");
    if (size > 0) {
        building->counted = true;
        building->series->width = width;
        *at += 1 + size;
        return true;
    }
    char what = (*at)[1];
    if (what != 'Y' && what != '%')
        return refuse (why, "after a %% only Y (the year), n or 03n (the counter) or %% is known");
    if (what == 'Y')
        snprintf (text, sizeof text, "%04d", year);
    *at += 2;
    return put (building, text, why);
}

bool number_series (struct number_series *series, const char *template, int64_t now, int64_t zone,
                    char why[NUMBER_WHY])
{
    struct building building = { .series = series };
    int year = year_of (now, zone);
    memset (series, 0, sizeof *series);
    for (const char *at = template; *at;) {
        char plain[2] = { *at, 0 };
        if (*at < ' ' || *at > '~')
            return refuse (why, "a character that is not printable ASCII: it could not be read out "
                                "on the telephone");
        if (*at == '%' ? !put_special (&building, &at, year, why) : !put (&building, plain, why))
            return false;
        if (plain[0] != '%')
            at++;
    }
    if (!building.counted)
        return refuse (why, "no counter in it: %%n or %%03n");
    if ((building.used[0] > 0 && digit (series->before[building.used[0] - 1])) ||
        digit (series->after[0]))
        return refuse (why, "a digit stands right beside the counter: where it begins could not be "
                            "told; put a dash between");
    return true;
}

void number_default (struct span party, char template[NUMBER_TEMPLATE])
{
    size_t size = party.size < PARTY_MAX ? party.size : PARTY_MAX;
    for (size_t i = 0; i < size; i++)
        template[i] = party.data[i] == '.' ? '-' : upper ((char) party.data[i]);
    snprintf (template + size, NUMBER_TEMPLATE - size, "-%%Y-%%03n");
}

void number_text (const struct number_series *series, int64_t counter, char out[NUMBER_MAX + 1])
{
    if (snprintf (out, NUMBER_MAX + 1, "%s%0*lld%s", series->before, (int) series->width,
                  (long long) counter, series->after) > NUMBER_MAX)
        out[0] = 0; /* no series leaves so little room */
}

void number_upper (struct span number, char out[NUMBER_MAX + 1])
{
    span_text (number, out, NUMBER_MAX + 1);
    for (; *out; out++)
        *out = upper (*out);
}

size_t number_readings (struct span number, struct number_reading out[NUMBER_READINGS])
{
    size_t count = 0;
    for (size_t i = 0; i < number.size && count < NUMBER_READINGS;) {
        size_t begin = i;
        int64_t counter = 0;
        for (; i < number.size && digit ((char) number.data[i]); i++)
            if (counter <= NUMBER_LAST)
                counter = counter * 10 + (number.data[i] - '0');
        if (i > begin && counter >= 1 && counter <= NUMBER_LAST)
            out[count++] =
                (struct number_reading){ span_bytes (number.data, begin),
                                         span_bytes (number.data + i, number.size - i), counter };
        if (i == begin)
            i++;
    }
    return count;
}

static bool same (struct span a, const char *b)
{
    bool equal = a.size == strlen (b);
    for (size_t i = 0; equal && i < a.size; i++)
        equal = upper ((char) a.data[i]) == upper (b[i]);
    return equal;
}

int64_t number_counter (const struct number_series *series, struct span number)
{
    struct number_reading readings[NUMBER_READINGS];
    size_t count = number.size <= NUMBER_MAX ? number_readings (number, readings) : 0;
    for (size_t i = 0; i < count; i++)
        if (same (readings[i].before, series->before) && same (readings[i].after, series->after))
            return readings[i].counter;
    return 0;
}

void number_body (struct pack_out *out, struct span body, struct span number)
{
    struct pack_out value;
    pack_init (&value);
    if (number.size > 0)
        pack_put_str (&value, number);
    body_with (out, body, "number", pack_result (&value));
    pack_free (&value);
}
