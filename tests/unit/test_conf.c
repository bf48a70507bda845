/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/conf.h"

#include "bus/edge/keys.h"
#include "tests/unit/support_wire.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char why[CONF_WHY];
static char example[PATH_MAX];

static int enter (void **state)
{
    (void) state;
    *why = 0;
    scratch_enter ();
    return 0;
}

static int leave (void **state)
{
    (void) state;
    scratch_leave ();
    return 0;
}

static void write_text (const char *path, const char *text)
{
    FILE *file = fopen (path, "w");
    fputs (text, file);
    fclose (file);
}

static char *text_of (const char *path)
{
    struct span bytes;
    if (file_read (path, 100000, &bytes, why, sizeof why) != 0)
        fail_msg ("%s", why);
    char *text = calloc (1, bytes.size + 1);
    memcpy (text, bytes.data, bytes.size);
    free ((void *) (uintptr_t) bytes.data);
    return text;
}

static void must_load (struct conf *conf, const char *path)
{
    if (conf_load (conf, path, why) != 0)
        fail_msg ("%s", why);
}

static void assert_defaults (const struct conf *conf)
{
    assert_int_equal (conf->listen_count, 0);
    assert_int_equal (conf->parent_count, 0);
    assert_string_equal (conf->schemas, "");
    assert_string_equal (conf->log_level, "notice");
    assert_int_equal (conf->reserve_mb, 64);
    assert_int_equal (conf->quarantine_messages, 1000);
    assert_int_equal (conf->quarantine_mb, 16);
    assert_int_equal (conf->quarantine_days, 30);
    assert_int_equal (conf->children_max, 1000);
    assert_string_equal (conf->number, "");
    assert_string_equal (conf->tap, "");
    assert_string_equal (conf->tap_tlp, "TLP:GREEN");
    assert_string_equal (conf->time_zone, "Asia/Karachi");
    assert_int_equal (conf->officers.count, 0);
}

static void without_a_file_the_defaults_hold (void **state)
{
    (void) state;
    struct conf conf;
    must_load (&conf, "certbus.conf");
    assert_defaults (&conf);
    write_text ("certbus.conf", "");
    must_load (&conf, "certbus.conf");
    assert_defaults (&conf);
}

static void every_setting_is_taken (void **state)
{
    (void) state;
    struct conf conf;
    must_load (&conf, example);
    assert_int_equal (conf.listen_count, 2);
    assert_string_equal (conf.listen[0], "tcp://*:7801");
    assert_string_equal (conf.listen[1], "tcp://[::1]:7802");
    assert_int_equal (conf.parent_count, 2);
    assert_string_equal (conf.parent[0], "tcp://192.0.2.10:7801");
    assert_string_equal (conf.parent[1], "tcp://certbus.example.org:7801");
    assert_string_equal (conf.schemas, "/usr/share/certbus/schemas");
    assert_string_equal (conf.log_level, "info");
    assert_int_equal (conf.reserve_mb, 512);
    assert_int_equal (conf.quarantine_messages, 2000);
    assert_int_equal (conf.quarantine_mb, 32);
    assert_int_equal (conf.quarantine_days, 90);
    assert_int_equal (conf.children_max, 200);
    assert_string_equal (conf.number, "NCERT-%Y-%03n");
    assert_string_equal (conf.tap, "ipc:///run/certbus/tap");
    assert_string_equal (conf.tap_tlp, "TLP:CLEAR");
    assert_string_equal (conf.time_zone, "Asia/Dubai");
    assert_int_equal (conf.officers.count, 2);
    assert_string_equal (conf.officers.at[1].name, "K. Khan");
    assert_string_equal (conf.officers.at[1].user, "kkhan");
    assert_true (conf_officer_may (&conf.officers.at[1], span_of ("ask")));
    assert_true (conf_officer_may (&conf.officers.at[1], span_of ("answer")));
    assert_false (conf_officer_may (&conf.officers.at[1], span_of ("close")));
    assert_false (conf_officer_may (&conf.officers.at[1], span_of ("as")));
    assert_false (conf_officer_may (&conf.officers.at[1], span_of ("")));
}

