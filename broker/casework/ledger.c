/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/casework/ledger.h"

#include "broker/casework/alarms.h"
#include "broker/casework/exercises.h"
#include "bus/core/route.h"
#include "bus/core/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY         INT64_C (86400000)
#define STEP_REMIND 0
#define STEP_BREACH 1

/* --- Answers -------------------------------------------------------------------------------- */

static bool reads (struct span kind)
{
    return span_is (kind, "advisory");
}

/* The party of the row is the origin of the answer: nobody answers for another. */
static void fold_answer (struct store *store, const struct envelope *e)
{
    struct key key;
    struct span value;
    struct ledger_row *row = calloc (1, sizeof *row);
    struct pack_out out;
    if (row == NULL)
        abort ();
    key_begin (&key, TABLE_LEDGER);
    key_id (&key, &e->thread);
    key_u8 (&key, e->mode);
    key_text (&key, e->id.origin);
    if (journal_get (store->journal, key_span (&key), &value) == JOURNAL_OK)
        ledger_read (row, value);
    ledger_answer (row, e);
    pack_init (&out);
    ledger_pack (&out, row);
    store_ok (store, journal_put (store->journal, key_span (&key), pack_result (&out)));
    pack_free (&out);
    free (row);
}

static void touch (struct store *store, const struct msg_id *id)
{
    struct subject subject;
    subject_id (&subject, SUBJECT_ADVISORY, id);
    casework_touch (store, &subject);
}

static void fold (struct store *store, const struct intake_batch *batch, const struct item *item,
                  const struct envelope *e)
{
    (void) batch;
    (void) item;
    if (e->mode == CB_MODE_TEST)
        return;
    if (span_is (e->kind, "compliance") && e->thread.origin.size > 0) {
        fold_answer (store, e);
        /* The clocks are the own ones; whoever counts others does so when one has run out. */
        if (span_is (e->id.origin, store->self))
            touch (store, &e->thread);
    } else if (span_is (e->kind, "advisory")) {
        touch (store, &e->id);
        if (e->replaces.origin.size > 0)
            touch (store, &e->replaces);
    }
}

/* --- What is due ---------------------------------------------------------------------------- */

/* One advisory, its clocks, and what this party has said of it. */
struct due {
    struct ledger_held held;
    struct ledger_said said;
    struct subject subject;
    bool asked, counts; /* this party is; it counts the answers of others */
    int64_t percent;
    size_t own_count, below_count;
    struct ledger_clock own[LEDGER_CLOCKS], below[LEDGER_CLOCKS];
    size_t count;
    struct timer timers[2 * LEDGER_CLOCKS];
};

static bool is_asked (const struct store *store, const struct envelope *e)
{
    return !span_is (e->id.origin, store->self) && e->issued >= store->enrolled &&
           route_here (e->audience, e->audience_count, span_of (store->self), &store->me->sectors);
}

static bool is_counting (const struct store *store, const struct envelope *e)
{
    struct span self = span_of (store->self);
    return store->me->may.children > 0 &&
           (span_equal (e->id.origin, self) || party_above (e->id.origin, self));
}

/* What was here before there were ledgers is due from this party's first answer on. */
static bool has_answered (const struct due *due)
{
    size_t i = 0;
    while (i < due->held.count && due->said.bytes[i] == NULL)
        i++;
    return i < due->held.count;
}

/* False: nothing of it is due for anybody here. due_free in any case. */
static bool due_begin (struct store *store, const struct subject *subject, struct due *due)
{
    struct msg_id id;
    struct ledger_limits limits;
    const struct policy *policy = casework_policy (store);
    due->subject = *subject;
    if (policy == NULL || !subject_msg_id (subject, &id) || ledger_replaced (store, &id) ||
        !ledger_hold (store, &id, &due->held))
        return false;
    const struct ledger_revision *now = due->held.at[0];
    bool before = now->position <= casework_start (store).position;
    due->asked = is_asked (store, &now->e);
    due->counts = !before && is_counting (store, &now->e);
    due->percent = policy_setting (policy, POLICY_REMIND_PERCENT);
    if (due->asked)
        ledger_said (store, &due->held, span_of (store->self), &due->said);
    due->asked = due->asked && (!before || has_answered (due));
    if (due->asked) {
        ledger_limits (&limits, policy, store->me->role, now->advisory.severity);
        due->own_count = ledger_clocks (&now->advisory, &limits, due->own);
    }
    if (due->counts) {
        ledger_limits (&limits, policy, (struct span){ NULL, 0 }, now->advisory.severity);
        due->below_count = ledger_clocks (&now->advisory, &limits, due->below);
    }
    return due->asked || due->counts;
}

