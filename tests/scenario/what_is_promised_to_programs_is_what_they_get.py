# SPDX-License-Identifier: Apache-2.0
"""Each command's JSON against the tables of docs/compatibility.md, in both directions."""
# asan: yes

import json
import pathlib
import re
import subprocess

from support import (CERTBUS, POLICY, PROJECT, SCHEMAS, certbus, need, note, prove,
                     until)

PAGE = PROJECT / "docs" / "compatibility.md"
SAMPLES = PROJECT / "config" / "samples"
HEADING = re.compile(r"^### (?P<name>.*)$")
ROW = re.compile(r"^\| `(?P<key>[a-z_]+)`(?P<may>\??) \| (?P<type>[^|]+?) \| ")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
BASIC = {
    "text": lambda value: isinstance(value, str),
    "hex": lambda value: isinstance(value, str) and re.fullmatch("([0-9a-f]{2})*", value),
    "time": lambda value: isinstance(value, str) and TIME.fullmatch(value),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
}


class Section:
    def __init__(self):
        self.keys = {}                  # key: (type, whether it may be missing)
        self.text = ""


def page():
    """{name: section}; a command's name is in backticks there and without them here."""
    found = {}
    section = Section()
    for line in PAGE.read_text().splitlines():
        heading, row = HEADING.match(line), ROW.match(line)
        if heading:
            section = found[heading["name"].strip("`")] = Section()
        elif line.startswith("## "):
            section = Section()
        elif row:
            section.keys[row["key"]] = (row["type"], bool(row["may"]))
        else:
            section.text += line + "\n"
    for name, base in (("Record", "Message"), ("show", "Record"), ("quarantine show", "Refused"), ("Group", "Counts")):
        found[name].keys = {**found[base].keys, **found[name].keys}
    return found


class Promise:
    def __init__(self):
        self.sections = page()
        self.seen = set()

    def value(self, value, kind, where):
        if kind.endswith(" or null"):
            if value is None:
                return
            kind = kind.removesuffix(" or null")
        if kind.startswith("["):
            need(isinstance(value, list), f"{where} is no array: {value!r}")
            for at, one in enumerate(value):
                self.value(one, kind[1:-1], f"{where}[{at}]")
        elif kind.startswith("{"):
            self.object(value, kind[1:-1], where)
        else:
            need(kind in BASIC, f"{where}: the page has a type that is none: {kind}")
            need(BASIC[kind](value), f"{where} is no {kind}: {value!r}")

    def object(self, value, name, where):
        need(isinstance(value, dict), f"{where} is no object: {value!r}")
        keys = self.sections[name].keys
        need(keys, f"the page has no table of {name}")
        for key in value:
            need(key in keys, f"{where} has \"{key}\", and the page's table of {name} has not")
            self.seen.add((name, key))
            self.value(value[key], keys[key][0], f"{where}.{key}")
        for key, (_, may) in keys.items():
            need(may or key in value, f"{where} lacks \"{key}\", which the page promises")

    def run(self, command, kind, *words, home=None, expect=0, lines=False):
        """Runs it with --json; `kind` is a section's name, or a type. Returns the value."""
        at = ("-C", home) if home else ()
        done = subprocess.run([CERTBUS, "--json", *at, *command.split(), *map(str, words)],
                              capture_output=True, stdin=subprocess.DEVNULL, text=True,
                              timeout=60, check=False)
        need(expect in (None, done.returncode), f"{command}: {done}")
        printed = done.stdout
        need(not command or command in self.sections, f"the page has nothing about {command}")
        self.seen.add(command)
        if kind is None:
            need(printed == "", f"{command} prints something: {printed}")
            return None
        values = [json.loads(line) for line in printed.splitlines()] if lines \
            else [json.loads(printed)]
        for value in values:
            self.value(value, kind if kind[0] in "{[" else f"{{{kind}}}", command)
        return values[0]


