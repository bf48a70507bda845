/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE  64
#define FIELDS_MAX 24

struct name {
    struct name *next;
    char text[NAME_SIZE];
    struct span bytes;
};

static struct name *names;

static void *room (size_t size)
{
    void *memory = calloc (1, size ? size : 1);
    if (memory == NULL)
        abort ();
    return memory;
}

struct span copied (struct span bytes)
{
    uint8_t *copy = room (bytes.size);
    if (bytes.size > 0)
        memcpy (copy, bytes.data, bytes.size);
    return span_bytes (copy, bytes.size);
}

struct span joined (struct span a, struct span b)
{
    uint8_t *both = room (a.size + b.size);
    if (a.size > 0)
        memcpy (both, a.data, a.size);
    if (b.size > 0)
        memcpy (both + a.size, b.data, b.size);
    return span_bytes (both, a.size + b.size);
}

const char *text (const char *format, ...)
{
    char *out = NULL;
    va_list args;
    va_start (args, format);
    if (vasprintf (&out, format, args) < 0)
        abort ();
    va_end (args);
    return out;
}

static struct name *find (const char *name)
{
    for (struct name *at = names; at != NULL; at = at->next)
        if (strcmp (at->text, name) == 0)
            return at;
    return NULL;
}

struct span keep (const char *name, struct span bytes)
{
    struct name *at = find (name);
    if (at == NULL) {
        at = room (sizeof *at);
        snprintf (at->text, sizeof at->text, "%s", name);
        at->next = names;
        names = at;
    }
    at->bytes = bytes;
    return bytes;
}

bool is_kept (const char *name)
{
    return find (name) != NULL;
}

struct span kept (const char *name)
{
    struct name *at = find (name);
    if (at == NULL) {
        fprintf (stderr, "make_vectors: nothing is kept as \"%s\"\n", name);
        exit (1);
    }
    return at->bytes;
}

struct reader {
    const char *at, *all;
    struct pack_out out;
};

static _Noreturn void wrong (const struct reader *r)
{
    fprintf (stderr, "make_vectors: \"%s\" at \"%s\"\n", r->all, r->at);
    exit (1);
}

static void blanks (struct reader *r)
{
    while (*r->at == ' ')
        r->at++;
}

static bool comes (struct reader *r, const char *word)
{
    blanks (r);
    if (strncmp (r->at, word, strlen (word)) != 0)
        return false;
    r->at += strlen (word);
    return true;
}

static void must (struct reader *r, const char *word)
{
    if (!comes (r, word))
        wrong (r);
}

static int64_t number (struct reader *r)
{
    char *end;
    int64_t value = strtoll (r->at, &end, 10);
    if (end == r->at)
        wrong (r);
    r->at = end;
    return value;
}

static struct span hex_bytes (struct reader *r)
{
    size_t digits = strspn (r->at, "0123456789abcdef"), size = 0;
    uint8_t *bytes = room (digits / 2);
    if (sodium_hex2bin (bytes, digits / 2, r->at, digits, NULL, &size, NULL) != 0 ||
        2 * size != digits)
        wrong (r);
    r->at += digits;
    return span_bytes (bytes, size);
}

static const char *name_of (struct reader *r)
{
    static char name[NAME_SIZE];
    size_t size = 0;
    while (isalnum ((unsigned char) r->at[size]) || strchr (".-_+", r->at[size]) != NULL) {
        if (r->at[size] == 0 || size + 1 == sizeof name)
            break;
        name[size] = r->at[size];
        size++;
    }
    name[size] = 0;
    r->at += size;
    return name;
}

static void value (struct reader *r);

/* Elements up to `end`: how many is known only afterwards, so they are written apart. */
static size_t elements (struct reader *r, const char *end, bool map, struct pack_out *parts)
{
    struct reader inner = { .at = r->at, .all = r->all };
    size_t count = 0;
    pack_init (&inner.out);
    while (!comes (&inner, end)) {
        if (count > 0)
            must (&inner, ",");
        value (&inner);
        if (map) {
            must (&inner, ":");
            value (&inner);
        }
        count++;
    }
    r->at = inner.at;
    *parts = inner.out;
    return count;
}

static void compound (struct reader *r, bool map)
{
    struct pack_out parts;
    size_t count = elements (r, map ? "}" : "]", map, &parts);
    if (map)
        pack_put_map (&r->out, count);
    else
        pack_put_array (&r->out, count);
    pack_put_raw (&r->out, pack_result (&parts));
    pack_free (&parts);
}

