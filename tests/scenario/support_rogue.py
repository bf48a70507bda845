# SPDX-License-Identifier: Apache-2.0
"""A child with good keys and a bad will: it says what it likes, byte by byte.

It speaks the link by itself, with the codecs of tests/python, and keeps nothing.
"""

import json
import os
import sys
import time

import zmq

from support import PROJECT, need, until

sys.path.insert(0, str(PROJECT / "tests" / "python"))

from certbus_py import link, proof, statement                          # noqa: E402
from certbus_py.envelope import Envelope, sign_batch, signed_bytes     # noqa: E402
from certbus_py.reasons import NAME                                    # noqa: E402

ADVISORY = json.loads((PROJECT / "config/samples/advisory.json").read_text())["body"]
EVERYTHING = [1 << 20] * 4


def now_ms():
    return time.time_ns() // 1_000_000


class Rogue:
    """Below `parent`, enrolled like any other."""

    def __init__(self, tree, parent="pk.sindh"):
        self.name = f"{parent}.rogue"
        self.sign, self.seal, self.link = (proof.SigningKey(os.urandom(32)) for _ in range(3))
        keys = (self.sign, self.seal, self.link)
        with open(f"{self.name}.request", "wb") as file:
            file.write(statement.sign(
                [1, "enrolment", self.name, "Rogue", *(key.public for key in keys), None, [],
                 now_ms()], [(proof.ENROLMENT, key.public, key) for key in keys]))
        tree[parent].certbus("enrol", f"{self.name}.request", "--role", "organisation", "--yes")
        with open(f"{self.name}.credential", "rb") as file:
            bundle = statement.Bundle(file.read())
        self.top, self.parent, self.credential = bundle.chain[0], *bundle.chain[-2:]
        self.server_key = self.parent.content.link_key
        self.endpoint = bundle.endpoints[0]
        self.epoch = (1, int.from_bytes(os.urandom(7), "big"))
        self.sequence = 0
        self.position = 0        # of the journal that it does not have
        self.reached = [0] * 4   # what its parent has of it
        self.taken = []          # envelopes that came
        self.refused = []        # (reason, hash or None)
        self.session = None
        self.is_open = False
        self.deaf = False
        self.start_at = 0.0
        self.sock = None

    # Signing

    def envelope(self, kind="advisory", origin=None, credential=None, audience=("pk.**",),
                 body=None, **changes):
        """As whom it likes, under the credential that it likes, with the key that it has."""
        self.sequence += 1
        fields = dict(
            kind=kind, origin=origin or self.name, credential=credential or self.credential.hash,
            epoch=list(self.epoch), sequence=self.sequence, audience=sorted(audience),
            precedence=1, tlp=2, mode=0, exercise=None, issued=now_ms(), expires=None,
            thread=None, after=b"", replaces=None, may_climb_to=None, by=None, schema=1,
            salt=os.urandom(16), body=ADVISORY if body is None else body)
        fields.update(changes)
        return sign_batch([signed_bytes(**fields)], self.sign)[0]

    def note(self, text, *audience):
        return self.envelope("note", audience=audience, body={"text": text})

    # The link

    def _connect(self):
        self.close()
        self.sock = zmq.Context.instance().socket(zmq.DEALER)
        self.sock.linger = 0
        self.sock.curve_serverkey = self.server_key
        self.sock.curve_publickey = self.link.x25519_public()
        self.sock.curve_secretkey = self.link.x25519_secret()
        self.sock.connect(self.endpoint)

    def _send(self, verb, **fields):
        self.sock.send(link.Frame(verb, self.session, **fields).encode(), zmq.NOBLOCK)

    def hello(self):
        if self.sock is None:
            self._connect()
        self.session = os.urandom(16)
        self.is_open = False
        self.start_at = time.monotonic() + 2
        self._send("hello", versions=[1, 1], party=self.name,
                   epochs=[[*self.epoch, self.position]], cursors=[link.NEVER_READ] * 4,
                   held=None, policy_version=1, time=now_ms(), credits=EVERYTHING,
                   software="rogue")

    def send(self, *envelopes, credentials=()):
        """One DATA frame of the routine lane."""
        prev, self.position = self.reached[1], self.position + len(envelopes)
        self.reached[1] = self.position
        self._send("data", epoch=self.epoch, lane=1, prev=prev, last=self.position,
                   chain=proof.H(b"%d" % self.position), credentials=list(credentials),
                   envelopes=list(envelopes))

    def step(self):
        if self.sock is None or not self.is_open and time.monotonic() >= self.start_at:
            self.hello()
        while self.sock.poll(5):
            frame = link.decode(self.sock.recv())
            if frame.session == self.session:
                self._heard(frame)

    def _heard(self, frame):
        if frame.verb == "welcome":
            self.is_open = True
            self.reached = [cursor[2] for cursor in frame.cursors]
        elif frame.verb == "data":
            self.taken += map(Envelope, frame.envelopes)
            self._send("ack", epoch=frame.epoch, lane=frame.lane, position=frame.last,
                       credit=1 << 20)
        elif frame.verb == "ping":
            self._send("pong")
        elif frame.verb == "reject":
            self.refused.append((NAME.get(frame.reason), frame.hash))
        if not self.deaf and (frame.verb in ("bye", "busy")
                              or frame.verb == "reject" and frame.hash is None):
            self.is_open = False
            self.start_at = time.monotonic() + 0.2

    def until(self, condition, what):
        def turn():
            self.step()
            return condition()
        return until(turn, what)

    def open(self):
        self.until(lambda: self.is_open, "the rogue's link is open")

    def is_told(self, reason, leaf):
        """It is told of this refusal: of one message, or of the session."""
        return self.until(lambda: [said for said in self.refused
                                   if said[0] == reason and said[1] in (leaf, None)],
                          f"the rogue is told {reason}")

    def got(self, kind):
        return [one for one in self.taken if one.message.kind == kind]

    def close(self):
        if self.sock is not None:
            self.sock.close()
        self.sock = None


def leaf_of(data):
    leaf = Envelope(data).leaf
    need(len(leaf) == 32, "a leaf hash")
    return leaf
