#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""Renewal, with the same keys and with new ones, and the way back for a party without keys."""

import pathlib
import shutil

from support import certbus, need, note, prove, same_everywhere, until


def _renew(child, parent, *options, restart=True):
    """Request, enrolment, join: what three people do with two files. Returns what was said."""
    generation = child.status()["credential"]["generation"] + 1
    child.certbus("renew", *options)
    said = parent.certbus("enrol", f"{child.name}-{generation}.request", "--yes")
    said += child.certbus("join", f"{child.name}-{generation}.credential")
    if restart:
        child.stop()
        child.start()
        need(child.status()["credential"]["generation"] == generation, "it is not in force")
    return said


def a_renewal_with_the_same_keys_needs_nobody_else(tree):
    pk, sindh, kpt = tree.chain()
    before = kpt.say("before", "pk")
    said = _renew(kpt, sindh)
    need("renewal: generation 2, the same keys" in said, said)
    after = kpt.say("after", "pk")
    until(lambda: pk.holds(before) and pk.holds(after), "both are at the top")
    # The one in the middle, whose children stay.
    need("generation 2" in _renew(sindh, pk), "the province")
    need("not renewed in this version" in pk.certbus("renew", expect=1), "the top")
    until(tree.connected, "connected")
    again = kpt.say("and again", "pk")
    until(lambda: pk.holds(again), "through the renewed province")


def new_keys_take_over_without_a_gap_at_the_child_or_at_the_parent(tree):
    pk, sindh, kpt = tree.chain()
    before = kpt.say("before", "pk")
    keys = pathlib.Path("pk.sindh.kpt", "keys").read_text()
    kpt.certbus("renew", "--new-keys")
    sindh.certbus("enrol", "pk.sindh.kpt-2.request", "--yes")
    # The file is on its way. The old keys go on, also over a new connection.
    between = kpt.say("between", "pk")
    until(lambda: pk.holds(before) and pk.holds(between), "the old keys go on")
    for broker in (kpt, sindh):
        broker.stop()
        broker.start()
    until(tree.connected, "connected with the old keys")
    waiting = kpt.say("waiting", "pk")
    kpt.stop()
    said = kpt.certbus("join", "pk.sindh.kpt-2.credential")
    need("generation 2 with its new keys" in said, said)
    need(pathlib.Path("pk.sindh.kpt", "keys").read_text() != keys, "keys are the old ones")
    need(not pathlib.Path("pk.sindh.kpt", "keys.next").exists(), "keys.next is there still")
    kpt.start()
    after = kpt.say("after", "pk")
    until(lambda: pk.holds(waiting) and pk.holds(after), "signed before, and after")
    need(len([link for link in sindh.status()["children"]
              if link["party"] == "pk.sindh.kpt"]) == 1, "one child is shown once")
    # The old generation ends when the operator says so; the party goes on.
    sindh.certbus("revoke", "pk.sindh.kpt", "--generation", "1", "--why", "rotated")
    mark = kpt.say("mark", "pk")
    until(lambda: pk.holds(mark), "the new generation goes on")
    need(not any(party["revoked"] for party in pk.ask("tree")["parties"]), "too much is revoked")
    # The parent's own: its child follows the new link key and is not restarted.
    sindh.certbus("renew", "--new-keys")
    pk.certbus("enrol", "pk.sindh-2.request", "--yes")
    until(lambda: any(party["name"] == "pk.sindh" and party["generation"] == 2
                      for party in kpt.ask("tree")["parties"]), "the child has heard of it")
    sindh.stop()
    sindh.start()
    until(tree.connected, "connected, though the new key is not there yet")
    sindh.certbus("join", "pk.sindh-2.credential")
    kpt.say("in flight", "pk")
    sindh.stop()
    kpt.say("in between", "pk")
    sindh.start()
    until(tree.connected, "connected with the new keys")
    down = sindh.say("down", "pk.sindh.kpt")
    until(lambda: kpt.holds(down) and {"in flight", "in between"} <= set(pk.texts()), "both ways")
    for broker in (pk, sindh, kpt):
        need(not broker.records(quarantine=True), f"{broker.name} refused something")


