/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.h - one message from the broker, and who signed it
 */
#ifndef CERTBUS_FETCH_H
#define CERTBUS_FETCH_H

#include "nodes/certbus/evidence.h"
#include "nodes/certbus/record.h"

/* A message that the broker holds, with the rest of what `get` says about it. */
struct fetched {
    struct span answer; /* owned copy */
    struct record record;
};

/* By id, number or code, also the beginning of one. An exit code, after a complaint that says
 * what may have been meant. fetch_free in any case. */
int fetch (struct call *call, const char *id, struct fetched *fetched);
/* The same without a complaint; false: it is not here. */
bool fetch_quietly (struct call *call, const char *id, struct fetched *fetched);
void fetch_free (struct fetched *fetched);

/* The root and the chain of a credential, as the broker knows them. */
struct fetched_chain {
    struct span answer; /* owned copy */
    struct evidence evidence;
    struct directory *directory; /* owned; with all of the chain */
    const struct entry *signer;
};

/* An exit code; `why` when it is not EXIT_DONE. fetch_chain_free in any case. */
int fetch_chain (struct call *call, const struct hash *credential, struct fetched_chain *chain,
                 char *why, size_t why_size);
void fetch_chain_free (struct fetched_chain *chain);

#endif
