/* SPDX-License-Identifier: Apache-2.0 */
/* Cases as tables: live or rebuilt, in whatever order and by whomever they are held. */
#include "tests/unit/support_casework.h"
#include "tests/unit/support_life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS "TCQ" /* what depends on the set of messages alone, and on no time of arrival */

static void expect_same (const struct pack_out *a, const struct pack_out *b)
{
    assert_true (pack_result (a).size > 0);
    assert_true (span_equal (pack_result (a), pack_result (b)));
}

static void take_in_batches (struct holder *holder, const struct history *history,
                             const size_t *order, struct random *random)
{
    for (size_t at = 0; at < history->count;) {
        size_t left = history->count - at, most = random_below (random, 3) == 0 ? 700 : 60;
        size_t some = 1 + random_below (random, left < most ? left : most);
        if (random_below (random, 10) == 0)
            holder_take (holder, history, order + at, some, true);
        holder_take (holder, history, order + at, some, false);
        if (random_below (random, 25) == 0)
            holder_restart (holder);
        at += some;
    }
}

static void a_rebuilt_projection_equals_the_live_one (void **state)
{
    (void) state;
    struct history history;
    struct holder holder;
    struct pack_out live, rebuilt;
    struct random random = { 3 };
    history_make (&history, 11, 10000, 80);
    size_t *order = calloc (history.count, sizeof *order);
    history_order (&history, &random, 2, order);
    holder_open (&holder, "pk.sindh");
    take_in_batches (&holder, &history, order, &random);
    holder_dump (&holder, casework_tables (), &live);
    holder_rebuild (&holder);
    holder_dump (&holder, casework_tables (), &rebuilt);
    expect_same (&live, &rebuilt);
    pack_free (&live);
    pack_free (&rebuilt);
    holder_close (&holder);
    history_free (&history);
    free (order);
}

/* Clocks, timers and what they raise, advisories, exercises and all else, under policies that
 * change; the time is made up. */
static void so_does_all_of_casework_with_what_was_due_raised (void **state)
{
    (void) state;
    static struct life life;
    struct pack_out live, rebuilt;
    life_open (&life, 21, 4000);
    while (life_goes_on (&life))
        ;
    holder_dump (&life.holder, casework_tables (), &live);
    holder_rebuild (&life.holder);
    holder_dump (&life.holder, casework_tables (), &rebuilt);
    assert_true (life.deeds > 500);
    expect_same (&live, &rebuilt);
    pack_free (&live);
    pack_free (&rebuilt);
    life_close (&life);
}

static void whatever_order_they_came_in_each_holder_has_the_same_cases (void **state)
{
    (void) state;
    static const char *const who[] = { "pk", "pk.sindh", "pk.telecom" };
    const char *orders = getenv ("CERTBUS_ORDERS"), *size = getenv ("CERTBUS_MESSAGES");
    size_t times = orders != NULL ? (size_t) atoi (orders) : 100;
    size_t count = size != NULL ? (size_t) atoi (size) : 300;
    struct history history;
    struct random random = { 5 };
    struct pack_out first;
    history_make (&history, 12, count, count / 50);
    size_t *order = calloc (history.count, sizeof *order);
    for (size_t i = 0; i < times; i++) {
        struct holder holder;
        struct pack_out next;
        history_order (&history, &random, i, order);
        holder_open (&holder, who[i % 3]);
        take_in_batches (&holder, &history, order, &random);
        holder_dump (&holder, THREADS, i == 0 ? &first : &next);
        if (i > 0) {
            expect_same (&first, &next);
            pack_free (&next);
        }
        holder_close (&holder);
    }
    pack_free (&first);
    history_free (&history);
    free (order);
}

/* One message, of a thread unless it begins one. */
static const struct message *say (struct history *history, const char *kind, const char *origin,
                                  const struct msg_id *thread)
{
    struct pack_out body;
    struct draft draft = { .kind = span_of (kind),
                           .schema = 2,
                           .tlp = CB_TLP_AMBER,
                           .officer = span_of ("ayesha"),
                           .issued = 1000 + (int64_t) history->count,
                           .id = { span_of (origin), { 1, 7 }, (int64_t) history->count + 1 },
                           .audience_count = 1,
                           .audience = { span_of ("pk.sindh") } };
    if (thread != NULL)
        draft.thread = *thread;
    pack_init (&body);
    pack_put_map (&body, 1);
    pack_put_text (&body, "step");
    pack_put_text (&body, "acknowledge");
    draft.body = pack_result (&body);
    const struct message *message = history_add (history, &draft);
    pack_free (&body);
    return message;
}

static void flood (const char *kind, const char *origin)
{
    struct history history = { .count = 0 };
    struct holder holders[2];
    struct pack_out dumps[2];
    struct case_state found;
    struct msg_id id = { span_of ("pk.sindh.kpt"), { 1, 7 }, 1 };
    say (&history, "incident", "pk.sindh.kpt", NULL);
    for (size_t i = 0; i < CASE_STEPS + 200; i++)
        say (&history, kind, origin, &id);
    say (&history, "update", "pk.sindh", &id);
    size_t *order = calloc (history.count, sizeof *order);
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < history.count; j++)
            order[j] = i == 0 ? j : history.count - 1 - j;
        holder_open (&holders[i], "pk.sindh");
        holder_take (&holders[i], &history, order, 3000, false);
        holder_take (&holders[i], &history, order + 3000, history.count - 3000, false);
        holder_dump (&holders[i], THREADS, &dumps[i]);
    }
    expect_same (&dumps[0], &dumps[1]);
    store_stop (&holders[0].store, NULL);
    desk_reopen (holders[0].desk);
    uint8_t *bytes = threads_case (holders[0].desk->journal, &id, &found);
    assert_non_null (bytes);
    assert_true (found.full && found.steps == CASE_STEPS);
    assert_int_equal (found.stage, CASE_IS_ACKNOWLEDGED);
    free (bytes);
    for (size_t i = 0; i < 2; i++) {
        pack_free (&dumps[i]);
        holder_close (&holders[i]);
    }
    history_free (&history);
    free (order);
}

static void a_flood_of_its_reporter_does_not_displace_what_the_lead_decides (void **state)
{
    (void) state;
    flood ("note", "pk.sindh.kpt");
}

/* Its steps are void, but they are there. */
static void a_flood_of_strangers_does_not_displace_what_the_lead_decides (void **state)
{
    (void) state;
    flood ("update", "pk.punjab.lesco");
    flood ("escalation", "pk.punjab");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_rebuilt_projection_equals_the_live_one),
        cmocka_unit_test (so_does_all_of_casework_with_what_was_due_raised),
        cmocka_unit_test (whatever_order_they_came_in_each_holder_has_the_same_cases),
        cmocka_unit_test (a_flood_of_its_reporter_does_not_displace_what_the_lead_decides),
        cmocka_unit_test (a_flood_of_strangers_does_not_displace_what_the_lead_decides),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
