/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/home.h"

#include "bus/edge/schemafile.h"
#include "tests/unit/support_wire.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define OTHER 60001

static char why[512];

static int enter (void **state)
{
    (void) state;
    *why = 0;
    unsetenv ("CERTBUS_HOME");
    scratch_enter ();
    return 0;
}

static int leave (void **state)
{
    (void) state;
    unsetenv ("CERTBUS_HOME");
    scratch_leave ();
    return 0;
}

static void write_text (const char *path)
{
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fclose (file);
}

static struct stat stat_of (const char *path)
{
    struct stat st;
    assert_int_equal (lstat (path, &st), 0);
    return st;
}

static void the_home_is_what_is_told_then_the_environment_then_here_then_the_systems (void **state)
{
    (void) state;
    assert_string_equal (home_choose (NULL), HOME_SYSTEM);
    /* A folder of that name makes no home. */
    assert_int_equal (mkdir ("keys", 0700), 0);
    assert_string_equal (home_choose (NULL), HOME_SYSTEM);
    assert_int_equal (rmdir ("keys"), 0);
    write_text ("keys");
    assert_string_equal (home_choose (NULL), ".");
    setenv ("CERTBUS_HOME", "", 1);
    assert_string_equal (home_choose (NULL), ".");
    setenv ("CERTBUS_HOME", "/srv/pk", 1);
    assert_string_equal (home_choose (NULL), "/srv/pk");
    assert_string_equal (home_choose ("pk"), "pk");
}

static void people_are_told_how_a_broker_is_started_there (void **state)
{
    (void) state;
    assert_string_equal (home_start (HOME_SYSTEM).text, "systemctl start certbusd");
    assert_string_equal (home_start (HOME_SYSTEM "-dmz").text, "systemctl start certbusd@dmz");
    assert_string_equal (home_start (HOME_SYSTEM "/x").text, "certbusd -C /var/lib/certbus/x");
    assert_string_equal (home_start ("pk").text, "certbusd -C pk");
}

static void a_door_passes_its_group_on_and_what_is_there_stays (void **state)
{
    (void) state;
    assert_int_equal (home_folder ("pk", "", false, why, sizeof why), 0);
    assert_int_equal (home_folder ("pk", "run", false, why, sizeof why), 0);
    assert_int_equal (home_folder ("pk", "run/read", true, why, sizeof why), 0);
    assert_int_equal (stat_of ("pk").st_mode & 07777, 0711);
    assert_int_equal (stat_of ("pk/run/read").st_mode & 07777, 02750);
    assert_int_equal (chmod ("pk/run/read", 0700), 0);
    assert_int_equal (home_folder ("pk", "run/read", true, why, sizeof why), 0);
    assert_int_equal (stat_of ("pk/run/read").st_mode & 07777, 0700);
    /* As before systemd-tmpfiles has made the folder that run is a link to. */
    assert_int_equal (mkdir ("fresh", 0711), 0);
    assert_int_equal (symlink ("nowhere", "fresh/run"), 0);
    assert_int_equal (home_folder ("fresh", "run", false, why, sizeof why), 0);
    assert_int_equal (home_folder ("fresh", "run/read", true, why, sizeof why), -1);
    assert_non_null (strstr (why, "fresh/run/read: "));
    assert_non_null (strstr (why, "systemd-tmpfiles --create"));
}

static void the_settings_are_where_a_link_points (void **state)
{
    (void) state;
    char path[HOME_TEXT];
    assert_int_equal (mkdir ("pk", 0711), 0);
    home_conf ("pk", path);
    assert_string_equal (path, "pk/certbus.conf");
    assert_int_equal (symlink ("/etc/certbus/certbus.conf", "pk/certbus.conf"), 0);
    home_conf ("pk", path);
    assert_string_equal (path, "/etc/certbus/certbus.conf");
    assert_int_equal (unlink ("pk/certbus.conf"), 0);
    assert_int_equal (symlink ("../settings", "pk/certbus.conf"), 0);
    home_conf ("pk", path);
    assert_string_equal (path, "pk/../settings");
}

