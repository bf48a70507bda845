/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/store.h"

#include "broker/casework/timers.h"
#include "broker/fault.h"
#include "broker/index.h"
#include "broker/take.h"
#include "bus/edge/log.h"
#include "bus/edge/zone.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Records that are indexed at a time: a few ms, for which a job may have to wait. */
#define INDEX_SLICE 512
/* Nobody asked for anything for so long: now is a good time. */
#define IDLE_US 20000
/* Under load the index has one part in so many of the time, and half of it when it is this far
 * behind. */
#define INDEX_PART   50
#define INDEX_BEHIND INT64_C (1000000)
/* A full disk is tried again after this long. */
#define INDEX_AGAIN_US INT64_C (5000000)

struct job_list {
    struct job *first, **end;
};

struct store_thread {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct job_list waiting, finished;
    bool stop;
    bool full;           /* this turn's transaction ran out of space */
    int64_t index_at;    /* us, steady: under load not before then */
    int64_t index_again; /* there was no space for it: not before then */
    int fd;
};

static int64_t now_us (void)
{
    struct timespec t;
    if (clock_gettime (CLOCK_MONOTONIC, &t) != 0)
        abort ();
    return (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void list_clear (struct job_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void list_add (struct job_list *list, struct job *job)
{
    job->next = NULL;
    *list->end = job;
    list->end = &job->next;
}

/* Moves all of `from` behind `to`. */
static void list_move (struct job_list *to, struct job_list *from)
{
    if (from->first == NULL)
        return;
    *to->end = from->first;
    to->end = from->end;
    list_clear (from);
}

void *job_new (size_t size, void (*run) (struct job *job, struct store *store),
               void (*done) (struct job *job, struct station *station))
{
    struct job *job = calloc (1, size);
    if (job == NULL)
        abort ();
    job->run = run;
    job->done = done;
    return job;
}

bool store_ok (struct store *self, enum journal_result result)
{
    if (result == JOURNAL_OK)
        return true;
    if (result == JOURNAL_FULL)
        self->thread->full = true;
    if (result == JOURNAL_BROKEN) {
        /* Nothing may be acknowledged after a failed write or fsync: what the
         * disk holds is known only to a process that reads it anew. */
        log_error ("the journal failed: %s; leaving, to recover from disk",
                   journal_error (self->journal));
        _exit (EXIT_FAILURE);
    }
    return false;
}

uint8_t *store_message (struct store *self, int64_t position, struct record *record,
                        struct envelope *e)
{
    if (!store_ok (self, journal_at (self->journal, position, record)) ||
        record->envelope.size == 0)
        return NULL;
    uint8_t *copy = malloc (record->envelope.size);
    if (copy == NULL)
        abort ();
    memcpy (copy, record->envelope.data, record->envelope.size);
    record->envelope.data = copy;
    record->from = span_of ("");
    if (envelope_parse (e, record->envelope) == CB_OK)
        return copy;
    free (copy);
    return NULL;
}

bool store_full (const struct store *self)
{
    return self->thread->full;
}

static void run_writers (struct store *self, struct job_list *jobs)
{
    self->thread->full = false;
    bool any = false;
    for (struct job *job = jobs->first; job != NULL; job = job->next) {
        if (!job->writes)
            continue;
        if (!any)
            any = store_ok (self, journal_begin (self->journal));
        if (any && !self->thread->full)
            job->run (job, self);
    }
    if (!any)
        return;
    if (self->thread->full)
        journal_rollback (self->journal);
    else {
        FAULT_HERE (BEFORE_COMMIT);
        store_ok (self, journal_commit (self->journal));
        FAULT_HERE (AFTER_COMMIT);
    }
    if (self->thread->full) {
        marks_forget (self->marks);
        casework_forget (self);
        for (struct job *job = jobs->first; job != NULL; job = job->next)
            job->full = job->writes;
    }
    timers_tell (self);
}

/* Moves the index by one slice when it is at least so far behind; false: nothing is left, or
 * there is no space for it. */
static bool index_some (struct store *self, int64_t least)
{
    struct store_thread *thread = self->thread;
    int64_t begun = now_us ();
    int64_t behind = journal_head (self->journal) - index_cursor (self->journal);
    if (behind < least || begun < thread->index_again)
        return false;
    thread->full = false;
    if (store_ok (self, journal_begin (self->journal)) &&
        store_ok (self, index_step (self->journal, self->me, INDEX_SLICE)))
        store_ok (self, journal_commit (self->journal));
    int64_t now = now_us (), part = INDEX_BEHIND / behind;
    thread->index_at = now + (now - begun) * (part < INDEX_PART ? part : INDEX_PART);
    if (thread->full) {
        journal_rollback (self->journal);
        thread->index_again = now + INDEX_AGAIN_US;
    }
    return !thread->full && behind > INDEX_SLICE;
}

/* Waits for a job, or, when there may be something to index, for a moment without one. */
static void wait_for_work (struct store_thread *thread, bool behind)
{
    struct timespec until;
    int64_t end = now_us () + IDLE_US;
    until.tv_sec = end / 1000000;
    until.tv_nsec = end % 1000000 * 1000;
    while (thread->waiting.first == NULL && !thread->stop) {
        if (!behind)
            pthread_cond_wait (&thread->work, &thread->lock);
        else if (pthread_cond_timedwait (&thread->work, &thread->lock, &until) != 0)
            return;
    }
}

static bool store_wanted (struct store_thread *thread)
{
    pthread_mutex_lock (&thread->lock);
    bool wanted = thread->waiting.first != NULL || thread->stop;
    pthread_mutex_unlock (&thread->lock);
    return wanted;
}

static void *store_main (void *arg)
{
    struct store *self = arg;
    struct store_thread *thread = self->thread;
    bool behind = true;
    for (;;) {
        struct job_list jobs;
        list_clear (&jobs);
        pthread_mutex_lock (&thread->lock);
        wait_for_work (thread, behind);
        bool stop = thread->stop && thread->waiting.first == NULL;
        list_move (&jobs, &thread->waiting);
        pthread_mutex_unlock (&thread->lock);
        if (stop)
            return NULL;
        if (jobs.first == NULL) {
            /* Idle, until somebody comes. */
            do {
                behind = index_some (self, 1);
            } while (behind && !store_wanted (thread));
            continue;
        }
        behind = true;

        run_writers (self, &jobs);
        for (struct job *job = jobs.first; job != NULL; job = job->next)
            if (!job->writes)
                job->run (job, self);

        pthread_mutex_lock (&thread->lock);
        list_move (&thread->finished, &jobs);
        pthread_mutex_unlock (&thread->lock);
        eventfd_write (thread->fd, 1);
        if (now_us () >= thread->index_at)
            index_some (self, INDEX_SLICE);
    }
}

struct store *store_start (struct journal *journal, const struct credential *me)
{
    struct store *self = calloc (1, sizeof *self);
    struct store_thread *thread = calloc (1, sizeof *thread);
    if (self == NULL || thread == NULL)
        abort ();
    self->thread = thread;
    self->journal = journal;
    self->marks = marks_new ();
    self->me = me;
    span_text (me->name, self->self, sizeof self->self);
    for (unsigned lane = 0; lane < CB_LANE_END; lane++)
        self->readers[lane] = journal_reader_new (journal, lane, 0);
    self->timers_moved = true;
    timers_tell (self);
    list_clear (&thread->waiting);
    list_clear (&thread->finished);
    pthread_mutex_init (&thread->lock, NULL);
    pthread_condattr_t steady;
    pthread_condattr_init (&steady);
    pthread_condattr_setclock (&steady, CLOCK_MONOTONIC);
    pthread_cond_init (&thread->work, &steady);
    pthread_condattr_destroy (&steady);
    thread->fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (thread->fd < 0)
        goto no_fd;
    if (pthread_create (&thread->thread, NULL, store_main, self) != 0)
        goto no_thread;
    return self;

no_thread:
    close (thread->fd);
no_fd:
    for (unsigned lane = 0; lane < CB_LANE_END; lane++)
        journal_reader_free (&self->readers[lane]);
    marks_free (&self->marks);
    free (thread);
    free (self);
    return NULL;
}

void store_stop (struct store **self_p, struct station *station)
{
    struct store *self = *self_p;
    if (self == NULL)
        return;
    pthread_mutex_lock (&self->thread->lock);
    self->thread->stop = true;
    pthread_cond_signal (&self->thread->work);
    pthread_mutex_unlock (&self->thread->lock);
    pthread_join (self->thread->thread, NULL);
    store_done (self, station);
    for (unsigned lane = 0; lane < CB_LANE_END; lane++)
        journal_reader_free (&self->readers[lane]);
    journal_close (&self->journal);
    marks_free (&self->marks);
    casework_free (self);
    zone_close (&self->zone);
    close (self->thread->fd);
    pthread_cond_destroy (&self->thread->work);
    pthread_mutex_destroy (&self->thread->lock);
    free (self->thread);
    free (self);
    *self_p = NULL;
}

void store_submit (struct store *self, struct job *job)
{
    pthread_mutex_lock (&self->thread->lock);
    list_add (&self->thread->waiting, job);
    pthread_cond_signal (&self->thread->work);
    pthread_mutex_unlock (&self->thread->lock);
}

int store_fd (const struct store *self)
{
    return self->thread->fd;
}

size_t store_done (struct store *self, struct station *station)
{
    struct job_list jobs;
    eventfd_t ignored;
    list_clear (&jobs);
    eventfd_read (self->thread->fd, &ignored);
    pthread_mutex_lock (&self->thread->lock);
    list_move (&jobs, &self->thread->finished);
    pthread_mutex_unlock (&self->thread->lock);
    size_t count = 0;
    for (struct job *job = jobs.first, *next; job != NULL; job = next, count++) {
        next = job->next;
        job->done (job, station);
    }
    return count;
}
