/* SPDX-License-Identifier: Apache-2.0 */
/* Exercises as a journal has them: what is taken, what is due, the same from the log again. */
#include "broker/casework/exercises.h"
#include "broker/casework/timers.h"

#include "tests/unit/support_casework.h"

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define T0  INT64_C (1800000000000)
#define MIN INT64_C (60000)

static struct holder pk;
static int setup (void **state)
{
    (void) state;
    holder_open (&pk, "pk");
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    holder_close (&pk);
    return 0;
}

/* One message of `origin`; the body is taken over. */
struct said {
    const char *origin, *kind, *to, *by;
    int64_t seq, issued;
    unsigned mode;
    const struct msg_id *exercise, *thread;
};

/* Refused or not: `stored` says. */
static void take_run (struct store *store, void *arg)
{
    const struct message *message = arg;
    struct verdict verdict = { .reason = CB_OK };
    bool own = span_is (message->e.id.origin, store->self);
    struct intake_batch batch = { .from = span_of (own ? "" : "pk.sindh"),
                                  .now = message->e.issued };
    struct item item;
    item_from (&item, &message->e, &verdict);
    take_item (store, &batch, &item);
    item_clear (&item);
}

static struct msg_id say (const struct said *said, struct pack_out *body)
{
    struct draft draft = { .kind = span_of (said->kind),
                           .id = { span_of (said->origin), { 1, 7 }, said->seq },
                           .audience_count = 1,
                           .audience = { span_of (said->to) },
                           .precedence = CB_LANE_FLASH,
                           .tlp = CB_TLP_GREEN,
                           .mode = said->mode,
                           .issued = said->issued,
                           .officer = span_of (said->by != NULL ? said->by : ""),
                           .body = pack_result (body) };
    if (said->exercise != NULL)
        draft.exercise = *said->exercise;
    if (said->thread != NULL)
        draft.thread = *said->thread;
    struct message message;
    message_make_flash (&message, &draft);
    holder_run (&pk, take_run, &message, false);
    message_free (&message);
    pack_free (body);
    return draft.id;
}

static void body_step (struct pack_out *out, const char *step)
{
    pack_init (out);
    pack_put_map (out, 1);
    pack_put_text (out, "step");
    pack_put_text (out, step);
}

static void body_report (struct pack_out *out, const char *severity)
{
    pack_init (out);
    pack_put_map (out, 2);
    pack_put_text (out, "severity");
    pack_put_text (out, severity);
    pack_put_text (out, "title");
    pack_put_text (out, "what happened");
}

/* Two injects, at 0 and at 10 minutes. */
static struct msg_id plan (void)
{
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 2);
    pack_put_text (&body, "injects");
    pack_put_array (&body, 2);
    for (int i = 0; i < 2; i++) {
        pack_put_map (&body, 2);
        pack_put_text (&body, "at");
        pack_put_int (&body, i * 10 * MIN);
        pack_put_text (&body, "id");
        pack_put_text (&body, i == 0 ? "first" : "second");
    }
    pack_put_text (&body, "step");
    pack_put_text (&body, "plan");
    return say (&(struct said){ "pk", "exercise", "pk", NULL, 1, T0, 0, NULL, NULL }, &body);
}

static struct msg_id announce (const struct msg_id *plan_id)
{
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 4);
    pack_put_text (&body, "from");
    pack_put_int (&body, T0);
    pack_put_text (&body, "plan");
    msg_id_pack (&body, plan_id);
    pack_put_text (&body, "step");
    pack_put_text (&body, "announce");
    pack_put_text (&body, "until");
    pack_put_int (&body, T0 + 60 * MIN);
    return say (&(struct said){ "pk", "exercise", "pk.sindh.**", NULL, 2, T0, 0, NULL, NULL },
                &body);
}

static void step (const struct msg_id *id, const char *what, int64_t seq, int64_t issued)
{
    struct pack_out body;
    body_step (&body, what);
    say (&(struct said){ "pk", "exercise", "pk.sindh.**", NULL, seq, issued, 0, NULL, id }, &body);
}

static struct msg_id report (const char *severity, int64_t seq, int64_t issued,
                             const struct msg_id *exercise)
{
    struct pack_out body;
    body_report (&body, severity);
    return say (&(struct said){ "pk.sindh.kpt", "incident", "pk", NULL, seq, issued,
                                exercise != NULL ? CB_MODE_EXERCISE : CB_MODE_LIVE, exercise,
                                NULL },
                &body);
}

struct looking {
    const struct msg_id *id;
    enum exercise_stands stands;
    size_t timers;
    struct timer timer[TIMERS_MAX];
    bool held;
};

static void look_run (struct store *store, void *arg)
{
    struct looking *looking = arg;
    struct exercise_held held;
    struct subject subject;
    looking->held = exercise_hold (store, looking->id, &held);
    looking->stands = held.state.stands;
    exercise_release (&held);
    subject_id (&subject, SUBJECT_EXERCISE, looking->id);
    looking->timers = timers_get (store->journal, &subject, looking->timer);
}

