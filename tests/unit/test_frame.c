/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define S span_of

struct fixture {
    struct pack_out out, again;
    struct frame sent, got;
    struct data_builder builder;
    struct hash chain;
    uint8_t session[SESSION_SIZE];
};

static int set_up (void **state)
{
    struct fixture *f = calloc (1, sizeof *f);
    if (!f)
        return -1;
    pack_init (&f->out);
    pack_init (&f->again);
    data_begin (&f->builder);
    memset (f->session, 0x5e, sizeof f->session);
    memset (f->chain.bytes, 0xc4, sizeof f->chain.bytes);
    f->sent.session = f->session;
    *state = f;
    return 0;
}

static int tear_down (void **state)
{
    struct fixture *f = *state;
    pack_free (&f->out);
    pack_free (&f->again);
    data_free (&f->builder);
    free (f);
    return 0;
}

/* Packs what is in f->sent and reads it into f->got. */
static bool passes (struct fixture *f, unsigned verb)
{
    f->sent.verb = verb;
    pack_reset (&f->out);
    frame_pack (&f->out, &f->sent);
    return frame_parse (&f->got, pack_result (&f->out));
}

static struct greeting *fill_greeting (struct fixture *f)
{
    struct greeting *g = &f->sent.as.greeting;
    *g = (struct greeting){ .version_low = 1, .version_high = 1, .party = S ("pk.sindh") };
    g->epoch_count = 2;
    g->epochs[0] = (struct epoch_end){ { 1, 7 }, 0 };
    g->epochs[1] = (struct epoch_end){ { 2, UINT64_MAX }, SEQ_MAX };
    g->cursors[CB_LANE_BULK] = (struct cursor){ { 9, 8 }, 7, f->chain };
    g->held_epoch = (struct epoch){ 4, 5 };
    g->held_seq = 6;
    g->policy_version = UINT32_MAX;
    g->time = TIME_MAX;
    for (size_t i = 0; i < CB_LANE_END; i++)
        g->credit[i] = i * 65536;
    g->software = S ("certbus 0.1.0");
    return g;
}

static void a_greeting_arrives_as_it_was_sent (void **state)
{
    struct fixture *f = *state;
    fill_greeting (f);
    for (unsigned verb = CB_VERB_HELLO; verb <= CB_VERB_WELCOME; verb++) {
        assert_true (passes (f, verb));
        const struct greeting *g = &f->got.as.greeting;
        assert_int_equal (f->got.verb, verb);
        assert_int_equal (g->verb, verb);
        assert_memory_equal (f->got.session, f->session, SESSION_SIZE);
        assert_memory_equal (g->session, f->session, SESSION_SIZE);
        assert_true (span_is (g->party, "pk.sindh"));
        assert_int_equal (g->epoch_count, 2);
        assert_int_equal (g->epochs[1].end, SEQ_MAX);
        assert_true (g->epochs[1].epoch.nonce == UINT64_MAX);
        assert_int_equal (g->cursors[CB_LANE_FLASH].epoch.counter, 0);
        assert_int_equal (g->cursors[CB_LANE_BULK].position, 7);
        assert_true (hash_equal (&g->cursors[CB_LANE_BULK].chain, &f->chain));
        assert_int_equal (g->held_epoch.counter, 4);
        assert_int_equal (g->held_epoch.nonce, 5);
        assert_int_equal (g->held_seq, 6);
        assert_int_equal (g->policy_version, UINT32_MAX);
        assert_int_equal (g->time, TIME_MAX);
        assert_int_equal (g->credit[3], 3 * 65536);
        assert_true (span_is (g->software, "certbus 0.1.0"));
    }
}

static void a_greeting_from_who_holds_nothing_says_so (void **state)
{
    struct fixture *f = *state;
    fill_greeting (f)->held_seq = 0;
    f->got.as.greeting.held_seq = 1;
    assert_true (passes (f, CB_VERB_HELLO));
    assert_int_equal (f->got.as.greeting.held_seq, 0);
    assert_int_equal (f->got.as.greeting.held_epoch.counter, 0);
}

