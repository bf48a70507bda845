/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* What one call writes to standard error, while that is a pipe. */
static char line[4096];

#define LOGGED(call)                                                                               \
    do {                                                                                           \
        int ends[2], old = dup (STDERR_FILENO);                                                    \
        assert_int_equal (pipe (ends), 0);                                                         \
        dup2 (ends[1], STDERR_FILENO);                                                             \
        call;                                                                                      \
        dup2 (old, STDERR_FILENO);                                                                 \
        close (old);                                                                               \
        close (ends[1]);                                                                           \
        ssize_t n = read (ends[0], line, sizeof line - 1);                                         \
        close (ends[0]);                                                                           \
        line[n > 0 ? n : 0] = 0;                                                                   \
    } while (0)

static void a_line_begins_with_its_level (void **state)
{
    (void) state;
    LOGGED (log_error ("disk %d", 7));
    assert_string_equal (line, "<3>disk 7\n");
    LOGGED (log_notice ("up"));
    assert_string_equal (line, "<5>up\n");
}

static void lines_above_the_level_are_not_written (void **state)
{
    (void) state;
    LOGGED (log_info ("chatter"));
    assert_string_equal (line, "");
    log_set_level (LOG_DEBUG);
    LOGGED (log_debug ("chatter"));
    assert_string_equal (line, "<7>chatter\n");
    log_set_level (LOG_NOTICE);
}

static void what_is_held_is_written_in_one_piece (void **state)
{
    (void) state;
    LOGGED (log_hold (); log_notice ("one"); log_notice ("two"));
    assert_string_equal (line, "");
    LOGGED (log_flush ());
    assert_string_equal (line, "<5>one\n<5>two\n");
    LOGGED (log_notice ("three"));
    assert_string_equal (line, "<5>three\n");
}

static void what_is_held_is_written_when_it_is_much (void **state)
{
    (void) state;
    char text[101];
    memset (text, 'x', 100);
    text[100] = 0;
    /* 39 lines of 104 bytes go into 4096. */
    LOGGED (log_hold (); for (int i = 0; i < 40; i++) log_notice ("%s", text));
    assert_int_equal (strlen (line), 39 * 104);
    LOGGED (log_flush ());
    assert_int_equal (strlen (line), 104);
}

static void levels_have_names (void **state)
{
    (void) state;
    assert_int_equal (log_level_number ("error"), LOG_ERROR);
    assert_int_equal (log_level_number ("warning"), LOG_WARNING);
    assert_int_equal (log_level_number ("notice"), LOG_NOTICE);
    assert_int_equal (log_level_number ("info"), LOG_INFO);
    assert_int_equal (log_level_number ("debug"), LOG_DEBUG);
    assert_int_equal (log_level_number ("Debug"), -1);
    assert_int_equal (log_level_number (""), -1);
}

