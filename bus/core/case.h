/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case.h - what a thread of messages about an incident amounts to
 *
 * A case is the thread of a message of kind `incident`. Each message in it is a step. The state
 * is a function of the set of steps: they are put in causal order (`after`), ties by leaf hash,
 * and applied one by one; one that is not legal where it stands is void, with a reason, and
 * changes nothing. So every holder of the same messages computes the same state, in whatever
 * order they came. Knows no clock, no position and no time of arrival. docs/casework/threads.md
 * has the rules in words.
 */
#ifndef CERTBUS_CASE_H
#define CERTBUS_CASE_H

#include "bus/core/envelope.h"
#include "bus/core/schema.h"

#define CASE_PARTIES   48 /* participants that are kept */
#define CASE_QUESTIONS 32 /* that are open at a time */
#define CASE_TEXT      120
#define CASE_TITLE     300
#define CASE_STEPS     4096 /* that are ordered; a thread with more says so */

#define SEVERITY_UNDETERMINED 6

/* X (NAME, number, name in `update` and for people, what it does). A number is stored. */
#define CASE_STEPS_LIST(X)                                                                         \
    X (REPORT, 0, "report", "the incident itself")                                                 \
    X (UPDATE, 1, "update", "news")                                                                \
    X (ACKNOWLEDGE, 2, "acknowledge", "a person at a CERT has taken it on")                        \
    X (ASSIGN, 3, "assign", "a person works on it")                                                \
    X (TRIAGE, 4, "triage", "its class, its severity, or that it repeats another")                 \
    X (TRANSFER, 5, "transfer", "another CERT leads")                                              \
    X (ASK, 6, "ask", "a question")                                                                \
    X (ANSWER, 7, "answer", "the answer to one")                                                   \
    X (CONTAIN, 8, "contain", "it no longer spreads")                                              \
    X (RECOVER, 9, "recover", "service is back")                                                   \
    X (CLOSE, 10, "close", "a closing report; closed when the lead signs one")                     \
    X (REOPEN, 11, "reopen", "it is not over")                                                     \
    X (ESCALATE, 12, "escalate", "the CERT above was told")                                        \
    X (NOTE, 13, "note", "a message in words")

/* Where a case stands. */
#define CASE_STAGES(X)                                                                             \
    X (REPORTED, 0, "reported")                                                                    \
    X (ACKNOWLEDGED, 1, "acknowledged")                                                            \
    X (TRIAGED, 2, "triaged")                                                                      \
    X (IN_PROGRESS, 3, "in-progress")                                                              \
    X (CONTAINED, 4, "contained")                                                                  \
    X (RECOVERED, 5, "recovered")                                                                  \
    X (CLOSED, 6, "closed")                                                                        \
    X (REOPENED, 7, "reopened")                                                                    \
    X (TRANSFERRED, 8, "transferred")

/* Why a step is void. */
#define CASE_VOIDS(X)                                                                              \
    X (NONE, 0, "it counts")                                                                       \
    X (STRANGER, 1, "its sender takes no part in this case")                                       \
    X (NOT_LEAD, 2, "only the lead, or a CERT above it, may do that")                              \
    X (CLOSED, 3, "the case was closed")                                                           \
    X (NOT_CLOSED, 4, "the case was not closed")                                                   \
    X (NO_QUESTION, 5, "nothing was asked that this answers")                                      \
    X (NOT_ASKED, 6, "another party was asked")                                                    \
    X (NO_REPORT, 7, "there is no closing report of that id")                                      \
    X (MODE, 8, "exercise and live do not meet")                                                   \
    X (BAD_LEAD, 9, "the new lead is not a party that can lead it")                                \
    X (ORDER, 10, "it is not possible where the case stood")                                       \
    X (FULL, 11, "the case has too many of them")                                                  \
    X (NO_OFFICER, 12, "a case is acknowledged by a named person")

#define CASE_X(NAME, number, ...) CASE_##NAME = number,
enum case_step { CASE_STEPS_LIST (CASE_X) CASE_STEP_END };
#undef CASE_X
#define CASE_X(NAME, number, ...) CASE_IS_##NAME = number,
enum case_stage { CASE_STAGES (CASE_X) CASE_STAGE_END };
#undef CASE_X
#define CASE_X(NAME, number, ...) CASE_VOID_##NAME = number,
enum case_void { CASE_VOIDS (CASE_X) CASE_VOID_END };
#undef CASE_X

const char *case_step_name (unsigned step);   /* "acknowledge"; "?" for none */
const char *case_stage_name (unsigned stage); /* "in-progress" */
const char *case_void_text (unsigned reason);

