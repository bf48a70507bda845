/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/intake.h"
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
    struct actor *pk, *sindh, *kpt, *punjab;
    struct directory *d;
    struct schemas *schemas;
    struct proof_cache *cache;
    struct intake at_sindh; /* from its child kpt, until a test says otherwise */
    struct envelope e;
    struct verdict v;
};

static int set_up (void **state)
{
    struct fixture *f = calloc (1, sizeof *f);
    f->w = world_new (1, 1);
    f->pk = world_party (f->w, "pk", "national", NULL);
    f->sindh = world_party (f->w, "pk.sindh", "provincial", "energy");
    f->kpt = world_party (f->w, "pk.sindh.kpt", "organisation", "energy");
    f->punjab = world_party (f->w, "pk.punjab", "provincial", NULL);
    f->d = world_directory (f->w);
    assert_int_equal (directory_policy (f->d, world_policy (f->w, 1)), CB_OK);
    f->schemas = schemas_ours ();
    f->cache = proof_cache_new ();
    f->at_sindh = (struct intake){ .directory = f->d,
                                   .schemas = f->schemas,
                                   .cache = f->cache,
                                   .self = span_of ("pk.sindh"),
                                   .side = SIDE_CHILD,
                                   .peer = span_of ("pk.sindh.kpt"),
                                   .now = WORLD_NOW };
    *state = f;
    return 0;
}

static int tear_down (void **state)
{
    struct fixture *f = *state;
    directory_free (&f->d);
    schemas_free (&f->schemas);
    proof_cache_free (&f->cache);
    world_free (&f->w);
    free (f);
    return 0;
}

static enum cb_reason judge (struct fixture *f, struct span bytes)
{
    assert_int_equal (envelope_parse (&f->e, bytes), CB_OK);
    memset (&f->v, 0xff, sizeof f->v);
    intake_check (&f->at_sindh, &f->e, &f->v);
    return f->v.reason;
}

static enum cb_reason verdict (struct fixture *f, struct actor *actor, struct draft *draft)
{
    return judge (f, world_send (actor, draft));
}

static enum cb_reason send_to (struct fixture *f, struct actor *actor, const char *to)
{
    struct draft draft = world_draft (actor, "note", to);
    return verdict (f, actor, &draft);
}

static void from_parent (struct fixture *f)
{
    f->at_sindh.side = SIDE_PARENT;
    f->at_sindh.peer = span_of ("pk");
}

static void from_self (struct fixture *f)
{
    f->at_sindh.side = SIDE_SELF;
    f->at_sindh.peer = f->at_sindh.self;
}

static struct span put_body (struct fixture *f, struct pack_out *out)
{
    struct span body = world_keep (f->w, pack_result (out));
    pack_free (out);
    return body;
}

static struct draft carrying (struct fixture *f, struct actor *actor, const char *kind,
                              const char *field, struct span statement)
{
    struct pack_out out;
    struct draft draft = world_draft (actor, kind, "pk.**");
    pack_init (&out);
    trust_body_statement (&out, field, statement);
    draft.body = put_body (f, &out);
    return draft;
}

static struct draft revoking (struct fixture *f, struct actor *by, const struct actor *whose,
                              int64_t last, bool disputed)
{
    struct revocation r = { .party = span_of (whose->name),
                            .credential = &whose->credential.st.hash,
                            .why = span_of ("stolen"),
                            .last_epoch = whose->epoch,
                            .last_seq = last,
                            .disputed = disputed };
    struct pack_out out;
    struct draft draft = world_draft (by, "revocation", "pk.**");
    pack_init (&out);
    trust_body_revocation (&out, &r, span_bytes (NULL, 0));
    draft.body = put_body (f, &out);
    return draft;
}

static enum cb_reason apply (struct fixture *f, struct actor *actor, struct draft *draft)
{
    assert_int_equal (envelope_parse (&f->e, world_send (actor, draft)), CB_OK);
    return directory_apply (f->d, &f->e);
}

