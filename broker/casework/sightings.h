/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sightings.h - what was seen by how many: the table INDICATORS
 *
 * A pattern is the hash of an indicator (bus/core/indicator.h) or of a class. The broker of the
 * lead of a case tells its ancestors of the patterns in it, in messages of kind `sighting`; each of
 * them keeps who told of what, and the one at the lowest common ancestor of several raises an
 * alarm. docs/casework/correlation.md has the rules, and what a hash gives away.
 */
#ifndef CERTBUS_SIGHTINGS_H
#define CERTBUS_SIGHTINGS_H

#include "broker/casework/timers.h"
#include "bus/core/indicator.h"

#define TAG_SIZE 16
/* Rows of one pattern that are looked at for `seen`; and to correlate. */
#define SIGHTED_MAX  4096
#define PATTERN_ROWS 512
#define PATTERN_TEXT (2 * HASH_SIZE + 1)

/* The table's rows, by the byte after its own: those of sightings stand under their mode. */
enum indicator_rows {
    ROWS_HELD = 0xfc, /* pattern: position of a message here that has it in full */
    ROWS_CASE = 0xfd, /* tag of a case: its id */
    ROWS_TOLD = 0xfe, /* case that this party leads, pattern: whether it was told of */
};

/* One (pattern, broker, constituent). */
struct sighted {
    char origin[PARTY_MAX + 1]; /* the broker that said it */
    uint8_t tag[TAG_SIZE];      /* the constituent; all zero: that party itself, not yet told */
    int64_t first, last;        /* ms UTC, when it was told of first and last */
    unsigned severity;          /* the worst, as case.h counts */
    char party[PARTY_MAX + 1];  /* the constituent's name, where it may be said; "" */
};

/* Of a pattern as a whole. */
struct pattern_head {
    int64_t episode, last; /* ms UTC: it began, after a whole window without it; newest */
    char class[65];        /* what it is a class of; "": an indicator */
};

/* The rows of a pattern in a mode, at most `max`. Returns owned; NULL: none. */
struct sighted *sightings_of (struct store *store, const struct hash *pattern, unsigned mode,
                              size_t max, size_t *count, bool *more);
bool sightings_head (struct store *store, const struct hash *pattern, unsigned mode,
                     struct pattern_head *out);

/* The key of this station's tags; false: none was made yet. Never leaves the station. */
bool sightings_key (struct store *store, uint8_t key[KEY_SIZE]);
void sightings_tag (const uint8_t key[KEY_SIZE], struct span party, uint8_t tag[TAG_SIZE]);

/* Calls `visit` for each pattern in the body of an incident or update. `class` is empty for an
 * indicator, which `typed` is then. */
typedef void (*pattern_visit) (const struct hash *pattern, struct span class,
                               const struct indicator *typed, void *arg);
void patterns_each (const struct envelope *e, pattern_visit visit, void *arg);

/* sightings.c: one message of kind sighting. pattern.c: what several amount to. sight.c: what this
 * party tells of its own cases. All of it is one part, whose subjects are patterns (as hex) and
 * cases (key_id after a byte 1). */
void pattern_touch (struct store *store, const struct hash *pattern);
void pattern_settle (struct store *store, const struct subject *subject);
bool pattern_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                   struct deed *out);
void sight_fold (struct store *store, const struct item *item, const struct envelope *e);
void sight_told (struct store *store, const struct envelope *e);
void sight_settle (struct store *store, const struct subject *subject);
bool sight_fire (struct store *store, const struct subject *subject, struct deed *out);
/* A row of who has seen what. */
void sightings_add (struct store *store, const struct hash *pattern, unsigned mode,
                    const struct sighted *row);

bool sightings_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                     int64_t now, struct deed *out);
extern const struct casework_part sightings_part;

#endif
