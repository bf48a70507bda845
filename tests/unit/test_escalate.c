/* SPDX-License-Identifier: Apache-2.0 */
/* A case climbs: what its escalation says, what is inside, and where that is found again. */
#include "tests/unit/support_casework.h"

#include "broker/carrier.h"
#include "broker/casework/escalate.h"
#include "broker/participants.h"
#include "bus/core/carried.h"
#include "bus/edge/log.h"

#include <stdlib.h>
#include <string.h>

#define NOW INT64_C (1790000000000)

/* A report of pk.sindh.kpt, and brokers that hold it. */
struct scene {
    struct history history;
    struct pack_out body;
    struct draft report;
    struct holder holder;
};

static void put (struct pack_out *out, const char *key, const char *value)
{
    pack_put_text (out, key);
    pack_put_text (out, value);
}

static int set_up (void **state)
{
    struct scene *s = calloc (1, sizeof *s);
    pack_init (&s->body);
    pack_put_map (&s->body, 4);
    put (&s->body, "description", "names of people");
    put (&s->body, "severity", "S1");
    pack_put_text (&s->body, "times");
    pack_put_map (&s->body, 1);
    pack_put_text (&s->body, "aware");
    pack_put_int (&s->body, NOW - 5);
    put (&s->body, "title", "the port's account");
    s->report = (struct draft){ .kind = span_of ("incident"),
                                .id = { span_of ("pk.sindh.kpt"), { 1, 7 }, 3 },
                                .audience_count = 1,
                                .audience = { span_of ("pk.sindh") },
                                .precedence = CB_LANE_FLASH,
                                .tlp = CB_TLP_AMBER,
                                .issued = NOW,
                                .body = pack_result (&s->body) };
    *state = s;
    return 0;
}

static int tear_down (void **state)
{
    struct scene *s = *state;
    holder_close (&s->holder);
    history_free (&s->history);
    pack_free (&s->body);
    free (s);
    return 0;
}

static void take (struct scene *s, const struct draft *draft)
{
    size_t last = s->history.count;
    history_add (&s->history, draft);
    holder_take (&s->holder, &s->history, &last, 1, false);
}

static void held_by (struct scene *s, const char *party)
{
    holder_open (&s->holder, party);
    take (s, &s->report);
}

struct making {
    struct escalation what;
    struct deed deed;
    bool made;
};

static void make_run (struct store *store, void *arg)
{
    struct making *making = arg;
    making->made = escalation_make (store, &making->what, &making->deed);
}

static struct making make (struct scene *s)
{
    struct making making = { .what = { .id = s->report.id,
                                       .clock = span_of ("acknowledge"),
                                       .started = NOW,
                                       .due = NOW + 900000 } };
    holder_run (&s->holder, make_run, &making, false);
    return making;
}

static bool inside (const struct making *making)
{
    return body_field (making->deed.draft.body, "original").size > 0;
}

static void a_report_that_may_climb_goes_along_as_it_was_signed (void **state)
{
    struct scene *s = *state;
    s->report.climb = span_of ("pk");
    held_by (s, "pk.sindh");
    struct making making = make (s);
    const struct draft *draft = &making.deed.draft;
    assert_true (making.made && inside (&making));
    assert_true (span_equal (body_bytes (draft->body, "original"), s->history.messages[0].e.bytes));
    assert_true (span_is (draft->kind, "escalation") && span_is (draft->audience[0], "pk"));
    assert_int_equal (draft->audience_count, 1);
    assert_int_equal (draft->precedence, CB_LANE_FLASH);
    assert_int_equal (draft->tlp, CB_TLP_AMBER);
    assert_true (span_is (draft->climb, "pk"));
    assert_true (msg_id_equal (&draft->thread, &s->report.id));
    assert_int_equal (draft->after_count, 1);
    assert_true (hash_equal (&draft->after[0], &s->history.messages[0].e.leaf));
    assert_int_equal (body_int (draft->body, "level", 0), 1);
    assert_int_equal (body_int (draft->body, "reported", 0), NOW);
    assert_true (span_is (body_text (draft->body, "clock"), "acknowledge"));
    assert_true (span_is (body_text (draft->body, "lead"), "pk.sindh"));
    assert_true (span_is (body_text (draft->body, "severity"), "S1"));
    assert_int_equal (body_field (draft->body, "text").size, 0);
    deed_free (&making.deed);
}

static bool says (struct span where, const char *word)
{
    return memmem (where.data, where.size, word, strlen (word)) != NULL;
}

