# SPDX-License-Identifier: Apache-2.0
"""Section 3: the envelope and the message in it."""

from . import canon, forms, proof
from .reasons import Refused, malformed

MAX_ENVELOPE = 262144
FLASH, ROUTINE, BULK, RECOVERY = range(4)
LIVE, EXERCISE, TEST = range(3)

FIELDS = ("version", "kind", "origin", "credential", "epoch", "sequence", "audience",
          "precedence", "tlp", "mode", "exercise", "issued", "expires", "thread",
          "after", "replaces", "may_climb_to", "by", "schema", "salt", "body")


class Message:
    """The 21 elements by name; epoch is (counter, nonce), a ref is None or a tuple."""

    def __init__(self, signed):
        values = forms.record(canon.decode(signed), len(FIELDS), "message")
        for name, value in zip(FIELDS, values):
            setattr(self, name, value)
        self._check()

    def _check(self):
        forms.uint(self.version, 1, 1, "version")
        forms.label(self.kind, "kind")
        forms.party(self.origin, "origin")
        forms.hash32(self.credential, "credential")
        self.epoch = forms.epoch(self.epoch)
        forms.sequence(self.sequence)
        forms.array(self.audience, 1, 32, "audience")
        for term in self.audience:
            forms.term(term)
        forms.ascending(self.audience, "audience")
        forms.uint(self.precedence, 0, 2, "precedence")
        forms.uint(self.tlp, 1, 5, "tlp")
        forms.uint(self.mode, 0, 2, "mode")
        self.exercise = forms.ref(self.exercise)
        forms.need((self.exercise is not None) == (self.mode == EXERCISE), "exercise")
        forms.time(self.issued, "issued")
        if self.expires is not None:
            forms.time(self.expires, "expires", max(self.issued, 1))
        self.thread = forms.ref(self.thread)
        self.after = forms.hashes(self.after, 0, 8, "after")
        self.replaces = forms.ref(self.replaces)
        forms.optional(forms.party, self.may_climb_to, "may-climb-to")
        forms.optional(forms.text, self.by, 1, 64, "by")
        forms.uint(self.schema, 1, 65535, "schema")
        forms.binary(self.salt, 16, "salt")
        forms.mapping(self.body, "body")

    @property
    def id(self):
        return (self.origin, *self.epoch, self.sequence)

    @property
    def printed(self):
        return print_id(self.id)


def print_id(ref):
    return f"{ref[0]}/{ref[1]}-{ref[3]}"


class Envelope:
    """Refuses what fails check 1 of section 8: malformed, too-large, bad-proof."""

    def __init__(self, data):
        if len(data) > MAX_ENVELOPE:
            raise Refused("too-large")
        self.bytes = bytes(data)
        self.signed, how, approvals = forms.record(
            canon.decode(data), 3, "envelope")
        forms.binary(self.signed, what="signed")
        self._read_proof(how)
        self._read_approvals(approvals)
        self.message = Message(self.signed)
        self.leaf = proof.leaf_hash(self.signed)
        self.root = proof.root_of(self.leaf, self.index, self.size, self.path)

    def _read_proof(self, how):
        self.size, self.index, path, self.signature = forms.record(how, 4, "proof")
        forms.uint(self.size, what="tree size")
        forms.uint(self.index, what="tree index")
        forms.binary(path, what="path")
        if len(path) % 32 or len(path) > 16 * 32:
            raise malformed("path")
        self.path = [path[at:at + 32] for at in range(0, len(path), 32)]
        forms.binary(self.signature, 64, "signature")

    def _read_approvals(self, approvals):
        self.approvals = forms.array(approvals, 0, 4, "approvals")
        for approval in approvals:
            officer, key, signature = forms.record(approval, 3, "approval")
            forms.text(officer, 1, 64, "officer")
            forms.hash32(key, "officer's key")
            forms.binary(signature, 64, "approval's signature")
        forms.ascending(approvals, "approvals", lambda approval: approval[0])

    @property
    def code(self):
        return proof.code_of(self.leaf)

    def check_signature(self, key, verifier):
        if not verifier.check(key, self.signature, proof.MESSAGE,
                              self.message.credential, self.size, self.root):
            raise Refused("bad-signature")

    def check_approvals(self, verifier):
        for officer, key, signature in self.approvals:
            if not verifier.check(key, signature, proof.APPROVAL, key, 1, self.leaf):
                raise Refused("approval", officer)


def signed_bytes(**fields):
    """The canonical bytes of a message, from its fields by name."""
    fields.setdefault("version", 1)
    return canon.encode([fields[name] for name in FIELDS])


def sign_batch(messages, key, approvals=None):
    """Envelopes for a list of signed bytes of one origin's credential, one signature."""
    leaves = [proof.leaf_hash(signed) for signed in messages]
    credential = canon.decode(messages[0])[3]
    signature = key.sign(proof.MESSAGE, credential, len(leaves), proof.tree_root(leaves))
    return [canon.encode([signed,
                          [len(leaves), index,
                           b"".join(proof.tree_path(leaves, index)), signature],
                          approvals or []])
            for index, signed in enumerate(messages)]
