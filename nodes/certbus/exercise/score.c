/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "nodes/certbus/ago.h"
#include "nodes/certbus/exercise/exercise.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"

static const struct option_row options[] = {
    { "csv", 0, false, NULL, "print comma-separated values, for a spreadsheet" },
    { NULL, 0, false, NULL, NULL },
};

/* Names alone: they hold no comma, no quote, and begin no formula. */
static void print_csv (struct span answer)
{
    struct pack_in in;
    struct span exercise = body_field (answer, "exercise");
    char id[ID_TEXT];
    span_text (body_text (exercise, "id"), id, sizeof id);
    say ("mode,exercise,party,expected,clock,limit_s,from,done,took_s,outcome\n");
    for (size_t left = answer_array (answer, "score", &in); left; left--) {
        struct span row = pack_any (&in);
        int64_t from = body_int (row, "from", 0), done = body_int (row, "done", 0);
        say ("exercise,%s,%s,%s,%s,%" PRId64 ",%s,%s,", id, line_of (body_text (row, "party")).text,
             line_of (body_text (row, "expected")).text, line_of (body_text (row, "clock")).text,
             body_int (row, "limit", 0) / 1000, from > 0 ? when_of (from).text : "",
             done > 0 ? when_of (done).text : "");
        if (done > 0)
            say ("%" PRId64, body_int (row, "took", 0) / 1000);
        say (",%s\n", line_of (body_text (row, "outcome")).text);
    }
}

static void print_row (struct span row)
{
    struct span outcome = body_text (row, "outcome");
    int64_t took = body_int (row, "took", 0), limit = body_int (row, "limit", 0);
    bool bad = span_is (outcome, "late") || span_is (outcome, "missing");
    say ("%-24s  %-16s  %-20s  %-8s  ", line_of (body_text (row, "party")).text,
         line_of (body_text (row, "expected")).text, line_of (body_text (row, "clock")).text,
         lasting_of (limit).text);
    style (bad ? STYLE_BAD : span_is (outcome, "met") ? STYLE_GOOD : STYLE_PLAIN);
    say ("%s", span_is (outcome, "not-asked") ? "not asked" : line_of (outcome).text);
    style (STYLE_PLAIN);
    if (span_is (outcome, "late"))
        say (" by %s", lasting_of (took - limit).text);
    if (body_int (row, "done", 0) > 0)
        say (", after %s", lasting_of (took).text);
    say ("\n");
}

static void print_table (struct span answer)
{
    struct pack_in in;
    struct span exercise = body_field (answer, "exercise");
    size_t count = answer_array (answer, "score", &in), met = 0, counted = 0;
    style (STYLE_STRONG);
    say ("%s\n", headline_marked (true, body_text (exercise, "title")).text);
    style (STYLE_PLAIN);
    say ("%s, %s\n\n", line_of (body_text (exercise, "id")).text,
         line_of (body_text (exercise, "stands")).text);
    for (size_t i = 0; i < count; i++) {
        struct span row = pack_any (&in), outcome = body_text (row, "outcome");
        print_row (row);
        met += span_is (outcome, "met");
        counted += !span_is (outcome, "open") && !span_is (outcome, "not-asked");
    }
    if (count > 0)
        say ("\n%zu of %zu in time; pauses do not count\n", met, counted);
    else
        say ("nothing is known here of what was expected\n");
}

static int run (struct call *call)
{
    struct span answer;
    bool csv = args_flag (&call->args, "csv");
    if (csv && call->json)
        return usage (call, "exercise score: --csv or --json, not both");
    int code = exercise_ask (call, call->args.operands[0], &answer);
    if (code != EXIT_DONE)
        return code;
    if (call->json)
        say_json (exercise_answer_json (answer), true);
    else if (csv)
        print_csv (answer);
    else
        print_table (answer);
    return EXIT_DONE;
}

const struct command command_exercise_score = {
    .name = "exercise score",
    .group = GROUP_READ,
    .operands = "EXERCISE",
    .least = 1,
    .most = 1,
    .summary = "who did what was expected in an exercise: in time, late or not at all",
    .about =
        "At who announced it: of all, also while it runs. At a CERT that took part: of itself\n"
        "and those right below it, once it was stopped. Limits count from when the inject was\n"
        "sent, by the clock of who announced it; done is when the answer was issued.",
    .options = options,
    .paged = true,
    .run = run,
};
