/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_trust.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ACTORS_MAX 64
#define SIGNS_MAX  STATEMENT_SIGS

struct chunk {
    struct chunk *next;
    size_t size;
    uint8_t bytes[];
};

struct world {
    struct chunk *chunks;
    struct root_spec root;
    uint8_t root_secrets[ROOT_KEYS_MAX][SECRET_SIZE]; /* of root.keys, in the same order */
    struct span root_statement;
    size_t actor_count;
    struct actor *actors[ACTORS_MAX];
    size_t credential_count;
    struct span credentials[2 * ACTORS_MAX]; /* in the order of their making */
};

static void *own (void *memory)
{
    assert_non_null (memory);
    return memory;
}

struct span world_keep (struct world *w, struct span bytes)
{
    struct chunk *chunk = own (malloc (sizeof *chunk + bytes.size));
    chunk->next = w->chunks;
    chunk->size = bytes.size;
    if (bytes.size)
        memcpy (chunk->bytes, bytes.data, bytes.size);
    w->chunks = chunk;
    return span_bytes (chunk->bytes, bytes.size);
}

static struct span keep_packed (struct world *w, struct pack_out *out)
{
    struct span kept = world_keep (w, pack_result (out));
    pack_free (out);
    return kept;
}

static void seeded (const char *seed, const char *use, uint8_t key[KEY_SIZE],
                    uint8_t secret[SECRET_SIZE])
{
    char text[2 * PARTY_MAX];
    int size = snprintf (text, sizeof text, "%s %s", use, seed);
    struct hash hash = hash_bytes (span_bytes (text, (size_t) size));
    crypto_sign_seed_keypair (key, secret, hash.bytes);
}

static void root_keys (struct world *w, size_t threshold, size_t keys)
{
    w->root.threshold = threshold;
    w->root.count = keys;
    for (size_t i = 0; i < keys; i++) {
        char seed[32];
        snprintf (seed, sizeof seed, "%u-%zu", (unsigned) w->root.version, i);
        seeded (seed, "root", w->root.keys[i], w->root_secrets[i]);
    }
}

static size_t root_sigs (struct world *w, struct span body, enum cb_purpose purpose, size_t count,
                         struct statement_sig *sigs)
{
    for (size_t i = 0; i < count; i++) {
        struct hash signer;
        memcpy (signer.bytes, w->root.keys[i], KEY_SIZE);
        sigs[i] = statement_sign (body, purpose, &signer, w->root_secrets[i]);
    }
    return count;
}

static struct span root_body (struct world *w)
{
    struct pack_out out;
    pack_init (&out);
    root_pack (&out, &w->root);
    return keep_packed (w, &out);
}

static struct span seal (struct world *w, struct span body, struct statement_sig *sigs,
                         size_t count)
{
    struct pack_out out;
    pack_init (&out);
    statement_pack (&out, body, sigs, count);
    return keep_packed (w, &out);
}

struct span world_root_signs (struct world *w, struct span body, enum cb_purpose purpose,
                              size_t signatures)
{
    struct statement_sig sigs[SIGNS_MAX];
    size_t count = root_sigs (w, body, purpose, signatures ? signatures : w->root.threshold, sigs);
    return seal (w, body, sigs, count);
}

struct world *world_new (size_t threshold, size_t keys)
{
    assert_true (sodium_init () >= 0);
    struct world *w = own (calloc (1, sizeof *w));
    w->root.version = 1;
    w->root.issued = WORLD_NOW - 100 * WORLD_DAY;
    w->root.top = span_of ("pk");
    root_keys (w, threshold, keys);
    w->root_statement = world_root_signs (w, root_body (w), CB_PURPOSE_ROOT, 0);
    return w;
}

void world_free (struct world **self)
{
    if (!*self)
        return;
    while ((*self)->chunks) {
        struct chunk *next = (*self)->chunks->next;
        free ((*self)->chunks);
        (*self)->chunks = next;
    }
    for (size_t i = 0; i < (*self)->actor_count; i++)
        free ((*self)->actors[i]);
    free (*self);
    *self = NULL;
}

struct span world_root (const struct world *w)
{
    return w->root_statement;
}

