# SPDX-License-Identifier: Apache-2.0
"""certbus verify, show and export: what an officer reads out on the phone, and what the tools of
others may rely on."""
# asan: yes

import hashlib
import json
import pathlib

from support import PROJECT, certbus, need, prove, until

INCIDENT = PROJECT / "config/samples/incident.json"
ACTIONS = [{"id": "A1", "text": "Reset all passwords.", "due": 1796378400000},
           {"id": "A2", "text": "Tell us that you did."}]


def setup(tree):
    pk = tree.join("pk")
    sindh = tree.join("pk.sindh", "provincial")
    first = advisory(pk, "Forged mails")
    until(lambda: sindh.holds(first["id"]), "the advisory is there")
    return pk, sindh, first


def advisory(broker, title, number="NCERT-2026-013", **more):
    fields = {key: more.pop(key) for key in ("replaces",) if key in more}
    body = {"number": number, "title": title, "severity": "S2", "summary": "Do not open them.",
            "actions": ACTIONS, **more}
    return broker.publish("advisory", body, ["pk.**"], **fields)


def says(text, *parts):
    for part in parts:
        need(part in text, f"\"{part}\" is not in: {text}")
    return text


def a_caller_hears_who_stands_behind_it_and_what_is_to_be_done_by_when(tree):
    _, sindh, first = setup(tree)
    text = says(sindh.certbus("verify", first["id"]), "Signed by   pk (The pk)",
                "Read this back to the caller", "number NCERT-2026-013", "title  Forged mails",
                "A1   due 2026-12-04T10:00:00Z", "Reset all passwords.",
                "A2   no date of its own", "Genuine is this text, and no other")
    need(text.startswith("GENUINE and current\n"), text)


def a_code_or_a_number_alone_is_never_genuine(tree):
    _, sindh, first = setup(tree)
    for word, what in ((first["code"], "code"), ("NCERT-2026-013", "number"),
                       ("ncert-2026-013", "number")):
        text = says(sindh.certbus("verify", word, expect=1),
                    f"A {what} alone never says \"genuine\". {first['id']} has it, and is current",
                    "Signed by   pk (The pk)", "Reset all passwords.", "it is not genuine.")
        need("GENUINE" not in text, text)
        found = json.loads(sindh.certbus("--json", "verify", word, expect=1))
        need(found["genuine"] is None and found["current"] is True, found)


def what_nobody_here_knows_is_to_be_treated_as_not_genuine(tree):
    _, sindh, _ = setup(tree)
    for word in ("NCERT-2026-777", "7777-7777-7777-7777", "pk/9-9"):
        says(sindh.certbus("verify", word, expect=1), "no message here is meant by",
             "nobody here can vouch for it: treat it as not genuine", "certbus contact PARTY")
    need("vouch" not in sindh.certbus("show", "pk/9-9", expect=1), "show answers what was asked")


def what_was_replaced_or_withdrawn_says_so_first(tree):
    pk, sindh, first = setup(tree)
    second = advisory(pk, "Forged mails, corrected", replaces=first["ref"])
    until(lambda: sindh.holds(second["id"]), "the revision is there")
    text = sindh.certbus("verify", first["id"])
    need(text.startswith(f"GENUINE, but REPLACED by {second['id']}\n"), text)
    third = advisory(pk, "Nothing of it was true", status="withdrawn", replaces=second["ref"])
    until(lambda: sindh.holds(third["id"]), "the withdrawal is there")
    text = sindh.certbus("verify", first["id"])
    need(text.startswith(f"GENUINE, but WITHDRAWN by {third['id']}\n"), text)
    says(sindh.certbus("verify", first["code"], expect=1), f"WITHDRAWN by {third['id']}")
    found = json.loads(sindh.certbus("--json", "verify", first["id"]))
    need(found["standing"] == {"state": "withdrawn", "id": third["id"]}, found["standing"])
    lines = sindh.certbus("list", "--kind", "advisory").splitlines()
    need(len(lines) == 3 and "[" not in lines[0], lines)
    for line in lines[1:]:
        says(line, f"[withdrawn by {third['id']}]", " S2 ")
    text = says(sindh.certbus("show", second["id"]), f"Withdrawn by {third['id']}", "Revisions")
    chain = text[text.index("Revisions"):].splitlines()
    for line, ident, what in zip(chain[1:], (first, second, third),
                                 ("first", "replaces it", "withdraws it")):
        says(line, ident["id"], what, "20")
    shown = json.loads(sindh.certbus("--json", "show", second["id"]))
    need([one["id"] for one in shown["revisions"]]
         == [first["id"], second["id"], third["id"]], shown["revisions"])


