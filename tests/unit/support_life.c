/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_life.h"

#include "broker/casework/silence.h"
#include "broker/casework/timers.h"
#include "bus/edge/zone.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE INT64_C (60000)
#define HOUR   (60 * MINUTE)
#define BEGAN  INT64_C (1700000000000)

static const char *const parties[LIFE_PARTIES] = { "pk", "pk.sindh", "pk.sindh.kpt",
                                                   "pk.sindh.ogdc", "pk.telecom" };
enum by { PK, SINDH, KPT, OGDC, TELECOM };

static bool chance (struct life *self, size_t percent)
{
    return random_below (&self->random, 100) < percent;
}

static int64_t between (struct life *self, int64_t least, int64_t most)
{
    return least + (int64_t) random_below (&self->random, (size_t) (most - least) + 1);
}

static const char *one_of (struct life *self, const char *const *texts, size_t count)
{
    return texts[random_below (&self->random, count)];
}
#define ONE_OF(self, ...)                                                                          \
    one_of (self, (const char *const[]){ __VA_ARGS__ },                                            \
            sizeof ((const char *const[]){ __VA_ARGS__ }) / sizeof (char *))

/* --- Messages ------------------------------------------------------------------------------ */

static void keep (struct life_ids *ids, struct msg_id id)
{
    ids->at[ids->count++ % LIFE_IDS] = id;
}

static const struct msg_id *any (struct life *self, const struct life_ids *ids)
{
    static const struct msg_id none;
    size_t count = ids->count < LIFE_IDS ? ids->count : LIFE_IDS;
    size_t newest = count < 3 ? count : 3;
    if (count == 0)
        return &none;
    return &ids->at[(ids->count - 1 -
                     random_below (&self->random, chance (self, 50) ? newest : count)) %
                    LIFE_IDS];
}

/* Bytes are written as "~61626364", the id of a message as "#party-sequence". */
static void put_string (struct pack_out *out, const char *text)
{
    uint8_t bytes[64] = { 0 };
    size_t size = 0;
    if (text[0] == '#') {
        int party = atoi (text + 1);
        struct msg_id id = { span_of (parties[party]), { 1, 70 }, atoll (strchr (text, '-') + 1) };
        msg_id_pack (out, &id);
    } else if (text[0] == '~') {
        for (const char *at = text + 1; at[0] != '\0' && size < sizeof bytes; at += 2) {
            char digits[3] = { at[0], at[1], '\0' };
            bytes[size++] = (uint8_t) strtoul (digits, NULL, 16);
        }
        pack_put_bin (out, span_bytes (bytes, size));
    } else {
        pack_put_text (out, text);
    }
}

/* Keys are given in ascending order. */
static void put_json (struct pack_out *out, const json_t *value)
{
    const char *key;
    json_t *one;
    size_t i;
    if (json_is_object (value)) {
        pack_put_map (out, json_object_size (value));
        json_object_foreach ((json_t *) (uintptr_t) value, key, one)
        {
            pack_put_text (out, key);
            put_json (out, one);
        }
    } else if (json_is_array (value)) {
        pack_put_array (out, json_array_size (value));
        json_array_foreach (value, i, one) put_json (out, one);
    } else if (json_is_integer (value)) {
        pack_put_int (out, json_integer_value (value));
    } else if (json_is_boolean (value)) {
        pack_put_bool (out, json_is_true (value));
    } else {
        put_string (out, json_string_value (value));
    }
}

struct said {
    enum by by;
    const char *kind, *to;
    struct msg_id thread, replaces, exercise;
    const char *officer;
};

static void fill (struct life *self, struct draft *draft, const struct said *said, struct span body)
{
    bool update = strcmp (said->kind, "update") == 0;
    *draft =
        (struct draft){ .kind = span_of (said->kind),
                        .id = { span_of (parties[said->by]), { 1, 70 }, ++self->seqs[said->by] },
                        .audience_count = 1,
                        .audience = { span_of (said->to) },
                        .tlp = chance (self, 50) ? CB_TLP_GREEN : CB_TLP_AMBER,
                        .thread = said->thread,
                        .replaces = said->replaces,
                        .schema = update ? 2 : 1,
                        .issued = self->now - between (self, 0, 30 * MINUTE),
                        .officer = span_of (said->officer != NULL ? said->officer : "ayesha"),
                        .body = body };
    if (said->exercise.seq > 0) {
        draft->mode = CB_MODE_EXERCISE;
        draft->exercise = said->exercise;
    } else if (chance (self, 3) && strcmp (said->kind, "exercise") != 0) {
        draft->mode = CB_MODE_TEST;
    }
}

