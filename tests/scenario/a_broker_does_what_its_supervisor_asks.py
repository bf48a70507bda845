# SPDX-License-Identifier: Apache-2.0
"""Signals and notifications in the manner of systemd."""
# asan: yes

import os
import signal
import socket

from support import Proxy, Stream, need, prove, same_everywhere, until


def setup(tree):
    tree.join("pk")
    tree.join("pk.sindh", "provincial")


def it_says_when_it_is_ready_alive_and_stopping(tree):
    sindh = tree["pk.sindh"]
    sindh.stop()
    for name in ("notify", "\0certbus-%d" % os.getpid()):
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ear.bind(name)
        ear.settimeout(30)
        path = os.path.abspath(name) if name[0] != "\0" else "@" + name[1:]
        sindh.launch(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
        first = ear.recv(4096)
        need(first.startswith(b"READY=1"), f"first {first!r}")
        need(sindh.answers(), "it was not ready")
        for _ in range(3):
            need(ear.recv(4096) == b"WATCHDOG=1", "no sign of life")
        sindh.process.terminate()
        while (said := ear.recv(4096)) == b"WATCHDOG=1":
            pass
        need(said.startswith(b"STOPPING=1"), f"at its end {said!r}")
        need(sindh.process.wait(30) == 0, "its exit code")
        ear.close()
    sindh.start()
    until(tree.connected, "connected")


def sigterm_finishes_what_is_under_way(tree):
    pk, sindh = tree["pk"], tree["pk.sindh"]
    for number in (signal.SIGTERM, signal.SIGINT):
        until(tree.connected, "connected")
        streams = [Stream(sindh, ["pk"], pause=0.001), Stream(pk, ["pk.**"], pause=0.001)]
        until(lambda: len(streams[0].promised) > 30, "a stream runs")
        sindh.process.send_signal(number)
        need(sindh.process.wait(30) == 0, f"exit code {sindh.process.returncode}")
        until(lambda: not pk.open_to("pk.sindh"), "the parent was told", 3)
        promised = set(streams[0].end()) | set(streams[1].end())
        sindh.start()
        same_everywhere((pk, sindh), promised)
    until(tree.connected, "connected")


def sighup_reads_the_configuration_as_one_step_or_keeps_the_old(tree):
    pk, sindh = tree["pk"], tree["pk.sindh"]
    pid = sindh.process.pid
    proxy = Proxy(pk.endpoint, tree.host)

    def reload(words, **settings):
        seen = sindh.log.stat().st_size
        sindh.configure(**settings)
        sindh.process.send_signal(signal.SIGHUP)
        until(lambda: words in sindh.log.read_text()[seen:], f"it says: {words}")

    good = dict(sindh.settings)
    # One good setting and one bad: neither is taken.
    reload("the configuration in force stays", parent=proxy.endpoint, reserve="64")
    need("reserve" in sindh.log.read_text().splitlines()[-1], "it does not say what is wrong")
    sindh.settings = dict(good)
    reload("the configuration in force stays", parent=proxy.endpoint, schemas="/nowhere")
    need(proxy.connections == 0, "half of it was taken")
    need(sindh.open_to("pk"), "the link has suffered")
    sindh.settings = dict(good)
    reload("configuration reloaded", parent=proxy.endpoint)
    until(lambda: proxy.connections > 0 and tree.connected(), "it goes the new way")
    ident = sindh.say("by the new way", "pk")
    until(lambda: pk.holds(ident), "a message goes the new way")
    sindh.settings = dict(good)
    reload("configuration reloaded", parent=None)
    until(lambda: tree.connected() and sindh.link("pk")["endpoint"] == pk.endpoint,
          "back on the old way")
    need(sindh.process.pid == pid and not sindh.dead(), "it is another process")
    proxy.close()


prove(it_says_when_it_is_ready_alive_and_stopping, sigterm_finishes_what_is_under_way,
      sighup_reads_the_configuration_as_one_step_or_keeps_the_old, on=setup)
