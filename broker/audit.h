/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h - whether a whole journal is what was stored: read from the first record to the last
 */
#ifndef CERTBUS_AUDIT_H
#define CERTBUS_AUDIT_H

#include "bus/edge/journal.h"

struct audit {
    int64_t count, blank; /* records; those of which only the hash is kept */
    int64_t taken;        /* ms UTC, of the last; 0: none */
    struct hash chain;    /* after the last */
};

/* Reads the journal at `path`, which no broker may have open, and changes nothing. False and `why`:
 * it cannot be read, or it names the first position at which it is not what was stored. On a
 * terminal standard error says how far it is. */
bool audit (const char *path, struct audit *out, char *why, size_t why_size);

#endif
