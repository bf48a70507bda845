/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/post.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

static const struct option_row options[] = {
    { "period", 0, false, "MONTH", "of this month, as 2026-11 (the last one that is over)" },
    { "missing", 0, false, NULL, "list who below has not answered for the month" },
    { "text", 0, false, "TEXT", "a remark" },
    POST_OPTIONS,
    { NULL, 0, false, NULL, NULL },
};

/* What the broker knows of a month. An exit code. */
static int look (struct call *call, struct span *answer)
{
    const char *period = args_text (&call->args, "period");
    struct ask *question = ask_new ("missing");
    if (period != NULL)
        ask_text (question, "period", span_of (period));
    return talk (call, CLIENT_READ, &question, ASK_TIMEOUT, answer);
}

static int list (struct call *call)
{
    struct span answer;
    struct pack_in in;
    int code = look (call, &answer);
    if (code != EXIT_DONE)
        return code;
    if (call->json) {
        say_json (json_pack ("{s:o, s:o, s:I}", "period", json_span (body_text (answer, "period")),
                             "missing", value_of (body_field (answer, "parties")), "of",
                             (json_int_t) body_int (answer, "of", 0)),
                  true);
        return EXIT_DONE;
    }
    size_t count = answer_array (answer, "parties", &in);
    say ("%s: %zu of %" PRId64 " bodies right below have neither reported nor said that there was "
         "nothing\n",
         line_of (body_text (answer, "period")).text, count, body_int (answer, "of", 0));
    for (size_t i = 0; i < count; i++)
        say ("%s\n", line_of (pack_str (&in, 0, SIZE_MAX)).text);
    return EXIT_DONE;
}

static int tell (struct call *call)
{
    struct post post = { .document = NULL };
    struct party_name self;
    struct span answer;
    char parent[PARTY_MAX + 1], period[16], step[32];
    const char *remark = args_text (&call->args, "text");
    int code = look (call, &answer);
    if (code != EXIT_DONE)
        return code;
    span_text (body_text (answer, "period"), period, sizeof period);
    struct span own = body_text (answer, "own");
    if (span_is (own, "nil-return"))
        return refused ("this party has said already that there was nothing in %s", period);
    if (span_is (own, "reported"))
        return refused ("this party has reported in %s: that is its answer for the month", period);
    code = post_party (call, &self);
    if (code != EXIT_DONE)
        return code;
    span_text (party_parent (span_of (self.text)), parent, sizeof parent);
    if (!*parent)
        return refused ("%s is the top party: there is nobody above to tell", self.text);
    json_t *body = json_pack ("{s:s}", "period", period);
    if (remark != NULL)
        json_object_set_new (body, "text", json_string (remark));
    post_start (&post, "nil-return", body);
    code = post_options (&post, call);
    post.kind = "nil-return";
    snprintf (step, sizeof step, "nil-return for %s", period);
    post.step = step;
    if (!post.tlp)
        post.tlp = CB_TLP_GREEN;
    if (!post.to_count)
        post_default_to (&post, parent);
    if (code == EXIT_DONE)
        code = post_send (call, &post);
    post_free (&post);
    return code;
}

static int run (struct call *call)
{
    if (!args_flag (&call->args, "missing"))
        return tell (call);
    if (args_text (&call->args, "text"))
        return usage (call, "nil-return: --missing lists, and --text is of what is sent");
    return list (call);
}

const struct command command_nil_return = {
    .name = "nil-return",
    .group = GROUP_SEND,
    .operands = "",
    .summary = "say that there was nothing to report in a month",
    .about =
        "To the party above, so that it knows that silence means nothing happened. Who reported "
        "an\n"
        "incident in the month needs none. With --missing a CERT lists those right below it that\n"
        "have done neither; some days after the month's end (the policy's clock nil-return) it is\n"
        "alarmed about them once.",
    .options = options,
    .run = run,
};
