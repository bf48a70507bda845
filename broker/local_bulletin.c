/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/casework/bulletins.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

/* Each list of subscriptions in an answer. */
#define LISTED_MAX 1000

struct bulletin_job {
    struct job job;
    struct asker asker;
    const struct station *station; /* for put_record alone */
    char edition[16];
    bool preview;
    int64_t period, now;
    bool found, own;
    int64_t due; /* TIMER_NEVER: none */
    struct pack_out draft, final;
    size_t counts[2];
    struct subscriber *lists[2]; /* by BULLETIN_OWN, BULLETIN_OTHERS; owned */
    char ids[2][LISTED_MAX][ID_TEXT];
    struct bulletin_work *made; /* a preview; owned */
};

/* --- In the journal's thread --------------------------------------------------------------- */

static void put_message (struct bulletin_job *job, struct store *store,
                         const struct bulletin_message *m, struct pack_out *out)
{
    struct record record;
    struct envelope e;
    if (m->position == 0)
        return;
    uint8_t *bytes = store_message (store, m->position, &record, &e);
    if (bytes == NULL)
        return;
    record.from = span_of (""); /* of the journal, and overwritten by now */
    put_record (out, &record, job->station, NULL);
    free (bytes);
}

/* The newest one: of this party, or one that it was sent. */
static void find (struct bulletin_job *job, struct store *store)
{
    struct bulletin_state own, other;
    bool has_own = bulletin_newest (store->journal, BULLETIN_OWN, job->edition, job->period, &own);
    bool has_other =
        bulletin_newest (store->journal, BULLETIN_OTHERS, job->edition, job->period, &other);
    job->found = has_own || has_other;
    job->own = has_own && (!has_other || own.until >= other.until);
    if (!job->found)
        return;
    const struct bulletin_state *state = job->own ? &own : &other;
    put_message (job, store, &state->draft, &job->draft);
    put_message (job, store, &state->final, &job->final);
}

static void list (struct bulletin_job *job, struct store *store, unsigned whose)
{
    struct key after = { .size = 0 };
    struct subscriber one;
    struct record record;
    struct envelope e;
    job->lists[whose] = calloc (LISTED_MAX, sizeof one);
    if (job->lists[whose] == NULL)
        abort ();
    while (job->counts[whose] < LISTED_MAX &&
           subscribers_next (store->journal, whose, &after, &one)) {
        if (one.ended)
            continue;
        size_t at = job->counts[whose]++;
        job->lists[whose][at] = one;
        uint8_t *bytes = store_message (store, one.message.position, &record, &e);
        if (bytes != NULL)
            msg_id_text (&e.id, job->ids[whose][at]);
        free (bytes);
    }
}

static void run (struct job *base, struct store *store)
{
    struct bulletin_job *job = (struct bulletin_job *) base;
    struct bulletin_period period;
    job->due = bulletin_due (store);
    list (job, store, BULLETIN_OWN);
    list (job, store, BULLETIN_OTHERS);
    if (!job->preview) {
        find (job, store);
        return;
    }
    if (!bulletin_this_period (store, job->now, &period))
        return;
    job->made = bulletin_fill (store, &period, job->now);
}

/* --- In the loop --------------------------------------------------------------------------- */

/* The Cabinet's edition has names: it is for observers, for the party itself and for those above,
 * whatever others ask for. */
static bool entitled (const struct station *station, const struct subscriber *one)
{
    struct span party = span_of (one->party);
    const struct entry *entry = directory_by_name (station->directory, party);
    if (entry == NULL || entry->revoked)
        return false;
    return strcmp (one->edition, "cabinet") != 0 || span_is (entry->credential.role, "observer") ||
           party_within (station_name (station), party);
}

static void put_list (const struct bulletin_job *job, const struct station *station, unsigned whose,
                      struct pack_out *out)
{
    pack_put_array (out, job->counts[whose]);
    for (size_t i = 0; i < job->counts[whose]; i++) {
        const struct subscriber *one = &job->lists[whose][i];
        bool asked = whose == BULLETIN_OWN;
        pack_put_map (out, 4 + asked);
        put_text (out, "edition", one->edition);
        if (asked)
            put_bool (out, "entitled", entitled (station, one));
        put_text (out, "id", job->ids[whose][i]);
        put_text (out, "party", one->party);
        put_int (out, "since", one->message.issued);
    }
}

static void answer (struct bulletin_job *job, struct station *station)
{
    struct pack_out out;
    bool draft = pack_result (&job->draft).size > 0, final = pack_result (&job->final).size > 0;
    bool made = job->made != NULL, due = job->due != TIMER_NEVER;
    pack_init (&out);
    pack_put_map (&out, 7 + draft + final + made + due);
    if (made) {
        bulletin_finish (station, job->made);
        pack_put_text (&out, "body");
        bulletin_pack (&out, &job->made->b);
    }
    if (draft) {
        pack_put_text (&out, "draft");
        pack_put_raw (&out, pack_result (&job->draft));
    }
    if (final) {
        pack_put_text (&out, "final");
        pack_put_raw (&out, pack_result (&job->final));
    }
    put_int (&out, "least",
             policy_setting (directory_policy_now (station->directory), POLICY_SEEN_THRESHOLD));
    if (due)
        put_int (&out, "next", job->due);
    put_bool (&out, "ok", true);
    put_bool (&out, "own", job->own || made);
    put_span (&out, "role", station->me->credential.role);
    put_span (&out, "self", station_name (station));
    pack_put_text (&out, "subscribers");
    put_list (job, station, BULLETIN_OWN, &out);
    pack_put_text (&out, "subscriptions");
    put_list (job, station, BULLETIN_OTHERS, &out);
    answer_send (&job->asker, &out);
    pack_free (&out);
}

static void done (struct job *base, struct station *station)
{
    struct bulletin_job *job = (struct bulletin_job *) base;
    if (job->preview && job->made == NULL)
        answer_refuse (&job->asker, "not-found",
                       "this broker has no time zone: see time_zone in "
                       "certbus.conf");
    else
        answer (job, station);
    free (job->lists[BULLETIN_OWN]);
    free (job->lists[BULLETIN_OTHERS]);
    free (job->made);
    pack_free (&job->draft);
    pack_free (&job->final);
    free (job);
}

void local_bulletin (const struct question *q)
{
    struct span edition = ask_text (q, "edition");
    if (edition.size > 0 && !span_is (edition, "cabinet") && !span_is (edition, "community")) {
        answer_refuse (&q->asker, "usage", "edition: cabinet or community");
        return;
    }
    struct bulletin_job *job = job_new (sizeof *job, run, done);
    job->asker = q->asker;
    job->station = q->station;
    job->preview = ask_bool (q, "preview");
    job->now = clock_utc ();
    job->period = ask_int (q, "period", INT64_MAX - 1);
    pack_init (&job->draft);
    pack_init (&job->final);
    span_text (edition.size > 0 ? edition : span_of ("cabinet"), job->edition, sizeof job->edition);
    store_submit (q->station->store, &job->job);
}
