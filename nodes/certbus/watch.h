/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.h - what `watch` keeps while it runs
 */
#ifndef CERTBUS_WATCH_H
#define CERTBUS_WATCH_H

#include "nodes/certbus/exec.h"
#include "nodes/certbus/filter.h"

struct watch {
    struct call *call;
    const char *name; /* NULL: nothing is remembered */
    struct filter filter;
    const char *old_since; /* --from start, --from now */
    bool from_start;
    bool may_wait;         /* for the name */
    int64_t after;         /* everything up to there had its effect; -1: the head */
    bool there;            /* the broker has answered once */
    bool away;             /* and then was not there */
    bool held;             /* somebody else reads under this name */
    int64_t count, wanted; /* wanted 0: any number */
    int64_t deadline;      /* of clock_steady (); 0: none */
    struct exec exec;      /* command NULL: messages are printed */
    int64_t tries;         /* 0: it never gives up */
    bool failing;          /* the last run of the command failed */
    struct exec_result last;
};

/* The question for what comes next. */
struct ask *watch_question (const struct watch *self, int64_t limit, int64_t wait);
/* Moves the cursor of the name. An exit code, and `why`. */
int watch_taken (struct watch *self, int64_t position, char *why, size_t why_size);

/* Runs the command for one message until it is handled or given up, and moves the cursor. Ends
 * the program by the signal that asked it to leave meanwhile. An exit code, and `why`. */
int watch_exec (struct watch *self, const struct record *record, char *why, size_t why_size);

#endif
