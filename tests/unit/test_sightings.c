/* SPDX-License-Identifier: Apache-2.0 */
/* What several have seen, with a time that is made up. */
#include "broker/casework/sightings.h"
#include "tests/unit/support_due.h"

#include <string.h>

#define BEGAN WORLD_NOW

static struct watch watch;

static int at_pk (void **state)
{
    (void) state;
    watch_open (&watch, "pk", BEGAN);
    return 0;
}

static int at_sindh (void **state)
{
    (void) state;
    watch_open (&watch, "pk.sindh", BEGAN);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    watch_close (&watch);
    return 0;
}

static void put_indicators (struct pack_out *out, const char *const *values, size_t count)
{
    pack_put_text (out, "indicators");
    pack_put_array (out, count);
    for (size_t i = 0; i < count; i++) {
        pack_put_map (out, 2);
        pack_put_text (out, "type");
        pack_put_text (out, "domain");
        pack_put_text (out, "value");
        pack_put_text (out, values[i]);
    }
}

static struct msg_id report (unsigned tlp, unsigned mode, const char *first, const char *second)
{
    const char *values[] = { first, second };
    struct said_by said = {
        .kind = "incident", .origin = "pk.sindh.kpt", .to = "pk.sindh", .tlp = tlp, .mode = mode
    };
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 4);
    pack_put_text (&body, "description");
    pack_put_text (&body, "as it is");
    put_indicators (&body, values, second != NULL ? 2 : 1);
    pack_put_text (&body, "times");
    pack_put_map (&body, 1);
    pack_put_text (&body, "aware");
    pack_put_int (&body, watch.now);
    pack_put_text (&body, "title");
    pack_put_text (&body, "seen");
    return watch_take (&watch, &said, &body);
}

static void update (struct msg_id thread, const char *origin, const char *value)
{
    struct said_by said = {
        .kind = "update", .origin = origin, .to = "pk.sindh", .thread = thread
    };
    struct pack_out body;
    pack_init (&body);
    pack_put_map (&body, 2);
    put_indicators (&body, &value, 1);
    pack_put_text (&body, "step");
    pack_put_text (&body, "update");
    watch_take (&watch, &said, &body);
}

static size_t told (const struct envelope *e)
{
    struct pack_in in = pack_open (body_field (e->body, "indicators"));
    return pack_array (&in, 0, 500);
}

static bool says (const struct envelope *e, const char *text)
{
    return memmem (e->bytes.data, e->bytes.size, text, strlen (text)) != NULL;
}

static void a_case_is_told_of_once_and_again_when_there_is_more (void **state)
{
    (void) state;
    struct msg_id id = report (CB_TLP_AMBER, CB_MODE_LIVE, "evil[.]example", "worse.example");
    assert_int_equal (watch_due (&watch), 1);
    const struct envelope *e = watch_newest (&watch);
    assert_true (span_is (e->kind, "sighting"));
    assert_int_equal (told (e), 2);
    assert_int_equal (e->audience_count, 1);
    assert_true (span_is (e->audience[0].name, "pk"));
    assert_false (says (e, "evil") || says (e, "pk.sindh.kpt"));
    assert_int_equal (watch_due (&watch), 0);
    update (id, "pk.sindh.kpt", "EVIL.example");
    assert_int_equal (watch_due (&watch), 0);
    update (id, "pk.sindh.kpt", "third.example");
    assert_int_equal (watch_due (&watch), 1);
    assert_int_equal (told (watch_newest (&watch)), 1);
    /* Nobody else says what is in it. */
    update (id, "pk.punjab", "fourth.example");
    assert_int_equal (watch_due (&watch), 0);
}

static void a_case_with_indicators_without_end_is_told_of_in_part (void **state)
{
    (void) state;
    char names[500][32];
    const char *values[500];
    struct said_by said = { .kind = "update", .origin = "pk.sindh.kpt", .to = "pk.sindh" };
    said.thread = report (CB_TLP_AMBER, CB_MODE_LIVE, "evil.example", NULL);
    for (int batch = 0; batch < 5; batch++) {
        struct pack_out body;
        for (int i = 0; i < 500; i++) {
            snprintf (names[i], sizeof names[i], "a%d-%d.example", batch, i);
            values[i] = names[i];
        }
        pack_init (&body);
        pack_put_map (&body, 2);
        put_indicators (&body, values, 500);
        pack_put_text (&body, "step");
        pack_put_text (&body, "update");
        watch_take (&watch, &said, &body);
    }
    /* 500 at a time, 2000 in all. */
    assert_int_equal (watch_due (&watch), 4);
    assert_int_equal (told (watch_newest (&watch)), 500);
}

static void who_may_be_named_is_named_and_nobody_else (void **state)
{
    (void) state;
    report (CB_TLP_GREEN, CB_MODE_LIVE, "evil.example", NULL);
    assert_int_equal (watch_due (&watch), 1);
    assert_true (span_is (body_text (watch_newest (&watch)->body, "party"), "pk.sindh.kpt"));
}

static void a_drill_is_told_of_as_one_and_a_test_not_at_all (void **state)
{
    (void) state;
    report (CB_TLP_AMBER, CB_MODE_TEST, "evil.example", NULL);
    assert_int_equal (watch_due (&watch), 0);
    watch_exercise (&watch);
    report (CB_TLP_AMBER, CB_MODE_EXERCISE, "evil.example", NULL);
    assert_int_equal (watch_due (&watch), 1);
    assert_int_equal (watch_newest (&watch)->mode, CB_MODE_EXERCISE);
}

/* --- What they amount to ------------------------------------------------------------------- */

