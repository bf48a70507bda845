/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/index.h"
#include "bus/core/schema.h"
#include "bus/edge/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define KINDS_MAX 16
/* Questions that wait at a time; one more is answered at once, with nothing. */
#define WAITING_MAX 256
#define LIMIT_MAX   1000
#define WAIT_MAX    30000
/* One answer looks at no more records than this and stays under the frame's limit. */
#define SCAN_MAX     20000
#define ANSWER_BYTES (LOCAL_FRAME_MAX - ENVELOPE_MAX - 65536)
/* A named reader is its holder's for so long after the last word from it. */
#define HOLD_MS         60000
#define READER_NAME_MAX 64

struct read_question {
    struct asker asker;
    int64_t after;
    size_t limit;
    bool here, quarantine, back;
    size_t kind_count;
    char kinds[KINDS_MAX][KIND_MAX + 1];
    char reader[READER_NAME_MAX + 1]; /* "": not a named one */
    bool from_now;
    int64_t deadline; /* steady ms; 0: does not wait */
};

struct waiting {
    struct waiting *next;
    struct read_question q;
};

struct local_read_job {
    struct job job;
    const struct station *station; /* only `me`, which does not change */
    struct read_question q;
    int64_t next, head;
    bool more;    /* the journal goes on where this look at it ended */
    bool unknown; /* the reader's name is new */
    size_t count;
    struct pack_out records;
};

static bool wanted (const struct local_read_job *job, const struct record *record)
{
    const struct read_question *q = &job->q;
    struct envelope e;
    if (q->quarantine != (record->lane == JOURNAL_QUARANTINE))
        return false;
    if (q->kind_count == 0 && !q->here)
        return true;
    if (record->envelope.size == 0 || envelope_parse (&e, record->envelope) != CB_OK)
        return q->kind_count == 0 && q->quarantine;
    if (q->here && !index_here (&e, &job->station->me->credential))
        return false;
    for (size_t i = 0; i < q->kind_count; i++)
        if (span_is (e.kind, q->kinds[i]))
            return true;
    return q->kind_count == 0;
}

/* True: enough. */
static bool take (struct local_read_job *job, const struct record *record)
{
    job->next = record->position;
    if (!wanted (job, record))
        return false;
    put_record (&job->records, record, job->station);
    job->count++;
    return job->count >= job->q.limit || pack_result (&job->records).size > ANSWER_BYTES;
}

static void read_up (struct local_read_job *job, struct store *store)
{
    struct journal_reader *reader = store->readers[CB_LANE_RECOVERY]; /* all lanes */
    struct record record;
    journal_reader_seek (reader, job->q.after);
    for (int i = 0; i < SCAN_MAX; i++)
        if (!store_ok (store, journal_next (reader, &record)) || take (job, &record))
            return;
    job->more = true;
}

/* Position by position: downwards, and through the quarantine. */
static void read_each (struct local_read_job *job, struct store *store)
{
    struct record record;
    int64_t at = job->q.after;
    if (job->q.back && at == 0)
        at = job->head + 1;
    for (int i = 0; i < SCAN_MAX; i++) {
        at += job->q.back ? -1 : 1;
        if (at < 1 || at > job->head)
            return;
        if (store_ok (store, journal_at (store->journal, at, &record)) && take (job, &record))
            return;
        job->next = at;
    }
    job->more = true;
}

static void reader_key (struct key *key, const char *name)
{
    key_begin (key, TABLE_READERS);
    key_text (key, span_of (name));
}

static void local_read_run (struct job *base, struct store *store)
{
    struct local_read_job *job = (struct local_read_job *) base;
    job->head = journal_head (store->journal);
    if (job->q.reader[0] != '\0') {
        struct key key;
        reader_key (&key, job->q.reader);
        int64_t at = (int64_t) table_get_u64 (store->journal, &key, UINT64_MAX);
        job->unknown = at < 0;
        if (job->unknown)
            return;
        if (job->q.after < at)
            job->q.after = at;
    }
    job->next = job->q.after;
    pack_init (&job->records);
    if (job->q.back || job->q.quarantine)
        read_each (job, store);
    else
        read_up (job, store);
}

static void submit (struct station *station, const struct read_question *q);
static void begin_reader (struct station *station, const struct read_question *q);

static void wait_for_more (struct station *station, const struct local_read_job *job)
{
    struct waiting *waiting = calloc (1, sizeof *waiting);
    if (waiting == NULL)
        abort ();
    waiting->q = job->q;
    waiting->q.after = job->next; /* nothing before it was wanted */
    waiting->next = station->local->waiting;
    station->local->waiting = waiting;
    station->local->waiting_count++;
    station->local->open -= job->q.asker.weight;
}