static void what_is_for_this_party_is_delivered_here (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (send_to (f, f->kpt, "pk.sindh"), CB_OK);
    assert_true (f->v.here);
    assert_false (f->v.needs_thread);
    assert_int_equal (f->v.worked, 1);
    assert_string_equal (f->v.detail, "");
}

static void what_passes_through_is_not_delivered_here (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (send_to (f, f->kpt, "pk"), CB_OK);
    assert_false (f->v.here);
    assert_false (f->v.receipt);
}

static void a_receipt_is_wanted_for_what_is_delivered_and_has_one (void **state)
{
    struct fixture *f = *state;
    const struct schema *note = schemas_find (f->schemas, span_of ("note"));
    assert_int_equal (send_to (f, f->kpt, "pk.sindh"), CB_OK);
    assert_int_equal (f->v.receipt, note->receipt);
    assert_int_equal (send_to (f, f->kpt, "pk"), CB_OK);
    assert_false (f->v.receipt);
    from_self (f);
    assert_int_equal (send_to (f, f->sindh, "pk.**"), CB_OK);
    assert_true (f->v.here);
    assert_false (f->v.receipt);
}

static void a_batch_costs_one_verification (void **state)
{
    struct fixture *f = *state;
    struct draft drafts[5];
    struct span out[5];
    size_t worked = 0;
    for (size_t i = 0; i < 5; i++)
        drafts[i] = world_draft (f->kpt, "note", "pk.sindh");
    world_send_batch (f->kpt, drafts, 5, out);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal (judge (f, out[i]), CB_OK);
        worked += f->v.worked;
    }
    assert_int_equal (worked, 1);
}

static void an_unknown_credential_is_named_by_its_code (void **state)
{
    struct fixture *f = *state;
    struct actor *bank = world_party (f->w, "pk.sindh.bank", "organisation", NULL);
    char code[CODE_TEXT];
    assert_int_equal (send_to (f, bank, "pk.sindh"), CB_UNKNOWN_CREDENTIAL);
    hash_code (&bank->credential.st.hash, code);
    assert_non_null (strstr (f->v.detail, code));
}

static void a_credential_speaks_for_its_party_alone (void **state)
{
    struct fixture *f = *state;
    struct actor liar = *f->kpt;
    snprintf (liar.name, sizeof liar.name, "pk.sindh.kpt.x");
    assert_int_equal (send_to (f, &liar, "pk.sindh"), CB_WRONG_ORIGIN);
}

static void a_signature_by_another_key_is_refused (void **state)
{
    struct fixture *f = *state;
    struct actor liar = *f->kpt;
    memcpy (liar.secret, f->sindh->secret, SECRET_SIZE);
    assert_int_equal (send_to (f, &liar, "pk.sindh"), CB_BAD_SIGNATURE);
    assert_int_equal (f->v.worked, 1);
}

static void a_message_that_was_changed_is_refused (void **state)
{
    struct fixture *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    struct span bytes = world_send (f->kpt, &draft);
    uint8_t *changed = malloc (bytes.size);
    memcpy (changed, bytes.data, bytes.size);
    uint8_t *text = memmem (changed, bytes.size, "a message", 9);
    assert_non_null (text);
    *text = 'b';
    assert_int_equal (judge (f, span_bytes (changed, bytes.size)), CB_BAD_SIGNATURE);
    free (changed);
}

static void an_approval_is_checked (void **state)
{
    struct fixture *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    struct span bytes = world_approve (f->w, world_send (f->kpt, &draft), "ayesha");
    assert_int_equal (judge (f, bytes), CB_OK);
    assert_int_equal (f->v.worked, 2);
    uint8_t *changed = malloc (bytes.size);
    memcpy (changed, bytes.data, bytes.size);
    changed[bytes.size - 1] ^= 1;
    assert_int_equal (judge (f, span_bytes (changed, bytes.size)), CB_APPROVAL);
    free (changed);
}

