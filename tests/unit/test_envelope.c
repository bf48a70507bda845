/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/envelope.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define S span_of

/* One message as an array of packed elements, so that a test can replace any. */
#define FIELDS 21
enum field {
    VERSION,
    KIND,
    ORIGIN,
    CREDENTIAL,
    EPOCH,
    SEQUENCE,
    AUDIENCE,
    PRECEDENCE,
    TLP,
    MODE,
    EXERCISE,
    ISSUED,
    EXPIRES,
    THREAD,
    AFTER,
    REPLACES,
    CLIMB,
    BY,
    SCHEMA,
    SALT,
    BODY
};

struct fixture {
    struct draft draft;
    struct pack_out message, envelope, piece;
    struct envelope e;
    struct hash path[PROOF_PATH];
    uint8_t sig[SIG_SIZE];
};

static int set_up (void **state)
{
    struct fixture *f = calloc (1, sizeof *f);
    if (!f || sodium_init () < 0)
        return -1;
    pack_init (&f->message);
    pack_init (&f->envelope);
    pack_init (&f->piece);
    memset (f->sig, 7, sizeof f->sig);
    memset (f->path, 9, sizeof f->path);
    struct draft *d = &f->draft;
    d->kind = S ("incident");
    memset (d->credential.bytes, 3, HASH_SIZE);
    d->id = (struct msg_id){ S ("pk.sindh.kpt"), { 1, UINT64_MAX }, 345 };
    d->audience_count = 3;
    d->audience[0] = S ("pk.sindh");
    d->audience[1] = S ("@energy");
    d->audience[2] = S ("pk.**");
    d->precedence = CB_LANE_ROUTINE;
    d->tlp = CB_TLP_AMBER;
    d->issued = 1700000000000;
    d->schema = 1;
    memset (d->salt, 5, SALT_SIZE);
    d->body = span_bytes ("\x81\xa1"
                          "a\x01",
                          4);
    *state = f;
    return 0;
}

static int tear_down (void **state)
{
    struct fixture *f = *state;
    pack_free (&f->message);
    pack_free (&f->envelope);
    pack_free (&f->piece);
    free (f);
    return 0;
}

/* Parses an envelope of the message that has been packed. */
static enum cb_reason parse_message (struct fixture *f)
{
    pack_reset (&f->envelope);
    envelope_pack (&f->envelope, pack_result (&f->message), 1, 0, NULL, 0, f->sig);
    return envelope_parse (&f->e, pack_result (&f->envelope));
}

static enum cb_reason parse_draft (struct fixture *f)
{
    pack_reset (&f->message);
    draft_pack (&f->draft, &f->message);
    return parse_message (f);
}

/* Parses the draft's message with one element replaced by what is in f->piece. */
static enum cb_reason parse_with (struct fixture *f, enum field field)
{
    struct pack_out draft;
    pack_init (&draft);
    draft_pack (&f->draft, &draft);
    struct pack_in in = pack_open (pack_result (&draft));
    assert_int_equal (pack_array (&in, FIELDS, FIELDS), FIELDS);
    pack_reset (&f->message);
    pack_put_array (&f->message, FIELDS);
    for (unsigned i = 0; i < FIELDS; i++) {
        struct span element = pack_any (&in);
        pack_put_raw (&f->message, i == field ? pack_result (&f->piece) : element);
    }
    pack_free (&draft);
    pack_reset (&f->piece);
    return parse_message (f);
}

static enum cb_reason with_uint (struct fixture *f, enum field field, uint64_t value)
{
    pack_put_uint (&f->piece, value);
    return parse_with (f, field);
}

static enum cb_reason with_text (struct fixture *f, enum field field, const char *text)
{
    pack_put_text (&f->piece, text);
    return parse_with (f, field);
}

static enum cb_reason with_nil (struct fixture *f, enum field field)
{
    pack_put_nil (&f->piece);
    return parse_with (f, field);
}

static enum cb_reason with_bin (struct fixture *f, enum field field, const void *data, size_t size)
{
    pack_put_bin (&f->piece, span_bytes (data, size));
    return parse_with (f, field);
}

