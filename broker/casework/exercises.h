/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exercises.h - exercises: what is known of them here, what may be part of one, what is due
 *
 * The state of an exercise is a row in the table EXERCISES, a function of the messages that run
 * it (bus/core/exercise.h). Beside it stand who did what in it, for the score, and which injects
 * the announcer has sent. docs/casework/exercises.md has the rules.
 */
#ifndef CERTBUS_EXERCISES_H
#define CERTBUS_EXERCISES_H

#include "broker/casework/timers.h"
#include "bus/core/exercise.h"

/* What stands in the table, by the first byte of a key; then the exercise. */
#define EXERCISE_ROWS(X)                                                                           \
    X (STATE, 1, "how it stands")                                                                  \
    X (STEP, 2, "issued, leaf hash: a message that runs it")                                       \
    X (SENT, 3, "name of an inject, issued, leaf hash: it was sent, as that message")              \
    X (DID, 4, "party, what, issued, leaf hash: it did that, in that thread")                      \
    X (PLAYED, 5, "class, id: a case or an advisory of it")                                        \
    X (SCORED, 6, "party: it was told the score")                                                  \
    X (OPEN, 7, "it is this party's own and has not ended")                                        \
    X (EMERGENCY, 8, "no exercise: position of the newest live message that is one")

#define ROW_X(NAME, byte, text) EXERCISE_ROW_##NAME = byte,
enum exercise_row { EXERCISE_ROWS (ROW_X) };
#undef ROW_X
void exercise_key (struct key *key, enum exercise_row row, const struct msg_id *id);

/* What can be expected of somebody. X (NAME, number that is stored, name in the plan, kind of the
 * message by which it is done, whether only in the thread of the inject). For a case the name is
 * that of the step. */
#define EXERCISE_CLOCKS(X)                                                                         \
    X (REPORT, 1, "report", "incident", false)                                                     \
    X (ACKNOWLEDGE, 2, "acknowledge", "update", false)                                             \
    X (TRIAGE, 3, "triage", "update", false)                                                       \
    X (UPDATE, 4, "update", "update", false)                                                       \
    X (CONTAIN, 5, "contain", "update", false)                                                     \
    X (RECOVER, 6, "recover", "update", false)                                                     \
    X (CLOSE, 7, "close", "update", false)                                                         \
    X (ESCALATE, 8, "escalate", "escalation", false)                                               \
    X (ADVISORY_ACKNOWLEDGE, 9, "advisory-acknowledge", "compliance", true)                        \
    X (ADVISORY_APPLICABLE, 10, "advisory-applicable", "compliance", true)                         \
    X (ADVISORY_DONE, 11, "advisory-done", "compliance", true)

#define CLOCK_X(NAME, number, ...) EXERCISE_CLOCK_##NAME = number,
enum exercise_clock { EXERCISE_CLOCKS (CLOCK_X) EXERCISE_CLOCK_END };
#undef CLOCK_X

/* One that is known here. */
struct exercise_held {
    struct exercise state; /* borrows from `row` */
    uint8_t *row;          /* owned; NULL: nothing is known of it */
};
/* `state.stands` UNKNOWN: its announcement is not here. exercise_release in any case. */
bool exercise_hold (struct store *store, const struct msg_id *id, struct exercise_held *out);
void exercise_release (struct exercise_held *held);

/* For who sets the timers of what may be part of an exercise: of the mode live they stay as they
 * are. While one is paused, when it has ended and where it is not known there are none; pauses
 * move them, and a case climbs to nobody who does not take part. Returns how many are left. Its
 * cases and advisories are touched whenever that changes. */
size_t exercise_timers (struct store *store, const struct subject *subject, unsigned mode,
                        const struct msg_id *exercise, struct timer *timers, size_t count);

/* A message, stored or about to be, as far as mode and exercise go. All borrowed. */
struct exercise_ask {
    struct span kind, origin;
    const struct hash *credential; /* of its origin */
    unsigned mode, precedence;
    struct msg_id exercise, thread, replaces;
    size_t audience_count;
    const struct term *audience;
    struct span body;
    int64_t issued;
    bool own; /* by this party: its clock is that by which it is judged */
};
void exercise_asked (struct exercise_ask *ask, const struct envelope *e, struct span self);
/* What only the journal knows of it: NULL, or why it is refused (CB_EXERCISE), as a sentence. */
const char *exercise_look (struct store *store, const struct exercise_ask *ask);

/* What became of an expected response. */
#define EXERCISE_OUTCOMES(X)                                                                       \
    X (MET, 0, "met")                                                                              \
    X (LATE, 1, "late")                                                                            \
    X (MISSING, 2, "missing")                                                                      \
    X (OPEN, 3, "open")                                                                            \
    X (NOT_ASKED, 4, "not-asked")

#define OUTCOME_X(NAME, number, name) OUTCOME_##NAME = number,
enum exercise_outcome { EXERCISE_OUTCOMES (OUTCOME_X) OUTCOME_END };
#undef OUTCOME_X

struct exercise_mark {
    struct span party, expected, clock; /* borrow from the plan */
    int64_t limit;                      /* ms */
    int64_t from, done;                 /* ms UTC; 0: not */
    int64_t took;                       /* ms, pauses not counted; when it was done */
    enum exercise_outcome outcome;
};
#define EXERCISE_MARKS 1000
/* Each party and response that `plan` (the body of the message) expects, as they stand at `now`.
 * Returns how many, at most EXERCISE_MARKS. */
size_t exercise_score (struct store *store, const struct exercise *exercise, struct span plan,
                       int64_t now, struct exercise_mark marks[EXERCISE_MARKS]);
/* Whom the score is sent to, beside the announcer, which is the first: the CERTs right above those
 * of whom something is expected. Borrows from the plan. Returns how many. */
#define EXERCISE_TOLD 60
size_t exercise_told (const struct exercise *exercise, struct span plan,
                      struct span told[EXERCISE_TOLD]);
/* The body of what one of them is sent. */
void exercise_put_score (struct pack_out *out, const struct exercise *exercise, struct span told,
                         const struct exercise_mark *marks, size_t count);

/* Whether the inject was sent, and as what. The first one counts. */
bool exercise_sent (struct store *store, const struct msg_id *exercise, struct span name,
                    struct msg_id *message, int64_t *issued, char origin[PARTY_MAX + 1]);

/* What its timers come to; a timer_fire. */
bool exercise_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                    int64_t now, struct deed *out);
/* What a timer of an exercise is about; `step` of a timer. Of scores one for each who is told. */
enum exercise_due { DUE_INJECT, DUE_PAUSE, DUE_STOP, DUE_ALARM, DUE_SCORE = 16 };
/* Where the names of the timers cannot be those of injects. */
#define EXERCISE_TIMER_PAUSE "Pause"
#define EXERCISE_TIMER_STOP  "Stop"
#define EXERCISE_TIMER_ALARM "Paused"
#define EXERCISE_TIMER_SCORE "Score"

extern const struct casework_part exercises_part;

#endif