def a_join_that_is_cut_short_is_finished_by_the_broker(tree):
    pk, sindh, kpt = tree.chain()
    kpt.certbus("renew", "--new-keys")
    # The file was lost: the same keys are asked for again.
    waiting = pathlib.Path("pk.sindh.kpt", "keys.next").read_text()
    pathlib.Path("pk.sindh.kpt-2.request").unlink()
    kpt.certbus("renew", "--new-keys")
    need(pathlib.Path("pk.sindh.kpt", "keys.next").read_text() == waiting, "other keys")
    sindh.certbus("enrol", "pk.sindh.kpt-2.request", "--yes")
    # So was what came back: the same again.
    pathlib.Path("pk.sindh.kpt-2.credential").rename("first")
    sindh.certbus("enrol", "pk.sindh.kpt-2.request", "--yes")
    kpt.stop()
    keys = pathlib.Path("pk.sindh.kpt", "keys").read_text()
    kpt.certbus("join", "pk.sindh.kpt-2.credential")
    # As if it had been cut after its first step.
    pathlib.Path("pk.sindh.kpt", "keys.next").write_text(waiting)
    pathlib.Path("pk.sindh.kpt", "keys.next").chmod(0o600)
    pathlib.Path("pk.sindh.kpt", "keys").write_text(keys)
    kpt.start()
    need(pathlib.Path("pk.sindh.kpt", "keys").read_text() == waiting, "not finished")
    mark = kpt.say("mark", "pk")
    until(lambda: pk.holds(mark), "it works")
    # An older one is not put back.
    shutil.copy("pk.sindh.kpt.credential", "old")
    said = kpt.certbus("join", "old", expect=1)
    need("it belongs to another request" in said or "generation 2 is in force" in said, said)


def lost_keys_are_replaced_with_the_word_of_two(tree):
    pk, sindh, kpt = tree.chain()
    first = kpt.say("the first", "pk")
    kpt.stop()
    kpt.start()
    second = kpt.say("the second", "pk")
    until(lambda: pk.holds(first) and pk.holds(second), "both are at the top")
    # Its disk is gone. Somebody has its keys.
    kpt.stop()
    shutil.move("pk.sindh.kpt", "stolen")
    pathlib.Path("pk.sindh.kpt.request").unlink()
    certbus("-C", "pk.sindh.kpt", "init", "pk.sindh.kpt", "--title", "The pk.sindh.kpt")
    kpt.configure()
    said = sindh.certbus("enrol", "pk.sindh.kpt.request", "--role", "organisation", "--yes",
                         "--out", "x", expect=1)
    need("--again makes generation 2" in said, said)
    said = sindh.certbus("enrol", "pk.sindh.kpt.request", "--again", "--yes")
    need("KEYS LOST: generation 2" in said and "goes to pk," in said, said)
    said = pk.certbus("countersign", "pk.sindh.kpt-2.proposal", "--yes")
    need("KEYS LOST: generation 2" in said and "pk.sindh enrols it again" in said, said)
    said = sindh.certbus("enrol", "pk.sindh.kpt.request", "--countersigned",
                         "pk.sindh.kpt-2.countersigned", "--yes")
    kpt.certbus("join", "pk.sindh.kpt-2.credential", "--root", "root/root")
    kpt.start()
    until(tree.connected, "connected")
    # Its own messages come back, and its numbers do not meet theirs.
    until(lambda: kpt.holds(first) and kpt.holds(second), "its own messages are back")
    third = kpt.say("the third", "pk")
    until(lambda: pk.holds(third), "it speaks again")
    ids = [record.id for record in pk.records() if record.origin == "pk.sindh.kpt"]
    need(len(ids) == len(set(ids)), "a number twice")
    # Everyone above is told, in words.
    for broker in (pk, sindh):
        until(lambda broker=broker: broker.logged("enrolled again as generation 2"),
              f"{broker.name} says it")
        need("enrolled again as generation 2" in broker.certbus("list"), "the list")
    need(not kpt.records(quarantine=True), "something was refused")


def keys_that_were_lost_are_revoked_in_every_generation_that_had_them(tree):
    pk, sindh, kpt = tree.chain()
    _renew(kpt, sindh)
    mark = kpt.say("mark", "pk")
    until(lambda: pk.holds(mark), "it has spoken under the second")
    kpt.stop()
    shutil.move("pk.sindh.kpt", "stolen")
    pathlib.Path("pk.sindh.kpt.request").unlink()
    certbus("-C", "pk.sindh.kpt", "init", "pk.sindh.kpt", "--title", "The pk.sindh.kpt")
    sindh.certbus("enrol", "pk.sindh.kpt.request", "--again", "--yes")
    pk.certbus("countersign", "pk.sindh.kpt-3.proposal", "--yes")
    sindh.certbus("enrol", "pk.sindh.kpt.request", "--countersigned",
                  "pk.sindh.kpt-3.countersigned", "--yes")
    revoked = [record for record in sindh.records() if record.kind == "revocation"]
    need(len(revoked) == 2, f"{len(revoked)} generations are revoked, not 2")


prove(a_renewal_with_the_same_keys_needs_nobody_else,
      new_keys_take_over_without_a_gap_at_the_child_or_at_the_parent,
      a_join_that_is_cut_short_is_finished_by_the_broker,
      lost_keys_are_replaced_with_the_word_of_two,
      keys_that_were_lost_are_revoked_in_every_generation_that_had_them)
