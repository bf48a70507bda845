/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h - what an operation lists page by page: cases, clocks, breaches
 */
#ifndef CERTBUS_ROWS_H
#define CERTBUS_ROWS_H

#include "nodes/certbus/talk.h"

/* X (key of docs/local.md, how it stands in JSON) of a row. */
enum row_type { ROW_TEXT, ROW_TIME, ROW_REF, ROW_INT, ROW_BOOL };
struct row_key {
    const char *key; /* NULL ends a table */
    enum row_type type;
};
/* All keys of the table; null where the row has none. */
json_t *row_json (const struct row_key *keys, struct span row);

struct rows {
    struct call *call;
    const char *op, *key;                            /* the operation, and its array */
    void (*ask) (void *self, struct ask *question);  /* adds what is asked for; may be NULL */
    bool (*take) (void *self, struct span row);      /* false: no more are wanted */
    void (*answer) (void *self, struct span answer); /* each answer as a whole; may be NULL */
    void *self;
};
/* Asks for page after page. An exit code, after a complaint. */
int rows_each (const struct rows *rows);

/* A colour by how urgent it is: due or past, within the hour. */
enum style urgency_style (int64_t due, int64_t now);
/* "EXERCISE " for what is practised. */
const char *row_mark (struct span row);

#endif
