/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURES_MAX 20
#define PREIMAGE       83

struct made {
    unsigned purpose;
    struct span signer, sig;
};

const struct pair *pair (const char *name)
{
    const char *key = text ("key of %s", name);
    if (!is_kept (key)) {
        struct pair made;
        uint8_t seed[crypto_sign_SEEDBYTES];
        crypto_generichash (seed, sizeof seed, (const uint8_t *) key, strlen (key), NULL, 0);
        crypto_sign_seed_keypair (made.public, made.secret, seed);
        keep (key, copied (span_bytes (&made, sizeof made)));
    }
    return (const struct pair *) kept (key).data;
}

static struct hash hash_of (uint8_t prefix, struct span a, struct span b)
{
    struct hash hash;
    crypto_generichash_state state;
    crypto_generichash_init (&state, NULL, 0, sizeof hash.bytes);
    crypto_generichash_update (&state, &prefix, 1);
    crypto_generichash_update (&state, a.data, a.size);
    crypto_generichash_update (&state, b.data, b.size);
    crypto_generichash_final (&state, hash.bytes, sizeof hash.bytes);
    return hash;
}

struct hash hashed (struct span bytes)
{
    return hash_of (0, bytes, span_of (""));
}

struct hash node_of (struct hash left, struct hash right)
{
    return hash_of (1, span_bytes (left.bytes, HASH_SIZE), span_bytes (right.bytes, HASH_SIZE));
}

struct span signature (unsigned purpose, const char *key, struct span signer, uint64_t size,
                       struct hash root)
{
    uint8_t bytes[PREIMAGE], sig[SIG_SIZE];
    memcpy (bytes, "certbus/1", 10);
    bytes[10] = (uint8_t) purpose;
    memcpy (bytes + 11, signer.data, HASH_SIZE);
    for (int i = 0; i < 8; i++)
        bytes[43 + i] = (uint8_t) (size >> (56 - 8 * i));
    memcpy (bytes + 51, root.bytes, HASH_SIZE);
    crypto_sign_detached (sig, NULL, bytes, sizeof bytes, pair (key)->secret);
    return copied (span_bytes (sig, sizeof sig));
}

static unsigned purpose_number (const char *name)
{
    static const char *const purposes[] = { "",           "message",     "approval",  "credential",
                                            "succession", "countersign", "enrolment", "root",
                                            "policy",     "revocation",  "request",   "reply" };
    for (unsigned i = 1; i < sizeof purposes / sizeof purposes[0]; i++)
        if (strcmp (purposes[i], name) == 0)
            return i;
    fprintf (stderr, "make_vectors: no purpose \"%s\"\n", name);
    exit (1);
}

static int in_order (const void *a, const void *b)
{
    const struct made *left = a, *right = b;
    if (left->purpose != right->purpose)
        return left->purpose < right->purpose ? -1 : 1;
    return memcmp (left->signer.data, right->signer.data, HASH_SIZE);
}

struct span sign (struct span body, const char *by)
{
    struct made all[SIGNATURES_MAX];
    struct pack_out out;
    size_t count = 0;
    char *copy = strdup (by), *rest = copy, *word;
    while ((word = strtok_r (rest, " ", &rest)) != NULL) {
        const char *purpose = strtok (word, "/"), *key = strtok (NULL, "/"),
                   *as = strtok (NULL, "/");
        struct made *made = &all[count++];
        const char *name = as != NULL ? as : text ("%s.hash", key);
        made->purpose = purpose_number (purpose);
        made->signer = is_kept (name) ? kept (name) : span_bytes (pair (key)->public, KEY_SIZE);
        made->sig = signature (made->purpose, key, made->signer, 1, hashed (body));
    }
    free (copy);
    qsort (all, count, sizeof all[0], in_order);
    pack_init (&out);
    pack_put_array (&out, 2);
    pack_put_bin (&out, body);
    pack_put_array (&out, count);
    for (size_t i = 0; i < count; i++) {
        pack_put_array (&out, 3);
        pack_put_uint (&out, all[i].purpose);
        pack_put_bin (&out, all[i].signer);
        pack_put_bin (&out, all[i].sig);
    }
    struct span bytes = copied (pack_result (&out));
    pack_free (&out);
    return bytes;
}

struct span sign_as (struct span signed_bytes, const char *key, const char *as)
{
    keep ("message", signed_bytes);
    keep ("sig", signature (1, key, kept (text ("%s.hash", as)), 1, hashed (signed_bytes)));
    return say ("[$message, [1, 0, #, $sig], []]");
}

struct span envelope (struct span signed_bytes, const char *key)
{
    return sign_as (signed_bytes, key, key);
}

