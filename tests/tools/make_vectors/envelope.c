/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

#include <string.h>

static const char OK[] = "ok", BAD[] = "malformed", PROOF[] = "bad-proof",
                  FORGED[] = "bad-signature";

/* A message with one thing changed, correctly signed. */
static const struct {
    const char *name, *changes, *expect;
} messages[] = {
    { "an element too many", "+=nil", BAD },
    { "an element too few", "body=", BAD },
    { "another version", "version=2", BAD },
    { "version 0", "version=0", BAD },
    { "a kind that is no label", "kind='Note'", BAD },
    { "an empty kind", "kind=''", BAD },
    { "a kind of 32 bytes", "kind=s(32,k)", OK },
    { "a kind of 33 bytes", "kind=s(33,k)", BAD },
    { "a kind that is a bin", "kind=#6e6f7465", BAD },
    { "an origin with an empty label", "origin='pk..kpt'", BAD },
    { "an origin that ends in a dot", "origin='pk.'", BAD },
    { "an origin in upper case", "origin='PK'", BAD },
    { "an origin of eight labels", "origin='a.b.c.d.e.f.g.h'", OK },
    { "an origin of nine labels", "origin='a.b.c.d.e.f.g.h.i'", BAD },
    { "a label of 33 bytes in the origin", "origin=s(33,a)", BAD },
    { "an origin that is a subtree", "origin='pk.**'", BAD },
    { "a credential hash of 31 bytes", "credential=b(31,00)", BAD },
    { "a credential hash as a str", "credential=s(32,a)", BAD },
    { "no credential", "credential=nil", BAD },
    { "an epoch of counter 0", "epoch=[0, 7]", BAD },
    { "an epoch with the largest counter and nonce", "epoch=[4294967295, !cfffffffffffffffff]",
      OK },
    { "an epoch with a counter of 33 bits", "epoch=[4294967296, 7]", BAD },
    { "an epoch of three", "epoch=[1, 7, 0]", BAD },
    { "an epoch with a negative nonce", "epoch=[1, -1]", BAD },
    { "sequence 0", "sequence=0", BAD },
    { "the last sequence", "sequence=9007199254740991", OK },
    { "a sequence beyond the last", "sequence=9007199254740992", BAD },
    { "a negative sequence", "sequence=-1", BAD },
    { "no audience", "audience=[]", BAD },
    { "an audience of 32 terms", "audience=l(32,pk.a)", OK },
    { "an audience of 33 terms", "audience=l(33,pk.a)", BAD },
    { "an audience that is not sorted", "audience=['pk.b', 'pk.a']", BAD },
    { "a term twice", "audience=['pk', 'pk']", BAD },
    { "sectors sort before parties", "audience=['@energy', 'pk', 'pk.**']", OK },
    { "a sector without a name", "audience=['@']", BAD },
    { "a sector of two labels", "audience=['@a.b']", BAD },
    { "everything, without a party", "audience=['**']", BAD },
    { "stars in the middle", "audience=['pk.**.a']", BAD },
    { "one star", "audience=['pk.*']", BAD },
    { "an audience that is a str", "audience='pk'", BAD },
    { "precedence bulk", "precedence=2", OK },
    { "precedence 3, which is the recovery lane", "precedence=3", BAD },
    { "a precedence that is negative", "precedence=-1", BAD },
    { "no label", "tlp=0", BAD },
    { "TLP:RED", "tlp=5", OK },
    { "a TLP beyond RED", "tlp=6", BAD },
    { "a TLP that is true", "tlp=true", BAD },
    { "a TLP that is nil", "tlp=nil", BAD },
    { "mode test", "mode=2", OK },
    { "a mode that is none", "mode=3", BAD },
    { "an exercise without its announcement", "mode=1", BAD },
    { "an exercise with its announcement", "mode=1;exercise=['pk', 1, 7, 1]", OK },
    { "an announcement in a live message", "exercise=['pk', 1, 7, 1]", BAD },
    { "an announcement in a test", "mode=2;exercise=['pk', 1, 7, 1]", BAD },
    { "issued at the beginning of time", "issued=0", OK },
    { "issued in the last millisecond", "issued=253402300799999", OK },
    { "issued a millisecond later", "issued=253402300800000", BAD },
    { "issued before time", "issued=-1", BAD },
    { "expires when it was issued", "expires=now", OK },
    { "expires before it was issued", "expires=now-1", BAD },
    { "expires 0", "issued=0;expires=0", BAD },
    { "expires at 1", "issued=0;expires=1", OK },
    { "expires after time", "expires=253402300800000", BAD },
    { "a thread", "thread=['pk', 1, 7, 1]", OK },
    { "a thread of three elements", "thread=['pk', 1, 7]", BAD },
    { "a thread of five elements", "thread=['pk', 1, 7, 1, 1]", BAD },
    { "a thread with sequence 0", "thread=['pk', 1, 7, 0]", BAD },
    { "a thread with counter 0", "thread=['pk', 0, 7, 1]", BAD },
    { "a thread of no party", "thread=['', 1, 7, 1]", BAD },
    { "a thread that is a str", "thread='pk/1-1'", BAD },
    { "one hash before it", "after=b(32,01)", OK },
    { "half a hash before it", "after=b(16,01)", BAD },
    { "two equal hashes before it", "after=b(64,01)", BAD },
    { "no list of hashes", "after=nil", BAD },
    { "a list of hashes as an array", "after=[]", BAD },
    { "a replaced message", "replaces=['pk', 1, 7, 1]", OK },
    { "a consent for no party", "climb=''", BAD },
    { "an officer without a name", "by=''", BAD },
    { "an officer of 64 bytes", "by=s(64,x)", OK },
    { "an officer of 65 bytes", "by=s(65,x)", BAD },
    { "an officer whose name holds U+0000", "by=!a3610061", BAD },
    { "schema 0", "schema=0", BAD },
    { "the last schema", "schema=65535", OK },
    { "schema 65536", "schema=65536", BAD },
    { "a salt of 15 bytes", "salt=b(15,00)", BAD },
    { "a body that is an array", "body=[]", BAD },
    { "a body that is nil", "body=nil", BAD },
    { "an empty body", "body={}", OK },
    { "a body with unsorted keys", "body={'b': 1, 'a': 2}", BAD },
    { "a body with a float", "body={'a': !ca3f800000}", BAD },
    { "a body with a long number", "body={'a': !cc01}", BAD },
    { "a body that is eight deep with the message", "body={'a': [[[[[[]]]]]]}", OK },
    { "a body that is nine deep with the message", "body={'a': [[[[[[[]]]]]]]}", BAD },
    { "a number in a longer form", "sequence=!cc01", BAD },
    { "a str in a longer form", "kind=!d9046e6f7465", BAD },
};

