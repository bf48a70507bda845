#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the second implementation (tests/python) to the vectors of this folder.

Each file is an object with "values" and "vectors". A vector has a type, a name (a
sentence), an input, the verdict that is expected and, where more than that comes out,
"outputs". Bytes are hex; a list of hex and [how often, hex of one byte]; or "$name" for
one of the file's values.

One line for each disagreement, then `N passed, N failed`. Exit status: 0 all
agree, 1 some do not or there are no vectors, 77 there are no files of vectors.
"""

import json
import pathlib
import sys
import types

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "python"))
sys.dont_write_bytecode = True

from certbus_py import canon, link, proof, questions, route                  # noqa: E402
from certbus_py.envelope import Envelope                          # noqa: E402
from certbus_py.intake import Intake                              # noqa: E402
from certbus_py.reasons import Refused                            # noqa: E402
from certbus_py.statement import Bundle, Statement, check_enrolment  # noqa: E402
from certbus_py.trust import Trust                                # noqa: E402


VALUES = {}


def octets(value):
    if isinstance(value, str):
        return octets(VALUES[value[1:]]) if value[:1] == "$" else bytes.fromhex(value)
    return b"".join(octets(part[1]) * part[0] if isinstance(part, list) else octets(part)
                    for part in value)


def raw(given, name):
    value = given.get(name)
    return None if value is None else octets(value)


def reason_of(call):
    """(reason, result) of something that refuses by raising."""
    try:
        return "ok", call()
    except Refused as refused:
        return refused.reason, None


def check_canon(given):
    reason, value = reason_of(lambda: canon.decode(raw(given, "bytes")))
    if reason == "ok" and canon.encode(value) != raw(given, "bytes"):
        reason = "written differently"
    return reason, {}


def check_envelope(given):
    reason, envelope = reason_of(lambda: Envelope(raw(given, "bytes")))
    if envelope is None:
        return reason, {}
    key = raw(given, "key")
    verifier = proof.Verifier()

    def signatures():
        if key is not None:
            envelope.check_signature(key, verifier)
            envelope.check_approvals(verifier)

    return reason_of(signatures)[0], {
        "leaf": envelope.leaf.hex(), "code": envelope.code,
        "id": envelope.message.printed}


def check_statement(given):
    reason, statement = reason_of(lambda: Statement(raw(given, "bytes")))
    if statement is None:
        return reason, {}
    return reason, {"hash": statement.hash.hex(), "code": statement.code}


def check_proof(given):
    """leaf, index, size, path: the root; with leaves, index: the path and the root."""
    if "leaves" in given:
        leaves = [octets(leaf) for leaf in given["leaves"]]
        path = b"".join(proof.tree_path(leaves, given.get("index", 0)))
        return "ok", {"path": path.hex(), "root": proof.tree_root(leaves).hex()}
    joined = raw(given, "path")
    path = [joined[at:at + 32] for at in range(0, len(joined), 32)]
    reason, root = reason_of(lambda: proof.root_of(
        raw(given, "leaf"), given["index"], given["size"], path))
    if root is not None and given.get("root", root.hex()) != root.hex():
        reason = "another root"
    return reason, {"root": root.hex()} if root is not None else {}


def check_chain(given):
    trust = Trust()
    reason, _ = reason_of(lambda: trust.pin_root(raw(given, "root")))
    if reason != "ok":
        return reason, {}
    for number, item in enumerate(given["credentials"], 1):
        if number == len(given["credentials"]):
            for revocation in given.get("revocations") or []:
                trust.take_revocation(octets(revocation))
        reason, _ = reason_of(lambda: trust.take_credential(octets(item)))
    return reason, {}


def check_successors(given, items, take, held):
    """Whatever is wrong with one that should follow, it is `trust`."""
    trust = Trust()
    reason, _ = reason_of(lambda: trust.pin_root(raw(given, "root")))
    for item in items:
        reason, _ = reason_of(lambda: take(trust)(octets(item)))
    statement = held(trust)
    return ("ok" if reason == "ok" else "trust"), {
        "version": statement.content.version if statement else 0}


def check_root(given):
    return check_successors(given, given["next"], lambda trust: trust.next_root,
                            lambda trust: trust.root)


def check_policy(given):
    return check_successors(given, given["policies"], lambda trust: trust.take_policy,
                            lambda trust: trust.policy)


def check_request(given):
    return reason_of(lambda: check_enrolment(raw(given, "bytes"), proof.Verifier()))[0], {}


def check_bundle(given):
    return reason_of(lambda: Bundle(raw(given, "bytes")))[0], {}


def party_of(given, name):
    """A party given as text or as {name, sectors, may_grant}."""
    value = given.get(name)
    if isinstance(value, str):
        value = {"name": value}
    return value


def check_route(given):
    audience, origin = given["audience"], given["origin"]
    child, self_ = party_of(given, "child"), party_of(given, "self")
    outputs = {}
    if child is not None:
        may = child.get("may_grant") or []
        may = [may] if isinstance(may, str) else may
        outputs["down"] = route.down(audience, origin, child["name"],
                                     child.get("sectors") or [], may)
    if self_ is not None:
        outputs["up"] = route.up(audience, origin, self_["name"])
        outputs["here"] = route.here(audience, self_["name"],
                                     self_.get("sectors") or [])
    return "ok", outputs


def check_intake(given):
    trust = Trust()
    trust.pin_root(raw(given, "root"))
    if given.get("policy"):
        trust.take_policy(raw(given, "policy"))
    for item in given.get("credentials") or []:
        reason_of(lambda: trust.take_credential(octets(item)))
    for item in given.get("revocations") or []:
        trust.take_revocation(octets(item))
    verdict = Intake(trust, party_of(given, "self")["name"]).judge(
        raw(given, "envelope"), given["side"], given["now"],
        peer=given.get("peer"), recovery=bool(given.get("recovery")))
    # Check 15 asks what is held, and a vector holds nothing.
    return "ok" if verdict.reason == "thread" else verdict.reason, {}


def _asked(given):
    """What a question or an answer is judged by: (trust, where)."""
    trust = Trust()
    trust.pin_root(raw(given, "root"))
    trust.take_policy(raw(given, "policy"))
    for item in given["credentials"]:
        trust.take_credential(octets(item))
    return trust, (given["self"], given["side"], given["peer"])


def check_question(given):
    trust, where = _asked(given)
    return reason_of(lambda: questions.judge_request(trust, raw(given, "request"), where,
                                                     given["now"]))[0], {}


def check_answer(given):
    trust, where = _asked(given)
    asked = Statement(raw(given, "request"), "request")
    try:
        return reason_of(lambda: questions.judge_reply(trust, asked, raw(given, "reply"),
                                                       where))[0], {}
    except questions.DoesNotCount:
        return "does not count", {}


def check_frame(given):
    return reason_of(lambda: link.decode(raw(given, "bytes")))[0], {}


def chain_at(position):
    """The journal of the vectors in link.json."""
    return bytes([position]) * 32 if position <= 30 else None


def cursor_of(given):
    counter, nonce, position, chain = given["cursor"]
    return (counter, nonce, position, bytes([chain]) * 32)


def check_resume(given):
    return "ok", {"position": link.resume_at(cursor_of(given), given["epochs"], chain_at),
                  "lost": link.is_lost(cursor_of(given), chain_at)}


def check_continue(given):
    frame = types.SimpleNamespace(epoch=tuple(given["epoch"]), prev=given["prev"])
    return "ok", {"taken": link.may_take(frame, cursor_of(given), given["first"],
                                         given["epochs"])}


def check_code(given):
    code = proof.code_of(raw(given, "hash"))
    return code, {"code": code}


def check_typed(given):
    return proof.read_code(given["typed"]) or "none", {}


CHECKS = {"canon": check_canon, "envelope": check_envelope,
          "statement": check_statement, "proof": check_proof, "chain": check_chain,
          "route": check_route, "intake": check_intake, "frame": check_frame,
          "code": check_code, "code-typed": check_typed, "root": check_root,
          "policy": check_policy, "request": check_request, "bundle": check_bundle,
          "resume": check_resume, "continue": check_continue,
          "question": check_question, "answer": check_answer}


def wanted_of(vector):
    """(reason or None, outputs) that a vector expects, wherever it names them."""
    outputs = dict(vector.get("outputs") or {})
    expect = vector.get("expect")
    if isinstance(expect, dict):
        outputs.update(expect)
        expect = outputs.pop("reason", None)
    for name in ("leaf", "code", "id", "hash", "root", "path"):
        if name in vector:
            outputs.setdefault(name, vector[name])
    return expect, outputs


def plain(value):
    return value.lower() if isinstance(value, str) else value


def disagreements(vector):
    check = CHECKS.get(vector["type"])
    if check is None:
        return [f"no check for the type {vector['type']}"]
    given = vector["input"]
    reason, outputs = check(given)
    expect, wanted = wanted_of(vector)
    if vector["type"] == "code" and expect in (None, "ok"):
        expect = given.get("code", wanted.get("code", reason))
    result = []
    if expect is not None and expect != reason:
        result.append(f"expected {expect}, found {reason}")
    for name, value in wanted.items():
        if plain(outputs.get(name)) != plain(value):
            result.append(f"{name}: expected {value}, found {outputs.get(name)}")
    return result


def main():
    files = sorted(HERE.glob("*.json"))
    if not files:
        print("no vectors in tests/vectors yet")
        return 77
    passed = failed = 0
    for path in files:
        file = json.loads(path.read_text(encoding="utf-8"))
        VALUES.clear()
        VALUES.update(file.get("values", {}))
        for vector in file.get("vectors", []):
            try:
                wrong = disagreements(vector)
            except (Refused, KeyError, TypeError, ValueError, AttributeError) as error:
                wrong = [f"{type(error).__name__}: {error}"]
            if wrong:
                failed += 1
                print(f"{path.name}: {vector.get('type')}: {vector.get('name')}: "
                      + "; ".join(wrong))
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
