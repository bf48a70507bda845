/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/csaf.h"

#include "bus/core/proof.h"
#include "bus/edge/json.h"
#include "bus/edge/schemafile.h"
#include "tests/unit/support_schema.h"

#include <dirent.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SAMPLE "config/samples/advisory-csaf.json"

static struct schemas *ours;
static const struct schema *schema;
static struct pack_out out;
static char why[512];
static json_t *csaf;     /* the sample, changed as a test likes */
static json_t *advisory; /* what was made of it */
static unsigned tlp;

static int setup (void **state)
{
    (void) state;
    ours = schemas_ours ();
    schema = schemas_find (ours, span_of ("advisory"));
    pack_init (&out);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    pack_free (&out);
    schemas_free (&ours);
    return 0;
}

static int load (void **state)
{
    (void) state;
    csaf = json_load_document (SAMPLE, why, sizeof why);
    if (!csaf)
        fail_msg ("%s", why);
    return 0;
}

static int drop (void **state)
{
    (void) state;
    json_decref (csaf);
    json_decref (advisory);
    csaf = advisory = NULL;
    return 0;
}

/* Converts, and holds the result to the schema. */
static void convert (const struct csaf_options *options)
{
    json_decref (advisory);
    tlp = 0;
    advisory = csaf_to_advisory (csaf, options, &tlp, why, sizeof why);
    if (!advisory)
        fail_msg ("%s", why);
    pack_reset (&out);
    if (!body_from_json (schema, advisory, &out, why, sizeof why))
        fail_msg ("%s", why);
}

static void refused (const struct csaf_options *options, const char *expected)
{
    if (csaf_to_advisory (csaf, options, &tlp, why, sizeof why))
        fail_msg ("taken, and should say: %s", expected);
    assert_string_equal (why, expected);
}

static const struct csaf_options plain;

static json_t *document (void)
{
    return json_object_get (csaf, "document");
}

static json_t *vulnerability (void)
{
    return json_array_get (json_object_get (csaf, "vulnerabilities"), 0);
}

static const char *field (const char *name)
{
    return json_string_value (json_object_get (advisory, name));
}

/* The text of the note with this title; NULL: none. */
static const char *note (const char *title)
{
    const json_t *notes = json_object_get (advisory, "notes");
    for (size_t i = 0; i < json_array_size (notes); i++) {
        const json_t *one = json_array_get (notes, i);
        if (strcmp (json_string_value (json_object_get (one, "title")), title) == 0)
            return json_string_value (json_object_get (one, "text"));
    }
    return NULL;
}

static bool remarked (const char *words)
{
    const char *text = note ("About the conversion from CSAF");
    return text && strstr (text, words);
}

static void only_score (double score)
{
    json_object_set_new (vulnerability (), "scores",
                         json_pack ("[{s:{s:f}}]", "cvss_v3", "baseScore", score));
}

static void said_of_exploits (const char *details)
{
    json_object_set_new (
        vulnerability (), "threats",
        json_pack ("[{s:s, s:s}]", "category", "exploit_status", "details", details));
}

