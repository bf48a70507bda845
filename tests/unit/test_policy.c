/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct world *w;
    struct policy *fields, *parsed;
};

static int set_up (void **state)
{
    struct fixture *f = calloc (1, sizeof *f);
    f->w = world_new (1, 1);
    f->fields = calloc (1, sizeof *f->fields);
    f->parsed = calloc (1, sizeof *f->parsed);
    struct policy *p = f->fields;
    p->version = 3;
    p->issued = 5;
    p->title = span_of ("title");
    p->roles =
        (struct labels){ .count = 2, .at = { span_of ("provincial"), span_of ("sectoral") } };
    p->sector_count = 2;
    p->sectors[0].sector = span_of ("energy");
    p->sectors[1].sector = span_of ("telecom");
    p->sectors[1].cert = span_of ("pk.telecom");
    *state = f;
    return 0;
}

static int tear_down (void **state)
{
    struct fixture *f = *state;
    world_free (&f->w);
    free (f->fields);
    free (f->parsed);
    free (f);
    return 0;
}

static void grant (struct policy *p, const char *role, const char *kind, unsigned relations)
{
    p->grants[p->grant_count++] =
        (struct policy_grant){ .role = span_of (role),
                               .kinds = { .count = 1, .at = { span_of (kind) } },
                               .relations = relations };
}

static void clock_row (struct policy *p, const char *clock, const char *role, unsigned severity,
                       int64_t limit)
{
    p->clocks[p->clock_count++] = (struct policy_clock){
        .clock = span_of (clock), .role = span_of (role), .severity = severity, .limit = limit
    };
}

static bool parses (struct fixture *f)
{
    return policy_parse (f->parsed, world_policy_of (f->w, f->fields));
}

static void a_policy_is_read_as_it_was_written (void **state)
{
    struct fixture *f = *state;
    grant (f->fields, "provincial", "advisory", 1u << CB_REL_SUBTREE | 1u << CB_REL_CHILDREN);
    grant (f->fields, "*", "*", 1u << CB_REL_SELF);
    clock_row (f->fields, "acknowledge", "*", 1, 900000);
    f->fields->setting_count = 1;
    f->fields->settings[0].name = span_of ("head-every");
    f->fields->settings[0].value = -5;
    assert_true (parses (f));
    assert_int_equal (f->parsed->version, 3);
    assert_int_equal (f->parsed->issued, 5);
    assert_true (span_is (f->parsed->title, "title"));
    assert_int_equal (f->parsed->grant_count, 2);
    assert_int_equal (f->parsed->grants[0].relations, 1u << CB_REL_SUBTREE | 1u << CB_REL_CHILDREN);
    assert_true (span_is (f->parsed->grants[0].kinds.at[0], "advisory"));
    assert_true (span_is (policy_sector_cert (f->parsed, span_of ("telecom")), "pk.telecom"));
    assert_int_equal (policy_sector_cert (f->parsed, span_of ("energy")).size, 0);
    assert_int_equal (policy_sector_cert (f->parsed, span_of ("finance")).size, 0);
    assert_int_equal (policy_setting (f->parsed, POLICY_HEAD_EVERY), -5);
    assert_int_equal (policy_setting (f->parsed, POLICY_AHEAD), 600000);
}

static void a_policy_of_another_form_is_refused (void **state)
{
    struct fixture *f = *state;
    struct policy *p = f->fields;
    grant (p, "provincial", "advisory", 1);
    clock_row (p, "acknowledge", "sectoral", 5, 1);
    assert_true (parses (f));
#define REFUSED(set, undo)                                                                         \
    do {                                                                                           \
        set;                                                                                       \
        assert_false (parses (f));                                                                 \
        undo;                                                                                      \
        assert_true (parses (f));                                                                  \
    } while (0)
    REFUSED (p->version = 0, p->version = 1);
    REFUSED (p->grants[0].role = span_of ("national"), p->grants[0].role = span_of ("*"));
    REFUSED (p->clocks[0].role = span_of ("national"), p->clocks[0].role = span_of ("*"));
    REFUSED (p->grants[0].relations = 1u << CB_REL_END, p->grants[0].relations = 1);
    REFUSED (p->grants[0].kinds.count = 0, p->grants[0].kinds.count = 1);
    REFUSED (p->clocks[0].severity = 6, p->clocks[0].severity = 0);
    REFUSED (p->sectors[0].sector = span_of ("water"), p->sectors[0].sector = span_of ("energy"));
    REFUSED (p->sectors[0].sector = span_of ("telecom"), p->sectors[0].sector = span_of ("energy"));
    REFUSED (p->sectors[1].cert = span_of ("pk..x"), p->sectors[1].cert = span_of ("pk.x"));
    REFUSED (p->roles.at[0] = span_of ("zz"), p->roles.at[0] = span_of ("a"));
    REFUSED (p->title = span_of (""), p->title = span_of ("t"));
#undef REFUSED
}

