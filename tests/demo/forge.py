#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Somebody who has an organisation's keys, a program of their own and a bad will.

    forge.py HOME ADVISORY.json --as PARTY --out FILE

Signs the advisory in the name of PARTY, with all that HOME's keys and credentials allow, writes
it into a file like `certbus export` does, and sends it to the broker above, as that
organisation. Exit status 0: it was refused there.
"""

import argparse
import json
import os
import pathlib
import re
import sys
import time

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))

from certbus_py import canon, link, proof, statement                # noqa: E402
from certbus_py.envelope import FLASH, LIVE, Envelope, sign_batch, signed_bytes  # noqa: E402
from certbus_py.reasons import NAME                                 # noqa: E402

PATIENCE = float(os.environ.get("PATIENCE", "30"))
TLP_CLEAR = 1
EPOCH = (1, 1)


def now_ms():
    return time.time_ns() // 1_000_000


class Thief:
    """What there is in the home of an organisation: its keys and the chain above it."""

    def __init__(self, home):
        text = (home / "keys").read_text(encoding="utf-8")
        self.keys = {name: proof.SigningKey(bytes.fromhex(seed))
                     for name, seed in re.findall(r'(sign|seal|link) = "([0-9a-f]{64})"', text)}
        self.bundle = statement.Bundle((home / "bundle").read_bytes())
        self.party = self.bundle.chain[-1].content.party
        self.parent = self.bundle.chain[-2].content

    def forge(self, party, body):
        """As good as it can be done: with the credential of the party that it pretends to be."""
        credential = next(held for held in self.bundle.chain if held.content.party == party)
        message = signed_bytes(
            kind="advisory", origin=party, credential=credential.hash, epoch=list(EPOCH),
            sequence=999, audience=[f"{party}.**"], precedence=FLASH, tlp=TLP_CLEAR, mode=LIVE,
            exercise=None, issued=now_ms(), expires=None, thread=None, after=b"", replaces=None,
            may_climb_to=None, by=None, schema=1, salt=os.urandom(16), body=body)
        return Envelope(sign_batch([message], self.keys["sign"])[0])

    def exported(self, envelope):
        """The file that `certbus export` would write, were it genuine."""
        return canon.encode([1, "evidence", self.bundle.root.bytes,
                             [held.bytes for held in self.bundle.chain], envelope.bytes])

    def send(self, envelope):
        """Over the organisation's own link; returns what the broker above says to it."""
        socket = zmq.Context.instance().socket(zmq.DEALER)
        socket.linger = 0
        socket.curve_serverkey = self.parent.link_key
        socket.curve_publickey = self.keys["link"].x25519_public()
        socket.curve_secretkey = self.keys["link"].x25519_secret()
        socket.connect(self.bundle.endpoints[0])
        session = os.urandom(16)
        end = time.monotonic() + PATIENCE
        socket.send(link.Frame(
            "hello", session, versions=[1, 1], party=self.party, epochs=[(*EPOCH, 1)],
            cursors=[link.NEVER_READ] * 4, held=None,
            policy_version=self.bundle.policy.content.version, time=now_ms(),
            credits=[1 << 20] * 4, software="forge").encode())
        while socket.poll(max(0, int(1000 * (end - time.monotonic())))):
            frame = link.decode(socket.recv())
            if frame.verb == "welcome":
                socket.send(link.Frame(
                    "data", session, epoch=EPOCH, lane=FLASH, prev=0, last=1,
                    chain=os.urandom(32), credentials=[], envelopes=[envelope.bytes]).encode())
            elif frame.verb in ("reject", "busy"):
                return frame
        return None


def main():
    parser = argparse.ArgumentParser(prog="forge.py")
    parser.add_argument("home", type=pathlib.Path)
    parser.add_argument("document", type=pathlib.Path)
    parser.add_argument("--as", dest="party", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    thief = Thief(options.home)
    envelope = thief.forge(options.party, json.loads(options.document.read_text("utf-8")))
    options.out.write_bytes(thief.exported(envelope))
    print(f"{envelope.message.printed}  advisory  code {envelope.code}")
    print(f"signed with the keys in {options.home}, sent to {thief.parent.party}")
    answer = thief.send(envelope)
    if answer is None or answer.verb != "reject":
        print("it was not refused")
        return 1
    print(f"{thief.parent.party} refuses: {NAME[answer.reason]} {answer.detail}".rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
