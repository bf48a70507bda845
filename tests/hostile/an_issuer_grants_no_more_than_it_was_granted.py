#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""A provincial CERT's key in the wrong hands: what it may sign for others, and what not."""

import os
import pathlib
import time

from support_hostile import (Caller, Thief, Watch, canon, need, note, now_ms, proof, prove,
                             reasons, rss, statement, until, words)

MAY = {"roles": ["organisation", "provincial"], "sectors": ["energy"], "children": 20,
       "depth": 2}
DAY = 86_400_000


def a_parent_and_a_child(tree):
    tree.join("pk")
    tree.join("pk.kp", "provincial")


def _says(thief, caller, *credentials):
    """What becomes of a message by somebody whom the thief has made: ok, or the reason."""
    envelope = caller.note()
    thief.data(envelope, credentials=credentials or [caller.credential])
    thief.hear("ack")
    leaf = proof.leaf_hash(canon.decode(envelope)[0])
    quarantined = [record.reason for record in thief.parent.records(quarantine=True)
                   if record.leaf == leaf]
    return reasons.NAME[quarantined[0]] if quarantined else "ok"


def a_chain_that_widens_is_refused_however_it_is_signed(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.wide", "provincial", sectors=["energy"], may=MAY).open()
    grants = [["organisation"], ["energy"], 20, 1, now_ms() + DAY]
    with Watch(pk, tree["pk.kp"]):
        need(_says(thief, Caller("pk.wide.good").certify(thief, may=grants)) == "ok", "as granted")
        for number, (reason, name, wrong) in enumerate((
                ("chain-widens", "", {"role": "national"}),
                ("chain-widens", "", {"sectors": ["finance"]}),
                ("chain-widens", "", {"not_after": now_ms() + 9999 * DAY}),
                ("chain-widens", "", {"may": [["national"], [], 1, 1, now_ms()]}),
                ("chain-widens", "", {"may": [["*"], [], 1, 1, now_ms()]}),
                ("chain-widens", "", {"may": [["organisation"], ["*"], 1, 1, now_ms()]}),
                ("chain-widens", "", {"may": [["organisation"], [], 21, 1, now_ms()]}),
                ("chain-widens", "", {"may": [["organisation"], [], 1, 2, now_ms()]}),
                ("chain-widens", "", {"may": [["organisation"], [], 1, 1, now_ms() + 9999 * DAY]}),
                ("chain-widens", ".deep.er", {}),
                ("chain-broken", "", {"signer": Caller("pk.wide")}),
                ("unknown-credential", "", {"by": os.urandom(32)}))):
            caller = Caller(f"pk.wide.w{number}{name}")
            signer = wrong.pop("signer", None)
            got = _says(thief, caller.certify(thief, signer=signer, **wrong))
            need(got == reason, f"{wrong or name or signer}: {got}, not {reason}")
        # Two steps: the one above widens, and so the one below has nobody to be proved by.
        above = Caller("pk.wide.above").certify(thief, may=[["*"], ["*"], 99, 7, now_ms() + DAY])
        below = Caller("pk.wide.above.x").certify(above)
        got = _says(thief, below, above.credential, below.credential)
        need(got == "unknown-credential", f"{got}")


def a_credential_in_the_name_of_a_sibling_is_no_door_to_it(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.grab", "provincial", may=MAY).open()
    with Watch(pk, tree["pk.kp"]):
        fake = Caller("pk.kp.fake").certify(thief)
        got = _says(thief, fake)
        need(got == "chain-widens", f"{got}")


def a_key_of_another_party_is_refused_in_whatever_role(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    thief = Thief(pk, "pk.keys", "provincial", may=MAY).open()
    bundle = statement.Bundle(pathlib.Path(kp.home, "bundle").read_bytes())
    theirs = bundle.chain[-1].content
    with Watch(pk, kp):
        for number, which in enumerate(("sign_key", "seal_key", "link_key")):
            for other in ("sign_key", "link_key"):
                caller = Caller(f"pk.keys.k{number}{other[0]}")
                got = _says(thief, caller.certify(thief, **{other: getattr(theirs, which)}))
                need(got == "key-taken", f"{which} as {other}: {got}")
        caller = Caller("pk.keys.same")
        got = _says(thief, caller.certify(thief, seal_key=caller.keys["sign"].public))
        need(got == "key-taken", f"one key twice: {got}")


def two_credentials_for_one_name_leave_the_first(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.twins", "provincial", may=MAY).open()
    with Watch(pk, tree["pk.kp"]):
        need(_says(thief, Caller("pk.twins.a").certify(thief)) == "ok", "the first")
        got = _says(thief, Caller("pk.twins.a").certify(thief))
        need(got == "name-taken", f"{got}")


def everybody_counts_the_children_of_an_issuer(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.many", "provincial", may=MAY).open()
    with Watch(pk, tree["pk.kp"], limit=32):
        told = [_says(thief, Caller(f"pk.many.c{number}").certify(thief)) for number in range(25)]
        need(told == ["ok"] * 20 + ["too-many-children"] * 5, f"{told}")
        need(_says(thief, Caller("pk.many.c0").certify(thief)) == "name-taken", "still")
        # One that is revoked leaves its place to another.
        pk.ask("revoke", party="pk.many.c3", why="closed")
        need(_says(thief, Caller("pk.many.next").certify(thief)) == "ok", "a place is free")
        until(lambda: any(party["name"] == "pk.many.next" for party in pk.ask("tree")["parties"]),
              "and the tree shows it")


def a_directory_is_not_filled_by_one_branch(tree):
    """Credentials as fast as they come, each by a good signature, beyond what was granted."""
    pk = tree["pk"]
    thief = Thief(pk, "pk.flooder", "provincial", may={**MAY, "children": 100}).open()
    keys = [proof.SigningKey(os.urandom(32)) for _ in range(3)]
    lines = pk.log.read_text().count("\n")
    with Watch(pk, tree["pk.kp"], limit=64) as watch:
        count, begun = 0, time.monotonic()
        for _ in range(30):
            made = []
            for _ in range(60):
                count += 1
                fresh = {name: proof.SigningKey(os.urandom(32)) for name in
                         ("sign", "seal", "link")} if count <= 110 else \
                    dict(zip(("sign", "seal", "link"), keys))
                made.append(Caller(f"pk.flooder.n{count}").certify(thief, keys=fresh).credential)
            thief.data(credentials=made)
        for _ in range(30):
            thief.hear("ack", seconds=30)
        note(f"{count} credentials in {time.monotonic() - begun:.1f} s; {rss(pk)} MB")
        known = [party for party in pk.ask("tree")["parties"]
                 if party["name"].startswith("pk.flooder.")]
        need(len(known) == 100, f"{len(known)} are known")
        watch.passes()
    need(pk.log.read_text().count("\n") - lines < 120, "the log does not grow with them")


def a_revocation_reaches_only_below_who_says_it(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.judge", "provincial", may=MAY).open()
    victim = statement.Bundle(pathlib.Path("pk.kp", "bundle").read_bytes()).chain[-1]
    with Watch(pk, tree["pk.kp"]):
        for party, digest in (("pk.kp", victim.hash), ("pk.judge", victim.hash),
                              ("pk", thief.chain[0].hash), ("pk.judge.x", victim.hash)):
            thief.data(thief.envelope("revocation", ["pk"], {
                "credential": digest, "disputed": True, "party": party, "why": "because"},
                precedence=0), lane=0)
            frame = thief.hear("reject")
            need(reasons.NAME[frame.reason] == "trust", f"{party}: {words(frame)}")


if __name__ == "__main__":
    prove(a_chain_that_widens_is_refused_however_it_is_signed,
          a_credential_in_the_name_of_a_sibling_is_no_door_to_it,
          a_key_of_another_party_is_refused_in_whatever_role,
          two_credentials_for_one_name_leave_the_first,
          everybody_counts_the_children_of_an_issuer,
          a_directory_is_not_filled_by_one_branch,
          a_revocation_reaches_only_below_who_says_it, on=a_parent_and_a_child)
