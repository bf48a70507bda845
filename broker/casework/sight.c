/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/sightings.h"

#include "bus/core/case.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Patterns in one sighting, as its schema has it. */
#define SIGHTING_MAX 500
/* Updates that were here before their report and are looked at when it comes. */
#define EARLY_MAX 64
/* Patterns of one case that are told of: all of them are looked at when the case has news. */
#define CASE_PATTERNS 2000

/* A row of ROWS_TOLD: whether it was told, then the class, if it is one. */
#define NOT_TOLD 0
#define TOLD     1

static void case_rows (struct key *key, enum indicator_rows rows, struct span rest)
{
    key_begin (key, TABLE_INDICATORS);
    key_u8 (key, rows);
    if (rest.size > 0)
        key_bytes (key, rest);
}

/* The id of a case as keys have it. */
static struct span id_bytes (struct key *key, const struct msg_id *id)
{
    key->size = 0;
    key_id (key, id);
    return key_span (key);
}

static void touch_case (struct store *store, struct span id)
{
    struct subject subject = { .class = SUBJECT_PATTERN };
    key_u8 (&subject.key, 1);
    key_bytes (&subject.key, id);
    casework_touch (store, &subject);
}

/* --- What is in a report or update --------------------------------------------------------- */

struct folding {
    struct store *store;
    const struct envelope *e;
    int64_t position;
    bool past;      /* there were no sightings yet when it came: nobody is told of it any more */
    bool any;       /* out: there is a pattern in it */
    bool here, own; /* it may be named in an alarm; it is this party's own, and may be named */
    struct span id; /* of a case that this party led from the start; empty: of none */
};

/* The row of the case itself counts them. */
static void note_pattern (const struct folding *f, const struct hash *pattern, struct span class)
{
    uint8_t row[1 + sizeof ((struct pattern_head *) 0)->class] = { f->past ? TOLD : NOT_TOLD };
    struct store *store = f->store;
    struct key of_case, key;
    struct span value;
    case_rows (&of_case, ROWS_TOLD, f->id);
    key = of_case;
    key_hash (&key, pattern);
    uint64_t count = table_get_u64 (store->journal, &of_case, 0);
    if (count >= CASE_PATTERNS ||
        journal_get (store->journal, key_span (&key), &value) == JOURNAL_OK)
        return;
    memcpy (row + 1, class.data, class.size);
    store_ok (store,
              journal_put (store->journal, key_span (&key), span_bytes (row, 1 + class.size)));
    store_ok (store, table_put_u64 (store->journal, &of_case, count + 1));
}

static void fold_pattern (const struct hash *pattern, struct span class,
                          const struct indicator *typed, void *arg)
{
    struct folding *f = arg;
    struct key key;
    f->any = true;
    if (f->here && typed != NULL) {
        case_rows (&key, ROWS_HELD, span_bytes (pattern->bytes, HASH_SIZE));
        if (table_get_u64 (f->store->journal, &key, 0) == 0)
            store_ok (f->store, table_put_u64 (f->store->journal, &key, (uint64_t) f->position));
    }
    if (f->id.size > 0) {
        note_pattern (f, pattern, class);
    } else if (f->own) {
        struct sighted row = { .first = f->e->issued, .last = f->e->issued };
        span_text (f->e->id.origin, row.origin, sizeof row.origin);
        span_text (f->e->id.origin, row.party, sizeof row.party);
        sightings_add (f->store, pattern, f->e->mode, &row);
    }
}

/* Whether there is a pattern in it. */
static bool fold_one (struct store *store, const struct envelope *e, int64_t position, bool here,
                      struct span id)
{
    struct folding f = { .store = store,
                         .e = e,
                         .position = position,
                         .past = position <= casework_start (store).position,
                         .here = here && e->mode == CB_MODE_LIVE,
                         .own = span_is (e->id.origin, store->self) && e->tlp <= CB_TLP_GREEN,
                         .id = id };
    patterns_each (e, fold_pattern, &f);
    return f.any;
}

/* Of a case only its reporter and its lead say what is in it. */
static bool speaks (const struct store *store, const struct envelope *e)
{
    return span_equal (e->id.origin, e->thread.origin) || span_is (e->id.origin, store->self);
}

static bool fold_early (struct store *store, const struct msg_id *id, struct span bytes)
{
    struct key prefix, after = { .size = 0 };
    struct span key, value;
    bool any = false;
    key_begin (&prefix, TABLE_ANSWERS);
    key_id (&prefix, id);
    for (size_t i = 0; i < EARLY_MAX && table_next (store->journal, &prefix, &after, &key, &value);
         i++) {
        struct record record;
        struct envelope e;
        uint8_t *copy = store_message (store, (int64_t) tail_u64 (key), &record, &e);
        if (copy != NULL && span_is (e.kind, "update") && e.mode != CB_MODE_TEST &&
            speaks (store, &e))
            any |= fold_one (store, &e, record.position, false, bytes);
        free (copy);
    }
    return any;
}

