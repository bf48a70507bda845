/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_walk.h"

#include "broker/local_own.h"
#include "broker/standing.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

/* Nothing is stored meanwhile. One record may cost a millisecond, when much replaces it. */
#define SLICE_MS 3
/* One answer stays under the frame's limit. */
#define ANSWER_BYTES (LOCAL_FRAME_MAX - ENVELOPE_MAX - 65536)
/* More of them than this, and each record is looked at instead; wanted or not: what is in
 * quarantine has kinds and origins of anybody's choice. */
#define STREAMS_MAX 4096
#define LOOKED_MAX  16384
/* So few records are looked at sooner than streams are found. */
#define NEAR 256
/* The wall clock may have been set back by so much, and records are in the order of storing. */
#define CLOCK_BACK INT64_C (3600000)

/* --- What is wanted ------------------------------------------------------------------------ */

static bool named (char (*names)[KIND_MAX + 1], size_t count, struct span kind)
{
    for (size_t i = 0; i < count; i++)
        if (span_is (kind, names[i]))
            return true;
    return false;
}

static bool wanted_kind (struct walk_filter *f, struct span kind, unsigned severity)
{
    return (f->kind_count == 0 || named (f->kinds, f->kind_count, kind)) &&
           !named (f->except, f->except_count, kind) &&
           (f->severities == 0 || (f->severities & 1U << severity) != 0);
}

static bool wanted_origin (const struct walk *self, struct span origin)
{
    if (self->f.from[0] == '\0')
        return true;
    return self->from.type == TERM_SUBTREE ? party_within (origin, self->from.name)
                                           : span_equal (origin, self->from.name);
}

/* Whether anything but the position decides; then streams help. */
static bool filters (const struct walk_filter *f)
{
    return f->here || f->quarantine || f->kind_count > 0 || f->except_count > 0 ||
           f->severities != 0 || f->from[0] != '\0';
}

/* Whose turn it is to have the message; returns how many. */
static size_t put_waits (struct pack_out *out, const struct walk *self, struct store *store,
                         const struct record *record, const struct envelope *e)
{
    size_t count = 0;
    for (size_t i = 0; i < self->link_count && record->lane < CB_PRECEDENCES; i++) {
        const struct link_view *link = &self->links[i];
        if (record->position <= link_view_acked (link, store, record->lane) ||
            !link_view_crosses (link, e, self->station))
            continue;
        pack_put_str (out, link->entry->credential.name);
        count++;
    }
    return count;
}

/* Puts it among the answers when it is wanted. */
static void judge (struct walk *self, struct store *store, const struct record *record)
{
    struct walk_filter *f = &self->f;
    struct envelope e;
    struct standing standing = { .position = 0 };
    struct pack_out waits;
    struct record again = *record;
    if (f->quarantine != (record->lane == JOURNAL_QUARANTINE) || record->taken < f->since ||
        (f->quarantine && record->envelope.size == 0)) /* it has left */
        return;
    bool whole = record->envelope.size > 0 && envelope_parse (&e, record->envelope) == CB_OK;
    if (!whole) {
        /* Nobody can say what it is: it may be shown as refused. */
        bool any = f->kind_count == 0 && f->severities == 0 && f->from[0] == '\0' && !f->waiting &&
                   (f->quarantine || (!f->here && f->except_count == 0));
        if (any)
            put_record (&self->records, record, self->station, NULL);
        self->count += any;
        return;
    }
    if ((f->here && !index_here (&e, &self->station->me->credential)) ||
        !wanted_kind (f, e.kind, index_severity (e.body)) || !wanted_origin (self, e.id.origin))
        return;
    pack_init (&waits);
    struct record_extra extra = { .standing = &standing };
    if (f->waiting) {
        extra.wait_count = put_waits (&waits, self, store, record, &e);
        extra.waits = &waits;
    }
    if (!f->waiting || extra.wait_count > 0) {
        struct refusal refusal;
        bool own = span_is (e.id.origin, store->self);
        if (!f->quarantine)
            standing_find (store->journal, &e.id, &standing);
        e.id.origin = span_of (store->self); /* of an own one; the journal's buffer is reused */
        if (own && !f->quarantine && refusals_find (store, &e.id, &refusal))
            extra.refused = &refusal;
        if ((standing.position == 0 && extra.refused == NULL) ||
            store_ok (store, journal_at (store->journal, record->position, &again))) {
            put_record (&self->records, &again, self->station, &extra);
            self->count++;
        }
    }
    pack_free (&waits);
}

