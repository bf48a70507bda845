# SPDX-License-Identifier: Apache-2.0
"""Ids in full and short, numbers, codes and their beginnings; and what was probably meant."""
# asan: yes

import random

from support import Message, Refused, need, note, prove, until

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def advisory(broker, number, *audience, **fields):
    body = {"number": number, "title": f"About {number}", "severity": "S2",
            "summary": "What it is.", **fields.pop("body", {})}
    return broker.publish("advisory", body, audience, **fields)


def found(broker, typed):
    answer = broker.ask("get", id=typed)
    return Message(answer["record"]), answer


def refused(broker, typed, reason):
    try:
        message, _ = found(broker, typed)
    except Refused as error:
        need(error.reason == reason, f"{typed}: {error}")
        return [one["id"] for one in error.candidates], error.detail
    raise need(False, f"{typed} is {message}")


def setup(tree):
    pk, sindh, kpt = tree.chain()
    tree.said = [pk.say(f"one of {turn}", "pk.**") for turn in range(30)]
    tree.first = advisory(pk, "NCERT-2026-013", "pk.**")
    tree.other = advisory(pk, "NCERT-2026-014", "pk.**")
    tree.own = kpt.say("from the port", "pk.sindh")
    until(lambda: sindh.holds(tree.other["id"]) and sindh.holds(tree.own), "they arrive")


def again_from_the_index(tree):
    """What was looked for in the log is looked for in the index."""
    tree["pk.sindh"].stop()
    tree["pk.sindh"].start()
    for sentence in (an_id_is_found_in_full_and_short, a_number_in_any_case_is_its_newest_document,
                     a_code_or_its_beginning_is_enough):
        sentence(tree)


def an_id_is_found_in_full_and_short(tree):
    sindh, kpt = tree["pk.sindh"], tree["pk.sindh.kpt"]
    run = tree.own.rpartition("/")[2]
    for typed in (tree.own, f"sindh.kpt/{run}", f"kpt/{run}", f"  kpt/{run} "):
        need(found(sindh, typed)[0].text == "from the port", typed)
    need(found(kpt, run)[0].text == "from the port", "its own, without a name")
    message = found(sindh, tree.own)[0]
    exact = f"{message.origin}/{message.epoch}.{message.nonce:016x}-{message.sequence}"
    need(found(sindh, exact)[0].id == message.id, exact)
    other = f"{message.origin}/{message.epoch}.{message.nonce ^ 1:016x}-{message.sequence}"
    refused(sindh, other, "not-found")


def a_number_in_any_case_is_its_newest_document(tree):
    pk, sindh = tree["pk"], tree["pk.sindh"]
    need(found(sindh, "ncert-2026-014")[0].leaf == tree.other["leaf"], "in small letters")
    if not getattr(tree, "second", None):
        need(found(sindh, "NCERT-2026-013")[0].leaf == tree.first["leaf"], "as written")
        tree.second = advisory(pk, "NCERT-2026-013", "pk.**", replaces=tree.first["ref"])
        until(lambda: sindh.holds(tree.second["id"]), "the revision arrives")
    need(found(sindh, "NCERT-2026-013")[0].leaf == tree.second["leaf"], "the revision")
    answer = found(sindh, tree.first["id"])[1]
    need(answer["standing"] == {"state": "replaced", "by": tree.second["ref"],
                                "id": tree.second["id"]}, f"{answer.get('standing')}")
    need(answer["record"]["standing"] == answer["standing"], "and in the record")
    need(answer["replaced"] == tree.second["ref"], "and as it was said before")
    need("standing" not in found(sindh, tree.second["id"])[1], "the newest one stands")


def a_code_or_its_beginning_is_enough(tree):
    sindh = tree["pk.sindh"]
    code = tree.other["code"]
    for typed in (code, code.lower().replace("-", ""), code[:14], code[:9], code[:9].lower()):
        need(found(sindh, typed)[0].leaf == tree.other["leaf"], typed)
    # Of so many some begin alike; with four symbols that is rare.
    codes = [found(sindh, ident)[0].leaf for ident in tree.said]
    need(len(set(codes)) == len(tree.said), "codes")
    refused(sindh, code[:3], "not-found")


def several_that_are_meant_are_named(tree):
    pk = tree["pk"]
    numbered = [advisory(tree[party], "X-1", "pk.**" if party == "pk" else "pk.sindh.**")
                for party in ("pk", "pk.sindh")]
    sindh = tree["pk.sindh"]
    until(lambda: sindh.holds(numbered[0]["id"]), "it arrives")
    candidates, detail = refused(sindh, "x-1", "ambiguous")
    need(sorted(candidates) == sorted(one["id"] for one in numbered), f"{candidates}")
    need(all(one in detail for one in candidates), detail)
    need(found(pk, "X-1")[0].leaf == numbered[0]["leaf"], "one of them only is there")
    note(detail)


def what_was_probably_meant_is_named(tree):
    sindh = tree["pk.sindh"]
    party, _, run = tree.own.rpartition("/")
    epoch, sequence = run.split("-")
    for typed in (f"kpr/{run}", f"pk.sindh.ktp/{run}", f"{party}/{epoch}-{sequence}1",
                  f"{party}/{int(epoch) + 4}-{sequence}"):
        candidates, detail = refused(sindh, typed, "not-found")
        need(tree.own in candidates and "did you mean" in detail, f"{typed}: {detail}")
    candidates, detail = refused(sindh, "NCERT-2026-031", "not-found")
    need(tree.second["id"] in candidates, detail)
    candidates, detail = refused(sindh, "NCRET-2026-014", "not-found")
    need(candidates == [tree.other["id"]], detail)
    code = tree.other["code"]
    slip = code[:-1] + SYMBOLS[SYMBOLS.index(code[-1]) - 1]
    candidates, detail = refused(sindh, slip, "not-found")
    need(candidates == [tree.other["id"]], detail)
    note(detail)


def nothing_is_made_up(tree):
    sindh = tree["pk.sindh"]
    for typed in ("pk.balochistan.quetta.port/1-1", "ZZZZ-ZZZZ-ZZZZ-ZZZZ", "something else"):
        candidates, detail = refused(sindh, typed, "not-found")
        need(not candidates and typed in detail, f"{typed}: {candidates} {detail}")
    for typed in ("", " ", "x" * 100):
        try:
            sindh.ask("get", id=typed)
        except Refused as error:
            need(error.reason == "usage", f"{typed!r}: {error}")
    for _ in range(300):
        typed = "".join(random.choice("pk.sindhNCERT/-0123456789 \u0633\u0646") for _ in
                        range(random.randint(1, 24)))
        try:
            sindh.ask("get", id=typed)
        except Refused as error:
            need(error.reason in ("usage", "not-found", "ambiguous"), f"{typed}: {error}")


prove(an_id_is_found_in_full_and_short, a_number_in_any_case_is_its_newest_document,
      a_code_or_its_beginning_is_enough, again_from_the_index, several_that_are_meant_are_named,
      what_was_probably_meant_is_named, nothing_is_made_up, on=setup)
