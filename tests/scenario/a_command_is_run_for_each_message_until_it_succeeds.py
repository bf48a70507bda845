# SPDX-License-Identifier: Apache-2.0
"""certbus watch --exec: what it hands over, when it moves on, and what stops it."""
# asan: yes

import json
import os
import pathlib
import signal
import subprocess

from support import CERTBUS, need, note, prove, until

TITLE = "Flood\n'; touch pwned; $(touch pwned) `touch pwned` \u202eevil"


def setup(tree):
    pk = tree.join("pk")
    return pk, tree.join("pk.sindh", "provincial")


def watch(tree, broker, command, *words, name="desk"):
    """Starts it; what it says goes to watch.err."""
    with open("watch.err", "ab") as said:
        return tree.also(subprocess.Popen(
            [CERTBUS, "-C", broker.home, "watch", "--as", name, "--since", "start", "--kind",
             "note", "--kind", "advisory", "--exec", command, *words],
            stdin=subprocess.DEVNULL, stdout=said, stderr=said))


def said():
    path = pathlib.Path("watch.err")
    return path.read_text() if path.exists() else ""


def lines(name):
    path = pathlib.Path(name)
    return path.read_text().splitlines() if path.exists() else []


def end(process, how=signal.SIGTERM):
    process.send_signal(how)
    return process.wait(30)


def the_command_gets_the_message_and_nothing_of_it_becomes_a_command(tree):
    pk, sindh = setup(tree)
    body = {"number": "A-1", "title": TITLE, "severity": "S2", "summary": "s"}
    ident = pk.publish("advisory", body, ["pk.sindh"])["id"]
    process = watch(tree, sindh,
                    'cat >>seen; echo "$CERTBUS_ID $CERTBUS_KIND $CERTBUS_TLP '
                    '$CERTBUS_SEVERITY $CERTBUS_ORIGIN $CERTBUS_MODE $CERTBUS_TRY" >>words; '
                    'printf "%s\\n" "$CERTBUS_TITLE" >>words; echo done >>words')
    until(lambda: "done" in lines("words"), "it was run")
    end(process)
    seen = [json.loads(line) for line in lines("seen")]
    need(len(seen) == 1 and seen[0]["id"] == ident, f"not the message: {seen}")
    need(seen[0]["body"]["title"] == TITLE, "the title has changed on the way")
    words = lines("words")
    need(words[0] == f"{ident} advisory TLP:GREEN S2 pk live 1", words[0])
    need(words[1].startswith("Flood<U+000A>'; touch pwned;") and "<U+202E>evil" in words[1],
         words[1])
    need(not pathlib.Path("pwned").exists(), "a title was run as a command")
    shown = sindh.certbus("--json", "list", "--kind", "advisory")
    need(json.loads(shown)[0]["id"] == seen[0]["id"], "list has another id")


def a_message_is_left_behind_only_when_the_command_succeeds(tree):
    pk, sindh = setup(tree)
    for text in ("first", "second", "third"):
        pk.say(text, "pk.sindh")
    until(lambda: len(sindh.notes()) == 3, "they are there")
    # The second one fails once, which costs its second try a second.
    process = watch(tree, sindh, "cat >>all; tail -n 1 all | grep -q second && "
                    "[ ! -e again ] && touch again && exit 7; exit 0")
    until(lambda: len(lines("all")) == 4, "all were handled")
    end(process)
    texts = [json.loads(line)["body"]["text"] for line in lines("all")]
    need(texts == ["first", "second", "second", "third"], texts)
    need(said().count("exit code 7") == 1 and "handled at try 2" in said(), said())
    pk.say("fourth", "pk.sindh")
    process = watch(tree, sindh, "cat >>more")
    until(lambda: len(lines("more")) == 1, "the next one was handled")
    end(process)
    need("fourth" in lines("more")[0], "one was handled again")


def one_that_can_never_be_handled_is_passed_over_when_that_was_asked_for(tree):
    pk, sindh = setup(tree)
    pk.say("poison", "pk.sindh")
    pk.say("fine", "pk.sindh")
    process = watch(tree, sindh, "grep -q fine && touch handled", "--tries", "1")
    until(lambda: pathlib.Path("handled").exists(), "the other one was handled")
    end(process)
    need("given up after 1 tries, passed over" in said(), said())


