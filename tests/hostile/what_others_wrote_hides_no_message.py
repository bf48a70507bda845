#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""Numbers, replacements and files of an enrolled party that means harm, or is careless."""

import json

from support_hostile import Failed, Refused, Talk, Thief, Watch, need, now_ms, prove, until


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
    begun = pk.publish("exercise", {"step": "announce", "title": "A drill", "from": now_ms() - 1000,
                                    "until": now_ms() + 3_600_000}, ["pk.**"])
    pk.publish("exercise", {"step": "start"}, ["pk.**"], thread=begun["ref"])
    try:
        _note(pk, "ignore it", mode=1, exercise=begun["ref"], replaces=live["ref"])
        raise Failed("a drill puts itself in the place of what is live")
    except Refused as refused:
        need(refused.reason == "exercise", refused)
    other = _note(pk, "patch now (drill)", mode=1, exercise=begun["ref"])
    third = _note(pk, "or not (drill)", mode=1, exercise=begun["ref"], replaces=other["ref"])
    until(lambda: kp.holds(third["id"]), "what belongs to the drill is there")
    need(_standing(kp, other)["id"] == third["id"], "and has replaced what belongs to it")


def a_number_that_is_copied_without_end_hides_nobody_who_has_it(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    genuine = pk.publish("advisory", {"number": "NCERT-2026-099", "title": "Patch now",
                                      "severity": "S2", "summary": "All of you."}, ["pk.**"])
    with Watch(pk, kp):
        thief = Thief(pk, "pk.copier").open()
        # A schema that is not known here judges no body.
        copies = [thief.envelope("note", ["pk"], {"text": "x", "number": "ncert-2026-099"},
                                 schema=7) for _ in range(40)]
        need(thief.taken(*copies), "the copies are taken")
        try:
            pk.ask("get", id="NCERT-2026-099")
            raise Failed("one of many is taken for the one that was meant")
        except Refused as refused:
            meant = [one["id"] for one in refused.candidates]
            need(genuine["id"] in meant, f"{genuine['id']} is not among {meant}")
            need(len(meant) <= 8, f"{len(meant)} of them are shown")
        thief.close()


def what_waits_is_counted_without_reading_all_of_it(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    kp.stop()
    talk = Talk(pk)
    head = _note(pk, "with a large file")
    content = bytes(196608)
    for index in range(100):
        talk("publish", kind="part", audience=["pk.kp"], tlp=2, thread=head["ref"],
             body={"content": content, "count": 50, "hash": bytes([index // 50]) * 32,
                   "index": index % 50, "size": 50 * len(content)})
    talk.close()
    link = pk.link("pk.kp")
    need(link["more"] and 0 < link["lag"] < 100, f"lag {link['lag']}, more: {link['more']}")
    kp.start()
    until(lambda: pk.link("pk.kp")["lag"] == 0 and not pk.link("pk.kp")["more"], "it is there")


prove(what_a_party_above_withdrew_its_origin_does_not_bring_back,
      a_drill_withdraws_nothing_that_is_live,
      a_number_that_is_copied_without_end_hides_nobody_who_has_it,
      what_waits_is_counted_without_reading_all_of_it, on=a_parent_and_a_child)
