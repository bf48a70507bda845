# SPDX-License-Identifier: Apache-2.0
"""Section 9: the frames, and the child's end of a link."""

import collections
import os
import time

import zmq

from . import canon, forms
from .reasons import ENDS_SESSION, NAME, NUMBER, Refused, malformed
from .statement import MAX_STATEMENT, Statement

MAX_FRAME = 393216
AIM_FRAME = 65536
MAX_CREDENTIALS = 64
MAX_ENVELOPES = 1024
LANES = range(4)
NEVER_READ = (0, 0, 0, bytes(32))
NO_SESSION = bytes(16)
SOFTWARE = "certbus-py"

VERBS = {1: "hello", 2: "welcome", 3: "data", 4: "ack", 5: "recover", 6: "reject",
         7: "busy", 8: "request", 9: "reply", 10: "ping", 11: "pong", 12: "bye"}
NUMBERS = {name: number for number, name in VERBS.items()}

_OPENING = ("versions", "party", "epochs", "cursors", "held", "policy_version", "time",
            "credits", "software")
FIELDS = {"hello": _OPENING, "welcome": _OPENING,
          "data": ("epoch", "lane", "prev", "last", "chain", "credentials", "envelopes"),
          "ack": ("epoch", "lane", "position", "credit"), "recover": ("cursor",),
          "reject": ("reason", "detail", "hash"), "busy": ("ms",),
          "request": ("statement",), "reply": ("statement",),
          "ping": (), "pong": (), "bye": ()}


def _versions(value):
    low, high = forms.record(value, 2, "versions")
    forms.uint(low, 1, forms.MAX_U32, "versions")
    forms.uint(high, low, forms.MAX_U32, "versions")
    return (low, high)


def _epochs(value):
    forms.array(value, 1, 64, "epochs")
    result = []
    for item in value:
        forms.record(item, 3, "epochs")
        result.append((*forms.epoch(item[:2]), forms.position(item[2])))
    return result


def _cursor(value):
    forms.record(value, 4, "cursor")
    counter, nonce = forms.epoch(value[:2], 0)
    result = (counter, nonce, forms.position(value[2]), forms.hash32(value[3]))
    forms.need(counter > 0 or result == NEVER_READ, "cursor")
    return result


def _held(value):
    if value is None:
        return None
    forms.record(value, 3, "held")
    return (*forms.epoch(value[:2]), forms.sequence(value[2]))


def _full(limit, what):
    def check(value):
        forms.need(isinstance(value, bytes) and 1 <= len(value) <= limit, what)
        return value
    return check


def _bins(limit, what):
    def check(value):
        return [_full(MAX_FRAME, what)(item) for item in forms.array(value, 0, limit, what)]
    return check


CHECKS = {
    "versions": _versions, "party": forms.party, "epochs": _epochs,
    "cursors": lambda value: [_cursor(item) for item in
                              forms.record(value, 4, "cursors")],
    "held": _held,
    "policy_version": lambda value: forms.uint(value, 0, forms.MAX_U32, "policy version"),
    "time": forms.time,
    "credits": lambda value: [forms.uint(item, what="credit") for item in
                              forms.record(value, 4, "credits")],
    "software": lambda value: forms.text(value, 0, 64, "software"),
    "epoch": forms.epoch, "lane": lambda value: forms.uint(value, 0, 3, "lane"),
    "prev": forms.position, "last": forms.position, "position": forms.position,
    "chain": forms.hash32, "credit": lambda value: forms.uint(value, what="credit"),
    "credentials": _bins(MAX_CREDENTIALS, "credentials"),
    "envelopes": _bins(MAX_ENVELOPES, "envelopes"),
    "cursor": _cursor, "reason": lambda value: forms.uint(value, 0, forms.MAX_U32, "reason"),
    "detail": lambda value: forms.text(value, 0, 160, "detail"),
    "hash": lambda value: forms.optional(forms.hash32, value),
    "ms": forms.time, "statement": _full(MAX_STATEMENT, "statement"),
}


