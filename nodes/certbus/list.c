/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/filter.h"
#include "nodes/certbus/line.h"
#include "nodes/certbus/screen.h"
#include "nodes/certbus/talk.h"

#define LIST_MAX   INT64_C (1000000000)
#define LIST_USUAL 20
#define LIST_CHUNK 100

static const struct option_row options[] = {
    FILTER_OPTIONS,
    { "since", 0, false, "TIME", "only what was taken in then or later: yesterday, 3d, 9:00, ..." },
    { "number", 'n', false, "N", "at most so many (default: 20; with --since or --waiting: all)" },
    { "waiting", 'w', false, NULL, "only what a neighbour has not acknowledged, and which" },
    { "all", 'a', false, NULL, "what only passes through too, and receipts, heads, checkpoints" },
    { "quarantine", 'q', false, NULL, "what was refused here, and why" },
    { NULL, 0, false, NULL, NULL },
};

struct list {
    struct call *call;
    struct filter filter;
    bool waiting, quarantine, number_given;
    int64_t number, after, printed;
    struct columns columns;
    struct progress progress;
};

static struct ask *make_question (const struct list *self)
{
    struct ask *question = ask_new ("read");
    int64_t left = self->number - self->printed;
    filter_ask (&self->filter, question, false);
    ask_int (question, "after", self->after);
    ask_int (question, "limit", left < LIST_CHUNK ? left : LIST_CHUNK);
    ask_bool (question, "back", true);
    if (self->waiting)
        ask_bool (question, "waiting", true);
    if (self->quarantine)
        ask_bool (question, "quarantine", true);
    else if (!self->filter.all && !self->waiting)
        ask_bool (question, "here", true);
    return question;
}

/* As mailq has it: whom it waits for, and since when. */
static void print_waits (const struct record *record)
{
    struct pack_in in = pack_open (record->waits);
    size_t count = record->waits.size ? pack_array (&in, 0, SIZE_MAX) : 0;
    for (size_t i = 0; i < count; i++)
        say ("%s%s", i ? ", " : "    waits for ", line_of (pack_str (&in, 0, SIZE_MAX)).text);
    if (count)
        say (", since %s\n", when_of (record->taken).text);
}

/* An array that is printed as it grows. */
static void print_json (struct list *self, const struct record *record)
{
    say ("%s", self->printed ? "," : "[\n");
    say_json (record_json (self->call, record), true);
}

static void print (struct list *self, const struct record *record)
{
    if (self->call->json) {
        print_json (self, record);
    } else {
        line_print (&self->columns, record);
        print_waits (record);
    }
    self->printed++;
}

/* Prints what came. */
static void take (struct list *self, struct span answer)
{
    struct pack_in in;
    struct record records[LIST_CHUNK];
    size_t used = 0, count = answer_array (answer, "records", &in);
    for (size_t i = 0; i < count && used < LIST_CHUNK; i++)
        if (record_read (pack_any (&in), &records[used]) &&
            (self->quarantine || filter_wants (&self->filter, &records[used])))
            used++;
    columns_fit (&self->columns, records, used);
    for (size_t i = 0; i < used && self->printed < self->number; i++)
        print (self, &records[i]);
}

static int read_all (struct list *self)
{
    bool more = true;
    while (more && self->printed < self->number && !pager_left ()) {
        struct span answer;
        struct ask *question = make_question (self);
        int code = talk (self->call, CLIENT_READ, &question, ASK_TIMEOUT, &answer);
        if (code != EXIT_DONE)
            return code;
        take (self, answer);
        self->after = body_int (answer, "next", 0);
        more = self->after > 1;
        if (!screen_width ())
            progress_step (&self->progress, self->printed);
    }
    if (self->call->json)
        say ("%s", self->printed ? "]\n" : "[]\n");
    else if (self->waiting && !self->printed)
        say ("nothing waits\n");
    else if (more && !self->number_given && self->printed == self->number && screen_width ())
        say ("(the newest %d; -n N shows more)\n", LIST_USUAL);
    return EXIT_DONE;
}

static int run (struct call *call)
{
    char why[WHY_MAX];
    const struct args *args = &call->args;
    struct list list = { .call = call,
                         .waiting = args_flag (args, "waiting"),
                         .quarantine = args_flag (args, "quarantine"),
                         .number_given = args_flag (args, "number"),
                         .number = LIST_USUAL };
    const char *since = args_text (args, "since");
    if (since || list.waiting)
        list.number = LIST_MAX;
    if (list.waiting && list.quarantine)
        return usage (call, "what is in quarantine waits for nobody: --waiting or --quarantine");
    if (!args_number (args, "number", 1, LIST_MAX, &list.number, why, sizeof why))
        return usage (call, "%s", why);
    int code = filter_read (&list.filter, call);
    if (code == EXIT_DONE && since)
        code = filter_time (call, "since", since, &list.filter.since);
    if (code != EXIT_DONE)
        return code;
    progress_begin (&list.progress, "messages", 0);
    code = read_all (&list);
    progress_end (&list.progress);
    return code;
}

const struct command command_list = {
    .name = "list",
    .group = GROUP_READ,
    .operands = "",
    .summary = "list the messages that are for this party or by it, newest first",
    .about =
        "Each line has when it was issued, id, TLP, kind, severity (?: undetermined) and title;\n"
        "[replaced by ...] and [withdrawn by ...] stand where something newer counts,\n"
        "[refused by ...] where somebody refused an own message: `certbus show` says why. On a\n"
        "terminal lines are cut to its width.",
    .options = options,
    .paged = true,
    .run = run,
};
