/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "bus/core/ledger.h"
#include "bus/edge/log.h"
#include "nodes/certbus/casework/asked.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/talk.h"

static const struct option_row options[] = {
    { "action", 'a', true, "N", "which action, by its id in the advisory: A1 (again for more)" },
    { "all", 0, false, NULL, "all actions that are still open" },
    { "done", 0, false, NULL, "it is done" },
    { "not-applicable", 0, false, NULL, "it does not concern this party; --reason says why" },
    { "waive", 0, false, NULL, "it will not be done: --reason and --approver say why, and who" },
    { "planned", 0, false, NULL, "it will be done, by --when" },
    { "evidence", 0, false, "TEXT", "proof in words, or where it can be seen" },
    { "reason", 0, false, "TEXT", "why it is waived or does not apply" },
    { "approver", 0, false, "NAME", "who answers for the waiver" },
    { "when", 0, false, "TIME", "when it was done (default: now), or is planned for" },
    { "by", 0, false, "OFFICER", "who says so; acknowledges the advisory, if nobody has yet" },
    { "yes", 'y', false, NULL, "send it without asking, for scripts" },
    { "again", 0, false, NULL, "send it although the same was sent before" },
    { "dry-run", 'n', false, NULL, "say who would get it, and why others not; send nothing" },
    { NULL, 0, false, NULL, NULL },
};

/* What is said, of whichever actions. */
struct said {
    const char *state;
    const char *evidence, *reason, *approver;
    int64_t when;
};

static int text_good (struct call *call, const char *option)
{
    const char *text = args_text (&call->args, option);
    return !text || (*text && span_utf8 (span_of (text)))
               ? EXIT_DONE
               : usage (call, "--%s: %s", option, *text ? "not UTF-8" : "nothing is said");
}

static int time_good (struct call *call, struct said *said)
{
    char why[WHY_MAX], shown[DAY_TEXT];
    const char *text = args_text (&call->args, "when");
    bool planned = strcmp (said->state, "planned") == 0;
    struct day day = day_here ();
    said->when = day.now;
    if (!text)
        return planned ? usage (call, "comply: planned for when? --when TIME") : EXIT_DONE;
    if (!day_parse (span_of (text), &day, planned ? DAY_END : DAY_START, &said->when, why,
                    sizeof why))
        return usage (call, "--when: %s", why);
    day_text (said->when, &day, shown);
    if (planned ? said->when <= day.now : said->when > day.now)
        return usage (call, "--when: %s is %s", shown,
                      planned ? "past; what is planned is still to come"
                              : "still to come; for what will be done: --planned");
    return EXIT_DONE;
}

static int read_said (struct call *call, struct said *said)
{
    static const struct {
        const char *option, *state;
    } states[] = { { "done", "done" },
                   { "not-applicable", "not-applicable" },
                   { "waive", "waived" },
                   { "planned", "planned" } };
    static const char *const texts[] = { "evidence", "reason", "approver" };
    size_t count = 0;
    *said = (struct said){ .evidence = args_text (&call->args, "evidence"),
                           .reason = args_text (&call->args, "reason"),
                           .approver = args_text (&call->args, "approver") };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (args_flag (&call->args, states[i].option)) {
            said->state = states[i].state;
            count++;
        }
    if (count != 1)
        return usage (call, "comply: one of --done, --not-applicable, --waive or --planned");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (text_good (call, texts[i]) != EXIT_DONE)
            return EXIT_USAGE;
    bool waived = strcmp (said->state, "waived") == 0;
    if (waived && (!said->reason || !said->approver))
        return usage (call, "comply: a waiver needs both: --reason TEXT and --approver NAME");
    if (strcmp (said->state, "not-applicable") == 0 && !said->reason)
        return usage (call, "comply: why does it not apply? --reason TEXT");
    if (!waived && said->approver)
        return usage (call, "comply: --approver is for --waive");
    if (!args_count (&call->args, "action") == !args_flag (&call->args, "all"))
        return usage (call, "comply: which actions? --action N (again for more), or --all");
    return time_good (call, said);
}

static void add (json_t *actions, const char *id, const struct said *said)
{
    json_t *one = json_pack ("{s:s, s:s, s:o}", "id", id, "state", said->state, "when",
                             json_time (said->when));
    if (said->evidence)
        json_object_set_new (one, "evidence", json_string (said->evidence));
    if (said->reason)
        json_object_set_new (one, "reason", json_string (said->reason));
    if (said->approver)
        json_object_set_new (one, "approver", json_string (said->approver));
    json_array_append_new (actions, one);
}

/* The state of an action in the own row; empty: there is none of that id. */
static struct span state_of (const struct asked *asked, const char *id)
{
    struct pack_in in;
    for (size_t left = answer_array (asked->row, "actions", &in); left; left--) {
        struct span one = pack_any (&in);
        if (span_is (body_text (one, "id"), id))
            return body_text (one, "state");
    }
    return (struct span){ NULL, 0 };
}

