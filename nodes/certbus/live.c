/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/live.h"

#include "bus/core/question.h"
#include "bus/edge/policyfile.h"

#define WITHIN_MS INT64_C (5000)
/* Names on one line at the end; --json has all of them. */
#define SILENT_SHOWN 12

int live_ask (struct call *call, const char *question, const char *term, struct ask **arguments,
              struct span *answer)
{
    const char *typed = args_text (&call->args, "within");
    int64_t within = WITHIN_MS;
    struct span audience = span_of (term);
    struct pack_out packed;
    if (typed != NULL &&
        (!duration_parse (typed, &within) || within < QUESTION_LEAST || within > QUESTION_MOST)) {
        ask_free (arguments);
        return usage (call, "--within: '%s'; expected 100ms to 60s, such as 5s",
                      line_text (typed).text);
    }
    struct ask *ask = ask_new ("ask");
    ask_text (ask, "question", span_of (question));
    ask_texts (ask, "audience", &audience, 1);
    ask_int (ask, "deadline", within);
    if (*arguments != NULL) {
        pack_init (&packed);
        ask_pack (*arguments, &packed);
        ask_raw (ask, "arguments", pack_result (&packed));
        pack_free (&packed);
        ask_free (arguments);
    }
    return talk (call, CLIENT_ACT, &ask, (int) within + ASK_TIMEOUT, answer);
}

void live_say_silent (struct span answer)
{
    struct pack_in in;
    size_t count = answer_array (answer, "silent", &in);
    if (count > 0) {
        style (STYLE_BAD);
        say ("No answer in time:");
        style (STYLE_PLAIN);
        say_wrapped (2);
        for (size_t i = 0; i < count && i < SILENT_SHOWN; i++)
            say (" %s", line_of (pack_str (&in, 0, SIZE_MAX)).text);
        if (count > SILENT_SHOWN)
            say (" and %zu more", count - SILENT_SHOWN);
        say ("\n");
        say_unwrapped ();
    }
    if (answer_bool (answer, "more"))
        say ("Not everything fitted into one answer: ask for a part of it.\n");
}
