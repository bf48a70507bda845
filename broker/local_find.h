/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_find.h - which message is meant by what somebody typed
 *
 * An id (pk.sindh.kpt/17-3, kpt/17-3, 17-3), the number of a document (NCERT-2026-013), a code or
 * its beginning: in this order, and the first that is here counts. When nothing is, what was
 * probably meant.
 */
#ifndef CERTBUS_LOCAL_FIND_H
#define CERTBUS_LOCAL_FIND_H

#include "broker/index.h"

#define FIND_MAX     8 /* that are shown when several are meant */
#define FIND_ORIGINS 16
#define FIND_NEAR    4

struct found {
    size_t count; /* FIND_MAX + 1: more than that */
    int64_t at[FIND_MAX + 1];
};

enum find_phase { FIND_ID, FIND_NUMBER, FIND_TAIL, FIND_BLOCKS, FIND_CHOOSE, FIND_GUESS, FIND_END };

struct find {
    char typed[ID_TEXT];
    /* As an id: of one of these origins, the first as it was typed. */
    size_t origin_count, near_count;
    char origins[FIND_ORIGINS][PARTY_MAX + 1];
    char near[FIND_NEAR][PARTY_MAX + 1]; /* parties with nearly this name */
    size_t near_by[FIND_NEAR];
    struct epoch epoch;
    bool nonce; /* was given */
    int64_t seq;
    /* As the beginning of a code. */
    unsigned bits;
    uint8_t code[CODE_BYTES];

    enum find_phase phase;
    bool tailed; /* where to look in the log is known */
    int64_t tail, indexed, block;
    size_t chosen, guessed_origins; /* so many of numbered, of origins were looked at */
    bool guessing;                  /* now for codes that are nearly this one */
    struct found numbered, coded, refused;
    /* out: one: this is it; several: these are meant; none: `guessed` may have been meant */
    struct found meant, guessed;
    bool carried; /* the one that is meant is inside the message at that place (carrier.h) */
};

/* In the loop, which knows the parties. False: this is nothing that names a message. */
bool find_begin (struct find *self, struct span typed, const struct station *station);
/* In the journal's thread, for a few ms; true: done. */
bool find_slice (struct find *self, struct store *store);
/* Puts an array with what these are: id, kind, title, time; and their ids in words. */
void find_pack (struct pack_out *out, struct store *store, const struct found *found,
                struct pack_out *words);
/* A refusal, not-found or ambiguous, with what was meant or what may have been: where not exactly
 * one was found. */
void find_refuse (struct pack_out *out, const struct find *find, struct store *store);

#endif
