/* SPDX-License-Identifier: Apache-2.0 */
/* What looks after a station: status, the board, the tree, the quarantine, the settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bus/edge/conf.h"
#include "bus/edge/json.h"
#include "nodes/certbus/ago.h"
#include "nodes/certbus/checks.h"
#include "nodes/certbus/command.h"
#include "tests/unit/support_certbus.h"

#define NOW INT64_C (1800000000000)
#define MIN INT64_C (60000)
#define DAY INT64_C (86400000)

static int fresh (void **state)
{
    (void) state;
    broker_reset ();
    return 0;
}

static void says (const char *text, const char *part)
{
    if (!strstr (text, part))
        fail_msg ("\"%s\" is not in: %s", part, text);
}

static void says_not (const char *text, const char *part)
{
    if (strstr (text, part))
        fail_msg ("\"%s\" is in: %s", part, text);
}

/* A home, so that the board has something to be about. */
static const char *home (void)
{
    static char folder[1024];
    const char *conf = file_with ("certbus.conf", "schemas = \"schemas\";\nreserve_mb = 7;\n");
    snprintf (folder, sizeof folder, "%.*s", (int) (strrchr (conf, '/') - conf), conf);
    return folder;
}

/* --- Answers, as JSON with the keys in their order ----------------------------------------- */

static void key_int (struct pack_out *out, const char *key, int64_t value)
{
    pack_put_text (out, key);
    pack_put_int (out, value);
}

static void key_text_of (struct pack_out *out, const char *key, const char *value)
{
    pack_put_text (out, key);
    pack_put_text (out, value);
}

static void key_bool (struct pack_out *out, const char *key, bool value)
{
    pack_put_text (out, key);
    pack_put_bool (out, value);
}

static void link_of (struct pack_out *out, const char *party, bool open, int64_t lag, bool more)
{
    pack_put_map (out, 7);
    key_int (out, "heard", NOW - MIN);
    key_int (out, "lag", lag);
    key_bool (out, "more", more);
    key_int (out, "oldest", lag ? NOW - 3 * DAY : 0);
    key_text_of (out, "party", party);
    key_int (out, "since", NOW - DAY);
    key_text_of (out, "state", open ? "OPEN" : "IDLE");
}

/* One advice at most; two children, one of which is away. */
static void status_is (int level, const char *advice)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 8);
    pack_put_text (&out, "advices");
    pack_put_array (&out, level ? 1 : 0);
    if (level) {
        pack_put_map (&out, 2);
        key_int (&out, "level", level);
        key_text_of (&out, "text", advice);
    }
    pack_put_text (&out, "children");
    pack_put_array (&out, 2);
    link_of (&out, "pk.away", false, 3, true);
    link_of (&out, "pk.well", true, 0, false);
    key_int (&out, "children_count", 1200);
    key_int (&out, "level", level);
    key_int (&out, "now", NOW);
    key_bool (&out, "ok", true);
    key_text_of (&out, "party", "pk");
    key_text_of (&out, "software", "certbus 9.9.9");
    broker_answers ("status", pack_result (&out));
    pack_free (&out);
}

/* --- status -------------------------------------------------------------------------------- */

static void status_begins_with_the_verdict_and_its_exit_code_is_the_level (void **state)
{
    (void) state;
    status_is (0, "");
    const struct ran *ran = certbus ("-C", home (), "status", NULL);
    assert_int_equal (ran->code, 0);
    assert_int_equal (strncmp (ran->out, "pk is healthy\n", 14), 0);
    broker_reset ();
    status_is (1, "look at it");
    ran = certbus ("-C", home (), "status", NULL);
    assert_int_equal (ran->code, 1);
    assert_int_equal (strncmp (ran->out, "To do: look at it\n", 18), 0);
    broker_reset ();
    status_is (2, "run\033[2J");
    ran = certbus ("-C", home (), "status", NULL);
    assert_int_equal (ran->code, 2);
    assert_int_equal (strncmp (ran->out, "ACT NOW: run<U+001B>[2J\n", 24), 0);
}

static void without_a_broker_status_says_how_to_start_it_also_in_json (void **state)
{
    (void) state;
    const struct ran *ran = certbus ("-C", home (), "--json", "status", NULL);
    assert_int_equal (ran->code, 2);
    says (ran->out, "\"level\": 2");
    says (ran->out, "no broker is running");
}

static void only_children_that_need_somebody_are_listed (void **state)
{
    (void) state;
    status_is (0, "");
    const struct ran *ran = certbus ("-C", home (), "status", NULL);
    says (ran->out, "pk.away  IDLE");
    says (ran->out, "at least 3 waiting");
    says_not (ran->out, "pk.well");
    says (ran->out, "and 1199 that are well: certbus status --all");
    ran = certbus ("-C", home (), "status", "--all", NULL);
    says (ran->out, "pk.well  OPEN");
}

