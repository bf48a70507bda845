/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/numbers.h"

#include "broker/tables.h"
#include "bus/edge/log.h"

#include <stdlib.h>

/* Records that one job looks at: nothing else is stored meanwhile. */
#define RECORDS_A_JOB 4000
#define COUNTED       "numbers-counted" /* in TABLE_STATION */

/* A journal that is older than the tables of numbers.h is counted once, from its beginning. */
struct recount_job {
    struct job job;
    int64_t at;
    bool finished;
};

bool numbers_counted (struct store *store)
{
    struct key key;
    key_station (&key, COUNTED);
    return table_get_u64 (store->journal, &key, 0) != 0;
}

static void recount_run (struct job *base, struct store *store)
{
    struct recount_job *job = (struct recount_job *) base;
    struct journal_reader *reader = store->readers[CB_LANE_RECOVERY]; /* all lanes */
    struct record record;
    struct envelope e;
    struct key key;
    key_station (&key, COUNTED);
    job->finished = numbers_counted (store);
    if (job->finished)
        return;
    journal_reader_seek (reader, job->at);
    for (int i = 0; i < RECORDS_A_JOB && !job->finished; i++) {
        job->finished = journal_next (reader, &record) != JOURNAL_OK;
        if (job->finished)
            break;
        job->at = record.position;
        if (record.envelope.size > 0 && envelope_parse (&e, record.envelope) == CB_OK)
            numbers_fold (store, &e, record.position);
    }
    if (job->finished)
        store_ok (store, table_put_u64 (store->journal, &key, 1));
}

static void recount_done (struct job *base, struct station *station)
{
    struct recount_job *job = (struct recount_job *) base;
    /* On a full disk what was counted is undone. */
    if (job->job.full)
        log_warning ("the disk is full: the numbers that were given are counted at the next start");
    else if (!job->finished && !station->stopping)
        numbers_recount (station, job->at);
    free (job);
}

void numbers_recount (struct station *station, int64_t at)
{
    struct recount_job *job = job_new (sizeof *job, recount_run, recount_done);
    job->job.writes = true;
    job->at = at;
    store_submit (station->store, &job->job);
}