static void one (const char *name, struct span bytes, const char *key, const char *expect)
{
    json_t *input = key != NULL ? json_pack ("{s:o, s:o}", "bytes", hex (bytes), "key",
                                             ref (text ("key.%s", key)))
                                : json_pack ("{s:o}", "bytes", hex (bytes));
    vector ("envelope", name, input, expect);
}

/* What stands around a good message, which is kept as `message`, its signature as `sig`. */
static const struct {
    const char *name, *bytes, *expect;
} wrappings[] = {
    { "an envelope of two elements", "[$message, [1, 0, #, $sig]]", BAD },
    { "an envelope of four elements", "[$message, [1, 0, #, $sig], [], nil]", BAD },
    { "an envelope that is a map", "{'a': nil}", BAD },
    { "an empty message", "[#, [1, 0, #, $sig], []]", BAD },
    { "a message that is not in a bin", "[=message, [1, 0, #, $sig], []]", BAD },
    { "a proof of three elements", "[$message, [1, 0, #], []]", BAD },
    { "a proof of five elements", "[$message, [1, 0, #, $sig, nil], []]", BAD },
    { "a negative size", "[$message, [-1, 0, #, $sig], []]", BAD },
    { "a path of 31 bytes", "[$message, [2, 0, b(31,00), $sig], []]", BAD },
    { "a path of 17 nodes", "[$message, [65536, 0, b(544,00), $sig], []]", BAD },
    { "a path that is an array", "[$message, [1, 0, [], $sig], []]", BAD },
    { "a signature of 63 bytes", "[$message, [1, 0, #, b(63,00)], []]", BAD },
    { "a signature of 65 bytes", "[$message, [1, 0, #, b(65,00)], []]", BAD },
    { "approvals that are nil", "[$message, [1, 0, #, $sig], nil]", BAD },
    { "five approvals",
      "[$message, [1, 0, #, $sig], [['a', %a, $sig], ['b', %a, $sig], "
      "['c', %a, $sig], ['d', %a, $sig], ['e', %a, $sig]]]",
      BAD },
    { "one officer twice", "[$message, [1, 0, #, $sig], [['a', %a, $sig], ['a', %b, $sig]]]", BAD },
    { "officers out of order", "[$message, [1, 0, #, $sig], [['b', %a, $sig], ['a', %b, $sig]]]",
      BAD },
    { "an approval without a key", "[$message, [1, 0, #, $sig], [['a', $sig]]]", BAD },
    { "an approval by nobody", "[$message, [1, 0, #, $sig], [['', %a, $sig]]]", BAD },
    { "a tree of no leaves", "[$message, [0, 0, #, $sig], []]", PROOF },
    { "an index that is the size", "[$message, [1, 1, #, $sig], []]", PROOF },
    { "a tree larger than a batch", "[$message, [65537, 65536, b(32,00), $sig], []]", PROOF },
    { "a size that is one in 32 bits", "[$message, [4294967297, 0, #, $sig], []]", PROOF },
    { "an index that is 0 in 32 bits", "[$message, [1, 4294967296, #, $sig], []]", PROOF },
    { "the largest size", "[$message, [!cfffffffffffffffff, 0, #, $sig], []]", PROOF },
    { "a path where there is one leaf", "[$message, [1, 0, b(32,00), $sig], []]", PROOF },
    { "no path where there are two leaves", "[$message, [2, 0, #, $sig], []]", PROOF },
    { "a path one node too short", "[$message, [8, 3, b(64,00), $sig], []]", PROOF },
    { "a path one node too long", "[$message, [8, 3, b(128,00), $sig], []]", PROOF },
};

