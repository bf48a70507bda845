/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "bus/edge/log.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/bulletin.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

static const struct option_row options[] = {
    { "edition", 0, false, "cabinet|community", "with names, or without (default)" },
    { "by", 0, false, "OFFICER", "who answers for it" },
    { "yes", 'y', false, NULL, "send it without asking, for scripts" },
    { "dry-run", 'n', false, NULL, "say who would get it; send nothing" },
    { NULL, 0, false, NULL, NULL },
};

/* --- What is so ---------------------------------------------------------------------------- */

/* The subscription of this party with another; false: there is none. */
static bool find (struct span answer, const char *party, const char *edition, struct span *row)
{
    struct pack_in in;
    for (size_t left = answer_array (answer, "subscriptions", &in); left; left--) {
        *row = pack_any (&in);
        if (span_is (body_text (*row, "party"), party) &&
            (!edition || span_is (body_text (*row, "edition"), edition)))
            return true;
    }
    return false;
}

static void print_list (struct span answer, const char *key, const char *heading, const char *none)
{
    struct pack_in in;
    size_t count = answer_array (answer, key, &in);
    say ("%s\n", count ? heading : none);
    for (; count; count--) {
        struct span row = pack_any (&in);
        bool asked = strcmp (key, "subscribers") == 0;
        say ("  %-28s  %-10s  %s  %s%s\n", line_of (body_text (row, "party")).text,
             line_of (body_text (row, "edition")).text,
             since_moment (body_int (row, "since", 0), clock_utc ()).text,
             line_of (body_text (row, "id")).text,
             asked && !answer_bool (row, "entitled") ? "  (not sent: it is not entitled to it)"
                                                     : "");
    }
}

static int list (struct call *call, const struct bulletins *bulletins)
{
    struct span answer = bulletins->answer;
    if (call->json) {
        say_json (json_pack ("{s:o,s:o,s:o}", "subscriptions",
                             value_of (body_field (answer, "subscriptions")), "subscribers",
                             value_of (body_field (answer, "subscribers")), "next",
                             json_time (body_int (answer, "next", 0))),
                  true);
        return EXIT_DONE;
    }
    print_list (answer, "subscriptions", "This party subscribes to the bulletins of:",
                "This party subscribes to no bulletin.");
    print_list (answer, "subscribers", "The bulletin of this party is for:",
                "Nobody subscribes to the bulletin of this party.");
    int64_t next = body_int (answer, "next", 0);
    if (next)
        say ("The next one is drafted %s.\n", moment_of (next, clock_utc ()).text);
    return EXIT_DONE;
}

/* --- Saying so ----------------------------------------------------------------------------- */

static int say_so (struct call *call, const char *party, const char *edition, bool ended)
{
    struct post post;
    json_t *body =
        json_pack ("{s:s,s:s,s:b}", "topic", "bulletin", "edition", edition, "ended", (int) ended);
    post_start (&post, "the subscription", body);
    post.kind = "subscription";
    post.tlp = CB_TLP_GREEN;
    post.by = args_text (&call->args, "by");
    post_default_to (&post, party);
    post.to_is_default = false;
    int code = bulletins_send (call, &post, NULL);
    post_free (&post);
    return code;
}

/* The edition with names is for observers, for the CERT itself and for those above it. */
static int may_have (struct span answer, const char *party, const char *edition)
{
    struct span role = body_text (answer, "role"), self = body_text (answer, "self");
    if (strcmp (edition, "cabinet") != 0 || span_is (role, "observer") ||
        party_within (span_of (party), self))
        return EXIT_DONE;
    return refused ("the cabinet edition of %s is for observers and for CERTs above it, and %s is "
                    "%s; --edition community is for everybody",
                    party, line_of (self).text, line_of (role).text);
}

