# SPDX-License-Identifier: Apache-2.0
"""A hierarchy made of fixed seeds, and a parent of a few lines, for the tests."""

import threading
import time
import unittest

import zmq

from certbus_py import canon, link, proof, statement
from certbus_py.envelope import FIELDS, sign_batch
from certbus_py.intake import Intake
from certbus_py.reasons import Refused
from certbus_py.trust import Trust

NOW = 1_790_000_000_000
YEAR = 365 * 86_400_000
ALL = 0x1FF


def seed(name):
    return proof.H(name.encode())


class Case(unittest.TestCase):
    def refused(self, reason, call, *given, **options):
        with self.assertRaises(Refused) as caught:
            call(*given, **options)
        self.assertEqual(caught.exception.reason, reason, caught.exception)


class Party:
    """A party with its keys and credential; `changes` replace fields of the body."""

    def __init__(self, name, issuer=None, root=None, generation_of=None, sign=None,
                 countersign=(), now=NOW, **changes):
        self.name = name
        self.now = now = issuer.now if issuer else now
        label = name if generation_of is None else name + "+"
        self.sign, self.seal, self.link = (
            proof.SigningKey(seed(f"{label} {which}")) for which in ("s", "e", "l"))
        before = generation_of
        fields = {
            "party": name, "title": name.upper(), "role": "cert", "sectors": [],
            "sign_key": self.sign.public, "seal_key": self.seal.x25519_public(),
            "link_key": self.link.x25519_public(),
            "generation": 2 if before else 1,
            "previous": before.hash if before else None,
            "issued": now - 1000, "not_before": now - YEAR, "not_after": now + YEAR,
            "may": None, "issuer": issuer.hash if issuer else None, "formerly": None}
        fields.update(changes)
        signers = [(proof.CREDENTIAL, issuer.hash, issuer.sign)] if issuer else \
            [(proof.CREDENTIAL, key.public, key) for key in root]
        if before and sign != "no succession":
            signers.append((proof.SUCCESSION, before.hash, before.sign))
        for signer, key in countersign:
            signers.append((proof.COUNTERSIGN, signer, key))
        if sign == "wrong issuer":
            signers[0] = (proof.CREDENTIAL, issuer.hash, self.sign)
        self.bytes = statement.sign([1, "credential", *fields.values()], signers)
        self.hash = statement.Statement(self.bytes).hash
        self.sequence = 0

    def message(self, kind, audience, body=None, **changes):
        self.sequence += 1
        fields = {
            "version": 1, "kind": kind, "origin": self.name, "credential": self.hash,
            "epoch": [1, 7], "sequence": self.sequence, "audience": sorted(audience),
            "precedence": 1, "tlp": 2, "mode": 0, "exercise": None, "issued": self.now,
            "expires": None, "thread": None, "after": b"", "replaces": None,
            "may_climb_to": None, "by": None, "schema": 1, "salt": bytes(16),
            "body": body or {}}
        fields.update(changes)
        return canon.encode([fields[name] for name in FIELDS])

    def envelope(self, *given, approvals=None, **changes):
        return sign_batch([self.message(*given, **changes)], self.sign, approvals)[0]


def may(roles=("*",), sectors=("*",), children=100, depth=3, latest=NOW + YEAR):
    return [list(roles), list(sectors), children, depth, latest]


class World:
    """pk, pk.sindh, pk.punjab, pk.sindh.kpt under a root of two of three keys."""

    def __init__(self, now=NOW):
        self.now = now
        latest = now + YEAR
        self.root_keys = sorted((proof.SigningKey(seed(f"root {n}")) for n in range(3)),
                                key=lambda key: key.public)
        self.root = statement.sign(
            [1, "root", 1, None, now, None, "pk", 2,
             b"".join(key.public for key in self.root_keys)],
            [(proof.ROOT, key.public, key) for key in self.root_keys[:2]])
        self.policy = self.make_policy(1)
        self.pk = Party("pk", root=self.root_keys[:2], role="national", now=now,
                        may=may(latest=latest))
        self.sindh = Party("pk.sindh", self.pk, role="provincial", sectors=["energy"],
                           may=may(["cert", "organisation"], ["energy"], 10, 2,
                                   latest))
        self.punjab = Party("pk.punjab", self.pk, role="provincial",
                            may=may(depth=2, latest=latest))
        self.kpt = Party("pk.sindh.kpt", self.sindh, role="organisation",
                         sectors=["energy"])
        self.all = (self.pk, self.sindh, self.punjab, self.kpt)

    def make_policy(self, version, grants=None, settings=()):
        grants = grants or [
            ["national", ["*"], ALL], ["provincial", ["*"], 0b111011111],
            ["organisation", ["incident"], 0b110],
            ["organisation", ["receipt", "rejection"], 1 << 8]]
        return statement.sign(
            [1, "policy", version, self.now, "Rules", ["national", "organisation",
                                                  "provincial"],
             grants, [["energy", "pk.sindh"], ["water", None]], [],
             [list(item) for item in settings]],
            [(proof.POLICY, key.public, key) for key in self.root_keys[:2]])

    def trust(self, *extra):
        trust = Trust()
        trust.pin_root(self.root)
        trust.take_policy(self.policy)
        for party in self.all + extra:
            trust.take_credential(party.bytes)
        return trust

    def judge(self, envelope, self_name, side, peer=None, now=None, **options):
        now = self.now if now is None else now
        trust = options.pop("trust", None) or self.trust()
        return Intake(trust, self_name).judge(envelope, side, now, peer, **options).reason


