#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""The local edge: clients on the same host, with rights of the folder that they reach."""

import os
import shutil
import subprocess
import sys
import time

import msgpack
import zmq

from support_hostile import (CERTBUS, Failed, Raw, Refused, Talk, Watch, command, greeting, need,
                             note, prove, rss, until)

NOBODY = 65534


def a_parent_and_a_child(tree):
    tree.join("pk")
    tree.join("pk.kp", "provincial")


def _as_nobody(*words):
    return subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                           *words], capture_output=True, text=True, timeout=30, check=False)


def another_user_reaches_neither_socket(tree):
    pk = tree["pk"]
    if os.getuid() != 0 or not shutil.which("setpriv"):
        note("not root, so nobody else to be: only the modes are looked at")
    for door in ("read", "act"):
        folder = os.stat(f"pk/run/{door}")
        need(folder.st_mode & 0o007 == 0, "others do not come as far as the socket")
        need(os.stat(f"pk/run/{door}/bus").st_mode & 0o007 == 0, "nor into it")
    for secret in ("pk/keys", "pk/journal.db"):
        need(os.stat(secret).st_mode & 0o077 == 0 or secret != "pk/keys", f"{secret} is private")
    if os.getuid() == 0 and shutil.which("setpriv"):
        with Watch(pk, tree["pk.kp"]):
            path = os.path.abspath("pk/run/act/bus")
            for folder in (os.getcwd(), os.path.dirname(os.getcwd())):
                os.chmod(folder, 0o755)
            said = _as_nobody(sys.executable, "-c", "import socket, sys\n"
                              "s = socket.socket(socket.AF_UNIX)\n"
                              f"s.connect({path!r})")
            need(said.returncode != 0 and "PermissionError" in said.stderr, said.stderr)
            said = _as_nobody(CERTBUS, "-C", os.path.abspath("pk"), "status")
            need(said.returncode != 0 and said.stderr, "and the tool says so")
            note(said.stderr.strip())


def the_reading_socket_does_not_act(tree):
    pk = tree["pk"]
    talk = Talk(pk, "read")
    with Watch(pk, tree["pk.kp"]):
        head = pk.status()["head"]
        for op, fields in (("publish", {"kind": "note", "body": {"text": "x"},
                                        "audience": ["pk.**"], "tlp": 1}),
                           ("enrol", {"request": b"x", "role": "national", "sectors": []}),
                           ("revoke", {"party": "pk.kp", "why": "x"}),
                           ("trust", {"statement": b"x"}),
                           ("freeze", {"party": "pk.kp", "frozen": True})):
            try:
                talk(op, **fields)
                raise Failed(f"{op} was done")
            except Refused as refused:
                need(refused.reason == "not-allowed", f"{refused}")
        need(talk("status")["party"] == "pk", "reading goes on")
        need(pk.status()["head"] == head and not pk.status()["frozen"], "nothing was done")
    talk.close()


def _ipc(broker, door="act", **metadata):
    raw = Raw(os.path.abspath(f"{broker.home}/run/{door}/bus"))
    raw.null(**metadata)
    return raw


def _put(raw, data, more=False):
    head = bytes([2 | more]) + len(data).to_bytes(8, "big")
    raw.sock.sendall(head + data)


def garbage_on_a_local_socket_hurts_nobody(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"], limit=48):
        for said in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), greeting(b"CURVE") + bytes(300),
                     greeting(b"PLAIN") + command(b"\x05HELLO\x01x\x01y")):
            raw = Raw(os.path.abspath("pk/run/act/bus"))
            try:
                raw.sock.sendall(said)
                need(raw.closed(8), "the connection ends")
            except OSError:
                pass
            raw.close()
        raw = _ipc(pk)
        for question in (b"", b"\xc1", b"\x92", b"\xdd\x7f\xff\xff\xff", b"\x91" * 500,
                         msgpack.packb([1, {"op": "status"}]) + b"x", msgpack.packb([1, 2]),
                         msgpack.packb([1, {}]), msgpack.packb([1, {"op": "no-such"}]),
                         msgpack.packb([1, {"op": 7}]), msgpack.packb([1, {"z": 1, "op": "x"}]),
                         msgpack.packb([1, {"op": "read", "limit": -1}]),
                         msgpack.packb([1, {"op": "get", "id": "x" * 900}]),
                         msgpack.packb([1, {"op": "check", "envelope": b"\xc1" * 5000}]),
                         msgpack.packb([1, {"name": "n" * 65, "op": "take"}]),
                         msgpack.packb([1, {"op": "taken", "name": "n", "position": 2 ** 62}])):
            _put(raw, question)
        raw.close()
        # Parts without end, and a question larger than there are.
        raw = _ipc(pk)
        for _ in range(300):
            _put(raw, b"part", True)
        _put(raw, b"last")
        need(raw.closed(5), "cut off")
        raw.close()
        raw = _ipc(pk)
        try:
            _put(raw, bytes(2 << 20))
            need(raw.closed(5), "cut off")
        except OSError:
            pass
        raw.close()


