/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/keys.h"

#include "tests/unit/support_wire.h"

#include <dirent.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char why[512];

static int enter (void **state)
{
    (void) state;
    *why = 0;
    umask (0022);
    scratch_enter ();
    return 0;
}

static int leave (void **state)
{
    (void) state;
    scratch_leave ();
    return 0;
}

static void write_as (const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen (path, "w");
    fputs (text, file);
    fclose (file);
    assert_int_equal (chmod (path, mode), 0);
}

static char *text_of (const char *path)
{
    struct span bytes;
    assert_int_equal (file_read (path, 100000, &bytes, why, sizeof why), 0);
    char *text = calloc (1, bytes.size + 1);
    memcpy (text, bytes.data, bytes.size);
    free ((void *) (uintptr_t) bytes.data);
    return text;
}

static size_t files_here (void)
{
    size_t count = 0;
    DIR *folder = opendir (".");
    for (struct dirent *entry; (entry = readdir (folder));)
        count += entry->d_name[0] != '.';
    closedir (folder);
    return count;
}

static void keys_come_back_from_their_file_as_they_were (void **state)
{
    (void) state;
    struct keys made, loaded;
    keys_make (&made, span_of ("pk.sindh.kpt"));
    assert_int_equal (keys_save (&made, "keys", why, sizeof why), 0);
    assert_int_equal (keys_load (&loaded, "keys", why, sizeof why), 0);
    assert_string_equal (loaded.party, "pk.sindh.kpt");
    assert_memory_equal (&made, &loaded, sizeof made);
    keys_wipe (&loaded);
    for (size_t i = 0; i < sizeof loaded; i++)
        assert_int_equal (((const uint8_t *) &loaded)[i], 0);
}

static void a_file_of_keys_is_its_owners_alone_and_says_so_first (void **state)
{
    (void) state;
    struct keys made;
    struct stat st;
    umask (0);
    keys_make (&made, span_of ("pk"));
    assert_int_equal (keys_save (&made, "keys", why, sizeof why), 0);
    assert_int_equal (stat ("keys", &st), 0);
    assert_int_equal (st.st_mode & 07777, 0600);
    char *text = text_of ("keys");
    assert_int_equal (strncmp (text, "# Keep secret", 13), 0);
    free (text);
    assert_int_equal (files_here (), 1);
}

static void three_pairs_are_made_and_each_is_another (void **state)
{
    (void) state;
    struct keys made, other;
    keys_make (&made, span_of ("pk"));
    keys_make (&other, span_of ("pk"));
    assert_memory_not_equal (made.sign.public, made.seal.public, KEY_SIZE);
    assert_memory_not_equal (made.seal.public, made.link.public, KEY_SIZE);
    assert_memory_not_equal (made.link.public, other.link.public, KEY_SIZE);
}

static void the_x25519_forms_are_key_pairs (void **state)
{
    (void) state;
    struct keys made;
    uint8_t public[KEY_SIZE];
    keys_make (&made, span_of ("pk"));
    assert_int_equal (crypto_scalarmult_base (public, made.link_secret), 0);
    assert_memory_equal (public, made.link_public, KEY_SIZE);
    assert_int_equal (crypto_scalarmult_base (public, made.seal_secret), 0);
    assert_memory_equal (public, made.seal_public, KEY_SIZE);
}

static void keys_are_never_written_over_others (void **state)
{
    (void) state;
    struct keys made;
    struct keypair root;
    keys_make (&made, span_of ("pk"));
    keypair_make (&root);
    write_as ("keys", "precious", 0600);
    assert_int_equal (keys_save (&made, "keys", why, sizeof why), -1);
    assert_string_equal (why, "keys: exists already; it is left as it is");
    assert_int_equal (keypair_save (&root, "keys", "the root key", why, sizeof why), -1);
    char *text = text_of ("keys");
    assert_string_equal (text, "precious");
    free (text);
    assert_int_equal (symlink ("nowhere", "dangling"), 0);
    assert_int_equal (keys_save (&made, "dangling", why, sizeof why), -1);
    assert_int_equal (files_here (), 2);
}

static void a_secret_that_others_can_read_is_refused_with_what_to_run (void **state)
{
    (void) state;
    struct keys made;
    static const mode_t modes[] = { 0640, 0604, 0620, 0601, 0666 };
    keys_make (&made, span_of ("pk"));
    assert_int_equal (keys_save (&made, "keys", why, sizeof why), 0);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal (chmod ("keys", modes[i]), 0);
        assert_int_equal (keys_load (&made, "keys", why, sizeof why), -1);
        assert_non_null (strstr (why, "run: chmod 600 keys"));
    }
    assert_int_equal (chmod ("keys", 0400), 0);
    assert_int_equal (keys_load (&made, "keys", why, sizeof why), 0);
}

