/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.h - tables for spreadsheets (RFC 4180)
 */
#ifndef CERTBUS_CSV_H
#define CERTBUS_CSV_H

#include "bus/core/pack.h"

/* Prints one cell, made harmless and quoted, after a comma unless it is the first of its row. What
 * a spreadsheet would take for a formula gets a ' in front. */
void csv_cell (bool first, struct span text);
/* The same for a time in RFC 3339; empty for 0. */
void csv_time (bool first, int64_t ms);
void csv_end (void);

#endif
