/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.h - what is signed, stored and forwarded, byte for byte
 *
 * An envelope is a msgpack array of three: the signed bytes, the proof, the
 * approvals. docs/protocol.md sections 3 and 4 have the fields and why each
 * exists. Everything in `struct envelope` borrows from the bytes it was parsed
 * from and lives as long as they do.
 */
#ifndef CERTBUS_ENVELOPE_H
#define CERTBUS_ENVELOPE_H

#include "bus/core/party.h"
#include "bus/core/proof.h"

#define ENVELOPE_MAX     ((size_t) 256 * 1024)
#define ENVELOPE_VERSION 1
#define AFTER_MAX        8
#define APPROVALS_MAX    4
#define SALT_SIZE        16
#define OFFICER_MAX      64
#define TIME_MAX         INT64_C (253402300799999)  /* the last millisecond of the year 9999 */
#define SEQ_MAX          INT64_C (0x1fffffffffffff) /* 2^53 - 1: exact in every JSON reader */

/* One life of a journal: a counter, and 64 random bits so that a copy that went
 * its own way is never taken for the original. */
struct epoch {
    uint32_t counter;
    uint64_t nonce;
};

bool epoch_equal (struct epoch a, struct epoch b);

/* (origin, epoch, sequence); printed `pk.sindh.kpt/1-345`. */
struct msg_id {
    struct span origin; /* empty: no reference */
    struct epoch epoch;
    int64_t seq;
};

#define ID_TEXT (PARTY_MAX + 32)
bool msg_id_equal (const struct msg_id *a, const struct msg_id *b);
void msg_id_text (const struct msg_id *id, char text[ID_TEXT]);

struct approval {
    struct span officer;
    const uint8_t *key, *sig;
};

struct envelope {
    struct span bytes;        /* all of it */
    struct span signed_bytes; /* what the leaf hash is over */
    struct hash leaf;

    struct span kind;
    const struct hash *credential; /* of the origin */
    struct msg_id id;              /* origin, epoch, sequence */
    size_t audience_count;
    struct term audience[AUDIENCE_MAX];
    unsigned precedence, tlp, mode;
    struct msg_id exercise;  /* the announcement, when mode is exercise */
    int64_t issued, expires; /* ms UTC; expires 0: never */
    struct msg_id thread;    /* the message that started the thread */
    size_t after_count;
    const struct hash *after; /* heads of the thread that the signer had seen */
    struct msg_id replaces;
    struct span climb;   /* may-climb-to: a party; empty: no consent */
    struct span officer; /* by; empty: a program */
    uint32_t schema;     /* version of the kind's schema */
    const uint8_t *salt;
    struct span body; /* one canonical map */

    uint32_t tree_size, tree_index;
    size_t path_count;
    const uint8_t *path; /* path_count hashes */
    const uint8_t *sig;
    size_t approval_count;
    struct approval approvals[APPROVALS_MAX];
};

/* Checks form only: bounds, canonical bytes, names, limits, path shape, and
 * that the references make sense in themselves. OK, MALFORMED, TOO_LARGE,
 * BAD_PROOF or a reason about one field. `e->leaf` is set when it is OK. */
enum cb_reason envelope_parse (struct envelope *e, struct span bytes);

/* What the origin decides about a message, before it is signed. All borrowed. */
struct draft {
    struct span kind;
    struct hash credential;
    struct msg_id id;
    size_t audience_count;
    struct span audience[AUDIENCE_MAX]; /* as text; packed in the order of bytes */
    unsigned precedence, tlp, mode;
    struct msg_id exercise;
    int64_t issued, expires;
    struct msg_id thread;
    size_t after_count;
    struct hash after[AFTER_MAX];
    struct msg_id replaces;
    struct span climb, officer;
    uint32_t schema;
    uint8_t salt[SALT_SIZE];
    struct span body;
};

/* Appends the signed bytes of a draft. Its values must be valid: envelope_parse
 * refuses what was packed from others. */
void draft_pack (const struct draft *draft, struct pack_out *out);
/* Appends an envelope: signed bytes, proof, no approvals. */
void envelope_pack (struct pack_out *out, struct span signed_bytes, uint32_t tree_size,
                    uint32_t tree_index, const struct hash *path, size_t path_count,
                    const uint8_t sig[SIG_SIZE]);

/* A reference on the wire is nil or [origin, counter, nonce, sequence]. */
void msg_id_pack (struct pack_out *out, const struct msg_id *id);
bool msg_id_read (struct pack_in *in, struct msg_id *id); /* false and bad on error */

#endif
