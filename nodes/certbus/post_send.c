/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/post.h"

#include <string.h>

#include "bus/edge/json.h"
#include "nodes/certbus/attach.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

static const struct schema *unknown_kind (const struct schemas *schemas, const char *kind)
{
    struct kind_names names = kind_names (schemas, false);
    const char *meant = args_meant (kind, names.at);
    char list[WHY_MAX] = "";
    for (size_t i = 0; names.at[i]; i++) {
        size_t used = strlen (list);
        snprintf (list + used, sizeof list - used, "%s%s", i ? ", " : "", names.at[i]);
    }
    if (meant)
        complain ("unknown kind '%s'; did you mean '%s'?", kind, meant);
    else
        complain ("unknown kind '%s'; there are %s", kind, list);
    return NULL;
}

static const struct schema *find_schema (struct call *call, const struct post *post)
{
    const struct schemas *schemas = call_schemas (call);
    if (!schemas) {
        complain ("%s", call->schemas_why);
        return NULL;
    }
    const struct schema *schema = schemas_find (schemas, span_of (post->kind));
    if (!schema)
        return unknown_kind (schemas, post->kind);
    if (schema->system) {
        complain ("messages of kind '%s' are made by brokers, not by hand", post->kind);
        return NULL;
    }
    if (schema->thread == THREAD_REQUIRED && !post->thread) {
        complain ("%s: every %s belongs to a thread: name its first message with --thread ID",
                  post->name, post->kind);
        return NULL;
    }
    return schema;
}

static int ask_reference (struct call *call, struct ask *question, const char *key,
                          const char *text)
{
    struct msg_id id;
    int code = text ? talk_ref (call, text, &id) : EXIT_DONE;
    if (text && code == EXIT_DONE)
        ask_ref (question, key, &id);
    return code;
}

static int ask_references (struct call *call, struct ask *question, const struct post *post)
{
    int code = ask_reference (call, question, "thread", post->thread);
    if (code == EXIT_DONE)
        code = ask_reference (call, question, "replaces", post->replaces);
    if (code == EXIT_DONE)
        code = ask_reference (call, question, "exercise", post->exercise);
    return code;
}

static void ask_header (struct ask *question, const struct post *post, bool dry_run)
{
    struct span to[AUDIENCE_MAX];
    for (size_t i = 0; i < post->to_count; i++)
        to[i] = span_of (post->to[i]);
    ask_text (question, "kind", span_of (post->kind));
    ask_texts (question, "audience", to, post->to_count);
    ask_int (question, "tlp", post->tlp);
    if (post->precedence >= 0)
        ask_int (question, "precedence", post->precedence);
    if (post->mode != CB_MODE_LIVE)
        ask_int (question, "mode", post->mode);
    if (post->climb)
        ask_text (question, "climb", span_of (post->climb));
    if (post->by)
        ask_text (question, "officer", span_of (post->by));
    if (post->expires)
        ask_int (question, "expires", post->expires);
    if (dry_run)
        ask_bool (question, "dry_run", true);
}

/* What somebody may have meant whose document is none of its kind. */
static const char *meant_instead (const struct post *post)
{
    const json_t *body = post->body, *document = json_object_get (body, "document");
    if (json_object_get (document, "csaf_version"))
        return "; this is a CSAF document: certbus publish --csaf FILE";
    if (strcmp (post->kind, "advisory") == 0 && json_object_get (body, "times"))
        return "; did you mean: certbus report FILE";
    if (strcmp (post->kind, "incident") == 0 && json_object_get (body, "number"))
        return "; did you mean: certbus publish FILE";
    return "";
}

static void say_audience (const struct post *post)
{
    for (size_t i = 0; i < post->to_count; i++)
        say ("%s%s", i ? ", " : "", post->to[i]);
    say ("%s", post->to_is_default ? " (by default; --to says otherwise)" : "");
}

static void print_parties (struct span answer, const char *key, const char *heading)
{
    struct pack_in in;
    size_t count = answer_array (answer, key, &in);
    say ("%s: %zu\n", heading, count);
    while (count--) {
        struct span party = pack_any (&in), why = body_text (party, "why");
        say ("  %-28s  %s%s%s\n", line_of (body_text (party, "party")).text,
             line_of (body_text (party, "title")).text, why.size ? ": " : "", line_of (why).text);
    }
}

/* Whom a message is for, and whether it can leave. */
struct reach {
    bool known;
    size_t count;             /* of known parties, without the sender */
    char away[PARTY_MAX + 1]; /* the parent that it has to wait for; "": none */
};

