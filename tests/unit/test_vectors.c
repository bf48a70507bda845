/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/intake.h"
#include "bus/core/link.h"
#include "bus/core/trust.h"
#include "bus/edge/schemafile.h"
#include "tests/unit/support_asked.h"
#include "tests/unit/support_schema.h"

#include <jansson.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Each file of tests/vectors is judged by this implementation. What comes out of a vector
 * stands in `found` under the names that its "outputs" use, the verdict under "expect". */

#define POOL_MAX 512

struct run {
    json_t *values; /* of the file: "$name" stands for one of them */
    json_t *found;
    struct schemas *schemas;
    struct proof_cache *cache;
    size_t pool_count;
    uint8_t *pool[POOL_MAX]; /* of one vector */
};

static void *own (void *memory)
{
    assert_non_null (memory);
    return memory;
}

static uint8_t *pooled (struct run *run, size_t size)
{
    assert_true (run->pool_count < POOL_MAX);
    return run->pool[run->pool_count++] = own (malloc (size ? size : 1));
}

static struct span of_hex (struct run *run, const char *text)
{
    size_t size = 0, digits = strlen (text);
    uint8_t *bytes = pooled (run, digits / 2);
    assert_int_equal (sodium_hex2bin (bytes, digits / 2, text, digits, NULL, &size, NULL), 0);
    assert_int_equal (2 * size, digits);
    return span_bytes (bytes, size);
}

/* Hex, "$name", or a list of hex and [how often, hex of one byte]. */
static struct span bytes_of (struct run *run, const json_t *given)
{
    const char *text = json_string_value (given);
    if (text && text[0] == '$')
        return bytes_of (run, own (json_object_get (run->values, text + 1)));
    if (text)
        return of_hex (run, text);
    struct span parts[64];
    size_t count = json_array_size (given), all = 0;
    assert_in_range (count, 1, 64);
    for (size_t i = 0; i < count; i++) {
        const json_t *part = json_array_get (given, i);
        if (json_is_array (part)) {
            size_t times = (size_t) json_integer_value (json_array_get (part, 0));
            struct span one = of_hex (run, json_string_value (json_array_get (part, 1)));
            uint8_t *run_of = pooled (run, times);
            memset (run_of, one.data[0], times);
            parts[i] = span_bytes (run_of, times);
        } else
            parts[i] = of_hex (run, json_string_value (part));
        all += parts[i].size;
    }
    uint8_t *joined = pooled (run, all), *at = joined;
    for (size_t i = 0; i < count; at += parts[i++].size)
        memcpy (at, parts[i].data, parts[i].size);
    return span_bytes (joined, all);
}

static struct span bytes_at (struct run *run, const json_t *input, const char *name)
{
    return bytes_of (run, own (json_object_get (input, name)));
}

static struct hash hash_at (struct run *run, const json_t *input, const char *name)
{
    struct hash hash;
    struct span bytes = bytes_at (run, input, name);
    assert_int_equal (bytes.size, HASH_SIZE);
    memcpy (hash.bytes, bytes.data, HASH_SIZE);
    return hash;
}

static const char *text_at (const json_t *input, const char *name)
{
    return own ((void *) (uintptr_t) json_string_value (json_object_get (input, name)));
}

static int64_t int_at (const json_t *input, const char *name)
{
    const json_t *value = own (json_object_get (input, name));
    return json_integer_value (value);
}

static void found_text (struct run *run, const char *name, const char *text)
{
    json_object_set_new (run->found, name, json_string (text));
}

static void found_reason (struct run *run, enum cb_reason reason)
{
    found_text (run, "expect", cb_reason_name (reason));
}

static void found_bytes (struct run *run, const char *name, const void *data, size_t size)
{
    char *hex = own (malloc (2 * size + 1));
    sodium_bin2hex (hex, 2 * size + 1, data, size);
    found_text (run, name, hex);
    free (hex);
}

