/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define KIB     UINT64_C (1024)
#define FLASH   CB_LANE_FLASH
#define ROUTINE CB_LANE_ROUTINE
#define BULK    CB_LANE_BULK

static void goes (enum link_state from, unsigned event, enum link_action action,
                  enum link_state next)
{
    struct link_step step = link_step (from, event);
    if (step.action != action || step.next != next)
        print_error ("%s on %s\n", link_state_name (from), link_event_name (event));
    assert_int_equal (step.action, action);
    assert_int_equal (step.next, next);
}

static void a_childs_end_says_hello_and_begins_at_welcome (void **state)
{
    (void) state;
    goes (LINK_IDLE, LINK_EVENT_START, LINK_SEND_HELLO, LINK_WAITING);
    goes (LINK_WAITING, CB_VERB_WELCOME, LINK_BEGIN, LINK_OPEN);
    goes (LINK_WAITING, CB_VERB_REJECT, LINK_NOTE, LINK_IDLE);
    goes (LINK_WAITING, CB_VERB_BUSY, LINK_NOTE, LINK_IDLE);
    goes (LINK_WAITING, LINK_EVENT_SILENCE, LINK_RETRY, LINK_IDLE);
    goes (LINK_WAITING, LINK_EVENT_CUT, LINK_RETRY, LINK_IDLE);
    goes (LINK_OPEN, LINK_EVENT_START, LINK_SEND_HELLO, LINK_WAITING);
}

static void a_parents_end_answers_hello_whenever_it_comes (void **state)
{
    (void) state;
    goes (LINK_IDLE, CB_VERB_HELLO, LINK_ANSWER, LINK_OPEN);
    goes (LINK_OPEN, CB_VERB_HELLO, LINK_ANSWER, LINK_OPEN);
    goes (LINK_OPEN, CB_VERB_WELCOME, LINK_CLOSE, LINK_IDLE);
}

static void frames_of_an_old_session_do_not_disturb_who_waits (void **state)
{
    (void) state;
    for (unsigned verb = CB_VERB_HELLO; verb < CB_VERB_END; verb++)
        if (verb != CB_VERB_WELCOME && verb != CB_VERB_REJECT && verb != CB_VERB_BUSY)
            goes (LINK_WAITING, verb, LINK_FORGET, LINK_WAITING);
}

static void an_open_link_takes_every_verb_of_its_own (void **state)
{
    (void) state;
    goes (LINK_OPEN, CB_VERB_DATA, LINK_TAKE, LINK_OPEN);
    goes (LINK_OPEN, CB_VERB_ACK, LINK_CREDIT, LINK_OPEN);
    goes (LINK_OPEN, CB_VERB_RECOVER, LINK_REWIND, LINK_OPEN);
    goes (LINK_OPEN, CB_VERB_REJECT, LINK_NOTE, LINK_OPEN);
    goes (LINK_OPEN, CB_VERB_BUSY, LINK_NOTE, LINK_OPEN);
    goes (LINK_OPEN, CB_VERB_REQUEST, LINK_QUESTION, LINK_OPEN);
    goes (LINK_OPEN, CB_VERB_REPLY, LINK_QUESTION, LINK_OPEN);
    goes (LINK_OPEN, CB_VERB_PING, LINK_PONG_IT, LINK_OPEN);
    goes (LINK_OPEN, CB_VERB_PONG, LINK_ALIVE, LINK_OPEN);
    goes (LINK_OPEN, CB_VERB_BYE, LINK_FORGET, LINK_IDLE);
    goes (LINK_OPEN, LINK_EVENT_SILENCE, LINK_RETRY, LINK_IDLE);
    goes (LINK_OPEN, LINK_EVENT_CUT, LINK_RETRY, LINK_IDLE);
}

static void without_a_session_only_hello_opens_one (void **state)
{
    (void) state;
    static const unsigned closes[] = { CB_VERB_WELCOME, CB_VERB_DATA,    CB_VERB_ACK,
                                       CB_VERB_RECOVER, CB_VERB_REQUEST, CB_VERB_REPLY,
                                       CB_VERB_PING,    CB_VERB_PONG };
    for (size_t i = 0; i < sizeof closes / sizeof closes[0]; i++)
        goes (LINK_IDLE, closes[i], LINK_CLOSE, LINK_IDLE);
}

