# SPDX-License-Identifier: Apache-2.0
"""Sections 5 and 6: statements, the bodies that they carry, and the bundle."""

from . import canon, forms, proof
from .reasons import Refused, malformed

MAX_STATEMENT = 65536
MAX_BUNDLE = 1 << 22
MAX_GENERATION = 1_000_000
STAR = ["*"]


class Body:
    """One kind of body: `name` is its type, FIELDS what follows the type."""

    name = None
    FIELDS = ()

    def __init__(self, values):
        forms.record(values, len(self.FIELDS) + 2, self.name)
        for field, value in zip(self.FIELDS, values[2:]):
            setattr(self, field, value)
        self.check()

    def check(self):
        raise NotImplementedError


class Root(Body):
    name = "root"
    FIELDS = ("version", "previous", "time", "expires", "party", "threshold", "keys")

    def check(self):
        forms.uint(self.version, 1, forms.MAX_U32, "version")
        forms.optional(forms.hash32, self.previous, "previous")
        forms.need((self.previous is None) == (self.version == 1), "previous")
        forms.time(self.time)
        forms.optional(forms.time, self.expires, "expires", 1)
        forms.label(self.party, "party")
        self.keys = forms.hashes(self.keys, 1, 16, "keys")
        forms.uint(self.threshold, 1, len(self.keys), "threshold")


class May:
    """What the holder of a credential may grant in turn."""

    def __init__(self, values):
        forms.record(values, 5, "may")
        self.roles, self.sectors, self.children, self.depth, self.latest = values
        forms.labels(self.roles, 1, 16, True, "may: roles")
        forms.labels(self.sectors, 0, 32, True, "may: sectors")
        forms.uint(self.children, 0, forms.MAX_U32, "may: children")
        forms.uint(self.depth, 1, 8, "may: depth")
        forms.time(self.latest, "may: latest")

    def covers_role(self, role):
        return self.roles == STAR or role in self.roles

    def covers_sectors(self, sectors):
        return self.sectors == STAR or set(sectors) <= set(self.sectors)

    def covers(self, other):
        return ((self.roles == STAR or set(other.roles) <= set(self.roles))
                and self.covers_sectors(other.sectors)
                and other.children <= self.children and other.depth < self.depth
                and other.latest <= self.latest)


class Credential(Body):
    name = "credential"
    FIELDS = ("party", "title", "role", "sectors", "sign_key", "seal_key", "link_key",
              "generation", "previous", "issued", "not_before", "not_after", "may",
              "issuer", "formerly")

    def check(self):
        forms.party(self.party)
        forms.text(self.title, 1, 128, "title")
        forms.label(self.role, "role")
        forms.labels(self.sectors, 0, 32, what="sectors")
        for key in self.keys:
            forms.hash32(key, "key")
        forms.uint(self.generation, 1, MAX_GENERATION, "generation")
        forms.optional(forms.hash32, self.previous, "previous")
        forms.need((self.previous is None) == (self.generation == 1), "previous")
        for when in (self.issued, self.not_before, self.not_after):
            forms.time(when)
        forms.need(self.not_before <= self.not_after, "dates")
        self.may = forms.optional(May, self.may)
        forms.optional(forms.hash32, self.issuer, "issuer")
        forms.optional(forms.party, self.formerly, "formerly")

    @property
    def keys(self):
        return (self.sign_key, self.seal_key, self.link_key)


class Enrolment(Body):
    name = "enrolment"
    FIELDS = ("party", "title", "sign_key", "seal_key", "link_key", "previous",
              "endpoints", "time")

    def check(self):
        forms.party(self.party)
        forms.text(self.title, 1, 128, "title")
        for key in self.keys:
            forms.hash32(key, "key")
        forms.need(len(set(self.keys)) == 3, "equal keys")
        forms.optional(forms.hash32, self.previous, "previous")
        read_endpoints(self.endpoints)
        forms.time(self.time)

    @property
    def keys(self):
        return (self.sign_key, self.seal_key, self.link_key)


