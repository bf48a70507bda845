/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nodes/certbus/command.h"
#include "tests/unit/support_certbus.h"

static int fresh (void **state)
{
    (void) state;
    broker_reset ();
    return 0;
}

static void offers (const struct ran *ran, const char *all)
{
    assert_int_equal (ran->code, EXIT_DONE);
    assert_string_equal (ran->out, all);
    assert_string_equal (ran->err, "");
}

/* A tree with one party, whose sector would steer a terminal. */
static void tree_of (const char *party, const char *sector)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 2);
    pack_put_text (&out, "ok");
    pack_put_bool (&out, true);
    pack_put_text (&out, "parties");
    pack_put_array (&out, 1);
    pack_put_map (&out, 3);
    pack_put_text (&out, "name");
    pack_put_text (&out, party);
    pack_put_text (&out, "role");
    pack_put_text (&out, "provincial");
    pack_put_text (&out, "sectors");
    pack_put_array (&out, 1);
    pack_put_text (&out, sector);
    broker_answers ("tree", pack_result (&out));
    pack_free (&out);
}

static void a_command_is_known_by_its_beginning_and_a_group_by_its_first_word (void **state)
{
    (void) state;
    offers (certbus ("complete", "--", "pub", NULL), "publish\n");
    offers (certbus ("complete", "--", "root", "cr", NULL), "create\n");
    offers (certbus ("complete", "--", "--json", "-C", "x", "ver", NULL), "verify\n");
    offers (certbus ("complete", "--", "nonsense", "x", NULL), "");
}

static void an_option_takes_what_its_placeholder_says (void **state)
{
    (void) state;
    offers (certbus ("complete", "--", "publish", "--tlp", "AMBER", NULL), "AMBER\nAMBER+STRICT\n");
    offers (certbus ("complete", "--", "publish", "--tlp=r", NULL), "RED\n");
    offers (certbus ("complete", "--", "publish", "--tlp", "TLP:R", NULL), "TLP:RED\n");
    offers (certbus ("complete", "--", "publish", "--dry", NULL), "--dry-run\n");
    offers (certbus ("complete", "--", "publish", "--csaf", "", NULL), ":files \n");
    offers (certbus ("complete", "--", "publish", "--dry-run", "", NULL), ":files .json\n");
    /* After -- nothing is an option. */
    offers (certbus ("complete", "--", "publish", "--", "--dry", NULL), ":files .json\n");
}

static void operands_are_counted (void **state)
{
    (void) state;
    offers (certbus ("complete", "--", "root", "enrol", "", NULL), ":files /\n");
    offers (certbus ("complete", "--", "root", "enrol", "--days", "3", "root", "", NULL),
            ":files .request\n");
    offers (certbus ("complete", "--", "root", "enrol", "root", "x.request", "", NULL), "");
}

static void parties_come_from_the_broker_and_steer_no_terminal (void **state)
{
    (void) state;
    offers (certbus ("complete", "--", "freeze", "", NULL), "");
    tree_of ("pk.sindh", "energy\x1b[2J");
    offers (certbus ("complete", "--", "freeze", "pk", NULL), "pk.sindh\n");
    offers (certbus ("complete", "--", "publish", "--to", "", NULL), "pk.sindh\npk.sindh.**\n");
    offers (certbus ("complete", "--", "enrol", "--role", "p", NULL), "provincial\n");
}

static void nothing_is_offered_that_a_shell_would_run (void **state)
{
    static const char *const bad[] = { "a$(id)",    "a`id`",  "a;id",  "a|id", "a&id", "a>id",
                                       "a'id",      "a\"id",  "a\\id", "a id", "a~",   "a!id",
                                       "a\n:files", "a{b,c}", "a[b]",  "a?",   "a#",   "a\u06f1" };
    (void) state;
    tree_of ("pk.sindh", "energy-2");
    offers (certbus ("complete", "--", "publish", "--to", "@", NULL), "@energy-2\n");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        broker_reset ();
        tree_of ("pk.sindh", bad[i]);
        offers (certbus ("complete", "--", "publish", "--to", "@", NULL), "");
    }
}

static void a_broker_that_refuses_is_not_complained_about (void **state)
{
    (void) state;
    broker_refuses ("tree", "usage", "no");
    offers (certbus ("complete", "--", "freeze", "", NULL), "");
}

static void programs_get_json (void **state)
{
    (void) state;
    const struct ran *ran = certbus ("--json", "complete", "--", "join", "", NULL);
    assert_int_equal (ran->code, EXIT_DONE);
    assert_non_null (strstr (ran->out, "\"words\": []"));
    assert_non_null (strstr (ran->out, "\"files\": \".credential\""));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (a_command_is_known_by_its_beginning_and_a_group_by_its_first_word,
                                fresh),
        cmocka_unit_test_setup (an_option_takes_what_its_placeholder_says, fresh),
        cmocka_unit_test_setup (operands_are_counted, fresh),
        cmocka_unit_test_setup (parties_come_from_the_broker_and_steer_no_terminal, fresh),
        cmocka_unit_test_setup (nothing_is_offered_that_a_shell_would_run, fresh),
        cmocka_unit_test_setup (a_broker_that_refuses_is_not_complained_about, fresh),
        cmocka_unit_test_setup (programs_get_json, fresh),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
