/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number.h - a party's own numbers, such as NCERT-2026-013, and the template that makes them
 *
 * A template is printable ASCII with %Y (the year), %n or %03n (the counter, zero padded)
 * and %% (a percent sign). The text around the counter names a series; when it changes, as
 * with a new year, the counter begins anew. Numbers are compared without regard to case.
 * Pure: time and zone are arguments.
 */
#ifndef CERTBUS_NUMBER_H
#define CERTBUS_NUMBER_H

#include "bus/core/party.h"

#define NUMBER_MAX      64 /* bytes, as the schemas have it */
#define NUMBER_DIGITS   9  /* of a counter, without zeros in front */
#define NUMBER_LAST     INT64_C (999999999)
#define NUMBER_WHY      160
#define NUMBER_TEMPLATE (PARTY_MAX + 16)
#define NUMBER_EXERCISE "EX-" /* before those of exercises, and before no other */

/* A template at one time. */
struct number_series {
    char before[NUMBER_MAX + 1], after[NUMBER_MAX + 1];
    unsigned width; /* at least so many digits */
};

/* The series of a template at `now` (ms UTC) in a time zone of so many seconds east of UTC.
 * False and `why` when the template is none, for which any time will do. */
bool number_series (struct number_series *series, const char *template, int64_t now, int64_t zone,
                    char why[NUMBER_WHY]);
/* What a party has that set none: pk.sindh -> "PK-SINDH-%Y-%03n". */
void number_default (struct span party, char template[NUMBER_TEMPLATE]);
/* The number with this counter, 1 to NUMBER_LAST. */
void number_text (const struct number_series *series, int64_t counter, char out[NUMBER_MAX + 1]);
/* The counter of a number of this series; 0: it is none. */
int64_t number_counter (const struct number_series *series, struct span number);
/* ASCII letters made large, cut at NUMBER_MAX: the form in which numbers are compared. */
void number_upper (struct span number, char out[NUMBER_MAX + 1]);

/* One reading of a number as the member of a series: any run of digits may be the counter. */
struct number_reading {
    struct span before, after;
    int64_t counter;
};
#define NUMBER_READINGS (NUMBER_MAX / 2)
/* All of them; borrows from `number`. Returns how many. */
size_t number_readings (struct span number, struct number_reading out[NUMBER_READINGS]);

/* Appends a canonical body with `number` as its text field of that name instead of the one
 * that it may have; with an empty one, without it. `body` must be a canonical map. */
void number_body (struct pack_out *out, struct span body, struct span number);

#endif
