#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""A child that says things under an exercise that is not for it, and mixes it with what is live."""

from support_hostile import need, prove, until
from support_rogue import Rogue, leaf_of, now_ms

HOUR = 3_600_000


def refused(tree, rogue, data, what):
    """Told, kept with its reason, and nowhere else."""
    rogue.open()
    rogue.send(data)
    rogue.is_told("exercise", leaf_of(data))
    until(lambda: any(one.leaf == leaf_of(data)
                      for one in tree["pk.sindh"].records(quarantine=True)), what)
    need(not any(one.leaf == leaf_of(data) for one in tree["pk"].records()), f"{what}: went on")


def announced(pk, to):
    """An exercise that runs; its reference."""
    ref = pk.publish("exercise", {"step": "announce", "title": "A drill", "from": now_ms() - 1000,
                                  "until": now_ms() + HOUR}, [to])["ref"]
    pk.publish("exercise", {"step": "start"}, [to], thread=ref)
    return ref


def a_child_under_an_exercise_that_is_not_for_it_is_refused(tree):
    pk = tree.join("pk")
    sindh = tree.join("pk.sindh", "provincial")
    rogue = Rogue(tree)
    tree.others.append(rogue)
    rogue.open()
    others, own, alone = (announced(pk, to) for to in ("pk.sindh", "pk.sindh.**", rogue.name))
    until(lambda: len([one for one in sindh.records() if one.kind == "exercise"]) == 6,
          "they are known and run")
    played = {"mode": 1, "audience": ["pk", "pk.sindh"], "body": {"text": "played"}}

    refused(tree, rogue, rogue.envelope("note", exercise=others, **played),
            "under an exercise for its parent alone")
    refused(tree, rogue, rogue.envelope("note", exercise=["pk", 1, 7, 99], **played),
            "under one that nobody announced")
    refused(tree, rogue, rogue.envelope("note", exercise=alone, **played),
            "to somebody whom it was not announced to")

    live = rogue.envelope("incident", audience=["pk", "pk.sindh"], tlp=3, body={
        "title": "real", "description": "real", "severity": "S3", "times": {"aware": now_ms()}})
    real = [rogue.name, *rogue.epoch, rogue.sequence]
    rogue.send(live)
    good = rogue.envelope("note", exercise=own, **played)
    drill = [rogue.name, *rogue.epoch, rogue.sequence]
    rogue.send(good)
    until(lambda: {leaf_of(live), leaf_of(good)} <= {one.leaf for one in pk.records()},
          "what belongs together is taken and goes on")
    refused(tree, rogue, rogue.envelope("note", exercise=own, thread=real, **played),
            "played, in the thread of a live case")
    refused(tree, rogue, rogue.envelope("note", thread=drill, audience=["pk", "pk.sindh"],
                                        body={"text": "live"}),
            "live, in the thread of what is played")
    refused(tree, rogue, rogue.envelope("note", replaces=drill, audience=["pk", "pk.sindh"],
                                        body={"text": "live"}),
            "live, in the place of what is played")
    need(sindh.status()["level"] <= 2, "its parent goes on")


prove(a_child_under_an_exercise_that_is_not_for_it_is_refused)
