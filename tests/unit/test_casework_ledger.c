/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger in a broker's journal: whoever holds the same answers has the same rows. */
#include "bus/core/ledger.h"
#include "tests/unit/support_casework.h"

#include <stdio.h>
#include <string.h>

#define ISSUED    INT64_C (1767225600000)
#define ANSWERS   600
#define REVISIONS 3
#define ROWS      ((const char[]){ TABLE_LEDGER, '\0' })

static const char *const PARTIES[] = { "pk.a", "pk.a.x", "pk.a.y", "pk.b", "pk.b.z" };

static void put_text (struct pack_out *out, const char *key, const char *text)
{
    pack_put_text (out, key);
    pack_put_text (out, text);
}

static struct message *add (struct history *history, const char *kind, const char *origin,
                            struct draft *draft, struct pack_out *body)
{
    draft->kind = span_of (kind);
    draft->id.origin = span_of (origin);
    draft->id.epoch = (struct epoch){ 1, 7 };
    draft->tlp = CB_TLP_GREEN;
    draft->audience_count = 1;
    draft->audience[0] = span_of (strcmp (kind, "advisory") == 0 ? "pk.**" : "pk");
    draft->body = pack_result (body);
    struct message *made = history_add (history, draft);
    pack_free (body);
    return made;
}

static void add_advisory (struct history *history, int64_t seq)
{
    struct pack_out body;
    struct draft draft = { .issued = ISSUED + seq };
    draft.id.seq = seq;
    if (seq > 1)
        draft.replaces = (struct msg_id){ span_of ("pk"), { 1, 7 }, seq - 1 };
    pack_init (&body);
    pack_put_map (&body, 3);
    put_text (&body, "number", "N-1");
    put_text (&body, "severity", "S3");
    put_text (&body, "title", "Patch");
    add (history, "advisory", "pk", &draft, &body);
}

static void add_answer (struct history *history, struct random *random, int64_t seq)
{
    static const char *const states[] = { "done", "waived", "planned", "not-applicable" };
    char id[8];
    struct pack_out body;
    struct draft draft = { .issued = ISSUED + 100 + (int64_t) random_below (random, 50) };
    draft.id.seq = seq;
    draft.thread =
        (struct msg_id){ span_of ("pk"), { 1, 7 }, (int64_t) random_below (random, REVISIONS) + 1 };
    draft.officer = span_of ("Ayesha");
    snprintf (id, sizeof id, "A%zu", random_below (random, 90));
    pack_init (&body);
    pack_put_map (&body, 2);
    pack_put_text (&body, "acknowledged");
    pack_put_int (&body, draft.issued);
    pack_put_text (&body, "actions");
    pack_put_array (&body, 1);
    pack_put_map (&body, 2);
    put_text (&body, "id", id);
    put_text (&body, "state", states[random_below (random, 4)]);
    add (history, "compliance", PARTIES[random_below (random, 5)], &draft, &body);
}

/* Also those of one origin: what came by media, or again after a restore, comes late. */
static void any_order (struct random *random, bool shuffled, size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; shuffled && i > 1; i--) {
        size_t j = random_below (random, i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

static void the_same_answers_give_the_same_rows_at_every_holder (void **state)
{
    (void) state;
    struct history history = { .count = 0 };
    struct random random = { .state = 4 };
    struct pack_out first;
    static size_t order[ANSWERS + REVISIONS];
    for (int64_t seq = 1; seq <= REVISIONS; seq++)
        add_advisory (&history, seq);
    for (int64_t seq = 1; seq <= ANSWERS; seq++)
        add_answer (&history, &random, 100 + seq);
    pack_init (&first);
    for (int round = 0; round < 6; round++) {
        struct holder holder;
        struct pack_out rows, again;
        holder_open (&holder, round % 2 == 0 ? "pk" : "pk.a");
        any_order (&random, round > 0, order, history.count);
        holder_take (&holder, &history, order, history.count / 2, false);
        holder_take (&holder, &history, order + history.count / 2, 50, true); /* undone */
        holder_take (&holder, &history, order + history.count / 2,
                     history.count - history.count / 2, false);
        pack_init (&rows);
        pack_init (&again);
        holder_dump (&holder, ROWS, &rows);
        holder_rebuild (&holder);
        holder_dump (&holder, ROWS, &again);
        assert_true (span_equal (pack_result (&rows), pack_result (&again)));
        if (round == 0)
            pack_put_raw (&first, pack_result (&rows));
        assert_true (pack_result (&rows).size > 1000);
        assert_true (span_equal (pack_result (&rows), pack_result (&first)));
        pack_free (&rows);
        pack_free (&again);
        holder_close (&holder);
    }
    pack_free (&first);
    history_free (&history);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_same_answers_give_the_same_rows_at_every_holder),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
