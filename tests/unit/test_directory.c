/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct credential next_of (struct actor *actor, const char *seed)
{
    struct credential c = actor->credential;
    world_rekey (actor, seed);
    c.sign_key = actor->sign_key;
    c.seal_key = actor->seal_key;
    c.link_key = actor->link_key;
    c.generation++;
    c.previous = &actor->credential.st.hash;
    return c;
}

static void credentials_are_found_by_hash_and_name (void **state)
{
    struct fixture *f = *state;
    const struct entry *e = directory_by_name (f->d, span_of ("pk.sindh.kpt"));
    assert_non_null (e);
    assert_true (span_is (e->credential.role, "organisation"));
    assert_ptr_equal (directory_by_hash (f->d, &f->kpt->credential.st.hash), e);
    assert_null (directory_by_name (f->d, span_of ("pk.sindh.nobody")));
    assert_ptr_equal (e->issuer, directory_by_name (f->d, span_of ("pk.sindh")));
}

static void an_entry_borrows_nothing_from_the_callers_bytes (void **state)
{
    struct fixture *f = *state;
    struct span all = f->kpt->credential.st.bytes;
    uint8_t *bytes = malloc (all.size);
    memcpy (bytes, all.data, all.size);
    struct directory *d = directory_new ();
    assert_int_equal (directory_root (d, world_root (f->w)), CB_OK);
    assert_int_equal (directory_add (d, f->pk->credential.st.bytes, NULL), CB_OK);
    assert_int_equal (directory_add (d, f->sindh->credential.st.bytes, NULL), CB_OK);
    assert_int_equal (directory_add (d, span_bytes (bytes, all.size), NULL), CB_OK);
    memset (bytes, 0, all.size);
    free (bytes);
    const struct entry *e = directory_by_name (d, span_of ("pk.sindh.kpt"));
    assert_true (span_is (e->credential.title, "pk.sindh.kpt"));
    assert_memory_equal (e->credential.sign_key, f->kpt->sign_key, KEY_SIZE);
    assert_true (span_equal (e->credential.st.bytes, all));
    directory_free (&d);
}

static void a_known_credential_is_added_again_without_effect (void **state)
{
    struct fixture *f = *state;
    const struct entry *before = directory_by_name (f->d, span_of ("pk.sindh")), *after = NULL;
    assert_int_equal (directory_add (f->d, f->sindh->credential.st.bytes, &after), CB_OK);
    assert_ptr_equal (before, after);
}

static void a_credential_comes_after_its_issuers (void **state)
{
    struct fixture *f = *state;
    struct directory *d = directory_new ();
    assert_int_equal (directory_add (d, f->pk->credential.st.bytes, NULL), CB_CHAIN_BROKEN);
    assert_int_equal (directory_root (d, world_root (f->w)), CB_OK);
    assert_int_equal (directory_add (d, f->sindh->credential.st.bytes, NULL),
                      CB_UNKNOWN_CREDENTIAL);
    directory_free (&d);
}

static void the_top_party_needs_the_threshold_of_root_keys (void **state)
{
    struct fixture *f = *state;
    struct directory *d = directory_new ();
    assert_int_equal (directory_root (d, world_root (f->w)), CB_OK);
    struct span body = f->pk->credential.st.body;
    struct span one = world_root_signs (f->w, body, CB_PURPOSE_CREDENTIAL, 1);
    assert_int_equal (directory_add (d, one, NULL), CB_CHAIN_BROKEN);
    struct span wrong = world_root_signs (f->w, body, CB_PURPOSE_POLICY, 2);
    assert_int_equal (directory_add (d, wrong, NULL), CB_CHAIN_BROKEN);
    assert_int_equal (directory_add (d, f->pk->credential.st.bytes, NULL), CB_OK);
    directory_free (&d);
    struct credential other = f->pk->credential;
    other.name = span_of ("in");
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL };
    assert_int_equal (fixture_add (f, &other, &sign, 1), CB_CHAIN_BROKEN);
}

