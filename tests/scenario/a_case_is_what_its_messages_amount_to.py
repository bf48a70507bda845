# SPDX-License-Identifier: Apache-2.0
"""The operations case and cases, and publish in the thread of a case."""
# asan: yes

import time

from support import AMBER, Refused, need, prove, until

NOW = int(time.time() * 1000)


def refused(call, reason, *words):
    try:
        call()
    except Refused as error:
        need(error.reason == reason, f"{error}")
        for word in words:
            need(word in error.detail, f"\"{word}\" is not in: {error.detail}")
        return
    need(False, f"it was not refused as {reason}")


def report(kpt, **fields):
    done = kpt.publish("incident", {"title": "Mail misused", "description": "It.",
                                    "severity": "S2", "times": {"aware": NOW - 1000}},
                       ["pk.sindh"], AMBER, climb="pk", **fields)
    return done["id"], done["ref"]


def step(broker, ref, what, *audience, **fields):
    body = {key: fields.pop(key) for key in list(fields)
            if key in ("text", "next_update", "question", "accepts", "lead", "assignee")}
    fields.setdefault("officer", "ayesha")
    return broker.publish("update", {"step": what, **body}, audience, AMBER, thread=ref, **fields)


def it_is_the_same_at_both_ends_and_says_what_each_may_do(tree):
    _, sindh, kpt = tree.chain()
    ident, ref = report(kpt)
    until(lambda: sindh.ask("cases")["cases"], "the report is a case at its lead")
    step(sindh, ref, "acknowledge", "pk.sindh.kpt", next_update=NOW + 3600000)
    asked = step(sindh, ref, "ask", "pk.sindh.kpt", text="Since when?")
    until(lambda: kpt.ask("case", id=ident)["case"].get("questions"), "the question is there")
    answer = step(kpt, ref, "answer", "pk.sindh", text="Monday", question=asked["ref"])
    until(lambda: sindh.ask("case", id=ref)["case"]["steps"] == 4, "the answer is there")
    here, there = sindh.ask("case", id=ref), kpt.ask("case", id=ident)
    need(here["case"] == there["case"], f"{here['case']} is not {there['case']}")
    case = here["case"]
    need(case["stage"] == "acknowledged" and case["acknowledged_by"] == "ayesha", f"{case}")
    need(case["heads"] == [answer["leaf"]], "each named the one before it")
    need([one["step"] for one in here["steps"]] == ["report", "acknowledge", "ask", "answer"],
         f"{here['steps']}")
    need(here["steps"][3]["text"] == "Monday" and case["questions"] == [], "answered")
    need(any(clock["clock"] == "update" for clock in here["clocks"]), f"{here['clocks']}")
    need("triage" in here["may"] and "triage" not in there["may"], f"{there['may']}")
    # Whatever of it is typed, the case is meant.
    need(sindh.ask("case", id=answer["code"])["case"]["id"] == ident, "by a step of it")
    note = kpt.say("Nothing to do with it.", "pk.sindh")
    refused(lambda: kpt.ask("case", id=note), "not-a-case")
    refused(lambda: kpt.ask("case", id="pk.sindh.kpt/1-9999"), "not-found")


def a_step_that_would_not_count_is_refused_before_it_is_signed(tree):
    pk, sindh, kpt = tree.chain()
    ident, ref = report(kpt)
    until(lambda: sindh.ask("cases")["cases"], "the report is a case at its lead")
    until(lambda: any(record.kind == "receipt" for record in kpt.records()), "it has its receipt")
    before = kpt.status()["head"]
    refused(lambda: step(kpt, ref, "acknowledge", "pk.sindh"), "illegal-step",
            "only the lead", "the lead is pk.sindh; possible now: update, ask")
    refused(lambda: step(kpt, ref, "close", "pk.sindh", dry_run=True, accepts=ref),
            "illegal-step")
    refused(lambda: step(kpt, ref, "answer", "pk.sindh", question=ref), "illegal-step",
            "nothing was asked")
    refused(lambda: step(kpt, ref, "update", "pk.sindh", text="x", next_update=NOW - 60000),
            "usage", "next_update: ", " is past")
    refused(lambda: step(pk, ref, "triage", "pk.sindh"), "illegal-step",
            f"{ident} is no case that is known here")
    refused(lambda: kpt.publish("note", {"text": "x"}, ["pk.sindh"], AMBER, thread=ref,
                                after=[b"x" * 32, b"x" * 32]), "usage", "after")
    need(kpt.status()["head"] == before, "nothing was stored")
    closing = step(kpt, ref, "close", "pk.sindh", text="Done.")
    until(lambda: sindh.ask("case", id=ref)["case"].get("proposed"), "it is proposed")
    step(sindh, ref, "close", "pk.sindh.kpt", accepts=closing["ref"])
    need(sindh.ask("cases")["cases"] == [], "none is open")
    need(sindh.ask("cases", closed=True)["cases"][0]["report"] == closing["id"], "its report")
    until(lambda: kpt.ask("case", id=ref)["case"]["stage"] == "closed", "closed at its origin")
    refused(lambda: step(kpt, ref, "contain", "pk.sindh"), "illegal-step",
            "the case was closed on 20", "possible now: update, reopen, note")
    step(kpt, ref, "reopen", "pk.sindh", text="Again.")
    need(kpt.ask("case", id=ref)["case"]["stage"] == "reopened", "reopened")


def what_is_only_passed_on_is_on_no_list_until_it_climbs(tree):
    pk = tree.join("pk")
    sindh = tree.join("pk.sindh", "provincial")
    telecom = tree.join("pk.telecom", "sectoral", ["telecom"])
    ptcl = tree.join("pk.sindh.ptcl", "organisation", ["telecom"])
    ident = ptcl.publish("incident", {"title": "Ours alone", "description": "It.",
                                      "severity": "S2", "times": {"aware": NOW - 1000}},
                         ["pk.sindh", "pk.telecom"], AMBER)["id"]
    for broker in (sindh, telecom, ptcl):
        until(lambda b=broker: [one["id"] for one in b.ask("cases")["cases"]] == [ident],
              f"{broker.name} takes part")
    need(pk.ask("cases")["cases"] == [], "a broker on the way shows it")
    sindh.ask("escalate", id=ident, text="too much for us")
    until(lambda: [one["id"] for one in pk.ask("cases")["cases"]] == [ident], "it climbed")


def cases_are_told_page_by_page(tree):
    pk = tree.join("pk")
    idents = [pk.publish("incident", {"title": str(i), "description": "It.",
                                      "times": {"aware": NOW}}, ["pk"], AMBER)["id"]
              for i in range(7)]
    got, after = [], {}
    while True:
        answer = pk.ask("cases", limit=3, **after)
        got += [one["id"] for one in answer["cases"]]
        after = {"after": answer["next"]}
        if not answer["more"]:
            break
    need(got == idents, f"{got}")
    need(pk.ask("cases", mode=1)["cases"] == [], "none of an exercise")
    refused(lambda: pk.ask("cases", limit=0), "usage")


prove(it_is_the_same_at_both_ends_and_says_what_each_may_do,
      a_step_that_would_not_count_is_refused_before_it_is_signed,
      what_is_only_passed_on_is_on_no_list_until_it_climbs,
      cases_are_told_page_by_page)
