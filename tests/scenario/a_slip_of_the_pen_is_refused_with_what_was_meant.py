# SPDX-License-Identifier: Apache-2.0
"""What an officer typed wrongly is refused at once, with what is possible instead."""
# asan: yes

import functools
import pathlib

from support import Failed, Refused, certbus, need, note, prove, until


def setup(tree):
    tree.chain()


def refused(what, reason, *words):
    try:
        what()
    except Refused as error:
        need(error.reason == reason, f"{error.reason}, not {reason}")
        for word in words:
            need(word in error.detail, f"\"{word}\" is not in: {error.detail}")
        note(str(error))
        return
    raise Failed(f"it was not refused: {reason}")


def enrol(broker, name, role="organisation", sectors=(), **may):
    return broker.ask("enrol", request=request(name), role=role, sectors=list(sectors),
                      dry_run=True, **({"may": may} if may else {}))


@functools.cache
def request(name):
    home = pathlib.Path(f"new.{name}")
    file = pathlib.Path(f"new.{name}.request")
    certbus("-C", home, "init", name, "--title", name, "--out", file)
    return file.read_bytes()


def a_wrong_role_sector_or_name_is_not_enrolled(tree):
    pk, sindh, kpt = tree["pk"], tree["pk.sindh"], tree["pk.sindh.kpt"]
    need(enrol(pk, "pk.kp", "provincial", ["energy"])["ok"], "a good one")
    refused(lambda: enrol(pk, "pk.kp", "provincal"), "role-not-granted",
            "\"provincal\"; it may enrol: ", "provincial")
    refused(lambda: enrol(pk, "pk.kp", "national"), "role-not-granted", "\"national\"")
    refused(lambda: enrol(pk, "pk.kp", sectors=["maratime"]), "sector-not-granted",
            "\"maratime\": no such sector in the policy", "maritime")
    refused(lambda: enrol(pk, "pk.kp", "provincial", roles=["provincal"], sectors=["*"],
                          children=10, depth=1), "role-not-granted", "\"provincal\"")
    refused(lambda: enrol(sindh, "pk.sindh.bank", "provincial"), "role-not-granted",
            "it may enrol: observer, organisation")
    refused(lambda: enrol(pk, "pk.sindh"), "name-taken", "pk.sindh, enrolled 20")
    refused(lambda: enrol(pk, "pk.x.y"), "not-a-child", "pk.x.y is not one label below pk")
    refused(lambda: enrol(kpt, "pk.sindh.kpt.quay"), "too-deep",
            "pk.sindh.kpt's credential lets it enrol nobody", "--may-enrol")


def who_is_not_enrolled_below_is_not_written_to(tree):
    pk, sindh, kpt = tree["pk"], tree["pk.sindh"], tree["pk.sindh.kpt"]
    for term, meant in (("pk.sind", "did you mean pk.sindh?"), ("pk.sind.**", "pk.sindh?"),
                        ("pk.sindh.ktp", "did you mean pk.sindh.kpt?"), ("pk.nosuch", "pk.nosuch")):
        for dry in (False, True):
            refused(lambda term=term, dry=dry: pk.ask(
                "publish", kind="note", body={"text": "x"}, audience=[term], tlp=1, dry_run=dry),
                "audience", "no such party is enrolled below this one", meant)
    until(lambda: sindh.open_to("pk"), "connected")
    # A relay and the rest of the hierarchy are none of the origin's business.
    kpt.say("to one whom kpt cannot know", "pk")
    sindh.say("down", "pk.sindh.kpt", "pk.sindh.**")


def what_no_grant_allows_names_role_and_kind(tree):
    refused(lambda: tree["pk.sindh.kpt"].publish("advisory", {"title": "x", "summary": "y"},
                                                 ["pk.**"]),
            "no-grant", "audience[0]: pk.**: role organisation, kind advisory")


def a_parent_that_was_never_there_is_missed_once(tree):
    pk, sindh = tree["pk"], tree["pk.sindh"]
    sindh.stop()
    pk.stop()
    sindh.configure(log_level=None)
    size = sindh.log.stat().st_size
    sindh.start()

    def lines():
        return [line for line in sindh.log.read_text()[size:].splitlines()
                if "no answer at" in line]

    line = until(lines, "it is said")[0]
    need(f"pk: no answer at {pk.endpoint}; trying again, messages wait here" in line, line)
    pk.start()
    until(lambda: sindh.open_to("pk"), "connected again")
    need(len(lines()) == 1, f"said more than once: {lines()}")


prove(a_wrong_role_sector_or_name_is_not_enrolled, who_is_not_enrolled_below_is_not_written_to,
      what_no_grant_allows_names_role_and_kind, a_parent_that_was_never_there_is_missed_once,
      on=setup)
