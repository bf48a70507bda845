/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/day.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "bus/core/envelope.h"
#include "bus/core/when.h"

#define DAY_S     INT64_C (86400)
#define WORDS_MAX 6
#define WORD_SIZE 32
#define NOTHING   INT64_MIN

static int64_t local_zone (int64_t utc)
{
    struct tm tm;
    time_t at = (time_t) utc;
    return localtime_r (&at, &tm) ? tm.tm_gmtoff : 0;
}

struct day day_here (void)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    return (struct day){ .now = (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000,
                         .zone = local_zone };
}

void day_text (int64_t ms, const struct day *day, char text[DAY_TEXT])
{
    char utc[WHEN_TEXT];
    int64_t east = day->zone (ms / 1000), minutes = llabs (east) / 60;
    /* Offsets with seconds are history; so are times before 1970, and nobody means them. */
    if (east % 60 || ms + east * 1000 < 0 || ms + east * 1000 > TIME_MAX)
        east = minutes = 0;
    when_text (ms + east * 1000, utc);
    utc[10] = ' ';
    utc[strlen (utc) - 1] = 0;
    if (strcmp (utc + 16, ":00") == 0)
        utc[16] = 0;
    snprintf (text, DAY_TEXT, "%s %c%02d:%02d", utc, east < 0 ? '-' : '+',
              (int) (minutes / 60 % 100), (int) (minutes % 60));
}

/* --- Words ------------------------------------------------------------------------------- */

struct reading {
    const struct day *day;
    enum day_edge edge;
    size_t count, at;
    char words[WORDS_MAX][WORD_SIZE];
    int64_t date;   /* days since 1970 on the wall; NOTHING: not said */
    int64_t clock;  /* ms since midnight; NOTHING: not said */
    int64_t offset; /* s; NOTHING: the zone's */
    int64_t moment; /* ms UTC, said as such; NOTHING: not */
};

static bool split (struct reading *r, struct span text)
{
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++) {
        int c = text.data[i];
        if (isspace (c) || c == ',') {
            r->count += used > 0;
            used = 0;
            continue;
        }
        if (r->count == WORDS_MAX || used + 1 >= WORD_SIZE || c >= 0x80)
            return false;
        r->words[r->count][used++] = (char) tolower (c);
        r->words[r->count][used] = 0;
    }
    r->count += used > 0;
    return r->count > 0;
}

/* The place of a word, or of its first three letters or more, in a list; -1: not there. */
static int place (const char *word, const char *const *list, int count)
{
    size_t size = strlen (word);
    for (int i = 0; i < count; i++)
        if (size >= 3 && strncmp (word, list[i], size) == 0)
            return i;
    return -1;
}

static const char *const months[] = { "january",   "february", "march",    "april",
                                      "may",       "june",     "july",     "august",
                                      "september", "october",  "november", "december" };
static const char *const weekdays[] = { "thursday", "friday",  "saturday", "sunday",
                                        "monday",   "tuesday", "wednesday" };

static int64_t wall (const struct reading *r)
{
    return r->day->now + r->day->zone (r->day->now / 1000) * 1000;
}

static int64_t today (const struct reading *r)
{
    return wall (r) / (DAY_S * 1000);
}

static bool set_date (struct reading *r, int64_t date)
{
    bool first = r->date == NOTHING && r->moment == NOTHING;
    r->date = date;
    return first;
}

/* "2026-12-01" to days; when_parse knows the calendar. */
static bool date_of (int64_t year, int64_t month, int64_t day, int64_t *days)
{
    char text[64];
    int64_t ms;
    snprintf (text, sizeof text, "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T00:00:00Z", year, month,
              day);
    if (!when_parse (span_of (text), &ms))
        return false;
    *days = ms / 1000 / DAY_S;
    return true;
}

static int64_t year_now (const struct reading *r)
{
    char text[WHEN_TEXT];
    when_text (wall (r), text);
    return strtol (text, NULL, 10);
}

/* At most `most` digits and nothing else. */
static bool number (const char *word, size_t most, int64_t *value)
{
    size_t size = strspn (word, "0123456789");
    if (size == 0 || size > most || word[size])
        return false;
    *value = strtoll (word, NULL, 10);
    return true;
}

