/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/bulletins.h"

#include "broker/quarantine.h"
#include "broker/station.h"
#include "bus/core/schema.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C (86400000)
/* Messages of one list that are read for a draft; those beyond are in its total. */
#define READ_MAX 2000

/* --- Incidents ----------------------------------------------------------------------------- */

static struct bulletin_period before_of (struct store *store, int64_t from)
{
    struct bulletin_period before = { .from = from - 7 * DAY_MS, .until = from };
    bulletin_last_period (store, from, &before);
    return before;
}

static void fill_incidents (struct store *store, const struct bulletin_period *period,
                            struct bulletin *out)
{
    struct bulletin_period at = *period, before = before_of (store, period->from);
    struct bulletin_row *total = &out->totals[BULLETIN_IS_INCIDENTS];
    total->count = counts_total (store->journal, BULLETIN_BY_ALL, period);
    total->before = counts_total (store->journal, BULLETIN_BY_ALL, &before);
    total = &out->totals[BULLETIN_IS_FAKES];
    total->count = counts_total (store->journal, COUNTS_FAKES, period);
    total->before = counts_total (store->journal, COUNTS_FAKES, &before);
    for (unsigned table = BULLETIN_BY_ALL + 1; table < BULLETIN_BY_END; table++) {
        counts_add (store->journal, table, period, false, &out->tables[table]);
        counts_add (store->journal, table, &before, true, &out->tables[table]);
    }
    out->trend_count = BULLETIN_TREND;
    for (size_t i = BULLETIN_TREND; i-- > 0; at = before_of (store, at.from))
        out->trend[i] = counts_total (store->journal, BULLETIN_BY_ALL, &at);
}

static void copy (char *out, size_t size, struct span text)
{
    while (text.size >= size || (text.size > 0 && !span_utf8 (text)))
        text.size--;
    span_text (text, out, size);
}

static void fill_open (struct store *store, struct bulletin *out)
{
    struct key after = { .size = 0 };
    struct case_state state;
    struct bulletin_row *total = &out->totals[BULLETIN_IS_OPEN];
    total->before = -1; /* what was open then is not known any more */
    for (uint8_t *bytes;
         total->count < READ_MAX && (bytes = grave_next (store->journal, &after, &state)) != NULL;
         free (bytes)) {
        total->count++;
        if (out->open_count == BULLETIN_OPEN)
            continue;
        struct bulletin_open *open = &out->open[out->open_count++];
        copy (open->severity, sizeof open->severity, span_of (severity_name (state.severity)));
        copy (open->stage, sizeof open->stage, span_of (case_stage_name (state.stage)));
        copy (open->type, sizeof open->type, state.type);
        open->reported = state.reported;
        open->named = !state.stub && state.title.size > 0 &&
                      bulletin_may_name (state.tlp, state.climb, span_of (store->self));
        if (!open->named)
            continue;
        msg_id_text (&state.id, open->id);
        copy (open->title, sizeof open->title, state.title);
        copy (open->party, sizeof open->party, state.id.origin);
    }
}

/* --- Messages that it tells of ------------------------------------------------------------- */

static void fill_advisory (struct bulletin_advisory *out, const struct envelope *e)
{
    struct pack_in in = pack_open (body_field (e->body, "exploited"));
    memset (out, 0, sizeof *out);
    copy (out->number, sizeof out->number, body_text (e->body, "number"));
    copy (out->title, sizeof out->title, body_text (e->body, "title"));
    copy (out->severity, sizeof out->severity, body_text (e->body, "severity"));
    out->issued = e->issued;
    out->tlp = e->tlp;
    out->exploited = pack_peek (&in) == PACK_BOOL && pack_bool (&in);
    out->bodies = -1;
    in = pack_open (body_field (e->body, "vulnerabilities"));
    size_t count = pack_peek (&in) == PACK_ARRAY ? pack_array (&in, 0, 128) : 0;
    for (; count > 0 && out->cve_count < BULLETIN_CVES; count--) {
        struct span cve = body_text (pack_any (&in), "cve");
        if (cve.size > 0)
            copy (out->cves[out->cve_count++], BULLETIN_NAME, cve);
    }
}

