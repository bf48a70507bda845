/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/editor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_MAX 1024

/* Whether one of the folders in $PATH has it. */
static bool installed (const char *name)
{
    const char *path = getenv ("PATH");
    char file[4096];
    while (path && *path) {
        int size = (int) strcspn (path, ":");
        int used = snprintf (file, sizeof file, "%.*s/%s", size, path, name);
        if (used > 0 && (size_t) used < sizeof file && access (file, X_OK) == 0)
            return true;
        path += size + (path[size] == ':');
    }
    return false;
}

static bool find_editor (char command[COMMAND_MAX], char *why, size_t why_size)
{
    static const char *const usual[] = { "editor", "nano", "vi" };
    const char *term = getenv ("TERM"), *visual = getenv ("VISUAL"), *editor = getenv ("EDITOR");
    bool dumb = !term || strcmp (term, "dumb") == 0;
    const char *chosen = visual && *visual && !dumb ? visual : editor && *editor ? editor : NULL;
    for (size_t i = 0; !chosen && i < sizeof usual / sizeof usual[0]; i++)
        if (installed (usual[i]))
            chosen = usual[i];
    if (chosen && strlen (chosen) < COMMAND_MAX) {
        snprintf (command, COMMAND_MAX, "%s", chosen);
        return true;
    }
    snprintf (why, why_size,
              "%s; name yours: export EDITOR=nano (or give the message as a file: certbus publish "
              "FILE)",
              chosen ? "$EDITOR is too long"
                     : "no editor: $VISUAL and $EDITOR are not set, and neither editor, nano nor "
                       "vi is installed");
    return false;
}

/* Whether it goes to a line that is named before the file as +N. */
static bool takes_line (const char *command)
{
    static const char *const known[] = {
        "vi",  "vim", "nvim",  "nano", "pico", "emacs",  "joe",
        "jed", "mg",  "micro", "ne",   "kak",  "mcedit", "editor"
    };
    size_t size = strcspn (command, " \t");
    const char *name = command;
    for (size_t i = 0; i < size; i++)
        if (command[i] == '/')
            name = command + i + 1;
    size -= (size_t) (name - command);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen (known[i]) == size && strncmp (known[i], name, size) == 0)
            return true;
    return false;
}

static _Noreturn void become (const char *command, const char *path, unsigned line)
{
    char shell[COMMAND_MAX + 8], at[16];
    /* As git does: the command may have options of its own. */
    snprintf (shell, sizeof shell, "%s \"$@\"", command);
    snprintf (at, sizeof at, "+%u", line);
    if (line && takes_line (command))
        execl ("/bin/sh", "sh", "-c", shell, command, at, path, (char *) NULL);
    else
        execl ("/bin/sh", "sh", "-c", shell, command, path, (char *) NULL);
    _exit (127);
}

static bool ended_well (const char *command, int status, char *why, size_t why_size)
{
    if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
        return true;
    if (WIFSIGNALED (status))
        snprintf (why, why_size, "the editor '%s' was ended by signal %d", command,
                  WTERMSIG (status));
    else if (WEXITSTATUS (status) == 127)
        snprintf (why, why_size, "the editor '%s' cannot be run; set $EDITOR to one that is there",
                  command);
    else
        snprintf (why, why_size, "the editor '%s' ended with exit code %d", command,
                  WEXITSTATUS (status));
    return false;
}

bool editor_run (const char *path, unsigned line, char *why, size_t why_size)
{
    char command[COMMAND_MAX];
    int status = 0;
    if (!find_editor (command, why, why_size))
        return false;
    fflush (stdout);
    /* ^C in the editor is the editor's. */
    struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
    sigaction (SIGINT, &ignore, &interrupt);
    sigaction (SIGQUIT, &ignore, &quit);
    pid_t child = fork ();
    if (child == 0) {
        sigaction (SIGINT, &interrupt, NULL);
        sigaction (SIGQUIT, &quit, NULL);
        become (command, path, line);
    }
    bool waited = child > 0;
    while (waited && waitpid (child, &status, 0) < 0)
        waited = errno == EINTR;
    sigaction (SIGINT, &interrupt, NULL);
    sigaction (SIGQUIT, &quit, NULL);
    if (!waited) {
        snprintf (why, why_size, "the editor '%s' cannot be started: %s", command,
                  strerror (errno));
        return false;
    }
    return ended_well (command, status, why, why_size);
}
