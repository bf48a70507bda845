/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/rootdir.h"

#include <stdlib.h>
#include <string.h>

#include "bus/core/policy.h"
#include "bus/edge/log.h"
#include "nodes/certbus/request.h"

#define DAY_MS       INT64_C (86400000)
#define DAYS_DEFAULT 3650
#define DAYS_MAX     36500
#define CHILDREN_TOP 100000

static const struct option_row options[] = {
    { "policy", 'p', false, "FILE.cfg", "the policy that the hierarchy starts with (required)" },
    { "role", 0, false, "ROLE", "of the top party (default: national)" },
    { "sector", 's', true, "S", "a sector that the top party belongs to itself" },
    { "title", 0, false, "TITLE", "instead of the one in the request" },
    { "days", 0, false, "N", "how long the credential is valid (default: 3650)" },
    { "yes", 'y', false, NULL, "the code has been compared: do not ask" },
    { "out", 'o', false, "FILE", "where the credential goes (default: NAME.credential)" },
    { NULL, 0, false, NULL, NULL },
};

static int by_bytes (const void *a, const void *b)
{
    return span_compare (*(const struct span *) a, *(const struct span *) b);
}

static int read_sectors (const struct call *call, struct labels *sectors)
{
    size_t count = args_count (&call->args, "sector");
    if (count > SECTORS_MAX)
        return usage (call, "--sector: at most %d", SECTORS_MAX);
    for (size_t i = 0; i < count; i++) {
        sectors->at[i] = span_of (args_nth (&call->args, "sector", i));
        if (!label_valid (sectors->at[i]))
            return usage (call, "--sector: '%s' is no label", args_nth (&call->args, "sector", i));
    }
    sectors->count = count;
    qsort (sectors->at, count, sizeof sectors->at[0], by_bytes);
    return EXIT_DONE;
}

/* The top party may grant whatever the policy has, as deep as names go. */
static void fill (struct credential *c, const struct request *request, int64_t days)
{
    const struct enrolment *e = &request->e;
    c->name = e->name;
    c->sign_key = e->sign_key;
    c->seal_key = e->seal_x25519;
    c->link_key = e->link_x25519;
    c->generation = 1;
    c->issued = clock_utc ();
    c->not_before = c->issued;
    c->not_after = c->issued + days * DAY_MS;
    c->may.roles = c->may.sectors = (struct labels){ .count = 1, .at = { span_of ("*") } };
    c->may.children = CHILDREN_TOP;
    c->may.depth = PARTY_LABELS - 1;
    c->may.latest = c->not_after;
}

static int check (const struct call *call, const struct root_dir *dir,
                  const struct request *request, const struct credential *c)
{
    if (!span_equal (request->e.name, dir->root.top))
        return refused ("the request is by %s; these root keys enrol only the top, " SPAN_FMT
                        ". Its parent enrols it: certbus enrol",
                        line_of (request->e.name).text, SPAN_ARG (dir->root.top));
    if (request->e.previous)
        return refused (
            "the request succeeds an earlier credential; this version enrols anew only");
    if (!label_valid (c->role))
        return usage (call, "--role: '%s' is no label", args_text (&call->args, "role"));
    if (c->title.size < 1 || c->title.size > TITLE_MAX)
        return usage (call, "--title: 1 to %d bytes expected", TITLE_MAX);
    return EXIT_DONE;
}

/* A role that the policy does not have could send nothing. */
static int check_policy (const struct credential *c, struct span statement, const char *file)
{
    struct policy *policy = malloc (sizeof *policy);
    if (!policy)
        abort ();
    int code = EXIT_DONE;
    if (!policy_parse (policy, statement))
        code = refused ("%s: no broker would take this policy", file);
    else if (!labels_have (&policy->roles, c->role))
        code = refused ("%s: has no role '%s'; name the top party's with --role", file,
                        line_of (c->role).text);
    for (size_t i = 0; code == EXIT_DONE && i < c->sectors.count; i++) {
        size_t at = 0;
        while (at < policy->sector_count &&
               !span_equal (policy->sectors[at].sector, c->sectors.at[i]))
            at++;
        if (at == policy->sector_count)
            code = refused ("%s: has no sector '%s'", file, line_of (c->sectors.at[i]).text);
    }
    free (policy);
    return code;
}

/* What can be refused is refused before the phone call. */
static int confirm (const struct call *call, const struct root_dir *dir,
                    const struct request *request, const struct credential *c, struct path *path,
                    struct pack_out *policy)
{
    uint32_t version;
    const char *file = args_text (&call->args, "policy");
    struct offer offer = {
        .role = c->role, .sectors = c->sectors, .may = c->may, .until = c->not_after
    };
    int code = check (call, dir, request, c);
    if (code == EXIT_DONE)
        code = request_out (call, request->e.name, 1, "credential", path);
    if (code == EXIT_DONE)
        code = root_sign_policy (dir, file, policy, &version);
    if (code == EXIT_DONE)
        code = check_policy (c, pack_result (policy), file);
    return code == EXIT_DONE ? request_confirm (call, request, &offer) : code;
}

static int sign (const struct call *call, const struct root_dir *dir, const struct request *request,
                 const struct credential *c)
{
    struct path path;
    struct pack_out policy, body, statement, bundle;
    pack_init (&policy);
    pack_init (&body);
    pack_init (&statement);
    pack_init (&bundle);
    int code = confirm (call, dir, request, c, &path, &policy);
    if (code == EXIT_DONE)
        code = root_keep_policy (dir, pack_result (&policy));
    if (code == EXIT_DONE) {
        credential_pack (&body, c);
        root_sign (dir, CB_PURPOSE_CREDENTIAL, pack_result (&body), &statement);
        struct bundle made = { .root = dir->bytes,
                               .policy = pack_result (&policy),
                               .chain_count = 1,
                               .chain = { pack_result (&statement) } };
        bundle_pack (&bundle, &made);
        code = request_finish (call, request, &path, pack_result (&bundle), c->not_after);
    }
    pack_free (&policy);
    pack_free (&body);
    pack_free (&statement);
    pack_free (&bundle);
    return code;
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    struct root_dir dir;
    struct request request;
    struct credential c = { 0 };
    int64_t days = DAYS_DEFAULT;
    const char *role = args_text (&call->args, "role"), *title = args_text (&call->args, "title");
    if (!args_flag (&call->args, "policy"))
        return usage (call, "root enrol: name the policy with --policy FILE.cfg");
    if (!args_number (&call->args, "days", 1, DAYS_MAX, &days, why, sizeof why))
        return usage (call, "%s", why);
    int code = request_load (&request, call->args.operands[1]);
    if (code != EXIT_DONE)
        return code;
    c.role = span_of (role ? role : "national");
    c.title = title ? span_of (title) : request.e.title;
    fill (&c, &request, days);
    code = read_sectors (call, &c.sectors);
    if (code == EXIT_DONE)
        code = root_open (&dir, call->args.operands[0]);
    if (code == EXIT_DONE) {
        code = sign (call, &dir, &request, &c);
        root_close (&dir);
    }
    request_free (&request);
    return code;
}

const struct command command_root_enrol = {
    .name = "root enrol",
    .group = GROUP_SETUP,
    .operands = "DIR REQUEST",
    .least = 2,
    .most = 2,
    .summary = "enrol the top party with the root keys (offline)",
    .about =
        "Signs the top party's credential and the policy with the root keys in DIR, and writes\n"
        "both with the root file into one file, which the top party joins with. Everyone else\n"
        "is enrolled by the party above: `certbus enrol`.",
    .options = options,
    .run = run,
};
