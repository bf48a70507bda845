# SPDX-License-Identifier: Apache-2.0
"""Another CERT leads: it gets the signed report, and what the others say from then on."""
# asan: yes

import json

from support import AMBER, Failed, Refused, need, note, prove, until

BODY = {"title": "a mail server", "description": "names", "severity": "S3",
        "times": {"aware": 1}}


def grown(tree):
    pk = tree.join("pk")
    sindh = tree.join("pk.sindh", "provincial")
    telecom = tree.join("pk.telecom", "sectoral", ["telecom"])
    kpt = tree.join("pk.sindh.kpt", "organisation", ["maritime"])
    return pk, sindh, telecom, kpt


def report(broker, *audience, **fields):
    answer = broker.publish("incident", BODY, audience, tlp=AMBER, **fields)
    return answer["id"], answer["ref"]


def step(broker, ref, audience, tlp=AMBER, dry_run=False, **body):
    return broker.publish("update", body, audience, tlp=tlp, thread=ref, dry_run=dry_run)


def refused(what, *words):
    """Both the rehearsal and the thing itself are, in the same words."""
    said = set()
    for dry_run in (True, False):
        try:
            what(dry_run)
        except Refused as answer:
            said.add(f"{answer.reason} {answer.detail}")
        else:
            raise Failed(f"taken, dry_run {dry_run}; expected {words}")
    need(len(said) == 1, said)
    line = said.pop()
    need("\n" not in line and all(word in line for word in words), line)
    return line


def the_new_lead_has_the_report_and_hears_of_what_follows(tree):
    pk, sindh, telecom, kpt = grown(tree)
    ident, ref = report(kpt, "pk.sindh", climb="pk")
    until(lambda: sindh.holds(ident), "it was reported")
    sindh.ask("escalate", id=ident)
    until(lambda: pk.holds(ident), "it climbed")
    line = refused(lambda dry: step(kpt, ref, ["pk.telecom"], dry_run=dry, text="hello"),
                   "no-grant", "pk.telecom")
    step(pk, ref, ["pk.sindh", "pk.sindh.kpt", "pk.telecom"], step="transfer",
         lead="pk.telecom", text="yours")
    got = until(lambda: telecom.holds(ident), "the report is at the new lead")
    need(got["record"]["envelope"] == kpt.holds(ident)["record"]["envelope"], "other bytes")
    telecom.kill()
    telecom.start()
    said = json.loads(telecom.certbus("--json", "verify", ident))
    need(said["genuine"] and said["signed_by"][0]["party"] == "pk.sindh.kpt", said)
    until(tree.connected, "connected again")
    until(lambda: kpt.ask("case", id=ident)["case"]["lead"] == "pk.telecom", "kpt knows")
    for broker, audience in ((kpt, ["pk.sindh", "pk.telecom"]),
                             (telecom, ["pk.sindh", "pk.sindh.kpt"]),
                             (sindh, ["pk.sindh.kpt", "pk.telecom"])):
        step(broker, ref, audience, dry_run=True, text=f"of {broker.name}")
        step(broker, ref, audience, text=f"of {broker.name}")
    said = {f"of {name}" for name in ("pk.sindh", "pk.sindh.kpt", "pk.telecom")}
    for broker in (sindh, telecom, kpt):
        until(lambda broker=broker: said <= {record.text for record in broker.records()},
              f"{broker.name} has heard all of it")
    states = [broker.ask("case", id=ident)["case"] for broker in (sindh, telecom, kpt)]
    need(len({(state["lead"], state["stage"]) for state in states}) == 1, states)
    for broker in tree.brokers.values():
        need(not broker.records(quarantine=True), f"{broker.name} refused something")
    note(line)


def a_lead_that_was_told_by_the_report_needs_none(tree):
    pk, sindh, telecom, _ = grown(tree)
    exchange = tree.join("pk.sindh.exchange", "organisation", ["telecom"])
    shown = exchange.certbus("report", "--what", "a mail server is down", "--since", "1 hour ago",
                             "--yes")
    record = until(lambda: [one for one in telecom.records() if one.kind == "incident"],
                   f"the sector's CERT has a copy: {shown}")[0]
    need(record.audience == ["pk.sindh", "pk.telecom"], record.audience)
    ref = list(record.id)
    until(lambda: any(one.id == record.id for one in sindh.records()), "the parent has it")
    leads = {broker.ask("case", id=ref)["case"]["lead"] for broker in (sindh, telecom)}
    need(leads == {"pk.sindh"}, f"leads: {leads}")
    step(sindh, ref, ["pk.sindh.exchange", "pk.telecom"], step="transfer", lead="pk.telecom")
    moved = until(lambda: [one for one in telecom.records() if one.body.get("lead")], "it moved")
    need("original" not in moved[0].body, "it had the report")


def what_may_not_go_along_is_said_in_one_line(tree):
    pk, sindh, telecom, kpt = grown(tree)
    ident, ref = report(kpt, "pk", "pk.sindh")
    until(lambda: pk.holds(ident), "it was reported")
    to = ["pk.sindh.kpt", "pk.telecom"]
    note(refused(lambda dry: step(pk, ref, to, dry_run=dry, step="transfer", lead="pk.telecom"),
                 "pk.sindh.kpt has not agreed", "pk.telecom"))
    note(refused(lambda dry: step(pk, ref, ["pk.sindh.kpt"], dry_run=dry, step="transfer",
                                  lead="pk.telecom"), "audience", "pk.telecom"))
    open_ident, open_ref = report(kpt, "pk", "pk.sindh", climb="pk")
    until(lambda: pk.holds(open_ident), "it was reported")
    note(refused(lambda dry: step(pk, open_ref, to, tlp=2, dry_run=dry, step="transfer",
                                  lead="pk.telecom"), "TLP:AMBER"))
    note(refused(lambda dry: step(pk, open_ref, [*to, "pk.sindh.**"], dry_run=dry,
                                  step="transfer", lead="pk.telecom"), "pk.sindh.**"))
    step(pk, ref, ["pk.sindh", "pk.sindh.kpt"], step="transfer", lead="pk")


prove(the_new_lead_has_the_report_and_hears_of_what_follows,
      a_lead_that_was_told_by_the_report_needs_none,
      what_may_not_go_along_is_said_in_one_line)
