/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_find.h"

#include "broker/carrier.h"
#include "broker/standing.h"
#include "broker/station.h"
#include "broker/take.h"
#include "bus/core/number.h"
#include "bus/edge/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_MS 3
/* A name is nearly another when fewer letters than this differ. */
#define NEAR_LETTERS 3
/* A code is looked for that begins like it: the first four symbols. */
#define GUESS_BITS 20

/* --- What was typed ------------------------------------------------------------------------ */

static bool digits (const char *text, size_t size)
{
    return size > 0 && strspn (text, "0123456789") >= size;
}

/* "17-3", or "17.0123456789abcdef-3" as documents have it. */
static bool run_parse (struct find *self, const char *text)
{
    const char *dash = strchr (text, '-'), *dot = strchr (text, '.');
    if (dash == NULL || !digits (dash + 1, strlen (dash + 1)) || strlen (dash + 1) > 16)
        return false;
    size_t counter = (size_t) ((dot != NULL && dot < dash ? dot : dash) - text);
    if (!digits (text, counter) || counter > 9)
        return false;
    self->epoch.counter = (uint32_t) strtoul (text, NULL, 10);
    self->seq = strtoll (dash + 1, NULL, 10);
    self->nonce = dot != NULL && dot < dash;
    if (self->nonce) {
        size_t size = (size_t) (dash - dot - 1);
        if (size != 16 || strspn (dot + 1, "0123456789abcdef") != size)
            return false;
        self->epoch.nonce = strtoull (dot + 1, NULL, 16);
    }
    return self->seq > 0;
}

struct naming {
    struct find *find;
    struct span typed;
};

/* The last labels of a name, as many as there were typed. */
static struct span last_labels (struct span name, size_t labels)
{
    size_t at = name.size;
    while (at > 0 && (name.data[at - 1] != '.' || --labels > 0))
        at--;
    return span_bytes (name.data + at, name.size - at);
}

/* The nearest ones first. */
static void note_near (struct find *find, struct span name, size_t distance)
{
    size_t at = find->near_count;
    while (at > 0 && find->near_by[at - 1] > distance)
        at--;
    if (at == FIND_NEAR)
        return;
    size_t moved = (find->near_count < FIND_NEAR ? find->near_count : FIND_NEAR - 1) - at;
    memmove (find->near[at + 1], find->near[at], moved * sizeof find->near[0]);
    memmove (&find->near_by[at + 1], &find->near_by[at], moved * sizeof find->near_by[0]);
    span_text (name, find->near[at], sizeof find->near[at]);
    find->near_by[at] = distance;
    find->near_count += find->near_count < FIND_NEAR;
}

static bool name_visit (const struct entry *entry, void *arg)
{
    struct naming *naming = arg;
    struct find *find = naming->find;
    struct span name = entry->credential.name;
    struct span last = last_labels (name, party_depth (naming->typed));
    if (span_equal (name, naming->typed))
        return true; /* it is the first of them already */
    size_t distance = party_distance (last, naming->typed, NEAR_LETTERS);
    if (distance > 0 && distance < NEAR_LETTERS)
        note_near (find, name, distance);
    if (distance == 0 && find->origin_count < FIND_ORIGINS)
        span_text (name, find->origins[find->origin_count++], sizeof find->origins[0]);
    return true;
}

static void id_parse (struct find *self, const struct station *station)
{
    const char *slash = strchr (self->typed, '/');
    struct span party = station_name (station);
    if (slash != NULL)
        party = span_bytes (self->typed, (size_t) (slash - self->typed));
    if (!run_parse (self, slash != NULL ? slash + 1 : self->typed) || !party_valid (party))
        return;
    span_text (party, self->origins[0], sizeof self->origins[0]);
    self->origin_count = 1;
    struct naming naming = { .find = self, .typed = party };
    if (slash != NULL)
        directory_each (station->directory, directory_root_file (station->directory)->top,
                        name_visit, &naming);
}

bool find_begin (struct find *self, struct span typed, const struct station *station)
{
    memset (self, 0, sizeof *self);
    while (typed.size > 0 && typed.data[0] == ' ')
        typed = span_bytes (typed.data + 1, typed.size - 1);
    while (typed.size > 0 && typed.data[typed.size - 1] == ' ')
        typed.size--;
    if (typed.size == 0 || typed.size >= sizeof self->typed)
        return false;
    span_text (typed, self->typed, sizeof self->typed);
    id_parse (self, station);
    self->bits = code_bits (self->typed, self->code);
    return self->origin_count > 0 || self->bits > 0 || typed.size <= NUMBER_MAX;
}

/* --- What is found ------------------------------------------------------------------------- */