static void a_welcome_agrees_on_one_version (void **state)
{
    struct fixture *f = *state;
    struct greeting *g = fill_greeting (f);
    g->version_high = 2;
    assert_true (passes (f, CB_VERB_HELLO));
    assert_int_equal (f->got.as.greeting.version_high, 2);
    assert_false (passes (f, CB_VERB_WELCOME));
    g->version_low = 3;
    assert_false (passes (f, CB_VERB_HELLO));
    g->version_low = 0;
    assert_false (passes (f, CB_VERB_HELLO));
}

static void a_greeting_outside_its_limits_is_refused (void **state)
{
    struct fixture *f = *state;
    fill_greeting (f)->party = S ("pk..x");
    assert_false (passes (f, CB_VERB_HELLO));
    fill_greeting (f)->epoch_count = 0;
    assert_false (passes (f, CB_VERB_HELLO));
    fill_greeting (f)->epochs[0].epoch.counter = 0;
    assert_false (passes (f, CB_VERB_HELLO));
    fill_greeting (f)->epochs[1].end = SEQ_MAX + 1;
    assert_false (passes (f, CB_VERB_HELLO));
    fill_greeting (f)->epochs[1].end = -1;
    assert_false (passes (f, CB_VERB_HELLO));
    fill_greeting (f)->time = TIME_MAX + 1;
    assert_false (passes (f, CB_VERB_HELLO));
    fill_greeting (f)->held_seq = SEQ_MAX + 1;
    assert_false (passes (f, CB_VERB_HELLO));
    fill_greeting (f)->software =
        S ("12345678901234567890123456789012345678901234567890123456789012345");
    assert_false (passes (f, CB_VERB_HELLO));
}

static void at_most_64_epochs_are_listed (void **state)
{
    struct fixture *f = *state;
    struct greeting *g = fill_greeting (f);
    g->epoch_count = LINK_EPOCHS;
    for (uint32_t i = 0; i < LINK_EPOCHS; i++)
        g->epochs[i] = (struct epoch_end){ { i + 1, 0 }, 1 };
    assert_true (passes (f, CB_VERB_HELLO));

    pack_put_array (&f->again, 11);
    struct pack_in in = pack_open (pack_result (&f->out));
    pack_array (&in, 11, 11);
    for (size_t i = 0; i < 11; i++) {
        struct span element = pack_any (&in);
        if (i != 4) {
            pack_put_raw (&f->again, element);
            continue;
        }
        pack_put_array (&f->again, LINK_EPOCHS + 1);
        for (size_t n = 0; n <= LINK_EPOCHS; n++)
            pack_put_raw (&f->again, span_bytes ("\x93\x01\x00\x00", 4));
    }
    assert_false (frame_parse (&f->got, pack_result (&f->again)));
}

static void a_cursor_that_was_never_read_has_one_form (void **state)
{
    struct fixture *f = *state;
    struct cursor *c = &f->sent.as.recover.from;
    *c = (struct cursor){ { 0, 0 }, 0, { { 0 } } };
    assert_true (passes (f, CB_VERB_RECOVER));
    c->position = 1;
    assert_false (passes (f, CB_VERB_RECOVER));
    *c = (struct cursor){ { 0, 1 }, 0, { { 0 } } };
    assert_false (passes (f, CB_VERB_RECOVER));
    *c = (struct cursor){ { 0, 0 }, 0, { { 1 } } };
    assert_false (passes (f, CB_VERB_RECOVER));
    *c = (struct cursor){ { 1, 2 }, 3, f->chain };
    assert_true (passes (f, CB_VERB_RECOVER));
    assert_int_equal (f->got.as.recover.from.position, 3);
    assert_true (hash_equal (&f->got.as.recover.from.chain, &f->chain));
}

