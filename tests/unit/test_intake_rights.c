/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A directory without a policy. */
static void forget_policy (struct station *f)
{
    directory_free (&f->d);
    f->d = world_directory (f->w);
    f->at_sindh.directory = f->d;
}

static void without_a_policy_only_the_first_one_is_taken (void **state)
{
    struct station *f = *state;
    forget_policy (f);
    station_from_parent (f);
    assert_int_equal (station_send_to (f, f->pk, "pk.sindh"), CB_NO_POLICY);
    struct draft first = station_carrying (f, f->pk, "policy", "statement", world_policy (f->w, 1));
    assert_int_equal (station_verdict (f, f->pk, &first), CB_OK);
    struct draft impostor =
        station_carrying (f, f->punjab, "policy", "statement", world_policy (f->w, 1));
    assert_int_equal (station_verdict (f, f->punjab, &impostor), CB_NO_POLICY);
    struct draft unsigned_one =
        station_carrying (f, f->pk, "policy", "statement", world_root (f->w));
    assert_int_equal (station_verdict (f, f->pk, &unsigned_one), CB_TRUST);
    assert_int_equal (station_apply (f, f->pk, &first), CB_OK);
    assert_int_equal (station_send_to (f, f->pk, "pk.sindh"), CB_OK);
}

static void a_term_that_cannot_exist_is_refused (void **state)
{
    struct station *f = *state;
    assert_int_equal (station_send_to (f, f->kpt, "in.delhi"), CB_AUDIENCE);
    assert_string_equal (f->v.detail, "audience[0]: in.delhi");
    assert_int_equal (station_send_to (f, f->kpt, "@telecom"), CB_AUDIENCE);
    assert_string_equal (f->v.detail, "audience[0]: @telecom");
}

static void restrict_to (struct station *f, const char *role, const char *kind, unsigned relations)
{
    struct policy *p = calloc (1, sizeof *p);
    p->version = 2;
    p->title = span_of ("narrow");
    p->roles = (struct labels){ .count = 1, .at = { span_of ("*") } };
    p->grant_count = 1;
    p->grants[0] = (struct policy_grant){ .role = span_of (role),
                                          .kinds = { .count = 1, .at = { span_of (kind) } },
                                          .relations = relations };
    p->setting_count = 2;
    p->settings[0].name = span_of ("ahead");
    p->settings[0].value = 1000;
    p->settings[1].name = span_of ("flash-per-hour");
    p->settings[1].value = 2;
    assert_int_equal (directory_policy (f->d, world_policy_of (f->w, p)), CB_OK);
    free (p);
}

static void restrict_policy (struct station *f, unsigned relations)
{
    restrict_to (f, "organisation", "note", relations);
}

static void what_no_grant_allows_is_refused (void **state)
{
    struct station *f = *state;
    restrict_policy (f, 1u << CB_REL_PARENT);
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh"), CB_OK);
    assert_int_equal (station_send_to (f, f->kpt, "pk.**"), CB_NO_GRANT);
    assert_string_equal (f->v.detail, "audience[0]: pk.**: role organisation, kind note");
    struct draft draft = world_draft (f->kpt, "advisory", "pk.sindh");
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_NO_GRANT);
    station_from_self (f);
    assert_int_equal (station_send_to (f, f->sindh, "pk"), CB_NO_GRANT);
}

static void an_answer_is_granted_to_whom_it_answers (void **state)
{
    struct station *f = *state;
    restrict_policy (f, 1u << CB_REL_CORRESPONDENT);
    struct draft draft = world_draft (f->kpt, "note", "pk.punjab");
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_NO_GRANT);
    draft.thread = (struct msg_id){ .origin = span_of ("pk.punjab"), .epoch = { 1, 7 }, .seq = 1 };
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    assert_true (f->v.needs_thread);
}

static void how_far_ahead_a_clock_may_be_is_the_policys_to_say (void **state)
{
    struct station *f = *state;
    restrict_policy (f, 1u << CB_REL_PARENT);
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.issued = WORLD_NOW + 1000;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    draft.issued++;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_CLOCK_AHEAD);
}

static void what_needs_sealing_is_refused (void **state)
{
    struct station *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.tlp = CB_TLP_AMBER;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    draft.tlp = CB_TLP_AMBER_STRICT;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_TLP_NEEDS_SEALING);
    draft.tlp = CB_TLP_RED;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_TLP_NEEDS_SEALING);
}

static void consent_names_the_origin_or_a_party_above (void **state)
{
    struct station *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    const struct {
        const char *climb;
        enum cb_reason reason;
    } cases[] = { { "pk.sindh.kpt", CB_OK },
                  { "pk.sindh", CB_OK },
                  { "pk", CB_OK },
                  { "pk.punjab", CB_CONSENT },
                  { "pk.sindh.kpt.x", CB_CONSENT } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        draft.climb = span_of (cases[i].climb);
        assert_int_equal (station_verdict (f, f->kpt, &draft), cases[i].reason);
    }
}

