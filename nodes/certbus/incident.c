/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/incident.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bus/core/when.h"

#define TITLE_LONG     120 /* bytes; a first sentence that is longer is cut */
#define PHONE_MAX      40
#define PHONE_LEAST    5 /* digits */
#define NAME_MAX_BYTES 100
#define PEOPLE_MANY    1000
#define PEOPLE_NATION  100000
#define SYSTEMS_MANY   20
#define COUNT_MAX      100000000

#define DOTS "..."

/* Cut between characters. */
static json_t *cut (const char *text, size_t size, size_t most)
{
    if (size > most)
        size = most;
    while (size && !span_utf8 (span_bytes (text, size)))
        size--;
    return json_stringn (text, size);
}

/* The first sentence, or the first line. */
static json_t *title_of (const char *what)
{
    size_t size = strcspn (what, "\n");
    for (size_t i = 0; i + 1 < size; i++)
        if (strchr (".!?", what[i]) && what[i + 1] == ' ') {
            size = i;
            break;
        }
    while (size && strchr (".! ", what[size - 1]))
        size--;
    if (size <= TITLE_LONG)
        return cut (what, size, size);
    /* Between words, where there are any. */
    size_t most = TITLE_LONG - strlen (DOTS), blank = most;
    while (blank && what[blank] != ' ')
        blank--;
    json_t *begun = cut (what, blank ? blank : most, most);
    json_t *made = json_sprintf ("%s" DOTS, json_string_value (begun));
    json_decref (begun);
    return made;
}

/* --- Who can be called ------------------------------------------------------------------- */

static bool of_phone (char c)
{
    return isdigit ((unsigned char) c) || strchr ("+-() /", c);
}

/* The next telephone number in a text; returns how much of the text was read, 0: none. */
static size_t next_phone (const char *text, char phone[PHONE_MAX + 1], size_t *at)
{
    for (size_t from = 0; text[from]; from++) {
        if (!isdigit ((unsigned char) text[from]) && text[from] != '+')
            continue;
        size_t size = 0, digits = 0;
        while (text[from + size] && of_phone (text[from + size])) {
            digits += isdigit ((unsigned char) text[from + size]) != 0;
            size++;
        }
        while (size && !isdigit ((unsigned char) text[from + size - 1]))
            size--;
        if (digits >= PHONE_LEAST && size <= PHONE_MAX) {
            memcpy (phone, text + from, size);
            phone[size] = 0;
            *at = from;
            return from + size;
        }
        from += size ? size - 1 : 0;
    }
    return 0;
}

static void set_email (json_t *reporter, const char *text)
{
    const char *at = strchr (text, '@');
    if (!at)
        return;
    const char *from = at, *to = at + strcspn (at, " ,;<>()\n");
    while (from > text && !strchr (" ,;<>()\n", from[-1]))
        from--;
    if (from < at && to > at + 1)
        json_object_set_new (reporter, "email", cut (from, (size_t) (to - from), 254));
}

/* "Ahmed Khan, duty officer, +92 21 0000000, night +92 300 0000000". */
static json_t *reporter_of (const char *text)
{
    char phone[PHONE_MAX + 1];
    json_t *made = json_object ();
    size_t at = 0, used = next_phone (text, phone, &at);
    size_t name = strcspn (text, ",;\n");
    if (used && name > at)
        name = at;
    while (name && isspace ((unsigned char) text[name - 1]))
        name--;
    if (name && !memchr (text, '@', name))
        json_object_set_new (made, "name", cut (text, name, NAME_MAX_BYTES));
    if (used) {
        json_object_set_new (made, "phone_day", json_string (phone));
        const char *rest = text + used;
        /* One number is for both; it is what there is. */
        next_phone (rest, phone, &at);
        json_object_set_new (made, "phone_night", json_string (phone));
    }
    set_email (made, text);
    if (!json_object_size (made))
        json_object_set_new (made, "name", cut (text, strlen (text), NAME_MAX_BYTES));
    return made;
}

/* --- How many ---------------------------------------------------------------------------- */

