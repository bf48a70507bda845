/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/request.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "bus/edge/keys.h"
#include "nodes/certbus/record.h"

int request_load (struct request *request, const char *path)
{
    char why[WHY_MAX];
    *request = (struct request){ 0 };
    if (file_read (path, STATEMENT_MAX, &request->bytes, why, sizeof why) != 0)
        return refused ("%s", why);
    enum cb_reason reason = enrolment_parse (&request->e, request->bytes);
    if (reason == CB_OK) {
        hash_code (&request->e.st.hash, request->code);
        return EXIT_DONE;
    }
    request_free (request);
    if (reason == CB_BAD_SIGNATURE)
        return refused ("%s: whoever made this request does not have all three of its keys "
                        "(bad-signature)",
                        path);
    return refused ("%s: no enrolment request; `certbus init NAME` makes one", path);
}

void request_free (struct request *request)
{
    span_free (&request->bytes);
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
}

static void print (const struct request *request, const struct offer *offer)
{
    const struct enrolment *e = &request->e;
    say ("%-9s %s\n", "Party", line_of (e->name).text);
    say ("%-9s %s (as the request says)\n", "Title", line_of (e->title).text);
    say ("%-9s %s\n", "Made", when_of (e->made).text);
    for (size_t i = 0; i < e->endpoint_count; i++)
        say ("%-9s %s\n", i ? "" : "Listens", line_of (e->endpoints[i]).text);
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
    say ("\nCall them on a number that you know, and have them read out the code that `certbus "
         "init`\n"
         "printed. Is it the same? [y/N] ");
    fflush (stdout);
    if (fgets (typed, sizeof typed, stdin) && (*typed == 'y' || *typed == 'Y'))
        return EXIT_DONE;
    return refused ("nothing was signed");
}

int request_out (const struct call *call, const struct request *request, struct path *path)
{
    const char *out = args_text (&call->args, "out");
    if (out)
        snprintf (path->text, sizeof path->text, "%s", out);
    else
        snprintf (path->text, sizeof path->text, SPAN_FMT ".credential",
                  SPAN_ARG (request->e.name));
    /* Found out before anything is signed: what is enrolled is enrolled. */
    if (access (path->text, F_OK) == 0)
        return refused ("%s: exists already; move it away, or name another file with --out",
                        path->text);
    return EXIT_DONE;
}

int request_finish (const struct call *call, const struct request *request, const struct path *path,
                    struct span bundle, int64_t until)
{
    char why[WHY_MAX];
    if (file_write (path->text, bundle, false, false, why, sizeof why) != 0)
        return refused ("%s; the party is enrolled, but has no credential yet", why);
    if (call->json)
        say_json (json_pack ("{s:o, s:s, s:s, s:o}", "party", json_span (request->e.name), "code",
                             request->code, "file", path->text, "not_after", json_time (until)),
                  true);
    else
        say ("%s  for %s until %s, who takes it with: certbus join %s --root CODE\n", path->text,
             line_of (request->e.name).text, when_of (until).text, path->text);
    return EXIT_DONE;
}
