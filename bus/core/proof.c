/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/proof.h"

#include "bus/core/climb.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

static const char SYMBOLS[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
#define CODE_SYMBOLS 16

static const char CONTEXT[10] = "certbus/1"; /* with its NUL */
#define PREIMAGE (sizeof CONTEXT + 1 + HASH_SIZE + 8 + HASH_SIZE)
_Static_assert(PREIMAGE == 83, "what is signed is 83 bytes");

bool hash_equal (const struct hash *a, const struct hash *b)
{
    return memcmp (a->bytes, b->bytes, HASH_SIZE) == 0;
}

struct hash hash_leaf (struct span bytes)
{
    struct hash hash;
    crypto_generichash_state state;
    crypto_generichash_init (&state, NULL, 0, HASH_SIZE);
    crypto_generichash_update (&state, (const uint8_t[]){ LEAF_PREFIX }, 1);
    crypto_generichash_update (&state, bytes.data, bytes.size);
    crypto_generichash_final (&state, hash.bytes, HASH_SIZE);
    return hash;
}

static struct hash node (const uint8_t *left, const uint8_t *right)
{
    struct hash hash;
    uint8_t bytes[1 + 2 * HASH_SIZE];
    bytes[0] = NODE_PREFIX;
    memcpy (bytes + 1, left, HASH_SIZE);
    memcpy (bytes + 1 + HASH_SIZE, right, HASH_SIZE);
    crypto_generichash (hash.bytes, HASH_SIZE, bytes, sizeof bytes, NULL, 0);
    return hash;
}

struct hash hash_node (const struct hash *left, const struct hash *right)
{
    return node (left->bytes, right->bytes);
}

struct hash hash_bytes (struct span bytes)
{
    struct hash hash;
    crypto_generichash (hash.bytes, HASH_SIZE, bytes.data, bytes.size, NULL, 0);
    return hash;
}

void hash_code (const struct hash *hash, char code[CODE_TEXT])
{
    unsigned bits = 0, held = 0;
    const uint8_t *from = hash->bytes;
    for (size_t i = 0; i < CODE_SYMBOLS; i++) {
        if (held < 5) {
            bits = (bits << 8 | *from++) & 0xfff;
            held += 8;
        }
        held -= 5;
        if (i && i % 4 == 0)
            *code++ = '-';
        *code++ = SYMBOLS[bits >> held & 31];
    }
    *code = 0;
}

static char code_symbol (char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char) (c - 'a' + 'A');
    if (c == 'O')
        return '0';
    if (c == 'I' || c == 'L')
        return '1';
    return c && strchr (SYMBOLS, c) ? c : 0;
}

bool code_normalise (const char *typed, char code[CODE_TEXT])
{
    size_t symbols = 0, at = 0;
    for (; *typed; typed++) {
        if (*typed == '-')
            continue;
        char symbol = code_symbol (*typed);
        if (!symbol || symbols == CODE_SYMBOLS)
            return false;
        if (symbols && symbols % 4 == 0)
            code[at++] = '-';
        code[at++] = symbol;
        symbols++;
    }
    if (symbols < CODE_SYMBOLS)
        return false;
    code[at] = 0;
    return true;
}

unsigned code_bits (const char *typed, uint8_t bytes[CODE_BYTES])
{
    unsigned bits = 0;
    memset (bytes, 0, CODE_BYTES);
    for (; *typed; typed++) {
        if (*typed == '-')
            continue;
        char symbol = code_symbol (*typed);
        if (!symbol || bits == 5 * CODE_SYMBOLS)
            return 0;
        unsigned value = (unsigned) (strchr (SYMBOLS, symbol) - SYMBOLS);
        for (unsigned mask = 16; mask > 0; mask >>= 1, bits++)
            if (value & mask)
                bytes[bits / 8] |= (uint8_t) (0x80 >> bits % 8);
    }
    return bits < 20 ? 0 : bits;
}

/* The leaves left of the split: the largest power of two below `count`. */
static size_t split (size_t count)
{
    size_t left = 1;
    while (left * 2 < count)
        left *= 2;
    return left;
}

/* Roots of the complete trees to the left, as a binary counter holds them. */
struct hash merkle_root (const struct hash *leaves, size_t count)
{
    assert (count >= 1 && count <= PROOF_BATCH);
    struct hash stack[PROOF_PATH + 1];
    size_t depth = 0;
    for (size_t i = 0; i < count; i++) {
        stack[depth++] = leaves[i];
        for (size_t n = i; n & 1; n >>= 1) {
            depth--;
            stack[depth - 1] = hash_node (&stack[depth - 1], &stack[depth]);
        }
    }
    for (; depth > 1; depth--)
        stack[depth - 2] = hash_node (&stack[depth - 2], &stack[depth - 1]);
    return stack[0];
}

size_t merkle_path (const struct hash *leaves, size_t count, size_t index,
                    struct hash path[PROOF_PATH])
{
    assert (count >= 1 && count <= PROOF_BATCH && index < count);
    struct hash down[PROOF_PATH];
    size_t length = 0;
    while (count > 1) {
        size_t left = split (count);
        if (index < left) {
            down[length++] = merkle_root (leaves + left, count - left);
            count = left;
        } else {
            down[length++] = merkle_root (leaves, left);
            leaves += left;
            count -= left;
            index -= left;
        }
    }
    for (size_t i = 0; i < length; i++)
        path[i] = down[length - 1 - i];
    return length;
}