static bool iso_date (struct reading *r, const char *word)
{
    int64_t days;
    unsigned year, month, day;
    int used = 0;
    if (sscanf (word, "%4u-%2u-%2u%n", &year, &month, &day, &used) != 3 || word[used] || used < 8 ||
        !isdigit ((unsigned char) *word))
        return false;
    return date_of (year, month, day, &days) && set_date (r, days);
}

/* "1 dec", "dec 1", each with or without a year. */
static bool named_date (struct reading *r)
{
    int64_t day, year, days;
    bool month_first = place (r->words[r->at], months, 12) >= 0;
    if (r->at + 1 >= r->count)
        return false;
    const char *name = r->words[r->at + !month_first], *digits = r->words[r->at + month_first];
    int month = place (name, months, 12);
    if (month < 0 || !number (digits, 2, &day))
        return false;
    bool said = r->at + 2 < r->count && strlen (r->words[r->at + 2]) == 4 &&
                number (r->words[r->at + 2], 4, &year);
    if (!said)
        year = year_now (r);
    if (!date_of (year, month + 1, day, &days))
        return false;
    /* Without a year the one that is ahead, or the one that was. */
    if (!said && r->edge == DAY_END && days < today (r) && !date_of (++year, month + 1, day, &days))
        return false;
    if (!said && r->edge == DAY_START && days > today (r) &&
        !date_of (--year, month + 1, day, &days))
        return false;
    r->at += said ? 3 : 2;
    return set_date (r, days);
}

static bool weekday (struct reading *r)
{
    bool next = strcmp (r->words[r->at], "next") == 0, last = strcmp (r->words[r->at], "last") == 0;
    size_t at = r->at + (next || last);
    int which = at < r->count ? place (r->words[at], weekdays, 7) : -1;
    if (which < 0)
        return false;
    /* 1970-01-01 was a Thursday. Today is called today. */
    int64_t ahead = (which - today (r) % 7 + 7) % 7;
    bool back = last || (!next && r->edge == DAY_START);
    if (back)
        ahead = ahead ? ahead - 7 : -7;
    else if (!ahead)
        ahead = 7;
    r->at = at + 1;
    return set_date (r, today (r) + ahead);
}

static bool clock_word (struct reading *r, const char *word)
{
    unsigned h = 0, m = 0, s = 0;
    int used = 0;
    bool colon = sscanf (word, "%2u:%2u%n", &h, &m, &used) == 2 && used >= 4;
    bool good = colon;
    int64_t ms = 0;
    if (colon && word[used] == ':') {
        int more = 0;
        good = sscanf (word + used, ":%2u%n", &s, &more) == 1 && more == 3;
        used += more;
        if (good && word[used] == '.') {
            int64_t scale = 100;
            for (used++; isdigit ((unsigned char) word[used]); used++, scale /= 10)
                ms += (word[used] - '0') * scale;
        }
    }
    if (!colon)
        good = sscanf (word, "%2u%n", &h, &used) == 1 && used > 0;
    const char *half = good ? word + used : word;
    bool am = good && strcmp (half, "am") == 0, pm = good && strcmp (half, "pm") == 0;
    if (good && !*half && r->at + 1 < r->count) {
        am = strcmp (r->words[r->at + 1], "am") == 0;
        pm = strcmp (r->words[r->at + 1], "pm") == 0;
        r->at += am || pm;
    } else if (good && *half && !am && !pm) {
        good = false;
    }
    if (am || pm) {
        good = good && h >= 1 && h <= 12;
        h = h % 12 + (pm ? 12 : 0);
    } else {
        good = good && colon;
    }
    if (!good || !isdigit ((unsigned char) *word) || h > 23 || m > 59 || s > 59 ||
        r->clock != NOTHING)
        return false;
    r->clock = ((int64_t) h * 3600 + m * 60 + s) * 1000 + ms;
    r->at++;
    return true;
}

static bool offset_word (struct reading *r, const char *word)
{
    unsigned h, m;
    int used = 0;
    bool utc = strcmp (word, "z") == 0 || strcmp (word, "utc") == 0 || strcmp (word, "gmt") == 0;
    if (r->clock == NOTHING || r->offset != NOTHING)
        return false;
    if (!utc && (sscanf (word + 1, "%2u:%2u%n", &h, &m, &used) != 2 || used != 5 || word[6] ||
                 (*word != '+' && *word != '-') || h > 23 || m > 59))
        return false;
    r->offset = utc ? 0 : (*word == '-' ? -1 : 1) * (int64_t) (h * 3600 + m * 60);
    r->at++;
    return true;
}

