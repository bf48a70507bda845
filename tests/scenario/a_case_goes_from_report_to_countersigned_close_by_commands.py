# SPDX-License-Identifier: Apache-2.0
"""A duty officer's hand: steps of a case as commands, the handover, and who may what."""
# asan: yes

import json
import os
import pathlib
import re
import signal
import time

from support import need, note, prove, until
from support_terminal import Terminal

YEARS = "2020-01-01"


def three(tree):
    tree.chain()


def parties(tree):
    return tree["pk"], tree["pk.sindh"], tree["pk.sindh.kpt"]


def case(broker, ident):
    return json.loads(broker.certbus("--json", "show", ident))["case"]


def everywhere(tree, ident, key, value):
    """At each holder of the same messages the case is the same."""
    for broker in parties(tree):
        until(lambda b=broker: case(b, ident)[key] == value, f"{key} is {value} at {broker.name}")


def reported(tree, what):
    _, _, kpt = parties(tree)
    made = json.loads(kpt.certbus("--json", "report", "--yes", "--consent", "yes", "--what", what,
                                  "--since", "1 hours ago"))
    for broker in parties(tree):
        until(lambda b=broker: b.holds(made["id"]), f"the report is at {broker.name}")
    return made["id"]


def signed(broker):
    """What people have signed there; brokers tell each other things by themselves."""
    return [one.id for one in broker.records() if one.origin == broker.name
            and one.kind in ("incident", "update", "note", "handover")]


def refuses(broker, said, *words, code=1):
    """One clear line, and nothing changed."""
    before = signed(broker)
    shown = broker.certbus(*words, expect=code)
    # What may have been meant instead is listed below the line.
    lines = [line for line in shown.splitlines() if not line.startswith("  ")]
    need(said in shown and len(lines) == 1, f"{words}: {shown}")
    need(signed(broker) == before, f"{words}: something was stored")


def a_case_goes_from_its_report_to_a_countersigned_close(tree):
    _, sindh, kpt = parties(tree)
    ident = reported(tree, "Servers are gone")
    need("Servers are gone" in sindh.certbus("cases"), "a list of cases")

    said = sindh.certbus("ack", ident, "--by", "S. Ahmed", "--next-update", "in 2 hours")
    need(f"acknowledge of {ident}" in said and "to pk.sindh.kpt, pk" in said, said)
    everywhere(tree, ident, "stage", "acknowledged")
    sindh.certbus("triage", ident, "--severity", "S2", "--type", "availability/outage")
    sindh.certbus("assign", ident, "S. Ahmed")
    everywhere(tree, ident, "assignee", "S. Ahmed")
    sindh.certbus("update", ident, "-m", "We are looking at it.")
    sindh.certbus("ask", ident, "Are the backups intact?")
    until(lambda: case(kpt, ident)["questions"], "the question is there")
    need("Are the backups intact?" in kpt.certbus("show", ident), "it is shown")
    need([one["id"] for one in json.loads(kpt.certbus("--json"))["questions"]] == [ident],
         "and on the board")
    kpt.certbus("answer", ident, "-", stdin="Yes, checked at 02:10.\n")
    kpt.certbus("contain", ident, "--at", "10 min ago")
    kpt.certbus("recover", ident, "-m", "From yesterday's backup.")
    everywhere(tree, ident, "stage", "recovered")

    kpt.certbus("close", ident, "--root-cause", "a shared password", "--lessons", "two factors")
    everywhere(tree, ident, "stage", "recovered")
    until(lambda: case(sindh, ident)["proposed"], "the proposal is there")
    refuses(kpt, "only the lead", "close", ident, "--accept", "--by", "A")
    sindh.certbus("close", ident, "--accept", "--by", "S. Ahmed")
    everywhere(tree, ident, "stage", "closed")
    report = json.loads(sindh.certbus("--json", "show", case(sindh, ident)["report"]))["body"]
    need(report["root_cause"] == "a shared password", "the report is what kpt has written")
    need([one["text"].split(":")[0] for one in report["timeline"]][:2]
         == ["known to be an incident", "contained"], f"its timeline: {report['timeline']}")
    signed = [one["id"] for one in case(sindh, ident)["timeline"]
              if one["step"] == "close" and one["origin"] == "pk.sindh"]
    clocks = json.loads(sindh.certbus("--json", "show", signed[0]))["body"]["clocks"]
    need([one["met"] for one in clocks if one["clock"] in ("acknowledge", "close")]
         == [True, True], f"the lead's clocks: {clocks}")
    need(ident not in sindh.certbus("cases") and ident in sindh.certbus("cases", "--closed"),
         "it is no open case any more")
    shown = sindh.certbus("show", ident)
    need("void" not in shown and "<U+000A>" not in shown, f"each step is one line: {shown}")

    kpt.certbus("reopen", ident, "--why", "The same account was used again.")
    everywhere(tree, ident, "stage", "reopened")
    note(f"{case(sindh, ident)['steps']} steps")


