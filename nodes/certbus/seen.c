/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/live.h"

#include <inttypes.h>

#include "bus/core/indicator.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/post.h"
#include "nodes/certbus/value.h"

static const struct option_row options[] = {
    { "below", 0, false, "PARTY", "ask that party and those below it alone" },
    WITHIN_OPTION,
    { NULL, 0, false, NULL, NULL },
};

static void say_count (struct span seen)
{
    int64_t count = body_int (seen, "count", 0), fewer = body_int (seen, "fewer", 0);
    if (fewer > 0)
        say ("fewer than %" PRId64, fewer);
    else
        say ("%s%" PRId64, answer_bool (seen, "least") ? "at least " : "", count);
}

static bool any (struct span seen)
{
    return body_int (seen, "count", 0) > 0 || body_int (seen, "fewer", 0) > 0;
}

static bool one (struct span seen)
{
    return body_int (seen, "count", 0) == 1 && body_int (seen, "fewer", 0) == 0;
}

static void say_place (struct span place, int64_t now)
{
    struct pack_in in;
    say ("  %-28s  ", line_of (body_text (place, "name")).text);
    say_count (place);
    if (any (place))
        say ("  last %s", moment_of (body_int (place, "last", 0), now).text);
    for (size_t left = answer_array (place, "parties", &in); left; left--)
        say ("  %s", line_of (pack_str (&in, 0, SIZE_MAX)).text);
    say ("\n");
}

static void print (struct span answer, const struct indicator *what)
{
    struct pack_in in;
    struct span total = body_field (answer, "total");
    style (STYLE_STRONG);
    say ("%s", line_text (what->text).text);
    style (STYLE_PLAIN);
    say (" (%s) was seen by ", indicator_type_name (what->type));
    if (any (total)) {
        say_count (total);
        say (one (total) ? " constituent\n" : " constituents\n");
    } else
        say ("nobody who answered\n");
    int64_t now = body_int (answer, "now", 0);
    for (size_t left = answer_array (answer, "places", &in); left; left--)
        say_place (pack_any (&in), now);
    live_say_silent (answer);
}

static int run (struct call *call)
{
    const char *typed = call->args.operands[0], *below = args_text (&call->args, "below");
    struct indicator what;
    struct party_name self;
    struct span answer;
    char term[TERM_MAX + 1], own[PARTY_MAX + 1];
    if (!indicator_read (&what, span_of (typed)))
        return refused ("'%s': no address, domain, URL, e-mail address or hash of a file",
                        line_text (typed).text);
    if (below != NULL && !party_valid (span_of (below)))
        return usage (call, "--below: '%s' is no party's name", line_text (below).text);
    if (below == NULL) {
        int code = post_party (call, &self);
        if (code != EXIT_DONE)
            return code;
    }
    snprintf (own, sizeof own, "%s", below != NULL ? below : self.text);
    snprintf (term, sizeof term, "%s.**", own);
    struct hash hash = indicator_hash (&what);
    struct ask *arguments = ask_new ("seen");
    ask_bytes (arguments, "hash", span_bytes (hash.bytes, HASH_SIZE));
    int code = live_ask (call, "seen", term, &arguments, &answer);
    if (code == EXIT_DONE && call->json)
        say_json (json_pack ("{s:s, s:s, s:o, s:o, s:o, s:o, s:I}", "indicator", what.text, "type",
                             indicator_type_name (what.type), "total",
                             value_of (body_field (answer, "total")), "places",
                             value_of (body_field (answer, "places")), "silent",
                             value_of (body_field (answer, "silent")), "more",
                             json_boolean (answer_bool (answer, "more")), "took",
                             (json_int_t) body_int (answer, "took", 0)),
                  true);
    else if (code == EXIT_DONE)
        print (answer, &what);
    return code;
}

const struct command command_seen = {
    .name = "seen",
    .group = GROUP_READ,
    .operands = "INDICATOR",
    .least = 1,
    .most = 1,
    .summary = "ask whether anybody below has seen an indicator",
    .about =
        "An address, a domain, a URL, an e-mail address or the hash of a file, as it is written "
        "in\n"
        "mails, too: 185[.]220[.]101[.]7, hxxps://evil[.]example. What travels is its hash. Each\n"
        "CERT below answers with a count of constituents, and with \"fewer than\" where the "
        "policy\n"
        "wants that; names are told only where their TLP lets them. Who does not answer in time "
        "is\n"
        "named; the rest counts.",
    .options = options,
    .run = run,
};