static void a_report_without_consent_climbs_as_a_stub_without_names (void **state)
{
    struct scene *s = *state;
    s->report.climb = span_of ("pk.sindh");
    held_by (s, "pk.sindh");
    struct making making = make (s);
    assert_true (making.made && !inside (&making));
    struct span body = making.deed.draft.body;
    assert_false (says (body, "names of people") || says (body, "account"));
    assert_true (says (body_text (body, "text"), "has not agreed"));
    assert_true (span_is (making.deed.draft.climb, "pk.sindh"));
    deed_free (&making.deed);
}

static void a_report_that_was_addressed_to_the_parent_goes_along_without_consent (void **state)
{
    struct scene *s = *state;
    s->report.audience[s->report.audience_count++] = span_of ("pk");
    held_by (s, "pk.sindh");
    struct making making = make (s);
    assert_true (inside (&making));
    deed_free (&making.deed);
}

static void a_report_for_the_community_goes_along_without_consent (void **state)
{
    struct scene *s = *state;
    s->report.tlp = CB_TLP_GREEN;
    held_by (s, "pk.sindh");
    struct making making = make (s);
    assert_true (inside (&making));
    deed_free (&making.deed);
}

static void a_report_that_is_too_large_climbs_as_a_stub_that_says_so (void **state)
{
    struct scene *s = *state;
    size_t size = CARRIED_MAX;
    char *words = calloc (1, size + 1);
    struct pack_out value, body;
    pack_init (&value);
    pack_init (&body);
    memset (words, 'x', size);
    pack_put_text (&value, words);
    body_with (&body, s->report.body, "description", pack_result (&value));
    s->report.body = pack_result (&body);
    s->report.climb = span_of ("pk");
    held_by (s, "pk.sindh");
    struct making making = make (s);
    assert_true (making.made && !inside (&making));
    assert_true (says (body_text (making.deed.draft.body, "text"), "too large"));
    deed_free (&making.deed);
    pack_free (&value);
    pack_free (&body);
    free (words);
}

static void at_the_top_and_for_a_test_nothing_climbs (void **state)
{
    struct scene *s = *state;
    held_by (s, "pk");
    assert_false (make (s).made);
    holder_close (&s->holder);
    history_free (&s->history);
    memset (&s->history, 0, sizeof s->history);
    s->report.mode = CB_MODE_TEST;
    held_by (s, "pk.sindh");
    assert_false (make (s).made);
}

/* The escalation of a level, as a message of that party. */
static struct draft escalation_of (const struct making *making, const char *party)
{
    struct draft draft = making->deed.draft;
    draft.id = (struct msg_id){ span_of (party), { 1, 9 }, 1 };
    draft.issued = NOW + 1800000;
    return draft;
}

static void what_was_carried_is_held_and_climbs_on_from_there (void **state)
{
    struct scene *s = *state;
    s->report.id.origin = span_of ("pk.sindh.kpt.unit");
    s->report.audience[0] = span_of ("pk.sindh.kpt");
    s->report.climb = span_of ("pk.sindh");
    held_by (s, "pk.sindh.kpt");
    struct making first = make (s);
    assert_true (inside (&first));
    struct draft draft = escalation_of (&first, "pk.sindh.kpt");
    holder_close (&s->holder);
    holder_open (&s->holder, "pk.sindh");
    take (s, &draft);
    /* At pk.sindh the report is inside the escalation, and may go no further. */
    struct making second = make (s);
    assert_true (second.made && !inside (&second));
    assert_true (span_is (second.deed.draft.audience[0], "pk"));
    assert_true (span_is (body_text (second.deed.draft.body, "severity"), "S1"));
    deed_free (&first.deed);
    deed_free (&second.deed);
}

struct looking {
    const struct draft *report;
    int64_t carrier;
    bool held, rebuilt;
    struct hash leaf;
    uint32_t participants;
};

static void look_run (struct store *store, void *arg)
{
    struct looking *looking = arg;
    struct held held;
    static const char *const parties[] = { "pk", "pk.sindh", "pk.telecom", "pk.sindh.**" };
    struct term terms[4];
    for (size_t i = 0; i < 4; i++)
        assert_true (term_parse (&terms[i], span_of (parties[i])));
    looking->carrier = carrier_find (store->journal, &looking->report->id, false);
    looking->held = held_read (store, &looking->report->id, &held) && held.carried;
    looking->leaf = held.record.leaf;
    held_free (&held);
    participants_of (store, &looking->report->id, terms, 4, &looking->participants);
}

