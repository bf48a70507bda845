/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/proposal.h"
#include "bus/edge/keys.h"
#include "tests/unit/support_directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The next credential of kpt, as `certbus renew` makes it: what it has, and later dates. */
static struct credential next_of (const struct actor *actor)
{
    struct credential c = actor->credential;
    c.generation++;
    c.previous = &actor->credential.st.hash;
    c.issued = c.not_before = WORLD_NOW;
    return c;
}

static struct proposal signed_by (struct fixture *f, const struct credential *c,
                                  const struct world_sign *signs, size_t count)
{
    struct proposal p = { .credential = world_sign_credential (f->w, c, signs, count) };
    assert_true (credential_parse (&p.c, p.credential));
    return p;
}

static enum cb_reason renew (struct fixture *f, const struct credential *c,
                             const struct actor *signer, int64_t now)
{
    char detail[ENROL_DETAIL];
    struct world_sign sign = { .purpose = CB_PURPOSE_SUCCESSION,
                               .by = signer,
                               .as = &f->kpt->credential.st.hash };
    struct proposal p = signed_by (f, c, &sign, 1);
    return proposal_may_renew (f->d, directory_by_name (f->d, span_of ("pk.sindh")), &p, now,
                               detail);
}

static void a_renewal_keeps_everything_but_keys_and_dates (void **state)
{
    struct fixture *f = *state;
    struct credential good = next_of (f->kpt), c;
    assert_int_equal (renew (f, &good, f->kpt, WORLD_NOW), CB_OK);
#define REFUSED(why, change)                                                                       \
    do {                                                                                           \
        c = good;                                                                                  \
        change;                                                                                    \
        assert_int_equal (renew (f, &c, f->kpt, WORLD_NOW), CB_##why);                             \
    } while (0)
    REFUSED (CHAIN_WIDENS, c.role = span_of ("provincial"));
    REFUSED (CHAIN_WIDENS, c.title = span_of ("National CERT"));
    REFUSED (CHAIN_WIDENS, (c.sectors.count = 1, c.sectors.at[0] = span_of ("health")));
    REFUSED (CHAIN_WIDENS, c.may.children++);
    REFUSED (CHAIN_WIDENS, c.may.depth++);
    REFUSED (CHAIN_BROKEN, c.generation++);
    REFUSED (CHAIN_BROKEN, c.previous = &f->sindh->credential.st.hash);
    REFUSED (CHAIN_BROKEN, c.issuer = &f->kpt->credential.st.hash);
    REFUSED (NAME_TAKEN, (c.generation--, c.previous = NULL));
    REFUSED (KEY_TAKEN, c.link_key = f->sindh->link_key);
    REFUSED (CREDENTIAL_DATES, c.not_after = f->sindh->credential.may.latest + 1);
#undef REFUSED
    assert_int_equal (renew (f, &good, f->sindh, WORLD_NOW), CB_BAD_SIGNATURE);
}

static void a_proposal_is_good_for_thirty_days (void **state)
{
    struct fixture *f = *state;
    struct credential c = next_of (f->kpt);
    assert_int_equal (renew (f, &c, f->kpt, WORLD_NOW + 30 * WORLD_DAY), CB_OK);
    assert_int_equal (renew (f, &c, f->kpt, WORLD_NOW + 30 * WORLD_DAY + 1), CB_EXPIRED);
    assert_int_equal (renew (f, &c, f->kpt, WORLD_NOW - 10 * 60 * 1000), CB_OK);
    assert_int_equal (renew (f, &c, f->kpt, WORLD_NOW - 10 * 60 * 1000 - 1), CB_CLOCK_AHEAD);
}

static void who_countersigns_is_two_labels_above (void **state)
{
    struct fixture *f = *state;
    struct credential c = next_of (f->kpt);
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh };
    struct proposal p = signed_by (f, &c, &sign, 1);
    char detail[ENROL_DETAIL];
    static const char *const others[] = { "", "pk.sindh", "pk.sindh.kpt", "pk.punjab" };
    assert_int_equal (proposal_may_countersign (f->d, span_of ("pk"), &p, WORLD_NOW, detail),
                      CB_OK);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal (
            proposal_may_countersign (f->d, span_of (others[i]), &p, WORLD_NOW, detail), CB_TRUST);
    /* What the issuer did not sign is nothing to agree to. */
    sign.purpose = CB_PURPOSE_SUCCESSION;
    p = signed_by (f, &c, &sign, 1);
    assert_int_equal (proposal_may_countersign (f->d, span_of ("pk"), &p, WORLD_NOW, detail),
                      CB_CHAIN_BROKEN);
    c.role = span_of ("provincial");
    c.may = f->sindh->credential.may;
    sign.purpose = CB_PURPOSE_CREDENTIAL;
    p = signed_by (f, &c, &sign, 1);
    assert_int_equal (proposal_may_countersign (f->d, span_of ("pk"), &p, WORLD_NOW, detail),
                      CB_CHAIN_WIDENS);
}

