/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/health.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "bus/core/schema.h"
#include "bus/edge/log.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

#define MIB INT64_C (1048576)
/* A child that something waits for, or whose clock is off, for so long, needs a look, in ms. */
#define WAITS_MS    INT64_C (600000)
#define SKEW_MS     INT64_C (60000)
#define WAIT_MOST   86400 /* seconds */
#define AGAIN_MS    200
#define LABEL_WIDTH 13 /* of what stands before the values, with a blank */

static const struct option_row options[] = {
    { "wait", 0, false, "SECONDS",
      "ask until PARTY (else the parent) is connected, at most so long" },
    { "all", 'a', false, NULL, "all children, not only those that need somebody" },
    { NULL, 0, false, NULL, NULL },
};

static void row (const char *label, const char *text)
{
    say ("%-12s %s\n", label, text);
}

static void print_texts (struct span answer, const char *key, const char *label)
{
    struct pack_in in;
    size_t count = answer_array (answer, key, &in);
    for (size_t i = 0; i < count; i++)
        row (i ? "" : label, line_of (pack_str (&in, 0, SIZE_MAX)).text);
}

/* --- Links --------------------------------------------------------------------------------- */

static void print_waiting (struct span link, int64_t now)
{
    int64_t lag = body_int (link, "lag", 0);
    if (lag)
        say ("%s%" PRId64 " waiting, the oldest %s", answer_bool (link, "more") ? "at least " : "",
             lag, since_moment (body_int (link, "oldest", 0), now).text);
    else
        say ("nothing waits%s",
             answer_bool (link, "more") ? " among the oldest that were looked at" : "");
}

static void print_link (const char *label, struct span link, int64_t now)
{
    int64_t skew = body_int (link, "skew", 0), heard = body_int (link, "heard", 0);
    struct span refusal = body_text (link, "refused"), state = body_text (link, "state");
    say ("%-12s %s  ", label, line_of (body_text (link, "party")).text);
    style (span_is (state, "OPEN") ? STYLE_GOOD : STYLE_BAD);
    say ("%s", line_of (state).text);
    style (STYLE_PLAIN);
    say (" %s", since_moment (body_int (link, "since", 0), now).text);
    if (body_text (link, "endpoint").size)
        say (", %s", line_of (body_text (link, "endpoint")).text);
    say ("\n%-12s last heard %s; ", "", moment_of (heard, now).text);
    print_waiting (link, now);
    if (llabs (skew) > SKEW_MS)
        say ("; its clock is %s %s this one", lasting_of (llabs (skew)).text,
             skew > 0 ? "ahead of" : "behind");
    if (refusal.size)
        say ("\n%-12s last refusal: %s", "", line_of (refusal).text);
    say ("\n");
}

static bool needs_somebody (struct span link, int64_t now)
{
    return !span_is (body_text (link, "state"), "OPEN") ||
           llabs (body_int (link, "skew", 0)) > SKEW_MS ||
           (body_int (link, "lag", 0) > 0 && now - body_int (link, "oldest", 0) > WAITS_MS);
}

static void print_children (struct span answer, bool all, int64_t now)
{
    struct pack_in in;
    size_t given = answer_array (answer, "children", &in);
    int64_t count = body_int (answer, "children_count", (int64_t) given), shown = 0;
    if (!count)
        return;
    for (size_t i = 0; i < given; i++) {
        struct span link = pack_any (&in);
        if (all || needs_somebody (link, now))
            print_link (shown++ ? "" : "children", link, now);
    }
    if (shown == 0)
        say ("%-12s %" PRId64 ", all connected, nothing waits for long\n", "children", count);
    else if (shown < count && all)
        say ("%-12s and %" PRId64 " more than an answer holds: certbus tree\n", "", count - shown);
    else if (shown < count)
        say ("%-12s and %" PRId64 " that are well: certbus status --all\n", "", count - shown);
}

/* --- The rest ------------------------------------------------------------------------------ */

static void print_trust (struct span answer, int64_t now)
{
    int64_t policy = body_int (answer, "policy", 0), head = body_int (answer, "trust.head", 0);
    int64_t until = body_int (answer, "credential.not_after", 0);
    if (policy)
        say ("%-12s version %" PRId64 "\n", "policy", policy);
    else
        row ("policy", "none");
    say ("%-12s %snewest head %s\n", "trust", answer_bool (answer, "trust.stale") ? "STALE: " : "",
         moment_of (head, now).text);
    say ("%-12s %s %s, generation %" PRId64 ", code %s\n", "credential",
         until < now ? "expired" : "expires", moment_of (until, now).text,
         body_int (answer, "credential.generation", 0),
         line_of (body_text (answer, "credential.code")).text);
    row ("root", line_of (body_text (answer, "root")).text);
}

static void print_clock (struct span answer)
{
    struct span parent = body_field (answer, "parent");
    int64_t skew = body_int (parent, "skew", 0);
    if (!span_is (body_text (parent, "state"), "OPEN"))
        return;
    if (llabs (skew) < 1000)
        row ("clock", "within a second of the parent's");
    else
        say ("%-12s %s %s the parent's\n", "clock", lasting_of (llabs (skew)).text,
             skew > 0 ? "behind" : "ahead of");
}

