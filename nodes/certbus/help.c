/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/command.h"

#include <stdlib.h>
#include <string.h>

static const char *const group_titles[] = {
    [GROUP_SETUP] = "set up a hierarchy, and take part in it",
    [GROUP_SEND] = "send",
    [GROUP_CASE] = "work on a case",
    [GROUP_READ] = "read",
    [GROUP_CARE] = "look after it",
    [GROUP_HELP] = "help",
};

static void print_options (const struct option_row *row)
{
    for (; row && row->name; row++) {
        char left[64];
        int used = row->letter ? snprintf (left, sizeof left, "-%c, --%s", row->letter, row->name)
                               : snprintf (left, sizeof left, "    --%s", row->name);
        if (row->value)
            snprintf (left + used, sizeof left - (size_t) used, " %s", row->value);
        say ("  %-26s  %s%s\n", left, row->meaning, row->many ? " (may be repeated)" : "");
    }
}

static void print_exits (void)
{
#define EXIT_X(name, number, meaning) say ("  %d  %s\n", number, meaning);
    say ("\nExit codes:\n");
    EXITS (EXIT_X)
#undef EXIT_X
}

void help_general (void)
{
    say ("certbus - the bus between CERTs: advisories down, incidents up, signed at every step\n\n"
         "usage: certbus [-C DIR] [--json] COMMAND [OPTIONS] [OPERANDS]\n");
    for (unsigned group = 0; group < sizeof group_titles / sizeof group_titles[0]; group++) {
        say ("\n%s\n", group_titles[group]);
        for (const struct command *const *at = commands; *at; at++)
            if ((*at)->group == group)
                say ("  %-18s  %s\n", (*at)->name, (*at)->summary);
    }
    say ("\nOptions of all commands:\n");
    print_options (common_options);
    print_exits ();
    say (
        "\n`certbus help COMMAND` and `certbus COMMAND --help` say more. `certbusd -C DIR` is the\n"
        "broker that these commands talk to.\n");
}

void help_command (const struct command *command)
{
    bool own = command->options && command->options->name;
    say ("certbus %s - %s\n\nusage: certbus [-C DIR] %s%s%s%s\n", command->name, command->summary,
         command->name, own ? " [OPTIONS]" : "", *command->operands ? " " : "", command->operands);
    if (command->about)
        say ("\n%s\n", command->about);
    say ("\nOptions:\n");
    print_options (command->options);
    print_options (common_options);
    print_exits ();
}

static int run_help (struct call *call)
{
    int used = 0;
    char *words[2] = { NULL, NULL };
    size_t count = call->args.operand_count;
    if (count == 0) {
        help_general ();
        return EXIT_DONE;
    }
    for (size_t i = 0; i < count; i++)
        words[i] = strdup (call->args.operands[i]);
    const struct command *command = command_find ((int) count, words, &used);
    if (command)
        help_command (command);
    for (size_t i = 0; i < count; i++)
        free (words[i]);
    return command ? EXIT_DONE : EXIT_USAGE;
}

const struct command command_help = {
    .name = "help",
    .group = GROUP_HELP,
    .operands = "[COMMAND]",
    .most = 2,
    .paged = true,
    .summary = "what the commands are, or how one is used",
    .run = run_help,
};