def hierarchy(promise):
    """What needs no broker."""
    promise.run("root create", "root create", "other", "--top", "pk")
    promise.run("init", "init", "pk", "--title", "N", home="other.pk")
    promise.run("root enrol", "Credential", "other", "pk.request", "--policy", POLICY,
                "--role", "national", "--yes")
    pathlib.Path("other.pk/certbus.conf").write_text(f'schemas = "{SCHEMAS}";\n')
    promise.run("join", "join", "pk.credential", "--root", "other/root", home="other.pk")
    for name in ("pk.request", "pk.credential"):
        pathlib.Path(name).unlink()
    text = POLICY.read_text().replace("version = 1;", "version = 2;", 1)
    pathlib.Path("next.cfg").write_text(text)


def messages(promise, pk, sindh):
    advisory = SAMPLES / "advisory.json"
    words = (advisory, "--tlp", "GREEN")
    promise.run("publish", "Rehearsal", *words, "--dry-run", home=pk.home)
    pathlib.Path("iocs.csv").write_text("1.2.3.4\n")
    first = promise.run("publish", "Stored", *words, "--attach", "iocs.csv", home=pk.home)
    until(lambda: sindh.holds(first["id"]), "it is there")
    until(lambda: pk.holds(first["id"])["delivered"], "its receipt is back")
    until(lambda: not any(link["acked"] is False for link in pk.holds(first["id"])["children"]),
          "it was acknowledged")
    report = promise.run("report", "Stored", SAMPLES / "incident.json", home=sindh.home)
    until(lambda: pk.holds(report["id"]), "the report is there")
    promise.run("report", "Rehearsal", SAMPLES / "incident.json", "--dry-run", home=sindh.home)
    pathlib.Path("contact.json").write_text('{ "officer": "Duty desk" }')
    promise.run("contact", "Stored", "contact.json", home=sindh.home)
    promise.run("contact", "[{Contact}]", home=sindh.home)
    document = json.loads(advisory.read_text())
    document["body"].update(number=first["number"], title="The same, said better")
    pathlib.Path("second.json").write_text(json.dumps(document))
    second = promise.run("publish", "Stored", "second.json", "--tlp", "GREEN", "--replaces",
                         first["id"], home=pk.home)
    until(lambda: sindh.holds(second["id"]), "the revision is there")
    document["body"].update(title="The same, said best")
    pathlib.Path("third.json").write_text(json.dumps(document))
    third = promise.run("revise", "Stored", second["id"], "third.json", home=pk.home)
    promise.run("withdraw", "Rehearsal", third["id"], "--reason", "x", "--dry-run", home=pk.home)
    promise.run("withdraw", "Stored", third["id"], "--reason", "x", home=pk.home)
    return first, report


def reading(promise, pk, sindh, first, report):
    promise.run("list", "[{Record}]", "--all", "-n", "100", home=sindh.home)
    promise.run("list", "[{Record}]", "--quarantine", home=sindh.home)
    promise.run("watch", "Record", "--since", "start", "-n", "3", home=sindh.home, lines=True)
    for broker in (pk, sindh):
        promise.run("show", "show", first["id"], home=broker.home)
        promise.run("show", "show", report["id"], home=broker.home)
    promise.run("verify", "verify", first["id"], home=sindh.home)
    promise.run("verify", "verify", first["code"], home=sindh.home, expect=1)
    file = promise.run("export", "export", first["id"], home=pk.home)["file"]
    promise.run("verify", "verify", file, "--root", "root/root")
    promise.run("verify", "verify", file, "--root", "0000-0000-0000-0000", expect=4)
    pathlib.Path("x").write_text("x")
    promise.run("verify", "verify", "x", "--of", first["id"], home=pk.home, expect=4)
    promise.run("tree", "tree", home=pk.home)
    promise.run("tree", "Live", "--live", home=pk.home)
    promise.run("seen", "seen", "192.0.2.1", home=pk.home)
    promise.run("contact", "Duty", "pk.sindh", "--now", home=pk.home)
    promise.run("nil-return", "Rehearsal", "--dry-run", home=sindh.home)
    promise.run("nil-return", "Stored", home=sindh.home)
    promise.run("nil-return", "Missing", "--missing", home=pk.home)
    promise.run("status", "status", home=pk.home, expect=None)
    promise.run("status", "status", home=sindh.home, expect=None)
    promise.run("complete", "complete", "--", "li", home=pk.home)
    promise.run("config", "config", home=pk.home)
    promise.run("attach", "attach", first["id"], "iocs.csv", home=pk.home)
    pathlib.Path("files").mkdir()
    promise.run("save", "save", first["id"], "files", home=pk.home)
    promise.run("", "board", home=pk.home)