static void an_ack_arrives_as_it_was_sent (void **state)
{
    struct fixture *f = *state;
    struct ack_frame *a = &f->sent.as.ack;
    *a = (struct ack_frame){ .epoch = { 1, 2 }, .lane = 3, .position = 4, .credit = UINT64_MAX };
    assert_true (passes (f, CB_VERB_ACK));
    assert_int_equal (f->got.as.ack.lane, 3);
    assert_int_equal (f->got.as.ack.position, 4);
    assert_true (f->got.as.ack.credit == UINT64_MAX);
    assert_int_equal (f->got.as.ack.epoch.nonce, 2);
    a->lane = CB_LANE_END;
    assert_false (passes (f, CB_VERB_ACK));
    a->lane = 0;
    a->position = -1;
    assert_false (passes (f, CB_VERB_ACK));
}

static void a_refusal_is_of_a_message_or_of_the_session (void **state)
{
    struct fixture *f = *state;
    struct reject_frame *r = &f->sent.as.reject;
    *r = (struct reject_frame){ .reason = CB_NO_GRANT, .detail = S ("@energy"), .leaf = &f->chain };
    assert_true (passes (f, CB_VERB_REJECT));
    assert_int_equal (f->got.as.reject.reason, CB_NO_GRANT);
    assert_true (span_is (f->got.as.reject.detail, "@energy"));
    assert_true (hash_equal (f->got.as.reject.leaf, &f->chain));
    *r = (struct reject_frame){ .reason = CB_VERSION, .detail = S ("") };
    assert_true (passes (f, CB_VERB_REJECT));
    assert_null (f->got.as.reject.leaf);
    char detail[162] = { 0 };
    memset (detail, 'x', 161);
    r->detail = S (detail);
    assert_false (passes (f, CB_VERB_REJECT));
    detail[160] = 0;
    r->detail = S (detail);
    assert_true (passes (f, CB_VERB_REJECT));
}

static void the_small_frames_arrive_as_they_were_sent (void **state)
{
    struct fixture *f = *state;
    f->sent.as.busy.wait = 1500;
    assert_true (passes (f, CB_VERB_BUSY));
    assert_int_equal (f->got.as.busy.wait, 1500);
    f->sent.as.busy.wait = -1;
    assert_false (passes (f, CB_VERB_BUSY));
    f->sent.as.question.statement = S ("statement");
    assert_true (passes (f, CB_VERB_REQUEST));
    assert_true (passes (f, CB_VERB_REPLY));
    assert_true (span_is (f->got.as.question.statement, "statement"));
    f->sent.as.question.statement = S ("");
    assert_false (passes (f, CB_VERB_REPLY));
    assert_true (passes (f, CB_VERB_PING));
    assert_true (passes (f, CB_VERB_PONG));
    assert_true (passes (f, CB_VERB_BYE));
    assert_int_equal (f->got.verb, CB_VERB_BYE);
}

static struct data_frame header (const struct fixture *f)
{
    return (struct data_frame){ .session = f->session,
                                .epoch = { 1, 2 },
                                .lane = CB_LANE_BULK,
                                .prev = 10,
                                .last = 30,
                                .chain = &f->chain };
}

static bool data_passes (struct fixture *f, const struct data_frame *d)
{
    pack_reset (&f->out);
    data_finish (&f->builder, &f->out, d);
    return frame_parse (&f->got, pack_result (&f->out));
}