static struct policy_verdict asks (struct fixture *f, const char *role, const char *kind,
                                   const char *term, const char *thread)
{
    struct labels sectors = { .count = 2, .at = { span_of ("energy"), span_of ("telecom") } };
    struct sender sender = { .name = span_of ("pk.sindh"),
                             .role = span_of (role),
                             .sectors = &sectors };
    struct term audience[1];
    assert_true (term_parse (audience, span_of (term)));
    return policy_allows (f->fields, &sender, span_of (kind), audience, 1,
                          thread ? span_of (thread) : span_bytes (NULL, 0));
}

static const char *const every_term[] = {
    "pk.sindh",    "pk",           "in",         "pk.sindh.kpt", "pk.sindh.kpt.quay",
    "pk.sindh.**", "pk.**",        "@energy",    "@finance",     "pk.telecom",
    "pk.punjab",   "pk.punjab.**", "pk.sindh-x",
};

/* Which of the terms above a relation covers, in their order. */
static void covers (struct fixture *f, enum cb_relation relation, const char *expected)
{
    f->fields->grant_count = 0;
    grant (f->fields, "provincial", "note", 1u << relation);
    for (size_t i = 0; i < sizeof every_term / sizeof every_term[0]; i++) {
        bool allowed = asks (f, "provincial", "note", every_term[i], "pk.punjab").reason == CB_OK;
        if (allowed != (expected[i] == 'y'))
            fail_msg ("%s %s %s", cb_relation_name (relation), allowed ? "covers" : "refuses",
                      every_term[i]);
    }
}

static void each_relation_covers_what_its_name_says (void **state)
{
    struct fixture *f = *state;
    covers (f, CB_REL_SELF, "y------------");
    covers (f, CB_REL_PARENT, "-y-----------");
    covers (f, CB_REL_ANCESTORS, "-y-----------");
    covers (f, CB_REL_CHILDREN, "---y---------");
    covers (f, CB_REL_SUBTREE, "---yyy-------");
    covers (f, CB_REL_OWN_SECTOR, "-------y-----");
    covers (f, CB_REL_SECTOR_CERT, "---------y---");
    covers (f, CB_REL_EVERYONE, "yyyyyyyyyyyyy");
    covers (f, CB_REL_CORRESPONDENT, "----------y--");
}

static void the_parent_is_one_step_away_and_ancestors_any (void **state)
{
    struct fixture *f = *state;
    struct labels none = { .count = 0 };
    struct sender deep = { .name = span_of ("pk.sindh.kpt"),
                           .role = span_of ("provincial"),
                           .sectors = &none };
    struct term pk, sindh;
    assert_true (term_parse (&pk, span_of ("pk")));
    assert_true (term_parse (&sindh, span_of ("pk.sindh")));
    grant (f->fields, "provincial", "note", 1u << CB_REL_PARENT);
    struct span kind = span_of ("note"), nobody = span_bytes (NULL, 0);
    assert_int_equal (policy_allows (f->fields, &deep, kind, &sindh, 1, nobody).reason, CB_OK);
    assert_int_equal (policy_allows (f->fields, &deep, kind, &pk, 1, nobody).reason, CB_NO_GRANT);
    f->fields->grants[0].relations = 1u << CB_REL_ANCESTORS;
    assert_int_equal (policy_allows (f->fields, &deep, kind, &pk, 1, nobody).reason, CB_OK);
}

static void a_grant_is_for_its_role_and_kind (void **state)
{
    struct fixture *f = *state;
    grant (f->fields, "provincial", "note", 1u << CB_REL_EVERYONE);
    assert_int_equal (asks (f, "provincial", "note", "pk", NULL).reason, CB_OK);
    assert_int_equal (asks (f, "sectoral", "note", "pk", NULL).reason, CB_NO_GRANT);
    assert_int_equal (asks (f, "provincial", "advisory", "pk", NULL).reason, CB_NO_GRANT);
    grant (f->fields, "*", "advisory", 1u << CB_REL_EVERYONE);
    assert_int_equal (asks (f, "sectoral", "advisory", "pk", NULL).reason, CB_OK);
    grant (f->fields, "sectoral", "*", 1u << CB_REL_SELF);
    assert_int_equal (asks (f, "sectoral", "anything", "pk.sindh", NULL).reason, CB_OK);
}