static void local_read_done (struct job *base, struct station *station)
{
    struct local_read_job *job = (struct local_read_job *) base;
    bool waits = job->count == 0 && job->q.deadline > clock_steady () && !station->stopping &&
                 station->local != NULL && station->local->waiting_count < WAITING_MAX;
    if (job->unknown && station->stopping) {
        answer_refuse (&job->q.asker, "away", "the broker is leaving");
    } else if (job->unknown) {
        begin_reader (station, &job->q);
    } else if (waits && job->more) {
        job->q.after = job->next;
        submit (station, &job->q);
    } else if (waits) {
        wait_for_more (station, job);
    } else {
        struct pack_out out;
        pack_init (&out);
        pack_put_map (&out, 4);
        put_uint (&out, "head", (uint64_t) job->head);
        put_uint (&out, "next", (uint64_t) job->next);
        put_bool (&out, "ok", true);
        pack_put_text (&out, "records");
        pack_put_array (&out, job->count);
        pack_put_raw (&out, pack_result (&job->records));
        answer_send (&job->q.asker, &out);
        pack_free (&out);
    }
    pack_free (&job->records);
    free (job);
}

static void submit (struct station *station, const struct read_question *q)
{
    struct local_read_job *job = calloc (1, sizeof *job);
    if (job == NULL)
        abort ();
    job->job.run = local_read_run;
    job->job.done = local_read_done;
    job->station = station;
    job->q = *q;
    store_submit (station->store, &job->job);
}

static void wait_no_more (struct station *station, struct waiting *waiting)
{
    station->local->waiting_count--;
    station->local->open += waiting->q.asker.weight;
    submit (station, &waiting->q);
    free (waiting);
}

void waiting_wake (struct station *station)
{
    struct waiting *all = station->local->waiting;
    station->local->waiting = NULL;
    for (struct waiting *next; all != NULL; all = next) {
        next = all->next;
        wait_no_more (station, all);
    }
}

/* --- Named readers ------------------------------------------------------------------------- */

struct holder {
    UT_hash_handle hh;
    char name[READER_NAME_MAX + 1];
    struct wire_route route;
    uint32_t uid, pid;
    int64_t until; /* steady ms */
};

/* One program, even if it has connected anew. A pid of 0 is one that cannot be seen here. */
static bool same_client (const struct holder *holder, const struct question *q)
{
    return wire_route_equal (&holder->route, &q->asker.route) ||
           (holder->pid != 0 && holder->pid == q->pid);
}

/* A program that was killed does not say that it is done. */
static bool alive (const struct holder *holder)
{
    return kill ((pid_t) holder->pid, 0) == 0 || errno != ESRCH;
}

/* Whether this client holds the name now; says who does if not. */
static bool hold (const struct question *q, const char *name)
{
    struct local *local = q->station->local;
    struct holder *holder;
    int64_t now = clock_steady ();
    HASH_FIND_STR (local->holders, name, holder);
    if (holder != NULL && holder->until > now && !same_client (holder, q) && alive (holder)) {
        char who[160];
        snprintf (who, sizeof who, "\"%s\" is held by pid %u of uid %u", name, holder->pid,
                  holder->uid);
        answer_refuse (&q->asker, "held", who);
        return false;
    }
    if (holder == NULL) {
        holder = calloc (1, sizeof *holder);
        if (holder == NULL)
            abort ();
        snprintf (holder->name, sizeof holder->name, "%s", name);
        HASH_ADD_STR (local->holders, name, holder);
    }
    holder->route = q->asker.route;
    holder->uid = q->uid;
    holder->pid = q->pid;
    holder->until = now + HOLD_MS;
    return true;
}

void waiting_tick (struct station *station, int64_t now)
{
    struct waiting **at = &station->local->waiting;
    while (*at != NULL) {
        struct waiting *waiting = *at;
        if (waiting->q.deadline > now) {
            at = &waiting->next;
            continue;
        }
        *at = waiting->next;
        waiting->q.deadline = 0; /* one last look, then an empty answer */
        wait_no_more (station, waiting);
    }
    struct holder *holder, *next;
    HASH_ITER (hh, station->local->holders, holder, next)
    {
        if (holder->until > now)
            continue;
        HASH_DEL (station->local->holders, holder);
        free (holder);
    }
}

void waiting_free (struct local *local)
{
    while (local->waiting != NULL) {
        struct waiting *next = local->waiting->next;
        free (local->waiting);
        local->waiting = next;
    }
    struct holder *holder, *next;
    HASH_ITER (hh, local->holders, holder, next)
    {
        HASH_DEL (local->holders, holder);
        free (holder);
    }
}

/* --- Operations ---------------------------------------------------------------------------- */

