/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ask.h"

#include "broker/casework/sightings.h"
#include "broker/heard.h"
#include "broker/link_view.h"
#include "broker/tables.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* What the journal knows of a question, looked up by one job. */
struct known {
    enum question_kind question;
    const struct station *station; /* for the job only `me`, which does not change */
    size_t link_count;             /* presence: children in the audience */
    struct link_view *links;
    char party[PARTY_MAX + 1]; /* contact: whose */
    uint8_t *contact;          /* out; its message, owned; NULL: none */
    struct span contact_bytes;
    struct hash pattern;     /* seen */
    struct sighted *sighted; /* out; owned */
    size_t sighted_count;
    bool more, has_key;
    uint8_t key[KEY_SIZE];
};

struct known_job {
    struct job job;
    struct hash request;
    struct known known;
};

/* --- In the journal's thread --------------------------------------------------------------- */

static void look_up_contact (struct store *store, struct known *known)
{
    struct record record;
    struct envelope e;
    struct key key;
    key_begin (&key, TABLE_CONTACTS);
    key_text (&key, span_of (known->party));
    int64_t position = (int64_t) table_get_u64 (store->journal, &key, 0);
    if (position == 0)
        return;
    known->contact = store_message (store, position, &record, &e);
    known->contact_bytes = record.envelope;
}

static void look_run (struct job *base, struct store *store)
{
    struct known *known = &((struct known_job *) base)->known;
    switch (known->question) {
    case QUESTION_PRESENCE:
        link_view_lag (known->links, known->link_count, store, known->station);
        break;
    case QUESTION_SEEN:
        known->sighted = sightings_of (store, &known->pattern, CB_MODE_LIVE, SIGHTED_MAX,
                                       &known->sighted_count, &known->more);
        known->has_key = sightings_key (store, known->key);
        break;
    case QUESTION_CONTACT: look_up_contact (store, known); break;
    case QUESTION_END: break;
    }
}

static void look_done (struct job *base, struct station *station)
{
    struct known_job *job = (struct known_job *) base;
    ask_known (station, &job->request, &job->known);
    free (job->known.links);
    free (job->known.contact);
    free (job->known.sighted);
    free (job);
}

static void look_at_links (struct known *known, struct station *station,
                           const struct request *request)
{
    known->links = calloc (link_view_count (station) + 1, sizeof *known->links);
    if (known->links == NULL)
        abort ();
    for (struct peer *peer = station->children; peer != NULL; peer = peer->hh.next)
        if (request_meets (request, span_of (peer->name), NULL))
            link_view_of (&known->links[known->link_count++], peer);
}

void ask_look (struct station *station, const struct request *request)
{
    struct known_job *job = job_new (sizeof *job, look_run, look_done);
    struct known *known = &job->known;
    struct span pattern = body_bytes (request->arguments, "hash");
    job->request = request->st.hash;
    known->question = question_number (request->question);
    known->station = station;
    if (known->question == QUESTION_PRESENCE)
        look_at_links (known, station, request);
    if (known->question == QUESTION_CONTACT)
        span_text (request->audience[0].name, known->party, sizeof known->party);
    if (known->question == QUESTION_SEEN)
        memcpy (known->pattern.bytes, pattern.data, HASH_SIZE);
    store_submit (station->store, &job->job);
}

/* --- In the loop --------------------------------------------------------------------------- */

static void add_links (const struct known *known, struct station *station, struct answers *answers)
{
    for (size_t i = 0; i < known->link_count; i++) {
        const struct link_view *link = &known->links[i];
        const struct peer *peer = peer_of_child (station, &link->entry->credential);
        struct presence presence = { .name = span_of (link->name),
                                     .lag = link->lag,
                                     .more = link->more,
                                     .software = span_of ("") };
        if (peer != NULL) {
            presence.open = peer->state == LINK_OPEN;
            presence.since = peer->since;
            presence.heard = heard_last (peer);
            presence.software = span_of (peer->software);
        }
        answers_presence (answers, &presence);
    }
}

/* What is not for everybody goes to whom its origin has addressed. */
static void add_contact (const struct known *known, const struct station *station,
                         struct answers *answers)
{
    struct envelope e;
    struct span party = span_of (known->party);
    if (known->contact == NULL ||
        !contact_good (station->directory, known->contact_bytes, party, &e))
        return;
    bool own = span_equal (party, station_name (station));
    if (own || e.tlp <= CB_TLP_GREEN ||
        route_here (e.audience, e.audience_count, answers->request->party, NULL))
        answers_contact (answers, &e, station_name (station));
}

/* Own tags, and whose they are. */
struct tagged {
    UT_hash_handle hh;
    uint8_t tag[TAG_SIZE];
    struct span name; /* of the directory */
};

struct tagging {
    const uint8_t *key;
    struct tagged *all;
};

static bool tag_visit (const struct entry *entry, void *arg)
{
    struct tagging *tagging = arg;
    struct tagged *one = calloc (1, sizeof *one);
    if (one == NULL)
        abort ();
    one->name = entry->credential.name;
    sightings_tag (tagging->key, one->name, one->tag);
    HASH_ADD (hh, tagging->all, tag, TAG_SIZE, one);
    return true;
}

static void tagging_free (struct tagging *tagging)
{
    struct tagged *one, *next;
    HASH_ITER (hh, tagging->all, one, next)
    {
        HASH_DEL (tagging->all, one);
        free (one);
    }
}

/* Whom a row is about, as far as this station knows; else the broker that said it. */
static struct span about (const struct known *known, const struct station *station,
                          const struct sighted *row, struct tagging *tagging)
{
    static const uint8_t itself[TAG_SIZE];
    struct tagged *one = NULL;
    if (row->party[0] != '\0')
        return span_of (row->party);
    if (!span_is (station_name (station), row->origin) || !known->has_key ||
        memcmp (row->tag, itself, TAG_SIZE) == 0)
        return span_of (row->origin);
    if (tagging->all == NULL) {
        tagging->key = known->key;
        directory_each (station->directory, station_name (station), tag_visit, tagging);
    }
    HASH_FIND (hh, tagging->all, row->tag, TAG_SIZE, one);
    return one != NULL ? one->name : span_of (row->origin);
}

/* The child of this party in whose subtree another one lies; this party for itself. */
static struct span side_of (const struct station *station, struct span name)
{
    struct span self = station_name (station);
    while (party_depth (name) > party_depth (self) + 1)
        name = party_parent (name);
    return party_within (name, self) ? name : span_bytes (NULL, 0);
}

static void add_sighted (const struct known *known, const struct station *station,
                         struct answers *answers)
{
    struct tagging tagging = { .all = NULL };
    for (size_t i = 0; i < known->sighted_count; i++) {
        const struct sighted *row = &known->sighted[i];
        struct span who = about (known, station, row, &tagging), side = side_of (station, who);
        struct seen seen = { .count = 1, .last = row->last, .least = known->more };
        if (side.size == 0 || !request_meets (answers->request, who, NULL))
            continue;
        if (row->party[0] != '\0')
            seen_name (&seen, span_of (row->party));
        answers_seen (answers, side, &seen);
    }
    tagging_free (&tagging);
}

void known_add (const struct known *known, struct station *station, struct answers *answers)
{
    switch (known->question) {
    case QUESTION_PRESENCE: add_links (known, station, answers); break;
    case QUESTION_SEEN: add_sighted (known, station, answers); break;
    case QUESTION_CONTACT: add_contact (known, station, answers); break;
    case QUESTION_END: break;
    }
}
