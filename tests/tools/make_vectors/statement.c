/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

static const char OK[] = "ok", BAD[] = "malformed";

struct line {
    const char *name, *changes, *expect;
};

static const struct line wrappings[] = {
    { "one element", "[$body]", BAD },
    { "three elements", "[$body, [[3, b(32,00), b(64,00)]], nil]", BAD },
    { "an empty body", "[#, [[3, b(32,00), b(64,00)]]]", BAD },
    { "a body that is not in a bin", "[=body, [[3, b(32,00), b(64,00)]]]", BAD },
    { "a body with a byte too many", "[$longer, [[3, b(32,00), b(64,00)]]]", BAD },
    { "a body that is not canonical", "[#cc01, [[3, b(32,00), b(64,00)]]]", BAD },
    { "no signatures", "[$body, []]", BAD },
    { "17 signatures", "[$body, r(17,[3, b(32,00), b(64,00)])]", BAD },
    { "the same signature twice", "[$body, r(2,[3, b(32,00), b(64,00)])]", BAD },
    { "one signer twice with two signatures",
      "[$body, [[3, b(32,00), b(64,00)], [3, b(32,00), b(64,01)]]]", BAD },
    { "signers out of order", "[$body, [[3, b(32,01), b(64,00)], [3, b(32,00), b(64,00)]]]", BAD },
    { "purposes out of order", "[$body, [[4, b(32,00), b(64,00)], [3, b(32,01), b(64,00)]]]", BAD },
    { "one signer for two purposes", "[$body, [[3, b(32,00), b(64,00)], [4, b(32,00), b(64,00)]]]",
      OK },
    { "purpose 0", "[$body, [[0, b(32,00), b(64,00)]]]", BAD },
    { "purpose 12", "[$body, [[12, b(32,00), b(64,00)]]]", BAD },
    { "purpose 259, which is 3 in one byte", "[$body, [[259, b(32,00), b(64,00)]]]", BAD },
    { "a signer of 31 bytes", "[$body, [[3, b(31,00), b(64,00)]]]", BAD },
    { "a signature of 63 bytes", "[$body, [[3, b(32,00), b(63,00)]]]", BAD },
    { "a signature of two elements", "[$body, [[3, b(32,00)]]]", BAD },
    { "a signature of four elements", "[$body, [[3, b(32,00), b(64,00), nil]]]", BAD },
};

static const struct line credentials[] = {
    { "a credential", "", OK },
    { "an element too many", "+=nil", BAD },
    { "an element too few", "formerly=", BAD },
    { "version 2", "version=2", BAD },
    { "an empty title", "title=''", BAD },
    { "a title of 128 bytes", "title=s(128,t)", OK },
    { "a title of 129 bytes", "title=s(129,t)", BAD },
    { "a role that is a star", "role='*'", BAD },
    { "a role that is no label", "role='a.b'", BAD },
    { "a party that is none", "party='pk.'", BAD },
    { "sectors out of order", "sectors=['b', 'a']", BAD },
    { "a sector twice", "sectors=['a', 'a']", BAD },
    { "every sector", "sectors=['*']", BAD },
    { "32 sectors", "sectors=l(32,s)", OK },
    { "33 sectors", "sectors=l(33,s)", BAD },
    { "a key of 31 bytes", "sign=b(31,00)", BAD },
    { "a key as a str", "seal=s(32,k)", BAD },
    { "no link key", "link=nil", BAD },
    { "generation 0", "generation=0", BAD },
    { "generation 1 with a previous one", "previous=b(32,00)", BAD },
    { "generation 2 without a previous one", "generation=2", BAD },
    { "the last generation", "generation=1000000;previous=b(32,00)", OK },
    { "a generation beyond the last", "generation=1000001;previous=b(32,00)", BAD },
    { "dates the wrong way round", "not-before=now;not-after=now-1", BAD },
    { "one moment", "not-before=now;not-after=now", OK },
    { "issued after time", "issued=253402300800000", BAD },
    { "a may of four elements", "may=[['*'], ['*'], 1, 1]", BAD },
    { "a may without roles", "may=[[], ['*'], 1, 1, now]", BAD },
    { "a may without sectors", "may=[['*'], [], 1, 1, now]", OK },
    { "a star beside a role", "may=[['*', 'a'], [], 1, 1, now]", BAD },
    { "16 roles", "may=[l(16,r), [], 1, 1, now]", OK },
    { "17 roles", "may=[l(17,r), [], 1, 1, now]", BAD },
    { "depth 0", "may=[['*'], [], 1, 0, now]", BAD },
    { "depth 8", "may=[['*'], [], 1, 8, now]", OK },
    { "depth 9", "may=[['*'], [], 1, 9, now]", BAD },
    { "the most children", "may=[['*'], [], 4294967295, 1, now]", OK },
    { "more children than there can be", "may=[['*'], [], 4294967296, 1, now]", BAD },
    { "an issuer of 33 bytes", "issuer=b(33,00)", BAD },
    { "a former name that is none", "formerly=''", BAD },
};

