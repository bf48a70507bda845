/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_view.h - a link as a job sees it in the journal's thread: a copy, made by the loop
 */
#ifndef CERTBUS_LINK_VIEW_H
#define CERTBUS_LINK_VIEW_H

#include "broker/peer.h"

/* The predicate for one link: to the parent, or to the child of this credential. */
bool link_crosses (bool up, const struct entry *entry, const struct envelope *e,
                   const struct station *station);

struct link_view {
    char name[PARTY_MAX + 1];
    bool up;
    const struct entry *entry;     /* does not change */
    int64_t acked[CB_PRECEDENCES]; /* -1: as the table says */
    uint64_t lag;                  /* out */
    bool more;                     /* out: it is at least that much */
    int64_t oldest;                /* out: taken; 0: none */
};

/* How many links there are, and a view of each: the parent's first. */
size_t link_view_count (const struct station *station);
size_t link_view_all (const struct station *station, struct link_view *views);
/* One link. */
void link_view_of (struct link_view *view, const struct peer *peer);
/* The position of a lane up to which the neighbour has everything on disk. */
int64_t link_view_acked (const struct link_view *view, struct store *store, unsigned lane);
bool link_view_crosses (const struct link_view *view, const struct envelope *e,
                        const struct station *station);
/* Counts what waits for each of them: lag, more, oldest. Looks at a bounded number of records. */
void link_view_lag (struct link_view *views, size_t count, struct store *store,
                    const struct station *station);

#endif
