/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/attach.h"
#include "nodes/certbus/compose.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "bus/edge/json.h"
#include "bus/edge/keys.h"
#include "nodes/certbus/csaf.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/previous.h"
#include "nodes/certbus/prompt.h"

static const struct option_row options[] = {
    { "kind", 'k', false, "KIND", "what it is (default: advisory)" },
    POST_OPTIONS,
    POST_NUMBER,
    ATTACH_OPTION,
    { "from", 0, false, "PREVIOUS", "begin with an earlier message: its id, number or code" },
    { "draft", 0, false, "FILE", "write in this file, or go on with it" },
    { "csaf", 0, false, "FILE", "an advisory in CSAF 2.0 instead of a document" },
    { "severity", 0, false, "S1..S5", "for --csaf: instead of what it says" },
    { "url", 0, false, "URL", "for --csaf: where the original can be fetched" },
    { NULL, 0, false, NULL, NULL },
};

/* The last part of a path, as a receiver should see it. Returns owned. */
static char *file_name (const char *path)
{
    char *copy = strdup (path), *name = copy ? strdup (basename (copy)) : NULL;
    free (copy);
    if (!name)
        abort ();
    return name;
}

static int load_csaf (struct call *call, const char *path, struct post *post)
{
    char why[WHY_MAX];
    struct span bytes = { 0 };
    char *name = file_name (path);
    struct csaf_options csaf = { .severity = args_text (&call->args, "severity"),
                                 .url = args_text (&call->args, "url"),
                                 .name = name };
    json_t *document = NULL, *body = NULL;
    const char *label = args_text (&call->args, "tlp");
    unsigned said = 0;
    int code;
    if (label && !post_tlp (label, &csaf.tlp, why, sizeof why)) {
        code = usage (call, "--%s", why);
        goto done;
    }
    if (file_read (path, JSON_DOCUMENT_MAX, &bytes, why, sizeof why) != 0) {
        code = refused ("%s", why);
        goto done;
    }
    csaf.original = bytes;
    document = json_read_document (bytes, path, why, sizeof why);
    if (document)
        body = csaf_to_advisory (document, &csaf, &said, why, sizeof why);
    if (!body) {
        code = document ? refused ("%s: %s", path, why) : refused ("%s", why);
        goto done;
    }
    post_start (post, path, body);
    post->kind = "advisory";
    post->tlp = said;
    code = EXIT_DONE;
done:
    json_decref (document);
    span_free (&bytes);
    free (name);
    return code;
}

/* --- In an editor ------------------------------------------------------------------------ */

/* What options say stands in the editor, and what is there counts. */
static int put_options (struct call *call, json_t *document)
{
    static const char *const names[] = { "tlp",    "precedence", "mode", "exercise",
                                         "thread", "replaces",   "by",   "expires" };
    struct post checked = { .precedence = -1 };
    int code = post_options (&checked, call);
    if (code != EXIT_DONE)
        return code;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = args_text (&call->args, names[i]);
        if (text && strcmp (names[i], "expires") == 0)
            json_object_set_new (document, names[i], json_time (checked.expires));
        else if (text)
            json_object_set_new (document, names[i], json_string (text));
    }
    json_t *to = json_array ();
    for (size_t i = 0; i < checked.to_count; i++)
        json_array_append_new (to, json_string (checked.to[i]));
    if (checked.to_count)
        json_object_set (document, "to", to);
    json_decref (to);
    return EXIT_DONE;
}

static int put_number (struct call *call, json_t *body)
{
    const char *number = args_text (&call->args, "number");
    if (!number)
        return EXIT_DONE;
    if (!*number || !span_utf8 (span_of (number)))
        return usage (call, "--number: a text expected");
    json_object_set_new (body, "number", json_string (number));
    return EXIT_DONE;
}

/* An advisory for which nothing else is said goes to the party's own subtree. */
static int default_to (struct call *call, json_t *document, const char *kind)
{
    struct party_name party;
    if (json_object_get (document, "to") || strcmp (kind, "advisory") != 0)
        return EXIT_DONE;
    int code = post_party (call, &party);
    if (code == EXIT_DONE)
        json_object_set_new (document, "to", json_pack ("[s+]", party.text, ".**"));
    return code;
}

static int start_of (struct call *call, const char *previous, json_t **document)
{
    char why[WHY_MAX];
    struct fetched fetched = { 0 };
    const struct schema *schema;
    *document = NULL;
    if (!previous) {
        *document = json_pack ("{s{}}", "body");
        return EXIT_DONE;
    }
    int code = fetch (call, previous, &fetched);
    if (code == EXIT_DONE && !fetched.record.whole)
        code = refused ("%s: its text is not kept here", line_text (previous).text);
    if (code == EXIT_DONE) {
        *document = previous_document (call, &fetched.record.e);
        code = post_schema (call, json_string_value (json_object_get (*document, "kind")), &schema,
                            why, sizeof why);
        if (code != EXIT_DONE)
            complain ("%s", why);
        else
            previous_forget (schema, *document, day_here ().now);
    }
    fetch_free (&fetched);
    return code;
}

