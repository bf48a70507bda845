/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h - where things are in the journal: listings, codes and numbers
 *
 * The index is one more reader of the journal, with a cursor of its own in TABLE_STATION: what
 * stores a message does not wait for it. The journal's thread moves it when nothing else is to
 * be done (store.c), the start of a broker up to the head. Who looks for something asks the
 * index up to the cursor and reads the records after it. All of it can be made again from the
 * log.
 *
 * A listing is a merge of streams. A stream holds the positions of one class, kind and severity
 * (and in TABLE_ORIGINS of one origin), so that what is not wanted is not read.
 */
#ifndef CERTBUS_INDEX_H
#define CERTBUS_INDEX_H

#include "broker/store.h"
#include "broker/tables.h"
#include "bus/core/credential.h"
#include "bus/core/schema.h"

/* What a record is to this party. */
enum index_class { INDEX_THROUGH, INDEX_HERE, INDEX_REFUSED };

/* "S1" to "S5" are 1 to 5. */
#define INDEX_SEVERITY_NONE  0 /* the body has no severity */
#define INDEX_SEVERITY_OPEN  6 /* "undetermined" */
#define INDEX_SEVERITY_OTHER 7 /* one that is not known here */
/* The number for a name; INDEX_SEVERITY_OTHER: there is none of that name. */
unsigned index_severity_number (struct span name);
unsigned index_severity (struct span body);

/* Whether a message is for the party that holds this credential, or by it. */
bool index_here (const struct envelope *e, const struct credential *me);

/* Everything up to this position is in the index. */
int64_t index_cursor (struct journal *journal);
/* Indexes at most `count` records after the cursor, in the open transaction, and moves it. */
enum journal_result index_step (struct journal *journal, const struct credential *me,
                                int64_t count);
/* All that is not indexed yet, in transactions of its own: at start. When the party's name or
 * sectors are not those that it was made for, it is made anew. `tell` is called every other
 * second with how far it is. FULL: the rest has to be read from the log. */
enum journal_result index_catch_up (struct journal *journal, const struct credential *me,
                                    void (*tell) (int64_t at, int64_t head));

/* The beginning of the keys of a number: with its end for exactly this one, else for those that
 * begin so. Compares as if written in capitals. False: too long to be one. */
bool index_number_key (struct key *key, struct span number, bool whole);

/* The messages that have this number, at most `most`: of the newest and of the first ones by turns,
 * four of an origin at most. So who copies a number many times hides nobody else who has it. */
size_t index_find_number (struct journal *journal, struct span number, int64_t *out, size_t most);
/* Whether the message at a position may stand beside these: it is another one, and fewer than four
 * of them are of its origin. */
bool index_number_room (struct journal *journal, const int64_t *found, size_t count,
                        int64_t position);

/* One stream, and the position where it is read. */
struct index_stream {
    int64_t at; /* 0 or INT64_MAX: no more, downwards or upwards */
    size_t size;
    uint8_t prefix[PARTY_MAX + KIND_MAX + 8];
};

/* What the streams' keys say; borrows from the key. */
struct index_parts {
    struct span origin; /* empty in TABLE_LISTED */
    unsigned class, severity;
    struct span kind;
};

/* The next stream whose key begins with `prefix`: start with an `after` of size 0, which is moved
 * along. False: no more. */
bool index_next_stream (struct journal *journal, const struct key *prefix, struct key *after,
                        struct index_stream *stream, struct index_parts *parts);
/* Moves a stream to its last position below, or its first above. */
void index_stream_before (struct journal *journal, struct index_stream *stream, int64_t position);
void index_stream_after (struct journal *journal, struct index_stream *stream, int64_t position);

/* Looks for what begins with `bits` bits of a code, block by block, newest first, for a few ms at
 * a time. Calls `found` with each position, within a block the lowest code first, until it says
 * no. */
struct index_search {
    const uint8_t *code; /* borrowed */
    unsigned bits;
    int64_t block; /* where to go on: begin with that of the cursor; -1: that was all */
    bool (*found) (int64_t position, void *arg);
    void *arg;
};
int64_t index_block (int64_t position);
void index_find_code (struct journal *journal, struct index_search *search);
/* Whether bytes begin with that many bits of a code. */
bool index_code_begins (const uint8_t *bytes, const uint8_t code[CODE_BYTES], unsigned bits);

#endif
