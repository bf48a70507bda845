/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/trust.h"
#include "bus/edge/schemafile.h"
#include "tests/unit/support_schema.h"
#include "tests/unit/support_trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct world *w;
    struct actor *pk, *sindh;
    struct directory *d;
    struct pack_out out;
    struct envelope e;
};

static int set_up (void **state)
{
    struct fixture *f = calloc (1, sizeof *f);
    f->w = world_new (1, 1);
    f->pk = world_party (f->w, "pk", "national", NULL);
    f->sindh = world_party (f->w, "pk.sindh", "provincial", NULL);
    f->d = world_directory (f->w);
    pack_init (&f->out);
    *state = f;
    return 0;
}

static int tear_down (void **state)
{
    struct fixture *f = *state;
    pack_free (&f->out);
    directory_free (&f->d);
    world_free (&f->w);
    free (f);
    return 0;
}

static enum cb_reason apply_in (struct fixture *f, struct actor *actor, const char *kind,
                                unsigned mode)
{
    struct draft draft = world_draft (actor, kind, "pk.**");
    draft.body = pack_result (&f->out);
    draft.mode = mode;
    if (mode == CB_MODE_EXERCISE)
        draft.exercise = (struct msg_id){ .origin = span_of ("pk"), .epoch = { 1, 1 }, .seq = 1 };
    assert_int_equal (envelope_parse (&f->e, world_send (actor, &draft)), CB_OK);
    return directory_apply (f->d, &f->e);
}

static enum cb_reason apply (struct fixture *f, struct actor *actor, const char *kind)
{
    return apply_in (f, actor, kind, CB_MODE_LIVE);
}

static void put_head (struct fixture *f, int64_t time, uint32_t policy)
{
    struct head head = { .time = time, .policy_version = policy, .revocations = 2 };
    memset (head.revoked.bytes, 5, HASH_SIZE);
    pack_reset (&f->out);
    trust_body_head (&f->out, &head);
}

static void bodies_fit_their_schemas (void **state)
{
    struct fixture *f = *state;
    char where[SCHEMA_WHERE];
    struct schemas *schemas = schemas_ours ();
    struct revocation r = { .party = span_of ("pk"),
                            .credential = &f->pk->credential.st.hash,
                            .why = span_of ("stolen"),
                            .last_epoch = { 3, 4 },
                            .last_seq = 5 };
    const struct schema *schema = schemas_find (schemas, span_of ("revocation"));
    trust_body_revocation (&f->out, &r, span_of ("x"));
    assert_true (schema_check (schema, pack_result (&f->out), where));
    r.last_seq = 0;
    pack_reset (&f->out);
    trust_body_revocation (&f->out, &r, span_bytes (NULL, 0));
    assert_true (schema_check (schema, pack_result (&f->out), where));
    put_head (f, WORLD_NOW, 1);
    schema = schemas_find (schemas, span_of ("head"));
    assert_true (schema_check (schema, pack_result (&f->out), where));
    static const char *const statements[][2] = { { "policy", "statement" },
                                                 { "root", "statement" },
                                                 { "enrolment", "credential" } };
    for (size_t i = 0; i < 3; i++) {
        pack_reset (&f->out);
        trust_body_statement (&f->out, statements[i][1], span_of ("x"));
        schema = schemas_find (schemas, span_of (statements[i][0]));
        assert_true (schema_check (schema, pack_result (&f->out), where));
    }
    schemas_free (&schemas);
}

static void bodies_are_read_as_they_were_written (void **state)
{
    struct fixture *f = *state;
    struct revocation r = { .party = span_of ("pk"),
                            .credential = &f->pk->credential.st.hash,
                            .why = span_of ("stolen"),
                            .last_epoch = { 3, UINT64_C (0x0102030405060708) },
                            .last_seq = 5,
                            .disputed = true },
                      read;
    struct span statement;
    trust_body_revocation (&f->out, &r, span_of ("st"));
    assert_true (trust_read_revocation (&read, &statement, pack_result (&f->out)));
    assert_true (span_is (read.party, "pk"));
    assert_true (hash_equal (read.credential, r.credential));
    assert_true (span_is (read.why, "stolen"));
    assert_true (epoch_equal (read.last_epoch, r.last_epoch));
    assert_int_equal (read.last_seq, 5);
    assert_true (read.disputed);
    assert_true (span_is (statement, "st"));
    struct head head;
    put_head (f, 77, 9);
    assert_true (trust_read_head (&head, pack_result (&f->out)));
    assert_int_equal (head.time, 77);
    assert_int_equal (head.policy_version, 9);
    assert_int_equal (head.revocations, 2);
    assert_int_equal (head.revoked.bytes[31], 5);
}

