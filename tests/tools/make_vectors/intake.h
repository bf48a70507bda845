/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake.h - vectors of verdicts, in two files: what anybody sends, and what changes trust
 */
#ifndef CERTBUS_MAKE_VECTORS_INTAKE_H
#define CERTBUS_MAKE_VECTORS_INTAKE_H

#include "tests/tools/make_vectors/make.h"

enum view {
    AT_SINDH_FROM_KPT,
    AT_SINDH_FROM_PK,
    AT_PK_FROM_SINDH,
    AT_PK_FROM_PUNJAB,
    AT_KPT_FROM_SINDH,
    AT_KPT_ITSELF,
    AT_KPT_RECOVERING,
    AT_SINDH_RECOVERING
};

/* What the judge knows besides the world; names of kept values. */
struct known {
    const char *credentials, *revocations;
    bool no_policy;
    int64_t now; /* 0: NOW */
};

/* A message of the party whose key signs it. */
struct judged {
    const char *name;
    enum view view;
    const char *key, *changes, *expect;
};

/* `known` may be NULL. */
void judged (const char *name, enum view view, struct span bytes, const struct known *known,
             const char *expect);
void judge_all (const struct judged *all, size_t count, const struct known *known);
void make_intake_trust (void);
void make_intake_carried (void);

#endif
