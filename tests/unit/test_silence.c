/* SPDX-License-Identifier: Apache-2.0 */
/* Who is heard and who answers for a month, with a time that is made up. */
#include "broker/casework/silence.h"
#include "bus/core/when.h"
#include "bus/edge/zone.h"
#include "tests/unit/support_due.h"

#include <string.h>

#define HOUR INT64_C (3600000)

static struct watch watch;

static int64_t at (const char *text)
{
    int64_t ms;
    assert_true (when_parse (span_of (text), &ms));
    return ms;
}

static int setup (void **state)
{
    char why[ZONE_WHY];
    (void) state;
    watch_open (&watch, "pk.sindh", at ("2028-02-10T00:00:00Z"));
    watch.holder.store->zone = zone_open ("Asia/Karachi", why);
    assert_non_null (watch.holder.store->zone);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    watch_close (&watch);
    return 0;
}

struct noted {
    struct heard heard;
    int64_t now;
    bool gone;
};

static void note_run (struct store *store, void *arg)
{
    const struct noted *noted = arg;
    if (noted->gone)
        heard_forget (store, noted->heard.party);
    else
        heard_put (store, &noted->heard, noted->now);
    if (returns_next (store, noted->now) > 0)
        casework_touch (store, &(struct subject){ .class = SUBJECT_RETURN });
}

static void hear (const char *party, const char *role, int64_t when)
{
    struct noted noted = { { span_of (party), span_of (role), when, at ("2028-01-01T00:00:00Z") },
                           watch.now,
                           false };
    holder_run (&watch.holder, note_run, &noted, false);
}

static void expect_alarm (const char *what, const char *party)
{
    const struct envelope *e = watch_newest (&watch);
    assert_true (span_is (e->kind, "alarm"));
    assert_true (span_is (body_text (e->body, "what"), what));
    assert_true (span_is (body_text (e->body, "party"), party));
}

static void a_body_that_is_silent_for_a_day_is_one_alarm (void **state)
{
    (void) state;
    int64_t began = watch.now;
    hear ("pk.sindh.kpt", "organisation", began);
    watch.now = began + 24 * HOUR - 1;
    assert_int_equal (watch_due (&watch), 0);
    watch.now++;
    assert_int_equal (watch_due (&watch), 1);
    expect_alarm ("silent", "pk.sindh.kpt");
    watch.now += 5 * 24 * HOUR;
    assert_int_equal (watch_due (&watch), 0);
}

static void whoever_speaks_is_not_silent_and_may_be_so_again (void **state)
{
    (void) state;
    int64_t began = watch.now;
    hear ("pk.sindh.kpt", "organisation", began);
    watch.now = began + 23 * HOUR;
    hear ("pk.sindh.kpt", "organisation", watch.now);
    watch.now = began + 46 * HOUR;
    assert_int_equal (watch_due (&watch), 0);
    watch.now = began + 47 * HOUR;
    assert_int_equal (watch_due (&watch), 1);
    hear ("pk.sindh.kpt", "organisation", watch.now);
    watch.now += 24 * HOUR;
    assert_int_equal (watch_due (&watch), 1);
}

static void a_cert_is_missed_after_an_hour_and_one_that_was_never_heard_counts_from_now (
    void **state)
{
    (void) state;
    hear ("pk.sindh.khi", "provincial", 0);
    watch.now += HOUR;
    assert_int_equal (watch_due (&watch), 1);
    expect_alarm ("silent", "pk.sindh.khi");
}

static void who_is_a_child_no_more_is_not_missed (void **state)
{
    (void) state;
    hear ("pk.sindh.kpt", "organisation", watch.now);
    struct noted noted = { .heard = { .party = span_of ("pk.sindh.kpt") }, .gone = true };
    holder_run (&watch.holder, note_run, &noted, false);
    watch.now += 48 * HOUR;
    assert_int_equal (watch_due (&watch), 0);
}

/* --- Months -------------------------------------------------------------------------------- */

static void say (const char *party, const char *kind, const char *period, unsigned mode)
{
    struct said_by said = { .kind = kind, .origin = party, .to = "pk.sindh", .mode = mode };
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 1);
    pack_put_text (&body, period != NULL ? "period" : "title");
    pack_put_text (&body, period != NULL ? period : "an incident");
    watch_take (&watch, &said, &body);
}

