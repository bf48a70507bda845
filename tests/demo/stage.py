# SPDX-License-Identifier: Apache-2.0
"""The stage of the demonstration: parties, their homes and brokers, and what is in whose journal.

Everything that is counted comes from the brokers' journals, read over the local edge that any
program of a party uses (docs/local.md). Nothing waits for a time: a condition is asked for
until it holds or its deadline has passed.
"""

import concurrent.futures
import ctypes
import datetime
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import subprocess
import time
import zoneinfo

import msgpack
import zmq

from screen import Block

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["CERTBUS_BUILD"]).resolve() / "bin"
PATIENCE = float(os.environ.get("PATIENCE", "30"))
QUARANTINE = 3
# The bulletin's minute begins at least so long after the curtain rose, when there is something
# to tell.
SOON = datetime.timedelta(seconds=90)
PERIOD = 120
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Stopped(Exception):
    """The story cannot go on; what it says is the reason."""


def hierarchy(path):
    """The parties of a file like config/hierarchy-pk.cfg, in its order."""
    token = re.compile(r'"(?:[^"\\]|\\.)*"|#[^\n]*|\w+|\S')
    words = {"=": ":", ";": ",", "(": "[", ")": "]"}
    text = "{"
    for word in token.findall(path.read_text(encoding="utf-8")):
        if word[0] != "#":
            text += f'"{word}"' if re.match("[a-z]", word) else words.get(word, word)
    return json.loads(re.sub(r",([]}])", r"\1", text.rstrip(",") + "}"))["parties"]


class Party:
    def __init__(self, described, parent):
        self.name = described["name"]
        self.title = described["title"]
        self.role = described["role"]
        self.sectors = described.get("sectors", [])
        self.may = described.get("may")
        self.parent = parent
        self.home = self.name.rpartition(".")[2] if parent else "national"
        self.process = None
        self.line = Line(self)
        self.eye = Eye(self)

    def __str__(self):
        return self.home

    @property
    def short(self):
        """The abbreviation in the brackets of its title, else what stands before them."""
        name, _, bracket = self.title.partition(" (")
        return bracket[:-1] if re.fullmatch(r"[A-Z]+\)", bracket) else name

    def running(self):
        return self.process is not None and self.process.poll() is None

    def rights(self):
        """The options of `enrol` for what it is and what it may enrol in turn."""
        words = ["--role", self.role]
        for sector in self.sectors:
            words += ["--sector", sector]
        if self.may and self.parent:
            words += ["--may-enrol", ",".join(self.may["roles"]),
                      "--may-sectors", ",".join(self.may["sectors"]),
                      "--children", str(self.may["children"]), "--depth", str(self.may["depth"])]
        return words


class Line:
    """A connection to a party's broker, for one question at a time."""

    def __init__(self, party):
        self.party = party
        self.sock = None
        self.tag = 0

    def send(self, op, **fields):
        if self.sock is None:
            self.sock = zmq.Context.instance().socket(zmq.DEALER)
            self.sock.linger = 0
            self.sock.reconnect_ivl = 20
            self.sock.connect(f"ipc://{self.party.home}/run/read/bus")
        self.tag += 1
        question = {"op": op, **fields}
        self.sock.send(msgpack.packb([self.tag, dict(sorted(question.items()))]))

    def answer(self, wait):
        """The answer to the last question, None when there is none within the seconds."""
        end = time.monotonic() + wait
        while self.sock.poll(max(0, int(1000 * (end - time.monotonic())))):
            tag, answer = msgpack.unpackb(self.sock.recv(), strict_map_key=False)
            if tag == self.tag:
                return answer
        return None

    def ask(self, op, **fields):
        self.send(op, **fields)
        answer = self.answer(PATIENCE)
        if answer is None:
            self.close()
            raise Stopped(f"the broker of {self.party.title} does not answer")
        return answer

    def close(self):
        if self.sock is not None:
            self.sock.close()
        self.sock = None


