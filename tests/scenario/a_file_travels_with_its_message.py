#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Attachments: over two hops, interrupted, hostile, and behind everything that is urgent."""

import hashlib
import itertools
import json
import os
import pathlib
import signal
import subprocess
import time

from support import BULK, CERTBUS, FLASH, ROUTINE, Refused, need, note, prove, until

PART = 196608
MIB = 1024 * 1024


COUNT = itertools.count(1)


def advisory(title):
    body = {"number": f"T-{next(COUNT)}", "title": title, "severity": "S3",
            "summary": "see the files"}
    path = pathlib.Path(f"{body['number']}.json")
    path.write_text(json.dumps(body))
    return str(path)


def make(name, size):
    path = pathlib.Path(name)
    path.write_bytes(os.urandom(size))
    return path


def h(content):
    return hashlib.blake2b(content, digest_size=32).digest()


def publish(broker, *files, title="with files", expect=0):
    words = [word for file in files for word in ("--attach", file)]
    said = broker.certbus("--json", "publish", advisory(title), "--tlp", "GREEN", *words,
                          expect=expect)
    return json.loads(said)["id"] if expect == 0 else said


def ref(broker, ident):
    return broker.holds(ident)["ref"]


def files(broker, ident):
    if not broker.holds(ident):
        return []
    return broker.ask("attachments", id=ref(broker, ident))["files"]


def complete(broker, ident, count):
    listed = files(broker, ident)
    return len(listed) == count and all(file["have"] == file["parts"] for file in listed)


def files_of_every_size_arrive_as_they_were(tree):
    pk, _, kpt = tree.chain()
    made = [make(f"{size}.bin", size)
            for size in (0, 1, PART - 1, PART, PART + 1, 3 * PART + 17)]
    ident = publish(pk, *made)
    until(lambda: complete(kpt, ident, len(made)), "all of it is at the edge")
    os.mkdir("out")
    kpt.certbus("save", ident, "out")
    for path in made:
        need(pathlib.Path("out", path.name).read_bytes() == path.read_bytes(), path.name)
    need(not list(pathlib.Path("out").glob(".certbus*")), "something is left over")
    need("3 parts" not in kpt.certbus("show", ident), "show counts wrongly")
    need("complete" in kpt.certbus("show", ident), "show does not say that it is complete")
    # Never over what is there, and one at a time.
    kept = pathlib.Path("out", "1.bin")
    kept.write_bytes(b"mine")
    said = kpt.certbus("save", ident, "out", "--file", "1.bin", expect=1)
    need("exists already" in said and kept.read_bytes() == b"mine", said)
    need("lists no file" in kpt.certbus("save", ident, "out", "--file", "x", expect=1), "x")
    # Pieces are nobody's reading, and nobody is asked for a receipt of them.
    need("part" not in kpt.certbus("list"), "list shows pieces")
    need(not kpt.holds(ident)["answers"], "pieces are called answers")
    quarantined = [record for broker in tree.brokers.values()
                   for record in broker.records(quarantine=True)]
    need(not quarantined, f"refused: {quarantined}")


def what_was_interrupted_goes_on_where_it_was(tree):
    pk = tree.join("pk")
    path = make("file.bin", 4 * PART + 1)
    ident = publish(pk)
    need(files(pk, ident) == [], "files out of nowhere")
    # The tool dies between the message and its pieces: the body lists what was not sent.
    content = path.read_bytes()
    answer = pk.publish("advisory", {
        "number": "T-900", "title": "t", "severity": "S3", "summary": "s",
        "attachments": [{"name": "file.bin", "hash": h(content), "size": len(content)}]},
        ["pk.**"])
    ident = answer["id"]
    piece = {"hash": h(content), "size": len(content), "count": 5, "index": 0,
             "content": content[:PART]}
    pk.publish("part", piece, ["pk.**"], thread=answer["ref"])
    said = pk.certbus("save", ident, ".", expect=1)
    need("1 of 5 parts" in said, said)
    need("1 of 5 parts" in pk.certbus("show", ident), "show")
    other = make("other.bin", 10)
    need("lists no such file" in pk.certbus("attach", ident, other, expect=1), "another file")
    said = pk.certbus("attach", ident, path)
    need("4 of 5 parts sent" in said, said)
    said = pk.certbus("attach", ident, path)
    need("0 of 5 parts sent" in said, said)
    need(sum(record.kind == "part" for record in pk.records()) == 5, "pieces went twice")