static void a_secret_is_not_read_through_a_link_or_from_a_pipe (void **state)
{
    (void) state;
    struct keys made;
    keys_make (&made, span_of ("pk"));
    assert_int_equal (keys_save (&made, "keys", why, sizeof why), 0);
    assert_int_equal (symlink ("keys", "link"), 0);
    assert_int_equal (keys_load (&made, "link", why, sizeof why), -1);
    assert_non_null (strstr (why, "symbolic link"));
    assert_int_equal (mkfifo ("pipe", 0600), 0);
    assert_int_equal (keys_load (&made, "pipe", why, sizeof why), -1); /* and does not wait */
    assert_non_null (strstr (why, "not a plain file"));
    assert_int_equal (keys_load (&made, "nothing", why, sizeof why), -1);
    assert_string_equal (why, "nothing: No such file or directory");
}

#define HEX  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define REST "\nseal = \"" HEX "\";\nlink = \"" HEX "\";\n"

static void a_file_of_keys_has_exactly_one_form (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool good;
        unsigned line;
    } cases[] = {
        { "party = \"pk\";\nsign = \"" HEX "\";" REST, true, 0 },
        { "#c\n\n party=\"pk\" ;\r\n\tsign =\"" HEX "\";# c" REST "# end", true, 0 },
        { "", false, 1 },
        { "party = \"pk\";\nsign = \"" HEX "\";\n", false, 3 },
        { "party = \"Pk\";\nsign = \"" HEX "\";" REST, false, 0 },
        { "party = \"\";\nsign = \"" HEX "\";" REST, false, 0 },
        { "sign = \"" HEX "\";\nparty = \"pk\";" REST, false, 1 },
        { "party = \"pk\";\nsign = \"" HEX "0\";" REST, false, 0 },
        { "party = \"pk\";\nsign = \"" HEX "00\";" REST, false, 0 },
        { "party = \"pk\";\nsign = \"0001\";" REST, false, 0 },
        { "party = \"pk\";\nsign = \"g" HEX "\";" REST, false, 0 },
        { "party = \"pk\";\nsign = \"" HEX "\"" REST, false, 3 },
        { "party = \"pk\";\nsign = " HEX ";" REST, false, 2 },
        { "party = \"pk\";\nsign = \"" HEX "\n\";" REST, false, 2 },
        { "party = \"pk\";\nsign = \"" HEX "\";" REST "more = 1;", false, 5 },
        { "party = \"pk\";\nsign = \"" HEX, false, 2 },
    };
    struct keys keys;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char at[32];
        write_as ("keys", cases[i].text, 0600);
        snprintf (at, sizeof at, "keys:%u: ", cases[i].line);
        int result = keys_load (&keys, "keys", why, sizeof why);
        if (result != (cases[i].good ? 0 : -1) || (cases[i].line && !strstr (why, at)))
            fail_msg ("case %zu: %d %s", i, result, why);
        if (strstr (why, "0001020304"))
            fail_msg ("case %zu tells the secret: %s", i, why);
        if (!cases[i].good)
            assert_int_equal (keys.sign.secret[1], 0);
    }
}

static void a_root_key_comes_back_from_its_file (void **state)
{
    (void) state;
    struct keypair made, loaded;
    struct stat st;
    keypair_make (&made);
    assert_int_equal (keypair_save (&made, "root-1", "root key 1 of 3", why, sizeof why), 0);
    assert_int_equal (stat ("root-1", &st), 0);
    assert_int_equal (st.st_mode & 07777, 0600);
    assert_int_equal (keypair_load (&loaded, "root-1", why, sizeof why), 0);
    assert_memory_equal (&made, &loaded, sizeof made);
    char *text = text_of ("root-1");
    assert_int_equal (strncmp (text, "# Keep secret: root key 1 of 3\n", 31), 0);
    free (text);
    struct keys keys;
    assert_int_equal (keys_load (&keys, "root-1", why, sizeof why), -1);
    assert_int_equal (chmod ("root-1", 0644), 0);
    assert_int_equal (keypair_load (&loaded, "root-1", why, sizeof why), -1);
}

