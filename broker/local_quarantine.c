/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/peer.h"
#include "broker/quarantine.h"
#include "broker/take.h"
#include "bus/core/schema.h"
#include "bus/core/when.h"
#include "bus/edge/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX   1000
#define LIST_BYTES (LOCAL_FRAME_MAX / 2)
#define FROM_BYTES ((size_t) 256 * 1024) /* of the counts per neighbour */
#define SLICE_MS   3                     /* nothing is stored meanwhile */

/* --- quarantine: what is kept, oldest first ------------------------------------------------ */

struct list_job {
    struct job job;
    struct asker asker;
    int64_t next;
    size_t limit, count, from_count;
    uint64_t kept, bytes, dropped;
    bool more, counted;
    bool again; /* it is not done */
    struct pack_out records, from;
};

static const char *told_origin (struct journal *journal, int64_t position, unsigned told)
{
    if (told & TOLD_ORIGIN_OWED)
        return quarantine_owed (journal, position) ? "waits" : "yes";
    return told & TOLD_UNKNOWN ? "unknown" : "no";
}

static const char *told_neighbour (unsigned told)
{
    return told & TOLD_NEIGHBOUR ? "yes" : told & TOLD_UNKNOWN ? "unknown" : "no";
}

/* What it says of itself: nobody may have said it. */
static void put_claims (struct pack_out *out, const struct envelope *e, const char *id)
{
    put_text (out, "id", id);
    put_span (out, "kind", e != NULL ? e->kind : span_of (""));
    put_span (out, "origin", e != NULL ? e->id.origin : span_of (""));
}

/* The map of one row; 11 keys. */
static void put_row (struct pack_out *out, struct journal *journal, const struct record *record)
{
    struct quarantined row;
    struct envelope e;
    char detail[SCHEMA_WHERE], id[ID_TEXT] = "";
    bool whole = envelope_parse (&e, record->envelope) == CB_OK;
    if (whole)
        msg_id_text (&e.id, id);
    /* First all that borrows from the record, which the tables leave alone. */
    pack_put_map (out, 11);
    put_uint (out, "bytes", record->envelope.size);
    if (!quarantine_find (journal, record->position, &row))
        row = (struct quarantined){ 0 };
    span_text (row.detail, detail, sizeof detail);
    put_text (out, "detail", detail);
    put_span (out, "from", record->from);
    put_claims (out, whole ? &e : NULL, id);
    put_uint (out, "position", (uint64_t) record->position);
    put_uint (out, "reason", record->reason);
    put_int (out, "taken", record->taken);
    put_text (out, "told_neighbour", told_neighbour (row.told));
    put_text (out, "told_origin", told_origin (journal, record->position, row.told));
}

static void list_counts (struct list_job *job, struct journal *journal)
{
    struct key prefix;
    struct key after = { .size = 0 };
    struct span key, value;
    struct quarantine_count count;
    key_begin (&prefix, TABLE_QUARANTINED);
    while (table_next (journal, &prefix, &after, &key, &value)) {
        if (!quarantine_count_read (value, &count))
            continue;
        job->kept += count.kept;
        job->bytes += count.bytes;
        job->dropped += count.dropped;
        if (count.kept + count.dropped == 0 || pack_result (&job->from).size > FROM_BYTES)
            continue;
        pack_put_map (&job->from, 4);
        put_uint (&job->from, "bytes", count.bytes);
        put_uint (&job->from, "count", count.kept);
        put_uint (&job->from, "dropped", count.dropped);
        put_span (&job->from, "party", span_bytes (after.bytes + 1, after.size - 2));
        job->from_count++;
    }
}

static void list_run (struct job *base, struct store *store)
{
    struct list_job *job = (struct list_job *) base;
    struct key prefix, after;
    struct span key, value;
    struct record record;
    int64_t until = clock_steady () + SLICE_MS;
    key_begin (&prefix, TABLE_KEPT);
    after = prefix;
    key_u64 (&after, (uint64_t) job->next);
    if (!job->counted)
        list_counts (job, store->journal);
    job->counted = true;
    for (job->again = false; !job->again; job->again = clock_steady () >= until) {
        if (!table_next (store->journal, &prefix, &after, &key, &value))
            return;
        job->more = job->count >= job->limit || pack_result (&job->records).size > LIST_BYTES;
        if (job->more)
            return;
        job->next = (int64_t) tail_u64 (key_span (&after));
        if (!store_ok (store, journal_at (store->journal, job->next, &record)))
            continue;
        put_row (&job->records, store->journal, &record);
        job->count++;
    }
}

