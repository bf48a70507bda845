/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.h - everything that several places must agree on, once
 *
 * The enums, the names, the codec's numbers, docs/protocol.md and the tests
 * come from these lists. A number that was released never changes its meaning:
 * all of them are signed, stored or both.
 */
#ifndef CERTBUS_CATALOG_H
#define CERTBUS_CATALOG_H

#include <stddef.h>

/* What a signature is for. A signature made for one purpose proves nothing for
 * another, because the purpose is among the signed bytes. */
#define CB_PURPOSES(X)                                                                             \
    X (MESSAGE, 1, "message", "an envelope's batch root, by its origin")                           \
    X (APPROVAL, 2, "approval", "an envelope's leaf hash, by an officer")                          \
    X (CREDENTIAL, 3, "credential", "a credential, by its issuer")                                 \
    X (SUCCESSION, 4, "succession", "the next credential, by the previous generation's key")       \
    X (COUNTERSIGN, 5, "countersign", "a re-enrolment or a move, by the other authority")          \
    X (ENROLMENT, 6, "enrolment", "a request to be enrolled, by each key in it")                   \
    X (ROOT, 7, "root", "a root file, by root keys")                                               \
    X (POLICY, 8, "policy", "a policy, by root keys")                                              \
    X (REVOCATION, 9, "revocation", "the revocation of the top party's credential, by root keys")  \
    X (REQUEST, 10, "request", "a question to the tree, by who asks")                              \
    X (REPLY, 11, "reply", "an answer to it, by who answers")

/* The verbs of a link: see docs/protocol.md, section 9. */
#define CB_VERBS(X)                                                                                \
    X (HELLO, 1, "opens a link: versions, party, session, epochs, cursors")                        \
    X (WELCOME, 2, "accepts it, with the same from the other side")                                \
    X (DATA, 3, "a run of one lane, and that nothing else in it is for you")                       \
    X (ACK, 4, "on disk here up to this position; the credit for more")                            \
    X (RECOVER, 5, "send me my own earlier messages, from this position of yours")                 \
    X (REJECT, 6, "one message or the session was refused, and why")                               \
    X (BUSY, 7, "come back after this long")                                                       \
    X (REQUEST, 8, "a signed question anywhere in the tree")                                       \
    X (REPLY, 9, "the signed answer to it")                                                        \
    X (PING, 10, "are you there")                                                                  \
    X (PONG, 11, "yes")                                                                            \
    X (BYE, 12, "an orderly end")

/* Lanes. The first three are a message's precedence; RECOVERY is a reading of
 * the sender's whole journal for the receiver's own messages. */
#define CB_LANES(X)                                                                                \
    X (FLASH, 0, "flash", "overtakes everything; has a quota")                                     \
    X (ROUTINE, 1, "routine", "the normal lane")                                                   \
    X (BULK, 2, "bulk", "receipts, attachments, statistics")                                       \
    X (RECOVERY, 3, "recovery", "a party's own messages, on their way back to it")

/* Traffic Light Protocol 2.0 (FIRST, 2022). No label is no value: refused. */
#define CB_TLPS(X)                                                                                 \
    X (CLEAR, 1, "TLP:CLEAR", "the world")                                                         \
    X (GREEN, 2, "TLP:GREEN", "the community, no public channel")                                  \
    X (AMBER, 3, "TLP:AMBER", "the organisation and its clients, need to know")                    \
    X (AMBER_STRICT, 4, "TLP:AMBER+STRICT", "the recipient's organisation only")                   \
    X (RED, 5, "TLP:RED", "named persons only")

#define CB_MODES(X)                                                                                \
    X (LIVE, 0, "live", "the real thing")                                                          \
    X (EXERCISE, 1, "exercise", "part of an announced exercise, never mixed with live")            \
    X (TEST, 2, "test", "never leaves the party")

