/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask.h - questions under way: from a neighbour or from here, on to others, and back as one answer
 *
 * A question lives in memory alone: it is about now, and who asks can ask again. Each broker on
 * the way verifies it, adds what it knows itself, waits for its neighbours no longer than its part
 * of the time, and signs the sum (docs/casework/questions.md). All in the loop, but what is looked
 * up in the journal (ask_own.c).
 */
#ifndef CERTBUS_ASK_H
#define CERTBUS_ASK_H

#include "broker/originate.h"
#include "broker/peer.h"
#include "bus/core/answers.h"

/* Under way at a time; and of one neighbour. */
#define ASKS_OPEN    64
#define ASKS_OF_PEER 16
/* Neighbours that one question goes to. */
#define ASK_FAN 4096
/* Questions of one neighbour that are remembered, so that none is answered twice. */
#define ASKED_KEPT 1024

struct asks *asks_new (void);
void asks_free (struct asks **self);

/* REQUEST and REPLY of a neighbour. */
void ask_frame (struct peer *peer, const struct frame *frame);
/* Whether the message that was refused is a question: then nobody need wait for its answer. */
bool ask_refused (struct peer *peer, const struct reject_frame *reject);

/* Asks on behalf of a local client, which is answered when all is told or the time is over. OK, or
 * why not, with a detail. `request` is completed: party, credential, nonce, times. */
enum cb_reason ask_from_here (struct station *station, struct request *request, int64_t lasts,
                              const struct asker *asker, char detail[SCHEMA_WHERE]);

/* ask_own.c: what this party knows itself is looked up; then ask_known is called. */
void ask_look (struct station *station, const struct request *request);
struct known;
void known_add (const struct known *known, struct station *station, struct answers *answers);
/* In the loop: adds it, when the question still waits for it. */
void ask_known (struct station *station, const struct hash *request, const struct known *known);

/* local_ask.c: answers the local client. `took` in ms. */
void local_asked (struct station *station, const struct asker *asker, struct answers *answers,
                  int64_t took);
/* Of the policy in force. */
uint64_t seen_threshold (const struct station *station);

#endif
