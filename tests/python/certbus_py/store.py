# SPDX-License-Identifier: Apache-2.0
"""A small durable store behind the organisation: one journal in sqlite3."""

import contextlib
import os
import sqlite3
import time

from . import canon, carried, forms, proof, route, statement
from .envelope import BULK, RECOVERY, ROUTINE, TEST, Envelope, sign_batch, signed_bytes
from .intake import HOUR, UNCOUNTED, Intake, Memory, apply
from .link import MAX_CREDENTIALS, MAX_ENVELOPES, NEVER_READ, is_lost
from .reasons import ENDS_SESSION, NUMBER, Refused
from .trust import Trust

SCHEMA = """
CREATE TABLE IF NOT EXISTS thing (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS credential (
    number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS revoked (
    hash BLOB NOT NULL, party TEXT NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (hash, party));
CREATE TABLE IF NOT EXISTS frozen (origin TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS journal (
    position INTEGER PRIMARY KEY, leaf BLOB NOT NULL, reason INTEGER NOT NULL,
    lane INTEGER NOT NULL, chain BLOB NOT NULL, origin TEXT NOT NULL,
    counter INTEGER NOT NULL, nonce BLOB NOT NULL, sequence INTEGER NOT NULL,
    kind TEXT NOT NULL, mode INTEGER NOT NULL, issued INTEGER NOT NULL,
    goes_up INTEGER NOT NULL, envelope BLOB);
CREATE TABLE IF NOT EXISTS carried (
    id BLOB PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS leads (
    thread BLOB NOT NULL, party TEXT NOT NULL, PRIMARY KEY (thread, party));
CREATE INDEX IF NOT EXISTS by_id ON journal (origin, counter, nonce, sequence);
CREATE INDEX IF NOT EXISTS by_leaf ON journal (leaf);
"""
REFUSED_KEPT = 1000
# The origin of what was refused for a reason below is not told.
TOLD_FROM = NUMBER["frozen"]
# Kinds whose schema wants a receipt.
RECEIPTS = {"advisory", "incident", "update"}


def now_ms():
    return time.time_ns() // 1_000_000


class _Memory(Memory):
    def __init__(self, db):
        self.db = db

    def is_frozen(self, origin):
        return self.db.execute("SELECT 1 FROM frozen WHERE origin = ?",
                               (origin,)).fetchone() is not None

    def leaf_at(self, message_id):
        origin, counter, nonce, sequence = message_id
        row = self.db.execute(
            "SELECT leaf FROM journal WHERE origin = ? AND counter = ? AND nonce = ? AND "
            "sequence = ? AND reason = 0",
            (origin, counter, nonce.to_bytes(8, "big"), sequence)).fetchone()
        return row and row[0]

    def first_of(self, thread):
        origin, counter, nonce, sequence = thread
        row = self.db.execute(
            "SELECT envelope FROM journal WHERE origin = ? AND counter = ? AND nonce = ? AND "
            "sequence = ? AND reason = 0",
            (origin, counter, nonce.to_bytes(8, "big"), sequence)).fetchone()
        if row:
            return Envelope(row[0]).message
        row = self.db.execute(
            "SELECT envelope FROM journal JOIN carried USING (position) WHERE id = ?",
            (canon.encode(list(thread)),)).fetchone()
        return row and Envelope(carried.inside(Envelope(row[0]).message)[0]).message

    def leads(self, thread, party):
        return self.db.execute("SELECT 1 FROM leads WHERE thread = ? AND party = ?",
                               (canon.encode(list(thread)), party)).fetchone() is not None

    def flash_in_hour(self, origin, hour):
        return self.db.execute(
            "SELECT count(*) FROM journal WHERE origin = ? AND lane = 0 AND "
            "reason = 0 AND issued >= ? AND issued < ? AND kind NOT IN (?, ?, ?, ?, ?)",
            (origin, hour * HOUR, (hour + 1) * HOUR, *UNCOUNTED)).fetchone()[0]


