/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/store.h"

#include "broker/fault.h"
#include "broker/take.h"
#include "bus/edge/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct job_list {
    struct job *first, **end;
};

struct store_thread {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct job_list waiting, finished;
    bool stop;
    bool full; /* this turn's transaction ran out of space */
    int fd;
};

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
        for (struct job *job = jobs->first; job != NULL; job = job->next)
            job->full = job->writes;
    }
}

static void *store_main (void *arg)
{
    struct store *self = arg;
    struct store_thread *thread = self->thread;
    for (;;) {
        struct job_list jobs;
        list_clear (&jobs);
        pthread_mutex_lock (&thread->lock);
        while (thread->waiting.first == NULL && !thread->stop)
            pthread_cond_wait (&thread->work, &thread->lock);
        bool stop = thread->stop && thread->waiting.first == NULL;
        list_move (&jobs, &thread->waiting);
        pthread_mutex_unlock (&thread->lock);
        if (stop)
            return NULL;

        run_writers (self, &jobs);
        for (struct job *job = jobs.first; job != NULL; job = job->next)
            if (!job->writes)
                job->run (job, self);

        pthread_mutex_lock (&thread->lock);
        list_move (&thread->finished, &jobs);
        pthread_mutex_unlock (&thread->lock);
        eventfd_write (thread->fd, 1);
    }
}

struct store *store_start (struct journal *journal, struct span self_name)
{
    struct store *self = calloc (1, sizeof *self);
    struct store_thread *thread = calloc (1, sizeof *thread);
    if (self == NULL || thread == NULL)
        abort ();
    self->thread = thread;
    self->journal = journal;
    self->marks = marks_new ();
    span_text (self_name, self->self, sizeof self->self);
    for (unsigned lane = 0; lane < CB_LANE_END; lane++)
        self->readers[lane] = journal_reader_new (journal, lane, 0);
    list_clear (&thread->waiting);
    list_clear (&thread->finished);
    pthread_mutex_init (&thread->lock, NULL);
    pthread_cond_init (&thread->work, NULL);
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
