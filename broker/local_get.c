/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/carrier.h"
#include "broker/link_view.h"
#include "broker/local_find.h"
#include "bus/core/schema.h"

#include <stdlib.h>
#include <string.h>

#define ANSWERS_MAX 500
/* With the answers, what was delivered and the record it stays under the frame's limit. */
#define LINKS_BYTES ((size_t) 96 * 1024)

enum get_what { GET_TYPED, GET_CONTACT, GET_CHECK };

struct get_job {
    struct job job;
    struct asker asker;
    struct station *station; /* only `me` is looked at in the journal's thread */
    enum get_what what;
    char origin[PARTY_MAX + 1];
    struct msg_id id;
    struct hash leaf;      /* GET_CHECK */
    enum cb_reason reason; /* GET_CHECK: judged by the loop */
    struct find find;      /* GET_TYPED */
    bool again;            /* and it is not done */
    bool found;
    struct pack_out out;
    size_t count;
    struct link_view links[];
};

static void put_delivered (struct pack_out *out, struct store *store, const struct msg_id *id)
{
    struct pack_out list;
    struct key prefix;
    struct span key, value;
    struct key after = { .size = 0 };
    size_t count = 0;
    pack_init (&list);
    key_begin (&prefix, TABLE_DELIVERED);
    key_id (&prefix, id);
    while (pack_result (&list).size < LOCAL_FRAME_MAX / 2 &&
           table_next (store->journal, &prefix, &after, &key, &value)) {
        pack_put_map (&list, 2);
        put_span (&list, "party", span_bytes (key.data + prefix.size, key.size - prefix.size - 1));
        put_uint (&list, "time", tail_u64 (value));
        count++;
    }
    pack_put_text (out, "delivered");
    pack_put_array (out, count);
    pack_put_raw (out, pack_result (&list));
    pack_free (&list);
}

/* Puts the id of the message at a position; false when it cannot be read. */
static bool put_id_at (struct pack_out *out, struct store *store, int64_t position)
{
    struct record record;
    struct envelope e;
    if (journal_at (store->journal, position, &record) != JOURNAL_OK || record.envelope.size == 0 ||
        envelope_parse (&e, record.envelope) != CB_OK)
        return false;
    put_ref (out, &e.id);
    return true;
}

static void put_answers (struct pack_out *out, struct store *store, const struct msg_id *id)
{
    struct pack_out list;
    struct key prefix;
    struct span key, value;
    struct key after = { .size = 0 };
    size_t count = 0;
    pack_init (&list);
    key_begin (&prefix, TABLE_ANSWERS);
    key_id (&prefix, id);
    while (count < ANSWERS_MAX && table_next (store->journal, &prefix, &after, &key, &value)) {
        count += put_id_at (&list, store, (int64_t) tail_u64 (key_span (&after)));
    }
    pack_put_text (out, "answers");
    pack_put_array (out, count);
    pack_put_raw (out, pack_result (&list));
    pack_free (&list);
}

/* Where a message has got to on the links here; returns whether it goes up. */
static size_t put_links (struct pack_out *children, const struct get_job *job, struct store *store,
                         const struct envelope *e, int64_t position, int *parent)
{
    size_t count = 0;
    *parent = -1;
    for (size_t i = 0; i < job->count; i++) {
        const struct link_view *link = &job->links[i];
        if (!link_view_crosses (link, e, job->station))
            continue;
        bool acked = link_view_acked (link, store, e->precedence) >= position;
        if (link->up)
            *parent = acked;
        if (link->up || pack_result (children).size > LINKS_BYTES)
            continue;
        pack_put_map (children, 2);
        put_bool (children, "acked", acked);
        put_span (children, "name", link->entry->credential.name);
        count++;
    }
    return count;
}

/* Two pairs of a map, which come one after the other. */
static void put_replaced (struct pack_out *out, const struct standing *standing)
{
    if (standing->position == 0)
        return;
    pack_put_text (out, "replaced");
    put_ref (out, &standing->by);
    pack_put_text (out, "standing");
    standing_pack (out, standing);
}

/* What carried a message here. */
static void put_carried (struct pack_out *out, const struct held *held)
{
    char id[ID_TEXT];
    if (!held->carried)
        return;
    msg_id_text (&held->carrier, id);
    pack_put_text (out, "carried");
    pack_put_map (out, 2);
    pack_put_text (out, "by");
    put_ref (out, &held->carrier);
    put_text (out, "id", id);
}

