/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line.h - a message on one line of a list
 *
 * On a terminal the columns fit its width and titles are cut; elsewhere nothing is.
 */
#ifndef CERTBUS_LINE_H
#define CERTBUS_LINE_H

#include "nodes/certbus/record.h"

/* Columns of a list; zeroed: not on a terminal. */
struct columns {
    int width, id, kind, tlp;
};

/* What these records need on this terminal, never less than they had. */
void columns_fit (struct columns *columns, const struct record *records, size_t count);

/* Time, id, TLP, kind, severity, what became of it, headline. */
void line_print (const struct columns *columns, const struct record *record);

#endif