static void a_child_sends_only_what_comes_from_its_subtree (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (send_to (f, f->punjab, "pk.sindh"), CB_NOT_YOURS_TO_SEND);
    assert_int_equal (send_to (f, f->sindh, "pk.sindh"), CB_NOT_YOURS_TO_SEND);
    assert_int_equal (send_to (f, f->pk, "pk.**"), CB_NOT_YOURS_TO_SEND);
}

static void the_parent_sends_nothing_that_comes_from_ones_own_subtree (void **state)
{
    struct fixture *f = *state;
    from_parent (f);
    assert_int_equal (send_to (f, f->pk, "pk.sindh"), CB_OK);
    assert_int_equal (send_to (f, f->punjab, "pk.sindh"), CB_OK);
    assert_int_equal (send_to (f, f->kpt, "pk.sindh"), CB_NOT_YOURS_TO_SEND);
    assert_int_equal (send_to (f, f->sindh, "pk.**"), CB_NOT_YOURS_TO_SEND);
}

static void ones_own_messages_come_back_on_the_recovery_lane (void **state)
{
    struct fixture *f = *state;
    from_parent (f);
    f->at_sindh.recovery = true;
    assert_int_equal (send_to (f, f->sindh, "pk"), CB_OK);
    assert_false (f->v.here);
    assert_int_equal (send_to (f, f->punjab, "pk.sindh"), CB_NOT_YOURS_TO_SEND);
    assert_int_equal (send_to (f, f->kpt, "pk"), CB_NOT_YOURS_TO_SEND);
}

static void here_only_ones_own_messages_begin (void **state)
{
    struct fixture *f = *state;
    from_self (f);
    assert_int_equal (send_to (f, f->sindh, "pk"), CB_OK);
    assert_int_equal (send_to (f, f->kpt, "pk"), CB_NOT_YOURS_TO_SEND);
}

static void what_is_not_meant_for_this_side_is_refused (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (send_to (f, f->kpt, "pk.sindh.kpt"), CB_NOT_MEANT);
    assert_int_equal (send_to (f, f->kpt, "pk.sindh.kpt.**"), CB_NOT_MEANT);
    assert_int_equal (send_to (f, f->kpt, "@health"), CB_OK);
    from_parent (f);
    assert_int_equal (send_to (f, f->pk, "pk.punjab"), CB_NOT_MEANT);
    assert_int_equal (send_to (f, f->pk, "pk.punjab.**"), CB_NOT_MEANT);
    assert_int_equal (send_to (f, f->pk, "@energy"), CB_OK);
    assert_true (f->v.here);
    assert_int_equal (send_to (f, f->pk, "@health"), CB_OK); /* it may grant any sector */
    assert_false (f->v.here);
}

static void a_test_stays_at_home (void **state)
{
    struct fixture *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.mode = CB_MODE_TEST;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_TEST_LEFT);
    from_self (f);
    draft = world_draft (f->sindh, "note", "pk.sindh");
    draft.mode = CB_MODE_TEST;
    assert_int_equal (verdict (f, f->sindh, &draft), CB_OK);
}

static void a_frozen_origin_is_refused (void **state)
{
    struct fixture *f = *state;
    directory_freeze (f->d, span_of ("pk.sindh.kpt"), true);
    assert_int_equal (send_to (f, f->kpt, "pk.sindh"), CB_FROZEN);
}