static void only_ones_own_message_or_one_from_below_is_replaced (void **state)
{
    struct station *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.replaces =
        (struct msg_id){ .origin = span_of ("pk.sindh.kpt"), .epoch = { 1, 7 }, .seq = 1 };
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    draft.replaces.origin = span_of ("pk.sindh.kpt.quay");
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    draft.replaces.origin = span_of ("pk.sindh");
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_REPLACES);
    draft.replaces.origin = span_of ("pk.punjab");
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_REPLACES);
}

static void an_exercise_is_announced_by_the_origin_or_above (void **state)
{
    struct station *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.mode = CB_MODE_EXERCISE;
    draft.exercise = (struct msg_id){ .origin = span_of ("pk"), .epoch = { 1, 7 }, .seq = 1 };
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    draft.exercise.origin = span_of ("pk.sindh.kpt");
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    draft.exercise.origin = span_of ("pk.punjab");
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_EXERCISE);
}

static void a_body_that_does_not_fit_its_schema_is_refused (void **state)
{
    struct station *f = *state;
    struct pack_out out;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    pack_init (&out);
    pack_put_map (&out, 0);
    draft.body = station_body (f, &out);
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_SCHEMA);
    assert_non_null (strstr (f->v.detail, "text"));
    draft.schema = 999;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    draft.schema = 1;
    draft.kind = span_of ("never-heard-of");
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
}

static void a_kind_says_whether_it_belongs_to_a_thread (void **state)
{
    struct station *f = *state;
    struct pack_out out;
    struct draft draft = world_draft (f->kpt, "receipt", "pk.sindh");
    pack_init (&out);
    pack_put_map (&out, 2);
    pack_put_text (&out, "leaf");
    pack_put_bin (&out, span_bytes (f->kpt->sign_key, HASH_SIZE));
    pack_put_text (&out, "stored");
    pack_put_int (&out, WORLD_NOW);
    draft.body = station_body (f, &out);
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_SCHEMA);
    draft.thread = (struct msg_id){ .origin = span_of ("pk"), .epoch = { 1, 7 }, .seq = 1 };
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    struct draft revocation = station_revoking (f, f->sindh, f->kpt, 0, false);
    revocation.thread = draft.thread;
    station_from_self (f);
    assert_int_equal (station_verdict (f, f->sindh, &revocation), CB_SCHEMA);
}

static void a_trust_statement_inside_is_verified (void **state)
{
    struct station *f = *state;
    station_from_self (f);
    struct draft draft = station_revoking (f, f->sindh, f->punjab, 0, false);
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_TRUST);
    draft = station_revoking (f, f->sindh, f->kpt, 0, false);
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_OK);
    assert_false (directory_by_name (f->d, span_of ("pk.sindh.kpt"))->revoked);

    struct actor *bank = world_party (f->w, "pk.sindh.bank", "organisation", NULL);
    draft = station_carrying (f, f->sindh, "enrolment", "credential", bank->credential.st.bytes);
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_OK);
    assert_null (directory_by_name (f->d, span_of ("pk.sindh.bank")));
    draft =
        station_carrying (f, f->sindh, "enrolment", "credential", f->punjab->credential.st.bytes);
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_TRUST);
    draft = station_carrying (f, f->sindh, "root", "statement", world_root (f->w));
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_TRUST);
    draft = station_carrying (f, f->sindh, "policy", "statement", world_policy (f->w, 2));
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_TRUST);
    /* A version of the kind that is not known here is no way around it. */
    draft.schema = 2;
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_TRUST);
}

static void the_flash_quota_counts_what_was_issued_in_an_hour (void **state)
{
    struct station *f = *state;
    struct quota *quota = quota_new ();
    restrict_policy (f, 1u << CB_REL_PARENT);
    f->at_sindh.quota = quota;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.precedence = CB_LANE_FLASH;
    struct span first = world_send (f->kpt, &draft);
    assert_int_equal (station_judge (f, first), CB_OK);
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_QUOTA);
    assert_int_equal (station_judge (f, first), CB_OK);
    draft.precedence = CB_LANE_ROUTINE;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    draft.precedence = CB_LANE_FLASH;
    draft.issued -= 3600000;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    quota_free (&quota);
}

static void no_quota_holds_up_what_trust_rests_on (void **state)
{
    struct station *f = *state;
    struct quota *quota = quota_new ();
    restrict_to (f, "*", "*", 1u << CB_REL_EVERYONE);
    f->at_sindh.quota = quota;
    station_from_self (f);
    struct draft draft = world_draft (f->sindh, "note", "pk");
    struct actor *bank = world_party (f->w, "pk.sindh.bank", "organisation", NULL);
    struct draft enrolment =
        station_carrying (f, f->sindh, "enrolment", "credential", bank->credential.st.bytes);
    draft.precedence = enrolment.precedence = CB_LANE_FLASH;
    for (int i = 0; i < 4; i++)
        assert_int_equal (station_verdict (f, f->sindh, &enrolment), CB_OK);
    /* Nor do they use it up. */
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_OK);
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_OK);
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_QUOTA);
    struct draft revocation = station_revoking (f, f->sindh, f->kpt, 0, false);
    revocation.precedence = CB_LANE_FLASH;
    assert_int_equal (station_verdict (f, f->sindh, &revocation), CB_OK);
    quota_free (&quota);
}

