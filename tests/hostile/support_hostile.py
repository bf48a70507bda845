# SPDX-License-Identifier: Apache-2.0
"""What the attacks share: a thief with an enrolled key, raw connections, the victim's state.

A thief is an enrolled party whose keys are in the wrong hands: it speaks the link as it
likes. Everything stays on loopback and is bounded in count and in time.
"""

import os
import pathlib
import socket
import struct
import sys
import threading
import time

import nacl.bindings as box
import zmq

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "scenario"), str(TESTS / "python")]

# pylint: disable=wrong-import-position
from certbus_py import canon, link, proof, reasons, statement      # noqa: E402
from certbus_py.envelope import FIELDS, Envelope, sign_batch       # noqa: E402
from support import (CERTBUS, Away, Failed, Message, Refused, Talk, need, note, prove,  # noqa: E402
                     until)

__all__ = ["CERTBUS", "Away", "Caller", "Envelope", "Failed", "Message", "Raw", "Refused",
           "Talk", "Thief", "Watch", "canon", "command", "cpu", "descriptors", "greeting",
           "grew", "link", "need", "note", "now_ms", "proof",
           "prove", "reasons", "rss", "sign_batch", "statement", "until", "words"]

MB = 1 << 20


def now_ms():
    return time.time_ns() // 1_000_000


# --- The victim -----------------------------------------------------------------------------