static enum cb_reason with_audience (struct fixture *f, size_t count, const char *const *terms)
{
    pack_put_array (&f->piece, count);
    for (size_t i = 0; i < count; i++)
        pack_put_text (&f->piece, terms[i]);
    return parse_with (f, AUDIENCE);
}

static void what_was_drafted_is_what_is_read (void **state)
{
    struct fixture *f = *state;
    struct draft *d = &f->draft;
    d->mode = CB_MODE_EXERCISE;
    d->exercise = (struct msg_id){ S ("pk"), { 2, 0 }, 1 };
    d->expires = TIME_MAX;
    d->thread = (struct msg_id){ S ("pk.sindh"), { 3, 4 }, SEQ_MAX };
    d->replaces = (struct msg_id){ S ("pk.sindh.kpt"), { 1, UINT64_MAX }, 344 };
    d->after_count = 2;
    memset (d->after[0].bytes, 0xbb, HASH_SIZE);
    memset (d->after[1].bytes, 0xaa, HASH_SIZE);
    d->climb = S ("pk");
    d->officer = S ("Ayesha");
    assert_int_equal (parse_draft (f), CB_OK);
    const struct envelope *e = &f->e;
    assert_true (span_is (e->kind, "incident"));
    assert_true (msg_id_equal (&e->id, &d->id));
    assert_true (hash_equal (e->credential, &d->credential));
    assert_int_equal (e->audience_count, 3);
    assert_int_equal (e->audience[0].type, TERM_SECTOR);
    assert_true (span_is (e->audience[0].name, "energy"));
    assert_int_equal (e->audience[1].type, TERM_SUBTREE);
    assert_true (span_is (e->audience[1].name, "pk"));
    assert_true (span_is (e->audience[2].name, "pk.sindh"));
    assert_int_equal (e->precedence, CB_LANE_ROUTINE);
    assert_int_equal (e->tlp, CB_TLP_AMBER);
    assert_int_equal (e->mode, CB_MODE_EXERCISE);
    assert_true (msg_id_equal (&e->exercise, &d->exercise));
    assert_int_equal (e->issued, d->issued);
    assert_int_equal (e->expires, TIME_MAX);
    assert_true (msg_id_equal (&e->thread, &d->thread));
    assert_true (msg_id_equal (&e->replaces, &d->replaces));
    assert_int_equal (e->after_count, 2);
    assert_true (hash_equal (&e->after[0], &d->after[1]));
    assert_true (hash_equal (&e->after[1], &d->after[0]));
    assert_true (span_is (e->climb, "pk"));
    assert_true (span_is (e->officer, "Ayesha"));
    assert_int_equal (e->schema, 1);
    assert_memory_equal (e->salt, d->salt, SALT_SIZE);
    assert_true (span_equal (e->body, d->body));
    assert_true (span_equal (e->signed_bytes, pack_result (&f->message)));
    struct hash leaf = hash_leaf (pack_result (&f->message));
    assert_true (hash_equal (&e->leaf, &leaf));
}

static void what_was_left_out_is_empty (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (parse_draft (f), CB_OK);
    assert_int_equal (f->e.expires, 0);
    assert_int_equal (f->e.thread.origin.size, 0);
    assert_int_equal (f->e.replaces.origin.size, 0);
    assert_int_equal (f->e.exercise.origin.size, 0);
    assert_int_equal (f->e.after_count, 0);
    assert_int_equal (f->e.climb.size, 0);
    assert_int_equal (f->e.officer.size, 0);
    assert_int_equal (f->e.approval_count, 0);
}

static void each_field_has_its_limits (void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum field field;
        uint64_t good, bad;
    } limits[] = {
        { VERSION, 1, 0 },
        { VERSION, 1, 2 },
        { SEQUENCE, 1, 0 },
        { SEQUENCE, SEQ_MAX, SEQ_MAX + 1 },
        { PRECEDENCE, 0, 3 },
        { PRECEDENCE, 2, 4 },
        { TLP, 1, 0 },
        { TLP, 5, 6 },
        { MODE, 2, 3 },
        { ISSUED, 0, TIME_MAX + 1 },
        { ISSUED, TIME_MAX, UINT64_MAX },
        { EXPIRES, 1700000000000, 1699999999999 },
        { EXPIRES, TIME_MAX, TIME_MAX + 1 },
        { SCHEMA, 1, 0 },
        { SCHEMA, 65535, 65536 },
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        assert_int_equal (with_uint (f, limits[i].field, limits[i].good), CB_OK);
        assert_int_equal (with_uint (f, limits[i].field, limits[i].bad), CB_MALFORMED);
    }
}

