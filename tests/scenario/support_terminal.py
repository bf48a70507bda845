# SPDX-License-Identifier: Apache-2.0
"""A command at a terminal: what it shows, what is typed, and a line that is cut."""

import fcntl
import os
import pathlib
import pty
import select
import signal
import stat
import subprocess
import termios
import time

from support import CERTBUS, PATIENCE, PROJECT, Failed

STATE = "state"


class Terminal:
    """certbus with a terminal of its own, and drafts in the folder of the tree."""

    def __init__(self, tree, home, *words, editor=None, **env):
        self.master, slave = pty.openpty()
        settings = {**os.environ, "TERM": "dumb", "TZ": "Asia/Karachi",
                    "XDG_STATE_HOME": os.path.abspath(STATE), **env}
        for name in ("VISUAL", "EDITOR"):
            if name not in env:
                settings.pop(name, None)
        if editor:
            settings["EDITOR"] = editor
        self.process = tree.also(subprocess.Popen(
            [CERTBUS, "-C", home, *map(str, words)], env=settings,
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)))
        os.close(slave)
        self.shown = ""
        self.seen = 0

    def _read(self, end):
        """More of what is shown; False when there is no more."""
        ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
        if not ready:
            raise Failed(f"not shown in time; shown is:\n{self.shown[self.seen:]}")
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.shown += data.decode(errors="replace").replace("\r", "")
        return bool(data)

    def shows(self, *texts):
        """Waits for each of these, in this order."""
        for text in texts:
            end = time.monotonic() + PATIENCE
            while text not in self.shown[self.seen:]:
                if not self._read(end):
                    raise Failed(f"it ended and \"{text}\" is not in:\n{self.shown}")
            self.seen = self.shown.index(text, self.seen) + len(text)
        return self

    def type(self, text):
        os.write(self.master, (text + "\n").encode())
        return self

    def interrupt(self):
        os.write(self.master, b"\x03")
        return self

    def hang_up(self):
        """The window is closed."""
        os.close(self.master)
        self.master = None
        code = self.process.wait(PATIENCE)
        if code != -signal.SIGHUP:
            raise Failed(f"ended with {code} and not with SIGHUP")

    def ends(self, code=0):
        """Waits for its end; returns all that it showed."""
        end = time.monotonic() + PATIENCE
        while self._read(end):
            pass
        os.close(self.master)
        got = self.process.wait(PATIENCE)
        if got != code:
            raise Failed(f"exit code {got}, not {code}; shown is:\n{self.shown}")
        return self.shown


def editor(name, script):
    """A program that stands in for an editor: a shell script, the file is $file."""
    path = pathlib.Path(name).absolute()
    path.write_text("#!/bin/sh\nset -eu\nfor file; do :; done\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def fills(name, text):
    """An editor that replaces whatever was there."""
    content = pathlib.Path(name + ".text").absolute()
    content.write_text(text)
    return editor(name, f"cp '{content}' \"$file\"\n")


def drafts():
    folder = pathlib.Path(STATE, "certbus")
    return sorted(path for path in folder.glob("*") if path.suffix != ".lock")


__all__ = ["PROJECT", "Terminal", "drafts", "editor", "fills"]
