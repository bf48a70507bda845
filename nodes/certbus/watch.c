/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"

#include <string.h>
#include <time.h>

#include "bus/edge/log.h"

#define WATCH_WAIT  30000 /* ms that the broker holds a question */
#define WATCH_CHUNK 100
#define AGAIN_MS    500
#define KINDS_MAX   16
#define SECONDS_MAX 31536000

static const struct option_row options[] = {
    { "kind", 'k', true, "KIND", "only messages of this kind" },
    { "from", 0, false, "start|now",
      "where to begin (default: now; with --as: where it was left)" },
    { "all", 'a', false, NULL, "receipts, heads and checkpoints too" },
    { "as", 0, false, "NAME", "remember under this name what has been seen" },
    { "count", 'n', false, "N", "end after so many messages" },
    { "timeout", 0, false, "SECONDS", "end after this time" },
    { NULL, 0, false, NULL, NULL },
};

struct watch {
    struct call *call;
    const char *name; /* NULL: nothing is remembered */
    bool from_start;
    int64_t after;         /* without a name: where to read on; -1: the head */
    bool there;            /* the broker has answered once */
    bool away;             /* and then was not there */
    bool held;             /* somebody else reads under this name */
    int64_t count, wanted; /* wanted 0: any number */
    int64_t deadline;      /* of clock_steady (); 0: none */
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

static struct ask *make_question (const struct watch *self, int64_t wait)
{
    const struct args *args = &self->call->args;
    struct ask *question = ask_new (self->name ? "take" : "read");
    struct span kinds[KINDS_MAX];
    size_t count = args_count (args, "kind");
    for (size_t i = 0; i < count; i++)
        kinds[i] = span_of (args_nth (args, "kind", i));
    if (count)
        ask_texts (question, "kinds", kinds, count);
    ask_int (question, "limit",
             self->wanted ? least (self->wanted - self->count, WATCH_CHUNK) : WATCH_CHUNK);
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

static void print (struct watch *self, struct span answer)
{
    struct pack_in in;
    size_t count = answer_array (answer, "records", &in);
    const struct args *args = &self->call->args;
    bool quiet_too = args_flag (args, "all") || args_flag (args, "kind");
    for (size_t i = 0; i < count; i++) {
        struct record record;
        if (!record_read (pack_any (&in), &record) || (!quiet_too && record_quiet (&record)))
            continue;
        if (self->call->json)
            say_json (record_json (self->call, &record), false);
        else
            record_line (&record);
        self->count++;
    }
}

/* What was printed is remembered only once it is out: better twice than never. */
static int remember (struct watch *self, int64_t next, char *why, size_t why_size)
{
    struct span answer;
    self->after = next;
    if (fflush (stdout) != 0) {
        snprintf (why, why_size, "standard output cannot be written");
        return EXIT_REFUSED;
    }
    if (!self->name)
        return EXIT_DONE;
    struct ask *question = ask_new ("taken");
    ask_text (question, "name", span_of (self->name));
    ask_int (question, "position", next);
    return talk_quietly (self->call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why, why_size);
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

static int turn (struct watch *self, char *why, size_t why_size)
{
    struct span answer;
    int code = self->there && !self->away ? EXIT_DONE : greet (self, why, why_size);
    if (code != EXIT_DONE)
        return code;
    int64_t wait = patience (self);
    struct ask *question = make_question (self, wait);
    code = talk_quietly (self->call, CLIENT_READ, &question, (int) wait + ASK_TIMEOUT, &answer, why,
                         why_size);
    if (code != EXIT_DONE)
        return code;
    print (self, answer);
    return remember (self, body_int (answer, "next", self->after), why, why_size);
}

/* Whether to try again, and a word about it when it is new: a broker that was there once is
 * restarted, not gone, and a name is free soon after its reader ended. */
static bool try_again (struct watch *self, int code, const char *why)
{
    bool held = code == EXIT_REFUSED && strcmp (self->call->refusal, "held") == 0;
    bool away = code == EXIT_AWAY && self->there;
    if (!held && !away)
        complain ("%s", why);
    else if (held && !self->held)
        complain ("%s; waiting for it", why);
    else if (away && !self->away)
        complain ("the broker is away; waiting for it");
    self->held = held;
    self->away = away;
    if (held || away)
        nanosleep (&(struct timespec){ .tv_nsec = AGAIN_MS * 1000000L }, NULL);
    return held || away;
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

static int run (struct call *call)
{
    char why[WHY_MAX];
    struct watch watch = { .call = call, .name = args_text (&call->args, "as") };
    const char *from = args_text (&call->args, "from");
    int64_t seconds = 0;
    if (!args_number (&call->args, "count", 1, INT32_MAX, &watch.wanted, why, sizeof why) ||
        !args_number (&call->args, "timeout", 1, SECONDS_MAX, &seconds, why, sizeof why))
        return usage (call, "%s", why);
    if (from && strcmp (from, "start") != 0 && strcmp (from, "now") != 0)
        return usage (call, "--from: '%s' is neither start nor now", line_text (from).text);
    if (watch.name && !label_valid (span_of (watch.name)))
        return usage (call, "--as: '%s' is no name: 1 to 32 of a-z, 0-9 and -",
                      line_text (watch.name).text);
    if (args_count (&call->args, "kind") > KINDS_MAX)
        return usage (call, "--kind: at most %d", KINDS_MAX);
    warn_kinds (call);
    watch.from_start = from && strcmp (from, "start") == 0;
    watch.after = watch.from_start || watch.name ? 0 : -1;
    watch.deadline = seconds ? clock_steady () + seconds * 1000 : 0;
    return loop (&watch);
}

const struct command command_watch = {
    .name = "watch",
    .group = GROUP_READ,
    .operands = "",
    .summary = "print messages for this party as they come",
    .about = "With --as NAME the broker remembers what this reader has seen, so that it sees each\n"
             "message also when it was not running; one reader may use a name at a time. With\n"
             "--json there is one object on each line. It stays when the broker is restarted, and\n"
             "says on standard error when it has begun.",
    .options = options,
    .run = run,
};
