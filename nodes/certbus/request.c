/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/request.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/edge/keys.h"
#include "nodes/certbus/record.h"

static enum cb_reason parse (struct request *request)
{
    if (!proposal_is (request->bytes))
        return enrolment_parse (&request->e, request->bytes);
    request->p = malloc (sizeof *request->p);
    if (!request->p)
        abort ();
    enum cb_reason reason = proposal_parse (request->p, request->bytes);
    if (reason == CB_OK)
        request->e = request->p->e;
    return reason;
}

int request_load (struct request *request, const char *path)
{
    char why[WHY_MAX];
    *request = (struct request){ 0 };
    if (file_read (path, PROPOSAL_MAX, &request->bytes, why, sizeof why) != 0)
        return refused ("%s", why);
    enum cb_reason reason = parse (request);
    if (reason == CB_OK) {
        hash_code (&request->e.st.hash, request->code);
        return EXIT_DONE;
    }
    request_free (request);
    if (reason == CB_BAD_SIGNATURE)
        return refused ("%s: whoever made this request does not have all three of its keys "
                        "(bad-signature)",
                        path);
    return refused ("%s: no enrolment request; `certbus init NAME` makes one, and `certbus renew` "
                    "for a party that is enrolled",
                    path);
}

void request_free (struct request *request)
{
    free (request->p);
    request->p = NULL;
    span_free (&request->bytes);
}

/* Whether the keys are those of the generation before; that is in the chain. */
static bool same_keys (const struct proposal *p)
{
    struct credential before;
    for (size_t i = 0; i < p->chain_count; i++)
        if (credential_parse (&before, p->chain[i]) && hash_equal (&before.st.hash, p->c.previous))
            return memcmp (before.sign_key, p->c.sign_key, KEY_SIZE) == 0 &&
                   memcmp (before.link_key, p->c.link_key, KEY_SIZE) == 0;
    return false;
}

void offer_of (struct offer *offer, const struct proposal *p)
{
    const struct credential *c = &p->c;
    *offer = (struct offer){
        .role = c->role, .sectors = c->sectors, .may = c->may, .until = c->not_after
    };
    if (proposal_signed_for (p, CB_PURPOSE_SUCCESSION))
        snprintf (offer->what, sizeof offer->what, "renewal: generation %" PRIu32 ", %s",
                  c->generation,
                  same_keys (p) ? "the same keys" : "new keys, vouched for by the old ones");
    else
        snprintf (offer->what, sizeof offer->what,
                  "KEYS LOST: generation %" PRIu32 ", nothing from the old keys; " SPAN_FMT
                  " enrols it again",
                  c->generation, SPAN_ARG (party_parent (c->name)));
}

static void print_labels (const struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++)
        say ("%s" SPAN_FMT, i ? ", " : "", SPAN_ARG (labels->at[i]));
    if (!labels->count)
        say ("none");
}

static bool any (const struct labels *labels)
{
    return labels->count == 1 && span_is (labels->at[0], "*");
}

static void print_offer (const struct offer *offer)
{
    const struct grants *may = &offer->may;
    say ("%-9s " SPAN_FMT "\n%-9s ", "Role", SPAN_ARG (offer->role), "Sectors");
    print_labels (&offer->sectors);
    say ("\n%-9s ", "May enrol");
    if (!may->depth) {
        say ("nobody");
    } else {
        if (any (&may->roles))
            say ("any role");
        else
            print_labels (&may->roles);
        say ("; sectors: ");
        if (any (&may->sectors))
            say ("any");
        else
            print_labels (&may->sectors);
        say ("; at most %" PRIu32 " parties, %" PRIu32 " level%s below it", may->children,
             may->depth, may->depth == 1 ? "" : "s");
    }
    say ("\n%-9s %s\n", "Until", when_of (offer->until).text);
    if (offer->children)
        say ("%-9s %" PRId64 " part%s right below it, as `certbus tree` shows\n", "Keeps",
             offer->children, offer->children == 1 ? "y" : "ies");
}