/* Where a recipient stands, seen from the sender. A grant names these. */
#define CB_RELATIONS(X)                                                                            \
    X (SELF, 0, "self", "the sender itself")                                                       \
    X (PARENT, 1, "parent", "the party right above")                                               \
    X (ANCESTORS, 2, "ancestors", "every party above")                                             \
    X (CHILDREN, 3, "children", "the parties right below")                                         \
    X (SUBTREE, 4, "subtree", "every party below, and the subtree as such")                        \
    X (OWN_SECTOR, 5, "own-sector", "@SECTOR, for a sector in the sender's credential")            \
    X (SECTOR_CERT, 6, "sector-cert", "the CERT of a sector in the sender's credential")           \
    X (EVERYONE, 7, "everyone", "any party, subtree or sector")                                    \
    X (CORRESPONDENT, 8, "correspondent", "the origin of the message that `thread` names")         \
    X (PARTICIPANT, 9, "participant", "a party that was told of the thread, or leads it")

/* Why something was refused: recorded in the journal, said on the wire,
 * printed to people. X (NAME, number, ends the session, sentence). */
#define CB_REASONS(X)                                                                              \
    X (OK, 0, 0, "accepted")                                                                       \
    X (MALFORMED, 1, 1, "the bytes are not in the canonical form")                                 \
    X (TOO_LARGE, 2, 1, "larger than 256 KiB")                                                     \
    X (BAD_PROOF, 3, 1, "the Merkle path does not fit its tree")                                   \
    X (BAD_SIGNATURE, 4, 1, "the signature is not by the credential it names")                     \
    X (NOT_YOURS_TO_SEND, 5, 1, "this neighbour cannot be the way that this message came")         \
    X (UNKNOWN_CREDENTIAL, 10, 0, "the credential of its origin is not known here")                \
    X (CHAIN_WIDENS, 11, 0, "a credential grants more than its issuer may grant")                  \
    X (CHAIN_BROKEN, 12, 0, "a credential is not signed by its issuer")                            \
    X (CREDENTIAL_DATES, 13, 0, "the credential was not valid when the message was issued")        \
    X (REVOKED, 14, 0, "the credential has been revoked")                                          \
    X (KEY_TAKEN, 15, 0, "a key in it is already in use by another party")                         \
    X (WRONG_ORIGIN, 16, 0, "the credential belongs to another party than the origin")             \
    X (FROZEN, 17, 0, "the origin is frozen here")                                                 \
    X (SUPERSEDED, 18, 0, "signed by a key that has been replaced since")                          \
    X (NO_GRANT, 20, 0, "the policy does not let this role send this kind to this audience")       \
    X (TLP_NEEDS_SEALING, 21, 0,                                                                   \
       "TLP:RED and TLP:AMBER+STRICT need sealing, which this version does not have")              \
    X (TLP_AUDIENCE, 22, 0, "TLP:RED and TLP:AMBER+STRICT name parties, not subtrees or sectors")  \
    X (SCHEMA, 23, 0, "the body is not what the schema of its kind asks for")                      \
    X (CLOCK_AHEAD, 24, 0, "issued more than 10 minutes in the future")                            \
    X (EXPIRED, 25, 0, "expired before it got here")                                               \
    X (EQUIVOCATION, 26, 0, "another message has the same number")                                 \
    X (EXERCISE, 27, 0, "exercise and live must not meet")                                         \
    X (TEST_LEFT, 28, 0, "a test message left its party")                                          \
    X (QUOTA, 29, 0, "more flash messages than the policy allows its origin")                      \
    X (CONSENT, 30, 0, "may-climb-to is not an ancestor of the origin")                            \
    X (REPLACES, 31, 0, "it replaces a message of another origin")                                 \
    X (THREAD, 32, 0, "it answers a message that is not held here")                                \
    X (NO_POLICY, 33, 0, "there is no policy here yet")                                            \
    X (BELOW_FLOOR, 34, 0, "older than what is kept here, so it cannot be told from a repeat")     \
    X (APPROVAL, 35, 0, "an officer's approval has a wrong signature")                             \
    X (PROJECTION, 36, 0, "it could not be applied")                                               \
    X (TRUST, 37, 0, "a trust statement in it is not signed as it must be")                        \
    X (AUDIENCE, 38, 0, "no such party, subtree or sector can be addressed")                       \
    X (DISK_FULL, 39, 0, "the disk is nearly full; nothing new is taken")                          \
    X (NOT_A_CHILD, 40, 0, "the name is not one label below this party")                           \
    X (NAME_TAKEN, 41, 0, "a party of this name is enrolled already")                              \
    X (ROLE_NOT_GRANTED, 42, 0, "this party may not enrol that role")                              \
    X (SECTOR_NOT_GRANTED, 43, 0, "this party may not enrol into that sector")                     \
    X (TOO_MANY_CHILDREN, 44, 0, "this party may not enrol more children")                         \
    X (TOO_DEEP, 45, 0, "this party may not enrol at this depth")                                  \
    X (OTHER_ROOT, 46, 0, "signed under another root than the one pinned here")                    \
    X (VERSION, 47, 0, "no version in common")                                                     \
    X (OUT_OF_STEP, 48, 0, "does not continue where the other side is")                            \
    X (NO_SUCH_QUESTION, 49, 0, "this question is not known here")                                 \
    X (OVERRUN, 50, 1, "sent more than the credit allowed")                                        \
    X (NOT_MEANT, 52, 0, "nothing in its audience lies on this side of the link")                  \
    X (ATTACHMENT, 53, 0,                                                                          \
       "a piece of a file that does not fit, or is larger than the policy lets")                   \
    X (CARRIED, 54, 0, "what it carries is not what it must be")                                   \
    X (QUESTIONS, 58, 0, "more questions at a time than are answered")