class Frame:
    def __init__(self, verb, session, **fields):
        self.verb = verb
        self.session = session
        for name in FIELDS[verb]:
            setattr(self, name, fields[name])

    def encode(self):
        data = canon.encode([NUMBERS[self.verb], self.session]
                            + [getattr(self, name) for name in FIELDS[self.verb]])
        assert len(data) <= MAX_FRAME
        return data


def decode(data):
    """The frame in one part of a ZeroMQ message; refuses with malformed."""
    if len(data) > MAX_FRAME:
        raise malformed("a frame beyond 393216 bytes")
    values = forms.array(canon.decode(data), 2, 11, "frame")
    verb = VERBS.get(forms.uint(values[0], what="verb"))
    if verb is None:
        raise malformed("verb")
    forms.record(values, 2 + len(FIELDS[verb]), verb)
    session = forms.binary(values[1], 16, "session")
    frame = Frame(verb, session, **{name: CHECKS[name](value) for name, value
                                    in zip(FIELDS[verb], values[2:])})
    if verb == "data" and frame.prev > frame.last:
        raise malformed("prev after last")
    if verb == "welcome" and frame.versions[0] != frame.versions[1]:
        raise malformed("a WELCOME that leaves the version open")
    return frame


def resume_at(cursor, epochs, chain_at):
    """9.3: where a reader with this cursor resumes in a journal.

    epochs: of the journal, the current one last; chain_at: the chain hash at a
    position, None where there is none.
    """
    position = cursor[2]
    if position == 0 or not is_lost(cursor, chain_at):
        return position
    for *epoch, end in epochs[:-1]:
        if tuple(epoch) == tuple(cursor[:2]) and position > end:
            return end
    return 0


def is_lost(cursor, chain_at):
    """9.3: whether a reader with this cursor has seen what is not in the journal."""
    return cursor[2] > 0 and chain_at(cursor[2]) != cursor[3]


def may_take(frame, cursor, first, epochs):
    """9.2.1: whether a DATA frame continues at the cursor of its lane.

    first: of its lane in this session; epochs: what the sender listed.
    """
    *epoch, position, _ = cursor
    if not first:
        return frame.epoch == tuple(epoch) and frame.prev == position
    if frame.epoch != tuple(epochs[-1][:2]):
        return False
    ends = [end for *listed, end in epochs if listed == epoch]
    return frame.prev <= min([position] + ends)


class _Lane:
    """What one lane of a session has sent and may send."""

    def __init__(self, position, credit):
        self.position = position
        self.credit = credit
        self.flying = collections.deque()

    def has_room(self):
        return not self.flying or self.in_flight() < self.credit

    def in_flight(self):
        return sum(size for _, size, _ in self.flying)