static void the_first_check_that_fails_is_the_verdict (void **state)
{
    struct station *f = *state;
    /* Everything is wrong with it; what comes first in section 8 is mended first. */
    restrict_policy (f, 1u << CB_REL_SELF);
    struct actor *bank = world_actor (f->w, "pk.punjab.bank");
    struct credential c = world_credential (bank, "organisation", NULL);
    c.not_after = WORLD_NOW;
    struct span statement = world_issue (bank, &c);
    struct draft draft = world_draft (bank, "note", "pk.punjab");
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 0);
    struct span good_body = draft.body;
    draft.body = station_body (f, &out);
    draft.mode = CB_MODE_TEST;
    draft.issued = WORLD_NOW + policy_setting (NULL, POLICY_AHEAD) + 1;
    draft.tlp = CB_TLP_RED;
    draft.climb = span_of ("pk.sindh");
    directory_freeze (f->d, span_of ("pk.punjab.bank"), true);
    uint8_t right[SECRET_SIZE];
    memcpy (right, bank->secret, SECRET_SIZE);
    memcpy (bank->secret, f->pk->secret, SECRET_SIZE);

    assert_int_equal (station_verdict (f, bank, &draft), CB_UNKNOWN_CREDENTIAL);
    assert_int_equal (directory_add (f->d, statement, NULL), CB_OK);
    assert_int_equal (station_verdict (f, bank, &draft), CB_BAD_SIGNATURE);
    memcpy (bank->secret, right, SECRET_SIZE);
    assert_int_equal (station_verdict (f, bank, &draft), CB_NOT_YOURS_TO_SEND);
    station_from_parent (f);
    assert_int_equal (station_verdict (f, bank, &draft), CB_NOT_MEANT);
    draft.audience[0] = span_of ("pk.sindh");
    assert_int_equal (station_verdict (f, bank, &draft), CB_TEST_LEFT);
    draft.mode = CB_MODE_LIVE;
    assert_int_equal (station_verdict (f, bank, &draft), CB_FROZEN);
    directory_freeze (f->d, span_of ("pk.punjab.bank"), false);
    assert_int_equal (station_verdict (f, bank, &draft), CB_CREDENTIAL_DATES);
    draft.issued = WORLD_NOW;
    draft.audience[draft.audience_count++] = span_of ("in");
    assert_int_equal (station_verdict (f, bank, &draft), CB_AUDIENCE);
    draft.audience_count--;
    assert_int_equal (station_verdict (f, bank, &draft), CB_NO_GRANT);
    struct policy *p = calloc (1, sizeof *p);
    assert_true (policy_parse (p, world_policy (f->w, 3)));
    assert_int_equal (directory_policy (f->d, p->st.bytes), CB_OK);
    free (p);
    assert_int_equal (station_verdict (f, bank, &draft), CB_TLP_NEEDS_SEALING);
    draft.tlp = CB_TLP_GREEN;
    assert_int_equal (station_verdict (f, bank, &draft), CB_CONSENT);
    draft.climb = span_of ("pk");
    assert_int_equal (station_verdict (f, bank, &draft), CB_SCHEMA);
    draft.body = good_body;
    assert_int_equal (station_verdict (f, bank, &draft), CB_OK);
    assert_true (f->v.here);
}

int main (void)
{
#define WITH_STATION(test) cmocka_unit_test_setup_teardown (test, station_set_up, station_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_STATION (without_a_policy_only_the_first_one_is_taken),
        WITH_STATION (a_term_that_cannot_exist_is_refused),
        WITH_STATION (what_no_grant_allows_is_refused),
        WITH_STATION (an_answer_is_granted_to_whom_it_answers),
        WITH_STATION (how_far_ahead_a_clock_may_be_is_the_policys_to_say),
        WITH_STATION (what_needs_sealing_is_refused),
        WITH_STATION (consent_names_the_origin_or_a_party_above),
        WITH_STATION (only_ones_own_message_or_one_from_below_is_replaced),
        WITH_STATION (an_exercise_is_announced_by_the_origin_or_above),
        WITH_STATION (a_body_that_does_not_fit_its_schema_is_refused),
        WITH_STATION (a_kind_says_whether_it_belongs_to_a_thread),
        WITH_STATION (a_trust_statement_inside_is_verified),
        WITH_STATION (the_flash_quota_counts_what_was_issued_in_an_hour),
        WITH_STATION (no_quota_holds_up_what_trust_rests_on),
        WITH_STATION (the_first_check_that_fails_is_the_verdict),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
