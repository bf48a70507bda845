# SPDX-License-Identifier: Apache-2.0
"""What scenarios in Python share: hierarchies, brokers that start and die, conditions.

A scenario names sentences and shows each of them:

    from support import Tree, prove, until

    def a_message_reaches_its_party(tree):
        ...

    prove(a_message_reaches_its_party)

Each sentence gets a tree of its own. Nothing waits for a time: a condition is asked for
until it holds or its deadline has passed. Every process is ended by its id.
"""

import contextlib
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import msgpack
import zmq

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CERTBUS_BUILD", PROJECT / "build")).resolve()
CERTBUS = str(BUILD / "bin" / "certbus")
CERTBUSD = str(BUILD / "bin" / "certbusd")
FAULTY = str(BUILD / "tests" / "certbusd-faults")
POLICY = PROJECT / "config" / "cert-rules-2023.cfg"
SCHEMAS = PROJECT / "schemas"

VALGRIND = bool(os.environ.get("CERTBUS_VALGRIND"))
PATIENCE = float(os.environ.get("PATIENCE", "30")) * (10 if VALGRIND else 1)
UNDER = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
         "--errors-for-leak-kinds=definite"] if VALGRIND else []
os.environ.pop("CERTBUS_HOME", None)
os.environ.pop("CERTBUS_FAULT", None)
os.environ.pop("CERTBUS_AHEAD", None)

FLASH, ROUTINE, BULK = range(3)
CLEAR, GREEN, AMBER = 1, 2, 3
QUARANTINE = 3


class Failed(Exception):
    """The sentence does not hold."""


class Skip(Exception):
    """It cannot be shown here, and why."""


class Away(Exception):
    """No broker, or it died before it answered."""


class Refused(Exception):
    """The broker's answer was no; `reason` names why."""

    def __init__(self, answer):
        super().__init__(f"{answer['reason']}: {answer['detail']}")
        self.reason = answer["reason"]
        self.detail = answer["detail"]
        self.candidates = answer.get("candidates", [])


def note(text):
    print(f"    {text}", flush=True)


def need(condition, what):
    if not condition:
        raise Failed(what)


def until(condition, what, seconds=None):
    """Asks until it holds and returns what it returned; not in time is a failure."""
    end = time.monotonic() + (PATIENCE if seconds is None else seconds)
    pause = 0.005
    last = ""
    while True:
        try:
            value = condition()
            if value:
                return value
        except (Away, Refused) as error:
            last = f" ({error})"
        if time.monotonic() >= end:
            raise Failed(f"not in time: {what}{last}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def canonical(value):
    """Keys in the order of their bytes, as questions must have them."""
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value, key=str.encode)}
    if isinstance(value, (list, tuple)):
        return [canonical(item) for item in value]
    return value


class Message:
    """A record of a broker's journal, with what a scenario asks of it."""

    def __init__(self, record):
        self.position = record["position"]
        self.lane = record["lane"]
        self.reason = record["reason"]
        self.sender = record["from"]
        self.here = record["here"]
        self.leaf = record["leaf"]
        self.envelope = record["envelope"]
        signed = msgpack.unpackb(msgpack.unpackb(self.envelope)[0])
        self.kind = signed[1]
        self.origin = signed[2]
        self.epoch, self.nonce = signed[4]
        self.sequence = signed[5]
        self.audience = signed[6]
        self.issued = signed[11]
        self.thread = signed[13]
        self.body = signed[20]

    @property
    def id(self):
        return (self.origin, self.epoch, self.nonce, self.sequence)

    @property
    def text(self):
        return self.body.get("text", "")

    def __repr__(self):
        return f"{self.kind} {self.origin}/{self.epoch}-{self.sequence}"


