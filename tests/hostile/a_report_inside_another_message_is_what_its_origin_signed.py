#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""A CERT that escalates what nobody reported, or more than a reporter agreed to."""

from support_hostile import (Envelope, Thief, Watch, canon, need, now_ms, proof, prove, reasons,
                             until, words)

REPORT = {"title": "t", "description": "names of people", "times": {"aware": 1}}


def a_parent_a_child_and_its_child(tree):
    tree.join("pk")
    tree.join("pk.kp", "provincial")
    tree.join("pk.kp.org", "organisation")


def _escalation(thief, thread, original, **fields):
    now = now_ms()
    body = {"clock": "acknowledge", "due": now, "lead": thief.name, "level": 1,
            "original": original, "reported": now, "severity": "S1", "started": now}
    return thief.envelope("escalation", ["pk"], body, thread=list(thread),
                          **{"tlp": 3, **fields})


def _refused(thief, envelope, detail):
    """For what it carries; the session goes on, and it is kept."""
    thief.data(envelope)
    thief.hear("ack")
    frame = thief.hear("reject")
    need(reasons.NAME[frame.reason] == "carried" and detail in frame.detail,
         f"{words(frame)}, not {detail}")
    leaf = proof.leaf_hash(canon.decode(envelope)[0])
    until(lambda: any(record.leaf == leaf for record in thief.parent.records(quarantine=True)),
          "it is kept")


def what_is_inside_is_judged_like_what_comes_alone(tree):
    pk, kp, org = tree["pk"], tree["pk.kp"], tree["pk.kp.org"]
    with Watch(pk, kp):
        answer = org.ask("publish", kind="incident", body=REPORT, audience=["pk.kp"], tlp=3)
        told = org.ask("publish", kind="incident", body=REPORT, audience=["pk", "pk.kp"],
                       tlp=3)
        until(lambda: pk.holds(told["id"]), "one of both is at the parent")
        need(pk.holds(answer["id"]) is None, "the other is not")
        secret = org.holds(answer["id"])["record"]["envelope"]
        known = org.holds(told["id"])["record"]["envelope"]
        credential = Envelope(secret).message.credential
        thief = Thief(pk, "pk.robber", "provincial").open()
        own = thief.envelope("incident", ["pk.robber"], REPORT, tlp=3)
        forged = thief.envelope("incident", ["pk"], REPORT, tlp=3, origin="pk.kp.org",
                                credential=credential, sequence=999)
        flipped = bytearray(known)
        flipped[-1] ^= 1
        for thread, original, detail, fields in (
                (Envelope(forged).message.id, forged, "bad-signature", {}),
                (told["ref"], bytes(flipped), "original", {}),
                (told["ref"], b"\x90", "no message", {}),
                (told["ref"], secret, "another case", {}),
                (answer["ref"], secret, "has not agreed", {}),
                (Envelope(own).message.id, own, "has not agreed", {}),
                (told["ref"], known, "stronger TLP", {"tlp": 1}),
                (told["ref"], known, "mode or exercise",
                 {"mode": 1, "exercise": ["pk", 1, 1, 1]}),
        ):
            _refused(thief, _escalation(thief, thread, original, **fields), detail)
        need(pk.holds(answer["id"]) is None, "what was refused is nowhere")
        need(thief.taken(_escalation(thief, told["ref"], known)), "what is in order passes")


if __name__ == "__main__":
    prove(what_is_inside_is_judged_like_what_comes_alone, on=a_parent_a_child_and_its_child)
