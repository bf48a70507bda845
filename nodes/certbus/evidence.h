/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.h - a message with everything that is needed to check it anywhere, years later
 *
 *     evidence = [1, "evidence", root, [*credential], envelope]     ; each a bin
 *
 * The credentials stand in an order in which each can be verified when its turn comes. It is
 * not signed: everything in it is. Whether the root is the right one is for the reader to say.
 */
#ifndef CERTBUS_EVIDENCE_H
#define CERTBUS_EVIDENCE_H

#include "bus/core/directory.h"
#include "nodes/certbus/command.h"

#define EVIDENCE_MAX ((size_t) 8 * 1024 * 1024)

struct evidence {
    struct span root, envelope;
    size_t chain_count;
    struct span chain[BUNDLE_CHAIN];
};

bool evidence_parse (struct evidence *evidence, struct span bytes);
void evidence_pack (struct pack_out *out, const struct evidence *evidence);

/* Whether this root file is the one that a person pinned: `pin` is a root file's path or a
 * code. False and `why`. */
bool root_pinned (struct span root, const char *pin, char *why, size_t why_size);

/* Takes a root and a chain into a directory of its own. Returns owned; NULL and `why`. */
struct directory *chain_open (struct span root, const struct span *chain, size_t count, char *why,
                              size_t why_size);

/* Section 8 of the protocol, as far as it can be decided without a journal: who signed it,
 * and whether it is what was signed. `*signer` is set when the credential is known. */
enum cb_reason evidence_judge (const struct directory *directory, const struct envelope *e,
                               const struct entry **signer);

/* Who signed, and who vouches for that up to the root. */
json_t *signer_json (const struct entry *signer);
void signer_print (const struct entry *signer);

#endif