class Talk:
    """One client's connection to one broker. Not for two threads."""

    def __init__(self, broker, door="act"):
        self.broker = broker
        self.door = door
        self.sock = None
        self.process = None
        self.tag = 0

    def close(self):
        if self.sock is not None:
            self.sock.close()
        self.sock = None

    def _connect(self):
        self.close()
        self.process = self.broker.process
        if self.process is None or self.process.poll() is not None:
            raise Away(f"{self.broker.name} is not running")
        self.sock = zmq.Context.instance().socket(zmq.DEALER)
        self.sock.linger = 0
        self.sock.immediate = 1
        self.sock.reconnect_ivl = 20
        self.sock.connect(f"ipc://{self.broker.home}/run/{self.door}/bus")

    def __call__(self, op, timeout=None, **fields):
        """Asks and returns the answer's map. A question is put once, never repeated."""
        if self.sock is None or self.process is not self.broker.process:
            self._connect()
        self.tag += 1
        question = msgpack.packb([self.tag, canonical({"op": op, **fields})])
        end = time.monotonic() + (PATIENCE if timeout is None else timeout)
        self._wait(zmq.POLLOUT, end)
        self.sock.send(question)
        while True:
            self._wait(zmq.POLLIN, end)
            tag, answer = msgpack.unpackb(self.sock.recv(), strict_map_key=False)
            if tag == self.tag:
                break
        if not answer["ok"]:
            raise Refused(answer)
        return answer

    def _wait(self, what, end):
        while not self.sock.poll(20, what):
            dead = self.process.poll() is not None
            if dead or time.monotonic() >= end:
                self.close()
                raise Away(f"{self.broker.name} " + ("died" if dead else "does not answer"))


