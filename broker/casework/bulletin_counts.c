/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/bulletins.h"

#include "broker/casework/threads.h"

#include <stdlib.h>
#include <string.h>

/* Every offset of a time zone, and so every end of a period that people choose, is a multiple. */
#define QUARTER_MS INT64_C (900000)

#define FACTS   0
#define COUNTED 1

/* X (number in the table, province) of those that a party's name may begin with. */
static const char *const provinces[] = {
    "azad-jammu-kashmir",
    "balochistan",
    "gilgit-baltistan",
    "islamabad",
    "khyber-pakhtunkhwa",
    "punjab",
    "sindh",
};

/* What was counted of a case. Texts are the names of rows. */
struct counted {
    bool counts, grave, fake;
    int64_t quarter, reported;
    unsigned severity;
    struct span class, province, sector;
};

static void counted_key (struct key *key, const struct key *subject, unsigned what)
{
    key_begin (key, TABLE_COUNTED);
    key_bytes (key, key_span (subject));
    key_u8 (key, what);
}

/* --- What a report says -------------------------------------------------------------------- */

static void put_facts (struct store *store, const struct envelope *report)
{
    struct pack_out out;
    struct key key;
    struct subject subject;
    subject_id (&subject, SUBJECT_CASE, &report->id);
    counted_key (&key, &subject.key, FACTS);
    pack_init (&out);
    pack_put_array (&out, 2);
    pack_put_str (&out, body_text (report->body, "province"));
    pack_put_str (&out, body_text (report->body, "sector"));
    store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&out)));
    pack_free (&out);
    casework_touch (store, &subject);
}

static bool counts_reads (struct span kind)
{
    return span_is (kind, "incident");
}

/* A report is here by itself, or inside an escalation or a transfer. */
static void counts_fold (struct store *store, const struct intake_batch *batch,
                         const struct item *item, const struct envelope *e)
{
    struct envelope inside;
    struct span original = body_bytes (e->body, "original");
    (void) batch;
    (void) item;
    if (e->mode != CB_MODE_LIVE)
        return;
    if (span_is (e->kind, "incident"))
        put_facts (store, e);
    else if ((span_is (e->kind, "escalation") || span_is (e->kind, "update")) &&
             original.size > 0 && envelope_parse (&inside, original) == CB_OK &&
             span_is (inside.kind, "incident") && inside.mode == CB_MODE_LIVE)
        put_facts (store, &inside);
}

/* The second label of a party's name, where a province's bodies stand. */
static struct span province_of (struct span party)
{
    const uint8_t *dot = memchr (party.data, '.', party.size);
    if (dot == NULL)
        return span_of ("");
    struct span rest = span_bytes (dot + 1, party.size - (size_t) (dot - party.data) - 1);
    dot = memchr (rest.data, '.', rest.size);
    if (dot != NULL)
        rest.size = (size_t) (dot - rest.data);
    for (size_t i = 0; i < sizeof provinces / sizeof provinces[0]; i++)
        if (span_is (rest, provinces[i]))
            return rest;
    return span_of ("");
}

static struct span or_not_said (struct span text)
{
    return text.size > 0 ? text : span_of ("not said");
}

/* --- What is counted ----------------------------------------------------------------------- */

/* Neither what turned out to be nothing, nor what is counted with another, nor a test. */
static bool is_counted (const struct case_state *state)
{
    return state->mode == CB_MODE_LIVE && state->reported > 0 &&
           !span_is (state->disposition, "duplicate") && !span_is (state->disposition, "refuted") &&
           !span_is (state->type, "test/test");
}

static struct span class_of (struct span type)
{
    const uint8_t *slash = memchr (type.data, '/', type.size);
    return slash != NULL ? span_bytes (type.data, (size_t) (slash - type.data)) : type;
}