def whoever_a_client_claims_to_be_the_kernel_says_who_it_is(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"]):
        raw = _ipc(pk, **{"User-Id": b"root", "Peer-Address": b"localhost:4242:4242:4242",
                          "Identity": b""})
        fields = {"audience": ["pk.kp"], "body": {"text": "who am I"}, "kind": "note",
                  "op": "publish", "tlp": 1}
        _put(raw, msgpack.packb([1, fields]))
        until(lambda: pk.logged(f"publish by uid {os.getuid()} (pid {os.getpid()})"), "logged")
        need(not pk.logged("uid 4242"), "the claim is not believed")
        raw.close()


def a_named_reader_has_one_holder_until_it_dies(tree):
    pk = tree["pk"]
    first = Talk(pk, "read")
    with Watch(pk, tree["pk.kp"]):
        first("take", name="desk", limit=1, **{"from": "now"})
        code = ("import sys; sys.path[:0] = sys.argv[1:3]\n"
                "import zmq, msgpack\n"
                "s = zmq.Context().socket(zmq.DEALER)\n"
                "s.connect('ipc://' + sys.argv[3])\n"
                "q = {'from': 'now', 'limit': 1, 'name': 'desk', 'op': 'take', 'wait': 20000}\n"
                "s.send(msgpack.packb([1, q]))\n"
                "if s.poll(500): print(msgpack.unpackb(s.recv())[1], flush=True)\n"
                "else: print('waits', flush=True); s.poll(60000)\n")
        command_line = [sys.executable, "-c", code, *sys.path[:2],
                        os.path.abspath("pk/run/read/bus")]
        second = tree.also(subprocess.Popen(command_line, stdout=subprocess.PIPE, text=True))
        said = second.stdout.readline()
        need("held" in said and str(os.getpid()) in said, said)
        second.wait(10)
        # Who dies while it waits keeps neither the name nor the broker's attention.
        until(lambda: first("take", name="other", limit=1, **{"from": "now"}), "another name")
        third = tree.also(subprocess.Popen(
            [word.replace("desk", "third") for word in command_line], stdout=subprocess.PIPE,
            text=True))
        need("waits" in third.stdout.readline(), "it waits")
        third.kill()
        third.wait()
        pk.say("something to read", "pk")
        until(lambda: first("take", name="third", limit=1), "its name is free again", 10)
    first.close()


def waiting_questions_without_end_are_bounded(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"], limit=32) as watch:
        sock = zmq.Context.instance().socket(zmq.DEALER)
        sock.linger = 0
        sock.sndhwm = sock.rcvhwm = 100_000
        sock.connect(f"ipc://{os.path.abspath('pk/run/read/bus')}")
        begun = time.monotonic()
        head = pk.status()["head"]
        asked = msgpack.packb([1, {"after": head, "limit": 1, "op": "read", "wait": 30000}])
        for _ in range(60_000):
            sock.send(asked)
        answered, slowest = 0, 0.0
        while answered < 50_000:
            # All but those that wait are answered at once, with nothing. What this client does
            # not read fast enough on a busy machine is lost to it (docs/local.md).
            need(sock.poll(10_000), f"{answered} are answered")
            while sock.poll(0):
                sock.recv()
                answered += 1
            if time.monotonic() - begun > slowest + 1:
                slowest = max(slowest, watch.passes())
        need(pk.ask("status", timeout=10), "others are answered")
        note(f"60,000 waiting questions, {time.monotonic() - begun:.1f} s, {rss(pk)} MB")
        sock.close()


def large_questions_without_end_are_bounded(tree):
    pk = tree["pk"]
    for _ in range(40):
        pk.say("y" * 15_000, "pk")
    with Watch(pk, tree["pk.kp"], limit=320) as watch:
        sock = zmq.Context.instance().socket(zmq.DEALER)
        sock.linger = 0
        sock.sndhwm = 100_000
        sock.rcvhwm = 1
        sock.connect(f"ipc://{os.path.abspath('pk/run/read/bus')}")
        for _ in range(3000):
            sock.send(msgpack.packb([1, {"after": 0, "limit": 1000, "op": "read"}]))
        watch.passes()
        need(pk.ask("status", timeout=20), "others are answered")
        note(f"3,000 questions for 600 KB each and nobody reads: {rss(pk)} MB")
        sock.close()


if __name__ == "__main__":
    prove(another_user_reaches_neither_socket, the_reading_socket_does_not_act,
          garbage_on_a_local_socket_hurts_nobody,
          whoever_a_client_claims_to_be_the_kernel_says_who_it_is,
          a_named_reader_has_one_holder_until_it_dies,
          waiting_questions_without_end_are_bounded, large_questions_without_end_are_bounded,
          on=a_parent_and_a_child)
