/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/threads.h"

#include <stdlib.h>
#include <string.h>

/* The rows of a case in STEPS stand in this order, and when there are more than CASE_STEPS the
 * first ones count: no flood from one side displaces what the other decides. Who stands above the
 * reporter comes first: that is so for good, where taking part is not. In each rank the smaller
 * leaf hash comes first. */
enum rank {
    RANK_REPORT,
    RANK_ESCALATION_ABOVE,
    RANK_DECISION_ABOVE,
    RANK_DECISION, /* of any other party than the reporter */
    RANK_ESCALATION,
    RANK_NEWS,
    RANK_REPORTER_DECISION,
    RANK_REPORTER_NEWS,
};

static enum rank rank_of (const struct step *step)
{
    struct span by = step->id.origin, reporter = step->thread.origin;
    bool above = party_above (by, reporter);
    if (step->what == CASE_REPORT)
        return RANK_REPORT;
    if (step->what == CASE_ESCALATE)
        return above ? RANK_ESCALATION_ABOVE : RANK_ESCALATION;
    bool news = step->what == CASE_UPDATE || step->what == CASE_NOTE;
    if (span_equal (by, reporter))
        return news ? RANK_REPORTER_NEWS : RANK_REPORTER_DECISION;
    if (news)
        return RANK_NEWS;
    return above ? RANK_DECISION_ABOVE : RANK_DECISION;
}

static void case_key (struct key *key, enum table table, struct span id)
{
    key_begin (key, table);
    key_bytes (key, id);
}

static bool has (struct journal *journal, const struct key *key)
{
    struct span value;
    return journal_get (journal, key_span (key), &value) == JOURNAL_OK;
}

/* --- Reading ------------------------------------------------------------------------------- */

uint8_t *threads_case_at (struct journal *journal, struct span id, struct case_state *out)
{
    struct key key;
    struct span row;
    case_key (&key, TABLE_CASES, id);
    if (journal_get (journal, key_span (&key), &row) != JOURNAL_OK)
        return NULL;
    uint8_t *copy = malloc (row.size);
    if (copy == NULL)
        abort ();
    memcpy (copy, row.data, row.size);
    if (case_read (out, span_bytes (copy, row.size)))
        return copy;
    free (copy);
    return NULL;
}

uint8_t *threads_case (struct journal *journal, const struct msg_id *id, struct case_state *out)
{
    struct subject subject;
    subject_id (&subject, SUBJECT_CASE, id);
    return threads_case_at (journal, key_span (&subject.key), out);
}

uint8_t *threads_next (struct journal *journal, bool open, struct key *after,
                       struct case_state *out)
{
    struct key prefix;
    struct span key, value;
    key_begin (&prefix, open ? TABLE_OPEN : TABLE_CASES);
    while (table_next (journal, &prefix, after, &key, &value)) {
        uint8_t *bytes =
            threads_case_at (journal, span_bytes (after->bytes + 1, after->size - 1), out);
        if (bytes != NULL)
            return bytes;
    }
    return NULL;
}

/* Whether anything makes it a case. */
static bool begins (struct journal *journal, struct span id)
{
    static const enum rank ranks[] = { RANK_REPORT, RANK_ESCALATION_ABOVE, RANK_ESCALATION };
    bool found = false;
    for (size_t i = 0; i < sizeof ranks / sizeof ranks[0] && !found; i++) {
        struct key prefix, after = { .size = 0 };
        struct span key, value;
        case_key (&prefix, TABLE_STEPS, id);
        key_u8 (&prefix, ranks[i]);
        found = table_next (journal, &prefix, &after, &key, &value);
    }
    return found;
}

/* Copies the rows of a case, whose spans would end with the next reading. Returns how many. */
static size_t read_rows (struct journal *journal, struct span id, struct pack_out *rows,
                         size_t *ends, bool *full)
{
    struct key prefix, after = { .size = 0 };
    struct span key, value;
    size_t count = 0;
    *full = false;
    if (!begins (journal, id))
        return 0;
    case_key (&prefix, TABLE_STEPS, id);
    while (table_next (journal, &prefix, &after, &key, &value)) {
        *full = count == CASE_STEPS;
        if (*full)
            break;
        pack_put_raw (rows, value);
        ends[count++] = pack_result (rows).size;
    }
    return count;
}

static bool read_thread (struct journal *journal, struct span id, struct thread *out)
{
    bool full;
    size_t *ends = malloc (CASE_STEPS * sizeof *ends);
    memset (out, 0, sizeof *out);
    if (ends == NULL)
        abort ();
    pack_init (&out->bytes);
    size_t rows = read_rows (journal, id, &out->bytes, ends, &full);
    out->entries = calloc (rows + 1, sizeof *out->entries);
    if (out->entries == NULL)
        abort ();
    for (size_t i = 0, from = 0; i < rows; from = ends[i++])
        if (step_read (&out->entries[out->count].step,
                       span_bytes (pack_result (&out->bytes).data + from, ends[i] - from)))
            out->count++;
    free (ends);
    case_fold (&out->state, out->entries, out->count);
    out->state.full = full;
    if (!out->state.known)
        thread_clear (out);
    return out->state.known;
}

