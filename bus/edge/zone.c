/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/zone.h"

#include <assert.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#define SECOND_MS INT64_C (1000)
#define DAY_S     INT64_C (86400)
#define WEEK_DAYS 7

/* A zone is GLib's, which counts its owners by itself. */
static GTimeZone *tz_of (const struct zone *zone)
{
    return (GTimeZone *) (uintptr_t) zone;
}

/* GLib takes paths and rules, too; a setting is a name. */
static bool name_valid (const char *name)
{
    size_t size = strlen (name);
    return size > 0 && size < ZONE_NAME && g_ascii_isalpha (name[0]) &&
           strchr (name, ',') == NULL &&
           strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/_+-") == size;
}

struct zone *zone_open (const char *name, char why[ZONE_WHY])
{
    GTimeZone *tz = name_valid (name) ? g_time_zone_new_identifier (name) : NULL;
    if (tz == NULL)
        snprintf (why, ZONE_WHY,
                  "\"%.*s\" is no time zone here; expected a name such as Asia/Karachi (Debian "
                  "package tzdata)",
                  ZONE_NAME, name);
    return (struct zone *) tz;
}

void zone_close (struct zone **self)
{
    if (*self != NULL)
        g_time_zone_unref (tz_of (*self));
    *self = NULL;
}

const char *zone_name (const struct zone *zone)
{
    return g_time_zone_get_identifier (tz_of (zone));
}

/* Seconds east of UTC at a moment (s UTC). */
static int64_t offset_at (const struct zone *zone, int64_t at)
{
    GTimeZone *tz = tz_of (zone);
    return g_time_zone_get_offset (tz, g_time_zone_find_interval (tz, G_TIME_TYPE_UNIVERSAL, at));
}

/* Local seconds are what UTC would show if it showed the local time. Days are counted in them, so
 * that a day is always 86400 s. */
static int64_t to_local (const struct zone *zone, int64_t ms)
{
    int64_t at = ms / SECOND_MS - (ms % SECOND_MS < 0);
    return at + offset_at (zone, at);
}

static int64_t from_local (const struct zone *zone, int64_t local)
{
    int64_t before = offset_at (zone, local - DAY_S), after = offset_at (zone, local + DAY_S);
    int64_t first = local - (before > after ? before : after);
    int64_t second = local - (before > after ? after : before);
    int64_t at = local - before;
    if (first + offset_at (zone, first) == local)
        at = first;
    else if (second + offset_at (zone, second) == local)
        at = second;
    return at * SECOND_MS;
}

static int64_t day_of (int64_t local)
{
    return local / DAY_S - (local % DAY_S < 0);
}

/* 1 January 1970 was a Thursday. */
static unsigned weekday_of (int64_t day)
{
    return (unsigned) (((day + 3) % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS) + 1;
}

/* That weekday and minute in the 7 days that begin `weeks` weeks after the day of `at`. */
static int64_t weekly (const struct zone *zone, unsigned weekday, unsigned minute, int64_t at,
                       int weeks)
{
    assert (weekday >= 1 && weekday <= WEEK_DAYS && minute < 24 * 60);
    int64_t day = day_of (to_local (zone, at));
    day += (int64_t) ((weekday + WEEK_DAYS - weekday_of (day)) % WEEK_DAYS) + weeks * WEEK_DAYS;
    return from_local (zone, day * DAY_S + (int64_t) minute * 60);
}

int64_t zone_next_weekly (const struct zone *zone, unsigned weekday, unsigned minute, int64_t after)
{
    int64_t at = weekly (zone, weekday, minute, after, 0);
    return at > after ? at : weekly (zone, weekday, minute, after, 1);
}

int64_t zone_last_weekly (const struct zone *zone, unsigned weekday, unsigned minute, int64_t until)
{
    int64_t at = weekly (zone, weekday, minute, until, 0);
    return at <= until ? at : weekly (zone, weekday, minute, until, -1);
}

/* The calendar is GLib's; local seconds are shown as if they were UTC. */
static GDateTime *shown (const struct zone *zone, int64_t ms)
{
    GDateTime *date = g_date_time_new_from_unix_utc (to_local (zone, ms));
    assert (date != NULL);
    return date;
}

static int64_t month (const struct zone *zone, int64_t at, int months)
{
    GDateTime *now = shown (zone, at);
    GDateTime *first =
        g_date_time_new_utc (g_date_time_get_year (now), g_date_time_get_month (now), 1, 0, 0, 0.0);
    GDateTime *moved = g_date_time_add_months (first, months);
    int64_t local = g_date_time_to_unix (moved);
    g_date_time_unref (moved);
    g_date_time_unref (first);
    g_date_time_unref (now);
    return from_local (zone, local);
}

int64_t zone_month_start (const struct zone *zone, int64_t at)
{
    return month (zone, at, 0);
}

int64_t zone_month_end (const struct zone *zone, int64_t at)
{
    return month (zone, at, 1);
}

void zone_month (const struct zone *zone, int64_t at, char out[ZONE_TEXT])
{
    GDateTime *date = shown (zone, at);
    snprintf (out, ZONE_TEXT, "%04d-%02d", g_date_time_get_year (date),
              g_date_time_get_month (date));
    g_date_time_unref (date);
}

void zone_day (const struct zone *zone, int64_t at, char out[ZONE_TEXT])
{
    GDateTime *date = shown (zone, at);
    snprintf (out, ZONE_TEXT, "%04d-%02d-%02d", g_date_time_get_year (date),
              g_date_time_get_month (date), g_date_time_get_day_of_month (date));
    g_date_time_unref (date);
}

/* The language of the machine does not show: logs and messages are read elsewhere. */
void zone_text (const struct zone *zone, int64_t at, char out[ZONE_TEXT])
{
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    GTimeZone *tz = tz_of (zone);
    GDateTime *date = shown (zone, at);
    char day[ZONE_TEXT];
    zone_day (zone, at, day);
    int interval = g_time_zone_find_interval (tz, G_TIME_TYPE_UNIVERSAL, at / SECOND_MS);
    snprintf (out, ZONE_TEXT, "%s %.10s %02d:%02d %.8s",
              days[g_date_time_get_day_of_week (date) - 1], day, g_date_time_get_hour (date),
              g_date_time_get_minute (date), g_time_zone_get_abbreviation (tz, interval));
    g_date_time_unref (date);
}
