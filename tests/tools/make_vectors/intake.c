/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/intake.h"

#include <string.h>

/* Who judges, from where the message comes, and whether in the recovery lane. */
static const struct {
    const char *self, *side, *peer;
    bool recovery;
} views[] = {
    [AT_SINDH_FROM_KPT] = { "pk.sindh", "child", "pk.sindh.kpt", false },
    [AT_SINDH_FROM_PK] = { "pk.sindh", "parent", "pk", false },
    [AT_PK_FROM_SINDH] = { "pk", "child", "pk.sindh", false },
    [AT_PK_FROM_PUNJAB] = { "pk", "child", "pk.punjab", false },
    [AT_KPT_FROM_SINDH] = { "pk.sindh.kpt", "parent", "pk.sindh", false },
    [AT_KPT_ITSELF] = { "pk.sindh.kpt", "self", "pk.sindh.kpt", false },
    [AT_KPT_RECOVERING] = { "pk.sindh.kpt", "parent", "pk.sindh", true },
    [AT_SINDH_RECOVERING] = { "pk.sindh", "child", "pk.sindh.kpt", true },
};

static const char line[] = "pk pk.sindh pk.punjab pk.sindh.kpt";

static struct span from (const char *key, const char *changes)
{
    return envelope (message (text ("origin='%s';credential=$%s.hash;%s", key, key, changes)), key);
}

static json_t *input_of (enum view view, struct span bytes)
{
    json_t *input =
        json_pack ("{s:o, s:o, s:s, s:s, s:s, s:I, s:o}", "root", ref ("root"), "credentials",
                   refs (line), "self", views[view].self, "side", views[view].side, "peer",
                   views[view].peer, "now", (json_int_t) NOW, "envelope", hex (bytes));
    if (views[view].recovery)
        json_object_set_new (input, "recovery", json_true ());
    return input;
}

void judged (const char *name, enum view view, struct span bytes, const struct known *known,
             const char *expect)
{
    json_t *input = input_of (view, bytes);
    if (known == NULL || !known->no_policy)
        json_object_set_new (input, "policy", ref ("policy"));
    if (known != NULL && known->credentials != NULL)
        json_array_extend (json_object_get (input, "credentials"), refs (known->credentials));
    if (known != NULL && known->revocations != NULL)
        json_object_set_new (input, "revocations", refs (known->revocations));
    if (known != NULL && known->now != 0)
        json_object_set_new (input, "now", json_integer (known->now));
    vector ("intake", name, input, expect);
}

void judge_all (const struct judged *all, size_t count, const struct known *known)
{
    for (size_t i = 0; i < count; i++)
        judged (all[i].name, all[i].view, from (all[i].key, all[i].changes), known, all[i].expect);
}

static const char KPT[] = "pk.sindh.kpt", SINDH[] = "pk.sindh", PUNJAB[] = "pk.punjab", PK[] = "pk";

