/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/alarms.h"
#include "broker/casework/sightings.h"
#include "bus/core/case.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDES_MAX 64

/* What the rows of a pattern amount to here. */
struct amount {
    struct pattern_head head;
    size_t count; /* constituents in the window, at most PATTERN_ROWS */
    size_t sides; /* direct subtrees in which they are, and this party's own cases as one */
    bool own;     /* of this party's own cases */
    unsigned severity;
};

void pattern_touch (struct store *store, const struct hash *pattern)
{
    char text[PATTERN_TEXT];
    struct subject subject;
    sodium_bin2hex (text, sizeof text, pattern->bytes, HASH_SIZE);
    subject_text (&subject, SUBJECT_PATTERN, span_of (text));
    casework_touch (store, &subject);
}

static bool pattern_of (const struct subject *subject, struct hash *out)
{
    size_t size = 0;
    return subject->key.size == PATTERN_TEXT &&
           sodium_hex2bin (out->bytes, HASH_SIZE, (const char *) subject->key.bytes,
                           PATTERN_TEXT - 1, NULL, &size, NULL) == 0 &&
           size == HASH_SIZE;
}

/* The label right below this party under which a broker stands; empty: this party. */
static struct span side_of (const struct store *store, const char *origin)
{
    size_t self = strlen (store->self);
    struct span name = span_of (origin);
    if (name.size <= self)
        return span_of ("");
    const uint8_t *label = name.data + self + 1, *end = name.data + name.size;
    const uint8_t *dot = memchr (label, '.', (size_t) (end - label));
    return span_bytes (label, (size_t) ((dot != NULL ? dot : end) - label));
}

static void add_side (struct amount *amount, struct span sides[SIDES_MAX], struct span side)
{
    size_t i = 0;
    while (i < amount->sides && !span_equal (sides[i], side))
        i++;
    if (i == amount->sides && i < SIDES_MAX)
        sides[amount->sides++] = side;
}

static bool look (struct store *store, const struct hash *pattern, struct amount *out)
{
    static const uint8_t itself[TAG_SIZE];
    struct span sides[SIDES_MAX];
    size_t count;
    bool more;
    memset (out, 0, sizeof *out);
    if (!sightings_head (store, pattern, CB_MODE_LIVE, &out->head))
        return false;
    int64_t since =
        out->head.last - policy_setting (casework_policy (store), POLICY_CORRELATE_WINDOW);
    struct sighted *rows = sightings_of (store, pattern, CB_MODE_LIVE, PATTERN_ROWS, &count, &more);
    for (size_t i = 0; i < count; i++) {
        const struct sighted *row = &rows[i];
        if (row->last < since || memcmp (row->tag, itself, TAG_SIZE) == 0 ||
            !party_within (span_of (row->origin), span_of (store->self)))
            continue;
        struct span side = side_of (store, row->origin);
        out->count++;
        out->own = out->own || side.size == 0;
        add_side (out, sides, side);
        if (row->severity != 0 && (out->severity == 0 || severity_effective (row->severity) <
                                                             severity_effective (out->severity)))
            out->severity = row->severity;
    }
    free (rows);
    return true;
}

/* How often the least count was doubled; -1: it is not reached. */
static int step_of_count (size_t count, int64_t least)
{
    int step = -1;
    for (int64_t at = least; at > 0 && (int64_t) count >= at; at *= 2)
        step++;
    return step;
}

static int64_t least_of (struct store *store, const struct amount *amount)
{
    bool class = amount->head.class[0] != '\0';
    int64_t least = policy_setting (casework_policy (store),
                                    class ? POLICY_CORRELATE_CLASS_COUNT : POLICY_CORRELATE_COUNT);
    return least < 2 ? 2 : least;
}

