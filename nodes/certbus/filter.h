/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.h - which messages `list` and `watch` are about
 */
#ifndef CERTBUS_FILTER_H
#define CERTBUS_FILTER_H

#include "nodes/certbus/record.h"
#include "nodes/certbus/talk.h"

/* Rows for a command's table of options, which has an `all` of its own. */
#define FILTER_OPTIONS                                                                             \
    { "kind", 'k', true, "KIND", "only messages of this kind" },                                   \
        { "severity", 's', true, "S1..S5", "only of this severity; also undetermined" },           \
    {                                                                                              \
        "from", 'f', false, "PARTY", "only what this party sent; 'pk.sindh.**': and all below it"  \
    }

#define FILTER_KINDS      16
#define FILTER_SEVERITIES 6

struct filter {
    size_t kind_count, severity_count;
    struct span kinds[FILTER_KINDS], severities[FILTER_SEVERITIES];
    struct span from; /* a party; empty: any */
    bool subtree;     /* and all below it */
    bool all;         /* of brokers, too */
    int64_t since;    /* only what was taken in then or later; 0: any */
};

/* Reads the options above; `since` stays 0. An exit code, after a complaint. Borrows from the
 * command line. */
int filter_read (struct filter *self, struct call *call);

/* A time as people type it, for option `name`. An exit code, after a complaint. */
int filter_time (const struct call *call, const char *name, const char *text, int64_t *ms);

/* Puts it into a question `read` or `take`. */
void filter_ask (const struct filter *self, struct ask *question, bool take);

/* Whether a record passes: `take` cannot be asked for all of it. */
bool filter_wants (const struct filter *self, const struct record *record);

#endif
