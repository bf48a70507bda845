/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/evidence.h"
#include "nodes/certbus/request.h"
#include "nodes/certbus/rootdir.h"

#include "bus/edge/log.h"

#include <string.h>

static const struct option_row options[] = {
    { "yes", 'y', false, NULL, "the code has been compared: do not ask" },
    { "out", 'o', false, "FILE", "where the result goes (default: NAME-N.countersigned)" },
    { NULL, 0, false, NULL, NULL },
};

/* By the chain in the file, under the root in DIR: nothing else is known here. */
static int judge (const struct root_dir *dir, const struct proposal *p, const char *file)
{
    char why[WHY_MAX], detail[ENROL_DETAIL];
    struct root_file root;
    if (root_parse (&root, p->root) != CB_OK || !hash_equal (&root.st.hash, &dir->root.st.hash))
        return refused ("%s: is under another root than %s/root (other-root)", file, dir->path);
    struct directory *directory = chain_open (p->root, p->chain, p->chain_count, why, sizeof why);
    if (!directory)
        return refused ("%s: %s", file, why);
    enum cb_reason reason =
        proposal_may_countersign (directory, (struct span){ NULL, 0 }, p, clock_utc (), detail);
    int code = reason == CB_OK ? EXIT_DONE
                               : refused ("%s: %s%s%s (%s)", file, cb_reason_text (reason),
                                          *detail ? ": " : "", detail, cb_reason_name (reason));
    directory_free (&directory);
    return code;
}

/* With the threshold of keys, onto what the issuer has signed. */
static bool sign (const struct root_dir *dir, const struct statement *st, struct pack_out *out)
{
    struct statement now = *st;
    struct pack_out steps[ROOT_KEYS_MAX];
    size_t made = 0;
    bool good = true;
    for (; good && made < dir->root.threshold; made++) {
        struct hash signer;
        memcpy (signer.bytes, dir->keys[made].public, HASH_SIZE);
        struct statement_sig sig =
            statement_sign (st->body, CB_PURPOSE_COUNTERSIGN, &signer, dir->keys[made].secret);
        pack_init (&steps[made]);
        good = statement_add (&steps[made], &now, &sig) &&
               statement_parse (&now, pack_result (&steps[made]));
    }
    if (good)
        pack_put_raw (out, now.bytes);
    while (made)
        pack_free (&steps[--made]);
    return good;
}

static int countersign (struct call *call, const struct root_dir *dir,
                        const struct request *request)
{
    struct path path;
    struct offer offer;
    struct pack_out credential, proposal;
    char next[2 * PATH_TEXT];
    const char *file = call->args.operands[1];
    if (!request->p)
        return refused ("%s: a request alone; the top party makes what is countersigned: certbus "
                        "enrol REQUEST --again",
                        file);
    offer_of (&offer, request->p);
    offer.question = COUNTERSIGN_QUESTION;
    int code = judge (dir, request->p, file);
    if (code == EXIT_DONE)
        code =
            request_out (call, request->e.name, request->p->c.generation, "countersigned", &path);
    if (code == EXIT_DONE)
        code = request_confirm (call, request, &offer);
    if (code != EXIT_DONE)
        return code;
    struct proposal made = *request->p;
    pack_init (&credential);
    pack_init (&proposal);
    if (sign (dir, &made.c.st, &credential)) {
        made.credential = pack_result (&credential);
        proposal_pack (&proposal, &made);
        snprintf (next, sizeof next, COUNTERSIGN_NEXT,
                  line_of (party_parent (request->e.name)).text, path.text);
        code = proposal_finish (call, request, &path, pack_result (&proposal), next);
    } else {
        code = refused ("%s: it has too many signatures", file);
    }
    pack_free (&credential);
    pack_free (&proposal);
    return code;
}

static int run (struct call *call)
{
    struct root_dir dir;
    struct request request;
    int code = request_load (&request, call->args.operands[1]);
    if (code != EXIT_DONE)
        return code;
    code = root_open (&dir, call->args.operands[0]);
    if (code == EXIT_DONE) {
        code = countersign (call, &dir, &request);
        root_close (&dir);
    }
    request_free (&request);
    return code;
}

const struct command command_root_countersign = {
    .name = "root countersign",
    .group = GROUP_SETUP,
    .operands = "DIR PROPOSAL",
    .least = 2,
    .most = 2,
    .summary = "agree that a party right below the top is enrolled again (offline)",
    .about =
        "As `certbus countersign`, with the root keys in DIR: above the top party there is nobody\n"
        "else. Judged by the chain in the file, without any network.",
    .options = options,
    .run = run,
};