def casework(promise, pk, sindh, report):
    def step(broker, name, *words):
        made = promise.run(name, "Stored", *words, home=broker.home)
        for other in (pk, sindh):
            until(lambda o=other: o.holds(made["id"]), f"{name} is at {other.name}")

    case = report["id"]
    promise.run("update", "Rehearsal", case, "-m", "x", "--dry-run", home=sindh.home)
    step(sindh, "update", case, "-m", "x")
    step(pk, "ack", case, "--by", "A", "--next-update", "in 2 hours")
    step(pk, "triage", case, "--severity", "S2")
    step(pk, "assign", case, "A")
    step(pk, "ask", case, "Who?")
    promise.run("show", "show", case, home=sindh.home)
    promise.run("cases", "[{Listed}]", home=pk.home)
    promise.run("", "board", home=pk.home)
    promise.run("board", "board", home=sindh.home)
    promise.run("clocks", "clocks", "--all", home=pk.home)
    promise.run("breaches", "breaches", home=pk.home)
    promise.run("handover", "Stored", home=pk.home)
    promise.run("handover", "Record", "--last", home=pk.home)
    step(sindh, "answer", case, "We.")
    step(sindh, "contain", case)
    step(sindh, "recover", case)
    promise.run("escalate", "escalate", case, "--why", "x", home=sindh.home)
    promise.run("transfer", "Rehearsal", case, "pk.sindh", "--why", "x", "--dry-run",
                home=pk.home)
    step(pk, "close", case, "--root-cause", "x")
    step(pk, "reopen", case, "--why", "x")


def quarantine(promise, pk, sindh):
    pk.certbus("freeze", "pk.sindh")
    sent = [sindh.say(text, "pk") for text in ("one", "two")]
    until(lambda: len(pk.records(quarantine=True)) == 2, "both are refused")
    kept = promise.run("quarantine list", "quarantine list", home=pk.home)["records"]
    need([one["id"] for one in kept] == sent, kept)
    places = [str(one["position"]) for one in kept]
    promise.run("quarantine show", "quarantine show", places[0], home=pk.home)
    promise.run("quarantine discard", "quarantine discard", places[0], "--why", "x", home=pk.home)
    pk.certbus("freeze", "pk.sindh", "--off")
    promise.run("quarantine release", "quarantine release", places[1], home=pk.home)


def renewing(promise, pk, sindh):
    promise.run("renew", "renew", home=sindh.home)
    certbus("-C", "a", "init", "pk.sindh", "--title", "S", "--out", "a.request")
    promise.run("enrol", "Proposal", "a.request", "--again", "--yes", "--out", "a.proposal",
                home=pk.home)
    promise.run("root countersign", "Proposal", "root", "a.proposal", "--yes", "--out", "a.signed")
    kpt = certbus("-C", "b", "init", "pk.sindh.kpt", "--title", "K", "--out", "b.request")
    need(kpt, "no request")
    sindh.certbus("enrol", "b.request", "--role", "organisation", "--yes", "--out", "b.credential")
    until(lambda: "pk.sindh.kpt" in pk.certbus("tree"), "the top knows it")
    certbus("-C", "c", "init", "pk.sindh.kpt", "--title", "K", "--out", "c.request")
    sindh.certbus("enrol", "c.request", "--again", "--yes", "--out", "c.proposal")
    promise.run("countersign", "Proposal", "c.proposal", "--yes", "--out", "c.signed",
                home=pk.home)


