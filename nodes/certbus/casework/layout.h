/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h - the board on so many rows and columns
 *
 * Pure. What is most urgent has the first claim on rows; what has no room is counted, with the
 * command that shows it.
 */
#ifndef CERTBUS_LAYOUT_H
#define CERTBUS_LAYOUT_H

#include "nodes/certbus/board.h"
#include "nodes/certbus/casework/page.h"
#include "nodes/certbus/casework/shift.h"

#define LAYOUT_COLUMNS 40 /* at least, and at least so many rows for a screen: */
#define LAYOUT_ROWS    8

struct layout {
    const struct shift *shift;
    const struct board *board; /* advisories and what is due */
    const char *heading;       /* the station, and the time */
    size_t health_count;
    const char *health[3]; /* sentences, worst first */
    bool healthy;
    const char *leaving[2]; /* what waits to leave, and the quarantine; NULL: nothing */
    bool relative;          /* times as "in 3 min"; else in full */
};

/* Fills a page that was just begun. */
void layout_board (struct page *page, const struct layout *layout);

#endif
