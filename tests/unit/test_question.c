/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/answers.h"
#include "tests/unit/support_directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* pk, pk.sindh and pk.sindh.kpt, and one question of pk about its subtree. */
struct desk {
    struct fixture f;
    struct request request;
};

static const uint8_t nonce[NONCE_SIZE] = { 7 };

static struct span no_arguments (void)
{
    return span_bytes ("\x80", 1);
}

static struct span signed_request (struct world *w, const struct actor *by, struct request *r)
{
    struct pack_out body, out;
    pack_init (&body);
    pack_init (&out);
    r->party = span_of (by->name);
    r->credential = &by->credential.st.hash;
    r->nonce = r->nonce != NULL ? r->nonce : nonce;
    request_pack (&body, r);
    struct statement_sig sig =
        statement_sign (pack_result (&body), CB_PURPOSE_REQUEST, r->credential, by->secret);
    statement_pack (&out, pack_result (&body), &sig, 1);
    struct span kept = world_keep (w, pack_result (&out));
    pack_free (&out);
    pack_free (&body);
    return kept;
}

static void ask (struct desk *desk, const struct actor *by, const char *question, const char *term)
{
    struct request r = { .question = span_of (question),
                         .audience_count = 1,
                         .issued = WORLD_NOW,
                         .deadline = WORLD_NOW + 1600,
                         .arguments = no_arguments () };
    r.texts[0] = span_of (term);
    assert_true (request_parse (&desk->request, signed_request (desk->f.w, by, &r)));
}

static int set_up (void **state)
{
    struct desk *desk = calloc (1, sizeof *desk);
    struct fixture *fixture;
    assert_non_null (desk);
    assert_int_equal (fixture_set_up ((void **) &fixture), 0);
    desk->f = *fixture;
    free (fixture);
    assert_int_equal (directory_policy (desk->f.d, world_policy (desk->f.w, 1)), CB_OK);
    ask (desk, desk->f.pk, "presence", "pk.**");
    *state = desk;
    return 0;
}

static int tear_down (void **state)
{
    struct desk *desk = *state;
    directory_free (&desk->f.d);
    world_free (&desk->f.w);
    free (desk);
    return 0;
}

static struct question_check at_sindh (const struct desk *desk)
{
    return (struct question_check){ .directory = desk->f.d,
                                    .self = span_of ("pk.sindh"),
                                    .peer = span_of ("pk"),
                                    .side = SIDE_PARENT,
                                    .now = WORLD_NOW + 10 };
}

static struct question_check at_pk (const struct desk *desk)
{
    return (struct question_check){ .directory = desk->f.d,
                                    .self = span_of ("pk"),
                                    .peer = span_of ("pk.sindh"),
                                    .side = SIDE_CHILD,
                                    .now = WORLD_NOW + 10 };
}

static enum cb_reason judged (const struct desk *desk, const struct question_check *check)
{
    char detail[SCHEMA_WHERE];
    return request_judge (check, &desk->request, detail);
}

/* --- Requests ------------------------------------------------------------------------------ */

static void a_question_that_is_signed_and_granted_is_answered (void **state)
{
    struct desk *desk = *state;
    struct question_check check = at_sindh (desk);
    assert_int_equal (judged (desk, &check), CB_OK);
}

static void a_question_signed_by_another_is_forged (void **state)
{
    struct desk *desk = *state;
    struct question_check check = at_sindh (desk);
    struct actor thief = *desk->f.pk;
    memcpy (thief.secret, desk->f.kpt->secret, sizeof thief.secret);
    ask (desk, &thief, "presence", "pk.**");
    assert_int_equal (judged (desk, &check), CB_BAD_SIGNATURE);
}

static void a_question_comes_from_the_side_of_who_asks (void **state)
{
    struct desk *desk = *state;
    struct question_check check = at_sindh (desk);
    check.side = SIDE_CHILD;
    check.peer = span_of ("pk.sindh.kpt");
    assert_int_equal (judged (desk, &check), CB_NOT_YOURS_TO_SEND);
}