/* --- Section 2 to 4 ------------------------------------------------------------------------- */

static void run_canon (struct run *run, const json_t *input)
{
    bool good = pack_canonical (bytes_at (run, input, "bytes"));
    found_reason (run, good ? CB_OK : CB_MALFORMED);
}

static void run_code (struct run *run, const json_t *input)
{
    struct hash hash = hash_at (run, input, "hash");
    char code[CODE_TEXT];
    hash_code (&hash, code);
    found_text (run, "expect", code);
}

static void run_typed (struct run *run, const json_t *input)
{
    char code[CODE_TEXT];
    bool good = code_normalise (text_at (input, "typed"), code);
    found_text (run, "expect", good ? code : "none");
}

static void run_tree (struct run *run, const json_t *input)
{
    const json_t *given = json_object_get (input, "leaves");
    size_t count = json_array_size (given);
    struct hash leaves[64], path[PROOF_PATH];
    assert_in_range (count, 1, 64);
    for (size_t i = 0; i < count; i++)
        memcpy (leaves[i].bytes, bytes_of (run, json_array_get (given, i)).data, HASH_SIZE);
    size_t length = merkle_path (leaves, count, (size_t) int_at (input, "index"), path);
    struct hash root = merkle_root (leaves, count);
    found_bytes (run, "path", path, length * HASH_SIZE);
    found_bytes (run, "root", root.bytes, HASH_SIZE);
    found_reason (run, CB_OK);
}

static void run_proof (struct run *run, const json_t *input)
{
    if (json_object_get (input, "leaves")) {
        run_tree (run, input);
        return;
    }
    struct hash leaf = hash_at (run, input, "leaf"), root;
    struct span path = bytes_at (run, input, "path");
    int64_t size = int_at (input, "size"), index = int_at (input, "index");
    bool good = size <= UINT32_MAX && index <= UINT32_MAX &&
                merkle_climb (&leaf, (uint32_t) size, (uint32_t) index, path.data,
                              path.size / HASH_SIZE, &root);
    if (good)
        found_bytes (run, "root", root.bytes, HASH_SIZE);
    found_reason (run, good ? CB_OK : CB_BAD_PROOF);
}

/* The signatures of an envelope under a key that is given. */
static enum cb_reason signatures (const struct envelope *e, const uint8_t key[KEY_SIZE])
{
    struct hash root, signer;
    if (!merkle_climb (&e->leaf, e->tree_size, e->tree_index, e->path, e->path_count, &root))
        return CB_BAD_PROOF;
    if (!proof_verify (CB_PURPOSE_MESSAGE, e->credential, e->tree_size, &root, key, e->sig))
        return CB_BAD_SIGNATURE;
    for (size_t i = 0; i < e->approval_count; i++) {
        memcpy (signer.bytes, e->approvals[i].key, KEY_SIZE);
        if (!proof_verify (CB_PURPOSE_APPROVAL, &signer, 1, &e->leaf, e->approvals[i].key,
                           e->approvals[i].sig))
            return CB_APPROVAL;
    }
    return CB_OK;
}

static void run_envelope (struct run *run, const json_t *input)
{
    struct envelope e;
    enum cb_reason reason = envelope_parse (&e, bytes_at (run, input, "bytes"));
    if (reason == CB_OK) {
        char id[ID_TEXT];
        msg_id_text (&e.id, id);
        found_text (run, "id", id);
        found_bytes (run, "leaf", e.leaf.bytes, HASH_SIZE);
        if (json_object_get (input, "key"))
            reason = signatures (&e, bytes_at (run, input, "key").data);
    }
    found_reason (run, reason);
}

/* --- Section 5 and 6 ------------------------------------------------------------------------ */

