/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages - makes the man pages, so that none can disagree with the programs
 *
 *   pages                    the names of all pages, as certbus-show.1
 *   pages PAGE               that page for scdoc, on standard output
 *   pages --parse WORD...    whether the words after `certbus` are a command line
 *
 * What the programs know (names, options, exit codes, settings, types) comes from their tables,
 * what people have to say from docs/man/PAGE.scd. The page of a command is made around it: what
 * stands before its EXAMPLES goes into the description. The other pages are that text, where a
 * line @SETTINGS@ and the like stands for a list. Runs in the project's folder.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/core/schema.h"
#include "bus/edge/conf.h"
#include "nodes/certbus/command.h"

#define TEXT_MAX 65536

static const char *const others[] = { "certbus.1",        "certbusd.8",       "certbus.conf.5",
                                      "certbus-policy.5", "certbus-schema.5", NULL };

/* The name of a command's page: certbus-root-create.1 */
struct page {
    char text[96];
};

static struct page page_of (const struct command *command)
{
    struct page page;
    snprintf (page.text, sizeof page.text, "certbus-%s.1", command->name);
    for (char *at = page.text; *at; at++)
        if (*at == ' ')
            *at = '-';
    return page;
}

/* Text as scdoc takes it, where a line may begin; what stands in `...` becomes bold. */
static void put (const char *text, size_t size)
{
    bool code = false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '`') {
            putchar ('*');
            code = !code;
            continue;
        }
        if (strchr ("\\*_", text[i]) || (i == 0 && strchr ("-#[]|;", text[i])))
            putchar ('\\');
        putchar (text[i]);
    }
}

static void put_text (const char *text)
{
    put (text, strlen (text));
}

/* Paragraphs; lines that are indented stand as they are. */
static void put_about (const char *about)
{
    bool literal = false;
    for (const char *line = about; *line;) {
        size_t size = strcspn (line, "\n");
        bool indented = strncmp (line, "  ", 2) == 0;
        if (indented != literal && size) {
            puts ("```");
            literal = indented;
        }
        if (literal)
            printf ("%.*s", (int) size - (indented ? 2 : 0), line + (indented ? 2 : 0));
        else
            put (line, size);
        putchar ('\n');
        line += size + (line[size] ? 1 : 0);
    }
    if (literal)
        puts ("```");
}

static void put_options (const struct option_row *row)
{
    for (; row && row->name; row++) {
        if (row->letter)
            printf ("*-%c*, ", row->letter);
        printf ("*--%s*", row->name);
        if (row->value) {
            printf (" _");
            put_text (row->value);
            putchar ('_');
        }
        printf ("\n\t");
        put_text (row->meaning);
        printf ("%s\n\n", row->many ? " (may be repeated)" : "");
    }
}

static void put_exits (void)
{
#define EXIT_X(name, number, meaning)                                                              \
    printf ("*%d*\n\t", number);                                                                   \
    put_text (meaning);                                                                            \
    printf ("\n\n");
    EXITS (EXIT_X)
#undef EXIT_X
}

static void put_commands (void)
{
    for (const struct command *const *at = commands; *at; at++) {
        char name[96];
        snprintf (name, sizeof name, "%s", page_of (*at).text);
        name[strlen (name) - 2] = '\0';
        printf ("*%s*(1)\n\t", name);
        put_text ((*at)->summary);
        printf ("\n\n");
    }
}

/* A row of the settings' table. */
struct setting {
    const char *name, *kind, *preset;
    int64_t min, max;
    const char *about;
};

#define ROW(NAME, KIND, PRESET, MIN, MAX, ABOUT) { #NAME, #KIND, PRESET, MIN, MAX, ABOUT },
static const struct setting settings[] = { CONF_SETTINGS (ROW) };
#undef ROW

static void put_setting (const struct setting *row)
{
    bool number = strcmp (row->kind, "INT") == 0;
    const char *quote = number ? "" : "\"";
    printf ("*%s* = ", row->name);
    put_text (quote);
    put_text (row->preset);
    printf ("%s;\n\t", quote);
    put_text (row->about);
    if (number)
        printf (". A number from %lld to %lld", (long long) row->min, (long long) row->max);
    if (strcmp (row->kind, "ENDPOINTS") == 0)
        printf (". One, or up to %lld as [ \"...\", \"...\" ]", (long long) row->max);
    printf (".\n\n");
}

static void put_settings (void)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        put_setting (&settings[i]);
}

static void put_types (void)
{
    for (unsigned i = 0; field_type_name (i); i++)
        printf ("%s*%s*", i ? ", " : "", field_type_name (i));
    printf (".\n\n");
}

static void put_labels (void)
{
    for (unsigned tlp = CB_TLP_CLEAR; tlp < CB_TLP_END; tlp++)
        printf ("%s*%s*", tlp > CB_TLP_CLEAR ? ", " : "", cb_tlp_name (tlp));
    printf (".\n\n");
}

