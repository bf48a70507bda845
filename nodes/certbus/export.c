/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/fetch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bus/edge/keys.h"

static const struct option_row options[] = {
    { "out", 'o', false, "FILE", "where it goes, - for standard output (default: ID.certbus)" },
    { NULL, 0, false, NULL, NULL },
};

static int write_out (const struct call *call, const struct envelope *e, struct span bytes)
{
    char why[WHY_MAX], id[ID_TEXT], name[ID_TEXT + 16];
    const char *path = args_text (&call->args, "out");
    if (path && strcmp (path, "-") == 0) {
        if (isatty (STDOUT_FILENO))
            return refused ("the message is not for a terminal; use --out FILE");
        fwrite (bytes.data, 1, bytes.size, stdout);
        return EXIT_DONE;
    }
    msg_id_text (&e->id, id);
    snprintf (name, sizeof name, "%s.certbus", id);
    for (char *at = name; *at; at++)
        if (*at == '/')
            *at = '_';
    if (!path)
        path = name;
    if (file_write (path, bytes, false, args_flag (&call->args, "out"), why, sizeof why) != 0)
        return refused ("%s", why);
    if (call->json)
        say_json (json_pack ("{s:s, s:s}", "id", id, "file", path), true);
    else
        say ("%s  anyone with certbus checks it with: certbus verify %s --root CODE\n", path, path);
    return EXIT_DONE;
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    const char *id = call->args.operands[0];
    struct fetched fetched;
    struct fetched_chain chain = { .directory = NULL };
    int code = fetch (call, id, &fetched);
    if (code == EXIT_DONE && !fetched.record.whole)
        code = refused ("%s: is no longer kept here; only its hash is", line_text (id).text);
    if (code == EXIT_DONE) {
        code = fetch_chain (call, fetched.record.e.credential, &chain, why, sizeof why);
        if (code != EXIT_DONE)
            complain ("%s", why);
    }
    if (code == EXIT_DONE) {
        struct pack_out out;
        pack_init (&out);
        chain.evidence.envelope = fetched.record.envelope;
        evidence_pack (&out, &chain.evidence);
        code = write_out (call, &fetched.record.e, pack_result (&out));
        pack_free (&out);
    }
    fetch_chain_free (&chain);
    fetch_free (&fetched);
    return code;
}

const struct command command_export = {
    .name = "export",
    .group = GROUP_READ,
    .operands = "ID",
    .least = 1,
    .most = 1,
    .summary = "write a message with its proof into a file that can be checked anywhere",
    .about = "The file has the message, the credentials from its signer up to the root, and the\n"
             "root file. It is not encrypted: its TLP counts for it wherever it goes.",
    .options = options,
    .run = run,
};
