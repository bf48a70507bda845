#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""Too much of what is allowed, from an enrolled child, and a child that takes nothing."""

import os
import signal
import time

from support_hostile import (Envelope, Failed, Raw, Thief, Watch, canon, link, need, note, now_ms,
                             proof, prove, reasons, rss, sign_batch, until)

KEPT = 1000          # quarantine_messages, by default


def a_parent_and_a_child(tree):
    tree.join("pk")
    tree.join("pk.kp", "provincial")


def _answers(thief, count, seconds=20):
    """Listens until so many ACKs came; returns how often each reason was heard."""
    heard = {}
    while count:
        frame = thief.hear("ack", "reject", seconds=seconds)
        if frame.verb == "ack":
            count -= 1
        else:
            name = reasons.NAME[frame.reason]
            heard[name] = heard.get(name, 0) + 1
    return heard


def _batches(thief, count, each, **changes):
    for _ in range(count):
        yield sign_batch([thief.message("note", ["pk"], {"text": "x"}, **changes)
                          for _ in range(each)], thief.keys["sign"])


def refused_messages_are_kept_up_to_a_bound_and_then_only_counted(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.filler").open()
    before, lines = pk.status()["quarantine"], pk.log.read_text().count("\n")
    with Watch(pk, tree["pk.kp"], limit=48) as watch:
        for batch in _batches(thief, 30, 50, tlp=5):
            thief.data(*batch)
            _answers(thief, 1)
        now = pk.status()["quarantine"]
        need(now["count"] - before["count"] == KEPT, f"{now} kept")
        need(now["dropped"] - before["dropped"] == 500, f"{now} counted")
        rejections = [record for record in pk.records() if record.kind == "rejection"
                      and record.audience == [thief.name]]
        until(lambda: len([record for record in pk.records() if record.kind == "rejection"
                           and record.audience == [thief.name]]) == KEPT,
              f"each that is kept has a rejection, not one more ({len(rejections)})")
        watch.passes()
        # Another child has room of its own.
        other = Thief(pk, "pk.filler2").open()
        other.data(other.note(tlp=5))
        other.hear("ack")
        need(pk.status()["quarantine"]["count"] == now["count"] + 1, "and is kept")
    need(pk.log.read_text().count("\n") - lines < 120, "the log does not grow with them")


def a_flash_flood_stops_at_the_quota(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.flash").open()
    with Watch(pk, tree["pk.kp"]) as watch:
        now = now_ms()
        messages = [thief.note(precedence=0, issued=now) for _ in range(200)]
        for at in range(0, 200, 20):
            thief.data(*messages[at:at + 20], lane=0)
            thief.hear("ack")
        taken = [record for record in pk.records() if record.origin == thief.name]
        refused = [record for record in pk.records(quarantine=True)
                   if record.origin == thief.name]
        need(len(taken) == 120, f"{len(taken)} taken")
        need(len(refused) == 80 and {record.reason for record in refused}
             == {reasons.NUMBER["quota"]}, f"{len(refused)} refused")
        watch.passes()
        # What was taken does not count twice when it comes again.
        thief.data(*messages[:20], lane=0)
        thief.hear("ack")
        thief.data(thief.note())
        thief.hear("ack")
        need(len([record for record in pk.records() if record.origin == thief.name]) == 121,
             "repeats are repeats, and routine is not concerned")


def signatures_without_end_delay_others_by_no_more_than_a_moment(tree):
    pk = tree["pk"]
    thieves = [Thief(pk, f"pk.signer{number}") for number in range(5)]
    frames = {}
    for thief in thieves:
        officers = [proof.SigningKey(os.urandom(32)) for _ in range(4)]
        frames[thief] = made = []
        for _ in range(3):
            envelopes = []
            for _ in range(300):
                signed = thief.message("note", ["pk"], {"text": "x"})
                leaf = proof.leaf_hash(signed)
                approvals = [[f"o{index}", key.public, key.sign(proof.APPROVAL, key.public, 1,
                                                                leaf)]
                             for index, key in enumerate(officers)]
                envelopes.append(canon.encode(
                    [signed, [1, 0, b"", thief.keys["sign"].sign(proof.MESSAGE, thief.hash, 1,
                                                                 leaf)], approvals]))
            made.append(envelopes)
    with Watch(pk, tree["pk.kp"], limit=128) as watch:
        for thief in thieves:
            thief.open()
        begun = time.monotonic()
        for thief in thieves:
            for envelopes in frames[thief]:
                thief.data(*envelopes)
        delay = watch.passes()
        for thief in thieves:
            heard = _answers(thief, 3, seconds=30)
            need(not heard, f"{heard}")
        took = time.monotonic() - begun
        note(f"22,500 signatures took {took:.1f} s; an honest message meanwhile {delay:.2f} s")
        need(delay < 0.8 * took, "the honest one is not at the end of the queue")


def an_origin_with_five_thousand_lives_costs_no_more_than_one_with_one(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.cat").open()

    def greeting():
        begun = time.monotonic()
        thief.open()
        return time.monotonic() - begun

    with Watch(pk, tree["pk.kp"], limit=96) as watch:
        need(thief.taken(thief.note()), "one life")
        single = min(greeting() for _ in range(3))
        for _ in range(5):
            batch = sign_batch([thief.message(
                "note", ["pk"], {"text": "x"},
                epoch=[2, int.from_bytes(os.urandom(8), "big")]) for _ in range(1000)],
                thief.keys["sign"])
            thief.data(*batch[:500])
            thief.data(*batch[500:])
            _answers(thief, 2, 60)
            watch.passes()
        need(thief.taken(thief.note(epoch=[2, 2 ** 64 - 1], sequence=5)), "the last one")
        many = min(greeting() for _ in range(3))
        need(thief.welcome.held == (2, 2 ** 64 - 1, 5), f"the newest is found: {thief.welcome.held}")
        note(f"a greeting takes {single * 1000:.0f} ms, then {many * 1000:.0f} ms")
        need(many < 5 * single + 0.015, "greetings do not get slower")


def a_child_that_never_acknowledges_makes_its_sender_wait_and_nobody_else(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    thief = Thief(pk, "pk.mute").open(credits=[2 ** 64 - 1] * 4)
    with Watch(pk, kp, limit=96) as watch:
        text = "z" * 20_000
        idents = [pk.say(text, "pk.mute", "pk.kp") for _ in range(400)]
        until(lambda: kp.holds(idents[-1]), "the other child has all of it")
        sent = 0
        try:
            while True:
                sent += len(thief.hear("data", seconds=1).envelopes)
        except Failed:
            pass
        note(f"{sent} of 400 messages were sent to it; {rss(pk)} MB")
        need(0 < sent < 400, "the sender waits for the acknowledgement")
        owed = pk.link("pk.mute")
        need(owed["lag"] >= 400 or owed["more"], "and status shows what it owes")
        watch.passes()


def a_child_that_reads_nothing_makes_its_sender_wait_and_nobody_else(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    thief = Thief(pk, "pk.deaf")
    with Watch(pk, kp, limit=96) as watch:
        raw = Raw(pk.endpoint).curve(thief)
        session = os.urandom(16)
        raw.message(link.Frame(
            "hello", session, versions=[1, 1], party=thief.name, epochs=[[1, 1, 0]],
            cursors=[link.NEVER_READ] * 4, held=None, policy_version=1, time=now_ms(),
            credits=[2 ** 64 - 1] * 4, software="deaf").encode())
        until(lambda: pk.link("pk.deaf")["state"] == "OPEN", "it has a session")
        text = "z" * 20_000
        idents = [pk.say(text, "pk.deaf", "pk.kp", precedence=lane)
                  for lane in (0, 1, 2) for _ in range(100)]
        for _ in range(2000):
            raw.message(link.Frame("ping", session).encode())
        until(lambda: all(kp.holds(ident) for ident in idents[::37]), "the other has all of it")
        watch.passes()
        raw.close()
    until(lambda: pk.link("pk.deaf")["state"] == "IDLE", "and in the end it is given up", 40)


def connections_again_and_again_are_served_without_growing(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.storm")
    with Watch(pk, tree["pk.kp"], limit=48) as watch:
        for number in range(300):
            raw = Raw(pk.endpoint).curve(thief)
            raw.message(link.Frame("ping", os.urandom(16)).encode())
            raw.close()
            if number % 100 == 50:
                watch.passes()


def who_is_put_off_and_goes_on_costs_nothing(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.deafened").open()
    with Watch(pk, tree["pk.kp"], limit=48) as watch:
        thief.send(b"\xc1")
        thief.hear("reject")
        lines = pk.log.read_text().count("\n")
        until(lambda: pk.link(thief.name)["state"] == "IDLE", "ended")
        begun, count = time.monotonic(), 0
        while time.monotonic() - begun < 1:
            thief.send(b"\xc1" * 1000)
            thief.socket.send_multipart([b"a", b"b"])
            thief.data(thief.note())
            count += 3
        watch.passes()
        note(f"{count} frames in the second in which it was put off")
        need(pk.log.read_text().count("\n") - lines < 40, "the log does not grow with them")


def more_children_than_there_is_room_for_are_put_off(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.crowd").connect()
    with Watch(pk, tree["pk.kp"]):
        pk.configure(children_max=1)
        pk.process.send_signal(signal.SIGHUP)
        until(lambda: pk.logged("configuration reloaded"), "it is read again")
        thief.hello()
        need(thief.hear("busy", "welcome").verb == "busy", "no room")
        need("children_max" in pk.link(thief.name)["refused"], "and status says why")
        pk.configure(children_max=1000)
        pk.process.send_signal(signal.SIGHUP)
        until(lambda: pk.log.read_text().count("configuration reloaded") == 2, "again")
        thief.hello()
        thief.hear("welcome")


def a_batch_of_the_largest_frames_on_all_lanes_is_taken_and_memory_stays(tree):
    pk = tree["pk"]
    thieves = [Thief(pk, f"pk.wide{number}").open() for number in range(4)]
    with Watch(pk, tree["pk.kp"], limit=160) as watch:
        for thief in thieves:
            for lane in (0, 1, 2):
                batch = [thief.note(text="w" * 15_000, precedence=lane) for _ in range(20)]
                thief.data(*batch, lane=lane)
        watch.passes()
        for thief in thieves:
            _answers(thief, 3)
        need(Envelope(thieves[0].note()).message.kind == "note", "")


if __name__ == "__main__":
    prove(refused_messages_are_kept_up_to_a_bound_and_then_only_counted,
          a_flash_flood_stops_at_the_quota,
          a_child_that_never_acknowledges_makes_its_sender_wait_and_nobody_else,
          signatures_without_end_delay_others_by_no_more_than_a_moment,
          an_origin_with_five_thousand_lives_costs_no_more_than_one_with_one,
          connections_again_and_again_are_served_without_growing,
          who_is_put_off_and_goes_on_costs_nothing,
          more_children_than_there_is_room_for_are_put_off,
          a_batch_of_the_largest_frames_on_all_lanes_is_taken_and_memory_stays,
          a_child_that_reads_nothing_makes_its_sender_wait_and_nobody_else,
          on=a_parent_and_a_child)
