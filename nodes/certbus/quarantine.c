/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/quarantine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bus/core/schema.h"
#include "bus/edge/log.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/checks.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"
#include "nodes/certbus/value.h"

/* --- Finding one --------------------------------------------------------------------------- */

static int page_after (struct call *call, int64_t after, struct span *answer)
{
    struct ask *question = ask_new ("quarantine");
    ask_int (question, "after", after);
    return talk (call, CLIENT_READ, &question, ASK_TIMEOUT, answer);
}

#define FOUND_MAX 8

struct found {
    size_t count;
    int64_t at[FOUND_MAX];
};

static void find_in (struct span answer, const char *id, struct found *found)
{
    struct pack_in in;
    for (size_t left = answer_array (answer, "records", &in); left; left--) {
        struct span row = pack_any (&in);
        if (!span_is (body_text (row, "id"), id))
            continue;
        if (found->count < FOUND_MAX)
            found->at[found->count] = body_int (row, "position", 0);
        found->count++;
    }
}

static int several (const char *text, const struct found *found)
{
    char list[WHY_MAX] = "";
    for (size_t i = 0; i < found->count && i < FOUND_MAX; i++) {
        size_t used = strlen (list);
        snprintf (list + used, sizeof list - used, "%s%" PRId64, i ? ", " : "", found->at[i]);
    }
    return refused ("%s: %zu in quarantine claim this id; name one by its position: %s%s",
                    line_text (text).text, found->count, list,
                    found->count > FOUND_MAX ? ", ..." : "");
}

int quarantine_position (struct call *call, const char *text, int64_t *position)
{
    char *end;
    errno = 0;
    *position = strtoll (text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && *position > 0)
        return EXIT_DONE;
    struct found found = { .count = 0 };
    struct span answer;
    int64_t after = 0;
    int code;
    do {
        code = page_after (call, after, &answer);
        if (code != EXIT_DONE)
            return code;
        find_in (answer, text, &found);
        after = body_int (answer, "next", after);
    } while (answer_bool (answer, "more"));
    if (found.count == 0)
        return refused ("%s: not in quarantine; `certbus quarantine` lists what is, by position "
                        "and id",
                        line_text (text).text);
    if (found.count > 1)
        return several (text, &found);
    *position = found.at[0];
    return EXIT_DONE;
}

/* --- list ---------------------------------------------------------------------------------- */

static const struct option_row no_options[] = { { NULL, 0, false, NULL, NULL } };

static const char *origin_words (struct span told)
{
    return span_is (told, "yes")     ? "origin told"
           : span_is (told, "waits") ? "origin is being told"
           : span_is (told, "no")    ? "origin not told"
                                     : "origin: not known";
}

static const char *neighbour_words (struct span told)
{
    return span_is (told, "yes")  ? "neighbour told"
           : span_is (told, "no") ? "neighbour not told"
                                  : "neighbour: not known";
}

static void print_row (struct span row)
{
    struct span id = body_text (row, "id"), from = body_text (row, "from");
    struct span detail = body_text (row, "detail");
    unsigned reason = (unsigned) body_int (row, "reason", 0);
    int64_t now = clock_utc ();
    style (STYLE_STRONG);
    say ("%8" PRId64, body_int (row, "position", 0));
    style (STYLE_PLAIN);
    say ("  %-20s  from %s: ", moment_of (body_int (row, "taken", 0), now).text,
         from.size ? line_of (from).text : "this party");
    if (id.size)
        say ("%s that claims to be %s\n", line_of (body_text (row, "kind")).text,
             line_of (id).text);
    else
        say ("%" PRId64 " bytes that are no message\n", body_int (row, "bytes", 0));
    say ("          %s%s%s (%s); %s, %s\n", cb_reason_text (reason), detail.size ? ": " : "",
         line_of (detail).text, cb_reason_name (reason),
         neighbour_words (body_text (row, "told_neighbour")),
         origin_words (body_text (row, "told_origin")));
}

static json_t *row_json (struct span row)
{
    json_t *made = value_json (row);
    unsigned reason = (unsigned) body_int (row, "reason", 0);
    json_object_set_new (made, "reason", json_string (cb_reason_name (reason)));
    json_object_set_new (made, "check", json_integer (check_of (reason)->number));
    return made;
}

static void print_end (struct span answer)
{
    int64_t count = body_int (answer, "count", 0), dropped = body_int (answer, "dropped", 0);
    if (count == 0)
        say ("Nothing is in quarantine.\n");
    else
        say ("\n%" PRId64 " in quarantine. Next: certbus quarantine show POSITION\n", count);
    if (dropped)
        say ("%" PRId64 " more found no room and were only counted.\n", dropped);
}

