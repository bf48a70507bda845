/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - a stored message, for people and for programs
 */
#ifndef CERTBUS_RECORD_H
#define CERTBUS_RECORD_H

#include "nodes/certbus/command.h"

/* What became of a message: the newest along the chain of those that replace it counts. */
enum standing_state { STANDING_CURRENT, STANDING_REPLACED, STANDING_WITHDRAWN };

struct standing {
    enum standing_state state;
    char id[ID_TEXT]; /* of that newest; "" while it is current */
};

/* Reads `standing` of a record or an answer. */
void standing_read (struct span map, struct standing *standing);
/* {"state", "id"}; null while it is current. */
json_t *standing_json (const struct standing *standing);

/* A record of docs/local.md. Borrows. */
struct record {
    int64_t position, lane, reason, taken;
    struct span from, envelope, leaf;
    struct span waits; /* array of the neighbours that have not acknowledged it; or empty */
    struct standing standing;
    struct span refused; /* map: who refused this own message, docs/local.md; or empty */
    bool here;
    bool whole; /* the envelope is there and could be read */
    struct envelope e;
};

/* Reads the map of a record; false when it is none. */
bool record_read (struct span map, struct record *record);

/* The message of an envelope: id, code, header and body. */
json_t *message_json (struct call *call, const struct envelope *e);
/* The same with what the journal knows of it: position, taken, verdict, ... */
json_t *record_json (struct call *call, const struct record *record);

/* Receipts, heads, checkpoints and pieces of files: what brokers tell each other, and people
 * seldom read. */
#define QUIET_KINDS 4
extern const char *const quiet_kinds[QUIET_KINDS]; /* sorted */
bool record_quiet (const struct record *record);

/* One line, as line.h has it, with the columns of no list. */
void record_line (const struct record *record);
/* Header and body, for reading. `title` is the issuer's; empty: not known. */
void message_print (struct call *call, const struct envelope *e, struct span title);
/* What the message says in a few words; empty: nothing that is known to be that. */
struct span message_title (const struct envelope *e);
/* The same for a line that people see: begins with "EXERCISE: " for what is of an exercise, and
 * for what runs one. Every list and every program that wakes somebody has its titles from here. */
struct line message_headline (const struct envelope *e);
struct line headline_marked (bool exercise, struct span title);
/* "S1" to "S5", "undetermined", as its body says; empty: it says nothing. */
struct span message_severity (const struct envelope *e);

/* RFC 3339 in UTC, to the second; "never" for 0. */
struct when {
    char text[32];
};
struct when when_of (int64_t ms);

#endif
