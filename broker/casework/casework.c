/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/casework.h"

#include "broker/carrier.h"
#include "broker/casework/bulletins.h"
#include "broker/casework/clocks.h"
#include "broker/casework/ledger.h"
#include "broker/casework/exercises.h"
#include "broker/casework/sightings.h"
#include "broker/casework/silence.h"
#include "broker/casework/threads.h"
#include "broker/casework/timers.h"
#include "bus/core/policy.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* What a settle touches is settled in the next round; so many and no more, whatever a part does. */
#define ROUNDS_MAX 16
/* Records of a rebuild after which it settles: what was touched is kept in memory until then. */
#define REBUILD_SETTLES 1024

/* clang-format off */
const struct casework_part *const casework_parts[] = {
    &threads_part, /* what comes later reads the state of cases */
    &clocks_part,
    &timers_part,
    &carrier_part,
    &ledger_part,
    &silence_part,
    &returns_part,
    &sightings_part,
    &bulletin_counts_part,
    &bulletins_part,
    &exercises_part,
    NULL,
};
/* clang-format on */

struct touched {
    struct subject subject;
    UT_hash_handle hh;
};

/* What is to be added to a number. */
struct counter {
    UT_hash_handle hh;
    int64_t by;
    size_t size;
    uint8_t key[];
};

struct casework {
    struct touched *touched; /* in the order in which they were */
    struct counter *counters;
    uint8_t *policy_bytes; /* owned; what `policy` borrows from */
    struct policy *policy; /* NULL: not read yet, or there is none */
    bool policy_read;
    struct casework_start start;
    bool start_read;
};

static struct casework *own (struct store *store)
{
    if (store->casework == NULL)
        store->casework = calloc (1, sizeof *store->casework);
    if (store->casework == NULL)
        abort ();
    return store->casework;
}

static void touched_clear (struct casework *self)
{
    struct touched *one, *next;
    HASH_ITER (hh, self->touched, one, next)
    {
        HASH_DEL (self->touched, one);
        free (one);
    }
}

static void counters_clear (struct casework *self)
{
    struct counter *one, *next;
    HASH_ITER (hh, self->counters, one, next)
    {
        HASH_DEL (self->counters, one);
        free (one);
    }
}

static void policy_clear (struct casework *self)
{
    free (self->policy);
    free (self->policy_bytes);
    self->policy = NULL;
    self->policy_bytes = NULL;
    self->policy_read = false;
}

void casework_forget (struct store *store)
{
    if (store->casework == NULL)
        return;
    touched_clear (store->casework);
    counters_clear (store->casework);
    policy_clear (store->casework);
    store->casework->start_read = false;
}

void casework_free (struct store *store)
{
    casework_forget (store);
    free (store->casework);
    store->casework = NULL;
}

/* --- Subjects ------------------------------------------------------------------------------ */

/* Of the bytes of a subject those that say something; what lies between its parts is 0. */
static size_t subject_size (const struct subject *subject)
{
    return offsetof (struct subject, key.bytes) + subject->key.size;
}

void subject_id (struct subject *out, enum subject_class class, const struct msg_id *id)
{
    memset (out, 0, sizeof *out);
    out->class = class;
    key_id (&out->key, id);
}

bool subject_msg_id (const struct subject *subject, struct msg_id *id)
{
    return key_id_read (id, key_span (&subject->key));
}

void subject_text (struct subject *out, enum subject_class class, struct span text)
{
    memset (out, 0, sizeof *out);
    out->class = class;
    key_text (&out->key, text);
}

void casework_touch (struct store *store, const struct subject *subject)
{
    struct casework *self = own (store);
    struct touched *one = NULL;
    size_t size = subject_size (subject);
    HASH_FIND (hh, self->touched, subject, size, one);
    if (one != NULL)
        return;
    one = malloc (sizeof *one);
    if (one == NULL)
        abort ();
    memcpy (&one->subject, subject, size);
    HASH_ADD (hh, self->touched, subject, size, one);
}

void casework_count (struct store *store, const struct key *key, int by)
{
    struct casework *self = own (store);
    struct counter *one = NULL;
    HASH_FIND (hh, self->counters, key->bytes, key->size, one);
    if (one == NULL) {
        one = calloc (1, sizeof *one + key->size);
        if (one == NULL)
            abort ();
        one->size = key->size;
        memcpy (one->key, key->bytes, key->size);
        HASH_ADD_KEYPTR (hh, self->counters, one->key, one->size, one);
    }
    one->by += by;
}

