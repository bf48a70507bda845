/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/link_view.h"

#include "broker/tables.h"

#include <string.h>

bool link_crosses (bool up, const struct entry *entry, const struct envelope *e,
                   const struct station *station)
{
    if (up)
        return route_up (e->audience, e->audience_count, e->id.origin, station_name (station));
    const struct credential *c = &entry->credential;
    struct route_child child = { c->name, &c->sectors, &c->may.sectors };
    return route_down (e->audience, e->audience_count, e->id.origin, &child);
}

size_t link_view_count (const struct station *station)
{
    return HASH_COUNT (station->children) + (station->parent != NULL);
}

static void view_link (struct link_view *view, const struct peer *peer)
{
    memcpy (view->name, peer->name, sizeof view->name);
    view->up = peer->up;
    view->entry = peer->entry;
    for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++) {
        const struct lane_out *out = &peer->out[lane];
        /* What was looked at since, with nothing on its way, is not for it. */
        bool idle = out->sent == out->acked && peer->scanned[lane] > out->acked;
        view->acked[lane] = !peer->sending ? -1 : idle ? peer->scanned[lane] : out->acked;
    }
}

size_t link_view_all (const struct station *station, struct link_view *views)
{
    size_t count = 0;
    if (station->parent != NULL)
        view_link (&views[count++], station->parent);
    for (struct peer *peer = station->children; peer != NULL; peer = peer->hh.next)
        view_link (&views[count++], peer);
    return count;
}

int64_t link_view_acked (const struct link_view *view, struct store *store, unsigned lane)
{
    struct key key;
    if (view->acked[lane] >= 0)
        return view->acked[lane];
    key_begin (&key, TABLE_ACKED);
    key_text (&key, span_of (view->name));
    key_u8 (&key, lane);
    return (int64_t) table_get_u64 (store->journal, &key, 0);
}

bool link_view_crosses (const struct link_view *view, const struct envelope *e,
                        const struct station *station)
{
    return link_crosses (view->up, view->entry, e, station);
}