static void another_version_of_the_broker_is_named_beside_the_tools (void **state)
{
    (void) state;
    status_is (0, "");
    const struct ran *ran = certbus ("-C", home (), "status", NULL);
    says (ran->out, "certbus 9.9.9");
    says (ran->out, "this tool is certbus " CERTBUS_VERSION);
    broker_refuses ("quarantine", "usage",
                    "no such operation: the tool and the broker are of different versions");
    ran = certbus ("-C", home (), "quarantine", NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->err, "the broker is certbus 9.9.9");
    says (ran->err, "this tool is certbus " CERTBUS_VERSION);
}

/* --- Times --------------------------------------------------------------------------------- */

static void times_are_told_as_people_do (void **state)
{
    (void) state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        { 0, "never" },
        { NOW, "now" },
        { NOW - 999, "now" },
        { NOW - 1000, "1 s ago" },
        { NOW - 119999, "119 s ago" },
        { NOW - 2 * MIN, "2 min ago" },
        { NOW - 120 * MIN, "2 h ago" },
        { NOW - DAY, "24 h ago" },
        { NOW - 2 * DAY, "2 days ago" },
        { NOW + 30 * DAY, "in 30 days" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal (ago_of (cases[i].ms, NOW).text, cases[i].text);
    assert_string_equal (moment_of (NOW, NOW).text, "2027-01-15T08:00:00Z"); /* no terminal */
}

static void what_goes_on_lasts_on_a_terminal_and_has_begun_in_a_file (void **state)
{
    (void) state;
    assert_string_equal (since_of (NOW - 2 * MIN, NOW, true).text, "for 2 min");
    assert_string_equal (since_of (NOW - 1000, NOW, true).text, "for 1 s");
    assert_string_equal (since_of (NOW + 5 * MIN, NOW, true).text, "for 0 s"); /* another clock */
    assert_string_equal (since_of (NOW, NOW, false).text, "since 2027-01-15T08:00:00Z");
    assert_string_equal (since_moment (NOW, NOW).text, "since 2027-01-15T08:00:00Z");
}

/* --- tree ---------------------------------------------------------------------------------- */

static void party (struct pack_out *out, const char *name, const char *link, bool revoked)
{
    pack_put_map (out, 7);
    key_text_of (out, "link", link);
    key_text_of (out, "name", name);
    key_int (out, "not_after", strcmp (name, "pk.b") == 0 ? NOW - DAY : NOW + DAY);
    key_bool (out, "revoked", revoked);
    key_text_of (out, "role", "role");
    key_int (out, "since", NOW);
    key_text_of (out, "title", "T");
}

static void tree_page (bool more, size_t count, const char *const *names, const char *const *links)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 4);
    key_bool (&out, "more", more);
    key_int (&out, "now", NOW);
    key_bool (&out, "ok", true);
    pack_put_text (&out, "parties");
    pack_put_array (&out, count);
    for (size_t i = 0; i < count; i++)
        party (&out, names[i], links[i], strcmp (names[i], "pk.a.x") == 0);
    broker_answers ("tree", pack_result (&out));
    pack_free (&out);
}

static void the_tree_is_drawn_over_all_pages_with_what_is_known_of_presence (void **state)
{
    (void) state;
    static const char *const names[] = { "pk", "pk.a", "pk.a-b", "pk.a.x", "pk.b" };
    static const char *const links[] = { "self", "open", "", "", "away" };
    tree_page (true, 3, names, links);
    tree_page (false, 2, names + 3, links + 3);
    const struct ran *ran = certbus ("-C", home (), "tree", NULL);
    assert_int_equal (ran->code, 0);
    assert_true (span_is (body_text (broker_was_asked ("tree"), "after"), "pk.a-b"));
    says (ran->out, "pk                            role          T  (here)\n+- pk.a ");
    says (ran->out, "open since 2027-01-15T08:00:00Z\n|  +- pk.a.x ");
    says (ran->out, "T  REVOKED\n+- pk.a-b                     role          T\n");
    says (ran->out, "+- pk.b                       role          T  away since 2027");
    says (ran->out, "EXPIRED 2027-01-14T08:00:00Z\n");
    says (ran->out, "it is not known here");
}

/* --- The quarantine ------------------------------------------------------------------------ */

static void row (struct pack_out *out, int64_t position, const char *id)
{
    pack_put_map (out, 11);
    key_int (out, "bytes", 500);
    key_text_of (out, "detail", "");
    key_text_of (out, "from", "pk.a");
    key_text_of (out, "id", id);
    key_text_of (out, "kind", "note");
    key_text_of (out, "origin", "pk.a");
    key_int (out, "position", position);
    key_int (out, "reason", CB_FROZEN);
    key_int (out, "taken", NOW);
    key_text_of (out, "told_neighbour", "yes");
    key_text_of (out, "told_origin", "waits");
}

