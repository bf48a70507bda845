#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""The Cabinet subscribes, the broker drafts, an officer approves, the Cabinet reads; and what
happens when nobody does."""

import json
import time
import xml.dom.minidom

from support import AMBER, FAULTY, need, prove, until
from support_terminal import Terminal, drafts, fills

WEEK = 8 * 86400 * 1000
HOSTILE = "<script>alert('x')</script> & \"\u202egnp.exe"


def ahead(broker, ms):
    """The same broker, with timers that are so far ahead."""
    if not broker.dead():
        broker.stop()
    broker.launch(env={"CERTBUS_AHEAD": str(ms)}, program=FAULTY)
    until(broker.answers, f"{broker.name} answers")


def of_kind(broker, kind):
    return [record for record in broker.records() if record.kind == kind]


def shown(broker, *words):
    return json.loads(broker.certbus("--json", *words))


def report(broker, title, **fields):
    body = {"title": title, "description": "what is known",
            "times": {"aware": int(time.time() * 1000)},
            "severity": "S1", "type": "malicious-code/infected-system", "sector": "maritime",
            "province": "sindh", **fields}
    return broker.publish("incident", body, ["pk"], tlp=AMBER, climb="pk")["id"]


def hierarchy(tree):
    pk = tree.join("pk")
    cabinet = tree.join("pk.cabinet", "observer")
    kpt = tree.join("pk.kpt", "organisation", ["maritime"])
    cabinet.certbus("subscribe", "pk", "bulletin", "--edition", "cabinet", "--by", "Director")
    until(lambda: of_kind(pk, "subscription"), "the subscription is there")
    return pk, cabinet, kpt


def drafted(pk):
    ahead(pk, WEEK)
    return until(lambda: pk.ask("bulletin").get("draft"), "there is a draft")


def the_cabinet_reads_what_an_officer_approved(tree):
    pk, cabinet, kpt = hierarchy(tree)
    report(kpt, HOSTILE)
    until(lambda: of_kind(pk, "incident"), "the report is there")
    drafted(pk)
    draft = shown(pk, "bulletin")
    need(draft["mark"] == "DRAFT", f"it is no draft: {draft['mark']}")
    need("no headline" in pk.certbus("bulletin", "--approve", "--by", "Director", expect=1),
         "it was approved without a headline")
    pk.certbus("bulletin", "--edit", "--headline", "A quiet week", "--threat-level", "guarded",
               "--outlook", "Nothing is expected.", "--headline-ur", "ایک پرسکون ہفتہ")
    pk.certbus("bulletin", "--approve", "--by", "Director")
    got = until(lambda: of_kind(cabinet, "bulletin"), "the Cabinet has it")
    until(lambda: len(of_kind(cabinet, "bulletin")) == 2, "and the other edition")
    need({tuple(one.audience) for one in got} <= {("pk.cabinet",), ("pk.**",)}, "to whom it went")

    read = shown(cabinet, "bulletin")
    need(read["mark"] == "" and read["body"]["status"] == "final", "the Cabinet reads a draft")
    message = read["message"]
    need(message["tlp"] == "TLP:AMBER" and message["by"] == "Director", f"who: {message}")
    need(read["body"]["open"][0]["title"] == HOSTILE, "the case is not named")
    page = cabinet.certbus("bulletin", "--html")
    need("<script" not in page and "&lt;script&gt;" in page, "a title is markup")
    need("\u202e" not in page, "a title turns the writing around")
    need("ایک پرسکون ہفتہ" in page and 'dir="rtl"' in page, "the Urdu headline is not there")
    need(message["code"] in page and "http:" not in page.replace("http://www.w3.org/1999/xhtml", ""),
         "no code, or something is fetched")
    xml.dom.minidom.parseString(page)
    need(page.count('content:"TLP:AMBER"') == 2, "a sheet does not say its TLP above and below")
    need("A quiet week" in cabinet.certbus("bulletin"), "the text has no headline")

    again = pk.certbus("bulletin", "--approve", "--by", "Director", expect=1)
    need("was approved" in again, f"it was approved twice: {again}")
    need(len(of_kind(pk, "bulletin")) == 4, "more than a draft, its words, and two editions")

    green = until(lambda: of_kind(kpt, "bulletin"), "everybody has the community edition")
    need(len(green) == 1 and green[0].body["edition"] == "community", "another edition got there")
    said = kpt.certbus("--json", "bulletin")
    for name in ("kpt", "maritime", "script", "The pk.kpt"):
        need(name not in said.replace("pk.cabinet", ""), f"the community edition says {name}")


def an_officer_writes_its_words_in_an_editor(tree):
    pk, cabinet, kpt = hierarchy(tree)
    report(kpt, "The berths are closed")
    until(lambda: of_kind(pk, "incident"), "the report is there")
    drafted(pk)
    seen = fills("form", "Headline: KPT is down\nThreat level: high\nOutlook:\nTwo lines,\nnot one.\n")
    terminal = Terminal(tree, "pk", "bulletin", "--edit", editor=seen)
    terminal.shows("Send it?")
    terminal.type("yes")
    terminal.ends()
    body = until(lambda: shown(pk, "bulletin")["body"], "it is stored")
    need(body["headline"] == "KPT is down" and body["outlook"] == "Two lines,\nnot one.", body)
    need(body["open"] and not drafts(), "the tables are gone, or a draft is left")
    said = pk.certbus("bulletin", "--approve", "--by", "Director", expect=1)
    need("names kpt" in said, f"a name goes to everybody: {said}")
    need(len(of_kind(pk, "bulletin")) == 2, "something was published")
    pk.certbus("bulletin", "--edit", "--green-headline", "A port operator is down")
    pk.certbus("bulletin", "--approve", "--by", "Director")
    until(lambda: len(of_kind(cabinet, "bulletin")) == 2, "the Cabinet has both")
    need(shown(cabinet, "bulletin")["body"]["headline"] == "KPT is down", "the Cabinet's headline")
    until(lambda: of_kind(kpt, "bulletin"), "and everybody the other")
    need(shown(kpt, "bulletin")["body"]["headline"] == "A port operator is down", "the other")


def unsubscribing_ends_it(tree):
    pk, cabinet, _ = hierarchy(tree)
    need(pk.ask("bulletin").get("next"), "nothing is due")
    cabinet.certbus("unsubscribe", "pk", "bulletin")
    until(lambda: not pk.ask("bulletin").get("next"), "nothing is due any more")
    need("does not subscribe" in cabinet.certbus("unsubscribe", "pk", "bulletin", expect=1),
         "it ended twice")
    ahead(pk, WEEK)
    cabinet.certbus("subscribe", "pk", "bulletin", "--edition", "cabinet")
    until(lambda: pk.ask("bulletin").get("draft"), "who subscribes again gets the next one")
    need(len(of_kind(pk, "bulletin")) == 1, "there is one for the time without subscribers")


def a_draft_that_nobody_approves_wakes_somebody(tree):
    pk, cabinet, kpt = hierarchy(tree)
    need("is for observers" in kpt.certbus("subscribe", "pk", "bulletin", "--edition", "cabinet",
                                           expect=1), "an organisation gets the names")
    drafted(pk)
    alarm = until(lambda: of_kind(pk, "alarm"), "there is an alarm")[0]
    need(alarm.body["what"] == "bulletin" and alarm.body["clock"] == "bulletin-approve",
         f"another alarm: {alarm.body}")
    need(tuple(alarm.thread[:1]) == ("pk",), "it is not about the draft")
    pk.stop()
    pk.start()
    need(len(of_kind(pk, "alarm")) == 1 and len(of_kind(pk, "bulletin")) == 1,
         "a restart makes another one")
    need(not of_kind(cabinet, "bulletin"), "a draft left the party")


prove(the_cabinet_reads_what_an_officer_approved, an_officer_writes_its_words_in_an_editor,
      unsubscribing_ends_it, a_draft_that_nobody_approves_wakes_somebody)