class Record:
    """One entry of a journal."""

    def __init__(self, entry):
        self.position = entry["position"]
        self.reason = entry["reason"]
        self.sender = entry["from"]
        self.here = entry["here"]
        self.taken = entry["taken"]
        self.leaf = entry["leaf"]
        signed = msgpack.unpackb(msgpack.unpackb(entry["envelope"])[0], strict_map_key=False)
        self.kind, self.origin = signed[1:3]
        self.epoch, self.sequence = signed[4], signed[5]
        self.issued = signed[11]
        self.thread = tuple(signed[13]) if signed[13] else None

    @property
    def id(self):
        return f"{self.origin}/{self.epoch[0]}-{self.sequence}"

    @property
    def ref(self):
        return (self.origin, *self.epoch, self.sequence)

    @property
    def after(self):
        """How long after it was signed it was on this disk."""
        return max(0, self.taken - self.issued)


class Eye:
    """Follows a journal: one question waits at the broker until there is something new."""

    def __init__(self, party):
        self.line = Line(party)
        self.records = []

    def open(self):
        self.close()
        self.records = []
        self._ask(0)

    def _ask(self, after):
        self.line.send("read", after=after, limit=1000, wait=30000)

    def look(self):
        while self.line.sock is not None and (answer := self.line.answer(0)) is not None:
            self.records += [Record(entry) for entry in answer["records"]]
            self._ask(answer["next"])

    def find(self, ident):
        return next((record for record in self.records if record.id == ident), None)

    def close(self):
        self.line.close()


