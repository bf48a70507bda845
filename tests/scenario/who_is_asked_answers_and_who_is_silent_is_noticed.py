#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""Questions to the tree, silence and nil-returns, and what several have seen, with real brokers.

The clock of silence is two seconds here; everything else is as in the policy.
"""

import json
import pathlib
import re
import sqlite3
import time

import support
from support import AMBER, GREEN, Failed, Refused, certbus, need, prove, until

RULES = b"scasework\0"  # in the table of single values (broker/tables.h)
DOMAIN = "login[.]Evil.example"


def a_country(tree):
    text = support.POLICY.read_text()
    text = re.sub(r'(clock = "silence"; role = "\*"; limit = )"24 h"', r'\1"2 s"', text)
    need('"2 s"', "the clock is there")
    own = pathlib.Path("policy.cfg").resolve()
    own.write_text(text)
    support.POLICY = own
    tree.join("pk")
    tree.join("pk.sindh", "provincial")
    tree.join("pk.punjab", "provincial")
    for name in ("pk.sindh.kpt", "pk.sindh.port", "pk.punjab.pitb"):
        tree.join(name)


def each_party_below_is_there_and_the_answer_is_signed_by_who_knows(tree):
    pk = tree["pk"]
    until(lambda: {row["name"]: row["open"] for row in presence(pk)["parties"]} ==
          {name: True for name in tree.brokers if name != "pk"}, "everybody is there")
    shown = pk.certbus("tree", "--live", "pk.sindh")
    need(re.search(r"pk\.sindh\.kpt .* open since .* certbus ", shown), shown)
    need("pk.punjab" not in shown, f"of sindh alone: {shown}")
    need(presence(tree["pk.sindh"], "pk.sindh.**")["silent"] == [], "a province asks below")


def presence(broker, *terms, deadline=5000):
    return broker.ask("ask", question="presence", audience=list(terms or [f"{broker.name}.**"]),
                      deadline=deadline)


def refusal(broker, *terms, question="presence"):
    try:
        broker.ask("ask", question=question, audience=list(terms), deadline=1000,
                   arguments={"hash": bytes(32)})
    except Refused as refused:
        return refused.reason
    raise Failed("it is answered")


def who_has_no_right_to_ask_is_refused(tree):
    kpt = tree["pk.sindh.kpt"]
    need(refusal(kpt, "pk.**") == "no-grant", "an organisation asks above")
    need(refusal(tree["pk.sindh"], "pk") == "no-grant", "a province above")
    need(refusal(tree["pk.sindh"], "pk.sindh.none") == "not-found", "of nobody")
    need(refusal(tree["pk"], "pk.**", question="weather") == "no-such-question", "the weather")


def the_contact_is_the_newest_and_its_own(tree):
    pk, kpt = tree["pk"], tree["pk.sindh.kpt"]
    tree["pk.sindh"].certbus("contact", "--officer", "Sindh desk", "--yes")
    told = json.loads(kpt.certbus("--json", "contact", "pk.sindh", "--now"))
    need(told["contact"]["officer"] == "Sindh desk" and told["by"] == "pk.sindh", f"{told}")
    kpt.certbus("contact", "--officer", "Port desk", "--yes")
    until(lambda: "Port desk" in pk.certbus("contact", "pk.sindh.kpt", "--now"), "kpt's own")


def incident(broker, to, values, tlp, kind="malicious-code/c2-server"):
    body = {"title": "seen", "description": "as it is", "times": {"aware": int(time.time() * 1000)},
            "severity": "S3", "type": kind,
            "indicators": [{"type": "domain", "value": value} for value in values]}
    return broker.publish("incident", body, [to], tlp=tlp)["id"]


def patterns(broker):
    return [record.body for record in broker.records() if record.kind == "alarm"
            and record.body["what"] == "pattern"]


def what_two_have_seen_alarms_the_cert_above_both_and_no_other(tree):
    pk, sindh, punjab = (tree[name] for name in ("pk", "pk.sindh", "pk.punjab"))
    incident(tree["pk.sindh.kpt"], "pk.sindh", [DOMAIN], AMBER)
    incident(tree["pk.sindh.port"], "pk.sindh", ["LOGIN.EVIL.EXAMPLE."], GREEN)
    until(lambda: patterns(sindh), "sindh is alarmed")
    need("login.evil.example" in patterns(sindh)[0]["title"], f"{patterns(sindh)}")
    until(lambda: len([r for r in pk.records() if r.kind == "sighting"]) == 2, "pk knows of both")
    need(not patterns(pk), "which is for sindh alone")
    # A third, elsewhere: now the CERT above all of them is the national one.
    incident(tree["pk.punjab.pitb"], "pk.punjab", ["login.evil.example"], AMBER)
    until(lambda: patterns(pk), "pk is alarmed")
    alarm = patterns(pk)[0]
    need(alarm["count"] == 3, f"{alarm}")
    need("evil" not in json.dumps(alarm), f"pk has no case with it: {alarm}")
    need("pk.sindh" not in json.dumps(alarm), f"nobody is named: {alarm}")
    need(len(patterns(sindh)) == 1 and not patterns(punjab), "nobody else, and once")
    said = b"".join(record.envelope for record in pk.records() if record.kind == "sighting")
    need(b"evil" not in said and b"pk.sindh.kpt" not in said and b"pk.punjab.pitb" not in said,
         "a sighting has hashes, and no name where TLP keeps it")
    need(b"pk.sindh.port" in said, "GREEN may be named")


def seen_answers_with_counts_and_few_are_not_counted(tree):
    pk = tree["pk"]
    seen = json.loads(pk.certbus("--json", "seen", DOMAIN))
    places = {place["name"]: (place["count"], place["fewer"]) for place in seen["places"]}
    need(places == {"pk.sindh": (0, 5), "pk.punjab": (0, 5)}, f"{places}")
    need(seen["total"]["least"] and seen["total"]["count"] == 2, f"{seen['total']}")
    need([place["parties"] for place in seen["places"] if place["name"] == "pk.sindh"] ==
         [["pk.sindh.port"]], f"{seen}")
    need("fewer than 5" in pk.certbus("seen", DOMAIN, "--below", "pk.punjab"), "in words")
    own = json.loads(tree["pk.sindh"].certbus("--json", "seen", DOMAIN))
    need({place["name"]: place["count"] for place in own["places"]} ==
         {"pk.sindh.kpt": 1, "pk.sindh.port": 1}, f"of its own organisations a CERT knows: {own}")
    need(own["total"]["fewer"] == 5, f"{own}")
    need("nobody" in pk.certbus("seen", "192.0.2.7"), "what nobody has seen")
    need("no address" in certbus("-C", pk.home, "seen", "an invoice", expect=1), "none")


def missing(broker, period):
    return json.loads(broker.certbus("--json", "nil-return", "--missing", "--period",
                                     period))["missing"]


def who_has_nothing_to_report_says_so_and_the_others_are_listed(tree):
    sindh = tree["pk.sindh"]
    answer = sindh.ask("missing")
    need(answer["of"] == 0, "nobody was enrolled in the month before")
    month = time.strftime("%Y-%m", time.gmtime(time.time() + 5 * 3600))
    need(missing(sindh, month) == [], "both have reported this month")
    tree.join("pk.sindh.quiet")
    until(lambda: missing(sindh, month) == ["pk.sindh.quiet"], "it has not")
    tree["pk.sindh.quiet"].certbus("nil-return", "--period", month, "--yes")
    until(lambda: missing(sindh, month) == [], "it has said that there was nothing")
    need("has said" in certbus("-C", tree["pk.sindh.quiet"].home, "nil-return", "--period", month,
                               "--yes", expect=1), "once is enough")
    need("month" in certbus("-C", sindh.home, "nil-return", "--missing", "--period", "soon",
                            expect=1), "no month")


def silent(broker, name):
    return [record.body for record in broker.records() if record.kind == "alarm"
            and record.body["what"] == "silent" and record.body["party"] == name]


def who_is_silent_raises_one_alarm_and_is_named_and_the_rest_answers(tree):
    sindh, pk = tree["pk.sindh"], tree["pk"]
    tree["pk.sindh.kpt"].stop()
    answer = presence(pk)
    need(answer["silent"] == ["pk.sindh.kpt"], f"{answer['silent']}")
    need({row["name"]: row["open"] for row in answer["parties"]}["pk.sindh.port"], "the rest")
    until(lambda: silent(sindh, "pk.sindh.kpt"), "sindh is alarmed")
    need("Port desk" in silent(sindh, "pk.sindh.kpt")[0]["call"], "and knows whom to call")
    until(lambda: "SILENT" in sindh.certbus("tree"), "the tree says so")
    contact = pk.certbus("contact", "pk.sindh.kpt", "--now", "--within", "2s")
    need("from pk.sindh\n" in contact and "No answer in time: pk.sindh.kpt" in contact, contact)
    tree["pk.sindh.kpt"].start()
    until(lambda: sindh.open_to("pk.sindh.kpt"), "it is back")
    until(lambda: "SILENT" not in sindh.certbus("tree"), "and it is cleared")
    need(len(silent(sindh, "pk.sindh.kpt")) == 1, "it was one alarm")
    need(not silent(sindh, "pk.sindh.port"), "who is connected is not silent")


def clocks(broker, *words):
    return [(row["class"], row["party"]) for row in
            json.loads(broker.certbus("--json", "clocks", *words))["clocks"]]


def rebuilt(broker):
    """As after an upgrade to a program that works cases and clocks out otherwise."""
    with sqlite3.connect(pathlib.Path(broker.name) / "journal.db") as db:
        changed = db.execute("UPDATE kv SET v = ? WHERE k = ?", (bytes([0] * 7 + [99]), RULES))
        need(changed.rowcount == 1, "the number of the rules is there")
    db.close()


def an_open_silence_outlasts_a_restart_and_a_rebuild_and_is_alarmed_once(tree):
    sindh = tree["pk.sindh"]
    before = len(silent(sindh, "pk.sindh.kpt"))
    tree["pk.sindh.kpt"].stop()
    until(lambda: len(silent(sindh, "pk.sindh.kpt")) > before, "sindh is alarmed")
    need(("silence", "pk.sindh.kpt") in clocks(sindh), clocks(sindh))
    for again in (lambda broker: None, rebuilt):
        sindh.stop()
        again(sindh)
        sindh.start()
        until(lambda: sindh.open_to("pk.sindh.port"), "the others are back")
        started = sindh.status()["now"]
        until(lambda: sindh.status()["now"] - started > 4000, "longer than it waits after a start")
        need("SILENT" in sindh.certbus("tree"), "its silence is forgotten")
        need(("silence", "pk.sindh.kpt") in clocks(sindh), clocks(sindh))
        need(len(silent(sindh, "pk.sindh.kpt")) == before + 1, "it is alarmed anew")
        need(not silent(sindh, "pk.sindh.port"), "who came back at once is alarmed")


def clocks_are_for_people(tree):
    sindh = tree["pk.sindh"]
    text = sindh.certbus("clocks")
    need("pk.sindh.kpt was last heard" in text, text)
    need("--all shows" in text and "nil-returns" not in text, text)
    until(lambda: ("silence", "pk.sindh.port") not in clocks(sindh), "who is heard is left out")
    need(("silence", "pk.sindh.port") in clocks(sindh, "--all"), clocks(sindh, "--all"))
    text = sindh.certbus("clocks", "--class", "return")
    need(re.search(r"pk\.sindh  reports or nil-returns of 20\d\d-\d\d", text), text)
    need(("silence", "pk.sindh.port") in clocks(sindh, "--class", "silence"), "of one class")
    need({found for found, _ in clocks(tree["pk"], "--all")} <= {"silence", "return", "case"},
         clocks(tree["pk"], "--all"))


prove(each_party_below_is_there_and_the_answer_is_signed_by_who_knows,
      who_has_no_right_to_ask_is_refused,
      the_contact_is_the_newest_and_its_own,
      what_two_have_seen_alarms_the_cert_above_both_and_no_other,
      seen_answers_with_counts_and_few_are_not_counted,
      who_has_nothing_to_report_says_so_and_the_others_are_listed,
      who_is_silent_raises_one_alarm_and_is_named_and_the_rest_answers,
      an_open_silence_outlasts_a_restart_and_a_rebuild_and_is_alarmed_once,
      clocks_are_for_people,
      on=a_country)
