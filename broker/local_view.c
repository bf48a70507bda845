/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/link_view.h"
#include "broker/numbers.h"
#include "broker/uplink.h"
#include "bus/edge/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- status -------------------------------------------------------------------------------- */

/* Records that are looked at for one lane of one link, and for all: commits wait meanwhile. */
#define LAG_SCAN     2000
#define LAG_SCAN_ALL 30000
/* Children in one answer, which has a limit; beyond it `tree` knows them. */
#define LINKS_BYTES ((size_t) 768 * 1024)

struct status_job {
    struct job job;
    struct asker asker;
    const struct station *station; /* only `me`, which does not change */
    uint64_t available, used, kept, dropped;
    char twice[NUMBER_MAX + 1]; /* a number that stands twice; "": none */
    size_t count;
    struct link_view links[];
};

static void count_lag (struct store *store, struct status_job *job, struct link_view *link)
{
    struct record record;
    struct envelope e;
    size_t most = LAG_SCAN_ALL / CB_PRECEDENCES / job->count;
    most = most < LAG_SCAN ? most : LAG_SCAN;
    for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++) {
        struct journal_reader *reader = store->readers[lane];
        journal_reader_seek (reader, link_view_acked (link, store, lane));
        for (size_t i = 0; i < most && journal_next (reader, &record) == JOURNAL_OK; i++) {
            if (record.envelope.size == 0 || envelope_parse (&e, record.envelope) != CB_OK ||
                !link_view_crosses (link, &e, job->station))
                continue;
            link->lag++;
            if (link->oldest == 0 || record.taken < link->oldest)
                link->oldest = record.taken;
        }
    }
}

static void status_run (struct job *base, struct store *store)
{
    struct status_job *job = (struct status_job *) base;
    struct key prefix;
    struct span key, value;
    struct key after = { .size = 0 };
    journal_space (store->journal, &job->available, &job->used);
    key_begin (&prefix, TABLE_QUARANTINED);
    while (table_next (store->journal, &prefix, &after, &key, &value)) {
        if (value.size < 24) /* take.c: kept, bytes, dropped */
            continue;
        job->kept += read_u64 (value.data);
        job->dropped += read_u64 (value.data + 16);
    }
    if (!numbers_twice (store, job->twice))
        job->twice[0] = '\0';
    for (size_t i = 0; i < job->count; i++)
        count_lag (store, job, &job->links[i]);
}

static void put_link (struct pack_out *out, const struct station *station,
                      const struct link_view *link)
{
    const struct credential *c = &link->entry->credential;
    char user[2 * KEY_SIZE + 1];
    sodium_bin2hex (user, sizeof user, c->link_key, KEY_SIZE);
    const struct peer *peer = link->up ? station->parent : NULL;
    if (!link->up)
        for (peer = station->children; peer != NULL; peer = peer->hh.next)
            if (strcmp (peer->user, user) == 0)
                break;
    pack_put_map (out, 11);
    put_text (out, "endpoint", link->up ? uplink_endpoint (station) : "");
    put_int (out, "heard", peer != NULL ? peer->heard_utc : 0);
    put_uint (out, "lag", link->lag);
    put_int (out, "oldest", link->oldest);
    put_span (out, "party", c->name);
    put_text (out, "refused", peer != NULL ? peer->refused : "");
    put_int (out, "since", peer != NULL ? peer->since : 0);
    put_int (out, "skew", peer != NULL ? peer->skew : 0);
    put_text (out, "software", peer != NULL ? peer->software : "");
    put_text (out, "state", peer != NULL ? link_state_name (peer->state) : "IDLE");
    put_span (out, "title", c->title);
}

/* The first thing to do, in one sentence; "" when all is well. */
static void advise (const struct station *station, const struct status_job *job, char *out,
                    size_t size)
{
    const struct credential *me = &station->me->credential;
    int64_t left = me->not_after - clock_utc ();
    out[0] = '\0';
    if (station->me->revoked)
        snprintf (out, size, "the credential has been revoked: nothing from here is accepted");
    else if (job->available < (uint64_t) station->conf.reserve_mb * 1024 * 1024)
        snprintf (out, size, "the disk is nearly full: nothing new is taken; free some space");
    else if (left < 0)
        snprintf (out, size, "the credential has expired: have a new request enrolled");
    else if (job->twice[0] != '\0')
        snprintf (out, size,
                  "the number %s stands twice among the messages of this party: revise one of them "
                  "under a new number",
                  job->twice);
    else if (station->parent != NULL && station->parent->state != LINK_OPEN)
        snprintf (out, size, "the parent %s is not connected; messages wait here safely",
                  station->parent->name);
    else if (station_trust_stale (station))
        snprintf (out, size, "trust is stale: no fresh head from the top party");
    else if (left < INT64_C (30) * 86400000)
        snprintf (out, size, "the credential expires in %lld days: have it renewed",
                  (long long) (left / 86400000));
    else if (job->kept > 0)
        snprintf (out, size, "%llu messages are in quarantine: certbus list --quarantine",
                  (unsigned long long) job->kept);
}

static bool each_frozen (const struct entry *entry, void *arg)
{
    struct {
        const struct directory *directory;
        struct pack_out names;
        size_t count;
    } *frozen = arg;
    if (directory_frozen (frozen->directory, entry->credential.name)) {
        pack_put_str (&frozen->names, entry->credential.name);
        frozen->count++;
    }
    return true;
}

