# SPDX-License-Identifier: Apache-2.0
"""Sections 6 and 7: which messages cross which link, and what a policy grants."""

from . import forms

(SELF, PARENT, ANCESTORS, CHILDREN, SUBTREE, OWN_SECTOR, SECTOR_CERT, EVERYONE,
 CORRESPONDENT, PARTICIPANT) = (1 << number for number in range(10))


def split(term):
    """('sector' | 'subtree' | 'party', name)."""
    if term.startswith("@"):
        return "sector", term[1:]
    if term.endswith(".**"):
        return "subtree", term[:-3]
    return "party", term


def touches(term, child, sectors, may_grant):
    """Whether a term touches a child's subtree; may_grant: sectors, ["*"] or nothing."""
    form, name = split(term)
    if form == "sector":
        return name in sectors or may_grant == ["*"] or name in (may_grant or [])
    if form == "subtree":
        return forms.at_or_below(child, name) or forms.at_or_below(name, child)
    return forms.at_or_below(name, child)


def down(audience, origin, child, sectors, may_grant):
    return (not forms.at_or_below(origin, child)
            and any(touches(term, child, sectors, may_grant) for term in audience))


def reaches_outside(term, party):
    form, name = split(term)
    return form == "sector" or not forms.at_or_below(name, party)


def up(audience, origin, party):
    return (forms.at_or_below(origin, party)
            and any(reaches_outside(term, party) for term in audience))


def is_for(term, party, sectors):
    form, name = split(term)
    if form == "sector":
        return name in sectors
    if form == "subtree":
        return forms.at_or_below(party, name)
    return name == party


def here(audience, party, sectors):
    return any(is_for(term, party, sectors) for term in audience)


def can_exist(term, top, policy):
    form, name = split(term)
    if form == "sector":
        return name in policy.sector_cert
    return forms.at_or_below(name, top)


def relations_of(term, origin, sectors, policy):
    """All relations that cover the term whatever thread it is in, as a sum."""
    form, name = split(term)
    result = EVERYONE
    if form == "sector":
        if name in sectors:
            result |= OWN_SECTOR
    elif form == "subtree":
        if forms.at_or_below(name, origin):
            result |= SUBTREE
    else:
        above = forms.parent_of(name)
        if name == origin:
            result |= SELF
        if name == forms.parent_of(origin):
            result |= PARENT
        if forms.below(origin, name):
            result |= ANCESTORS
        if above == origin:
            result |= CHILDREN
        if forms.below(name, origin):
            result |= SUBTREE
        if any(policy.sector_cert.get(sector) == name for sector in sectors):
            result |= SECTOR_CERT
    return result


def granted(message, role, sectors, policy):
    """'ok', 'thread' (good only if the thread's first message is held) or 'no-grant'; and
    the terms that are good only if they take part in that thread."""
    allowed = policy.relations(role, message.kind)
    verdict, participants = "ok", []
    for term in message.audience:
        if relations_of(term, message.origin, sectors, policy) & allowed:
            continue
        if (allowed & CORRESPONDENT and message.thread is not None
                and term == message.thread[0]):
            verdict = "thread"
            continue
        if (allowed & PARTICIPANT and message.thread is not None
                and split(term)[0] == "party" and term != message.thread[0]):
            participants.append(term)
            continue
        return "no-grant", []
    return verdict, participants


def covered(party, kind, audience, credential, policy):
    """Whether the policy grants a question, which has no thread, to all that it is for."""
    allowed = policy.relations(credential.role, kind)
    return all(relations_of(term, party, credential.sectors, policy) & allowed
               for term in audience)
