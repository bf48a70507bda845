/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/post.h"

#include <string.h>
#include <sys/stat.h>

#include "bus/edge/conf.h"
#include "bus/edge/json.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/body.h"
#include "nodes/certbus/live.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

static const struct option_row options[] = {
    { "officer", 0, false, "TEXT", "who is on duty, or the desk" },
    { "phone-day", 0, false, "NUMBER", "duty telephone in office hours" },
    { "phone-night", 0, false, "NUMBER", "duty telephone at any other time" },
    { "email", 0, false, "ADDRESS", "mailbox of the desk" },
    { "endpoint", 'e', true, "ENDPOINT", "where children connect: tcp://HOST:PORT" },
    { "now", 0, false, NULL, "ask the party itself, or the CERT nearest to it, now" },
    WITHIN_OPTION,
    POST_OPTIONS,
    { NULL, 0, false, NULL, NULL },
};

/* Options that say a field, in the order of the table above. */
static const struct {
    const char *option, *field;
} fields[] = { { "officer", "officer" },
               { "phone-day", "phone_day" },
               { "phone-night", "phone_night" },
               { "email", "email" } };

#define FIELDS (sizeof fields / sizeof fields[0])

static const struct schema *schema_of (struct call *call)
{
    const struct schemas *schemas = call_schemas (call);
    return schemas ? schemas_find (schemas, span_of ("contact")) : NULL;
}

/* --- Asking -------------------------------------------------------------------------------- */

/* What a party has told; `*told` false: nothing yet. An exit code. */
static int ask (struct call *call, const char *party, struct span *answer, bool *told)
{
    char why[WHY_MAX];
    struct ask *question = ask_new ("contact");
    ask_text (question, "party", span_of (party));
    int code = talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, answer, why, sizeof why);
    *told = code == EXIT_DONE;
    if (code == EXIT_REFUSED && strcmp (call->refusal, "not-found") == 0)
        return EXIT_DONE;
    return code == EXIT_AWAY ? (complain ("%s", why), code) : code;
}

static json_t *contact_json (struct call *call, const char *party, struct span answer, bool told)
{
    json_t *body = told ? body_to_json (schema_of (call), body_field (answer, "contact")) : NULL;
    return json_pack ("{s:s, s:o, s:o}", "party", party, "id",
                      told ? json_span (body_text (answer, "id")) : json_null (), "contact",
                      body ? body : json_null ());
}

/* One party's, or without a name that of this party and of the one above. */
static int show (struct call *call, const char *party)
{
    struct party_name self = { "" };
    char parent[PARTY_MAX + 1] = "";
    int code = party ? EXIT_DONE : post_party (call, &self);
    if (!party)
        span_text (party_parent (span_of (self.text)), parent, sizeof parent);
    const char *names[] = { party ? party : self.text, parent };
    json_t *all = json_array ();
    for (size_t i = 0; i < 2 && code == EXIT_DONE && *names[i]; i++) {
        struct span answer;
        bool told;
        code = ask (call, names[i], &answer, &told);
        if (code != EXIT_DONE)
            break;
        if (call->json) {
            json_array_append_new (all, contact_json (call, names[i], answer, told));
            continue;
        }
        style (STYLE_STRONG);
        say ("%s", line_text (names[i]).text);
        style (STYLE_PLAIN);
        say ("%s\n", told ? "" : "  has told no contact that came here");
        if (told)
            body_print (schema_of (call), body_field (answer, "contact"));
    }
    if (call->json && code == EXIT_DONE)
        say_json (json_incref (all), true);
    json_decref (all);
    return code;
}

static int show_now (struct call *call, const char *party)
{
    struct span answer;
    struct ask *no_arguments = NULL;
    int code = live_ask (call, "contact", party, &no_arguments, &answer);
    if (code != EXIT_DONE)
        return code;
    bool told = body_field (answer, "contact").size > 0;
    if (call->json) {
        json_t *all = contact_json (call, party, answer, told);
        json_object_set_new (all, "by", told ? json_span (body_text (answer, "by")) : json_null ());
        json_object_set_new (all, "issued", json_time (body_int (answer, "issued", 0)));
        json_object_set_new (all, "silent", value_of (body_field (answer, "silent")));
        say_json (all, true);
        return EXIT_DONE;
    }
    style (STYLE_STRONG);
    say ("%s", line_text (party).text);
    style (STYLE_PLAIN);
    if (told)
        say ("  told %s, from %s\n",
             moment_of (body_int (answer, "issued", 0), body_int (answer, "now", 0)).text,
             line_of (body_text (answer, "by")).text);
    else
        say ("  nobody who answered has a contact of it\n");
    if (told)
        body_print (schema_of (call), body_field (answer, "contact"));
    live_say_silent (answer);
    return EXIT_DONE;
}

