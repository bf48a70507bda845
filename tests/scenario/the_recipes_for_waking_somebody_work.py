# SPDX-License-Identifier: Apache-2.0
"""The scripts that docs/operations/waking.md shows, as it shows them, against stand-ins."""

import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading

from support import CERTBUS, PROJECT, Skip, need, prove

PAGE = PROJECT / "docs" / "operations" / "waking.md"
BLOCK = re.compile(r"<!-- file: config/watch/(\w+) -->\n```text\n(.*?)```\n", re.DOTALL)
TITLE = "Flood '; touch pwned; \" $(touch pwned)"


def recipe(name):
    """The script of the page, in a file."""
    text = dict(BLOCK.findall(PAGE.read_text()))[name]
    need(text == (PROJECT / "config" / "watch" / name).read_text(),
         f"config/watch/{name} is not what the page shows")
    path = pathlib.Path(f"watch-{name}").resolve()
    path.write_text(text)
    path.chmod(0o755)
    return path


def program(name, text):
    """A stand-in that is found before the real one."""
    folder = pathlib.Path("programs")
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def setup(tree):
    pk = tree.join("pk")
    program("program", "")
    for severity in ("S1", "S4"):
        body = {"number": f"A-{severity}", "title": TITLE, "severity": severity, "summary": "s"}
        pk.publish("advisory", body, ["pk"])
    return pk


def wake(broker, name, expect=0, count=2, **settings):
    """Runs the page's script for each message, as the service does."""
    done = subprocess.run(
        [CERTBUS, "-C", broker.home, "watch", "--as", name, "--since", "start", "--kind",
         "advisory", "-n", str(count), "--timeout", "20", "--exec", str(recipe(name))],
        env={**os.environ, **settings, "PATH": f"{os.getcwd()}/programs:{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=60, check=False)
    need(done.returncode == expect, f"{done}")
    need(not pathlib.Path("pwned").exists(), "a title was run as a command")
    return done.stderr


def a_mail_says_that_there_is_something_to_read_and_not_what(tree):
    pk = setup(tree)
    program("sendmail", 'printf "%s|" "$@" >>mails; cat >>mails\n')
    wake(pk, "mail", WAKE_TO="duty@example.org")
    mails = pathlib.Path("mails").read_text()
    need(mails.startswith("-i|--|duty@example.org|To: duty@example.org\nSubject: certbus: S1 "
                          "advisory pk/1-2 (live)\n\n"), mails)
    need(mails.count("Subject:") == 1, "an S4 wakes somebody")
    need("Read it with: certbus show pk/1-2" in mails and "Flood" not in mails, mails)


def the_log_gets_a_line_with_its_level(tree):
    if not shutil.which("logger"):
        raise Skip("no logger here")
    pk = setup(tree)
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("log")
    log.settimeout(20)
    program("logger", f'exec {shutil.which("logger")} --socket "{os.getcwd()}/log" "$@"\n')
    wake(pk, "syslog")
    first, second = log.recv(4096).decode(), log.recv(4096).decode()
    # daemon is 3; alert is 1, notice 5.
    need(first.startswith("<25>") and "certbus: S1 advisory pk/1-2 from pk, TLP:GREEN, live"
         in first, first)
    need(second.startswith("<29>") and "S4 advisory" in second, second)


def the_screen_shows_it_until_it_is_clicked_away(tree):
    pk = setup(tree)
    program("notify-send", 'printf "%s|" "$@" >>notes; echo >>notes\n')
    wake(pk, "desktop")
    notes = pathlib.Path("notes").read_text().splitlines()
    need(notes[0] == "--app-name|certbus|--urgency|critical|--|S1 advisory from pk|certbus show "
         "pk/1-2 (TLP:GREEN, live)|", notes)
    need("normal" in notes[1], notes)


class Pager(http.server.BaseHTTPRequestHandler):
    got = []
    answers = [503, 200]

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.headers["Content-Type"], json.loads(body)))
        self.send_response(self.answers.pop(0))
        self.end_headers()

    def log_message(self, *_):
        pass


def a_pager_is_called_again_until_it_has_understood(tree):
    if not shutil.which("curl"):
        raise Skip("no curl here")
    pk = setup(tree)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pager)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = wake(pk, "pager", WAKE_URL=f"http://127.0.0.1:{server.server_port}/ring",
                no_proxy="127.0.0.1")
    server.shutdown()
    server.server_close()
    need("exit code 22; it is tried again" in said and "handled at try 2" in said, said)
    need(len(Pager.got) == 2 and Pager.got[0] == Pager.got[1], Pager.got)
    need(Pager.got[1] == ("application/json", {
        "dedup_key": "pk/1-2", "severity": "S1", "summary": "advisory pk/1-2 from pk",
        "source": "certbus"}), Pager.got)


def the_service_runs_what_the_page_says(tree):
    del tree
    unit = (PROJECT / "config" / "systemd" / "certbus-watch@.service.in").read_text()
    need("--exec /etc/certbus/watch/%i" in unit, "the unit runs something else")
    need(set(dict(BLOCK.findall(PAGE.read_text())))
         == {path.name for path in (PROJECT / "config" / "watch").iterdir()},
         "a script is not on the page, or one of the page is not installed")


prove(a_mail_says_that_there_is_something_to_read_and_not_what,
      the_log_gets_a_line_with_its_level,
      the_screen_shows_it_until_it_is_clicked_away,
      a_pager_is_called_again_until_it_has_understood,
      the_service_runs_what_the_page_says)