/* Form alone, by the type that the body names. */
static bool statement_good (struct span bytes, struct statement *st)
{
    struct root_file root;
    struct credential credential;
    struct revocation revocation;
    struct enrolment enrolment;
    if (!statement_parse (st, bytes))
        return false;
    struct pack_in in = pack_open (st->body);
    pack_array (&in, 2, SIZE_MAX);
    pack_uint (&in, 1, 1);
    struct span type = pack_str (&in, 1, SIZE_MAX);
    if (span_is (type, "root"))
        return root_parse (&root, bytes) != CB_MALFORMED;
    if (span_is (type, "credential"))
        return credential_parse (&credential, bytes);
    if (span_is (type, "revocation"))
        return revocation_parse (&revocation, st->body);
    if (span_is (type, "enrolment"))
        return enrolment_parse (&enrolment, bytes) != CB_MALFORMED;
    struct policy *policy = own (malloc (sizeof *policy));
    bool good = !in.bad && span_is (type, "policy") && policy_parse (policy, bytes);
    free (policy);
    return good;
}

static void run_statement (struct run *run, const json_t *input)
{
    struct statement st;
    bool good = statement_good (bytes_at (run, input, "bytes"), &st);
    if (good)
        found_bytes (run, "hash", st.hash.bytes, HASH_SIZE);
    found_reason (run, good ? CB_OK : CB_MALFORMED);
}

static void run_request (struct run *run, const json_t *input)
{
    struct enrolment enrolment;
    found_reason (run, enrolment_parse (&enrolment, bytes_at (run, input, "bytes")));
}

static void run_bundle (struct run *run, const json_t *input)
{
    struct bundle bundle;
    bool good = bundle_parse (&bundle, bytes_at (run, input, "bytes"));
    found_reason (run, good ? CB_OK : CB_MALFORMED);
}

static void revoke_all (struct run *run, struct directory *directory, const json_t *given)
{
    for (size_t i = 0; i < json_array_size (given); i++) {
        struct envelope e;
        assert_int_equal (envelope_parse (&e, bytes_of (run, json_array_get (given, i))), CB_OK);
        assert_int_equal (directory_apply (directory, &e), CB_OK);
    }
}

static void run_chain (struct run *run, const json_t *input)
{
    struct directory *directory = directory_new ();
    const json_t *credentials = own (json_object_get (input, "credentials"));
    size_t count = json_array_size (credentials);
    enum cb_reason reason = directory_root (directory, bytes_at (run, input, "root"));
    assert_int_equal (reason, CB_OK);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 == count)
            revoke_all (run, directory, json_object_get (input, "revocations"));
        reason = directory_add (directory, bytes_of (run, json_array_get (credentials, i)), NULL);
    }
    found_reason (run, reason);
    directory_free (&directory);
}

/* Who takes statements one after the other says `trust`, whatever is wrong with one. */
static void run_successors (struct run *run, const json_t *input, const char *list,
                            enum cb_reason (*take) (struct directory *, struct span))
{
    struct directory *directory = directory_new ();
    const json_t *given = own (json_object_get (input, list));
    enum cb_reason reason = directory_root (directory, bytes_at (run, input, "root"));
    for (size_t i = 0; i < json_array_size (given); i++)
        reason = take (directory, bytes_of (run, json_array_get (given, i)));
    const struct policy *policy = directory_policy_now (directory);
    const struct root_file *root = directory_root_file (directory);
    uint32_t version = take == directory_policy ? (policy ? policy->version : 0)
                       : root                   ? root->version
                                                : 0;
    json_object_set_new (run->found, "version", json_integer (version));
    found_reason (run, reason == CB_OK ? CB_OK : CB_TRUST);
    directory_free (&directory);
}

static void run_root (struct run *run, const json_t *input)
{
    run_successors (run, input, "next", directory_root);
}

static void run_policy (struct run *run, const json_t *input)
{
    run_successors (run, input, "policies", directory_policy);
}

/* --- Section 7 and 8 ------------------------------------------------------------------------ */

