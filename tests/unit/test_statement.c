/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/statement.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct pack_out out;
    struct statement st;
    struct span body;
    uint8_t key[KEY_SIZE], secret[SECRET_SIZE];
    struct hash signer;
};

static int set_up (void **state)
{
    struct fixture *f = calloc (1, sizeof *f);
    if (!f || sodium_init () < 0)
        return -1;
    pack_init (&f->out);
    f->body = span_bytes ("\x92\x01\xa4root", 7);
    crypto_sign_keypair (f->key, f->secret);
    memcpy (f->signer.bytes, f->key, KEY_SIZE);
    *state = f;
    return 0;
}

static int tear_down (void **state)
{
    struct fixture *f = *state;
    pack_free (&f->out);
    free (f);
    return 0;
}

struct wanted {
    unsigned purpose;
    uint8_t signer;
};

/* Parses a statement over `body` with signatures of zeros, in the order given. */
static bool parses (struct fixture *f, struct span body, const struct wanted *sigs, size_t count)
{
    uint8_t signer[HASH_SIZE], sig[SIG_SIZE] = { 0 };
    pack_reset (&f->out);
    pack_put_array (&f->out, 2);
    pack_put_bin (&f->out, body);
    pack_put_array (&f->out, count);
    for (size_t i = 0; i < count; i++) {
        memset (signer, sigs[i].signer, sizeof signer);
        pack_put_array (&f->out, 3);
        pack_put_uint (&f->out, sigs[i].purpose);
        pack_put_bin (&f->out, span_bytes (signer, sizeof signer));
        pack_put_bin (&f->out, span_bytes (sig, sizeof sig));
    }
    return statement_parse (&f->st, pack_result (&f->out));
}

#define SIGS(...)                                                                                  \
    (const struct wanted[]){ __VA_ARGS__ },                                                        \
        sizeof ((struct wanted[]){ __VA_ARGS__ }) / sizeof (struct wanted)

static void what_was_signed_is_read_and_verified (void **state)
{
    struct fixture *f = *state;
    struct hash other = hash_bytes (f->body);
    struct statement_sig sigs[] = {
        statement_sign (f->body, CB_PURPOSE_SUCCESSION, &f->signer, f->secret),
        statement_sign (f->body, CB_PURPOSE_CREDENTIAL, &other, f->secret),
        statement_sign (f->body, CB_PURPOSE_CREDENTIAL, &f->signer, f->secret),
    };
    statement_pack (&f->out, f->body, sigs, 3);
    assert_true (statement_parse (&f->st, pack_result (&f->out)));
    assert_int_equal (f->st.count, 3);
    assert_true (span_equal (f->st.body, f->body));
    assert_true (span_equal (f->st.bytes, pack_result (&f->out)));
    struct hash hash = hash_leaf (f->body);
    assert_true (hash_equal (&f->st.hash, &hash));
    assert_true (statement_signed (&f->st, CB_PURPOSE_CREDENTIAL, &f->signer, f->key));
    assert_true (statement_signed (&f->st, CB_PURPOSE_CREDENTIAL, &other, f->key));
    assert_true (statement_signed (&f->st, CB_PURPOSE_SUCCESSION, &f->signer, f->key));
}

static void a_signature_for_another_purpose_or_by_another_is_none (void **state)
{
    struct fixture *f = *state;
    struct hash other = hash_bytes (f->body);
    uint8_t key[KEY_SIZE], secret[SECRET_SIZE];
    crypto_sign_keypair (key, secret);
    struct statement_sig sig = statement_sign (f->body, CB_PURPOSE_POLICY, &f->signer, f->secret);
    statement_pack (&f->out, f->body, &sig, 1);
    assert_true (statement_parse (&f->st, pack_result (&f->out)));
    assert_true (statement_signed (&f->st, CB_PURPOSE_POLICY, &f->signer, f->key));
    assert_false (statement_signed (&f->st, CB_PURPOSE_ROOT, &f->signer, f->key));
    assert_false (statement_signed (&f->st, CB_PURPOSE_POLICY, &other, f->key));
    assert_false (statement_signed (&f->st, CB_PURPOSE_POLICY, &f->signer, key));
    f->st.hash.bytes[0] ^= 1;
    assert_false (statement_signed (&f->st, CB_PURPOSE_POLICY, &f->signer, f->key));
}

