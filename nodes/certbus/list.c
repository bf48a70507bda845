/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"

#define LIST_MAX   100000
#define KINDS_MAX  16
#define LIST_CHUNK 200

static const struct option_row options[] = {
    { "kind", 'k', true, "KIND", "only messages of this kind" },
    { "number", 'n', false, "N", "at most so many (default: 20)" },
    { "all", 'a', false, NULL, "what only passes through too, and receipts, heads, checkpoints" },
    { "quarantine", 'q', false, NULL, "what was refused here, and why" },
    { NULL, 0, false, NULL, NULL },
};

static struct ask *make_question (const struct call *call, int64_t after, int64_t limit)
{
    struct ask *question = ask_new ("read");
    struct span kinds[KINDS_MAX];
    size_t count = args_count (&call->args, "kind");
    for (size_t i = 0; i < count; i++)
        kinds[i] = span_of (args_nth (&call->args, "kind", i));
    if (count)
        ask_texts (question, "kinds", kinds, count);
    ask_int (question, "after", after);
    ask_int (question, "limit", limit < LIST_CHUNK ? limit : LIST_CHUNK);
    ask_bool (question, "back", true);
    if (args_flag (&call->args, "quarantine"))
        ask_bool (question, "quarantine", true);
    else if (!args_flag (&call->args, "all"))
        ask_bool (question, "here", true);
    return question;
}

/* Prints what came, or adds it to `all`. Returns how many. */
static int64_t take (struct call *call, struct span answer, json_t *all)
{
    struct pack_in in;
    int64_t taken = 0;
    size_t count = answer_array (answer, "records", &in);
    bool quiet_too = args_flag (&call->args, "all") || args_flag (&call->args, "kind") ||
                     args_flag (&call->args, "quarantine");
    for (size_t i = 0; i < count; i++) {
        struct record record;
        if (!record_read (pack_any (&in), &record) || (!quiet_too && record_quiet (&record)))
            continue;
        if (call->json)
            json_array_append_new (all, record_json (call, &record));
        else
            record_line (&record);
        taken++;
    }
    return taken;
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    int64_t number = 20, after = 0;
    json_t *all = json_array ();
    int code = EXIT_DONE;
    if (args_count (&call->args, "kind") > KINDS_MAX)
        code = usage (call, "--kind: at most %d", KINDS_MAX);
    else if (!args_number (&call->args, "number", 1, LIST_MAX, &number, why, sizeof why))
        code = usage (call, "%s", why);
    if (code == EXIT_DONE)
        warn_kinds (call);
    while (code == EXIT_DONE && number > 0) {
        struct span answer;
        struct ask *question = make_question (call, after, number);
        code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
        if (code != EXIT_DONE)
            break;
        struct pack_in in;
        bool more = answer_array (answer, "records", &in) > 0;
        number -= take (call, answer, all);
        after = body_int (answer, "next", 0);
        if (!more || after <= 1)
            break;
    }
    if (call->json && code == EXIT_DONE)
        say_json (json_incref (all), true);
    json_decref (all);
    return code;
}

const struct command command_list = {
    .name = "list",
    .group = GROUP_READ,
    .operands = "",
    .summary = "list the messages that are for this party or by it, newest first",
    .options = options,
    .paged = true,
    .run = run,
};
