/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/talk.h"

static const struct option_row options[] = {
    { "off", 0, false, NULL, "take its messages again" },
    { "unknown", 0, false, NULL, "although no party of that name is known here" },
    { NULL, 0, false, NULL, NULL },
};

static int run (struct call *call)
{
    struct span answer = { 0 };
    const char *party = call->args.operands[0];
    bool frozen = !args_flag (&call->args, "off");
    if (!party_valid (span_of (party)))
        return usage (call, "freeze: '%s' is no party's name", line_text (party).text);
    struct ask *question = ask_new ("freeze");
    ask_text (question, "party", span_of (party));
    ask_bool (question, "frozen", frozen);
    if (args_flag (&call->args, "unknown"))
        ask_bool (question, "unknown", true);
    int code = talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, &answer);
    if (code == EXIT_REFUSED && frozen && span_is (body_text (answer, "reason"), "not-found"))
        complain ("if the name is right: certbus freeze --unknown %s", party);
    if (code == EXIT_DONE && call->json)
        say_json (json_pack ("{s:s, s:b}", "party", party, "frozen", frozen), true);
    else if (code == EXIT_DONE && frozen)
        say ("%s is frozen here: what it signs is refused until: certbus freeze %s --off\n", party,
             party);
    else if (code == EXIT_DONE)
        say ("%s is frozen no longer: what it signs from now on is taken\n", party);
    return code;
}

const struct command command_freeze = {
    .name = "freeze",
    .group = GROUP_CARE,
    .operands = "PARTY",
    .least = 1,
    .most = 1,
    .summary = "take nothing that a party signs at this broker, for now",
    .about =
        "At this broker alone, and at once; `certbus revoke` is for everyone and for ever. A\n"
        "party that has signed two messages under one number is frozen without being asked for:\n"
        "--off is the operator's decision to trust it again. `certbus status` lists who is\n"
        "frozen. What was taken in before stands. A name that is not known here is a slip of the\n"
        "pen unless --unknown says that it is meant.",
    .options = options,
    .run = run,
};
