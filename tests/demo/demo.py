# SPDX-License-Identifier: Apache-2.0
"""Shows the story on a stage in a temporary folder and cleans up. Started by demo.sh."""

import os
import pathlib
import shlex
import shutil
import signal
import sys
import tempfile
import time

from screen import Screen
from stage import BIN, PROJECT, Stage, Stopped
from story import NAMES, Story


def wanted(name):
    return os.environ.get(name, "") not in ("", "0", "no")


def path_for(path, here):
    """As one types it from there."""
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def three_commands(screen, lines):
    screen.print()
    screen.say(screen.paint("bold", "Three commands to try:"))
    for line, meaning in lines:
        screen.say(f"  {line}", screen.paint("dim", f"      {meaning}"))


def stays():
    return wanted("STAY") and sys.stdin.isatty()


def stay(screen, folder):
    """For another terminal, which may stand anywhere."""
    certbus = shlex.quote(str(BIN / "certbus"))
    home = {name: shlex.quote(str(folder / name))
            for name in ("sindh", "mofa", "national", "advisory.json")}
    three_commands(screen, [
        (f"{certbus} -C {home['sindh']} tree", "who is there, as Sindh's CERT sees it"),
        (f"{certbus} -C {home['mofa']} watch --from start",
         "what has come to the Ministry of Foreign Affairs, and what comes while you look"),
        (f"{certbus} -C {home['national']} publish {home['advisory.json']} --tlp GREEN",
         "another advisory to everyone, which that watch shows")])
    screen.print()
    screen.say("The brokers run on, for commands in another terminal. Press Enter to end them.")
    sys.stdin.readline()


def what_next(screen, here, kept, root):
    make = "make" if here == PROJECT else f"make -C {shlex.quote(str(PROJECT))}"
    certbus = path_for(BIN / "certbus", here)
    lines = [(f"{make} demo STAY=1", "the same, and the brokers run on for commands of your own")]
    if kept:
        lines.append((f"{certbus} verify {path_for(kept / 'advisory.certbus', here)} --root {root}",
                      "the national advisory, checked without any broker"))
    else:
        lines.append((f"{make} demo KEEP=1", "the same, and homes, journals and logs are kept"))
    lines.append((f"{certbus} help", "what the commands are"))
    three_commands(screen, lines)


def deaf():
    """Who is cleaning up is not to be interrupted."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)


def play(screen, folder):
    """Everything between the first line and the last. Returns (failed, root's code)."""
    began = time.monotonic()
    stage = Stage(screen, folder, NAMES)
    story = Story(screen, stage)
    try:
        screen.print(screen.paint("bold", "certbus: a day on the bus between CERTs"))
        screen.prose(f"{len(stage.parties)} brokers, each a process with keys and a journal of "
                     "its own, on this machine only. Nothing in it happened, and where an "
                     "organisation is attached is illustrative.")
        screen.prose(f"All commands run in {folder}, where the samples of config/ are.")
        story.tell()
        seconds = time.monotonic() - began
        if stays():
            stay(screen, stage.folder)
        screen.print()
        stage.expect(stage.stop(*stage.parties), f"{len(stage.parties)} brokers ended in order")
        stage.expect(not stage.left(), "no process is left")
    except Stopped as stopped:
        stage.expect(False, str(stopped))
        seconds = time.monotonic() - began
    finally:
        deaf()
        stage.close()
    conclude(screen, stage, seconds)
    return stage.failed, story.root


def conclude(screen, stage, seconds):
    screen.print()
    good = stage.checked - len(stage.failed)
    words = f"{good} of {stage.checked} expectations held, in {seconds:.0f} s."
    if not stage.failed:
        screen.print(screen.paint("bold", screen.paint("green", f"As it should be: {words}")))
        return
    screen.print(screen.paint("red", f"NOT as it should be: {words}"))
    for text in stage.failed:
        screen.say(f"not so: {text}")
    for log in sorted(stage.folder.glob("*.log")):
        screen.print(f"=== the last lines of {log.name}")
        screen.output("\n".join(log.read_text(errors="replace").split("\n")[-8:]))


def main():
    screen = Screen()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="certbus-demo.")).resolve()
    keep = wanted("KEEP")
    here = pathlib.Path.cwd().resolve()
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda number, _: sys.exit(128 + number))
    status = 1
    try:
        os.chdir(folder)
        # Homes are named from the folder, so that no path is too long for a socket.
        failed, root = play(screen, folder)
        os.chdir(here)
        status = 1 if failed else 0
        if keep:
            screen.print()
            screen.say(f"Kept: {folder}")
        if not stays():
            what_next(screen, here, folder if keep else None, root)
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        # Who read this has enough; what Python would still write goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        deaf()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
