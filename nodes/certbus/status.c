/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/record.h"

#include <inttypes.h>
#include <stdlib.h>

#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

#define MIB INT64_C (1048576)

static const struct option_row options[] = { { NULL, 0, false, NULL, NULL } };

static void row (const char *label, const char *text)
{
    say ("%-12s %s\n", label, text);
}

static void print_link (const char *label, struct span link)
{
    int64_t lag = body_int (link, "lag", 0), oldest = body_int (link, "oldest", 0);
    int64_t skew = body_int (link, "skew", 0);
    struct span refused_text = body_text (link, "refused"), state = body_text (link, "state");
    say ("%-12s %s  ", label, line_of (body_text (link, "party")).text);
    style (span_is (state, "OPEN") ? STYLE_GOOD : STYLE_BAD);
    say ("%s", line_of (state).text);
    style (STYLE_PLAIN);
    say (" since %s", when_of (body_int (link, "since", 0)).text);
    if (body_text (link, "endpoint").size)
        say (", %s", line_of (body_text (link, "endpoint")).text);
    if (lag)
        say (", %" PRId64 " waiting since %s", lag, when_of (oldest).text);
    /* A minute is more than a network's delay and less than what gets messages refused. */
    if (llabs (skew) > 60000)
        say (", its clock differs by %" PRId64 " s", skew / 1000);
    if (refused_text.size)
        say (", refused: %s", line_of (refused_text).text);
    say ("\n");
}

static void print_links (struct span answer)
{
    struct pack_in in;
    struct span parent = body_field (answer, "parent");
    if (body_text (parent, "party").size)
        print_link ("parent", parent);
    size_t count = answer_array (answer, "children", &in);
    for (size_t i = 0; i < count; i++)
        print_link (i ? "" : "children", pack_any (&in));
}

static void print_texts (struct span answer, const char *key, const char *label)
{
    struct pack_in in;
    size_t count = answer_array (answer, key, &in);
    for (size_t i = 0; i < count; i++)
        row (i ? "" : label, line_of (pack_str (&in, 0, SIZE_MAX)).text);
}

static void print_trust (struct span answer)
{
    int64_t policy = body_int (answer, "policy", 0);
    int64_t head = body_int (answer, "trust.head", 0);
    bool stale = answer_bool (answer, "trust.stale");
    if (policy)
        say ("%-12s version %" PRId64 "\n", "policy", policy);
    else
        row ("policy", "none");
    say ("%-12s %s%s\n", "trust",
         stale ? "stale, newest head: " : "newest head: ", when_of (head).text);
    say ("%-12s until %s, generation %" PRId64 ", code %s\n", "credential",
         when_of (body_int (answer, "credential.not_after", 0)).text,
         body_int (answer, "credential.generation", 0),
         line_of (body_text (answer, "credential.code")).text);
}

static void print_disk (struct span answer)
{
    int64_t count = body_int (answer, "quarantine.count", 0);
    int64_t dropped = body_int (answer, "quarantine.dropped", 0);
    say ("%-12s %" PRId64 " messages, %" PRId64 " MiB; %" PRId64 " MiB free%s\n", "journal",
         body_int (answer, "head", 0), body_int (answer, "disk.used", 0) / MIB,
         body_int (answer, "disk.free", 0) / MIB,
         answer_bool (answer, "disk.full") ? "; FULL: nothing new is taken" : "");
    if (count || dropped)
        say ("%-12s %" PRId64 " refused messages, %" PRId64 " dropped; see: certbus list "
             "--quarantine\n",
             "quarantine", count, dropped);
}

static void print (struct span answer)
{
    struct span advice = body_text (answer, "advice");
    style (STYLE_STRONG);
    say ("%s", line_of (body_text (answer, "party")).text);
    style (STYLE_PLAIN);
    say ("  %s (%s)\n", line_of (body_text (answer, "title")).text,
         line_of (body_text (answer, "role")).text);
    say ("%-12s %s, process %" PRId64 ", since %s\n", "broker",
         line_of (body_text (answer, "software")).text, body_int (answer, "pid", 0),
         when_of (body_int (answer, "started", 0)).text);
    print_texts (answer, "listen", "listens");
    print_links (answer);
    print_trust (answer);
    print_disk (answer);
    print_texts (answer, "frozen", "frozen");
    style (advice.size ? STYLE_BAD : STYLE_GOOD);
    row ("to do", advice.size ? line_of (advice).text : "nothing");
    style (STYLE_PLAIN);
}

static int run (struct call *call)
{
    struct span answer;
    struct ask *question = ask_new ("status");
    int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
    if (code == EXIT_DONE && call->json)
        say_json (value_json (answer), true);
    else if (code == EXIT_DONE)
        print (answer);
    return code;
}

const struct command command_status = {
    .name = "status",
    .group = GROUP_CARE,
    .operands = "",
    .summary = "say how this party's broker and its links are",
    .options = options,
    .run = run,
};