static int known_edition (struct call *call, const char *edition)
{
    if (!edition || strcmp (edition, "cabinet") == 0 || strcmp (edition, "community") == 0)
        return EXIT_DONE;
    return usage (call, "--edition: '%s' is none of cabinet, community", line_text (edition).text);
}

static int operands (struct call *call)
{
    if (!party_valid (span_of (call->args.operands[0])))
        return usage (call, "'%s' is no party's name; expected one such as pk.sindh",
                      line_text (call->args.operands[0]).text);
    if (call->args.operand_count < 2 || strcmp (call->args.operands[1], "bulletin") != 0)
        return usage (call, "of what? certbus %s %s bulletin", call->command->name,
                      call->args.operands[0]);
    return known_edition (call, args_text (&call->args, "edition"));
}

static int already (struct call *call, struct span row)
{
    if (call->json)
        say_json (value_json (row), true);
    else
        say ("this party subscribes to it already, %s: %s\n",
             since_moment (body_int (row, "since", 0), clock_utc ()).text,
             line_of (body_text (row, "id")).text);
    return EXIT_DONE;
}

static int run_subscribe (struct call *call)
{
    struct bulletins bulletins = { .has_draft = false };
    struct bulletins_wanted wanted = { .edition = NULL };
    struct span row;
    bool alone = call->args.operand_count == 0;
    const char *edition = args_text (&call->args, "edition");
    int code = alone ? EXIT_DONE : operands (call);
    if (code == EXIT_DONE)
        code = bulletins_ask (call, &wanted, &bulletins);
    if (code == EXIT_DONE && alone)
        code = list (call, &bulletins);
    else if (code == EXIT_DONE) {
        const char *party = call->args.operands[0];
        edition = edition ? edition : "community";
        code = may_have (bulletins.answer, party, edition);
        if (code == EXIT_DONE)
            code = find (bulletins.answer, party, edition, &row)
                       ? already (call, row)
                       : say_so (call, party, edition, false);
    }
    bulletins_free (&bulletins);
    return code;
}

/* Without an edition that of the one subscription that there is. */
static int run_unsubscribe (struct call *call)
{
    struct bulletins bulletins = { .has_draft = false };
    struct bulletins_wanted wanted = { .edition = NULL };
    struct span row;
    char edition[16];
    const char *given = args_text (&call->args, "edition"), *party = call->args.operands[0];
    int code = operands (call);
    if (code == EXIT_DONE)
        code = bulletins_ask (call, &wanted, &bulletins);
    if (code == EXIT_DONE && !find (bulletins.answer, party, given, &row))
        code = refused ("this party does not subscribe to %s%sthe bulletin of %s; certbus "
                        "subscribe lists what it does subscribe to",
                        given ? given : "", given ? ", an edition of " : "", party);
    else if (code == EXIT_DONE) {
        span_text (body_text (row, "edition"), edition, sizeof edition);
        code = say_so (call, party, edition, true);
    }
    bulletins_free (&bulletins);
    return code;
}

const struct command command_subscribe = {
    .name = "subscribe",
    .group = GROUP_SEND,
    .operands = "[PARTY bulletin]",
    .most = 2,
    .summary = "ask a CERT for its bulletin, on record; alone: who subscribes to what",
    .about =
        "PARTY is a CERT above, or this party itself: a CERT drafts bulletins as long as somebody\n"
        "subscribes to them. The subscription is a signed message, and lasts until unsubscribe.\n"
        "\n"
        "The cabinet edition has names and is for observers (the Cabinet Division) and for CERTs\n"
        "above the one that is asked. The community edition has none; whoever is below the CERT\n"
        "is sent it anyway.",
    .options = options,
    .run = run_subscribe,
};

const struct command command_unsubscribe = {
    .name = "unsubscribe",
    .group = GROUP_SEND,
    .operands = "PARTY bulletin",
    .least = 1,
    .most = 2,
    .summary = "end a subscription, on record",
    .about = "Without --edition it ends the one that there is.",
    .options = options,
    .run = run_unsubscribe,
};
