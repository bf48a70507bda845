/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/directory_own.h"
#include "bus/core/trust.h"

#include <string.h>

void *directory_alloc (size_t size)
{
    void *memory = calloc (1, size);
    if (!memory)
        abort ();
    return memory;
}

uint8_t *directory_copy (struct span bytes)
{
    uint8_t *copy = directory_alloc (bytes.size ? bytes.size : 1);
    if (bytes.size)
        memcpy (copy, bytes.data, bytes.size);
    return copy;
}

struct directory *directory_new (void)
{
    return directory_alloc (sizeof (struct directory));
}

void directory_free (struct directory **self_p)
{
    struct directory *self = *self_p;
    if (!self)
        return;
    struct kept *kept, *next_kept;
    HASH_ITER (hh, self->by_hash, kept, next_kept)
    {
        HASH_DEL (self->by_hash, kept);
        free (kept->bytes);
        free (kept->former);
        free (kept);
    }
    struct slot *slot, *next_slot;
    HASH_ITER (hh, self->by_name, slot, next_slot)
    {
        HASH_DEL (self->by_name, slot);
        free (slot);
    }
    struct used_key *key, *next_key;
    HASH_ITER (hh, self->by_key, key, next_key)
    {
        HASH_DEL (self->by_key, key);
        free (key);
    }
    struct awaited *awaited, *next_awaited;
    HASH_ITER (hh, self->awaited, awaited, next_awaited)
    {
        HASH_DEL (self->awaited, awaited);
        free (awaited);
    }
    free (self->root);
    free (self->root_bytes);
    free (self->policy);
    free (self->policy_bytes);
    free (self);
    *self_p = NULL;
}

enum cb_reason directory_root (struct directory *self, struct span statement)
{
    enum cb_reason reason = trust_root (self, statement);
    if (reason != CB_OK)
        return reason;
    uint8_t *bytes = directory_copy (statement);
    struct root_file *root = directory_alloc (sizeof *root);
    if (root_parse (root, span_bytes (bytes, statement.size)) != CB_OK ||
        (self->root && root->version <= self->root->version)) {
        free (root);
        free (bytes);
        return CB_OK;
    }
    free (self->root);
    free (self->root_bytes);
    self->root = root;
    self->root_bytes = bytes;
    return CB_OK;
}

const struct root_file *directory_root_file (const struct directory *self)
{
    return self->root;
}

enum cb_reason directory_policy (struct directory *self, struct span statement)
{
    uint8_t *bytes = directory_copy (statement);
    struct policy *policy = directory_alloc (sizeof *policy);
    enum cb_reason reason = trust_policy (self, policy, span_bytes (bytes, statement.size));
    if (reason != CB_OK || (self->policy && policy->version <= self->policy->version)) {
        free (policy);
        free (bytes);
        return reason;
    }
    free (self->policy);
    free (self->policy_bytes);
    self->policy = policy;
    self->policy_bytes = bytes;
    return CB_OK;
}

const struct policy *directory_policy_now (const struct directory *self)
{
    return self->policy;
}

struct kept *directory_find (const struct directory *self, const struct hash *hash)
{
    struct kept *kept;
    HASH_FIND (hh, self->by_hash, hash->bytes, HASH_SIZE, kept);
    return kept;
}

struct slot *directory_slot (const struct directory *self, struct span name)
{
    struct slot *slot;
    HASH_FIND (hh, self->by_name, name.data, name.size, slot);
    return slot;
}

static struct slot *slot_for (struct directory *self, struct span name)
{
    struct slot *slot = directory_slot (self, name);
    if (slot)
        return slot;
    slot = directory_alloc (sizeof *slot + name.size);
    slot->size = name.size;
    memcpy (slot->name, name.data, name.size);
    HASH_ADD_KEYPTR (hh, self->by_name, slot->name, slot->size, slot);
    return slot;
}

const struct entry *directory_by_hash (const struct directory *self, const struct hash *hash)
{
    const struct kept *kept = directory_find (self, hash);
    return kept ? &kept->entry : NULL;
}

const struct entry *directory_by_name (const struct directory *self, struct span name)
{
    const struct slot *slot = directory_slot (self, name);
    return slot && slot->current ? &slot->current->entry : NULL;
}

static const struct slot *key_owner (const struct directory *self, const uint8_t key[KEY_SIZE])
{
    struct used_key *used;
    HASH_FIND (hh, self->by_key, key, KEY_SIZE, used);
    return used ? used->owner : NULL;
}

bool directory_key_free (const struct directory *self, const struct credential *c)
{
    const uint8_t *keys[] = { c->sign_key, c->seal_key, c->link_key };
    for (size_t i = 0; i < 3; i++) {
        const struct slot *owner = key_owner (self, keys[i]);
        if (memcmp (keys[i], keys[(i + 1) % 3], KEY_SIZE) == 0)
            return false;
        if (!owner)
            continue;
        struct span name = span_bytes (owner->name, owner->size);
        if (!span_equal (name, c->name) && !span_equal (name, c->formerly))
            return false;
    }
    return true;
}

