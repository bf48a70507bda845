/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/link_view.h"

#include "broker/tables.h"

#include <string.h>

/* Records that are looked at for one lane of one link, and for all: commits wait meanwhile. What
 * one does not need is left to those that come after it. */
#define LAG_SCAN      2000
#define LAG_SCAN_ALL  12000
#define LAG_BYTES_ALL ((size_t) 16 * 1024 * 1024) /* pieces of files are large */

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

void link_view_of (struct link_view *view, const struct peer *peer)
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
        link_view_of (&views[count++], station->parent);
    for (struct peer *peer = station->children; peer != NULL; peer = peer->hh.next)
        link_view_of (&views[count++], peer);
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

struct left_to_look {
    size_t links; /* this one and those after it */
    size_t records, bytes;
};

static void count_lag (struct link_view *link, struct store *store, const struct station *station,
                       struct left_to_look *left)
{
    struct record record;
    struct envelope e;
    for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++) {
        size_t shares = left->links * CB_PRECEDENCES - lane;
        size_t most = left->records / shares, bytes = left->bytes / shares, used = 0;
        most = most < LAG_SCAN ? most : LAG_SCAN;
        struct journal_reader *reader = store->readers[lane];
        journal_reader_seek (reader, link_view_acked (link, store, lane));
        for (size_t i = 0; journal_next (reader, &record) == JOURNAL_OK; i++) {
            if (i >= most || used > bytes) {
                link->more = true;
                break;
            }
            left->records--;
            used += record.envelope.size;
            if (record.envelope.size == 0 || envelope_parse (&e, record.envelope) != CB_OK ||
                !link_view_crosses (link, &e, station))
                continue;
            link->lag++;
            if (link->oldest == 0 || record.taken < link->oldest)
                link->oldest = record.taken;
        }
        left->bytes -= used < left->bytes ? used : left->bytes;
    }
}

void link_view_lag (struct link_view *views, size_t count, struct store *store,
                    const struct station *station)
{
    struct left_to_look left = { count, LAG_SCAN_ALL, LAG_BYTES_ALL };
    for (size_t i = 0; i < count; i++, left.links--)
        count_lag (&views[i], store, station, &left);
}
