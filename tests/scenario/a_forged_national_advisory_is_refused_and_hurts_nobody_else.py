# SPDX-License-Identifier: Apache-2.0
"""An enrolled organisation that speaks with the National CERT's voice, and worse."""
# asan: yes

from support import Stream, need, note, prove, until
from support_rogue import Rogue, leaf_of

QUARANTINE = 3


def refused(tree, rogue, data, reason, ends):
    """Refused for this reason, kept at its parent, told to it, and nowhere else."""
    sindh = tree["pk.sindh"]
    leaf = leaf_of(data)
    rogue.open()
    rogue.send(data)
    said = rogue.is_told(reason, leaf)[0]
    need(ends == (said[1] is None), f"{reason} was said of {said[1]}")
    kept = until(lambda: [record for record in sindh.records(quarantine=True)
                          if record.leaf == leaf], "it is in quarantine at its parent")
    need(kept[0].sender == rogue.name, f"kept as from {kept[0].sender}")
    need(reason in sindh.certbus("list", "--quarantine"), "the list does not name the reason")
    need(rogue.is_open != ends, f"its session is {'open' if rogue.is_open else 'over'}")
    for broker in tree.brokers.values():
        need(leaf not in {record.leaf for record in broker.records()
                          if record.lane != QUARANTINE}, f"{broker.name} took it")
    for name in ("pk", "pk.sindh.kpt"):
        need(not tree[name].records(quarantine=True), f"something came as far as {name}")
    note(f"{reason}: {'the session ends' if ends else 'the session goes on'}")


def a_forged_national_advisory_is_refused_with_its_reason_and_hurts_nobody_else(tree):
    pk, sindh, kpt = tree.chain()
    rogue = Rogue(tree)
    streams = [Stream(pk, ["pk.**"]), Stream(kpt, ["pk"])]
    since = sindh.link("pk.sindh.kpt")["since"], sindh.link("pk")["since"]
    try:
        refused(tree, rogue, rogue.envelope(origin="pk"), "wrong-origin", False)
        refused(tree, rogue, rogue.envelope(), "no-grant", False)
        # The origin of what was signed well is told by a message of its own.
        rogue.until(lambda: rogue.got("rejection"), "a rejection has come")
        need(rogue.got("rejection")[0].message.body["reason"] == "no-grant", "another reason")
        refused(tree, rogue, rogue.envelope(origin="pk", credential=rogue.top.hash),
                "bad-signature", True)
        # Genuine, but it never came this way.
        real = pk.say("genuine", "pk.sindh.**")
        genuine = until(lambda: sindh.holds(real), "a genuine one is there")
        rogue.open()
        rogue.send(genuine["record"]["envelope"])
        rogue.is_told("not-yours-to-send", None)
        rogue.open()
        rogue.send(rogue.note("and now I behave", "pk"))
        rogue.until(lambda: "and now I behave" in pk.texts(), "who behaves is served")
        until(lambda: "quarantine" in sindh.status()["advice"], "the operator is told")
    finally:
        rogue.close()
    promised = set().union(*(stream.end() for stream in streams))
    until(lambda: all(promised <= {record.id for record in broker.notes()}
                      for broker in (pk, sindh, kpt)), "everybody else was served")
    need(since == (sindh.link("pk.sindh.kpt")["since"], sindh.link("pk")["since"]),
         "another's session has ended")


prove(a_forged_national_advisory_is_refused_with_its_reason_and_hurts_nobody_else)
