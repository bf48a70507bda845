# SPDX-License-Identifier: Apache-2.0
"""Section 1: the grammar's small words. Each check returns the value or refuses it."""

import re

from .reasons import malformed

MAX_TIME = 253402300799999
MAX_U32 = 2**32 - 1
MAX_U53 = 2**53 - 1
MAX_U64 = 2**64 - 1
MAX_I64 = 2**63 - 1

_LABEL = re.compile(r"[a-z0-9-]{1,32}")
_PARTY = re.compile(r"[a-z0-9-]{1,32}(\.[a-z0-9-]{1,32}){0,7}")


def need(condition, what):
    if not condition:
        raise malformed(what)


def uint(value, low=0, high=MAX_U64, what="uint"):
    need(type(value) is int and low <= value <= high, what)
    return value


def integer(value, what="int"):
    need(type(value) is int and -2**63 <= value <= MAX_I64, what)
    return value


def boolean(value, what="bool"):
    need(isinstance(value, bool), what)
    return value


def binary(value, length=None, what="bin"):
    need(isinstance(value, bytes) and length in (None, len(value)), what)
    return value


def hash32(value, what="hash"):
    return binary(value, 32, what)


def text(value, low, high, what="str"):
    need(isinstance(value, str) and low <= len(value.encode()) <= high, what)
    return value


def array(value, low, high, what="array"):
    need(isinstance(value, list) and low <= len(value) <= high, what)
    return value


def record(value, count, what="array"):
    return array(value, count, count, what)


def mapping(value, what="map"):
    need(isinstance(value, dict), what)
    return value


def time(value, what="time", low=0):
    return uint(value, low, MAX_TIME, what)


def optional(check, value, *rest):
    return None if value is None else check(value, *rest)


def is_label(value):
    return isinstance(value, str) and bool(_LABEL.fullmatch(value))


def is_party(value):
    return isinstance(value, str) and bool(_PARTY.fullmatch(value))


def label(value, what="label"):
    need(is_label(value), what)
    return value


def party(value, what="party"):
    need(is_party(value), what)
    return value


def term(value, what="term"):
    need(isinstance(value, str), what)
    if value.startswith("@"):
        need(is_label(value[1:]), what)
    elif value.endswith(".**"):
        need(is_party(value[:-3]), what)
    else:
        need(is_party(value), what)
    return value


def ascending(values, what="order", key=lambda value: value):
    """Strictly: no two are equal. A str goes by its bytes."""
    raws = [key(value) for value in values]
    raws = [raw.encode() if isinstance(raw, str) else raw for raw in raws]
    need(all(a < b for a, b in zip(raws, raws[1:])), f"{what} not ascending")
    return values


def hashes(value, low, high, what="hashes"):
    """A bin of 32 bytes each, ascending; a list of them is returned."""
    need(isinstance(value, bytes) and len(value) % 32 == 0, what)
    parts = [value[at:at + 32] for at in range(0, len(value), 32)]
    need(low <= len(parts) <= high, what)
    return ascending(parts, what)


def labels(value, low, high, star=False, what="labels"):
    array(value, low, high, what)
    if star and value == ["*"]:
        return value
    for item in value:
        label(item, what)
    return ascending(value, what)


def sequence(value):
    return uint(value, 1, MAX_U53, "sequence")


def position(value):
    return uint(value, 0, MAX_U53, "position")


def epoch(value, lowest=1):
    record(value, 2, "epoch")
    return (uint(value[0], lowest, MAX_U32, "counter"), uint(value[1], what="nonce"))


def ref(value):
    """nil or (party, counter, nonce, sequence)."""
    if value is None:
        return None
    record(value, 4, "ref")
    counter, nonce = epoch(value[1:3])
    return (party(value[0]), counter, nonce, sequence(value[3]))


def parent_of(name):
    """The party above, or None for a top party."""
    head, dot, _ = name.rpartition(".")
    return head if dot else None


def at_or_below(name, top):
    return name == top or name.startswith(top + ".")


def below(name, top):
    return name.startswith(top + ".")
