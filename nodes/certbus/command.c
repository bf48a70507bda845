/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/command.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/edge/home.h"
#include "bus/edge/schemafile.h"
#include "nodes/certbus/screen.h"

#define COMMAND_X(name) &command_##name,
const struct command *const commands[] = { COMMANDS (COMMAND_X) NULL };
#undef COMMAND_X

#define COMMANDS_MAX 128

const struct option_row common_options[] = {
    { "home", 'C', false, "DIR",
      "the party's folder (default: $CERTBUS_HOME, this one, " HOME_SYSTEM ")" },
    { "json", 0, false, NULL, "print JSON, for programs" },
    { "color", 0, false, "WHEN",
      "auto (default: on a terminal without NO_COLOR), always or never" },
    { "no-pager", 0, false, NULL, "do not print through $CERTBUS_PAGER, $PAGER or less" },
    { "help", 'h', false, NULL, "print this and end" },
    { NULL, 0, false, NULL, NULL },
};

int usage (const struct call *call, const char *format, ...)
{
    char text[WHY_MAX];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    if (call && call->command)
        complain ("%s; see `certbus help %s`", text, call->command->name);
    else
        complain ("%s; see `certbus help`", text);
    return EXIT_USAGE;
}

int refused (const char *format, ...)
{
    char text[WHY_MAX];
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    complain ("%s", text);
    return EXIT_REFUSED;
}

struct path home_path (const struct call *call, const char *name)
{
    struct path path;
    snprintf (path.text, sizeof path.text, "%s/%s", call->home, name);
    return path;
}

void span_free (struct span *bytes)
{
    free ((void *) (uintptr_t) bytes->data);
    *bytes = (struct span){ 0 };
}

struct span span_keep (struct span bytes)
{
    uint8_t *copy = malloc (bytes.size + 1);
    if (!copy)
        abort ();
    if (bytes.size)
        memcpy (copy, bytes.data, bytes.size);
    /* Not span_bytes: of nothing it makes a span that is not ours to free. */
    return (struct span){ .data = copy, .size = bytes.size };
}

/* Whether `name` is `words`, or begins with it and a space. */
static bool begins (const char *name, const char *word)
{
    size_t size = strlen (word);
    return strncmp (name, word, size) == 0 && (name[size] == 0 || name[size] == ' ');
}

/* A word of a group such as `root`, without or with an unknown second one. */
static void complain_group (const char *group, const char *second)
{
    const char *names[COMMANDS_MAX + 1];
    size_t count = 0;
    char list[WHY_MAX] = "";
    for (const struct command *const *at = commands; *at && count < COMMANDS_MAX; at++) {
        if (!begins ((*at)->name, group))
            continue;
        names[count] = (*at)->name + strlen (group) + 1;
        size_t used = strlen (list);
        snprintf (list + used, sizeof list - used, "%s%s", count ? ", " : "", names[count]);
        count++;
    }
    names[count] = NULL;
    const char *meant = second ? args_meant (second, names) : NULL;
    if (meant)
        complain ("unknown command '%s %s'; did you mean '%s %s'?", group, line_text (second).text,
                  group, meant);
    else if (second)
        complain ("unknown command '%s %s'; there is %s", group, line_text (second).text, list);
    else
        complain ("which of the commands of '%s': %s?", group, list);
}

const struct command *command_find (int argc, char **argv, int *used)
{
    const char *names[COMMANDS_MAX + 1];
    size_t count = 0;
    bool group = false, bare = argc < 2 || argv[1][0] == '-';
    for (const struct command *const *at = commands; *at; at++) {
        const char *name = (*at)->name, *space = strchr (name, ' ');
        if (count < COMMANDS_MAX)
            names[count++] = name;
        if (!begins (name, argv[0]))
            continue;
        group = space != NULL;
        if (space && bare && (*at)->stands_alone) {
            *used = 1;
            return *at;
        }
        if (!space || (argc > 1 && strcmp (space + 1, argv[1]) == 0)) {
            *used = space ? 2 : 1;
            return *at;
        }
    }
    names[count] = NULL;
    if (group) {
        complain_group (argv[0], argc > 1 && argv[1][0] != '-' ? argv[1] : NULL);
        return NULL;
    }
    const char *meant = args_meant (argv[0], names);
    if (meant)
        complain ("unknown command '%s'; did you mean '%s'?", line_text (argv[0]).text, meant);
    else
        complain ("unknown command '%s'; `certbus help` lists them", line_text (argv[0]).text);
    return NULL;
}