/* The id of an action that was typed, or its place in the list: 1 is the first. */
static bool which_action (const struct asked *asked, const char *typed,
                          char id[LEDGER_ACTION_ID + 1])
{
    struct pack_in in;
    if (state_of (asked, typed).size)
        return snprintf (id, LEDGER_ACTION_ID + 1, "%s", typed) > 0;
    size_t left = answer_array (asked->row, "actions", &in), place = 0;
    if (strlen (typed) > 3 || strspn (typed, "0123456789") != strlen (typed))
        return false;
    place = strtoul (typed, NULL, 10);
    if (!place || place > left)
        return false;
    for (; place > 1; place--)
        pack_any (&in);
    span_text (body_text (pack_any (&in), "id"), id, LEDGER_ACTION_ID + 1);
    return true;
}

static bool is_named (const json_t *actions, const char *id)
{
    for (size_t i = 0; i < json_array_size (actions); i++)
        if (strcmp (json_string_value (json_object_get (json_array_get (actions, i), "id")), id) ==
            0)
            return true;
    return false;
}

static int unknown_action (const struct asked *asked, const char *id)
{
    struct pack_in in;
    char list[WHY_MAX / 2] = "";
    size_t count = answer_array (asked->row, "actions", &in);
    if (!count)
        return refused ("%s asks for no action; acknowledge it: certbus ack %s --by OFFICER",
                        asked->id, asked->id);
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen (list);
        snprintf (list + used, sizeof list - used, "%s%.60s", i ? ", " : "",
                  line_of (body_text (pack_any (&in), "id")).text);
    }
    return refused ("%s has no action '%s'; there %s %s", asked->id, line_text (id).text,
                    count == 1 ? "is" : "are", list);
}

static int named_actions (struct call *call, const struct asked *asked, const struct said *said,
                          json_t *actions)
{
    size_t count = args_count (&call->args, "action");
    for (size_t i = 0; i < count; i++) {
        char id[LEDGER_ACTION_ID + 1];
        const char *typed = args_nth (&call->args, "action", i);
        if (!which_action (asked, typed, id))
            return unknown_action (asked, typed);
        if (is_named (actions, id))
            return usage (call, "--action: %s is given twice", line_text (id).text);
        add (actions, id, said);
    }
    return EXIT_DONE;
}

static int open_actions (const struct asked *asked, const struct said *said, json_t *actions)
{
    struct pack_in in;
    for (size_t left = answer_array (asked->row, "actions", &in); left; left--) {
        struct span one = pack_any (&in), state = body_text (one, "state");
        char id[LEDGER_ACTION_ID + 1];
        span_text (body_text (one, "id"), id, sizeof id);
        if (span_is (state, "open") || span_is (state, "planned"))
            add (actions, id, said);
    }
    if (json_array_size (actions))
        return EXIT_DONE;
    return refused ("%s has no action that is open; to say something else of one: --action N",
                    asked->id);
}

static int comply (struct call *call, const struct asked *asked, const struct said *said)
{
    char step[ID_TEXT + 64];
    json_t *actions = json_array ();
    int code = args_flag (&call->args, "all") ? open_actions (asked, said, actions)
                                              : named_actions (call, asked, said, actions);
    if (code != EXIT_DONE) {
        json_decref (actions);
        return code;
    }
    json_t *body = json_pack ("{s:o}", "actions", actions);
    bool acknowledged = body_int (asked->row, "acknowledged", 0) != 0;
    if (args_text (&call->args, "by") && !acknowledged)
        json_object_set_new (body, "acknowledged", json_time (clock_utc ()));
    snprintf (step, sizeof step, "%s of %s", said->state, asked->id);
    code = asked_answer (call, asked, body, step);
    if (code == EXIT_DONE && !acknowledged && !args_text (&call->args, "by") && !call->json)
        say ("nobody has acknowledged it yet: certbus ack %s --by OFFICER\n", asked->id);
    return code;
}

static int run (struct call *call)
{
    struct asked asked;
    struct said said;
    int code = read_said (call, &said);
    if (code != EXIT_DONE)
        return code;
    code = asked_open (call, call->args.operands[0], &asked);
    if (code == EXIT_DONE)
        code = comply (call, &asked, &said);
    asked_free (&asked);
    return code;
}

const struct command command_comply = {
    .name = "comply",
    .group = GROUP_SEND,
    .operands = "ADVISORY",
    .least = 1,
    .most = 1,
    .summary = "say what became of what an advisory asks",
    .about =
        "ADVISORY is its number, id or code. Each action is done, waived, planned, or does not\n"
        "concern this party; the issuer, and each CERT between, sees it in its ledger, with the\n"
        "evidence. A waiver names its reason and who answers for it. What was said last counts,\n"
        "and nothing that was said is lost.",
    .options = options,
    .run = run,
};
