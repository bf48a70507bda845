/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/intake.h"

static const char KPT[] = "pk.sindh.kpt", SINDH[] = "pk.sindh", PUNJAB[] = "pk.punjab", PK[] = "pk";

#define TO_ALL "audience=['pk.**'];"
/* A piece of so many bytes, of a file of pk's message. */
#define PART(bytes, count, index, size, lane)                                                      \
    TO_ALL "kind='part';precedence=" lane ";thread=['pk', 1, 7, 1];body={'content': b(" bytes      \
           ",ab), 'count': " count ", 'hash': b(32,00), 'index': " index ", 'size': " size "};"
#define REVOKES(who, more)                                                                         \
    "kind='revocation';body={'credential': $" who ".hash, 'disputed': false, " more                \
    "'party': '" who "', 'why': 'stolen'}"
#define LAST(epoch, nonce, seq)                                                                    \
    "'last_epoch': " epoch ", 'last_nonce': #" nonce ", 'last_seq': " seq ", "

static const struct judged bodies[] = {
    { "a kind that nobody knows", AT_SINDH_FROM_PK, PK, TO_ALL "kind='new';body={'a': [1, nil]}",
      "ok" },
    { "a policy without its statement", AT_SINDH_FROM_PK, PK, TO_ALL "kind='policy';body={}",
      "schema" },
    { "a policy with a field more", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='policy';body={'more': 1, 'statement': $policy.2}", "schema" },
    { "a policy whose statement is empty", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='policy';body={'statement': #}", "schema" },
    { "a policy whose statement is a str", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='policy';body={'statement': 'x'}", "schema" },
    { "a policy in a thread", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='policy';thread=['pk', 1, 7, 1];body={'statement': $policy.2}", "schema" },
    { "a policy of a version of the kind that nobody knows", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='policy';schema=2;body={}", "trust" },
    { "a revocation without a reason", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': b(32,00), 'disputed': false, 'party': 'pk.a'}",
      "schema" },
    { "a revocation with a reason of 501 bytes", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': b(32,00), 'disputed': false, 'party': 'pk.a', "
             "'why': s(501,w)}",
      "schema" },
    { "a revocation with a reason of 500 bytes", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': b(32,00), 'disputed': false, 'party': 'pk.a', "
             "'why': s(500,w)}",
      "ok" },
    { "a revocation of a hash of 31 bytes", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': b(31,00), 'disputed': false, 'party': 'pk.a', "
             "'why': 'w'}",
      "schema" },
    { "a revocation of no party", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': b(32,00), 'disputed': false, 'party': 'A', "
             "'why': 'w'}",
      "schema" },
    { "a revocation with a control character in its reason", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': b(32,00), 'disputed': false, 'party': 'pk.a', "
             "'why': !a31b5b4a}",
      "schema" },
    { "a revocation with a nonce of 7 bytes", AT_SINDH_FROM_PK, PK,
      TO_ALL REVOKES ("pk.sindh", LAST ("1", "00000000000007", "1")), "schema" },
    { "a head without its time", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='head';body={'policy_version': 1, 'revocations': 0, 'revoked': b(32,00)}",
      "schema" },
    { "a receipt without a thread", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='receipt';body={'leaf': b(32,00), 'stored': now}", "schema" },
    { "a receipt", AT_SINDH_FROM_PK, PK,
      "kind='receipt';precedence=2;audience=['pk.sindh'];thread=['pk.sindh', 1, 7, 1];"
      "body={'leaf': b(32,00), 'stored': now}",
      "ok" },
    { "a receipt with a leaf of 31 bytes", AT_SINDH_FROM_PK, PK,
      "kind='receipt';audience=['pk.sindh'];thread=['pk.sindh', 1, 7, 1];"
      "body={'leaf': b(31,00), 'stored': now}",
      "schema" },
    { "a rejection", AT_SINDH_FROM_PK, PK,
      "kind='rejection';audience=['pk.sindh'];thread=['pk.sindh', 1, 7, 1];"
      "body={'detail': 'audience[0]', 'leaf': b(32,00), 'reason': 'no-grant'}",
      "ok" },
    { "a rejection whose reason is a number", AT_SINDH_FROM_PK, PK,
      "kind='rejection';audience=['pk.sindh'];thread=['pk.sindh', 1, 7, 1];"
      "body={'leaf': b(32,00), 'reason': 20}",
      "schema" },
    { "a rejection with an empty detail", AT_SINDH_FROM_PK, PK,
      "kind='rejection';audience=['pk.sindh'];thread=['pk.sindh', 1, 7, 1];"
      "body={'detail': '', 'leaf': b(32,00), 'reason': 'no-grant'}",
      "schema" },
    { "a file of one piece", AT_SINDH_FROM_PK, PK, PART ("1", "1", "0", "1", "2"), "ok" },
    { "the last piece of a file", AT_SINDH_FROM_PK, PK, PART ("5", "2", "1", "196613", "2"), "ok" },
    { "a piece of full size", AT_SINDH_FROM_PK, PK, PART ("196608", "2", "0", "196609", "2"),
      "ok" },
    { "the last piece of the largest file", AT_SINDH_FROM_PK, PK,
      PART ("65536", "54", "53", "10485760", "2"), "ok" },
    { "a piece of a file that is too large", AT_SINDH_FROM_PK, PK,
      PART ("196608", "54", "0", "10485761", "2"), "attachment" },
    { "a piece that is not in the bulk lane", AT_SINDH_FROM_PK, PK, PART ("1", "1", "0", "1", "1"),
      "attachment" },
    { "a piece of a file with a piece too many", AT_SINDH_FROM_PK, PK,
      PART ("1", "2", "0", "1", "2"), "attachment" },
    { "a piece past the last", AT_SINDH_FROM_PK, PK, PART ("1", "1", "1", "1", "2"), "attachment" },
    { "a piece with a byte too many", AT_SINDH_FROM_PK, PK, PART ("6", "2", "1", "196613", "2"),
      "attachment" },
    { "a first piece that is short", AT_SINDH_FROM_PK, PK, PART ("5", "2", "0", "196613", "2"),
      "attachment" },
    { "an empty piece", AT_SINDH_FROM_PK, PK, PART ("0", "1", "0", "1", "2"), "schema" },
    { "a piece of another's message", AT_SINDH_FROM_PK, PK,
      PART ("1", "1", "0", "1", "2") "thread=['pk.punjab', 1, 7, 1];", "attachment" },
    { "a piece without a thread", AT_SINDH_FROM_PK, PK, PART ("1", "1", "0", "1", "2") "thread=nil",
      "schema" },
    { "a contact with nine endpoints", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='contact';body={'endpoints': l(9,e)}", "schema" },
    { "a contact", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='contact';body={'endpoints': ['tcp://192.0.2.1:7400'], 'phone_day': '1'}",
      "ok" },
};

static const struct judged statements[] = {
    { "a newer policy", AT_SINDH_FROM_PK, PK, TO_ALL "kind='policy';body={'statement': $policy.2}",
      "ok" },
    { "the policy in force", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='policy';body={'statement': $policy}", "ok" },
    { "a newer policy that too few root keys signed", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='policy';body={'statement': $policy.2.few}", "trust" },
    { "a newer policy from a province", AT_PK_FROM_SINDH, SINDH,
      "kind='policy';body={'statement': $policy.2}", "trust" },
    { "a policy in an exercise that is not signed as it must be", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='policy';mode=1;exercise=['pk', 1, 7, 1];body={'statement': $policy.2.few}",
      "trust" },
    { "a root file instead of a policy", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='policy';body={'statement': $root}", "trust" },
    { "the next root file", AT_SINDH_FROM_PK, PK, TO_ALL "kind='root';body={'statement': $root.2}",
      "ok" },
    { "the root file in force", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='root';body={'statement': $root}", "ok" },
    { "the next root file from a province", AT_PK_FROM_SINDH, SINDH,
      "kind='root';body={'statement': $root.2}", "trust" },
    { "a root file that leaves a version out", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='root';body={'statement': $root.3}", "trust" },
    { "a head", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='head';body={'policy_version': 1, 'revocations': 0, 'revoked': b(32,00), "
             "'time': now}",
      "ok" },
    { "a head from the future", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='head';body={'policy_version': 1, 'revocations': 0, 'revoked': b(32,00), "
             "'time': now+1}",
      "trust" },
    { "a head from a province", AT_PK_FROM_SINDH, SINDH,
      "kind='head';body={'policy_version': 1, 'revocations': 0, 'revoked': b(32,00), 'time': now}",
      "trust" },
    { "a child that a province enrolled", AT_PK_FROM_SINDH, SINDH,
      "kind='enrolment';body={'credential': $enrolled}", "ok" },
    { "a child that is known", AT_PK_FROM_SINDH, SINDH,
      "kind='enrolment';body={'credential': $pk.sindh.kpt}", "ok" },
    { "a child that another province tells of", AT_PK_FROM_PUNJAB, PUNJAB,
      "kind='enrolment';body={'credential': $enrolled}", "trust" },
    { "a grandchild", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='enrolment';body={'credential': $enrolled}", "trust" },
    { "the top party's own credential", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='enrolment';body={'credential': $pk}", "trust" },
    { "a child that widens", AT_PK_FROM_SINDH, SINDH,
      "kind='enrolment';body={'credential': $enrolled.wide}", "trust" },
    { "a child of nobody's signature", AT_PK_FROM_SINDH, SINDH,
      "kind='enrolment';body={'credential': $enrolled.forged}", "trust" },
};

static const struct judged revocations[] = {
    { "a revocation by the issuer", AT_PK_FROM_SINDH, SINDH, TO_ALL REVOKES ("pk.sindh.kpt", ""),
      "ok" },
    { "a revocation by an ancestor", AT_SINDH_FROM_PK, PK, TO_ALL REVOKES ("pk.sindh.kpt", ""),
      "ok" },
    { "a revocation of oneself", AT_PK_FROM_SINDH, SINDH, TO_ALL REVOKES ("pk.sindh", ""),
      "trust" },
    { "a revocation by a sibling of the issuer", AT_PK_FROM_PUNJAB, PUNJAB,
      TO_ALL REVOKES ("pk.sindh.kpt", ""), "trust" },
    { "a revocation of the issuer", AT_PK_FROM_SINDH, SINDH, TO_ALL REVOKES ("pk.punjab", ""),
      "trust" },
    { "a revocation of a credential that is not known yet", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': b(32,09), 'disputed': true, 'party': 'pk.a', "
             "'why': 'w'}",
      "ok" },
    { "a revocation that gives the credential to another party", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': $pk.sindh.hash, 'disputed': true, "
             "'party': 'pk.punjab', 'why': 'w'}",
      "trust" },
    { "a revocation with its last message", AT_SINDH_FROM_PK, PK,
      TO_ALL REVOKES ("pk.sindh", LAST ("1", "0000000000000007", "5")), "ok" },
    { "a revocation with half of its last message", AT_SINDH_FROM_PK, PK,
      TO_ALL REVOKES ("pk.sindh", "'last_seq': 5, "), "trust" },
    { "a revocation whose last message has sequence 0", AT_SINDH_FROM_PK, PK,
      TO_ALL REVOKES ("pk.sindh", LAST ("1", "0000000000000007", "0")), "trust" },
    { "a revocation whose last message has counter 0", AT_SINDH_FROM_PK, PK,
      TO_ALL REVOKES ("pk.sindh", LAST ("0", "0000000000000007", "5")), "trust" },
    { "the top party's, without the root keys", AT_SINDH_FROM_PK, PK, TO_ALL REVOKES ("pk", ""),
      "trust" },
    { "the top party's, by the root keys", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': $pk.hash, 'disputed': false, 'party': 'pk', "
             "'statement': $revokes.pk, 'why': 'stolen'}",
      "ok" },
    { "the top party's, by one root key", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': $pk.hash, 'disputed': false, 'party': 'pk', "
             "'statement': $revokes.pk.few, 'why': 'stolen'}",
      "trust" },
    { "the top party's, with another reason than the root keys signed", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': $pk.hash, 'disputed': false, 'party': 'pk', "
             "'statement': $revokes.pk, 'why': 'lost'}",
      "trust" },
    { "the top party's, with another last message than the root keys signed", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': $pk.hash, 'disputed': false, 'last_epoch': 1, "
             "'last_nonce': #0000000000000007, 'last_seq': 9, 'party': 'pk', "
             "'statement': $revokes.pk, 'why': 'stolen'}",
      "trust" },
    { "the top party's, by a province", AT_PK_FROM_SINDH, SINDH,
      TO_ALL "kind='revocation';body={'credential': $pk.hash, 'disputed': false, 'party': 'pk', "
             "'statement': $revokes.pk, 'why': 'stolen'}",
      "trust" },
    { "a child's, with a statement that nobody needs", AT_SINDH_FROM_PK, PK,
      TO_ALL "kind='revocation';body={'credential': $pk.sindh.hash, 'disputed': false, "
             "'party': 'pk.sindh', 'statement': #00, 'why': 'stolen'}",
      "ok" },
};

static void keep_revocation (const char *as, const char *last, const char *disputed)
{
    keep (as, envelope (message (text ("origin='pk.sindh';credential=$pk.sindh.hash;"
                                       "kind='revocation';audience=['pk.**'];"
                                       "body={'credential': $pk.sindh.kpt.hash, 'disputed': %s, "
                                       "%s'party': 'pk.sindh.kpt', 'why': 'w'}",
                                       disputed, last)),
                        "pk.sindh"));
}

/* What a message under a credential that was revoked is worth. */
static void after (void)
{
    const struct known all = { .revocations = "revokes" };
    const struct known five = { .revocations = "revokes.five" };
    const struct known both = { .revocations = "revokes.nine revokes.five" };
    const struct known other = { .revocations = "revokes.five revokes.epoch" };
    const struct known rotated = { .credentials = "kpt.two", .revocations = "revokes.five" };
    const struct known stolen = { .credentials = "kpt.two", .revocations = "revokes" };
    const struct known disputed = { .credentials = "kpt.two", .revocations = "revokes.disputed" };
    keep_revocation ("revokes", "", "false");
    keep_revocation ("revokes.five", LAST ("1", "0000000000000007", "5"), "false");
    keep_revocation ("revokes.nine", LAST ("1", "0000000000000007", "9"), "false");
    keep_revocation ("revokes.epoch", LAST ("2", "0000000000000008", "1"), "false");
    keep_revocation ("revokes.disputed", LAST ("1", "0000000000000007", "5"), "true");
    credential ("kpt.two",
                "party='pk.sindh.kpt';sectors=['energy'];sign=%k2;seal=~k2+seal;link=~k2+link;"
                "generation=2;previous=$pk.sindh.kpt.hash;not-after=now+30d",
                "credential/pk.sindh succession/pk.sindh.kpt");
    const struct {
        const char *name, *changes;
        const struct known *known;
        const char *expect;
    } lines[] = {
        { "anything after a revocation", "", &all, "revoked" },
        { "a message with an earlier date after a revocation", "issued=now-5d", &all, "revoked" },
        { "the last message that counts", "sequence=5", &five, "ok" },
        { "the message after the last", "sequence=6", &five, "revoked" },
        { "an earlier number in another epoch", "epoch=[1, 8]", &five, "revoked" },
        { "a number of an earlier epoch", "epoch=[2, 7]", &five, "revoked" },
        { "the last message of the later of two revocations", "sequence=9", &both, "revoked" },
        { "the last message of the stricter of two revocations", "sequence=5", &both, "ok" },
        { "two revocations that name different epochs leave nothing", "", &other, "revoked" },
        { "the old key after its rotation", "sequence=6", &rotated, "superseded" },
        { "the old key before its rotation", "sequence=5", &rotated, "ok" },
        { "the old key without a last message", "", &stolen, "revoked" },
        { "the old key after a rotation that is disputed", "sequence=6", &disputed, "revoked" },
        { "revoked before its dates", "sequence=6;issued=now-9d", &five, "revoked" },
        { "not meant before revoked", "audience=['pk.sindh.kpt']", &all, "not-meant" },
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        judged (lines[i].name, AT_SINDH_FROM_KPT,
                envelope (message (lines[i].changes), "pk.sindh.kpt"), lines[i].known,
                lines[i].expect);
    judged ("the new key after a rotation", AT_SINDH_FROM_KPT,
            sign_as (message ("credential=$kpt.two.hash"), "k2", "kpt.two"), &rotated, "ok");
    judged ("the new key in the name of the old credential", AT_SINDH_FROM_KPT,
            sign_as (message (""), "k2", KPT), &rotated, "bad-signature");
    judged ("a party below one that is revoked", AT_PK_FROM_SINDH,
            envelope (message (""), "pk.sindh.kpt"),
            &(struct known){ .revocations = "revokes.sindh" }, "ok");
    judged ("a revocation by a party that is revoked", AT_PK_FROM_SINDH, kept ("revokes"),
            &(struct known){ .revocations = "revokes.sindh" }, "revoked");
    judged ("an enrolment by a party that is revoked", AT_PK_FROM_SINDH,
            envelope (message ("origin='pk.sindh';credential=$pk.sindh.hash;kind='enrolment';"
                               "body={'credential': $enrolled}"),
                      "pk.sindh"),
            &(struct known){ .revocations = "revokes.sindh" }, "revoked");
}

void make_intake_trust (void)
{
    credential ("enrolled", "", NULL);
    credential ("enrolled.wide", "role='national'", NULL);
    credential ("enrolled.forged", "", "credential/pk.punjab");
    static const char top[] = "[1, 'revocation', 'pk', $pk.hash, 'stolen', nil, false]";
    keep ("revokes.pk", sign (say (top), "revocation/r2 revocation/r3"));
    keep ("revokes.pk.few", sign (say (top), "revocation/r2"));
    judge_all (bodies, sizeof bodies / sizeof bodies[0], NULL);
    judge_all (statements, sizeof statements / sizeof statements[0], NULL);
    judge_all (revocations, sizeof revocations / sizeof revocations[0], NULL);
    after ();
}