/* `facts` is the row of the report; empty: only that there is one is known. */
static void count_of (struct counted *out, const struct case_state *state, struct span facts)
{
    struct span province = { NULL, 0 }, sector = { NULL, 0 };
    struct pack_in in = pack_open (facts);
    memset (out, 0, sizeof *out);
    if (facts.size > 0 && pack_array (&in, 2, 2) == 2) {
        province = pack_str (&in, 0, SIZE_MAX);
        sector = pack_str (&in, 0, SIZE_MAX);
    }
    if (province.size == 0)
        province = province_of (state->id.origin);
    out->counts = is_counted (state);
    out->reported = state->reported;
    out->quarter = state->reported / QUARTER_MS;
    out->severity = state->severity;
    out->grave =
        out->counts && state->stage != CASE_IS_CLOSED && severity_effective (state->severity) <= 2;
    out->fake =
        span_is (state->type, "fraud/masquerade") || span_is (state->type, "fraud/phishing");
    out->class = or_not_said (class_of (state->type));
    out->province = or_not_said (province);
    out->sector = or_not_said (sector);
}

static void pack_counted (struct pack_out *out, const struct counted *c)
{
    pack_put_array (out, 9);
    pack_put_bool (out, c->counts);
    pack_put_bool (out, c->fake);
    pack_put_bool (out, c->grave);
    pack_put_int (out, c->quarter);
    pack_put_int (out, c->reported);
    pack_put_uint (out, c->severity);
    pack_put_str (out, c->class);
    pack_put_str (out, c->province);
    pack_put_str (out, c->sector);
}

static bool read_counted (struct counted *c, struct span row)
{
    struct pack_in in = pack_open (row);
    memset (c, 0, sizeof *c);
    pack_array (&in, 9, 9);
    c->counts = pack_bool (&in);
    c->fake = pack_bool (&in);
    c->grave = pack_bool (&in);
    c->quarter = pack_int (&in, INT64_MIN, INT64_MAX);
    c->reported = pack_int (&in, INT64_MIN, INT64_MAX);
    c->severity = (unsigned) pack_uint (&in, 0, UINT8_MAX);
    c->class = pack_str (&in, 0, SIZE_MAX);
    c->province = pack_str (&in, 0, SIZE_MAX);
    c->sector = pack_str (&in, 0, SIZE_MAX);
    return pack_done (&in);
}

static void add_one (struct store *store, unsigned table, int64_t quarter, struct span name, int by)
{
    struct key key;
    key_begin (&key, TABLE_COUNTS);
    key_u8 (&key, table);
    key_u64 (&key, (uint64_t) quarter);
    key_text (&key, name);
    casework_count (store, &key, by);
}

static void count (struct store *store, const struct key *subject, const struct counted *c, int by)
{
    struct key key;
    if (c->counts) {
        add_one (store, BULLETIN_BY_ALL, c->quarter, span_of (""), by);
        add_one (store, BULLETIN_BY_CLASS, c->quarter, c->class, by);
        add_one (store, BULLETIN_BY_SEVERITY, c->quarter, span_of (severity_name (c->severity)),
                 by);
        add_one (store, BULLETIN_BY_PROVINCE, c->quarter, c->province, by);
        add_one (store, BULLETIN_BY_SECTOR, c->quarter, c->sector, by);
    }
    if (c->counts && c->fake)
        add_one (store, COUNTS_FAKES, c->quarter, span_of (""), by);
    if (!c->grave)
        return;
    key_begin (&key, TABLE_GRAVE);
    key_u8 (&key, c->severity);
    key_u64 (&key, (uint64_t) c->reported);
    key_bytes (&key, key_span (subject));
    store_ok (store, by < 0 ? journal_del (store->journal, key_span (&key))
                            : journal_put (store->journal, key_span (&key), span_of ("")));
}

/* A copy of a row, since the next one that is read overwrites it. */
struct row {
    size_t size;
    uint8_t bytes[4096];
};

