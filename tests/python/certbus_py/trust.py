# SPDX-License-Identifier: Apache-2.0
"""What is believed: the root file, credentials, the policy, revocations."""

from . import forms, proof
from .envelope import Envelope
from .reasons import Refused
from .statement import Statement


class Trust:
    """Everything in it has been checked when it was taken in."""

    def __init__(self):
        self.verifier = proof.Verifier()
        self.root = None          # Statement
        self.policy = None        # Statement
        self.credentials = {}     # hash -> Statement
        self.revoked = {}         # hash -> (party, last, disputed)
        self.superseded = {}      # hash -> last
        self._users = {}          # key -> parties whose credentials hold it

    # The root file

    def pin_root(self, data):
        """Takes a root file as the pinned one: signed by its own keys."""
        statement = Statement(data, "root")
        if not self._root_signed(statement, statement.content):
            raise Refused("trust", "the root file lacks its own signatures")
        self.root = statement

    def next_root(self, data):
        """A root file from the wire: the one held, or its successor."""
        statement = Statement(data, "root")
        if statement.hash == self.root.hash:
            return
        held, new = self.root.content, statement.content
        if (new.version != held.version + 1 or new.previous != self.root.hash
                or new.party != held.party
                or not self._root_signed(statement, held)
                or not self._root_signed(statement, new)):
            raise Refused("trust", "not the next root file")
        self.root = statement

    def _root_signed(self, statement, root):
        return statement.signed_by_root(self.verifier, proof.ROOT, root)

    @property
    def top(self):
        return self.root.content.party

    # The policy

    def take_policy(self, data):
        """Checks a policy; it takes effect when its version is above the one held."""
        statement = Statement(data, "policy")
        if not statement.signed_by_root(self.verifier, proof.POLICY, self.root.content):
            raise Refused("trust", "the policy lacks root signatures")
        if self.policy is None or statement.content.version > self.policy.content.version:
            self.policy = statement

    # Credentials (5.2)

    def take_credential(self, data):
        """Takes a credential in if it is good; returns its Statement."""
        statement = Statement(data, "credential")
        known = self.credentials.get(statement.hash)
        if known:
            return known
        issuer = self._check_issuer(statement)
        self._check_generation(statement, issuer)
        self._check_keys(statement.content)
        self.remember(statement)
        return statement

    def remember(self, statement):
        """Holds a credential that has been found good before."""
        self.credentials[statement.hash] = statement
        for key in statement.content.keys:
            self._users.setdefault(key, set()).add(statement.content.party)

    def _check_issuer(self, statement):
        body = statement.content
        if body.issuer is None:
            if body.party != self.top:
                raise Refused("chain-broken", "only the top party is issued by the root")
            if not self._by_root(statement, proof.CREDENTIAL):
                raise Refused("chain-broken", "too few root keys signed it")
            return None
        issuer = self.credentials.get(body.issuer)
        if issuer is None:
            raise Refused("unknown-credential", "its issuer")
        if not statement.signed_by(self.verifier, proof.CREDENTIAL, body.issuer,
                                   issuer.content.sign_key):
            raise Refused("chain-broken", "its issuer did not sign it")
        self._check_narrows(body, issuer.content)
        return issuer

    @staticmethod
    def _check_narrows(body, issuer):
        may = issuer.may
        if not (may is not None
                and forms.parent_of(body.party) == issuer.party
                and may.covers_role(body.role)
                and may.covers_sectors(body.sectors)
                and body.not_before >= issuer.not_before
                and body.not_after <= may.latest
                and issuer.not_before <= body.issued <= issuer.not_after
                and (body.may is None or may.covers(body.may))):
            raise Refused("chain-widens")

    def _check_generation(self, statement, issuer):
        body = statement.content
        if body.formerly is not None:
            above = forms.parent_of(body.formerly)
            if above is None or not self._by_party(statement, proof.COUNTERSIGN, above):
                raise Refused("chain-broken", "the other parent did not countersign")
        if body.generation == 1:
            return
        before = self.credentials.get(body.previous)
        if before is not None:
            old = before.content
            if (old.party in (body.party, body.formerly)
                    and old.generation + 1 == body.generation
                    and statement.signed_by(self.verifier, proof.SUCCESSION,
                                            body.previous, old.sign_key)):
                return
        if issuer is None or issuer.content.issuer is None:
            good = self._by_root(statement, proof.COUNTERSIGN)
        else:
            good = self._by_party(statement, proof.COUNTERSIGN,
                                  forms.parent_of(issuer.content.party))
        if not good:
            raise Refused("chain-broken", "neither its predecessor nor an authority")

    def _check_keys(self, body):
        for key in body.keys:
            if self._users.get(key, set()) - {body.party, body.formerly}:
                raise Refused("key-taken")

    def _by_root(self, statement, purpose):
        return statement.signed_by_root(self.verifier, purpose, self.root.content)

    def _by_party(self, statement, purpose, party):
        for signer in statement.signers(purpose):
            held = self.credentials.get(signer)
            if (held is not None and held.content.party == party
                    and statement.signed_by(self.verifier, purpose, signer,
                                            held.content.sign_key)):
                return True
        return False

    def current(self, party):
        """The newest credential of a party that is not revoked, or None."""
        mine = [held for held in self.credentials.values()
                if held.content.party == party and held.hash not in self.revoked]
        return max(mine, key=lambda held: (held.content.generation, held.content.issued),
                   default=None)

    def chain_of(self, credential):
        """What the proof of this credential needs, issuers and predecessors first."""
        result = []

        def add(digest):
            held = self.credentials.get(digest)
            if held is None or held in result:
                return
            for needed in (held.content.issuer, held.content.previous):
                if needed is not None:
                    add(needed)
            for signer in held.signers(proof.COUNTERSIGN):
                add(signer)
            result.append(held)

        add(credential)
        return result

    # Revocation (5.4)

    def status(self, message):
        """ok, revoked or superseded: of a message's credential at the message's id."""
        party, last, _ = self.revoked.get(message.credential, (None, None, None))
        if party == message.origin and not _covers(last, message):
            return "revoked"
        if message.credential in self.superseded:
            if not _covers(self.superseded[message.credential], message):
                return "superseded"
        return "ok"

    def revocation_in(self, message):
        """(hash, party, last, disputed) of a revocation's body; `trust` if not entitled."""
        body = message.body
        party, digest = body["party"], body["credential"]
        last = last_in(body)
        statement = body.get("statement")
        if statement is not None or party == self.top:
            last = self._top_revocation(message, statement, party, digest)
        elif not forms.below(party, message.origin):
            raise Refused("trust", "the origin is not above the party")
        held = self.credentials.get(digest)
        if held is not None and held.content.party != party:
            raise Refused("trust", "the credential is another party's")
        return digest, party, last, body["disputed"]

    def _top_revocation(self, message, data, party, digest):
        if data is None:
            raise Refused("trust", "root keys revoke the top party's credential")
        statement = Statement(data, "revocation")
        inner = statement.content
        if (message.origin != self.top or party != self.top or inner.party != party
                or inner.hash != digest or not self._by_root(statement, proof.REVOCATION)):
            raise Refused("trust", "the statement does not revoke this")
        return inner.last

    def take_revocation(self, data):
        """Takes in a message of kind revocation that need not have come by a link."""
        envelope = Envelope(data)
        message = envelope.message
        held = self.credentials.get(message.credential)
        if held is None:
            raise Refused("unknown-credential")
        if held.content.party != message.origin:
            raise Refused("wrong-origin")
        envelope.check_signature(held.content.sign_key, self.verifier)
        if self.status(message) != "ok":
            raise Refused(self.status(message))
        if message.kind != "revocation":
            raise Refused("trust", "not a revocation")
        check_revocation_body(message.body)
        self.apply_revocation(self.revocation_in(message))

    def apply_revocation(self, revocation):
        digest, party, last, disputed = revocation
        self.revoked[digest] = (party, last, disputed)
        self.verifier.forget()

    # Enrolment (11)

    def enrolment_in(self, message):
        """Takes in the credential of an enrolment; `trust` when it is not in order."""
        try:
            statement = self.take_credential(message.body["credential"])
        except Refused as refused:
            raise Refused("trust", str(refused)) from None
        body = statement.content
        own = body.party == message.origin == self.top
        if forms.parent_of(body.party) != message.origin and not own:
            raise Refused("trust", "the origin is not its parent")
        last = last_in(message.body)
        if body.previous is not None and last is not None:
            self.superseded[body.previous] = last
        return statement


def _covers(last, message):
    return (last is not None and message.epoch == last[:2]
            and message.sequence <= last[2])


def last_in(body):
    """(counter, nonce, sequence) of last_epoch, last_nonce and last_seq, or None."""
    if "last_seq" not in body:
        return None
    return (body["last_epoch"], int.from_bytes(body["last_nonce"], "big"),
            body["last_seq"])


def check_last(body):
    present = [name in body for name in ("last_epoch", "last_nonce", "last_seq")]
    forms.need(all(present) or not any(present), "last_*")
    if any(present):
        forms.uint(body["last_epoch"], 1, forms.MAX_U32, "last_epoch")
        forms.binary(body["last_nonce"], 8, "last_nonce")
        forms.sequence(body["last_seq"])


def check_revocation_body(body):
    """The schema of kind revocation, as far as section 11 gives it."""
    forms.party(body.get("party"))
    forms.hash32(body.get("credential"), "credential")
    forms.text(body.get("why"), 1, 256, "why")
    forms.boolean(body.get("disputed"), "disputed")
    check_last(body)
    if "statement" in body:
        forms.binary(body["statement"], what="statement")
