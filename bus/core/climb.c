/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/climb.h"

#include <stdlib.h>
#include <string.h>

/* Batches that are remembered: a relay's links bring runs of several at once. */
#define CLIMBS 64

struct climb {
    enum cb_purpose purpose;
    uint32_t size, index; /* size 0: empty */
    size_t path_count;
    struct hash signer;
    uint8_t key[KEY_SIZE], sig[SIG_SIZE];
    struct hash path[PROOF_PATH];
    struct hash nodes[PROOF_PATH]; /* the own node that path[i] is combined with */
};

struct climbs {
    struct climb at[CLIMBS];
};

struct climbs *climbs_new (void)
{
    struct climbs *self = calloc (1, sizeof *self);
    if (!self)
        abort ();
    return self;
}

void climbs_free (struct climbs **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

void climbs_clear (struct climbs *self)
{
    memset (self, 0, sizeof *self);
}

static struct climb *slot (struct climbs *self, const struct claim *claim)
{
    return &self->at[claim->sig[0] % CLIMBS];
}

static bool same_batch (const struct climb *climb, const struct claim *claim)
{
    return climb->size == claim->size && climb->purpose == claim->purpose &&
           memcmp (climb->sig, claim->sig, SIG_SIZE) == 0 &&
           memcmp (climb->key, claim->key, KEY_SIZE) == 0 &&
           hash_equal (&climb->signer, claim->signer);
}

/* Whether a node at this height has a sibling there; one without goes up as it is. */
static bool paired (uint32_t index, uint32_t last)
{
    return (index & 1) || index < last;
}

static struct hash above (uint32_t index, const struct hash *node, const struct hash *sibling)
{
    return index & 1 ? hash_node (sibling, node) : hash_node (node, sibling);
}

static struct hash path_at (const struct claim *claim, size_t i)
{
    struct hash hash;
    memcpy (hash.bytes, claim->path + i * HASH_SIZE, HASH_SIZE);
    return hash;
}

/* Whether claim's path from `mine` on is what the known climb has from `known` on. */
static bool same_path (const struct climb *climb, size_t known, const struct claim *claim,
                       size_t mine)
{
    size_t left = climb->path_count - known;
    return claim->path_count - mine == left &&
           memcmp (climb->path[known].bytes, claim->path + mine * HASH_SIZE, left * HASH_SIZE) == 0;
}

/* Replaces the known climb's lower part by the claim's `mine` steps, which joined it
 * at its step `known`. */
static void keep (struct climb *climb, size_t known, const struct claim *claim, size_t mine,
                  const struct hash *nodes)
{
    struct hash upper[PROOF_PATH];
    size_t left = climb->path_count - known;
    memcpy (upper, climb->nodes + known, left * sizeof *upper);
    memcpy (climb->nodes, nodes, mine * sizeof *nodes);
    memcpy (climb->nodes + mine, upper, left * sizeof *upper);
    memcpy (climb->path, claim->path, claim->path_count * HASH_SIZE);
    climb->path_count = claim->path_count;
    climb->index = claim->index;
}

bool climbs_know (struct climbs *self, const struct claim *claim)
{
    struct climb *climb = slot (self, claim);
    if (!same_batch (climb, claim) || !merkle_fits (claim->size, claim->index, claim->path_count))
        return false;
    struct hash at = *claim->leaf, nodes[PROOF_PATH];
    uint32_t index = claim->index, other = climb->index;
    size_t mine = 0, known = 0;
    for (uint32_t last = claim->size - 1; last > 0; last >>= 1, index >>= 1, other >>= 1) {
        bool pair = paired (index, last), other_pair = paired (other, last);
        if (index == other && pair) {
            if (!hash_equal (&at, &climb->nodes[known]) || !same_path (climb, known, claim, mine))
                return false;
            keep (climb, known, claim, mine, nodes);
            return true;
        }
        if (index == (other ^ 1) && pair && other_pair) {
            struct hash sibling = path_at (claim, mine);
            if (!hash_equal (&at, &climb->path[known]) ||
                !hash_equal (&sibling, &climb->nodes[known]) ||
                !same_path (climb, known + 1, claim, mine + 1))
                return false;
            nodes[mine++] = at;
            keep (climb, known + 1, claim, mine, nodes);
            return true;
        }
        if (pair) {
            struct hash sibling = path_at (claim, mine);
            nodes[mine++] = at;
            at = above (index, &at, &sibling);
        }
        known += other_pair;
    }
    return false;
}

void climbs_checked (struct climbs *self, const struct claim *claim)
{
    struct climb *climb = slot (self, claim);
    if (claim->path_count > PROOF_PATH)
        return;
    climb->purpose = claim->purpose;
    climb->size = claim->size;
    climb->index = claim->index;
    climb->path_count = claim->path_count;
    climb->signer = *claim->signer;
    memcpy (climb->key, claim->key, KEY_SIZE);
    memcpy (climb->sig, claim->sig, SIG_SIZE);
    memcpy (climb->path, claim->path, claim->path_count * HASH_SIZE);
    struct hash at = *claim->leaf;
    uint32_t index = claim->index;
    size_t step = 0;
    for (uint32_t last = claim->size - 1; last > 0; last >>= 1, index >>= 1) {
        if (!paired (index, last))
            continue;
        struct hash sibling = path_at (claim, step);
        climb->nodes[step++] = at;
        at = above (index, &at, &sibling);
    }
}
