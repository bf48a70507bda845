/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

static const struct option_row options[] = { { NULL, 0, false, NULL, NULL } };

static void print_sectors (struct span party)
{
    struct pack_in in;
    size_t count = answer_array (party, "sectors", &in);
    while (count--)
        say (" @%s", line_of (pack_str (&in, 0, SIZE_MAX)).text);
}

static void print_party (struct span party)
{
    struct span name = body_text (party, "name"), link = body_text (party, "link");
    bool revoked = answer_bool (party, "revoked");
    int indent = (int) (2 * (party_depth (name) - (name.size ? 1 : 0)));
    bool self = span_is (link, "self");
    say ("%*s", indent, "");
    if (self)
        style (STYLE_STRONG);
    say ("%-*s", indent > 28 ? 2 : 30 - indent, line_of (name).text);
    style (STYLE_PLAIN);
    say ("  %-8s  %-12s  %s", self ? "(here)" : line_of (link).text,
         line_of (body_text (party, "role")).text, line_of (body_text (party, "title")).text);
    print_sectors (party);
    if (revoked) {
        style (STYLE_BAD);
        say ("  REVOKED");
        style (STYLE_PLAIN);
    }
    say ("\n");
}

static int run (struct call *call)
{
    struct span answer;
    struct pack_in in;
    struct ask *question = ask_new ("tree");
    int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
    if (code != EXIT_DONE)
        return code;
    if (call->json) {
        say_json (value_json (answer), true);
        return EXIT_DONE;
    }
    for (size_t left = answer_array (answer, "parties", &in); left; left--)
        print_party (pack_any (&in));
    return EXIT_DONE;
}

const struct command command_tree = {
    .name = "tree",
    .group = GROUP_CARE,
    .operands = "",
    .summary = "show the parties that are known here, and which are connected",
    .about =
        "Each line has a party, its link (open, away, parent; only neighbours have one), role,\n"
        "title and sectors.",
    .options = options,
    .paged = true,
    .run = run,
};