static const struct {
    const char *line;
    void (*put) (void);
} lists[] = {
    { "@COMMANDS@\n", put_commands }, { "@EXITS@\n", put_exits },
    { "@SETTINGS@\n", put_settings }, { "@TYPES@\n", put_types },
    { "@LABELS@\n", put_labels },
};

static void put_common (void)
{
    put_options (common_options);
}

/* A line of a text, or the list that it stands for. */
static void put_line (const char *line)
{
    if (strcmp (line, "@OPTIONS@\n") == 0) {
        put_common ();
        return;
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (strcmp (line, lists[i].line) == 0) {
            lists[i].put ();
            return;
        }
    }
    fputs (line, stdout);
}

/* What people have written for this page; NULL: nothing yet. Returns owned. */
static char *prose_of (const char *page)
{
    char path[160];
    snprintf (path, sizeof path, "docs/man/%s.scd", page);
    FILE *file = fopen (path, "r");
    if (!file)
        return NULL;
    char *text = calloc (1, TEXT_MAX);
    if (!text)
        abort ();
    size_t size = fread (text, 1, TEXT_MAX - 1, file);
    bool whole = size < TEXT_MAX - 1 && !ferror (file);
    fclose (file);
    if (whole)
        return text;
    fprintf (stderr, "%s: cannot be read, or has more than %d bytes\n", path, TEXT_MAX - 2);
    exit (1);
}

static void put_head (const char *page)
{
    const char *dot = strrchr (page, '.');
    printf ("%.*s(%s) \"certbus %s\" \"certbus\"\n\n", (int) (dot - page), page, dot + 1,
            CERTBUS_VERSION);
}

static void put_other (const char *page)
{
    char *prose = prose_of (page), line[4096];
    if (!prose) {
        fprintf (stderr, "docs/man has no text for %s\n", page);
        exit (1);
    }
    put_head (page);
    for (const char *at = prose; *at;) {
        size_t size = strcspn (at, "\n");
        snprintf (line, sizeof line, "%.*s\n", (int) size, at);
        put_line (line);
        at += size + (at[size] ? 1 : 0);
    }
    free (prose);
}

static void put_command (const struct command *command)
{
    struct page page = page_of (command);
    char *prose = prose_of (page.text);
    char *examples = prose ? strstr (prose, "# EXAMPLES\n") : NULL;
    size_t before = prose ? (examples ? (size_t) (examples - prose) : strlen (prose)) : 0;
    put_head (page.text);
    printf ("# NAME\n\n%.*s - ", (int) strlen (page.text) - 2, page.text);
    put_text (command->summary);
    printf ("\n\n# SYNOPSIS\n\n*certbus* [*-C* _DIR_] *%s*%s ", command->name,
            command->options && command->options->name ? " [_OPTIONS_]" : "");
    put_text (command->operands);
    printf ("\n\n# DESCRIPTION\n\n");
    if (command->about)
        put_about (command->about);
    else
        printf ("Its purpose is to %s.\n", command->summary);
    printf ("\n%.*s\n# OPTIONS\n\n", (int) before, prose ? prose : "");
    put_options (command->options);
    put_common ();
    printf ("# EXIT STATUS\n\n");
    put_exits ();
    if (examples)
        printf ("%s\n", examples);
    printf ("# SEE ALSO\n\n*certbus*(1), *certbusd*(8)\n");
    free (prose);
}

/* Whether the words are a command line that would be run. */
static int parse (int argc, char **argv)
{
    char why[WHY_MAX];
    struct args args = { .own = NULL };
    int used = 0;
    while (argc > 0 && (strcmp (*argv, "--json") == 0 || strcmp (*argv, "-C") == 0)) {
        int words = (*argv)[1] == 'C' ? 2 : 1;
        argc -= words;
        argv += words;
    }
    if (argc <= 0)
        return 0; /* certbus alone */
    const struct command *command = command_find (argc, argv, &used);
    if (!command)
        return 1;
    bool good = args_parse (&args, command->options, common_options, argc - used, argv + used, why,
                            sizeof why);
    if (!good)
        fprintf (stderr, "%s\n", why);
    else if (args.operand_count < command->least || args.operand_count > command->most) {
        fprintf (stderr, "%zu operands; expected: %s\n", args.operand_count, command->operands);
        good = false;
    }
    args_free (&args);
    return good ? 0 : 1;
}

int main (int argc, char **argv)
{
    const char *asked = argc > 1 ? argv[1] : NULL;
    if (asked && strcmp (asked, "--parse") == 0)
        return parse (argc - 2, argv + 2);
    for (const char *const *page = others; *page; page++) {
        if (!asked)
            puts (*page);
        else if (strcmp (asked, *page) == 0)
            return put_other (*page), 0;
    }
    for (const struct command *const *at = commands; *at; at++) {
        if (!asked)
            puts (page_of (*at).text);
        else if (strcmp (asked, page_of (*at).text) == 0)
            return put_command (*at), 0;
    }
    return asked ? 1 : 0;
}