static int run_list (struct call *call)
{
    struct span answer = { NULL, 0 };
    json_t *all = json_array ();
    int64_t after = 0;
    int code;
    do {
        struct pack_in in;
        code = page_after (call, after, &answer);
        if (code != EXIT_DONE)
            break;
        for (size_t left = answer_array (answer, "records", &in); left; left--) {
            struct span row = pack_any (&in);
            if (call->json)
                json_array_append_new (all, row_json (row));
            else
                print_row (row);
        }
        after = body_int (answer, "next", after);
    } while (answer_bool (answer, "more"));
    if (code == EXIT_DONE && call->json)
        say_json (json_pack ("{s:I, s:I, s:I, s:O}", "count",
                             (json_int_t) body_int (answer, "count", 0), "bytes",
                             (json_int_t) body_int (answer, "bytes", 0), "dropped",
                             (json_int_t) body_int (answer, "dropped", 0), "records", all),
                  true);
    else if (code == EXIT_DONE)
        print_end (answer);
    json_decref (all);
    return code;
}

const struct command command_quarantine_list = {
    .name = "quarantine list",
    .group = GROUP_CARE,
    .stands_alone = true,
    .paged = true,
    .operands = "",
    .summary = "list what was refused here and is kept, oldest first (also: certbus quarantine)",
    .about =
        "Each has its position here, when it came and from which neighbour, what it claims to\n"
        "be, and why it was refused. What it claims may be false: that is often why it is here.\n"
        "A neighbour that sent it was told at once, if it was still connected; its origin is told\n"
        "by a message of kind rejection, if its signature was good.",
    .options = no_options,
    .run = run_list,
};

/* --- show ---------------------------------------------------------------------------------- */

static void print_check (const char *label, unsigned reason, struct span detail)
{
    const struct check_row *check = check_of (reason);
    say ("%-10s %s%s%s (%s)\n", label, cb_reason_text (reason), detail.size ? ": " : "",
         line_of (detail).text, cb_reason_name (reason));
    if (check->number)
        say ("%-10s check %u: %s\n", "", check->number, check->asks);
}

static void print_now (struct span answer, int64_t position)
{
    struct span now = body_field (answer, "now");
    unsigned reason = (unsigned) body_int (now, "reason", 0);
    if (reason == CB_OK) {
        style (STYLE_GOOD);
        say ("%-10s it would be taken: certbus quarantine release %" PRId64 "\n", "Now", position);
        style (STYLE_PLAIN);
        return;
    }
    print_check ("Now", reason, body_text (now, "detail"));
    say ("%-10s %s\n", "Helps", check_of (reason)->helps);
    say ("%-10s certbus quarantine discard %" PRId64 " --why \"...\"; a release would be refused\n",
         "Or", position);
}

static void print_one (struct call *call, struct span answer, int64_t position)
{
    struct span row = body_field (answer, "refused"), from = body_text (row, "from");
    struct envelope e;
    style (STYLE_STRONG);
    say ("Position %" PRId64 ", in quarantine\n", position);
    style (STYLE_PLAIN);
    say ("%-10s %s, from %s\n", "Came", when_of (body_int (row, "taken", 0)).text,
         from.size ? line_of (from).text : "this party");
    print_check ("Refused", (unsigned) body_int (row, "reason", 0), body_text (row, "detail"));
    say ("%-10s %s, %s\n", "Told", neighbour_words (body_text (row, "told_neighbour")),
         origin_words (body_text (row, "told_origin")));
    print_now (answer, position);
    if (envelope_parse (&e, body_bytes (answer, "envelope")) != CB_OK) {
        say ("\n%" PRId64 " bytes that are no message.\n", body_int (row, "bytes", 0));
        return;
    }
    say ("\nWhat it claims to be, which nobody vouches for:\n\n");
    message_print (call, &e, (struct span){ NULL, 0 });
}

static void show_json (struct call *call, struct span answer)
{
    struct span now = body_field (answer, "now");
    struct envelope e;
    json_t *made = row_json (body_field (answer, "refused"));
    unsigned reason = (unsigned) body_int (now, "reason", 0);
    json_object_set_new (made, "now",
                         json_pack ("{s:s, s:o, s:i, s:s}", "reason", cb_reason_name (reason),
                                    "detail", json_span (body_text (now, "detail")), "check",
                                    (int) check_of (reason)->number, "helps",
                                    reason == CB_OK ? "" : check_of (reason)->helps));
    if (envelope_parse (&e, body_bytes (answer, "envelope")) == CB_OK)
        json_object_set_new (made, "message", message_json (call, &e));
    say_json (made, true);
}

static int run_show (struct call *call)
{
    int64_t position;
    struct span answer;
    int code = quarantine_position (call, call->args.operands[0], &position);
    if (code != EXIT_DONE)
        return code;
    struct ask *question = ask_new ("refused");
    ask_int (question, "position", position);
    code = talk_about (call, call->args.operands[0], &question, &answer);
    if (code == EXIT_DONE && call->json)
        show_json (call, answer);
    else if (code == EXIT_DONE)
        print_one (call, answer, position);
    return code;
}

const struct command command_quarantine_show = {
    .name = "quarantine show",
    .group = GROUP_CARE,
    .paged = true,
    .operands = "POSITION|ID",
    .least = 1,
    .most = 1,
    .summary = "say in full why a message was refused, and whether it would be taken now",
    .about =
        "Says which check of docs/protocol.md (section 8) it failed, whether it would pass with\n"
        "what is known now, and if not, what would help.",
    .options = no_options,
    .run = run_show,
};
