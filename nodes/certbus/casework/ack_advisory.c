/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bus/edge/log.h"
#include "nodes/certbus/casework/asked.h"

static int options_good (struct call *call)
{
    bool applicable = args_flag (&call->args, "applicable");
    bool not_applicable = args_flag (&call->args, "not-applicable");
    const char *why = args_text (&call->args, "why");
    if (applicable && not_applicable)
        return usage (call, "ack: --applicable or --not-applicable, not both");
    if (not_applicable && !why)
        return usage (call, "ack: why does it not apply? --why TEXT");
    if (why && (!*why || !span_utf8 (span_of (why))))
        return usage (call, "--why: %s", *why ? "not UTF-8" : "nothing is said");
    return EXIT_DONE;
}

int ack_advisory (struct call *call, const char *id)
{
    struct asked asked;
    char step[ID_TEXT + 32];
    const char *why = args_text (&call->args, "why");
    if (args_text (&call->args, "next-update") || args_text (&call->args, "text"))
        return usage (call, "ack: --next-update and --text are for a case; of an advisory say "
                            "--applicable, or --not-applicable --why TEXT");
    int code = options_good (call);
    if (code != EXIT_DONE)
        return code;
    code = asked_open (call, id, &asked);
    if (code == EXIT_DONE) {
        json_t *body = json_pack ("{s:o}", "acknowledged", json_time (clock_utc ()));
        if (args_flag (&call->args, "applicable") || args_flag (&call->args, "not-applicable"))
            json_object_set_new (body, "applicable",
                                 json_boolean (args_flag (&call->args, "applicable")));
        if (why)
            json_object_set_new (body, "text", json_string (why));
        snprintf (step, sizeof step, "ack of %s", asked.id);
        code = asked_answer (call, &asked, body, step);
    }
    asked_free (&asked);
    return code;
}