static const struct judged ways[] = {
    { "a report on its way up", AT_SINDH_FROM_KPT, KPT, "", "ok" },
    { "a report at the top", AT_PK_FROM_SINDH, KPT, "", "ok" },
    { "a report where it is written", AT_KPT_ITSELF, KPT, "", "ok" },
    { "a note to everybody on its way down", AT_SINDH_FROM_PK, PK, "audience=['pk.**']", "ok" },
    { "a note to everybody at the edge", AT_KPT_FROM_SINDH, PK, "audience=['pk.**']", "ok" },
    { "a note to the sector that one has", AT_SINDH_FROM_PK, PK, "audience=['@energy']", "ok" },
    { "a note to a sector that one may grant", AT_SINDH_FROM_PK, PK, "audience=['@health']", "ok" },
    { "a note to a party below", AT_SINDH_FROM_PK, PK, "audience=['pk.sindh.kpt']", "ok" },
    { "a note to a subtree below", AT_SINDH_FROM_PK, PK, "audience=['pk.sindh.a.**']", "ok" },
    { "a message of another child", AT_PK_FROM_PUNJAB, KPT, "", "not-yours-to-send" },
    { "a message of one's own subtree from above", AT_SINDH_FROM_PK, KPT, "", "not-yours-to-send" },
    { "one's own message from above", AT_SINDH_FROM_PK, SINDH, "audience=['pk.sindh.**']",
      "not-yours-to-send" },
    { "one's own message from below", AT_SINDH_FROM_KPT, SINDH, "audience=['pk.sindh.**']",
      "not-yours-to-send" },
    { "the parent's message from below", AT_SINDH_FROM_KPT, PK, "audience=['pk.**']",
      "not-yours-to-send" },
    { "another's message as one's own", AT_KPT_ITSELF, SINDH, "audience=['pk']",
      "not-yours-to-send" },
    { "one's own message comes back from above", AT_KPT_RECOVERING, KPT, "", "ok" },
    { "one's own message comes back from below", AT_SINDH_RECOVERING, SINDH,
      "audience=['pk.sindh.**']", "ok" },
    { "one's own message comes back wherever it went", AT_KPT_RECOVERING, KPT,
      "audience=['pk.sindh']", "ok" },
    { "a child's message in the recovery lane", AT_SINDH_RECOVERING, KPT, "", "not-yours-to-send" },
    { "the parent's message in the recovery lane", AT_KPT_RECOVERING, SINDH,
      "audience=['pk.sindh.**']", "not-yours-to-send" },
    { "a message that had no business to climb", AT_PK_FROM_SINDH, KPT, "audience=['pk.sindh']",
      "not-meant" },
    { "a message to its own origin that climbs", AT_SINDH_FROM_KPT, KPT,
      "audience=['pk.sindh.kpt']", "not-meant" },
    { "a message to a sibling that comes down here", AT_SINDH_FROM_PK, PK, "audience=['pk.punjab']",
      "not-meant" },
    { "a message to the parent that comes down here", AT_KPT_FROM_SINDH, PK,
      "audience=['pk.sindh']", "not-meant" },
    { "a sector that is neither had nor granted here", AT_SINDH_FROM_PK, PK, "audience=['@water']",
      "not-meant" },
    { "a test that has left its party", AT_SINDH_FROM_KPT, KPT, "mode=2", "test-left" },
    { "a test at its party", AT_KPT_ITSELF, KPT, "mode=2", "ok" },
    { "a test that comes back to its party", AT_KPT_RECOVERING, KPT, "mode=2", "test-left" },
};

static const struct judged times[] = {
    { "issued when the credential begins", AT_SINDH_FROM_KPT, KPT, "issued=now-6d", "ok" },
    { "issued before the credential begins", AT_SINDH_FROM_KPT, KPT, "issued=now-518400001",
      "credential-dates" },
    { "issued as far ahead as the policy lets it", AT_SINDH_FROM_KPT, KPT, "issued=now+300000",
      "ok" },
    { "issued further ahead than the policy lets it", AT_SINDH_FROM_KPT, KPT, "issued=now+300001",
      "clock-ahead" },
    { "issued after the credential has ended, and ahead", AT_SINDH_FROM_KPT, KPT, "issued=now+31d",
      "credential-dates" },
    { "expired on its way", AT_SINDH_FROM_KPT, KPT, "issued=now-9;expires=now-1", "ok" },
    { "expired before it is signed", AT_KPT_ITSELF, KPT, "issued=now-9;expires=now-1", "expired" },
    { "expires now", AT_KPT_ITSELF, KPT, "issued=now-9;expires=now", "ok" },
};

static const struct judged rights[] = {
    { "to a party outside the hierarchy", AT_SINDH_FROM_KPT, KPT, "audience=['uk']", "audience" },
    { "to a subtree outside the hierarchy", AT_SINDH_FROM_KPT, KPT, "audience=['uk.**']",
      "audience" },
    { "to a party whose name only begins like the top's", AT_SINDH_FROM_KPT, KPT,
      "audience=['pkx']", "audience" },
    { "to a sector that the policy does not know", AT_SINDH_FROM_KPT, KPT, "audience=['@water']",
      "audience" },
    { "to one that is not granted and one that cannot be", AT_SINDH_FROM_KPT, KPT,
      "audience=['pk.punjab', 'uk']", "audience" },
    { "to the parent", AT_SINDH_FROM_KPT, KPT, "audience=['pk', 'pk.sindh']", "ok" },
    { "to the CERT of its sector", AT_SINDH_FROM_KPT, KPT, "audience=['pk.energy']", "ok" },
    { "to the CERT of a sector that one has not", AT_PK_FROM_PUNJAB, PUNJAB,
      "audience=['pk.energy']", "no-grant" },
    { "to a sibling's subtree", AT_SINDH_FROM_KPT, KPT, "audience=['pk.punjab.**']", "no-grant" },
    { "to its own sector, which its role may not", AT_SINDH_FROM_KPT, KPT, "audience=['@energy']",
      "no-grant" },
    { "one term too many", AT_SINDH_FROM_KPT, KPT, "audience=['pk', 'pk.punjab']", "no-grant" },
    { "a kind that its role may not", AT_SINDH_FROM_KPT, KPT, "kind='advisory'", "no-grant" },
    { "a province to its own sector", AT_PK_FROM_SINDH, SINDH, "audience=['@energy']", "ok" },
    { "a province to another sector", AT_PK_FROM_SINDH, SINDH, "audience=['@health']", "no-grant" },
    { "a province to a child", AT_KPT_FROM_SINDH, SINDH, "audience=['pk.sindh.kpt']", "ok" },
    { "a province to its subtree", AT_KPT_FROM_SINDH, SINDH, "audience=['pk.sindh.**']", "ok" },
    { "a province to the whole hierarchy", AT_PK_FROM_SINDH, SINDH, "audience=['pk.**']",
      "no-grant" },
    { "the subtree of an ancestor is no ancestor", AT_SINDH_FROM_KPT, KPT, "audience=['pk.**']",
      "no-grant" },
    { "an answer to who wrote", AT_SINDH_FROM_KPT, KPT,
      "kind='answer';audience=['pk.punjab'];thread=['pk.punjab', 1, 7, 3]", "ok" },
    { "an answer to somebody else", AT_SINDH_FROM_KPT, KPT,
      "kind='answer';audience=['pk.punjab'];thread=['pk', 1, 7, 3]", "no-grant" },
    { "an answer to the subtree of who wrote", AT_SINDH_FROM_KPT, KPT,
      "kind='answer';audience=['pk.punjab.**'];thread=['pk.punjab', 1, 7, 3]", "no-grant" },
    { "an answer to nothing", AT_SINDH_FROM_KPT, KPT, "kind='answer';audience=['pk']", "no-grant" },
};