/* True: there is room for more. */
static bool found_add (struct found *found, int64_t position)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->at[i] == position)
            return true;
    if (found->count <= FIND_MAX)
        found->at[found->count++] = position;
    return found->count <= FIND_MAX;
}

static void find_id (struct find *self, struct store *store)
{
    for (size_t i = 0; i < self->origin_count; i++) {
        struct msg_id id = { span_of (self->origins[i]), self->epoch, self->seq };
        int64_t position = take_find (store->journal, &id, !self->nonce);
        if (position == 0)
            continue;
        found_add (&self->meant, position);
        if (i == 0)
            break; /* just as it was typed */
    }
    for (size_t i = 0; i < self->origin_count && self->meant.count == 0; i++) {
        struct msg_id id = { span_of (self->origins[i]), self->epoch, self->seq };
        int64_t position = carrier_find (store->journal, &id, !self->nonce);
        if (position > 0)
            found_add (&self->meant, position);
        self->carried = position > 0;
    }
    self->phase = self->meant.count > 0 ? FIND_END : FIND_NUMBER;
}

static void find_refused (struct find *self, struct store *store)
{
    struct key prefix;
    struct span key, value;
    for (size_t i = 0; i < self->origin_count; i++) {
        struct key at = { .size = 0 };
        key_begin (&prefix, TABLE_REFUSED_IDS);
        key_text (&prefix, span_of (self->origins[i]));
        key_u32 (&prefix, self->epoch.counter);
        /* One look a nonce, and there are few. */
        for (int n = 0; n < 64; n++) {
            if (!table_next (store->journal, &prefix, &at, &key, &value) ||
                at.size != prefix.size + 24)
                break;
            uint64_t nonce = read_u64 (at.bytes + prefix.size);
            struct key exact = prefix;
            struct key last = { .size = 0 };
            key_u64 (&exact, nonce);
            key_u64 (&exact, (uint64_t) self->seq);
            bool meant = !self->nonce || nonce == self->epoch.nonce;
            if (meant && table_before (store->journal, &exact, &last, &key, &value))
                found_add (&self->refused, (int64_t) tail_u64 (key_span (&last)));
            at = prefix;
            key_u64 (&at, nonce);
            key_u64 (&at, UINT64_MAX);
            key_u64 (&at, UINT64_MAX);
        }
    }
}

static void find_number (struct find *self, struct store *store)
{
    int64_t found[FIND_MAX + 1];
    self->phase = FIND_TAIL;
    find_refused (self, store);
    size_t count = index_find_number (store->journal, span_of (self->typed), found, FIND_MAX + 1);
    for (size_t i = 0; i < count; i++)
        found_add (&self->numbered, found[i]);
}

static bool is_this_id (const struct find *self, const struct msg_id *id)
{
    if (id->epoch.counter != self->epoch.counter || id->seq != self->seq ||
        (self->nonce && id->epoch.nonce != self->epoch.nonce))
        return false;
    for (size_t i = 0; i < self->origin_count; i++)
        if (span_is (id->origin, self->origins[i]))
            return true;
    return false;
}

static bool code_wanted (const struct find *self, const struct hash *leaf)
{
    char code[CODE_TEXT], typed[CODE_TEXT];
    if (!index_code_begins (leaf->bytes, self->code, self->bits))
        return false;
    if (!self->guessing)
        return true;
    hash_code (leaf, code);
    return code_normalise (self->typed, typed) &&
           party_distance (span_of (code), span_of (typed), NEAR_LETTERS) < NEAR_LETTERS;
}

/* Beyond the index. */
static void look_at (struct find *self, struct store *store, int64_t position)
{
    struct record record;
    struct envelope e;
    struct key typed, number;
    if (!store_ok (store, journal_at (store->journal, position, &record)))
        return;
    if (self->bits > 0 && code_wanted (self, &record.leaf))
        found_add (self->guessing ? &self->guessed : &self->coded, position);
    if (self->guessing || record.envelope.size == 0 ||
        envelope_parse (&e, record.envelope) != CB_OK)
        return;
    if (record.lane == JOURNAL_QUARANTINE) {
        if (is_this_id (self, &e.id))
            found_add (&self->refused, position);
    } else if (index_number_key (&typed, span_of (self->typed), true) &&
               index_number_key (&number, body_text (e.body, "number"), true) &&
               span_equal (key_span (&typed), key_span (&number)) &&
               index_number_room (store->journal, self->numbered.at, self->numbered.count,
                                  position))
        found_add (&self->numbered, position);
}

