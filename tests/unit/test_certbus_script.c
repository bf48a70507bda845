/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts of exercises: those that come with certbus, and slips of the pen, by their line. */
#include "nodes/certbus/exercise/script.h"

#include "bus/edge/schemafile.h"
#include "tests/unit/support_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW INT64_C (1800000000000)

static struct schemas *schemas;

static int setup (void **state)
{
    (void) state;
    schemas = schemas_ours ();
    return schemas == NULL;
}

static int teardown (void **state)
{
    (void) state;
    schemas_free (&schemas);
    return 0;
}

static bool reads (const char *path, struct script *script, char why[WHY_MAX])
{
    struct script_ask ask = { .path = path, .party = "pk", .now = NOW, .schemas = schemas };
    return script_read (script, &ask, why, WHY_MAX);
}

static void those_that_come_with_it_are_good (void **state)
{
    static const char *const paths[] = { "config/exercises/port-account.cfg",
                                         "config/exercises/ministry-mail.cfg",
                                         "config/exercises/servers-deleted.cfg" };
    (void) state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct script script;
        char why[WHY_MAX] = "";
        bool good = reads (paths[i], &script, why);
        assert_string_equal (why, "");
        assert_true (good && script.injects >= 3 && script.expected >= 4);
        assert_non_null (strstr (script.title, "(illustrative)"));
        assert_int_equal (script.from, NOW);
        script_free (&script);
    }
}

/* Line 1 to 4 are good; `rest` begins on line 5. */
static void expect_slip (const char *rest, const char *says)
{
    struct script script;
    char path[] = "script-XXXXXX", why[WHY_MAX] = "", expected[WHY_MAX];
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    dprintf (fd, "title = \"T\";\ntext = \"X\";\nto = \"pk.sindh.**\";\nlength = \"1 h\";\n%s",
             rest);
    close (fd);
    assert_false (reads (path, &script, why));
    script_free (&script);
    unlink (path);
    snprintf (expected, sizeof expected, "%s:%s", path, says);
    if (strncmp (why, expected, strlen (expected)) != 0)
        fail_msg ("said: %s\nexpected: %s", why, expected);
}

#define INJECT "injects = (\n{ id = \"a\"; at = \"0 s\"; to = \"pk.sindh\"; text = \"X\"; }"
static void a_slip_is_said_with_its_line (void **state)
{
    (void) state;
    expect_slip ("legnth = \"1 h\";", "5: legnth: no such setting");
    expect_slip ("tlp = \"RED\";", "5: tlp: ");
    expect_slip ("from = \"2001-01-01 10:00 +00:00\";", "5: from: this period is past");
    expect_slip (INJECT ",\n{ id = \"a\"; } );", "7: injects[1].id: \"a\" is there twice");
    expect_slip (INJECT ",\n{ id = \"B\"; } );", "7: injects[1].id: \"B\": expected small letters");
    expect_slip (INJECT ",\n{ id = \"b\"; at = \"2 h\"; to = \"pk.sindh\"; text = \"X\"; } );",
                 "7: injects[1].at: after the end");
    expect_slip (INJECT ",\n{ id = \"b\"; at = \"1 s\"; to = \"pk.punjab\"; text = \"X\"; } );",
                 "7: injects[1].to: pk.punjab is not among those");
    expect_slip (INJECT ",\n{ id = \"b\"; at = \"1 s\"; to = \"pk.sindh\"; kind = \"alarm\"; } );",
                 "7: injects[1].kind: \"alarm\" is none");
    expect_slip (INJECT
                 " );\nexpected = (\n{ id = \"e\"; inject = \"z\"; who = \"pk.sindh\"; clock = "
                 "\"report\"; limit = \"1 h\"; } );",
                 "8: expected[0].inject: \"z\": there is no such inject");
    expect_slip (INJECT
                 " );\nexpected = (\n{ id = \"e\"; who = \"pk.sindh\"; clock = \"repot\"; limit = "
                 "\"1 h\"; } );",
                 "8: expected[0].clock: \"repot\" is nothing that is expected");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (those_that_come_with_it_are_good),
        cmocka_unit_test (a_slip_is_said_with_its_line),
    };
    return cmocka_run_group_tests (tests, setup, teardown);
}
