# SPDX-License-Identifier: Apache-2.0
"""What certbus prints on a terminal, and what it prints elsewhere."""

import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import termios
import unicodedata

from support import CERTBUS, need, prove, until

URDU = "جعلی ای میلز سے ہوشیار رہیں اور کوئی منسلکہ نہ کھولیں جب تک تصدیق نہ ہو جائے، اور ہمیں فون کریں"
WIDE = "警告" * 30
LONG = "A title that is longer than a line has room for, whatever the terminal, and "\
       "however small its letters are"


def setup(tree):
    pk = tree.join("pk")
    for title, severity in ((LONG, "S1"), (URDU, "S3"), (WIDE, "S4"), ("e\u0301" * 100, "S5")):
        body = {"number": f"A-{severity}", "title": title, "severity": severity, "summary": "s"}
        pk.publish("advisory", body, ["pk"])
    return pk


def on_terminal(broker, *words, columns=80, environment=None, wait=0):
    """What it writes to a terminal of so many columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    settings = {key: value for key, value in os.environ.items()
                if key not in ("COLUMNS", "NO_COLOR", "PAGER", "CERTBUS_PAGER")}
    process = subprocess.Popen([CERTBUS, "-C", broker.home, *words], stdin=slave, stdout=slave,
                               stderr=subprocess.PIPE,
                               env={**settings, "TERM": "xterm", **(environment or {})})
    os.close(slave)
    said = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        said += piece
    os.close(master)
    need(process.wait(30) == wait, f"exit code {process.returncode}: {process.stderr.read()}")
    return said.decode().replace("\r\n", "\n")


def columns_of(line):
    """What a line takes of a terminal."""
    line = re.sub("\033\\[[0-9;]*m", "", line)
    return sum(0 if unicodedata.combining(one) or unicodedata.category(one) == "Cf"
               else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line)


def lines_fit_the_terminal_and_a_file_has_all_of_them(tree):
    pk = setup(tree)
    for columns in (60, 80, 132):
        lines = on_terminal(pk, "list", "--no-pager", columns=columns).splitlines()
        need(len(lines) == 4, lines)
        for line in lines:
            need(columns - 2 <= columns_of(line) <= columns,
                 f"{columns_of(line)} of {columns}: {line!r}")
            need("..." in line, f"not cut: {line!r}")
    full = pk.certbus("list")
    for title in (LONG, URDU, WIDE):
        need(title in full, "a file has not all of it")
    need("\033" not in full, "a file has colours")


def a_narrow_terminal_breaks_lines_between_words(tree):
    pk = setup(tree)
    sindh = tree.join("pk.sindh", "provincial")
    for broker, words in ((pk, ["status", "--all"]), (sindh, ["status"]), (pk, []), (sindh, [])):
        said = on_terminal(broker, *words, columns=40)
        for line in said.splitlines():
            need(columns_of(line) <= 40 or len(line.split()) <= 2, f"it runs on: {line!r}")
        need(" since " not in said or " ago" not in said, said)
    text = " ".join(on_terminal(sindh, "status", columns=40).split())
    need(re.search(r"OPEN\S* for \d+ (s|min), tcp:", text), text)
    need("Open cases: none" in on_terminal(pk, columns=40), "the board")
    need(re.search(r"open for \d+ (s|min)", on_terminal(sindh, "tree", "--no-pager")), "the tree")


def what_is_written_from_the_right_does_not_pull_its_neighbours_along(tree):
    pk = setup(tree)
    line = next(line for line in on_terminal(pk, "list", "--no-pager").splitlines()
                if "\u062c" in line)
    need(re.search("S3.*\u2068[^\u2068\u2069]+\u2069$", line), repr(line))
    need("\u2068" not in pk.certbus("list"), "a file has isolates")
    pk.publish("note", {"text": "a \u2069\u202e b \u0627"}, ["pk"])
    line = on_terminal(pk, "list", "--kind", "note", "--no-pager")
    need("\u2068a <U+2069><U+202E> b \u0627\u2069" in line, repr(line))


def colours_are_for_terminals_that_want_them(tree):
    pk = setup(tree)
    need("\033[1;31mS1" in on_terminal(pk, "list", "--no-pager"), "no colour")
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        need("\033" not in on_terminal(pk, "list", "--no-pager", environment=environment),
             f"colour in spite of {environment}")
    need("\033" not in on_terminal(pk, "--color", "never", "list", "--no-pager"), "never")
    need("\033[1;31mS1" in pk.certbus("list", "--color=always"), "always")
    need("none of auto, always, never" in pk.certbus("list", "--color=red", expect=2), "red")


def a_pager_gets_long_output_and_may_be_left_early(tree):
    pk = setup(tree)
    said = on_terminal(pk, "list", environment={"CERTBUS_PAGER": "sed 's/^/PAGED /'"})
    need(len(said.splitlines()) == 4 and all("PAGED" in line for line in said.splitlines()), said)
    said = on_terminal(pk, "help", environment={"PAGER": "sed 's/^/PAGED /'"})
    need("PAGED certbus" in said, said)
    for off in ({"CERTBUS_PAGER": "", "PAGER": "false"}, {"CERTBUS_PAGER": "cat"}):
        need(len(on_terminal(pk, "list", environment=off).splitlines()) == 4, f"{off}")
    said = on_terminal(pk, "list", environment={"PAGER": "no-such-pager"})
    need(len(said.splitlines()) == 4, "output is lost with a pager that is not there")
    # With another user's rights it starts no commands for whoever sits there.
    less = pathlib.Path("bin/less")
    less.parent.mkdir()
    less.write_text("#!/bin/sh\nsed \"s/^/SECURE=${LESSSECURE:-no} /\"\n")
    less.chmod(0o755)
    path = {"PATH": f"{less.parent.resolve()}:{os.environ['PATH']}"}
    said = on_terminal(pk, "list", environment={**path, "PAGER": "less"})
    need(all("SECURE=no" in line for line in said.splitlines()), said)
    said = on_terminal(pk, "list", environment={**path, "SUDO_UID": "1000", "PAGER": "sed 's/^/X/'"})
    need(all("SECURE=1" in line for line in said.splitlines()), said)
    for _ in range(300):
        pk.say("x" * 900, "pk")
    said = on_terminal(pk, "list", "-n", "1000", environment={"PAGER": "head -n 2"})
    need(len(said.splitlines()) == 2, "a pager that was left early")
    need("no broker" not in pk.certbus("list", "-n", "1000"), "it goes on")


def what_waits_is_shown_with_whom_it_waits_for(tree):
    pk = tree.join("pk")
    sindh = tree.join("pk.sindh", "provincial")
    need(pk.certbus("list", "--waiting") == "nothing waits\n", "something waits")
    sindh.stop()
    ident = pk.say("Are you there?", "pk.sindh")
    text = pk.certbus("list", "--waiting", "--kind", "note")
    need(ident in text and "    waits for pk.sindh, since 20" in text, text)
    sindh.start()
    until(lambda: pk.certbus("list", "--waiting", "--kind", "note") == "nothing waits\n",
          "it waits no more")


def a_list_is_what_was_asked_for(tree):
    pk = setup(tree)
    path = pathlib.Path("list.json")

    def titles(*words):
        path.write_text(pk.certbus("--json", "list", *words))
        import json
        return [one["body"].get("title") for one in json.loads(path.read_text())]
    need(titles("--severity", "S1") == [LONG], "one severity")
    need(titles("-s", "s3", "-s", "S4") == [WIDE, URDU], "two, newest first")
    need(titles("--since", "in 2 hours") == [], "later")
    need(len(titles("--since", "1 hour ago", "--kind", "advisory")) == 4, "earlier")
    said = pk.certbus("--json", "list", "--from", "pk.sindh.**")
    need(said.startswith("[]\n") and "warning: --from pk.sindh: no such party" in said, said)
    need(len(titles("--from", "pk", "-n", "2", "--kind", "advisory")) == 2, "a number of them")
    need("no time" in pk.certbus("list", "--since", "gestern", expect=2), "a word that is none")
    need("none of S1" in pk.certbus("list", "--severity", "S9", expect=2), "no severity")


prove(lines_fit_the_terminal_and_a_file_has_all_of_them,
      a_narrow_terminal_breaks_lines_between_words,
      what_is_written_from_the_right_does_not_pull_its_neighbours_along,
      colours_are_for_terminals_that_want_them,
      a_pager_gets_long_output_and_may_be_left_early,
      what_waits_is_shown_with_whom_it_waits_for,
      a_list_is_what_was_asked_for)