static void find_tail (struct find *self, struct store *store)
{
    if (!self->tailed) {
        self->tailed = true;
        self->tail = journal_head (store->journal);
        self->indexed = index_cursor (store->journal);
        self->block = index_block (self->indexed);
    }
    if (self->tail > self->indexed)
        look_at (self, store, self->tail--);
    else
        self->phase = self->bits > 0 ? FIND_BLOCKS : FIND_CHOOSE;
}

struct coded {
    struct find *find;
    struct store *store;
};

static bool code_found (int64_t position, void *arg)
{
    struct coded *coded = arg;
    struct find *find = coded->find;
    struct record record;
    if (!find->guessing)
        return found_add (&find->coded, position);
    if (!store_ok (coded->store, journal_at (coded->store->journal, position, &record)) ||
        !code_wanted (find, &record.leaf))
        return true;
    return found_add (&find->guessed, position);
}

static void find_blocks (struct find *self, struct store *store)
{
    struct coded coded = { self, store };
    struct index_search search = { .code = self->code,
                                   .bits = self->bits,
                                   .block = self->block,
                                   .found = code_found,
                                   .arg = &coded };
    index_find_code (store->journal, &search);
    self->block = search.block;
    if (self->block < 0)
        self->phase = self->guessing ? FIND_END : FIND_CHOOSE;
}

/* --- Which of them ------------------------------------------------------------------------- */

/* A document and its revisions have one number: the newest is meant. */
static void choose_number (struct find *self, struct store *store, int64_t position)
{
    struct record record;
    struct envelope e;
    struct standing standing = { .position = 0 };
    if (store_ok (store, journal_at (store->journal, position, &record)) &&
        record.envelope.size > 0 && envelope_parse (&e, record.envelope) == CB_OK)
        standing_find (store->journal, &e.id, &standing);
    found_add (&self->meant, standing.position > 0 ? standing.position : position);
}

/* The same message may have been refused before it was taken: that one counts. */
static void choose_code (struct find *self, struct store *store)
{
    struct record records[FIND_MAX + 1];
    size_t count = 0;
    for (size_t i = 0; i < self->coded.count; i++) {
        struct record *record = &records[count];
        if (!store_ok (store, journal_at (store->journal, self->coded.at[i], record)))
            continue;
        size_t same = 0;
        while (same < count && !hash_equal (&records[same].leaf, &record->leaf))
            same++;
        if (same == count)
            count++;
        else if (records[same].lane == JOURNAL_QUARANTINE && record->lane != JOURNAL_QUARANTINE)
            records[same] = *record;
    }
    for (size_t i = 0; i < count; i++)
        found_add (&self->meant, records[i].position);
}

/* One step of it: what replaces a message may be a long way off. */
static void choose (struct find *self, struct store *store)
{
    if (self->chosen < self->numbered.count) {
        choose_number (self, store, self->numbered.at[self->chosen++]);
        if (self->chosen < self->numbered.count)
            return;
    } else if (self->coded.count > 0)
        choose_code (self, store);
    else
        self->meant = self->refused;
    self->phase = self->meant.count > 0 ? FIND_END : FIND_GUESS;
}

/* --- What was probably meant --------------------------------------------------------------- */

static void try_id (struct find *self, struct store *store, const char *origin, uint32_t counter,
                    int64_t seq)
{
    struct msg_id id = { span_of (origin), { .counter = counter }, seq };
    int64_t position = seq > 0 ? take_find (store->journal, &id, true) : 0;
    if (position > 0)
        found_add (&self->guessed, position);
}

/* The same number in other runs of its broker, newest first. */
static void try_runs (struct find *self, struct store *store, const char *origin)
{
    struct key prefix, at;
    struct span key, value;
    key_begin (&prefix, TABLE_IDS);
    key_text (&prefix, span_of (origin));
    at.size = 0;
    for (int i = 0; i < 64 && self->guessed.count < 3; i++) {
        if (!table_before (store->journal, &prefix, &at, &key, &value))
            break;
        uint32_t counter = read_u32 (at.bytes + prefix.size);
        try_id (self, store, origin, counter, self->seq);
        at.size = prefix.size + 4; /* before this run */
    }
}

/* One digit wrong, missing, too many, or two of them the other way round. */
static void try_digits (struct find *self, struct store *store, const char *origin)
{
    int64_t seq = self->seq;
    for (int64_t unit = 1; unit <= seq; unit *= 10) {
        int64_t above = seq / unit / 10, digit = seq / unit % 10, below = seq % unit;
        try_id (self, store, origin, self->epoch.counter, above * unit + below);
        for (int64_t other = 0; other < 10; other++)
            if (other != digit)
                try_id (self, store, origin, self->epoch.counter,
                        (above * 10 + other) * unit + below);
        int64_t next = above % 10;
        try_id (self, store, origin, self->epoch.counter,
                ((above / 10 * 10 + digit) * 10 + next) * unit + below);
    }
    for (int64_t digit = 0; digit < 10 && seq < SEQ_MAX / 100; digit++)
        try_id (self, store, origin, self->epoch.counter, seq * 10 + digit);
}