static struct labels labels_of (const json_t *given)
{
    struct labels labels = { .count = json_array_size (given) };
    assert_true (labels.count <= SECTORS_MAX);
    for (size_t i = 0; i < labels.count; i++)
        labels.at[i] = span_of (json_string_value (json_array_get (given, i)));
    return labels;
}

static void run_route (struct run *run, const json_t *input)
{
    struct term audience[AUDIENCE_MAX];
    const json_t *terms = own (json_object_get (input, "audience"));
    const json_t *child = json_object_get (input, "child"), *self = json_object_get (input, "self");
    struct span origin = span_of (text_at (input, "origin"));
    size_t count = json_array_size (terms);
    assert_in_range (count, 1, AUDIENCE_MAX);
    for (size_t i = 0; i < count; i++)
        assert_true (
            term_parse (&audience[i], span_of (json_string_value (json_array_get (terms, i)))));
    if (child) {
        struct labels has = labels_of (json_object_get (child, "sectors"));
        struct labels may = labels_of (json_object_get (child, "may_grant"));
        struct route_child given = { span_of (text_at (child, "name")), &has, &may };
        json_object_set_new (run->found, "down",
                             json_boolean (route_down (audience, count, origin, &given)));
    }
    if (self) {
        struct span name = span_of (text_at (self, "name"));
        struct labels has = labels_of (json_object_get (self, "sectors"));
        json_object_set_new (run->found, "up",
                             json_boolean (route_up (audience, count, origin, name)));
        json_object_set_new (run->found, "here",
                             json_boolean (route_here (audience, count, name, &has)));
    }
    found_reason (run, CB_OK);
}

static enum side side_of (const char *name)
{
    return strcmp (name, "self") == 0 ? SIDE_SELF : *name == 'p' ? SIDE_PARENT : SIDE_CHILD;
}

static struct directory *directory_of (struct run *run, const json_t *input)
{
    struct directory *directory = directory_new ();
    const json_t *credentials = own (json_object_get (input, "credentials"));
    assert_int_equal (directory_root (directory, bytes_at (run, input, "root")), CB_OK);
    if (json_object_get (input, "policy"))
        assert_int_equal (directory_policy (directory, bytes_at (run, input, "policy")), CB_OK);
    for (size_t i = 0; i < json_array_size (credentials); i++)
        assert_int_equal (
            directory_add (directory, bytes_of (run, json_array_get (credentials, i)), NULL),
            CB_OK);
    revoke_all (run, directory, json_object_get (input, "revocations"));
    return directory;
}

static void run_intake (struct run *run, const json_t *input)
{
    struct envelope e;
    struct verdict verdict;
    enum cb_reason reason = envelope_parse (&e, bytes_at (run, input, "envelope"));
    if (reason != CB_OK) {
        found_reason (run, reason);
        return;
    }
    struct directory *directory = directory_of (run, input);
    struct intake intake = { .directory = directory,
                             .schemas = run->schemas,
                             .cache = run->cache,
                             .self = span_of (text_at (input, "self")),
                             .side = side_of (text_at (input, "side")),
                             .peer = span_of (text_at (input, "peer")),
                             .recovery = json_is_true (json_object_get (input, "recovery")),
                             .now = int_at (input, "now") };
    intake_check (&intake, &e, &verdict);
    found_reason (run, verdict.reason);
    directory_free (&directory);
}

/* --- Section 5.7 ---------------------------------------------------------------------------- */

static struct question_check asked_where (const json_t *input, const struct directory *directory)
{
    struct span self = span_of (text_at (input, "self")), peer = span_of (text_at (input, "peer"));
    enum side side = side_of (text_at (input, "side"));
    return (struct question_check){ directory, self, peer, side, int_at (input, "now"), 0 };
}

static void run_question (struct run *run, const json_t *input)
{
    struct directory *directory = directory_of (run, input);
    struct question_check check = asked_where (input, directory);
    found_text (run, "expect", judge_question (&check, bytes_at (run, input, "request")));
    directory_free (&directory);
}

