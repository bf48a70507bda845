/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "nodes/certbus/ago.h"
#include "nodes/certbus/casework/rows.h"
#include "nodes/certbus/csv.h"
#include "nodes/certbus/filter.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/screen.h"

static const struct option_row options[] = {
    { "since", 0, false, "TIME", "only what was due then or later: yesterday, 30d, 2026-11-01" },
    { "csv", 0, false, NULL, "a table for a spreadsheet" },
    { NULL, 0, false, NULL, NULL },
};

static const struct row_key keys[] = {
    { "party", ROW_TEXT }, { "clock", ROW_TEXT },    { "due", ROW_TIME },   { "done", ROW_TIME },
    { "id", ROW_TEXT },    { "severity", ROW_TEXT }, { "title", ROW_TEXT }, { NULL, ROW_TEXT },
};

struct listing {
    struct call *call;
    const char *party;
    int64_t since;
    bool csv;
    size_t shown;
    json_t *counts; /* {party: {clock: how many}} */
    json_t *made;   /* NULL: it is printed */
};

static void ask_which (void *self, struct ask *question)
{
    const struct listing *listing = self;
    if (listing->party)
        ask_text (question, "party", span_of (listing->party));
    if (listing->since)
        ask_int (question, "since", listing->since);
}

static void print_csv (struct span row)
{
    for (const struct row_key *key = keys; key->key; key++) {
        if (key->type == ROW_TIME)
            csv_time (key == keys, body_int (row, key->key, 0));
        else
            csv_cell (key == keys, body_text (row, key->key));
    }
    csv_end ();
}

static void print (struct span row)
{
    int64_t due = body_int (row, "due", 0), done = body_int (row, "done", 0);
    say ("%-24s  %-12s  due %s  ", line_of (body_text (row, "party")).text,
         line_of (body_text (row, "clock")).text, when_of (due).text);
    if (!done)
        style (STYLE_BAD);
    say ("%-16s", done ? lasting_of (done > due ? done - due : 0).text : "not done yet");
    if (!done)
        style (STYLE_PLAIN);
    say ("%s  %-2.2s  %-20s  ", done ? " late" : "     ",
         line_of (body_text (row, "severity")).text, line_of (body_text (row, "id")).text);
    say_cells (body_text (row, "title"), screen_width () ? 48 : 0, false);
    say ("\n");
}

static void count (struct listing *listing, struct span row)
{
    struct line party = line_of (body_text (row, "party"));
    struct line clock = line_of (body_text (row, "clock"));
    json_t *of = json_object_get (listing->counts, party.text);
    if (!of)
        json_object_set_new (listing->counts, party.text, of = json_object ());
    json_int_t before = json_integer_value (json_object_get (of, clock.text));
    json_object_set_new (of, clock.text, json_integer (before + 1));
}

static bool take (void *self, struct span row)
{
    struct listing *listing = self;
    listing->shown++;
    count (listing, row);
    if (listing->made)
        json_array_append_new (listing->made, row_json (keys, row));
    else if (listing->csv)
        print_csv (row);
    else
        print (row);
    return !pager_left ();
}

static void print_counts (const json_t *counts)
{
    const char *party, *clock;
    json_t *of, *number;
    style (STYLE_STRONG);
    say ("\n%-24s  %-12s  breaches\n", "party", "clock");
    style (STYLE_PLAIN);
    json_object_foreach ((json_t *) (uintptr_t) counts, party, of)
    {
        json_object_foreach (of, clock, number)
        {
            say ("%-24s  %-12s  %lld\n", party, clock, (long long) json_integer_value (number));
        }
    }
}

static void finish (struct listing *listing)
{
    if (listing->made)
        say_json (json_pack ("{s:O, s:O}", "breaches", listing->made, "counts", listing->counts),
                  true);
    else if (!listing->shown && !listing->csv && listing->party)
        say ("nothing is known here that %s has not done in time\n", listing->party);
    else if (!listing->shown && !listing->csv)
        say ("every clock was met\n");
    else if (!listing->csv)
        print_counts (listing->counts);
}

static int run (struct call *call)
{
    const char *since = args_text (&call->args, "since");
    struct listing listing = { .call = call,
                               .party = call->args.operand_count ? call->args.operands[0] : NULL,
                               .csv = args_flag (&call->args, "csv") };
    if (listing.party && !party_valid (span_of (listing.party)))
        return usage (call, "breaches: '%s' is no party's name", line_text (listing.party).text);
    if (listing.csv && call->json)
        return usage (call, "breaches: --csv or --json, not both");
    int code = since ? filter_time (call, "since", since, &listing.since) : EXIT_DONE;
    if (code != EXIT_DONE)
        return code;
    listing.counts = json_object ();
    listing.made = call->json ? json_array () : NULL;
    if (listing.csv)
        printf ("party,clock,due,done,id,severity,title\r\n");
    struct rows rows = { call, "breaches", "breaches", ask_which, take, NULL, &listing };
    code = rows_each (&rows);
    if (code == EXIT_DONE)
        finish (&listing);
    json_decref (listing.counts);
    json_decref (listing.made);
    return code;
}

const struct command command_breaches = {
    .name = "breaches",
    .group = GROUP_CASE,
    .operands = "[PARTY]",
    .most = 1,
    .summary = "the register of what was not done in time",
    .about =
        "Each line: whose clock it was, which, when it was due, how late it was done (or that it\n"
        "was not done yet), severity, case. Then how many there are of each party and clock.\n"
        "Without PARTY those of all that are known here: one's own, and what climbed to here.\n"
        "Exercises do not count.",
    .options = options,
    .paged = true,
    .run = run,
};
