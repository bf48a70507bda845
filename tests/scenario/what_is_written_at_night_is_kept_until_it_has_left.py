# SPDX-License-Identifier: Apache-2.0
"""An officer writes, corrects and withdraws at a terminal, and nothing that was typed is lost."""
# asan: yes

import json
import os
import pathlib
import stat

from support import PROJECT, need, prove
from support_terminal import Terminal, drafts, editor, fills

ADVISORY = """Kind: advisory
TLP: GREEN
To: pk.**
Title: Forged advisories in circulation
Severity: S3
Number: NCERT-2026-014
Summary:
Mails that look like ours are not ours.
\u062e\u0637\u0631\u06c1: \u06cc\u06c1 \u062c\u0639\u0644\u06cc \u06c1\u06d2\u06d4
\\# this is text
Actions:
  - id: A1
    due: 2099-12-01 18:00
    text: Search the logs.
"""


def setup(tree):
    tree.join("pk")
    tree.home("pk.sindh", "provincial")
    tree.home("pk.punjab", "provincial")


def published(tree, kind="advisory"):
    """In the order in which they were stored."""
    return sorted(json.loads(tree["pk"].certbus("--json", "list", "--kind", kind)),
                  key=lambda message: message["position"])


def body_of(tree, ident):
    return json.loads(tree["pk"].certbus("--json", "show", ident))


def nothing_left(tree, before):
    need(len(published(tree)) == before, "something was published")


def what_is_written_is_shown_confirmed_and_sent(tree):
    seen = editor("keep", f"cp \"$file\" seen\ncp '{pathlib.Path('a.text').absolute()}' \"$file\"\n")
    pathlib.Path("a.text").write_text(ADVISORY)
    terminal = Terminal(tree, "pk", "publish", editor=seen)
    terminal.shows("This is what would leave", "NCERT-2026-014", "TLP:GREEN", "A1  due",
                   "2099-12-01 18:00 +05:00", "Search the logs.", "pk.**: 2 parties known here",
                   "Send it? [yes/edit/NO]").type("yes")
    terminal.shows("Code  ", "certbus show pk/")
    terminal.ends(0)
    template = pathlib.Path("seen").read_text()
    for part in ("# Title: one line; NEEDED", "To: pk.**", "# Severity: S1 emergency",
                 "  - id:", "Summary:"):
        need(part in template, f"{part} is not in the template:\n{template}")
    need(not drafts(), f"a draft is left: {drafts()}")
    (message,) = published(tree)
    body = message["body"]
    need(body["summary"] == "Mails that look like ours are not ours.\n\u062e\u0637\u0631\u06c1: "
         "\u06cc\u06c1 \u062c\u0639\u0644\u06cc \u06c1\u06d2\u06d4\n# this is text", body["summary"])
    need(body["actions"][0]["due"] == "2099-12-01T13:00:00Z", body["actions"])


def nothing_leaves_without_a_yes_and_the_draft_goes_on(tree):
    before = len(published(tree))
    other = ADVISORY.replace("014", "015").replace("circulation", "transit")
    terminal = Terminal(tree, "pk", "publish", editor=fills("b", other))
    terminal.shows("Send it?").type("")
    terminal.shows("nothing was published; the draft is kept: ").ends(1)
    (draft,) = drafts()
    need(stat.S_IMODE(draft.stat().st_mode) == 0o600, "others can read the draft")
    need(stat.S_IMODE(draft.parent.stat().st_mode) == 0o700, "others can list the drafts")
    nothing_left(tree, before)
    terminal = Terminal(tree, "pk", "publish", editor="true")
    terminal.shows("A draft from ", ": go on with it? [Y/n/discard]").type("")
    terminal.shows("Send it?").type("y")
    terminal.shows("Code").ends(0)
    need(not drafts(), "the draft is still there")
    need(len(published(tree)) == before + 1, "it was not published")