def a_file_that_is_no_message_is_named_with_what_to_do(tree):
    pk, _, first = setup(tree)
    pathlib.Path("a.pdf").write_bytes(b"%PDF-1.7\n\0\1\2")
    pathlib.Path("large.pdf").write_bytes(b"%PDF-1.7\n" + bytes(9 * 1024 * 1024))
    for name in ("a.pdf", "large.pdf"):
        says(pk.certbus("verify", name, expect=1), "this is a PDF", "Ask whoever sent it for the")
    pathlib.Path("a.eml").write_text(
        f"From: PKCERT <cert@example.org>\nSubject: NCERT-2026-013\n\nSee {first['id']}, code "
        f"{first['code']}. Not 10.0.0.1/24-7, and not 2026-11-22.\n")
    text = says(pk.certbus("verify", "a.eml", expect=1), "this is a mail",
                "  certbus verify NCERT-2026-013\n", f"  certbus verify {first['id']}\n",
                f"  certbus verify {first['code']}\n")
    need(text.count("  certbus verify ") == 3, text)
    pathlib.Path("a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    says(pk.certbus("verify", "a.png", expect=1), "this is an image (PNG)")
    says(pk.certbus("verify", "pk.sindh.credential", expect=1), "certbus join")
    pathlib.Path("empty").touch()
    says(pk.certbus("verify", "empty", expect=1), "this is empty")
    says(pk.certbus("verify", "no.such", expect=1), "no such file, and no id")


def what_was_exported_is_verified_where_there_is_no_bus(tree):
    pk, _, first = setup(tree)
    says(pk.certbus("export", first["id"]), "pk_1-")
    file = first["id"].replace("/", "_") + ".certbus"
    root = json.loads(pk.certbus("--json", "verify", first["id"]))["root"]
    text = says(certbus("verify", file, "--root", root), "not known offline",
                "A1   due 2026-12-04T10:00:00Z")
    need(text.startswith("GENUINE; whether it still counts is not known here\n"), text)
    found = json.loads(certbus("--json", "verify", file, "--root", root))
    need(found["current"] is None and found["genuine"] is True, found)


def a_file_that_was_altered_accuses_nobody_of_two_messages(tree):
    pk, sindh, first = setup(tree)
    pk.certbus("export", first["id"], "--out", "altered.certbus")
    file = pathlib.Path("altered.certbus")
    file.write_bytes(file.read_bytes().replace(b"Do not open them.", b"You may open them"))
    text = says(sindh.certbus("verify", file, expect=4), "NOT GENUINE", "(bad-signature)")
    need("equivocation" not in text, text)


def an_attachment_is_compared_with_what_the_message_says(tree):
    pk, sindh, _ = setup(tree)
    pathlib.Path("iocs.csv").write_text("1.2.3.4\n")
    pathlib.Path("other.csv").write_text("1.2.3.5\n")
    told = [{"name": "iocs.csv", "size": 8,
             "hash": hashlib.blake2b(b"1.2.3.4\n", digest_size=32).digest()}]
    sent = advisory(pk, "With a list", number="NCERT-2026-014", attachments=told)
    until(lambda: sindh.holds(sent["id"]), "it is there")
    says(sindh.certbus("verify", "iocs.csv", "--of", sent["id"]),
         "GENUINE: iocs.csv is the attachment \"iocs.csv\" of " + sent["id"], "Signed by   pk")
    says(sindh.certbus("verify", "other.csv", "--of", sent["id"], expect=4),
         "NOT GENUINE: other.csv is no attachment", "iocs.csv, 8 bytes")
    need(json.loads(sindh.certbus("--json", "verify", "iocs.csv", "--of", sent["id"]))
         ["attachment"] == "iocs.csv", "JSON has no name")


def a_slip_in_an_id_is_answered_with_what_was_meant(tree):
    pk, sindh, first = setup(tree)
    sequence = int(first["id"].rpartition("-")[2])
    text = sindh.certbus("show", f"pk/1-{sequence}9", expect=1)
    says(text, f"  {first['id']} ", "advisory", "Forged mails")
    need(text.count("Forged mails") == 1, f"it is listed twice: {text}")
    says(sindh.certbus("show", first["code"][:4]), "Forged mails")
    says(sindh.certbus("show", "NCERT-2026-013"), "Forged mails")
    body = {"number": "NCERT-2026-013", "title": "Another's", "severity": "S5", "summary": "s"}
    second = sindh.publish("advisory", body, ["pk.sindh.**"])
    says(sindh.certbus("verify", "NCERT-2026-013", expect=1), "(ambiguous)", first["id"],
         "Forged mails", second["id"], "Another's")


def a_thread_is_shown_from_each_of_its_messages(tree):
    pk, sindh, first = setup(tree)
    answer = pk.publish("note", {"text": "Have you read it?"}, ["pk.sindh"], thread=first["ref"])
    until(lambda: sindh.holds(answer["id"]), "the answer is there")
    for ident in (first["id"], answer["id"]):
        text = sindh.certbus("show", ident)
        thread = text[text.index("Thread\n"):]
        says(thread, first["id"], "Forged mails", answer["id"], "Have you read it?")


def an_origin_sees_who_refused_its_message_and_why(tree):
    pk, sindh, _ = setup(tree)
    pk.certbus("freeze", "pk.sindh")
    sent = sindh.say("Please call us.", "pk")
    until(lambda: "REFUSED          by pk, " in sindh.certbus("show", sent), "show says so")
    says(sindh.certbus("show", sent), "the origin is frozen here", "(frozen)")


def an_origin_is_told_of_a_refusal_until_it_was_taken_after_all(tree):
    pk, sindh, _ = setup(tree)
    pk.certbus("freeze", "pk.sindh")
    sent = json.loads(sindh.certbus("--json", "report", INCIDENT))["id"]
    words = f"1 message of yours was refused by pk in the last 7 days: certbus show {sent}"
    until(lambda: words in sindh.certbus("status", expect=1), "status says so")
    says(sindh.certbus(), words)
    line = next(line for line in sindh.certbus("list").splitlines() if sent in line)
    says(line, "[refused by pk] ")
    record = json.loads(sindh.certbus("--json", "list", "--kind", "incident"))[0]
    need(record["refused"]["party"] == "pk" and record["refused"]["reason"] == "frozen", record)
    need(json.loads(sindh.certbus("--json", "show", sent))["refused"] == record["refused"], "show")
    about = sindh.certbus("show", record["refused"]["id"]).splitlines()
    need(about[0].startswith(f"pk refused {sent} (") and "frozen here (frozen)" in about[0], about)
    pk.certbus("freeze", "--off", "pk.sindh")
    at = pk.records(quarantine=True)[0].position
    pk.certbus("quarantine", "release", at)
    until(lambda: "refused by" not in sindh.certbus("list"), "it was taken after all")
    (receipt,) = json.loads(sindh.certbus("--json", "list", "--kind", "receipt", "--from", "pk"))
    about = sindh.certbus("show", receipt["id"])
    need(about.startswith(f"pk has {sent} (") and " on disk since 20" in about, about)
    need("was refused" not in sindh.certbus("status"), "and nothing is to be done")


prove(a_caller_hears_who_stands_behind_it_and_what_is_to_be_done_by_when,
      a_code_or_a_number_alone_is_never_genuine,
      what_nobody_here_knows_is_to_be_treated_as_not_genuine,
      what_was_replaced_or_withdrawn_says_so_first,
      a_file_that_is_no_message_is_named_with_what_to_do,
      what_was_exported_is_verified_where_there_is_no_bus,
      a_file_that_was_altered_accuses_nobody_of_two_messages,
      an_attachment_is_compared_with_what_the_message_says,
      a_slip_in_an_id_is_answered_with_what_was_meant,
      a_thread_is_shown_from_each_of_its_messages,
      an_origin_sees_who_refused_its_message_and_why,
      an_origin_is_told_of_a_refusal_until_it_was_taken_after_all)
