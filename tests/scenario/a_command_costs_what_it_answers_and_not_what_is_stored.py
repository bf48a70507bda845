# SPDX-License-Identifier: Apache-2.0
"""The same questions to a journal of some thousand messages and to one ten times as large."""

import sqlite3
import subprocess
import time

from support import BUILD, VALGRIND, Message, Refused, Skip, need, note, prove

FILL = str(BUILD / "tests" / "tools" / "fill_journal")
SMALL, LARGE = 4000, 40000
ROUNDS = 15
# A machine that is busy answers late now and then; the least of many rounds is what it costs. What
# looks at each message costs ten times as much.
GROWTH = 3
NOISE = 0.004


def least(broker, op, fields):
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        try:
            answer = broker.ask(op, **fields)
            need(op != "read" or answer["next"] <= 1 or answer["records"], f"{fields}: gave up")
        except Refused as error:
            need(error.reason == "not-found", f"{fields}: {error}")
        times.append(time.perf_counter() - begun)
    return min(times)


def questions(broker):
    newest = broker.ask("read", after=0, limit=1, back=True, kinds=["advisory"])["records"][0]
    number = Message(newest).body["number"]
    first = f"pk/{Message(newest).epoch}-16"
    code = code_of(broker.ask("get", id=first)["record"]["leaf"])
    back = {"after": 0, "limit": 20, "back": True}
    return {
        "a page of what is here": ("read", {**back, "here": True}),
        "advisories": ("read", {**back, "kinds": ["advisory"]}),
        "urgent incidents": ("read", {**back, "kinds": ["incident"], "severities": ["S1"]}),
        "what there is none of": ("read", {**back, "kinds": ["receipt"], "here": True}),
        "all but notes": ("read", {**back, "except": ["note"]}),
        "of one party": ("read", {**back, "from": "pk.f8"}),
        "of nobody": ("read", {**back, "from": "pk.nobody.**"}),
        "in quarantine": ("read", {**back, "quarantine": True}),
        "what waits": ("read", {**back, "waiting": True}),
        "lately": ("read", {**back, "since": newest["taken"] - 15000}),
        "an old one by its id": ("get", {"id": first}),
        "by its number": ("get", {"id": number.lower()}),
        "by its code": ("get", {"id": code}),
        "by half of it": ("get", {"id": code[:9]}),
        "no such id": ("get", {"id": "pk/1-999999999"}),
        "no such code": ("get", {"id": "0000-1111-2222-3333"}),
    }


def code_of(leaf):
    bits = int.from_bytes(leaf[:10], "big")
    text = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[bits >> shift & 31]
                   for shift in range(75, -1, -5))
    return "-".join(text[at:at + 4] for at in range(0, 16, 4))


def a_question_costs_what_it_answers(tree):
    if VALGRIND:
        raise Skip("skipped: times under valgrind say nothing")
    pk = tree.join("pk")
    costs = []
    for count in (SMALL, LARGE - SMALL):
        pk.stop()
        subprocess.run([FILL, "pk", str(count)], check=True)
        pk.start()
        costs.append({name: least(pk, op, fields)
                      for name, (op, fields) in questions(pk).items()})
    small, large = costs
    slow = {name: f"{1000 * small[name]:.1f} ms, then {1000 * large[name]:.1f} ms"
            for name in small if large[name] > GROWTH * small[name] + NOISE}
    need(not slow, f"{slow}")
    note(f"{len(small)} questions to {LARGE} messages: at most {1000 * max(large.values()):.1f} ms")


def an_index_that_is_behind_is_made_at_the_start(tree):
    pk = tree.join("pk")
    pk.stop()
    subprocess.run([FILL, "pk", "3000"], check=True)
    # As if it had never been: what a journal of before the index looks like.
    db = sqlite3.connect("pk/journal.db")
    for table in b"lyhuv":
        db.execute("DELETE FROM kv WHERE substr (k, 1, 1) = ?", (bytes([table]),))
    db.execute("DELETE FROM kv WHERE k IN (?, ?)", (b"sindexed\0", b"sindexed-for\0"))
    db.commit()
    db.close()
    pk.start()
    found = pk.ask("read", after=0, limit=1000, back=True, kinds=["incident"])["records"]
    need(len(found) == 3000 // 16 + (3000 % 16 >= 8), f"{len(found)} incidents")
    need(pk.ask("get", id=f"FILL-{Message(found[0]).epoch}-000007")["record"]["position"] > 0, "by number")


prove(a_question_costs_what_it_answers, an_index_that_is_behind_is_made_at_the_start)
