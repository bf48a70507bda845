# SPDX-License-Identifier: Apache-2.0
"""What is believed: the root file, credentials, the policy, revocations."""

from . import forms, kinds, proof
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
        self.revoked = {}         # (hash, party) -> (last, disputed)
        self._owner = {}          # key -> the party that holds it now

    # The root file

    def pin_root(self, data):
        """Takes a root file as the pinned one: signed by its own keys."""
        statement = Statement(data, "root")
        if not self._root_signed(statement, statement.content):
            raise Refused("trust", "the root file lacks its own signatures")
        self.root = statement

    def next_root(self, data):
        """A root file from the wire: the one held, an older one, or the successor."""
        statement = Statement(data, "root")
        held, new = self.root.content, statement.content
        if not self._root_signed(statement, new) or new.party != held.party:
            raise Refused("trust", "not a root file of this hierarchy")
        if new.version < held.version or statement.hash == self.root.hash:
            return
        if (new.version != held.version + 1 or new.previous != self.root.hash
                or not self._root_signed(statement, held)):
            raise Refused("trust", "not the next root file")
        self.root = statement

    def _root_signed(self, statement, root):
        return statement.signed_by_root(self.verifier, proof.ROOT, root)

    @property
    def top(self):
        return self.root.content.party

    # The policy

    def take_policy(self, data):
        """Takes a policy that is newer than the one held; an older one is no fault."""
        statement = Statement(data, "policy")
        if self.policy and statement.content.version <= self.policy.content.version:
            return
        if not statement.signed_by_root(self.verifier, proof.POLICY, self.root.content):
            raise Refused("trust", "the policy lacks root signatures")
        self.policy = statement

    # Credentials (5.2)

    def take_credential(self, data):
        """Takes a credential in if it is good; returns its Statement."""
        statement = Statement(data, "credential")
        known = self.credentials.get(statement.hash)
        if known:
            return known
        self._check_issuer(statement)
        self._check_succession(statement)
        self._check_move(statement)
        self._check_unique(statement.content)
        self._check_keys(statement.content)
        self.remember(statement)
        return statement

    def remember(self, statement):
        """Holds a credential that has been found good before."""
        self.credentials[statement.hash] = statement
        for key in statement.content.keys:
            self._owner[key] = statement.content.party

    def _check_issuer(self, statement):
        body = statement.content
        if body.issuer is None:
            if body.party != self.top:
                raise Refused("chain-broken", "only the top party is issued by the root")
            if not self._by_root(statement, proof.CREDENTIAL):
                raise Refused("chain-broken", "too few root keys signed it")
            return
        issuer = self.credentials.get(body.issuer)
        if issuer is None:
            raise Refused("unknown-credential", "its issuer")
        if not statement.signed_by(self.verifier, proof.CREDENTIAL, body.issuer,
                                   issuer.content.sign_key):
            raise Refused("chain-broken", "its issuer did not sign it")
        self._check_narrows(body, issuer.content)
        if self.is_revoked(issuer) and self._by_authority(statement) != "ok":
            raise Refused("revoked", "its issuer")

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

    def _check_succession(self, statement):
        body = statement.content
        if body.generation == 1:
            return
        before = self.credentials.get(body.previous)
        if before is not None:
            old = before.content
            if (old.party not in (body.party, body.formerly)
                    or old.generation + 1 != body.generation):
                raise Refused("chain-broken", "not the generation before")
            if statement.signed_by(self.verifier, proof.SUCCESSION, body.previous,
                                   old.sign_key):
                return
        reason = self._by_authority(statement)
        if reason == "chain-broken" and before is None:
            reason = "unknown-credential"
        if reason != "ok":
            raise Refused(reason, "neither its predecessor nor an authority")

    def _check_move(self, statement):
        body = statement.content
        if body.formerly is None:
            return
        here, there = forms.parent_of(body.party), forms.parent_of(body.formerly)
        if here is None or there is None:
            raise Refused("chain-broken", "the top party does not move")
        if here != there:
            reason = self._countersigned(statement, there)
            if reason != "ok":
                raise Refused(reason, "the other parent did not countersign")

    def _check_unique(self, body):
        for held in self.credentials.values():
            if (held.content.party, held.content.generation) == (body.party,
                                                                 body.generation):
                raise Refused("name-taken")

    def _check_keys(self, body):
        owners = {self._owner.get(key) for key in body.keys}
        if len(set(body.keys)) < 3 or owners - {None, body.party, body.formerly}:
            raise Refused("key-taken")

    def _by_root(self, statement, purpose):
        return statement.signed_by_root(self.verifier, purpose, self.root.content)

    def _by_authority(self, statement):
        """ok, or why not: by the issuer's parent, or the root keys where that has none."""
        authority = forms.parent_of(forms.parent_of(statement.content.party) or "")
        if authority is not None:
            return self._countersigned(statement, authority)
        return "ok" if self._by_root(statement, proof.COUNTERSIGN) else "chain-broken"

    def _countersigned(self, statement, party):
        """ok, or why not: by a credential of the party that is not revoked."""
        reason = "chain-broken"
        for signer in statement.signers(proof.COUNTERSIGN):
            held = self.credentials.get(signer)
            if held is None:
                reason = "unknown-credential"
            elif (held.content.party == party and not self.is_revoked(held)
                    and statement.signed_by(self.verifier, proof.COUNTERSIGN, signer,
                                            held.content.sign_key)):
                return "ok"
        return reason

    def is_revoked(self, held):
        return (held.hash, held.content.party) in self.revoked

    def current(self, party):
        """The credential of a party's newest generation, or None."""
        mine = [held for held in self.credentials.values() if held.content.party == party]
        return max(mine, key=lambda held: held.content.generation, default=None)

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
        entry = self.revoked.get((message.credential, message.origin))
        if entry is None:
            return "ok"
        last, disputed = entry
        if (last is not None and message.epoch == last[:2]
                and message.sequence <= last[2]):
            return "ok"
        rotated = any(held.content.previous == message.credential
                      for held in self.credentials.values())
        return "superseded" if rotated and last and not disputed else "revoked"

    def revocation_in(self, message):
        """(hash, party, last, disputed) of a revocation; `trust` if not entitled."""
        body = message.body
        kinds.known(body, "revocation")
        party, digest, last = body["party"], body["credential"], kinds.last_of(body)
        if not forms.at_or_below(party, self.top):
            raise Refused("trust", "the party is outside the hierarchy")
        held = self.credentials.get(digest)
        if held is not None and held.content.party != party:
            raise Refused("trust", "the credential is another party's")
        if party == self.top:
            self._top_revocation(message, last)
        elif not forms.below(party, message.origin):
            raise Refused("trust", "the origin is not above the party")
        return digest, party, last, body["disputed"]

    def _top_revocation(self, message, last):
        body = message.body
        if "statement" not in body or message.origin != self.top:
            raise Refused("trust", "root keys revoke the top party's credential")
        statement = Statement(body["statement"], "revocation")
        inner = statement.content
        if ((inner.party, inner.hash, inner.why, inner.last, inner.disputed)
                != (body["party"], body["credential"], body["why"], last, body["disputed"])
                or not self._by_root(statement, proof.REVOCATION)):
            raise Refused("trust", "the statement says something else")

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
        self.apply_revocation(self.revocation_in(message))

    def apply_revocation(self, revocation):
        """Of several the strictest counts, whichever came first."""
        digest, party, last, disputed = revocation
        if (digest, party) in self.revoked:
            before, was_disputed = self.revoked[digest, party]
            disputed = disputed or was_disputed
            if last is None or before is None or last[:2] != before[:2]:
                last = None
            else:
                last = min(last, before)
        self.revoked[digest, party] = (last, disputed)
        self.verifier.forget()

    # Enrolment (11)

    def enrolment_in(self, message):
        """Takes in the credential of an enrolment; `trust` when it is not in order."""
        kinds.known(message.body, "enrolment")
        statement = Statement(message.body["credential"], "credential")
        if forms.parent_of(statement.content.party) != message.origin:
            raise Refused("trust", "the origin is not its parent")
        return self.take_credential(statement.bytes)
