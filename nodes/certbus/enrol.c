/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/request.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/rejoin.h"
#include "nodes/certbus/talk.h"

#define DAYS_MAX 36500

static const struct option_row options[] = {
    { "role", 'r', false, "ROLE", "a role of the policy (required for a party that is new)" },
    { "sector", 's', true, "S", "a sector that it belongs to" },
    { "title", 0, false, "TITLE", "instead of the one in the request" },
    { "days", 0, false, "N", "how long the credential is valid (default: 730)" },
    { "may-enrol", 0, false, "ROLES",
      "it may enrol these in turn: organisation,observer; or none" },
    { "may-sectors", 0, false, "S,..", "into these sectors ('*' is any; default: none)" },
    { "children", 0, false, "N", "how many parties it may enrol (default: 1000)" },
    { "depth", 0, false, "N", "how many levels below it there may be (default: 1)" },
    { "again", 0, false, NULL,
      "it is enrolled already and has lost its keys: make what the party above countersigns" },
    { "countersigned", 0, false, "FILE", "complete that, with what came back" },
    { "rejoin", 0, false, NULL,
      "no request: write the file again of a party that is enrolled, or of all" },
    { "yes", 'y', false, NULL, "the code has been compared: do not ask" },
    { "out", 'o', false, "FILE",
      "where the result goes (default: NAME.credential); of --rejoin: a folder" },
    { NULL, 0, false, NULL, NULL },
};

/* In the order of bytes. */
static void add (struct labels *list, struct span label)
{
    size_t at = list->count++;
    for (; at && span_compare (list->at[at - 1], label) > 0; at--)
        list->at[at] = list->at[at - 1];
    list->at[at] = label;
}

/* A list with commas, cut in place. False: an element is no label, and not "*" alone. */
static bool split (char *text, struct labels *list)
{
    char *rest = NULL;
    list->count = 0;
    for (char *word = strtok_r (text, ",", &rest); word; word = strtok_r (NULL, ",", &rest)) {
        struct span label = span_of (word);
        if (list->count == SECTORS_MAX || (!label_valid (label) && !span_is (label, "*")))
            return false;
        add (list, label);
    }
    return list->count > 0;
}

/* What the command line grants. Borrows from `copies`. */
struct grant {
    struct offer offer;
    char *copies[2];
};

/* What a CERT of that role is for; others enrol nobody unless it is said. */
static void usual_grants (struct offer *offer)
{
    struct grants *may = &offer->may;
    if (span_is (offer->role, "provincial")) {
        may->roles = (struct labels){ 2, { span_of ("observer"), span_of ("organisation") } };
        may->sectors = (struct labels){ 1, { span_of ("*") } };
    } else if (span_is (offer->role, "sectoral")) {
        may->roles = (struct labels){ 1, { span_of ("organisation") } };
        may->sectors = offer->sectors;
    }
}

static int read_list (const struct call *call, const char *name, char **copy, struct labels *list)
{
    const char *text = args_text (&call->args, name);
    if (!text)
        return EXIT_DONE;
    *copy = strdup (text);
    if (!*copy)
        abort ();
    return split (*copy, list)
               ? EXIT_DONE
               : usage (call, "--%s: '%s' is no list of labels: a,b", name, line_text (text).text);
}

static int read_may (const struct call *call, struct grant *grant)
{
    static const char *const parts[] = { "may-sectors", "children", "depth" };
    char why[WHY_MAX];
    int64_t children = 1000, depth = 1;
    struct grants *may = &grant->offer.may;
    const char *roles = args_text (&call->args, "may-enrol");
    bool none = roles && strcmp (roles, "none") == 0;
    if (!roles)
        usual_grants (&grant->offer);
    int code = none ? EXIT_DONE : read_list (call, "may-enrol", &grant->copies[0], &may->roles);
    if (code != EXIT_DONE)
        return code;
    for (size_t i = 0; !may->roles.count && i < sizeof parts / sizeof parts[0]; i++)
        if (args_flag (&call->args, parts[i]))
            return usage (call, "--%s goes with --may-enrol ROLES", parts[i]);
    if (!may->roles.count)
        return EXIT_DONE;
    if (!args_number (&call->args, "children", 1, UINT32_MAX, &children, why, sizeof why) ||
        !args_number (&call->args, "depth", 1, PARTY_LABELS, &depth, why, sizeof why))
        return usage (call, "%s", why);
    may->children = (uint32_t) children;
    may->depth = (uint32_t) depth;
    return read_list (call, "may-sectors", &grant->copies[1], &may->sectors);
}