static void the_fields_of_an_advisory_come_from_their_places (void **state)
{
    (void) state;
    convert (&plain);
    assert_int_equal (tlp, CB_TLP_GREEN);
    assert_string_equal (field ("number"), "NCERT-2026-013");
    assert_string_equal (field ("revision"), "2");
    assert_string_equal (field ("status"), "final");
    assert_string_equal (field ("issuer"), "PKCERT (illustrative) (https://pkcert.example)");
    assert_string_equal (field ("language"), "en");
    assert_string_equal (field ("effective"), "2026-05-11T04:30:00Z");
    assert_string_equal (field ("severity"), "S2");
    assert_true (json_is_true (json_object_get (advisory, "exploited")));
    assert_memory_equal (field ("summary"), "Illustrative advisory:", 22);
    assert_non_null (strstr (field ("threat"), "CVE-2026-99901, exploitation: Exploited in"));
    assert_non_null (strstr (field ("threat"), "\nCVE-2026-99901, impact: Mail of any"));
    assert_null (note ("Summary"));
    assert_memory_equal (note ("Details"), "The session cookie", 18);
    assert_string_equal (note ("CVE-2026-99901: remediation (vendor_fix)"),
                         "Update to 8.8.15.\nhttps://exemplar.example/mail/releases/8.8.15");
    assert_string_equal (note ("Fixed in"), "Exemplar Mail 8.8.15\n");
    assert_true (remarked ("Severity S2 from the highest CVSS base score, 8.1, one higher"));

    const json_t *one = json_array_get (json_object_get (advisory, "vulnerabilities"), 0);
    char *text = json_print (one, false);
    assert_string_equal (text, "{\"cve\":\"CVE-2026-99901\",\"score\":8.1,\"title\":\"Account "
                               "taken from a client's header\",\"vector\":"
                               "\"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:N\"}");
    free (text);
    text = json_print (json_object_get (advisory, "references"), false);
    assert_memory_equal (text, "[{\"title\":\"This advisory\",\"url\":\"https://pkcert", 46);
    free (text);
}

static void products_are_found_in_branches_lists_and_relationships (void **state)
{
    (void) state;
    json_array_append_new (
        json_object_get (json_object_get (vulnerability (), "product_status"), "known_affected"),
        json_string ("EXO-2026"));
    json_array_append_new (
        json_object_get (json_object_get (vulnerability (), "product_status"), "known_affected"),
        json_string ("UNNAMED-1"));
    convert (&plain);
    char *text = json_print (json_object_get (advisory, "products"), false);
    assert_string_equal (text, "[\"Exemplar Mail 8.8.13\",\"Exemplar Mail 8.8.14\","
                               "\"Exemplar Mail 8.8.14 as part of Exemplar Office Suite 2026\","
                               "\"Exemplar Office Suite 2026\",\"UNNAMED-1\"]");
    free (text);
}

static void a_document_without_vulnerabilities_is_about_all_its_products (void **state)
{
    (void) state;
    json_object_del (csaf, "vulnerabilities");
    refused (&plain, "the document states no severity (no CVSS score and no "
                     "document.aggregate_severity); pass --severity S1 to S5");
    convert (&(struct csaf_options){ .severity = "S5" });
    assert_int_equal (json_array_size (json_object_get (advisory, "products")), 5);
    assert_string_equal (field ("severity"), "S5");
}

static void the_severity_follows_the_highest_score (void **state)
{
    (void) state;
    static const struct {
        double score;
        const char *quiet, *exploited;
    } cases[] = {
        { 10.0, "S2", "S2" }, { 9.0, "S2", "S2" }, { 8.9, "S3", "S2" }, { 7.0, "S3", "S2" },
        { 6.9, "S4", "S3" },  { 4.0, "S4", "S3" }, { 3.9, "S5", "S4" }, { 0.0, "S5", "S4" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        only_score (cases[i].score);
        said_of_exploits ("There is no known exploitation.");
        convert (&plain);
        assert_string_equal (field ("severity"), cases[i].quiet);
        assert_null (json_object_get (advisory, "exploited"));
        said_of_exploits ("Actively exploited.");
        convert (&plain);
        assert_string_equal (field ("severity"), cases[i].exploited);
    }
    json_object_set_new (vulnerability (), "scores",
                         json_pack ("[{s:{s:f}}, {s:{s:f}}, {s:{s:f}}]", "cvss_v3", "baseScore",
                                    4.0, "cvss_v3", "baseScore", 7.5, "cvss_v2", "baseScore", 9.9));
    said_of_exploits ("None.");
    convert (&plain);
    assert_string_equal (field ("severity"), "S3");
    json_object_set_new (vulnerability (), "scores",
                         json_pack ("[{s:{s:f}}]", "cvss_v2", "baseScore", 9.9));
    convert (&plain);
    assert_string_equal (field ("severity"), "S2");
}

static void words_count_where_there_is_no_score (void **state)
{
    (void) state;
    static const struct {
        const char *word, *severity;
    } words[] = { { "Critical", "S2" }, { "IMPORTANT", "S3" }, { "high", "S3" },
                  { "Moderate", "S4" }, { "medium", "S4" },    { "Low", "S5" } };
    json_object_del (vulnerability (), "scores");
    json_object_del (vulnerability (), "threats");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        json_object_set_new (document (), "aggregate_severity",
                             json_pack ("{s:s}", "text", words[i].word));
        convert (&plain);
        assert_string_equal (field ("severity"), words[i].severity);
        assert_true (remarked (words[i].word));
    }
    json_object_set_new (document (), "aggregate_severity", json_pack ("{s:s}", "text", "Pink"));
    refused (&plain, "no CVSS score, and document.aggregate_severity.text \"Pink\" is no severity "
                     "known here; pass --severity S1 to S5");
    only_score (11);
    refused (&plain, "no CVSS score, and document.aggregate_severity.text \"Pink\" is no severity "
                     "known here; pass --severity S1 to S5");
}

