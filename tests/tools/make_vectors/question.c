/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

static const char OK[] = "ok", BAD[] = "malformed", NOT[] = "does not count";

static const char request_fields[] =
    "version=1;type='request';party='pk';credential=$pk.hash;nonce=b(16,07);question='presence';"
    "audience=['pk.sindh.**'];issued=now;deadline=now+5000;arguments={}";
static const char reply_fields[] =
    "version=1;type='reply';party='pk.sindh';credential=$pk.sindh.hash;request=$asked.hash;status="
    "0;"
    "answers={'more': false, 'parties': [], 'software': []};silent=[]";
static const char line[] = "pk pk.sindh pk.punjab pk.sindh.kpt";

struct asked {
    const char *name, *changes, *by, *expect;
};

/* --- At pk.sindh, from pk ------------------------------------------------------------------ */

static const struct asked from_pk[] = {
    { "a question to a subtree", "", "request/pk", OK },
    { "an element too many", "+=nil", "request/pk", BAD },
    { "another type", "type='reply'", "request/pk", BAD },
    { "a nonce of 15 bytes", "nonce=b(15,07)", "request/pk", BAD },
    { "no audience", "audience=[]", "request/pk", BAD },
    { "an audience out of order", "audience=['pk.sindh', 'pk']", "request/pk", BAD },
    { "32 terms", "audience=l(32,pk.a)", "request/pk", OK },
    { "33 terms", "audience=l(33,pk.a)", "request/pk", BAD },
    { "a deadline after 99 ms", "deadline=now+99", "request/pk", BAD },
    { "a deadline after 100 ms", "deadline=now+100", "request/pk", OK },
    { "a deadline after a minute", "deadline=now+60000", "request/pk", OK },
    { "a deadline later than that", "deadline=now+60001", "request/pk", BAD },
    { "arguments that are no map", "arguments=[]", "request/pk", BAD },
    { "arguments of more than 1024 bytes", "arguments={'a': b(1024,00)}", "request/pk", BAD },
    { "signed by another", "", "request/pk.sindh.kpt/pk.hash", "bad-signature" },
    { "signed for another purpose", "", "reply/pk", "bad-signature" },
    { "with the credential of another", "credential=$pk.punjab.hash", "request/pk.punjab",
      "wrong-origin" },
    { "with a credential that is not known", "credential=b(32,09)", "request/pk",
      "unknown-credential" },
    { "of one's own subtree, from above", "party='pk.sindh.kpt';credential=$pk.sindh.kpt.hash",
      "request/pk.sindh.kpt", "not-yours-to-send" },
    { "as far ahead as clocks may be", "issued=now+300000;deadline=now+305000", "request/pk", OK },
    { "further ahead", "issued=now+300001;deadline=now+305000", "request/pk", "clock-ahead" },
    { "as late as clocks may be", "issued=now-305000;deadline=now-300000", "request/pk", OK },
    { "later", "issued=now-305001;deadline=now-300001", "request/pk", "expired" },
    { "issued before the credential", "issued=now-9d;deadline=now-9d", "request/pk", BAD },
    { "a question that is not known", "question='weather'", "request/pk", "no-such-question" },
    { "seen without a hash", "question='seen'", "request/pk", "schema" },
    { "seen with half a hash", "question='seen';arguments={'hash': b(16,00)}", "request/pk",
      "schema" },
    { "seen", "question='seen';arguments={'hash': b(32,00)}", "request/pk", OK },
    { "the contact of a subtree", "question='contact'", "request/pk", "schema" },
    { "the contact of two", "question='contact';audience=['pk', 'pk.sindh']", "request/pk",
      "schema" },
    { "the contact of one", "question='contact';audience=['pk.sindh']", "request/pk", OK },
    { "a sector that is none", "audience=['@nothing']", "request/pk", "audience" },
    { "a party elsewhere", "audience=['de.sindh']", "request/pk", "audience" },
};

/* --- At pk.sindh, from pk.sindh.kpt --------------------------------------------------------- */

static const struct asked from_kpt[] = {
    { "an organisation asks above whom to call", "", "request/pk.sindh.kpt", OK },
    { "of itself", "audience=['pk.sindh.kpt']", "request/pk.sindh.kpt", OK },
    { "of its sibling", "audience=['pk.sindh.x']", "request/pk.sindh.kpt", "no-grant" },
    { "who is there", "question='presence';audience=['pk.sindh.**']", "request/pk.sindh.kpt",
      "no-grant" },
    { "in the name of the one above it", "party='pk.sindh';credential=$pk.sindh.hash",
      "request/pk.sindh", "not-yours-to-send" },
};
static const char kpt_asks[] =
    "party='pk.sindh.kpt';credential=$pk.sindh.kpt.hash;question='contact';audience=['pk'];";

/* --- At pk, from pk.sindh ------------------------------------------------------------------- */

