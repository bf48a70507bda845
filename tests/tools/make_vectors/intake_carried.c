/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/make_vectors/intake.h"

/* Section 8.1: what is carried. The report of pk.sindh.kpt, and what pk.sindh says of it to pk. */

#define REPORT                                                                                     \
    "kind='incident';audience=['pk.sindh'];tlp=3;sequence=4;"                                      \
    "body={'description': 'x', 'times': {'aware': 1}, 'title': 'x'};"
#define THREAD "thread=['pk.sindh.kpt', 1, 7, 4];tlp=3;"
#define ESCALATION                                                                                 \
    "kind='escalation';audience=['pk'];" THREAD "body={'clock': 'acknowledge', 'due': 2, 'lead': " \
    "'pk.sindh', 'level': 1, 'original': $inside, "                                                \
    "'reported': 1, 'severity': 'S1', 'started': 1};"
#define TRANSFER(lead)                                                                             \
    "kind='update';schema=2;" THREAD "body={'lead': '" lead                                        \
    "', 'original': $inside, 'step': 'transfer'};"

static const char KPT[] = "pk.sindh.kpt", SINDH[] = "pk.sindh";

/* `report` changes what is inside, `outer` what carries it. */
static const struct {
    const char *name, *report, *outer, *expect;
} all[] = {
    { "a report that may climb", "climb='pk'", ESCALATION, "ok" },
    { "a report that climbs in a transfer", "climb='pk'", TRANSFER ("pk") "audience=['pk']", "ok" },
    { "a report that was addressed to who gets it", "audience=['pk', 'pk.sindh']", ESCALATION,
      "ok" },
    { "a report for everybody", "tlp=2", ESCALATION "tlp=2", "ok" },
    { "a report that may not climb", "", ESCALATION, "carried" },
    { "a report that may climb, but not so far", "climb='pk.sindh'", ESCALATION, "carried" },
    { "a report that may climb, to a party beside its way", "climb='pk'",
      TRANSFER ("pk") "audience=['pk', 'pk.sindh.a']", "carried" },
    { "a report that may climb, to the party that takes over", "climb='pk'",
      TRANSFER ("pk.energy") "audience=['pk', 'pk.energy']", "no-grant" },
    { "a report that may climb, to a subtree", "climb='pk'",
      TRANSFER ("pk") "audience=['pk', 'pk.sindh.**']", "carried" },
    { "a report under a weaker label", "climb='pk'", ESCALATION "tlp=2", "carried" },
    { "a report under a stronger label", "climb='pk';tlp=2", ESCALATION, "ok" },
    { "a consent that goes further than that of the report", "audience=['pk', 'pk.sindh']",
      ESCALATION "climb='pk'", "carried" },
    { "the report of another case", "climb='pk';sequence=5", ESCALATION, "carried" },
    { "a note in the place of a report", "climb='pk';kind='note';body={'text': 'x'}", ESCALATION,
      "carried" },
    { "a report that its origin might not send", "climb='pk';audience=['pk.punjab']", ESCALATION,
      "carried" },
    { "a report of another mode", "climb='pk';mode=1;exercise=['pk', 1, 7, 1]", ESCALATION,
      "carried" },
    { "a report of another exercise", "climb='pk';mode=1;exercise=['pk', 1, 7, 1]",
      ESCALATION "mode=1;exercise=['pk', 1, 7, 2]", "carried" },
    { "a report of the same exercise", "climb='pk';mode=1;exercise=['pk', 1, 7, 1]",
      ESCALATION "mode=1;exercise=['pk', 1, 7, 1]", "ok" },
    { "a report from the future", "climb='pk';issued=now+1d", ESCALATION, "carried" },
    { "a report inside a step that is no transfer", "climb='pk'",
      "kind='update';schema=2;audience=['pk'];" THREAD
      "body={'original': $inside, 'step': 'contain'}",
      "carried" },
};

static struct span outer (const char *changes)
{
    return envelope (message (text ("origin='pk.sindh';credential=$pk.sindh.hash;%s", changes)),
                     SINDH);
}

void make_intake_carried (void)
{
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        keep ("inside", envelope (message (text (REPORT "%s", all[i].report)), KPT));
        judged (all[i].name, AT_PK_FROM_SINDH, outer (all[i].outer), NULL, all[i].expect);
    }
    struct span report = message (REPORT "climb='pk'");
    keep ("inside", sign_as (report, "pk.punjab", KPT));
    judged ("a report that its origin has not signed", AT_PK_FROM_SINDH, outer (ESCALATION), NULL,
            "carried");
    keep ("inside", sign_as (report, KPT, SINDH));
    judged ("a report in the name of another credential", AT_PK_FROM_SINDH, outer (ESCALATION),
            NULL, "carried");
    keep ("inside", say ("'x'"));
    judged ("what is no report", AT_PK_FROM_SINDH, outer (ESCALATION), NULL, "carried");
    keep ("inside", envelope (report, KPT));
    const struct known revoked = { .revocations = "revokes.epoch" };
    judged ("a report whose key was revoked", AT_PK_FROM_SINDH, outer (ESCALATION), &revoked,
            "carried");
    const struct known before = { .revocations = "revokes.five" };
    judged ("a report from before its key was revoked", AT_PK_FROM_SINDH, outer (ESCALATION),
            &before, "ok");
}