static void a_credential_that_its_issuer_did_not_sign_is_refused (void **state)
{
    struct fixture *f = *state;
    struct credential c = fixture_stranger (f, "pk.sindh.bank");
    struct world_sign by_pk = { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->pk };
    struct world_sign forged = { .purpose = CB_PURPOSE_CREDENTIAL,
                                 .by = f->sindh,
                                 .secret = f->kpt->secret };
    struct world_sign purpose = { .purpose = CB_PURPOSE_COUNTERSIGN, .by = f->sindh };
    struct world_sign good = { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh };
    assert_int_equal (fixture_add (f, &c, &by_pk, 1), CB_CHAIN_BROKEN);
    assert_int_equal (fixture_add (f, &c, &forged, 1), CB_CHAIN_BROKEN);
    assert_int_equal (fixture_add (f, &c, &purpose, 1), CB_CHAIN_BROKEN);
    assert_int_equal (fixture_add (f, &c, &good, 1), CB_OK);
}

static void a_credential_that_widens_is_refused (void **state)
{
    struct fixture *f = *state;
    struct credential c = fixture_stranger (f, "pk.sindh.bank");
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh };
    c.may.depth = f->sindh->credential.may.depth;
    assert_int_equal (fixture_add (f, &c, &sign, 1), CB_CHAIN_WIDENS);
    struct credential sibling = fixture_stranger (f, "pk.punjab");
    sibling.issuer = &f->sindh->credential.st.hash;
    assert_int_equal (fixture_add (f, &sibling, &sign, 1), CB_CHAIN_WIDENS);
}

static void a_key_of_another_party_is_refused_in_any_role (void **state)
{
    struct fixture *f = *state;
    struct credential good = fixture_stranger (f, "pk.sindh.bank"), c;
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh };
    const uint8_t *taken[] = { f->kpt->sign_key, f->kpt->seal_key, f->kpt->link_key,
                               f->pk->sign_key };
    for (size_t i = 0; i < 4; i++) {
        c = good;
        c.sign_key = taken[i];
        assert_int_equal (fixture_add (f, &c, &sign, 1), CB_KEY_TAKEN);
        c = good;
        c.seal_key = taken[i];
        assert_int_equal (fixture_add (f, &c, &sign, 1), CB_KEY_TAKEN);
        c = good;
        c.link_key = taken[i];
        assert_int_equal (fixture_add (f, &c, &sign, 1), CB_KEY_TAKEN);
    }
    c = good;
    c.seal_key = c.link_key;
    assert_int_equal (fixture_add (f, &c, &sign, 1), CB_KEY_TAKEN);
    c = good;
    c.seal_key = c.sign_key;
    assert_int_equal (fixture_add (f, &c, &sign, 1), CB_KEY_TAKEN);
    c = good;
    c.link_key = c.sign_key;
    assert_int_equal (fixture_add (f, &c, &sign, 1), CB_KEY_TAKEN);
    assert_int_equal (fixture_add (f, &good, &sign, 1), CB_OK);
}

