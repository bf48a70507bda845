/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.h - what is signed outside a batch: [bytes, [[purpose, signer, signature]...]]
 *
 * Root files, credentials, policies, the top party's revocation, enrolment
 * requests, questions and answers. The signature is proof_sign's over a tree
 * of one leaf, the leaf hash of the bytes.
 */
#ifndef CERTBUS_STATEMENT_H
#define CERTBUS_STATEMENT_H

#include "bus/core/proof.h"

#define STATEMENT_SIGS 16
#define STATEMENT_MAX  ((size_t) 64 * 1024)

struct statement {
    struct span bytes; /* the whole statement */
    struct span body;
    struct hash hash; /* leaf hash of the body: what others refer to it by */
    size_t count;
    struct {
        enum cb_purpose purpose;
        struct hash signer;
        const uint8_t *sig;
    } sigs[STATEMENT_SIGS];
};

/* Form only. Borrows. Signatures are sorted by purpose, then signer; unique. */
bool statement_parse (struct statement *s, struct span bytes);
/* Whether `signer` signed it for `purpose` with the secret of `key`. */
bool statement_signed (const struct statement *s, enum cb_purpose purpose,
                       const struct hash *signer, const uint8_t key[KEY_SIZE]);

struct statement_sig {
    enum cb_purpose purpose;
    struct hash signer;
    uint8_t sig[SIG_SIZE];
};

/* Makes one signature for a statement over `body`. */
struct statement_sig statement_sign (struct span body, enum cb_purpose purpose,
                                     const struct hash *signer, const uint8_t secret[SECRET_SIZE]);
/* Packs a statement; sorts `sigs` in place. */
void statement_pack (struct pack_out *out, struct span body, struct statement_sig *sigs,
                     size_t count);

/* Packs `s` with one more signature; one that has this purpose and signer is replaced. False:
 * it has as many as it may. */
bool statement_add (struct pack_out *out, const struct statement *s,
                    const struct statement_sig *sig);

#endif
