/* SPDX-License-Identifier: Apache-2.0 */
/* What was stored before there was casework, and what comes after it. */
#include "tests/unit/support_clocks.h"
#include "tests/unit/support_due.h"

#include <string.h>

static struct night night;
static struct watch watch;

static void adopt (struct store *store, void *arg)
{
    const int64_t *now = arg;
    casework_begin (store, *now);
    casework_rebuild (store);
}

/* --- Cases --------------------------------------------------------------------------------- */

static int at_night (void **state)
{
    (void) state;
    night_open (&night, "2028-02-27T21:00:00Z");
    return 0;
}

static int night_ends (void **state)
{
    (void) state;
    night_rebuilt (&night);
    night_close (&night);
    return 0;
}

static void adopt_all (void)
{
    for (size_t i = 0; i < DESKS; i++)
        holder_run (&night.desks[i], adopt, &night.now, false);
}

static void what_was_here_before_raises_nothing_and_is_in_no_register (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", true);
    night.now += MINUTE;
    night_step (&night, KHI, id, "step=update");
    adopt_all ();
    night_on (&night, 40 * DAY);
    night_expect (&night, "");
    night_clocks (&night, KHI, id, "");
    night_clocks (&night, KPT, id, "");
    night_breaches (&night, KHI, "");
}

static void from_its_next_step_on_the_clocks_run_as_always (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    adopt_all ();
    night_on (&night, DAY);
    night_expect (&night, "");
    night_step (&night, KHI, id, "step=acknowledge");
    night_clocks (&night, KHI, id, "update due 1d 04:00:00 next remind\n");
    night_on (&night, 3 * HOUR);
    night_expect (&night, "1d 02:00:00 pk.sindh.khi reminder update\n");
}

/* A word of who reported is no acknowledgement: nobody is overdue at once because of it. */
static void another_s_word_does_not_start_what_is_long_past (void **state)
{
    (void) state;
    struct msg_id id = night_report (&night, "S1", false);
    adopt_all ();
    night_on (&night, DAY);
    night_step (&night, KPT, id, "step=update");
    night_on (&night, DAY);
    night_expect (&night, "");
    night_clocks (&night, KHI, id, "");
}

static void what_comes_later_has_its_clocks (void **state)
{
    (void) state;
    night_report (&night, "S1", false);
    adopt_all ();
    night_on (&night, 1);
    struct msg_id id = night_report (&night, "S1", false);
    night_clocks (&night, KHI, id, "acknowledge due 00:15:00.001 next remind\n");
}

static void working_it_out_again_moves_nothing (void **state)
{
    (void) state;
    night_report (&night, "S1", false);
    adopt_all ();
    night_on (&night, DAY);
    struct msg_id id = night_report (&night, "S1", false);
    adopt_all ();
    night_clocks (&night, KHI, id, "acknowledge due 1d 00:15:00 next remind\n");
}

/* --- Sightings ----------------------------------------------------------------------------- */

static int at_watch (void **state)
{
    (void) state;
    watch_open (&watch, "pk.sindh", WORLD_NOW);
    return 0;
}

static int watch_ends (void **state)
{
    (void) state;
    watch_close (&watch);
    return 0;
}

static void put_indicator (struct pack_out *out, const char *value)
{
    pack_put_text (out, "indicators");
    pack_put_array (out, 1);
    pack_put_map (out, 2);
    pack_put_text (out, "type");
    pack_put_text (out, "domain");
    pack_put_text (out, "value");
    pack_put_text (out, value);
}

static void what_was_seen_before_is_told_to_nobody (void **state)
{
    (void) state;
    struct said_by said = { .kind = "incident", .origin = "pk.sindh.kpt", .to = "pk.sindh" };
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 2);
    put_indicator (&body, "evil.example");
    pack_put_text (&body, "title");
    pack_put_text (&body, "seen");
    struct msg_id id = watch_take (&watch, &said, &body);
    holder_run (&watch.holder, adopt, &watch.now, false);
    assert_int_equal (watch_due (&watch), 0);
    said.kind = "update";
    said.thread = id;
    watch.now++;
    pack_init (&body);
    pack_put_map (&body, 2);
    put_indicator (&body, "worse.example");
    pack_put_text (&body, "step");
    pack_put_text (&body, "update");
    watch_take (&watch, &said, &body);
    assert_int_equal (watch_due (&watch), 1);
    struct pack_in in = pack_open (body_field (watch_newest (&watch)->body, "indicators"));
    assert_int_equal (pack_array (&in, 0, 500), 1);
}

/* --- Advisories ---------------------------------------------------------------------------- */

static struct msg_id advise (void)
{
    struct said said = { .by = PK,
                         .kind = "advisory",
                         .to = "pk.**",
                         .body = "acknowledge_by=@86400000 number=N-1 severity=S3 title=Patch" };
    return night_say (&night, &said)->e.id;
}

static void count_clocks (struct store *store, void *arg)
{
    size_t *count = arg;
    struct key after = { .size = 0 };
    struct subject subject;
    struct timer timer;
    while (timers_next_clock (store->journal, &after, &subject, &timer))
        *count += subject.class == SUBJECT_ADVISORY;
}

static size_t clocks_of_advisories (enum desk_of at)
{
    size_t count = 0;
    holder_run (&night.desks[at], count_clocks, &count, false);
    return count;
}

static void an_advisory_of_before_is_due_once_it_is_answered (void **state)
{
    (void) state;
    struct msg_id id = advise ();
    assert_true (clocks_of_advisories (KPT) > 0);
    adopt_all ();
    assert_int_equal (clocks_of_advisories (KPT), 0);
    night_on (&night, 1);
    struct said said = {
        .by = KPT, .kind = "compliance", .to = "pk", .thread = id, .body = "read=@1"
    };
    night_say (&night, &said);
    assert_true (clocks_of_advisories (KPT) > 0);
    assert_int_equal (clocks_of_advisories (KHI), 0);
    assert_int_equal (clocks_of_advisories (PK), 0);
}

static void an_advisory_of_later_is_due_as_always (void **state)
{
    (void) state;
    adopt_all ();
    advise ();
    assert_true (clocks_of_advisories (KPT) > 0);
}

int main (void)
{
#define NIGHT(name) cmocka_unit_test_setup_teardown (name, at_night, night_ends)
#define WATCH(name) cmocka_unit_test_setup_teardown (name, at_watch, watch_ends)
    const struct CMUnitTest tests[] = {
        NIGHT (what_was_here_before_raises_nothing_and_is_in_no_register),
        NIGHT (from_its_next_step_on_the_clocks_run_as_always),
        NIGHT (another_s_word_does_not_start_what_is_long_past),
        NIGHT (what_comes_later_has_its_clocks),
        NIGHT (working_it_out_again_moves_nothing),
        WATCH (what_was_seen_before_is_told_to_nobody),
        NIGHT (an_advisory_of_before_is_due_once_it_is_answered),
        NIGHT (an_advisory_of_later_is_due_as_always),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