def a_revision_has_the_files_of_what_it_replaces_without_sending_them_again(tree):
    pk, _, kpt = tree.chain()
    kept, changed = make("kept.bin", 2 * PART + 5), make("changed.bin", 100)
    first = publish(pk, kept, changed)
    until(lambda: complete(kpt, first, 2), "both are at the edge")
    changed.write_bytes(b"another")
    text = json.loads(pathlib.Path(f"T-{next(COUNT) - 1}.json").read_text())
    text["title"] = "with a better title"
    pathlib.Path("new.json").write_text(json.dumps(text))
    said = pk.certbus("--json", "revise", first, "new.json", "--attach", changed)
    second = json.loads(said)["id"]
    until(lambda: complete(kpt, second, 2), "both are there, of the revision")
    need("complete" in kpt.certbus("show", second), "show does not say so")
    os.mkdir("out")
    kpt.certbus("save", second, "out")
    for path in (kept, changed):
        need(pathlib.Path("out", path.name).read_bytes() == path.read_bytes(), path.name)
    parts = [record for record in kpt.records() if record.kind == "part"]
    need(len(parts) == 5, f"{len(parts)} pieces came")
    # Once more removed, and what is asked for is what is there.
    third = json.loads(pk.certbus("--json", "revise", second, "new.json", "--changes", "x"))["id"]
    until(lambda: complete(kpt, third, 2), "both are there, of the second revision")
    said = json.loads(pk.certbus("--json", "attach", third, kept))
    need(said == {"id": third, "files": [{"name": "kept.bin", "parts": 3, "sent": 0}]}, said)
    # A message of its own that begins with its text has none of its files.
    document = json.loads(pk.certbus("--json", "show", third))
    need(len(document["body"]["attachments"]) == 2, document)
    text["attachments"] = []
    pathlib.Path("none.json").write_text(json.dumps(text))
    fourth = json.loads(pk.certbus("--json", "revise", third, "none.json"))["id"]
    need(files(pk, fourth) == [], "files that were taken away")


def what_is_half_here_of_a_replaced_message_is_completed_under_its_revision(tree):
    pk = tree.join("pk")
    path = make("file.bin", 4 * PART + 1)
    content = path.read_bytes()
    body = {"number": "T-910", "title": "t", "severity": "S3", "summary": "s",
            "attachments": [{"name": "file.bin", "hash": h(content), "size": len(content)}]}
    answer = pk.publish("advisory", body, ["pk.**"])
    for index in (0, 2):
        pk.publish("part", {"hash": h(content), "size": len(content), "count": 5, "index": index,
                            "content": content[index * PART:(index + 1) * PART]},
                   ["pk.**"], thread=answer["ref"])
    second = pk.publish("advisory", {**body, "title": "u"}, ["pk.**"], replaces=answer["ref"])
    listed, = files(pk, second["id"])
    need((listed["have"], listed["next"]) == (2, 1), listed)
    said = pk.certbus("attach", second["id"], path)
    need("all 5 are on disk" in said, said)
    os.mkdir("out")
    pk.certbus("save", second["id"], "out")
    need(pathlib.Path("out/file.bin").read_bytes() == content, "another file")
    need(files(pk, answer["id"])[0]["have"] == 2, "the old one was given what came later")


