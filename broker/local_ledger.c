/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_own.h"

#include "broker/casework/ledger.h"
#include "broker/local_find.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 1000
/* With one more row, which may have 64 actions with all their texts, an answer fits its frame. */
#define ROWS_BYTES ((size_t) 448 * 1024)
#define SLICE_MS   3

/* X (name, in the order of bytes): how many parties */
#define TOTALS(X)                                                                                  \
    X (acknowledged)                                                                               \
    X (applicable)                                                                                 \
    X (asked)                                                                                      \
    X (before_enrolment)                                                                           \
    X (complied)                                                                                   \
    X (delivered)                                                                                  \
    X (not_applicable)                                                                             \
    X (overdue)                                                                                    \
    X (read)                                                                                       \
    X (waived)

#define TOTAL_X(name) uint64_t name;
struct totals {
    TOTALS (TOTAL_X)
};
#undef TOTAL_X

/* A party that is asked: what only the loop knows. */
struct asked {
    struct asked *next;
    bool before;
    const struct credential *c;    /* the directory keeps it until the end */
    const struct credential *cert; /* that it belongs to */
};

enum ledger_phase { LEDGER_FIND, LEDGER_ROWS };

struct ledger_job {
    struct job job;
    struct asker asker;
    struct station *station; /* only `me` is looked at in the journal's thread */
    enum ledger_phase phase;
    bool again; /* the phase is not done */
    struct find find;
    char after[PARTY_MAX + 1];
    size_t limit;
    bool overdue;
    int64_t now;

    struct ledger_held held;
    struct standing standing;
    struct asked *parties, **end, *at;
    struct ledger_said said;
    struct totals totals;
    size_t count;
    bool more;
    char next[PARTY_MAX + 1];
    struct pack_out rows;
};

static void job_free (struct ledger_job *job)
{
    while (job->parties != NULL) {
        struct asked *next = job->parties->next;
        free (job->parties);
        job->parties = next;
    }
    ledger_release (&job->held);
    ledger_said_free (&job->said);
    pack_free (&job->rows);
    free (job);
}

/* --- A row, in the journal's thread --------------------------------------------------------- */

/* What is said of one party, besides what its row has. */
struct facts {
    int64_t delivered;
    unsigned applicable;
    bool complied, waived;
    size_t overdue_count;
    struct ledger_clock clocks[LEDGER_CLOCKS];
    bool overdue[LEDGER_CLOCKS];
    size_t clock_count;
};

static int64_t delivered_at (struct store *store, const struct msg_id *id, struct span party)
{
    struct key key;
    key_begin (&key, TABLE_DELIVERED);
    key_id (&key, id);
    key_text (&key, party);
    return (int64_t) table_get_u64 (store->journal, &key, 0);
}

static void find_overdue (struct ledger_job *job, struct store *store, const struct asked *party,
                          struct facts *facts)
{
    const struct ledger_advisory *a = &job->held.at[0]->advisory;
    struct ledger_limits limits;
    bool expired = a->expires != 0 && a->expires <= job->now;
    if (party->before || job->standing.position > 0 || expired)
        return;
    ledger_limits (&limits, casework_policy (store), party->c->role, a->severity);
    facts->clock_count = ledger_clocks (a, &limits, facts->clocks);
    for (size_t i = 0; i < facts->clock_count; i++) {
        facts->overdue[i] = facts->clocks[i].due <= job->now &&
                            !ledger_met (&facts->clocks[i], &job->said.view, NULL);
        facts->overdue_count += facts->overdue[i];
    }
}

static void find_facts (struct ledger_job *job, struct store *store, const struct asked *party,
                        struct facts *facts)
{
    const struct ledger_revision *now = job->held.at[0];
    memset (facts, 0, sizeof *facts);
    ledger_said (store, &job->held, party->c->name, &job->said);
    facts->delivered = delivered_at (store, &now->e.id, party->c->name);
    facts->applicable = ledger_applicable (&job->said.view);
    facts->complied = ledger_complied (&job->said.view, &now->advisory);
    for (size_t i = 0; i < now->advisory.count; i++)
        facts->waived |=
            job->said.view.at[i] != NULL && job->said.view.at[i]->state == LEDGER_WAIVED;
    find_overdue (job, store, party, facts);
}

