/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nodes/certbus/ago.h"
#include "nodes/certbus/casework/rows.h"
#include "nodes/certbus/day.h"
#include "nodes/certbus/record.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/value.h"

#define SHOWN_USUAL 20

static const struct option_row options[] = {
    { "class", 'c', false, "case|advisory|silence|return|bulletin|exercise", "only these" },
    { "all", 'a', false, NULL, "all that run, also who was heard in time" },
    { "confirm", 0, false, NULL, "the time of this machine is right: let what is held climb" },
    { NULL, 0, false, NULL, NULL },
};

static const struct row_key keys[] = {
    { "class", ROW_TEXT }, { "clock", ROW_TEXT },    { "started", ROW_TIME }, { "due", ROW_TIME },
    { "step", ROW_TEXT },  { "at", ROW_TIME },       { "id", ROW_TEXT },      { "ref", ROW_REF },
    { "title", ROW_TEXT }, { "severity", ROW_TEXT }, { "party", ROW_TEXT },   { "lead", ROW_TEXT },
    { "stage", ROW_TEXT }, { "mode", ROW_TEXT },     { NULL, ROW_TEXT },
};

struct listing {
    struct call *call;
    const char *class;
    int64_t now;
    size_t shown, most;
    bool all;
    bool cut;    /* the first ones are enough */
    bool hidden; /* who was heard in time was left out */
    struct clock_held {
        int64_t jumped, since;
    } held;
    json_t *made; /* NULL: it is printed */
};

static void ask_class (void *self, struct ask *question)
{
    const struct listing *listing = self;
    if (listing->class)
        ask_text (question, "class", span_of (listing->class));
}

static void take_answer (void *self, struct span answer)
{
    struct listing *listing = self;
    listing->held.jumped = body_int (answer, "hold.jumped", 0);
    listing->held.since = body_int (answer, "hold.since", 0);
}

/* "climbs in 15 min". */
static void say_next (const struct listing *listing, struct span row)
{
    static const struct {
        const char *step, *words;
    } steps[] = { { "remind", "reminds" }, { "breach", "is breached" }, { "climb", "climbs" } };
    struct span step = body_text (row, "step");
    int64_t at = body_int (row, "at", 0);
    for (size_t i = 0; at > listing->now && i < sizeof steps / sizeof steps[0]; i++)
        if (span_is (step, steps[i].step))
            say ("  (%s %s)", steps[i].words, moment_of (at, listing->now).text);
}

static void print (const struct listing *listing, struct span row)
{
    int64_t due = body_int (row, "due", 0);
    enum style how = urgency_style (due, listing->now);
    struct span title = body_text (row, "title"), id = body_text (row, "id");
    char when[64];
    snprintf (when, sizeof when, "%s%.48s", due <= listing->now ? "OVERDUE " : "",
              due <= listing->now && screen_width () ? lasting_of (listing->now - due).text
                                                     : moment_of (due, listing->now).text);
    if (how != STYLE_PLAIN)
        style (how);
    say ("%s%-2.2s  %-16s", row_mark (row),
         span_is (body_text (row, "severity"), "undetermined")
             ? "?"
             : line_of (body_text (row, "severity")).text,
         when);
    if (how != STYLE_PLAIN)
        style (STYLE_PLAIN);
    say ("  %-20s  %-20s  %s", line_of (body_text (row, "clock")).text,
         id.size ? line_of (id).text : "-", line_of (body_text (row, "party")).text);
    if (title.size)
        say ("  ");
    say_cells (title, screen_width () ? 48 : 0, false);
    say_next (listing, row);
    say ("\n");
}

/* That a thousand bodies were heard in time is no news: they are shown when they are late. */
static bool in_time (const struct listing *listing, struct span row)
{
    struct span class = body_text (row, "class");
    return !listing->all && !listing->class && body_int (row, "due", 0) > listing->now &&
           (span_is (class, "silence") || span_is (class, "return"));
}

