# SPDX-License-Identifier: Apache-2.0
"""Listings with each filter, in both directions, from the index and from the log."""
# asan: yes

import time

from support import AMBER, Message, Refused, need, note, prove, until


def advisory(broker, number, severity, *audience, **fields):
    body = {"number": number, "title": f"About {number}", "severity": severity,
            "summary": "What it is.", **fields.pop("body", {})}
    return broker.publish("advisory", body, audience, **fields)


def incident(broker, severity, *audience):
    body = {"title": "It does not work", "description": "Nothing does.",
            "times": {"aware": int(time.time() * 1000)}}
    if severity:
        body["severity"] = severity
    return broker.publish("incident", body, audience, tlp=AMBER)


def setup(tree):
    pk, sindh, kpt = tree.chain()
    for turn in range(4):
        for severity in ("S1", "S3"):
            advisory(pk, f"NCERT-{severity}-{turn}", severity, "pk.**")
        advisory(sindh, f"SINDH-{turn}", "S3", "pk.sindh.**")
        incident(kpt, ("S2", "undetermined", None)[turn % 3], "pk.sindh", "pk")
        pk.say(f"to kpt {turn}", "pk.sindh.kpt")
        pk.say(f"to sindh {turn}", "pk.sindh")
    until(lambda: len(sindh.records()) >= 4 * 5 and len(kinds(pk, "receipt")) >= 16, "all arrived")


def kinds(broker, *names):
    return [record for record in broker.records() if record.kind in names]


def asked(broker, limit=1000, **fields):
    """All of it, in as many answers as it takes."""
    found, after = [], 0
    while True:
        answer = broker.ask("read", after=after, limit=limit, **fields)
        found += [Message(record) for record in answer["records"]]
        done = answer["next"] <= 1 if fields.get("back") else answer["next"] >= answer["head"]
        if done or answer["next"] == after:
            return found
        after = answer["next"]


FILTERS = [
    ({}, lambda m: True),
    ({"here": True}, lambda m: m.here),
    ({"kinds": ["advisory"]}, lambda m: m.kind == "advisory"),
    ({"kinds": ["incident", "note"]}, lambda m: m.kind in ("incident", "note")),
    ({"kinds": ["nothing"]}, lambda m: False),
    ({"except": ["advisory", "receipt"]}, lambda m: m.kind not in ("advisory", "receipt")),
    ({"severities": ["S3"]}, lambda m: m.body.get("severity") == "S3"),
    ({"severities": ["S1", "undetermined"]},
     lambda m: m.body.get("severity") in ("S1", "undetermined")),
    ({"from": "pk.sindh"}, lambda m: m.origin == "pk.sindh"),
    ({"from": "pk.sindh.**"}, lambda m: m.origin in ("pk.sindh", "pk.sindh.kpt")),
    ({"from": "pk.sin.**"}, lambda m: False),
    ({"from": "pk.sindh.**", "kinds": ["incident"], "severities": ["S2"], "here": True},
     lambda m: m.kind == "incident" and m.body.get("severity") == "S2" and m.here),
]


def each_filter_gives_what_it_names(tree):
    sindh = tree["pk.sindh"]
    # Mostly from the log, then all from the index, that a start makes.
    for _ in range(2):
        everything = sindh.records()
        last = everything[-1].position

        def positions(limit, **fields):
            return [m.position for m in asked(sindh, limit, **fields) if m.position <= last]

        for fields, wanted in FILTERS:
            right = [m.position for m in everything if wanted(m)]
            for limit in (1000, 3):
                up = positions(limit, **fields)
                need(up == right, f"{fields}: {up}, not {right}")
                down = positions(limit, back=True, **fields)
                need(down == right[::-1], f"{fields} downwards: {down}, not {right[::-1]}")
        sindh.stop()
        sindh.start()
    note(f"{len(everything)} messages, {len(FILTERS)} filters")