struct span world_next_root (struct world *w, size_t threshold, size_t keys)
{
    struct world old = *w;
    struct statement before;
    assert_true (statement_parse (&before, w->root_statement));
    w->root.version++;
    w->root.previous = before.hash;
    root_keys (w, threshold, keys);
    struct span body = root_body (w);
    struct statement_sig sigs[SIGNS_MAX];
    size_t count = root_sigs (&old, body, CB_PURPOSE_ROOT, old.root.threshold, sigs);
    count += root_sigs (w, body, CB_PURPOSE_ROOT, threshold, sigs + count);
    w->root_statement = seal (w, body, sigs, count);
    return w->root_statement;
}

void world_rekey (struct actor *actor, const char *seed)
{
    uint8_t secret[SECRET_SIZE];
    seeded (seed, "sign", actor->sign_key, actor->secret);
    seeded (seed, "seal", actor->seal_key, secret);
    seeded (seed, "link", actor->link_key, secret);
}

static struct actor *find_actor (struct world *w, struct span name)
{
    for (size_t i = 0; i < w->actor_count; i++)
        if (span_is (name, w->actors[i]->name))
            return w->actors[i];
    return NULL;
}

struct actor *world_actor (struct world *w, const char *name)
{
    assert_true (w->actor_count < ACTORS_MAX);
    struct actor *actor = own (calloc (1, sizeof *actor));
    w->actors[w->actor_count++] = actor;
    snprintf (actor->name, sizeof actor->name, "%s", name);
    actor->world = w;
    actor->parent = find_actor (w, party_parent (span_of (actor->name)));
    actor->epoch = (struct epoch){ .counter = 1, .nonce = 7 };
    world_rekey (actor, name);
    return actor;
}

static void split (struct labels *list, struct span text)
{
    list->count = 0;
    while (text.size) {
        size_t end = 0;
        while (end < text.size && text.data[end] != ',')
            end++;
        list->at[list->count++] = span_bytes (text.data, end);
        end += end < text.size;
        text = span_bytes (text.data + end, text.size - end);
    }
}

struct credential world_credential (struct actor *actor, const char *role, const char *sectors)
{
    struct credential c = { .name = span_of (actor->name),
                            .title = span_of (actor->name),
                            .role = span_of (role),
                            .sign_key = actor->sign_key,
                            .seal_key = actor->seal_key,
                            .link_key = actor->link_key,
                            .generation = 1,
                            .issued = WORLD_NOW - 50 * WORLD_DAY,
                            .not_before = WORLD_NOW - 50 * WORLD_DAY,
                            .not_after = WORLD_NOW + 100 * WORLD_DAY };
    split (&c.sectors, sectors ? world_keep (actor->world, span_of (sectors)) : span_of (""));
    c.may = (struct grants){ .roles = { .count = 1, .at = { span_of ("*") } },
                             .sectors = { .count = 1, .at = { span_of ("*") } },
                             .children = 100,
                             .depth = (uint32_t) (8 - party_depth (c.name)),
                             .latest = c.not_after };
    if (actor->parent)
        c.issuer = &actor->parent->credential.st.hash;
    return c;
}

struct span world_sign_credential (struct world *w, const struct credential *c,
                                   const struct world_sign *signs, size_t count)
{
    struct pack_out out;
    pack_init (&out);
    credential_pack (&out, c);
    struct span body = keep_packed (w, &out);
    struct statement_sig sigs[SIGNS_MAX];
    size_t made = 0;
    for (size_t i = 0; i < count; i++) {
        const struct actor *by = signs[i].by;
        if (!by) {
            made += root_sigs (w, body, signs[i].purpose, w->root.threshold, sigs + made);
            continue;
        }
        sigs[made++] = statement_sign (body, signs[i].purpose,
                                       signs[i].as ? signs[i].as : &by->credential.st.hash,
                                       signs[i].secret ? signs[i].secret : by->secret);
    }
    return seal (w, body, sigs, made);
}

struct span world_issue (struct actor *actor, const struct credential *c)
{
    struct world *w = actor->world;
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL, .by = actor->parent };
    struct span statement = world_sign_credential (w, c, &sign, 1);
    assert_true (credential_parse (&actor->credential, statement));
    assert_true (w->credential_count < 2 * ACTORS_MAX);
    w->credentials[w->credential_count++] = statement;
    return statement;
}

struct actor *world_party (struct world *w, const char *name, const char *role, const char *sectors)
{
    struct actor *actor = world_actor (w, name);
    struct credential c = world_credential (actor, role, sectors);
    world_issue (actor, &c);
    return actor;
}

struct directory *world_directory (struct world *w)
{
    struct directory *directory = directory_new ();
    assert_int_equal (directory_root (directory, w->root_statement), CB_OK);
    for (size_t i = 0; i < w->credential_count; i++)
        assert_int_equal (directory_add (directory, w->credentials[i], NULL), CB_OK);
    return directory;
}

