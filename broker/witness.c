/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local.h"
#include "broker/numbers.h"
#include "bus/edge/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#define WITNESS     "numbers" /* in the home, which is the current folder */
#define LINES_MAX   64        /* series: the oldest makes room */
#define WITNESS_MAX ((size_t) 64 * 1024)

struct under_way {
    int64_t seq, counter; /* counter 0: not of the series */
    struct number_series series;
    char number[NUMBER_MAX + 1];
    struct under_way *next;
};

struct numbers {
    struct under_way *under_way;
    size_t count;
    char lines[LINES_MAX][NUMBER_MAX + 1]; /* the witness */
};

static void take_line (struct numbers *self, struct span line)
{
    if (line.size == 0 || line.size > NUMBER_MAX || line.data[0] == '#' || !span_utf8 (line) ||
        self->count == LINES_MAX)
        return;
    number_upper (line, self->lines[self->count++]);
}

struct numbers *numbers_new (void)
{
    struct numbers *self = calloc (1, sizeof *self);
    struct span bytes;
    char why[512];
    if (self == NULL)
        abort ();
    if (access (WITNESS, F_OK) != 0 && errno == ENOENT)
        return self;
    if (file_read (WITNESS, WITNESS_MAX, &bytes, why, sizeof why) != 0) {
        log_error ("%s: the witness of the numbers that were given is not read", why);
        return self;
    }
    for (size_t from = 0, i = 0; i <= bytes.size; i++)
        if (i == bytes.size || bytes.data[i] == '\n') {
            take_line (self, span_bytes (bytes.data + from, i - from));
            from = i + 1;
        }
    union {
        const uint8_t *read;
        void *owned;
    } data = { .read = bytes.data };
    free (data.owned);
    return self;
}

void numbers_free (struct numbers **self_p)
{
    struct under_way *one, *next;
    if (*self_p == NULL)
        return;
    LL_FOREACH_SAFE ((*self_p)->under_way, one, next)
    free (one);
    free (*self_p);
    *self_p = NULL;
}

bool numbers_series (const struct station *station, unsigned mode, struct number_series *series,
                     char why[NUMBER_WHY])
{
    char usual[NUMBER_TEMPLATE], template[NUMBER_TEMPLATE + sizeof NUMBER_EXERCISE];
    int64_t now = clock_utc ();
    time_t seconds = (time_t) (now / 1000);
    struct tm tm = { .tm_gmtoff = 0 };
    localtime_r (&seconds, &tm);
    number_default (station_name (station), usual);
    snprintf (template, sizeof template, "%s%s", mode == CB_MODE_EXERCISE ? NUMBER_EXERCISE : "",
              station->conf.number[0] != '\0' ? station->conf.number : usual);
    return number_series (series, template, now, tm.tm_gmtoff, why);
}

int64_t numbers_highest (const struct numbers *self, const struct number_series *series)
{
    int64_t highest = 0;
    for (const struct under_way *one = self->under_way; one != NULL; one = one->next) {
        int64_t counter = number_counter (series, span_of (one->number));
        highest = counter > highest ? counter : highest;
    }
    for (size_t i = 0; i < self->count; i++) {
        int64_t counter = number_counter (series, span_of (self->lines[i]));
        highest = counter > highest ? counter : highest;
    }
    return highest;
}

bool numbers_under_way (const struct numbers *self, const char *number)
{
    for (const struct under_way *one = self->under_way; one != NULL; one = one->next)
        if (strcmp (one->number, number) == 0)
            return true;
    return false;
}

void numbers_took (struct station *station, int64_t seq, const char *number,
                   const struct number_series *series)
{
    struct under_way *one = calloc (1, sizeof *one);
    if (one == NULL)
        abort ();
    one->seq = seq;
    one->series = *series;
    number_upper (span_of (number), one->number);
    one->counter = number_counter (series, span_of (number));
    LL_PREPEND (station->numbers->under_way, one);
}

/* --- The witness --------------------------------------------------------------------------- */

/* Whether it changes: a higher number of a series takes the line of the one before. */
static bool remember (struct numbers *self, const struct under_way *one)
{
    for (size_t i = 0; i < self->count; i++) {
        int64_t counter = number_counter (&one->series, span_of (self->lines[i]));
        if (counter >= one->counter)
            return false;
        if (counter > 0) {
            memcpy (self->lines[i], one->number, sizeof one->number);
            return true;
        }
    }
    if (self->count == LINES_MAX)
        memmove (self->lines[0], self->lines[1], --self->count * sizeof self->lines[0]);
    memcpy (self->lines[self->count++], one->number, sizeof one->number);
    return true;
}

struct witness_job {
    struct job job;
    struct asker asker;
    struct originated told;
    size_t size;
    char text[512 + LINES_MAX * (NUMBER_MAX + 1)];
};

static void witness_write (struct job *base, struct store *store)
{
    struct witness_job *job = (struct witness_job *) base;
    char why[512];
    (void) store;
    if (file_write (WITNESS, span_bytes (job->text, job->size), false, true, why, sizeof why) != 0)
        log_error ("%s: a journal that is restored alone may give a number twice", why);
}

static void witness_done (struct job *base, struct station *station)
{
    struct witness_job *job = (struct witness_job *) base;
    job->told.id.origin = station_name (station);
    local_originated (station, &job->asker, &job->told);
    free (job);
}

static struct witness_job *witness_start (const struct numbers *self)
{
    /* As a job that only reads it runs after the commit. */
    struct witness_job *job = job_new (sizeof *job, witness_write, witness_done);
    job->size = (size_t) snprintf (job->text, sizeof job->text,
                                   "# The last number of each series that this party has given. "
                                   "certbusd writes this\n# file and reads it at start: it is the "
                                   "witness of a journal that was restored alone.\n");
    for (size_t i = 0; i < self->count; i++)
        job->size += (size_t) snprintf (job->text + job->size, sizeof job->text - job->size, "%s\n",
                                        self->lines[i]);
    return job;
}

bool numbers_settled (struct station *station, const struct asker *asker,
                      const struct originated *told)
{
    struct numbers *self = station->numbers;
    struct under_way *one;
    LL_SEARCH_SCALAR (self->under_way, one, seq, told->id.seq);
    if (one == NULL)
        return false;
    LL_DELETE (self->under_way, one);
    bool changes = told->reason == CB_OK && one->counter > 0 && remember (self, one);
    free (one);
    if (!changes)
        return false;
    struct witness_job *job = witness_start (self);
    job->asker = *asker;
    job->told = *told;
    job->told.detail = NULL;
    if (!station->stopping) {
        store_submit (station->store, &job->job);
        return true;
    }
    witness_write (&job->job, NULL); /* no job is run any more */
    free (job);
    return false;
}