static bool means_people (const char *word)
{
    static const char *const people[] = { "people",   "person",  "user",      "staff",   "employee",
                                          "customer", "citizen", "passenger", "student", "log",
                                          "afraad",   "افراد",   "لوگ" };
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++)
        if (strncasecmp (word, people[i], strlen (people[i])) == 0)
            return true;
    return false;
}

struct counted {
    int64_t people, systems; /* -1: not said */
    json_t *affected;        /* owned */
};

/* A number with commas between thousands; returns its size in the text. */
static size_t read_number (const char *text, int64_t *number)
{
    size_t size = 0;
    *number = 0;
    while (isdigit ((unsigned char) text[size]) ||
           (text[size] == ',' && isdigit ((unsigned char) text[size + 1]))) {
        if (text[size] != ',' && *number <= COUNT_MAX)
            *number = *number * 10 + (text[size] - '0');
        size++;
    }
    return size;
}

/* "21 servers and 1,400 users". */
static struct counted count_of (const char *text)
{
    struct counted counted = { -1, -1, json_array () };
    for (const char *at = text; *at;) {
        int64_t number;
        size_t size = read_number (at, &number);
        if (!size) {
            at++;
            continue;
        }
        at += size;
        at += strspn (at, " \t");
        size_t word = strcspn (at, ",;.0123456789\n");
        const char *and = strstr (at, " and ");
        if (and&&(size_t) (and-at) < word)
            word = (size_t) (and-at);
        while (word && isspace ((unsigned char) at[word - 1]))
            word--;
        if (number > COUNT_MAX)
            number = COUNT_MAX;
        if (means_people (at)) {
            counted.people = (counted.people < 0 ? 0 : counted.people) + number;
        } else {
            counted.systems = (counted.systems < 0 ? 0 : counted.systems) + number;
            json_array_append_new (
                counted.affected,
                json_pack ("{sosI}", "kind",
                           word ? cut (at, word, NAME_MAX_BYTES) : json_string ("system"), "count",
                           (json_int_t) number));
        }
        at += word;
    }
    return counted;
}

/* --- What follows ------------------------------------------------------------------------ */

static bool begins (const char *text, const char *with)
{
    return strncmp (text, with, strlen (with)) == 0;
}

static const char *severity_of (const char *type, const char *service, size_t data, int ongoing,
                                const struct counted *counted)
{
    bool interrupted = service && strcmp (service, "interrupted") == 0;
    bool hurt = interrupted || data > 0;
    bool wide = counted->people >= PEOPLE_MANY || counted->systems >= SYSTEMS_MANY;
    if (interrupted && counted->people >= PEOPLE_NATION)
        return "S1";
    if (hurt && (ongoing == 'y' || wide))
        return "S2";
    if (hurt)
        return "S3";
    if (service || begins (type, "intrusions/") || begins (type, "malicious-code/"))
        return "S4";
    if (begins (type, "intrusion-attempts/") || begins (type, "information-gathering/") ||
        begins (type, "abusive-content/") || strcmp (type, "fraud/phishing") == 0)
        return "S5";
    return "undetermined";
}

static void set_impact (json_t *body, const char *affected, const char *service, json_t *data,
                        const struct counted *counted)
{
    json_t *impact = json_object ();
    if (service)
        json_object_set_new (impact, "service", json_string (service));
    if (json_array_size (data))
        json_object_set (impact, "data", data);
    if (counted->people >= 0)
        json_object_set_new (impact, "users", json_integer (counted->people));
    if (affected)
        json_object_set_new (impact, "description", cut (affected, strlen (affected), 4000));
    if (json_object_size (impact))
        json_object_set_new (body, "impact", impact);
    else
        json_decref (impact);
    if (json_array_size (counted->affected))
        json_object_set (body, "affected", counted->affected);
}

static bool needed (const struct answers *answers, enum answer *which, char *why, size_t why_size)
{
    static const struct {
        enum answer which;
        const char *why;
    } rows[] = { { ANSWER_WHAT, "what happened? A sentence is enough" },
                 { ANSWER_SINCE, "since when do you know? \"now\" is an answer" } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!answers->at[rows[i].which] || !*answers->at[rows[i].which]) {
            *which = rows[i].which;
            snprintf (why, why_size, "%s", rows[i].why);
            return false;
        }
    return true;
}

