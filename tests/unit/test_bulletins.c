/* SPDX-License-Identifier: Apache-2.0 */
/* The schedule, subscriptions, drafts and counters in a broker's journal, with an injected clock. */
#include "broker/casework/bulletins.h"

#include "bus/core/when.h"
#include "bus/edge/zone.h"
#include "tests/unit/support_casework.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS  INT64_C (86400000)
#define HOUR_MS INT64_C (3600000)

static const char ours[] = { TABLE_SUBSCRIBERS, TABLE_BULLETINS, TABLE_TOLD, '\0' };
static struct holder holder;
static struct history history;
static int64_t seq;

static int64_t at (const char *text)
{
    int64_t ms;
    if (!when_parse (span_of (text), &ms))
        fail_msg ("%s", text);
    return ms;
}

static void set_zone (struct store *store, void *arg)
{
    char why[ZONE_WHY];
    (void) arg;
    if (store->zone == NULL)
        store->zone = zone_open ("Asia/Karachi", why);
    assert_non_null (store->zone);
}

static int setup (void **state)
{
    (void) state;
    seq = 0;
    holder_open (&holder, "pk");
    holder_run (&holder, set_zone, NULL, false);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    holder_close (&holder);
    history_free (&history);
    return 0;
}

/* --- Messages ------------------------------------------------------------------------------ */

static struct draft draft_of (const char *kind, const char *origin, int64_t issued)
{
    struct draft draft = { .kind = span_of (kind),
                           .issued = issued,
                           .tlp = CB_TLP_AMBER,
                           .audience_count = 1,
                           .audience = { span_of ("pk") },
                           .id = { span_of (origin), { 1, 7 }, ++seq } };
    memcpy (draft.salt, &seq, sizeof seq);
    return draft;
}

/* Stores the newest one of the history. */
static void take_last (void)
{
    size_t last = history.count - 1;
    holder_take (&holder, &history, &last, 1, false);
}

static void add (struct draft *draft, struct pack_out *body)
{
    draft->body = pack_result (body);
    history_add (&history, draft);
    pack_free (body);
}

static void add_subscription (const char *party, bool ended, int64_t issued)
{
    struct draft draft = draft_of ("subscription", party, issued);
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 3);
    pack_put_text (&body, "edition");
    pack_put_text (&body, "cabinet");
    pack_put_text (&body, "ended");
    pack_put_bool (&body, ended);
    pack_put_text (&body, "topic");
    pack_put_text (&body, "bulletin");
    add (&draft, &body);
}

static void subscribe (const char *party, bool ended, const char *issued)
{
    add_subscription (party, ended, at (issued));
    take_last ();
}

/* A bulletin of this party for the period that ends then. */
static void add_bulletin (const char *status, int64_t until, int64_t issued)
{
    struct draft draft = draft_of ("bulletin", "pk", issued);
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 3);
    pack_put_text (&body, "edition");
    pack_put_text (&body, "cabinet");
    pack_put_text (&body, "period");
    pack_put_map (&body, 1);
    pack_put_text (&body, "until");
    pack_put_int (&body, until);
    pack_put_text (&body, "status");
    pack_put_text (&body, status);
    add (&draft, &body);
}

/* --- What is due --------------------------------------------------------------------------- */

struct look {
    bool schedule;
    int64_t now; /* fires what is due then */
    size_t due;
    struct timer timer; /* the next one */
    struct subject subject;
    bool made;
    char kind[16], what[16];
    int64_t from, until;
};

static void look_run (struct store *store, void *arg)
{
    struct look *look = arg;
    struct key after = { .size = 0 };
    struct subject subject;
    struct timer timer;
    look->timer.at = TIMER_NEVER;
    while (timers_next (store->journal, &after, &subject, &timer)) {
        if (subject.class != SUBJECT_BULLETIN || (subject.key.size == 0) != look->schedule)
            continue;
        if (look->timer.at == TIMER_NEVER) {
            look->timer = timer;
            look->subject = subject;
        }
        look->due += timer.at <= look->now;
    }
    if (look->due == 0)
        return;
    struct deed deed;
    look->made = bulletins_fire (store, &look->subject, &look->timer, look->now, &deed);
    if (!look->made)
        return;
    span_text (deed.draft.kind, look->kind, sizeof look->kind);
    if (look->schedule) {
        const struct bulletin_work *work = (const struct bulletin_work *) (const void *) deed.bytes;
        look->from = work->b.from;
        look->until = work->b.until;
    } else
        span_text (body_text (deed.draft.body, "what"), look->what, sizeof look->what);
    deed_free (&deed);
}

static struct look look_at (bool schedule, int64_t now)
{
    struct look look = { .schedule = schedule, .now = now };
    holder_run (&holder, look_run, &look, false);
    return look;
}

static void assert_time (int64_t ms, const char *expected)
{
    char text[WHEN_TEXT];
    when_text (ms, text);
    assert_string_equal (text, expected);
}

/* What the broker does at a moment: at most one draft. */
static bool tick (int64_t now)
{
    struct look look = look_at (true, now);
    if (look.due == 0)
        return false;
    assert_true (look.made);
    assert_string_equal (look.kind, "bulletin");
    add_bulletin ("draft", look.until, now);
    take_last ();
    return true;
}

