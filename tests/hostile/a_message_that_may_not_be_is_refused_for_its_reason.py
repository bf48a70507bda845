#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""Messages of an enrolled child that are forged, stale, too much, or not its to send."""

import os

from support_hostile import (Caller, Envelope, Failed, Thief, Watch, canon, need, now_ms, proof,
                             prove, reasons, sign_batch, until, words)

HOUR = 3_600_000


def a_parent_and_a_child(tree):
    tree.join("pk")
    tree.join("pk.kp", "provincial")


def _kept(broker, envelope, reason):
    """In quarantine, with that reason, and nowhere else."""
    leaf = proof.leaf_hash(canon.decode(envelope)[0])

    def found():
        return next((record for record in broker.records(quarantine=True)
                     if record.leaf == leaf), None)

    record = until(found, f"{reason} is kept")
    need(reasons.NAME[record.reason] == reason, f"kept as {reasons.NAME[record.reason]}")
    need(all(other.leaf != leaf for other in broker.records()), "it is not in the log")


def _goes(thief, reason, envelope, credentials=(), lane=1):
    """Refused for this reason, kept with it; the session goes on."""
    thief.data(envelope, credentials=credentials, lane=lane)
    thief.hear("ack")
    frame = thief.hear("reject")
    need(reasons.NAME[frame.reason] == reason, f"{words(frame)}, not {reason}")
    need(frame.hash == proof.leaf_hash(canon.decode(envelope)[0]), "it names the message")
    _kept(thief.parent, envelope, reason)


def _ends(tree, name, reason, make, shown=None):
    """Refused for this reason, which ends the session of a thief of this name."""
    pk = tree["pk"]
    thief = Thief(pk, name).open()
    envelope = make(thief)
    thief.data(envelope)
    frame = thief.hear("reject")
    need(reasons.NAME[frame.reason] == reason and frame.hash is None,
         f"{words(frame)}, not {reason}")
    until(lambda: pk.link(name)["state"] == "IDLE", "the session is over")
    need(shown is None or shown in pk.link(name)["refused"], pk.link(name)["refused"])
    thief.hello()
    need(thief.hear("busy", "welcome").verb == "busy", "and has to wait")
    thief.close()
    return envelope


def _credential(broker, party, talk=None):
    """The hash of a party's credential, as anybody sees it who ever had its message."""
    return next(Envelope(record.envelope).message.credential
                for record in broker.records(talk=talk) if record.origin == party)


