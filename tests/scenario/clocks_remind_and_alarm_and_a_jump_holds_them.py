# SPDX-License-Identifier: Apache-2.0
"""What is due is told in time, once; what cannot be told is said; a clock that jumps holds it."""
# asan: yes

import json
import pathlib
import re
import sqlite3

import msgpack

import support
from support import AMBER, need, note, prove, until

RULES = support.PROJECT.joinpath("config/cert-rules-2023.cfg").read_text()
BODY = {"title": "the port's account", "description": "taken over", "severity": "S1",
        "times": {"aware": 1}}
SAVED = b"sclock\0"  # in the table of single values (broker/tables.h)


def rules(limits, without=""):
    """The rules with other limits, and without what is sent to oneself where it says so."""
    text = RULES
    for clock, limit in limits.items():
        text = re.sub(rf'(clock = "{clock}"; role = "\*"; limits = )\[[^]]*\]',
                      r"\1[ " + ", ".join([f'"{limit}"'] * 5) + " ]", text)
    text = text.replace('kinds = [ "alarm", "handover" ]', f'kinds = [ {without}"handover" ]')
    path = pathlib.Path("test-rules.cfg").resolve()
    path.write_text(text)
    support.POLICY = path


FAST = {"acknowledge": "1 s", "climb": "2 s", "update": "1 h"}
ALARMS = '"alarm", '


def report(kpt):
    return kpt.publish("incident", BODY, ["pk.sindh"], tlp=AMBER)["id"]


def alarms(broker, *whats):
    return [record for record in broker.records()
            if record.kind == "alarm" and record.body["what"] in whats]


def clocks(broker, **fields):
    return broker.ask("clocks", **({} if "id" in fields else {"class": "case"}), **fields)


def what_is_due_is_told_once_and_ends_with_what_was_owed(tree):
    rules(FAST, ALARMS)
    pk, sindh, kpt = tree.chain()
    ident = report(kpt)
    until(lambda: alarms(sindh, "breach"), "the breach was told")
    until(lambda: alarms(pk, "climbed"), "it climbed, and somebody there was woken")
    told = alarms(sindh, "reminder", "breach")
    woken = sindh.certbus("watch", "--as", "pager", "--since", "start", "--count", "1", "--kind",
                          "alarm", "--exec", 'echo "$CERTBUS_KIND of $CERTBUS_THREAD"')
    need(f"alarm of {ident}" in woken, woken)
    # A machine that was busy until both were due tells the last alone.
    need([alarm.body["what"] for alarm in told] in (["reminder", "breach"], ["breach"]), told)
    need(told[-1].body["party"] == "pk.sindh" and told[-1].lane == 0, told[-1].body)
    need(f"certbus ack {ident}" in told[-1].body["text"], told[-1].body)
    row = clocks(sindh)["clocks"][0]
    need((row["id"], row["clock"], row["party"]) == (ident, "acknowledge", "pk.sindh"), row)
    need(sindh.ask("case", id=ident)["clocks"] == clocks(sindh)["clocks"], "case differs")
    overdue = sindh.ask("breaches")["breaches"]
    need([(row["party"], row["clock"], "done" in row) for row in overdue]
         == [("pk.sindh", "acknowledge", False), ("pk.sindh.kpt", "report", True)], overdue)
    sindh.stop()
    sindh.start()
    until(tree.connected, "connected again")
    need(clocks(sindh)["clocks"] == [row], "a restart changed the clock")
    ref = sindh.ask("case", id=ident)["case"]["ref"]
    sindh.certbus("ack", ident, "--by", "asma", "--next-update", "in 30 min", "--yes")
    until(lambda: not clocks(pk)["clocks"], "the parent's clock has ended")
    need([row["clock"] for row in clocks(sindh)["clocks"]] == ["update"], clocks(sindh))
    past = clocks(sindh, id=ref)["past"]
    need([(run["clock"], "done" in run) for run in past]
         == [("acknowledge", True), ("update", False)], past)
    for broker in (sindh, pk):
        row = [row for row in broker.ask("breaches", party="pk.sindh")["breaches"]
               if row["clock"] == "acknowledge"]
        need(len(row) == 1 and row[0]["done"] > row[0]["due"], row)
    need(len(alarms(sindh, "reminder", "breach")) == len(told), alarms(sindh, "reminder", "breach"))


