# SPDX-License-Identifier: Apache-2.0
"""The quarantine as a place to work: list, show, release, discard, and its bound."""
# asan: yes

import json
import os
import signal

from support import need, note, prove, until
from support_rogue import Rogue, leaf_of, now_ms

AHEAD = 2 * 3_600_000


def a_province_with_a_child_that_says_what_it_likes(tree):
    tree.join("pk")
    tree.join("pk.sindh", "provincial")
    tree.rogue = Rogue(tree)
    tree.others.append(tree.rogue)
    tree.rogue.open()


def listed(broker):
    return json.loads(broker.certbus("--json", "quarantine"))


def refused(tree, data, reason):
    """Sent, refused and kept; its position. The neighbour was told."""
    sindh, leaf = tree["pk.sindh"], leaf_of(data)
    tree.rogue.open()
    tree.rogue.send(data)
    tree.rogue.is_told(reason, leaf)
    kept = until(lambda: [one for one in sindh.records(quarantine=True) if one.leaf == leaf],
                 "it is in quarantine")
    return kept[-1].position


def row(broker, position):
    return next((one for one in listed(broker)["records"] if one["position"] == position), None)


def what_still_fails_stays_and_what_passes_goes_the_way_of_every_message(tree):
    pk, sindh, rogue = tree["pk"], tree["pk.sindh"], tree.rogue
    sindh.certbus("freeze", rogue.name)
    at = refused(tree, rogue.note("said while frozen", "pk", "pk.sindh"), "frozen")
    one = until(lambda: row(sindh, at) if row(sindh, at)["told_neighbour"] == "yes" else None,
                "the neighbour is noted as told")
    need((one["kind"], one["origin"], one["from"], one["reason"], one["check"])
         == ("note", rogue.name, rogue.name, "frozen", 7), f"listed as {one}")
    until(lambda: row(sindh, at)["told_origin"] == "yes", "its origin is told")
    shown = sindh.certbus("quarantine", "show", at)
    need("check 7: its origin is not frozen" in shown and "freeze --off" in shown, shown)
    said = sindh.certbus("quarantine", "release", at, expect=1)
    need("check 7" in said and "overrides no check" in said, said)
    need("said while frozen" not in sindh.texts() and row(sindh, at), "it stays where it is")
    need(len(sindh.records(quarantine=True)) == 1, "a refused release adds nothing")
    note(said.strip()[:110])

    sindh.certbus("freeze", "--off", rogue.name)
    need(f"certbus quarantine release {at}" in sindh.certbus("quarantine", "show", one["id"]),
         "it is said that it would be taken now")
    said = sindh.certbus("quarantine", "release", one["id"])
    need("released" in said and one["id"] in said, said)
    need(sindh.texts().count("said while frozen") == 1, "it is stored, once")
    until(lambda: "said while frozen" in pk.texts(), "and went up, as any message")
    need(listed(sindh)["count"] == 0 and sindh.status()["quarantine"]["count"] == 0,
         "the counters know")
    need("released" in sindh.certbus("quarantine", "show", at, expect=1), "and what became of it")
    need(sindh.logged(f"released from quarantine by uid {os.getuid()}"), "it is logged, with who")


def what_is_discarded_is_gone_but_its_hash_and_who_did_it_are_kept(tree):
    sindh, rogue = tree["pk.sindh"], tree.rogue
    at = refused(tree, rogue.envelope("note", audience=["pk"], body={"text": "from tomorrow"},
                                      issued=now_ms() + AHEAD), "clock-ahead")
    need("check 8" in sindh.certbus("quarantine", "release", at, expect=1), "still ahead")
    sindh.certbus("quarantine", "discard", at, "--why", "a broken clock")
    need(row(sindh, at) is None, "it has left the list")
    said = sindh.certbus("quarantine", "show", at, expect=1)
    need("discarded" in said and "a broken clock" in said and f"uid {os.getuid()}" in said, said)
    need(sindh.logged("discarded from quarantine by uid"), "it is logged")
    need("not in quarantine" in sindh.certbus("quarantine", "release", "pk.x/1-3", expect=1),
         "an id that is not there is said to be none")
    # A start checks the chain of what is kept, and finds the quarantine as it was.
    sindh.stop()
    sindh.start()
    need(listed(sindh)["count"] == 0, "nothing has come back")


def the_bound_is_on_what_is_kept_now(tree):
    sindh, rogue = tree["pk.sindh"], tree.rogue
    sindh.configure(quarantine_messages=2)
    sindh.process.send_signal(signal.SIGHUP)
    until(lambda: next(one for one in sindh.ask("config")["settings"]
                       if one["name"] == "quarantine_messages")["value"] == "2", "a smaller bound")

    def ahead():
        return rogue.envelope("note", audience=["pk"], body={"text": "x"},
                              issued=now_ms() + AHEAD)

    rogue.close()
    rogue.is_open = False
    first, second = (refused(tree, ahead(), "clock-ahead") for _ in range(2))
    third = ahead()
    rogue.open()
    rogue.send(third)
    rogue.is_told("clock-ahead", leaf_of(third))
    until(lambda: listed(sindh)["dropped"] == 1, "the third finds no room, and is counted")
    need([one["position"] for one in listed(sindh)["records"]] == [first, second], "two are kept")
    sindh.certbus("quarantine", "discard", first)
    fourth = refused(tree, ahead(), "clock-ahead")
    need([one["position"] for one in listed(sindh)["records"]] == [second, fourth],
         "who was discarded has made room")
    counts = listed(sindh)
    need(counts["count"] == 2 and counts["bytes"] ==
         sum(one["bytes"] for one in counts["records"]), f"exact: {counts}")
    rogue.close()


prove(what_still_fails_stays_and_what_passes_goes_the_way_of_every_message,
      what_is_discarded_is_gone_but_its_hash_and_who_did_it_are_kept,
      the_bound_is_on_what_is_kept_now,
      on=a_province_with_a_child_that_says_what_it_likes)
