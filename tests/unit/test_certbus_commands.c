/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus/core/schema.h"
#include "bus/edge/json.h"
#include "bus/edge/keys.h"
#include "nodes/certbus/command.h"
#include "nodes/certbus/evidence.h"
#include "tests/unit/support_certbus.h"

/* certbus.conf names the project's schemas, wherever this test was built. */
static const char *home (void)
{
    static char folder[1024];
    char here[PATH_MAX], text[PATH_MAX + 32];
    assert_non_null (realpath ("schemas", here));
    snprintf (text, sizeof text, "schemas = \"%s\";\n", here);
    const char *conf = file_with ("certbus.conf", text);
    snprintf (folder, sizeof folder, "%.*s", (int) (strrchr (conf, '/') - conf), conf);
    return folder;
}

static void says (const char *text, const char *part)
{
    if (!strstr (text, part))
        fail_msg ("\"%s\" is not in: %s", part, text);
}

static int fresh (void **state)
{
    (void) state;
    broker_reset ();
    return 0;
}

static void status_of (const char *party)
{
    struct pack_out out;
    pack_init (&out);
    pack_put_map (&out, 2);
    pack_put_text (&out, "ok");
    pack_put_bool (&out, true);
    pack_put_text (&out, "party");
    pack_put_text (&out, party);
    broker_answers ("status", pack_result (&out));
    pack_free (&out);
}

static void audience_is (const char *first, const char *second)
{
    struct pack_in in = pack_open (body_field (broker_was_asked ("publish"), "audience"));
    assert_int_equal (pack_array (&in, 1, 2), second ? 2 : 1);
    assert_true (span_is (pack_str (&in, 1, 300), first));
    if (second)
        assert_true (span_is (pack_str (&in, 1, 300), second));
}

#define NOTE "{ \"text\": \"hello\" }"
#define ADVISORY                                                                                   \
    "{ \"number\": \"A-1\", \"title\": \"t\", \"severity\": \"S3\", \"summary\": \"s\" }"
#define INCIDENT(more)                                                                             \
    "{ \"title\": \"t\", \"description\": \"d\", "                                                 \
    "\"times\": { \"aware\": \"2026-07-14T02:55:00+05:00\" }" more " }"

static void without_a_broker_the_exit_code_is_three_and_for_status_two (void **state)
{
    (void) state;
    const struct ran *ran = certbus ("-C", home (), "list", NULL);
    assert_int_equal (ran->code, EXIT_AWAY);
    says (ran->err, "no broker is running");
    ran = certbus ("-C", home (), "status", NULL);
    assert_int_equal (ran->code, 2);
    says (ran->err, "no broker is running");
}

