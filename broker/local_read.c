/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/local_walk.h"
#include "bus/core/schema.h"
#include "bus/edge/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* Questions that wait at a time; one more is answered at once, with nothing. */
#define WAITING_MAX 256
#define LIMIT_MAX   1000
#define WAIT_MAX    30000
/* Who asks for what is nowhere is told how far it has been looked for. */
#define ANSWER_MS 1000
/* A named reader is its holder's for so long after the last word from it. */
#define HOLD_MS         60000
#define READER_NAME_MAX 64

struct read_question {
    struct asker asker;
    struct walk_filter filter;
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
    struct read_question q;
    struct walk walk;
    int64_t begun; /* steady ms */
    bool more;     /* of the walk is left */
    bool looked;   /* the reader's name was looked up */
    bool unknown;  /* and is new */
};

static void reader_key (struct key *key, const char *name)
{
    key_begin (key, TABLE_READERS);
    key_text (key, span_of (name));
}

/* A named reader goes on where it was; false: it is a new one. */
static bool find_reader (struct local_read_job *job, struct store *store)
{
    struct key key;
    reader_key (&key, job->q.reader);
    int64_t at = (int64_t) table_get_u64 (store->journal, &key, UINT64_MAX);
    if (at > job->walk.f.after)
        job->walk.f.after = at;
    return at >= 0;
}

static void local_read_run (struct job *base, struct store *store)
{
    struct local_read_job *job = (struct local_read_job *) base;
    if (job->q.reader[0] != '\0' && !job->looked) {
        job->looked = true;
        job->unknown = !find_reader (job, store);
        if (job->unknown)
            return;
    }
    job->more = !walk_slice (&job->walk, store);
}

static void submit (struct station *station, const struct read_question *q);
static void begin_reader (struct station *station, const struct read_question *q);

static void wait_for_more (struct station *station, const struct local_read_job *job)
{
    struct waiting *waiting = calloc (1, sizeof *waiting);
    if (waiting == NULL)
        abort ();
    waiting->q = job->q;
    waiting->q.filter.after = job->walk.next; /* nothing before it was wanted */
    waiting->next = station->local->waiting;
    station->local->waiting = waiting;
    station->local->waiting_count++;
    station->local->open -= job->q.asker.weight;
}

static void answer_read (const struct local_read_job *job)
{
    const struct walk *walk = &job->walk;
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 4);
    put_uint (&out, "head", (uint64_t) walk->head);
    put_uint (&out, "next", (uint64_t) walk->next);
    put_bool (&out, "ok", true);
    pack_put_text (&out, "records");
    pack_put_array (&out, walk->count);
    pack_put_raw (&out, pack_result (&walk->records));
    answer_send (&job->q.asker, &out);
    pack_free (&out);
}

static void local_read_done (struct job *base, struct station *station)
{
    struct local_read_job *job = (struct local_read_job *) base;
    int64_t now = clock_steady ();
    bool waits = job->walk.count == 0 && job->q.deadline > now && !station->stopping &&
                 station->local != NULL;
    bool goes_on = job->more && !station->stopping && (waits || now - job->begun < ANSWER_MS);
    if (goes_on) {
        store_submit (station->store, base);
        return;
    }
    if (job->unknown && station->stopping)
        answer_refuse (&job->q.asker, "away", "the broker is leaving");
    else if (job->unknown)
        begin_reader (station, &job->q);
    else if (waits && station->local->waiting_count < WAITING_MAX)
        wait_for_more (station, job);
    else
        answer_read (job);
    walk_end (&job->walk);
    free (job);
}