struct span world_policy_of (struct world *w, const struct policy *fields)
{
    struct pack_out out;
    pack_init (&out);
    policy_pack (&out, fields);
    return world_root_signs (w, keep_packed (w, &out), CB_PURPOSE_POLICY, 0);
}

struct span world_policy (struct world *w, uint32_t version)
{
    struct policy *p = own (calloc (1, sizeof *p));
    p->version = version;
    p->issued = WORLD_NOW - 40 * WORLD_DAY;
    p->title = span_of ("for tests");
    p->roles = (struct labels){ .count = 1, .at = { span_of ("*") } };
    p->grant_count = 1;
    p->grants[0] = (struct policy_grant){ .role = span_of ("*"),
                                          .kinds = { .count = 1, .at = { span_of ("*") } },
                                          .relations = 1u << CB_REL_EVERYONE };
    p->sector_count = 2;
    p->sectors[0].sector = span_of ("energy");
    p->sectors[1].sector = span_of ("health");
    struct span statement = world_policy_of (w, p);
    free (p);
    return statement;
}

struct draft world_draft (struct actor *actor, const char *kind, const char *to)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 1);
    pack_put_text (&out, "text");
    pack_put_text (&out, "a message");
    return (struct draft){ .kind = span_of (kind),
                           .audience_count = 1,
                           .audience = { span_of (to) },
                           .precedence = CB_LANE_ROUTINE,
                           .tlp = CB_TLP_CLEAR,
                           .mode = CB_MODE_LIVE,
                           .issued = WORLD_NOW,
                           .schema = 1,
                           .body = keep_packed (actor->world, &out) };
}

void world_send_batch (struct actor *actor, struct draft *drafts, size_t count, struct span *out)
{
    struct world *w = actor->world;
    struct span *messages = own (calloc (count, sizeof *messages));
    struct hash *leaves = own (calloc (count, sizeof *leaves));
    for (size_t i = 0; i < count; i++) {
        struct pack_out bytes;
        pack_init (&bytes);
        drafts[i].credential = actor->credential.st.hash;
        drafts[i].id = (struct msg_id){ .origin = span_of (actor->name),
                                        .epoch = actor->epoch,
                                        .seq = ++actor->seq };
        memcpy (drafts[i].salt, &actor->seq, sizeof actor->seq);
        draft_pack (&drafts[i], &bytes);
        messages[i] = keep_packed (w, &bytes);
        leaves[i] = hash_leaf (messages[i]);
    }
    struct hash root = merkle_root (leaves, count);
    uint8_t sig[SIG_SIZE];
    proof_sign (CB_PURPOSE_MESSAGE, &actor->credential.st.hash, (uint32_t) count, &root,
                actor->secret, sig);
    for (size_t i = 0; i < count; i++) {
        struct hash path[PROOF_PATH];
        size_t length = merkle_path (leaves, count, i, path);
        struct pack_out bytes;
        pack_init (&bytes);
        envelope_pack (&bytes, messages[i], (uint32_t) count, (uint32_t) i, path, length, sig);
        out[i] = keep_packed (w, &bytes);
    }
    free (leaves);
    free (messages);
}

struct span world_send (struct actor *actor, struct draft *draft)
{
    struct span out;
    world_send_batch (actor, draft, 1, &out);
    return out;
}

struct span world_approve (struct world *w, struct span envelope, const char *officer)
{
    struct hash signer, leaf;
    uint8_t secret[SECRET_SIZE], sig[SIG_SIZE];
    struct pack_in in = pack_open (envelope);
    pack_array (&in, 3, 3);
    struct span message = pack_bin (&in, 1, ENVELOPE_MAX), proof = pack_any (&in);
    seeded (officer, "officer", signer.bytes, secret);
    leaf = hash_leaf (message);
    proof_sign (CB_PURPOSE_APPROVAL, &signer, 1, &leaf, secret, sig);

    struct pack_out out;
    pack_init (&out);
    pack_put_array (&out, 3);
    pack_put_bin (&out, message);
    pack_put_raw (&out, proof);
    pack_put_array (&out, 1);
    pack_put_array (&out, 3);
    pack_put_text (&out, officer);
    pack_put_bin (&out, span_bytes (signer.bytes, KEY_SIZE));
    pack_put_bin (&out, span_bytes (sig, SIG_SIZE));
    return keep_packed (w, &out);
}
