#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""Questions and answers by a child with good keys and a bad will."""

import os
import threading

from support_hostile import (Failed, Talk, Thief, Watch, need, now_ms, proof, prove, reasons,
                             statement)

ASKED = 50       # that a neighbour may bring in five seconds (broker/peer.h)


def a_parent_and_a_child(tree):
    tree.join("pk")
    tree.join("pk.kp", "provincial")


def question(thief, name="contact", audience=("pk",), key=None, **changes):
    fields = {"party": thief.name, "credential": thief.hash, "nonce": os.urandom(16),
              "question": name, "audience": sorted(audience), "issued": now_ms(),
              "deadline": now_ms() + 3000, "arguments": {}}
    fields.update(changes)
    return statement.sign([1, "request", *fields.values()],
                          [(proof.REQUEST, fields["credential"], key or thief.keys["sign"])])


def answer(thief, asked, answers, silent=(), key=None, **changes):
    fields = {"party": thief.name, "credential": thief.hash, "request": asked, "status": 0,
              "answers": answers, "silent": sorted(silent)}
    fields.update(changes)
    return statement.sign([1, "reply", *fields.values()],
                          [(proof.REPLY, fields["credential"], key or thief.keys["sign"])])


def hears(thief, sent):
    """The answer to it, or the reason why there is none."""
    thief.put("request", statement=sent)
    frame = thief.hear("reply", "reject")
    if frame.verb == "reject":
        return reasons.NAME[frame.reason]
    said = statement.Statement(frame.statement, "reply")
    need(said.content.request == statement.Statement(sent).hash, "the answer is to the question")
    return said.content


def _next(thief, seconds=0.2):
    try:
        return thief.hear("reply", "reject", seconds=seconds)
    except Failed:
        return None


def _verbs(thief, *verbs, seconds=0.5):
    """How many frames of these verbs come until nothing does for a while."""
    count = 0
    try:
        while True:
            count += thief.hear(*verbs, seconds=seconds).verb in verbs
    except Failed:
        return count


def what_is_granted_is_answered_once(tree):
    thief = Thief(tree["pk"], "pk.asks").open()
    sent = question(thief)
    got = hears(thief, sent)
    need(got.party == "pk" and got.status == 0 and "more" in got.answers, f"{got}")
    thief.put("request", statement=sent)
    need(_verbs(thief, "reply", "reject") == 0, "a question that was answered is dropped")


def what_is_not_granted_is_refused_and_the_session_goes_on(tree):
    thief = Thief(tree["pk"], "pk.nosy").open()
    for reason, sent in (
            ("no-grant", question(thief, "presence", ["pk.**"])),
            ("no-grant", question(thief, "seen", ["pk.**"], arguments={"hash": bytes(32)})),
            ("no-grant", question(thief, "contact", ["pk.kp"])),
            ("no-such-question", question(thief, "weather")),
            ("schema", question(thief, "seen", arguments={})),
            ("schema", question(thief, audience=["pk.**"])),
            ("credential-dates", question(thief, issued=now_ms() - 3_600_000,
                                 deadline=now_ms() - 3_599_000)),
            ("clock-ahead", question(thief, issued=now_ms() + 3_600_000,
                                     deadline=now_ms() + 3_601_000))):
        need(hears(thief, sent) == reason, reason)
    need(hears(thief, question(thief)).status == 0, "the session stands")


def a_forged_question_ends_the_session(tree):
    pk = tree["pk"]
    stranger = proof.SigningKey(os.urandom(32))
    kp = tree["pk.kp"]
    chain = statement.Statement(
        kp.ask("chain", party="pk.kp")["chain"][-1])
    for name, forged in (
            ("pk.forge1", lambda thief: question(thief, key=stranger)),
            ("pk.forge2", lambda thief: question(thief, party="pk.kp", credential=chain.hash))):
        with Watch(pk, kp):
            thief = Thief(pk, name).open()
            need(hears(thief, forged(thief)) in ("bad-signature", "not-yours-to-send"), name)
            thief.put("ping")
            need(_verbs(thief, "pong") == 0, "the session has ended")