static int write_one (struct call *call)
{
    const char *kind = args_text (&call->args, "kind"), *from = args_text (&call->args, "from");
    json_t *document = NULL;
    if (args_flag (&call->args, "severity") || args_flag (&call->args, "url"))
        return usage (call, "publish: --severity and --url belong to --csaf");
    if (!prompt_possible ())
        return usage (call, "publish: one document expected: FILE, or --csaf FILE; without one it "
                            "is written in an editor, which needs a terminal");
    int code = start_of (call, from, &document);
    if (code == EXIT_DONE && !kind)
        kind = json_string_value (json_object_get (document, "kind"));
    if (!kind)
        kind = "advisory";
    if (code == EXIT_DONE)
        code = put_options (call, document);
    if (code == EXIT_DONE)
        code = put_number (call, json_object_get (document, "body"));
    if (code == EXIT_DONE)
        code = default_to (call, document, kind);
    if (code == EXIT_DONE) {
        json_object_set_new (document, "kind", json_string (kind));
        struct compose how = { .kind = json_string_value (json_object_get (document, "kind")),
                               .start = document,
                               .draft = args_text (&call->args, "draft"),
                               .attach = true };
        code = compose (call, &how);
    }
    json_decref (document);
    return code;
}

/* --- From a file ------------------------------------------------------------------------- */

static int load (struct call *call, struct post *post)
{
    const char *csaf = args_text (&call->args, "csaf"), *kind = args_text (&call->args, "kind");
    *post = (struct post){ .document = NULL };
    if (csaf && call->args.operand_count == 1)
        return usage (call, "publish: one document expected: FILE, or --csaf FILE");
    if (args_flag (&call->args, "from") || args_flag (&call->args, "draft"))
        return usage (call, "publish: --from and --draft are for the editor, without a document");
    if (!csaf && (args_flag (&call->args, "severity") || args_flag (&call->args, "url")))
        return usage (call, "publish: --severity and --url belong to --csaf");
    if (csaf && kind && strcmp (kind, "advisory") != 0)
        return usage (call, "publish: a CSAF document becomes an advisory, not '%s'", kind);
    int code =
        csaf ? load_csaf (call, csaf, post) : compose_load (call, call->args.operands[0], post);
    if (code == EXIT_DONE && !csaf && kind)
        post->kind = kind;
    if (code == EXIT_DONE && !post->kind)
        post->kind = "advisory";
    return code == EXIT_DONE ? put_number (call, post->body) : code;
}

static int send_one (struct call *call)
{
    struct post post;
    struct party_name party;
    char own[TERM_MAX + 1];
    int code = load (call, &post);
    /* The label of a CSAF document was weighed against --tlp already. */
    unsigned tlp = code == EXIT_DONE ? post.tlp : 0;
    if (code == EXIT_DONE)
        code = post_options (&post, call);
    if (args_flag (&call->args, "csaf"))
        post.tlp = tlp;
    if (code == EXIT_DONE && !post.to_count && strcmp (post.kind, "advisory") == 0) {
        code = post_party (call, &party);
        snprintf (own, sizeof own, "%s.**", party.text);
        post_default_to (&post, own);
    }
    if (code == EXIT_DONE)
        code = attach_add_to_body (call, &post);
    if (code == EXIT_DONE)
        code = post_send (call, &post);
    post_free (&post);
    return code;
}

static int run (struct call *call)
{
    bool written = call->args.operand_count == 0 && !args_flag (&call->args, "csaf");
    return written ? write_one (call) : send_one (call);
}

const struct command command_publish = {
    .name = "publish",
    .group = GROUP_SEND,
    .operands = "[FILE.json | --csaf FILE]",
    .most = 1,
    .summary = "sign a message and send it on its way",
    .about =
        "Without a FILE your editor opens ($VISUAL, $EDITOR) on a form that explains itself; what\n"
        "is wrong opens it again, with the reason on top. What you write is kept until the broker\n"
        "has it, and offered the next time. --from begins with an earlier message.\n"
        "\n"
        "FILE is what the editor left, or JSON: the body of the message, or an object that has\n"
        "the rest too:\n"
        "\n"
        "  {\"kind\": \"advisory\", \"tlp\": \"TLP:GREEN\", \"to\": [\"pk.**\"], \"body\": {...}}\n"
        "\n"
        "Beside \"body\" may stand kind, tlp, to, precedence, mode, exercise, thread, replaces,\n"
        "by, expires and may_climb_to. Options count more. \"-\" reads standard input.\n"
        "An advisory for which nothing else is said goes to the party's own subtree. A TLP is\n"
        "always required. The kinds and their fields are the files in schemas/. A document that\n"
        "is numbered and has no number gets the party's next one.\n"
        "\n"
        "On a terminal you see what would leave and to whom, and say yes; --yes says so for you.\n"
        "The same document is not sent twice by mistake: --again does.\n"
        "\n"
        "When it is printed, the message is on this broker's disk and will reach everyone it is\n"
        "for; `certbus show ID` says how far it is.",
    .options = options,
    .run = run,
};
