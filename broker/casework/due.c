/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/timers.h"
#include "broker/fault.h"
#include "broker/originate.h"
#include "bus/edge/log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* So many messages at a time; the next look comes when they are stored. */
#define DEEDS_A_LOOK 256
/* What was refused is tried again after a minute, then after twice as long each time. */
#define AGAIN_MS     INT64_C (60000)
#define AGAIN_MAX_MS INT64_C (3600000)
/* So many may wait for that; then nothing new is tried before them. */
#define WAITING_MAX 1024

/* A timer that was due, by its key: what became of it. */
struct tried {
    UT_hash_handle hh;
    struct station *station;
    const char *kind; /* of its message; static; NULL: there was none to make */
    bool stored;      /* and its timer is gone with that, unless the next look finds it */
    bool refused;
    bool seen;     /* by the last look */
    int64_t until; /* steady ms, not before then; INT64_MAX: on its way to the disk */
    int64_t wait;  /* ms, the last time */
    size_t key_size;
    uint8_t key[];
};

struct timers {
    bool looking;
    size_t under_way;  /* deeds on their way to the disk */
    uint64_t turns;    /* of the journal's thread, at the last look */
    int64_t look_at;   /* steady ms: then also when nothing has moved */
    int64_t next;      /* ms UTC: then, too: the first that was not due at the last look */
    struct tried *all; /* hash; while a look is under way the journal's thread reads it */
    size_t waiting;    /* of them, to be tried again */
    size_t refused;    /* of those, because they were refused: the last of them */
    const char *kind;  /* static */
    char why[SCHEMA_WHERE + 160];
};

struct timers *timers_new (void)
{
    struct timers *self = calloc (1, sizeof *self);
    if (self == NULL)
        abort ();
    return self;
}

static void forget (struct timers *self, struct tried *one)
{
    HASH_DEL (self->all, one);
    free (one);
}

void timers_free (struct timers **self_p)
{
    struct tried *one, *next;
    if (*self_p == NULL)
        return;
    HASH_ITER (hh, (*self_p)->all, one, next)
    {
        forget (*self_p, one);
    }
    free (*self_p);
    *self_p = NULL;
}

/* --- A look, in the journal's thread ------------------------------------------------------- */

struct fired {
    struct key key; /* of its timer */
    bool made;
    struct deed deed;
};

struct look_job {
    struct job job;
    struct timers *timers;
    int64_t now, steady;
    struct key last; /* looked at */
    bool whole;      /* all that is due was looked at */
    int64_t next;    /* ms UTC, of the first that is not due; TIMER_NEVER: there is none */
    int64_t again;   /* steady ms, when the first that was refused is to be tried again */
    size_t count;
    struct fired *fired[DEEDS_A_LOOK];
};

/* Whether a timer was tried and is not to be tried yet. */
static bool put_off (struct look_job *job, const struct key *key)
{
    struct tried *one;
    HASH_FIND (hh, job->timers->all, key->bytes, key->size, one);
    if (one == NULL)
        return false;
    one->seen = true;
    if (!one->stored && one->until <= job->steady)
        return false;
    if (!one->stored && one->until < job->again)
        job->again = one->until;
    return true;
}

static void fire (struct look_job *job, struct store *store, const struct subject *subject,
                  const struct timer *timer)
{
    struct fired *fired = calloc (1, sizeof *fired);
    if (fired == NULL)
        abort ();
    fired->key = job->last;
    fired->made = casework_fires[subject->class](store, subject, timer, job->now, &fired->deed);
    job->fired[job->count++] = fired;
}

static void look_run (struct job *base, struct store *store)
{
    struct look_job *job = (struct look_job *) base;
    struct subject subject;
    struct timer timer;
    job->again = INT64_MAX;
    job->whole = true;
    job->next = TIMER_NEVER;
    while (timers_next (store->journal, &job->last, &subject, &timer)) {
        if (timer.at > job->now) {
            job->next = timer.at;
            break;
        }
        if (subject.class >= SUBJECT_CLASSES || casework_fires[subject.class] == NULL ||
            put_off (job, &job->last))
            continue;
        if (job->count == DEEDS_A_LOOK) {
            job->whole = false;
            break;
        }
        fire (job, store, &subject, &timer);
    }
}

/* --- What comes of it, in the loop --------------------------------------------------------- */

static struct tried *tried_of (struct station *station, const struct key *key)
{
    struct timers *self = station->timers;
    struct tried *one;
    HASH_FIND (hh, self->all, key->bytes, key->size, one);
    if (one != NULL)
        return one;
    one = calloc (1, sizeof *one + key->size);
    if (one == NULL)
        abort ();
    one->station = station;
    one->key_size = key->size;
    memcpy (one->key, key->bytes, key->size);
    HASH_ADD_KEYPTR (hh, self->all, one->key, one->key_size, one);
    return one;
}

static void put_back (struct timers *self, struct tried *one)
{
    one->wait = one->wait == 0 ? AGAIN_MS : 2 * one->wait;
    if (one->wait > AGAIN_MAX_MS)
        one->wait = AGAIN_MAX_MS;
    one->until = clock_steady () + one->wait;
    self->waiting++;
    if (one->until < self->look_at)
        self->look_at = one->until;
}