/* A message that a bulletin tells of, put where it belongs. */
static void fill_one (enum told what, const struct envelope *e, struct bulletin *out)
{
    struct span title = body_text (e->body, "title"), party = body_text (e->body, "party");
    switch (what) {
    case TOLD_ADVISORY:
        if (out->advisory_count < BULLETIN_ADVISORIES)
            fill_advisory (&out->advisories[out->advisory_count++], e);
        break;
    case TOLD_EXERCISE:
        bulletin_add_item (&out->exercises, title, body_int (e->body, "from", e->issued), -1);
        break;
    case TOLD_PATTERN:
        bulletin_add_item (&out->campaigns, title, body_int (e->body, "started", e->issued),
                           body_int (e->body, "count", -1));
        break;
    case TOLD_SILENT:
        if (party.size > 0)
            bulletin_add_party (&out->silent, party, 1);
        break;
    }
}

/* How many there were, without reading them. */
static int64_t count_told (struct store *store, enum told what,
                           const struct bulletin_period *period)
{
    struct key after = { .size = 0 };
    int64_t position, count = 0;
    while (told_next (store->journal, what, period, &after, &position))
        count++;
    return count;
}

static void fill_told (struct store *store, const struct bulletin_period *period, enum told what,
                       struct bulletin *out)
{
    struct key after = { .size = 0 };
    struct record record;
    struct envelope e;
    int64_t position;
    for (size_t left = READ_MAX;
         left > 0 && told_next (store->journal, what, period, &after, &position); left--) {
        uint8_t *bytes = store_message (store, position, &record, &e);
        if (bytes != NULL)
            fill_one (what, &e, out);
        free (bytes);
    }
}

static void fill_messages (struct store *store, const struct bulletin_period *period,
                           struct bulletin *out)
{
    static const struct {
        enum told what;
        enum bulletin_total total; /* BULLETIN_TOTAL_END: none */
    } lists[] = {
        { TOLD_ADVISORY, BULLETIN_IS_ADVISORIES },
        { TOLD_SILENT, BULLETIN_IS_SILENT },
        { TOLD_PATTERN, BULLETIN_TOTAL_END },
        { TOLD_EXERCISE, BULLETIN_TOTAL_END },
    };
    struct bulletin_period before = before_of (store, period->from);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        fill_told (store, period, lists[i].what, out);
        if (lists[i].total == BULLETIN_TOTAL_END)
            continue;
        out->totals[lists[i].total].count = count_told (store, lists[i].what, period);
        out->totals[lists[i].total].before = count_told (store, lists[i].what, &before);
    }
}

/* --- Fakes --------------------------------------------------------------------------------- */

/* What says that it is of somebody who has not signed it. */
static bool is_forged (unsigned reason)
{
    return reason == CB_BAD_SIGNATURE || reason == CB_WRONG_ORIGIN || reason == CB_CHAIN_BROKEN ||
           reason == CB_REVOKED || reason == CB_NOT_YOURS_TO_SEND;
}

/* Those that are in quarantine still: what made room, or an officer discarded, is not counted. */
static int64_t count_forged (struct store *store, const struct bulletin_period *period)
{
    struct key prefix, before = { .size = 0 };
    struct span key, row;
    struct record record;
    int64_t count = 0;
    key_begin (&prefix, TABLE_KEPT);
    for (size_t left = READ_MAX;
         left > 0 && table_before (store->journal, &prefix, &before, &key, &row); left--) {
        int64_t position = (int64_t) tail_u64 (key);
        if (journal_at (store->journal, position, &record) != JOURNAL_OK)
            continue;
        if (record.taken < period->from)
            break;
        count += record.taken < period->until && is_forged (record.reason);
    }
    return count;
}

/* --- What comes next ----------------------------------------------------------------------- */