class Stage:
    """A temporary folder with the parties' homes, in which all commands run."""

    def __init__(self, screen, folder, names):
        self.screen = screen
        self.folder = pathlib.Path(folder)
        self.failed = []
        self.checked = 0
        # An address of this machine of its own: another demonstration, or anybody else who is
        # given a port by the system, cannot take one that a killed broker left for a moment.
        self.host = "127." + ".".join(str(random.SystemRandom().randint(1, 254))
                                      for _ in range(3))
        described = {item["name"]: item for item in
                     hierarchy(PROJECT / "config/hierarchy-pk.cfg")}
        self.parties = []
        for name in names:
            self.parties.append(Party(described[name], self.by_name(name.rpartition(".")[0])))
        self.environment = {**os.environ, "PATH": f"{BIN}:{os.environ.get('PATH', '')}",
                            "LC_ALL": "C.UTF-8"}
        self.environment.pop("CERTBUS_HOME", None)
        for file in ("samples/advisory.json", "samples/advisory-csaf.json",
                     "samples/incident.json", "cert-rules-2023.cfg"):
            shutil.copy(PROJECT / "config" / file, self.folder)
        self.hurry("cert-rules-2023.cfg")

    def hurry(self, name):
        """An emergency's clocks in seconds, and a bulletin that is due soon: nobody has to wait
        for them here."""
        due = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Karachi")) + SOON
        changes = {r'(clock = "acknowledge"; role = "\*"; limits = \[ )"[^"]*"': '"3 s"',
                   r'(clock = "climb"; role = "\*"; limits = \[ )"[^"]*"': '"4 s"',
                   r"(\bbulletin-day = )\d+": str(due.isoweekday()),
                   r"(\bbulletin-hour = )\d+": str(60 * due.hour + due.minute)}
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        for pattern, value in changes.items():
            text, changed = re.subn(pattern, lambda found, new=value: found[1] + new, text)
            if changed != 1:
                raise Stopped(f"{name} does not have one {pattern}")
        path.write_text(text, encoding="utf-8")

    def by_name(self, name):
        return next((party for party in self.parties if party.name == name), None)

    def __getitem__(self, home):
        return next(party for party in self.parties if party.home == home)

    # Commands

    def run(self, line):
        """Runs a command line in the folder; (exit code, what it printed)."""
        try:
            done = subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=self.folder,
                                  env=self.environment, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  check=False, timeout=PATIENCE + 30)
        except subprocess.TimeoutExpired:
            raise Stopped(f"it does not end: {line}") from None
        return done.returncode, done.stdout

    def quietly(self, *words):
        """A command that is not shown and must succeed."""
        line = shlex.join(map(str, words))
        code, said = self.run(line)
        if code:
            raise Stopped(f"exit code {code}: {line}\n{said}")
        return said

    def show(self, line, code=0, most=12):
        """A command as an officer types it, with what it answers."""
        self.screen.command(line)
        got, said = self.run(line)
        self.screen.output(said, most)
        if got != code:
            self.expect(False, f"exit code {got}, expected {code}")
        return said

    def at_once(self, call, items):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(call, items))

    # What is expected

    def expect(self, good, text):
        self.checked += 1
        if not good:
            self.failed.append(text)
        self.screen.verdict(good, text)
        return good

    def wait(self, condition, what, draw=None, most=PATIENCE):
        """Follows all journals until the condition holds; draws a tree meanwhile."""
        end = time.monotonic() + most
        block = Block(self.screen, draw) if draw else None
        while True:
            self.look(0.03)
            good = condition()
            late = time.monotonic() >= end
            if block:
                block.update(final=good or late)
            if good or late:
                break
        if not good:
            self.expect(False, f"within {most:.0f} s: {what}")
        return good

    def look(self, wait):
        poller = zmq.Poller()
        for party in self.parties:
            if party.eye.line.sock is not None:
                poller.register(party.eye.line.sock, zmq.POLLIN)
        poller.poll(int(1000 * wait))
        for party in self.parties:
            party.eye.look()

    def tree(self, state):
        return lambda: self.screen.tree(self.parties, state)

    # Brokers

    def launch(self, *parties):
        """Starts them, all at once, and waits until each answers."""
        for party in parties:
            with open(self.folder / f"{party.home}.log", "ab") as log:
                party.process = subprocess.Popen(
                    [BIN / "certbusd", "-C", party.home], cwd=self.folder,
                    env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True,
                    preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        for party in parties:
            status = self._status_of_new(party)
            self._keep_port(party, status)
            party.eye.open()

    @staticmethod
    def _status_of_new(party):
        end = time.monotonic() + PATIENCE
        party.line.close()
        party.line.send("status")
        while party.running() and time.monotonic() < end:
            answer = party.line.answer(0.05)
            if answer is not None:
                return answer
        raise Stopped(f"the broker of {party.title} does not start")

    def _keep_port(self, party, status):
        """The free port that the system chose stays when the broker comes again."""
        conf = self.folder / party.home / "certbus.conf"
        text = conf.read_text(encoding="utf-8")
        if ":*" in text and status["listen"]:
            conf.write_text(text.replace(f"tcp://{self.host}:*", status["listen"][0]),
                            encoding="utf-8")

    def connected(self, party):
        """Whether its link to the party above is open."""
        if not party.running():
            return False
        return not party.parent or party.line.ask("status")["parent"]["state"] == "OPEN"

    @staticmethod
    def _forget(party):
        party.eye.close()
        party.line.close()

    def kill9(self, party):
        party.process.kill()
        party.process.wait()
        self._forget(party)

    def stop(self, *parties):
        """In order, all at once; each must end well."""
        running = [party for party in parties if party.running()]
        for party in running:
            self._forget(party)
            party.process.terminate()
        codes = []
        for party in running:
            try:
                codes.append(party.process.wait(PATIENCE))
            except subprocess.TimeoutExpired:
                codes.append(None)
        return all(code == 0 for code in codes)

    def close(self):
        """Whatever happened: nobody is left."""
        for party in self.parties:
            if party.running():
                party.process.kill()
            if party.process is not None:
                party.process.wait()
            self._forget(party)

    def left(self):
        """Processes that still stand in the folder."""
        found = []
        for link in pathlib.Path("/proc").glob("[0-9]*/cwd"):
            try:
                inside = pathlib.Path(os.readlink(link)).is_relative_to(self.folder)
            except OSError:
                continue
            if inside and int(link.parent.name) != os.getpid():
                found.append(int(link.parent.name))
        return found

    # Journals

    @staticmethod
    def journal(party, quarantine=False):
        """All of it, read anew from the first entry."""
        found = []
        after = 0
        while True:
            more = {"quarantine": True} if quarantine else {}
            answer = party.line.ask("read", after=after, limit=1000, **more)
            found += [Record(entry) for entry in answer["records"]]
            if answer["next"] >= answer["head"] or answer["next"] == after:
                return found
            after = answer["next"]
