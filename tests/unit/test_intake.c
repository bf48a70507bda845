/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void what_is_for_this_party_is_delivered_here (void **state)
{
    struct station *f = *state;
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh"), CB_OK);
    assert_true (f->v.here);
    assert_false (f->v.needs_thread);
    assert_int_equal (f->v.worked, 1);
    assert_string_equal (f->v.detail, "");
}

static void what_passes_through_is_not_delivered_here (void **state)
{
    struct station *f = *state;
    assert_int_equal (station_send_to (f, f->kpt, "pk"), CB_OK);
    assert_false (f->v.here);
    assert_false (f->v.receipt);
}

static void a_receipt_is_wanted_for_what_others_send_here (void **state)
{
    struct station *f = *state;
    for (size_t i = 0; i < f->schemas->count; i++)
        f->schemas->at[i]->receipt = strcmp (f->schemas->at[i]->kind, "note") == 0;
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh"), CB_OK);
    assert_true (f->v.receipt);
    assert_int_equal (station_send_to (f, f->kpt, "pk"), CB_OK);
    assert_false (f->v.receipt);
    station_from_self (f);
    assert_int_equal (station_send_to (f, f->sindh, "pk.**"), CB_OK);
    assert_true (f->v.here);
    assert_false (f->v.receipt);
    for (size_t i = 0; i < f->schemas->count; i++)
        f->schemas->at[i]->receipt = false;
    station_from_parent (f);
    assert_int_equal (station_send_to (f, f->pk, "pk.sindh"), CB_OK);
    assert_false (f->v.receipt);
}

static void a_batch_costs_one_verification (void **state)
{
    struct station *f = *state;
    struct draft drafts[5];
    struct span out[5];
    size_t worked = 0;
    for (size_t i = 0; i < 5; i++)
        drafts[i] = world_draft (f->kpt, "note", "pk.sindh");
    world_send_batch (f->kpt, drafts, 5, out);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal (station_judge (f, out[i]), CB_OK);
        worked += f->v.worked;
    }
    assert_int_equal (worked, 1);
}

static void an_unknown_credential_is_named_by_its_code (void **state)
{
    struct station *f = *state;
    struct actor *bank = world_party (f->w, "pk.sindh.bank", "organisation", NULL);
    char code[CODE_TEXT];
    assert_int_equal (station_send_to (f, bank, "pk.sindh"), CB_UNKNOWN_CREDENTIAL);
    hash_code (&bank->credential.st.hash, code);
    assert_non_null (strstr (f->v.detail, code));
}

static void a_credential_speaks_for_its_party_alone (void **state)
{
    struct station *f = *state;
    struct actor liar = *f->kpt;
    snprintf (liar.name, sizeof liar.name, "pk.sindh.kpt.x");
    assert_int_equal (station_send_to (f, &liar, "pk.sindh"), CB_WRONG_ORIGIN);
}

static void a_signature_by_another_key_is_refused (void **state)
{
    struct station *f = *state;
    struct actor liar = *f->kpt;
    memcpy (liar.secret, f->sindh->secret, SECRET_SIZE);
    assert_int_equal (station_send_to (f, &liar, "pk.sindh"), CB_BAD_SIGNATURE);
    assert_int_equal (f->v.worked, 1);
}

static void a_message_that_was_changed_is_refused (void **state)
{
    struct station *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    struct span bytes = world_send (f->kpt, &draft);
    uint8_t *changed = malloc (bytes.size);
    memcpy (changed, bytes.data, bytes.size);
    uint8_t *text = memmem (changed, bytes.size, "a message", 9);
    assert_non_null (text);
    *text = 'b';
    assert_int_equal (station_judge (f, span_bytes (changed, bytes.size)), CB_BAD_SIGNATURE);
    free (changed);
}

static void an_approval_is_checked (void **state)
{
    struct station *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    struct span bytes = world_approve (f->w, world_send (f->kpt, &draft), "ayesha");
    assert_int_equal (station_judge (f, bytes), CB_OK);
    assert_int_equal (f->v.worked, 2);
    uint8_t *changed = malloc (bytes.size);
    memcpy (changed, bytes.data, bytes.size);
    changed[bytes.size - 1] ^= 1;
    assert_int_equal (station_judge (f, span_bytes (changed, bytes.size)), CB_APPROVAL);
    free (changed);
}

