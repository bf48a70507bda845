/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post.h - a message in the making: a JSON document, options over it, and off to the broker
 *
 * A document is the body alone, or {"kind": ..., "tlp": ..., "to": [...], ..., "body": {...}}.
 * What an option says counts more than what the document says.
 */
#ifndef CERTBUS_POST_H
#define CERTBUS_POST_H

#include "nodes/certbus/command.h"

/* Rows for a command's table of options. */
#define POST_OPTIONS                                                                               \
    { "to", 't', true, "TERM", "for whom: pk.sindh, 'pk.sindh.**' (quoted) or @energy" },          \
        { "tlp", 0, false, "LABEL", "CLEAR, GREEN, AMBER, AMBER+STRICT or RED" },                  \
        { "precedence", 0, false, "LANE", "flash, routine or bulk (default: the kind's)" },        \
        { "mode", 0, false, "MODE", "live (default), exercise, or test: stays in this party" },    \
        { "exercise", 0, false, "EXERCISE", "part of this exercise: marked, and counted apart" },  \
        { "thread", 0, false, "ID", "the first message of the thread that this belongs to" },      \
        { "replaces", 0, false, "ID", "the message that this one takes the place of" },            \
        { "narrow", 0, false, NULL, "with --replaces: some who have that one need not get this" }, \
        { "by", 0, false, "OFFICER", "who answers for it" },                                       \
        { "yes", 'y', false, NULL, "send it without asking, for scripts" },                        \
        { "again", 0, false, NULL, "send it although the same was sent before" },                  \
        { "expires", 0, false, "TIME",                                                             \
          "when it becomes history: 2026-11-30, friday 18:00, in 3 days" },                        \
    {                                                                                              \
        "dry-run", 'n', false, NULL, "say who would get it, and why others not; send nothing"      \
    }

#define POST_NUMBER                                                                                \
    {                                                                                              \
        "number", 0, false, "TEXT", "its number (default: the next one of this party)"             \
    }

struct attach;

struct post {
    const char *name; /* of the document, for messages */
    json_t *document; /* owned */
    json_t *body;     /* borrowed from it */
    const char *kind; /* NULL: not said */
    unsigned tlp;     /* 0: not said */
    int precedence;   /* -1: not said */
    int mode;
    const char *exercise, *thread, *replaces, *by, *climb;
    int64_t expires;
    size_t to_count;
    const char *to[AUDIENCE_MAX];
    bool to_is_default;
    bool narrow;       /* it need not go to all that have what it replaces */
    const char *step;  /* of a case: what people call it, and of which; NULL: none */
    struct span after; /* array of hashes that its sender has seen; empty: as the broker knows */
    struct attach *attached; /* owned; NULL: no files */
};

/* A label as people type it. False and `why`, which begins with "tlp: ". */
bool post_tlp (const char *text, unsigned *tlp, char *why, size_t why_size);

/* Reads the document at `path` ("-": standard input). An exit code, after a complaint. */
int post_load (struct post *post, const char *path);
/* Takes over a body that was made elsewhere. Takes `body`. */
void post_start (struct post *post, const char *name, json_t *body);
/* Splits a document that was read. Takes it. An exit code, after a complaint. */
int post_split (struct post *post, const char *name, json_t *document);
/* The same without the complaint: `why` says it, and begins with the setting. */
bool post_take (struct post *post, const char *name, json_t *document, char *why, size_t why_size);
/* Lays the options of POST_OPTIONS over it. */
int post_options (struct post *post, const struct call *call);
/* Adds a term that nobody asked for; copies nothing. */
void post_default_to (struct post *post, const char *term);
void post_free (struct post *post);

/* The name of this broker's party, asked once; an exit code. */
struct party_name {
    char text[PARTY_MAX + 1];
};
int post_party (struct call *call, struct party_name *name);

/* --- Sending, in steps (post_send does them all) ------------------------------------------- */

/* A message that the schema accepts, and what the broker says it would do with it. */
struct ready {
    const struct schema *schema;
    struct pack_out body;
    bool wants_number;        /* it is numbered, and has none yet */
    struct span dry_run;      /* the broker's answer; owned; empty: not asked */
    size_t reached;           /* known parties, without the sender */
    char away[PARTY_MAX + 1]; /* the parent that it has to wait for; "": none */
    bool sent;                /* by post_go */
};

/* The schema of a kind that people send. An exit code and `why`. */
int post_schema (struct call *call, const char *kind, const struct schema **schema, char *why,
                 size_t why_size);
/* Asks the broker to publish it, or what it would do. An exit code and `why`. */
int post_ask (struct call *call, const struct post *post, const struct ready *ready, bool dry_run,
              struct span *answer, char *why, size_t why_size);
/* Checks it here, then lets the broker do so. An exit code and `why`. ready_free in any case. */
int post_ready (struct call *call, struct post *post, struct ready *ready, char *why,
                size_t why_size);
void ready_free (struct ready *ready);
/* The number that it has or would be given; empty: none. */
struct span ready_number (const struct post *post, const struct ready *ready);
/* Signs, stores, and prints what became of it; then its files follow. An exit code, which may be
 * about them alone: `ready->sent` says whether the message left. */
int post_go (struct call *call, const struct post *post, struct ready *ready);

/* Prints whom it would reach, and whom not. */
void post_show_dry_run (const struct call *call, const struct post *post,
                        const struct ready *ready);

/* Prints what would leave and to whom, on a terminal. */
void confirm_show (const struct post *post, const struct ready *ready);
/* Asks whether it may leave: 'y', 'e' (edit it again; only when `edit`), 'n' for anything else. */
int confirm_ask (const struct ready *ready, bool edit);

/* Checks the body, asks whoever sits there unless --yes was given, asks the broker, and prints
 * what became of it. */
int post_send (struct call *call, struct post *post);

#endif
