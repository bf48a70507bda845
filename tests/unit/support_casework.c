/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_casework.h"

#include "broker/take.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define BEGAN INT64_C (1700000000000)

/* --- Messages ------------------------------------------------------------------------------ */

void message_make (struct message *out, const struct draft *draft)
{
    struct draft full = *draft;
    if (full.precedence == 0)
        full.precedence = CB_LANE_ROUTINE;
    message_make_flash (out, &full);
}

void message_make_flash (struct message *out, const struct draft *draft)
{
    static const uint8_t sig[SIG_SIZE];
    struct draft full = *draft;
    struct pack_out bytes;
    if (full.schema == 0)
        full.schema = 1;
    pack_init (&bytes);
    draft_pack (&full, &bytes);
    pack_init (&out->bytes);
    envelope_pack (&out->bytes, pack_result (&bytes), 1, 0, NULL, 0, sig);
    pack_free (&bytes);
    assert_int_equal (envelope_parse (&out->e, pack_result (&out->bytes)), CB_OK);
    out->taken = full.issued + 1000;
}

void message_free (struct message *self)
{
    pack_free (&self->bytes);
}

struct message *history_add (struct history *self, const struct draft *draft)
{
    if (self->count == self->room) {
        self->room = self->room * 2 + 64;
        self->messages = realloc (self->messages, self->room * sizeof *self->messages);
        assert_non_null (self->messages);
    }
    struct message *message = &self->messages[self->count++];
    message_make (message, draft);
    return message;
}

void history_free (struct history *self)
{
    for (size_t i = 0; i < self->count; i++)
        message_free (&self->messages[i]);
    free (self->messages);
    memset (self, 0, sizeof *self);
}

#define LANES_MAX 64

/* Which lane each message is in; returns how many lanes there are. */
static size_t find_lanes (const struct history *self, size_t *lanes)
{
    const struct envelope *known[LANES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++) {
        const struct envelope *e = &self->messages[i].e;
        size_t lane = 0;
        while (lane < count && (known[lane]->precedence != e->precedence ||
                                !span_equal (known[lane]->id.origin, e->id.origin)))
            lane++;
        assert_true (lane < LANES_MAX);
        known[lane] = e;
        count += lane == count;
        lanes[i] = lane;
    }
    return count;
}

void history_order (const struct history *self, struct random *random, size_t late, size_t *order)
{
    size_t *lanes = calloc (self->count + 1, sizeof *lanes), next[LANES_MAX] = { 0 };
    assert_non_null (lanes);
    size_t count = find_lanes (self, lanes);
    for (size_t placed = 0; placed < self->count; placed++) {
        size_t lane = random_below (random, count), oldest = 0;
        for (size_t i = 0; i < count; i++) {
            while (next[i] < self->count && lanes[next[i]] != i)
                next[i]++;
            if (next[i] < next[oldest])
                oldest = i;
        }
        if (next[lane] == self->count || random_below (random, 100) >= late)
            lane = oldest;
        order[placed] = next[lane]++;
    }
    free (lanes);
}

/* --- Random histories ---------------------------------------------------------------------- */

#define PARTIES    6
#define CASE_LIMIT 400

static const char *const parties[PARTIES] = { "pk",         "pk.sindh",      "pk.sindh.kpt",
                                              "pk.telecom", "pk.sindh.ogdc", "pk.punjab" };

/* A case as its participants see it. */
struct told {
    struct msg_id id;
    struct case_entry steps[CASE_LIMIT];
    size_t count, seen[PARTIES];
    unsigned may[PARTIES];
};

struct teller {
    struct history *history;
    struct random random;
    int64_t seqs[PARTIES];
    struct told *cases;
    size_t count;
};

static bool chance (struct teller *self, size_t percent)
{
    return random_below (&self->random, 100) < percent;
}

static struct draft draft_by (struct teller *self, size_t party)
{
    struct draft draft = { .issued = BEGAN + (int64_t) self->history->count * 1000,
                           .tlp = CB_TLP_AMBER,
                           .officer = span_of ("ayesha"),
                           .id = {
                               span_of (parties[party]), { 1, 7 + party }, ++self->seqs[party] } };
    memcpy (draft.salt, &self->random.state, sizeof self->random.state);
    return draft;
}

static void tell (struct teller *self, struct told *told, const struct draft *draft)
{
    const struct message *message = history_add (self->history, draft);
    assert_true (step_of (&told->steps[told->count++].step, &message->e));
}

