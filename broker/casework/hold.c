/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/hold.h"

#include "broker/casework/alarms.h"
#include "broker/originate.h"
#include "bus/core/when.h"
#include "bus/edge/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAVED "clock" /* in TABLE_STATION */
/* What the clock is slewed by is written down when it is so much. */
#define SAVE_MS INT64_C (10000)

/* --- Kept over a restart ------------------------------------------------------------------- */

/* Which run of the machine this is; "": unknown, as if each start were another one. */
static void boot_id (char out[BOOT_ID])
{
    ssize_t size = 0;
    int fd = open ("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        size = read (fd, out, BOOT_ID - 1);
        close (fd);
    }
    out[size > 0 ? size : 0] = '\0';
    out[strcspn (out, "\n")] = '\0';
}

struct save_job {
    struct job job;
    struct hold hold;
};

static void save_run (struct job *base, struct store *store)
{
    struct pack_out out;
    struct key key;
    key_station (&key, SAVED);
    pack_init (&out);
    hold_pack (&out, &((struct save_job *) base)->hold);
    store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&out)));
    pack_free (&out);
}

static void save_done (struct job *base, struct station *station)
{
    if (base->full)
        station->hold_saved = 0; /* once more, at the next tick */
    free (base);
}

static void save (struct station *station)
{
    struct save_job *job = job_new (sizeof *job, save_run, save_done);
    job->job.writes = true;
    job->hold = station->hold;
    station->hold_saved = station->hold.trusted;
    store_submit (station->store, &job->job);
}

void hold_open (struct station *station, struct journal *journal)
{
    struct record record;
    struct span saved;
    struct key key;
    char boot[BOOT_ID];
    int64_t head = journal_head (journal);
    bool some = head > 0 && journal_at (journal, head, &record) == JOURNAL_OK;
    int64_t newest = some ? record.taken : 0;
    key_station (&key, SAVED);
    if (journal_get (journal, key_span (&key), &saved) == JOURNAL_OK)
        hold_read (&station->hold, saved);
    boot_id (boot);
    station->hold_event = hold_start (&station->hold, boot, clock_utc (), clock_steady (), newest);
}

/* --- While it runs ------------------------------------------------------------------------- */

static void how_far (int64_t jumped, char text[64])
{
    snprintf (text, 64, "%lld s %s", llabs (jumped) / 1000, jumped < 0 ? "backwards" : "forwards");
}

static void wake (struct station *station)
{
    const struct hold *hold = &station->hold;
    struct deed deed;
    char far[64], title[160], detail[SCHEMA_WHERE];
    how_far (hold->jumped, far);
    snprintf (title, sizeof title,
              "This machine's clock jumped %s: nothing climbs until it is "
              "confirmed",
              far);
    struct alarm alarm = { .what = "clock",
                           .clock = "wall-clock",
                           .step = 1,
                           .started = hold->since,
                           .due = hold->since,
                           .severity = "S2",
                           .title = title,
                           .text = "Is the time right? If not, set it, and keep it with NTP. Then: "
                                   "certbus clocks --confirm",
                           .call = "",
                           .count = -1 };
    log_warning ("this machine's clock jumped %s: all clocks are held; set it if it is wrong, "
                 "then: certbus clocks --confirm",
                 far);
    alarm_deed (&deed, station_name (station), &alarm);
    enum cb_reason reason = originate (station, &deed.draft, NULL, NULL, detail);
    if (reason == CB_QUOTA) {
        deed.draft.precedence = CB_LANE_ROUTINE;
        reason = originate (station, &deed.draft, NULL, NULL, detail);
    }
    if (reason != CB_OK)
        log_warning ("no alarm about the clock: %s %s", cb_reason_text (reason), detail);
    deed_free (&deed);
}

void hold_look (struct station *station)
{
    struct hold *hold = &station->hold;
    enum hold_event event = hold_tick (hold, clock_utc (), clock_steady ());
    if (event == HOLD_NOTHING)
        event = station->hold_event; /* of the start */
    station->hold_event = HOLD_NOTHING;
    if (event == HOLD_BEGAN)
        wake (station);
    if (event == HOLD_ENDED)
        log_notice ("this machine's clock is where it was again: clocks run on");
    if (event != HOLD_NOTHING || llabs (hold->trusted - station->hold_saved) > SAVE_MS)
        save (station);
}

struct clock_hold timers_hold (const struct station *station)
{
    const struct hold *hold = &station->hold;
    return (struct clock_hold){ hold->held, hold->jumped, hold->since };
}

void timers_confirm (struct station *station)
{
    if (station->hold.held)
        log_notice ("the time is confirmed: clocks run on");
    hold_confirm (&station->hold, clock_utc (), clock_steady ());
    station->hold_event = HOLD_NOTHING;
    save (station);
}
