/* SPDX-License-Identifier: Apache-2.0 */
/* What a bulletin says: its body, the edition without names, and the page that is printed. */
#include "bus/core/bulletin.h"

#include "bus/edge/json.h"
#include "bus/edge/schemafile.h"
#include "nodes/certbus/bulletin_view.h"
#include "tests/unit/support_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEAST   5
#define HOSTILE "<script>alert(1)</script>\" onload='x' & \xe2\x80\xae gnp.exe"

static struct bulletin *b;
static struct schemas *schemas;
static const struct schema *schema;

/* Each of these stands somewhere in the Cabinet's edition, and nowhere in the other. */
static const char *const names[] = {
    "pk.sindh.kpt",     "Karachi Port Trust", "pk.sindh.ogdc",
    "Oil and Gas",      "pk.punjab.pitb",     "Virtual servers deleted",
    "pk.sindh.kpt/1-7", "Zimbra at",          "Exercise: Port",
    "AMBER-ONLY",       "CVE-2026-9999",
};

static void add_party (struct bulletin_parties *parties, const char *party, const char *title)
{
    bulletin_add_party (parties, span_of (party), 2);
    snprintf (parties->at[parties->count - 1].title, BULLETIN_TITLE, "%s", title);
}

static void add_advisory (const char *number, const char *title, const char *cve, unsigned tlp)
{
    struct bulletin_advisory *a = &b->advisories[b->advisory_count++];
    snprintf (a->number, sizeof a->number, "%s", number);
    snprintf (a->title, sizeof a->title, "%s", title);
    snprintf (a->severity, sizeof a->severity, "S2");
    snprintf (a->cves[a->cve_count++], BULLETIN_NAME, "%s", cve);
    a->exploited = true;
    a->tlp = tlp;
    a->bodies = 40;
    a->complied = 30;
}

static void add_open (const char *title, bool named)
{
    struct bulletin_open *open = &b->open[b->open_count++];
    snprintf (open->severity, sizeof open->severity, "S1");
    snprintf (open->stage, sizeof open->stage, "reported");
    snprintf (open->id, sizeof open->id, "pk.sindh.kpt/1-7");
    snprintf (open->party, sizeof open->party, "pk.sindh.kpt");
    snprintf (open->title, sizeof open->title, "%s", title);
    open->reported = 1000;
    open->named = named;
}

static int setup (void **state)
{
    (void) state;
    b = calloc (1, sizeof *b);
    schemas = schemas_ours ();
    schema = schemas_find (schemas, span_of ("bulletin"));
    bulletin_number (span_of ("pk"), "2026-11-23", b->number);
    snprintf (b->issuer, sizeof b->issuer, "National CERT");
    snprintf (b->zone, sizeof b->zone, "Asia/Karachi");
    b->until = 1000000;
    for (unsigned i = 0; i < BULLETIN_TOTAL_END; i++)
        b->totals[i].count = 2;
    struct bulletin_rows *provinces = &b->tables[BULLETIN_BY_PROVINCE];
    bulletin_add (provinces, span_of ("sindh"), 12, 9);
    bulletin_add (provinces, span_of ("punjab"), 8, 2);
    bulletin_add (provinces, span_of ("balochistan"), 1, 7);
    bulletin_add (&b->tables[BULLETIN_BY_SECTOR], span_of ("maritime"), 1, 0);
    add_party (&b->overdue, "pk.sindh.kpt", "Karachi Port Trust");
    add_party (&b->breaches, "pk.sindh.ogdc", "Oil and Gas");
    add_party (&b->silent, "pk.punjab.pitb", HOSTILE);
    add_open ("Virtual servers deleted", true);
    add_open (HOSTILE, true);
    bulletin_add_item (&b->campaigns, span_of ("Zimbra at two ministries"), 5, 2);
    bulletin_add_item (&b->next, span_of ("Exercise: Port"), 6, -1);
    bulletin_add_item (&b->next, span_of (BULLETIN_NEXT), 7, -1);
    add_advisory ("NCERT-2026-013", "Patch it", "CVE-2026-0001", CB_TLP_GREEN);
    add_advisory ("AMBER-ONLY", "Not for all", "CVE-2026-9999", CB_TLP_AMBER);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    free (b);
    schemas_free (&schemas);
    return 0;
}

static void must_fit (struct span body)
{
    char where[SCHEMA_WHERE];
    if (!schema_check (schema, body, where))
        fail_msg ("%s", where);
}

/* The body as JSON text; owned. */
static char *text_of (struct span body)
{
    json_t *json = body_to_json (schema, body);
    assert_non_null (json);
    char *text = json_print (json, false);
    json_decref (json);
    return text;
}