static void two_idle_ends_do_not_refuse_each_others_refusals (void **state)
{
    (void) state;
    goes (LINK_IDLE, CB_VERB_REJECT, LINK_FORGET, LINK_IDLE);
    goes (LINK_IDLE, CB_VERB_BUSY, LINK_FORGET, LINK_IDLE);
    goes (LINK_IDLE, CB_VERB_BYE, LINK_FORGET, LINK_IDLE);
    goes (LINK_IDLE, LINK_EVENT_CUT, LINK_FORGET, LINK_IDLE);
    goes (LINK_IDLE, LINK_EVENT_SILENCE, LINK_FORGET, LINK_IDLE);
}

static void stop_ends_every_state (void **state)
{
    (void) state;
    for (unsigned s = 0; s < LINK_STATE_END; s++)
        goes ((enum link_state) s, LINK_EVENT_STOP, LINK_FORGET, LINK_IDLE);
}

static void what_the_table_does_not_have_closes (void **state)
{
    (void) state;
    goes (LINK_OPEN, 0, LINK_CLOSE, LINK_IDLE);
    goes (LINK_OPEN, LINK_EVENT_END, LINK_CLOSE, LINK_IDLE);
    goes (LINK_OPEN, UINT32_MAX, LINK_CLOSE, LINK_IDLE);
    goes (LINK_STATE_END, CB_VERB_DATA, LINK_CLOSE, LINK_IDLE);
    goes (LINK_WAITING, LINK_EVENT_START, LINK_CLOSE, LINK_IDLE);
}

static void states_and_events_have_the_names_of_the_model (void **state)
{
    (void) state;
    assert_string_equal (link_state_name (LINK_IDLE), "IDLE");
    assert_string_equal (link_state_name (LINK_OPEN), "OPEN");
    assert_string_equal (link_state_name (LINK_STATE_END), "?");
    assert_string_equal (link_event_name (CB_VERB_BYE), "BYE");
    assert_string_equal (link_event_name (LINK_EVENT_START), "START");
    assert_string_equal (link_event_name (LINK_EVENT_STOP), "STOP");
    assert_string_equal (link_event_name (LINK_EVENT_END), "?");
    assert_string_equal (link_event_name (0), "?");
}

static const struct epoch OLD = { 1, 11 }, MID = { 2, 22 }, NOW = { 3, 33 }, STRANGE = { 3, 34 };
static const struct hash HERE = { { 1 } }, ELSEWHERE = { { 2 } };

/* Two earlier runs, the first of which stored nothing, and the current one, at 100. */
static const struct epoch_end LISTED[] = { { { 1, 11 }, 0 },
                                           { { 2, 22 }, 50 },
                                           { { 3, 33 }, 100 } };

static int64_t resumes (struct epoch epoch, int64_t position, const struct hash *chain_here,
                        bool *ahead)
{
    struct cursor cursor = { .epoch = epoch, .position = position, .chain = HERE };
    return link_resume (&cursor, LISTED, 3, chain_here, ahead);
}

static void a_reader_resumes_where_the_history_is_the_same_whatever_the_epoch (void **state)
{
    (void) state;
    bool lost = true;
    assert_int_equal (resumes (NOW, 70, &HERE, &lost), 70);
    assert_false (lost);
    assert_int_equal (resumes (NOW, 100, &HERE, &lost), 100);
    assert_false (lost);
    assert_int_equal (resumes (MID, 40, &HERE, &lost), 40);
    assert_false (lost);
    assert_int_equal (resumes (STRANGE, 40, &HERE, &lost), 40);
    assert_false (lost);
}

static void a_cursor_beyond_an_earlier_epoch_resumes_at_its_end (void **state)
{
    (void) state;
    bool lost = false;
    assert_int_equal (resumes (MID, 60, NULL, &lost), 50);
    assert_true (lost);
    assert_int_equal (resumes (MID, 60, &ELSEWHERE, &lost), 50);
    assert_int_equal (resumes (OLD, 60, NULL, &lost), 0);
    assert_int_equal (resumes (MID, 40, &ELSEWHERE, &lost), 0);
}

static void an_unread_cursor_begins_at_0_and_shows_no_loss (void **state)
{
    (void) state;
    bool lost = true;
    assert_int_equal (resumes ((struct epoch){ 0, 0 }, 0, NULL, &lost), 0);
    assert_false (lost);
    lost = true;
    assert_int_equal (resumes (NOW, 0, NULL, &lost), 0);
    assert_false (lost);
}

static void a_cursor_that_this_journal_does_not_have_shows_an_old_copy (void **state)
{
    (void) state;
    bool lost = false;
    assert_int_equal (resumes (NOW, 101, NULL, &lost), 0);
    assert_true (lost);
    lost = false;
    assert_int_equal (resumes (NOW, 70, &ELSEWHERE, &lost), 0);
    assert_true (lost);
    lost = false;
    assert_int_equal (resumes (STRANGE, 70, NULL, &lost), 0);
    assert_true (lost);
}

