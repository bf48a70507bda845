/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void a_revocation_comes_from_above (void **state)
{
    struct fixture *f = *state;
    struct revocation r = fixture_revocation (f->kpt);
    assert_int_equal (fixture_revoke (f, &r, "pk.sindh.kpt"), CB_TRUST);
    assert_int_equal (fixture_revoke (f, &r, "pk.punjab"), CB_TRUST);
    struct revocation other = r;
    other.party = span_of ("pk.sindh.bank");
    assert_int_equal (fixture_revoke (f, &other, "pk.sindh"), CB_TRUST);
    struct hash unknown = { .bytes = { 1 } };
    other.party = span_of ("in.delhi");
    other.credential = &unknown;
    assert_int_equal (fixture_revoke (f, &other, "in"), CB_TRUST);
    assert_false (directory_by_name (f->d, span_of ("pk.sindh.kpt"))->revoked);
    assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
    assert_true (directory_by_name (f->d, span_of ("pk.sindh.kpt"))->revoked);
}

static void the_top_party_is_revoked_by_root_keys_alone (void **state)
{
    struct fixture *f = *state;
    struct revocation r = fixture_revocation (f->pk), other = r;
    struct pack_out out;
    pack_init (&out);
    revocation_pack (&out, &r);
    struct span top = span_of ("pk"), body = world_keep (f->w, pack_result (&out));
    pack_free (&out);
    struct span one = world_root_signs (f->w, body, CB_PURPOSE_REVOCATION, 1);
    struct span wrong = world_root_signs (f->w, body, CB_PURPOSE_ROOT, 2);
    struct span good = world_root_signs (f->w, body, CB_PURPOSE_REVOCATION, 2);
    assert_int_equal (directory_revoke (f->d, &r, top, span_bytes (NULL, 0)), CB_TRUST);
    assert_int_equal (directory_revoke (f->d, &r, top, one), CB_TRUST);
    assert_int_equal (directory_revoke (f->d, &r, top, wrong), CB_TRUST);
    assert_int_equal (directory_revoke (f->d, &r, span_of ("pk.sindh"), good), CB_TRUST);
    other.last_seq = 4;
    other.last_epoch.counter = 1;
    assert_int_equal (directory_revoke (f->d, &other, top, good), CB_TRUST);
    other = r;
    other.disputed = true;
    assert_int_equal (directory_revoke (f->d, &other, top, good), CB_TRUST);
    assert_int_equal (directory_revoke (f->d, &r, top, good), CB_OK);
    assert_true (directory_by_name (f->d, top)->revoked);
}

static void a_revoked_authority_countersigns_nothing (void **state)
{
    struct fixture *f = *state;
    struct credential c = f->kpt->credential;
    struct world_sign signs[] = { { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh },
                                  { .purpose = CB_PURPOSE_COUNTERSIGN, .by = f->pk } };
    struct revocation r = fixture_revocation (f->pk);
    struct pack_out out;
    pack_init (&out);
    revocation_pack (&out, &r);
    struct span statement =
        world_root_signs (f->w, world_keep (f->w, pack_result (&out)), CB_PURPOSE_REVOCATION, 0);
    pack_free (&out);
    c.generation = 2;
    c.previous = &f->kpt->credential.st.hash;
    assert_int_equal (directory_revoke (f->d, &r, span_of ("pk"), statement), CB_OK);
    assert_int_equal (fixture_add (f, &c, signs, 2), CB_CHAIN_BROKEN);
}

static bool collect (const struct entry *entry, void *arg)
{
    const struct entry **at = arg;
    while (*at)
        at++;
    *at = entry;
    return true;
}

static void children_of_lost_keys_count_by_the_word_of_the_authority (void **state)
{
    struct fixture *f = *state;
    struct actor *bank = world_party (f->w, "pk.sindh.bank", "organisation", NULL);
    struct credential c = bank->credential;
    struct world_sign signs[] = { { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh },
                                  { .purpose = CB_PURPOSE_COUNTERSIGN, .by = f->sindh } };
    struct revocation r = fixture_revocation (f->sindh);
    const struct entry *known = directory_by_name (f->d, span_of ("pk.sindh.kpt"));
    assert_int_equal (directory_revoke (f->d, &r, span_of ("pk"), span_bytes (NULL, 0)), CB_OK);
    assert_int_equal (fixture_add (f, &c, signs, 1), CB_REVOKED);
    assert_int_equal (fixture_add (f, &c, signs, 2), CB_REVOKED);
    signs[1].by = f->pk;
    assert_int_equal (fixture_add (f, &c, signs, 2), CB_OK);
    /* One that is known goes on with that word, and is the same one. */
    struct span before = known->credential.st.bytes;
    c = f->kpt->credential;
    signs[1].by = f->sindh;
    assert_int_equal (fixture_add (f, &c, signs, 2), CB_OK);
    assert_ptr_equal (known->credential.st.bytes.data, before.data);
    signs[1].by = f->pk;
    assert_int_equal (fixture_add (f, &c, signs, 2), CB_OK);
    assert_true (known->credential.st.bytes.size > before.size);
    assert_ptr_equal (directory_by_name (f->d, span_of ("pk.sindh.kpt")), known);
    const struct entry *proof[8] = { NULL };
    directory_proof (f->d, known, collect, proof);
    assert_true (span_is (proof[0]->credential.name, "pk"));
    assert_ptr_equal (proof[2], known);
    assert_null (proof[3]);
}