static void a_refusal_is_said_in_words_with_its_name (void **state)
{
    (void) state;
    broker_refuses ("publish", "no-grant", "audience[0]: pk");
    const struct ran *ran = certbus ("-C", home (), "publish", file_with ("note.json", NOTE),
                                     "--kind", "note", "--tlp", "GREEN", "--to", "pk", NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    assert_string_equal (ran->err,
                         "certbus: the policy does not let this role send this kind to this "
                         "audience: audience[0]: pk (no-grant)\n");
}

static void a_refusal_cannot_steer_the_terminal (void **state)
{
    (void) state;
    broker_refuses ("status", "not-found", "x\033[2J");
    says (certbus ("-C", home (), "status", NULL)->err, "x<U+001B>[2J");
}

static void an_advisory_goes_to_the_own_subtree_by_default (void **state)
{
    (void) state;
    status_of ("pk.sindh");
    broker_agrees ("publish");
    const struct ran *ran =
        certbus ("-C", home (), "publish", file_with ("a.json", ADVISORY), "--tlp", "green", NULL);
    assert_int_equal (ran->code, EXIT_DONE);
    audience_is ("pk.sindh.**", NULL);
    says (ran->out, "by default");
    assert_int_equal (body_int (broker_was_asked ("publish"), "tlp", 0), CB_TLP_GREEN);
    assert_true (span_is (body_text (broker_was_asked ("publish"), "kind"), "advisory"));
}

static void the_old_label_white_is_called_clear (void **state)
{
    (void) state;
    broker_agrees ("publish");
    const struct ran *ran = certbus ("-C", home (), "publish", file_with ("a.json", ADVISORY),
                                     "--tlp", "WHITE", "--to", "pk", NULL);
    assert_int_equal (ran->code, EXIT_USAGE);
    says (ran->err, "--tlp: TLP:WHITE is CLEAR in TLP 2.0");
}

static void another_kind_has_no_default_audience (void **state)
{
    (void) state;
    broker_agrees ("publish");
    const struct ran *ran = certbus ("-C", home (), "publish", file_with ("note.json", NOTE),
                                     "--kind", "note", "--tlp", "GREEN", NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->err, "for whom?");
    assert_int_equal (broker_questions (), 0);
}

static void a_message_without_tlp_never_reaches_the_broker (void **state)
{
    (void) state;
    broker_agrees ("publish");
    const struct ran *ran =
        certbus ("-C", home (), "publish", file_with ("a.json", ADVISORY), "--to", "pk", NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->err, "no TLP");
    assert_int_equal (broker_questions (), 0);
}

static void options_count_more_than_the_document (void **state)
{
    (void) state;
    const char *path =
        file_with ("full.json", "{ \"kind\": \"note\", \"tlp\": \"TLP:AMBER\", \"to\": [\"pk\", "
                                "\"@energy\"], \"precedence\": \"flash\", \"by\": \"A\", "
                                "\"expires\": \"2026-12-01T10:00:00Z\", \"body\": " NOTE " }");
    broker_agrees ("publish");
    assert_int_equal (certbus ("-C", home (), "publish", path, NULL)->code, EXIT_DONE);
    struct span asked = broker_was_asked ("publish");
    audience_is ("pk", "@energy");
    assert_int_equal (body_int (asked, "tlp", 0), CB_TLP_AMBER);
    assert_int_equal (body_int (asked, "precedence", 9), CB_LANE_FLASH);
    assert_int_equal (body_int (asked, "expires", 0), 1796119200000);
    assert_true (span_is (body_text (asked, "officer"), "A"));

    assert_int_equal (certbus ("-C", home (), "publish", path, "--to", "pk.sindh", "--tlp=CLEAR",
                               "--precedence", "bulk", "--by", "B", NULL)
                          ->code,
                      EXIT_DONE);
    asked = broker_was_asked ("publish");
    audience_is ("pk.sindh", NULL);
    assert_int_equal (body_int (asked, "tlp", 0), CB_TLP_CLEAR);
    assert_int_equal (body_int (asked, "precedence", 9), CB_LANE_BULK);
    assert_true (span_is (body_text (asked, "officer"), "B"));
}

static void a_wrong_setting_in_a_document_is_named (void **state)
{
    static const struct {
        const char *setting, *why;
    } bad[] = {
        { "\"tpl\": \"GREEN\"", "did you mean \"tlp\"?" },
        { "\"tlp\": 2", "tlp: a text expected" },
        { "\"tlp\": \"PINK\"", "'PINK' is no TLP 2.0 label" },
        { "\"to\": []", "to: a text expected" },
        { "\"to\": [\"pk\", 3]", "to[1]: a text expected" },
        { "\"to\": [\"pk.**.x\"]", "is no audience" },
        { "\"precedence\": \"recovery\"", "'recovery' is none" },
        { "\"mode\": \"drill\"", "'drill' is none" },
        { "\"expires\": \"some day\"", "'some day' is no time" },
        { "\"kind\": \"No Kind\"", "'No Kind' is none" },
        { "\"may_climb_to\": \"up\\u0007\"", "is no party" },
    };
    char text[512];
    (void) state;
    broker_agrees ("publish");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf (text, sizeof text, "{ \"body\": " NOTE ", %s }", bad[i].setting);
        const struct ran *ran =
            certbus ("-C", home (), "publish", file_with ("bad.json", text), NULL);
        assert_int_equal (ran->code, EXIT_REFUSED);
        says (ran->err, "bad.json: ");
        says (ran->err, bad[i].why);
    }
    assert_int_equal (broker_questions (), 0);
}