static void two_are_kept (const char *first, const char *second)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 7);
    key_int (&out, "bytes", 1000);
    key_int (&out, "count", 2);
    key_int (&out, "dropped", 5);
    key_bool (&out, "more", false);
    key_int (&out, "next", 9);
    key_bool (&out, "ok", true);
    pack_put_text (&out, "records");
    pack_put_array (&out, 2);
    row (&out, 7, first);
    row (&out, 9, second);
    broker_answers ("quarantine", pack_result (&out));
    pack_free (&out);
}

static void the_group_alone_lists_and_says_who_was_told (void **state)
{
    (void) state;
    two_are_kept ("pk.a/1-1", "pk.a/1-2");
    const struct ran *ran = certbus ("-C", home (), "quarantine", NULL);
    assert_int_equal (ran->code, 0);
    says (ran->out, "7  2027-01-15T08:00:00Z  from pk.a: note that claims to be pk.a/1-1\n");
    says (ran->out, "(frozen); neighbour told, origin is being told\n");
    says (ran->out, "2 in quarantine");
    says (ran->out, "5 more found no room");
    ran = certbus ("-C", home (), "--json", "quarantine", NULL);
    says (ran->out, "\"reason\": \"frozen\"");
    says (ran->out, "\"check\": 7");
    ran = certbus ("quarantine", "lst", NULL);
    says (ran->err, "did you mean 'quarantine list'?");
}

static void one_is_named_by_position_or_by_an_id_that_only_it_claims (void **state)
{
    (void) state;
    two_are_kept ("pk.a/1-1", "pk.a/1-2");
    broker_agrees ("discard");
    assert_int_equal (
        certbus ("-C", home (), "quarantine", "discard", "pk.a/1-2", "--why", "old", NULL)->code,
        0);
    assert_int_equal (body_int (broker_was_asked ("discard"), "position", 0), 9);
    assert_true (span_is (body_text (broker_was_asked ("discard"), "why"), "old"));
    certbus ("-C", home (), "quarantine", "discard", "12", NULL);
    assert_int_equal (body_int (broker_was_asked ("discard"), "position", 0), 12);
    const struct ran *ran = certbus ("-C", home (), "quarantine", "discard", "pk.a/1-3", NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->err, "not in quarantine");
    broker_reset ();
    two_are_kept ("pk.a/1-1", "pk.a/1-1");
    ran = certbus ("-C", home (), "quarantine", "discard", "pk.a/1-1", NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->err, "name one by its position: 7, 9");
}

static void a_release_that_fails_names_the_check_and_that_none_is_overridden (void **state)
{
    struct pack_out out;
    (void) state;
    pack_init (&out);
    pack_put_map (&out, 6);
    key_text_of (&out, "detail", "number: missing");
    key_text_of (&out, "id", "pk.a/1-1");
    key_bool (&out, "ok", true);
    key_int (&out, "position", 0);
    key_int (&out, "reason", CB_SCHEMA);
    key_bool (&out, "repeat", false);
    broker_answers ("release", pack_result (&out));
    pack_free (&out);
    const struct ran *ran = certbus ("-C", home (), "quarantine", "release", "7", NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->err, "number: missing (schema), check 12: ");
    says (ran->err, "overrides no check");
    ran = certbus ("-C", home (), "--json", "quarantine", "release", "7", NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->out, "\"reason\": \"schema\"");
}

/* All that can stand in a quarantine: what section 8 of the protocol names. */
static void every_reason_of_the_intake_has_its_check_and_what_helps (void **state)
{
    (void) state;
    for (unsigned reason = CB_MALFORMED; reason < CB_REASON_END; reason++) {
        static const unsigned others[] = {
            CB_DISK_FULL,        CB_NOT_A_CHILD, CB_ROLE_NOT_GRANTED, CB_SECTOR_NOT_GRANTED,
            CB_TOO_DEEP,         CB_OTHER_ROOT,  CB_VERSION,          CB_OUT_OF_STEP,
            CB_NO_SUCH_QUESTION, CB_OVERRUN,     CB_QUESTIONS
        };
        bool elsewhere = strcmp (cb_reason_name (reason), "?") == 0;
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
            elsewhere = elsewhere || reason == others[i];
        const struct check_row *check = check_of (reason);
        if (!elsewhere && (check->number < 1 || check->number > 15))
            fail_msg ("%s has no check", cb_reason_name (reason));
        assert_true (check->asks[0] && check->helps[0]);
    }
}

/* --- config -------------------------------------------------------------------------------- */

