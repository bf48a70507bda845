#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""An exercise on the real bus: announced, played, paused for something real, scored; and nothing
of it in what counts."""

import json
import os
import pathlib
import time

import zmq

from support import AMBER, PROJECT, Refused, need, note, prove, until

SCRIPT = """
title = "A small drill";
text = "What those who play may know.";
to = [ "pk.sindh.**" ];
tlp = "TLP:AMBER";
length = "2 h";
injects = (
    { id = "call"; at = "0 s"; to = "pk.sindh.kpt"; title = "To the port";
      text = "Report this as if it had happened."; },
    { id = "warning"; at = "100 ms"; to = [ "pk.sindh.**" ]; kind = "advisory"; tlp = "TLP:GREEN";
      body = "warning.json"; },
    { id = "late"; at = "1 h"; to = "pk.sindh.kpt"; text = "Much later."; }
);
expected = (
    { id = "reports"; inject = "call"; who = "pk.sindh.kpt"; clock = "report"; limit = "30 min"; },
    { id = "takes-on"; inject = "call"; who = "pk.sindh"; clock = "acknowledge"; limit = "1 h"; },
    { id = "closes"; inject = "call"; who = "pk.sindh"; clock = "close"; limit = "1 ms"; },
    { id = "hears-late"; inject = "late"; who = "pk.sindh.kpt"; clock = "update"; limit = "1 h"; }
);
"""
WARNING = {"title": "A warning of the drill", "severity": "S2", "summary": "Not the real thing."}


def scripted(text=SCRIPT):
    pathlib.Path("drill.cfg").write_text(text)
    pathlib.Path("warning.json").write_text(json.dumps(WARNING))
    return "drill.cfg"


def shown(broker, *words):
    return json.loads(broker.certbus("--json", *words))


def of_kind(broker, kind, step=None):
    return [one for one in broker.records()
            if one.kind == kind and (step is None or one.body.get("step") == step)]


def incident(title, severity="S1"):
    return {"title": title, "description": "what is known", "severity": severity,
            "times": {"aware": int(time.time() * 1000)}}


def refused(ask, reason, words):
    try:
        ask()
    except Refused as no:
        need(no.reason == reason and words in no.detail and "\n" not in no.detail, f"{no}")
        return
    need(False, f"it was taken, and should have been refused: {words}")


def stands(broker, id):
    return shown(broker, "exercise", "list", id)["exercise"]["stands"]


def announced(pk, kpt):
    """Announced and known where it is for; its id and its ref."""
    pk.certbus("exercise", "announce", scripted(), "--yes")
    one = shown(pk, "exercise")["exercises"][0]
    until(lambda: shown(kpt, "exercise")["exercises"], "it is known below")
    answer = pk.ask("exercise")["exercises"][0]
    return one["id"], answer["ref"]


def play(tree):
    """From the announcement to the first answer."""
    pk, sindh, kpt = (tree[name] for name in ("pk", "pk.sindh", "pk.sindh.kpt"))
    tree.id, tree.ref = announced(pk, kpt)
    need(not of_kind(sindh, "exercise", "plan"), "the plan never leaves who made it")
    need(stands(kpt, tree.id) == "announced", "it was announced")
    refused(lambda: kpt.say("too early", "pk.sindh", mode=1, exercise=tree.ref),
            "exercise", "has not started")
    pk.certbus("exercise", "start", tree.id, "--yes")
    until(lambda: [one for one in kpt.notes() if "as if" in one.text], "the first inject is there")
    until(lambda: of_kind(kpt, "advisory"), "the second one, too")
    kpt.certbus("report", "--exercise", tree.id, "--yes", incident_file())
    until(lambda: of_kind(sindh, "incident"), "the report of the drill is at its CERT")
    tree.case = of_kind(kpt, "incident")[0]
    case = f"{tree.case.origin}/{tree.case.epoch}-{tree.case.sequence}"
    sindh.certbus("ack", case, "--by", "Duty", "--next-update", "in 2 hours", "--yes")
    until(lambda: of_kind(pk, "update"), "who announced it sees what is played")
    return case


def incident_file():
    pathlib.Path("incident.json").write_text(json.dumps(
        {"kind": "incident", "tlp": "TLP:AMBER", "body": {
            **incident("The drill's incident"), "times": {"aware": "2026-05-09T10:00:00Z"}}}))
    return "incident.json"


def it_is_marked_wherever_it_is_shown(tree):
    pk, sindh, kpt = tree.chain()
    pk.configure(tap="ipc://run/tap", tap_tlp="TLP:AMBER")
    pk.stop()
    pk.start()
    until(lambda: sindh.open_to("pk"), "connected again")
    tap = zmq.Context.instance().socket(zmq.SUB)
    tap.linger = 0
    tap.connect(f"ipc://{os.path.join(pk.home, 'run/tap')}")
    tap.subscribe(b"")
    case = play(tree)

    for broker in (sindh, kpt):
        for line in broker.certbus("list").splitlines():
            played = any(kind in line for kind in ("incident", "advisory", " note ", "update"))
            need(not played or "EXERCISE: " in line, f"listed without a mark: {line}")
    text = sindh.certbus("show", case)
    need(text.splitlines()[0].startswith("EXERCISE"), text)
    one = shown(sindh, "show", case)
    one = one.get("message", one)
    need(one["mode"] == "exercise" and one["exercise"], f"{one}")
    told = sindh.ask("case", id=case)["case"]
    need(told["mode"] in (1, "exercise") and told["exercise"] == tree.ref, f"{told}")
    for words in ([], ["cases"], ["clocks"], ["list"], ["show", case]):
        for line in sindh.certbus(*words).splitlines():
            need("drill" not in line or "EXERCISE" in line or line.startswith("  "),
                 f"{words}: {line}")
    board = [line for line in sindh.certbus().splitlines() if "The drill's incident" in line]
    need(board and all("EXERCISE" in line for line in board), f"{board}")
    need(of_kind(kpt, "advisory")[0].body["number"].startswith("EX-"), "a number of its own")

    said = 'echo "$CERTBUS_MODE $CERTBUS_EXERCISE $CERTBUS_TITLE"'
    seen = sindh.certbus("watch", "--as", "pager", "--since", "start", "--count", "1", "--kind", "incident",
                         "--exec", said)
    need(f"exercise {tree.id} EXERCISE: " in seen, seen)

    live = kpt.publish("incident", incident("A real one", "S3"), ["pk.sindh", "pk"],
                       tlp=AMBER)["id"]
    until(lambda: pk.holds(live), "something real is at the top")
    topics = []
    until(lambda: tap.poll(50) and topics.append(tap.recv_multipart()[0]) or b"live incident"
          in topics, "the tap shows what is real")
    need(not any(topic.startswith(b"exercise ") for topic in topics),
         f"the tap shows a drill: {topics}")
    tap.close(0)


def it_pauses_for_something_real_and_goes_on_and_is_scored(tree):
    pk, sindh, kpt = tree.chain()
    play(tree)
    kpt.publish("incident", incident("A real one"), ["pk.sindh", "pk"], tlp=AMBER)
    until(lambda: stands(kpt, tree.id) == "paused", "it is paused, and everybody knows")
    alarm = until(lambda: of_kind(pk, "alarm"), "who runs it is woken")[0].body
    need(alarm["what"] == "exercise" and "comes first" not in alarm["title"], f"{alarm}")
    pause = of_kind(kpt, "exercise", "pause")[0].body
    need(pause["emergency"] and "A real one" not in json.dumps(pause), f"{pause}")
    due = [one for one in shown(pk, "exercise", "list", tree.id)["injects"]
           if one["id"] == "late"][0]
    need("due" not in due and "sent" not in due, "nothing is sent while it is paused")
    refused(lambda: pk.publish("exercise", {"step": "start"}, ["pk.sindh.**"], thread=tree.ref),
            "illegal-step", "started before")
    pk.certbus("exercise", "resume", tree.id, "--yes")
    until(lambda: stands(kpt, tree.id) == "running", "it goes on")
    said = kpt.certbus("exercise", "stop", tree.id, "--yes", expect=1)
    need("only who announced it" in said, said)
    pk.certbus("exercise", "stop", tree.id, "--yes")
    until(lambda: of_kind(sindh, "exercise", "score"), "the CERT that took part has the score")
    need(not of_kind(kpt, "exercise", "score"), "and nobody below it")
    rows = {row["expected"]: row for row in shown(pk, "exercise", "score", tree.id)["score"]}
    need({name: row["outcome"] for name, row in rows.items()} ==
         {"reports": "met", "takes-on": "met", "closes": "missing", "hears-late": "not-asked"},
         f"{rows}")
    need(shown(sindh, "exercise", "score", tree.id)["score"] == list(rows.values()),
         "the same score there")
    need("2 of 3 in time" in pk.certbus("exercise", "score", tree.id), "in words")
    table = pk.certbus("exercise", "score", "--csv", tree.id).strip().splitlines()
    need(len(table) == 5 and all(line.count(",") == 9 for line in table), f"{table}")
    refused(lambda: kpt.say("too late", "pk.sindh", mode=1, exercise=tree.ref),
            "exercise", "has ended")
    for row in table[1:]:
        note(row)


def counted(pk):
    """What is counted of what is real, at the top."""
    draft = shown(pk, "bulletin", "--preview")["body"]
    counts = {key: draft[key] for key in draft if key not in ("exercises", "period", "next")}
    return {"cases": pk.ask("cases", mode=0)["cases"], "breaches": pk.ask("breaches")["breaches"],
            "bulletin": counts, "number": pk.ask(
                "publish", kind="advisory", body=WARNING, audience=["pk.**"], tlp=2, number=True,
                dry_run=True)["number"]}


def it_is_in_no_statistics_and_uses_up_no_number(tree):
    pk, sindh, kpt = tree.chain()
    before = counted(pk)
    play(tree)
    own = pk.publish("advisory", WARNING, ["pk.sindh.**"], number=True, mode=1, exercise=tree.ref)
    need(own["number"].startswith("EX-"), f"{own}")
    refused(lambda: pk.publish("advisory", {**WARNING, "number": "PK-2026-900"}, ["pk.sindh.**"],
                               mode=1, exercise=tree.ref), "usage", "EX-")
    refused(lambda: pk.publish("advisory", {**WARNING, "number": "EX-1"}, ["pk.sindh.**"]),
            "usage", "are of exercises")
    after = counted(pk)
    need(after == before, f"a drill was counted: {before} then {after}")


prove(it_is_marked_wherever_it_is_shown,
      it_pauses_for_something_real_and_goes_on_and_is_scored,
      it_is_in_no_statistics_and_uses_up_no_number)
