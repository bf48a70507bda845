# SPDX-License-Identifier: Apache-2.0
"""`certbus` alone, `status`, `config`, `tree`: what they say is what is."""
# asan: yes

import json
import pathlib
import signal
import subprocess
import time

from support import CERTBUSD, need, note, prove, until

DAY = 86_400_000


def a_top_and_an_organisation(tree):
    tree.join("pk")
    tree.join("pk.kpt", "organisation", ["maritime"])


def board(broker):
    return json.loads(broker.certbus("--json"))


def now():
    return time.time_ns() // 1_000_000


def _advisory(broker, title, due, **fields):
    return broker.publish("advisory", {
        "number": title, "title": title, "severity": "S2", "summary": "s",
        "actions": [{"id": "A1", "text": f"do {title}", "due": due}]}, ["pk.**"], **fields)


def what_waits_for_a_person_is_on_the_board_and_what_is_done_is_not(tree):
    pk, kpt = tree["pk"], tree["pk.kpt"]
    need("pk.kpt is healthy" in kpt.certbus() and not board(kpt)["due"], "an empty board")
    late = _advisory(pk, "X-1", now() - DAY)
    _advisory(pk, "X-2", now() + 2 * DAY)
    _advisory(pk, "X-3", now() + 30 * DAY)
    until(lambda: len(board(kpt)["advisories"]) == 3, "three advisories are on the board")
    need([(one["action"], one["title"]) for one in board(kpt)["due"]]
         == [("A1", "do X-1"), ("A1", "do X-2")], "what is due soon, in its order")
    need("OVERDUE" in kpt.certbus() and not board(pk)["advisories"], "one's own asks nothing")

    withdrawn = pk.publish("advisory", {
        "number": "X-1", "title": "X-1", "severity": "S2", "summary": "s",
        "actions": [{"id": "A1", "text": "do X-1", "due": now() - DAY}],
        "status": "withdrawn"}, ["pk.**"], replaces=late["ref"])
    until(lambda: any(one["id"] == late["id"] and one["mark"] == "withdrawn"
                      for one in board(kpt)["advisories"]), "the withdrawn one is marked")
    need([one["title"] for one in board(kpt)["due"]] == ["do X-2"], "and asks nothing any more")
    need(withdrawn["id"], "an id")

    report = kpt.publish("incident", {
        "title": "Ransomware", "description": "d", "severity": "S1",
        "times": {"aware": now()}}, ["pk"], tlp=3)
    until(lambda: [one["id"] for one in board(pk)["incidents"]] == [report["id"]],
          "the incident is open")
    words = {"closed": ("close", "--root-cause", "x"), "reopened": ("reopen", "--why", "x")}
    for state in ("closed", "reopened", "closed"):
        pk.certbus(words[state][0], report["id"], *words[state][1:], "--again")
        until(lambda s=state: len(board(kpt)["cases"]) == (s != "closed"), f"{state} there")
        need(len(board(pk)["incidents"]) == (state != "closed"), f"{state} here")
    note(kpt.certbus().splitlines()[0])


def what_is_in_force_and_what_would_be_is_said_of_each_setting(tree):
    kpt = tree["pk.kpt"]

    def setting(name):
        return next(one for one in json.loads(kpt.certbus("--json", "config"))["settings"]
                    if one["name"] == name)

    need(setting("reserve_mb") == {"name": "reserve_mb", "value": "64", "from": "default"},
         "a default")
    need(setting("log_level")["from"] == "certbus.conf:2", "a line of the file")
    kpt.configure(reserve_mb=70, listen="tcp://127.0.0.1:*", tap="ipc:///tmp/none")
    before = setting("reserve_mb")
    need((before["value"], before["then"], before["then_when"]) == ("64", "70", "reload"),
         f"not yet: {before}")
    need(setting("tap")["then_when"] == "start", "the tap changes at the next start")
    kpt.process.send_signal(signal.SIGHUP)
    until(lambda: setting("reserve_mb")["value"] == "70", "it is in force")
    need("then" not in setting("reserve_mb") and setting("tap")["then_when"] == "start",
         "a reload does not pretend to what only a start can do")

    file = pathlib.Path(kpt.home, "certbus.conf")
    good = file.read_text()
    file.write_text("reserve_mb = -1;\nlog_levle = \"info\";\n")
    done = subprocess.run([CERTBUSD, "-C", kpt.home, "--check"], capture_output=True, text=True,
                          check=False)
    need(done.returncode == 1 and "certbus.conf:1: reserve_mb" in done.stderr
         and "certbus.conf:2: log_levle: no such setting; did you mean log_level?" in done.stderr,
         f"every problem: {done.stderr}")
    need("a reload would refuse the file" in kpt.certbus("config"), "config says so, too")
    file.write_text(good)


def who_is_away_is_drawn_and_a_broker_that_is_not_there_is_an_emergency(tree):
    pk, kpt = tree["pk"], tree["pk.kpt"]
    pk.kill()
    pk.start()
    said = json.loads(pk.certbus("--json", "status", "--wait", "20", "pk.kpt", expect=None))
    need(said["children"][0]["state"] == "OPEN", said)
    said = json.loads(kpt.certbus("--json", "status", "--wait", "20", expect=None))
    need(said["parent"]["state"] == "OPEN", said)
    said = pk.certbus("status", "--wait", "0", "pk.other", expect=1)
    need("pk.other is not connected after 0 s" in said and "party" in said, said)
    pk.certbus("status", "pk.kpt", expect=2)
    need("open since" in kpt.certbus("tree") and "+- pk.kpt" in kpt.certbus("tree"), "the tree")
    pk.kill()
    until(lambda: "away since" in kpt.certbus("tree"), "the parent is away")
    said = until(lambda: kpt.certbus("status", expect=1), "something to do")
    need(said.startswith("To do: the parent pk ") and " connected" in said, said)
    # Each attempt is no new beginning of being away.
    since = kpt.link("pk")["since"]
    until(lambda: kpt.link("pk")["state"] == "WAITING", "it tries")
    need(kpt.link("pk")["since"] == since, "it is away since the last attempt only")
    said = pk.certbus("status", expect=2)
    need("start it with: certbusd -C pk" in said, said)
    need("a start would use" in pk.certbus("config"), "its settings can be read all the same")
    pk.start()
    until(lambda: kpt.open_to("pk"), "it is back")
    kpt.certbus("status")


prove(what_waits_for_a_person_is_on_the_board_and_what_is_done_is_not,
      what_is_in_force_and_what_would_be_is_said_of_each_setting,
      who_is_away_is_drawn_and_a_broker_that_is_not_there_is_an_emergency,
      on=a_top_and_an_organisation)
