/* SPDX-License-Identifier: Apache-2.0 */
/* What a station's state means, row by row. */
#include "broker/advise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C (1800000000000)
#define MIN INT64_C (60000)
#define DAY INT64_C (86400000)
#define MB  UINT64_C (1048576)

static struct facts healthy (void)
{
    return (struct facts){ .now = NOW,
                           .not_after = NOW + 365 * DAY,
                           .head = NOW - MIN,
                           .has_policy = true,
                           .has_parent = true,
                           .available = 1000 * MB,
                           .reserve = 64 * MB,
                           .twice = "",
                           .parent = { .name = "pk", .open = true, .refused = "" } };
}

/* The first advice, which has this level and these words; "" for none at all. */
static void says (const struct facts *facts, enum advice_level level, const char *words)
{
    struct advices advices;
    advise (facts, &advices);
    if (!*words) {
        if (advices.count)
            fail_msg ("healthy, but: %s", advices.at[0].text);
        return;
    }
    assert_true (advices.count > 0);
    if (advices.at[0].level != level || !strstr (advices.at[0].text, words))
        fail_msg ("level %d: %s", (int) advices.at[0].level, advices.at[0].text);
}

static void a_healthy_station_has_nothing_to_do (void **state)
{
    (void) state;
    struct facts f = healthy ();
    says (&f, ADVICE_HEALTHY, "");
    f.has_parent = false;
    f.parent.open = false;
    says (&f, ADVICE_HEALTHY, "");
}

static void the_credential_is_watched_over_its_life (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.not_after = NOW + 30 * DAY;
    says (&f, ADVICE_HEALTHY, "");
    f.not_after = NOW + 30 * DAY - 1;
    says (&f, ADVICE_TO_DO, "expires in 29 days");
    f.not_after = NOW + 3 * DAY - 1;
    says (&f, ADVICE_NOW, "expires in 2 days");
    f.not_after = NOW - 1;
    says (&f, ADVICE_NOW, "has expired");
    f.revoked = true;
    says (&f, ADVICE_NOW, "has been revoked");
}

static void a_disk_that_fills_is_said_before_it_is_full (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.available = 256 * MB;
    says (&f, ADVICE_HEALTHY, "");
    f.available = 256 * MB - 4;
    says (&f, ADVICE_TO_DO, "filling up: 255 MiB free");
    f.available = 64 * MB - 1;
    says (&f, ADVICE_NOW, "nearly full");
}

static void a_parent_that_is_away_is_urgent_once_something_has_waited (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.parent.open = false;
    f.parent.since = NOW - ADVISE_PARENT_MS - 1;
    says (&f, ADVICE_TO_DO,
          "the parent pk has not been connected for 15 minutes; nothing waits here: check");
    f.parent.since = NOW - ADVISE_MOMENT_MS + 1;
    says (&f, ADVICE_TO_DO, "nothing waits here: ask again in a moment");
    f.parent.lag = 1;
    says (&f, ADVICE_TO_DO, "1 message waits here safely: ask");
    f.parent.since = NOW - ADVISE_PARENT_MS - 1;
    f.parent.lag = 3;
    f.parent.more = true;
    says (&f, ADVICE_NOW, "at least 3 messages wait here safely");
    f.parent.since = NOW - ADVISE_PARENT_MS;
    says (&f, ADVICE_TO_DO, "has not been connected");
    f.parent.refused = "we refused it";
    says (&f, ADVICE_TO_DO, "and last: we refused it; at least 3 messages");
}

