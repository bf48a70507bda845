/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - the only door to storage: a log and ordered tables, in one transaction
 *
 * The log is appended to and read from. Each record has a position (1, 2, 3 ...
 * over all lanes), a lane and a chain hash that covers the record before it in
 * journal order, its leaf hash and its verdict. Tables hold keys and values as
 * bytes; keys compare as bytes. A batch is everything between begin and commit.
 *
 * SQLite stands behind it (WAL, synchronous=FULL, one connection, no mmap). All
 * calls belong to one thread. Reads see what was written in the open transaction.
 *
 * An outcome is JOURNAL_OK, JOURNAL_END (nothing more, not found), JOURNAL_FULL
 * (no space: the transaction was rolled back, nothing is lost, try later; writes
 * say so again until commit, rollback or begin) or JOURNAL_BROKEN (I/O error or
 * corruption: the process must end and recover from disk; nothing that was not
 * committed may be acknowledged).
 */
#ifndef CERTBUS_JOURNAL_H
#define CERTBUS_JOURNAL_H

#include "bus/core/link.h"

#define JOURNAL_FORMAT 3
/* Lane of records that were refused: readers of the other lanes never see them. */
#define JOURNAL_QUARANTINE CB_LANE_RECOVERY

enum journal_result { JOURNAL_OK, JOURNAL_END, JOURNAL_FULL, JOURNAL_BROKEN };

struct journal;

/* Opens or creates. On failure returns NULL and `why` says what and what to do:
 * another format, locked by another process, not a journal, no permission, a full
 * disk.
 *
 * Begins a new epoch, on disk before it returns, and the one before ends at the
 * head: an epoch is one run. A disk that was rolled back or copied cannot know it;
 * a run that has an epoch of its own can never give a position of an earlier one
 * to another record, so that (epoch, position) names one record for ever. */
struct journal *journal_open (const char *path, char *why, size_t why_size);

/* What leads from one format to the next. The journal knows its file, whoever keeps
 * tables in it knows what is in them. */
struct journal_step {
    enum journal_result (*run) (struct journal *journal); /* in the transaction of all steps */
};
struct journal_upgrade {
    struct journal_step steps[JOURNAL_FORMAT - 1]; /* the first leads from format 1 to 2 */
    void (*tell) (const char *text);               /* what was done, and every other second how far
                                                      it is */
};
/* The same, and a journal of an older format is first copied beside itself, as PATH.format-N, and
 * then brought to this format in one transaction: killed in between, it begins again. Whether
 * there is room for that is asked before. A copy is never written over; one of the very same
 * history counts as made. */
struct journal *journal_open_upgrade (const char *path, const struct journal_upgrade *upgrade,
                                      char *why, size_t why_size);
/* What journal_open_upgrade would say to the file's header: false, and `why`, when it is none that
 * can be opened. Else its format; 0: it is not there or not yet begun. Reads the header and
 * nothing else, also while another process has it open; not for one that has it open itself,
 * whose locks end when the file is closed. */
bool journal_peek (const char *path, int64_t *format, char *why, size_t why_size);
/* Opens one that is there, of this format or an older one, to be read alone: no epoch begins, nothing
 * in it changes. Refused while another process has it. */
struct journal *journal_open_look (const char *path, char *why, size_t why_size);
/* Rolls back what is open. NULL is fine; nulls the caller's pointer. A reader
 * that is left can only be freed. */
void journal_close (struct journal **self);
/* The last error in words, for the log. Borrowed. */
const char *journal_error (const struct journal *self);

int64_t journal_head (const struct journal *self); /* position of the last record; 0: none */
struct epoch journal_epoch (const struct journal *self);
struct hash journal_chain (const struct journal *self); /* at the head */
/* The epochs, oldest first, the latest LINK_EPOCHS of them; the last is current and
 * ends at the head. Counters go up by one; at UINT32_MAX they stay there, and the
 * nonce (64 random bits) tells the epochs apart. */
size_t journal_epochs (const struct journal *self, struct epoch_end epochs[LINK_EPOCHS]);

enum journal_result journal_begin (struct journal *self);
enum journal_result journal_commit (struct journal *self); /* JOURNAL_FULL: rolled back */
void journal_rollback (struct journal *self);

struct record {
    int64_t position;
    unsigned lane;    /* a precedence, or JOURNAL_QUARANTINE */
    unsigned reason;  /* the verdict: CB_OK or why not */
    uint32_t policy;  /* version that judged it */
    int64_t taken;    /* ms UTC, when it was stored here */
    struct span from; /* the neighbour it came from; empty: this party */
    struct hash leaf, chain;
    struct span envelope; /* empty once pruned */
};

/* Appends; fills position and chain. chain = BLAKE2b-256 (chain before | leaf |
 * reason as one byte | lane as one byte | epoch counter, 4 bytes, big endian). */
enum journal_result journal_append (struct journal *self, struct record *record);

/* Takes the envelope of a record in quarantine away; its row, its leaf hash and the chain stay,
 * and are still checked. JOURNAL_END: no record of the quarantine has that position. */
enum journal_result journal_blank (struct journal *self, int64_t position);
/* The first record of the quarantine after `*position` that still has its envelope. */
enum journal_result journal_refused (struct journal *self, int64_t *position);

/* Reads one lane upwards. CB_LANE_RECOVERY as `lane` of a reader means: all
 * lanes but quarantine, in journal order. Records borrow from the reader until its
 * next step. Readers stay open across transactions and see later appends; one that
 * has read what is then undone goes back to the head. */
struct journal_reader;
struct journal_reader *journal_reader_new (struct journal *self, unsigned lane, int64_t after);
void journal_reader_free (struct journal_reader **self);
void journal_reader_seek (struct journal_reader *self, int64_t after);
enum journal_result journal_next (struct journal_reader *self, struct record *record);
/* One record by position, whatever its lane. Borrows until the next call of this function. */
enum journal_result journal_at (struct journal *self, int64_t position, struct record *record);
/* The chain hash at a position; zero at 0. */
enum journal_result journal_chain_at (struct journal *self, int64_t position, struct hash *chain);

/* Ordered tables. A key begins with the table's byte. Values are at most 1 MiB.
 * What `get` and `scan` return borrows until the next call on the journal. */
enum journal_result journal_put (struct journal *self, struct span key, struct span value);
enum journal_result journal_get (struct journal *self, struct span key, struct span *value);
enum journal_result journal_del (struct journal *self, struct span key);
/* The first key that begins with `prefix` and is greater than `after` (empty:
 * from the first). To scan, call again with a copy of the key that was returned. */
enum journal_result journal_scan (struct journal *self, struct span prefix, struct span after,
                                  struct span *key, struct span *value);
/* The same downwards: the last key that begins with `prefix` and is less than `before` (empty:
 * from the last). */
enum journal_result journal_scan_back (struct journal *self, struct span prefix, struct span before,
                                       struct span *key, struct span *value);

/* Recomputes the chain over the last `count` records (0: all); JOURNAL_END and the
 * position in `*bad` when one does not fit. */
enum journal_result journal_check (struct journal *self, int64_t count, int64_t *bad);
/* The same over the records after `after` up to `until`, and whether each envelope is the one of its
 * leaf hash; `blank` goes up by those whose envelope is not kept any more. */
struct journal_part {
    int64_t after, until; /* positions */
    int64_t bad, blank;   /* out */
};
enum journal_result journal_check_part (struct journal *self, struct journal_part *part);
/* Bytes free on the file system of the journal, and bytes that it occupies. */
void journal_space (const struct journal *self, uint64_t *available, uint64_t *used);

#endif
