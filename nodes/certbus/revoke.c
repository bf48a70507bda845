/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

#include <string.h>

#include "bus/core/credential.h"

static const struct option_row options[] = {
    { "why", 'w', false, "TEXT", "the reason, which everyone will see (required)" },
    { "disputed", 0, false, NULL, "what it has sent before is doubtful too" },
    { "generation", 'g', false, "N", "an earlier credential of it, which was renewed since" },
    { NULL, 0, false, NULL, NULL },
};

static int run (struct call *call)
{
    struct span answer;
    const char *party = call->args.operands[0], *why = args_text (&call->args, "why");
    if (!why || !*why || strlen (why) > REVOCATION_WHY_MAX)
        return usage (call, "revoke: say why with --why TEXT, 1 to %d bytes", REVOCATION_WHY_MAX);
    if (!party_valid (span_of (party)))
        return usage (call, "revoke: '%s' is no party's name", line_text (party).text);
    char bad[WHY_MAX];
    int64_t generation = 0;
    if (!args_number (&call->args, "generation", 1, GENERATION_MAX, &generation, bad, sizeof bad))
        return usage (call, "%s", bad);
    struct ask *question = ask_new ("revoke");
    if (generation)
        ask_int (question, "generation", generation);
    ask_text (question, "party", span_of (party));
    ask_text (question, "why", span_of (why));
    if (args_flag (&call->args, "disputed"))
        ask_bool (question, "disputed", true);
    int code = talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, &answer);
    if (code == EXIT_DONE && call->json)
        say_json (value_json (answer), true);
    else if (code == EXIT_DONE)
        say ("%s  %s is revoked%s: nothing new that it signs counts, whatever date it claims\n",
             line_of (body_text (answer, "id")).text, party,
             generation ? " in that generation" : "");
    return code;
}

const struct command command_revoke = {
    .name = "revoke",
    .group = GROUP_CARE,
    .operands = "PARTY",
    .least = 1,
    .most = 1,
    .summary = "withdraw the credential of a party below this one",
    .about =
        "For a party whose keys are lost or stolen, or that is no longer what it was. What was\n"
        "taken in before stands; with --disputed it is marked. It cannot be undone: the party\n"
        "is enrolled anew: `certbus enrol --again`.\n"
        "With --generation the one in force stays, and an earlier one with other keys ends.",
    .options = options,
    .run = run,
};