static void a_person_decides_on_the_severity_and_on_s1 (void **state)
{
    (void) state;
    convert (&(struct csaf_options){ .severity = "S1" });
    assert_string_equal (field ("severity"), "S1");
    convert (&(struct csaf_options){ .severity = "S4" });
    assert_string_equal (field ("severity"), "S4");
    refused (&(struct csaf_options){ .severity = "S6" }, "--severity: \"S6\"; expected S1 to S5");
    refused (&(struct csaf_options){ .severity = "high" },
             "--severity: \"high\"; expected S1 to S5");
}

static void only_what_says_so_counts_as_exploited (void **state)
{
    (void) state;
    static const char *const yes[] = {
        "Exploited",
        "Exploited in the wild.",
        "Publicly Disclosed:No;Exploited:Yes;Latest Software Release:Exploitation Detected",
        "No patch yet. The vulnerability is being actively exploited",
        "This is a known exploited vulnerability",
    };
    static const char *const no[] = {
        "No known exploitation in the wild.",
        "PSIRT is not aware of any malicious use. It is not actively exploited.",
        "Publicly Disclosed:Yes;Exploited:No;Latest Software Release:Exploitation Less Likely",
        "A proof of concept exists.",
        "We are unaware of active exploitation",
        "Not exploited",
        "",
    };
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        said_of_exploits (yes[i]);
        convert (&plain);
        if (!json_object_get (advisory, "exploited"))
            fail_msg ("not taken as exploited: %s", yes[i]);
        assert_true (remarked ("Taken as exploited, because of: \""));
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        said_of_exploits (no[i]);
        convert (&plain);
        if (json_object_get (advisory, "exploited"))
            fail_msg ("taken as exploited: %s", no[i]);
    }
}

static void set_label (const char *label)
{
    json_object_set_new (document (), "distribution",
                         json_pack ("{s:{s:s}}", "tlp", "label", label));
}

static void the_label_of_the_document_counts (void **state)
{
    (void) state;
    static const struct {
        const char *label;
        unsigned tlp;
    } labels[] = {
        { "WHITE", CB_TLP_CLEAR },
        { "TLP:WHITE", CB_TLP_CLEAR },
        { "CLEAR", CB_TLP_CLEAR },
        { "AMBER", CB_TLP_AMBER },
        { "AMBER+STRICT", CB_TLP_AMBER_STRICT },
        { "RED", CB_TLP_RED },
    };
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        set_label (labels[i].label);
        convert (&plain);
        assert_int_equal (tlp, labels[i].tlp);
    }
}