static void list_done (struct job *base, struct station *station)
{
    struct list_job *job = (struct list_job *) base;
    struct pack_out out;
    if (job->again && !station->stopping) {
        store_submit (station->store, base);
        return;
    }
    pack_init (&out);
    pack_put_map (&out, 8);
    put_uint (&out, "bytes", job->bytes);
    put_uint (&out, "count", job->kept);
    put_uint (&out, "dropped", job->dropped);
    pack_put_text (&out, "from");
    pack_put_array (&out, job->from_count);
    pack_put_raw (&out, pack_result (&job->from));
    put_bool (&out, "more", job->more || job->again);
    put_int (&out, "next", job->next);
    put_bool (&out, "ok", true);
    pack_put_text (&out, "records");
    pack_put_array (&out, job->count);
    pack_put_raw (&out, pack_result (&job->records));
    answer_send (&job->asker, &out);
    pack_free (&out);
    pack_free (&job->records);
    pack_free (&job->from);
    free (job);
}

void local_quarantine (const struct question *q)
{
    int64_t after = ask_int (q, "after", 0), limit = ask_int (q, "limit", LIST_MAX);
    if (after < 0 || limit < 1 || limit > LIST_MAX) {
        answer_refuse (&q->asker, "usage", "after: a position; limit: 1 to 1000");
        return;
    }
    struct list_job *job = job_new (sizeof *job, list_run, list_done);
    job->asker = q->asker;
    job->next = after;
    job->limit = (size_t) limit;
    pack_init (&job->records);
    pack_init (&job->from);
    store_submit (q->station->store, &job->job);
}

/* --- refused, release, discard: one of them ------------------------------------------------ */

enum what { LOOK, RELEASE, DISCARD };

/* Read in the journal's thread, judged in the loop, and stored in the journal's thread: the way
 * of every message, with the quarantine in the place of a link. */
struct one_job {
    struct job job;
    struct asker asker;
    enum what what;
    uint32_t uid;
    int64_t position;
    char why[LEFT_WHY_MAX + 1];

    bool found;
    char left[LEFT_WHY_MAX + 160]; /* how it left, when it is not there */
    uint8_t *bytes;                /* its envelope; owned */
    size_t size;
    char from[PARTY_MAX + 1];
    struct pack_out row;
    struct intake_batch batch;
    struct item item;
    char id[ID_TEXT];
    bool tight; /* out: the disk is nearly full */
};

static void one_free (struct one_job *job)
{
    item_clear (&job->item);
    pack_free (&job->row);
    free (job->bytes);
    free (job);
}

static void say_left (struct one_job *job, struct journal *journal)
{
    struct left left;
    if (!quarantine_left (journal, job->position, &left)) {
        snprintf (job->left, sizeof job->left, "nothing is in quarantine at position %" PRId64,
                  job->position);
        return;
    }
    char when[WHEN_TEXT], by[40] = "", now[48] = "";
    when_text (left.when - left.when % 1000, when);
    if (left.how != LEFT_AGED)
        snprintf (by, sizeof by, " by uid %u", left.uid);
    if (left.position > 0)
        snprintf (now, sizeof now, "; it is at position %" PRId64, left.position);
    snprintf (job->left, sizeof job->left, "position %" PRId64 " was %s at %s%s%s%s%.*s",
              job->position, left_text (left.how), when, by, now, left.why.size > 0 ? ": " : "",
              SPAN_ARG (left.why));
}