static void data_arrives_as_it_was_sent (void **state)
{
    struct fixture *f = *state;
    struct data_frame d = header (f);
    data_credential (&f->builder, S ("credential"));
    data_envelope (&f->builder, S ("one"));
    data_envelope (&f->builder, S ("two"));
    assert_true (data_passes (f, &d));
    const struct data_frame *got = &f->got.as.data;
    assert_int_equal (f->got.verb, CB_VERB_DATA);
    assert_memory_equal (got->session, f->session, SESSION_SIZE);
    assert_true (epoch_equal (got->epoch, d.epoch));
    assert_int_equal (got->lane, CB_LANE_BULK);
    assert_int_equal (got->prev, 10);
    assert_int_equal (got->last, 30);
    assert_true (hash_equal (got->chain, &f->chain));
    assert_int_equal (got->credential_count, 1);
    assert_true (span_is (got->credentials[0], "credential"));
    assert_int_equal (got->envelope_count, 2);
    assert_true (span_is (got->envelopes[1], "two"));
}

static void data_without_envelopes_moves_the_cursor (void **state)
{
    struct fixture *f = *state;
    struct data_frame d = header (f);
    assert_true (data_passes (f, &d));
    assert_int_equal (f->got.as.data.envelope_count, 0);
    d.last = d.prev;
    assert_true (data_passes (f, &d));
    d.last = d.prev - 1;
    assert_false (data_passes (f, &d));
    d = header (f);
    d.lane = CB_LANE_END;
    assert_false (data_passes (f, &d));
    d = header (f);
    d.epoch.counter = 0;
    assert_false (data_passes (f, &d));
}

static void a_builder_that_begins_again_is_empty (void **state)
{
    struct fixture *f = *state;
    struct data_frame d = header (f);
    data_credential (&f->builder, S ("credential"));
    data_envelope (&f->builder, S ("one"));
    data_begin (&f->builder);
    assert_true (data_passes (f, &d));
    assert_int_equal (f->got.as.data.credential_count, 0);
    assert_int_equal (f->got.as.data.envelope_count, 0);
}

static void the_size_of_data_is_known_before_it_is_finished (void **state)
{
    struct fixture *f = *state;
    struct data_frame d = { .session = f->session,
                            .epoch = { UINT32_MAX, UINT64_MAX },
                            .lane = CB_LANE_BULK,
                            .prev = SEQ_MAX,
                            .last = SEQ_MAX,
                            .chain = &f->chain };
    for (size_t i = 0; i < LINK_RUN; i++)
        data_envelope (&f->builder, S ("envelope"));
    for (size_t i = 0; i < LINK_CREDENTIALS; i++)
        data_credential (&f->builder, S ("credential"));
    assert_true (data_passes (f, &d));
    assert_true (pack_result (&f->out).size <= data_size (&f->builder));
    assert_true (pack_result (&f->out).size + 64 > data_size (&f->builder));
    assert_int_equal (f->got.as.data.envelope_count, LINK_RUN);
    assert_int_equal (f->got.as.data.credential_count, LINK_CREDENTIALS);
}

static void more_than_1024_envelopes_or_64_credentials_are_refused (void **state)
{
    struct fixture *f = *state;
    struct data_frame d = header (f);
    for (int which = 0; which < 2; which++) {
        data_begin (&f->builder);
        struct pack_out *list = which ? &f->builder.envelopes : &f->builder.credentials;
        size_t *count = which ? &f->builder.envelope_count : &f->builder.credential_count;
        size_t most = which ? LINK_RUN : LINK_CREDENTIALS;
        for (*count = 0; *count <= most; ++*count)
            pack_put_bin (list, S ("x"));
        assert_false (data_passes (f, &d));
    }
}

static void a_frame_has_exactly_the_elements_of_its_verb (void **state)
{
    struct fixture *f = *state;
    fill_greeting (f);
    static const unsigned verbs[] = { CB_VERB_HELLO, CB_VERB_PING };
    for (size_t i = 0; i < 2; i++) {
        assert_true (passes (f, verbs[i]));
        struct span whole = pack_result (&f->out);
        uint8_t bytes[1024];
        assert_true (whole.size < sizeof bytes);
        memcpy (bytes, whole.data, whole.size);
        bytes[whole.size] = 0xc0;
        assert_false (frame_parse (&f->got, span_bytes (bytes, whole.size + 1)));
        bytes[0]++;
        assert_false (frame_parse (&f->got, span_bytes (bytes, whole.size + 1)));
        assert_false (frame_parse (&f->got, span_bytes (bytes, whole.size)));
    }
}