static void due_free (struct due *due)
{
    ledger_release (&due->held);
    ledger_said_free (&due->said);
    free (due);
}

static struct due *due_new (void)
{
    struct due *due = calloc (1, sizeof *due);
    if (due == NULL)
        abort ();
    return due;
}

static struct timer timer_of (const struct due *due, const struct ledger_clock *clock,
                              unsigned step, int64_t at)
{
    struct timer timer = {
        .at = at, .started = due->held.at[0]->advisory.started, .step = step, .due = clock->due
    };
    snprintf (timer.clock, sizeof timer.clock, "%s", clock->name);
    return timer;
}

/* The steps of a clock of this party, in the order of time; how many. */
static size_t steps_of (const struct due *due, const struct ledger_clock *clock,
                        struct timer steps[3])
{
    int64_t started = due->held.at[0]->advisory.started, span = clock->due - started;
    size_t count = 0;
    int64_t remind = started + span / 100 * due->percent;
    if (due->percent > 0 && due->percent < 100 && span > 0)
        steps[count++] = timer_of (due, clock, STEP_REMIND, remind);
    if (clock->actions != 0 && clock->due - DAY > (count > 0 ? remind : started))
        steps[count++] = timer_of (due, clock, LEDGER_STEP_DAY, clock->due - DAY);
    steps[count++] = timer_of (due, clock, STEP_BREACH, clock->due);
    return count;
}

/* The first step after the last one that was raised. What came due while nobody looked is past. */
static size_t next_step (const struct store *store, const struct due *due,
                         const struct timer *steps, size_t count)
{
    while (count > 0 && raised_get (store->journal, &due->subject, &steps[count - 1],
                                    (unsigned) party_depth (span_of (store->self))) == 0)
        count--;
    return count;
}

static void add_timer (struct due *due, const struct timer *timer)
{
    int64_t expires = due->held.at[0]->advisory.expires;
    if (expires == 0 || timer->due < expires)
        due->timers[due->count++] = *timer;
}

static void add_own (const struct store *store, struct due *due, const struct ledger_clock *clock)
{
    struct timer steps[3];
    if (ledger_met (clock, &due->said.view, NULL))
        return;
    size_t count = steps_of (due, clock, steps), next = next_step (store, due, steps, count);
    if (next == count) { /* everything was said; it is shown until it is done */
        steps[count - 1].at = TIMER_NEVER;
        next = count - 1;
    }
    add_timer (due, &steps[next]);
}

static void add_below (struct store *store, struct due *due, const struct ledger_clock *clock)
{
    struct timer timer = timer_of (due, clock, LEDGER_STEP_BELOW, clock->due);
    if (raised_get (store->journal, &due->subject, &timer,
                    (unsigned) party_depth (span_of (store->self))) == 0 &&
        !ledger_below_met (store, &due->subject, &timer))
        add_timer (due, &timer);
}

static int by_time (const void *a, const void *b)
{
    const struct timer *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    int names = strcmp (x->clock, y->clock);
    return names != 0 ? names : x->step < y->step ? -1 : x->step > y->step;
}

static void settle (struct store *store, const struct subject *subject)
{
    struct due *due = due_new ();
    if (due_begin (store, subject, due)) {
        for (size_t i = 0; i < due->own_count; i++)
            add_own (store, due, &due->own[i]);
        for (size_t i = 0; i < due->below_count; i++)
            add_below (store, due, &due->below[i]);
        const struct envelope *e = &due->held.at[0]->e;
        due->count =
            exercise_timers (store, subject, e->mode, &e->exercise, due->timers, due->count);
    }
    /* Of too many the first ones: the others follow when those have gone. */
    qsort (due->timers, due->count, sizeof due->timers[0], by_time);
    timers_set (store, subject, due->timers, due->count < TIMERS_MAX ? due->count : TIMERS_MAX);
    due_free (due);
}

/* --- What comes of it ----------------------------------------------------------------------- */

#define TEXT_SIZE  4001
#define TITLE_SIZE 301

