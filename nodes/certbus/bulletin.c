/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/bulletin.h"

#include <stdlib.h>
#include <string.h>

#include "bus/core/bulletin.h"
#include "bus/core/policy.h"
#include "bus/edge/json.h"
#include "bus/edge/log.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/bulletin_view.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/prompt.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

static const struct option_row options[] = {
    { "edition", 0, false, "cabinet|community", "which one (default: the one that is here)" },
    { "period", 0, false, "TIME", "the newest that ended by then" },
    { "preview", 0, false, NULL, "as it would be now; nothing is stored" },
    { "text", 0, false, NULL, "for a terminal (the default)" },
    { "html", 0, false, NULL, "a page to read and print: certbus bulletin --html >bulletin.html" },
    { "edit", 0, false, NULL, "give the draft its headline, threat level and outlook" },
#define BULLETIN_X(field, option, value, about) { option, 0, false, value, about },
    BULLETIN_WORDS (BULLETIN_X)
#undef BULLETIN_X
        { "approve", 0, false, NULL, "publish it, in both editions" },
    { "by", 0, false, "OFFICER", "who answers for it" },
    { "yes", 'y', false, NULL, "send it without asking, for scripts" },
    { "dry-run", 'n', false, NULL, "say who would get it; send nothing" },
    { NULL, 0, false, NULL, NULL },
};

/* --- Asking -------------------------------------------------------------------------------- */