static void correspondence_counts_only_where_nothing_else_covers (void **state)
{
    struct fixture *f = *state;
    grant (f->fields, "provincial", "note", 1u << CB_REL_CORRESPONDENT | 1u << CB_REL_PARENT);
    struct policy_verdict verdict = asks (f, "provincial", "note", "pk.punjab", "pk.punjab");
    assert_int_equal (verdict.reason, CB_OK);
    assert_true (verdict.by_correspondence);
    verdict = asks (f, "provincial", "note", "pk", "pk");
    assert_int_equal (verdict.reason, CB_OK);
    assert_false (verdict.by_correspondence);
    assert_int_equal (asks (f, "provincial", "note", "pk.punjab", "pk.kp").reason, CB_NO_GRANT);
    assert_int_equal (asks (f, "provincial", "note", "pk.punjab", NULL).reason, CB_NO_GRANT);
    assert_int_equal (asks (f, "provincial", "note", "pk.punjab.**", "pk.punjab").reason,
                      CB_NO_GRANT);
}

static void a_participant_is_covered_where_nothing_else_covers_and_is_named (void **state)
{
    struct fixture *f = *state;
    grant (f->fields, "provincial", "note",
           1u << CB_REL_PARTICIPANT | 1u << CB_REL_CORRESPONDENT | 1u << CB_REL_PARENT);
    struct policy_verdict verdict = asks (f, "provincial", "note", "pk.telecom", "pk.sindh.kpt");
    assert_int_equal (verdict.reason, CB_OK);
    assert_int_equal (verdict.participants, 1);
    assert_false (verdict.by_correspondence);
    assert_int_equal (asks (f, "provincial", "note", "pk", "pk.sindh.kpt").participants, 0);
    verdict = asks (f, "provincial", "note", "pk.punjab", "pk.punjab");
    assert_int_equal (verdict.participants, 0);
    assert_true (verdict.by_correspondence);
    assert_int_equal (asks (f, "provincial", "note", "pk.telecom", NULL).reason, CB_NO_GRANT);
    assert_int_equal (asks (f, "provincial", "note", "pk.telecom.**", "pk.sindh.kpt").reason,
                      CB_NO_GRANT);
    assert_int_equal (asks (f, "provincial", "note", "@telecom", "pk.sindh.kpt").reason,
                      CB_NO_GRANT);
}

static void every_term_needs_a_grant_and_the_first_without_is_named (void **state)
{
    struct fixture *f = *state;
    struct labels none = { .count = 0 };
    struct sender sender = { .name = span_of ("pk.sindh"),
                             .role = span_of ("provincial"),
                             .sectors = &none };
    struct term audience[3];
    assert_true (term_parse (&audience[0], span_of ("pk")));
    assert_true (term_parse (&audience[1], span_of ("pk.punjab")));
    assert_true (term_parse (&audience[2], span_of ("pk.kp")));
    grant (f->fields, "provincial", "note", 1u << CB_REL_PARENT);
    struct policy_verdict verdict =
        policy_allows (f->fields, &sender, span_of ("note"), audience, 3, span_bytes (NULL, 0));
    assert_int_equal (verdict.reason, CB_NO_GRANT);
    assert_int_equal (verdict.refused, 1);
}

static void the_nearest_row_of_a_clock_counts (void **state)
{
    struct fixture *f = *state;
    struct policy *p = f->fields;
    struct span provincial = span_of ("provincial"), sectoral = span_of ("sectoral");
    clock_row (p, "report", "*", 0, 1);
    clock_row (p, "report", "*", 2, 2);
    clock_row (p, "report", "provincial", 0, 3);
    clock_row (p, "report", "provincial", 2, 4);
    assert_int_equal (policy_clock (p, "report", sectoral, 1), 1);
    assert_int_equal (policy_clock (p, "report", sectoral, 2), 2);
    assert_int_equal (policy_clock (p, "report", provincial, 1), 3);
    assert_int_equal (policy_clock (p, "report", provincial, 2), 4);
    assert_int_equal (policy_clock (p, "close", provincial, 2), 0);
    clock_row (p, "update", "*", 2, 5);
    clock_row (p, "update", "provincial", 0, 6);
    assert_int_equal (policy_clock (p, "update", provincial, 2), 6);
}

int main (void)
{
#define WITH_POLICY(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_POLICY (a_policy_is_read_as_it_was_written),
        WITH_POLICY (a_policy_of_another_form_is_refused),
        WITH_POLICY (each_relation_covers_what_its_name_says),
        WITH_POLICY (the_parent_is_one_step_away_and_ancestors_any),
        WITH_POLICY (a_grant_is_for_its_role_and_kind),
        WITH_POLICY (correspondence_counts_only_where_nothing_else_covers),
        WITH_POLICY (a_participant_is_covered_where_nothing_else_covers_and_is_named),
        WITH_POLICY (every_term_needs_a_grant_and_the_first_without_is_named),
        WITH_POLICY (the_nearest_row_of_a_clock_counts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
