/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

static const char OK[] = "ok", WIDENS[] = "chain-widens", BROKEN[] = "chain-broken",
                  TAKEN[] = "key-taken", UNKNOWN[] = "unknown-credential", NAMED[] = "name-taken",
                  REVOKED[] = "revoked";

/* The verdict on the last of `credentials`, after `revocations`, under the root of the world. */
static void taken (const char *name, const char *credentials, const char *revocations,
                   const char *expect)
{
    json_t *input =
        json_pack ("{s:o, s:o}", "root", ref ("root"), "credentials", refs (credentials));
    if (revocations != NULL)
        json_object_set_new (input, "revocations", refs (revocations));
    vector ("chain", name, input, expect);
}

/* A child of pk.sindh with something changed. */
static const struct {
    const char *name, *changes, *by, *expect;
} children[] = {
    { "a child", "", NULL, OK },
    { "a child with a sector of its issuer's grants", "sectors=['health']", NULL, OK },
    { "a child that may grant what its issuer may",
      "may=[['organisation', 'provincial'], ['energy', 'health'], 9, 2, now+40d]", NULL, OK },
    { "a role that its issuer may not grant", "role='national'", NULL, WIDENS },
    { "a sector that its issuer may not grant", "sectors=['water']", NULL, WIDENS },
    { "a sector more than its issuer may grant", "sectors=['energy', 'water']", NULL, WIDENS },
    { "a name two labels below", "party='pk.sindh.x.y'", NULL, WIDENS },
    { "a name below another party", "party='pk.punjab.x'", NULL, WIDENS },
    { "the issuer's own name", "party='pk.sindh'", NULL, WIDENS },
    { "a name that only begins like its issuer's", "party='pk.sindhx'", NULL, WIDENS },
    { "another top party", "party='uk'", NULL, WIDENS },
    { "valid before its issuer", "not-before=now-604800001", NULL, WIDENS },
    { "valid from the same moment as its issuer", "not-before=now-7d", NULL, OK },
    { "valid longer than its issuer may grant", "not-after=now+41d", NULL, WIDENS },
    { "valid as long as its issuer may grant", "not-after=now+40d", NULL, OK },
    { "issued before its issuer was valid", "issued=now-8d", NULL, WIDENS },
    { "issued after its issuer was valid", "issued=now+81d", NULL, WIDENS },
    { "issued on its issuer's last moment", "issued=now+80d", NULL, OK },
    { "may grant every role", "may=[['*'], [], 1, 1, now]", NULL, WIDENS },
    { "may grant a role that its issuer may not", "may=[['national'], [], 1, 1, now]", NULL,
      WIDENS },
    { "may grant every sector", "may=[['organisation'], ['*'], 1, 1, now]", NULL, WIDENS },
    { "may grant a sector that its issuer may not", "may=[['organisation'], ['water'], 1, 1, now]",
      NULL, WIDENS },
    { "may have more children than its issuer", "may=[['organisation'], [], 10, 1, now]", NULL,
      WIDENS },
    { "may grant as deep as its issuer", "may=[['organisation'], [], 1, 3, now]", NULL, WIDENS },
    { "may grant deeper than its issuer", "may=[['organisation'], [], 1, 8, now]", NULL, WIDENS },
    { "may grant for longer than its issuer", "may=[['organisation'], [], 1, 1, now+41d]", NULL,
      WIDENS },
    { "may have more children, and is not signed", "may=[['organisation'], [], 10, 1, now]",
      "credential/pk.punjab", BROKEN },
    { "signed by another party", "", "credential/pk.punjab", BROKEN },
    { "signed by another party in its issuer's name", "", "credential/pk.punjab/pk.sindh.hash",
      BROKEN },
    { "signed by its own key", "", "credential/x", BROKEN },
    { "signed by the issuer's parent", "", "credential/pk", BROKEN },
    { "signed by root keys where an issuer is named", "", "credential/r1 credential/r2", BROKEN },
    { "signed for another purpose", "", "succession/pk.sindh", BROKEN },
    { "a signature more than is needed", "", "credential/pk.sindh credential/z", OK },
    { "an issuer that is not known", "issuer=b(32,09)", NULL, UNKNOWN },
    { "an issuer that may grant nothing", "party='pk.sindh.kpt.x';issuer=$pk.sindh.kpt.hash",
      "credential/pk.sindh.kpt", WIDENS },
    { "issued by the root keys, with another name than the top party's", "issuer=nil",
      "credential/r1 credential/r2", BROKEN },
    { "the signing key of another party", "sign=%pk.punjab", NULL, TAKEN },
    { "the link key of another party", "link=~pk.punjab+link", NULL, TAKEN },
    { "the sealing key of its issuer", "seal=~pk.sindh+seal", NULL, TAKEN },
    { "the link key of another party as its sealing key", "seal=~pk.sindh.kpt+link", NULL, TAKEN },
    { "one key for sealing and for the link", "link=~x+seal", NULL, TAKEN },
    { "one key for signing and for the link", "link=%x", NULL, TAKEN },
    { "the key of another party, and a wrong signature", "sign=%pk.punjab", "credential/pk.punjab",
      BROKEN },
    { "a generation above 1 whose previous is not known", "generation=2;previous=b(32,09)", NULL,
      UNKNOWN },
};