static void a_field_of_another_type_is_refused (void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < FIELDS; i++) {
        pack_put_bool (&f->piece, true);
        assert_int_equal (parse_with (f, (enum field) i), CB_MALFORMED);
    }
    static const enum field never_nil[] = { KIND, ORIGIN, CREDENTIAL, EPOCH, AUDIENCE,
                                            TLP,  ISSUED, AFTER,      SALT,  BODY };
    for (size_t i = 0; i < sizeof never_nil / sizeof never_nil[0]; i++)
        assert_int_equal (with_nil (f, never_nil[i]), CB_MALFORMED);
    pack_put_array (&f->piece, 0);
    assert_int_equal (parse_with (f, BODY), CB_MALFORMED);
}

static void a_message_has_21_elements_and_nothing_after_them (void **state)
{
    struct fixture *f = *state;
    draft_pack (&f->draft, &f->message);
    pack_put_nil (&f->message);
    assert_int_equal (parse_message (f), CB_MALFORMED);
    struct span packed = pack_result (&f->message);
    uint8_t bytes[1024];
    assert_true (packed.size < sizeof bytes);
    memcpy (bytes, packed.data, packed.size);
    assert_int_equal (bytes[2], FIELDS);
    bytes[2] = FIELDS + 1;
    pack_reset (&f->message);
    pack_put_raw (&f->message, span_bytes (bytes, packed.size));
    assert_int_equal (parse_message (f), CB_MALFORMED);
}

static void names_are_names (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (with_text (f, KIND, "Incident"), CB_MALFORMED);
    assert_int_equal (with_text (f, KIND, "a.b"), CB_MALFORMED);
    assert_int_equal (with_text (f, ORIGIN, "pk..kpt"), CB_MALFORMED);
    assert_int_equal (with_text (f, ORIGIN, ""), CB_MALFORMED);
    assert_int_equal (with_text (f, CLIMB, "pk.**"), CB_MALFORMED);
    assert_int_equal (with_text (f, CLIMB, ""), CB_MALFORMED);
    assert_int_equal (with_text (f, BY, ""), CB_MALFORMED);
    char officer[OFFICER_MAX + 2] = { 0 };
    memset (officer, 'x', OFFICER_MAX + 1);
    assert_int_equal (with_text (f, BY, officer), CB_MALFORMED);
    officer[OFFICER_MAX] = 0;
    assert_int_equal (with_text (f, BY, officer), CB_OK);
}

static void an_audience_is_1_to_32_terms_in_order (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (with_audience (f, 2, (const char *[]){ "pk.a", "pk.b" }), CB_OK);
    assert_int_equal (with_audience (f, 2, (const char *[]){ "pk.b", "pk.a" }), CB_MALFORMED);
    assert_int_equal (with_audience (f, 2, (const char *[]){ "pk.a", "pk.a" }), CB_MALFORMED);
    assert_int_equal (with_audience (f, 1, (const char *[]){ "**" }), CB_MALFORMED);
    assert_int_equal (with_audience (f, 0, NULL), CB_MALFORMED);
    char text[AUDIENCE_MAX + 1][8];
    const char *terms[AUDIENCE_MAX + 1];
    for (int i = 0; i <= AUDIENCE_MAX; i++) {
        snprintf (text[i], sizeof text[i], "pk.%02d", i);
        terms[i] = text[i];
    }
    assert_int_equal (with_audience (f, AUDIENCE_MAX, terms), CB_OK);
    assert_int_equal (with_audience (f, AUDIENCE_MAX + 1, terms), CB_MALFORMED);
}

