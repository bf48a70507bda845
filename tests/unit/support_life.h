/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support_life.h - days of a provincial CERT by chance: everything that casework knows
 *
 * Cases as in support_casework.h, and in between reports with indicators, advisories and answers,
 * sightings, exercises, subscriptions, bulletins, nil-returns and policies; neighbours are heard or
 * not, and what is due is raised and stored.
 */
#ifndef CERTBUS_SUPPORT_LIFE_H
#define CERTBUS_SUPPORT_LIFE_H

#include "tests/unit/support_casework.h"
#include "tests/unit/support_trust.h"

#define LIFE_PARTIES 5
#define LIFE_IDS     32

struct life_ids {
    size_t count;
    struct msg_id at[LIFE_IDS]; /* of many the newest */
};

struct life {
    struct world *world;
    struct holder holder; /* of pk.sindh */
    struct history cases, others;
    struct random random;
    int64_t now, seqs[LIFE_PARTIES], deeds;
    uint32_t policies;
    size_t cases_taken, others_taken, refused;
    struct life_ids reports, advisories, plans, exercises;
};

/* The same seed makes the same life. */
void life_open (struct life *self, uint64_t seed, size_t count);
void life_close (struct life *self);
/* Some hours of it; false: all has come. */
bool life_goes_on (struct life *self);

#endif
