# SPDX-License-Identifier: Apache-2.0
"""The program of an organisation against a parent, over CURVE (test_certbus_py.py)."""

import json
import pathlib
import sqlite3
import subprocess
import tempfile
import time

from certbus_py import proof, statement
from certbus_py.envelope import sign_batch
from certbus_py.store import now_ms
from support_py import Case, Parent, Party, World

PROGRAM = pathlib.Path(__file__).resolve().parent / "certbus_py" / "organisation.py"


class Organisation(Case):
    """The program against a parent, over CURVE."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.home = pathlib.Path(self.folder.name) / "home"
        self.world = World(now_ms())
        code = self.program("request", "pk.sindh.kpt", "Karachi Port", "--out",
                            self.home.with_name("kpt.request")).strip()
        asked = statement.check_enrolment(
            self.home.with_name("kpt.request").read_bytes(), proof.Verifier())
        self.assertEqual(code, asked.code)
        seeds = json.loads((self.home / "keys.json").read_text())
        keys = {name: proof.SigningKey(bytes.fromhex(seeds[name])) for name in seeds}
        kpt = self.world.kpt = Party(
            "pk.sindh.kpt", self.world.sindh, role="organisation", sectors=["energy"],
            sign_key=keys["sign"].public, seal_key=keys["seal"].x25519_public(),
            link_key=keys["link"].x25519_public(), title="Karachi Port")
        kpt.sign = keys["sign"]
        self.world.all = (self.world.pk, self.world.sindh, self.world.punjab, kpt)
        self.parent = Parent(self.world, self.world.sindh, keys["link"].x25519_public())
        self.bundle = self.home.with_name("kpt.credential")
        self.bundle.write_bytes(statement.bundle_bytes(
            self.world.root, self.world.policy,
            [self.world.pk.bytes, self.world.sindh.bytes, kpt.bytes],
            [self.parent.endpoint]))
        self.code = statement.Statement(self.world.root).code
        self.parent.start()
        self.addCleanup(self.parent.stop)

    def program(self, *given, good=True):
        done = subprocess.run(
            ["/usr/bin/python3", str(PROGRAM), *map(str, given), "--home",
             str(self.home)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0 if good else 1, done.stdout + done.stderr)
        return done.stdout if good else done.stdout + done.stderr

    def join(self):
        self.program("join", self.bundle, "--root", self.code)

    def advisory(self, by=None, **changes):
        return (by or self.world.pk).envelope("advisory", ["pk.**"], {"title": "x"},
                                              **changes)

    def wait(self, condition):
        end = time.monotonic() + 10
        while not condition() and time.monotonic() < end:
            time.sleep(0.02)
        self.assertTrue(condition())

    def test_joins_only_what_was_pinned(self):
        wrong = self.code[:-1] + ("0" if self.code[-1] != "0" else "1")
        self.assertIn("other-root", self.program("join", self.bundle, "--root", wrong,
                                                 good=False))
        self.assertIn("has not joined", self.program("list", good=False))
        self.join()
        self.assertIn("name-taken", self.program("join", self.bundle, "--root",
                                                 self.code, good=False))

    def test_reports_and_receives(self):
        self.join()
        body = self.home.with_name("incident.json")
        body.write_text('{"title": "سائبر", "severity": 3, "tags": ["a"]}')
        printed, code = self.program("report", body).split()
        body.write_text('{"severity": 1.5}')
        self.assertIn("floats", self.program("report", body, good=False))
        self.parent.push(1, self.advisory())
        self.parent.push(0, self.advisory(self.world.punjab, precedence=0))
        self.parent.push(1, self.world.pk.envelope("advisory", ["pk.punjab"]))
        said = self.program("run", "--until", "advisory:2", "--for", 20)
        self.assertIn("not-meant", said)
        self.wait(lambda: len(self.parent.taken) >= 4)
        self.assertEqual({reason for reason, _ in self.parent.taken}, {"ok", "thread"})
        first = self.parent.taken[0][1]
        self.assertEqual((first.message.printed, first.code), (printed, code))
        self.assertEqual(first.message.body["title"], "سائبر")
        kinds = [envelope.message.kind for _, envelope in self.parent.taken]
        self.assertEqual(kinds.count("receipt"), 2)
        self.assertEqual(kinds.count("rejection"), 1)
        self.assertIn(52, self.parent.rejects)
        listed = self.program("list")
        self.assertEqual(listed.count("\tadvisory\t"), 3)

        single = self.home.with_name("one")
        single.write_bytes(self.advisory())
        self.assertIn("ok: signed by pk ", self.program("verify", single))
        forged = sign_batch([self.world.pk.message("advisory", ["pk.**"])],
                            self.world.kpt.sign)[0]
        single.write_bytes(forged)
        self.assertIn("bad-signature", self.program("verify", single, good=False))

    def test_continues_where_it_was(self):
        self.join()
        self.parent.push(1, self.advisory())
        self.program("run", "--until", "advisory:1", "--for", 20)
        self.parent.push(1, self.advisory())
        said = self.program("run", "--until", "advisory:2", "--for", 20)
        self.assertEqual(said.count("advisory pk/"), 1)

    def test_a_forgery_ends_the_session_and_moves_nothing(self):
        self.join()
        forged = sign_batch([self.world.pk.message("advisory", ["pk.**"])],
                            self.world.kpt.sign)[0]
        self.parent.push(1, forged)
        self.program("run", "--for", 2)
        self.assertIn(4, self.parent.rejects)
        db = sqlite3.connect(self.home / "store.db")
        self.assertEqual(db.execute("SELECT count(*) FROM journal").fetchone(), (0,))
        db.close()

    def test_a_restored_copy_asks_for_its_own_messages_until_it_has_them(self):
        self.join()
        self.parent.claims = (1, 5, 2)
        self.world.kpt.sequence = 1
        self.parent.own = [self.world.kpt.envelope("incident", ["pk"], epoch=[1, 5])]
        self.program("run", "--until", "incident:1", "--for", 20)
        self.assertEqual(self.parent.verbs.count("recover"), 1)
        self.parent.claims = None
        self.program("run", "--until", "incident:1", "--for", 20)
        self.assertEqual(self.parent.verbs.count("recover"), 1)
        body = self.home.with_name("incident.json")
        body.write_text("{}")
        self.assertTrue(self.program("report", body).startswith("pk.sindh.kpt/3-1 "))
        listed = self.program("list")
        self.assertIn("pk.sindh.kpt/1-2\t", listed)

    def test_what_came_before_a_forgery_is_stored(self):
        self.join()
        forged = sign_batch([self.world.pk.message("advisory", ["pk.**"])],
                            self.world.kpt.sign)[0]
        self.parent.push(1, self.advisory())
        self.parent.push(1, forged)
        self.program("run", "--for", 2)
        self.assertIn(4, self.parent.rejects)
        db = sqlite3.connect(self.home / "store.db")
        self.assertEqual(db.execute("SELECT count(*) FROM journal WHERE kind = 'advisory'"
                                    ).fetchone(), (1,))
        db.close()
        # The cursor has not moved, so it comes again and is known.
        said = self.program("run", "--for", 2)
        self.assertNotIn("advisory pk/", said)