struct hash merkle_all (const struct hash *leaves, size_t count, struct hash (*paths)[PROOF_PATH],
                        size_t *lengths)
{
    assert (count >= 1 && count <= PROOF_BATCH);
    if (count == 1) {
        lengths[0] = 0;
        return leaves[0];
    }
    size_t left = split (count);
    struct hash a = merkle_all (leaves, left, paths, lengths);
    struct hash b = merkle_all (leaves + left, count - left, paths + left, lengths + left);
    for (size_t i = 0; i < count; i++)
        paths[i][lengths[i]++] = i < left ? b : a;
    return hash_node (&a, &b);
}

bool merkle_fits (uint32_t size, uint32_t index, size_t path_count)
{
    if (size < 1 || size > PROOF_BATCH || index >= size)
        return false;
    size_t length = 0;
    /* The last node of a level has no sibling when the level is odd. */
    for (uint32_t last = size - 1; last > 0; last >>= 1, index >>= 1)
        length += (index & 1) || index < last;
    return length == path_count;
}

bool merkle_climb (const struct hash *leaf, uint32_t size, uint32_t index, const uint8_t *path,
                   size_t path_count, struct hash *root)
{
    if (!merkle_fits (size, index, path_count))
        return false;
    struct hash at = *leaf;
    for (uint32_t last = size - 1; last > 0; last >>= 1, index >>= 1) {
        if (index & 1)
            at = node (path, at.bytes);
        else if (index < last)
            at = node (at.bytes, path);
        else
            continue;
        path += HASH_SIZE;
    }
    *root = at;
    return true;
}

static void preimage (uint8_t out[PREIMAGE], enum cb_purpose purpose, const struct hash *signer,
                      uint32_t size, const struct hash *root)
{
    memcpy (out, CONTEXT, sizeof CONTEXT);
    out += sizeof CONTEXT;
    *out++ = (uint8_t) purpose;
    memcpy (out, signer->bytes, HASH_SIZE);
    out += HASH_SIZE;
    for (int shift = 56; shift >= 0; shift -= 8)
        *out++ = (uint8_t) ((uint64_t) size >> shift);
    memcpy (out, root->bytes, HASH_SIZE);
}

void proof_sign (enum cb_purpose purpose, const struct hash *signer, uint32_t size,
                 const struct hash *root, const uint8_t secret[SECRET_SIZE], uint8_t sig[SIG_SIZE])
{
    uint8_t bytes[PREIMAGE];
    preimage (bytes, purpose, signer, size, root);
    crypto_sign_detached (sig, NULL, bytes, sizeof bytes, secret);
}

bool proof_verify (enum cb_purpose purpose, const struct hash *signer, uint32_t size,
                   const struct hash *root, const uint8_t key[KEY_SIZE],
                   const uint8_t sig[SIG_SIZE])
{
    uint8_t bytes[PREIMAGE];
    preimage (bytes, purpose, signer, size, root);
    return crypto_sign_verify_detached (sig, bytes, sizeof bytes, key) == 0;
}

#define CACHE_SETS 2048
#define CACHE_WAYS 2

struct proof_cache {
    uint8_t secret[crypto_generichash_KEYBYTES];
    struct hash sets[CACHE_SETS][CACHE_WAYS]; /* newest first; zero: empty */
    struct climbs *climbs;
};

struct proof_cache *proof_cache_new (void)
{
    struct proof_cache *self = malloc (sizeof *self);
    if (!self)
        abort ();
    self->climbs = climbs_new ();
    proof_cache_clear (self);
    return self;
}

void proof_cache_free (struct proof_cache **self)
{
    if (*self)
        climbs_free (&(*self)->climbs);
    free (*self);
    *self = NULL;
}

void proof_cache_clear (struct proof_cache *self)
{
    memset (self->sets, 0, sizeof self->sets);
    climbs_clear (self->climbs);
    randombytes_buf (self->secret, sizeof self->secret);
}

bool proof_cached (struct proof_cache *self, enum cb_purpose purpose, const struct hash *signer,
                   uint32_t size, const struct hash *root, const uint8_t key[KEY_SIZE],
                   const uint8_t sig[SIG_SIZE], size_t *worked)
{
    uint8_t bytes[PREIMAGE + KEY_SIZE + SIG_SIZE];
    preimage (bytes, purpose, signer, size, root);
    memcpy (bytes + PREIMAGE, key, KEY_SIZE);
    memcpy (bytes + PREIMAGE + KEY_SIZE, sig, SIG_SIZE);
    struct hash digest;
    crypto_generichash (digest.bytes, HASH_SIZE, bytes, sizeof bytes, self->secret,
                        sizeof self->secret);

    size_t number = ((size_t) digest.bytes[0] << 8 | digest.bytes[1]) % CACHE_SETS;
    struct hash *set = self->sets[number];
    if (hash_equal (&set[0], &digest))
        return true;
    bool known = hash_equal (&set[1], &digest);
    if (!known) {
        ++*worked;
        if (crypto_sign_verify_detached (sig, bytes, PREIMAGE, key) != 0)
            return false;
    }
    set[1] = set[0];
    set[0] = digest;
    return true;
}

enum cb_reason proof_member (struct proof_cache *self, const struct claim *claim, size_t *worked)
{
    struct hash root;
    if (climbs_know (self->climbs, claim))
        return CB_OK;
    if (!merkle_climb (claim->leaf, claim->size, claim->index, claim->path, claim->path_count,
                       &root))
        return CB_BAD_PROOF;
    if (!proof_cached (self, claim->purpose, claim->signer, claim->size, &root, claim->key,
                       claim->sig, worked))
        return CB_BAD_SIGNATURE;
    climbs_checked (self->climbs, claim);
    return CB_OK;
}
