# SPDX-License-Identifier: Apache-2.0
"""`certbus board --live` at a terminal: it redraws, fits, and leaves nothing behind."""
# asan: yes

import fcntl
import os
import re
import signal
import struct
import termios
import time

from support import need, prove, until
from support_terminal import Terminal

ENTER, LEAVE = "\033[?1049h", "\033[?1049l"


def a_top_and_an_organisation(tree):
    tree.join("pk")
    tree.join("pk.kpt", "organisation", ["maritime"])


def size(terminal, rows, columns):
    fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def key(terminal, text):
    os.write(terminal.master, text.encode())


def live(tree, **env):
    terminal = Terminal(tree, "pk", "board", "--live", **{"TERM": "xterm", **env})
    return terminal


def frame(terminal):
    """The lines of the last whole frame, without colours."""
    text = terminal.shown.split("\033[H")[-1].split("\033[J")[0]
    return re.sub(r"\033\[[0-9;?]*[A-Za-z]", "", text).split("\n")


def report(broker, what):
    broker.certbus("report", "--yes", "--what", what, "--since", "1 hours ago")


def given_back(terminal):
    need(terminal.shown.rstrip("\n").endswith(LEAVE), f"{terminal.shown[-40:]!r}")


def what_comes_is_on_the_screen_by_itself_and_q_gives_it_back(tree):
    kpt = tree["pk.kpt"]
    terminal = live(tree).shows(ENTER, "Open cases: none", "q quits")
    modes = termios.tcgetattr(terminal.master)[3]
    need(not modes & termios.ECHO and modes & termios.ISIG, "keys are read one by one")
    report(kpt, "The gate system is down")
    terminal.shows("Open cases (1)", "The gate system is down")
    drawn = terminal.shown.count("\033[H")
    time_passed = time.monotonic()
    key(terminal, "q")
    terminal.ends(0)
    given_back(terminal)
    need(drawn < 20 and time.monotonic() - time_passed < 20, f"{drawn} times drawn")


def it_fits_whatever_the_window_becomes(tree):
    kpt = tree["pk.kpt"]
    terminal = live(tree).shows(ENTER, "q quits")
    for number in range(4):
        report(kpt, f"Report {number} with a title that is longer than a narrow window is wide")
    terminal.shows("Open cases (")
    for rows, columns in ((10, 40), (30, 100), (24, 60)):
        terminal.seen = len(terminal.shown)
        size(terminal, rows, columns)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.shows("\033[H", "q quits")
        lines = until(lambda: frame(terminal), "a frame")
        need(len(lines) <= rows and all(len(line) <= columns for line in lines),
             f"{rows}x{columns}: {lines}")
    terminal.seen = len(terminal.shown)
    size(terminal, 5, 20)
    terminal.shows("at least 40x8")
    key(terminal, "q")
    terminal.ends(0)
    given_back(terminal)


def a_signal_and_a_broker_that_leaves_leave_the_screen_as_it_was(tree):
    pk = tree["pk"]
    terminal = live(tree).shows(ENTER, "q quits")
    pk.kill()
    terminal.shows("no broker is running")
    pk.start()
    terminal.shows("Open cases")
    terminal.process.terminate()
    terminal.ends(-signal.SIGTERM)
    given_back(terminal)
    terminal = live(tree).shows(ENTER, "q quits")
    terminal.interrupt()
    terminal.ends(-signal.SIGINT)
    given_back(terminal)


def a_dumb_terminal_gets_it_printed_and_a_pipe_is_told_so(tree):
    pk = tree["pk"]
    terminal = live(tree, TERM="dumb").shows("printed once a minute", "Open cases")
    need("\033" not in terminal.shown, "an escape sequence")
    terminal.interrupt()
    terminal.ends(-signal.SIGINT)
    need("needs a terminal" in pk.certbus("board", "--live", expect=2), "a pipe")


prove(what_comes_is_on_the_screen_by_itself_and_q_gives_it_back,
      it_fits_whatever_the_window_becomes,
      a_signal_and_a_broker_that_leaves_leave_the_screen_as_it_was,
      a_dumb_terminal_gets_it_printed_and_a_pipe_is_told_so,
      on=a_top_and_an_organisation)
