/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/adopt.h"

#include "broker/casework/casework.h"
#include "broker/station.h"
#include "broker/store.h"
#include "bus/edge/log.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define TELL_MS 2000

struct adopt_job {
    struct job job;
    int64_t now; /* ms UTC */
    bool *under_way;
};

static void adopt_run (struct job *job, struct store *store)
{
    casework_begin (store, ((struct adopt_job *) job)->now);
    casework_rebuild (store);
}

static void adopt_done (struct job *base, struct station *station)
{
    struct adopt_job *job = (struct adopt_job *) base;
    (void) station;
    if (base->full)
        log_warning ("the disk is full: cases and clocks are not worked out from what was stored "
                     "before; free some space, then start again");
    *job->under_way = false;
    free (job);
}

void casework_adopt (struct station *station, void (*tell) (const char *text))
{
    bool under_way = true;
    char text[96];
    struct pollfd done = { .fd = store_fd (station->store), .events = POLLIN };
    struct adopt_job *job = job_new (sizeof *job, adopt_run, adopt_done);
    job->job.writes = true;
    job->now = clock_utc ();
    job->under_way = &under_way;
    store_submit (station->store, &job->job);
    snprintf (text, sizeof text, "working out cases and clocks from %lld messages",
              (long long) station->head);
    while (under_way) {
        if (poll (&done, 1, TELL_MS) == 0)
            tell (text);
        store_done (station->store, station);
    }
}