/* --- Telling ------------------------------------------------------------------------------- */

static bool any_field (const struct call *call)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (args_flag (&call->args, fields[i].option))
            return true;
    return args_flag (&call->args, "endpoint");
}

/* Children would try it for ever. */
static int check_endpoints (const struct post *post)
{
    const json_t *endpoints = json_object_get (post->body, "endpoints");
    for (size_t i = 0; i < json_array_size (endpoints); i++) {
        const char *text = json_string_value (json_array_get (endpoints, i));
        if (text && !conf_endpoint (text, false, false))
            return refused ("%s: endpoints: '%s' is no endpoint; expected tcp://HOST:PORT",
                            post->name, line_text (text).text);
    }
    return EXIT_DONE;
}

/* The newest contact counts alone, so what is not said anew is said again. */
static int from_options (struct call *call, struct post *post)
{
    struct party_name self;
    struct span answer;
    bool told = false;
    int code = post_party (call, &self);
    if (code == EXIT_DONE)
        code = ask (call, self.text, &answer, &told);
    if (code != EXIT_DONE)
        return code;
    json_t *body = told ? body_to_json (schema_of (call), body_field (answer, "contact")) : NULL;
    body = body ? body : json_object ();
    for (size_t i = 0; i < FIELDS; i++) {
        const char *value = args_text (&call->args, fields[i].option);
        if (value && *value)
            json_object_set_new (body, fields[i].field, json_string (value));
        else if (value)
            json_object_del (body, fields[i].field);
    }
    if (args_flag (&call->args, "endpoint")) {
        json_t *endpoints = json_array ();
        for (size_t i = 0; i < args_count (&call->args, "endpoint"); i++)
            json_array_append_new (endpoints, json_string (args_nth (&call->args, "endpoint", i)));
        json_object_set_new (body, "endpoints", endpoints);
    }
    post_start (post, "contact", body);
    return EXIT_DONE;
}

static int tell (struct call *call, const char *file)
{
    struct post post = { .document = NULL };
    struct party_name party;
    char own[TERM_MAX + 1], parent[PARTY_MAX + 1] = "";
    int code = file ? post_load (&post, file) : from_options (call, &post);
    if (code == EXIT_DONE && post.kind && strcmp (post.kind, "contact") != 0)
        code = refused ("%s: of kind '%s', not contact", post.name, line_text (post.kind).text);
    if (code == EXIT_DONE)
        code = post_options (&post, call);
    if (code == EXIT_DONE)
        code = check_endpoints (&post);
    post.kind = "contact";
    if (!post.tlp)
        post.tlp = CB_TLP_GREEN;
    if (code == EXIT_DONE && !post.to_count)
        code = post_party (call, &party);
    if (code == EXIT_DONE && !post.to_count) {
        snprintf (own, sizeof own, "%s.**", party.text);
        span_text (party_parent (span_of (party.text)), parent, sizeof parent);
        post_default_to (&post, own);
        if (*parent)
            post_default_to (&post, parent);
    }
    if (code == EXIT_DONE)
        code = post_send (call, &post);
    post_free (&post);
    return code;
}

/* A party's home is a folder that is often named after it. */
static bool is_document (const char *what)
{
    struct stat st;
    const char *dot = strrchr (what, '.');
    return strcmp (what, "-") == 0 || (dot && strcmp (dot, ".json") == 0) ||
           !party_valid (span_of (what)) || (stat (what, &st) == 0 && !S_ISDIR (st.st_mode));
}

static int run (struct call *call)
{
    const char *what = call->args.operand_count ? call->args.operands[0] : NULL;
    bool file = what && is_document (what);
    if (what && any_field (call))
        return usage (call, "contact: '%s' or options that say it, not both",
                      line_text (what).text);
    bool now = args_flag (&call->args, "now");
    if ((now && (file || !what || any_field (call))) || (!now && args_text (&call->args, "within")))
        return usage (call, "contact: --now asks about a PARTY, and --within goes with it");
    if (now)
        return show_now (call, what);
    if (file || any_field (call))
        return tell (call, what);
    return show (call, what);
}

const struct command command_contact = {
    .name = "contact",
    .group = GROUP_SEND,
    .operands = "[PARTY | FILE]",
    .most = 1,
    .summary = "say how this party is reached, or ask how another one is",
    .about =
        "Alone it shows whom to call: what this party and the one above have told, or PARTY, as "
        "it\n"
        "came here; with --now PARTY is asked, or the CERT nearest to it that answers.\n"
        "With options, or a FILE in JSON, it tells: to the party above and to all parties\n"
        "below, whose brokers connect to the endpoints that it names. The newest counts; what\n"
        "no option says stays as it was told last, and an empty one takes it out. Without a\n"
        "TLP it is TLP:GREEN.",
    .options = options,
    .run = run,
};
