# SPDX-License-Identifier: Apache-2.0
"""Section 8: the checks of a message that arrives, in their order."""

from . import forms, route
from .envelope import EXERCISE, FLASH, TEST, Envelope
from .reasons import Refused
from .statement import Statement
from .trust import check_last, check_revocation_body

AHEAD = 10 * 60 * 1000
HOUR = 60 * 60 * 1000
SIDES = ("self", "parent", "child")


def check_dates(message, credential):
    if not credential.not_before <= message.issued <= credential.not_after:
        raise Refused("credential-dates")


class Memory:
    """What a broker remembers and the checks ask for; a store may know more."""

    def is_frozen(self, origin):
        return False

    def leaf_at(self, message_id):
        """The leaf hash of a message that was accepted, or None."""
        return None

    def is_held(self, message_id):
        """Whether a message is held, accepted or refused."""
        return self.leaf_at(message_id) is not None

    def mode_of(self, message_id):
        """The mode of a message that was accepted, or None."""
        return None

    def flash_in_hour(self, origin, hour):
        return 0

    def is_below_floor(self, message_id):
        return False


class Verdict:
    """`envelope` is None when the form was refused; `signed`: its signature was good;
    `repeat`: it is held already and is dropped without a word."""

    def __init__(self):
        self.reason = "ok"
        self.detail = ""
        self.envelope = None
        self.signed = False
        self.repeat = False