static void put_life (struct get_job *job, struct store *store, const struct held *held)
{
    const struct record *record = &held->record;
    const struct envelope *e = &held->e;
    struct pack_out *out = &job->out, children;
    int parent = -1;
    size_t child_count = 0;
    pack_init (&children);
    if (record->reason == CB_OK && !held->carried)
        child_count = put_links (&children, job, store, e, record->position, &parent);
    struct standing standing = { .position = 0 };
    struct refusal refusal;
    if (record->reason == CB_OK)
        standing_find (store->journal, &e->id, &standing);
    bool refused = record->reason == CB_OK && refusals_find (store, &e->id, &refusal);
    bool replaced = standing.position > 0;
    pack_put_map (out, 6 + held->carried + (parent >= 0) + 2 * replaced);
    put_answers (out, store, &e->id);
    put_carried (out, held);
    pack_put_text (out, "children");
    pack_put_array (out, child_count);
    pack_put_raw (out, pack_result (&children));
    put_delivered (out, store, &e->id);
    put_bool (out, "ok", true);
    if (parent >= 0) {
        pack_put_text (out, "parent");
        pack_put_map (out, 1);
        put_bool (out, "acked", parent != 0);
    }
    pack_put_text (out, "record");
    /* The reads above reused the journal's buffer. */
    struct record again;
    if (!store_ok (store, journal_at (store->journal, record->position, &again)))
        again = *record;
    again.envelope = record->envelope;
    again.leaf = record->leaf;
    struct record_extra extra = { .standing = &standing, .refused = refused ? &refusal : NULL };
    put_record (out, &again, job->station, &extra);
    pack_put_text (out, "ref");
    put_ref (out, &e->id);
    put_replaced (out, &standing);
    pack_free (&children);
}

static int64_t find_contact (struct store *store, const char *party)
{
    struct key key;
    key_begin (&key, TABLE_CONTACTS);
    key_text (&key, span_of (party));
    return (int64_t) table_get_u64 (store->journal, &key, 0);
}

static void put_contact (struct get_job *job, const struct envelope *e)
{
    char id[ID_TEXT];
    msg_id_text (&e->id, id);
    pack_put_map (&job->out, 3);
    pack_put_text (&job->out, "contact");
    pack_put_raw (&job->out, e->body);
    put_text (&job->out, "id", id);
    put_bool (&job->out, "ok", true);
}

static void put_check (struct get_job *job, struct store *store, const struct record *record)
{
    bool held = job->found && hash_equal (&record->leaf, &job->leaf);
    /* Only who signed both has said two things under one number. */
    bool two = job->found && !held && job->reason == CB_OK;
    struct standing standing = { .position = 0 };
    if (held)
        standing_find (store->journal, &job->id, &standing);
    pack_put_map (&job->out, 4 + 2 * (standing.position > 0));
    put_text (&job->out, "detail", two ? "another message here has the same number" : "");
    put_bool (&job->out, "held", held);
    put_bool (&job->out, "ok", true);
    put_uint (&job->out, "reason", two ? CB_EQUIVOCATION : job->reason);
    put_replaced (&job->out, &standing);
    job->found = true;
}

void find_refuse (struct pack_out *out, const struct find *find, struct store *store)
{
    bool several = find->meant.count > 0;
    const struct found *found = several ? &find->meant : &find->guessed;
    struct pack_out list, words, detail;
    pack_init (&list);
    pack_init (&words);
    pack_init (&detail);
    find_pack (&list, store, found, &words);
    bool any = pack_result (&words).size > 0;
    pack_put_raw (&detail, span_of (several ? "several messages here are meant by \""
                                            : "no message here is meant by \""));
    pack_put_raw (&detail, span_of (find->typed));
    pack_put_raw (&detail, span_of (several ? "\": " : any ? "\"; did you mean " : "\""));
    pack_put_raw (&detail, pack_result (&words));
    pack_put_raw (&detail,
                  span_of (several && found->count > FIND_MAX ? ", and more; say more of it"
                           : several                          ? "; say more of it"
                           : any                              ? "?"
                                                              : ""));
    pack_put_map (out, 4);
    pack_put_text (out, "candidates");
    pack_put_raw (out, pack_result (&list));
    put_span (out, "detail", pack_result (&detail));
    put_bool (out, "ok", false);
    put_text (out, "reason", several ? "ambiguous" : "not-found");
    pack_free (&list);
    pack_free (&words);
    pack_free (&detail);
}