/* With the precedence that it has. */
static void add_flash (struct life *self, const struct draft *draft)
{
    struct message *message = history_add (&self->others, draft);
    message_free (message);
    message_make_flash (message, draft);
}

static struct msg_id say (struct life *self, const struct said *said, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
static struct msg_id say (struct life *self, const struct said *said, const char *format, ...)
{
    char text[1024];
    json_error_t error;
    struct pack_out body;
    struct draft draft;
    va_list args;
    va_start (args, format);
    vsnprintf (text, sizeof text, format, args);
    va_end (args);
    json_t *json = json_loads (text, 0, &error);
    if (json == NULL)
        fail_msg ("%s: %s", error.text, text);
    pack_init (&body);
    put_json (&body, json);
    json_decref (json);
    fill (self, &draft, said, pack_result (&body));
    if (strcmp (said->kind, "exercise") == 0)
        add_flash (self, &draft);
    else
        history_add (&self->others, &draft);
    pack_free (&body);
    return draft.id;
}

/* What is played in the exercise that was announced last, now and then. */
static struct msg_id played (struct life *self)
{
    static const struct msg_id none;
    return chance (self, 30) ? *any (self, &self->exercises) : none;
}

static const char *severity (struct life *self)
{
    return ONE_OF (self, "S1", "S2", "S3", "S4", "S5", "undetermined");
}

static void say_report (struct life *self)
{
    struct said said = { .by = chance (self, 50) ? KPT : OGDC,
                         .kind = "incident",
                         .to = "pk.sindh",
                         .exercise = played (self) };
    if (chance (self, 10))
        said.by = SINDH; /* its own, to the one above */
    if (said.by == SINDH)
        said.to = "pk";
    keep (&self->reports,
          say (self, &said,
               "{\"indicators\":[{\"type\":\"ipv4\",\"value\":\"192.0.2.%d\"}],\"province\":\"%s\","
               "\"severity\":\"%s\",\"title\":\"mail\",\"type\":\"%s\"}",
               (int) between (self, 1, 9), ONE_OF (self, "sindh", "punjab"), severity (self),
               ONE_OF (self, "fraud/phishing", "malicious-code/c2-server", "other/other")));
}

/* Without `after`, as brokers of before did. */
static void say_step (struct life *self)
{
    static const char *const steps[] = { "acknowledge", "triage", "update", "contain", "recover",
                                         "close",       "reopen", "ask",    "assign",  "transfer" };
    struct said said = { .by = (enum by) between (self, PK, TELECOM),
                         .kind = "update",
                         .to = "pk.sindh",
                         .thread = *any (self, &self->reports),
                         .exercise = played (self) };
    if (said.thread.seq > 0)
        say (self, &said,
             "{\"indicators\":[{\"type\":\"ipv4\",\"value\":\"192.0.2.%d\"}],\"lead\":\"%s\","
             "\"next_update\":%lld,\"severity\":\"%s\",\"step\":\"%s\"}",
             (int) between (self, 1, 9), ONE_OF (self, "pk.sindh", "pk", "pk.telecom"),
             (long long) (self->now + between (self, -HOUR, 20 * HOUR)), severity (self),
             one_of (self, steps, sizeof steps / sizeof steps[0]));
}

static void say_advisory (struct life *self)
{
    struct said said = { .by = chance (self, 50) ? PK : SINDH,
                         .kind = "advisory",
                         .to = "pk.sindh.**",
                         .exercise = played (self) };
    if (chance (self, 25))
        said.replaces = *any (self, &self->advisories);
    keep (&self->advisories,
          say (self, &said,
               "{\"acknowledge_by\":%lld,\"actions\":[{\"due\":%lld,\"id\":\"A1\",\"text\":\"x\"},"
               "{\"id\":\"A2\",\"text\":\"y\"}],\"expires\":%lld,\"number\":\"N-%d\","
               "\"severity\":\"%s\",\"status\":\"%s\",\"title\":\"Patch\"}",
               (long long) (self->now + between (self, HOUR, 30 * HOUR)),
               (long long) (self->now + between (self, HOUR, 60 * HOUR)),
               (long long) (self->now + between (self, 20 * HOUR, 300 * HOUR)),
               (int) self->others.count, severity (self),
               ONE_OF (self, "final", "final", "withdrawn")));
}

static void say_compliance (struct life *self)
{
    struct said said = { .by = (enum by) between (self, SINDH, OGDC),
                         .kind = "compliance",
                         .to = "pk",
                         .thread = *any (self, &self->advisories),
                         .exercise = played (self) };
    if (said.thread.seq > 0)
        say (self, &said,
             "{\"acknowledged\":%lld,\"actions\":[{\"id\":\"A%d\",\"state\":\"%s\"}],"
             "\"applicable\":%s}",
             (long long) self->now, (int) between (self, 1, 2),
             ONE_OF (self, "done", "waived", "planned", "not-applicable"),
             ONE_OF (self, "true", "false"));
}

static void say_sighting (struct life *self)
{
    struct said said = { .by = (enum by) between (self, PK, TELECOM),
                         .kind = "sighting",
                         .to = "pk.sindh",
                         .exercise = played (self) };
    say (self, &said,
         "{\"case\":\"~000102030405060708090a0b0c0d0e%02d\",\"constituent\":"
         "\"~000102030405060708090a0b0c0d0e%02d\",\"indicators\":[\"~"
         "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e%02d\"],"
         "\"party\":\"%s\",\"seen\":%lld,\"severity\":\"%s\",\"type\":\"%s\"}",
         (int) between (self, 10, 20), (int) between (self, 10, 20), (int) between (self, 10, 30),
         parties[said.by], (long long) self->now, severity (self),
         ONE_OF (self, "fraud/phishing", "malicious-code/c2-server"));
}

#define INJECT                                                                                     \
    "{\"at\":%lld,\"body\":\"~81a474657874a178\",\"id\":\"%s\",\"kind\":\"note\",\"tlp\":1,"       \
    "\"to\":[\"pk.sindh.kpt\"]}"

static void say_exercise (struct life *self)
{
    struct said said = { .by = chance (self, 70) ? SINDH : PK, .kind = "exercise", .to = "pk.**" };
    const struct msg_id *plan = any (self, &self->plans);
    if (chance (self, 20)) {
        said.to = parties[said.by];
        keep (&self->plans,
              say (self, &said,
                   "{\"expected\":[{\"clock\":\"acknowledge\",\"id\":\"e\",\"inject\":\"one\","
                   "\"limit\":3600000,\"who\":[\"pk.sindh.kpt\",\"pk.sindh.ogdc\"]}],\"injects\":"
                   "[" INJECT "," INJECT "],\"step\":\"plan\"}",
                   0LL, "one", (long long) between (self, MINUTE, 20 * HOUR), "two"));
    } else if (chance (self, 20) && plan->seq > 0) {
        /* Now and then the plan comes after it: by another lane, after a restore. */
        enum by by = span_is (plan->origin, "pk") ? PK : SINDH;
        int64_t seq = chance (self, 30) ? self->seqs[by] + 2 : plan->seq;
        said.by = by;
        keep (&self->exercises,
              say (self, &said,
                   "{\"from\":%lld,\"plan\":\"#%d-%lld\",\"step\":\"announce\",\"title\":\"Drill\","
                   "\"until\":%lld}",
                   (long long) self->now, (int) by, (long long) seq,
                   (long long) (self->now + between (self, 5 * HOUR, 60 * HOUR))));
        said.to = parties[by];
        if (seq > plan->seq)
            say (self, &said, "{\"injects\":[" INJECT "],\"step\":\"plan\"}",
                 (long long) between (self, 0, HOUR), "late");
    } else {
        said.thread = *any (self, &self->exercises);
        if (said.thread.seq > 0)
            say (self, &said, "{\"step\":\"%s\"}",
                 ONE_OF (self, "start", "start", "pause", "resume", "resume", "stop", "score"));
    }
}

/* As one of the injects that the broker sent itself. */
static void say_inject (struct life *self)
{
    struct said said = { .by = SINDH,
                         .kind = "note",
                         .to = "pk.sindh.**",
                         .exercise = *any (self, &self->exercises),
                         .officer = ONE_OF (self, "inject one", "inject two") };
    if (said.exercise.seq > 0)
        say (self, &said, "{\"text\":\"x\"}");
}

static void say_bulletin (struct life *self)
{
    struct said said = { .by = SINDH, .kind = "bulletin", .to = "pk" };
    int64_t until = BEGAN + between (self, 0, 5) * 7 * 24 * HOUR;
    say (self, &said,
         "{\"edition\":\"%s\",\"number\":\"B-%d\",\"period\":{\"from\":%lld,\"until\":%lld},"
         "\"status\":\"%s\"}",
         ONE_OF (self, "cabinet", "public"), (int) self->others.count,
         (long long) (until - 7 * 24 * HOUR), (long long) until,
         ONE_OF (self, "draft", "draft", "final"));
}

static void say_small (struct life *self)
{
    struct said to_me = { .by = chance (self, 50) ? PK : KPT, .to = "pk.sindh" };
    switch (between (self, 0, 3)) {
    case 0:
        to_me.kind = "subscription";
        say (self, &to_me, "{\"edition\":\"%s\",\"ended\":%s,\"topic\":\"bulletin\"}",
             ONE_OF (self, "cabinet", "public"), ONE_OF (self, "true", "false", "false"));
        break;
    case 1:
        to_me.kind = "nil-return";
        say (self, &to_me, "{\"period\":\"2023-%d\"}", (int) between (self, 10, 12));
        break;
    case 2:
        to_me.kind = "contact";
        say (self, &to_me, "{\"officer\":\"Duty\",\"phone_day\":\"%d\"}",
             (int) between (self, 100, 999));
        break;
    default: say_bulletin (self);
    }
}

static const char *const clocks[] = { "acknowledge",
                                      "climb",
                                      "update",
                                      "close",
                                      "advisory-done",
                                      "advisory-applicable",
                                      "advisory-acknowledge",
                                      "bulletin-approve",
                                      "silence",
                                      "nil-return" };

static void say_policy (struct life *self)
{
    struct policy *p = calloc (1, sizeof *p);
    struct pack_out body;
    assert_non_null (p);
    p->version = ++self->policies;
    p->issued = 1;
    p->title = span_of ("for tests");
    p->roles = (struct labels){ .count = 1, .at = { span_of ("national") } };
    p->grant_count = 1;
    p->grants[0] = (struct policy_grant){ .role = span_of ("*"),
                                          .kinds = { .count = 1, .at = { span_of ("*") } },
                                          .relations = 1u << CB_REL_EVERYONE };
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++)
        for (unsigned grave = 0; grave <= 5; grave++)
            if (chance (self, 90))
                p->clocks[p->clock_count++] =
                    (struct policy_clock){ span_of (clocks[i]), span_of ("*"), grave,
                                           between (self, 10, 4000) * MINUTE };
    pack_init (&body);
    pack_put_map (&body, 1);
    pack_put_text (&body, "statement");
    pack_put_bin (&body, world_policy_of (self->world, p));
    struct draft draft = { .kind = span_of ("policy"),
                           .id = { span_of ("pk"), { 1, 70 }, ++self->seqs[PK] },
                           .tlp = CB_TLP_GREEN,
                           .issued = self->now,
                           .audience_count = 1,
                           .audience = { span_of ("pk.**") },
                           .body = pack_result (&body) };
    history_add (&self->others, &draft);
    pack_free (&body);
    free (p);
}