class Intake:
    def __init__(self, trust, party, memory=None):
        self.trust = trust
        self.party = party
        self.memory = memory or Memory()

    def judge(self, data, side, now, peer=None, recovery=False):
        """The verdict on the bytes of an envelope that came from `side`."""
        assert side in SIDES
        verdict = Verdict()
        try:
            self._run(verdict, data, side, now, peer, recovery)
        except Refused as refused:
            verdict.reason = refused.reason
            verdict.detail = refused.detail
        return verdict

    def _run(self, verdict, data, side, now, peer, recovery):
        verdict.envelope = envelope = Envelope(data)
        message = envelope.message
        credential = self._credential(message)
        envelope.check_signature(credential.sign_key, self.trust.verifier)
        verdict.signed = True
        envelope.check_approvals(self.trust.verifier)
        self._direction(message, side, peer, recovery)
        if not recovery:
            self._meant(message, side, peer)
        if message.mode == TEST and side != "self":
            raise Refused("test-left")
        if self.memory.is_frozen(message.origin):
            raise Refused("frozen")
        status = self.trust.status(message)
        if status != "ok":
            raise Refused(status)
        self._dates(message, credential, side, now)
        needs_thread = self._granted(message, credential)
        if message.tlp >= 4:
            raise Refused("tlp-needs-sealing")
        self._references(message)
        self._schema(message)
        self._trust(message)
        self._quota(message)
        self._stored(verdict, needs_thread)

    def _credential(self, message):
        held = self.trust.credentials.get(message.credential)
        if held is None:
            raise Refused("unknown-credential")
        if held.content.party != message.origin:
            raise Refused("wrong-origin")
        return held.content

    def _direction(self, message, side, peer, recovery):
        if recovery or side == "self":
            good = message.origin == self.party
        elif side == "child":
            good = forms.at_or_below(message.origin, peer)
        else:
            good = not forms.at_or_below(message.origin, self.party)
        if not good:
            raise Refused("not-yours-to-send")

    def _meant(self, message, side, peer):
        if side == "child":
            good = route.up(message.audience, message.origin, peer)
        elif side == "parent":
            mine = self.trust.current(self.party)
            sectors = mine.content.sectors if mine else []
            may = mine.content.may if mine else None
            good = route.down(message.audience, message.origin, self.party, sectors,
                              may.sectors if may else [])
        else:
            good = True
        if not good:
            raise Refused("not-meant")

    def _dates(self, message, credential, side, now):
        check_dates(message, credential)
        ahead = AHEAD
        if self.trust.policy is not None:
            ahead = self.trust.policy.content.setting.get("ahead", AHEAD)
        if message.issued > now + ahead:
            raise Refused("clock-ahead")
        if side == "self" and message.expires is not None and message.expires < now:
            raise Refused("expired")

    def _granted(self, message, credential):
        if self.trust.policy is None:
            raise Refused("no-policy")
        policy = self.trust.policy.content
        for term in message.audience:
            if not route.can_exist(term, self.trust.top, policy):
                raise Refused("audience", term)
        answer = route.granted(message, credential.role, credential.sectors, policy)
        if answer == "no-grant":
            raise Refused("no-grant")
        return answer == "thread"

    def _references(self, message):
        origin = message.origin
        if message.may_climb_to is not None:
            if not forms.at_or_below(origin, message.may_climb_to):
                raise Refused("consent")
        if message.replaces is not None:
            if not forms.at_or_below(message.replaces[0], origin):
                raise Refused("replaces")
        if message.exercise is not None:
            if not forms.at_or_below(origin, message.exercise[0]):
                raise Refused("exercise")
        for ref in (message.thread, message.replaces):
            mode = self.memory.mode_of(ref) if ref is not None else None
            if mode is not None and (mode == EXERCISE) != (message.mode == EXERCISE):
                raise Refused("exercise")

    def _schema(self, message):
        body = message.body
        try:
            if message.kind in ("policy", "root"):
                forms.binary(body.get("statement"), what="statement")
            elif message.kind == "enrolment":
                forms.binary(body.get("credential"), what="credential")
                check_last(body)
            elif message.kind == "revocation":
                check_revocation_body(body)
        except Refused as refused:
            raise Refused("schema", refused.detail) from None

    def _trust(self, message):
        """Check 13. What is good takes effect when the message has been stored."""
        try:
            if message.kind in ("policy", "root"):
                if message.origin != self.trust.top:
                    raise Refused("trust", "the top party sends it")
                statement = Statement(message.body["statement"], message.kind)
                probe = _copy(self.trust)
                (probe.take_policy if message.kind == "policy"
                 else probe.next_root)(statement.bytes)
            elif message.kind == "enrolment":
                _copy(self.trust).enrolment_in(message)
            elif message.kind == "revocation":
                self.trust.revocation_in(message)
        except Refused as refused:
            raise Refused("trust", str(refused)) from None

    def _quota(self, message):
        if message.precedence != FLASH:
            return
        quota = self.trust.policy.content.setting.get("flash-per-hour")
        hour = message.issued // HOUR
        if (quota is not None and self.memory.leaf_at(message.id) is None
                and self.memory.flash_in_hour(message.origin, hour) >= quota):
            raise Refused("quota")

    def _stored(self, verdict, needs_thread):
        message = verdict.envelope.message
        held = self.memory.leaf_at(message.id)
        if held is not None:
            if held != verdict.envelope.leaf:
                raise Refused("equivocation")
            verdict.repeat = True
            return
        if self.memory.is_below_floor(message.id):
            raise Refused("below-floor")
        if needs_thread and not self.memory.is_held(message.thread):
            raise Refused("thread")


def _copy(trust):
    """A Trust whose changes do not reach the one it was made from."""
    result = type(trust)()
    result.verifier = trust.verifier
    result.root, result.policy = trust.root, trust.policy
    result.credentials = dict(trust.credentials)
    result.revoked = dict(trust.revoked)
    result.superseded = dict(trust.superseded)
    result._users = {key: set(users) for key, users in trust._users.items()}
    return result


def apply(trust, message):
    """What an accepted message changes in what is believed."""
    if message.kind == "policy":
        trust.take_policy(message.body["statement"])
    elif message.kind == "root":
        trust.next_root(message.body["statement"])
    elif message.kind == "enrolment":
        trust.enrolment_in(message)
    elif message.kind == "revocation":
        trust.apply_revocation(trust.revocation_in(message))