static void a_child_sends_only_what_comes_from_its_subtree (void **state)
{
    struct station *f = *state;
    assert_int_equal (station_send_to (f, f->punjab, "pk.sindh"), CB_NOT_YOURS_TO_SEND);
    assert_int_equal (station_send_to (f, f->sindh, "pk.sindh"), CB_NOT_YOURS_TO_SEND);
    assert_int_equal (station_send_to (f, f->pk, "pk.**"), CB_NOT_YOURS_TO_SEND);
}

static void the_parent_sends_nothing_that_comes_from_ones_own_subtree (void **state)
{
    struct station *f = *state;
    station_from_parent (f);
    assert_int_equal (station_send_to (f, f->pk, "pk.sindh"), CB_OK);
    assert_int_equal (station_send_to (f, f->punjab, "pk.sindh"), CB_OK);
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh"), CB_NOT_YOURS_TO_SEND);
    assert_int_equal (station_send_to (f, f->sindh, "pk.**"), CB_NOT_YOURS_TO_SEND);
}

static void ones_own_messages_come_back_on_the_recovery_lane (void **state)
{
    struct station *f = *state;
    station_from_parent (f);
    f->at_sindh.recovery = true;
    assert_int_equal (station_send_to (f, f->sindh, "pk"), CB_OK);
    assert_false (f->v.here);
    assert_int_equal (station_send_to (f, f->punjab, "pk.sindh"), CB_NOT_YOURS_TO_SEND);
    assert_int_equal (station_send_to (f, f->kpt, "pk"), CB_NOT_YOURS_TO_SEND);
}

static void here_only_ones_own_messages_begin (void **state)
{
    struct station *f = *state;
    station_from_self (f);
    assert_int_equal (station_send_to (f, f->sindh, "pk"), CB_OK);
    assert_int_equal (station_send_to (f, f->kpt, "pk"), CB_NOT_YOURS_TO_SEND);
}

static void what_is_not_meant_for_this_side_is_refused (void **state)
{
    struct station *f = *state;
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh.kpt"), CB_NOT_MEANT);
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh.kpt.**"), CB_NOT_MEANT);
    assert_int_equal (station_send_to (f, f->kpt, "@health"), CB_OK);
    station_from_parent (f);
    assert_int_equal (station_send_to (f, f->pk, "pk.punjab"), CB_NOT_MEANT);
    assert_int_equal (station_send_to (f, f->pk, "pk.punjab.**"), CB_NOT_MEANT);
    assert_int_equal (station_send_to (f, f->pk, "@energy"), CB_OK);
    assert_true (f->v.here);
    assert_int_equal (station_send_to (f, f->pk, "@health"), CB_OK); /* it may grant any sector */
    assert_false (f->v.here);
}

static void a_test_stays_at_home (void **state)
{
    struct station *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.mode = CB_MODE_TEST;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_TEST_LEFT);
    station_from_self (f);
    draft = world_draft (f->sindh, "note", "pk.sindh");
    draft.mode = CB_MODE_TEST;
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_OK);
}

static void a_frozen_origin_is_refused (void **state)
{
    struct station *f = *state;
    directory_freeze (f->d, span_of ("pk.sindh.kpt"), true);
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh"), CB_FROZEN);
}

static void after_a_revocation_only_what_it_names_as_good_counts (void **state)
{
    struct station *f = *state;
    f->kpt->seq = 10;
    struct draft draft = station_revoking (f, f->sindh, f->kpt, 12, true);
    assert_int_equal (station_apply (f, f->sindh, &draft), CB_OK);
    assert_int_equal (station_apply (f, f->sindh, &draft), CB_OK);
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh"), CB_OK);      /* 11 */
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh"), CB_OK);      /* 12 */
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh"), CB_REVOKED); /* 13 */
    f->kpt->seq = 1;
    f->kpt->epoch.nonce++;
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh"), CB_REVOKED);
    f->kpt->epoch.nonce--;
    draft = station_revoking (f, f->sindh, f->kpt, 0, false);
    assert_int_equal (station_apply (f, f->sindh, &draft), CB_OK);
    f->kpt->seq = 1;
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh"), CB_REVOKED);
}

