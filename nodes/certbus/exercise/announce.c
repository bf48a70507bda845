/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "bus/edge/json.h"
#include "bus/edge/log.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/exercise/exercise.h"
#include "nodes/certbus/exercise/script.h"
#include "nodes/certbus/post.h"
#include "nodes/certbus/talk.h"

static const struct option_row options[] = {
    { "from", 0, false, "TIME", "when it may start (default: as the file says, else now)" },
    { "by", 0, false, "OFFICER", "who answers for it" },
    { "yes", 'y', false, NULL, "send it without asking, for scripts" },
    { "again", 0, false, NULL, "announce it although the same was announced before" },
    { "dry-run", 'n', false, NULL, "say who would get it, and why others not; send nothing" },
    { NULL, 0, false, NULL, NULL },
};

/* The plan stays here. Its id goes into the announcement. */
static int send_plan (struct call *call, struct script *script, const char *party)
{
    char why[WHY_MAX], id[ID_JSON];
    struct ready ready = { .reached = 0 };
    struct post post;
    struct span answer;
    post_start (&post, "the plan", json_incref (script->plan));
    post.kind = "exercise";
    post.tlp = script->tlp;
    post.by = args_text (&call->args, "by");
    post_default_to (&post, party);
    pack_init (&ready.body);
    int code = post_schema (call, post.kind, &ready.schema, why, sizeof why);
    if (code == EXIT_DONE &&
        !body_from_json (ready.schema, script->plan, &ready.body, why, sizeof why))
        code = EXIT_REFUSED;
    if (code == EXIT_DONE)
        code = post_ask (call, &post, &ready, false, &answer, why, sizeof why);
    struct msg_id ref = { .seq = 0 };
    struct pack_in in =
        pack_open (code == EXIT_DONE ? body_field (answer, "ref") : (struct span){ 0 });
    if (code == EXIT_DONE && msg_id_read (&in, &ref)) {
        json_id_text (&ref, id);
        json_object_set_new (script->announce, "plan", json_string (id));
    } else if (code == EXIT_DONE) {
        code = refused ("the broker did not say which message the plan is");
    } else {
        complain ("%s: %s", call->args.operands[0], why);
    }
    ready_free (&ready);
    post_free (&post);
    return code;
}

static void say_plan (const struct call *call, const struct script *script)
{
    if (call->json)
        return;
    say ("%zu %s, the last %s after the start; %zu %s expected. The plan stays here: who plays "
         "does not read it.\n",
         script->injects, script->injects == 1 ? "inject" : "injects",
         lasting_of (script->last).text, script->expected,
         script->expected == 1 ? "response is" : "responses are");
}

/* Sends the plan once it is clear that the announcement may leave. */
static int go (struct call *call, struct script *script, struct post *post, const char *party)
{
    char why[WHY_MAX];
    struct ready ready;
    int code = post_ready (call, post, &ready, why, sizeof why);
    ready_free (&ready);
    if (code != EXIT_DONE) {
        complain ("%s", why);
        return code;
    }
    say_plan (call, script);
    if (!args_flag (&call->args, "dry-run"))
        code = send_plan (call, script, party);
    return code == EXIT_DONE ? post_send (call, post) : code;
}

static int announce (struct call *call, struct script *script, const char *party)
{
    struct post post;
    json_object_set_new (script->announce, "from", json_time (script->from));
    json_object_set_new (script->announce, "until", json_time (script->until));
    post_start (&post, call->args.operands[0], json_incref (script->announce));
    post.kind = "exercise";
    post.tlp = script->tlp;
    post.by = args_text (&call->args, "by");
    for (size_t i = 0; i < script->to_count; i++)
        post.to[post.to_count++] = script->to[i];
    int code = go (call, script, &post, party);
    post_free (&post);
    return code;
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    struct day day = day_here ();
    struct party_name party;
    struct script script = { .plan = NULL };
    const char *from = args_text (&call->args, "from");
    struct script_ask ask = { .path = call->args.operands[0], .now = clock_utc () };
    if (from && !day_parse (span_of (from), &day, DAY_END, &ask.from, why, sizeof why))
        return usage (call, "--from: %s", line_text (why).text);
    if ((ask.schemas = call_schemas (call)) == NULL)
        return refused ("%s", call->schemas_why);
    int code = post_party (call, &party);
    if (code != EXIT_DONE)
        return code;
    ask.party = party.text;
    if (!script_read (&script, &ask, why, sizeof why))
        code = refused ("%s", line_text (why).text);
    else
        code = announce (call, &script, party.text);
    script_free (&script);
    return code;
}

const struct command command_exercise_announce = {
    .name = "exercise announce",
    .group = GROUP_SEND,
    .operands = "FILE.cfg",
    .least = 1,
    .most = 1,
    .summary = "announce an exercise from a script: what is played, when, and what is expected",
    .about =
        "FILE is a script as config/exercises has them: title, text, to, length, injects and\n"
        "expected. The title, the text and the period go to those it is for; the injects and\n"
        "what is expected stay at this party as the plan. Nothing is played before\n"
        "`certbus exercise start`. Every message of it is marked EXERCISE wherever it is shown.",
    .options = options,
    .run = run,
};