/* Of what is no longer kept its hash is. */
static void look_up_check (struct get_job *job, struct store *store)
{
    struct held held = { .bytes = NULL };
    int64_t position = take_find (store->journal, &job->id, false);
    job->found = position > 0
                     ? journal_at (store->journal, position, &held.record) == JOURNAL_OK
                     : held_at (store, carrier_find (store->journal, &job->id, false), true, &held);
    put_check (job, store, &held.record);
    held_free (&held);
}

static void get_run (struct job *base, struct store *store)
{
    struct get_job *job = (struct get_job *) base;
    struct held held;
    int64_t position = 0;
    switch (job->what) {
    case GET_TYPED:
        job->again = !find_slice (&job->find, store);
        if (job->again)
            return;
        position = job->find.meant.at[0];
        break;
    case GET_CHECK: break;
    case GET_CONTACT: position = find_contact (store, job->origin); break;
    }
    if (job->what == GET_TYPED && job->find.meant.count != 1) {
        pack_init (&job->out);
        find_refuse (&job->out, &job->find, store);
        job->found = true;
        return;
    }
    pack_init (&job->out);
    if (job->what == GET_CHECK) {
        look_up_check (job, store);
        return;
    }
    job->found = held_at (store, position, job->find.carried, &held);
    if (job->found && job->what == GET_CONTACT)
        put_contact (job, &held.e);
    else if (job->found)
        put_life (job, store, &held);
    held_free (&held);
}

static void get_done (struct job *base, struct station *station)
{
    struct get_job *job = (struct get_job *) base;
    if (job->again && !station->stopping) {
        store_submit (station->store, base);
        return;
    }
    if (job->again)
        answer_refuse (&job->asker, "away", "the broker is leaving");
    else if (job->found)
        answer_send (&job->asker, &job->out);
    else
        answer_refuse (&job->asker, "not-found", "no such message here");
    pack_free (&job->out);
    free (job);
}

static struct get_job *get_start (const struct question *q, enum get_what what)
{
    struct station *station = q->station;
    size_t count = link_view_count (station);
    struct get_job *job = job_new (sizeof *job + count * sizeof job->links[0], get_run, get_done);
    job->asker = q->asker;
    job->station = station;
    job->what = what;
    job->count = link_view_all (station, job->links);
    return job;
}

void local_get (const struct question *q)
{
    struct get_job *job = get_start (q, GET_TYPED);
    if (find_begin (&job->find, ask_text (q, "id"), q->station)) {
        store_submit (q->station->store, &job->job);
        return;
    }
    answer_refuse (&q->asker, "usage",
                   "this names no message: an id is pk.sindh/1-3, a number NCERT-2026-013, a code "
                   "XXXX-XXXX-XXXX-XXXX");
    free (job);
}

void local_contact (const struct question *q)
{
    struct get_job *job = get_start (q, GET_CONTACT);
    struct span party = ask_text (q, "party");
    if (party.size == 0)
        party = party_parent (station_name (q->station));
    span_text (party, job->origin, sizeof job->origin);
    store_submit (q->station->store, &job->job);
}

/* Whether it is what its origin signed, and whether that still counts. */
static enum cb_reason judge_now (struct station *station, const struct envelope *e)
{
    const struct entry *entry = directory_by_hash (station->directory, e->credential);
    struct hash root;
    size_t worked = 0;
    if (entry == NULL)
        return CB_UNKNOWN_CREDENTIAL;
    if (!span_equal (entry->credential.name, e->id.origin))
        return CB_WRONG_ORIGIN;
    if (!merkle_climb (&e->leaf, e->tree_size, e->tree_index, e->path, e->path_count, &root))
        return CB_BAD_PROOF;
    if (!proof_cached (station->cache, CB_PURPOSE_MESSAGE, e->credential, e->tree_size, &root,
                       entry->credential.sign_key, e->sig, &worked))
        return CB_BAD_SIGNATURE;
    return entry->revoked ? CB_REVOKED : CB_OK;
}

void local_check (const struct question *q)
{
    struct envelope e;
    enum cb_reason form = envelope_parse (&e, ask_bin (q, "envelope"));
    if (form != CB_OK) {
        answer_reason (&q->asker, form, "this is no message");
        return;
    }
    struct get_job *job = get_start (q, GET_CHECK);
    job->reason = judge_now (q->station, &e);
    span_text (e.id.origin, job->origin, sizeof job->origin);
    job->id = e.id;
    job->id.origin = span_of (job->origin);
    job->leaf = e.leaf;
    store_submit (q->station->store, &job->job);
}