static struct looking look (const struct msg_id *id)
{
    struct looking looking = { .id = id };
    holder_run (&pk, look_run, &looking, false);
    return looking;
}

static const struct timer *timer_named (const struct looking *looking, const char *name)
{
    for (size_t i = 0; i < looking->timers; i++)
        if (strcmp (looking->timer[i].clock, name) == 0)
            return &looking->timer[i];
    return NULL;
}

struct finding {
    const struct msg_id *id;
    bool found;
};

static void find_run (struct store *store, void *arg)
{
    struct finding *finding = arg;
    finding->found = take_find (store->journal, finding->id, false) > 0;
}

static bool stored (const struct msg_id *id)
{
    struct finding finding = { id, false };
    holder_run (&pk, find_run, &finding, false);
    return finding.found;
}

static void expect_rebuilt (void)
{
    struct pack_out before, after;
    pack_init (&before);
    pack_init (&after);
    holder_dump (&pk, "XDW", &before);
    holder_rebuild (&pk);
    holder_dump (&pk, "XDW", &after);
    assert_true (span_equal (pack_result (&before), pack_result (&after)));
    pack_free (&before);
    pack_free (&after);
}

static void injects_are_due_while_it_runs_and_later_by_each_pause (void **state)
{
    struct pack_out body;
    (void) state;
    struct msg_id script = plan (), id = announce (&script);
    struct looking now = look (&id);
    assert_true (now.held);
    assert_int_equal (now.stands, EXERCISE_ANNOUNCED);
    assert_null (timer_named (&now, "first"));
    step (&id, "start", 3, T0 + MIN);
    now = look (&id);
    assert_int_equal (timer_named (&now, "first")->at, T0 + MIN);
    assert_int_equal (timer_named (&now, "second")->at, T0 + 11 * MIN);
    assert_int_equal (timer_named (&now, EXERCISE_TIMER_STOP)->at, T0 + 60 * MIN);
    expect_rebuilt ();
    body_step (&body, "unread");
    say (&(struct said){ "pk", "note", "pk.sindh", "inject first", 4, T0 + MIN, CB_MODE_EXERCISE,
                         &id, NULL },
         &body);
    now = look (&id);
    assert_null (timer_named (&now, "first"));
    step (&id, "pause", 5, T0 + 5 * MIN);
    now = look (&id);
    assert_null (timer_named (&now, "second"));
    step (&id, "resume", 6, T0 + 25 * MIN);
    now = look (&id);
    assert_int_equal (timer_named (&now, "second")->at, T0 + 31 * MIN);
    expect_rebuilt ();
}

static void what_is_live_and_urgent_makes_a_pause_due_and_nothing_else_does (void **state)
{
    (void) state;
    struct msg_id script = plan (), id = announce (&script);
    step (&id, "start", 3, T0 + MIN);
    report ("S3", 1, T0 + 2 * MIN, NULL);
    report ("S1", 2, T0 + 2 * MIN, &id);
    struct looking now = look (&id);
    assert_null (timer_named (&now, EXERCISE_TIMER_PAUSE));
    report ("S2", 3, T0 + 3 * MIN, NULL);
    now = look (&id);
    assert_non_null (timer_named (&now, EXERCISE_TIMER_PAUSE));
    assert_null (timer_named (&now, "second"));
    expect_rebuilt ();
    step (&id, "pause", 4, T0 + 3 * MIN);
    step (&id, "resume", 5, T0 + 4 * MIN);
    now = look (&id);
    assert_null (timer_named (&now, EXERCISE_TIMER_PAUSE)); /* that one was seen to */
    assert_non_null (timer_named (&now, "second"));
}

static void what_is_no_part_of_it_is_not_taken (void **state)
{
    (void) state;
    struct msg_id script = plan (), id = announce (&script), live, early, good, late;
    early = report ("S1", 1, T0 + MIN, &id);
    assert_false (stored (&early));
    step (&id, "start", 3, T0 + MIN);
    good = report ("S1", 2, T0 + 2 * MIN, &id);
    assert_true (stored (&good));
    live = report ("S3", 3, T0 + 2 * MIN, NULL);
    struct pack_out body;
    body_report (&body, "S3");
    struct said said = { "pk.sindh.kpt", "note", "pk", NULL, 4, T0 + 3 * MIN, 0, NULL, &good };
    struct msg_id mixed = say (&said, &body);
    assert_false (stored (&mixed));
    body_report (&body, "S3");
    said.seq = 5, said.mode = CB_MODE_EXERCISE, said.exercise = &id, said.thread = &live;
    mixed = say (&said, &body);
    assert_false (stored (&mixed));
    step (&id, "stop", 4, T0 + 20 * MIN);
    late = report ("S1", 6, T0 + 29 * MIN, &id);
    assert_true (stored (&late)); /* clocks differ by that much */
    late = report ("S1", 7, T0 + 30 * MIN, &id);
    assert_false (stored (&late));
    expect_rebuilt ();
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (injects_are_due_while_it_runs_and_later_by_each_pause),
        TEST (what_is_live_and_urgent_makes_a_pause_due_and_nothing_else_does),
        TEST (what_is_no_part_of_it_is_not_taken),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