static void what_root_makes_is_given_to_the_owner_of_the_home_and_nothing_else_is (void **state)
{
    (void) state;
    if (geteuid () != 0)
        skip ();
    assert_int_equal (mkdir ("pk", 0711), 0);
    write_text ("pk/keys");
    assert_int_equal (home_give ("pk", "keys", why, sizeof why), 0);
    assert_int_equal (stat_of ("pk/keys").st_uid, 0); /* the home is root's own */

    assert_int_equal (chown ("pk", OTHER, OTHER), 0);
    assert_int_equal (home_give ("pk", "keys", why, sizeof why), 0);
    assert_int_equal (stat_of ("pk/keys").st_uid, OTHER);
    assert_int_equal (stat_of ("pk/keys").st_gid, OTHER);

    /* What the owner of the folder has put in the place of it is left alone. */
    write_text ("secret");
    assert_int_equal (symlink ("../secret", "pk/bundle"), 0);
    assert_int_equal (home_give ("pk", "bundle", why, sizeof why), 0);
    assert_int_equal (link ("secret", "pk/hard"), 0);
    assert_int_equal (home_give ("pk", "hard", why, sizeof why), 0);
    assert_int_equal (stat_of ("secret").st_uid, 0);

    /* Nor what lies behind a link on the way. */
    assert_int_equal (mkdir ("other", 0700), 0);
    assert_int_equal (mkdir ("other/read", 0700), 0);
    assert_int_equal (symlink ("../other", "pk/run"), 0);
    assert_int_equal (home_give ("pk", "run/read", why, sizeof why), 0);
    assert_int_equal (stat_of ("other/read").st_uid, 0);
    assert_int_equal (unlink ("pk/run"), 0);
    assert_int_equal (rename ("other", "pk/run"), 0);
    assert_int_equal (home_give ("pk", "run/read", why, sizeof why), 0);
    assert_int_equal (stat_of ("pk/run/read").st_uid, OTHER);
}

static void root_writes_in_the_home_of_another_and_does_not_serve_it (void **state)
{
    (void) state;
    if (geteuid () != 0)
        skip ();
    assert_true (home_may_write ("nowhere", why, sizeof why));
    assert_true (home_may_serve ("nowhere", why, sizeof why));
    assert_int_equal (mkdir ("pk", 0711), 0);
    assert_true (home_may_serve ("pk", why, sizeof why));
    assert_int_equal (chown ("pk", OTHER, OTHER), 0);
    assert_true (home_may_write ("pk", why, sizeof why));
    assert_false (home_may_serve ("pk", why, sizeof why));
    assert_non_null (strstr (why, "pk belongs to #60001"));
    assert_non_null (strstr (why, "not as root"));
}

static void schemas_come_from_the_setting_then_the_environment_then_beside_the_program (
    void **state)
{
    (void) state;
    unsetenv ("CERTBUS_SCHEMAS");
    struct schemas *all = schemas_open ("", why, sizeof why);
    if (!all)
        fail_msg ("%s", why);
    schemas_free (&all);
    setenv ("CERTBUS_SCHEMAS", "schemas", 1);
    assert_null (schemas_open ("", why, sizeof why));
    assert_string_equal (why, "CERTBUS_SCHEMAS: schemas is no absolute path");
    setenv ("CERTBUS_SCHEMAS", "/nowhere", 1);
    assert_null (schemas_open ("", why, sizeof why));
    assert_non_null (strstr (why, "/nowhere: cannot be read"));
    assert_null (schemas_open ("told", why, sizeof why));
    assert_non_null (strstr (why, "told: cannot be read"));
    unsetenv ("CERTBUS_SCHEMAS");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (
            the_home_is_what_is_told_then_the_environment_then_here_then_the_systems, enter, leave),
        cmocka_unit_test (people_are_told_how_a_broker_is_started_there),
        cmocka_unit_test_setup_teardown (a_door_passes_its_group_on_and_what_is_there_stays, enter,
                                         leave),
        cmocka_unit_test_setup_teardown (the_settings_are_where_a_link_points, enter, leave),
        cmocka_unit_test_setup_teardown (
            what_root_makes_is_given_to_the_owner_of_the_home_and_nothing_else_is, enter, leave),
        cmocka_unit_test_setup_teardown (root_writes_in_the_home_of_another_and_does_not_serve_it,
                                         enter, leave),
        cmocka_unit_test_setup_teardown (
            schemas_come_from_the_setting_then_the_environment_then_beside_the_program, enter,
            leave),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
