#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""Frames of an enrolled child that the protocol does not have, at times that it does not."""

import os
import pathlib
import time

from support_hostile import (Envelope, Failed, Raw, Thief, Watch, canon, link, need, note, now_ms, proof,
                             prove, reasons, rss, statement, until, words)

FAR = link.forms.MAX_U53


def a_parent_and_a_child(tree):
    tree.join("pk")
    tree.join("pk.kp", "provincial")


def _rejected(thief, reason, seconds=10):
    frame = thief.hear("reject", seconds=seconds)
    need(reasons.NAME[frame.reason] == reason, f"{words(frame)}, not {reason}")
    return frame


def _shown(broker, thief, text):
    """The reason stands in status, where an operator looks."""
    until(lambda: text in broker.link(thief.name)["refused"], f"status says: {text}")


def _banned(thief):
    """HELLO is answered by BUSY now."""
    thief.hello()
    need(thief.hear("busy", "welcome").verb == "busy", "who misbehaved has to wait")


def _link_key(home):
    """Of a party whose credential anybody may have seen."""
    return statement.Bundle(pathlib.Path(home, "bundle").read_bytes()).chain[-1].content.link_key


def an_endless_message_over_curve_is_cut_off(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.endless")
    with Watch(pk, tree["pk.kp"], limit=250) as watch:
        raw = Raw(pk.endpoint).curve(thief)
        raw.sock.settimeout(3)
        sent, part = 0, bytes(65000)
        end = time.monotonic() + 6
        try:
            while time.monotonic() < end and sent < 1500 << 20:
                raw.message(part, more=True)
                sent += len(part)
        except OSError:
            pass
        need(sent < 1500 << 20, "the connection is cut")
        note(f"cut after {sent >> 20} MB; {rss(pk)} MB")
        raw.close()
        until(lambda: pk.logged("never became a message"), "the log says so")
        watch.passes()


def many_unfinished_messages_of_one_key_are_bounded_together(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.patient")
    with Watch(pk, tree["pk.kp"], limit=400) as watch:
        held, part = [], bytes(64000)
        for _ in range(90):
            raw = Raw(pk.endpoint).curve(thief)
            raw.sock.settimeout(1)
            held.append(raw)
            try:
                for _ in range(6 * 16):
                    raw.message(part, more=True)
            except OSError:
                pass
        note(f"90 connections with 6 MB each; {rss(pk)} MB")
        watch.passes()
        for raw in held:
            raw.close()


def a_message_of_several_parts_ends_the_session(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.parts").open()
    with Watch(pk, tree["pk.kp"]):
        lines = pk.log.read_text().count("several parts")
        for _ in range(200):
            thief.socket.send_multipart([b"a", b"b"])
        _rejected(thief, "malformed")
        _shown(pk, thief, "several parts")
        _banned(thief)
        need(pk.log.read_text().count("several parts") - lines < 30, "the log stays short")


def a_frame_over_the_limit_cuts_its_connection(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.large")
    with Watch(pk, tree["pk.kp"]):
        raw = Raw(pk.endpoint).curve(thief)
        try:
            raw.message(bytes(2 << 20))
        except OSError:
            pass
        need(raw.closed(), "cut")
        # One that libzmq lets pass, and the protocol does not.
        thief.open()
        thief.send(bytes(link.MAX_FRAME + 1))
        _rejected(thief, "malformed")


def malformed_msgpack_ends_the_session_and_allocates_nothing(tree):
    pk = tree["pk"]
    hello = link.Frame("ping", os.urandom(16)).encode()
    bombs = (b"\xdd\x04\x00\x00\x00", b"\xdd\x04\x00\x00\x00" * 30, b"\x91" * 300,
             b"\xdf\x7f\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff",
             b"\x92\x0a\xc4\x10" + bytes(15), hello + b"\x00", b"\xc1", b"",
             b"\x92\xcc\x0a\xc4\x10" + bytes(16), b"\x92\x00\xc4\x10" + bytes(16),
             b"\x9b\x01\xc4\x10" + bytes(16) + b"\xdd\x04\x00\x00\x00" * 20)
    with Watch(pk, tree["pk.kp"], limit=32) as watch:
        for number, bomb in enumerate(bombs):
            thief = Thief(pk, f"pk.bomb{number}").open()
            thief.send(bomb)
            _rejected(thief, "malformed")
            _shown(pk, thief, "frame that is none")
            thief.close()
        watch.passes()


def a_frame_of_another_session_is_not_acted_on(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.sessions").open()
    with Watch(pk, tree["pk.kp"]):
        other = os.urandom(16)
        head = pk.status()["head"]
        thief.put("bye", other)
        thief.put("ack", other, epoch=[1, 1], lane=1, position=FAR, credit=0)
        thief.put("reject", other, reason=4, detail="", hash=None)
        thief.data(thief.note(), session=other)
        thief.position[1] -= 1
        need(thief.taken(thief.note()), "its own session goes on")
        need(pk.status()["head"] <= head + 2, "nothing else was stored")


def what_does_not_continue_at_the_cursor_is_out_of_step(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"]):
        for number, wrong in enumerate((
                {"prev": 7, "last": 8}, {"prev": FAR - 1, "last": FAR},
                {"epoch": [2, 7]}, {"epoch": [2 ** 32 - 1, 2 ** 64 - 1]})):
            thief = Thief(pk, f"pk.step{number}").open()
            thief.data(thief.note(), **wrong)
            _rejected(thief, "out-of-step")
            thief.close()
        thief = Thief(pk, "pk.steps").open()
        need(thief.taken(thief.note()), "a first one")
        thief.data(thief.note(), prev=0, last=2)
        _rejected(thief, "out-of-step")


def a_position_at_the_end_of_all_numbers_harms_only_who_claims_it(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"]):
        thief = Thief(pk, "pk.end").open()
        need(thief.taken(prev=0, last=FAR), "the cursor is its own")
        thief.data(thief.note(), prev=FAR, last=FAR)
        need(thief.hear("ack", "reject").verb == "ack", "nothing overflows")
        need(thief.taken(thief.note(sequence=FAR), prev=FAR, last=FAR), "the last number there is")
        thief.close()
        again = thief.open().welcome
        need(again.cursors[1][2] == FAR, "it is remembered")
        need(again.held[2] == FAR, "and so is the highest id")


def more_than_the_credit_is_an_overrun(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.greedy").open()
    batch = [thief.note(text="y" * 15000) for _ in range(20)]
    with Watch(pk, tree["pk.kp"], limit=64) as watch:
        # As fast as it can be sent, without a look at what is acknowledged.
        for _ in range(40):
            thief.data(*batch, lane=1)
        verbs = {}
        try:
            while not verbs.get("overrun"):
                frame = thief.hear("ack", "reject", seconds=5)
                name = frame.verb if frame.verb == "ack" else reasons.NAME[frame.reason]
                verbs[name] = verbs.get(name, 0) + 1
        except Failed:
            pass
        note(f"{verbs}")
        need(verbs.get("overrun") or verbs.get("ack") == 40,
             "either the disk kept up or the session ended")
        watch.passes()


def an_ack_of_what_was_never_sent_ends_the_session(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"]):
        for number, position in enumerate((1 << 40, FAR)):
            thief = Thief(pk, f"pk.ack{number}").open()
            until(lambda: pk.link(thief.name)["state"] == "OPEN", "open")
            thief.put("ack", epoch=thief.welcome.epochs[-1][:2], lane=1, position=position,
                      credit=2 ** 64 - 1)
            _rejected(thief, "overrun")
            _shown(pk, thief, "never sent")
            _banned(thief)
            thief.close()


def recover_with_another_cursor_than_it_greeted_with_is_out_of_step(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"]):
        thief = Thief(pk, "pk.rewind").open()
        thief.put("recover", cursor=(1, 5, 3, bytes(32)))
        _rejected(thief, "out-of-step")


def what_was_not_asked_back_is_not_taken_in_the_recovery_lane(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"]):
        thief = Thief(pk, "pk.giver").open()
        thief.data(thief.note(), lane=3)
        _rejected(thief, "not-yours-to-send")


def a_greeting_from_the_wrong_side_is_refused(tree):
    pk = tree["pk"]
    with Watch(pk, tree["pk.kp"]):
        thief = Thief(pk, "pk.wrongside").open()
        fields = {"versions": [1, 1], "party": thief.name, "epochs": [[1, 1, 0]],
                  "cursors": [link.NEVER_READ] * 4, "held": None, "policy_version": 1,
                  "time": now_ms(), "credits": [1] * 4, "software": ""}
        thief.put("welcome", **fields)
        _rejected(thief, "malformed")


def a_greeting_in_another_name_is_refused(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.masked").connect()
    with Watch(pk, tree["pk.kp"]):
        for name in ("pk.kp", "pk", "other"):
            thief.hello(party=name)
            _rejected(thief, "wrong-origin")
        _shown(pk, thief, "another party")


def a_version_that_nobody_speaks_is_refused_loudly(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.future").connect()
    with Watch(pk, tree["pk.kp"]):
        thief.hello(versions=[2, 9])
        _rejected(thief, "version")
        _shown(pk, thief, "no version in common")


def a_flood_of_greetings_is_put_off_and_neither_queue_nor_log_grows(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.eager").connect()
    wild = [(7, 7, FAR, os.urandom(32))] * 4
    lines = pk.log.read_text().count("\n")
    with Watch(pk, tree["pk.kp"], limit=48) as watch:
        begun, sent = time.monotonic(), 0
        while time.monotonic() - begun < 2:
            thief.hello(cursors=wild, held=(2 ** 32 - 1, 3, FAR))
            sent += 1
            if sent == 1000:
                watch.passes()
        note(f"{sent} greetings, each with cursors into nowhere")
        seen = {"welcome": 0, "busy": 0}
        try:
            while True:
                seen[thief.hear("welcome", "busy", seconds=1).verb] += 1
        except Failed:
            pass
        note(f"{seen}")
        need(seen["welcome"] <= 65, "few are answered")
    need(pk.log.read_text().count("\n") - lines < 150, "the log does not grow with them")


def cursors_into_nowhere_begin_no_new_epoch_and_lose_nothing(tree):
    pk = tree["pk"]
    kept = pk.say("before", "pk.kp")
    epoch = pk.status()["epoch"]
    with Watch(pk, tree["pk.kp"]):
        thief = Thief(pk, "pk.prophet").open(
            cursors=[(2 ** 32 - 1, 5, FAR, os.urandom(32))] * 4,
            held=(2 ** 32 - 1, 2 ** 64 - 1, FAR))
        thief.hear("recover")
        thief.data(prev=0, last=0, lane=3)
        thief.hear("ack")
        need(pk.status()["epoch"] == epoch, "the epoch stays")
        need(pk.holds(kept), "and so does what was stored")
        until(lambda: tree["pk.kp"].holds(kept), "and it arrives")


def _question(thief):
    return statement.sign(
        [1, "request", thief.name, thief.hash, os.urandom(16), "who-has", ["pk.**"], now_ms(),
         now_ms() + 1000, {}],
        [(proof.REQUEST, thief.hash, thief.keys["sign"])])


def a_question_that_is_not_known_is_answered_so(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.asker").open()
    with Watch(pk, tree["pk.kp"]):
        thief.put("request", statement=_question(thief))
        _rejected(thief, "no-such-question")
        need(thief.taken(thief.note()), "and the session goes on")
        thief.put("request", statement=b"\x92\x00")
        _rejected(thief, "malformed")


def a_flood_of_every_verb_keeps_the_broker_responsive(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.noise").open()
    lines = pk.log.read_text().count("\n")
    with Watch(pk, tree["pk.kp"], limit=48) as watch:
        begun, count, slowest = time.monotonic(), 0, 0.0
        zero, asked = thief.welcome.epochs[-1][:2], _question(thief)
        while time.monotonic() - begun < 2:
            thief.put("ping")
            thief.put("recover", cursor=link.NEVER_READ)
            thief.put("busy", ms=1)
            thief.put("reject", reason=23, detail="\x1b[2J", hash=proof.H(b"x"))
            thief.put("request", statement=asked)
            thief.put("ack", epoch=zero, lane=0, position=0, credit=0)
            count += 6
            if count % 6000 == 0:
                slowest = max(slowest, watch.passes())
        note(f"{count} frames; an honest message took at most {slowest:.2f} s")
    need(pk.log.read_text().count("\n") - lines < 150, "the log does not grow with them")
    need("\x1b" not in pk.log.read_text(), "and holds no escape sequences")


def a_second_connection_with_the_same_key_takes_the_link_only_with_a_greeting(tree):
    pk = tree["pk"]
    thief = Thief(pk, "pk.twin").open()
    with Watch(pk, tree["pk.kp"]) as watch:
        first = thief.socket
        thief.socket = None
        session = thief.session
        thief.connect()
        for _ in range(50):
            thief.put("ping", os.urandom(16))      # it does not know the session
        second, thief.socket = thief.socket, first
        watch.passes()                             # by now they have been looked at
        ident = pk.say("for the first", "pk.twin")

        def came():
            frame = thief.hear("data", seconds=5, session=session)
            return ident in [Envelope(data).message.printed for data in frame.envelopes]

        until(came, f"{ident} comes to the first")
        second.close()


def a_routing_id_of_ones_own_is_no_way_to_the_messages_of_others(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    thief = Thief(pk, "pk.router")
    with Watch(pk, kp) as watch:
        for claimed in (b"pk.kp", kp.name.encode(), b"\x01" * 5, b"x" * 255):
            raw = Raw(pk.endpoint).curve(thief, Identity=claimed)
            raw.message(link.Frame("ping", os.urandom(16)).encode())
            raw.close()
        until(lambda: pk.link(thief.name)["refused"], "it is noticed")
        # In the form of a generated one, so that only the key tells.
        for last in range(8):
            raw = Raw(pk.endpoint).curve(thief, Identity=b"\x00\x00\x00\x00" + bytes([last]))
            raw.message(link.Frame("ping", os.urandom(16)).encode())
            raw.close()
        ident = pk.say("for Khyber Pakhtunkhwa", "pk.kp")
        until(lambda: kp.holds(ident), "what is for the other goes to the other")
        watch.passes()


def a_user_id_that_is_claimed_over_curve_is_not_believed(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    thief = Thief(pk, "pk.user")
    with Watch(pk, kp):
        victims = _link_key(kp.home).hex()
        raw = Raw(pk.endpoint).curve(thief, **{"User-Id": victims.encode()})
        hello = link.Frame(
            "hello", os.urandom(16), versions=[1, 1], party="pk.kp", epochs=[[1, 1, 0]],
            cursors=[link.NEVER_READ] * 4, held=None, policy_version=1, time=now_ms(),
            credits=[1 << 20] * 4, software="")
        raw.message(hello.encode())
        answer = link.decode(raw.answer())
        need(answer.verb == "reject", "the greeting counts for the key's own party")
        need(reasons.NAME[answer.reason] == "wrong-origin", words(answer))
        raw.close()


if __name__ == "__main__":
    prove(an_endless_message_over_curve_is_cut_off,
          many_unfinished_messages_of_one_key_are_bounded_together,
          a_message_of_several_parts_ends_the_session,
          a_frame_over_the_limit_cuts_its_connection,
          malformed_msgpack_ends_the_session_and_allocates_nothing,
          a_frame_of_another_session_is_not_acted_on,
          what_does_not_continue_at_the_cursor_is_out_of_step,
          a_position_at_the_end_of_all_numbers_harms_only_who_claims_it,
          more_than_the_credit_is_an_overrun,
          an_ack_of_what_was_never_sent_ends_the_session,
          recover_with_another_cursor_than_it_greeted_with_is_out_of_step,
          what_was_not_asked_back_is_not_taken_in_the_recovery_lane,
          a_greeting_from_the_wrong_side_is_refused,
          a_greeting_in_another_name_is_refused,
          a_version_that_nobody_speaks_is_refused_loudly,
          a_flood_of_greetings_is_put_off_and_neither_queue_nor_log_grows,
          cursors_into_nowhere_begin_no_new_epoch_and_lose_nothing,
          a_question_that_is_not_known_is_answered_so,
          a_flood_of_every_verb_keeps_the_broker_responsive,
          a_second_connection_with_the_same_key_takes_the_link_only_with_a_greeting,
          a_routing_id_of_ones_own_is_no_way_to_the_messages_of_others,
          a_user_id_that_is_claimed_over_curve_is_not_believed, on=a_parent_and_a_child)