def a_flood_of_questions_is_bounded_and_others_are_served(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    thief = Thief(pk, "pk.flood").open()
    with Watch(pk, kp) as watch:
        heard = {"reply": 0, "questions": 0}
        for _ in range(10):
            for _ in range(2 * ASKED):
                thief.put("request", statement=question(thief))
            # What finds a full pipe is not said: a refusal costs no more than that.
            while frame := _next(thief):
                name = frame.verb if frame.verb == "reply" else reasons.NAME[frame.reason]
                heard[name] += 1
        need(0 < heard["reply"] <= 5 * ASKED and heard["questions"] > 5 * ASKED, f"{heard}")
        watch.passes()
        told = kp.ask("ask", question="contact", audience=["pk"], deadline=5000)
        need(told["silent"] == [], f"{told}")


def rows(*names):
    return {"more": False, "software": [],
            "parties": [[name, True, now_ms(), now_ms(), 0, False, 0] for name in sorted(names)]}


def _asked_while(tree, thief, replies, terms=("pk.liar", "pk.liar.**")):
    """pk asks for presence; the thief answers as `replies` makes it of the question's hash."""
    got = {}

    def ask():
        talk = Talk(tree["pk"])
        got.update(talk("ask", question="presence", audience=list(terms), deadline=1000))
        talk.close()

    asking = threading.Thread(target=ask)
    asking.start()
    frame = thief.hear("request")
    for reply in replies(statement.Statement(frame.statement, "request").hash):
        thief.put("reply", statement=reply)
    asking.join()
    return got


def a_child_answers_for_its_own_subtree_and_for_what_was_asked(tree):
    pk = tree["pk"]
    may = {"roles": ["organisation"], "sectors": [], "children": 10, "depth": 1}
    thief = Thief(pk, "pk.liar", role="provincial", may=may).open()
    others = proof.SigningKey(os.urandom(32))

    got = _asked_while(tree, thief, lambda asked: [answer(thief, asked, rows("pk.liar.a"))])
    need([row["name"] for row in got["parties"]] == ["pk.liar", "pk.liar.a"], f"{got}")
    need(got["silent"] == [], f"{got}")
    for why, replies in (
            ("for another", lambda asked: [answer(thief, asked, rows("pk.kp"))]),
            ("for the one above", lambda asked: [answer(thief, asked, rows("pk"))]),
            ("for itself", lambda asked: [answer(thief, asked, rows("pk.liar"))]),
            ("names another as silent", lambda asked: [answer(thief, asked, rows(), ["pk.kp"])]),
            ("is not what was asked", lambda asked: [answer(thief, asked, {"count": 1})]),
            ("refuses", lambda asked: [answer(thief, asked, rows("pk.liar.a"), status=49)]),
            ("in another's name", lambda asked: [answer(thief, asked, rows(), party="pk.kp")]),
            ("of another question", lambda asked: [answer(thief, bytes(32), rows("pk.liar.a"))])):
        got = _asked_while(tree, thief, replies)
        need(got["silent"] == ["pk.liar"], f"{why}: {got}")
        need([row["name"] for row in got["parties"]] == ["pk.liar"], f"{why}: {got}")
    # The first one counts, and what comes after it was not asked for.
    got = _asked_while(tree, thief, lambda asked: [answer(thief, asked, rows("pk.liar.a")),
                                                   answer(thief, asked, rows("pk.liar.b"))])
    need([row["name"] for row in got["parties"]] == ["pk.liar", "pk.liar.a"], f"{got}")
    got = _asked_while(tree, thief, lambda asked: [answer(thief, asked, rows(), key=others)])
    need(got["silent"] == ["pk.liar"], f"{got}")
    need(reasons.NAME[thief.hear("reject").reason] == "bad-signature", "and it ends the session")


prove(what_is_granted_is_answered_once, what_is_not_granted_is_refused_and_the_session_goes_on,
      a_forged_question_ends_the_session, a_flood_of_questions_is_bounded_and_others_are_served,
      a_child_answers_for_its_own_subtree_and_for_what_was_asked, on=a_parent_and_a_child)