/* A broker has a constituent that has seen evil.example, or a class. */
static void sighted (const char *broker, unsigned constituent, const char *class, unsigned mode)
{
    uint8_t tag[TAG_SIZE] = { (uint8_t) (constituent + 1) };
    struct said_by said = { .kind = "sighting", .origin = broker, .to = "pk", .mode = mode };
    struct indicator indicator;
    struct pack_out body;
    assert_true (indicator_read (&indicator, span_of ("evil.example")));
    struct hash pattern = indicator_hash (&indicator);
    pack_init (&body);
    pack_put_map (&body, 5);
    pack_put_text (&body, "case");
    pack_put_bin (&body, span_bytes (tag, TAG_SIZE));
    pack_put_text (&body, "constituent");
    pack_put_bin (&body, span_bytes (tag, TAG_SIZE));
    if (class == NULL) {
        pack_put_text (&body, "indicators");
        pack_put_array (&body, 1);
        pack_put_bin (&body, span_bytes (pattern.bytes, HASH_SIZE));
    }
    pack_put_text (&body, "seen");
    pack_put_int (&body, watch.now);
    pack_put_text (&body, "severity");
    pack_put_text (&body, "S2");
    if (class != NULL) {
        pack_put_text (&body, "type");
        pack_put_text (&body, class);
    }
    watch_take (&watch, &said, &body);
    watch.now += 1000;
}

static void the_lowest_common_ancestor_is_alarmed_and_no_other (void **state)
{
    (void) state;
    sighted ("pk.sindh", 1, NULL, CB_MODE_LIVE);
    sighted ("pk.sindh", 2, NULL, CB_MODE_LIVE);
    sighted ("pk.sindh.khi", 3, NULL, CB_MODE_LIVE);
    assert_int_equal (watch_due (&watch), 0);
    sighted ("pk.punjab", 4, NULL, CB_MODE_LIVE);
    assert_int_equal (watch_due (&watch), 1);
    const struct envelope *e = watch_newest (&watch);
    assert_true (span_is (e->kind, "alarm"));
    assert_true (span_is (body_text (e->body, "what"), "pattern"));
    assert_int_equal (body_int (e->body, "count", 0), 4);
    assert_false (says (e, "pk.sindh") || says (e, "pk.punjab"));
}

static void it_is_raised_again_when_they_are_twice_as_many (void **state)
{
    (void) state;
    static const size_t alarms[] = { 0, 0, 1, 0, 1, 0, 0, 0, 1, 0 };
    for (unsigned i = 1; i < sizeof alarms / sizeof alarms[0]; i++) {
        sighted (i % 2 ? "pk.sindh" : "pk.punjab", i, NULL, CB_MODE_LIVE);
        assert_int_equal (watch_due (&watch), alarms[i]);
    }
    /* The same one again is one. */
    sighted ("pk.sindh", 1, NULL, CB_MODE_LIVE);
    assert_int_equal (watch_due (&watch), 0);
}

static void a_class_does_not_cry_wolf (void **state)
{
    (void) state;
    for (unsigned i = 0; i < 4; i++)
        sighted (i % 2 ? "pk.sindh" : "pk.punjab", i, "fraud/phishing", CB_MODE_LIVE);
    assert_int_equal (watch_due (&watch), 0);
    sighted ("pk.sindh", 9, "fraud/phishing", CB_MODE_LIVE);
    assert_int_equal (watch_due (&watch), 1);
    assert_true (says (watch_newest (&watch), "fraud/phishing"));
}

static void what_is_long_past_does_not_count_and_what_comes_back_is_another_one (void **state)
{
    (void) state;
    sighted ("pk.sindh", 1, NULL, CB_MODE_LIVE);
    watch.now += 8 * WORLD_DAY;
    sighted ("pk.punjab", 2, NULL, CB_MODE_LIVE);
    assert_int_equal (watch_due (&watch), 0);
    sighted ("pk.sindh", 1, NULL, CB_MODE_LIVE);
    assert_int_equal (watch_due (&watch), 1);
    watch.now += 8 * WORLD_DAY;
    sighted ("pk.sindh", 1, NULL, CB_MODE_LIVE);
    sighted ("pk.punjab", 2, NULL, CB_MODE_LIVE);
    assert_int_equal (watch_due (&watch), 1);
}

static void drills_are_not_counted (void **state)
{
    (void) state;
    watch_exercise (&watch);
    sighted ("pk.sindh", 1, NULL, CB_MODE_EXERCISE);
    sighted ("pk.punjab", 2, NULL, CB_MODE_EXERCISE);
    sighted ("pk.punjab", 3, NULL, CB_MODE_LIVE);
    assert_int_equal (watch_due (&watch), 0);
}

int main (void)
{
#define AT_PK(name)    cmocka_unit_test_setup_teardown (name, at_pk, teardown)
#define AT_SINDH(name) cmocka_unit_test_setup_teardown (name, at_sindh, teardown)
    const struct CMUnitTest tests[] = {
        AT_SINDH (a_case_is_told_of_once_and_again_when_there_is_more),
        AT_SINDH (a_case_with_indicators_without_end_is_told_of_in_part),
        AT_SINDH (who_may_be_named_is_named_and_nobody_else),
        AT_SINDH (a_drill_is_told_of_as_one_and_a_test_not_at_all),
        AT_PK (the_lowest_common_ancestor_is_alarmed_and_no_other),
        AT_PK (it_is_raised_again_when_they_are_twice_as_many),
        AT_PK (a_class_does_not_cry_wolf),
        AT_PK (what_is_long_past_does_not_count_and_what_comes_back_is_another_one),
        AT_PK (drills_are_not_counted),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