/* Each reason is logged once for as long as it lasts. */
static void refused (struct station *station, struct tried *one, enum cb_reason reason,
                     const char *detail)
{
    struct timers *self = station->timers;
    char why[sizeof self->why];
    snprintf (why, sizeof why, "%s%s%s", cb_reason_text (reason), detail[0] != '\0' ? ": " : "",
              detail);
    if (self->refused == 0 || strcmp (why, self->why) != 0)
        log_error ("no %s of what is due: %s; it is tried again", one->kind, why);
    memcpy (self->why, why, sizeof why);
    self->kind = one->kind;
    self->refused++;
    one->refused = true;
    put_back (self, one);
}

static void told (struct station *station, void *arg, const struct originated *what)
{
    struct timers *self = station->timers;
    struct tried *one = arg;
    self->under_way--;
    one->stored = what->reason == CB_OK;
    if (!one->stored)
        refused (station, one, what->reason, what->detail != NULL ? what->detail : "");
    if (self->under_way == 0 && !station->stopping)
        timers_tick (station, clock_utc () + FAULT_AHEAD ());
}

static const char *kind_name (const struct draft *draft)
{
    return span_is (draft->kind, "alarm")        ? "alarm"
           : span_is (draft->kind, "escalation") ? "escalation"
                                                 : "message";
}

static void make (struct station *station, struct fired *fired)
{
    struct timers *self = station->timers;
    struct tried *one = tried_of (station, &fired->key);
    struct asker asker = { .told = told, .told_arg = one };
    struct draft *draft = &fired->deed.draft;
    char detail[SCHEMA_WHERE];
    one->refused = false;
    if (!fired->made ||
        (fired->deed.finish != NULL && !fired->deed.finish (station, &fired->deed))) {
        put_back (self, one);
        return;
    }
    one->kind = kind_name (draft);
    enum cb_reason reason = originate (station, draft, &asker, NULL, detail);
    if (reason == CB_QUOTA && draft->precedence == CB_LANE_FLASH) {
        draft->precedence = CB_LANE_ROUTINE;
        reason = originate (station, draft, &asker, NULL, detail);
    }
    if (reason != CB_OK) {
        refused (station, one, reason, detail);
        return;
    }
    one->until = INT64_MAX;
    self->under_way++;
}

/* What a look that came as far as this would have seen, and has not, is no timer any more. */
static void sweep (struct timers *self, const struct look_job *job)
{
    struct tried *one, *next;
    HASH_ITER (hh, self->all, one, next)
    {
        bool passed = job->whole || span_compare (span_bytes (one->key, one->key_size),
                                                  key_span (&job->last)) < 0;
        if (!one->seen && passed) {
            forget (self, one);
            continue;
        }
        if (one->seen && one->stored) {
            log_error ("a timer is still due after its message was stored; it waits");
            one->stored = false;
            put_back (self, one);
        } else if (one->until > job->steady) {
            self->waiting++;
            self->refused += one->refused;
        }
        one->seen = false;
    }
}

static int64_t first_again (const struct timers *self)
{
    int64_t first = INT64_MAX;
    for (const struct tried *one = self->all; one != NULL; one = one->hh.next)
        first = one->until < first ? one->until : first;
    return first;
}

static void look_done (struct job *base, struct station *station)
{
    struct look_job *job = (struct look_job *) base;
    struct timers *self = station->timers;
    self->looking = false;
    self->look_at = job->whole ? job->again : 0;
    self->next = job->next;
    self->waiting = self->refused = 0;
    sweep (self, job);
    for (size_t i = 0; i < job->count; i++) {
        if (!station->stopping)
            make (station, job->fired[i]);
        if (job->fired[i]->made)
            deed_free (&job->fired[i]->deed);
        free (job->fired[i]);
    }
    if (self->waiting >= WAITING_MAX)
        self->look_at = first_again (self);
    free (job);
}

static void look (struct station *station, int64_t now)
{
    struct look_job *job = job_new (sizeof *job, look_run, look_done);
    struct timers *self = station->timers;
    self->looking = true;
    self->turns = atomic_load (&station->store->timers_turns);
    job->timers = self;
    job->now = now;
    job->steady = clock_steady ();
    store_submit (station->store, &job->job);
}

bool timers_wait (const struct station *station)
{
    const struct policy *policy = directory_policy_now (station->directory);
    return policy != NULL && !casework_granted (policy, station->me->credential.role);
}

/* An idle broker reads two numbers here, however many clocks are open. */
void timers_tick (struct station *station, int64_t now)
{
    struct timers *self = station->timers;
    if (now < atomic_load (&station->store->timers_first) || self->looking || self->under_way > 0 ||
        station->hold.held || timers_wait (station))
        return;
    bool moved = self->turns != atomic_load (&station->store->timers_turns);
    moved = moved || now >= self->next;
    if (clock_steady () >= self->look_at || (moved && self->waiting < WAITING_MAX))
        look (station, now);
}

struct timers_trouble timers_trouble (const struct station *station)
{
    const struct timers *self = station->timers;
    return (struct timers_trouble){ self->refused, self->kind, self->why };
}