static void a_field_that_the_schema_does_not_have_is_named (void **state)
{
    (void) state;
    broker_agrees ("publish");
    const struct ran *ran =
        certbus ("-C", home (), "publish", file_with ("n.json", "{ \"text\": \"x\", \"tixt\": 1 }"),
                 "--kind", "note", "--tlp", "GREEN", "--to", "pk", NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->err, "tixt");
    assert_int_equal (broker_questions (), 0);
}

static void what_brokers_make_is_not_published_by_hand (void **state)
{
    (void) state;
    broker_agrees ("publish");
    const struct ran *ran = certbus ("-C", home (), "publish", file_with ("n.json", NOTE), "--kind",
                                     "receipt", "--tlp", "GREEN", "--to", "pk", NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->err, "made by brokers");
}

static void a_report_goes_to_the_party_above_at_amber (void **state)
{
    (void) state;
    status_of ("pk.sindh.kpt");
    broker_agrees ("publish");
    assert_int_equal (
        certbus ("-C", home (), "report", file_with ("i.json", INCIDENT ("")), "-f", NULL)->code,
        EXIT_DONE);
    struct span asked = broker_was_asked ("publish");
    audience_is ("pk.sindh", NULL);
    assert_int_equal (body_int (asked, "tlp", 0), CB_TLP_AMBER);
    assert_int_equal (body_int (asked, "precedence", 9), CB_LANE_FLASH);
    assert_int_equal (body_field (asked, "climb").size, 0);
}

static void a_report_with_consent_goes_to_all_above_and_may_climb_to_the_top (void **state)
{
    (void) state;
    status_of ("pk.sindh.kpt");
    broker_agrees ("publish");
    assert_int_equal (certbus ("-C", home (), "report",
                               file_with ("i.json", INCIDENT (", \"consent\": true")), NULL)
                          ->code,
                      EXIT_DONE);
    audience_is ("pk.sindh", "pk");
    assert_true (span_is (body_text (broker_was_asked ("publish"), "climb"), "pk"));
}

static void the_top_has_nobody_to_report_to (void **state)
{
    (void) state;
    status_of ("pk");
    broker_agrees ("publish");
    const struct ran *ran =
        certbus ("-C", home (), "report", file_with ("i.json", INCIDENT ("")), NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->err, "pk is the top of its tree");
}

static void an_id_as_people_write_it_is_looked_up (void **state)
{
    struct pack_out out;
    struct msg_id id = { .origin = span_of ("pk"), .epoch = { 1, 7 }, .seq = 3 }, got;
    (void) state;
    pack_init (&out);
    pack_put_map (&out, 2);
    pack_put_text (&out, "ok");
    pack_put_bool (&out, true);
    pack_put_text (&out, "ref");
    msg_id_pack (&out, &id);
    broker_answers ("get", pack_result (&out));
    pack_free (&out);
    broker_agrees ("publish");
    assert_int_equal (certbus ("-C", home (), "publish", file_with ("n.json", NOTE), "--kind",
                               "note", "--tlp", "GREEN", "--to", "pk", "--thread", "pk/1-3", NULL)
                          ->code,
                      EXIT_DONE);
    assert_true (span_is (body_text (broker_was_asked ("get"), "id"), "pk/1-3"));
    struct pack_in in = pack_open (body_field (broker_was_asked ("publish"), "thread"));
    assert_true (msg_id_read (&in, &got) && msg_id_equal (&id, &got));
}

static void an_id_in_full_is_not_looked_up (void **state)
{
    struct msg_id got;
    (void) state;
    broker_agrees ("publish");
    assert_int_equal (certbus ("-C", home (), "publish", file_with ("n.json", NOTE), "--kind",
                               "note", "--tlp", "GREEN", "--to", "pk", "--replaces",
                               "pk/1.0000000000000007-3", NULL)
                          ->code,
                      EXIT_DONE);
    struct pack_in in = pack_open (body_field (broker_was_asked ("publish"), "replaces"));
    assert_true (msg_id_read (&in, &got));
    assert_int_equal (got.epoch.nonce, 7);
}

