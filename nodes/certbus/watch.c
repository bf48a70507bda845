/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/watch.h"

#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <time.h>

#include "bus/edge/log.h"

#define WATCH_WAIT  30000 /* ms that the broker holds a question */
#define WATCH_CHUNK 100
#define AGAIN_MS    500
#define SECONDS_MAX 31536000
#define TRIES_MAX   1000000
#define TIMEOUT_MAX 86400 /* s */

static const struct option_row options[] = {
    FILTER_OPTIONS,
    { "since", 0, false, "start|now|TIME",
      "where to begin (default: now; with --as: where it was left)" },
    { "all", 'a', false, NULL, "receipts, heads and checkpoints too" },
    { "as", 0, false, "NAME", "remember under this name what has been seen" },
    { "wait", 'w', false, NULL, "wait while somebody else reads under that name" },
    { "exec", 'e', false, "CMD", "run CMD for each message, which is JSON on its standard input" },
    { "exec-timeout", 0, false, "SECONDS", "how long CMD may take (default: 60)" },
    { "tries", 0, false, "N", "pass over a message that CMD failed on N times (default: never)" },
    { "count", 'n', false, "N", "end after so many messages" },
    { "timeout", 0, false, "SECONDS", "end after this time" },
    { NULL, 0, false, NULL, NULL },
};