def who_looks_at_a_case_is_told_what_to_type_next(tree):
    _, sindh, kpt = parties(tree)
    long = "The gate is down and nobody knows for how long " * 4
    ident = reported(tree, f"{long}\nIt began at night.")
    shown = sindh.certbus("show", ident)
    need(f"Next: certbus ack {ident} --by NAME" in shown, f"the lead acknowledges: {shown}")
    need("certbus update, ack, assign, triage" in shown, f"commands, as they are typed: {shown}")
    need("U+000A" not in shown and "It began at night." in shown, f"text on one line: {shown}")
    title = json.loads(sindh.certbus("--json", "show", ident))["case"]["title"]
    need(title.endswith("...") and (long + " ").startswith(title[:-3] + " "),
         f"a long title is cut between words: {title}")
    need("Next:" not in kpt.certbus("show", ident), "nothing waits for who has reported")
    desk = Terminal(tree, "pk.sindh", "triage", ident, "--type", "availability/outage",
                    "--duplicate-of", reported(tree, "The same"), "--by", "S. Ahmed")
    desk.shows("type         availability/outage", "repeats      pk.sindh.kpt/1-",
               "by           S. Ahmed", "Send it?").type("no").ends(1)
    sindh.certbus("ack", ident, "--by", "S. Ahmed")
    sindh.certbus("ask", ident, "How long\nwill it take?")
    until(lambda: case(kpt, ident)["questions"], "the question is there")
    shown = kpt.certbus("show", ident)
    need(f"Next: certbus answer {ident}" in shown and "How long will it take?" in shown,
         f"who is asked answers: {shown}")
    asked = case(sindh, ident)["questions"][0]["id"]
    need("acknowledge" in sindh.certbus("show", asked), "a step without words is named by itself")
    kpt.certbus("answer", ident, "An hour.")
    kpt.certbus("close", ident, "--root-cause", "a cable", "--lessons", "two cables")
    until(lambda: case(sindh, ident)["proposed"], "the proposal is there")
    need(f"Next: certbus close {ident} --accept" in sindh.certbus("show", ident), "to be signed")
    sindh.certbus("close", ident, "--accept", "--by", "S. Ahmed")
    until(lambda: "silence" in sindh.certbus("clocks", "--class", "silence"), "its clock runs")
    said = sindh.certbus("clocks")
    need("silence" not in said, f"who may still be silent is no news: {said}")
    need("every clock" not in sindh.certbus("breaches", "pk.nobody"), "nobody is praised unknown")


def what_is_wrong_is_one_line_and_changes_nothing(tree):
    pk, sindh, kpt = parties(tree)
    ident = reported(tree, "A mistake")
    own = json.loads(sindh.certbus("--json", "report", "--yes", "--what", "ours", "--since",
                                   "1 hours ago"))["id"]
    until(lambda: pk.holds(own), "it is at pk")
    asked = sindh.say("no question", "pk.sindh")
    refuses(sindh, "no message here is meant by", "update", "kpt/1-999", "-m", "x")
    refuses(kpt, "no message here is meant by", "update", own, "-m", "x")
    refuses(kpt, "only the lead", "triage", ident, "--severity", "S1")
    refuses(kpt, "only the lead", "ack", ident, "--by", "Z")
    refuses(sindh, "(illegal-step)", "reopen", ident, "--why", "x")
    refuses(sindh, "possible now: ", "answer", ident, "yes", "--question", asked)
    refuses(sindh, "no question to pk.sindh is open", "answer", ident, "yes")
    refuses(sindh, "the open cases: certbus cases", "ack", "kpt", "--by", "A")
    refuses(sindh, "what is it? --severity", "triage", ident, code=2)
    refuses(sindh, "is past", "ack", ident, "--by", "A", "--next-update", YEARS, code=2)
    refuses(sindh, "--by OFFICER", "ack", ident, code=2)
    refuses(sindh, "is no audience", "transfer", ident, "Not A Party", "--why", "x")
    refuses(sindh, "pk.sindh.kpt is organisation: a case is led by a CERT", "transfer", ident,
            "pk.sindh.kpt", "--why", "x")
    refuses(kpt, "period: this month or one of the last ten years", "nil-return", "--period",
            f"{time.gmtime().tm_year + 1}-12", "--yes")
    refuses(sindh, "no closing report waits", "close", ident, "--accept", "--by", "A")
    refuses(sindh, "who? --by OFFICER", "close", ident, "--accept", code=2)
    refuses(sindh, "what is the report?", "close", ident, code=2)