static void the_next_generation_is_signed_by_the_one_before (void **state)
{
    struct fixture *f = *state;
    uint8_t old_secret[SECRET_SIZE], old_link[KEY_SIZE];
    memcpy (old_secret, f->kpt->secret, SECRET_SIZE);
    memcpy (old_link, f->kpt->link_key, KEY_SIZE);
    struct credential c = next_of (f->kpt, "kpt 2");
    struct world_sign signs[] = {
        { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh },
        { .purpose = CB_PURPOSE_SUCCESSION, .by = f->kpt, .secret = old_secret },
        { .purpose = CB_PURPOSE_SUCCESSION, .by = f->kpt },
    };
    assert_int_equal (fixture_add (f, &c, signs, 1), CB_CHAIN_BROKEN);
    struct world_sign by_new_key[] = { signs[0], signs[2] };
    assert_int_equal (fixture_add (f, &c, by_new_key, 2), CB_CHAIN_BROKEN);
    struct credential skipping = c;
    skipping.generation = 3;
    assert_int_equal (fixture_add (f, &skipping, signs, 2), CB_CHAIN_BROKEN);
    struct hash unknown = hash_bytes (span_of ("unknown"));
    struct credential orphan = c;
    orphan.previous = &unknown;
    assert_int_equal (fixture_add (f, &orphan, signs, 2), CB_UNKNOWN_CREDENTIAL);
    assert_int_equal (fixture_add (f, &c, signs, 2), CB_OK);

    const struct entry *old = directory_by_hash (f->d, &f->kpt->credential.st.hash);
    const struct entry *now = directory_by_name (f->d, span_of ("pk.sindh.kpt"));
    assert_int_equal (now->credential.generation, 2);
    assert_ptr_equal (old->successor, now);
    assert_ptr_equal (directory_generation (f->d, span_of ("pk.sindh.kpt"), 1), old);
}

static void lost_keys_are_replaced_only_with_a_countersignature (void **state)
{
    struct fixture *f = *state;
    struct credential c = next_of (f->kpt, "kpt 2");
    struct world_sign signs[] = { { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh },
                                  { .purpose = CB_PURPOSE_COUNTERSIGN, .by = f->sindh } };
    assert_int_equal (fixture_add (f, &c, signs, 2), CB_CHAIN_BROKEN);
    signs[1].by = f->pk;
    assert_int_equal (fixture_add (f, &c, signs, 2), CB_OK);
    struct credential s = next_of (f->sindh, "sindh 2");
    struct world_sign by_pk[] = { { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->pk },
                                  { .purpose = CB_PURPOSE_COUNTERSIGN, .by = f->pk } };
    assert_int_equal (fixture_add (f, &s, by_pk, 2), CB_CHAIN_BROKEN);
    by_pk[1].by = NULL;
    assert_int_equal (fixture_add (f, &s, by_pk, 2), CB_OK);
    struct credential top = next_of (f->pk, "pk 2");
    struct world_sign by_root[] = { { .purpose = CB_PURPOSE_CREDENTIAL },
                                    { .purpose = CB_PURPOSE_COUNTERSIGN } };
    assert_int_equal (fixture_add (f, &top, by_root, 1), CB_CHAIN_BROKEN);
    assert_int_equal (fixture_add (f, &top, by_root, 2), CB_OK);
}

static void generations_may_come_in_any_order (void **state)
{
    struct fixture *f = *state;
    struct actor *bank = world_actor (f->w, "pk.sindh.bank");
    struct credential first = world_credential (bank, "organisation", NULL);
    world_issue (bank, &first);
    struct credential second = next_of (bank, "bank 2");
    struct world_sign signs[] = { { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh },
                                  { .purpose = CB_PURPOSE_COUNTERSIGN, .by = f->pk } };
    assert_int_equal (fixture_add (f, &second, signs, 2), CB_OK);
    assert_int_equal (directory_add (f->d, bank->credential.st.bytes, NULL), CB_OK);
    const struct entry *now = directory_by_name (f->d, span_of ("pk.sindh.bank"));
    assert_int_equal (now->credential.generation, 2);
    assert_ptr_equal (directory_by_hash (f->d, &bank->credential.st.hash)->successor, now);
}

static void a_second_credential_of_one_generation_is_refused (void **state)
{
    struct fixture *f = *state;
    struct credential c = f->kpt->credential;
    world_rekey (f->kpt, "kpt again");
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh };
    c.sign_key = f->kpt->sign_key;
    c.seal_key = f->kpt->seal_key;
    c.link_key = f->kpt->link_key;
    assert_int_equal (fixture_add (f, &c, &sign, 1), CB_NAME_TAKEN);
}

