/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/post.h"

#include <string.h>

#include "bus/edge/json.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

#define KINDS_MAX 256

static const struct schema *unknown_kind (const struct schemas *schemas, const char *kind)
{
    const char *names[KINDS_MAX + 1];
    size_t count = 0;
    char list[WHY_MAX] = "";
    for (size_t i = 0; i < schemas->count && count < KINDS_MAX; i++) {
        if (schemas->at[i]->system ||
            (count && strcmp (names[count - 1], schemas->at[i]->kind) == 0))
            continue;
        names[count] = schemas->at[i]->kind;
        size_t used = strlen (list);
        snprintf (list + used, sizeof list - used, "%s%s", count ? ", " : "", names[count]);
        count++;
    }
    names[count] = NULL;
    const char *meant = args_meant (kind, names);
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

static void print_answer (const struct call *call, const struct post *post, struct span answer,
                          bool dry_run)
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
    say ("\n");
}

static int complete (const struct post *post)
{
    if (!post->to_count)
        return refused ("%s: for whom? Say it with --to TERM, or \"to\" in the document",
                        post->name);
    if (!post->tlp)
        return refused ("%s: no TLP; give it with --tlp LABEL, or \"tlp\" beside \"body\" in the "
                        "document",
                        post->name);
    if ((post->mode == CB_MODE_EXERCISE) != (post->exercise != NULL))
        return refused ("%s: --mode exercise and --exercise ID belong together", post->name);
    return EXIT_DONE;
}

int post_send (struct call *call, struct post *post)
{
    char why[WHY_MAX];
    struct span answer;
    bool dry_run = args_flag (&call->args, "dry-run");
    const struct schema *schema = find_schema (call, post);
    int code = schema ? complete (post) : EXIT_REFUSED;
    if (code != EXIT_DONE)
        return code;

    struct pack_out body;
    pack_init (&body);
    struct ask *question = ask_new ("publish");
    if (!body_from_json (schema, post->body, &body, why, sizeof why)) {
        code = refused ("%s: %s", post->name, why);
        goto done;
    }
    ask_header (question, post, dry_run);
    ask_raw (question, "body", pack_result (&body));
    code = ask_references (call, question, post);
    if (code == EXIT_DONE)
        code = talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, &answer);
    if (code == EXIT_DONE)
        print_answer (call, post, answer, dry_run);
done:
    ask_free (&question);
    pack_free (&body);
    return code;
}
