/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script.h - an exercise as a file says it: what is announced, and the plan that nobody else reads
 */
#ifndef CERTBUS_SCRIPT_H
#define CERTBUS_SCRIPT_H

#include "nodes/certbus/command.h"

struct script {
    char title[301];
    size_t to_count;
    char to[AUDIENCE_MAX][TERM_MAX + 1];
    unsigned tlp;
    int64_t from, until; /* ms UTC */
    json_t *plan;        /* body of the step `plan`; owned */
    json_t *announce;    /* body of the step `announce`, without the plan's id; owned */
    size_t injects, expected;
    int64_t last; /* ms: the offset of the last inject */
};

/* Reads and checks a file. `party` is who announces it, `from` (0: as the file says, or `now`) when
 * it may begin. False and `why`: FILE:LINE: setting: what is wrong. */
struct script_ask {
    const char *path, *party;
    int64_t from, now;
    const struct schemas *schemas;
};
bool script_read (struct script *script, const struct script_ask *ask, char *why, size_t why_size);
void script_free (struct script *script);

#endif
