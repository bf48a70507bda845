/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/cfg.h"
#include "bus/edge/policyfile.h"
#include "tests/unit/support_trust.h"

#include <setjmp.h>
#include <unistd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RULES     "config/cert-rules-2023.cfg"
#define HIERARCHY "config/hierarchy-pk.cfg"

/* A text as a file; its own path is taken out of `why`. */
static struct policyfile *from_text (const char *text, char *why, size_t size)
{
    char path[512];
    const char *temp = getenv ("TMPDIR");
    snprintf (path, sizeof path, "%s/policy-XXXXXX", temp && *temp ? temp : "/tmp");
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    bool written = write (fd, text, strlen (text)) == (ssize_t) strlen (text);
    close (fd);
    assert_true (written);
    *why = 0;
    struct policyfile *file = policyfile_read (path, why, size);
    unlink (path);
    if (strncmp (why, path, strlen (path)) == 0)
        memmove (why, why + strlen (path), strlen (why + strlen (path)) + 1);
    return file;
}

#define HEAD   "version = 7; title = \"t\"; roles = [ \"b\", \"a\" ];\n"
#define GRANTS "grants = ( { role = \"a\"; kinds = [ \"x\" ]; to = [ \"self\" ]; } );\n"

static void refused (const char *text, const char *expected)
{
    char why[512];
    struct policyfile *file = from_text (text, why, sizeof why);
    if (file)
        fail_msg ("was accepted, expected: %s", expected);
    assert_string_equal (why, expected);
}

