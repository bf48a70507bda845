/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.h - a party's three key pairs, the root's keys, and the files they live in
 *
 * HOME/keys holds three Ed25519 seeds, mode 0600, as text with a comment. The
 * X25519 pairs for sealing and for links are the birational images of the last
 * two, so one signature each proves possession of all three (docs/protocol.md,
 * 5.3). A file that others can read is refused.
 */
#ifndef CERTBUS_KEYS_H
#define CERTBUS_KEYS_H

#include "bus/core/credential.h"

struct keypair {
    uint8_t public[KEY_SIZE];
    uint8_t secret[SECRET_SIZE]; /* Ed25519, libsodium's form */
};

struct keys {
    char party[PARTY_MAX + 1];
    struct keypair sign, seal, link;                      /* Ed25519 forms */
    uint8_t seal_public[KEY_SIZE], seal_secret[KEY_SIZE]; /* X25519 forms */
    uint8_t link_public[KEY_SIZE], link_secret[KEY_SIZE];
};

void keypair_make (struct keypair *pair);
void keys_make (struct keys *keys, struct span party);
void keys_wipe (struct keys *keys); /* sodium_memzero */
/* 0, or -1 and why: exists already, no permission, ... Written to a temporary
 * file, fsynced, renamed; never over an existing one. */
int keys_save (const struct keys *keys, const char *path, char *why, size_t why_size);
int keys_load (struct keys *keys, const char *path, char *why, size_t why_size);
/* One key pair of a root: the same care, one seed. */
int keypair_save (const struct keypair *pair, const char *path, const char *about, char *why,
                  size_t why_size);
int keypair_load (struct keypair *pair, const char *path, char *why, size_t why_size);

/* Small files, whole. `file_read` allocates (free the data); at most `max` bytes.
 * `file_write` writes beside, fsyncs, renames, fsyncs the folder; `secret` makes
 * it 0600, `replace` allows an existing one. 0, or -1 and why. A secret is read
 * only from a plain file, no link, that group and others cannot reach. */
int file_read (const char *path, size_t max, struct span *out, char *why, size_t why_size);
int file_read_secret (const char *path, size_t max, struct span *out, char *why, size_t why_size);
int file_write (const char *path, struct span bytes, bool secret, bool replace, char *why,
                size_t why_size);

/* Writes all of it to an open file; false, and errno. */
bool file_put (int fd, struct span bytes);
/* The name `path` for the file `made`, over nothing that is there unless `replace`. 0, or -1
 * and errno. */
int file_place (const char *made, const char *path, bool replace);

/* Renames a file over another and synchronises the folder. 0, or -1 and why. */
int file_replace (const char *from, const char *path, char *why, size_t why_size);

/* New keys wait in HOME/keys.next until their credential is in force, which is when the bundle
 * that holds it is in its place: whoever starts between the two steps takes the right ones. */
#define KEYS_NEXT "keys.next"
bool keys_are_for (const struct keys *keys, const struct credential *c);
/* Loads those of HOME that `c` is for. 0: they are in keys, 1: still in keys.next; -1 and why. */
int keys_load_for (struct keys *keys, const char *home, const struct credential *c, char *why,
                   size_t why_size);
/* Puts keys.next in the place of keys. 0, or -1 and why. */
int keys_promote (const char *home, char *why, size_t why_size);

/* Packs a signed enrolment request for these keys: `asked` gives title, endpoints, previous and
 * time. */
void keys_request (const struct keys *keys, const struct enrolment *asked, struct pack_out *out);

#endif
