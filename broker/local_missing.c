/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/casework/silence.h"
#include "bus/edge/log.h"
#include "bus/edge/zone.h"

#include <stdlib.h>
#include <string.h>

/* Who has neither reported in a month nor said that there was nothing to report. */
struct missing_job {
    struct job job;
    struct asker asker;
    char period[PERIOD_TEXT]; /* "": the last one that is over */
    bool good;
    unsigned own; /* of this party itself */
    uint64_t of;
    size_t count;
    struct pack_out parties;
};

/* The month right before the one that `now` is in; its end in `*end`. */
static bool last_period (struct store *store, int64_t now, char period[PERIOD_TEXT])
{
    return returns_period (store, zone_month_start (store->zone, now) - 1, period);
}

/* When a period is over, or will be: looked for from now backwards, so that the zone has the say.
 * 0: it is none, has not begun, or is longer ago than ten years. */
static int64_t end_of (struct store *store, const char *period, int64_t now)
{
    char text[PERIOD_TEXT];
    int64_t start = zone_month_start (store->zone, now);
    for (int i = 0; i < 120; i++) {
        if (!returns_period (store, start, text))
            return 0;
        if (strcmp (text, period) == 0)
            return zone_month_end (store->zone, start);
        start = zone_month_start (store->zone, start - 1);
    }
    return 0;
}

static void missing_run (struct job *base, struct store *store)
{
    struct missing_job *job = (struct missing_job *) base;
    struct key after = { .size = 0 };
    struct heard heard;
    char party[PARTY_MAX + 1];
    int64_t now = clock_utc ();
    if (store->zone == NULL || (job->period[0] == '\0' && !last_period (store, now, job->period)))
        return;
    int64_t end = end_of (store, job->period, now);
    job->good = end > 0;
    job->own = returns_get (store->journal, job->period, span_of (store->self));
    while (job->good && heard_next (store->journal, &after, &heard)) {
        span_text (heard.party, party, sizeof party);
        heard.party = span_of (party);
        if (!returns_owes (store, &heard, end))
            continue;
        job->of++;
        if (returns_get (store->journal, job->period, heard.party) != 0 ||
            pack_result (&job->parties).size > LOCAL_FRAME_MAX - 4096)
            continue;
        pack_put_text (&job->parties, party);
        job->count++;
    }
}

static void missing_done (struct job *base, struct station *station)
{
    struct missing_job *job = (struct missing_job *) base;
    struct pack_out out;
    static const char *const said[] = { "", "nil-return", "reported" };
    (void) station;
    if (!job->good)
        answer_refuse (&job->asker, "usage",
                       "period: this month or one of the last ten years, as 2026-11");
    else {
        pack_init (&out);
        pack_put_map (&out, 5);
        put_uint (&out, "of", job->of);
        put_bool (&out, "ok", true);
        put_text (&out, "own", said[job->own]);
        pack_put_text (&out, "parties");
        pack_put_array (&out, job->count);
        pack_put_raw (&out, pack_result (&job->parties));
        put_text (&out, "period", job->period);
        answer_send (&job->asker, &out);
        pack_free (&out);
    }
    pack_free (&job->parties);
    free (job);
}

void local_missing (const struct question *q)
{
    struct missing_job *job = job_new (sizeof *job, missing_run, missing_done);
    job->asker = q->asker;
    pack_init (&job->parties);
    span_text (ask_text (q, "period"), job->period, sizeof job->period);
    store_submit (q->station->store, &job->job);
}
