# SPDX-License-Identifier: Apache-2.0
"""Who has never heard of a TLP reports an incident at three in the morning."""
# asan: yes

import json
import pathlib

from support import need, prove, until
from support_terminal import Terminal, drafts


def setup(tree):
    pk, sindh, kpt = tree.chain()
    pathlib.Path("contact.json").write_text(json.dumps(
        {"officer": "Duty desk", "phone_day": "+92 21 1110000", "phone_night": "+92 300 2220000"}))
    sindh.certbus("contact", "contact.json")
    until(lambda: any(record.kind == "contact" for record in kpt.records()), "the contact came")


def reports(tree, party="pk.sindh.kpt"):
    return sorted(json.loads(tree[party].certbus("--json", "list", "--kind", "incident")),
                  key=lambda message: message["position"])


def clerk(tree, *words, **more):
    return Terminal(tree, "pk.sindh.kpt", "report", *words, **more)


def eight_answers_become_a_report_with_a_case_and_a_telephone(tree):
    terminal = clerk(tree)
    terminal.shows("1. What happened?").type("?").shows("In your own words")
    terminal.shows("1. What happened?").type("").shows("This one is needed")
    terminal.shows("1. What happened?").type("All files on the mail server are encrypted.")
    terminal.shows("  ").type("\u062a\u0627\u0648\u0627\u0646 \u0645\u0627\u0646\u06af\u0627.").shows("  ").type("?") \
        .shows("In your own words").shows("  ").type("")
    terminal.shows("2. Since when do you know?").type("soon").shows("is no time", "2 hours ago")
    terminal.shows("2. Since when").type("2 hours ago")
    terminal.shows("3. Does it still go on?").type("maybe").shows("yes, unknown or no expected")
    terminal.shows("3. Does it").type("haan")
    terminal.shows("4. What does not work now").type("No mail.")
    terminal.shows("5. How many").type("3 servers, 1400 users")
    terminal.shows("6. Who can we call").type("Ahmed Khan, duty officer, +92 21 0000000")
    terminal.shows("7. What have you done").type("")
    terminal.shows("7. And what help").type("Somebody who knows.")
    terminal.shows("8. May your CERT pass it on to pk?").type("yes")
    terminal.shows("This is your report", "encrypted", "7. What have you done so far?", "(not said)",
                   "malicious-code/infected-system", "S2: by rule", "TLP:AMBER",
                   "It goes to  pk.sindh, pk", "Send it?").type("5")
    terminal.shows("5. How many").type("3 servers").shows("3 servers", "Send it?").type("severity")
    terminal.shows("Which severity").type("S9").shows("It cannot be sent like this", "Send it?")
    terminal.type("severity").shows("Which severity").type("S1").shows("S1: as you say", "Send it?")
    terminal.type("yes").shows("Code  ", "Call pk.sindh, Duty desk: +92 ", "name the code of the case")
    terminal.ends(0)
    (report,) = reports(tree)
    body = report["body"]
    need(body["title"] == "All files on the mail server are encrypted", body)
    need("\u062a\u0627\u0648\u0627\u0646" in body["description"], body)
    need("?" not in body["description"], body)
    need(body["severity"] == "S1" and body["consent"] is True, body)
    need(body["reporter"]["phone_night"] == "+92 21 0000000", body)
    need("users" not in body["impact"], "a corrected answer")
    need(report["may_climb_to"] == "pk" and report["audience"] == ["pk", "pk.sindh"], report)
    need(not drafts(), f"answers are left: {drafts()}")
    until(lambda: len(reports(tree, "pk")) == 1, "it climbed")


def a_closed_terminal_keeps_the_answers(tree):
    before = len(reports(tree))
    clerk(tree).shows("1. What").type("A laptop was stolen.").shows("  ").type("") \
        .shows("2. Since").type("no idea").shows("Then now counts as the time at which you know of it") \
        .shows("3. Does").hang_up()
    terminal = clerk(tree)
    terminal.shows("A draft from ", "go on with it?").type("")
    terminal.shows("3. Does").interrupt().shows("your answers are kept").ends(1)
    terminal = clerk(tree)
    terminal.shows("go on with it?").type("y").shows("3. Does")
    for _ in range(6):
        terminal.type("")
    terminal.shows("8. May").type("no")
    terminal.shows("A laptop was stolen.", "intrusions/burglary", "It goes to  pk.sindh", "Send it?")
    terminal.type("").shows("nothing was sent; your answers are kept").ends(1)
    need(len(drafts()) == 1, f"{drafts()}")
    need(len(reports(tree)) == before, "something was sent")
    clerk(tree).shows("go on with it?").type("y").shows("Send it?").type("y").shows("Call ").ends(0)
    need(reports(tree)[-1]["audience"] == ["pk.sindh"], "without consent it stays with the CERT")
    need(not drafts(), f"{drafts()}")


def options_answer_for_a_script(tree):
    kpt = tree["pk.sindh.kpt"]
    told = kpt.certbus("report", "--what", "The portal is slow.", "--since", "1 hour ago",
                       "--consent", "no", "--help-wanted", "none", "--type", "availability/outage")
    need("Call pk.sindh" in told and "  incident  " in told, told)
    body = reports(tree)[-1]["body"]
    need(body["type"] == "availability/outage" and body["severity"] == "S4", body)
    told = kpt.certbus("report", "--what", "The portal is away.", "--since", "don't know")
    need("now counts as the time at which you know of it" in told, told)
    need("aware" in reports(tree)[-1]["body"]["times"], "a time")
    need("--since: since when do you know?" in kpt.certbus("report", "--what", "x", expect=2), "since")
    need("--ongoing: 'maybe'" in kpt.certbus("report", "--what", "x", "--since", "now", "--ongoing",
                                             "maybe", expect=2), "ongoing")
    need("FILE, or --what" in kpt.certbus("report", expect=2), "nothing at all")
    told = tree["pk.sindh"].certbus("report", "--what", "x", "--since", "now")
    need("Your CERT pk has told no duty telephone" in told, told)


def what_is_no_report_is_called_what_it_is(tree):
    kpt = tree["pk.sindh.kpt"]
    files = {"a.pdf": (b"%PDF-1.7\n", "a PDF; attach it"), "b.docx": (b"PK\x03\x04..", "office document"),
             "c.png": (b"\x89PNG\r\n", "a picture"), "d.txt": ("{}".encode("utf-16"), "UTF-16"),
             "e.json": (b"", "this is empty")}
    for name, (data, what) in files.items():
        pathlib.Path(name).write_bytes(data)
        told = kpt.certbus("report", name, expect=1)
        need(what in told and name in told, told)
    pathlib.Path("folder").mkdir()
    need("directory" in kpt.certbus("report", "folder", expect=1), "a folder")


prove(eight_answers_become_a_report_with_a_case_and_a_telephone,
      a_closed_terminal_keeps_the_answers, options_answer_for_a_script,
      what_is_no_report_is_called_what_it_is, on=setup)
