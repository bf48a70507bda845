/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_trust.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int set_up (void **state)
{
    *state = world_new (2, 3);
    return 0;
}

static int tear_down (void **state)
{
    struct world *w = *state;
    world_free (&w);
    return 0;
}

static void a_root_file_needs_its_threshold_of_its_own_keys (void **state)
{
    struct world *w = *state;
    struct root_file root;
    assert_int_equal (root_parse (&root, world_root (w)), CB_OK);
    assert_int_equal (root.version, 1);
    assert_int_equal (root.threshold, 2);
    assert_int_equal (root.count, 3);
    assert_true (span_is (root.top, "pk"));
    assert_int_equal (root.expires, 0);
    struct span one = world_root_signs (w, root.st.body, CB_PURPOSE_ROOT, 1);
    assert_int_equal (root_parse (&root, one), CB_TRUST);
    struct span other = world_root_signs (w, root.st.body, CB_PURPOSE_POLICY, 2);
    assert_int_equal (root_parse (&root, other), CB_TRUST);
}

static enum cb_reason spec_verdict (struct world *w, const struct root_spec *spec)
{
    struct pack_out out;
    struct root_file root;
    pack_init (&out);
    root_pack (&out, spec);
    struct span st = world_root_signs (w, pack_result (&out), CB_PURPOSE_ROOT, 2);
    enum cb_reason reason = root_parse (&root, st);
    pack_free (&out);
    return reason;
}

static void a_root_file_of_another_form_is_refused (void **state)
{
    struct world *w = *state;
    struct root_file root;
    assert_int_equal (root_parse (&root, world_root (w)), CB_OK);
    struct root_spec good = {
        .version = 1, .issued = 5, .expires = 9, .threshold = 2, .count = 3, .top = span_of ("pk")
    };
    for (size_t i = 0; i < 3; i++)
        memcpy (good.keys[i], root.keys[i], KEY_SIZE);
    assert_int_equal (spec_verdict (w, &good), CB_OK);
    struct root_spec bad = good;
    bad.threshold = 4;
    assert_int_equal (spec_verdict (w, &bad), CB_MALFORMED);
    bad = good;
    bad.threshold = 0;
    assert_int_equal (spec_verdict (w, &bad), CB_MALFORMED);
    bad = good;
    bad.top = span_of ("pk.sindh");
    assert_int_equal (spec_verdict (w, &bad), CB_MALFORMED);
    bad = good;
    memcpy (bad.keys[1], bad.keys[0], KEY_SIZE);
    assert_int_equal (spec_verdict (w, &bad), CB_MALFORMED);
    bad = good;
    bad.version = 0;
    assert_int_equal (spec_verdict (w, &bad), CB_MALFORMED);
    bad = good;
    bad.count = 0;
    assert_int_equal (spec_verdict (w, &bad), CB_MALFORMED);
}

static void the_next_root_file_is_signed_by_the_old_keys_too (void **state)
{
    struct world *w = *state;
    struct root_file root, next, later;
    assert_int_equal (root_parse (&root, world_root (w)), CB_OK);
    assert_int_equal (root_parse (&next, world_next_root (w, 1, 2)), CB_OK);
    assert_true (root_follows (&root, &next));
    assert_false (root_follows (&next, &root));
    assert_false (root_follows (&root, &root));
    struct span new_only = world_root_signs (w, next.st.body, CB_PURPOSE_ROOT, 2);
    assert_int_equal (root_parse (&next, new_only), CB_OK);
    assert_false (root_follows (&root, &next));
    assert_int_equal (root_parse (&later, world_next_root (w, 1, 1)), CB_OK);
    assert_false (root_follows (&root, &later));
    assert_true (root_follows (&next, &later));
}

static void only_root_signatures_for_the_purpose_count (void **state)
{
    struct world *w = *state;
    struct root_file root;
    assert_int_equal (root_parse (&root, world_root (w)), CB_OK);
    assert_int_equal (root_signatures (&root, &root.st, CB_PURPOSE_ROOT), 2);
    assert_int_equal (root_signatures (&root, &root.st, CB_PURPOSE_CREDENTIAL), 0);
}

/* What the next root file would be with another version or predecessor, signed by all. */
static bool follows (struct world *w, uint32_t version, const struct hash *previous)
{
    struct root_file root, next;
    struct root_spec spec = {
        .version = version, .previous = *previous, .threshold = 2, .count = 3, .top = span_of ("pk")
    };
    struct pack_out out;
    assert_int_equal (root_parse (&root, world_root (w)), CB_OK);
    for (size_t i = 0; i < 3; i++)
        memcpy (spec.keys[i], root.keys[i], KEY_SIZE);
    pack_init (&out);
    root_pack (&out, &spec);
    struct span st = world_root_signs (w, pack_result (&out), CB_PURPOSE_ROOT, 3);
    pack_free (&out);
    assert_int_equal (root_parse (&next, st), CB_OK);
    return root_follows (&root, &next);
}

