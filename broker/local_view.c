/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/advise.h"
#include "broker/casework/timers.h"
#include "broker/link_view.h"
#include "broker/numbers.h"
#include "broker/quarantine.h"
#include "broker/uplink.h"
#include "bus/core/fields.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- status -------------------------------------------------------------------------------- */

/* Children in one answer, which has a limit; beyond it `tree` knows them. */
#define LINKS_BYTES ((size_t) 768 * 1024)

/* The parties of a table: how many, and the first with what the table says of it. */
struct named {
    size_t count;
    char first[PARTY_MAX + 1];
    uint64_t value;
};

struct status_job {
    struct job job;
    struct asker asker;
    const struct station *station; /* only `me`, which does not change */
    uint64_t available, used, kept, bytes, dropped;
    char twice[NUMBER_MAX + 1]; /* a number that stands twice; "": none */
    struct named frozen, again;
    size_t refused; /* own messages, elsewhere, lately */
    struct refusal newest;
    struct pack_out frozen_names;
    size_t count;
    struct link_view links[];
};

static void name_one (struct named *named, struct span party, uint64_t value)
{
    if (named->count++ > 0)
        return;
    span_text (party, named->first, sizeof named->first);
    named->value = value;
}

/* The name in a key that holds a table's byte and a party. */
static struct span party_in (struct span key)
{
    return span_bytes (key.data + 1, key.size - 2);
}

static void name_parties (struct store *store, struct status_job *job)
{
    struct key prefix;
    struct span key, value;
    struct key after = { .size = 0 };
    int64_t since = clock_utc () - ADVISE_AGAIN_MS;
    key_begin (&prefix, TABLE_FROZEN);
    while (table_next (store->journal, &prefix, &after, &key, &value)) {
        pack_put_str (&job->frozen_names, party_in (key));
        name_one (&job->frozen, party_in (key), tail_u64 (value));
    }
    key_begin (&prefix, TABLE_AGAIN);
    after.size = 0;
    while (table_next (store->journal, &prefix, &after, &key, &value))
        if ((int64_t) tail_u64 (value) > since &&
            !span_equal (party_in (key), station_name (job->station)))
            name_one (&job->again, party_in (key), tail_u64 (value));
}

static void status_run (struct job *base, struct store *store)
{
    struct status_job *job = (struct status_job *) base;
    struct key prefix;
    struct span key, value;
    struct key after = { .size = 0 };
    journal_space (store->journal, &job->available, &job->used);
    struct quarantine_count count;
    key_begin (&prefix, TABLE_QUARANTINED);
    while (table_next (store->journal, &prefix, &after, &key, &value)) {
        if (!quarantine_count_read (value, &count))
            continue;
        job->kept += count.kept;
        job->bytes += count.bytes;
        job->dropped += count.dropped;
    }
    if (!numbers_twice (store, job->twice))
        job->twice[0] = '\0';
    name_parties (store, job);
    job->refused = refusals_since (store, clock_utc () - ADVISE_REFUSAL_MS, &job->newest);
    link_view_lag (job->links, job->count, store, job->station);
}

static const struct peer *peer_of (const struct station *station, const struct link_view *link)
{
    return link->up ? station->parent : peer_of_child (station, &link->entry->credential);
}

static void put_link (struct pack_out *out, const struct station *station,
                      const struct link_view *link)
{
    const struct credential *c = &link->entry->credential;
    const struct peer *peer = peer_of (station, link);
    pack_put_map (out, 12);
    put_text (out, "endpoint", link->up ? uplink_endpoint (station) : "");
    put_int (out, "heard", peer != NULL ? peer->heard_utc : 0);
    put_uint (out, "lag", link->lag);
    put_bool (out, "more", link->more);
    put_int (out, "oldest", link->oldest);
    put_span (out, "party", c->name);
    put_text (out, "refused", peer != NULL ? peer->refused : "");
    put_int (out, "since", peer != NULL ? peer->since : 0);
    put_int (out, "skew", peer != NULL ? peer->skew : 0);
    put_text (out, "software", peer != NULL ? peer->software : "");
    put_text (out, "state", peer != NULL ? link_state_name (peer->state) : "IDLE");
    put_span (out, "title", c->title);
}

static struct link_facts link_facts (const struct station *station, const struct link_view *link)
{
    const struct peer *peer = peer_of (station, link);
    return (struct link_facts){ .name = link->name,
                                .open = peer != NULL && peer->state == LINK_OPEN,
                                .since = peer != NULL ? peer->since : 0,
                                .skew = peer != NULL ? peer->skew : 0,
                                .refused = peer != NULL ? peer->refused : "",
                                .refusing = peer != NULL && peer->refused_at > 0 &&
                                            clock_steady () - peer->refused_at < PEER_REFUSING_MS,
                                .lag = link->lag,
                                .more = link->more,
                                .oldest = link->oldest };
}

/* Those that need somebody come first: an answer has a limit. */
static size_t put_children (struct pack_out *out, const struct station *station,
                            const struct status_job *job, int64_t now)
{
    struct pack_out links;
    size_t count = 0, first = job->count > 0 && job->links[0].up;
    pack_init (&links);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = first; i < job->count && pack_result (&links).size < LINKS_BYTES; i++) {
            struct link_facts facts = link_facts (station, &job->links[i]);
            if (advise_link (&facts, now) != (pass == 0))
                continue;
            put_link (&links, station, &job->links[i]);
            count++;
        }
    pack_put_text (out, "children");
    pack_put_array (out, count);
    pack_put_raw (out, pack_result (&links));
    pack_free (&links);
    return job->count - first;
}

