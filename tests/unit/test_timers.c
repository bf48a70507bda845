/* SPDX-License-Identifier: Apache-2.0 */
/* What is due when: the ordered tables of all clocks. */
#include "broker/casework/alarms.h"

#include "bus/edge/log.h"
#include "tests/unit/support_journal.h"

#include <string.h>

#define MANY 100000
#define HOUR INT64_C (3600000)

static struct store store;

static int setup (void **state)
{
    if (desk_setup (state) != 0)
        return -1;
    store = (struct store){ .journal = ((struct desk *) *state)->journal, .self = "pk.sindh" };
    begin_batch (store.journal);
    return 0;
}

static int teardown (void **state)
{
    commit_batch (store.journal);
    return desk_teardown (state);
}

static struct subject case_of (int64_t seq)
{
    struct msg_id id = { .origin = span_of ("pk.sindh.kpt"), .epoch = { 1, 42 }, .seq = seq };
    struct subject subject;
    subject_id (&subject, SUBJECT_CASE, &id);
    return subject;
}

static struct timer timer_of (const char *clock, int64_t at, unsigned step)
{
    struct timer timer = { .at = at, .started = 5, .step = step, .due = 1000 };
    snprintf (timer.clock, sizeof timer.clock, "%s", clock);
    return timer;
}

static void set (int64_t seq, const struct timer *timers, size_t count)
{
    struct subject subject = case_of (seq);
    timers_set (&store, &subject, timers, count);
}

/* The next one to come is this. */
static void expect (struct key *after, int64_t seq, int64_t at, unsigned step)
{
    struct subject subject, meant = case_of (seq);
    struct timer timer;
    assert_true (timers_next (store.journal, after, &subject, &timer));
    assert_memory_equal (&subject, &meant, sizeof subject);
    assert_int_equal (timer.at, at);
    assert_int_equal (timer.step, step);
    assert_int_equal (timer.due, 1000);
    assert_int_equal (timer.started, 5);
}

static void expect_no_more (struct key *after)
{
    struct subject subject;
    struct timer timer;
    assert_false (timers_next (store.journal, after, &subject, &timer));
}

static void timers_of_all_subjects_come_in_the_order_of_time (void **state)
{
    (void) state;
    struct key after = { .size = 0 };
    set (256, (struct timer[]){ timer_of ("update", 300, 1), timer_of ("update", 100, 0) }, 2);
    set (1, (struct timer[]){ timer_of ("acknowledge", 200, 1) }, 1);
    expect (&after, 256, 100, 0);
    expect (&after, 1, 200, 1);
    expect (&after, 256, 300, 1);
    expect_no_more (&after);
    assert_int_equal (timers_first (store.journal), 100);
}

static void a_set_takes_the_place_of_the_one_before (void **state)
{
    (void) state;
    struct subject subject = case_of (1);
    struct timer held[TIMERS_MAX];
    struct key after = { .size = 0 };
    set (1, (struct timer[]){ timer_of ("update", 300, 1), timer_of ("update", 100, 0) }, 2);
    set (1, (struct timer[]){ timer_of ("close", 50, 2), timer_of ("update", 300, 1) }, 2);
    assert_int_equal (timers_get (store.journal, &subject, held), 2);
    assert_string_equal (held[0].clock, "close");
    assert_string_equal (held[1].clock, "update");
    expect (&after, 1, 50, 2);
    expect (&after, 1, 300, 1);
    expect_no_more (&after);
    set (1, NULL, 0);
    assert_int_equal (timers_get (store.journal, &subject, held), 0);
    assert_int_equal (timers_first (store.journal), TIMER_NEVER);
    after.size = 0;
    expect_no_more (&after);
}

static void what_did_not_change_is_not_written (void **state)
{
    (void) state;
    struct timer two[] = { timer_of ("update", 300, 1), timer_of ("update", 100, 0) };
    set (1, two, 2);
    store.timers_moved = false;
    set (1, (struct timer[]){ two[1], two[0] }, 2);
    assert_false (store.timers_moved);
    two[0].due = 1001;
    set (1, two, 2);
    assert_true (store.timers_moved);
}

