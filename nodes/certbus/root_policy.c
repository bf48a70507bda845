/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/rootdir.h"

#include <inttypes.h>

static const struct option_row options[] = {
    { "out", 'o', false, "FILE", "where the signed policy goes (default: policy-VERSION)" },
    { NULL, 0, false, NULL, NULL },
};

static int run (struct call *call)
{
    char why[WHY_MAX], name[64], code_text[CODE_TEXT];
    struct root_dir dir;
    struct pack_out out;
    struct statement st;
    uint32_t version = 0;
    int code = root_open (&dir, call->args.operands[0]);
    if (code != EXIT_DONE)
        return code;
    pack_init (&out);
    code = root_sign_policy (&dir, call->args.operands[1], &out, &version);
    const char *path = args_text (&call->args, "out");
    if (!path) {
        snprintf (name, sizeof name, "policy-%" PRIu32, version);
        path = name;
    }
    if (code == EXIT_DONE)
        code = root_keep_policy (&dir, pack_result (&out));
    if (code == EXIT_DONE &&
        file_write (path, pack_result (&out), false, true, why, sizeof why) != 0)
        code = refused ("%s", why);
    if (code == EXIT_DONE) {
        statement_parse (&st, pack_result (&out));
        hash_code (&st.hash, code_text);
        if (call->json)
            say_json (json_pack ("{s:s, s:s, s:I}", "file", path, "code", code_text, "version",
                                 (json_int_t) version),
                      true);
        else
            say ("%s  version %" PRIu32
                 "  code %s\nThe top party sends it with: certbus policy %s\n",
                 path, version, code_text, path);
    }
    pack_free (&out);
    root_close (&dir);
    return code;
}

const struct command command_root_policy = {
    .name = "root policy",
    .group = GROUP_SETUP,
    .operands = "DIR FILE.cfg",
    .least = 2,
    .most = 2,
    .summary = "sign the next version of the policy (offline)",
    .about = "DIR has the root file and enough of its keys. Versions only increase: every broker\n"
             "keeps the highest that it has seen.",
    .options = options,
    .run = run,
};
