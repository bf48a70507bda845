/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/indicator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void reads (const char *typed, const char *type, const char *form)
{
    struct indicator got;
    if (!indicator_read (&got, span_of (typed)))
        fail_msg ("%s is none", typed);
    if (strcmp (indicator_type_name (got.type), type) != 0 || strcmp (got.text, form) != 0)
        fail_msg ("%s is %s %s", typed, indicator_type_name (got.type), got.text);
}

static void is_none (const char *typed)
{
    struct indicator got;
    if (indicator_read (&got, span_of (typed)))
        fail_msg ("%s is taken for %s %s", typed, indicator_type_name (got.type), got.text);
}

static void what_is_written_in_several_ways_has_one_form (void **state)
{
    (void) state;
    reads ("185[.]220[.]101[.]7", "ipv4", "185.220.101.7");
    reads (" 185.220.101(.)7\n", "ipv4", "185.220.101.7");
    reads ("2001:DB8:0:0::1", "ipv6", "2001:db8::1");
    reads ("[2001:db8::1]", "ipv6", "2001:db8::1");
    reads ("Evil[dot]Example.", "domain", "evil.example");
    reads ("evil\\.example", "domain", "evil.example");
    reads ("hxxps[://]Evil[.]example:443/", "url", "https://evil.example");
    reads ("HXXP://evil.example:80/a/B?c#d", "url", "http://evil.example/a/b?c");
    reads ("https://evil.example:80/", "url", "https://evil.example:80");
    reads ("Duty[at]Port[.]example", "email", "duty@port.example");
    reads ("D41D8CD98F00B204E9800998ECF8427E", "file", "d41d8cd98f00b204e9800998ecf8427e");
}

static void what_says_nothing_when_it_is_equal_is_none (void **state)
{
    (void) state;
    is_none ("");
    is_none ("   ");
    is_none ("evil");
    is_none ("1.2.3");
    is_none ("1.2.3.4.5");
    is_none ("evil..example");
    is_none ("two words.example");
    is_none ("@evil.example");
    is_none ("://evil.example");
    is_none ("http://");
    is_none ("d41d8cd98f00b204e9800998ecf8427");
    is_none ("999.1.1.1");
}

static void what_is_not_of_the_type_that_it_is_said_to_be_is_none (void **state)
{
    struct indicator got;
    (void) state;
    assert_true (indicator_of (&got, span_of ("ipv4"), span_of ("1[.]2.3.4")));
    assert_false (indicator_of (&got, span_of ("ipv4"), span_of ("evil.example")));
    assert_true (
        indicator_of (&got, span_of ("md5"), span_of ("d41d8cd98f00b204e9800998ecf8427e")));
    assert_false (
        indicator_of (&got, span_of ("sha1"), span_of ("d41d8cd98f00b204e9800998ecf8427e")));
    assert_false (indicator_of (&got, span_of ("filename"), span_of ("invoice.pdf")));
    assert_false (indicator_of (&got, span_of ("other"), span_of ("1.2.3.4")));
}

static void a_hash_is_of_the_form_and_its_type (void **state)
{
    struct indicator a, b, c;
    (void) state;
    assert_true (indicator_read (&a, span_of ("EVIL[.]example")));
    assert_true (indicator_read (&b, span_of ("evil.example.")));
    assert_true (indicator_read (&c, span_of ("http://evil.example")));
    struct hash x = indicator_hash (&a), y = indicator_hash (&b), z = indicator_hash (&c);
    assert_true (hash_equal (&x, &y));
    assert_false (hash_equal (&x, &z));
    struct hash class = class_hash (span_of ("evil.example"));
    assert_false (hash_equal (&x, &class));
}

static void what_is_too_long_is_none_and_hurts_nothing (void **state)
{
    static char text[3 * INDICATOR_MAX];
    struct indicator got;
    (void) state;
    memset (text, 'a', sizeof text);
    memcpy (text, "http://", 7);
    assert_false (indicator_read (&got, span_bytes (text, INDICATOR_MAX + 1)));
    assert_true (indicator_read (&got, span_bytes (text, INDICATOR_MAX)));
    memset (text, '[', sizeof text);
    assert_false (indicator_read (&got, span_bytes (text, INDICATOR_MAX)));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_written_in_several_ways_has_one_form),
        cmocka_unit_test (what_says_nothing_when_it_is_equal_is_none),
        cmocka_unit_test (what_is_not_of_the_type_that_it_is_said_to_be_is_none),
        cmocka_unit_test (a_hash_is_of_the_form_and_its_type),
        cmocka_unit_test (what_is_too_long_is_none_and_hurts_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
