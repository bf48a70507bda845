/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

#include <stdlib.h>

#include <stdlib.h>

#include "bus/core/policy.h"
#include "bus/edge/keys.h"

static const struct option_row options[] = { { NULL, 0, false, NULL, NULL } };

/* What the root keys sign and the top party sends. */
static bool known (struct span bytes)
{
    struct root_file root;
    struct policy *policy = malloc (sizeof *policy);
    if (!policy)
        abort ();
    bool good = policy_parse (policy, bytes) || root_parse (&root, bytes) == CB_OK;
    free (policy);
    return good;
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    struct span bytes, answer;
    const char *file = call->args.operands[0];
    if (file_read (file, STATEMENT_MAX, &bytes, why, sizeof why) != 0)
        return refused ("%s", why);
    int code = EXIT_DONE;
    if (!known (bytes))
        code = refused ("%s: neither a signed policy nor a root file; `certbus root policy` signs "
                        "the text of one",
                        file);
    if (code == EXIT_DONE) {
        struct ask *question = ask_new ("trust");
        ask_bytes (question, "statement", bytes);
        code = talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, &answer);
    }
    if (code == EXIT_DONE && call->json)
        say_json (value_json (answer), true);
    else if (code == EXIT_DONE)
        say ("%s  on its way to everyone\n", line_of (body_text (answer, "id")).text);
    span_free (&bytes);
    return code;
}

const struct command command_policy = {
    .name = "policy",
    .group = GROUP_CARE,
    .operands = "FILE",
    .least = 1,
    .most = 1,
    .summary = "send a policy or the next root file that the root keys have signed",
    .about = "For the top party. `certbus root policy` makes the file, offline.",
    .options = options,
    .run = run,
};