static void a_question_too_late_or_too_early_is_not_answered (void **state)
{
    struct desk *desk = *state;
    struct question_check check = at_sindh (desk);
    check.now = desk->request.deadline + policy_setting (NULL, POLICY_AHEAD);
    assert_int_equal (judged (desk, &check), CB_OK);
    check.now++;
    assert_int_equal (judged (desk, &check), CB_EXPIRED);
    check.now = WORLD_NOW - policy_setting (NULL, POLICY_AHEAD) - 1;
    assert_int_equal (judged (desk, &check), CB_CLOCK_AHEAD);
    check = at_sindh (desk);
    check.since = WORLD_NOW + 1;
    assert_int_equal (judged (desk, &check), CB_EXPIRED);
}

static void a_question_that_no_grant_covers_is_refused (void **state)
{
    struct desk *desk = *state;
    struct question_check check = at_sindh (desk);
    struct policy policy = { .version = 2, .issued = WORLD_NOW, .title = span_of ("narrow") };
    policy.roles.count = 3;
    policy.roles.at[0] = span_of ("national");
    policy.roles.at[1] = span_of ("organisation");
    policy.roles.at[2] = span_of ("provincial");
    policy.grant_count = 1;
    policy.grants[0].role = span_of ("national");
    policy.grants[0].kinds.count = 1;
    policy.grants[0].kinds.at[0] = span_of ("ask-presence");
    policy.grants[0].relations = 1u << CB_REL_CHILDREN;
    assert_int_equal (directory_policy (desk->f.d, world_policy_of (desk->f.w, &policy)), CB_OK);
    assert_int_equal (judged (desk, &check), CB_NO_GRANT);
    ask (desk, desk->f.pk, "presence", "pk.sindh");
    assert_int_equal (judged (desk, &check), CB_OK);
}

static void an_unknown_question_and_one_without_its_argument_are_refused (void **state)
{
    struct desk *desk = *state;
    struct question_check check = at_sindh (desk);
    ask (desk, desk->f.pk, "weather", "pk.**");
    assert_int_equal (judged (desk, &check), CB_NO_SUCH_QUESTION);
    ask (desk, desk->f.pk, "seen", "pk.**");
    assert_int_equal (judged (desk, &check), CB_SCHEMA);
    ask (desk, desk->f.pk, "contact", "pk.**");
    assert_int_equal (judged (desk, &check), CB_SCHEMA);
}

static void each_step_away_leaves_its_part_of_the_time (void **state)
{
    struct desk *desk = *state;
    assert_int_equal (request_time (&desk->request, span_of ("pk")), 1600);
    assert_int_equal (request_time (&desk->request, span_of ("pk.sindh")), 1500);
    assert_int_equal (request_time (&desk->request, span_of ("pk.sindh.kpt")), 1400);
    ask (desk, desk->f.kpt, "contact", "pk");
    assert_int_equal (request_time (&desk->request, span_of ("pk.sindh")), 1500);
    assert_int_equal (request_time (&desk->request, span_of ("pk.punjab.x")), 1200);
}

/* --- Answers ------------------------------------------------------------------------------- */

/* What `by` would sign, with this map of answers. */
static struct span signed_reply (struct desk *desk, const struct actor *by, struct reply *reply,
                                 const struct answers *answers)
{
    struct pack_out body, out;
    pack_init (&body);
    pack_init (&out);
    reply->party = span_of (by->name);
    reply->credential = &by->credential.st.hash;
    reply->request = &desk->request.st.hash;
    answers_pack ((struct answers *) (uintptr_t) answers, 5, reply, &body);
    struct statement_sig sig =
        statement_sign (pack_result (&body), CB_PURPOSE_REPLY, reply->credential, by->secret);
    statement_pack (&out, pack_result (&body), &sig, 1);
    struct span kept = world_keep (desk->f.w, pack_result (&out));
    pack_free (&out);
    pack_free (&body);
    return kept;
}

static struct presence of (const char *name, bool open)
{
    return (struct presence){ .name = span_of (name),
                              .open = open,
                              .since = WORLD_NOW - 1000,
                              .heard = WORLD_NOW,
                              .software = span_of ("certbus 9") };
}

struct told {
    size_t count;
    char names[64];
};

static bool tell (const struct presence *p, void *arg)
{
    struct told *told = arg;
    size_t used = strlen (told->names);
    snprintf (told->names + used, sizeof told->names - used, "%s" SPAN_FMT "%s",
              told->count++ ? " " : "", SPAN_ARG (p->name), p->open ? "" : "!");
    return true;
}

static void expect (struct answers *answers, const char *names)
{
    struct told told = { .count = 0 };
    answers_each (answers, tell, &told);
    assert_string_equal (told.names, names);
}