static void more_parties_than_an_answer_lists_are_counted (void **state)
{
    struct pack_out out;
    (void) state;
    pack_init (&out);
    pack_put_map (&out, 3);
    pack_put_text (&out, "ok");
    pack_put_bool (&out, true);
    pack_put_text (&out, "reach");
    pack_put_array (&out, 1);
    pack_put_map (&out, 1);
    pack_put_text (&out, "party");
    pack_put_text (&out, "pk.kp");
    pack_put_text (&out, "reach_count");
    pack_put_uint (&out, 20000);
    status_of ("pk");
    broker_answers ("publish", pack_result (&out));
    pack_free (&out);
    const struct ran *ran = certbus ("-C", home (), "publish", file_with ("n.json", NOTE), "--kind",
                                     "note", "--tlp", "GREEN", "--to", "pk.**", NULL);
    assert_int_equal (ran->code, EXIT_DONE);
    says (ran->out, "20000 parties known here");
}

static void a_csaf_document_keeps_its_own_label (void **state)
{
    (void) state;
    broker_agrees ("publish");
    assert_int_equal (certbus ("-C", home (), "publish", "--csaf",
                               "config/samples/advisory-csaf.json", "--to", "pk", NULL)
                          ->code,
                      EXIT_DONE);
    struct span asked = broker_was_asked ("publish");
    assert_true (body_int (asked, "tlp", 0) > 0);
    assert_true (body_text (asked, "body.title").size > 0);
    assert_int_equal (certbus ("-C", home (), "publish", "--csaf", "x", "y", NULL)->code,
                      EXIT_USAGE);
    assert_int_equal (certbus ("-C", home (), "publish", "--severity", "S1", "y", NULL)->code,
                      EXIT_USAGE);
}

static void a_request_is_confirmed_by_a_person_or_not_at_all (void **state)
{
    struct keys keys;
    struct pack_out out;
    char why[256];
    (void) state;
    char path[1024];
    snprintf (path, sizeof path, "%s", file_without ("pk.x.request"));
    keys_make (&keys, span_of ("pk.x"));
    pack_init (&out);
    keys_request (&keys, &(struct enrolment){ .title = span_of ("X"), .made = 1764583200000 },
                  &out);
    assert_int_equal (file_write (path, pack_result (&out), false, true, why, sizeof why), 0);
    pack_free (&out);
    keys_wipe (&keys);

    broker_agrees ("enrol");
    const struct ran *ran = certbus ("--json", "-C", home (), "enrol", path, "--role",
                                     "organisation", "--out", file_without ("x"), NULL);
    assert_int_equal (ran->code, EXIT_USAGE);
    says (ran->err, "compare the code");
    assert_int_equal (broker_questions (), 1);
    struct pack_in in = pack_open (body_field (broker_was_asked ("enrol"), "dry_run"));
    assert_true (pack_bool (&in));

    broker_reset ();
    pack_init (&out);
    pack_put_map (&out, 2);
    pack_put_text (&out, "bundle");
    pack_put_bin (&out, span_of ("b"));
    pack_put_text (&out, "ok");
    pack_put_bool (&out, true);
    broker_answers ("enrol", pack_result (&out));
    pack_free (&out);
    ran = certbus ("-C", home (), "enrol", path, "--role", "sectoral", "--sector", "b", "--sector",
                   "a", "--may-enrol", "organisation,observer", "--depth", "2", "--yes", "--out",
                   file_without ("x"), NULL);
    assert_int_equal (ran->code, EXIT_DONE);
    struct span asked = broker_was_asked ("enrol");
    assert_int_equal (body_field (asked, "dry_run").size, 0);
    assert_int_equal (body_int (asked, "may.depth", 0), 2);
    in = pack_open (body_field (asked, "may.roles"));
    assert_int_equal (pack_array (&in, 2, 2), 2);
    assert_true (span_is (pack_str (&in, 1, 32), "observer"));
}

static void a_party_that_is_refused_is_refused_before_the_phone_call (void **state)
{
    (void) state;
    broker_refuses ("enrol", "name-taken", "");
    const struct ran *ran = certbus ("-C", home (), "enrol", file_without ("pk.x.request"),
                                     "--role", "organisation", "--out", file_without ("y"), NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->err, "a party of this name is enrolled already (name-taken)");
}