static const struct judged handling[] = {
    { "TLP:AMBER", AT_SINDH_FROM_KPT, KPT, "tlp=3", "ok" },
    { "TLP:AMBER+STRICT", AT_SINDH_FROM_KPT, KPT, "tlp=4", "tlp-needs-sealing" },
    { "TLP:RED to one party", AT_SINDH_FROM_KPT, KPT, "tlp=5", "tlp-needs-sealing" },
    { "may climb to the top", AT_SINDH_FROM_KPT, KPT, "climb='pk'", "ok" },
    { "may climb to the parent", AT_SINDH_FROM_KPT, KPT, "climb='pk.sindh'", "ok" },
    { "may climb to itself", AT_SINDH_FROM_KPT, KPT, "climb='pk.sindh.kpt'", "ok" },
    { "may climb to a sibling", AT_SINDH_FROM_KPT, KPT, "climb='pk.punjab'", "consent" },
    { "may climb to a party below", AT_SINDH_FROM_KPT, KPT, "climb='pk.sindh.kpt.a'", "consent" },
    { "may climb to a name that only begins like an ancestor's", AT_SINDH_FROM_KPT, KPT,
      "climb='pk.sind'", "consent" },
    { "replaces its own", AT_SINDH_FROM_KPT, KPT, "replaces=['pk.sindh.kpt', 1, 7, 1]", "ok" },
    { "replaces what an ancestor wrote", AT_SINDH_FROM_KPT, KPT, "replaces=['pk', 1, 7, 1]",
      "replaces" },
    { "replaces what was written below", AT_PK_FROM_SINDH, SINDH,
      "replaces=['pk.sindh.kpt', 1, 7, 1]", "ok" },
    { "replaces what a sibling wrote", AT_PK_FROM_SINDH, SINDH, "replaces=['pk.punjab', 1, 7, 1]",
      "replaces" },
    { "an exercise that the top announced", AT_SINDH_FROM_KPT, KPT,
      "mode=1;exercise=['pk', 1, 7, 1]", "ok" },
    { "an exercise that it announced itself", AT_SINDH_FROM_KPT, KPT,
      "mode=1;exercise=['pk.sindh.kpt', 1, 7, 1]", "ok" },
    { "an exercise that a sibling announced", AT_SINDH_FROM_KPT, KPT,
      "mode=1;exercise=['pk.punjab', 1, 7, 1]", "exercise" },
    { "an exercise that a party below announced", AT_SINDH_FROM_KPT, KPT,
      "mode=1;exercise=['pk.sindh.kpt.a', 1, 7, 1]", "exercise" },
};