def what_takes_too_long_is_ended_with_all_that_it_started(tree):
    pk, sindh = setup(tree)
    pk.say("slow", "pk.sindh")
    process = watch(tree, sindh, "sleep 1000 & echo $! >child; wait", "--exec-timeout", "1",
                    "--tries", "1", "-n", "1")
    need(process.wait(30) == 0, "it did not end")
    need("not done within 1 s" in said(), said())
    child = pathlib.Path("child").read_text().strip()
    until(lambda: not pathlib.Path(f"/proc/{child}").exists()
          or " Z " in pathlib.Path(f"/proc/{child}/stat").read_text(), "the child ended, too")


def asked_to_leave_it_lets_the_command_end(tree):
    pk, sindh = setup(tree)
    pk.say("one", "pk.sindh")
    process = watch(tree, sindh, "touch begun; until [ -e go ]; do sleep 0.02; done; cat >>done")
    until(lambda: pathlib.Path("begun").exists(), "it was run")
    process.terminate()
    pathlib.Path("go").touch()
    need(process.wait(30) == -signal.SIGTERM, "it did not end by the signal")
    need("one" in lines("done")[0], "the command was cut off")
    need("handled; ended by signal 15" in said(), said())
    pk.say("two", "pk.sindh")
    process = watch(tree, sindh, "cat >>done")
    until(lambda: len(lines("done")) == 2, "the next one")
    end(process)
    need("two" in lines("done")[1], "the first one came again")


def a_broker_that_restarts_meanwhile_costs_no_message_and_no_second_run(tree):
    pk, sindh = setup(tree)
    pk.say("one", "pk.sindh")
    process = watch(tree, sindh, "touch begun; until [ -e go ]; do sleep 0.02; done; cat >>done")
    until(lambda: pathlib.Path("begun").exists(), "it was run")
    sindh.kill()
    pathlib.Path("go").touch()
    until(lambda: "the broker is away" in said(), "it has noticed")
    sindh.start()
    pk.say("two", "pk.sindh")
    until(lambda: len(lines("done")) == 2, "both were handled")
    end(process)
    texts = [json.loads(line)["body"]["text"] for line in lines("done")]
    need(texts == ["one", "two"], texts)


def a_second_reader_of_a_name_is_told_who_the_first_one_is(tree):
    _, sindh = setup(tree)
    process = watch(tree, sindh, "true")
    until(lambda: "watching pk.sindh" in said(), "it runs")

    def held():
        text = sindh.certbus("watch", "--as", "desk", "--timeout", "1", expect=None)
        return text if "is held by" in text else None
    text = until(held, "it holds the name")
    need(f"uid {os.getuid()} (" in text and f"process {process.pid}, since 20" in text, text)
    need("--wait waits for it" in text, text)
    sindh.certbus("watch", "--as", "desk", expect=1)
    waits = tree.also(subprocess.Popen(
        [CERTBUS, "-C", sindh.home, "watch", "--as", "desk", "--wait", "--timeout", "20",
         "--since", "start", "-n", "1"], stdout=subprocess.DEVNULL,
        stderr=open("waits.err", "wb")))
    until(lambda: "waiting for it" in pathlib.Path("waits.err").read_text(), "it waits")
    end(process)
    tree["pk"].say("for the second", "pk.sindh")
    need(waits.wait(30) == 0, "the second one did not get the name")


def without_a_name_a_command_is_refused_with_the_reason(tree):
    sindh = tree.join("pk")
    text = sindh.certbus("watch", "--exec", "true", expect=2)
    need("--exec needs --as NAME: without a name nobody remembers" in text, text)
    note(text.strip())


prove(the_command_gets_the_message_and_nothing_of_it_becomes_a_command,
      a_message_is_left_behind_only_when_the_command_succeeds,
      one_that_can_never_be_handled_is_passed_over_when_that_was_asked_for,
      what_takes_too_long_is_ended_with_all_that_it_started,
      asked_to_leave_it_lets_the_command_end,
      a_broker_that_restarts_meanwhile_costs_no_message_and_no_second_run,
      a_second_reader_of_a_name_is_told_who_the_first_one_is,
      without_a_name_a_command_is_refused_with_the_reason)
