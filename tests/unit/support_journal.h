/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support_journal.h - a journal in a folder of its own, for the tests of the journal
 */
#ifndef CERTBUS_SUPPORT_JOURNAL_H
#define CERTBUS_SUPPORT_JOURNAL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/types.h>

#include "bus/edge/journal.h"

struct desk {
    char folder[256];
    char path[512]; /* of the journal */
    struct journal *journal;
};

/* For cmocka: makes the folder and opens the journal; removes them. */
int desk_setup (void **state);
int desk_teardown (void **state);
void desk_close (struct desk *desk);
void desk_reopen (struct desk *desk);
/* Opening fails and says this. */
void desk_refused (const char *path, const char *says);
/* A file's name in the folder. */
const char *desk_file (struct desk *desk, const char *name);
void copy_file (const char *from, const char *to);
/* Runs SQL on the closed journal, as somebody with other tools might. */
void desk_tamper (struct desk *desk, const char *sql);

/* A record whose envelope is this text and whose leaf is its hash. */
struct record record_of (unsigned lane, const char *text);
/* Appends it, in the open transaction or in one of its own; returns its position. */
int64_t add_record (struct journal *journal, unsigned lane, const char *text);
int64_t store_record (struct journal *journal, unsigned lane, const char *text);
/* Six of them, texts "one" to "six": routine, flash, quarantine, bulk, routine, flash. */
void six_records (struct journal *journal);
void begin_batch (struct journal *journal);
void commit_batch (struct journal *journal);
/* The next record is this one, or there is none. */
void expect_next (struct journal_reader *reader, int64_t position, const char *text);
void expect_end (struct journal_reader *reader);
void expect_sound (struct journal *journal);
void assert_hash_equal (struct hash a, struct hash b);

/* A process that opens the closed journal and does something with it; exits with 0
 * when `run` returns, with 99 when it cannot be opened. */
pid_t start_process (struct desk *desk, void (*run) (struct journal *journal, int out), int out);
/* Waits for it: the signal that killed it, or minus what it exited with. */
int end_of_process (pid_t child);

#endif
