/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/request.h"
#include "nodes/certbus/talk.h"

static const struct option_row options[] = {
    { "yes", 'y', false, NULL, "the code has been compared: do not ask" },
    { "out", 'o', false, "FILE", "where the result goes (default: NAME-N.countersigned)" },
    { NULL, 0, false, NULL, NULL },
};

static int ask_broker (struct call *call, const struct request *request, bool dry_run,
                       struct span *answer)
{
    struct ask *question = ask_new ("countersign");
    ask_bytes (question, "proposal", request->bytes);
    if (dry_run)
        ask_bool (question, "dry_run", true);
    return talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, answer);
}

static int countersign (struct call *call, const struct request *request)
{
    struct path path;
    struct span answer;
    struct offer offer;
    char next[2 * PATH_TEXT];
    if (!request->p)
        return refused ("%s: a request alone; the party above it makes what is countersigned: "
                        "certbus enrol REQUEST --again",
                        call->args.operands[0]);
    offer_of (&offer, request->p);
    offer.question = COUNTERSIGN_QUESTION;
    int code =
        request_out (call, request->e.name, request->p->c.generation, "countersigned", &path);
    if (code == EXIT_DONE)
        code = ask_broker (call, request, true, &answer);
    if (code == EXIT_DONE)
        code = request_confirm (call, request, &offer);
    if (code == EXIT_DONE)
        code = ask_broker (call, request, false, &answer);
    if (code != EXIT_DONE)
        return code;
    snprintf (next, sizeof next, COUNTERSIGN_NEXT, line_of (party_parent (request->e.name)).text,
              path.text);
    return proposal_finish (call, request, &path, body_bytes (answer, "proposal"), next);
}

static int run (struct call *call)
{
    struct request request;
    int code = request_load (&request, call->args.operands[0]);
    if (code == EXIT_DONE)
        code = countersign (call, &request);
    request_free (&request);
    return code;
}

const struct command command_countersign = {
    .name = "countersign",
    .group = GROUP_SETUP,
    .operands = "PROPOSAL",
    .least = 1,
    .most = 1,
    .summary = "agree that a party two levels below is enrolled again (its keys are lost)",
    .about =
        "A party whose keys are lost is enrolled again by the party above it, and no single key\n"
        "may do that: this is the second one. Shows who asks and the code of the request, which\n"
        "is compared by phone with the party that lost its keys. NAME-N.countersigned goes back\n"
        "to the party that made the proposal. Nothing is in force before it completes it.",
    .options = options,
    .run = run,
};
