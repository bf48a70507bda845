# SPDX-License-Identifier: Apache-2.0
"""Section 11: the bodies of the kinds that the protocol itself reads."""

from . import forms
from .reasons import Refused

PART_SIZE = 196608
CONTROLS = ({chr(code) for code in range(0x20)} - {"\t", "\n", "\r"}
            | {chr(code) for code in range(0x7F, 0xA0)})


def text(low, high):
    def check(value):
        forms.text(value, low, high)
        forms.need(not CONTROLS & set(value), "a control character")
    return check


def binary(low, high):
    def check(value):
        forms.need(isinstance(value, bytes) and low <= len(value) <= high, "bin")
    return check


def between(low, high):
    return lambda value: forms.uint(value, low, high)


def uint(high):
    return lambda value: forms.uint(value, 0, high)


def endpoints(value):
    for item in forms.array(value, 0, 8):
        text(1, 128)(item)


def counted(value):
    forms.mapping(value)
    fields(value, {"count": uint(forms.MAX_U53), "hash": forms.hash32}, {})


def fields(body, required, optional):
    """Whether a map has the fields that it must, none that it may not, each a good one."""
    forms.need(set(required) <= set(body) <= set(required) | set(optional), "fields")
    for name, value in body.items():
        (required.get(name) or optional[name])(value)


STATEMENT = binary(1, 65536)
# By kind: whether there is a thread, the fields that must be there, those that may.
KINDS = {
    "policy": (False, {"statement": STATEMENT}, {}),
    "root": (False, {"statement": STATEMENT}, {}),
    "enrolment": (False, {"credential": STATEMENT}, {}),
    "revocation": (False, {"party": forms.party, "credential": forms.hash32,
                           "why": text(1, 500), "disputed": forms.boolean},
                   {"last_epoch": uint(forms.MAX_U32), "last_nonce": binary(8, 8),
                    "last_seq": uint(forms.MAX_U53), "statement": STATEMENT}),
    "head": (False, {"time": forms.time, "policy_version": uint(forms.MAX_U32),
                     "revocations": uint(forms.MAX_U32), "revoked": forms.hash32}, {}),
    "checkpoint": (False, {"epoch_counter": uint(forms.MAX_U32),
                           "epoch_nonce": binary(8, 8), "position": forms.position,
                           "chain": forms.hash32, "sent": counted, "taken": counted}, {}),
    "receipt": (True, {"stored": forms.time, "leaf": forms.hash32}, {}),
    "rejection": (True, {"reason": text(1, 64), "leaf": forms.hash32},
                  {"detail": text(1, 300)}),
    "part": (True, {"hash": forms.hash32, "size": between(1, 1 << 40),
                    "count": between(1, 5592406), "index": between(0, 5592405),
                    "content": binary(1, PART_SIZE)}, {}),
    "contact": (False, {}, {"endpoints": endpoints, "officer": text(1, 100),
                            "phone_day": text(1, 40), "phone_night": text(1, 40),
                            "email": text(1, 254)}),
}


def check(message):
    """Refuses with `schema` a body of version 1 that is not what it must be."""
    if message.kind not in KINDS or message.schema != 1:
        return
    thread, required, optional = KINDS[message.kind]
    try:
        fields(message.body, required, optional)
        forms.need(thread == (message.thread is not None), "thread")
    except Refused as refused:
        raise Refused("schema", refused.detail) from None


def known(body, kind):
    """The same for a body of any version, of which only what is known here is read."""
    _, required, optional = KINDS[kind]
    fields({name: value for name, value in body.items()
            if name in required or name in optional}, required, optional)


def last_of(body):
    """(counter, nonce, sequence) of last_epoch, last_nonce and last_seq, or None."""
    given = [body.get(name) for name in ("last_epoch", "last_nonce", "last_seq")]
    if given == [None, None, None]:
        return None
    forms.need(None not in given, "last_ is not whole")
    return (forms.uint(given[0], 1, forms.MAX_U32),
            int.from_bytes(forms.binary(given[1], 8), "big"), forms.sequence(given[2]))


def check_head(message):
    body = message.body
    known(body, "head")
    forms.need(body["time"] <= message.issued, "a head from the future")


def check_part(message, settings):
    """Section 11.1."""
    body = message.body
    try:
        known(body, "part")
    except Refused as refused:
        raise Refused("attachment", refused.detail) from None
    before = body["index"] * PART_SIZE
    most = settings.get("attachment-mb", 10)
    if (message.precedence != 2 or message.thread is None
            or message.thread[0] != message.origin
            or body["count"] != -(-body["size"] // PART_SIZE)
            or body["index"] >= body["count"]
            or len(body["content"]) != min(PART_SIZE, body["size"] - before)
            or body["size"] > most << 20):
        raise Refused("attachment")
