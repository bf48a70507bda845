#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""Who has no enrolled key: on the port, before any message."""

import contextlib
import os
import random
import resource
import socket
import struct
import time

import zmq
import zmq.utils.z85

from support_hostile import (MB, Raw, Thief, Watch, cpu, descriptors, greeting, grew, need, note,
                             prove, rss, until)


def a_parent_and_a_child(tree):
    tree.join("pk")
    tree.join("pk.kp", "provincial")


def _refused(sock, endpoint):
    """Whether the handshake fails, whatever the mechanism."""
    monitor = sock.get_monitor_socket(zmq.EVENT_ALL)
    sock.connect(endpoint)
    with contextlib.suppress(zmq.Again):            # it may have been refused already
        sock.send(b"\x92\x0a\xc4\x10" + bytes(16), zmq.NOBLOCK)
    end = time.monotonic() + 10
    failed = (zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
              zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL, zmq.EVENT_DISCONNECTED)
    seen = set()
    try:
        while time.monotonic() < end and not seen.intersection(failed):
            if monitor.poll(100):
                event, _ = struct.unpack("=hi", monitor.recv())
                monitor.recv()
                seen.add(event)
        need(zmq.EVENT_HANDSHAKE_SUCCEEDED not in seen, "the handshake must not succeed")
        return bool(seen.intersection(failed))
    finally:
        sock.disable_monitor()
        sock.close()


def _socket(kind=zmq.DEALER):
    sock = zmq.Context.instance().socket(kind)
    sock.linger = 0
    sock.reconnect_ivl = -1
    return sock


def a_key_that_nobody_enrolled_is_refused_and_named_in_the_log(tree):
    pk = tree["pk"]
    server = Thief(pk, "pk.known").parents.link_key
    with Watch(pk, tree["pk.kp"]):
        public, secret = zmq.curve_keypair()

        def named():
            sock = _socket()
            sock.curve_serverkey = server
            sock.curve_publickey, sock.curve_secretkey = public, secret
            need(_refused(sock, pk.endpoint), "a random key is refused")
            return pk.logged(zmq.utils.z85.decode(public).hex())

        # One line a second: the first may be about somebody else.
        until(named, "the log names the key")


def null_and_plain_are_refused(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"]):
        need(_refused(_socket(), pk.endpoint), "NULL is refused")
        sock = _socket()
        sock.plain_username, sock.plain_password = b"admin", b"admin"
        need(_refused(sock, pk.endpoint), "PLAIN is refused")
        need(_refused(_socket(zmq.PUSH), pk.endpoint), "another kind of socket is refused")


def eight_hundred_mb_before_authentication_are_cut_off(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"]) as watch:
        for head in (b"\x06" + struct.pack(">Q", 2 << 30), b"\x02" + struct.pack(">Q", 2 << 30),
                     b"\x06" + struct.pack(">Q", 2 ** 63 - 1)):
            raw = Raw(pk.endpoint)
            raw.sock.sendall(greeting(b"CURVE"))
            raw.read(64)
            sent = 0
            try:
                raw.sock.sendall(head)
                while sent < 800:
                    raw.sock.sendall(bytes(MB))
                    sent += 1
            except OSError:
                pass
            raw.close()
            need(sent < 800, "the connection is cut")
        watch.passes()


def garbage_on_the_port_ends_its_own_connection(tree):
    pk = tree["pk"]
    noise = random.Random(7)
    with Watch(pk, tree["pk.kp"]):
        for said in (b"GET / HTTP/1.1\r\nHost: cert\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
                     b"SSH-2.0-x\r\n", greeting(b"CURVE")[:10], greeting(b"NOSUCH"),
                     greeting(b"CURVE") + b"\xff" * 300, greeting(b"NULL") + b"\x04\x05\x05READY",
                     *(noise.randbytes(size) for size in (1, 64, 500, 70000))):
            raw = Raw(pk.endpoint)
            try:
                raw.sock.sendall(said)
                raw.sock.shutdown(socket.SHUT_WR)
                need(raw.closed(), f"{said[:12]!r} ends the connection")
            except OSError:
                pass
            raw.close()


def half_open_connections_by_the_hundred_end_by_themselves_and_keep_nobody_out(tree):
    pk = tree["pk"]
    before, lines, used = descriptors(pk), grew(pk), cpu(pk)
    with Watch(pk, tree["pk.kp"]) as watch:
        held = []
        for number in range(600):
            raw = Raw(pk.endpoint)
            if number % 3:
                raw.sock.sendall(greeting(b"CURVE")[:11 if number % 3 == 1 else 64])
            held.append(raw)
        note(f"{descriptors(pk) - before} descriptors more")
        # They hold descriptors, and nothing else: who has a key gets in all the while.
        Thief(pk, "pk.late").open().close()
        watch.passes()
        until(lambda: descriptors(pk) <= before + 10, "the broker ends them", 15)
        for raw in held:
            need(raw.closed(2), "the other side sees that it ended")
            raw.close()
        need(grew(pk) - lines < 60, "600 strangers do not fill the log")
        need(cpu(pk) - used < 6, "nor take the processor")


def unfinished_handshakes_with_much_in_them_are_bounded_together(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"], limit=600) as watch:
        held = []
        for _ in range(2500):
            # Each may hold as much as one frame, and no more.
            raw = Raw(pk.endpoint)
            raw.sock.settimeout(0.05)
            held.append(raw)
            try:
                raw.sock.sendall(greeting(b"CURVE") + b"\x06" + struct.pack(">Q", 390_000)
                                 + bytes(380_000))
            except OSError:
                pass
        note(f"{len(held)} handshakes of 380 KB, {rss(pk)} MB")
        watch.passes()
        for raw in held:
            raw.close()


def a_restart_without_room_for_its_port_says_so(tree):
    """A broker that cannot prove its door shut, because it has none, does not serve."""
    pk = tree["pk"]
    other = socket.create_server((tree.host, 0))
    port = other.getsockname()[1]
    home = tree.home("pk.gb")
    home.configure(listen=f"tcp://{tree.host}:{port}")
    home.launch()
    until(lambda: home.process.poll() is not None, "it ends")
    need(home.process.returncode == 1 and home.logged("address already in use"), "and says why")
    other.close()
    need(pk.open_to("pk.kp"), "nobody else cares")


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    os.environ.setdefault("PATIENCE", "30")
    prove(a_key_that_nobody_enrolled_is_refused_and_named_in_the_log,
          null_and_plain_are_refused,
          eight_hundred_mb_before_authentication_are_cut_off,
          garbage_on_the_port_ends_its_own_connection,
          half_open_connections_by_the_hundred_end_by_themselves_and_keep_nobody_out,
          unfinished_handshakes_with_much_in_them_are_bounded_together,
          a_restart_without_room_for_its_port_says_so, on=a_parent_and_a_child)
