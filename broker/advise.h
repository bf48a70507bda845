/* SPDX-License-Identifier: Apache-2.0 */
/*
 * advise.h - what a station's state means: healthy, something to do, or act now
 *
 * Pure: facts in, sentences out. Each sentence says what is the matter and what to do.
 */
#ifndef CERTBUS_ADVISE_H
#define CERTBUS_ADVISE_H

#include "bus/core/pack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADVICE_MAX  16
#define ADVICE_TEXT 512

/* A parent that is away for so long with something waiting for it, and the like, in ms. */
#define ADVISE_MOMENT_MS  INT64_C (10000) /* a link that has just begun, or begins again */
#define ADVISE_PARENT_MS  INT64_C (900000)
#define ADVISE_WAIT_MS    INT64_C (600000)
#define ADVISE_CHILD_MS   INT64_C (86400000)
#define ADVISE_SKEW_MS    INT64_C (60000)
#define ADVISE_REFUSED_MS INT64_C (600000) /* a clock so far ahead gets messages refused */
/* For so long it is said that somebody was enrolled again after its keys were lost. */
#define ADVISE_AGAIN_MS INT64_C (604800000)
/* For so long it is said that a message of this party was refused. */
#define ADVISE_REFUSAL_MS INT64_C (604800000)

enum advice_level { ADVICE_HEALTHY, ADVICE_TO_DO, ADVICE_NOW };

struct link_facts {
    const char *name;
    bool open, more;
    int64_t since;  /* ms UTC, of the state */
    int64_t skew;   /* ms, its clock minus ours */
    uint64_t lag;   /* messages that wait for it; at least, with `more` */
    int64_t oldest; /* ms UTC, when the oldest of them was taken; 0: none */
    const char *refused;
    bool refusing; /* it is reached, and lately a session was refused: `refused` says why */
};

struct facts {
    int64_t now, not_after, head; /* ms UTC; head 0: none */
    bool revoked, has_policy, stale, has_parent;
    bool policy_older;           /* from before there were alarms: what is due waits */
    struct span top;             /* who has to publish another one */
    uint64_t available, reserve; /* bytes */
    uint64_t quarantined;
    const char *twice;      /* a number that stands twice among this party's documents; "": none */
    size_t refused;         /* own messages that somebody refused in the last ADVISE_REFUSAL_MS */
    const char *refused_id; /* the newest of them, and by whom */
    const char *refused_by;
    size_t frozen;
    const char *first_frozen;
    bool first_frozen_twice; /* it signed two messages with one number; else an officer did it */
    size_t again; /* enrolled again after their keys were lost, in the last ADVISE_AGAIN_MS */
    const char *first_again;
    int64_t first_again_at; /* ms UTC, when that was taken in here */
    struct link_facts parent;
    bool clock_held;        /* it jumped, so that no clock of a case is acted on */
    int64_t clock_jumped;   /* ms */
    size_t undone;          /* alarms and escalations that are due and cannot be made */
    const char *undone_why; /* the last of them */
    size_t children_behind; /* away, with something waiting for longer than ADVISE_CHILD_MS */
    const char *child_behind;
};

struct advice {
    enum advice_level level;
    char text[ADVICE_TEXT];
};

/* The worst first; in one level in the order in which they are best done. */
struct advices {
    size_t count;
    struct advice at[ADVICE_MAX];
};

void advise (const struct facts *facts, struct advices *out);
/* Whether a link needs somebody to look at it. */
bool advise_link (const struct link_facts *link, int64_t now);

#endif