/* A number that is nearly this one, among the first of those that begin like it. */
static void try_numbers (struct find *self, struct store *store, size_t begin)
{
    struct key prefix, at, typed;
    struct span key, value;
    if (!index_number_key (&typed, span_of (self->typed), false) ||
        !index_number_key (&prefix, span_bytes (self->typed, begin), false))
        return;
    struct span wanted = span_bytes (typed.bytes + 1, typed.size - 1);
    at.size = 0;
    for (int i = 0; i < 500 && self->guessed.count < FIND_MAX; i++) {
        if (!table_before (store->journal, &prefix, &at, &key, &value) || at.size < 10)
            break;
        struct span number = span_bytes (at.bytes + 1, at.size - 10);
        if (party_distance (number, wanted, NEAR_LETTERS) < NEAR_LETTERS)
            found_add (&self->guessed, (int64_t) tail_u64 (key_span (&at)));
    }
}

/* One step of it: there are some hundred looks for each origin. */
static void guess (struct find *self, struct store *store)
{
    for (size_t i = 0; i < self->near_count && self->guessed_origins == 0; i++)
        try_id (self, store, self->near[i], self->epoch.counter, self->seq);
    if (self->guessed_origins < self->origin_count && self->guessed.count < FIND_MAX) {
        const char *origin = self->origins[self->guessed_origins++];
        try_runs (self, store, origin);
        try_digits (self, store, origin);
        return;
    }
    self->phase = FIND_END;
    const char *dash = strrchr (self->typed, '-');
    if (self->guessed.count == 0 && self->origin_count == 0 && dash != NULL)
        try_numbers (self, store, (size_t) (dash + 1 - self->typed));
    if (self->guessed.count == 0 && self->origin_count == 0)
        try_numbers (self, store, 1);
    if (self->guessed.count == 0 && self->bits == 8 * CODE_BYTES) {
        self->guessing = true;
        self->bits = GUESS_BITS;
        self->tailed = false;
        self->phase = FIND_TAIL;
    }
}

bool find_slice (struct find *self, struct store *store)
{
    int64_t until = clock_steady () + SLICE_MS;
    while (self->phase != FIND_END) {
        if (clock_steady () >= until)
            return false;
        switch (self->phase) {
        case FIND_ID: find_id (self, store); break;
        case FIND_NUMBER: find_number (self, store); break;
        case FIND_TAIL: find_tail (self, store); break;
        case FIND_BLOCKS: find_blocks (self, store); break;
        case FIND_CHOOSE: choose (self, store); break;
        default: guess (self, store);
        }
    }
    return true;
}

/* --- In words ------------------------------------------------------------------------------ */

#define TITLE_BYTES 160

static struct span title_of (struct span body)
{
    static const char *const fields[] = { "title", "summary", "text", "reason" };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct span text = body_text (body, fields[i]);
        if (text.size > TITLE_BYTES)
            text.size = TITLE_BYTES;
        while (text.size > 0 && !span_utf8 (text))
            text.size--;
        if (text.size > 0)
            return text;
    }
    return span_of ("");
}

void find_pack (struct pack_out *out, struct store *store, const struct found *found,
                struct pack_out *words)
{
    struct pack_out list;
    size_t count = 0;
    pack_init (&list);
    for (size_t i = 0; i < found->count && i < FIND_MAX; i++) {
        struct record record;
        struct envelope e;
        char id[ID_TEXT];
        if (!store_ok (store, journal_at (store->journal, found->at[i], &record)) ||
            record.envelope.size == 0 || envelope_parse (&e, record.envelope) != CB_OK)
            continue;
        msg_id_text (&e.id, id);
        pack_put_map (&list, 4);
        pack_put_text (&list, "id");
        pack_put_text (&list, id);
        pack_put_text (&list, "issued");
        pack_put_int (&list, e.issued);
        pack_put_text (&list, "kind");
        pack_put_str (&list, e.kind);
        pack_put_text (&list, "title");
        pack_put_str (&list, title_of (e.body));
        if (count++ > 0)
            pack_put_raw (words, span_of (", "));
        pack_put_raw (words, span_of (id));
    }
    pack_put_array (out, count);
    pack_put_raw (out, pack_result (&list));
    pack_free (&list);
}
