/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/take.h"

#include "broker/carrier.h"
#include "broker/casework/casework.h"
#include "broker/casework/exercises.h"
#include "broker/fold.h"
#include "broker/numbers.h"
#include "broker/participants.h"
#include "broker/quarantine.h"
#include "broker/tables.h"
#include "bus/core/carried.h"
#include "bus/core/trust.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* Marks in memory are a cache of the table: emptied when it is this large. */
#define MARKS_MAX 16384
/* Of an epoch in a key: counter and nonce. */
#define EPOCH_BITS 96
/* Lives of an origin under one counter that are looked through. */
#define NONCES_MAX 64

struct mark {
    UT_hash_handle hh;
    int64_t seq[CB_PRECEDENCES];
    bool dirty[CB_PRECEDENCES], listed;
    struct mark *next_dirty;
    size_t key_size;
    uint8_t key[]; /* origin, 0x00, counter, nonce */
};

struct marks {
    struct mark *all;
    struct mark *last;  /* messages of one origin come in runs */
    struct mark *dirty; /* changed since the last take_flush */
};

struct marks *marks_new (void)
{
    struct marks *self = calloc (1, sizeof *self);
    if (self == NULL)
        abort ();
    return self;
}

void marks_forget (struct marks *self)
{
    struct mark *mark, *next;
    HASH_ITER (hh, self->all, mark, next)
    {
        HASH_DEL (self->all, mark);
        free (mark);
    }
    self->last = NULL;
    self->dirty = NULL;
}

void marks_free (struct marks **self_p)
{
    if (*self_p == NULL)
        return;
    marks_forget (*self_p);
    free (*self_p);
    *self_p = NULL;
}

static void mark_key (struct key *key, struct span origin, struct epoch epoch, unsigned lane)
{
    key_begin (key, TABLE_MARKS);
    key_text (key, origin);
    key_u32 (key, epoch.counter);
    key_u64 (key, epoch.nonce);
    key_u8 (key, lane);
}

static struct mark *mark_of (struct store *store, const struct msg_id *id)
{
    struct marks *self = store->marks;
    struct key key;
    mark_key (&key, id->origin, id->epoch, 0);
    const uint8_t *bytes = key.bytes + 1;
    size_t size = key.size - 2; /* without the table's byte and the lane */
    struct mark *mark = self->last;
    if (mark != NULL && mark->key_size == size && memcmp (mark->key, bytes, size) == 0)
        return mark;
    HASH_FIND (hh, self->all, bytes, size, mark);
    if (mark == NULL) {
        if (HASH_COUNT (self->all) >= MARKS_MAX) {
            take_flush (store);
            marks_forget (self);
        }
        mark = calloc (1, sizeof *mark + size);
        if (mark == NULL)
            abort ();
        mark->key_size = size;
        memcpy (mark->key, bytes, size);
        for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++) {
            mark_key (&key, id->origin, id->epoch, lane);
            mark->seq[lane] = (int64_t) table_get_u64 (store->journal, &key, 0);
        }
        HASH_ADD_KEYPTR (hh, self->all, mark->key, mark->key_size, mark);
    }
    self->last = mark;
    return mark;
}

static int64_t mark_highest (const struct mark *mark)
{
    int64_t highest = 0;
    for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++)
        if (mark->seq[lane] > highest)
            highest = mark->seq[lane];
    return highest;
}

int64_t take_highest (struct journal *journal, struct span origin, struct epoch epoch)
{
    int64_t highest = 0;
    for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++) {
        struct key key;
        mark_key (&key, origin, epoch, lane);
        int64_t seq = (int64_t) table_get_u64 (journal, &key, 0);
        if (seq > highest)
            highest = seq;
    }
    return highest;
}

bool take_newest_epoch (struct journal *journal, struct span origin, struct epoch *epoch)
{
    struct key prefix, at;
    struct span key, value;
    key_begin (&prefix, TABLE_MARKS);
    key_text (&prefix, origin);
    if (journal_scan (journal, key_span (&prefix), span_bytes (NULL, 0), &key, &value) !=
        JOURNAL_OK)
        return false;
    /* Bit by bit, from the highest: whether there is an epoch from here on. Its numbers are the
     * origin's choice, so there may be as many as it has messages. */
    at = prefix;
    key_u32 (&at, 0);
    key_u64 (&at, 0);
    uint8_t *bytes = at.bytes + prefix.size;
    for (unsigned bit = 0; bit < EPOCH_BITS; bit++) {
        uint8_t mask = (uint8_t) (0x80 >> bit % 8);
        bytes[bit / 8] |= mask;
        if (journal_scan (journal, key_span (&prefix), key_span (&at), &key, &value) != JOURNAL_OK)
            bytes[bit / 8] &= (uint8_t) ~mask;
    }
    epoch->counter = read_u32 (bytes);
    epoch->nonce = read_u64 (bytes + 4);
    return true;
}