class Revocation(Body):
    name = "revocation"
    FIELDS = ("party", "hash", "why", "last", "disputed")

    def check(self):
        forms.party(self.party)
        forms.hash32(self.hash)
        forms.text(self.why, 1, 256, "why")
        if self.last is not None:
            forms.record(self.last, 3, "last")
            self.last = (*forms.epoch(self.last[:2]), forms.sequence(self.last[2]))
        forms.boolean(self.disputed, "disputed")


class Request(Body):
    name = "request"
    FIELDS = ("party", "credential", "nonce", "question", "audience", "issued",
              "deadline", "arguments")

    def check(self):
        forms.party(self.party)
        forms.hash32(self.credential)
        forms.binary(self.nonce, 16, "nonce")
        forms.label(self.question, "question")
        forms.array(self.audience, 1, 32, "audience")
        for term in self.audience:
            forms.term(term)
        forms.ascending(self.audience, "audience")
        forms.time(self.issued)
        forms.time(self.deadline)
        forms.need(100 <= self.deadline - self.issued <= 60000, "deadline")
        forms.mapping(self.arguments, "arguments")
        forms.need(len(canon.encode(self.arguments)) <= 1024, "arguments")


class Reply(Body):
    name = "reply"
    FIELDS = ("party", "credential", "request", "status", "answers", "silent")

    def check(self):
        forms.party(self.party)
        forms.hash32(self.credential)
        forms.hash32(self.request)
        forms.uint(self.status, 0, forms.MAX_U32, "status")
        forms.mapping(self.answers, "answers")
        forms.array(self.silent, 0, 1024, "silent")
        for name in self.silent:
            forms.party(name)
        forms.ascending(self.silent, "silent")


class Policy(Body):
    name = "policy"
    FIELDS = ("version", "time", "title", "roles", "grants", "sectors", "clocks",
              "settings")

    def check(self):
        forms.uint(self.version, 1, forms.MAX_U32, "version")
        forms.time(self.time)
        forms.text(self.title, 1, 128, "title")
        forms.labels(self.roles, 1, 16, True, "roles")
        forms.array(self.grants, 0, 256, "grants")
        for grant in self.grants:
            role, kinds, relations = forms.record(grant, 3, "grant")
            self._check_role(role)
            forms.labels(kinds, 1, 32, True, "grant: kinds")
            forms.uint(relations, 1, 1023, "grant: relations")
        forms.array(self.sectors, 0, 64, "sectors")
        for sector in self.sectors:
            name, cert = forms.record(sector, 2, "sector")
            forms.label(name, "sector")
            forms.optional(forms.party, cert)
        forms.ascending(self.sectors, "sectors", lambda sector: sector[0])
        self._check_clocks()
        forms.array(self.settings, 0, 64, "settings")
        for setting in self.settings:
            name, value = forms.record(setting, 2, "setting")
            forms.label(name, "setting")
            forms.integer(value, "setting")
        forms.ascending(self.settings, "settings", lambda setting: setting[0])
        self.sector_cert = {name: cert for name, cert in self.sectors}
        self.setting = {name: value for name, value in self.settings}

    def _check_clocks(self):
        forms.array(self.clocks, 0, 256, "clocks")
        for entry in self.clocks:
            clock, role, severity, ms = forms.record(entry, 4, "clock")
            forms.label(clock, "clock")
            self._check_role(role)
            forms.uint(severity, 0, 5, "clock: severity")
            forms.time(ms, "clock: ms", 1)

    def _check_role(self, role):
        """A role of the policy's own, or any."""
        if role != "*":
            forms.label(role, "role")
            forms.need(self.roles == STAR or role in self.roles, "role")

    def relations(self, role, kind):
        """All relations that some grant gives to this role for this kind."""
        result = 0
        for whose, kinds, relations in self.grants:
            if whose in ("*", role) and (kinds == STAR or kind in kinds):
                result |= relations
        return result