static void after_a_revocation_only_what_it_names_as_good_counts (void **state)
{
    struct fixture *f = *state;
    f->kpt->seq = 10;
    struct draft draft = revoking (f, f->sindh, f->kpt, 12, true);
    assert_int_equal (apply (f, f->sindh, &draft), CB_OK);
    assert_int_equal (apply (f, f->sindh, &draft), CB_OK);
    assert_int_equal (send_to (f, f->kpt, "pk.sindh"), CB_OK);      /* 11 */
    assert_int_equal (send_to (f, f->kpt, "pk.sindh"), CB_OK);      /* 12 */
    assert_int_equal (send_to (f, f->kpt, "pk.sindh"), CB_REVOKED); /* 13 */
    f->kpt->seq = 1;
    f->kpt->epoch.nonce++;
    assert_int_equal (send_to (f, f->kpt, "pk.sindh"), CB_REVOKED);
    f->kpt->epoch.nonce--;
    draft = revoking (f, f->sindh, f->kpt, 0, false);
    assert_int_equal (apply (f, f->sindh, &draft), CB_OK);
    f->kpt->seq = 1;
    assert_int_equal (send_to (f, f->kpt, "pk.sindh"), CB_REVOKED);
}

static void after_a_rotation_the_old_key_is_superseded (void **state)
{
    struct fixture *f = *state;
    struct actor old = *f->kpt;
    struct credential c = f->kpt->credential;
    world_rekey (f->kpt, "kpt 2");
    c.sign_key = f->kpt->sign_key;
    c.seal_key = f->kpt->seal_key;
    c.link_key = f->kpt->link_key;
    c.generation = 2;
    c.previous = &old.credential.st.hash;
    struct world_sign signs[] = { { .purpose = CB_PURPOSE_CREDENTIAL, .by = f->sindh },
                                  { .purpose = CB_PURPOSE_SUCCESSION, .by = &old } };
    struct span second = world_sign_credential (f->w, &c, signs, 2);
    struct draft draft = carrying (f, f->sindh, "enrolment", "credential", second);
    assert_int_equal (apply (f, f->sindh, &draft), CB_OK);
    assert_int_equal (apply (f, f->sindh, &draft), CB_OK);
    assert_int_equal (send_to (f, &old, "pk.sindh"), CB_OK); /* 1: no last was named */
    draft = revoking (f, f->sindh, &old, 2, false);
    assert_int_equal (apply (f, f->sindh, &draft), CB_OK);
    assert_int_equal (send_to (f, &old, "pk.sindh"), CB_OK);         /* 2 */
    assert_int_equal (send_to (f, &old, "pk.sindh"), CB_SUPERSEDED); /* 3 */
    assert_true (credential_parse (&f->kpt->credential, second));
    f->kpt->seq = 2;
    assert_int_equal (send_to (f, f->kpt, "pk.sindh"), CB_OK);
}

static void a_message_is_issued_within_the_dates_of_its_credential (void **state)
{
    struct fixture *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.issued = f->kpt->credential.not_before;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    draft.issued--;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_CREDENTIAL_DATES);
    f->at_sindh.now = f->kpt->credential.not_after;
    draft.issued = f->kpt->credential.not_after;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    draft.issued++;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_CREDENTIAL_DATES);
}

static void ten_minutes_ahead_is_as_far_as_a_clock_may_be (void **state)
{
    struct fixture *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.issued = WORLD_NOW + CLOCK_AHEAD_MS;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    draft.issued++;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_CLOCK_AHEAD);
}

static void what_has_expired_does_not_begin_but_may_arrive (void **state)
{
    struct fixture *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.issued = WORLD_NOW - 10;
    draft.expires = WORLD_NOW - 1;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    from_self (f);
    assert_int_equal (verdict (f, f->sindh, &draft), CB_EXPIRED);
    draft.expires = WORLD_NOW;
    assert_int_equal (verdict (f, f->sindh, &draft), CB_OK);
}

/* A directory without a policy. */
static void forget_policy (struct fixture *f)
{
    directory_free (&f->d);
    f->d = world_directory (f->w);
    f->at_sindh.directory = f->d;
}