def an_officer_does_what_he_may_and_nobody_speaks_for_another(tree):
    _, sindh, _ = parties(tree)
    ident = reported(tree, "Who may what")
    file = pathlib.Path(sindh.home, "certbus.conf")
    before = file.read_text()
    me = os.getuid()
    file.write_text(before + f"""officers = (
        {{ name = "A. Amin"; user = "{me}"; may = [ "acknowledge", "update", "note" ]; }},
        {{ name = "B. Baig"; user = "{me}"; may = [ "case" ]; }},
        {{ name = "C. Chaudhry"; user = "{me + 1}"; may = [ "*" ]; }} );\n""")
    sindh.process.send_signal(signal.SIGHUP)
    until(lambda: "A. Amin" in sindh.certbus("config"), "the setting is in force")
    refuses(sindh, "A. Amin may not: triage; who may: B. Baig", "triage", ident, "--severity",
            "S3", "--by", "A. Amin")
    refuses(sindh, "C. Chaudhry acts as user", "update", ident, "-m", "x", "--by", "C. Chaudhry")
    refuses(sindh, "Z. Zafar is no officer of this party; who may: ", "update", ident, "-m", "x",
            "--by", "Z. Zafar")
    refuses(sindh, "an officer has to answer for update: --by NAME", "update", ident, "-m", "x")
    sindh.certbus("ack", ident, "--by", "A. Amin")
    sindh.certbus("triage", ident, "--severity", "S3", "--by", "B. Baig")
    until(lambda: case(sindh, ident)["severity"] == "S3", "who may, does")
    file.write_text(before)
    sindh.process.send_signal(signal.SIGHUP)
    until(lambda: "A. Amin" not in sindh.certbus("config"), "it is gone")
    sindh.certbus("update", ident, "-m", "everybody may again")


def a_shift_is_handed_over_signed_and_never_leaves(tree):
    pk, sindh, _ = parties(tree)
    ident = reported(tree, "Still open at seven")
    need("no shift was handed over" in sindh.certbus("handover", "--last", expect=1), "none yet")
    sindh.certbus("ask", ident, "Who saw it first?")
    said = sindh.certbus("handover", "--to", "K. Khan", "--note", "KPT calls at 07:00.", "--by",
                         "S. Ahmed")
    need("Still open at seven" in said and "Who saw it first?" in said, said)
    need("reaches nobody" not in said, f"it is meant to stay: {said}")
    need("to pk.sindh, this party alone" in said and "warning" not in said, said)
    last = json.loads(sindh.certbus("--json", "handover", "--last"))
    need(last["by"] == "S. Ahmed" and last["body"]["successor"] == "K. Khan", last)
    need(last["tlp"] == "TLP:AMBER" and last["audience"] == ["pk.sindh"], last)
    mine = [one for one in last["body"]["cases"] if one["title"] == "Still open at seven"]
    need(mine and mine[0]["clock"] == "acknowledge" and mine[0]["due"], last["body"])
    need(last["body"]["questions_count"] == len(last["body"]["questions"]) >= 1, "the question")
    need(re.search(r"KPT calls at 07:00", sindh.certbus("handover", "--last")), "the note")
    need(not any(one.kind == "handover" for one in pk.records()), "it left the party")


prove(a_case_goes_from_its_report_to_a_countersigned_close,
      who_looks_at_a_case_is_told_what_to_type_next,
      what_is_wrong_is_one_line_and_changes_nothing,
      an_officer_does_what_he_may_and_nobody_speaks_for_another,
      a_shift_is_handed_over_signed_and_never_leaves,
      on=three)