static void tell_report (struct teller *self)
{
    struct told *told = &self->cases[self->count++];
    struct draft draft = draft_by (self, chance (self, 50) ? 2 : 4);
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 2);
    pack_put_text (&body, "times");
    pack_put_map (&body, 1);
    pack_put_text (&body, "aware");
    pack_put_int (&body, draft.issued - 60000);
    pack_put_text (&body, "title");
    pack_put_text (&body, "mail platform misused");
    draft.kind = span_of ("incident");
    draft.body = pack_result (&body);
    draft.audience[draft.audience_count++] = span_of ("pk.sindh");
    if (chance (self, 30))
        draft.audience[draft.audience_count++] = span_of ("pk.telecom");
    told->id = draft.id;
    tell (self, told, &draft);
    pack_free (&body);
}

static bool sees (const struct told *told, size_t party, size_t step)
{
    return step < told->seen[party] || span_is (told->steps[step].step.id.origin, parties[party]);
}

/* The heads of what a party sees, and now and then what it may do. */
static void look (struct teller *self, struct told *told, size_t party, struct draft *draft)
{
    struct case_entry *view = malloc (told->count * sizeof *view);
    struct case_state state;
    size_t count = 0, behind = random_below (&self->random, 4);
    assert_non_null (view);
    if (told->count > behind && told->seen[party] < told->count - behind)
        told->seen[party] = told->count - behind;
    for (size_t i = 0; i < told->count; i++)
        if (sees (told, party, i))
            view[count++] = told->steps[i];
    case_fold (&state, view, count);
    told->may[party] = case_may (&state, span_of (parties[party]));
    draft->after_count = state.head_count;
    memcpy (draft->after, state.heads, sizeof draft->after);
    free (view);
}

static enum case_step choose (struct teller *self, unsigned may)
{
    unsigned one = 0;
    if (may == 0 || chance (self, 5))
        return (enum case_step) (1 + random_below (&self->random, CASE_STEP_END - 1));
    while ((may & 1U << one) == 0 ||
           ((one == CASE_CLOSE || one == CASE_TRANSFER) && chance (self, 80)))
        one = (unsigned) random_below (&self->random, CASE_STEP_END);
    return (enum case_step) one;
}

/* The id of a step of that kind, or of any message. */
static void put_step_id (struct teller *self, struct pack_out *out, const struct told *told,
                         enum case_step what)
{
    size_t at = random_below (&self->random, told->count);
    for (size_t i = 0; i < told->count && told->steps[at].step.what != what; i++)
        at = (at + 1) % told->count;
    msg_id_pack (out, &told->steps[at].step.id);
}

static void put_update (struct teller *self, struct pack_out *out, const struct told *told,
                        enum case_step what)
{
    bool names = what == CASE_TRANSFER, asked = what == CASE_ANSWER;
    bool accepts = what == CASE_CLOSE && chance (self, 50);
    pack_put_map (out, 3U + names + asked + accepts);
    if (accepts) {
        pack_put_text (out, "accepts");
        put_step_id (self, out, told, CASE_CLOSE);
    }
    if (names) {
        pack_put_text (out, "lead");
        pack_put_text (out, parties[random_below (&self->random, PARTIES)]);
    }
    pack_put_text (out, "next_update");
    pack_put_int (out, BEGAN + (int64_t) random_below (&self->random, 100000000));
    if (asked) {
        pack_put_text (out, "question");
        put_step_id (self, out, told, CASE_ASK);
    }
    pack_put_text (out, "severity");
    pack_put_text (out, severity_name (1 + (unsigned) random_below (&self->random, 6)));
    pack_put_text (out, "step");
    pack_put_text (out, case_step_name (what));
}

static void put_escalation (struct pack_out *out, int64_t now)
{
    pack_put_map (out, 3);
    pack_put_text (out, "lead");
    pack_put_text (out, "pk.sindh");
    pack_put_text (out, "reported");
    pack_put_int (out, now - 1000);
    pack_put_text (out, "severity");
    pack_put_text (out, "S1");
}

static void tell_step (struct teller *self)
{
    struct told *told = &self->cases[random_below (&self->random, self->count)];
    size_t party = random_below (&self->random, PARTIES);
    struct draft draft = draft_by (self, party);
    struct pack_out body;
    if (told->count == CASE_LIMIT)
        return;
    look (self, told, party, &draft);
    enum case_step what = choose (self, told->may[party]);
    pack_init (&body);
    if (what == CASE_ESCALATE)
        put_escalation (&body, draft.issued);
    else
        put_update (self, &body, told, what);
    draft.kind = span_of (what == CASE_ESCALATE ? "escalation"
                          : what == CASE_NOTE   ? "note"
                                                : "update");
    draft.schema = what == CASE_ESCALATE || what == CASE_NOTE ? 1 : 2;
    draft.body = pack_result (&body);
    draft.thread = told->id;
    draft.precedence = chance (self, 10) ? CB_LANE_BULK : CB_LANE_ROUTINE;
    if (told == &self->cases[self->count / 2] && chance (self, 5))
        draft.after_count = 0; /* by a broker of before */
    draft.audience[draft.audience_count++] = span_of (what == CASE_ESCALATE ? "pk" : "pk.sindh");
    tell (self, told, &draft);
    pack_free (&body);
}