static bool take (void *self, struct span row)
{
    struct listing *listing = self;
    if (in_time (listing, row)) {
        listing->hidden = true;
        return true;
    }
    listing->cut = listing->shown == listing->most;
    if (listing->cut)
        return false;
    listing->shown++;
    if (listing->made)
        json_array_append_new (listing->made, row_json (keys, row));
    else
        print (listing, row);
    return true;
}

static void say_held (const struct clock_held *held, int64_t now)
{
    if (!held->since)
        return;
    style (STYLE_BAD);
    say ("HELD: this machine's clock jumped %s %s, %s. Nothing is raised until somebody says that "
         "the time is right now: certbus clocks --confirm\n",
         lasting_of (held->jumped < 0 ? -held->jumped : held->jumped).text,
         held->jumped < 0 ? "backwards" : "forwards", moment_of (held->since, now).text);
    style (STYLE_PLAIN);
}

static int confirm (struct call *call)
{
    struct span answer;
    struct ask *question = ask_new ("confirm");
    int code = talk (call, CLIENT_ACT, &question, ASK_TIMEOUT, &answer);
    if (code == EXIT_DONE && call->json)
        say_json (value_json (answer), true);
    else if (code == EXIT_DONE)
        say ("the time counts as right: clocks that were held run on\n");
    return code;
}

static int run (struct call *call)
{
    struct listing listing = { .call = call,
                               .class = args_text (&call->args, "class"),
                               .now = day_here ().now,
                               .all = args_flag (&call->args, "all") };
    listing.most = listing.all ? SIZE_MAX : SHOWN_USUAL;
    static const char *const classes[] = { "case",     "advisory", "silence", "return",
                                           "bulletin", "exercise", NULL };
    bool known = !listing.class;
    for (size_t i = 0; classes[i] && listing.class; i++)
        known = known || strcmp (classes[i], listing.class) == 0;
    if (!known)
        return usage (call,
                      "--class: '%s' is none of case, advisory, silence, return, bulletin, "
                      "exercise",
                      line_text (listing.class).text);
    if (args_flag (&call->args, "confirm"))
        return confirm (call);
    listing.made = call->json ? json_array () : NULL;
    struct rows rows = { call, "clocks", "clocks", ask_class, take, take_answer, &listing };
    int code = rows_each (&rows);
    if (code == EXIT_DONE && call->json) {
        const struct clock_held *held = &listing.held;
        json_t *hold = held->since ? json_pack ("{s:I, s:o}", "jumped", (json_int_t) held->jumped,
                                                "since", json_time (held->since))
                                   : json_null ();
        say_json (json_pack ("{s:O, s:o, s:b}", "clocks", listing.made, "hold", hold, "more",
                             listing.cut || listing.hidden),
                  true);
    } else if (code == EXIT_DONE) {
        if (!listing.shown)
            say (listing.hidden ? "nothing is due\n" : "no clock runs\n");
        if (listing.cut)
            say ("(the first %d; --all shows more)\n", SHOWN_USUAL);
        else if (listing.hidden)
            say ("(who was heard in time is left out; --all shows them)\n");
        say_held (&listing.held, listing.now);
    }
    json_decref (listing.made);
    return code;
}

const struct command command_clocks = {
    .name = "clocks",
    .group = GROUP_CASE,
    .operands = "",
    .summary = "the clocks that run, by time to breach",
    .about =
        "Each line: severity, when it is due (or for how long it is overdue), the clock, what it\n"
        "is about, whose clock it is, and what happens next when nobody acts. A clock stays until\n"
        "what it waits for is done. Of silence and returns those are shown that are late; --all\n"
        "or --class shows the others.\n"
        "\n"
        "When this machine's clock jumps, nothing is raised until somebody has looked at the time\n"
        "and confirms it.",
    .options = options,
    .paged = true,
    .run = run,
};