static void a_drill_names_its_announcement_and_nothing_else_does (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (with_uint (f, MODE, CB_MODE_EXERCISE), CB_MALFORMED);
    struct msg_id announcement = { S ("pk"), { 1, 1 }, 1 };
    msg_id_pack (&f->piece, &announcement);
    assert_int_equal (parse_with (f, EXERCISE), CB_MALFORMED);
    f->draft.mode = CB_MODE_EXERCISE;
    f->draft.exercise = announcement;
    assert_int_equal (parse_draft (f), CB_OK);
}

static void a_reference_is_whole (void **state)
{
    struct fixture *f = *state;
    struct msg_id id = { S ("pk"), { 0, 1 }, 1 };
    msg_id_pack (&f->piece, &id);
    assert_int_equal (parse_with (f, THREAD), CB_MALFORMED);
    id = (struct msg_id){ S ("pk"), { 1, 1 }, 0 };
    msg_id_pack (&f->piece, &id);
    assert_int_equal (parse_with (f, THREAD), CB_MALFORMED);
    id = (struct msg_id){ S ("pk."), { 1, 1 }, 1 };
    msg_id_pack (&f->piece, &id);
    assert_int_equal (parse_with (f, REPLACES), CB_MALFORMED);
    pack_put_array (&f->piece, 3);
    pack_put_text (&f->piece, "pk");
    pack_put_uint (&f->piece, 1);
    pack_put_uint (&f->piece, 1);
    assert_int_equal (parse_with (f, THREAD), CB_MALFORMED);
    pack_put_array (&f->piece, 2);
    pack_put_uint (&f->piece, 0);
    pack_put_uint (&f->piece, 1);
    assert_int_equal (parse_with (f, EPOCH), CB_MALFORMED);
}

static void heads_are_whole_hashes_in_order (void **state)
{
    struct fixture *f = *state;
    uint8_t heads[(AFTER_MAX + 1) * HASH_SIZE] = { 0 };
    for (uint8_t i = 0; i <= AFTER_MAX; i++)
        heads[i * HASH_SIZE + HASH_SIZE - 1] = i;
    assert_int_equal (with_bin (f, AFTER, heads, (size_t) AFTER_MAX * HASH_SIZE), CB_OK);
    assert_int_equal (f->e.after_count, AFTER_MAX);
    assert_int_equal (with_bin (f, AFTER, heads, sizeof heads), CB_MALFORMED);
    assert_int_equal (with_bin (f, AFTER, heads, HASH_SIZE - 1), CB_MALFORMED);
    assert_int_equal (with_bin (f, AFTER, heads, HASH_SIZE + 1), CB_MALFORMED);
    heads[HASH_SIZE - 1] = 1;
    assert_int_equal (with_bin (f, AFTER, heads, (size_t) 2 * HASH_SIZE), CB_MALFORMED);
    heads[HASH_SIZE - 1] = 2;
    assert_int_equal (with_bin (f, AFTER, heads, (size_t) 2 * HASH_SIZE), CB_MALFORMED);
}

static void salt_and_credential_have_one_size (void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[HASH_SIZE + 1] = { 0 };
    assert_int_equal (with_bin (f, SALT, bytes, SALT_SIZE), CB_OK);
    assert_int_equal (with_bin (f, SALT, bytes, SALT_SIZE - 1), CB_MALFORMED);
    assert_int_equal (with_bin (f, SALT, bytes, SALT_SIZE + 1), CB_MALFORMED);
    assert_int_equal (with_bin (f, CREDENTIAL, bytes, HASH_SIZE - 1), CB_MALFORMED);
    assert_int_equal (with_bin (f, CREDENTIAL, bytes, HASH_SIZE + 1), CB_MALFORMED);
}

static void a_body_is_as_deep_as_the_message_leaves_it (void **state)
{
    struct fixture *f = *state;
    for (unsigned depth = PACK_DEPTH - 1; depth <= PACK_DEPTH; depth++) {
        for (unsigned i = 0; i + 1 < depth; i++) {
            pack_put_map (&f->piece, 1);
            pack_put_text (&f->piece, "a");
        }
        pack_put_map (&f->piece, 0);
        assert_int_equal (parse_with (f, BODY), depth < PACK_DEPTH ? CB_OK : CB_MALFORMED);
    }
}

