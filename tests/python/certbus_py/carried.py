# SPDX-License-Identifier: Apache-2.0
"""Section 8.1: the signed report inside an escalation or a transfer."""

from . import forms, route
from .reasons import Refused
from .statement import Statement

GREEN = 2
ORIGINAL_MAX = 192 * 1024
CREDENTIALS_MAX = 16


def inside(message):
    """The bytes of the report, or None; and the credentials that came with it, by hash."""
    if message.kind not in ("escalation", "update") or "original" not in message.body:
        return None, {}
    if message.kind == "update" and message.body.get("step") != "transfer":
        raise Refused("carried", "only a transfer has a report inside")
    data = message.body["original"]
    if not isinstance(data, bytes) or len(data) > ORIGINAL_MAX:
        raise Refused("carried", "no message")
    credentials = {}
    for item in message.body.get("credentials", [])[:CREDENTIALS_MAX]:
        credentials[Statement(item, "credential").hash] = item
    return data, credentials


def check_place(outer, message):
    if message.kind != "incident":
        raise Refused("carried", "no report of an incident")
    if message.id != outer.thread:
        raise Refused("carried", "the report of another case")
    if (message.mode, message.exercise) != (outer.mode, outer.exercise):
        raise Refused("carried", "of another mode or exercise")


def check_reach(outer, message):
    if outer.tlp < message.tlp:
        raise Refused("carried", "of a stronger TLP")
    if message.tlp <= GREEN:
        return
    climb = outer.may_climb_to
    if climb is not None and (message.may_climb_to is None or not forms.at_or_below(
            climb, message.may_climb_to)):
        raise Refused("carried", "may-climb-to goes further than its own")
    lead = outer.body.get("lead") if outer.kind == "update" else None
    for term in outer.audience:
        if not may_go(message, term, lead):
            raise Refused("carried", f"not agreed for {term}")


def may_go(message, term, lead):
    form, name = route.split(term)
    if form != "party":
        return False
    if name == message.origin:
        return True
    for named in message.audience:
        kind, top = route.split(named)
        if kind == "party" and top == name:
            return True
        if kind == "subtree" and forms.at_or_below(name, top):
            return True
    climb = message.may_climb_to
    return (climb is not None and forms.at_or_below(name, climb)
            and (forms.below(message.origin, name) or name == lead))
