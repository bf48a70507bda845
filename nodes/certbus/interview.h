/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interview.h - the eight questions of a report, asked, kept and corrected
 */
#ifndef CERTBUS_INTERVIEW_H
#define CERTBUS_INTERVIEW_H

#include "nodes/certbus/draft.h"
#include "nodes/certbus/incident.h"

/* The options that answer a question, and what may be said instead of what follows. */
#define INTERVIEW_OPTIONS                                                                          \
    { "what", 0, false, "TEXT", "what happened" },                                                 \
        { "since", 0, false, "TIME", "since when you know: 02:30, yesterday 23:00, 2 hours ago" }, \
        { "ongoing", 0, false, "ANSWER", "whether it still goes on: yes, no or unknown" },         \
        { "affected", 0, false, "TEXT", "what does not work, or was changed or taken" },           \
        { "count", 0, false, "TEXT", "how many: 21 servers, 1400 users" },                         \
        { "contact", 0, false, "TEXT", "who can be called: name, role, telephone day and night" }, \
        { "done", 0, false, "TEXT", "what was done so far" },                                      \
        { "help-wanted", 0, false, "TEXT", "what help is needed" },                                \
        { "consent", 0, false, "ANSWER", "whether your CERT may pass it on: yes or no" },          \
        { "title", 0, false, "TEXT", "one line (default: the first sentence of --what)" },         \
        { "type", 0, false, "TYPE", "class/type of RSIT (default: by the words used)" },           \
    {                                                                                              \
        "severity", 0, false, "SEVERITY", "S1 to S5 or undetermined (default: by rule)"            \
    }

struct interview {
    char *at[ANSWERS];                   /* owned; NULL: not asked yet; "": nothing to say */
    const char *title, *type, *severity; /* borrowed */
    const char *above;                   /* to whom it may be passed on, in words; "": to nobody */
    struct draft_file *draft;            /* where each answer goes; NULL: nowhere */
};

/* What the options say. False when no question is answered by one. */
bool interview_options (struct interview *self, const struct call *call);
/* The option that answers a question. */
const char *interview_option (enum answer which);
/* Asks what is not answered yet. An exit code; EXIT_REFUSED when the asking was broken off. */
int interview_ask (struct interview *self);
/* Asks again: a question with its number, as it is shown. False: there is none of that number.
 * `*code` as above. */
bool interview_again (struct interview *self, const char *number, int *code);
/* Asks one again because of what is wrong with its answer. */
int interview_mend (struct interview *self, enum answer which, const char *why);
/* Shows questions and answers, with their numbers. */
void interview_show (const struct interview *self);

/* What was answered; what was passed over is not there. Borrows. */
struct answers interview_answers (const struct interview *self);

/* Takes over what a draft holds; false when it is none. */
bool interview_load (struct interview *self, struct span text);
void interview_free (struct interview *self);

#endif
