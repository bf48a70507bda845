/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/catalog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static void names_are_those_of_the_lists (void **state)
{
    (void) state;
    assert_string_equal (cb_verb_name (CB_VERB_HELLO), "HELLO");
    assert_string_equal (cb_verb_name (CB_VERB_BYE), "BYE");
    assert_string_equal (cb_lane_name (CB_LANE_RECOVERY), "recovery");
    assert_string_equal (cb_tlp_name (CB_TLP_AMBER_STRICT), "TLP:AMBER+STRICT");
    assert_string_equal (cb_mode_name (CB_MODE_TEST), "test");
    assert_string_equal (cb_relation_name (CB_REL_OWN_SECTOR), "own-sector");
}

static void a_reason_has_a_name_for_files_and_a_sentence_for_people (void **state)
{
    (void) state;
    assert_string_equal (cb_reason_name (CB_NO_GRANT), "no-grant");
    assert_string_equal (cb_reason_name (CB_TLP_NEEDS_SEALING), "tlp-needs-sealing");
    assert_string_equal (cb_reason_name (CB_OK), "ok");
    assert_string_equal (cb_reason_text (CB_CHAIN_BROKEN),
                         "a credential is not signed by its issuer");
}

static void a_number_without_a_name_is_a_question_mark (void **state)
{
    (void) state;
    assert_string_equal (cb_verb_name (0), "?");
    assert_string_equal (cb_verb_name (CB_VERB_END), "?");
    assert_string_equal (cb_lane_name (CB_LANE_END), "?");
    assert_string_equal (cb_tlp_name (0), "?");
    assert_string_equal (cb_tlp_name (UINT32_MAX), "?");
    assert_string_equal (cb_reason_name (6), "?");
    assert_string_equal (cb_reason_text (6), "?");
    assert_string_equal (cb_reason_name (CB_REASON_END), "?");
    assert_string_equal (cb_reason_text (UINT32_MAX), "?");
}

static void only_what_a_neighbour_must_not_do_ends_its_session (void **state)
{
    (void) state;
    assert_true (cb_reason_ends_session (CB_BAD_SIGNATURE));
    assert_true (cb_reason_ends_session (CB_OVERRUN));
    assert_false (cb_reason_ends_session (CB_OK));
    assert_false (cb_reason_ends_session (CB_NO_GRANT));
    assert_false (cb_reason_ends_session (6));
    assert_false (cb_reason_ends_session (UINT32_MAX));
}

static void names_are_read_in_any_case_and_a_tlp_without_its_prefix (void **state)
{
    (void) state;
    assert_int_equal (cb_lane_number ("Flash"), CB_LANE_FLASH);
    assert_int_equal (cb_tlp_number ("TLP:RED"), CB_TLP_RED);
    assert_int_equal (cb_tlp_number ("tlp:amber+strict"), CB_TLP_AMBER_STRICT);
    assert_int_equal (cb_tlp_number ("amber"), CB_TLP_AMBER);
    assert_int_equal (cb_mode_number ("LIVE"), CB_MODE_LIVE);
    assert_int_equal (cb_relation_number ("sector-cert"), CB_REL_SECTOR_CERT);
}

static void a_name_that_is_only_begun_or_goes_on_is_none (void **state)
{
    (void) state;
    assert_int_equal (cb_tlp_number (""), -1);
    assert_int_equal (cb_tlp_number ("TLP:"), -1);
    assert_int_equal (cb_tlp_number ("white"), -1);
    assert_int_equal (cb_tlp_number ("amber+"), -1);
    assert_int_equal (cb_lane_number ("flas"), -1);
    assert_int_equal (cb_lane_number ("flashy"), -1);
    assert_int_equal (cb_mode_number ("?"), -1);
}

static void every_name_leads_back_to_its_number (void **state)
{
    (void) state;
    for (int i = 0; i < CB_LANE_END; i++)
        assert_int_equal (cb_lane_number (cb_lane_name ((unsigned) i)), i);
    for (int i = CB_TLP_CLEAR; i < CB_TLP_END; i++)
        assert_int_equal (cb_tlp_number (cb_tlp_name ((unsigned) i)), i);
    for (int i = 0; i < CB_MODE_END; i++)
        assert_int_equal (cb_mode_number (cb_mode_name ((unsigned) i)), i);
    for (int i = 0; i < CB_REL_END; i++)
        assert_int_equal (cb_relation_number (cb_relation_name ((unsigned) i)), i);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (names_are_those_of_the_lists),
        cmocka_unit_test (a_reason_has_a_name_for_files_and_a_sentence_for_people),
        cmocka_unit_test (a_number_without_a_name_is_a_question_mark),
        cmocka_unit_test (only_what_a_neighbour_must_not_do_ends_its_session),
        cmocka_unit_test (names_are_read_in_any_case_and_a_tlp_without_its_prefix),
        cmocka_unit_test (a_name_that_is_only_begun_or_goes_on_is_none),
        cmocka_unit_test (every_name_leads_back_to_its_number),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
