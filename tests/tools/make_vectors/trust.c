/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/make.h"

static const char OK[] = "ok", TRUST[] = "trust";

/* `root` is pinned, then each of `next` is taken; the verdict is that on the last. `names` are
 * kept ones. */
static void follows (const char *name, const char *root, const char *names, const char *expect,
                     int version)
{
    vector_with ("root", name, json_pack ("{s:o, s:o}", "root", ref (root), "next", refs (names)),
                 expect, json_pack ("{s:i}", "version", version));
}

static void make (const char *as, const char *changes, const char *by)
{
    keep (as, root_file (changes, by));
    keep (text ("%s.hash", as), kept ("root.next.hash"));
}

static void roots (void)
{
    make ("root.2", "number=2;previous=$root.hash", "root/r1 root/r3");
    make ("root.2b", "number=2;previous=$root.hash;time=now", "root/r1 root/r3");
    make ("root.2.few", "number=2;previous=$root.hash;threshold=1", "root/r1");
    make ("root.2.new", "number=2;previous=$root.hash;threshold=1;keys=%r4",
          "root/r1 root/r2 root/r4");
    make ("root.2.old", "number=2;previous=$root.hash;threshold=1;keys=%r4", "root/r1 root/r2");
    make ("root.2.unrelated", "number=2;previous=$root.hash;threshold=1;keys=%r4", "root/r4");
    make ("root.2.other", "number=2;previous=b(32,00)", "root/r1 root/r2");
    make ("root.2.top", "number=2;previous=$root.hash;party='uk'", "root/r1 root/r2");
    make ("root.2.policy", "number=2;previous=$root.hash", "policy/r1 policy/r2");
    make ("root.3", "number=3;previous=$root.2.hash", "root/r2 root/r3");
    make ("root.3.new", "number=3;previous=$root.2.new.hash;threshold=1;keys=%r4", "root/r4");
    make ("root.3.back", "number=3;previous=$root.2.new.hash;threshold=1;keys=%r1",
          "root/r1 root/r2 root/r3");
    make ("root.1b", "time=now", "root/r1 root/r2");
    make ("root.1.few", "", "root/r1");

    follows ("a root file that its own keys signed", "root", "", OK, 1);
    follows ("the same root file again", "root", "root", OK, 1);
    follows ("the next one", "root", "root.2", OK, 2);
    follows ("the next one twice", "root", "root.2 root.2", OK, 2);
    follows ("one after the other", "root", "root.2 root.3", OK, 3);
    follows ("an older one again", "root", "root.2 root", OK, 2);
    follows ("another one of the version in force", "root", "root.1b", TRUST, 1);
    follows ("another one of the version that came", "root", "root.2 root.2b", TRUST, 2);
    follows ("one that leaves a version out", "root", "root.3", TRUST, 1);
    follows ("one that lowers the threshold without meeting the old one", "root", "root.2.few",
             TRUST, 1);
    follows ("other keys, signed by the old and the new", "root", "root.2.new", OK, 2);
    follows ("other keys that have not signed", "root", "root.2.old", TRUST, 1);
    follows ("other keys, signed by these alone", "root", "root.2.unrelated", TRUST, 1);
    follows ("one that names another one before it", "root", "root.2.other", TRUST, 1);
    follows ("one of another top party", "root", "root.2.top", TRUST, 1);
    follows ("one that was signed for another purpose", "root", "root.2.policy", TRUST, 1);
    follows ("the new keys alone go on", "root", "root.2.new root.3.new", OK, 3);
    follows ("the old keys are no longer enough", "root", "root.2.new root.3.back", TRUST, 2);
    vector ("root", "one that too few of its own keys signed",
            json_pack ("{s:o, s:[]}", "root", ref ("root.1.few"), "next"), TRUST);
}

/* The policies are taken after each other below `root`. */
static void rules (const char *name, const char *names, const char *expect, int version)
{
    vector_with ("policy", name,
                 json_pack ("{s:o, s:o}", "root", ref ("root"), "policies", refs (names)), expect,
                 json_pack ("{s:i}", "version", version));
}

static void policies (void)
{
    keep ("policy.1.unsigned", policy ("", "root/r1 root/r2"));
    keep ("policy.2", policy ("number=2", "policy/r2 policy/r3"));
    keep ("policy.2.few", policy ("number=2", "policy/r2"));
    keep ("policy.2.twice", policy ("number=2", "policy/r2 policy/pk"));
    keep ("policy.2.top", policy ("number=2", "policy/pk policy/pk.sindh"));
    keep ("policy.2.bad", policy ("number=2;roles=[]", NULL));
    keep ("policy.9", policy ("number=9", "policy/r1 policy/r2 policy/r3"));
    rules ("a policy that enough root keys signed", "policy", OK, 1);
    rules ("a newer one", "policy policy.2", OK, 2);
    rules ("versions may be left out", "policy policy.9", OK, 9);
    rules ("an older one changes nothing", "policy.9 policy.2", OK, 9);
    rules ("an older one need not be signed well any more", "policy.9 policy.2.few", OK, 9);
    rules ("a first one that too few signed", "policy.2.few", TRUST, 0);
    rules ("a newer one that too few signed", "policy policy.2.few", TRUST, 1);
    rules ("a newer one with one root key and another", "policy policy.2.twice", TRUST, 1);
    rules ("a newer one that parties signed", "policy policy.2.top", TRUST, 1);
    rules ("one that was signed as a root file", "policy.1.unsigned", TRUST, 0);
    rules ("one that breaks the grammar", "policy policy.2.bad", TRUST, 1);
    rules ("a root file in its place", "policy root", TRUST, 1);
}

void make_trust (void)
{
    roots ();
    policies ();
}
