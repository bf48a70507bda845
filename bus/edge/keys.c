/* SPDX-License-Identifier: Apache-2.0 */
#include "bus/edge/keys.h"

#include <assert.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED_SIZE crypto_sign_SEEDBYTES
#define SEED_HEX  (2 * SEED_SIZE)
#define FILE_MAX  4096
#define VALUE_MAX (PARTY_MAX > SEED_HEX ? PARTY_MAX : SEED_HEX)

static_assert (KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "an Ed25519 public key");
static_assert (SECRET_SIZE == crypto_sign_SECRETKEYBYTES, "an Ed25519 secret key");

static void need_sodium (void)
{
    if (sodium_init () < 0)
        abort ();
}

void keypair_make (struct keypair *pair)
{
    need_sodium ();
    crypto_sign_keypair (pair->public, pair->secret);
}

/* False when an Ed25519 key has no X25519 form: no key of ours, but of a file, perhaps. */
static bool derive (struct keys *keys)
{
    return crypto_sign_ed25519_pk_to_curve25519 (keys->seal_public, keys->seal.public) == 0 &&
           crypto_sign_ed25519_sk_to_curve25519 (keys->seal_secret, keys->seal.secret) == 0 &&
           crypto_sign_ed25519_pk_to_curve25519 (keys->link_public, keys->link.public) == 0 &&
           crypto_sign_ed25519_sk_to_curve25519 (keys->link_secret, keys->link.secret) == 0;
}

void keys_make (struct keys *keys, struct span party)
{
    assert (party_valid (party));
    memset (keys, 0, sizeof *keys);
    span_text (party, keys->party, sizeof keys->party);
    keypair_make (&keys->sign);
    keypair_make (&keys->seal);
    keypair_make (&keys->link);
    if (!derive (keys))
        abort ();
}

void keys_wipe (struct keys *keys)
{
    sodium_memzero (keys, sizeof *keys);
}

/* The files: `name = "value";` lines, comments with #. */

static void seed_hex (const struct keypair *pair, char hex[SEED_HEX + 1])
{
    sodium_bin2hex (hex, SEED_HEX + 1, pair->secret, SEED_SIZE);
}

static int save (const char *path, char *text, size_t size, int printed, char *why, size_t why_size)
{
    assert (printed > 0 && (size_t) printed < size);
    (void) printed;
    int result = file_write (path, span_of (text), true, false, why, why_size);
    sodium_memzero (text, size);
    return result;
}

int keys_save (const struct keys *keys, const char *path, char *why, size_t why_size)
{
    need_sodium ();
    char text[FILE_MAX], sign[SEED_HEX + 1], seal[SEED_HEX + 1], link[SEED_HEX + 1];
    seed_hex (&keys->sign, sign);
    seed_hex (&keys->seal, seal);
    seed_hex (&keys->link, link);
    int n = snprintf (text, sizeof text,
                      "# Keep secret: whoever has this file speaks in the name of %s.\n"
                      "# The seeds of its three Ed25519 key pairs. Have one copy, offline.\n"
                      "party = \"%s\";\n"
                      "sign = \"%s\";\n"
                      "seal = \"%s\";\n"
                      "link = \"%s\";\n",
                      keys->party, keys->party, sign, seal, link);
    sodium_memzero (sign, sizeof sign);
    sodium_memzero (seal, sizeof seal);
    sodium_memzero (link, sizeof link);
    return save (path, text, sizeof text, n, why, why_size);
}

int keypair_save (const struct keypair *pair, const char *path, const char *about, char *why,
                  size_t why_size)
{
    need_sodium ();
    assert (strlen (about) < FILE_MAX / 2 && !strchr (about, '\n'));
    char text[FILE_MAX], seed[SEED_HEX + 1];
    seed_hex (pair, seed);
    int n = snprintf (text, sizeof text, "# Keep secret: %s\nseed = \"%s\";\n", about, seed);
    sodium_memzero (seed, sizeof seed);
    return save (path, text, sizeof text, n, why, why_size);
}

/* Reads the settings of a file one after another. */
struct reader {
    const char *path;
    const uint8_t *at, *end;
    unsigned line;
    bool bad;
};

static void skip_space (struct reader *r)
{
    while (r->at < r->end) {
        if (*r->at == '#')
            while (r->at < r->end && *r->at != '\n')
                r->at++;
        else if (*r->at == '\n') {
            r->line++;
            r->at++;
        } else if (*r->at == ' ' || *r->at == '\t' || *r->at == '\r')
            r->at++;
        else
            break;
    }
}

static void expect (struct reader *r, const char *text)
{
    if (r->bad)
        return; /* at the line of the first mistake */
    skip_space (r);
    size_t size = strlen (text);
    if ((size_t) (r->end - r->at) < size || memcmp (r->at, text, size) != 0)
        r->bad = true;
    else
        r->at += size;
}

/* The value of the next setting, which must have this name; empty and bad otherwise. */
static struct span value_of (struct reader *r, const char *name)
{
    expect (r, name);
    expect (r, "=");
    expect (r, "\"");
    const uint8_t *start = r->at;
    while (!r->bad && r->at < r->end && *r->at != '"' && *r->at != '\n')
        r->at++;
    struct span value = span_bytes (start, (size_t) (r->at - start));
    if (r->at == r->end || *r->at != '"')
        r->bad = true; /* a text ends on its line */
    expect (r, "\"");
    expect (r, ";");
    if (value.size > VALUE_MAX)
        r->bad = true;
    return r->bad ? span_bytes (NULL, 0) : value;
}