static void a_clock_has_one_row_in_the_order_of_its_breach (void **state)
{
    (void) state;
    struct key after = { .size = 0 };
    struct subject subject, second = case_of (2), first = case_of (1);
    struct timer timer, late = timer_of ("close", TIMER_NEVER, 2);
    late.due = 7;
    set (1, (struct timer[]){ timer_of ("update", 300, 1), timer_of ("update", 100, 0) }, 2);
    set (2, &late, 1);
    assert_true (timers_next_clock (store.journal, &after, &subject, &timer));
    assert_memory_equal (&subject, &second, sizeof subject);
    assert_int_equal (timer.due, 7);
    assert_int_equal (timer.at, TIMER_NEVER);
    assert_true (timers_next_clock (store.journal, &after, &subject, &timer));
    assert_memory_equal (&subject, &first, sizeof subject);
    assert_string_equal (timer.clock, "update");
    assert_int_equal (timer.at, 100);
    assert_int_equal (timer.step, 0);
    assert_int_equal (timer.due, 1000);
    assert_int_equal (timer.started, 5);
    assert_false (timers_next_clock (store.journal, &after, &subject, &timer));
    /* It is shown, and never due. */
    set (1, NULL, 0);
    assert_int_equal (timers_first (store.journal), TIMER_NEVER);
}

static void what_was_raised_is_told_by_clock_start_step_and_level (void **state)
{
    (void) state;
    struct subject subject = case_of (1), other = case_of (2);
    struct timer timer = timer_of ("update", 300, 1), later = timer;
    later.started = 6;
    assert_int_equal (raised_get (store.journal, &subject, &timer, 2), 0);
    raised_put (&store, &subject, &timer, 2, 17);
    raised_put (&store, &subject, &timer, 2, 18);
    assert_int_equal (raised_get (store.journal, &subject, &timer, 2), 17);
    assert_int_equal (raised_get (store.journal, &subject, &timer, 1), 0);
    assert_int_equal (raised_get (store.journal, &subject, &later, 2), 0);
    assert_int_equal (raised_get (store.journal, &other, &timer, 2), 0);
    timer.step = 2;
    assert_int_equal (raised_get (store.journal, &subject, &timer, 2), 0);
}

/* Ten of them are due; the look reads those and the first that is not. */
static void a_look_costs_what_is_due_and_not_what_waits (void **state)
{
    (void) state;
    struct subject subject;
    struct timer timer;
    int64_t begun = clock_steady ();
    for (int64_t i = 1; i <= MANY; i++) {
        timer = timer_of ("update", HOUR + i * 1000, 1);
        set (i, &timer, 1);
    }
    int64_t made = clock_steady () - begun;
    int64_t now = HOUR + 10 * 1000;
    size_t looks = 10000, due = 0, read = 0;
    begun = clock_steady ();
    for (size_t i = 0; i < looks; i++) {
        struct key after = { .size = 0 };
        while (timers_next (store.journal, &after, &subject, &timer)) {
            read++;
            if (timer.at > now)
                break;
            due++;
        }
    }
    int64_t took = clock_steady () - begun;
    assert_int_equal (due, looks * 10);
    assert_int_equal (read, looks * 11);
    print_message ("%d timers set in %lld ms; a look at 10 that are due: %.1f us\n", MANY,
                   (long long) made, (double) took * 1000 / (double) looks);
    /* What an idle tick reads, and nothing else. */
    store.timers_moved = true;
    timers_tell (&store);
    assert_int_equal (store.timers_first, HOUR + 1000);
}

/* --- Alarms -------------------------------------------------------------------------------- */

static const uint8_t no_signature[SIG_SIZE];

/* The deed as it comes back from the journal. */
static void sent (struct deed *deed, struct pack_out *bytes, struct envelope *e)
{
    struct pack_out draft;
    pack_init (&draft);
    pack_init (bytes);
    deed->draft.id = (struct msg_id){ span_of ("pk.sindh"), { 1, 7 }, 9 };
    deed->draft.issued = HOUR;
    deed->draft.schema = 1;
    draft_pack (&deed->draft, &draft);
    envelope_pack (bytes, pack_result (&draft), 1, 0, NULL, 0, no_signature);
    assert_int_equal (envelope_parse (e, pack_result (bytes)), CB_OK);
    pack_free (&draft);
}