static void top (void)
{
    static const char fields[] =
        "party='pk';role='national';sign=%pk;seal=~pk+seal;link=~pk+link;issuer=nil";
    credential ("top.few", fields, "credential/r1");
    credential ("top.root", fields, "root/r1 root/r2");
    credential ("top.twice", fields, "credential/r1 credential/pk");
    credential ("top.three", fields, "credential/r1 credential/r2 credential/r3");
    credential ("top.two", text ("%s;generation=2;previous=$pk.hash;sign=%%pk2", fields),
                "credential/r1 credential/r2 succession/pk");
    credential ("top.lost", text ("%s;generation=2;previous=$pk.hash;sign=%%pk2", fields),
                "credential/r1 credential/r2 countersign/r1 countersign/r3");
    credential ("top.lost.few", text ("%s;generation=2;previous=$pk.hash;sign=%%pk2", fields),
                "credential/r1 credential/r2 countersign/r1");
    taken ("the top party's, by two of three root keys", "pk", NULL, OK);
    taken ("the top party's, by one root key", "top.few", NULL, BROKEN);
    taken ("the top party's, signed as a root file", "top.root", NULL, BROKEN);
    taken ("the top party's, by one root key and its own", "top.twice", NULL, BROKEN);
    taken ("the top party's, by more root keys than are needed", "top.three", NULL, OK);
    taken ("the same one twice", "pk pk", NULL, OK);
    taken ("a second one of one generation", "pk top.three", NULL, NAMED);
    taken ("the top party's next generation", "pk top.two", NULL, OK);
    taken ("the top party's next generation after its key was lost", "pk top.lost", NULL, OK);
    taken ("the same with too few root keys", "pk top.lost.few", NULL, BROKEN);
    taken ("a child before its issuer", "pk.sindh", NULL, UNKNOWN);
    taken ("a child after its issuer", "pk pk.sindh", NULL, OK);
    taken ("three levels", "pk pk.sindh pk.sindh.kpt", NULL, OK);
    taken ("no credential", "root", NULL, "malformed");
}

