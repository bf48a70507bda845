/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_number.h - the number of a document before it is published: the next one, or whether a
 * typed one is free
 */
#ifndef CERTBUS_LOCAL_NUMBER_H
#define CERTBUS_LOCAL_NUMBER_H

#include "broker/local_own.h"
#include "broker/numbers.h"

struct number_ask {
    bool next; /* the next one of the series is wanted */
    unsigned mode;
    struct number_lookup lookup;
    char number[NUMBER_MAX + 1]; /* that the document has; of the next one after number_ask_fits */
};

/* In the loop. Borrows from the draft. False: refused, and who asked was told. */
bool number_ask_begin (struct number_ask *ask, const struct question *q, const struct draft *draft);
/* In the journal's thread. */
void number_ask_run (struct number_ask *ask, struct store *store);
/* In the loop. False: refused, and who asked was told. */
bool number_ask_fits (struct number_ask *ask, const struct question *q);

#endif