static struct alarm an_alarm (const char *what)
{
    return (struct alarm){ .what = what,
                           .clock = "update",
                           .step = 1,
                           .started = 5,
                           .due = 1000,
                           .severity = "S1",
                           .title = "No update",
                           .text = "",
                           .call = "",
                           .count = -1 };
}

static void an_alarm_tells_what_it_was_raised_for (void **state)
{
    (void) state;
    struct alarm alarm = an_alarm ("breach");
    struct msg_id id = { .origin = span_of ("pk.sindh.kpt"), .epoch = { 1, 42 }, .seq = 3 };
    struct subject meant = case_of (3);
    struct deed deed;
    struct pack_out bytes;
    struct envelope e;
    struct raised raised;
    alarm.thread = id;
    alarm_deed (&deed, span_of ("pk.sindh"), &alarm);
    sent (&deed, &bytes, &e);
    assert_int_equal (e.precedence, CB_LANE_FLASH);
    assert_true (raised_of (&raised, &e, span_of ("pk.sindh")));
    assert_memory_equal (&raised.subject, &meant, sizeof meant);
    assert_string_equal (raised.timer.clock, "update");
    assert_int_equal (raised.timer.started, 5);
    assert_int_equal (raised.timer.step, 1);
    assert_int_equal (raised.level, 2);
    assert_false (raised_of (&raised, &e, span_of ("pk")));
    pack_free (&bytes);
    deed_free (&deed);
}

static void a_party_is_told_by_its_name_and_a_schedule_by_nothing (void **state)
{
    (void) state;
    static const struct {
        const char *what;
        enum subject_class class;
        const char *key;
    } rows[] = { { "silent", SUBJECT_SILENCE, "pk.sindh.kpt" },
                 { "pattern", SUBJECT_PATTERN, "update" },
                 { "missing", SUBJECT_RETURN, NULL },
                 { "bulletin", SUBJECT_BULLETIN, NULL } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct alarm alarm = an_alarm (rows[i].what);
        struct deed deed;
        struct pack_out bytes;
        struct envelope e;
        struct raised raised;
        struct subject meant = { .class = rows[i].class };
        if (rows[i].key != NULL)
            subject_text (&meant, rows[i].class, span_of (rows[i].key));
        alarm.party = span_of ("pk.sindh.kpt");
        alarm.severity = "S3";
        alarm_deed (&deed, span_of ("pk.sindh"), &alarm);
        sent (&deed, &bytes, &e);
        assert_int_equal (e.precedence, CB_LANE_ROUTINE);
        assert_true (raised_of (&raised, &e, span_of ("pk.sindh")));
        assert_memory_equal (&raised.subject, &meant, sizeof meant);
        pack_free (&bytes);
        deed_free (&deed);
    }
}

static void a_title_is_cut_between_characters (void **state)
{
    (void) state;
    char title[400];
    struct alarm alarm = an_alarm ("clock");
    struct deed deed;
    struct pack_out bytes;
    struct envelope e;
    struct raised raised;
    memset (title, 'x', sizeof title);
    title[399] = '\0';
    memcpy (title + 299, "\xd8\xa7", 2);
    alarm.title = title;
    alarm_deed (&deed, span_of ("pk.sindh"), &alarm);
    sent (&deed, &bytes, &e);
    assert_int_equal (body_text (e.body, "title").size, 299);
    assert_false (raised_of (&raised, &e, span_of ("pk.sindh")));
    pack_free (&bytes);
    deed_free (&deed);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (timers_of_all_subjects_come_in_the_order_of_time),
        TEST (a_set_takes_the_place_of_the_one_before),
        TEST (what_did_not_change_is_not_written),
        TEST (a_clock_has_one_row_in_the_order_of_its_breach),
        TEST (what_was_raised_is_told_by_clock_start_step_and_level),
        TEST (a_look_costs_what_is_due_and_not_what_waits),
        TEST (an_alarm_tells_what_it_was_raised_for),
        TEST (a_party_is_told_by_its_name_and_a_schedule_by_nothing),
        TEST (a_title_is_cut_between_characters),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
