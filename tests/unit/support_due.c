/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support_due.h"

#include <stdlib.h>
#include <string.h>

void watch_open (struct watch *self, const char *party, int64_t now)
{
    memset (self, 0, sizeof *self);
    self->now = now;
    self->world = world_new (1, 1);
    holder_open (&self->holder, party);
    self->holder.me.role = span_of ("national");
    self->holder.store->first_policy = world_policy (self->world, 1);
}

void watch_close (struct watch *self)
{
    watch_rebuilt (self);
    holder_close (&self->holder);
    history_free (&self->history);
    world_free (&self->world);
}

static void take_last (struct watch *self)
{
    size_t last = self->history.count - 1;
    self->history.messages[last].taken = self->now;
    holder_take (&self->holder, &self->history, &last, 1, false);
}

struct msg_id watch_take (struct watch *self, const struct said_by *said, struct pack_out *body)
{
    struct draft draft = { .kind = span_of (said->kind),
                           .id = { span_of (said->origin), { 1, 7 }, ++self->seq },
                           .audience_count = 1,
                           .audience = { span_of (said->to) },
                           .tlp = said->tlp ? said->tlp : CB_TLP_AMBER,
                           .mode = said->mode,
                           .thread = said->thread,
                           .schema = strcmp (said->kind, "update") == 0 ? 2 : 1,
                           .issued = self->now,
                           .body = pack_result (body) };
    if (said->mode == CB_MODE_EXERCISE)
        draft.exercise = self->exercise;
    struct message *message = history_add (&self->history, &draft);
    if (strcmp (said->kind, "exercise") == 0) {
        message_free (message);
        message_make_flash (message, &draft);
    }
    pack_free (body);
    take_last (self);
    return watch_newest (self)->id;
}

void watch_exercise (struct watch *self)
{
    struct said_by said = { .kind = "exercise", .origin = "pk", .to = "pk.**" };
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 4);
    pack_put_text (&body, "from");
    pack_put_int (&body, self->now);
    pack_put_text (&body, "step");
    pack_put_text (&body, "announce");
    pack_put_text (&body, "title");
    pack_put_text (&body, "Drill");
    pack_put_text (&body, "until");
    pack_put_int (&body, self->now + 10 * WORLD_DAY);
    self->exercise = watch_take (self, &said, &body);
    self->exercise.origin = span_of ("pk");
    said.thread = self->exercise;
    pack_init (&body);
    pack_put_map (&body, 1);
    pack_put_text (&body, "step");
    pack_put_text (&body, "start");
    watch_take (self, &said, &body);
}

const struct envelope *watch_newest (const struct watch *self)
{
    return &self->history.messages[self->history.count - 1].e;
}

struct firing {
    int64_t now;
    bool fired;
    struct deed deed;
};

static void fire (struct store *store, void *arg)
{
    struct firing *firing = arg;
    struct key after = { .size = 0 };
    struct subject subject;
    struct timer timer;
    while (!firing->fired && timers_next (store->journal, &after, &subject, &timer) &&
           timer.at <= firing->now)
        firing->fired =
            casework_fires[subject.class] != NULL &&
            casework_fires[subject.class](store, &subject, &timer, firing->now, &firing->deed);
}

size_t watch_due (struct watch *self)
{
    size_t count = 0;
    for (;; count++) {
        struct firing firing = { .now = self->now };
        holder_run (&self->holder, fire, &firing, false);
        if (!firing.fired)
            break;
        assert_true (count < 100);
        firing.deed.draft.id = (struct msg_id){ self->holder.me.name, { 1, 7 }, ++self->seq };
        firing.deed.draft.issued = self->now;
        firing.deed.draft.body = pack_result (&firing.deed.body);
        history_add (&self->history, &firing.deed.draft);
        deed_free (&firing.deed);
        take_last (self);
    }
    return count;
}

void watch_rebuilt (struct watch *self)
{
    struct pack_out before, after;
    holder_dump (&self->holder, casework_tables (), &before);
    holder_rebuild (&self->holder);
    holder_dump (&self->holder, casework_tables (), &after);
    assert_true (span_equal (pack_result (&before), pack_result (&after)));
    pack_free (&before);
    pack_free (&after);
}