/* --- Tests --------------------------------------------------------------------------------- */

static void without_a_subscriber_nothing_is_due (void **state)
{
    (void) state;
    assert_int_equal (look_at (true, INT64_MAX - 1).timer.at, TIMER_NEVER);
    subscribe ("pk.cabinet", false, "2028-01-05T10:00:00+05:00");
    assert_time (look_at (true, 0).timer.at, "2028-01-10T04:00:00Z");
    subscribe ("pk.cabinet", true, "2028-01-06T10:00:00+05:00");
    assert_int_equal (look_at (true, INT64_MAX - 1).timer.at, TIMER_NEVER);
    subscribe ("pk.cabinet", false, "2028-01-12T10:00:00+05:00");
    assert_time (look_at (true, 0).timer.at, "2028-01-17T04:00:00Z");
}

static void a_year_has_one_draft_a_week_over_restarts_and_a_leap_day (void **state)
{
    (void) state;
    int64_t begin = at ("2028-01-01T00:00:00+05:00"), until = 0;
    subscribe ("pk.cabinet", false, "2028-01-01T00:00:00+05:00");
    int drafts = 0;
    for (int64_t now = begin; now < begin + 366 * DAY_MS; now += 6 * HOUR_MS) {
        if (!tick (now))
            continue;
        drafts++;
        assert_false (tick (now));
        struct look next = look_at (true, 0);
        if (until > 0)
            assert_int_equal (next.timer.at - until, 7 * DAY_MS);
        until = next.timer.at;
        if (drafts % 10 == 0) {
            holder_restart (&holder);
            holder_run (&holder, set_zone, NULL, false);
            assert_int_equal (look_at (true, 0).timer.at, until);
        }
    }
    assert_int_equal (drafts, 52);
    assert_time (until, "2029-01-01T04:00:00Z");
}

static void what_was_missed_for_three_weeks_is_one_draft_of_the_last_one (void **state)
{
    (void) state;
    subscribe ("pk.cabinet", false, "2028-02-09T00:00:00+05:00");
    int64_t now = at ("2028-03-08T15:00:00+05:00");
    struct look look = look_at (true, now);
    assert_time (look.timer.at, "2028-02-14T04:00:00Z");
    assert_true (look.made);
    assert_time (look.from, "2028-02-28T04:00:00Z");
    assert_time (look.until, "2028-03-06T04:00:00Z");
    assert_true (tick (now));
    assert_false (tick (now));
    assert_time (look_at (true, 0).timer.at, "2028-03-13T04:00:00Z");
}

static void a_draft_that_waits_raises_an_alarm_until_it_is_approved (void **state)
{
    (void) state;
    int64_t until = at ("2028-03-06T04:00:00Z");
    add_bulletin ("draft", until, until + 1000);
    take_last ();
    assert_int_equal (look_at (false, 0).timer.at, until + 1000 + 4 * HOUR_MS);
    /* To edit it gives no more time. */
    add_bulletin ("draft", until, until + HOUR_MS);
    take_last ();
    struct look look = look_at (false, until + 5 * HOUR_MS);
    assert_int_equal (look.due, 1);
    assert_int_equal (look.timer.at, until + 1000 + 4 * HOUR_MS);
    assert_string_equal (look.kind, "alarm");
    assert_string_equal (look.what, "bulletin");
    add_bulletin ("final", until, until + 6 * HOUR_MS);
    take_last ();
    assert_int_equal (look_at (false, INT64_MAX - 1).timer.at, TIMER_NEVER);
}

static void count_run (struct store *store, void *arg)
{
    size_t *count = arg;
    struct key after = { .size = 0 };
    struct subscriber one;
    while (subscribers_next (store->journal, BULLETIN_OWN, &after, &one))
        *count += !one.ended;
}

static void the_last_word_counts_in_whatever_order_it_came (void **state)
{
    (void) state;
    struct pack_out first, now;
    int64_t until = at ("2028-03-06T04:00:00Z");
    add_subscription ("pk.cabinet", false, 1000);
    add_subscription ("pk.cabinet", true, 2000);
    add_subscription ("pk.auditor", false, 1500);
    add_bulletin ("draft", until, until + 1000);
    add_bulletin ("draft", until, until + 2000);
    add_bulletin ("final", until, until + 3000);
    for (size_t turn = 0; turn < 6; turn++) {
        size_t order[6];
        for (size_t i = 0; i < 6; i++)
            order[i] = (i * 5 + turn) % 6; /* 5 and 6 have no common divisor */
        holder_take (&holder, &history, order, 6, false);
        struct look look = look_at (true, 0);
        size_t subscribed = 0;
        assert_time (look.timer.at, "2028-03-13T04:00:00Z");
        holder_run (&holder, count_run, &subscribed, false);
        assert_int_equal (subscribed, 1);
        assert_int_equal (look_at (false, INT64_MAX - 1).timer.at, TIMER_NEVER);
        holder_dump (&holder, ours, &first);
        holder_rebuild (&holder);
        holder_dump (&holder, ours, &now);
        assert_true (span_equal (pack_result (&first), pack_result (&now)));
        pack_free (&first);
        pack_free (&now);
        holder_close (&holder);
        holder_open (&holder, "pk");
        holder_run (&holder, set_zone, NULL, false);
    }
}

