/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/attach.h"

#include <string.h>

static const struct option_row options[] = {
    { "flash", 'f', false, NULL, "the same as --precedence flash" },
    POST_OPTIONS,
    ATTACH_OPTION,
    { NULL, 0, false, NULL, NULL },
};

/* The parties above, nearest first. */
struct above {
    size_t count;
    char names[PARTY_LABELS][PARTY_MAX + 1];
};

static struct above parties_above (const char *party)
{
    struct above above = { 0 };
    for (struct span at = party_parent (span_of (party)); at.size; at = party_parent (at))
        span_text (at, above.names[above.count++], sizeof above.names[0]);
    return above;
}

static int address (struct call *call, struct post *post, struct above *above)
{
    struct party_name party;
    /* All but the nearest learn of it only with the reporter's consent. */
    bool consent = json_is_true (json_object_get (post->body, "consent"));
    if (post->to_count && (post->climb || !consent))
        return EXIT_DONE;
    int code = post_party (call, &party);
    if (code != EXIT_DONE)
        return code;
    *above = parties_above (party.text);
    if (!above->count && !post->to_count)
        return refused ("%s is the top of its tree; say with --to whom it reports to", party.text);
    if (consent && !post->climb && above->count)
        post->climb = above->names[above->count - 1];
    if (!post->to_count)
        for (size_t i = 0; i < (consent ? above->count : 1); i++)
            post_default_to (post, above->names[i]);
    return EXIT_DONE;
}

static int run (struct call *call)
{
    struct post post;
    struct above above = { 0 };
    int code = post_load (&post, call->args.operands[0]);
    if (code == EXIT_DONE && post.kind && strcmp (post.kind, "incident") != 0)
        code = refused ("%s: `report` sends incidents; use `certbus publish` for '%s'", post.name,
                        line_text (post.kind).text);
    if (code == EXIT_DONE)
        code = post_options (&post, call);
    if (code == EXIT_DONE && args_flag (&call->args, "flash")) {
        if (args_flag (&call->args, "precedence"))
            code = usage (call, "report: --flash or --precedence, not both");
        post.precedence = CB_LANE_FLASH;
    }
    post.kind = "incident";
    if (!post.tlp)
        post.tlp = CB_TLP_AMBER;
    if (code == EXIT_DONE)
        code = address (call, &post, &above);
    if (code == EXIT_DONE)
        code = attach_add_to_body (call, &post);
    if (code == EXIT_DONE)
        code = post_send (call, &post);
    post_free (&post);
    return code;
}

const struct command command_report = {
    .name = "report",
    .group = GROUP_SEND,
    .operands = "FILE.json",
    .least = 1,
    .most = 1,
    .summary = "report an incident to the CERT above",
    .about =
        "Takes what `publish` takes, of kind incident. It goes to the party right above; with\n"
        "\"consent\": true in the report to all parties above, and may climb to the top. Without "
        "a\n"
        "TLP it is TLP:AMBER. The report is safe on this broker's disk when it is printed, also\n"
        "while the CERT above is away: it leaves as soon as there is a way.",
    .options = options,
    .run = run,
};