int64_t take_find_in (struct journal *journal, enum table table, const struct msg_id *id,
                      bool any_nonce)
{
    struct key key;
    key_begin (&key, table);
    if (!any_nonce) {
        key_id (&key, id);
        return (int64_t) table_get_u64 (journal, &key, 0);
    }
    /* People do not type nonces. An origin has one life a counter, unless two
     * copies of it ran: then the newest here is meant. */
    struct key after;
    struct span found, value;
    int64_t newest = 0;
    key_text (&key, id->origin);
    key_u32 (&key, id->epoch.counter);
    after.size = 0;
    for (int i = 0; i < NONCES_MAX && journal_scan (journal, key_span (&key), key_span (&after),
                                                    &found, &value) == JOURNAL_OK;
         i++) {
        if (found.size != key.size + 16)
            break;
        struct msg_id exact = *id;
        exact.epoch.nonce = read_u64 (found.data + key.size);
        int64_t position = take_find_in (journal, table, &exact, false);
        if (position > newest)
            newest = position;
        if (exact.epoch.nonce == UINT64_MAX)
            break;
        after = key;
        key_u64 (&after, exact.epoch.nonce);
        key_u64 (&after, UINT64_MAX);
    }
    return newest;
}

int64_t take_find (struct journal *journal, const struct msg_id *id, bool any_nonce)
{
    return take_find_in (journal, TABLE_IDS, id, any_nonce);
}

void item_from (struct item *item, const struct envelope *e, const struct verdict *verdict)
{
    memset (item, 0, sizeof *item);
    item->envelope = e->bytes;
    item->kind = e->kind;
    item->leaf = e->leaf;
    item->id = e->id;
    item->thread = e->thread;
    item->replaces = e->replaces;
    item->lane = e->precedence;
    item->tlp = e->tlp;
    item->mode = e->mode;
    item->reason = verdict->reason;
    item->needs_thread = verdict->needs_thread;
    item->participants = verdict->participants;
    item->carries = carried_original (e).size > 0;
    item->here = verdict->here;
    item->receipt = verdict->receipt;
    item->urgent = trust_kind (e->kind) || span_is (e->kind, "receipt") ||
                   span_is (e->kind, "contact") || span_is (e->kind, "rejection");
    if (verdict->reason != CB_OK && verdict->detail[0] != '\0')
        item->detail = strdup (verdict->detail);
}

void item_clear (struct item *item)
{
    free (item->detail);
    free (item->settles);
    item->detail = NULL;
    item->settles = NULL;
}

/* What was in quarantine stays there: nobody is told twice. */
static void refuse (struct store *store, const struct intake_batch *batch, struct item *item)
{
    item->outcome = TAKEN_REFUSED;
    item->position = item->again;
    if (item->again > 0)
        return;
    bool owed = item->signed_well && item->mode != CB_MODE_TEST;
    struct record record = { .reason = item->reason,
                             .policy = batch->policy,
                             .taken = batch->now,
                             .from = batch->from,
                             .leaf = item->leaf,
                             .envelope = item->envelope };
    if (quarantine_keep (store, &record, owed ? TOLD_ORIGIN_OWED : 0,
                         span_of (item->detail != NULL ? item->detail : "")))
        item->position = record.position;
    else
        item->signed_well = false; /* nobody writes rejections without end */
}

/* Whether its number was used, and by what: a repeat of itself (OK), or another message. */
static enum cb_reason used_before (struct store *store, const struct item *item,
                                   const struct mark *mark, int64_t *position)
{
    struct record record;
    *position = 0;
    if (item->id.seq > mark_highest (mark))
        return CB_OK;
    *position = take_find (store->journal, &item->id, false);
    if (*position == 0 || !store_ok (store, journal_at (store->journal, *position, &record)))
        return CB_OK;
    return hash_equal (&record.leaf, &item->leaf) ? CB_OK : CB_EQUIVOCATION;
}

/* Live and exercise never meet: NULL, or why this one is refused. Our own that come back were
 * taken in there. */
static const char *strays (struct store *store, const struct intake_batch *batch,
                           const struct item *item, const struct envelope *e)
{
    struct exercise_ask ask;
    bool own = span_is (item->id.origin, store->self);
    if ((item->mode != CB_MODE_EXERCISE && item->thread.origin.size == 0 &&
         item->replaces.origin.size == 0 && !span_is (item->kind, "exercise")) ||
        (own && batch != NULL && batch->from.size > 0))
        return NULL;
    exercise_asked (&ask, e, span_of (store->self));
    return exercise_look (store, &ask);
}

/* Whether more comes of it than that it is stored: a table changes, or what is held here decides
 * about it. The others are not taken apart once more. */
static bool has_effect (const struct store *store, const struct item *item)
{
    return fold_reads (item->kind, item->mode) || item->thread.origin.size > 0 ||
           item->replaces.origin.size > 0 || item->needs_thread || item->carries ||
           item->participants != 0 || item->mode == CB_MODE_EXERCISE ||
           span_is (item->id.origin, store->self);
}

/* Whether what it says of its thread, of what it carries, of who takes part and of its exercise is
 * so, as far as that is held here: OK, or the first that is not, with the item's detail where there
 * is more to say. Without a batch it is only looked at. */
