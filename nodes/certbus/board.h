/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board.h - what was advised, and what of it is due
 *
 * Filled from records of advisories, newest first; pure but for that.
 */
#ifndef CERTBUS_BOARD_H
#define CERTBUS_BOARD_H

#include "bus/edge/json.h"
#include "nodes/certbus/record.h"

#define BOARD_ROWS 256 /* of each list; what is older is counted */
#define BOARD_TEXT 300

/* Advisories of so long ago are shown; due dates are looked for further back. */
#define BOARD_SHOWN_MS INT64_C (604800000)
#define BOARD_LOOK_MS  INT64_C (7776000000)
/* A due date is shown so long before. */
#define BOARD_SOON_MS INT64_C (259200000)

struct board_row {
    char id[ID_TEXT], severity[16], action[20], mark[16], title[BOARD_TEXT];
    const char *tlp;
    int64_t when; /* issued; for a due date, the date */
};

struct board_rows {
    size_t count; /* found; those beyond BOARD_ROWS are not kept */
    struct board_row at[BOARD_ROWS];
};

struct board {
    int64_t now;
    char self[PARTY_MAX + 1];
    struct board_rows advisories, due;
    bool older; /* not all was looked at: what is counted is at least so much */
};

struct board *board_new (struct span self, int64_t now);
void board_free (struct board **self);
/* The next older record. `standing` is what the broker says of it: "", "replaced", "withdrawn".
 * False: it is too old, and so are those that follow. */
bool board_take (struct board *self, const struct record *record, struct span standing);
/* After the last one: due dates in their order. */
void board_close (struct board *self);

#endif