static const struct option_row first_options[] = {
    { "version", 'V', false, NULL, "print the version and end" },
    { NULL, 0, false, NULL, NULL },
};

/* How many of the words are options before the command's name. */
static int leading (int argc, char **argv)
{
    int count = 0;
    while (count < argc && argv[count][0] == '-' && argv[count][1]) {
        bool takes = strcmp (argv[count], "-C") == 0 || strcmp (argv[count], "--home") == 0 ||
                     strcmp (argv[count], "--color") == 0;
        count += takes && count + 1 < argc ? 2 : 1;
    }
    return count;
}

/* False: after a complaint. */
static bool read_common (struct call *call, const struct args *args)
{
    enum colour colour;
    const char *when = args_text (args, "color");
    if (args_text (args, "home"))
        call->home = args_text (args, "home");
    call->json = call->json || args_flag (args, "json");
    call->no_pager = call->no_pager || args_flag (args, "no-pager");
    if (!when)
        return true;
    if (colour_parse (when, &colour))
        screen_colour (colour);
    else
        usage (call, "--color: '%s' is none of auto, always, never", line_text (when).text);
    return colour_parse (when, &colour);
}

/* A subtree that was not quoted: a request or a credential beside it has taken its place. */
static const char *expanded_by_shell (const struct args *args)
{
    static const char *const ends[] = { ".request", ".credential" };
    for (size_t i = 0; i < args->arg_count; i++) {
        const char *end = strrchr (args->given[i].value ? args->given[i].value : "", '.');
        if (!end || strcmp (args->given[i].row->name, "to") != 0)
            continue;
        for (size_t at = 0; at < sizeof ends / sizeof ends[0]; at++)
            if (strcmp (end, ends[at]) == 0 && access (args->given[i].value, F_OK) == 0)
                return args->given[i].value;
    }
    return NULL;
}

static int run (struct call *call, int argc, char **argv)
{
    char why[WHY_MAX];
    const struct command *command = call->command;
    if (!args_parse (&call->args, command->options, common_options, argc, argv, why, sizeof why))
        return usage (call, "%s", why);
    if (!read_common (call, &call->args))
        return EXIT_USAGE;
    bool help = args_flag (&call->args, "help");
    if ((command->paged || help) && !call->no_pager)
        pager_start ();
    if (help) {
        help_command (command);
        return EXIT_DONE;
    }
    const char *file = expanded_by_shell (&call->args);
    if (file) {
        int size = (int) (strrchr (file, '.') - file);
        return usage (call,
                      "--to: %s is a file here: the shell expanded %.*s.**; quote it: "
                      "--to '%.*s.**'",
                      line_text (file).text, size, file, size, file);
    }
    size_t given = call->args.operand_count;
    if (given < command->least)
        return usage (call, "%s: missing operand: certbus %s %s", command->name, command->name,
                      command->operands);
    if (given > command->most)
        return usage (call, "%s: '%s' is one operand too many", command->name,
                      call->args.operands[command->most]);
    return command->run (call);
}

/* Output that was lost, as on a full disk, is no success. */
static int finish (int code)
{
    bool lost = fflush (stdout) != 0 || ferror (stdout);
    if (pager_end ())
        return code;
    if (lost) {
        if (code == EXIT_DONE)
            code = refused ("standard output cannot be written");
    }
    return code;
}

int command_main (int argc, char **argv)
{
    char why[WHY_MAX];
    struct args first;
    struct call call = { .home = home_choose (NULL) };
    int code, used = 0, before = leading (argc - 1, argv + 1);
    if (sodium_init () < 0)
        return refused ("libsodium cannot start");

    if (!args_parse (&first, first_options, common_options, before, argv + 1, why, sizeof why)) {
        code = usage (NULL, "%s", why);
    } else if (args_flag (&first, "version")) {
        say ("certbus %s\n", CERTBUS_VERSION);
        code = EXIT_DONE;
    } else if (args_flag (&first, "help")) {
        help_general ();
        code = EXIT_DONE;
    } else if (!read_common (&call, &first)) {
        code = EXIT_USAGE;
    } else if (argc - 1 == before) {
        code = board (&call);
    } else {
        argc -= 1 + before;
        argv += 1 + before;
        call.command = command_find (argc, argv, &used);
        code = call.command ? run (&call, argc - used, argv + used) : EXIT_USAGE;
    }
    args_free (&first);
    args_free (&call.args);
    client_close (&call.doors[CLIENT_READ]);
    client_close (&call.doors[CLIENT_ACT]);
    schemas_free (&call.schemas);
    free (call.schemas_why);
    return finish (code);
}