static void what_a_child_signed_is_added_to_what_is_known_here (void **state)
{
    struct desk *desk = *state;
    static struct reply made, read;
    struct answers *child = answers_new (&desk->request, span_of ("pk.sindh"));
    struct answers *own = answers_new (&desk->request, span_of ("pk"));
    struct presence kpt = of ("pk.sindh.kpt", false), sindh = of ("pk.sindh", true);
    struct question_check check = at_pk (desk);
    answers_presence (child, &kpt);
    answers_silent (child, span_of ("pk.sindh.kpt"));
    assert_true (reply_parse (&read, signed_reply (desk, desk->f.sindh, &made, child)));
    assert_int_equal (reply_judge (&check, &read), CB_OK);
    answers_presence (own, &sindh);
    assert_true (answers_take (own, &check, &read));
    expect (own, "pk.sindh pk.sindh.kpt!");
    assert_int_equal (own->silent_count, 1);
    assert_string_equal (own->silent[0], "pk.sindh.kpt");
    assert_false (own->more);
    answers_free (&own);
    answers_free (&child);
}

/* A child answers about `name`, and names `silent`; whether that is taken. */
static bool taken (struct desk *desk, const char *name, const char *silent)
{
    static struct reply made, read;
    struct answers *child = answers_new (&desk->request, span_of ("pk.sindh"));
    struct answers *own = answers_new (&desk->request, span_of ("pk"));
    struct presence row = of (name, true);
    struct question_check check = at_pk (desk);
    answers_presence (child, &row);
    if (silent != NULL)
        answers_silent (child, span_of (silent));
    assert_true (reply_parse (&read, signed_reply (desk, desk->f.sindh, &made, child)));
    bool good = answers_take (own, &check, &read);
    if (!good) {
        expect (own, "");
        assert_int_equal (own->silent_count, 0);
    }
    answers_free (&own);
    answers_free (&child);
    return good;
}

static void a_child_speaks_for_its_own_subtree_alone (void **state)
{
    struct desk *desk = *state;
    assert_true (taken (desk, "pk.sindh.kpt", "pk.sindh.other"));
    assert_false (taken (desk, "pk.punjab.kpt", NULL));
    assert_false (taken (desk, "pk.sindhi", NULL));
    assert_false (taken (desk, "pk", NULL));
    /* Of the link to it the party above tells. */
    assert_false (taken (desk, "pk.sindh", NULL));
    assert_false (taken (desk, "pk.sindh.kpt", "pk.punjab"));
}

static void an_answer_by_another_or_with_another_key_does_not_count (void **state)
{
    struct desk *desk = *state;
    static struct reply made, read;
    struct answers *child = answers_new (&desk->request, span_of ("pk.sindh"));
    struct question_check check = at_pk (desk);
    assert_true (reply_parse (&read, signed_reply (desk, desk->f.kpt, &made, child)));
    assert_int_equal (reply_judge (&check, &read), CB_WRONG_ORIGIN);
    struct actor thief = *desk->f.sindh;
    memcpy (thief.secret, desk->f.kpt->secret, sizeof thief.secret);
    assert_true (reply_parse (&read, signed_reply (desk, &thief, &made, child)));
    assert_int_equal (reply_judge (&check, &read), CB_BAD_SIGNATURE);
    answers_free (&child);
}

static void a_thousand_parties_fit_and_ten_thousand_say_that_they_are_cut (void **state)
{
    struct desk *desk = *state;
    static struct reply made, read;
    struct question_check check = at_pk (desk);
    for (size_t count = 1000; count <= 10000; count *= 10) {
        struct answers *child = answers_new (&desk->request, span_of ("pk.sindh"));
        struct answers *own = answers_new (&desk->request, span_of ("pk"));
        for (size_t i = 0; i < count; i++) {
            char name[64];
            snprintf (name, sizeof name, "pk.sindh.office-%05zu", i);
            struct presence row = of (name, true);
            answers_presence (child, &row);
        }
        struct span bytes = signed_reply (desk, desk->f.sindh, &made, child);
        assert_true (bytes.size <= STATEMENT_MAX);
        assert_true (reply_parse (&read, bytes));
        assert_true (answers_take (own, &check, &read));
        assert_int_equal (own->more, count > 1000);
        assert_true (count > 1000 ? own->row_count > 1000 : own->row_count == count);
        answers_free (&own);
        answers_free (&child);
    }
}

