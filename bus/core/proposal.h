/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proposal.h - the next credential of a party, on its way between those who have to sign it
 *
 * docs/protocol.md, section 5.6. A renewal comes from the party, signed by its keys in force; a
 * re-enrolment from the issuer, signed by it, to the authority that countersigns. It carries the
 * chain, so that it can be judged on a machine that is on no bus. Decoded structures borrow.
 */
#ifndef CERTBUS_PROPOSAL_H
#define CERTBUS_PROPOSAL_H

#include "bus/core/directory.h"

#define PROPOSAL_MAX  ((size_t) 512 * 1024)
#define PROPOSAL_DAYS 30 /* so long after `issued` it can be signed */

struct proposal {
    struct span root; /* statement */
    size_t chain_count;
    struct span chain[PROPOSAL_CHAIN];
    struct span request;    /* statement of the enrolment request */
    struct span credential; /* statement of the next credential */
    struct enrolment e;
    struct credential c;
};

/* Whether these bytes begin as a proposal. */
bool proposal_is (struct span bytes);
/* OK, MALFORMED, or BAD_SIGNATURE when possession of a key is not proved. The request and the
 * credential agree in name, keys and previous; generation is above 1. */
enum cb_reason proposal_parse (struct proposal *p, struct span bytes);
/* Of root, chain, request and credential. */
void proposal_pack (struct pack_out *out, const struct proposal *p);
bool proposal_signed_for (const struct proposal *p, enum cb_purpose purpose);

/* Who countersigns a re-enrolment of `party`: the party two labels above; empty: the root keys. */
struct span proposal_authority (struct span party);

/* The judgements before a signature. `detail` says what is wrong and what to do; may be empty. */

/* Whether `issuer` may sign it as a renewal: by the keys in force, with the rights in force. */
enum cb_reason proposal_may_renew (const struct directory *directory, const struct entry *issuer,
                                   const struct proposal *p, int64_t now,
                                   char detail[ENROL_DETAIL]);
/* Whether `self` (empty: the root keys) may countersign it. */
enum cb_reason proposal_may_countersign (const struct directory *directory, struct span self,
                                         const struct proposal *p, int64_t now,
                                         char detail[ENROL_DETAIL]);
/* Whether it is the countersigned one for this request, and `issuer` made it. */
enum cb_reason proposal_may_complete (const struct directory *directory, const struct entry *issuer,
                                      const struct enrolment *request, const struct proposal *p,
                                      int64_t now, char detail[ENROL_DETAIL]);

#endif