static void print_disk (struct span answer)
{
    int64_t count = body_int (answer, "quarantine.count", 0);
    int64_t dropped = body_int (answer, "quarantine.dropped", 0);
    say ("%-12s %" PRId64 " messages, %" PRId64 " MiB; %" PRId64 " MiB free%s\n", "journal",
         body_int (answer, "head", 0), body_int (answer, "disk.used", 0) / MIB,
         body_int (answer, "disk.free", 0) / MIB,
         answer_bool (answer, "disk.full") ? "; FULL: nothing new is taken" : "");
    if (!count && !dropped)
        row ("quarantine", "empty");
    else
        say ("%-12s %" PRId64 " kept (%" PRId64 " KiB), %" PRId64
             " only counted; see: certbus quarantine\n",
             "quarantine", count, (body_int (answer, "quarantine.bytes", 0) + 1023) / 1024,
             dropped);
}

static void print (struct call *call, struct span answer)
{
    int64_t now = body_int (answer, "now", 0);
    struct span parent = body_field (answer, "parent");
    say_wrapped (LABEL_WIDTH);
    health_print (answer, 0);
    style (STYLE_STRONG);
    say ("%-12s %s", "party", line_of (body_text (answer, "party")).text);
    style (STYLE_PLAIN);
    say ("  %s (%s)\n", line_of (body_text (answer, "title")).text,
         line_of (body_text (answer, "role")).text);
    say ("%-12s %s, process %" PRId64 ", started %s\n", "broker",
         line_of (body_text (answer, "software")).text, body_int (answer, "pid", 0),
         moment_of (body_int (answer, "started", 0), now).text);
    if (!span_is (body_text (answer, "software"), "certbus " CERTBUS_VERSION))
        say ("%-12s this tool is certbus " CERTBUS_VERSION ": another version\n", "");
    print_texts (answer, "listen", "listens");
    if (body_text (parent, "party").size)
        print_link ("parent", parent, now);
    print_children (answer, args_flag (&call->args, "all"), now);
    print_trust (answer, now);
    print_clock (answer);
    print_disk (answer);
    print_texts (answer, "frozen", "frozen");
    say_unwrapped ();
}

/* --- Waiting ------------------------------------------------------------------------------- */

static bool is_open (struct span link)
{
    return span_is (body_text (link, "state"), "OPEN");
}

/* Whether the link to this neighbour is; without a name to the parent, if there is one above. */
static bool connected (struct span answer, const char *party)
{
    struct pack_in in;
    struct span parent = body_field (answer, "parent");
    if (!party)
        return !parent.size || is_open (parent);
    if (span_is (body_text (parent, "party"), party))
        return is_open (parent);
    for (size_t left = answer_array (answer, "children", &in); left; left--) {
        struct span link = pack_any (&in);
        if (span_is (body_text (link, "party"), party))
            return is_open (link);
    }
    return false;
}

/* The first that is not connected; NULL: all are. */
static const char *missing (struct call *call, struct span answer)
{
    if (!call->args.operand_count)
        return connected (answer, NULL) ? NULL : "the parent";
    for (size_t i = 0; i < call->args.operand_count; i++)
        if (!connected (answer, call->args.operands[i]))
            return call->args.operands[i];
    return NULL;
}

/* False: the time is up. */
static bool wait_for_links (struct call *call, int64_t seconds)
{
    int64_t deadline = clock_steady () + seconds * 1000;
    for (;;) {
        char why[WHY_MAX];
        struct span answer;
        struct ask *question = ask_new ("status");
        bool answered = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer, why,
                                      sizeof why) == EXIT_DONE;
        const char *who = answered ? missing (call, answer) : NULL;
        if (answered && !who)
            return true;
        if (clock_steady () >= deadline) {
            if (who)
                complain ("%s is not connected after %" PRId64 " s", line_text (who).text, seconds);
            return false;
        }
        nanosleep (&(struct timespec){ .tv_nsec = AGAIN_MS * 1000000L }, NULL);
    }
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    struct span answer;
    bool answered, waits = args_text (&call->args, "wait") != NULL, came = true;
    int64_t seconds = 0;
    if (!args_number (&call->args, "wait", 0, WAIT_MOST, &seconds, why, sizeof why))
        return usage (call, "status: %s", why);
    for (size_t i = 0; i < call->args.operand_count; i++)
        if (!party_valid (span_of (call->args.operands[i])))
            return usage (call, "status: '%s' is no party's name",
                          line_text (call->args.operands[i]).text);
    if (call->args.operand_count && !waits)
        return usage (call, "status: a PARTY is to be waited for: --wait SECONDS");
    if (waits)
        came = wait_for_links (call, seconds);
    int health = health_ask (call, &answer, &answered);
    if (answered && call->json)
        say_json (value_json (answer), true);
    else if (answered)
        print (call, answer);
    return health == HEALTH_GOOD && !came ? HEALTH_TO_DO : health;
}

const struct command command_status = {
    .name = "status",
    .group = GROUP_CARE,
    .operands = "[PARTY...]",
    .most = SIZE_MAX,
    .summary = "say whether this station is healthy, and if not, what to do",
    .about =
        "The first line says that all is well, or names the worst thing and what to do about it.\n"
        "Exit code 0: healthy; 1: something to do; 2: act now, or no broker runs here; 3: it\n"
        "cannot be told (no permission, no answer). Of the children only those are listed that\n"
        "need somebody. On a terminal times are relative; --json has them in full.\n"
        "\n"
        "After a restart or a move, --wait asks until the link to each PARTY is open; without one\n"
        "that to the parent, and at the top party until the broker answers. When the time is up\n"
        "the exit code is not 0.",
    .options = options,
    .run = run,
};
