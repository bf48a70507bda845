/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/certbus/checks.h"

#include <stddef.h>

#include "bus/core/catalog.h"

#define NOTHING "nothing will: it was made wrong, or on purpose; discard it"
#define CALL    "call its origin: "

static const struct check_row rows[] = {
    { CB_TOO_LARGE, 1, "a message is at most 256 KiB", NOTHING },
    { CB_MALFORMED, 1, "a message is in the canonical form", NOTHING },
    { CB_BAD_PROOF, 1, "its Merkle path fits its tree", NOTHING },
    { CB_UNKNOWN_CREDENTIAL, 2, "the origin's credential is known and good",
      "its credential: it comes with the next message that needs it" },
    { CB_CHAIN_WIDENS, 2, "the origin's credential is known and good",
      CALL "its issuer granted more than it may; a new credential is needed" },
    { CB_CHAIN_BROKEN, 2, "the origin's credential is known and good", NOTHING },
    { CB_KEY_TAKEN, 2, "the origin's credential is known and good",
      CALL "a key of its credential is another party's; it must be enrolled anew" },
    { CB_NAME_TAKEN, 2, "the origin's credential is known and good",
      CALL "another credential has its name" },
    { CB_TOO_MANY_CHILDREN, 2, "the origin's credential is known and good",
      CALL "its issuer has enrolled more parties than it may" },
    { CB_WRONG_ORIGIN, 2, "the credential is that of its origin", NOTHING },
    { CB_BAD_SIGNATURE, 3, "it is signed by the key of its credential", NOTHING },
    { CB_APPROVAL, 3, "each approval is signed by its officer",
      CALL "the document must be approved and sent again" },
    { CB_NOT_YOURS_TO_SEND, 4, "its origin lies on the side of the link that it came from",
      "nothing will, unless the hierarchy changes; ask the neighbour where it is from" },
    { CB_NOT_MEANT, 5, "somebody on this side of the link is in its audience",
      "nothing will, unless the sectors of this party change; ask the neighbour" },
    { CB_TEST_LEFT, 6, "a test message stays in its party", NOTHING },
    { CB_FROZEN, 7, "its origin is not frozen",
      "when the matter is settled: certbus freeze --off" },
    { CB_REVOKED, 7, "its credential was not revoked when it was issued",
      CALL "its key may be in wrong hands; nothing of it is to be believed" },
    { CB_SUPERSEDED, 7, "it is signed by the newest key of its origin",
      CALL "the message must be sent again, signed by the new key" },
    { CB_CREDENTIAL_DATES, 8, "it was issued while its credential was valid",
      CALL "its credential must be renewed, or its clock is wrong; then it sends again" },
    { CB_CLOCK_AHEAD, 8, "it was not issued in the future",
      "time, when its clock was ahead; or set this machine's clock, if that is behind" },
    { CB_EXPIRED, 8, "it had not expired when it was sent", NOTHING },
    { CB_NO_POLICY, 9, "there is a policy", "the policy: it comes from the top party" },
    { CB_AUDIENCE, 9, "each party and sector of its audience can exist",
      "a policy that has that sector, or " CALL "it must be sent to others" },
    { CB_NO_GRANT, 9, "the policy lets its origin send this kind to this audience",
      "a policy that grants it, or " CALL "it must be sent to others" },
    { CB_TLP_NEEDS_SEALING, 10, "TLP:RED and TLP:AMBER+STRICT are sealed",
      CALL "this version cannot carry it; another label, or another channel" },
    { CB_TLP_AUDIENCE, 10, "TLP:RED and TLP:AMBER+STRICT name parties", CALL "it must name them" },
    { CB_CONSENT, 11, "may-climb-to is the origin or above it", CALL "it must be sent again" },
    { CB_REPLACES, 11, "it replaces a message of its own origin, or of one below it",
      CALL "it must be sent again" },
    { CB_EXERCISE, 11, "its exercise was announced by its origin or above it",
      CALL "it must be sent again" },
    { CB_SCHEMA, 12, "the body fits the schema of its kind",
      "schemas of the version that its origin has; or " CALL "it must be sent again" },
    { CB_TRUST, 13, "what it says of trust is signed as it must be",
      "the statements that it builds on, if they are still on their way" },
    { CB_ATTACHMENT, 13, "a piece of a file fits its file, which is no larger than the policy lets",
      "a policy with a larger attachment-mb, if it is the size; or " CALL "it must be sent again" },
    { CB_CARRIED, 13,
      "what it carries is the report of its case, as its origin signed and consented",
      CALL "it must be sent again, without the report if need be" },
    { CB_QUOTA, 14, "flash is within the origin's quota",
      "a policy with a larger quota, or a start of the broker, which counts anew" },
    { CB_EQUIVOCATION, 15, "no other message has its number",
      "nothing will: its origin signed two messages with one number; call it" },
    { CB_BELOW_FLOOR, 15, "it is newer than the oldest that is kept", NOTHING },
    { CB_THREAD, 15, "the first message of its thread is here",
      "that message, if it is still on its way" },
    { CB_PROJECTION, 15, "it can be applied", "a newer version of the broker" },
};

const struct check_row *check_of (unsigned reason)
{
    static const struct check_row none = { 0, 0, "a reason of another version",
                                           "a newer version of this program, to explain it" };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].reason == reason)
            return &rows[i];
    return &none;
}
