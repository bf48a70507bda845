/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void an_issuer_is_told_before_it_signs_what_would_be_refused (void **state)
{
    struct fixture *f = *state;
    struct credential s = f->sindh->credential, good, c;
    char detail[ENROL_DETAIL];
    /* A province with narrow rights. */
    struct actor *kp = world_actor (f->w, "pk.kp");
    c = world_credential (kp, "provincial", "energy");
    c.may.roles = (struct labels){ .count = 1, .at = { span_of ("organisation") } };
    c.may.sectors = s.sectors;
    c.may.children = 1;
    c.may.depth = 2;
    assert_int_equal (directory_add (f->d, world_issue (kp, &c), NULL), CB_OK);
    const struct entry *issuer = directory_by_name (f->d, span_of ("pk.kp"));
    good = fixture_stranger (f, "pk.kp.police");
    good.may = (struct grants){ .depth = 0 };
    assert_int_equal (directory_may_enrol (f->d, issuer, &good, detail), CB_OK);
#define REFUSED(why, change)                                                                       \
    do {                                                                                           \
        c = good;                                                                                  \
        change;                                                                                    \
        assert_int_equal (directory_may_enrol (f->d, issuer, &c, detail), CB_##why);               \
    } while (0)
    REFUSED (NOT_A_CHILD, c.name = span_of ("pk.sindh.police"));
    REFUSED (NOT_A_CHILD, c.name = span_of ("pk.kp.police.a"));
    REFUSED (NOT_A_CHILD, c.name = span_of ("pk.kp.Police"));
    REFUSED (NAME_TAKEN, c.generation = 2);
    REFUSED (KEY_TAKEN, c.link_key = f->kpt->link_key);
    REFUSED (TOO_DEEP, c.may.depth = 2);
    REFUSED (ROLE_NOT_GRANTED, c.role = span_of ("provincial"));
    REFUSED (ROLE_NOT_GRANTED,
             (c.may.depth = 1, c.may.roles.count = 1, c.may.roles.at[0] = span_of ("*")));
    REFUSED (SECTOR_NOT_GRANTED, (c.sectors.count = 1, c.sectors.at[0] = span_of ("health")));
    REFUSED (SECTOR_NOT_GRANTED,
             (c.may.depth = 1, c.may.sectors.count = 1, c.may.sectors.at[0] = span_of ("health")));
    REFUSED (TOO_MANY_CHILDREN, (c.may.depth = 1, c.may.children = 2));
    REFUSED (CREDENTIAL_DATES, c.not_after = issuer->credential.may.latest + 1);
    REFUSED (CREDENTIAL_DATES, c.not_before = issuer->credential.not_before - 1);
    REFUSED (CREDENTIAL_DATES, c.issued = issuer->credential.not_after + 1);
#undef REFUSED
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL, .by = kp };
    assert_int_equal (fixture_add (f, &good, &sign, 1), CB_OK);
    assert_int_equal (directory_may_enrol (f->d, issuer, &good, detail), CB_NAME_TAKEN);
    c = fixture_stranger (f, "pk.kp.water");
    c.may = (struct grants){ .depth = 0 };
    assert_int_equal (directory_may_enrol (f->d, issuer, &c, detail), CB_TOO_MANY_CHILDREN);
    const struct entry *police = directory_by_name (f->d, span_of ("pk.kp.police"));
    c = good;
    c.generation = 2;
    c.previous = &police->credential.st.hash;
    assert_int_equal (directory_may_enrol (f->d, issuer, &c, detail), CB_OK);
    struct revocation r = fixture_revocation (kp);
    assert_int_equal (fixture_revoke (f, &r, "pk"), CB_OK);
    assert_int_equal (directory_may_enrol (f->d, issuer, &c, detail), CB_REVOKED);
}

/* A policy with these roles, and the sectors energy and maritime. */
static void rule (struct fixture *f, const struct labels *roles)
{
    struct policy *p = calloc (1, sizeof *p);
    assert_non_null (p);
    p->version = 1;
    p->title = span_of ("for enrolment");
    p->roles = *roles;
    p->sector_count = 2;
    p->sectors[0].sector = span_of ("energy");
    p->sectors[1].sector = span_of ("maritime");
    assert_int_equal (directory_policy (f->d, world_policy_of (f->w, p)), CB_OK);
    free (p);
}

static void expect_refused (struct fixture *f, const char *by, const struct credential *c,
                            enum cb_reason reason, const char *says)
{
    char detail[ENROL_DETAIL];
    const struct entry *issuer = directory_by_name (f->d, span_of (by));
    assert_int_equal (directory_may_enrol (f->d, issuer, c, detail), reason);
    assert_string_equal (detail, says);
}