static bool read_yes (const struct answers *answers, enum answer question, bool unknown, int *said,
                      enum answer *which, char *why, size_t why_size)
{
    const char *text = answers->at[question];
    *said = text ? incident_yes (text) : 0;
    if (!text || (*said && (unknown || *said != 'u')))
        return true;
    *which = question;
    snprintf (why, why_size, "'%.60s': yes%s or no expected", text, unknown ? ", unknown" : "");
    return false;
}

/* What happened, and whether it goes on, in words. */
static json_t *description_of (const struct answers *answers, int ongoing)
{
    const char *goes_on = ongoing == 'y'   ? "\n\nIt still goes on."
                          : ongoing == 'n' ? "\n\nIt does not go on any more."
                          : ongoing == 'u' ? "\n\nWhether it goes on is not known."
                                           : "";
    const char *what = answers->at[ANSWER_WHAT];
    json_t *text = cut (what, strlen (what), 15900);
    json_t *made = json_sprintf ("%s%s", json_string_value (text), goes_on);
    json_decref (text);
    return made;
}

static void set_text (json_t *body, const char *name, const char *text, size_t most)
{
    if (text && *text)
        json_object_set_new (body, name, cut (text, strlen (text), most));
}

json_t *incident_body (const struct answers *answers, const struct day *day, enum answer *which,
                       char *why, size_t why_size)
{
    char aware[WHEN_TEXT];
    int64_t since;
    int ongoing, consent;
    if (!needed (answers, which, why, why_size) ||
        !read_yes (answers, ANSWER_ONGOING, true, &ongoing, which, why, why_size) ||
        !read_yes (answers, ANSWER_CONSENT, false, &consent, which, why, why_size))
        return NULL;
    *which = ANSWER_SINCE;
    const char *when = answers->at[ANSWER_SINCE];
    since = day->now; /* unless somebody knows better */
    if (incident_yes (when) != 'u' &&
        !day_parse (span_of (when), day, DAY_START, &since, why, why_size))
        return NULL;
    if (since > day->now + 60000) {
        snprintf (why, why_size, "'%.60s' is in the future", when);
        return NULL;
    }
    const char *what = answers->at[ANSWER_WHAT], *affected = answers->at[ANSWER_AFFECTED];
    char *all = NULL;
    if (asprintf (&all, "%s\n%s", what, affected ? affected : "") < 0)
        abort ();
    struct counted counted = count_of (answers->at[ANSWER_COUNT] ? answers->at[ANSWER_COUNT] : "");
    const char *type = answers->type ? answers->type : incident_type (all);
    const char *service = incident_service (all);
    json_t *data = incident_data (all), *body = json_object ();
    when_text (since, aware);
    json_object_set_new (body, "title",
                         answers->title ? cut (answers->title, strlen (answers->title), 300)
                                        : title_of (what));
    json_object_set_new (body, "description", description_of (answers, ongoing));
    json_object_set_new (body, "times", json_pack ("{ss}", "aware", aware));
    json_object_set_new (body, "type", json_string (type));
    json_object_set_new (
        body, "severity",
        json_string (answers->severity
                         ? answers->severity
                         : severity_of (type, service, json_array_size (data), ongoing, &counted)));
    json_object_set_new (body, "state", json_string ("reported"));
    set_impact (body, affected && *affected ? affected : NULL, service, data, &counted);
    if (answers->at[ANSWER_CONTACT] && *answers->at[ANSWER_CONTACT])
        json_object_set_new (body, "reporter", reporter_of (answers->at[ANSWER_CONTACT]));
    set_text (body, "actions_taken", answers->at[ANSWER_DONE], 8000);
    set_text (body, "help_wanted", answers->at[ANSWER_HELP], 4000);
    if (consent)
        json_object_set_new (body, "consent", json_boolean (consent == 'y'));
    json_decref (data);
    json_decref (counted.affected);
    free (all);
    return body;
}