static void without_a_label_an_option_is_needed (void **state)
{
    (void) state;
    set_label ("BLUE");
    refused (&plain, "document.distribution.tlp.label: \"BLUE\" is no TLP label; pass --tlp");
    json_object_del (document (), "distribution");
    refused (&plain, "the document has no TLP label (document.distribution.tlp); pass --tlp");
    convert (&(struct csaf_options){ .tlp = CB_TLP_CLEAR });
    assert_int_equal (tlp, CB_TLP_CLEAR);
}

static void the_option_makes_the_label_stricter_and_never_weaker (void **state)
{
    (void) state;
    convert (&(struct csaf_options){ .tlp = CB_TLP_AMBER });
    assert_int_equal (tlp, CB_TLP_AMBER);
    convert (&(struct csaf_options){ .tlp = CB_TLP_GREEN });
    assert_int_equal (tlp, CB_TLP_GREEN);
    refused (&(struct csaf_options){ .tlp = CB_TLP_CLEAR },
             "the document is TLP:GREEN, and --tlp can only make it stricter; only its publisher "
             "can make it TLP:CLEAR");
}

static void what_is_no_csaf_2_0_is_refused (void **state)
{
    (void) state;
    json_object_set_new (document (), "csaf_version", json_string ("2.1"));
    refused (&plain, "document.csaf_version: \"2.1\"; only CSAF 2.0 is read here");
    json_object_set_new (document (), "csaf_version", json_integer (2));
    refused (&plain, "this is no CSAF document: it has no document.csaf_version");
    json_object_set_new (csaf, "document", json_string ("2.0"));
    refused (&plain, "this is no CSAF document: it has no document.csaf_version");
}

static void what_an_advisory_must_have_is_asked_for (void **state)
{
    (void) state;
    char number[66];
    memset (number, '1', 65);
    number[65] = 0;
    json_object_set_new (json_object_get (document (), "tracking"), "id", json_string (number));
    refused (&plain, "document.tracking.id: longer than 64 bytes");
    json_object_del (json_object_get (document (), "tracking"), "id");
    refused (&plain, "document.tracking.id is missing, and an advisory must have one");
    drop (NULL);
    load (NULL);
    json_object_del (document (), "title");
    refused (&plain, "document.title is missing, and an advisory must have one");
}

static void the_original_travels_along_where_it_fits (void **state)
{
    (void) state;
    size_t size = 128 * 1024;
    char *bytes = calloc (1, size + 1);
    struct csaf_options options = { .original = span_bytes (bytes, size), .name = "a.json" };
    convert (&options);
    struct hash hash = hash_bytes (options.original);
    struct span body = pack_result (&out);
    assert_true (span_equal (body_bytes (body, "original.hash"),
                             span_bytes (hash.bytes, sizeof hash.bytes)));
    assert_true (span_equal (body_bytes (body, "original.content"), options.original));
    assert_true (span_is (body_text (body, "original.name"), "a.json"));
    assert_int_equal (body_int (body, "original.size", 0), size);

    options.original.size = size + 1;
    convert (&options);
    body = pack_result (&out);
    assert_int_equal (body_bytes (body, "original.content").size, 0);
    assert_int_equal (body_bytes (body, "original.hash").size, 32);
    assert_true (span_is (body_text (body, "original.url"),
                          "https://pkcert.example/csaf/2026/ncert-2026-013.json"));
    assert_true (remarked ("The original of 131073 bytes is too large to travel along; its hash "
                           "and address do."));
    options.url = "https://mirror.example/a";
    convert (&options);
    assert_true (span_is (body_text (pack_result (&out), "original.url"), options.url));
    convert (&plain);
    assert_null (json_object_get (advisory, "original"));
    free (bytes);
}

