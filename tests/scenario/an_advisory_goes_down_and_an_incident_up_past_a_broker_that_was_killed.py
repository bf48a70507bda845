# SPDX-License-Identifier: Apache-2.0
"""The main job, small enough to be watched byte by byte."""
# valgrind: yes
# asan: yes

import json

from support import PROJECT, need, note, prove, until

SAMPLES = PROJECT / "config/samples"


def an_advisory_goes_down_and_an_incident_up_past_a_broker_that_was_killed(tree):
    pk, sindh, kpt = tree.chain()
    sindh.kill()
    advisory = json.loads(pk.certbus("--json", "publish", SAMPLES / "advisory.json", "--tlp",
                                     "TLP:CLEAR", "--to", "pk.**"))
    incident = json.loads(kpt.certbus("--json", "report", SAMPLES / "incident.json"))
    sindh.start()
    until(lambda: kpt.holds(advisory["id"]), "the advisory is at the organisation")
    until(lambda: pk.holds(incident["id"]), "the incident is at the National CERT")
    need(advisory["code"] in kpt.certbus("show", advisory["id"]), "another code below")
    need(incident["code"] in pk.certbus("show", incident["id"]), "another code above")
    kpt.certbus("export", advisory["id"], "--out", "advisory.certbus")
    said = sindh.certbus("verify", "advisory.certbus")
    need("pk" in said, said)
    until(lambda: len(pk.holds(advisory["id"])["delivered"]) == 2, "both receipts are back")
    until(lambda: len(kpt.holds(incident["id"])["delivered"]) == 2, "both know of it")
    for broker in (pk, sindh, kpt):
        for word in ("status", "tree", "list"):
            broker.certbus("--json", word)
        need(not broker.records(quarantine=True), f"{broker.name} quarantined something")
    note(f"{advisory['id']} {advisory['code']}, {incident['id']} {incident['code']}")


prove(an_advisory_goes_down_and_an_incident_up_past_a_broker_that_was_killed)
