#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""A CERT whose keys are lost gets its children back, and nobody whom only its old keys vouch for."""

import pathlib
import shutil

import msgpack
from support import Broker, certbus, need, prove, until

SINDH = "pk.sindh"
KPT = "pk.sindh.kpt"


def _lose(tree, name, title="Sindh"):
    """Its home is in other hands, and it has a new one with other keys."""
    tree[name].stop()
    shutil.move(name, "stolen")
    pathlib.Path(f"{name}.request").unlink()
    certbus("-C", name, "init", name, "--title", title)
    tree[name].configure()


def _enrol_again(tree):
    """Returns what was said when it was completed."""
    pk = tree["pk"]
    pk.certbus("enrol", f"{SINDH}.request", "--again", "--yes")
    certbus("root", "countersign", "root", f"{SINDH}-2.proposal", "--yes")
    return pk.certbus("enrol", f"{SINDH}.request", "--countersigned",
                      f"{SINDH}-2.countersigned", "--yes")


def _rejoin(tree, child, file):
    child.stop()
    said = child.certbus("join", file)
    child.start()
    return said


def _renew(child, parent, *told):
    generation = child.status()["credential"]["generation"] + 1
    child.certbus("renew", "--new-keys")
    parent.certbus("enrol", f"{child.name}-{generation}.request", "--yes")
    for broker in told:
        until(lambda broker=broker: any(
            party["name"] == child.name and party["generation"] == generation
            for party in broker.ask("tree")["parties"]), f"{broker.name} has heard of it")
    _rejoin(parent.tree, child, f"{child.name}-{generation}.credential")


def a_province_that_lost_its_keys_keeps_its_organisations(tree):
    pk, sindh, kpt = tree.chain()
    pqa = tree.join("pk.sindh.pqa", "organisation")
    _renew(pqa, sindh)
    gone = tree.join("pk.sindh.gone", "organisation")
    closed = next(record.body["credential"] for record in reversed(sindh.records())
                  if record.kind == "enrolment")
    sindh.certbus("revoke", "pk.sindh.gone", "--why", "closed")
    gone.stop()
    del tree.brokers["pk.sindh.gone"]
    before = [kpt.say("before", "pk"), pqa.say("before", "pk")]
    until(lambda: all(pk.holds(note) for note in before), "all is at the top")
    _lose(tree, SINDH)
    said = _enrol_again(tree)
    need("Keeps     2 parties right below it" in said, said)
    sindh.certbus("join", f"{SINDH}-2.credential", "--root", "root/root")
    sindh.start()
    # Nobody has told it of them but its bundle; what it said itself comes back.
    pathlib.Path("files").mkdir()
    said = sindh.certbus("enrol", "--rejoin", "--out", "files")
    need(f"files/{KPT}.credential" in said and "gone" not in said, said)
    for child in (kpt, pqa):
        said = _rejoin(tree, child, f"files/{child.name}.credential")
        need("has joined under the root" in said, said)
    until(tree.connected, "connected")
    after = [kpt.say("after", "pk"), pqa.say("after", "pk")]
    down = sindh.say("down", "pk.sindh.**")
    until(lambda: all(pk.holds(note) for note in after), "up")
    until(lambda: kpt.holds(down) and pqa.holds(down), "down")
    # It stays so when all of them begin anew, and when the credentials are others.
    for broker in (sindh, pk):
        broker.stop()
        broker.start()
    until(tree.connected, "connected again")
    _renew(kpt, sindh)
    _renew(sindh, pk, kpt, pqa)
    for broker in (kpt, sindh):
        broker.stop()
        broker.start()
    until(tree.connected, "connected with other generations")
    last = [kpt.say("last", "pk"), pqa.say("last", "pk")]
    until(lambda: all(pk.holds(note) for note in last), "up, again")
    for broker in (pk, sindh, kpt, pqa):
        # Whom it had revoked it does not take in again.
        refused = [record for record in broker.records(quarantine=True)
                   if record.body.get("credential") != closed]
        need(not refused, f"{broker.name} refused {refused}")


def who_hears_of_them_later_believes_them_too(tree):
    pk, sindh, _ = tree.chain()
    isp = tree.join("pk.sindh.isp", "organisation", ["telecom"])
    until(lambda: len(pk.ask("tree")["parties"]) == 4, "the top knows all")
    _lose(tree, SINDH)
    _enrol_again(tree)
    sindh.certbus("join", f"{SINDH}-2.credential", "--root", "root/root")
    sindh.start()
    for name in (KPT, "pk.sindh.isp"):
        _rejoin(tree, tree[name], _file(sindh, name))
    until(tree.connected, "connected")
    # The top keeps its word also when it begins anew.
    pk.stop()
    pk.start()
    telecom = tree.join("pk.telecom", "sectoral", ["telecom"])
    until(lambda: any(record.kind == "revocation" for record in telecom.records()), "it knows what was revoked")
    note = isp.say("to a newcomer", "pk.telecom")
    until(lambda: telecom.holds(note), "the newcomer takes it in")
    need(not telecom.records(quarantine=True), "it refused something")