static bool continues (struct epoch at_epoch, int64_t at, bool first, struct epoch epoch,
                       int64_t prev)
{
    struct cursor cursor = { .epoch = at_epoch, .position = at, .chain = HERE };
    struct data_frame data = { .epoch = epoch, .prev = prev, .last = prev + 10 };
    return link_continues (&cursor, first, &data, LISTED, 3);
}

static void data_continues_the_cursor_exactly (void **state)
{
    (void) state;
    assert_true (continues (NOW, 70, false, NOW, 70));
    assert_false (continues (NOW, 70, false, NOW, 71));
    assert_false (continues (NOW, 70, false, NOW, 69));
    assert_false (continues (MID, 70, false, NOW, 70));
}

static void the_first_data_of_a_lane_may_begin_before_the_cursor (void **state)
{
    (void) state;
    assert_true (continues (NOW, 70, true, NOW, 70));
    assert_true (continues (NOW, 70, true, NOW, 0));
    assert_false (continues (NOW, 70, true, NOW, 71));
}

static void the_first_data_of_a_new_epoch_leaves_no_gap (void **state)
{
    (void) state;
    assert_true (continues (MID, 60, true, NOW, 50));
    assert_false (continues (MID, 60, true, NOW, 51));
    assert_true (continues (MID, 40, true, NOW, 40));
    assert_false (continues (MID, 40, true, NOW, 41));
    assert_true (continues (STRANGE, 60, true, NOW, 60));
    assert_false (continues (STRANGE, 60, true, NOW, 61));
    assert_false (continues ((struct epoch){ 0, 0 }, 0, true, NOW, 1));
    assert_true (continues ((struct epoch){ 0, 0 }, 0, true, NOW, 0));
}

static void data_comes_in_the_senders_current_epoch (void **state)
{
    (void) state;
    assert_false (continues (MID, 40, true, MID, 40));
    assert_false (continues (STRANGE, 40, true, STRANGE, 40));
}

struct lanes {
    struct lane_out at[CB_LANE_END];
    struct drain drain;
};

static struct lanes lanes_with (uint64_t credit)
{
    struct lanes l = { 0 };
    for (size_t i = 0; i < CB_LANE_END; i++)
        lane_out_reset (&l.at[i], 1000, credit);
    return l;
}

static bool may (const struct lanes *l, unsigned lane, uint64_t size)
{
    return lane_out_may (l->at, lane, &l->drain, (size_t) size);
}

static bool acked (struct lanes *l, unsigned lane, int64_t position, uint64_t credit, int64_t now)
{
    struct ack_frame ack = { .lane = lane, .position = position, .credit = credit };
    return lane_out_acked (&l->at[lane], &ack, &l->drain, now);
}

static void an_empty_lane_may_always_send_one_frame (void **state)
{
    (void) state;
    struct lanes l = lanes_with (0);
    for (unsigned lane = 0; lane < CB_LANE_END; lane++)
        assert_true (may (&l, lane, 384 * KIB));
    lane_out_sent (&l.at[ROUTINE], 1001, 1, 0);
    assert_false (may (&l, ROUTINE, 1));
    assert_true (may (&l, BULK, 64 * KIB));
}

static void a_lane_has_no_more_in_flight_than_its_credit (void **state)
{
    (void) state;
    struct lanes l = lanes_with (100);
    lane_out_sent (&l.at[FLASH], 1001, 60, 0);
    assert_true (may (&l, FLASH, 40));
    assert_false (may (&l, FLASH, 41));
    assert_true (acked (&l, FLASH, 1001, 200, 1));
    lane_out_sent (&l.at[FLASH], 1002, 60, 2);
    assert_true (may (&l, FLASH, 140));
    assert_false (may (&l, FLASH, 141));
}

static void an_unmeasured_link_takes_two_frames (void **state)
{
    (void) state;
    struct lanes l = lanes_with (UINT64_MAX);
    lane_out_sent (&l.at[ROUTINE], 1001, 64 * KIB, 0);
    assert_true (may (&l, ROUTINE, 64 * KIB));
    assert_false (may (&l, ROUTINE, 64 * KIB + 1));
    lane_out_sent (&l.at[ROUTINE], 1002, 64 * KIB, 0);
    assert_false (may (&l, ROUTINE, 1));
}

