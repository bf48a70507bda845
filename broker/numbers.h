/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numbers.h - the numbers that this party gives its documents, each once
 *
 * What was given is a projection of the party's own messages (the tables GIVEN and SERIES).
 * What is on its way to the disk the loop remembers. HOME/numbers is a witness beside the
 * journal: the last number of each series, for a journal that was restored alone. Tests
 * leave no party and give no number.
 */
#ifndef CERTBUS_NUMBERS_H
#define CERTBUS_NUMBERS_H

#include "broker/originate.h"
#include "bus/core/number.h"

/* --- In the journal's thread --------------------------------------------------------------- */

/* What one of the party's own messages changes; twice is as good as once. */
void numbers_fold (struct store *store, const struct envelope *e, int64_t position);

struct number_lookup {
    /* in: a number that was typed, in capitals ("": none), and what its message replaces */
    char number[NUMBER_MAX + 1];
    struct msg_id replaces;
    struct number_series series; /* whose next number is wanted */
    /* out */
    int64_t highest;     /* counter given in the series; 0: none */
    char given[ID_TEXT]; /* the message that has `number` and is not replaced by this; "" none */
    bool counted;        /* all that the journal holds */
    bool recovering;     /* our own messages are on their way back after a restore */
};
void numbers_look_up (struct store *store, struct number_lookup *lookup);
/* Whether numbers_recount is done with this journal. */
bool numbers_counted (struct store *store);
/* Whether a neighbour holds messages that it had from here. */
bool numbers_known_outside (struct journal *journal);

/* The newest own message of this kind and mode with the same body apart from its number. */
bool numbers_same (struct store *store, struct span kind, unsigned mode, struct span body,
                   char id[ID_TEXT]);
/* A number that two own messages have, of which neither replaces the other, as shows after a
 * restore; false: none. */
bool numbers_twice (struct store *store, char number[NUMBER_MAX + 1]);

/* --- In the loop --------------------------------------------------------------------------- */

struct numbers;
/* Reads the witness in the current folder; a missing one is fine. */
struct numbers *numbers_new (void);
void numbers_free (struct numbers **self);
/* At start, from 0: counts what a journal holds that is older than these tables, once in its
 * life. Until it is counted no number is given. */
void numbers_recount (struct station *station, int64_t at);
/* The series of this party's template now, for documents of that mode. False and `why`. */
bool numbers_series (const struct station *station, unsigned mode, struct number_series *series,
                     char why[NUMBER_WHY]);
/* The highest counter of a series that is on its way to the disk or stands in the witness,
 * and whether a number (in capitals) is on its way. */
int64_t numbers_highest (const struct numbers *self, const struct number_series *series);
bool numbers_under_way (const struct numbers *self, const char *number);
/* The own message `seq` takes a number along: until it is settled it is under way. */
void numbers_took (struct station *station, int64_t seq, const char *number,
                   const struct number_series *series);
/* What became of it. True: who asked is answered when the witness is written. */
bool numbers_settled (struct station *station, const struct asker *asker,
                      const struct originated *told);

#endif
