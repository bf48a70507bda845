/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.h - one question to the broker, and what a refusal means to people
 */
#ifndef CERTBUS_TALK_H
#define CERTBUS_TALK_H

#include "nodes/certbus/command.h"

#define ASK_TIMEOUT 20000 /* ms; the broker answers after its commit, or says why not */

/* A question in the making. Keys may be set in any order; a key once. Copies. */
struct ask;
struct ask *ask_new (const char *op);
void ask_free (struct ask **self);
void ask_text (struct ask *self, const char *key, struct span text);
void ask_int (struct ask *self, const char *key, int64_t value);
void ask_bool (struct ask *self, const char *key, bool value);
void ask_bytes (struct ask *self, const char *key, struct span bytes);
void ask_texts (struct ask *self, const char *key, const struct span *texts, size_t count);
void ask_ref (struct ask *self, const char *key, const struct msg_id *id);
void ask_raw (struct ask *self, const char *key, struct span canonical);
/* For a map inside: its keys in the order of bytes, as a raw value. */
void ask_pack (const struct ask *self, struct pack_out *out);

/* Asks, and frees the question. EXIT_DONE: `*answer` is a canonical map with ok = true, good
 * until the next question at this door. Else the complaint has been made. */
int talk (struct call *call, enum client_door door, struct ask **question, int timeout,
          struct span *answer);
/* The same at the reading door, where a refusal is about `what`, which the complaint names. */
int talk_about (struct call *call, const char *what, struct ask **question, struct span *answer);
/* The same without a complaint: for what can do without a broker, or waits for it. `why` has
 * what was to be said. */
int talk_quietly (struct call *call, enum client_door door, struct ask **question, int timeout,
                  struct span *answer, char *why, size_t why_size);

/* The elements of an array in an answer: opens it, then reads with pack_any. */
size_t answer_array (struct span answer, const char *key, struct pack_in *in);
bool answer_bool (struct span answer, const char *key);

/* The reference that `text` stands for: in full, or as people write it (pk.sindh/1-3), which
 * the broker is asked about. Borrows from `text`, or from the answer, which is good until the
 * next question at the reading door. An exit code and `why`. */
int talk_ref (struct call *call, const char *text, struct msg_id *id, char *why, size_t why_size);

/* The sentence of a reason that protocol.md names, by that name; NULL: it names none such. */
const char *reason_sentence (struct span name);

#endif
