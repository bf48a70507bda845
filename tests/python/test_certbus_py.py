#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the second implementation takes and what it refuses."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import msgpack                                                      # noqa: E402

from certbus_py import canon, link, proof, route, statement         # noqa: E402
from certbus_py.envelope import FIELDS, Envelope, sign_batch                # noqa: E402
from certbus_py.intake import Intake, Memory                        # noqa: E402
from support_organisation import Organisation                       # noqa: E402, F401
from support_py import NOW, YEAR, Case, Party, World, may           # noqa: E402

WORLD = World()


class Canon(Case):
    def test_writes_what_it_reads(self):
        for value in (0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1,
                      -1, -32, -33, -128, -129, -32768, -32769, -2**31, -2**31 - 1,
                      -2**63, None, True, False, "", "a" * 31, "a" * 32, "é" * 200,
                      "x" * 70000, b"", b"x" * 255, b"x" * 256, b"x" * 65536, [],
                      [1] * 15, [1] * 16, [0] * 65536, {}, {"a": 1, "ab": 2, "b": [3]},
                      {f"{n:03}": n for n in range(20)}):
            raw = canon.encode(value)
            self.assertEqual(canon.decode(raw), value)
            self.assertEqual(msgpack.unpackb(raw, strict_map_key=False), value)

    def test_refuses_every_other_form(self):
        bad = ["", "cc7f", "cd00ff", "ce0000ffff", "cf00000000ffffffff", "d000", "d07f",
               "d0ff", "d1ff80", "d2ffff8000", "d3ffffffff80000000", "d300", "d90161",
               "da00ff" + "61" * 255, "db0000ffff" + "61" * 65535, "c50001ff",
               "c600000001ff", "dc0000", "dd00000000", "de0000", "df00000000",
               "ca00000000", "cb0000000000000000", "c1", "d40000", "c70000", "0000",
               "a100", "a1ff", "a3eda080", "a2c080", "a4f4908080", "92c0", "81a161",
               "8101c0", "81a0c0", "82a162c0a161c0", "82a161c0a161c0",
               "82a26161c0a161c0", "dfffffffff", "ddffffffff", "c6ffffffff", "8fc0",
               "81d941" + "61" * 65 + "c0", "91" * 9, "91" * 8 + "90", "91" * 8 + "80"]
        for raw in bad:
            self.refused("malformed", canon.decode, bytes.fromhex(raw))

    def test_nests_eight_deep(self):
        deep = bytes.fromhex("91" * 7 + "90")
        self.assertEqual(canon.encode(canon.decode(deep)), deep)
        with self.assertRaises(ValueError):
            canon.encode([[[[[[[[[]]]]]]]]])


class Proof(Case):
    def test_paths_of_every_size(self):
        for size in (1, 2, 3, 4, 5, 7, 8, 9, 31, 33):
            leaves = [proof.leaf_hash(bytes([n])) for n in range(size)]
            root = proof.tree_root(leaves)
            for index, leaf in enumerate(leaves):
                path = proof.tree_path(leaves, index)
                self.assertEqual(proof.root_of(leaf, index, size, path), root)
                self.refused("bad-proof", proof.root_of, leaf, index, size,
                             path + [root])
                if path:
                    self.refused("bad-proof", proof.root_of, leaf, index, size, path[1:])
            self.refused("bad-proof", proof.root_of, leaves[0], size, size, [])

    def test_size_is_bounded(self):
        self.refused("bad-proof", proof.root_of, bytes(32), 0, 0, [])
        self.refused("bad-proof", proof.root_of, bytes(32), 0, 65537, [bytes(32)] * 17)

    def test_code(self):
        self.assertEqual(proof.code_of(bytes(32)), "0000-0000-0000-0000")
        self.assertEqual(proof.code_of(b"\xff" * 32), "ZZZZ-ZZZZ-ZZZZ-ZZZZ")
        self.assertEqual(proof.code_of(bytes.fromhex("0123456789abcdef0123")),
                         "04HM-ASW9-NF6Y-Y093")
        self.assertEqual(proof.read_code("o4hmasw9-nf6yyo93"), "04HM-ASW9-NF6Y-YO93"
                         .replace("O", "0"))
        self.assertEqual(proof.read_code("il" + "0" * 14), "1100-0000-0000-0000")
        for typed in ("", "0" * 15, "0" * 17, "u" + "0" * 15, "ı" + "0" * 15,
                      " " + "0" * 15):
            self.assertIsNone(proof.read_code(typed))


