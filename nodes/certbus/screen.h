/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen.h - what only a terminal gets: colour, columns that fit, a pager, progress
 *
 * Whether standard output is a terminal is decided once, before a pager takes its place.
 */
#ifndef CERTBUS_SCREEN_H
#define CERTBUS_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "bus/core/pack.h"

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* Whether `text` is auto, always or never. */
bool colour_parse (const char *text, enum colour *colour);
void screen_colour (enum colour colour);

/* Auto: a terminal that shows colours, and NO_COLOR is not set. */
bool screen_coloured (void);
/* Columns of the terminal that standard output is, or that the pager shows; 0: it is none, and
 * nothing is cut. */
int screen_width (void);

/* How many columns a text takes that line_of has made harmless: combining marks none, wide
 * characters two. */
int cells (const char *text);
/* A foreign text cut to `columns`, with "..." where it was, and filled up with blanks when
 * `fill`. Writing from right to left is isolated, so that it does not pull what stands beside
 * it along. Returns the columns it took. `columns` 0: all of it. */
int say_cells (struct span text, int columns, bool fill);

/* Sends what is printed from here on through $CERTBUS_PAGER, $PAGER or less, when standard
 * output is a terminal. One that is "" or "cat", or is not there, is none. */
void pager_start (void);
/* Waits for it to be left. True: it was left before everything was read, which is no error. */
bool pager_end (void);
/* Nobody reads on, so a long list can end here. */
bool pager_left (void);

/* Says on standard error how far a long work is, once it takes over two seconds and when that
 * is a terminal; cleans up behind itself. */
struct progress {
    const char *what; /* "reading"; borrows */
    int64_t total;    /* 0: not known */
    int64_t begun, said;
};
void progress_begin (struct progress *self, const char *what, int64_t total);
void progress_step (struct progress *self, int64_t done);
void progress_end (struct progress *self);

/* Whether there is something to say: `begun`, when it was last `said` (0: never) and `now` in
 * steady ms. */
bool progress_due (int64_t begun, int64_t said, int64_t now);

#endif