static const struct line roots[] = {
    { "a root file", "", OK },
    { "version 0", "number=0", BAD },
    { "version 1 with a previous one", "previous=b(32,00)", BAD },
    { "version 2 without a previous one", "number=2", BAD },
    { "version 2", "number=2;previous=b(32,00)", OK },
    { "a version of 33 bits", "number=4294967296;previous=b(32,00)", BAD },
    { "expires 0", "expires=0", BAD },
    { "expires before it was made", "expires=1", OK },
    { "a top party of two labels", "party='pk.sindh'", BAD },
    { "threshold 0", "threshold=0", BAD },
    { "a threshold above the keys", "threshold=4", BAD },
    { "no keys", "keys=#", BAD },
    { "half a key", "threshold=1;keys=b(48,01)", BAD },
    { "one key twice", "threshold=1;keys=b(64,01)", BAD },
    { "keys in an array", "threshold=1;keys=[b(32,01)]", BAD },
    { "17 keys", "threshold=1;keys=$keys.17", BAD },
    { "16 keys", "threshold=1;keys=$keys.16", OK },
};

static const struct line revocations[] = {
    { "a revocation", "", OK },
    { "a last message", "last=[1, 7, 9]", OK },
    { "a last message of two elements", "last=[1, 9]", BAD },
    { "a last message of counter 0", "last=[0, 7, 9]", BAD },
    { "a last message of sequence 0", "last=[1, 7, 0]", BAD },
    { "no reason", "why=''", BAD },
    { "a reason of 256 bytes", "why=s(256,w)", OK },
    { "a reason of 257 bytes", "why=s(257,w)", BAD },
    { "disputed as a number", "disputed=1", BAD },
    { "another type", "type='credential'", BAD },
};

static const struct line policies[] = {
    { "a policy", "", OK },
    { "version 0", "number=0", BAD },
    { "an empty title", "title=''", BAD },
    { "every role", "roles=['*']", OK },
    { "no roles", "roles=[]", BAD },
    { "roles out of order", "roles=['provincial', 'organisation', 'national']", BAD },
    { "17 roles", "roles=l(17,r);grants=[];clocks=[]", BAD },
    { "no grants, sectors, clocks and settings", "grants=[];sectors=[];clocks=[];settings=[]", OK },
    { "a grant for a role that is none of its own", "grants=[['king', ['*'], 1]]", BAD },
    { "a grant of no kinds", "grants=[['*', [], 1]]", BAD },
    { "a grant of a star beside a kind", "grants=[['*', ['*', 'a'], 1]]", BAD },
    { "a grant of 33 kinds", "grants=[['*', l(33,k), 1]]", BAD },
    { "a grant of no relations", "grants=[['*', ['*'], 0]]", BAD },
    { "a grant of every relation", "grants=[['*', ['*'], 1023]]", OK },
    { "a grant of a relation that is none", "grants=[['*', ['*'], 1024]]", BAD },
    { "one grant twice", "grants=[['*', ['*'], 1], ['*', ['*'], 1]]", OK },
    { "257 grants", "grants=r(257,['*', ['*'], 1])", BAD },
    { "sectors out of order", "sectors=[['b', nil], ['a', nil]]", BAD },
    { "65 sectors", "sectors=r(65,['a', nil])", BAD },
    { "a sector's CERT that is no party", "sectors=[['a', 'PK']]", BAD },
    { "a clock of severity 6", "clocks=[['a', '*', 6, 1]]", BAD },
    { "a clock of no time", "clocks=[['a', '*', 1, 0]]", BAD },
    { "a clock beyond time", "clocks=[['a', '*', 1, 253402300800000]]", BAD },
    { "a clock for a role that is none of its own", "clocks=[['a', 'king', 1, 1]]", BAD },
    { "a negative setting", "settings=[['a', -9223372036854775808]]", OK },
    { "a setting beyond 63 bits",
      "settings=[['a', 9223372036854775807], ['b', !cf8000000000000000]]", BAD },
    { "a setting twice", "settings=[['a', 1], ['a', 1]]", BAD },
    { "a setting that is a str", "settings=[['a', 'b']]", BAD },
};

static const char revocation_fields[] =
    "version=1;type='revocation';party='pk';credential=$pk.hash;why='stolen';last=nil;"
    "disputed=false";
static const char enrolment_fields[] =
    "version=1;type='enrolment';party='pk.sindh.y';title='Y';sign=%y;seal=%y+seal;link=%y+link;"
    "previous=nil;endpoints=['tcp://192.0.2.1:7400'];time=now";
static const char each[] = "enrolment/y enrolment/y+seal enrolment/y+link";

static void form (const char *type, const char *what, struct span bytes, const char *expect)
{
    vector (type, what, json_pack ("{s:o}", "bytes", hex (bytes)), expect);
}