static void without_a_broker_config_shows_what_a_start_would_use (void **state)
{
    (void) state;
    const struct ran *ran = certbus ("-C", home (), "config", NULL);
    assert_int_equal (ran->code, 0);
    says (ran->err, "no broker is running");
    says (ran->err, "a start would use");
    says (ran->out, "reserve_mb           7 ");
    says (ran->out, "# certbus.conf:2\n");
    ran = certbus ("-C", home (), "--json", "config", NULL);
    says (ran->out, "\"running\": false");
}

static void each_setting_is_described (void **state)
{
    (void) state;
    char line[256];
    const struct ran *ran = certbus ("config", "--describe", NULL);
    for (enum conf_setting which = 0; which < CONF_COUNT; which++) {
        struct conf_about about = conf_about (which);
        snprintf (line, sizeof line, "%s  %s", about.name, about.kind);
        says (ran->out, line);
        says (ran->out, about.about);
        says (ran->out, about.range);
    }
    ran = certbus ("--json", "config", "--describe", NULL);
    says (ran->out, "\"name\": \"quarantine_days\"");
    says (ran->out, "\"max\": 36500");
}

static void what_is_not_yet_in_force_is_marked (void **state)
{
    struct pack_out out;
    (void) state;
    pack_init (&out);
    pack_put_map (&out, 3);
    key_bool (&out, "ok", true);
    key_text_of (&out, "problem", "");
    pack_put_text (&out, "settings");
    pack_put_array (&out, 1);
    pack_put_map (&out, 6);
    key_text_of (&out, "from", "default");
    key_text_of (&out, "name", "reserve_mb");
    key_text_of (&out, "then", "7");
    key_text_of (&out, "then_from", "certbus.conf:2");
    key_text_of (&out, "then_when", "reload");
    key_text_of (&out, "value", "64");
    broker_answers ("config", pack_result (&out));
    pack_free (&out);
    const struct ran *ran = certbus ("-C", home (), "config", NULL);
    says (ran->out, "reserve_mb           64 ");
    says (ran->out, "not yet in force: certbus.conf:2 says \"7\"; reload");
}

/* --- The board ----------------------------------------------------------------------------- */

static void without_a_home_the_board_says_what_comes_first (void **state)
{
    (void) state;
    const struct ran *ran = certbus ("-C", file_without ("nowhere"), NULL);
    assert_int_equal (ran->code, EXIT_USAGE);
    says (ran->out, "nowhere");
    says (ran->out, "certbus -C DIR init NAME");
}

static void a_board_with_nothing_on_it_says_so (void **state)
{
    struct pack_out out;
    (void) state;
    status_is (0, "");
    pack_init (&out);
    pack_put_map (&out, 4);
    key_int (&out, "head", 3);
    key_int (&out, "next", 0);
    key_bool (&out, "ok", true);
    pack_put_text (&out, "records");
    pack_put_array (&out, 0);
    broker_answers ("read", pack_result (&out));
    pack_free (&out);
    broker_agrees ("cases");
    broker_agrees ("clocks");
    const struct ran *ran = certbus ("-C", home (), NULL);
    assert_int_equal (ran->code, 0);
    says (ran->out, "pk is healthy\n");
    says (ran->out, "Open cases: none");
    says (ran->out, "Due, as advisories ask: none");
    says (ran->out, "1 children have not everything yet; next: certbus status");
    ran = certbus ("-C", home (), "--json", NULL);
    says (ran->out, "\"incidents\": []");
}

#define TEST(name) cmocka_unit_test_setup (name, fresh)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (what_goes_on_lasts_on_a_terminal_and_has_begun_in_a_file),
        TEST (status_begins_with_the_verdict_and_its_exit_code_is_the_level),
        TEST (without_a_broker_status_says_how_to_start_it_also_in_json),
        TEST (only_children_that_need_somebody_are_listed),
        TEST (another_version_of_the_broker_is_named_beside_the_tools),
        TEST (times_are_told_as_people_do),
        TEST (the_tree_is_drawn_over_all_pages_with_what_is_known_of_presence),
        TEST (the_group_alone_lists_and_says_who_was_told),
        TEST (one_is_named_by_position_or_by_an_id_that_only_it_claims),
        TEST (a_release_that_fails_names_the_check_and_that_none_is_overridden),
        TEST (every_reason_of_the_intake_has_its_check_and_what_helps),
        TEST (without_a_broker_config_shows_what_a_start_would_use),
        TEST (each_setting_is_described),
        TEST (what_is_not_yet_in_force_is_marked),
        TEST (without_a_home_the_board_says_what_comes_first),
        TEST (a_board_with_nothing_on_it_says_so),
    };
    int failed = cmocka_run_group_tests (tests, NULL, NULL);
    broker_reset ();
    return failed;
}