static void repeated (struct reader *r, char what)
{
    int64_t count = number (r);
    must (r, ",");
    if (what == 'b' || what == 's') {
        uint8_t fill = what == 's' ? (uint8_t) *r->at++ : *hex_bytes (r).data;
        uint8_t *bytes = room ((size_t) count);
        memset (bytes, fill, (size_t) count);
        struct span all = span_bytes (bytes, (size_t) count);
        if (what == 'b')
            pack_put_bin (&r->out, all);
        else
            pack_put_str (&r->out, all);
    } else if (what == 'l') {
        const char *prefix = name_of (r);
        pack_put_array (&r->out, (size_t) count);
        for (int64_t i = 0; i < count; i++)
            pack_put_text (&r->out, text ("%s%02" PRId64, prefix, i));
    } else {
        const char *start = r->at;
        pack_put_array (&r->out, (size_t) count);
        for (int64_t i = 0; i < count; i++) {
            r->at = start;
            value (r);
        }
    }
    must (r, ")");
}

static void moment (struct reader *r)
{
    int64_t at = NOW;
    if (*r->at == '+' || *r->at == '-') {
        int64_t off = number (r);
        at += *r->at == 'd' ? off * DAY : off;
        r->at += *r->at == 'd';
    }
    pack_put_int (&r->out, at);
}

static void quoted (struct reader *r)
{
    size_t size = strcspn (r->at, "'");
    pack_put_str (&r->out, span_bytes (r->at, size));
    r->at += size;
    must (r, "'");
}

static void value (struct reader *r)
{
    uint8_t x25519[KEY_SIZE];
    if (comes (r, "nil"))
        pack_put_nil (&r->out);
    else if (comes (r, "true"))
        pack_put_bool (&r->out, true);
    else if (comes (r, "false"))
        pack_put_bool (&r->out, false);
    else if (comes (r, "now"))
        moment (r);
    else if (comes (r, "["))
        compound (r, false);
    else if (comes (r, "{"))
        compound (r, true);
    else if (comes (r, "'"))
        quoted (r);
    else if (comes (r, "#"))
        pack_put_bin (&r->out, hex_bytes (r));
    else if (comes (r, "!"))
        pack_put_raw (&r->out, hex_bytes (r));
    else if (comes (r, "$"))
        pack_put_bin (&r->out, kept (name_of (r)));
    else if (comes (r, "="))
        pack_put_raw (&r->out, kept (name_of (r)));
    else if (comes (r, "%"))
        pack_put_bin (&r->out, span_bytes (pair (name_of (r))->public, KEY_SIZE));
    else if (comes (r, "~")) {
        if (crypto_sign_ed25519_pk_to_curve25519 (x25519, pair (name_of (r))->public) != 0)
            wrong (r);
        pack_put_bin (&r->out, span_bytes (x25519, KEY_SIZE));
    } else if (r->at[0] != 0 && strchr ("bslr", r->at[0]) != NULL && r->at[1] == '(') {
        char what = *r->at;
        r->at += 2;
        repeated (r, what);
    } else
        pack_put_int (&r->out, number (r));
}

struct span say (const char *given)
{
    struct reader r = { .at = given, .all = given };
    pack_init (&r.out);
    value (&r);
    blanks (&r);
    if (*r.at != 0)
        wrong (&r);
    struct span bytes = copied (pack_result (&r.out));
    pack_free (&r.out);
    return bytes;
}

struct field {
    char name[NAME_SIZE];
    const char *value; /* NULL: left out */
};

/* The next "field=value;" of `*at`. */
static bool next_field (const char **at, struct field *field)
{
    size_t name = strcspn (*at, "="), size;
    if (**at == 0)
        return false;
    snprintf (field->name, sizeof field->name, "%.*s", (int) name, *at);
    *at += name + 1;
    size = strcspn (*at, ";");
    field->value = size > 0 ? text ("%.*s", (int) size, *at) : NULL;
    *at += size + ((*at)[size] == ';');
    return true;
}

struct span record (const char *fields, const char *changes)
{
    struct field all[FIELDS_MAX], change;
    size_t count = 0, written = 0;
    while (next_field (&fields, &all[count]))
        count++;
    while (next_field (&changes, &change)) {
        size_t i = 0;
        while (i < count && strcmp (all[i].name, change.name) != 0)
            i++;
        if (i == count && strcmp (change.name, "+") != 0) {
            fprintf (stderr, "make_vectors: no field \"%s\"\n", change.name);
            exit (1);
        }
        all[i] = change;
        count += i == count;
    }
    struct pack_out out;
    pack_init (&out);
    for (size_t i = 0; i < count; i++)
        written += all[i].value != NULL;
    pack_put_array (&out, written);
    for (size_t i = 0; i < count; i++)
        if (all[i].value != NULL)
            pack_put_raw (&out, say (all[i].value));
    struct span bytes = copied (pack_result (&out));
    pack_free (&out);
    return bytes;
}
