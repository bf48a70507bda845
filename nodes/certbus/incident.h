/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incident.h - plain answers as a report: what a clerk says, and what follows from it
 *
 * Pure. The severity follows this rule, the first line that fits; the CERT decides in the end:
 *
 *   S1  a service is interrupted for 100,000 people or more
 *   S2  a service is interrupted, or data was taken, changed, deleted, encrypted or published;
 *       and it still goes on, or it concerns 1,000 people or 20 systems or more
 *   S3  a service is interrupted, or data was taken, changed, deleted, encrypted or published
 *   S4  a service is slow or partly gone, or somebody or something was inside a system
 *   S5  somebody tried or bothered, and nothing came of it: scans, spam, phishing, attempts
 *   undetermined  anything else; an honest answer
 */
#ifndef CERTBUS_INCIDENT_H
#define CERTBUS_INCIDENT_H

#include <jansson.h>

#include "nodes/certbus/day.h"

enum answer {
    ANSWER_WHAT,
    ANSWER_SINCE,
    ANSWER_ONGOING,
    ANSWER_AFFECTED,
    ANSWER_COUNT,
    ANSWER_CONTACT,
    ANSWER_DONE,
    ANSWER_HELP,
    ANSWER_CONSENT,
    ANSWERS
};

/* What is known, in the reporter's words; NULL: not said. Borrows. */
struct answers {
    const char *at[ANSWERS];
    /* Instead of what follows from the answers; NULL: that. */
    const char *title, *type, *severity;
};

/* The body of an incident. Returns owned; NULL and `why` when an answer is needed or cannot be
 * understood, and `*which` it is. */
json_t *incident_body (const struct answers *answers, const struct day *day, enum answer *which,
                       char *why, size_t why_size);

/* Yes and no in English and Urdu, "unknown" and the like: 'y', 'n', 'u'; 0: none of these. */
int incident_yes (const char *text);

/* The type of an incident (RSIT) that words in English, Urdu and Roman Urdu speak of;
 * "other/undetermined" when none does. */
const char *incident_type (const char *text);
/* What became of the service ("interrupted", "degraded", NULL), and of the data: an array,
 * owned, of "copied", "changed", ... */
const char *incident_service (const char *text);
json_t *incident_data (const char *text);

#endif
