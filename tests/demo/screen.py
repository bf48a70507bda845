# SPDX-License-Identifier: Apache-2.0
"""What the demonstration shows, and how: plain text, with colours where a terminal has them."""

import os
import shutil
import sys
import textwrap
import time

COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}

# What a party's place in the tree shows: a symbol, the same in ASCII, a colour.
MARKS = {
    "origin": ("◆", "@", "cyan"),
    "has": ("●", "#", "green"),
    "carries": ("○", "o", "cyan"),
    "waits": ("…", "?", "yellow"),
    "none": ("·", ".", "dim"),
    "down": ("✗", "x", "red"),
}


class Screen:
    def __init__(self, out=None):
        self.out = out or sys.stdout
        self.out.reconfigure(errors="replace")
        terminal = self.out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.colours = terminal and "NO_COLOR" not in os.environ
        self.live = terminal
        locale = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG")
                       if os.environ.get(name)), "")
        self.unicode = "utf8" in locale.lower().replace("-", "")
        self.number = 0

    def paint(self, colour, text):
        return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if self.colours else text

    def plain(self, text):
        """What others wrote, for a terminal that shows ASCII only, too."""
        return text if self.unicode else text.encode("ascii", "replace").decode()

    def print(self, line=""):
        print(line, file=self.out, flush=True)

    def headline(self, text):
        self.number += 1
        self.print()
        self.print(self.paint("bold", f"{self.number}. {text}"))

    def say(self, *lines):
        for line in lines:
            self.print(f"   {line}")

    def prose(self, text):
        for line in textwrap.wrap(text, min(self.room(), 100) - 3, break_on_hyphens=False,
                                  break_long_words=False):
            self.say(line)

    def command(self, line):
        self.print()
        self.print("   " + self.paint("bold", f"$ {self.plain(line)}"))

    def output(self, text, most=12):
        lines = text.rstrip("\n").split("\n") if text.strip() else []
        for line in lines[:most]:
            self.print("     " + self.plain(line))
        if len(lines) > most:
            more = len(lines) - most
            self.print("     " + self.paint("dim", f"({more} more line{'s' * (more > 1)})"))

    def verdict(self, good, text):
        mark = ("✓" if self.unicode else "ok") if good else ("✗" if self.unicode else "NOT SO")
        self.print("   " + self.paint("green" if good else "red", mark) + f" {text}")

    def mark(self, name):
        symbol, ascii_symbol, colour = MARKS[name]
        return self.paint(colour, symbol if self.unicode else ascii_symbol)

    def legend(self, *names):
        words = {"origin": "wrote it", "has": "has it", "carries": "carries it for others",
                 "waits": "not yet", "none": "not for it", "down": "its broker is dead"}
        self.print()
        self.say("   ".join(f"{self.mark(name)} {words[name]}" for name in names))

    def tree(self, parties, state):
        """Lines of the tree. `state (party)` gives a mark's name and a few words."""
        strokes = ("├─ ", "└─ ", "│  ") if self.unicode else ("|- ", "`- ", "|  ")
        found = []

        def below(party, prefix, stem):
            found.append((party, "   " + prefix + stem))
            children = [child for child in parties if child.parent is party]
            inner = prefix + {strokes[0]: strokes[2], strokes[1]: "   "}.get(stem, "")
            for child in children:
                below(child, inner, strokes[1] if child is children[-1] else strokes[0])

        below(parties[0], "", "")
        width = max(len(lead) + len(party.title) for party, lead in found)
        return [self._fitted(lead, party.title, width, state(party), self.room())
                for party, lead in found]

    def room(self):
        """How many columns a line may have."""
        return shutil.get_terminal_size().columns - 1 if self.live else 200

    def _fitted(self, lead, title, width, state, room):
        """A line that wraps would be drawn in the wrong place the next time."""
        mark, words = state
        text = f" {title:{width - len(lead)}}  " if words else f" {title}"
        text = text[:max(room - len(lead) - 1, 0)]
        words = words[:max(room - len(lead) - 1 - len(text), 0)]
        return lead + self.mark(mark) + text + (words and self.paint(MARKS[mark][2], words))


class Block:
    """Lines that are drawn in place while they change; elsewhere once, when they are final."""

    EVERY = 0.05

    def __init__(self, screen, draw):
        self.screen = screen
        self.draw = draw
        self.height = 0
        self.shown = None
        self.next = 0.0
        screen.print()

    def update(self, final=False):
        if not final and (not self.screen.live or time.monotonic() < self.next):
            return
        self.next = time.monotonic() + self.EVERY
        lines = self.draw()
        if len(lines) + 2 > shutil.get_terminal_size().lines and self.screen.live and not final:
            return
        if lines == self.shown:
            return
        if self.height:
            self.screen.out.write(f"\x1b[{self.height}A")
        erase = "\x1b[K" if self.screen.live else ""
        self.screen.out.write("".join(f"{line}{erase}\n" for line in lines))
        self.screen.out.flush()
        self.height = len(lines)
        self.shown = lines
