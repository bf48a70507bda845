/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/bulletins.h"

#include "broker/casework/breaches.h"
#include "broker/casework/ledger.h"
#include "broker/standing.h"
#include "broker/station.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C (86400000)
/* Own advisories whose answers are looked at, and how far back. */
#define ADVISORY_MS  (90 * DAY_MS)
#define ANSWERS_MOST 20000 /* of all of them: what is beyond is not told */
#define DONE_CLOCK   "advisory-done"

/* Of a party, before its name. */
#define COMPLIED 1
#define IN_TIME  2

/* --- Clocks that ran out ------------------------------------------------------------------- */

static void breach_key (struct key *key, struct span party)
{
    key_begin (key, TABLE_BREACHES);
    key_text (key, party);
}

/* Goes from party to party, and of each reads the period alone. `out` NULL: only counts. */
int64_t bulletin_breaches (struct journal *journal, const struct bulletin_period *period,
                           struct bulletin_parties *out)
{
    struct key after = { .size = 0 };
    struct breach breach;
    int64_t count = 0;
    char party[PARTY_MAX + 1] = "";
    while (breaches_next (journal, span_of (""), &after, &breach)) {
        bool same = span_is (breach.party, party);
        int64_t due = breach.due;
        span_text (breach.party, party, sizeof party);
        if (due >= period->until) {
            breach_key (&after, span_of (party));
            after.bytes[after.size - 1] = 1; /* behind all of this party */
        } else if (due < period->from && !same) {
            breach_key (&after, span_of (party));
            key_u64 (&after, (uint64_t) period->from);
        } else if (due >= period->from) {
            count++;
            if (out != NULL)
                bulletin_add_party (out, span_of (party), 1);
        }
    }
    return count;
}

/* --- Advisories: in the journal's thread --------------------------------------------------- */

static void add_bytes (struct pack_out *out, const void *bytes, size_t size)
{
    pack_put_raw (out, span_bytes (bytes, size));
}

/* Whether some of its clocks for doing it ran out in time to be told. */
static size_t due_clocks (struct store *store, const struct ledger_advisory *advisory,
                          int64_t until, struct ledger_clock due[LEDGER_CLOCKS])
{
    struct ledger_limits limits;
    struct ledger_clock all[LEDGER_CLOCKS];
    size_t found = 0;
    ledger_limits (&limits, casework_policy (store), span_of (""), advisory->severity);
    size_t count = ledger_clocks (advisory, &limits, all);
    for (size_t i = 0; i < count; i++)
        if (strncmp (all[i].name, DONE_CLOCK, strlen (DONE_CLOCK)) == 0 && all[i].due < until)
            due[found++] = all[i];
    return found;
}

static unsigned answer_of (const struct ledger_held *held, const struct ledger_said *said,
                           const struct ledger_clock *due, size_t count)
{
    bool in_time = true;
    for (size_t i = 0; i < count; i++)
        in_time = in_time && ledger_met (&due[i], &said->view, NULL);
    return (ledger_complied (&said->view, &held->at[0]->advisory) ? COMPLIED : 0u) |
           (in_time ? IN_TIME : 0u);
}

static void gather_answers (struct store *store, const struct ledger_held *held, int64_t until,
                            struct bulletin_asked *asked, struct pack_out *payload, size_t *left)
{
    char party[PARTY_MAX + 1] = "";
    struct ledger_said said = { .room = 0 };
    struct ledger_clock due[LEDGER_CLOCKS];
    size_t count = due_clocks (store, &held->at[0]->advisory, until, due);
    asked->due = count > 0;
    asked->names_at = pack_result (payload).size;
    while (*left > 0 && ledger_next_party (store, held, party)) {
        --*left;
        ledger_said (store, held, span_of (party), &said);
        uint8_t flags = (uint8_t) answer_of (held, &said, due, count);
        add_bytes (payload, &flags, 1);
        add_bytes (payload, party, strlen (party) + 1);
    }
    asked->names_size = pack_result (payload).size - asked->names_at;
    ledger_said_free (&said);
}

