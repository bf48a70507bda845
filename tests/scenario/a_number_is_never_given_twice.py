#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# asan: yes
"""Numbers of advisories: two officers at once, crashes, and copies that were restored."""

import pathlib
import shutil
import sqlite3
import subprocess
import threading
import time

from support import CERTBUSD, Away, Refused, Talk, need, prove, until

YEAR = time.localtime().tm_year
TEMPLATE = "NCERT-%Y-%03n"


def number(counter):
    return f"NCERT-{YEAR}-{counter:03d}"


def advise(broker, title="a title", talk=None, audience=("pk.**",), **fields):
    """Publishes an advisory that is given its number, or, with `typed`, has one."""
    body = {"title": title, "severity": "S3", "summary": "what a reader in a hurry needs"}
    typed = fields.pop("typed", None)
    if typed:
        body["number"] = typed
    else:
        fields["number"] = True
    return broker.publish("advisory", body, audience, talk=talk, **fields)


def refused(reason, broker, **fields):
    try:
        answer = advise(broker, **fields)
    except Refused as why:
        need(why.reason == reason, f"refused for {why.reason}, not {reason}")
        return why.detail
    return need(False, f"it was not refused: {answer.get('number')}")


def numbers_in(broker):
    return [record.body["number"] for record in broker.records() if record.kind == "advisory"]


def national(tree):
    pk = tree.home("pk")
    pk.configure(number=TEMPLATE)
    return pk.start()


def two_officers_at_once_never_get_the_same(tree):
    pk = national(tree)
    got, wrong = [], []

    def officer():
        talk = Talk(pk)
        try:
            got.extend(advise(pk, talk=talk)["number"] for _ in range(25))
        except (Away, Refused) as why:
            wrong.append(why)
        talk.close()
    officers = [threading.Thread(target=officer) for _ in range(4)]
    for one in officers:
        one.start()
    for one in officers:
        one.join()
    need(not wrong, f"refused: {wrong[:1]}")
    need(sorted(got) == [number(i) for i in range(1, 101)], f"given: {sorted(got)}")
    need(sorted(numbers_in(pk)) == sorted(got), "the journal has others")
    pk.stop()
    pk.start()
    need(advise(pk)["number"] == number(101), "the counter was lost by a restart")


def a_dry_run_shows_the_number_and_gives_none(tree):
    pk = national(tree)
    for _ in range(2):
        answer = advise(pk, dry_run=True)
        need(answer["number"] == number(1), f"a dry run says {answer['number']}")
        need("same" not in answer, "it was published before")
    first = advise(pk)
    need(first["number"] == number(1), "a dry run used the number up")
    answer = advise(pk, dry_run=True)
    need(answer["number"] == number(2), f"the next would be {answer['number']}")
    need(answer["same"] == first["id"], f"the same again: {answer.get('same')}")
    need("same" not in advise(pk, title="another", dry_run=True), "another one is the same")
    # A test leaves no party and uses up nothing.
    need(advise(pk, mode=2)["number"] == number(2), "a test gets another number")
    need(advise(pk)["number"] == number(2), "a test used the number up")


def a_number_that_was_given_is_refused_but_for_a_revision(tree):
    pk = national(tree)
    first = advise(pk)
    detail = refused("number-given", pk, typed=number(1).lower())
    need(number(1) in detail and first["id"] in detail, f"it says: {detail}")
    revised = advise(pk, typed=number(1), replaces=first["ref"])
    advise(pk, typed=number(1), replaces=revised["ref"])
    refused("number-given", pk, typed=number(1))
    # One that was typed counts like one that was given.
    need(advise(pk, typed=number(41))["number"] == number(41), "the answer lacks it")
    need(advise(pk)["number"] == number(42), "the counter does not know what was typed")
    advise(pk, typed="SRO 116/2026")
    refused("number-given", pk, typed="sro 116/2026")
    try:
        pk.publish("note", {"text": "a note"}, ["pk.**"], number=True)
        need(False, "a note was numbered")
    except Refused as why:
        need(why.reason == "usage", why.reason)
    pk.configure(number="CERT-PK/%n")
    pk.stop()
    pk.start()
    need(advise(pk)["number"] == "CERT-PK/1", "another text around it counts on")


def a_party_counts_under_its_name_and_a_bad_template_is_found(tree):
    pk = tree.join("pk")
    need(advise(pk)["number"] == f"PK-{YEAR}-001", "another number")
    pk.configure(number="NCERT-%Y")
    check = subprocess.run([CERTBUSD, "-C", "pk", "--check"], capture_output=True, text=True,
                           check=False)
    said = check.stdout + check.stderr
    need(check.returncode != 0 and "certbus.conf:" in said and "no counter" in said, said)