/* True: enough. */
static bool take (struct walk *self, struct store *store, const struct record *record)
{
    self->at = self->next = record->position;
    if (self->f.back && record->taken < self->f.since - CLOCK_BACK) {
        self->phase = WALK_END;
        self->next = 1; /* nothing before it is wanted */
        return true;
    }
    judge (self, store, record);
    if (self->count >= self->f.limit || pack_result (&self->records).size > ANSWER_BYTES) {
        self->phase = WALK_END;
        return true;
    }
    return false;
}

/* --- Streams ------------------------------------------------------------------------------- */

static bool wanted_class (const struct walk_filter *f, unsigned class)
{
    return f->quarantine ? class == INDEX_REFUSED
           : f->here     ? class == INDEX_HERE
                         : class != INDEX_REFUSED;
}

static bool wanted_stream (struct walk *self, const struct index_parts *parts)
{
    struct walk_filter *f = &self->f;
    return wanted_class (f, parts->class) && wanted_kind (f, parts->kind, parts->severity);
}

/* Under which keys the streams stand; false: no more of them. */
static bool root_key (struct walk *self, struct key *key)
{
    if (self->f.from[0] == '\0') {
        while (self->root <= INDEX_REFUSED && !wanted_class (&self->f, self->root))
            self->root++;
        key_begin (key, TABLE_LISTED);
        key_u8 (key, self->root);
        return self->root <= INDEX_REFUSED;
    }
    key_begin (key, TABLE_ORIGINS);
    if (self->root == 0) {
        key_text (key, self->from.name);
        return true;
    }
    key_bytes (key, self->from.name);
    key_bytes (key, span_of ("."));
    return self->root == 1 && self->from.type == TERM_SUBTREE;
}

static void move_stream (const struct walk *self, struct store *store, struct index_stream *stream)
{
    if (self->f.back)
        index_stream_before (store->journal, stream,
                             self->at <= self->indexed ? self->at : self->indexed + 1);
    else
        index_stream_after (store->journal, stream, self->at);
}

static void add_stream (struct walk *self, struct store *store, const struct index_stream *stream)
{
    if (self->stream_count == self->stream_room) {
        self->stream_room = self->stream_room > 0 ? 2 * self->stream_room : 32;
        self->streams = realloc (self->streams, self->stream_room * sizeof *stream);
        if (self->streams == NULL)
            abort ();
    }
    struct index_stream *added = &self->streams[self->stream_count++];
    *added = *stream;
    move_stream (self, store, added);
}

/* One of them. */
static void find_stream (struct walk *self, struct store *store)
{
    struct key root;
    struct index_stream stream;
    struct index_parts parts;
    if (!root_key (self, &root)) {
        self->phase = WALK_MERGE;
    } else if (self->stream_count == STREAMS_MAX || self->looked++ == LOOKED_MAX) {
        self->stream_count = 0;
        self->indexed = 0;
        self->phase = WALK_LOG;
    } else if (!index_next_stream (store->journal, &root, &self->found, &stream, &parts)) {
        self->root++;
        self->found.size = 0;
    } else if (wanted_stream (self, &parts))
        add_stream (self, store, &stream);
}

/* The next record of all streams. */
static void merge (struct walk *self, struct store *store)
{
    bool back = self->f.back;
    struct index_stream *first = NULL;
    struct record record;
    for (size_t i = 0; i < self->stream_count; i++) {
        struct index_stream *stream = &self->streams[i];
        if (first == NULL || (back ? stream->at > first->at : stream->at < first->at))
            first = stream;
    }
    if (first == NULL || (back ? first->at <= 0 : first->at > self->indexed)) {
        /* Upwards the log goes on where the streams end. */
        self->phase = back ? WALK_END : WALK_LOG;
        if (!back)
            self->at = self->indexed;
        self->next = back ? 1 : self->indexed;
        return;
    }
    int64_t position = first->at;
    if (store_ok (store, journal_at (store->journal, position, &record)) &&
        take (self, store, &record))
        return;
    self->at = position;
    move_stream (self, store, first);
}

/* --- The log ------------------------------------------------------------------------------- */