static void run_answer (struct run *run, const json_t *input)
{
    struct directory *directory = directory_of (run, input);
    struct question_check check = asked_where (input, directory);
    found_text (
        run, "expect",
        judge_answer (&check, bytes_at (run, input, "request"), bytes_at (run, input, "reply")));
    directory_free (&directory);
}

/* --- Section 9 -------------------------------------------------------------------------------- */

static void run_frame (struct run *run, const json_t *input)
{
    static struct frame frame;
    bool good = frame_parse (&frame, bytes_at (run, input, "bytes"));
    found_reason (run, good ? CB_OK : CB_MALFORMED);
}

static struct epoch epoch_of (const json_t *given)
{
    return (struct epoch){ .counter = (uint32_t) json_integer_value (json_array_get (given, 0)),
                           .nonce = (uint64_t) json_integer_value (json_array_get (given, 1)) };
}

static size_t epochs_of (const json_t *input, struct epoch_end epochs[LINK_EPOCHS])
{
    const json_t *given = own (json_object_get (input, "epochs"));
    for (size_t i = 0; i < json_array_size (given); i++) {
        const json_t *one = json_array_get (given, i);
        epochs[i].epoch = epoch_of (one);
        epochs[i].end = json_integer_value (json_array_get (one, 2));
    }
    return json_array_size (given);
}

static struct cursor cursor_of (const json_t *input)
{
    const json_t *given = own (json_object_get (input, "cursor"));
    struct cursor cursor = { .epoch = epoch_of (given),
                             .position = json_integer_value (json_array_get (given, 2)) };
    memset (cursor.chain.bytes, (int) json_integer_value (json_array_get (given, 3)), HASH_SIZE);
    return cursor;
}

static void run_resume (struct run *run, const json_t *input)
{
    struct epoch_end epochs[LINK_EPOCHS];
    size_t count = epochs_of (input, epochs);
    struct cursor cursor = cursor_of (input);
    struct hash here;
    bool lost;
    memset (here.bytes, (int) cursor.position, HASH_SIZE);
    bool there = cursor.position > 0 && cursor.position <= epochs[count - 1].end;
    int64_t at = link_resume (&cursor, epochs, count, there ? &here : NULL, &lost);
    json_object_set_new (run->found, "position", json_integer (at));
    json_object_set_new (run->found, "lost", json_boolean (lost));
    found_reason (run, CB_OK);
}

static void run_continue (struct run *run, const json_t *input)
{
    struct epoch_end epochs[LINK_EPOCHS];
    size_t count = epochs_of (input, epochs);
    struct cursor at = cursor_of (input);
    struct data_frame data = { .epoch = epoch_of (own (json_object_get (input, "epoch"))),
                               .prev = int_at (input, "prev") };
    bool taken =
        link_continues (&at, json_is_true (json_object_get (input, "first")), &data, epochs, count);
    json_object_set_new (run->found, "taken", json_boolean (taken));
    found_reason (run, CB_OK);
}

/* --- The files --------------------------------------------------------------------------------- */

static const struct {
    const char *type;
    void (*run) (struct run *, const json_t *);
} types[] = {
    { "canon", run_canon },       { "code", run_code },           { "code-typed", run_typed },
    { "question", run_question }, { "answer", run_answer },       { "proof", run_proof },
    { "envelope", run_envelope }, { "statement", run_statement }, { "request", run_request },
    { "bundle", run_bundle },     { "chain", run_chain },         { "root", run_root },
    { "policy", run_policy },     { "route", run_route },         { "intake", run_intake },
    { "frame", run_frame },       { "resume", run_resume },       { "continue", run_continue },
};

static bool agrees (const struct run *run, const json_t *vector, const char *name,
                    const json_t *wanted)
{
    const json_t *found = json_object_get (run->found, name);
    if (json_equal (wanted, found))
        return true;
    char *one = json_dumps (wanted, JSON_ENCODE_ANY);
    char *other = found ? json_dumps (found, JSON_ENCODE_ANY) : NULL;
    print_error ("%s: %s: %s expected, %s found\n", text_at (vector, "name"), name, one,
                 other ? other : "nothing");
    free (one);
    free (other);
    return false;
}

