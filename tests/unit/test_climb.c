/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/climb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MOST 70

struct batch {
    uint8_t key[KEY_SIZE], secret[SECRET_SIZE], sig[SIG_SIZE];
    struct hash signer, leaves[MOST], paths[MOST][PROOF_PATH];
    size_t count, lengths[MOST];
};

static void make (struct batch *batch, size_t count)
{
    crypto_sign_keypair (batch->key, batch->secret);
    randombytes_buf (&batch->signer, sizeof batch->signer);
    batch->count = count;
    for (size_t i = 0; i < count; i++)
        randombytes_buf (&batch->leaves[i], sizeof batch->leaves[i]);
    struct hash root = merkle_all (batch->leaves, count, batch->paths, batch->lengths);
    proof_sign (CB_PURPOSE_MESSAGE, &batch->signer, (uint32_t) count, &root, batch->secret,
                batch->sig);
}

static struct claim claim_of (const struct batch *batch, size_t i)
{
    return (struct claim){ .purpose = CB_PURPOSE_MESSAGE,
                           .signer = &batch->signer,
                           .leaf = &batch->leaves[i],
                           .key = batch->key,
                           .sig = batch->sig,
                           .size = (uint32_t) batch->count,
                           .index = (uint32_t) i,
                           .path = batch->paths[i][0].bytes,
                           .path_count = batch->lengths[i] };
}

static struct batch batch;

static void every_order_of_every_batch_is_accepted_with_one_verification (void **state)
{
    struct proof_cache *cache = *state;
    for (size_t count = 1; count <= MOST; count++) {
        size_t worked = 0;
        make (&batch, count);
        for (size_t round = 0; round < 3 * count; round++) {
            size_t i = round < count ? round : randombytes_uniform ((uint32_t) count);
            struct claim claim = claim_of (&batch, i);
            assert_int_equal (proof_member (cache, &claim, &worked), CB_OK);
        }
        assert_int_equal (worked, 1);
    }
}

static void a_flipped_bit_anywhere_in_a_known_batch_is_refused (void **state)
{
    struct proof_cache *cache = *state;
    size_t worked = 0;
    for (size_t count = 1; count <= MOST; count += 3) {
        make (&batch, count);
        for (size_t i = 0; i < count; i++) {
            struct claim good = claim_of (&batch, i), bad = good;
            struct hash leaf = batch.leaves[i], path[PROOF_PATH];
            assert_int_equal (proof_member (cache, &good, &worked), CB_OK);
            leaf.bytes[31] ^= 1;
            bad.leaf = &leaf;
            assert_int_equal (proof_member (cache, &bad, &worked), CB_BAD_SIGNATURE);
            for (size_t step = 0; step < batch.lengths[i]; step++) {
                memcpy (path, batch.paths[i], sizeof path);
                path[step].bytes[0] ^= 0x80;
                bad = good;
                bad.path = path[0].bytes;
                assert_int_equal (proof_member (cache, &bad, &worked), CB_BAD_SIGNATURE);
            }
            assert_int_equal (proof_member (cache, &good, &worked), CB_OK);
        }
    }
}

static void a_neighbours_leaf_is_refused_at_another_place_of_a_known_batch (void **state)
{
    struct proof_cache *cache = *state;
    size_t worked = 0;
    make (&batch, 13);
    for (size_t i = 0; i < 13; i++)
        for (size_t j = 0; j < 13; j++) {
            struct claim known = claim_of (&batch, i), swapped = claim_of (&batch, j);
            assert_int_equal (proof_member (cache, &known, &worked), CB_OK);
            swapped.leaf = &batch.leaves[(j + 1) % 13];
            assert_int_equal (proof_member (cache, &swapped, &worked), CB_BAD_SIGNATURE);
        }
}

static void a_known_batch_says_nothing_for_another_signer_key_purpose_or_signature (void **state)
{
    struct proof_cache *cache = *state;
    size_t worked = 0;
    struct hash signer = { { 9 } };
    uint8_t key[KEY_SIZE], secret[SECRET_SIZE], sig[SIG_SIZE];
    make (&batch, 8);
    struct claim good = claim_of (&batch, 3), bad = good;
    assert_int_equal (proof_member (cache, &good, &worked), CB_OK);
    bad.signer = &signer;
    assert_int_equal (proof_member (cache, &bad, &worked), CB_BAD_SIGNATURE);
    crypto_sign_keypair (key, secret);
    bad = good;
    bad.key = key;
    assert_int_equal (proof_member (cache, &bad, &worked), CB_BAD_SIGNATURE);
    bad = good;
    bad.purpose = CB_PURPOSE_REQUEST;
    assert_int_equal (proof_member (cache, &bad, &worked), CB_BAD_SIGNATURE);
    memcpy (sig, batch.sig, sizeof sig);
    sig[40] ^= 1;
    bad = good;
    bad.sig = sig;
    assert_int_equal (proof_member (cache, &bad, &worked), CB_BAD_SIGNATURE);
    bad = good;
    bad.size = 7;
    assert_int_not_equal (proof_member (cache, &bad, &worked), CB_OK);
    bad = good;
    bad.path_count--;
    assert_int_equal (proof_member (cache, &bad, &worked), CB_BAD_PROOF);
}

static void after_a_revocation_everything_is_verified_anew (void **state)
{
    struct proof_cache *cache = *state;
    size_t worked = 0;
    make (&batch, 4);
    struct claim claim = claim_of (&batch, 2);
    proof_member (cache, &claim, &worked);
    proof_member (cache, &claim, &worked);
    assert_int_equal (worked, 1);
    proof_cache_clear (cache);
    proof_member (cache, &claim, &worked);
    assert_int_equal (worked, 2);
}

static int setup (void **state)
{
    struct proof_cache *cache = sodium_init () < 0 ? NULL : proof_cache_new ();
    *state = cache;
    return cache == NULL;
}

static int teardown (void **state)
{
    struct proof_cache *cache = *state;
    proof_cache_free (&cache);
    return 0;
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_order_of_every_batch_is_accepted_with_one_verification),
        cmocka_unit_test (a_flipped_bit_anywhere_in_a_known_batch_is_refused),
        cmocka_unit_test (a_neighbours_leaf_is_refused_at_another_place_of_a_known_batch),
        cmocka_unit_test (a_known_batch_says_nothing_for_another_signer_key_purpose_or_signature),
        cmocka_unit_test (after_a_revocation_everything_is_verified_anew),
    };
    return cmocka_run_group_tests (tests, setup, teardown);
}