/* Position by position, down to the index, or through the quarantine. */
static void step_log (struct walk *self, struct store *store)
{
    struct record record;
    bool back = self->f.back;
    int64_t at = self->at + (back ? -1 : 1);
    if (back && at <= self->indexed && self->indexed > 0) {
        self->phase = WALK_STREAMS;
    } else if (at < 1 || at > self->head) {
        self->phase = WALK_END;
        self->next = !back ? self->at : self->head > 0;
    } else if (!store_ok (store, journal_at (store->journal, at, &record)) ||
               !take (self, store, &record))
        self->at = self->next = at;
}

/* Upwards without the quarantine: as links read. */
static void read_on (struct walk *self, struct store *store, int64_t until)
{
    struct journal_reader *reader = store->readers[CB_LANE_RECOVERY]; /* all lanes */
    struct record record;
    journal_reader_seek (reader, self->at);
    while (clock_steady () < until) {
        if (!store_ok (store, journal_next (reader, &record))) {
            if (self->next < self->head)
                self->next = self->head;
            self->phase = WALK_END;
            return;
        }
        if (take (self, store, &record))
            return;
    }
}

/* The last record that was taken well before the time, as far as the clock went forward. */
static int64_t before_time (struct store *store, int64_t time, int64_t head)
{
    int64_t low = 0, high = head + 1;
    struct record record;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (!store_ok (store, journal_at (store->journal, middle, &record)) || record.taken < time)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Everything up to there is on disk at every neighbour that it is for. */
static int64_t all_acked (const struct walk *self, struct store *store)
{
    int64_t least = self->head;
    for (size_t i = 0; i < self->link_count; i++)
        for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++) {
            int64_t acked = link_view_acked (&self->links[i], store, lane);
            least = acked < least ? acked : least;
        }
    return least;
}

static void begin (struct walk *self, struct store *store)
{
    struct walk_filter *f = &self->f;
    self->head = journal_head (store->journal);
    self->indexed = filters (f) ? index_cursor (store->journal) : 0;
    if (f->waiting)
        self->indexed = 0;
    self->at = f->back && (f->after == 0 || f->after > self->head) ? self->head + 1 : f->after;
    if (!f->back && f->since > 0) {
        int64_t from = before_time (store, f->since - CLOCK_BACK, self->head);
        self->at = self->at < from ? from : self->at;
    }
    self->next = self->at;
    self->phase = !f->back && self->at < self->indexed - NEAR ? WALK_STREAMS : WALK_LOG;
}

/* Only what lies above the neighbours' cursors can be waiting. */
static bool skip_acked (struct walk *self, struct store *store)
{
    int64_t acked = all_acked (self, store);
    if (self->f.back && self->at <= acked + 1) {
        self->phase = WALK_END;
        self->next = 1;
    } else if (!self->f.back && self->at < acked)
        self->at = self->next = acked;
    return self->phase == WALK_END;
}

bool walk_slice (struct walk *self, struct store *store)
{
    int64_t until = clock_steady () + SLICE_MS;
    if (self->phase == WALK_BEGIN)
        begin (self, store);
    if (self->f.waiting && self->phase != WALK_END && skip_acked (self, store))
        return true;
    while (self->phase != WALK_END) {
        if (clock_steady () >= until)
            return false;
        switch (self->phase) {
        case WALK_STREAMS: find_stream (self, store); break;
        case WALK_MERGE: merge (self, store); break;
        default:
            if (self->f.back || self->f.quarantine)
                step_log (self, store);
            else {
                read_on (self, store, until);
                return self->phase == WALK_END;
            }
        }
    }
    return true;
}

/* --- Begin and end ------------------------------------------------------------------------- */

void walk_begin (struct walk *self, const struct walk_filter *filter, const struct station *station)
{
    memset (self, 0, sizeof *self);
    self->f = *filter;
    self->station = station;
    if (self->f.from[0] != '\0')
        term_parse (&self->from, span_of (self->f.from));
    if (self->f.waiting) {
        self->links = calloc (link_view_count (station) + 1, sizeof *self->links);
        if (self->links == NULL)
            abort ();
        self->link_count = link_view_all (station, self->links);
    }
    pack_init (&self->records);
}

void walk_end (struct walk *self)
{
    pack_free (&self->records);
    free (self->streams);
    free (self->links);
}