/* Its own key for tags is made when there is first something to tell. */
static void need_key (struct store *store, uint8_t secret[KEY_SIZE])
{
    struct key key;
    if (sightings_key (store, secret))
        return;
    randombytes_buf (secret, KEY_SIZE);
    key_station (&key, "constituents");
    store_ok (store, journal_put (store->journal, key_span (&key), span_bytes (secret, KEY_SIZE)));
}

static void fold_report (struct store *store, const struct item *item, const struct envelope *e)
{
    struct step step;
    struct key id, key;
    uint8_t secret[KEY_SIZE], tag[TAG_SIZE];
    if (!step_of (&step, e))
        return;
    bool lead = span_is (step.lead, store->self);
    struct span bytes = id_bytes (&id, &e->id);
    bool any = fold_one (store, e, item->position, item->here, lead ? bytes : span_bytes (NULL, 0));
    if (!lead)
        return;
    need_key (store, secret);
    case_rows (&key, ROWS_TOLD, bytes);
    if (table_get_u64 (store->journal, &key, 0) == 0)
        store_ok (store, table_put_u64 (store->journal, &key, 0));
    sightings_tag (secret, bytes, tag);
    case_rows (&key, ROWS_CASE, span_bytes (tag, TAG_SIZE));
    store_ok (store, journal_put (store->journal, key_span (&key), bytes));
    any |= fold_early (store, &e->id, bytes);
    if (any)
        touch_case (store, bytes);
}

void sight_fold (struct store *store, const struct item *item, const struct envelope *e)
{
    struct key id, key;
    struct span value;
    if (e->mode == CB_MODE_TEST)
        return;
    if (span_is (e->kind, "incident")) {
        fold_report (store, item, e);
        return;
    }
    if (e->thread.origin.size == 0 || !speaks (store, e))
        return;
    struct span bytes = id_bytes (&id, &e->thread);
    case_rows (&key, ROWS_TOLD, bytes);
    bool lead = journal_get (store->journal, key_span (&key), &value) == JOURNAL_OK;
    fold_one (store, e, item->position, item->here, lead ? bytes : span_bytes (NULL, 0));
    if (lead)
        touch_case (store, bytes);
}

/* --- Telling of it ------------------------------------------------------------------------- */

static void mark_told (struct store *store, struct span id, const struct hash *pattern)
{
    uint8_t told[1 + sizeof ((struct pattern_head *) 0)->class] = { TOLD };
    struct key row;
    struct span value;
    case_rows (&row, ROWS_TOLD, id);
    key_hash (&row, pattern);
    if (journal_get (store->journal, key_span (&row), &value) != JOURNAL_OK || value.size == 0 ||
        value.size > sizeof told)
        return;
    size_t size = value.size;
    memcpy (told + 1, value.data + 1, size - 1);
    store_ok (store, journal_put (store->journal, key_span (&row), span_bytes (told, size)));
}

void sight_told (struct store *store, const struct envelope *e)
{
    struct key key;
    struct span tag = body_bytes (e->body, "case"), id;
    struct span class = body_text (e->body, "type");
    uint8_t bytes[KEY_MAX];
    if (tag.size != TAG_SIZE)
        return;
    case_rows (&key, ROWS_CASE, tag);
    if (journal_get (store->journal, key_span (&key), &id) != JOURNAL_OK || id.size > sizeof bytes)
        return;
    memcpy (bytes, id.data, id.size);
    id = span_bytes (bytes, id.size);
    struct pack_in in = pack_open (body_field (e->body, "indicators"));
    size_t left = pack_peek (&in) == PACK_ARRAY ? pack_array (&in, 0, SIZE_MAX) : 0;
    for (; left > 0 && !in.bad; left--) {
        struct hash pattern;
        const uint8_t *at = pack_fixed (&in, HASH_SIZE);
        if (at == NULL)
            break;
        memcpy (pattern.bytes, at, HASH_SIZE);
        mark_told (store, id, &pattern);
    }
    if (class.size > 0) {
        struct hash pattern = class_hash (class);
        mark_told (store, id, &pattern);
    }
    touch_case (store, id);
}

/* To all above; of the top party to itself. Returns how many. */
static size_t audience_of (const struct store *store, struct span audience[AUDIENCE_MAX])
{
    size_t count = 0;
    struct span at = party_parent (span_of (store->self));
    if (at.size == 0)
        audience[count++] = span_of (store->self);
    for (; at.size > 0; at = party_parent (at))
        audience[count++] = at;
    return count;
}

/* Whether the policy lets this party's broker tell: it is a CERT. One that knows of none of this
 * says nothing, so that it waits for the next one. */
