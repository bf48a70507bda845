# SPDX-License-Identifier: Apache-2.0
"""Many organisations store one advisory and answer it: all of them are in the ledger.

Each has a journal, keys and a link of its own: they are organisations of the second
implementation (tests/python), all in this process. ORGANISATIONS=1000 is the run of
docs/casework/ledger.md; PROVINCES says over how many provincial brokers they are spread.
"""

import json
import os
import pathlib
import sys
import time

import zmq

from support import PROJECT, need, note, prove, until

sys.path.insert(0, str(PROJECT / "tests" / "python"))
sys.dont_write_bytecode = True

from certbus_py import link, proof, statement           # noqa: E402
from certbus_py.store import Store, now_ms               # noqa: E402

COUNT = int(os.environ.get("ORGANISATIONS", "60"))
PROVINCES = int(os.environ.get("PROVINCES", "2"))
ADVISORY = json.loads((PROJECT / "config/samples/advisory.json").read_text())["body"]
SECTORS = ("health", "energy", "maritime", "finance")
ROUND = 1.0                        # s: so often everybody is looked after, heard or not


class Organisation:
    """A party at the edge: what its broker and its officer do."""

    def __init__(self, parent, number, root, context):
        self.party = f"{parent.name}.org-{number}"
        keys = {name: proof.SigningKey(os.urandom(32)) for name in ("sign", "seal", "link")}
        request = statement.sign(
            [1, "enrolment", self.party, f"Organisation {number}",
             *(keys[name].public for name in ("sign", "seal", "link")), None, [], now_ms()],
            [(proof.ENROLMENT, key.public, key) for key in keys.values()])
        bundle = parent.ask("enrol", request=request, role="organisation",
                            sectors=[SECTORS[number % len(SECTORS)]])["bundle"]
        self.store = Store(f"org-{number}.db", keys)
        self.store.join(statement.Bundle(bundle), root)
        self.store.begin_run()
        self.above = parent.name
        self.answered = False
        self.child = link.Child(self.store, self.store.get("endpoints"),
                                self.store.parents_credential().content.link_key,
                                self.store.keys["link"])
        self.child.context = context

    def work(self):
        self.child.step(0)
        if self.answered or not self.store.count("advisory"):
            return
        self.answered = True
        advisory = next(envelope.message for _, _, envelope in self.store.all()
                        if envelope is not None and envelope.message.kind == "advisory")
        done = [{"id": action["id"], "state": "done", "when": now_ms()}
                for action in advisory.body["actions"]]
        self.store.report("compliance", {"acknowledged": now_ms(), "actions": done,
                                         "applicable": True},
                          ["pk", self.above], thread=list(advisory.id), tlp=advisory.tlp,
                          by="Officer")
        self.child.step(0)


def work(organisations, condition, what, seconds):
    """All of them work until it is so."""
    end, everybody = time.monotonic() + seconds, 0
    by_socket = {}
    poller = zmq.Poller()
    while not condition():
        need(time.monotonic() < end, f"not in time: {what}")
        if time.monotonic() >= everybody:
            everybody = time.monotonic() + ROUND
            for one in organisations:
                one.work()
                if one.child.socket is not None and one.child.socket not in by_socket:
                    by_socket[one.child.socket] = one
                    poller.register(one.child.socket, zmq.POLLIN)
        for socket, _ in poller.poll(20):
            by_socket[socket].work()


def hierarchy(tree):
    parents = [tree.join("pk")]
    for number in range(PROVINCES):
        parents.append(tree.join(f"pk.p{number}", "provincial", SECTORS))
    return parents[1:] or parents


def many_organisations_answer_and_none_is_missing(tree):
    parents = hierarchy(tree)
    pk = tree["pk"]
    root = pk.status()["root"]
    context = zmq.Context()
    context.max_sockets = COUNT + 100
    begun = time.monotonic()
    organisations = [Organisation(parents[number % len(parents)], number, root, context)
                     for number in range(COUNT)]
    note(f"{COUNT} enrolled in {time.monotonic() - begun:.1f} s")
    work(organisations, lambda: all(one.child.state == "OPEN" for one in organisations),
         "all are connected", 60 + COUNT / 4)
    until(tree.connected, "the provinces are connected")
    parties = {one.party for one in organisations}
    known = {entry["name"] for entry in tree_of(pk)}
    need(parties <= known, f"pk does not know {sorted(parties - known)[:3]}")
    body = {key: value for key, value in ADVISORY.items() if key != "number"}
    pathlib.Path("advisory.json").write_text(json.dumps(body))
    begun = time.monotonic()
    said = json.loads(pk.certbus("--json", "publish", "advisory.json", "--tlp", "GREEN",
                                 "--yes"))

    def complied():
        totals = pk.ask("ledger", id=said["id"], limit=0)["totals"]
        return totals["complied"] == COUNT and totals["delivered"] == COUNT + PROVINCES

    work(organisations, complied, "all are in the ledger", 60 + COUNT / 4)
    complete = time.monotonic() - begun
    begun = time.monotonic()
    printed = pk.certbus("compliance", said["number"])
    note(f"publish to complete ledger {complete:.1f} s; certbus compliance "
         f"{1000 * (time.monotonic() - begun):.0f} ms")
    rows = rows_of(pk, said["id"])
    need({row["party"] for row in rows if row["complied"]} == parties, "another set of parties")
    need(all(row["by"] == "Officer" and row["delivered"] for row in rows
             if row["party"] in parties), "an answer is not whole")
    need(f"  {COUNT}" in printed, printed)
    for broker in tree.brokers.values():
        need(not broker.records(quarantine=True), f"{broker.name} refused something")
    kinds = [record.kind for record in pk.records()]
    need(kinds.count("compliance") == COUNT and kinds.count("receipt") == COUNT + PROVINCES,
         "a message is missing, or came twice")
    for one in organisations:
        one.store.close()
    context.destroy(linger=0)       # theirs is one, which no child may end alone


def tree_of(broker):
    found, answer = [], broker.ask("tree")
    while answer["more"]:
        found += answer["parties"]
        answer = broker.ask("tree", after=answer["parties"][-1]["name"])
    return found + answer["parties"]


def rows_of(broker, ident):
    rows, answer = [], broker.ask("ledger", id=ident, limit=1000)
    while answer["more"]:
        rows += answer["rows"]
        answer = broker.ask("ledger", id=ident, limit=1000, after=answer["next"])
    return rows + answer["rows"]


prove(many_organisations_answer_and_none_is_missing)