static void a_parent_that_refuses_is_not_said_to_be_away (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.parent = (struct link_facts){ .name = "pk",
                                    .since = NOW - 1,
                                    .lag = 2,
                                    .oldest = NOW - ADVISE_PARENT_MS,
                                    .refused = "it refused: the disk is nearly full",
                                    .refusing = true };
    for (int open = 0; open < 2; open++) { /* it lets in, and refuses what comes */
        f.parent.open = open;
        f.parent.oldest = NOW - ADVISE_PARENT_MS;
        says (&f, ADVICE_TO_DO,
              "the parent pk is reached, but it refused: the disk is nearly full; 2 messages wait "
              "here safely: call the parent");
        f.parent.oldest--;
        says (&f, ADVICE_NOW, "is reached, but it refused");
    }
    f.parent.lag = 0;
    says (&f, ADVICE_HEALTHY, "");
    f.parent.open = false;
    says (&f, ADVICE_TO_DO, "it refused: the disk is nearly full: call the parent");
    f.parent.refusing = false;
    says (&f, ADVICE_TO_DO, "the parent pk is not connected, and last: it refused");
}

/* What a person would say, whatever the number. */
static void one_is_one_and_not_one_of_many (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.parent.open = false;
    f.parent.since = NOW;
    says (&f, ADVICE_TO_DO, "the parent pk is not connected; nothing waits here: ask again");
    f.parent.lag = 1;
    says (&f, ADVICE_TO_DO, "the parent pk is not connected; 1 message waits here safely: ask");
    f.parent.more = true;
    says (&f, ADVICE_TO_DO, "at least 1 message waits here safely");
    f.parent.more = false;
    f.parent.open = true;
    f.parent.oldest = NOW - 60 * MIN;
    says (&f, ADVICE_TO_DO, "1 message waits for the parent pk for 1 hour, although");
    f = healthy ();
    f.children_behind = 1;
    f.child_behind = "pk.punjab";
    says (&f, ADVICE_TO_DO, "the child pk.punjab is away, with messages waiting for more");
    f = healthy ();
    f.quarantined = 2;
    says (&f, ADVICE_TO_DO, "2 messages are in quarantine");
}

static void who_was_enrolled_again_after_lost_keys_is_named (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.again = 1;
    f.first_again = "pk.sindh.kpt";
    f.first_again_at = INT64_C (1763845200000);
    says (&f, ADVICE_TO_DO,
          "pk.sindh.kpt was enrolled again after its keys were lost, on 2025-11-22: make sure "
          "that it was meant");
    f.again = 3;
    says (&f, ADVICE_TO_DO, "on 2025-11-22, and 2 more: make sure");
}

static void what_waits_although_the_parent_is_there_is_said (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.parent.lag = 7;
    f.parent.oldest = NOW - ADVISE_WAIT_MS;
    says (&f, ADVICE_HEALTHY, "");
    f.parent.oldest--;
    says (&f, ADVICE_TO_DO, "7 messages wait for the parent pk, the oldest for 10 minutes");
}

static void a_clock_that_is_off_is_said_and_one_far_ahead_is_urgent (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.parent.skew = -ADVISE_SKEW_MS;
    says (&f, ADVICE_HEALTHY, "");
    f.parent.skew = -ADVISE_SKEW_MS - 1;
    says (&f, ADVICE_TO_DO, "this clock is 1 minute ahead of that of pk");
    f.parent.skew = ADVISE_REFUSED_MS + 1;
    says (&f, ADVICE_TO_DO, "this clock is 10 minutes behind that of pk");
    f.parent.skew = -ADVISE_REFUSED_MS - 1;
    says (&f, ADVICE_NOW, "what is sent from here is refused");
    f.parent.open = false; /* of long ago */
    f.parent.since = NOW - MIN;
    says (&f, ADVICE_TO_DO, "has not been connected for 1 minute");
}

static void stale_trust_is_said_and_no_policy_is_urgent (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.stale = true;
    f.head = NOW - 5 * 60 * MIN;
    says (&f, ADVICE_TO_DO, "head of the top party is 5 hours old");
    f.head = 0;
    says (&f, ADVICE_TO_DO, "no head of the top party has come yet");
    f.has_policy = false;
    says (&f, ADVICE_NOW, "there is no policy");
}

static void a_policy_from_before_alarms_is_said_and_who_can_change_that (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.policy_older = true;
    f.top = span_of ("pk");
    says (&f, ADVICE_TO_DO, "pk has to publish a newer one");
}