static void count_facts (struct ledger_job *job, const struct asked *party,
                         const struct facts *facts)
{
    struct totals *totals = &job->totals;
    totals->before_enrolment += party->before;
    if (party->before)
        return;
    totals->asked++;
    totals->acknowledged += job->said.view.row->acknowledged != 0;
    totals->applicable += facts->applicable == 1;
    totals->not_applicable += facts->applicable == 2;
    totals->complied += facts->complied;
    totals->delivered += facts->delivered != 0;
    totals->overdue += facts->overdue_count > 0;
    totals->read += job->said.view.row->read != 0;
    totals->waived += facts->waived;
}

static void put_said (struct pack_out *out, const char *key, struct span text)
{
    if (text.size > 0)
        put_span (out, key, text);
}

static void put_action (struct pack_out *out, const struct ledger_view *view,
                        const struct ledger_advisory *advisory, size_t i)
{
    static const struct ledger_action none = { .state = LEDGER_OPEN };
    const struct ledger_action *a = view->at[i] != NULL ? view->at[i] : &none;
    pack_put_map (out, 2 + (a->approver.size > 0) + view->carried[i] + (a->evidence.size > 0) +
                           (a->evidence_hash.size > 0) + (a->reason.size > 0) + (a->when != 0));
    put_said (out, "approver", a->approver);
    if (view->carried[i])
        put_bool (out, "carried", true);
    put_said (out, "evidence", a->evidence);
    if (a->evidence_hash.size > 0) {
        pack_put_text (out, "evidence_hash");
        pack_put_bin (out, a->evidence_hash);
    }
    put_span (out, "id", advisory->asks[i].id);
    put_said (out, "reason", a->reason);
    put_text (out, "state", ledger_state_name (a->state));
    if (a->when != 0)
        put_int (out, "when", a->when);
}

static void put_row (struct ledger_job *job, const struct asked *party, const struct facts *facts)
{
    struct pack_out *out = &job->rows;
    const struct ledger_view *view = &job->said.view;
    const struct ledger_row *row = view->row;
    const struct ledger_advisory *advisory = &job->held.at[0]->advisory;
    pack_put_map (out, 8 + 2 * (row->acknowledged != 0) + (facts->applicable != 0) + party->before +
                           (facts->delivered != 0) + (row->read != 0) + (row->text.size > 0));
    if (row->acknowledged != 0)
        put_int (out, "acknowledged", row->acknowledged);
    pack_put_text (out, "actions");
    pack_put_array (out, advisory->count);
    for (size_t i = 0; i < advisory->count; i++)
        put_action (out, view, advisory, i);
    if (facts->applicable != 0)
        put_bool (out, "applicable", facts->applicable == 1);
    if (party->before)
        put_bool (out, "before_enrolment", true);
    if (row->acknowledged != 0)
        put_span (out, "by", row->by);
    put_bool (out, "complied", facts->complied);
    if (facts->delivered != 0)
        put_int (out, "delivered", facts->delivered);
    pack_put_text (out, "overdue");
    pack_put_array (out, facts->overdue_count);
    for (size_t i = 0; i < facts->clock_count; i++)
        if (facts->overdue[i])
            pack_put_text (out, facts->clocks[i].name);
    put_span (out, "party", party->c->name);
    put_span (out, "province", party->cert->name);
    put_span (out, "province_title", party->cert->title);
    if (row->read != 0)
        put_int (out, "read", row->read);
    pack_put_text (out, "sectors");
    pack_put_array (out, party->c->sectors.count);
    for (size_t i = 0; i < party->c->sectors.count; i++)
        pack_put_str (out, party->c->sectors.at[i]);
    put_said (out, "text", row->text);
    put_span (out, "title", party->c->title);
    job->count++;
    span_text (party->c->name, job->next, sizeof job->next);
}

