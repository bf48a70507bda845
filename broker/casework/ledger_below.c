/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/alarms.h"
#include "broker/casework/ledger.h"
#include "broker/station.h"
#include "bus/core/directory.h"
#include "bus/core/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_MAX 5 /* parties that an alarm names */

/* --- Who is asked --------------------------------------------------------------------------- */

struct each {
    const struct station *station;
    const struct envelope *e;
    bool issuer;
    ledger_visit visit;
    void *arg;
};

static bool each_visit (const struct entry *entry, void *arg)
{
    const struct each *each = arg;
    const struct credential *c = &entry->credential;
    if (entry->revoked || span_equal (c->name, each->e->id.origin) ||
        (!each->issuer && !party_within (c->name, station_name (each->station))) ||
        !route_here (each->e->audience, each->e->audience_count, c->name, &c->sectors))
        return true;
    struct ledger_party party = {
        .entry = entry,
        .before = each->e->issued < directory_enrolled (each->station->directory, c->name)
    };
    return each->visit (&party, each->arg);
}

void ledger_each (const struct station *station, const struct envelope *e, ledger_visit visit,
                  void *arg)
{
    struct each each = { .station = station, .e = e, .visit = visit, .arg = arg };
    each.issuer = span_equal (e->id.origin, station_name (station));
    directory_each (station->directory, directory_root_file (station->directory)->top, each_visit,
                    &each);
}

/* --- Who has answered, in the journal's thread ---------------------------------------------- */

/* Names, each with a 0x00, in their order. */
struct names {
    struct pack_out out; /* as bytes, not packed */
    size_t count;
};

static void add_name (struct names *names, struct span name)
{
    pack_put_raw (&names->out, name);
    pack_put_raw (&names->out, span_bytes ("", 1));
    names->count++;
}

bool ledger_next_party (struct store *store, const struct ledger_held *held,
                        char after[PARTY_MAX + 1])
{
    char found[PARTY_MAX + 1] = "";
    for (size_t i = 0; i < held->count; i++) {
        struct key prefix, at;
        struct span key, value;
        key_begin (&prefix, TABLE_LEDGER);
        key_id (&prefix, &held->at[i]->e.id);
        key_u8 (&prefix, held->at[i]->e.mode);
        at = prefix;
        key_text (&at, span_of (after));
        if (!table_next (store->journal, &prefix, &at, &key, &value))
            continue;
        const char *name = (const char *) at.bytes + prefix.size;
        if (found[0] == '\0' || strcmp (name, found) < 0)
            snprintf (found, sizeof found, "%s", name);
    }
    memcpy (after, found, sizeof found);
    return found[0] != '\0';
}

static void find_answered (struct store *store, const struct ledger_held *held,
                           const struct ledger_clock *clock, struct names *names)
{
    char party[PARTY_MAX + 1] = "";
    struct ledger_said said = { .room = 0 };
    while (ledger_next_party (store, held, party)) {
        ledger_said (store, held, span_of (party), &said);
        if (ledger_met (clock, &said.view, NULL))
            add_name (names, span_of (party));
    }
    ledger_said_free (&said);
}

/* --- The alarm ------------------------------------------------------------------------------ */

/* What the journal's thread hands to the loop: in the deed's bytes, with the envelope and the
 * names behind it. */
struct below {
    struct ledger_clock clock;
    struct timer timer;
    size_t envelope_size, names_size;
};

struct missing {
    struct span answered; /* the names that are left */
    size_t asked, missing;
    char named[NAMED_MAX * (PARTY_MAX + 2)];
};

static bool has_answered (struct missing *missing, struct span name)
{
    while (missing->answered.size > 0) {
        const char *text = (const char *) missing->answered.data;
        struct span one = span_bytes (text, strlen (text));
        int order = span_compare (one, name);
        if (order > 0)
            return false;
        missing->answered.data += one.size + 1;
        missing->answered.size -= one.size + 1;
        if (order == 0)
            return true;
    }
    return false;
}

static bool count_party (const struct ledger_party *party, void *arg)
{
    struct missing *missing = arg;
    struct span name = party->entry->credential.name;
    if (party->before)
        return true;
    missing->asked++;
    if (has_answered (missing, name))
        return true;
    size_t used = strlen (missing->named);
    if (missing->missing++ < NAMED_MAX)
        snprintf (missing->named + used, sizeof missing->named - used, "%s" SPAN_FMT,
                  used > 0 ? ", " : "", SPAN_ARG (name));
    return true;
}

/* What the loop has seen, kept outside of what a rebuild makes anew: who is enrolled is known to
 * the loop alone. */
struct met_job {
    struct job job;
    struct subject subject;
    struct timer timer;
};

