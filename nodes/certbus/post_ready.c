/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/post.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bus/core/number.h"
#include "bus/edge/json.h"
#include "nodes/certbus/talk.h"

/* What is wrong, for whoever prints it. EXIT_REFUSED, always. */
static int wrong (char *why, size_t why_size, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
static int wrong (char *why, size_t why_size, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (why, why_size, format, args);
    va_end (args);
    return EXIT_REFUSED;
}

static int unknown_kind (const struct schemas *schemas, const char *kind, char *why,
                         size_t why_size)
{
    struct kind_names names = kind_names (schemas, false);
    const char *meant = args_meant (kind, names.at);
    char list[WHY_MAX / 2] = "";
    for (size_t i = 0; names.at[i]; i++) {
        size_t used = strlen (list);
        snprintf (list + used, sizeof list - used, "%s%s", i ? ", " : "", names.at[i]);
    }
    if (meant)
        return wrong (why, why_size, "unknown kind '%s'; did you mean '%s'?", kind, meant);
    return wrong (why, why_size, "unknown kind '%s'; there are %s", kind, list);
}

int post_schema (struct call *call, const char *kind, const struct schema **schema, char *why,
                 size_t why_size)
{
    const struct schemas *schemas = call_schemas (call);
    if (!schemas)
        return wrong (why, why_size, "%s", call->schemas_why);
    *schema = schemas_find (schemas, span_of (kind));
    if (!*schema)
        return unknown_kind (schemas, kind, why, why_size);
    if ((*schema)->system)
        return wrong (why, why_size, "messages of kind '%s' are made by brokers, not by hand",
                      kind);
    return EXIT_DONE;
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

static int complete (const struct post *post, const struct schema *schema, char *why,
                     size_t why_size)
{
    if (schema->thread == THREAD_REQUIRED && !post->thread)
        return wrong (why, why_size,
                      "%s: every %s belongs to a thread: name its first message with --thread ID",
                      post->name, post->kind);
    if (!post->to_count)
        return wrong (
            why, why_size, "%s: for whom? Say it with --to TERM, or \"to\" in the document%s",
            post->name,
            strcmp (post->kind, "incident") == 0 ? "; to report it upwards: certbus report FILE"
                                                 : "");
    if (!post->tlp)
        return wrong (why, why_size,
                      "%s: no TLP; say CLEAR, GREEN, AMBER, AMBER+STRICT or RED behind \"TLP:\", "
                      "with --tlp LABEL, or \"tlp\" beside \"body\" in a JSON document",
                      post->name);
    if ((post->mode == CB_MODE_EXERCISE) != (post->exercise != NULL))
        return wrong (why, why_size, "%s: --mode exercise and --exercise ID belong together",
                      post->name);
    return EXIT_DONE;
}

/* The body by its schema. One that has no number yet is checked with one in its place. */
static int make_body (const struct post *post, struct ready *ready, char *why, size_t why_size)
{
    char reason[WHY_MAX / 2];
    json_t *body = post->body;
    ready->wants_number = schema_numbered (ready->schema) && json_is_object (body) &&
                          !json_object_get (body, "number");
    if (ready->wants_number) {
        body = json_copy (body);
        json_object_set_new (body, "number", json_string ("-"));
    }
    bool good = body_from_json (ready->schema, body, &ready->body, reason, sizeof reason);
    if (ready->wants_number)
        json_decref (body);
    if (!good)
        return wrong (why, why_size, "%s: %s (read as kind %s)%s", post->name, reason, post->kind,
                      meant_instead (post));
    if (ready->wants_number) {
        struct pack_out bare;
        pack_init (&bare);
        number_body (&bare, pack_result (&ready->body), (struct span){ 0 });
        pack_free (&ready->body);
        ready->body = bare;
    }
    return EXIT_DONE;
}

/* --- The question ------------------------------------------------------------------------ */

static int ask_references (struct call *call, struct ask *question, const struct post *post,
                           char *why, size_t why_size)
{
    const struct {
        const char *key, *text;
    } references[] = { { "thread", post->thread },
                       { "replaces", post->replaces },
                       { "exercise", post->exercise } };
    int code = EXIT_DONE;
    for (size_t i = 0; code == EXIT_DONE && i < sizeof references / sizeof references[0]; i++) {
        struct msg_id id;
        if (!references[i].text)
            continue;
        code = talk_ref (call, references[i].text, &id, why, why_size);
        if (code == EXIT_DONE)
            ask_ref (question, references[i].key, &id);
    }
    return code;
}

static void ask_header (struct ask *question, const struct post *post)
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
    if (post->after.size)
        ask_raw (question, "after", post->after);
}

int post_ask (struct call *call, const struct post *post, const struct ready *ready, bool dry_run,
              struct span *answer, char *why, size_t why_size)
{
    struct ask *question = ask_new ("publish");
    ask_header (question, post);
    ask_raw (question, "body", pack_result (&ready->body));
    if (ready->wants_number)
        ask_bool (question, "number", true);
    if (post->narrow)
        ask_bool (question, "narrow", true);
    if (dry_run)
        ask_bool (question, "dry_run", true);
    int code = ask_references (call, question, post, why, why_size);
    if (code == EXIT_DONE)
        code = talk_quietly (call, CLIENT_ACT, &question, ASK_TIMEOUT, answer, why, why_size);
    ask_free (&question);
    return code;
}

/* --- Whom it reaches --------------------------------------------------------------------- */

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

static void find_reach (struct call *call, const struct post *post, struct ready *ready)
{
    char why[WHY_MAX];
    struct span status;
    struct pack_in in;
    struct ask *question = ask_new ("status");
    if (talk_quietly (call, CLIENT_READ, &question, ASK_TIMEOUT, &status, why, sizeof why) !=
        EXIT_DONE)
        return;
    struct span own = body_text (status, "party"), parent = body_text (status, "parent.party");
    size_t count = answer_array (ready->dry_run, "reach", &in);
    /* An answer has a limit: then the list is not all of them. */
    int64_t all = body_int (ready->dry_run, "reach_count", 0);
    ready->reached = all > (int64_t) count ? (size_t) all - count : 0;
    for (; count > 0; count--)
        ready->reached += !span_equal (body_text (pack_any (&in), "party"), own);
    if (parent.size && !span_is (body_text (status, "parent.state"), "OPEN") && goes_up (post, own))
        span_text (parent, ready->away, sizeof ready->away);
}

int post_ready (struct call *call, struct post *post, struct ready *ready, char *why,
                size_t why_size)
{
    struct span answer;
    *ready = (struct ready){ .reached = 0 };
    pack_init (&ready->body);
    int code = post_schema (call, post->kind, &ready->schema, why, why_size);
    if (code == EXIT_DONE)
        code = make_body (post, ready, why, why_size);
    if (code == EXIT_DONE)
        code = complete (post, ready->schema, why, why_size);
    if (code == EXIT_DONE)
        code = post_ask (call, post, ready, true, &answer, why, why_size);
    if (code == EXIT_DONE) {
        ready->dry_run = span_keep (answer);
        find_reach (call, post, ready);
    }
    return code;
}

void ready_free (struct ready *ready)
{
    pack_free (&ready->body);
    span_free (&ready->dry_run);
}

struct span ready_number (const struct post *post, const struct ready *ready)
{
    struct span number = body_text (ready->dry_run, "number");
    const char *own = json_string_value (json_object_get (post->body, "number"));
    return number.size || !own || !schema_numbered (ready->schema) ? number : span_of (own);
}
