/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - an enrolment request as the enrolling party sees it, and the phone call
 */
#ifndef CERTBUS_REQUEST_H
#define CERTBUS_REQUEST_H

#include "bus/core/proposal.h"
#include "nodes/certbus/command.h"

struct request {
    struct span bytes; /* owned */
    struct enrolment e;
    char code[CODE_TEXT];
    struct proposal *p; /* it comes with the next credential; owned; NULL: the party is new */
};

/* Reads it and checks that the holder of all three keys made it. An exit code. */
int request_load (struct request *request, const char *path);
void request_free (struct request *request);

/* What would be granted, as a person should read it before it is signed. */
struct offer {
    struct span role;
    struct labels sectors;
    struct grants may; /* depth 0: it may enrol nobody */
    int64_t until;
    int64_t children;              /* that stay with it; 0: none */
    char what[2 * PARTY_MAX + 80]; /* a line about a party that is enrolled already; "" none */
    const char *question;          /* NULL: the phone call with a party that is new */
};
/* The offer of the next credential, `what` as a renewal or a re-enrolment. */
void offer_of (struct offer *offer, const struct proposal *p);

/* Shows who asks and what they would get, and has a person compare the code; with --yes it only
 * shows. EXIT_DONE: go on. */
int request_confirm (const struct call *call, const struct request *request,
                     const struct offer *offer);
/* The file for what is made: --out, else NAME.END here, NAME-2.END for generation 2; there must
 * be none yet. */
int request_out (const struct call *call, struct span name, uint32_t generation, const char *end,
                 struct path *path);
/* Writes the bundle and says what comes next. */
int request_finish (const struct call *call, const struct request *request, const struct path *path,
                    struct span bundle, int64_t until);
/* What is asked of who countersigns, and what they do with the file: its maker, the file. */
#define COUNTERSIGN_QUESTION                                                                       \
    "Call the party on a number that you know: has it lost its keys? Have it read out the code\n"  \
    "that `certbus init` printed. Is it the same?"
#define COUNTERSIGN_NEXT                                                                           \
    "goes back to %s, who completes it with: certbus enrol REQUEST --countersigned %s"
/* Writes what goes to the authority or comes back from it, and says `next`. */
int proposal_finish (const struct call *call, const struct request *request,
                     const struct path *path, struct span proposal, const char *next);

#endif
