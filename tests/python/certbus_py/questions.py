# SPDX-License-Identifier: Apache-2.0
"""Section 5.7: questions to the tree, and what their answers may say."""

from . import forms, intake, proof, route
from .envelope import Envelope
from .reasons import Refused
from .statement import Statement

PRESENCE_MAX = 8192


class DoesNotCount(Exception):
    """An answer that is signed well and says what it may not."""


def _signed(trust, statement, purpose):
    body = statement.content
    held = trust.credentials.get(body.credential)
    if held is None:
        raise Refused("unknown-credential")
    if held.content.party != body.party:
        raise Refused("wrong-origin")
    if not statement.signed_by(trust.verifier, purpose, body.credential, held.content.sign_key):
        raise Refused("bad-signature")
    return held


def _arguments(request):
    if request.question == "seen":
        digest = request.arguments.get("hash")
        if not isinstance(digest, bytes) or len(digest) != 32:
            raise Refused("schema", "seen")
    if request.question == "contact" and (
            len(request.audience) != 1 or route.split(request.audience[0])[0] != "party"):
        raise Refused("schema", "contact")


def judge_request(trust, data, where, now, since=0):
    """The request of a statement that came from `where`: (own party, side, neighbour)."""
    party, side, peer = where
    statement = Statement(data, "request")
    request = statement.content
    held = _signed(trust, statement, proof.REQUEST)
    below = side == "child"
    if forms.at_or_below(request.party, peer if below else party) != below:
        raise Refused("not-yours-to-send")
    if trust.is_revoked(held):
        raise Refused("revoked")
    if trust.policy is None:
        raise Refused("no-policy")
    policy = trust.policy.content
    ahead = policy.setting.get("ahead", intake.AHEAD)
    if not held.content.not_before <= request.issued <= held.content.not_after:
        raise Refused("credential-dates")
    if request.issued > now + ahead:
        raise Refused("clock-ahead")
    if now - request.deadline > ahead or request.issued < since:
        raise Refused("expired")
    if request.question not in ANSWERS:
        raise Refused("no-such-question")
    _arguments(request)
    for term in request.audience:
        if not route.can_exist(term, trust.top, policy):
            raise Refused("audience", term)
    if not route.covered(request.party, f"ask-{request.question}", request.audience,
                         held.content, policy):
        raise Refused("no-grant")
    return statement


def _need(good):
    if not good:
        raise DoesNotCount


def _names(values, own, most):
    _need(isinstance(values, list) and len(values) <= most)
    _need(all(isinstance(name, str) and forms.is_party(name) and own(name) for name in values))
    _need(all(a < b for a, b in zip(values, values[1:])))


def _whole(value, most):
    _need(isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most)


def _presence(answers, own, peer, _):
    software, rows = answers.get("software"), answers.get("parties")
    _need(isinstance(software, list) and len(software) <= 64)
    _need(all(isinstance(text, str) and 1 <= len(text.encode()) <= 64 for text in software))
    _need(isinstance(rows, list) and len(rows) <= PRESENCE_MAX)
    for row in rows:
        _need(isinstance(row, list) and len(row) == 7)
        _need(isinstance(row[1], bool) and isinstance(row[5], bool) and row[0] != peer)
        for value, most in ((row[2], forms.MAX_TIME), (row[3], forms.MAX_TIME),
                            (row[4], 2**64 - 1), (row[6], len(software))):
            _whole(value, most)
    _names([row[0] for row in rows], own, PRESENCE_MAX)


def _seen(answers, own, *_):
    for name in ("count", "fewer"):
        _whole(answers.get(name), forms.MAX_U32)
    _whole(answers.get("last"), forms.MAX_TIME)
    _need(isinstance(answers.get("least"), bool))
    _need(not (answers["count"] and answers["fewer"]))
    _names(answers.get("parties"), own, 32)


def _contact(answers, own, _, request):
    data, by = answers.get("contact"), answers.get("by")
    _need(isinstance(data, bytes) and isinstance(by, str) and len(data) <= 16384)
    _need(bool(data) == bool(by))
    if data:
        _names([by], own, 1)
        try:
            message = Envelope(data).message
        except Refused:
            raise DoesNotCount from None
        _need(message.kind == "contact" and message.mode == 0
              and message.origin == request.audience[0])


ANSWERS = {"presence": _presence, "seen": _seen, "contact": _contact}


def judge_reply(trust, asked, data, where):
    """The answer of a neighbour to the question `asked` (a statement)."""
    party, side, peer = where
    statement = Statement(data, "reply")
    reply = statement.content
    if reply.request != asked.hash:
        raise DoesNotCount
    if reply.party != peer:
        raise Refused("wrong-origin")
    held = _signed(trust, statement, proof.REPLY)
    if trust.is_revoked(held):
        raise Refused("revoked")

    def own(name):
        return (forms.at_or_below(name, peer) if side == "child"
                else not forms.at_or_below(name, party))

    _need(reply.status == 0 and isinstance(reply.answers.get("more"), bool))
    _names(reply.silent, own, 1024)
    ANSWERS[asked.content.question](reply.answers, own, peer, asked.content)
    return statement
