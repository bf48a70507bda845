# SPDX-License-Identifier: Apache-2.0
"""Silence climbs: with the signed report inside where its origin agreed, else as a stub."""
# asan: yes

import json
import pathlib
import re
import shutil

import support
from support import AMBER, FLASH, certbus, need, note, prove, until

RULES = support.POLICY
SECRET = "names of people and machines"
BODY = {"title": "the port's account", "description": SECRET, "severity": "S1",
        "times": {"aware": 1}}


def with_fast_clocks(tree):
    """The rules, with clocks that a test can wait for."""
    text = support.PROJECT.joinpath("config/cert-rules-2023.cfg").read_text()
    text = re.sub(r'(clock = "(?:acknowledge|climb)"; role = "\*"; limits = )\[[^]]*\]',
                  r'\1[ "1 s", "1 s", "1 s", "1 s", "1 s" ]', text)
    path = pathlib.Path("fast.cfg").resolve()
    path.write_text(text)
    support.POLICY = path
    return tree


def report(broker, *audience, **fields):
    return broker.publish("incident", BODY, audience, tlp=AMBER, precedence=FLASH,
                          **fields)["id"]


def escalations(broker, of):
    return [record for record in broker.records() if record.kind == "escalation"
            and record.thread[0] == of.split("/")[0]]


def runs(found):
    """What tells one climb from another: clock, start, level."""
    return {(record.body["clock"], record.body["started"], record.body["level"])
            for record in found}


def a_report_climbs_as_it_was_signed_and_verifies_there(tree):
    pk, sindh, kpt = with_fast_clocks(tree).chain()
    ident = report(kpt, "pk.sindh", climb="pk")
    until(lambda: escalations(pk, ident), "it climbed")
    got = pk.holds(ident)
    need(got and "carried" in got, "the report is not found at the top")
    first = escalations(pk, ident)[0]
    need(first.origin == "pk.sindh" and first.audience == ["pk"], first)
    need(got["carried"]["by"][0] == "pk.sindh", got["carried"])
    need(got["record"]["envelope"] == kpt.holds(ident)["record"]["envelope"], "other bytes")
    said = json.loads(pk.certbus("--json", "verify", ident))
    need(said["genuine"] and said["held"] and said["signed_by"][0]["party"] == kpt.name, said)
    need(SECRET in pk.certbus("verify", ident), "its text is not printed")
    need("carried it here" in pk.certbus("show", ident), "show does not say how it came")
    state = pk.ask("case", id=ident)["case"]
    need(not state["stub"] and state["title"] == BODY["title"], state)
    need(pk.ask("attachments", id=state["ref"])["files"] == [], "its files are not told of")
    need(state["lead"] == "pk.sindh", state)
    note(f"{ident} came inside {first}")


def without_consent_a_stub_climbs(tree):
    pk, sindh, kpt = with_fast_clocks(tree).chain()
    ident = report(kpt, "pk.sindh", climb="pk.sindh")
    until(lambda: escalations(pk, ident), "it climbed")
    state = pk.ask("case", id=ident)["case"]
    need(state["stub"] and state["severity"] == "S1", state)
    need(pk.holds(ident) is None, "the report is at the top")
    need(SECRET.encode() not in b"".join(record.envelope for record in pk.records()),
         "its text is at the top")


def enrolled(tree, name, role, depth=0):
    broker = support.Broker(tree, name)
    tree.brokers[name] = broker
    may = (["--may-enrol", "provincial,organisation", "--may-sectors", "*",
            "--depth", str(depth)] if depth else [])
    certbus("-C", name, "init", name, "--title", f"The {name}")
    broker.configure(listen=f"tcp://{tree.host}:*")
    parent = name.rpartition(".")[0]
    tree[parent].certbus("enrol", f"{name}.request", "--role", role, "--yes", *may)
    broker.certbus("join", f"{name}.credential", "--root", "root/root")
    broker.start()
    until(lambda: broker.open_to(parent), f"{name} is connected")
    return broker