static int64_t least (int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How long the broker may hold the question. */
static int64_t patience (const struct watch *self)
{
    int64_t left = self->deadline ? self->deadline - clock_steady () : WATCH_WAIT;
    return left < 0 ? 0 : least (left, WATCH_WAIT);
}

struct ask *watch_question (const struct watch *self, int64_t limit, int64_t wait)
{
    struct ask *question = ask_new (self->name ? "take" : "read");
    filter_ask (&self->filter, question, self->name != NULL);
    ask_int (question, "limit", limit);
    ask_int (question, "wait", wait);
    if (self->name) {
        ask_text (question, "name", span_of (self->name));
        ask_text (question, "from", span_of (self->from_start ? "start" : "now"));
    } else {
        ask_int (question, "after", self->after);
        ask_bool (question, "here", true);
    }
    return question;
}

static void print (struct watch *self, const struct record *record)
{
    if (self->call->json)
        say_json (record_json (self->call, record), false);
    else
        record_line (record);
}

int watch_taken (struct watch *self, int64_t position, char *why, size_t why_size)
{
    struct span answer;
    struct ask *question = ask_new ("taken");
    ask_text (question, "name", span_of (self->name));
    ask_int (question, "position", position);
    return talk_quietly (self->call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, why_size);
}

static bool enough (const struct watch *self)
{
    return self->wanted && self->count >= self->wanted;
}

/* Each message that is wanted. `*at` is the position up to which all had their effect. */
static int handle (struct watch *self, struct span answer, int64_t *at, char *why, size_t why_size)
{
    struct pack_in in;
    size_t count = answer_array (answer, "records", &in);
    for (size_t i = 0; i < count && !enough (self); i++) {
        struct record record;
        int code = EXIT_DONE;
        if (!record_read (pack_any (&in), &record))
            continue;
        if (filter_wants (&self->filter, &record)) {
            if (self->exec.command)
                code = watch_exec (self, &record, why, why_size);
            else
                print (self, &record);
            if (code != EXIT_DONE)
                return code;
            self->count++;
        }
        *at = record.position;
    }
    if (!enough (self))
        *at = body_int (answer, "next", *at);
    return EXIT_DONE;
}

/* What was printed is remembered only once it is out: better twice than never. */
static int remember (struct watch *self, int64_t at, char *why, size_t why_size)
{
    if (fflush (stdout) != 0) {
        snprintf (why, why_size, "standard output cannot be written");
        return EXIT_REFUSED;
    }
    bool moved = at > self->after;
    self->after = at;
    return self->name && moved ? watch_taken (self, at, why, why_size) : EXIT_DONE;
}

/* Whether the broker is there, or there again, and where "now" is. */
static int greet (struct watch *self, char *why, size_t why_size)
{
    struct span answer;
    struct ask *question = ask_new ("status");
    int code =
        talk_quietly (self->call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, why_size);
    if (code != EXIT_DONE)
        return code;
    if (self->away)
        complain ("the broker is back");
    else
        complain ("watching %s", line_of (body_text (answer, "party")).text);
    if (self->after < 0)
        self->after = body_int (answer, "head", 0);
    self->there = true;
    self->away = false;
    return EXIT_DONE;
}

/* Who reads under the name: the kernel said so to the broker. */
static void holder_text (struct watch *self, struct span answer, char *why, size_t why_size)
{
    char room[1024];
    struct passwd user, *found = NULL;
    struct span holder = body_field (answer, "holder");
    int64_t uid = body_int (holder, "uid", -1), since = body_int (holder, "since", 0);
    if (uid < 0 || strcmp (self->call->refusal, "held") != 0)
        return;
    getpwuid_r ((uid_t) uid, &user, room, sizeof room, &found);
    snprintf (why, why_size,
              "\"%s\" is held by uid %" PRId64 "%s%s%s, process %" PRId64 ", since %s", self->name,
              uid, found ? " (" : "", found ? user.pw_name : "", found ? ")" : "",
              body_int (holder, "pid", 0), when_of (since).text);
}

static int turn (struct watch *self, char *why, size_t why_size)
{
    struct span answer;
    int code = self->there && !self->away ? EXIT_DONE : greet (self, why, why_size);
    if (code != EXIT_DONE)
        return code;
    int64_t wait = patience (self), at = self->after;
    struct ask *question = watch_question (self, WATCH_CHUNK, wait);
    code = talk_quietly (self->call, CLIENT_READ, &question, (int) wait + ASK_TIMEOUT, &answer, why,
                         why_size);
    if (code != EXIT_DONE) {
        holder_text (self, answer, why, why_size);
        return code;
    }
    self->held = false;
    struct span kept = span_keep (answer);
    code = handle (self, kept, &at, why, why_size);
    if (code == EXIT_DONE)
        code = remember (self, at, why, why_size);
    span_free (&kept);
    return code;
}

/* Whether to try again, and a word about it when it is new: a broker that was there once is
 * restarted, not gone. */
static bool try_again (struct watch *self, int code, const char *why)
{
    bool held = code == EXIT_REFUSED && strcmp (self->call->refusal, "held") == 0;
    bool away = code == EXIT_AWAY && self->there;
    if (held && !self->may_wait)
        complain ("%s; --wait waits for it", why);
    else if (!held && !away)
        complain ("%s", why);
    else if (held && !self->held)
        complain ("%s; waiting for it", why);
    else if (away && !self->away)
        complain ("the broker is away; waiting for it");
    self->held = held;
    self->away = away;
    if ((held && !self->may_wait) || (!held && !away))
        return false;
    nanosleep (&(struct timespec){ .tv_nsec = AGAIN_MS * 1000000L }, NULL);
    return true;
}

static int loop (struct watch *self)
{
    char why[WHY_MAX];
    while (!self->wanted || self->count < self->wanted) {
        int code = turn (self, why, sizeof why);
        if (code != EXIT_DONE && !try_again (self, code, why))
            return code;
        if (self->deadline && clock_steady () >= self->deadline)
            break;
    }
    if (self->count < self->wanted)
        return refused ("time is up: %d of %d messages came", (int) self->count,
                        (int) self->wanted);
    return EXIT_DONE;
}

/* Where it begins. The words start and now were once said with --from; no party but a top one
 * could be called so, and --from now.** is that one. */
static int read_since (struct watch *self, struct call *call)
{
    const char *since = args_text (&call->args, "since");
    const char *text = since ? since : self->old_since;
    if (since && self->old_since)
        return usage (call, "--from %s is what --since %s says now; --since is given, too",
                      self->old_since, self->old_since);
    if (text && strcmp (text, "start") != 0 && strcmp (text, "now") != 0) {
        int code = filter_time (call, "since", text, &self->filter.since);
        if (code != EXIT_DONE)
            return code;
    }
    self->from_start = text && strcmp (text, "now") != 0;
    self->after = self->from_start || self->name ? 0 : -1;
    return EXIT_DONE;
}

static int read_exec (struct watch *self, const struct call *call)
{
    char why[WHY_MAX];
    int64_t timeout = 60;
    const struct args *args = &call->args;
    self->exec.command = args_text (args, "exec");
    self->may_wait = args_flag (args, "wait");
    if (!args_number (args, "exec-timeout", 1, TIMEOUT_MAX, &timeout, why, sizeof why) ||
        !args_number (args, "tries", 1, TRIES_MAX, &self->tries, why, sizeof why))
        return usage (call, "%s", why);
    self->exec.timeout = timeout * 1000;
    if (!self->exec.command && (args_flag (args, "exec-timeout") || args_flag (args, "tries")))
        return usage (call, "--%s goes with --exec",
                      args_flag (args, "tries") ? "tries" : "exec-timeout");
    if (self->exec.command && !self->name)
        return usage (call, "--exec needs --as NAME: without a name nobody remembers which "
                            "messages CMD has handled, and one that failed would be lost");
    if (self->may_wait && !self->name)
        return usage (call, "--wait goes with --as NAME");
    return EXIT_DONE;
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    struct watch watch = { .call = call, .name = args_text (&call->args, "as") };
    int64_t seconds = 0;
    const char *from = args_text (&call->args, "from");
    if (!args_number (&call->args, "count", 1, INT32_MAX, &watch.wanted, why, sizeof why) ||
        !args_number (&call->args, "timeout", 1, SECONDS_MAX, &seconds, why, sizeof why))
        return usage (call, "%s", why);
    if (watch.name && !label_valid (span_of (watch.name)))
        return usage (call, "--as: '%s' is no name: 1 to 32 of a-z, 0-9 and -",
                      line_text (watch.name).text);
    int code = filter_read (&watch.filter, call);
    if (from && (strcmp (from, "start") == 0 || strcmp (from, "now") == 0)) {
        watch.old_since = from;
        watch.filter.from = (struct span){ 0 };
    }
    if (code == EXIT_DONE)
        code = read_since (&watch, call);
    if (code == EXIT_DONE)
        code = read_exec (&watch, call);
    if (code != EXIT_DONE)
        return code;
    watch.deadline = seconds ? clock_steady () + seconds * 1000 : 0;
    return loop (&watch);
}

const struct command command_watch = {
    .name = "watch",
    .group = GROUP_READ,
    .operands = "",
    .summary = "print messages for this party as they come, or wake somebody",
    .about =
        "With --as NAME the broker remembers what this reader has seen, so that it sees each\n"
        "message also when it was not running; one reader may use a name at a time, a second one\n"
        "is refused with who it is. With --json there is one object on each line. It stays when\n"
        "the broker is restarted, and says on standard error when it has begun.\n"
        "\n"
        "--exec CMD is run by /bin/sh for each message, one at a time: the message is one JSON\n"
        "object on standard input, and $CERTBUS_ID, _CODE, _KIND, _TLP, _SEVERITY, _THREAD,\n"
        "_ORIGIN, _MODE, _EXERCISE, _PRECEDENCE, _ISSUED, _TITLE and _TRY say the most of it (of\n"
        "an alarm, _THREAD is the case or advisory). Nothing of the message is put into the\n"
        "command line: write \"$CERTBUS_TITLE\" with its quotes. Exit code 0 means "
        "handled,\n"
        "and only then the reader moves on. Anything else is tried again after 1 s, then 2 s, up\n"
        "to 5 min, and all later messages wait; --tries N says so and moves on. If this program\n"
        "is killed while CMD runs, CMD is run again for that message.\n"
        "\n"
        "--from start and --from now are the former words for --since.",
    .options = options,
    .run = run,
};
