/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - how a node talks to its broker: one call, one answer
 *
 * Questions and answers are canonical msgpack maps over ipc, listed in
 * docs/local.md. The socket for reading is HOME/run/read/bus, the one for acting
 * HOME/run/act/bus. There are no private doors: the command line uses this too.
 */
#ifndef CERTBUS_CLIENT_H
#define CERTBUS_CLIENT_H

#include "bus/core/envelope.h"

enum client_door { CLIENT_READ, CLIENT_ACT };

struct client;

/* NULL and `why`: no such home, no broker running there (and how to start it),
 * no permission on the socket (and which group). Changes nothing there. Takes back
 * the handlers of SIGINT and SIGTERM that czmq sets, so that they end the node. */
struct client *client_open (const char *home, enum client_door door, char *why, size_t why_size);
/* Whether a broker answers there now, for reading: no wait for one that is just starting. */
bool client_there (const char *home);
/* Whether nobody serves it: a home whose doors one may see, and no broker behind them. Then
 * `why` of a call that failed said so, and how to start it. */
bool client_absent (const char *home);
void client_close (struct client **self);

/* Sends a question (a canonical map with "op") and waits up to `timeout` ms (-1:
 * for ever). The answer borrows from the client until the next call. False: no
 * answer in time, a signal came, or the broker left; `why` says which, and the
 * next call looks whether it is back. A refusal by the broker
 * is an answer: {"ok": false, "reason": ..., "detail": ...}. */
bool client_ask (struct client *self, struct span question, int timeout, struct span *answer,
                 char *why, size_t why_size);
/* From now on a call also ends, without an answer, when there is something to read at this
 * descriptor, which stays the caller's; -1: no more. */
void client_also (struct client *self, int descriptor);

#endif