static void a_root_file_follows_the_one_that_it_names_by_one_version (void **state)
{
    struct world *w = *state;
    struct root_file root;
    struct hash other = { .bytes = { 1 } };
    assert_int_equal (root_parse (&root, world_root (w)), CB_OK);
    assert_true (follows (w, 2, &root.st.hash));
    assert_false (follows (w, 3, &root.st.hash));
    assert_false (follows (w, 2, &other));
}

static struct credential sample (struct world *w)
{
    world_party (w, "pk", "national", NULL);
    struct actor *sindh = world_actor (w, "pk.sindh");
    return world_credential (sindh, "provincial", "energy,health");
}

static bool parses (struct world *w, const struct credential *c)
{
    struct credential out;
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL };
    return credential_parse (&out, world_sign_credential (w, c, &sign, 1));
}

static void a_credential_is_read_as_it_was_written (void **state)
{
    struct world *w = *state;
    struct credential c = sample (w), out;
    struct hash previous = hash_bytes (span_of ("previous"));
    c.generation = 2;
    c.previous = &previous;
    c.formerly = span_of ("pk.sind");
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL };
    assert_true (credential_parse (&out, world_sign_credential (w, &c, &sign, 1)));
    assert_true (span_is (out.name, "pk.sindh"));
    assert_true (span_is (out.role, "provincial"));
    assert_int_equal (out.sectors.count, 2);
    assert_true (span_is (out.sectors.at[1], "health"));
    assert_memory_equal (out.sign_key, c.sign_key, KEY_SIZE);
    assert_memory_equal (out.seal_key, c.seal_key, KEY_SIZE);
    assert_memory_equal (out.link_key, c.link_key, KEY_SIZE);
    assert_int_equal (out.generation, 2);
    assert_true (hash_equal (out.previous, &previous));
    assert_int_equal (out.issued, c.issued);
    assert_int_equal (out.not_before, c.not_before);
    assert_int_equal (out.not_after, c.not_after);
    assert_int_equal (out.may.children, 100);
    assert_int_equal (out.may.depth, 6);
    assert_int_equal (out.may.latest, c.may.latest);
    assert_true (hash_equal (out.issuer, c.issuer));
    assert_true (span_is (out.formerly, "pk.sind"));
}

static void a_credential_of_another_form_is_refused (void **state)
{
    struct world *w = *state;
    struct credential good = sample (w), bad = good;
    struct hash previous = { .bytes = { 1 } };
    assert_true (parses (w, &good));
    bad.name = span_of ("PK.sindh");
    assert_false (parses (w, &bad));
    bad = good;
    bad.title = span_of ("");
    assert_false (parses (w, &bad));
    bad = good;
    bad.role = span_of ("*");
    assert_false (parses (w, &bad));
    bad = good;
    bad.sectors.at[0] = span_of ("health");
    assert_false (parses (w, &bad));
    bad = good;
    bad.sectors = (struct labels){ .count = 1, .at = { span_of ("*") } };
    assert_false (parses (w, &bad));
    bad = good;
    bad.generation = 0;
    assert_false (parses (w, &bad));
    bad = good;
    bad.generation = 2;
    assert_false (parses (w, &bad));
    bad = good;
    bad.previous = &previous;
    assert_false (parses (w, &bad));
    bad = good;
    bad.not_before = bad.not_after + 1;
    assert_false (parses (w, &bad));
    bad = good;
    bad.may.depth = 9;
    assert_false (parses (w, &bad));
    bad = good;
    bad.may.roles.count = 0;
    assert_false (parses (w, &bad));
    bad = good;
    bad.may.roles = (struct labels){ .count = 2, .at = { span_of ("*"), span_of ("a") } };
    assert_false (parses (w, &bad));
    bad = good;
    bad.not_after = TIME_MAX + 1;
    assert_false (parses (w, &bad));
}

static void no_prefix_of_a_credential_is_one (void **state)
{
    struct world *w = *state;
    struct credential c = sample (w), out;
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL };
    struct span whole = world_sign_credential (w, &c, &sign, 1);
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *cut = malloc (size ? size : 1);
        memcpy (cut, whole.data, size);
        assert_false (credential_parse (&out, span_bytes (cut, size)));
        free (cut);
    }
}

