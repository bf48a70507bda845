# SPDX-License-Identifier: Apache-2.0
"""Reads the pages of docs/ and does what they say: docs/operations/README.md has the format.

A page is a list of steps, a step is a command with what it prints. Each machine of a page has
one shell, so that variables and folders last. Whatever a page starts ends with its shell.

With PAGES=write in the environment, what does not match is written into the page instead, to
be looked at with `git diff`; with PAGES=show each command and what it printed is shown.
"""

import contextlib
import itertools
import os
import pathlib
import random
import re
import select
import shlex
import signal
import subprocess
import time

from support import BUILD, PROJECT, Failed, need, note

WRITE = os.environ.get("PAGES") == "write"
SHOW = os.environ.get("PAGES") == "show"
SECONDS = 20                    # for a command
PATIENCE = 2 if WRITE else 20   # for what it waits for
PROMPT = re.compile(r"(?P<machine>[a-z][a-z0-9]*)?(?P<mark>[$#]) (?P<command>.*)")
EXIT = re.compile(r"\[exit (\d+)\]")
TYPED = re.compile(r"(?P<asked>.*\[[A-Za-z]+(?:/[A-Za-z]+)+\]) (?P<answer>\S+)$", re.MULTILINE)
FENCE = re.compile(r"(?P<indent> *)```(?P<kind>[a-z]*)$")
COMMENT = re.compile(r" *<!-- (?P<word>stands|file): (?P<value>.*) -->")
# Other fences are shown, not run. A shell's name would promise that they can be.
SHOWN = {"text", "json", "c", "python", "make", "ini"}

# What differs from run to run. The first of a page's bound ones finds out what it is here;
# after that it has to be the same, and commands are given what it is here.
LETTERS = "[0-9A-HJKMNP-TV-Z]{4}"
BOUND = {
    "code": rf"{LETTERS}(?:-{LETTERS}){{3}}",
    "id": r"\b[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*[/_]\d+-\d+\b",
    "number": r"\b[A-Z]{2,}(?:-[A-Z]+)*-20\d\d-\d+\b",
}
SHAPES = {
    "time": r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z| UTC| [+-]\d{4})?",
    "date": r"\b\d{4}-\d\d-\d\d\b",
    "clock": r"\b\d\d:\d\d(?::\d\d)?\b",
    "hash": r"\b[0-9a-f]{16,64}\b",
    "duration": r"\b\d+(?:\.\d+)? ?(?:ms|s|min|h|d|seconds?|minutes?|hours?|days?)\b",
    "size": r"\b\d+(?:\.\d+)? ?(?:B|kB|KiB|MB|MiB|GB|GiB|bytes)\b",
    "process": r"(?<=process )\d+|(?<=pid )\d+",
    "version": r"(?<=certbus )\d+\.\d+\.\d+|(?<=certbusd )\d+\.\d+\.\d+",
}
EXAMPLES = re.compile("|".join(f"(?P<{name}>{shape})"
                               for name, shape in {**BOUND, **SHAPES}.items()))

# What a person would ask again until it says so.
READING = re.compile(r"(?:certbus(?: -C \S+)?(?: --json)?"
                     r"(?: (?:status|list|show|tree|config|cases|clocks)\b.*)?"
                     r"|(?:cat|grep|ls|tail|journalctl)\b.*)$")


class Step:
    def __init__(self, line, machine, root, command):
        self.line = line                # in the page, of the prompt
        self.machine = machine
        self.root = root
        self.command = command
        self.shown = []
        self.exit = 0

    def title(self):
        return self.command.splitlines()[0]


# --- Reading a page -------------------------------------------------------------------------


class Page:
    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(PROJECT))
        self.stands = ""
        self.steps = []
        self.moved = 0                  # lines, by what was rewritten
        self._read(path.read_text().splitlines())

    def _read(self, lines):
        kind, indent, body, comment = None, 0, [], None
        for number, line in enumerate(lines, 1):
            fence = FENCE.match(line)
            if kind is None:
                comment = self._comment(line, comment)
                if fence:
                    kind, indent, body, begun = fence["kind"], len(fence["indent"]), [], number
            elif fence and not fence["kind"]:
                self._block(kind, body, begun, comment)
                kind, comment = None, None
            else:
                body.append(line[indent:])
        need(kind is None, f"{self.name}: a block has no end")

    def rewrite(self, step, shown, code):
        """The page's lines after a command, as they should have been."""
        lines = self.path.read_text().splitlines()
        at = step.line + step.command.count("\n") + self.moved
        old = len(step.shown) + (step.exit != 0)
        new = shown + ([f"[exit {code}]"] if code else [])
        lines[at:at + old] = new
        self.moved += len(new) - old
        self.path.write_text("\n".join(lines) + "\n")

    def _comment(self, line, before):
        found = COMMENT.match(line)
        if found and found["word"] == "stands":
            self.stands = found["value"]
        if found and found["word"] == "file":
            return found["value"]
        return before if not line.strip() else None

    def _block(self, kind, body, begun, source):
        if kind == "console":
            self._console(body, begun)
            return
        need(kind in SHOWN, f"{self.name}:{begun}: ```{kind} is not run: make it ```console, or "
                            f"one of {', '.join(sorted(SHOWN))}")
        if source:
            text = "\n".join(body)
            need(text in (PROJECT / source).read_text(),
                 f"{self.name}:{begun}: this does not stand in {source}")

    def _console(self, body, begun):
        step = None
        for number, line in enumerate(body, begun + 1):
            prompt = PROMPT.match(line)
            if prompt:
                step = Step(number, prompt["machine"], prompt["mark"] == "#", prompt["command"])
                self.steps.append(step)
                continue
            need(step, f"{self.name}:{number}: a console block begins with a command")
            if not step.shown and line.startswith("> "):
                step.command += "\n" + line[2:]
            elif EXIT.fullmatch(line):
                step.exit = int(EXIT.fullmatch(line)[1])
            else:
                step.shown.append(line)