static void flash_has_its_credit_whatever_the_others_have_in_flight (void **state)
{
    (void) state;
    struct lanes l = lanes_with (UINT64_MAX);
    lane_out_sent (&l.at[ROUTINE], 1001, 128 * KIB, 0);
    lane_out_sent (&l.at[FLASH], 1001, 64 * KIB, 0);
    assert_true (may (&l, FLASH, 64 * KIB));
}

static void bulk_leaves_half_to_routine_that_is_under_way (void **state)
{
    (void) state;
    struct lanes l = lanes_with (UINT64_MAX);
    lane_out_sent (&l.at[BULK], 1001, 40 * KIB, 0);
    assert_true (may (&l, BULK, 88 * KIB));
    lane_out_sent (&l.at[ROUTINE], 1001, 1, 0);
    assert_true (may (&l, BULK, 24 * KIB));
    assert_false (may (&l, BULK, 24 * KIB + 1));
    assert_true (may (&l, ROUTINE, 88 * KIB - 1));
    assert_false (may (&l, ROUTINE, 88 * KIB));
}

static void at_most_64_frames_are_in_flight (void **state)
{
    (void) state;
    struct lanes l = lanes_with (UINT64_MAX);
    for (int64_t i = 1; i <= 64; i++) {
        assert_true (may (&l, FLASH, 1));
        lane_out_sent (&l.at[FLASH], 1000 + i, 1, 0);
    }
    assert_false (may (&l, FLASH, 1));
    assert_true (acked (&l, FLASH, 1001, UINT64_MAX, 1));
    assert_true (may (&l, FLASH, 1));
    lane_out_sent (&l.at[FLASH], 1065, 1, 2);
    assert_true (acked (&l, FLASH, 1065, UINT64_MAX, 3));
    assert_int_equal (l.at[FLASH].inflight, 0);
}

static void an_ack_frees_the_frames_up_to_its_position (void **state)
{
    (void) state;
    struct lanes l = lanes_with (1000);
    lane_out_sent (&l.at[ROUTINE], 1010, 100, 0);
    lane_out_sent (&l.at[ROUTINE], 1020, 200, 0);
    lane_out_sent (&l.at[ROUTINE], 1030, 400, 0);
    assert_true (acked (&l, ROUTINE, 1025, 1000, 1));
    assert_int_equal (l.at[ROUTINE].inflight, 400);
    assert_int_equal (l.at[ROUTINE].acked, 1025);
    assert_true (acked (&l, ROUTINE, 1025, 2000, 1));
    assert_int_equal (l.at[ROUTINE].credit, 2000);
    assert_true (acked (&l, ROUTINE, 1030, 1000, 1));
    assert_int_equal (l.at[ROUTINE].inflight, 0);
}

static void an_ack_of_what_was_never_sent_is_refused (void **state)
{
    (void) state;
    struct lanes l = lanes_with (1000);
    assert_false (acked (&l, ROUTINE, 1001, 5, 1));
    assert_false (acked (&l, ROUTINE, 999, 5, 1));
    lane_out_sent (&l.at[ROUTINE], 1010, 100, 0);
    assert_false (acked (&l, ROUTINE, 1011, 5, 1));
    assert_int_equal (l.at[ROUTINE].credit, 1000);
    assert_int_equal (l.at[ROUTINE].inflight, 100);
    assert_true (acked (&l, ROUTINE, 1010, 5, 1));
    assert_false (acked (&l, ROUTINE, 1009, 5, 1));
}

/* A link that drains `rate` bytes per ms and always has two frames in flight. */
static void run_full (struct lanes *l, int64_t rate, int64_t *position, int64_t *now)
{
    const int64_t size = 64 * 1024;
    lane_out_sent (&l->at[ROUTINE], ++*position, (size_t) size, *now);
    for (int i = 0; i < 60; i++) {
        lane_out_sent (&l->at[ROUTINE], ++*position, (size_t) size, *now);
        *now += size / rate;
        assert_true (acked (l, ROUTINE, *position - 1, UINT64_MAX, *now));
    }
    assert_true (acked (l, ROUTINE, *position, UINT64_MAX, *now + size / rate));
    *now += size / rate;
}

static void the_drain_rate_follows_the_link (void **state)
{
    (void) state;
    struct lanes l = lanes_with (UINT64_MAX);
    int64_t position = 1000, now = 1000000;
    run_full (&l, 4096, &position, &now);
    assert_in_range ((unsigned long) l.drain.rate, 3900, 4300);
    lane_out_sent (&l.at[ROUTINE], ++position, 512 * KIB, now);
    assert_true (may (&l, ROUTINE, 400 * KIB));
    assert_false (may (&l, ROUTINE, 600 * KIB));
}