static void generations (void)
{
    static const char line[] = "pk pk.sindh pk.punjab pk.sindh.kpt";
    static const char kpt[] = "party='pk.sindh.kpt';sectors=['energy'];sign=%k2;seal=~k2+seal;"
                              "link=~k2+link;generation=2;previous=$pk.sindh.kpt.hash";
    const struct {
        const char *name, *changes, *by, *expect;
    } all[] = {
        { "a next generation that the one before signed", "",
          "credential/pk.sindh succession/pk.sindh.kpt", OK },
        { "a next generation with the keys of the one before",
          "sign=%pk.sindh.kpt;seal=~pk.sindh.kpt+seal;link=~pk.sindh.kpt+link",
          "credential/pk.sindh succession/pk.sindh.kpt", OK },
        { "a next generation that nobody signed besides its issuer", "", "credential/pk.sindh",
          BROKEN },
        { "a succession that its own new key signed", "",
          "credential/pk.sindh succession/k2/pk.sindh.kpt.hash", BROKEN },
        { "a succession without its issuer", "", "succession/pk.sindh.kpt", BROKEN },
        { "a re-enrolment that the issuer's parent countersigned", "",
          "credential/pk.sindh countersign/pk", OK },
        { "a re-enrolment that the issuer countersigned itself", "",
          "credential/pk.sindh countersign/pk.sindh", BROKEN },
        { "a re-enrolment that a third party countersigned", "",
          "credential/pk.sindh countersign/pk.punjab", BROKEN },
        { "a re-enrolment that a stranger countersigned", "", "credential/pk.sindh countersign/z",
          UNKNOWN },
        { "a re-enrolment that the root keys countersigned", "",
          "credential/pk.sindh countersign/r1 countersign/r2", UNKNOWN },
        { "a generation left out", "generation=3", "credential/pk.sindh succession/pk.sindh.kpt",
          BROKEN },
        { "a generation left out, and countersigned", "generation=3",
          "credential/pk.sindh countersign/pk", BROKEN },
        { "the generation of another party", "previous=$pk.punjab.hash",
          "credential/pk.sindh succession/pk.punjab", BROKEN },
        { "a re-enrolment whose previous is not known", "previous=b(32,09)",
          "credential/pk.sindh countersign/pk", OK },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const char *as = text ("kpt2.%zu", i);
        credential (as, text ("%s;%s", kpt, all[i].changes), all[i].by);
        taken (all[i].name, text ("%s %s", line, as), NULL, all[i].expect);
    }
    credential ("kpt3",
                "party='pk.sindh.kpt';sign=%k3;seal=~k3+seal;link=~k3+link;generation=3;"
                "previous=$kpt2.0.hash",
                "credential/pk.sindh succession/k2/kpt2.0.hash");
    taken ("a third generation", text ("%s kpt2.0 kpt3", line), NULL, OK);
    taken ("a third generation before the second", text ("%s kpt3", line), NULL, UNKNOWN);
    taken ("two second generations", text ("%s kpt2.0 kpt2.1", line), NULL, NAMED);
    credential ("sindh2",
                "party='pk.sindh';role='provincial';sign=%s2;seal=~s2+seal;link=~s2+link;"
                "generation=2;previous=$pk.sindh.hash;issuer=$pk.hash",
                "credential/pk countersign/r2 countersign/r3");
    taken ("a re-enrolment below the top party, by the root keys", text ("%s sindh2", line), NULL,
           OK);
    credential ("sindh2.few",
                "party='pk.sindh';role='provincial';sign=%s2;seal=~s2+seal;link=~s2+link;"
                "generation=2;previous=$pk.sindh.hash;issuer=$pk.hash",
                "credential/pk countersign/r2");
    taken ("the same with too few root keys below the top party", text ("%s sindh2.few", line),
           NULL, BROKEN);
}

