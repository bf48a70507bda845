# SPDX-License-Identifier: Apache-2.0
"""Section 8: the checks of a message that arrives, in their order."""

from . import carried, forms, kinds, route
from .envelope import FLASH, LIVE, TEST, Envelope
from .reasons import Refused

QUOTA_MAX = 256
# Messages of these kinds change what is believed: no quota holds them up.
UNCOUNTED = ("policy", "root", "enrolment", "revocation", "head")
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

    def first_of(self, thread):
        """The message that began a thread, by itself or carried, or None."""
        return None

    def leads(self, thread, party):
        """Whether a transfer that was addressed to the party made it lead."""
        return False

    def flash_in_hour(self, origin, hour):
        return 0

    def is_below_floor(self, message_id):
        return False


class Verdict:
    """`envelope` is None when the form was refused; `repeat`: it is held already and is
    dropped without a word."""

    def __init__(self):
        self.reason = "ok"
        self.detail = ""
        self.envelope = None
        self.repeat = False


class Intake:
    def __init__(self, trust, party, memory=None):
        self.trust = trust
        self.party = party
        self.memory = memory or Memory()

    def judge(self, data, side, now, peer=None, recovery=False, refused=None):
        """The verdict on the bytes of an envelope that came from `side`.

        refused: by hash, why credentials of the same frame were not taken in.
        """
        self.refused = refused or {}
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
        envelope.check_approvals(self.trust.verifier)
        self._direction(message, side, peer, recovery)
        if not recovery:
            self._meant(message, side, peer)
        if message.mode == TEST and side != "self":
            raise Refused("test-left")
        if self.memory.is_frozen(message.origin):
            raise Refused("frozen")
        status = self.trust.status(message)
        if status != "ok" and not recovery:
            raise Refused(status)
        self._dates(message, credential, side, now)
        answers, participants = self._granted(message, credential)
        needs_thread = answers and side != "self"
        if message.tlp >= 4:
            raise Refused("tlp-needs-sealing")
        self._references(message)
        kinds.check(message)
        self._trust(message)
        if message.kind == "part":
            kinds.check_part(message, self.trust.policy.content.setting)
            needs_thread = needs_thread or message.origin != self.party
        self._carried(message)
        if not recovery:
            self._quota(message)
        self._stored(verdict, needs_thread, [] if recovery else participants)

    def _credential(self, message):
        held = self.trust.credentials.get(message.credential)
        if held is None:
            raise Refused(self.refused.get(message.credential, "unknown-credential"))
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
            if message.kind == "policy" and message.origin == self.trust.top:
                return False, []
            raise Refused("no-policy")
        policy = self.trust.policy.content
        for term in message.audience:
            if not route.can_exist(term, self.trust.top, policy):
                raise Refused("audience", term)
        answer, participants = route.granted(message, credential.role,
                                             credential.sectors, policy)
        if answer == "no-grant":
            raise Refused("no-grant")
        return answer == "thread", participants

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

    def _trust(self, message):
        """Check 13. What is good takes effect when the message has been stored."""
        probe = _copy(self.trust)
        try:
            if (message.kind in ("policy", "root", "head")
                    and message.origin != self.trust.top):
                raise Refused("trust", "the top party sends it")
            if message.kind == "head":
                kinds.check_head(message)
            else:
                apply(probe, message, live=True)
        except Refused as refused:
            raise Refused("trust", str(refused)) from None

    def _carried(self, message):
        """Section 8.1: the report inside is judged as its origin's own that comes back."""
        try:
            data, credentials = carried.inside(message)
        except Refused as refused:
            raise Refused("carried", str(refused)) from None
        if data is None:
            return
        if any(digest not in self.trust.credentials for digest in credentials):
            raise Refused("carried", "a credential that came with it is not good")
        try:
            envelope = Envelope(data)
            carried.check_place(message, envelope.message)
            carried.check_reach(message, envelope.message)
            inner = Intake(self.trust, envelope.message.origin, self.memory)
            verdict = inner.judge(data, "parent", message.issued, recovery=True)
        except Refused as refused:
            raise Refused("carried", str(refused)) from None
        if verdict.reason != "ok":
            raise Refused("carried", f"original: {verdict.reason}")
        if self.trust.status(envelope.message) == "revoked":
            raise Refused("carried", "the credential of its origin has been revoked")

    def learn(self, data):
        """The credentials inside a message that is about to be judged, as those of a frame."""
        try:
            _, credentials = carried.inside(Envelope(data).message)
        except Refused:
            return
        for statement in credentials.values():
            try:
                self.trust.take_credential(statement)
            except Refused:
                pass

    def _quota(self, message):
        if (message.precedence != FLASH or self.trust.policy is None
                or message.kind in UNCOUNTED):
            return
        quota = min(self.trust.policy.content.setting.get("flash-per-hour", 0), QUOTA_MAX)
        hour = message.issued // HOUR
        if (quota >= 1 and self.memory.leaf_at(message.id) is None
                and self.memory.flash_in_hour(message.origin, hour) >= quota):
            raise Refused("quota")

    def _stored(self, verdict, needs_thread, participants):
        message = verdict.envelope.message
        held = self.memory.leaf_at(message.id)
        if held is not None:
            if held != verdict.envelope.leaf:
                raise Refused("equivocation")
            verdict.repeat = True
            return
        if self.memory.is_below_floor(message.id):
            raise Refused("below-floor")
        if not needs_thread and not participants:
            return
        first = self.memory.first_of(message.thread)
        if first is None:
            raise Refused("thread")
        for party in participants:
            if party not in first.audience and not self.memory.leads(message.thread, party):
                raise Refused("no-grant", party)


def _copy(trust):
    """A Trust whose changes do not reach the one it was made from."""
    result = type(trust)()
    result.verifier = trust.verifier
    result.root, result.policy = trust.root, trust.policy
    result.credentials = dict(trust.credentials)
    result.revoked = dict(trust.revoked)
    result._owner = dict(trust._owner)
    return result


def apply(trust, message, live=False):
    """What an accepted message changes in what is believed; `live`: whatever its mode."""
    if message.mode != LIVE and not live:
        return
    if message.kind in ("policy", "root"):
        kinds.known(message.body, message.kind)
        take = trust.take_policy if message.kind == "policy" else trust.next_root
        take(message.body["statement"])
    elif message.kind == "enrolment":
        trust.enrolment_in(message)
    elif message.kind == "revocation":
        trust.apply_revocation(trust.revocation_in(message))
