/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/core/indicator.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Before what is hashed, so that no hash of another thing is taken for one of these. */
#define CONTEXT "certbus/indicator/1"

static const char *const names[] = {
#define INDICATOR_X(NAME, name) name,
    INDICATORS (INDICATOR_X)
#undef INDICATOR_X
};

const char *indicator_type_name (unsigned type)
{
    return type < INDICATOR_END ? names[type] : "?";
}

/* --- As it is written ---------------------------------------------------------------------- */

/* How people keep an indicator from being clicked on. Longer ones first. */
static const struct {
    const char *written, *meant;
} defanged[] = {
    { "hxxps", "https" }, { "hxxp", "http" }, { "[://]", "://" }, { "[dot]", "." },
    { "(dot)", "." },     { "[at]", "@" },    { "(at)", "@" },    { "[.]", "." },
    { "(.)", "." },       { "{.}", "." },     { "[@]", "@" },     { "[:]", ":" },
    { "\\.", "." },
};

/* Of the text at `at`, how many bytes are a way of writing something else; 0: none. */
static size_t undone (struct span at, bool first, const char **meant)
{
    for (size_t i = 0; i < sizeof defanged / sizeof defanged[0]; i++) {
        size_t size = strlen (defanged[i].written);
        bool scheme = defanged[i].written[0] == 'h';
        *meant = defanged[i].meant;
        if ((!scheme || first) && at.size >= size &&
            memcmp (at.data, defanged[i].written, size) == 0)
            return size;
    }
    return 0;
}