static void lines (const struct line *all, size_t count, const char *what, const char *fields,
                   const char *by)
{
    for (size_t i = 0; i < count; i++)
        form ("statement", text ("%s: %s", what, all[i].name),
              sign (record (fields, all[i].changes), by), all[i].expect);
}

#define LINES(table, what, fields, by)                                                             \
    lines (table, sizeof table / sizeof table[0], what, fields, by)

static void enrolments (void)
{
    const struct {
        const char *name, *changes, *by, *expect;
    } all[] = {
        { "a request", "", each, OK },
        { "a request for the next generation", "previous=b(32,07)", each, OK },
        { "no title", "title=''", each, BAD },
        { "nine endpoints", "endpoints=l(9,tcp-)", each, BAD },
        { "eight endpoints", "endpoints=l(8,tcp-)", each, OK },
        { "an endpoint of 129 bytes", "endpoints=[s(129,e)]", each, BAD },
        { "an empty endpoint", "endpoints=['']", each, BAD },
        { "only two of the keys have signed", "", "enrolment/y enrolment/y+seal", "bad-signature" },
        { "signed by a key that is not in it", "",
          "enrolment/y enrolment/y+seal enrolment/z/y+link.key", "bad-signature" },
        { "signed for another purpose", "", "credential/y enrolment/y+seal enrolment/y+link",
          "bad-signature" },
        { "one key in two places", "seal=%y", each, BAD },
        { "one key in all places", "seal=%y;link=%y", "enrolment/y", BAD },
        { "a sealing key that is no point", "seal=b(32,ff)", each, "bad-signature" },
    };
    keep ("y+link.key", span_bytes (pair ("y+link")->public, KEY_SIZE));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        form ("request", all[i].name, sign (record (enrolment_fields, all[i].changes), all[i].by),
              all[i].expect);
    form ("request", "a credential", kept ("pk"), BAD);
}

static void bundles (void)
{
    static const struct line all[] = {
        { "a bundle", "[1, 'bundle', $root, $policy, [$pk, $pk.sindh], ['tcp://192.0.2.1:7400']]",
          OK },
        { "without an endpoint", "[1, 'bundle', $root, $policy, [$pk], []]", OK },
        { "with a chain longer than a name has labels",
          "[1, 'bundle', $root, $policy, r(9,$pk), []]", OK },
        { "without a policy", "[1, 'bundle', $root, nil, [$pk], []]", BAD },
        { "with an empty policy", "[1, 'bundle', $root, #, [$pk], []]", BAD },
        { "without a chain", "[1, 'bundle', $root, $policy, [], []]", BAD },
        { "with a chain of 2049", "[1, 'bundle', $root, $policy, r(2049,#00), []]", BAD },
        { "of another version", "[2, 'bundle', $root, $policy, [$pk], []]", BAD },
        { "of another type", "[1, 'bundles', $root, $policy, [$pk], []]", BAD },
        { "with an element too many", "[1, 'bundle', $root, $policy, [$pk], [], nil]", BAD },
        { "with nine endpoints", "[1, 'bundle', $root, $policy, [$pk], l(9,e)]", BAD },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        form ("bundle", all[i].name, say (all[i].changes), all[i].expect);
}

void make_statement (void)
{
    uint8_t keys[17 * KEY_SIZE];
    for (size_t i = 0; i < sizeof keys; i++)
        keys[i] = (uint8_t) (i / KEY_SIZE);
    keep ("keys.17", copied (span_bytes (keys, sizeof keys)));
    keep ("keys.16", copied (span_bytes (keys, sizeof keys - KEY_SIZE)));
    keep ("body", record (credential_fields, ""));
    keep ("longer", joined (kept ("body"), span_of ("x")));

    struct hash hash = hashed (record (credential_fields, "party='pk.sindh.kpt'"));
    vector_with ("statement", "the hash is over the body alone",
                 json_pack ("{s:o}", "bytes",
                            hex (sign (record (credential_fields, "party='pk.sindh.kpt'"),
                                       "credential/a succession/b"))),
                 OK, json_pack ("{s:o}", "hash", hex (span_bytes (hash.bytes, HASH_SIZE))));
    for (size_t i = 0; i < sizeof wrappings / sizeof wrappings[0]; i++)
        form ("statement", text ("a statement: %s", wrappings[i].name), say (wrappings[i].changes),
              wrappings[i].expect);
    form ("statement", "a statement of more than 65536 bytes",
          sign (record (credential_fields, "title=s(65536,t)"), "credential/pk.sindh"), BAD);
    form ("statement", "a byte after a statement", joined (kept ("pk"), span_of ("x")), BAD);
    LINES (credentials, "a credential", credential_fields, "credential/pk.sindh");
    LINES (roots, "a root file", root_fields, "root/r1 root/r2");
    LINES (revocations, "a revocation", revocation_fields, "revocation/r1");
    LINES (policies, "a policy", policy_fields, "policy/r1");
    enrolments ();
    bundles ();
}