static bool may_tell (struct store *store)
{
    const struct policy *policy = casework_policy (store);
    struct span audience[AUDIENCE_MAX];
    struct term terms[AUDIENCE_MAX];
    size_t count = audience_of (store, audience);
    struct sender sender = { span_of (store->self), store->me->role, &store->me->sectors };
    for (size_t i = 0; i < count; i++)
        if (!term_parse (&terms[i], audience[i]))
            return false;
    return policy != NULL && (!casework_granted (policy, store->me->role) ||
                              policy_allows (policy, &sender, span_of ("sighting"), terms, count,
                                             span_bytes (NULL, 0))
                                      .reason == CB_OK);
}

/* What was not told yet. */
struct untold {
    size_t told, count;
    struct hash patterns[SIGHTING_MAX];
    char class[65]; /* "": none */
};

static void look_untold (struct store *store, struct span id, struct untold *out)
{
    struct key prefix, after = { .size = 0 };
    struct span key, value;
    memset (out, 0, sizeof *out);
    case_rows (&prefix, ROWS_TOLD, id);
    while (table_next (store->journal, &prefix, &after, &key, &value)) {
        if (key.size != prefix.size + HASH_SIZE || value.size < 1)
            continue; /* the case itself */
        out->told += value.data[0] == TOLD;
        if (value.data[0] == TOLD || out->count == SIGHTING_MAX)
            continue;
        if (value.size > 1)
            span_text (span_bytes (value.data + 1, value.size - 1), out->class, sizeof out->class);
        else
            memcpy (out->patterns[out->count++].bytes, key.data + prefix.size, HASH_SIZE);
    }
}

static struct span case_of (const struct subject *subject)
{
    return span_bytes (subject->key.bytes + 1, subject->key.size - 1);
}

void sight_settle (struct store *store, const struct subject *subject)
{
    struct untold untold;
    look_untold (store, case_of (subject), &untold);
    bool any = (untold.count > 0 || untold.class[0] != '\0') && may_tell (store);
    /* Another one when some were told and others are left. */
    struct timer timer = { .clock = "sighting", .started = (int64_t) untold.told };
    timers_set (store, subject, &timer, any);
}

static void put_bytes (struct pack_out *out, const char *key, const void *data, size_t size)
{
    pack_put_text (out, key);
    pack_put_bin (out, span_bytes (data, size));
}

static void put_body (struct pack_out *out, const struct envelope *report,
                      const struct untold *untold, const uint8_t secret[KEY_SIZE], struct span id)
{
    uint8_t tag[TAG_SIZE];
    bool named = report->tlp <= CB_TLP_GREEN, class = untold->class[0] != '\0';
    struct span severity = body_text (report->body, "severity");
    pack_put_map (out, 4 + named + class + (untold->count > 0));
    sightings_tag (secret, id, tag);
    put_bytes (out, "case", tag, TAG_SIZE);
    sightings_tag (secret, report->id.origin, tag);
    put_bytes (out, "constituent", tag, TAG_SIZE);
    if (untold->count > 0) {
        pack_put_text (out, "indicators");
        pack_put_array (out, untold->count);
        for (size_t i = 0; i < untold->count; i++)
            pack_put_bin (out, span_bytes (untold->patterns[i].bytes, HASH_SIZE));
    }
    if (named) {
        pack_put_text (out, "party");
        pack_put_str (out, report->id.origin);
    }
    pack_put_text (out, "seen");
    pack_put_int (out, body_int (report->body, "times.detect", report->issued));
    pack_put_text (out, "severity");
    pack_put_str (out, severity.size > 0 ? severity : span_of ("undetermined"));
    if (class) {
        pack_put_text (out, "type");
        pack_put_text (out, untold->class);
    }
}

bool sight_fire (struct store *store, const struct subject *subject, struct deed *out)
{
    struct untold untold;
    struct msg_id id;
    struct record record;
    struct envelope report;
    uint8_t secret[KEY_SIZE], *copy = NULL;
    int64_t position =
        key_id_read (&id, case_of (subject)) ? take_find (store->journal, &id, false) : 0;
    look_untold (store, case_of (subject), &untold);
    if (position == 0 || !may_tell (store) || !sightings_key (store, secret) ||
        (copy = store_message (store, position, &record, &report)) == NULL)
        return false;
    memset (out, 0, sizeof *out);
    out->bytes = copy; /* the exercise's name is in it */
    pack_init (&out->body);
    put_body (&out->body, &report, &untold, secret, case_of (subject));
    struct draft *draft = &out->draft;
    draft->kind = span_of ("sighting");
    draft->precedence = CB_LANE_BULK;
    draft->tlp = report.tlp;
    draft->mode = report.mode;
    draft->exercise = report.exercise;
    draft->audience_count = audience_of (store, draft->audience);
    draft->body = pack_result (&out->body);
    return true;
}