/* The first step. */
static void one_read (struct job *base, struct store *store)
{
    struct one_job *job = (struct one_job *) base;
    struct quarantined row;
    struct record record;
    job->found = quarantine_find (store->journal, job->position, &row) &&
                 store_ok (store, journal_at (store->journal, job->position, &record));
    if (!job->found) {
        say_left (job, store->journal);
        return;
    }
    job->bytes = malloc (record.envelope.size + 1);
    if (job->bytes == NULL)
        abort ();
    memcpy (job->bytes, record.envelope.data, record.envelope.size);
    job->size = record.envelope.size;
    span_text (record.from, job->from, sizeof job->from);
    put_row (&job->row, store->journal, &record);
}

/* Judges it as what came from there is judged now. */
static void judge (struct one_job *job, struct station *station)
{
    struct envelope e;
    struct verdict verdict = { 0 };
    struct span from = span_of (job->from), self = station_name (station);
    struct span bytes = span_bytes (job->bytes, job->size);
    verdict.reason = envelope_parse (&e, bytes);
    if (verdict.reason != CB_OK) {
        job->item = (struct item){ .envelope = bytes,
                                   .leaf = hash_leaf (bytes),
                                   .lane = CB_LANE_RECOVERY,
                                   .reason = verdict.reason };
    } else {
        enum side side = from.size == 0                           ? SIDE_SELF
                         : span_equal (party_parent (from), self) ? SIDE_CHILD
                                                                  : SIDE_PARENT;
        bool back = from.size > 0 && span_equal (e.id.origin, self);
        enum judging what = back ? JUDGE_RECOVERY : job->what == LOOK ? JUDGE_LOOK : JUDGE_DATA;
        station_judge (station, &e, side, from.size > 0 ? from : self, what, &verdict);
        if (job->what == RELEASE)
            station_learn (station, &e, &verdict);
        item_from (&job->item, &e, &verdict);
        msg_id_text (&e.id, job->id);
    }
    const struct policy *policy = directory_policy_now (station->directory);
    job->item.again = job->position;
    job->batch = (struct intake_batch){ .from = span_of (job->from),
                                        .policy = policy != NULL ? policy->version : 0,
                                        .now = clock_utc () };
}

/* The second step. */
static void one_look (struct job *base, struct store *store)
{
    struct one_job *job = (struct one_job *) base;
    int64_t position;
    if (job->item.reason == CB_OK)
        job->item.reason = take_look (store, &job->item, &position);
}

static void one_take (struct job *base, struct store *store)
{
    struct one_job *job = (struct one_job *) base;
    struct quarantined row;
    uint64_t available, used;
    journal_space (store->journal, &available, &used);
    job->tight = available < store->reserve && !job->item.urgent;
    job->found = quarantine_find (store->journal, job->position, &row);
    if (job->tight || !job->found) {
        say_left (job, store->journal);
        return;
    }
    take_item (store, &job->batch, &job->item);
    take_flush (store);
    bool stored = job->item.outcome == TAKEN_STORED;
    if (store_full (store) || (!stored && job->item.outcome != TAKEN_REPEAT))
        return;
    struct left left = { .how = stored ? LEFT_RELEASED : LEFT_HELD,
                         .when = job->batch.now,
                         .uid = job->uid,
                         .position = job->item.position };
    quarantine_leave (store, job->position, &left);
}

static void one_discard (struct job *base, struct store *store)
{
    struct one_job *job = (struct one_job *) base;
    struct left left = {
        .how = LEFT_DISCARDED, .when = job->batch.now, .uid = job->uid, .why = span_of (job->why)
    };
    job->found = quarantine_leave (store, job->position, &left);
    if (!job->found && !store_full (store))
        say_left (job, store->journal);
}

/* --- Answers ------------------------------------------------------------------------------- */

static const char *detail_of (const struct item *item)
{
    return item->detail != NULL ? item->detail : "";
}

static void answer_look (struct one_job *job)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 4);
    pack_put_text (&out, "envelope");
    pack_put_bin (&out, span_bytes (job->bytes, job->size));
    pack_put_text (&out, "now");
    pack_put_map (&out, 2);
    put_text (&out, "detail", detail_of (&job->item));
    put_uint (&out, "reason", job->item.reason);
    put_bool (&out, "ok", true);
    pack_put_text (&out, "refused");
    pack_put_raw (&out, pack_result (&job->row));
    answer_send (&job->asker, &out);
    pack_free (&out);
}