#define CB_X(NAME, number, ...) CB_PURPOSE_##NAME = number,
enum cb_purpose { CB_PURPOSES (CB_X) };
#undef CB_X
#define CB_X(NAME, number, ...) CB_VERB_##NAME = number,
enum cb_verb { CB_VERBS (CB_X) CB_VERB_END };
#undef CB_X
#define CB_X(NAME, number, ...) CB_LANE_##NAME = number,
enum cb_lane { CB_LANES (CB_X) CB_LANE_END };
#undef CB_X
#define CB_X(NAME, number, ...) CB_TLP_##NAME = number,
enum cb_tlp { CB_TLPS (CB_X) CB_TLP_END };
#undef CB_X
#define CB_X(NAME, number, ...) CB_MODE_##NAME = number,
enum cb_mode { CB_MODES (CB_X) CB_MODE_END };
#undef CB_X
#define CB_X(NAME, number, ...) CB_REL_##NAME = number,
enum cb_relation { CB_RELATIONS (CB_X) CB_REL_END };
#undef CB_X
#define CB_X(NAME, number, ...) CB_##NAME = number,
enum cb_reason { CB_REASONS (CB_X) CB_REASON_END };
#undef CB_X

/* Lanes that messages travel in by their precedence; RECOVERY is none of them. */
#define CB_PRECEDENCES 3

/* Names as people and files write them ("flash", "TLP:AMBER+STRICT",
 * "own-sector", "TLP_AUDIENCE"); "?" for a number that has none. */
const char *cb_verb_name (unsigned verb);
const char *cb_lane_name (unsigned lane);
const char *cb_tlp_name (unsigned tlp);
const char *cb_mode_name (unsigned mode);
const char *cb_relation_name (unsigned relation);

/* "no-grant" for files and --json; the sentence for people. */
const char *cb_reason_name (unsigned reason);
const char *cb_reason_text (unsigned reason);
/* Whether this reason ends the session of the neighbour that sent it. */
int cb_reason_ends_session (unsigned reason);

/* The number for a name, -1 if there is none. Case does not matter, and a TLP
 * may be written without its "TLP:". */
int cb_lane_number (const char *name);
int cb_tlp_number (const char *name);
int cb_mode_number (const char *name);
int cb_relation_number (const char *name);

#endif