/* --- Counters ------------------------------------------------------------------------------ */

struct sums {
    struct bulletin_period period;
    int64_t total, fakes;
    struct bulletin_rows classes, provinces;
    size_t grave;
};

static void sums_run (struct store *store, void *arg)
{
    struct sums *sums = arg;
    struct key after = { .size = 0 };
    struct case_state state;
    sums->total = counts_total (store->journal, BULLETIN_BY_ALL, &sums->period);
    sums->fakes = counts_total (store->journal, COUNTS_FAKES, &sums->period);
    counts_add (store->journal, BULLETIN_BY_CLASS, &sums->period, false, &sums->classes);
    counts_add (store->journal, BULLETIN_BY_PROVINCE, &sums->period, false, &sums->provinces);
    for (uint8_t *bytes; (bytes = grave_next (store->journal, &after, &state)) != NULL;
         free (bytes))
        sums->grave++;
}

static struct sums sums_of (int64_t from, int64_t until)
{
    struct sums sums = { .period = { from, until } };
    holder_run (&holder, sums_run, &sums, false);
    return sums;
}

static void add_report (const char *origin, int64_t issued, unsigned mode)
{
    struct draft draft = draft_of ("incident", origin, issued);
    struct pack_out body;
    draft.mode = mode;
    if (mode == CB_MODE_EXERCISE)
        draft.exercise = (struct msg_id){ span_of ("pk"), { 1, 7 }, 1 };
    pack_init (&body);
    pack_put_map (&body, 5);
    pack_put_text (&body, "description");
    pack_put_text (&body, "what happened");
    pack_put_text (&body, "severity");
    pack_put_text (&body, "S1");
    pack_put_text (&body, "times");
    pack_put_map (&body, 1);
    pack_put_text (&body, "aware");
    pack_put_int (&body, issued);
    pack_put_text (&body, "title");
    pack_put_text (&body, "it happened");
    pack_put_text (&body, "type");
    pack_put_text (&body, "malicious-code/infected-system");
    add (&draft, &body);
    take_last ();
}

/* A step of the lead in the newest report's case. */
static void triage (const char *key, const char *value, int64_t issued)
{
    struct msg_id id = history.messages[0].e.id;
    struct draft draft = draft_of ("update", "pk", issued);
    struct pack_out body;
    bool before = strcmp (key, "step") < 0;
    draft.thread = id;
    draft.schema = 2;
    pack_init (&body);
    pack_put_map (&body, 2);
    if (before) {
        pack_put_text (&body, key);
        pack_put_text (&body, value);
    }
    pack_put_text (&body, "step");
    pack_put_text (&body, "triage");
    if (!before) {
        pack_put_text (&body, key);
        pack_put_text (&body, value);
    }
    add (&draft, &body);
    take_last ();
}

static void a_case_is_counted_where_it_belongs_and_once (void **state)
{
    (void) state;
    int64_t begin = at ("2028-03-06T04:00:00Z"), end = begin + 7 * DAY_MS;
    add_report ("pk.sindh.kpt", begin, CB_MODE_LIVE);
    add_report ("pk.punjab", end, CB_MODE_LIVE);
    add_report ("pk.sindh.kpt", begin + 1, CB_MODE_TEST);
    struct sums sums = sums_of (begin, end);
    assert_int_equal (sums.total, 1);
    assert_int_equal (sums.grave, 2);
    assert_int_equal (sums.classes.count, 1);
    assert_string_equal (sums.classes.at[0].name, "malicious-code");
    assert_string_equal (sums.provinces.at[0].name, "sindh");
    assert_int_equal (sums_of (end, end + 1).total, 1);
    assert_int_equal (sums_of (0, begin).total, 0);

    triage ("type", "fraud/phishing", begin + HOUR_MS);
    sums = sums_of (begin, end);
    assert_int_equal (sums.total, 1);
    assert_int_equal (sums.fakes, 1);
    assert_int_equal (sums.classes.count, 1);
    assert_string_equal (sums.classes.at[0].name, "fraud");
    triage ("severity", "S4", begin + 2 * HOUR_MS);
    assert_int_equal (sums_of (begin, end).grave, 1);
    triage ("disposition", "refuted", begin + 3 * HOUR_MS);
    sums = sums_of (begin, end);
    assert_int_equal (sums.total + sums.fakes + (int64_t) sums.classes.count, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (without_a_subscriber_nothing_is_due, setup, teardown),
        cmocka_unit_test_setup_teardown (a_year_has_one_draft_a_week_over_restarts_and_a_leap_day,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (
            what_was_missed_for_three_weeks_is_one_draft_of_the_last_one, setup, teardown),
        cmocka_unit_test_setup_teardown (a_draft_that_waits_raises_an_alarm_until_it_is_approved,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (the_last_word_counts_in_whatever_order_it_came, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_case_is_counted_where_it_belongs_and_once, setup,
                                         teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
