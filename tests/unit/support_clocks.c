/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_clocks.h"

#include "broker/casework/alarms.h"
#include "broker/casework/breaches.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[DESKS] = { "pk", "pk.sindh", "pk.sindh.khi", "pk.sindh.khi.kpt" };

/* --- Time ---------------------------------------------------------------------------------- */

struct moment {
    char text[32];
};

/* Since it began: 00:15:00, and days and milliseconds where there are any. */
static struct moment moment_of (const struct night *self, int64_t time)
{
    struct moment out;
    int64_t ms = time - self->began, day = ms / DAY;
    size_t used = 0;
    if (day > 0)
        used = (size_t) snprintf (out.text, sizeof out.text, "%lldd ", (long long) day);
    used += (size_t) snprintf (out.text + used, sizeof out.text - used, "%02d:%02d:%02d",
                               (int) (ms % DAY / HOUR), (int) (ms % HOUR / MINUTE),
                               (int) (ms % MINUTE / 1000));
    if (ms % 1000 != 0)
        snprintf (out.text + used, sizeof out.text - used, ".%03d", (int) (ms % 1000));
    return out;
}

static void tell (struct night *self, const char *line)
{
    size_t size = strlen (line);
    assert_true (self->told_size + size < sizeof self->told);
    memcpy (self->told + self->told_size, line, size + 1);
    self->told_size += size;
}

static void restart_all (struct night *self)
{
    for (size_t i = 0; self->restarts && i < DESKS; i++)
        holder_restart (&self->desks[i]);
}

/* --- Messages ------------------------------------------------------------------------------ */

static void take (struct night *self, size_t message, unsigned not_at)
{
    for (unsigned i = 0; i < DESKS; i++)
        if ((not_at & 1U << i) == 0)
            night_bring (self, message, (enum desk_of) i);
}

void night_bring (struct night *self, size_t message, enum desk_of to)
{
    self->history.messages[message].taken = self->now;
    holder_take (&self->desks[to], &self->history, &message, 1, false);
}

struct heads {
    struct msg_id id;
    struct draft *draft;
};

static void heads_run (struct store *store, void *arg)
{
    struct heads *heads = arg;
    struct case_state state;
    uint8_t *row = threads_case (store->journal, &heads->id, &state);
    if (row == NULL)
        return;
    heads->draft->after_count = state.head_count;
    memcpy (heads->draft->after, state.heads, sizeof state.heads);
    free (row);
}

static struct msg_id next_id (struct night *self, enum desk_of by)
{
    return (struct msg_id){ span_of (names[by]), { 1, 7 }, ++self->seqs[by] };
}

static void put_word (struct pack_out *out, struct night *self, const char *key, const char *value)
{
    pack_put_text (out, key);
    if (value[0] == '@')
        pack_put_int (out, self->began + strtoll (value + 1, NULL, 10));
    else
        pack_put_text (out, value);
}

/* "step=ack severity=S1 next_update=@1000": keys in ascending order, @: ms since it began. */
static void put_words (struct pack_out *out, struct night *self, const char *words)
{
    char copy[512], *save = NULL;
    size_t count = 0;
    for (const char *at = words; (at = strchr (at, '=')) != NULL; at++)
        count++;
    snprintf (copy, sizeof copy, "%s", words);
    pack_put_map (out, count);
    for (char *word = strtok_r (copy, " ", &save); word != NULL;
         word = strtok_r (NULL, " ", &save)) {
        char *value = strchr (word, '=');
        *value = '\0';
        put_word (out, self, word, value + 1);
    }
}

const struct message *night_say (struct night *self, const struct said *said)
{
    struct pack_out body;
    bool update = strcmp (said->kind, "update") == 0;
    struct draft draft = { .kind = span_of (said->kind),
                           .id = next_id (self, said->by),
                           .tlp = CB_TLP_AMBER,
                           .mode = said->mode,
                           .schema = update ? 2 : 1,
                           .officer = span_of (update ? "ayesha" : ""),
                           .issued = self->now,
                           .thread = said->thread,
                           .audience_count = 1,
                           .audience = { span_of (said->to != NULL ? said->to : names[KHI]) } };
    struct heads heads = { said->thread, &draft };
    restart_all (self);
    if (said->mode == CB_MODE_EXERCISE)
        draft.exercise = self->exercise;
    if (update)
        holder_run (&self->desks[said->by], heads_run, &heads, false);
    pack_init (&body);
    put_words (&body, self, said->body);
    draft.body = pack_result (&body);
    struct message *message = history_add (&self->history, &draft);
    if (strcmp (said->kind, "exercise") == 0) {
        message_free (message);
        message_make_flash (message, &draft);
    }
    pack_free (&body);
    take (self, self->history.count - 1, said->not_at);
    return message;
}

