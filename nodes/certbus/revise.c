/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "bus/edge/json.h"
#include "nodes/certbus/attach.h"
#include "nodes/certbus/compose.h"
#include "nodes/certbus/previous.h"
#include "nodes/certbus/prompt.h"

static const struct option_row options[] = {
    { "file", 0, false, "FILE", "the new text, instead of an editor (as the second operand)" },
    { "changes", 0, false, "TEXT", "what changed, in a few words: a note in the new text" },
    { "attach", 0, true, "FILE", "a file that goes with it, new or instead of one of its name" },
    { "draft", 0, false, "FILE", "write in this file, or go on with it" },
    { "by", 0, false, "OFFICER", "who answers for it" },
    { "yes", 'y', false, NULL, "send it without asking, for scripts" },
    { "again", 0, false, NULL, "send it although the same was sent before" },
    { "dry-run", 'n', false, NULL, "say who would get it, and why others not; send nothing" },
    { NULL, 0, false, NULL, NULL },
};

/* What changed, from the option or from who sits there; NULL: nothing is said. Returns owned. */
static char *changes (struct call *call, bool ask)
{
    const char *given = args_text (&call->args, "changes");
    char *text = given ? strdup (given) : NULL;
    if (!given && ask)
        text = prompt_line ("What changed, in a few words? (Enter: nothing is said about it)");
    if (text && !*text) {
        free (text);
        text = NULL;
    }
    return text;
}

/* A section at the front, where the kind has sections. */
static void add_note (const struct schema *schema, json_t *body, const char *text)
{
    const struct field *notes = previous_field (schema, "notes", FIELD_RECORD);
    const char *revision = json_string_value (json_object_get (body, "revision"));
    json_t *list = json_object_get (body, "notes");
    char title[80];
    if (!notes || !notes->list || json_array_size (list) >= notes->list_max)
        return;
    snprintf (title, sizeof title, "What changed in revision %.30s", revision ? revision : "");
    if (!list) {
        list = json_array ();
        json_object_set_new (body, "notes", list);
    }
    json_array_insert_new (list, 0, json_pack ("{ssss}", "title", title, "text", text));
}

/* What a revision may not change. */
static json_t *fixed_of (const json_t *document)
{
    static const char *const names[] = { "kind", "tlp", "to", "replaces", "thread" };
    json_t *fixed = json_object ();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (json_object_get (document, names[i]))
            json_object_set (fixed, names[i], json_object_get (document, names[i]));
    json_t *number = json_object_get (json_object_get (document, "body"), "number");
    if (number)
        json_object_set (fixed, "number", number);
    return fixed;
}

/* The files stay unless the new text says otherwise; an empty list says that none does. */
static void keep_files (json_t *files, json_t *body)
{
    json_t *given = json_object_get (body, "attachments");
    if (!given && files)
        json_object_set (body, "attachments", files);
    else if (given && json_array_size (given) == 0)
        json_object_del (body, "attachments");
}

/* A file has the new text; all else is as it was. */
static int from_file (struct call *call, const char *path, const struct schema *schema,
                      json_t *document)
{
    struct post given, post;
    int code = compose_load (call, path, &given);
    if (code != EXIT_DONE)
        return code;
    json_t *before = json_object_get (document, "body");
    json_t *body = json_deep_copy (given.body);
    const char *number = json_string_value (json_object_get (before, "number"));
    const char *revision = json_string_value (json_object_get (before, "revision"));
    if (number)
        json_object_set_new (body, "number", json_string (number));
    if (revision && !json_object_get (body, "revision"))
        json_object_set_new (body, "revision", json_string (revision));
    keep_files (json_object_get (before, "attachments"), body);
    char *text = changes (call, false);
    if (text)
        add_note (schema, body, text);
    free (text);
    post_free (&given);
    json_object_set_new (document, "body", body);
    code = post_split (&post, path, json_incref (document));
    if (code == EXIT_DONE)
        code = attach_add_to_body (call, &post);
    if (code == EXIT_DONE)
        code = post_send (call, &post);
    post_free (&post);
    return code;
}

static int in_editor (struct call *call, const struct schema *schema, json_t *document)
{
    if (!prompt_possible ())
        return usage (call, "revise: without a terminal a FILE with the new text is needed");
    char *text = changes (call, true);
    if (text)
        add_note (schema, json_object_get (document, "body"), text);
    free (text);
    json_t *fixed = fixed_of (document);
    struct compose how = { .kind = schema->kind,
                           .start = document,
                           .draft = args_text (&call->args, "draft"),
                           .attach = true,
                           .fixed = fixed };
    int code = compose (call, &how);
    json_decref (fixed);
    return code;
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    struct fetched fetched;
    const struct schema *schema;
    const char *file = args_text (&call->args, "file"), *by = args_text (&call->args, "by");
    if (call->args.operand_count == 2 && file)
        return usage (call, "revise: --file FILE or a second operand, not both");
    if (call->args.operand_count == 2)
        file = call->args.operands[1];
    int code = previous_own (call, call->args.operands[0], "revised", &fetched);
    json_t *document = NULL;
    if (code == EXIT_DONE) {
        document = previous_document (call, &fetched.record.e);
        const char *kind = json_string_value (json_object_get (document, "kind"));
        code = post_schema (call, kind, &schema, why, sizeof why);
        if (code != EXIT_DONE)
            complain ("%s", why);
    }
    if (code == EXIT_DONE) {
        previous_revise (schema, &fetched.record.e, document);
        if (by)
            json_object_set_new (document, "by", json_string (by));
        code = file ? from_file (call, file, schema, document) : in_editor (call, schema, document);
    }
    json_decref (document);
    fetch_free (&fetched);
    return code;
}

const struct command command_revise = {
    .name = "revise",
    .group = GROUP_SEND,
    .operands = "ID [FILE]",
    .least = 1,
    .most = 2,
    .summary = "put a corrected message in the place of an earlier one",
    .about =
        "ID is an own message, by its id, its number or its code. Its text opens in your editor,\n"
        "as `publish` does it; FILE (JSON, or the form of the editor) has the new text instead.\n"
        "The new message goes to the same parties with the same TLP and the same number, ahead\n"
        "of other traffic, and its revision is counted up. Whoever looks at the old one is told\n"
        "that it was replaced. Its files stay with it, and are not sent again.",
    .options = options,
    .run = run,
};