/* Takes one party in; false: the page is full, and nothing more is to be counted. */
static bool take_party (struct ledger_job *job, struct store *store, const struct asked *party)
{
    struct facts facts;
    find_facts (job, store, party, &facts);
    count_facts (job, party, &facts);
    if (job->overdue && facts.overdue_count == 0)
        return true;
    if (job->count < job->limit && pack_result (&job->rows).size < ROWS_BYTES)
        put_row (job, party, &facts);
    else
        job->more = true;
    return !job->more || job->after[0] == '\0';
}

static void rows_run (struct ledger_job *job, struct store *store)
{
    int64_t until = clock_steady () + SLICE_MS;
    while (job->at != NULL && clock_steady () < until)
        job->at = take_party (job, store, job->at) ? job->at->next : NULL;
    job->again = job->at != NULL;
}

/* --- Which advisory ------------------------------------------------------------------------- */

static void find_run (struct ledger_job *job, struct store *store)
{
    struct record record;
    struct envelope e;
    job->again = !find_slice (&job->find, store);
    if (job->again || job->find.meant.count != 1)
        return;
    uint8_t *copy = store_message (store, job->find.meant.at[0], &record, &e);
    if (copy != NULL && ledger_hold (store, &e.id, &job->held))
        standing_find (store->journal, &e.id, &job->standing);
    free (copy);
}

static void job_run (struct job *base, struct store *store)
{
    struct ledger_job *job = (struct ledger_job *) base;
    if (job->phase == LEDGER_FIND)
        find_run (job, store);
    else
        rows_run (job, store);
}

/* --- The answer ----------------------------------------------------------------------------- */

static void put_asks (struct pack_out *out, const struct ledger_advisory *a,
                      const struct ledger_limits *limits)
{
    pack_put_text (out, "actions");
    pack_put_array (out, a->count);
    for (size_t i = 0; i < a->count; i++) {
        int64_t due = a->asks[i].due != 0 ? a->asks[i].due
                      : limits->done != 0 ? a->started + limits->done
                                          : 0;
        pack_put_map (out, 2 + (due != 0));
        if (due != 0)
            put_int (out, "due", due);
        put_span (out, "id", a->asks[i].id);
        put_span (out, "text", a->asks[i].text);
    }
}

static void put_advisory (struct ledger_job *job, struct pack_out *out)
{
    const struct ledger_revision *now = job->held.at[0];
    const struct ledger_advisory *a = &now->advisory;
    const struct policy *policy = directory_policy_now (job->station->directory);
    bool replaced = job->standing.position > 0, replaces = job->held.count > 1;
    char id[ID_TEXT], before[ID_TEXT];
    struct ledger_limits limits;
    msg_id_text (&now->e.id, id);
    ledger_limits (&limits, policy, (struct span){ NULL, 0 }, a->severity);
    pack_put_map (out, 9 + (a->expires != 0) + replaced + replaces);
    put_asks (out, a, &limits);
    if (a->expires != 0)
        put_int (out, "expires", a->expires);
    put_text (out, "id", id);
    put_int (out, "issued", now->e.issued);
    put_uint (out, "mode", now->e.mode);
    put_span (out, "number", a->number);
    put_span (out, "origin", now->e.id.origin);
    if (replaced) {
        pack_put_text (out, "replaced");
        standing_pack (out, &job->standing);
    }
    if (replaces) {
        msg_id_text (&job->held.at[1]->e.id, before);
        put_text (out, "replaces", before);
    }
    put_span (out, "title", a->title);
    put_uint (out, "tlp", now->e.tlp);
    put_bool (out, "withdrawn", a->withdrawn);
}

static void put_totals (struct pack_out *out, const struct totals *totals)
{
    size_t count = 0;
#define TOTAL_X(name) count++;
    TOTALS (TOTAL_X)
#undef TOTAL_X
    pack_put_text (out, "totals");
    pack_put_map (out, count);
#define TOTAL_X(name) put_uint (out, #name, totals->name);
    TOTALS (TOTAL_X)
#undef TOTAL_X
}