static void put_frozen (struct pack_out *out, const struct station *station)
{
    struct {
        const struct directory *directory;
        struct pack_out names;
        size_t count;
    } frozen = { .directory = station->directory };
    pack_init (&frozen.names);
    directory_each (station->directory, directory_root_file (station->directory)->top, each_frozen,
                    &frozen);
    pack_put_text (out, "frozen");
    pack_put_array (out, frozen.count);
    pack_put_raw (out, pack_result (&frozen.names));
    pack_free (&frozen.names);
}

static void put_own (struct pack_out *out, const struct station *station)
{
    const struct credential *me = &station->me->credential;
    char code[CODE_TEXT];
    hash_code (&me->st.hash, code);
    pack_put_text (out, "credential");
    pack_put_map (out, 3);
    put_text (out, "code", code);
    put_uint (out, "generation", me->generation);
    put_int (out, "not_after", me->not_after);
}

static void status_done (struct job *base, struct station *station)
{
    struct status_job *job = (struct status_job *) base;
    const struct credential *me = &station->me->credential;
    const struct policy *policy = directory_policy_now (station->directory);
    const struct head *head = directory_head_now (station->directory);
    bool parent = job->count > 0 && job->links[0].up;
    char advice[PARTY_MAX + 128];
    struct pack_out out, links;
    advise (station, job, advice, sizeof advice);
    pack_init (&out);
    pack_put_map (&out, parent ? 20 : 19);
    put_text (&out, "advice", advice);
    size_t count = 0;
    pack_init (&links);
    for (size_t i = parent; i < job->count && pack_result (&links).size < LINKS_BYTES; i++, count++)
        put_link (&links, station, &job->links[i]);
    pack_put_text (&out, "children");
    pack_put_array (&out, count);
    pack_put_raw (&out, pack_result (&links));
    pack_free (&links);
    put_own (&out, station);
    pack_put_text (&out, "disk");
    pack_put_map (&out, 3);
    put_uint (&out, "free", job->available);
    put_bool (&out, "full", job->available < (uint64_t) station->conf.reserve_mb * 1024 * 1024);
    put_uint (&out, "used", job->used);
    pack_put_text (&out, "epoch");
    pack_put_array (&out, 2);
    pack_put_uint (&out, station->epoch.counter);
    pack_put_uint (&out, station->epoch.nonce);
    put_frozen (&out, station);
    put_uint (&out, "head", (uint64_t) station->head);
    pack_put_text (&out, "listen");
    pack_put_array (&out, station->bound_count);
    for (size_t i = 0; i < station->bound_count; i++)
        pack_put_text (&out, station->bound[i]);
    put_int (&out, "now", clock_utc ());
    put_bool (&out, "ok", true);
    if (parent) {
        pack_put_text (&out, "parent");
        put_link (&out, station, &job->links[0]);
    }
    put_span (&out, "party", me->name);
    put_uint (&out, "pid", (uint64_t) getpid ());
    put_uint (&out, "policy", policy != NULL ? policy->version : 0);
    pack_put_text (&out, "quarantine");
    pack_put_map (&out, 2);
    put_uint (&out, "count", job->kept);
    put_uint (&out, "dropped", job->dropped);
    put_span (&out, "role", me->role);
    put_text (&out, "software", "certbus " CERTBUS_VERSION);
    put_int (&out, "started", station->started);
    put_span (&out, "title", me->title);
    pack_put_text (&out, "trust");
    pack_put_map (&out, 2);
    put_int (&out, "head", head != NULL ? head->time : 0);
    put_bool (&out, "stale", station_trust_stale (station));
    answer_send (&job->asker, &out);
    pack_free (&out);
    free (job);
}

void local_status (const struct question *q)
{
    struct station *station = q->station;
    size_t count = link_view_count (station);
    struct status_job *job = calloc (1, sizeof *job + count * sizeof job->links[0]);
    if (job == NULL)
        abort ();
    job->job.run = status_run;
    job->job.done = status_done;
    job->asker = q->asker;
    job->station = station;
    job->count = link_view_all (station, job->links);
    store_submit (station->store, &job->job);
}

/* --- tree ---------------------------------------------------------------------------------- */

struct tree {
    struct station *station;
    struct pack_out out;
    size_t count;
};

static bool tree_visit (const struct entry *entry, void *arg)
{
    struct tree *tree = arg;
    struct station *station = tree->station;
    const struct credential *c = &entry->credential;
    const char *link = "";
    int64_t since = 0;
    if (pack_result (&tree->out).size > LOCAL_FRAME_MAX - 4096)
        return false;
    if (span_equal (c->name, station_name (station))) {
        link = "self";
        since = station->started;
    } else if (station->parent != NULL && span_is (c->name, station->parent->name)) {
        link = station->parent->state == LINK_OPEN ? "parent" : "away";
        since = station->parent->since;
    }
    for (struct peer *peer = station->children; peer != NULL; peer = peer->hh.next)
        if (span_is (c->name, peer->name)) {
            link = peer->state == LINK_OPEN ? "open" : "away";
            since = peer->since;
        }
    pack_put_map (&tree->out, 9);
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
    put_int (&tree->out, "since", since);
    put_span (&tree->out, "title", c->title);
    tree->count++;
    return true;
}

void local_tree (const struct question *q)
{
    struct station *station = q->station;
    struct tree tree = { .station = station };
    struct pack_out out;
    pack_init (&tree.out);
    directory_each (station->directory, directory_root_file (station->directory)->top, tree_visit,
                    &tree);
    pack_init (&out);
    pack_put_map (&out, 2);
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
    struct hash wanted;
    if (hash.size == HASH_SIZE) {
        memcpy (wanted.bytes, hash.data, HASH_SIZE);
        entry = directory_by_hash (directory, &wanted);
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
