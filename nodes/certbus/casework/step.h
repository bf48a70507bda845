/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step.h - one way for all steps of a case: a row of a table, options, and off to the broker
 *
 * A command of steps.c is a row here. What its options say becomes fields of an `update`, whose
 * thread, TLP, mode and audience are the case's. Whether the step is possible is the broker's to
 * say.
 */
#ifndef CERTBUS_STEP_H
#define CERTBUS_STEP_H

#include "nodes/certbus/casework/told.h"

/* Rows for a command's table of options. */
#define STEP_OPTIONS                                                                               \
    { "by", 0, false, "OFFICER", "who answers for it" },                                           \
        { "to", 't', true, "TERM", "for whom (default: the participants of the case)" },           \
        { "yes", 'y', false, NULL, "send it without asking, for scripts" },                        \
        { "again", 0, false, NULL, "send it although the same was sent before" },                  \
    {                                                                                              \
        "dry-run", 'n', false, NULL, "say who would get it, and why others not; send nothing"      \
    }

#define STEP_TEXT                                                                                  \
    {                                                                                              \
        "text", 'm', false, "TEXT", "what is to be said with it; - reads standard input"           \
    }

/* X (command, step of schemas/update.cfg, field that the second operand says ("": none),
 *    option with its words ("": none), what is missing without words ("": nothing)) */
#define ACTIONS(X)                                                                                 \
    X ("update", "update", "", "text", "what is new? -m TEXT, or - for standard input")            \
    X ("ack", "acknowledge", "", "text", "")                                                       \
    X ("assign", "assign", "assignee", "text", "")                                                 \
    X ("triage", "triage", "", "text", "")                                                         \
    X ("transfer", "transfer", "lead", "why", "why? --why TEXT")                                   \
    X ("ask", "ask", "text", "", "what is asked? Type it behind the ID, in quotes")                \
    X ("answer", "answer", "text", "", "what is the answer? Type it behind the ID, in quotes")     \
    X ("contain", "contain", "", "text", "")                                                       \
    X ("recover", "recover", "", "text", "")                                                       \
    X ("close", "close", "", "text",                                                               \
       "what is the report? A FILE, or --root-cause and what else there is")                       \
    X ("reopen", "reopen", "", "why", "why? --why TEXT")

struct action {
    const char *command, *step, *operand, *words, *missing;
};
/* The row of a command; asking for another is a bug. */
const struct action *action_of (const char *command);

/* Fields of the body from options, each where the command has it. An exit code, after a
 * complaint. */
int step_fields (struct call *call, const struct action *action, json_t *body);
/* The document of a step: the settings of the case, what --by and --to say, and `body`, which it
 * takes. Returns owned. */
json_t *step_document (const struct call *call, const struct told *told, json_t *body);
/* Opens the editor on a form with these fields (NULL: all), with the document as it is. Takes
 * it. An exit code. */
int step_edit (struct call *call, const struct told *told, json_t *document,
               const char *const *fields);
/* Sends it. Takes the document. An exit code. */
int step_send (struct call *call, const struct told *told, json_t *document);

/* The whole of it: what the commands of steps.c run. */
int step_run (struct call *call);

#endif