class Form(Case):
    def envelope(self, **changes):
        signed = WORLD.kpt.message("incident", ["pk.sindh"])
        for name, value in changes.items():
            signed = _with(signed, FIELDS.index(name), value)
        how = canon.decode(WORLD.kpt.envelope("incident", ["pk.sindh"]))[1]
        return canon.encode([signed, how, []])

    def test_a_batch(self):
        raw = [WORLD.kpt.message("incident", ["pk"]) for _ in range(5)]
        for data in sign_batch(raw, WORLD.kpt.sign):
            envelope = Envelope(data)
            envelope.check_signature(WORLD.kpt.sign.public, proof.Verifier())
            self.refused("bad-signature", envelope.check_signature,
                         WORLD.pk.sign.public, proof.Verifier())

    def test_refuses_fields(self):
        for changes in (
                {"version": 2}, {"kind": "A"}, {"origin": "pk..x"}, {"epoch": [0, 1]},
                {"origin": ".".join("abcdefghi")}, {"credential": bytes(31)},
                {"sequence": 0}, {"sequence": 2**53}, {"audience": []},
                {"audience": ["pk.b", "pk.a"]}, {"audience": ["pk", "pk"]},
                {"audience": ["**"]}, {"audience": ["@"]}, {"precedence": 3},
                {"tlp": 0}, {"tlp": 6}, {"mode": 3}, {"mode": 1},
                {"exercise": ["pk", 1, 1, 1]}, {"expires": NOW - 1},
                {"issued": 253402300800000}, {"thread": ["pk", 1, 1]},
                {"after": bytes(33)}, {"after": bytes(64)}, {"by": ""},
                {"by": "x" * 65}, {"schema": 0}, {"salt": bytes(15)}, {"body": []},
                {"tlp": True}, {"after": b"".join(bytes([n]) * 32 for n in range(9))}):
            self.refused("malformed", Envelope, self.envelope(**changes))

    def test_refuses_wrappings(self):
        good = canon.decode(self.envelope())
        signed, how, _ = good
        for wrong, reason in (
                ([signed, how], "malformed"), ([signed, how, [], 0], "malformed"),
                ([signed, how[:3], []], "malformed"),
                ([signed, [1, 1, b"", how[3]], []], "bad-proof"),
                ([signed, [2, 0, b"", how[3]], []], "bad-proof"),
                ([signed, [1, 0, bytes(31), how[3]], []], "malformed"),
                ([signed, [1, 0, bytes(32), how[3]], []], "bad-proof"),
                ([signed, [1, 0, bytes(32 * 17), how[3]], []], "malformed"),
                ([signed, [1, 0, b"", bytes(63)], []], "malformed"),
                ([signed, how, [["b", bytes(32), bytes(64)], ["a", bytes(32),
                                                             bytes(64)]]], "malformed"),
                ([signed + b"\0", how, []], "malformed")):
            self.refused(reason, Envelope, canon.encode(wrong))
        self.refused("too-large", Envelope, bytes(262145))
        self.refused("malformed", Envelope, self.envelope() + b"\xc0")

    def test_a_statement(self):
        data = WORLD.kpt.bytes
        body, signatures = canon.decode(data)
        more = signatures + [[11, bytes(32), bytes(64)]]
        self.assertEqual(statement.Statement(canon.encode([body, more])).hash,
                         statement.Statement(data).hash)
        for wrong in ([body, []], [body, more[::-1]], [body, signatures * 2],
                      [body, signatures, 0], [body + b"\0", signatures],
                      [canon.encode([2, "credential"]), signatures],
                      [canon.encode([1]), signatures],
                      [body, [[n, bytes([n]) * 32, bytes(64)] for n in range(1, 18)]],
                      [bytes(65536), signatures]):
            self.refused("malformed", statement.Statement, canon.encode(wrong))

    def test_an_enrolment(self):
        keys = [WORLD.kpt.sign, WORLD.kpt.seal, WORLD.kpt.link]
        body = [1, "enrolment", "pk.a", "A", *(key.public for key in keys), None, [], NOW]
        signers = [(proof.ENROLMENT, key.public, key) for key in keys]
        verifier = proof.Verifier()
        statement.check_enrolment(statement.sign(body, signers), verifier)
        self.refused("bad-signature", statement.check_enrolment,
                     statement.sign(body, signers[:2]), verifier)
        body[5] = body[4]
        self.refused("malformed", statement.check_enrolment,
                     statement.sign(body, signers[:1]), verifier)