def a_crash_neither_repeats_nor_skips_a_number_that_was_promised(tree):
    pk = national(tree)
    promised = []
    for place in ("before-sign", "before-commit", "after-commit", "before-answer"):
        pk.stop()
        pk.start(fault=f"{place}:3")
        while not pk.dead():
            try:
                promised.append(advise(pk, talk=pk.ask)["number"])
            except Away:
                break
        pk.kill()
        pk.start()
        promised.append(advise(pk)["number"])
        held = numbers_in(pk)
        need(len(set(held)) == len(held), f"{place}: {sorted(held)}")
        need(set(promised) <= set(held), f"{place}: a promised one is gone")
        need(sorted(held) == [number(i + 1) for i in range(len(held))], f"{place}: {held}")


def a_journal_that_was_restored_alone_is_caught_by_the_witness(tree):
    pk = national(tree)
    advise(pk)
    pk.stop()
    shutil.copyfile("pk/journal.db", "copy.db")
    pk.start()
    given = [advise(pk)["number"] for _ in range(3)]
    need(given[-1] == number(4), f"given: {given}")
    need(number(4) in pathlib.Path("pk/numbers").read_text(), "the witness does not know")
    pk.stop()
    shutil.copyfile("copy.db", "pk/journal.db")
    pk.start()
    need(advise(pk)["number"] == number(5), "a number was given twice")


def a_journal_from_before_there_were_numbers_is_counted_once(tree):
    pk = national(tree)
    first = advise(pk)
    advise(pk)
    pk.stop()
    pathlib.Path("pk/numbers").unlink()
    with sqlite3.connect("pk/journal.db") as db:
        for prefix in (b"N", b"M", b"S", b"snumbers-counted"):
            db.execute("DELETE FROM kv WHERE substr (k, 1, ?) = ?", (len(prefix), prefix))
    db.close()
    pk.start()
    need(advise(pk)["number"] == number(3), "what the journal held was not counted")
    refused("number-given", pk, typed=number(1))
    need(advise(pk, dry_run=True, title="a title")["same"] != first["id"], "the newest")


def a_home_that_was_rolled_back_waits_until_somebody_was_heard(tree):
    pk = national(tree)
    child = tree.join("pk.sindh", "provincial")
    first = advise(pk)["id"]
    until(lambda: pk.holds(first)["delivered"], "the child has the first")
    pk.stop()
    shutil.copytree("pk", "copy", ignore=shutil.ignore_patterns("run"))
    pk.start()
    until(tree.connected, "connected again")
    advise(pk)
    advise(pk, title="the third")
    until(lambda: len(numbers_in(child)) == 3, "the child has three")
    child.stop()
    pk.kill()
    shutil.rmtree("pk")
    shutil.copytree("copy", "pk")
    pk.configure(listen=pk.endpoint)
    pk.start()
    for fields in ({}, {"dry_run": True}):
        need("no neighbour" in refused("number-unsure", pk, **fields), "another reason")
    # Who types one takes the risk: this one was given, and nobody here knows it.
    advise(pk, typed=number(2), title="another second one")
    child.start()
    until(tree.connected, "the child is back")
    until(lambda: len(numbers_in(pk)) == 4, "the own messages are back")
    need(until(lambda: advise(pk), "a number is given again")["number"] == number(4), "twice")
    need(pk.logged(f"the number {number(2)} stands twice"), "nobody says that it stands twice")
    need(number(2) in pk.status()["advice"], f"the advice is: {pk.status()['advice']}")
    wrong = next(record for record in pk.records() if record.body.get("title")
                 == "another second one")
    advise(pk, replaces=list(wrong.id), title="another second one")
    need(number(2) not in pk.status()["advice"], "the advice stays")


def a_first_child_that_comes_in_this_run_makes_no_doubt(tree):
    pk = national(tree)
    tree.join("pk.sindh", "provincial")
    until(tree.connected, "the first child is there")
    need(advise(pk)["number"] == number(1), "the first number")
    until(lambda: all(link["lag"] == 0 for link in pk.status()["children"]), "it has it")
    need(advise(pk)["number"] == number(2), "and the next one")


prove(two_officers_at_once_never_get_the_same,
      a_first_child_that_comes_in_this_run_makes_no_doubt,
      a_dry_run_shows_the_number_and_gives_none,
      a_number_that_was_given_is_refused_but_for_a_revision,
      a_party_counts_under_its_name_and_a_bad_template_is_found,
      a_crash_neither_repeats_nor_skips_a_number_that_was_promised,
      a_journal_that_was_restored_alone_is_caught_by_the_witness,
      a_journal_from_before_there_were_numbers_is_counted_once,
      a_home_that_was_rolled_back_waits_until_somebody_was_heard)
