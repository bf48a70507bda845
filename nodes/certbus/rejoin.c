/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/rejoin.h"

#include <stdlib.h>
#include <unistd.h>

#include "bus/core/party.h"
#include "bus/edge/keys.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"

struct name {
    char text[PARTY_MAX + 1];
};

struct names {
    char self[PARTY_MAX + 1];
    size_t count, room;
    struct name *at;
};

static void add (struct names *names, struct span name)
{
    if (names->count == names->room) {
        names->room = names->room ? 2 * names->room : 64;
        names->at = realloc (names->at, names->room * sizeof names->at[0]);
        if (!names->at)
            abort ();
    }
    span_text (name, names->at[names->count++].text, sizeof names->at[0].text);
}

/* The children that count, in the order of names. This party comes before what is below it. */
static int find (struct call *call, struct names *names)
{
    char after[PARTY_MAX + 1] = "";
    for (bool more = true; more;) {
        struct span answer;
        struct pack_in in;
        struct ask *question = ask_new ("tree");
        if (*after)
            ask_text (question, "after", span_of (after));
        int code = talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, &answer);
        if (code != EXIT_DONE)
            return code;
        size_t count = answer_array (answer, "parties", &in);
        for (size_t left = count; left; left--) {
            struct span party = pack_any (&in), name = body_text (party, "name");
            if (span_is (body_text (party, "link"), "self"))
                span_text (name, names->self, sizeof names->self);
            else if (*names->self && span_equal (party_parent (name), span_of (names->self)) &&
                     !answer_bool (party, "revoked"))
                add (names, name);
            span_text (name, after, sizeof after);
        }
        more = count && answer_bool (answer, "more");
    }
    return EXIT_DONE;
}

static int write_one (struct call *call, const char *name, json_t *files)
{
    char why[WHY_MAX];
    struct path path;
    struct span answer;
    const char *folder = args_text (&call->args, "out");
    struct ask *question = ask_new ("enrol");
    ask_text (question, "child", span_of (name));
    int code = talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, &answer);
    if (code != EXIT_DONE)
        return code;
    snprintf (path.text, sizeof path.text, "%s%s%s.credential", folder ? folder : "",
              folder ? "/" : "", name);
    if (file_write (path.text, body_bytes (answer, "bundle"), false, false, why, sizeof why) != 0)
        return refused ("%s", why);
    int64_t until = body_int (answer, "not_after", 0);
    if (call->json)
        json_array_append_new (files,
                               json_pack ("{s:s, s:s, s:i, s:o}", "party", name, "file", path.text,
                                          "generation", (int) body_int (answer, "generation", 0),
                                          "not_after", json_time (until)));
    else
        say ("%s  for %s, generation %d, who takes it with: certbus join %s.credential\n",
             path.text, name, (int) body_int (answer, "generation", 0), name);
    return EXIT_DONE;
}

int rejoin_write (struct call *call)
{
    struct names names = { .count = 0 };
    json_t *files = json_array ();
    int code = EXIT_DONE;
    const char *name = call->args.operand_count ? call->args.operands[0] : NULL;
    if (!name)
        code = find (call, &names);
    else if (party_valid (span_of (name)))
        add (&names, span_of (name));
    else
        code = usage (call, "enrol: '%s' is no party's name", line_text (name).text);
    for (size_t i = 0; i < names.count && code == EXIT_DONE; i++)
        code = write_one (call, names.at[i].text, files);
    if (code == EXIT_DONE && call->json)
        say_json (json_pack ("{s:O}", "files", files), true);
    else if (code == EXIT_DONE && !names.count)
        say ("no party is enrolled right below this one\n");
    json_decref (files);
    free (names.at);
    return code;
}