static const struct {
    const char *letter, *name;
    int64_t seconds;
} units[] = {
    { "m", "minutes", 60 },
    { "h", "hours", 3600 },
    { "d", "days", DAY_S },
    { "w", "weeks", 7 * DAY_S },
};

/* "minute", "minutes", "m" */
static int64_t unit_of (const char *word)
{
    size_t size = strlen (word);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp (word, units[i].letter) == 0 ||
            (size >= 3 && strncmp (word, units[i].name, size) == 0))
            return units[i].seconds;
    return 0;
}

/* Days are counted on the calendar, so that the hour on the clock stays. */
static bool move (struct reading *r, int64_t count, int64_t unit, bool back)
{
    if (r->date != NOTHING || r->moment != NOTHING || count > 100000)
        return false;
    count = back ? -count : count;
    if (unit < DAY_S) {
        r->moment = r->day->now - r->day->now % 60000 + count * unit * 1000;
        return true;
    }
    if (r->clock == NOTHING && r->at == r->count)
        r->clock = wall (r) / 60000 * 60000 % (DAY_S * 1000);
    return set_date (r, today (r) + count * (unit / DAY_S));
}

static bool is_article (const char *word)
{
    return strcmp (word, "a") == 0 || strcmp (word, "an") == 0;
}

static int64_t count_of (const char *word)
{
    static const char *const names[] = { "one",   "two",   "three", "four", "five",   "six",
                                         "seven", "eight", "nine",  "ten",  "eleven", "twelve" };
    int64_t count;
    if (number (word, 6, &count))
        return count;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp (word, names[i]) == 0)
            return (int64_t) i + 1;
    return is_article (word) ? 1 : -1;
}

/* "3 days", "3d", "an hour", "half an hour". Returns how many words, 0: none of these. */
static size_t length (const struct reading *r, size_t at, int64_t *count, int64_t *unit)
{
    size_t left = r->count - at, digits = strspn (r->words[at], "0123456789");
    if (digits > 0 && digits <= 6 && r->words[at][digits]) {
        *count = strtoll (r->words[at], NULL, 10);
        *unit = unit_of (r->words[at] + digits);
        return *unit ? 1 : 0;
    }
    if (strcmp (r->words[at], "half") == 0) {
        size_t article = left > 1 && is_article (r->words[at + 1]);
        *count = 30;
        *unit = 60;
        return left > 1 + article && unit_of (r->words[at + 1 + article]) == 3600 ? 2 + article : 0;
    }
    *count = count_of (r->words[at]);
    *unit = left > 1 && *count >= 0 ? unit_of (r->words[at + 1]) : 0;
    return *unit ? 2 : 0;
}

/* "in 3 days", "3 days ago", "3d" */
static bool span_word (struct reading *r)
{
    bool in = strcmp (r->words[r->at], "in") == 0;
    size_t at = r->at + in;
    int64_t count, unit;
    size_t used = at < r->count ? length (r, at, &count, &unit) : 0;
    if (!used)
        return false;
    at += used;
    bool ago = !in && at < r->count && strcmp (r->words[at], "ago") == 0;
    r->at = at + ago;
    return move (r, count, unit, ago || (!in && r->edge == DAY_START));
}

/* "yesterday evening", "this morning", "last night", "noon": hours that stand for them, and
 * that whoever asked shows. */
static bool part_word (struct reading *r)
{
    static const struct {
        const char *name;
        int64_t hour;
    } parts[] = { { "midnight", 0 }, { "morning", 8 },  { "noon", 12 }, { "afternoon", 15 },
                  { "evening", 20 }, { "tonight", 22 }, { "night", 22 } };
    bool this = strcmp (r->words[r->at], "this") == 0, last = strcmp (r->words[r->at], "last") == 0;
    size_t at = r->at + (this || last);
    for (size_t i = 0; at < r->count && i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp (r->words[at], parts[i].name) == 0 && r->clock == NOTHING) {
            r->clock = parts[i].hour * 3600 * 1000;
            r->at = at + 1;
            return !(this || last) || set_date (r, today (r) - last);
        }
    return false;
}

static bool day_word (struct reading *r)
{
    static const struct {
        const char *name;
        int64_t ahead;
    } names[] = { { "today", 0 }, { "tomorrow", 1 }, { "yesterday", -1 } };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp (r->words[r->at], names[i].name) == 0) {
            r->at++;
            return set_date (r, today (r) + names[i].ahead);
        }
    return false;
}