def the_origin_hears_that_nobody_has_its_report(tree):
    rules(FAST, ALARMS)
    pk, sindh, kpt = tree.chain()
    sindh.publish("contact", {"officer": "Duty desk", "phone_night": "+92 21 111"},
                  ["pk.sindh.**"])
    until(lambda: any(record.kind == "contact" for record in kpt.records()), "it is known")
    sindh.kill()
    report(kpt)
    alarm = until(lambda: alarms(kpt, "not-stored"), "it was told")[0]
    need("Duty desk" in alarm.body["call"] and "+92 21 111" in alarm.body["call"], alarm.body)
    sindh.start()
    until(lambda: not clocks(kpt)["clocks"], "it has arrived")


def what_the_policy_does_not_allow_is_said_and_tried_again(tree):
    rules(FAST)
    pk, sindh, kpt = tree.chain()
    report(kpt)
    text = until(lambda: [advice["text"] for advice in sindh.status()["advices"]
                          if "cannot be told" in advice["text"]], "it is said")[0]
    need("no-grant" in text or "does not let" in text, text)
    need(sindh.status()["level"] == 2, sindh.status()["advices"])
    until(lambda: alarms(pk, "climbed") or pk.ask("breaches")["breaches"],
          "what is allowed went on")
    log = pathlib.Path("pk.sindh.log")
    logged = [line for line in log.read_text().splitlines() if "no alarm of what is due" in line]
    need(len(logged) == 1, logged)


def under_an_older_policy_what_is_due_waits_for_the_next_one(tree):
    rules(FAST)
    older = re.sub(r'"(escalation|sighting|handover)",? ?', "", support.POLICY.read_text())
    older = re.sub(r'.*kinds = \[ *\];.*\n', "", older)
    support.POLICY.write_text(older)
    pk, sindh, kpt = tree.chain()
    report(kpt)
    until(lambda: [row for row in clocks(sindh)["clocks"]
                   if row["due"] < sindh.status()["now"] - 1000], "it is overdue")
    said = [advice for advice in sindh.status()["advices"] if "policy" in advice["text"]]
    need([advice["level"] for advice in said] == [1], said)
    need("pk has to publish" in said[0]["text"], said)
    log = pathlib.Path("pk.sindh.log").read_text()
    need("of what is due" not in log, log)
    rules(FAST, ALARMS)
    support.POLICY.write_text(support.POLICY.read_text().replace("version = 1;", "version = 2;"))
    support.certbus("root", "policy", "root", support.POLICY)
    pk.certbus("policy", "policy-2")
    until(lambda: alarms(sindh, "breach"), "it is told now")
    until(lambda: alarms(pk, "climbed"), "and it climbed")
    need(not [advice for advice in sindh.status()["advices"] if "policy" in advice["text"]],
         sindh.status()["advices"])


def tampered(home, hours):
    """As if the wall clock had been set while the broker was down."""
    with sqlite3.connect(home / "journal.db") as db:
        (value,) = db.execute("SELECT v FROM kv WHERE k = ?", (SAVED,)).fetchone()
        saved = msgpack.unpackb(value)
        saved[2] -= hours * 3600000
        db.execute("UPDATE kv SET v = ? WHERE k = ?", (msgpack.packb(saved), SAVED))
    db.close()


def a_clock_that_jumped_holds_all_until_the_time_is_confirmed(tree):
    rules({"acknowledge": "2 s", "climb": "1 h"}, ALARMS)
    pk, sindh, kpt = tree.chain()
    until(lambda: sindh.status()["head"], "it is up")
    ident = report(kpt)
    until(lambda: clocks(sindh)["clocks"], "its clock runs")
    sindh.stop()
    tampered(pathlib.Path("pk.sindh"), 5)
    sindh.start()
    alarm = until(lambda: alarms(sindh, "clock"), "somebody is woken")[0]
    need("--confirm" in alarm.body["text"], alarm.body)
    hold = clocks(sindh)["hold"]
    need(abs(hold["jumped"] - 5 * 3600000) < 60000, hold)
    need(sindh.status()["level"] == 2, sindh.status())
    row = clocks(sindh)["clocks"][0]
    until(lambda: sindh.status()["now"] > row["due"] + 1500, "it is overdue")
    need(not alarms(sindh, "breach"), "it was raised all the same")
    sindh.certbus("clocks", "--confirm")
    until(lambda: alarms(sindh, "breach"), "clocks run on")
    need("hold" not in clocks(sindh), "it is held")
    rows = json.loads(sindh.certbus("--json", "clocks", "--class", "case"))["clocks"]
    need(rows[0]["id"] == ident, rows)
    note(alarm.body["title"])


prove(what_is_due_is_told_once_and_ends_with_what_was_owed,
      the_origin_hears_that_nobody_has_its_report,
      what_the_policy_does_not_allow_is_said_and_tried_again,
      under_an_older_policy_what_is_due_waits_for_the_next_one,
      a_clock_that_jumped_holds_all_until_the_time_is_confirmed)