static void met_key (struct key *key, const struct subject *subject, const struct timer *timer)
{
    key_begin (key, TABLE_MET);
    key_bytes (key, key_span (&subject->key));
    key_text (key, span_of (timer->clock));
    key_u64 (key, (uint64_t) timer->due);
}

bool ledger_below_met (struct store *store, const struct subject *subject,
                       const struct timer *timer)
{
    struct key key;
    met_key (&key, subject, timer);
    return table_get_u64 (store->journal, &key, 0) != 0;
}

static void met_run (struct job *base, struct store *store)
{
    struct met_job *job = (struct met_job *) base;
    struct key key;
    met_key (&key, &job->subject, &job->timer);
    store_ok (store, table_put_u64 (store->journal, &key, 1));
    casework_touch (store, &job->subject);
    casework_settle (store);
}

static void met_done (struct job *base, struct station *station)
{
    (void) station;
    free (base);
}

static void note_met (struct station *station, const struct msg_id *id, const struct timer *timer)
{
    struct met_job *job = job_new (sizeof *job, met_run, met_done);
    job->job.writes = true;
    subject_id (&job->subject, SUBJECT_ADVISORY, id);
    job->timer = *timer;
    store_submit (station->store, &job->job);
}

static const char *not_said (const struct ledger_clock *clock)
{
    return clock->actions != 0                                ? "done what it asks"
           : strcmp (clock->name, "advisory-applicable") == 0 ? "said whether it applies"
                                                              : "acknowledged it";
}

static void say_below (struct deed *out, struct span self, const struct envelope *e,
                       const struct below *below, const struct missing *missing)
{
    struct ledger_advisory advisory;
    char severity[3] = "S?", id[ID_TEXT], title[301], text[2 * PARTY_MAX * NAMED_MAX];
    ledger_advisory (&advisory, e);
    msg_id_text (&e->id, id);
    severity[1] = (char) ('0' + advisory.severity);
    snprintf (title, sizeof title, SPAN_FMT ": %zu of %zu have not %s: " SPAN_FMT,
              SPAN_ARG (advisory.number), missing->missing, missing->asked,
              not_said (&below->clock), SPAN_ARG (advisory.title));
    snprintf (text, sizeof text, "%s%s\nWho: certbus compliance %s --overdue\n", missing->named,
              missing->missing > NAMED_MAX ? ", and others" : "", id);
    struct alarm alarm = { .what = "advisory",
                           .clock = below->clock.name,
                           .step = LEDGER_STEP_BELOW,
                           .started = below->timer.started,
                           .due = below->clock.due,
                           .severity = advisory.severity != 0 ? severity : "undetermined",
                           .title = title,
                           .text = text,
                           .call = "",
                           .count = (int64_t) missing->missing,
                           .thread = e->id,
                           .tlp = e->tlp,
                           .mode = e->mode,
                           .exercise = e->exercise };
    alarm_deed (out, self, &alarm);
}

static bool finish (struct station *station, struct deed *deed)
{
    struct below below;
    struct envelope e;
    struct deed made;
    memcpy (&below, deed->bytes, sizeof below);
    const uint8_t *envelope = deed->bytes + sizeof below;
    if (envelope_parse (&e, span_bytes (envelope, below.envelope_size)) != CB_OK)
        return false;
    struct missing missing = { .answered =
                                   span_bytes (envelope + below.envelope_size, below.names_size) };
    ledger_each (station, &e, count_party, &missing);
    if (missing.missing == 0) {
        note_met (station, &e.id, &below.timer);
        return false;
    }
    say_below (&made, station_name (station), &e, &below, &missing);
    deed_free (deed);
    *deed = made;
    return true;
}

bool ledger_below (struct store *store, const struct ledger_held *held,
                   const struct ledger_clock *clock, const struct timer *timer, struct deed *out)
{
    struct names names = { .count = 0 };
    struct below below = { .clock = *clock, .timer = *timer };
    struct span envelope = held->at[0]->e.bytes;
    pack_init (&names.out);
    find_answered (store, held, clock, &names);
    struct span answered = pack_result (&names.out);
    below.envelope_size = envelope.size;
    below.names_size = answered.size;
    memset (out, 0, sizeof *out);
    pack_init (&out->body);
    out->finish = finish;
    out->bytes = malloc (sizeof below + envelope.size + answered.size);
    if (out->bytes == NULL)
        abort ();
    memcpy (out->bytes, &below, sizeof below);
    memcpy (out->bytes + sizeof below, envelope.data, envelope.size);
    if (answered.size > 0)
        memcpy (out->bytes + sizeof below + envelope.size, answered.data, answered.size);
    pack_free (&names.out);
    return true;
}
