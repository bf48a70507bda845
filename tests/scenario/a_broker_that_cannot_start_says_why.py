# SPDX-License-Identifier: Apache-2.0
"""Every way not to start: one line that names the thing, exit code 1, nothing harmed."""
# asan: yes

import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import tempfile

from support import CERTBUSD, SCHEMAS, certbus, need, note, prove, until


def setup(tree):
    tree.join("pk").stop()


def ends(home, *words, code=1, check=False, program=(CERTBUSD,), schemas=""):
    """It ends by itself with this code, and its last line holds each of the words."""
    done = subprocess.run([*program, "-C", home, *(["--check" if check is True else check] if check else [])],
                          env={**os.environ, "CERTBUS_SCHEMAS": schemas},
                          capture_output=True, text=True, timeout=60, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    need(done.returncode == code, f"{home}: exit code {done.returncode}: {lines}")
    need(lines, "it said nothing")
    need(not (check and lines[-1].startswith("<")), f"a priority where nobody reads it: {lines}")
    for word in words:
        need(word in lines[-1], f"\"{word}\" is not in: {lines[-1]}")
    note(lines[-1])


def copy(tree, name):
    shutil.rmtree(name, ignore_errors=True)
    shutil.copytree("pk", name, ignore=shutil.ignore_patterns("run"))
    return pathlib.Path(name)


def without_a_home_or_keys_or_credential(tree):
    ends("nowhere", "nowhere", "certbus -C nowhere init")
    os.mkdir("bare")
    ends("bare", "bare", "no keys")
    certbus("-C", "fresh", "init", "pk.fresh", "--title", "Fresh")
    ends("fresh", "fresh", "has not joined")
    need("no broker is running" in certbus("-C", "fresh", "status", expect=2), "status")


def with_keys_or_a_bundle_that_do_not_belong(tree):
    home = copy(tree, "other")
    shutil.copy("fresh/keys", home / "keys")
    ends("other", "other", "bundle", "keys")
    home = copy(tree, "damaged")
    bundle = bytearray((home / "bundle").read_bytes())
    bundle[len(bundle) // 2] ^= 1
    (home / "bundle").write_bytes(bundle)
    ends("damaged", "damaged", "join again")
    home = copy(tree, "loose")
    (home / "keys").chmod(0o644)
    ends("loose", "loose/keys: ", "chmod 600 loose/keys")


def with_a_typo_in_its_configuration(tree):
    home = copy(tree, "typo")
    conf = home / "certbus.conf"
    good = conf.read_text()
    for line, words in (("lisen = \"tcp://127.0.0.1:*\";", ["certbus.conf:4:", "lisen", "listen"]),
                        ("listen = \"tcp//\";", ["certbus.conf:4:", "tcp//", "tcp://HOST:PORT"]),
                        ("reserve_mb = 500000000;", ["certbus.conf:4:", "reserve_mb"]),
                        ("reserve_mb = 5000000000;", ["certbus.conf:4:", "5000000000"]),
                        ("log_level = \"loud\";", ["certbus.conf:4:", "log_level", "loud"]),
                        ("listen = ", ["certbus.conf:"])):
        kept = [one for one in good.splitlines() if one.split()[0] != line.split()[0]]
        conf.write_text("\n".join(kept[:2] + ["# a comment"] * (3 - len(kept[:2])) + [line]) + "\n")
        for check in (False, True):
            ends("typo", "typo/certbus.conf:", *words, check=check)


def with_schemas_that_are_not_there_or_not_whole(tree):
    home = copy(tree, "kinds")
    conf = home / "certbus.conf"
    conf.write_text(f"schemas = \"{os.getcwd()}/none\";\n")
    ends("kinds", "none")
    shutil.copytree(SCHEMAS, "half")
    pathlib.Path("half/note.cfg").write_text("kind = \"note\";\nversion = one;\n")
    conf.write_text(f"schemas = \"{os.getcwd()}/half\";\n")
    ends("kinds", "half/note.cfg:2")
    conf.write_text("")
    ends("kinds", "ok: pk", code=0, check=True, schemas=str(SCHEMAS))
    ends("kinds", "half/note.cfg:2", check=True, schemas=os.path.abspath("half"))
    ends("kinds", "CERTBUS_SCHEMAS", "half", check=True, schemas="half")
    # Those beside the program, which nobody can read, root neither.
    with tempfile.TemporaryDirectory() as folder:
        beside = pathlib.Path(folder, "schemas/advisory.cfg")
        program = pathlib.Path(folder, "bin/certbusd")
        for path in (beside, program):
            path.parent.mkdir()
        shutil.copy(CERTBUSD, program)
        ends("kinds", "no schemas beside the program", check=True, program=(program,))
        beside.symlink_to(beside)
        ends("kinds", f"cannot be read: {beside}: Too many levels", check=True, program=(program,))
        if os.geteuid() == 0:
            pathlib.Path(folder).chmod(0o755)
            beside.parent.chmod(0)
            ends("kinds", f"cannot be read: {beside}: Permission denied", check=True,
                 program=("setpriv", "--bounding-set=-all", "--inh-caps=-all", program))


def with_a_journal_of_a_newer_version_or_none(tree):
    home = copy(tree, "newer")
    db = sqlite3.connect(home / "journal.db")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    db.execute(f"PRAGMA user_version = {version + 1}")
    db.commit()
    db.close()
    before = (home / "journal.db").read_bytes()
    for check in (True, False):
        ends("newer", "newer/journal.db", "newer than this program", check=check)
        need((home / "journal.db").read_bytes() == before, "it has changed the journal")
    home = copy(tree, "noise")
    (home / "journal.db").write_bytes(os.urandom(20000))
    for check in (True, False):
        ends("noise", "noise/journal.db", "no database", check=check)
    (home / "journal.db").unlink()
    ends("noise", "ok: pk", code=0, check=True)
    need(not (home / "journal.db").exists(), "a check has made a journal")


def on_a_port_in_use(tree):
    taken = socket.create_server((tree.host, 0))
    home = copy(tree, "port")
    where = "tcp://%s:%d" % taken.getsockname()
    (home / "certbus.conf").write_text(
        f"schemas = \"{SCHEMAS}\";\nlisten = \"{where}\";\n")
    ends("port", where, "in use (listen in certbus.conf)")
    taken.close()


def twice_on_one_home(tree):
    pk = tree["pk"].start()
    ends("pk", f"another certbusd runs on pk (pid {pk.process.pid})")
    need(pk.answers(), "the first one still answers")
    # Where it is asked only to check, it may; not where that reads the whole journal.
    ends("pk", "ok: pk", code=0, check=True)
    ends("pk", "pk/journal.db is in use by another certbusd; stop it first", check="--check=full")


def with_a_journal_that_somebody_has_changed_where_a_start_does_not_look(tree):
    pk = tree["pk"]
    pk.start()
    for number in range(3):
        pk.say(f"note {number}", "pk")
    pk.kill()   # what it has not moved from its log is read, too
    home = copy(tree, "changed")
    before = sorted((path.name, path.read_bytes()) for path in home.glob("journal.db*"))
    ends("changed", "changed: the journal is whole: ", " messages, the last taken 20", code=0,
         check="--check=full")
    after = sorted((path.name, path.read_bytes()) for path in home.glob("journal.db*"))
    need(before == after, "the check has changed the journal")
    db = sqlite3.connect(home / "journal.db", isolation_level=None)
    place, = db.execute("SELECT min (position) FROM log_routine").fetchone()
    for change in ("envelope = zeroblob (length (envelope))", "reason = 20",
                   "chain = randomblob (32)"):
        db.execute("SAVEPOINT before")
        db.execute(f"UPDATE log_routine SET {change} WHERE position = {place}")
        db.execute("RELEASE before")
        db.close()
        ends("changed", f"changed/journal.db: position {place}, taken 20", "not what was stored",
             check="--check=full")
        home = copy(tree, "changed")
        db = sqlite3.connect(home / "journal.db", isolation_level=None)
    db.execute(f"DELETE FROM log_routine WHERE position = {place}")
    db.close()
    ends("changed", f"position {place}, after one that was taken 20", check="--check=full")
    done = subprocess.run([CERTBUSD, "-C", "pk", "--check=most"], capture_output=True, text=True,
                          check=False)
    need(done.returncode == 2 and "--check=full" in done.stderr, done.stderr)


def with_options_that_are_none(tree):
    done = subprocess.run([CERTBUSD, "--frobnicate"], capture_output=True, text=True,
                          check=False)
    need(done.returncode == 2 and "frobnicate" in done.stderr and "usage" in done.stderr,
         done.stderr)
    done = subprocess.run([CERTBUSD, "--version"], capture_output=True, text=True, check=False)
    need(done.returncode == 0 and done.stdout.startswith("certbusd "), done.stdout)


prove(without_a_home_or_keys_or_credential, with_keys_or_a_bundle_that_do_not_belong,
      with_a_typo_in_its_configuration, with_schemas_that_are_not_there_or_not_whole,
      with_a_journal_of_a_newer_version_or_none, on_a_port_in_use, twice_on_one_home,
      with_a_journal_that_somebody_has_changed_where_a_start_does_not_look,
      with_options_that_are_none, on=setup)
