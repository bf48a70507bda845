/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sightings.h - what was seen by how many: the table INDICATORS
 *
 * A row for each (pattern, broker, constituent). A pattern is the hash of an indicator
 * (bus/core/indicator.h) or of a class; the broker is the one that made the sighting; the
 * constituent is a tag that only that broker can turn into a name. docs/casework/correlation.md.
 */
#ifndef CERTBUS_SIGHTINGS_H
#define CERTBUS_SIGHTINGS_H

#include "broker/casework/casework.h"

#define TAG_SIZE 16
/* Rows of one pattern that are looked at. */
#define SIGHTED_MAX 4096

struct sighted {
    char origin[PARTY_MAX + 1]; /* the broker that said it */
    uint8_t tag[TAG_SIZE];      /* the constituent; all zero: that party itself */
    int64_t first, last;        /* ms UTC, when it was told of first and last */
    char party[PARTY_MAX + 1];  /* the constituent's name, where it may be said; "" */
};

/* The rows of a pattern in a mode, at most SIGHTED_MAX. Returns owned; NULL: none. */
struct sighted *sightings_of (struct store *store, const struct hash *pattern, unsigned mode,
                              size_t *count, bool *more);

/* The key of this station's tags; false: none was made yet. Never leaves the station. */
bool sightings_key (struct store *store, uint8_t key[KEY_SIZE]);
void sightings_tag (const uint8_t key[KEY_SIZE], struct span party, uint8_t tag[TAG_SIZE]);

extern const struct casework_part sightings_part;

#endif
