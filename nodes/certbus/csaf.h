/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csaf.h - an advisory in CSAF 2.0 (OASIS, 2022) -> the body of an `advisory`, as JSON
 *
 * What a field of the advisory comes from:
 *
 *   number, revision, status   document/tracking: id, version, status
 *   issuer                     document/publisher: name (namespace)
 *   title, language            document: title, lang
 *   severity                   the option; else the highest CVSS base score (v3, else v2):
 *                              from 9.0 S2, from 7.0 S3, from 4.0 S4, else S5, and one
 *                              higher when it is said to be exploited; else the words of
 *                              aggregate_severity. S1 is a person's decision, never made here.
 *   exploited                  threats of category exploit_status that say so
 *   summary, notes             document/notes, vulnerabilities/notes and remediations
 *   products                   what product_status calls affected, by name; of a document
 *                              without vulnerabilities, the names in its product tree
 *   vulnerabilities            cve (else the first of ids), title, score, vector
 *   references                 document/references, vulnerabilities/references
 *   effective                  document/tracking/current_release_date
 *   original                   the document itself where it fits, else its hash and address
 *
 * What does not fit is cut, and the last note says what.
 */
#ifndef CERTBUS_CSAF_H
#define CERTBUS_CSAF_H

#include "bus/core/pack.h"

#include <jansson.h>

/* Everything may be left out, and is borrowed. */
struct csaf_options {
    const char *severity; /* S1 to S5, instead of what the document says */
    unsigned tlp;         /* CB_TLP_*, instead of its label; never weaker than that */
    const char *url;      /* where the document can be fetched */
    struct span original; /* the document's bytes */
    const char *name;     /* its file name */
};

/* Returns owned, and sets `*tlp`. NULL and `why`: it is no CSAF 2.0, has no TLP or no
 * severity (`why` names the option that helps), or lacks what an advisory must have. */
json_t *csaf_to_advisory (const json_t *csaf, const struct csaf_options *options, unsigned *tlp,
                          char *why, size_t why_size);

#endif