static void answer_release (const struct one_job *job)
{
    struct pack_out out;
    bool taken = job->item.outcome == TAKEN_STORED || job->item.outcome == TAKEN_REPEAT;
    pack_init (&out);
    pack_put_map (&out, 6);
    put_text (&out, "detail", detail_of (&job->item));
    put_text (&out, "id", job->id);
    put_bool (&out, "ok", true);
    put_uint (&out, "position", taken ? (uint64_t) job->item.position : 0);
    put_uint (&out, "reason", taken ? CB_OK : job->item.reason);
    put_bool (&out, "repeat", job->item.outcome == TAKEN_REPEAT);
    answer_send (&job->asker, &out);
    pack_free (&out);
}

static void answer_discard (const struct one_job *job)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 2);
    put_bool (&out, "ok", true);
    put_int (&out, "position", job->position);
    answer_send (&job->asker, &out);
    pack_free (&out);
}

/* What follows a message that was stored, or one that shows that its origin equivocates. */
static void follow (struct one_job *job, struct station *station)
{
    struct item *item = &job->item;
    if (item->outcome == TAKEN_STORED)
        station_stored (station, item);
    if (item->outcome == TAKEN_REFUSED && item->reason == CB_EQUIVOCATION)
        directory_freeze (station->directory, item->id.origin, true);
    if (!station->stopping)
        debts_pay (station, item);
}

static void one_done (struct job *base, struct station *station)
{
    struct one_job *job = (struct one_job *) base;
    if (job->job.full || job->tight) {
        answer_reason (&job->asker, CB_DISK_FULL, "");
    } else if (!job->found) {
        answer_refuse (&job->asker, "not-found", job->left);
    } else if (job->what == LOOK) {
        answer_look (job);
    } else if (job->what == DISCARD) {
        log_notice ("position %" PRId64 " was discarded from quarantine by uid %u%s%s",
                    job->position, job->uid, job->why[0] != '\0' ? ": " : "", job->why);
        answer_discard (job);
    } else {
        follow (job, station);
        if (job->item.outcome != TAKEN_REFUSED)
            log_notice ("%s (position %" PRId64 ") was released from quarantine by uid %u", job->id,
                        job->position, job->uid);
        answer_release (job);
    }
    one_free (job);
}

static void one_judged (struct job *base, struct station *station)
{
    struct one_job *job = (struct one_job *) base;
    if (station->stopping) {
        answer_refuse (&job->asker, "away", "the broker is leaving");
        one_free (job);
        return;
    }
    if (!job->found) {
        answer_refuse (&job->asker, "not-found", job->left);
        one_free (job);
        return;
    }
    judge (job, station);
    job->job.writes = job->what == RELEASE;
    job->job.run = job->what == RELEASE ? one_take : one_look;
    job->job.done = one_done;
    store_submit (station->store, &job->job);
}

static void one_start (const struct question *q, enum what what)
{
    struct span why = ask_text (q, "why");
    int64_t position = ask_int (q, "position", 0);
    if (position < 1) {
        answer_refuse (&q->asker, "usage", "position: that of a message in quarantine");
        return;
    }
    if (why.size > LEFT_WHY_MAX) {
        answer_refuse (&q->asker, "usage", "why: at most 256 bytes");
        return;
    }
    bool discard = what == DISCARD;
    struct one_job *job =
        job_new (sizeof *job, discard ? one_discard : one_read, discard ? one_done : one_judged);
    job->asker = q->asker;
    job->what = what;
    job->uid = q->uid;
    job->position = position;
    job->batch.now = clock_utc ();
    span_text (why, job->why, sizeof job->why);
    pack_init (&job->row);
    job->job.writes = discard;
    store_submit (q->station->store, &job->job);
}

void local_refused (const struct question *q)
{
    one_start (q, LOOK);
}

void local_release (const struct question *q)
{
    one_start (q, RELEASE);
}

void local_discard (const struct question *q)
{
    one_start (q, DISCARD);
}
