# SPDX-License-Identifier: Apache-2.0
"""The ledger of an advisory at its issuer and between: answers, clocks, revisions, tables."""
# asan: yes

import csv
import io
import json
import pathlib
import re

import support
from support import POLICY, PROJECT, Refused, need, prove, until
from support_terminal import Terminal

ADVISORY = json.loads((PROJECT / "config/samples/advisory.json").read_text())["body"]
SOON = {"advisory-acknowledge": "2 s", "advisory-applicable": "3 s", "advisory-done": "3 s"}
PK, SINDH, KPT = "pk", "pk.sindh", "pk.sindh.kpt"


def setup(tree):
    text = POLICY.read_text()
    for clock, limit in SOON.items():
        text, count = re.subn(rf'(clock = "{clock}"; role = "\*"; limit = )"[^"]*"',
                              rf'\1"{limit}"', text)
        need(count == 1, f"the policy has no {clock}")
    pathlib.Path("soon.cfg").write_text(text)
    support.POLICY = pathlib.Path("soon.cfg").resolve()
    tree.chain()


def advise(tree, *words, origin=PK, **changes):
    soon = [{key: action[key] for key in ("id", "text")} for action in ADVISORY["actions"]]
    body = {**ADVISORY, "actions": soon, **changes}
    for key in ("number", "effective", "expires", "acknowledge_by"):
        if key not in changes:
            body.pop(key, None)
    pathlib.Path("advisory.json").write_text(json.dumps(body))
    said = json.loads(tree[origin].certbus("--json", "publish", "advisory.json", "--again",
                                           "--tlp", "GREEN", *words))
    for name in (SINDH, KPT):
        until(lambda name=name: tree[name].holds(said["id"]), f"{said['id']} is at {name}")
    return said["id"]


def later(*ids):
    """Actions that are due in ten years: nothing of them is overdue here."""
    return [{"id": ident, "text": f"Do {ident}.", "due": "2036-01-01T00:00:00Z"} for ident in ids]


def row(tree, at, ident, party):
    return next((row for row in tree[at].ask("ledger", id=ident)["rows"]
                 if row["party"] == party), None)


def states(found):
    return {action["id"]: action["state"] for action in found["actions"]}


def alarms(tree, at, ident):
    """What was raised here about one advisory: (clock, step, count)."""
    ref = tree[at].ask("get", id=ident)["ref"]
    return [record.body for record in tree[at].records()
            if record.kind == "alarm" and record.thread == ref]


def what_a_party_says_is_in_the_ledger_of_the_issuer_and_between(tree):
    ident = advise(tree, actions=later("A1", "A2", "A3"))
    kpt = tree[KPT]
    until(lambda: row(tree, PK, ident, KPT).get("delivered"), "its receipt is back")
    shown = Terminal(tree, KPT, "--no-pager", "show", ident).ends()
    need("pk is told that it was opened here" in shown, f"it does not say so: {shown}")
    need("is told" not in Terminal(tree, KPT, "--no-pager", "show", ident).ends(), "told twice")
    for line in (f"certbus ack {ident} --by NAME", f"certbus comply {ident} --action A2 --done"):
        need(line in shown, f"what to type: {line}: {shown}")
    need(f"certbus compliance {ident}" in tree[PK].certbus("show", ident), "who did it, for pk")
    kpt.certbus("ack", ident, "--by", "Ayesha", "--applicable")
    need("given twice" in kpt.certbus("comply", ident, "--action", "1", "--action", "A1", "--done",
                                      expect=2), "the first is A1")
    kpt.certbus("comply", ident, "--action", "1", "--done", "--evidence", "ticket 5")
    kpt.certbus("comply", ident, "--action", "A2", "--planned", "--when", "in 3 days")
    kpt.certbus("comply", ident, "--action", "A3", "--waive", "--reason", "no such system",
                "--approver", "Director IT")
    for at in (PK, SINDH):
        found = until(lambda at=at: (lambda found: found if states(found) == {
            "A1": "done", "A2": "planned", "A3": "waived"} else None)(row(tree, at, ident, KPT)),
            f"{at} has all of it")
        need(found["read"] and found["acknowledged"] and found["by"] == "Ayesha" and
             found["applicable"] and not found["complied"], f"{at} has {found}")
        need(found["actions"][0]["evidence"] == "ticket 5" and
             found["actions"][2]["approver"] == "Director IT", f"{at} has {found}")
    kpt.certbus("comply", ident, "--all", "--done")
    until(lambda: row(tree, PK, ident, KPT)["complied"], "nothing is left")
    need(states(row(tree, PK, ident, KPT))["A3"] == "waived", "--all changes what was settled")
    need(not row(tree, PK, ident, SINDH).get("acknowledged"), "a parent was answered for")


