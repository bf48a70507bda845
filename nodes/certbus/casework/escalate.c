/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/casework/told.h"
#include "nodes/certbus/prompt.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

#define WHY_BYTES 1000 /* as in schemas/escalation.cfg */

static const struct option_row options[] = {
    { "why", 'w', false, "TEXT", "why the CERT above is to know now" },
    { "by", 0, false, "OFFICER", "who answers for it" },
    { "yes", 'y', false, NULL, "send it without asking, for scripts" },
    { NULL, 0, false, NULL, NULL },
};

static bool confirmed (const struct call *call, const struct told *told)
{
    if (call->json || args_flag (&call->args, "yes") || !prompt_possible ())
        return true;
    say ("%s  %s  %s  %s\n", told->text, line_of (body_text (told->map, "severity")).text,
         line_of (body_text (told->map, "stage")).text,
         line_of (body_text (told->map, "title")).text);
    char *answer = prompt_line ("Tell the CERT above of it? [yes/NO]");
    bool yes = answer && prompt_is_yes (answer);
    free (answer);
    return yes;
}

static int escalate (struct call *call, const struct told *told)
{
    struct span answer;
    const char *why = args_text (&call->args, "why"), *by = args_text (&call->args, "by");
    struct ask *question = ask_new ("escalate");
    ask_text (question, "id", span_of (told->text));
    if (why)
        ask_text (question, "text", span_of (why));
    if (by)
        ask_text (question, "officer", span_of (by));
    int code = talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, &answer);
    if (code == EXIT_DONE && call->json)
        say_json (value_json (answer), true);
    else if (code == EXIT_DONE)
        say ("%s  escalation of %s to the CERT above\n", line_of (body_text (answer, "id")).text,
             told->text);
    return code;
}

static int run (struct call *call)
{
    struct told told;
    const char *why = args_text (&call->args, "why"), *by = args_text (&call->args, "by");
    if (why && (!*why || strlen (why) > WHY_BYTES || !span_utf8 (span_of (why))))
        return usage (call, "--why: 1 to %d bytes of UTF-8 expected", WHY_BYTES);
    if (by && (!*by || strlen (by) > OFFICER_MAX || !span_utf8 (span_of (by))))
        return usage (call, "--by: 1 to %d bytes of UTF-8 expected", OFFICER_MAX);
    int code = told_ask (call, call->args.operands[0], &told);
    if (code == EXIT_DONE)
        code = confirmed (call, &told) ? escalate (call, &told) : refused ("nothing was sent");
    told_free (&told);
    return code;
}

const struct command command_escalate = {
    .name = "escalate",
    .group = GROUP_CASE,
    .operands = "ID",
    .least = 1,
    .most = 1,
    .summary = "tell the CERT above of a case now, before a clock does",
    .about =
        "The broker sends what it would send when a clock runs out: the case with the signed\n"
        "report inside, where its reporter has agreed that it climbs so far; else a stub (id,\n"
        "class, severity, clock). Each CERT above is told once.",
    .options = options,
    .run = run,
};
