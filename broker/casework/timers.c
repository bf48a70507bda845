/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/timers.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* In a row: what is not in its key, and where the subject's key in it ends. */
#define ROW_TIMER (8 + 4)
#define ROW_CLOCK (8 + 1 + 4)
/* Of a key before the subject, and after its clock's name. */
#define KEY_BEFORE (1 + 8 + 1)

static void put_subject (struct key *key, const struct subject *subject)
{
    key_u8 (key, (unsigned) subject->class);
    key_bytes (key, key_span (&subject->key));
}

static void timer_key (struct key *key, const struct subject *subject, const struct timer *timer)
{
    key_begin (key, TABLE_TIMERS);
    key_u64 (key, (uint64_t) timer->at);
    put_subject (key, subject);
    key_text (key, span_of (timer->clock));
    key_u64 (key, (uint64_t) timer->started);
    key_u8 (key, timer->step);
}

static void clock_key (struct key *key, const struct subject *subject, const struct timer *timer)
{
    key_begin (key, TABLE_CLOCKS);
    key_u64 (key, (uint64_t) timer->due);
    put_subject (key, subject);
    key_text (key, span_of (timer->clock));
    key_u64 (key, (uint64_t) timer->started);
}

/* --- The set of a subject ------------------------------------------------------------------ */

static void set_key (struct key *key, const struct subject *subject)
{
    key_begin (key, TABLE_SET);
    put_subject (key, subject);
}

static int in_order (const void *a, const void *b)
{
    const struct timer *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    int names = strcmp (x->clock, y->clock);
    if (names != 0)
        return names;
    if (x->started != y->started)
        return x->started < y->started ? -1 : 1;
    return x->step < y->step ? -1 : x->step > y->step;
}

static void set_put (struct store *store, const struct subject *subject, const struct timer *timers,
                     size_t count)
{
    struct pack_out out;
    struct key key;
    set_key (&key, subject);
    if (count == 0) {
        store_ok (store, journal_del (store->journal, key_span (&key)));
        return;
    }
    pack_init (&out);
    pack_put_array (&out, count);
    for (size_t i = 0; i < count; i++) {
        pack_put_array (&out, 5);
        pack_put_int (&out, timers[i].at);
        pack_put_text (&out, timers[i].clock);
        pack_put_int (&out, timers[i].started);
        pack_put_uint (&out, timers[i].step);
        pack_put_int (&out, timers[i].due);
    }
    store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&out)));
    pack_free (&out);
}

size_t timers_get (struct journal *journal, const struct subject *subject,
                   struct timer timers[TIMERS_MAX])
{
    struct key key;
    struct span value;
    set_key (&key, subject);
    if (journal_get (journal, key_span (&key), &value) != JOURNAL_OK)
        return 0;
    struct pack_in in = pack_open (value);
    size_t count = pack_array (&in, 0, TIMERS_MAX);
    for (size_t i = 0; i < count; i++) {
        memset (&timers[i], 0, sizeof timers[i]);
        pack_array (&in, 5, 5);
        timers[i].at = pack_int (&in, 0, INT64_MAX);
        span_text (pack_str (&in, 1, sizeof timers[i].clock - 1), timers[i].clock,
                   sizeof timers[i].clock);
        timers[i].started = pack_int (&in, 0, INT64_MAX);
        timers[i].step = (unsigned) pack_uint (&in, 0, UINT8_MAX);
        timers[i].due = pack_int (&in, 0, INT64_MAX);
    }
    return pack_done (&in) ? count : 0;
}

/* --- What is due, and what runs ------------------------------------------------------------ */

static bool same_timer (const struct timer *a, const struct timer *b)
{
    return in_order (a, b) == 0 && a->due == b->due;
}

static bool has_timer (const struct timer *all, size_t count, const struct timer *one)
{
    for (size_t i = 0; i < count; i++)
        if (same_timer (&all[i], one))
            return true;
    return false;
}

size_t timers_clocks (const struct timer *timers, size_t count, struct timer clocks[TIMERS_MAX])
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (j < found && (strcmp (clocks[j].clock, timers[i].clock) != 0 ||
                             clocks[j].started != timers[i].started))
            j++;
        if (j == found)
            clocks[found++] = timers[i];
    }
    return found;
}

static void put_row (struct store *store, const struct subject *subject, const struct timer *timer,
                     bool clock)
{
    uint8_t row[ROW_CLOCK];
    struct key key;
    size_t size = 0;
    if (clock) {
        clock_key (&key, subject, timer);
        write_u64 (row, (uint64_t) timer->at);
        row[8] = (uint8_t) timer->step;
        size = 9;
    } else {
        timer_key (&key, subject, timer);
        write_u64 (row, (uint64_t) timer->due);
        size = 8;
    }
    write_u32 (row + size, (uint32_t) subject->key.size);
    store_ok (store, journal_put (store->journal, key_span (&key), span_bytes (row, size + 4)));
}

static void del_row (struct store *store, const struct subject *subject, const struct timer *timer,
                     bool clock)
{
    struct key key;
    if (clock)
        clock_key (&key, subject, timer);
    else
        timer_key (&key, subject, timer);
    store_ok (store, journal_del (store->journal, key_span (&key)));
}

/* One of the two tables, from what it was to what it is. */
struct rows {
    const struct timer *before, *after;
    size_t before_count, after_count;
    bool clock;
};