static bool run_one (struct run *run, const json_t *vector)
{
    size_t type = 0;
    while (type < sizeof types / sizeof types[0] &&
           strcmp (types[type].type, text_at (vector, "type")) != 0)
        type++;
    assert_in_range (type, 0, sizeof types / sizeof types[0] - 1);
    run->found = json_object ();
    types[type].run (run, own (json_object_get (vector, "input")));
    bool good = agrees (run, vector, "expect", json_object_get (vector, "expect"));
    const char *name;
    json_t *wanted;
    json_object_foreach (json_object_get (vector, "outputs"), name, wanted) good =
        agrees (run, vector, name, wanted) && good;
    json_decref (run->found);
    while (run->pool_count)
        free (run->pool[--run->pool_count]);
    return good;
}

static void judge_file (const char *name, size_t least)
{
    char path[64];
    json_error_t error;
    struct run *run = own (calloc (1, sizeof *run));
    snprintf (path, sizeof path, "tests/vectors/%s.json", name);
    json_t *file = json_load_file (path, 0, &error);
    if (!file)
        fail_msg ("%s:%d: %s", path, error.line, error.text);
    const json_t *vectors = json_object_get (file, "vectors");
    run->values = json_object_get (file, "values");
    run->schemas = schemas_ours ();
    run->cache = proof_cache_new ();
    size_t wrong = 0;
    for (size_t i = 0; i < json_array_size (vectors); i++)
        wrong += !run_one (run, json_array_get (vectors, i));
    assert_true (json_array_size (vectors) >= least);
    schemas_free (&run->schemas);
    proof_cache_free (&run->cache);
    json_decref (file);
    free (run);
    assert_int_equal (wrong, 0);
}

#define FILE_TEST(sentence, name, least)                                                           \
    static void sentence (void **state)                                                            \
    {                                                                                              \
        (void) state;                                                                              \
        judge_file (name, least);                                                                  \
    }

FILE_TEST (each_value_has_one_encoding, "canon", 100)
FILE_TEST (codes_are_written_and_read_as_claimed, "code", 20)
FILE_TEST (paths_lead_where_they_must_and_no_others_do, "proof", 20)
FILE_TEST (envelopes_are_judged_as_claimed, "envelope", 150)
FILE_TEST (statements_are_read_as_claimed, "statement", 130)
FILE_TEST (credentials_are_judged_as_claimed, "chain", 90)
FILE_TEST (root_files_and_policies_follow_as_claimed, "trust", 30)
FILE_TEST (messages_are_judged_as_claimed, "intake", 180)
FILE_TEST (questions_and_answers_are_judged_as_claimed, "question", 60)
FILE_TEST (messages_cross_the_links_that_are_claimed, "route", 40)
FILE_TEST (frames_are_read_as_claimed, "frame", 100)
FILE_TEST (cursors_resume_and_continue_as_claimed, "link", 30)

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_value_has_one_encoding),
        cmocka_unit_test (codes_are_written_and_read_as_claimed),
        cmocka_unit_test (paths_lead_where_they_must_and_no_others_do),
        cmocka_unit_test (envelopes_are_judged_as_claimed),
        cmocka_unit_test (statements_are_read_as_claimed),
        cmocka_unit_test (credentials_are_judged_as_claimed),
        cmocka_unit_test (root_files_and_policies_follow_as_claimed),
        cmocka_unit_test (messages_are_judged_as_claimed),
        cmocka_unit_test (questions_and_answers_are_judged_as_claimed),
        cmocka_unit_test (messages_cross_the_links_that_are_claimed),
        cmocka_unit_test (frames_are_read_as_claimed),
        cmocka_unit_test (cursors_resume_and_continue_as_claimed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