static void long_lists_are_cut_and_it_is_said (void **state)
{
    (void) state;
    json_t *names = json_object_get (json_object_get (csaf, "product_tree"), "full_product_names");
    json_t *ids =
        json_object_get (json_object_get (vulnerability (), "product_status"), "known_affected");
    json_array_clear (ids);
    for (int i = 0; i < 1200; i++) {
        char id[32], name[32];
        snprintf (id, sizeof id, "ID-%d", i);
        snprintf (name, sizeof name, "Product %d", i);
        json_array_append_new (names, json_pack ("{s:s, s:s}", "product_id", id, "name", name));
        json_array_append_new (ids, json_string (id));
        json_array_append_new (ids, json_string (id));
    }
    convert (&plain);
    const json_t *products = json_object_get (advisory, "products");
    assert_int_equal (json_array_size (products), 201);
    assert_string_equal (json_string_value (json_array_get (products, 199)), "Product 199");
    assert_string_equal (json_string_value (json_array_get (products, 200)), "and 1000 more");
    assert_true (remarked ("The list of products was shortened: the first 200 of 1200 are in it."));
}

/* A text of `size` bytes of two-byte characters and controls. */
static json_t *long_text (size_t size)
{
    char *text = malloc (size + 1);
    for (size_t i = 0; i + 1 < size; i += 2)
        memcpy (text + i, i % 64 ? "\xd8\xa7" : "\x01\x7f", 2);
    text[size & ~(size_t) 1] = 0;
    json_t *value = json_string (text);
    free (text);
    return value;
}

static void the_largest_document_makes_a_body_that_fits (void **state)
{
    (void) state;
    json_object_set_new (document (), "title", long_text (2001));
    json_object_set_new (json_object_get (document (), "publisher"), "name", long_text (999));
    json_t *notes = json_object_get (document (), "notes");
    json_t *references = json_object_get (document (), "references");
    json_t *all = json_object_get (csaf, "vulnerabilities");
    json_t *names = json_object_get (json_object_get (csaf, "product_tree"), "full_product_names");
    for (int i = 0; i < 500; i++) {
        char id[32];
        snprintf (id, sizeof id, "%d", i);
        json_array_append_new (
            notes, json_pack ("{s:o, s:o}", "title", long_text (999), "text", long_text (9999)));
        json_array_append_new (references, json_pack ("{s:o, s:o}", "summary", long_text (999),
                                                      "url", long_text (512)));
        json_t *name = long_text (999);
        json_array_append_new (names, json_pack ("{s:s, s:s+}", "product_id", id, "name",
                                                 json_string_value (name), id));
        json_decref (name);
        json_array_append_new (
            all,
            json_pack ("{s:o, s:o, s:[{s:{s:f, s:o}}], s:{s:[s]}, s:[{s:s, s:o}], "
                       "s:[{s:o, s:o}], s:[{s:o, s:o}]}",
                       "cve", long_text (99), "title", long_text (999), "scores", "cvss_v3",
                       "baseScore", 9.9, "vectorString", long_text (160), "product_status",
                       "known_affected", id, "threats", "category", "impact", "details",
                       long_text (999), "notes", "title", long_text (999), "text", long_text (999),
                       "remediations", "category", long_text (999), "details", long_text (9999)));
    }
    char *bytes = calloc (1, 128 * 1024);
    convert (&(struct csaf_options){ .original = span_bytes (bytes, 128 * 1024) });
    free (bytes);
    assert_true (pack_result (&out).size > 100000);
    assert_true (remarked ("The title was shortened"));
    char *text = json_print (json_object_get (advisory, "title"), false);
    assert_null (strstr (text, "\\u"));
    free (text);
}