def what_is_wrong_opens_the_editor_again_with_the_reason_on_top(tree):
    before = len(published(tree))
    # The first text is refused by its form, the next by the schema, the third by the broker.
    third = ADVISORY.replace("014", "016").replace("Forged", "More forged")
    pathlib.Path("1").write_text(ADVISORY.replace("Severity:", "Severty:"))
    pathlib.Path("2").write_text(third.replace("S3", "S7"))
    pathlib.Path("3").write_text(third.replace("To: pk.**", "To: pk.sind.**"))
    pathlib.Path("4").write_text(third)
    step = editor("steps", "n=$(cat count 2>/dev/null || echo 1)\n"
                           "head -2 \"$file\" >saw.$n\ncp $n \"$file\"\necho $((n + 1)) >count\n")
    terminal = Terminal(tree, "pk", "publish", editor=step)
    terminal.shows("Send it?").type("e").shows("nothing was published").ends(1)
    need("line 5: 'Severty' looks like the heading 'severity'" in pathlib.Path("saw.2").read_text(), pathlib.Path("saw.2").read_text())
    need("severity: \"S7\" is none of its choices" in pathlib.Path("saw.3").read_text(),
         pathlib.Path("saw.3").read_text())
    need("did you mean pk.sindh?" in pathlib.Path("saw.4").read_text(),
         pathlib.Path("saw.4").read_text())
    for draft in drafts():
        draft.unlink()
    once = editor("once", "grep -q NOT.PUBLISHED \"$file\" || cp 2 \"$file\"\n")
    Terminal(tree, "pk", "publish", editor=once).shows(
        "\"S7\" is none of its choices", "the draft is kept").ends(1)
    nothing_left(tree, before)


def what_left_without_its_file_is_no_draft_any_more(tree):
    before = len(published(tree))
    path = pathlib.Path("list.csv")
    path.write_text("one,two\n")
    other = ADVISORY.replace("014", "021").replace("Forged", "Attached")
    terminal = Terminal(tree, "pk", "publish", "--attach", str(path), "--draft",
                        "attached.draft", editor=fills("c", other))
    terminal.shows("Send it?")
    path.write_text("three,four\n")
    terminal.type("yes")
    terminal.shows("Code  ", "it changed while it was read", "was accepted without all of its files",
                   "certbus attach pk/")
    need("nothing was published" not in terminal.ends(1), "it was published")
    need(len(published(tree)) == before + 1, "it was not published")
    need(not pathlib.Path("attached.draft").exists(), "its draft is left")


def a_closed_terminal_keeps_what_was_written(tree):
    before = len(published(tree))
    for draft in drafts():
        draft.unlink()
    text = ADVISORY.replace("014", "017").replace("Forged", "Late")
    terminal = Terminal(tree, "pk", "publish", editor=fills("c", text))
    terminal.shows("Send it?").hang_up()
    nothing_left(tree, before)
    terminal = Terminal(tree, "pk", "publish", editor="true")
    terminal.shows("go on with it?").type("y").shows("Late advisories", "Send it?").interrupt()
    terminal.shows("the draft is kept").ends(1)
    terminal = Terminal(tree, "pk", "publish", editor="true")
    terminal.shows("go on with it?").type("discard")
    terminal.shows("nothing was published; the draft was not changed").ends(1)
    need(not drafts(), "a draft is left")
    nothing_left(tree, before)


def an_editor_that_fails_is_named_and_an_unchanged_form_is_no_message(tree):
    before = len(published(tree))
    Terminal(tree, "pk", "publish", editor="exit 3; :").shows(
        "ended with exit code 3", "the draft is kept").ends(1)
    Terminal(tree, "pk", "publish", editor="no-such-editor-here").shows(
        "'no-such-editor-here' cannot be run").ends(1)
    Terminal(tree, "pk", "publish", PATH="/nowhere").shows(
        "no editor: $VISUAL and $EDITOR are not set", "export EDITOR=nano").ends(1)
    Terminal(tree, "pk", "publish", editor="true").shows(
        "nothing was published; the draft was not changed").ends(1)
    Terminal(tree, "pk", "publish", editor=fills("e", "")).shows("the draft was not changed").ends(1)
    pathlib.Path("plain").write_text("")
    Terminal(tree, "pk", "publish", editor="true", XDG_STATE_HOME=os.path.abspath("plain")).shows(
        "no place for a draft", "--draft FILE").ends(1)
    tree["pk"].certbus("publish", expect=2)
    need(not drafts(), f"a draft is left: {drafts()}")
    nothing_left(tree, before)


def a_withdrawal_is_asked_for_its_reason(tree):
    sample = PROJECT / "config" / "samples" / "advisory.json"
    tree["pk"].certbus("publish", sample, "--number", "N-77", "--again")
    before = len(published(tree))
    Terminal(tree, "pk", "withdraw", "N-77").shows("Why is it withdrawn?").type("") \
        .shows("withdraw: why? --reason TEXT").ends(1)
    nothing_left(tree, before)
    Terminal(tree, "pk", "withdraw", "N-77").shows("Why is it withdrawn?").type("It was a hoax.") \
        .shows("WITHDRAWN: ", "Send it?").type("yes").ends(0)
    need(any(message["body"]["summary"].startswith("WITHDRAWN: It was a hoax.")
             for message in published(tree)), "it was withdrawn")
    tree["pk"].certbus("withdraw", "N-77", expect=2)