void history_make (struct history *out, uint64_t seed, size_t count, size_t cases)
{
    struct teller self = { .history = out, .random = { seed } };
    memset (out, 0, sizeof *out);
    self.cases = calloc (cases, sizeof *self.cases);
    assert_non_null (self.cases);
    for (size_t i = 0; i < count; i++)
        if (self.count == 0 || (self.count < cases && random_below (&self.random, count) < cases))
            tell_report (&self);
        else
            tell_step (&self);
    free (self.cases);
}

/* --- Holders ------------------------------------------------------------------------------- */

static void holder_start (struct holder *self)
{
    self->store = store_start (self->desk->journal, &self->me);
    assert_non_null (self->store);
    self->desk->journal = NULL;
}

void holder_open (struct holder *self, const char *party)
{
    void *state;
    memset (self, 0, sizeof *self);
    assert_int_equal (desk_setup (&state), 0);
    self->desk = state;
    self->me.name = span_of (party);
    holder_start (self);
}

void holder_restart (struct holder *self)
{
    store_stop (&self->store, NULL);
    desk_reopen (self->desk);
    holder_start (self);
}

void holder_close (struct holder *self)
{
    void *state = self->desk;
    store_stop (&self->store, NULL);
    assert_int_equal (desk_teardown (&state), 0);
}

struct holder_job {
    struct job job;
    void (*run) (struct store *store, void *arg);
    void *arg;
    bool lost;
};

static void job_run (struct job *base, struct store *store)
{
    struct holder_job *job = (struct holder_job *) base;
    job->run (store, job->arg);
    take_flush (store);
    if (job->lost)
        store_ok (store, JOURNAL_FULL);
}

static void job_done (struct job *job, struct station *station)
{
    (void) station;
    free (job);
}

void holder_run (struct holder *self, void (*run) (struct store *store, void *arg), void *arg,
                 bool lost)
{
    struct holder_job *job = job_new (sizeof *job, job_run, job_done);
    job->job.writes = true;
    job->run = run;
    job->arg = arg;
    job->lost = lost;
    store_submit (self->store, &job->job);
    struct pollfd wait = { .fd = store_fd (self->store), .events = POLLIN };
    do
        assert_int_equal (poll (&wait, 1, -1), 1);
    while (store_done (self->store, NULL) == 0);
}

struct batch {
    const struct history *history;
    const size_t *order;
    size_t count, refused;
};

static void take_batch (struct store *store, void *arg)
{
    struct batch *batch = arg;
    struct verdict verdict = { .reason = CB_OK };
    for (size_t i = 0; i < batch->count; i++) {
        const struct message *message = &batch->history->messages[batch->order[i]];
        bool own = span_is (message->e.id.origin, store->self);
        struct intake_batch from = { .from = span_of (own ? "" : "pk"), .now = message->taken };
        struct item item;
        item_from (&item, &message->e, &verdict);
        take_item (store, &from, &item);
        batch->refused += item.outcome == TAKEN_REFUSED;
        item_clear (&item);
    }
}

size_t holder_offer (struct holder *self, const struct history *history, const size_t *order,
                     size_t count, bool lost)
{
    struct batch batch = { history, order, count, 0 };
    holder_run (self, take_batch, &batch, lost);
    return batch.refused;
}

void holder_take (struct holder *self, const struct history *history, const size_t *order,
                  size_t count, bool lost)
{
    assert_int_equal (holder_offer (self, history, order, count, lost), 0);
}

static void rebuild (struct store *store, void *arg)
{
    (void) arg;
    casework_rebuild (store);
}

void holder_rebuild (struct holder *self)
{
    holder_run (self, rebuild, NULL, false);
}

struct dump {
    const char *tables;
    struct pack_out *out;
};

static void dump_tables (struct store *store, void *arg)
{
    const struct dump *dump = arg;
    for (const char *table = dump->tables; *table != '\0'; table++) {
        struct key prefix = { .size = 1, .bytes = { (uint8_t) *table } }, after = { .size = 0 };
        struct span key, value;
        while (table_next (store->journal, &prefix, &after, &key, &value)) {
            pack_put_bin (dump->out, key_span (&after));
            pack_put_bin (dump->out, value);
        }
    }
}

void holder_dump (struct holder *self, const char *tables, struct pack_out *out)
{
    struct dump dump = { tables, out };
    pack_init (out);
    holder_run (self, dump_tables, &dump, false);
}

const char *casework_tables (void)
{
    static char tables[64];
    size_t count = 0;
    for (size_t i = 0; casework_parts[i] != NULL; i++)
        for (const char *at = casework_parts[i]->tables; at != NULL && *at != '\0'; at++)
            tables[count++] = *at;
    tables[count] = '\0';
    return tables;
}
