/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof.h - one signature for a batch, and each message checkable alone
 *
 * Hashes are BLAKE2b-256. The tree has the shape of RFC 6962 section 2.1, with
 * leaf and node hashing kept apart: leaf = H (0x00 | bytes), node = H (0x01 |
 * left | right). A batch holds at most 65536 leaves, so a path at most 16.
 *
 * What Ed25519 signs is always the same 83 bytes (docs/protocol.md, section
 * 4): "certbus/1" 0x00, purpose, signer, tree size, root.
 */
#ifndef CERTBUS_PROOF_H
#define CERTBUS_PROOF_H

#include "bus/core/catalog.h"
#include "bus/core/pack.h"

#define HASH_SIZE   32
#define KEY_SIZE    32
#define SECRET_SIZE 64
#define SIG_SIZE    64
#define PROOF_PATH  16
#define PROOF_BATCH 65536
#define CODE_TEXT   20 /* XXXX-XXXX-XXXX-XXXX and a NUL */

struct hash {
    uint8_t bytes[HASH_SIZE];
};

bool hash_equal (const struct hash *a, const struct hash *b);
struct hash hash_leaf (struct span bytes);
struct hash hash_node (const struct hash *left, const struct hash *right);
/* Of plain bytes, for files and keys: no prefix. */
struct hash hash_bytes (struct span bytes);

/* The first 80 bits in Crockford base32, in groups of four, that two people
 * compare by phone. */
void hash_code (const struct hash *hash, char code[CODE_TEXT]);
/* The 16 symbols of a code as people type it (lower case, o for 0, i and l for
 * 1, with or without dashes); false when it is none. */
bool code_normalise (const char *typed, char code[CODE_TEXT]);
/* The beginning of a code as typed, at least 4 symbols: its bits from the top of `bytes`, the
 * rest zero. Returns how many bits it has, 5 a symbol, at most 80; 0: it is none. */
#define CODE_BYTES 10
unsigned code_bits (const char *typed, uint8_t bytes[CODE_BYTES]);

/* The root over `count` leaves (1 to PROOF_BATCH). */
struct hash merkle_root (const struct hash *leaves, size_t count);
/* The path for leaf `index`; returns its length. */
size_t merkle_path (const struct hash *leaves, size_t count, size_t index,
                    struct hash path[PROOF_PATH]);
/* All paths of a batch at once: `paths` has room for PROOF_PATH a leaf, `lengths`
 * gets each one's length. Hashes each inner node once. */
struct hash merkle_all (const struct hash *leaves, size_t count, struct hash (*paths)[PROOF_PATH],
                        size_t *lengths);
/* Whether a tree of `size` has a leaf `index`, and that leaf a path of this length. */
bool merkle_fits (uint32_t size, uint32_t index, size_t path_count);
/* The root that a path leads to; false when the path's length does not fit
 * size and index (RFC 9162, section 2.1.3.2). */
bool merkle_climb (const struct hash *leaf, uint32_t size, uint32_t index, const uint8_t *path,
                   size_t path_count, struct hash *root);

/* Signs with a libsodium secret key. `signer` is the hash of the signer's
 * credential, or, for root keys, enrolment requests and officers, the public key. */
void proof_sign (enum cb_purpose purpose, const struct hash *signer, uint32_t size,
                 const struct hash *root, const uint8_t secret[SECRET_SIZE], uint8_t sig[SIG_SIZE]);
bool proof_verify (enum cb_purpose purpose, const struct hash *signer, uint32_t size,
                   const struct hash *root, const uint8_t key[KEY_SIZE],
                   const uint8_t sig[SIG_SIZE]);

/* Verified signatures, remembered: bounded, keyed by everything that was signed
 * plus key and signature under a secret of this process, emptied on revocation. */
struct proof_cache;
struct proof_cache *proof_cache_new (void);
void proof_cache_free (struct proof_cache **self);
void proof_cache_clear (struct proof_cache *self);
/* Like proof_verify; `*worked` counts the signatures really verified. */
bool proof_cached (struct proof_cache *self, enum cb_purpose purpose, const struct hash *signer,
                   uint32_t size, const struct hash *root, const uint8_t key[KEY_SIZE],
                   const uint8_t sig[SIG_SIZE], size_t *worked);

/* Whether a leaf belongs to a batch that `signer` signed: OK, BAD_PROOF or
 * BAD_SIGNATURE. Messages of a batch that come one after the other cost about one
 * node hash each (climb.h). */
struct claim;
enum cb_reason proof_member (struct proof_cache *self, const struct claim *claim, size_t *worked);

#endif