static void print (const struct request *request, const struct offer *offer)
{
    const struct enrolment *e = &request->e;
    say ("%-9s %s\n", "Party", line_of (e->name).text);
    say ("%-9s %s (as the request says)\n", "Title", line_of (e->title).text);
    say ("%-9s %s\n", "Made", when_of (e->made).text);
    for (size_t i = 0; i < e->endpoint_count; i++)
        say ("%-9s %s\n", i ? "" : "Listens", line_of (e->endpoints[i]).text);
    if (*offer->what)
        say ("%-9s %s\n", "What", offer->what);
    print_offer (offer);
    say ("%-9s ", "Code");
    style (STYLE_STRONG);
    say ("%s\n", request->code);
    style (STYLE_PLAIN);
}

int request_confirm (const struct call *call, const struct request *request,
                     const struct offer *offer)
{
    char typed[16] = "";
    bool yes = args_flag (&call->args, "yes");
    if (!call->json)
        print (request, offer);
    if (yes)
        return EXIT_DONE;
    if (call->json || !isatty (STDIN_FILENO))
        return usage (call,
                      "nobody is here to ask: compare the code %s with the party by phone, "
                      "then use --yes",
                      request->code);
    say ("\n%s [y/N] ", offer->question
                            ? offer->question
                            : "Call them on a number that you know, and have them read out the "
                              "code that `certbus init`\nprinted. Is it the same?");
    fflush (stdout);
    if (fgets (typed, sizeof typed, stdin) && (*typed == 'y' || *typed == 'Y'))
        return EXIT_DONE;
    return refused ("nothing was signed");
}

int request_out (const struct call *call, struct span name, uint32_t generation, const char *end,
                 struct path *path)
{
    const char *out = args_text (&call->args, "out");
    char number[16] = "";
    if (generation > 1)
        snprintf (number, sizeof number, "-%" PRIu32, generation);
    if (out)
        snprintf (path->text, sizeof path->text, "%s", out);
    else
        snprintf (path->text, sizeof path->text, SPAN_FMT "%s.%s", SPAN_ARG (name), number, end);
    /* Found out before anything is signed: what is enrolled is enrolled. */
    if (access (path->text, F_OK) == 0)
        return refused ("%s: exists already; move it away, or name another file with --out",
                        path->text);
    return EXIT_DONE;
}

int proposal_finish (const struct call *call, const struct request *request,
                     const struct path *path, struct span proposal, const char *next)
{
    char why[WHY_MAX];
    if (!proposal.size)
        return refused ("the broker's answer has nothing to write");
    if (file_write (path->text, proposal, false, false, why, sizeof why) != 0)
        return refused ("%s", why);
    if (call->json)
        say_json (json_pack ("{s:o, s:s, s:s}", "party", json_span (request->e.name), "code",
                             request->code, "file", path->text),
                  true);
    else
        say ("%s  %s\n", path->text, next);
    return EXIT_DONE;
}

int request_finish (const struct call *call, const struct request *request, const struct path *path,
                    struct span bundle, int64_t until)
{
    char why[WHY_MAX];
    if (file_write (path->text, bundle, false, false, why, sizeof why) != 0)
        return refused ("%s; the party is enrolled, but has no credential yet", why);
    struct bundle made;
    struct credential c;
    bool joined = bundle_parse (&made, bundle) && made.chain_count &&
                  credential_parse (&c, made.chain[made.chain_count - 1]) && c.generation > 1 &&
                  request->p && proposal_signed_for (request->p, CB_PURPOSE_SUCCESSION);
    if (call->json)
        say_json (json_pack ("{s:o, s:s, s:s, s:o}", "party", json_span (request->e.name), "code",
                             request->code, "file", path->text, "not_after", json_time (until)),
                  true);
    else
        say ("%s  for %s until %s, who takes it with: certbus join %s%s\n", path->text,
             line_of (request->e.name).text, when_of (until).text, path->text,
             joined ? "" : " --root CODE");
    return EXIT_DONE;
}