const struct entry *directory_generation (const struct directory *self, struct span name,
                                          uint32_t generation)
{
    const struct slot *slot = directory_slot (self, name);
    for (const struct kept *at = slot ? slot->newest_taken : NULL; at; at = at->older)
        if (at->entry.credential.generation == generation)
            return &at->entry;
    return NULL;
}

static void use_key (struct directory *self, const uint8_t key[KEY_SIZE], const struct slot *owner)
{
    struct used_key *used;
    HASH_FIND (hh, self->by_key, key, KEY_SIZE, used);
    if (!used) {
        used = directory_alloc (sizeof *used);
        memcpy (used->key, key, KEY_SIZE);
        HASH_ADD (hh, self->by_key, key, KEY_SIZE, used);
    }
    /* After a move the new name holds it. */
    used->owner = owner;
}

static bool succeeds (const struct entry *next, const struct entry *entry)
{
    const struct hash *previous = next->credential.previous;
    return previous && hash_equal (previous, &entry->credential.st.hash);
}

/* Ties generations together, in whatever order they came. */
static void tie (struct directory *self, struct kept *kept)
{
    struct entry *entry = &kept->entry;
    struct slot *slot = slot_for (self, entry->credential.name);
    for (struct kept *at = slot->newest_taken; at; at = at->older)
        if (succeeds (&at->entry, entry))
            entry->successor = &at->entry;
    if (entry->credential.previous) {
        struct kept *previous = directory_find (self, entry->credential.previous);
        if (previous)
            previous->entry.successor = entry;
    }
    struct span name = entry->credential.name;
    slot_for (self, directory_branch (name))->below++;
    if (!slot->newest_taken && party_depth (name) > 1)
        slot_for (self, party_parent (name))->children++;
    kept->older = slot->newest_taken;
    slot->newest_taken = kept;
    if (!slot->current || slot->current->entry.credential.generation < entry->credential.generation)
        slot->current = kept;
    use_key (self, entry->credential.sign_key, slot);
    use_key (self, entry->credential.seal_key, slot);
    use_key (self, entry->credential.link_key, slot);
}

struct span directory_branch (struct span name)
{
    while (party_depth (name) > 2)
        name = party_parent (name);
    return name;
}

/* Whether there is room for one more, here and by what its issuer may grant: an issuer that
 * does not count its own children is counted by everybody else. */
static bool has_room (const struct directory *self, const struct credential *c)
{
    if (HASH_CNT (hh, self->by_hash) >= ENTRIES_MAX)
        return false;
    const struct slot *branch = directory_slot (self, directory_branch (c->name));
    if (branch && branch->below >= ENTRIES_BRANCH)
        return false;
    const struct entry *issuer = c->issuer ? directory_by_hash (self, c->issuer) : NULL;
    if (!issuer || directory_by_name (self, c->name))
        return true;
    uint32_t most = issuer->credential.may.children;
    const struct slot *slot = directory_slot (self, issuer->credential.name);
    /* Counting those that are not revoked walks the whole directory. */
    return slot->children < most || directory_children (self, issuer->credential.name) < most;
}

/* The authority has vouched for it since: newcomers need its word. What others point to stays,
 * and only the signatures change. */
static void vouch (const struct directory *self, struct kept *kept,
                   const struct credential *credential)
{
    struct span parent = party_parent (credential->name), statement = credential->st.bytes;
    if (kept->former || span_equal (statement, kept->entry.credential.st.bytes) ||
        trust_heir (self, parent, credential) != CB_OK ||
        trust_heir (self, parent, &kept->entry.credential) == CB_OK)
        return;
    kept->former = kept->bytes;
    kept->bytes = directory_copy (statement);
    statement_parse (&kept->entry.credential.st, span_bytes (kept->bytes, statement.size));
}

enum cb_reason directory_add (struct directory *self, struct span statement,
                              const struct entry **out)
{
    struct credential credential;
    if (!credential_parse (&credential, statement))
        return CB_MALFORMED;
    struct kept *kept = directory_find (self, &credential.st.hash);
    if (!kept) {
        enum cb_reason reason = trust_credential (self, &credential);
        if (reason != CB_OK)
            return reason;
        if (!has_room (self, &credential))
            return CB_TOO_MANY_CHILDREN;
        kept = directory_alloc (sizeof *kept);
        kept->bytes = directory_copy (statement);
        credential_parse (&kept->entry.credential, span_bytes (kept->bytes, statement.size));
        kept->serial = HASH_CNT (hh, self->by_hash);
        if (credential.issuer)
            kept->entry.issuer = directory_by_hash (self, credential.issuer);
        HASH_ADD_KEYPTR (hh, self->by_hash, kept->entry.credential.st.hash.bytes, HASH_SIZE, kept);
        tie (self, kept);
        directory_catch_up (self, kept);
    } else
        vouch (self, kept, &credential);
    if (out)
        *out = &kept->entry;
    return CB_OK;
}

static int by_name (const void *a, const void *b)
{
    const struct slot *left = *(const struct slot *const *) a;
    const struct slot *right = *(const struct slot *const *) b;
    return span_compare (span_bytes (left->name, left->size),
                         span_bytes (right->name, right->size));
}