static const struct asked answers[] = {
    { "an empty answer", "", "reply/pk.sindh", OK },
    { "an element too few", "silent=", "reply/pk.sindh", BAD },
    { "a status of 33 bits", "status=4294967296", "reply/pk.sindh", BAD },
    { "silent parties out of order", "silent=['pk.sindh.b', 'pk.sindh.a']", "reply/pk.sindh", BAD },
    { "1025 silent parties", "silent=l(1025,pk.sindh.a)", "reply/pk.sindh", BAD },
    { "a silent party below", "silent=['pk.sindh.kpt']", "reply/pk.sindh", OK },
    { "a silent party elsewhere", "silent=['pk.punjab']", "reply/pk.sindh", NOT },
    { "signed by another", "", "reply/pk.punjab/pk.sindh.hash", "bad-signature" },
    { "signed as a request", "", "request/pk.sindh", "bad-signature" },
    { "by another party", "party='pk.punjab';credential=$pk.punjab.hash", "reply/pk.punjab",
      "wrong-origin" },
    { "a refusal", "status=49", "reply/pk.sindh", NOT },
    { "of another question", "request=b(32,00)", "reply/pk.sindh", NOT },
    { "without more", "answers={'parties': [], 'software': []}", "reply/pk.sindh", NOT },
    { "without parties", "answers={'more': false, 'software': []}", "reply/pk.sindh", NOT },
    { "with a key that is not known",
      "answers={'more': false, 'parties': [], 'software': [], 'zone': nil}", "reply/pk.sindh", OK },
    { "one party",
      "answers={'more': true, 'parties': [['pk.sindh.kpt', true, now, now, 0, false, 1]], "
      "'software': ['x 1']}",
      "reply/pk.sindh", OK },
    { "a program that is not listed",
      "answers={'more': false, 'parties': [['pk.sindh.kpt', true, now, now, 0, false, 2]], "
      "'software': ['x 1']}",
      "reply/pk.sindh", NOT },
    { "a row of six",
      "answers={'more': false, 'parties': [['pk.sindh.kpt', true, now, now, 0, false]], "
      "'software': []}",
      "reply/pk.sindh", NOT },
    { "about itself",
      "answers={'more': false, 'parties': [['pk.sindh', true, now, now, 0, false, 0]], "
      "'software': []}",
      "reply/pk.sindh", NOT },
    { "about a party elsewhere",
      "answers={'more': false, 'parties': [['pk.punjab', true, now, now, 0, false, 0]], "
      "'software': []}",
      "reply/pk.sindh", NOT },
    { "parties out of order",
      "answers={'more': false, 'parties': [['pk.sindh.b', true, 0, 0, 0, false, 0], "
      "['pk.sindh.a', true, 0, 0, 0, false, 0]], 'software': []}",
      "reply/pk.sindh", NOT },
};

static const struct asked seen[] = {
    { "a count", "", "reply/pk.sindh", OK },
    { "fewer than five",
      "answers={'count': 0, 'fewer': 5, 'last': 0, 'least': false, 'more': false, 'parties': []}",
      "reply/pk.sindh", OK },
    { "a count and fewer",
      "answers={'count': 1, 'fewer': 5, 'last': 0, 'least': false, 'more': false, 'parties': []}",
      "reply/pk.sindh", NOT },
    { "a party elsewhere",
      "answers={'count': 1, 'fewer': 0, 'last': 0, 'least': false, 'more': false, "
      "'parties': ['pk.punjab']}",
      "reply/pk.sindh", NOT },
    { "the party itself",
      "answers={'count': 1, 'fewer': 0, 'last': 0, 'least': false, 'more': false, "
      "'parties': ['pk.sindh']}",
      "reply/pk.sindh", OK },
    { "33 parties",
      "answers={'count': 1, 'fewer': 0, 'last': 0, 'least': false, 'more': false, "
      "'parties': l(33,pk.sindh.a)}",
      "reply/pk.sindh", NOT },
    { "a count of 33 bits",
      "answers={'count': 4294967296, 'fewer': 0, 'last': 0, 'least': false, 'more': false, "
      "'parties': []}",
      "reply/pk.sindh", NOT },
};
static const char seen_answer[] =
    "answers={'count': 7, 'fewer': 0, 'last': now, 'least': true, 'more': false, 'parties': []};";

static json_t *judged_at (const char *self, const char *side, const char *peer)
{
    return json_pack ("{s:o, s:o, s:o, s:s, s:s, s:s, s:I}", "root", ref ("root"), "policy",
                      ref ("policy.ask"), "credentials", refs (line), "self", self, "side", side,
                      "peer", peer, "now", (json_int_t) NOW);
}

static void questions (const struct asked *all, size_t count, const char *base, const char *side,
                       const char *peer)
{
    for (size_t i = 0; i < count; i++) {
        struct span body = record (request_fields, text ("%s%s", base, all[i].changes));
        json_t *input = judged_at ("pk.sindh", side, peer);
        json_object_set_new (input, "request", hex (sign (body, all[i].by)));
        vector ("question", text ("from %s: %s", peer, all[i].name), input, all[i].expect);
    }
}

static void replies (const struct asked *all, size_t count, const char *base, const char *asked)
{
    struct span body = record (request_fields, asked);
    struct span request = sign (body, "request/pk");
    struct hash hash = hashed (body);
    keep ("asked.hash", span_bytes (hash.bytes, HASH_SIZE));
    for (size_t i = 0; i < count; i++) {
        struct span reply = record (reply_fields, text ("%s%s", base, all[i].changes));
        json_t *input = judged_at ("pk", "child", "pk.sindh");
        json_object_set_new (input, "request", hex (request));
        json_object_set_new (input, "reply", hex (sign (reply, all[i].by)));
        vector ("answer", all[i].name, input, all[i].expect);
    }
}

#define COUNT(table) (sizeof table / sizeof table[0])

void make_question (void)
{
    keep ("policy.ask", policy ("number=2;grants=[['national', ['*'], 128], ['*', "
                                "['ask-contact'], 7], ['provincial', ['ask-presence'], 17]]",
                                NULL));
    questions (from_pk, COUNT (from_pk), "", "parent", "pk");
    questions (from_kpt, COUNT (from_kpt), kpt_asks, "child", "pk.sindh.kpt");
    replies (answers, COUNT (answers), "", "");
    replies (seen, COUNT (seen), seen_answer, "question='seen';arguments={'hash': b(32,00)}");
}
