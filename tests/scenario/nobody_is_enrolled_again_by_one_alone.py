#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does not pass for a countersignature, and what lost keys can still do in wrong hands."""

import os
import pathlib
import shutil

import msgpack
from support import certbus, need, prove, until

KPT = "pk.sindh.kpt"
COUNTERSIGN = 5


def a_party_that_lost_its_keys(tree):
    """Somebody has found them."""
    _, _, kpt = tree.chain()
    tree.join("pk.punjab", "provincial")
    kpt.stop()
    shutil.move(KPT, "found")
    for name in ("a", "b"):
        certbus("-C", name, "init", KPT, "--title", "The port", "--out", f"{name}.request")
        tree["pk.sindh"].certbus("enrol", f"{name}.request", "--again", "--yes",
                                 "--out", f"{name}.proposal")


def _complete(tree, request, countersigned, expect=1):
    return tree["pk.sindh"].certbus("enrol", request, "--countersigned", countersigned, "--yes",
                                    expect=expect, *(["--out", "x"] if expect else []))


def _change(path, change):
    """A proposal with other signatures of its credential, as somebody's program could make it."""
    fields = msgpack.unpackb(pathlib.Path("a.proposal").read_bytes())
    body, signatures = msgpack.unpackb(fields[5])
    fields[5] = msgpack.packb([body, sorted(change(fields, signatures))])
    pathlib.Path(path).write_bytes(msgpack.packb(fields))


def only_the_party_above_the_issuer_countersigns(tree):
    for name, words in (("pk.sindh", "pk countersigns it: nobody countersigns its own"),
                        ("pk.punjab", "pk countersigns it")):
        said = tree[name].certbus("countersign", "a.proposal", "--yes", expect=1)
        need(words in said and "(trust)" in said, said)
    said = certbus("root", "countersign", "root", "a.proposal", "--yes", expect=1)
    need("pk countersigns it" in said and "(trust)" in said, said)
    said = tree["pk"].certbus("countersign", "a.request", "--yes", expect=1)
    need("certbus enrol REQUEST --again" in said, said)
    said = tree["pk"].certbus("countersign", "a.proposal", expect=2)
    need("nobody is here to ask" in said, said)


def what_is_not_countersigned_as_it_must_be_completes_nothing(tree):
    said = _complete(tree, "a.request", "a.proposal")
    need("nobody has countersigned it yet" in said and "(trust)" in said, said)
    # The issuer countersigns itself, with the signature that it has; and one that is none.
    _change("own", lambda fields, signatures: signatures + [[COUNTERSIGN, *signatures[0][1:]]])
    _change("none", lambda fields, signatures:
            signatures + [[COUNTERSIGN, os.urandom(32), os.urandom(64)]])
    for path in ("own", "none"):
        said = _complete(tree, "a.request", path)
        need("the countersignature is not by pk" in said, said)
    tree["pk"].certbus("countersign", "b.proposal", "--yes", "--out", "b.countersigned")
    said = _complete(tree, "a.request", "b.countersigned")
    need("for another request" in said and "(trust)" in said, said)
    need(tree["pk.sindh"].ask("tree")["parties"][-1]["generation"] == 1, "it is in force")


def lost_keys_end_where_they_are_replaced(tree):
    pk, sindh = tree["pk"], tree["pk.sindh"]
    _complete(tree, "b.request", "b.countersigned", expect=0)
    until(lambda: all(party["generation"] == 2 for party in pk.ask("tree")["parties"]
                      if party["name"] == KPT), "pk knows it")
    for broker in (pk, sindh):
        need([advice for advice in broker.status()["advices"] if advice["text"].startswith(
            f"{KPT} was enrolled again after its keys were lost, on 20")], broker.status())
    # Who has the old keys asks for a renewal, and comes with their broker.
    shutil.move("found", KPT)
    certbus("-C", KPT, "renew", "--out", "found.request")
    said = sindh.certbus("enrol", "found.request", "--yes", "--out", "x", expect=1)
    need("has generation 2 already" in said and "(name-taken)" in said, said)
    kpt = tree[KPT]
    kpt.start()
    kpt.say("I am the port", "pk")
    certbus("-C", "b", "join", f"{KPT}-2.credential", "--root", "root/root")
    until(lambda: sindh.logged("was refused; link key"), "its connection is refused")
    need(not sindh.open_to(KPT), "the link is open")
    need("I am the port" not in pk.texts() + sindh.texts(), "it was taken")
    kpt.stop()
    # The party itself comes.
    shutil.move(KPT, "found")
    shutil.move("b", KPT)
    kpt.configure()
    kpt.start()
    mark = kpt.say("mark", "pk")
    until(lambda: pk.holds(mark), "the party's own note")
    need("enrolled again" not in kpt.certbus("status"), "it is told of itself")
    # What was countersigned once serves once.
    kpt.certbus("renew")
    sindh.certbus("enrol", f"{KPT}-3.request", "--yes")
    said = _complete(tree, "b.request", "b.countersigned")
    need("has generation 3 already" in said and "(name-taken)" in said, said)
    said = pk.certbus("countersign", "a.proposal", "--yes", expect=1)
    need("already" in said and "(name-taken)" in said, said)


def a_revoked_key_renews_nothing(tree):
    pk, sindh = tree["pk"], tree["pk.sindh"]
    pk.certbus("revoke", "pk.sindh", "--why", "closed")
    certbus("-C", "pk.sindh", "renew")
    said = pk.certbus("enrol", "pk.sindh-2.request", "--yes", "--out", "x", expect=1)
    need("a revoked key vouches for nothing" in said and "(revoked)" in said, said)
    # Right below the top it is the root keys that countersign.
    certbus("-C", "anew", "init", "pk.sindh", "--title", "Sindh", "--out", "anew.request")
    said = pk.certbus("enrol", "anew.request", "--again", "--yes", "--out", "anew.proposal")
    need("goes to who has the root keys" in said, said)
    said = pk.certbus("countersign", "anew.proposal", "--yes", expect=1)
    need("the root keys countersign it: nobody countersigns its own" in said, said)
    certbus("root", "countersign", "root", "anew.proposal", "--yes", "--out", "anew.countersigned")
    pk.certbus("enrol", "anew.request", "--countersigned", "anew.countersigned", "--yes")
    sindh.stop()
    certbus("-C", "anew", "join", "pk.sindh-2.credential", "--root", "root/root")
    shutil.move("pk.sindh", "old")
    shutil.move("anew", "pk.sindh")
    sindh.configure()
    sindh.start()
    mark = sindh.say("mark", "pk")
    until(lambda: pk.holds(mark), "the province speaks")


prove(only_the_party_above_the_issuer_countersigns,
      what_is_not_countersigned_as_it_must_be_completes_nothing,
      lost_keys_end_where_they_are_replaced,
      a_revoked_key_renews_nothing, on=a_party_that_lost_its_keys)