def what_is_due_is_said_to_who_must_do_it_and_then_to_who_counts(tree):
    ident = advise(tree)
    tree[KPT].certbus("ack", ident, "--by", "Ayesha", "--not-applicable", "--why", "no mail here")
    until(lambda: len(alarms(tree, SINDH, ident)) == 9, "pk.sindh was told three times of each "
          "clock", 15)
    told = {(body["clock"], body["step"]) for body in alarms(tree, SINDH, ident)}
    need(told == {(clock, step) for clock in SOON for step in (0, 1, 4)}, f"told of {told}")
    counted = until(lambda: (lambda found: found if len(found) == 3 else None)(
        [body for body in alarms(tree, PK, ident) if body["step"] == 4]), "pk counted")
    for body in counted:
        need(body["count"] == 1 and "1 of 2 have not" in body["title"] and
             "pk.sindh\n" in body["text"] and f"certbus compliance {ident} --overdue" in
             body["text"], f"pk was told {body}")
    need(not alarms(tree, KPT, ident), "who has answered was told")
    need(f"certbus ack {ident} --by" in alarms(tree, SINDH, ident)[0]["text"],
         "it does not say what to type")
    overdue = tree[PK].certbus("compliance", ident, "--overdue")
    need("pk.sindh " in overdue and KPT not in overdue, f"overdue are {overdue}")
    need(len(row(tree, PK, ident, SINDH)["overdue"]) == 3, "not all are overdue")


def when_all_have_answered_nobody_is_told(tree):
    ident = advise(tree)
    for name in (SINDH, KPT):
        tree[name].certbus("ack", ident, "--by", "Bilal", "--applicable")
        tree[name].certbus("comply", ident, "--all", "--done")
    until(lambda: tree[PK].ask("ledger", id=ident)["totals"]["complied"] == 2, "both have")
    late = advise(tree)
    until(lambda: len([body for body in alarms(tree, PK, late) if body["step"] == 4]) == 3,
          "another one is overdue", 15)
    need(not alarms(tree, PK, ident), "somebody was told of who has answered")


def a_revision_goes_to_who_has_the_old_one_and_what_was_done_stays_done(tree):
    ident = advise(tree, actions=later("A1", "A2"))
    kpt = tree[KPT]
    kpt.certbus("ack", ident, "--by", "Ayesha", "--applicable")
    kpt.certbus("comply", ident, "--all", "--done")
    until(lambda: row(tree, PK, ident, KPT)["complied"], "it has done all")
    again = later("A1", "A2", "A3")
    again[1]["text"] = "Do A2 in another way."
    pathlib.Path("again.json").write_text(json.dumps(
        {**ADVISORY, "number": "OTHER-1", "actions": again, "effective": "2026-01-01T00:00:00Z"}))
    said = tree[PK].certbus("publish", "again.json", "--tlp", "GREEN", "--to", SINDH,
                            "--replaces", ident, expect=1)
    need("pk.sindh.kpt got what this replaces" in said and "--narrow" in said, said)
    tree[PK].certbus("publish", "again.json", "--tlp", "GREEN", "--to", SINDH, "--replaces",
                     ident, "--narrow", "--dry-run")
    new = json.loads(tree[PK].certbus("--json", "revise", ident, "again.json"))["id"]
    until(lambda: kpt.holds(new), "the revision is there")
    said = kpt.certbus("ack", ident, "--by", "Ayesha", expect=1)
    need(f"was replaced by {new}: answer that one" in said, said)
    found = row(tree, PK, new, KPT)
    need(states(found) == {"A1": "done", "A2": "open", "A3": "open"} and
         found["actions"][0]["carried"] and "acknowledged" not in found, f"carried: {found}")
    old = tree[PK].ask("ledger", id=ident)["advisory"]
    need(old["replaced"]["id"] == new, f"the old one says {old}")
    number = tree[PK].ask("ledger", id=new)["advisory"]["number"]
    need(new in tree[PK].certbus("compliance", number), "a number is not its newest")
    tree[PK].certbus("withdraw", new, "--reason", "a mistake")
    gone = until(lambda: (lambda ledger: ledger if ledger["advisory"]["withdrawn"] else None)(
        tree[KPT].ask("ledger", id=number)), "the withdrawal is there")["advisory"]["id"]
    kpt.certbus("ack", gone, "--by", "Ayesha")
    until(lambda: row(tree, PK, gone, KPT)["complied"], "it was acknowledged, which is all")