static void a_last_message_is_named_whole_or_not_at_all (void **state)
{
    struct fixture *f = *state;
    struct revocation r;
    struct span statement;
    pack_put_map (&f->out, 5);
    pack_put_text (&f->out, "credential");
    pack_put_bin (&f->out, span_bytes (f->pk->credential.st.hash.bytes, HASH_SIZE));
    pack_put_text (&f->out, "disputed");
    pack_put_bool (&f->out, false);
    pack_put_text (&f->out, "last_seq");
    pack_put_int (&f->out, 5);
    pack_put_text (&f->out, "party");
    pack_put_text (&f->out, "pk.sindh");
    pack_put_text (&f->out, "why");
    pack_put_text (&f->out, "stolen");
    assert_false (trust_read_revocation (&r, &statement, pack_result (&f->out)));
    assert_int_equal (apply (f, f->pk, "revocation"), CB_TRUST);
}

static void a_body_without_what_it_must_hold_is_refused (void **state)
{
    struct fixture *f = *state;
    static const char *const kinds[] = { "policy", "root", "enrolment", "revocation", "head" };
    pack_put_map (&f->out, 0);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        assert_int_equal (apply (f, f->pk, kinds[i]), CB_TRUST);
    assert_int_equal (apply (f, f->pk, "note"), CB_OK);
}

static void each_kind_changes_the_directory_and_again_nothing (void **state)
{
    struct fixture *f = *state;
    struct actor *kp = world_party (f->w, "pk.kp", "provincial", NULL);
    for (int i = 0; i < 2; i++) {
        pack_reset (&f->out);
        trust_body_statement (&f->out, "statement", world_policy (f->w, 4));
        assert_int_equal (apply (f, f->pk, "policy"), CB_OK);
        assert_int_equal (directory_policy_now (f->d)->version, 4);
        pack_reset (&f->out);
        trust_body_statement (&f->out, "credential", kp->credential.st.bytes);
        assert_int_equal (apply (f, f->pk, "enrolment"), CB_OK);
        assert_non_null (directory_by_name (f->d, span_of ("pk.kp")));
        put_head (f, WORLD_NOW, 4);
        assert_int_equal (apply (f, f->pk, "head"), CB_OK);
        assert_int_equal (directory_head_now (f->d)->policy_version, 4);
    }
    struct span next = world_next_root (f->w, 1, 1);
    for (int i = 0; i < 2; i++) {
        pack_reset (&f->out);
        trust_body_statement (&f->out, "statement", next);
        assert_int_equal (apply (f, f->pk, "root"), CB_OK);
        assert_int_equal (directory_root_file (f->d)->version, 2);
    }
}

static void an_exercise_changes_nothing (void **state)
{
    struct fixture *f = *state;
    put_head (f, WORLD_NOW, 4);
    assert_int_equal (apply_in (f, f->pk, "head", CB_MODE_EXERCISE), CB_OK);
    assert_int_equal (apply_in (f, f->pk, "head", CB_MODE_TEST), CB_OK);
    assert_null (directory_head_now (f->d));
}

static void only_the_top_party_sends_heads_and_none_from_the_future (void **state)
{
    struct fixture *f = *state;
    put_head (f, WORLD_NOW, 4);
    assert_int_equal (apply (f, f->sindh, "head"), CB_TRUST);
    put_head (f, WORLD_NOW + 1, 4);
    assert_int_equal (apply (f, f->pk, "head"), CB_TRUST);
    assert_null (directory_head_now (f->d));
}

static void the_top_partys_revocation_travels_with_its_statement (void **state)
{
    struct fixture *f = *state;
    struct revocation r = { .party = span_of ("pk"),
                            .credential = &f->pk->credential.st.hash,
                            .why = span_of ("stolen"),
                            .last_epoch = { 1, 7 },
                            .last_seq = 2 };
    revocation_pack (&f->out, &r);
    struct span statement =
        world_root_signs (f->w, world_keep (f->w, pack_result (&f->out)), CB_PURPOSE_REVOCATION, 0);
    pack_reset (&f->out);
    r.last_seq = 3;
    trust_body_revocation (&f->out, &r, statement);
    assert_int_equal (apply (f, f->pk, "revocation"), CB_TRUST);
    pack_reset (&f->out);
    r.last_seq = 2;
    trust_body_revocation (&f->out, &r, statement);
    assert_int_equal (apply (f, f->pk, "revocation"), CB_OK);
    assert_true (directory_by_name (f->d, span_of ("pk"))->revoked);
    assert_int_equal (directory_by_name (f->d, span_of ("pk"))->last_seq, 2);
}

int main (void)
{
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_WORLD (bodies_fit_their_schemas),
        WITH_WORLD (bodies_are_read_as_they_were_written),
        WITH_WORLD (a_last_message_is_named_whole_or_not_at_all),
        WITH_WORLD (a_body_without_what_it_must_hold_is_refused),
        WITH_WORLD (each_kind_changes_the_directory_and_again_nothing),
        WITH_WORLD (an_exercise_changes_nothing),
        WITH_WORLD (only_the_top_party_sends_heads_and_none_from_the_future),
        WITH_WORLD (the_top_partys_revocation_travels_with_its_statement),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