def a_file_is_asked_about_at_a_terminal_only_and_not_sent_twice(tree):
    sample = pathlib.Path("past.json").absolute()
    sample.write_text((PROJECT / "config" / "samples" / "advisory.json").read_text()
                      .replace("2030-", "2020-"))
    terminal = Terminal(tree, "pk", "publish", sample, "--number", "N-1")
    terminal.shows("N-1", "this is PAST", "Send it? [yes/NO]").type("no").shows("nothing was sent").ends(1)
    tree["pk"].certbus("publish", sample, "--number", "N-1")
    pathlib.Path("mine").write_text(ADVISORY.replace("014", "018").replace("GREEN", "CLEAR")
                                    .replace("Forged", "Filed"))
    Terminal(tree, "pk", "publish", "mine", "--yes").shows("code ").ends(0)
    need(published(tree)[-1]["tlp"] == "TLP:CLEAR", "the form in a file")


def the_next_number_is_given_and_said_when_it_changed(tree):
    pk = tree["pk"]
    bare = ADVISORY.replace("Number: NCERT-2026-014\n", "").replace("Forged", "Numbered")
    terminal = Terminal(tree, "pk", "publish", "--tlp", "CLEAR", editor=fills("n", bare))
    shown = terminal.shows("(the next one of this party)", "Send it?").shown
    number = next(line.split()[1] for line in shown.splitlines() if line.startswith("number "))
    pathlib.Path("bare.json").write_text(json.dumps(
        {"title": "First", "severity": "S4", "summary": "It was quicker."}))
    told = pk.certbus("publish", "bare.json", "--tlp", "GREEN")
    need(number in told, f"{number} is not in {told}")
    terminal.type("yes").shows("its number is ", f", not {number}: that one was given meanwhile").ends(0)
    need("was given before" in pk.certbus("publish", "bare.json", "--tlp", "GREEN", "--number",
                                          number, "--again", expect=1), "a number twice")


def the_same_is_not_sent_twice_by_mistake(tree):
    pk = tree["pk"]
    before = len(published(tree))
    told = pk.certbus("publish", "bare.json", "--tlp", "GREEN", expect=1)
    need("the same was sent before, as pk/" in told and "--again" in told, told)
    terminal = Terminal(tree, "pk", "publish", "bare.json", "--tlp", "GREEN")
    terminal.shows("The same was sent before, as pk/", "Send it AGAIN?").type("").ends(1)
    need(len(published(tree)) == before, "it was sent")
    pk.certbus("publish", "bare.json", "--tlp", "GREEN", "--again")
    need(len(published(tree)) == before + 1, "it was not sent")


def an_earlier_message_is_a_beginning_and_not_a_copy(tree):
    ident = published(tree)[0]["id"]
    keep = editor("from", "cp \"$file\" from.seen\n")
    Terminal(tree, "pk", "publish", "--from", ident, editor=keep).shows("was not changed").ends(1)
    text = pathlib.Path("from.seen").read_text()
    for part in ("Number:\n", "Title: Forged advisories in circulation", "due: 2099-12-01 18:00"):
        need(part in text, f"{part} is not in:\n{text}")


def a_revision_takes_the_place_of_the_old_one(tree):
    old = published(tree)[0]
    other = editor("other", "sed -i 's/^TLP: .*/TLP: CLEAR/' \"$file\"\n")
    terminal = Terminal(tree, "pk", "revise", old["id"], editor=other)
    terminal.shows("What changed").type("It is worse.")
    terminal.shows("nothing was published").ends(1)
    mend = editor("mend", "grep -q '^#! .*tlp stays as it was' \"$file\"\n"
                          "sed -i 's/^TLP: .*/TLP: TLP:GREEN/; s/^Severity: .*/Severity: S2/' \"$file\"\n")
    terminal = Terminal(tree, "pk", "revise", old["id"], editor=mend)
    terminal.shows("What changed").type("")
    terminal.shows("go on with it?").type("y")
    terminal.shows("replaces", "flash", "Send it?").type("yes").shows("Code").ends(0)
    new = body_of(tree, published(tree)[-1]["id"])
    need(new["replaces"] == old["ref"] and new["precedence"] == "flash", new)
    need(new["body"]["number"] == "NCERT-2026-014" and new["body"]["revision"] == "2", new["body"])
    need(new["body"]["notes"][0]["text"] == "It is worse.", new["body"])
    need(new["audience"] == old["audience"] and new["tlp"] == old["tlp"], "audience and TLP")
    pathlib.Path("third.json").write_text(json.dumps({**new["body"], "severity": "S1"}))
    told = tree["pk"].certbus("revise", old["id"], "third.json", expect=1)
    need(f"was replaced by {new['id']}" in told, told)
    tree["pk"].certbus("revise", new["id"], "third.json", "--changes", "Worse still.")
    third = body_of(tree, published(tree)[-1]["id"])
    need(third["body"]["revision"] == "2" or third["body"]["revision"] == "3", third["body"])
    need(third["replaces"] == new["ref"], third)