class Child:
    """The child's end. `store` holds what must last; see store.py for its methods."""

    PING_AFTER, SILENCE, ANSWER, ACKNOWLEDGED = 5.0, 20.0, 5.0, 60.0
    CREDIT = [1 << 20, 1 << 20, 1 << 19, 1 << 19]

    def __init__(self, store, endpoints, server_key, link_key, log=lambda line: None):
        self.store = store
        self.endpoints = list(endpoints)
        self.server_key = server_key
        self.link_key = link_key
        self.log = log
        self.context = zmq.Context()
        self.socket = None
        self.state = "IDLE"
        self.session = NO_SESSION
        self.backoff = 1.0
        self.next_start = time.monotonic()
        self.heard = self.said = self.deadline = 0.0
        self.lanes = None

    # The socket

    def _connect(self):
        self._close_socket()
        endpoint = self.endpoints.pop(0)
        self.endpoints.append(endpoint)
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 500
        self.socket.immediate = 1
        self.socket.maxmsgsize = MAX_FRAME
        self.socket.curve_serverkey = self.server_key
        self.socket.curve_publickey = self.link_key.x25519_public()
        self.socket.curve_secretkey = self.link_key.x25519_secret()
        self.socket.connect(endpoint)

    def _close_socket(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def _send(self, verb, **fields):
        """Whether the frame went out; it does not while nobody is connected."""
        data = Frame(verb, self.session, **fields).encode()
        try:
            self.socket.send(data, zmq.NOBLOCK)
        except zmq.Again:
            return 0
        self.said = time.monotonic()
        return len(data)

    def _reject(self, reason, detail="", digest=None):
        text = detail.encode()[:160].decode("utf-8", "ignore")
        self.log(f"refused: {reason} {text}".rstrip())
        self._send("reject", reason=NUMBER[reason], detail=text, hash=digest)

    # States

    def step(self, wait):
        """Does what there is to do; waits at most so many seconds for a frame."""
        if self.state == "IDLE" and time.monotonic() >= self.next_start:
            self._start()
        if self.socket is None:
            time.sleep(min(wait, 0.05))
            return
        if self.socket.poll(int(wait * 1000)):
            for _ in range(64):
                try:
                    parts = self.socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                self._arrived(parts)
                if self.socket is None:
                    return
        self._timers()
        if self.state == "OPEN":
            self._send_data()

    def _start(self):
        if self.socket is None:
            self._connect()
            self.deadline = time.monotonic() + self.ANSWER
        self.session = os.urandom(16)
        self.epoch = self.store.epochs()[-1][:2]
        self.greeted = self.store.cursors()
        sent = self._send("hello", versions=[1, 1], party=self.store.party,
                          epochs=self.store.epochs(), cursors=self.greeted,
                          held=self.store.held_of(self.store.parent),
                          policy_version=self.store.policy_version(),
                          time=self.store.now(), credits=self.CREDIT,
                          software=SOFTWARE)
        now = time.monotonic()
        if sent:
            self.state = "WAITING"
            self.deadline = now + self.ANSWER
        elif now >= self.deadline:
            self._back_off("nobody answers")
        else:
            self.next_start = now + 0.02

    def _back_off(self, why, least=0.0):
        self.log(f"link: {why}")
        self._close_socket()
        self.state = "IDLE"
        self.lanes = None
        self.next_start = time.monotonic() + max(self.backoff, least)
        self.backoff = min(self.backoff * 2, 60.0)

    def _timers(self):
        now = time.monotonic()
        if self.state == "WAITING" and now >= self.deadline:
            self._back_off("no answer to HELLO")
        elif self.state == "OPEN" and now - self.heard >= self.SILENCE:
            self._back_off("silence")
        elif self.state == "OPEN" and self._is_stuck(now):
            self._start()
        elif self.state == "OPEN" and now - self.said >= self.PING_AFTER:
            self._send("ping")

    def _is_stuck(self, now):
        """What was sent long ago, with nothing acknowledged since, was lost."""
        return any(lane.flying and now - max(lane.flying[0][2], self.acked)
                   >= self.ACKNOWLEDGED for lane in self.lanes)

    def stop(self):
        if self.socket is not None and self.state == "OPEN":
            self._send("bye")
        self._close_socket()
        self.state = "IDLE"
        self.context.term()

    def _end(self, refused):
        self._reject(refused.reason, refused.detail)
        self._back_off("the session was ended here")

    def _arrived(self, parts):
        try:
            if len(parts) != 1:
                raise malformed("a frame of several parts")
            frame = decode(parts[0])
        except Refused as refused:
            if self.state == "OPEN":
                self._end(refused)
            return
        if frame.session != self.session:
            return
        self.heard = time.monotonic()
        handler = getattr(self, f"_{self.state.lower()}_{frame.verb}", None)
        if handler is not None:
            handler(frame)
        elif self.state == "OPEN":
            self._end(malformed(f"{frame.verb} has no place here"))

    # WAITING

    def _waiting_welcome(self, frame):
        if frame.versions != (1, 1):
            return self._end(Refused("version"))
        if frame.party != self.store.parent:
            return self._end(Refused("wrong-origin", "another party answers"))
        if (self.store.shows_loss(frame.cursors, frame.held)
                and not self.store.wants_recovery()):
            self.log("link: this is an older copy; what was sent is asked back")
            self.store.want_recovery()
            return self._start()
        self.state = "OPEN"
        self.backoff = 1.0
        self.peer_epochs = frame.epochs
        self.first = set(LANES)
        self.told = set(self.store.parents_chain())
        self.lanes = [_Lane(resume_at(cursor, self.store.epochs(), self.store.chain_at),
                            credit)
                      for cursor, credit in zip(frame.cursors, frame.credits)]
        self.acked = time.monotonic()
        self.recovering = False
        self.recovers_from = frame.cursors[3]
        if self.store.wants_recovery():
            self._send("recover", cursor=self.greeted[3])
        self.log(f"link: open with {frame.party} ({frame.software})")

    def _waiting_reject(self, frame):
        self._back_off(f"the parent refuses: {_named(frame)}")

    def _waiting_busy(self, frame):
        self._back_off("the parent is busy", frame.ms / 1000)

    # OPEN

    def _open_data(self, frame):
        cursor = self.store.cursors()[frame.lane]
        if not may_take(frame, cursor, frame.lane in self.first, self.peer_epochs):
            self._reject("out-of-step")
            return self._start()
        self.first.discard(frame.lane)
        rejects, ends = self.store.take(frame)
        for reason, detail, digest in rejects:
            self._reject(reason, detail, digest)
        if ends is not None:
            return self._end(ends)
        self._send("ack", epoch=frame.epoch, lane=frame.lane, position=frame.last,
                   credit=self.CREDIT[frame.lane])

    def _open_ack(self, frame):
        lane = self.lanes[frame.lane]
        if frame.epoch != self.epoch:
            return
        if frame.position > lane.position:
            return self._end(Refused("overrun", "it acknowledged what was never sent"))
        self.acked = time.monotonic()
        while lane.flying and lane.flying[0][0] <= frame.position:
            lane.flying.popleft()
        lane.credit = frame.credit

    def _open_recover(self, frame):
        if frame.cursor != self.recovers_from:
            self._reject("out-of-step", "another cursor than the greeting's")
            return self._start()
        self.recovering = True

    def _open_reject(self, frame):
        self.log(f"the parent refuses: {_named(frame)}")
        if frame.hash is not None:
            return
        if NAME.get(frame.reason) == "out-of-step":
            self._start()
        else:
            self._back_off("the session was ended there")

    def _open_busy(self, frame):
        self._back_off("the parent is busy", frame.ms / 1000)

    def _open_request(self, frame):
        """Nothing is known to be asked."""
        try:
            asked = Statement(frame.statement, "request")
        except Refused as refused:
            return self._end(refused)
        self._reject("no-such-question", digest=asked.hash)

    def _open_reply(self, frame):
        """Nothing is asked by this program."""

    def _open_ping(self, frame):
        self._send("pong")

    def _open_pong(self, frame):
        pass

    def _open_bye(self, frame):
        self._back_off("the parent said goodbye")

    # Sending

    def _send_data(self):
        """Higher lanes first: after each frame it begins again at flash."""
        while self.state == "OPEN":
            if self.store.epochs()[-1][:2] != self.epoch:
                return self._start()
            if not any(self._send_lane(number) for number in LANES):
                return

    def _send_lane(self, number):
        lane = self.lanes[number]
        if number == 3 and not self.recovering or not lane.has_room():
            return False
        room = AIM_FRAME
        if lane.flying:
            room = min(room, lane.credit - lane.in_flight())
        envelopes, credentials, last, chain = self.store.outgoing(
            number, lane.position, room - 512, self.told, bool(lane.flying))
        if not envelopes and (number != 3
                              or last == lane.position != self.store.head()):
            return False
        size = self._send("data", epoch=self.epoch, lane=number,
                          prev=lane.position, last=last, chain=chain,
                          credentials=[held.bytes for held in credentials],
                          envelopes=envelopes)
        if not size:
            return False
        self.told.update(held.hash for held in credentials)
        # In lane 3 a frame that goes nowhere says that this was all.
        self.recovering = self.recovering and last != lane.position
        lane.position = last
        lane.flying.append((last, size, time.monotonic()))
        return True

    def is_quiet(self):
        """Whether everything that goes up has been acknowledged."""
        return self.state == "OPEN" and not any(
            lane.flying or number < 3
            and self.store.outgoing(number, lane.position, 1, self.told, False)[0]
            for number, lane in enumerate(self.lanes))


def _named(frame):
    name = NAME.get(frame.reason, str(frame.reason))
    return f"{name} {frame.detail}".rstrip()