static void without_a_policy_only_the_first_one_is_taken (void **state)
{
    struct fixture *f = *state;
    forget_policy (f);
    from_parent (f);
    assert_int_equal (send_to (f, f->pk, "pk.sindh"), CB_NO_POLICY);
    struct draft first = carrying (f, f->pk, "policy", "statement", world_policy (f->w, 1));
    assert_int_equal (verdict (f, f->pk, &first), CB_OK);
    struct draft impostor = carrying (f, f->punjab, "policy", "statement", world_policy (f->w, 1));
    assert_int_equal (verdict (f, f->punjab, &impostor), CB_NO_POLICY);
    struct draft unsigned_one = carrying (f, f->pk, "policy", "statement", world_root (f->w));
    assert_int_equal (verdict (f, f->pk, &unsigned_one), CB_TRUST);
    assert_int_equal (apply (f, f->pk, &first), CB_OK);
    assert_int_equal (send_to (f, f->pk, "pk.sindh"), CB_OK);
}

static void a_term_that_cannot_exist_is_refused (void **state)
{
    struct fixture *f = *state;
    assert_int_equal (send_to (f, f->kpt, "in.delhi"), CB_AUDIENCE);
    assert_string_equal (f->v.detail, "audience[0]: in.delhi");
    assert_int_equal (send_to (f, f->kpt, "@telecom"), CB_AUDIENCE);
    assert_string_equal (f->v.detail, "audience[0]: @telecom");
}

static void restrict_policy (struct fixture *f, unsigned relations)
{
    struct policy *p = calloc (1, sizeof *p);
    p->version = 2;
    p->title = span_of ("narrow");
    p->roles = (struct labels){ .count = 1, .at = { span_of ("*") } };
    p->grant_count = 1;
    p->grants[0] = (struct policy_grant){ .role = span_of ("organisation"),
                                          .kinds = { .count = 1, .at = { span_of ("note") } },
                                          .relations = relations };
    p->setting_count = 2;
    p->settings[0].name = span_of ("ahead");
    p->settings[0].value = 1000;
    p->settings[1].name = span_of ("flash-per-hour");
    p->settings[1].value = 2;
    assert_int_equal (directory_policy (f->d, world_policy_of (f->w, p)), CB_OK);
    free (p);
}

static void what_no_grant_allows_is_refused (void **state)
{
    struct fixture *f = *state;
    restrict_policy (f, 1u << CB_REL_PARENT);
    assert_int_equal (send_to (f, f->kpt, "pk.sindh"), CB_OK);
    assert_int_equal (send_to (f, f->kpt, "pk.**"), CB_NO_GRANT);
    assert_string_equal (f->v.detail, "audience[0]: pk.**");
    struct draft draft = world_draft (f->kpt, "advisory", "pk.sindh");
    assert_int_equal (verdict (f, f->kpt, &draft), CB_NO_GRANT);
    from_self (f);
    assert_int_equal (send_to (f, f->sindh, "pk"), CB_NO_GRANT);
}

static void an_answer_is_granted_to_whom_it_answers (void **state)
{
    struct fixture *f = *state;
    restrict_policy (f, 1u << CB_REL_CORRESPONDENT);
    struct draft draft = world_draft (f->kpt, "note", "pk.punjab");
    assert_int_equal (verdict (f, f->kpt, &draft), CB_NO_GRANT);
    draft.thread = (struct msg_id){ .origin = span_of ("pk.punjab"), .epoch = { 1, 7 }, .seq = 1 };
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    assert_true (f->v.needs_thread);
}

static void how_far_ahead_a_clock_may_be_is_the_policys_to_say (void **state)
{
    struct fixture *f = *state;
    restrict_policy (f, 1u << CB_REL_PARENT);
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.issued = WORLD_NOW + 1000;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    draft.issued++;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_CLOCK_AHEAD);
}

static void what_needs_sealing_is_refused (void **state)
{
    struct fixture *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.tlp = CB_TLP_AMBER;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    draft.tlp = CB_TLP_AMBER_STRICT;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_TLP_NEEDS_SEALING);
    draft.tlp = CB_TLP_RED;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_TLP_NEEDS_SEALING);
}