def a_message_in_the_name_of_a_sibling_or_the_parent_is_refused(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    with Watch(pk, kp) as watch:
        watch.passes()
        siblings, parents = _credential(pk, "pk.kp"), None
        pk.say("from the top", "pk.**")
        parents = _credential(pk, "pk")
        for number, (origin, credential) in enumerate((("pk.kp", siblings), ("pk", parents))):
            forged = _ends(tree, f"pk.forger{number}", "bad-signature", lambda thief: thief.note(
                origin=origin, credential=credential, sequence=9999))
            _kept(pk, forged, "bad-signature")
        thief = Thief(pk, "pk.liar").open()
        _goes(thief, "wrong-origin", thief.note(origin="pk.kp"))
        _goes(thief, "unknown-credential", thief.note(credential=os.urandom(32)))


def what_a_sibling_or_the_parent_really_said_is_not_ones_own_to_send(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    with Watch(pk, kp) as watch:
        watch.passes()
        for number, party in enumerate(("pk.kp", "pk")):
            genuine = next(record for record in pk.records() if record.origin == party)
            _ends(tree, f"pk.parrot{number}", "not-yours-to-send",
                  lambda thief: genuine.envelope)


def a_signature_that_does_not_fit_ends_the_session(tree):
    pk = tree["pk"]

    def flipped(thief):
        signed, (size, index, path, signature), more = canon.decode(thief.note())
        signature = bytes([signature[0] ^ 1]) + signature[1:]
        return canon.encode([signed, [size, index, path, signature], more])

    def other_purpose(thief):
        signed = thief.message("note", ["pk"])
        signature = thief.keys["sign"].sign(proof.CREDENTIAL, thief.hash, 1,
                                            proof.leaf_hash(signed))
        return canon.encode([signed, [1, 0, b"", signature], []])

    def other_signer(thief):
        signed = thief.message("note", ["pk"])
        signature = thief.keys["sign"].sign(proof.MESSAGE, os.urandom(32), 1,
                                            proof.leaf_hash(signed))
        return canon.encode([signed, [1, 0, b"", signature], []])

    def other_key(thief):
        return thief.note(key=thief.keys["link"])

    with Watch(pk, tree["pk.kp"]):
        for number, make in enumerate((flipped, other_purpose, other_signer, other_key)):
            kept = _ends(tree, f"pk.sign{number}", "bad-signature", make)
            _kept(pk, kept, "bad-signature")


def a_leaf_that_is_swapped_under_a_verified_root_is_refused(tree):
    pk = tree["pk"]

    def batch(thief):
        return sign_batch([thief.message("note", ["pk"]) for _ in range(4)],
                          thief.keys["sign"])

    def swapped(thief):
        first, second, *_ = batch(thief)
        need(thief.taken(first), "the root is verified and remembered")
        _, how, _ = canon.decode(second)
        evil = thief.message("note", ["pk"], {"text": "never signed"})
        return canon.encode([evil, how, []])

    def leaf_as_node(thief):
        first, second, *_ = batch(thief)
        need(thief.taken(first), "the root is verified and remembered")
        signed, (size, index, path, signature), _ = canon.decode(second)
        return canon.encode([signed, [size, index, path[32:], signature], []])

    def beyond(thief):
        signed, (_, _, path, signature), _ = canon.decode(batch(thief)[0])
        return canon.encode([signed, [4, 4, path, signature], []])

    with Watch(pk, tree["pk.kp"]):
        _kept(pk, _ends(tree, "pk.swap", "bad-signature", swapped), "bad-signature")
        _ends(tree, "pk.node", "bad-proof", leaf_as_node)
        _ends(tree, "pk.beyond", "bad-proof", beyond)


def a_label_that_is_unknown_or_missing_is_refused(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"]):
        _ends(tree, "pk.tlp0", "malformed", lambda thief: thief.note(tlp=0))
        _ends(tree, "pk.tlp6", "malformed", lambda thief: thief.note(tlp=6))
        _ends(tree, "pk.lane", "malformed", lambda thief: thief.note(precedence=2))


def an_envelope_beyond_256_kib_is_refused_whatever_it_holds(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"]):
        _ends(tree, "pk.huge", "too-large", lambda thief: thief.note(text="x" * 262_144))
        thief = Thief(pk, "pk.fits").open()
        _goes(thief, "schema", thief.note(text="x" * 261_000))


def each_right_that_is_missing_has_its_own_reason(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.org").open()
    body = {"text": "x"}
    with Watch(pk, tree["pk.kp"]):
        for reason, envelope in (
                ("no-grant", thief.envelope("advisory", ["pk.**"])),
                ("no-grant", thief.note("pk.kp")),
                ("no-grant", thief.note("pk.**")),
                ("no-grant", thief.note("@energy")),
                ("no-grant", thief.envelope("no-such-kind", ["pk"])),
                ("no-grant", thief.envelope("head", ["pk"], {})),
                ("no-grant", thief.envelope("policy", ["pk"], {"statement": b"x"})),
                ("audience", thief.note("@no-such-sector")),
                ("audience", thief.note("other")),
                ("not-meant", thief.note("pk.org.below")),
                ("tlp-needs-sealing", thief.note(tlp=4)),
                ("tlp-needs-sealing", thief.note(tlp=5)),
                ("clock-ahead", thief.note(issued=now_ms() + HOUR)),
                ("credential-dates", thief.note(issued=now_ms() - 1000 * 24 * HOUR)),
                ("schema", thief.note(text=7)),
                ("schema", thief.envelope("note", ["pk"], {**body, "nobody": "knows this"})),
                ("schema", thief.envelope("note", ["pk"], {})),
                ("test-left", thief.note(mode=2)),
                ("exercise", thief.note(mode=1, exercise=["pk.kp", 1, 1, 1])),
                ("consent", thief.note(may_climb_to="pk.kp")),
                ("replaces", thief.note(replaces=["pk.kp", 1, 1, 1])),
                ("approval", thief.note(approvals=[["Ayesha", os.urandom(32), bytes(64)]])),
                ("trust", thief.envelope("enrolment", ["pk"], {"credential": b"\x90"})),
        ):
            _goes(thief, reason, envelope)
        need(thief.taken(thief.note()), "what is in order still passes")


def the_origin_is_told_by_a_rejection_that_it_can_keep(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.told").open()
    with Watch(pk, tree["pk.kp"]):
        envelope = thief.envelope("advisory", ["pk"])
        thief.data(envelope)

        def rejection():
            frame = thief.hear("data")
            return next((message for message in
                         (Envelope(data).message for data in frame.envelopes)
                         if message.kind == "rejection"), None)

        told = until(rejection, "a rejection comes down")
        need(told.origin == "pk" and told.body["reason"] == "no-grant", f"{told.body}")
        need(told.body["leaf"] == Envelope(envelope).leaf, "it names the message")


def an_old_message_again_is_a_repeat_and_nothing_happens(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.again").open()
    with Watch(pk, tree["pk.kp"]):
        old = [thief.note(text=f"number {number}") for number in range(5)]
        need(thief.taken(*old), "taken once")
        notes = len([record for record in pk.records() if record.origin == thief.name])
        for _ in range(20):
            need(thief.taken(*old), "acknowledged again")
        need(notes == len([record for record in pk.records() if record.origin == thief.name]) == 5,
             "stored once")


def two_messages_with_one_number_freeze_their_origin_until_an_operator_decides(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.two").open()
    with Watch(pk, tree["pk.kp"]):
        need(thief.taken(thief.note(text="yes")), "the first")
        thief.sequence = 0
        second = thief.note(text="no")
        _goes(thief, "equivocation", second)
        until(lambda: "pk.two" in pk.status()["frozen"], "status shows it")
        need(any("(pk.two, which signed two messages with one number)" in advice["text"]
                 for advice in pk.status()["advices"]), "status does not say why")
        _goes(thief, "frozen", thief.note())
        pk.ask("freeze", party="pk.two", frozen=False)
        need(thief.taken(thief.note()), "released")


def a_revoked_key_has_no_connection_and_its_messages_are_refused_whatever_date_they_claim(tree):
    pk = tree["pk"]
    province = Thief(pk, "pk.prov", "provincial",
                     may={"roles": ["organisation"], "sectors": [], "children": 5, "depth": 1})
    org = Caller("pk.prov.org").certify(province)
    with Watch(pk, tree["pk.kp"]):
        province.open()
        need(province.taken(org.note(), credentials=[org.credential]), "before")
        pk.ask("revoke", party="pk.prov.org", why="stolen")
        _goes(province, "revoked", org.note(issued=now_ms() - 50_000))
        _goes(province, "revoked", org.note())
        pk.ask("revoke", party="pk.prov", why="stolen")
        need(province.hear("reject").reason == reasons.NUMBER["revoked"], "the session ends")
        province.put("ping")
        try:
            province.connect(seconds=2)
            need(False, "a revoked key must not be admitted")
        except Failed as failed:
            need("admitted" in str(failed), str(failed))


if __name__ == "__main__":
    prove(a_message_in_the_name_of_a_sibling_or_the_parent_is_refused,
          what_a_sibling_or_the_parent_really_said_is_not_ones_own_to_send,
          a_signature_that_does_not_fit_ends_the_session,
          a_leaf_that_is_swapped_under_a_verified_root_is_refused,
          a_label_that_is_unknown_or_missing_is_refused,
          an_envelope_beyond_256_kib_is_refused_whatever_it_holds,
          each_right_that_is_missing_has_its_own_reason,
          the_origin_is_told_by_a_rejection_that_it_can_keep,
          an_old_message_again_is_a_repeat_and_nothing_happens,
          two_messages_with_one_number_freeze_their_origin_until_an_operator_decides,
          a_revoked_key_has_no_connection_and_its_messages_are_refused_whatever_date_they_claim,
          on=a_parent_and_a_child)