static enum cb_reason check_held (struct store *store, const struct intake_batch *batch,
                                  struct item *item, const struct envelope *e)
{
    if (item->needs_thread && !held_here (store->journal, &item->thread))
        return CB_THREAD;
    if (item->carries && carrier_differs (store, e))
        return CB_CARRIED;
    if (item->participants != 0) {
        enum cb_reason reason = participants_check (store, item, e);
        if (reason != CB_OK)
            return reason;
    }
    const char *why = strays (store, batch, item, e);
    if (why == NULL)
        return CB_OK;
    if (item->detail == NULL)
        item->detail = strdup (why);
    return CB_EXERCISE;
}

/* Of what check_held says: whether the thread, the transfer or the exercise that is missing may
 * still come. */
static bool may_pass_later (enum cb_reason reason)
{
    return reason == CB_THREAD || reason == CB_NO_GRANT || reason == CB_EXERCISE;
}

enum cb_reason take_look (struct store *store, struct item *item, int64_t *position)
{
    enum cb_reason reason = used_before (store, item, mark_of (store, &item->id), position);
    struct envelope e;
    if (reason != CB_OK || *position > 0)
        return reason;
    if (envelope_parse (&e, item->envelope) != CB_OK)
        return CB_PROJECTION;
    return check_held (store, NULL, item, &e);
}

static void refuse_equivocation (struct store *store, const struct intake_batch *batch,
                                 struct item *item)
{
    struct key key;
    item->reason = CB_EQUIVOCATION;
    refuse (store, batch, item);
    key_begin (&key, TABLE_FROZEN);
    key_text (&key, item->id.origin);
    uint64_t froze = item->position > 0 ? (uint64_t) item->position : FROZE_NOT_KEPT;
    store_ok (store, table_put_u64 (store->journal, &key, froze));
}

static void store_new (struct store *store, const struct intake_batch *batch, struct item *item,
                       struct mark *mark)
{
    struct record record = { .lane = item->lane,
                             .reason = CB_OK,
                             .policy = batch->policy,
                             .taken = batch->now,
                             .from = batch->from,
                             .leaf = item->leaf,
                             .envelope = item->envelope };
    struct key key;
    if (!store_ok (store, journal_append (store->journal, &record)))
        return;
    item->position = record.position;
    item->outcome = TAKEN_STORED;
    key_begin (&key, TABLE_IDS);
    key_id (&key, &item->id);
    if (!store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) record.position)))
        return;
    if (item->id.seq > mark->seq[item->lane]) {
        mark->seq[item->lane] = item->id.seq;
        mark->dirty[item->lane] = true;
        if (!mark->listed) {
            mark->listed = true;
            mark->next_dirty = store->marks->dirty;
            store->marks->dirty = mark;
        }
    }
    if (item->receipt && item->here) {
        key_begin (&key, TABLE_DEBTS);
        key_u64 (&key, (uint64_t) record.position);
        store_ok (store, journal_put (store->journal, key_span (&key), span_of ("")));
    }
    if (item->settles != NULL)
        store_ok (store, journal_del (store->journal, key_span (item->settles)));
}

void take_item (struct store *store, const struct intake_batch *batch, struct item *item)
{
    if (store_full (store))
        return;
    struct mark *mark = NULL;
    struct envelope e;
    bool effect = has_effect (store, item);
    if (item->id.origin.size > 0 && item->lane < CB_PRECEDENCES)
        mark = mark_of (store, &item->id);
    if (mark != NULL && item->reason == CB_OK) {
        int64_t position;
        if (used_before (store, item, mark, &position) != CB_OK) {
            refuse_equivocation (store, batch, item);
            return;
        }
        if (position > 0) {
            item->outcome = TAKEN_REPEAT;
            item->position = position;
            return;
        }
    }
    /* What cannot be read is put aside before anything is written. */
    if (mark != NULL && item->reason == CB_OK && effect) {
        item->reason = envelope_parse (&e, item->envelope) == CB_OK
                           ? check_held (store, batch, item, &e)
                           : CB_PROJECTION;
        if (may_pass_later (item->reason) && batch->patient &&
            clock_steady () < store->restored_until) {
            item->reason = CB_OK;
            item->outcome = TAKEN_PUT_OFF;
            return;
        }
    }
    if (item->reason != CB_OK || mark == NULL) {
        refuse (store, batch, item);
        return;
    }
    store_new (store, batch, item, mark);
    if (effect && !store_full (store))
        fold (store, batch, item, &e);
}

void take_flush (struct store *store)
{
    casework_settle (store);
    struct marks *self = store->marks;
    for (struct mark *mark = self->dirty; mark != NULL; mark = mark->next_dirty) {
        for (unsigned lane = 0; lane < CB_PRECEDENCES; lane++) {
            if (!mark->dirty[lane])
                continue;
            struct key key;
            key_begin (&key, TABLE_MARKS);
            memcpy (key.bytes + 1, mark->key, mark->key_size);
            key.size = 1 + mark->key_size;
            key_u8 (&key, lane);
            store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) mark->seq[lane]));
            mark->dirty[lane] = false;
        }
        mark->listed = false;
    }
    self->dirty = NULL;
}