static void consent_names_the_origin_or_a_party_above (void **state)
{
    struct fixture *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    const struct {
        const char *climb;
        enum cb_reason reason;
    } cases[] = { { "pk.sindh.kpt", CB_OK },
                  { "pk.sindh", CB_OK },
                  { "pk", CB_OK },
                  { "pk.punjab", CB_CONSENT },
                  { "pk.sindh.kpt.x", CB_CONSENT } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        draft.climb = span_of (cases[i].climb);
        assert_int_equal (verdict (f, f->kpt, &draft), cases[i].reason);
    }
}

static void only_ones_own_message_or_one_from_below_is_replaced (void **state)
{
    struct fixture *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.replaces =
        (struct msg_id){ .origin = span_of ("pk.sindh.kpt"), .epoch = { 1, 7 }, .seq = 1 };
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    draft.replaces.origin = span_of ("pk.sindh.kpt.quay");
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    draft.replaces.origin = span_of ("pk.sindh");
    assert_int_equal (verdict (f, f->kpt, &draft), CB_REPLACES);
    draft.replaces.origin = span_of ("pk.punjab");
    assert_int_equal (verdict (f, f->kpt, &draft), CB_REPLACES);
}

static void an_exercise_is_announced_by_the_origin_or_above (void **state)
{
    struct fixture *f = *state;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.mode = CB_MODE_EXERCISE;
    draft.exercise = (struct msg_id){ .origin = span_of ("pk"), .epoch = { 1, 7 }, .seq = 1 };
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    draft.exercise.origin = span_of ("pk.sindh.kpt");
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    draft.exercise.origin = span_of ("pk.punjab");
    assert_int_equal (verdict (f, f->kpt, &draft), CB_EXERCISE);
}

static void a_body_that_does_not_fit_its_schema_is_refused (void **state)
{
    struct fixture *f = *state;
    struct pack_out out;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    pack_init (&out);
    pack_put_map (&out, 0);
    draft.body = put_body (f, &out);
    assert_int_equal (verdict (f, f->kpt, &draft), CB_SCHEMA);
    assert_non_null (strstr (f->v.detail, "text"));
    draft.schema = 999;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    draft.schema = 1;
    draft.kind = span_of ("never-heard-of");
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
}

static void a_kind_says_whether_it_belongs_to_a_thread (void **state)
{
    struct fixture *f = *state;
    struct pack_out out;
    struct draft draft = world_draft (f->kpt, "receipt", "pk.sindh");
    pack_init (&out);
    pack_put_map (&out, 2);
    pack_put_text (&out, "leaf");
    pack_put_bin (&out, span_bytes (f->kpt->sign_key, HASH_SIZE));
    pack_put_text (&out, "stored");
    pack_put_int (&out, WORLD_NOW);
    draft.body = put_body (f, &out);
    assert_int_equal (verdict (f, f->kpt, &draft), CB_SCHEMA);
    draft.thread = (struct msg_id){ .origin = span_of ("pk"), .epoch = { 1, 7 }, .seq = 1 };
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    struct draft revocation = revoking (f, f->sindh, f->kpt, 0, false);
    revocation.thread = draft.thread;
    from_self (f);
    assert_int_equal (verdict (f, f->sindh, &revocation), CB_SCHEMA);
}