static bool read_question (const struct question *q, struct read_question *out)
{
    struct span kinds[KINDS_MAX];
    memset (out, 0, sizeof *out);
    out->asker = q->asker;
    out->after = ask_int (q, "after", 0);
    int64_t limit = ask_int (q, "limit", 100), wait = ask_int (q, "wait", 0);
    out->here = ask_bool (q, "here");
    out->quarantine = ask_bool (q, "quarantine");
    out->back = ask_bool (q, "back");
    size_t count = ask_texts (q, "kinds", kinds, KINDS_MAX);
    if (out->after < 0 || limit < 1 || limit > LIMIT_MAX || wait < 0 || wait > WAIT_MAX ||
        count == (size_t) -1) {
        answer_refuse (&q->asker, "usage", "after, limit, wait or kinds is out of its range");
        return false;
    }
    out->limit = (size_t) limit;
    out->deadline = wait > 0 ? clock_steady () + wait : 0;
    for (size_t i = 0; i < count; i++)
        span_text (kinds[i], out->kinds[i], sizeof out->kinds[i]);
    out->kind_count = count;
    return true;
}

void local_read (const struct question *q)
{
    struct read_question read;
    if (read_question (q, &read))
        submit (q->station, &read);
}

static bool reader_name (const struct question *q, char name[READER_NAME_MAX + 1])
{
    struct span given = ask_text (q, "name");
    span_text (given, name, READER_NAME_MAX + 1);
    if (given.size > 0 && given.size <= READER_NAME_MAX)
        return true;
    answer_refuse (&q->asker, "usage", "a reader's name has 1 to 64 bytes");
    return false;
}

void local_take (const struct question *q)
{
    struct read_question read;
    char name[READER_NAME_MAX + 1];
    if (!reader_name (q, name) || !read_question (q, &read) || !hold (q, name))
        return;
    memcpy (read.reader, name, sizeof read.reader);
    read.here = true;
    read.after = 0; /* its cursor says from where */
    read.back = read.quarantine = false;
    read.from_now = span_is (ask_text (q, "from"), "now");
    submit (q->station, &read);
}

/* Notes where a new name begins, then reads on. Not while it reads: what is written sees what
 * may be rolled back. */
struct begin_job {
    struct job job;
    struct read_question q;
};

static void begin_run (struct job *base, struct store *store)
{
    struct begin_job *job = (struct begin_job *) base;
    struct key key;
    reader_key (&key, job->q.reader);
    uint64_t at = job->q.from_now ? (uint64_t) journal_head (store->journal) : 0;
    if (table_get_u64 (store->journal, &key, UINT64_MAX) == UINT64_MAX)
        store_ok (store, table_put_u64 (store->journal, &key, at));
}

static void begin_done (struct job *base, struct station *station)
{
    struct begin_job *job = (struct begin_job *) base;
    if (job->job.full)
        answer_reason (&job->q.asker, CB_DISK_FULL, "");
    else if (station->stopping)
        answer_refuse (&job->q.asker, "away", "the broker is leaving");
    else
        submit (station, &job->q);
    free (job);
}

static void begin_reader (struct station *station, const struct read_question *q)
{
    struct begin_job *job = calloc (1, sizeof *job);
    if (job == NULL)
        abort ();
    job->job.writes = true;
    job->job.run = begin_run;
    job->job.done = begin_done;
    job->q = *q;
    store_submit (station->store, &job->job);
}

struct taken_job {
    struct job job;
    struct asker asker;
    char name[READER_NAME_MAX + 1];
    int64_t position;
};

static void taken_run (struct job *base, struct store *store)
{
    struct taken_job *job = (struct taken_job *) base;
    struct key key;
    reader_key (&key, job->name);
    store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) job->position));
}

static void taken_done (struct job *base, struct station *station)
{
    (void) station;
    struct taken_job *job = (struct taken_job *) base;
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 1);
    put_bool (&out, "ok", true);
    if (job->job.full)
        answer_reason (&job->asker, CB_DISK_FULL, "");
    else
        answer_send (&job->asker, &out);
    pack_free (&out);
    free (job);
}

void local_taken (const struct question *q)
{
    char name[READER_NAME_MAX + 1];
    int64_t position = ask_int (q, "position", -1);
    if (!reader_name (q, name) || !hold (q, name))
        return;
    if (position < 0 || position > q->station->head) {
        answer_refuse (&q->asker, "usage", "position is not one of this journal");
        return;
    }
    struct taken_job *job = calloc (1, sizeof *job);
    if (job == NULL)
        abort ();
    job->job.writes = true;
    job->job.run = taken_run;
    job->job.done = taken_done;
    job->asker = q->asker;
    job->position = position;
    memcpy (job->name, name, sizeof job->name);
    store_submit (q->station->store, &job->job);
}