/* The row of the bulletin for an advisory, by the number and time of its first revision. */
static int row_of (const struct bulletin *b, const struct envelope *e)
{
    for (size_t i = 0; i < b->advisory_count; i++)
        if (b->advisories[i].issued == e->issued &&
            span_is (body_text (e->body, "number"), b->advisories[i].number))
            return (int) i;
    return -1;
}

static void gather_one (struct store *store, const struct envelope *first, int64_t until,
                        struct bulletin_gathered *out)
{
    struct standing standing;
    struct ledger_held held;
    const struct msg_id *id = &first->id;
    standing_find (store->journal, id, &standing);
    if (standing.withdrawn)
        return;
    if (standing.position > 0)
        id = &standing.by;
    struct bulletin_asked *asked = &out->work->asked[out->work->asked_count];
    if (ledger_hold (store, id, &held)) {
        struct span bytes = held.at[0]->e.bytes;
        memset (asked, 0, sizeof *asked);
        asked->row = row_of (&out->work->b, first);
        gather_answers (store, &held, until, asked, &out->payload, &out->left);
        if (asked->row >= 0 || asked->due) {
            asked->envelope_at = pack_result (&out->payload).size;
            asked->envelope_size = bytes.size;
            add_bytes (&out->payload, bytes.data, bytes.size);
            out->work->asked_count++;
        }
    }
    ledger_release (&held);
}

void bulletin_gather (struct store *store, const struct bulletin_period *period,
                      struct bulletin_gathered *out)
{
    struct bulletin_period window = { period->until - ADVISORY_MS, period->until };
    struct key after = { .size = 0 };
    struct record record;
    struct envelope e;
    int64_t position;
    out->left = ANSWERS_MOST;
    while (out->work->asked_count < BULLETIN_ASKED &&
           told_next (store->journal, TOLD_ADVISORY, &window, &after, &position)) {
        uint8_t *bytes = store_message (store, position, &record, &e);
        if (bytes != NULL)
            gather_one (store, &e, period->until, out);
        free (bytes);
    }
}

/* --- Who is asked: in the loop ------------------------------------------------------------- */

struct counting {
    const struct bulletin_asked *asked;
    struct span names; /* those that are left, in their order */
    struct bulletin *b;
    int64_t bodies, complied;
};

/* What a party said; 0: nothing. Parties come in the order of names, as the answers do. */
static unsigned said_by (struct counting *counting, struct span name)
{
    while (counting->names.size > 0) {
        const char *text = (const char *) counting->names.data + 1;
        struct span one = span_of (text);
        int order = span_compare (one, name);
        if (order > 0)
            return 0;
        unsigned flags = counting->names.data[0];
        counting->names.data += one.size + 2;
        counting->names.size -= one.size + 2;
        if (order == 0)
            return flags;
    }
    return 0;
}

static bool count_party (const struct ledger_party *party, void *arg)
{
    struct counting *counting = arg;
    struct span name = party->entry->credential.name;
    unsigned flags = said_by (counting, name);
    if (party->before)
        return true;
    counting->bodies++;
    counting->complied += (flags & COMPLIED) != 0;
    if (counting->asked->due && (flags & IN_TIME) == 0) {
        counting->b->totals[BULLETIN_IS_OVERDUE].count++;
        bulletin_add_party (&counting->b->overdue, name, 1);
    }
    return true;
}

void bulletin_count_answers (const struct station *station, struct bulletin_work *work)
{
    const uint8_t *payload = (const uint8_t *) (work + 1);
    for (size_t i = 0; i < work->asked_count; i++) {
        const struct bulletin_asked *asked = &work->asked[i];
        struct counting counting = { .asked = asked, .b = &work->b };
        struct envelope e;
        counting.names = span_bytes (payload + asked->names_at, asked->names_size);
        if (envelope_parse (&e, span_bytes (payload + asked->envelope_at, asked->envelope_size)) !=
            CB_OK)
            continue;
        ledger_each (station, &e, count_party, &counting);
        if (asked->row < 0)
            continue;
        work->b.advisories[asked->row].bodies = counting.bodies;
        work->b.advisories[asked->row].complied = counting.complied;
    }
}
