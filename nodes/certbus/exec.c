/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/exec.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bus/edge/log.h"

#define KILL_MS 2000 /* between asking a command to end and ending it */

/* X (name, value): what a one-line command wants to know. */
#define VARIABLES(X)                                                                               \
    X ("CERTBUS_ID", id)                                                                           \
    X ("CERTBUS_CODE", code)                                                                       \
    X ("CERTBUS_KIND", line_of (e->kind).text)                                                     \
    X ("CERTBUS_TLP", cb_tlp_name (e->tlp))                                                        \
    X ("CERTBUS_SEVERITY", line_of (message_severity (e)).text)                                    \
    X ("CERTBUS_THREAD", thread)                                                                   \
    X ("CERTBUS_ORIGIN", line_of (e->id.origin).text)                                              \
    X ("CERTBUS_MODE", cb_mode_name (e->mode))                                                     \
    X ("CERTBUS_EXERCISE", exercise)                                                               \
    X ("CERTBUS_PRECEDENCE", cb_lane_name (e->precedence))                                         \
    X ("CERTBUS_ISSUED", when_of (e->issued).text)                                                 \
    X ("CERTBUS_TITLE", message_headline (e).text)                                                 \
    X ("CERTBUS_TRY", try_text)

#define ONE(name, value) +1
enum { VARIABLE_COUNT = 0 VARIABLES (ONE) };
#undef ONE

static bool is_ours (const char *setting)
{
#define NAME(name, value) name "=",
    static const char *const names[] = { VARIABLES (NAME) };
#undef NAME
    for (size_t i = 0; i < VARIABLE_COUNT; i++)
        if (strncmp (setting, names[i], strlen (names[i])) == 0)
            return true;
    return false;
}

static char *setting (const char *name, const char *value)
{
    char *made;
    if (asprintf (&made, "%s=%s", name, value) < 0)
        abort ();
    return made;
}

char **environment_of (const struct record *record, int64_t tries)
{
    const struct envelope *e = &record->e;
    char id[ID_TEXT], code[CODE_TEXT], exercise[ID_TEXT] = "", thread[ID_TEXT] = "", try_text[24];
    size_t count = 0, used = 0;
    while (environ[count])
        count++;
    char **made = calloc (count + VARIABLE_COUNT + 1, sizeof *made);
    if (!made)
        abort ();
    msg_id_text (&e->id, id);
    if (e->exercise.origin.size)
        msg_id_text (&e->exercise, exercise);
    if (e->thread.origin.size)
        msg_id_text (&e->thread, thread);
    hash_code (&e->leaf, code);
    snprintf (try_text, sizeof try_text, "%" PRId64, tries);
#define SET(name, value) made[used++] = setting (name, value);
    VARIABLES (SET)
#undef SET
    for (size_t i = 0; i < count; i++)
        if (!is_ours (environ[i]) && !(made[used++] = strdup (environ[i])))
            abort ();
    return made;
}

void environment_free (char **environment)
{
    for (char **at = environment; *at; at++)
        free (*at);
    free (environment);
}

int64_t back_off (int64_t failures, uint32_t chance)
{
    int64_t wait = BACK_OFF_FIRST;
    for (int64_t i = 1; i < failures && wait < BACK_OFF_MOST; i++)
        wait *= 2;
    if (wait > BACK_OFF_MOST)
        wait = BACK_OFF_MOST;
    return wait - wait / 4 * (int64_t) (chance % 1000) / 1000;
}

/* The message in a file that has no name: a pipe would have to be filled while it is read. */
static int input_of (struct call *call, const struct record *record)
{
    json_t *message = record_json (call, record);
    char *text = json_line (message);
    json_decref (message);
    size_t size = strlen (text), done = 0;
    int fd = memfd_create ("message", MFD_CLOEXEC);
    while (fd >= 0 && done < size) {
        ssize_t wrote = write (fd, text + done, size - done);
        if (wrote <= 0) {
            close (fd);
            fd = -1;
        } else {
            done += (size_t) wrote;
        }
    }
    free (text);
    return fd >= 0 && lseek (fd, 0, SEEK_SET) == 0 ? fd : -1;
}

struct running {
    struct exec *exec;
    pid_t pid;
    int64_t end;     /* steady ms: then it is asked to end */
    int64_t killing; /* steady ms: then it is ended; 0: it was not asked yet */
    bool late;
};