static void durations_are_a_number_and_a_unit (void **state)
{
    (void) state;
    int64_t ms = 0;
    assert_true (duration_parse ("15 min", &ms) && ms == 900000);
    assert_true (duration_parse ("6 h", &ms) && ms == 21600000);
    assert_true (duration_parse ("30 d", &ms) && ms == INT64_C (2592000000));
    assert_true (duration_parse ("1h", &ms) && ms == 3600000);
    assert_true (duration_parse ("2 s", &ms) && ms == 2000);
    assert_true (duration_parse ("0 ms", &ms) && ms == 0);
    static const char *const bad[] = { "",
                                       "h",
                                       "15",
                                       "-1 h",
                                       "1  h",
                                       "1 h ",
                                       "1 m",
                                       "1.5 h",
                                       "1 H",
                                       "999999999999 d",
                                       " 1 h",
                                       "1 min 3 s",
                                       "99999999999999999999 ms" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (duration_parse (bad[i], &ms))
            fail_msg ("\"%s\" was accepted", bad[i]);
}

static void a_text_is_sorted_and_packs_to_its_canonical_form (void **state)
{
    (void) state;
    char why[512];
    struct policyfile *file = from_text (
        HEAD
        "grants = ( { role = \"*\"; kinds = [ \"y\", \"x\" ]; to = [ \"parent\", \"self\" ]; } );\n"
        "sectors = ( { name = \"telecom\"; cert = \"pk.telecom\"; }, { name = \"energy\"; } );\n"
        "clocks = ( { clock = \"close\"; role = \"a\";"
        "  limits = [ \"1 h\", \"2 h\", \"-\", \"4 h\", \"-\" ]; },\n"
        "  { clock = \"done\"; role = \"*\"; limit = \"3 d\"; } );\n"
        "settings = { head-every = \"1 h\"; flash-per-hour = 5; };\n",
        why, sizeof why);
    assert_string_equal (why, "");
    assert_non_null (file);
    struct world *w = world_new (1, 1);
    struct policy *p = calloc (1, sizeof *p);
    assert_true (policy_parse (p, world_policy_of (w, policyfile_policy (file))));
    policyfile_free (&file);
    assert_null (file);
    assert_int_equal (p->version, 7);
    assert_int_equal (p->issued, 0);
    assert_true (span_is (p->roles.at[0], "a"));
    assert_true (span_is (p->grants[0].kinds.at[0], "x"));
    assert_int_equal (p->grants[0].relations, 3);
    assert_true (span_is (p->sectors[0].sector, "energy"));
    assert_true (span_is (policy_sector_cert (p, span_of ("telecom")), "pk.telecom"));
    assert_int_equal (p->clock_count, 4);
    assert_int_equal (policy_clock (p, "close", span_of ("a"), 4), 4 * 3600000);
    assert_int_equal (policy_clock (p, "close", span_of ("a"), 3), 0);
    assert_int_equal (policy_clock (p, "done", span_of ("b"), 3), 3 * 86400000);
    assert_int_equal (policy_setting (p, POLICY_HEAD_EVERY), 3600000);
    assert_int_equal (policy_setting (p, POLICY_FLASH_PER_HOUR), 5);
    free (p);
    world_free (&w);
}

static void an_error_says_where_and_what_was_expected (void **state)
{
    (void) state;
    refused (HEAD "grants = (\n { role = \"a\"; kinds = [ \"x\" ]; to = [ \"self\" ]; },\n"
                  " { role = \"a\"; kinds = [ \"x\" ]; to = [ \"childs\" ]; } );\n",
             ":4: grants[1].to[0]: \"childs\" is no relation; expected self, parent, ancestors, "
             "children, subtree, own-sector, sector-cert, everyone, correspondent, participant");
    refused (HEAD "grants = ( { role = \"c\"; kinds = [ \"x\" ]; to = [ \"self\" ]; } );\n",
             ":2: grants[0].role: \"c\" is none of this policy's roles");
    refused (HEAD GRANTS "clocks = ( { clock = \"x\"; role = \"c\"; limit = \"1 h\"; } );\n",
             ":3: clocks[0].role: \"c\" is none of this policy's roles");
    refused (HEAD GRANTS "clocks = ( { clock = \"x\"; role = \"a\"; limit = \"1 y\"; } );\n",
             ":3: clocks[0].limit: expected a time such as \"15 min\", \"6 h\" or \"30 d\"");
    refused (HEAD GRANTS "setting = { };\n",
             ":3: setting: no such setting; expected version, title, roles, grants, sectors, "
             "clocks, settings");
    refused (HEAD GRANTS "settings = { flash-per-hour = 257; };\n",
             ":3: settings.flash-per-hour: 257; expected 1 to 256");
    refused (HEAD GRANTS "settings = { ahead = \"2 d\"; };\n",
             ":3: settings.ahead: \"2 d\"; expected 0 min to 1440 min");
    refused (HEAD GRANTS "settings = { flash = 2; };\n",
             ":3: settings.flash: no such setting; expected ahead, attachment-mb, bulletin-day, "
             "bulletin-hour, correlate-class-count, correlate-count, correlate-window, "
             "flash-per-hour, head-every, head-stale, remind-percent, seen-threshold");
}

static void what_is_missing_or_stands_twice_is_refused (void **state)
{
    (void) state;
    refused ("title = \"t\"; roles = [ \"a\" ];\n" GRANTS, ": version is missing");
    refused ("version = 1; roles = [ \"a\" ];\n" GRANTS, ": title is missing");
    refused ("version = 1; title = \"t\";\n" GRANTS, ": roles is missing");
    refused (HEAD, ": grants is missing");
    refused (HEAD "grants = ( );\n", ":2: grants: 0 elements; expected 1 to 256");
    refused (HEAD "grants = ( { role = \"a\"; kinds = [ \"x\" ]; } );\n",
             ":2: grants[0]: to is missing");
    refused (HEAD "grants = ( { role = \"a\"; kinds = [ \"x\", \"x\" ]; to = [ \"self\" ]; } );\n",
             ":2: grants[0].kinds[1]: \"x\" stands here twice");
    refused (HEAD "grants = ( { role = \"a\"; kinds = [ \"x\", \"*\" ]; to = [ \"self\" ]; } );\n",
             ":2: grants[0].kinds[1]: expected a text of 1 to 32 of a-z 0-9 -, or * alone");
    refused (HEAD
             "grants = ( { role = \"a\"; kinds = [ \"x\" ]; to = [ \"self\", \"self\" ]; } );\n",
             ":2: grants[0].to[1]: \"self\" stands here twice");
    refused (HEAD GRANTS "sectors = ( { name = \"e\"; }, { name = \"e\"; } );\n",
             ":3: sectors[1]: \"e\" stands here twice");
    refused (HEAD GRANTS "sectors = ( { name = \"e\"; cert = \"PK\"; } );\n",
             ":3: sectors[0].cert: \"PK\" is no party's name");
    refused (HEAD GRANTS "clocks = ( { clock = \"x\"; role = \"a\"; limit = \"1 h\"; },"
                         "{ clock = \"x\"; role = \"a\"; limit = \"2 h\"; } );\n",
             ":3: clocks[1].limit: this clock, role and severity stand here twice");
    refused (HEAD GRANTS "clocks = ( { clock = \"x\"; role = \"a\"; } );\n",
             ":3: clocks[0]: expected either limit or limits");
    refused (HEAD GRANTS "clocks = ( { clock = \"x\"; role = \"a\"; limits = [ \"1 h\" ]; } );\n",
             ":3: clocks[0].limits: expected 5 times, of severity 1 to 5, \"-\" for none");
    refused (HEAD GRANTS "clocks = ( { clock = \"x\"; role = \"a\"; limit = \"0 h\"; } );\n",
             ":3: clocks[0].limit: \"0 h\"; expected more than nothing and at most 3650 d");
}

/* The project's own policy, and who asks it. */
static struct policyfile *rules (void)
{
    char why[512] = "";
    struct policyfile *file = policyfile_read (RULES, why, sizeof why);
    if (!file)
        fail_msg ("%s", why);
    return file;
}

static void the_rules_allow_what_the_roles_are_for_and_nothing_else (void **state)
{
    (void) state;
    static const struct {
        const char *name, *role, *sector, *kind, *term, *thread;
        bool allowed;
    } asks[] = {
        { "pk", "national", "government", "advisory", "pk.**", NULL, true },
        { "pk", "national", "government", "policy", "pk.**", NULL, true },
        { "pk", "national", "government", "head", "pk.**", NULL, true },
        { "pk", "national", "government", "bulletin", "pk.cabinet", NULL, true },
        { "pk", "national", "government", "enrolment", "pk", NULL, true },
        { "pk.sindh", "provincial", "government", "advisory", "pk.sindh.**", NULL, true },
        { "pk.sindh", "provincial", "government", "advisory", "pk.sindh.kpt", NULL, true },
        { "pk.sindh", "provincial", "government", "advisory", "pk.**", NULL, false },
        { "pk.sindh", "provincial", "government", "advisory", "pk.punjab", NULL, false },
        { "pk.sindh", "provincial", "government", "incident", "pk", NULL, true },
        { "pk.sindh", "provincial", "government", "incident", "pk.punjab", NULL, false },
        { "pk.sindh", "provincial", "government", "enrolment", "pk", NULL, true },
        { "pk.sindh", "provincial", "government", "enrolment", "pk.sindh", NULL, true },
        { "pk.sindh", "provincial", "government", "enrolment", "pk.**", NULL, false },
        { "pk.sindh", "provincial", "government", "revocation", "pk.**", NULL, true },
        { "pk.sindh", "provincial", "government", "policy", "pk.**", NULL, false },
        { "pk.sindh", "provincial", "government", "contact", "pk.sindh.**", NULL, true },
        { "pk.sindh", "provincial", "government", "contact", "pk", NULL, true },
        { "pk.sindh", "provincial", "government", "checkpoint", "pk", NULL, true },
        { "pk.sindh", "provincial", "government", "checkpoint", "pk.sindh.**", NULL, false },
        { "pk.telecom", "sectoral", "telecom", "advisory", "@telecom", NULL, true },
        { "pk.telecom", "sectoral", "telecom", "advisory", "@energy", NULL, false },
        { "pk.telecom", "sectoral", "telecom", "update", "pk.ntc", "pk.ntc", true },
        { "pk.telecom", "sectoral", "telecom", "update", "pk.ntc", NULL, false },
        { "pk.sindh.kpt", "organisation", "maritime", "incident", "pk.sindh", NULL, true },
        { "pk.sindh.kpt", "organisation", "maritime", "incident", "pk", NULL, true },
        { "pk.sindh.kpt", "organisation", "maritime", "incident", "pk.telecom", NULL, false },
        { "pk.sindh.kpt", "organisation", "maritime", "advisory", "pk.sindh", NULL, false },
        { "pk.sindh.kpt", "organisation", "maritime", "advisory", "pk.sindh.kpt.**", NULL, false },
        { "pk.sindh.kpt", "organisation", "maritime", "receipt", "pk", "pk", true },
        { "pk.sindh.kpt", "organisation", "maritime", "receipt", "pk", NULL, false },
        { "pk.ntc", "organisation", "telecom", "incident", "pk.telecom", NULL, true },
        { "pk.ntc", "organisation", "telecom", "incident", "@telecom", NULL, false },
        { "pk.cabinet", "observer", "government", "note", "pk", NULL, true },
        { "pk.cabinet", "observer", "government", "advisory", "pk.**", NULL, false },
        { "pk.cabinet", "observer", "government", "incident", "pk", NULL, false },
        { "pk.cabinet", "observer", "government", "rejection", "pk", "pk", true },
        { "pk.audit", "auditor", "government", "note", "pk", NULL, false },
        { "pk.audit", "auditor", "government", "receipt", "pk", "pk", true },
        { "pk.mirror", "mirror", "government", "incident", "pk", NULL, false },
    };
    struct policyfile *file = rules ();
    const struct policy *p = policyfile_policy (file);
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        struct labels sectors = { .count = 1, .at = { span_of (asks[i].sector) } };
        struct sender sender = { .name = span_of (asks[i].name),
                                 .role = span_of (asks[i].role),
                                 .sectors = &sectors };
        struct term term;
        assert_true (term_parse (&term, span_of (asks[i].term)));
        struct policy_verdict verdict =
            policy_allows (p, &sender, span_of (asks[i].kind), &term, 1,
                           asks[i].thread ? span_of (asks[i].thread) : span_bytes (NULL, 0));
        if ((verdict.reason == CB_OK) != asks[i].allowed)
            fail_msg ("%s %s: %s to %s", asks[i].allowed ? "refused" : "allowed", asks[i].name,
                      asks[i].kind, asks[i].term);
    }
    policyfile_free (&file);
}

