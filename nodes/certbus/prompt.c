/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/prompt.h"

#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "nodes/certbus/out.h"

bool prompt_possible (void)
{
    return isatty (STDIN_FILENO) && isatty (STDOUT_FILENO);
}

static void interrupted (int number)
{
    (void) number;
}

/* Shows the question and takes one line; ^C, from the first letter shown, ends the reading and
 * not the program. It is let through only while there is nothing to do but wait. */
static char *read_line (const char *question)
{
    struct sigaction action = { .sa_handler = interrupted }, before;
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    sigset_t held, mask;
    char *line = NULL;
    size_t room = 0;
    ssize_t size = -1;
    sigemptyset (&held);
    sigaddset (&held, SIGINT);
    sigprocmask (SIG_BLOCK, &held, &mask);
    sigaction (SIGINT, &action, &before);
    say ("%s ", question);
    fflush (stdout);
    if (ppoll (&input, 1, NULL, &mask) > 0)
        size = getline (&line, &room, stdin);
    sigaction (SIGINT, &before, NULL);
    sigprocmask (SIG_SETMASK, &mask, NULL);
    if (size >= 0 && !memchr (line, 0, (size_t) size))
        return line;
    clearerr (stdin);
    free (line);
    putchar ('\n');
    return NULL;
}

char *prompt_line (const char *question)
{
    for (;;) {
        char *line = read_line (question);
        if (!line)
            return NULL;
        size_t from = strspn (line, " \t\r\n"), size = strlen (line + from);
        memmove (line, line + from, size + 1);
        while (size && isspace ((unsigned char) line[size - 1]))
            line[--size] = 0;
        if (span_utf8 (span_of (line)))
            return line;
        say ("That is not UTF-8. Once more, please.\n");
        free (line);
    }
}

bool prompt_is_yes (const char *answer)
{
    return strcasecmp (answer, "y") == 0 || strcasecmp (answer, "yes") == 0;
}