/* In the child: nothing but system calls. */
static void become (const struct running *self, int input, char **environment)
{
    char *const argv[] = { (char *) (uintptr_t) "sh", (char *) (uintptr_t) "-c",
                           (char *) (uintptr_t) self->exec->command, NULL };
    setpgid (0, 0);
    sigprocmask (SIG_SETMASK, &self->exec->before, NULL);
    if (dup2 (input, STDIN_FILENO) >= 0)
        execve ("/bin/sh", argv, environment);
    _exit (127);
}

/* What it left running in its group goes with it. */
static void ask_to_end (struct running *self, int64_t now)
{
    if (self->killing && now < self->killing)
        return;
    kill (-self->pid, self->killing ? SIGKILL : SIGTERM);
    self->killing = now + KILL_MS;
}

static int64_t soonest (const struct running *self, int64_t now)
{
    int64_t next = now + EXEC_TICK, wanted = self->killing ? self->killing : self->end;
    return wanted < next ? wanted : next;
}

static void note_signal (struct running *self, int got, int64_t now)
{
    if (got == SIGCHLD)
        return;
    self->exec->leaving = got;
    if (self->end > now + LEAVE_MS)
        self->end = now + LEAVE_MS;
}

void exec_hold (struct exec *self)
{
    static const int held[] = { SIGTERM, SIGINT, SIGHUP };
    sigemptyset (&self->signals);
    sigaddset (&self->signals, SIGCHLD);
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
        struct sigaction now;
        if (sigaction (held[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset (&self->signals, held[i]);
    }
    sigprocmask (SIG_BLOCK, &self->signals, &self->before);
}

bool exec_asked_to_leave (struct exec *self)
{
    struct timespec none = { 0 };
    for (int got; (got = sigtimedwait (&self->signals, NULL, &none)) > 0;)
        if (got != SIGCHLD)
            self->leaving = got;
    return self->leaving != 0;
}

void exec_release (struct exec *self)
{
    exec_asked_to_leave (self);
    sigprocmask (SIG_SETMASK, &self->before, NULL);
}

static struct exec_result wait_for (struct running *self)
{
    int status;
    for (;;) {
        pid_t ended = waitpid (self->pid, &status, WNOHANG);
        int64_t now = clock_steady ();
        if (ended == self->pid)
            break;
        if (now >= self->end) {
            self->late = true;
            ask_to_end (self, now);
        }
        int64_t wait = soonest (self, now) - now;
        wait = wait < 0 ? 0 : wait;
        struct timespec time = { .tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000L };
        int got = sigtimedwait (&self->exec->signals, NULL, &time);
        if (got > 0)
            note_signal (self, got, clock_steady ());
        else if (self->exec->tick)
            self->exec->tick (self->exec);
    }
    if (self->late) {
        kill (-self->pid, SIGKILL);
        return (struct exec_result){ EXEC_LATE, 0 };
    }
    if (WIFSIGNALED (status))
        return (struct exec_result){ EXEC_SIGNALLED, WTERMSIG (status) };
    return (struct exec_result){ WEXITSTATUS (status) ? EXEC_FAILED : EXEC_DONE,
                                 WEXITSTATUS (status) };
}

struct exec_result exec_run (struct exec *self, struct call *call, const struct record *record,
                             int64_t tries)
{
    struct running running = { .exec = self };
    struct exec_result result = { EXEC_BROKEN, 0 };
    int input = input_of (call, record);
    if (input < 0)
        return (struct exec_result){ EXEC_BROKEN, errno };
    char **environment = environment_of (record, tries);
    fflush (NULL);
    running.pid = fork ();
    if (running.pid == 0)
        become (&running, input, environment);
    if (running.pid > 0) {
        setpgid (running.pid, running.pid);
        running.end = clock_steady () + self->timeout;
        result = wait_for (&running);
    } else {
        result.code = errno;
    }
    environment_free (environment);
    close (input);
    return result;
}

const char *exec_text (const struct exec *self, struct exec_result result)
{
    static char text[128];
    switch (result.end) {
    case EXEC_DONE: return "it was handled";
    case EXEC_FAILED:
        snprintf (text, sizeof text, "exit code %d%s", result.code,
                  result.code == 127   ? " (there is no such command)"
                  : result.code == 126 ? " (it cannot be run)"
                                       : "");
        break;
    case EXEC_SIGNALLED:
        snprintf (text, sizeof text, "ended by signal %d (%s)", result.code,
                  strsignal (result.code));
        break;
    case EXEC_LATE:
        snprintf (text, sizeof text, "not done within %" PRId64 " s", self->timeout / 1000);
        break;
    case EXEC_BROKEN:
        snprintf (text, sizeof text, "it could not be started: %s", strerror (result.code));
        break;
    }
    return text;
}
