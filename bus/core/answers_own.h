/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers_own.h - what the two files of answers share: what is gathered, and the sum of it
 */
#ifndef CERTBUS_ANSWERS_OWN_H
#define CERTBUS_ANSWERS_OWN_H

#include "bus/core/answers.h"

#define ROW_FIELDS  7 /* of one party in the answers to `presence` */
#define CONTACT_MAX ((size_t) 16 * 1024)

struct presence_row {
    char *name, *software; /* owned */
    struct presence p;     /* its spans borrow from those */
};

struct software_list {
    size_t count;
    struct span at[SOFTWARE_KEPT];
};

/* Adds the names of `in`, and its time where it is the newer one. */
void seen_merge (struct seen *out, const struct seen *in);

#endif