/* --- Seen ---------------------------------------------------------------------------------- */

static struct seen_place place (uint64_t own, uint64_t told, uint64_t fewer)
{
    struct seen_place out = { .own = { .count = own, .last = 1000 * WORLD_DAY + 5 },
                              .told = { .count = told, .fewer = fewer } };
    return out;
}

static void below_the_threshold_no_count_is_told (void **state)
{
    (void) state;
    struct seen_place few = place (3, 0, 0), many = place (5, 0, 0), none = place (0, 0, 0);
    struct seen seen = seen_told (&few, 5);
    assert_int_equal (seen.count, 0);
    assert_int_equal (seen.fewer, 5);
    assert_int_equal (seen.last, 1000 * WORLD_DAY); /* the day and no more */
    seen = seen_told (&many, 5);
    assert_int_equal (seen.count, 5);
    assert_int_equal (seen.fewer, 0);
    seen = seen_told (&none, 5);
    assert_int_equal (seen.count + seen.fewer, 0);
}

static void what_two_sources_know_of_one_place_is_not_added_up (void **state)
{
    (void) state;
    struct seen_place both = place (7, 9, 0), unsure = place (0, 0, 5);
    assert_int_equal (seen_told (&both, 5).count, 9);
    assert_int_equal (seen_told (&unsure, 5).fewer, 5);
    /* Nor does it give away what the other one kept to itself. */
    struct seen_place better = place (2, 0, 5);
    assert_int_equal (seen_told (&better, 5).fewer, 5);
    assert_int_equal (seen_told (&better, 5).count, 0);
    assert_false (seen_told (&better, 5).least);
}

static void one_body_is_one_constituent_whoever_says_it (void **state)
{
    (void) state;
    struct seen_place body = place (1, 0, 5);
    body.single = true;
    assert_int_equal (seen_told (&body, 5).count, 1);
    assert_int_equal (seen_told (&body, 5).fewer, 0);
    body = place (0, 0, 0);
    body.single = true;
    assert_int_equal (seen_told (&body, 5).count, 0);
}

static void places_are_added_up_and_what_was_not_counted_makes_it_at_least (void **state)
{
    struct desk *desk = *state;
    struct answers *own = answers_new (&desk->request, span_of ("pk"));
    struct seen six = { .count = 6 }, two = { .count = 2 };
    answers_seen (own, span_of ("pk.sindh"), &six);
    answers_seen (own, span_of ("pk.punjab"), &two);
    struct seen total = seen_total (own, 5);
    assert_int_equal (total.count, 7); /* six, and one to four */
    assert_true (total.least);
    own->places[1].own.count = 9;
    total = seen_total (own, 5);
    assert_int_equal (total.count, 15);
    assert_false (total.least);
    /* Two that are few may be many together; of a few of a few nothing more is told. */
    own->places[0].own.count = own->places[1].own.count = 1;
    total = seen_total (own, 5);
    assert_int_equal (total.count, 2);
    assert_true (total.least);
    own->places[0].own.count = 0;
    total = seen_total (own, 5);
    assert_int_equal (total.fewer, 5);
    /* What one may say has an end, and so has the sum: else nobody above would take it. */
    own->places[0].own.count = own->places[1].own.count = SEEN_MOST;
    total = seen_total (own, 5);
    assert_true (total.count == SEEN_MOST && total.least);
    answers_free (&own);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (a_question_that_is_signed_and_granted_is_answered),
        TEST (a_question_signed_by_another_is_forged),
        TEST (a_question_comes_from_the_side_of_who_asks),
        TEST (a_question_too_late_or_too_early_is_not_answered),
        TEST (a_question_that_no_grant_covers_is_refused),
        TEST (an_unknown_question_and_one_without_its_argument_are_refused),
        TEST (each_step_away_leaves_its_part_of_the_time),
        TEST (what_a_child_signed_is_added_to_what_is_known_here),
        TEST (a_child_speaks_for_its_own_subtree_alone),
        TEST (an_answer_by_another_or_with_another_key_does_not_count),
        TEST (a_thousand_parties_fit_and_ten_thousand_say_that_they_are_cut),
        TEST (below_the_threshold_no_count_is_told),
        TEST (what_two_sources_know_of_one_place_is_not_added_up),
        TEST (one_body_is_one_constituent_whoever_says_it),
        TEST (places_are_added_up_and_what_was_not_counted_makes_it_at_least),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