static void counters_write (struct store *store, struct casework *self)
{
    struct key key;
    for (struct counter *one = self->counters; one != NULL; one = one->hh.next) {
        if (one->by == 0)
            continue;
        key.size = one->size;
        memcpy (key.bytes, one->key, one->size);
        uint64_t now = table_get_u64 (store->journal, &key, 0) + (uint64_t) one->by;
        store_ok (store, now == 0 ? journal_del (store->journal, key_span (&key))
                                  : table_put_u64 (store->journal, &key, now));
    }
    counters_clear (self);
}

/* --- Parts --------------------------------------------------------------------------------- */

static bool part_reads (const struct casework_part *part, struct span kind, unsigned mode)
{
    return (part->reads != NULL && part->reads (kind)) ||
           (mode == CB_MODE_EXERCISE && part->plays != NULL && part->plays (kind));
}

bool casework_reads (struct span kind, unsigned mode)
{
    for (size_t i = 0; casework_parts[i] != NULL; i++)
        if (part_reads (casework_parts[i], kind, mode))
            return true;
    return false;
}

static void settle_round (struct store *store, struct touched *round)
{
    for (size_t i = 0; casework_parts[i] != NULL; i++)
        for (struct touched *one = round; one != NULL; one = one->hh.next)
            if (casework_parts[i]->settle != NULL &&
                casework_parts[i]->class == one->subject.class && !store_full (store))
                casework_parts[i]->settle (store, &one->subject);
}

void casework_settle (struct store *store)
{
    struct casework *self = store->casework;
    for (int i = 0; i < ROUNDS_MAX && self != NULL && self->touched != NULL; i++) {
        struct casework round = { .touched = self->touched };
        self->touched = NULL;
        settle_round (store, round.touched);
        touched_clear (&round);
    }
    if (self != NULL)
        counters_write (store, self);
}

/* --- The policy ---------------------------------------------------------------------------- */

static struct span policy_statement (const struct envelope *e)
{
    return body_bytes (e->body, "statement");
}

/* Takes `bytes`, which the statement borrows from, when it holds a newer one. */
static void policy_newer (struct casework *self, struct span statement, uint8_t *bytes)
{
    struct policy *policy = calloc (1, sizeof *policy);
    if (policy == NULL)
        abort ();
    if (policy_parse (policy, statement) &&
        (self->policy == NULL || policy->version > self->policy->version)) {
        policy_clear (self);
        self->policy = policy;
        self->policy_bytes = bytes;
        return;
    }
    free (policy);
    free (bytes);
}

bool casework_granted (const struct policy *policy, struct span role)
{
    for (size_t i = 0; i < policy->grant_count; i++) {
        const struct policy_grant *g = &policy->grants[i];
        if ((span_equal (g->role, role) || span_is (g->role, "*")) &&
            (labels_have (&g->kinds, span_of ("alarm")) ||
             labels_have (&g->kinds, span_of ("escalation")) ||
             labels_have (&g->kinds, span_of ("*"))))
            return true;
    }
    return false;
}

const struct policy *casework_policy (struct store *store)
{
    struct casework *self = own (store);
    struct record record;
    struct envelope e;
    struct key key;
    if (self->policy_read)
        return self->policy;
    if (store->first_policy.size > 0)
        policy_newer (self, store->first_policy, NULL);
    key_station (&key, "policy");
    int64_t position = (int64_t) table_get_u64 (store->journal, &key, 0);
    uint8_t *bytes = position > 0 ? store_message (store, position, &record, &e) : NULL;
    if (bytes != NULL)
        policy_newer (self, policy_statement (&e), bytes);
    self->policy_read = true;
    return self->policy;
}

/* What was touched before it came is settled by the one before, whenever it is that jobs end. */
static void fold_policy (struct store *store, const struct item *item, const struct envelope *e)
{
    struct policy *policy = calloc (1, sizeof *policy);
    struct key key;
    if (policy == NULL)
        abort ();
    const struct policy *now = casework_policy (store);
    if (policy_parse (policy, policy_statement (e)) &&
        (now == NULL || policy->version > now->version)) {
        casework_settle (store);
        key_station (&key, "policy");
        store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) item->position));
        policy_clear (own (store));
    }
    free (policy);
}