/* Two faults each: the earlier check speaks. */
static const struct judged order[] = {
    { "an unknown credential before a wrong origin", AT_SINDH_FROM_KPT, KPT,
      "credential=b(32,09);origin='uk'", "unknown-credential" },
    { "a wrong origin before a bad signature", AT_SINDH_FROM_KPT, KPT, "origin='pk.sindh.x'",
      "wrong-origin" },
    { "the way before what it is for", AT_SINDH_FROM_PK, KPT, "audience=['pk.sindh.kpt']",
      "not-yours-to-send" },
    { "what it is for before the test", AT_SINDH_FROM_KPT, KPT, "mode=2;audience=['pk.sindh.kpt']",
      "not-meant" },
    { "the test before the dates", AT_SINDH_FROM_KPT, KPT, "mode=2;issued=now-9d", "test-left" },
    { "the clock before the audience", AT_SINDH_FROM_KPT, KPT, "issued=now+1d;audience=['uk']",
      "clock-ahead" },
    { "the grant before the label", AT_SINDH_FROM_KPT, KPT, "tlp=5;audience=['pk.punjab']",
      "no-grant" },
    { "the label before the consent", AT_SINDH_FROM_KPT, KPT, "tlp=4;climb='uk'",
      "tlp-needs-sealing" },
    { "the consent before what is replaced", AT_SINDH_FROM_KPT, KPT,
      "climb='uk';replaces=['pk', 1, 7, 1]", "consent" },
    { "what is replaced before the exercise", AT_SINDH_FROM_KPT, KPT,
      "replaces=['pk', 1, 7, 1];mode=1;exercise=['uk', 1, 7, 1]", "replaces" },
};

static void identity (void)
{
    struct span body = message ("");
    judged ("signed by another key", AT_SINDH_FROM_KPT, sign_as (body, "pk.punjab", KPT), NULL,
            "bad-signature");
    judged ("forged, and sent the wrong way", AT_PK_FROM_PUNJAB, sign_as (body, PUNJAB, KPT), NULL,
            "bad-signature");
    judged ("a credential of another party of one's own key", AT_SINDH_FROM_KPT,
            sign_as (message ("credential=$pk.sindh.hash"), KPT, SINDH), NULL, "wrong-origin");
    keep ("message", body);
    keep ("sig", signature (1, KPT, kept ("pk.sindh.kpt.hash"), 1, hashed (body)));
    judged ("an approval that does not hold", AT_SINDH_FROM_KPT,
            say ("[$message, [1, 0, #, $sig], [['a', %a, $sig]]]"), NULL, "approval");
    judged ("an approval that does not hold, the wrong way", AT_PK_FROM_PUNJAB,
            say ("[$message, [1, 0, #, $sig], [['a', %a, $sig]]]"), NULL, "approval");
    judged ("not in the canonical form", AT_SINDH_FROM_KPT, say ("[$message, [1, 0, #, $sig]]"),
            NULL, "malformed");
    judged ("an index beyond its tree", AT_SINDH_FROM_KPT, say ("[$message, [1, 1, #, $sig], []]"),
            NULL, "bad-proof");
}

static void without_policy (void)
{
    const struct known none = { .no_policy = true };
    static const struct judged all[] = {
        { "a note without a policy", AT_SINDH_FROM_KPT, "pk.sindh.kpt", "", "no-policy" },
        { "ten minutes ahead without a policy", AT_SINDH_FROM_KPT, "pk.sindh.kpt",
          "issued=now+600000", "no-policy" },
        { "more than ten minutes ahead without a policy", AT_SINDH_FROM_KPT, "pk.sindh.kpt",
          "issued=now+600001", "clock-ahead" },
        { "the first policy", AT_SINDH_FROM_PK, "pk",
          "kind='policy';audience=['pk.**'];body={'statement': $policy}", "ok" },
        { "the first policy by another party", AT_PK_FROM_SINDH, "pk.sindh",
          "kind='policy';audience=['pk'];body={'statement': $policy}", "no-policy" },
        { "a first policy that is not signed as it must be", AT_SINDH_FROM_PK, "pk",
          "kind='policy';audience=['pk.**'];body={'statement': $root}", "trust" },
        { "a first policy that needs sealing", AT_SINDH_FROM_PK, "pk",
          "kind='policy';tlp=5;audience=['pk.**'];body={'statement': $policy}",
          "tlp-needs-sealing" },
    };
    judge_all (all, sizeof all / sizeof all[0], &none);
}

#define JUDGE(table) judge_all (table, sizeof table / sizeof table[0], NULL)

void make_intake (void)
{
    JUDGE (ways);
    identity ();
    JUDGE (times);
    const struct known later = { .now = NOW + 40 * DAY };
    judged ("taken long after the credential has ended", AT_SINDH_FROM_KPT, from (KPT, ""), &later,
            "ok");
    JUDGE (rights);
    without_policy ();
    JUDGE (handling);
    JUDGE (order);
    make_intake_trust ();
    make_intake_carried ();
}