def bulletins(promise, pk):
    """A draft for a period that somebody else chose: the schedule is shown elsewhere."""
    home = pk.home
    promise.run("subscribe", "Stored", "pk", "bulletin", "--edition", "cabinet", home=home)
    promise.run("subscribe", "Subscription", "pk", "bulletin", "--edition", "cabinet", home=home)
    promise.run("subscribe", "subscribe", home=home)
    body = promise.run("bulletin", "bulletin", "--preview", home=home)["body"]
    pathlib.Path("draft.json").write_text(json.dumps(body))
    promise.run("publish", "Stored", "draft.json", "--kind", "bulletin", "--tlp", "AMBER", "--to",
                "pk", home=home)
    promise.run("bulletin", "Stored", "--edit", "--headline", "Quiet", "--threat-level", "low",
                home=home)
    promise.run("bulletin", "Editions", "--approve", "--by", "Director", home=home)
    promise.run("bulletin", "bulletin", home=home)
    promise.run("unsubscribe", "Stored", "pk", "bulletin", home=home)


DRILL = """title = "Drill"; text = "Played."; to = "pk.sindh"; length = "1 h";
injects = ( { id = "a"; at = "0 s"; to = "pk.sindh"; text = "Read this."; },
            { id = "b"; at = "30 min"; to = "pk.sindh"; title = "Later"; text = "And this."; } );
expected = ( { id = "r"; inject = "a"; who = "pk.sindh"; clock = "report"; limit = "1 h"; } );
"""


def exercises(promise, pk, sindh):
    pathlib.Path("drill.cfg").write_text(DRILL)
    promise.run("exercise announce", "Rehearsal", "drill.cfg", "--dry-run", home=pk.home)
    one = promise.run("exercise announce", "Stored", "drill.cfg", home=pk.home)["id"]
    promise.run("exercise start", "Stored", one, home=pk.home)
    until(lambda: any("sent" in row for row in pk.ask("exercise", id=pk.ask("get", id=one)["ref"])
                      ["injects"]), "the first inject was sent")
    until(lambda: sindh.holds(one), "it is there")
    report = promise.run("report", "Stored", SAMPLES / "incident.json", "--exercise", one,
                         home=sindh.home)["id"]
    until(lambda: pk.holds(report), "the report of the drill is there")
    promise.run("exercise list", "exercise list", one, home=pk.home)
    promise.run("exercise pause", "Stored", one, "--why", "x", home=pk.home)
    promise.run("exercise resume", "Stored", one, home=pk.home)
    promise.run("exercise stop", "Stored", one, home=pk.home)
    promise.run("exercise list", "exercise list", home=pk.home)
    promise.run("exercise score", "exercise list", one, home=pk.home)