static void a_proof_that_does_not_fit_its_tree_is_a_bad_proof (void **state)
{
    struct fixture *f = *state;
    draft_pack (&f->draft, &f->message);
    static const struct {
        uint32_t size, index;
        size_t path;
        enum cb_reason reason;
    } cases[] = {
        { 1, 0, 0, CB_OK },        { 2, 1, 1, CB_OK },        { 65536, 65535, 16, CB_OK },
        { 5, 4, 1, CB_OK },        { 5, 4, 3, CB_BAD_PROOF }, { 0, 0, 0, CB_BAD_PROOF },
        { 1, 1, 0, CB_BAD_PROOF }, { 2, 0, 0, CB_BAD_PROOF }, { 65537, 0, 16, CB_BAD_PROOF },
        { 1, 0, 1, CB_BAD_PROOF }, { 3, 3, 2, CB_BAD_PROOF },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pack_reset (&f->envelope);
        envelope_pack (&f->envelope, pack_result (&f->message), cases[i].size, cases[i].index,
                       f->path, cases[i].path, f->sig);
        assert_int_equal (envelope_parse (&f->e, pack_result (&f->envelope)), cases[i].reason);
    }
}

/* An envelope around the drafted message with any path and approvals. */
static enum cb_reason parse_parts (struct fixture *f, size_t path_size, size_t count,
                                   const char *const *officers)
{
    uint8_t bytes[17 * HASH_SIZE] = { 0 };
    pack_reset (&f->message);
    draft_pack (&f->draft, &f->message);
    pack_reset (&f->envelope);
    pack_put_array (&f->envelope, 3);
    pack_put_bin (&f->envelope, pack_result (&f->message));
    pack_put_array (&f->envelope, 4);
    pack_put_uint (&f->envelope, 1);
    pack_put_uint (&f->envelope, 0);
    pack_put_bin (&f->envelope, span_bytes (bytes, path_size));
    pack_put_bin (&f->envelope, span_bytes (f->sig, SIG_SIZE));
    pack_put_array (&f->envelope, count);
    for (size_t i = 0; i < count; i++) {
        pack_put_array (&f->envelope, 3);
        pack_put_text (&f->envelope, officers[i]);
        pack_put_bin (&f->envelope, span_bytes (bytes, KEY_SIZE));
        pack_put_bin (&f->envelope, span_bytes (f->sig, SIG_SIZE));
    }
    return envelope_parse (&f->e, pack_result (&f->envelope));
}

static void a_path_that_is_not_whole_hashes_is_malformed (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (parse_parts (f, 0, 0, NULL), CB_OK);
    assert_int_equal (parse_parts (f, 31, 0, NULL), CB_MALFORMED);
    assert_int_equal (parse_parts (f, 32, 0, NULL), CB_BAD_PROOF);
    assert_int_equal (parse_parts (f, 17 * HASH_SIZE, 0, NULL), CB_MALFORMED);
}

static void approvals_are_at_most_four_in_order (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (parse_parts (f, 0, 4, (const char *[]){ "a", "b", "c", "d" }), CB_OK);
    assert_int_equal (f->e.approval_count, 4);
    assert_true (span_is (f->e.approvals[3].officer, "d"));
    assert_memory_equal (f->e.approvals[3].sig, f->sig, SIG_SIZE);
    assert_int_equal (parse_parts (f, 0, 5, (const char *[]){ "a", "b", "c", "d", "e" }),
                      CB_MALFORMED);
    assert_int_equal (parse_parts (f, 0, 2, (const char *[]){ "b", "a" }), CB_MALFORMED);
    assert_int_equal (parse_parts (f, 0, 2, (const char *[]){ "a", "a" }), CB_MALFORMED);
    assert_int_equal (parse_parts (f, 0, 1, (const char *[]){ "" }), CB_MALFORMED);
}

