# SPDX-License-Identifier: Apache-2.0
"""Readers and brokers that are killed in turn."""

import json
import os
import pathlib
import sqlite3
import subprocess
import sys

from support import (CERTBUS, ROUTINE, Away, Message, Stream, Talk, need, note, prove, until)

READER = "--reader" in sys.argv


class Elsewhere:
    """What a reader in a process of its own needs to know of a broker."""

    def __init__(self, home, pid):
        self.name = self.home = home
        self.process = self
        self.pid = pid

    def poll(self):
        return None if pathlib.Path(f"/proc/{self.pid}").exists() else 1


def reader(home, pid):
    """Keeps where it is in the transaction of what it does with a message."""
    db = sqlite3.connect("effect.db", isolation_level=None)
    db.execute("CREATE TABLE IF NOT EXISTS at (position INTEGER)")
    db.execute("CREATE TABLE IF NOT EXISTS seen (id TEXT, text TEXT)")
    talk = Talk(Elsewhere(home, pid), "read")
    while True:
        row = db.execute("SELECT max(position) FROM at").fetchone()
        answer = talk("read", after=row[0] or 0, limit=7, wait=1000, here=True,
                      kinds=["note"])
        db.execute("BEGIN")
        for record in map(Message, answer["records"]):
            db.execute("INSERT INTO seen VALUES (?, ?)", (repr(record), record.text))
        db.execute("DELETE FROM at")
        db.execute("INSERT INTO at VALUES (?)", (answer["next"],))
        db.execute("COMMIT")


def killed_in_turn(tree, start, seen):
    """A stream to pk.sindh whose reader, or broker, dies again and again."""
    pk = tree.join("pk")
    sindh = tree.join("pk.sindh", "provincial")
    sindh.certbus("watch", "--as", "reader", "--from", "start", "--timeout", "1", expect=None)
    stream = Stream(pk, ["pk.sindh"], lanes=(ROUTINE,), pause=0.003)
    running = []

    def reader_runs():
        # One that lost its broker ends when it notices.
        if not running or running[-1].poll() is not None:
            running.append(tree.also(start(sindh)))
        return running[-1]

    for turn in range(8):
        before = seen()
        until(lambda: reader_runs() and seen() > before + 20, "the reader reads")
        if turn % 2:
            victim = reader_runs()
            victim.kill()
            victim.wait()
        else:
            sindh.kill()
            sindh.start()
    return sindh, reader_runs, list(stream.end().values())


def a_reader_that_keeps_its_cursor_with_its_effect_sees_everything_once(tree):
    def start(broker):
        return subprocess.Popen([sys.executable, __file__, "--reader", broker.home,
                                 str(broker.process.pid)], stderr=subprocess.DEVNULL)

    def texts():
        if not pathlib.Path("effect.db").exists():
            return []
        db = sqlite3.connect("file:effect.db?mode=ro", uri=True)
        try:
            return [text for (text,) in db.execute("SELECT text FROM seen ORDER BY rowid")]
        except sqlite3.OperationalError:
            return []
        finally:
            db.close()

    sindh, reader_runs, promised = killed_in_turn(tree, start, lambda: len(texts()))
    until(lambda: reader_runs() and set(promised) <= set(texts()), "it has seen everything")
    seen = texts()
    need(len(seen) == len(set(seen)), "it has seen one twice")
    need(set(seen) == {record.text for record in sindh.notes()}, "it has seen others")
    note(f"{len(promised)} promised, {len(seen)} seen")


def a_named_reader_misses_nothing_when_it_or_its_broker_is_killed(tree):
    outputs = []

    def start(broker):
        outputs.append(pathlib.Path(f"seen.{len(outputs)}"))
        with open(outputs[-1], "wb") as out, open("watch.err", "ab") as said:
            return subprocess.Popen([CERTBUS, "-C", broker.home, "--json", "watch", "--as",
                                     "reader", "--kind", "note"], stdout=out, stderr=said)

    def lines():
        # What it was killed in the middle of printing has no end.
        return [json.loads(line) for output in outputs
                for line in output.read_text().splitlines(keepends=True)
                if line.endswith("\n")]

    sindh, reader_runs, promised = killed_in_turn(tree, start, lambda: len(lines()))
    until(lambda: reader_runs() and set(promised) <= {line["body"]["text"] for line in lines()},
          "it has seen everything")
    ids = [line["id"] for line in lines()]
    first = list(dict.fromkeys(ids))
    # What a reader had printed and not yet said so is printed again, and only that.
    need(len(ids) - len(first) <= 4 * 100, f"{len(ids) - len(first)} were printed again")
    need(first == sorted(first, key=lambda one: int(one.rpartition("-")[2])), "out of order")
    note(f"{len(promised)} promised, {len(first)} seen, {len(ids) - len(first)} of them twice")


if READER:
    try:
        reader(*sys.argv[-2:])
    except (Away, KeyboardInterrupt):
        os._exit(1)
else:
    prove(a_reader_that_keeps_its_cursor_with_its_effect_sees_everything_once,
          a_named_reader_misses_nothing_when_it_or_its_broker_is_killed)