static void pair_of (struct reader *r, const char *name, struct keypair *pair)
{
    struct span hex = value_of (r, name);
    uint8_t seed[SEED_SIZE];
    size_t size = 0;
    if (r->bad || hex.size != SEED_HEX ||
        sodium_hex2bin (seed, sizeof seed, (const char *) hex.data, hex.size, NULL, &size, NULL) !=
            0 ||
        size != SEED_SIZE)
        r->bad = true;
    else
        crypto_sign_seed_keypair (pair->public, pair->secret, seed);
    sodium_memzero (seed, sizeof seed);
}

static int begin (struct reader *r, const char *path, struct span *bytes, char *why,
                  size_t why_size)
{
    need_sodium ();
    if (file_read_secret (path, FILE_MAX, bytes, why, why_size) != 0)
        return -1;
    *r = (struct reader){
        .path = path, .at = bytes->data, .end = bytes->data + bytes->size, .line = 1
    };
    return 0;
}

/* Wipes and frees what was read; 0 when all of it was understood. */
static int finish (struct reader *r, struct span bytes, const char *expected, char *why,
                   size_t why_size)
{
    if (!r->bad)
        skip_space (r);
    if (!r->bad && r->at != r->end)
        r->bad = true;
    if (r->bad)
        snprintf (why, why_size, "%s:%u: not a file of keys here; expected %s", r->path, r->line,
                  expected);
    uint8_t *data = (uint8_t *) (uintptr_t) bytes.data; /* allocated by file_read_secret */
    sodium_memzero (data, bytes.size);
    free (data);
    return r->bad ? -1 : 0;
}

int keys_load (struct keys *keys, const char *path, char *why, size_t why_size)
{
    struct reader r;
    struct span bytes;
    memset (keys, 0, sizeof *keys);
    if (begin (&r, path, &bytes, why, why_size) != 0)
        return -1;
    struct span party = value_of (&r, "party");
    if (!r.bad && !party_valid (party))
        r.bad = true;
    span_text (party, keys->party, sizeof keys->party);
    pair_of (&r, "sign", &keys->sign);
    pair_of (&r, "seal", &keys->seal);
    pair_of (&r, "link", &keys->link);
    if (!r.bad && !derive (keys))
        r.bad = true;
    int result =
        finish (&r, bytes, "party = \"NAME\"; then sign, seal and link, each = \"64 hex digits\";",
                why, why_size);
    if (result != 0)
        keys_wipe (keys);
    return result;
}

int keypair_load (struct keypair *pair, const char *path, char *why, size_t why_size)
{
    struct reader r;
    struct span bytes;
    memset (pair, 0, sizeof *pair);
    if (begin (&r, path, &bytes, why, why_size) != 0)
        return -1;
    pair_of (&r, "seed", pair);
    int result = finish (&r, bytes, "seed = \"64 hex digits\";", why, why_size);
    if (result != 0)
        sodium_memzero (pair, sizeof *pair);
    return result;
}

bool keys_are_for (const struct keys *keys, const struct credential *c)
{
    return span_is (c->name, keys->party) &&
           memcmp (c->sign_key, keys->sign.public, KEY_SIZE) == 0 &&
           memcmp (c->seal_key, keys->seal_public, KEY_SIZE) == 0 &&
           memcmp (c->link_key, keys->link_public, KEY_SIZE) == 0;
}

int keys_load_for (struct keys *keys, const char *home, const struct credential *c, char *why,
                   size_t why_size)
{
    static const char *const names[] = { "keys", KEYS_NEXT };
    char path[PATH_MAX], other[512] = "";
    for (int i = 0; i < 2; i++) {
        snprintf (path, sizeof path, "%s/%s", home, names[i]);
        bool loaded = keys_load (keys, path, i ? other : why, i ? sizeof other : why_size) == 0;
        if (loaded && keys_are_for (keys, c))
            return i;
        if (loaded && i == 0)
            snprintf (why, why_size, "%s: are not those that the credential of " SPAN_FMT " is for",
                      path, SPAN_ARG (c->name));
        keys_wipe (keys);
    }
    return -1;
}

int keys_promote (const char *home, char *why, size_t why_size)
{
    char next[PATH_MAX], path[PATH_MAX];
    snprintf (next, sizeof next, "%s/%s", home, KEYS_NEXT);
    snprintf (path, sizeof path, "%s/keys", home);
    return file_replace (next, path, why, why_size);
}

void keys_request (const struct keys *keys, const struct enrolment *asked, struct pack_out *out)
{
    assert (asked->endpoint_count <= ENDPOINTS_MAX);
    struct enrolment e = *asked;
    e.name = span_of (keys->party);
    e.sign_key = keys->sign.public;
    e.seal_key = keys->seal.public;
    e.link_key = keys->link.public;
    struct pack_out body;
    pack_init (&body);
    enrolment_pack (&body, &e);
    const struct keypair *const pairs[] = { &keys->sign, &keys->seal, &keys->link };
    struct statement_sig sigs[3];
    for (size_t i = 0; i < 3; i++) {
        struct hash signer;
        memcpy (signer.bytes, pairs[i]->public, sizeof signer.bytes);
        sigs[i] =
            statement_sign (pack_result (&body), CB_PURPOSE_ENROLMENT, &signer, pairs[i]->secret);
    }
    statement_pack (out, pack_result (&body), sigs, 3);
    pack_free (&body);
}
