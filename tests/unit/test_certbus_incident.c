/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/incident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bus/edge/json.h"
#include "bus/edge/schemafile.h"
#include "tests/unit/support_schema.h"

static char why[512];
static enum answer which;

static int64_t karachi (int64_t at)
{
    (void) at;
    return 5 * 3600;
}

/* 2026-11-22 02:13:30 in Karachi */
static const struct day day = { .now = INT64_C (1795295610000), .zone = karachi };

static json_t *body_of (const struct answers *answers)
{
    json_t *made = incident_body (answers, &day, &which, why, sizeof why);
    if (!made)
        fail_msg ("%d: %s", (int) which, why);
    struct schemas *all = schemas_ours ();
    struct pack_out out;
    pack_init (&out);
    if (!body_from_json (schemas_find (all, span_of ("incident")), made, &out, why, sizeof why))
        fail_msg ("%s", why);
    pack_free (&out);
    schemas_free (&all);
    return made;
}

static void is (const json_t *body, const char *name, const char *expected)
{
    const char *text = json_string_value (json_object_get (body, name));
    if (!text || strcmp (text, expected) != 0)
        fail_msg ("%s: %s, not %s", name, text ? text : "(none)", expected);
}

static void plain_answers_become_a_report (void **state)
{
    (void) state;
    struct answers answers = {
        .at = { [ANSWER_WHAT] =
                    "All files on the mail server are encrypted. A note asks for ransom.",
                [ANSWER_SINCE] = "yesterday 23:30",
                [ANSWER_ONGOING] = "haan",
                [ANSWER_AFFECTED] = "No mail. Old mails may have been copied.",
                [ANSWER_COUNT] = "3 servers and 1,400 users",
                [ANSWER_CONTACT] =
                    "Ahmed Khan, duty officer, +92 21 111-222, night 0300 1234567, a@b.pk",
                [ANSWER_DONE] = "Cable pulled.",
                [ANSWER_HELP] = "Somebody who knows.",
                [ANSWER_CONSENT] = "yes" }
    };
    json_t *body = body_of (&answers);
    is (body, "title", "All files on the mail server are encrypted");
    is (body, "type", "malicious-code/infected-system");
    is (body, "severity", "S2");
    is (body, "actions_taken", "Cable pulled.");
    is (json_object_get (body, "times"), "aware", "2026-11-21T18:30:00Z");
    json_t *reporter = json_object_get (body, "reporter");
    is (reporter, "name", "Ahmed Khan");
    is (reporter, "phone_day", "+92 21 111-222");
    is (reporter, "phone_night", "0300 1234567");
    is (reporter, "email", "a@b.pk");
    json_t *impact = json_object_get (body, "impact");
    is (impact, "service", "interrupted");
    assert_int_equal (json_integer_value (json_object_get (impact, "users")), 1400);
    char *text = json_print (json_object_get (impact, "data"), false);
    assert_string_equal (text, "[\"encrypted\",\"copied\"]");
    free (text);
    text = json_print (json_object_get (body, "affected"), false);
    assert_string_equal (text, "[{\"count\":3,\"kind\":\"servers\"}]");
    free (text);
    assert_true (json_is_true (json_object_get (body, "consent")));
    assert_non_null (
        strstr (json_string_value (json_object_get (body, "description")), "It still goes on."));
    json_decref (body);
}

static void little_is_enough_and_undetermined_is_honest (void **state)
{
    (void) state;
    struct answers answers = { .at = {
                                   [ANSWER_WHAT] = "Something is odd.", [ANSWER_SINCE] = "now" } };
    json_t *body = body_of (&answers);
    is (body, "title", "Something is odd");
    is (body, "type", "other/undetermined");
    is (body, "severity", "undetermined");
    assert_null (json_object_get (body, "impact"));
    assert_null (json_object_get (body, "reporter"));
    assert_null (json_object_get (body, "consent"));
    json_decref (body);
}

