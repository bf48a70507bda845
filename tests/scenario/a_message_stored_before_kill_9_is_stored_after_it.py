# SPDX-License-Identifier: Apache-2.0
"""Kill -9 at each place that broker/fault.h names, in the child, the relay and the parent."""

import re
import time

from support import (PROJECT, Stream, need, note, prove, same_everywhere, until)

PLACES = re.findall(r'X \(\w+, "([a-z-]+)"', (PROJECT / "broker" / "fault.h").read_text())
# The top party says no HELLO, and who has no children no WELCOME.
NEVER = {("after-hello", "pk"), ("after-welcome", "pk.sindh.kpt")}


def a_message_stored_before_kill_9_is_stored_after_it(tree):
    need(len(PLACES) >= 9, f"places: {PLACES}")
    brokers = tree.chain()
    pk, sindh, kpt = brokers
    streams = [Stream(pk, ["pk.**"]), Stream(sindh, ["pk", "pk.sindh.**"]),
               Stream(kpt, ["pk"])]
    died = 0
    for turn, _ in enumerate(PLACES):
        # Each broker at another place, so that their deaths meet in all ways.
        doomed = []
        for number, broker in enumerate(brokers):
            place = PLACES[(turn + 3 * number) % len(PLACES)]
            if (place, broker.name) in NEVER:
                continue
            broker.kill()
            greets = place in ("after-hello", "after-welcome")
            broker.launch(fault=f"{place}:{1 if greets else 2 + turn % 3}")
            doomed.append((broker, place))
        # Who has died is back at once: another may need it to come to its own place.
        while doomed:
            broker, place = until(lambda: next((one for one in doomed if one[0].dead()), None),
                                  f"all of {[(b.name, place) for b, place in doomed]} die")
            need(broker.process.returncode == -9, f"{broker.name} ended otherwise")
            doomed.remove((broker, place))
            broker.launch()
            died += 1
    for stream in streams:
        stream.end()
    promised = set().union(*(stream.promised for stream in streams))
    total = same_everywhere(brokers, promised)
    note(f"{died} deaths, {len(promised)} promised, {total} held by each")


def a_child_is_back_soon_after_its_parent(tree):
    pk = tree.join("pk")
    sindh = tree.join("pk.sindh", "provincial")
    for _ in range(2):
        until(tree.connected, "connected")
        pk.kill()
        until(lambda: not sindh.open_to("pk"), "it is noticed")
        pk.start()
        begun = time.monotonic()
        until(tree.connected, "open again", 5)
        note(f"open {time.monotonic() - begun:.1f} s after the parent was up")


prove(a_message_stored_before_kill_9_is_stored_after_it, a_child_is_back_soon_after_its_parent)
