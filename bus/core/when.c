/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/when.h"

#include "bus/core/envelope.h"

#include <stdio.h>

#define DAY_MS     INT64_C (86400000)
#define EPOCH_DAYS 719162 /* from 0001-01-01 to 1970-01-01 */

static bool leap (int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t month_days (int64_t year, int64_t month)
{
    static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && leap (year));
}

/* Days from 1970-01-01 to the first of January of a year. */
static int64_t year_days (int64_t year)
{
    int64_t before = year - 1;
    return before * 365 + before / 4 - before / 100 + before / 400 - EPOCH_DAYS;
}

/* Exactly `count` digits at the front of what is left. */
static bool digits (struct span *left, size_t count, int64_t *value)
{
    if (left->size < count)
        return false;
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t c = left->data[i];
        if (c < '0' || c > '9')
            return false;
        *value = *value * 10 + (c - '0');
    }
    *left = span_bytes (left->data + count, left->size - count);
    return true;
}

static bool one_of (struct span *left, const char *set, char *which)
{
    for (; left->size && *set; set++)
        if (left->data[0] == (uint8_t) *set) {
            *which = *set;
            *left = span_bytes (left->data + 1, left->size - 1);
            return true;
        }
    return false;
}

/* ".123456" -> 123; nothing there is 0. */
static bool fraction (struct span *left, int64_t *ms)
{
    char point;
    *ms = 0;
    if (!one_of (left, ".", &point))
        return true;
    int64_t scale = 100, digit;
    if (!digits (left, 1, &digit))
        return false;
    do {
        *ms += digit * scale;
        scale /= 10;
    } while (digits (left, 1, &digit));
    return true;
}

static bool offset (struct span *left, int64_t *minutes)
{
    char sign, colon;
    int64_t h, m;
    *minutes = 0;
    if (one_of (left, "Zz", &sign))
        return true;
    if (!one_of (left, "+-", &sign) || !digits (left, 2, &h) || !one_of (left, ":", &colon) ||
        !digits (left, 2, &m) || h > 23 || m > 59)
        return false;
    *minutes = sign == '-' ? -(h * 60 + m) : h * 60 + m;
    return true;
}

bool when_parse (struct span text, int64_t *ms)
{
    int64_t year, month, day, h, m, s, part, minutes;
    char c;
    if (!digits (&text, 4, &year) || !one_of (&text, "-", &c) || !digits (&text, 2, &month) ||
        !one_of (&text, "-", &c) || !digits (&text, 2, &day) || !one_of (&text, "Tt ", &c) ||
        !digits (&text, 2, &h) || !one_of (&text, ":", &c) || !digits (&text, 2, &m) ||
        !one_of (&text, ":", &c) || !digits (&text, 2, &s) || !fraction (&text, &part) ||
        !offset (&text, &minutes) || text.size)
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days (year, month) ||
        h > 23 || m > 59 || s > 60)
        return false;

    int64_t days = year_days (year) + day - 1;
    for (int64_t i = 1; i < month; i++)
        days += month_days (year, i);
    int64_t value = days * DAY_MS + ((h * 60 + m - minutes) * 60 + s) * 1000 + part;
    /* A 61st second exists only at the end of a UTC day (RFC 3339, section 5.7). */
    if (s == 60 && value % DAY_MS >= 1000)
        return false;
    if (value < 0 || value > TIME_MAX)
        return false;
    *ms = value;
    return true;
}

void when_text (int64_t ms, char text[WHEN_TEXT])
{
    if (ms < 0)
        ms = 0;
    if (ms > TIME_MAX)
        ms = TIME_MAX;
    int64_t days = ms / DAY_MS, rest = ms % DAY_MS;
    int64_t year = 1970 + days / 366; /* never too late, so only upwards from here */
    while (year_days (year + 1) <= days)
        year++;
    days -= year_days (year);
    int64_t month = 1;
    while (days >= month_days (year, month))
        days -= month_days (year, month++);

    char part[8] = "";
    if (rest % 1000)
        snprintf (part, sizeof part, ".%03u", (unsigned) (rest % 1000));
    snprintf (text, WHEN_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u%sZ", (unsigned) year % 10000,
              (unsigned) month % 100, (unsigned) (days + 1) % 100,
              (unsigned) (rest / 3600000) % 100, (unsigned) (rest / 60000 % 60),
              (unsigned) (rest / 1000 % 60), part);
}
