/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nodes/certbus/ago.h"
#include "nodes/certbus/casework/rows.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/screen.h"

static const struct option_row options[] = {
    { "closed", 0, false, NULL, "closed ones, too" },
    { "mode", 0, false, "MODE", "only live, exercise or test" },
    { NULL, 0, false, NULL, NULL },
};

static const struct row_key keys[] = {
    { "id", ROW_TEXT },
    { "ref", ROW_REF },
    { "title", ROW_TEXT },
    { "origin", ROW_TEXT },
    { "lead", ROW_TEXT },
    { "severity", ROW_TEXT },
    { "type", ROW_TEXT },
    { "stage", ROW_TEXT },
    { "disposition", ROW_TEXT },
    { "assignee", ROW_TEXT },
    { "tlp", ROW_TEXT },
    { "mode", ROW_TEXT },
    { "exercise", ROW_REF },
    { "stub", ROW_BOOL },
    { "aware", ROW_TIME },
    { "reported", ROW_TIME },
    { "acknowledged", ROW_TIME },
    { "acknowledged_by", ROW_TEXT },
    { "contained", ROW_TIME },
    { "recovered", ROW_TIME },
    { "closed", ROW_TIME },
    { "reopened", ROW_TIME },
    { "next_update", ROW_TIME },
    { "news", ROW_TIME },
    { "duplicate_of", ROW_TEXT },
    { "escalated", ROW_TEXT },
    { "proposed", ROW_TEXT },
    { "report", ROW_TEXT },
    { "question_count", ROW_INT },
    { "steps", ROW_INT },
    { "voids", ROW_INT },
    { NULL, ROW_TEXT },
};

struct listing {
    struct call *call;
    int64_t now;
    size_t shown;
    int mode; /* -1: any */
};

static void ask_which (void *self, struct ask *question)
{
    const struct listing *listing = self;
    if (args_flag (&listing->call->args, "closed"))
        ask_bool (question, "closed", true);
    if (listing->mode >= 0)
        ask_int (question, "mode", listing->mode);
}

static void print (const struct listing *listing, struct span row)
{
    struct span severity = body_text (row, "severity"), person = body_text (row, "assignee");
    bool urgent = span_is (severity, "S1") || span_is (severity, "S2");
    if (urgent)
        style (STYLE_BAD);
    say ("%s%-2.2s", row_mark (row),
         span_is (severity, "undetermined") ? "?" : line_of (severity).text);
    if (urgent)
        style (STYLE_PLAIN);
    say ("  %-20s  %-12s  %-16s  %s%s%s%s  ", line_of (body_text (row, "id")).text,
         line_of (body_text (row, "stage")).text,
         moment_of (body_int (row, "news", 0), listing->now).text,
         line_of (body_text (row, "lead")).text, person.size ? " (" : "", line_of (person).text,
         person.size ? ")" : "");
    say_cells (body_text (row, "title"), screen_width () ? 48 : 0, false);
    if (body_int (row, "question_count", 0))
        say ("  (%d open)", (int) body_int (row, "question_count", 0));
    say ("\n");
}

/* An array that is printed as it grows. */
static bool take (void *self, struct span row)
{
    struct listing *listing = self;
    if (listing->call->json) {
        say ("%s", listing->shown ? "," : "[\n");
        say_json (row_json (keys, row), true);
    } else {
        print (listing, row);
    }
    listing->shown++;
    return !pager_left ();
}

static int run (struct call *call)
{
    const char *mode = args_text (&call->args, "mode");
    struct listing listing = { .call = call, .now = day_here ().now, .mode = -1 };
    if (mode && (listing.mode = cb_mode_number (mode)) < 0)
        return usage (call, "--mode: '%s' is none; expected live, exercise or test",
                      line_text (mode).text);
    struct rows rows = { call, "cases", "cases", ask_which, take, NULL, &listing };
    int code = rows_each (&rows);
    if (code == EXIT_DONE && call->json)
        say ("%s", listing.shown ? "]\n" : "[]\n");
    else if (code == EXIT_DONE && !listing.shown)
        say ("no case is open\n");
    return code;
}

const struct command command_cases = {
    .name = "cases",
    .group = GROUP_CASE,
    .operands = "",
    .summary = "the cases that this party takes part in, and where each stands",
    .about =
        "Each line: severity (?: undetermined), id, stage, when something was said last, who\n"
        "leads (and who works on it), title, and how many questions are open. `certbus show ID`\n"
        "has the whole case, `certbus clocks` what is due first.",
    .options = options,
    .paged = true,
    .run = run,
};
