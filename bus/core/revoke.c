/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/directory_own.h"
#include "bus/core/trust.h"

#include <string.h>

/* Of two, the stricter; the same whichever came first. Naming no last message is
 * the strictest, and two that name different epochs leave none that both allow. */
static void stricter (struct epoch *epoch, int64_t *seq, struct epoch other_epoch,
                      int64_t other_seq)
{
    if (!epoch_equal (*epoch, other_epoch)) {
        *epoch = (struct epoch){ .counter = 0 };
        *seq = 0;
    } else if (other_seq < *seq)
        *seq = other_seq;
}

static void revoke (struct entry *entry, struct epoch last_epoch, int64_t last_seq, bool disputed)
{
    if (entry->revoked)
        stricter (&entry->last_epoch, &entry->last_seq, last_epoch, last_seq);
    else {
        entry->last_epoch = last_epoch;
        entry->last_seq = last_seq;
    }
    entry->revoked = true;
    entry->disputed |= disputed;
}

#define AWAITED_KEY (HASH_SIZE + PARTY_MAX)

static size_t awaited_key (uint8_t key[AWAITED_KEY], const struct hash *hash, struct span party)
{
    memcpy (key, hash->bytes, HASH_SIZE);
    memcpy (key + HASH_SIZE, party.data, party.size);
    return HASH_SIZE + party.size;
}

/* Whether those of this branch have used up their share. What the top party says is not
 * counted among it. */
static bool branch_full (const struct directory *self, struct span party)
{
    size_t count = 0;
    struct span branch = directory_branch (party);
    for (const struct awaited *at = self->awaited; at; at = at->hh.next) {
        struct span other = span_bytes (at->key + HASH_SIZE, at->size - HASH_SIZE);
        count += !at->by_top && span_equal (directory_branch (other), branch);
    }
    return count >= AWAITED_BRANCH;
}

static enum cb_reason await (struct directory *self, const struct revocation *r, struct span by)
{
    uint8_t key[AWAITED_KEY];
    size_t size = awaited_key (key, r->credential, r->party);
    struct awaited *awaited;
    HASH_FIND (hh, self->awaited, key, size, awaited);
    if (awaited) {
        stricter (&awaited->last_epoch, &awaited->last_seq, r->last_epoch, r->last_seq);
        awaited->disputed |= r->disputed;
        return CB_OK;
    }
    bool by_top = party_depth (by) == 1;
    if (HASH_CNT (hh, self->awaited) >= AWAITED_MAX || (!by_top && branch_full (self, r->party)))
        return CB_UNKNOWN_CREDENTIAL;
    awaited = directory_alloc (sizeof *awaited + size);
    awaited->last_epoch = r->last_epoch;
    awaited->last_seq = r->last_seq;
    awaited->disputed = r->disputed;
    awaited->by_top = by_top;
    awaited->size = size;
    memcpy (awaited->key, key, size);
    HASH_ADD_KEYPTR (hh, self->awaited, awaited->key, awaited->size, awaited);
    return CB_OK;
}

void directory_catch_up (struct directory *self, struct kept *kept)
{
    uint8_t key[AWAITED_KEY];
    const struct credential *c = &kept->entry.credential;
    size_t size = awaited_key (key, &c->st.hash, c->name);
    struct awaited *awaited;
    HASH_FIND (hh, self->awaited, key, size, awaited);
    if (!awaited)
        return;
    revoke (&kept->entry, awaited->last_epoch, awaited->last_seq, awaited->disputed);
    HASH_DEL (self->awaited, awaited);
    free (awaited);
}

enum cb_reason directory_revoke (struct directory *self, const struct revocation *revocation,
                                 struct span by, struct span statement)
{
    enum cb_reason reason = trust_revocation (self, revocation, by, statement);
    if (reason != CB_OK)
        return reason;
    struct kept *kept = directory_find (self, revocation->credential);
    if (!kept)
        return await (self, revocation, by);
    revoke (&kept->entry, revocation->last_epoch, revocation->last_seq, revocation->disputed);
    return CB_OK;
}

static int by_bytes (const void *a, const void *b)
{
    return memcmp (a, b, HASH_SIZE);
}

void directory_revoked (const struct directory *self, uint32_t *count, struct hash *hash)
{
    size_t most = HASH_CNT (hh, self->by_hash) + HASH_CNT (hh, self->awaited), found = 0;
    struct hash *hashes = directory_alloc ((most + 1) * sizeof *hashes);
    for (const struct kept *kept = self->by_hash; kept; kept = kept->hh.next)
        if (kept->entry.revoked)
            hashes[found++] = kept->entry.credential.st.hash;
    for (const struct awaited *awaited = self->awaited; awaited; awaited = awaited->hh.next)
        memcpy (hashes[found++].bytes, awaited->key, HASH_SIZE);
    qsort (hashes, found, sizeof *hashes, by_bytes);

    size_t unique = 0;
    for (size_t i = 0; i < found; i++)
        if (unique == 0 || !hash_equal (&hashes[i], &hashes[unique - 1]))
            hashes[unique++] = hashes[i];
    *count = (uint32_t) unique;
    *hash = hash_bytes (span_bytes (hashes, unique * sizeof *hashes));
    free (hashes);
}