static void the_rules_have_the_clocks_and_settings_of_the_design (void **state)
{
    (void) state;
    struct policyfile *file = rules ();
    const struct policy *p = policyfile_policy (file);
    struct span role = span_of ("provincial");
    assert_int_equal (policy_clock (p, "acknowledge", role, 1), 15 * 60000);
    assert_int_equal (policy_clock (p, "climb", role, 2), 2 * 3600000);
    assert_int_equal (policy_clock (p, "report", role, 3), 24 * 3600000);
    assert_int_equal (policy_clock (p, "close", role, 4), 0);
    assert_int_equal (policy_clock (p, "advisory-acknowledge", role, 3), 48 * 3600000);
    assert_int_equal (policy_setting (p, POLICY_AHEAD), 600000);
    assert_int_equal (policy_setting (p, POLICY_HEAD_EVERY), 3600000);
    assert_true (policy_setting (p, POLICY_HEAD_STALE) > policy_setting (p, POLICY_HEAD_EVERY));
    assert_true (policy_setting (p, POLICY_FLASH_PER_HOUR) > 0);
    assert_true (span_is (policy_sector_cert (p, span_of ("defence")), "pk.defence"));
    assert_int_equal (policy_sector_cert (p, span_of ("energy")).size, 0);
    policyfile_free (&file);
}

