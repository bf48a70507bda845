/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/watch.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

#include "bus/edge/log.h"

#define AGAIN_MS     500
#define KEEP_TIMEOUT 2000

static void pause_ms (int64_t ms)
{
    nanosleep (&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

/* The broker keeps a name for a minute after the last word from its reader. */
static void keep_name (struct exec *exec)
{
    char why[WHY_MAX];
    struct span answer;
    struct watch *self = exec->owner;
    struct ask *question = watch_question (self, 1, 0);
    talk_quietly (self->call, CLIENT_READ, &question, KEEP_TIMEOUT, &answer, why, sizeof why);
}

static void wait_long (struct watch *self, int64_t ms)
{
    while (ms > 0) {
        int64_t step = ms < EXEC_TICK ? ms : EXEC_TICK;
        pause_ms (step);
        ms -= step;
        if (ms > 0)
            keep_name (&self->exec);
    }
}

static void say_failed (struct watch *self, const char *id, struct exec_result result)
{
    bool same = self->failing && self->last.end == result.end && self->last.code == result.code;
    if (!same)
        complain ("%s: %s; it is tried again, and what came later waits", id,
                  exec_text (&self->exec, result));
    self->failing = true;
    self->last = result;
}

static void say_handled (struct watch *self, const char *id, int64_t tries)
{
    if (self->failing)
        complain ("%s: handled at try %d", id, (int) tries);
    self->failing = false;
}

/* Its effect is there, so it must not be run again because the broker is restarted just now. */
static int note_taken (struct watch *self, int64_t position, char *why, size_t why_size)
{
    bool said = false;
    for (;;) {
        int code = watch_taken (self, position, why, why_size);
        if (code != EXIT_AWAY)
            return code;
        if (!said)
            complain ("the broker is away; what was handled is noted when it is back");
        said = true;
        pause_ms (AGAIN_MS);
        if (exec_asked_to_leave (&self->exec))
            return code;
    }
}

static void leave (struct watch *self, const char *id, bool handled)
{
    int signal = self->exec.leaving;
    complain ("%s: %s; ended by signal %d (%s)", id,
              handled ? "handled" : "not handled, it will come again", signal, strsignal (signal));
    raise (signal);
}

/* One try. `*taken`: the cursor stands behind the message. */
static int try_once (struct watch *self, const struct record *record, int64_t tries, bool *taken,
                     char *why, size_t why_size)
{
    char id[ID_TEXT];
    int code = EXIT_DONE;
    msg_id_text (&record->e.id, id);
    exec_hold (&self->exec);
    struct exec_result result = exec_run (&self->exec, self->call, record, tries);
    bool handled = result.end == EXEC_DONE;
    *taken = handled || (self->tries && tries >= self->tries);
    if (handled)
        say_handled (self, id, tries);
    else if (*taken)
        complain ("%s: %s; given up after %d tries, passed over", id,
                  exec_text (&self->exec, result), (int) tries);
    else
        say_failed (self, id, result);
    if (*taken)
        code = note_taken (self, record->position, why, why_size);
    if (*taken && code == EXIT_DONE)
        self->after = record->position;
    exec_release (&self->exec);
    if (self->exec.leaving)
        leave (self, id, *taken && code == EXIT_DONE);
    return code;
}

int watch_exec (struct watch *self, const struct record *record, char *why, size_t why_size)
{
    bool taken = !record->whole; /* what is no longer kept cannot be handed over */
    int code = EXIT_DONE;
    self->exec.owner = self;
    self->exec.tick = keep_name;
    for (int64_t tries = 1; !taken && code == EXIT_DONE; tries++) {
        code = try_once (self, record, tries, &taken, why, why_size);
        if (!taken && code == EXIT_DONE)
            wait_long (self, back_off (tries, randombytes_random ()));
    }
    self->failing = self->failing && !taken;
    return code;
}
