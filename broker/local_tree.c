/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/heard.h"
#include "broker/peer.h"
#include "bus/edge/log.h"

#include <string.h>

/* Left free in an answer: more than one party can take, with its sectors. */
#define TREE_ROOM ((size_t) 8192)

/* --- tree ---------------------------------------------------------------------------------- */

struct tree {
    struct station *station;
    struct span after; /* go on after this party; empty: from the first */
    bool more;
    struct pack_out out;
    size_t count;
};

/* What this party knows of another one's presence: only of its neighbours. */
static const char *presence (struct station *station, const struct credential *c, int64_t *since,
                             int64_t *silent)
{
    const struct peer *peer = NULL;
    *since = *silent = 0;
    if (span_equal (c->name, station_name (station))) {
        *since = station->started;
        return "self";
    }
    if (station->parent != NULL && span_is (c->name, station->parent->name)) {
        *since = station->parent->since;
        return station->parent->state == LINK_OPEN ? "parent" : "away";
    }
    if (span_equal (party_parent (c->name), station_name (station)))
        peer = peer_of_child (station, c);
    if (peer == NULL)
        return "";
    *since = peer->since;
    *silent = heard_silent_since (station, peer);
    return peer->state == LINK_OPEN ? "open" : "away";
}

static bool tree_visit (const struct entry *entry, void *arg)
{
    struct tree *tree = arg;
    const struct credential *c = &entry->credential;
    int64_t since, silent;
    if (tree->after.size > 0) {
        if (span_equal (tree->after, c->name))
            tree->after.size = 0;
        return true;
    }
    tree->more = pack_result (&tree->out).size > LOCAL_FRAME_MAX - TREE_ROOM;
    if (tree->more)
        return false;
    const char *link = presence (tree->station, c, &since, &silent);
    pack_put_map (&tree->out, 9 + (silent > 0));
    put_uint (&tree->out, "generation", c->generation);
    put_text (&tree->out, "link", link);
    put_span (&tree->out, "name", c->name);
    put_int (&tree->out, "not_after", c->not_after);
    put_bool (&tree->out, "revoked", entry->revoked);
    put_span (&tree->out, "role", c->role);
    pack_put_text (&tree->out, "sectors");
    pack_put_array (&tree->out, c->sectors.count);
    for (size_t i = 0; i < c->sectors.count; i++)
        pack_put_str (&tree->out, c->sectors.at[i]);
    if (silent > 0)
        put_int (&tree->out, "silent", silent);
    put_int (&tree->out, "since", since);
    put_span (&tree->out, "title", c->title);
    tree->count++;
    return true;
}

void local_tree (const struct question *q)
{
    struct station *station = q->station;
    struct tree tree = { .station = station, .after = ask_text (q, "after") };
    struct pack_out out;
    if (tree.after.size > 0 && directory_by_name (station->directory, tree.after) == NULL) {
        answer_refuse (&q->asker, "not-found", "after: no party of that name is known here");
        return;
    }
    pack_init (&tree.out);
    directory_each (station->directory, directory_root_file (station->directory)->top, tree_visit,
                    &tree);
    pack_init (&out);
    pack_put_map (&out, 4);
    put_bool (&out, "more", tree.more);
    put_int (&out, "now", clock_utc ());
    put_bool (&out, "ok", true);
    pack_put_text (&out, "parties");
    pack_put_array (&out, tree.count);
    pack_put_raw (&out, pack_result (&tree.out));
    answer_send (&q->asker, &out);
    pack_free (&out);
    pack_free (&tree.out);
}

/* --- chain --------------------------------------------------------------------------------- */

static bool chain_visit (const struct entry *entry, void *arg)
{
    struct tree *tree = arg;
    pack_put_bin (&tree->out, entry->credential.st.bytes);
    tree->count++;
    return true;
}

void local_chain (const struct question *q)
{
    struct span hash = ask_bin (q, "credential");
    struct tree tree = { .station = q->station };
    struct directory *directory = q->station->directory;
    const struct entry *entry = NULL;
    struct span party = ask_text (q, "party");
    struct hash wanted;
    if (hash.size == HASH_SIZE) {
        memcpy (wanted.bytes, hash.data, HASH_SIZE);
        entry = directory_by_hash (directory, &wanted);
    } else if (party_valid (party)) {
        entry = directory_by_name (directory, party);
        if (entry == NULL) {
            local_refuse_unknown (q, party);
            return;
        }
    }
    if (entry == NULL) {
        answer_refuse (&q->asker, "not-found", "no such credential is known here");
        return;
    }
    struct pack_out out;
    pack_init (&tree.out);
    directory_proof (directory, entry, chain_visit, &tree);
    pack_init (&out);
    pack_put_map (&out, 3);
    pack_put_text (&out, "chain");
    pack_put_array (&out, tree.count);
    pack_put_raw (&out, pack_result (&tree.out));
    put_bool (&out, "ok", true);
    pack_put_text (&out, "root");
    pack_put_bin (&out, directory_root_file (directory)->st.bytes);
    answer_send (&q->asker, &out);
    pack_free (&out);
    pack_free (&tree.out);
}
