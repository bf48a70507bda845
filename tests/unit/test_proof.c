/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/proof.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MANY 70

struct keys {
    uint8_t key[KEY_SIZE], secret[SECRET_SIZE];
    struct hash signer;
};

static int make_keys (void **state)
{
    static struct keys keys;
    if (sodium_init () < 0)
        return -1;
    crypto_sign_keypair (keys.key, keys.secret);
    keys.signer = hash_bytes (span_of ("credential"));
    *state = &keys;
    return 0;
}

static struct hash number_leaf (size_t i)
{
    return hash_leaf (span_bytes (&i, sizeof i));
}

static void fill (struct hash *leaves, size_t count)
{
    for (size_t i = 0; i < count; i++)
        leaves[i] = number_leaf (i);
}

/* The definition in RFC 6962, section 2.1, word for word. */
static struct hash defined_root (const struct hash *leaves, size_t count)
{
    if (count == 1)
        return leaves[0];
    size_t k = 1;
    while (k * 2 < count)
        k *= 2;
    struct hash left = defined_root (leaves, k), right = defined_root (leaves + k, count - k);
    return hash_node (&left, &right);
}

static bool climbs (const struct hash *leaf, size_t size, size_t index, const struct hash *path,
                    size_t length, const struct hash *root)
{
    struct hash got;
    return merkle_climb (leaf, (uint32_t) size, (uint32_t) index, path->bytes, length, &got) &&
           hash_equal (&got, root);
}

static void leaves_and_nodes_are_hashed_apart (void **state)
{
    (void) state;
    struct hash a = number_leaf (1), b = number_leaf (2), node = hash_node (&a, &b), plain;
    uint8_t both[64];
    memcpy (both, a.bytes, 32);
    memcpy (both + 32, b.bytes, 32);
    struct hash leaf = hash_leaf (span_bytes (both, sizeof both));
    assert_false (hash_equal (&node, &leaf));
    crypto_generichash (plain.bytes, 32, (const uint8_t *) "\0abc", 4, NULL, 0);
    leaf = hash_leaf (span_of ("abc"));
    assert_true (hash_equal (&leaf, &plain));
    plain = hash_bytes (span_bytes ("\0abc", 4));
    assert_true (hash_equal (&leaf, &plain));
}

static void a_root_is_that_of_rfc_6962 (void **state)
{
    (void) state;
    struct hash leaves[MANY];
    fill (leaves, MANY);
    for (size_t count = 1; count <= MANY; count++) {
        struct hash want = defined_root (leaves, count), got = merkle_root (leaves, count);
        assert_true (hash_equal (&want, &got));
    }
}

static void every_leaf_of_every_small_tree_climbs_to_its_root (void **state)
{
    (void) state;
    struct hash leaves[MANY], path[PROOF_PATH];
    fill (leaves, MANY);
    for (size_t count = 1; count <= MANY; count++) {
        struct hash root = merkle_root (leaves, count);
        for (size_t i = 0; i < count; i++) {
            size_t length = merkle_path (leaves, count, i, path);
            assert_true (climbs (&leaves[i], count, i, path, length, &root));
            assert_true (merkle_fits ((uint32_t) count, (uint32_t) i, length));
        }
    }
}

static void all_paths_at_once_are_those_made_one_by_one (void **state)
{
    (void) state;
    struct hash leaves[MANY], path[PROOF_PATH], paths[MANY][PROOF_PATH];
    size_t lengths[MANY];
    fill (leaves, MANY);
    for (size_t count = 1; count <= MANY; count++) {
        struct hash want = merkle_root (leaves, count);
        struct hash root = merkle_all (leaves, count, paths, lengths);
        assert_true (hash_equal (&root, &want));
        for (size_t i = 0; i < count; i++) {
            size_t length = merkle_path (leaves, count, i, path);
            assert_int_equal (lengths[i], length);
            assert_memory_equal (paths[i], path, length * HASH_SIZE);
        }
    }
}

