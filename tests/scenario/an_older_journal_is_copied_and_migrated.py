# SPDX-License-Identifier: Apache-2.0
"""A home of format 1 (tests/fixtures/make_format_1.py) meets this version."""
# asan: yes

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import struct
import subprocess
import tarfile

from support import CERTBUSD, PROJECT, Broker, Refused, need, note, prove, until

FIXTURE = PROJECT / "tests" / "fixtures" / "format-1.tar.xz"


def setup(tree):
    with tarfile.open(FIXTURE) as archive:
        archive.extractall()
    tree.held = json.loads(pathlib.Path("held.json").read_text())
    tree.home = Broker(tree, "pk.sindh")
    tree.brokers["pk.sindh"] = tree.home
    tree.home.configure()
    shutil.copytree("pk.sindh", "before")


def version(path):
    # Through SQLite, as an older certbusd reads it, write-ahead log and all.
    db = sqlite3.connect(path)
    try:
        return db.execute("PRAGMA user_version").fetchone()[0]
    finally:
        db.close()


def check(home, code=0):
    done = subprocess.run([CERTBUSD, "-C", home, "--check"], capture_output=True, text=True,
                          check=False)
    need(done.returncode == code, f"{done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def a_check_says_what_a_start_would_do_and_does_nothing(tree):
    journal = pathlib.Path("pk.sindh/journal.db")
    before = journal.read_bytes()
    said = check("pk.sindh")
    for word in ("format 1", "copy", "journal.db.format-1", "format 3", "ok: pk.sindh"):
        need(word in said, f"\"{word}\" is not in: {said}")
    need(journal.read_bytes() == before, "it has changed the journal")
    need(not pathlib.Path("pk.sindh/journal.db.format-1").exists(), "it has made a copy")


def everything_is_there_after_the_migration(tree):
    sindh, held = tree.home.start(), tree.held
    for words in ("its copy is journal.db.format-1", "was migrated from format 1 to 3"):
        need(sindh.logged(words), f"the log does not say: {words}")
    records = sindh.records() + sindh.records(quarantine=True)
    now = [[m.position, m.lane, m.reason, m.sender, repr(m), m.leaf.hex()]
           for m in sorted(records, key=lambda m: m.position) if m.position <= held["head"]]
    need(now == held["records"], "other records than before")
    status = sindh.status()
    need(status["quarantine"]["count"] == held["quarantine"]["count"] == 11,
         f"{status['quarantine']}")
    need(status["quarantine"]["dropped"] == held["quarantine"]["dropped"], "dropped")
    need(status["epoch"][0] > held["epoch"], "it has an epoch of its own")
    need("format 1" not in check("pk.sindh"), "a check still speaks of it")
    note(f"{len(now)} records, {status['quarantine']['count']} of them in quarantine")


def its_counters_go_on(tree):
    def counters(path, form):
        db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        rows = db.execute("SELECT k, v FROM kv WHERE substr (k, 1, 1) = x'71'").fetchall()
        db.close()
        return {bytes(key): struct.unpack(form + "QQQ", value[:24]) for key, value in rows}

    before = counters("before/journal.db", "<")
    shutil.copy("pk.sindh/journal.db", "now.db")
    shutil.copy("pk.sindh/journal.db-wal", "now.db-wal")
    db = sqlite3.connect("now.db")     # takes in the write-ahead log
    db.execute("PRAGMA wal_checkpoint (TRUNCATE)")
    db.close()
    need(counters("now.db", ">") == before and before, f"{before}")


def what_was_stored_before_is_found_by_what_a_person_types(tree):
    sindh, held = tree.home, tree.held
    for typed in (held["newest"], "ncert-2026-001"):
        need(sindh.ask("get", id=typed)["record"]["leaf"].hex() in
             {leaf for *_, leaf in held["records"]}, typed)
    old = sindh.ask("get", id=held["replaced"])
    need(old["standing"]["id"] == held["newest"], f"{old['standing']}")
    need(len(sindh.ask("read", after=0, limit=1000, severities=["S3"])["records"]) == 5, "S3")
    need(len(sindh.ask("read", after=0, limit=1000, back=True,
                       **{"from": "pk.sindh.rogue", "kinds": ["note"]})["records"]) == 12, "Python")
    # Of what was refused each is found by its id, unless a good one has it.
    refused = [one for one in held["records"] if one[1] == 3]
    for position, _, reason, _, words, _ in refused:
        ident = words.split()[1]
        try:
            record = sindh.ask("get", id=ident)["record"]
            need(record["reason"] in (0, reason), f"{ident}: {record['reason']}")
        except Refused as error:
            need(error.reason != "not-found", f"{ident}: {error}")
    need(sum(sindh.ask("get", id=one[4].split()[1])["record"]["reason"] != 0
             for one in refused) >= 7, "those of the child are found")


def what_was_reported_before_is_a_case(tree):
    cases = tree.home.ask("cases")["cases"]
    need(len(cases) == 5 and all(one["lead"] == "pk.sindh" and one["stage"] == "reported"
                                 for one in cases), f"{cases}")
    need(tree.home.ask("case", id=cases[0]["id"])["steps"][0]["step"] == "report", "its report")


def casework_rows(path):
    db = sqlite3.connect(path)
    rows = db.execute("SELECT k, v FROM kv WHERE substr (k, 1, 1) IN (x'54', x'43', x'51') "
                      "ORDER BY k").fetchall()
    db.close()
    return [(bytes(key), bytes(value)) for key, value in rows]


def the_cases_of_a_journal_without_any_are_worked_out_from_its_log(tree):
    tree.home.stop()
    path = "pk.sindh/journal.db"
    before = casework_rows(path)
    need(len(before) == 15, f"{len(before)} rows: five steps, cases, open cases")
    db = sqlite3.connect(path)
    db.execute("DELETE FROM kv WHERE substr (k, 1, 1) IN (x'54', x'43', x'51')")
    db.execute("INSERT INTO kv (k, v) VALUES (x'43ff', x'00')")   # of a program that died, say
    db.execute("PRAGMA user_version = 2")
    db.commit()
    db.close()
    need("format 2" in check("pk.sindh"), "a check says so")
    tree.home.start()
    need(len(tree.home.ask("cases")["cases"]) == 5, "the cases")
    tree.home.stop()
    need(casework_rows(path) == before, "other rows than before")
    tree.home.start()


def the_copy_is_what_was_there(tree):
    need(version("pk.sindh/journal.db.format-1") == 1, "format")
    for sql in ("SELECT * FROM kv ORDER BY k", "SELECT * FROM log_routine ORDER BY position",
                "SELECT * FROM epochs ORDER BY ordinal"):
        both = []
        for path in ("before/journal.db", "pk.sindh/journal.db.format-1"):
            db = sqlite3.connect(path)
            both.append(db.execute(sql).fetchall())
            db.close()
        need(both[0] == both[1] and both[0], sql)


def without_room_for_a_copy_nothing_is_changed(tree):
    os.mkdir("small")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", "small"],
                      capture_output=True, check=False).returncode:
        note("skipped: nothing can be mounted here")
        return
    try:
        shutil.copytree("before", "small/home")
        shutil.copy("pk.sindh/certbus.conf", "small/home")
        before = pathlib.Path("small/home/journal.db").read_bytes()
        done = subprocess.run([CERTBUSD, "-C", "small/home"], capture_output=True, text=True,
                              timeout=60, check=False)
        last = done.stderr.strip().splitlines()[-1]
        need(done.returncode == 1, f"{done.returncode}: {last}")
        for word in ("small/home/journal.db", "format 1", "MiB", "nothing was changed",
                     "free some space"):
            need(word in last, f"\"{word}\" is not in: {last}")
        need(pathlib.Path("small/home/journal.db").read_bytes() == before, "it is changed")
        need(not list(pathlib.Path("small/home").glob("journal.db.format*")), "a copy is left")
        note(last)
    finally:
        subprocess.run(["umount", "small"], check=True)


