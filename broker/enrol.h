/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrol.h - what enrolling, renewing and enrolling again share in the broker
 */
#ifndef CERTBUS_BROKER_ENROL_H
#define CERTBUS_BROKER_ENROL_H

#include "broker/local_own.h"
#include "bus/core/proposal.h"

/* What an answer about a request may hold besides the request: each NULL or empty: not there. */
struct enrolled {
    const struct enrolment *e;
    const struct credential *c;
    const struct entry *entry;    /* its bundle */
    struct span proposal;         /* to be countersigned */
    const struct span *authority; /* by whom; empty: the root keys */
    size_t children;              /* that stay with it; 0: none */
};
/* Sends the answer now; for what changes nothing. */
void enrol_answer_now (const struct question *q, const struct enrolled *told);

/* Publishes the enrolment to those above, and from the second generation on to those below the
 * party, which have to know its keys before it uses them. The answer follows the commit. */
void enrol_publish (struct station *station, const struct asker *asker, struct span credential,
                    const struct enrolment *e);
/* Answers with the bundle of a credential that was made before: who asks again has lost it. */
void enrol_repeat (const struct question *q, const struct entry *entry, const struct enrolment *e);

/* Where children reach this broker; 0: it listens on addresses that tell them nothing. */
size_t enrol_endpoints (const struct station *station, struct span out[ENDPOINTS_MAX]);

/* local_again.c: a party that is enrolled already and has new keys that nobody vouches for. */
void enrol_again (const struct question *q, const struct enrolment *e, struct credential *c);
void enrol_countersigned (const struct question *q, const struct enrolment *e,
                          struct span countersigned);

#endif
