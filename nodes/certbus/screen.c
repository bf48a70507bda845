/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/screen.h"

#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "bus/edge/log.h"
#include "nodes/certbus/out.h"

#define WIDTH_LEAST   20
#define WIDTH_USUAL   80
#define PROGRESS_WAIT 2000 /* ms before the first word */
#define PROGRESS_STEP 200  /* ms between two */

/* First strong isolate and its end: the only ones that are printed, and they are ours. */
#define ISOLATE     "\xe2\x81\xa8"
#define ISOLATE_END "\xe2\x81\xa9"

static struct {
    enum colour colour;
    bool asked, terminal; /* terminal: what standard output was at first */
    int columns;
} screen;

bool colour_parse (const char *text, enum colour *colour)
{
    static const char *const names[] = {
        [COLOUR_AUTO] = "auto", [COLOUR_ALWAYS] = "always", [COLOUR_NEVER] = "never"
    };
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp (text, names[i]) != 0)
            continue;
        *colour = (enum colour) i;
        return true;
    }
    return false;
}

void screen_colour (enum colour colour)
{
    screen.colour = colour;
}

/* Looked at once: a pager takes the terminal's place, and shows the same columns. */
static void look (void)
{
    struct winsize size = { 0 };
    if (screen.asked)
        return;
    screen.asked = true;
    screen.terminal = isatty (STDOUT_FILENO);
    const char *said = getenv ("COLUMNS");
    int columns = said ? (int) strtol (said, NULL, 10) : 0;
    if (columns <= 0 && ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    screen.columns = columns <= 0 ? WIDTH_USUAL : columns < WIDTH_LEAST ? WIDTH_LEAST : columns;
}

bool screen_coloured (void)
{
    const char *none = getenv ("NO_COLOR"), *term = getenv ("TERM");
    look ();
    if (screen.colour != COLOUR_AUTO)
        return screen.colour == COLOUR_ALWAYS;
    return screen.terminal && !(none && *none) && term && strcmp (term, "dumb") != 0;
}

int screen_width (void)
{
    look ();
    return screen.terminal ? screen.columns : 0;
}

/* wcwidth knows only characters of the locale, and ours may be C. */
static int width_of (wchar_t code)
{
    static locale_t utf8;
    if (!utf8)
        utf8 = newlocale (LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
    if (!utf8)
        return 1;
    locale_t before = uselocale (utf8);
    int width = wcwidth (code);
    uselocale (before);
    return width < 0 ? 0 : width;
}

/* One character of a text that is UTF-8; its bytes. */
static size_t decode (const char *text, wchar_t *code)
{
    const uint8_t *at = (const uint8_t *) text;
    size_t size = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    uint32_t value = size == 1 ? *at : *at & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++)
        value = value << 6 | (at[i] & 0x3f);
    *code = (wchar_t) value;
    return size;
}

int cells (const char *text)
{
    int sum = 0;
    while (*text) {
        wchar_t code;
        text += decode (text, &code);
        sum += width_of (code);
    }
    return sum;
}

/* Hebrew, Arabic and their neighbours, and their presentation forms. */
static bool from_right (const char *text)
{
    while (*text) {
        wchar_t code;
        text += decode (text, &code);
        if ((code >= 0x590 && code <= 0x8ff) || (code >= 0xfb1d && code <= 0xfdff) ||
            (code >= 0xfe70 && code <= 0xfefc) || (code >= 0x10800 && code <= 0x10fff) ||
            (code >= 0x1e800 && code <= 0x1efff))
            return true;
    }
    return false;
}

/* Cuts where the next character would not fit beside `room` columns for the dots. Marks that
 * combine with the last one stay with it. */
static void cut (char *text, int columns, int room)
{
    int used = 0;
    for (char *at = text; *at;) {
        wchar_t code;
        size_t size = decode (at, &code);
        int width = width_of (code);
        if (used + width > columns - room) {
            memcpy (at, "...", (size_t) room);
            at[room] = 0;
            return;
        }
        used += width;
        at += size;
    }
}

int say_cells (struct span text, int columns, bool fill)
{
    struct line line = line_of (text);
    if (columns > 0 && cells (line.text) > columns)
        cut (line.text, columns, columns < 3 ? columns : 3);
    int used = cells (line.text);
    bool isolate = screen_width () && from_right (line.text);
    if (isolate)
        fputs (ISOLATE, stdout);
    say ("%s", line.text);
    if (isolate)
        fputs (ISOLATE_END, stdout);
    if (fill && used < columns) {
        say ("%*s", columns - used, "");
        used = columns;
    }
    return used;
}

bool progress_due (int64_t begun, int64_t said, int64_t now)
{
    return said ? now - said >= PROGRESS_STEP : now - begun >= PROGRESS_WAIT;
}

void progress_begin (struct progress *self, const char *what, int64_t total)
{
    *self = (struct progress){ .what = what, .total = total, .begun = clock_steady () };
}

void progress_step (struct progress *self, int64_t done)
{
    int64_t now = clock_steady ();
    if (!progress_due (self->begun, self->said, now) || !isatty (STDERR_FILENO))
        return;
    self->said = now;
    if (self->total > 0)
        fprintf (stderr, "\r%s: %" PRId64 " of %" PRId64 " (%d %%)\033[K", self->what, done,
                 self->total, (int) (done * 100 / self->total));
    else
        fprintf (stderr, "\r%s: %" PRId64 "\033[K", self->what, done);
    fflush (stderr);
}

void progress_end (struct progress *self)
{
    if (self->said)
        fputs ("\r\033[K", stderr);
    self->said = 0;
}