static void values_of_wrong_types_are_as_good_as_missing (void **state)
{
    (void) state;
    static const char *const wrong[] = {
        "1", "true", "null", "\"x\"", "[1,\"x\",null,[],{}]", "{\"a\":1}", "[[[]]]", "\"\""
    };
    static const char *const paths[][3] = {
        { "document", "notes", NULL },
        { "document", "publisher", NULL },
        { "document", "references", NULL },
        { "document", "tracking", "version" },
        { "document", "tracking", "status" },
        { "document", "lang", NULL },
        { "product_tree", NULL, NULL },
        { "product_tree", "branches", NULL },
        { "product_tree", "relationships", NULL },
        { "vulnerabilities", NULL, NULL },
        { "document", "tracking", "current_release_date" },
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
            json_t *at = csaf;
            size_t last = 0;
            while (last < 2 && paths[i][last + 1])
                at = json_object_get (at, paths[i][last++]);
            json_object_set_new (at, paths[i][last], json_loads (wrong[k], JSON_DECODE_ANY, NULL));
            convert (&(struct csaf_options){ .severity = "S3" });
            drop (NULL);
            load (NULL);
        }
}

static void branches_without_end_end (void **state)
{
    (void) state;
    json_t *branch = json_pack ("{s:{s:s, s:s}}", "product", "product_id", "DEEP", "name", "Deep");
    for (int i = 0; i < 1500; i++)
        branch = json_pack ("{s:[o]}", "branches", branch);
    json_object_set_new (json_object_get (csaf, "product_tree"), "branches",
                         json_pack ("[o]", branch));
    json_object_set_new (vulnerability (), "product_status",
                         json_pack ("{s:[s]}", "known_affected", "DEEP"));
    convert (&plain);
    const json_t *products = json_object_get (advisory, "products");
    assert_string_equal (json_string_value (json_array_get (products, 0)), "DEEP");
}

/* Advisories that publishers issued, where a checkout of them stands beside this one. */
static void published_documents_are_converted (void **state)
{
    (void) state;
    static const char folder[] = "../shared/data/csaf";
    DIR *files = opendir (folder);
    if (!files) {
        print_message ("skipped: no published documents in %s\n", folder);
        skip ();
        return;
    }
    size_t count = 0;
    for (struct dirent *file; (file = readdir (files));) {
        if (file->d_name[0] == '.' || !strstr (file->d_name, ".json"))
            continue;
        char path[512];
        snprintf (path, sizeof path, "%s/%s", folder, file->d_name);
        csaf = json_load_document (path, why, sizeof why);
        if (!csaf)
            fail_msg ("%s", why);
        char *text = json_print (csaf, true);
        convert (&(struct csaf_options){
            .original = span_of (text), .name = file->d_name, .tlp = CB_TLP_GREEN });
        assert_true (body_text (pack_result (&out), "summary").size > 20);
        assert_true (json_array_size (json_object_get (advisory, "references")) > 0 ||
                     strncmp (file->d_name, "bsi", 3) == 0);
        free (text);
        drop (NULL);
        count++;
    }
    closedir (files);
    assert_true (count > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, load, drop)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (the_fields_of_an_advisory_come_from_their_places),
        TEST (products_are_found_in_branches_lists_and_relationships),
        TEST (a_document_without_vulnerabilities_is_about_all_its_products),
        TEST (the_severity_follows_the_highest_score),
        TEST (words_count_where_there_is_no_score),
        TEST (a_person_decides_on_the_severity_and_on_s1),
        TEST (only_what_says_so_counts_as_exploited),
        TEST (the_label_of_the_document_counts),
        TEST (without_a_label_an_option_is_needed),
        TEST (the_option_makes_the_label_stricter_and_never_weaker),
        TEST (what_is_no_csaf_2_0_is_refused),
        TEST (what_an_advisory_must_have_is_asked_for),
        TEST (the_original_travels_along_where_it_fits),
        TEST (long_lists_are_cut_and_it_is_said),
        TEST (the_largest_document_makes_a_body_that_fits),
        TEST (values_of_wrong_types_are_as_good_as_missing),
        TEST (branches_without_end_end),
        cmocka_unit_test_setup_teardown (published_documents_are_converted, NULL, drop),
    };
    return cmocka_run_group_tests (tests, setup, teardown);
}