void directory_each (const struct directory *self, struct span top, directory_visit visit,
                     void *arg)
{
    size_t count = 0;
    const struct slot **found = directory_alloc ((HASH_COUNT (self->by_name) + 1) * sizeof *found);
    for (const struct slot *slot = self->by_name; slot; slot = slot->hh.next)
        if (slot->current && party_within (span_bytes (slot->name, slot->size), top))
            found[count++] = slot;
    qsort (found, count, sizeof *found, by_name);
    for (size_t i = 0; i < count && visit (&found[i]->current->entry, arg); i++)
        continue;
    free (found);
}

int64_t directory_enrolled (const struct directory *self, struct span name)
{
    const struct slot *slot = directory_slot (self, name);
    int64_t first = INT64_MAX;
    for (const struct kept *kept = slot ? slot->newest_taken : NULL; kept; kept = kept->older)
        if (kept->entry.credential.not_before < first)
            first = kept->entry.credential.not_before;
    return first;
}

size_t directory_children (const struct directory *self, struct span party)
{
    size_t count = 0;
    for (const struct slot *slot = self->by_name; slot; slot = slot->hh.next)
        if (slot->current && !slot->current->entry.revoked)
            count += span_equal (party_parent (span_bytes (slot->name, slot->size)), party);
    return count;
}

static void mark (struct directory *self, struct kept ***list, size_t *count, size_t *room,
                  const struct hash *hash)
{
    struct kept *kept = hash ? directory_find (self, hash) : NULL;
    if (!kept || kept->marked)
        return;
    if (*count == *room) {
        *room = *room ? 2 * *room : 16;
        struct kept **larger = realloc (*list, *room * sizeof **list);
        if (!larger)
            abort ();
        *list = larger;
    }
    kept->marked = true;
    (*list)[(*count)++] = kept;
}

static int by_serial (const void *a, const void *b)
{
    const struct kept *left = *(struct kept *const *) a, *right = *(struct kept *const *) b;
    return (left->serial > right->serial) - (left->serial < right->serial);
}

static bool is_marked (const struct directory *self, const struct hash *hash)
{
    const struct kept *kept = hash ? directory_find (self, hash) : NULL;
    return kept && kept->marked;
}

/* Whether something that proves it has not been visited. */
static bool waits (const struct directory *self, const struct credential *c)
{
    bool found = is_marked (self, c->issuer) || is_marked (self, c->previous);
    for (size_t i = 0; i < c->st.count && !found; i++)
        found = c->st.sigs[i].purpose == CB_PURPOSE_COUNTERSIGN &&
                is_marked (self, &c->st.sigs[i].signer);
    return found;
}

void directory_proof (struct directory *self, const struct entry *entry, directory_visit visit,
                      void *arg)
{
    struct kept **list = NULL;
    size_t count = 0, room = 0;
    mark (self, &list, &count, &room, &entry->credential.st.hash);
    for (size_t i = 0; i < count; i++) {
        const struct credential *c = &list[i]->entry.credential;
        mark (self, &list, &count, &room, c->issuer);
        mark (self, &list, &count, &room, c->previous);
        for (size_t j = 0; j < c->st.count; j++)
            if (c->st.sigs[j].purpose == CB_PURPOSE_COUNTERSIGN)
                mark (self, &list, &count, &room, &c->st.sigs[j].signer);
    }
    qsort (list, count, sizeof *list, by_serial);
    /* Once, but for what was countersigned by a credential that came later. */
    size_t left = count;
    for (bool more = true; more && left;) {
        size_t before = left;
        for (size_t i = 0; i < count && more; i++)
            if (list[i]->marked && !waits (self, &list[i]->entry.credential)) {
                list[i]->marked = false;
                left--;
                more = visit (&list[i]->entry, arg);
            }
        more = more && left < before;
    }
    for (size_t i = 0; i < count; i++)
        list[i]->marked = false;
    free (list);
}

void directory_head (struct directory *self, const struct head *head)
{
    if (self->has_head && head->time <= self->head.time)
        return;
    self->head = *head;
    self->has_head = true;
}

const struct head *directory_head_now (const struct directory *self)
{
    return self->has_head ? &self->head : NULL;
}

void directory_freeze (struct directory *self, struct span origin, bool frozen)
{
    if (frozen && party_valid (origin))
        slot_for (self, origin)->frozen = true;
    else if (directory_slot (self, origin))
        directory_slot (self, origin)->frozen = false;
}

bool directory_frozen (const struct directory *self, struct span origin)
{
    const struct slot *slot = directory_slot (self, origin);
    return slot && slot->frozen;
}

bool directory_term (const struct directory *self, const struct term *term)
{
    if (term->type != TERM_SECTOR)
        return self->root && party_within (term->name, self->root->top);
    for (size_t i = 0; self->policy && i < self->policy->sector_count; i++)
        if (span_equal (self->policy->sectors[i].sector, term->name))
            return true;
    return false;
}
