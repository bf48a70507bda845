/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/quarantine.h"

#include <inttypes.h>

#include "bus/core/schema.h"
#include "nodes/certbus/checks.h"
#include "nodes/certbus/talk.h"

static int ask_of (struct call *call, const char *op, int64_t position, const char *why,
                   struct span *answer)
{
    struct ask *question = ask_new (op);
    ask_int (question, "position", position);
    if (why)
        ask_text (question, "why", span_of (why));
    return talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, answer);
}

/* --- release ------------------------------------------------------------------------------- */

static const struct option_row release_options[] = { { NULL, 0, false, NULL, NULL } };

static int still_refused (struct span answer, int64_t position)
{
    unsigned reason = (unsigned) body_int (answer, "reason", 0);
    struct span detail = body_text (answer, "detail");
    const struct check_row *check = check_of (reason);
    return refused ("position %" PRId64 " stays in quarantine: %s%s%s (%s), check %u: %s; a "
                    "release judges again and overrides no check. What helps: %s",
                    position, cb_reason_text (reason), detail.size ? ": " : "",
                    line_of (detail).text, cb_reason_name (reason), check->number, check->asks,
                    check->helps);
}

static int run_release (struct call *call)
{
    int64_t position;
    struct span answer;
    int code = quarantine_position (call, call->args.operands[0], &position);
    if (code == EXIT_DONE)
        code = ask_of (call, "release", position, NULL, &answer);
    if (code != EXIT_DONE)
        return code;
    unsigned reason = (unsigned) body_int (answer, "reason", 0);
    if (call->json)
        say_json (
            json_pack ("{s:o, s:I, s:s, s:o, s:b}", "id", json_span (body_text (answer, "id")),
                       "position", (json_int_t) body_int (answer, "position", 0), "reason",
                       cb_reason_name (reason), "detail", json_span (body_text (answer, "detail")),
                       "repeat", answer_bool (answer, "repeat")),
            true);
    if (reason != CB_OK)
        return call->json ? EXIT_REFUSED : still_refused (answer, position);
    if (!call->json)
        say ("%s: released from quarantine, %s position %" PRId64
             "; it goes on as any message does\n",
             line_of (body_text (answer, "id")).text,
             answer_bool (answer, "repeat") ? "and the same message was here already, at"
                                            : "now at",
             body_int (answer, "position", 0));
    return EXIT_DONE;
}

const struct command command_quarantine_release = {
    .name = "quarantine release",
    .group = GROUP_CARE,
    .operands = "POSITION|ID",
    .least = 1,
    .most = 1,
    .summary = "judge a refused message again, and take it if it passes now",
    .about =
        "It is judged with what is known now: a credential or a schema that has come, a corrected\n"
        "clock, a party that is no longer frozen, a new policy. If it passes every check, it is\n"
        "stored, forwarded and receipted as any other message. If not, this says which check\n"
        "still fails. No check is overridden, by nobody.\n"
        "If its origin was told of the refusal, it has that rejection in its thread; the receipt\n"
        "that follows now says that it is stored. Kinds without receipts have none: then tell the\n"
        "origin.",
    .options = release_options,
    .run = run_release,
};

/* --- discard ------------------------------------------------------------------------------- */

static const struct option_row discard_options[] = {
    { "why", 0, false, "TEXT", "is kept with who discarded it, and logged (at most 256 bytes)" },
    { NULL, 0, false, NULL, NULL }
};

static int run_discard (struct call *call)
{
    int64_t position;
    struct span answer;
    int code = quarantine_position (call, call->args.operands[0], &position);
    if (code == EXIT_DONE)
        code = ask_of (call, "discard", position, args_text (&call->args, "why"), &answer);
    if (code != EXIT_DONE)
        return code;
    if (call->json)
        say_json (json_pack ("{s:I, s:b}", "position", (json_int_t) position, "discarded", 1),
                  true);
    else
        say ("Position %" PRId64
             " is discarded. Its hash stays in the journal, and who discarded it, and why.\n",
             position);
    return EXIT_DONE;
}

const struct command command_quarantine_discard = {
    .name = "quarantine discard",
    .group = GROUP_CARE,
    .operands = "POSITION|ID",
    .least = 1,
    .most = 1,
    .summary = "throw a refused message away; its hash, who did it and why are kept",
    .options = discard_options,
    .run = run_discard,
};