int bulletins_ask (struct call *call, const struct bulletins_wanted *wanted,
                   struct bulletins *bulletins)
{
    struct ask *question = ask_new ("bulletin");
    struct span answer;
    *bulletins = (struct bulletins){ .has_draft = false };
    if (wanted->edition)
        ask_text (question, "edition", span_of (wanted->edition));
    if (wanted->preview)
        ask_bool (question, "preview", true);
    if (wanted->period)
        ask_int (question, "period", wanted->period);
    int code = talk (call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
    if (code != EXIT_DONE)
        return code;
    bulletins->answer = span_keep (answer);
    bulletins->own = answer_bool (bulletins->answer, "own");
    bulletins->has_draft =
        record_read (body_field (bulletins->answer, "draft"), &bulletins->draft) &&
        bulletins->draft.whole;
    bulletins->has_final =
        record_read (body_field (bulletins->answer, "final"), &bulletins->final) &&
        bulletins->final.whole;
    return EXIT_DONE;
}

void bulletins_free (struct bulletins *bulletins)
{
    span_free (&bulletins->answer);
}

/* What post_go would print, as a part of something larger. */
static int send_into (struct call *call, const struct post *post, const struct ready *ready,
                      json_t *into)
{
    char why[WHY_MAX];
    struct span answer = ready->dry_run;
    json_t *to = json_array ();
    int code = EXIT_DONE;
    if (!args_flag (&call->args, "dry-run"))
        code = post_ask (call, post, ready, false, &answer, why, sizeof why);
    if (code != EXIT_DONE)
        complain ("%s", why);
    else
        json_object_update_new (into, value_json (answer));
    for (size_t i = 0; i < post->to_count; i++)
        json_array_append_new (to, json_string (post->to[i]));
    json_object_set_new (into, "audience", to);
    return code;
}

int bulletins_send (struct call *call, struct post *post, json_t *into)
{
    char why[WHY_MAX];
    struct ready ready;
    bool asked = prompt_possible () && !call->json && !args_flag (&call->args, "yes");
    int code = post_ready (call, post, &ready, why, sizeof why);
    if (code != EXIT_DONE)
        complain ("%s", why);
    else if (call->json && into)
        code = send_into (call, post, &ready, into);
    else if (args_flag (&call->args, "dry-run"))
        post_show_dry_run (call, post, &ready);
    else {
        if (asked)
            confirm_show (post, &ready);
        code = !asked || confirm_ask (&ready, false) == 'y' ? post_go (call, post, &ready)
                                                            : refused ("nothing was sent");
    }
    ready_free (&ready);
    return code;
}

/* --- Showing ------------------------------------------------------------------------------- */

static int show_json (struct call *call, const struct bulletin_view *view,
                      const struct bulletins *bulletins)
{
    const struct schemas *schemas = call_schemas (call);
    const struct schema *schema = schemas ? schemas_find (schemas, span_of ("bulletin")) : NULL;
    json_t *made = json_object ();
    json_object_set_new (made, "body", body_to_json (schema, view->body));
    json_object_set_new (made, "mark", json_string (view->mark));
    json_object_set_new (made, "message", view->e ? message_json (call, view->e) : json_null ());
    json_object_set_new (made, "next", json_time (body_int (bulletins->answer, "next", 0)));
    json_object_set_new (made, "subscribers",
                         value_of (body_field (bulletins->answer, "subscribers")));
    say_json (made, true);
    return EXIT_DONE;
}

static int show (struct call *call, const struct bulletin_view *view,
                 const struct bulletins *bulletins)
{
    if (call->json)
        return show_json (call, view, bulletins);
    if (args_flag (&call->args, "html")) {
        char *page = bulletin_html (view);
        say ("%s", page);
        free (page);
        return EXIT_DONE;
    }
    if (!call->no_pager)
        pager_start ();
    bulletin_print_text (view);
    return EXIT_DONE;
}

static int show_stored (struct call *call, const struct bulletins *bulletins)
{
    const struct record *record = bulletins->has_final ? &bulletins->final : &bulletins->draft;
    struct bulletin_view view = { .body = record->e.body, .e = &record->e, .tlp = record->e.tlp };
    view.mark = record->e.mode == CB_MODE_EXERCISE ? "EXERCISE"
                : record->e.mode == CB_MODE_TEST   ? "TEST"
                : bulletins->has_final             ? ""
                                                   : "DRAFT";
    return show (call, &view, bulletins);
}

static int nothing (const struct bulletins *bulletins)
{
    int64_t next = body_int (bulletins->answer, "next", 0);
    if (next)
        return refused ("there is no bulletin yet; the next one is drafted %s, and "
                        "certbus bulletin --preview shows it as it would be now",
                        moment_of (next, clock_utc ()).text);
    return refused ("there is no bulletin here, and nobody subscribes to those of this party; "
                    "certbus subscribe asks for one");
}

static int show_preview (struct call *call, const struct bulletins *bulletins, bool green)
{
    struct span body = body_field (bulletins->answer, "body");
    struct bulletin_view view = { .body = body,
                                  .mark = "PREVIEW",
                                  .tlp = green ? CB_TLP_GREEN : CB_TLP_AMBER };
    struct pack_out out;
    pack_init (&out);
    if (green) {
        bulletin_green (
            &out, body,
            body_int (bulletins->answer, "least", policy_setting (NULL, POLICY_SEEN_THRESHOLD)));
        view.body = pack_result (&out);
    }
    int code = show (call, &view, bulletins);
    pack_free (&out);
    return code;
}

static bool read_period (struct call *call, int64_t *period)
{
    char why[WHY_MAX];
    struct day day = day_here ();
    const char *text = args_text (&call->args, "period");
    if (!text || day_parse (span_of (text), &day, DAY_END, period, why, sizeof why))
        return true;
    usage (call, "--period: %s", why);
    return false;
}

static int run_show (struct call *call)
{
    struct bulletins bulletins = { .has_draft = false };
    struct bulletins_wanted wanted = { .edition = args_text (&call->args, "edition"),
                                       .preview = args_flag (&call->args, "preview") };
    bool green = wanted.edition && strcmp (wanted.edition, "community") == 0;
    if (!read_period (call, &wanted.period))
        return EXIT_USAGE;
    int code = bulletins_ask (call, &wanted, &bulletins);
    /* Most have the community edition alone. */
    if (code == EXIT_DONE && !wanted.edition && !wanted.preview && !bulletins.has_draft &&
        !bulletins.has_final) {
        bulletins_free (&bulletins);
        wanted.edition = "community";
        code = bulletins_ask (call, &wanted, &bulletins);
    }
    if (code == EXIT_DONE && wanted.preview)
        code = show_preview (call, &bulletins, green);
    else if (code == EXIT_DONE && (bulletins.has_draft || bulletins.has_final))
        code = show_stored (call, &bulletins);
    else if (code == EXIT_DONE)
        code = nothing (&bulletins);
    bulletins_free (&bulletins);
    return code;
}

static int run (struct call *call)
{
    bool edit = args_flag (&call->args, "edit"), approve = args_flag (&call->args, "approve");
    bool preview = args_flag (&call->args, "preview"), period = args_flag (&call->args, "period");
    bool html = args_flag (&call->args, "html"), text = args_flag (&call->args, "text");
    const char *edition = args_text (&call->args, "edition");
    if (edit + approve + (preview || period || html || text || edition) > 1)
        return usage (call, "one thing at a time: show it, --edit or --approve");
    if (html + text > 1 || preview + period > 1)
        return usage (call, html ? "--html or --text" : "--preview or --period");
    if (edition && strcmp (edition, "cabinet") != 0 && strcmp (edition, "community") != 0)
        return usage (call, "--edition: '%s' is none of cabinet, community",
                      line_text (edition).text);
    return edit ? bulletin_edit (call) : approve ? bulletin_approve (call) : run_show (call);
}

const struct command command_bulletin = {
    .name = "bulletin",
    .group = GROUP_READ,
    .operands = "",
    .summary = "show, preview, edit and approve the bulletin",
    .about =
        "Alone it shows the newest bulletin: a draft that waits here, what was published, or what\n"
        "was sent to this party. --html makes a page of it that can be printed: the first sheet\n"
        "has headline, threat level, five figures and the outlook, the tables follow.\n"
        "\n"
        "The broker of a CERT that has subscribers drafts one at the end of each period, from its\n"
        "own cases and messages. --edit gives the draft its words: in your editor, or by the\n"
        "options --headline, --threat-level, --outlook and those in Urdu. --approve publishes it\n"
        "in two editions: the Cabinet's at TLP:AMBER to those who subscribe to it, and one at\n"
        "TLP:GREEN without names to everybody below. Until then it raises an alarm when it is\n"
        "late (the policy's clock bulletin-approve).",
    .options = options,
    .run = run,
};
