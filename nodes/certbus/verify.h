/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h - what `verify` found out, and how it says it
 */
#ifndef CERTBUS_VERIFY_H
#define CERTBUS_VERIFY_H

#include "nodes/certbus/fetch.h"

/* What was found out. */
struct finding {
    struct span file, chain_file, answer, bundle; /* owned; empty when not used */
    struct evidence evidence;
    struct envelope e;
    bool parsed;    /* e is set */
    bool broker;    /* a broker has judged */
    bool held;      /* and holds the very same bytes */
    bool held_good; /* and took them as good when they came */
    enum cb_reason reason;
    bool standing_known;
    struct standing standing;
    char why[WHY_MAX]; /* more than the reason's sentence; "" none */
    struct directory *directory;
    const struct entry *signer;
    struct fetched_chain chain; /* from the broker */
};

/* Whether the message is what its origin signed. */
bool finding_genuine (const struct finding *self);

/* Prints it. An exit code. */
int verify_conclude (struct call *call, const struct finding *self);

/* What a message is that was found by a number or a code, which proves nothing about a text
 * that somebody was shown. Never EXIT_DONE. */
int verify_look_up (struct call *call, const char *typed);

/* After `fetch` has refused: what that means for whoever was shown a text with it. */
void verify_unknown (const struct fetched *fetched);

/* Whether a file is an attachment of a message that was found. An exit code. */
int verify_attached (struct call *call, const struct finding *self, const char *path);

#endif
