# SPDX-License-Identifier: Apache-2.0
"""The man pages: one a command, complete, well formed, and with examples that are commands."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CERTBUS_BUILD", PROJECT / "build"))
PAGES = BUILD / "docs/man/pages"
SOURCES = PROJECT / "docs/man"
failures = []


def skip(why):
    print(why)
    sys.exit(77)


def need(truth, what):
    if not truth:
        failures.append(what)


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=60, check=False, **more)


def shown(page):
    """The page as people see it, and what man complains about."""
    made = run("man", "--warnings", "-E", "UTF-8", "-l", page,
               env=dict(os.environ, MANWIDTH="2000", MAN_KEEP_FORMATTING=""))
    return re.sub(".\b", "", made.stdout), made.stderr.strip()


def literal_blocks(source):
    return re.findall(r"^```\n(.*?)^```$", source, re.S | re.M)


def commands_of():
    """The commands, as `certbus help` lists them, and the options of each."""
    for line in run(BUILD / "bin/certbus", "help").stdout.splitlines():
        found = re.match(r"  ([a-z]+(?: [a-z]+)?)  +\S", line)
        if found:
            yield found[1], run(BUILD / "bin/certbus", "help", *found[1].split()).stdout


def example_words(line):
    """The certbus commands in a line of shell."""
    part = []
    for word in [*shlex.split(line), "|"]:
        if not re.fullmatch(r"[|&;]+|[0-9]?[<>]+.*", word):
            part.append(word)
        else:
            if part and part[0] == "certbus":
                yield part[1:]
            part = []


def check_page(page, needed):
    text, complaints = shown(page)
    need(not complaints, f"{page.name}: man says: {complaints}")
    for word in needed:
        need(word in text, f"{page.name}: {word} is not there")


def check_examples(source):
    text = source.read_text()
    for block in literal_blocks(text.partition("# EXAMPLES\n")[2]):
        for line in block.replace("\\\n", " ").splitlines():
            if not line.startswith(("$ ", "# ")):
                continue
            for words in example_words(line[2:]):
                said = run(PAGES, "--parse", *words)
                need(said.returncode == 0, f"{source.name}: {line}: {said.stderr.strip()}")


def check_commands():
    for name, help_text in commands_of():
        dashed = name.replace(" ", "-")
        page = BUILD / f"man/certbus-{dashed}.1"
        source = SOURCES / f"certbus-{dashed}.1.scd"
        if not page.exists():
            need(False, f"certbus {name}: no page")
            continue
        check_page(page, re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", help_text, re.M))
        if not source.exists():
            need(False, f"certbus {name}: nobody has written docs/man/{source.name} yet")
        elif "# EXAMPLES\n" not in source.read_text():
            need(False, f"{source.name}: no EXAMPLES")


def check_others():
    settings = re.findall(r"^#?([a-z_]+) = ", (PROJECT / "config/broker.example.cfg").read_text(),
                          re.M)
    need(len(settings) > 5, "the example's settings")
    check_page(BUILD / "man/certbus.conf.5", settings)
    options = re.findall(r"--[a-z]+", run(BUILD / "bin/certbusd", "--help").stdout)
    check_page(BUILD / "man/certbusd.8", options)
    check_page(BUILD / "man/certbus.1", ["certbus-publish(1)", "--json", "CERTBUS_HOME"])
    catalog = (PROJECT / "bus/core/catalog.h").read_text()
    relations = re.findall(r'X \(\w+, \d+, "([a-z-]+)"',
                           re.search(r"#define CB_RELATIONS.*?\n\n", catalog, re.S)[0])
    need("correspondent" in relations, "the relations of the catalogue")
    check_page(BUILD / "man/certbus-policy.5", relations)


def check_grammars():
    """The examples of the two grammars are a policy and a schema."""
    os.chdir(os.environ["TMPDIR"])
    policy = literal_blocks((SOURCES / "certbus-policy.5.scd").read_text())[0]
    pathlib.Path("policy.cfg").write_text(policy)
    run(BUILD / "bin/certbus", "root", "create", "root")
    said = run(BUILD / "bin/certbus", "root", "policy", "root", "policy.cfg")
    need(said.returncode == 0, f"certbus-policy.scd: {said.stderr}")
    shutil.copytree(PROJECT / "schemas", "schemas")
    schema = literal_blocks((SOURCES / "certbus-schema.5.scd").read_text())[0]
    pathlib.Path("schemas/roster.cfg").write_text(schema)
    env = dict(os.environ, CERTBUS_SCHEMAS=os.path.abspath("schemas"))
    said = run(BUILD / "bin/certbus", "complete", "--", "list", "--kind", "ros", env=env)
    need(said.stdout == "roster\n", f"certbus-schema.scd: {said.stdout}{said.stderr}")


if not PAGES.exists():
    skip("this tree has no man pages")
for tool in ("man", "scdoc"):
    if not shutil.which(tool):
        skip(f"{tool} is not installed")
check_commands()
check_others()
for each in run(PAGES).stdout.split():
    if (SOURCES / f"{each}.scd").exists():
        check_examples(SOURCES / f"{each}.scd")
check_grammars()
for each in failures:
    print(each)
sys.exit(1 if failures else 0)