static void fill_next (struct store *store, int64_t now, struct bulletin *out)
{
    struct bulletin_period ahead = { .from = now, .until = now + 90 * DAY_MS };
    struct key after = { .size = 0 };
    struct record record;
    struct envelope e;
    int64_t position;
    while (out->next.count < BULLETIN_ITEMS - 1 &&
           told_next (store->journal, TOLD_EXERCISE, &ahead, &after, &position)) {
        char text[BULLETIN_TITLE];
        uint8_t *bytes = store_message (store, position, &record, &e);
        if (bytes != NULL) {
            struct span title = body_text (e.body, "title");
            snprintf (text, sizeof text, "Exercise: " SPAN_FMT, SPAN_ARG (title));
            bulletin_add_item (&out->next, span_of (text), body_int (e.body, "from", e.issued), -1);
        }
        free (bytes);
    }
    struct bulletin_period this;
    if (bulletin_this_period (store, now, &this))
        bulletin_add_item (&out->next, span_of (BULLETIN_NEXT), this.until, -1);
}

/* --- All of it ----------------------------------------------------------------------------- */

static void fill_head (struct store *store, const struct bulletin_period *period,
                       struct bulletin *out)
{
    char day[ZONE_TEXT], from[ZONE_TEXT], until[ZONE_TEXT];
    out->from = period->from;
    out->until = period->until;
    zone_day (store->zone, period->until, day);
    zone_text (store->zone, period->from, from);
    zone_text (store->zone, period->until, until);
    snprintf (out->shown, sizeof out->shown, "%.48s to %.48s", from, until);
    snprintf (out->zone, sizeof out->zone, "%s", zone_name (store->zone));
    bulletin_number (span_of (store->self), day, out->number);
    copy (out->issuer, sizeof out->issuer, store->me->title);
}

static void fill (struct store *store, const struct bulletin_period *period, int64_t now,
                  struct bulletin *out)
{
    struct bulletin_period before = before_of (store, period->from);
    fill_head (store, period, out);
    fill_incidents (store, period, out);
    fill_open (store, out);
    fill_messages (store, period, out);
    fill_next (store, now, out);
    out->totals[BULLETIN_IS_OVERDUE].before = -1; /* what was overdue then is not known any more */
    out->totals[BULLETIN_IS_BREACHES].count =
        bulletin_breaches (store->journal, period, &out->breaches);
    out->totals[BULLETIN_IS_BREACHES].before = bulletin_breaches (store->journal, &before, NULL);
    out->totals[BULLETIN_IS_FORGED].count = count_forged (store, period);
    out->totals[BULLETIN_IS_FORGED].before = count_forged (store, &before);
}

struct bulletin_work *bulletin_fill (struct store *store, const struct bulletin_period *period,
                                     int64_t now)
{
    struct bulletin_gathered gathered = { .work = calloc (1, sizeof *gathered.work) };
    if (gathered.work == NULL)
        abort ();
    pack_init (&gathered.payload);
    fill (store, period, now, &gathered.work->b);
    bulletin_gather (store, period, &gathered);
    struct span payload = pack_result (&gathered.payload);
    struct bulletin_work *work = realloc (gathered.work, sizeof *work + payload.size + 1);
    if (work == NULL)
        abort ();
    if (payload.size > 0)
        memcpy (work + 1, payload.data, payload.size);
    pack_free (&gathered.payload);
    return work;
}

static void title_of (const struct station *station, const char *party, char out[BULLETIN_TITLE])
{
    const struct entry *entry = directory_by_name (station->directory, span_of (party));
    if (entry != NULL)
        copy (out, BULLETIN_TITLE, entry->credential.title);
}

static void titles_of (const struct station *station, struct bulletin_parties *parties)
{
    for (size_t i = 0; i < parties->count; i++)
        title_of (station, parties->at[i].party, parties->at[i].title);
}

void bulletin_finish (const struct station *station, struct bulletin_work *work)
{
    struct bulletin *out = &work->b;
    bulletin_count_answers (station, work);
    titles_of (station, &out->overdue);
    titles_of (station, &out->breaches);
    titles_of (station, &out->silent);
    bulletin_sort (out);
}