static void what_the_policy_does_not_have_is_not_enrolled (void **state)
{
    struct fixture *f = *state;
    const struct labels roles = { .count = 4,
                                  .at = { span_of ("national"), span_of ("observer"),
                                          span_of ("organisation"), span_of ("provincial") } };
    rule (f, &roles);
    struct credential good = fixture_stranger (f, "pk.kp"), c;
    const char *possible = "\"provincal\"; it may enrol: observer, organisation, provincial";
    good.may.depth = 2;
    expect_refused (f, "pk", &good, CB_OK, "");
    c = good;
    c.role = span_of ("provincal");
    expect_refused (f, "pk", &c, CB_ROLE_NOT_GRANTED, possible);
    c = good;
    c.may.roles = (struct labels){ .count = 1, .at = { span_of ("provincal") } };
    expect_refused (f, "pk", &c, CB_ROLE_NOT_GRANTED, possible);
    c.may.roles.at[0] = span_of ("national");
    expect_refused (f, "pk", &c, CB_ROLE_NOT_GRANTED,
                    "\"national\"; it may enrol: observer, organisation, provincial");
    c = good;
    c.role = span_of ("national");
    expect_refused (f, "pk", &c, CB_ROLE_NOT_GRANTED,
                    "\"national\"; it may enrol: observer, organisation, provincial");
    c = good;
    c.sectors = (struct labels){ .count = 1, .at = { span_of ("maratime") } };
    possible = "\"maratime\": no such sector in the policy; it may enrol into: energy, maritime";
    expect_refused (f, "pk", &c, CB_SECTOR_NOT_GRANTED, possible);
    c = good;
    c.may.sectors = (struct labels){ .count = 1, .at = { span_of ("maratime") } };
    expect_refused (f, "pk", &c, CB_SECTOR_NOT_GRANTED, possible);
    /* Who holds the credential already is judged by the chain alone. */
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->pk };
    assert_int_equal (fixture_add (f, &c, &sign, 1), CB_OK);
}

static void a_refused_enrolment_says_what_is_possible (void **state)
{
    struct fixture *f = *state;
    struct actor *kp = world_actor (f->w, "pk.kp");
    struct credential c = world_credential (kp, "provincial", "energy");
    c.may.roles =
        (struct labels){ .count = 2, .at = { span_of ("observer"), span_of ("organisation") } };
    c.may.sectors = (struct labels){ .count = 1, .at = { span_of ("energy") } };
    c.may.depth = 1;
    c.may.children = 1;
    assert_int_equal (directory_add (f->d, world_issue (kp, &c), NULL), CB_OK);
    struct credential good = fixture_stranger (f, "pk.kp.police");
    good.may = (struct grants){ .depth = 0 };
    expect_refused (f, "pk.kp", &good, CB_OK, "");
    c = good;
    c.name = span_of ("pk.x.y");
    expect_refused (f, "pk", &c, CB_NOT_A_CHILD, "pk.x.y is not one label below pk");
    c = fixture_stranger (f, "pk.sindh");
    expect_refused (
        f, "pk", &c, CB_NAME_TAKEN,
        "pk.sindh, enrolled 2025-08-20; a name stays with its party: choose another. If "
        "it is the same party, and its keys are lost: --again makes generation 2");
    c = good;
    c.role = span_of ("auditor");
    expect_refused (f, "pk.kp", &c, CB_ROLE_NOT_GRANTED,
                    "\"auditor\"; it may enrol: observer, organisation");
    c = good;
    c.sectors = (struct labels){ .count = 1, .at = { span_of ("health") } };
    expect_refused (f, "pk.kp", &c, CB_SECTOR_NOT_GRANTED, "\"health\"; it may enrol into: energy");
    assert_int_equal (directory_policy (f->d, world_policy (f->w, 1)), CB_OK);
    expect_refused (f, "pk.kp", &c, CB_SECTOR_NOT_GRANTED, "\"health\"; it may enrol into: energy");
    c = good;
    c.may.depth = 1;
    expect_refused (f, "pk.kp", &c, CB_TOO_DEEP, "depth 1; it may grant at most 0");
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL, .by = kp };
    assert_int_equal (fixture_add (f, &good, &sign, 1), CB_OK);
    c = fixture_stranger (f, "pk.kp.water");
    c.may = (struct grants){ .depth = 0 };
    expect_refused (f, "pk.kp", &c, CB_TOO_MANY_CHILDREN,
                    "its credential lets it enrol 1, and 1 are enrolled");
    c.name = span_of ("pk.kp.police.one");
    expect_refused (f, "pk.kp.police", &c, CB_TOO_DEEP,
                    "pk.kp.police's credential lets it enrol nobody; the party above grants that "
                    "with --may-enrol");
}

int main (void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown (test, fixture_set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_WORLD (an_issuer_is_told_before_it_signs_what_would_be_refused),
        WITH_WORLD (what_the_policy_does_not_have_is_not_enrolled),
        WITH_WORLD (a_refused_enrolment_says_what_is_possible),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