static struct span row_of (struct span body, const char *table, const char *name)
{
    struct pack_in in = pack_open (body_field (body, table));
    for (size_t left = pack_array (&in, 0, SIZE_MAX); left > 0; left--) {
        struct span row = pack_any (&in);
        if (span_is (body_text (row, "name"), name))
            return row;
    }
    return span_bytes (NULL, 0);
}

static void a_draft_is_what_its_schema_asks_for (void **state)
{
    (void) state;
    struct pack_out out;
    pack_init (&out);
    bulletin_sort (b);
    bulletin_pack (&out, b);
    must_fit (pack_result (&out));
    pack_free (&out);
    /* Also one that is full, and one that is empty. */
    for (size_t i = 0; i < 3 * BULLETIN_ROWS; i++) {
        char name[32];
        snprintf (name, sizeof name, "pk.sindh.n%zu", i);
        bulletin_add (&b->tables[BULLETIN_BY_CLASS], span_of (name), 1, 1);
        bulletin_add_party (&b->silent, span_of (name), 1);
        bulletin_add_item (&b->exercises, span_of (name), 1, -1);
    }
    b->trend_count = BULLETIN_TREND;
    pack_init (&out);
    bulletin_pack (&out, b);
    assert_true (pack_canonical (pack_result (&out)));
    pack_free (&out);
    assert_int_equal (b->silent.count, BULLETIN_ROWS);
    assert_int_equal (b->tables[BULLETIN_BY_CLASS].count, BULLETIN_ROWS);
    int64_t all = 0;
    for (size_t i = 0; i < BULLETIN_ROWS; i++)
        all += b->tables[BULLETIN_BY_CLASS].at[i].count;
    assert_int_equal (all, 3 * BULLETIN_ROWS);
    memset (b, 0, sizeof *b);
    snprintf (b->number, sizeof b->number, "N");
    pack_init (&out);
    bulletin_pack (&out, b);
    must_fit (pack_result (&out));
    pack_free (&out);
}

static void no_name_of_the_cabinets_edition_is_in_the_other (void **state)
{
    (void) state;
    struct pack_out out, green;
    pack_init (&out);
    pack_init (&green);
    bulletin_pack (&out, b);
    bulletin_green (&green, pack_result (&out), LEAST);
    must_fit (pack_result (&green));
    char *cabinet = text_of (pack_result (&out)), *community = text_of (pack_result (&green));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_non_null (strstr (cabinet, names[i]));
        assert_null (strstr (community, names[i]));
    }
    assert_null (strstr (community, "script"));
    assert_null (strstr (community, "kpt"));
    assert_non_null (strstr (community, "NCERT-2026-013"));
    assert_true (
        span_is (body_text (pack_result (&green), "number"), "PK-BULLETIN-2026-11-23-GREEN"));
    assert_true (span_is (body_text (pack_result (&green), "edition"), "community"));
    assert_int_equal (body_int (pack_result (&green), "withheld", 0), 1);
    free (cabinet);
    free (community);
    pack_free (&out);
    pack_free (&green);
}

static void few_are_fewer_than_k_and_one_alone_takes_another_along (void **state)
{
    (void) state;
    struct pack_out out, green;
    pack_init (&out);
    pack_init (&green);
    bulletin_pack (&out, b);
    bulletin_green (&green, pack_result (&out), LEAST);
    struct span body = pack_result (&green), incidents = row_of (body, "totals", "incidents");
    assert_int_equal (body_int (incidents, "fewer", 0), LEAST);
    assert_int_equal (body_int (incidents, "count", -1), -1);
    /* Advisories are this CERT's own. */
    assert_int_equal (body_int (row_of (body, "totals", "advisories"), "count", -1), 2);
    struct span sindh = row_of (body, "by_province", "sindh");
    assert_int_equal (body_int (sindh, "count", -1), 12);
    assert_int_equal (body_int (sindh, "before", -1), 9);
    /* Balochistan alone could be told from the total: Punjab, the smallest of the others, joins. */
    assert_int_equal (row_of (body, "by_province", "balochistan").size, 0);
    assert_int_equal (row_of (body, "by_province", "punjab").size, 0);
    assert_int_equal (body_int (row_of (body, "by_province", "other"), "count", -1), 9);
    assert_int_equal (body_int (row_of (body, "by_sector", "other"), "fewer", 0), LEAST);
    assert_int_equal (row_of (body, "by_sector", "maritime").size, 0);
    pack_free (&out);
    pack_free (&green);
}

static void a_trend_with_a_small_figure_is_left_out (void **state)
{
    (void) state;
    struct pack_out out, green;
    b->trend_count = 3;
    for (int64_t last = 4; last <= 5; last++) {
        b->trend[0] = b->trend[1] = 9;
        b->trend[2] = last;
        pack_init (&out);
        pack_init (&green);
        bulletin_pack (&out, b);
        bulletin_green (&green, pack_result (&out), LEAST);
        assert_int_equal (body_field (pack_result (&green), "trend").size > 0, last >= LEAST);
        pack_free (&out);
        pack_free (&green);
    }
}