static void a_link_that_grows_slow_gets_less (void **state)
{
    (void) state;
    struct lanes l = lanes_with (128 * KIB);
    int64_t position = 1000, now = 1000000;
    run_full (&l, 4096, &position, &now);
    for (int i = 0; i < 60; i++) {
        l.at[ROUTINE].credit = 128 * KIB;
        lane_out_sent (&l.at[ROUTINE], ++position, 128 * KIB, now);
        now += 128 * 1024 / 64;
        assert_true (acked (&l, ROUTINE, position, 128 * KIB, now));
    }
    assert_in_range ((unsigned long) l.drain.rate, 60, 70);
}

static void an_idle_link_is_not_taken_for_a_slow_one (void **state)
{
    (void) state;
    struct lanes l = lanes_with (UINT64_MAX);
    int64_t position = 1000, now = 1000000;
    run_full (&l, 4096, &position, &now);
    for (int i = 0; i < 100; i++) {
        now += 60000;
        lane_out_sent (&l.at[ROUTINE], ++position, 500, now);
        now += 20;
        assert_true (acked (&l, ROUTINE, position, UINT64_MAX, now));
    }
    assert_in_range ((unsigned long) l.drain.rate, 3900, 4300);
}

static void acks_in_one_millisecond_are_measured_together (void **state)
{
    (void) state;
    struct lanes l = lanes_with (UINT64_MAX);
    lane_out_sent (&l.at[ROUTINE], 1001, 1000, 5000);
    lane_out_sent (&l.at[BULK], 1001, 3000, 5000);
    assert_true (acked (&l, ROUTINE, 1001, UINT64_MAX, 5000));
    assert_true (l.drain.rate <= 0);
    assert_true (acked (&l, BULK, 1001, UINT64_MAX, 5000));
    assert_true (l.drain.rate <= 0);
    lane_out_sent (&l.at[ROUTINE], 1002, 4000, 5000);
    assert_true (acked (&l, ROUTINE, 1002, UINT64_MAX, 5010));
    assert_true (l.drain.rate > 0 && l.drain.rate < 1000);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_childs_end_says_hello_and_begins_at_welcome),
        cmocka_unit_test (a_parents_end_answers_hello_whenever_it_comes),
        cmocka_unit_test (frames_of_an_old_session_do_not_disturb_who_waits),
        cmocka_unit_test (an_open_link_takes_every_verb_of_its_own),
        cmocka_unit_test (without_a_session_only_hello_opens_one),
        cmocka_unit_test (two_idle_ends_do_not_refuse_each_others_refusals),
        cmocka_unit_test (stop_ends_every_state),
        cmocka_unit_test (what_the_table_does_not_have_closes),
        cmocka_unit_test (states_and_events_have_the_names_of_the_model),
        cmocka_unit_test (a_reader_resumes_where_the_history_is_the_same_whatever_the_epoch),
        cmocka_unit_test (a_cursor_beyond_an_earlier_epoch_resumes_at_its_end),
        cmocka_unit_test (an_unread_cursor_begins_at_0_and_shows_no_loss),
        cmocka_unit_test (a_cursor_that_this_journal_does_not_have_shows_an_old_copy),
        cmocka_unit_test (data_continues_the_cursor_exactly),
        cmocka_unit_test (the_first_data_of_a_lane_may_begin_before_the_cursor),
        cmocka_unit_test (the_first_data_of_a_new_epoch_leaves_no_gap),
        cmocka_unit_test (data_comes_in_the_senders_current_epoch),
        cmocka_unit_test (an_empty_lane_may_always_send_one_frame),
        cmocka_unit_test (a_lane_has_no_more_in_flight_than_its_credit),
        cmocka_unit_test (an_unmeasured_link_takes_two_frames),
        cmocka_unit_test (flash_has_its_credit_whatever_the_others_have_in_flight),
        cmocka_unit_test (bulk_leaves_half_to_routine_that_is_under_way),
        cmocka_unit_test (at_most_64_frames_are_in_flight),
        cmocka_unit_test (an_ack_frees_the_frames_up_to_its_position),
        cmocka_unit_test (an_ack_of_what_was_never_sent_is_refused),
        cmocka_unit_test (the_drain_rate_follows_the_link),
        cmocka_unit_test (a_link_that_grows_slow_gets_less),
        cmocka_unit_test (an_idle_link_is_not_taken_for_a_slow_one),
        cmocka_unit_test (acks_in_one_millisecond_are_measured_together),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
