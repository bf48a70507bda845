/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/board.h"

#include <stdlib.h>
#include <string.h>

#include "bus/core/schema.h"

struct board *board_new (struct span self, int64_t now)
{
    struct board *board = calloc (1, sizeof *board);
    if (!board)
        abort ();
    board->now = now;
    span_text (self, board->self, sizeof board->self);
    return board;
}

void board_free (struct board **self)
{
    free (*self);
    *self = NULL;
}

static struct board_row *add (struct board_rows *rows, const struct envelope *e,
                              struct span standing)
{
    static struct board_row beyond; /* counted, not kept */
    struct board_row *row = rows->count < BOARD_ROWS ? &rows->at[rows->count] : &beyond;
    rows->count++;
    memset (row, 0, sizeof *row);
    msg_id_text (&e->id, row->id);
    row->tlp = cb_tlp_name (e->tlp);
    row->when = e->issued;
    span_text (body_text (e->body, "severity"), row->severity, sizeof row->severity);
    if (standing.size)
        span_text (standing, row->mark, sizeof row->mark);
    else if (e->mode != CB_MODE_LIVE)
        snprintf (row->mark, sizeof row->mark, "%s", cb_mode_name (e->mode));
    snprintf (row->title, sizeof row->title, "%.*s", BOARD_TEXT - 1, message_headline (e).text);
    return row;
}

static void take_due (struct board *self, const struct envelope *e)
{
    struct pack_in in = pack_open (body_field (e->body, "actions"));
    size_t count = pack_peek (&in) == PACK_ARRAY ? pack_array (&in, 0, SIZE_MAX) : 0;
    while (count--) {
        struct span action = pack_any (&in);
        int64_t due = body_int (action, "due", 0);
        if (due <= 0 || due - self->now > BOARD_SOON_MS)
            continue;
        struct board_row *row = add (&self->due, e, (struct span){ NULL, 0 });
        row->when = due;
        span_text (body_text (action, "id"), row->action, sizeof row->action);
        snprintf (row->title, sizeof row->title, "%.*s", BOARD_TEXT - 1,
                  line_of (body_text (action, "text")).text);
    }
}

bool board_take (struct board *self, const struct record *record, struct span standing)
{
    const struct envelope *e = &record->e;
    if (self->now - record->taken > BOARD_LOOK_MS)
        return false;
    if (!record->whole)
        return true;
    bool fresh = self->now - record->taken <= BOARD_SHOWN_MS;
    bool own = span_is (e->id.origin, self->self);
    if (own || !span_is (e->kind, "advisory"))
        return true;
    if (fresh)
        add (&self->advisories, e, standing);
    /* A withdrawal may repeat what was asked; it asks nothing. */
    if (!standing.size && e->mode == CB_MODE_LIVE &&
        !span_is (body_text (e->body, "status"), "withdrawn"))
        take_due (self, e);
    return true;
}

static int by_when (const void *a, const void *b)
{
    const struct board_row *x = a, *y = b;
    return x->when < y->when ? -1 : x->when > y->when;
}

void board_close (struct board *self)
{
    size_t count = self->due.count < BOARD_ROWS ? self->due.count : BOARD_ROWS;
    qsort (self->due.at, count, sizeof self->due.at[0], by_when);
}
