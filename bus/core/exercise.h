/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exercise.h - what the messages that run an exercise amount to
 *
 * An exercise is the thread of a message of kind `exercise` with the step `announce`. The others
 * start, pause, resume and stop it. Its state is a function of the set of these messages: they
 * are put in the order of their times, ties by leaf hash, and applied one by one; one that is
 * not possible where it stands changes nothing. Knows no clock, no position and no time of
 * arrival. docs/casework/exercises.md has the rules in words.
 */
#ifndef CERTBUS_EXERCISE_H
#define CERTBUS_EXERCISE_H

#include "bus/core/route.h"

#define EXERCISE_PAUSES 64                   /* the pause after so many ends it */
#define EXERCISE_STEPS  512                  /* a thread with more has ended */
#define EXERCISE_NAME   32                   /* bytes, of an inject or an expected response */
#define EXERCISE_LATEST INT64_C (2678400000) /* ms: 31 days, for offsets and limits */

/* X (NAME, number, name in `exercise`). */
#define EXERCISE_WHAT(X)                                                                           \
    X (PLAN, 0, "plan")                                                                            \
    X (ANNOUNCE, 1, "announce")                                                                    \
    X (START, 2, "start")                                                                          \
    X (PAUSE, 3, "pause")                                                                          \
    X (RESUME, 4, "resume")                                                                        \
    X (STOP, 5, "stop")                                                                            \
    X (SCORE, 6, "score")

/* X (NAME, number, for people). A number is stored. */
#define EXERCISE_STANDS(X)                                                                         \
    X (UNKNOWN, 0, "unknown")                                                                      \
    X (ANNOUNCED, 1, "announced")                                                                  \
    X (RUNNING, 2, "running")                                                                      \
    X (PAUSED, 3, "paused")                                                                        \
    X (ENDED, 4, "ended")

#define EXERCISE_X(NAME, number, ...) EXERCISE_##NAME = number,
enum exercise_what { EXERCISE_WHAT (EXERCISE_X) EXERCISE_WHAT_END };
enum exercise_stands { EXERCISE_STANDS (EXERCISE_X) EXERCISE_STANDS_END };
#undef EXERCISE_X

/* EXERCISE_WHAT_END: it is none. */
enum exercise_what exercise_what (struct span name);
const char *exercise_what_name (unsigned what);
const char *exercise_stands_name (unsigned stands);
/* [a-z0-9-]{1,32} */
bool exercise_name_valid (struct span name);

/* One message of the thread, of the announcer or of a CERT above it. */
struct exercise_step {
    enum exercise_what what;
    struct msg_id id;
    struct hash leaf;
    int64_t issued; /* ms UTC */
    bool emergency; /* pause: by the broker, for something live */
};

struct exercise_pause {
    int64_t from, to; /* ms UTC; to 0: it lasts */
};

/* The state. Borrows from what it was made of or read from. */
struct exercise {
    struct msg_id id, plan; /* plan: no origin, there is none */
    struct span title;
    size_t audience_count;
    struct term audience[AUDIENCE_MAX];
    unsigned tlp;
    int64_t announced, from, until; /* ms UTC */
    enum exercise_stands stands;
    int64_t started, ended; /* 0: not yet. What has ended by its date has ended at `until` */
    struct msg_id run;      /* the start or resume that counts */
    bool emergency;         /* that is why it is paused */
    size_t pause_count;
    struct exercise_pause pauses[EXERCISE_PAUSES];
};

/* Applies the steps to an announcement (whose other fields are filled); sorts them. */
void exercise_fold (struct exercise *self, struct exercise_step *steps, size_t count);
/* Whether that step would count now; else why not, as a sentence. */
const char *exercise_refuses (const struct exercise *self, enum exercise_what what, int64_t now);
/* How it stands at `now`: what is not stopped has ended after its period all the same. */
enum exercise_stands exercise_at (const struct exercise *self, int64_t now);
/* ms that it had run at `time`, pauses not counted. */
int64_t exercise_ran (const struct exercise *self, int64_t time);
/* A time that is meant as so long after `since`, later by the pauses that lay between. */
int64_t exercise_later (const struct exercise *self, int64_t since, int64_t time);
/* When it will have run for `offset` ms, ms UTC; 0: it does not run, or ends before. */
int64_t exercise_due (const struct exercise *self, int64_t offset);

/* A message of mode exercise, as far as it matters whether it belongs to this one. */
struct exercise_guest {
    struct span origin;
    const struct labels *sectors; /* of its origin's credential; NULL: not known */
    size_t audience_count;
    const struct term *audience;
    struct span correspondent; /* origin of its thread; empty: none */
    int64_t issued;
    int64_t slack; /* ms by which clocks may differ; 0 at its origin */
};
/* NULL: it belongs; else why not, as a sentence. */
const char *exercise_rejects (const struct exercise *self, const struct exercise_guest *guest);

/* Canonical: one state has one row. */
void exercise_pack (struct pack_out *out, const struct exercise *self);
bool exercise_read (struct exercise *self, struct span row);

#endif