static void frozen_parties_quarantine_and_children_are_named (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.quarantined = 1;
    says (&f, ADVICE_TO_DO, "1 message is in quarantine: certbus quarantine");
    f.frozen = 1;
    f.first_frozen = "pk.sindh";
    says (&f, ADVICE_TO_DO,
          "1 party is frozen here (pk.sindh, by an officer): call them, then: certbus freeze "
          "--off pk.sindh");
    f.first_frozen_twice = true;
    says (&f, ADVICE_TO_DO, "(pk.sindh, which signed two messages with one number): call them");
    f.frozen = 2;
    says (&f, ADVICE_TO_DO, "2 parties are frozen here (pk.sindh first): call them");
    f = healthy ();
    f.refused = 1;
    f.refused_id = "pk/1-3";
    f.refused_by = "pk.sindh";
    says (&f, ADVICE_TO_DO,
          "1 message of yours was refused by pk.sindh in the last 7 days: certbus show pk/1-3");
    f.refused = 2;
    says (&f, ADVICE_TO_DO,
          "2 messages of yours were refused in the last 7 days (the newest by pk.sindh): certbus "
          "show pk/1-3");
    f.refused = 0;
    f.twice = "NCERT-2026-013";
    says (&f, ADVICE_TO_DO, "the number NCERT-2026-013 stands twice");
    f = healthy ();
    f.children_behind = 2;
    f.child_behind = "pk.punjab";
    says (&f, ADVICE_TO_DO,
          "2 children are away, with messages waiting for more than a day (pk.punjab first)");
}

static void the_worst_comes_first_and_nothing_is_left_out (void **state)
{
    (void) state;
    struct facts f = healthy ();
    struct advices advices;
    f.quarantined = 5;
    f.stale = true;
    f.not_after = NOW - 1;
    f.available = 100 * MB;
    advise (&f, &advices);
    assert_int_equal (advices.count, 4);
    assert_int_equal (advices.at[0].level, ADVICE_NOW);
    assert_non_null (strstr (advices.at[0].text, "expired"));
    for (size_t i = 1; i < 4; i++)
        assert_int_equal (advices.at[i].level, ADVICE_TO_DO);
    assert_non_null (strstr (advices.at[1].text, "disk"));
    assert_non_null (strstr (advices.at[3].text, "quarantine"));
}

static void a_link_needs_somebody_when_it_is_away_behind_or_off (void **state)
{
    (void) state;
    struct link_facts link = { .name = "pk.a", .open = true, .refused = "" };
    assert_false (advise_link (&link, NOW));
    link.lag = 1;
    link.oldest = NOW - ADVISE_WAIT_MS;
    assert_false (advise_link (&link, NOW));
    link.oldest--;
    assert_true (advise_link (&link, NOW));
    link.lag = 0;
    link.skew = ADVISE_SKEW_MS + 1;
    assert_true (advise_link (&link, NOW));
    link = (struct link_facts){ .open = false };
    assert_true (advise_link (&link, NOW));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_healthy_station_has_nothing_to_do),
        cmocka_unit_test (the_credential_is_watched_over_its_life),
        cmocka_unit_test (a_disk_that_fills_is_said_before_it_is_full),
        cmocka_unit_test (a_parent_that_is_away_is_urgent_once_something_has_waited),
        cmocka_unit_test (a_parent_that_refuses_is_not_said_to_be_away),
        cmocka_unit_test (one_is_one_and_not_one_of_many),
        cmocka_unit_test (who_was_enrolled_again_after_lost_keys_is_named),
        cmocka_unit_test (what_waits_although_the_parent_is_there_is_said),
        cmocka_unit_test (a_clock_that_is_off_is_said_and_one_far_ahead_is_urgent),
        cmocka_unit_test (a_policy_from_before_alarms_is_said_and_who_can_change_that),
        cmocka_unit_test (stale_trust_is_said_and_no_policy_is_urgent),
        cmocka_unit_test (frozen_parties_quarantine_and_children_are_named),
        cmocka_unit_test (the_worst_comes_first_and_nothing_is_left_out),
        cmocka_unit_test (a_link_needs_somebody_when_it_is_away_behind_or_off),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