static void nothing_that_moves_a_terminal_or_makes_a_line_gets_through (void **state)
{
    (void) state;
    static const struct {
        const char *text, *written;
    } cases[] = {
        { "a\nb\tc\rd\x7f", "<5>a?b?c?d?\n" },
        { "\033[2J", "<5>?[2J\n" },
        { "\xc2\x9b"
          "2J",
          "<5>??2J\n" },
        { "caf\xc3\xa9 \xd8\xb3\xd9\x84 \xe2\x82\xac \xf0\x9f\x94\xa5",
          "<5>caf\xc3\xa9 \xd8\xb3\xd9\x84 \xe2\x82\xac \xf0\x9f\x94\xa5\n" },
        { "\xff\xfe", "<5>??\n" },
        { "\xc0\xaf", "<5>??\n" },
        { "\xe0\x80\xaf", "<5>???\n" },
        { "\xed\xa0\x80", "<5>???\n" },
        { "\xf4\x90\x80\x80", "<5>????\n" },
        { "\xf0\x8f\xbf\xbf", "<5>????\n" },
        { "\xf5\x80\x80\x80", "<5>????\n" },
        { "cut \xe2\x82", "<5>cut ??\n" },
        { "pk.\xe2\x80\xaesm\xe2\x81\xa6", "<5>pk.???sm???\n" },
        { "\xe2\x80\xa8\xe2\x80\xa7", "<5>???\xe2\x80\xa7\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        LOGGED (log_notice ("%s", cases[i].text));
        assert_string_equal (line, cases[i].written);
    }
}

static void a_long_line_is_cut_and_still_ends (void **state)
{
    (void) state;
    char text[3000];
    memset (text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    LOGGED (log_notice ("%s", text));
    assert_in_range (strlen (line), 500, 1100);
    assert_int_equal (line[strlen (line) - 1], '\n');
}

static void errno_survives_a_line (void **state)
{
    (void) state;
    int after = 0;
    LOGGED (errno = ENOSPC; log_error ("%s", "full"); after = errno);
    assert_int_equal (after, ENOSPC);
    int old = dup (STDERR_FILENO);
    close (STDERR_FILENO);
    errno = ENOSPC;
    log_error ("to nobody");
    after = errno;
    dup2 (old, STDERR_FILENO);
    close (old);
    assert_int_equal (after, ENOSPC);
}

static void a_supervisor_is_told_over_its_socket (void **state)
{
    (void) state;
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int n = snprintf (at.sun_path + 1, sizeof at.sun_path - 1, "certbus-test-%d", (int) getpid ());
    int fd = socket (AF_UNIX, SOCK_DGRAM, 0);
    socklen_t size = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + 1 + (size_t) n);
    assert_int_equal (bind (fd, (const struct sockaddr *) &at, size), 0);
    char name[64], said[64] = "";
    snprintf (name, sizeof name, "@certbus-test-%d", (int) getpid ());
    setenv ("NOTIFY_SOCKET", name, 1);
    notify_send ("READY=1");
    assert_int_equal (recv (fd, said, sizeof said - 1, MSG_DONTWAIT), 7);
    assert_string_equal (said, "READY=1");
    unsetenv ("NOTIFY_SOCKET");
    notify_send ("STOPPING=1");
    assert_int_equal (recv (fd, said, sizeof said - 1, MSG_DONTWAIT), -1);
    close (fd);
}

static void the_watchdog_is_fed_at_half_its_interval (void **state)
{
    (void) state;
    char pid[32];
    unsetenv ("WATCHDOG_PID");
    unsetenv ("WATCHDOG_USEC");
    assert_int_equal (notify_watchdog (), 0);
    setenv ("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal (notify_watchdog (), 15000);
    snprintf (pid, sizeof pid, "%d", (int) getpid ());
    setenv ("WATCHDOG_PID", pid, 1);
    assert_int_equal (notify_watchdog (), 15000);
    setenv ("WATCHDOG_PID", "1", 1);
    assert_int_equal (notify_watchdog (), 0); /* meant for another process */
    unsetenv ("WATCHDOG_PID");
    static const char *const wrong[] = { "", "0", "-5", "soon", "99999999999999999999", "10x" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        setenv ("WATCHDOG_USEC", wrong[i], 1);
        assert_int_equal (notify_watchdog (), 0);
    }
    setenv ("WATCHDOG_USEC", "9000000000000000", 1);
    assert_int_equal (notify_watchdog (), INT_MAX);
    unsetenv ("WATCHDOG_USEC");
}

static void the_clocks_count_milliseconds (void **state)
{
    (void) state;
    assert_true (clock_utc () > INT64_C (1577836800000)); /* 2020 */
    assert_true (clock_utc () < INT64_C (253402300800000));
    int64_t before = clock_steady ();
    poll (NULL, 0, 20);
    assert_in_range (clock_steady () - before, 19, 10000);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_line_begins_with_its_level),
        cmocka_unit_test (lines_above_the_level_are_not_written),
        cmocka_unit_test (what_is_held_is_written_in_one_piece),
        cmocka_unit_test (what_is_held_is_written_when_it_is_much),
        cmocka_unit_test (levels_have_names),
        cmocka_unit_test (nothing_that_moves_a_terminal_or_makes_a_line_gets_through),
        cmocka_unit_test (a_long_line_is_cut_and_still_ends),
        cmocka_unit_test (errno_survives_a_line),
        cmocka_unit_test (a_supervisor_is_told_over_its_socket),
        cmocka_unit_test (the_watchdog_is_fed_at_half_its_interval),
        cmocka_unit_test (the_clocks_count_milliseconds),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
