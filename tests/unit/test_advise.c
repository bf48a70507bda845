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
    says (&f, ADVICE_TO_DO, "the parent pk has not been connected for 15 minutes");
    f.parent.lag = 3;
    f.parent.more = true;
    says (&f, ADVICE_NOW, "at least 3 messages wait here safely");
    f.parent.since = NOW - ADVISE_PARENT_MS;
    says (&f, ADVICE_TO_DO, "has not been connected");
    f.parent.refused = "we refused it";
    says (&f, ADVICE_TO_DO, "and last: we refused it");
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
    f.parent.since = NOW;
    says (&f, ADVICE_TO_DO, "has not been connected");
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

static void frozen_parties_quarantine_and_children_are_named (void **state)
{
    (void) state;
    struct facts f = healthy ();
    f.quarantined = 1;
    says (&f, ADVICE_TO_DO, "1 message is in quarantine: certbus quarantine");
    f.frozen = 1;
    f.first_frozen = span_of ("pk.sindh");
    says (&f, ADVICE_TO_DO, "certbus freeze --off pk.sindh");
    f = healthy ();
    f.twice = "NCERT-2026-013";
    says (&f, ADVICE_TO_DO, "the number NCERT-2026-013 stands twice");
    f = healthy ();
    f.children_behind = 2;
    f.child_behind = "pk.punjab";
    says (&f, ADVICE_TO_DO, "2 children are away, with messages waiting for more than a day");
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
        cmocka_unit_test (what_waits_although_the_parent_is_there_is_said),
        cmocka_unit_test (a_clock_that_is_off_is_said_and_one_far_ahead_is_urgent),
        cmocka_unit_test (stale_trust_is_said_and_no_policy_is_urgent),
        cmocka_unit_test (frozen_parties_quarantine_and_children_are_named),
        cmocka_unit_test (the_worst_comes_first_and_nothing_is_left_out),
        cmocka_unit_test (a_link_needs_somebody_when_it_is_away_behind_or_off),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