struct msg_id night_report (struct night *self, const char *severity, bool lost)
{
    char body[64];
    snprintf (body, sizeof body, "severity=%s title=Account-misused", severity);
    unsigned not_at = self->apart ? 1U << PK | 1U << SINDH : 0;
    const struct message *report = night_say (
        self, &(struct said){ .by = KPT, .kind = "incident", .body = body, .not_at = not_at });
    struct msg_id id = report->e.id;
    id.origin = span_of (names[KPT]);
    if (!lost)
        night_say (self, &(struct said){
                             .by = KHI, .kind = "receipt", .thread = id, .body = "stored=@1000" });
    return id;
}

void night_exercise (struct night *self)
{
    struct said said = { .by = PK,
                         .kind = "exercise",
                         .to = "pk.**",
                         .body = "from=@0 step=announce title=Drill until=@864000000" };
    self->exercise = night_say (self, &said)->e.id;
    self->exercise.origin = span_of (names[PK]);
    said.thread = self->exercise;
    said.body = "step=start";
    night_say (self, &said);
}

void night_step (struct night *self, enum desk_of by, struct msg_id id, const char *body)
{
    night_say (self, &(struct said){ .by = by, .kind = "update", .thread = id, .body = body });
}

/* --- The policy ---------------------------------------------------------------------------- */

#define NONE 0

static const struct {
    const char *clock;
    int64_t limits[5];
} limits[] = {
    { "acknowledge", { 15 * MINUTE, HOUR, 4 * HOUR, DAY, DAY } },
    { "climb", { 30 * MINUTE, 2 * HOUR, 8 * HOUR, 2 * DAY, 2 * DAY } },
    { "report", { HOUR, 6 * HOUR, DAY, 3 * DAY, 3 * DAY } },
    { "update", { 4 * HOUR, DAY, 3 * DAY, 7 * DAY, 7 * DAY } },
    { "close", { 30 * DAY, 30 * DAY, 30 * DAY, NONE, NONE } },
};

void night_policy (struct night *self, uint32_t version, const char *clock, int64_t limit)
{
    struct policy *p = calloc (1, sizeof *p);
    struct pack_out body;
    assert_non_null (p);
    p->version = version;
    p->issued = 1;
    p->title = span_of ("for tests");
    p->roles = (struct labels){ .count = 1, .at = { span_of ("national") } };
    p->grant_count = 1;
    p->grants[0] = (struct policy_grant){ .role = span_of ("*"),
                                          .kinds = { .count = 1, .at = { span_of ("*") } },
                                          .relations = 1u << CB_REL_EVERYONE };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        for (unsigned severity = 1; severity <= 5; severity++) {
            int64_t most =
                strcmp (limits[i].clock, clock) == 0 ? limit : limits[i].limits[severity - 1];
            if (most != NONE)
                p->clocks[p->clock_count++] =
                    (struct policy_clock){ span_of (limits[i].clock), span_of ("*"), severity,
                                           most };
        }
    pack_init (&body);
    pack_put_map (&body, 1);
    pack_put_text (&body, "statement");
    pack_put_bin (&body, world_policy_of (self->world, p));
    struct draft draft = { .kind = span_of ("policy"),
                           .id = next_id (self, PK),
                           .tlp = CB_TLP_GREEN,
                           .issued = self->now,
                           .audience_count = 1,
                           .audience = { span_of ("pk.**") },
                           .body = pack_result (&body) };
    history_add (&self->history, &draft);
    pack_free (&body);
    free (p);
    take (self, self->history.count - 1, 0);
}

void night_open (struct night *self, const char *began)
{
    memset (self, 0, sizeof *self);
    assert_true (when_parse (span_of (began), &self->began));
    self->now = self->began;
    self->world = world_new (1, 1);
    for (size_t i = 0; i < DESKS; i++)
        holder_open (&self->desks[i], names[i]);
    night_policy (self, 1, "", 0);
}

void night_close (struct night *self)
{
    for (size_t i = 0; i < DESKS; i++)
        holder_close (&self->desks[i]);
    history_free (&self->history);
    world_free (&self->world);
}

/* --- What is due --------------------------------------------------------------------------- */

struct firing {
    int64_t now, first;
    bool made;
    struct deed deed;
};

/* The first deed that there is to do. */
static void fire_run (struct store *store, void *arg)
{
    struct firing *firing = arg;
    struct key after = { .size = 0 };
    struct subject subject;
    struct timer timer;
    firing->first = timers_first (store->journal);
    while (!firing->made && timers_next (store->journal, &after, &subject, &timer) &&
           timer.at <= firing->now)
        firing->made =
            casework_fires[subject.class](store, &subject, &timer, firing->now, &firing->deed);
}