static int read_grant (const struct call *call, struct grant *grant)
{
    struct labels *sectors = &grant->offer.sectors;
    size_t count = args_count (&call->args, "sector");
    const char *role = args_text (&call->args, "role");
    *grant = (struct grant){ .offer.role = span_of (role ? role : "") };
    if (count > SECTORS_MAX)
        return usage (call, "--sector: at most %d", SECTORS_MAX);
    for (size_t i = 0; i < count; i++)
        add (sectors, span_of (args_nth (&call->args, "sector", i)));
    return read_may (call, grant);
}

static void grant_free (struct grant *grant)
{
    free (grant->copies[0]);
    free (grant->copies[1]);
}

/* The map `may` of docs/local.md. */
static void ask_may (struct ask *question, const struct grants *grants)
{
    struct ask *may = ask_new (NULL);
    struct pack_out out;
    pack_init (&out);
    ask_texts (may, "roles", grants->roles.at, grants->roles.count);
    ask_texts (may, "sectors", grants->sectors.at, grants->sectors.count);
    ask_int (may, "children", grants->children);
    ask_int (may, "depth", grants->depth);
    ask_pack (may, &out);
    ask_raw (question, "may", pack_result (&out));
    pack_free (&out);
    ask_free (&may);
}

/* `countersigned` may be NULL. */
static int ask_broker (struct call *call, const struct request *request, const struct offer *offer,
                       const struct request *countersigned, bool dry_run, struct span *answer)
{
    char why[WHY_MAX];
    int64_t days = 0;
    const char *title = args_text (&call->args, "title");
    if (!args_number (&call->args, "days", 1, DAYS_MAX, &days, why, sizeof why))
        return usage (call, "%s", why);
    struct ask *question = ask_new ("enrol");
    ask_bytes (question, "request", request->bytes);
    if (offer->role.size) {
        ask_text (question, "role", offer->role);
        ask_texts (question, "sectors", offer->sectors.at, offer->sectors.count);
    }
    if (args_flag (&call->args, "again"))
        ask_bool (question, "again", true);
    if (countersigned)
        ask_bytes (question, "countersigned", countersigned->bytes);
    if (title)
        ask_text (question, "title", span_of (title));
    if (days)
        ask_int (question, "days", days);
    if (dry_run)
        ask_bool (question, "dry_run", true);
    if (offer->may.depth)
        ask_may (question, &offer->may);
    return talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, answer);
}

/* The credential in the broker's answer, into its file. */
static int finish (const struct call *call, const struct request *request, const struct path *path,
                   struct span answer)
{
    if (!body_bytes (answer, "bundle").size)
        return refused ("the broker's answer has no credential");
    return request_finish (call, request, path, body_bytes (answer, "bundle"),
                           body_int (answer, "not_after", 0));
}

/* A party that is new. The broker's own reasons against it come before the phone call. */
static int enrol_new (struct call *call, const struct request *request, struct offer *offer)
{
    struct path path;
    struct span answer;
    int code = request_out (call, request->e.name, 1, "credential", &path);
    if (code == EXIT_DONE)
        code = ask_broker (call, request, offer, NULL, true, &answer);
    if (code == EXIT_DONE) {
        offer->until = body_int (answer, "not_after", 0);
        code = request_confirm (call, request, offer);
    }
    if (code == EXIT_DONE)
        code = ask_broker (call, request, offer, NULL, false, &answer);
    return code == EXIT_DONE ? finish (call, request, &path, answer) : code;
}

/* Its keys in force have signed: nobody needs to be called. */
static int renew (struct call *call, const struct request *request)
{
    static const char *const others[] = { "role",      "sector", "title",        "days",
                                          "may-enrol", "again",  "countersigned" };
    const struct offer none = { .role = { 0 } };
    struct offer offer;
    struct path path;
    struct span answer;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (args_flag (&call->args, others[i]))
            return usage (call, "--%s: this is a renewal, which changes keys and dates only",
                          others[i]);
    offer_of (&offer, request->p);
    offer.question = "The keys in force have signed this. Renew?";
    int code = request_out (call, request->e.name, request->p->c.generation, "credential", &path);
    if (code == EXIT_DONE)
        code = ask_broker (call, request, &none, NULL, true, &answer);
    if (code == EXIT_DONE)
        code = request_confirm (call, request, &offer);
    if (code == EXIT_DONE)
        code = ask_broker (call, request, &none, NULL, false, &answer);
    return code == EXIT_DONE ? finish (call, request, &path, answer) : code;
}

