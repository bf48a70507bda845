/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/local_case.h"

#include "broker/take.h"

#include <stdlib.h>
#include <string.h>

static void named_id (struct case_named *self, const struct msg_id *id)
{
    span_text (id->origin, self->origin, sizeof self->origin);
    self->id = *id;
    self->id.origin = span_of (self->origin);
}

bool case_named (struct case_named *out, const struct question *q)
{
    struct msg_id id;
    struct span typed = ask_text (q, "id");
    memset (out, 0, sizeof *out);
    if (typed.size == 0 && ask_ref (q, "id", &id) && id.origin.size > 0) {
        named_id (out, &id);
        return true;
    }
    if (find_begin (&out->find, typed, q->station))
        return true;
    answer_refuse (&q->asker, "usage",
                   "this names no case: an id is pk.sindh.kpt/1-3, a code XXXX-XXXX-XXXX-XXXX");
    return false;
}

static void refuse (struct case_named *self, struct pack_out *answer, const char *reason,
                    const char *detail)
{
    self->refused = true;
    pack_put_map (answer, 3);
    put_text (answer, "detail", detail);
    put_bool (answer, "ok", false);
    put_text (answer, "reason", reason);
}

static bool is_case (struct store *store, const struct msg_id *id)
{
    struct case_state state;
    uint8_t *bytes = threads_case (store->journal, id, &state);
    free (bytes);
    return bytes != NULL;
}

/* The case of a message: its own, or the one in whose thread it is. */
static bool of_message (struct case_named *self, struct store *store, int64_t position)
{
    struct record record;
    struct envelope e;
    uint8_t *copy = store_message (store, position, &record, &e);
    if (copy == NULL)
        return false;
    bool own = is_case (store, &e.id);
    if (own || (e.thread.origin.size > 0 && is_case (store, &e.thread)))
        named_id (self, own ? &e.id : &e.thread);
    free (copy);
    return self->id.origin.size > 0;
}

/* Lives of an origin under one counter that are looked through. */
#define NONCES_MAX 64

/* The case of an id that was typed, in whatever run of its origin: people do not type nonces. */
static bool of_run (struct case_named *self, struct store *store, const char *origin)
{
    const struct find *find = &self->find;
    struct key prefix, after = { .size = 0 };
    struct span key, value;
    key_begin (&prefix, TABLE_CASES);
    key_text (&prefix, span_of (origin));
    key_u32 (&prefix, find->epoch.counter);
    for (int i = 0; i < NONCES_MAX && table_next (store->journal, &prefix, &after, &key, &value);
         i++) {
        struct msg_id id = { .origin = span_of (origin),
                             .epoch = { find->epoch.counter, read_u64 (after.bytes + prefix.size) },
                             .seq = find->seq };
        bool fits = !find->nonce || id.epoch.nonce == find->epoch.nonce;
        if (fits && is_case (store, &id)) {
            named_id (self, &id);
            return true;
        }
        after = prefix;
        key_u64 (&after, id.epoch.nonce);
        key_u64 (&after, UINT64_MAX);
    }
    return false;
}

/* A case whose report is not held here: an escalation tells of it, or carries it. */
static bool of_stub (struct case_named *self, struct store *store)
{
    for (size_t i = 0; i < self->find.origin_count; i++)
        if (of_run (self, store, self->find.origins[i]))
            return true;
    return false;
}

bool case_find (struct case_named *self, struct store *store, struct pack_out *answer)
{
    if (self->id.origin.size > 0) {
        if (!is_case (store, &self->id))
            refuse (self, answer, "not-found", "no such case here");
        return true;
    }
    if (!find_slice (&self->find, store))
        return false;
    if (self->find.meant.count == 1) {
        if (!of_message (self, store, self->find.meant.at[0]))
            refuse (self, answer, "not-a-case",
                    "this message is no incident and stands in no case");
        return true;
    }
    if (self->find.meant.count == 0 && of_stub (self, store))
        return true;
    self->refused = true;
    find_refuse (answer, &self->find, store);
    return true;
}