def rss(broker):
    """Resident memory in MB."""
    for line in pathlib.Path(f"/proc/{broker.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024
    raise Failed(f"{broker.name} is gone")


def sanitized(broker):
    """Whether its memory says nothing: freed memory is kept to find who uses it still."""
    return "libasan" in pathlib.Path(f"/proc/{broker.process.pid}/maps").read_text()


def cpu(broker):
    """Seconds of CPU that it has used."""
    fields = pathlib.Path(f"/proc/{broker.process.pid}/stat").read_text().rsplit(")", 1)[1]
    ticks = fields.split()
    return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(broker):
    return len(os.listdir(f"/proc/{broker.process.pid}/fd"))


def grew(broker):
    """How many lines its log has."""
    return broker.log.read_bytes().count(b"\n")


class Watch:
    """Around an attack: the victim's memory is sampled all the while, its honest child goes
    on, and afterwards everything must still be as it was."""

    def __init__(self, victim, honest, limit=64):
        self.victim, self.honest, self.limit = victim, honest, limit
        self.peak = 0
        self.stopping = threading.Event()

    def __enter__(self):
        self.said = len(self._closed())
        self.before = rss(self.victim)
        self.thread = threading.Thread(target=self._sample, daemon=True)
        self.thread.start()
        return self

    def _sample(self):
        while not self.stopping.wait(0.02):
            try:
                self.peak = max(self.peak, rss(self.victim))
            except (Failed, FileNotFoundError):
                return

    def _closed(self):
        text = self.victim.log.read_text(errors="replace")
        return [line for line in text.splitlines()
                if f"{self.honest.name}: link closed" in line]

    def passes(self, seconds=15):
        """A message of the honest child passes, now."""
        begun = time.monotonic()
        ident = self.honest.say(f"in the midst of it {begun}", self.victim.name)
        until(lambda: self.victim.holds(ident), f"{ident} passes meanwhile", seconds)
        return time.monotonic() - begun

    def __exit__(self, kind, *_):
        if kind is None:
            self.passes()
        self.stopping.set()
        self.thread.join()
        if kind is None:
            need(self.victim.process.poll() is None, f"{self.victim.name} lives")
            need(self.victim.open_to(self.honest.name), f"{self.honest.name} is connected")
            need(len(self._closed()) == self.said, f"the link of {self.honest.name} was closed")
            need(self.peak - self.before <= self.limit or sanitized(self.victim),
                 f"memory grew from {self.before} to {self.peak} MB; {self.limit} are allowed")


# --- Credentials and messages ---------------------------------------------------------------

class Caller:
    """A party made of three keys and a credential."""

    def __init__(self, name):
        self.name = name
        self.keys = {which: proof.SigningKey(os.urandom(32))
                     for which in ("sign", "seal", "link")}
        self.epoch = (1, int.from_bytes(os.urandom(8), "big"))
        self.sequence = 0

    def certify(self, issuer, keys=None, signer=None, by=None, **changes):
        """A credential by an issuer that may not have been asked."""
        keys = keys or self.keys
        fields = {
            "party": self.name, "title": self.name, "role": "organisation", "sectors": [],
            "sign_key": keys["sign"].public, "seal_key": keys["seal"].x25519_public(),
            "link_key": keys["link"].x25519_public(), "generation": 1, "previous": None,
            "issued": now_ms(), "not_before": now_ms(),
            "not_after": now_ms() + 86_400_000, "may": None, "issuer": by or issuer.hash,
            "formerly": None}
        fields.update(changes)
        self.credential = statement.sign(
            [1, "credential", *fields.values()],
            [(proof.CREDENTIAL, fields["issuer"], (signer or issuer).keys["sign"])])
        self.hash = statement.Statement(self.credential).hash
        return self

    def message(self, kind, audience, body=None, **changes):
        self.sequence += 1
        fields = {
            "version": 1, "kind": kind, "origin": self.name, "credential": self.hash,
            "epoch": list(self.epoch), "sequence": self.sequence,
            "audience": sorted(audience), "precedence": 1, "tlp": 2, "mode": 0,
            "exercise": None, "issued": now_ms(), "expires": None, "thread": None,
            "after": b"", "replaces": None, "may_climb_to": None, "by": None, "schema": 1,
            "salt": os.urandom(16), "body": {"text": "x"} if body is None else body}
        fields.update(changes)
        return canon.encode([fields[name] for name in FIELDS])

    def envelope(self, kind, audience, body=None, key=None, approvals=None, **changes):
        return sign_batch([self.message(kind, audience, body, **changes)],
                          key or self.keys["sign"], approvals)[0]

    def note(self, audience="pk", text="x", **changes):
        return self.envelope("note", [audience], {"text": text}, **changes)


class Thief(Caller):
    """Enrolled with `parent`, a broker that runs; then it speaks the link as it likes."""

    def __init__(self, parent, name, role="organisation", sectors=(), may=None):
        super().__init__(name)
        self.parent = parent
        asked = statement.sign(
            [1, "enrolment", name, name, *(self.keys[which].public for which in
                                          ("sign", "seal", "link")),
             None, [], now_ms()],
            [(proof.ENROLMENT, self.keys[which].public, self.keys[which])
             for which in ("sign", "seal", "link")])
        fields = {"may": may} if may else {}
        answer = parent.ask("enrol", request=asked, role=role, sectors=list(sectors), **fields)
        self.bundle = statement.Bundle(answer["bundle"])
        self.chain = self.bundle.chain
        self.credential = self.chain[-1].bytes
        self.hash = self.chain[-1].hash
        self.parents = self.chain[-2].content
        self.socket = None
        self.position = [0, 0, 0, 0]

    def connect(self, seconds=10, **options):
        """A connection with this party's link key. Options are those of the socket."""
        if self.socket is not None:
            self.socket.close()
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.immediate = 1
        self.socket.sndhwm = self.socket.rcvhwm = 1000
        self.socket.curve_serverkey = self.parents.link_key
        self.socket.curve_publickey = self.keys["link"].x25519_public()
        self.socket.curve_secretkey = self.keys["link"].x25519_secret()
        for option, value in options.items():
            setattr(self.socket, option, value)
        self.socket.connect(self.parent.endpoint)
        need(self.socket.poll(seconds * 1000, zmq.POLLOUT), "the thief's own key is admitted")
        return self

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def send(self, data, wait=10):
        """Raw bytes as one frame; false when nobody takes them any more."""
        if not self.socket.poll(int(wait * 1000), zmq.POLLOUT):
            return False
        self.socket.send(data)
        return True

    def put(self, verb, session=None, **fields):
        return self.send(link.Frame(verb, session or self.session, **fields).encode())

    def hear(self, *verbs, seconds=10, session=None):
        """The next frame of one of these verbs; what comes before it is dropped."""
        end = time.monotonic() + seconds
        while self.socket.poll(max(0, int((end - time.monotonic()) * 1000))):
            frame = link.decode(self.socket.recv())
            if frame.verb in verbs and (session is None or frame.session == session):
                return frame
        raise Failed(f"{self.parent.name} does not say {' or '.join(verbs)}")

    def hello(self, **changes):
        self.session = changes.pop("session", None) or os.urandom(16)
        fields = {"versions": [1, 1], "party": self.name,
                  "epochs": [[*self.epoch, link.forms.MAX_U53]],
                  "cursors": [link.NEVER_READ] * 4, "held": None, "policy_version": 1,
                  "time": now_ms(), "credits": [1 << 20] * 4, "software": "thief"}
        fields.update(changes)
        self.put("hello", **fields)

    def open(self, **changes):
        """HELLO, and the WELCOME; waits as long as BUSY asks."""
        self.connect()
        for _ in range(8):
            self.hello(**changes)
            frame = self.hear("welcome", "busy", "reject")
            if frame.verb == "welcome":
                break
            if frame.verb != "busy":
                raise Failed(f"{self.parent.name} refuses: {words(frame)}")
            time.sleep(frame.ms / 1000 + 0.01)
        need(frame.verb == "welcome", "a session at last")
        self.welcome = frame
        for lane in range(4):
            self.position[lane] = frame.cursors[lane][2]
        return self

    def data(self, *envelopes, credentials=(), lane=1, prev=None, last=None, epoch=None,
             session=None):
        """One DATA frame; positions continue unless said otherwise."""
        prev = self.position[lane] if prev is None else prev
        last = prev + len(envelopes) if last is None else last
        self.position[lane] = last
        return self.put("data", session, epoch=epoch or list(self.epoch), lane=lane, prev=prev,
                        last=last, chain=proof.H(b"%d" % last), credentials=list(credentials),
                        envelopes=list(envelopes))

    def refused(self, reason, *given, **options):
        """Sends DATA and hears that it is refused for this reason."""
        self.data(*given, **options)
        frame = self.hear("reject")
        need(reasons.NAME[frame.reason] == reason, f"{words(frame)}, not {reason}")
        return frame

    def taken(self, *given, **options):
        """Sends DATA and hears that all of it is on disk; false: refused or not taken."""
        self.data(*given, **options)
        return self.hear("ack", "reject").verb == "ack"


def words(frame):
    return f"{reasons.NAME.get(frame.reason, frame.reason)} {frame.detail}".strip()


# --- Connections without libzmq -------------------------------------------------------------

def greeting(mechanism, server=False):
    return (b"\xff" + bytes(8) + b"\x7f\x03\x00" + mechanism.ljust(20, b"\0")
            + bytes([server]) + bytes(31))


def command(body):
    if len(body) > 255:
        return b"\x06" + struct.pack(">Q", len(body)) + body
    return bytes([4, len(body)]) + body


def properties(**values):
    text = b""
    for name, value in values.items():
        text += bytes([len(name)]) + name.encode() + struct.pack(">I", len(value)) + value
    return text


class Raw:
    """A TCP or ipc connection that speaks ZMTP by hand, so that it can say anything."""

    def __init__(self, endpoint):
        if endpoint.startswith("tcp://"):
            host, port = endpoint[6:].rsplit(":", 1)
            self.sock = socket.create_connection((host, int(port)), 10)
        else:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(endpoint)
        self.sock.settimeout(10)
        self.count = 0

    def close(self):
        self.sock.close()

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def frame(self):
        flags, size = self.read(2)
        if flags & 2:
            size = int.from_bytes(bytes([size]) + self.read(7), "big")
        return self.read(size)

    def closed(self, seconds=10):
        """Whether the other side ends it in time."""
        self.sock.settimeout(seconds)
        try:
            while self.sock.recv(65536):
                pass
            return True
        except socket.timeout:
            return False
        except OSError:
            return True

    def null(self, **metadata):
        """The NULL handshake; READY with what we like to claim."""
        self.sock.sendall(greeting(b"NULL"))
        self.read(64)
        claims = {"Socket-Type": b"DEALER", "Identity": b"", **metadata}
        self.sock.sendall(command(b"\x05READY" + properties(**claims)))
        return self.frame()

    def curve(self, thief, **metadata):
        """The CURVE handshake of RFC 26 with the thief's key; then `message`."""
        server = thief.parents.link_key
        own, secret = thief.keys["link"].x25519_public(), thief.keys["link"].x25519_secret()
        short, short_secret = box.crypto_box_keypair()
        self.sock.sendall(greeting(b"CURVE"))
        self.read(64)
        number = struct.pack(">Q", 1)
        self.sock.sendall(command(
            b"\x05HELLO\x01\x00" + bytes(72) + short + number
            + box.crypto_box(bytes(64), b"CurveZMQHELLO---" + number, server, short_secret)))
        welcome = self.frame()
        plain = box.crypto_box_open(welcome[24:], b"WELCOME-" + welcome[8:24], server,
                                    short_secret)
        theirs, cookie = plain[:32], plain[32:]
        nonce = os.urandom(16)
        vouch = box.crypto_box(short + server, b"VOUCH---" + nonce, theirs, secret)
        claims = properties(**{"Socket-Type": b"DEALER", "Identity": b"", **metadata})
        number = struct.pack(">Q", 2)
        self.sock.sendall(command(
            b"\x08INITIATE" + cookie + number
            + box.crypto_box(own + nonce + vouch + claims, b"CurveZMQINITIATE" + number,
                             theirs, short_secret)))
        ready = self.frame()
        if not ready.startswith(b"\x05READY"):
            raise ConnectionError(f"not admitted: {ready[:16]!r}")
        self.shared = box.crypto_box_beforenm(theirs, short_secret)
        self.count = 2
        return self

    def sealed(self, data, more=False):
        """A CURVE message as bytes of the wire."""
        self.count += 1
        number = struct.pack(">Q", self.count)
        body = b"\x07MESSAGE" + number + box.crypto_box_afternm(
            bytes([more]) + data, b"CurveZMQMESSAGEC" + number, self.shared)
        if len(body) > 255:
            return b"\x02" + struct.pack(">Q", len(body)) + body
        return bytes([0, len(body)]) + body

    def message(self, data, more=False):
        self.sock.sendall(self.sealed(data, more))

    def answer(self):
        """The content of the next message over CURVE."""
        while True:
            body = self.frame()
            if body.startswith(b"\x07MESSAGE"):
                return box.crypto_box_open_afternm(
                    body[16:], b"CurveZMQMESSAGES" + body[8:16], self.shared)[1:]