class Broker:
    """A party: its home, its process when it runs, and a connection to it."""

    def __init__(self, tree, name):
        self.tree = tree
        self.name = name
        self.home = name
        self.log = pathlib.Path(f"{name}.log")
        self.settings = {"schemas": str(SCHEMAS), "log_level": "info"}
        self.endpoint = None
        self.process = None
        self.ask = Talk(self)

    # Its process

    def configure(self, **settings):
        """Settings of certbus.conf; None takes one out."""
        self.settings.update(settings)
        lines = [f"{key} = {json.dumps(value)};" for key, value in self.settings.items()
                 if value is not None]
        pathlib.Path(self.home, "certbus.conf").write_text("\n".join(lines) + "\n")

    def launch(self, fault=None, env=None, program=None):
        """Starts it and does not wait."""
        program = program or (FAULTY if fault else CERTBUSD)
        env = {**os.environ, **(env or {})}
        if fault:
            env["CERTBUS_FAULT"] = fault
        with open(self.log, "ab") as log:
            log.write(f"=== start, fault {fault}\n".encode())
            log.flush()
            self.process = subprocess.Popen(
                [*UNDER, program, "-C", self.home], env=env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        self.tree.processes.append(self.process)
        return self

    def start(self, fault=None, env=None):
        """Starts it and waits until it answers, or, with a fault, until it is dead."""
        self.launch(fault, env)
        until(lambda: (fault and self.dead()) or self.answers(),
              f"{self.name} answers", PATIENCE)
        if self.endpoint is None and not self.dead():
            listen = self.status()["listen"]
            if listen:
                # Its children look for it there again after a restart.
                self.endpoint = listen[0]
                self.configure(listen=self.endpoint)
        return self

    def answers(self):
        need(self.process.poll() in (None, -signal.SIGKILL),
             f"{self.name} ended with exit code {self.process.returncode}")
        return bool(self.ask("status", timeout=5))

    def dead(self):
        return self.process is None or self.process.poll() is not None

    def kill(self):
        """As when the power goes."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.ask.close()

    def stop(self):
        """In order: SIGTERM, exit code 0."""
        self.process.terminate()
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} does not end on SIGTERM") from None
        self.ask.close()
        need(code == 0, f"{self.name} ended with exit code {code} on SIGTERM")

    # What it says

    def status(self):
        return self.ask("status")

    def link(self, name):
        """The link to a neighbour, as status shows it."""
        status = self.status()
        links = status["children"] + ([status["parent"]] if "parent" in status else [])
        return next((link for link in links if link["party"] == name), None)

    def open_to(self, *names):
        return all((self.link(name) or {"state": ""})["state"] == "OPEN" for name in names)

    def records(self, quarantine=False, after=0, talk=None):
        """All of its journal, in order."""
        found = []
        talk = talk or self.ask
        while True:
            fields = {"quarantine": True} if quarantine else {}
            answer = talk("read", after=after, limit=1000, **fields)
            found += [Message(record) for record in answer["records"]]
            if answer["next"] >= answer["head"] or answer["next"] == after:
                return found
            after = answer["next"]

    def notes(self, **fields):
        return [record for record in self.records(**fields) if record.kind == "note"]

    def texts(self):
        return [record.text for record in self.notes()]

    def holds(self, ident):
        try:
            return self.ask("get", id=ident)
        except Refused as refused:
            if refused.reason != "not-found":
                raise
            return None

    def logged(self, text):
        return text in self.log.read_text(errors="replace")

    # What it sends

    def publish(self, kind, body, audience, tlp=GREEN, talk=None, **fields):
        return (talk or self.ask)("publish", kind=kind, body=body, audience=list(audience),
                                  tlp=tlp, **fields)

    def say(self, text, *audience, **fields):
        """A note. Returns its id as printed."""
        return self.publish("note", {"text": text}, audience, **fields)["id"]

    def certbus(self, *words, expect=0, stdin=None):
        """The command line; returns what it printed."""
        return certbus("-C", self.home, *words, expect=expect, stdin=stdin)


def certbus(*words, expect=0, stdin=None):
    done = subprocess.run([CERTBUS, *map(str, words)], capture_output=True, text=True,
                          input=stdin or "", timeout=PATIENCE + 30, check=False)
    if expect is not None and done.returncode != expect:
        raise Failed(f"exit code {done.returncode}, not {expect}: certbus "
                     f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


# What each role may enrol in turn; None: its own sectors.
MAY = {"provincial": ("organisation,observer", "*"), "sectoral": ("organisation", None)}


class Tree:
    """A hierarchy under a root of its own, in a folder of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tree.", dir="."))
        self.before = os.getcwd()
        os.chdir(self.folder)
        self.brokers = {}
        self.processes = []
        self.others = []
        # A loopback address of its own: a port that was given up for a moment
        # is not taken by another scenario.
        self.host = "127.%d.%d.%d" % tuple(random.SystemRandom().randint(1, 254)
                                           for _ in range(3))

    def __getitem__(self, name):
        return self.brokers[name]

    def home(self, name, role=None, sectors=(), parent=None):
        """Makes a home and joins it; its parent's broker runs."""
        broker = Broker(self, name)
        self.brokers[name] = broker
        options = [word for sector in sectors for word in ("--sector", sector)]
        certbus("-C", name, "init", name, "--title", f"The {name}")
        broker.configure(listen=f"tcp://{self.host}:*")
        if "." not in name:
            certbus("root", "create", "root", "--top", name)
            certbus("root", "enrol", "root", f"{name}.request", "--policy", POLICY,
                    "--role", "national", "--yes", *options)
        else:
            role = role or "organisation"
            if role in MAY:
                roles, may_sectors = MAY[role]
                may_sectors = may_sectors or ",".join(sectors)
                options += ["--may-enrol", roles, "--may-sectors", may_sectors,
                            "--depth", "3"]
            parent = parent or name.rpartition(".")[0]
            self[parent].certbus("enrol", f"{name}.request", "--role", role, "--yes",
                                 *options)
        broker.certbus("join", f"{name}.credential", "--root", "root/root")
        return broker

    def join(self, name, role=None, sectors=(), opened=True):
        """A home, its broker, and (if there is a parent) the link."""
        broker = self.home(name, role, sectors).start()
        if opened and "." in name:
            until(lambda: broker.open_to(name.rpartition(".")[0]), f"{name} is connected")
        return broker

    def chain(self, start=True):
        """pk, pk.sindh, pk.sindh.kpt: the smallest tree with a relay."""
        pk = self.join("pk")
        sindh = self.join("pk.sindh", "provincial")
        kpt = self.join("pk.sindh.kpt", "organisation", ["maritime"])
        if not start:
            for broker in (kpt, sindh, pk):
                broker.stop()
        return pk, sindh, kpt

    def connected(self):
        """Whether each link is open at both ends."""
        for name, broker in self.brokers.items():
            parent = self.brokers.get(name.rpartition(".")[0])
            if parent and not (broker.open_to(parent.name) and parent.open_to(name)):
                return False
        return True

    def also(self, process):
        """A process of the scenario itself, ended with the tree."""
        self.processes.append(process)
        return process

    def finish(self):
        """In order, so that a broker that leaks or hangs on its way out is found."""
        for broker in reversed(list(self.brokers.values())):
            if not broker.dead():
                broker.stop()

    def close(self, keep):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        for broker in self.brokers.values():
            broker.ask.close()
            if keep:
                continue
            if broker.log.exists():
                lines = [line for line in broker.log.read_text(errors="replace").splitlines()
                         if "publish by uid" not in line]
                print(f"=== the last lines of {broker.log}")
                print("\n".join(lines[-60:]), flush=True)
        os.chdir(self.before)
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)