/* What of a message counts for its case. Borrows from the envelope or row it was read from. */
struct step {
    struct hash leaf;
    struct msg_id id, thread;
    enum case_step what;
    int64_t issued;
    struct span officer;
    unsigned mode, tlp;
    struct msg_id exercise;
    size_t after_count;
    const struct hash *after;
    bool stub;         /* of an escalation: without the report */
    unsigned severity; /* 1 to 5; 6 undetermined; 0 not said */
    struct span type, disposition, title;
    struct span climb;    /* of a report: how far its origin lets it climb */
    struct span lead;     /* transfer, escalation; of a report: who is to lead */
    struct span to;       /* escalation, question: whom it goes to; empty: several */
    struct span assignee; /* assign */
    struct span clock;    /* escalation: which one */
    int64_t next_update, aware, detect, contained, recovered, due, reported;
    struct msg_id duplicate_of, question, accepts;
    size_t party_count; /* of a report: whom it names in its audience, one by one */
    struct span parties[AUDIENCE_MAX];
};

/* False: the message is no step of a case (a receipt, a piece of a file, an alarm ...). `thread`
 * of a report is its own id. */
bool step_of (struct step *out, const struct envelope *e);
/* The row of the table STEPS. Canonical: one step has one row. */
void step_pack (struct pack_out *out, const struct step *step);
bool step_read (struct step *out, struct span row);

struct case_question {
    struct msg_id id;
    struct span by, of; /* who asked, and whom; empty: any participant */
    int64_t asked;      /* ms UTC, as issued */
};

/* The state. Borrows from the steps, or from the row that it was read from. */
struct case_state {
    struct msg_id id;
    bool known, stub; /* the report is held, or told of by an escalation alone */
    struct hash leaf; /* of the report; zero for a stub */
    struct span title, type, disposition, lead, assignee, climb;
    unsigned severity, tlp, mode; /* severity 1 to 5; 6 undetermined */
    struct msg_id exercise, duplicate_of;
    enum case_stage stage;
    int64_t aware, detect, reported; /* ms UTC; 0: not said */
    int64_t acknowledged; /* since `lead_since`; 0: not yet, also after a transfer or reopening */
    int64_t contained, recovered, closed, reopened; /* a reopening takes the first three away */
    struct span acknowledged_by, acknowledged_at;   /* officer, and the party */
    int64_t next_update;    /* as promised by the lead, until its next update; 0: none */
    int64_t lead_news;      /* the last step that counts of the lead or of a CERT above it */
    int64_t news;           /* of anybody */
    int64_t lead_since;     /* when the lead got it: the report, the last transfer or reopening */
    struct msg_id proposed; /* a closing report that waits for the lead */
    struct msg_id report;   /* the closing report that counts */
    struct span escalated;  /* the highest party that was told; empty: none */
    size_t party_count;     /* participants, in the order of names */
    struct span parties[CASE_PARTIES];
    size_t question_count;
    struct case_question questions[CASE_QUESTIONS];
    size_t head_count; /* for `after` of the next step, in the order of bytes */
    struct hash heads[AFTER_MAX];
    bool scattered; /* what follows may have to be put among what is there: case_follows */
    bool full;      /* it has more steps than CASE_STEPS; the others are left out */
    uint32_t steps, voids;
};

/* One step in its place. */
struct case_entry {
    struct step step;
    enum case_void why; /* NONE: it counted */
};

/* Orders the entries, at most CASE_STEPS, and applies them; `why` of each is set, and they are
 * left in the order in which they were applied. `out` borrows from them. Without a report or an
 * escalation among them it is not `known`, and nothing counts. */
void case_fold (struct case_state *out, struct case_entry *entries, size_t count);
/* Whether a step that is not among those of the state comes after all of them. */
bool case_follows (const struct case_state *state, const struct step *step);
/* The next step of a known state, which comes after all others: what case_fold does with the last
 * one. */
enum case_void case_apply (struct case_state *state, const struct step *step);
/* What would be said of a step that somebody is about to sign after all that is here; changes
 * nothing. */
enum case_void case_judge (const struct case_state *state, const struct step *step);
/* The steps that a party may take now, as bits 1 << CASE_*. */
unsigned case_may (const struct case_state *state, struct span party);
/* Whether it takes part: it is among `parties`, or stands above the lead. */
bool case_takes_part (const struct case_state *state, struct span party);
/* Whether it takes part by name: not only because it stands above the lead, which passes on what
 * its reporter may not have agreed to tell it. */
bool case_names (const struct case_state *state, struct span party);

/* The row of the table CASES. Canonical: one state has one row. */
void case_pack (struct pack_out *out, const struct case_state *state);
bool case_read (struct case_state *out, struct span row);

/* 1 to 5 for "S1" to "S5", 6 for "undetermined", 0 for anything else. */
unsigned severity_number (struct span text);
const char *severity_name (unsigned severity);
/* What clocks and precedence go by: an undetermined one counts as S2 until the lead has decided. */
unsigned severity_effective (unsigned severity);

#endif