def since_a_time_nothing_older_is_listed(tree):
    sindh = tree["pk.sindh"]
    taken = sorted(record["taken"] for record in sindh.ask("read", after=0)["records"])
    middle = taken[len(taken) // 2]
    for fields in ({}, {"back": True}, {"kinds": ["advisory"], "back": True}):
        answer = sindh.ask("read", after=0, since=middle, limit=1000, **fields)
        need(answer["records"], f"{fields}: nothing since then")
        need(all(record["taken"] >= middle for record in answer["records"]), f"{fields}: older")
    need(len(sindh.ask("read", after=0, since=middle, limit=1000)["records"]) ==
         len([one for one in taken if one >= middle]), "not all since then")
    need(not sindh.ask("read", after=0, since=taken[-1] + 10**7, back=True)["records"], "later")


def what_was_replaced_or_withdrawn_says_so(tree):
    pk, sindh = tree["pk"], tree["pk.sindh"]
    first = advisory(pk, "NCERT-9", "S1", "pk.**")
    second = advisory(pk, "NCERT-9", "S2", "pk.**", replaces=first["ref"])
    until(lambda: sindh.holds(second["id"]), "it arrives")

    def standing(of):
        records = sindh.ask("read", after=0, back=True, kinds=["advisory"])["records"]
        return next(record for record in records if record["leaf"] == of["leaf"]).get("standing")

    need(standing(first) == {"state": "replaced", "by": second["ref"], "id": second["id"]},
         f"{standing(first)}")
    need(standing(second) is None, "the newest one stands")
    third = advisory(pk, "NCERT-9", "S2", "pk.**", replaces=second["ref"],
                     body={"status": "withdrawn"})
    until(lambda: sindh.holds(third["id"]), "it arrives")
    for one in (first, second):
        need(standing(one) == {"state": "withdrawn", "by": third["ref"], "id": third["id"]},
             f"{standing(one)}")


def what_waits_is_listed_with_the_neighbours_that_it_waits_for(tree):
    sindh, kpt = tree["pk.sindh"], tree["pk.sindh.kpt"]
    until(lambda: not asked(sindh, waiting=True), "nothing waits")
    kpt.stop()
    texts = [f"in the meantime {turn}" for turn in range(5)]
    for text in texts:
        sindh.say(text, "pk.sindh.kpt")
    until(lambda: len(asked(sindh, waiting=True, kinds=["note"])) == 5, "they wait")
    for back in (False, True):
        answer = sindh.ask("read", after=0, waiting=True, kinds=["note"], back=back)
        found = [Message(record).text for record in answer["records"]]
        need(found == (texts[::-1] if back else texts), f"{found}")
        need(all(record["waits"] == ["pk.sindh.kpt"] for record in answer["records"]), "whom")
    kpt.start()
    until(lambda: not asked(sindh, waiting=True), "nothing waits any more")
    tree["pk"].stop()
    sindh.say("up", "pk")
    need([record["waits"] for record in
          sindh.ask("read", after=0, waiting=True, kinds=["note"])["records"]] == [["pk"]], "pk")
    tree["pk"].start()


def what_a_neighbour_has_waits_for_nobody_though_its_word_of_it_was_lost(tree):
    sindh, kpt = tree["pk.sindh"], tree["pk.sindh.kpt"]
    until(tree.connected, "connected")
    last = sindh.say("just before", "pk.sindh.kpt")
    until(lambda: kpt.holds(last), "it has arrived")
    sindh.kill()
    sindh.start()
    until(tree.connected, "connected again")
    kpt.stop()
    until(lambda: not asked(sindh, waiting=True, kinds=["note"]), "nothing waits")
    kpt.start()


def a_question_that_cannot_be_meant_is_refused(tree):
    sindh = tree["pk.sindh"]
    for fields, word in (({"severities": ["S9"]}, "undetermined"), ({"from": "@energy"}, "subtree"),
                         ({"from": "PK SINDH"}, "subtree"), ({"since": -1}, "since"),
                         ({"except": 7}, "except"), ({"limit": 1001}, "limit")):
        try:
            sindh.ask("read", after=0, **fields)
        except Refused as refused:
            need(refused.reason == "usage" and word in refused.detail, f"{refused}")
            continue
        need(False, f"{fields} was answered")


prove(each_filter_gives_what_it_names, since_a_time_nothing_older_is_listed,
      what_was_replaced_or_withdrawn_says_so,
      what_waits_is_listed_with_the_neighbours_that_it_waits_for,
      what_a_neighbour_has_waits_for_nobody_though_its_word_of_it_was_lost,
      a_question_that_cannot_be_meant_is_refused, on=setup)