def a_start_that_is_killed_begins_again(tree):
    for delay in range(6):
        home = f"killed{delay}"
        shutil.copytree("before", home)
        broker = Broker(tree, home)
        tree.brokers[home] = broker
        broker.configure()
        broker.launch()
        # At some moment of it, each time a later one.
        if delay:
            until(lambda: any(pathlib.Path(home).glob("journal.db.format-1*")) or
                  broker.process.poll() is not None, "the copy is begun")
        if delay > 2:
            until(lambda: broker.logged("its copy is") or broker.process.poll() is not None,
                  "the copy is made")
        broker.process.send_signal(signal.SIGKILL)
        broker.process.wait()
        broker.start()
        need(broker.status()["quarantine"]["count"] == 11, "its counters")
        copies = sorted(path.name for path in pathlib.Path(home).glob("journal.db.format-1*"))
        need(copies == ["journal.db.format-1"], f"{copies}")
        broker.stop()
        del tree.brokers[home]


def a_newer_journal_is_refused_and_the_copy_can_be_put_back(tree):
    tree.home.stop()
    shutil.copytree("pk.sindh", "newer", ignore=shutil.ignore_patterns("run"))
    db = sqlite3.connect("newer/journal.db")
    need(db.execute("PRAGMA user_version").fetchone()[0] == 3, "what an older one refuses")
    db.execute("PRAGMA user_version = 4")
    db.commit()
    db.close()
    said = check("newer", code=1)
    for word in ("format 4", "(3)", "upgrade certbus", "restore the copy"):
        need(word in said, f"\"{word}\" is not in: {said}")
    # And back: the copy in its place is migrated once more, and has the name already.
    for path in pathlib.Path("pk.sindh").glob("journal.db-*"):
        path.unlink()
    shutil.copy("pk.sindh/journal.db.format-1", "pk.sindh/journal.db")
    tree.home.start()
    need(tree.home.status()["quarantine"]["count"] == 11, "its counters")
    need(not pathlib.Path("pk.sindh/journal.db.format-1.2").exists(), "a second copy of the same")


prove(a_check_says_what_a_start_would_do_and_does_nothing,
      everything_is_there_after_the_migration, its_counters_go_on,
      what_was_stored_before_is_found_by_what_a_person_types, what_was_reported_before_is_a_case,
      the_cases_of_a_journal_without_any_are_worked_out_from_its_log, the_copy_is_what_was_there,
      without_room_for_a_copy_nothing_is_changed, a_start_that_is_killed_begins_again,
      a_newer_journal_is_refused_and_the_copy_can_be_put_back, on=setup)
