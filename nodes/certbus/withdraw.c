/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/post.h"
#include "nodes/certbus/previous.h"
#include "nodes/certbus/prompt.h"

#define WITHDRAWN "withdrawn"
#define NO_REASON "withdraw: why? --reason TEXT, which every reader sees first"

static const struct option_row options[] = {
    { "reason", 'r', false, "TEXT", "why: what every reader sees first (asked for at a terminal)" },
    { "by", 0, false, "OFFICER", "who answers for it" },
    { "yes", 'y', false, NULL, "send it without asking, for scripts" },
    { "again", 0, false, NULL, "send it although the same was sent before" },
    { "dry-run", 'n', false, NULL, "say who would get it, and why others not; send nothing" },
    { NULL, 0, false, NULL, NULL },
};

static bool can_be_withdrawn (const struct schema *schema)
{
    const struct field *status = previous_field (schema, "status", FIELD_CHOICE);
    for (size_t i = 0; status && i < status->choice_count; i++)
        if (strcmp (status->choices[i], WITHDRAWN) == 0)
            return true;
    return false;
}

static int cannot (const struct schema *schema, const char *id)
{
    if (previous_field (schema, "title", FIELD_TEXT) && schema->thread != THREAD_NONE)
        return refused ("a message of kind '%s' cannot be withdrawn; say in its thread what became "
                        "of it: certbus publish --kind update --thread %s, or correct it: certbus "
                        "revise %s",
                        schema->kind, line_text (id).text, line_text (id).text);
    return refused ("a message of kind '%s' cannot be withdrawn; correct it: certbus revise %s",
                    schema->kind, line_text (id).text);
}

/* Puts words in front of a text field, and cuts what the field does not hold. */
static void put_first (const struct field *field, json_t *body, const char *words)
{
    const char *before = json_string_value (json_object_get (body, field->name));
    char *made = NULL;
    if (asprintf (&made, "%s%s", words, before ? before : "") < 0)
        abort ();
    size_t size = strlen (made);
    if ((int64_t) size > field->max)
        size = (size_t) field->max;
    while (size && !span_utf8 (span_bytes (made, size)))
        size--;
    json_object_set_new (body, field->name, json_stringn (made, size));
    free (made);
}

/* The reason is what a reader sees first. */
static void say_why (const struct schema *schema, json_t *body, const char *reason)
{
    static const char *const texts[] = { "summary", "description", "text" };
    const struct field *title = previous_field (schema, "title", FIELD_TEXT);
    char *words = NULL;
    if (asprintf (&words, "WITHDRAWN: %s\n\nWhat was withdrawn:\n\n", reason) < 0)
        abort ();
    if (title)
        put_first (title, body, "WITHDRAWN: ");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct field *text = previous_field (schema, texts[i], FIELD_TEXT);
        if (text) {
            put_first (text, body, words);
            break;
        }
    }
    free (words);
    json_object_set_new (body, "status", json_string (WITHDRAWN));
    json_object_del (body, "actions"); /* it asks nothing any more */
}

/* Why, from the option or from who sits there; NULL: nobody said it. Returns owned. */
static char *reason_of (struct call *call)
{
    const char *given = args_text (&call->args, "reason");
    char *text = given ? strdup (given) : NULL;
    if (!given)
        text = prompt_line ("Why is it withdrawn? Every reader sees this first.");
    if (text && !*text) {
        free (text);
        text = NULL;
    }
    return text;
}

static int withdraw (struct call *call, const char *id, const struct fetched *fetched,
                     const char *reason)
{
    char why[WHY_MAX];
    struct post post;
    const struct schema *schema;
    const char *by = args_text (&call->args, "by");
    json_t *document = previous_document (call, &fetched->record.e);
    int code = post_schema (call, json_string_value (json_object_get (document, "kind")), &schema,
                            why, sizeof why);
    if (code != EXIT_DONE || !can_be_withdrawn (schema)) {
        json_decref (document);
        return code != EXIT_DONE ? refused ("%s", why) : cannot (schema, id);
    }
    previous_revise (schema, &fetched->record.e, document);
    say_why (schema, json_object_get (document, "body"), reason);
    if (by)
        json_object_set_new (document, "by", json_string (by));
    code = post_split (&post, id, document);
    if (code == EXIT_DONE)
        code = post_send (call, &post);
    post_free (&post);
    return code;
}

static int run (struct call *call)
{
    struct fetched fetched;
    const char *id = call->args.operands[0], *given = args_text (&call->args, "reason");
    bool ask = prompt_possible () && !call->json && !args_flag (&call->args, "yes");
    if (given ? !*given : !ask)
        return usage (call, NO_REASON);
    if (given && !span_utf8 (span_of (given)))
        return usage (call, "--reason: not UTF-8");
    int code = previous_own (call, id, "withdrawn", &fetched);
    char *reason = code == EXIT_DONE ? reason_of (call) : NULL;
    if (code == EXIT_DONE)
        code = reason ? withdraw (call, id, &fetched, reason) : refused (NO_REASON);
    free (reason);
    fetch_free (&fetched);
    return code;
}

const struct command command_withdraw = {
    .name = "withdraw",
    .group = GROUP_SEND,
    .operands = "ID [--reason TEXT]",
    .least = 1,
    .most = 1,
    .summary = "take an own message back: whoever got it is told, and why",
    .about =
        "ID is an own message, by its id, its number or its code. The withdrawal is a message to\n"
        "the same parties, with the same TLP and number and ahead of other traffic; it begins\n"
        "with the reason, holds the old text, and asks for no action. Nothing can be made\n"
        "unread: whoever looks at the old one is told that it was withdrawn. Kinds that have no\n"
        "status \"withdrawn\" cannot be: a report of an incident gets an update instead.",
    .options = options,
    .run = run,
};