static void a_trust_statement_inside_is_verified (void **state)
{
    struct fixture *f = *state;
    from_self (f);
    struct draft draft = revoking (f, f->sindh, f->punjab, 0, false);
    assert_int_equal (verdict (f, f->sindh, &draft), CB_TRUST);
    draft = revoking (f, f->sindh, f->kpt, 0, false);
    assert_int_equal (verdict (f, f->sindh, &draft), CB_OK);
    assert_false (directory_by_name (f->d, span_of ("pk.sindh.kpt"))->revoked);

    struct actor *bank = world_party (f->w, "pk.sindh.bank", "organisation", NULL);
    draft = carrying (f, f->sindh, "enrolment", "credential", bank->credential.st.bytes);
    assert_int_equal (verdict (f, f->sindh, &draft), CB_OK);
    assert_null (directory_by_name (f->d, span_of ("pk.sindh.bank")));
    draft = carrying (f, f->sindh, "enrolment", "credential", f->punjab->credential.st.bytes);
    assert_int_equal (verdict (f, f->sindh, &draft), CB_TRUST);
    draft = carrying (f, f->sindh, "root", "statement", world_root (f->w));
    assert_int_equal (verdict (f, f->sindh, &draft), CB_TRUST);
    draft = carrying (f, f->sindh, "policy", "statement", world_policy (f->w, 2));
    assert_int_equal (verdict (f, f->sindh, &draft), CB_TRUST);
    /* A version of the kind that is not known here is no way around it. */
    draft.schema = 2;
    assert_int_equal (verdict (f, f->sindh, &draft), CB_TRUST);
}

static void the_flash_quota_counts_what_was_issued_in_an_hour (void **state)
{
    struct fixture *f = *state;
    struct quota *quota = quota_new ();
    restrict_policy (f, 1u << CB_REL_PARENT);
    f->at_sindh.quota = quota;
    struct draft draft = world_draft (f->kpt, "note", "pk.sindh");
    draft.precedence = CB_LANE_FLASH;
    struct span first = world_send (f->kpt, &draft);
    assert_int_equal (judge (f, first), CB_OK);
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    assert_int_equal (verdict (f, f->kpt, &draft), CB_QUOTA);
    assert_int_equal (judge (f, first), CB_OK);
    draft.precedence = CB_LANE_ROUTINE;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    draft.precedence = CB_LANE_FLASH;
    draft.issued -= 3600000;
    assert_int_equal (verdict (f, f->kpt, &draft), CB_OK);
    quota_free (&quota);
}

static void the_first_check_that_fails_is_the_verdict (void **state)
{
    struct fixture *f = *state;
    /* Everything is wrong with it; what comes first in section 8 is mended first. */
    restrict_policy (f, 1u << CB_REL_SELF);
    struct actor *bank = world_actor (f->w, "pk.punjab.bank");
    struct credential c = world_credential (bank, "organisation", NULL);
    c.not_after = WORLD_NOW;
    struct span statement = world_issue (bank, &c);
    struct draft draft = world_draft (bank, "note", "pk.punjab");
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 0);
    struct span good_body = draft.body;
    draft.body = put_body (f, &out);
    draft.mode = CB_MODE_TEST;
    draft.issued = WORLD_NOW + CLOCK_AHEAD_MS + 1;
    draft.tlp = CB_TLP_RED;
    draft.climb = span_of ("pk.sindh");
    directory_freeze (f->d, span_of ("pk.punjab.bank"), true);
    uint8_t right[SECRET_SIZE];
    memcpy (right, bank->secret, SECRET_SIZE);
    memcpy (bank->secret, f->pk->secret, SECRET_SIZE);

    assert_int_equal (verdict (f, bank, &draft), CB_UNKNOWN_CREDENTIAL);
    assert_int_equal (directory_add (f->d, statement, NULL), CB_OK);
    assert_int_equal (verdict (f, bank, &draft), CB_BAD_SIGNATURE);
    memcpy (bank->secret, right, SECRET_SIZE);
    assert_int_equal (verdict (f, bank, &draft), CB_NOT_YOURS_TO_SEND);
    from_parent (f);
    assert_int_equal (verdict (f, bank, &draft), CB_NOT_MEANT);
    draft.audience[0] = span_of ("pk.sindh");
    assert_int_equal (verdict (f, bank, &draft), CB_TEST_LEFT);
    draft.mode = CB_MODE_LIVE;
    assert_int_equal (verdict (f, bank, &draft), CB_FROZEN);
    directory_freeze (f->d, span_of ("pk.punjab.bank"), false);
    assert_int_equal (verdict (f, bank, &draft), CB_CREDENTIAL_DATES);
    draft.issued = WORLD_NOW;
    draft.audience[draft.audience_count++] = span_of ("in");
    assert_int_equal (verdict (f, bank, &draft), CB_AUDIENCE);
    draft.audience_count--;
    assert_int_equal (verdict (f, bank, &draft), CB_NO_GRANT);
    struct policy *p = calloc (1, sizeof *p);
    assert_true (policy_parse (p, world_policy (f->w, 3)));
    assert_int_equal (directory_policy (f->d, p->st.bytes), CB_OK);
    free (p);
    assert_int_equal (verdict (f, bank, &draft), CB_TLP_NEEDS_SEALING);
    draft.tlp = CB_TLP_GREEN;
    assert_int_equal (verdict (f, bank, &draft), CB_CONSENT);
    draft.climb = span_of ("pk");
    assert_int_equal (verdict (f, bank, &draft), CB_SCHEMA);
    draft.body = good_body;
    assert_int_equal (verdict (f, bank, &draft), CB_OK);
    assert_true (f->v.here);
}