def answering(promise, pk, sindh):
    """An advisory with three actions, one revision, and each way to answer."""
    document = json.loads((SAMPLES / "advisory.json").read_text())
    document["body"].update(title="Another one", number="NCERT-2026-077")
    pathlib.Path("asked.json").write_text(json.dumps(document))
    asked = promise.run("publish", "Stored", "asked.json", "--tlp", "GREEN", home=pk.home)["id"]
    until(lambda: sindh.holds(asked), "it is there")
    sindh.certbus("ack", asked, "--by", "Ayesha", "--applicable", "--why", "we have mail")
    promise.run("comply", "Rehearsal", asked, "--all", "--done", "--dry-run", home=sindh.home)
    promise.run("comply", "Stored", asked, "--action", "A1", "--done", "--evidence", "ticket",
                home=sindh.home)
    promise.run("comply", "Stored", asked, "--action", "A2", "--waive", "--reason", "x",
                "--approver", "y", home=sindh.home)
    document["body"].update(title="Another one, said better")
    pathlib.Path("better.json").write_text(json.dumps(document))
    better = promise.run("revise", "Stored", asked, "better.json", home=pk.home)["id"]
    until(lambda: sindh.holds(better), "the revision is there")
    until(lambda: len(pk.ask("ledger", id=better)["rows"][0]["actions"]) == 3 and
          pk.ask("ledger", id=asked)["totals"]["waived"] == 1, "its answers are there")
    promise.run("compliance", "compliance", asked, home=pk.home)
    found = promise.run("compliance", "compliance", better, "--by", "sector", home=pk.home)
    need(found["rows"][0]["actions"][0].get("carried"), f"nothing was carried over: {found}")
    promise.run("compliance", "compliance", better, "--overdue", home=pk.home)
    promise.run("compliance", "[{Share}]", home=pk.home)


def acting(promise, pk, sindh):
    promise.run("freeze", "freeze", "pk.sindh", home=pk.home)
    promise.run("freeze", "freeze", "pk.sindh", "--off", home=pk.home)
    promise.run("root policy", "root policy", "root", "next.cfg")
    promise.run("policy", "Stored", "policy-2", home=pk.home)
    certbus("-C", "new", "init", "pk.punjab", "--title", "P")
    promise.run("enrol", "Credential", "pk.punjab.request", "--role", "provincial", "--yes",
                home=pk.home)
    pathlib.Path("again").mkdir()
    promise.run("enrol", "Rejoins", "--rejoin", "pk.sindh", "--out", "again", home=pk.home)
    sindh.stop()
    pk.say("Are you there?", "pk.sindh")
    waiting = promise.run("list", "[{Record}]", "--waiting", "--kind", "note", home=pk.home)
    need(waiting[0]["waits"] == ["pk.sindh"], waiting)
    promise.run("revoke", "Stored", "pk.punjab", "--why", "lost", home=pk.home)


def every_command_prints_the_keys_that_the_page_promises_and_no_others(tree):
    promise = Promise()
    hierarchy(promise)
    pk = tree.join("pk")
    sindh = tree.join("pk.sindh", "provincial")
    first, report = messages(promise, pk, sindh)
    reading(promise, pk, sindh, first, report)
    casework(promise, pk, sindh, report)
    quarantine(promise, pk, sindh)
    renewing(promise, pk, sindh)
    bulletins(promise, pk)
    exercises(promise, pk, sindh)
    answering(promise, pk, sindh)
    acting(promise, pk, sindh)
    commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +\S", certbus("help").split("Options")[0],
                          re.MULTILINE)
    need(len(commands) > 20, commands)
    for command in commands:
        need(command in promise.seen or command == "help",
             f"{command} was not run here: say in docs/compatibility.md what it prints with "
             "--json, and run it")
    note(f"{len(commands)} commands, {len(promise.seen)} keys")


def the_exit_codes_are_those_of_the_page(tree):
    pk = tree.join("pk")
    ident = pk.say("x", "pk")
    pk.certbus("export", ident, "--out", "file")
    page_text = PAGE.read_text()
    for line in re.findall(r"^  ([0-9])  (.*)$", certbus("help"), re.MULTILINE):
        need(f"| {line[0]} | " in page_text, f"the page lacks exit code {line}")
    pk.certbus("verify", ident, expect=0)
    pk.certbus("show", "pk/1-999", expect=1)
    pk.certbus("show", expect=2)
    pk.certbus("nonsense", expect=2)
    certbus("verify", "file", "--root", "0000-0000-0000-0000", expect=4)
    pk.stop()
    pk.certbus("list", expect=3)
    pk.certbus("status", expect=2)


prove(every_command_prints_the_keys_that_the_page_promises_and_no_others,
      the_exit_codes_are_those_of_the_page)