static void replace_rows (struct store *store, const struct subject *subject,
                          const struct rows *rows)
{
    for (size_t i = 0; i < rows->before_count; i++)
        if ((rows->clock || rows->before[i].at != TIMER_NEVER) &&
            !has_timer (rows->after, rows->after_count, &rows->before[i]))
            del_row (store, subject, &rows->before[i], rows->clock);
    for (size_t i = 0; i < rows->after_count; i++)
        if ((rows->clock || rows->after[i].at != TIMER_NEVER) &&
            !has_timer (rows->before, rows->before_count, &rows->after[i]))
            put_row (store, subject, &rows->after[i], rows->clock);
}

void timers_set (struct store *store, const struct subject *subject, const struct timer *timers,
                 size_t count)
{
    struct timer before[TIMERS_MAX], after[TIMERS_MAX], ran[TIMERS_MAX], runs[TIMERS_MAX];
    assert (count <= TIMERS_MAX);
    size_t had = timers_get (store->journal, subject, before);
    for (size_t i = 0; i < count; i++) {
        after[i] = timers[i];
        after[i].at = after[i].at < 0 ? 0 : after[i].at;
        after[i].due = after[i].due < 0 ? 0 : after[i].due;
    }
    qsort (after, count, sizeof after[0], in_order);
    bool same = had == count;
    for (size_t i = 0; same && i < count; i++)
        same = same_timer (&before[i], &after[i]);
    if (same)
        return;
    store->timers_moved = true;
    replace_rows (store, subject, &(struct rows){ before, after, had, count, false });
    size_t ran_count = timers_clocks (before, had, ran),
           run_count = timers_clocks (after, count, runs);
    replace_rows (store, subject, &(struct rows){ ran, runs, ran_count, run_count, true });
    set_put (store, subject, after, count);
}

/* Takes a key and its row apart. */
static bool read_row (struct span key, struct span row, bool clock, struct subject *subject,
                      struct timer *timer)
{
    size_t tail = clock ? 8 : 9, fixed = clock ? ROW_CLOCK : ROW_TIMER;
    memset (subject, 0, sizeof *subject);
    memset (timer, 0, sizeof *timer);
    if (row.size != fixed)
        return false;
    size_t size = read_u32 (row.data + fixed - 4);
    if (size > KEY_MAX || key.size < KEY_BEFORE + size + 1 + tail ||
        key.size - KEY_BEFORE - size - 1 - tail >= sizeof timer->clock)
        return false;
    subject->class = (enum subject_class) key.data[9];
    subject->key.size = size;
    memcpy (subject->key.bytes, key.data + KEY_BEFORE, size);
    span_text (span_bytes (key.data + KEY_BEFORE + size, key.size - KEY_BEFORE - size - 1 - tail),
               timer->clock, sizeof timer->clock);
    const uint8_t *end = key.data + key.size - tail;
    int64_t first = (int64_t) read_u64 (key.data + 1), other = (int64_t) read_u64 (row.data);
    timer->at = clock ? other : first;
    timer->due = clock ? first : other;
    timer->started = (int64_t) read_u64 (end);
    timer->step = clock ? row.data[8] : end[8];
    return true;
}

static bool next_row (struct journal *journal, enum table table, struct key *after,
                      struct subject *subject, struct timer *timer)
{
    struct key prefix;
    struct span key, value;
    key_begin (&prefix, table);
    while (table_next (journal, &prefix, after, &key, &value))
        if (read_row (key, value, table == TABLE_CLOCKS, subject, timer))
            return true;
    return false;
}

bool timers_next (struct journal *journal, struct key *after, struct subject *subject,
                  struct timer *timer)
{
    return next_row (journal, TABLE_TIMERS, after, subject, timer);
}

bool timers_next_clock (struct journal *journal, struct key *after, struct subject *subject,
                        struct timer *timer)
{
    return next_row (journal, TABLE_CLOCKS, after, subject, timer);
}

int64_t timers_first (struct journal *journal)
{
    struct key after = { .size = 0 };
    struct subject subject;
    struct timer timer;
    return timers_next (journal, &after, &subject, &timer) ? timer.at : TIMER_NEVER;
}

void timers_tell (struct store *store)
{
    if (!store->timers_moved)
        return;
    store->timers_moved = false;
    atomic_store (&store->timers_first, timers_first (store->journal));
    atomic_fetch_add (&store->timers_turns, 1);
}

/* --- What was raised ----------------------------------------------------------------------- */

static void raised_key (struct key *key, const struct subject *subject, const struct timer *timer,
                        unsigned level)
{
    key_begin (key, TABLE_RAISED);
    put_subject (key, subject);
    key_text (key, span_of (timer->clock));
    key_u64 (key, (uint64_t) timer->started);
    key_u8 (key, timer->step);
    key_u8 (key, level);
}

int64_t raised_get (struct journal *journal, const struct subject *subject,
                    const struct timer *timer, unsigned level)
{
    struct key key;
    raised_key (&key, subject, timer, level);
    return (int64_t) table_get_u64 (journal, &key, 0);
}

void raised_put (struct store *store, const struct subject *subject, const struct timer *timer,
                 unsigned level, int64_t position)
{
    struct key key;
    raised_key (&key, subject, timer, level);
    /* The first one counts: what came of it is not undone by a repeat. */
    if (table_get_u64 (store->journal, &key, 0) == 0)
        store_ok (store, table_put_u64 (store->journal, &key, (uint64_t) position));
}