static void the_largest_batch_has_paths_of_16 (void **state)
{
    (void) state;
    struct hash *leaves = malloc (PROOF_BATCH * sizeof *leaves), path[PROOF_PATH];
    assert_non_null (leaves);
    fill (leaves, PROOF_BATCH);
    struct hash root = merkle_root (leaves, PROOF_BATCH);
    size_t length = merkle_path (leaves, PROOF_BATCH, PROOF_BATCH - 1, path);
    assert_int_equal (length, PROOF_PATH);
    assert_true (
        climbs (&leaves[PROOF_BATCH - 1], PROOF_BATCH, PROOF_BATCH - 1, path, length, &root));
    free (leaves);
}

static void a_path_of_another_length_is_refused (void **state)
{
    (void) state;
    struct hash leaves[5], path[PROOF_PATH + 1], root;
    fill (leaves, 5);
    memset (path, 0, sizeof path);
    assert_int_equal (merkle_path (leaves, 5, 4, path), 1);
    assert_true (merkle_climb (&leaves[4], 5, 4, path->bytes, 1, &root));
    assert_false (merkle_climb (&leaves[4], 5, 4, path->bytes, 0, &root));
    assert_false (merkle_climb (&leaves[4], 5, 4, path->bytes, 2, &root));
    assert_false (merkle_climb (&leaves[4], 5, 3, path->bytes, 1, &root));
    assert_false (merkle_climb (&leaves[0], 1, 0, path->bytes, 1, &root));
    assert_true (merkle_climb (&leaves[0], 1, 0, path->bytes, 0, &root));
    assert_true (hash_equal (&root, &leaves[0]));
}

static void size_and_index_are_bounded (void **state)
{
    (void) state;
    struct hash leaf = number_leaf (0), root, path[PROOF_PATH + 2] = { 0 };
    assert_false (merkle_climb (&leaf, 0, 0, path->bytes, 0, &root));
    assert_false (merkle_climb (&leaf, 1, 1, path->bytes, 0, &root));
    assert_false (merkle_climb (&leaf, 4, 4, path->bytes, 2, &root));
    assert_true (merkle_climb (&leaf, 65536, 0, path->bytes, 16, &root));
    assert_false (merkle_climb (&leaf, 65537, 0, path->bytes, 17, &root));
    assert_false (merkle_climb (&leaf, UINT32_MAX, 0, path->bytes, 16, &root));
}

static void another_leaf_index_or_path_leads_elsewhere (void **state)
{
    (void) state;
    struct hash leaves[8], path[PROOF_PATH];
    fill (leaves, 8);
    struct hash root = merkle_root (leaves, 8);
    size_t length = merkle_path (leaves, 8, 3, path);
    assert_true (climbs (&leaves[3], 8, 3, path, length, &root));
    assert_false (climbs (&leaves[2], 8, 3, path, length, &root));
    assert_false (climbs (&leaves[3], 8, 2, path, length, &root));
    path[2].bytes[31] ^= 1;
    assert_false (climbs (&leaves[3], 8, 3, path, length, &root));
}