static void a_request_proves_all_three_keys (void **state)
{
    (void) state;
    struct keys keys;
    struct pack_out out;
    struct enrolment e;
    struct span endpoints[] = { span_of ("tcp://192.0.2.1:7801"), span_of ("tcp://[::1]:7801") };
    keys_make (&keys, span_of ("pk.sindh"));
    pack_init (&out);
    keys_request (&keys,
                  &(struct enrolment){ .title = span_of ("CERT of Sindh"),
                                       .endpoint_count = 2,
                                       .endpoints = { endpoints[0], endpoints[1] },
                                       .made = INT64_C (1700000000000) },
                  &out);
    assert_int_equal (enrolment_parse (&e, pack_result (&out)), CB_OK);
    assert_true (span_is (e.name, "pk.sindh"));
    assert_true (span_is (e.title, "CERT of Sindh"));
    assert_int_equal (e.endpoint_count, 2);
    assert_true (span_is (e.endpoints[1], "tcp://[::1]:7801"));
    assert_int_equal (e.made, INT64_C (1700000000000));
    assert_memory_equal (e.seal_x25519, keys.seal_public, KEY_SIZE);
    assert_memory_equal (e.link_x25519, keys.link_public, KEY_SIZE);
    pack_free (&out);
    /* And no other: with one key's secret exchanged it does not hold. */
    memcpy (keys.link.secret, keys.seal.secret, SECRET_SIZE);
    pack_init (&out);
    keys_request (&keys, &(struct enrolment){ .title = span_of ("CERT of Sindh"), .made = 1 },
                  &out);
    assert_int_equal (enrolment_parse (&e, pack_result (&out)), CB_BAD_SIGNATURE);
    pack_free (&out);
}

static void a_file_is_read_whole_or_not_at_all (void **state)
{
    (void) state;
    struct span bytes;
    char *large = calloc (1, 20001);
    memset (large, 'x', 20000);
    write_as ("large", large, 0644);
    write_as ("empty", "", 0644);
    assert_int_equal (file_read ("large", 20000, &bytes, why, sizeof why), 0);
    assert_int_equal (bytes.size, 20000);
    assert_memory_equal (bytes.data, large, 20000);
    free ((void *) (uintptr_t) bytes.data);
    assert_int_equal (file_read ("large", 19999, &bytes, why, sizeof why), -1);
    assert_string_equal (why, "large: larger than 19999 bytes");
    assert_null (bytes.data);
    assert_int_equal (file_read ("empty", 0, &bytes, why, sizeof why), 0);
    assert_int_equal (bytes.size, 0);
    free ((void *) (uintptr_t) bytes.data);
    assert_int_equal (file_read (".", 10, &bytes, why, sizeof why), -1);
    free (large);
}

static void a_file_is_replaced_only_when_that_is_asked_for (void **state)
{
    (void) state;
    struct stat st;
    assert_int_equal (file_write ("f", span_of ("one"), false, false, why, sizeof why), 0);
    assert_int_equal (stat ("f", &st), 0);
    assert_int_equal (st.st_mode & 07777, 0644);
    assert_int_equal (file_write ("f", span_of ("two"), false, false, why, sizeof why), -1);
    assert_int_equal (file_write ("f", span_of ("three"), false, true, why, sizeof why), 0);
    char *text = text_of ("f");
    assert_string_equal (text, "three");
    free (text);
    assert_int_equal (file_write ("f", span_of ("four"), true, true, why, sizeof why), 0);
    assert_int_equal (stat ("f", &st), 0);
    assert_int_equal (st.st_mode & 07777, 0600);
    assert_int_equal (files_here (), 1);
}

static void a_file_that_cannot_be_written_leaves_nothing_behind (void **state)
{
    (void) state;
    assert_int_equal (mkdir ("folder", 0755), 0);
    assert_int_equal (file_write ("folder", span_of ("x"), false, true, why, sizeof why), -1);
    assert_non_null (strstr (why, "folder: cannot be written: "));
    assert_int_equal (file_write ("no/file", span_of ("x"), false, true, why, sizeof why), -1);
    assert_int_equal (file_write ("/dev/full/x", span_of ("x"), false, true, why, sizeof why), -1);
    assert_int_equal (files_here (), 1);
    char path[5000];
    memset (path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_int_equal (file_write (path, span_of ("x"), false, true, why, sizeof why), -1);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown (f, enter, leave)

int main (void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST (keys_come_back_from_their_file_as_they_were),
        FILE_TEST (a_file_of_keys_is_its_owners_alone_and_says_so_first),
        FILE_TEST (three_pairs_are_made_and_each_is_another),
        FILE_TEST (the_x25519_forms_are_key_pairs),
        FILE_TEST (keys_are_never_written_over_others),
        FILE_TEST (a_secret_that_others_can_read_is_refused_with_what_to_run),
        FILE_TEST (a_secret_is_not_read_through_a_link_or_from_a_pipe),
        FILE_TEST (a_file_of_keys_has_exactly_one_form),
        FILE_TEST (a_root_key_comes_back_from_its_file),
        FILE_TEST (a_request_proves_all_three_keys),
        FILE_TEST (a_file_is_read_whole_or_not_at_all),
        FILE_TEST (a_file_is_replaced_only_when_that_is_asked_for),
        FILE_TEST (a_file_that_cannot_be_written_leaves_nothing_behind),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
