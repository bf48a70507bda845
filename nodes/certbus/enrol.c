/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/request.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/talk.h"

#define DAYS_MAX 36500

static const struct option_row options[] = {
    { "role", 'r', false, "ROLE", "a role of the policy (required)" },
    { "sector", 's', true, "S", "a sector that it belongs to" },
    { "title", 0, false, "TITLE", "instead of the one in the request" },
    { "days", 0, false, "N", "how long the credential is valid (default: 730)" },
    { "may-enrol", 0, false, "ROLES", "it may enrol these roles in turn: organisation,sectoral" },
    { "may-sectors", 0, false, "S,..", "into these sectors (* is any; default: none)" },
    { "children", 0, false, "N", "how many parties it may enrol (default: 1000)" },
    { "depth", 0, false, "N", "how many levels below it there may be (default: 1)" },
    { "yes", 'y', false, NULL, "the code has been compared: do not ask" },
    { "out", 'o', false, "FILE", "where the credential goes (default: NAME.credential)" },
    { NULL, 0, false, NULL, NULL },
};

/* A list with commas, cut in place. False: an element is no label, and not "*" alone. */
static bool split (char *text, struct labels *list)
{
    char *rest = NULL;
    list->count = 0;
    for (char *word = strtok_r (text, ",", &rest); word; word = strtok_r (NULL, ",", &rest)) {
        struct span label = span_of (word);
        if (list->count == SECTORS_MAX || (!label_valid (label) && !span_is (label, "*")))
            return false;
        size_t at = list->count++;
        for (; at && span_compare (list->at[at - 1], label) > 0; at--)
            list->at[at] = list->at[at - 1];
        list->at[at] = label;
    }
    return list->count > 0;
}

/* The map `may` of docs/local.md. */
static int ask_may (const struct call *call, struct ask *question)
{
    static const char *const parts[] = { "may-sectors", "children", "depth" };
    char why[WHY_MAX];
    int64_t children = 1000, depth = 1;
    struct labels roles, sectors = { 0 };
    const char *role_text = args_text (&call->args, "may-enrol"),
               *sector_text = args_text (&call->args, "may-sectors");
    for (size_t i = 0; !role_text && i < sizeof parts / sizeof parts[0]; i++)
        if (args_flag (&call->args, parts[i]))
            return usage (call, "--%s goes with --may-enrol ROLES", parts[i]);
    if (!role_text)
        return EXIT_DONE;
    if (!args_number (&call->args, "children", 0, UINT32_MAX, &children, why, sizeof why) ||
        !args_number (&call->args, "depth", 1, PARTY_LABELS, &depth, why, sizeof why))
        return usage (call, "%s", why);
    char *role_copy = strdup (role_text), *sector_copy = strdup (sector_text ? sector_text : "");
    if (!role_copy || !sector_copy)
        abort ();
    int code = EXIT_DONE;
    if (!split (role_copy, &roles))
        code = usage (call, "--may-enrol: '%s' is no list of roles", role_text);
    else if (sector_text && !split (sector_copy, &sectors))
        code = usage (call, "--may-sectors: '%s' is no list of sectors", sector_text);
    if (code == EXIT_DONE) {
        struct ask *may = ask_new (NULL);
        struct pack_out out;
        pack_init (&out);
        ask_texts (may, "roles", roles.at, roles.count);
        ask_texts (may, "sectors", sectors.at, sectors.count);
        ask_int (may, "children", children);
        ask_int (may, "depth", depth);
        ask_pack (may, &out);
        ask_raw (question, "may", pack_result (&out));
        pack_free (&out);
        ask_free (&may);
    }
    free (role_copy);
    free (sector_copy);
    return code;
}

static int make_question (const struct call *call, const struct request *request, bool dry_run,
                          struct ask **made)
{
    char why[WHY_MAX];
    int64_t days = 0;
    struct span sectors[SECTORS_MAX];
    size_t count = args_count (&call->args, "sector");
    const char *title = args_text (&call->args, "title");
    if (!args_number (&call->args, "days", 1, DAYS_MAX, &days, why, sizeof why))
        return usage (call, "%s", why);
    if (count > SECTORS_MAX)
        return usage (call, "--sector: at most %d", SECTORS_MAX);
    for (size_t i = 0; i < count; i++)
        sectors[i] = span_of (args_nth (&call->args, "sector", i));
    struct ask *question = ask_new ("enrol");
    ask_bytes (question, "request", request->bytes);
    ask_text (question, "role", span_of (args_text (&call->args, "role")));
    ask_texts (question, "sectors", sectors, count);
    if (title)
        ask_text (question, "title", span_of (title));
    if (days)
        ask_int (question, "days", days);
    if (dry_run)
        ask_bool (question, "dry_run", true);
    int code = ask_may (call, question);
    if (code == EXIT_DONE)
        *made = question;
    else
        ask_free (&question);
    return code;
}

static int ask_broker (struct call *call, const struct request *request, bool dry_run,
                       struct span *answer)
{
    struct ask *question;
    int code = make_question (call, request, dry_run, &question);
    return code == EXIT_DONE ? talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, answer) : code;
}

/* "organisation, sectors energy maritime, may enrol organisation" */
static void describe (const struct call *call, char *what, size_t size)
{
    const char *may = args_text (&call->args, "may-enrol");
    size_t count = args_count (&call->args, "sector");
    snprintf (what, size, "%.64s%s", args_text (&call->args, "role"),
              count > 1 ? ", sectors"
              : count   ? ", sector"
                        : "");
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen (what);
        snprintf (what + used, size - used, " %.32s", args_nth (&call->args, "sector", i));
    }
    size_t used = strlen (what);
    if (may)
        snprintf (what + used, size - used, ", may enrol %.200s", may);
}

static int run (struct call *call)
{
    char what[WHY_MAX];
    struct request request;
    struct path path;
    struct span answer;
    if (!args_flag (&call->args, "role"))
        return usage (call, "enrol: which role? Say it with --role ROLE");
    int code = request_load (&request, call->args.operands[0]);
    if (code != EXIT_DONE)
        return code;
    /* The broker's own reasons against it come before the phone call. */
    code = request_out (call, &request, &path);
    if (code == EXIT_DONE)
        code = ask_broker (call, &request, true, &answer);
    if (code == EXIT_DONE) {
        describe (call, what, sizeof what);
        code = request_confirm (call, &request, what);
    }
    if (code == EXIT_DONE)
        code = ask_broker (call, &request, false, &answer);
    if (code == EXIT_DONE && !body_bytes (answer, "bundle").size)
        code = refused ("the broker's answer has no credential");
    if (code == EXIT_DONE)
        code = request_finish (call, &request, &path, body_bytes (answer, "bundle"));
    request_free (&request);
    return code;
}

const struct command command_enrol = {
    .name = "enrol",
    .group = GROUP_SETUP,
    .operands = "REQUEST",
    .least = 1,
    .most = 1,
    .summary = "enrol a party right below this one",
    .about =
        "Shows who asks and the code of the request, which is to be compared with the party by\n"
        "phone: it is the only proof that the request is theirs. Then this party's broker\n"
        "signs the credential. NAME.credential goes back to the party, which joins with it; it\n"
        "is no secret. A party can be given no more than this one may grant.",
    .options = options,
    .run = run,
};