static void a_code_is_the_first_80_bits (void **state)
{
    (void) state;
    char code[CODE_TEXT];
    struct hash hash = { { 0 } };
    hash_code (&hash, code);
    assert_string_equal (code, "0000-0000-0000-0000");
    memset (hash.bytes, 0xff, 10);
    hash_code (&hash, code);
    assert_string_equal (code, "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
    /* 00000 00001 00010 00011 ... 01111: the symbols in their order. */
    memcpy (hash.bytes, "\x00\x44\x32\x14\xc7\x42\x54\xb6\x35\xcf", 10);
    hash_code (&hash, code);
    assert_string_equal (code, "0123-4567-89AB-CDEF");
    hash.bytes[10] ^= 0xff;
    hash_code (&hash, code);
    assert_string_equal (code, "0123-4567-89AB-CDEF");
    memcpy (hash.bytes, "\x84\x65\x3a\x56\xd7\xc6\x75\xbe\x77\xdf", 10);
    hash_code (&hash, code);
    assert_string_equal (code, "GHJK-MNPQ-RSTV-WXYZ");
}

static void a_code_is_read_as_people_type_it (void **state)
{
    (void) state;
    char code[CODE_TEXT];
    assert_true (code_normalise ("o1il-4567-89ab-cdeF", code));
    assert_string_equal (code, "0111-4567-89AB-CDEF");
    assert_true (code_normalise ("0123456789ABCDEF", code));
    assert_string_equal (code, "0123-4567-89AB-CDEF");
    assert_true (code_normalise ("-O-I-L-ghjkmnpqrstvw-", code));
    assert_string_equal (code, "011G-HJKM-NPQR-STVW");
}

static void what_is_no_code_is_refused (void **state)
{
    (void) state;
    char code[CODE_TEXT];
    assert_false (code_normalise ("", code));
    assert_false (code_normalise ("0123-4567-89AB-CDE", code));
    assert_false (code_normalise ("0123-4567-89AB-CDEF0", code));
    assert_false (code_normalise ("0123-4567-89AB-CDEU", code));
    assert_false (code_normalise ("0123-4567-89AB-CDE!", code));
    assert_false (code_normalise ("0123-4567-89AB-CDE\xc3\xa9", code));
}

static void what_is_signed_is_83_bytes (void **state)
{
    const struct keys *keys = *state;
    struct hash root = number_leaf (7);
    uint8_t bytes[83] = "certbus/1", sig[SIG_SIZE], want[SIG_SIZE];
    bytes[10] = CB_PURPOSE_CREDENTIAL;
    memcpy (bytes + 11, keys->signer.bytes, 32);
    memcpy (bytes + 43, "\0\0\0\0\0\0\1\2", 8);
    memcpy (bytes + 51, root.bytes, 32);
    crypto_sign_detached (want, NULL, bytes, sizeof bytes, keys->secret);
    proof_sign (CB_PURPOSE_CREDENTIAL, &keys->signer, 258, &root, keys->secret, sig);
    assert_memory_equal (sig, want, SIG_SIZE);
}

static void a_signature_counts_only_for_what_it_was_made (void **state)
{
    const struct keys *keys = *state;
    struct hash root = number_leaf (7), other = number_leaf (8);
    uint8_t sig[SIG_SIZE], key[KEY_SIZE], secret[SECRET_SIZE];
    crypto_sign_keypair (key, secret);
    proof_sign (CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, keys->secret, sig);
    assert_true (proof_verify (CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, keys->key, sig));
    assert_false (proof_verify (CB_PURPOSE_APPROVAL, &keys->signer, 9, &root, keys->key, sig));
    assert_false (proof_verify (CB_PURPOSE_MESSAGE, &other, 9, &root, keys->key, sig));
    assert_false (proof_verify (CB_PURPOSE_MESSAGE, &keys->signer, 8, &root, keys->key, sig));
    assert_false (proof_verify (CB_PURPOSE_MESSAGE, &keys->signer, 9, &other, keys->key, sig));
    assert_false (proof_verify (CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, key, sig));
    sig[5] ^= 1;
    assert_false (proof_verify (CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, keys->key, sig));
}

static void a_signature_is_verified_once_and_then_remembered (void **state)
{
    const struct keys *keys = *state;
    struct proof_cache *cache = proof_cache_new ();
    struct hash root = number_leaf (7);
    uint8_t sig[SIG_SIZE];
    size_t worked = 0;
    proof_sign (CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, keys->secret, sig);
    for (int i = 0; i < 3; i++)
        assert_true (proof_cached (cache, CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, keys->key,
                                   sig, &worked));
    assert_int_equal (worked, 1);
    proof_cache_clear (cache);
    assert_true (
        proof_cached (cache, CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, keys->key, sig, &worked));
    assert_int_equal (worked, 2);
    proof_cache_free (&cache);
    assert_null (cache);
    proof_cache_free (&cache);
}

static void the_cache_is_keyed_by_everything (void **state)
{
    const struct keys *keys = *state;
    struct proof_cache *cache = proof_cache_new ();
    struct hash root = number_leaf (7), other = number_leaf (8);
    uint8_t sig[SIG_SIZE], key[KEY_SIZE], secret[SECRET_SIZE];
    size_t worked = 0;
    crypto_sign_keypair (key, secret);
    proof_sign (CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, keys->secret, sig);
#define CACHED(purpose, signer, size, root, key)                                                   \
    proof_cached (cache, purpose, signer, size, root, key, sig, &worked)
    assert_true (CACHED (CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, keys->key));
    assert_false (CACHED (CB_PURPOSE_REPLY, &keys->signer, 9, &root, keys->key));
    assert_false (CACHED (CB_PURPOSE_MESSAGE, &other, 9, &root, keys->key));
    assert_false (CACHED (CB_PURPOSE_MESSAGE, &keys->signer, 8, &root, keys->key));
    assert_false (CACHED (CB_PURPOSE_MESSAGE, &keys->signer, 9, &other, keys->key));
    assert_false (CACHED (CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, key));
    sig[0] ^= 1;
    assert_false (CACHED (CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, keys->key));
    assert_false (CACHED (CB_PURPOSE_MESSAGE, &keys->signer, 9, &root, keys->key));
    assert_int_equal (worked, 8);
    proof_cache_free (&cache);
}

static void more_signatures_than_the_cache_holds_are_still_told_apart (void **state)
{
    const struct keys *keys = *state;
    struct proof_cache *cache = proof_cache_new ();
    size_t worked = 0;
    uint8_t sig[SIG_SIZE];
    for (size_t i = 0; i < 6000; i++) {
        struct hash root = number_leaf (i);
        proof_sign (CB_PURPOSE_MESSAGE, &keys->signer, 1, &root, keys->secret, sig);
        assert_true (proof_cached (cache, CB_PURPOSE_MESSAGE, &keys->signer, 1, &root, keys->key,
                                   sig, &worked));
        assert_int_equal (worked, i + 1);
    }
    proof_cache_free (&cache);
}

static void the_beginning_of_a_code_is_its_first_bits (void **state)
{
    (void) state;
    char code[CODE_TEXT];
    uint8_t bytes[CODE_BYTES];
    struct hash hash = hash_bytes (span_of ("anything"));
    hash_code (&hash, code);
    assert_int_equal (code_bits (code, bytes), 80);
    assert_memory_equal (bytes, hash.bytes, CODE_BYTES);
    code[9] = '\0'; /* two groups */
    assert_int_equal (code_bits (code, bytes), 40);
    assert_memory_equal (bytes, hash.bytes, 5);
    assert_memory_equal (bytes + 5, (uint8_t[5]){ 0 }, 5);
    assert_int_equal (code_bits ("oi-lz", bytes), 20);
    /* 00000 00001 00001 11111 */
    assert_memory_equal (bytes, ((uint8_t[]){ 0x00, 0x43, 0xf0 }), 3);
    assert_int_equal (code_bits ("012", bytes), 0);
    assert_int_equal (code_bits ("", bytes), 0);
    assert_int_equal (code_bits ("0123u", bytes), 0);
    assert_int_equal (code_bits ("0123-4567-89AB-CDEF-0", bytes), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (leaves_and_nodes_are_hashed_apart),
        cmocka_unit_test (a_root_is_that_of_rfc_6962),
        cmocka_unit_test (every_leaf_of_every_small_tree_climbs_to_its_root),
        cmocka_unit_test (all_paths_at_once_are_those_made_one_by_one),
        cmocka_unit_test (the_largest_batch_has_paths_of_16),
        cmocka_unit_test (a_path_of_another_length_is_refused),
        cmocka_unit_test (size_and_index_are_bounded),
        cmocka_unit_test (another_leaf_index_or_path_leads_elsewhere),
        cmocka_unit_test (a_code_is_the_first_80_bits),
        cmocka_unit_test (a_code_is_read_as_people_type_it),
        cmocka_unit_test (what_is_no_code_is_refused),
        cmocka_unit_test (what_is_signed_is_83_bytes),
        cmocka_unit_test (a_signature_counts_only_for_what_it_was_made),
        cmocka_unit_test (a_signature_is_verified_once_and_then_remembered),
        cmocka_unit_test (the_cache_is_keyed_by_everything),
        cmocka_unit_test (more_signatures_than_the_cache_holds_are_still_told_apart),
        cmocka_unit_test (the_beginning_of_a_code_is_its_first_bits),
    };
    return cmocka_run_group_tests (tests, make_keys, NULL);
}