def it_climbs_level_by_level_to_the_root(tree):
    pk = with_fast_clocks(tree).join("pk")
    sindh = enrolled(tree, "pk.sindh", "provincial", 3)
    city = enrolled(tree, "pk.sindh.karachi", "provincial", 2)
    port = enrolled(tree, "pk.sindh.karachi.port", "organisation")
    ident = report(port, "pk.sindh.karachi", climb="pk")
    until(lambda: pk.holds(ident), "the report is at the top")
    need([record.origin for record in escalations(sindh, ident)
          if record.audience == ["pk.sindh"]] == ["pk.sindh.karachi"], "one level was left out")
    need(pk.holds(ident)["record"]["envelope"] == port.holds(ident)["record"]["envelope"],
         "other bytes")
    need({record.body["level"] for record in escalations(pk, ident)} == {1}, "levels")
    need(not pk.records(quarantine=True), "something was refused")


def a_broker_that_dies_while_it_escalates_tells_it_once(tree):
    pk, sindh, kpt = with_fast_clocks(tree).chain()
    ident = report(kpt, "pk.sindh", climb="pk")
    until(lambda: sindh.holds(ident), "it was stored")
    died = 0
    for fault in ("before-sign:1", "before-commit:2", "after-commit:2", "before-answer:1"):
        sindh.kill()
        sindh.launch(fault=fault)
        until(lambda: sindh.dead() or escalations(sindh, ident), "it died, or it has escalated")
        died += sindh.dead()
    need(died > 0, "no fault was met")
    sindh.kill()
    sindh.start()
    until(lambda: pk.holds(ident), "it climbed")
    sindh.kill()
    sindh.start()
    until(tree.connected, "connected again")
    found = escalations(pk, ident)
    need(len(found) == len(runs(found)), f"one was told twice: {found}")
    note(f"{len(found)} escalations, {died} times killed at a fault")


def a_restored_copy_escalates_nothing_that_counts_twice(tree):
    pk, sindh, kpt = with_fast_clocks(tree).chain()
    sindh.stop()
    shutil.copyfile("pk.sindh/journal.db", "old.db")
    sindh.start()
    until(tree.connected, "connected")
    ident = report(kpt, "pk.sindh", climb="pk")
    until(lambda: pk.holds(ident), "it climbed")
    before = pk.ask("case", id=ident)["case"]
    sindh.stop()
    shutil.copyfile("old.db", "pk.sindh/journal.db")
    sindh.start()
    until(lambda: sindh.holds(ident) and escalations(sindh, ident), "its own came back")
    after = pk.ask("case", id=ident)["case"]
    need({key: before[key] for key in ("lead", "stage", "escalated")}
         == {key: after[key] for key in ("lead", "stage", "escalated")}, after)
    found = escalations(pk, ident)
    need(len(runs(found)) == len(found), f"one was told twice: {found}")


def an_officer_tells_the_parent_at_once_and_the_top_has_none(tree):
    support.POLICY = RULES
    pk, sindh, kpt = tree.chain()
    ident = report(kpt, "pk.sindh", climb="pk")
    until(lambda: sindh.holds(ident), "it was stored")
    answer = sindh.ask("escalate", id=ident, text="the minister calls", officer="asma")
    told = until(lambda: escalations(pk, ident), "it is at the top")[0]
    need(told.body["clock"] == "officer" and told.body["text"] == "the minister calls", told.body)
    need(pk.holds(ident), "the report came along")
    need(pk.holds(answer["id"]), "another id")
    try:
        pk.ask("escalate", id=ident)
    except support.Refused as refused:
        need("no CERT above it" in refused.detail, refused.detail)
    else:
        raise support.Failed("the top party escalated")


prove(a_report_climbs_as_it_was_signed_and_verifies_there,
      without_consent_a_stub_climbs,
      it_climbs_level_by_level_to_the_root,
      a_broker_that_dies_while_it_escalates_tells_it_once,
      a_restored_copy_escalates_nothing_that_counts_twice,
      an_officer_tells_the_parent_at_once_and_the_top_has_none)