class Parent(threading.Thread):
    """Just enough of a parent's end to exercise a child over CURVE."""

    def __init__(self, world, party, child_key):
        super().__init__(daemon=True)
        self.world, self.party, self.child_key = world, party, child_key
        self.context = zmq.Context()
        self.zap = self.context.socket(zmq.REP)
        self.zap.bind("inproc://zeromq.zap.01")
        self.router = self.context.socket(zmq.ROUTER)
        self.router.linger = 0
        self.router.curve_server = 1
        self.router.curve_secretkey = party.link.x25519_secret()
        self.router.zap_domain = b"children"
        port = self.router.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self.intake = Intake(world.trust(), party.name)
        self.journal = []          # (lane, envelope) to send down
        self.own = []              # the child's messages, for its recovery
        self.claims = None         # what WELCOME says is held of the child's
        self.taken, self.seen, self.rejects, self.verbs = [], set(), [], []
        self.cursors = [link.NEVER_READ] * 4
        self.stopping = threading.Event()
        self.mutex = threading.Lock()

    def push(self, lane, envelope):
        with self.mutex:
            self.journal.append((lane, envelope))

    def chain(self, position):
        return proof.H(b"%d" % position) if position else bytes(32)

    def stop(self):
        self.stopping.set()
        self.join()
        self.router.close()
        self.zap.close()
        self.context.term()

    def run(self):
        poller = zmq.Poller()
        poller.register(self.zap, zmq.POLLIN)
        poller.register(self.router, zmq.POLLIN)
        self.peer = None
        while not self.stopping.is_set():
            ready = dict(poller.poll(20))
            if self.zap in ready:
                self.admit(self.zap.recv_multipart())
            if self.router in ready:
                peer, data = self.router.recv_multipart()
                self.frame(peer, link.decode(data))
            if self.peer:
                self.deliver()

    def admit(self, parts):
        good = parts[5:7] == [b"CURVE", self.child_key]
        self.zap.send_multipart([b"1.0", parts[1], b"200" if good else b"400", b"", b"",
                                 b""])

    def send(self, verb, **fields):
        self.router.send_multipart(
            [self.peer, link.Frame(verb, self.session, **fields).encode()])

    def frame(self, peer, frame):
        self.verbs.append(frame.verb)
        if frame.verb == "hello":
            self.peer, self.session = peer, frame.session
            self.at = [link.resume_at(cursor, [(1, 9, len(self.journal))], self.chain)
                       for cursor in frame.cursors]
            self.recovering = None
            self.told = False
            self.send("welcome", versions=[1, 1], party=self.party.name,
                      epochs=[[1, 9, len(self.journal)]], cursors=self.cursors,
                      held=self.claims, policy_version=1, time=self.world.now,
                      credits=[65536] * 4, software="parent")
        elif frame.verb == "data":
            for data in frame.credentials:
                self.intake.trust.take_credential(data)
            for data in frame.envelopes:
                verdict = self.intake.judge(data, "child", time.time_ns() // 1_000_000,
                                            "pk.sindh.kpt")
                if verdict.envelope.leaf not in self.seen:
                    self.seen.add(verdict.envelope.leaf)
                    self.taken.append((verdict.reason, verdict.envelope))
            self.cursors[frame.lane] = (*frame.epoch, frame.last, frame.chain)
            self.send("ack", epoch=frame.epoch, lane=frame.lane, position=frame.last,
                      credit=65536)
        elif frame.verb == "recover":
            self.recovering = True
        elif frame.verb == "reject":
            self.rejects.append(frame.reason)
        elif frame.verb == "bye":
            self.peer = None

    def data(self, lane, last, envelopes):
        self.send("data", epoch=[1, 9], lane=lane, prev=self.at[lane], last=last,
                  chain=self.chain(last), envelopes=envelopes,
                  credentials=[] if self.told else [self.world.punjab.bytes])
        self.told = True
        self.at[lane] = last

    def deliver(self):
        with self.mutex:
            journal = list(self.journal)
        for lane in range(3):
            run = [data for number, data in journal[self.at[lane]:] if number == lane]
            if run:
                self.data(lane, len(journal), run)
        if self.recovering:
            self.recovering = False
            last = self.at[3] + len(self.own)
            self.data(3, last, self.own)
            self.data(3, last, [])