# --- Whether what was printed is what the page shows ------------------------------------------


class Examples:
    """What the examples of a page stand for in this run."""

    def __init__(self, paths):
        self.here = {}
        self.paths = paths              # [(on the page, here)]: texts that are replaced

    def _bind(self, shown, here):
        self.here[shown] = here
        if "/" in shown and "/" in here:    # as files are named after ids
            self.here[shown.replace("/", "_")] = here.replace("/", "_")

    def command(self, text):
        for shown, here in self.paths:
            text = text.replace(shown, here)
        return EXAMPLES.sub(lambda found: self.here.get(found[0], found[0]), text)

    def printed(self, text):
        """As the page would have it, as far as its texts go."""
        for shown, here in self.paths:
            text = text.replace(here, shown)
        return text

    def as_page(self, text):
        """The same, with the examples that the page has used before."""
        back = {here: shown for shown, here in self.here.items()}
        return EXAMPLES.sub(lambda found: back.get(found[0], found[0]), self.printed(text))

    def pattern(self, lines, groups):
        """A regular expression for these lines; `groups` gets what it binds."""
        if not lines:
            return ""
        return "".join(r"(?:.*\n)*?" if line.strip() == "..." else self._line(line, groups) + r"\n"
                       for line in lines)

    def _line(self, line, groups):
        made, at = "", 0
        line = line.rstrip()
        for found in EXAMPLES.finditer(line):
            made += _literal(line[at:found.start()]) + self._example(found, groups)
            at = found.end()
        return made + _literal(line[at:]) + " *"

    def _example(self, found, groups):
        text = found[0]
        if found.lastgroup not in BOUND:
            return f"(?:{SHAPES[found.lastgroup]})"
        if text in self.here:
            return re.escape(self.here[text])
        if text in groups.values():
            name = next(name for name, shown in groups.items() if shown == text)
            return f"(?P={name})"
        name = f"e{len(groups)}"
        groups[name] = text
        return f"(?P<{name}>{BOUND[found.lastgroup]})"

    def match(self, shown, printed):
        """Whether it is so; if it is, the examples are bound."""
        groups = {}
        found = re.fullmatch(self.pattern(shown, groups), printed)
        if found:
            for name, text in groups.items():
                self._bind(text, found[name])
        return bool(found)


def _literal(text):
    parts = [re.escape(part).replace(r"\ ", " ") for part in text.split("...")]
    return re.sub(" +", " +", ".*?".join(parts))


def difference(examples, step, printed):
    """The lines of the page (-) beside those printed (+), as a diff has them; those that a
    `...` covers have a |."""
    page, here = step.shown, printed.splitlines()

    def same(one, other):
        return one.strip() != "..." and re.fullmatch(examples.pattern([one], {}), other + "\n")

    length = [[0] * (len(here) + 1) for _ in range(len(page) + 1)]
    for i, j in itertools.product(reversed(range(len(page))), reversed(range(len(here)))):
        length[i][j] = (1 + length[i + 1][j + 1] if same(page[i], here[j])
                        else max(length[i + 1][j], length[i][j + 1]))
    lines, i, j, sign = [], 0, 0, "+"
    first = step.line + step.command.count("\n") + 1
    while i < len(page) or j < len(here):
        if i < len(page) and j < len(here) and same(page[i], here[j]):
            lines.append(f"{first + i:5}   {page[i]}")
            i, j, sign = i + 1, j + 1, "+"
        elif j == len(here) or (i < len(page) and length[i + 1][j] >= length[i][j + 1]):
            rest = page[i].strip() == "..."
            lines.append(f"{first + i:5} {' ' if rest else '-'} {page[i]}")
            i, sign = i + 1, "|" if rest else "+"
        else:
            lines.append(f"      {sign} {examples.as_page(here[j])}")
            j += 1
    return "\n".join(lines)


# --- A shell that lasts -----------------------------------------------------------------------


BASH = ("bash", "--noprofile", "--norc")