/* Keys lost, first half: what the authority is to countersign. Nothing is in force by it. */
static int propose (struct call *call, const struct request *request, const struct offer *given)
{
    struct path path;
    struct span answer;
    struct offer offer;
    struct proposal p;
    char next[2 * PATH_TEXT + 4 * PARTY_MAX];
    int code = ask_broker (call, request, given, NULL, false, &answer);
    if (code != EXIT_DONE)
        return code;
    if (proposal_parse (&p, body_bytes (answer, "proposal")) != CB_OK)
        return refused ("the broker's answer has nothing to countersign");
    offer_of (&offer, &p);
    code = request_out (call, request->e.name, p.c.generation, "proposal", &path);
    if (code == EXIT_DONE)
        code = request_confirm (call, request, &offer);
    if (code != EXIT_DONE)
        return code;
    struct span authority = proposal_authority (p.c.name);
    snprintf (next, sizeof next,
              "goes to %s" SPAN_FMT ", where it is countersigned: certbus %s %s\nThe old keys "
              "count until what comes back is completed: certbus enrol %s --countersigned FILE",
              authority.size ? "" : "who has the root keys", SPAN_ARG (authority),
              authority.size ? "countersign" : "root countersign DIR", path.text,
              call->args.operands[0]);
    return proposal_finish (call, request, &path, body_bytes (answer, "proposal"), next);
}

/* Keys lost, second half. */
static int complete (struct call *call, const struct request *request)
{
    const char *file = args_text (&call->args, "countersigned");
    const struct offer none = { .role = { 0 } };
    struct request countersigned;
    struct offer offer;
    struct path path;
    struct span answer;
    int code = request_load (&countersigned, file);
    if (code != EXIT_DONE)
        return code;
    if (!countersigned.p)
        code = refused ("%s: nothing that was countersigned; `certbus countersign` makes it", file);
    if (code == EXIT_DONE)
        code =
            request_out (call, request->e.name, countersigned.p->c.generation, "credential", &path);
    if (code == EXIT_DONE)
        code = ask_broker (call, request, &none, &countersigned, true, &answer);
    if (code == EXIT_DONE) {
        offer_of (&offer, countersigned.p);
        offer.question = "The old keys stop counting at once, everywhere. Complete it?";
        offer.children = body_int (answer, "children", 0);
        code = request_confirm (call, &countersigned, &offer);
    }
    if (code == EXIT_DONE)
        code = ask_broker (call, request, &none, &countersigned, false, &answer);
    if (code == EXIT_DONE)
        code = finish (call, request, &path, answer);
    request_free (&countersigned);
    return code;
}

static int rejoin (struct call *call)
{
    for (const struct option_row *row = options; row->name; row++)
        if (strcmp (row->name, "rejoin") != 0 && strcmp (row->name, "out") != 0 &&
            args_flag (&call->args, row->name))
            return usage (call, "--%s: --rejoin changes nothing of what was granted", row->name);
    return rejoin_write (call);
}

static int run (struct call *call)
{
    struct request request;
    struct grant grant;
    if (args_flag (&call->args, "rejoin"))
        return rejoin (call);
    if (!call->args.operand_count)
        return usage (call, "enrol: the file of a request is missing");
    int code = request_load (&request, call->args.operands[0]);
    if (code != EXIT_DONE)
        return code;
    bool again = args_flag (&call->args, "again"), role = args_flag (&call->args, "role");
    if (request.p) {
        code = renew (call, &request);
    } else if (args_flag (&call->args, "countersigned")) {
        code = complete (call, &request);
    } else if (!again && !role) {
        code = usage (call, "enrol: which role? Say it with --role ROLE");
    } else {
        code = read_grant (call, &grant);
        if (code == EXIT_DONE)
            code = again ? propose (call, &request, &grant.offer)
                         : enrol_new (call, &request, &grant.offer);
        grant_free (&grant);
    }
    request_free (&request);
    return code;
}

const struct command command_enrol = {
    .name = "enrol",
    .group = GROUP_SETUP,
    .operands = "REQUEST | --rejoin [NAME]",
    .most = 1,
    .summary = "enrol a party right below this one",
    .about =
        "Shows who asks and the code of the request, which is to be compared with the party by\n"
        "phone: it is the only proof that the request is theirs. Then this party's broker\n"
        "signs the credential. NAME.credential goes back to the party, which joins with it; it\n"
        "is no secret. A party can be given no more than this one may grant.\n"
        "\n"
        "A request by `certbus renew` is signed by the keys in force and needs no more than a "
        "yes.\n"
        "A party that lost its keys makes a new home with `certbus init`; --again writes what the\n"
        "party above this one countersigns (above the top party: the root keys), with role and\n"
        "rights as before unless --role says otherwise; --countersigned completes it. From then\n"
        "on the old keys count nowhere, and everyone above is told. Its own children stay with "
        "it.\n"
        "\n"
        "--rejoin is for children that were away while the keys of this party changed, or for\n"
        "all after they were lost: each takes its NAME.credential with `certbus join`. Nothing\n"
        "is signed by it.\n"
        "\n"
        "Unless --may-enrol says otherwise, a provincial may enrol organisation and observer in\n"
        "any sector, a sectoral organisation in its own sectors, both at most 1000 parties one\n"
        "level below; other roles may enrol nobody. `--may-enrol none` gives nothing.",
    .options = options,
    .run = run,
};
