/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.h - the ordered tables of a station's journal, and how their keys are made
 *
 * A key is the table's byte, then its parts in order: texts end with a 0x00
 * (names never hold one), numbers are big-endian, so that keys sort as people
 * count. This list is the whole of what is stored beside the log.
 */
#ifndef CERTBUS_TABLES_H
#define CERTBUS_TABLES_H

#include "bus/edge/journal.h"

#define TABLES(X)                                                                                  \
    X (IDS, 'i', "origin, epoch, sequence: position")                                              \
    X (MARKS, 'm', "origin, epoch, lane: the highest sequence taken")                              \
    X (CURSORS, 'c', "neighbour, lane: our cursor into its journal")                               \
    X (ACKED, 'a', "neighbour, lane: the position of ours that it has on disk")                    \
    X (TRUST, 't', "order of arrival: a credential, or the position of a trust message")           \
    X (CREDENTIALS, 'k', "hash of a credential: its place in that order")                          \
    X (DEBTS, 'w', "position: a receipt or rejection that is still to be made")                    \
    X (DELIVERED, 'd', "origin, epoch, sequence, party: when it was stored there")                 \
    X (ANSWERS, 'g', "origin, epoch, sequence, position: a message of that thread")                \
    X (REPLACED, 'p', "origin, epoch, sequence: position of what replaced it")                     \
    X (REJECTED, 'j', "origin, epoch, sequence, party: position of its rejection of our message")  \
    X (CONTACTS, 'n', "party: position of its newest contact message")                             \
    X (FROZEN, 'f', "party: position of the message that froze it; 0: an officer did (take.h)")    \
    X (AGAIN, 'A', "party: when its newest enrolment after lost keys was taken in here")           \
    X (GIVEN, 'N', "number in capitals, position: an own message that has it")                     \
    X (SERIES, 'M', "text before and after a counter: the highest one given")                      \
    X (SAME, 'S', "part of a hash over kind, mode and body: the newest own message with it")       \
    X (PARTS, 'P', "origin, epoch, sequence, hash of a file, index: position of that piece of it") \
    X (READERS, 'r', "name: how far a named reader has got")                                       \
    X (QUARANTINED, 'q', "neighbour: how much of it is kept refused")                              \
    X (KEPT, 'x', "position: a message in quarantine, who was told, what failed")                  \
    X (KEPT_BY, 'b', "neighbour, position: the same ones, by whom they came from")                 \
    X (LEFT, 'z', "position: how a message left the quarantine, when, by whom")                    \
    X (RECOVERY, 'o', "neighbour: our own messages are wanted back from it")                       \
    X (LISTED, 'l', "class, kind, severity, position: for listings (index.h)")                     \
    X (ORIGINS, 'y', "origin, class, kind, severity, position: for listings of a party")           \
    X (CODES, 'h', "block of positions, code, position: what is read out on the phone")            \
    X (REFUSED_IDS, 'v', "origin, epoch, sequence, position: what was refused with that id")       \
    X (NUMBERS, 'u', "number in capitals, position: of documents")                                 \
    X (STEPS, 'T', "case, leaf hash: a step of it (bus/core/case.h)")                              \
    X (CASES, 'C', "case: its state, a function of its steps")                                     \
    X (OPEN, 'Q', "case: it is not closed")                                                        \
    X (CARRIED, 'O', "origin, epoch, sequence: position of what carries that signed message")      \
    X (LEADS, 'G', "case, party: position of the transfer that made it lead")                      \
    X (TIMERS, 'D', "time, class, subject, ...: what is due then (casework/timers.h)")             \
    X (SET, 'W', "class, subject: its timers, to be found again")                                  \
    X (CLOCKS, 'K', "due, class, subject, clock, start: the next timer of a clock that runs")      \
    X (RAISED, 'R', "subject, clock, start, step, level: position of what was raised for it")      \
    X (ARRIVED, 'J', "case, position: a step that starts or stops a clock, and when it came")      \
    X (BREACHED, 'B', "case, clock, start, party: by when; to be found in BREACHES")               \
    X (BREACHES, 'H', "party, due, case, clock: what was not done in time")                        \
    X (LEDGER, 'L', "advisory, mode, party: what became of it there (bus/core/ledger.h)")          \
    X (MET, 'Z', "advisory, clock, due: all had answered then, by the directory of the loop")      \
    X (INDICATORS, 'I', "mode, pattern, broker, constituent: who has seen it")                     \
    X (RETURNS, 'U', "period, party: it said that it had nothing to report, or reported")          \
    X (HEARD, 'E', "party: when it was last heard, its role (no projection)")                      \
    X (SUBSCRIBERS, 'V', "whose, edition, party: its subscription, or ours to it")                 \
    X (BULLETINS, 'Y', "whose, edition, end of its period, origin: what became of it")             \
    X (EXERCISES, 'X', "exercise: how it stands")                                                  \
    X (COUNTED, '1', "case, 0 or 1: its province and sector, and what was counted of it")          \
    X (COUNTS, '2', "table of a bulletin, quarter of an hour, row: cases reported then")           \
    X (GRAVE, '3', "severity, time, case: open, and S1, S2 or undetermined")                       \
    X (TOLD, '4', "what, time, position: a message that a bulletin tells of")                      \
    X (STATION, 's', "name: single values")

#define TABLE_X(NAME, byte, text) TABLE_##NAME = byte,
enum table { TABLES (TABLE_X) };
#undef TABLE_X

const char *table_name (enum table table); /* "?" for a byte that is none */

#define KEY_MAX 1024

struct key {
    size_t size;
    uint8_t bytes[KEY_MAX];
};

void key_begin (struct key *key, enum table table);
/* The whole key of a single value of the station. */
void key_station (struct key *key, const char *name);
void key_text (struct key *key, struct span text); /* with its 0x00 */
void key_u8 (struct key *key, unsigned value);
void key_u32 (struct key *key, uint32_t value);
void key_u64 (struct key *key, uint64_t value);
void key_id (struct key *key, const struct msg_id *id);
/* Reads what key_id put, and nothing else, back; false: it is none. Borrows. */
bool key_id_read (struct msg_id *out, struct span key);
void key_hash (struct key *key, const struct hash *hash);
void key_bytes (struct key *key, struct span bytes);
struct span key_span (const struct key *key);
/* Reads the last 8 bytes of a key or value back; 0 when it is shorter. */
uint64_t tail_u64 (struct span bytes);
uint64_t read_u64 (const uint8_t *bytes);
uint32_t read_u32 (const uint8_t *bytes);
void write_u64 (uint8_t *bytes, uint64_t value);
void write_u32 (uint8_t *bytes, uint32_t value);

/* Values of one number. */
enum journal_result table_put_u64 (struct journal *journal, const struct key *key, uint64_t value);
uint64_t table_get_u64 (struct journal *journal, const struct key *key, uint64_t otherwise);

/* Walks the keys that begin with `prefix`: start with an `after` of size 0, which is
 * moved along. What is returned borrows until the next call on the journal. */
bool table_next (struct journal *journal, const struct key *prefix, struct key *after,
                 struct span *key, struct span *value);
/* The same downwards, from the last one. */
bool table_before (struct journal *journal, const struct key *prefix, struct key *before,
                   struct span *key, struct span *value);

/* Cursors as stored: counter, nonce, position, chain. Never read: all zero. */
enum journal_result cursor_put (struct journal *journal, struct span peer, unsigned lane,
                                const struct cursor *cursor);
enum journal_result cursor_get (struct journal *journal, struct span peer, unsigned lane,
                                struct cursor *cursor);

#endif