/* Two leaves under one root, whose signature the second envelope of each pair misuses. */
static void batches (void)
{
    struct span first = message ("sequence=10"), second = message ("sequence=11"),
                stranger = message ("sequence=12");
    struct hash a = hashed (first), b = hashed (second), c = hashed (stranger);
    struct span by = kept ("pk.sindh.kpt.hash");
    keep ("first", first);
    keep ("second", second);
    keep ("stranger", stranger);
    keep ("leaf.a", copied (span_bytes (a.bytes, HASH_SIZE)));
    keep ("leaf.b", copied (span_bytes (b.bytes, HASH_SIZE)));
    keep ("two", signature (1, "pk.sindh.kpt", by, 2, node_of (a, b)));
    keep ("swapped", signature (1, "pk.sindh.kpt", by, 2, node_of (b, a)));
    keep ("alone", signature (1, "pk.sindh.kpt", by, 1, c));
    keep ("as.one", signature (1, "pk.sindh.kpt", by, 1, node_of (a, b)));
    one ("the first of a batch", say ("[$first, [2, 0, $leaf.b, $two], []]"), "pk.sindh.kpt", OK);
    one ("the second of a batch", say ("[$second, [2, 1, $leaf.a, $two], []]"), "pk.sindh.kpt", OK);
    one ("a leaf that is not of the batch, under its root",
         say ("[$stranger, [2, 1, $leaf.a, $two], []]"), "pk.sindh.kpt", FORGED);
    one ("a leaf in the other's place", say ("[$first, [2, 1, $leaf.b, $two], []]"), "pk.sindh.kpt",
         FORGED);
    one ("the root of another order", say ("[$first, [2, 0, $leaf.b, $swapped], []]"),
         "pk.sindh.kpt", FORGED);
    one ("the signature of another message", say ("[$first, [1, 0, #, $alone], []]"),
         "pk.sindh.kpt", FORGED);
    one ("the size that was signed is another", say ("[$first, [2, 0, $leaf.b, $as.one], []]"),
         "pk.sindh.kpt", FORGED);
}

static void signers (void)
{
    struct span body = message ("sequence=20");
    struct hash leaf = hashed (body);
    struct span by = kept ("pk.sindh.kpt.hash"), other = kept ("pk.sindh.hash");
    keep ("message", body);
    keep ("sig", signature (1, "pk.sindh.kpt", by, 1, leaf));
    one ("the key of another party", say ("[$message, [1, 0, #, $sig], []]"), "pk.sindh", FORGED);
    keep ("sig", signature (1, "pk.sindh", by, 1, leaf));
    one ("signed by another key", say ("[$message, [1, 0, #, $sig], []]"), "pk.sindh.kpt", FORGED);
    keep ("sig", signature (1, "pk.sindh.kpt", other, 1, leaf));
    one ("signed in the name of another credential", say ("[$message, [1, 0, #, $sig], []]"),
         "pk.sindh.kpt", FORGED);
    static const unsigned purposes[] = { 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0 };
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
        keep ("sig", signature (purposes[i], "pk.sindh.kpt", by, 1, leaf));
        one (text ("signed for purpose %u", purposes[i]), say ("[$message, [1, 0, #, $sig], []]"),
             "pk.sindh.kpt", FORGED);
    }
    keep ("sig", signature (1, "pk.sindh.kpt", by, 1, leaf));
    one ("a signature of zero bytes", say ("[$message, [1, 0, #, b(64,00)], []]"), "pk.sindh.kpt",
         FORGED);
    uint8_t flipped[SIG_SIZE];
    memcpy (flipped, kept ("sig").data, SIG_SIZE);
    flipped[0] ^= 1;
    keep ("flipped", copied (span_bytes (flipped, SIG_SIZE)));
    one ("a signature with one bit changed", say ("[$message, [1, 0, #, $flipped], []]"),
         "pk.sindh.kpt", FORGED);
    /* S plus the order of the group: the same equation, another signature. */
    static const uint8_t order[] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                     0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14 };
    memcpy (flipped, kept ("sig").data, SIG_SIZE);
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += flipped[32 + i] + (i < sizeof order ? order[i] : i == 31 ? 0x10u : 0u);
        flipped[32 + i] = (uint8_t) carry;
        carry >>= 8;
    }
    keep ("flipped", copied (span_bytes (flipped, SIG_SIZE)));
    one ("a signature whose S is not reduced", say ("[$message, [1, 0, #, $flipped], []]"),
         "pk.sindh.kpt", FORGED);
    static const uint8_t identity[KEY_SIZE] = { 1 };
    keep ("key.identity", span_bytes (identity, KEY_SIZE));
    keep ("small",
          joined (span_bytes (identity, KEY_SIZE), say ("!0000000000000000000000000000"
                                                        "000000000000000000000000000000000000")));
    one ("a key and an R of small order, which would sign everything",
         say ("[$message, [1, 0, #, $small], []]"), "identity", FORGED);
}