static void everybody_counts_the_children_of_an_issuer (void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "pk.punjab.a", "pk.punjab.b", "pk.punjab.c" };
    struct actor *punjab = world_actor (f->w, "pk.punjab"), *child[3];
    struct credential c = world_credential (punjab, "provincial", NULL);
    c.may.children = 2;
    assert_int_equal (directory_add (f->d, world_issue (punjab, &c), NULL), CB_OK);
    for (size_t i = 0; i < 3; i++) {
        child[i] = world_actor (f->w, names[i]);
        c = world_credential (child[i], "organisation", NULL);
        c.may.depth = 0;
        enum cb_reason wanted = i < 2 ? CB_OK : CB_TOO_MANY_CHILDREN;
        assert_int_equal (directory_add (f->d, world_issue (child[i], &c), NULL), wanted);
    }
    /* The next generation is no further child, and one that is revoked leaves its place. */
    struct credential next = next_of (child[0], "a again");
    struct world_sign signs[] = { { .purpose = CB_PURPOSE_CREDENTIAL, .by = punjab },
                                  { .purpose = CB_PURPOSE_COUNTERSIGN, .by = f->pk } };
    assert_int_equal (fixture_add (f, &next, signs, 2), CB_OK);
    struct revocation r = fixture_revocation (child[1]);
    assert_int_equal (fixture_revoke (f, &r, "pk.punjab"), CB_OK);
    assert_int_equal (directory_add (f->d, child[2]->credential.st.bytes, NULL), CB_OK);
}

static void a_move_is_signed_by_both_parents_and_may_keep_its_keys (void **state)
{
    struct fixture *f = *state;
    struct actor *punjab = world_party (f->w, "pk.punjab", "provincial", NULL);
    struct actor *sukkur = world_party (f->w, "pk.sindh.sukkur", "organisation", NULL);
    assert_int_equal (directory_add (f->d, punjab->credential.st.bytes, NULL), CB_OK);
    assert_int_equal (directory_add (f->d, sukkur->credential.st.bytes, NULL), CB_OK);
    struct credential c = sukkur->credential;
    c.name = span_of ("pk.punjab.sukkur");
    c.issuer = &punjab->credential.st.hash;
    struct world_sign signs[] = { { .purpose = CB_PURPOSE_CREDENTIAL, .by = punjab },
                                  { .purpose = CB_PURPOSE_COUNTERSIGN, .by = f->pk } };
    assert_int_equal (fixture_add (f, &c, signs, 2), CB_KEY_TAKEN);
    c.formerly = span_of ("pk.sindh.sukkur");
    assert_int_equal (fixture_add (f, &c, signs, 2), CB_CHAIN_BROKEN);
    signs[1].by = f->sindh;
    assert_int_equal (fixture_add (f, &c, signs, 2), CB_OK);
    assert_non_null (directory_by_name (f->d, span_of ("pk.punjab.sukkur")));
}

static void a_root_file_is_pinned_and_then_followed (void **state)
{
    struct fixture *f = *state;
    struct span first = world_root (f->w);
    struct world *other = world_new (1, 1);
    assert_int_equal (directory_root (f->d, world_root (other)), CB_OTHER_ROOT);
    world_free (&other);
    struct span second = world_next_root (f->w, 1, 1), third = world_next_root (f->w, 1, 2);
    assert_int_equal (directory_root (f->d, third), CB_TRUST);
    assert_int_equal (directory_root_file (f->d)->version, 1);
    assert_int_equal (directory_root (f->d, second), CB_OK);
    assert_int_equal (directory_root (f->d, third), CB_OK);
    assert_int_equal (directory_root (f->d, first), CB_OK);
    assert_int_equal (directory_root (f->d, third), CB_OK);
    assert_int_equal (directory_root_file (f->d)->version, 3);
    assert_int_equal (directory_root (f->d, span_of ("x")), CB_TRUST);
}