def _with(message, index, value):
    values = canon.decode(message)
    values[index] = value
    return canon.encode(values)


class Chain(Case):
    def take(self, *parties):
        trust = WORLD.trust()
        for party in parties:
            trust.take_credential(party.bytes)

    def child(self, name="pk.sindh.x", issuer=None, **changes):
        return Party(name, issuer or WORLD.sindh, role=changes.pop("role", "cert"),
                     **changes)

    def test_good_ones(self):
        self.take(self.child())
        self.take(self.child(sectors=["energy"], may=may(["cert"], [], 10, 1)))
        middle = self.child(may=may(["cert"], [], 10, 1))
        self.take(middle, self.child("pk.sindh.x.y", middle))

    def test_widens(self):
        for changes in (
                {"role": "national"}, {"sectors": ["water"]}, {"name": "pk.sindh.a.b"},
                {"name": "pk.punjab.x"}, {"not_before": NOW - YEAR - 1},
                {"not_after": NOW + YEAR + 1}, {"issued": NOW + YEAR + 1},
                {"may": may(["*"], [], 1, 1)}, {"may": may(["cert"], ["*"], 1, 1)},
                {"may": may(["cert"], [], 11, 1)}, {"may": may(["cert"], [], 1, 2)},
                {"may": may(["cert"], [], 1, 1, NOW + YEAR + 1)},
                {"issuer": WORLD.kpt, "name": "pk.sindh.kpt.x"}):
            self.refused("chain-widens", self.take, self.child(**changes))

    def test_broken(self):
        self.refused("chain-broken", self.take, self.child(sign="wrong issuer"))
        self.refused("chain-broken", self.take,
                     Party("pk", root=WORLD.root_keys[:1], role="national", title="x"))
        self.refused("chain-broken", self.take, Party("uk", root=WORLD.root_keys[:2]))
        self.refused("unknown-credential", self.take,
                     self.child("pk.sindh.y.z", self.child("pk.sindh.y", may=may())))

    def test_key_taken(self):
        self.refused("key-taken", self.take, self.child(sign_key=WORLD.kpt.sign.public))
        self.refused("key-taken", self.take,
                     self.child(seal_key=WORLD.punjab.link.x25519_public()))

    def test_generations(self):
        def second(**options):
            return Party("pk.sindh.kpt", WORLD.sindh, role="organisation",
                         generation_of=WORLD.kpt, **options)
        self.take(second())
        self.refused("chain-broken", self.take, second(sign="no succession"))
        self.take(second(sign="no succession",
                         countersign=[(WORLD.pk.hash, WORLD.pk.sign)]))
        self.refused("chain-broken", self.take,
                     second(sign="no succession",
                            countersign=[(WORLD.sindh.hash, WORLD.sindh.sign)]))
        by_root = [(key.public, key) for key in WORLD.root_keys[:2]]
        again = Party("pk.sindh", WORLD.pk, role="provincial", sign="no succession",
                      generation_of=WORLD.sindh, countersign=by_root)
        self.take(again)

    def test_root_file(self):
        def root(version, previous, signers, threshold=2):
            return statement.sign(
                [1, "root", version, previous, NOW, None, "pk", threshold,
                 b"".join(key.public for key in WORLD.root_keys)],
                [(proof.ROOT, key.public, key) for key in signers])
        trust = WORLD.trust()
        first = trust.root.hash
        self.refused("trust", trust.next_root, root(2, first, WORLD.root_keys[:1], 1))
        self.refused("trust", trust.next_root, root(2, bytes(32), WORLD.root_keys))
        self.refused("trust", trust.next_root, root(3, first, WORLD.root_keys))
        trust.next_root(root(2, first, WORLD.root_keys[1:]))
        self.assertEqual(trust.root.content.version, 2)
        self.refused("trust", trust.pin_root, root(1, None, WORLD.root_keys[:1]))
        self.refused("malformed", trust.pin_root, root(1, bytes(32), WORLD.root_keys))