static struct span row_get (struct journal *journal, const struct key *key, struct row *row)
{
    struct span value;
    row->size = 0;
    if (journal_get (journal, key_span (key), &value) == JOURNAL_OK &&
        value.size <= sizeof row->bytes) {
        memcpy (row->bytes, value.data, value.size);
        row->size = value.size;
    }
    return span_bytes (row->bytes, row->size);
}

static void counts_settle (struct store *store, const struct subject *subject)
{
    struct key key;
    struct row facts, before;
    struct counted was, now;
    struct case_state state;
    struct pack_out out;
    counted_key (&key, &subject->key, FACTS);
    row_get (store->journal, &key, &facts);
    counted_key (&key, &subject->key, COUNTED);
    bool had = read_counted (&was, row_get (store->journal, &key, &before));
    uint8_t *bytes = threads_case_at (store->journal, key_span (&subject->key), &state);
    if (bytes == NULL)
        return;
    count_of (&now, &state, span_bytes (facts.bytes, facts.size));
    pack_init (&out);
    pack_counted (&out, &now);
    if (!had || !span_equal (pack_result (&out), span_bytes (before.bytes, before.size))) {
        if (had)
            count (store, &subject->key, &was, -1);
        count (store, &subject->key, &now, 1);
        store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&out)));
    }
    pack_free (&out);
    free (bytes);
}

const struct casework_part bulletin_counts_part = {
    .name = "bulletin-counts",
    .reads = counts_reads,
    .fold = counts_fold,
    .class = SUBJECT_CASE,
    .settle = counts_settle,
    .tables = (const char[]){ TABLE_COUNTED, TABLE_COUNTS, TABLE_GRAVE, '\0' },
};

/* --- Reading ------------------------------------------------------------------------------- */

/* The first quarter that begins at or after a moment. */
static int64_t quarter_from (int64_t ms)
{
    return ms / QUARTER_MS + (ms % QUARTER_MS > 0);
}

/* Walks the rows of a table in a period. `name` borrows until the next call. */
static bool counts_next (struct journal *journal, const struct key *table,
                         const struct bulletin_period *period, struct key *after, struct span *name,
                         int64_t *value)
{
    struct span key, row;
    if (after->size == 0) {
        *after = *table;
        key_u64 (after, (uint64_t) quarter_from (period->from));
    }
    if (!table_next (journal, table, after, &key, &row) || key.size < table->size + 9 ||
        (int64_t) read_u64 (key.data + table->size) >= quarter_from (period->until))
        return false;
    *name = span_bytes (key.data + table->size + 8, key.size - table->size - 9);
    *value = (int64_t) tail_u64 (row);
    return true;
}

static void table_key (struct key *key, unsigned table)
{
    key_begin (key, TABLE_COUNTS);
    key_u8 (key, table);
}

int64_t counts_total (struct journal *journal, unsigned which, const struct bulletin_period *period)
{
    struct key table, after = { .size = 0 };
    struct span name;
    int64_t value, total = 0;
    table_key (&table, which);
    while (counts_next (journal, &table, period, &after, &name, &value))
        total += value;
    return total;
}

void counts_add (struct journal *journal, unsigned which, const struct bulletin_period *period,
                 bool before, struct bulletin_rows *out)
{
    struct key table, after = { .size = 0 };
    struct span name;
    int64_t value;
    table_key (&table, which);
    while (counts_next (journal, &table, period, &after, &name, &value))
        bulletin_add (out, name, before ? 0 : value, before ? value : 0);
}

uint8_t *grave_next (struct journal *journal, struct key *after, struct case_state *out)
{
    struct key prefix;
    struct span key, value;
    key_begin (&prefix, TABLE_GRAVE);
    while (table_next (journal, &prefix, after, &key, &value)) {
        uint8_t *bytes =
            threads_case_at (journal, span_bytes (after->bytes + 10, after->size - 10), out);
        if (bytes != NULL)
            return bytes;
    }
    return NULL;
}