static void a_policy_is_taken_when_root_keys_signed_it_and_it_is_newer (void **state)
{
    struct fixture *f = *state;
    struct policy *p = calloc (1, sizeof *p);
    assert_null (directory_policy_now (f->d));
    assert_true (policy_parse (p, world_policy (f->w, 2)));
    struct span one = world_root_signs (f->w, p->st.body, CB_PURPOSE_POLICY, 1);
    struct span wrong = world_root_signs (f->w, p->st.body, CB_PURPOSE_ROOT, 2);
    free (p);
    assert_int_equal (directory_policy (f->d, one), CB_TRUST);
    assert_int_equal (directory_policy (f->d, wrong), CB_TRUST);
    assert_int_equal (directory_policy (f->d, world_policy (f->w, 2)), CB_OK);
    assert_int_equal (directory_policy_now (f->d)->version, 2);
    assert_int_equal (directory_policy (f->d, world_policy (f->w, 1)), CB_OK);
    assert_int_equal (directory_policy_now (f->d)->version, 2);
    assert_int_equal (directory_policy (f->d, world_policy (f->w, 3)), CB_OK);
    assert_int_equal (directory_policy_now (f->d)->version, 3);
}

struct names {
    size_t count, stop;
    struct span at[16];
};

static bool collect (const struct entry *entry, void *arg)
{
    struct names *names = arg;
    names->at[names->count++] = entry->credential.name;
    return names->count != names->stop;
}

static void parties_are_visited_in_the_order_of_names (void **state)
{
    struct fixture *f = *state;
    struct names names = { .count = 0 };
    struct actor *ajk = world_party (f->w, "pk.ajk", "provincial", NULL);
    assert_int_equal (directory_add (f->d, ajk->credential.st.bytes, NULL), CB_OK);
    directory_each (f->d, span_of ("pk"), collect, &names);
    assert_int_equal (names.count, 4);
    assert_true (span_is (names.at[0], "pk"));
    assert_true (span_is (names.at[1], "pk.ajk"));
    assert_true (span_is (names.at[3], "pk.sindh.kpt"));
    names = (struct names){ .count = 0 };
    directory_each (f->d, span_of ("pk.sindh"), collect, &names);
    assert_int_equal (names.count, 2);
    names = (struct names){ .stop = 1 };
    directory_each (f->d, span_of ("pk"), collect, &names);
    assert_int_equal (names.count, 1);
    assert_int_equal (directory_children (f->d, span_of ("pk")), 2);
    assert_int_equal (directory_children (f->d, span_of ("pk.sindh")), 1);
    assert_int_equal (directory_children (f->d, span_of ("pk.ajk")), 0);
}

static void what_proves_a_credential_comes_in_an_order_that_can_be_added (void **state)
{
    struct fixture *f = *state;
    uint8_t old[SECRET_SIZE];
    memcpy (old, f->sindh->secret, SECRET_SIZE);
    struct credential c = next_of (f->sindh, "sindh 2");
    struct world_sign signs[] = {
        { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->pk },
        { .purpose = CB_PURPOSE_SUCCESSION, .by = f->sindh, .secret = old },
    };
    struct span second = world_sign_credential (f->w, &c, signs, 2);
    const struct entry *e;
    assert_int_equal (directory_add (f->d, second, &e), CB_OK);
    struct names names = { .count = 0 };
    directory_proof (f->d, e, collect, &names);
    assert_int_equal (names.count, 3);
    assert_true (span_is (names.at[0], "pk"));
    assert_true (span_is (names.at[1], "pk.sindh"));
    assert_ptr_equal (names.at[2].data, e->credential.name.data);
    names = (struct names){ .count = 0 };
    directory_proof (f->d, directory_by_name (f->d, span_of ("pk.sindh.kpt")), collect, &names);
    assert_int_equal (names.count, 3);
    assert_true (span_is (names.at[2], "pk.sindh.kpt"));
}

