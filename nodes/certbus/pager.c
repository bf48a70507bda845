/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/screen.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nodes/certbus/out.h"

static struct {
    pid_t pid; /* 0: none */
    bool left;
} pager;

/* Whether the first word of a command line can be run. What the shell would have to look at is
 * left to the shell. */
static bool is_there (const char *command)
{
    char word[NAME_MAX + 1], path[PATH_MAX];
    size_t size = strcspn (command, " \t");
    if (size == 0 || size >= sizeof word || strcspn (command, "/$'\"\\;|&<>()`=~") < size)
        return size > 0;
    memcpy (word, command, size);
    word[size] = 0;
    for (const char *at = getenv ("PATH"); at && *at;) {
        size_t length = strcspn (at, ":");
        int used = snprintf (path, sizeof path, "%.*s/%s", (int) length, at, word);
        if (used > 0 && (size_t) used < sizeof path && access (path, X_OK) == 0)
            return true;
        at += length + (at[length] == ':');
    }
    return false;
}

/* Whether somebody was lent another user's rights for this one command. */
static bool lent (void)
{
    static const char *const marks[] = { "SUDO_UID", "DOAS_USER", "PKEXEC_UID" };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (getenv (marks[i]))
            return true;
    return getuid () != geteuid () || getgid () != getegid ();
}

/* NULL: none. */
static const char *wanted (void)
{
    const char *command = lent () ? NULL : getenv ("CERTBUS_PAGER");
    if (!command && !lent ())
        command = getenv ("PAGER");
    if (!command)
        return is_there ("less") ? "less" : NULL;
    if (!*command || strcmp (command, "cat") == 0)
        return NULL;
    if (is_there (command))
        return command;
    complain ("warning: the pager '%s' is not there; everything is printed at once",
              line_text (command).text);
    return NULL;
}

static void run_pager (const char *command, int from)
{
    struct sigaction usual = { .sa_handler = SIG_DFL };
    sigaction (SIGINT, &usual, NULL);
    sigaction (SIGPIPE, &usual, NULL);
    dup2 (from, STDIN_FILENO);
    close (from);
    setenv ("LESS", "FRX", 0);
    setenv ("LV", "-c", 0);
    /* A pager that starts commands would start them with those rights, too. */
    if (lent ())
        setenv ("LESSSECURE", "1", 1);
    execl ("/bin/sh", "sh", "-c", command, (char *) NULL);
    _exit (127);
}

void pager_start (void)
{
    int ends[2];
    struct sigaction ignored = { .sa_handler = SIG_IGN };
    const char *command = screen_width () && !pager.pid ? wanted () : NULL;
    if (!command || pipe (ends) != 0)
        return;
    fflush (stdout);
    pid_t pid = fork ();
    if (pid == 0) {
        close (ends[1]);
        run_pager (command, ends[0]);
    }
    close (ends[0]);
    if (pid > 0) {
        pager.pid = pid;
        dup2 (ends[1], STDOUT_FILENO);
        /* Ctrl-C is for the pager, and one that is left early is no reason to die. */
        sigaction (SIGINT, &ignored, NULL);
        sigaction (SIGPIPE, &ignored, NULL);
    }
    close (ends[1]);
}

bool pager_left (void)
{
    if (pager.pid && !pager.left)
        pager.left = fflush (stdout) != 0 || ferror (stdout);
    return pager.left;
}

bool pager_end (void)
{
    if (!pager.pid)
        return false;
    bool left = pager_left ();
    fclose (stdout);
    while (waitpid (pager.pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    pager.pid = 0;
    return left;
}