static void answer_ledger (struct ledger_job *job)
{
    struct pack_out out;
    bool first = job->after[0] == '\0';
    pack_init (&out);
    pack_put_map (&out, 5 + first + (job->count > 0));
    pack_put_text (&out, "advisory");
    put_advisory (job, &out);
    put_bool (&out, "more", job->more);
    if (job->count > 0)
        put_text (&out, "next", job->next);
    put_int (&out, "now", job->now);
    put_bool (&out, "ok", true);
    pack_put_text (&out, "rows");
    pack_put_array (&out, job->count);
    pack_put_raw (&out, pack_result (&job->rows));
    if (first)
        put_totals (&out, &job->totals);
    answer_send (&job->asker, &out);
    pack_free (&out);
}

/* --- In the loop ---------------------------------------------------------------------------- */

/* The CERT that a party belongs to: of those on the way to the top, the one right below the top, if
 * it may enrol; else the top itself. */
static const struct credential *cert_of (const struct station *station, struct span name)
{
    struct span top = directory_root_file (station->directory)->top, at = name;
    while (party_depth (at) > party_depth (top) + 1)
        at = party_parent (at);
    const struct entry *entry = directory_by_name (station->directory, at);
    if (entry == NULL || (entry->credential.may.children == 0 && span_equal (at, name)))
        entry = directory_by_name (station->directory, top);
    return entry != NULL ? &entry->credential : NULL;
}

static bool ask_party (const struct ledger_party *party, void *arg)
{
    struct ledger_job *job = arg;
    const struct credential *c = &party->entry->credential;
    const struct credential *cert = cert_of (job->station, c->name);
    if (job->after[0] != '\0' && span_compare (c->name, span_of (job->after)) <= 0)
        return true;
    struct asked *asked = calloc (1, sizeof *asked);
    if (asked == NULL)
        abort ();
    *asked = (struct asked){ .before = party->before, .c = c, .cert = cert != NULL ? cert : c };
    *job->end = asked;
    job->end = &asked->next;
    return true;
}

static void refuse_found (const struct ledger_job *job)
{
    const struct find *find = &job->find;
    char detail[ID_TEXT + 120];
    bool several = find->meant.count > 1, none = find->meant.count == 0;
    snprintf (detail, sizeof detail, "%s \"%s\"%s",
              several ? "several messages here are meant by"
              : none  ? "no message here is meant by"
                      : "no advisory is meant by",
              find->typed, several ? "; say more of it" : "");
    answer_refuse (&job->asker,
                   several ? "ambiguous"
                   : none  ? "not-found"
                           : "not-an-advisory",
                   detail);
}

static void job_done (struct job *base, struct station *station)
{
    struct ledger_job *job = (struct ledger_job *) base;
    if (station->stopping) {
        answer_refuse (&job->asker, "away", "the broker is leaving");
    } else if (job->again) {
        store_submit (station->store, base);
        return;
    } else if (job->phase == LEDGER_ROWS) {
        answer_ledger (job);
    } else if (job->held.count == 0) {
        refuse_found (job);
    } else {
        ledger_each (station, &job->held.at[0]->e, ask_party, job);
        job->phase = LEDGER_ROWS;
        job->at = job->parties;
        store_submit (station->store, base);
        return;
    }
    job_free (job);
}

void local_ledger (const struct question *q)
{
    int64_t limit = ask_int (q, "limit", 100);
    if (limit < 0 || limit > ROWS_MAX) {
        answer_refuse (&q->asker, "usage", "limit: 0 to 1000");
        return;
    }
    struct ledger_job *job = job_new (sizeof *job, job_run, job_done);
    pack_init (&job->rows);
    job->asker = q->asker;
    job->station = q->station;
    job->end = &job->parties;
    job->limit = (size_t) limit;
    job->overdue = ask_bool (q, "overdue");
    job->now = clock_utc ();
    span_text (ask_text (q, "after"), job->after, sizeof job->after);
    if (find_begin (&job->find, ask_text (q, "id"), q->station)) {
        store_submit (q->station->store, &job->job);
        return;
    }
    answer_refuse (&q->asker, "usage",
                   "this names no message: an id is pk.sindh/1-3, a number NCERT-2026-013, a code "
                   "XXXX-XXXX-XXXX-XXXX");
    job_free (job);
}