static void say_something (struct life *self)
{
    static void (*const all[]) (struct life *) = { say_report,     say_step,     say_step,
                                                   say_advisory,   say_sighting, say_compliance,
                                                   say_compliance, say_exercise, say_exercise,
                                                   say_inject,     say_small };
    if (chance (self, 1))
        say_policy (self);
    all[random_below (&self->random, sizeof all / sizeof all[0])](self);
}

/* --- What the loop does -------------------------------------------------------------------- */

#define AT_ONCE 24

struct round {
    struct life *life;
    size_t count;
    struct deed deeds[AT_ONCE];
};

static bool same_subject (const struct subject *a, const struct subject *b)
{
    return a->class == b->class && span_equal (key_span (&a->key), key_span (&b->key));
}

static void fire (struct store *store, void *arg)
{
    struct round *round = arg;
    static struct subject done[AT_ONCE];
    struct key after = { .size = 0 };
    struct subject subject;
    struct timer timer;
    while (round->count < AT_ONCE && timers_next (store->journal, &after, &subject, &timer) &&
           timer.at <= round->life->now) {
        bool again = false;
        for (size_t i = 0; i < round->count; i++)
            again = again || same_subject (&done[i], &subject);
        if (again || casework_fires[subject.class] == NULL ||
            !casework_fires[subject.class](store, &subject, &timer, round->life->now,
                                           &round->deeds[round->count]))
            continue;
        /* Who has not answered an advisory, only the loop knows. */
        if (round->deeds[round->count].draft.kind.size == 0)
            deed_free (&round->deeds[round->count]);
        else
            done[round->count++] = subject;
    }
}