static bool blank (uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without blanks around it, in small letters, not defanged. False: it is none, or too long. */
static bool plain (struct span typed, char out[INDICATOR_MAX + 1])
{
    char low[INDICATOR_MAX];
    size_t size = 0, used = 0;
    while (typed.size > 0 && blank (typed.data[0]))
        typed = span_bytes (typed.data + 1, typed.size - 1);
    while (typed.size > 0 && blank (typed.data[typed.size - 1]))
        typed.size--;
    if (typed.size == 0 || typed.size > sizeof low)
        return false;
    for (; size < typed.size; size++) {
        uint8_t c = typed.data[size];
        if (c <= ' ' || c == 0x7f)
            return false;
        low[size] = (char) (c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
    }
    for (size_t at = 0; at < size;) {
        const char *meant;
        size_t skip = undone (span_bytes (low + at, size - at), at == 0, &meant);
        if (skip == 0)
            out[used++] = low[at++];
        else {
            memcpy (out + used, meant, strlen (meant)); /* never longer than what it stands for */
            used += strlen (meant);
            at += skip;
        }
    }
    out[used] = '\0';
    return used > 0;
}

/* --- What it may be ------------------------------------------------------------------------ */

static bool digit (char c)
{
    return c >= '0' && c <= '9';
}

static bool as_ipv4 (char *text)
{
    struct in_addr address;
    return inet_pton (AF_INET, text, &address) == 1;
}

/* The form of RFC 5952, which inet_ntop writes; without the brackets of a URL. */
static bool as_ipv6 (char *text)
{
    struct in6_addr address;
    char inside[INET6_ADDRSTRLEN];
    size_t size = strlen (text);
    bool brackets = size > 2 && text[0] == '[' && text[size - 1] == ']';
    if (snprintf (inside, sizeof inside, "%.*s", (int) (size - 2 * brackets), text + brackets) >=
        (int) sizeof inside)
        return false;
    return inet_pton (AF_INET6, inside, &address) == 1 &&
           inet_ntop (AF_INET6, &address, text, INET6_ADDRSTRLEN) != NULL;
}

static bool label_char (char c)
{
    return digit (c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || (c & 0x80);
}

/* At least two labels, the last of which is no number; a dot at the end is left out. */
static bool as_domain (char *text)
{
    size_t size = strlen (text), label = 0, dots = 0;
    bool number = true;
    if (size > 1 && text[size - 1] == '.')
        text[--size] = '\0';
    if (size > 253)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '.') {
            if (!label_char (text[i]) || ++label > 63)
                return false;
            number = number && digit (text[i]);
            continue;
        }
        if (label == 0)
            return false;
        dots++;
        label = 0;
        number = true;
    }
    return dots > 0 && label > 0 && !number;
}

static bool as_email (char *text)
{
    char *at = strrchr (text, '@');
    return at != NULL && at > text && memchr (text, '/', (size_t) (at - text)) == NULL &&
           memchr (text, ':', (size_t) (at - text)) == NULL && as_domain (at + 1);
}

/* Without what does not leave the browser, a port that goes without saying, a lone slash. */
static bool as_url (char *text)
{
    static const struct {
        const char *scheme, *port;
    } schemes[] = { { "http://", ":80" }, { "https://", ":443" }, { "ftp://", ":21" } };
    size_t i = 0, count = sizeof schemes / sizeof schemes[0];
    while (i < count && strncmp (text, schemes[i].scheme, strlen (schemes[i].scheme)) != 0)
        i++;
    char *host = strstr (text, "://");
    if (host == NULL || host == text ||
        strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789+.-") != (size_t) (host - text))
        return false;
    host += 3;
    text[strcspn (text, "#")] = '\0';
    size_t size = strcspn (host, "/?");
    if (size == 0)
        return false;
    size_t port = i < count ? strlen (schemes[i].port) : 0;
    if (port > 0 && size > port && memcmp (host + size - port, schemes[i].port, port) == 0)
        memmove (host + size - port, host + size, strlen (host + size) + 1);
    size = strlen (text);
    if (text[size - 1] == '/' && host + strcspn (host, "/?") == text + size - 1)
        text[size - 1] = '\0';
    return true;
}

static bool as_file (char *text)
{
    size_t size = strlen (text);
    return (size == 32 || size == 40 || size == 64 || size == 128) &&
           strspn (text, "0123456789abcdef") == size;
}

/* In the order in which they are tried. */
static bool (*const readers[INDICATOR_END]) (char *text) = {
    [INDICATOR_IPV4] = as_ipv4,     [INDICATOR_IPV6] = as_ipv6, [INDICATOR_FILE] = as_file,
    [INDICATOR_DOMAIN] = as_domain, [INDICATOR_URL] = as_url,   [INDICATOR_EMAIL] = as_email,
};

static bool read_as (struct indicator *out, enum indicator_type type, struct span typed)
{
    out->type = type;
    return plain (typed, out->text) && readers[type](out->text);
}

bool indicator_read (struct indicator *out, struct span typed)
{
    for (unsigned type = 0; type < INDICATOR_END; type++)
        if (read_as (out, (enum indicator_type) type, typed))
            return true;
    return false;
}

bool indicator_of (struct indicator *out, struct span type, struct span value)
{
    static const struct {
        const char *name;
        enum indicator_type type;
        size_t size; /* of a hash */
    } types[] = {
        { "ipv4", INDICATOR_IPV4, 0 },     { "ipv6", INDICATOR_IPV6, 0 },
        { "domain", INDICATOR_DOMAIN, 0 }, { "url", INDICATOR_URL, 0 },
        { "email", INDICATOR_EMAIL, 0 },   { "md5", INDICATOR_FILE, 32 },
        { "sha1", INDICATOR_FILE, 40 },    { "sha256", INDICATOR_FILE, 64 },
        { "sha512", INDICATOR_FILE, 128 },
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (span_is (type, types[i].name))
            return read_as (out, types[i].type, value) &&
                   (types[i].size == 0 || strlen (out->text) == types[i].size);
    return false;
}

static struct hash hash_of (const char *type, struct span text)
{
    struct hash hash;
    crypto_generichash_state state;
    crypto_generichash_init (&state, NULL, 0, HASH_SIZE);
    crypto_generichash_update (&state, (const uint8_t *) CONTEXT, sizeof CONTEXT);
    crypto_generichash_update (&state, (const uint8_t *) type, strlen (type) + 1);
    crypto_generichash_update (&state, text.data, text.size);
    crypto_generichash_final (&state, hash.bytes, HASH_SIZE);
    return hash;
}

struct hash indicator_hash (const struct indicator *indicator)
{
    return hash_of (indicator_type_name (indicator->type), span_of (indicator->text));
}

struct hash class_hash (struct span class)
{
    return hash_of ("class", class);
}