def what_only_the_old_keys_vouch_for_is_taken_in_nowhere(tree):
    pk, sindh, kpt = tree.chain()
    _lose(tree, SINDH)
    _enrol_again(tree)
    # Who has the old keys enrols somebody: their broker signs it.
    thief = Broker(tree, SINDH)
    thief.home = "stolen"
    thief.log = pathlib.Path("thief.log")
    thief.settings = {**sindh.settings, "listen": f"tcp://{tree.host}:*"}
    thief.configure()
    thief.start()
    certbus("-C", "evil", "init", "pk.sindh.evil", "--title", "Evil", "--out", "evil.request")
    thief.certbus("enrol", "evil.request", "--role", "organisation", "--yes")
    thief.stop()
    evil = msgpack.unpackb(pathlib.Path("pk.sindh.evil.credential").read_bytes())[4][-1]
    # Into the file that is on its way to the province.
    fields = msgpack.unpackb(pathlib.Path(f"{SINDH}-2.credential").read_bytes())
    fields[4].insert(-1, evil)
    pathlib.Path("changed").write_bytes(msgpack.packb(fields))
    said = sindh.certbus("join", "changed", "--root", "root/root", expect=1)
    need("pk.sindh.evil was not countersigned by the party above" in said, said)
    # And with another signature than that of the party above.
    body, signatures = msgpack.unpackb(evil)
    fields[4][-2] = msgpack.packb([body, signatures + [[5, *signatures[0][1:]]]])
    pathlib.Path("changed").write_bytes(msgpack.packb(fields))
    said = sindh.certbus("join", "changed", "--root", "root/root", expect=1)
    need("pk.sindh.evil was not countersigned by the party above" in said, said)
    # Not past the program that looks, either.
    sindh.certbus("join", f"{SINDH}-2.credential", "--root", "root/root")
    good = pathlib.Path(SINDH, "bundle").read_bytes()
    pathlib.Path(SINDH, "bundle").write_bytes(msgpack.packb(fields))
    sindh.launch()
    until(lambda: sindh.dead(), "it does not start")
    need(sindh.logged("pk.sindh.evil was not countersigned"), "it says why")
    pathlib.Path(SINDH, "bundle").write_bytes(good)
    # The one whom it enrolled comes to the new home.
    sindh.start()
    fields = msgpack.unpackb(pathlib.Path("pk.sindh.evil.credential").read_bytes())
    fields[5] = [sindh.endpoint]
    pathlib.Path("evil.credential").write_bytes(msgpack.packb(fields))
    certbus("-C", "evil", "join", "evil.credential", "--root", "root/root")
    _rejoin(tree, kpt, _file(sindh, KPT))
    until(tree.connected, "its own organisation is")
    need("pk.sindh.evil" not in str(sindh.ask("tree")), "it is known")
    said = sindh.certbus("enrol", "--rejoin", "pk.sindh.evil", expect=1)
    need("no party of that name right below this one" in said, said)
    # The file from before is not put back: it leads to who has the old keys.
    said = kpt.certbus("join", f"{KPT}.credential", expect=1)
    need("is older than what this home joined with" in said, said)


def _file(parent, child):
    pathlib.Path("files").mkdir(exist_ok=True)
    parent.certbus("enrol", "--rejoin", child, "--out", "files")
    return f"files/{child}.credential"


def who_has_the_old_keys_is_not_taken_for_the_parent(tree):
    pk, sindh, kpt = tree.chain()
    kpt.stop()
    _lose(tree, SINDH)
    _enrol_again(tree)
    sindh.certbus("join", f"{SINDH}-2.credential", "--root", "root/root")
    sindh.start()
    file = _file(sindh, KPT)
    sindh.stop()
    # At the address that the child knows, and it has not heard what was revoked.
    thief = Broker(tree, SINDH)
    thief.home = "stolen"
    thief.log = pathlib.Path("thief.log")
    thief.settings = {**sindh.settings, "listen": sindh.endpoint}
    thief.configure()
    thief.start()
    kpt.certbus("join", file)
    before = kpt.log.read_text().count("connecting to")
    kpt.start()
    until(lambda: kpt.log.read_text().count("connecting to") >= before + 3, "it has tried them all")
    need(not thief.open_to(KPT), "it talks to who has the old keys")
    thief.stop()
    sindh.start()
    until(lambda: sindh.open_to(KPT), "it talks to its parent")


def a_child_that_was_away_while_the_keys_changed_comes_back_by_a_file(tree):
    pk, sindh, kpt = tree.chain()
    kpt.stop()
    _renew(sindh, pk)
    pk.certbus("revoke", SINDH, "--generation", "1", "--why", "rotated")
    down = pk.say("down", KPT)
    kpt.start()
    waiting = kpt.say("waiting", "pk")
    until(lambda: sindh.status()["credential"]["generation"] == 2, "new")
    need(not kpt.open_to(SINDH), "it knows the old link key alone")
    said = _rejoin(tree, kpt, _file(sindh, KPT))
    need("has joined under the root" in said, said)
    until(lambda: pk.holds(waiting) and kpt.holds(down), "both ways")
    said = sindh.certbus("enrol", "--rejoin", "--role", "organisation", expect=2)
    need("--rejoin changes nothing" in said, said)


prove(a_province_that_lost_its_keys_keeps_its_organisations,
      who_hears_of_them_later_believes_them_too,
      what_only_the_old_keys_vouch_for_is_taken_in_nowhere,
      who_has_the_old_keys_is_not_taken_for_the_parent,
      a_child_that_was_away_while_the_keys_changed_comes_back_by_a_file)