static void tell_deed (struct night *self, enum desk_of at, const struct draft *e)
{
    char line[256];
    bool alarm = span_is (e->kind, "alarm");
    struct span what = alarm ? body_text (e->body, "what") : e->kind;
    snprintf (line, sizeof line, "%s %s " SPAN_FMT " " SPAN_FMT "%s%s\n",
              moment_of (self, self->now).text, names[at], SPAN_ARG (what),
              SPAN_ARG (body_text (e->body, "clock")),
              e->mode == CB_MODE_EXERCISE ? " EXERCISE" : "",
              e->precedence == CB_LANE_FLASH ? "!" : "");
    tell (self, line);
}

static void do_deed (struct night *self, enum desk_of at, struct deed *deed)
{
    for (int i = 0; i <= self->twice; i++) {
        deed->draft.id = next_id (self, at);
        deed->draft.issued = self->now;
        const struct message *message = history_add (&self->history, &deed->draft);
        if (i == 0)
            tell_deed (self, at, &deed->draft);
        unsigned to = 0;
        for (unsigned j = 0; j < DESKS; j++)
            to |= (j == (unsigned) at || span_is (message->e.audience[0].name, names[j])) << j;
        take (self, self->history.count - 1, ~to);
    }
    deed_free (deed);
}

/* Whether there was something to do; `first`: when there will be. */
static bool look (struct night *self, int64_t *first)
{
    bool some = false;
    *first = TIMER_NEVER;
    for (unsigned i = 0; i < DESKS; i++) {
        struct firing firing = { .now = self->now };
        holder_run (&self->desks[i], fire_run, &firing, false);
        if (firing.made) {
            restart_all (self);
            do_deed (self, (enum desk_of) i, &firing.deed);
        }
        some = some || firing.made;
        *first = firing.first < *first ? firing.first : *first;
    }
    return some;
}

void night_until (struct night *self, int64_t time)
{
    int64_t first;
    for (;;) {
        for (int i = 0; look (self, &first); i++)
            assert_true (i < 100); /* a deed takes its timer away */
        if (first > time)
            break;
        self->now = first > self->now ? first : self->now + 1;
        restart_all (self);
    }
    self->now = time;
}

void night_on (struct night *self, int64_t ms)
{
    night_until (self, self->now + ms);
}

/* --- What there is ------------------------------------------------------------------------- */

static void expect_text (const char *found, const char *wanted)
{
    if (strcmp (found, wanted) != 0)
        fail_msg ("found:\n%s\nwanted:\n%s", found, wanted);
}

void night_expect (struct night *self, const char *lines)
{
    expect_text (self->told, lines);
    self->told_size = 0;
    self->told[0] = '\0';
}

struct looking {
    const struct night *night;
    struct msg_id id;
    char text[4096];
};

static void add_line (struct looking *looking, const char *line)
{
    size_t used = strlen (looking->text);
    snprintf (looking->text + used, sizeof looking->text - used, "%s\n", line);
}

static void clocks_run (struct store *store, void *arg)
{
    struct looking *looking = arg;
    struct key after = { .size = 0 };
    struct subject subject, wanted;
    struct timer timer;
    char line[160];
    subject_id (&wanted, SUBJECT_CASE, &looking->id);
    while (timers_next_clock (store->journal, &after, &subject, &timer)) {
        if (memcmp (&subject, &wanted, sizeof wanted) != 0)
            continue;
        bool comes = timer.at != TIMER_NEVER;
        snprintf (line, sizeof line, "%s due %s next %s", timer.clock,
                  moment_of (looking->night, timer.due).text,
                  comes ? clock_step_name (timer.step) : "none");
        add_line (looking, line);
    }
}

void night_clocks (struct night *self, enum desk_of at, struct msg_id id, const char *lines)
{
    struct looking looking = { .night = self, .id = id };
    holder_run (&self->desks[at], clocks_run, &looking, false);
    expect_text (looking.text, lines);
}

static void breaches_run (struct store *store, void *arg)
{
    struct looking *looking = arg;
    struct key after = { .size = 0 };
    struct breach b;
    char line[400];
    while (breaches_next (store->journal, span_bytes (NULL, 0), &after, &b)) {
        snprintf (line, sizeof line, SPAN_FMT " %s due %s done %s", SPAN_ARG (b.party),
                  clock_name (b.clock), moment_of (looking->night, b.due).text,
                  b.done > 0 ? moment_of (looking->night, b.done).text : "no");
        add_line (looking, line);
    }
}

void night_breaches (struct night *self, enum desk_of at, const char *lines)
{
    struct looking looking = { .night = self };
    holder_run (&self->desks[at], breaches_run, &looking, false);
    expect_text (looking.text, lines);
}

void night_rebuilt (struct night *self)
{
    for (size_t i = 0; i < DESKS; i++) {
        struct pack_out before, after;
        holder_dump (&self->desks[i], casework_tables (), &before);
        holder_rebuild (&self->desks[i]);
        holder_dump (&self->desks[i], casework_tables (), &after);
        assert_true (span_equal (pack_result (&before), pack_result (&after)));
        pack_free (&before);
        pack_free (&after);
    }
}