static void read_list (const config_setting_t *group, const char *name, struct labels *out)
{
    const config_setting_t *list = group ? config_setting_get_member (group, name) : NULL;
    out->count = list ? (size_t) config_setting_length (list) : 0;
    for (size_t i = 0; i < out->count; i++)
        out->at[i] = span_of (config_setting_get_string_elem (list, (int) i));
}

static int read_number (const config_setting_t *group, const char *name)
{
    int value = 0;
    return group && config_setting_lookup_int (group, name, &value) ? value : 0;
}

static const char *read_text (const config_setting_t *group, const char *name)
{
    const char *text = "";
    assert_true (config_setting_lookup_string (group, name, &text));
    return text;
}

static void the_hierarchy_of_pakistan_can_be_enrolled (void **state)
{
    (void) state;
    char why[512] = "";
    struct cfg cfg;
    if (!cfg_open (&cfg, HIERARCHY, why, sizeof why))
        fail_msg ("%s", why);
    struct policyfile *file = rules ();
    struct world *w = world_new (1, 1);
    struct directory *d = directory_new ();
    assert_int_equal (directory_root (d, world_root (w)), CB_OK);
    assert_int_equal (directory_policy (d, world_policy_of (w, policyfile_policy (file))), CB_OK);
    const config_setting_t *list = config_setting_get_member (cfg_root (&cfg), "parties");
    int count = config_setting_length (list);
    assert_true (count > 15);
    for (int i = 0; i < count; i++) {
        const config_setting_t *group = config_setting_get_elem (list, (unsigned) i);
        const config_setting_t *may = config_setting_get_member (group, "may");
        struct actor *actor = world_actor (w, read_text (group, "name"));
        struct credential c = world_credential (actor, read_text (group, "role"), NULL);
        c.title = span_of (read_text (group, "title"));
        read_list (group, "sectors", &c.sectors);
        read_list (may, "roles", &c.may.roles);
        read_list (may, "sectors", &c.may.sectors);
        c.may.children = (uint32_t) read_number (may, "children");
        c.may.depth = (uint32_t) read_number (may, "depth");
        const struct entry *issuer = directory_by_name (d, party_parent (c.name));
        for (size_t j = 0; j < c.sectors.count; j++) {
            struct term sector = { .type = TERM_SECTOR, .name = c.sectors.at[j] };
            assert_true (directory_term (d, &sector));
        }
        char detail[ENROL_DETAIL];
        if (issuer && directory_may_enrol (d, issuer, &c, detail) != CB_OK)
            fail_msg ("%s: %s", actor->name, detail);
        if (directory_add (d, world_issue (actor, &c), NULL) != CB_OK)
            fail_msg ("%s cannot be enrolled", actor->name);
    }
    assert_int_equal (directory_children (d, span_of ("pk.sindh")), 2);
    directory_free (&d);
    world_free (&w);
    policyfile_free (&file);
    cfg_close (&cfg);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (durations_are_a_number_and_a_unit),
        cmocka_unit_test (a_text_is_sorted_and_packs_to_its_canonical_form),
        cmocka_unit_test (an_error_says_where_and_what_was_expected),
        cmocka_unit_test (what_is_missing_or_stands_twice_is_refused),
        cmocka_unit_test (the_rules_allow_what_the_roles_are_for_and_nothing_else),
        cmocka_unit_test (the_rules_have_the_clocks_and_settings_of_the_design),
        cmocka_unit_test (the_hierarchy_of_pakistan_can_be_enrolled),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