class Route(Case):
    def test_down(self):
        for audience, origin, expected in (
                (["pk.sindh"], "pk", True), (["pk.sindh.kpt"], "pk", True),
                (["pk"], "pk.punjab", False), (["pk.**"], "pk", True),
                (["pk.sindh.kpt.**"], "pk", True), (["pk.punjab.**"], "pk", False),
                (["pk.sindh.**"], "pk.sindh.kpt", False), (["@energy"], "pk", True),
                (["@water"], "pk", True), (["@gas"], "pk", False),
                (["pk.sindhi"], "pk", False)):
            self.assertEqual(route.down(audience, origin, "pk.sindh", ["energy"],
                                        ["water"]), expected, audience)
        self.assertTrue(route.down(["@gas"], "pk", "pk.sindh", [], ["*"]))

    def test_up_and_here(self):
        for term, goes, stays in (
                ("pk", True, False), ("pk.sindh", False, True), ("@x", True, False),
                ("@energy", True, True), ("pk.**", True, True),
                ("pk.sindh.**", False, True), ("pk.sindh.kpt", False, False),
                ("pk.punjab.**", True, False)):
            self.assertEqual(route.up([term], "pk.sindh.kpt", "pk.sindh"), goes, term)
            self.assertEqual(route.here([term], "pk.sindh", ["energy"]), stays, term)
        self.assertFalse(route.up(["pk"], "pk.punjab", "pk.sindh"))