def prove(*sentences, on=None):
    """Runs each on a tree of its own, or, with `on` (which makes it), all on one."""
    folder = os.environ.get("TMPDIR")
    own = None if folder else tempfile.mkdtemp(prefix="cb.")
    os.chdir(folder or own)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    only = os.environ.get("SENTENCE", "")
    chosen = [sentence for sentence in sentences if only in sentence.__name__]
    groups = [[on, *chosen]] if on else [[sentence] for sentence in chosen]
    try:
        for group in groups:
            _prove(group, on)
    finally:
        if own and not os.environ.get("KEEP"):
            shutil.rmtree(own, ignore_errors=True)


def _prove(sentences, on):
    tree = Tree()
    good = False
    try:
        for sentence in sentences:
            begun = time.monotonic()
            sentence(tree)
            if sentence is sentences[-1]:
                tree.finish()
                good = True
            if sentence is not on:
                print(f"--- {_words(sentence)} ({time.monotonic() - begun:.1f} s)", flush=True)
    except Skip as why:
        good = True
        print(why, flush=True)
        sys.exit(77)
    except (Failed, Away, Refused) as error:
        print(f"NOT SO: {_words(sentence)}\n    {error}", flush=True)
        traceback.print_exc(limit=-4, file=sys.stdout)
        sys.exit(1)
    finally:
        tree.close(good)


def _words(sentence):
    return sentence.__name__.replace("_", " ")


class Stream:
    """Notes that are published in the background, whatever happens to the broker.

    What the broker promised (it answered, so it is on disk) is in `promised`.
    """

    numbers = itertools.count()
    # Few are flash: there is a quota for them.
    mixed = (FLASH, *((ROUTINE, BULK) * 20))

    def __init__(self, broker, audience, lanes=mixed, pause=0.01,
                 size=0):
        self.broker = broker
        self.audience = audience
        self.lanes = lanes
        self.pause = pause
        self.padding = "." * size
        self.promised = {}
        self.refused = []
        self.count = 0
        self.number = next(self.numbers)
        self.stopping = threading.Event()
        self.error = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        talk = Talk(self.broker)
        try:
            while not self.stopping.wait(self.pause):
                self.count += 1
                text = f"{self.broker.name} {self.number}.{self.count} {self.padding}"
                with contextlib.suppress(Away):
                    answer = self.broker.publish(
                        "note", {"text": text}, self.audience, talk=talk,
                        precedence=self.lanes[self.count % len(self.lanes)])
                    self.promised[tuple(answer["ref"])] = text
        except Exception as error:           # a thread has nobody to raise it to
            self.error = error
        finally:
            talk.close()

    def end(self):
        self.stopping.set()
        self.thread.join()
        if self.error:
            raise Failed(f"{self.broker.name} refused a message: {self.error!r}")
        return self.promised