/* A date and an hour in one word: 2026-12-01t18:00 */
static bool joined (struct reading *r)
{
    char *t = strchr (r->words[r->at], 't');
    if (!t || t - r->words[r->at] != 10)
        return false;
    *t = 0;
    if (!iso_date (r, r->words[r->at]))
        return false;
    memmove (r->words[r->at], t + 1, strlen (t + 1) + 1);
    return clock_word (r, r->words[r->at]);
}

static bool next_word (struct reading *r)
{
    const char *word = r->words[r->at];
    static const char *const passed_over[] = { "at", "on", "by", "since", "about", "around" };
    for (size_t i = 0; i < sizeof passed_over / sizeof passed_over[0]; i++)
        if (strcmp (word, passed_over[i]) == 0)
            return ++r->at < r->count;
    if (strcmp (word, "now") == 0) {
        r->moment = r->day->now - r->day->now % 1000;
        r->at++;
        return r->count == 1;
    }
    if (iso_date (r, word)) {
        r->at++;
        return true;
    }
    return day_word (r) || weekday (r) || span_word (r) || part_word (r) || named_date (r) ||
           joined (r) || clock_word (r, word) || offset_word (r, word);
}

/* The moment at which the clocks on the wall show this. */
static bool on_the_wall (const struct reading *r, int64_t shown, int64_t *ms)
{
    int64_t s = shown / 1000, found = NOTHING;
    /* Before and after a change of the clocks; where both fit, it is the earlier one. */
    int64_t tries[] = { s - r->day->zone (s - DAY_S), s - r->day->zone (s + DAY_S) };
    for (size_t i = 0; i < 2; i++)
        if (tries[i] + r->day->zone (tries[i]) == s && (found == NOTHING || tries[i] < found))
            found = tries[i];
    if (found == NOTHING)
        return false;
    *ms = found * 1000 + shown % 1000;
    return true;
}

static bool refuse (struct span text, enum day_edge edge, const char *because, char *why,
                    size_t why_size)
{
    snprintf (why, why_size, "'%.*s' %s; possible are %s, 2026-12-01 18:00, 2026-12-01T18:00+05:00",
              (int) (text.size < 60 ? text.size : 60), (const char *) text.data, because,
              edge == DAY_END ? "tomorrow 18:00, friday, in 3 days"
                              : "2 hours ago, 02:30, yesterday 23:00, friday");
    return false;
}

bool day_parse (struct span text, const struct day *day, enum day_edge edge, int64_t *ms, char *why,
                size_t why_size)
{
    struct reading r = { .day = day,
                         .edge = edge,
                         .date = NOTHING,
                         .clock = NOTHING,
                         .offset = NOTHING,
                         .moment = NOTHING };
    int64_t found;
    if (when_parse (text, ms))
        return true;
    bool good = split (&r, text);
    while (good && r.at < r.count)
        good = next_word (&r);
    /* A moment has its hour. */
    if (!good || (r.moment != NOTHING && (r.clock != NOTHING || r.date != NOTHING)) ||
        (r.moment == NOTHING && r.date == NOTHING && r.clock == NOTHING))
        return refuse (text, edge, "is no time", why, why_size);
    if (r.moment != NOTHING) {
        found = r.moment;
    } else {
        /* An hour alone is the one to come, or the last one that was. */
        if (r.date == NOTHING && r.clock > wall (&r) % (DAY_S * 1000) && edge == DAY_START &&
            r.offset == NOTHING)
            r.date = today (&r) - 1;
        else if (r.date == NOTHING && r.clock < wall (&r) % (DAY_S * 1000) && edge == DAY_END &&
                 r.offset == NOTHING)
            r.date = today (&r) + 1;
        if (r.date == NOTHING)
            r.date = today (&r);
        if (r.clock == NOTHING)
            r.clock = edge == DAY_END ? (DAY_S - 60) * 1000 : 0;
        int64_t shown = r.date * DAY_S * 1000 + r.clock;
        if (r.offset != NOTHING)
            found = shown - r.offset * 1000;
        else if (!on_the_wall (&r, shown, &found))
            return refuse (text, edge, "does not exist: the clocks go forward then", why, why_size);
    }
    if (found < 0 || found > TIME_MAX)
        return refuse (text, edge, "is outside the years 1970 to 9999", why, why_size);
    *ms = found;
    return true;
}