static void append (char *text, size_t size, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
static void append (char *text, size_t size, const char *format, ...)
{
    va_list args;
    size_t used = strlen (text);
    va_start (args, format);
    vsnprintf (text + used, size - used, format, args);
    va_end (args);
}

/* What to type; numbers may hold what a shell would take apart, ids never do. */
static void say_what_to_do (const struct due *due, const struct ledger_clock *clock, uint64_t left,
                            char text[TEXT_SIZE])
{
    const struct ledger_revision *now = due->held.at[0];
    char id[ID_TEXT];
    msg_id_text (&now->e.id, id);
    text[0] = '\0';
    if (clock->actions == 0) {
        append (text, TEXT_SIZE, "Read it: certbus show %s\nThen: certbus ack %s --by OFFICER", id,
                id);
        if (!now->advisory.withdrawn)
            append (text, TEXT_SIZE,
                    " --applicable\nor:   certbus ack %s --by OFFICER --not-applicable --why "
                    "\"...\"",
                    id);
        append (text, TEXT_SIZE, "\n");
        return;
    }
    append (text, TEXT_SIZE, "Done: certbus comply %s", id);
    for (size_t i = 0; i < now->advisory.count; i++)
        if ((left >> i & 1) != 0)
            append (text, TEXT_SIZE, " --action '" SPAN_FMT "'",
                    SPAN_ARG (now->advisory.asks[i].id));
    append (text, TEXT_SIZE,
            " --done --evidence \"...\"\nIf it cannot be: certbus comply %s --action ID --waive "
            "--reason \"...\" --approver NAME\n",
            id);
    for (size_t i = 0; i < now->advisory.count; i++)
        if ((left >> i & 1) != 0)
            append (text, TEXT_SIZE, SPAN_FMT ": " SPAN_FMT "\n",
                    SPAN_ARG (now->advisory.asks[i].id), SPAN_ARG (now->advisory.asks[i].text));
}

static void say_title (const struct due *due, const struct ledger_clock *clock, bool breached,
                       char title[TITLE_SIZE])
{
    const struct ledger_advisory *a = &due->held.at[0]->advisory;
    const char *what = clock->actions != 0                                ? "what it asks"
                       : strcmp (clock->name, "advisory-applicable") == 0 ? "whether it applies"
                                                                          : "acknowledgement";
    snprintf (title, TITLE_SIZE, SPAN_FMT ": %s %s: " SPAN_FMT, SPAN_ARG (a->number), what,
              breached ? "is overdue" : "is due", SPAN_ARG (a->title));
}

static bool fire_own (struct store *store, struct due *due, const struct ledger_clock *clock,
                      const struct timer *timer, int64_t now, struct deed *out)
{
    const struct ledger_revision *advisory = due->held.at[0];
    char severity[3] = "S?", title[TITLE_SIZE], text[TEXT_SIZE];
    struct timer steps[3];
    uint64_t left;
    if (!due->asked || ledger_met (clock, &due->said.view, &left))
        return false;
    /* Of several that came due meanwhile, the last. */
    size_t count = steps_of (due, clock, steps), at = count;
    while (at > 1 && steps[at - 1].at > now)
        at--;
    const struct timer *step = &steps[at - 1];
    severity[1] = (char) ('0' + advisory->advisory.severity);
    say_what_to_do (due, clock, left, text);
    say_title (due, clock, step->step == STEP_BREACH, title);
    struct alarm alarm = { .what = "advisory",
                           .clock = clock->name,
                           .step = step->step,
                           .started = timer->started,
                           .due = clock->due,
                           .severity = advisory->advisory.severity != 0 ? severity : "undetermined",
                           .title = title,
                           .text = text,
                           .call = "",
                           .count = -1,
                           .thread = advisory->e.id,
                           .tlp = advisory->e.tlp,
                           .mode = advisory->e.mode,
                           .exercise = advisory->e.exercise };
    alarm_deed (out, span_of (store->self), &alarm);
    return true;
}

static const struct ledger_clock *find_clock (const struct ledger_clock *clocks, size_t count,
                                              const struct timer *timer)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (clocks[i].name, timer->clock) == 0 && clocks[i].due == timer->due)
            return &clocks[i];
    return NULL;
}

bool ledger_fire (struct store *store, const struct subject *subject, const struct timer *timer,
                  int64_t now, struct deed *out)
{
    struct due *due = due_new ();
    const struct ledger_clock *clock;
    bool made = false;
    if (!due_begin (store, subject, due)) {
        /* Replaced, or out of reach since: its next settling takes the timer away. */
    } else if (timer->step == LEDGER_STEP_BELOW) {
        clock = find_clock (due->below, due->below_count, timer);
        made = clock != NULL && ledger_below (store, &due->held, clock, timer, out);
    } else {
        clock = find_clock (due->own, due->own_count, timer);
        made = clock != NULL && fire_own (store, due, clock, timer, now, out);
    }
    due_free (due);
    return made;
}

const struct casework_part ledger_part = {
    .name = "ledger",
    .reads = reads,
    .fold = fold,
    .class = SUBJECT_ADVISORY,
    .settle = settle,
    .tables = (const char[]){ TABLE_LEDGER, '\0' },
};