static void a_verb_or_session_of_another_shape_is_refused (void **state)
{
    struct fixture *f = *state;
    static const unsigned verbs[] = { 0, CB_VERB_END, 200 };
    for (size_t i = 0; i < 3; i++) {
        pack_reset (&f->out);
        pack_put_array (&f->out, 2);
        pack_put_uint (&f->out, verbs[i]);
        pack_put_bin (&f->out, span_bytes (f->session, SESSION_SIZE));
        assert_false (frame_parse (&f->got, pack_result (&f->out)));
    }
    for (size_t size = SESSION_SIZE - 1; size <= SESSION_SIZE + 1; size++) {
        uint8_t session[SESSION_SIZE + 1] = { 0 };
        pack_reset (&f->out);
        pack_put_array (&f->out, 2);
        pack_put_uint (&f->out, CB_VERB_PING);
        pack_put_bin (&f->out, span_bytes (session, size));
        assert_int_equal (frame_parse (&f->got, pack_result (&f->out)), size == SESSION_SIZE);
    }
}

static void a_frame_over_384_kib_is_refused (void **state)
{
    struct fixture *f = *state;
    struct data_frame d = header (f);
    static uint8_t envelope[LINK_FRAME_MAX];
    size_t low = LINK_FRAME_MAX - 256;
    data_envelope (&f->builder, span_bytes (envelope, low));
    assert_true (data_passes (f, &d));
    size_t fit = low + (LINK_FRAME_MAX - pack_result (&f->out).size);
    data_begin (&f->builder);
    data_envelope (&f->builder, span_bytes (envelope, fit));
    assert_true (data_passes (f, &d));
    assert_int_equal (pack_result (&f->out).size, LINK_FRAME_MAX);
    data_begin (&f->builder);
    data_envelope (&f->builder, span_bytes (envelope, fit + 1));
    assert_false (data_passes (f, &d));
}

static void every_cut_of_a_frame_is_refused (void **state)
{
    struct fixture *f = *state;
    struct data_frame d = header (f);
    fill_greeting (f);
    data_credential (&f->builder, S ("credential"));
    data_envelope (&f->builder, S ("one"));
    for (int which = 0; which < 2; which++) {
        assert_true (which ? passes (f, CB_VERB_HELLO) : data_passes (f, &d));
        struct span whole = pack_result (&f->out);
        for (size_t size = 0; size < whole.size; size++) {
            uint8_t *copy = malloc (size ? size : 1);
            assert_non_null (copy);
            memcpy (copy, whole.data, size);
            assert_false (frame_parse (&f->got, span_bytes (copy, size)));
            free (copy);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (a_greeting_arrives_as_it_was_sent),
        TEST (a_greeting_from_who_holds_nothing_says_so),
        TEST (a_welcome_agrees_on_one_version),
        TEST (a_greeting_outside_its_limits_is_refused),
        TEST (at_most_64_epochs_are_listed),
        TEST (a_cursor_that_was_never_read_has_one_form),
        TEST (an_ack_arrives_as_it_was_sent),
        TEST (a_refusal_is_of_a_message_or_of_the_session),
        TEST (the_small_frames_arrive_as_they_were_sent),
        TEST (data_arrives_as_it_was_sent),
        TEST (data_without_envelopes_moves_the_cursor),
        TEST (a_builder_that_begins_again_is_empty),
        TEST (the_size_of_data_is_known_before_it_is_finished),
        TEST (more_than_1024_envelopes_or_64_credentials_are_refused),
        TEST (a_frame_has_exactly_the_elements_of_its_verb),
        TEST (a_verb_or_session_of_another_shape_is_refused),
        TEST (a_frame_over_384_kib_is_refused),
        TEST (every_cut_of_a_frame_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