static void after_a_rotation_the_old_key_is_superseded (void **state)
{
    struct station *f = *state;
    struct actor old = *f->kpt;
    struct credential c = f->kpt->credential;
    world_rekey (f->kpt, "kpt 2");
    c.sign_key = f->kpt->sign_key;
    c.seal_key = f->kpt->seal_key;
    c.link_key = f->kpt->link_key;
    c.generation = 2;
    c.previous = &old.credential.st.hash;
    struct world_sign signs[] = { { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh },
                                  { .purpose = CB_PURPOSE_SUCCESSION, .by = &old } };
    struct span second = world_sign_credential (f->w, &c, signs, 2);
    struct draft draft = station_carrying (f, f->sindh, "enrolment", "credential", second);
    assert_int_equal (station_apply (f, f->sindh, &draft), CB_OK);
    assert_int_equal (station_apply (f, f->sindh, &draft), CB_OK);
    assert_int_equal (station_send_to (f, &old, "pk.sindh"), CB_OK); /* 1: no last was named */
    draft = station_revoking (f, f->sindh, &old, 2, false);
    assert_int_equal (station_apply (f, f->sindh, &draft), CB_OK);
    assert_int_equal (station_send_to (f, &old, "pk.sindh"), CB_OK);         /* 2 */
    assert_int_equal (station_send_to (f, &old, "pk.sindh"), CB_SUPERSEDED); /* 3 */
    draft = station_revoking (f, f->sindh, &old, 2, true);
    assert_int_equal (station_apply (f, f->sindh, &draft), CB_OK);
    assert_int_equal (station_send_to (f, &old, "pk.sindh"), CB_REVOKED); /* 4 */
    assert_true (credential_parse (&f->kpt->credential, second));
    f->kpt->seq = 2;
    assert_int_equal (station_send_to (f, f->kpt, "pk.sindh"), CB_OK);
}

static void a_message_is_issued_within_the_dates_of_its_credential (void **state)
{
    struct station *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.issued = f->kpt->credential.not_before;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    draft.issued--;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_CREDENTIAL_DATES);
    f->at_sindh.now = f->kpt->credential.not_after;
    draft.issued = f->kpt->credential.not_after;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    draft.issued++;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_CREDENTIAL_DATES);
}

static void ten_minutes_ahead_is_as_far_as_a_clock_may_be (void **state)
{
    struct station *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.issued = WORLD_NOW + policy_setting (NULL, POLICY_AHEAD);
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    draft.issued++;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_CLOCK_AHEAD);
}

static void what_has_expired_does_not_begin_but_may_arrive (void **state)
{
    struct station *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.issued = WORLD_NOW - 10;
    draft.expires = WORLD_NOW - 1;
    assert_int_equal (station_verdict (f, f->kpt, &draft), CB_OK);
    station_from_self (f);
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_EXPIRED);
    draft.expires = WORLD_NOW;
    assert_int_equal (station_verdict (f, f->sindh, &draft), CB_OK);
}

int main (void)
{
#define WITH_STATION(test) cmocka_unit_test_setup_teardown (test, station_set_up, station_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_STATION (what_is_for_this_party_is_delivered_here),
        WITH_STATION (what_passes_through_is_not_delivered_here),
        WITH_STATION (a_receipt_is_wanted_for_what_others_send_here),
        WITH_STATION (a_batch_costs_one_verification),
        WITH_STATION (an_unknown_credential_is_named_by_its_code),
        WITH_STATION (a_credential_speaks_for_its_party_alone),
        WITH_STATION (a_signature_by_another_key_is_refused),
        WITH_STATION (a_message_that_was_changed_is_refused),
        WITH_STATION (an_approval_is_checked),
        WITH_STATION (a_child_sends_only_what_comes_from_its_subtree),
        WITH_STATION (the_parent_sends_nothing_that_comes_from_ones_own_subtree),
        WITH_STATION (ones_own_messages_come_back_on_the_recovery_lane),
        WITH_STATION (here_only_ones_own_messages_begin),
        WITH_STATION (what_is_not_meant_for_this_side_is_refused),
        WITH_STATION (a_test_stays_at_home),
        WITH_STATION (a_frozen_origin_is_refused),
        WITH_STATION (after_a_revocation_only_what_it_names_as_good_counts),
        WITH_STATION (after_a_rotation_the_old_key_is_superseded),
        WITH_STATION (a_message_is_issued_within_the_dates_of_its_credential),
        WITH_STATION (ten_minutes_ahead_is_as_far_as_a_clock_may_be),
        WITH_STATION (what_has_expired_does_not_begin_but_may_arrive),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