def a_file_that_changes_while_it_is_sent_is_not_sent_on(tree):
    pk = tree.join("pk")
    path = make("file.bin", 8 * PART)
    before = path.read_bytes()
    # The broker does not answer until the file was hashed and has changed.
    pk.process.send_signal(signal.SIGSTOP)
    tool = subprocess.Popen([CERTBUS, "-C", "pk", "publish", advisory("t"), "--tlp", "GREEN",
                             "--to", "pk.**", "--attach", "file.bin"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    tree.also(tool)
    io = pathlib.Path(f"/proc/{tool.pid}/io")
    until(lambda: int(io.read_text().split()[1]) > len(before), "the file was read once")
    path.write_bytes(before[:5 * PART] + os.urandom(3 * PART))
    pk.process.send_signal(signal.SIGCONT)
    said = tool.communicate()[0]
    need(tool.returncode == 1, f"exit code {tool.returncode}")
    need("it changed while" in said and "certbus attach" in said, said)
    sent = [record.body for record in pk.records() if record.kind == "part"]
    need([body["index"] for body in sent] == list(range(5)), "a piece that changed was sent")


def what_the_policy_or_the_message_does_not_let_is_refused_before_it_is_sent(tree):
    pk = tree.join("pk")
    large = make("large.bin", 10 * MIB + 1)
    said = publish(pk, large, expect=1)
    need("10 MiB" in said and "nothing was sent" in said, said)
    need(not [r for r in pk.records() if r.kind in ("part", "advisory")], "it was sent")
    os.mkdir("folder")
    os.mkfifo("pipe")
    for odd in ("folder", "pipe", "nowhere"):
        publish(pk, odd, expect=1)
    ident = publish(pk)
    good = {"hash": bytes(32), "size": 1, "count": 1, "index": 0, "content": b"x"}
    thread = ref(pk, ident)
    for wrong, fields in (({"count": 2}, {}), ({"index": 1}, {}), ({"size": 2}, {}),
                          ({"size": 11 * MIB, "count": 59, "content": bytes(PART)}, {}),
                          ({}, {"precedence": ROUTINE}),
                          ({}, {"thread": ["pk.sindh", 1, 1, 1]})):
        try:
            pk.publish("part", {**good, **wrong}, ["pk.**"], **{"thread": thread, **fields})
            need(False, f"taken: {wrong} {fields}")
        except Refused as why:
            need(why.reason == "attachment", f"{wrong} {fields}: {why}")


def names_from_outside_stay_in_the_folder(tree):
    pk = tree.join("pk")
    names = ["../../escape", "/etc/passwd", "..", ".profile", "-rf", "a\u202eb", "\u0627.pdf", ""]
    listed = [{"name": name or "a\tb", "hash": h(b""), "size": 0} for name in names]
    answer = pk.publish("advisory", {"number": "T-901", "title": "t", "severity": "S3",
                                     "summary": "s", "attachments": listed}, ["pk.**"])
    os.mkdir("deep")
    os.mkdir("deep/out")
    pk.certbus("save", answer["id"], "deep/out")
    found = sorted(os.listdir("deep/out"))
    need(len(found) == len(names) and os.listdir("deep") == ["out"], f"{found}")
    need(not [name for name in found if name[0] in ".-" or "/" in name or "\u202e" in name],
         f"{found}")
    need("\u0627.pdf" in found, "an Urdu name was changed")


def pieces_never_come_before_their_message(tree):
    pk, sindh, kpt = tree.chain()
    kpt.stop()
    for number in range(60):
        pk.publish("note", {"text": f"{number} " + "x" * 30000}, ["pk.**"], precedence=ROUTINE)
    ident = publish(pk, make("file.bin", 5 * PART))
    until(lambda: complete(sindh, ident, 1), "it is half way")
    kpt.start()
    until(lambda: complete(kpt, ident, 1), "it is at the edge")
    refused = kpt.records(quarantine=True) + sindh.records(quarantine=True)
    need(not refused, f"refused: {refused}")


def ten_mib_pass_two_hops_and_flash_overtakes_them(tree):
    pk, sindh, kpt = tree.chain()
    begun = time.monotonic()
    first = publish(pk, make("large.bin", 10 * MIB))
    until(lambda: complete(kpt, first, 1), "the file is at the edge")
    note(f"10 MiB over two hops in {time.monotonic() - begun:.1f} s")
    os.mkdir("out")
    kpt.certbus("save", first, "out")
    need(pathlib.Path("out/large.bin").read_bytes() == pathlib.Path("large.bin").read_bytes(),
         "another file came")
    kpt.stop()
    second = publish(pk, make("larger.bin", 10 * MIB), title="the second")
    flash = pk.say("a flash note", "pk.**", precedence=FLASH)
    until(lambda: complete(sindh, second, 1) and sindh.holds(flash), "all is half way")
    kpt.start()
    until(lambda: complete(kpt, second, 1), "the second file is at the edge")
    at = kpt.holds(flash)["record"]["position"]
    parts = [record.position for record in kpt.records()
             if record.kind == "part" and record.thread == ref(kpt, second)]
    need(len(parts) == 54 and at < parts[3], f"the flash note is at {at}, after {parts[3]}")


def an_incident_takes_its_files_up(tree):
    pk, sindh, kpt = tree.chain()
    sample = json.loads((pathlib.Path(__file__).resolve().parents[2]
                         / "config/samples/incident.json").read_text())
    sample.get("body", sample)["consent"] = False
    pathlib.Path("incident.json").write_text(json.dumps(sample))
    make("log.txt", 1000)
    said = kpt.certbus("--json", "report", "incident.json", "--attach", "log.txt")
    ident = json.loads(said)["id"]
    until(lambda: complete(sindh, ident, 1), "the file is at the CERT above")
    need([r.lane for r in sindh.records() if r.kind == "part"] == [BULK], "not in bulk")
    need(not [r for r in pk.records() if r.kind == "part"], "it went further than its message")


prove(files_of_every_size_arrive_as_they_were,
      what_was_interrupted_goes_on_where_it_was,
      a_revision_has_the_files_of_what_it_replaces_without_sending_them_again,
      what_is_half_here_of_a_replaced_message_is_completed_under_its_revision,
      a_file_that_changes_while_it_is_sent_is_not_sent_on,
      what_the_policy_or_the_message_does_not_let_is_refused_before_it_is_sent,
      names_from_outside_stay_in_the_folder,
      pieces_never_come_before_their_message,
      ten_mib_pass_two_hops_and_flash_overtakes_them,
      an_incident_takes_its_files_up)