bool thread_read (struct journal *journal, const struct msg_id *id, struct thread *out)
{
    struct subject subject;
    subject_id (&subject, SUBJECT_CASE, id);
    return read_thread (journal, key_span (&subject.key), out);
}

void thread_clear (struct thread *self)
{
    free (self->entries);
    pack_free (&self->bytes);
    self->entries = NULL;
    self->count = 0;
}

/* --- What is stored ------------------------------------------------------------------------ */

static void put_state (struct store *store, const struct key *key, const struct case_state *state)
{
    struct pack_out row;
    pack_init (&row);
    case_pack (&row, state);
    store_ok (store, journal_put (store->journal, key_span (key), pack_result (&row)));
    pack_free (&row);
}

/* What comes after all that is here is applied at once. Anything else may have to be put among
 * the others: the state is taken away, and settling folds them all. That nothing here names the
 * step in its `after` needs no look: it would be a head, or before one, and no step can name what
 * names it. */
static void note_state (struct store *store, const struct step *step)
{
    struct key key;
    struct subject subject;
    struct span row;
    struct case_state state;
    subject_id (&subject, SUBJECT_CASE, &step->thread);
    casework_touch (store, &subject);
    case_key (&key, TABLE_CASES, key_span (&subject.key));
    if (journal_get (store->journal, key_span (&key), &row) != JOURNAL_OK)
        return;
    if (case_read (&state, row) && case_follows (&state, step)) {
        case_apply (&state, step);
        put_state (store, &key, &state);
    } else {
        store_ok (store, journal_del (store->journal, key_span (&key)));
    }
}

/* A report that comes before all else, as nearly all do: nothing has to be read again. */
static void note_first (struct store *store, const struct step *step)
{
    struct key key;
    struct case_entry entry = { .step = *step };
    struct case_state state;
    struct subject subject;
    subject_id (&subject, SUBJECT_CASE, &step->thread);
    casework_touch (store, &subject);
    case_fold (&state, &entry, 1);
    case_key (&key, TABLE_CASES, key_span (&subject.key));
    if (state.known)
        put_state (store, &key, &state);
}

static void add_step (struct store *store, const struct step *step)
{
    struct key key, prefix;
    struct span found, value;
    struct pack_out row;
    key_begin (&key, TABLE_STEPS);
    key_id (&key, &step->thread);
    prefix = key;
    key_u8 (&key, rank_of (step));
    key_hash (&key, &step->leaf);
    bool first = step->what == CASE_REPORT &&
                 journal_scan (store->journal, key_span (&prefix), span_bytes (NULL, 0), &found,
                               &value) == JOURNAL_END;
    if (!first && has (store->journal, &key))
        return;
    pack_init (&row);
    step_pack (&row, step);
    store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&row)));
    pack_free (&row);
    if (first)
        note_first (store, step);
    else
        note_state (store, step);
}

void threads_add_report (struct store *store, const struct envelope *original)
{
    struct step step;
    if (step_of (&step, original) && step.what == CASE_REPORT)
        add_step (store, &step);
}

static bool threads_read (struct span kind)
{
    return span_is (kind, "incident");
}

static void threads_fold (struct store *store, const struct intake_batch *batch,
                          const struct item *item, const struct envelope *e)
{
    struct step step;
    (void) batch;
    (void) item;
    if (step_of (&step, e))
        add_step (store, &step);
}

static void settle_open (struct store *store, struct span id, bool open)
{
    struct key key;
    case_key (&key, TABLE_OPEN, id);
    bool was = has (store->journal, &key);
    if (open && !was)
        store_ok (store, journal_put (store->journal, key_span (&key), span_of ("")));
    else if (!open && was)
        store_ok (store, journal_del (store->journal, key_span (&key)));
}

static void threads_settle (struct store *store, const struct subject *subject)
{
    struct key key;
    struct span row, id = key_span (&subject->key);
    struct case_state state;
    struct thread thread;
    case_key (&key, TABLE_CASES, id);
    if (journal_get (store->journal, key_span (&key), &row) == JOURNAL_OK) {
        bool open = case_read (&state, row) && state.stage != CASE_IS_CLOSED;
        settle_open (store, id, open);
    } else if (read_thread (store->journal, id, &thread)) {
        put_state (store, &key, &thread.state);
        settle_open (store, id, thread.state.stage != CASE_IS_CLOSED);
        thread_clear (&thread);
    }
}

const struct casework_part threads_part = {
    .name = "threads",
    .reads = threads_read,
    .fold = threads_fold,
    .class = SUBJECT_CASE,
    .settle = threads_settle,
    .tables = (const char[]){ TABLE_STEPS, TABLE_CASES, TABLE_OPEN, '\0' },
};
