# SPDX-License-Identifier: Apache-2.0
"""Section 12: the reasons, their numbers, and which of them end a session."""

NUMBER = {
    "ok": 0, "malformed": 1, "too-large": 2, "bad-proof": 3, "bad-signature": 4,
    "not-yours-to-send": 5, "unknown-credential": 10, "chain-widens": 11,
    "chain-broken": 12, "credential-dates": 13, "revoked": 14, "key-taken": 15,
    "wrong-origin": 16, "frozen": 17, "superseded": 18, "no-grant": 20,
    "tlp-needs-sealing": 21, "tlp-audience": 22, "schema": 23, "clock-ahead": 24,
    "expired": 25, "equivocation": 26, "exercise": 27, "test-left": 28, "quota": 29,
    "consent": 30, "replaces": 31, "thread": 32, "no-policy": 33, "below-floor": 34,
    "approval": 35, "projection": 36, "trust": 37, "audience": 38, "disk-full": 39,
    "not-a-child": 40, "name-taken": 41, "role-not-granted": 42,
    "sector-not-granted": 43, "too-many-children": 44, "too-deep": 45,
    "other-root": 46, "version": 47, "out-of-step": 48, "no-such-question": 49,
    "overrun": 50, "not-meant": 52, "attachment": 53,
    "carried": 54, "questions": 58,
}
NAME = {number: name for name, number in NUMBER.items()}
ENDS_SESSION = {"malformed", "too-large", "bad-proof", "bad-signature",
                "not-yours-to-send", "overrun"}


class Refused(Exception):
    """Something was refused; `reason` is a name of section 12."""

    def __init__(self, reason, detail=""):
        if reason not in NUMBER:
            raise ValueError(reason)
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


def malformed(detail=""):
    return Refused("malformed", detail)
