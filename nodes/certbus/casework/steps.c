/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that are one step of a case each. What they do is in step.c. */
#include "nodes/certbus/casework/step.h"

#define DRAFT                                                                                      \
    {                                                                                              \
        "draft", 0, false, "FILE", "write in this file, or go on with it"                          \
    }
#define NEXT_UPDATE                                                                                \
    {                                                                                              \
        "next-update", 0, false, "TIME", "by when you will say more: 06:00, in 2 hours"            \
    }
#define WHY                                                                                        \
    {                                                                                              \
        "why", 'w', false, "TEXT", "the reason, which all participants read"                       \
    }
#define AT                                                                                         \
    {                                                                                              \
        "at", 0, false, "TIME", "when, if it was earlier: 02:30, an hour ago"                      \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, 0, false, NULL, NULL                                                                 \
    }

#define STEP(NAME, OPERANDS, LEAST, SUMMARY, ABOUT)                                                \
    const struct command command_##NAME = {                                                        \
        .name = #NAME,                                                                             \
        .group = GROUP_CASE,                                                                       \
        .operands = OPERANDS,                                                                      \
        .least = LEAST,                                                                            \
        .most = 2,                                                                                 \
        .summary = SUMMARY,                                                                        \
        .about = ABOUT,                                                                            \
        .options = options_of_##NAME,                                                              \
        .run = step_run,                                                                           \
    }

static const struct option_row options_of_update[] = { STEP_TEXT, NEXT_UPDATE, DRAFT, STEP_OPTIONS,
                                                       END };
STEP (update, "ID [-]", 1, "say what is new in a case",
      "ID is the report: an id (kpt/17-3), a code or the beginning of one. At a terminal, without\n"
      "a text, an editor opens on a form, and the draft is kept until the broker has it. It goes\n"
      "to the participants of the case with the TLP of the report, as all steps do.");

static const struct option_row options_of_assign[] = { STEP_TEXT, STEP_OPTIONS, END };
STEP (assign, "ID NAME", 2, "say which person works on a case",
      "NAME is a person of this party, as the others are to know them.");

static const struct option_row options_of_triage[] = {
    { "severity", 0, false, "SEVERITY", "S1 emergency to S5 low; the clocks go by it" },
    { "type", 0, false, "TYPE", "class/type of RSIT, as availability/ddos" },
    { "duplicate-of", 0, false, "ID", "the case that this one repeats" },
    { "disposition", 0, false, "confirmed|duplicate|refuted", "what the case turned out to be" },
    STEP_TEXT,
    STEP_OPTIONS,
    END,
};
STEP (triage, "ID", 1, "say what a case is: its severity, its class, or that it repeats another",
      "What is not said stays as it was. Only the lead, or a CERT above it, decides.");

static const struct option_row options_of_transfer[] = { WHY, DRAFT, STEP_OPTIONS, END };
STEP (transfer, "ID PARTY", 2, "let another CERT lead a case",
      "The case keeps its id and its history. From now on PARTY leads, and its clocks begin anew.\n"
      "Where PARTY does not hold the report, the signed original goes with it.");

static const struct option_row options_of_ask[] = {
    { "of", 0, false, "PARTY", "ask this party alone (default: all participants)" },
    DRAFT,
    STEP_OPTIONS,
    END,
};
STEP (ask, "ID [QUESTION]", 1, "ask the participants of a case something",
      "The question stays open, at every participant's board, until somebody answers it.\n"
      "QUESTION may be - for standard input; without it an editor opens at a terminal.");

static const struct option_row options_of_answer[] = {
    { "question", 'q', false, "ID", "which one (default: the only one that is open)" },
    DRAFT,
    STEP_OPTIONS,
    END,
};
STEP (answer, "ID [ANSWER]", 1, "answer a question in a case",
      "Without --question it answers the only question to this party that is open; where there\n"
      "are several they are listed.");

static const struct option_row options_of_contain[] = { AT, STEP_TEXT, NEXT_UPDATE, STEP_OPTIONS,
                                                        END };
STEP (contain, "ID", 1, "say that an incident no longer spreads", NULL);

static const struct option_row options_of_recover[] = { AT, STEP_TEXT, NEXT_UPDATE, STEP_OPTIONS,
                                                        END };
STEP (recover, "ID", 1, "say that service is back", "The clock of the closing report begins here.");

static const struct option_row options_of_reopen[] = { WHY, DRAFT, STEP_OPTIONS, END };
STEP (reopen, "ID", 1, "say that a closed case is not over", "The clocks of the lead begin anew.");