static void a_code_alone_is_no_proof (void **state)
{
    (void) state;
    broker_refuses ("get", "not-found", "no such message here");
    const struct ran *ran = certbus ("-C", home (), "verify", "0123-4567-89ab-cdef", NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
}

static void bytes_that_are_no_message_are_called_that (void **state)
{
    (void) state;
    broker_agrees ("check");
    const struct ran *ran =
        certbus ("-C", home (), "--json", "verify", file_with ("x.certbus", "hello"), NULL);
    assert_int_equal (ran->code, EXIT_REFUSED);
    says (ran->err, "only what `certbus export` wrote can be verified as a file");
    assert_int_equal (broker_questions (), 0);
}

static void evidence_is_read_back_as_it_was_written (void **state)
{
    struct pack_out out;
    struct evidence made = { .root = span_of ("r"),
                             .envelope = span_of ("e"),
                             .chain_count = 2,
                             .chain = { span_of ("a"), span_of ("b") } },
                    got;
    (void) state;
    pack_init (&out);
    evidence_pack (&out, &made);
    struct span bytes = pack_result (&out);
    assert_true (evidence_parse (&got, bytes));
    assert_int_equal (got.chain_count, 2);
    assert_true (span_is (got.chain[1], "b") && span_is (got.root, "r"));
    assert_true (span_is (got.envelope, "e"));
    for (size_t size = 0; size < bytes.size; size++)
        assert_false (evidence_parse (&got, span_bytes (bytes.data, size)));
    pack_put_nil (&out);
    assert_false (evidence_parse (&got, pack_result (&out)));
    pack_free (&out);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (without_a_broker_the_exit_code_is_three_and_for_status_two, fresh),
        cmocka_unit_test_setup (a_refusal_is_said_in_words_with_its_name, fresh),
        cmocka_unit_test_setup (a_refusal_cannot_steer_the_terminal, fresh),
        cmocka_unit_test_setup (an_advisory_goes_to_the_own_subtree_by_default, fresh),
        cmocka_unit_test_setup (the_old_label_white_is_called_clear, fresh),
        cmocka_unit_test_setup (another_kind_has_no_default_audience, fresh),
        cmocka_unit_test_setup (a_message_without_tlp_never_reaches_the_broker, fresh),
        cmocka_unit_test_setup (options_count_more_than_the_document, fresh),
        cmocka_unit_test_setup (a_wrong_setting_in_a_document_is_named, fresh),
        cmocka_unit_test_setup (a_field_that_the_schema_does_not_have_is_named, fresh),
        cmocka_unit_test_setup (what_brokers_make_is_not_published_by_hand, fresh),
        cmocka_unit_test_setup (a_report_goes_to_the_party_above_at_amber, fresh),
        cmocka_unit_test_setup (a_report_with_consent_goes_to_all_above_and_may_climb_to_the_top,
                                fresh),
        cmocka_unit_test_setup (the_top_has_nobody_to_report_to, fresh),
        cmocka_unit_test_setup (an_id_as_people_write_it_is_looked_up, fresh),
        cmocka_unit_test_setup (an_id_in_full_is_not_looked_up, fresh),
        cmocka_unit_test_setup (more_parties_than_an_answer_lists_are_counted, fresh),
        cmocka_unit_test_setup (a_csaf_document_keeps_its_own_label, fresh),
        cmocka_unit_test_setup (a_request_is_confirmed_by_a_person_or_not_at_all, fresh),
        cmocka_unit_test_setup (a_party_that_is_refused_is_refused_before_the_phone_call, fresh),
        cmocka_unit_test_setup (a_code_alone_is_no_proof, fresh),
        cmocka_unit_test_setup (bytes_that_are_no_message_are_called_that, fresh),
        cmocka_unit_test_setup (evidence_is_read_back_as_it_was_written, fresh),
    };
    int failed = cmocka_run_group_tests (tests, NULL, NULL);
    broker_reset ();
    return failed;
}