static void what_was_carried_is_found_by_its_id_also_after_a_rebuild (void **state)
{
    struct scene *s = *state;
    s->report.climb = span_of ("pk");
    held_by (s, "pk.sindh");
    struct making making = make (s);
    struct draft draft = escalation_of (&making, "pk.sindh");
    holder_close (&s->holder);
    holder_open (&s->holder, "pk");
    take (s, &draft);
    for (int i = 0; i < 2; i++) {
        struct looking looking = { .report = &s->report };
        holder_run (&s->holder, look_run, &looking, false);
        assert_true (looking.held);
        assert_int_equal (looking.carrier, 1);
        assert_true (hash_equal (&looking.leaf, &s->history.messages[0].e.leaf));
        assert_int_equal (looking.participants, 2); /* pk.sindh alone was named by the report */
        holder_rebuild (&s->holder);
    }
    deed_free (&making.deed);
}

static void a_transfer_that_was_sent_to_the_new_lead_makes_it_a_participant (void **state)
{
    struct scene *s = *state;
    struct looking looking = { .report = &s->report };
    struct pack_out body;
    held_by (s, "pk");
    pack_init (&body);
    pack_put_map (&body, 2);
    put (&body, "lead", "pk.telecom");
    put (&body, "step", "transfer");
    struct draft draft = { .kind = span_of ("update"),
                           .id = { span_of ("pk.sindh"), { 1, 9 }, 1 },
                           .audience_count = 1,
                           .audience = { span_of ("pk") },
                           .precedence = CB_LANE_ROUTINE,
                           .tlp = CB_TLP_AMBER,
                           .issued = NOW + 1,
                           .thread = s->report.id,
                           .schema = 2,
                           .body = pack_result (&body) };
    take (s, &draft);
    holder_run (&s->holder, look_run, &looking, false);
    assert_int_equal (looking.participants, 2); /* it was said of pk.telecom, and not to it */
    draft.id.seq = 2;
    draft.audience[draft.audience_count++] = span_of ("pk.telecom");
    take (s, &draft);
    holder_run (&s->holder, look_run, &looking, false);
    assert_int_equal (looking.participants, 6);
    pack_free (&body);
}

struct returning {
    struct scene *scene;
    int64_t restored_until;
    enum taken outcome;
    unsigned reason;
};

static void return_run (struct store *store, void *arg)
{
    struct returning *returning = arg;
    const struct envelope *e = &returning->scene->history.messages[1].e;
    struct verdict verdict = { .reason = CB_OK, .participants = 1 << 1 };
    struct intake_batch batch = { .from = span_of ("pk"), .now = NOW, .patient = true };
    struct item item;
    store->restored_until = returning->restored_until;
    item_from (&item, e, &verdict);
    take_item (store, &batch, &item);
    returning->outcome = item.outcome;
    returning->reason = item.reason;
    item_clear (&item);
}

/* The transfer that makes its addressee a participant may be on its way back, too. */
static void after_a_restore_who_takes_no_part_yet_is_waited_for (void **state)
{
    struct scene *s = *state;
    struct returning returning = { .scene = s, .restored_until = clock_steady () + 60000 };
    held_by (s, "pk");
    struct draft draft = { .kind = span_of ("note"),
                           .id = { span_of ("pk.sindh"), { 1, 9 }, 1 },
                           .audience_count = 2,
                           .audience = { span_of ("pk"), span_of ("pk.telecom") },
                           .precedence = CB_LANE_ROUTINE,
                           .tlp = CB_TLP_AMBER,
                           .issued = NOW + 1,
                           .thread = s->report.id,
                           .body = span_bytes ("\x80", 1) };
    history_add (&s->history, &draft);
    holder_run (&s->holder, return_run, &returning, false);
    assert_int_equal (returning.outcome, TAKEN_PUT_OFF);
    returning.restored_until = 0;
    holder_run (&s->holder, return_run, &returning, false);
    assert_int_equal (returning.outcome, TAKEN_REFUSED);
    assert_int_equal (returning.reason, CB_NO_GRANT);
}

#define SCENE(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {
        SCENE (a_report_that_may_climb_goes_along_as_it_was_signed),
        SCENE (a_report_without_consent_climbs_as_a_stub_without_names),
        SCENE (a_report_that_was_addressed_to_the_parent_goes_along_without_consent),
        SCENE (a_report_for_the_community_goes_along_without_consent),
        SCENE (a_report_that_is_too_large_climbs_as_a_stub_that_says_so),
        SCENE (at_the_top_and_for_a_test_nothing_climbs),
        SCENE (what_was_carried_is_held_and_climbs_on_from_there),
        SCENE (what_was_carried_is_found_by_its_id_also_after_a_rebuild),
        SCENE (a_transfer_that_was_sent_to_the_new_lead_makes_it_a_participant),
        SCENE (after_a_restore_who_takes_no_part_yet_is_waited_for),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