static void hear (struct store *store, void *arg)
{
    struct life *self = arg;
    char why[ZONE_WHY];
    if (store->zone == NULL)
        store->zone = zone_open ("Asia/Karachi", why);
    assert_non_null (store->zone);
    for (size_t i = KPT; i <= OGDC; i++) {
        struct heard heard = { .party = span_of (parties[i]),
                               .role = span_of ("organisation"),
                               .at = self->now,
                               .enrolled = BEGAN };
        if (chance (self, 3))
            heard_put (store, &heard, self->now);
    }
    bool first = self->others.count == 0;
    if (returns_next (store, self->now) > 0 && first)
        casework_touch (store, &(struct subject){ .class = SUBJECT_RETURN });
}

static void take_all (struct life *self, struct history *history, size_t *taken, size_t count,
                      bool lost)
{
    size_t order[256];
    assert_true (count <= sizeof order / sizeof order[0]);
    for (size_t i = 0; i < count; i++) {
        order[i] = *taken + i;
        history->messages[*taken + i].taken = self->now;
    }
    if (lost)
        holder_offer (&self->holder, history, order, count, true);
    self->refused += holder_offer (&self->holder, history, order, count, false);
    *taken += count;
}

static void take_others (struct life *self)
{
    take_all (self, &self->others, &self->others_taken, self->others.count - self->others_taken,
              chance (self, 10));
}