void casework_fold (struct store *store, const struct intake_batch *batch, const struct item *item,
                    const struct envelope *e)
{
    if (span_is (e->kind, "policy") && e->mode == CB_MODE_LIVE)
        fold_policy (store, item, e);
    for (size_t i = 0; casework_parts[i] != NULL; i++)
        if (casework_parts[i]->fold != NULL &&
            (e->thread.origin.size > 0 || part_reads (casework_parts[i], e->kind, e->mode)))
            casework_parts[i]->fold (store, batch, item, e);
}

/* --- From the log --------------------------------------------------------------------------- */

static void empty_table (struct store *store, uint8_t table)
{
    struct key prefix = { .size = 1, .bytes = { table } };
    struct key after = { .size = 0 };
    struct span key, value;
    while (!store_full (store) && table_next (store->journal, &prefix, &after, &key, &value)) {
        store_ok (store, journal_del (store->journal, key_span (&after)));
        after.size = 0;
    }
}

static void fold_record (struct store *store, const struct record *record)
{
    struct envelope e;
    struct intake_batch batch = { .policy = record->policy, .now = record->taken };
    struct item item = { .position = record->position,
                         .envelope = record->envelope,
                         .outcome = TAKEN_STORED,
                         .lane = record->lane };
    if (envelope_parse (&e, record->envelope) != CB_OK ||
        (e.thread.origin.size == 0 && !casework_reads (e.kind, e.mode) &&
         !span_is (e.kind, "policy")))
        return;
    batch.from = record->from;
    item.kind = e.kind;
    item.leaf = e.leaf;
    item.id = e.id;
    item.thread = e.thread;
    item.replaces = e.replaces;
    item.tlp = e.tlp;
    item.mode = e.mode;
    casework_fold (store, &batch, &item, &e);
}

void casework_begin (struct store *store, int64_t now)
{
    struct key key;
    struct record record;
    uint8_t row[16];
    int64_t head = journal_head (store->journal);
    key_station (&key, "casework");
    if (table_get_u64 (store->journal, &key, 0) != 0)
        return;
    bool any = head > 0 && journal_at (store->journal, head, &record) == JOURNAL_OK;
    int64_t taken = any ? record.taken : 0;
    write_u64 (row, (uint64_t) head);
    write_u64 (row + 8, (uint64_t) (taken < now ? taken : now)); /* a clock may have been wrong */
    key_station (&key, "adopted");
    store_ok (store, journal_put (store->journal, key_span (&key), span_bytes (row, sizeof row)));
    own (store)->start_read = false;
}

struct casework_start casework_start (struct store *store)
{
    struct casework *self = own (store);
    struct key key;
    struct span row;
    if (self->start_read)
        return self->start;
    self->start = (struct casework_start){ .position = 0 };
    self->start_read = true;
    key_station (&key, "adopted");
    if (journal_get (store->journal, key_span (&key), &row) == JOURNAL_OK && row.size == 16) {
        self->start.position = (int64_t) read_u64 (row.data);
        self->start.time = (int64_t) read_u64 (row.data + 8);
    }
    return self->start;
}

bool casework_current (struct journal *journal)
{
    struct key key;
    key_station (&key, "casework");
    return table_get_u64 (journal, &key, 0) == CASEWORK_RULES;
}

void casework_rebuild (struct store *store)
{
    struct key key;
    struct record record;
    casework_forget (store);
    for (size_t i = 0; casework_parts[i] != NULL; i++)
        for (const char *table = casework_parts[i]->tables; table != NULL && *table != '\0';
             table++)
            empty_table (store, (uint8_t) *table);
    key_station (&key, "policy");
    store_ok (store, journal_del (store->journal, key_span (&key)));
    struct journal_reader *reader =
        journal_reader_new (store->journal, CB_LANE_RECOVERY, 0); /* all lanes, in order */
    for (int64_t i = 1; !store_full (store) && journal_next (reader, &record) == JOURNAL_OK; i++) {
        if (record.envelope.size > 0)
            fold_record (store, &record);
        if (i % REBUILD_SETTLES == 0)
            casework_settle (store);
    }
    journal_reader_free (&reader);
    for (size_t i = 0; casework_parts[i] != NULL; i++)
        if (casework_parts[i]->begin != NULL)
            casework_parts[i]->begin (store);
    casework_settle (store);
    key_station (&key, "casework");
    store_ok (store, table_put_u64 (store->journal, &key, CASEWORK_RULES));
}
