#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""Numbers, replacements and pieces of files of an enrolled child that means harm."""

import json

from support_hostile import Thief, Watch, need, prove, until


def a_parent_and_a_child(tree):
    tree.join("pk")
    tree.join("pk.kp", "provincial")


def _note(broker, text, to="pk.**", **fields):
    return broker.publish("note", {"text": text}, [to], **fields)


def _standing(broker, sent):
    return json.loads(broker.certbus("--json", "verify", sent["id"]))["standing"]


def what_a_party_above_withdrew_its_origin_does_not_bring_back(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    claimed = _note(kp, "all clear", "pk")
    until(lambda: pk.holds(claimed["id"]), "it is there")
    body = {"number": "NCERT-2026-013", "title": "It is not", "severity": "S2",
            "summary": "Nothing is clear.", "status": "withdrawn"}
    taken = pk.publish("advisory", body, ["pk.**"], replaces=claimed["ref"])
    until(lambda: kp.holds(taken["id"]), "the withdrawal is there")
    again = _note(kp, "all clear, I say", "pk", replaces=claimed["ref"])
    until(lambda: pk.holds(again["id"]), "what was said again is there")
    for broker in (pk, kp):
        need(_standing(broker, claimed) == {"state": "withdrawn", "id": taken["id"]},
             _standing(broker, claimed))


def a_drill_withdraws_nothing_that_is_live(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    live = _note(pk, "patch now")
    begun = _note(pk, "a drill begins")
    drill = _note(pk, "ignore it", mode=1, exercise=begun["ref"], replaces=live["ref"])
    for broker in (pk, kp):
        until(lambda: broker.holds(drill["id"]), "the drill is there")
        need(_standing(broker, live) is None, _standing(broker, live))
    other = _note(pk, "patch now (drill)", mode=1, exercise=begun["ref"])
    third = _note(pk, "or not (drill)", mode=1, exercise=begun["ref"], replaces=other["ref"])
    until(lambda: kp.holds(third["id"]), "what belongs to the drill is there")
    need(_standing(kp, other)["id"] == third["id"], "and has replaced what belongs to it")


prove(what_a_party_above_withdrew_its_origin_does_not_bring_back,
      a_drill_withdraws_nothing_that_is_live, on=a_parent_and_a_child)