static void an_older_head_changes_nothing (void **state)
{
    struct fixture *f = *state;
    assert_null (directory_head_now (f->d));
    directory_head (f->d, &(struct head){ .time = 5, .policy_version = 1 });
    directory_head (f->d, &(struct head){ .time = 4, .policy_version = 2 });
    assert_int_equal (directory_head_now (f->d)->policy_version, 1);
    directory_head (f->d, &(struct head){ .time = 6, .policy_version = 3 });
    assert_int_equal (directory_head_now (f->d)->policy_version, 3);
}

static void a_frozen_origin_stays_so_until_released (void **state)
{
    struct fixture *f = *state;
    struct span kpt = span_of ("pk.sindh.kpt");
    assert_false (directory_frozen (f->d, kpt));
    directory_freeze (f->d, kpt, true);
    directory_freeze (f->d, span_of ("pk.sindh.unknown"), true);
    assert_true (directory_frozen (f->d, kpt));
    assert_true (directory_frozen (f->d, span_of ("pk.sindh.unknown")));
    assert_null (directory_by_name (f->d, span_of ("pk.sindh.unknown")));
    assert_int_equal (directory_children (f->d, span_of ("pk.sindh")), 1);
    directory_freeze (f->d, kpt, false);
    assert_false (directory_frozen (f->d, kpt));
}

static bool exists (struct fixture *f, const char *text)
{
    struct term term;
    assert_true (term_parse (&term, span_of (text)));
    return directory_term (f->d, &term);
}

static void a_term_exists_below_the_root_or_as_a_sector_of_the_policy (void **state)
{
    struct fixture *f = *state;
    assert_true (exists (f, "pk"));
    assert_true (exists (f, "pk.never.heard.of"));
    assert_true (exists (f, "pk.**"));
    assert_false (exists (f, "in"));
    assert_false (exists (f, "in.**"));
    assert_false (exists (f, "@energy"));
    assert_int_equal (directory_policy (f->d, world_policy (f->w, 1)), CB_OK);
    assert_true (exists (f, "@energy"));
    assert_false (exists (f, "@telecom"));
}

int main (void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown (test, fixture_set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_WORLD (credentials_are_found_by_hash_and_name),
        WITH_WORLD (an_entry_borrows_nothing_from_the_callers_bytes),
        WITH_WORLD (a_known_credential_is_added_again_without_effect),
        WITH_WORLD (a_credential_comes_after_its_issuers),
        WITH_WORLD (the_top_party_needs_the_threshold_of_root_keys),
        WITH_WORLD (a_credential_that_its_issuer_did_not_sign_is_refused),
        WITH_WORLD (a_credential_that_widens_is_refused),
        WITH_WORLD (a_key_of_another_party_is_refused_in_any_role),
        WITH_WORLD (the_next_generation_is_signed_by_the_one_before),
        WITH_WORLD (lost_keys_are_replaced_only_with_a_countersignature),
        WITH_WORLD (generations_may_come_in_any_order),
        WITH_WORLD (a_second_credential_of_one_generation_is_refused),
        WITH_WORLD (everybody_counts_the_children_of_an_issuer),
        WITH_WORLD (a_move_is_signed_by_both_parents_and_may_keep_its_keys),
        WITH_WORLD (a_root_file_is_pinned_and_then_followed),
        WITH_WORLD (a_policy_is_taken_when_root_keys_signed_it_and_it_is_newer),
        WITH_WORLD (parties_are_visited_in_the_order_of_names),
        WITH_WORLD (what_proves_a_credential_comes_in_an_order_that_can_be_added),
        WITH_WORLD (an_older_head_changes_nothing),
        WITH_WORLD (a_frozen_origin_stays_so_until_released),
        WITH_WORLD (a_term_exists_below_the_root_or_as_a_sector_of_the_policy),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