TYPES = {body.name: body for body in
         (Root, Credential, Enrolment, Revocation, Request, Reply, Policy)}


def read_endpoints(value):
    forms.array(value, 0, 8, "endpoints")
    return [forms.text(item, 1, 128, "endpoint") for item in value]


class Statement:
    """A body with its signatures. `content` is a Body when the type is known."""

    def __init__(self, data, want=None):
        if len(data) > MAX_STATEMENT:
            raise malformed("a statement beyond 65536 bytes")
        self.bytes = bytes(data)
        self.body, self.signatures = forms.record(canon.decode(data), 2, "statement")
        forms.binary(self.body, what="body")
        forms.array(self.signatures, 1, 16, "signatures")
        for signature in self.signatures:
            forms.record(signature, 3, "signature")
            forms.uint(signature[0], 1, 11, "purpose")
            forms.hash32(signature[1], "signer")
            forms.binary(signature[2], 64, "signature")
        forms.ascending(self.signatures, "signatures",
                        lambda entry: bytes([entry[0]]) + entry[1])
        values = forms.array(canon.decode(self.body), 2, forms.MAX_U32, "body")
        forms.uint(values[0], 1, 1, "version")
        self.type = forms.text(values[1], 1, 32, "type")
        if want is not None and self.type != want:
            raise malformed(f"a {want} is wanted and this is a {self.type}")
        self.content = TYPES[self.type](values) if self.type in TYPES else None
        self.hash = proof.leaf_hash(self.body)

    @property
    def code(self):
        return proof.code_of(self.hash)

    def signed_by(self, verifier, purpose, signer, key):
        """Whether `signer`, whose Ed25519 key is `key`, signed it for the purpose."""
        return any(entry[0] == purpose and entry[1] == signer
                   and verifier.check(key, entry[2], purpose, signer, 1, self.hash)
                   for entry in self.signatures)

    def signers(self, purpose):
        return [entry[1] for entry in self.signatures if entry[0] == purpose]

    def signed_by_root(self, verifier, purpose, root):
        """Whether at least the threshold of a Root's keys signed it."""
        good = sum(self.signed_by(verifier, purpose, key, key) for key in root.keys)
        return good >= root.threshold


def sign(body, signers):
    """A statement from a body's values; signers: (purpose, signer, SigningKey)."""
    raw = canon.encode(body)
    root = proof.leaf_hash(raw)
    entries = [[purpose, signer, key.sign(purpose, signer, 1, root)]
               for purpose, signer, key in signers]
    return canon.encode([raw, sorted(entries, key=lambda entry: entry[:2])])


def check_enrolment(data, verifier):
    """An enrolment that each of its three keys has signed; else Refused."""
    result = Statement(data, "enrolment")
    for key in result.content.keys:
        if (not result.signed_by(verifier, proof.ENROLMENT, key, key)
                or proof.x25519_of(key) is None):
            raise Refused("bad-signature", "not signed by each of its keys")
    return result


class Bundle:
    """What a parent hands to a child: root, policy, chain, the parent's endpoints."""

    def __init__(self, data):
        forms.need(len(data) <= MAX_BUNDLE, "a bundle beyond what it can hold")
        values = forms.record(canon.decode(data), 6, "bundle")
        forms.uint(values[0], 1, 1, "version")
        forms.need(values[1] == "bundle", "type")
        self.root = Statement(forms.binary(values[2]), "root")
        self.policy = Statement(forms.binary(values[3]), "policy")
        forms.array(values[4], 1, 2048, "chain")
        self.chain = [Statement(forms.binary(item), "credential") for item in values[4]]
        self.endpoints = read_endpoints(values[5])


def bundle_bytes(root, policy, chain, endpoints):
    return canon.encode([1, "bundle", root, policy, list(chain), list(endpoints)])