/* --- The hierarchy -------------------------------------------------------------------------- */

const char message_fields[] =
    "version=1;kind='note';origin='pk.sindh.kpt';credential=$pk.sindh.kpt.hash;epoch=[1, 7];"
    "sequence=1;audience=['pk'];precedence=1;tlp=1;mode=0;exercise=nil;issued=now;expires=nil;"
    "thread=nil;after=#;replaces=nil;climb=nil;by=nil;schema=1;salt=b(16,00);"
    "body={'text': 'x'}";

const char credential_fields[] =
    "version=1;type='credential';party='pk.sindh.x';title='X';role='organisation';sectors=[];"
    "sign=%x;seal=~x+seal;link=~x+link;generation=1;previous=nil;issued=now-1d;"
    "not-before=now-1d;not-after=now+10d;may=nil;issuer=$pk.sindh.hash;formerly=nil";

const char policy_fields[] =
    "version=1;type='policy';number=1;time=now-5d;title='rules';"
    "roles=['national', 'organisation', 'provincial'];"
    "grants=[['national', ['*'], 128], ['provincial', ['*'], 63], "
    "['organisation', ['incident', 'note'], 70], ['*', ['answer', 'receipt', 'rejection'], 256], "
    "['provincial', ['revocation'], 128]];"
    "sectors=[['energy', 'pk.energy'], ['health', nil]];"
    "clocks=[['report', '*', 0, 3600000], ['report', 'national', 5, 1]];"
    "settings=[['ahead', 300000], ['flash-per-hour', 10]]";

const char root_fields[] = "version=1;type='root';number=1;previous=nil;time=now-9d;expires=nil;"
                           "party='pk';threshold=2;keys=$root.keys";

struct span message (const char *changes)
{
    return record (message_fields, changes);
}

static struct span keep_statement (const char *as, struct span body, const char *by)
{
    struct hash hash = hashed (body);
    keep (text ("%s.hash", as), copied (span_bytes (hash.bytes, HASH_SIZE)));
    return keep (as, sign (body, by));
}

struct span credential (const char *as, const char *changes, const char *by)
{
    return keep_statement (as, record (credential_fields, changes),
                           by != NULL ? by : "credential/pk.sindh");
}

struct span policy (const char *changes, const char *by)
{
    return sign (record (policy_fields, changes), by != NULL ? by : "policy/r1 policy/r2");
}

struct span root_file (const char *changes, const char *by)
{
    return keep_statement ("root.next", record (root_fields, changes), by);
}

static int by_bytes (const void *a, const void *b)
{
    return memcmp (a, b, KEY_SIZE);
}

void world (void)
{
    uint8_t keys[3][KEY_SIZE];
    for (int i = 0; i < 3; i++)
        memcpy (keys[i], pair (text ("r%d", i + 1))->public, KEY_SIZE);
    qsort (keys, 3, KEY_SIZE, by_bytes);
    keep ("root.keys", copied (span_bytes (keys, sizeof keys)));
    keep_statement ("root", record (root_fields, ""), "root/r1 root/r2");
    keep ("policy", policy ("", NULL));
    credential ("pk",
                "party='pk';title='National';role='national';sign=%pk;seal=~pk+seal;link=~pk+link;"
                "issued=now-8d;not-before=now-8d;not-after=now+99d;issuer=nil;"
                "may=[['*'], ['*'], 100, 7, now+90d]",
                "credential/r1 credential/r3");
    credential ("pk.sindh",
                "party='pk.sindh';title='Sindh';role='provincial';sectors=['energy'];"
                "sign=%pk.sindh;seal=~pk.sindh+seal;link=~pk.sindh+link;issued=now-7d;"
                "not-before=now-7d;not-after=now+80d;issuer=$pk.hash;"
                "may=[['organisation', 'provincial'], ['energy', 'health'], 9, 3, now+40d]",
                "credential/pk");
    credential ("pk.punjab",
                "party='pk.punjab';title='Punjab';role='provincial';sign=%pk.punjab;"
                "seal=~pk.punjab+seal;link=~pk.punjab+link;issued=now-7d;not-before=now-7d;"
                "not-after=now+80d;issuer=$pk.hash;may=[['*'], ['*'], 9, 3, now+40d]",
                "credential/pk");
    credential ("pk.sindh.kpt",
                "party='pk.sindh.kpt';title='Karachi Port';sectors=['energy'];sign=%pk.sindh.kpt;"
                "seal=~pk.sindh.kpt+seal;link=~pk.sindh.kpt+link;issued=now-6d;"
                "not-before=now-6d;not-after=now+30d",
                NULL);
}