class Checks(Case):
    def expect(self, reason, envelope, self_name="pk", side="child", peer="pk.sindh",
               **options):
        self.assertEqual(WORLD.judge(envelope, self_name, side, peer, **options), reason)

    def kpt(self, audience=("pk",), kind="incident", **changes):
        return WORLD.kpt.envelope(kind, list(audience), **changes)

    def pk(self, audience=("pk.**",), kind="advisory", body=None, **changes):
        return WORLD.pk.envelope(kind, list(audience), body, **changes)

    def test_accepted(self):
        self.expect("ok", self.kpt())
        self.expect("ok", self.kpt(), "pk.sindh", "child", "pk.sindh.kpt")
        self.expect("ok", self.kpt(), "pk.sindh.kpt", "self", None)
        self.expect("ok", self.pk(), "pk.sindh", "parent", "pk")

    def test_identity(self):
        stranger = Party("pk.sindh.x", WORLD.sindh, role="organisation")
        self.expect("unknown-credential", stranger.envelope("incident", ["pk"]))
        self.expect("wrong-origin", self.kpt(origin="pk.sindh.x"))
        forged = sign_batch([WORLD.kpt.message("incident", ["pk"])], WORLD.punjab.sign)[0]
        self.expect("bad-signature", forged)
        leaf = proof.leaf_hash(WORLD.kpt.message("incident", ["pk"]))
        WORLD.kpt.sequence -= 1
        officer = WORLD.pk.seal
        good = officer.sign(proof.APPROVAL, officer.public, 1, leaf)
        self.expect("ok", self.kpt(approvals=[["a", officer.public, good]]))
        self.expect("approval", self.kpt(approvals=[["a", officer.public, good]]))

    def test_direction(self):
        self.expect("not-yours-to-send", self.kpt(), peer="pk.punjab")
        self.expect("not-yours-to-send", self.kpt(), "pk.sindh", "parent", "pk")
        self.expect("not-yours-to-send", self.kpt(), "pk.sindh.kpt", "parent",
                    "pk.sindh")
        self.expect("ok", self.kpt(), "pk.sindh.kpt", "parent", "pk.sindh",
                    recovery=True)
        self.expect("not-meant", self.kpt(["pk.sindh"]))
        self.expect("not-meant", self.pk(["pk.punjab"]), "pk.sindh", "parent", "pk")
        self.expect("test-left", self.kpt(mode=2))
        self.expect("ok", self.kpt(mode=2), "pk.sindh.kpt", "self", None)

    def test_time(self):
        self.expect("credential-dates", self.kpt(issued=NOW - YEAR - 1))
        self.expect("ok", self.kpt(issued=NOW + 600000))
        self.expect("clock-ahead", self.kpt(issued=NOW + 600001))
        self.expect("ok", self.kpt(expires=NOW), now=NOW + 5)
        self.expect("expired", self.kpt(expires=NOW), "pk.sindh.kpt", "self", None,
                    now=NOW + 5)

    def test_policy(self):
        self.expect("audience", self.kpt(["uk"]), "pk", peer="pk.sindh")
        self.expect("audience", self.kpt(["@gas"]))
        self.expect("no-grant", self.kpt(kind="advisory"))
        self.expect("no-grant", self.kpt(["@energy"]))
        self.expect("no-grant", self.kpt(["pk.punjab"]))
        trust = WORLD.trust()
        trust.policy = None
        self.expect("no-policy", self.kpt(), trust=trust)
        body = {"leaf": bytes(32), "stored": NOW}
        answer = self.kpt(["pk"], "receipt", body=body, thread=["pk", 1, 7, 1])
        self.expect("thread", answer)
        self.expect("ok", answer, "pk.sindh.kpt", "self", None)
        self.expect("no-grant", self.kpt(["pk"], "receipt", body=body,
                                         thread=["pk.punjab", 1, 7, 1]))

    def test_marks(self):
        self.expect("tlp-needs-sealing", self.kpt(tlp=4))
        self.expect("tlp-needs-sealing", self.kpt(tlp=5))
        self.expect("consent", self.kpt(may_climb_to="pk.punjab"))
        self.expect("ok", self.kpt(may_climb_to="pk"))
        self.expect("replaces", self.kpt(replaces=["pk", 1, 7, 1]))
        self.expect("ok", self.kpt(replaces=["pk.sindh.kpt", 1, 7, 1]))
        self.expect("exercise", self.kpt(mode=1, exercise=["pk.punjab", 1, 1, 1]))
        self.expect("ok", self.kpt(mode=1, exercise=["pk.sindh", 1, 1, 1]))

    def test_trust_inside(self):
        self.expect("ok", self.pk(kind="policy", body={"statement":
                                                       WORLD.make_policy(2)}),
                    "pk.sindh", "parent", "pk")
        self.expect("trust", self.pk(kind="policy", body={"statement": WORLD.root}),
                    "pk.sindh", "parent", "pk")
        self.expect("schema", self.pk(kind="policy"), "pk.sindh", "parent", "pk")
        self.expect("trust", WORLD.sindh.envelope(
            "policy", ["pk"], {"statement": WORLD.make_policy(2)}))
        new = Party("pk.sindh.x", WORLD.sindh)
        self.expect("ok", WORLD.sindh.envelope("enrolment", ["pk"],
                                               {"credential": new.bytes}))
        self.expect("trust", WORLD.punjab.envelope("enrolment", ["pk"],
                                                   {"credential": new.bytes}),
                    peer="pk.punjab")

    def revocation(self, by, party, last=None, **extra):
        body = {"party": party.name, "credential": party.hash, "why": "lost",
                "disputed": False, **extra}
        if last:
            body.update(last_epoch=1, last_nonce=(7).to_bytes(8, "big"), last_seq=last)
        return by.envelope("revocation", ["pk.**"], body)

    def test_revocation(self):
        trust = WORLD.trust()
        trust.take_revocation(self.revocation(WORLD.sindh, WORLD.kpt, last=9))
        self.expect("ok", self.kpt(sequence=9), trust=trust)
        self.expect("revoked", self.kpt(sequence=10), trust=trust)
        self.expect("revoked", self.kpt(sequence=9, epoch=[1, 8]), trust=trust)
        self.refused("trust", trust.take_revocation,
                     self.revocation(WORLD.punjab, WORLD.sindh))
        self.refused("trust", trust.take_revocation,
                     self.revocation(WORLD.pk, WORLD.pk))
        by_root = statement.sign(
            [1, "revocation", "pk", WORLD.pk.hash, "lost", None, False],
            [(proof.REVOCATION, key.public, key) for key in WORLD.root_keys[1:]])
        trust.take_revocation(self.revocation(WORLD.pk, WORLD.pk, statement=by_root))
        self.expect("revoked", self.pk(), "pk.sindh", "parent", "pk", trust=trust)

    def test_what_is_held(self):
        first = self.kpt(sequence=500)
        leaf = Envelope(first).leaf

        class Full(Memory):
            def leaf_at(self, message_id):
                return leaf if message_id[3] == 500 else None

            def flash_in_hour(self, origin, hour):
                return 3

        trust = WORLD.trust()
        trust.take_policy(WORLD.make_policy(5, settings=[("flash-per-hour", 3)]))
        intake = Intake(trust, "pk", Full())
        self.assertTrue(intake.judge(first, "child", NOW, "pk.sindh").repeat)
        for envelope, reason in (
                (self.kpt(sequence=500, salt=b"x" * 16), "equivocation"),
                (self.kpt(sequence=501, precedence=0), "quota"),
                (self.kpt(["pk.sindh.kpt"], sequence=502), "not-meant")):
            self.assertEqual(intake.judge(envelope, "child", NOW, "pk.sindh").reason,
                             reason)