static bool raise_due (struct life *self)
{
    struct round *round = calloc (1, sizeof *round);
    assert_non_null (round);
    round->life = self;
    holder_run (&self->holder, fire, round, false);
    size_t count = round->count;
    for (size_t i = 0; i < count; i++) {
        struct deed *deed = &round->deeds[i];
        deed->draft.id = (struct msg_id){ span_of ("pk.sindh"), { 2, 70 }, ++self->deeds };
        deed->draft.issued = self->now;
        deed->draft.body = pack_result (&deed->body);
        add_flash (self, &deed->draft);
        deed_free (deed);
    }
    free (round);
    if (count > 0)
        take_others (self);
    return count > 0;
}

/* --- Its days ------------------------------------------------------------------------------ */

void life_open (struct life *self, uint64_t seed, size_t count)
{
    memset (self, 0, sizeof *self);
    self->random.state = seed;
    self->now = BEGAN;
    self->world = world_new (1, 1);
    history_make (&self->cases, seed, count, 80);
    holder_open (&self->holder, "pk.sindh");
    self->holder.me.role = span_of ("provincial");
    self->holder.me.may.children = 10;
    holder_run (&self->holder, hear, self, false);
    say_policy (self);
    take_others (self);
}

void life_close (struct life *self)
{
    holder_close (&self->holder);
    history_free (&self->cases);
    history_free (&self->others);
    world_free (&self->world);
}

bool life_goes_on (struct life *self)
{
    size_t left = self->cases.count - self->cases_taken,
           some = 1 + random_below (&self->random, 60);
    self->now += between (self, MINUTE, 3 * HOUR);
    take_all (self, &self->cases, &self->cases_taken, some < left ? some : left, chance (self, 10));
    for (int64_t i = between (self, 0, 40); i > 0; i--)
        say_something (self);
    take_others (self);
    if (chance (self, 4))
        holder_restart (&self->holder);
    holder_run (&self->holder, hear, self, false);
    for (int i = 0; i < 4 && raise_due (self); i++)
        ;
    return self->cases_taken < self->cases.count;
}