static void moves (void)
{
    static const char line[] = "pk pk.sindh pk.punjab pk.sindh.kpt";
    static const char moved[] =
        "party='pk.punjab.kpt';title='Port';sign=%pk.sindh.kpt;seal=~pk.sindh.kpt+seal;"
        "link=~pk.sindh.kpt+link;issuer=$pk.punjab.hash;formerly='pk.sindh.kpt'";
    credential ("moved", moved, "credential/pk.punjab countersign/pk.sindh");
    credential ("moved.alone", moved, "credential/pk.punjab");
    credential ("moved.above", moved, "credential/pk.punjab countersign/pk");
    credential ("moved.two", text ("%s;generation=2;previous=$pk.sindh.kpt.hash;sign=%%k4", moved),
                "credential/pk.punjab countersign/pk.sindh succession/pk.sindh.kpt");
    credential ("renamed",
                "party='pk.sindh.port';sign=%pk.sindh.kpt;seal=~pk.sindh.kpt+seal;"
                "link=~pk.sindh.kpt+link;formerly='pk.sindh.kpt'",
                NULL);
    credential ("from.top", "party='pk.sindh.z';formerly='pk'",
                "credential/pk.sindh countersign/pk");
    credential ("back",
                "party='pk.sindh.old';sign=%pk.sindh.kpt;seal=~pk.sindh.kpt+seal;"
                "link=~pk.sindh.kpt+link",
                NULL);
    credential ("again",
                "party='pk.sindh.kpt';sign=%k5;seal=~pk.sindh.kpt+seal;link=~k5+link;"
                "generation=2;previous=$pk.sindh.kpt.hash",
                "credential/pk.sindh succession/pk.sindh.kpt");
    credential ("later",
                "party='pk.punjab.kpt';title='Port';sign=%k6;seal=~pk.sindh.kpt+seal;"
                "link=~k6+link;issuer=$pk.punjab.hash;generation=2;previous=$moved.hash",
                "credential/pk.punjab succession/pk.sindh.kpt/moved.hash");
    taken ("a move that the other parent countersigned", text ("%s moved", line), NULL, OK);
    taken ("a move that only the new parent signed", text ("%s moved.alone", line), NULL, BROKEN);
    taken ("a move that the parents' parent countersigned", text ("%s moved.above", line), NULL,
           BROKEN);
    taken ("a move with the next generation", text ("%s moved.two", line), NULL, OK);
    taken ("a new name below the same parent", text ("%s renamed", line), NULL, OK);
    taken ("a move from the top", text ("%s from.top", line), NULL, BROKEN);
    taken ("keys of another name that is not given as the former one", text ("%s back", line), NULL,
           TAKEN);
    taken ("after a move the keys are no longer the old name's", text ("%s moved again", line),
           NULL, TAKEN);
    taken ("after a move the keys stay the new name's", text ("%s moved later", line), NULL, OK);
}

static void revoked (void)
{
    static const char body[] = "{'credential': $pk.sindh.hash, 'disputed': false, "
                               "'party': 'pk.sindh', 'why': 'stolen'}";
    keep ("revokes.sindh", envelope (message (text ("kind='revocation';origin='pk';credential="
                                                    "$pk.hash;audience=['pk.**'];body=%s",
                                                    body)),
                                     "pk"));
    credential ("x", "", NULL);
    credential ("k2.countersigned",
                "party='pk.punjab.y';role='organisation';sign=%y;seal=~y+seal;link=~y+link;"
                "issuer=$pk.punjab.hash;formerly='pk.sindh.y'",
                "credential/pk.punjab countersign/pk.sindh");
    taken ("a child of an issuer that is revoked", "pk pk.sindh x", "revokes.sindh", REVOKED);
    taken ("a child that was taken in before its issuer was revoked", "pk pk.sindh x x",
           "revokes.sindh", OK);
    taken ("a countersignature by a party that is revoked",
           "pk pk.sindh pk.punjab k2.countersigned", "revokes.sindh", BROKEN);
    credential ("x.vouched", "", "credential/pk.sindh countersign/pk");
    credential ("x.own", "", "credential/pk.sindh countersign/pk.sindh");
    credential ("x.third", "", "credential/pk.sindh countersign/pk.punjab");
    taken ("a child of an issuer that is revoked, countersigned by the issuer's parent",
           "pk pk.sindh x.vouched", "revokes.sindh", OK);
    taken ("the same, countersigned by the issuer itself", "pk pk.sindh x.own", "revokes.sindh",
           REVOKED);
    taken ("the same, countersigned by a third party", "pk pk.sindh pk.punjab x.third",
           "revokes.sindh", REVOKED);
    credential ("x.wide", "role='national'", NULL);
    taken ("a child that widens, of an issuer that is revoked", "pk pk.sindh x.wide",
           "revokes.sindh", WIDENS);
}

void make_chain (void)
{
    top ();
    for (size_t i = 0; i < sizeof children / sizeof children[0]; i++) {
        const char *as = text ("child.%zu", i);
        credential (as, children[i].changes, children[i].by);
        taken (children[i].name, text ("pk pk.sindh pk.punjab pk.sindh.kpt %s", as), NULL,
               children[i].expect);
    }
    generations ();
    moves ();
    revoked ();
}