static void a_step_of_a_chain_only_narrows (void **state)
{
    struct world *w = *state;
    struct credential good = sample (w), issuer = good, bad;
    issuer.name = span_of ("pk");
    issuer.may.roles =
        (struct labels){ .count = 2, .at = { span_of ("organisation"), span_of ("provincial") } };
    issuer.may.sectors =
        (struct labels){ .count = 2, .at = { span_of ("energy"), span_of ("health") } };
    issuer.may.depth = 3;
    good.may.depth = 2;
    good.may.roles = (struct labels){ .count = 1, .at = { span_of ("organisation") } };
    good.may.sectors = (struct labels){ .count = 1, .at = { span_of ("energy") } };
    assert_true (credential_narrows (&good, &issuer));
#define WIDENS(change)                                                                             \
    do {                                                                                           \
        bad = good;                                                                                \
        change;                                                                                    \
        assert_false (credential_narrows (&bad, &issuer));                                         \
    } while (0)
    WIDENS (bad.name = span_of ("pk.sindh.kpt"));
    WIDENS (bad.name = span_of ("in.sindh"));
    WIDENS (bad.name = span_of ("pk"));
    WIDENS (bad.role = span_of ("national"));
    WIDENS (bad.sectors.at[0] = span_of ("defence"));
    WIDENS (bad.not_before = issuer.not_before - 1);
    WIDENS (bad.not_after = issuer.may.latest + 1);
    WIDENS (bad.issued = issuer.not_before - 1);
    WIDENS (bad.issued = issuer.not_after + 1);
    WIDENS (bad.may.roles.at[0] = span_of ("*"));
    WIDENS (bad.may.roles.at[0] = span_of ("national"));
    WIDENS (bad.may.sectors.at[0] = span_of ("*"));
    WIDENS (bad.may.sectors.at[0] = span_of ("defence"));
    WIDENS (bad.may.children = issuer.may.children + 1);
    WIDENS (bad.may.depth = issuer.may.depth);
    WIDENS (bad.may.latest = issuer.may.latest + 1);
    issuer.may.depth = 0;
    WIDENS (bad.may.depth = 0);
#undef WIDENS
}

struct request {
    struct enrolment e;
    uint8_t keys[3][KEY_SIZE], secrets[3][SECRET_SIZE];
};

static enum cb_reason request_verdict (struct request *r, struct enrolment *parsed,
                                       struct pack_out *out, size_t signatures)
{
    struct pack_out body;
    struct statement_sig sigs[3];
    pack_init (&body);
    enrolment_pack (&body, &r->e);
    for (size_t i = 0; i < signatures; i++) {
        struct hash signer;
        memcpy (signer.bytes, r->keys[i], KEY_SIZE);
        sigs[i] =
            statement_sign (pack_result (&body), CB_PURPOSE_ENROLMENT, &signer, r->secrets[i]);
    }
    pack_reset (out);
    statement_pack (out, pack_result (&body), sigs, signatures);
    pack_free (&body);
    return enrolment_parse (parsed, pack_result (out));
}

static void make_request (struct request *r)
{
    for (size_t i = 0; i < 3; i++)
        crypto_sign_keypair (r->keys[i], r->secrets[i]);
    r->e = (struct enrolment){ .name = span_of ("pk.sindh"),
                               .title = span_of ("Sindh"),
                               .sign_key = r->keys[0],
                               .seal_key = r->keys[1],
                               .link_key = r->keys[2],
                               .endpoint_count = 2,
                               .endpoints = { span_of ("tcp://a:1"), span_of ("tcp://b:2") },
                               .made = 77 };
}

static void an_enrolment_proves_that_all_three_keys_are_held (void **state)
{
    (void) state;
    struct request r;
    struct enrolment parsed;
    struct pack_out out;
    uint8_t expected[KEY_SIZE], other[SECRET_SIZE];
    pack_init (&out);
    make_request (&r);
    assert_int_equal (request_verdict (&r, &parsed, &out, 3), CB_OK);
    assert_true (span_is (parsed.name, "pk.sindh"));
    assert_int_equal (parsed.endpoint_count, 2);
    assert_true (span_is (parsed.endpoints[1], "tcp://b:2"));
    assert_int_equal (parsed.made, 77);
    assert_null (parsed.previous);
    assert_int_equal (crypto_sign_ed25519_pk_to_curve25519 (expected, r.keys[2]), 0);
    assert_memory_equal (parsed.link_x25519, expected, KEY_SIZE);
    assert_int_equal (crypto_sign_ed25519_pk_to_curve25519 (expected, r.keys[1]), 0);
    assert_memory_equal (parsed.seal_x25519, expected, KEY_SIZE);
    assert_int_equal (request_verdict (&r, &parsed, &out, 2), CB_BAD_SIGNATURE);
    assert_int_equal (request_verdict (&r, &parsed, &out, 1), CB_BAD_SIGNATURE);
    for (size_t i = 0; i < 3; i++) {
        memcpy (other, r.secrets[i], SECRET_SIZE);
        memcpy (r.secrets[i], r.secrets[(i + 1) % 3], SECRET_SIZE);
        assert_int_equal (request_verdict (&r, &parsed, &out, 3), CB_BAD_SIGNATURE);
        memcpy (r.secrets[i], other, SECRET_SIZE);
    }
    r.e.title = span_of ("");
    assert_int_equal (request_verdict (&r, &parsed, &out, 3), CB_MALFORMED);
    pack_free (&out);
}