static void a_revocation_waits_for_its_credential (void **state)
{
    struct fixture *f = *state;
    struct actor *bank = world_party (f->w, "pk.sindh.bank", "organisation", NULL);
    struct revocation r = fixture_revocation (bank), wrong = r;
    uint32_t count;
    struct hash hash;
    wrong.party = span_of ("pk.sindh.other");
    assert_int_equal (fixture_revoke (f, &wrong, "pk.sindh"), CB_OK);
    r.last_seq = 5;
    r.last_epoch.counter = 1;
    assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
    r.last_seq = 3;
    assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
    directory_revoked (f->d, &count, &hash);
    assert_int_equal (count, 1);
    assert_int_equal (directory_add (f->d, bank->credential.st.bytes, NULL), CB_OK);
    const struct entry *e = directory_by_name (f->d, span_of ("pk.sindh.bank"));
    assert_true (e->revoked);
    assert_int_equal (e->last_seq, 3);
}

static void one_branch_leaves_room_for_the_revocations_of_others (void **state)
{
    struct fixture *f = *state;
    struct hash unknown = { .bytes = { 1 } };
    struct revocation r = { .party = span_of ("pk.sindh.kpt.x"),
                            .credential = &unknown,
                            .why = span_of ("none") };
    enum cb_reason reason = CB_OK;
    int taken = 0;
    for (; taken < 10000 && reason == CB_OK; taken++) {
        memcpy (unknown.bytes, &taken, sizeof taken);
        reason = fixture_revoke (f, &r, "pk.sindh.kpt");
    }
    assert_int_equal (reason, CB_UNKNOWN_CREDENTIAL);
    assert_in_range (taken, 1000, 2000);
    /* Its neighbours are not concerned, nor is what the top party says of itself. */
    unknown.bytes[31] = 1;
    r.party = span_of ("pk.punjab.x");
    assert_int_equal (fixture_revoke (f, &r, "pk.punjab"), CB_OK);
    r.party = span_of ("pk.sindh.x");
    assert_int_equal (fixture_revoke (f, &r, "pk.sindh"), CB_UNKNOWN_CREDENTIAL);
    assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
}

static void of_several_revocations_the_strictest_counts (void **state)
{
    struct fixture *f = *state;
    struct revocation r = fixture_revocation (f->kpt);
    const struct entry *e = directory_by_name (f->d, span_of ("pk.sindh.kpt"));
    r.last_epoch.counter = 1;
    r.last_seq = 9;
    assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
    r.last_seq = 7;
    assert_int_equal (fixture_revoke (f, &r, "pk.sindh"), CB_OK);
    assert_int_equal (e->last_seq, 7);
    r.last_seq = 8;
    r.disputed = true;
    assert_int_equal (fixture_revoke (f, &r, "pk.sindh"), CB_OK);
    assert_int_equal (e->last_seq, 7);
    assert_true (e->disputed);
    r.last_epoch.counter = 2;
    assert_int_equal (fixture_revoke (f, &r, "pk.sindh"), CB_OK);
    assert_int_equal (e->last_seq, 0);
    r = fixture_revocation (f->sindh);
    e = directory_by_name (f->d, span_of ("pk.sindh"));
    r.last_epoch.counter = 1;
    r.last_seq = 9;
    assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
    r.last_seq = 0;
    assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
    assert_int_equal (e->last_seq, 0);
    r.last_seq = 9;
    assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
    assert_int_equal (e->last_seq, 0);
}

static void a_revoked_issuer_issues_nothing_new (void **state)
{
    struct fixture *f = *state;
    struct credential c = fixture_stranger (f, "pk.sindh.bank");
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh };
    struct revocation r = fixture_revocation (f->sindh);
    assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
    assert_int_equal (fixture_add (f, &c, &sign, 1), CB_REVOKED);
    assert_false (directory_by_name (f->d, span_of ("pk.sindh.kpt"))->revoked);
}

static int by_bytes (const void *a, const void *b)
{
    return memcmp (a, b, HASH_SIZE);
}

static void what_a_head_says_of_revocations_can_be_compared (void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "pk.a", "pk.b", "pk.c", "pk.d", "pk.e" };
    uint32_t count;
    struct hash hash, joined[5], expected = hash_bytes (span_bytes (NULL, 0));
    directory_revoked (f->d, &count, &hash);
    assert_int_equal (count, 0);
    assert_true (hash_equal (&hash, &expected));
    for (size_t i = 0; i < 5; i++) {
        struct actor *actor = world_party (f->w, names[i], "organisation", NULL);
        struct revocation r = fixture_revocation (actor);
        joined[i] = actor->credential.st.hash;
        /* One of them is not known here. */
        if (i != 2)
            assert_int_equal (directory_add (f->d, actor->credential.st.bytes, NULL), CB_OK);
        assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
        assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
    }
    qsort (joined, 5, sizeof joined[0], by_bytes);
    expected = hash_bytes (span_bytes (joined, sizeof joined));
    directory_revoked (f->d, &count, &hash);
    assert_int_equal (count, 5);
    assert_true (hash_equal (&hash, &expected));
}

int main (void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown (test, fixture_set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_WORLD (a_revocation_comes_from_above),
        WITH_WORLD (the_top_party_is_revoked_by_root_keys_alone),
        WITH_WORLD (a_revoked_authority_countersigns_nothing),
        WITH_WORLD (children_of_lost_keys_count_by_the_word_of_the_authority),
        WITH_WORLD (a_revocation_waits_for_its_credential),
        WITH_WORLD (one_branch_leaves_room_for_the_revocations_of_others),
        WITH_WORLD (of_several_revocations_the_strictest_counts),
        WITH_WORLD (a_revoked_issuer_issues_nothing_new),
        WITH_WORLD (what_a_head_says_of_revocations_can_be_compared),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