/* Whether it is for anybody outside the sender's own subtree. */
static bool goes_up (const struct post *post, struct span own)
{
    for (size_t i = 0; i < post->to_count; i++) {
        struct term term;
        if (!term_parse (&term, span_of (post->to[i])) || term.type == TERM_SECTOR ||
            !(span_equal (term.name, own) || party_above (own, term.name)))
            return true;
    }
    return false;
}

static struct reach reach_of (struct call *call, const struct post *post, struct span dry_run)
{
    char why[WHY_MAX];
    struct span status;
    struct pack_in in;
    struct ask *question = ask_new ("status");
    struct reach reach = { .known = false };
    if (talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &status, why, sizeof why) !=
        EXIT_DONE)
        return reach;
    struct span own = body_text (status, "party"), parent = body_text (status, "parent.party");
    size_t count = answer_array (dry_run, "reach", &in);
    reach.known = body_field (dry_run, "reach").size > 0;
    while (count--)
        if (!span_equal (body_text (pack_any (&in), "party"), own))
            reach.count++;
    if (parent.size && !span_is (body_text (status, "parent.state"), "OPEN") && goes_up (post, own))
        span_text (parent, reach.away, sizeof reach.away);
    return reach;
}

static void print_answer (const struct call *call, const struct post *post, struct span answer,
                          const struct reach *reach, bool dry_run)
{
    if (call->json) {
        json_t *made = value_json (answer), *to = json_array ();
        for (size_t i = 0; i < post->to_count; i++)
            json_array_append_new (to, json_string (post->to[i]));
        json_object_set_new (made, "audience", to);
        say_json (made, true);
        return;
    }
    if (dry_run) {
        say ("nothing was sent; to ");
        say_audience (post);
        say ("\n");
        print_parties (answer, "reach", "it would reach");
        print_parties (answer, "without", "it would not reach");
        return;
    }
    say ("%s  %s  code %s\nto ", line_of (body_text (answer, "id")).text, post->kind,
         line_of (body_text (answer, "code")).text);
    say_audience (post);
    if (reach->known)
        say (" : %zu %s known here", reach->count, reach->count == 1 ? "party" : "parties");
    say ("\n");
    if (reach->known && !reach->count)
        complain ("warning: it reaches nobody known here");
    if (*reach->away)
        say ("the parent %s is away: it waits here\n", reach->away);
}

static int complete (const struct post *post)
{
    if (!post->to_count)
        return refused (
            "%s: for whom? Say it with --to TERM, or \"to\" in the document%s", post->name,
            strcmp (post->kind, "incident") == 0 ? "; to report it upwards: certbus report FILE"
                                                 : "");
    if (!post->tlp)
        return refused ("%s: no TLP; give it with --tlp LABEL, or \"tlp\" beside \"body\" in the "
                        "document",
                        post->name);
    if ((post->mode == CB_MODE_EXERCISE) != (post->exercise != NULL))
        return refused ("%s: --mode exercise and --exercise ID belong together", post->name);
    return EXIT_DONE;
}

static int ask_broker (struct call *call, const struct post *post, struct span body, bool dry_run,
                       struct span *answer)
{
    struct ask *question = ask_new ("publish");
    ask_header (question, post, dry_run);
    ask_raw (question, "body", body);
    int code = ask_references (call, question, post);
    if (code == EXIT_DONE)
        code = talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, answer);
    ask_free (&question);
    return code;
}

int post_send (struct call *call, struct post *post)
{
    char why[WHY_MAX];
    struct span answer;
    struct reach reach = { .known = false };
    bool dry_run = args_flag (&call->args, "dry-run");
    const struct schema *schema = find_schema (call, post);
    if (!schema)
        return EXIT_REFUSED;

    struct pack_out body;
    pack_init (&body);
    int code = body_from_json (schema, post->body, &body, why, sizeof why)
                   ? complete (post)
                   : refused ("%s: %s (read as kind %s)%s", post->name, why, post->kind,
                              meant_instead (post));
    if (code == EXIT_DONE)
        code = attach_may (call, post);
    /* Programs that want to know whom it reaches ask for it: --dry-run. */
    bool first_dry = !dry_run && !call->json && post->mode != CB_MODE_TEST;
    if (code == EXIT_DONE && first_dry)
        code = ask_broker (call, post, pack_result (&body), true, &answer);
    if (code == EXIT_DONE && first_dry)
        reach = reach_of (call, post, answer);
    if (code == EXIT_DONE)
        code = ask_broker (call, post, pack_result (&body), dry_run, &answer);
    if (code == EXIT_DONE)
        print_answer (call, post, answer, &reach, dry_run);
    if (code == EXIT_DONE && post->attached && !dry_run) {
        char id[ID_TEXT];
        span_text (body_text (answer, "id"), id, sizeof id);
        code = attach_send (call, post->attached, id);
    }
    pack_free (&body);
    return code;
}
