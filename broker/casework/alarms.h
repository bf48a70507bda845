/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alarms.h - messages to oneself, so that somebody is woken
 *
 * An alarm names what was raised: subject, clock, step, level, start. Its fold notes that
 * (RAISED) and has the subject settled again, whatever its class. So does that of an escalation
 * which this party has made.
 */
#ifndef CERTBUS_ALARMS_H
#define CERTBUS_ALARMS_H

#include "broker/casework/timers.h"

/* How an alarm names its subject. THREAD: the thread is its id. PARTY: `party` is its text.
 * CLOCK: `clock` is its text. WHOLE: there is one, with an empty key; for a bulletin's schedule,
 * when there is no thread. */
enum alarm_names { ALARM_THREAD, ALARM_PARTY, ALARM_CLOCK, ALARM_WHOLE, ALARM_NOTHING };

/* X (what, class of its subject, how it is named) */
#define ALARMS(X)                                                                                  \
    X ("reminder", CASE, THREAD)                                                                   \
    X ("breach", CASE, THREAD)                                                                     \
    X ("climbed", CASE, THREAD)                                                                    \
    X ("not-stored", CASE, THREAD)                                                                 \
    X ("advisory", ADVISORY, THREAD)                                                               \
    X ("silent", SILENCE, PARTY)                                                                   \
    X ("missing", RETURN, WHOLE)                                                                   \
    X ("pattern", PATTERN, CLOCK)                                                                  \
    X ("bulletin", BULLETIN, WHOLE)                                                                \
    X ("exercise", EXERCISE, THREAD)                                                               \
    X ("clock", CASE, NOTHING)

/* All borrowed. */
struct alarm {
    const char *what;       /* one of the above */
    const char *clock;      /* at most 64 bytes; the first 32 are the timer's */
    unsigned step;          /* 0 a reminder, 1 a breach, 2 and above: that it climbed */
    int64_t started, due;   /* ms UTC */
    const char *severity;   /* "S1" to "S5", "undetermined" */
    const char *title;      /* one line; cut at 300 bytes */
    const char *text;       /* what to do; cut at 4000; "": none */
    const char *call;       /* whom to call; cut at 500; "": none */
    struct span party;      /* whom it is about; empty: nobody */
    int64_t count;          /* -1: none */
    struct msg_id thread;   /* the case or advisory; no origin: none */
    unsigned tlp, mode;     /* of what it is about; tlp 0: GREEN */
    struct msg_id exercise; /* when mode is exercise */
};

/* Makes it a deed of the party `self`; copies. Flash from the breach on, and when it climbed, of
 * what is S1, S2 or undetermined; else routine. */
void alarm_deed (struct deed *out, struct span self, const struct alarm *alarm);

/* Whom to call at a party: its officer and telephones, as it has told. False: it has told none. */
#define ALARM_CALL 500
bool alarm_call (struct store *store, struct span party, char call[ALARM_CALL]);

/* What an alarm or escalation was raised for. False: for nothing that is told here (the clock
 * itself; an escalation of another party; what is no alarm). `level` is the party's own depth
 * for an alarm. */
struct raised {
    struct subject subject;
    struct timer timer; /* clock, started, step, due */
    unsigned level;
};
bool raised_of (struct raised *out, const struct envelope *e, struct span self);

#endif