def by_lane(notes):
    """{(origin, epoch, nonce, lane): [sequences in the order of the journal]}"""
    lanes = {}
    for record in notes:
        lanes.setdefault((*record.id[:3], record.lane), []).append(record.sequence)
    return lanes


def same_everywhere(brokers, promised, seconds=None, ordered=True):
    """Waits until each of these holds the same notes; then each once, in order."""
    brokers = list(brokers)

    def lost():
        held = [{record.id for record in broker.notes()} for broker in brokers]
        everything = set().union(*held, promised)
        return [(broker.name, sorted(everything - own)[:3], len(everything - own))
                for broker, own in zip(brokers, held) if everything - own]

    try:
        until(lambda: not lost(), "everybody holds everything", seconds)
    except Failed as failed:
        raise Failed(f"{failed}; missing: {lost()}") from None
    for broker in brokers:
        for lane, sequences in by_lane(broker.notes()).items():
            need(len(sequences) == len(set(sequences)),
                 f"{broker.name} holds one of {lane} twice")
            need(not ordered or sequences == sorted(sequences),
                 f"{broker.name} holds {lane} out of order: {sequences}")
    texts = brokers[0].texts()
    need(len(texts) == len(set(texts)), "a message is there under two ids")
    return len(texts)


# --- A connection that can be cut and made narrow -------------------------------------------


class Proxy:
    """Stands between a child and its parent.

    `cut_after` says for each connection after how many bytes it is cut (None: never);
    `rate` is how many bytes a second pass in each direction (None: as they come).
    """

    def __init__(self, target, host):
        import socket
        self.socket = socket
        where = target.removeprefix("tcp://").rpartition(":")
        self.target = (where[0], int(where[2]))
        self.listener = socket.create_server((host, 0))
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self.endpoint = "tcp://%s:%d" % self.listener.getsockname()
        self.rate = None
        self.cut_after = lambda: None
        self.shut = False
        self.connections = 0
        self.pairs = []
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                child, _ = self.listener.accept()
            except OSError:
                return
            if self.shut:
                child.close()
                continue
            try:
                parent = self.socket.socket()
                parent.setsockopt(self.socket.SOL_SOCKET, self.socket.SO_RCVBUF, 16384)
                parent.connect(self.target)
            except OSError:
                child.close()
                continue
            child.setsockopt(self.socket.SOL_SOCKET, self.socket.SO_RCVBUF, 16384)
            for sock in (child, parent):
                sock.setsockopt(self.socket.SOL_SOCKET, self.socket.SO_SNDBUF, 16384)
                sock.setsockopt(self.socket.IPPROTO_TCP, self.socket.TCP_NODELAY, 1)
            self.connections += 1
            left = [self.cut_after()]
            with self.lock:
                self.pairs.append((child, parent))
            for source, sink in ((child, parent), (parent, child)):
                threading.Thread(target=self._carry, args=(source, sink, left),
                                 daemon=True).start()

    def _carry(self, source, sink, left):
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                if left[0] is not None:
                    data = data[:left[0]]
                    left[0] -= len(data)
                sink.sendall(data)
                if left[0] == 0:
                    break
                if self.rate:
                    time.sleep(len(data) / self.rate)
        self._break(source)
        self._break(sink)

    def _break(self, sock):
        with contextlib.suppress(OSError):
            # Reset, as when a cable is pulled and a firewall forgets.
            sock.setsockopt(self.socket.SOL_SOCKET, self.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.shutdown(self.socket.SHUT_RDWR)
        sock.close()

    def cut(self):
        """Breaks what is connected now."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for sock in pair:
                self._break(sock)

    def close(self):
        self.listener.close()
        self.cut()
