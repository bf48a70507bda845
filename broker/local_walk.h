/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_walk.h - reading the journal through a filter, upwards or downwards, a slice at a time
 *
 * Below the cursor of the index a walk is a merge of the streams that are wanted; above it, and
 * where no stream helps, it looks at each record.
 */
#ifndef CERTBUS_LOCAL_WALK_H
#define CERTBUS_LOCAL_WALK_H

#include "broker/index.h"
#include "broker/link_view.h"

#define WALK_KINDS 16

struct walk_filter {
    int64_t after; /* a position; it is not looked at */
    int64_t since; /* ms UTC: taken at or after; 0: any time */
    size_t limit;
    bool here, quarantine, back, waiting;
    unsigned severities; /* one bit for each index_severity; 0: any */
    size_t kind_count, except_count;
    char kinds[WALK_KINDS][KIND_MAX + 1], except[WALK_KINDS][KIND_MAX + 1];
    char from[TERM_MAX + 1]; /* a party or a subtree; "": any */
};

enum walk_phase { WALK_BEGIN, WALK_STREAMS, WALK_MERGE, WALK_LOG, WALK_END };

struct walk {
    struct walk_filter f;
    const struct station *station; /* only `me`, which does not change */
    enum walk_phase phase;
    struct term from;
    int64_t at;      /* the position that was looked at last */
    int64_t indexed; /* where the streams end; 0: they are of no use */
    unsigned root;   /* of those under which streams are looked for */
    struct key found;
    struct index_stream *streams;
    size_t stream_count, stream_room, looked; /* looked: at how many, wanted or not */
    size_t link_count;                        /* with `waiting` */
    struct link_view *links;
    /* out */
    int64_t head, next; /* where to go on */
    size_t count;
    struct pack_out records;
};

/* In the loop: copies what it needs. */
void walk_begin (struct walk *self, const struct walk_filter *filter,
                 const struct station *station);
/* In the journal's thread, for a few ms at most; true: done, and `records`, `count`, `head` and
 * `next` are the answer. When it is given up in between they are an answer, too. */
bool walk_slice (struct walk *self, struct store *store);
void walk_end (struct walk *self);

#endif
