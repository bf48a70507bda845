/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certbusd - a party's broker. Reads top to bottom: options, signals, the station, serve.
 */
#include "broker/audit.h"
#include "broker/station.h"
#include "bus/core/when.h"
#include "bus/edge/home.h"
#include "bus/edge/log.h"

#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void usage (FILE *out)
{
    fputs ("usage: certbusd [-C HOME] [--check[=full]]\n"
           "\n"
           "Runs the broker of the party whose home is HOME (default: $CERTBUS_HOME, else the\n"
           "current folder if it is a home, else " HOME_SYSTEM "), in the foreground,\n"
           "logging to standard error.\n"
           "\n"
           "  -C, --home HOME  the home that `certbus init` made and `certbus join` completed\n"
           "      --check      check configuration, keys, credential and the journal's format, and "
           "exit\n"
           "      --check=full the same, and read the whole journal: is each message what was "
           "stored,\n"
           "                   and none missing? No broker may run meanwhile\n"
           "      --version    print the version\n"
           "      --help       print this\n"
           "\n"
           "SIGHUP reads certbus.conf again, as one step or not at all. SIGTERM finishes what\n"
           "is under way and leaves. Exit status: 0 done, 1 cannot start, 2 usage.\n",
           out);
}

static void block_signals (void)
{
    sigset_t signals;
    sigemptyset (&signals);
    sigaddset (&signals, SIGTERM);
    sigaddset (&signals, SIGINT);
    sigaddset (&signals, SIGHUP);
    /* Before any thread exists, so that only the loop's descriptor hears them. */
    sigprocmask (SIG_BLOCK, &signals, NULL);
    signal (SIGPIPE, SIG_IGN);
}

/* Each connection takes a descriptor, also of strangers, for as long as a handshake may take. */
#define FILES_MAX 65536

static void set_limits (void)
{
    struct rlimit files;
    if (getrlimit (RLIMIT_NOFILE, &files) == 0) {
        rlim_t most = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
        files.rlim_cur = files.rlim_cur < most ? most : files.rlim_cur;
        setrlimit (RLIMIT_NOFILE, &files);
    }
    /* Keys do not end up in core files. 1, because 0 does not hold where cores are piped to a
     * program: see core(5). */
    struct rlimit core = { 1, 1 };
    setrlimit (RLIMIT_CORE, &core);
}

static void say_problem (const char *why, void *arg)
{
    (void) arg;
    log_error ("%s", why);
}

/* Every problem of the configuration, so that one look at the file mends them all. */
static bool check_conf (const char *home)
{
    char path[PATH_MAX];
    snprintf (path, sizeof path, "%s/certbus.conf", home);
    return conf_check (path, say_problem, NULL) == 0;
}

/* The whole of it; the home is the current folder by now. */
static bool check_journal (const char *home)
{
    struct audit found;
    char why[1024], when[WHEN_TEXT], code[CODE_TEXT], blank[64] = "";
    fflush (stdout);
    if (access ("journal.db", F_OK) != 0) {
        printf ("%s: no journal yet\n", home);
        return true;
    }
    if (!audit ("journal.db", &found, why, sizeof why)) {
        log_error ("%s/%s", home, why);
        return false;
    }
    when_text (found.taken, when);
    hash_code (&found.chain, code);
    if (found.blank > 0)
        snprintf (blank, sizeof blank, "; of %lld only the hash is kept", (long long) found.blank);
    printf ("%s: the journal is whole: %lld messages, the last taken %s, chain %s%s\n", home,
            (long long) found.count, found.count > 0 ? when : "never", code, blank);
    return true;
}

int main (int argc, char **argv)
{
    static const struct option options[] = { { "home", required_argument, NULL, 'C' },
                                             { "check", optional_argument, NULL, 'c' },
                                             { "version", no_argument, NULL, 'V' },
                                             { "help", no_argument, NULL, 'h' },
                                             { NULL, 0, NULL, 0 } };
    const char *home = NULL;
    bool check = false, full = false;
    int option;
    while ((option = getopt_long (argc, argv, "C:h", options, NULL)) != -1) {
        switch (option) {
        case 'C': home = optarg; break;
        case 'c':
            check = true;
            full = optarg != NULL;
            if (!full || strcmp (optarg, "full") == 0)
                break;
            fprintf (stderr, "certbusd: --check=%s: there is only --check=full\n", optarg);
            return 2;
        case 'V': puts ("certbusd " CERTBUS_VERSION); return 0;
        case 'h': usage (stdout); return 0;
        default: usage (stderr); return 2;
        }
    }
    if (optind < argc) {
        fprintf (stderr, "certbusd: unexpected \"%s\"\n", argv[optind]);
        usage (stderr);
        return 2;
    }
    home = home_choose (home);
    if (check)
        log_plain (); /* to a person, or a program that asks */

    if (sodium_init () < 0) {
        log_error ("libsodium cannot be initialised");
        return 1;
    }
    block_signals ();
    set_limits ();
    /* Frames and jobs of up to a few hundred KiB come and go all the time: kept, they
     * do not cost the kernel's zeroing of fresh pages each time. */
    mallopt (M_MMAP_THRESHOLD, 4 * 1024 * 1024);
    mallopt (M_TRIM_THRESHOLD, 32 * 1024 * 1024);
    mallopt (M_TOP_PAD, 1024 * 1024);
    zsys_init ();
    zsys_handler_set (NULL); /* czmq's own would swallow ours */
    zsys_set_max_sockets (0);
    zsys_set_io_threads (2); /* names are resolved in one: children are served by the other */

    if (check && !check_conf (home))
        return 1;
    char why[1024];
    struct station *station = station_open (home, check, why, sizeof why);
    if (station == NULL) {
        log_error ("%s", why);
        return 1;
    }
    bool good = true;
    if (check)
        printf ("%s: ok: %.*s, %s\n", home, SPAN_ARG (station_name (station)),
                station->conf.listen_count > 0 ? "serves children" : "no open port");
    else
        station_run (station);
    if (full)
        good = check_journal (home);
    station_close (&station);
    zsys_shutdown ();
    return good ? 0 : 1;
}