/* All are heard, so that nobody is silent besides. */
static void all_heard (void)
{
    static const char *const parties[] = { "pk.sindh.a", "pk.sindh.b", "pk.sindh.c", "pk.sindh.d" };
    for (size_t i = 0; i < sizeof parties / sizeof parties[0]; i++)
        hear (parties[i], "organisation", watch.now);
}

static void who_has_not_answered_for_a_leap_february_is_named_five_days_later (void **state)
{
    (void) state;
    all_heard ();
    say ("pk.sindh.a", "incident", NULL, CB_MODE_LIVE);
    say ("pk.sindh.b", "nil-return", "2028-02", CB_MODE_LIVE);
    say ("pk.sindh.c", "nil-return", "2028-01", CB_MODE_LIVE);
    say ("pk.sindh.d", "incident", NULL, CB_MODE_TEST);
    watch.now = at ("2028-03-05T18:59:59Z"); /* the sixth begins at 19:00 in Karachi */
    all_heard ();
    assert_int_equal (watch_due (&watch), 0);
    watch.now += 1000;
    assert_int_equal (watch_due (&watch), 1);
    expect_alarm ("missing", "");
    const struct envelope *e = watch_newest (&watch);
    assert_int_equal (body_int (e->body, "count", 0), 2);
    struct span text = body_text (e->body, "text");
    assert_non_null (memmem (text.data, text.size, "pk.sindh.c, pk.sindh.d.", 23));
    /* Once; the next month is another one. */
    all_heard ();
    assert_int_equal (watch_due (&watch), 0);
    watch.now = at ("2028-04-05T19:00:00Z");
    all_heard ();
    assert_int_equal (watch_due (&watch), 1);
    assert_int_equal (body_int (watch_newest (&watch)->body, "count", 0), 4);
}

static void nobody_answers_for_a_month_before_its_enrolment (void **state)
{
    (void) state;
    watch.now = at ("2027-12-20T00:00:00Z");
    all_heard (); /* they are enrolled in January */
    watch.now = at ("2028-01-05T19:00:00Z");
    all_heard ();
    assert_int_equal (watch_due (&watch), 1);
    assert_int_equal (body_int (watch_newest (&watch)->body, "count", -1), 0);
}

static void a_nil_return_for_no_month_is_none (void **state)
{
    (void) state;
    all_heard ();
    say ("pk.sindh.a", "nil-return", "2028/02", CB_MODE_LIVE);
    assert_int_equal (returns_get (watch.holder.store->journal, "2028/02", span_of ("pk.sindh.a")),
                      0);
}

static void a_nil_return_for_a_month_to_come_is_none (void **state)
{
    (void) state;
    all_heard ();
    struct journal *journal = watch.holder.store->journal;
    say ("pk.sindh.a", "nil-return", "9999-12", CB_MODE_LIVE);
    assert_int_equal (returns_get (journal, "9999-12", span_of ("pk.sindh.a")), 0);
    say ("pk.sindh.a", "nil-return", "2028-03", CB_MODE_LIVE);
    assert_int_equal (returns_get (journal, "2028-03", span_of ("pk.sindh.a")), 0);
    watch.now = at ("2028-03-01T00:00:00Z");
    say ("pk.sindh.a", "nil-return", "2028-03", CB_MODE_LIVE);
    assert_int_not_equal (returns_get (journal, "2028-03", span_of ("pk.sindh.a")), 0);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (a_body_that_is_silent_for_a_day_is_one_alarm),
        TEST (whoever_speaks_is_not_silent_and_may_be_so_again),
        TEST (a_cert_is_missed_after_an_hour_and_one_that_was_never_heard_counts_from_now),
        TEST (who_is_a_child_no_more_is_not_missed),
        TEST (who_has_not_answered_for_a_leap_february_is_named_five_days_later),
        TEST (nobody_answers_for_a_month_before_its_enrolment),
        TEST (a_nil_return_for_no_month_is_none),
        TEST (a_nil_return_for_a_month_to_come_is_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