static void approvals (void)
{
    struct span body = message ("sequence=21");
    struct hash leaf = hashed (body);
    struct span a = span_bytes (pair ("a")->public, KEY_SIZE),
                b = span_bytes (pair ("b")->public, KEY_SIZE);
    keep ("message", body);
    keep ("sig", signature (1, "pk.sindh.kpt", kept ("pk.sindh.kpt.hash"), 1, leaf));
    keep ("by.a", signature (2, "a", a, 1, leaf));
    keep ("by.b", signature (2, "b", b, 1, leaf));
    keep ("other", signature (2, "a", a, 1, hashed (kept ("first"))));
    keep ("purpose", signature (1, "a", a, 1, leaf));
    one ("two approvals", say ("[$message, [1, 0, #, $sig], [['a', %a, $by.a], ['b', %b, $by.b]]]"),
         "pk.sindh.kpt", OK);
    one ("one key under two names",
         say ("[$message, [1, 0, #, $sig], [['a', %a, $by.a], ['b', %a, $by.a]]]"), "pk.sindh.kpt",
         OK);
    one ("an approval by another key",
         say ("[$message, [1, 0, #, $sig], [['a', %a, $by.a], ['b', %b, $by.a]]]"), "pk.sindh.kpt",
         "approval");
    one ("an approval of another message", say ("[$message, [1, 0, #, $sig], [['a', %a, $other]]]"),
         "pk.sindh.kpt", "approval");
    one ("an approval that was signed as a message",
         say ("[$message, [1, 0, #, $sig], [['a', %a, $purpose]]]"), "pk.sindh.kpt", "approval");
    one ("a bad approval of a forged message",
         say ("[$message, [1, 0, #, $by.a], [['a', %a, $other]]]"), "pk.sindh.kpt", FORGED);
}

void make_envelope (void)
{
    static const char *const keys[] = { "pk.sindh.kpt", "pk.sindh" };
    for (size_t i = 0; i < 2; i++)
        keep (text ("key.%s", keys[i]), span_bytes (pair (keys[i])->public, KEY_SIZE));

    struct span good = envelope (message (""), "pk.sindh.kpt");
    struct hash leaf = hashed (kept ("message"));
    vector_with ("envelope", "a message alone in its batch",
                 json_pack ("{s:o, s:o}", "bytes", hex (good), "key", ref ("key.pk.sindh.kpt")), OK,
                 json_pack ("{s:s, s:o}", "id", "pk.sindh.kpt/1-1", "leaf",
                            hex (span_bytes (leaf.bytes, HASH_SIZE))));
    for (size_t i = 0; i < sizeof wrappings / sizeof wrappings[0]; i++)
        one (wrappings[i].name, say (wrappings[i].bytes), NULL, wrappings[i].expect);
    one ("a byte after the envelope", joined (good, span_of ("x")), NULL, BAD);
    one ("a byte after the message",
         envelope (joined (message (""), span_of ("x")), "pk.sindh.kpt"), NULL, BAD);
    one ("no bytes at all", span_of (""), NULL, BAD);
    one ("262145 bytes", say ("s(262140,x)"), NULL, "too-large");
    one ("262144 bytes that are no envelope", say ("s(262139,x)"), NULL, BAD);
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        one (messages[i].name, envelope (message (messages[i].changes), "pk.sindh.kpt"), NULL,
             messages[i].expect);
    batches ();
    signers ();
    approvals ();
}