static void the_severity_follows_the_written_rule (void **state)
{
    (void) state;
    static const struct {
        const char *what, *ongoing, *count, *severity;
    } rows[] = {
        { "The portal is down.", "no", "200,000 citizens", "S1" },
        { "The portal is down.", "yes", NULL, "S2" },
        { "The portal is down.", "no", "20 servers", "S2" },
        { "The portal is down.", "no", "19 servers", "S3" },
        { "Records were deleted.", "unknown", NULL, "S3" },
        { "The portal is slow.", "yes", NULL, "S4" },
        { "A PC was hacked.", NULL, NULL, "S4" },
        { "We get phishing mails.", "yes", "900 users", "S5" },
        { "Port scan from abroad.", NULL, NULL, "S5" },
        { "A strange letter came.", "yes", NULL, "undetermined" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct answers answers = { .at = { [ANSWER_WHAT] = rows[i].what,
                                           [ANSWER_SINCE] = "2 hours ago",
                                           [ANSWER_ONGOING] = rows[i].ongoing,
                                           [ANSWER_COUNT] = rows[i].count } };
        json_t *body = body_of (&answers);
        is (body, "severity", rows[i].severity);
        json_decref (body);
    }
}

static void words_of_three_ways_to_write_are_known (void **state)
{
    (void) state;
    static const struct {
        const char *text, *type;
    } rows[] = {
        { "Ransomware!", "malicious-code/infected-system" },
        { "Hamari website hack ho gayi", "intrusions/system-compromise" },
        { "سرور ہیک ہو گیا", "intrusions/system-compromise" },
        { "A fake e-mail with a fake link came", "fraud/phishing" },
        { "kisi ne jaali account banaya, in our name", "fraud/masquerade" },
        { "bijli nahi, server band", "availability/outage" },
        { "DDoS since midnight", "availability/ddos" },
        { "A laptop was stolen.", "intrusions/burglary" },
        { "unhacked", "other/undetermined" },
        { "", "other/undetermined" },
    };
    struct schemas *all = schemas_ours ();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal (incident_type (rows[i].text), rows[i].type);
    schemas_free (&all);
    assert_int_equal (incident_yes ("Yes."), 'y');
    assert_int_equal (incident_yes ("ہاں"), 'y');
    assert_int_equal (incident_yes ("nahin"), 'n');
    assert_int_equal (incident_yes ("pata nahi"), 'u');
    assert_int_equal (incident_yes ("?"), 'u');
    assert_int_equal (incident_yes ("perhaps"), 0);
    assert_int_equal (incident_yes (""), 0);
}

static void what_cannot_be_understood_is_asked_again (void **state)
{
    (void) state;
    static const struct {
        struct answers answers;
        enum answer which;
        const char *why;
    } rows[] = {
        { { .at = { NULL } }, ANSWER_WHAT, "what happened?" },
        { { .at = { [ANSWER_WHAT] = "x" } }, ANSWER_SINCE, "since when" },
        { { .at = { [ANSWER_WHAT] = "x", [ANSWER_SINCE] = "a while" } },
          ANSWER_SINCE,
          "is no time" },
        { { .at = { [ANSWER_WHAT] = "x", [ANSWER_SINCE] = "tomorrow" } },
          ANSWER_SINCE,
          "in the future" },
        { { .at = { [ANSWER_WHAT] = "x", [ANSWER_SINCE] = "now", [ANSWER_ONGOING] = "maybe" } },
          ANSWER_ONGOING,
          "yes, unknown or no" },
        { { .at = { [ANSWER_WHAT] = "x", [ANSWER_SINCE] = "now", [ANSWER_CONSENT] = "unknown" } },
          ANSWER_CONSENT,
          "yes or no" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_null (incident_body (&rows[i].answers, &day, &which, why, sizeof why));
        assert_int_equal (which, rows[i].which);
        if (!strstr (why, rows[i].why))
            fail_msg ("%s", why);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (plain_answers_become_a_report),
        cmocka_unit_test (little_is_enough_and_undetermined_is_honest),
        cmocka_unit_test (the_severity_follows_the_written_rule),
        cmocka_unit_test (words_of_three_ways_to_write_are_known),
        cmocka_unit_test (what_cannot_be_understood_is_asked_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