void pattern_settle (struct store *store, const struct subject *subject)
{
    struct hash pattern;
    struct amount amount;
    struct timer timer = { .at = 0 };
    if (!pattern_of (subject, &pattern) || !look (store, &pattern, &amount))
        return;
    int step = step_of_count (amount.count, least_of (store, &amount));
    /* Those in one subtree alone are for the CERT there to see. */
    bool common = amount.own || amount.sides > 1;
    span_text (span_bytes (subject->key.bytes, sizeof timer.clock - 1), timer.clock,
               sizeof timer.clock);
    timer.started = amount.head.episode;
    timer.step = step < 0 ? 0 : (unsigned) step;
    timer.due = timer.at = amount.head.last;
    bool due = step >= 0 && common && amount.head.last > casework_start (store).time &&
               raised_get (store->journal, subject, &timer,
                           (unsigned) party_depth (span_of (store->self))) == 0;
    timers_set (store, subject, &timer, due);
}

/* --- The alarm ----------------------------------------------------------------------------- */

struct finding {
    const struct hash *pattern;
    char text[INDICATOR_MAX + 1];
};

static void find_typed (const struct hash *pattern, struct span class,
                        const struct indicator *typed, void *arg)
{
    struct finding *finding = arg;
    (void) class;
    if (typed != NULL && hash_equal (pattern, finding->pattern))
        snprintf (finding->text, sizeof finding->text, "%s", typed->text);
}

/* The indicator itself, when a case here has it; and the TLP under which it is known. */
static bool find_held (struct store *store, struct finding *finding, unsigned *tlp)
{
    struct record record;
    struct envelope e;
    struct key key;
    key_begin (&key, TABLE_INDICATORS);
    key_u8 (&key, ROWS_HELD);
    key_hash (&key, finding->pattern);
    int64_t position = (int64_t) table_get_u64 (store->journal, &key, 0);
    uint8_t *copy = position > 0 ? store_message (store, position, &record, &e) : NULL;
    if (copy == NULL)
        return false;
    patterns_each (&e, find_typed, finding);
    *tlp = e.tlp;
    free (copy);
    return finding->text[0] != '\0';
}

bool pattern_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                   struct deed *out)
{
    struct hash pattern;
    struct amount amount;
    struct finding finding = { .pattern = &pattern };
    char hex[PATTERN_TEXT], title[300], text[INDICATOR_MAX + 1000];
    unsigned tlp = CB_TLP_GREEN;
    if (!pattern_of (subject, &pattern) || !look (store, &pattern, &amount))
        return false;
    sodium_bin2hex (hex, sizeof hex, pattern.bytes, HASH_SIZE);
    bool class = amount.head.class[0] != '\0';
    bool held = !class && find_held (store, &finding, &tlp);
    const char *what = class ? amount.head.class : held ? finding.text : hex;
    const char *least = amount.count == PATTERN_ROWS ? "at least " : "";
    snprintf (title, sizeof title, "%s%zu constituents have %s%s%.120s", least, amount.count,
              class ? "incidents of the class " : "seen the same indicator",
              !class && held ? ": " : "", class || held ? what : "");
    snprintf (text, sizeof text,
              "%s%.1024s\n%s%zu constituents, in the cases of %zu %s.\n%s"
              "A proposed alert: certbus publish opens the form of an advisory.",
              class  ? "Class: "
              : held ? "Indicator: "
                     : "Hash of the indicator: ",
              what, least, amount.count, amount.sides,
              amount.sides == 1 ? "CERT" : "parts of the hierarchy",
              class || held ? ""
                            : "No case here has the indicator itself; the CERTs below know it.\n");
    struct alarm alarm = { .what = "pattern",
                           .clock = hex,
                           .step = timer->step,
                           .started = timer->started,
                           .due = timer->due,
                           .severity = severity_name (amount.severity > 0 ? amount.severity : 6),
                           .title = title,
                           .text = text,
                           .call = "",
                           .count = (int64_t) amount.count,
                           .tlp = tlp,
                           .mode = CB_MODE_LIVE };
    alarm_deed (out, span_of (store->self), &alarm);
    return true;
}
