# SPDX-License-Identifier: Apache-2.0
"""Who gets what in a tree with provinces, a sector, an observer; receipts; a parent away."""

import itertools
import json

from support import (CLEAR, GREEN, PROJECT, Refused, need, note, prove, until)

ADVISORY = json.loads((PROJECT / "config/samples/advisory.json").read_text())["body"]
INCIDENT = PROJECT / "config/samples/incident.json"
PARTIES = [("pk", "national", ["government"]),
           ("pk.sindh", "provincial", ["government"]),
           ("pk.punjab", "provincial", ["government"]),
           ("pk.telecom", "sectoral", ["telecom"]),
           ("pk.ntc", "organisation", ["telecom"]),
           ("pk.cabinet", "observer", ["government"]),
           ("pk.sindh.kpt", "organisation", ["maritime"]),
           ("pk.sindh.cable", "organisation", ["telecom"]),
           ("pk.punjab.excise", "organisation", ["finance"])]
NUMBERS = itertools.count(1)
EVERYBODY = {name for name, _, _ in PARTIES}


def setup(tree):
    for name, role, sectors in PARTIES:
        tree.join(name, role, sectors, opened=False)
    until(tree.connected, "all links are open")


def advise(tree, origin, *audience, tlp=GREEN):
    with open("advisory.json", "w", encoding="utf-8") as file:
        json.dump({**ADVISORY, "number": f"TEST-{next(NUMBERS)}"}, file)
    said = json.loads(tree[origin].certbus(
        "--json", "publish", "advisory.json", "--again", "--tlp",
        {CLEAR: "TLP:CLEAR", GREEN: "TLP:GREEN"}[tlp],
        *[word for term in audience for word in ("--to", term)]))
    return said["id"]


def settle(tree, origin):
    """What `origin` sent before has by now gone wherever it goes."""
    marks = [tree[origin].say("mark", "pk")] if origin != "pk" else []
    if marks:
        until(lambda: tree["pk"].holds(marks[0]), f"a note of {origin} is at pk")
    for parent in ("pk", "pk.sindh", "pk.punjab"):
        mark = tree[parent].say("mark", f"{parent}.**")
        below = [name for name in EVERYBODY if name.startswith(parent + ".")]
        until(lambda mark=mark, below=below:
              all(tree[name].holds(mark) for name in below), f"a note of {parent} is below it")


def holders(tree, ident):
    return {name for name in EVERYBODY if tree[name].holds(ident)}


def reaches(tree, origin, audience, parties, transit=()):
    ident = advise(tree, origin, *audience)
    wanted = {origin, *parties, *transit}
    until(lambda: wanted <= holders(tree, ident), f"{ident} for {audience} is at {wanted}")
    settle(tree, origin)
    held = holders(tree, ident)
    need(held == wanted, f"{ident} for {audience} is also at {held - wanted}")
    for name in EVERYBODY:
        need(not tree[name].records(quarantine=True), f"{name} was sent what is not for it")
    delivered = set(parties) - {origin}
    until(lambda: {one["party"] for one in tree[origin].holds(ident)["delivered"]}
          == delivered, f"{origin} has the receipts of {delivered}")
    shown = json.loads(tree[origin].certbus("--json", "show", ident))
    need(len(shown["delivered"]) == len(delivered), f"show counts {shown['delivered']}")
    return ident


def a_national_advisory_reaches_everybody_and_each_receipt_comes_back(tree):
    ident = reaches(tree, "pk", ["pk.**"], EVERYBODY)
    # Counted once each, also after a restart.
    tree["pk"].kill()
    tree["pk"].start()
    need(len(tree["pk"].holds(ident)["delivered"]) == len(EVERYBODY) - 1, "counted otherwise")
    until(tree.connected, "all links are open again")


def a_sindh_advisory_reaches_only_sindhs_subtree(tree):
    reaches(tree, "pk.sindh", ["pk.sindh.**"], ["pk.sindh", "pk.sindh.kpt", "pk.sindh.cable"])


def a_telecom_advisory_reaches_the_sector_wherever_it_hangs(tree):
    # Sindh and Punjab may enrol into any sector, so it passes through both.
    reaches(tree, "pk.telecom", ["@telecom"],
            ["pk.telecom", "pk.ntc", "pk.sindh.cable"],
            transit=["pk", "pk.sindh", "pk.punjab"])


def an_observer_sees_what_is_for_everybody_or_its_sector_and_publishes_nothing(tree):
    reaches(tree, "pk", ["@government"], ["pk", "pk.sindh", "pk.punjab", "pk.cabinet"])
    try:
        tree["pk.cabinet"].publish("advisory", {"title": "x", "summary": "y"}, ["pk.**"])
    except Refused as refused:
        need(refused.reason == "no-grant", f"refused with {refused.reason}")
    else:
        need(False, "an observer published an advisory")


def siblings_are_isolated(tree):
    for term in ("pk.punjab", "pk.punjab.**", "pk.**", "@finance"):
        said = tree["pk.sindh"].certbus("publish", "advisory.json", "--tlp", "TLP:GREEN",
                                        "--to", term, expect=1)
        need(term in said, f"the refusal does not name {term}: {said}")
    # What goes up to the root does not come down beside it.
    ident = tree["pk.sindh.kpt"].say("between us", "pk", "pk.sindh")
    until(lambda: holders(tree, ident) == {"pk.sindh.kpt", "pk.sindh", "pk"}, "it is at pk")
    settle(tree, "pk.sindh.kpt")
    need(holders(tree, ident) == {"pk.sindh.kpt", "pk.sindh", "pk"},
         f"it is at {holders(tree, ident)}")


def a_report_is_taken_while_the_parent_is_away_and_arrives_later(tree):
    sindh, kpt = tree["pk.sindh"], tree["pk.sindh.kpt"]
    sindh.stop()
    until(lambda: not kpt.open_to("pk.sindh"), "it is noticed")
    said = json.loads(kpt.certbus("--json", "report", INCIDENT))
    shown = json.loads(kpt.certbus("--json", "show", said["id"]))
    need(not shown["parent"]["acked"], f"at the parent already: {shown}")
    said_of_it = kpt.certbus("status", expect=1)
    need("the parent pk.sindh " in said_of_it and "here safely" in said_of_it,
         f"status does not say that the parent is away: {said_of_it}")
    sindh.start()
    until(lambda: tree["pk"].holds(said["id"]), "it is at the National CERT")
    until(lambda: kpt.holds(said["id"])["parent"]["acked"], "its reporter knows")
    until(lambda: {"pk", "pk.sindh"} ==
          {one["party"] for one in kpt.holds(said["id"])["delivered"]},
          "both have sent a receipt")
    need(said["code"] in tree["pk"].certbus("show", said["id"]), "its code is another there")
    note(f"{said['id']} {said['code']}")


prove(a_national_advisory_reaches_everybody_and_each_receipt_comes_back,
      a_sindh_advisory_reaches_only_sindhs_subtree,
      a_telecom_advisory_reaches_the_sector_wherever_it_hangs,
      an_observer_sees_what_is_for_everybody_or_its_sector_and_publishes_nothing,
      siblings_are_isolated,
      a_report_is_taken_while_the_parent_is_away_and_arrives_later,
      on=setup)
