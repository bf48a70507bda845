/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/attach.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "bus/edge/json.h"
#include "bus/edge/keys.h"
#include "nodes/certbus/csaf.h"

static const struct option_row options[] = {
    { "kind", 'k', false, "KIND", "what it is (default: advisory)" },
    POST_OPTIONS,
    ATTACH_OPTION,
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

static int load (struct call *call, struct post *post)
{
    const char *csaf = args_text (&call->args, "csaf"), *kind = args_text (&call->args, "kind");
    *post = (struct post){ .document = NULL };
    if ((csaf != NULL) == (call->args.operand_count == 1))
        return usage (call, "publish: one document expected: FILE.json, or --csaf FILE");
    if (!csaf && (args_flag (&call->args, "severity") || args_flag (&call->args, "url")))
        return usage (call, "publish: --severity and --url belong to --csaf");
    if (csaf && kind && strcmp (kind, "advisory") != 0)
        return usage (call, "publish: a CSAF document becomes an advisory, not '%s'", kind);
    int code = csaf ? load_csaf (call, csaf, post) : post_load (post, call->args.operands[0]);
    if (code == EXIT_DONE && !csaf && kind)
        post->kind = kind;
    if (code == EXIT_DONE && !post->kind)
        post->kind = "advisory";
    return code;
}

static int run (struct call *call)
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

const struct command command_publish = {
    .name = "publish",
    .group = GROUP_SEND,
    .operands = "FILE.json | --csaf FILE",
    .most = 1,
    .summary = "sign a message and send it on its way",
    .about =
        "The document is the body of the message as JSON, or an object that has the rest too:\n"
        "\n"
        "  {\"kind\": \"advisory\", \"tlp\": \"TLP:GREEN\", \"to\": [\"pk.**\"], \"body\": {...}}\n"
        "\n"
        "Beside \"body\" may stand kind, tlp, to, precedence, mode, exercise, thread, replaces,\n"
        "by, expires and may_climb_to. Options count more. \"-\" reads standard input.\n"
        "An advisory for which nothing else is said goes to the party's own subtree. A TLP is\n"
        "always required. The kinds and their fields are the files in schemas/.\n"
        "\n"
        "When it is printed, the message is on this broker's disk and will reach everyone it is\n"
        "for; `certbus show ID` says how far it is.",
    .options = options,
    .run = run,
};