static void a_name_in_a_headline_is_found_in_whole_words (void **state)
{
    (void) state;
    struct pack_out out;
    pack_init (&out);
    bulletin_pack (&out, b);
    struct span body = pack_result (&out);
    static const char *const found[] = { "KPT is down", "the karachi port trust", "pk.sindh.ogdc",
                                         "See: OGDC.", "virtual servers deleted again" };
    static const char *const free_of[] = { "", "encrypted", "A quiet week in Sindh", "kpts",
                                           "okpt" };
    for (size_t i = 0; i < sizeof found / sizeof found[0]; i++)
        assert_true (bulletin_named (body, span_of (found[i])).size > 0);
    for (size_t i = 0; i < sizeof free_of / sizeof free_of[0]; i++)
        assert_int_equal (bulletin_named (body, span_of (free_of[i])).size, 0);
    pack_free (&out);
}

static void what_may_be_named_follows_from_label_and_consent (void **state)
{
    (void) state;
    struct span pk = span_of ("pk"), sindh = span_of ("pk.sindh"), nobody = span_of ("");
    assert_true (bulletin_may_name (CB_TLP_CLEAR, nobody, pk));
    assert_true (bulletin_may_name (CB_TLP_GREEN, nobody, pk));
    assert_false (bulletin_may_name (CB_TLP_AMBER, nobody, pk));
    assert_true (bulletin_may_name (CB_TLP_AMBER, pk, pk));
    assert_true (bulletin_may_name (CB_TLP_AMBER, pk, sindh));
    assert_false (bulletin_may_name (CB_TLP_AMBER, sindh, pk));
    assert_false (bulletin_may_name (CB_TLP_AMBER_STRICT, pk, pk));
    assert_false (bulletin_may_name (CB_TLP_RED, pk, pk));
    assert_false (bulletin_may_name (0, pk, pk));
}

static void a_number_has_room_for_the_longest_name (void **state)
{
    (void) state;
    char number[BULLETIN_NUMBER];
    bulletin_number (span_of ("pk.sindh"), "2026-11-23", number);
    assert_string_equal (number, "PK-SINDH-BULLETIN-2026-11-23");
    bulletin_number (span_of ("pk.abcdefghijklmnopqrstuvwxyz012345.x.abcdefghijklmnopqrstuvwxyz01"),
                     "2026-11-23", number);
    assert_string_equal (number, "X-ABCDEFGHIJKLMNOPQRSTUVWXYZ01-BULLETIN-2026-11-23");
    assert_true (strlen (number) + strlen ("-GREEN") < BULLETIN_NUMBER);
}

static void a_hostile_title_is_no_markup_and_turns_nothing_around (void **state)
{
    (void) state;
    struct pack_out out;
    pack_init (&out);
    snprintf (b->issuer, sizeof b->issuer, "%s", HOSTILE);
    snprintf (b->number, sizeof b->number, "%s", "</title><i>");
    bulletin_add (&b->tables[BULLETIN_BY_CLASS], span_of (HOSTILE), 1, 1);
    bulletin_add_item (&b->exercises, span_of (HOSTILE), 1, -1);
    add_advisory (HOSTILE, HOSTILE, HOSTILE, CB_TLP_GREEN);
    bulletin_pack (&out, b);
    struct bulletin_view view = { .body = pack_result (&out),
                                  .mark = "DRAFT",
                                  .tlp = CB_TLP_AMBER };
    char *page = bulletin_html (&view);
    assert_null (strstr (page, "<script"));
    assert_null (strstr (page, "<i>"));
    assert_null (strstr (page, "onload='"));
    assert_null (strstr (page, "\xe2\x80\xae"));
    assert_non_null (
        strstr (page, "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; &amp;"));
    assert_non_null (strstr (page, ">DRAFT<"));
    assert_null (strstr (page, "src="));
    assert_null (strstr (page, "url("));
    assert_null (strstr (page, "@import"));
    free (page);
    pack_free (&out);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_draft_is_what_its_schema_asks_for, setup, teardown),
        cmocka_unit_test_setup_teardown (no_name_of_the_cabinets_edition_is_in_the_other, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (few_are_fewer_than_k_and_one_alone_takes_another_along,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (a_trend_with_a_small_figure_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown (a_name_in_a_headline_is_found_in_whole_words, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (what_may_be_named_follows_from_label_and_consent, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_number_has_room_for_the_longest_name, setup, teardown),
        cmocka_unit_test_setup_teardown (a_hostile_title_is_no_markup_and_turns_nothing_around,
                                         setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