class Frames(Case):
    def frame(self, verb="data", **changes):
        fields = {"epoch": [1, 2], "lane": 1, "prev": 0, "last": 3, "chain": bytes(32),
                  "credentials": [], "envelopes": [b"x"], "reason": 1, "detail": "",
                  "hash": None, "cursor": list(link.NEVER_READ), "versions": [1, 1],
                  "party": "pk", "epochs": [[1, 2, 3]], "held": None,
                  "cursors": [list(link.NEVER_READ)] * 4, "policy_version": 0,
                  "time": NOW, "credits": [1, 2, 3, 4], "software": "", "position": 1,
                  "credit": 5, "ms": 6, "statement": b"x"}
        session = changes.pop("session", bytes(16))
        return link.Frame(verb, session, **{**fields, **changes}).encode()

    def test_every_verb(self):
        for verb in link.NUMBERS:
            self.assertEqual(link.decode(self.frame(verb)).verb, verb)

    def test_refused(self):
        for changes in (
                {"session": bytes(15)}, {"lane": 4}, {"prev": 4}, {"last": 2**53},
                {"chain": b""}, {"epoch": [0, 0]}, {"envelopes": [1]},
                {"envelopes": [b"x"] * 1025}, {"credentials": [b"x"] * 65},
                {"envelopes": [b""]}, {"verb": "request", "statement": b""},
                {"verb": "welcome", "versions": [1, 2]},
                {"verb": "hello", "versions": [2, 1]}, {"verb": "hello", "epochs": []},
                {"verb": "hello", "epochs": [[1, 1, 1]] * 65},
                {"verb": "hello", "held": [1, 2]}, {"verb": "hello", "credits": [1]},
                {"verb": "hello", "software": "x" * 65}, {"verb": "reject",
                                                         "detail": "x" * 161},
                {"verb": "hello", "cursors": [[0, 1, 0, bytes(32)]] * 4}):
            self.refused("malformed", link.decode, self.frame(**changes))
        for raw in (b"", b"\x90", canon.encode([13, bytes(16)]),
                    canon.encode([10, bytes(16), 0]), bytes(393217)):
            self.refused("malformed", link.decode, raw)

    def test_resuming(self):
        epochs = [(1, 5, 10), (2, 6, 30)]

        def chain_at(position):
            return bytes([position]) * 32 if position <= 30 else None

        for cursor, expected in (
                ((2, 6, 20, bytes([20]) * 32), 20), ((2, 6, 20, bytes(32)), 0),
                ((2, 6, 31, bytes(32)), 0), ((1, 5, 7, bytes([7]) * 32), 7),
                ((1, 5, 7, bytes(32)), 0), ((1, 5, 12, bytes(32)), 10),
                ((3, 5, 12, bytes(32)), 0), ((3, 5, 12, bytes([12]) * 32), 12),
                (link.NEVER_READ, 0)):
            self.assertEqual(link.resume_at(cursor, epochs, chain_at), expected)

    def test_continuing(self):
        def take(prev, cursor, first, epoch=(2, 6)):
            frame = link.decode(self.frame(prev=prev, last=50, epoch=list(epoch)))
            return link.may_take(frame, cursor, first, [(1, 5, 10), (2, 6, 30)])
        at = (2, 6, 20, bytes(32))
        self.assertTrue(take(20, at, False))
        self.assertFalse(take(19, at, False))
        self.assertTrue(take(19, at, True))
        self.assertFalse(take(21, at, True))
        old = (1, 5, 20, bytes(32))
        self.assertTrue(take(10, old, True))
        self.assertFalse(take(11, old, True))
        self.assertFalse(take(10, old, False))
        self.assertFalse(take(5, old, True, (1, 5)))
        self.assertTrue(take(9, (7, 7, 9, bytes(32)), True))
        self.assertFalse(take(1, link.NEVER_READ, True))


if __name__ == "__main__":
    unittest.main()
