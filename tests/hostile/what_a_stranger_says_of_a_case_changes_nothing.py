#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""A CERT and a body that have nothing to do with a case, and talk of it all the same."""

from support_hostile import (Refused, Thief, Watch, need, now_ms, prove, reasons, sign_batch, until,
                             words)

REPORT = {"title": "t", "description": "d", "severity": "S1", "times": {"aware": 1}}


def a_parent_a_child_and_its_child(tree):
    tree.join("pk")
    tree.join("pk.kp", "provincial")
    tree.join("pk.kp.org", "organisation")


def escalation(thief, thread, started, **fields):
    body = {"clock": "acknowledge", "due": started + 1, "lead": thief.name, "level": 1,
            "reported": now_ms(), "severity": "S1", "started": started, **fields}
    return thief.message("escalation", ["pk"], body, thread=thread, tlp=3)


def alarms(broker):
    return [one for one in broker.records() if one.kind == "alarm"]


def step(thief, name, thread, to="pk", **fields):
    return thief.envelope("update", [to], {"step": name, **fields}, thread=thread, tlp=3,
                          schema=2, by="somebody")


def refused(thief, envelope, reason):
    thief.data(envelope)
    thief.hear("ack")
    frame = thief.hear("reject")
    need(reasons.NAME[frame.reason] == reason, f"{words(frame)}, not {reason}")


def a_cert_that_got_ahead_with_a_lie_is_set_right_by_who_knows(tree):
    """It says that it leads a case of another province, and closes it, before that escalates."""
    pk, kp, org = tree["pk"], tree["pk.kp"], tree["pk.kp.org"]
    told = org.ask("publish", kind="incident", body=REPORT, audience=["pk.kp"], tlp=3)
    until(lambda: kp.holds(told["id"]), "the lead has it")
    with Watch(pk, kp):
        thief = Thief(pk, "pk.robber", "provincial").open()
        thread = list(told["ref"])
        lie = thief.envelope("escalation", ["pk"], {
            "clock": "acknowledge", "due": now_ms(), "lead": thief.name, "level": 1,
            "reported": now_ms(), "severity": "S5", "started": 5}, thread=thread, tlp=3)
        need(thief.taken(lie), "nothing says yet that it is one")
        need(thief.taken(step(thief, "close", thread)), "as the lead it closes")
        until(lambda: pk.ask("case", id=told["id"])["case"]["stage"] == "closed", "it is believed")
        kp.ask("escalate", id=told["id"], text="nobody is here")
        until(lambda: pk.ask("case", id=told["id"])["case"]["lead"] == "pk.kp", "the word of kp")
        case = pk.ask("case", id=told["id"])["case"]
        need(case["stage"] == "reported" and case["severity"] == "S1", f"{case}")
        need(thief.name not in case["participants"], f"{case}")
        rows = [row for row in pk.ask("clocks")["clocks"] if row.get("ref") == told["ref"]]
        need([row["clock"] for row in rows] == ["officer"], f"its clock runs: {rows}")
        need(thief.taken(step(thief, "close", thread)), "it is kept")
        until(lambda: pk.ask("case", id=told["id"])["case"]["steps"] == 4, "it is a step")
        need(pk.ask("case", id=told["id"])["case"]["stage"] == "reported", "that does nothing")
        thief.close()


def escalations_without_end_cost_no_more_and_more(tree):
    """Of one case, each with another beginning: rows, clocks and alarms stay few."""
    pk, kp = tree["pk"], tree["pk.kp"]
    before = len(alarms(pk))
    with Watch(pk, kp):
        thief = Thief(pk, "pk.burglar", "provincial").open()
        thread = ["pk.kp.org", 1, 77, 5]
        for begin in range(0, 1500, 500):
            need(thief.taken(*sign_batch([escalation(thief, thread, begin + i + 1)
                                          for i in range(500)], thief.keys["sign"], None)),
                 "they are within its rights")
        rows = pk.ask("breaches", party=thief.name, limit=500)["breaches"]
        need(len(rows) == 64, f"{len(rows)} rows in the register")
        until(lambda: len(alarms(pk)) > before, "it is heard")
        rows = [row for row in pk.ask("clocks")["clocks"] if row.get("ref") == thread]
        need(0 < len(rows) <= 4, f"{rows}")
        need(len(alarms(pk)) - before <= 4, f"{len(alarms(pk)) - before} alarms")
        thief.close()


def nobody_leads_its_own_case_to_stop_the_climb(tree):
    kp, org = tree["pk.kp"], tree["pk.kp.org"]
    told = org.ask("publish", kind="incident", body={**REPORT, "lead": org.name},
                   audience=[org.name, kp.name], tlp=3)
    until(lambda: kp.holds(told["id"]), "the CERT above has it")
    try:
        org.ask("publish", kind="update", schema=2, thread=told["ref"], officer="me",
                body={"step": "acknowledge"}, audience=[kp.name], tlp=3)
        need(False, "it acknowledges its own report")
    except Refused as error:
        need("illegal-step" in str(error), f"{error}")
    need(kp.ask("case", id=told["id"])["case"]["lead"] == kp.name, "the CERT above leads")
    rows = [row for row in kp.ask("clocks")["clocks"] if row.get("ref") == told["ref"]]
    need([row["clock"] for row in rows] == ["acknowledge"], f"and its clock runs: {rows}")


def nobody_wakes_another_or_hands_over_for_it(tree):
    pk, kp = tree["pk"], tree["pk.kp"]
    with Watch(pk, kp):
        thief = Thief(pk, "pk.crook", "provincial").open()
        alarm = {"clock": "acknowledge", "due": now_ms(), "level": 1, "severity": "S1",
                 "started": 1, "step": 1, "title": "wake up", "what": "breach"}
        refused(thief, thief.envelope("alarm", ["pk"], alarm), "no-grant")
        need(not any(one.origin == thief.name for one in alarms(pk)), "nobody is woken")
        thief.close()


if __name__ == "__main__":
    prove(a_cert_that_got_ahead_with_a_lie_is_set_right_by_who_knows,
          escalations_without_end_cost_no_more_and_more,
          nobody_leads_its_own_case_to_stop_the_climb,
          nobody_wakes_another_or_hands_over_for_it, on=a_parent_a_child_and_its_child)