static void a_bundle_is_read_as_it_was_written (void **state)
{
    (void) state;
    struct bundle b = { .root = span_of ("root"),
                        .policy = span_of ("policy"),
                        .chain_count = 2,
                        .chain = { span_of ("pk"), span_of ("sindh") },
                        .endpoint_count = 1,
                        .endpoints = { span_of ("tcp://a:1") } },
                  parsed;
    struct pack_out out;
    pack_init (&out);
    bundle_pack (&out, &b);
    struct span bytes = pack_result (&out);
    assert_true (bundle_parse (&parsed, bytes));
    assert_true (span_is (parsed.root, "root"));
    assert_true (span_is (parsed.policy, "policy"));
    assert_int_equal (parsed.chain_count, 2);
    assert_true (span_is (parsed.chain[1], "sindh"));
    assert_int_equal (parsed.endpoint_count, 1);
    assert_true (span_is (parsed.endpoints[0], "tcp://a:1"));
    for (size_t size = 0; size < bytes.size; size++)
        assert_false (bundle_parse (&parsed, span_bytes (bytes.data, size)));
    b.chain_count = 0;
    pack_reset (&out);
    bundle_pack (&out, &b);
    assert_false (bundle_parse (&parsed, pack_result (&out)));
    b.chain_count = BUNDLE_CHAIN;
    for (size_t i = 0; i < BUNDLE_CHAIN; i++)
        b.chain[i] = span_of ("x");
    pack_reset (&out);
    bundle_pack (&out, &b);
    assert_true (bundle_parse (&parsed, pack_result (&out)));
    assert_true (span_is (parsed.chain[BUNDLE_CHAIN - 1], "x"));
    assert_true (span_is (parsed.endpoints[0], "tcp://a:1"));
    pack_free (&out);
}

static void a_revocation_is_read_as_it_was_written (void **state)
{
    (void) state;
    struct hash hash = hash_bytes (span_of ("credential"));
    struct revocation r = { .party = span_of ("pk"),
                            .credential = &hash,
                            .why = span_of ("stolen"),
                            .last_epoch = { .counter = 3, .nonce = UINT64_MAX },
                            .last_seq = 9,
                            .disputed = true },
                      parsed;
    struct pack_out out;
    pack_init (&out);
    revocation_pack (&out, &r);
    assert_true (revocation_parse (&parsed, pack_result (&out)));
    assert_true (span_is (parsed.party, "pk"));
    assert_true (hash_equal (parsed.credential, &hash));
    assert_true (span_is (parsed.why, "stolen"));
    assert_true (epoch_equal (parsed.last_epoch, r.last_epoch));
    assert_int_equal (parsed.last_seq, 9);
    assert_true (parsed.disputed);
    r.last_seq = 0;
    pack_reset (&out);
    revocation_pack (&out, &r);
    assert_true (revocation_parse (&parsed, pack_result (&out)));
    assert_int_equal (parsed.last_seq, 0);
    r.why = span_of ("");
    pack_reset (&out);
    revocation_pack (&out, &r);
    assert_false (revocation_parse (&parsed, pack_result (&out)));
    pack_free (&out);
}

int main (void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_WORLD (a_root_file_needs_its_threshold_of_its_own_keys),
        WITH_WORLD (a_root_file_of_another_form_is_refused),
        WITH_WORLD (the_next_root_file_is_signed_by_the_old_keys_too),
        WITH_WORLD (only_root_signatures_for_the_purpose_count),
        WITH_WORLD (a_root_file_follows_the_one_that_it_names_by_one_version),
        WITH_WORLD (a_credential_is_read_as_it_was_written),
        WITH_WORLD (a_credential_of_another_form_is_refused),
        WITH_WORLD (no_prefix_of_a_credential_is_one),
        WITH_WORLD (a_step_of_a_chain_only_narrows),
        WITH_WORLD (an_enrolment_proves_that_all_three_keys_are_held),
        WITH_WORLD (a_bundle_is_read_as_it_was_written),
        WITH_WORLD (a_revocation_is_read_as_it_was_written),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
