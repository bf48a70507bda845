/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support_casework.h - messages that nobody signed, random histories of cases, and brokers' journals
 * that take them: for properties that must hold whatever the order
 */
#ifndef CERTBUS_SUPPORT_CASEWORK_H
#define CERTBUS_SUPPORT_CASEWORK_H

#include "broker/casework/casework.h"
#include "broker/casework/threads.h"
#include "bus/core/credential.h"
#include "tests/unit/support_journal.h"
#include "tests/unit/support_random.h"

/* A message as it travels, but for its signature, which the journal does not look at. */
struct message {
    struct pack_out bytes;
    struct envelope e; /* borrows from it */
    int64_t taken;     /* ms UTC, when holders store it */
};
/* Fills what the draft lacks: credential, salt, schema version 1, precedence routine. */
void message_make (struct message *out, const struct draft *draft);
/* The same with the precedence of the draft, which may be flash. */
void message_make_flash (struct message *out, const struct draft *draft);
void message_free (struct message *self);

/* Many of them, each after those that it names. */
struct history {
    size_t count, room;
    struct message *messages;
};
/* About `count` messages of at most `cases` cases, by parties of a small tree that see what others
 * do early or late. The same seed makes the same. */
void history_make (struct history *out, uint64_t seed, size_t count, size_t cases);
/* Adds one to the end; returns it, good until the next one. */
struct message *history_add (struct history *self, const struct draft *draft);
void history_free (struct history *self);
/* Another order in which they may come: those of one origin and lane keep theirs. Of a hundred times
 * a message comes `late` times out of its turn. `order` has room for all: indexes of messages. */
void history_order (const struct history *self, struct random *random, size_t late, size_t *order);

/* A broker's journal with its thread, in a folder of its own. */
struct holder {
    struct desk *desk;
    struct credential me;
    struct store *store;
};
void holder_open (struct holder *self, const char *party);
void holder_close (struct holder *self);
/* Ends it and starts it anew on the same journal. */
void holder_restart (struct holder *self);
/* Runs in the journal's thread, in one transaction, then takes_flush; with `lost` it is rolled
 * back at the end. */
void holder_run (struct holder *self, void (*run) (struct store *store, void *arg), void *arg,
                 bool lost);
/* Stores messages in one transaction; none is refused. */
void holder_take (struct holder *self, const struct history *history, const size_t *order,
                  size_t count, bool lost);
/* The same; returns how many were refused: what is played has to belong to its exercise. */
size_t holder_offer (struct holder *self, const struct history *history, const size_t *order,
                     size_t count, bool lost);
void holder_rebuild (struct holder *self);
/* All rows of these tables, keys and values, in order; owned: pack_free. */
void holder_dump (struct holder *self, const char *tables, struct pack_out *out);
/* The tables of all parts of casework. */
const char *casework_tables (void);

#endif
