/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/casework/step.h"

#include <string.h>

#include "nodes/certbus/casework/asked.h"
#include "nodes/certbus/fetch.h"

static const struct option_row options[] = {
    STEP_TEXT,
    { "next-update", 0, false, "TIME", "by when you will say more: 06:00, in 2 hours" },
    ACK_ADVISORY_OPTIONS,
    STEP_OPTIONS,
    { NULL, 0, false, NULL, NULL },
};

static int ack_case (struct call *call, const char *id)
{
    if (args_flag (&call->args, "applicable") || args_flag (&call->args, "not-applicable") ||
        args_text (&call->args, "why"))
        return usage (call, "ack: %s is no advisory: --applicable and --why are for those",
                      line_text (id).text);
    return step_run (call);
}

/* What can be acknowledged, by the kind of the message. What no message of is here may be a case
 * that was only told of. */
static const struct {
    const char *kind;
    int (*ack) (struct call *call, const char *id);
} kinds[] = {
    { "incident", ack_case },
    { "advisory", ack_advisory },
};

static int run (struct call *call)
{
    struct fetched fetched;
    const char *id = call->args.operands[0];
    int (*ack) (struct call *, const char *) = ack_case;
    if (!args_flag (&call->args, "by"))
        return usage (call, "ack: who? --by OFFICER: only a named person acknowledges");
    if (fetch_quietly (call, id, &fetched) && fetched.record.whole)
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            if (span_is (fetched.record.e.kind, kinds[i].kind))
                ack = kinds[i].ack;
    fetch_free (&fetched);
    return ack (call, id);
}

const struct command command_ack = {
    .name = "ack",
    .group = GROUP_CASE,
    .operands = "ID [-]",
    .least = 1,
    .most = 2,
    .summary = "say that a person has taken a case on, or read an advisory",
    .about =
        "Only a named person acknowledges: --by. It stops the clock at which the case climbs to\n"
        "the CERT above; from then on news is due by --next-update, or as often as the policy\n"
        "says. Of an advisory it tells the issuer who has read it, and with --applicable or\n"
        "--not-applicable whether it concerns this party.",
    .options = options,
    .run = run,
};
