/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.h - a command of the user's, run once for each message
 *
 * /bin/sh -c COMMAND, in a process group of its own, with the message as JSON on standard input
 * and a few words about it in the environment. Nothing from the message becomes part of the
 * command line.
 */
#ifndef CERTBUS_EXEC_H
#define CERTBUS_EXEC_H

#include <signal.h>

#include "nodes/certbus/record.h"

#define BACK_OFF_FIRST 1000   /* ms before the second try */
#define BACK_OFF_MOST  300000 /* ms between two tries, at most */

enum exec_end {
    EXEC_DONE,      /* exit code 0 */
    EXEC_FAILED,    /* another one; `code` has it */
    EXEC_SIGNALLED, /* `code` is the signal */
    EXEC_LATE,      /* ended because its time was up */
    EXEC_BROKEN,    /* could not be started; `code` is errno */
};

struct exec {
    const char *command;
    int64_t timeout; /* ms */
    /* Called while it runs, at least every EXEC_TICK ms. */
    void (*tick) (struct exec *self);
    void *owner;
    int leaving;              /* the signal that asked this program to leave meanwhile; 0: none */
    sigset_t signals, before; /* between exec_hold and exec_release */
};

#define EXEC_TICK 10000

struct exec_result {
    enum exec_end end;
    int code;
};

/* Holds SIGTERM, SIGINT and SIGHUP back until exec_release: they are in `leaving` then. What
 * this program was told to ignore it goes on ignoring. */
void exec_hold (struct exec *self);
bool exec_asked_to_leave (struct exec *self);
void exec_release (struct exec *self);

/* Runs it once and waits, between exec_hold and exec_release. Asked to leave it gives it
 * LEAVE_MS more at most. `tries` counts from 1. */
#define LEAVE_MS 10000
struct exec_result exec_run (struct exec *self, struct call *call, const struct record *record,
                             int64_t tries);

/* "exit code 1", ...: good until the next call. */
const char *exec_text (const struct exec *self, struct exec_result result);

/* How long to wait after so many failures in a row (1 and up): 1 s doubling to 5 min, less up
 * to a quarter by `chance`, which is any number. */
int64_t back_off (int64_t failures, uint32_t chance);

/* The environment of the command: this program's, without what begins with CERTBUS_ and is set
 * here, and with the words about the message. Returns owned; environment_free. */
char **environment_of (const struct record *record, int64_t tries);
void environment_free (char **environment);

#endif