static void an_envelope_over_256_kib_is_too_large (void **state)
{
    struct fixture *f = *state;
    static char text[ENVELOPE_MAX];
    memset (text, 'x', sizeof text);
    size_t fit = 0;
    for (size_t over = 0; over < 2; over++) {
        pack_put_map (&f->piece, 1);
        pack_put_text (&f->piece, "a");
        pack_put_str (&f->piece, span_bytes (text, over ? fit + 1 : sizeof text - 4096));
        enum cb_reason reason = parse_with (f, BODY);
        if (over) {
            assert_int_equal (pack_result (&f->envelope).size, ENVELOPE_MAX + 1);
            assert_int_equal (reason, CB_TOO_LARGE);
        } else {
            assert_int_equal (reason, CB_OK);
            fit = sizeof text - 4096 + (ENVELOPE_MAX - pack_result (&f->envelope).size);
        }
    }
    pack_put_map (&f->piece, 1);
    pack_put_text (&f->piece, "a");
    pack_put_str (&f->piece, span_bytes (text, fit));
    assert_int_equal (parse_with (f, BODY), CB_OK);
    assert_int_equal (pack_result (&f->envelope).size, ENVELOPE_MAX);
}

static void every_cut_of_an_envelope_is_malformed (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (parse_draft (f), CB_OK);
    struct span whole = pack_result (&f->envelope);
    struct envelope e;
    for (size_t size = 0; size < whole.size; size++) {
        /* In memory of its own, so that a read past the end is seen. */
        uint8_t *copy = malloc (size ? size : 1);
        assert_non_null (copy);
        memcpy (copy, whole.data, size);
        assert_int_equal (envelope_parse (&e, span_bytes (copy, size)), CB_MALFORMED);
        free (copy);
    }
    pack_put_nil (&f->envelope);
    assert_int_equal (envelope_parse (&e, pack_result (&f->envelope)), CB_MALFORMED);
}

static void an_id_is_printed_for_people (void **state)
{
    struct fixture *f = *state;
    char text[ID_TEXT];
    msg_id_text (&f->draft.id, text);
    assert_string_equal (text, "pk.sindh.kpt/1-345");
    char name[PARTY_MAX];
    memset (name, 'a', sizeof name);
    struct msg_id longest = { span_bytes (name, sizeof name), { UINT32_MAX, 0 }, SEQ_MAX };
    msg_id_text (&longest, text);
    assert_string_equal (text + PARTY_MAX, "/4294967295-9007199254740991");
}

static void ids_differ_by_origin_epoch_and_sequence (void **state)
{
    (void) state;
    struct msg_id id = { S ("pk"), { 1, 2 }, 3 };
    assert_true (msg_id_equal (&id, &(struct msg_id){ S ("pk"), { 1, 2 }, 3 }));
    assert_false (msg_id_equal (&id, &(struct msg_id){ S ("pl"), { 1, 2 }, 3 }));
    assert_false (msg_id_equal (&id, &(struct msg_id){ S ("pk"), { 2, 2 }, 3 }));
    assert_false (msg_id_equal (&id, &(struct msg_id){ S ("pk"), { 1, 3 }, 3 }));
    assert_false (msg_id_equal (&id, &(struct msg_id){ S ("pk"), { 1, 2 }, 4 }));
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (what_was_drafted_is_what_is_read),
        TEST (what_was_left_out_is_empty),
        TEST (each_field_has_its_limits),
        TEST (a_field_of_another_type_is_refused),
        TEST (a_message_has_21_elements_and_nothing_after_them),
        TEST (names_are_names),
        TEST (an_audience_is_1_to_32_terms_in_order),
        TEST (a_drill_names_its_announcement_and_nothing_else_does),
        TEST (a_reference_is_whole),
        TEST (heads_are_whole_hashes_in_order),
        TEST (salt_and_credential_have_one_size),
        TEST (a_body_is_as_deep_as_the_message_leaves_it),
        TEST (a_proof_that_does_not_fit_its_tree_is_a_bad_proof),
        TEST (a_path_that_is_not_whole_hashes_is_malformed),
        TEST (approvals_are_at_most_four_in_order),
        TEST (an_envelope_over_256_kib_is_too_large),
        TEST (every_cut_of_an_envelope_is_malformed),
        TEST (an_id_is_printed_for_people),
        TEST (ids_differ_by_origin_epoch_and_sequence),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
