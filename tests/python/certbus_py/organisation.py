#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An organisation at the edge of the hierarchy, on the second implementation.

    organisation.py request PARTY TITLE --home DIR [--out FILE]
    organisation.py join FILE.credential --root CODE --home DIR
    organisation.py report FILE.json --home DIR
    organisation.py run --home DIR [--for SECONDS] [--until KIND:COUNT]
    organisation.py list --home DIR
    organisation.py verify FILE --home DIR
"""

import argparse
import json
import os
import pathlib
import sys
import time

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    sys.dont_write_bytecode = True

from certbus_py import forms, intake, link, proof, statement       # noqa: E402
from certbus_py.envelope import Envelope                           # noqa: E402
from certbus_py.reasons import NAME, Refused                       # noqa: E402
from certbus_py.store import Store, now_ms                         # noqa: E402

KEYS = ("sign", "seal", "link")


class Failed(Exception):
    """What a person is told; the exit status is 1."""


def say(line):
    print(line, flush=True)


def write_private(path, text):
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def read_keys(home):
    path = home / "keys.json"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return {name: proof.SigningKey(bytes.fromhex(held[name])) for name in KEYS}
    except FileNotFoundError:
        raise Failed(f"{path}: there are no keys; begin with `request`") from None
    except (KeyError, TypeError, ValueError) as error:
        raise Failed(f"{path}: not three seeds of 32 bytes in hex: {error}") from None


def open_store(home, log=lambda line: None, joined=True, writes=False):
    store = Store(home / "store.db", read_keys(home), log)
    if joined and store.party is None:
        raise Failed(f"{home}: has not joined; use `join` with a .credential file")
    if writes:
        store.begin_run()
    return store


def read_file(path):
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}") from None


def request(options):
    if not forms.is_party(options.party) or forms.parent_of(options.party) is None:
        raise Failed(f"{options.party}: not the name of a party below another")
    options.home.mkdir(parents=True, exist_ok=True)
    if not (options.home / "keys.json").exists():
        write_private(options.home / "keys.json", json.dumps(
            {name: os.urandom(32).hex() for name in KEYS}, indent=1) + "\n")
    keys = [read_keys(options.home)[name] for name in KEYS]
    made = statement.sign(
        [1, "enrolment", options.party, options.title, *(key.public for key in keys),
         None, [], now_ms()],
        [(proof.ENROLMENT, key.public, key) for key in keys])
    path = pathlib.Path(options.out or f"{options.party}.request")
    path.write_bytes(made)
    print(f"written to {path}", file=sys.stderr)
    say(statement.Statement(made).code)


def join(options):
    store = open_store(options.home, joined=False)
    body = store.join(statement.Bundle(read_file(options.file)), options.root)
    say(f"joined as {body.party} ({body.title}), role {body.role}, below {store.parent}")


def _plain(value):
    """JSON's values as the canonical form has them: no floats."""
    if isinstance(value, float):
        raise Failed(f"{value}: a body holds no floats")
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def report(options):
    store = open_store(options.home, writes=True)
    try:
        body = _plain(json.loads(read_file(options.file)))
    except ValueError as error:
        raise Failed(f"{options.file}: not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Failed(f"{options.file}: the body is a map")
    try:
        made = store.report(options.kind, body, options.to or [store.parent],
                            precedence=options.precedence, tlp=options.tlp,
                            may_climb_to=options.may_climb_to,
                            schema=options.schema)
    except ValueError as error:
        raise Failed(f"{options.file}: {error}") from None
    say(f"{made.message.printed} {made.code}")


def run(options):
    store = open_store(options.home, log=say, writes=True)
    end = time.monotonic() + options.seconds if options.seconds is not None else None
    kind, _, count = (options.until or "").partition(":")
    child = link.Child(store, store.get("endpoints"),
                       store.parents_credential().content.link_key,
                       store.keys["link"], say)
    try:
        while end is None or time.monotonic() < end:
            child.step(0.05)
            if kind and store.count(kind) >= int(count or 1) and child.is_quiet():
                return 0
    except KeyboardInterrupt:
        pass
    finally:
        child.stop()
        store.close()
    return 1 if kind else 0


def show(options):
    store = open_store(options.home)
    for _, reason, envelope in store.all():
        if envelope is None:
            continue
        message = envelope.message
        thread = message.thread and f"{message.thread[0]}/{message.thread[1]}-" \
                                    f"{message.thread[3]}"
        say(f"{message.printed}\t{envelope.code}\t{message.kind}\t"
            f"{','.join(message.audience)}\t{thread or '-'}\t{NAME[reason]}\t"
            + json.dumps(message.body, ensure_ascii=False, sort_keys=True,
                         default=lambda raw: raw.hex()))


def verify(options):
    store = open_store(options.home)
    envelope = Envelope(read_file(options.file))
    message = envelope.message
    say(f"{message.kind} {message.printed}\ncode {envelope.code}\n"
        f"leaf {envelope.leaf.hex()}")
    held = store.trust.credentials.get(message.credential)
    if held is None:
        raise Refused("unknown-credential")
    if held.content.party != message.origin:
        raise Refused("wrong-origin")
    envelope.check_signature(held.content.sign_key, store.trust.verifier)
    envelope.check_approvals(store.trust.verifier)
    status = store.trust.status(message)
    if status != "ok":
        raise Refused(status)
    intake.check_dates(message, held.content)
    say(f"ok: signed by {message.origin} ({held.content.title})")


def arguments(argv):
    parser = argparse.ArgumentParser(prog="organisation.py")
    commands = parser.add_subparsers(required=True)

    def command(name, call, *names):
        made = commands.add_parser(name)
        for positional in names:
            made.add_argument(positional)
        made.add_argument("--home", required=True, type=pathlib.Path)
        made.set_defaults(call=call)
        return made

    command("request", request, "party", "title").add_argument("--out")
    command("join", join, "file").add_argument("--root", required=True)
    made = command("report", report, "file")
    made.add_argument("--kind", default="incident")
    made.add_argument("--to", action="append")
    made.add_argument("--tlp", type=int, default=3)
    made.add_argument("--precedence", type=int, default=1)
    made.add_argument("--schema", type=int, default=1)
    made.add_argument("--may-climb-to")
    made = command("run", run)
    made.add_argument("--for", dest="seconds", type=float)
    made.add_argument("--until")
    command("list", show)
    command("verify", verify, "file")
    return parser.parse_args(argv)


def main(argv=None):
    options = arguments(argv)
    try:
        return options.call(options) or 0
    except (Failed, Refused) as error:
        print(f"organisation.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
