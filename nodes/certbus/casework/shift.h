/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shift.h - what waits for a person at this party: what the board shows and a shift hands over
 *
 * Gathered from `cases`, `clocks` and `read` (docs/local.md), a page of each, so that it costs
 * what is shown. Exercises stand in a list of their own.
 */
#ifndef CERTBUS_SHIFT_H
#define CERTBUS_SHIFT_H

#include "bus/core/case.h"
#include "bus/edge/json.h"
#include "nodes/certbus/command.h"

#define SHIFT_ROWS 150 /* of each list; what is beyond is counted as far as it was looked at */
#define SHIFT_TEXT 320

/* Alarms of so long ago are shown, while what they are about goes on. */
#define SHIFT_ALARMS_MS INT64_C (86400000)

/* Clocks of other things are shown so long before they are due. */
#define SHIFT_SOON_MS INT64_C (259200000)

/* X (NAME, heading, key in JSON, command that shows all) in the order of urgency. */
#define SHIFT_LISTS(X)                                                                             \
    X (CASES, "Open cases", "cases", "certbus cases")                                              \
    X (ALARMS, "Alarms of the last day", "alarms", "certbus list --kind alarm")                    \
    X (QUESTIONS, "Unanswered questions", "questions", "certbus cases")                            \
    X (OVERDUE, "Overdue advisories", "overdue", "certbus clocks --class advisory")                \
    X (SILENT, "Silent bodies", "silent", "certbus clocks --class silence")                        \
    X (OTHERS, "Other clocks", "clocks", "certbus clocks --all")                                   \
    X (DRILL, "EXERCISE: open cases", "exercise", "certbus cases --mode exercise")

#define SHIFT_X(NAME, ...) SHIFT_##NAME,
enum shift_list { SHIFT_LISTS (SHIFT_X) SHIFT_END };
#undef SHIFT_X

/* Harmless texts; "" where there is nothing. */
struct shift_row {
    char id[ID_TEXT], ref[ID_JSON];
    char severity[16], stage[16], clock[34], class[16], what[16];
    char party[PARTY_MAX + 1]; /* who leads, asked, or whose clock it is */
    char of[PARTY_MAX + 1];    /* a question: whom; "" anybody */
    char person[128];          /* who works on it */
    char title[SHIFT_TEXT];
    unsigned tlp;
    int64_t due;     /* ms UTC; 0: no clock runs */
    int64_t started; /* of the clock */
    int64_t when;    /* reported, asked, issued */
    int64_t questions;
    bool told; /* a case: not only its clock */
};

struct shift_rows {
    size_t count;         /* found */
    size_t told;          /* of cases, those that were told of */
    bool more;            /* there are at least so many */
    struct shift_row *at; /* owned; the first SHIFT_ROWS of them */
};

struct shift {
    int64_t now;
    char self[PARTY_MAX + 1];
    bool held; /* the clock jumped: nothing climbs until somebody confirms the time */
    struct shift_rows lists[SHIFT_END];
};

/* Asks the broker, for one that was begun. An exit code and `why`. */
int shift_ask (struct call *call, struct shift *shift, char *why, size_t why_size);

/* The parts of it, pure. `now` is ms UTC. Maps as docs/local.md has them; each borrows nothing. */
void shift_begin (struct shift *shift, const char *self, int64_t now);
void shift_free (struct shift *shift);
void shift_clock (struct shift *shift, struct span map);
void shift_case (struct shift *shift, struct span map);
void shift_question (struct shift *shift, const struct shift_row *of, struct span map);
void shift_alarm (struct shift *shift, const struct envelope *e);
/* After the last one: cases by time to breach, alarms that are settled taken out. `all`: all
 * clocks that run were seen. */
void shift_close (struct shift *shift, bool all);

const char *shift_heading (enum shift_list list);
const char *shift_key (enum shift_list list);
const char *shift_next (enum shift_list list);
json_t *shift_row_json (enum shift_list list, const struct shift_row *row);

#endif