int main (void)
{
#define WITH_INTAKE(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_INTAKE (what_is_for_this_party_is_delivered_here),
        WITH_INTAKE (what_passes_through_is_not_delivered_here),
        WITH_INTAKE (a_receipt_is_wanted_for_what_is_delivered_and_has_one),
        WITH_INTAKE (a_batch_costs_one_verification),
        WITH_INTAKE (an_unknown_credential_is_named_by_its_code),
        WITH_INTAKE (a_credential_speaks_for_its_party_alone),
        WITH_INTAKE (a_signature_by_another_key_is_refused),
        WITH_INTAKE (a_message_that_was_changed_is_refused),
        WITH_INTAKE (an_approval_is_checked),
        WITH_INTAKE (a_child_sends_only_what_comes_from_its_subtree),
        WITH_INTAKE (the_parent_sends_nothing_that_comes_from_ones_own_subtree),
        WITH_INTAKE (ones_own_messages_come_back_on_the_recovery_lane),
        WITH_INTAKE (here_only_ones_own_messages_begin),
        WITH_INTAKE (what_is_not_meant_for_this_side_is_refused),
        WITH_INTAKE (a_test_stays_at_home),
        WITH_INTAKE (a_frozen_origin_is_refused),
        WITH_INTAKE (after_a_revocation_only_what_it_names_as_good_counts),
        WITH_INTAKE (after_a_rotation_the_old_key_is_superseded),
        WITH_INTAKE (a_message_is_issued_within_the_dates_of_its_credential),
        WITH_INTAKE (ten_minutes_ahead_is_as_far_as_a_clock_may_be),
        WITH_INTAKE (what_has_expired_does_not_begin_but_may_arrive),
        WITH_INTAKE (without_a_policy_only_the_first_one_is_taken),
        WITH_INTAKE (a_term_that_cannot_exist_is_refused),
        WITH_INTAKE (what_no_grant_allows_is_refused),
        WITH_INTAKE (an_answer_is_granted_to_whom_it_answers),
        WITH_INTAKE (how_far_ahead_a_clock_may_be_is_the_policys_to_say),
        WITH_INTAKE (what_needs_sealing_is_refused),
        WITH_INTAKE (consent_names_the_origin_or_a_party_above),
        WITH_INTAKE (only_ones_own_message_or_one_from_below_is_replaced),
        WITH_INTAKE (an_exercise_is_announced_by_the_origin_or_above),
        WITH_INTAKE (a_body_that_does_not_fit_its_schema_is_refused),
        WITH_INTAKE (a_kind_says_whether_it_belongs_to_a_thread),
        WITH_INTAKE (a_trust_statement_inside_is_verified),
        WITH_INTAKE (the_flash_quota_counts_what_was_issued_in_an_hour),
        WITH_INTAKE (the_first_check_that_fails_is_the_verdict),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
