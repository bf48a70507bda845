/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/post.h"

#include <string.h>

static const struct option_row options[] = {
    POST_OPTIONS,
    { NULL, 0, false, NULL, NULL },
};

static int run (struct call *call)
{
    struct post post;
    struct party_name party;
    char own[TERM_MAX + 1], parent[PARTY_MAX + 1] = "";
    int code = post_load (&post, call->args.operands[0]);
    if (code == EXIT_DONE && post.kind && strcmp (post.kind, "contact") != 0)
        code = refused ("%s: of kind '%s', not contact", post.name, line_text (post.kind).text);
    if (code == EXIT_DONE)
        code = post_options (&post, call);
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

const struct command command_contact = {
    .name = "contact",
    .group = GROUP_SEND,
    .operands = "FILE.json",
    .least = 1,
    .most = 1,
    .summary = "say how this party is reached: endpoints and duty telephone",
    .about = "It goes to the party above and to all parties below, whose brokers connect to the\n"
             "endpoints that it names. The newest counts. Without a TLP it is TLP:GREEN.",
    .options = options,
    .run = run,
};