static struct facts facts_of (const struct station *station, const struct status_job *job,
                              int64_t now)
{
    const struct credential *me = &station->me->credential;
    const struct head *head = directory_head_now (station->directory);
    struct facts facts = { .now = now,
                           .revoked = station->me->revoked,
                           .not_after = me->not_after,
                           .available = job->available,
                           .reserve = (uint64_t) station->conf.reserve_mb * 1024 * 1024,
                           .has_policy = directory_policy_now (station->directory) != NULL,
                           .policy_older = timers_wait (station),
                           .top = directory_root_file (station->directory)->top,
                           .stale = station_trust_stale (station),
                           .head = head != NULL ? head->time : 0,
                           .quarantined = job->kept,
                           .frozen = job->frozen.count,
                           .first_frozen = job->frozen.first,
                           .first_frozen_twice = job->frozen.value != 0,
                           .again = job->again.count,
                           .first_again = job->again.first,
                           .first_again_at = (int64_t) job->again.value,
                           .refused = job->refused,
                           .refused_id = job->newest.id,
                           .refused_by = job->newest.party,
                           .twice = job->twice,
                           .clock_held = station->hold.held,
                           .clock_jumped = station->hold.jumped };
    struct timers_trouble trouble = timers_trouble (station);
    facts.undone = trouble.count;
    facts.undone_why = trouble.why;
    for (size_t i = 0; i < job->count; i++) {
        struct link_facts link = link_facts (station, &job->links[i]);
        if (job->links[i].up) {
            facts.has_parent = true;
            facts.parent = link;
        } else if (!link.open && link.lag > 0 && now - link.oldest > ADVISE_CHILD_MS) {
            facts.children_behind++;
            facts.child_behind = facts.child_behind != NULL ? facts.child_behind : link.name;
        }
    }
    return facts;
}

static void put_advices (struct pack_out *out, const struct advices *advices)
{
    pack_put_text (out, "advices");
    pack_put_array (out, advices->count);
    for (size_t i = 0; i < advices->count; i++) {
        pack_put_map (out, 2);
        put_uint (out, "level", advices->at[i].level);
        put_text (out, "text", advices->at[i].text);
    }
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

/* Who is to have a copy of what this party reports. */
static void put_sector_certs (struct pack_out *out, const struct credential *me,
                              const struct policy *policy)
{
    struct labels certs = { .count = 0 };
    for (size_t i = 0; i < me->sectors.count && policy != NULL; i++) {
        struct span cert = policy_sector_cert (policy, me->sectors.at[i]);
        if (cert.size > 0 && !span_equal (cert, me->name) && !labels_have (&certs, cert))
            certs.at[certs.count++] = cert;
    }
    pack_put_text (out, "sector_certs");
    fields_put_list (out, certs.at, certs.count);
}

static void status_done (struct job *base, struct station *station)
{
    struct status_job *job = (struct status_job *) base;
    const struct credential *me = &station->me->credential;
    const struct policy *policy = directory_policy_now (station->directory);
    const struct head *head = directory_head_now (station->directory);
    bool parent = job->count > 0 && job->links[0].up;
    int64_t now = clock_utc ();
    struct facts facts = facts_of (station, job, now);
    struct advices advices;
    struct pack_out out;
    char root[CODE_TEXT];
    hash_code (&directory_root_file (station->directory)->st.hash, root);
    advise (&facts, &advices);
    pack_init (&out);
    pack_put_map (&out, parent ? 25 : 24);
    put_text (&out, "advice", advices.count > 0 ? advices.at[0].text : "");
    put_advices (&out, &advices);
    size_t children = put_children (&out, station, job, now);
    put_uint (&out, "children_count", children);
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
    pack_put_text (&out, "frozen");
    pack_put_array (&out, job->frozen.count);
    pack_put_raw (&out, pack_result (&job->frozen_names));
    pack_free (&job->frozen_names);
    put_uint (&out, "head", (uint64_t) station->head);
    put_uint (&out, "level", advices.count > 0 ? advices.at[0].level : 0);
    pack_put_text (&out, "listen");
    pack_put_array (&out, station->bound_count);
    for (size_t i = 0; i < station->bound_count; i++)
        pack_put_text (&out, station->bound[i]);
    put_int (&out, "now", now);
    put_bool (&out, "ok", true);
    if (parent) {
        pack_put_text (&out, "parent");
        put_link (&out, station, &job->links[0]);
    }
    put_span (&out, "party", me->name);
    put_uint (&out, "pid", (uint64_t) getpid ());
    put_uint (&out, "policy", policy != NULL ? policy->version : 0);
    pack_put_text (&out, "quarantine");
    pack_put_map (&out, 3);
    put_uint (&out, "bytes", job->bytes);
    put_uint (&out, "count", job->kept);
    put_uint (&out, "dropped", job->dropped);
    put_span (&out, "role", me->role);
    put_text (&out, "root", root);
    put_sector_certs (&out, me, policy);
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
    struct status_job *job =
        job_new (sizeof *job + count * sizeof job->links[0], status_run, status_done);
    job->asker = q->asker;
    job->station = station;
    job->count = link_view_all (station, job->links);
    pack_init (&job->frozen_names);
    store_submit (station->store, &job->job);
}
