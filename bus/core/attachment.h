/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attachment.h - files that travel with a message: its list, and the pieces they are cut in
 *
 * A message lists its files (name, hash, size) in `attachments`; each piece is a message of
 * kind `part` whose thread is that message. docs/protocol.md, section 11.1.
 */
#ifndef CERTBUS_ATTACHMENT_H
#define CERTBUS_ATTACHMENT_H

#include "bus/core/proof.h"

#define ATTACHMENTS_MAX     32
#define ATTACHMENT_NAME_MAX 255
#define ATTACHMENT_MAX      (INT64_C (1) << 40) /* bytes of a file */
#define PART_SIZE           196608              /* bytes of each piece but the last */

/* How many pieces a file of this size has; an empty one has none. */
int64_t part_count (int64_t size);
/* The bytes of one piece. */
int64_t part_bytes (int64_t size, int64_t index);

struct part {
    struct hash hash;
    int64_t size, count, index;
    struct span content;
};
/* Reads the body of a part. False when it lacks a field, or they do not fit each other. */
bool part_read (struct part *part, struct span body);
/* Appends one. */
void part_pack (struct pack_out *out, const struct part *part);

struct attachment {
    struct span name;
    struct hash hash;
    int64_t size;
};
/* The files that the body of a message lists; borrows. How many could be read. */
size_t attachments_read (struct span body, struct attachment out[ATTACHMENTS_MAX]);

#endif