def the_tables_are_for_people_programs_and_spreadsheets(tree):
    ident = advise(tree, title='=cmd "x", and so on', actions=later("A1"))
    tree[KPT].certbus("ack", ident, "--by", "Ayesha", "--not-applicable", "--why", '=1+1 "no"')
    until(lambda: row(tree, PK, ident, KPT)["complied"], "it has answered")
    text = tree[PK].certbus("compliance", ident)
    need("The pk.sindh" in text and " 50 %" in text, f"the table is {text}")
    need("maritime" in tree[PK].certbus("compliance", ident, "--by", "sector"), "no sector")
    made = json.loads(tree[PK].certbus("--json", "compliance", ident))
    need(made["totals"]["percent"] == 50 and len(made["rows"]) == 2 and
         made["groups"][0]["name"] == SINDH, f"JSON: {made}")
    rows = list(csv.DictReader(io.StringIO(tree[PK].certbus("compliance", ident, "--csv"))))
    need([line["party"] for line in rows] == [SINDH, KPT] and rows[1]["by"] == "Ayesha" and
         rows[1]["applicable"] == "no" and rows[1]["text"] == "'=1+1 \"no\"" and
         rows[1]["A1"] == "open" and rows[1]["complied"] == "yes", f"CSV: {rows}")
    listed = tree[PK].certbus("compliance")
    need("50 %" in listed and "=cmd" in listed, f"listed: {listed}")
    need(json.loads(tree[SINDH].certbus("--json", "compliance")), "a CERT between lists none")
    pages = [tree[PK].ask("ledger", id=ident, limit=1)]
    pages.append(tree[PK].ask("ledger", id=ident, limit=1, after=pages[0]["next"]))
    need([page["rows"][0]["party"] for page in pages] == [SINDH, KPT] and pages[0]["more"] and
         not pages[1]["more"] and "totals" not in pages[1], f"pages: {pages}")


def bad_input_is_one_clear_line_and_nothing_sent(tree):
    ident = advise(tree, actions=later("A1", "A2"))
    only = advise(tree, "--to", SINDH, "--to", KPT)
    aside = json.loads(tree[PK].certbus("--json", "publish", "advisory.json", "--again", "--tlp",
                                        "GREEN", "--to", SINDH))["id"]
    need(only != aside, "the same")
    until(lambda: tree[SINDH].holds(aside), "it is there")
    report = json.loads(tree[KPT].certbus(
        "--json", "report", PROJECT / "config/samples/incident.json"))["id"]
    before = len(tree[KPT].records())
    wrong = [(1, "there are A1, A2", "comply", ident, "--action", "A9", "--done"),
             (2, "--reason TEXT and --approver", "comply", ident, "--all", "--waive"),
             (2, "is past", "comply", ident, "--all", "--planned", "--when", "yesterday"),
             (2, "still to come", "comply", ident, "--all", "--done", "--when", "in 3 days"),
             (2, "planned for when?", "comply", ident, "--all", "--planned"),
             (2, "one of --done", "comply", ident, "--all"),
             (2, "which actions?", "comply", ident, "--done"),
             (2, "why does it not apply?", "ack", ident, "--by", "A", "--not-applicable"),
             (2, "who? --by", "ack", ident),
             (1, "is no advisory", "comply", report, "--all", "--done"),
             (1, "no message here", "comply", "pk/9-9", "--all", "--done"),
             (2, "province or", "compliance", ident, "--by", "moon")]
    for code, says, *words in wrong:
        said = tree[KPT].certbus(*words, expect=code)
        need(says in said and len(said.splitlines()) <= 2, f"{words}: {said}")
    need("is your own" in tree[PK].certbus("comply", ident, "--all", "--done", expect=1), "own")
    try:
        tree[KPT].ask("ledger", id=report)
    except Refused as refused:
        need(refused.reason == "not-an-advisory", refused.reason)
    else:
        need(False, "a report has a ledger")
    need(len([record for record in tree[KPT].records() if record.kind == "compliance"]) ==
         len([record for record in tree[KPT].records()[:before] if record.kind == "compliance"]),
         "something was sent")


prove(what_a_party_says_is_in_the_ledger_of_the_issuer_and_between,
      what_is_due_is_said_to_who_must_do_it_and_then_to_who_counts,
      when_all_have_answered_nobody_is_told,
      a_revision_goes_to_who_has_the_old_one_and_what_was_done_stays_done,
      the_tables_are_for_people_programs_and_spreadsheets,
      bad_input_is_one_clear_line_and_nothing_sent,
      on=setup)