/* A file as `certbus enrol --again` makes it, changed in one place. */
static enum cb_reason parsed (struct fixture *f, const struct keys *keys,
                              const struct credential *c, struct enrolment asked)
{
    struct pack_out request, out;
    struct proposal p = { .root = world_root (f->w), .chain_count = 1 }, read;
    struct world_sign sign = { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh };
    pack_init (&request);
    pack_init (&out);
    keys_request (keys, &asked, &request);
    p.chain[0] = f->sindh->credential.st.bytes;
    p.request = pack_result (&request);
    p.credential = world_sign_credential (f->w, c, &sign, 1);
    proposal_pack (&out, &p);
    enum cb_reason reason = proposal_parse (&read, pack_result (&out));
    assert_true (proposal_is (pack_result (&out)));
    if (reason == CB_OK) {
        assert_true (span_equal (read.credential, p.credential));
        assert_true (span_equal (read.request, p.request));
        assert_true (span_equal (read.chain[0], p.chain[0]));
        assert_true (proposal_signed_for (&read, CB_PURPOSE_CREDENTIAL));
        assert_false (proposal_signed_for (&read, CB_PURPOSE_SUCCESSION));
        /* Cut anywhere it is none. */
        for (size_t size = 0; size < pack_result (&out).size; size++)
            assert_int_not_equal (
                proposal_parse (&read, span_bytes (pack_result (&out).data, size)), CB_OK);
    }
    pack_free (&request);
    pack_free (&out);
    return reason;
}

static void request_and_credential_say_the_same (void **state)
{
    struct fixture *f = *state;
    struct keys keys;
    struct enrolment asked = { .title = span_of ("The port"), .made = WORLD_NOW };
    struct credential good = next_of (f->kpt), c;
    keys_make (&keys, span_of ("pk.sindh.kpt"));
    good.sign_key = keys.sign.public;
    good.seal_key = keys.seal_public;
    good.link_key = keys.link_public;
    assert_int_equal (parsed (f, &keys, &good, asked), CB_OK);
    asked.previous = good.previous;
    assert_int_equal (parsed (f, &keys, &good, asked), CB_OK);
    asked.previous = &f->sindh->credential.st.hash;
    assert_int_equal (parsed (f, &keys, &good, asked), CB_MALFORMED);
    asked.previous = NULL;
#define MALFORMED(change)                                                                          \
    do {                                                                                           \
        c = good;                                                                                  \
        change;                                                                                    \
        assert_int_equal (parsed (f, &keys, &c, asked), CB_MALFORMED);                             \
    } while (0)
    MALFORMED (c.name = span_of ("pk.sindh.other"));
    MALFORMED (c.sign_key = f->kpt->sign_key);
    MALFORMED (c.seal_key = f->kpt->seal_key);
    MALFORMED (c.link_key = f->kpt->link_key);
    MALFORMED ((c.generation = 1, c.previous = NULL));
#undef MALFORMED
    keys_wipe (&keys);
}

int main (void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown (test, fixture_set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_WORLD (a_renewal_keeps_everything_but_keys_and_dates),
        WITH_WORLD (a_proposal_is_good_for_thirty_days),
        WITH_WORLD (who_countersigns_is_two_labels_above),
        WITH_WORLD (request_and_credential_say_the_same),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