static void another_signature_does_not_change_the_hash (void **state)
{
    struct fixture *f = *state;
    assert_true (parses (f, f->body, SIGS ({ 3, 1 })));
    struct hash one = f->st.hash;
    assert_true (parses (f, f->body, SIGS ({ 3, 1 }, { 3, 2 })));
    assert_true (hash_equal (&one, &f->st.hash));
}

static void signatures_ascend_by_purpose_then_signer (void **state)
{
    struct fixture *f = *state;
    assert_true (parses (f, f->body, SIGS ({ 3, 1 }, { 3, 2 }, { 4, 1 })));
    assert_false (parses (f, f->body, SIGS ({ 3, 2 }, { 3, 1 })));
    assert_false (parses (f, f->body, SIGS ({ 4, 1 }, { 3, 2 })));
    assert_false (parses (f, f->body, SIGS ({ 3, 1 }, { 3, 1 })));
}

static void a_statement_has_1_to_16_signatures (void **state)
{
    struct fixture *f = *state;
    struct wanted many[STATEMENT_SIGS + 1];
    for (uint8_t i = 0; i <= STATEMENT_SIGS; i++)
        many[i] = (struct wanted){ CB_PURPOSE_ROOT, i };
    assert_false (parses (f, f->body, many, 0));
    assert_true (parses (f, f->body, many, STATEMENT_SIGS));
    assert_false (parses (f, f->body, many, STATEMENT_SIGS + 1));
    assert_int_equal (f->st.count, 0);
}

static void a_purpose_is_one_of_the_catalogue (void **state)
{
    struct fixture *f = *state;
    assert_false (parses (f, f->body, SIGS ({ 0, 1 })));
    assert_true (parses (f, f->body, SIGS ({ CB_PURPOSE_REPLY, 1 })));
    assert_false (parses (f, f->body, SIGS ({ CB_PURPOSE_REPLY + 1, 1 })));
}

static void a_body_is_one_canonical_value (void **state)
{
    struct fixture *f = *state;
    assert_true (parses (f, span_bytes ("\xc0", 1), SIGS ({ 3, 1 })));
    assert_false (parses (f, span_bytes ("\xc0\xc0", 2), SIGS ({ 3, 1 })));
    assert_false (parses (f, span_bytes ("\xcc\x01", 2), SIGS ({ 3, 1 })));
    assert_false (parses (f, span_bytes ("", 0), SIGS ({ 3, 1 })));
}

static void a_statement_has_at_most_64_kib (void **state)
{
    struct fixture *f = *state;
    static uint8_t body[STATEMENT_MAX];
    /* bin32 of the body, array of one signature, its three elements. */
    size_t room = STATEMENT_MAX - (1 + 3 + 1 + 1 + 1 + 34 + 66);
    body[0] = 0xc5;
    body[1] = (uint8_t) ((room - 3) >> 8);
    body[2] = (uint8_t) (room - 3);
    assert_true (parses (f, span_bytes (body, room), SIGS ({ 3, 1 })));
    assert_int_equal (pack_result (&f->out).size, STATEMENT_MAX);
    body[2]++;
    assert_false (parses (f, span_bytes (body, room + 1), SIGS ({ 3, 1 })));
}

static void every_cut_of_a_statement_is_refused (void **state)
{
    struct fixture *f = *state;
    assert_true (parses (f, f->body, SIGS ({ 3, 1 }, { 4, 1 })));
    struct span whole = pack_result (&f->out);
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *copy = malloc (size ? size : 1);
        assert_non_null (copy);
        memcpy (copy, whole.data, size);
        assert_false (statement_parse (&f->st, span_bytes (copy, size)));
        free (copy);
    }
    pack_put_nil (&f->out);
    assert_false (statement_parse (&f->st, pack_result (&f->out)));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (what_was_signed_is_read_and_verified),
        TEST (a_signature_for_another_purpose_or_by_another_is_none),
        TEST (another_signature_does_not_change_the_hash),
        TEST (signatures_ascend_by_purpose_then_signer),
        TEST (a_statement_has_1_to_16_signatures),
        TEST (a_purpose_is_one_of_the_catalogue),
        TEST (a_body_is_one_canonical_value),
        TEST (a_statement_has_at_most_64_kib),
        TEST (every_cut_of_a_statement_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
