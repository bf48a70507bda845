/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h - what a command is, and what it is given
 *
 * Each command is a row: name, operands, options, help, function. The list below is the only
 * place that knows all of them.
 */
#ifndef CERTBUS_COMMAND_H
#define CERTBUS_COMMAND_H

#include "bus/core/schema.h"
#include "bus/edge/client.h"
#include "nodes/certbus/args.h"
#include "nodes/certbus/out.h"

#define WHY_MAX   2048
#define PATH_TEXT 4096

/* X (exit code, number, meaning): what `help` prints and what scripts may rely on. */
#define EXITS(X)                                                                                   \
    X (EXIT_DONE, 0, "done; for verify: genuine")                                                  \
    X (EXIT_REFUSED, 1, "refused or not found")                                                    \
    X (EXIT_USAGE, 2, "the command line is not one")                                               \
    X (EXIT_AWAY, 3, "no broker, or no answer from it")                                            \
    X (EXIT_NOT_GENUINE, 4, "verify: not genuine")

#define EXIT_X(name, number, meaning) name = number,
enum exit_code { EXITS (EXIT_X) };
#undef EXIT_X

/* One run of the program. */
struct call {
    const char *home; /* home_choose */
    bool json, no_pager;
    const struct command *command;
    struct args args;
    struct client *doors[2]; /* by enum client_door; opened when first needed */
    struct schemas *schemas; /* loaded when first needed */
    char refusal[40];        /* the reason that the broker gave last */
    char *schemas_why;       /* why there are none; owned */
};

enum command_group { GROUP_SETUP, GROUP_SEND, GROUP_CASE, GROUP_READ, GROUP_CARE, GROUP_HELP };

struct command {
    const char *name; /* one word, or two: "root create" */
    enum command_group group;
    bool stands_alone;    /* of a name of two words: the first one alone means this one */
    const char *operands; /* as in --help: "REQUEST"; "" none */
    size_t least, most;   /* how many operands */
    const char *summary;  /* one line */
    const char *about;    /* paragraphs; NULL: the summary says it all */
    const struct option_row *options;
    bool paged;                     /* on a terminal through a pager */
    int (*run) (struct call *call); /* an exit code */
};

#define COMMANDS(X)                                                                                \
    X (root_create)                                                                                \
    X (root_enrol)                                                                                 \
    X (root_policy)                                                                                \
    X (root_countersign)                                                                           \
    X (init)                                                                                       \
    X (enrol)                                                                                      \
    X (join)                                                                                       \
    X (renew)                                                                                      \
    X (countersign)                                                                                \
    X (publish)                                                                                    \
    X (revise)                                                                                     \
    X (withdraw)                                                                                   \
    X (report)                                                                                     \
    X (comply)                                                                                     \
    X (nil_return)                                                                                 \
    X (attach)                                                                                     \
    X (save)                                                                                       \
    X (contact)                                                                                    \
    X (update)                                                                                     \
    X (ack)                                                                                        \
    X (assign)                                                                                     \
    X (triage)                                                                                     \
    X (transfer)                                                                                   \
    X (ask)                                                                                        \
    X (answer)                                                                                     \
    X (contain)                                                                                    \
    X (recover)                                                                                    \
    X (close)                                                                                      \
    X (reopen)                                                                                     \
    X (subscribe)                                                                                  \
    X (unsubscribe)                                                                                \
    X (bulletin)                                                                                   \
    X (escalate)                                                                                   \
    X (cases)                                                                                      \
    X (clocks)                                                                                     \
    X (breaches)                                                                                   \
    X (handover)                                                                                   \
    X (board)                                                                                      \
    X (watch)                                                                                      \
    X (list)                                                                                       \
    X (show)                                                                                       \
    X (compliance)                                                                                 \
    X (verify)                                                                                     \
    X (seen)                                                                                       \
    X (export)                                                                                     \
    X (status)                                                                                     \
    X (exercise_list)                                                                              \
    X (exercise_announce)                                                                          \
    X (exercise_start)                                                                             \
    X (exercise_pause)                                                                             \
    X (exercise_resume)                                                                            \
    X (exercise_stop)                                                                              \
    X (exercise_score)                                                                             \
    X (quarantine_list)                                                                            \
    X (quarantine_show)                                                                            \
    X (quarantine_release)                                                                         \
    X (quarantine_discard)                                                                         \
    X (config)                                                                                     \
    X (tree)                                                                                       \
    X (revoke)                                                                                     \
    X (freeze)                                                                                     \
    X (policy)                                                                                     \
    X (complete)                                                                                   \
    X (help)

#define COMMAND_X(name) extern const struct command command_##name;
COMMANDS (COMMAND_X)
#undef COMMAND_X

/* All of them, in that order; NULL ends the list. */
extern const struct command *const commands[];
extern const struct option_row common_options[];

/* The command that the words name, and how many words that took. NULL: none, with a
 * complaint that says which one may have been meant. */
const struct command *command_find (int argc, char **argv, int *used);
void help_general (void);
/* `certbus` alone: the station's board, or what to do first. An exit code. */
int board (struct call *call);
void help_command (const struct command *command);

/* Runs a command line; argv[0] is the program. Returns an exit code. */
int command_main (int argc, char **argv);

/* A complaint that points to the command's help; EXIT_USAGE, always. */
int usage (const struct call *call, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
/* A complaint; EXIT_REFUSED, always. */
int refused (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

/* HOME/name. */
struct path {
    char text[PATH_TEXT];
};
struct path home_path (const struct call *call, const char *name);

/* Frees what file_read or span_keep allocated. */
void span_free (struct span *bytes);
/* A copy of an answer, which lives until the next question at its door. Returns owned. */
struct span span_keep (struct span bytes);

/* The kinds known here, from the folder that certbus.conf names, or the one that belongs to
 * this program. NULL: none, and call->schemas_why; messages are shown without, too. */
const struct schemas *call_schemas (struct call *call);
/* Says which values of --kind have no schema here, and what may have been meant. */
void warn_kinds (struct call *call);

/* All kinds, or those that people send; ends with NULL. */
#define KIND_NAMES 256
struct kind_names {
    const char *at[KIND_NAMES + 1];
};
struct kind_names kind_names (const struct schemas *schemas, bool of_brokers_too);

#endif
