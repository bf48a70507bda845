/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/request.h"

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

static void print (const struct request *request, const char *what)
{
    const struct enrolment *e = &request->e;
    say ("%-9s %s\n", "Party", line_of (e->name).text);
    say ("%-9s %s (as the request says)\n", "Title", line_of (e->title).text);
    say ("%-9s %s\n", "Made", when_of (e->made).text);
    for (size_t i = 0; i < e->endpoint_count; i++)
        say ("%-9s %s\n", i ? "" : "Listens", line_of (e->endpoints[i]).text);
    say ("%-9s %s\n", "As", what);
    say ("%-9s ", "Code");
    style (STYLE_STRONG);
    say ("%s\n", request->code);
    style (STYLE_PLAIN);
}

int request_confirm (const struct call *call, const struct request *request, const char *what)
{
    char typed[16] = "";
    bool yes = args_flag (&call->args, "yes");
    if (!call->json)
        print (request, what);
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
                    struct span bundle)
{
    char why[WHY_MAX];
    if (file_write (path->text, bundle, false, false, why, sizeof why) != 0)
        return refused ("%s; the party is enrolled, but has no credential yet", why);
    if (call->json)
        say_json (json_pack ("{s:o, s:s, s:s}", "party", json_span (request->e.name), "code",
                             request->code, "file", path->text),
                  true);
    else
        say ("%s  for %s, who takes it with: certbus join %s --root CODE\n", path->text,
             line_of (request->e.name).text, path->text);
    return EXIT_DONE;
}