def what_is_withdrawn_says_why_first(tree):
    newest = published(tree)[-1]
    pk = tree["pk"]
    need("--reason" in pk.certbus("withdraw", newest["id"], expect=2), "a reason is needed")
    oldest = published(tree)[0]
    terminal = Terminal(tree, "pk", "withdraw", oldest["id"], "--reason", "It was a mistake.")
    terminal.shows("was replaced by", "withdrawn instead?").type("yes")
    terminal.shows("WITHDRAWN: Forged", "withdrawn", "Send it?").type("yes").shows("Code").ends(0)
    withdrawal = body_of(tree, published(tree)[-1]["id"])
    body = withdrawal["body"]
    need(body["status"] == "withdrawn" and body["title"].startswith("WITHDRAWN: "), body)
    need(body["summary"].startswith("WITHDRAWN: It was a mistake."), body)
    need("actions" not in body, "what was withdrawn is still asked for")
    need(body["number"] == "NCERT-2026-014", body)
    need(withdrawal["replaces"] == newest["ref"] and withdrawal["precedence"] == "flash", withdrawal)
    need("was withdrawn" in pk.certbus("withdraw", oldest["id"], "--reason", "x", expect=1),
         "withdrawn twice")
    pathlib.Path("note.json").write_text('{"text": "hello"}')
    note = json.loads(pk.certbus("--json", "publish", "note.json", "--kind", "note", "--tlp",
                                 "GREEN", "--to", "pk.**"))
    need("cannot be withdrawn" in pk.certbus("withdraw", note["id"], "--reason", "x", expect=1),
         "a note cannot be")


def the_files_of_a_message_stay_with_its_revision_and_not_with_a_new_one(tree):
    pk = tree["pk"]
    pathlib.Path("filed.json").write_text(json.dumps(
        {"title": "With a file", "severity": "S4", "summary": "See the file."}))
    pathlib.Path("iocs.csv").write_text("1.2.3.4\n")
    ident = json.loads(pk.certbus("--json", "publish", "filed.json", "--tlp", "GREEN",
                                  "--attach", "iocs.csv"))["id"]
    keep = editor("from", "cp \"$file\" from.seen\n")
    Terminal(tree, "pk", "publish", "--from", ident, editor=keep).shows("was not changed").ends(1)
    need("iocs.csv" not in pathlib.Path("from.seen").read_text(), "a file that would not come")
    mend = editor("mend", "sed -i 's/^Severity: .*/Severity: S2/' \"$file\"\n")
    terminal = Terminal(tree, "pk", "revise", ident, editor=mend)
    terminal.shows("What changed").type("")
    terminal.shows("iocs.csv", "Send it?").type("yes").shows("Code").ends(0)
    new = body_of(tree, published(tree)[-1]["id"])
    need([one["name"] for one in new["body"]["attachments"]] == ["iocs.csv"], new["body"])
    need("complete" in pk.certbus("show", new["id"]), "its file is not found")


prove(what_is_written_is_shown_confirmed_and_sent,
      nothing_leaves_without_a_yes_and_the_draft_goes_on,
      what_is_wrong_opens_the_editor_again_with_the_reason_on_top,
      what_left_without_its_file_is_no_draft_any_more,
      a_closed_terminal_keeps_what_was_written,
      an_editor_that_fails_is_named_and_an_unchanged_form_is_no_message,
      a_file_is_asked_about_at_a_terminal_only_and_not_sent_twice,
      a_withdrawal_is_asked_for_its_reason,
      the_next_number_is_given_and_said_when_it_changed,
      the_same_is_not_sent_twice_by_mistake,
      an_earlier_message_is_a_beginning_and_not_a_copy,
      a_revision_takes_the_place_of_the_old_one,
      what_is_withdrawn_says_why_first,
      the_files_of_a_message_stay_with_its_revision_and_not_with_a_new_one, on=setup)
