# SPDX-License-Identifier: Apache-2.0
"""Connections that break at any byte, and parents that come back again and again."""

import os
import random

from support import Proxy, Stream, need, note, prove, same_everywhere, until


def behind_a_proxy(tree, child, parent):
    proxy = Proxy(parent.endpoint, tree.host)
    child.stop()
    child.configure(parent=proxy.endpoint)
    child.start()
    return proxy


def a_cut_connection_loses_and_duplicates_nothing(tree):
    brokers = pk, sindh, kpt = tree.chain()
    proxies = [behind_a_proxy(tree, sindh, pk), behind_a_proxy(tree, kpt, sindh)]
    until(tree.connected, "connected through the proxies")
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1000000)))
    note(f"SEED={seed}")
    dice = random.Random(seed)
    streams = [Stream(pk, ["pk.**"], size=500), Stream(sindh, ["pk", "pk.sindh.**"], size=500),
               Stream(kpt, ["pk"], size=500)]
    for proxy in proxies:
        # In the handshake, in a greeting, between frames, in the middle of one.
        proxy.cut_after = lambda: dice.choice([dice.randint(1, 1500), dice.randint(800, 4000),
                                               dice.randint(1000, 150000)])
        proxy.cut()
    until(lambda: all(proxy.connections > 5 for proxy in proxies), "six connections each")
    for proxy in proxies:
        proxy.cut_after = lambda: None
        proxy.cut()
    promised = set().union(*(stream.end() for stream in streams))
    total = same_everywhere(brokers, promised)
    need(not any(broker.records(quarantine=True) for broker in brokers), "in quarantine")
    note(f"{[proxy.connections for proxy in proxies]} connections, {total} held by each")
    for proxy in proxies:
        proxy.close()


def a_restart_storm_loses_and_duplicates_nothing(tree):
    pk = tree.join("pk")
    children = [tree.join(f"pk.c{number}", opened=False) for number in range(8)]
    until(tree.connected, "all are connected")
    streams = [Stream(pk, ["pk.**"], pause=0.02)]
    streams += [Stream(child, ["pk"], pause=0.2) for child in children]
    for turn in range(3):
        pk.kill()
        for child in children[turn::3]:
            child.kill()
        pk.launch()
        for child in children[turn::3]:
            child.launch()
        until(tree.connected, f"all are connected after storm {turn + 1}")
    for stream in streams:
        stream.end()
    down = set(streams[0].promised)
    up = set().union(*(stream.promised for stream in streams[1:]))
    until(lambda: up <= {note.id for note in pk.notes()}, "all reports are at the parent")
    for child in children:
        until(lambda child=child: down <= {note.id for note in child.notes()},
              f"all notes are at {child.name}")
        ids = [note.id for note in child.notes()]
        need(len(ids) == len(set(ids)), f"{child.name} holds one twice")
    ids = [note.id for note in pk.notes()]
    need(len(ids) == len(set(ids)), "the parent holds one twice")
    note(f"{len(down)} down to each of {len(children)}, {len(up)} up")


prove(a_cut_connection_loses_and_duplicates_nothing,
      a_restart_storm_loses_and_duplicates_nothing)