class Store:
    """Opens the journal of a home. `keys`: the party's three signing keys by name."""

    def __init__(self, path, keys, log=lambda line: None):
        self.keys = keys
        self.log = log
        self.db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.executescript(SCHEMA)
        self.memory = _Memory(self.db)
        self._load()

    def close(self):
        self.db.close()

    @staticmethod
    def now():
        return now_ms()

    # Small things, each a canonical value by name

    def get(self, name, default=None):
        row = self.db.execute("SELECT value FROM thing WHERE name = ?",
                              (name,)).fetchone()
        return canon.decode(row[0]) if row else default

    def put(self, name, value):
        self.db.execute("INSERT OR REPLACE INTO thing VALUES (?, ?)",
                        (name, canon.encode(value)))

    @contextlib.contextmanager
    def transaction(self):
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            self._load()
            raise
        self.db.execute("COMMIT")

    # Trust

    def _load(self):
        self.trust = trust = Trust()
        self.party = self.get("party")
        self.parent = forms.parent_of(self.party) if self.party else None
        self.intake = Intake(trust, self.party, self.memory)
        if self.party is None:
            return
        trust.root = statement.Statement(self.get("root"), "root")
        trust.policy = statement.Statement(self.get("policy"), "policy")
        for (data,) in self.db.execute("SELECT bytes FROM credential ORDER BY number"):
            trust.remember(statement.Statement(data, "credential"))
        for digest, party, value in self.db.execute("SELECT * FROM revoked"):
            last, disputed = canon.decode(value)
            trust.revoked[digest, party] = (last and tuple(last), disputed)

    def _save_trust(self):
        trust = self.trust
        self.put("root", trust.root.bytes)
        self.put("policy", trust.policy.bytes)
        for held in trust.credentials.values():
            self.db.execute("INSERT OR IGNORE INTO credential (hash, bytes) VALUES (?, ?)",
                            (held.hash, held.bytes))
        for (digest, party), value in trust.revoked.items():
            self.db.execute("INSERT OR REPLACE INTO revoked VALUES (?, ?, ?)",
                            (digest, party, canon.encode(list(value))))

    def join(self, bundle, root_code):
        """Takes a bundle into an empty store; Refused says what is wrong with it."""
        if self.party is not None:
            raise Refused("name-taken", f"this home is {self.party} already")
        if proof.read_code(root_code) != bundle.root.code:
            raise Refused("other-root", f"the root file's code is {bundle.root.code}")
        trust = Trust()
        trust.pin_root(bundle.root.bytes)
        trust.take_policy(bundle.policy.bytes)
        for item in bundle.chain:
            own = trust.take_credential(item.bytes)
        body = own.content
        mine = (self.keys["sign"].public, self.keys["seal"].x25519_public(),
                self.keys["link"].x25519_public())
        if body.keys != mine:
            raise Refused("key-taken", "the last credential is not for the keys here")
        if body.issuer is None:
            raise Refused("not-a-child", "the top party joins nobody")
        with self.transaction():
            self.trust = trust
            self.put("party", body.party)
            self.put("credential", own.hash)
            self.put("endpoints", bundle.endpoints)
            self.put("epochs", [])
            self.put("cursors", [list(NEVER_READ)] * 4)
            self._save_trust()
        self._load()
        return body

    def credential(self):
        return self.trust.credentials[self.get("credential")]

    def parents_credential(self):
        return self.trust.credentials[self.credential().content.issuer]

    def parents_chain(self):
        return [held.hash for held in self.trust.chain_of(self.parents_credential().hash)]

    # Positions

    def head(self):
        return self.db.execute("SELECT coalesce(max(position), 0) FROM journal"
                               ).fetchone()[0]

    def chain_at(self, position):
        if position == 0:
            return bytes(32)
        row = self.db.execute("SELECT chain FROM journal WHERE position = ?",
                              (position,)).fetchone()
        return row and row[0]

    def epochs(self):
        epochs = [tuple(item) for item in self.get("epochs")]
        return epochs[:-1] + [(*epochs[-1][:2], self.head())]

    def cursors(self):
        return [tuple(cursor) for cursor in self.get("cursors")]

    def policy_version(self):
        return self.trust.policy.content.version

    def held_of(self, origin):
        row = self.db.execute(
            "SELECT counter, nonce, sequence FROM journal WHERE origin = ? AND reason = 0 "
            "ORDER BY counter DESC, sequence DESC LIMIT 1", (origin,)).fetchone()
        return row and (row[0], int.from_bytes(row[1], "big"), row[2])

    def begin_run(self):
        """An epoch is one run: it begins before anything is signed or stored."""
        with self.transaction():
            epochs = self.get("epochs")
            if epochs:
                epochs[-1][2] = self.head()
            counter = epochs[-1][0] + 1 if epochs else 1
            self.put("epochs", epochs[-63:] + [[counter, _random_nonce(), 0]])

    def _own_sequence(self, counter, nonce):
        return self.db.execute(
            "SELECT coalesce(max(sequence), 0) FROM journal WHERE origin = ? AND "
            "counter = ? AND nonce = ?",
            (self.party, counter, nonce.to_bytes(8, "big"))).fetchone()[0]

    # A restored copy (9.3)

    def shows_loss(self, cursors, held):
        """Whether the other side has seen what is not in this journal."""
        return (any(is_lost(cursor, self.chain_at) for cursor in cursors)
                or held is not None and self._own_sequence(*held[:2]) < held[2])

    def want_recovery(self):
        with self.transaction():
            self.put("recover", True)
            self._move(RECOVERY, NEVER_READ)

    def wants_recovery(self):
        return self.get("recover", False)

    def _move(self, lane, cursor):
        cursors = self.get("cursors")
        cursors[lane] = list(cursor)
        self.put("cursors", cursors)

    # Taking

    def take(self, frame):
        """One DATA frame in one transaction: (what was refused, why the session ends).

        When it ends, what came before is stored and the cursor stays.
        """
        rejects, lines, ends = [], [], None
        if frame.lane == RECOVERY and not self.wants_recovery():
            return [], Refused("not-yours-to-send", "nothing was asked back")
        with self.transaction():
            refused = self._take_credentials(frame.credentials)
            for data in frame.envelopes:
                ends = self._take_envelope(data, frame.lane, refused, rejects, lines)
                if ends is not None:
                    break
            else:
                self._move(frame.lane, (*frame.epoch, frame.last, frame.chain))
                if (frame.lane == RECOVERY and not frame.envelopes
                        and frame.prev == frame.last):
                    self.put("recover", False)
            self._save_trust()
        for line in lines:
            self.log(line)
        return rejects, ends

    def _take_credentials(self, items):
        """In order; by hash, why some were not taken in."""
        refused = {}
        for data in items:
            try:
                self.trust.take_credential(data)
            except Refused as why:
                self.log(f"a credential was refused: {why}")
                if why.reason != "malformed":
                    refused[statement.Statement(data).hash] = why.reason
        return refused

    def _take_envelope(self, data, lane, refused, rejects, lines):
        recovery = lane == RECOVERY
        self.intake.learn(data)
        verdict = self.intake.judge(data, "parent", now_ms(), self.parent, recovery, refused)
        if verdict.reason in ENDS_SESSION:
            return Refused(verdict.reason, verdict.detail)
        envelope = verdict.envelope
        message = envelope.message
        if verdict.reason == "ok" and not recovery and message.precedence != lane:
            return Refused("malformed", "in another lane than its own")
        if verdict.repeat:
            return None
        self._append(envelope, verdict.reason)
        lines.append(f"{message.kind} {message.printed} {envelope.code} {verdict.reason}")
        if verdict.reason == "ok":
            apply(self.trust, message)
            self._note_carried(message)
            self._answer_receipt(envelope, lines)
            return None
        rejects.append((verdict.reason, verdict.detail, envelope.leaf))
        if verdict.reason == "equivocation":
            self.db.execute("INSERT OR IGNORE INTO frozen VALUES (?)", (message.origin,))
        if (NUMBER[verdict.reason] >= TOLD_FROM and message.mode != TEST
                and message.kind not in ("receipt", "rejection")):
            body = {"reason": verdict.reason, "leaf": envelope.leaf}
            if verdict.detail:
                body["detail"] = verdict.detail[:100]
            self._answer(envelope, "rejection", body, ROUTINE, lines)
        return None

    def _note_carried(self, message):
        data, _ = carried.inside(message)
        if data is not None:
            self.db.execute("INSERT OR IGNORE INTO carried VALUES (?, ?)",
                            (canon.encode(list(message.thread)), self.head()))
        if (message.kind == "update" and message.thread is not None
                and message.body.get("step") == "transfer"
                and message.body.get("lead") in message.audience):
            self.db.execute("INSERT OR IGNORE INTO leads VALUES (?, ?)",
                            (canon.encode(list(message.thread)), message.body["lead"]))

    def _append(self, envelope, reason):
        message = envelope.message
        number = NUMBER[reason]
        position = self.head() + 1
        counter = self.epochs()[-1][0]
        chain = proof.H(self.chain_at(position - 1) + envelope.leaf
                        + bytes([number, message.precedence])
                        + counter.to_bytes(4, "big"))
        goes_up = not number and route.up(message.audience, message.origin, self.party)
        self.db.execute(
            "INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (position, envelope.leaf, number, message.precedence, chain, message.origin,
             message.epoch[0], message.epoch[1].to_bytes(8, "big"), message.sequence,
             message.kind, message.mode, message.issued, goes_up, envelope.bytes))
        if number:
            self.db.execute(
                "UPDATE journal SET envelope = NULL WHERE position = (SELECT position "
                "FROM journal WHERE reason != 0 AND envelope IS NOT NULL "
                "ORDER BY position DESC LIMIT 1 OFFSET ?)", (REFUSED_KEPT,))

    # Saying

    def originate(self, kind, body, audience, **fields):
        """Signs a message of this party and appends it; within a transaction."""
        issued = now_ms()
        counter, nonce, _ = self.epochs()[-1]
        values = {"precedence": 1, "tlp": 3, "mode": 0, "exercise": None,
                  "issued": issued, "expires": None, "thread": None, "after": b"",
                  "replaces": None, "may_climb_to": None, "by": None, "schema": 1,
                  "salt": os.urandom(16), **fields}
        signed = signed_bytes(
            kind=kind, origin=self.party, credential=self.credential().hash,
            epoch=[counter, nonce], sequence=self._own_sequence(counter, nonce) + 1,
            body=body,
            audience=sorted(set(audience), key=str.encode), **values)
        data = sign_batch([signed], self.keys["sign"])[0]
        verdict = self.intake.judge(data, "self", issued)
        if verdict.reason != "ok":
            raise Refused(verdict.reason, verdict.detail)
        self._append(verdict.envelope, "ok")
        return verdict.envelope

    def report(self, kind, body, audience, **fields):
        with self.transaction():
            return self.originate(kind, body, audience, **fields)

    def _answer_receipt(self, envelope, lines):
        message = envelope.message
        sectors = self.credential().content.sectors
        if (message.kind in RECEIPTS and message.origin != self.party
                and route.here(message.audience, self.party, sectors)):
            self._answer(envelope, "receipt",
                         {"stored": now_ms(), "leaf": envelope.leaf}, BULK, lines)

    def _answer(self, envelope, kind, body, precedence, lines):
        """Tells the origin, as far as the policy lets this party."""
        message = envelope.message
        try:
            made = self.originate(kind, body, [message.origin], tlp=min(message.tlp, 3),
                                  mode=message.mode, precedence=precedence,
                                  exercise=message.exercise and list(message.exercise),
                                  thread=list(message.id))
        except Refused as refused:
            lines.append(f"no {kind} for {message.printed}: {refused}")
        else:
            lines.append(f"{kind} {made.message.printed} {made.code} sent")

    # Sending

    def outgoing(self, lane, after, room, told, full_only):
        """(envelopes, credentials, last, chain) of a lane's next DATA frame.

        With full_only nothing is returned whose first envelope exceeds the room.
        """
        if lane == RECOVERY:
            rows = self.db.execute(
                "SELECT position, envelope FROM journal WHERE position > ? AND "
                "origin = ? AND reason = 0 ORDER BY position", (after, self.parent))
        else:
            rows = self.db.execute(
                "SELECT position, envelope FROM journal WHERE position > ? AND "
                "lane = ? AND goes_up ORDER BY position", (after, lane))
        envelopes, credentials, size = [], [], 0
        last = self.head()
        for position, data in rows:
            needed = [held for held in
                      self.trust.chain_of(Envelope(data).message.credential)
                      if held.hash not in told and held not in credentials]
            cost = len(data) + 8 + sum(len(held.bytes) + 8 for held in needed)
            over = size + cost > room and (envelopes or full_only)
            if (over or len(envelopes) == MAX_ENVELOPES
                    or len(credentials) + len(needed) > MAX_CREDENTIALS):
                last = envelopes_end if envelopes else after
                break
            envelopes.append(data)
            credentials += needed
            size += cost
            envelopes_end = position
        rows.close()
        return envelopes, credentials, last, self.chain_at(last)

    # Reading

    def count(self, kind):
        return self.db.execute("SELECT count(*) FROM journal WHERE kind = ? AND "
                               "reason = 0", (kind,)).fetchone()[0]

    def all(self):
        """(position, reason number, Envelope or None) in journal order."""
        for position, reason, data in self.db.execute(
                "SELECT position, reason, envelope FROM journal ORDER BY position"):
            yield position, reason, data and Envelope(data)


def _random_nonce():
    return int.from_bytes(os.urandom(8), "big")
