/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_number.h"

#include "bus/core/schema.h"

#include <stdio.h>
#include <string.h>

bool number_ask_begin (struct number_ask *ask, const struct question *q, const struct draft *draft)
{
    char why[NUMBER_WHY];
    bool kind = schema_numbered (schemas_find (q->station->schemas, draft->kind));
    memset (ask, 0, sizeof *ask);
    ask->next = ask_bool (q, "number");
    ask->mode = draft->mode;
    ask->lookup.replaces = draft->replaces;
    if (ask->next && (!kind || body_field (draft->body, "number").size > 0)) {
        answer_refuse (&q->asker, "usage",
                       kind ? "number: the body has one; leave it out to be given the next one"
                            : "number: documents of this kind have none");
        return false;
    }
    if (!numbers_series (q->station, draft->mode, &ask->lookup.series, why)) {
        memset (&ask->lookup.series, 0, sizeof ask->lookup.series);
        if (ask->next) {
            char detail[NUMBER_WHY + 80];
            snprintf (detail, sizeof detail, "number: %s; set `number` in certbus.conf", why);
            answer_refuse (&q->asker, "usage", detail);
            return false;
        }
    }
    struct span typed = body_text (draft->body, "number");
    if (typed.size > NUMBER_MAX)
        return true; /* the schema says so */
    span_text (typed, ask->number, sizeof ask->number);
    if (kind && draft->mode != CB_MODE_TEST)
        number_upper (typed, ask->lookup.number);
    return true;
}

void number_ask_run (struct number_ask *ask, struct store *store)
{
    if (ask->next || ask->lookup.number[0] != '\0')
        numbers_look_up (store, &ask->lookup);
}

/* Whether a number can be given without anybody's knowing better. */
static bool sure (const struct question *q, const struct number_lookup *lookup)
{
    const struct station *station = q->station;
    const struct asker *asker = &q->asker;
    if (!lookup->counted)
        answer_refuse (asker, "number-unsure",
                       "the numbers that this journal holds are still being counted; try again");
    else if (lookup->recovering)
        answer_refuse (asker, "number-unsure",
                       "this broker was restored from an older copy and its own messages are not "
                       "all back yet: the next number may have been given. Wait for the links, or "
                       "type a number that you know to be free");
    else if (station->known_outside && !station->met)
        answer_refuse (asker, "number-unsure",
                       "no neighbour has been heard since this broker started; if its disk was "
                       "restored from an older copy, the next number may have been given. Wait for "
                       "a link, or type a number that you know to be free");
    else
        return true;
    return false;
}

static bool next_number (const struct question *q, struct number_ask *ask)
{
    const struct number_series *series = &ask->lookup.series;
    int64_t highest = numbers_highest (q->station->numbers, series);
    if (ask->lookup.highest > highest)
        highest = ask->lookup.highest;
    if (highest >= NUMBER_LAST) {
        answer_refuse (&q->asker, "usage", "number: this series has no further one");
        return false;
    }
    if (!sure (q, &ask->lookup))
        return false;
    number_text (series, highest + 1, ask->number);
    return true;
}

/* Documents of exercises have numbers of their own, so that none is ever taken for a real one. */
static bool number_of_mode (const struct question *q, const char *number, unsigned mode)
{
    static const char mark[] = NUMBER_EXERCISE;
    bool marked = strncmp (number, mark, sizeof mark - 1) == 0;
    if (marked == (mode == CB_MODE_EXERCISE))
        return true;
    answer_refuse (&q->asker, "usage",
                   marked ? "number: those that begin with " NUMBER_EXERCISE " are of exercises"
                          : "number: those of an exercise begin with " NUMBER_EXERCISE);
    return false;
}

/* A number that somebody typed. */
static bool number_free (const struct question *q, const struct number_lookup *lookup)
{
    char detail[NUMBER_MAX + ID_TEXT + 160];
    const char *number = lookup->number;
    if (numbers_under_way (q->station->numbers, number))
        snprintf (detail, sizeof detail, "the number %s is being given at this moment", number);
    else if (lookup->given[0] != '\0')
        snprintf (detail, sizeof detail,
                  "the number %s was given before, to %s; what replaces that message carries the "
                  "same number, anything else another one",
                  number, lookup->given);
    else
        return true;
    answer_refuse (&q->asker, "number-given", detail);
    return false;
}

bool number_ask_fits (struct number_ask *ask, const struct question *q)
{
    if (ask->next)
        return next_number (q, ask);
    return ask->lookup.number[0] == '\0' ||
           (number_of_mode (q, ask->lookup.number, ask->mode) && number_free (q, &ask->lookup));
}