class Shell:
    def __init__(self, command, folder, uid=None):
        self.uid = uid
        self.word = f"{random.SystemRandom().getrandbits(64):016x}"
        self.left = b""
        plain = {name: value for name, value in os.environ.items()
                 if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
        self.process = subprocess.Popen(
            command, cwd=folder, start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**plain, "NO_COLOR": "1", "TERM": "dumb", "TZ": "UTC"})

    def run(self, command, answers=()):
        """Returns what it printed and its exit code."""
        terminal, theirs = os.openpty() if answers else (None, None)
        door = os.ttyname(theirs) if answers else "/dev/null"
        into = f">{door} 2>&1" if answers else ""
        if answers and self.uid:
            os.chown(door, self.uid, -1)
        self._type(f"eval {shlex.quote(command)} <{door} {into}\n"
                   f"printf '\\n%s %d\\n' {self.word} $?\n")
        try:
            said = self._talk(terminal, answers) if answers else ""
            printed, code = self._printed()
        finally:
            for fd in (terminal, theirs) if answers else ():
                os.close(fd)
        return said + printed, code

    def _type(self, text):
        try:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed("the page's shell has ended") from None

    def _printed(self):
        end = time.monotonic() + SECONDS
        mark = re.compile(rb"\n%s (\d+)\n" % self.word.encode())
        while not mark.search(self.left):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failed(f"no end within {SECONDS} s; it has printed:\n"
                             + self.left.decode(errors="replace"))
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise Failed("the page's shell has ended:\n" + self.left.decode(errors="replace"))
            self.left += more
        found = mark.search(self.left)
        printed, self.left = self.left[:found.start()], self.left[found.end():]
        text = printed.decode(errors="replace")
        return text + "\n" if text and not text.endswith("\n") else text, int(found[1])

    def _talk(self, terminal, answers):
        """Types each answer once it is asked for."""
        said, end = "", time.monotonic() + SECONDS
        waiting = list(answers)
        while True:
            ready = select.select([terminal, self.process.stdout], [], [],
                                  max(0, end - time.monotonic()))[0]
            if not ready:
                raise Failed(f"no end within {SECONDS} s; it has printed:\n{said}")
            if terminal not in ready:
                return said
            said += os.read(terminal, 65536).decode(errors="replace").replace("\r\n", "\n")
            if waiting and said.endswith(waiting[0][0] + " "):
                os.write(terminal, waiting.pop(0)[1].encode() + b"\n")

    def end(self):
        """Whatever it has started, too."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


# --- A page, run ------------------------------------------------------------------------------


class Checkout:
    """What a reader has who cloned the project and built it."""

    def __init__(self, folder):
        _checkout(folder)
        self.officer = self.root = Shell(BASH, folder)

    def end(self):
        self.officer.end()


def _checkout(folder):
    folder.mkdir()
    for path in PROJECT.iterdir():
        if path.name not in ("build", ".git"):
            (folder / path.name).symlink_to(path)
    (folder / "build").symlink_to(BUILD)


class Run:
    def __init__(self, page):
        self.page = page
        net = "127.%d.%d." % tuple(random.SystemRandom().randint(1, 254) for _ in range(2))
        self.examples = Examples([("127.0.0.1:", net + "1:"), ("192.0.2.", net)])
        self.machines = {}

    def shell(self, step):
        need(step.machine in self.machines, f"{self.page.name}:{step.line}: no machine "
                                            f"{step.machine} stands there")
        machine = self.machines[step.machine]
        return machine.root if step.root else machine.officer

    def step(self, step):
        shell = self.shell(step)
        command = self.examples.command(step.command)
        answers = [(found["asked"].strip(), self.examples.command(found["answer"]))
                   for found in TYPED.finditer("\n".join(step.shown))]
        end = time.monotonic() + PATIENCE
        while True:
            printed, code = shell.run(command, answers)
            printed = self.examples.printed(printed)
            if code == step.exit and self.examples.match(step.shown, printed):
                if SHOW:
                    print(f"$ {command}\n{printed}", end="", flush=True)
                return
            if not READING.fullmatch(step.command) or time.monotonic() >= end:
                break
            time.sleep(0.1)
        if not WRITE:
            raise Failed(self._complaint(step, printed, code))
        shown = self.examples.as_page(printed).splitlines()
        self.examples.match(shown, printed)
        self.page.rewrite(step, shown, code)

    def _complaint(self, step, printed, code):
        text = f"{self.page.name}:{step.line}: {step.command}\n"
        if code != step.exit:
            text += f"exit code {code}, and the page says {step.exit}\n"
        return text + difference(self.examples, step, printed)

    def end(self):
        for machine in self.machines.values():
            machine.end()

    def stand(self, name, machine):
        """`name` is the word before the page's prompts; None: there is no word."""
        self.machines[name] = machine
        return machine


def proves(path, prepare):
    """The sentence that a page prints what it shows; `prepare` makes the machines of a run."""
    page_name = str(path.relative_to(PROJECT))

    def sentence(tree):
        del tree
        page = Page(path)
        need(page.steps, f"{page_name} shows no command")
        run = Run(page)
        try:
            prepare(run)
            for step in page.steps:
                run.step(step)
        finally:
            run.end()
        note(f"{len(page.steps)} commands")

    sentence.__name__ = f"{page_name}_prints_what_it_shows"
    return sentence