static void submit (struct station *station, const struct read_question *q)
{
    struct local_read_job *job = job_new (sizeof *job, local_read_run, local_read_done);
    job->q = *q;
    job->begun = clock_steady ();
    walk_begin (&job->walk, &q->filter, station);
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
    int64_t since; /* ms UTC */
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

static void refuse_held (const struct question *q, const struct holder *holder)
{
    char who[160];
    struct pack_out out;
    snprintf (who, sizeof who, "\"%s\" is held by pid %u of uid %u", holder->name, holder->pid,
              holder->uid);
    pack_init (&out);
    pack_put_map (&out, 4);
    put_text (&out, "detail", who);
    pack_put_text (&out, "holder");
    pack_put_map (&out, 3);
    put_uint (&out, "pid", holder->pid);
    put_int (&out, "since", holder->since);
    put_uint (&out, "uid", holder->uid);
    put_bool (&out, "ok", false);
    put_text (&out, "reason", "held");
    answer_send (&q->asker, &out);
    pack_free (&out);
}

/* Whether this client holds the name now; says who does if not. */
static bool hold (const struct question *q, const char *name)
{
    struct local *local = q->station->local;
    struct holder *holder;
    int64_t now = clock_steady ();
    HASH_FIND_STR (local->holders, name, holder);
    if (holder != NULL && holder->until > now && !same_client (holder, q) && alive (holder)) {
        refuse_held (q, holder);
        return false;
    }
    if (holder == NULL) {
        holder = calloc (1, sizeof *holder);
        if (holder == NULL)
            abort ();
        snprintf (holder->name, sizeof holder->name, "%s", name);
        HASH_ADD_STR (local->holders, name, holder);
    }
    if (holder->pid != q->pid || holder->until <= now)
        holder->since = clock_utc ();
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

static bool read_names (const struct question *q, const char *key, char (*names)[KIND_MAX + 1],
                        size_t *count)
{
    struct span given[WALK_KINDS];
    *count = ask_texts (q, key, given, WALK_KINDS);
    if (*count == (size_t) -1)
        return false;
    for (size_t i = 0; i < *count; i++)
        span_text (given[i], names[i], KIND_MAX + 1);
    return true;
}

static bool read_severities (const struct question *q, unsigned *severities)
{
    struct span given[INDEX_SEVERITY_OTHER];
    size_t count = ask_texts (q, "severities", given, INDEX_SEVERITY_OTHER);
    *severities = 0;
    for (size_t i = 0; count != (size_t) -1 && i < count; i++) {
        unsigned number = index_severity_number (given[i]);
        if (number == INDEX_SEVERITY_OTHER)
            return false;
        *severities |= 1U << number;
    }
    return count != (size_t) -1;
}

static bool read_from (const struct question *q, char from[TERM_MAX + 1])
{
    struct term term;
    struct span given = ask_text (q, "from");
    span_text (given, from, TERM_MAX + 1);
    return given.size == 0 || (term_parse (&term, given) && term.type != TERM_SECTOR);
}

/* What is wrong with it; NULL: nothing. */
static const char *read_filter (const struct question *q, struct walk_filter *f)
{
    int64_t limit = ask_int (q, "limit", 100);
    f->after = ask_int (q, "after", 0);
    f->since = ask_int (q, "since", 0);
    f->here = ask_bool (q, "here");
    f->quarantine = ask_bool (q, "quarantine");
    f->back = ask_bool (q, "back");
    f->waiting = ask_bool (q, "waiting");
    f->limit = (size_t) limit;
    if (f->after < 0 || f->since < 0 || limit < 1 || limit > LIMIT_MAX)
        return "after, since or limit is out of its range";
    if (!read_names (q, "kinds", f->kinds, &f->kind_count) ||
        !read_names (q, "except", f->except, &f->except_count))
        return "kinds or except is no array of at most 16 kinds";
    if (!read_severities (q, &f->severities))
        return "severities are S1, S2, S3, S4, S5 and undetermined";
    return NULL;
}

static bool read_question (const struct question *q, struct read_question *out)
{
    memset (out, 0, sizeof *out);
    out->asker = q->asker;
    int64_t wait = ask_int (q, "wait", 0);
    const char *wrong = read_filter (q, &out->filter);
    if (wrong == NULL && (wait < 0 || wait > WAIT_MAX))
        wrong = "wait is out of its range";
    if (wrong != NULL)
        answer_refuse (&q->asker, "usage", wrong);
    out->deadline = wait > 0 ? clock_steady () + wait : 0;
    return wrong == NULL;
}

void local_read (const struct question *q)
{
    struct read_question read;
    if (!read_question (q, &read))
        return;
    if (read_from (q, read.filter.from))
        submit (q->station, &read);
    else
        answer_refuse (&q->asker, "usage", "from is a party (pk.sindh) or a subtree (pk.sindh.**)");
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
    read.filter.here = true;
    read.filter.after = 0; /* its cursor says from where */
    read.filter.back = read.filter.quarantine = false;
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
    struct begin_job *job = job_new (sizeof *job, begin_run, begin_done);
    job->job.writes = true;
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
    struct taken_job *job = job_new (sizeof *job, taken_run, taken_done);
    job->job.writes = true;
    job->asker = q->asker;
    job->position = position;
    memcpy (job->name, name, sizeof job->name);
    store_submit (q->station->store, &job->job);
}