/* A line that sets `name`, with or without a # before it. */
static bool sets (const char *text, const char *name)
{
    size_t size = strlen (name);
    for (const char *line = text; line; line = strchr (line, '\n')) {
        line += *line == '\n';
        const char *at = line + (*line == '#');
        if (strncmp (at, name, size) == 0 && strncmp (at + size, " = ", 3) == 0)
            return true;
    }
    return false;
}

static void assert_has_every_setting (const char *path, bool about)
{
    char *text = text_of (path);
#define ROW(NAME, KIND, PRESET, MIN, MAX, ABOUT)                                                   \
    if (!sets (text, #NAME))                                                                       \
        fail_msg ("%s lacks %s", path, #NAME);                                                     \
    if (about && !strstr (text, ABOUT))                                                            \
        fail_msg ("%s does not explain %s", path, #NAME);
    CONF_SETTINGS (ROW)
#undef ROW
    free (text);
}

static void the_example_shows_every_setting (void **state)
{
    (void) state;
    assert_has_every_setting (example, false);
}

static void a_new_homes_file_explains_every_setting_and_sets_none_but_listen (void **state)
{
    (void) state;
    struct conf conf;
    assert_int_equal (conf_write ("a", NULL, why), 0);
    assert_has_every_setting ("a", true);
    must_load (&conf, "a");
    assert_defaults (&conf);
    assert_int_equal (conf_write ("b", "tcp://*:7801", why), 0);
    must_load (&conf, "b");
    assert_int_equal (conf.listen_count, 1);
    assert_string_equal (conf.listen[0], "tcp://*:7801");
    conf.listen_count = 0;
    assert_defaults (&conf);
    assert_int_equal (conf_write ("b", "", why), -1);
    assert_string_equal (why, "b: exists already; it is left as it is");
    assert_int_equal (conf_write ("c", "*:7801", why), -1);
    assert_string_equal (why, "listen: \"*:7801\" is no endpoint; expected tcp://HOST:PORT");
    assert_int_equal (access ("c", F_OK), -1);
}

static void what_a_new_homes_file_shows_is_what_holds (void **state)
{
    (void) state;
    struct conf conf;
    assert_int_equal (conf_write ("a", NULL, why), 0);
    char *text = text_of ("a");
    for (char *line = text; line && *line; line = strchr (line, '\n')) {
        line += *line == '\n';
        if (line[0] == '#' && line[1] != ' ')
            line[0] = ' ';
    }
    write_text ("b", text);
    free (text);
    must_load (&conf, "b");
    assert_defaults (&conf);
}

static void a_mistake_is_named_with_file_line_and_setting (void **state)
{
    (void) state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        { "\n\nlisten = \"tcp//\";",
          "f:3: listen: \"tcp//\" is no endpoint; expected tcp://HOST:PORT" },
        { "listen = [ \"tcp://*:1\",\n\"tcp://*\" ];",
          "f:2: listen[1]: \"tcp://*\" is no endpoint; expected tcp://HOST:PORT" },
        { "listen = [ \"tcp://*:1\",\"tcp://*:2\",\"tcp://*:3\",\"tcp://*:4\",\"tcp://*:5\","
          "\"tcp://*:6\",\"tcp://*:7\",\"tcp://*:8\",\"tcp://*:9\" ];",
          "f:1: listen: 9 endpoints; expected at most 8" },
        { "listen = 7801;", "f:1: listen: expected \"tcp://HOST:PORT\", or several" },
        { "listen = ( 1 );", "f:1: listen[0]: expected a text in quotes" },
        { "parent = \"tcp://*:7801\";", "f:1: parent: \"tcp://*:7801\" is no endpoint" },
        { "parent = \"tcp://192.0.2.1:*\";", "is no endpoint" },
        { "parent = \"ipc://x\";", "is no endpoint" },
        { "log_level = \"loud\";", "f:1: log_level: \"loud\" is no level; expected error, " },
        { "log_level = 3;", "f:1: log_level: expected a text in quotes" },
        { "\nreserve_mb = -1;", "f:2: reserve_mb: -1; expected 0 to 1000000" },
        { "reserve_mb = 1000001;", "f:1: reserve_mb: 1000001; expected 0 to 1000000" },
        { "reserve_mb = 5000000000;", "f:1" },
        { "reserve_mb = 5000000000L;", "f:1: reserve_mb: 5000000000; expected" },
        { "reserve_mb = 99999999999999999999L;", "f:1" },
        { "reserve_mb = 64.0;", "f:1: reserve_mb: expected a whole number" },
        { "reserve_mb = \"64\";", "f:1: reserve_mb: expected a whole number" },
        { "reserve_mb = true;", "f:1: reserve_mb: expected a whole number" },
        { "children_max = 0;", "f:1: children_max: 0; expected 1 to 100000" },
        { "tap = \"tcp://127.0.0.1:1\";", "f:1: tap: \"tcp://127.0.0.1:1\" is no endpoint; "
                                          "expected ipc://PATH" },
        { "tap_tlp = \"GREEN\";", "f:1: tap_tlp: \"GREEN\" is no label; expected TLP:CLEAR" },
        { "tap_tlp = \"\";", "f:1: tap_tlp: \"\" is no label" },
        { "time_zone = \"Asia/Karachy\";", "f:1: time_zone: \"Asia/Karachy\" is no time zone" },
        { "officers = 1;", "f:1: officers: expected a list ( { name = " },
        { "officers = ( { name = \"A\"; user = \"a\"; } );", "expected { name = \"S. Ahmed\"" },
        { "officers = ( { name = \"A\"; user = \"a\"; may = [ ]; } );",
          "f:1: officers[0].may: 0 words; expected 1 to 32" },
        { "officers = ( { name = \"A\"; user = \"a\"; may = [ \"Close it\" ]; } );",
          "f:1: officers[0].may[0]: expected a step (\"acknowledge\")" },
        { "officers = ( { name = \"A\"; user = \"a\"; may = [ \"*\" ]; },\n"
          "{ name = \"A\"; user = \"b\"; may = [ \"*\" ]; } );",
          "f:2: officers[1]: \"A\" stands there twice" },
        { "officers = ( { name = \"A\"; usr = \"a\"; may = [ \"*\" ]; } );",
          "f:1: officers[0].usr: no such setting; expected name, user, may" },
        { "lissten = \"tcp://*:1\";", "f:1: lissten: no such setting; did you mean listen?" },
        { "\nquarantine_message = 1;",
          "f:2: quarantine_message: no such setting; did you mean quarantine_messages?" },
        { "log = \"info\";", "f:1: log: no such setting; " },
        { "something_else_altogether = 1;",
          "no such setting; expected listen, parent, schemas, log_level, " },
        { "a_name_that_is_much_longer_than_any_that_there_is_and_then_some = 1;",
          "no such setting; expected listen" },
        { "broker = { listen = 1; };", "f:1: broker: no such setting" },
        { "reserve_mb = 1;\nreserve_mb = 2;", "f:2: duplicate setting name" },
        { "reserve_mb = ;", "f:1: syntax error" },
        { "@include \"x\"", "f:1" },
    };
    struct conf conf;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text ("f", cases[i].text);
        if (conf_load (&conf, "f", why) != -1)
            fail_msg ("taken: %s", cases[i].text);
        if (!strstr (why, cases[i].why))
            fail_msg ("%s: says %s", cases[i].text, why);
    }
}

/* --- Row by row ---------------------------------------------------------------------------- */

/* Loads `name = value;`: whether it is taken. What is in force then is in `out`. */
static bool loads (const char *name, const char *value, enum conf_setting which, char *out)
{
    char text[1024];
    struct conf conf;
    snprintf (text, sizeof text, "\n%s = %s;\n", name, value);
    write_text ("f", text);
    bool good = conf_load (&conf, "f", why) == 0;
    if (good && out)
        conf_value (&conf, which, out);
    if (!good && strncmp (why, "f:2", 3) != 0)
        fail_msg ("%s = %s: no line: %s", name, value, why);
    return good;
}

static void number_has_its_limits (enum conf_setting which, const struct conf_about *about)
{
    char value[64], now[CONF_VALUE];
    const int64_t good[] = { about->min, about->max }, bad[] = { about->min - 1, about->max + 1 };
    for (size_t i = 0; i < 2; i++) {
        snprintf (value, sizeof value, "%lld", (long long) good[i]);
        if (!loads (about->name, value, which, now))
            fail_msg ("%s: %s", about->name, why);
        assert_string_equal (now, value);
        snprintf (value, sizeof value, "%lld", (long long) bad[i]);
        if (loads (about->name, value, which, NULL))
            fail_msg ("%s = %s is taken", about->name, value);
        if (!strstr (why, "; expected "))
            fail_msg ("%s: does not say what is expected: %s", about->name, why);
    }
    assert_false (loads (about->name, "\"1\"", which, NULL));
}

static void a_slip_is_understood (const struct conf_about *about)
{
    char slip[64], meant[128];
    snprintf (slip, sizeof slip, "%sx", about->name);
    assert_false (loads (slip, "1", 0, NULL));
    snprintf (meant, sizeof meant, "did you mean %s?", about->name);
    if (!strstr (why, meant))
        fail_msg ("%s: %s", slip, why);
}

static void each_row_of_the_table_has_its_default_limits_and_words (void **state)
{
    (void) state;
    struct conf preset;
    conf_default (&preset);
    for (enum conf_setting which = 0; which < CONF_COUNT; which++) {
        struct conf_about about = conf_about (which);
        char now[CONF_VALUE], quoted[CONF_TEXT], from[CONF_FROM];
        conf_value (&preset, which, now);
        assert_string_equal (now, about.preset);
        conf_from (&preset, which, from);
        if (which != CONF_schemas)
            assert_string_equal (from, "default");
        assert_true (about.about[0] && about.kind[0]);
        snprintf (quoted, sizeof quoted, about.number ? "%s" : "\"%s\"", about.preset);
        if (!loads (about.name, quoted, which, now))
            fail_msg ("%s: its default is refused: %s", about.name, why);
        assert_string_equal (now, about.preset);
        if (about.number)
            number_has_its_limits (which, &about);
        else
            assert_false (loads (about.name, "1", which, NULL));
        assert_false (loads (about.name, "{ a = 1; }", which, NULL));
        a_slip_is_understood (&about);
    }
}

static void where_a_value_comes_from_is_known (void **state)
{
    (void) state;
    struct conf a, b;
    char from[CONF_FROM];
    write_text ("f", "reserve_mb = 5;\n\nlog_level = \"info\";\n");
    must_load (&a, "f");
    conf_from (&a, CONF_log_level, from);
    assert_string_equal (from, "certbus.conf:3");
    setenv ("CERTBUS_SCHEMAS", "/s", 1);
    conf_from (&a, CONF_schemas, from);
    unsetenv ("CERTBUS_SCHEMAS");
    assert_string_equal (from, "environment");
    conf_default (&b);
    assert_false (conf_same (&a, &b, CONF_reserve_mb));
    conf_copy (&b, &a, CONF_reserve_mb);
    assert_true (conf_same (&a, &b, CONF_reserve_mb));
    conf_from (&b, CONF_reserve_mb, from);
    assert_string_equal (from, "certbus.conf:1");
    conf_copy (&b, &a, CONF_listen);
    assert_true (conf_same (&a, &b, CONF_listen));
}

static void gather (const char *problem, void *arg)
{
    char *all = arg;
    size_t used = strlen (all);
    snprintf (all + used, 4096 - used, "%s\n", problem);
}

static void a_check_names_every_problem_and_not_only_the_first (void **state)
{
    (void) state;
    char all[4096] = "";
    write_text ("f", "reserve_mb = -1;\nlissten = 1;\nchildren_max = 5;\ntap = 3;\n");
    assert_int_equal (conf_check ("f", gather, all), 3);
    assert_non_null (strstr (all, "f:1: reserve_mb: -1; expected 0 to 1000000\n"));
    assert_non_null (strstr (all, "f:2: lissten: no such setting; did you mean listen?\n"));
    assert_non_null (strstr (all, "f:4: tap: "));
    all[0] = 0;
    write_text ("f", "reserve_mb = ;");
    assert_int_equal (conf_check ("f", gather, all), 1);
    assert_int_equal (conf_check ("nowhere", gather, all), 0);
    assert_int_equal (conf_check (example, gather, all), 0);
}

static void a_text_that_is_too_long_is_refused (void **state)
{
    (void) state;
    struct conf conf;
    char text[400], path[256];
    memset (path, 'x', sizeof path);
    path[255] = 0;
    snprintf (text, sizeof text, "schemas = \"%s\";", path);
    write_text ("f", text);
    must_load (&conf, "f");
    assert_string_equal (conf.schemas, path);
    snprintf (text, sizeof text, "schemas = \"%sx\";", path);
    write_text ("f", text);
    assert_int_equal (conf_load (&conf, "f", why), -1);
    assert_string_equal (why, "f:1: schemas: 256 bytes; expected at most 255");
    path[120] = 0;
    snprintf (text, sizeof text, "listen = \"tcp://%s:7801\";", path);
    write_text ("f", text);
    assert_int_equal (conf_load (&conf, "f", why), -1);
    assert_non_null (strstr (why, "is no endpoint"));
}

static void one_endpoint_needs_no_list (void **state)
{
    (void) state;
    struct conf conf;
    write_text ("f", "listen = \"tcp://*:7801\"; parent = \"\";");
    must_load (&conf, "f");
    assert_int_equal (conf.listen_count, 1);
    assert_string_equal (conf.listen[0], "tcp://*:7801");
    assert_int_equal (conf.parent_count, 0);
}

static void an_endpoint_has_one_form (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool plain, wild, ipc; /* good as such, where * may be, where ipc may be */
    } cases[] = {
        { "tcp://192.0.2.1:7801", true, true, true },
        { "tcp://[2001:db8::1]:7801", true, true, true },
        { "tcp://certbus.example.org:1", true, true, true },
        { "tcp://certbus_a-b:65535", true, true, true },
        { "tcp://*:7801", false, true, false },
        { "tcp://192.0.2.1:*", false, true, false },
        { "tcp://*:*", false, true, false },
        { "ipc://run/bus", false, false, true },
        { "ipc:///run/certbus/tap", false, false, true },
        { "ipc://", false, false, false },
        { "ipc://@abstract", false, false, false },
        { "ipc://*", false, false, false },
        { "", false, false, false },
        { "tcp://", false, false, false },
        { "tcp://:7801", false, false, false },
        { "tcp://host:", false, false, false },
        { "tcp://host", false, false, false },
        { "tcp://host:0", false, false, false },
        { "tcp://host:07801", false, false, false },
        { "tcp://host:65536", false, false, false },
        { "tcp://host:123456", false, false, false },
        { "tcp://host:-1", false, false, false },
        { "tcp://host:+1", false, false, false },
        { "tcp://host:1 ", false, false, false },
        { "tcp://ho st:1", false, false, false },
        { "tcp://ho/st:1", false, false, false },
        { "tcp://-host:1", false, false, false },
        { "tcp://eth0;host:1", false, false, false },
        { "tcp://[]:1", false, false, false },
        { "tcp://[::1:1", false, false, false },
        { "tcp://2001:db8::1:1", false, false, false },
        { "tcp://[::g]:1", false, false, false },
        { "TCP://host:1", false, false, false },
        { "udp://host:1", false, false, false },
        { "tcp:/host:1", false, false, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (conf_endpoint (cases[i].text, false, false) != cases[i].plain ||
            conf_endpoint (cases[i].text, true, false) != cases[i].wild ||
            conf_endpoint (cases[i].text, false, true) != cases[i].ipc)
            fail_msg ("%s", cases[i].text);
    char path[130] = "ipc://";
    memset (path + 6, 'x', 108);
    assert_false (conf_endpoint (path, false, true));
    path[6 + 107] = 0;
    assert_true (conf_endpoint (path, false, true));
}

#define CONF_TEST(f) cmocka_unit_test_setup_teardown (f, enter, leave)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CONF_TEST (without_a_file_the_defaults_hold),
        CONF_TEST (every_setting_is_taken),
        CONF_TEST (the_example_shows_every_setting),
        CONF_TEST (a_new_homes_file_explains_every_setting_and_sets_none_but_listen),
        CONF_TEST (what_a_new_homes_file_shows_is_what_holds),
        CONF_TEST (a_mistake_is_named_with_file_line_and_setting),
        CONF_TEST (each_row_of_the_table_has_its_default_limits_and_words),
        CONF_TEST (where_a_value_comes_from_is_known),
        CONF_TEST (a_check_names_every_problem_and_not_only_the_first),
        CONF_TEST (a_text_that_is_too_long_is_refused),
        CONF_TEST (one_endpoint_needs_no_list),
        CONF_TEST (an_endpoint_has_one_form),
    };
    if (!realpath ("config/broker.example.cfg", example))
        return 1; /* not run in the project's folder */
    return cmocka_run_group_tests (tests, NULL, NULL);
}
